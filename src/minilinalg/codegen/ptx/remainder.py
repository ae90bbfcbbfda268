"""The remainder of a division of floats, with the sign of what is divided: exact, by steps of 26 bits of the quotient.

f32, f16 and bf16 are computed as f64, which is exact and keeps subnormal numbers apart from where f64 ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minilinalg.codegen.ptx.conversions import float_bits
from minilinalg.codegen.ptx.elements import Operand, kind_of
from minilinalg.codegen.ptx.floats import as_floats
from minilinalg.codegen.ptx.writer import Handler, Writer

BITS_OF_A_STEP = 26
INFINITY, NAN, ZERO, TWO_54 = (float_bits(x, "f64") for x in (float("inf"), float("nan"), 0.0, 2.0**54))


def _remainder(w: Writer, op: Any) -> None:
    kind = kind_of(op.results[0].type)

    def compute(xs: list[Operand]) -> Operand:
        if kind == "f64":
            return _of_doubles(w, *(w.register(x, "d") for x in xs))
        wide = [w.pure("d", "cvt.f64.f32", w.register(x)) for x in xs]
        return w.pure("r", "cvt.rn.f32.f64", _of_doubles(w, *wide))

    as_floats(w, op, kind, compute)


def _exponent(w: Writer, x: str) -> str:
    """Of a positive number: as its bits say, subnormal numbers counted on below 0."""
    tiny = w.pure("p", "setp.lt.s64", x, 1 << 52)
    scaled = w.pure("d", "selp.b64", w.pure("d", "mul.rn.f64", x, TWO_54), x, tiny)
    found = w.pure("r", "cvt.u32.u64", w.pure("d", "shr.u64", scaled, 52))
    return w.pure("r", "sub.s32", found, w.pure("r", "selp.b32", 54, 0, tiny))


def _power(w: Writer, k: str) -> str:
    """2^k for 0 <= k <= 1023."""
    return w.pure("d", "shl.b64", w.pure("d", "cvt.u64.u32", w.pure("r", "add.s32", k, 1023)), 52)


def _of_doubles(w: Writer, x: str, y: str) -> str:
    rest, divisor = w.new("d"), w.pure("d", "abs.f64", y)
    again, behind = w.label("remainder"), w.label("done")
    w.raw(f"abs.f64 {rest}, {x};", (rest,))
    # Of infinity, by 0 and with NaN there is none.
    finite = w.pure("p", "setp.lt.f64", w.pure("d", "abs.f64", x), INFINITY)
    known = w.pure("p", "and.pred", finite, w.pure("p", "setp.gt.f64", divisor, ZERO))
    exponent = _exponent(w, divisor)
    w.raw(f"@!{known} bra {behind};")
    w.raw(f"{again}:")
    with w.scope():
        # `pure` takes registers that are written once.
        now = w.new("d")
        w.raw(f"mov.b64 {now}, {rest};", (now,))
        less = w.pure("p", "setp.lt.f64", now, divisor)
        w.raw(f"@{less} bra {behind};")
        shift = w.pure("r", "sub.s32", _exponent(w, now), exponent)
        shift = w.pure("r", "max.s32", w.pure("r", "sub.s32", shift, BITS_OF_A_STEP), 0)
        # No float is larger than 2^1023, and the shift may be twice as far.
        scaled = divisor
        for _ in range(3):
            part = w.pure("r", "min.s32", shift, 1000)
            scaled, shift = w.pure("d", "mul.rn.f64", scaled, _power(w, part)), w.pure("r", "sub.s32", shift, part)
        quotient = w.pure("d", "cvt.rzi.f64.f64", w.pure("d", "div.rn.f64", now, scaled))
        left = w.pure("d", "fma.rn.f64", w.pure("d", "neg.f64", quotient), scaled, now)
        # The quotient was rounded, perhaps to one too many.
        below = w.pure("p", "setp.lt.f64", left, ZERO)
        left = w.pure("d", "selp.b64", w.pure("d", "add.rn.f64", left, scaled), left, below)
        w.raw(f"mov.b64 {rest}, {left};", (rest,))
        w.raw(f"bra {again};")
    w.raw(f"{behind}:")
    # What the loop has written is not known by its register's name: this is no `pure` instruction.
    found = w.new("d")
    w.raw(f"selp.b64 {found}, {rest}, {NAN}, {known};", (found,), needed=False)
    return w.pure("d", "copysign.f64", x, found)


HANDLERS: Mapping[str, Handler] = {"arith.remf": _remainder}
