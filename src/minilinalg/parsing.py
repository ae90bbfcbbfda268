"""Text to IR: `parse_module` reads one module and turns whatever is wrong with it into an `InputError` with a place."""

from __future__ import annotations

from xdsl.dialects.builtin import ModuleOp

from minilinalg.context import MLContext, make_context
from minilinalg.dialects.upstream.parser import MLIRParser


def parse_module(text: str, file: str = "<string>", ctx: MLContext | None = None, *, verify: bool = True) -> ModuleOp:
    """The module that `text` holds (operations without a module around them get one).

    `file` names the text in messages and locations. Every operation records where it stood. With `verify`, the
    module's rules are checked too.

    Raises InputError, with the place in the text and in the source that the text was made from, when the text is
    not well formed, uses an unknown dialect, operation or attribute, or breaks a rule.
    """
    parser = MLIRParser(ctx or make_context(), text, file)
    module = parser.parse_module()
    if verify:
        module.verify()
    return module
