"""Conversions between types, element by element; shape and encoding stay."""

from __future__ import annotations

import abc

from xdsl.dialects.arith import FastMathFlagsAttr, IntegerOverflowAttr
from xdsl.dialects.builtin import (
    AnyFloat,
    IndexType,
    IntegerAttr,
    IntegerType,
    container_of,
    i32,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_prop_def, prop_def, result_def, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.elementwise import (
    NO_OVERFLOW,
    CastOp,
    FastMathAssembly,
    OverflowAssembly,
    bits_of,
    floatingPointLike,
    integerLike,
    parse_fastmath,
    print_fastmath,
    signlessIntegerLike,
)

ROUNDING_MODES = ("to_nearest_even", "downward", "upward", "toward_zero", "to_nearest_away")
"""The values 0 .. 4 of `roundingmode`, which MLIR stores as an i32."""


class PureCastOp(CastOp, abc.ABC):
    """A conversion that does nothing else."""

    traits = traits_def(Pure())


class WideningOp(PureCastOp, abc.ABC):
    """A cast to more bits."""

    @classmethod
    def rule(cls, source: Attribute, target: Attribute) -> str | None:
        return None if bits_of(source) < bits_of(target) else "an extension goes to a type with more bits"


class NarrowingOp(PureCastOp, abc.ABC):
    """A cast to fewer bits."""

    @classmethod
    def rule(cls, source: Attribute, target: Attribute) -> str | None:
        return None if bits_of(source) > bits_of(target) else "a truncation goes to a type with fewer bits"


@irdl_op_definition
class ExtFOp(FastMathAssembly, WideningOp):
    """Exact conversion to a wider float type. `%r = arith.extf %a fastmath<nnan> : tensor<4xf16> to tensor<4xf32>`."""

    name = "arith.extf"
    input = operand_def(floatingPointLike)
    result = result_def(floatingPointLike)
    fastmath = opt_prop_def(FastMathFlagsAttr)


@irdl_op_definition
class TruncFOp(NarrowingOp):
    """Round to a narrower float type.

    `%r = arith.truncf %a to_nearest_even fastmath<contract> : tensor<4xf32> to tensor<4xf16>`. The rounding mode is
    one of to_nearest_even (also what is meant when none is given), downward, upward, toward_zero, to_nearest_away.
    """

    name = "arith.truncf"
    input = operand_def(floatingPointLike)
    result = result_def(floatingPointLike)
    roundingmode = opt_prop_def(IntegerAttr)
    fastmath = opt_prop_def(FastMathFlagsAttr)

    def __init__(
        self,
        input: Operation | SSAValue,
        target_type: Attribute,
        rounding_mode: str | None = None,
        fastmath: FastMathFlagsAttr | None = None,
    ):
        mode = None if rounding_mode is None else IntegerAttr(ROUNDING_MODES.index(rounding_mode), i32)
        super().__init__(input, target_type, {"roundingmode": mode, "fastmath": fastmath})

    @property
    def rounding_mode(self) -> str | None:
        """The rounding mode by name, or None when the operation names none."""
        return None if self.roundingmode is None else ROUNDING_MODES[self.roundingmode.value.data]

    def verify_(self) -> None:
        if self.roundingmode is not None and not 0 <= self.roundingmode.value.data < len(ROUNDING_MODES):
            raise VerifyException(
                f"'arith.truncf' has roundingmode {self.roundingmode.value.data}: "
                f"it is a number from 0 ({ROUNDING_MODES[0]}) to {len(ROUNDING_MODES) - 1} ({ROUNDING_MODES[-1]})"
            )
        super().verify_()

    @classmethod
    def parse_flags(cls, parser: Parser) -> dict[str, Attribute]:
        mode: dict[str, Attribute] = {}
        for number, name in enumerate(ROUNDING_MODES):
            if parser.parse_optional_keyword(name) is not None:
                mode["roundingmode"] = IntegerAttr(number, i32)
                break
        return mode | parse_fastmath(parser)

    def print_flags(self, printer: Printer) -> None:
        if self.rounding_mode is not None:
            printer.print_string(f" {self.rounding_mode}")
        print_fastmath(printer, self.fastmath)


@irdl_op_definition
class ExtSIOp(WideningOp):
    """Sign extension. `%r = arith.extsi %a : tensor<4xi8> to tensor<4xi32>`; an i1 that is true becomes -1."""

    name = "arith.extsi"
    input = operand_def(integerLike)
    result = result_def(integerLike)


@irdl_op_definition
class ExtUIOp(WideningOp):
    """Zero extension. `%r = arith.extui %a : tensor<4xi1> to tensor<4xi32>`; an i1 that is true becomes 1."""

    name = "arith.extui"
    input = operand_def(integerLike)
    result = result_def(integerLike)


@irdl_op_definition
class TruncIOp(OverflowAssembly, NarrowingOp):
    """Keep the low bits. `%r = arith.trunci %a overflow<nsw> : i32 to i8`.

    With `nsw` (`nuw`) a value that does not survive sign (zero) extension back is poison.
    """

    name = "arith.trunci"
    input = operand_def(integerLike)
    result = result_def(integerLike)
    overflow_flags = prop_def(IntegerOverflowAttr, default_value=NO_OVERFLOW, prop_name="overflowFlags")


@irdl_op_definition
class FPToSIOp(PureCastOp):
    """Float to signed integer, rounding towards zero; poison when out of range. `arith.fptosi %a : f32 to i32`."""

    name = "arith.fptosi"
    input = operand_def(floatingPointLike)
    result = result_def(integerLike)


@irdl_op_definition
class FPToUIOp(PureCastOp):
    """Float to unsigned integer, rounding towards zero; poison when out of range. `arith.fptoui %a : f32 to i32`."""

    name = "arith.fptoui"
    input = operand_def(floatingPointLike)
    result = result_def(integerLike)


@irdl_op_definition
class SIToFPOp(PureCastOp):
    """Signed integer to the nearest float, ties to even. `%r = arith.sitofp %a : tensor<4xi32> to tensor<4xf32>`."""

    name = "arith.sitofp"
    input = operand_def(integerLike)
    result = result_def(floatingPointLike)


@irdl_op_definition
class UIToFPOp(PureCastOp):
    """Unsigned integer to the nearest float, ties to even. `%r = arith.uitofp %a : i8 to f32`."""

    name = "arith.uitofp"
    input = operand_def(integerLike)
    result = result_def(floatingPointLike)


class IndexCastBaseOp(PureCastOp, abc.ABC):
    """A cast between `index` and an integer type."""

    input = operand_def(signlessIntegerLike)
    result = result_def(signlessIntegerLike)

    @classmethod
    def rule(cls, source: Attribute, target: Attribute) -> str | None:
        if isinstance(source, IndexType) == isinstance(target, IndexType):
            return "exactly one side is index, the other an integer type"
        return None


@irdl_op_definition
class IndexCastOp(IndexCastBaseOp):
    """Between index and a signed integer: sign-extended or truncated. `%r = arith.index_cast %a : i32 to index`."""

    name = "arith.index_cast"


@irdl_op_definition
class IndexCastUIOp(IndexCastBaseOp):
    """Between index and an unsigned integer: zero-extended or truncated. `arith.index_castui %a : i32 to index`."""

    name = "arith.index_castui"


@irdl_op_definition
class BitcastOp(PureCastOp):
    """The same bits read as another type of that width. `%r = arith.bitcast %a : tensor<4xf32> to tensor<4xi32>`."""

    name = "arith.bitcast"
    input = operand_def(container_of(IntegerType | IndexType | AnyFloat))
    result = result_def(container_of(IntegerType | IndexType | AnyFloat))

    @classmethod
    def rule(cls, source: Attribute, target: Attribute) -> str | None:
        if isinstance(source, IndexType) or isinstance(target, IndexType) or bits_of(source) == bits_of(target):
            return None
        return "a bitcast keeps the number of bits"
