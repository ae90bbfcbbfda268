"""Registers that a block gives up for more blocks at once; the driver is one that answers."""

from __future__ import annotations

from typing import Any

import pytest
from simt_programs import module

from minilinalg.codegen.ptx import Machine
from minilinalg.cuda import CudaKernel, kernel
from minilinalg.cuda.driver import LOCAL_BYTES, MAX_SHARED_OF_BLOCK, REGISTERS, REGISTERS_OF_PROCESSOR
from minilinalg.errors import InputError

WHOLE, SHARED = 65536, 232448


class Answers:
    """A driver by whose compiler a thread has `wanted` registers; fewer spill where `spills`, or are refused."""

    def __init__(self, wanted: int, spills: bool | None, most_blocks: int):
        self.wanted, self.spills, self.most_blocks = wanted, spills, most_blocks
        self.given: list[int] = []
        self.unloaded: list[int] = []
        self.saves = 0
        """Registers that the compiler leaves of those that it may take."""

    def attribute(self, number: int) -> int:
        return {MAX_SHARED_OF_BLOCK: SHARED, REGISTERS_OF_PROCESSOR: WHOLE}[number]

    def load(self, text: str) -> int:
        limit = int(text.split(".maxnreg ")[1].split()[0]) - self.saves if ".maxnreg" in text else self.wanted
        if self.spills is None and limit < self.wanted:
            raise InputError("the CUDA driver refuses the PTX", rule="insufficient registers")
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
        (34, None, 32, [34], 34),
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
    monkeypatch: pytest.MonkeyPatch, wanted: int, spills: bool | None, most_blocks: int, given: list[int], kept: int
) -> None:
    answers = Answers(wanted, spills, most_blocks)
    monkeypatch.setattr(kernel, "driver", lambda: answers)
    made = CudaKernel(module("", threads=128), None, Machine(80))
    assert answers.given == given
    assert made.registers == kept
    assert (f".maxnreg {kept}" in made.text) == (kept != wanted)
    assert answers.unloaded == [] if len(given) == 1 else [1 if kept != wanted else 2]


def test_again_where_the_compiler_takes_fewer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(44, False, 32)
    answers.saves = 1
    monkeypatch.setattr(kernel, "driver", lambda: answers)
    made = CudaKernel(module("", threads=128), None, Machine(80))
    assert answers.given == [44, 39, 31, 23, 15]
    assert made.registers == 15 and ".maxnreg 16" in made.text
    assert answers.unloaded == [1, 2, 3, 4]
