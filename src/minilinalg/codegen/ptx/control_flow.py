"""Loops and branches, which all threads of a block take alike: labels and `bra.uni`.

What a loop carries, or a branch gives back, has registers of its own; each way there moves its values into them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xdsl.ir import Block, SSAValue

from minilinalg.codegen.ptx.elements import Element, Operand, signed
from minilinalg.codegen.ptx.writer import Handler, Writer

OPCODES = {"r": "mov.b32", "d": "mov.b64", "p": "mov.pred"}


class Slots:
    """Registers for values that are written in several places."""

    def __init__(self, w: Writer, values: Sequence[SSAValue], like: Sequence[SSAValue]):
        """For each value as many registers as the one in `like` has."""
        self.w, self.values = w, values
        self.registers: list[list[str]] = []
        for value, model in zip(values, like, strict=True):
            count, bits = len(w.values[model]), w.bits(value)
            letter = "p" if bits == 1 else "d" if bits == 64 else "r"
            number = count if bits in (1, 64) else -(-count * bits // 32)
            self.registers.append([w.new(letter) for _ in range(number)])
            w.values[value] = self.elements(value, self.registers[-1], count)

    def elements(self, value: SSAValue, registers: Sequence[str], count: int) -> Sequence[Element]:
        bits = self.w.bits(value)
        return list(registers) if bits in (1, 64) else self.w.parts(registers, bits, count)

    def fill(self, sources: Sequence[SSAValue]) -> None:
        """Moves values into the registers, all at once."""
        moves: list[tuple[str, Operand]] = []
        for registers, source in zip(self.registers, sources, strict=True):
            moves += zip(registers, self.operands(source), strict=True)
        moves = [(into, operand) for into, operand in moves if into != operand]
        written = {into for into, _ in moves}
        # What is overwritten before it is read is saved.
        saved: dict[Operand, str] = {}
        for _, operand in moves:
            if operand in written and operand not in saved:
                assert isinstance(operand, str)
                saved[operand] = self.w.new(operand[1])
                move(self.w, saved[operand], operand)
        for into, operand in moves:
            move(self.w, into, saved.get(operand, operand))

    def operands(self, value: SSAValue) -> Sequence[Operand]:
        bits, elements = self.w.bits(value), self.w.values[value]
        return [self.w.number(x) for x in elements] if bits in (1, 64) else self.w.words(elements, bits)


def move(w: Writer, into: str, operand: Operand) -> None:
    """Writes an operand into a register, which others may write, too."""
    if into[1] == "p" and isinstance(operand, int):
        shown = str(operand & 1)
    else:
        shown = _shown(operand, 64 if into[1] == "d" else 32)
    w.raw(f"{OPCODES[into[1]]} {into}, {shown};", (into,), needed=False)


def yielded(block: Block) -> Sequence[SSAValue]:
    """What the last operation of a block hands on."""
    last = block.last_op
    assert last is not None
    return last.operands


def _for(w: Writer, op: Any) -> None:
    """The last turn is found by how much is left, so that nothing overflows at the largest bound."""
    variable, *carried = op.body.block.args
    bits = w.bits(variable)
    if bits not in (32, 64):
        raise w.unsupported(f"a loop over {variable.type}", "a loop counts with i32 or i64")
    letter = "d" if bits == 64 else "r"
    low, high, step = (w.number(w.values[value][0]) for value in (op.lb, op.ub, op.step))
    slots = Slots(w, carried, op.iter_args)
    slots.fill(op.iter_args)
    start, behind = w.label("loop"), w.label("done")
    counter = w.new(letter)
    relation = "u" if _is_unsigned(op) else "s"
    w.raw(f"mov.b{bits} {counter}, {_shown(low, bits)};", (counter,))
    none = w.pure("p", f"setp.ge.{relation}{bits}", counter, high)
    w.raw(f"@{none} bra.uni {behind};")
    w.raw(f"{start}:")
    w.values[variable] = [counter]
    with w.scope():
        w.run(op.body.block)
        slots.fill(yielded(op.body.block))
        left = w.pure(letter, f"sub.s{bits}", high, counter)
        more = w.pure("p", f"setp.gt.u{bits}", left, step)
        w.raw(f"add.s{bits} {counter}, {counter}, {_shown(step, bits)};", (counter,))
        w.raw(f"@{more} bra.uni {start};")
    w.raw(f"{behind}:")
    _results(w, op, carried)


def _is_unsigned(op: Any) -> bool:
    return "unsignedCmp" in op.properties


def _shown(operand: Operand, bits: int) -> str:
    return operand if isinstance(operand, str) else str(signed(operand, bits))


def _results(w: Writer, op: Any, carried: Sequence[SSAValue]) -> None:
    for result, value in zip(op.results, carried, strict=True):
        w.values[result] = w.values[value]


def _if(w: Writer, op: Any) -> None:
    (condition,) = w.values[op.cond]
    then: Block = op.regions[0].block
    otherwise: Block | None = op.regions[1].block if op.regions[1].blocks else None
    if isinstance(condition, int):
        block = then if condition else otherwise
        if block is not None:
            w.run(block)
            for result, value in zip(op.results, yielded(block), strict=True):
                w.values[result] = w.values[value]
        return
    other, behind = w.label("else"), w.label("done")
    w.raw(f"@!{w.predicate(condition)} bra.uni {other};")
    slots = None
    with w.scope():
        w.run(then)
        if op.results:
            slots = Slots(w, op.results, yielded(then))
            slots.fill(yielded(then))
    if otherwise is None:
        w.raw(f"{other}:")
        return
    w.raw(f"bra.uni {behind};")
    w.raw(f"{other}:")
    with w.scope():
        w.run(otherwise)
        if slots is not None:
            slots.fill(yielded(otherwise))
    w.raw(f"{behind}:")


def _while(w: Writer, op: Any) -> None:
    before, after = (region.block for region in op.regions)
    slots = Slots(w, before.args, op.operands)
    slots.fill(op.operands)
    start, behind = w.label("loop"), w.label("done")
    w.raw(f"{start}:")
    with w.scope():
        w.run(before)
        condition, *passed = yielded(before)
        out = Slots(w, after.args, passed)
        goes_on = w.predicate(w.values[condition][0])
        out.fill(passed)
        w.raw(f"@!{goes_on} bra.uni {behind};")
        w.run(after)
        slots.fill(yielded(after))
        w.raw(f"bra.uni {start};")
    w.raw(f"{behind}:")
    _results(w, op, after.args)


def _nothing(w: Writer, op: Any) -> None:
    """The end of a block, which what holds the block reads."""


def _return(w: Writer, op: Any) -> None:
    w.raw("ret;")


HANDLERS: Mapping[str, Handler] = {
    "scf.for": _for,
    "scf.if": _if,
    "scf.while": _while,
    "scf.yield": _nothing,
    "scf.condition": _nothing,
    "func.return": _return,
}
