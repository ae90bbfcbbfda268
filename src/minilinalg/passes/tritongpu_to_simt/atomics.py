"""Atomics of global memory: each element once, by the thread that owns it; those that hold it too are told."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.builtin import VectorType, i32
from xdsl.ir import SSAValue

from minilinalg.analysis.scratch import has_replicas
from minilinalg.dialects import simt, tt
from minilinalg.dialects.tt.types import is_tensor
from minilinalg.dialects.upstream import arith
from minilinalg.layouts.linear import BLOCK, LANE, OFFSET, REGISTER, WARP, LinearLayout
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, data_type, layout_of
from minilinalg.passes.tritongpu_to_simt.places import row_major
from minilinalg.passes.tritongpu_to_simt.registers import picked
from minilinalg.passes.tritongpu_to_simt.shapes import uniform
from minilinalg.passes.tritongpu_to_simt.shared import load, offset_of, store
from minilinalg.passes.tritongpu_to_simt.threads import both, own_registers, owners, spread

Atomic = tt.AtomicRMWOp | tt.AtomicCASOp


def _atomic(c: Conversion, op: Atomic) -> None:
    if not is_tensor(op.ptr.type):
        _of_one(c, op)
        return
    layout = layout_of(op.ptr.type)
    own = own_registers(layout)
    mask = picked(c, c.value(op.mask), own) if isinstance(op, tt.AtomicRMWOp) and op.mask is not None else None
    mask = both(c, mask, owners(c, layout), len(own))
    operands = [picked(c, c.value(operand), own) for operand in _numbers(op)]
    found = _issue(c, op, picked(c, c.value(op.ptr), own), operands, mask)
    if not op.result.uses:
        return
    if not has_replicas(layout):
        c.bind(op.result, _repeated(c, found, layout, own))
        return
    base = offset_of(c, op)
    places = layout.compose(row_major(layout))
    at = {register: position for position, register in enumerate(own)}
    store(c, picked(c, found, [at.get(number, 0) for number in range(layout.in_size(REGISTER))]), layout, places, base)
    c.insert(simt.BarrierOp())
    c.bind(op.result, load(c, data_type(op.result.type), places, base))


def _numbers(op: Atomic) -> list[SSAValue]:
    return [op.val] if isinstance(op, tt.AtomicRMWOp) else [op.cmp, op.val]


def _issue(c: Conversion, op: Atomic, address: SSAValue, operands: list[SSAValue], mask: SSAValue | None) -> SSAValue:
    if isinstance(op, tt.AtomicRMWOp):
        (value,) = operands
        return c.insert(simt.AtomicRMWOp(op.atomic_rmw_op, op.sem, op.scope, address, value, mask)).result
    expected, value = operands
    return c.insert(simt.AtomicCASOp(op.sem, op.scope, address, expected, value, mask)).result


def _repeated(c: Conversion, value: SSAValue, layout: LinearLayout, own: list[int]) -> SSAValue:
    """The registers that `own` leaves out, from those that hold the same elements."""
    at = {layout.apply(register=number): position for position, number in enumerate(own)}
    return picked(c, value, [at[layout.apply(register=number)] for number in range(layout.in_size(REGISTER))])


def _of_one(c: Conversion, op: Atomic) -> None:
    """The first thread does it for all."""
    first = c.insert(arith.CmpiOp(c.thread, c.constant(0, VectorType(i32, [1])), "eq")).result
    mask = op.mask if isinstance(op, tt.AtomicRMWOp) else None
    condition = both(c, None if mask is None else spread(c, c.value(mask), 1), first, 1)
    operands = [spread(c, c.value(operand), 1) for operand in _numbers(op)]
    found = _issue(c, op, spread(c, c.value(op.ptr), 1), operands, condition)
    if not op.result.uses:
        return
    base = offset_of(c, op)
    warps = c.warps.bit_length() - 1
    everywhere = LinearLayout(((REGISTER, ()), (LANE, (0,) * 5), (WARP, (0,) * warps), (BLOCK, ())), ((OFFSET, 0),))
    store(c, found, everywhere, everywhere, base)
    c.insert(simt.BarrierOp())
    c.bind(op.result, uniform(c, load(c, found.type, everywhere, base)))


HANDLERS: Mapping[str, Handler] = {"tt.atomic_cas": _atomic, "tt.atomic_rmw": _atomic}
