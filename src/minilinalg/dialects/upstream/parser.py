"""Reading MLIR text: xDSL's parser with what official files need, and mistakes reported where they are.

* Aliases may be used before they are defined (`aliases.py`), all forms of locations (`locations.py`), exact literals
  (`literals.py`).
* Every operation and every named block argument records where it stood in the text, beside the `loc(...)` that the text
  gives; names of values are kept to the letter.
* Unknown names, undefined values and values of the wrong type become an InputError with the place of the use, the rule
  and a near name (`reporting.py`). `minilinalg.parsing` turns xDSL's own errors into the same form.

Reading is a large part of a short run, so tokens are matched at once (`lexer.py`), a type that was read before is
looked up by its text, and an operand's type is compared by identity first.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NoReturn

from xdsl.context import Context
from xdsl.dialects.builtin import AffineMapAttr, MemRefType, ModuleOp, StridedLayoutAttr, StringAttr
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue, TypeAttribute
from xdsl.parser import ForwardDeclaredValue, Parser, UnresolvedOperand
from xdsl.utils.exceptions import ParseError
from xdsl.utils.lexer import Span, Token
from xdsl.utils.mlir_lexer import MLIRTokenKind

from minilinalg.dialects.upstream.aliases import AliasParser
from minilinalg.dialects.upstream.assembly import counted
from minilinalg.dialects.upstream.enums import prints_bare_enum
from minilinalg.dialects.upstream.literals import LiteralParser
from minilinalg.dialects.upstream.locations import UNKNOWN
from minilinalg.errors import near_name
from minilinalg.locations import file_place, with_text_place

# Possessive throughout: a text that does not match must not be tried in every other way.
_FLAT = r"[^<>\"]*+"
_NESTED = rf"{_FLAT}(?:<{_FLAT}(?:<{_FLAT}(?:<{_FLAT}>{_FLAT})*+>{_FLAT})*+>{_FLAT})*+"
_TYPE_TEXT = re.compile(rf"(?:(?:tensor|memref|vector)<{_NESTED}>|![A-Za-z_][\w$]*\.[\w$.]+(?:<{_NESTED}>)?)")
"""The text of most shaped and dialect types; a wrong guess of where one ends only misses the table of known types."""
_SHAPED = frozenset(("tensor", "memref", "vector"))


class MLIRParser(LiteralParser, AliasParser):
    """xDSL's parser, completed as this module's docstring says."""

    def __init__(self, ctx: Context, text: str, file: str = "<string>"):
        super().__init__(ctx, text, file)
        self._undefined: dict[tuple[str, int], tuple[Span, frozenset[str]]] = {}

    # Tokens: xDSL's methods of the same names, without a call for every step

    def _consume_token(self, expected_kind: MLIRTokenKind | None = None) -> Token[MLIRTokenKind, str]:
        state = self._parser_state
        token = state.current_token
        state.current_token = state.lexer.lex()
        return token

    def parse_optional_punctuation(self, punctuation):  # pyright: ignore
        state = self._parser_state
        if state.current_token.text != punctuation:
            return None
        state.current_token = state.lexer.lex()
        return punctuation  # pyright: ignore

    def parse_punctuation(self, punctuation, context_msg: str = ""):  # pyright: ignore
        state = self._parser_state
        if state.current_token.text != punctuation:
            self.raise_error(f"expected '{punctuation}'{context_msg}")
        state.current_token = state.lexer.lex()
        return punctuation  # pyright: ignore

    # Modules

    def parse_module(self, allow_implicit_module: bool = True) -> ModuleOp:
        if self._current_token.kind is MLIRTokenKind.EOF:
            return ModuleOp([])
        try:
            module = super().parse_module(allow_implicit_module)
        except ParseError as error:
            if self._undefined and error.msg.startswith("values used but not defined"):
                self._fail_undefined()
            raise
        if module.location == UNKNOWN:
            # A module that the text does not write out stands at no line of it.
            module.location = file_place(self._file, self._number(0), self._number(0))
        return module

    def _parse_dialect_type_or_attribute_body(  # pyright: ignore
        self, attr_name: str, is_type: bool, is_opaque: bool, starting_opaque_pos: int | None
    ):
        find = self.ctx.get_optional_type if is_type else self.ctx.get_optional_attr
        attribute = find(attr_name)
        if attribute is not None and "." in attr_name and not is_opaque and prints_bare_enum(attribute):
            with self.in_angle_brackets():
                return super()._parse_dialect_type_or_attribute_body(attr_name, is_type, is_opaque, starting_opaque_pos)
        if attribute is None:
            start = self._text.rindex(attr_name.split(".")[-1], 0, self.pos)
            start = self._text.rindex("!" if is_type else "#", 0, start)
            self.fail_unknown("type" if is_type else "attribute", attr_name, Span(start, self.pos, self.lexer.input))
        return super()._parse_dialect_type_or_attribute_body(attr_name, is_type, is_opaque, starting_opaque_pos)

    # Types

    def parse_optional_type(self) -> TypeAttribute | None:
        state = self._parser_state
        token = state.current_token
        kind, text = token.kind, token.text
        if kind is MLIRTokenKind.BARE_IDENT and text not in _SHAPED:
            if (known := self._types.get(text)) is None:
                known = self._parse_optional_builtin_type()
                # A type of one word ends before the next token; complex<...> and tuple<...> are left out.
                if known is not None and text.isalnum() and text not in ("complex", "tuple"):
                    self._types[text] = known
                return known
            state.current_token = state.lexer.lex()
            return known
        if kind is not MLIRTokenKind.BARE_IDENT and kind is not MLIRTokenKind.EXCLAMATION_IDENT:
            return super().parse_optional_type()
        guess = _TYPE_TEXT.match(self._text, token.span.start)
        if guess is None:
            return super().parse_optional_type()
        if (known := self._types.get(guess[0])) is not None:
            state.lexer.pos = guess.end()
            state.current_token = state.lexer.lex()
            return known
        type_ = super().parse_optional_type()
        if text == "memref":
            self._check_layout(type_, token.span.start)
        if type_ is not None and not self._text[guess.end() : self.pos].strip():
            self._types[guess[0]] = type_
        return type_

    def _check_layout(self, type_: Attribute | None, start: int) -> None:
        """xDSL takes a layout of any number of dimensions."""
        if not isinstance(type_, MemRefType):
            return
        layout, rank = type_.layout, type_.get_num_dims()
        if isinstance(layout, StridedLayoutAttr):
            dims = len(layout.strides)
        else:
            dims = layout.data.num_dims if isinstance(layout, AffineMapAttr) else rank
        if dims != rank:
            self.fail(
                f"a memref of {rank} dimension{'s' * (rank != 1)} has a layout of {dims}",
                Span(start, start + len("memref"), self.lexer.input),
                rule="a layout has a stride for each dimension, or maps all of them",
            )

    # Attributes: one look at the token instead of trying each form in turn

    def _parse_optional_builtin_attr(self) -> Attribute | None:
        token = self._parser_state.current_token
        match token.kind:
            case MLIRTokenKind.STRING_LIT:
                return StringAttr(self.parse_str_literal())
            case MLIRTokenKind.INTEGER_LIT | MLIRTokenKind.FLOAT_LIT | MLIRTokenKind.MINUS:
                return self.parse_optional_builtin_int_or_float_attr()
            case MLIRTokenKind.L_SQUARE:
                return self._parse_optional_array_attr()
            case MLIRTokenKind.L_BRACE:
                return self._parse_optional_builtin_dict_attr()
            case MLIRTokenKind.AT_IDENT:
                return self._parse_optional_symref_attr()
            case MLIRTokenKind.EXCLAMATION_IDENT:
                return self.parse_optional_type()
            case _:
                return super()._parse_optional_builtin_attr()

    # Values

    def resolve_operand(self, operand: UnresolvedOperand, type: Attribute) -> SSAValue:  # pyright: ignore
        name = operand.operand_name
        values = self.ssa_values.get(name)
        if values is None:
            references = self.forward_ssa_references.setdefault(name, {})
            if (value := references.get(operand.index)) is None:
                value = references[operand.index] = ForwardDeclaredValue(type)
                self._undefined[name, operand.index] = operand.span, frozenset(self.ssa_values)
        elif operand.index < len(values):
            value = values[operand.index]
        else:
            self.fail(
                f"%{name}#{operand.index} does not exist: %{name} stands for {counted(len(values), 'value')}",
                operand.span,
                rule="%NAME#N counts the results of one operation from 0; here N is "
                + ("0" if len(values) == 1 else f"0 to {len(values) - 1}"),
            )
        if value.type is not type and value.type != type:
            self.fail(
                f"%{name} has type {value.type}, but is used as {type}",
                operand.span,
                rule="a value has one type, which every use of it repeats",
            )
        return value

    def resolve_operands(self, args, input_types, error_pos):  # pyright: ignore
        types, operands = list(input_types), list(args)
        if len(types) != len(operands):
            self.raise_error(
                f"{counted(len(operands), 'operand')}, but {counted(len(types), 'type')} for them", error_pos
            )
        return [self.resolve_operand(operand, type_) for operand, type_ in zip(operands, types, strict=True)]

    def _register_ssa_definition(self, name: str, values: Sequence[SSAValue], span: Span) -> None:
        if name in self.ssa_values:
            self.fail(
                f"%{name} is defined twice",
                span,
                rule="a name stands for one value in a region and in the regions inside of it",
            )
        if name in self.forward_ssa_references:
            for index, value in self.forward_ssa_references[name].items():
                use, _ = self._undefined.pop((name, index))
                if index >= len(values):
                    self.fail(
                        f"%{name}#{index} does not exist: %{name} stands for {counted(len(values), 'value')}", use
                    )
                if value.type != values[index].type:
                    self.fail(
                        f"%{name} has type {values[index].type}, but is used as {value.type}",
                        use,
                        rule="a value has one type, which every use of it repeats",
                    )
            super()._register_ssa_definition(name, values, span)
        else:
            self.ssa_values[name] = values if isinstance(values, tuple) else tuple(values)
        if not name[0].isdigit():
            for value in values:
                # The public setter drops a trailing number, and %x_5 would come back as %x_1.
                value._name = name  # pyright: ignore[reportPrivateUsage]
        if values and isinstance(argument := values[0], BlockArgument):
            argument.location = with_text_place(argument.location, self._text_location(span.start))

    def parse_optional_region(self, arguments: Iterable[Parser.Argument] | None = None) -> Region | None:
        if arguments is not None:
            arguments = list(arguments)
            for argument in arguments:
                place = self._text_location(argument.name.start)
                argument.location = with_text_place(argument.location or UNKNOWN, place)
        # Between the operations of a region, the syntax of the operation around them does not help.
        self.open_operations.append(("", self.pos))
        region = super().parse_optional_region(arguments)
        self.open_operations.pop()
        return region

    def _parse_block(self) -> Block:
        """A labelled block. xDSL's own method takes no number for a label."""
        token = self._parse_token(MLIRTokenKind.CARET_IDENT, "expected an operation, a block label or '}'")
        name, span = token.text[1:], token.span
        block, defined = self.blocks.get(name, (None, None))
        if defined is not None:
            self.fail(
                f"block ^{name} is defined twice",
                span,
                rule=f"a label stands for one block of a region; line {self.place(defined.start).line} defines it too",
            )
        if block is None:
            block = Block()
        self.blocks[name] = block, span
        self.forward_block_references.pop(name, None)
        if not name[0].isdigit() and not Block.is_default_block_name(name):
            block.name_hint = name
        self._parse_optional_block_arg_list(block)
        self.parse_punctuation(":", " after a block label")
        self._parse_block_body(block)
        return block

    def parse_optional_successor(self) -> Block | None:
        token = self._parse_optional_token(MLIRTokenKind.CARET_IDENT)
        if token is None:
            return None
        name = token.text[1:]
        if name not in self.blocks:
            self.forward_block_references[name].append(token.span)
            self.blocks[name] = Block(), None
        return self.blocks[name][0]

    def _fail_undefined(self) -> NoReturn:
        (name, _), (use, visible) = next(iter(self._undefined.items()))
        defined = re.search(rf"%{re.escape(name)}(?::\d+)?(?: *,[^=\n]*)? *=", self._text)
        if defined is not None:
            line = bisect_right(self._line_starts, defined.start())
            self.fail(
                f"%{name} is not visible here",
                use,
                rule=f"a value is visible in its region and those inside of it; the one of line {line} is elsewhere",
            )
        hint = near_name(name, visible)
        self.fail(
            f"%{name} is not defined",
            use,
            rule="a value is the result of an operation or an argument of a block",
            hint=hint and hint.replace("'", "'%", 1),
        )

    # Operations

    def parse_operation(self) -> Operation:
        state = self._parser_state
        results = self._parse_op_result_list()
        token = state.current_token
        position = token.span.start
        stack = state.dialect_stack
        if token.kind is MLIRTokenKind.BARE_IDENT:
            state.current_token = state.lexer.lex()
            op_type = self._operation_type(token.text, token)
            self.open_operations.append((op_type.name, position))
            stack.append(op_type.dialect_name())
            op = op_type.parse(self)
            stack.pop()
            if state.current_token.text == "loc":
                op.location = self._parse_trailing_location()
        else:
            name = self.parse_optional_str_literal()
            if name is None:
                self.raise_error("expected the name of an operation")
            op_type = self._operation_type(name, token)
            self.open_operations.append((name, position))
            stack.append(op_type.dialect_name())
            op = self._parse_generic_operation(op_type)
            stack.pop()
        self.open_operations.pop()
        op.location = with_text_place(op.location, self._text_location(position))
        if results:
            self._bind_results(op, results)
        return op

    def _operation_type(self, name: str, token: Token[MLIRTokenKind, str]) -> type[Operation]:
        op_type = self.ctx.get_optional_op(name, dialect_stack=self._parser_state.dialect_stack)
        if op_type is None:
            self.fail_unknown("operation", name, token.span)
        return op_type

    def _bind_results(self, op: Operation, results: list[tuple[Span, int]]) -> None:
        bound = sum(size for _, size in results)
        if bound != len(op.results):
            self.fail(
                f"'{op.name}' has {len(op.results)} result{'s' * (len(op.results) != 1)}, but {bound} are named",
                Span(results[0][0].start, results[-1][0].end, self.lexer.input),
                rule="either no result of an operation is named or all are; %NAME:N names N results at once",
            )
        first = 0
        for span, size in results:
            self._register_ssa_definition(span.text[1:], op.results[first : first + size], span)
            first += size
