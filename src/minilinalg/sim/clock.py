"""The clock beside the meanings: lines that tell the machine of every instruction that the cores execute.

Costs are worked out once, when the program is written; only a DMA's sizes are known no earlier than when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, cast

import numpy as np
from xdsl.dialects.builtin import MemRefType, ModuleOp
from xdsl.ir import Block, Operation, SSAValue

from minilinalg.analysis.footprint import independent_of_their_pipe
from minilinalg.dialects import simd
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array, dtype_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.observers import Observer
from minilinalg.interp.tokens import Token
from minilinalg.interp.views import ONLY_INTS, MemRef, Sized, one_each
from minilinalg.sim.costs import (
    Int,
    Transfer,
    access_cost,
    atomic_transfer,
    instruction_cost,
    list_transfer,
    scalar_cost,
    transfer,
)
from minilinalg.sim.timing import MANY, Span
from minilinalg.targets import Path, Target

MACHINE = simd.Instruction | simd.BarrierOp | simd.WaitOp


class Clock(Observer):
    """Adds to every instruction a line that advances the machine's time; `c.machine` is a `timing.Machine`.

    What passes the time by a number known beforehand is summed up, and one line adds it: the scalar work between two
    instructions and, in a function without asynchronous ones, every instruction but the DMAs. A loop costs a branch
    when it is entered and one a turn.
    """

    def __init__(self, target: Target):
        self.target = target
        self._spans: dict[Block | None, Span] = {}
        self._overlaps: dict[Operation, bool] = {}
        self._independent: dict[Block | None, frozenset[Operation]] = {}

    def before(self, em: Emitter, op: Operation) -> None:
        """Scalar work that comes first in time is written first."""
        if not isinstance(op, MACHINE | simd.ReadyOp):
            self._count_scalar(op)
        if isinstance(op, simd.BarrierOp | simd.WaitOp) or op.regions or op.next_op is None:
            self._flush(em, op)

    def unused(self, em: Emitter, op: Operation) -> None:
        """A core does also what nothing needs."""
        self.before(em, op)

    def after(self, em: Emitter, op: Operation) -> None:
        """The instruction itself."""
        if isinstance(op, simd.WaitOp):
            em.line(f"c.machine.wait({self._times(em, op.tokens)}, c.active)", op)
        elif isinstance(op, simd.BarrierOp):
            em.line(f"c.machine.barrier({op.scope.data!r}, c.active)", op)
        elif isinstance(op, simd.Instruction):
            done = f"{em.ref(op.token)}.done = " if op.token is not None else ""
            after = self._times(em, op.after)
            lead = "None" if self._only_adds(op) else self._lead(em, op)
            if isinstance(op, simd.DmaOp):
                dma = em.const(self._dma(op), "dma")
                em.line(f"{done}{dma}(c, {em.ref(op.inputs[0])}, {em.ref(op.outputs[0])}, {after}, {lead})", op)
            elif isinstance(op, simd.Indexed):
                dma = em.const(self._list_dma(op), "dma")
                em.line(f"{done}{dma}(c, [{em.refs(op.inputs)}], {em.ref(op.outputs[0])}, {after}, {lead})", op)
            elif isinstance(op, simd.Atomic):
                dma = em.const(self._atomic_dma(op), "dma")
                em.line(f"{done}{dma}(c, [{em.refs(op.inputs)}], {em.ref(op.array)}, {after}, {lead})", op)
            elif self._only_adds(op):
                cost = instruction_cost(op, self.target)
                span = self._span(op)
                span.add("scalar", cost.issue)
                span.add(op.pipe or "scalar", cost.occupancy, cost.latency)
                span.counters[op.name] += 1
            else:
                cost = em.const(instruction_cost(op, self.target), "cost")
                how = f"op={op.name!r}, after={after}, synchronous={not op.is_async}, lead={lead}"
                if op in self._independent_in(op.parent):
                    how += ", depends=False"
                em.line(f"{done}c.machine.issue({op.pipe!r}, {cost}, c.active, {how})", op)

    def _independent_in(self, block: Block | None) -> frozenset[Operation]:
        if block not in self._independent:
            self._independent[block] = frozenset(independent_of_their_pipe(block) if block is not None else ())
        return self._independent[block]

    @staticmethod
    def _times(em: Emitter, tokens: Sequence[SSAValue]) -> str:
        return f"{em.const(_times, 'times')}({em.refs(tokens)})" if tokens else "()"

    def _count_scalar(self, op: Operation) -> None:
        if op.name in ("memref.load", "memref.store"):
            buffer = op.operands[0 if op.name == "memref.load" else 1]
            space = simd.space_of(cast(simd.Buffer, buffer.type))
            cycles = access_cost(space, op.name == "memref.store", self.target)
        elif op.name in ("memref.atomic_rmw", "memref.generic_atomic_rmw"):
            buffer = op.operands[1 if op.name == "memref.atomic_rmw" else 0]
            space = simd.space_of(cast(simd.Buffer, buffer.type))
            cycles = sum(access_cost(space, is_store, self.target) for is_store in (False, True))
        elif op.name == "scf.yield" and (loop := op.parent_op()) is not None and loop.name in ("scf.for", "scf.while"):
            cycles = scalar_cost(loop.name, 8, self.target)
        else:
            types = [v.type for v in (*op.operands, *op.results) if not isinstance(v.type, MemRefType)]
            width = max((dtype_of(t).itemsize for t in types), default=8)
            cycles = scalar_cost(op.name, width, self.target)
        if cycles:
            span = self._span(op)
            span.add("scalar", cycles)
            span.counters["scalar"] += 1

    def _only_adds(self, op: simd.Instruction) -> bool:
        """Whether an instruction only makes the time go on: then every pipe is free whenever its core is."""
        function = op
        while (parent := function.parent_op()) is not None and not isinstance(parent, ModuleOp):
            function = parent
        if function not in self._overlaps:
            inside = function.walk()
            self._overlaps[function] = any(isinstance(o, simd.Instruction) and o.is_async for o in inside)
        return not isinstance(op, simd.DmaOp | simd.Indexed | simd.Atomic) and not self._overlaps[function]

    def _span(self, op: Operation) -> Span:
        return self._spans.setdefault(op.parent, Span())

    def _lead(self, em: Emitter, op: Operation) -> str:
        """The scalar work in front of an instruction, which is handed over with it."""
        span = self._spans.pop(op.parent, None)
        return "None" if span is None else em.const(span, "span")

    def _flush(self, em: Emitter, op: Operation) -> None:
        span = self._spans.pop(op.parent, None)
        if span is not None:
            em.line(f"c.machine.spend({em.const(span, 'span')}, c.active)", op)

    def _dma(self, op: simd.DmaOp) -> Any:
        source, destination = simd.space_of(op.input_types[0]), simd.space_of(op.output_types[0])
        path = self.target.path(source, destination)
        writes_chip = self.target.space(destination).scope == "chip"
        name, width, synchronous = op.name, op.width, not op.is_async

        cost = _transfer_along(path, width, writes_chip=writes_chip)
        known: dict[Any, Transfer] = {}

        def dma(c: Chunk, a: MemRef, b: MemRef, after: Sequence[Array], lead: Span | None) -> Any:
            try:
                key: Any = a.sizes, a.strides, b.strides
                found = known.get(key)
            except TypeError:
                # Numbers that differ between cores are in arrays, which are no keys.
                key = c.size, *(_key(n) for numbers in (a.sizes, a.strides, b.strides) for n in numbers)
                found = known.get(key)
            if found is None:
                if len(known) > MANY:
                    known.clear()
                found = known[key] = per_core(cost, (*a.sizes, *a.strides, *b.strides), c.size)
            return c.machine.dma(path, found, c.active, op=name, after=after, synchronous=synchronous, lead=lead)

        return dma

    def _list_dma(self, op: simd.Indexed) -> Any:
        source, destination = simd.space_of(op.input_types[0]), simd.space_of(op.output_types[0])
        path = self.target.path(source, destination)
        writes_chip = self.target.space(destination).scope == "chip"
        name, width, synchronous, at = op.name, op.width, not op.is_async, op.indexed
        is_gather, has_mask = isinstance(op, simd.GatherOp), op.mask is not None

        cost = _transfer_along(path, width, writes_chip=writes_chip)

        def dma(c: Chunk, inputs: list[MemRef], output: MemRef, after: Sequence[Array], lead: Span | None) -> Any:
            first, index = inputs[:2]
            array, block = (first, output) if is_gather else (output, first)
            behind = at + index.rank
            extents = (*block.sizes[:at], *block.sizes[behind:])
            theirs = (*array.strides[:at], *array.strides[at + 1 :])
            ours = (*block.strides[:at], *block.strides[behind:])
            one = per_core(cost, (*extents, *((theirs + ours) if is_gather else (ours + theirs))), c.size)
            entries: Int = 1
            for extent in index.sizes:
                entries = entries * extent
            rows = _count_true(inputs[2], c) if has_mask else entries
            found = list_transfer(entries, rows, one, path)
            return c.machine.dma(path, found, c.active, op=name, after=after, synchronous=synchronous, lead=lead)

        return dma

    def _atomic_dma(self, op: simd.Atomic) -> Any:
        source, destination = simd.space_of(op.input_types[0]), simd.space_of(op.output_types[0])
        path = self.target.path(source, destination)
        name, width, synchronous, gives_old = op.name, op.width, not op.is_async, op.old is not None
        has_index, mask = op.index is not None, -1 if op.mask is not None else None

        cost = _transfer_along(path, width, writes_chip=self.target.space(destination).scope == "chip")

        def dma(c: Chunk, inputs: list[MemRef], array: MemRef, after: Sequence[Array], lead: Span | None) -> Any:
            block = inputs[0]
            elements: Int = 1
            for extent in block.sizes:
                elements = elements * extent
            if has_index:
                changed = elements if mask is None else _count_true(inputs[mask], c)
                one = cost(1, width, width)
                write = Transfer(
                    one.startup * (elements != 0), changed * one.engine, changed * one.moved, changed * one.payload
                )
            else:
                write = per_core(cost, (*block.sizes, *block.strides, *array.strides), c.size)
            found = atomic_transfer(elements, write, path, gives_old=gives_old)
            return c.machine.dma(path, found, c.active, op=name, after=after, synchronous=synchronous, lead=lead)

        return dma


def _transfer_along(path: Path, width: int, *, writes_chip: bool) -> Callable[..., Transfer]:
    """The cost of a DMA by its numbers: the extents, then the strides of both sides, in bytes."""

    @cache
    def cost(*numbers: int) -> Transfer:
        rank = len(numbers) // 3
        extents, strides = numbers[:rank], [s // width for s in numbers[rank:]]
        return transfer(extents, strides[:rank], strides[rank:], width, path, writes_chip=writes_chip)

    return cost


def _times(*tokens: Token) -> list[Array]:
    """When the instructions are done that are still on their way."""
    return [token.done for token in tokens if token.done is not None]


def _key(number: Any) -> Any:
    return number.tobytes() if isinstance(number, np.ndarray) else number


def per_core(cost: Callable[..., Transfer], numbers: Sequence[Any], count: int) -> Transfer:
    """`cost(*numbers)`, where a number may be an array with one entry for each of `count` cores."""
    if ONLY_INTS.issuperset(map(type, numbers)):
        return cost(*numbers)
    rows = zip(*(one_each(n, count) for n in numbers), strict=True)
    return Transfer(*np.array([cost(*row) for row in rows], np.int64).T.copy())


def _count_true(mask: MemRef, c: Chunk) -> Int:
    """How many entries of a mask are true, on each core."""
    read = mask.read(c.size, "a mask")
    if not isinstance(read, Sized):
        return np.count_nonzero(read.reshape(len(read), -1), axis=1)
    # Only the first extent of a list may differ between cores.
    ends = np.broadcast_to(np.asarray(read.sizes[0]), (len(read.data),)).tolist()
    return np.array([np.count_nonzero(list[:end]) for list, end in zip(read.data, ends, strict=True)])
