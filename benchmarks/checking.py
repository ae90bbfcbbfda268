"""What checking by running costs, and what it sees: `python benchmarks/checking.py [--mutants] [--survivors]`.

The cost: a launch with and without `check=True`, in one process, the best of several.
--mutants: every single mistake of the kinds below, or `--samples` of them for each kernel, in what every pass of a road
makes of some kernels of ragged sizes, one at a time. From there the check goes on to the end of the road: it names the
pass, or something else (a later pass, or the program), or notices nothing. --survivors lists all but the first.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr, ModuleOp, i64
from xdsl.ir import Operation
from xdsl.traits import is_side_effect_free

import minilinalg as ml
from minilinalg.analysis.scratch import OFFSET_ATTR
from minilinalg.check import Checker
from minilinalg.context import MLContext, make_context
from minilinalg.dialects import simd
from minilinalg.dialects.upstream import arith
from minilinalg.errors import CheckError
from minilinalg.parsing import parse_module
from minilinalg.passes.base import MinilinalgPass
from minilinalg.pipelines import road_steps, run_pipeline
from minilinalg.targets import Machine, load_target

KERNELS = Path(__file__).resolve().parents[1] / "examples" / "kernels"
TARGETS = {"simd": "mlu370", "simt": "h200"}

# Cost


def best(run: Callable[[], Any], rounds: int) -> float:
    times: list[float] = []
    for _ in range(rounds):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return min(times) * 1e3


def show_cost(rounds: int) -> None:
    rng = np.random.default_rng(0)
    n = 1 << 20
    x, y = rng.standard_normal((2, n)).astype(np.float32)
    a = rng.standard_normal((1024, 1024)).astype(np.float32)
    cases = {
        "vector_add": ("vector add 1M", n // 1024, (x, y, np.zeros_like(x), n)),
        "softmax": ("softmax 1024x1024", 1024, (np.zeros_like(a), a, 1024, 1024, 1024, 1024)),
    }
    print(f"{'':20}{'plain ms':>10}{'check ms':>10}{'ratio':>8}{'deep ms':>10}{'ratio':>8}")
    for name, (title, grid, args) in cases.items():
        kernel = ml.compile(KERNELS / f"{name}.ttir", target="mlu370")
        launch = kernel[grid]
        plain, check, deep = (best(partial(launch, *args, check=c), rounds) for c in (False, True, "deep"))
        print(f"{title:20}{plain:10.1f}{check:10.1f}{check / plain:8.1f}{deep:10.1f}{deep / plain:8.1f}")


# Mutants

DEAL = """
tt.func public @deal(%x: !tt.ptr<i32>, %out: !tt.ptr<i32>, %n: i32) {
  %px = tt.get_program_id x : i32
  %py = tt.get_program_id y : i32
  %pz = tt.get_program_id z : i32
  %gx = tt.get_num_programs x : i32
  %gy = tt.get_num_programs y : i32
  %c64 = arith.constant 64 : i32
  %plane = arith.muli %pz, %gy : i32
  %row = arith.addi %plane, %py : i32
  %before = arith.muli %row, %gx : i32
  %program = arith.addi %before, %px : i32
  %first = arith.muli %program, %c64 : i32
  %range = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32>
  %firsts = tt.splat %first : i32 -> tensor<64xi32>
  %here = arith.addi %firsts, %range : tensor<64xi32>
  %end = tt.splat %n : i32 -> tensor<64xi32>
  %mask = arith.cmpi slt, %here, %end : tensor<64xi32>
  %px0 = tt.splat %x : !tt.ptr<i32> -> tensor<64x!tt.ptr<i32>>
  %from = tt.addptr %px0, %here : tensor<64x!tt.ptr<i32>>, tensor<64xi32>
  %v = tt.load %from, %mask : tensor<64x!tt.ptr<i32>>
  %po0 = tt.splat %out : !tt.ptr<i32> -> tensor<64x!tt.ptr<i32>>
  %to = tt.addptr %po0, %here : tensor<64x!tt.ptr<i32>>, tensor<64xi32>
  %old = tt.atomic_rmw add, relaxed, gpu, %to, %v, %mask
    : (tensor<64x!tt.ptr<i32>>, tensor<64xi32>, tensor<64xi1>) -> tensor<64xi32>
  tt.return
}
"""
"""A grid of three dimensions, and a sum in memory: a program that runs twice, or never, shows."""
Mistake = Callable[[Operation], None]
SWAPPED = {"arith.subf", "arith.divf", "arith.subi", "arith.divui", "arith.remui", "simd.subf", "simd.divf"}
SIBLINGS = {
    "arith.addf": "SubfOp",
    "arith.subf": "AddfOp",
    "arith.mulf": "AddfOp",
    "arith.divf": "MulfOp",
    "arith.maxnumf": "MinnumfOp",
    "arith.addi": "SubiOp",
    "arith.subi": "AddiOp",
    "arith.muli": "AddiOp",
    "arith.minsi": "MaxSIOp",
    "arith.maxsi": "MinSIOp",
    "arith.remui": "DivUIOp",
    "arith.divui": "RemUIOp",
}
INSTRUCTIONS = {
    "arith.addf": "arith.subf",
    "arith.subf": "arith.addf",
    "arith.mulf": "arith.addf",
    "math.exp": "math.exp2",
}


def is_dead(op: Operation) -> bool:
    """Whether the operation only computes, and nothing needs what: no mistake can be made there."""
    return (
        bool(op.results)
        and is_side_effect_free(op)
        and all(is_dead(use.operation) for r in op.results for use in r.uses)
    )


def mistakes(op: Operation) -> Iterator[tuple[str, Mistake]]:
    """The mistakes that can be made at an operation, by name."""
    if is_dead(op):
        return
    if op.name in SWAPPED:
        yield "operands swapped", swap
    if op.name in SIBLINGS:
        yield "another operation", replace
    if isinstance(op, simd.Elementwise) and op.meaning in INSTRUCTIONS:
        yield "another operation", replace
    if op.name == "arith.cmpi":
        yield "predicate off by one", off_by_one
    if op.name == "arith.constant" and isinstance(op.properties["value"], IntegerAttr | FloatAttr):
        yield "constant wrong", change
    if "simd.address" in op.attributes and op.attributes["simd.address"] != IntegerAttr(0, i64):
        yield "address wrong", move
    if not op.results and op.next_op is not None and not op.regions:
        yield "operation lost", lose
    if not op.results and op.name.startswith("linalg."):
        yield "operation lost", lose


def mistakes_of_threads(op: Operation) -> Iterator[tuple[str, Mistake]]:
    """Those that can be made on the simt road only: in tensors of one constant, places in shared memory and waits."""
    yield from mistakes(op)
    if is_dead(op):
        return
    value = op.properties.get("value")
    if op.name == "arith.constant" and isinstance(value, DenseIntOrFPElementsAttr) and value.is_splat():
        yield "constant wrong", change_all
    if OFFSET_ATTR in op.attributes and op.attributes[OFFSET_ATTR] != IntegerAttr(0, 32):
        yield "address wrong", overlap
    if op.name in ("ttg.async_wait", "simt.wait_copies") and "num" in op.properties:
        yield "constant wrong", wait_for_less


KINDS: Mapping[str, Callable[[Operation], Iterator[tuple[str, Mistake]]]] = {
    "simd": mistakes,
    "simt": mistakes_of_threads,
}


def swap(op: Operation) -> None:
    a, b = op.operands[:2]
    op.operands[0], op.operands[1] = b, a


def replace(op: Operation) -> None:
    assert op.parent is not None
    if isinstance(op, simd.Elementwise):
        # With what it waits for, and its token.
        new = simd.ELEMENTWISE_BY_MEANING[INSTRUCTIONS[op.meaning]].create(
            operands=op.operands,
            result_types=[r.type for r in op.results],
            properties=op.properties,
            attributes=op.attributes,
        )
    else:
        new = getattr(arith, SIBLINGS[op.name])(*op.operands)
    op.parent.insert_op_before(new, op)
    for old, made in zip(op.results, new.results, strict=True):
        old.replace_all_uses_with(made)
    lose(op)


def off_by_one(op: Operation) -> None:
    was: Any = op.properties["predicate"]
    op.properties["predicate"] = IntegerAttr(was.value.data ^ 1, was.type)


def change(op: Operation) -> None:
    was: Any = op.properties["value"]
    number = was.value.data
    if isinstance(was, FloatAttr):
        op.properties["value"] = FloatAttr(number + 1 if math.isfinite(number) else 0.0, was.type)
    else:
        op.properties["value"] = IntegerAttr(number + 1 if number > 0 else 1, was.type)


def change_all(op: Operation) -> None:
    was: Any = op.properties["value"]
    number = was.get_values()[0]
    is_whole = isinstance(number, int)
    off = (number + 1 if number > 0 else 1) if is_whole else (number + 1 if math.isfinite(number) else 0.0)
    if is_whole and was.get_element_type().width.data == 1:
        off = number ^ 1
    op.properties["value"] = DenseIntOrFPElementsAttr.from_list(was.type, [off])


def overlap(op: Operation) -> None:
    op.attributes[OFFSET_ATTR] = IntegerAttr(0, 32)


def wait_for_less(op: Operation) -> None:
    was: Any = op.properties["num"]
    op.properties["num"] = IntegerAttr(was.value.data + 1, was.type)


def move(op: Operation) -> None:
    op.attributes["simd.address"] = IntegerAttr(0, i64)


def lose(op: Operation) -> None:
    op.detach()
    op.erase()


def launches(road: str) -> dict[str, tuple[str, Any, list[Any]]]:
    """Of each kernel: the text, the grid and the arguments."""
    rng = np.random.default_rng(1)
    of: Callable[[str], str] = lambda name: (KERNELS / f"{name}.ttir").read_text()  # noqa: E731
    if road == "simt":
        # Nothing behind what may be read, or no number, and 7 where nothing may be written: what is off by one shows.
        x, y = rng.standard_normal((2, 2928)).astype(np.float32)
        rows = padded(-1 - np.abs(rng.standard_normal((3, 1008)).astype(np.float32)), 1040)
        a = padded(rng.standard_normal((144, 144)).astype(np.float16), 160)
        b = padded(rng.standard_normal((144, 160)).astype(np.float16), 176)
        c, row, out = np.full((144, 176), 7, np.float16), np.full_like(rows, 7), np.full(3000, 7, np.float32)
        return {
            "vector_add": (of("vector_add"), 3, [x, y, out, 2928]),
            "softmax": (of("softmax"), 2, [row, rows, 1040, 1040, 3, 1008]),
            "matmul": (of("matmul"), 4, [a, b, c, 144, 160, 144, 160, 176, 176]),
        }
    x, y = rng.standard_normal((2, 35_000)).astype(np.float32)
    rows = -1 - np.abs(rng.standard_normal((40, 700)).astype(np.float32))
    a, v = rng.standard_normal((50, 300)).astype(np.float16), rng.standard_normal(300).astype(np.float16)
    numbers = rng.integers(-1000, 1000, 3000).astype(np.int32)
    return {
        "deal": (DEAL, (5, 3, 4), [numbers, np.ones(3000, np.int32), 2950]),
        "vector_add": (of("vector_add.nopromise"), 35, [x, y, np.zeros_like(x), 34_001]),
        "softmax": (of("softmax.nopromise"), 33, [np.zeros_like(rows), rows, 700, 700, 40, 700]),
        "gemv": (of("gemv.nopromise"), 3, [a, v, np.zeros(50, np.float32), 50, 300, 300]),
    }


def padded(rows: Any, stride: int) -> Any:
    """Rows of so many elements, no number behind what there is of each."""
    found = np.full((len(rows), stride), np.nan, rows.dtype)
    found[:, : rows.shape[1]] = rows
    return found


class Mutants:
    """A kernel on its way down a road, checked, and what the check says of mistakes on the way."""

    def __init__(self, road: str, target: Machine, name: str, text: str, grid: Any, args: list[Any]):
        self.target = target
        module = parse_module(text, name, self._context())
        self.steps = road_steps(road)
        self.checker = Checker(module, grid, args, target=target)
        self.before = [self._as_it_is(self.checker)]
        """The check in front of every pass."""
        for step in self.steps:
            run_pipeline(self._context(), module, [step], instrumentation=[self.checker])
            self.before.append(self._as_it_is(self.checker))

    def _context(self) -> MLContext:
        ctx = make_context()
        ctx.target = self.target
        return ctx

    def _as_it_is(self, checker: Checker) -> Checker:
        found = copy(checker)
        found.seen = list(checker.seen)
        return found

    def all(self, road: str) -> list[tuple[int, int, str, Mistake]]:
        """Every mistake: the number of the pass, and of the operation in what it left."""
        return [
            (number, at, what, mistake)
            for number, (_, after) in enumerate(self.checker.seen)
            for at, op in enumerate(after.walk())
            for what, mistake in KINDS[road](op)
        ]

    def named(self, number: int, at: int, mistake: Mistake) -> str | None:
        """What is named for a mistake: a pass, or something else in brackets; None where nothing is noticed."""
        left = self.checker.seen[number][1]
        mutant = left.clone()
        mistake(list(mutant.walk())[at])
        checker = self._as_it_is(self.before[number])
        try:
            checker.check(mistaken(self.steps[number].run, left, at, mistake), mutant.clone())
            run_pipeline(self._context(), mutant, self.steps[number + 1 :], instrumentation=[checker])
        except CheckError as error:
            return error.pass_name
        except Exception as error:
            return f"({type(error).__name__})"
        return None


def mistaken(run: MinilinalgPass, left: ModuleOp, at: int, mistake: Mistake) -> MinilinalgPass:
    """The pass that makes the mistake at operation `at` of what it left, and where that is in what it makes of other
    modules: the check may run it again."""
    made = list(left.walk())
    number = sum(likeness(op) == likeness(made[at]) for op in made[:at])

    def apply(self: MinilinalgPass, ctx: Context, module: ModuleOp) -> None:
        run.apply(ctx, module)
        alike = [op for op in module.walk() if likeness(op) == likeness(made[at])]
        if number < len(alike):
            mistake(alike[number])

    fields = {"name": run.name, "numerics": run.numerics, "careful": run.careful, "apply": apply}
    return dataclass(frozen=True)(type("MistakenPass", (MinilinalgPass,), fields))()


def likeness(op: Operation) -> Any:
    """What operations of two modules have in common that are taken for the same."""
    return op.name, op.properties, [result.type for result in op.results]


def show_mutants(options: argparse.Namespace) -> None:
    road, target = options.road, load_target(options.target or TARGETS[options.road])
    counts: dict[str, Counter[str]] = {step.run.name: Counter() for step in road_steps(road)}
    for kernel, (text, grid, args) in launches(road).items():
        if options.kernels and kernel not in options.kernels:
            continue
        mutants = Mutants(road, target, kernel, text, grid, args)
        drawn = mutants.all(road)
        made = len(drawn)
        if options.samples and options.samples < made:
            drawn = sorted(random.Random(options.seed).sample(drawn, options.samples), key=lambda one: one[:2])
        print(f"{kernel}: {len(drawn)} of {made} mistakes", flush=True)
        for number, at, what, mistake in drawn:
            name = mutants.steps[number].run.name
            found = mutants.named(number, at, mistake)
            counts[name]["made"] += 1
            counts[name]["named" if found == name else "noticed" if found else "silent"] += 1
            if options.survivors and found != name:
                op = str(list(mutants.checker.seen[number][1].walk())[at]).splitlines()[0][:120]
                print(f"{kernel}, pass {number} {name}: {what}: {op}: {found}", flush=True)
    print(f"{'pass':46}{'mistakes':>10}{'named':>8}{'else':>8}{'silent':>8}")
    for name, count in [*counts.items(), ("all", sum(counts.values(), Counter[str]()))]:
        if count["made"]:
            print(f"{name:46}{count['made']:10}{count['named']:8}{count['noticed']:8}{count['silent']:8}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mutants", action="store_true")
    parser.add_argument("--survivors", action="store_true")
    parser.add_argument("--road", choices=sorted(TARGETS), default="simd")
    parser.add_argument("--target", help="a machine of the road; mlu370 or h200 by default")
    parser.add_argument("--kernels", nargs="*", help="these only")
    parser.add_argument("--samples", type=int, help="so many mistakes of each kernel, drawn; all by default")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.mutants or options.survivors:
        show_mutants(options)
    else:
        show_cost(options.rounds)


if __name__ == "__main__":
    main()
