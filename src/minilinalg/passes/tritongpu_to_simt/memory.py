"""Loads and stores of global memory: as few and as wide accesses as pointers and layout allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.dialects.builtin import IntegerType, VectorType, i8, i32
from xdsl.ir import Attribute, SSAValue

from minilinalg.dialects import simt, tt
from minilinalg.dialects.simt.types import element_of, vector_like
from minilinalg.dialects.tt.types import is_tensor
from minilinalg.dialects.upstream import arith
from minilinalg.dialects.upstream.assembly import counted
from minilinalg.layouts.linear import REGISTER, LinearLayout
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, data_type, layout_of
from minilinalg.passes.tritongpu_to_simt.elementwise import bytes_of
from minilinalg.passes.tritongpu_to_simt.registers import ordered, picked
from minilinalg.passes.tritongpu_to_simt.threads import both, own_registers, owners, spread

WIDEST = 16
"""Bytes of the widest access of a thread."""


@dataclass(frozen=True)
class Accesses:
    """How the registers of a thread are grouped into accesses: `order` lists them, `width` of each access in a row.

    `needs` is what accesses of twice the width would need, None where they are as wide as any.
    """

    order: tuple[int, ...]
    width: int
    needs: str | None

    def told(self, kind: str, size: int, count: int | None = None) -> str:
        """For a remark: what `kind` of accesses, to elements of `size` bytes, a thread makes, and why no wider ones."""
        made = counted(len(self.firsts) if count is None else count, kind)
        wider = "" if self.needs is None else f"; wider ones would need {self.needs}"
        return f"{made} of {counted(self.width * size, 'byte')} in each thread{wider}"

    @property
    def firsts(self) -> list[int]:
        """The first register of each access."""
        return list(self.order[:: self.width])

    def undone(self) -> list[int]:
        """For each register, where it stands in `order`."""
        at = {register: position for position, register in enumerate(self.order)}
        return [at[register] for register in range(len(self.order))]


def accesses(c: Conversion, pointer: SSAValue, mask: SSAValue | None, size: int) -> Accesses:
    """The widest accesses through a tensor of pointers to elements of `size` bytes.

    Registers count through neighbouring elements along the dimension in which the pointers are contiguous. An access
    is a multiple of its size in memory, as far as divisibility is known, and one mask holds for all of it.
    """
    layout = layout_of(pointer.type)
    known = c.axes.of(pointer)
    best, width, needs = (), 0, None
    # Of dimensions that allow the same, the one that pointers run along is told of.
    for dim in sorted(range(len(layout.outs)), key=lambda dim: -known.contiguity[dim]):
        run = _run(layout, dim)
        same = WIDEST if mask is None else c.axes.of(mask).constancy[dim]
        limits = {
            "addresses known to run over {n} elements": known.contiguity[dim],
            "addresses known to be multiples of {bytes} bytes": known.divisibility[dim] // size,
            "a mask known to be the same for {n} elements": same,
            "{n} elements of a thread side by side in the layout": 1 << len(run),
        }
        powers = {need: max(limit & -limit, 1) for need, limit in limits.items()}
        possible = min(*powers.values(), WIDEST // size)
        if possible > width:
            best, width = run[: possible.bit_length() - 1], possible
            needs = next((need for need, power in powers.items() if power == width < WIDEST // size), None)
    told = None if needs is None else needs.format(n=2 * width, bytes=2 * width * size)
    return Accesses(tuple(ordered(layout.masks[REGISTER], best)), width, told)


def _run(layout: LinearLayout, dim: int) -> tuple[int, ...]:
    """The bits of the register's number that count through elements 0, 1, 2 ... along `dim`."""
    bases = layout.bases(REGISTER)
    run: list[int] = []
    while True:
        wanted = tuple(1 << len(run) if d == dim else 0 for d in range(len(layout.outs)))
        if wanted not in bases:
            return tuple(run)
        run.append(bases.index(wanted))


def stored_type(type: Attribute) -> Attribute:
    """The type of elements as they lie in memory: an i1 takes a byte."""
    return vector_like(type, i8) if element_of(type) == IntegerType(1) else type


def to_memory(c: Conversion, value: SSAValue) -> SSAValue:
    """A value as it is stored."""
    type = stored_type(value.type)
    return value if type == value.type else c.insert(arith.ExtUIOp(value, type)).result


def from_memory(c: Conversion, value: SSAValue, type: Attribute) -> SSAValue:
    """What was loaded, as a value of `type`."""
    return value if value.type == type else c.insert(arith.TruncIOp(value, type)).result


def _load(c: Conversion, op: tt.LoadOp) -> None:
    type = data_type(op.result.type)
    pointer = c.value(op.ptr)
    mask = None if op.mask is None else c.value(op.mask)
    other = None if op.other is None else to_memory(c, c.value(op.other))
    if not is_tensor(op.ptr.type):
        loaded = c.insert(simt.LoadGlobalOp(pointer, stored_type(type), mask, other, op.cache_policy, op.volatile))
        c.bind(op.result, from_memory(c, loaded.result, type))
        return
    plan = accesses(c, op.ptr, op.mask, bytes_of(type))
    c.remark(plan.told("load", bytes_of(type)))
    loaded = c.insert(
        simt.LoadGlobalOp(
            picked(c, pointer, plan.firsts),
            stored_type(type),
            None if mask is None else picked(c, mask, plan.firsts),
            None if other is None else picked(c, other, plan.order),
            op.cache_policy,
            op.volatile,
        )
    )
    c.bind(op.result, from_memory(c, picked(c, loaded.result, plan.undone()), type))


def _store(c: Conversion, op: tt.StoreOp) -> None:
    value = to_memory(c, c.value(op.value))
    pointer = c.value(op.ptr)
    mask = None if op.mask is None else c.value(op.mask)
    if not is_tensor(op.ptr.type):
        # All threads hold it, and the first one stores it.
        first = c.insert(arith.CmpiOp(c.thread, c.constant(0, VectorType(i32, [1])), "eq")).result
        mask = both(c, None if mask is None else spread(c, mask, 1), first, 1)
        c.insert(simt.StoreGlobalOp(spread(c, pointer, 1), spread(c, value, 1), mask, op.cache_policy))
        return
    layout = layout_of(op.ptr.type)
    plan = accesses(c, op.ptr, op.mask, bytes_of(op.value.type))
    own = set(own_registers(layout))
    order = [register for register in plan.order if register in own]
    firsts = order[:: plan.width]
    c.remark(plan.told("store", bytes_of(op.value.type), len(firsts)))
    mask = both(c, None if mask is None else picked(c, mask, firsts), owners(c, layout), len(firsts))
    c.insert(simt.StoreGlobalOp(picked(c, pointer, firsts), picked(c, value, order), mask, op.cache_policy))


HANDLERS: Mapping[str, Handler] = {"tt.load": _load, "tt.store": _store}
