"""Reading operations, types and attributes by name, so that the slow interpreter depends on no dialect class.

A property and an attribute of the same name are read alike, and so are an operation of a registered dialect and one
that xDSL holds as unregistered.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from xdsl.dialects.builtin import UnregisteredOp
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.ir.affine import AffineMap

from .scalars import FLOATS, INDEX, POINTER, DType, Int, Scalar, from_python

DYNAMIC = -(1 << 63)
"""What MLIR writes in a static list where an operand gives the number."""


def name_of(op: Operation) -> str:
    return op.op_name.data if isinstance(op, UnregisteredOp) else op.name


def attribute(op: Operation, name: str) -> Any:
    """The property or attribute `name`, or None."""
    return op.properties.get(name, op.attributes.get(name))


def integer(op: Operation, name: str, default: int | None = None) -> int:
    found = attribute(op, name)
    if found is None:
        if default is None:
            raise KeyError(f"{name_of(op)} has no {name}")
        return default
    return found.value.data


def keyword(op: Operation, name: str, keywords: Sequence[str], default: str | None = None) -> str:
    """An enumeration's word, whether the attribute holds its number, a string or a Python enum."""
    found = attribute(op, name)
    if found is None:
        if default is None:
            raise KeyError(f"{name_of(op)} has no {name}")
        return default
    if hasattr(found, "value"):
        return keywords[found.value.data]
    data = getattr(found, "data", found)
    return str(getattr(data, "value", data))


def flags(op: Operation, name: str) -> frozenset[str]:
    """The words of a set of flags such as nsw and nuw."""
    found = attribute(op, name)
    if found is None:
        return frozenset()
    return frozenset(str(getattr(flag, "value", flag)) for flag in found.data)


def string(op: Operation, name: str) -> str:
    return attribute(op, name).data


def flag(op: Operation, name: str) -> bool:
    """A unit attribute that is there, or a boolean that is true."""
    found = attribute(op, name)
    return found is not None and (not hasattr(found, "value") or bool(found.value.data))


def numbers(found: Any) -> tuple[int, ...]:
    """The integers of an array<i64: ...>, a [1 : i64, ...] or a dense<...>; none for None."""
    if found is None:
        return ()
    if hasattr(found, "get_values"):
        return tuple(int(x) for x in found.get_values())
    return tuple(x.value.data for x in found.data)


def integers(op: Operation, name: str) -> tuple[int, ...]:
    return numbers(attribute(op, name))


def groups(op: Operation, name: str) -> tuple[tuple[int, ...], ...]:
    """A list of lists of integers, as reassociations are."""
    return tuple(numbers(group) for group in attribute(op, name).data)


def maps(op: Operation, name: str) -> list[AffineMap]:
    return [attr.data for attr in attribute(op, name).data]


def symbol(op: Operation, name: str) -> str:
    found = attribute(op, name)
    return found.root_reference.data if hasattr(found, "root_reference") else found.data


def segments(op: Operation, values: Sequence[Any]) -> list[list[Any]]:
    """`values`, one for each operand, grouped as the operation's definition groups its operands."""
    sizes = integers(op, "operandSegmentSizes")
    result: list[list[Any]] = []
    start = 0
    for size in sizes:
        result.append(list(values[start : start + size]))
        start += size
    if start != len(values):
        raise ValueError(f"{name_of(op)}: operandSegmentSizes {sizes} for {len(values)} operands")
    return result


def shape_of(type: Attribute) -> tuple[int, ...] | None:
    """The shape of a tensor or memref type, DYNAMIC where it is not known; None for a scalar."""
    shape = getattr(type, "shape", None)
    if shape is None or type.name == "tt.tensordesc":
        return None
    return tuple(DYNAMIC if size.data < 0 else size.data for size in shape)


def element_type(type: Attribute) -> Any:
    """The element type of a tensor or memref; a scalar is its own."""
    return type.element_type if shape_of(type) is not None else type  # pyright: ignore


def pointee(type: Attribute) -> DType:
    """What a pointer, or a tensor of pointers, points to."""
    return dtype_of(element_type(type).parameters[0])


@lru_cache(maxsize=1024)
def dtype_of(type: Attribute) -> DType:
    """How the patterns of a scalar, or of the elements of a tensor or memref, are read."""
    scalar = element_type(type)
    match scalar.name:
        case "integer_type":
            return Int(scalar.width.data)
        case "index":
            return INDEX
        case "tt.ptr" | "llvm.ptr":
            return POINTER
        case name if name in FLOATS:
            return FLOATS[name]
    raise ValueError(f"no scalar type: {type}")


def dtype(value: SSAValue) -> DType:
    return dtype_of(value.type)


def constant(attr: Any) -> Scalar | tuple[tuple[int, ...], list[Scalar]]:
    """The pattern of a number attribute; shape and patterns of a dense one, in row-major order."""
    if not hasattr(attr, "get_values"):
        return from_python(dtype_of(attr.type), attr.value.data)
    element = dtype_of(attr.type)
    raw, size = attr.data.data, attr.type.element_type.compile_time_size
    mask = (1 << element.width) - 1
    patterns: list[Scalar] = [
        int.from_bytes(raw[start : start + size], "little") & mask for start in range(0, len(raw), size)
    ]
    shape = shape_of(attr.type)
    assert shape is not None
    count = 1
    for extent in shape:
        count *= extent
    return shape, patterns * count if len(patterns) == 1 else patterns


def place(op: Operation) -> str:
    """Where an operation stands, as far as its location says."""
    location = getattr(op, "location", None)
    return "" if location is None else f" at {location}"
