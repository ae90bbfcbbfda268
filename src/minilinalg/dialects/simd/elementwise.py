"""Elementwise instructions of the vector unit: one row of a table each.

The name of an instruction is the name of the arith or math operation that it computes on every element, so
`arith.addf` on buffers is `simd.addf`. An input is a buffer of the output's shape, or a scalar, or a shorter buffer
whose shape is the tail of the output's: that one is read again and again (the "cycle" form). Inputs and output may be
the same buffer. A buffer of i1 holds one byte an element, 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from xdsl.dialects.builtin import (
    AnyFloat,
    FixedBitwidthType,
    IndexType,
    IntegerAttr,
    IntegerType,
    i1,
)
from xdsl.ir import Attribute
from xdsl.irdl import irdl_op_definition, opt_prop_def, prop_def
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simd.buffers import Buffer, element_type
from minilinalg.dialects.simd.instruction import Clause, Instruction, Spec

Relation: TypeAlias = Literal["any", "widens", "narrows", "same width"]

CMPI = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")
CMPF = (
    *("false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord"),
    *("ueq", "ugt", "uge", "ult", "ule", "une", "uno", "true"),
)
ROUNDING = ("to_nearest_even", "downward", "upward", "toward_zero", "to_nearest_away")


@dataclass(frozen=True)
class Row:
    """`signature` names the element type of each input and of the output by a letter: equal letters are equal types;
    f and g are floats, i and j integers or index, b is i1, t and u any. `relation` binds input to output of a cast."""

    mnemonic: str
    signature: str
    cost_class: str
    summary: str
    relation: Relation = "any"


def _rows(signature: str, cost_class: str, **summaries: str) -> tuple[Row, ...]:
    return tuple(Row(name, signature, cost_class, text) for name, text in summaries.items())


ARITH: tuple[Row, ...] = (
    *_rows("f f -> f", "add", addf="lhs + rhs", subf="lhs - rhs"),
    *_rows("f f -> f", "mul", mulf="lhs * rhs"),
    *_rows("f f -> f", "div", divf="lhs / rhs", remf="remainder of lhs / rhs, with the sign of lhs"),
    *_rows(
        "f f -> f",
        "add",
        maximumf="the larger; NaN if either is NaN",
        minimumf="the smaller; NaN if either is NaN",
        maxnumf="the larger; the other one if one is NaN",
        minnumf="the smaller; the other one if one is NaN",
    ),
    *_rows("f -> f", "add", negf="the value with its sign turned"),
    *_rows("i i -> i", "add", addi="lhs + rhs, wrapping", subi="lhs - rhs, wrapping"),
    *_rows("i i -> i", "mul", muli="lhs * rhs, wrapping"),
    *_rows(
        "i i -> i",
        "div",
        divsi="signed lhs / rhs, rounded toward zero",
        divui="unsigned lhs / rhs",
        ceildivsi="signed lhs / rhs, rounded up",
        ceildivui="unsigned lhs / rhs, rounded up",
        floordivsi="signed lhs / rhs, rounded down",
        remsi="signed remainder, with the sign of lhs",
        remui="unsigned remainder",
    ),
    *_rows(
        "i i -> i",
        "add",
        maxsi="the larger, signed",
        maxui="the larger, unsigned",
        minsi="the smaller, signed",
        minui="the smaller, unsigned",
    ),
    *_rows(
        "i i -> i",
        "logic",
        andi="bitwise and",
        ori="bitwise or",
        xori="bitwise exclusive or",
        shli="lhs shifted left by rhs bits",
        shrsi="lhs shifted right by rhs bits, sign kept",
        shrui="lhs shifted right by rhs bits, zeros in",
    ),
    Row("cmpi", "i i -> b", "compare", "whether the predicate holds between lhs and rhs"),
    Row("cmpf", "f f -> b", "compare", "whether the predicate holds between lhs and rhs"),
    Row("select", "b t t -> t", "select", "the second input where the first is 1, else the third"),
    Row("extf", "f -> g", "convert", "the same value in a wider float type", "widens"),
    Row(
        "truncf", "f -> g", "convert", "the value rounded to a narrower float type, nearest even or as told", "narrows"
    ),
    Row("extsi", "i -> j", "convert", "the signed value in a wider integer type", "widens"),
    Row("extui", "i -> j", "convert", "the unsigned value in a wider integer type", "widens"),
    Row("trunci", "i -> j", "convert", "the low bits", "narrows"),
    Row("index_cast", "i -> j", "convert", "between index and a signed integer"),
    Row("index_castui", "i -> j", "convert", "between index and an unsigned integer"),
    Row("sitofp", "i -> f", "convert", "the signed value as a float, to nearest even"),
    Row("uitofp", "i -> f", "convert", "the unsigned value as a float, to nearest even"),
    Row("fptosi", "f -> i", "convert", "the value as a signed integer, toward zero"),
    Row("fptoui", "f -> i", "convert", "the value as an unsigned integer, toward zero"),
    Row("bitcast", "t -> u", "move", "the same bits as another type", "same width"),
)

MATH: tuple[Row, ...] = (
    Row("fma", "f f f -> f", "fma", "a * b + c, rounded once"),
    *_rows("f -> f", "add", absf="the value without its sign"),
    *_rows("i -> i", "add", absi="the signed value without its sign, wrapping"),
    *_rows(
        "f -> f",
        "convert",
        ceil="rounded up to a whole number",
        floor="rounded down to a whole number",
        trunc="rounded to a whole number toward zero",
        round="rounded to the nearest whole number, halves away from zero",
        roundeven="rounded to the nearest whole number, halves to the even one",
    ),
    *_rows(
        "f -> f",
        "root",
        sqrt="square root",
        rsqrt="1 / square root",
        cbrt="cube root",
    ),
    *_rows(
        "f -> f",
        "nonlinear",
        exp="e to the value",
        exp2="2 to the value",
        expm1="e to the value, minus 1",
        log="natural logarithm",
        log2="binary logarithm",
        log10="decimal logarithm",
        log1p="natural logarithm of 1 + the value",
        sin="sine",
        cos="cosine",
        tan="tangent",
        asin="arc sine",
        acos="arc cosine",
        atan="arc tangent",
        sinh="hyperbolic sine",
        cosh="hyperbolic cosine",
        tanh="hyperbolic tangent",
        asinh="inverse hyperbolic sine",
        acosh="inverse hyperbolic cosine",
        atanh="inverse hyperbolic tangent",
        erf="error function",
        erfc="1 - error function",
    ),
    *_rows("f f -> f", "nonlinear", powf="lhs to the rhs", atan2="angle of the point (rhs, lhs)"),
    Row("fpowi", "f i -> f", "nonlinear", "lhs to the signed integer rhs"),
    Row("ipowi", "i i -> i", "nonlinear", "signed lhs to the signed rhs, wrapping"),
    Row("copysign", "f f -> f", "logic", "lhs with the sign of rhs"),
    Row("clampf", "f f f -> f", "add", "the first input kept between the second and the third"),
    *_rows("i -> i", "logic", ctlz="leading zero bits", cttz="trailing zero bits", ctpop="one bits"),
    *_rows(
        "f -> b",
        "compare",
        isnan="whether it is NaN",
        isinf="whether it is infinite",
        isfinite="whether it is neither infinite nor NaN",
        isnormal="whether it is neither zero, subnormal, infinite nor NaN",
    ),
)

_KINDS = {"f": "float", "g": "float", "i": "integer or index", "j": "integer or index", "b": "i1", "t": "", "u": ""}


def _is_of_kind(letter: str, type: Attribute) -> bool:
    match letter:
        case "f" | "g":
            return isinstance(type, AnyFloat)
        case "i" | "j":
            return isinstance(type, IntegerType | IndexType)
        case "b":
            return type == i1
        case _:
            return True


def _bits(type: Attribute) -> int:
    return type.bitwidth if isinstance(type, FixedBitwidthType) else 64


class Elementwise(Instruction):
    """An instruction that computes one output element from one element of each input."""

    ROW: ClassVar[Row]

    def verify_instruction(self) -> None:
        letters = self.ROW.signature.replace("->", "").split()
        self.expect_operands(len(letters) - 1)
        if not self.input_buffers:
            raise VerifyException(f"no input is a buffer; {self.name} has at least one, or it is scalar work")
        self.expect_vector_buffers((*self.input_types, *self.output_types))
        self._verify_shapes()
        self._verify_elements(letters)

    def _verify_shapes(self) -> None:
        result = self.output_types[0].get_shape()
        for type in self.input_types:
            shape = tail(type)
            if result[len(result) - len(shape) :] != shape or len(type.shape) > len(result):
                raise VerifyException(
                    f"an input of shape {list(type.get_shape())} for an output of shape {list(result)}; "
                    f"an input of {self.name} has the output's shape or is its tail, read again and again"
                )

    def _verify_elements(self, letters: list[str]) -> None:
        types = [element_type(value.type) for value in (*self.inputs, *self.outputs)]
        bound: dict[str, Attribute] = {}
        for position, (letter, type) in enumerate(zip(letters, types, strict=True)):
            which = f"input {position}" if position < len(self.inputs) else "the output"
            if not _is_of_kind(letter, type):
                raise VerifyException(f"{which} is of {type}; {self.name} has {_KINDS[letter]} there")
            if bound.setdefault(letter, type) != type:
                raise VerifyException(
                    f"{which} is of {type}, an operand before it of {bound[letter]}; {self.name} has one type for both"
                )
        source, result = types[0], types[-1]
        fits = {
            "any": True,
            "widens": _bits(source) < _bits(result),
            "narrows": _bits(source) > _bits(result),
            "same width": _bits(source) == _bits(result),
        }
        if not fits[self.ROW.relation]:
            wants = {"widens": "a wider type", "narrows": "a narrower type", "same width": "a type of the same width"}
            raise VerifyException(f"from {source} to {result}; {self.name} makes {wants[self.ROW.relation]}")


def tail(type: Buffer) -> tuple[int, ...]:
    """The shape without leading ones: what an input of the cycle form has in common with the output."""
    shape = type.get_shape()
    ones = next((dim for dim, extent in enumerate(shape) if extent != 1), len(shape))
    return shape[ones:]


class Comparison(Elementwise):
    """An elementwise instruction with a predicate, numbered as in arith."""

    predicate = prop_def(IntegerAttr)


class Rounding(Elementwise):
    """An elementwise conversion with an optional rounding mode; without one it rounds to nearest even."""

    rounding = opt_prop_def(IntegerAttr)


_FAMILIES: dict[str, tuple[type[Elementwise], tuple[Clause, ...]]] = {
    "cmpi": (Comparison, (Clause("predicate", "enum", CMPI),)),
    "cmpf": (Comparison, (Clause("predicate", "enum", CMPF),)),
    "truncf": (Rounding, (Clause("rounding", "enum", ROUNDING),)),
}


def define(row: Row, dialect: str) -> type[Elementwise]:
    """The operation class of one row, named like arith's and math's: `addf` is `AddfOp`, `index_cast` `IndexCastOp`."""
    base, clauses = _FAMILIES.get(row.mnemonic, (Elementwise, ()))
    class_name = "".join(part.capitalize() for part in row.mnemonic.split("_")) + "Op"
    fields: dict[str, object] = {
        "__module__": __name__,
        "__doc__": f"{row.summary[0].upper()}{row.summary[1:]}, for every element: `{row.signature}`.",
        "__annotations__": {
            "SPEC": "ClassVar[Spec]",
            "ROW": "ClassVar[Row]",
            "CLAUSES": "ClassVar[tuple[Clause, ...]]",
        },
        "name": f"simd.{row.mnemonic}",
        "SPEC": Spec(row.mnemonic, f"{dialect}.{row.mnemonic}", "vector", row.cost_class, row.summary),
        "ROW": row,
        "CLAUSES": clauses,
    }
    return irdl_op_definition(type(class_name, (base,), fields))


ELEMENTWISE: tuple[type[Elementwise], ...] = (
    *(define(row, "arith") for row in ARITH),
    *(define(row, "math") for row in MATH),
)
"""The class of every row, in the order of the tables."""
