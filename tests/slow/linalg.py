"""The linalg dialect on tensors and on memrefs (MLIR's documentation of `linalg`).

An output that is a tensor gives a new tensor; one that is a memref is written in place, point after point, the last
dimension fastest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from xdsl.ir import Operation
from xdsl.ir.affine import AffineDimExpr, AffineMap

from . import floats, integers
from .engine import Machine, Results, meaning
from .errors import SlowError
from .reading import attribute, dtype, integer, maps, name_of, segments
from .reading import integers as integers_of
from .scalars import DType, Float, Int, Scalar, Undefined
from .values import Index, MemRef, Tensor, flat, indices


@dataclass
class Operand:
    """An input or output as something that is read and written at indices. A scalar has the shape ()."""

    machine: Machine
    value: Any
    dtype: DType
    elements: list[Scalar] = field(init=False)

    def __post_init__(self) -> None:
        self.elements = list(self.value.elements) if isinstance(self.value, Tensor) else []

    @property
    def shape(self) -> Index:
        return self.value.shape if isinstance(self.value, Tensor | MemRef) else ()

    def __getitem__(self, index: Sequence[int]) -> Scalar:
        if isinstance(self.value, MemRef):
            return self.machine.memory.load(self.value.address(index), self.value.dtype)
        return self.elements[flat(self.shape, index)] if isinstance(self.value, Tensor) else self.value

    def __setitem__(self, index: Sequence[int], element: Scalar) -> None:
        if isinstance(self.value, MemRef):
            self.machine.memory.store(self.value.address(index), self.value.dtype, element)
        else:
            self.elements[flat(self.shape, index)] = element


def operands_of(machine: Machine, op: Operation, values: Sequence[Any]) -> tuple[list[Operand], list[Operand]]:
    """The inputs and the outputs. Without segments the outputs are as many as there are inputs in linalg.reduce, else
    one."""
    operands = [Operand(machine, value, dtype(operand)) for value, operand in zip(values, op.operands, strict=True)]
    if attribute(op, "operandSegmentSizes") is not None:
        inputs, outputs = segments(op, operands)
        return inputs, outputs
    split = len(operands) // 2 if name_of(op) == "linalg.reduce" else len(operands) - 1
    return operands[:split], operands[split:]


def results_of(outputs: Sequence[Operand]) -> Results:
    return [Tensor(output.shape, output.elements) for output in outputs if isinstance(output.value, Tensor)]


def domain(indexing: Sequence[AffineMap], operands: Sequence[Operand]) -> Index:
    """The extent of each loop: that of the operand's dimension which the loop alone indexes."""
    extents: dict[int, int] = {}
    for affine_map, operand in zip(indexing, operands, strict=True):
        for expression, size in zip(affine_map.results, operand.shape, strict=True):
            if isinstance(expression, AffineDimExpr) and extents.setdefault(expression.position, size) != size:
                raise SlowError(f"loop {expression.position} runs to {extents[expression.position]} and to {size}")
    loops = indexing[0].num_dims if indexing else 0
    if len(extents) != loops:
        raise SlowError(f"no operand says how far the loops {sorted(set(range(loops)) - set(extents))} run")
    return tuple(extents[loop] for loop in range(loops))


def _evaluator(affine_map: AffineMap) -> Callable[[Index], Index]:
    """The map as a function; a map that only picks loops, as nearly all do, needs no walk over its expressions."""
    if all(isinstance(expression, AffineDimExpr) for expression in affine_map.results):
        picked = [expression.position for expression in affine_map.results]  # pyright: ignore
        return lambda point: tuple(point[loop] for loop in picked)
    return lambda point: affine_map.eval(point, [])


Body = Callable[[Sequence[Scalar]], Sequence[Scalar]]


def run_generic(
    machine: Machine, indexing: Sequence[AffineMap], inputs: list[Operand], outputs: list[Operand], body: Body
) -> Results:
    """For each point of the loops: the body on the elements there, its results written to the outputs there."""
    operands = [*inputs, *outputs]
    evaluate = [_evaluator(affine_map) for affine_map in indexing]
    for point in indices(domain(indexing, operands)):
        places = [place(point) for place in evaluate]
        machine.iteration.append(point)
        given = body([operand[place] for operand, place in zip(operands, places, strict=True)])
        machine.iteration.pop()
        for output, place, element in zip(outputs, places[len(inputs) :], given, strict=True):
            output[place] = element
    return results_of(outputs)


@meaning("linalg.generic")
def _generic(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    inputs, outputs = operands_of(machine, op, values)
    body: Body = lambda elements: machine.combine(op.regions[0], elements)  # noqa: E731
    return run_generic(machine, maps(op, "indexing_maps"), inputs, outputs, body)


@meaning("linalg.index")
def _index(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    return (machine.iteration[-1][integer(op, "dim")],)


@meaning("linalg.map")
def _map(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    """The mapper has an argument for each input; since LLVM 22 one for the output too."""
    inputs, outputs = operands_of(machine, op, values)
    identity = AffineMap.identity(len(outputs[0].shape))
    wanted = len(op.regions[0].blocks[0].args)
    body: Body = lambda elements: machine.combine(op.regions[0], elements[:wanted])  # noqa: E731
    return run_generic(machine, [identity] * len(values), inputs, outputs, body)


@meaning("linalg.reduce")
def _reduce(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    """The combiner is given the elements and then what the outputs hold, in ascending order of the index."""
    inputs, outputs = operands_of(machine, op, values)
    removed = integers_of(op, "dimensions")
    for index in indices(inputs[0].shape):
        kept = [i for d, i in enumerate(index) if d not in removed]
        elements = [operand[index] for operand in inputs]
        if any(isinstance(element, Undefined) for element in elements):
            raise SlowError(f"element {index} of a reduction is undefined")
        given = machine.combine(op.regions[0], [*elements, *(output[kept] for output in outputs)])
        for output, element in zip(outputs, given, strict=True):
            output[kept] = element
    return results_of(outputs)


def cast(source: DType, target: DType, element: Scalar, *, signed: bool = True) -> Scalar:
    """The conversion that named operations apply to operands of another type than the result's."""
    if isinstance(element, Undefined) or source == target:
        return element
    match source, target:
        case Int(), Int():
            return integers.resize(source, target, element, signed=signed)
        case Int(), Float():
            return floats.from_integer(source, target, element, signed=signed)
        case Float(), Int():
            return floats.to_integer(source, target, element, signed=signed)
        case Float(), Float():
            return floats.convert(source, target, element)
        case _:
            raise AssertionError


@meaning("linalg.fill", "linalg.copy")
def _fill(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    (source,), (output,) = operands_of(machine, op, values)
    if source.shape not in ((), output.shape):
        raise SlowError(f"a value of the shape {source.shape} for one of {output.shape}")
    # A copy between overlapping views moves what the source held before.
    elements = {index: source[index if source.shape else ()] for index in indices(output.shape)}
    for index, element in elements.items():
        output[index] = cast(source.dtype, output.dtype, element)
    return results_of([output])


@meaning("linalg.transpose")
def _transpose(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    (source,), (output,) = operands_of(machine, op, values)
    order = integers_of(op, "permutation")
    if tuple(source.shape[d] for d in order) != output.shape:
        raise SlowError(f"{source.shape} in the order {order} as {output.shape}")
    for index in indices(output.shape):
        output[index] = source[[index[order.index(d)] for d in range(len(order))]]
    return results_of([output])


@meaning("linalg.broadcast")
def _broadcast(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    (source,), (output,) = operands_of(machine, op, values)
    added = integers_of(op, "dimensions")
    if tuple(size for d, size in enumerate(output.shape) if d not in added) != source.shape:
        raise SlowError(f"{source.shape} broadcast to {output.shape} along {added}")
    for index in indices(output.shape):
        output[index] = source[[i for d, i in enumerate(index) if d not in added]]
    return results_of([output])
