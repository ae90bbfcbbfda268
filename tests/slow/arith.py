"""The arith and ub dialects, element by element (MLIR's documentation of `arith`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.ir import Operation

from . import floats, integers
from .engine import Machine, Results, meaning, pointwise, strict
from .reading import attribute, constant, dtype, flags, keyword, name_of, shape_of
from .scalars import UNDEFINED, Float, Int, Rounding, Scalar, Undefined
from .values import Tensor, elementwise

ROUNDINGS = ("to_nearest_even", "downward", "upward", "toward_zero", "to_nearest_away")


@meaning("arith.constant")
def _constant(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    value = constant(attribute(op, "value"))
    return (Tensor(*value),) if isinstance(value, tuple) else (value,)


@meaning("ub.poison")
def _poison(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    shape = shape_of(op.results[0].type)
    return (UNDEFINED if shape is None else Tensor.full(shape, UNDEFINED),)


def _absorbing(name: str, t: Int, a: Scalar, b: Scalar) -> Scalar:
    """An undefined operand has some value, whatever it is: zero annuls it, and a one absorbs it."""
    absorbing = {"andi": 0, "muli": 0, "ori": t.mask}.get(name)
    return absorbing if absorbing is not None and absorbing in (a, b) else UNDEFINED


def _integer_operation(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    name, t = name_of(op).removeprefix("arith."), dtype(op.results[0])
    assert isinstance(t, Int)
    forbidden = [flag == "nsw" for flag in flags(op, "overflowFlags") if flag in ("nsw", "nuw")]

    def compute(a: Scalar, b: Scalar) -> Scalar:
        if isinstance(a, Undefined) or isinstance(b, Undefined):
            return _absorbing(name, t, a, b)
        result = integers.BINARY[name](t, a, b)
        if any(integers.overflows(t, name, a, b, signed=signed) for signed in forbidden):
            return UNDEFINED
        return result

    return (elementwise(compute, *operands),)


def _float_operation(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    name, t = name_of(op).removeprefix("arith."), dtype(op.results[0])
    assert isinstance(t, Float)
    return pointwise(lambda a, b: floats.BINARY[name](t, a, b), *operands)


meaning(*(f"arith.{name}" for name in integers.BINARY))(_integer_operation)
meaning(*(f"arith.{name}" for name in floats.BINARY))(_float_operation)


@meaning("arith.negf")
def _negf(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    t = dtype(op.results[0])
    assert isinstance(t, Float)
    return pointwise(lambda a: floats.negf(t, a), *operands)


@meaning("arith.cmpi")
def _cmpi(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    predicate, t = keyword(op, "predicate", integers.PREDICATES), dtype(op.operands[0])
    assert isinstance(t, Int)
    return pointwise(lambda a, b: integers.compare(t, predicate, a, b), *operands)


@meaning("arith.cmpf")
def _cmpf(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    predicate, t = keyword(op, "predicate", floats.PREDICATES), dtype(op.operands[0])
    assert isinstance(t, Float)
    return pointwise(lambda a, b: floats.compare(t, predicate, a, b), *operands)


def choose(condition: Scalar, true: Any, false: Any) -> Any:
    """One of two; undefined when the condition is, unless both are the same."""
    if isinstance(condition, Undefined):
        return true if isinstance(true, int) and true == false else UNDEFINED
    return true if condition else false


@meaning("arith.select")
def _select(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    condition, true, false = operands
    if isinstance(condition, Undefined) and isinstance(true, Tensor):
        return (elementwise(choose, condition, true, false),)
    # With a scalar condition any value may be chosen, a memref too.
    return (elementwise(choose, *operands) if isinstance(condition, Tensor) else choose(*operands),)


def _resize(signed: bool) -> Any:
    def convert(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
        source, target = dtype(op.operands[0]), dtype(op.results[0])
        assert isinstance(source, Int) and isinstance(target, Int)
        forbidden = [flag == "nsw" for flag in flags(op, "overflowFlags") if flag in ("nsw", "nuw")]

        def resize(bits: int) -> Scalar:
            result = integers.resize(source, target, bits, signed=signed)
            lost = any(integers.resize(target, source, result, signed=s) != bits for s in forbidden)
            return UNDEFINED if lost else result

        return pointwise(resize, *operands)

    return convert


meaning("arith.extsi", "arith.trunci", "arith.index_cast")(_resize(True))
meaning("arith.extui", "arith.index_castui")(_resize(False))


@meaning("arith.bitcast")
def _bitcast(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return operands


@meaning("arith.extf", "arith.truncf")
def _convert_float(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return convert_float(op, Rounding(keyword(op, "roundingmode", ROUNDINGS, "to_nearest_even")), operands)


def convert_float(op: Operation, rounding: Rounding, operands: Sequence[Any]) -> Results:
    """A conversion between float formats. To 8 bits it saturates, as `cvt.satfinite` of PTX does for Triton."""
    source, target = dtype(op.operands[0]), dtype(op.results[0])
    assert isinstance(source, Float) and isinstance(target, Float)
    return pointwise(
        lambda a: floats.convert(source, target, a, rounding, saturate=target.width <= 8 < source.width), *operands
    )


@meaning("arith.sitofp", "arith.uitofp")
def _to_float(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    source, target = dtype(op.operands[0]), dtype(op.results[0])
    assert isinstance(source, Int) and isinstance(target, Float)
    signed = name_of(op) == "arith.sitofp"
    return pointwise(lambda a: floats.from_integer(source, target, a, signed=signed), *operands)


@meaning("arith.fptosi", "arith.fptoui")
def _to_integer(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    source, target = dtype(op.operands[0]), dtype(op.results[0])
    assert isinstance(source, Float) and isinstance(target, Int)
    signed = name_of(op) == "arith.fptosi"
    return pointwise(lambda a: floats.to_integer(source, target, a, signed=signed), *operands)


def _pair(function: Any, *operands: Any) -> Results:
    def apply(*scalars: Scalar) -> Any:
        result = strict(function)(*scalars)
        return (UNDEFINED, UNDEFINED) if isinstance(result, Undefined) else result

    return elementwise(apply, *operands)


@meaning("arith.addui_extended")
def _addui_extended(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    t = dtype(op.operands[0])
    assert isinstance(t, Int)
    return _pair(lambda a, b: integers.add_extended(t, a, b), *operands)


@meaning("arith.mulsi_extended", "arith.mului_extended")
def _mul_extended(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    t = dtype(op.operands[0])
    assert isinstance(t, Int)
    signed = name_of(op) == "arith.mulsi_extended"
    return _pair(lambda a, b: integers.mul_extended(t, a, b, signed=signed), *operands)
