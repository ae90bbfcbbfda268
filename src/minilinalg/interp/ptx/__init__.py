"""The instructions of PTX that inline assembly is made of, over arrays: one register of all threads, all at once.

Registers are arrays of uint64, of which an instruction reads the bits of its type, predicates arrays of bool. What the
PTX ISA calls approximate is rounded once here. Left out: memory, branches, what lanes do together, special registers.
"""

from __future__ import annotations

import re

import numpy as np

from minilinalg.interp.ptx.meanings import KNOWN_FLAGS, MEANINGS, Registers
from minilinalg.interp.ptx.step import U64, Step

__all__ = ["U64", "Text"]


class Text:
    """A text of PTX, read once. Raises UnsupportedError for what it knows no meaning of."""

    def __init__(self, text: str):
        text = re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)
        self.steps: list[Step] = []
        for part in text.split(";"):
            line = part.strip()
            while line[:1] in ("{", "}"):
                line = line[1:].strip()
            if line and not line.startswith(".reg"):
                self.steps.append(_known(Step(line)))

    def run(self, registers: Registers) -> None:
        """Carries it out on `registers`, by name."""
        with np.errstate(all="ignore"):
            for step in self.steps:
                _run(step, registers)


def _known(step: Step) -> Step:
    if step.base not in MEANINGS or not set(step.flags) <= KNOWN_FLAGS:
        raise step.unknown()
    return step


def _run(step: Step, registers: Registers) -> None:
    into, *sources = step.operands
    # What is not known of operands shows here, as an instruction has many forms.
    try:
        results = MEANINGS[step.base](step, registers, sources)
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise step.unknown() from error
    names = re.split(r"[,|]", into.strip("{}"))
    for name, value in zip((n.strip() for n in names), results, strict=False):
        value = np.asarray(value)
        if value.dtype != np.bool_:
            value = value.view(np.dtype(f"u{value.dtype.itemsize}")).astype(U64)
        if step.guard is not None:
            holds = registers[step.guard] ^ step.negated
            value = np.where(holds, value, registers.get(name, np.zeros((), value.dtype)))
        registers[name] = value
