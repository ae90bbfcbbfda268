"""Names of SSA values in printed text: those that the input had, and MLIR's own for the rest.

A value's name hint is its name, to the letter, unless a visible value has taken it: then a number is added. A value
without a hint is called after its operation where MLIR does so (`%c0_i32`, `%alloc`), `%argN` for the arguments of an
entry block, and by number otherwise. As in MLIR's printer, a region is named before the regions inside of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from xdsl.dialects.builtin import IndexType, IntegerAttr, i1
from xdsl.ir import Block, BlockArgument, Operation, Region, SSAValue

RESULT_NAMES: dict[str, tuple[str, ...]] = {
    "arith.addui_extended": ("sum", "overflow"),
    "arith.mulsi_extended": ("low", "high"),
    "arith.mului_extended": ("low", "high"),
    "func.constant": ("f",),
    "linalg.broadcast": ("broadcasted",),
    "linalg.map": ("mapped",),
    "linalg.pack": ("pack",),
    "linalg.reduce": ("reduced",),
    "linalg.transpose": ("transposed",),
    "linalg.unpack": ("unpack",),
    "math.sincos": ("sin", "cos"),
    "memref.alloc": ("alloc",),
    "memref.alloca": ("alloca",),
    "memref.assume_alignment": ("assume_align",),
    "memref.cast": ("cast",),
    "memref.collapse_shape": ("collapse_shape",),
    "memref.dim": ("dim",),
    "memref.expand_shape": ("expand_shape",),
    "memref.extract_aligned_pointer_as_index": ("intptr",),
    "memref.memory_space_cast": ("memspacecast",),
    "memref.reinterpret_cast": ("reinterpret_cast",),
    "memref.reshape": ("reshape",),
    "memref.subview": ("subview",),
    "memref.transpose": ("transpose",),
    "memref.view": ("view",),
    "tensor.cast": ("cast",),
    "tensor.collapse_shape": ("collapsed",),
    "tensor.concat": ("concat",),
    "tensor.dim": ("dim",),
    "tensor.expand_shape": ("expanded",),
    "tensor.extract": ("extracted",),
    "tensor.extract_slice": ("extracted_slice",),
    "tensor.from_elements": ("from_elements",),
    "tensor.gather": ("gather",),
    "tensor.generate": ("generated",),
    "tensor.insert": ("inserted",),
    "tensor.insert_slice": ("inserted_slice",),
    "tensor.pad": ("padded",),
    "tensor.rank": ("rank",),
    "tensor.reshape": ("reshape",),
    "tensor.scatter": ("scatter",),
    "tensor.splat": ("splat",),
}
"""What MLIR calls the results of an operation."""


BODY_OUTPUTS = {"linalg.generic": "out", "linalg.reduce": "init", "linalg.map": "init"}
"""What MLIR calls the elements of the outputs in a body."""


def _constant_name(op: Operation) -> str:
    """`c1` for an index, `c1_i32` for an integer, `true`, `false`, `cst` for everything else."""
    value = op.get_attr_or_prop("value")
    if not isinstance(value, IntegerAttr):
        return "cst"
    number, type_ = value.value.data, value.type  # pyright: ignore
    if isinstance(type_, IndexType):
        return f"c{number}"
    if type_ == i1:
        return "true" if number else "false"
    return f"c{number}_{type_}"


def suggested_names(op: Operation) -> Sequence[str]:
    """What each result of `op` is called when nobody named it; empty for plain numbers."""
    if op.name == "arith.constant":
        return (_constant_name(op),)
    if op.name == "memref.extract_strided_metadata":
        rank = (len(op.results) - 2) // 2
        return ("base_buffer", "offset", *["sizes"] * rank, *["strides"] * rank)
    names = RESULT_NAMES.get(op.name, ())
    return names * len(op.results) if len(names) == 1 else names


def suggested_argument_name(argument: BlockArgument) -> str | None:
    """What an argument in a linalg body is called: `in`, then `out` or, where the body is written out, `init`."""
    op = argument.block.parent_op()
    if op is None or (output := BODY_OUTPUTS.get(op.name)) is None:
        return None
    outputs = op.outputs  # pyright: ignore
    return "in" if argument.index < len(op.operands) - len(outputs) else output  # pyright: ignore


class ValueNames:
    """The names of the values of one printed operation.

    `of` maps a value to its name without the `%` (`acc#1` for one of several results that share a name), `bindings` an
    operation with results to what stands in front of its `=`.
    """

    def __init__(self) -> None:
        self.of: dict[SSAValue, str] = {}
        self.bindings: dict[Operation, str] = {}
        self.blocks: dict[Block, str] = {}
        self._used: set[str] = set()
        self._conflicts = 0

    def name_operation(self, op: Operation) -> None:
        """Name the results of `op` and everything inside of it."""
        counters = _Counters()
        self._results(op, counters, [])
        for region in op.regions:
            self._region(region, counters.copy())

    def name_outside(self, value: SSAValue) -> str:
        """Name a value that is defined outside of what is printed."""
        name = self.of[value] = self._unique(value.name_hint or "outside", [])
        return name

    def _region(self, region: Region, counters: _Counters) -> None:
        taken: list[str] = []
        for number, block in enumerate(region.blocks):
            self.blocks[block] = block.name_hint or f"bb{number}"
            for argument in block.args:
                if (called := argument.name_hint or suggested_argument_name(argument)) is not None:
                    name = self._unique(called, taken)
                elif number == 0:
                    name = self._unique(f"arg{counters.next_argument()}", taken)
                else:
                    name = str(counters.next_value())
                self.of[argument] = name
            for op in block.ops:
                if op.results:
                    self._results(op, counters, taken)
        for block in region.blocks:
            for op in block.ops:
                for inner in op.regions:
                    self._region(inner, counters.copy())
        self._used.difference_update(taken)

    def _results(self, op: Operation, counters: _Counters, taken: list[str]) -> None:
        bindings: list[str] = []
        for name, group in _groups(op):
            text = str(counters.next_value()) if name is None else self._unique(name, taken)
            if len(group) == 1:
                self.of[group[0]] = text
                bindings.append(f"%{text}")
                continue
            bindings.append(f"%{text}:{len(group)}")
            for index, value in enumerate(group):
                self.of[value] = f"{text}#{index}"
        if bindings:
            self.bindings[op] = ", ".join(bindings) + " = "

    def _unique(self, name: str, taken: list[str]) -> str:
        unique = name
        while unique in self._used:
            unique = f"{name}_{self._conflicts}"
            self._conflicts += 1
        self._used.add(unique)
        taken.append(unique)
        return unique


class _Counters:
    """The next number of a value and of an argument; each region goes on from those around it."""

    def __init__(self, value: int = 0, argument: int = 0):
        self._value, self._argument = value, argument

    def copy(self) -> _Counters:
        return _Counters(self._value, self._argument)

    def next_value(self) -> int:
        self._value += 1
        return self._value - 1

    def next_argument(self) -> int:
        self._argument += 1
        return self._argument - 1


def _groups(op: Operation) -> Iterator[tuple[str | None, list[SSAValue]]]:
    """The results of `op` as they are bound: neighbours with one hint share a name (`%acc:3`)."""
    results: Sequence[SSAValue] = op.results
    if all(result.name_hint is None for result in results) and (names := suggested_names(op)):
        for name, named in groupby(zip(names, results, strict=True), itemgetter(0)):
            yield name, [result for _, result in named]
        return
    group: list[SSAValue] = []
    hint: str | None = None
    for result in results:
        if group and result.name_hint != hint and result.name_hint is not None:
            yield hint, group
            group = []
        if not group:
            hint = result.name_hint
        group.append(result)
    if group:
        yield hint, group
