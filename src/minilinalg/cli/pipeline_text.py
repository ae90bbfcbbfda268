"""Reading a pipeline text: `a,b{x=1,2 y="s" z},c` or `builtin.module(a,tt.func(b))`.

A pass inside the parentheses of an operation is restricted to it: it runs once for each such operation directly inside
the enclosing one, on a module in which that operation is alone, so it sees and changes nothing beside it. Only
`builtin.module` can be outermost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from minilinalg.context import MLContext
from minilinalg.errors import CommandError, Place, near_name
from minilinalg.passes import load_pass
from minilinalg.passes.options import Given, build_pass
from minilinalg.pipelines import Step

OUTERMOST = "builtin.module"

DEEPEST = 64
"""Operations around a pass."""

# What may come next, as a user reads it; the terminals of the grammar that are not here stand for themselves.
_TERMINALS = {
    "OPERATION": "an operation such as tt.func",
    "PASS": "a name",
    "LBRACE": "'{'",
    "RBRACE": "'}'",
    "LPAR": "'('",
    "RPAR": "')'",
    "COMMA": "','",
    "EQUAL": "'='",
    "$END": "the end",
}


def parse_pipeline(text: str, ctx: MLContext, *, file: str = "<pipeline>") -> tuple[Step, ...]:
    """The steps that `text` names. `ctx` knows the operations that may be anchors; `file` names the text in messages.

    Raises CommandError with the place in the text: syntax, an unknown pass, option or anchor, an option's wrong type.
    """
    try:
        tree = cast("Tree[Token]", cast("Any", _grammar()).parse(text))
    except UnexpectedInput as error:
        raise _syntax_error(text, file, error) from None
    pipeline = cast("Tree[Token]", tree.children[0])
    return tuple(_Reader(text, file, ctx).steps(pipeline, ()))


@cache
def _grammar() -> Lark:
    return Lark((Path(__file__).parent / "pipeline.lark").read_text(), parser="lalr", maybe_placeholders=False)


class _Reader:
    def __init__(self, text: str, file: str, ctx: MLContext):
        self.text = text
        self.file = file
        self.ctx = ctx

    def place(self, token: Token) -> Place:
        return _place(self.text, self.file, token.start_pos or 0, len(token))

    def steps(self, pipeline: Tree[Token], anchor: tuple[str, ...]) -> Iterator[Step]:
        for element in cast("list[Tree[Token]]", pipeline.children):
            name = cast("Token", element.children[0])
            if element.data == "anchor":
                yield from self.anchored(name, cast("Tree[Token]", element.children[1]), anchor, pipeline)
            else:
                yield Step(self.read_pass(name, cast("list[Tree[Token]]", element.children[1:])), anchor[1:])

    def anchored(self, name: Token, inner: Tree[Token], anchor: tuple[str, ...], outer: Tree[Token]) -> Iterator[Step]:
        if not anchor and name != OUTERMOST:
            raise CommandError(
                f"a pipeline starts with '{name}'",
                rule=f"the outermost operation is {OUTERMOST}",
                hint=f"write {OUTERMOST}({name}(...))",
                places=[self.place(name)],
            )
        if not anchor and len(outer.children) > 1:
            raise CommandError(
                f"something stands beside {OUTERMOST}(...)",
                rule=f"a nested pipeline is one {OUTERMOST}(...) with everything in it",
                places=[self.place(name)],
            )
        if len(anchor) == DEEPEST:
            raise CommandError(
                f"'{name}' stands inside of {DEEPEST} others",
                rule=f"a pipeline is nested at most {DEEPEST} deep",
                places=[self.place(name)],
            )
        self.check_anchor(name)
        yield from self.steps(inner, (*anchor, str(name)))

    def check_anchor(self, name: Token) -> None:
        from xdsl.traits import IsolatedFromAbove

        operation = self.ctx.get_optional_op(name)
        if operation is None:
            raise CommandError(
                f"unknown operation '{name}'",
                rule="what passes are restricted to is a registered operation, such as func.func or tt.func",
                hint=near_name(name, self.known_operations()),
                places=[self.place(name)],
            )
        if not operation.has_trait(IsolatedFromAbove, value_if_unregistered=True):
            raise CommandError(
                f"passes cannot be restricted to '{name}'",
                rule="an anchor is isolated from above: nothing in it uses a value from outside",
                places=[self.place(name)],
            )

    def known_operations(self) -> list[str]:
        for dialect in ("func", "tt"):
            self.ctx.get_optional_dialect(dialect)
        return [op.name for op in self.ctx.loaded_ops]

    def read_pass(self, name: Token, options: list[Tree[Token]]) -> Any:
        try:
            cls = load_pass(name)
        except CommandError as error:
            raise error.at([self.place(name)]) from None
        given: dict[str, Given] = {}
        for option in options:
            key = cast("Token", option.children[0])
            if key in given:
                raise CommandError(
                    f"option '{key}' is given twice",
                    rule="an option stands once; several values are separated by commas",
                    places=[self.place(key)],
                )
            values = cast("list[Tree[Token]]", option.children[1:])
            given[str(key)] = Given(tuple(_word(cast("Token", v.children[0])) for v in values), self.place(key))
        try:
            return build_pass(cls, given)
        except CommandError as error:
            raise error.at([self.place(name)]) from None


def _word(token: Token) -> str:
    if token.type == "STRING":
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    return str(token)


def _place(text: str, file: str, position: int, length: int = 1) -> Place:
    before = text[:position]
    line = before.count("\n")
    start = before.rfind("\n") + 1
    return Place(file, line + 1, position - start + 1, text.split("\n")[line], length)


def _syntax_error(text: str, file: str, error: UnexpectedInput) -> CommandError:
    expected: set[str] = set()
    position = len(text.rstrip())
    if isinstance(error, UnexpectedToken):
        token = cast("Token", cast("Any", error).token)
        expected = set(error.accepts or error.expected)
        if token.type != "$END":
            position = token.start_pos or 0
    elif isinstance(error, UnexpectedCharacters):
        position, expected = cast("Any", error).pos_in_stream, set(error.allowed or ())
    word = re.match(r"[\w.-]+|.", text[position:])
    found = f"'{word[0]}'" if word else "the end"
    if "(" not in text[:position]:
        # The parser's states do not know how deep they are.
        expected.discard("RPAR")
    names = ["a value"] if "WORD" in expected else [_TERMINALS.get(t, f"'{t}'") for t in expected]
    return CommandError(
        f"the pipeline has {found} where it should not",
        rule=f"here comes {' or '.join(sorted(names))}" if names else None,
        places=[_place(text, file, position, len(word[0]) if word else 1)],
    )
