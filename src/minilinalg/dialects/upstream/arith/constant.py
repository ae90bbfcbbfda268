"""`arith.constant`."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    DenseResourceAttr,
    FloatAttr,
    IndexType,
    IntAttr,
    IntegerAttr,
    IntegerType,
)
from xdsl.interfaces import HasFolderInterface
from xdsl.ir import Attribute, SSAValue, TypedAttribute
from xdsl.irdl import IRDLOperation, irdl_op_definition, prop_def, result_def, traits_def
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import ConstantLike, Pure
from xdsl.utils.exceptions import VerifyException


@irdl_op_definition
class ConstantOp(IRDLOperation, HasFolderInterface):
    """A constant: `%c = arith.constant 42 : i32`, `%t = arith.constant dense<0.0> : tensor<4x8xf32>`, `true`, `false`.

    Integers are signless or index; a hexadecimal literal of a float type is its bit pattern.
    """

    name = "arith.constant"
    value = prop_def(Attribute)
    result = result_def()
    traits = traits_def(Pure(), ConstantLike())

    def __init__(
        self,
        value: IntegerAttr | FloatAttr | DenseIntOrFPElementsAttr | DenseResourceAttr,
        value_type: Attribute | None = None,
    ):
        super().__init__(
            result_types=[value.get_type() if value_type is None else value_type], properties={"value": value}
        )

    @staticmethod
    def from_int_and_width(
        value: int | IntAttr, value_type: int | IntegerType | IndexType, *, truncate_bits: bool = False
    ) -> ConstantOp:
        """The integer `value` as an index or of a type with so many bits."""
        type_ = IntegerType(value_type) if isinstance(value_type, int) else value_type
        return ConstantOp(IntegerAttr(value, type_, truncate_bits=truncate_bits))

    def fold(self) -> Sequence[SSAValue | Attribute]:
        return (self.value,)

    def verify_(self) -> None:
        if not isinstance(self.value, TypedAttribute) or self.value.get_type() != self.result.type:
            raise VerifyException(
                f"'arith.constant' has the value {self.value} and a result of type {self.result.type}: "
                "the value has the type of the result"
            )

    @classmethod
    def parse(cls, parser: Parser) -> ConstantOp:
        attributes = parser.parse_optional_attr_dict()
        position = parser.pos
        value = parser.parse_attribute()
        if not isinstance(value, TypedAttribute):
            parser.raise_error(f"a constant is a number or dense<...>, not {value}", position, parser.pos)
        return cls.create(
            result_types=[value.get_type()],
            properties={"value": value},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_op_attributes(self.attributes)
        printer.print_string(" ")
        printer.print_attribute(self.value)
