"""What a program tells: a condition that does not hold is a trap; lines are printed by vprintf, the driver's function.

Source: CUDA C++ Programming Guide, "Formatted Output"; PTX Writer's Guide to Interoperability, "System Calls": what is
printed lies in local memory, each number at a multiple of its size, beside the address of the format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minilinalg.codegen.ptx.elements import Element, Operand, kind_of
from minilinalg.codegen.ptx.writer import Handler, Writer

BUFFER = "print_buffer"


def _assert(w: Writer, op: Any) -> None:
    """The message stands beside it, for the reader: a trap has no text."""
    message = " ".join(op.message.data.split())
    for element in w.values[op.condition]:
        w.raw(f"@!{w.predicate(element)} trap; // {message}")


def _print(w: Writer, op: Any) -> None:
    """A line for each element that the mask lets through; what has no index is printed by the first thread."""
    pids = [w.pure("r", "mov.b32", f"%ctaid.{axis}") for axis in "xyz"]
    text = op.text.data.replace("%", "%%")
    head = "pid (%u, %u, %u)"
    if op.value is None:
        _line(w, _first(w), f"{head}{text}\n", pids)
        return
    widths = [len(str(extent - 1)) for extent in op.extents.get_values()]
    index = ", ".join(f"%{width}u" for width in widths)
    shown, letter = _conversion(w, op)
    for at, element in enumerate(w.values[op.value]):
        indices = [w.register(w.values[each][at]) for each in op.index]
        mask = w.values[op.mask][at] if op.mask is not None else 1 if op.index else _first(w)
        number = _number(w, op, element)
        _line(w, mask, f"{head} idx ({index}){text}{shown}\n", [*pids, *indices], (letter, number))


def _first(w: Writer) -> Element:
    return w.pure("p", "setp.eq.s32", w.pure("r", "mov.b32", "%tid.x"), 0)


def _conversion(w: Writer, op: Any) -> tuple[str, str]:
    """How printf shows an element, and the kind of the register that it is in."""
    kind, bits = kind_of(op.value.type), w.bits(op.value)
    letter, size = ("d", "ll") if bits == 64 else ("r", "")
    if op.hex is not None:
        return f"0x%0{max(bits, 8) // 4}{size}x", letter
    if kind in ("f32", "f64"):
        return "%f", "d"
    if not kind.startswith("i"):
        raise w.unsupported(f"'{op.name}' of {kind}", "what is printed as a number is an integer, f32 or f64")
    return f"%{size}{'u' if op.unsigned is not None else 'd'}", letter


def _number(w: Writer, op: Any, element: Element) -> Operand:
    """An element as printf takes it: an integer of 32 or 64 bits, a float of 64."""
    kind, bits = kind_of(op.value.type), w.bits(op.value)
    if bits == 1:
        return w.pure("r", "selp.b32", 1, 0, w.predicate(element))
    if bits < 32:
        return w.widened(element, bits, sign=op.hex is None and op.unsigned is None)
    if kind == "f32" and op.hex is None:
        return w.pure("d", "cvt.f64.f32", w.register(element))
    return w.register(element, "d" if bits == 64 else "r")


def _line(
    w: Writer, mask: Element, format: str, numbers: Sequence[str], last: tuple[str, Operand] | None = None
) -> None:
    """Prints a line where the mask is true. numbers: of 32 bits; last: the letter of a register and what it has."""
    if mask == 0:
        return
    values: list[tuple[int, Operand]] = [(4, number) for number in numbers]
    if last is not None:
        values.append((8 if last[0] == "d" else 4, last[1]))
    behind = w.label("printed")
    if mask != 1:
        w.raw(f"@!{w.predicate(mask)} bra {behind};")
    offset = 0
    for size, value in values:
        offset = -(-offset // size) * size
        w.raw(f"st.local.b{8 * size} [{BUFFER}+{offset}], {value};")
        offset += size
    w.local_bytes[BUFFER] = max(w.local_bytes.get(BUFFER, 8), offset)
    name = w.text(format)
    buffer, given, text = w.new("d"), w.new("d"), w.new("d")
    w.raw(f"mov.b64 {buffer}, {BUFFER};", (buffer,))
    w.raw(f"cvta.local.u64 {given}, {buffer};", (given,))
    w.raw(f"mov.b64 {text}, {name};", (text,))
    w.raw(f"cvta.global.u64 {text}, {text};", (text,))
    w.raw("{ .param .b64 format; .param .b64 arguments; .param .b32 count;")
    w.raw(f"st.param.b64 [format], {text};")
    w.raw(f"st.param.b64 [arguments], {given};")
    w.raw("call (count), vprintf, (format, arguments); }")
    if mask != 1:
        w.raw(f"{behind}:")


HANDLERS: Mapping[str, Handler] = {"simt.assert": _assert, "simt.print": _print}
