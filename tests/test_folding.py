"""Folds against NumPy's fixed-width arithmetic, and identities against all values of a small type."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from xdsl.dialects.builtin import DYNAMIC_INDEX, IndexType, IntegerType, TensorType, bf16, f16, f32, f64, i1, i8
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.utils.test_value import create_ssa_value

from minilinalg.analysis.constants import constant, constant_of, element_type, unsigned, width_of
from minilinalg.dialects.upstream import arith
from minilinalg.passes.folding import COMMUTATIVE, FLOAT_OPS, FOLDS, INTEGER_OPS, RIGHT_IDENTITIES

OPS = {op.name: op for op in arith.Arith.operations}
INTS = {8: np.int8, 16: np.int16, 32: np.int32, 64: np.int64}
UINTS = {8: np.uint8, 16: np.uint16, 32: np.uint32, 64: np.uint64}
FLOATS = {f16: np.float16, bf16: ml_dtypes.bfloat16, f32: np.float32, f64: np.float64}


def value(number: float, type: Attribute) -> SSAValue:
    attribute = constant(number, type)
    assert attribute is not None
    return arith.ConstantOp.create(result_types=[type], properties={"value": attribute}).results[0]


def build(name: str, operands: list[SSAValue], result: Attribute, **properties: Attribute) -> Operation:
    return OPS[name].create(operands=operands, result_types=[result], properties=properties)


def fold(op: Operation) -> int | float | SSAValue | None:
    """What an operation folds to: a number, a value, or nothing."""
    folded = FOLDS[op.name](op)
    if folded is None or isinstance(folded, SSAValue):
        return folded
    return constant_of(
        arith.ConstantOp.create(result_types=[op.results[0].type], properties={"value": folded}).results[0]
    )


def by_numpy(name: str, a: int, b: int, width: int) -> int | None:
    """The result in NumPy's types of that width; None where it is undefined."""
    signed, uns = INTS[width], UINTS[width]
    sa, sb = np.array(a, signed), np.array(b, signed)
    ua, ub = sa.view(uns), sb.view(uns)
    smallest = np.iinfo(signed).min
    traps = sb == 0 or (name in SIGNED_DIVISIONS and sa == smallest and sb == -1)
    if (name in DIVISIONS and traps) or (name in SHIFTS and ub >= width):
        return None
    functions: dict[str, Any] = {
        "arith.addi": lambda: sa + sb,
        "arith.subi": lambda: sa - sb,
        "arith.muli": lambda: sa * sb,
        "arith.andi": lambda: sa & sb,
        "arith.ori": lambda: sa | sb,
        "arith.xori": lambda: sa ^ sb,
        "arith.shli": lambda: (ua << ub).view(signed),
        "arith.shrsi": lambda: sa >> sb,
        "arith.shrui": lambda: (ua >> ub).view(signed),
        "arith.maxsi": lambda: np.maximum(sa, sb),
        "arith.minsi": lambda: np.minimum(sa, sb),
        "arith.maxui": lambda: np.maximum(ua, ub).view(signed),
        "arith.minui": lambda: np.minimum(ua, ub).view(signed),
        "arith.divui": lambda: (ua // ub).view(signed),
        "arith.remui": lambda: (ua % ub).view(signed),
        "arith.ceildivui": lambda: ((ua // ub) + (ua % ub != 0).astype(uns)).view(signed),
        "arith.floordivsi": lambda: sa // sb,
        "arith.ceildivsi": lambda: sa // sb + (sa % sb != 0).astype(signed),
        "arith.remsi": lambda: np.fmod(sa, sb),
        "arith.divsi": lambda: (sa - np.fmod(sa, sb)) // sb,
    }
    with np.errstate(all="ignore"):
        return int(functions[name]())


SIGNED_DIVISIONS = {"arith.divsi", "arith.remsi", "arith.floordivsi", "arith.ceildivsi"}
DIVISIONS = SIGNED_DIVISIONS | {"arith.divui", "arith.remui", "arith.ceildivui"}
SHIFTS = {"arith.shli", "arith.shrsi", "arith.shrui"}


@st.composite
def integer_pairs(draw: st.DrawFn) -> tuple[int, int, int]:
    width = draw(st.sampled_from(sorted(INTS)))
    edge = 1 << (width - 1)
    number = st.integers(-edge, edge - 1) | st.sampled_from(
        [-edge, edge - 1, -1, 0, 1, width - 1 if width < edge else 1]
    )
    return draw(number), draw(number), width


@pytest.mark.parametrize("name", INTEGER_OPS)
@given(integer_pairs())
@example((-128, -1, 8))
@example((5, 0, 32))
def test_integers(name: str, pair: tuple[int, int, int]) -> None:
    a, b, width = pair
    type = IntegerType(width)
    op = build(name, [value(a, type), value(b, type)], type)
    assert fold(op) == by_numpy(name, a, b, width)


def test_index_has_64_bits() -> None:
    index = IndexType()
    largest = (1 << 63) - 1
    assert fold(build("arith.addi", [value(largest, index), value(1, index)], index)) == -(1 << 63)


@pytest.mark.parametrize("name", RIGHT_IDENTITIES)
@pytest.mark.parametrize("type", [i1, i8])
def test_identities_hold_for_every_value(name: str, type: IntegerType) -> None:
    """Where x op c folds for an unknown x, folding x op c for each x that is defined gives the same."""
    numbers = range(-(1 << (width_of(type) - 1)), 1 << (width_of(type) - 1))
    for c in numbers:
        x = create_ssa_value(type)
        result = fold(build(name, [x, value(c, type)], type))
        if result is None:
            continue
        for number in numbers:
            exact = fold(build(name, [value(number, type), value(c, type)], type))
            expected = number if result is x else c if isinstance(result, SSAValue) else result
            assert exact is None or exact == expected, (number, c)


@pytest.mark.parametrize("name", sorted(COMMUTATIVE))
@given(integer_pairs())
def test_commutative_operations(name: str, pair: tuple[int, int, int]) -> None:
    a, b, width = pair
    assert by_numpy(name, a, b, width) == by_numpy(name, b, a, width)


special = st.sampled_from([0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e-45, 6e-8, 65504.0, 3.4e38])


@st.composite
def float_pairs(draw: st.DrawFn) -> tuple[Attribute, float, float]:
    type = draw(st.sampled_from(list(FLOATS)))
    number = st.floats(width=32) | special
    with np.errstate(all="ignore"):
        return type, *(float(np.array(draw(number)).astype(FLOATS[type])) for _ in range(2))


FLOAT_FUNCTIONS = {
    "arith.addf": np.add,
    "arith.subf": np.subtract,
    "arith.mulf": np.multiply,
    "arith.divf": np.divide,
    "arith.remf": np.fmod,
    "arith.maximumf": np.maximum,
    "arith.minimumf": np.minimum,
}


@pytest.mark.parametrize("name", FLOAT_OPS)
@given(float_pairs())
def test_floats_in_their_own_type(name: str, pair: tuple[Attribute, float, float]) -> None:
    type, a, b = pair
    if math.isnan(a) or math.isnan(b):
        return
    folded = fold(build(name, [value(a, type), value(b, type)], type, fastmath=arith.NO_FASTMATH))
    dtype = FLOATS[type]
    with np.errstate(all="ignore"):
        expected = FLOAT_FUNCTIONS[name](np.array(a, dtype), np.array(b, dtype)).astype(dtype)
    if folded is None:
        assert np.isnan(expected)
    elif name in ("arith.maximumf", "arith.minimumf") and a == b == 0:
        larger = name == "arith.maximumf"
        assert math.copysign(1, folded) == (max if larger else min)(math.copysign(1, a), math.copysign(1, b))
    else:
        assert np.array(folded, dtype).tobytes() == expected.tobytes()


@given(float_pairs())
def test_float_units_keep_every_value(pair: tuple[Attribute, float, float]) -> None:
    type, a, b = pair
    for name in ("arith.addf", "arith.subf", "arith.mulf", "arith.divf"):
        x = create_ssa_value(type)
        if math.isnan(b) or fold(build(name, [x, value(b, type)], type)) is not x:
            continue
        with np.errstate(all="ignore"):
            exact = FLOAT_FUNCTIONS[name](np.array(a, FLOATS[type]), np.array(b, FLOATS[type]))
        assert np.isnan(exact) or exact.astype(FLOATS[type]).tobytes() == np.array(a, FLOATS[type]).tobytes()


@given(integer_pairs(), st.sampled_from(list(arith.CMPI_PREDICATES)))
def test_integer_comparisons(pair: tuple[int, int, int], predicate: str) -> None:
    a, b, width = pair
    type = IntegerType(width)
    relation = predicate if predicate in ("eq", "ne") else predicate[1:]
    if predicate[0] == "u":
        x, y = unsigned(a, width), unsigned(b, width)
    else:
        x, y = a, b
    expected = {"eq": x == y, "ne": x != y, "lt": x < y, "le": x <= y, "gt": x > y, "ge": x >= y}[relation]
    assert fold(arith.CmpiOp(value(a, type), value(b, type), predicate)) == -int(expected)


def test_float_comparisons_with_infinities() -> None:
    assert fold(arith.CmpfOp(value(math.inf, f32), value(1.0, f32), "ogt")) == -1
    assert fold(arith.CmpfOp(value(0.0, f32), value(-0.0, f32), "oeq")) == -1
    assert fold(arith.CmpfOp(value(1.0, f32), value(1.0, f32), "uno")) == 0


@given(integer_pairs(), st.sampled_from([8, 16, 32, 64]))
def test_integer_casts(pair: tuple[int, int, int], to: int) -> None:
    a, _, width = pair
    source, target = IntegerType(width), IntegerType(to)
    old = np.array(a, INTS[width])
    if to > width:
        assert fold(arith.ExtSIOp(value(a, source), target)) == int(old.astype(INTS[to]))
        assert fold(arith.ExtUIOp(value(a, source), target)) == int(old.view(UINTS[width]).astype(INTS[to]))
    elif to < width:
        assert fold(arith.TruncIOp(value(a, source), target)) == int(old.astype(INTS[to]))


@given(integer_pairs(), st.sampled_from(list(FLOATS)))
def test_integers_become_floats(pair: tuple[int, int, int], type: Attribute) -> None:
    a, _, width = pair
    source = IntegerType(width)
    for cast, number in ((arith.SIToFPOp, a), (arith.UIToFPOp, unsigned(a, width))):
        folded = fold(cast(value(a, source), type))
        if abs(number) > 1 << 53:
            assert folded is None
            continue
        with np.errstate(all="ignore"):
            assert folded == float(np.array(number, np.float64).astype(FLOATS[type]))


@given(float_pairs(), st.sampled_from([8, 16, 32, 64]))
def test_floats_become_integers_where_they_fit(pair: tuple[Attribute, float, float], width: int) -> None:
    type, a, _ = pair
    if math.isnan(a):
        return
    target = IntegerType(width)
    folded = fold(arith.FPToSIOp(value(a, type), target))
    fits = math.isfinite(a) and -(1 << (width - 1)) <= math.trunc(a) < 1 << (width - 1)
    assert folded == (math.trunc(a) if fits else None)
    folded = fold(arith.FPToUIOp(value(a, type), target))
    fits = math.isfinite(a) and 0 <= math.trunc(a) < 1 << width
    assert (None if folded is None else unsigned(folded, width)) == (math.trunc(a) if fits else None)


@given(float_pairs(), st.sampled_from(list(FLOATS)))
def test_float_casts_round_once(pair: tuple[Attribute, float, float], target: Attribute) -> None:
    type, a, _ = pair
    if math.isnan(a):
        return
    with np.errstate(all="ignore"):
        expected = float(np.array(a, FLOATS[type]).astype(FLOATS[target]))
    cast = arith.ExtFOp if element_type(target).bitwidth > element_type(type).bitwidth else arith.TruncFOp
    assert fold(cast(value(a, type), target)) == expected


@pytest.mark.parametrize("mode", ["downward", "toward_zero"])
def test_other_roundings_are_not_folded(mode: str) -> None:
    assert fold(arith.TruncFOp(value(0.1, f32), f16, mode)) is None
    assert fold(arith.TruncFOp(value(0.1, f32), f16, "to_nearest_even")) == float(np.float16(np.float32(0.1)))


def test_a_nan_is_no_constant() -> None:
    assert fold(build("arith.divf", [value(0.0, f32), value(0.0, f32)], f32)) is None
    assert constant(math.nan, f32) is None


def test_uniform_tensors() -> None:
    type = TensorType(i8, [2, 3])
    assert fold(build("arith.addi", [value(100, type), value(100, type)], type)) == -56
    assert constant(1, TensorType(i8, [DYNAMIC_INDEX])) is None


def test_a_tensor_of_different_elements_is_no_constant() -> None:
    from xdsl.dialects.builtin import DenseIntOrFPElementsAttr

    type = TensorType(i8, [2])
    attribute = DenseIntOrFPElementsAttr.from_list(type, [1, 2])
    mixed = arith.ConstantOp.create(result_types=[type], properties={"value": attribute}).results[0]
    assert constant_of(mixed) is None
    assert fold(build("arith.addi", [mixed, value(1, type)], type)) is None
