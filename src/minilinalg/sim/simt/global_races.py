"""Races in global memory: two threads that touch one byte, one of them writing, and nothing that orders them.

Threads of a block are ordered by barriers, blocks by what atomics hand on (release_order.py). Beside each grain of an
array that is written stand up to three codes, for its last plain write, its last plain read and its last atomic: who,
where in the kernel, and when by the time of the block. Writes of the bytes that are there already are in no race with
others: threads that hold one element may all store it. Atomics are in no race with one another, whatever they do. And
what several threads read by one operation, the first of them may write: so an element is updated that many threads
hold. A thread that comes late reads it anew then, which is wrong if anybody uses what that one holds; it is not seen.

A code may stand for several threads of a block, or of several blocks; what was written alike by several is taken to be
read in order by any of them. (FastTrack's epochs: Flanagan and Freund, PLDI 2009.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from xdsl.ir import Operation

from minilinalg.errors import GlobalRaceError
from minilinalg.interp.dtypes import Array
from minilinalg.interp.memory import GlobalMemory, Segment
from minilinalg.locations import places_of
from minilinalg.sim.simt.global_access import Access
from minilinalg.sim.simt.release_order import MOST_BLOCKS, ReleaseOrder

WROTE, READ, UPDATED, SAW = "wrote", "read", "updated", "saw"
"""What an access did: a plain one, one that is atomic, and an atomic load."""
Values = Callable[[], Array]


class _Ranges:
    """From where to where a segment was accessed, and the accesses that left no codes yet."""

    def __init__(self) -> None:
        self._lows: Array = np.zeros(64, np.int64)
        self._highs: Array = np.zeros(64, np.int64)
        self._pending: list[tuple[str, Access] | None] = []

    def met(self, low: int, high: int) -> list[int]:
        """The numbers of what overlaps."""
        n = len(self._pending)
        return np.flatnonzero((self._lows[:n] < high) & (self._highs[:n] > low)).tolist()

    def take(self, number: int) -> tuple[str, Access] | None:
        """What left no codes, and will have left them."""
        found, self._pending[number] = self._pending[number], None
        return found

    def add(self, low: int, high: int, pending: tuple[str, Access] | None) -> None:
        """One more, unless the same was accessed before."""
        n = len(self._pending)
        if pending is None and ((self._lows[:n] <= low) & (self._highs[:n] >= high)).any():
            return
        if n == len(self._lows):
            self._lows, self._highs = np.tile(self._lows, 2), np.tile(self._highs, 2)
        self._lows[n], self._highs[n] = low, high
        self._pending.append(pending)


class _Shadow:
    """The codes beside one segment, of grains of so many bytes, and which of them there are."""

    def __init__(self, segment: Segment, grain: int):
        self.grain = grain
        self.count = -(-segment.nbytes // 16) * 16 // grain
        self.codes: dict[str, Array] = {}
        self.ranges = _Ranges()

    def of(self, what: str, size: int) -> Array:
        """(words of `size` bytes, grains in each)."""
        if what not in self.codes:
            self.codes[what] = np.zeros(self.count, np.int64)
        return self.codes[what].reshape(-1, size // self.grain)


class GlobalRaces:
    """What is known in one run of blocks of so many threads. Raises GlobalRaceError for a race.

    operations: by their numbers. grains: of each segment that is written, the bytes of its smallest access. hands_on:
    whether blocks may learn from atomics what others did.
    """

    def __init__(
        self,
        memory: GlobalMemory,
        grid: tuple[int, int, int],
        threads: int,
        operations: Sequence[Operation],
        grains: Sequence[tuple[Segment, int]],
        *,
        hands_on: bool,
    ):
        self.memory, self.grid, self.threads, self.operations = memory, grid, threads, operations
        self.blocks = grid[0] * grid[1] * grid[2]
        self.order = ReleaseOrder(self.blocks, threads)
        self.hands_on = hands_on and 1 < self.blocks <= MOST_BLOCKS
        self.between_blocks = not hands_on or self.blocks <= MOST_BLOCKS
        self.tracked = [segment for segment, _ in grains]
        """What anything is written to."""
        self._shadows = {id(segment): _Shadow(segment, grain) for segment, grain in grains}
        self.several, self.bulk, self.from_first = threads, threads + 1, threads + 2
        """Instead of a thread: several of a block, what copies in bulk, and (added to the first of them) several that
        accessed it by one operation."""
        self._op_bits = len(operations).bit_length()
        self._thread_bits = self._op_bits + (2 * threads + 1).bit_length()
        self._block_bits = self._thread_bits + self.blocks.bit_length()

    def tracks(self, segment: Segment) -> bool:
        """Whether anything is written there."""
        return id(segment) in self._shadows

    def read(self, access: Access, *, watches_atomics: bool = True) -> None:
        """Threads read. watches_atomics: whether what atomics changed must be ordered before it."""
        shadow = self._shadows[id(access.segment)]
        if self._is_first(shadow, READ, access):
            return
        for what in (WROTE, UPDATED) if watches_atomics else (WROTE,):
            if what in shadow.codes:
                before = _get(shadow.of(what, access.size), access.at)
                wrong = self._unordered(access, before, what, alike=what == WROTE)
                if wrong is not None:
                    raise self._error(access, wrong, before, "reads", what)
        self._mark(shadow, READ, access)

    def write(self, access: Access, values: Values | None) -> None:
        """Threads are about to write. values: the words, (P, T, A); None: any."""
        shadow = self._shadows[id(access.segment)]
        if self._is_first(shadow, WROTE, access):
            return
        alike: Array | None = None
        for what in (WROTE, READ, UPDATED):
            if what not in shadow.codes:
                continue
            before = _get(shadow.of(what, access.size), access.at)
            wrong = self._unordered(access, before, what)
            if wrong is None:
                continue
            worse = wrong
            if values is not None:
                there = self.memory.typed(access.segment, values().dtype)
                changes = _bytes(np.broadcast_to(values(), access.at.shape)) != _bytes(there[access.at])
                worse = wrong & changes.any(axis=-1)[..., None]
            if worse.any():
                raise self._error(access, worse, before, "writes", what)
            if what == WROTE:
                alike = wrong
        self._mark(shadow, WROTE, access, joins=alike, values=values)

    def update(self, access: Access, *, acquires: bool, releases: bool, changes: bool = True) -> None:
        """Threads have done an atomic. changes: whether it is more than a load."""
        if self.hands_on and (acquires or releases):
            self._hand_on(access, acquires, releases)
        if (shadow := self._shadows.get(id(access.segment))) is None:
            return
        if not changes:
            # A load leaves nothing behind: what reads and what writes in one step are in no race.
            self._settle(shadow, access)
        elif self._is_first(shadow, UPDATED, access):
            return
        for what in (WROTE, READ) if changes else (WROTE,):
            if what in shadow.codes:
                before = _get(shadow.of(what, access.size), access.at)
                wrong = self._unordered(access, before, what)
                if wrong is not None:
                    raise self._error(access, wrong, before, "updates" if changes else "reads", what)
        if changes:
            self._mark(shadow, UPDATED, access)

    def _settle(self, shadow: _Shadow, access: Access) -> bool:
        """Lets what was near leave its codes; whether anything was."""
        met = shadow.ranges.met(*access.range)
        for number in met:
            if (pending := shadow.ranges.take(number)) is not None:
                self._mark(shadow, *pending)
        return bool(met)

    def _is_first(self, shadow: _Shadow, what: str, access: Access) -> bool:
        """Whether nobody was near, and it is enough to remember the access; else what was there has left its codes."""
        waits = not self._settle(shadow, access) and (what == READ or not access.meets_itself)
        shadow.ranges.add(*access.range, (what, access) if waits else None)
        return waits

    def barrier(self, blocks: Array) -> None:
        """All threads of these blocks have waited for one another."""
        self.order.barrier(blocks)

    def _hand_on(self, access: Access, acquires: bool, releases: bool) -> None:
        shape = access.at.shape
        block = np.broadcast_to(access.blocks[:, None, None], shape)
        thread = np.broadcast_to(access.threads[:, None], shape)
        here = np.ones(shape, np.bool_) if access.here is None else np.broadcast_to(access.here, shape)
        addresses = access.segment.address + access.at[here] * access.size
        self.order.handed_on(block[here], thread[here], addresses, acquires=acquires, releases=releases)

    # Codes: from the lowest bits the operation, the thread, the block and the time.

    def _code(self, access: Access) -> Array:
        who = (access.blocks << self._thread_bits)[:, None, None] + (access.threads << self._op_bits)[:, None]
        when = access.when << self._block_bits
        return (who + when[:, None, None] + (access.number + 1))[..., None]

    def _thread(self, codes: Array) -> Array:
        return (codes >> self._op_bits) & ((1 << self._thread_bits - self._op_bits) - 1)

    def _block(self, codes: Array) -> Array:
        return (codes >> self._thread_bits) & ((1 << self._block_bits - self._thread_bits) - 1)

    def _who(self, codes: Array) -> Array:
        return (codes >> self._op_bits) & ((1 << self._block_bits - self._op_bits) - 1)

    def _is_several(self, thread: Array) -> Array:
        return (thread == self.several) | (thread >= self.from_first)

    def _unordered(self, access: Access, before: Array, what: str, *, alike: bool = False) -> Array | None:
        """Where what stands there was done by another thread that nothing orders before this access; None: nowhere.

        what: it did. alike: whether what several threads wrote alike is in order.
        """
        if not before.any():
            return None
        wrong = (before != 0) & (self._who(before) != self._who(self._code(access)))
        if access.here is not None:
            wrong &= access.here[..., None]
        if not wrong.any():
            return None
        block, thread = self._block(before), self._thread(before)
        mine = access.blocks[:, None, None, None]
        in_block = block == mine
        when = before >> self._block_bits
        ordered = in_block & (when < self.order.at_barrier[mine])
        if what == READ:
            ordered |= in_block & (thread == self.from_first + access.threads[:, None, None])
        if alike:
            ordered |= (in_block & self._is_several(thread)) | (block == self.blocks)
        if not self.between_blocks:
            ordered |= ~in_block
        wrong &= ~ordered
        if self.hands_on and (across := wrong & ~in_block).any():
            wrong[across] = ~self._handed(access, across, block, thread, when)
        return wrong if wrong.any() else None

    def _handed(self, access: Access, across: Array, block: Array, thread: Array, when: Array) -> Array:
        """Of these accesses, which are behind what another block did there."""
        mine, me = (
            np.broadcast_to(a, across.shape)[across]
            for a in (access.blocks[:, None, None, None], access.threads[:, None, None])
        )
        others = block[across]
        unknown = others == self.blocks
        known = self.order.behind(mine, me, np.where(unknown, 0, others), thread[across], when[across])
        # Of what several blocks did, it is not known what is handed on: whoever acquired something counts as behind.
        acquired = [b for b in set(mine.tolist()) if self.order.has_acquired((b,))]
        return np.where(unknown, np.isin(mine, acquired), known)

    def _together(self, codes: Array, mine: Array) -> Array:
        """Codes of these and mine together: several threads of a block, or of several blocks."""
        same = self._block(codes) == self._block(mine)
        block = np.where(same, self._block(mine), self.blocks)
        low = mine & ((1 << self._op_bits) - 1)
        when = mine >> self._block_bits
        at_once = same & (codes & ((1 << self._op_bits) - 1) == low) & (codes >> self._block_bits == when)
        firsts = [np.where(t < self.from_first, t, t - self.from_first) for t in map(self._thread, (codes, mine))]
        first = np.minimum(*firsts)
        # The first of one operation is the first of another one, too, where it comes across itself.
        again = same & (firsts[0] == firsts[1])
        thread = np.where((at_once | again) & (first < self.threads), self.from_first + first, self.several)
        return (when << self._block_bits) + (block << self._thread_bits) + (thread << self._op_bits) + low

    def _mark(
        self, shadow: _Shadow, what: str, access: Access, *, joins: Array | None = None, values: Values | None = None
    ) -> None:
        """Leaves the codes of an access. joins: where it belongs to what stands there. values: of a write."""
        table, at, mine = shadow.of(what, access.size), access.at, self._code(access)
        if what != WROTE and shadow.codes[what].any() and (old := _get(table, at)).any():
            # A read, or an atomic, beside others that nothing orders before it.
            joins = self._unordered(access, old, UPDATED)
        if joins is not None:
            mine = np.where(joins, self._together(_get(table, at), mine), mine)
        here = access.here
        while True:
            _set(table, at, mine, here)
            after = _get(table, at)
            lost = after != mine
            if here is not None:
                lost &= here[..., None]
            if not lost.any():
                return
            if what == WROTE and values is not None:
                self._check_alike(access, lost, after, values)
                values = None
            both = self._together(after, mine)
            lost &= (both != after) & (self._block(after) != self.blocks) & (self._who(after) != self._who(mine))
            lost &= (
                (self._block(after) != self._block(mine))
                | (self._thread(after) != self.several)
                | (self._thread(mine) >= self.from_first)
            )
            if not lost.any():
                return
            mine, here = np.where(lost, both, mine), lost.any(axis=-1)

    def _check_alike(self, access: Access, lost: Array, after: Array, values: Values) -> None:
        """Raises where threads write different bytes to one place by one operation."""
        shape = access.at.shape
        some = lost.any(axis=-1)
        here = np.ones(shape, np.bool_) if access.here is None else np.broadcast_to(access.here, shape)
        full = _bytes(np.broadcast_to(values(), shape))[here]
        at, who = access.at[here], np.broadcast_to(self._who(self._code(access))[..., 0], shape)[here]
        order = np.argsort(at, kind="stable")
        at, full, who = at[order], full[order], who[order]
        worse = (at[1:] == at[:-1]) & (who[1:] != who[:-1]) & (full[1:] != full[:-1]).any(axis=-1)
        if not worse.any():
            return
        place = int(at[int(worse.argmax())])
        bad = (some & (access.at == place))[..., None]
        raise self._error(access, bad, after, "writes", WROTE)

    def _error(self, access: Access, wrong: Array, before: Array, does: str, did: str) -> GlobalRaceError:
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        code = before[(*first[:3], slice(first[3], first[3] + 1))]
        number = int((code & ((1 << self._op_bits) - 1))[0]) - 1
        block, thread = int(self._block(code)[0]), int(self._thread(code)[0])
        mine, me = int(access.blocks[first[0] if len(access.blocks) > 1 else 0]), int(access.threads[first[1]])
        byte = int(access.at[first[:3]]) * access.size + first[3] * self._shadows[id(access.segment)].grain
        op, earlier = self.operations[access.number], self.operations[number]
        at = f" at {places_of(earlier)[0]}" if earlier is not op and places_of(earlier) else ""
        by = f" by '{earlier.name}'{at}" if earlier is not op or at else " by it too"
        in_block = block == mine
        return GlobalRaceError(
            f"race in global memory: '{op.name}' {does} byte {byte} of argument '{', '.join(access.segment.names)}' on "
            f"{self._named(me)} of block {self._ids(mine)}, and {self._named(thread)} of "
            f"{'it' if in_block else self._ids_of(block)} {did} it{by}",
            rule="what one thread writes to global memory, no other one touches unless something orders the two: a "
            "barrier within a block; between blocks an atomic that releases behind a barrier, and one that acquires",
            hint="in a kernel: tl.debug_barrier() between the two; in a pass: 'simt.barrier'"
            if in_block
            else "in a kernel: let every program write a part of its own, add up by atomics, or make it two launches",
            places=places_of(op),
        )

    def _named(self, thread: int) -> str:
        if thread == self.bulk:
            return "a bulk copy"
        return f"thread {thread}" if thread < self.threads else "several threads"

    def _ids(self, block: int) -> tuple[int, int, int]:
        gx, gy, _ = self.grid
        return block % gx, block // gx % gy, block // (gx * gy)

    def _ids_of(self, block: int) -> str:
        return "several blocks" if block == self.blocks else f"block {self._ids(block)}"


def _get(table: Array, at: Array) -> Array:
    """(P, T, A, grains of a word)."""
    return table[:, 0].take(at)[..., None] if table.shape[1] == 1 else table[at]


def _set(table: Array, at: Array, codes: Array, here: Array | None) -> None:
    # Of several threads that are written to one place the last one stays: the first thread.
    at, full = at[:, ::-1], np.broadcast_to(codes, (*at.shape, table.shape[1]))[:, ::-1]
    if here is None:
        table[at] = full
    else:
        here = np.broadcast_to(here, at.shape)[:, ::-1]
        table[at[here]] = full[here]


def _bytes(words: Array) -> Array:
    """The bytes of each word, along one more dimension."""
    return np.ascontiguousarray(words).view(np.uint8).reshape(*words.shape, words.dtype.itemsize)
