"""How inline assembly sees elements: registers that hold several of them, and the text with names in their places.

Source: LLVM's language reference, "Inline Assembler Expressions", and lib/Conversion/TritonGPUToLLVM of Triton
(ElementwiseInlineAsmOp): `packed_element` elements of each operand go into registers of 32 bits, as many
as fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xdsl.dialects.builtin import FixedBitwidthType
from xdsl.ir import Attribute

from minilinalg.dialects.tt.types import PointerType
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of

LETTERS = {"h": 16, "r": 32, "f": 32, "l": 64, "d": 64}
"""Constraint -> the bits of a register of its kind."""
_CONSTRAINT = re.compile(r"(=&?)?([a-z]|\d+)")
_NAME = re.compile(r"\$(\$|\d+|\{(\d+)(?::\w+)?\})")


@dataclass(frozen=True)
class Registers:
    """The registers of an operand for a group: how many, the elements in each, their bits and those of an element."""

    count: int
    elements: int
    bits: int
    width: int
    same_as: int | None = None
    """Of an argument: the number of the register of a result that its first one is."""


@dataclass(frozen=True)
class Assembly:
    """The text for one group of elements, with `$0`, `$1` ... for the registers of results, then of arguments."""

    text: str
    packed: int
    results: tuple[Registers, ...]
    arguments: tuple[Registers, ...]

    def written(self, name: Callable[[int], str]) -> str:
        """The text with `name(n)` for register n."""

        def place(match: re.Match[str]) -> str:
            found = match[2] or match[1]
            return "$" if found == "$" else name(int(found))

        return _NAME.sub(place, self.text)


def assembly_of(op: Any) -> Assembly:
    """What an operation with `asm_string`, `constraints` and `packed_element` applies to each group of elements.

    Raises UnsupportedError for constraints of other than registers, and registers that elements do not fit into.
    """
    packed = int(op.packed_element.value.data)
    operands = [*op.result, *op.args]
    constraints = [each.strip() for each in op.constraints.data.split(",") if each.strip()]
    kept = [each for each in constraints if not each.startswith("~")]
    widths = [_width(op, value.type) for value in operands]
    expected = 0
    found: list[Registers] = []
    for number, (value, width) in enumerate(zip(operands, widths, strict=True)):
        elements = min(max(32 // width, 1), packed)
        if packed % elements:
            raise _unsupported(op, f"{packed} elements of {value.type} in registers", "registers are filled evenly")
        own = kept[expected : expected + packed // elements]
        match = [_CONSTRAINT.fullmatch(each) for each in own]
        if len(own) < packed // elements or any(m is None or bool(m[1]) != (number < len(op.result)) for m in match):
            raise _unsupported(
                op,
                f"constraints '{op.constraints.data}'",
                f"a constraint for each register of results, with =, then of arguments: {_wanted(op, widths, packed)}",
            )
        letters = {m[2] for m in match if m is not None}
        tied = sorted(int(letter) for letter in letters if letter.isdigit())
        kinds = {_tied_letter(kept, letter) if letter.isdigit() else letter for letter in letters}
        if len(kinds) != 1 or not kinds <= LETTERS.keys() or LETTERS[min(kinds)] < elements * width:
            raise _unsupported(
                op,
                f"constraint '{','.join(own)}' of {value.type}",
                f"registers are of one kind, {', '.join(f'{k} of {n} bits' for k, n in LETTERS.items())}",
            )
        bits = LETTERS[min(kinds)]
        found.append(Registers(len(own), elements, bits, width, tied[0] if tied else None))
        expected += len(own)
    if expected != len(kept):
        raise _unsupported(op, f"constraints '{op.constraints.data}'", f"{expected} registers have one each")
    count = len(op.result)
    return Assembly(op.asm_string.data, packed, tuple(found[:count]), tuple(found[count:]))


def _tied_letter(constraints: list[str], number: str) -> str:
    """The kind of the register that an argument shares with a result."""
    at = int(number)
    return constraints[at].lstrip("=&") if at < len(constraints) else "?"


def _wanted(op: Any, widths: list[int], packed: int) -> str:
    counts = [packed // min(max(32 // width, 1), packed) for width in widths]
    results = len(op.result)
    return f"{sum(counts[:results])} and {sum(counts[results:])} here"


def _width(op: Any, type: Attribute) -> int:
    element: Any = getattr(type, "element_type", type)
    if isinstance(element, PointerType):
        return 64
    if not isinstance(element, FixedBitwidthType) or element.bitwidth not in (8, 16, 32, 64):
        raise _unsupported(op, f"elements of {element}", "elements are of 8, 16, 32 or 64 bits")
    return element.bitwidth


def _unsupported(op: Any, found: str, rule: str) -> UnsupportedError:
    return UnsupportedError(f"'{op.name}' with {found}", rule=rule, places=places_of(op))
