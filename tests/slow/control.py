"""Functions, branches and structured control flow: the func, cf and scf dialects, tt.call, and what is only a hint."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from xdsl.ir import Block, Operation

from .engine import Machine, Results, branch, condition, defined, extents, meaning, signed
from .errors import SlowError
from .reading import dtype, flag, integers, name_of, segments, symbol
from .scalars import UNDEFINED, Int, Scalar
from .tensor import insert_slice
from .values import Tensor


@meaning("func.call", "tt.call")
def _call(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return machine.call(machine.symbols[symbol(op, "callee")], operands)


@meaning(
    *("llvm.intr.assume", "tt.assert", "tt.print", "ttg.barrier", "gpu.barrier"),
    *("tt.grid_dependency_wait", "tt.grid_dependency_launch_dependents"),
)
def _nothing(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """Hints, diagnostics, and orders between threads or launches, of which there is one here."""
    return ()


@meaning("cf.assert")
def _assert(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    if not condition(operands[0], "the condition"):
        raise SlowError("the assertion does not hold")
    return ()


@branch("cf.br")
def _br(machine: Machine, op: Operation, operands: Sequence[Any]) -> tuple[Block, Sequence[Any]]:
    return op.successors[0], operands


@branch("cf.cond_br")
def _cond_br(machine: Machine, op: Operation, operands: Sequence[Any]) -> tuple[Block, Sequence[Any]]:
    _, then, otherwise = segments(op, operands)
    taken = condition(operands[0], "the condition")
    return (op.successors[0], then) if taken else (op.successors[1], otherwise)


@branch("cf.switch")
def _switch(machine: Machine, op: Operation, operands: Sequence[Any]) -> tuple[Block, Sequence[Any]]:
    (key,), default, cases = segments(op, operands)
    values = [Int(64).wrap(value) for value in integers(op, "case_values")]
    t = dtype(op.operands[0])
    assert isinstance(t, Int)
    key = Int(64).wrap(t.signed(defined(key, "the switch's value")))
    if key not in values:
        return op.successors[0], default
    sizes, number = integers(op, "case_operand_segments"), values.index(key)
    start = sum(sizes[:number])
    return op.successors[1 + number], cases[start : start + sizes[number]]


@meaning("scf.for")
def _for(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    lower, upper, step, *carried = operands
    t = dtype(op.operands[0])
    assert isinstance(t, Int)
    if flag(op, "unsignedCmp"):
        lower, upper, step = (defined(bound, "a loop bound") for bound in (lower, upper, step))
    else:
        lower, upper, step = (signed(bound, "a loop bound", t) for bound in (lower, upper, step))
    if step <= 0:
        raise SlowError(f"the step of a loop is {step}")
    for i in range(lower, upper, step):
        _, carried = machine.run_region(op.regions[0], [t.wrap(i), *carried])
    return carried


@meaning("scf.if")
def _if(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    region = op.regions[0 if condition(operands[0], "the condition") else 1]
    return machine.run_region(region)[1] if region.blocks else ()


@meaning("scf.while")
def _while(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    before, after = op.regions
    carried = operands
    while True:
        _, (again, *passed) = machine.run_region(before, carried)
        if not condition(again, "the condition"):
            return passed
        _, carried = machine.run_region(after, passed)


@meaning("scf.execute_region", "memref.alloca_scope")
def _execute_region(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return machine.run_region(op.regions[0])[1]


@meaning("scf.index_switch")
def _index_switch(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    key, cases = signed(operands[0], "the switch's value"), integers(op, "cases")
    region = op.regions[1 + cases.index(key) if key in cases else 0]
    return machine.run_region(region)[1]


def _points(lower: Sequence[int], upper: Sequence[int], step: Sequence[int]) -> list[tuple[int, ...]]:
    if any(s <= 0 for s in step):
        raise SlowError(f"the steps of a loop are {tuple(step)}")
    return list(itertools.product(*(range(*bounds) for bounds in zip(lower, upper, step, strict=True))))


@meaning("scf.parallel")
def _parallel(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    bounds = segments(op, operands)
    lower, upper, step = ([signed(bound, "a loop bound") for bound in group] for group in bounds[:3])
    carried = bounds[3]
    for point in machine.forall_order(_points(lower, upper, step)):
        terminator, given = machine.run_region(op.regions[0], [Int(64).wrap(i) for i in point])
        combiners = terminator.regions if name_of(terminator) == "scf.reduce" else ()
        carried = [
            machine.combine(combiner, (old, new))[0]
            for combiner, old, new in zip(combiners, carried, given, strict=True)
        ]
    return carried


@meaning("scf.forall")
def _forall(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """Every point sees the outputs as they were before the loop. Two points that insert different elements in one place
    leave it undefined, as their order is open."""
    *dynamic, outputs = segments(op, operands)
    lower, upper, step = (
        extents(integers(op, name), given, "a loop bound")
        for name, given in zip(("staticLowerBound", "staticUpperBound", "staticStep"), dynamic, strict=True)
    )
    results: list[Tensor] = list(outputs)
    writers: dict[tuple[int, int], Scalar] = {}
    targets = {arg: k for k, arg in enumerate(op.regions[0].blocks[0].args[len(lower) :])}
    for point in machine.forall_order(_points(lower, upper, step)):
        terminator, _ = machine.run_region(op.regions[0], [*(Int(64).wrap(i) for i in point), *outputs])
        for insert in terminator.regions[0].blocks[0].ops if terminator.regions else ():
            number = targets[insert.operands[1]]
            source, positions = insert_slice(insert, machine.values(insert.operands))
            elements = list(results[number].elements)
            for position, element in zip(positions, source.elements, strict=True):
                before = writers.setdefault((number, position), element)
                elements[position] = element if before is element or before == element else UNDEFINED
            results[number] = Tensor(results[number].shape, elements)
    return results
