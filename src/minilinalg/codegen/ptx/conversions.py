"""Constants, and conversions between the types of elements."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr

from minilinalg.codegen.ptx.elements import STORED_FLOATS, Element, Offset, Operand, Part, Wide, kind_of, signed
from minilinalg.codegen.ptx.integers import narrowed, offset, split, zeros_of
from minilinalg.codegen.ptx.writer import ALL, Handler, Writer
from minilinalg.dialects.simt.types import count_of

# Floats of 16 bits, which are computed as f32


def as_f32(w: Writer, element: Element, kind: str) -> Operand:
    """An element of f16, bf16 or f32 as f32, which is exact."""
    if kind == "f32":
        return w.number(element)
    if kind in STORED_FLOATS:
        return _widened_byte(w, w.loose(element, 8), kind)
    if isinstance(element, int):
        return element << 16 if kind == "bf16" else _bits(struct.unpack("<e", struct.pack("<H", element))[0])
    assert isinstance(element, Part)
    word, bit = element
    if kind == "bf16":
        return w.pure("r", "and.b32", word, 0xFFFF0000) if bit else w.pure("r", "shl.b32", word, 16)
    return w.pure("r", "cvt.f32.f16", half(w, word, bit))


def _widened_byte(w: Writer, byte: Operand, kind: str) -> Operand:
    """A float of 8 bits. An f8E5M2 is the upper half of an f16; an f8E4M3FN has the layout of a small f32."""
    word = w.register(byte)
    if kind == "f8E5M2":
        return w.pure("r", "cvt.f32.f16", half(w, w.pure("r", "shl.b32", word, 8), 0))
    magnitude = w.pure("r", "and.b32", word, 0x7F)
    # Its exponents are 120 less than those of an f32, subnormal numbers too.
    scaled = w.pure("r", "mul.rn.f32", w.pure("r", "shl.b32", magnitude, 20), (127 + 120) << 23)
    is_nan = w.pure("p", "setp.eq.s32", magnitude, 0x7F)
    number = w.pure("r", "selp.b32", 0x7FC00000, scaled, is_nan)
    sign = w.pure("r", "and.b32", w.pure("r", "shl.b32", word, 24), 1 << 31)
    return w.pure("r", "or.b32", number, sign)


LAYOUTS = {"f8E4M3FN": ("e4m3", 3, 7, 448.0), "f8E5M2": ("e5m2", 2, 15, 57344.0)}
"""Floats of 8 bits: how cvt calls them, bits of the mantissa, exponent of 1, the largest number."""


def _to_bytes(w: Writer, numbers: Sequence[Operand], kind: str) -> list[Element]:
    """f32 rounded to floats of 8 bits; what is too large becomes the largest."""
    if w.machine.capability < 90:
        return [narrowed(_to_byte(w, w.register(x), kind), w, 8) for x in numbers]
    found: list[Element] = []
    for at in range(0, len(numbers), 2):
        low, high = numbers[at], numbers[min(at + 1, len(numbers) - 1)]
        pair, word = w.new("h"), w.new("r")
        registers = ", ".join(w.register(x) for x in (high, low))
        w.raw(f"cvt.rn.satfinite.{LAYOUTS[kind][0]}x2.f32 {pair}, {registers};", (pair,), needed=False)
        w.raw(f"mov.b32 {word}, {{{pair}, {pair}}};", (word,), needed=False)
        found += [Part(word), Part(word, 8)]
    return found[: len(numbers)]


def _to_byte(w: Writer, x: str, kind: str) -> str:
    """The same by arithmetic: half of the last bit is added, or a number so large that it is cut off there."""
    _, mantissa, bias, largest = LAYOUTS[kind]
    cut = 23 - mantissa
    magnitude = w.pure("r", "min.f32", w.pure("r", "abs.f32", x), _bits(largest))
    tie = w.pure("r", "and.b32", w.pure("r", "shr.u32", magnitude, cut), 1)
    above = w.pure("r", "add.s32", w.pure("r", "add.s32", magnitude, (1 << cut - 1) - 1), tie)
    normal = w.pure("r", "shr.u32", w.pure("r", "sub.s32", above, (127 - bias) << 23), cut)
    step = _bits(2.0 ** (24 - bias - mantissa))
    small = w.pure("r", "sub.s32", w.pure("r", "add.rn.f32", magnitude, step), step)
    is_small = w.pure("p", "setp.lt.f32", magnitude, _bits(2.0 ** (1 - bias)))
    number = w.pure("r", "selp.b32", small, normal, is_small)
    number = w.pure("r", "selp.b32", 0x7F, number, w.pure("p", "setp.nan.f32", x, x))
    return w.pure("r", "or.b32", number, w.pure("r", "and.b32", w.pure("r", "shr.u32", x, 24), 0x80))


def _bits(value: float) -> int:
    return struct.unpack("<I", struct.pack("<f", value))[0]


def half(w: Writer, word: str, bit: int) -> str:
    """16 bits of a register, in a register of their own."""

    def unpack() -> tuple[str, str]:
        low, high = w.new("h"), w.new("h")
        w.raw(f"mov.b32 {{{low}, {high}}}, {word};", (low, high), needed=False)
        return low, high

    return w.once(("halves", word), unpack)[bit // 16]


def from_f32(w: Writer, numbers: Sequence[Operand], kind: str, rounding: str = "rn") -> list[Element]:
    """f32 rounded to `kind`, two at a time."""
    if kind == "f32":
        return list(numbers)
    words: list[Operand] = []
    for at in range(0, len(numbers), 2):
        low = numbers[at]
        high = numbers[at + 1] if at + 1 < len(numbers) else low
        words.append(w.pure("r", f"cvt.{rounding}.{kind}x2.f32", *(_registered(w, x) for x in (high, low))))
    return w.parts(words, 16, len(numbers))


def _registered(w: Writer, number: Operand) -> str:
    return w.register(number)


# Constants


def _constant(w: Writer, op: Any) -> None:
    count, kind, bits = count_of(op.result.type), kind_of(op.result.type), w.bits(op.result)
    value = op.value
    match value:
        case IntegerAttr():
            found = [value.value.data & ((1 << bits) - 1)]
        case FloatAttr() if kind in STORED_FLOATS:
            raise w.unsupported(f"a constant of type {kind}", "constants of 8-bit floats are vectors written out")
        case FloatAttr():
            found = [float_bits(value.value.data, kind)]
        case DenseIntOrFPElementsAttr():
            found = _dense(value, bits)
        case _:
            raise w.unsupported(f"the constant {value}", "a constant is a number, or a vector of them written out")
    w.values[op.result] = found * count if len(found) == 1 else found


def _dense(value: Any, bits: int) -> list[int]:
    """The bits of each element; of a splat, one."""
    data: bytes = value.data.data
    size = max(1, bits // 8)
    mask = (1 << bits) - 1
    return [int.from_bytes(data[at : at + size], "little") & mask for at in range(0, len(data), size)]


def float_bits(value: float, kind: str) -> int:
    if kind == "f64":
        return struct.unpack("<Q", struct.pack("<d", value))[0]
    if kind == "bf16":
        return _rounded(_bits(value))
    if kind == "f16":
        return struct.unpack("<H", struct.pack("<e", value))[0]
    return _bits(value)


def _rounded(bits: int) -> int:
    """The bits of an f32 as those of the nearest bf16."""
    if bits & 0x7FFFFFFF > 0x7F800000:
        return bits >> 16 | 0x40
    return bits + 0x7FFF + (bits >> 16 & 1) >> 16


# Conversions of integers


def _extend(*, sign: bool) -> Handler:
    def handle(w: Writer, op: Any) -> None:
        old, new = w.bits(op.operands[0]), w.bits(op.results[0])
        w.values[op.results[0]] = [extended(w, element, old, new, sign=sign) for element in w.values[op.operands[0]]]

    return handle


def extended(w: Writer, element: Element, old: int, new: int, *, sign: bool) -> Element:
    """An integer as a wider one."""
    if isinstance(element, int):
        return signed(element, old) & ((1 << new) - 1) if sign else element
    if old == 1:
        true = (1 << new) - 1 if sign else 1
        return narrowed(_chosen(w, element, true, max(new, 32)), w, new) if new < 32 else _chosen(w, element, true, new)
    if old < 32:
        element = w.widened(element, old, sign=sign)
        if new <= 32:
            return narrowed(element, w, new) if new < 32 else element
    if sign:
        # Nothing wraps where the sum of both is positive: the constant may stay outside.
        base, by = split(element)
        if by and isinstance(base, str) and by + (~zeros_of(w, base) & ALL) < 1 << 31:
            return Offset(Wide(base), by, 64)
        return Offset(Wide(w.register(element)), 0, 64)
    number = w.register(element)
    if zeros_of(w, number) >> 31:
        return Offset(Wide(number), 0, 64)
    return w.pure("d", "cvt.u64.u32", number)


def _chosen(w: Writer, element: Element, true: int, bits: int) -> str:
    return w.pure("d" if bits == 64 else "r", f"selp.b{bits}", true, 0, w.predicate(element))


def _truncate(w: Writer, op: Any) -> None:
    old, new = w.bits(op.operands[0]), w.bits(op.results[0])
    w.values[op.results[0]] = [truncated(w, element, old, new) for element in w.values[op.operands[0]]]


def truncated(w: Writer, element: Element, old: int, new: int) -> Element:
    """The lowest bits of an integer."""
    if isinstance(element, int):
        return element & ((1 << new) - 1)
    if old == 64:
        base, by = split(element)
        if isinstance(base, Wide):
            element = offset(base.register, by, 32)
        elif isinstance(base, str):
            element = offset(w.pure("r", "cvt.u32.u64", base), by, 32)
        old = 32
    if new == 32:
        return element
    if new > 1:
        return element if isinstance(element, Part) else narrowed(element, w, new)
    low = w.loose(element, old) if isinstance(element, Part) else w.number(element)
    return w.pure("p", "setp.ne.s32", w.pure("r", "and.b32", low, 1), 0)


# Conversions between integers and floats


def _to_float(letter: str) -> Handler:
    sign = letter == "s"

    def handle(w: Writer, op: Any) -> None:
        refuse_stored(w, op, op.results[0])
        old, kind = w.bits(op.operands[0]), kind_of(op.results[0].type)
        elements = w.values[op.operands[0]]
        numbers = [
            w.number(extended(w, element, old, 32, sign=sign)) if old < 32 else w.number(element)
            for element in elements
        ]
        wide = max(old, 32)
        if kind in ("f32", "f64"):
            w.values[op.results[0]] = [
                w.pure("d" if kind == "f64" else "r", f"cvt.rn.{kind}.{letter}{wide}", x) for x in numbers
            ]
            return
        if old <= 16:
            rounded: list[Operand] = [w.pure("r", f"cvt.rn.f32.{letter}32", x) for x in numbers]
        else:
            rounded = [_odd(w, x, f"{letter}{wide}") for x in numbers]
        w.values[op.results[0]] = from_f32(w, rounded, kind)

    return handle


def _odd(w: Writer, x: Operand, type: str) -> str:
    """A number as f32, its last bit set where something is lost: so it can be rounded again (rounding to odd)."""
    cut = w.pure("r", f"cvt.rz.f32.{type}", x)
    back = w.pure("d" if type.endswith("64") else "r", f"cvt.{'' if type == 'f64' else 'rzi.'}{type}.f32", cut)
    lost = w.pure("p", f"setp.neu.{type}" if type == "f64" else f"setp.ne.{type}", back, x)
    return w.pure("r", "selp.b32", w.pure("r", "or.b32", cut, 1), cut, lost)


def _to_integer(letter: str) -> Handler:
    def handle(w: Writer, op: Any) -> None:
        refuse_stored(w, op, op.operands[0])
        kind, new = kind_of(op.operands[0].type), w.bits(op.results[0])
        wide = "f64" if kind == "f64" else "f32"
        results: list[Element] = []
        for element in w.values[op.operands[0]]:
            x = w.number(element) if kind == "f64" else as_f32(w, element, kind)
            if new == 1:
                results.append(w.pure("p", f"setp.neu.{wide}", x, 0))
            else:
                found = w.pure("d" if new == 64 else "r", f"cvt.rzi.{letter}{max(new, 32)}.{wide}", x)
                results.append(narrowed(found, w, new) if new < 32 else found)
        w.values[op.results[0]] = results

    return handle


# Conversions between floats


def _extend_float(w: Writer, op: Any) -> None:
    old, new = kind_of(op.operands[0].type), kind_of(op.results[0].type)
    _known_floats(w, op)
    numbers = [as_f32(w, element, old) for element in w.values[op.operands[0]]]
    if new == "f64":
        w.values[op.results[0]] = [w.pure("d", "cvt.f64.f32", w.register(x)) for x in numbers]
    else:
        # Exact, whatever the type.
        w.values[op.results[0]] = from_f32(w, numbers, new)


ROUNDING = {None: "rn", "to_nearest_even": "rn", "toward_zero": "rz"}
"""arith's rounding modes -> those of cvt."""


def _truncate_float(w: Writer, op: Any) -> None:
    old, new = kind_of(op.operands[0].type), kind_of(op.results[0].type)
    _known_floats(w, op)
    mode = getattr(op, "rounding_mode", None)
    rounding = ROUNDING.get(mode)
    if rounding is None:
        raise w.unsupported(f"'{op.name}' that rounds {mode}", "floats are rounded to nearest, or toward_zero")
    if new in STORED_FLOATS and rounding != "rn":
        raise w.unsupported(f"'{op.name}' to {new} that rounds {mode}", "floats of 8 bits are rounded to nearest")
    elements = w.values[op.operands[0]]
    if old == "f64":
        if new == "f32":
            w.values[op.results[0]] = [w.pure("r", f"cvt.{rounding}.f32.f64", w.number(x)) for x in elements]
            return
        numbers: list[Operand] = [_odd(w, w.number(x), "f64") for x in elements]
    else:
        numbers = [as_f32(w, x, old) for x in elements]
    found = _to_bytes(w, numbers, new) if new in STORED_FLOATS else from_f32(w, numbers, new, rounding)
    w.values[op.results[0]] = found


def refuse_stored(w: Writer, op: Any, value: Any) -> None:
    if kind_of(value.type) in STORED_FLOATS:
        raise w.unsupported(
            f"'{op.name}' of {kind_of(value.type)}", f"{', '.join(STORED_FLOATS)} are extended before anything else"
        )


def _known_floats(w: Writer, op: Any) -> None:
    for value in (op.operands[0], op.results[0]):
        w.bits(value)


def _same_bits(w: Writer, op: Any) -> None:
    old, new = w.bits(op.operands[0]), w.bits(op.results[0])
    if old != new:
        raise w.unsupported(f"'{op.name}' from {old} to {new} bits", "the elements of both have one width")
    w.values[op.results[0]] = w.values[op.operands[0]]


def _poison(w: Writer, op: Any) -> None:
    """Anything will do."""
    w.bits(op.results[0])
    w.values[op.results[0]] = [0] * count_of(op.results[0].type)


HANDLERS: Mapping[str, Handler] = {
    "ub.poison": _poison,
    "arith.constant": _constant,
    "arith.extsi": _extend(sign=True),
    "arith.extui": _extend(sign=False),
    "arith.trunci": _truncate,
    "arith.sitofp": _to_float("s"),
    "arith.uitofp": _to_float("u"),
    "arith.fptosi": _to_integer("s"),
    "arith.fptoui": _to_integer("u"),
    "arith.extf": _extend_float,
    "arith.truncf": _truncate_float,
    "arith.bitcast": _same_bits,
}
