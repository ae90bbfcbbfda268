"""`minilinalg layout`: which thread holds which element of a tensor, or where in shared memory it lies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from minilinalg.cli.arguments import HELP, Flag, help_table, parse
from minilinalg.cli.process import write_text
from minilinalg.errors import CommandError, ExitCode, InputError, Place

FLAGS = (
    HELP,
    Flag(("--element-bits",), "the width of an element in shared memory (default 32)", "N"),
    Flag(("-o", "--output"), "write the drawing to FILE, as SVG when it ends in .svg ('-': stdout)", "FILE"),
)
USAGE = "usage: minilinalg layout LAYOUT SHAPE [flags]"
FILE = "<layout>"
"""What the text of the layout is called in messages."""
EXAMPLE = (
    "  minilinalg layout '#ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], "
    "order = [1, 0]}>' 16x32\n"
    "  minilinalg layout '#ttg.swizzled_shared<{vec = 4, perPhase = 1, maxPhase = 8, order = [1, 0]}>' 8x32 -o x.svg"
)


def layout(argv: Sequence[str]) -> int:
    """Does what `argv` says. Raises MinilinalgError."""
    arguments = parse("minilinalg layout", FLAGS, argv, positionals=("LAYOUT", "SHAPE"))
    if arguments.has("help"):
        print(f"{USAGE}\n\nDraws a layout of the ttg dialect on a tensor of that shape.\n\nflags:\n{help_table(FLAGS)}")
        print(f"\nexamples:\n{EXAMPLE}")
        return ExitCode.DONE
    text, shape = arguments.text("LAYOUT"), arguments.text("SHAPE")
    if text is None or shape is None:
        missing = "LAYOUT" if text is None else "SHAPE"
        raise CommandError(f"no {missing} is given", rule=USAGE, hint="minilinalg layout --help shows examples")
    bits = _bits(arguments.text("element-bits"))
    drawn = _draw(text, _shape(shape), bits)
    write_text(output := arguments.text("output") or "-", drawn[PurePath(output).suffix == ".svg"])
    return ExitCode.DONE


def _draw(text: str, shape: tuple[int, ...], bits: int | None) -> tuple[str, str]:
    """The drawing as text and as SVG."""
    from minilinalg.dialects.ttg import DistributedLayout, NVMMASharedEncodingAttr, SharedLayoutAttribute
    from minilinalg.layouts.drawing import draw_registers, draw_shared, text_of
    from minilinalg.layouts.svg import svg_of
    from minilinalg.parsing import parse_attribute

    attribute = parse_attribute(text, FILE)
    try:
        if isinstance(attribute, DistributedLayout):
            picture = draw_registers(attribute.linear_layout(shape))
        elif isinstance(attribute, SharedLayoutAttribute):
            if bits is None:
                nvmma = isinstance(attribute, NVMMASharedEncodingAttr)
                bits = attribute.element_bit_width.data if nvmma else 32
            picture = draw_shared(attribute.memory(shape), bits)
        else:
            raise InputError(
                f"{attribute} is no layout",
                rule="a layout is an attribute of ttg such as #ttg.blocked<{...}>",
                hint="minilinalg layout --help shows examples",
            )
    except InputError as error:
        raise error.at([Place(FILE, 1, 1, text, len(text))]) from None
    return text_of(picture) + "\n", svg_of(picture)


def _shape(text: str) -> tuple[int, ...]:
    """The sizes of `16x32`. Raises CommandError."""
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", text):
        raise CommandError(f"the shape is '{text}'", rule="a shape is sizes with x between them: 16x32")
    return tuple(map(int, text.split("x")))


def _bits(text: str | None) -> int | None:
    """The number behind `--element-bits`. Raises CommandError."""
    if text is None:
        return None
    if not text.isdecimal() or (bits := int(text)) not in (8, 16, 32, 64):
        raise CommandError(f"--element-bits is '{text}'", rule="an element has 8, 16, 32 or 64 bits")
    return bits
