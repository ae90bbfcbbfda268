"""ttg.warp_specialize: partitions of a program's warps run side by side, and wait for one another at barriers.

Each is a generator; they take turns within the turn of their program (turns.py), the default region first.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from minilinalg.errors import MinilinalgError
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.engine import Emitter
from minilinalg.interp.meanings import meaning

Partition = Generator[bool, None, Sequence[Any]]


def run_partitions(
    c: Chunk,
    default: Callable[..., Partition],
    outer: Sequence[Any],
    others: Sequence[Callable[..., Partition]],
    captures: Any,
) -> Partition:
    """Runs all to their ends; what the default region yields. Gives way once a round, saying whether any went on."""
    results: Sequence[Any] = ()
    running = [default(c, *outer), *(partition(c, *captures) for partition in others)]
    first = running[0]
    while True:
        moved = False
        for one in list(running):
            try:
                moved |= next(one)
            except StopIteration as ended:
                moved = True
                running.remove(one)
                results = ended.value if one is first else results
        if not running:
            return results
        try:
            yield moved
        except MinilinalgError as error:
            # That nothing goes on any more is said where one of them waits.
            running[0].throw(error)


@meaning("ttg.warp_specialize")
def emit_warp_specialize(em: Emitter, op: Any) -> None:
    default, outer = em.region(op.default_region)
    others = [em.region(region)[0] for region in op.partitions.partition_regions]
    results = "".join(em.define(result) + ", " for result in op.default_passthrough)
    em.line(
        f"{f'{results}= ' if results else ''}yield from {em.const(run_partitions, 'run_partitions')}"
        f"(c, {default}, [{', '.join(outer)}], [{', '.join(others)}], [{em.refs(op.partitions.explicit_captures)}])",
        op,
    )
