"""Atomics: of one element those of memref, of a block those of linalg_ext, on views of the arguments.

What programs share is ordered by the machine itself: every access is done when the next operation of the program
begins, so `sem` and `scope` ask for nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects.builtin import AnyFloat
from xdsl.ir import Block, Operation, Region, SSAValue

from minilinalg.analysis.accesses import Elements, Windows, mask_of
from minilinalg.analysis.constants import constant_of
from minilinalg.analysis.structured import Structured
from minilinalg.dialects import linalg_ext, tt
from minilinalg.dialects.tt.attributes import RMWOp
from minilinalg.dialects.upstream import memref, scf, ub
from minilinalg.passes.atomic_element import compare_and_swap
from minilinalg.passes.triton_to_linalg.conversion import Conversion, Handler, as_tensor, element_of
from minilinalg.passes.triton_to_linalg.generic import empty
from minilinalg.passes.triton_to_linalg.indexed import array_of, element_lists
from minilinalg.passes.triton_to_linalg.memory import checked_access, element_place, in_runs
from minilinalg.passes.triton_to_linalg.shapes import extract_slice, insert_slice
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


def kind_of(op: tt.AtomicRMWOp) -> str:
    """The kind of memref.atomic_rmw that `op` is."""
    is_float = isinstance(element_of(op.val.type), AnyFloat)
    return FLOAT_KINDS.get(op.rmw_op, KINDS[op.rmw_op]) if is_float else KINDS[op.rmw_op]


def _convert(c: Conversion, op: tt.AtomicRMWOp | tt.AtomicCASOp) -> None:
    access = checked_access(c, op)
    values = [c.value(op.val)] if isinstance(op, tt.AtomicRMWOp) else [c.value(op.cmp), c.value(op.val)]
    if isinstance(access, Windows):
        is_element = as_tensor(op.result.type) is None
        old = _element(c, op, access.pointer, values) if is_element else _block(c, op, access, values)
    else:
        assert isinstance(access, Elements), "atomics have no form by rows"
        lists, array = element_lists(c, op, access), array_of(c, access)
        olds = [empty(c, op.result.type)] if _is_used(c, op) else []
        old = next(iter(_on_block(c, op, [*values, *lists], array, olds)), None)
    if old is not None:
        c.bind(op.result, old)


def _is_used(c: Conversion, op: tt.AtomicRMWOp | tt.AtomicCASOp) -> bool:
    """Whether anybody needs what was found."""
    return op.result in c.demand.data


# One element


def _element(
    c: Conversion, op: tt.AtomicRMWOp | tt.AtomicCASOp, pointer: Structured, values: Sequence[SSAValue]
) -> SSAValue | None:
    mask = mask_of(op)
    if mask is None or constant_of(mask):
        return _change(c, op, pointer, values)
    types = [op.result.type] if _is_used(c, op) else []
    branch = scf.IfOp(c.value(mask), types, Region(Block()), Region(Block()) if types else Region())
    with c.inside(branch.true_region.block):
        old = _change(c, op, pointer, values)
        c.insert(scf.YieldOp(*([old] if types else [])))
    if types:
        with c.inside(branch.false_region.block):
            c.insert(scf.YieldOp(c.insert(ub.PoisonOp(op.result.type)).result))
    c.insert(branch)
    return branch.results[0] if types else None


def _change(
    c: Conversion, op: tt.AtomicRMWOp | tt.AtomicCASOp, pointer: Structured, values: Sequence[SSAValue]
) -> SSAValue:
    base, indices = element_place(c, pointer)
    if isinstance(op, tt.AtomicRMWOp):
        return c.insert(memref.AtomicRMWOp(kind_of(op), values[0], base, indices)).result
    return c.insert(memref.GenericAtomicRMWOp(base, indices, compare_and_swap(*values))).result


# Blocks


def _block(
    c: Conversion, op: tt.AtomicRMWOp | tt.AtomicCASOp, access: Windows, values: Sequence[SSAValue]
) -> SSAValue | None:
    """On views of the argument: parts of the block where a mask or a modulo cuts it."""
    olds = [empty(c, op.result.type)] if _is_used(c, op) else []

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
    c: Conversion,
    op: tt.AtomicRMWOp | tt.AtomicCASOp,
    inputs: Sequence[SSAValue],
    array: SSAValue,
    olds: Sequence[SSAValue],
) -> Sequence[SSAValue]:
    outputs = [array, *olds]
    new: Operation
    if isinstance(op, tt.AtomicRMWOp):
        new = linalg_ext.AtomicRMWOp(kind_of(op), inputs, outputs)
    else:
        new = linalg_ext.AtomicCASOp(inputs, outputs)
    return list(c.insert(new).results)


HANDLERS: Mapping[str, Handler] = {"tt.atomic_cas": _convert, "tt.atomic_rmw": _convert}
