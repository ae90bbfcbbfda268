"""Instructions that read where they write: only an elementwise one may, and only exactly where it writes.

An instruction takes its elements in pieces, and in an order that is nobody's business: what it has written by then, it
must not read. An elementwise one whose input is its output reads each element before it writes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import SSAValue

from minilinalg.analysis.aliasing import root_of
from minilinalg.analysis.footprint import ADDRESS
from minilinalg.dialects import simd
from minilinalg.dialects.upstream import memref
from minilinalg.errors import RunError
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.engine import Emitter
from minilinalg.interp.views import MemRef, groups, plain
from minilinalg.sim.byte_sets import View, shared
from minilinalg.targets import Target


def watch_overlaps(em: Emitter, op: simd.Instruction, target: Target) -> None:
    """Adds a line that raises RunError where an input of `op` shares bytes with its output; none where that is known
    not to be."""
    for output in op.outputs:
        inputs = [v for v in op.input_buffers if _may_overlap(op, v, output, target)]
        if inputs:
            check = em.const(_Overlaps(op, inputs, output), "overlaps")
            em.line(f"{check}(c, [{em.refs(inputs)}], {em.ref(output)})", op)


def _may_overlap(op: simd.Instruction, a: SSAValue, b: SSAValue, target: Target) -> bool:
    spaces = [simd.space_of(cast("simd.Buffer", v.type)) for v in (a, b)]
    if spaces[0] != spaces[1] or (a is b and isinstance(op, simd.Elementwise)):
        return False
    first, second = (_bytes_of(root_of(v), target) for v in (a, b))
    if first is None or second is None:
        return True
    return first[0] < second[1] and second[0] < first[1]


def _bytes_of(root: SSAValue | None, target: Target) -> tuple[int, int] | None:
    """Where a buffer with an address lies."""
    owner = None if root is None else root.owner
    if not isinstance(owner, memref.AllocOp) or ADDRESS not in owner.attributes:
        return None
    first = cast("IntegerAttr[Any]", owner.attributes[ADDRESS]).value.data
    return first, first + simd.reserved_bytes(owner.memref.type, target)


class _Overlaps:
    """Looks at the views of the cores that run."""

    def __init__(self, op: simd.Instruction, inputs: Sequence[SSAValue], output: SSAValue):
        self.op, self.inputs, self.output = op, inputs, output

    def __call__(self, c: Chunk, inputs: Sequence[MemRef], output: MemRef) -> None:
        for value, view in zip(self.inputs, inputs, strict=True):
            for memory, read, lanes in _views(view, c.size):
                for other_memory, written, other in _views(output, c.size):
                    if other_memory is not memory:
                        continue
                    both = np.intersect1d(np.arange(c.size)[lanes], np.arange(c.size)[other])
                    if len(both) and (found := self._shared(read, written)) is not None:
                        raise self._error(c, value, found, int(both[0]))

    def _shared(self, read: View, written: View) -> tuple[int, int] | None:
        if read == written and isinstance(self.op, simd.Elementwise):
            return None
        return shared(read, written)

    def _error(self, c: Chunk, value: SSAValue, found: tuple[int, int], row: int) -> RunError:
        rows = c.size if c.arenas is None else c.arenas.rows
        core = int(np.arange(rows)[c.active][row])
        space = simd.space_of(cast("simd.Buffer", value.type))
        name = root_of(value).name_hint
        return RunError(
            f"'{self.op.name}' overwrites its own input{f' %{name}' if name else ''}: it reads and writes bytes "
            f"{found[0]} to {found[1] - 1} of {space} on core {core}",
            rule="an instruction does not write what it reads, but for an elementwise one whose input is its output, "
            "element for element",
        )


def _views(m: MemRef, count: int) -> Iterator[tuple[Any, View, Any]]:
    """The memory, the bytes and the cores, for each group of cores that touch the same bytes."""
    rank, memory = len(m.sizes), m.storage if m.storage is not None else m.memory
    for lanes, row in groups([plain(n) for n in (m.offset, *m.sizes, *m.strides)], count):
        view = View(row[0], row[1 : rank + 1], row[rank + 1 :], m.dtype.itemsize)
        if not view.is_empty:
            yield memory, view, lanes
