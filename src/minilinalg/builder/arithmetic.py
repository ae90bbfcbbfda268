"""Scalar arithmetic with promotion: which operation of arith and math an operator or a function becomes.

The same tables serve the body of a comprehension and Python's operators on scalars. A term is an SSA value or a Python
number; a number has no type until it meets a value, and numbers among themselves are computed at once.
"""

from __future__ import annotations

import math as python_math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from xdsl.dialects.builtin import AnyFloat, FloatAttr, IndexType, IntegerAttr
from xdsl.ir import Operation, SSAValue

from minilinalg.builder.elements import (
    ELEMENTS,
    F32,
    I1,
    I32,
    I64,
    INDEX,
    ElementType,
    is_bool,
    is_float,
    promote,
    widened,
    width,
)
from minilinalg.dialects.upstream import arith, math
from minilinalg.errors import InputError, near_name

Term: TypeAlias = SSAValue | int | float
Make: TypeAlias = Callable[..., Operation]


@dataclass(frozen=True)
class Operator:
    """`on_floats` and `on_integers` make the operation on two operands; `fold` computes it on Python numbers."""

    fold: Callable[[Any, Any], Any]
    on_floats: Make | None
    on_integers: Make | None
    on_bools: bool = False
    """Whether truth values stay truth values; otherwise they are counted as i32."""


OPERATORS: Mapping[str, Operator] = {
    "+": Operator(lambda a, b: a + b, arith.AddfOp, arith.AddiOp),
    "-": Operator(lambda a, b: a - b, arith.SubfOp, arith.SubiOp),
    "*": Operator(lambda a, b: a * b, arith.MulfOp, arith.MuliOp),
    "/": Operator(lambda a, b: a / b, arith.DivfOp, None),
    "//": Operator(lambda a, b: a // b, None, arith.FloorDivSIOp),
    "%": Operator(lambda a, b: a % b, None, None),
    "**": Operator(lambda a, b: a**b, math.PowFOp, None),
    "&": Operator(lambda a, b: a & b, None, arith.AndIOp, on_bools=True),
    "|": Operator(lambda a, b: a | b, None, arith.OrIOp, on_bools=True),
    "^": Operator(lambda a, b: a ^ b, None, arith.XOrIOp, on_bools=True),
    "max": Operator(max, arith.MaximumfOp, arith.MaxSIOp),
    "min": Operator(min, arith.MinimumfOp, arith.MinSIOp),
}
"""Floats: `max` and `min` give NaN when either operand is NaN, as NumPy's maximum and minimum do."""

COMPARISONS: Mapping[str, tuple[Callable[[Any, Any], bool], str, str]] = {
    "==": (lambda a, b: a == b, "oeq", "eq"),
    "!=": (lambda a, b: a != b, "une", "ne"),
    "<": (lambda a, b: a < b, "olt", "slt"),
    "<=": (lambda a, b: a <= b, "ole", "sle"),
    ">": (lambda a, b: a > b, "ogt", "sgt"),
    ">=": (lambda a, b: a >= b, "oge", "sge"),
}
"""Operator -> on Python numbers, predicate on floats (as in IEEE 754: only != is true of a NaN), on integers."""


@dataclass(frozen=True)
class Function:
    """A function of one argument. `on_integers` None: integers are first made f32."""

    fold: Callable[[Any], Any]
    on_floats: Make
    on_integers: Make | None = None
    keeps_integers: bool = False
    """Whether an integer is its own result."""


FUNCTIONS: Mapping[str, Function] = {
    "exp": Function(python_math.exp, math.ExpOp),
    "exp2": Function(lambda x: 2.0**x, math.Exp2Op),
    "log": Function(python_math.log, math.LogOp),
    "log2": Function(python_math.log2, math.Log2Op),
    "sqrt": Function(python_math.sqrt, math.SqrtOp),
    "rsqrt": Function(lambda x: 1.0 / python_math.sqrt(x), math.RsqrtOp),
    "sin": Function(python_math.sin, math.SinOp),
    "cos": Function(python_math.cos, math.CosOp),
    "tanh": Function(python_math.tanh, math.TanhOp),
    "erf": Function(python_math.erf, math.ErfOp),
    "abs": Function(abs, math.AbsFOp, math.AbsIOp),
    "floor": Function(python_math.floor, math.FloorOp, keeps_integers=True),
    "ceil": Function(python_math.ceil, math.CeilOp, keeps_integers=True),
}

REDUCTIONS: Mapping[str, str] = {"+=": "+", "*=": "*", "max=": "max", "min=": "min", "&=": "&", "|=": "|"}
"""Assignment of a comprehension -> the operator that it reduces with."""

WIDENING_REDUCTIONS = ("+", "*")
"""Reductions that round or wrap, so that narrow elements are widened first."""

_ARITY: Mapping[str, tuple[int, int | None]] = {"max": (2, None), "min": (2, None), "where": (3, 3)}


def accumulator_type(reduction: str, element: ElementType) -> ElementType:
    """What elements are reduced in when nothing is said: at least 32 bits for sums and products."""
    if reduction in WIDENING_REDUCTIONS:
        return widened(element)
    return I32 if reduction in ("max", "min") and is_bool(element) else element


def neutral(reduction: str, type: ElementType) -> int | float:
    """The value that changes nothing in a reduction over `type`."""
    match reduction:
        case "+" | "|":
            return 0
        case "*":
            return 1
        case "&":
            return 1 if is_bool(type) else -1
        case _:
            sign = -1 if reduction == "max" else 1
            if isinstance(type, AnyFloat):
                # This fp8 format has no infinity; its largest magnitude does as well.
                return sign * (448.0 if type == ELEMENTS["f8E4M3FN"] else python_math.inf)
            highest = 2 ** (width(type) - 1) - 1
            return highest if sign > 0 else -highest - 1


def checked_constant(value: int | float, type: ElementType) -> int | float:
    """`value` as a constant of `type` holds it; InputError when an integer type does not."""
    if isinstance(type, AnyFloat):
        return float(value)
    bits = width(type)
    if isinstance(value, float) or not -(2 ** (bits - 1)) <= value < 2 ** max(bits - 1, 1):
        raise InputError(f"the constant {value} is no value of {type}", rule="a constant fits its type")
    # A true i1 is -1 in two's complement.
    return -int(value) if is_bool(type) else int(value)


def type_of(term: Term) -> ElementType | None:
    """The type of a value; None for a Python number, but i1 for a Python truth value."""
    if isinstance(term, SSAValue):
        return cast(ElementType, term.type)
    return I1 if isinstance(term, bool) else None


@dataclass
class Arithmetic:
    """Makes operations through `insert`, and constants, one for each value and type, through `insert_constant`.

    Every method raises InputError without a place when the types do not allow what is asked.
    """

    insert: Callable[[Operation], Any]
    insert_constant: Callable[[Operation], Any]
    _constants: dict[tuple[str, ElementType], SSAValue] = field(default_factory=dict[Any, SSAValue])

    def into(self, insert: Callable[[Operation], Any]) -> Arithmetic:
        """The same arithmetic whose operations, but for the constants, go elsewhere."""
        return Arithmetic(insert, self.insert_constant, self._constants)

    def constant(self, value: int | float, type: ElementType) -> SSAValue:
        if isinstance(type, AnyFloat):
            value = float(value)
        key = repr(value), type
        if key not in self._constants:
            self._constants[key] = self._make_constant(value, type)
        return self._constants[key]

    def _make_constant(self, value: int | float, type: ElementType) -> SSAValue:
        value = checked_constant(value, type)
        attribute = FloatAttr(value, type) if isinstance(type, AnyFloat) else IntegerAttr(int(value), type)
        op = arith.ConstantOp(cast(Any, attribute))
        self.insert_constant(op)
        return op.result

    def value(self, term: Term, type: ElementType | None = None) -> SSAValue:
        """`term` as a value of `type`; without a type, a number becomes i1, i32 or f32."""
        if isinstance(term, SSAValue):
            return term if type is None else self.cast(term, type)
        if type is None:
            type = I1 if isinstance(term, bool) else I32 if isinstance(term, int) else F32
        if isinstance(term, float) and not is_float(type):
            return self.cast(self.constant(term, F32), type)
        return self.constant(int(term) if isinstance(term, bool) else term, type)

    def _common_type(self, terms: Sequence[Term]) -> ElementType:
        """The type that `terms` meet in, at least one of which is a value."""
        types = [t for t in map(type_of, terms) if t is not None]
        common = types[0]
        for type in types[1:]:
            common = promote(common, type)
        for term in terms:
            if isinstance(term, float) and not is_float(common):
                common = F32
            elif isinstance(term, int) and not isinstance(term, bool) and is_bool(common):
                common = I32
        return common

    def _op(self, make: Make, *operands: Any) -> SSAValue:
        op = make(*operands)
        self.insert(op)
        return op.results[0]

    def binary(self, symbol: str, left: Term, right: Term) -> Term:
        if symbol in ("and", "or"):
            self._need_bool(f"'{symbol}'", left, right)
            symbol = "&" if symbol == "and" else "|"
        operator = OPERATORS[symbol]
        if not isinstance(left, SSAValue) and not isinstance(right, SSAValue):
            return _fold(operator.fold, left, right)
        if symbol == "**" and right == 2 and not isinstance(right, SSAValue):
            return self.binary("*", left, left)
        type = self._common_type((left, right))
        if is_bool(type) and not operator.on_bools:
            type = I32
        if not is_float(type) and symbol in ("/", "**"):
            type = F32
        a, b = self.value(left, type), self.value(right, type)
        if symbol == "%" and not is_float(type):
            # Python's remainder has the sign of the divisor.
            quotient = self._op(arith.FloorDivSIOp, a, b)
            return self._op(arith.SubiOp, a, self._op(arith.MuliOp, quotient, b))
        make = operator.on_floats if is_float(type) else operator.on_integers
        if make is None:
            raise InputError(f"'{symbol}' on {type}", rule=f"'{symbol}' is for integers and truth values")
        return self._op(make, a, b)

    def compare(self, symbol: str, left: Term, right: Term) -> Term:
        fold, on_floats, on_integers = COMPARISONS[symbol]
        if not isinstance(left, SSAValue) and not isinstance(right, SSAValue):
            return fold(left, right)
        type = self._common_type((left, right))
        if is_bool(type) and symbol not in ("==", "!="):
            type = I32
        a, b = self.value(left, type), self.value(right, type)
        return self._op(arith.CmpfOp, a, b, on_floats) if is_float(type) else self._op(arith.CmpiOp, a, b, on_integers)

    def unary(self, symbol: str, operand: Term) -> Term:
        if symbol == "not":
            self._need_bool("'not'", operand)
            if not isinstance(operand, SSAValue):
                return not operand
            return self._op(arith.XOrIOp, operand, self.constant(1, I1))
        if not isinstance(operand, SSAValue):
            return -operand
        if is_float(operand.type):
            return self._op(arith.NegfOp, operand)
        return self.binary("-", 0, operand)

    def call(self, name: str, arguments: Sequence[Term]) -> Term:
        """A function or a cast by its name."""
        low, high = _ARITY.get(name, (1, 1))
        if name not in FUNCTIONS and name not in ELEMENTS and name not in _ARITY:
            known = [*FUNCTIONS, *_ARITY, *ELEMENTS]
            raise InputError(
                f"unknown function '{name}'",
                rule=f"a function is one of: {', '.join([*FUNCTIONS, *_ARITY])}, or a type as a cast",
                hint=near_name(name, known),
            )
        if len(arguments) < low or (high is not None and len(arguments) > high):
            count = f"{low} or more arguments" if high is None else f"{low} argument{'s' if low > 1 else ''}"
            raise InputError(f"'{name}' is given {len(arguments)} arguments", rule=f"'{name}' takes {count}")
        if name in ELEMENTS:
            return self.value(arguments[0], ELEMENTS[name])
        if name == "where":
            return self.select(*arguments)
        if name in OPERATORS:
            result = arguments[0]
            for argument in arguments[1:]:
                result = self.binary(name, result, argument)
            return result
        return self._function(FUNCTIONS[name], arguments[0])

    def _function(self, function: Function, argument: Term) -> Term:
        if not isinstance(argument, SSAValue):
            return _fold(function.fold, argument)
        if is_float(argument.type):
            return self._op(function.on_floats, argument)
        if function.keeps_integers:
            return argument
        if function.on_integers is not None:
            return self._absolute(function.on_integers, argument)
        return self._op(function.on_floats, self.cast(argument, F32))

    def _absolute(self, make: Make, argument: SSAValue) -> SSAValue:
        type = I32 if is_bool(argument.type) else I64 if isinstance(argument.type, IndexType) else None
        result = self._op(make, argument if type is None else self.cast(argument, type))
        return self.cast(result, INDEX) if type == I64 else result

    def select(self, condition: Term, on_true: Term, on_false: Term) -> Term:
        self._need_bool("the condition of 'where'", condition)
        if not isinstance(condition, SSAValue):
            return on_true if condition else on_false
        if isinstance(on_true, SSAValue) or isinstance(on_false, SSAValue):
            type = self._common_type((on_true, on_false))
        else:
            both_int = isinstance(on_true, int) and isinstance(on_false, int)
            both_bool = isinstance(on_true, bool) and isinstance(on_false, bool)
            type = I1 if both_bool else I32 if both_int else F32
        return self._op(arith.SelectOp, condition, self.value(on_true, type), self.value(on_false, type))

    def _need_bool(self, what: str, *terms: Term) -> None:
        for term in terms:
            type = type_of(term)
            if type is None or not is_bool(type):
                raise InputError(
                    f"{what} is given {'a number' if type is None else type}",
                    rule=f"{what} takes truth values (i1)",
                    hint="compare with zero: x != 0",
                )

    def cast(self, value: SSAValue, to: ElementType) -> SSAValue:
        """`value` as `to`: floats round to nearest, floats become integers towards zero, not zero is true."""
        source = cast(ElementType, value.type)
        if source == to:
            return value
        if is_bool(to):
            return cast(SSAValue, self.compare("!=", value, 0))
        if isinstance(source, AnyFloat):
            return self._cast_float(value, source, to)
        if isinstance(to, AnyFloat):
            if is_bool(source):
                return self._op(arith.UIToFPOp, value, to)
            return self._op(arith.SIToFPOp, self.cast(value, I64) if isinstance(source, IndexType) else value, to)
        if isinstance(source, IndexType) or isinstance(to, IndexType):
            return self._op(arith.IndexCastUIOp if is_bool(source) else arith.IndexCastOp, value, to)
        if width(to) < width(source):
            return self._op(arith.TruncIOp, value, to)
        return self._op(arith.ExtUIOp if is_bool(source) else arith.ExtSIOp, value, to)

    def _cast_float(self, value: SSAValue, source: ElementType, to: ElementType) -> SSAValue:
        if isinstance(to, IndexType):
            return self.cast(self._op(arith.FPToSIOp, value, I64), INDEX)
        if not is_float(to):
            return self._op(arith.FPToSIOp, value, to)
        if width(to) == width(source):
            # No cast leads from one format to another of the same width, but f32 holds both.
            return self.cast(self.cast(value, F32), to)
        return self._op(arith.ExtFOp if width(to) > width(source) else arith.TruncFOp, value, to)


def _fold(function: Callable[..., Any], *numbers: Term) -> Term:
    try:
        result = function(*numbers)
    except (ArithmeticError, ValueError, TypeError) as error:
        raise InputError(f"the constants here have no result: {error}") from None
    if isinstance(result, complex):
        raise InputError("the constants here have no real result")
    return result
