"""What each instruction computes: by its first word, over arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minilinalg.interp.arith.by_name import array_function
from minilinalg.interp.dtypes import I32, I64, Array, rounder
from minilinalg.interp.ptx.step import FLOATS, PAIRS, U64, WIDTHS, Step

Registers = dict[str, Array]
Meaning = Callable[[Step, Registers, Sequence[str]], Sequence[Any]]


def _each(step: Step, registers: Registers, texts: Sequence[str], compute: Callable[..., Any]) -> Sequence[Any]:
    """`compute(type, *numbers)` of the instruction's type, for both halves of a pair; floats are stored."""
    type = step.types[-1]
    if type not in PAIRS:
        found = compute(type, *(step.value(registers, text, type) for text in texts))
        return [step.stored(found, type) if type in FLOATS else found]
    one = PAIRS[type]
    halves: list[Array] = []
    for shift in (0, 16):
        parts = {f"h{i}": (step.bits(registers, text, type) >> shift) & 0xFFFF for i, text in enumerate(texts)}
        numbers = [step.value({k: v.astype(U64) for k, v in parts.items()}, name, one) for name in parts]
        halves.append(step.stored(compute(one, *numbers), one).astype(np.uint32))
    return [halves[0] | halves[1] << 16]


def _float(name: str, type: str) -> Callable[..., Any]:
    dtype = FLOATS[type]
    return array_function(name, [dtype] * 3, dtype)


def _by(floats: str | None, integers: Callable[..., Any] | None) -> Meaning:
    """An operation of arith or math on floats, a function of NumPy on integers."""

    def run(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
        def compute(type: str, *numbers: Array) -> Any:
            if type in FLOATS:
                if floats is None:
                    raise KeyError(type)
                return _float(floats, type)(*numbers)
            if integers is None:
                raise KeyError(type)
            return integers(*numbers)

        return _each(step, registers, texts, compute)

    return run


def _product(step: Step, a: Array, b: Array) -> Array:
    bits = 8 * a.dtype.itemsize
    if step.has("wide"):
        wide = np.dtype(f"{a.dtype.kind}{a.dtype.itemsize * 2}")
        return a.astype(wide) * b.astype(wide)
    if step.has("hi"):
        exact = a.astype(object) * b.astype(object) >> bits
        return np.asarray(exact & (1 << bits) - 1).astype(U64).astype(np.dtype(f"u{bits // 8}")).view(a.dtype)
    return a * b


def _mul(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    if step.types[-1] in FLOATS or step.types[-1] in PAIRS:
        return _by("arith.mulf", None)(step, registers, texts)
    return [_product(step, *(step.value(registers, text, step.types[-1]) for text in texts))]


def _mad(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    if step.types[-1] in FLOATS or step.types[-1] in PAIRS:
        return _by("math.fma", None)(step, registers, texts)
    product = _product(step, *(step.value(registers, text, step.types[-1]) for text in texts[:2]))
    return [product + step.bits(registers, texts[2], f"u{8 * product.dtype.itemsize}").view(product.dtype)]


def _divided(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    def compute(type: str, a: Array, b: Array) -> Any:
        if type in FLOATS:
            return _float("arith.divf", type)(a, b)
        safe = np.where(b == 0, np.ones_like(b), b)
        rest = np.fmod(a, safe)
        found = rest if step.base == "rem" else (a - rest) // safe
        return np.where(b == 0, ~np.zeros_like(found), found)

    return _each(step, registers, texts, compute)


def _reciprocal(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    def compute(type: str, a: Array) -> Any:
        return _float("arith.divf", type)(np.ones_like(a), a)

    return _each(step, registers, texts, compute)


def _extreme(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    name = f"arith.{step.base}{'imumf' if step.has('NaN') else 'numf'}"
    return _by(name, np.minimum if step.base == "min" else np.maximum)(step, registers, texts)


def _shift(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    type = step.types[-1]
    a, by = step.value(registers, texts[0], type), step.bits(registers, texts[1], "u32").astype(np.int64)
    bits = 8 * a.dtype.itemsize
    safe = np.minimum(by, bits - 1).astype(a.dtype)
    if step.base == "shl":
        return [np.where(by < bits, a << safe, np.zeros_like(a))]
    return [np.where((by < bits) | (a.dtype.kind == "i"), a >> safe, np.zeros_like(a))]


def _funnel(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    a, b, by = (step.bits(registers, text, "u32").astype(U64) for text in texts)
    by = np.minimum(by, U64(32)) if step.has("clamp") else by & U64(31)
    both = b << U64(32) | a
    found = both << by >> U64(32) if step.has("l") else both >> by
    return [found.astype(np.uint32)]


def _extract(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    """bfe, in Python's integers where signs are spread."""
    type = step.types[-1]
    a = step.value(registers, texts[0], type)
    at, count = (step.bits(registers, text, "u32") & 0xFF for text in texts[1:])
    bits = 8 * a.dtype.itemsize

    def one(a: int, at: int, count: int) -> int:
        whole = a & (1 << bits) - 1
        field = whole >> at & (1 << count) - 1
        if type[0] == "s" and count:
            last = min(at + count - 1, bits - 1)
            if whole >> last & 1:
                field |= -1 << max(last - at + 1, 0)
        return field & (1 << bits) - 1

    return [np.vectorize(one, otypes=[f"u{bits // 8}"])(*(x.astype(object) for x in (a, at, count)))]


def _insert(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    bits = WIDTHS[step.types[-1]]
    a, b = (step.bits(registers, text, step.types[-1]) for text in texts[:2])
    at, count = (step.bits(registers, text, "u32") & 0xFF for text in texts[2:])

    def one(a: int, b: int, at: int, count: int) -> int:
        mask = ((1 << count) - 1) << at & (1 << bits) - 1
        return b & ~mask | a << at & mask

    return [np.vectorize(one, otypes=[f"u{bits // 8}"])(*(x.astype(object) for x in (a, b, at, count)))]


def _permute(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    a, b, by = (step.bits(registers, text, "u32") for text in texts)
    both = b.astype(U64) << U64(32) | a.astype(U64)
    found = np.zeros(np.broadcast(both, by).shape, np.uint32)
    for place in range(4):
        nibble = by >> 4 * place & 0xF
        byte = (both >> (nibble & 7).astype(U64) * U64(8) & U64(0xFF)).astype(np.uint32)
        byte = np.where(nibble & 8, np.where(byte & 0x80, 0xFF, 0), byte).astype(np.uint32)
        found = found | byte << 8 * place
    return [found]


def _logic3(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    a, b, c = (step.bits(registers, text, "u32") for text in texts[:3])
    table = int(texts[3], 0)
    found = np.zeros((), np.uint32)
    for row in range(8):
        if table >> row & 1:
            found = found | (a if row & 4 else ~a) & (b if row & 2 else ~b) & (c if row & 1 else ~c)
    return [found]


def _dot4(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    total = step.bits(registers, texts[2], "u32").astype(np.int64)
    for place in range(0, 32, 8):
        bytes_of = [(step.bits(registers, text, "u32") >> place).astype(np.uint8) for text in texts[:2]]
        signed = [b.view(np.int8) if type[0] == "s" else b for b, type in zip(bytes_of, step.types, strict=True)]
        total = total + signed[0].astype(np.int64) * signed[1].astype(np.int64)
    return [total.astype(np.uint32)]


COMPARISONS: dict[str, Callable[..., Any]] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "lo": np.less,
    "hi": np.greater,
    "ls": np.less_equal,
    "hs": np.greater_equal,
}
UNORDERED = {"equ": "eq", "neu": "ne", "ltu": "lt", "leu": "le", "gtu": "gt", "geu": "ge"}
JOINS: dict[str, Callable[..., Any]] = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}


def _compare(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    type = step.types[-1]
    a, b = (step.value(registers, text, type) for text in texts[:2])
    nan = np.isnan(a) | np.isnan(b) if type in FLOATS else np.zeros((), np.bool_)
    relation = step.flags[0]
    if relation in ("num", "nan"):
        found = nan if relation == "nan" else ~nan
    elif relation in UNORDERED:
        found = COMPARISONS[UNORDERED[relation]](a, b) | nan
    else:
        found = COMPARISONS[relation](a, b) & ~nan
    other = ~found
    if len(texts) > 2:
        join, third = JOINS[step.flags[1]], step.value(registers, texts[2], "pred")
        found, other = join(found, third), join(other, third)
    return [found, other]


def _select(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    a, b = (step.bits(registers, text, step.types[-1]) for text in texts[:2])
    return [np.where(step.value(registers, texts[2], "pred"), a, b)]


def _move(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    """Of a register, of several into one, or of one into several."""
    type, (text,) = step.types[-1], texts
    if type == "pred":
        return [step.value(registers, text, type)]
    into = step.operands[0]
    if text.startswith("{"):
        parts = [part.strip() for part in text.strip("{}").split(",")]
        bits = WIDTHS[type] // len(parts)
        joined = np.zeros((), U64)
        for number, part in enumerate(parts):
            joined = joined | step.bits(registers, part, f"u{bits}").astype(U64) << U64(bits * number)
        return [joined]
    whole = step.bits(registers, text, type)
    if into.startswith("{"):
        count = into.count(",") + 1
        bits = WIDTHS[type] // count
        return [(whole.astype(U64) >> U64(bits * i)).astype(np.dtype(f"u{bits // 8}")) for i in range(count)]
    return [whole]


ROUNDS: dict[str, Callable[..., Any]] = {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}
MODES = {"rn": None, "rz": "toward_zero", "rm": "downward", "rp": "upward", "rna": None}


def _convert(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    to, source = step.types
    if to in PAIRS:
        one = PAIRS[to]
        if source in PAIRS:
            # Two of eight bits to two of sixteen.
            bits = step.bits(registers, texts[0], source)
            halves = [(bits >> shift & 0xFF).astype(U64) for shift in (0, 8)]
        else:
            # The first operand goes to the upper half.
            halves = [step.bits(registers, text, source).astype(U64) for text in reversed(texts)]
        kind = PAIRS.get(source, source)
        width = FLOATS[one].bits
        low, high = (_converted(step, {"x": half}, "x", one, kind).astype(np.uint32) for half in halves)
        joined = low | high << width
        return [joined if width == 16 else joined.astype(np.uint16)]
    return [_converted(step, registers, texts[0], to, source)]


def _converted(step: Step, registers: Registers, text: str, to: str, source: str) -> Array:
    if source in PAIRS:
        raise KeyError(source)
    value = step.value(registers, text, source)
    integral = next((ROUNDS[flag] for flag in step.flags if flag in ROUNDS), None)
    if to in FLOATS:
        dtype = FLOATS[to]
        if source not in FLOATS:
            name = "arith.sitofp" if value.dtype.kind == "i" else "arith.uitofp"
            wide = value.view(np.dtype(f"i{value.dtype.itemsize}"))
            from_type = {1: I32, 2: I32, 4: I32, 8: I64}[wide.dtype.itemsize]
            if wide.dtype.itemsize < 4:
                wide = value.astype(np.int32)
            return step.stored(array_function(name, [from_type], dtype)(wide), to)
        if integral is not None:
            value = integral(value)
        mode = next((MODES[flag] for flag in step.flags if flag in MODES), None)
        return step.stored(rounder(dtype, mode)(value.astype(np.float64)), to)
    width = WIDTHS[to]
    low, high = (-(1 << width - 1), (1 << width - 1) - 1) if to[0] == "s" else (0, (1 << width) - 1)
    if source in FLOATS:
        if integral is None:
            raise KeyError("a rounding to integers")

        def one(x: float) -> int:
            return 0 if x != x else low if x <= low else high if x >= high else int(x)

        found = np.vectorize(one, otypes=[object])(integral(value.astype(np.float64)))
    else:
        found = value.astype(object)
        if step.has("sat"):
            found = np.minimum(np.maximum(found, low), high)
    return np.asarray(found & (1 << width) - 1).astype(U64).astype(np.dtype(f"u{width // 8}"))


def _count(name: str) -> Meaning:
    def run(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
        bits = WIDTHS[step.types[-1]]

        def one(x: int) -> int:
            return x.bit_count() if name == "popc" else bits - x.bit_length()

        return [np.vectorize(one, otypes=[np.uint32])(step.bits(registers, texts[0], step.types[-1]).astype(object))]

    return run


def _reversed(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    bits = WIDTHS[step.types[-1]]
    a = step.bits(registers, texts[0], step.types[-1])

    def one(x: int) -> int:
        return int(f"{x:0{bits}b}"[::-1], 2)

    return [np.vectorize(one, otypes=[a.dtype])(a.astype(object))]


def _logical(fn: Callable[..., Any], of_flags: Callable[..., Any]) -> Meaning:
    def run(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
        type = step.types[-1]
        return [(of_flags if type == "pred" else fn)(*(step.value(registers, text, type) for text in texts))]

    return run


def _sign_of_first(step: Step, registers: Registers, texts: Sequence[str]) -> Sequence[Any]:
    return _by("math.copysign", None)(step, registers, texts[::-1])


MEANINGS: dict[str, Meaning] = {
    "add": _by("arith.addf", np.add),
    "sub": _by("arith.subf", np.subtract),
    "mul": _mul,
    "mad": _mad,
    "fma": _by("math.fma", None),
    "div": _divided,
    "rem": _divided,
    "rcp": _reciprocal,
    "neg": _by("arith.negf", np.negative),
    "abs": _by("math.absf", np.abs),
    "min": _extreme,
    "max": _extreme,
    "sqrt": _by("math.sqrt", None),
    "rsqrt": _by("math.rsqrt", None),
    "ex2": _by("math.exp2", None),
    "lg2": _by("math.log2", None),
    "sin": _by("math.sin", None),
    "cos": _by("math.cos", None),
    "tanh": _by("math.tanh", None),
    "copysign": _sign_of_first,
    "and": _logical(np.bitwise_and, np.logical_and),
    "or": _logical(np.bitwise_or, np.logical_or),
    "xor": _logical(np.bitwise_xor, np.logical_xor),
    "not": _logical(np.invert, np.logical_not),
    "shl": _shift,
    "shr": _shift,
    "shf": _funnel,
    "bfe": _extract,
    "bfi": _insert,
    "brev": _reversed,
    "prmt": _permute,
    "lop3": _logic3,
    "popc": _count("popc"),
    "clz": _count("clz"),
    "dp4a": _dot4,
    "setp": _compare,
    "selp": _select,
    "mov": _move,
    "cvt": _convert,
}
"""The first word of an instruction -> what its results are."""

KNOWN_FLAGS = {
    *COMPARISONS, *UNORDERED, *JOINS, *ROUNDS, *MODES, "num", "nan", "lo", "hi", "wide", "ftz", "sat", "satfinite",
    "relu", "approx", "full", "NaN", "l", "r", "wrap", "clamp",
}  # fmt: skip
