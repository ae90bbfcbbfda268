"""A loop whose operations have stages, as a loop that runs the stages of several iterations side by side.

With stages 0 to S, iteration v of the new loop runs stage s of iteration v + S - s of the source. In front of it runs
what comes before: for p = 0 .. S - 1, stage s <= p of iteration p - s. There is nothing behind it: what belongs to
iterations beyond the last one runs under a condition that is false there.

A value of stage s that stage t needs is handed on from iteration to iteration t - s times; one that the source loop
carries, once more. What a stage needs of the same iteration of the new loop must come before it in the order.

Bounds of the new loop are those of the old one. Conditions compare with the upper bound less some steps, so they hold
as long as that number exists.

Source: Rau, "Iterative Modulo Scheduling" (1994), for stages; PipelineExpander.cpp of Triton 3.9 for the form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from xdsl.dialects.builtin import IntegerAttr, i32
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue

from minilinalg.abi import AHEAD
from minilinalg.analysis.constants import constant, constant_of
from minilinalg.dialects.upstream import arith, scf
from minilinalg.errors import InternalError
from minilinalg.locations import carry
from minilinalg.passes.insertion import erase
from minilinalg.passes.loop_schedule import operands_of

Guard = Callable[[Operation, SSAValue], Operation]
"""Makes an operation one that has its effect only where a condition holds. Gives the operation that takes its place."""


def why_not(loop: scf.ForOp) -> str:
    """Why a loop cannot be expanded, or nothing."""
    if loop.unsigned is not None:
        return "its bounds are unsigned"
    inside = {result for op in loop.body.block.ops for result in op.results}
    if any(value not in inside for value in loop.yielded):
        return "it hands on a value that its body does not compute"
    return ""


def expand(loop: scf.ForOp, stages: Mapping[Operation, int], order: Sequence[Operation], guard: Guard) -> scf.ForOp:
    """Puts the pipelined loop in the place of `loop`, and returns it.

    stages: of each operation of the body but the last; order: the same operations as one iteration runs them.
    """
    return _Expansion(loop, stages, order, guard).run()


def number(value: int, type: Attribute) -> arith.ConstantOp:
    """A constant."""
    attribute = constant(value, type)
    assert attribute is not None
    return arith.ConstantOp.create(result_types=[type], properties={"value": attribute})


@dataclass(frozen=True)
class _Slot:
    """A value that is handed on: what `source` was `age` iterations of the new loop ago.

    With `argument`, the oldest of a value that the source loop carries, which starts as this argument does.
    """

    source: SSAValue
    age: int
    argument: BlockArgument | None = None


@dataclass
class _Expansion:
    loop: scf.ForOp
    stages: Mapping[Operation, int]
    order: Sequence[Operation]
    guard: Guard
    early: dict[tuple[SSAValue, int], SSAValue] = field(default_factory=dict[tuple[SSAValue, int], SSAValue])
    """What is computed in front of the new loop, by value and iteration of the source."""
    slots: dict[_Slot, int] = field(default_factory=dict[_Slot, int])
    """The position of each among what the new loop carries."""
    numbers: dict[tuple[str, int], SSAValue] = field(default_factory=dict[tuple[str, int], SSAValue])

    def run(self) -> scf.ForOp:
        self.last = max(self.stages.values())
        self.block = self.loop.body.block
        self.find_slots()
        for step in range(self.last):
            for op in self.order:
                if self.stages[op] <= step:
                    self.emit_early(op, step - self.stages[op])
        new = self.make_loop()
        for argument, result in zip(self.loop.region_iter_args, self.loop.results, strict=True):
            if result.first_use is not None:
                result.replace_all_uses_with(new.results[self.slots[self.carried(argument, self.last)]])
        erase(self.loop)
        return new

    # --- what is handed on

    def stage_of(self, value: SSAValue) -> int:
        assert isinstance(value.owner, Operation)
        return self.stages[value.owner]

    def yielded(self, argument: BlockArgument) -> SSAValue:
        return self.loop.yielded[argument.index - 1]

    def is_carried(self, value: SSAValue) -> bool:
        return isinstance(value, BlockArgument) and value.owner is self.block and value.index > 0

    def carried(self, argument: BlockArgument, stage: int) -> _Slot:
        """What the source loop carries as `argument`, for an operation of `stage`."""
        source = self.yielded(argument)
        age = stage - self.stage_of(source) + 1
        return _Slot(source, age, argument if age > self.last - self.stage_of(source) else None)

    def needed(self, value: SSAValue, stage: int) -> _Slot | None:
        """The slot for a value of the loop that an operation of `stage` uses; age 0 for one of the same iteration."""
        if isinstance(value, BlockArgument):
            return self.carried(value, stage) if self.is_carried(value) else None
        if value.owner.parent is not self.block:
            return None
        return _Slot(value, stage - self.stage_of(value))

    def find_slots(self) -> None:
        wanted: list[_Slot] = []
        for argument, result in zip(self.loop.region_iter_args, self.loop.results, strict=True):
            uses = [op for op in self.order if argument in operands_of(op)]
            wanted += [self.carried(argument, self.stages[op]) for op in uses]
            if result.first_use is not None:
                wanted.append(self.carried(argument, self.last))
        for op in self.order:
            for value in operands_of(op):
                slot = self.needed(value, self.stages[op])
                if slot is not None:
                    wanted.append(slot)
        for slot in wanted:
            if slot.age < 0:
                raise InternalError("a value is used in a stage before the one that computes it")
            for age in range(1, slot.age):
                self.slots.setdefault(_Slot(slot.source, age), len(self.slots))
            if slot.age:
                self.slots.setdefault(slot, len(self.slots))

    # --- numbers

    def before(self, op: Operation) -> SSAValue:
        """Puts an operation in front of the loop."""
        block = self.loop.parent
        assert block is not None
        block.insert_op_before(op, self.loop)
        carry(self.loop, [op])
        return op.results[0]

    def steps(self, count: int) -> SSAValue:
        """So many steps."""
        if count == 1:
            return self.loop.step
        if ("steps", count) not in self.numbers:
            step, type = constant_of(self.loop.step), self.loop.step.type
            if isinstance(step, int):
                made = self.before(number(step * count, type))
            else:
                made = self.before(arith.MuliOp(self.loop.step, self.before(number(count, type))))
            self.numbers["steps", count] = made
        return self.numbers["steps", count]

    def first(self, iteration: int) -> SSAValue:
        """The induction variable of an iteration in front of the loop."""
        if iteration == 0:
            return self.loop.lb
        if ("first", iteration) not in self.numbers:
            steps = self.steps(iteration)
            start, distance, type = constant_of(self.loop.lb), constant_of(steps), self.loop.lb.type
            if isinstance(start, int) and isinstance(distance, int):
                made = steps if start == 0 else self.before(number(start + distance, type))
            else:
                made = self.before(arith.AddiOp(self.loop.lb, steps))
            self.numbers["first", iteration] = made
        return self.numbers["first", iteration]

    def bound(self, count: int) -> SSAValue:
        """The upper bound less so many steps: an iteration below it has as many behind it."""
        if count == 0:
            return self.loop.ub
        if ("bound", count) not in self.numbers:
            self.numbers["bound", count] = self.before(arith.SubiOp(self.loop.ub, self.steps(count)))
        return self.numbers["bound", count]

    def exists(self, iteration: int) -> SSAValue:
        """Whether the loop has this iteration, in front of it."""
        if ("exists", iteration) not in self.numbers:
            first = self.first(iteration)
            start, number = constant_of(self.loop.lb), constant_of(first)
            # Of numbers that are not known the sum might wrap, where the bound less so many steps exists.
            is_known = iteration == 0 or (isinstance(start, int) and isinstance(number, int) and number > start)
            sides = (first, self.loop.ub) if is_known else (self.loop.lb, self.bound(iteration))
            self.numbers["exists", iteration] = self.before(arith.CmpiOp(*sides, "slt"))
        return self.numbers["exists", iteration]

    # --- in front of the loop

    def emit_early(self, op: Operation, iteration: int) -> None:
        mapped: dict[SSAValue, SSAValue] = {}
        for value in operands_of(op):
            if value is self.loop.induction_variable:
                mapped[value] = self.first(iteration)
            elif isinstance(value, BlockArgument) and self.is_carried(value):
                mapped[value] = self.early_of(value, iteration)
            elif isinstance(value.owner, Operation) and value.owner.parent is self.block:
                mapped[value] = self.early[value, iteration]
        clone = op.clone(value_mapper=dict(mapped))
        block = self.loop.parent
        assert block is not None
        if isinstance(ahead := clone.attributes.get(AHEAD), IntegerAttr):
            # In front of the loop no turn has begun: its own is as many behind as its number says.
            turns = ahead.value.data - (self.last - self.stages[op]) + iteration + 1
            clone.attributes[AHEAD] = IntegerAttr(turns, i32)
        block.insert_op_before(clone, self.loop)
        carry(op, [clone])
        made = self.guard(clone, self.exists(iteration))
        for old, new in zip(op.results, made.results, strict=True):
            new.name_hint = old.name_hint
            self.early[old, iteration] = new

    def early_of(self, argument: BlockArgument, iteration: int) -> SSAValue:
        """What the source loop carries into an iteration, in front of the new loop."""
        if iteration == 0:
            return self.loop.iter_args[argument.index - 1]
        return self.early[self.yielded(argument), iteration - 1]

    # --- the loop

    def start(self, slot: _Slot) -> SSAValue:
        """What a slot holds in the first iteration of the new loop."""
        if slot.argument is not None:
            return self.loop.iter_args[slot.argument.index - 1]
        return self.early[slot.source, self.last - self.stage_of(slot.source) - slot.age]

    def make_loop(self) -> scf.ForOp:
        starts = [self.start(slot) for slot in self.slots]
        block = Block(arg_types=[self.loop.induction_variable.type, *(value.type for value in starts)])
        self.current: dict[SSAValue, SSAValue] = {}
        self.ahead: dict[int, SSAValue] = {0: block.args[0]}
        self.runs: dict[int, SSAValue] = {}
        for slot, arg in zip(self.slots, block.args[1:], strict=True):
            arg.name_hint = slot.source.name_hint
        # First, so that nobody waits for them behind a wait for memory.
        for stage in sorted({self.stages[op] for op in self.order} - {self.last}):
            self.condition(self.last - stage, block)
        for op in self.order:
            self.emit(op, block)
        handed = [
            self.current[slot.source] if slot.age == 1 else block.args[1 + self.slots[_Slot(slot.source, slot.age - 1)]]
            for slot in self.slots
        ]
        block.add_op(scf.YieldOp(*handed))
        new = scf.ForOp(self.loop.lb, self.loop.ub, self.loop.step, starts, Region(block))
        new.attributes.update(self.loop.attributes)
        outer = self.loop.parent
        assert outer is not None
        outer.insert_op_before(new, self.loop)
        carry(self.loop, [new])
        return new

    def emit(self, op: Operation, block: Block) -> None:
        stage = self.stages[op]
        mapped: dict[SSAValue, SSAValue] = {}
        for value in operands_of(op):
            if value is self.loop.induction_variable:
                mapped[value] = self.index(self.last - stage, block)
            elif (slot := self.needed(value, stage)) is not None:
                if slot.age:
                    mapped[value] = block.args[1 + self.slots[slot]]
                elif slot.source not in self.current:
                    raise InternalError(f"'{op.name}' comes before what it needs of the same iteration")
                else:
                    mapped[value] = self.current[slot.source]
        clone = op.clone(value_mapper=dict(mapped))
        condition = None if stage == self.last else self.condition(self.last - stage, block)
        block.add_op(clone)
        carry(op, [clone])
        made = clone if condition is None else self.guard(clone, condition)
        for old, new in zip(op.results, made.results, strict=True):
            new.name_hint = old.name_hint
            self.current[old] = new

    def index(self, count: int, block: Block) -> SSAValue:
        """The induction variable so many iterations ahead."""
        if count not in self.ahead:
            self.ahead[count] = self.within(block, arith.AddiOp(block.args[0], self.steps(count)))
        return self.ahead[count]

    def condition(self, count: int, block: Block) -> SSAValue:
        """Whether so many iterations are left."""
        if count not in self.runs:
            self.runs[count] = self.within(block, arith.CmpiOp(block.args[0], self.bound(count), "slt"))
        return self.runs[count]

    def within(self, block: Block, op: Operation) -> SSAValue:
        block.add_op(op)
        carry(self.loop, [op])
        return op.results[0]
