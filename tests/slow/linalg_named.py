"""The named operations of the linalg dialect: elementwise, contractions, windows, softmax."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from xdsl.ir import Operation
from xdsl.ir.affine import AffineDimExpr, AffineMap

from . import contraction, floats, functions, integers
from .engine import Machine, Results, meaning, strict
from .errors import SlowError, SlowUnsupported
from .linalg import Body, Operand, cast, operands_of, results_of, run_generic
from .reading import attribute, integer, keyword, maps, name_of
from .reading import integers as integers_of
from .scalars import UNDEFINED, Float, Int, Scalar, Undefined
from .values import indices


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
