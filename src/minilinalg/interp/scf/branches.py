"""`scf.if` and what is like it: each side runs on the programs that take it. And the ends of regions."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np

from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import is_array
from minilinalg.interp.engine import LEAVES, Emitter
from minilinalg.interp.joining import Kind, join, known, uniform
from minilinalg.interp.meanings import meaning
from minilinalg.interp.scf.regions import Body, Turns
from minilinalg.interp.values import take


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


def nothing(_c: Chunk) -> tuple[()]:
    """The missing else of an `scf.if` without results."""
    return ()


@meaning("scf.if")
def emit_if(em: Emitter, op: Any) -> None:
    emit_branch(em, op, nothing)


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


@meaning(
    *("scf.yield", "scf.condition", "tt.return", "func.return", "linalg.yield", "linalg_ext.yield"),
    *("tt.reduce.return", "tt.scan.return", "tt.map_elementwise.return", "ttg.mask.return", "ttg.warp_yield"),
    "ttg.warp_return",
)
def emit_return(em: Emitter, op: Any) -> None:
    values = f"({''.join(em.ref(v) + ', ' for v in op.operands)})"
    em.line(f"return {f'{LEAVES}, {values}' if op.parent in em.targets else values}", op)
