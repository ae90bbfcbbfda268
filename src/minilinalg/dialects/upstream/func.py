"""The `func` dialect: functions and calls.

xDSL 0.74 drops the attributes of a declaration's arguments and has no `constant` and no `call_indirect`. Its names of
classes, constructors' parameters and accessors are kept.

Source: https://mlir.llvm.org/docs/Dialects/Func/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FlatSymbolRefAttrConstr,
    FunctionType,
    StringAttr,
    SymbolRefAttr,
)
from xdsl.ir import Attribute, Block, BlockArgument, Dialect, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
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
from xdsl.pattern_rewriter import PatternRewriter
from xdsl.printer import Printer
from xdsl.rewriter import Rewriter
from xdsl.traits import (
    CallableOpInterface,
    ConstantLike,
    HasParent,
    IsolatedFromAbove,
    IsTerminator,
    Pure,
    ReturnLike,
    SymbolOpInterface,
    SymbolTable,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import counted, parse_value_list, print_values

VISIBILITIES = ("public", "private", "nested")


class Signature(NamedTuple):
    """`(%a: i32 {attributes}, ...) -> (f32 {attributes}, ...)`, or types without names in a declaration."""

    arguments: list[Parser.Argument]
    inputs: list[Attribute]
    outputs: list[Attribute]
    arg_attrs: list[Mapping[str, Attribute]]
    res_attrs: list[Mapping[str, Attribute]]


def parse_signature(parser: Parser) -> Signature:
    """The arguments and results of a function."""
    signature = Signature([], [], [], [], [])

    def argument() -> None:
        position = parser.pos
        named = parser.parse_optional_argument()
        if named is not None:
            signature.arguments.append(named)
            type_ = named.type
        else:
            type_ = parser.parse_type()
        if len(signature.arguments) not in (0, len(signature.inputs) + 1):
            parser.raise_error("either all arguments of a function have names or none has", position)
        signature.inputs.append(type_)
        signature.arg_attrs.append(parser.parse_optional_dictionary_attr_dict())
        location = parser.parse_optional_location()
        if named is not None:
            named.location = location

    def result() -> None:
        signature.outputs.append(parser.parse_type())
        signature.res_attrs.append(parser.parse_optional_dictionary_attr_dict())

    parser.parse_comma_separated_list(Parser.Delimiter.PAREN, argument)
    if parser.parse_optional_punctuation("->") is None:
        return signature
    if parser.parse_optional_comma_separated_list(Parser.Delimiter.PAREN, result) is None:
        signature.outputs.append(parser.parse_type())
    return signature


def attributes_of(dictionaries: Iterable[Mapping[str, Attribute]]) -> ArrayAttr[DictionaryAttr] | None:
    """The dictionaries as one attribute, or None when all are empty."""
    found = [DictionaryAttr(dictionary) for dictionary in dictionaries]
    return ArrayAttr(found) if any(dictionary.data for dictionary in found) else None


class CallableFunction(CallableOpInterface):
    """What xDSL's passes over calls ask of a function."""

    @classmethod
    def get_callable_region(cls, op: Operation) -> Region:
        assert isinstance(op, FuncOp)
        return op.body

    @classmethod
    def get_argument_types(cls, op: Operation) -> tuple[Attribute, ...]:
        assert isinstance(op, FuncOp)
        return op.function_type.inputs.data

    @classmethod
    def get_result_types(cls, op: Operation) -> tuple[Attribute, ...]:
        assert isinstance(op, FuncOp)
        return op.function_type.outputs.data


@irdl_op_definition
class FuncOp(IRDLOperation):
    """A function, or the declaration of one.

        func.func public @f(%a: i32 {tt.divisibility = 16 : i32}, %m: memref<8xf32>) -> f32 attributes {key = 1 : i32} {
          return %x : f32
        }
        func.func private @elsewhere(i32) -> f32

    A declaration has no body; it is private, and its arguments have no names.
    """

    name = "func.func"
    body = region_def()
    sym_name = prop_def(StringAttr)
    function_type = prop_def(FunctionType)
    sym_visibility = opt_prop_def(StringAttr)
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    no_inline = opt_prop_def(Attribute)
    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface(), CallableFunction())

    def __init__(
        self,
        name: str,
        function_type: FunctionType | tuple[Sequence[Attribute], Sequence[Attribute]],
        region: Region | type[Region.DEFAULT] = Region.DEFAULT,
        visibility: StringAttr | str | None = None,
        *,
        arg_attrs: ArrayAttr[DictionaryAttr] | None = None,
        res_attrs: ArrayAttr[DictionaryAttr] | None = None,
    ):
        type_ = FunctionType.from_lists(*function_type) if isinstance(function_type, tuple) else function_type
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "function_type": type_,
                "sym_visibility": StringAttr(visibility) if isinstance(visibility, str) else visibility,
                "arg_attrs": arg_attrs,
                "res_attrs": res_attrs,
            },
            regions=[region if isinstance(region, Region) else Region(Block(arg_types=type_.inputs))],
        )

    @staticmethod
    def external(name: str, input_types: Sequence[Attribute], return_types: Sequence[Attribute]) -> FuncOp:
        """The declaration of a private function."""
        return FuncOp(name, (input_types, return_types), Region(), "private")

    @staticmethod
    def from_region(
        name: str,
        input_types: Sequence[Attribute],
        return_types: Sequence[Attribute],
        region: Region | type[Region.DEFAULT] = Region.DEFAULT,
        visibility: StringAttr | str | None = None,
    ) -> FuncOp:
        return FuncOp(name, (input_types, return_types), region, visibility)

    @property
    def is_declaration(self) -> bool:
        return not self.body.blocks

    @property
    def args(self) -> tuple[BlockArgument, ...]:
        """The arguments of the function's entry block."""
        block = self.body.first_block
        assert block is not None, "a declaration has no block arguments"
        return block.args

    def get_return_op(self) -> ReturnOp | None:
        """The `return` of the last block, if there is one."""
        last = None if self.body.last_block is None else self.body.last_block.last_op
        return last if isinstance(last, ReturnOp) else None

    def update_function_type(self) -> None:
        """Make the type follow the arguments of the entry block and the operands of `return`."""
        last = self.get_return_op()
        outputs = self.function_type.outputs.data if last is None else last.operand_types
        self.function_type = FunctionType.from_lists([argument.type for argument in self.args], list(outputs))

    def replace_argument_type(
        self, arg: int | BlockArgument, new_type: Attribute, rewriter: Rewriter | PatternRewriter
    ) -> None:
        """Change the type of an argument, in the function's type too."""
        rewriter.replace_value_with_new_type(self.args[arg] if isinstance(arg, int) else arg, new_type)
        self.update_function_type()

    def verify_(self) -> None:
        if self.sym_visibility is not None and self.sym_visibility.data not in VISIBILITIES:
            raise VerifyException(
                f"'func.func' @{self.sym_name.data} has visibility '{self.sym_visibility.data}': "
                f"it is one of {', '.join(VISIBILITIES)}"
            )
        for what, given, types in (
            ("arg_attrs", self.arg_attrs, self.function_type.inputs),
            ("res_attrs", self.res_attrs, self.function_type.outputs),
        ):
            if given is not None and len(given) != len(types):
                raise VerifyException(
                    f"'func.func' @{self.sym_name.data} has {len(given)} {what} for {counted(len(types), 'type')}: "
                    "there is a dictionary for each type"
                )
        parent = self.parent_op()
        if parent is not None and not parent.has_trait(SymbolTable):
            raise VerifyException(
                f"'func.func' @{self.sym_name.data} stands in '{parent.name}': a function stands directly in a module"
            )
        block = self.body.first_block
        if block is None and (self.sym_visibility is None or self.sym_visibility.data == "public"):
            raise VerifyException(
                f"'func.func' @{self.sym_name.data} is public and has no body: a declaration is private"
            )
        if block is not None and tuple(block.arg_types) != self.function_type.inputs.data:
            raise VerifyException(
                f"'func.func' @{self.sym_name.data} of type {self.function_type} has an entry block with arguments of "
                f"types ({', '.join(map(str, block.arg_types))}): they are the inputs of the function"
            )

    @classmethod
    def parse(cls, parser: Parser) -> FuncOp:
        visibility = parser.parse_optional_keyword_in(VISIBILITIES)
        name = parser.parse_symbol_name().data
        signature = parse_signature(parser)
        attributes = parser.parse_optional_attr_dict_with_keyword(
            ("sym_name", "function_type", "sym_visibility", "arg_attrs", "res_attrs")
        )
        named = signature.arguments or not signature.inputs
        region = parser.parse_optional_region(signature.arguments) if named else None
        op = cls(
            name,
            (signature.inputs, signature.outputs),
            Region() if region is None else region,
            visibility,
            arg_attrs=attributes_of(signature.arg_attrs),
            res_attrs=attributes_of(signature.res_attrs),
        )
        if attributes is not None:
            op.attributes |= attributes.data
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string("" if self.sym_visibility is None else f" {self.sym_visibility.data}")
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        print_signature(printer, self.body, self.function_type, self.arg_attrs, self.res_attrs)
        attributes = self.attributes if self.no_inline is None else {**self.attributes, "no_inline": self.no_inline}
        printer.print_op_attributes(attributes, print_keyword=True)
        if not self.is_declaration:
            printer.print_string(" ")
            printer.print_region(self.body, print_entry_block_args=False, print_empty_block=False)


def print_signature(
    printer: Printer,
    body: Region,
    type_: FunctionType,
    arg_attrs: ArrayAttr[DictionaryAttr] | None,
    res_attrs: ArrayAttr[DictionaryAttr] | None,
) -> None:
    """The inverse of `parse_signature`; without a body, the arguments are types only."""
    arguments = () if body.first_block is None else body.first_block.args

    def argument(number: int) -> None:
        if arguments:
            printer.print_block_argument(arguments[number], print_type=False)
            printer.print_string(": ")
        printer.print_attribute(type_.inputs.data[number])
        if arg_attrs is not None:
            printer.print_op_attributes(arg_attrs.data[number].data)
        if arguments and printer.print_debuginfo:
            printer.print_string(" ")
            printer.print_attribute(arguments[number].location)

    def result(number: int) -> None:
        printer.print_attribute(type_.outputs.data[number])
        if res_attrs is not None:
            printer.print_op_attributes(res_attrs.data[number].data)

    with printer.in_parens():
        printer.print_list(range(len(type_.inputs)), argument)
    count = len(type_.outputs)
    if not count:
        return
    printer.print_string(" -> ")
    if count == 1 and res_attrs is None and not isinstance(type_.outputs.data[0], FunctionType):
        result(0)
        return
    with printer.in_parens():
        printer.print_list(range(count), result)


@irdl_op_definition
class ReturnOp(IRDLOperation):
    """Leave the function with its results: `func.return %x, %y : f32, i32`, or `return` for short."""

    name = "func.return"
    arguments = var_operand_def()
    traits = traits_def(HasParent(FuncOp), IsTerminator(), ReturnLike(), Pure())

    def __init__(self, *return_vals: SSAValue | Operation):
        super().__init__(operands=[return_vals])

    def verify_(self) -> None:
        parent = self.parent_op()
        assert isinstance(parent, FuncOp)
        expected = parent.function_type.outputs.data
        if tuple(self.operand_types) != expected:
            raise VerifyException(
                f"'func.return' gives ({', '.join(map(str, self.operand_types))}): it gives the results of "
                f"@{parent.sym_name.data}, here ({', '.join(map(str, expected))})"
            )

    @classmethod
    def parse(cls, parser: Parser) -> ReturnOp:
        attributes = parser.parse_optional_attr_dict()
        values = (
            parser.parse_optional_undelimited_comma_separated_list(
                parser.parse_optional_unresolved_operand, parser.parse_unresolved_operand
            )
            or []
        )
        types: Sequence[Attribute] = []
        position = parser.pos
        if values:
            parser.parse_punctuation(":", " and the types of the results")
            position = parser.pos
            types = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_type)
        return cls.create(operands=parser.resolve_operands(values, types, position), attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_op_attributes(self.attributes)
        if self.arguments:
            print_values(printer, self.arguments, " ")
            printer.print_string(" : ")
            printer.print_list(self.operand_types, printer.print_attribute)


@irdl_op_definition
class CallOp(IRDLOperation):
    """Call a function: `%r = func.call @f(%a, %b) : (i32, f32) -> f32`."""

    name = "func.call"
    arguments = var_operand_def()
    callee = prop_def(FlatSymbolRefAttrConstr)
    res = var_result_def()

    def __init__(
        self, callee: str | SymbolRefAttr, arguments: Sequence[SSAValue | Operation], return_types: Sequence[Attribute]
    ):
        super().__init__(
            operands=[arguments],
            result_types=[return_types],
            properties={"callee": SymbolRefAttr(callee) if isinstance(callee, str) else callee},
        )

    def verify_(self) -> None:
        target = SymbolTable.lookup_symbol(self, self.callee)
        if not isinstance(target, FuncOp):
            raise VerifyException(f"'func.call' calls {self.callee}: there is no function of this name")
        found = FunctionType.from_lists(list(self.operand_types), list(self.result_types))
        if found != target.function_type:
            raise VerifyException(
                f"'func.call' calls {self.callee} as {found}: it is a function of type {target.function_type}"
            )

    @classmethod
    def parse(cls, parser: Parser) -> CallOp:
        callee = SymbolRefAttr(parser.parse_symbol_name())
        values = parse_value_list(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the function type")
        position = parser.pos
        type_ = parser.parse_function_type()
        return cls.create(
            operands=parser.resolve_operands(values, type_.inputs.data, position),
            result_types=type_.outputs.data,
            properties={"callee": callee},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_attribute(self.callee)
        print_values(printer, self.arguments, "(", ")")
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_function_type(self.operand_types, self.result_types)


@irdl_op_definition
class ConstantOp(IRDLOperation):
    """A function as a value: `%f = func.constant @g : (i32) -> f32`."""

    name = "func.constant"
    value = prop_def(FlatSymbolRefAttrConstr)
    result = result_def(FunctionType)
    traits = traits_def(Pure(), ConstantLike())

    def __init__(self, value: str | SymbolRefAttr, type_: Attribute):
        super().__init__(
            properties={"value": SymbolRefAttr(value) if isinstance(value, str) else value}, result_types=[type_]
        )

    def verify_(self) -> None:
        target = SymbolTable.lookup_symbol(self, self.value)
        if not isinstance(target, FuncOp) or target.function_type != self.result.type:
            raise VerifyException(
                f"'func.constant' gives {self.value} as {self.result.type}: there is no function of this name and type"
            )

    @classmethod
    def parse(cls, parser: Parser) -> ConstantOp:
        attributes = parser.parse_optional_attr_dict()
        value = parser.parse_symbol_name()
        parser.parse_punctuation(":", " and the type of the function")
        return cls.create(
            result_types=[parser.parse_type()],
            properties={"value": SymbolRefAttr(value)},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_op_attributes(self.attributes)
        printer.print_string(" ")
        printer.print_attribute(self.value)
        printer.print_string(" : ")
        printer.print_attribute(self.result.type)


@irdl_op_definition
class CallIndirectOp(IRDLOperation):
    """Call a function that is a value: `%r = func.call_indirect %f(%a) : (i32) -> f32`."""

    name = "func.call_indirect"
    callee = operand_def(FunctionType)
    callee_operands = var_operand_def()
    res = var_result_def()

    def __init__(self, callee: SSAValue | Operation, arguments: Sequence[SSAValue | Operation]):
        function = SSAValue.get(callee)
        assert isinstance(function.type, FunctionType)
        super().__init__(operands=[function, arguments], result_types=[function.type.outputs.data])

    def verify_(self) -> None:
        found = FunctionType.from_lists(list(self.callee_operands.types), list(self.result_types))
        if found != self.callee.type:
            raise VerifyException(
                f"'func.call_indirect' calls a function of type {self.callee.type} as {found}: the types are the same"
            )

    @classmethod
    def parse(cls, parser: Parser) -> CallIndirectOp:
        callee = parser.parse_unresolved_operand()
        values = parse_value_list(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the function type")
        position = parser.pos
        type_ = parser.parse_function_type()
        return cls.create(
            operands=[
                parser.resolve_operand(callee, type_),
                *parser.resolve_operands(values, type_.inputs.data, position),
            ],
            result_types=type_.outputs.data,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.callee)
        print_values(printer, self.callee_operands, "(", ")")
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.callee.type)


Func = Dialect("func", [CallIndirectOp, CallOp, ConstantOp, FuncOp, ReturnOp], [])
