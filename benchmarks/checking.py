"""What checking by running costs, and what it sees: `python benchmarks/checking.py [--mutants] [--survivors]`.

The cost: a launch with and without `check=True`, in one process, the best of several.
--mutants: every single mistake of the kinds below, in what every pass of the road makes of four kernels of ragged
sizes, one at a time; a mistake is seen when the module does not verify, does not run, or leaves anything else in memory
than the module before the pass. --survivors lists those that are not seen.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, ModuleOp, i64
from xdsl.ir import Operation
from xdsl.traits import is_side_effect_free

import minilinalg as ml
from minilinalg.check.compare import first_difference
from minilinalg.check.running import Launch
from minilinalg.context import make_context
from minilinalg.dialects import simd
from minilinalg.dialects.upstream import arith
from minilinalg.parsing import parse_module
from minilinalg.passes.base import MinilinalgPass
from minilinalg.pipelines import Instrumentation, road_steps, run_pipeline
from minilinalg.targets import load_target
from minilinalg.verification import verify

KERNELS = Path(__file__).resolve().parents[1] / "examples" / "kernels"
TARGET = load_target("mlu370")

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


def move(op: Operation) -> None:
    op.attributes["simd.address"] = IntegerAttr(0, i64)


def lose(op: Operation) -> None:
    op.detach()
    op.erase()


class Keep(Instrumentation):
    """The modules before and after every pass."""

    def __init__(self, module: ModuleOp):
        self.modules: list[tuple[str, ModuleOp]] = [("", module.clone())]

    def after_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        self.modules.append((step.name, module.clone()))


def launches() -> dict[str, tuple[Any, list[Any]]]:
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, 35_000)).astype(np.float32)
    rows = -1 - np.abs(rng.standard_normal((40, 700)).astype(np.float32))
    a, v = rng.standard_normal((50, 300)).astype(np.float16), rng.standard_normal(300).astype(np.float16)
    numbers = rng.integers(-1000, 1000, 3000).astype(np.int32)
    return {
        "deal": ((5, 3, 4), [numbers, np.ones(3000, np.int32), 2950]),
        "vector_add": (35, [x, y, np.zeros_like(x), 34_001]),
        "softmax": (33, [np.zeros_like(rows), rows, 700, 700, 40, 700]),
        "gemv": (3, [a, v, np.zeros(50, np.float32), 50, 300, 300]),
    }


def is_seen(launch: Launch, mutant: ModuleOp, args: list[Any], expected: Any) -> bool:
    try:
        verify(mutant)
        return first_difference(expected, launch.answer(mutant, args)) is not None
    except Exception:
        # Whatever is raised, the check names the pass.
        return True


def show_mutants(show_survivors: bool) -> None:
    made: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for kernel, (grid, args) in launches().items():
        ctx = make_context()
        ctx.target = TARGET
        text = DEAL if kernel == "deal" else (KERNELS / f"{kernel}.nopromise.ttir").read_text()
        module = parse_module(text, kernel, ctx)
        keep, launch = Keep(module), Launch(grid, kernel, TARGET)
        expected = launch.answer(module, args)
        run_pipeline(ctx, module, road_steps("simd"), instrumentation=[keep])
        for number, (name, after) in enumerate(keep.modules[1:]):
            for at, op in enumerate(after.walk()):
                for what, mistake in mistakes(op):
                    mutant = after.clone()
                    mistake(list(mutant.walk())[at])
                    found = is_seen(launch, mutant, args, expected)
                    made[name] += 1
                    seen[name] += found
                    if show_survivors and not found:
                        print(f"{kernel}, pass {number} {name}: {what}: {str(op).splitlines()[0][:100]}")
    print(f"{'pass':32}{'mistakes':>10}{'seen':>8}")
    for name in made:
        print(f"{name:32}{made[name]:10}{seen[name]:8}")
    print(f"{'all':32}{made.total():10}{seen.total():8}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mutants", action="store_true")
    parser.add_argument("--survivors", action="store_true")
    options = parser.parse_args()
    if options.mutants or options.survivors:
        show_mutants(options.survivors)
    else:
        show_cost(options.rounds)


if __name__ == "__main__":
    main()
