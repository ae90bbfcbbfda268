"""The slow interpreter's scalars against NumPy and ml_dtypes, on the operations that those get right."""

from __future__ import annotations

import operator
import struct
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slow import contraction, floats, functions, integers
from slow.scalars import (
    BF16,
    F8E4M3FN,
    F8E5M2,
    F16,
    F32,
    F64,
    FLOATS,
    UNDEFINED,
    Float,
    Int,
    Rounding,
    decode,
    encode,
    finite,
    from_python,
    to_python,
)

NUMPY = {
    F16: np.float16,
    BF16: ml_dtypes.bfloat16,
    F32: np.float32,
    F64: np.float64,
    F8E5M2: ml_dtypes.float8_e5m2,
    F8E4M3FN: ml_dtypes.float8_e4m3fn,
    FLOATS["f8E4M3"]: ml_dtypes.float8_e4m3,
    FLOATS["f8E3M4"]: ml_dtypes.float8_e3m4,
    FLOATS["f8E5M2FNUZ"]: ml_dtypes.float8_e5m2fnuz,
    FLOATS["f8E4M3FNUZ"]: ml_dtypes.float8_e4m3fnuz,
    FLOATS["f8E4M3B11FNUZ"]: ml_dtypes.float8_e4m3b11fnuz,
}


def value(dtype: Float, bits: int):
    return np.array([bits], dtype=f"u{dtype.width // 8}").view(NUMPY[dtype])[0]


def bits_of(dtype: Float, number) -> int:
    return int(np.array([number], dtype=NUMPY[dtype]).view(f"u{dtype.width // 8}")[0])


def same(dtype: Float, a: int, b: int) -> bool:
    """The same pattern, or NaN both."""
    return a == b or (decode(dtype, a).is_nan and decode(dtype, b).is_nan)


def patterns(dtype: Float) -> st.SearchStrategy[int]:
    """Any pattern, and often one next to a zero, an infinity or a power of two."""
    edges = [0, 1, dtype.largest, dtype.largest + 1, 1 << dtype.mantissa_bits, dtype.sign_bit - 1]
    edges += [encode(dtype, finite(Fraction(n, 2))) for n in (1, 2, 3, 4, 6)]
    near = st.builds(
        lambda edge, step, sign: ((edge + step) & (dtype.sign_bit - 1)) | sign,
        st.sampled_from(edges),
        st.integers(-2, 2),
        st.sampled_from([0, dtype.sign_bit]),
    )
    return st.one_of(st.integers(0, (1 << dtype.width) - 1), near)


def arguments(count: int) -> st.SearchStrategy[tuple]:
    """A dtype and `count` patterns of it."""
    return st.sampled_from([F16, F32, F64]).flatmap(lambda t: st.tuples(st.just(t), *[patterns(t)] * count))


@pytest.mark.parametrize("dtype", [t for t in NUMPY if t.width <= 16], ids=lambda t: t.name)
def test_every_narrow_pattern_decodes_as_in_numpy(dtype: Float):
    with np.errstate(all="ignore"):
        every = np.arange(1 << dtype.width, dtype=f"u{dtype.width // 8}").view(NUMPY[dtype]).astype(np.float64)
    for bits, expected in enumerate(every.tolist()):
        real = decode(dtype, bits)
        assert struct.pack("d", to_python(dtype, bits)) == struct.pack("d", expected) or (
            real.is_nan and expected != expected
        )
        assert encode(dtype, real) == bits or real.is_nan


@given(st.sampled_from(list(NUMPY)), patterns(F32))
def test_rounding_a_float32_to_any_format(target: Float, bits: int):
    with np.errstate(all="ignore"):
        expected = bits_of(target, np.array([value(F32, bits)]).astype(NUMPY[target])[0])
    assert same(target, floats.convert(F32, target, bits), expected)


@given(st.sampled_from([F16, F32]), patterns(F64))
def test_rounding_a_float64_happens_once(target: Float, bits: int):
    with np.errstate(all="ignore"):
        assert same(target, floats.convert(F64, target, bits), bits_of(target, value(F64, bits)))


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("addf", operator.add),
        ("subf", operator.sub),
        ("mulf", operator.mul),
        ("divf", operator.truediv),
        ("remf", np.fmod),
        ("maxnumf", np.fmax),
        ("minnumf", np.fmin),
        ("maximumf", np.maximum),
        ("minimumf", np.minimum),
    ],
)
def test_arithmetic_is_that_of_ieee_754(name: str, function):
    @given(arguments(2))
    def agree(case: tuple):
        dtype, a, b = case
        if name in ("maxnumf", "minnumf"):  # NumPy gives NaN for a signalling one, the dialect makes no difference
            a, b = (bits | dtype.nan if decode(dtype, bits).is_nan else bits for bits in (a, b))
        with np.errstate(all="ignore"):
            expected = bits_of(dtype, function(value(dtype, a), value(dtype, b)))
        got = floats.BINARY[name](dtype, a, b)
        # NumPy leaves the sign of the larger of two zeros open.
        both_zero = decode(dtype, a).is_zero and decode(dtype, b).is_zero and name[0] == "m" and name != "mulf"
        assert same(dtype, got, expected) or (both_zero and decode(dtype, got).is_zero)

    agree()


def test_maximum_orders_the_zeros():
    minus, plus = F32.sign_bit, 0
    for name, expected in (("maximumf", plus), ("minimumf", minus), ("maxnumf", plus), ("minnumf", minus)):
        assert floats.BINARY[name](F32, minus, plus) == floats.BINARY[name](F32, plus, minus) == expected


@given(arguments(1))
def test_square_root_is_correctly_rounded(case: tuple):
    dtype, a = case
    with np.errstate(all="ignore"):
        assert same(dtype, floats.sqrt(dtype, a), bits_of(dtype, np.sqrt(value(dtype, a))))


@given(patterns(F16))
def test_reciprocal_square_root_rounds_once(a: int):
    with np.errstate(all="ignore"):
        expected = bits_of(F16, np.float16(1 / np.sqrt(value(F16, a).astype(np.float64))))
    assert same(F16, floats.rsqrt(F16, a), expected)


@given(patterns(F16), patterns(F16), patterns(F16))
def test_fma_of_halves_is_exact_in_double_but_for_the_sum(a: int, b: int, c: int):
    x, y, z = (decode(F16, bits) for bits in (a, b, c))
    got = floats.fma(F16, a, b, c)
    if all(r.kind.value == "finite" for r in (x, y, z)):
        exact = x.value * y.value + z.value
        if exact != 0:
            assert got == encode(F16, finite(exact))
    with np.errstate(all="ignore"):
        wide = float(value(F16, a)) * float(value(F16, b)) + float(value(F16, c))
    if wide != wide:
        assert decode(F16, got).is_nan


def test_fma_rounds_once():
    # (1 + 2^-12)^2 - 1 - 2^-11 is 2^-24 exactly, and zero when the product is rounded first.
    a, c = (from_python(F32, x) for x in (1 + 2**-12, -1 - 2**-11))
    assert to_python(F32, floats.fma(F32, a, a, c)) == 2**-24
    assert to_python(F32, floats.BINARY["addf"](F32, floats.BINARY["mulf"](F32, a, a), c)) == 0


@given(arguments(3))
def test_a_step_of_a_dot_is_a_fused_multiply_add(case: tuple):
    dtype, a, b, c = case
    assert contraction.multiply_add(dtype, dtype, dtype, a, b, c) == floats.fma(dtype, a, b, c)


@given(arguments(2), st.integers(0, 15))
def test_float_predicates(case: tuple, number: int):
    dtype, a, b = case
    x, y = float(value(dtype, a)), float(value(dtype, b))
    unordered = x != x or y != y
    expected = [
        False,
        *(x == y, x > y, x >= y, x < y, x <= y, not unordered and x != y, not unordered),
        *(unordered or c for c in (x == y, x > y, x >= y, x < y, x <= y)),
        *(unordered or x != y, unordered, True),
    ]
    assert floats.compare(dtype, floats.PREDICATES[number], a, b) == expected[number]


@given(patterns(F32))
def test_rounding_to_an_integral_float(a: int):
    x = value(F32, a)
    for name, function in (("floor", np.floor), ("ceil", np.ceil), ("trunc", np.trunc), ("roundeven", np.rint)):
        with np.errstate(all="ignore"):
            assert same(F32, functions.FUNCTIONS[name](F32, a), bits_of(F32, function(x)))


def test_round_goes_away_from_zero_at_ties():
    for x, expected in ((0.5, 1.0), (-0.5, -1.0), (2.5, 3.0), (0.49999997, 0.0)):
        assert to_python(F32, functions.FUNCTIONS["round"](F32, from_python(F32, x))) == expected


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from([F16, F32, F64]))
def test_integers_to_floats_round_once(number: int, target: Float):
    with np.errstate(all="ignore"):
        assert floats.from_integer(Int(64), target, number & (2**64 - 1), signed=True) == bits_of(
            target, np.int64(number).astype(NUMPY[target])
        )
        assert floats.from_integer(Int(64), target, number & (2**64 - 1), signed=False) == bits_of(
            target, np.uint64(number & (2**64 - 1)).astype(NUMPY[target])
        )


@given(patterns(F32), st.sampled_from([8, 16, 32, 64]))
def test_floats_to_integers_are_undefined_out_of_range(a: int, width: int):
    x = float(value(F32, a))
    for signed, low, high in ((True, -(2 ** (width - 1)), 2 ** (width - 1)), (False, 0, 2**width)):
        got = floats.to_integer(F32, Int(width), a, signed=signed)
        if x != x or not low - 1 < x < high:
            assert got is UNDEFINED
        else:
            assert got == int(x) & (2**width - 1)


def test_conversions_in_other_directions():
    third = from_python(F32, 1 / 3)
    down = floats.convert(F32, F16, third, Rounding.TOWARD_ZERO)
    up = floats.convert(F32, F16, third, Rounding.UPWARD)
    assert up == down + 1
    huge = from_python(F32, 1e9)
    assert floats.convert(F32, F16, huge, Rounding.TOWARD_ZERO) == F16.largest
    assert floats.convert(F32, F16, huge) == F16.infinity
    assert floats.convert(F32, F8E4M3FN, huge, saturate=True) == F8E4M3FN.largest
    assert floats.convert(F32, F8E4M3FN, huge) == F8E4M3FN.nan
    assert floats.convert(F32, F8E5M2, F32.infinity, saturate=True) == F8E5M2.largest


@given(st.sampled_from([8, 16, 32, 64]), st.integers(), st.integers(), st.sampled_from(sorted(set(integers.BINARY))))
def test_integers_wrap_as_in_c(width: int, a: int, b: int, name: str):
    t = Int(width)
    a, b = t.wrap(a), t.wrap(b)
    x, y = t.signed(a), t.signed(b)
    got = integers.BINARY[name](t, a, b)
    if name.startswith("sh"):
        b %= width + 1
        got = integers.BINARY[name](t, a, b)
        if b == width:
            assert got is UNDEFINED
            return
        expected = {"shli": a << b, "shrui": a >> b, "shrsi": x >> b}[name]
    elif "div" in name or "rem" in name:
        if b == 0 or ("s" in name and (x, y) == (-(2 ** (width - 1)), -1)):
            assert got is UNDEFINED
            return
        toward_zero = int(Fraction(x, y))
        expected = {
            "divsi": toward_zero,
            "divui": a // b,
            "remsi": x - y * toward_zero,
            "remui": a % b,
            "ceildivsi": Fraction(x, y).__ceil__(),
            "ceildivui": Fraction(a, b).__ceil__(),
            "floordivsi": Fraction(x, y).__floor__(),
        }[name]
    else:
        with np.errstate(all="ignore"):
            numpy_signed = [np.array(v, dtype=f"i{width // 8}") for v in (x, y)]
            numpy_unsigned = [np.array(v, dtype=f"u{width // 8}") for v in (a, b)]
            expected = int(
                {
                    "addi": np.add,
                    "subi": np.subtract,
                    "muli": np.multiply,
                    "andi": np.bitwise_and,
                    "ori": np.bitwise_or,
                    "xori": np.bitwise_xor,
                    "minsi": np.minimum,
                    "maxsi": np.maximum,
                    "minui": np.minimum,
                    "maxui": np.maximum,
                }[name](*(numpy_unsigned if name.endswith("ui") else numpy_signed))
            )
    assert got == t.wrap(expected)


def test_one_bit_integers():
    t = Int(1)
    assert t.signed(1) == -1
    assert integers.compare(t, "slt", 1, 0) == 1
    assert integers.compare(t, "ult", 1, 0) == 0
    assert integers.BINARY["addi"](t, 1, 1) == 0
    assert floats.from_integer(t, F32, 1, signed=True) == from_python(F32, -1.0)


def test_extended_products():
    assert integers.mul_extended(Int(32), 0xFFFFFFFF, 0xFFFFFFFF, signed=False) == (1, 0xFFFFFFFE)
    assert integers.mul_extended(Int(32), 0xFFFFFFFF, 0xFFFFFFFF, signed=True) == (1, 0)
    assert integers.add_extended(Int(8), 200, 100) == (44, 1)


@pytest.mark.parametrize(
    ("name", "argument", "expected"),
    [
        ("exp", 1000.0, np.inf),
        ("log", 0.0, -np.inf),
        ("log", -1.0, np.nan),
        ("log2", -0.0, -np.inf),
        ("sinh", -1000.0, -np.inf),
        ("atanh", -1.0, -np.inf),
        ("sin", np.inf, np.nan),
        ("tanh", -np.inf, -1.0),
        ("exp", -np.inf, 0.0),
        ("erf", np.nan, np.nan),
    ],
)
def test_special_values_of_functions(name: str, argument: float, expected: float):
    got = functions.FUNCTIONS[name](F32, from_python(F32, argument))
    assert same(F32, got, from_python(F32, expected))


@given(st.sampled_from(["exp", "exp2", "log", "log2", "sin", "cos", "tanh", "atan", "log1p", "expm1"]), patterns(F32))
def test_functions_are_within_an_ulp_of_numpy(name: str, a: int):
    numpy_name = {"atan": "arctan"}.get(name, name)
    with np.errstate(all="ignore"):
        expected = bits_of(F32, np.float32(getattr(np, numpy_name)(value(F32, a).astype(np.float64))))
    got = functions.FUNCTIONS[name](F32, a)
    assert same(F32, got, expected) or abs(got - expected) <= 1


@given(patterns(F64), patterns(F64))
def test_powers_have_the_special_values_of_c(a: int, b: int):
    with np.errstate(all="ignore"):
        expected = bits_of(F64, np.power(value(F64, a), value(F64, b)))
    got = functions.FUNCTIONS["powf"](F64, a, b)
    assert same(F64, got, expected) or abs(got - expected) <= 2
