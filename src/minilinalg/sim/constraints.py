"""What a machine cannot execute: found when the program is written where it can be, else when it runs.

Static are memories, paths, counts and the addresses of buffers (dialects/simd/constraints.py has the rules of an
instruction); where a view begins, and how large it is, may be known no earlier than when the program runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Operation, SSAValue

from minilinalg.analysis.aliasing import root_of
from minilinalg.analysis.footprint import ADDRESS
from minilinalg.dialects import simd
from minilinalg.dialects.upstream import memref
from minilinalg.errors import InputError, LaunchError, MinilinalgError, RunError
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.engine import Emitter
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.observers import Observer
from minilinalg.interp.views import MemRef
from minilinalg.locations import places_of
from minilinalg.sim.overlaps import watch_overlaps
from minilinalg.targets import Target


class ConstraintWatch(Observer):
    """Refuses what the target cannot execute. Adds a line only to what must be looked at when it runs."""

    def __init__(self, target: Target):
        self.target = target

    def before(self, em: Emitter, op: Operation) -> None:
        if isinstance(op, memref.AllocOp) and ADDRESS in op.attributes:
            check_buffer(op, self.target)
        if not isinstance(op, simd.Instruction):
            return
        try:
            simd.check_instruction(op, self.target)
        except MinilinalgError as error:
            raise error.at(places_of(op)) from None
        if not isinstance(op, simd.Indexed | simd.Atomic):
            watch_overlaps(em, op, self.target)
        if isinstance(op, simd.DmaOp):
            if not _sizes_are_the_same(op.inputs[0], op.outputs[0]):
                em.line(f"{em.const(_check_sizes, 'sizes')}(c, {em.refs((op.inputs[0], op.outputs[0]))})", op)
        elif not isinstance(op, simd.Indexed | simd.Atomic):
            moved = [v for v in (*op.input_buffers, *op.outputs) if simd.offset_of(cast("simd.Buffer", v.type)) is None]
            if moved:
                check = em.const(_check_starts(op, moved, self.target), "starts")
                em.line(f"{check}(c, [{em.refs(moved)}])", op)


def check_buffer(op: memref.AllocOp, target: Target) -> None:
    """Raises InputError unless the address of a buffer is one where its memory has room for it.

    A buffer needs as much room as an instruction on it touches, whose count is rounded up.
    """
    type = op.memref.type
    space, address = target.space(simd.space_of(type)), cast("IntegerAttr[Any]", op.attributes[ADDRESS]).value.data
    name = f"buffer '%{op.memref.name_hint}'" if op.memref.name_hint else "a buffer"
    if address % space.alignment or address < 0:
        raise InputError(
            f"{name} is at address {address} of {space.name}",
            rule=f"a buffer in {space.name} of '{target.name}' begins at a multiple of {space.alignment} bytes",
            places=places_of(op),
        )
    end = address + simd.reserved_bytes(type, target)
    if end > space.usable:
        raise InputError(
            f"{name} is over capacity: {end - address} bytes at address {address} reach up to byte {end} of "
            f"{space.name}",
            rule=f"'{target.name}' has {space.usable} bytes of {space.name} for a program",
            hint=f"memref-plan places buffers so that those which are not needed together share {space.name}",
            places=places_of(op),
        )


def check_room(memory: GlobalMemory, has_results: bool, target: Target) -> None:
    """Raises LaunchError when the arrays of a launch do not fit into global memory, which is no pass's mistake."""
    space, nbytes = target.global_space, sum(s.nbytes for s in memory.segments)
    if nbytes > space.usable:
        raise LaunchError(
            f"the arguments{' and results' if has_results else ''} are over capacity: they have {nbytes} bytes",
            rule=f"'{target.name}' has {space.usable} bytes of {space.name} for a program",
        )


def _check_starts(op: simd.Instruction, operands: Sequence[SSAValue], target: Target) -> Callable[..., None]:
    alignment = target.vector.alignment

    def check(c: Chunk, views: Sequence[MemRef]) -> None:
        for value, view in zip(operands, views, strict=True):
            offsets = np.atleast_1d(np.asarray(view.offset))
            wrong = np.flatnonzero(offsets % alignment)
            if len(wrong):
                core = core_number(c, int(wrong[0]))
                name = root_of(value).name_hint
                elements = alignment // view.dtype.itemsize
                raise RunError(
                    f"'{op.name}' is out of alignment: its operand{f', a part of %{name},' if name else ''} begins at "
                    f"byte {offsets[wrong[0]]} of {simd.space_of(cast('simd.Buffer', value.type))} on core {core}",
                    rule=f"an operand of '{target.name}' begins at a multiple of {alignment} bytes",
                    hint=f"{alignment} bytes are {elements} elements of {view.dtype.name}" if elements > 1 else None,
                )

    return check


def core_number(c: Chunk, row: int) -> int:
    """The number of the core that is `row` among those that run."""
    rows = c.size if c.arenas is None else c.arenas.rows
    return int(np.arange(rows)[c.active][row])


def _check_sizes(c: Chunk, source: MemRef, target: MemRef) -> None:
    for dim, (n, m) in enumerate(zip(source.sizes, target.sizes, strict=True)):
        if n is not m and np.any(differ := np.atleast_1d(np.not_equal(n, m))):
            row = int(np.flatnonzero(differ)[0])
            have, want = (int(np.broadcast_to(np.asarray(s), (c.size,))[row]) for s in (n, m))
            raise RunError(
                f"'simd.dma' copies {have} elements along dimension {dim} to a place for {want} on core "
                f"{core_number(c, row)}",
                rule="source and destination of a copy have equal extents",
            )


def _sizes_are_the_same(source: SSAValue, target: SSAValue) -> bool:
    """Whether the extents of two buffers are static, or given by the same values."""
    sizes = [getattr(value.owner, "sizes", None) for value in (source, target)]
    types = [cast("simd.Buffer", value.type) for value in (source, target)]
    dynamic = [simd.static_count(type) is None for type in types]
    if not any(dynamic):
        return True
    a, b = sizes
    return (
        all(dynamic)
        and a is not None
        and b is not None
        and types[0].get_shape() == types[1].get_shape()
        and len(a) == len(b)
        and all(x is y for x, y in zip(a, b, strict=True))
    )
