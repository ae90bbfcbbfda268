"""Atomics: of one element those of memref, of a block those of linalg_ext, on views of the arguments.

What programs share is ordered by the machine itself: every access is done when the next operation of the program
begins, so `sem` and `scope` ask for nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from xdsl.dialects.builtin import AnyFloat, IntegerAttr, TensorType
from xdsl.ir import Block, Operation, Region, SSAValue

from minilinalg.analysis.accesses import Elements, Windows, mask_of
from minilinalg.analysis.constants import constant, constant_of
from minilinalg.analysis.structured import Structured
from minilinalg.dialects import linalg_ext, tt
from minilinalg.dialects.tt.attributes import RMWOp
from minilinalg.dialects.upstream import arith, memref, scf, ub
from minilinalg.passes.atomic_element import compare_and_swap
from minilinalg.passes.triton_to_linalg.conversion import Conversion, Handler, element_of
from minilinalg.passes.triton_to_linalg.generic import empty, filled
from minilinalg.passes.triton_to_linalg.indexed import array_of, element_lists
from minilinalg.passes.triton_to_linalg.memory import checked_access, element_place, in_runs, load
from minilinalg.passes.triton_to_linalg.shapes import extract_slice, insert_slice, scalar_constant
from minilinalg.passes.triton_to_linalg.views import Box, is_whole, view

KINDS: Mapping[RMWOp, str] = {
    RMWOp.AND: "andi",
    RMWOp.OR: "ori",
    RMWOp.XOR: "xori",
    RMWOp.ADD: "addi",
    RMWOp.FADD: "addf",
    RMWOp.MAX: "maxs",
    RMWOp.MIN: "mins",
    RMWOp.UMAX: "maxu",
    RMWOp.UMIN: "minu",
    RMWOp.XCHG: "assign",
}
FLOAT_KINDS: Mapping[RMWOp, str] = {RMWOp.ADD: "addf", RMWOp.MAX: "maxnumf", RMWOp.MIN: "minnumf"}
"""Those that are others on floats."""


Changer: TypeAlias = tt.AtomicRMWOp | tt.AtomicCASOp | tt.AtomicLoadOp | tt.AtomicStoreOp | tt.LoadOp
"""What acts on memory in one step; of loads, the volatile ones."""


def kind_of(op: tt.AtomicRMWOp) -> str:
    """The kind of memref.atomic_rmw that `op` is."""
    is_float = isinstance(element_of(op.val.type), AnyFloat)
    return FLOAT_KINDS.get(op.rmw_op, KINDS[op.rmw_op]) if is_float else KINDS[op.rmw_op]


def _convert(c: Conversion, op: Changer) -> None:
    access = checked_access(c, op)
    if isinstance(access, Windows):
        is_element = not isinstance(op.ptr.type, TensorType)
        old = _element(c, op, access.pointer) if is_element else _block(c, op, access)
    else:
        assert isinstance(access, Elements), "atomics have no form by rows"
        lists, array = element_lists(c, op, access), array_of(c, access)
        old = next(iter(_on_block(c, op, [*_blocks(c, op), *lists], array, _olds(c, op))), None)
    if old is not None and not isinstance(op, tt.AtomicStoreOp):
        c.bind(op.result, old)


def _load(c: Conversion, op: tt.LoadOp) -> None:
    """A volatile load is an atomic one: it is neither merged with another one nor moved."""
    (_convert if op.volatile else load)(c, op)


def _is_used(c: Conversion, op: Changer) -> bool:
    """Whether anybody needs what was found."""
    return not isinstance(op, tt.AtomicStoreOp) and op.result in c.demand.data


def _values(op: Changer) -> Sequence[SSAValue]:
    """What memory is changed by; nothing for a load."""
    match op:
        case tt.AtomicRMWOp():
            return [op.val]
        case tt.AtomicCASOp():
            return [op.cmp, op.val]
        case tt.AtomicStoreOp():
            return [op.value]
        case tt.AtomicLoadOp() | tt.LoadOp():
            return []


# One element


def _element(c: Conversion, op: Changer, pointer: Structured) -> SSAValue | None:
    mask = mask_of(op)
    if mask is None or constant_of(mask):
        return _change(c, op, pointer)
    types = [op.result.type] if not isinstance(op, tt.AtomicStoreOp) and _is_used(c, op) else []
    branch = scf.IfOp(c.value(mask), types, Region(Block()), Region(Block()) if types else Region())
    with c.inside(branch.true_region.block):
        old = _change(c, op, pointer)
        c.insert(scf.YieldOp(*([old] if types else [])))
    if types:
        with c.inside(branch.false_region.block):
            other = op.other if isinstance(op, tt.LoadOp) else None
            c.insert(scf.YieldOp(c.insert(ub.PoisonOp(types[0])).result if other is None else c.value(other)))
    c.insert(branch)
    return branch.results[0] if types else None


def _change(c: Conversion, op: Changer, pointer: Structured) -> SSAValue:
    base, indices = element_place(c, pointer)
    values = [c.value(value) for value in _values(op)]
    match op:
        case tt.AtomicRMWOp():
            return c.insert(memref.AtomicRMWOp(kind_of(op), values[0], base, indices)).result
        case tt.AtomicStoreOp():
            return c.insert(memref.AtomicRMWOp("assign", values[0], base, indices)).result
        case tt.AtomicCASOp():
            return c.insert(memref.GenericAtomicRMWOp(base, indices, compare_and_swap(*values))).result
        case tt.AtomicLoadOp() | tt.LoadOp():
            return look(c, base, indices)


def look(c: Conversion, base: SSAValue, indices: Sequence[SSAValue]) -> SSAValue:
    """Loads an element atomically: an update that leaves it as it is."""
    body = Block(arg_types=[element_of(base.type)])
    body.add_op(memref.AtomicYieldOp(body.args[0]))
    return c.insert(memref.GenericAtomicRMWOp(base, indices, Region(body))).result


def _poll(c: Conversion, op: tt.AtomicPollOp) -> None:
    """A loop that looks until it finds what is expected."""
    if op.timeout is not None or isinstance(op.ptr.type, TensorType):
        found = f"'{op.name}' " + ("of a block" if op.timeout is None else "with a timeout")
        rule = "triton-to-linalg polls one element, for as long as it takes: below the stage tt there is no clock"
        raise c.unsupported(op, found, rule)
    access = checked_access(c, op)
    assert isinstance(access, Windows)
    base, indices = element_place(c, access.pointer)
    expected = c.value(op.expected)
    before, after = Block(), Block()
    with c.inside(before):
        differs = c.insert(arith.CmpiOp(look(c, base, indices), expected, "ne")).result
        c.insert(scf.ConditionOp(differs))
    with c.inside(after):
        c.insert(scf.YieldOp())
    c.insert(scf.WhileOp([], [], Region(before), Region(after)))
    c.bind(op.result, c.insert(arith.ConstantOp(IntegerAttr(-1, 1))).result)


# Blocks


def _olds(c: Conversion, op: Changer) -> list[SSAValue]:
    """What was found goes here, if anybody needs it."""
    if isinstance(op, tt.AtomicStoreOp) or not _is_used(c, op):
        return []
    other = op.other if isinstance(op, tt.LoadOp) else None
    return [empty(c, op.result.type) if other is None else c.value(other)]


def _blocks(c: Conversion, op: Changer) -> list[SSAValue]:
    """What memory is changed by. A load puts zero in the place of zero, which leaves all as it is."""
    if values := _values(op):
        return [c.value(value) for value in values]
    assert isinstance(op, tt.AtomicLoadOp | tt.LoadOp)
    zero = constant(0, element_of(op.result.type))
    assert zero is not None
    zeros = filled(c, scalar_constant(c, zero), op.result.type)
    return [zeros, zeros]


def _block(c: Conversion, op: Changer, access: Windows) -> SSAValue | None:
    """On views of the argument: parts of the block where a mask or a modulo cuts it."""
    values, olds = _blocks(c, op), _olds(c, op)

    def change(chunk: Structured, part: Box, carried: Sequence[SSAValue]) -> Sequence[SSAValue]:
        array = view(c, chunk, part)
        if is_whole(part, chunk.shape):
            return _on_block(c, op, values, array, carried)
        where = [c.size(i.low) for i in part], [c.size(i.size) for i in part]
        pieces = [extract_slice(c, value, *where) for value in values]
        found = _on_block(c, op, pieces, array, [extract_slice(c, block, *where) for block in carried])
        return [insert_slice(c, piece, block, *where) for piece, block in zip(found, carried, strict=True)]

    found = in_runs(c, access.pointer, access.mask.box(), olds, change)
    return found[0] if found else None


def _on_block(
    c: Conversion, op: Changer, inputs: Sequence[SSAValue], array: SSAValue, olds: Sequence[SSAValue]
) -> Sequence[SSAValue]:
    outputs = [array, *olds]
    new: Operation
    match op:
        case tt.AtomicRMWOp():
            new = linalg_ext.AtomicRMWOp(kind_of(op), inputs, outputs)
        case tt.AtomicStoreOp():
            new = linalg_ext.AtomicRMWOp("assign", inputs, outputs)
        case tt.AtomicCASOp() | tt.AtomicLoadOp() | tt.LoadOp():
            new = linalg_ext.AtomicCASOp(inputs, outputs)
    return list(c.insert(new).results)


HANDLERS: Mapping[str, Handler] = {
    "tt.atomic_cas": _convert,
    "tt.atomic_load": _convert,
    "tt.atomic_poll": _poll,
    "tt.atomic_rmw": _convert,
    "tt.atomic_store": _convert,
    "tt.load": _load,
}
