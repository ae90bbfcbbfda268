"""What loads of a pipelined loop read ahead, and the stores that come too late for them.

A loop of several stages loads for a turn while earlier ones still run, and so before what those store. That is another
answer where one of them stores what was read. A pass that lets loads begin early says of the arguments that may meet
so (`ml.read_ahead`), and on each of the loads how far ahead it reads (`ml.ahead = n`): until n more turns of its loop
have begun (in front of the loop, none has), no store of its program may touch what it read. Only a launch in which such
arguments share memory is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Block, Operation

from minilinalg.abi import AHEAD
from minilinalg.dialects.tt.memory import pointee_type
from minilinalg.dialects.upstream import scf
from minilinalg.errors import LaunchError
from minilinalg.interp.access import lanes_of
from minilinalg.interp.bulk_copy import of_blocks
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.descriptors import Descriptor
from minilinalg.interp.dtypes import Array, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.lanes import Lanes
from minilinalg.interp.memory import BASE, GlobalMemory
from minilinalg.interp.observers import Observer
from minilinalg.interp.tensor_maps import InMemory, descriptor_of
from minilinalg.interp.values import Partial, take, written_out
from minilinalg.locations import places_of

STORES = (
    "tt.store",
    "tt.descriptor_store",
    "ttng.async_tma_copy_local_to_global",
    "simt.store_global",
    "simt.bulk_tensor_store",
)
OF_BLOCK = 40
"""Where in a key the number of the block begins; below it lies the address."""


class _Read(NamedTuple):
    """What an operation has read ahead: words of `size` bytes (n,), and how many turns must have begun until then."""

    op: Operation
    size: int
    keys: Array
    until: Array


class ReadAhead:
    """What the programs of one run have read ahead. ranges: from where to where arguments share memory."""

    def __init__(self, grid: tuple[int, int, int], ranges: Sequence[tuple[int, int]]):
        self.grid, self.ranges = grid, ranges
        self.begun = np.zeros(grid[0] * grid[1] * grid[2], np.int64)
        """How many turns of its pipelined loop each program has begun."""
        self.reads: list[_Read] = []

    def turn(self, c: Chunk) -> None:
        """The programs begin a turn."""
        self.begun[c.numbers] += 1
        self._keep([self.begun[read.keys >> OF_BLOCK] < read.until for read in self.reads])

    def end(self, c: Chunk) -> None:
        """Their loop has ended."""
        programs = c.numbers
        self.begun[programs] = 0
        self._keep([~np.isin(read.keys >> OF_BLOCK, programs) for read in self.reads])

    def _keep(self, which: Sequence[Array]) -> None:
        pairs = zip(self.reads, which, strict=True)
        self.reads = [r._replace(keys=r.keys[kept], until=r.until[kept]) for r, kept in pairs if kept.any()]

    def _keys(self, c: Chunk, addresses: Array, lanes: Array | None) -> Array:
        full = np.broadcast_to(addresses, (c.size, *addresses.shape[1:]))
        here = np.zeros(full.shape, np.bool_)
        for low, high in self.ranges:
            here |= (full >= low) & (full < high)
        if lanes is not None:
            here &= lanes
        numbers = c.numbers.reshape(-1, *[1] * (full.ndim - 1)) << OF_BLOCK
        return np.unique((numbers + (full - BASE))[here])

    def read(self, c: Chunk, op: Operation, ahead: int, size: int, addresses: Array, lanes: Array | None) -> None:
        """The programs have read words of `size` bytes, `ahead` turns before those in which they are used."""
        keys = self._keys(c, addresses, lanes)
        if len(keys):
            self.reads.append(_Read(op, size, keys, self.begun[keys >> OF_BLOCK] + ahead))

    def write(self, c: Chunk, op: Operation, size: int, addresses: Array, lanes: Array | None) -> None:
        """The programs are about to write words. Raises LaunchError where a later turn has read one of them."""
        keys = self._keys(c, addresses, lanes)
        for read in self.reads:
            # A word lies at a multiple of its size: two meet where the larger one holds the beginning of the other.
            words = -max(size, read.size)
            met = np.isin(read.keys & words, keys & words) & (self.begun[read.keys >> OF_BLOCK] < read.until)
            if met.any():
                raise self._error(c, op, read, int(read.keys[int(met.argmax())]))

    def _error(self, c: Chunk, op: Operation, read: _Read, key: int) -> LaunchError:
        address, program = (key & ((1 << OF_BLOCK) - 1)) + BASE, key >> OF_BLOCK
        segment = c.memory.segment(address, address + 1, f"'{op.name}'")
        gx, gy, _ = self.grid
        at = f" at {places_of(read.op)[0]}" if places_of(read.op) else ""
        return LaunchError(
            f"arguments '{', '.join(segment.names)}' share memory, and '{op.name}' writes byte "
            f"{address - segment.address} of it in program {(program % gx, program // gx % gy, program // (gx * gy))}, "
            f"which '{read.op.name}'{at} has read ahead for a later turn of the loop",
            rule="a loop of several stages loads before what earlier turns store: a turn may store what it has loaded "
            "itself, and nothing that a later one loads",
            hint="a copy of one of the arrays, or a loop of one stage (tl.range(..., num_stages=1))",
            places=places_of(op),
        )


def reads_ahead(func: Operation) -> bool:
    """Whether anything in a function says that it reads ahead."""
    return any(AHEAD in op.attributes for op in func.walk())


def start(memory: GlobalMemory, grid: tuple[int, int, int]) -> None:
    """Has a run looked at, if arguments share memory in it that must not meet (binding.py)."""
    if memory.shared_ahead:
        memory.read_ahead = ReadAhead(grid, memory.shared_ahead)


class ReadAheadWatch(Observer):
    """Adds lines that tell `memory.read_ahead` of turns, of what is read ahead, and of stores."""

    def before(self, em: Emitter, op: Operation) -> None:
        block = op.parent
        if block is not None and op is block.first_op and _is_pipelined(block):
            em.line(f"{em.const(_turn, 'turn')}(c)")
        if op.name in STORES:
            self._tell(em, op, None)

    def after(self, em: Emitter, op: Operation) -> None:
        if isinstance(op, scf.ForOp) and _is_pipelined(op.body.block):
            em.line(f"{em.const(_end, 'end')}(c)")
        elif isinstance(ahead := op.attributes.get(AHEAD), IntegerAttr) and _belongs_to_loop(op):
            self._tell(em, op, ahead.value.data)

    def unused(self, em: Emitter, op: Operation) -> None:
        block = op.parent
        if block is not None and op is block.first_op and _is_pipelined(block):
            em.line(f"{em.const(_turn, 'turn')}(c)")

    @staticmethod
    def _tell(em: Emitter, op: Any, ahead: int | None) -> None:
        what = f"'{op.name}'"

        def told(c: Chunk, watch: ReadAhead, size: int, addresses: Array, lanes: Array | None) -> None:
            if ahead is None:
                watch.write(c, op, size, addresses, lanes)
            else:
                watch.read(c, op, ahead, size, addresses, lanes)

        if (tensor := getattr(op, "map", None) or getattr(op, "desc", None)) is not None:
            box, size = tuple(tensor.type.get_shape()), dtype_of(tensor.type.element_type).itemsize
            coords = next(getattr(op, name) for name in ("coords", "coord", "indices") if hasattr(op, name))
            when = getattr(op, "when", None) or getattr(op, "pred", None)

            def of_box(c: Chunk, tensor: Descriptor | InMemory, origin: Sequence[Any], when: Any) -> None:
                watch = c.memory.read_ahead
                if watch is None:
                    return
                found = (c, None) if when is None else of_blocks(c, np.atleast_1d(written_out(when)), what)
                if found is None:
                    return
                here, programs = found
                if programs is not None:
                    tensor, origin = tensor.take_programs(programs), [take(n, programs) for n in origin]
                pointer, inside = descriptor_of(here, tensor).block(origin, box)
                told(here, watch, size, *lanes_of(pointer, inside, box, what))

            given = f"{em.ref(tensor)}, [{em.refs(coords)}], {'None' if when is None else em.ref(when)}"
            em.line(f"{em.const(of_box, 'ahead')}(c, {given})", op)
            return

        pointer = next(getattr(op, name) for name in ("ptr", "src", "source", "address") if hasattr(op, name))
        masks = [mask for name in ("mask", "when") if (mask := getattr(op, name, None)) is not None]
        of_threads, shape = op.name.startswith("simt."), shape_of(pointer.type)
        size = _bytes(op, pointer)

        def of_elements(c: Chunk, pointer: Any, masks: Sequence[Any]) -> None:
            watch = c.memory.read_ahead
            if watch is None:
                return
            mask, full = masks[0] if masks else None, shape
            if of_threads:
                mask = None
                for each in masks:
                    lanes = Lanes.of(each, what)
                    active = None if lanes is None else lanes.array(c.size)
                    mask = active if mask is None else mask if active is None else mask & active
                if not shape:
                    full, data = (1, 1), pointer.data if type(pointer) is Partial else pointer
                    pointer = np.asarray(data, np.int64).reshape(-1, 1, 1)
                    mask = None if mask is None else mask.reshape(-1, 1, 1)
            told(c, watch, size, *lanes_of(pointer, mask, full, what))

        em.line(f"{em.const(of_elements, 'ahead')}(c, {em.ref(pointer)}, [{em.refs(masks)}])", op)


def _bytes(op: Any, pointer: Any) -> int:
    if not op.name.startswith("simt."):
        return dtype_of(pointee_type(pointer.type)).itemsize
    if op.name == "simt.cp_async":
        return int(op.bytes.value.data)
    data = op.result if op.name == "simt.load_global" else op.value
    count = shape_of(data.type)[-1] // (shape_of(pointer.type) or (1,))[-1] if shape_of(data.type) else 1
    return count * dtype_of(data.type).itemsize


def _is_pipelined(block: Block) -> bool:
    return isinstance(block.parent_op(), scf.ForOp) and any(AHEAD in op.attributes for op in block.ops)


def _belongs_to_loop(op: Operation) -> bool:
    """Whether it is in a pipelined loop or in front of one. A loop of one turn may be none any more."""
    if op.parent is not None and _is_pipelined(op.parent):
        return True
    behind = op.next_op
    while behind is not None:
        if isinstance(behind, scf.ForOp) and _is_pipelined(behind.body.block):
            return True
        behind = behind.next_op
    return False


def _turn(c: Chunk) -> None:
    if (watch := c.memory.read_ahead) is not None:
        watch.turn(c)


def _end(c: Chunk) -> None:
    if (watch := c.memory.read_ahead) is not None:
        watch.end(c)
