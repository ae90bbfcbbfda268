"""Elements of 8 and 16 bits in registers of 32: whatever is put together, each element keeps its bits."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilinalg.codegen.ptx.elements import Element, Part, immediate, signed
from minilinalg.codegen.ptx.integers import add, exclusive, multiply, offset, split
from minilinalg.codegen.ptx.registers import through_words
from minilinalg.codegen.ptx.writer import ALL, Machine, Writer, sum_zeros


def writer() -> Writer:
    return Writer(Machine(80), {}, 32)


class Thread:
    """Runs the few instructions that move bits, as the PTX ISA defines them."""

    def __init__(self, registers: dict[str, int]):
        self.registers = registers

    def run(self, w: Writer) -> None:
        for instruction in w.instructions:
            opcode, rest = instruction.text.rstrip(";").split(" ", 1)
            into, *operands = [self.value(x) if i else x for i, x in enumerate(re.split(r",\s*", rest))]
            self.registers[str(into)] = self.compute(opcode, operands) & ALL

    def value(self, text: str) -> int:
        return self.registers[text] if text.startswith("%") else int(text, 0) & 0xFFFFFFFFFFFFFFFF

    def compute(self, opcode: str, x: list[Any]) -> int:
        match opcode:
            case "prmt.b32":
                return sum(self.byte(x[0], x[1], x[2] >> 4 * i & 15) << 8 * i for i in range(4))
            case "mov.b32" | "mov.pred":
                return x[0]
            case "add.s32":
                return x[0] + x[1]
            case "xor.b32":
                return x[0] ^ x[1]
            case "shl.b32":
                return x[0] << x[1]
            case "mul.lo.s32":
                return x[0] * x[1]
            case "selp.b32":
                return x[0] if x[2] else x[1]
            case "setp.ne.s32":
                return int(x[0] & ALL != x[1] & ALL)
            case _:
                raise AssertionError(opcode)

    @staticmethod
    def byte(a: int, b: int, selector: int) -> int:
        found = ((b & ALL) << 32 | a & ALL) >> 8 * (selector & 7) & 0xFF
        return found if selector < 8 else 0xFF * (found >> 7)

    def of(self, operand: Any) -> int:
        return operand if isinstance(operand, int) else self.registers[operand]


WORDS = st.lists(st.integers(0, ALL), min_size=1, max_size=4)


@st.composite
def packed(draw: st.DrawFn) -> tuple[int, dict[str, int], list[Element]]:
    """A width, registers with anything in them, and elements that are parts of them, or constants."""
    bits = draw(st.sampled_from([8, 16]))
    registers = {f"%r{100 + i}": word for i, word in enumerate(draw(WORDS))}
    part = st.builds(Part, st.sampled_from(sorted(registers)), st.integers(0, 32 // bits - 1).map(lambda i: i * bits))
    element = st.one_of(part, st.integers(0, (1 << bits) - 1))
    return bits, registers, draw(st.lists(element, min_size=1, max_size=9))


def bits_of(registers: dict[str, int], element: Element, bits: int) -> int:
    mask = (1 << bits) - 1
    return registers[element.word] >> element.bit & mask if isinstance(element, Part) else int(element) & mask  # type: ignore


@given(packed())
def test_elements_keep_their_bits(case: Any) -> None:
    bits, registers, elements = case
    w = writer()
    words = w.words(elements, bits)
    assert len(words) == -(-len(elements) * bits // 32)
    thread = Thread(dict(registers))
    thread.run(w)
    found = w.parts(words, bits, len(elements))
    for old, new in zip(elements, found, strict=True):
        assert bits_of(thread.registers, new, bits) == bits_of(registers, old, bits)


@given(packed())
def test_extension(case: Any) -> None:
    bits, registers, elements = case
    w = writer()
    pairs = [(w.widened(x, bits, sign=True), w.widened(x, bits, sign=False)) for x in elements]
    thread = Thread(dict(registers))
    thread.run(w)
    for element, (wide, bare) in zip(elements, pairs, strict=True):
        exact = bits_of(registers, element, bits)
        assert thread.of(bare) == exact
        assert signed(thread.of(wide), 32) == signed(exact, bits)


def test_whole_registers_are_only_renamed() -> None:
    w = writer()
    pairs = [Part("%r1", 0), Part("%r1", 16), Part("%r2", 0), Part("%r2", 16)]
    assert w.words(pairs[2:] + pairs[:2], 16) == ["%r2", "%r1"]
    quads = [Part("%r1", bit) for bit in (0, 8, 16, 24)]
    assert w.words(quads, 8) == ["%r1"]
    # A rest needs no more than its own bits.
    assert w.words(pairs[:1], 16) == ["%r1"]
    assert w.instructions == []


def test_a_pair_of_two_registers_takes_one_instruction_once() -> None:
    w = writer()
    pair = [Part("%r1", 16), Part("%r2", 0)]
    assert w.words(pair * 2, 16) == ["%r1", "%r1"] == w.words(pair, 16) * 2
    assert [i.text for i in w.instructions] == ["prmt.b32 %r1, %r1, %r2, 21554;"]


def test_predicates_travel_as_numbers() -> None:
    w = writer()
    found = through_words(w, ["%p7", 1], 1, lambda x: w.register(x))
    thread = Thread({"%p7": 0})
    thread.run(w)
    assert [thread.of(x) for x in found] == [0, 1]


NUMBERS = st.one_of(st.integers(0, ALL), st.integers(0, 64), st.sampled_from([1 << 31, ALL, 1 << 20]))


@given(NUMBERS, st.integers(0, ALL), st.lists(st.tuples(st.sampled_from("+x^"), NUMBERS), max_size=6))
def test_sums_that_are_not_added_yet(value: int, clear: int, steps: list[tuple[str, int]]) -> None:
    """Constants that are added, multiplied, exclusive-or'd to a register some of whose bits are 0 for sure."""
    w = writer()
    w.zeros["%r900"] = clear
    thread = Thread({"%r900": value & ~clear})
    element: Element = "%r900"
    exact = value & ~clear
    for kind, number in steps:
        compute, step = {"+": (add, exact + number), "x": (multiply, exact * number), "^": (exclusive, exact ^ number)}[
            kind
        ]
        element, exact = compute(w, element, number, 32), step & ALL
    base, by = split(element)
    if isinstance(base, str) and base != "%r900":
        zeros = w.zeros.get(base, 0)
    else:
        zeros = 0
    operand = w.number(element)
    thread.run(w)
    assert thread.of(operand) & ALL == exact
    assert base is None or (thread.of(base) + by) & ALL == exact
    assert base is None or thread.of(base) & zeros == 0


@given(st.integers(0, ALL), st.integers(0, ALL), st.integers(0, ALL), st.integers(0, ALL))
def test_zeros_of_sums(a: int, b: int, zeros_a: int, zeros_b: int) -> None:
    assert (a & ~zeros_a) + (b & ~zeros_b) & ALL & sum_zeros(zeros_a, zeros_b) == 0


@pytest.mark.parametrize(
    ("bits", "type", "text"),
    [
        (0x3F800000, "f32", "0f3F800000"),
        (0xFFFFFFFF, "s32", "-1"),
        (0xFFFFFFFF, "b32", "-1"),
        (1 << 63, "s64", str(-(1 << 63))),
        (0x3FF0000000000000, "f64", "0d3FF0000000000000"),
        (0x3C003C00, "f16x2", "0x3C003C00"),
        (1, "pred", "1"),
    ],
)
def test_constants(bits: int, type: str, text: str) -> None:
    assert immediate(bits, type) == text


def test_offsets() -> None:
    assert offset("%r1", 0, 32) == "%r1"
    assert offset(None, -1, 32) == ALL
    assert split(offset("%r1", 1 << 32 | 5, 32)) == ("%r1", 5)
