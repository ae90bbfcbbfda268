"""A running error analysis: what looks on while a module runs, and knows how wrong every float may be.

Beside each float value of the module stands its `Spread`, over all programs that run together; beside everything in
memory its error (shadow.py). After every operation the spread of its result is measured, and its error is what the rule
of the operation makes of the operands' errors (operations.py), and its own rounding. Sums count as added up in any
order.

Decisions are not followed: a comparison, or a float turned into an integer, is taken to come out as in exact
arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from xdsl.ir import Operation, SSAValue

from minilinalg.check.rounding.flow import CALLS, LEAVES, Flow
from minilinalg.check.rounding.rules import MOVES, RULES, SUMS, Effect, effect_of
from minilinalg.check.rounding.shadow import WHAT, Shadow
from minilinalg.check.rounding.spread import (
    Spread,
    errors_of,
    fit,
    float_of,
    is_buffer,
    measure,
    precision_of,
)
from minilinalg.dialects import simd
from minilinalg.dialects.linalg_ext import IndexedOp
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array, DType
from minilinalg.interp.engine import Emitter
from minilinalg.interp.observers import Observer
from minilinalg.interp.views import MemRef

FUNCTIONS = ("tt.func", "func.func")


class Watch(Observer):
    """The analysis of one run.

    approximates: functions count as replaced by near ones (rules.py). digits: what the roundings of every type are at
    least as fine as, however narrow it is.

    `errors` and `returned` say after the run how wrong each answer may be; `rounds_sums` whether a sum, product or
    conversion of exact numbers was not exact; `unruled` for which operations no rule is known.
    """

    def __init__(self, *, approximates: bool = False, digits: int = 0):
        self.approximates = approximates
        self.digits = digits
        self.rounds_sums = False
        self.unruled: set[str] = set()
        self.shadow = Shadow()
        self.flow = Flow()

    @property
    def errors(self) -> dict[str, Array]:
        """For each argument in global memory, how wrong its elements may be."""
        return self.shadow.errors()

    @property
    def returned(self) -> Sequence[float]:
        """How wrong the results of the function may be."""
        return [s.worst for s in self.flow.returned]

    # While the function is written

    def before(self, em: Emitter, op: Operation) -> None:
        """Buffers are looked at before they are written over, and control flow before it is entered or left."""
        block = op.parent
        if block is not None and block.first_op is op and (parent := block.parent_op()) and parent.name in FUNCTIONS:
            given = [a for a in block.args if float_of(a) and not is_buffer(a)]
            em.line(
                f"{em.const(partial(self._begin, given), 'begin')}(({''.join(em.ref(a) + ', ' for a in given)}))", op
            )
        buffers = [v for v in _read_whole(op) if is_buffer(v) and float_of(v)]
        if buffers:
            em.line(f"{em.const(partial(self._look, buffers), 'look')}(c, ({em.refs(buffers)},))", op)
        step = self.flow.before(op)
        if op.name in CALLS:
            step = partial(self.flow.enter, op, em.functions[_callee(op)])
        if step is not None:
            em.line(f"{em.const(step, 'flow')}()", op)

    def after(self, em: Emitter, op: Operation) -> None:
        """What is to be done once the operation has run."""
        from minilinalg.check.rounding.operations import handler_of

        if op.name in CALLS:
            em.line(f"{em.const(partial(self.flow.take_returned, op), 'flow')}()", op)
            return
        handler = None if op.name in LEAVES or op.name.startswith("scf.") else handler_of(op)
        if handler is not None:
            known = [v for v in (*op.operands, *op.results) if v.type.name != "simd.token"]
            values = f"dict(zip({em.const(known, 'names')}, ({em.refs(known)},)))"
            em.line(f"{em.const(partial(handler, self, op), 'watch')}(c, {values})", op)

    # While it runs

    def _begin(self, given: Sequence[SSAValue], values: Sequence[Any]) -> None:
        """The arguments of the function that is launched, which are exact; a call has passed on what is known."""
        for argument, value in zip(given, values, strict=True):
            self.flow.spreads.setdefault(argument, measure(value))

    def _look(self, buffers: Sequence[SSAValue], c: Chunk, views: Sequence[MemRef]) -> None:
        for buffer, view in zip(buffers, views, strict=True):
            self.flow.spreads[buffer] = self.held(c, view)

    def held(self, c: Chunk, view: MemRef) -> Spread:
        """What is known of the elements of a view, all of which are read."""
        read = view.read(c.size, WHAT)
        return measure(read).wrong_by(*fit(read, self.shadow.read(c, view)))

    def of(self, value: SSAValue) -> Spread:
        """What is known of a value."""
        return self.flow.of(value)

    def effect(self, name: str, operands: Sequence[Spread]) -> Effect:
        """What the operation `name` makes of its float operands' errors."""
        if name not in RULES and name not in MOVES:
            self.unruled.add(name)
        return effect_of(name, operands, approximates=self.approximates)

    def finish(
        self,
        c: Chunk,
        values: dict[SSAValue, Any],
        outputs: Sequence[SSAValue],
        name: str,
        effect: Effect,
        size: float | None = None,
    ) -> None:
        """Gives what an operation made, results and buffers that it wrote, their errors.

        outputs: those of them. size: what the operation's roundings and relative errors are relative to, if not to the
        result: the sum of the magnitudes of what it adds up.
        """
        for value in outputs:
            dtype = float_of(value)
            if dtype is None:
                continue
            made = values[value].read(c.size, WHAT) if is_buffer(value) else values[value]
            spread = self._rounded(measure(made), dtype, name, effect, size)
            if is_buffer(value):
                self.shadow.write(c, values[value], errors_of(made, spread))
            else:
                self.flow.define(value, spread)

    def _rounded(self, made: Spread, dtype: DType, name: str, effect: Effect, size: float | None) -> Spread:
        """What was made with its errors: those that the effect hands on, and the roundings of the operation."""
        if not effect.units:
            return made.wrong_by(effect.error, effect.relative)
        precision = precision_of(dtype)
        magnitude = made.magnitude if size is None else size
        error, relative = effect.error, effect.relative
        if not error and not relative:
            if effect.quantum and precision.holds(magnitude, effect.quantum):
                return made
            self.rounds_sums |= name in SUMS
        roundings = effect.units * 2.0 ** -max(precision.digits, self.digits)
        if roundings >= 0.5:
            return made.wrong_by(math.inf)
        worst = magnitude * (1 + relative) + error
        error += effect.units * precision.step
        if size is not None:
            # |made| is at most size, and so is all that was rounded on the way.
            return made.wrong_by(error + (roundings + relative) / (1 - roundings) * worst)
        # |exact| <= |made| / (1 - roundings)
        return made.wrong_by(error, (relative + roundings) / (1 - roundings))


def _read_whole(op: Any) -> Sequence[SSAValue]:
    """The operands whose elements `op` reads or writes all of."""
    if isinstance(op, IndexedOp | simd.Indexed):
        # The array is where the lists may lead, which may be all of an argument.
        return [v for v in op.operands if v is not op.array]
    whole = op.name.startswith(("linalg.", "simd.")) or op.name in ("memref.copy", "bufferization.to_tensor")
    return op.operands if whole else ()


def _callee(op: Any) -> str:
    return op.properties["callee"].root_reference.data
