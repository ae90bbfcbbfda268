"""Races between cores: conflicts in global memory are reported, with both sides; ordered and harmless ones are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from minilinalg.errors import RunError
from minilinalg.interp import RunOptions
from minilinalg.interp.conflicts import Order
from minilinalg.parsing import parse_module
from minilinalg.sim.run import Simulator
from minilinalg.targets import load_target

TINY = load_target("tiny-simd")
FOUR = replace(TINY, clusters=2)
"""Two clusters of two cores."""
ON, OFF = "memref<8xf32, #simd.space<nram>>", "memref<64xf32, #simd.space<gdram>>"
NEAR, FAR = "memref<8xf32, #simd.space<nram>>", "memref<8xf32, strided<[1], offset: ?>, #simd.space<gdram>>"


def run(body: str, target: Any = TINY, x: Any = None, **options: bool) -> np.ndarray:
    text = (
        f"func.func @f(%x: {OFF}, %gx: index, %gy: index, %gz: index)\n"
        '    attributes {ml.abi = [{name = "x", kind = "pointer", type = f32}]} {\n'
        f"  %a = memref.alloc() {{simd.address = 0 : i64}} : {ON}\n"
        f"  %b = memref.alloc() {{simd.address = 64 : i64}} : {ON}\n"
        "  %l = memref.alloc() {simd.address = 128 : i64} : memref<4xindex, #simd.space<nram>>\n"
        + "".join(f"  %c{n} = arith.constant {n} : index\n" for n in (0, 1, 2, 3, 4, 8, 16))
        + "  %core = simd.core_id : index\n  %mine = arith.muli %core, %c8 : index\n"
        "  %next0 = arith.addi %core, %c1 : index\n  %next = arith.muli %next0, %c8 : index\n"
        "  %last0 = arith.subi %c1, %core : index\n  %other = arith.muli %last0, %c8 : index\n"
        "  %i = arith.index_cast %core : index to i32\n  %id = arith.sitofp %i : i32 to f32\n"
        "  %one = arith.constant 1.0 : f32\n"
        f"  simd.fill %one -> %b : f32 -> {ON}\n  simd.fill %id -> %a : f32 -> {ON}\n{body}\n  return\n}}\n"
    )
    x = np.zeros(64, np.float32) if x is None else x
    Simulator(parse_module(text), target, options=RunOptions(**options)).run((1,), [x])
    return x


_COUNT = iter(range(10_000))


def view(at: str, step: int = 1) -> tuple[str, str, str]:
    name, layout = f"%v{next(_COUNT)}", f"memref<8xf32, strided<[{step}], offset: ?>, #simd.space<gdram>>"
    return name, f"{name} = memref.subview %x[{at}] [8] [{step}] : {OFF} to {layout}\n", layout


def load(at: str, step: int = 1) -> str:
    name, text, layout = view(at, step)
    return f"{text}simd.dma {name} -> %b : {layout} -> {NEAR}\n"


def store(at: str, what: str = "a", step: int = 1) -> str:
    name, text, layout = view(at, step)
    return f"{text}simd.dma %{what} -> {name} : {NEAR} -> {layout}\n"


def only(core: int, body: str) -> str:
    name = f"%is{next(_COUNT)}"
    return f"{name} = arith.cmpi eq, %core, %c{core} : index\nscf.if {name} {{\n{body}}}\n"


CHIP, CLUSTER = "simd.barrier chip\n", "simd.barrier cluster\n"
LIST = "memref.store %core, %l[%c0] : memref<4xindex, #simd.space<nram>>\n" + "".join(
    f"memref.store %c{n}, %l[%c{n}] : memref<4xindex, #simd.space<nram>>\n" for n in (1, 2, 3)
)

RACES = {
    "both write": store("%c0"),
    "one after the other": only(0, store("%c0")) + only(1, store("%c0")),
    "one element is shared": only(0, store("%c0")) + only(1, store("%c4")),
    "one reads what the other has written": store("%mine") + load("%next"),
    "one writes what the other has read": load("%next") + store("%mine"),
    "all have read it": load("%c0") + only(1, store("%c0")),
    "scalars": "memref.store %id, %x[%c3] : " + OFF,
    "a scalar that is read": store("%mine") + f"%s0 = memref.load %x[%c3] : {OFF}",
    "a barrier of the core": store("%mine") + "simd.barrier core\n" + load("%other"),
    "after a barrier": store("%mine") + CHIP + store("%other", "b") + load("%mine"),
    "strides": only(0, store("%c0", step=2)) + only(1, store("%c2", step=4)),
    "backwards": only(0, store("%c0")) + only(1, load("%c4")),
}
ORDERED = {
    "each its own": load("%mine") + store("%mine") + load("%mine") + store("%mine", "b"),
    "the same value": store("%c0", "b"),
    "the same value, read again": store("%c0", "b") + load("%c0"),
    "all read": load("%c0") + load("%c4"),
    "a barrier": store("%mine") + CHIP + load("%other"),
    "two barriers": store("%mine") + CHIP + load("%other") + CHIP + store("%other"),
    "side by side": only(0, store("%c0", step=2)) + only(1, store("%c1", step=2)),
}


@pytest.mark.parametrize("name", RACES)
def test_races(name: str) -> None:
    with pytest.raises(RunError, match="race between cores"):
        run(RACES[name])
    run(RACES[name], checks=False)


@pytest.mark.parametrize("name", ORDERED)
def test_no_race(name: str) -> None:
    run(ORDERED[name])


def test_a_barrier_of_the_cluster_orders_the_cluster_only() -> None:
    within = only(0, store("%c0")) + CLUSTER + only(1, load("%c0")) + only(3, load("%c8"))
    run(within, FOUR)
    across = only(0, store("%c0")) + CLUSTER + only(2, load("%c0"))
    with pytest.raises(RunError, match="on core 2, and core 0 has written it"):
        run(across, FOUR)
    run(across.replace("barrier cluster", "barrier chip"), FOUR)
    # Both cores of the first cluster have read; one of them may write after their barrier, a core of the other not.
    read = only(0, load("%c0")) + only(1, load("%c0")) + CLUSTER
    run(read + only(1, store("%c0")), FOUR)
    with pytest.raises(RunError, match="on core 2, and other cores have read it"):
        run(read + only(2, store("%c0")), FOUR)


def test_lists() -> None:
    rows, block = "memref<64x1xf32, #simd.space<gdram>>", "memref<4x1xf32, #simd.space<nram>>"
    scatter = (
        f"%xs = memref.expand_shape %x [[0, 1]] output_shape [64, 1] : {OFF} into {rows}\n"
        f"%as = memref.alloc() {{simd.address = 256 : i64}} : {block}\nsimd.fill %id -> %as : f32 -> {block}\n"
        f"simd.scatter %as, %l -> %xs dim = 0 : {block}, memref<4xindex, #simd.space<nram>> -> {rows}\n"
    )
    target = replace(TINY, paths=tuple(replace(path, index=1) for path in TINY.paths))
    with pytest.raises(RunError, match=r"'simd\.scatter' writes byte 4 of argument 'x' on core 0"):
        run(LIST + scatter, target)
    run(LIST + scatter.replace("%id", "%one"), target)


def test_the_message_names_both_sides() -> None:
    with pytest.raises(RunError) as caught:
        run(store("%mine") + load("%next"))
    lines = str(caught.value).splitlines()
    assert (
        "race between cores: 'simd.dma' reads byte 32 of argument 'x' on core 0, and core 1 has written it" in lines[0]
    )
    assert ", by 'simd.dma' at <string>:" in lines[0]
    assert lines[1].startswith("  rule: programs run side by side")


def test_arguments_that_overlap_are_one_memory() -> None:
    text = (
        "func.func @f(%x: memref<8xf32, #simd.space<gdram>>, %y: memref<8xf32, #simd.space<gdram>>, "
        "%gx: index, %gy: index, %gz: index)\n"
        '    attributes {ml.abi = [{name = "x", kind = "pointer", type = f32}, '
        '{name = "y", kind = "pointer", type = f32}]} {\n'
        f"  %a = memref.alloc() {{simd.address = 0 : i64}} : {ON}\n  %core = simd.core_id : index\n"
        "  %c0 = arith.constant 0 : index\n  %first = arith.cmpi eq, %core, %c0 : index\n  scf.if %first {\n"
        "    simd.dma %x -> %a : memref<8xf32, #simd.space<gdram>> -> memref<8xf32, #simd.space<nram>>\n  } else {\n"
        "    %one = arith.constant 1.0 : f32\n    memref.store %one, %y[%c0] : memref<8xf32, #simd.space<gdram>>\n  }\n"
        "  return\n}\n"
    )
    simulator = Simulator(parse_module(text), TINY)
    memory = np.zeros(16, np.float32)
    simulator.run(1, [memory[:8], memory[8:]])
    with pytest.raises(RunError, match="argument 'x, y' on core 1, and core 0 has read it"):
        simulator.run(1, [memory[:8], memory[4:12]])


def test_order_is_what_waiting_makes_it() -> None:
    order = Order(4, 2)
    me, when = np.array([0, 1, 2, 3]), np.int64(0)
    assert not order.behind(me, np.int64(0), when).any()
    order.waited(np.array([0, 1]))
    assert order.behind(me, np.int64(0), when).tolist() == [True, True, False, False]
    order.waited(np.array([1, 2]))
    # Core 2 has heard of core 0 through core 1.
    assert order.behind(me, np.int64(0), when).tolist() == [True, True, True, False]
    assert not order.behind(me, np.int64(1), np.int64(2)).any()
