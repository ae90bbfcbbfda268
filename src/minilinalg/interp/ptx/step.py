"""One instruction of PTX, taken apart, and what its operands are in registers of all threads."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from minilinalg.errors import UnsupportedError
from minilinalg.interp.dtypes import BF16, F8E4M3FN, F8E5M2, F16, F32, F64, Array, DType

FLOATS: dict[str, DType] = {"f16": F16, "bf16": BF16, "f32": F32, "f64": F64, "e4m3": F8E4M3FN, "e5m2": F8E5M2}
WIDTHS = {
    **{f"{kind}{bits}": bits for kind in "usb" for bits in (8, 16, 32, 64)},
    **{n: t.bits for n, t in FLOATS.items()},
}
PAIRS = {f"{name}x2": name for name in ("f16", "bf16", "e4m3", "e5m2")}
TYPES = {*WIDTHS, *PAIRS, "pred"}
U64 = np.uint64
RULE = "inline assembly runs here as far as it computes with registers, by instructions of interp/ptx/"
_LINE = re.compile(r"(?:@(!?)([\w%$]+)\s+)?([a-z][\w.:]*)\s+(.*)", re.DOTALL)
_OPERAND = re.compile(r"\{[^}]*\}|[^,\s][^,]*")
_HEX_FLOAT = re.compile(r"0([fFdD])([0-9a-fA-F]+)")
_INTEGER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|\d+)U?")


class Step:
    """One instruction."""

    def __init__(self, line: str):
        found = _LINE.fullmatch(line)
        if found is None:
            raise UnsupportedError(f"'{line}' in inline assembly", rule=RULE)
        self.line = " ".join(line.split())
        self.negated, self.guard = bool(found[1]), found[2]
        self.base, *parts = found[3].split(".")
        self.types = [part for part in parts if part in TYPES]
        self.flags = [part for part in parts if part not in TYPES]
        self.operands = [each.strip() for each in _OPERAND.findall(found[4])]
        if not self.types:
            raise self.unknown()

    def unknown(self) -> UnsupportedError:
        """The error for an instruction, or a form of one, without a meaning here."""
        return UnsupportedError(f"'{self.line}' in inline assembly", rule=RULE)

    def has(self, flag: str) -> bool:
        return flag in self.flags

    def bits(self, registers: dict[str, Array], text: str, type: str) -> Array:
        """An operand's bits, as many as the type has."""
        width = 32 if type in ("f16x2", "bf16x2") else 16 if type in PAIRS else WIDTHS[type]
        if text in registers:
            found = registers[text]
        elif match := _HEX_FLOAT.fullmatch(text):
            found = np.array(int(match[2], 16), U64)
        elif _INTEGER.fullmatch(text):
            found = np.array(int(text.rstrip("U"), 0) & (1 << 64) - 1, U64)
        else:
            dtype = FLOATS[type]
            stored = np.asarray(dtype.round(np.asarray(float(text), np.float64)), dtype.storage)
            found = stored.view(np.dtype(f"u{dtype.itemsize}")).astype(U64)
        return found.astype(np.dtype(f"u{width // 8}"))

    def value(self, registers: dict[str, Array], text: str, type: str) -> Array:
        """An operand as a number: floats in their carriers."""
        if type == "pred":
            flag = text.lstrip("!")
            return registers[flag] ^ text.startswith("!")
        bits = self.bits(registers, text, type)
        if type in FLOATS:
            dtype = FLOATS[type]
            wide = bits.view(dtype.storage).astype(dtype.carrier)
            return self.flushed(wide) if type == "f32" else wide
        return bits.view(np.dtype(f"i{bits.dtype.itemsize}")) if type[0] == "s" else bits

    def flushed(self, value: Array) -> Array:
        """With .ftz: no numbers below the smallest normal one."""
        if not self.has("ftz"):
            return value
        return np.where(np.abs(value) < np.finfo(np.float32).tiny, np.copysign(np.float32(0), value), value)

    def stored(self, value: Any, type: str) -> Array:
        """A float in its carrier as its bits."""
        dtype = FLOATS[type]
        number: Array = np.asarray(value)
        if self.has("sat"):
            number = np.where(np.isnan(number), np.zeros_like(number), np.clip(number, 0, 1))
        if self.has("relu"):
            number = np.maximum(number, np.zeros_like(number))
        if type == "f32":
            number = self.flushed(number)
        return number.astype(dtype.storage).view(np.dtype(f"u{dtype.itemsize}"))
