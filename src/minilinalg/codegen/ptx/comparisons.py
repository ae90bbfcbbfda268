"""Comparisons of integers, and what is counted of their bits, one element at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minilinalg.codegen.ptx.elements import Element, Operand, Part, signed
from minilinalg.codegen.ptx.integers import letter_of, narrowed
from minilinalg.codegen.ptx.writer import ALL, Handler, Writer

PREDICATES = ("eq", "ne", "lt", "le", "gt", "ge", "lt", "le", "gt", "ge")
"""arith.cmpi's predicates, by number; those from 6 on are of numbers without sign."""

_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


def _compare(w: Writer, op: Any) -> None:
    number: int = op.predicate.value.data
    relation, unsigned = PREDICATES[number], number >= 6
    bits = w.bits(op.operands[0])
    wide = max(bits, 32)
    letter = "u" if unsigned else "s"
    results: list[Element] = []
    for pair in zip(w.values[op.operands[0]], w.values[op.operands[1]], strict=True):
        if bits == 1:
            a, b = (_bit(w, element, sign=not unsigned) for element in pair)
        elif bits < 32:
            a, b = (w.widened(element, bits, sign=not unsigned) for element in pair)
        else:
            a, b = (w.number(element) for element in pair)
        if isinstance(a, int) and isinstance(b, int):
            left, right = (n if unsigned else signed(n, wide) for n in (a, b))
            results.append(int(_COMPARE[relation](left, right)))
        else:
            results.append(w.pure("p", f"setp.{relation}.{letter}{wide}", a, b))
    w.values[op.results[0]] = results


def _bit(w: Writer, element: Element, *, sign: bool) -> Operand:
    """An i1 as 32 bits: true is 1, or -1 with a sign."""
    true = ALL if sign else 1
    if isinstance(element, int):
        return true if element else 0
    return w.pure("r", "selp.b32", true, 0, w.predicate(element))


def _absolute(w: Writer, op: Any) -> None:
    bits = w.bits(op.results[0])

    def compute(element: Element) -> Element:
        if bits >= 32:
            return w.pure(letter_of(bits), f"abs.s{bits}", w.number(element))
        return narrowed(w.pure("r", "abs.s32", w.widened(element, bits, sign=True)), w, bits)

    w.values[op.results[0]] = [compute(element) for element in w.values[op.operands[0]]]


def _count(opcode: str, *, reverse: bool = False) -> Handler:
    """popc and clz; trailing zeros are the leading ones of the reversed bits. Of 0, the width."""

    def handle(w: Writer, op: Any) -> None:
        bits = w.bits(op.results[0])
        wide = max(bits, 32)

        def compute(element: Element) -> Element:
            x = w.widened(element, bits, sign=False) if bits < 32 else w.number(element)
            if reverse:
                if bits < 32:
                    x = w.pure("r", "or.b32", x, 1 << bits)
                x = w.pure(letter_of(wide), f"brev.b{wide}", x)
            elif bits < 32 and opcode == "clz":
                x = w.pure("r", "or.b32", w.pure("r", "shl.b32", x, 32 - bits), 1 << 31 - bits)
            found = w.pure("r", f"{opcode}.b{wide}", x)
            if bits < 32:
                return Part(found)
            return found if bits == 32 else w.pure("d", "cvt.u64.u32", found)

        w.values[op.results[0]] = [compute(element) for element in w.values[op.operands[0]]]

    return handle


HANDLERS: Mapping[str, Handler] = {
    "arith.cmpi": _compare,
    "math.absi": _absolute,
    "math.ctpop": _count("popc"),
    "math.ctlz": _count("clz"),
    "math.cttz": _count("clz", reverse=True),
}
