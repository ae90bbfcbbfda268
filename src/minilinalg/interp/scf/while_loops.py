"""`scf.while`: the programs whose condition holds go on, packed together."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array, is_array
from minilinalg.interp.engine import Emitter
from minilinalg.interp.joining import Kind, join, known, uniform
from minilinalg.interp.meanings import meaning
from minilinalg.interp.scf.regions import Body, Turns, guarded
from minilinalg.interp.turns import State
from minilinalg.interp.values import take


def run_while(
    before: Body,
    before_outer: Sequence[Any],
    after: Body,
    after_outer: Sequence[Any],
    kinds: Sequence[Kind],
    c: Chunk,
    inits: Sequence[Any],
) -> Sequence[Any]:
    """Runs `before` and `after` in turn on the programs whose condition holds, packed together."""
    carried: Sequence[Any] = [guarded(v) for v in inits]
    programs = np.arange(c.size)
    before_outer, after_outer = list(before_outer), list(after_outer)
    done: list[tuple[Sequence[Any], Array]] = []
    while True:
        condition, *values = before(c, *before_outer, *carried)
        condition = uniform(known(condition, "scf.while"))
        if is_array(condition):
            stop, go = np.flatnonzero(~condition), np.flatnonzero(condition)
            done.append(([take(v, stop) for v in values], programs[stop]))
            programs, c = programs[go], c.take(go)
            values = [take(v, go) for v in values]
            before_outer = [take(v, go) for v in before_outer]
            after_outer = [take(v, go) for v in after_outer]
        elif not condition:
            done.append((values, programs))
            break
        carried = after(c, *after_outer, *values)
    if len(done) == 1:
        return done[0][0]
    back = np.argsort(np.concatenate([p for _, p in done]), kind="stable")
    return [take(join([(v[i], len(p)) for v, p in done], kind), back) for i, kind in enumerate(kinds)]


def run_while_stepwise(
    before: Turns,
    before_outer: Sequence[Any],
    after: Turns,
    after_outer: Sequence[Any],
    kinds: Sequence[Kind],
    c: Chunk,
    inits: Sequence[Any],
    waits: bool,
) -> Generator[bool, None, Sequence[Any]]:
    """`run_while` for one program; one that waits lets the others run once a turn, so that it can be released."""
    carried: Sequence[Any] = [guarded(v) for v in inits]
    state = State()
    while True:
        condition, *values = yield from before(c, *before_outer, *carried)
        if not uniform(known(condition, "scf.while")):
            return values
        carried = yield from after(c, *after_outer, *values)
        if waits:
            yield state.changed(carried, (*before_outer, *after_outer))


@meaning("scf.while")
def emit_while(em: Emitter, op: Any) -> None:
    before, before_outer = em.region(op.regions[0])
    after, after_outer = em.region(op.regions[1])
    kinds = em.const([Kind(r.type) for r in op.results], "kinds")
    driver = em.const(run_while_stepwise if em.stepwise else run_while, "run_while")
    waits = f", {op in em.waiting}" if em.stepwise else ""
    results = "".join(em.define(r) + ", " for r in op.results)
    em.line(
        f"{results + '= ' if results else ''}{em.give}{driver}({before}, [{', '.join(before_outer)}], {after}, "
        f"[{', '.join(after_outer)}], {kinds}, c, [{em.refs(op.operands)}]{waits})",
        op,
    )
