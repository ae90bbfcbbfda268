"""Kernels that compute one operation on every element, with operands that are hard to get right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
from simt_programs import at, module
from xdsl.dialects.builtin import ModuleOp

THREADS = 64
BLOCKS = 3
STORAGE: dict[str, Any] = {
    "i1": np.int8,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "f16": np.float16,
    "bf16": ml_dtypes.bfloat16,
    "f32": np.float32,
    "f64": np.float64,
    "f8E4M3FN": ml_dtypes.float8_e4m3fn,
    "f8E5M2": ml_dtypes.float8_e5m2,
}
INTEGERS, FLOATS = ("i8", "i16", "i32", "i64"), ("f16", "bf16", "f32", "f64")
BYTES = ("f8E4M3FN", "f8E5M2")


def size_of(kind: str) -> int:
    return np.dtype(STORAGE[kind]).itemsize


@dataclass(frozen=True)
class Program:
    """`text` computes %r from %x, %y, %z; `ulps`: how far a float may be from the exact `reference`."""

    text: str
    ins: tuple[str, ...]
    out: str
    make: Callable[[np.random.Generator, int], list[Any]] | None = None
    reference: Callable[[Any], Any] | None = None
    ulps: int = 0

    def __str__(self) -> str:
        return f"{self.text.split()[0]}-{'-'.join((*self.ins, self.out))}"

    @property
    def lanes(self) -> int:
        """Elements of a thread: as many as one access of 16 bytes has of the widest, and at most four."""
        return min(4, 16 // max(map(size_of, (*self.ins, self.out))))

    @property
    def count(self) -> int:
        return THREADS * BLOCKS * self.lanes

    def module(self) -> ModuleOp:
        n = self.lanes
        lines = [f"%n = arith.constant dense<{n}> : vector<1xi32>", "%at = arith.muli %i, %n : vector<1xi32>"]
        for name, kind in zip("xyz", self.ins, strict=False):
            stored = "i8" if kind == "i1" else kind
            lines.append(at(f"p{name}", "%at", size_of(kind), f"{name}_a"))
            lines.append(f"%{name}_v = simt.load_global %{name}_a : vector<1xi64> -> vector<{n}x{stored}>")
            if kind == "i1":
                lines.append(f"%{name} = arith.trunci %{name}_v : vector<{n}xi8> to vector<{n}xi1>")
            else:
                lines[-1] = lines[-1].replace(f"%{name}_v =", f"%{name} =")
        names = dict(zip("ABC", (f"vector<{n}x{kind}>" for kind in self.ins), strict=False))
        names |= {"R": f"vector<{n}x{self.out}>", "M": f"vector<{n}xi1>"}
        lines.append("%r = " + self.text.format(**names))
        stored = "i8" if self.out == "i1" else self.out
        lines.append(at("po", "%at", size_of(self.out), "o_a"))
        if self.out == "i1":
            lines.append(f"%w = arith.extui %r : vector<{n}xi1> to vector<{n}xi8>")
        lines.append(
            f"simt.store_global %o_a, {'%w' if self.out == 'i1' else '%r'} : vector<1xi64>, vector<{n}x{stored}>"
        )
        kinds = {**dict(zip("xyz", self.ins, strict=False)), "o": self.out}
        parameters = {f"p{name}": "i8" if kind == "i1" else kind for name, kind in kinds.items()}
        return module("\n".join(lines), THREADS, 0, parameters)

    def arguments(self) -> list[Any]:
        random = np.random.default_rng(len(str(self)))
        make = self.make or (lambda r, n: [any_of(r, n, kind) for kind in self.ins])
        found = [np.asarray(x, STORAGE[kind]) for x, kind in zip(make(random, self.count), self.ins, strict=True)]
        return [*found, np.zeros(self.count, STORAGE[self.out])]


def any_of(random: np.random.Generator, n: int, kind: str) -> Any:
    """Any bits, every eighth element a special one."""
    if kind == "i1":
        return random.integers(0, 2, n).astype(np.int8)
    storage = np.dtype(STORAGE[kind])
    found = np.frombuffer(random.bytes(n * storage.itemsize), storage).copy()
    if kind in INTEGERS:
        info = np.iinfo(storage)
        special = np.array([0, 1, -1, info.min, info.max, 2], storage)
    else:
        # Most bits are of numbers too large or small for anything to happen: half of them are of usual size.
        found[::2] = random.standard_normal(len(found[::2])).astype(storage)
        special = np.array([0.0, -0.0, 1.0, np.inf, -np.inf, np.nan, 0.5, -2.5], storage)
    found[::8] = special[np.arange(len(found[::8])) % len(special)]
    return found


def divisors(random: np.random.Generator, n: int, kind: str) -> list[Any]:
    """No division by zero, and none that overflows."""
    a, b = any_of(random, n, kind), any_of(random, n, kind)
    b[::3] %= 7
    b[b == 0] = 3
    b[(b == -1)] = 5
    return [a, b]


def shifts(random: np.random.Generator, n: int, kind: str) -> list[Any]:
    return [any_of(random, n, kind), random.integers(0, 8 * size_of(kind), n)]


def near(kind: str, of: str) -> Callable[[np.random.Generator, int], list[Any]]:
    """Numbers about numbers of a narrow type and half way between two of them."""

    def make(random: np.random.Generator, n: int) -> list[Any]:
        some = any_of(random, n, kind).astype(np.float64)
        following = (any_of(random, n, kind).view(np.uint8) % 0x7E).astype(np.uint8)
        pair = [x.view(STORAGE[kind]).astype(np.float64) for x in (following, (following + 1).astype(np.uint8))]
        moved = (pair[0] + pair[1]) / 2 * (1 + random.integers(-1, 2, n) * 2.0 ** random.integers(-40, -4, n))
        usual = np.where(np.arange(n) % 3 == 0, some, np.copysign(moved, random.standard_normal(n)))
        with np.errstate(all="ignore"):
            return [
                np.where(np.arange(n) % 5 == 0, any_of(random, n, of).astype(np.float64), usual).astype(STORAGE[of])
            ]

    return make


def within(low: float, high: float, kind: str) -> Callable[[np.random.Generator, int], list[Any]]:
    return lambda random, n: [(low + (high - low) * random.random(n)).astype(STORAGE[kind])]


PLAIN = ("addi", "subi", "muli", "andi", "ori", "xori", "maxsi", "minsi", "maxui", "minui")
DIVISIONS = ("divsi", "divui", "remsi", "remui", "floordivsi", "ceildivsi", "ceildivui")
SHIFTS = ("shli", "shrui", "shrsi")
OF_FLOATS = ("addf", "subf", "mulf", "divf", "maxnumf", "minnumf", "maximumf", "minimumf", "remf")
UNARY = ("absf", "ceil", "floor", "trunc", "roundeven", "sqrt")
COMPARED = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")
RELATIONS = ("oeq", "ogt", "oge", "olt", "ole", "one", "ord", "ueq", "ugt", "uge", "ult", "ule", "une", "uno")

Maker = Callable[[np.random.Generator, int], list[Any]]


def _divisors(kind: str) -> Maker:
    return lambda random, n: divisors(random, n, kind)


def _shifts(kind: str) -> Maker:
    return lambda random, n: shifts(random, n, kind)


def programs() -> list[Program]:
    """Every operation on every type that it has."""
    found: list[Program] = []
    for kind in INTEGERS:
        found += [Program(f"arith.{op} %x, %y : {{A}}", (kind, kind), kind) for op in PLAIN]
        found += [Program(f"arith.{op} %x, %y : {{A}}", (kind, kind), kind, _divisors(kind)) for op in DIVISIONS]
        found += [Program(f"arith.{op} %x, %y : {{A}}", (kind, kind), kind, _shifts(kind)) for op in SHIFTS]
        found += [Program(f"arith.cmpi {p}, %x, %y : {{A}}", (kind, kind), "i1") for p in COMPARED]
        found += [Program(f"math.{op} %x : {{A}}", (kind,), kind) for op in ("absi", "ctpop", "ctlz", "cttz")]
        found += [Program("arith.select %x, %y, %z : {A}, {B}", ("i1", kind, kind), kind)]
        found += [Program("arith.trunci %x : {A} to {R}", (kind,), "i1")]
        found += [Program(f"arith.{op} %x : {{A}} to {{R}}", ("i1",), kind) for op in ("extsi", "extui")]
        wider = INTEGERS[INTEGERS.index(kind) + 1 :]
        for other in wider:
            found += [Program(f"arith.{op} %x : {{A}} to {{R}}", (kind,), other) for op in ("extsi", "extui")]
            found.append(Program("arith.trunci %x : {A} to {R}", (other,), kind))
        for f in FLOATS:
            found += [Program(f"arith.{op} %x : {{A}} to {{R}}", (kind,), f) for op in ("sitofp", "uitofp")]
            low, high = -(2.0 ** (8 * size_of(kind) - 2)), 2.0 ** (8 * size_of(kind) - 2)
            low, high = (max(low, -6e4), min(high, 6e4)) if f == "f16" else (low, high)
            found.append(Program("arith.fptosi %x : {A} to {R}", (f,), kind, within(low, high, f)))
            found.append(Program("arith.fptoui %x : {A} to {R}", (f,), kind, within(0, high, f)))
    found += [Program(f"arith.{op} %x, %y : {{A}}", ("i1", "i1"), "i1") for op in PLAIN]
    found += [Program(f"arith.cmpi {p}, %x, %y : {{A}}", ("i1", "i1"), "i1") for p in COMPARED]
    found += [Program("arith.select %x, %y, %z : {A}, {B}", ("i1", "i1", "i1"), "i1")]
    for kind in FLOATS:
        found += [Program(f"arith.{op} %x, %y : {{A}}", (kind, kind), kind) for op in OF_FLOATS]
        found += [Program(f"math.{op} %x : {{A}}", (kind,), kind) for op in UNARY]
        found += [
            Program("arith.negf %x : {A}", (kind,), kind),
            Program("math.fma %x, %y, %z : {A}", (kind,) * 3, kind),
        ]
        found += [Program("math.copysign %x, %y : {A}", (kind, kind), kind)]
        found += [Program(f"arith.cmpf {p}, %x, %y : {{A}}", (kind, kind), "i1") for p in RELATIONS]
        found += [Program(f"math.{op} %x : {{A}}", (kind,), "i1") for op in ("isnan", "isinf", "isfinite")]
        found += [Program("arith.select %x, %y, %z : {A}, {B}", ("i1", kind, kind), kind)]
    for old, new in (("f16", "f32"), ("bf16", "f32"), ("f16", "f64"), ("bf16", "f64"), ("f32", "f64")):
        found.append(Program("arith.extf %x : {A} to {R}", (old,), new))
        found.append(Program("arith.truncf %x : {A} to {R}", (new,), old))
        if old == "f16" or new == "f64":
            continue
    for kind in BYTES:
        found += [Program("arith.extf %x : {A} to {R}", (kind,), new) for new in FLOATS]
        found += [Program("arith.truncf %x : {A} to {R}", (old,), kind, near(kind, old)) for old in FLOATS]
    for a, b in (("f16", "i16"), ("bf16", "i16"), ("f32", "i32"), ("f64", "i64")):
        found += [Program("arith.bitcast %x : {A} to {R}", pair[:1], pair[1]) for pair in ((a, b), (b, a))]
    return found


def _erf(x: Any) -> Any:
    import math

    return np.vectorize(math.erf, otypes=[np.float64])(x)


FUNCTIONS: tuple[tuple[str, Callable[[Any], Any], int, tuple[float, float]], ...] = (
    ("exp2", np.exp2, 2, (-160, 140)),
    ("exp", np.exp, 3, (-110, 95)),
    ("expm1", np.expm1, 2, (-40, 95)),
    ("log", np.log, 1, (0, 4)),
    ("log2", np.log2, 2, (0, 4)),
    ("log10", np.log10, 3, (0, 4)),
    ("log1p", np.log1p, 2, (-1, 3)),
    ("sin", np.sin, 3, (-400, 400)),
    ("cos", np.cos, 3, (-400, 400)),
    ("tan", np.tan, 5, (-400, 400)),
    ("tanh", np.tanh, 2, (-10, 10)),
    ("erf", _erf, 2, (-5, 5)),
    ("rsqrt", lambda x: 1 / np.sqrt(x), 2, (0, 100)),
)
"""Name, the exact function, how many units in the last place it may be off by, where it is looked at most."""


WIDE_FUNCTIONS: tuple[tuple[str, Callable[..., Any] | None, int, tuple[float, float]], ...] = (
    ("exp", np.exp, 1, (-760, 720)),
    ("exp2", np.exp2, 1, (-1080, 1030)),
    ("expm1", np.expm1, 2, (-60, 720)),
    ("log", np.log, 2, (0, 4)),
    ("log2", np.log2, 2, (0, 4)),
    ("log10", np.log10, 2, (0, 4)),
    ("log1p", np.log1p, 2, (-1, 3)),
    ("sin", np.sin, 2, (-400, 400)),
    ("cos", np.cos, 2, (-400, 400)),
    ("tan", np.tan, 4, (-400, 400)),
    ("asin", np.arcsin, 4, (-1, 1)),
    ("acos", np.arccos, 4, (-1, 1)),
    ("atan", np.arctan, 2, (-10, 10)),
    ("sinh", np.sinh, 4, (-720, 720)),
    ("cosh", np.cosh, 4, (-720, 720)),
    ("tanh", np.tanh, 4, (-24, 24)),
    ("asinh", np.arcsinh, 4, (-100, 100)),
    ("acosh", np.arccosh, 4, (1, 100)),
    ("atanh", np.arctanh, 6, (-1, 1)),
    ("cbrt", np.cbrt, 1, (-100, 100)),
    ("rsqrt", lambda x: 1 / np.sqrt(x), 2, (0, 100)),
    ("erf", None, 2, (-7, 7)),
    ("erfc", None, 6, (-7, 28)),
)
"""Functions of f64; of erf and erfc NumPy has none."""


def functions(kind: str = "f32") -> list[Program]:
    """Functions of floats, on numbers near where they change and on any bits."""

    def numbers(low: float, high: float) -> Maker:
        def make(random: np.random.Generator, n: int) -> list[Any]:
            found = any_of(random, n, kind)
            usual = (low + (high - low) * random.random(n)).astype(found.dtype)
            small = (random.standard_normal(n) * 2.0 ** random.integers(-20, 2, n)).astype(found.dtype)
            return [np.where(np.arange(n) % 4 == 0, found, np.where(np.arange(n) % 2 == 0, small, usual))]

        return make

    return [
        Program(f"math.{name} %x : {{A}}", (kind,), kind, numbers(*where), exact, ulps)
        for name, exact, ulps, where in FUNCTIONS
    ]


def wide_functions() -> list[Program]:
    """Functions of f64, and those of f32 that are computed by them."""
    import math

    written = {"erf": math.erf, "erfc": math.erfc}
    of_f32 = {row[0] for row in FUNCTIONS}
    found: list[Program] = []
    for name, exact, ulps, (low, high) in WIDE_FUNCTIONS:
        for kind in ("f64",) if name in of_f32 else ("f64", "f32"):
            reference = exact or np.vectorize(written[name], otypes=[np.float64])
            # What math has is not exact itself.
            allowed = 1 if kind == "f32" else ulps + (exact is None)

            def make(
                random: np.random.Generator, n: int, kind: str = kind, low: float = low, high: float = high
            ) -> Any:
                found = any_of(random, n, kind)
                usual = low + (high - low) * random.random(n)
                small = random.standard_normal(n) * 2.0 ** random.integers(-20, 2, n)
                mixed = np.where(np.arange(n) % 2 == 0, small, usual).astype(found.dtype)
                return [np.where(np.arange(n) % 4 == 0, found, mixed)]

            found.append(Program(f"math.{name} %x : {{A}}", (kind,), kind, make, reference, allowed))
    return found


def off_by(found: Any, exact: Any) -> Any:
    """How far floats are from exact numbers, in units in the last place of their type; the same NaN are 0 off."""
    dtype = found.dtype
    with np.errstate(all="ignore"):
        wide = found.astype(np.float64)
        nearest = exact.astype(dtype)
        unit = _unit(exact, dtype)
        off = np.abs(wide - exact) / unit
    same = (wide == nearest.astype(np.float64)) | (np.isnan(wide) & np.isnan(exact))
    return np.where(same, 0.0, np.where(np.isfinite(off), off, np.inf))


def _unit(exact: Any, dtype: Any) -> Any:
    info = ml_dtypes.finfo(dtype)
    exponent = np.floor(np.log2(np.maximum(np.abs(exact), float(info.tiny))))
    return 2.0 ** (exponent - info.nmant)
