"""IR to text."""

from __future__ import annotations

from io import StringIO

from xdsl.ir import Operation
from xdsl.printer import Printer


def module_text(op: Operation, *, debuginfo: bool = False, generic: bool = False) -> str:
    """`op` as MLIR text that ends with a newline.

    With `generic` every operation has the form that needs no knowledge of its dialect; with `debuginfo` every operation
    and block argument says where it comes from, through `#loc` aliases as MLIR writes them.
    """
    out = StringIO()
    Printer(out, print_generic_format=generic, print_debuginfo=debuginfo).print_op(op)
    return out.getvalue() + "\n"
