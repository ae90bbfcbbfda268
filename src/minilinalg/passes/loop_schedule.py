"""When the operations of a loop run: in which stage, and in which order within an iteration of the pipelined loop.

An operation of stage s runs s iterations of the pipelined loop after those of stage 0 of the same iteration of the
source. Within one iteration of the pipelined loop operations run cluster by cluster, those of one cluster in the order
of the text. Passes write both on the operations: `loop.stage = 1 : i32, loop.cluster = 0 : i32`; the loop has the last
stage, `tt.scheduled_max_stage`.

Source: the CoarseSchedule of Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from xdsl.dialects.builtin import IntegerAttr, i32
from xdsl.ir import Block, Operation, SSAValue

from minilinalg.dialects.upstream import scf

STAGE, CLUSTER, LAST_STAGE = "loop.stage", "loop.cluster", "tt.scheduled_max_stage"


class Cluster:
    """Operations that stand together, at a place that others may be put in front of and behind."""


class When(NamedTuple):
    """The stage and the cluster of an operation."""

    stage: int
    cluster: Cluster


@dataclass
class Schedule:
    """The stages and clusters of the operations in the body of a loop."""

    loop: scf.ForOp
    clusters: list[Cluster] = field(default_factory=list[Cluster])
    when: dict[Operation, When] = field(default_factory=dict[Operation, When])

    @staticmethod
    def read(loop: scf.ForOp) -> Schedule | None:
        """The schedule that stands on the operations of a loop; None when none does, or one lacks it."""
        if LAST_STAGE not in loop.attributes:
            return None
        found: dict[Operation, tuple[int, int]] = {}
        for op in operations(loop):
            stage, cluster = (op.attributes.get(key) for key in (STAGE, CLUSTER))
            if not isinstance(stage, IntegerAttr) or not isinstance(cluster, IntegerAttr):
                return None
            found[op] = stage.value.data, cluster.value.data
        numbers = sorted({cluster for _, cluster in found.values()})
        clusters = {number: Cluster() for number in numbers}
        schedule = Schedule(loop, list(clusters.values()))
        schedule.when = {op: When(stage, clusters[cluster]) for op, (stage, cluster) in found.items()}
        return schedule

    def write(self) -> None:
        """Puts the schedule on the operations, and the last stage on the loop."""
        for op, (stage, cluster) in self.when.items():
            op.attributes[STAGE] = IntegerAttr(stage, i32)
            op.attributes[CLUSTER] = IntegerAttr(self.clusters.index(cluster), i32)
        self.loop.attributes[LAST_STAGE] = IntegerAttr(self.last_stage, i32)

    def erase(self) -> None:
        """Takes it off the operations and the loop."""
        self.loop.attributes.pop(LAST_STAGE, None)
        for op in operations(self.loop):
            op.attributes.pop(STAGE, None)
            op.attributes.pop(CLUSTER, None)

    @property
    def last_stage(self) -> int:
        """The number of the last stage."""
        return max(when.stage for when in self.when.values())

    def place(self, cluster: Cluster) -> int:
        """Where a cluster stands among the others."""
        return self.clusters.index(cluster)

    def new_at(self, place: int) -> Cluster:
        """A new cluster at this place, in front of the one that was there."""
        cluster = Cluster()
        self.clusters.insert(place, cluster)
        return cluster

    def order(self) -> list[Operation]:
        """The operations of the loop that have a stage, in the order in which an iteration runs them."""
        known = [op for op in operations(self.loop) if op in self.when]
        return sorted(known, key=lambda op: self.place(self.when[op].cluster))

    def add_with_operands(self, op: Operation, when: When, *, through_arguments: bool = False) -> None:
        """Gives `when` to what `op` needs of the loop and has none yet; also, if so wished, of the iteration before."""
        for operand in operands_of(op):
            needed = defining(operand, self.loop, through_arguments=through_arguments)
            if needed is not None and needed not in self.when:
                self.when[needed] = when
                self.add_with_operands(needed, when, through_arguments=through_arguments)


def operations(loop: scf.ForOp) -> list[Operation]:
    """The operations of a loop's body, without the last one."""
    return [op for op in loop.body.block.ops if op is not loop.body.block.last_op]


def operands_of(op: Operation) -> Iterator[SSAValue]:
    """What an operation uses, and what is inside it."""
    for inner in op.walk():
        yield from inner.operands


def defining(value: SSAValue, loop: scf.ForOp, *, through_arguments: bool = False) -> Operation | None:
    """The operation in the body of a loop that a value is from; None when it is from elsewhere.

    through_arguments: a value that the loop carries is from the iteration before.
    """
    block = loop.body.block
    if isinstance(value.owner, Block):
        if value.owner is not block or not through_arguments or value is loop.induction_variable:
            return None
        value = loop.yielded[list(block.args).index(value) - 1]  # pyright: ignore[reportArgumentType]
        if isinstance(value.owner, Block):
            return None
    return value.owner if value.owner.parent is block else None


def users_in(loop: scf.ForOp, op: Operation) -> list[Operation]:
    """The operations in the body of a loop that use `op`, or hold what does; not the last one."""
    found: dict[Operation, None] = {}
    for result in op.results:
        for use in result.uses:
            user: Operation | None = use.operation
            while user is not None and user.parent is not loop.body.block:
                user = user.parent_op()
            if user is not None and user is not loop.body.block.last_op:
                found[user] = None
    return list(found)
