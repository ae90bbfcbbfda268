"""Results of products of warp groups that are used before they are there.

A product (`simt.wgmma`) runs while its threads go on. Until a `simt.wgmma_wait` has let its group end, its result may
be what the next product adds to, and loops and branches may hand it on; whatever else takes it finds registers that
the product is still writing to.

Source: PTX ISA, "Asynchronous warpgroup level matrix multiply-accumulate operation".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from xdsl.ir import Block, Operation, SSAValue

from minilinalg.dialects import simt
from minilinalg.dialects.upstream import scf
from minilinalg.errors import RunError
from minilinalg.locations import places_of

Ages: TypeAlias = dict[SSAValue, int]
"""Value that is not there yet -> how many groups have been closed since its product was; -1 while its own is open."""


class EarlyUse(NamedTuple):
    """An operation that takes a value which is not there yet."""

    op: Operation
    value: SSAValue

    def error(self) -> RunError:
        """The error that says so, with its place."""
        name = f"%{self.value.name_hint}" if self.value.name_hint else "a value"
        return RunError(
            f"'{self.op.name}' takes {name}, which a product of a warp group is still writing to",
            rule="the result of a product is there behind a 'simt.wgmma_wait' that its group has ended at; before, "
            "products may add to it, and loops and branches hand it on",
            hint="'simt.wgmma_wait' in front, for no more groups than were begun since",
            places=places_of(self.op),
        )


def early_use(func: Operation) -> EarlyUse | None:
    """The first operation of a function of stage simt that takes a product's result too early; None: there is none."""
    if not any(isinstance(op, simt.WgmmaOp) for op in func.walk()):
        return None
    walk = _Walk()
    walk.block(func.regions[0].block, {})
    return walk.found


class _Walk:
    """Goes through a function in its order; `Ages` is changed as it goes."""

    def __init__(self) -> None:
        self.found: EarlyUse | None = None

    def block(self, block: Block, ages: Ages) -> Sequence[SSAValue]:
        """What the last operation hands on."""
        for op in block.ops:
            self.step(op, ages)
        last = block.last_op
        return () if last is None else last.operands

    def step(self, op: Operation, ages: Ages) -> None:
        self.look(op, ages)
        if isinstance(op, simt.WgmmaOp):
            ages[op.d] = -1
        elif isinstance(op, simt.WgmmaCommitOp):
            for value in ages:
                ages[value] += 1
        elif isinstance(op, simt.WgmmaWaitOp):
            for value in [value for value, age in ages.items() if age >= op.groups.value.data]:
                del ages[value]
            ages |= {new: ages[old] for old, new in zip(op.inputs, op.outputs, strict=True) if old in ages}
        elif isinstance(op, scf.ForOp):
            self.loop(op, ages)
        elif op.regions:
            self.branches(op, ages)

    def look(self, op: Operation, ages: Ages) -> None:
        if self.found is not None or isinstance(op, simt.WgmmaWaitOp | scf.ForOp):
            return
        if isinstance(op, scf.YieldOp) and isinstance(op.parent_op(), scf.ForOp | scf.IfOp):
            return
        for value in op.operands:
            if value in ages and not (isinstance(op, simt.WgmmaOp) and value is op.c):
                self.found = EarlyUse(op, value)
                return

    def loop(self, op: scf.ForOp, ages: Ages) -> None:
        """A turn begins with what came in, or with what the turn before has left: the younger of both."""
        body = op.body.block
        first = carried = _handed_on(op.iter_args, ages, body.args[1:])
        while True:
            after = ages | carried
            left = _handed_on(self.block(body, after), after, body.args[1:])
            if (both := _younger(first, carried, left)) == carried:
                break
            carried = both
        outside = _younger(ages, {value: age for value, age in after.items() if value in ages})
        results: dict[SSAValue, SSAValue] = dict(zip(body.args[1:], op.results, strict=True))
        ages.clear()
        ages |= outside | {results[arg]: age for arg, age in carried.items()}

    def branches(self, op: Operation, ages: Ages) -> None:
        """Regions of which one is taken, or none."""
        blocks = [block for region in op.regions for block in region.blocks]
        is_if = isinstance(op, scf.IfOp)
        ends: list[Ages] = [] if is_if and len(blocks) == 2 else [dict(ages)]
        for block in blocks:
            after = dict(ages)
            handed = self.block(block, after)
            outside = {value: age for value, age in after.items() if value in ages}
            ends.append(outside | _handed_on(handed, after, op.results if is_if else ()))
        merged = _younger(*ends)
        ages.clear()
        ages |= merged


def _handed_on(values: Iterable[SSAValue], ages: Ages, to: Sequence[SSAValue]) -> Ages:
    """What `to` gets of the values' ages."""
    return {new: ages[old] for old, new in zip(values, to, strict=False) if old in ages}


def _younger(*several: Ages) -> Ages:
    """Of each value the youngest age."""
    found: Ages = {}
    for ages in several:
        for value, age in ages.items():
            found[value] = min(age, found.get(value, age))
    return found
