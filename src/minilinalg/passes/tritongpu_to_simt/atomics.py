"""Atomics of global memory: each element once, by the thread that owns it; those that hold it too are told.

An atomic that releases hands on what all threads of the block did, so a barrier is in front of it; one that acquires
has a barrier behind it, for what the thread has seen the others see then. (Upstream:
`insertAtomicCTAOrderingBarriers`.)
"""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.builtin import VectorType, i1, i32
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.traits import is_side_effect_free

from minilinalg.analysis.scratch import has_replicas
from minilinalg.dialects import simt, tt
from minilinalg.dialects.simt.types import AnyVector, count_of, element_of
from minilinalg.dialects.tt.attributes import MemSemantic
from minilinalg.dialects.tt.types import is_tensor
from minilinalg.dialects.upstream import arith, scf
from minilinalg.layouts.linear import BLOCK, LANE, OFFSET, REGISTER, WARP, LinearLayout
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, data_type, layout_of
from minilinalg.passes.tritongpu_to_simt.places import row_major
from minilinalg.passes.tritongpu_to_simt.registers import picked
from minilinalg.passes.tritongpu_to_simt.shapes import uniform
from minilinalg.passes.tritongpu_to_simt.shared import load, offset_of, store
from minilinalg.passes.tritongpu_to_simt.threads import both, own_registers, owners, spread

Atomic = tt.AtomicRMWOp | tt.AtomicCASOp | tt.AtomicLoadOp


def _mask(op: Atomic | tt.AtomicStoreOp) -> SSAValue | None:
    return None if isinstance(op, tt.AtomicCASOp) else op.mask


def _atomic(c: Conversion, op: Atomic) -> None:
    if not is_tensor(op.ptr.type):
        _of_one(c, op)
        return
    layout = layout_of(op.ptr.type)
    own = own_registers(layout)
    mask = None if (given := _mask(op)) is None else picked(c, c.value(given), own)
    mask = both(c, mask, owners(c, layout), len(own))
    operands = [picked(c, c.value(operand), own) for operand in _numbers(op)]
    _releases(c, op)
    found = _issue(c, op, picked(c, c.value(op.ptr), own), operands, mask)
    if not op.result.uses:
        _acquires(c, op)
        return
    if not has_replicas(layout):
        _acquires(c, op)
        c.bind(op.result, repeated(c, found, layout, own))
        return
    base = offset_of(c, op)
    places = layout.compose(row_major(layout))
    at = {register: position for position, register in enumerate(own)}
    store(c, picked(c, found, [at.get(number, 0) for number in range(layout.in_size(REGISTER))]), layout, places, base)
    c.insert(simt.BarrierOp())
    c.bind(op.result, load(c, data_type(op.result.type), places, base))


def _numbers(op: Atomic) -> list[SSAValue]:
    match op:
        case tt.AtomicRMWOp():
            return [op.val]
        case tt.AtomicCASOp():
            return [op.cmp, op.val]
        case _:
            return []


def _issue(c: Conversion, op: Atomic, address: SSAValue, operands: list[SSAValue], mask: SSAValue | None) -> SSAValue:
    if isinstance(op, tt.AtomicRMWOp):
        (value,) = operands
        return c.insert(simt.AtomicRMWOp(op.atomic_rmw_op, op.sem, op.scope, address, value, mask)).result
    if isinstance(op, tt.AtomicLoadOp):
        element = element_of(data_type(op.result.type))
        return _read(c, op, address, VectorType(element, [count_of(address.type)]), mask)
    expected, value = operands
    return c.insert(simt.AtomicCASOp(op.sem, op.scope, address, expected, value, mask)).result


def _read(
    c: Conversion,
    op: tt.AtomicLoadOp | tt.AtomicPollOp,
    address: SSAValue,
    type: AnyVector,
    mask: SSAValue | None = None,
) -> SSAValue:
    return c.insert(simt.AtomicLoadOp(op.sem, op.scope, address, type, mask)).result


def _releases(c: Conversion, op: Atomic | tt.AtomicStoreOp) -> None:
    if MemSemantic.of(op.sem) not in (MemSemantic.RELEASE, MemSemantic.ACQUIRE_RELEASE):
        return
    before = c.block.last_op
    while before is not None and is_side_effect_free(before):
        before = before.prev_op
    if not isinstance(before, simt.BarrierOp):
        c.insert(simt.BarrierOp())


def _acquires(c: Conversion, op: Atomic) -> None:
    if MemSemantic.of(op.sem) in (MemSemantic.ACQUIRE, MemSemantic.ACQUIRE_RELEASE):
        c.insert(simt.BarrierOp())


def repeated(c: Conversion, value: SSAValue, layout: LinearLayout, own: list[int]) -> SSAValue:
    """The registers that `own` leaves out, from those that hold the same elements."""
    at = {layout.apply(register=number): position for position, number in enumerate(own)}
    return picked(c, value, [at[layout.apply(register=number)] for number in range(layout.in_size(REGISTER))])


def _of_one(c: Conversion, op: Atomic) -> None:
    """The first thread does it for all."""
    first = c.insert(arith.CmpiOp(c.thread, c.constant(0, VectorType(i32, [1])), "eq")).result
    mask = _mask(op)
    condition = both(c, None if mask is None else spread(c, c.value(mask), 1), first, 1)
    operands = [spread(c, c.value(operand), 1) for operand in _numbers(op)]
    _releases(c, op)
    found = _issue(c, op, spread(c, c.value(op.ptr), 1), operands, condition)
    if not op.result.uses:
        _acquires(c, op)
        return
    c.bind(op.result, _told(c, op, found))


def _told(c: Conversion, op: Operation, found: SSAValue) -> SSAValue:
    """What the first thread found, as a scalar: through shared memory."""
    base = offset_of(c, op)
    warps = c.warps.bit_length() - 1
    everywhere = LinearLayout(((REGISTER, ()), (LANE, (0,) * 5), (WARP, (0,) * warps), (BLOCK, ())), ((OFFSET, 0),))
    store(c, found, everywhere, everywhere, base)
    c.insert(simt.BarrierOp())
    return uniform(c, load(c, found.type, everywhere, base))


def _store(c: Conversion, op: tt.AtomicStoreOp) -> None:
    given = None if op.mask is None else c.value(op.mask)
    if is_tensor(op.ptr.type):
        layout = layout_of(op.ptr.type)
        own = own_registers(layout)
        address, value = (picked(c, c.value(operand), own) for operand in (op.ptr, op.value))
        mask = both(c, None if given is None else picked(c, given, own), owners(c, layout), len(own))
    else:
        address, value = (spread(c, c.value(operand), 1) for operand in (op.ptr, op.value))
        first = c.insert(arith.CmpiOp(c.thread, c.constant(0, VectorType(i32, [1])), "eq")).result
        mask = both(c, None if given is None else spread(c, given, 1), first, 1)
    _releases(c, op)
    c.insert(simt.AtomicStoreOp(op.sem, op.scope, address, value, mask))


def _poll(c: Conversion, op: tt.AtomicPollOp) -> None:
    """The first thread looks, and tells the others, until it finds what is expected."""
    if op.timeout is not None or is_tensor(op.ptr.type):
        raise c.unsupported(
            f"'{op.name}' {'of a block' if is_tensor(op.ptr.type) else 'with a timeout'}",
            "tritongpu-to-simt polls one element, for as long as it takes: below the stage ttg there is no clock",
        )
    before, after = Block(), Block()
    with c.inside(before):
        first = c.insert(arith.CmpiOp(c.thread, c.constant(0, VectorType(i32, [1])), "eq")).result
        found = _read(c, op, spread(c, c.value(op.ptr), 1), VectorType(op.expected.type, [1]), first)
        # Others may still be reading what was found the last time.
        c.insert(simt.BarrierOp())
        goes_on = c.insert(arith.CmpiOp(_told(c, op, found), c.value(op.expected), "ne")).result
        c.insert(scf.ConditionOp(goes_on))
    with c.inside(after):
        c.insert(scf.YieldOp())
    c.insert(scf.WhileOp([], [], Region(before), Region(after)))
    c.bind(op.result, c.constant(1, i1))


HANDLERS: Mapping[str, Handler] = {
    "tt.atomic_cas": _atomic,
    "tt.atomic_load": _atomic,
    "tt.atomic_poll": _poll,
    "tt.atomic_rmw": _atomic,
    "tt.atomic_store": _store,
}
