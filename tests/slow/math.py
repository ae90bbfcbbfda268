"""The math dialect, element by element (MLIR's documentation of `math`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.ir import Operation

from . import functions, integers
from .engine import Machine, Results, meaning, pointwise
from .reading import dtype, name_of
from .scalars import Float, Int


@meaning(*(f"math.{name}" for name in functions.FUNCTIONS))
def _function(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    function, t = functions.FUNCTIONS[name_of(op).removeprefix("math.")], dtype(op.results[0])
    assert isinstance(t, Float)
    return pointwise(lambda *scalars: function(t, *scalars), *operands)


@meaning("math.sincos")
def _sincos(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    t = dtype(op.results[0])
    return tuple(
        pointwise(lambda a, name=name: functions.FUNCTIONS[name](t, a), *operands)[0] for name in ("sin", "cos")
    )


@meaning(*(f"math.{name}" for name in functions.CLASSES))
def _class(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    test, t = functions.CLASSES[name_of(op).removeprefix("math.")], dtype(op.operands[0])
    assert isinstance(t, Float)
    return pointwise(lambda a: int(test(t, a)), *operands)


@meaning(*(f"math.{name}" for name in integers.UNARY))
def _integer_function(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    function, t = integers.UNARY[name_of(op).removeprefix("math.")], dtype(op.results[0])
    assert isinstance(t, Int)
    return pointwise(lambda a: function(t, a), *operands)


@meaning("math.ipowi")
def _ipowi(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    t = dtype(op.results[0])
    assert isinstance(t, Int)
    return pointwise(lambda a, b: integers.integer_power(t, a, b), *operands)


@meaning("math.fpowi")
def _fpowi(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    t, exponent = dtype(op.results[0]), dtype(op.operands[1])
    assert isinstance(t, Float) and isinstance(exponent, Int)
    return pointwise(lambda a, b: functions.power_by_integer(t, exponent, a, b), *operands)
