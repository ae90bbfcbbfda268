"""Conflicts in global memory: who has written and who has read each element, when everybody runs side by side.

Everybody is an agent: a core of a machine, or a program of a grid. Beside every granule of the memory that is written
stand codes for the last write, the last read and the last atomic: the agent, the operation, and when, counted in the
times that agents have waited for one another. Two accesses to a granule are in conflict when they are of different
agents, one of them writes, and the agents have not waited for one another in between. Writes that change nothing are in
no conflict: programs may store the same number to the same place. Nor are atomics with one another. (FastTrack's
epochs, with sets of readers by cluster.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minilinalg.interp.dtypes import Array
from minilinalg.interp.memory import GlobalMemory, Segment


class Order:
    """Who is behind what: nobody has ever waited for anybody. Agents are numbered from 0.

    Codes may also stand for several agents: readers of one group, of all groups, and writers that wrote the same.
    """

    def __init__(self, agents: int, group: int | None = None):
        self.agents = agents
        self.group = group or agents
        """So many agents, one after the other, are a group: the cores of a cluster."""
        self.groups = -(-agents // self.group)
        self.everyone = agents + self.groups
        self.alike = self.everyone + 1
        self.kinds = self.alike + 1
        self.now = 0
        """How often some agents have waited for one another."""

    @cached_property
    def known(self) -> Array:
        """known[a, b]: what b did before that time, a is behind."""
        return np.zeros((self.agents, self.agents), np.int64)

    def waited(self, agents: Array) -> None:
        """These agents have waited for one another."""
        self.synchronized(agents, None)

    def synchronized(self, agents: Array, clock: Array | None) -> Array:
        """These agents have touched, one after another, what others have learnt from and will: they are behind all that
        `clock` is. Returns what is known to who touches it next."""
        self.now += 1
        rows = self.known[agents].max(axis=0)
        if clock is not None:
            rows = np.maximum(rows, clock)
        rows[agents] = self.now
        self.known[agents] = rows
        return rows

    def handed_on(self, agent: int, clock: Array | None, *, acquires: bool, releases: bool) -> Array | None:
        """One agent has done an atomic where others have released what is behind `clock`. Returns what is there now."""
        if acquires and clock is not None:
            self.known[agent] = np.maximum(self.known[agent], clock)
        if releases:
            self.now += 1
            self.known[agent, agent] = self.now
            return self.known[agent].copy() if clock is None else np.maximum(self.known[agent], clock)
        return clock

    def behind(self, me: Array, who: Array, when: Array) -> Array:
        """Whether agents `me` are behind what `who` (perhaps several agents) did at a time."""
        if not self.now:
            return np.zeros(np.broadcast_shapes(me.shape, who.shape), np.bool_)
        known = self.known[me.reshape(-1)]
        by_group = np.minimum.reduceat(known, np.arange(0, self.agents, self.group), axis=1)
        everyone = by_group.min(axis=1, keepdims=True)
        table = np.concatenate([known, by_group, everyone, everyone], axis=1)
        return np.asarray(table[np.arange(me.size).reshape(me.shape), who] > when)

    def includes(self, who: Array, me: Array) -> Array:
        """Whether `who`, one agent or several, are agents `me` too."""
        return np.asarray((who == me) | (who == self.agents + me // self.group) | (who == self.everyone))

    def together(self, a: Array, b: Array) -> Array:
        """Who readers `a` and agents `b` are together: their group, or everyone."""
        group = np.where(a < self.agents, a // self.group, np.where(a < self.everyone, a - self.agents, -1))
        return np.where(group == b // self.group, self.agents + group, self.everyone)


Did = Literal["written", "read", "updated"]


@dataclass(frozen=True)
class Found:
    """A conflict: `agent` writes or reads the element at byte `at` of `segment`, which `other` (None: several agents)
    has written, read or changed by an atomic; `earlier` is the number of that operation. Both are the same agent where
    one operation writes two values to one place."""

    agent: int
    other: int | None
    earlier: int
    did: Did
    segment: Segment
    at: int


class Places:
    """Elements of one segment, by agent: `index` (n, ...); `lanes` (None: all of them) says which count."""

    def __init__(self, index: Array, lanes: Array | None = None):
        self.index, self.lanes = index, lanes

    @property
    def rank(self) -> int:
        """The dimensions of `index`."""
        return self.index.ndim

    def __len__(self) -> int:
        """How many agents there are."""
        return len(self.index)

    def where(self, lanes: Array) -> Places:
        """Only some of them: lanes (n, ..., 1 or more), of which any counts."""
        return Places(self.index, np.broadcast_to(lanes.any(axis=-1), self.index.shape))

    def get(self, elements: Array) -> Array:
        """What stands there in an array with one row for each element of the segment; perhaps a view of it."""
        return elements[self.index]

    def set(self, elements: Array, values: Array) -> None:
        """Writes there; where several write, one of them stays."""
        if self.lanes is None:
            elements[self.index] = values
        else:
            full = np.broadcast_to(values, (*self.index.shape, *elements.shape[1:]))
            elements[self.index[self.lanes]] = full[self.lanes]


class Windows(Places):
    """Elements at `starts` (n,) and, from each of them, the same strides, in elements."""

    def __init__(self, starts: Array, sizes: Sequence[int], steps: Sequence[int]):
        self.lanes = None
        self.starts, self.sizes, self.steps = starts, sizes, steps
        self._step: int | None = int(starts[1] - starts[0]) if len(starts) > 1 else 0
        if len(starts) > 2 and not bool((starts[1:] - starts[:-1] == self._step).all()):
            self._step = None

    @cached_property
    def index(self) -> Array:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Written out."""
        rank = len(self.sizes)
        found: Array = self.starts.reshape(-1, *([1] * rank))
        for dim, (n, step) in enumerate(zip(self.sizes, self.steps, strict=True)):
            found = found + (np.arange(n) * step).reshape([-1 if d == dim else 1 for d in range(rank)])
        return found

    @property
    def rank(self) -> int:
        """The dimensions of `index`."""
        return 1 + len(self.sizes)

    def __len__(self) -> int:
        """How many agents there are."""
        return len(self.starts)

    def get(self, elements: Array) -> Array:
        """A view where the agents step evenly."""
        return super().get(elements) if self._step is None else self._view(elements)

    def set(self, elements: Array, values: Array) -> None:
        """As for any places."""
        if self._step is None:
            super().set(elements, values)
        else:
            self._view(elements)[...] = values

    def _view(self, elements: Array) -> Array:
        strides = [step * elements.strides[0] for step in (self._step or 0, *self.steps)]
        shape = (len(self.starts), *self.sizes, *elements.shape[1:])
        return as_strided(elements[int(self.starts[0]) :], shape, (*strides, *elements.strides[1:]))


class Conflicts:
    """What is known in one run. tracked: the segments that anything is written to. granule: the bytes of the smallest
    element. operations: how many are told apart. in_lanes: whether an agent writes the elements of one operation in no
    order, so that it may be in conflict with itself."""

    def __init__(
        self,
        memory: GlobalMemory,
        order: Order,
        tracked: Sequence[Segment],
        granule: int,
        operations: int,
        *,
        in_lanes: bool = False,
    ):
        self.memory, self.order, self.granule, self.operations = memory, order, granule, operations
        self.in_lanes = in_lanes
        self._sizes = {id(s): (-(-s.nbytes // granule) + 7) // 8 * 8 for s in tracked}
        self._codes: dict[tuple[Did, int], Array] = {}

    def tracks(self, segment: Segment) -> bool:
        """Whether anything is written there."""
        return id(segment) in self._sizes

    def read(
        self, segment: Segment, operation: int, me: Array, places: Places, size: int, *, atomic: bool = False
    ) -> Found | None:
        """Agents `me` (n,) read elements of `size` bytes. atomic: in one step, which leaves nothing behind."""
        me = me.reshape(-1, *([1] * places.rank))
        for did in ("written",) if atomic else ("written", "updated"):
            before = self._before(did, segment, places, size)
            if before is not None:
                who, _, when = self._decoded(before)
                wrong = (before != 0) & (who != me) & (who != self.order.alike)
                if wrong.any() and (wrong := self._unordered(wrong, me, who, when, places)).any():
                    return self._found(wrong, me, before, did, segment, places, size)
        if not atomic:
            self._join("read", segment, operation, me, places, size)
        return None

    def update(self, segment: Segment, operation: int, me: Array, places: Places, size: int) -> Found | None:
        """Agents `me` (n,) have changed elements of `size` bytes by an atomic."""
        me = me.reshape(-1, *([1] * places.rank))
        for did in ("written", "read"):
            before = self._before(did, segment, places, size)
            if before is not None:
                who, _, when = self._decoded(before)
                wrong = (before != 0) & (who != me)
                if wrong.any() and (wrong := self._unordered(wrong, me, who, when, places)).any():
                    return self._found(wrong, me, before, did, segment, places, size)
        self._join("updated", segment, operation, me, places, size)
        return None

    def write(
        self, segment: Segment, operation: int, me: Array, places: Places, size: int, values: Callable[[], Array]
    ) -> Found | None:
        """Agents `me` (n,) are about to write elements of `size` bytes; values: their bits, (n, ...)."""
        written = self._elements("written", segment, size)
        numbers, me = me, me.reshape(-1, *([1] * places.rank))
        alike: Array | None = None
        for did in ("written", "read", "updated"):
            before = self._before(did, segment, places, size)
            if before is None:
                continue
            who, _, when = self._decoded(before)
            wrong = (before != 0) & (who != me)
            if wrong.any() and (wrong := self._unordered(wrong, me, who, when, places)).any():
                changes = places.get(self.memory.typed(segment, np.dtype(f"u{size}"))) != values()
                if (worse := wrong & changes[..., None]).any():
                    return self._found(worse, me, before, did, segment, places, size)  # pyright: ignore
                alike = wrong if did == "written" else alike
        mine = self._code(operation, me)
        if self.in_lanes and (worse := _differing(places, numbers, values(), by_one=True)) is not None:
            own = np.broadcast_to(mine, worse.shape)
            return self._found(worse, me, own, "written", segment, places, size)
        places.set(written, mine)
        if len(places) > 1:
            lost = self._counted(places.get(written) != mine, places)
            if lost.any():
                if (worse := _differing(places, numbers, values())) is not None:
                    return self._found(worse, me, places.get(written), "written", segment, places, size)
                alike = lost if alike is None else alike | lost
        if alike is not None:
            places.where(alike).set(written, self._code(operation, np.int64(self.order.alike)))
        return None

    def _join(self, did: Did, segment: Segment, operation: int, me: Array, places: Places, size: int) -> None:
        """Leaves codes beside those of others who do the same, with whom nobody is in conflict."""
        table = self._elements(did, segment, size)
        mine = self._code(operation, me)
        before = places.get(table)
        if before.any():
            who, _, when = self._decoded(before)
            with_others = (before != 0) & (who != me) & ~self.order.behind(me, who, when)
            mine = self._code(operation, np.where(with_others, self.order.together(who, me), me))
        places.set(table, mine)
        while len(places) > 1:
            # What several did at once is done by all of them.
            after = places.get(table)
            who = self._decoded(after)[0]
            lost = self._counted((after != mine) & ~self.order.includes(who, me), places)
            if not lost.any():
                break
            places.where(lost).set(table, self._code(operation, self.order.together(who, me)))

    def _before(self, did: Did, segment: Segment, places: Places, size: int) -> Array | None:
        """The codes of what was done there; None where nothing was."""
        if (did, id(segment)) not in self._codes:
            return None
        before = places.get(self._elements(did, segment, size))
        return before if before.any() else None

    def _elements(self, did: Did, segment: Segment, size: int) -> Array:
        key = did, id(segment)
        if key not in self._codes:
            self._codes[key] = np.zeros(self._sizes[id(segment)], np.int64)
        return self._codes[key].reshape(-1, size // self.granule)

    def _code(self, operation: int, who: Any) -> Any:
        return (self.order.now * self.order.kinds + who) * self.operations + operation + 1

    def _decoded(self, codes: Array) -> tuple[Array, Array, Array]:
        """Agent, operation and time."""
        rest, operation = np.divmod(codes - 1, self.operations)
        when, who = np.divmod(rest, self.order.kinds)
        return who, operation, when

    def _unordered(self, wrong: Array, me: Array, who: Array, when: Array, places: Places) -> Array:
        return self._counted(wrong & ~self.order.behind(me, np.where(wrong, who, 0), when), places)

    @staticmethod
    def _counted(wrong: Array, places: Places) -> Array:
        return wrong if places.lanes is None else wrong & places.lanes[..., None]

    def _found(
        self,
        wrong: Array,
        me: Array,
        codes: Array,
        did: Did,
        segment: Segment,
        places: Places,
        size: int,
    ) -> Found:
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        who, operation, _ = (int(part) for part in self._decoded(np.asarray(codes[first])))
        at = int(places.index[first[:-1]]) * size
        return Found(int(me[first[0]].item()), who if who < self.order.agents else None, operation, did, segment, at)


def _differing(places: Places, agents: Array, values: Array, *, by_one: bool = False) -> Array | None:
    """The elements, (n, ..., 1), to which another agent (by_one: the same one) writes another value at the same time;
    None for none."""
    shape = np.broadcast_shapes(places.index.shape, values.shape)
    index, values = np.broadcast_to(places.index, shape), np.broadcast_to(values, shape)
    who = np.broadcast_to(agents.reshape(-1, *([1] * (len(shape) - 1))), shape)
    counts = np.ones(shape, np.bool_) if places.lanes is None else np.broadcast_to(places.lanes, shape)
    order = np.argsort(index[counts], kind="stable")
    place, bits, agent = (part[counts][order] for part in (index, values, who))
    worse = (place[1:] == place[:-1]) & (bits[1:] != bits[:-1]) & ((agent[1:] == agent[:-1]) == by_one)
    if not worse.any():
        return None
    found = np.zeros(shape, np.bool_)
    found.flat[np.flatnonzero(counts)[order[:-1][worse]]] = True
    return found[..., None]
