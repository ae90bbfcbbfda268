"""cf: regions of several blocks, as an early return makes them.

Programs stand in front of blocks. The first block in reverse post-order at which any stand runs next, with all of them:
where ways meet again, and at the head of a loop, programs so wait for the others, and what comes after a loop runs
once, for all.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from xdsl.ir import Block, Operation, Region, SSAValue

from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array, is_array
from minilinalg.interp.engine import LEAVES, Emitter
from minilinalg.interp.joining import Kind, join, known, uniform
from minilinalg.interp.meanings import meaning
from minilinalg.interp.scf.regions import Turns
from minilinalg.interp.turns import State
from minilinalg.interp.values import take

Step = tuple[int, Sequence[Any]]
"""The number of the next block (or LEAVES), and the values that it takes."""


def reverse_post_order(region: Region) -> list[Block]:
    """The blocks that can be reached, each before those that follow it, but for the way back of a loop."""
    entry = region.blocks[0]
    done: list[Block] = []
    seen = {entry}
    stack = [(entry, iter(_successors(entry)))]
    while stack:
        block, following = stack[-1]
        new = next((b for b in following if b not in seen), None)
        if new is None:
            done.append(block)
            stack.pop()
        else:
            seen.add(new)
            stack.append((new, iter(_successors(new))))
    return done[::-1]


def _successors(block: Block) -> Sequence[Block]:
    return block.last_op.successors if block.last_op is not None else ()


def values_needed(blocks: Sequence[Block]) -> dict[Block, list[SSAValue]]:
    """For each block, the values of the other blocks that it and what follows it use."""
    made: dict[Block, set[SSAValue]] = {}
    needed: dict[Block, dict[SSAValue, None]] = {}
    for block in blocks:
        made[block] = {*block.args, *(r for op in block.ops for r in op.results)}
    everywhere = set[SSAValue]().union(*made.values())
    for block in blocks:
        used = (o for op in block.ops for inner in op.walk() for o in inner.operands)
        needed[block] = {v: None for v in used if v in everywhere and v not in made[block]}
    changed = True
    while changed:
        changed = False
        for block in reversed(blocks):
            for successor in _successors(block):
                for value in needed[successor]:
                    if value not in made[block] and value not in needed[block]:
                        needed[block][value] = None
                        changed = True
    return {block: list(values) for block, values in needed.items()}


def write_blocks(em: Emitter, name: str, given: Sequence[str], region: Region) -> None:
    """Writes the body of the function of `region`: a call of the driver, on a function for each block.

    given: the variables that all blocks may use, beside the chunk.
    """
    blocks = reverse_post_order(region)
    needed = values_needed(blocks)
    em.targets.update((block, (number, needed[block])) for number, block in enumerate(blocks))
    for number, block in enumerate(blocks):
        if number:
            for argument in block.args:
                em.define(argument)
        parameters = ["c", *given, *(em.ref(v) for v in (*needed[block], *block.args))]
        with em.body(f"{name}_b{number}", parameters, block):
            for op in block.ops:
                em.emit(op)
    kinds = em.const([[Kind(v.type) for v in (*needed[b], *b.args)] for b in blocks], "kinds")
    functions = ", ".join(f"{name}_b{number}" for number in range(len(blocks)))
    outer, values = ", ".join(given), em.refs(blocks[0].args)
    if em.stepwise:
        waits = em.const([block.last_op in em.waiting for block in blocks], "waits")
        driver = em.const(run_blocks_stepwise, "run_blocks")
        em.line(f"return (yield from {driver}([{functions}], {waits}, c, [{outer}], [{values}]))")
    else:
        results = em.const([Kind(v.type) for v in _results(blocks)], "kinds")
        driver = em.const(run_blocks, "run_blocks")
        em.line(f"return {driver}([{functions}], {kinds}, {results}, c, [{outer}], [{values}])")


def _results(blocks: Sequence[Block]) -> Sequence[SSAValue]:
    """What the region is left with, as one of its ends hands it on."""
    last = next((b.last_op for b in blocks if b.last_op is not None and not b.last_op.successors), None)
    return () if last is None else last.operands


@dataclass
class _Standing:
    """Programs in front of a block, in order (None: all there are), with their values."""

    programs: Array | None
    values: Sequence[Any]


def _gathered(groups: Sequence[_Standing], kinds: Sequence[Kind]) -> _Standing:
    if len(groups) == 1:
        return groups[0]
    programs = np.concatenate([g.programs for g in groups if g.programs is not None])
    order = np.argsort(programs, kind="stable")
    pieces = [(g.values, len(g.programs)) for g in groups if g.programs is not None]
    values = [take(join([(vs[i], n) for vs, n in pieces], kind), order) for i, kind in enumerate(kinds)]
    return _Standing(programs[order], values)


def run_blocks(
    blocks: Sequence[Callable[..., Any]],
    kinds: Sequence[Sequence[Kind]],
    results: Sequence[Kind],
    c: Chunk,
    outer: Sequence[Any],
    values: Sequence[Any],
) -> Sequence[Any]:
    """Runs the blocks until every program has left; returns what they left with.

    A block returns a `Step`, or a condition and the steps where it holds and where it does not.
    """
    pending: dict[int, list[_Standing]] = {0: [_Standing(None, values)]}
    left: list[_Standing] = []
    while pending:
        number = min(pending)
        standing = _gathered(pending.pop(number), kinds[number])
        programs = standing.programs
        if programs is not None and len(programs) == c.size:
            programs = None
        here = c if programs is None else c.take(programs)
        around = outer if programs is None else [take(v, programs) for v in outer]
        for index, (following, handed) in _steps(blocks[number](here, *around, *standing.values)):
            if index is None:
                group = _Standing(programs, handed)
            else:
                group = _Standing(index if programs is None else programs[index], [take(v, index) for v in handed])
            if following == LEAVES:
                left.append(group)
            else:
                pending.setdefault(following, []).append(group)
    return _gathered(left, results).values


def _steps(end: Any) -> Sequence[tuple[Array | None, Step]]:
    """The ways that a block's programs take: (which of them, or None for all; where to)."""
    if len(end) == 2:
        return [(None, end)]
    condition, yes, no = end
    condition = uniform(known(condition, "cf.cond_br"))
    if not is_array(condition):
        return [(None, yes if condition else no)]
    return [(np.flatnonzero(condition), yes), (np.flatnonzero(~condition), no)]


def run_blocks_stepwise(
    blocks: Sequence[Turns], waits: Sequence[bool], c: Chunk, outer: Sequence[Any], values: Sequence[Any]
) -> Generator[bool, None, Sequence[Any]]:
    """`run_blocks` for one program that may wait."""
    number = 0
    states = [State() for _ in blocks]
    while True:
        end: Any = yield from blocks[number](c, *outer, *values)
        ((_, (following, values)),) = _steps(end)
        if following == LEAVES:
            return values
        if waits[number]:
            yield states[number].changed(values, outer)
        number = following


def _step(em: Emitter, block: Block, operands: Sequence[SSAValue]) -> str:
    number, needed = em.targets[block]
    return f"({number}, ({''.join(em.ref(v) + ', ' for v in (*needed, *operands))}))"


@meaning("cf.br")
def emit_br(em: Emitter, op: Operation) -> None:
    em.line(f"return {_step(em, op.successors[0], op.operands)}", op)


@meaning("cf.cond_br")
def emit_cond_br(em: Emitter, op: Any) -> None:
    yes = _step(em, op.successors[0], op.then_arguments)
    no = _step(em, op.successors[1], op.else_arguments)
    em.line(f"return {em.ref(op.operands[0])}, {yes}, {no}", op)
