"""Numbers in MLIR text: literals to bytes and bytes to literals.

A hexadecimal literal of a float type is its bit pattern (`0xFF800000 : f32` is minus infinity), so NaN payloads survive
here, and `0.0` and `-0.0` are different elements. A splat is packed once, whatever its shape.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    AnyDenseElement,
    AnyFloat,
    BytesAttr,
    ComplexType,
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    RankedStructure,
    Signedness,
    TensorType,
    VectorType,
    f64,
    i64,
)
from xdsl.ir import TypeAttribute
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.utils.hints import isa
from xdsl.utils.mlir_lexer import MLIRTokenKind

from minilinalg.dialects.upstream.assembly import counted

HEX_STRING_LIMIT = 100
"""A dense attribute with more elements than this, not all equal, is printed as one string of hexadecimal digits."""


def pack_float(value: float, type_: AnyFloat) -> bytes:
    """The little-endian bytes of `value` rounded to `type_`; what is too large becomes an infinity."""
    try:
        return type_.pack((value,))
    except OverflowError:
        return type_.pack((math.copysign(math.inf, value),))


def float_bits(bits: int, type_: AnyFloat) -> bytes | None:
    """The little-endian bytes of the pattern `bits`, or None when `type_` has fewer bits than that."""
    return bits.to_bytes(type_.compile_time_size, "little") if 0 <= bits < 1 << type_.bitwidth else None


def float_text(raw: bytes, type_: AnyFloat) -> str:
    """A literal that reads back as exactly the element `raw` (little-endian): decimal, or hexadecimal where needed."""
    value = type_.unpack(raw, 1)[0]
    bits = f"0x{int.from_bytes(raw, 'little'):0{(type_.bitwidth + 3) // 4}X}"
    if not math.isfinite(value):
        return bits
    mantissa, exponent = f"{value:.5e}".split("e")
    short = f"{mantissa}0e{exponent}"
    for text in (short, f"{value:.9G}", f"{value:.17G}"):
        if "." in text and pack_float(float(text), type_) == raw:
            return text
    return bits


def print_dense(printer: Printer, attr: DenseIntOrFPElementsAttr) -> None:
    """`dense<...> : type`."""
    print_dense_elements(printer, attr)
    printer.print_string(" : ")
    printer.print_attribute(attr.type)


def print_dense_elements(printer: Printer, attr: DenseIntOrFPElementsAttr) -> None:
    """`dense<...>`; a splat when all elements have the same bytes."""
    element_type: Any = attr.get_element_type()
    data, size = attr.data.data, element_type.compile_time_size
    count = len(data) // size

    def element(index: int) -> None:
        raw = data[index * size : (index + 1) * size]
        if isinstance(element_type, AnyFloat):
            printer.print_string(float_text(raw, element_type))
        elif isinstance(element_type, ComplexType):
            printer.print_complex(element_type.unpack(raw, 1)[0], element_type)  # pyright: ignore
        else:
            printer.print_int(element_type.unpack(raw, 1)[0], element_type)

    def nested(shape: Sequence[int], first: int) -> None:
        if not shape:
            element(first)
            return
        step = math.prod(shape[1:])
        with printer.in_square_brackets():
            printer.print_list(range(shape[0]), lambda i: nested(shape[1:], first + i * step))

    printer.print_string("dense<")
    if count and data == data[:size] * count:
        element(0)
    elif count > HEX_STRING_LIMIT and element_type != IntegerType(1):
        printer.print_string(f'"0x{data.hex().upper()}"')
    elif count:
        nested(attr.get_shape(), 0)
    printer.print_string(">")


class LiteralParser(Parser):
    """xDSL's parser with exact float literals."""

    def parse_optional_builtin_int_or_float_attr(self) -> IntegerAttr | FloatAttr | None:
        if (boolean := self.try_parse_builtin_boolean_attr()) is not None:
            return boolean
        start = self.pos
        negative = self._parse_optional_token(MLIRTokenKind.MINUS) is not None
        token = self._current_token
        if token.kind not in (MLIRTokenKind.INTEGER_LIT, MLIRTokenKind.FLOAT_LIT):
            if negative:
                self.raise_error("expected a number after '-'")
            return None
        self._consume_token()
        decimal = token.kind is MLIRTokenKind.FLOAT_LIT
        is_hex = token.text[:2] == "0x"
        if self.parse_optional_punctuation(":") is None:
            if decimal:
                return FloatAttr(-float(token.text) if negative else float(token.text), f64)
            type_: TypeAttribute = i64
        else:
            type_ = self.parse_type()
        if isinstance(type_, AnyFloat):
            raw = self._float_literal(token.text, negative, type_, start)
            return FloatAttr(type_.unpack(raw, 1)[0], type_)
        if not isa(type_, IntegerType | IndexType):
            self.raise_error(
                f"a number has an integer, index or float type, not {type_}", start, start + len(token.text)
            )
        if decimal:
            self.raise_error(
                f"{token.text} is a float literal, but its type is {type_}", start, start + len(token.text)
            )
        value = int(token.text, 16 if is_hex else 10)
        value = self._integer_in_range(-value if negative else value, type_, start, start + len(token.text))
        return IntegerAttr(value, type_)

    def _integer_in_range(self, value: int, type_: IntegerType | IndexType, start: int, end: int) -> int:
        """`value` as the type holds it: a literal may be written signed or unsigned."""
        if isinstance(type_, IndexType):
            return value
        width = type_.width.data
        low = 0 if type_.signedness.data is Signedness.UNSIGNED else -(1 << (width - 1))
        high = (1 << (width - 1)) if type_.signedness.data is Signedness.SIGNED else 1 << width
        if not low <= value < high:
            self.raise_error(f"{value} does not fit into {type_}, which holds {low} to {high - 1}", start, end)
        return value

    def _float_literal(self, text: str, negative: bool, type_: AnyFloat, start: int) -> bytes:
        if text[:2] != "0x":
            return pack_float(-float(text) if negative else float(text), type_)
        if negative:
            self.raise_error(
                "a hexadecimal float literal is a bit pattern and has no sign", start, start + 1 + len(text)
            )
        if (raw := float_bits(int(text, 16), type_)) is None:
            self.raise_error(f"{text} has more bits than {type_}", start, start + len(text))
        return raw

    # Dense attributes

    def _parse_dense_literal_type(self) -> RankedStructure[AnyDenseElement]:
        start = self.pos
        type_ = self.parse_type()
        if not isinstance(type_, TensorType | VectorType | MemRefType) or not isinstance(
            type_.get_element_type(), AnyFloat | IntegerType | IndexType | ComplexType
        ):
            self.raise_error(
                f"dense<> has a tensor or vector type with numbers as elements, not {type_}", start, self.pos
            )
        if any(size == DYNAMIC_INDEX for size in type_.get_shape()):
            self.raise_error(f"dense<> has a type with static shape, not {type_}", start, self.pos)
        return type_  # pyright: ignore

    def parse_dense_int_or_fp_elements_attr(
        self, type: RankedStructure[AnyDenseElement] | None
    ) -> DenseIntOrFPElementsAttr:
        start = self.pos
        self.parse_punctuation("<", " after dense")
        text = self.parse_optional_str_literal()
        literal = None
        if text is None and self._current_token.kind is not MLIRTokenKind.GREATER:
            literal = self._parse_tensor_literal()
        self.parse_punctuation(">", " after the elements of dense")
        if type is None:
            self.parse_punctuation(":", " and a type after dense<...>")
            type = self._parse_dense_literal_type()
        element_type, shape = type.get_element_type(), list(type.get_shape())
        count = math.prod(shape)
        if text is not None:
            data = self._dense_hex_string(text, element_type, count, start)
        elif literal is None:
            if count:
                self.raise_error(f"dense<> has no element, its type {type} has {count}", start)
            data = b""
        else:
            elements, literal_shape = literal
            if literal_shape and literal_shape != shape:
                self.raise_error(f"dense<> has elements of shape {literal_shape}, its type has {shape}", start)
            data = b"".join(self._element_bytes(e, element_type) for e in elements)
            if not literal_shape:
                data *= count
        return DenseIntOrFPElementsAttr(type, BytesAttr(data))

    def _element_bytes(self, element: Parser._TensorLiteralElement, type_: AnyDenseElement) -> bytes:  # pyright: ignore
        text, value = element.span.text, element.value
        if isinstance(type_, AnyFloat):
            if isinstance(value, tuple | bool):
                self.raise_error(f"{text} is no {type_}", element.span)
            negative = text[:1] == "-"
            return self._float_literal(text.lstrip("-").strip(), negative, type_, element.span.start)
        if isinstance(type_, ComplexType):
            return type_.pack((element.to_complex(self, type_),))  # pyright: ignore
        if isinstance(value, bool) and type_ != IntegerType(1):
            self.raise_error(f"{text} is an i1, but the elements are of type {type_}", element.span)
        if not isinstance(value, int):
            self.raise_error(f"{text} is no integer, but the elements are of type {type_}", element.span)
        value = self._integer_in_range(int(value), type_, element.span.start, element.span.end)
        if isinstance(type_, IntegerType):
            value = type_.get_normalized_value(value)
        return type_.pack((value,))  # pyright: ignore

    def _dense_hex_string(self, text: str, type_: AnyDenseElement, count: int, start: int) -> bytes:
        try:
            data = bytes.fromhex(text.removeprefix("0x"))
        except ValueError:
            self.raise_error("the string in dense<> is no sequence of hexadecimal digits in pairs", start)
        size = type_.compile_time_size
        if type_ == IntegerType(1) and count > 1:
            # MLIR packs booleans eight to a byte, the first in the lowest bit; one byte stands for a splat.
            if len(data) == 1 and count > 8:
                data *= (count + 7) // 8
            if len(data) == (count + 7) // 8:
                return type_.pack([-(data[i // 8] >> (i % 8) & 1) for i in range(count)])  # pyright: ignore
        if len(data) == size:
            data *= count
        if len(data) != size * count:
            self.raise_error(
                f"the string in dense<> has {counted(len(data), 'byte')}, its type has {counted(count, 'element')} of "
                f"{counted(size, 'byte')}",
                start,
            )
        return data
