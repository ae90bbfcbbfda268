"""Types from strings, and which type two types meet in.

"128x64xf16" is a tensor, "?x?xf32" one whose sizes are known when the program runs, "f32" and "index" are scalars,
"memref:?xf32" is a buffer in memory; anything else that MLIR can read as a type is written in full:
"memref<?xf32, strided<[1], offset: ?>>", "tensor<f32>" for a tensor without dimensions.

Promotion, where values of two types meet (integers are signless and read as signed):

- a truth value (i1) takes the other type; two of them are counted as i32 in arithmetic;
- integers meet in the wider one; `index` with an integer is `index`;
- an integer with a float takes the float's type, however narrow;
- floats meet in the wider one; two different floats of one width meet in f32;
- a Python number takes the type of what it meets; a Python float that meets integers is f32.
"""

from __future__ import annotations

import re
from typing import TypeAlias, cast

from xdsl.dialects import builtin
from xdsl.dialects.builtin import DYNAMIC_INDEX, AnyFloat, IndexType, IntegerType, MemRefType, TensorType
from xdsl.ir import Attribute, SSAValue

from minilinalg.errors import CommandError, near_name

ElementType: TypeAlias = AnyFloat | IntegerType | IndexType
AnyTensor: TypeAlias = TensorType[Attribute]

ELEMENTS: dict[str, ElementType] = {
    "f64": builtin.f64,
    "f32": builtin.f32,
    "f16": builtin.f16,
    "bf16": builtin.bf16,
    "f8E4M3FN": builtin.Float8E4M3FNType(),
    "f8E5M2": builtin.Float8E5M2Type(),
    "i64": builtin.i64,
    "i32": builtin.i32,
    "i16": IntegerType(16),
    "i8": builtin.i8,
    "i1": builtin.i1,
    "index": IndexType(),
}
"""The element types by their MLIR names, which are also the names of the casts of a comprehension."""

_ALIASES = {"bool": "i1", "half": "f16", "float": "f32", "double": "f64", "int": "i32", "long": "i64", "fp8": "f8E5M2"}
_LONG_NAME = re.compile(r"(?:float|fp|int|bfloat)(\d+)")

F32, F64, I1, I32, I64, INDEX = builtin.f32, builtin.f64, builtin.i1, builtin.i32, builtin.i64, IndexType()


def element_type(name: str) -> ElementType:
    """The element type called `name`; CommandError with the near name otherwise."""
    if name in ELEMENTS:
        return ELEMENTS[name]
    near = _ALIASES.get(name)
    if near is None and (match := _LONG_NAME.fullmatch(name)):
        near = {"f": "f", "i": "i", "b": "bf"}[name[0]] + match.group(1)
    raise CommandError(
        f"unknown element type '{name}'",
        rule=f"an element type is one of: {', '.join(ELEMENTS)}",
        hint=f"did you mean '{near}'?" if near in ELEMENTS else near_name(name, ELEMENTS),
    )


def parse_type(text: str) -> Attribute:
    """The type that `text` stands for, as the head of this file says; CommandError when it stands for none."""
    text = text.strip()
    if "<" in text or text.startswith("!"):
        return _parse_mlir_type(text)
    if text.startswith("memref:"):
        shape, element = _split(text.removeprefix("memref:"), text)
        return MemRefType(element, shape)
    if "x" in text and text not in ELEMENTS:
        shape, element = _split(text, text)
        if shape:
            return TensorType(element, shape)
    return element_type(text)


def _split(text: str, whole: str) -> tuple[list[int], ElementType]:
    """The sizes and the element type of "128x?xf16"."""
    *sizes, element = re.split(r"x(?=[\d?a-z])", text)
    for size in sizes:
        if size != "?" and not size.isdecimal():
            raise CommandError(
                f"'{size}' in the type '{whole}' is no size",
                rule="a tensor type is its sizes and its element type joined by 'x', like '128x64xf16'; "
                "a size is a number, or '?' when it is known only as the program runs",
            )
    return [DYNAMIC_INDEX if size == "?" else int(size) for size in sizes], element_type(element)


def _parse_mlir_type(text: str) -> Attribute:
    from minilinalg.context import make_context
    from minilinalg.dialects.upstream.parser import MLIRParser

    try:
        return MLIRParser(make_context(), text, "<type>").parse_type()
    except Exception:
        # Each dialect's parser has its own way to say that this is no type.
        raise CommandError(
            f"'{text}' is no type",
            rule="a type is a string like '128x64xf16', '?xf32', 'f32', 'memref:?xf32', or an MLIR type in full",
        ) from None


def is_tensor(value: SSAValue) -> bool:
    return isinstance(value.type, TensorType)


def tensor_type(value: SSAValue) -> AnyTensor:
    """The type of a value that is a tensor."""
    return cast(AnyTensor, value.type)


def element_of(value: SSAValue) -> ElementType:
    """The element type of a tensor, the type of anything else."""
    return cast(ElementType, tensor_type(value).element_type if is_tensor(value) else value.type)


def type_name(type: Attribute) -> str:
    """How messages write a type: 128x64xf16 for a tensor, MLIR's text for everything else."""
    if not isinstance(type, TensorType):
        return str(type)
    tensor = cast(AnyTensor, type)
    if not tensor.get_num_dims():
        return str(tensor)
    return "x".join(["?" if s == DYNAMIC_INDEX else str(s) for s in tensor.get_shape()] + [str(tensor.element_type)])


def width(type: ElementType) -> int:
    """The number of bits of a value; an index has 64."""
    if isinstance(type, IndexType):
        return 64
    return type.width.data if isinstance(type, IntegerType) else type.bitwidth


def is_float(type: Attribute) -> bool:
    return isinstance(type, AnyFloat)


def is_bool(type: Attribute) -> bool:
    return type == I1


def promote(a: ElementType, b: ElementType) -> ElementType:
    """The type that values of types `a` and `b` meet in."""
    if a == b:
        return a
    if is_float(a) != is_float(b):
        return a if is_float(a) else b
    if is_float(a) and width(a) == width(b):
        return F32
    if isinstance(a, IndexType) or isinstance(b, IndexType):
        return INDEX
    return a if width(a) >= width(b) else b


def widened(type: ElementType) -> ElementType:
    """The type that sums and products of `type` are accumulated in when nothing is said: at least 32 bits."""
    if width(type) >= 32:
        return type
    return F32 if is_float(type) else I32
