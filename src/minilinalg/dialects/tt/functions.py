"""Functions: the kernel itself, and those that it calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from xdsl.dialects.builtin import (
    ArrayAttr,
    DictionaryAttr,
    FunctionType,
    ModuleOp,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue, TypeAttribute
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import (
    CallableOpInterface,
    HasParent,
    IsolatedFromAbove,
    IsTerminator,
    Pure,
    SymbolOpInterface,
    SymbolTable,
    SymbolUserOpInterface,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import OrderedTraits, TensorSize, in_order
from minilinalg.dialects.tt.types import types_text

INHERENT = ("sym_name", "function_type", "sym_visibility", "arg_attrs", "res_attrs")

AttributeDict = Mapping[str, Attribute]


class FuncInterface(CallableOpInterface):
    """How generic passes look into a function."""

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
    """A function: a kernel when it is public, else one that kernels call.

    ```mlir
    tt.func public @kernel(%x: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %n: i32) attributes {noinline = false} {
      tt.return
    }
    tt.func private @helper(f32) -> f32
    ```

    The body sees no value from outside. `tt.divisibility`, `tt.contiguity` and `tt.constancy` of an argument are
    promises of the caller. A function without a body is a declaration, and private.
    """

    name = "tt.func"

    sym_name = prop_def(SymbolNameConstraint())
    function_type = prop_def(FunctionType)
    sym_visibility = opt_prop_def(StringAttr)
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    body = region_def()

    traits = in_order(IsolatedFromAbove(), SymbolOpInterface(), FuncInterface(), HasParent(ModuleOp))

    def __init__(
        self,
        name: str,
        function_type: FunctionType,
        body: Region | None = None,
        visibility: str | None = None,
        arg_attrs: Sequence[AttributeDict] = (),
        res_attrs: Sequence[AttributeDict] = (),
    ):
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "function_type": function_type,
                "sym_visibility": StringAttr(visibility) if visibility else None,
                "arg_attrs": _attribute_array(arg_attrs),
                "res_attrs": _attribute_array(res_attrs),
            },
            regions=[Region(Block(arg_types=function_type.inputs)) if body is None else body],
        )

    @property
    def is_declaration(self) -> bool:
        """Whether the function has no body."""
        return not self.body.blocks

    @property
    def args(self) -> tuple[BlockArgument, ...]:
        """The arguments inside the body; none for a declaration."""
        return tuple(self.body.blocks[0].args) if self.body.blocks else ()

    def get_arg_attr(self, index: int, name: str) -> Attribute | None:
        """The attribute `name` of argument `index`, such as `tt.divisibility`; None where it has none."""
        return self.arg_attrs.data[index].data.get(name) if self.arg_attrs is not None else None

    def verify_(self) -> None:
        inputs = self.function_type.inputs.data
        if self.is_declaration:
            if self.sym_visibility is None or self.sym_visibility.data == "public":
                raise VerifyException(
                    f"'tt.func' @{self.sym_name.data} has no body and is public: a declaration is private"
                )
        elif (found := tuple(self.body.blocks[0].arg_types)) != inputs:
            raise VerifyException(
                f"'tt.func' @{self.sym_name.data} has a body with arguments ({types_text(found)}): "
                f"they are those of its type, ({types_text(inputs)})"
            )
        for what, attributes, types in (
            ("argument", self.arg_attrs, inputs),
            ("result", self.res_attrs, self.function_type.outputs.data),
        ):
            if attributes is not None and len(attributes) != len(types):
                raise VerifyException(
                    f"'tt.func' @{self.sym_name.data} has {len(attributes)} {what} attribute dictionaries "
                    f"and {len(types)} {what}s: one for each"
                )
            for attribute_name in (name for d in attributes or () for name in d.data if "." not in name):
                raise VerifyException(
                    f"'tt.func' @{self.sym_name.data} has {what} attribute '{attribute_name}': "
                    "its name starts with the name of a dialect and a dot"
                )

    @classmethod
    def parse(cls, parser: Parser) -> Self:
        visibility = parser.parse_optional_visibility_keyword()
        name = parser.parse_symbol_name()
        named: list[Parser.Argument] = []
        inputs: list[tuple[Attribute, AttributeDict]] = []

        def parse_input() -> None:
            argument = parser.parse_optional_argument()
            if (argument is None and named) or (argument is not None and len(named) != len(inputs)):
                parser.raise_error("arguments with and without names: all of them have a name, or none has")
            type = parser.parse_type() if argument is None else argument.type
            attributes = parser.parse_optional_dictionary_attr_dict()
            location = parser.parse_optional_location()
            if argument is not None:
                argument.location = location
                named.append(argument)
            inputs.append((type, attributes))

        parser.parse_comma_separated_list(parser.Delimiter.PAREN, parse_input)
        outputs: list[tuple[Attribute, AttributeDict]] = []
        if parser.parse_optional_punctuation("->") is not None:
            many = parser.parse_optional_comma_separated_list(
                parser.Delimiter.PAREN,
                lambda: (parser.parse_type(), parser.parse_optional_dictionary_attr_dict()),
            )
            outputs.extend([(parser.parse_type(), {})] if many is None else many)
        attributes = parser.parse_optional_attr_dict_with_keyword(INHERENT)
        body = parser.parse_optional_region(named if named or not inputs else None)
        function = cls(
            name.data,
            FunctionType.from_lists([type for type, _ in inputs], [type for type, _ in outputs]),
            body or Region(),
            visibility.data if visibility is not None else None,
            [attributes for _, attributes in inputs],
            [attributes for _, attributes in outputs],
        )
        if attributes is not None:
            function.attributes.update(attributes.data)
        return function

    def print(self, printer: Printer) -> None:
        if self.sym_visibility is not None:
            printer.print_string(f" {self.sym_visibility.data}")
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        inputs = self.args or self.function_type.inputs.data
        with printer.in_parens():
            printer.print_list(_with_attributes(inputs, self.arg_attrs), lambda item: _print_typed(printer, *item))
        if outputs := self.function_type.outputs.data:
            printer.print_string(" -> ")
            alone = len(outputs) == 1 and self.res_attrs is None and not isinstance(outputs[0], FunctionType)
            results = _with_attributes(outputs, self.res_attrs)
            printer.print_string("" if alone else "(")
            printer.print_list(results, lambda item: _print_typed(printer, *item))
            printer.print_string("" if alone else ")")
        printer.print_op_attributes(dict(sorted(self.attributes.items())), print_keyword=True)
        if not self.is_declaration:
            printer.print_string(" ")
            printer.print_region(self.body, print_entry_block_args=False, print_empty_block=False)


def _attribute_array(dictionaries: Sequence[AttributeDict]) -> ArrayAttr[DictionaryAttr] | None:
    if not any(dictionaries):
        return None
    return ArrayAttr([DictionaryAttr(dict(dictionary)) for dictionary in dictionaries])


def _with_attributes(
    items: Sequence[BlockArgument | Attribute], attributes: ArrayAttr[DictionaryAttr] | None
) -> list[tuple[BlockArgument | Attribute, AttributeDict]]:
    dictionaries: list[AttributeDict] = [{}] * len(items) if attributes is None else [d.data for d in attributes]
    return list(zip(items, dictionaries, strict=True))


def _print_typed(printer: Printer, item: BlockArgument | Attribute, attributes: AttributeDict) -> None:
    """One argument or result: `%x: f32 {attributes} loc(...)`, the name only inside a body."""
    if isinstance(item, BlockArgument):
        printer.print_block_argument(item, print_type=False)
        printer.print_string(": ")
    printer.print_attribute(item.type if isinstance(item, BlockArgument) else item)
    printer.print_op_attributes(attributes)
    if isinstance(item, BlockArgument) and printer.print_debuginfo:
        printer.print_string(" ")
        printer.print_attribute(item.location)


@irdl_op_definition
class ReturnOp(FormattedOperation):
    """Leave a function with its results.

    ```mlir
    tt.return %x, %y : f32, i32
    ```
    """

    name = "tt.return"
    SYNTAX: ClassVar = Syntax("attr-dict ($srcs^ `:` type($srcs))?")

    srcs = var_operand_def()

    traits = OrderedTraits(lambda: (Pure(), TensorSize(), IsTerminator(), HasParent(FuncOp)))

    def __init__(self, *srcs: SSAValue):
        super().__init__(operands=[srcs])

    def verify_(self) -> None:
        function = self.parent_op()
        if not isinstance(function, FuncOp):
            return
        outputs = function.function_type.outputs.data
        found = tuple(self.srcs.types)
        if found != outputs:
            raise VerifyException(
                f"'tt.return' with ({types_text(found)}) in @{function.sym_name.data}: "
                f"the function returns ({types_text(outputs)})"
            )


class CallInterface(SymbolUserOpInterface):
    """A call names a function of the module and fits its type."""

    def verify(self, op: Operation) -> None:
        assert isinstance(op, CallOp)
        name = op.callee.root_reference.data
        module = op.parent_op()
        while module is not None and not module.has_trait(SymbolTable):
            module = module.parent_op()
        if module is None:
            return
        function = SymbolTable.lookup_symbol(module, op.callee)
        if not isinstance(function, FuncOp):
            raise VerifyException(f"'tt.call' of @{name}: the callee is a tt.func of the module")
        for what, found, expected in (
            ("operands", op.operand_types, function.function_type.inputs.data),
            ("results", op.result_types, function.function_type.outputs.data),
        ):
            if tuple(found) != expected:
                raise VerifyException(
                    f"'tt.call' of @{name} has {what} ({types_text(found)}): "
                    f"they are those of the function, ({types_text(expected)})"
                )


@irdl_op_definition
class CallOp(FormattedOperation):
    """Call a function of the same module.

    ```mlir
    %y = tt.call @helper(%x) : (f32) -> f32
    ```

    Its effects are those of the function, which a generic pass does not know.
    """

    name = "tt.call"
    SYNTAX: ClassVar = Syntax("$callee `(` $arguments `)` attr-dict `:` functional-type($arguments, results)")

    callee = prop_def(SymbolRefAttr)
    arguments = var_operand_def()
    arg_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res_attrs = opt_prop_def(ArrayAttr[DictionaryAttr])
    res = var_result_def()

    traits = in_order(CallInterface(), TensorSize())

    def __init__(self, callee: str, arguments: Sequence[SSAValue], result_types: Sequence[TypeAttribute | Attribute]):
        super().__init__(
            properties={"callee": SymbolRefAttr(callee)}, operands=[arguments], result_types=[result_types]
        )
