"""Functions of libdevice: against NumPy at the tt stage, and down the whole road with every pass checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from road_checks import kernel_for

import minilinalg as ml
from minilinalg.dialects.tt import libdevice
from minilinalg.errors import UnsupportedError

N = 64
DTYPES = {"f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64}
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, np.inf, -np.inf, np.nan, 1e-40, -3e-39, 3e38, 26.0, -7.0]


def each(function: Callable[..., float], *arrays: np.ndarray) -> np.ndarray:
    def one(*values: float) -> float:
        try:
            return function(*values)
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf

    return np.vectorize(one, otypes=[np.float64])(*arrays)


def logb(x: np.ndarray) -> np.ndarray:
    return np.where(x == 0, -np.inf, np.where(np.isfinite(x), np.frexp(x)[1] - 1.0, np.abs(x)))


def half_turns(function: Callable[[float], float], zero: float) -> Callable[[np.ndarray], np.ndarray]:
    def one(x: float) -> float:
        turn = math.fmod(x, 2.0)
        return 0.0 if abs(turn) % 1.0 == zero else function(math.pi * turn)

    return lambda x: each(one, x)


def away(x: np.ndarray) -> np.ndarray:
    return np.copysign(np.floor(np.abs(x) + 0.5), x)


UNARY: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **{name: getattr(np, name) for name in ("ceil", "cos", "cosh", "exp", "exp2", "expm1", "floor", "log", "log10")},
    **{name: getattr(np, name) for name in ("log1p", "log2", "rint", "sin", "sinh", "sqrt", "tan", "tanh", "trunc")},
    **{f"a{name}": getattr(np, f"arc{name}") for name in ("cos", "cosh", "sin", "sinh", "tan", "tanh")},
    "cbrt": np.cbrt,
    "cospi": half_turns(math.cos, 0.5),
    "erf": lambda x: each(math.erf, x),
    "erfc": lambda x: each(math.erfc, x),
    "erfcx": lambda x: each(lambda v: math.exp(v * v) * math.erfc(v) if v < 25 else 1 / (v * math.sqrt(math.pi)), x),
    "exp10": lambda x: 10.0**x,
    "fabs": np.abs,
    "logb": logb,
    "nearbyint": np.rint,
    "normcdf": lambda x: 0.5 * each(math.erfc, -x / math.sqrt(2)),
    "rcbrt": lambda x: 1 / np.cbrt(x),
    "round": away,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "sinpi": half_turns(math.sin, 0.0),
}
"""Of one float; with an `f` behind the name for f32."""
BINARY: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "atan2": np.arctan2,
    "copysign": np.copysign,
    "fdim": lambda x, y: np.where(np.isnan(x) | np.isnan(y), np.nan, np.where(x > y, x - y, 0)),
    "fmax": np.fmax,
    "fmin": np.fmin,
    "fmod": np.fmod,
    "hypot": np.hypot,
    "pow": np.power,
    "remainder": lambda x, y: each(math.remainder, x, y),
    "rhypot": lambda x, y: 1 / np.hypot(x, y),
}
TERNARY: dict[str, Callable[..., np.ndarray]] = {
    "fma": lambda x, y, z: x * y + z,
    "norm3d": lambda x, y, z: np.hypot(np.hypot(x, y), z),
    "rnorm3d": lambda x, y, z: 1 / np.hypot(np.hypot(x, y), z),
}


def text_of(calls: Sequence[tuple[str, Sequence[str], str]], inputs: Sequence[str]) -> str:
    """A kernel that writes what each call gives into an array of its own. A call: symbol, operands, type of the result;
    an operand is called as its type and a number."""
    arguments = [f"%{name}p: !tt.ptr<{name[:3]}>" for name in inputs]
    arguments += [f"%o{i}: !tt.ptr<{result}>" for i, (_, _, result) in enumerate(calls)]
    lines = [f"tt.func public @functions({', '.join(arguments)}) {{"]
    lines.append(f"%r = tt.make_range {{end = {N} : i32, start = 0 : i32}} : tensor<{N}xi32>")

    def pointers(base: str, type: str, name: str) -> None:
        pointer = f"tensor<{N}x!tt.ptr<{type}>>"
        lines.append(f"%s{name} = tt.splat {base} : !tt.ptr<{type}> -> {pointer}")
        lines.append(f"%p{name} = tt.addptr %s{name}, %r : {pointer}, tensor<{N}xi32>")

    for name in inputs:
        pointers(f"%{name}p", name[:3], name)
        lines.append(f"%{name} = tt.load %p{name} : tensor<{N}x!tt.ptr<{name[:3]}>>")
    for i, (symbol, operands, result) in enumerate(calls):
        types = ", ".join(f"tensor<{N}x{name[:3]}>" for name in operands)
        attributes = f'{{libname = "", libpath = "", pure = true, symbol = "{symbol}"}}'
        values = ", ".join(f"%{name}" for name in operands)
        lines.append(f"%v{i} = tt.extern_elementwise {values} {attributes} : ({types}) -> tensor<{N}x{result}>")
        pointers(f"%o{i}", result, f"out{i}")
        lines.append(f"tt.store %pout{i}, %v{i} : tensor<{N}x!tt.ptr<{result}>>")
    return "\n".join([*lines, "tt.return", "}"])


def values(type: str, seed: int, special: Sequence[float] = SPECIAL) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if type[0] == "i":
        return rng.integers(-(2**31), 2**31, N).astype(DTYPES[type])
    found = rng.standard_normal(N) * 4
    found[: len(special)] = rng.permutation(special)
    return found.astype(DTYPES[type])


def run(
    calls: Sequence[tuple[str, Sequence[str], str]], given: dict[str, np.ndarray], check: bool = True
) -> list[np.ndarray]:
    """What the machine leaves."""
    out = [np.zeros(N, DTYPES[result]) for _, _, result in calls]
    kernel = kernel_for(text_of(calls, list(given)), "mlu370")
    kernel[1](*given.values(), *out, check=check)
    return out


@pytest.mark.parametrize("type", ["f32", "f64"])
@pytest.mark.parametrize("table", [UNARY, BINARY, TERNARY], ids=["unary", "binary", "ternary"])
def test_functions_of_floats(type: str, table: dict[str, Callable[..., np.ndarray]]) -> None:
    count = {id(UNARY): 1, id(BINARY): 2, id(TERNARY): 3}[id(table)]
    given = {f"{type}{i}": values(type, i) for i in range(count)}
    suffix = "f" if type == "f32" else ""
    found = run([(f"__nv_{name}{suffix}", list(given), type) for name in table], given, type == "f32")
    with np.errstate(all="ignore"):
        for (name, reference), one in zip(table.items(), found, strict=True):
            wanted = reference(*(array.astype(np.float64) for array in given.values())).astype(DTYPES[type])
            # erfcx's reference has one term of the series, and a factor that loses digits as its argument grows.
            close = 1e-3 if name == "erfcx" else 2e-6 if type == "f32" else 2e-12
            np.testing.assert_allclose(one, wanted, rtol=close, atol=1e-44, err_msg=name)


@pytest.mark.parametrize("type", ["f32", "f64"])
@pytest.mark.parametrize("table", [UNARY, BINARY, TERNARY], ids=["unary", "binary", "ternary"])
def test_functions_of_floats_have_ptx(type: str, table: dict[str, Callable[..., np.ndarray]]) -> None:
    count = {id(UNARY): 1, id(BINARY): 2, id(TERNARY): 3}[id(table)]
    names = [f"{type}{i}" for i in range(count)]
    calls = [(f"__nv_{name}{'f' if type == 'f32' else ''}", names, type) for name in table]
    text = ml.compile(text_of(calls, names), road="simt", target="h200").text("ptx")
    assert text.count("st.global") >= len(table)


def test_conditions() -> None:
    names = ["isnan", "isinf", "signbit"]
    x, y = values("f32", 3), values("f64", 4)
    calls = [(f"__nv_{name}f", ["f320"], "i32") for name in names] + [("__nv_finitef", ["f320"], "i32")]
    calls += [(f"__nv_{name}d", ["f640"], "i32") for name in names] + [("__nv_isfinited", ["f640"], "i32")]
    found = run(calls, {"f320": x, "f640": y})
    tests = np.isnan, np.isinf, np.signbit, np.isfinite
    for one, wanted in zip(found, [test(a) for a in (x, y) for test in tests], strict=True):
        np.testing.assert_array_equal(one, wanted)


def test_conversions() -> None:
    x, y, i, n = values("f32", 5, ()), values("f64", 6, ()), values("i32", 7), values("i64", 8)
    calls = [
        *((f"__nv_float2int_{mode}", ["f320"], "i32") for mode in ("rn", "rz", "rd", "ru")),
        *((f"__nv_double2ll_{mode}", ["f640"], "i64") for mode in ("rn", "rz", "rd", "ru")),
        *(("__nv_llrintf", ["f320"], "i64"), ("__nv_llround", ["f640"], "i64")),
        *(("__nv_int2float_rn", ["i320"], "f32"), ("__nv_ull2double_rn", ["i640"], "f64")),
        *(("__nv_float_as_int", ["f320"], "i32"), ("__nv_longlong_as_double", ["i640"], "f64")),
        *(("__nv_double2float_rn", ["f640"], "f32"), ("__nv_saturatef", ["f320"], "f32")),
        *(("__nv_frcp_rn", ["f320"], "f32"), ("__nv_fast_fdividef", ["f320", "f320"], "f32")),
    ]
    modes = np.rint, np.trunc, np.floor, np.ceil
    wanted = [*(m(x) for m in modes), *(m(y) for m in modes), np.rint(x), away(y), i.astype(np.float32)]
    wanted += [n.astype(np.uint64).astype(np.float64), x.view(np.int32), n.view(np.float64), y.astype(np.float32)]
    wanted += [np.clip(x, 0, 1), 1 / x, x / x]
    for (symbol, _, result), one, expected in zip(
        calls, run(calls, {"f320": x, "f640": y, "i320": i, "i640": n}), wanted, strict=True
    ):
        np.testing.assert_array_equal(one, expected.astype(DTYPES[result]), err_msg=symbol)


def test_integers() -> None:
    a, b, n = values("i32", 9), values("i32", 10), values("i64", 11)
    a[:4], b[:4] = [0, -1, -(2**31), 2**31 - 1], [-1, -1, 1, 1]
    two = ["i320", "i321"]
    calls = [
        *((f"__nv_{name}", two, "i32") for name in ("max", "umin", "hadd", "uhadd", "rhadd", "urhadd")),
        *((f"__nv_{name}", two, "i32") for name in ("mulhi", "umulhi")),
        *(("__nv_sad", ["i320", "i321", "i320"], "i32"), ("__nv_usad", ["i320", "i321", "i320"], "i32")),
        *(("__nv_clz", ["i320"], "i32"), ("__nv_popcll", ["i640"], "i32"), ("__nv_abs", ["i321"], "i32")),
    ]
    s, t = a.astype(object), b.astype(object)
    u, v = s % 2**32, t % 2**32
    wanted = [np.maximum(s, t), np.minimum(u, v), (s + t) // 2, (u + v) // 2, -((-s - t) // 2), -((-u - v) // 2)]
    wanted += [s * t >> 32, u * v >> 32, abs(s - t) + s, abs(u - v) + u]
    wanted += [np.array([32 - int(k).bit_length() for k in u]), np.array([(int(k) % 2**64).bit_count() for k in n])]
    wanted += [abs(t)]
    for (symbol, _, _), one, expected in zip(calls, run(calls, {"i320": a, "i321": b, "i640": n}), wanted, strict=True):
        wrapped = np.array([int(k) % 2**32 for k in expected], np.uint64).astype(np.uint32).view(np.int32)
        np.testing.assert_array_equal(one, wrapped, err_msg=symbol)


def test_bits_of_integers() -> None:
    a, b, n, m = values("i32", 9), values("i32", 10), values("i64", 11), values("i64", 12)
    a[:5], b[:5] = [0, -1, -(2**31), 2**31 - 1, 24], [0x7531, -1, 0x0246, 0x8888, 1 << 23]
    n[:5], m[:5] = [0, -1, -(2**63), 2**63 - 1, 1 << 40], [-1, -1, -(2**63), -(2**63), 1 << 40]
    ints, longs = ["i320", "i321"], ["i640", "i641"]
    calls = [
        *(("__nv_ffs", ["i320"], "i32"), ("__nv_ffsll", ["i640"], "i32")),
        *(("__nv_brev", ["i320"], "i32"), ("__nv_brevll", ["i640"], "i64")),
        *(("__nv_byte_perm", ["i320", "i321", "i321"], "i32"), ("__nv_hiloint2double", ints, "f64")),
        *((f"__nv_{name}", ints, "i32") for name in ("mul24", "umul24")),
        *((f"__nv_{name}", longs, "i64") for name in ("mul64hi", "umul64hi")),
    ]

    def low24(k: int) -> int:
        return (k % 2**24) - (2**24 if k % 2**24 >= 2**23 else 0)

    def first(k: int) -> int:
        return (k & -k).bit_length()

    def chosen(x: int, y: int) -> int:
        eight = (x % 2**32 + (y % 2**32 << 32)).to_bytes(8, "little")
        return int.from_bytes(bytes(eight[y >> 4 * i & 7] for i in range(4)), "little")

    s, t, u, v = ([int(k) for k in array] for array in (a, b, n, m))
    wanted = [
        *([first(k) for k in s], [first(k) for k in u]),
        *([int(f"{k % 2**bits:0{bits}b}"[::-1], 2) for k in xs] for xs, bits in ((s, 32), (u, 64))),
        *(
            [chosen(x, y) for x, y in zip(s, t, strict=True)],
            [(x << 32) + y % 2**32 for x, y in zip(s, t, strict=True)],
        ),
        *([low24(x) * low24(y) for x, y in zip(s, t, strict=True)],),
        *([(x % 2**24) * (y % 2**24) for x, y in zip(s, t, strict=True)],),
        *([x * y >> 64 for x, y in zip(u, v, strict=True)],),
        *([(x % 2**64) * (y % 2**64) >> 64 for x, y in zip(u, v, strict=True)],),
    ]
    arrays = {"i320": a, "i321": b, "i640": n, "i641": m}
    for (symbol, _, result), one, expected in zip(calls, run(calls, arrays), wanted, strict=True):
        bits = 8 * DTYPES[result]().itemsize
        unsigned = np.array([k % 2**bits for k in expected], np.uint64).astype(f"u{bits // 8}")
        np.testing.assert_array_equal(one.view(unsigned.dtype), unsigned, err_msg=symbol)
    x = values("f64", 13)
    halves = [("__nv_double2hiint", ["f640"], "i32"), ("__nv_double2loint", ["f640"], "i32")]
    high, low = run(halves, {"f640": x})
    np.testing.assert_array_equal(np.stack([low, high], axis=1).reshape(-1), x.view(np.int32))
    text = ml.compile(text_of(calls, list(arrays)), road="simt", target="h200").text("ptx")
    assert text.count("st.global") >= len(calls)


def test_powers_of_two_and_whole_powers() -> None:
    x, y = values("f32", 12), values("f64", 13)
    n = np.random.default_rng(14).integers(-320, 320, N).astype(np.int32)
    n[:6] = [0, -149, 127, 2**31 - 1, -(2**31), 1]
    calls = [("__nv_ldexpf", ["f320", "i320"], "f32"), ("__nv_scalbn", ["f640", "i320"], "f64")]
    calls += [("__nv_powif", ["f320", "i320"], "f32")]
    found = run(calls, {"f320": x, "f640": y, "i320": n})
    with np.errstate(all="ignore"):
        wanted = [np.ldexp(x.astype(np.float64), n).astype(np.float32), np.ldexp(y, n), x.astype(np.float64) ** n]
        for (symbol, _, _), one, expected in zip(calls, found, wanted, strict=True):
            np.testing.assert_allclose(one, expected.astype(one.dtype), rtol=1e-6, err_msg=symbol)


def test_the_tables_are_apart() -> None:
    tables = libdevice.OPERATIONS, libdevice.FORMULAS, libdevice.WIDE_FORMULAS
    assert sum(map(len, tables)) == len(libdevice.KNOWN)


@pytest.mark.parametrize(
    ("symbol", "hint"), [("__nv_tanhh", "  hint: did you mean '__nv_tanh'?"), ("__ocml_j0_f32", None)]
)
def test_what_is_not_made_of_operations(symbol: str, hint: str | None) -> None:
    with pytest.raises(UnsupportedError) as caught:
        ml.compile(text_of([(symbol, ["f320"], "f32")], ["f320"]), target="mlu370")
    assert str(caught.value).splitlines() == [
        f"<source>:6:7: error: the external function '{symbol}'",
        "  rule: triton-to-linalg takes functions of libdevice that are operations of arith and math, or made of them",
        *([hint] if hint else []),
    ]
