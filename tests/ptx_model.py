"""The instructions of PTX that functions of f32 and f64 are made of, in NumPy: all threads at once.

An approximating instruction is exact here, rounded once, and on demand moved by a unit in the last place, down or up,
as real ones may be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

U32, I32, U64, I64, F32, F64 = np.uint32, np.int32, np.uint64, np.int64, np.float32, np.float64
Values = Any
_LINE = re.compile(r"(?:@(!?)(%p\d+) )?([\w.:]+) (.*);$")


def rounded(exact: Values, towards: int) -> Values:
    """float64 as f32; moved by so many units."""
    found = exact.astype(F32)
    if towards:
        moved = np.nextafter(found, F32(np.inf) * towards)
        found = np.where(np.isfinite(found) & (found != 0), moved, found)
    return found


class Model:
    """Runs the lines of one function. `words`: its constant table."""

    def __init__(self, words: Sequence[int] = (), towards: int = 0):
        self.words = np.array(words, U32)
        self.towards = towards
        self.registers: dict[str, Values] = {}

    def run(self, lines: Sequence[str], count: int) -> None:
        """Branches forward leave out the threads that take them."""
        active = np.ones(count, np.bool_)
        waiting: dict[str, Values] = {}
        for line in lines:
            line = line.strip()
            if line.endswith(":"):
                active = active | waiting.pop(line[:-1])
                continue
            found = _LINE.match(line)
            assert found is not None, line
            negated, guard, opcode, rest = found.groups()
            if opcode == "bra":
                taken = self.registers[guard] ^ bool(negated)
                waiting[rest] = active & taken
                active = active & ~taken
                continue
            assert guard is None
            into, *operands = re.split(r",\s*(?![^\[]*\])", rest)
            value = np.broadcast_to(self.compute(opcode, operands), (count,))
            old = self.registers.get(into)
            self.registers[into] = value if old is None else np.where(active, value, old)

    def operand(self, text: str, type: str) -> Values:
        if text.startswith("%"):
            value = self.registers[text]
        elif text.startswith("0f"):
            value = np.array([int(text[2:], 16)], U32)
        elif text.startswith("0d"):
            value = np.array([int(text[2:], 16)], U64)
        else:
            value = np.array([int(text) & (2**64 - 1)], U64)
        if type == "pred":
            return value
        kind = {"f32": F32, "s32": I32, "f64": F64, "s64": I64, "u64": U64, "b64": U64}.get(type, U32)
        size = np.dtype(kind).itemsize
        if value.dtype.itemsize != size:
            value = value.astype(U64 if size == 8 else U32)
        return value.view(kind)

    def compute(self, opcode: str, texts: Sequence[str]) -> Values:
        base, *_, type = opcode.split(".")
        if opcode == "mov.b64" and texts[0][0].isalpha():
            # The address of the table.
            return np.zeros(1, U64)
        if base == "ld":
            register, _, by = texts[0].strip("[]").partition("+")
            return self.words[np.minimum(self.registers[register] // 4 + int(by or 0) // 4, len(self.words) - 1)]
        if base == "selp":
            a, b = (self.operand(text, "b64" if type == "b64" else "u32") for text in texts[:2])
            return np.where(self.registers[texts[2]], a, b)
        x = [self.operand(text, type) for text in texts]
        with np.errstate(all="ignore"):
            found = self.instruction(opcode, base, type, x)
        found = np.asarray(found)
        return found if found.dtype == np.bool_ else found.view(U64 if found.dtype.itemsize == 8 else U32)

    def instruction(self, opcode: str, base: str, type: str, x: list[Values]) -> Values:
        if type == "f32" and (found := F32_MEANINGS.get(opcode)) is not None:
            return found(*x)
        if type == "f64" and (found := F64_MEANINGS.get(opcode)) is not None:
            return found(*x)
        match opcode:
            case "ex2.approx.f32":
                return rounded(np.exp2(x[0].astype(F64)), self.towards)
            case "rcp.approx.f32":
                return rounded(1 / x[0].astype(F64), self.towards)
            case "rsqrt.approx.f32":
                return rounded(1 / np.sqrt(x[0].astype(F64)), self.towards)
            case "cvt.rni.s32.f32":
                return np.clip(np.nan_to_num(np.rint(x[0].astype(F64))), -(2**31), 2**31 - 1).astype(I64).astype(I32)
            case "cvt.rn.f32.s32":
                return x[0].astype(F32)
            case "cvt.rn.f64.s64" | "cvt.rn.f64.u64":
                return x[0].astype(F64)
            case "cvt.rn.f32.f64":
                return x[0].astype(F32)
            case "mul.hi.u64":
                return _upper_product(x[0], x[1])
            case "cvt.f64.f32":
                return x[0].astype(F64)
            case "cvt.u32.u64":
                return x[0].astype(U32)
            case "cvt.u64.u32":
                return x[0].astype(U64)
            case "mul.wide.u32":
                return x[0].astype(U64) * x[1].astype(U64)
            case "shf.l.wrap.b32":
                both = x[1].astype(U64) << U64(32) | x[0].astype(U64)
                return (both << (x[2] & U32(31)).astype(U64) >> U64(32)).astype(U32)
            case _ if base == "setp":
                return RELATIONS[opcode.split(".")[1]](*x)
            case "min.u32":
                return np.minimum(*x)
            case _:
                return MEANINGS[base](*x)


def _fma(a: Values, b: Values, c: Values) -> Values:
    """The product is exact in f64, and the sum nearly: it is rounded to odd, then once more."""
    product, c = a.astype(F64) * b.astype(F64), c.astype(F64)
    total = product + c
    rest = product - (total - (total - product)) + (c - (total - product))
    bits = total.view(U64)
    odd = np.where((rest != 0) & np.isfinite(total) & (bits & U64(1) == 0), np.nextafter(total, np.inf * rest), total)
    return odd.astype(F32)


def _maximum(a: Values, b: Values) -> Values:
    return np.fmax(a, b)


F32_MEANINGS: dict[str, Callable[..., Values]] = {
    "add.rn.f32": lambda a, b: a + b,
    "sub.rn.f32": lambda a, b: a - b,
    "mul.rn.f32": lambda a, b: a * b,
    "div.rn.f32": lambda a, b: a / b,
    "fma.rn.f32": _fma,
    "fma.rn.sat.f32": lambda a, b, c: np.nan_to_num(np.clip(_fma(a, b, c), 0, 1), nan=0.0),
    "neg.f32": lambda a: -a,
    "abs.f32": lambda a: np.abs(a),
    "min.f32": lambda a, b: np.fmin(a, b),
    "max.f32": _maximum,
    "copysign.f32": lambda a, b: np.copysign(b, a),
    "setp.lt.f32": lambda a, b: a < b,
    "setp.ltu.f32": lambda a, b: ~(a >= b),
    "setp.ge.f32": lambda a, b: a >= b,
    "setp.geu.f32": lambda a, b: ~(a < b),
    "setp.eq.f32": lambda a, b: a == b,
}


def _split(a: Values) -> tuple[Values, Values]:
    """The upper 26 bits of a float's mantissa, and the rest (Veltkamp)."""
    high = (a.view(U64) & ~U64((1 << 27) - 1)).view(F64)
    return high, a - high


def _fma64(a: Values, b: Values, c: Values) -> Values:
    """The product as a sum of two floats (Dekker), to which c is added; where that cannot be, rounded twice."""
    a, b, c = np.broadcast_arrays(a, b, c)
    product = a * b
    (ah, al), (bh, bl) = _split(a), _split(b)
    rest = ((ah * bh - product) + ah * bl + al * bh) + al * bl
    total = product + c
    back = total - product
    lost = (product - (total - back)) + (c - back)
    found = total + (lost + rest)
    return np.where(np.isfinite(found), found, total)


def _upper_product(a: Values, b: Values) -> Values:
    """The upper 64 bits of a product of 128."""
    low = U64(0xFFFFFFFF)
    al, ah, bl, bh = a & low, a >> U64(32), b & low, b >> U64(32)
    middle = (al * bl >> U64(32)) + (ah * bl & low) + (al * bh & low)
    return ah * bh + (ah * bl >> U64(32)) + (al * bh >> U64(32)) + (middle >> U64(32))


F64_MEANINGS: dict[str, Callable[..., Values]] = {
    "add.rn.f64": lambda a, b: a + b,
    "sub.rn.f64": lambda a, b: a - b,
    "mul.rn.f64": lambda a, b: a * b,
    "div.rn.f64": lambda a, b: a / b,
    "sqrt.rn.f64": np.sqrt,
    "rcp.rn.f64": lambda a: 1 / a,
    "fma.rn.f64": _fma64,
    "neg.f64": lambda a: -a,
    "abs.f64": np.abs,
    "min.f64": np.fmin,
    "max.f64": np.fmax,
    "copysign.f64": lambda a, b: np.copysign(b, a),
    "cvt.rzi.f64.f64": np.trunc,
}

RELATIONS: dict[str, Callable[..., Values]] = {
    "lt": lambda a, b: a < b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ltu": lambda a, b: ~(a >= b),
    "geu": lambda a, b: ~(a < b),
    "gtu": lambda a, b: ~(a <= b),
    "nan": lambda a, b: np.isnan(a) | np.isnan(b),
}

MEANINGS: dict[str, Callable[..., Values]] = {
    "mov": lambda a: a,
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "neg": lambda a: -a,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "shl": lambda a, b: a << b,
    "shr": lambda a, b: a >> b,
    "not": lambda a: ~a,
}
