"""Constants: the number that a value is known to be, and the attribute for a number.

Integers are held as signed numbers of their width, as IntegerAttr does (a true i1 is -1); `index` has 64 bits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, TypeAlias, cast

from xdsl.dialects.builtin import (
    AnyFloat,
    BFloat16Type,
    DenseIntOrFPElementsAttr,
    Float16Type,
    Float32Type,
    Float64Type,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    TensorType,
    VectorType,
)
from xdsl.ir import Attribute, SSAValue

from minilinalg.dialects.upstream import arith

Constant: TypeAlias = int | float

INDEX_WIDTH = 64
INTEGERS: tuple[type[Attribute], ...] = (IntegerType, IndexType)
EXACT_FLOATS = (Float16Type, BFloat16Type, Float32Type, Float64Type)


def constant_of(value: SSAValue) -> Constant | None:
    """The number that `value` is, or that every element of it is; None when that is not known."""
    owner = value.owner
    if not isinstance(owner, arith.ConstantOp):
        return None
    match owner.properties["value"]:
        case IntegerAttr() | FloatAttr() as attr:
            return attr.value.data
        case DenseIntOrFPElementsAttr() as attr:
            return uniform_element(attr)
        case _:
            return None


def uniform_element(attr: DenseIntOrFPElementsAttr) -> Constant | None:
    """The number that every element of a dense constant is, None when they differ or there are none."""
    data, size = attr.data.data, cast("Any", attr.type.element_type).compile_time_size
    first = data[:size]
    if not data or first * (len(data) // size) != data:
        return None
    return next(iter(cast("Iterable[Constant]", attr.iter_values())))


def constant(value: Constant, type: Attribute) -> Attribute | None:
    """The attribute for a constant of `type` with `value` (in every element), wrapped or rounded to its element type.

    None when there is none: for types that are not folded, for NaN, for shapes that are not static.
    """
    element = element_type(type)
    number: Any
    if isinstance(element, AnyFloat):
        number = round_to(element, value)
    elif isinstance(element, INTEGERS):
        number = wrap(int(value), width_of(element))
    else:
        return None
    if number is None:
        return None
    if isinstance(type, TensorType | VectorType):
        shaped = cast("TensorType[Any]", type)
        return DenseIntOrFPElementsAttr.from_list(shaped, [number]) if shaped.has_static_shape() else None
    return FloatAttr(number, element) if isinstance(element, AnyFloat) else IntegerAttr(number, cast("Any", element))


def element_type(type: Attribute) -> Attribute:
    """The type of the elements of a tensor or vector, or the type itself."""
    return cast("TensorType", type).element_type if isinstance(type, TensorType | VectorType) else type


def width_of(type: Attribute) -> int:
    """The number of bits of an integer or index type."""
    return cast("IntegerType", type).width.data if isinstance(type, IntegerType) else INDEX_WIDTH


def wrap(value: int, width: int) -> int:
    """`value` modulo 2**width, read as a signed number."""
    value &= (1 << width) - 1
    return value - (1 << width) if value >> (width - 1) else value


def unsigned(value: int, width: int) -> int:
    """The signed number `value` read as an unsigned one of `width` bits."""
    return value & ((1 << width) - 1)


def round_to(type: Attribute, value: float) -> float | None:
    """`value` rounded to the nearest number of a float type, ties to even; None for NaN and types not in EXACT_FLOATS.

    `value` must be exact or correctly rounded to double precision (analysis of the caller), else it is rounded twice.
    """
    if not isinstance(type, EXACT_FLOATS) or math.isnan(value):
        return None
    try:
        return FloatAttr(value, type).value.data
    except OverflowError:
        return math.copysign(math.inf, value)
