"""A course as events for the clock: what each operation needs, where it works, and what it makes.

Values are told by the event that makes them. What only names registers makes none: its result is there when what it
names is; loops and branches hand values on in the same way.

An assembler puts in front of a wait what needs not wait: between two barriers, copies' ends or turns of a loop, events
are ordered by how many results of memory and tensor cores they come behind (`scheduled`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from xdsl.ir import Operation, SSAValue

from minilinalg.dialects import simt
from minilinalg.dialects.simt.types import bits_of
from minilinalg.interp.dtypes import dtype_of
from minilinalg.sim.simt.demand import Demand
from minilinalg.sim.simt.instructions import Pipe, Work, rate_of, work_of
from minilinalg.sim.simt.sites import BESIDE, GLOBAL, SHARED
from minilinalg.sim.simt.trace import Step
from minilinalg.targets import SimtTarget

Kind = Literal[
    "work",
    "load",
    "store",
    "copy",
    "shared",
    "commit",
    "wait",
    "barrier",
    "product",
    "products",
    "sync",
    "box",
    "arrival",
    "send",
    "sent",
]
"""work: on a pipe. load, store: of global memory. copy: cp.async. shared: any access to shared memory. commit, wait: of
copies. product: begins on the tensor cores; products, sync: commit and wait of such. box, arrival: a bulk load and the
wait for it at its barrier. send, sent: a bulk store and the wait for all of them."""
MANY = 6
"""Values made by more events than these are waited for together."""


@dataclass(slots=True)
class Event:
    """needs: the numbers of events. pipe_cycles: how long a block keeps the pipe busy, own_cycles: how long it takes it
    with nothing else there. sectors: of global memory. site: of an access, -1 for none. groups: of a wait."""

    kind: Kind
    pipe: Pipe
    needs: tuple[int, ...]
    issue: float = 0.0
    own_issue: float = 0.0
    pipe_cycles: float = 0.0
    own_cycles: float = 0.0
    latency: float = 0.0
    sectors: float = 0.0
    site: int = -1
    groups: int = 0
    fixed: bool = False
    """Whether nothing moves from one side of it to the other."""


@dataclass
class CourseEvents:
    """The events of a block, and the instructions of its warps by what they are."""

    events: list[Event] = field(default_factory=list[Event])
    instructions: float = 0.0
    tensor_instructions: Counter[str] = field(default_factory=Counter[str])
    """By what the tensor cores multiply: hmma, imma, dmma, gmma."""


Makers = tuple[int, ...]


class Builder:
    """Builds the events of courses of one function. `numbers`: of the sites (watch.py)."""

    def __init__(self, target: SimtTarget, threads: int, demand: Demand):
        self.target, self.demand = target, demand
        self.lanes = target.machine.threads_per_warp
        self.warps = -(-threads // self.lanes)
        self._work: dict[Operation, list[tuple[Work, float]]] = {}

    def build(self, steps: Iterable[tuple[Operation, Step | None]]) -> CourseEvents:
        """The events of the operations that a block executed, in order."""
        made = CourseEvents()
        names: dict[SSAValue, Makers] = {}
        handed: dict[Operation, Sequence[Makers]] = {}

        def makers(value: SSAValue) -> Makers:
            return names.get(value, ())

        def needs_of(op: Operation) -> Makers:
            found: dict[int, None] = {}
            for operand in op.operands:
                found.update(dict.fromkeys(names.get(operand, ())))
            return tuple(found)

        def add(op: Operation, event: Event) -> None:
            made.events.append(event)
            number = (len(made.events) - 1,)
            for result in op.results:
                names[result] = number

        for op, step in steps:
            if step is not None and op.name not in BESIDE:
                add(op, self._access(op, step, needs_of(op)))
                made.instructions += made.events[-1].issue
                continue
            if op.regions:
                # In front of a turn, and behind the last one.
                self._turn(op, names, handed, makers)
            elif op.name in ("scf.yield", "scf.condition"):
                parent = op.parent_op()
                if parent is not None:
                    handed[parent] = [makers(v) for v in op.operands[op.name == "scf.condition" :]]
                    if op.name == "scf.condition":
                        _name(parent.regions[1].blocks[0].args, handed[parent], names)
                continue
            special = self._special(op, needs_of(op), step)
            if special is not None:
                add(op, special)
                made.instructions += special.issue
                if special.kind == "product":
                    made.tensor_instructions["gmma"] += round(special.issue)
                continue
            needs = needs_of(op) if not op.regions else ()
            steps_of = self._steps(op)
            if not steps_of:
                if not op.regions:
                    for result in op.results:
                        names[result] = needs if len(needs) <= MANY else self._joined(made, needs)
                continue
            for i, (work, rate) in enumerate(steps_of):
                event = self._event(work, rate, needs if i == 0 else (len(made.events) - 1,))
                made.instructions += event.issue
                if work.pipe == "tensor":
                    made.tensor_instructions[_kind_of_product(op)] += round(event.issue)
                if op.regions:
                    event.fixed = True
                    made.events.append(event)
                else:
                    add(op, event)
        made.events = scheduled(made.events)
        return made

    @staticmethod
    def _joined(made: CourseEvents, needs: Makers) -> Makers:
        made.events.append(Event("work", "issue", needs))
        return (len(made.events) - 1,)

    def _turn(self, op: Operation, names: dict[SSAValue, Makers], handed: dict[Operation, Any], makers: Any) -> None:
        given = handed.pop(op, None)
        if op.name == "scf.for":
            given = [makers(v) for v in op.operands[3:]] if given is None else given
            _name(op.regions[0].blocks[0].args[1:], given, names)
        elif op.name == "scf.while":
            given = [makers(v) for v in op.operands] if given is None else given
            _name(op.regions[0].blocks[0].args, given, names)
        if given is not None:
            _name(op.results, given, names)

    def _steps(self, op: Operation) -> list[tuple[Work, float]]:
        found = self._work.get(op)
        if found is None:
            bits = bits_of(op.operands[0].type) if isinstance(op, simt.MmaSyncOp) else 16
            if isinstance(op, simt.WgmmaOp):
                bits = 8 * op.b_matrix.element_bytes
            found = self._work[op] = [
                (work, rate_of(work.pipe, self.target, bits)) for work in work_of(op, self.demand) if work.instructions
            ]
        return found

    def _event(self, work: Work, rate: float, needs: Makers, kind: Kind = "work") -> Event:
        """The work of all warps of a block. A warp has the pipes of its scheduler alone."""
        schedulers = self.target.throughput.schedulers
        rounds = -(-self.warps // schedulers)
        latency = self.target.latency
        after = {"special": latency.special, "shuffle": latency.shuffle, "tensor": latency.tensor, "issue": 0}
        return Event(
            kind,
            work.pipe,
            needs,
            issue=self.warps * work.instructions,
            own_issue=rounds * work.instructions,
            pipe_cycles=self.warps * work.results / rate,
            own_cycles=rounds * work.results / (rate / schedulers),
            latency=after.get(work.pipe, latency.arithmetic),
        )

    def _special(self, op: Operation, needs: Makers, step: Step | None) -> Event | None:
        if step is not None and not isinstance(op, simt.WgmmaOp):
            return self._bulk(op, needs, step)
        match op:
            case simt.BarrierOp():
                rounds = -(-self.warps // self.target.throughput.schedulers)
                latency = self.target.latency.barrier
                return Event("barrier", "issue", needs, self.warps, rounds, latency=latency, fixed=True)
            case simt.CpAsyncCommitOp():
                return Event("commit", "issue", needs, self.warps, 1, fixed=True)
            case simt.CpAsyncWaitOp():
                return Event("wait", "issue", needs, self.warps, 1, groups=int(op.groups.value.data), fixed=True)
            case simt.TensormapFenceproxyAcquireOp():
                # What was written has to be where all see it.
                return Event("barrier", "issue", needs, 1, 1, latency=self.target.latency.cache, fixed=True)
            case simt.BulkWaitOp():
                return Event("sent", "issue", needs, self.warps, 1, fixed=True)
            case simt.WgmmaCommitOp():
                return Event("products", "issue", needs, self.warps, 1, fixed=True)
            case simt.WgmmaWaitOp():
                return Event("sync", "issue", needs, self.warps, 1, groups=int(op.groups.value.data), fixed=True)
            case simt.WgmmaOp():
                ((work, rate),) = self._steps(op)
                return self._event(work, rate, needs, "product")
            case _:
                return None

    def _bulk(self, op: Operation, needs: Makers, step: Step) -> Event:
        """What one thread does for its block, and the wait of all for it. A barrier goes by the word that it is."""
        if step.word is None:
            return Event("work", "issue", needs, 1, 1)
        match op:
            case simt.BulkTensorLoadOp():
                return Event("box", "issue", needs, 1, 1, sectors=step.costs[0], site=step.number, groups=step.word)
            case simt.BulkTensorStoreOp():
                return Event("send", "issue", needs, 1, 1, sectors=step.costs[0], site=step.number)
            case simt.MbarrierWaitOp():
                return Event("arrival", "issue", needs, self.warps, 1, groups=step.word, fixed=True)
            case simt.TensormapCreateOp():
                # Zeros, a replacement for each number and the copy, by one warp.
                steps = 4 + sum(1 for _ in op.operands)
                return Event("store", "issue", needs, steps, steps, sectors=step.costs[0], site=step.number, fixed=True)
            case _:
                return Event("work", "issue", needs, 1, 1, fixed=True)

    def _access(self, op: Operation, step: Step, needs: Makers) -> Event:
        """costs: sectors, requests, accesses and sectors counted once of global memory, then wavefronts, conflicts and
        accesses of shared memory."""
        latency, costs = self.target.latency, step.costs
        line = self.target.throughput.load_store_bytes
        cycles, issue, sectors = 0.0, 0.0, 0.0
        kind: Kind = "shared"
        if op.name in GLOBAL:
            sectors, requests = costs[:2]
            kind = "copy" if op.name in SHARED else "store" if not op.results or not _used(op) else "load"
            # A request is looked up once, and its sectors are moved by lines.
            cycles += max(requests, sectors * self.target.memory.sector / line)
            issue = requests
            if kind != "store" and GLOBAL[op.name] != "atom":
                # What lies in lines that were just loaded does not go to the cache of all.
                sectors = costs[3]
        if op.name in SHARED:
            wavefronts, _, accesses = costs[-3:]
            cycles += wavefronts * (self.target.multiprocessor.banks * self.target.multiprocessor.bank_width) / line
            issue = max(issue, accesses)
        schedulers = self.target.throughput.schedulers
        own = issue / min(schedulers, self.warps)
        after = latency.shared if kind == "shared" and op.results else 0
        return Event(kind, "load store", needs, issue, own, cycles, cycles, after, sectors, step.number)


def _kind_of_product(op: Operation) -> str:
    """What the profiler calls an instruction of tensor cores."""
    element = dtype_of(op.operands[0].type)
    return "dmma" if element.bits == 64 else "hmma" if element.is_float else "imma"


def _used(op: Operation) -> bool:
    return any(True for result in op.results for _ in result.uses)


def _name(values: Sequence[SSAValue], given: Sequence[Makers], names: dict[SSAValue, Makers]) -> None:
    for value, makers in zip(values, given, strict=True):
        names[value] = makers


LONG: tuple[Kind, ...] = ("load", "shared", "product")


def scheduled(events: Sequence[Event]) -> list[Event]:
    """The events in the order in which an assembler would have them; what writes memory stays in its place among what
    reads it."""
    levels: list[int] = []
    keys: list[tuple[int, int, int]] = []
    part = written = 0
    for number, event in enumerate(events):
        level = 0
        for need in event.needs:
            if keys[need][0] == part:
                slow = events[need].kind in LONG or events[need].pipe == "tensor"
                level = max(level, levels[need] + slow)
        if event.kind in ("load", "shared", "store", "copy", "box", "send"):
            level = max(level, written)
        if event.kind in ("store", "copy", "box", "send") or (event.kind == "shared" and not event.latency):
            written = level
        if event.fixed:
            part += 1
            keys.append((part, 0, number))
            part += 1
            level = written = 0
        else:
            keys.append((part, level, number))
        levels.append(level)
    order = sorted(range(len(events)), key=lambda n: keys[n])
    place = {old: new for new, old in enumerate(order)}
    for event in events:
        event.needs = tuple(place[n] for n in event.needs)
    return [events[n] for n in order]
