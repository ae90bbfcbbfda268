"""The linalg dialect on tensors and on memrefs (MLIR's documentation of `linalg`).

An output that is a tensor gives a new tensor; one that is a memref is written in place, point after point, the last
dimension fastest.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from xdsl.ir import Operation
from xdsl.ir.affine import AffineDimExpr, AffineMap

from . import contraction, floats, functions, integers
from .engine import Machine, Results, meaning, strict
from .errors import SlowError, SlowUnsupported
from .reading import attribute, dtype, integer, keyword, maps, name_of, segments
from .reading import integers as integers_of
from .scalars import UNDEFINED, DType, Float, Int, Scalar, Undefined
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


def _by_type(on_floats: str, on_integers: str) -> Callable[..., Scalar]:
    return lambda t, *x: (
        floats.BINARY[on_floats](t, *x) if isinstance(t, Float) else integers.BINARY[on_integers](t, *x)
    )


def _function(name: str) -> Callable[..., Scalar]:
    return functions.FUNCTIONS[name]


ELEMENTWISE: dict[str, Callable[..., Scalar]] = {
    "add": _by_type("addf", "addi"),
    "sub": _by_type("subf", "subi"),
    "mul": _by_type("mulf", "muli"),
    "div": _by_type("divf", "divsi"),
    "div_unsigned": integers.BINARY["divui"],
    "max": _by_type("maximumf", "maxsi"),
    "min": _by_type("minimumf", "minsi"),
    "max_unsigned": integers.BINARY["maxui"],
    "min_unsigned": integers.BINARY["minui"],
    "powf": _function("powf"),
    "exp": _function("exp"),
    "log": _function("log"),
    "abs": lambda t, a: floats.absf(t, a) if isinstance(t, Float) else integers.UNARY["absi"](t, a),
    "ceil": _function("ceil"),
    "floor": _function("floor"),
    "negf": floats.negf,
    "reciprocal": lambda t, a: floats.BINARY["divf"](t, cast(Int(8), t, 1), a),
    "round": _function("round"),
    "sqrt": _function("sqrt"),
    "rsqrt": _function("rsqrt"),
    "square": lambda t, a: _by_type("mulf", "muli")(t, a, a),
    "tanh": _function("tanh"),
    "erf": _function("erf"),
}


@meaning(*(f"linalg.{name}" for name in ELEMENTWISE))
def _elementwise(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    """A named operation on operands of one shape; scalars go with every element."""
    inputs, outputs = operands_of(machine, op, values)
    return _apply(machine, ELEMENTWISE[name_of(op).removeprefix("linalg.")], inputs, outputs)


def _apply(machine: Machine, function: Callable[..., Scalar], inputs: list[Operand], outputs: list[Operand]) -> Results:
    t, rank = outputs[0].dtype, len(outputs[0].shape)
    indexing = [
        AffineMap.identity(rank) if operand.shape or not rank else AffineMap(rank, 0, ())
        for operand in (*inputs, *outputs)
    ]

    def body(elements: Sequence[Scalar]) -> Sequence[Scalar]:
        given = [cast(operand.dtype, t, x) for operand, x in zip(inputs, elements, strict=False)]
        return (strict(lambda *scalars: function(t, *scalars))(*given),)

    return run_generic(machine, indexing, inputs, outputs, body)


@meaning("linalg.select")
def _select(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    inputs, outputs = operands_of(machine, op, values)
    identity = AffineMap.identity(len(outputs[0].shape))
    body: Body = lambda x: (UNDEFINED if isinstance(x[0], Undefined) else x[1] if x[0] else x[2],)  # noqa: E731
    return run_generic(machine, [identity] * 4, inputs, outputs, body)


def _dims(text: str, names: str) -> AffineMap:
    """A map written as the letters of the loops that index each dimension."""
    return AffineMap(len(names), 0, tuple(AffineDimExpr(names.index(letter)) for letter in text))


# The loops, and which of them index the operands and the output.
CONTRACTIONS = {
    "matmul": ("mnk", "mk", "kn", "mn"),
    "matmul_transpose_a": ("mnk", "km", "kn", "mn"),
    "matmul_transpose_b": ("mnk", "mk", "nk", "mn"),
    "batch_matmul": ("bmnk", "bmk", "bkn", "bmn"),
    "batch_matmul_transpose_a": ("bmnk", "bkm", "bkn", "bmn"),
    "batch_matmul_transpose_b": ("bmnk", "bmk", "bnk", "bmn"),
    "batch_reduce_matmul": ("bmnk", "bmk", "bkn", "mn"),
    "matvec": ("mk", "mk", "k", "m"),
    "vecmat": ("nk", "k", "kn", "n"),
    "batch_matvec": ("bmk", "bmk", "bk", "bm"),
    "batch_vecmat": ("bnk", "bk", "bkn", "bn"),
    "dot": ("k", "k", "k", ""),
}


@meaning("linalg.contract", *(f"linalg.{name}" for name in CONTRACTIONS))
def _contraction(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    """Sums of products onto the output. As in tt.dot, products are exact and each sum is rounded once."""
    inputs, outputs = operands_of(machine, op, values)
    if attribute(op, "indexing_maps") is not None:
        indexing = maps(op, "indexing_maps")
    else:
        loops, *operands = CONTRACTIONS[name_of(op).removeprefix("linalg.")]
        indexing = [_dims(text, loops) for text in operands]
    signed = keyword(op, "cast", ("cast_signed", "cast_unsigned"), "cast_signed") == "cast_signed"
    a, b, c = inputs[0].dtype, inputs[1].dtype, outputs[0].dtype
    step = strict(lambda x, y, z: contraction.multiply_add(a, b, c, x, y, z, signed=signed))
    return run_generic(machine, indexing, inputs, outputs, lambda elements: (step(*elements),))


@meaning("linalg.softmax")
def _softmax(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    """exp(x - max) / sum(exp(x - max)) along a dimension, each step rounded."""
    (source,), (output,) = operands_of(machine, op, values)
    t, axis = output.dtype, integer(op, "dimension")
    if not isinstance(t, Float):
        raise SlowUnsupported("a softmax of integers")
    outer = [range(1) if d == axis else range(size) for d, size in enumerate(source.shape)]
    for index in itertools.product(*outer):
        line = [(*index[:axis], i, *index[axis + 1 :]) for i in range(source.shape[axis])]
        row = [source[place] for place in line]
        if any(isinstance(element, Undefined) for element in row):
            raise SlowError(f"an element of row {index} of a softmax is undefined")
        largest = row[0]
        for element in row[1:]:
            largest = floats.BINARY["maxnumf"](t, largest, element)
        shifted = [functions.FUNCTIONS["exp"](t, floats.BINARY["subf"](t, element, largest)) for element in row]
        total = 0
        for element in shifted:
            total = floats.BINARY["addf"](t, total, element)
        for place, element in zip(line, shifted, strict=True):
            output[place] = floats.BINARY["divf"](t, element, total)
    return results_of([output])


# The input's loops beside those of the output, and how an element is joined to what the output holds.
POOLINGS: dict[str, Callable[..., Scalar]] = {
    "sum": _by_type("addf", "addi"),
    "max": _by_type("maximumf", "maxsi"),
    "min": _by_type("minimumf", "minsi"),
    "max_unsigned": integers.BINARY["maxui"],
    "min_unsigned": integers.BINARY["minui"],
}


def _window(op: Operation, spatial: int, place: Sequence[int], offset: Sequence[int]) -> list[int]:
    """Where a window at an output's place reads: strides along places, dilations inside of the window."""
    strides = integers_of(op, "strides") or (1,) * spatial
    dilations = integers_of(op, "dilations") or (1,) * spatial
    return [p * s + o * d for p, s, o, d in zip(place, strides, offset, dilations, strict=True)]


@meaning(*(f"linalg.pooling_{order}_{kind}" for kind in POOLINGS for order in ("nchw", "nhwc")))
def _pooling(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    (source, window), (output,) = operands_of(machine, op, values)
    _, order, kind = name_of(op).split("_", 2)
    at = order.index("h")
    for index in indices(output.shape):
        for offset in indices(window.shape):
            inner = _window(op, 2, index[at : at + 2], offset)
            element = cast(source.dtype, output.dtype, source[(*index[:at], *inner, *index[at + 2 :])])
            join = strict(lambda old, new: POOLINGS[kind](output.dtype, old, new))
            output[index] = join(output[index], element)
    return results_of([output])


@meaning("linalg.conv_2d_nchw_fchw", "linalg.conv_2d_nhwc_hwcf", "linalg.conv_2d")
def _convolution(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    (source, kernel), (output,) = operands_of(machine, op, values)
    step = strict(lambda x, y, z: contraction.multiply_add(source.dtype, kernel.dtype, output.dtype, x, y, z))
    for index in indices(output.shape):
        for place in indices(kernel.shape):
            match name_of(op):
                case "linalg.conv_2d_nchw_fchw":
                    n, filter, *at = index
                    here, channel, *offset = place
                    inner = (n, channel, *_window(op, 2, at, offset))
                case "linalg.conv_2d_nhwc_hwcf":
                    n, *at, filter = index
                    *offset, channel, here = place
                    inner = (n, *_window(op, 2, at, offset), channel)
                case _:
                    filter = here = 0
                    inner = tuple(_window(op, 2, index, place))
            if filter == here:
                output[index] = step(source[inner], kernel[place], output[index])
    return results_of([output])
