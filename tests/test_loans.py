"""What on-chip buffers have on loan nobody can tell: programs with it and without leave the same bits after as many
cycles."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import pytest
from road_machines import three_cores
from road_programs import case

import minilinalg as ml
from minilinalg.errors import InputError, RunError
from minilinalg.interp.views import MemRef
from minilinalg.parsing import parse_module
from minilinalg.run_options import RunOptions
from minilinalg.sim.run import Simulator
from minilinalg.targets import load_target

MLU = load_target("mlu370")
SIZE = {"f32": 4, "f16": 2, "i32": 4}
DTYPE = {"f32": np.float32, "f16": np.float16, "i32": np.int32}


def outcome(simulator: Simulator, grid: Any, args: Sequence[Any]) -> Any:
    """All arrays afterwards, as bytes, and the report; the text of an error in its place."""
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    try:
        report = simulator.run(grid, copies).report
    except RunError as error:
        return error.diagnostic.render()
    return [a.tobytes() for a in copies if isinstance(a, np.ndarray)], report


def same_without_loans(simulator: Simulator, grid: Any, args: Sequence[Any]) -> int:
    """Compares a run with one in which every buffer holds its own elements; how many loans there were."""
    made = 0
    lend = MemRef.lend

    def counted(self: MemRef, *loan: Any) -> bool:
        nonlocal made
        lent = lend(self, *loan)
        made += lent
        return lent

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemRef, "lend", counted)
        found = outcome(simulator, grid, args)
        patch.setattr(MemRef, "lend", lambda *_: False)
        assert found == outcome(simulator, grid, args)
    return made


class Writer:
    """Random instructions on buffers that overlap, and on blocks of global memory that do."""

    def __init__(self, random: Random):
        self.random = random
        self.lines: list[str] = []
        self.count = 0
        self.addresses: dict[str, int] = {}
        self.buffers = [self.buffer() for _ in range(5)]

    def name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def buffer(self) -> tuple[str, str]:
        name, element = self.name(), self.random.choice(("f32", "f32", "f16", "i32"))
        type_ = f"memref<8x16x{element}, #simd.space<nram>>"
        address = self.addresses[name] = 128 * self.random.randrange(8)
        self.lines.append(f"{name} = memref.alloc() {{simd.address = {address} : i64}} : {type_}")
        return name, element

    def part(self, of: tuple[str, str], rows: str, whole: bool, start: int) -> tuple[str, str]:
        buffer, element = of
        if whole:
            return buffer, f"memref<8x16x{element}, #simd.space<nram>>"
        name = self.name()
        n = "?" if rows.startswith("%") else rows
        offset = f", offset: {start * 16}" if start else ""
        type_ = f"memref<{n}x16x{element}, strided<[16, 1]{offset}>, #simd.space<nram>>"
        self.lines.append(
            f"{name} = memref.subview {buffer}[{start}, 0] [{rows}, 16] [1, 1] : "
            f"memref<8x16x{element}, #simd.space<nram>> to {type_}"
        )
        return name, type_

    def dma(self) -> None:
        buffer = self.random.choice(self.buffers)
        element = buffer[1]
        whole = self.random.random() < 0.6
        start = 0 if whole else self.random.randrange(3)
        rows = "8" if whole else self.random.choice(("1", "5", "%few"))
        on_chip, chip_type = self.part(buffer, rows, whole, start)
        step, first, row = self.random.choice((0, 16, 128)), 16 * self.random.randrange(3), self.random.choice((16, 48))
        offset, moved, name = self.name(), self.name(), self.name()
        self.lines += [
            f"%c{offset[1:]} = arith.constant {step} : index",
            f"%d{offset[1:]} = arith.constant {first} : index",
            f"{moved} = arith.muli %core, %c{offset[1:]} : index",
            f"{offset} = arith.addi {moved}, %d{offset[1:]} : index",
        ]
        n = "?" if rows.startswith("%") else rows
        type_ = f"memref<{n}x16x{element}, strided<[{row}, 1], offset: ?>, #simd.space<gdram>>"
        memory = f"%{self.random.choice('ab')}_{element}"
        self.lines.append(
            f"{name} = memref.reinterpret_cast {memory} to offset: [{offset}], sizes: [{rows}, 16], strides: [{row}, 1]"
            f" : memref<8192x{element}, #simd.space<gdram>> to {type_}"
        )
        sides = [(name, type_), (on_chip, chip_type)]
        if self.random.random() < 0.3:
            sides.reverse()
        (a, a_type), (b, b_type) = sides
        self.lines.append(f"simd.dma {a} -> {b} : {a_type} -> {b_type}")

    def compute(self) -> None:
        element = self.random.choice(self.buffers)[1]
        a, b, c = (self.random.choice([x for x in self.buffers if x[1] == element])[0] for _ in range(3))
        # An instruction may not overwrite what it reads, but for one on elements whose input is its output.
        apart = {x: x == c or abs(self.addresses[x] - self.addresses[c]) >= 128 * SIZE[element] for x in (a, b)}
        type_ = f"memref<8x16x{element}, #simd.space<nram>>"
        add = "addi" if element == "i32" else "addf"
        number = {"f32": "%half", "f16": "%small", "i32": "%three"}[element]
        possible = [f"simd.fill {number} -> {a} : {element} -> {type_}"]
        if apart[a] and apart[b]:
            possible.append(f"simd.{add} {a}, {b} -> {c} : {type_}")
        if apart[a] and a != c:
            possible.append(f"simd.move {a} -> {c} : {type_} -> {type_}")
        self.lines.append(self.random.choice(possible))

    @property
    def text(self) -> str:
        arguments = ", ".join(f"%{m}_{e}: memref<8192x{e}, #simd.space<gdram>>" for m in "ab" for e in SIZE)
        body = "\n".join(self.lines)
        return f"""func.func @f({arguments}) {{
  %core = simd.core_id : index
  %half = arith.constant 0.5 : f32
  %small = arith.constant 1.1 : f16
  %three = arith.constant 3 : i32
  %most = arith.constant 5 : index
  %few = arith.minsi %core, %most : index
  {body}
  return
}}"""


@pytest.mark.parametrize("first", range(0, 80, 10))
def test_random_instructions(first: int) -> None:
    made = 0
    for seed in range(first, first + 10):
        writer = Writer(Random(seed))
        for _ in range(14):
            (writer.dma if writer.random.random() < 0.6 else writer.compute)()
        random = np.random.default_rng(seed)
        args = [(random.standard_normal(8192) * 9).astype(DTYPE[e]) for _ in "ab" for e in SIZE]
        unchecked = Simulator(parse_module(writer.text), MLU, options=RunOptions(checks=False))
        made += same_without_loans(unchecked, 1, args)
    assert made > 20


@pytest.mark.parametrize("target", [MLU, three_cores()], ids=lambda target: target.name)
@pytest.mark.parametrize("seed", range(12))
def test_random_kernels(seed: int, target: Any) -> None:
    launch = case(Random(seed))
    try:
        kernel = ml.compile(parse_module(launch.text), target=target)
    except InputError:
        # Too large for the machine.
        return
    same_without_loans(Simulator(kernel.module("simd"), target), launch.grid, launch.arguments)
