"""A function as the program of steps that analysis/pipe_order.py follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.traits import Pure

from minilinalg.analysis.aliasing import VIEWS, is_memref
from minilinalg.analysis.footprint import Touched
from minilinalg.analysis.pipe_order import (
    PIPE_BIT,
    Barrier,
    Branch,
    Edge,
    Loop,
    Run,
    Step,
    Touch,
    Waiter,
    steps_in,
    token_bit,
)
from minilinalg.analysis.trip_count import runs
from minilinalg.dialects import simd
from minilinalg.dialects.upstream import scf
from minilinalg.targets import Target

MOST_CASES = 3
"""Each one doubles the ways through a program; more loops that run together or not at all are taken one by one."""


class CannotOrder(Exception):
    """An operation whose way of touching memory, or of control flow, is not known."""

    def __init__(self, op: Operation, why: str):
        super().__init__(why)
        self.op = op


@dataclass
class Program:
    """The steps of a function. instructions: by their numbers. cases: so many sets of loops run together or not at all.
    at: the step of an operation, where it has one."""

    steps: list[Step]
    instructions: list[simd.Instruction]
    cases: int
    at: Mapping[Operation, Step]


def program_of(body: Region, target: Target) -> Program:
    """Every conflict between instructions is in the steps, no token yet; every edge carries all that it may.

    Raises CannotOrder.
    """
    builder = _Builder(target, body)
    if len(body.blocks) != 1:
        raise CannotOrder(cast("Operation", body.blocks[0].last_op), "blocks that branch to one another")
    steps = builder.block(body.block)
    builder.find_conflicts()
    return Program(steps, builder.instructions, len(builder.cases), builder.at)


@dataclass
class _Builder:
    target: Target
    function: Region
    cases: dict[tuple[SSAValue, ...], int] = field(default_factory=dict[tuple[SSAValue, ...], int])
    """By the bounds of loops, which stay the same as long as the function runs."""
    instructions: list[simd.Instruction] = field(default_factory=list[simd.Instruction])
    at: dict[Operation, Step] = field(default_factory=dict[Operation, Step])
    touched: dict[Waiter, Touched] = field(default_factory=dict["Waiter", Touched])

    def block(self, block: Block) -> list[Step]:
        steps: list[Step] = []
        for op in block.ops:
            if (step := self.step(op)) is not None:
                steps.append(step)
                self.at[op] = step
        return steps

    def step(self, op: Operation) -> Step | None:
        match op:
            case simd.Instruction():
                run = Run(len(self.instructions), PIPE_BIT[pipe_of(op, self.target)])
                self.instructions.append(op)
                return self.touching(run, op)
            case simd.BarrierOp():
                return Barrier()
            case scf.ForOp():
                body = self.block(op.body.block)
                return Loop([], body, _edge(body), _edge(body), **self.whether_runs(op)) if body else None
            case scf.WhileOp():
                head, body = self.block(op.before_region.block), self.block(op.after_region.block)
                return Loop(head, body, *_edges([*head, *body])) if head or body else None
            case scf.IfOp():
                bodies = [self.block(region.block) if region.blocks else [] for region in op.regions]
                inside = [step for body in bodies for step in body]
                return Branch(bodies, [_edge(inside) for _ in bodies]) if inside else None
            case _ if op.regions:
                if _moves_memory(op):
                    raise CannotOrder(op, f"'{op.name}' around instructions")
                return None
            case _ if op.name.startswith(("func.call", "llvm.call")):
                raise CannotOrder(op, f"'{op.name}', which may start instructions of its own")
            case _ if op.name not in VIEWS and any(is_memref(value) for value in op.operands):
                return self.touching(Touch(), op)
            case _:
                return None

    def whether_runs(self, loop: scf.ForOp) -> dict[str, Any]:
        """What is known of whether the body of a loop runs."""
        if (known := runs(loop)) is not None:
            return {"runs": known}
        bounds = (loop.lb, loop.ub)
        if loop.unsigned is not None or not all(self.stays_the_same(bound) for bound in bounds):
            return {}
        if bounds not in self.cases and len(self.cases) == MOST_CASES:
            return {}
        return {"case": self.cases.setdefault(bounds, len(self.cases) + 1)}

    def stays_the_same(self, value: SSAValue) -> bool:
        """Whether `value` is the same whenever it is computed, as long as the function runs."""
        if not isinstance(owner := value.owner, Operation):
            return owner is self.function.block
        if owner.regions or not owner.has_trait(Pure()):
            return owner.parent is self.function.block
        return all(self.stays_the_same(operand) for operand in owner.operands)

    def touching(self, step: Run | Touch, op: Operation) -> Step | None:
        touched = Touched.by(op)
        if touched is None:
            raise CannotOrder(op, f"'{op.name}', which may touch any memory")
        if isinstance(step, Touch) and not touched.reads and not touched.writes:
            return None
        self.touched[step] = touched
        return step

    def find_conflicts(self) -> None:
        runs = [step for step in self.touched if isinstance(step, Run)]
        for step, touched in self.touched.items():
            for run in runs:
                same_pipe = isinstance(step, Run) and step.pipe == run.pipe
                if not same_pipe and touched.conflicts_with(self.touched[run]):
                    step.conflicts |= 1 << run.index


def pipe_of(op: simd.Instruction, target: Target) -> simd.Pipe:
    """Where `op` runs on `target`."""
    if op.pipe is not None:
        return op.pipe
    return target.path(simd.space_of(op.input_types[0]), simd.space_of(op.output_types[0])).pipe


def tokens_of(steps: list[Step]) -> int:
    """The tokens of all instructions in `steps`."""
    tokens = 0
    for step in steps_in(steps):
        if isinstance(step, Run):
            tokens |= token_bit(step.index)
    return tokens


def _edge(steps: list[Step]) -> Edge:
    tokens = tokens_of(steps)
    return Edge(tokens, tokens)


def _edges(steps: list[Step]) -> tuple[Edge, Edge, Edge]:
    return _edge(steps), _edge(steps), _edge(steps)


def _moves_memory(op: Operation) -> bool:
    return any(
        isinstance(inner, simd.Instruction | simd.BarrierOp)
        or (inner.name not in VIEWS and any(is_memref(value) for value in inner.operands))
        for inner in op.walk()
    )
