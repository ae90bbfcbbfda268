"""The clock beside the meanings: lines that tell the machine of every instruction that the cores execute.

Costs are worked out once, when the program is written; only a DMA's sizes are known no earlier than when it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from xdsl.dialects.builtin import MemRefType
from xdsl.ir import Block, Operation, SSAValue

from minilinalg.analysis.footprint import independent_of_their_pipe
from minilinalg.dialects import simd
from minilinalg.errors import MinilinalgError
from minilinalg.interp.dtypes import Array, dtype_of
from minilinalg.interp.engine import Chunk, Emitter, Observer
from minilinalg.interp.tokens import Token
from minilinalg.interp.views import MemRef
from minilinalg.locations import places_of
from minilinalg.sim.costs import Int, access_cost, instruction_cost, scalar_cost, transfer
from minilinalg.sim.timing import ALL, Cores
from minilinalg.targets import Target


class Clock(Observer):
    """Adds to every instruction a line that advances the machine's time; `c.machine` is a `timing.Machine`.

    Scalar work between two instructions is one line. A loop costs a branch when it is entered and one a turn.
    """

    def __init__(self, target: Target):
        self.target = target
        self._cycles: dict[Block | None, tuple[int, int]] = {}
        self._independent: dict[Block | None, frozenset[Operation]] = {}

    def before(self, em: Emitter, op: Operation) -> None:
        """Scalar work that comes first in time is written first."""
        if isinstance(op, simd.Instruction):
            try:
                simd.check_instruction(op, self.target)
            except MinilinalgError as error:
                raise error.at(places_of(op)) from None
        elif not isinstance(op, simd.BarrierOp | simd.WaitOp | simd.ReadyOp):
            self._count_scalar(op)
        if isinstance(op, simd.Instruction | simd.BarrierOp | simd.WaitOp) or op.regions or op.next_op is None:
            self._flush(em, op)

    def after(self, em: Emitter, op: Operation) -> None:
        """The instruction itself."""
        rows = em.const(_rows, "rows")
        if isinstance(op, simd.WaitOp):
            em.line(f"c.machine.wait({self._times(em, op.tokens)}, {rows}(c))", op)
        elif isinstance(op, simd.BarrierOp):
            em.line(f"c.machine.barrier({op.scope.data!r}, {rows}(c))", op)
        elif isinstance(op, simd.Instruction):
            done = f"{em.ref(op.token)}.done = " if op.token is not None else ""
            after = self._times(em, op.after)
            if isinstance(op, simd.DmaOp):
                dma = em.const(self._dma(op), "dma")
                em.line(f"{done}{dma}(c, {em.ref(op.inputs[0])}, {em.ref(op.outputs[0])}, {after})", op)
            else:
                cost = em.const(instruction_cost(op, self.target), "cost")
                how = f"op={op.name!r}, after={after}, synchronous={not op.is_async}"
                if op in self._independent_in(op.parent):
                    how += ", depends=False"
                em.line(f"{done}c.machine.issue({op.pipe!r}, {cost}, {rows}(c), {how})", op)

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
        elif op.name == "scf.yield" and (loop := op.parent_op()) is not None and loop.name in ("scf.for", "scf.while"):
            cycles = scalar_cost(loop.name, 8, self.target)
        else:
            types = [v.type for v in (*op.operands, *op.results) if not isinstance(v.type, MemRefType)]
            width = max((dtype_of(t).itemsize for t in types), default=8)
            cycles = scalar_cost(op.name, width, self.target)
        if cycles:
            total, times = self._cycles.get(op.parent, (0, 0))
            self._cycles[op.parent] = (total + cycles, times + 1)

    def _flush(self, em: Emitter, op: Operation) -> None:
        total, times = self._cycles.pop(op.parent, (0, 0))
        if total:
            rows = em.const(_rows, "rows")
            em.line(f"c.machine.scalar({total}, {rows}(c), op='scalar', times={times})", op)

    def _dma(self, op: simd.DmaOp) -> Any:
        source, destination = simd.space_of(op.input_types[0]), simd.space_of(op.output_types[0])
        path = self.target.path(source, destination)
        writes_chip = self.target.space(destination).scope == "chip"
        name, width, synchronous = op.name, op.width, not op.is_async

        def dma(c: Chunk, a: MemRef, b: MemRef, after: list[Any]) -> Any:
            extents = _numbers(a.sizes)
            steps = [[_quotient(s, width) for s in m.strides] for m in (a, b)]
            moved = transfer(extents, steps[0], steps[1], width, path, writes_chip=writes_chip)
            return c.machine.dma(path, moved, _rows(c), op=name, after=after, synchronous=synchronous)

        return dma


def _times(*tokens: Token) -> list[Array]:
    """When the instructions are done that are still on their way."""
    return [token.done for token in tokens if token.done is not None]


def _numbers(sizes: Any) -> list[Int]:
    return [n if isinstance(n, int) else np.asarray(n, np.int64) for n in sizes]


def _quotient(stride: Any, width: int) -> Int:
    return stride // width


def _rows(c: Chunk) -> Cores:
    """The cores that execute: all, or their numbers; a run of them as a slice, which is faster."""
    rows = c.rows
    if rows is None:
        return ALL
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
