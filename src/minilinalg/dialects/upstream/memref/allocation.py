"""Memory that a program gets and gives back: alloc, alloca, dealloc, and globals."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Self

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    AffineMapAttr,
    DenseIntOrFPElementsAttr,
    IndexType,
    IntegerAttr,
    MemRefType,
    NoneAttr,
    StringAttr,
    SymbolRefAttr,
    TensorType,
    UnitAttr,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    ParsePropInAttrDict,
    irdl_op_definition,
    lazy_traits_def,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    result_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import (
    HasParent,
    IsTerminator,
    Pure,
    RecursiveMemoryEffect,
    SingleBlockImplicitTerminator,
    SymbolOpInterface,
    SymbolTable,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import (
    INDEX,
    counted,
    parse_optional_result_types,
    parse_value_list,
    print_optional_result_types,
    print_values,
    split_properties,
    with_terminator,
)
from minilinalg.dialects.upstream.constraints import AnyMemRef, RankedMemRef
from minilinalg.dialects.upstream.effects import EffectsOn
from minilinalg.dialects.upstream.literals import print_dense_elements

NONE = NoneAttr()


class AllocationOp(IRDLOperation, abc.ABC):
    """`memref.NAME(%sizes)[%symbols] {alignment = 64 : i64} : memref<...>`."""

    dynamic_sizes = var_operand_def(IndexType)
    symbol_operands = var_operand_def(IndexType)
    alignment = opt_prop_def(IntegerAttr)
    memref = result_def(RankedMemRef)
    irdl_options = (AttrSizedOperandSegments(as_property=True), ParsePropInAttrDict())
    traits = traits_def(EffectsOn(allocates=("memref",)))

    def __init__(
        self,
        dynamic_sizes: Sequence[SSAValue | Operation],
        symbol_operands: Sequence[SSAValue | Operation],
        result_type: Attribute,
        alignment: Attribute | None = None,
    ):
        super().__init__(
            operands=[dynamic_sizes, symbol_operands],
            result_types=[result_type],
            properties={"alignment": alignment},
        )

    @classmethod
    def get(
        cls,
        element_type: Attribute,
        alignment: int | None = None,
        shape: Sequence[int] | None = None,
        dynamic_sizes: Sequence[SSAValue | Operation] = (),
        layout: Attribute = NONE,
        memory_space: Attribute = NONE,
    ) -> Self:
        """An allocation of a shape (`[1]` when none is given), element type and memory space."""
        type_ = MemRefType(element_type, shape or [1], layout, memory_space)  # pyright: ignore[reportArgumentType]
        return cls(dynamic_sizes, [], type_, None if alignment is None else IntegerAttr(alignment, i64))

    def verify_(self) -> None:
        type_ = self.memref.type
        dynamic = type_.get_shape().count(DYNAMIC_INDEX)
        if dynamic != len(self.dynamic_sizes):
            raise VerifyException(
                f"'{self.name}' has {counted(len(self.dynamic_sizes), 'size')} for {type_}: "
                f"it takes one for each dynamic dimension, here {dynamic}"
            )
        layout = type_.layout
        symbols = layout.data.num_symbols if isinstance(layout, AffineMapAttr) else 0
        if symbols != len(self.symbol_operands):
            raise VerifyException(
                f"'{self.name}' has {counted(len(self.symbol_operands), 'value')} in brackets for {type_}: "
                f"it takes one for each symbol of the layout, here {symbols}"
            )
        if self.alignment is not None and (value := self.alignment.value.data) & (value - 1 if value > 0 else -1):
            raise VerifyException(f"'{self.name}' has alignment {value}: an alignment is a power of two, in bytes")

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        position = parser.pos
        sizes = parse_value_list(parser)
        symbols = (
            parser.parse_optional_comma_separated_list(Parser.Delimiter.SQUARE, parser.parse_unresolved_operand) or []
        )
        properties, attributes = split_properties(cls, parser.parse_optional_attr_dict())
        parser.parse_punctuation(":", " and the type of the memref")
        return cls.build(
            operands=[
                parser.resolve_operands(sizes, [INDEX] * len(sizes), position),
                parser.resolve_operands(symbols, [INDEX] * len(symbols), position),
            ],
            result_types=[parser.parse_type()],
            properties=properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        print_values(printer, self.dynamic_sizes, "(", ")")
        if self.symbol_operands:
            print_values(printer, self.symbol_operands, "[", "]")
        printer.print_op_attributes(
            {**self.attributes, **self.properties}, reserved_attr_names=("operandSegmentSizes",)
        )
        printer.print_string(" : ")
        printer.print_attribute(self.memref.type)


@irdl_op_definition
class AllocOp(AllocationOp):
    """A new buffer with undefined contents, until `memref.dealloc`: `%b = memref.alloc(%n) : memref<?x16xf32>`.

    One index for each dynamic dimension; `{alignment = 64 : i64}` in bytes.
    """

    name = "memref.alloc"


@irdl_op_definition
class AllocaOp(AllocationOp):
    """A new buffer, until the function or `alloca_scope` ends: `%b = memref.alloca() : memref<4xf32>`."""

    name = "memref.alloca"


@irdl_op_definition
class DeallocOp(IRDLOperation):
    """Give a buffer back: `memref.dealloc %b : memref<8x16xf32>`."""

    name = "memref.dealloc"
    memref = operand_def(AnyMemRef)
    traits = traits_def(EffectsOn(frees=("memref",)))
    assembly_format = "$memref attr-dict `:` type($memref)"

    def __init__(self, memref: SSAValue | Operation):
        super().__init__(operands=[memref])

    @classmethod
    def get(cls, operand: SSAValue | Operation) -> Self:
        return cls(operand)


@irdl_op_definition
class AllocaScopeReturnOp(IRDLOperation):
    """Ends an `alloca_scope` with its results: `memref.alloca_scope.return %x : f32`."""

    name = "memref.alloca_scope.return"
    ops = var_operand_def()
    traits = lazy_traits_def(lambda: (IsTerminator(), HasParent(AllocaScopeOp), Pure()))
    assembly_format = "attr-dict ($ops^ `:` type($ops))?"

    def __init__(self, *values: SSAValue | Operation):
        super().__init__(operands=[values])


@irdl_op_definition
class AllocaScopeOp(IRDLOperation):
    """A region at whose end the buffers of `alloca` in it are gone.

    `%x = memref.alloca_scope -> (f32) { ... memref.alloca_scope.return %y : f32 }`
    """

    name = "memref.alloca_scope"
    res = var_result_def()
    scope = region_def()
    traits = traits_def(RecursiveMemoryEffect(), SingleBlockImplicitTerminator(AllocaScopeReturnOp))

    def verify_(self) -> None:
        for block in self.scope.blocks:
            if isinstance(last := block.last_op, AllocaScopeReturnOp) and last.operand_types != self.result_types:
                raise VerifyException(
                    f"the body of 'memref.alloca_scope' returns ({', '.join(map(str, last.operand_types))}): "
                    f"it returns the types of the results, here ({', '.join(map(str, self.result_types))})"
                )

    @classmethod
    def parse(cls, parser: Parser) -> AllocaScopeOp:
        types = parse_optional_result_types(parser)
        region = with_terminator(parser.parse_region(), AllocaScopeReturnOp)
        return cls.create(result_types=types, regions=[region], attributes=parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        print_optional_result_types(printer, self.result_types, always_parens=True)
        printer.print_string(" ")
        printer.print_region(self.scope, print_block_terminators=bool(self.res))
        printer.print_op_attributes(self.attributes)


# Globals


@irdl_op_definition
class GlobalOp(IRDLOperation):
    """A named buffer of the whole module.

        memref.global "private" constant @table : memref<2xf32> = dense<[1.0, 2.0]> {alignment = 64 : i64}
        memref.global @scratch : memref<4xf32> = uninitialized
        memref.global @elsewhere : memref<4xi32>

    With elements, `uninitialized`, or declared only. `constant` promises that nobody writes it.
    """

    name = "memref.global"
    sym_name = prop_def(StringAttr)
    sym_visibility = opt_prop_def(StringAttr)
    type = prop_def(RankedMemRef)
    initial_value = opt_prop_def(Attribute)
    constant = opt_prop_def(UnitAttr)
    alignment = opt_prop_def(IntegerAttr)
    traits = traits_def(SymbolOpInterface())

    def __init__(
        self,
        sym_name: StringAttr | str,
        type_: Attribute,
        initial_value: Attribute | None = None,
        *,
        sym_visibility: StringAttr | str | None = None,
        constant: bool = False,
        alignment: int | None = None,
    ):
        super().__init__(
            properties={
                "sym_name": StringAttr(sym_name) if isinstance(sym_name, str) else sym_name,
                "type": type_,
                "initial_value": initial_value,
                "sym_visibility": StringAttr(sym_visibility) if isinstance(sym_visibility, str) else sym_visibility,
                "constant": UnitAttr() if constant else None,
                "alignment": None if alignment is None else IntegerAttr(alignment, i64),
            }
        )

    def verify_(self) -> None:
        type_, value = self.type, self.initial_value
        if DYNAMIC_INDEX in type_.get_shape():
            raise VerifyException(
                f"'memref.global' @{self.sym_name.data} has type {type_}: a global has a static shape"
            )
        if value is None or isinstance(value, UnitAttr):
            return
        expected = TensorType(type_.element_type, type_.get_shape())
        if not isinstance(value, DenseIntOrFPElementsAttr) or value.type != expected:  # pyright: ignore
            raise VerifyException(
                f"'memref.global' @{self.sym_name.data} of type {type_} has the initial value {value}: "
                f"it is uninitialized or dense elements of type {expected}"
            )

    @classmethod
    def parse(cls, parser: Parser) -> GlobalOp:
        visibility = parser.parse_optional_str_literal()
        constant = parser.parse_optional_keyword("constant") is not None
        name = parser.parse_symbol_name()
        parser.parse_punctuation(":", " and the type of the global")
        position = parser.pos
        type_ = parser.parse_type()
        if not isinstance(type_, MemRefType):
            parser.raise_error(f"a global is a memref, not {type_}", position, parser.pos)
        initial: Attribute | None = None
        if parser.parse_optional_punctuation("=") is not None:
            if parser.parse_optional_keyword("uninitialized") is not None:
                initial = UnitAttr()
            else:
                parser.parse_keyword("dense", " or 'uninitialized'")
                elements = TensorType(type_.element_type, type_.get_shape())  # pyright: ignore
                initial = parser.parse_dense_int_or_fp_elements_attr(elements)  # pyright: ignore
        attributes = parser.parse_optional_attr_dict()
        properties: dict[str, Attribute | None] = {
            "sym_name": name,
            "sym_visibility": None if visibility is None else StringAttr(visibility),
            "type": type_,
            "initial_value": initial,
            "constant": UnitAttr() if constant else None,
            "alignment": attributes.pop("alignment", None),
        }
        return cls.build(properties=properties, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        if self.sym_visibility is not None:
            printer.print_attribute(self.sym_visibility)
            printer.print_string(" ")
        if self.constant is not None:
            printer.print_string("constant ")
        printer.print_symbol_name(self.sym_name.data)
        printer.print_string(" : ")
        printer.print_attribute(self.type)
        if isinstance(self.initial_value, UnitAttr):
            printer.print_string(" = uninitialized")
        elif self.initial_value is not None:
            assert isinstance(self.initial_value, DenseIntOrFPElementsAttr)
            printer.print_string(" = ")
            print_dense_elements(printer, self.initial_value)  # pyright: ignore
        alignment: dict[str, Attribute] = {} if self.alignment is None else {"alignment": self.alignment}
        printer.print_op_attributes({**self.attributes, **alignment})


@irdl_op_definition
class GetGlobalOp(IRDLOperation):
    """The buffer of a global: `%b = memref.get_global @table : memref<2xf32>`."""

    name = "memref.get_global"
    name_ = prop_def(SymbolRefAttr, prop_name="name")
    memref = result_def(RankedMemRef)
    traits = traits_def(Pure())

    def __init__(self, name: str | SymbolRefAttr, return_type: Attribute):
        super().__init__(
            properties={"name": SymbolRefAttr(name) if isinstance(name, str) else name}, result_types=[return_type]
        )

    def verify_(self) -> None:
        target = SymbolTable.lookup_symbol(self, self.name_)
        if not isinstance(target, GlobalOp):
            raise VerifyException(f"'memref.get_global' names {self.name_}: there is no 'memref.global' of this name")
        if target.type != self.memref.type:
            raise VerifyException(
                f"'memref.get_global' gives {self.memref.type}, but {self.name_} is of type {target.type}"
            )

    @classmethod
    def parse(cls, parser: Parser) -> GetGlobalOp:
        name = parser.parse_symbol_name()
        parser.parse_punctuation(":", " and the type of the global")
        op = cls(SymbolRefAttr(name), parser.parse_type())
        op.attributes |= parser.parse_optional_attr_dict()
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_attribute(self.name_)
        printer.print_string(" : ")
        printer.print_attribute(self.memref.type)
        printer.print_op_attributes(self.attributes)
