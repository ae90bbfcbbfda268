"""`scf.for`: programs of which some are done go on as the prefix of those that are not."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
from xdsl.dialects.builtin import VectorType

from minilinalg.interp.accumulators import as_registers
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array, DType, dtype_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.joining import Kind, join, known, uniform
from minilinalg.interp.meanings import meaning
from minilinalg.interp.scf.regions import Body, Turns, check_step, guarded
from minilinalg.interp.values import take


def run_for(
    body: Body,
    kinds: Sequence[Kind],
    dtype: DType,
    c: Chunk,
    bounds: tuple[Any, Any, Any],
    outer: Sequence[Any],
    inits: Sequence[Any],
) -> Sequence[Any]:
    """Runs `body(c, *outer, i, *carried)` from bounds[0] to below bounds[1] by bounds[2]; returns what is carried out.

    Raises RunError for a step that is not positive.
    """
    lower, upper, step = (b if type(b) is int else uniform(known(b, "scf.for", "takes a bound from")) for b in bounds)
    check_step(step)
    carried = [guarded(v) for v in inits]
    if isinstance(lower, int) and isinstance(upper, int) and isinstance(step, int):
        for i in range(lower, upper, step):
            carried = body(c, *outer, i, *carried)
        return carried
    lows, highs, steps = (np.broadcast_to(np.asarray(b, np.int64), (c.size,)) for b in (lower, upper, step))
    trips = np.maximum(-((lows - highs) // steps), 0)
    if bool((trips == trips[0]).all()):
        for k in range(int(trips[0])):
            carried = body(c, *outer, _counter(lower, step, k, dtype), *carried)
        return carried
    return _run_ragged(body, kinds, dtype, c, lower, step, trips, list(outer), carried)


def _counter(lower: Any, step: Any, k: int, dtype: DType) -> Any:
    if isinstance(lower, int) and isinstance(step, int):
        return lower + k * step
    return (np.asarray(lower, np.int64) + k * np.asarray(step, np.int64)).astype(dtype.carrier)


def _run_ragged(
    body: Body,
    kinds: Sequence[Kind],
    dtype: DType,
    c: Chunk,
    lower: Any,
    step: Any,
    trips: Array,
    outer: list[Any],
    carried: Sequence[Any],
) -> Sequence[Any]:
    for k in range(int(trips.min())):
        # As long as all run, none need be moved.
        carried = body(c, *outer, _counter(lower, step, k, dtype), *carried)
    order = np.argsort(-trips, kind="stable")
    sorted_already = bool((order[:-1] < order[1:]).all())
    if not sorted_already:
        trips, c = trips[order], c.take(order)
        outer = [take(v, order) for v in outer]
        carried = [take(v, order) for v in carried]
        lower, step = take(lower, order), take(step, order)
    k = int(trips.min())
    active = int(np.count_nonzero(trips > k))
    # What the programs that are done have carried out, the first to finish first.
    done: list[tuple[Sequence[Any], int]] = []
    done_with = c.size
    while True:
        if active < done_with:
            done.append(([take(v, slice(active, done_with)) for v in carried], done_with - active))
            done_with = active
            if not active:
                break
            prefix = slice(0, active)
            c = c.take(prefix)
            outer = [take(v, prefix) for v in outer]
            # An array that is the same in all programs is kept for those that are done as well.
            carried = [guarded(take(v, prefix)) for v in carried]
            lower, step, trips = take(lower, prefix), take(step, prefix), trips[prefix]
        carried = body(c, *outer, _counter(lower, step, k, dtype), *carried)
        k += 1
        active = int(np.searchsorted(-trips, -k, side="left"))
    done.reverse()
    results = [join([(values[i], n) for values, n in done], kind) for i, kind in enumerate(kinds)]
    if not sorted_already:
        back = np.argsort(order, kind="stable")
        results = [take(v, back) for v in results]
    return results


def run_for_stepwise(
    body: Turns,
    kinds: Sequence[Kind],
    dtype: DType,
    c: Chunk,
    bounds: tuple[Any, Any, Any],
    outer: Sequence[Any],
    inits: Sequence[Any],
) -> Generator[bool, None, Sequence[Any]]:
    """`run_for` for one program that may wait."""
    lower, upper, step = (uniform(known(b, "scf.for", "takes a bound from")) for b in bounds)
    check_step(step)
    carried: Sequence[Any] = [guarded(v) for v in inits]
    for i in range(lower, upper, step):
        carried = yield from body(c, *outer, i, *carried)
    return carried


@meaning("scf.for")
def emit_for(em: Emitter, op: Any) -> None:
    name, outer = em.turns(op)
    lower, upper, step, *inits = op.operands
    kinds = em.const([Kind(r.type) for r in op.results], "kinds")
    driver = em.const(run_for_stepwise if em.stepwise else run_for, "run_for")
    dtype = em.const(dtype_of(lower.type), "dtype")
    arguments = (
        f"{name}, {kinds}, {dtype}, c, ({em.refs((lower, upper, step))}), [{', '.join(outer)}], [{em.refs(inits)}]"
    )
    results = "".join(em.define(r) + ", " for r in op.results)
    em.line(f"{results + '= ' if results else ''}{em.give}{driver}({arguments})", op)
    for result in op.results:
        # Of a thread's registers: a sum that only products added to is one of matrices until here.
        if isinstance(result.type, VectorType):
            em.line(f"{em.ref(result)} = {em.const(as_registers, 'as_registers')}({em.ref(result)})")
