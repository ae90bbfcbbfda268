"""Arithmetic on integers, one element at a time.

Elements of 8 and 16 bits are computed with 32: those that the upper bits cannot change in any case, others after
extension. Constants that are added stay apart (`Offset`) until something other than an address needs the sum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minilinalg.codegen.ptx.elements import Element, Offset, Operand, Part, Wide, signed
from minilinalg.codegen.ptx.writer import ALL, Handler, Writer, sum_zeros

Binary = Callable[[Writer, Element, Element, int], Element]
"""(writer, a, b, bits) -> the result; of elements of 32 or 64 bits."""


# Sums that are not added yet


def split(element: Element) -> tuple[str | Wide | None, int]:
    """An element as a base, None for nothing, plus a constant."""
    match element:
        case int():
            return None, element
        case Offset(base, by, _):
            return base, by
        case Part():
            raise AssertionError("an element of less than 32 bits")
        case _:
            return element, 0


def offset(base: str | Wide | None, by: int, bits: int) -> Element:
    """The inverse of `split`."""
    by &= (1 << bits) - 1
    if base is None:
        return by
    return base if by == 0 and isinstance(base, str) else Offset(base, by, bits)


def zeros_of(w: Writer, operand: Operand) -> int:
    """Bits of a 32-bit operand that are 0 for sure."""
    return ~operand & ALL if isinstance(operand, int) else w.zeros.get(operand, 0)


def add(w: Writer, a: Element, b: Element, bits: int) -> Element:
    (x, c), (y, d) = split(a), split(b)
    if x is None or y is None:
        return offset(x if y is None else y, c + d, bits)
    both = sorted(w.register(offset(base, 0, bits), letter_of(bits)) for base in (x, y))
    total = w.pure(letter_of(bits), f"add.s{bits}", *both)
    if bits == 32:
        w.zeros[total] = sum_zeros(zeros_of(w, both[0]), zeros_of(w, both[1]))
    return offset(total, c + d, bits)


def subtract(w: Writer, a: Element, b: Element, bits: int) -> Element:
    (x, c), (y, d) = split(a), split(b)
    if y is None:
        return offset(x, c - d, bits)
    if x is None:
        return w.pure(letter_of(bits), f"sub.s{bits}", (c - d) & ((1 << bits) - 1), _base(w, y, bits))
    return offset(w.pure(letter_of(bits), f"sub.s{bits}", _base(w, x, bits), _base(w, y, bits)), c - d, bits)


def _base(w: Writer, base: str | Wide, bits: int) -> Operand:
    return w.number(offset(base, 0, bits))


def letter_of(bits: int) -> str:
    return "d" if bits == 64 else "r"


def multiply(w: Writer, a: Element, b: Element, bits: int) -> Element:
    if isinstance(a, int):
        a, b = b, a
    x, c = split(a)
    if not isinstance(b, int):
        y, d = split(b)
        if isinstance(x, Wide) and isinstance(y, Wide) and not c and not d:
            return w.pure("d", "mul.wide.s32", *sorted((x.register, y.register)))
        return w.pure(
            letter_of(bits),
            f"mul.lo.s{bits}",
            *sorted((w.register(a, letter_of(bits)), w.register(b, letter_of(bits)))),
        )
    if x is None or b == 0:
        return c * b & ((1 << bits) - 1)
    if b == 1:
        return a
    return offset(_scaled(w, x, b, bits), c * b, bits)


def _scaled(w: Writer, x: str | Wide, factor: int, bits: int) -> str:
    if isinstance(x, Wide):
        if -(1 << 31) <= signed(factor, 64) < 1 << 31:
            return w.pure("d", "mul.wide.s32", x.register, factor)
        x = w.register(Offset(x, 0, 64), "d")
    if factor.bit_count() == 1:
        return _shifted(w, x, factor.bit_length() - 1, bits)
    return w.pure(letter_of(bits), f"mul.lo.s{bits}", x, factor)


def _shifted(w: Writer, x: str, by: int, bits: int) -> str:
    into = w.pure(letter_of(bits), f"shl.b{bits}", x, by)
    if bits == 32:
        w.zeros[into] = (zeros_of(w, x) << by | (1 << by) - 1) & ALL
    return into


# Bits


def conjunction(w: Writer, a: Element, b: Element, bits: int) -> Element:
    x, y = w.number(a), w.number(b)
    if isinstance(x, int):
        x, y = y, x
    every = (1 << bits) - 1
    if isinstance(x, int) and isinstance(y, int):
        return x & y
    if y == 0 or x == y:
        return y
    if bits == 32:
        zeros = zeros_of(w, x) | zeros_of(w, y)
        if isinstance(y, int) and (y | zeros_of(w, x)) == every:
            return x
        into = w.pure("r", "and.b32", x, y)
        w.zeros[into] = zeros
        return into
    return x if y == every else w.pure("d", "and.b64", x, y)


def exclusive(w: Writer, a: Element, b: Element, bits: int) -> Element:
    """Constant bits where the other operand has zeros are as good as added."""
    if isinstance(a, int):
        a, b = b, a
    if isinstance(a, int) and isinstance(b, int):
        return a ^ b
    x, c = split(a)
    if bits == 32 and isinstance(b, int) and isinstance(x, str):
        zeros = zeros_of(w, x)
        if c & ~zeros == 0:
            kept = b & ~zeros
            if kept:
                changed = w.pure("r", "xor.b32", x, kept)
                w.zeros[changed] = zeros & ~kept
                x = changed
            return offset(x, (c ^ b) & zeros, 32)
    return _bitwise("xor")(w, a, b, bits)


def disjunction(w: Writer, a: Element, b: Element, bits: int) -> Element:
    if isinstance(a, int):
        a, b = b, a
    if isinstance(a, int) and isinstance(b, int):
        return a | b
    x, c = split(a)
    if bits == 32 and isinstance(b, int) and isinstance(x, str) and (b | c) & ~zeros_of(w, x) == 0:
        return offset(x, b | c, 32)
    return _bitwise("or")(w, a, b, bits)


def _bitwise(name: str) -> Binary:
    def compute(w: Writer, a: Element, b: Element, bits: int) -> Element:
        x, y = w.number(a), w.number(b)
        if y == 0:
            return a
        into = w.pure(letter_of(bits), f"{name}.b{bits}", x, y)
        if bits == 32:
            w.zeros[into] = zeros_of(w, x) & zeros_of(w, y)
        return into

    return compute


def shift_left(w: Writer, a: Element, b: Element, bits: int) -> Element:
    if isinstance(b, int) and b < bits:
        return multiply(w, a, 1 << b, bits)
    return w.pure(letter_of(bits), f"shl.b{bits}", w.number(a), _amount(w, b, bits))


def _amount(w: Writer, b: Element, bits: int) -> Operand:
    """A shift takes its amount as 32 bits."""
    number = w.number(b)
    if bits == 32 or isinstance(number, int):
        return min(number, bits) if isinstance(number, int) else number
    return w.pure("r", "cvt.u32.u64", number)


def shift_right(w: Writer, a: Element, b: Element, bits: int) -> Element:
    """Zeros come in from above."""
    x, y = w.number(a), _amount(w, b, bits)
    if isinstance(x, int) and isinstance(y, int):
        return x >> y
    if y == 0:
        return x
    into = w.pure(letter_of(bits), f"shr.u{bits}", x, y)
    if bits == 32 and isinstance(y, int):
        w.zeros[into] = zeros_of(w, x) >> y | (ALL << 32 - y & ALL)
    return into


def shift_right_signed(w: Writer, a: Element, b: Element, bits: int) -> Element:
    x = w.number(a)
    if bits == 32 and zeros_of(w, x) >> 31:
        return shift_right(w, x, b, bits)
    return w.pure(letter_of(bits), f"shr.s{bits}", x, _amount(w, b, bits))


# Division, and what else needs signs


def plain(opcode: str) -> Binary:
    """One instruction, named without its type's width."""

    def compute(w: Writer, a: Element, b: Element, bits: int) -> Element:
        return w.pure(letter_of(bits), f"{opcode}{bits}", w.number(a), w.number(b))

    return compute


def _rounded_division(up: bool) -> Binary:
    """Division with sign towards plus or minus infinity: one more or less where a remainder is left on that side."""

    def compute(w: Writer, a: Element, b: Element, bits: int) -> Element:
        letter = letter_of(bits)
        x, y = w.number(a), w.number(b)
        quotient = w.pure(letter, f"div.s{bits}", x, y)
        rest = w.pure(letter, f"rem.s{bits}", x, y)
        left = w.pure("p", f"setp.ne.s{bits}", rest, 0)
        signs = w.pure(letter, f"xor.b{bits}", rest, y)
        # The remainder has the sign of x: the exact quotient is negative where it differs from that of y.
        beyond = w.pure("p", f"setp.{'ge' if up else 'lt'}.s{bits}", signs, 0)
        moved = w.pure(letter, f"add.s{bits}", quotient, 1 if up else (1 << bits) - 1)
        return w.pure(letter, f"selp.b{bits}", moved, quotient, w.pure("p", "and.pred", left, beyond))

    return compute


def _division_up(w: Writer, a: Element, b: Element, bits: int) -> Element:
    letter = letter_of(bits)
    x, y = w.number(a), w.number(b)
    quotient, rest = w.pure(letter, f"div.u{bits}", x, y), w.pure(letter, f"rem.u{bits}", x, y)
    left = w.pure("p", f"setp.ne.u{bits}", rest, 0)
    return w.pure(letter, f"selp.b{bits}", w.pure(letter, f"add.s{bits}", quotient, 1), quotient, left)


BINARY: Mapping[str, tuple[Binary, str]] = {
    "arith.addi": (add, "any"),
    "arith.subi": (subtract, "any"),
    "arith.muli": (multiply, "any"),
    "arith.andi": (conjunction, "any"),
    "arith.ori": (disjunction, "any"),
    "arith.xori": (exclusive, "any"),
    "arith.shli": (shift_left, "amount"),
    "arith.shrui": (shift_right, "unsigned"),
    "arith.shrsi": (shift_right_signed, "signed"),
    "arith.divsi": (plain("div.s"), "signed"),
    "arith.divui": (plain("div.u"), "unsigned"),
    "arith.remsi": (plain("rem.s"), "signed"),
    "arith.remui": (plain("rem.u"), "unsigned"),
    "arith.floordivsi": (_rounded_division(up=False), "signed"),
    "arith.ceildivsi": (_rounded_division(up=True), "signed"),
    "arith.ceildivui": (_division_up, "unsigned"),
    "arith.maxsi": (plain("max.s"), "signed"),
    "arith.maxui": (plain("max.u"), "unsigned"),
    "arith.minsi": (plain("min.s"), "signed"),
    "arith.minui": (plain("min.u"), "unsigned"),
}
"""Operation -> what computes it, and how operands of less than 32 bits are extended ("any": not at all)."""

ON_PREDICATES: Mapping[str, str] = {
    "arith.addi": "xor.pred",
    "arith.subi": "xor.pred",
    "arith.xori": "xor.pred",
    "arith.muli": "and.pred",
    "arith.andi": "and.pred",
    "arith.ori": "or.pred",
    "arith.maxsi": "and.pred",
    "arith.minsi": "or.pred",
    "arith.maxui": "or.pred",
    "arith.minui": "and.pred",
}
"""The same on i1, where true is -1 with a sign."""


def on_predicates(w: Writer, opcode: str, a: Element, b: Element) -> Element:
    """and, or, xor of two i1."""
    assert isinstance(a, str | int) and isinstance(b, str | int)
    if isinstance(a, int):
        a, b = b, a
    if isinstance(b, int):
        match opcode, b:
            case ("and.pred", 1) | ("or.pred", 0) | ("xor.pred", 0):
                return a
            case ("and.pred", _) | ("or.pred", _):
                return b
            case _:
                return a ^ b if isinstance(a, int) else w.pure("p", "not.pred", a)
    assert isinstance(a, str)
    return a if a == b and opcode != "xor.pred" else w.pure("p", opcode, *sorted((a, b)))


def _binary(w: Writer, op: Any) -> None:
    compute, extension = BINARY[op.name]
    bits = w.bits(op.results[0])
    left, right = w.values[op.operands[0]], w.values[op.operands[1]]
    if bits == 1:
        opcode = ON_PREDICATES.get(op.name)
        if opcode is None:
            raise w.unsupported(f"'{op.name}' on i1", f"on i1 there are {', '.join(ON_PREDICATES)}")
        w.values[op.results[0]] = [on_predicates(w, opcode, a, b) for a, b in zip(left, right, strict=True)]
    elif bits >= 32:
        w.values[op.results[0]] = [compute(w, a, b, bits) for a, b in zip(left, right, strict=True)]
    else:
        w.values[op.results[0]] = [
            narrowed(compute(w, *_extended(w, a, b, bits, extension), 32), w, bits)
            for a, b in zip(left, right, strict=True)
        ]


def _extended(w: Writer, a: Element, b: Element, bits: int, how: str) -> tuple[Operand, Operand]:
    if how == "any":
        return w.loose(a, bits), w.loose(b, bits)
    if how == "amount":
        return w.loose(a, bits), w.widened(b, bits, sign=False)
    return w.widened(a, bits, sign=how == "signed"), w.widened(b, bits, sign=how == "signed")


def narrowed(element: Element, w: Writer, bits: int) -> Element:
    """The lowest bits of an element of 32."""
    number = w.number(element)
    return number & ((1 << bits) - 1) if isinstance(number, int) else Part(number)


# Products of twice the width


def _extended_product(letter: str) -> Handler:
    def handle(w: Writer, op: Any) -> None:
        bits = w.bits(op.results[0])
        if bits < 32:
            raise w.unsupported(f"'{op.name}' on i{bits}", "it is there for i32 and i64")
        kind = "d" if bits == 64 else "r"
        pairs = [
            (w.number(a), w.number(b)) for a, b in zip(w.values[op.operands[0]], w.values[op.operands[1]], strict=True)
        ]
        w.values[op.results[0]] = [w.pure(kind, f"mul.lo.{letter}{bits}", a, b) for a, b in pairs]
        w.values[op.results[1]] = [w.pure(kind, f"mul.hi.{letter}{bits}", a, b) for a, b in pairs]

    return handle


def _extended_sum(w: Writer, op: Any) -> None:
    bits = w.bits(op.results[0])
    if bits < 32:
        raise w.unsupported(f"'{op.name}' on i{bits}", "it is there for i32 and i64")
    sums: list[Element] = []
    carries: list[Element] = []
    for a, b in zip(w.values[op.operands[0]], w.values[op.operands[1]], strict=True):
        total = w.number(add(w, a, b, bits))
        sums.append(total)
        carries.append(w.pure("p", f"setp.lt.u{bits}", w.register(total, letter_of(bits)), w.number(a)))
    w.values[op.results[0]], w.values[op.results[1]] = sums, carries


HANDLERS: Mapping[str, Handler] = {
    **dict.fromkeys(BINARY, _binary),
    "arith.mului_extended": _extended_product("u"),
    "arith.mulsi_extended": _extended_product("s"),
    "arith.addui_extended": _extended_sum,
}
