"""What a program tells: a condition that does not hold is a trap. Nothing is printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minilinalg.codegen.ptx.writer import Handler, Writer


def _assert(w: Writer, op: Any) -> None:
    """The message stands beside it, for the reader: a trap has no text."""
    message = " ".join(op.message.data.split())
    for element in w.values[op.condition]:
        w.raw(f"@!{w.predicate(element)} trap; // {message}")


def _print(w: Writer, op: Any) -> None:
    raise w.unsupported(
        f"'{op.name}'",
        "PTX has no code for what a program prints yet",
        "minilinalg run without --device cuda prints it; take tl.device_print out of what a GPU runs",
    )


HANDLERS: Mapping[str, Handler] = {"simt.assert": _assert, "simt.print": _print}
