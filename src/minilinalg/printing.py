"""IR to text."""

from __future__ import annotations

from xdsl.ir import Operation

from minilinalg.dialects.upstream.printer import MLIRPrinter


def module_text(op: Operation, *, debuginfo: bool = False, generic: bool = False) -> str:
    """`op` as MLIR text that ends with a newline.

    With `generic` every operation has the form that needs no knowledge of its dialect; with `debuginfo` every operation
    and block argument says where it comes from, through `#loc` aliases as MLIR writes them.
    """
    printer = MLIRPrinter(generic=generic, debuginfo=debuginfo)
    printer.print_module(op)
    return printer.text
