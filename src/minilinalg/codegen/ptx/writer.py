"""The instructions of one function while they are written: registers, and what each value of the IR has become.

An instruction without effects is written once for the same operands (`pure`), where that one has been run for sure: a
region sees those of the regions around it. What nothing uses in the end is not printed (`live`).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

from xdsl.ir import Block, Operation, SSAValue

from minilinalg.codegen.ptx.elements import BITS, Element, Offset, Operand, Part, Wide, immediate, kind_of
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of

CLASSES = {"h": ".b16", "r": ".b32", "d": ".b64", "p": ".pred"}
"""The letter of a register's name -> its type."""

ALL = 0xFFFFFFFF
_REGISTER = re.compile(r"%[hrdp]\d+")


class Instruction(NamedTuple):
    """One line. `into`: the registers that it writes. `needed`: it stays though nothing reads them."""

    text: str
    into: tuple[str, ...]
    needed: bool


class Machine(NamedTuple):
    """What PTX is written for: the compute capability (80, 90), and whether its own features may be used (`sm_90a`)."""

    capability: int
    specific: bool = False

    @property
    def name(self) -> str:
        return f"sm_{self.capability}{'a' if self.specific else ''}"


Handler: TypeAlias = Callable[["Writer", Any], None]


class Writer:
    """What is written so far, and `values`: what stands for each value of the IR, element by element."""

    def __init__(self, machine: Machine, handlers: Mapping[str, Handler], threads: int):
        self.machine = machine
        self.threads = threads
        self.handlers = handlers
        self.instructions: list[Instruction] = []
        self.values: dict[SSAValue, Sequence[Element]] = {}
        self.zeros: dict[str, int] = {}
        """Of a 32-bit register: bits that are 0 for sure, as a mask."""
        self.tables: dict[str, Sequence[int]] = {}
        """Constant tables of 32-bit words that the function reads, by name."""
        self.texts: dict[str, str] = {}
        """Texts in global memory, by name."""
        self.local_bytes: dict[str, int] = {}
        """Buffers in a thread's local memory, by name."""
        self.version: tuple[int, int] = (8, 0)
        """Of PTX, that the instructions so far need."""
        self.scratch: str | None = None
        """The register with the address of what the launch lends this block."""
        self.op: Operation | None = None
        self._counts = dict.fromkeys(CLASSES, 0)
        self._labels = 0
        self._known: list[dict[Any, Any]] = [{}]

    # What the IR has become

    def run(self, block: Block) -> None:
        """Writes the operations of a block."""
        for op in block.ops:
            self.op = op
            handler = self.handlers.get(op.name)
            if handler is None:
                raise self.unsupported(f"'{op.name}' cannot be printed as PTX", "codegen/ptx has a table row for each")
            handler(self, op)

    def unsupported(self, found: str, rule: str, hint: str | None = None) -> UnsupportedError:
        """An error at the operation that is being written."""
        return UnsupportedError(found, rule=rule, hint=hint, places=() if self.op is None else places_of(self.op))

    def bits(self, value: SSAValue) -> int:
        """The width of an element. Raises UnsupportedError for a type that PTX has no registers for."""
        kind = kind_of(value.type)
        if kind not in BITS:
            raise self.unsupported(f"elements of type {kind}", f"elements are of one of the types {', '.join(BITS)}")
        return BITS[kind]

    # Instructions

    def new(self, letter: str) -> str:
        """A fresh register."""
        self._counts[letter] += 1
        return f"%{letter}{self._counts[letter]}"

    def label(self, name: str) -> str:
        """A fresh label."""
        self._labels += 1
        return f"${name}_{self._labels}"

    def text(self, text: str) -> str:
        """The name of a text in global memory, the same for the same."""
        name = f"text_{zlib.crc32(text.encode()):08x}"
        self.texts[name] = text
        return name

    def raw(self, text: str, into: tuple[str, ...] = (), needed: bool = True) -> None:
        """Any line."""
        self.instructions.append(Instruction(text, into, needed))

    def pure(self, letter: str, opcode: str, *operands: Operand) -> str:
        """The result of an instruction that depends on nothing but its operands."""
        key = opcode, operands
        for known in reversed(self._known):
            found = known.get(key)
            if found is not None:
                return found
        into = self.new(letter)
        type = opcode[opcode.rindex(".") + 1 :]
        shown = ", ".join(o if isinstance(o, str) else immediate(o, type) for o in operands)
        self.instructions.append(Instruction(f"{opcode} {into}, {shown};", (into,), False))
        self._known[-1][key] = into
        return into

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` returned for the same key before, where that was run for sure."""
        for known in reversed(self._known):
            if key in known:
                return known[key]
        made = self._known[-1][key] = make()
        return made

    @contextmanager
    def scope(self) -> Generator[None]:
        """What is written inside may not have been run behind it."""
        self._known.append({})
        try:
            yield
        finally:
            self._known.pop()

    # Elements as operands

    def number(self, element: Element) -> Operand:
        """An element of 32 or 64 bits, or a predicate, as an operand."""
        match element:
            case Offset(base, by, bits):
                if bits == 32:
                    assert isinstance(base, str)
                    return self._added(base, by)
                whole = self.pure("d", "cvt.s64.s32", base.register) if isinstance(base, Wide) else base
                return self.pure("d", "add.s64", whole, by) if by else whole
            case Part():
                raise AssertionError("an element of less than 32 bits")
            case _:
                return element

    def _added(self, base: str, by: int) -> str:
        into = self.pure("r", "add.s32", base, by)
        self.zeros[into] = sum_zeros(self.zeros.get(base, 0), ~by & ALL)
        return into

    def register(self, element: Element, letter: str = "r") -> str:
        """An element of 32 or 64 bits, or a predicate, in a register."""
        found = self.number(element)
        if isinstance(found, str):
            return found
        return self.pure(letter, {"r": "mov.b32", "d": "mov.b64", "p": "mov.pred"}[letter], found)

    def widened(self, element: Element, bits: int, *, sign: bool) -> Operand:
        """An integer of 8 or 16 bits as one of 32."""
        if isinstance(element, int):
            low = element & ((1 << bits) - 1)
            return (low - (1 << bits)) & ALL if sign and low >> bits - 1 else low
        assert isinstance(element, Part)
        word, bit = element
        first, count = bit // 8, bits // 8
        picked = [first + i for i in range(count)]
        above = picked[-1] | 8 if sign else 4
        selector = sum(nibble << 4 * i for i, nibble in enumerate([*picked, *[above] * (4 - count)]))
        into = self.pure("r", "prmt.b32", word, 0, selector)
        if not sign:
            self.zeros[into] = ALL << bits & ALL
        return into

    def loose(self, element: Element, bits: int) -> Operand:
        """An integer of 8 or 16 bits in the lowest bits of an operand; the others say nothing."""
        if isinstance(element, Part) and element.bit == 0:
            return element.word
        return self.widened(element, bits, sign=False)

    def predicate(self, element: Element) -> str:
        """An i1 in a predicate."""
        assert isinstance(element, str | int)
        return self.register(element, "p")

    # Registers of several elements

    def words(self, elements: Sequence[Element], bits: int) -> list[Operand]:
        """Elements of 8, 16 or 32 bits as operands of 32, the first element in the lowest bits."""
        if bits == 32:
            return [self.number(element) for element in elements]
        count = 32 // bits
        return [self._word(list(elements[at : at + count]), bits) for at in range(0, len(elements), count)]

    def _word(self, elements: list[Element], bits: int) -> Operand:
        first = elements[0]
        if isinstance(first, Part) and elements == [(first.word, i * bits) for i in range(len(elements))]:
            return first.word
        constants = [element for element in elements if isinstance(element, int)]
        if len(constants) == len(elements):
            return sum((element & ((1 << bits) - 1)) << i * bits for i, element in enumerate(constants))
        if len(elements) == 1:
            return self.loose(first, bits)
        if bits == 16:
            return self._joined(elements[0], elements[1], 16)
        halves = [Part(self.register(self._half(elements[i : i + 2]))) for i in range(0, len(elements), 2)]
        return halves[0].word if len(halves) == 1 else self._joined(halves[0], halves[1], 16)

    def _half(self, pair: Sequence[Element]) -> Operand:
        return self.loose(pair[0], 8) if len(pair) == 1 else self._joined(pair[0], pair[1], 8)

    def _joined(self, low: Element, high: Element, bits: int) -> Operand:
        """Two elements side by side in the lower bits of a register."""
        if isinstance(low, int) and isinstance(high, int):
            return low | high << bits
        count = bits // 8
        words: list[Operand] = []
        picked: list[int] = []
        for at, element in enumerate((low, high)):
            word, bit = element if isinstance(element, Part) else (self.number(element), 0)
            words.append(word)
            picked += [4 * at + bit // 8 + i for i in range(count)]
        return self.pure("r", "prmt.b32", *words, sum(nibble << 4 * i for i, nibble in enumerate(picked)))

    def parts(self, words: Iterable[Operand], bits: int, count: int) -> list[Element]:
        """The elements of registers of 32 bits: the inverse of `words`."""
        found: list[Element] = []
        if bits == 32:
            found += words
            return found[:count]
        for word in words:
            for bit in range(0, 32, bits):
                found.append(Part(word, bit) if isinstance(word, str) else word >> bit & ((1 << bits) - 1))
        return found[:count]

    # The end

    def declarations(self) -> list[str]:
        """The registers and buffers, as PTX declares them."""
        return [
            *(f".reg {CLASSES[letter]} %{letter}<{count + 1}>;" for letter, count in self._counts.items() if count),
            *(f".local .align 8 .b8 {name}[{nbytes}];" for name, nbytes in self.local_bytes.items()),
        ]

    def live(self) -> list[str]:
        """The lines, without instructions whose results nothing needs."""
        readers = self.instructions
        by_register: dict[str, list[int]] = {}
        for at, instruction in enumerate(readers):
            for register in instruction.into:
                by_register.setdefault(register, []).append(at)
        kept = {at for at, instruction in enumerate(readers) if instruction.needed}
        todo = list(kept)
        while todo:
            for register in _REGISTER.findall(readers[todo.pop()].text):
                for at in by_register.pop(register, ()):
                    if at not in kept:
                        kept.add(at)
                        todo.append(at)
        return [instruction.text for at, instruction in enumerate(readers) if at in kept]


def sum_zeros(a: int, b: int) -> int:
    """Bits that are 0 in a sum for sure, given those of both terms: below both, and above the largest sum."""
    most = (~a & ALL) + (~b & ALL)
    if a | b == ALL:
        return a & b
    low = min(_trailing(a), _trailing(b))
    high = ALL if most > ALL else (1 << most.bit_length()) - 1
    return (~high & ALL) | ((1 << low) - 1)


def _trailing(mask: int) -> int:
    """How many of the lowest bits are set."""
    return (~mask & (mask + 1)).bit_length() - 1
