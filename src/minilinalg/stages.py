"""Stages as contracts: what may appear in a module once a stage has ended.

A contract is a row of `STAGES`: the operations that it holds, by dialect or by name, and rules about each of them. It
is checked where a road says that the stage ends; what breaks it is reported with the pass, the operation and its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from xdsl.dialects.builtin import (
    IndexType,
    IntegerAttr,
    MemRefType,
    ModuleOp,
    NoneAttr,
    ShapedType,
    TensorType,
    UnrankedMemRefType,
    UnrankedTensorType,
    UnregisteredOp,
)
from xdsl.ir import Attribute, Operation
from xdsl.traits import SymbolOpInterface

from minilinalg.errors import InputError, unknown_name


class Rule(NamedTuple):
    """`broken(op)` says what is wrong with an operation, or None; `text` is the rule as the user reads it."""

    broken: Callable[[Operation], str | None]
    text: str


@dataclass(frozen=True)
class Stage:
    """A contract. `holds` are dialects (`arith`) and single operations (`memref.subview`) that may appear."""

    name: str
    doc: str
    holds: frozenset[str]
    rules: tuple[Rule, ...] = ()

    def violation(self, module: ModuleOp) -> tuple[Operation, str, str] | None:
        """The first operation that breaks the contract, what is wrong with it, and the rule; None when all is well."""
        for op in module.walk():
            name = op.op_name.data if isinstance(op, UnregisteredOp) else op.name
            if op is not module and name not in self.holds and name.partition(".")[0] not in self.holds:
                return op, f"'{name}' is not part of it", f"stage '{self.name}' holds {self._holds_text()}"
            for rule in self.rules:
                if (found := rule.broken(op)) is not None:
                    return op, f"'{name}' {found}", rule.text
        return None

    def names_only(self) -> Stage:
        """The same without rules about single operations."""
        return replace(self, rules=())

    def check(self, module: ModuleOp, after: str) -> None:
        """Raises InputError that names the pass `after` which the contract is broken, the operation and its place."""
        if (broken := self.violation(module)) is None:
            return
        from minilinalg.locations import places_of

        op, found, rule = broken
        raise InputError(
            f"after pass '{after}', stage '{self.name}' is broken: {found}", rule=rule, places=places_of(op)
        )

    def _holds_text(self) -> str:
        return ", ".join(sorted(self.holds - {"builtin"}))


def check_stage(module: ModuleOp, stage: str, after: str) -> None:
    """Checks the contract of `stage`, which the pass called `after` has ended. Raises InputError or CommandError."""
    if stage not in STAGES:
        raise unknown_name("stage", stage, STAGES)
    STAGES[stage].check(module, after)


def stage_of(module: ModuleOp) -> str | None:
    """The first stage whose contract holds for `module`: where a road has to take it up. None when none does.

    Raises InputError where the operations are those of a stage, and only a rule about them is broken.
    """
    broken: tuple[Operation, str, str] | None = None
    for stage in STAGES.values():
        if (violation := stage.violation(module)) is None:
            return stage.name
        # What is wrong with the module itself says that it is at another stage.
        if broken is None and violation[0] is not module and stage.names_only().violation(module) is None:
            broken = violation
    if broken is not None:
        from minilinalg.locations import places_of

        op, found, rule = broken
        raise InputError(f"no road takes this module: {found}", rule=rule, places=places_of(op))
    return None


WARPS = "ttg.num-warps"
"""The attribute of a module that says how many warps run a program."""

# Rules


def _types(op: Operation) -> Iterator[Attribute]:
    """The types of everything that an operation takes, gives or binds."""
    yield from (value.type for value in op.operands)
    yield from (value.type for value in op.results)
    yield from (arg.type for region in op.regions for block in region.blocks for arg in block.args)


def _is_tensor(type: Attribute) -> bool:
    return isinstance(type, TensorType | UnrankedTensorType)


def _has_tensor(op: Operation) -> str | None:
    return next((f"has type {type}" for type in _types(op) if _is_tensor(type)), None)


def _is_outside_functions(op: Operation) -> str | None:
    if not isinstance(op.parent_op(), ModuleOp) or isinstance(op, ModuleOp) or op.has_trait(SymbolOpInterface):
        return None
    return "stands outside of every function"


def _has_several_blocks(op: Operation) -> str | None:
    count = max((len(region.blocks) for region in op.regions), default=0)
    return f"has {count} blocks" if count > 1 else None


def _has_unranked_buffer(op: Operation) -> str | None:
    return next((f"has type {type}" for type in _types(op) if isinstance(type, UnrankedMemRefType)), None)


def _has_space_less_buffer(op: Operation) -> str | None:
    for type in _types(op):
        if isinstance(type, MemRefType | UnrankedMemRefType) and isinstance(type.memory_space, NoneAttr):
            return f"has type {type}"
    return None


def _is_allocation_without_place(op: Operation) -> str | None:
    if op.name != "memref.alloc":
        return None
    type = op.results[0].type
    if isinstance(type, ShapedType) and not type.has_static_shape():
        return f"allocates {type}"
    if not isinstance(op.attributes.get("simd.address"), IntegerAttr):
        return "has no simd.address"
    return None


def _shares_out_other_than_cores(op: Operation) -> str | None:
    if op.name != "scf.forall":
        return None
    dimensions = sum(isinstance(arg.type, IndexType) for arg in op.regions[0].block.args[:2])
    if dimensions != 1:
        return "has more than one dimension"
    return None


def _is_vector_work_off_chip(op: Operation) -> str | None:
    """Off-chip is the memory space that the function's arguments are in."""
    if op.name.partition(".")[0] not in ("linalg", "linalg_ext") or op.name == "linalg.yield":
        return None
    off_chip = _argument_spaces(op)
    # What is gathered from, scattered to and changed atomically stays where it is.
    array = getattr(op, "array", None)
    for operand in (operand for operand in op.operands if operand is not array):
        if (space := _space(operand.type)) is not None and space in off_chip:
            return f"reads or writes {operand.type}"
    return None


def _argument_spaces(op: Operation) -> frozenset[Attribute]:
    at = op.parent_op()
    while at is not None and at.name != "func.func":
        at = at.parent_op()
    if at is None or not at.regions[0].blocks:
        return frozenset()
    spaces = (_space(arg.type) for arg in at.regions[0].block.args)
    return frozenset(space for space in spaces if space is not None)


def _space(type: Attribute) -> Attribute | None:
    return type.memory_space if isinstance(type, MemRefType | UnrankedMemRefType) else None  # pyright: ignore


def _computes_on_shapes(op: Operation) -> str | None:
    if op.name.partition(".")[0] not in ("arith", "math"):
        return None
    return next((f"has type {type}" for type in _types(op) if isinstance(type, ShapedType)), None)


def _has_no_threads(op: Operation) -> str | None:
    if op.name != "func.func" or isinstance(op.attributes.get("simt.threads"), IntegerAttr):
        return None
    return "has no simt.threads"


_IN_FUNCTIONS = Rule(_is_outside_functions, "a module holds functions, and these hold everything else")
_ALWAYS = (
    _IN_FUNCTIONS,
    Rule(
        _has_several_blocks,
        "below tt control flow is that of scf: 'lift-cf-to-scf' makes scf.if of branches that lead on",
    ),
    Rule(_has_unranked_buffer, "the rank of every buffer is known"),
)
"""From the linalg stage on."""
_NO_TENSORS = Rule(_has_tensor, "every value is a scalar or a buffer: tensor types are gone")
_SCALAR_ARITH = Rule(_computes_on_shapes, "arith and math compute scalars here: blocks are computed by instructions")


def _is_for_threads(op: Operation) -> str | None:
    return "has ttg.num-warps" if isinstance(op, ModuleOp) and WARPS in op.attributes else None


def _is_not_for_threads(op: Operation) -> str | None:
    return None if not isinstance(op, ModuleOp) or WARPS in op.attributes else "has no ttg.num-warps"


def _has_tensor_without_layout(op: Operation) -> str | None:
    from minilinalg.dialects.ttg.inference import layout_of

    return next((f"has type {type}" for type in _types(op) if _is_tensor(type) and layout_of(type) is None), None)


_SCALARS = frozenset({"builtin", "func", "arith", "math", "ub", "scf", "cf", "address", "debug"})
_VIEWS = frozenset(
    f"memref.{name}"
    for name in (
        "reinterpret_cast",
        "subview",
        "cast",
        "expand_shape",
        "collapse_shape",
        "dim",
        "extract_strided_metadata",
        "extract_aligned_pointer_as_index",
        "load",
        "store",
        "atomic_rmw",
        "generic_atomic_rmw",
        "atomic_yield",
    )
)
_ON_TENSORS = _SCALARS | {"linalg", "linalg_ext", "tensor", "bufferization", *_VIEWS}
_ON_BUFFERS = _SCALARS | {"linalg", "linalg_ext", "memref"}

STAGES: Mapping[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage(
            "tt",
            "the kernel as Triton wrote it",
            # tl.assume and tl.debug_barrier.
            frozenset({"builtin", "tt", "arith", "math", "scf", "cf", "ub", "llvm.intr.assume", "ttg.barrier"}),
            (_IN_FUNCTIONS, Rule(_is_for_threads, "the module does not say yet how many threads a program has")),
        ),
        Stage(
            "linalg",
            "linalg on tensors; the arguments are memory, seen through strided views",
            _ON_TENSORS,
            _ALWAYS,
        ),
        Stage(
            "tiled",
            "the programs are dealt out to the cores, and every tile fits the machine",
            _ON_TENSORS,
            (*_ALWAYS, Rule(_shares_out_other_than_cores, "scf.forall runs over the cores: it has one dimension")),
        ),
        Stage(
            "memref",
            "linalg on buffers",
            _ON_BUFFERS,
            (*_ALWAYS, _NO_TENSORS),
        ),
        Stage(
            "promoted",
            "buffers in memory spaces, each on-chip one with its address",
            _ON_BUFFERS,
            (
                *_ALWAYS,
                _NO_TENSORS,
                Rule(_has_space_less_buffer, "every buffer names its memory space"),
                Rule(_is_allocation_without_place, "an on-chip buffer has a static shape and an address"),
                Rule(
                    _is_vector_work_off_chip,
                    "off-chip memory is copied from and to, by rows too; blocks are computed on chip",
                ),
            ),
        ),
        Stage(
            "simd",
            "one program per core, made of the machine's instructions",
            _SCALARS | {"simd", "memref"},
            (*_ALWAYS, _NO_TENSORS, _SCALAR_ARITH),
        ),
        Stage(
            "ttg",
            "the kernel with its tensors laid out over the threads of a program",
            frozenset({"builtin", "tt", "ttg", "ttng", "arith", "math", "scf", "cf", "ub", "llvm.intr.assume"}),
            (
                _IN_FUNCTIONS,
                Rule(_is_not_for_threads, "the module says how many warps a program has: ttg.num-warps"),
                Rule(_has_tensor_without_layout, "every tensor has a layout of registers"),
            ),
        ),
        Stage(
            "simt",
            "what one thread of a block does: scalars are the block's, vectors the thread's registers",
            frozenset({"builtin", "func", "arith", "math", "ub", "scf", "debug", "simt", "vector"}),
            (
                *_ALWAYS,
                _NO_TENSORS,
                Rule(_has_no_threads, "a function of one thread says how many its block has: simt.threads = 128 : i32"),
            ),
        ),
    )
}
