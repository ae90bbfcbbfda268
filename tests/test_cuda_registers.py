"""Registers that a block gives up for more blocks at once; the driver is one that answers."""

from __future__ import annotations

from typing import Any

import pytest
from simt_programs import module

from minilinalg.codegen.ptx import Machine
from minilinalg.cuda import CudaKernel, kernel
from minilinalg.cuda.driver import LOCAL_BYTES, MAX_SHARED_OF_BLOCK, REGISTERS, REGISTERS_OF_PROCESSOR

WHOLE, SHARED = 65536, 232448


class Answers:
    """A driver by whose compiler a thread has `wanted` registers; fewer spill where `spills`. Module 1 is the first."""

    def __init__(self, wanted: int, spills: bool, most_blocks: int):
        self.wanted, self.spills, self.most_blocks = wanted, spills, most_blocks
        self.given: list[int] = []
        self.unloaded: list[int] = []

    def attribute(self, number: int) -> int:
        return {MAX_SHARED_OF_BLOCK: SHARED, REGISTERS_OF_PROCESSOR: WHOLE}[number]

    def load(self, text: str) -> int:
        limit = int(text.split(".maxnreg ")[1].split()[0]) if ".maxnreg" in text else self.wanted
        self.given.append(limit)
        return len(self.given)

    def call(self, function: str, *arguments: Any) -> None:
        match function:
            case "cuModuleGetFunction":
                arguments[0]._obj.value = arguments[1]
            case "cuModuleUnload":
                self.unloaded.append(arguments[0])
            case "cuFuncGetAttribute":
                registers = self.given[arguments[2].value - 1]
                spilled = 8 if self.spills and registers < self.wanted else 0
                arguments[0]._obj.value = {REGISTERS: registers, LOCAL_BYTES: spilled}[arguments[1]]
            case _:
                assert function == "cuOccupancyMaxActiveBlocksPerMultiprocessor"
                registers = self.given[arguments[1].value - 1]
                arguments[0]._obj.value = min(WHOLE // (-(-registers // 8) * 8 * arguments[2]), self.most_blocks)


@pytest.mark.parametrize(
    ("wanted", "spills", "most_blocks", "given", "kept"),
    [
        # 40 registers a thread are 12 blocks of 128, 32 are 16.
        (34, False, 32, [34, 32], 32),
        (34, True, 32, [34, 32], 34),
        (130, False, 32, [130, 128], 128),
        # All are whole; no block more fits; what limits the blocks is something else.
        (32, False, 32, [32], 32),
        (246, False, 32, [246], 246),
        (34, False, 8, [34], 34),
        # So few that none is given up.
        (14, False, 64, [14], 14),
    ],
)
def test_registers_given_up(
    monkeypatch: pytest.MonkeyPatch, wanted: int, spills: bool, most_blocks: int, given: list[int], kept: int
) -> None:
    answers = Answers(wanted, spills, most_blocks)
    monkeypatch.setattr(kernel, "driver", lambda: answers)
    made = CudaKernel(module("", threads=128), None, Machine(80))
    assert answers.given == given
    assert made.registers == kept
    assert (f".maxnreg {kept}" in made.text) == (kept != wanted)
    assert answers.unloaded == [] if len(given) == 1 else [1 if kept != wanted else 2]
