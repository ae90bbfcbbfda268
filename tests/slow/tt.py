"""The tt dialect (TritonOps.td of Triton 3.9 and the documentation of triton.language)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.ir import Operation

from . import floats, functions, integers
from .arith import convert_float
from .engine import Machine, Results, meaning, pointwise
from .errors import SlowUnsupported
from .reading import attribute, dtype, integer, keyword, name_of, shape_of, string
from .reading import integers as integers_of
from .scalars import Float, Int, Rounding, Scalar
from .tensor import concatenate
from .values import Index, Tensor

AXES = ("x", "y", "z")


@meaning("tt.get_program_id", "tt.get_num_programs")
def _program(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    axis = AXES.index(keyword(op, "axis", AXES))
    return ((machine.program if name_of(op) == "tt.get_program_id" else machine.grid)[axis],)


# Shapes


def _shape(op: Operation) -> Index:
    shape = shape_of(op.results[0].type)
    assert shape is not None
    return shape


@meaning("tt.make_range")
def _make_range(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    start, end = integer(op, "start"), integer(op, "end")
    return (Tensor((end - start,), [Int(32).wrap(i) for i in range(start, end)]),)


@meaning("tt.splat")
def _splat(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return (Tensor.full(_shape(op), operands[0]),)


@meaning("tt.unsplat")
def _unsplat(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (element,) = operands[0].elements
    return (element,)


@meaning("tt.expand_dims", "tt.reshape")
def _reshape(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """Row-major order is kept. With `allow_reorder` any order would do."""
    return (operands[0].reshaped(_shape(op)),)


@meaning("tt.broadcast")
def _broadcast(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source,) = operands

    def element(index: Index) -> Scalar:
        return source[[0 if size == 1 else i for i, size in zip(index, source.shape, strict=True)]]

    return (Tensor.generate(_shape(op), element),)


@meaning("tt.trans")
def _trans(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source,), order = operands, integers_of(op, "order")
    shape = [source.shape[d] for d in order]
    return (Tensor.generate(shape, lambda index: source[[index[order.index(d)] for d in range(len(order))]]),)


@meaning("tt.cat")
def _cat(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """The second behind the first; the op's definition would allow any order of the elements."""
    return (concatenate(operands, 0),)


@meaning("tt.join")
def _join(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return (Tensor.generate((*operands[0].shape, 2), lambda index: operands[index[-1]][index[:-1]]),)


@meaning("tt.split")
def _split(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source,) = operands
    return [Tensor.generate(source.shape[:-1], lambda index, half=half: source[(*index, half)]) for half in (0, 1)]


# Elementwise arithmetic


def _float(op: Operation) -> Float:
    t = dtype(op.results[0])
    assert isinstance(t, Float)
    return t


@meaning("tt.fp_to_fp")
def _fp_to_fp(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    rounding = keyword(op, "rounding", ("rtz", "rtne"), "rtne")
    return convert_float(op, Rounding.TOWARD_ZERO if rounding == "rtz" else Rounding.NEAREST_EVEN, operands)


@meaning("tt.clampf")
def _clampf(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """`propagateNan` all: NaN if any operand is. None: as fmin(fmax(x, low), high) of C, so NaN becomes `low`."""
    all_nans = (
        integer(op, "propagateNan") != 0
        if hasattr(attribute(op, "propagateNan"), "value")
        else (keyword(op, "propagateNan", ()) == "all")
    )
    larger, smaller = ("maximumf", "minimumf") if all_nans else ("maxnumf", "minnumf")
    t = _float(op)

    def clamp(x: int, low: int, high: int) -> int:
        return floats.BINARY[smaller](t, floats.BINARY[larger](t, x, low), high)

    return pointwise(clamp, *operands)


@meaning("tt.precise_sqrt")
def _precise_sqrt(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    t = _float(op)
    return pointwise(lambda a: floats.sqrt(t, a), *operands)


@meaning("tt.precise_divf", "tt.approx_divf")
def _divf(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """Both correctly rounded; tt.approx_divf may be off by two ulp."""
    t = _float(op)
    return pointwise(lambda a, b: floats.BINARY["divf"](t, a, b), *operands)


@meaning("tt.mulhiui")
def _mulhiui(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    t = dtype(op.results[0])
    assert isinstance(t, Int)
    return pointwise(lambda a, b: integers.mul_extended(t, a, b, signed=False)[1], *operands)


# Functions of libdevice whose name there is not that of the math dialect.
LIBDEVICE = {"fabs": "absf", "pow": "powf", "rint": "roundeven", "nearbyint": "roundeven"}
LIBDEVICE_BINARY = {"fmin": "minnumf", "fmax": "maxnumf", "fmod": "remf"}


@meaning("tt.extern_elementwise")
def _extern(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """The functions of libdevice that the math dialect has too."""
    t, symbol = dtype(op.results[0]), string(op, "symbol")
    name = symbol.removeprefix("__nv_")
    if isinstance(t, Float) and t.width == 32:
        name = name.removesuffix("f")
    function = functions.FUNCTIONS.get(LIBDEVICE.get(name, name)) or floats.BINARY.get(LIBDEVICE_BINARY.get(name, ""))
    if function is None or not isinstance(t, Float):
        raise SlowUnsupported(f"no meaning for the external function {symbol}")
    return pointwise(lambda *scalars: function(t, *scalars), *operands)


@meaning("tt.map_elementwise")
def _map_elementwise(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """The region takes `pack` neighbouring elements of the first source, then of the second, and gives as many of each
    result."""
    pack, shape = integer(op, "pack"), operands[0].shape
    results: list[list[Scalar]] = [[] for _ in op.results]
    for start in range(0, len(operands[0].elements), pack):
        given = machine.combine(
            op.regions[0], [element for operand in operands for element in operand.elements[start : start + pack]]
        )
        for number, result in enumerate(results):
            result += given[number * pack : (number + 1) * pack]
    return [Tensor(shape, result) for result in results]
