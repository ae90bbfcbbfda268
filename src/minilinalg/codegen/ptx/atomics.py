"""Atomics of global and shared memory: `atom`, and `red` where nothing uses what was there before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from minilinalg.codegen.ptx.conversions import half
from minilinalg.codegen.ptx.elements import Element, Part, kind_of
from minilinalg.codegen.ptx.memory import SCOPES, global_address, shared_address
from minilinalg.codegen.ptx.writer import Handler, Writer
from minilinalg.dialects.tt.attributes import MemSemantic, MemSyncScope, RMWOp

UPDATES = {
    RMWOp.AND: ("and", "b"),
    RMWOp.OR: ("or", "b"),
    RMWOp.XOR: ("xor", "b"),
    RMWOp.ADD: ("add", "u"),
    RMWOp.FADD: ("add", "f"),
    RMWOp.MAX: ("max", "s"),
    RMWOp.MIN: ("min", "s"),
    RMWOp.UMAX: ("max", "u"),
    RMWOp.UMIN: ("min", "u"),
    RMWOp.XCHG: ("exch", "b"),
}
"""Operation -> that of atom, and the letter of its type."""


def _operation(w: Writer, op: Any, update: RMWOp) -> str:
    """The operation and its type, behind the memory."""
    name, letter = UPDATES[update]
    bits, kind = w.bits(op.value), kind_of(op.value.type)
    is_float = "f" in kind
    if is_float and name == "add":
        known = kind in ("f32", "f64", "f16") or (kind == "bf16" and w.machine.capability >= 90)
        suffix = f"add.noftz.{kind}" if bits == 16 else f"add.{kind}"
    else:
        known = bits in (32, 64) and (letter == "b" or not is_float)
        suffix = f"{name}.{letter}{bits}"
    if not known:
        raise w.unsupported(
            f"'{op.name}' {update.keyword} of {kind} on {w.machine.name}",
            "atomics are of 32 and 64 bits; fadd of f16, too, and of bf16 from compute capability 9.0 on",
        )
    return suffix


def _update(w: Writer, op: Any) -> None:
    update, sem = RMWOp.of(op.kind), MemSemantic.of(op.sem)
    scope = SCOPES[MemSyncScope.of(op.scope)]
    returns = bool(op.result.uses) or update is RMWOp.XCHG or sem not in (MemSemantic.RELAXED, MemSemantic.RELEASE)
    suffix = _operation(w, op, update)
    _each(w, op, returns, f"{sem.keyword}.{scope}.global.{suffix}", global_address)


def _update_shared(w: Writer, op: Any) -> None:
    update = RMWOp.of(op.kind)
    returns = bool(op.result.uses) or update is RMWOp.XCHG
    _each(w, op, returns, f"shared.{_operation(w, op, update)}", shared_address)


def _each(w: Writer, op: Any, returns: bool, rest: str, place: Callable[[Writer, Element], str]) -> None:
    opcode, bits = f"{'atom' if returns else 'red'}.{rest}", w.bits(op.value)
    masks = [1] * len(w.values[op.value]) if op.mask is None else w.values[op.mask]
    rows = zip(w.values[op.address], w.values[op.value], masks, strict=True)
    w.values[op.result] = [
        _one(w, opcode, returns, mask, place(w, address), bits, value) for address, value, mask in rows
    ]


def _one(w: Writer, opcode: str, returns: bool, mask: Element, place: str, bits: int, *values: Element) -> Element:
    """One access, and what was there before."""
    if mask == 0:
        return 0
    guard = "" if mask == 1 else f"@{w.predicate(mask)} "
    letter = {16: "h", 32: "r", 64: "d"}[bits]
    operands = ", ".join(_short(w, value) if bits == 16 else w.register(value, letter) for value in values)
    if not returns:
        w.raw(f"{guard}{opcode} {place}, {operands};")
        return 0
    into = w.new(letter)
    if guard:
        w.raw(f"mov.b{bits} {into}, 0;", (into,), needed=False)
    w.raw(f"{guard}{opcode} {into}, {place}, {operands};", (into,))
    if bits > 16:
        return into
    word = w.new("r")
    w.raw(f"mov.b32 {word}, {{{into}, {into}}};", (word,), needed=False)
    return Part(word)


def _short(w: Writer, value: Element) -> str:
    """An element of 16 bits in a register of its own."""
    part = value if isinstance(value, Part) else Part(w.register(value))
    return half(w, part.word, part.bit)


def _compare_and_swap(w: Writer, op: Any) -> None:
    bits = w.bits(op.value)
    if bits < 16:
        raise w.unsupported(f"'{op.name}' of {kind_of(op.value.type)}", "a comparison and swap is of 16, 32 or 64 bits")
    sem, scope = MemSemantic.of(op.sem), SCOPES[MemSyncScope.of(op.scope)]
    opcode = f"atom.{sem.keyword}.{scope}.global.cas.b{bits}"
    columns = [w.values[value] for value in (op.address, op.expected, op.value)]
    masks = [1] * len(columns[0]) if op.mask is None else w.values[op.mask]
    w.values[op.result] = [
        _one(w, opcode, True, mask, global_address(w, address), bits, expected, value)
        for mask, address, expected, value in zip(masks, *columns, strict=True)
    ]


HANDLERS: Mapping[str, Handler] = {
    "simt.atomic_rmw": _update,
    "simt.atomic_rmw_shared": _update_shared,
    "simt.atomic_cas": _compare_and_swap,
}
