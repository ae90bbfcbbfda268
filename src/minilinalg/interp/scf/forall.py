"""`scf.forall` and `scf.parallel`: the points are the programs of new chunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from minilinalg.errors import UnsupportedError
from minilinalg.interp.chunks import Arenas, Chunk
from minilinalg.interp.dtypes import Array
from minilinalg.interp.engine import Emitter
from minilinalg.interp.joining import uniform
from minilinalg.interp.lifetimes import largest_value
from minilinalg.interp.meanings import meaning
from minilinalg.interp.scf.regions import Body, Turns, check_step
from minilinalg.interp.turns import take_turns
from minilinalg.interp.values import take
from minilinalg.locations import places_of
from minilinalg.run_options import CHUNK_BYTES, MAX_TURNS


def run_forall(
    body: Body, c: Chunk, low: Any, high: Any, step: Any, outer: Sequence[Any], at_once: int, arenas: Any
) -> None:
    """Runs the body once per point, the last dimension fastest; the points are the programs of new chunks."""
    if c.size > 1:
        for p in range(c.size):
            one = np.array([p])
            lows, highs, steps = (take_all(b, one) for b in (low, high, step))
            run_forall(body, c.take(one), lows, highs, steps, take_all(outer, one), at_once, arenas)
        return
    for chunk, points in _chunks_of(c, low, high, step, at_once, arenas):
        body(chunk, *outer, *points)


def run_forall_stepwise(
    body: Turns, c: Chunk, low: Any, high: Any, step: Any, outer: Sequence[Any], _at_once: int, arenas: Any
) -> None:
    """`run_forall` whose points wait for one another: each is alone in its chunk, and they take turns."""
    points = _chunks_of(c, low, high, step, 1, arenas)
    programs = ((chunk.pids, body(chunk, *outer, *at)) for chunk, at in points)
    take_turns(programs, c.memory, MAX_TURNS, lambda error: error)


def _chunks_of(
    c: Chunk, low: Any, high: Any, step: Any, at_once: int, arenas: Any
) -> Iterator[tuple[Chunk, list[Any]]]:
    """The points of a forall in chunks of at most `at_once`, each with the values of its induction variables."""
    sizes: list[int] = []
    firsts: list[int] = []
    strides: list[int] = []
    for lo, hi, st in zip(low, high, step, strict=True):
        lo, hi, st = uniform(lo), uniform(hi), uniform(st)
        check_step(st)
        firsts.append(lo)
        strides.append(st)
        sizes.append(max(-((lo - hi) // st), 0))
    total = 1
    for n in sizes:
        total *= n
    tracks = c.arenas is not None and c.arenas.tracks
    for first in range(0, total, at_once):
        count = min(at_once, total - first)
        linear = np.arange(first, first + count, dtype=np.int64)
        points: list[Any] = []
        for n, lo, st in zip(reversed(sizes), reversed(firsts), reversed(strides), strict=True):
            points.append(_point(linear % n * st + lo))
            linear = linear // n
        x, y, z = [*points, 0, 0, 0][:3]
        own = Arenas(count, arenas, tracks=tracks)
        yield Chunk(count, (x, y, z), c.grid, c.memory, own, None, c.machine), points[::-1]


def assemble(
    body: Body, c: Chunk, low: Any, high: Any, step: Any, outer: Sequence[Any], outputs: Sequence[Any]
) -> list[Any]:
    """What all points of a forall make together: each sees the outputs as they were before, and puts its part in."""
    if c.size > 1:
        raise UnsupportedError(
            "a scf.forall with results inside of another one cannot be run yet",
            rule="a tensor is assembled by a function on whole tensors",
        )
    ranges = [range(uniform(lo), uniform(hi), uniform(st)) for lo, hi, st in zip(low, high, step, strict=True)]
    assembled = list(outputs)
    for point in product(*ranges):
        assembled = list(body(c, assembled, *outer, *point, *outputs))
    return assembled


def take_all(values: Sequence[Any], index: Any) -> list[Any]:
    """Every value for the programs at `index`."""
    return [take(v, index) for v in values]


def _point(values: Array) -> Any:
    return int(values[0]) if len(values) == 1 or bool((values == values[0]).all()) else values


@meaning("scf.forall", "scf.parallel")
def emit_forall(em: Emitter, op: Any) -> None:
    from minilinalg.interp.tensor import mixed

    if op.results and (op.name == "scf.parallel" or em.stepwise):
        raise UnsupportedError(
            f"'{op.name}' with results cannot be run yet",
            rule="programs write to memory; a tensor is assembled by scf.forall, where no program waits for another",
            places=places_of(op),
        )
    name, outer = em.region(op.regions[0], first=("assembled",) if op.results else ())
    if op.name == "scf.forall":
        bounds = [
            mixed(em, getattr(op, f"static_{w}"), getattr(op, f"dynamic_{w}"))
            for w in ("lower_bound", "upper_bound", "step")
        ]
    else:
        bounds = [f"({em.refs(v)},)" for v in (op.lowerBound, op.upperBound, op.step)]
    if op.results:
        driver = em.const(assemble, "assemble")
        results = "".join(f"{em.define(result)}, " for result in op.results)
        given = ", ".join(bounds)
        em.line(f"{results}= {driver}({name}, c, {given}, [{', '.join(outer)}], [{em.refs(op.outputs)}])", op)
        return
    driver = em.const(run_forall_stepwise if em.stepwise else run_forall, "run_forall")
    at_once = em.const(_together(op), "at_once")
    em.line(f"{driver}({name}, c, {', '.join(bounds)}, [{', '.join(outer)}], {at_once}, {em.const(em.arenas)})", op)


def _together(op: Any) -> int:
    """How many points run together: so many that the largest tensor of all of them stays in cache.

    On-chip buffers belong to a core for as long as it runs, so there all points run together.
    """
    if any("simd.address" in inner.attributes for inner in op.walk()):
        return 1 << 30
    return max(1, CHUNK_BYTES // largest_value(op))


@meaning("scf.forall.in_parallel", "scf.reduce")
def emit_in_parallel(em: Emitter, op: Any) -> None:
    """The end of a forall: the parts go into what was assembled so far. Without results there is nothing to do."""
    from minilinalg.interp.tensor import insertion, slice_bounds

    loop = op.parent_op()
    if not loop.results:
        return
    first = len(loop.body.block.args) - len(loop.results)
    numbers = {arg: index for index, arg in enumerate(loop.body.block.args[first:])}
    for insert in op.regions[0].block.ops:
        number, put = numbers[insert.operands[1]], em.const(insertion(insert), "put")
        part = f"c, {em.ref(insert.operands[0])}, assembled[{number}], {slice_bounds(em, insert)}"
        em.line(f"assembled[{number}] = {put}({part})", insert)
    em.line("return assembled", op)
