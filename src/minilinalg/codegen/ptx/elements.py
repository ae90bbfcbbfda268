"""What stands for one element of a thread's registers while PTX is written.

| element | is |
|---|---|
| an int | a constant: its bits, without sign |
| a str | a register of its own: `%r` 32 bits, `%d` 64 bits, `%h` 16 bits, `%p` a predicate |
| `Part` | some bits of a 32-bit register: elements of 8 and 16 bits, several to a register |
| `Offset` | a register plus a constant, not added yet: an access to memory has room for the constant |

So registers that change places, or are repeated, cost nothing: elements are renamed. Only where an instruction wants a
whole register is one put together.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from xdsl.ir import Attribute

from minilinalg.dialects.simt.types import element_of

Operand: TypeAlias = str | int
"""What an instruction takes: a register or a constant's bits."""


class Part(NamedTuple):
    """The bits of `word` from `bit` on, as many as the element has; what is above them says nothing."""

    word: str
    bit: int = 0


class Wide(NamedTuple):
    """A 32-bit register as a number with sign of 64 bits, not extended yet."""

    register: str


class Offset(NamedTuple):
    """`base` plus `by`, modulo 2^bits. A `Wide` base is one of 64 bits; `by` is not 0 on any other."""

    base: str | Wide
    by: int
    bits: int


Element: TypeAlias = str | int | Part | Offset

BITS = {
    "i1": 1,
    "i8": 8,
    "i16": 16,
    "i32": 32,
    "i64": 64,
    "f16": 16,
    "bf16": 16,
    "f32": 32,
    "f64": 64,
    "f8E5M2": 8,
    "f8E4M3FN": 8,
}
"""The element types that PTX has registers for -> their bits."""

NARROW_FLOATS = ("f16", "bf16")
STORED_FLOATS = ("f8E5M2", "f8E4M3FN")
"""Floats that are only converted."""

_KINDS: dict[Attribute, str] = {}


def kind_of(type: Attribute) -> str:
    """The element type of a value, as the IR spells it: `f32`."""
    found = _KINDS.get(type)
    if found is None:
        found = _KINDS[type] = str(element_of(type))
    return found


def signed(value: int, bits: int) -> int:
    """The bits as a number with sign."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def immediate(value: int, type: str) -> str:
    """A constant's bits as an operand of an instruction on `type` (`f32`, `s32`, `b64`, `pred`)."""
    if type == "f32":
        return f"0f{value & 0xFFFFFFFF:08X}"
    if type == "f64":
        return f"0d{value & 0xFFFFFFFFFFFFFFFF:016X}"
    if type == "pred":
        return "1" if value else "0"
    if type.endswith("x2"):
        return f"0x{value:08X}"
    return str(signed(value, 64 if type.endswith("64") else 32))
