"""Inline assembly: the text, with registers in the places of its operands, in a scope of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from minilinalg.codegen.ptx.elements import Element, Part
from minilinalg.codegen.ptx.writer import Handler, Writer
from minilinalg.dialects.simt.types import count_of
from minilinalg.dialects.tt.effects import is_true
from minilinalg.dialects.tt.inline_assembly import Registers, assembly_of

KINDS = {16: "h", 32: "r", 64: "d"}


def _inline_asm(w: Writer, op: Any) -> None:
    assembly = assembly_of(op)
    made: list[list[Element]] = [[] for _ in op.result]
    for first in range(0, count_of(op.result[0].type), assembly.packed):
        into = [[w.new(KINDS[each.bits]) for _ in range(each.count)] for each in assembly.results]
        names = [name for registers in into for name in registers]
        for arg, each in zip(op.args, assembly.arguments, strict=True):
            given = w.values[arg][first : first + assembly.packed]
            for i in range(each.count):
                register = _in_register(w, given[i * each.elements :][: each.elements], each)
                if each.same_as is not None:
                    tied = names[each.same_as + i]
                    w.raw(f"mov.b{each.bits} {tied}, {register};", (tied,), needed=False)
                names.append(register)
        text = assembly.written(lambda number, names=names: names[number])
        results = tuple(name for registers in into for name in registers)
        # Lines are joined, so that a comment would go on to the end.
        text = re.sub(r"//[^\n]*", "", text)
        w.raw(f"{{ {' '.join(text.split())} }}", results, needed=not is_true(op.pure))
        for elements, registers, each in zip(made, into, assembly.results, strict=True):
            for register in registers:
                elements += _elements(w, register, each)
    for result, elements in zip(op.result, made, strict=True):
        w.values[result] = elements


def _in_register(w: Writer, elements: Sequence[Element], each: Registers) -> str:
    """Elements side by side in a register of the kind that is asked for."""
    if each.width in (32, 64):
        own = w.register(elements[0], "d" if each.width == 64 else "r")
        return own if each.width == each.bits else w.pure("d", "cvt.u64.u32", own)
    (word,) = w.words(elements, each.width)
    own = word if isinstance(word, str) else w.register(word)
    if each.bits == 32:
        return own
    return w.pure(KINDS[each.bits], f"cvt.u{each.bits}.u32", own)


def _elements(w: Writer, register: str, each: Registers) -> Sequence[Element]:
    if each.width in (32, 64):
        return [register if each.width == each.bits else w.pure("r", "cvt.u32.u64", register)]
    word = register if each.bits == 32 else w.pure("r", f"cvt.u32.u{each.bits}", register)
    return [Part(word, i * each.width) for i in range(each.elements)]


HANDLERS: Mapping[str, Handler] = {"simt.inline_asm": _inline_asm}
