"""Control flow: what agrees between programs is a Python loop or branch; what differs runs in groups of programs.

A loop whose trip count differs between programs runs on the programs sorted by trip count, longest first: those still
running are then a prefix, and a prefix of an array is a view. An `if` whose condition differs runs each side on its
programs. A `while` keeps the programs whose condition still holds and packs them together.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from xdsl.ir import Attribute

from minilinalg.errors import RunError, UnsupportedError
from minilinalg.interp.access import undefined
from minilinalg.interp.chunks import Arenas, Chunk
from minilinalg.interp.dtypes import I1, Array, DType, dtype_of, is_array, shape_of
from minilinalg.interp.engine import LEAVES, Emitter
from minilinalg.interp.lifetimes import largest_value
from minilinalg.interp.meanings import meaning
from minilinalg.interp.turns import State, take_turns
from minilinalg.interp.values import Affine, Mask, Partial, take, written_out
from minilinalg.locations import places_of
from minilinalg.run_options import CHUNK_BYTES, MAX_TURNS

Body = Callable[..., Any]
Turns = Callable[..., Generator[bool, None, Any]]
"""A region of a program that may wait."""


FEW = 64


class Kind:
    """What joining values of different programs needs to know of a type."""

    __slots__ = ("dtype", "shape")

    def __init__(self, type_: Attribute):
        self.shape = shape_of(type_)
        self.dtype: DType = dtype_of(type_)

    def truth(self) -> Kind:
        """The kind of what says which elements of a value of this kind are defined."""
        found = Kind.__new__(Kind)
        found.shape, found.dtype = self.shape, I1
        return found


def _spread(value: Any, count: int, kind: Kind) -> Any:
    """`value` as an array with one entry for each of `count` programs (extents of 1 are kept)."""
    array = np.asarray(written_out(value), None if kind.dtype.is_float else kind.dtype.carrier)
    if array.ndim == 0:
        array = array.reshape(1)
    return np.broadcast_to(array, (count, *array.shape[1:]))


def join(pieces: Sequence[tuple[Any, int]], kind: Kind) -> Any:
    """The values of consecutive groups of programs, (value, number of programs) each, as one value."""
    pieces = [p for p in pieces if p[1]]
    if len(pieces) == 1:
        return pieces[0][0]
    first = pieces[0][0]
    if all(p[0] is first for p in pieces) and not _varies(first):
        return first
    strided = all(isinstance(v, Affine) and all(isinstance(t, int) for t in v.terms) for v, _ in pieces)
    if strided and all(v.terms == first.terms for v, _ in pieces):
        offsets = [np.broadcast_to(np.asarray(v.offset, np.int64), (n,)) for v, n in pieces]
        return Affine(np.concatenate(offsets), first.terms, first.shape, first.dtype)
    if any(isinstance(v, Partial) for v, _ in pieces):
        data = join([(written_out(v), n) for v, n in pieces], kind)
        rank = len(kind.shape)
        known = [
            (v.defined_array() if isinstance(v, Partial) else np.ones((1,) * (rank + 1), np.bool_), n)
            for v, n in pieces
        ]
        return Partial(data, join(known, kind.truth()))
    if not hasattr(first, "join_programs"):
        arrays = [_spread(v, n, kind) for v, n in pieces]
        shape = np.broadcast_shapes(*(a.shape[1:] for a in arrays))
        return np.concatenate([np.broadcast_to(a, (len(a), *shape)) for a in arrays])
    return first.join_programs(pieces)


def _varies(value: Any) -> bool:
    if is_array(value):
        return value.ndim > 0 and len(value) > 1
    if isinstance(value, Affine):
        return not isinstance(value.offset, int) or any(not isinstance(t, int) for t in value.terms)
    return isinstance(value, Mask | Partial) or hasattr(value, "take_programs")


def uniform(value: Any) -> Any:
    """A per-program scalar as a Python number, when all programs agree; else itself."""
    if is_array(value) and value.ndim:
        if len(value) > FEW:
            return value[0].item() if bool((value == value[0]).all()) else value
        # A list of so few numbers is compared faster than an array.
        numbers = value.tolist()
        if numbers.count(numbers[0]) == len(numbers):
            return numbers[0]
    elif isinstance(value, np.generic):
        return value.item()  # pyright: ignore[reportUnknownVariableType]
    return value


# scf.for


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
    _check_step(step)
    carried = [_guard(v) for v in inits]
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


def _guard(value: Any) -> Any:
    """A loop may overwrite what it carries, but not the value that it began with."""
    if type(value) is np.ndarray and value.ndim and value.flags.writeable:
        value = value.view()
        value.flags.writeable = False
    return value


def _check_step(step: Any) -> None:
    if type(step) is int and step > 0:
        return
    if np.min(step) <= 0:
        raise RunError(f"scf.for steps by {np.min(step)}", rule="the step of a loop is positive")


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
            carried = [take(v, prefix) for v in carried]
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
    _check_step(step)
    carried: Sequence[Any] = [_guard(v) for v in inits]
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


# scf.if


def run_if(
    then: Body,
    then_outer: Sequence[Any],
    other: Body,
    other_outer: Sequence[Any],
    kinds: Sequence[Kind],
    c: Chunk,
    condition: Any,
) -> Sequence[Any]:
    """Runs each side on the programs that take it."""
    condition = uniform(known(condition, "scf.if"))
    if not is_array(condition):
        return then(c, *then_outer) if condition else other(c, *other_outer)
    yes, no = np.flatnonzero(condition), np.flatnonzero(~condition)
    a = then(c.take(yes), *(take(v, yes) for v in then_outer))
    b = other(c.take(no), *(take(v, no) for v in other_outer))
    back = np.argsort(np.concatenate([yes, no]), kind="stable")
    return [take(join([(x, len(yes)), (y, len(no))], kind), back) for x, y, kind in zip(a, b, kinds, strict=True)]


def run_if_stepwise(
    then: Turns,
    then_outer: Sequence[Any],
    other: Turns,
    other_outer: Sequence[Any],
    kinds: Sequence[Kind],
    c: Chunk,
    condition: Any,
) -> Generator[bool, None, Sequence[Any]]:
    """`run_if` for one program that may wait."""
    if uniform(known(condition, "scf.if")):
        return (yield from then(c, *then_outer))
    return (yield from other(c, *other_outer))


def known(value: Any, what: str, does: str = "branches on") -> Any:
    """A scalar that decides where to go, which must be defined."""
    if isinstance(value, Partial):
        if not bool(value.defined_array().all()):
            raise undefined(f"'{what}'", does)
        return value.data
    return value


def nothing(_c: Chunk) -> tuple[()]:
    """The missing else of an `scf.if` without results."""
    return ()


@meaning("scf.if")
def emit_if(em: Emitter, op: Any) -> None:
    emit_branch(em, op, nothing)


def undefined_of(kind: Kind) -> Partial:
    """A value of a kind, of which nothing is defined."""
    extents = (1,) * (len(kind.shape) + 1)
    return Partial(np.zeros(extents, kind.dtype.carrier), np.zeros(extents, np.bool_))


def emit_branch(em: Emitter, op: Any, missing: Callable[[Chunk], Sequence[Any]]) -> None:
    """The first region where the first operand is true, elsewhere the second one, or `missing` where there is none."""

    def missing_stepwise(c: Chunk) -> Generator[bool, None, Sequence[Any]]:
        return missing(c)
        yield False

    then, then_outer = em.region(op.regions[0])
    if len(op.regions) > 1 and op.regions[1].blocks:
        other, other_outer = em.region(op.regions[1])
    else:
        other, other_outer = em.const(missing_stepwise if em.stepwise else missing, "nothing"), []
    kinds = em.const([Kind(r.type) for r in op.results], "kinds")
    driver = em.const(run_if_stepwise if em.stepwise else run_if, "run_if")
    results = "".join(em.define(r) + ", " for r in op.results)
    em.line(
        f"{results + '= ' if results else ''}{em.give}{driver}({then}, [{', '.join(then_outer)}], "
        f"{other}, [{', '.join(other_outer)}], {kinds}, c, {em.ref(op.operands[0])})",
        op,
    )


# scf.while


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
    carried: Sequence[Any] = [_guard(v) for v in inits]
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
    carried: Sequence[Any] = [_guard(v) for v in inits]
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


@meaning(
    *("scf.yield", "scf.condition", "tt.return", "func.return", "linalg.yield", "linalg_ext.yield"),
    *("tt.reduce.return", "tt.scan.return", "tt.map_elementwise.return", "ttg.mask.return", "ttg.warp_yield"),
    "ttg.warp_return",
)
def emit_return(em: Emitter, op: Any) -> None:
    values = f"({''.join(em.ref(v) + ', ' for v in op.operands)})"
    em.line(f"return {f'{LEAVES}, {values}' if op.parent in em.targets else values}", op)


# scf.forall


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
        _check_step(st)
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
