"""Definedness on the machine: what an undefined element may do, and where a run stops at one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from minilinalg.errors import RunError
from minilinalg.interp import RunOptions
from minilinalg.parsing import parse_module
from minilinalg.sim.run import Simulator
from minilinalg.targets import Target, load_target

TINY = load_target("tiny-simd")
ONE = replace(TINY, cores_per_cluster=1)
ON, OFF = "memref<8xf32, #simd.space<nram>>", "memref<8xf32, #simd.space<gdram>>"
INTS, FLAGS = "memref<8xi32, #simd.space<nram>>", "memref<8xi1, #simd.space<nram>>"
SQUARE, WEIGHTS = "memref<4x4xf32, #simd.space<nram>>", "memref<4x4xf32, #simd.space<wram>>"
DYNAMIC = "memref<?xf32, strided<[1]>, #simd.space<{}>>"
NEAR, FAR = DYNAMIC.format("nram"), DYNAMIC.format("gdram")

# On-chip buffers, all apart.
BUFFERS = {"a": ON, "b": ON, "i": INTS, "j": INTS, "m": FLAGS, "s": SQUARE, "t": SQUARE, "w": WEIGHTS}
BUFFERS |= {
    "ks": "memref<i32, #simd.space<nram>>",
    "r": "memref<f32, #simd.space<nram>>",
    "row": "memref<4xf32, #simd.space<nram>>",
}


def program(body: str) -> str:
    allocs = "".join(
        f"  %{name} = memref.alloc() {{simd.address = {128 * at} : i64}} : {type}\n"
        for at, (name, type) in enumerate(BUFFERS.items())
    )
    constants = "".join(f"  %c{n} = arith.constant {n} : index\n" for n in range(9))
    return (
        f"func.func @f(%x: {OFF}, %n: index, %gx: index, %gy: index, %gz: index)\n"
        '    attributes {ml.abi = [{name = "x", kind = "pointer", type = f32}, '
        '{name = "n", kind = "scalar", type = index}]} {\n'
        f"{allocs}{constants}  %core = simd.core_id : index\n  %zero = arith.constant 0.0 : f32\n"
        f"  %izero = arith.constant 0 : i32\n  %ione = arith.constant 1 : i32\n{body}\n  return\n}}\n"
    )


def run(body: str, n: int = 5, target: Target = ONE, **options: bool) -> np.ndarray:
    x = np.arange(8, dtype=np.float32)
    Simulator(parse_module(program(body)), target, options=RunOptions(**options)).run(1, [x, n])
    return x


def part(buffer: str, result: str, size: str = "%n", offset: str = "0") -> str:
    layout = "strided<[1]>" if offset == "0" else f"strided<[1], offset: {'?' if offset[0] == '%' else offset}>"
    of, space = (OFF, "gdram") if buffer == "x" else (ON, "nram")
    extent = "?" if size[0] == "%" else size
    return (
        f"%{result} = memref.subview %{buffer}[{offset}] [{size}] [1] : {of} to "
        f"memref<{extent}xf32, {layout}, #simd.space<{space}>>\n"
    )


LOAD = f"simd.dma %x -> %a : {OFF} -> {ON}\n"
STORE = f"simd.dma %{{}} -> %x : {ON} -> {OFF}\n"
LOAD_N = part("x", "xn") + part("a", "an") + f"simd.dma %xn -> %an : {FAR} -> {NEAR}\n"
STORE_N = part("b", "bn") + part("x", "yn") + f"simd.dma %bn -> %yn : {NEAR} -> {FAR}\n"
SUM = f"simd.reduce_addf %{{}} -> %r dimensions = [0] : {ON} -> memref<f32, #simd.space<nram>>\n"
LESS = f"simd.iota -> %i dim = 0 : {INTS}\n%lim = arith.index_cast %n : index to i32\n" + (
    f"simd.cmpi %i, %lim -> %m predicate = slt : {INTS}, i32 -> {FLAGS}\n"
)
READ = f"%v = memref.load %a[%c6] : {ON}\n"

DEFINED = {
    "what was copied in": LOAD + STORE.format("a"),
    "a fill": f"simd.fill %zero -> %a : f32 -> {ON}\n" + SUM.format("a"),
    "a fill in front of a partial copy": f"simd.fill %zero -> %a : f32 -> {ON}\n" + LOAD_N + SUM.format("a"),
    "computed with, and only the defined part stored": LOAD_N + f"simd.exp %a -> %b : {ON}\n" + STORE_N,
    "a select that leaves the undefined side": LOAD_N
    + LESS
    + f"simd.select %m, %a, %zero -> %b : {FLAGS}, {ON}, f32 -> {ON}\n"
    + SUM.format("b"),
    "zero times anything": f"simd.muli %i, %izero -> %j : {INTS}, i32 -> {INTS}\n"
    + f"simd.reduce_addi %j -> %ks dimensions = [0] : {INTS} -> memref<i32, #simd.space<nram>>\n",
    "a scalar that is not looked at": READ + f"%w0 = arith.addf %v, %v : f32\nsimd.fill %w0 -> %b : f32 -> {ON}\n",
    "rows of a product": f"simd.fill %zero -> %row : f32 -> memref<4xf32, #simd.space<nram>>\n"
    f"%s0 = memref.subview %s[0, 0] [1, 4] [1, 1] : {SQUARE} to memref<4xf32, strided<[1]>, #simd.space<nram>>\n"
    "simd.dma %row -> %s0 : memref<4xf32, #simd.space<nram>> -> memref<4xf32, strided<[1]>, #simd.space<nram>>\n"
    f"simd.fill %zero -> %t : f32 -> {SQUARE}\nsimd.dma %t -> %w : {SQUARE} -> {WEIGHTS}\n"
    f"simd.matmul %s, %w -> %t : {SQUARE}, {WEIGHTS} -> {SQUARE}\n"
    f"%t0 = memref.subview %t[0, 0] [1, 4] [1, 1] : {SQUARE} to memref<4xf32, strided<[1]>, #simd.space<nram>>\n"
    + part("x", "x4", "4")
    + "simd.dma %t0 -> %x4 : memref<4xf32, strided<[1]>, #simd.space<nram>> -> "
    "memref<4xf32, strided<[1]>, #simd.space<gdram>>\n",
}
UNDEFINED = {
    "memory that nothing was written to": (STORE.format("a"), "copies to global memory"),
    "the rest of a partial copy": (LOAD_N + STORE.format("a"), "copies to global memory"),
    "a reduction": (LOAD_N + SUM.format("a"), "reduces over"),
    "what was computed from it": (
        LOAD_N + f"simd.exp %a -> %b : {ON}\nsimd.addf %b, %b -> %b : {ON}\n" + STORE.format("b"),
        "copies to global memory",
    ),
    "what was copied on chip": (LOAD_N + f"simd.move %a -> %b : {ON}\n" + SUM.format("b"), "reduces over"),
    "a select that takes the undefined side": (
        LOAD_N + LESS + f"simd.select %m, %zero, %a -> %b : {FLAGS}, f32, {ON} -> {ON}\n" + SUM.format("b"),
        "reduces over",
    ),
    "one times it": (
        f"simd.muli %i, %ione -> %j : {INTS}, i32 -> {INTS}\n"
        f"simd.reduce_addi %j -> %ks dimensions = [0] : {INTS} -> memref<i32, #simd.space<nram>>\n",
        "reduces over",
    ),
    "another row of a product": (
        f"simd.fill %zero -> %t : f32 -> {SQUARE}\nsimd.dma %t -> %w : {SQUARE} -> {WEIGHTS}\n"
        f"simd.matmul %s, %w -> %t accumulate : {SQUARE}, {WEIGHTS} -> {SQUARE}\n"
        "simd.reduce_addf %t -> %row dimensions = [1] : "
        f"{SQUARE} -> memref<4xf32, #simd.space<nram>>\n",
        "reduces over",
    ),
    "a scalar stored": (READ + f"memref.store %v, %x[%c0] : {OFF}", "stores"),
    "a branch": (
        f"%v = memref.load %i[%c6] : {INTS}\n%b0 = arith.cmpi eq, %v, %izero : i32\nscf.if %b0 {{\n}}",
        "branches on",
    ),
    "a loop": (
        f"%v = memref.load %i[%c6] : {INTS}\n%u = arith.index_cast %v : i32 to index\n"
        "scf.for %k0 = %c0 to %u step %c1 {\n}",
        "takes a bound from",
    ),
    "an address": (
        f"%v = memref.load %i[%c6] : {INTS}\n%u = arith.index_cast %v : i32 to index\n%w0 = memref.load %x[%u] : {OFF}",
        "is computed from",
    ),
    "a size": (
        f"%v = memref.load %i[%c6] : {INTS}\n%u = arith.index_cast %v : i32 to index\n" + part("a", "p", "%u"),
        "is computed from",
    ),
    "a scalar that fills": (
        READ + f"simd.fill %v -> %b : f32 -> {ON}\n" + STORE.format("b"),
        "copies to global memory",
    ),
    "a scalar that went through memory": (
        READ
        + f"memref.store %v, %b[%c0] : {ON}\n"
        + part("b", "b0", "1")
        + part("x", "x0", "1")
        + "simd.dma %b0 -> %x0 : memref<1xf32, strided<[1]>, #simd.space<nram>> -> "
        "memref<1xf32, strided<[1]>, #simd.space<gdram>>\n",
        "copies to global memory",
    ),
    "a scalar that a loop carries": (
        READ + "%l = scf.for %k0 = %c0 to %c3 step %c1 iter_args(%q = %v) -> (f32) {\n"
        "  %q1 = arith.addf %q, %zero : f32\n  scf.yield %q1 : f32\n}\n" + f"memref.store %l, %x[%c0] : {OFF}",
        "stores",
    ),
}


@pytest.mark.parametrize("name", DEFINED)
def test_defined(name: str) -> None:
    run(DEFINED[name])


@pytest.mark.parametrize("name", UNDEFINED)
def test_undefined(name: str) -> None:
    body, does = UNDEFINED[name]
    with pytest.raises(RunError, match=f"{does} an undefined element"):
        run(body)
    if "an address" not in name and "a size" not in name and "a loop" not in name:
        # A run that is not checked goes on.
        run(body, checks=False)


def test_the_message_says_which_element_where() -> None:
    with pytest.raises(RunError) as caught:
        run(LOAD_N + SUM.format("a"))
    found, rule, hint = str(caught.value).splitlines()
    assert found.endswith("'simd.reduce_addf' reduces over an undefined element: [5] of '%a' in nram on core 0")
    assert found.startswith("<string>:")
    assert rule.startswith("  rule: on-chip memory is undefined until it is written")
    assert hint == ("  hint: fill the buffer before a part of it is copied in, or use no more of it than was written")


@pytest.mark.parametrize("n", [8, 7])
def test_each_core_has_its_own(n: int) -> None:
    # Core 1 loads n elements, core 0 all eight.
    body = (
        "%is0 = arith.cmpi eq, %core, %c0 : index\n%m0 = arith.select %is0, %c8, %n : index\n"
        + part("x", "xn", "%m0") + part("a", "an", "%m0") + f"simd.dma %xn -> %an : {FAR} -> {NEAR}\n" + SUM.format("a")
    )  # fmt: skip
    if n == 8:
        run(body, n, TINY)
        return
    with pytest.raises(RunError, match=r"\[7\] of '%a' in nram on core 1"):
        run(body, n, TINY)


def test_what_the_count_is_rounded_up_over_is_undefined() -> None:
    # Six elements are eight for the vector unit, which overwrites the first two of the buffer behind.
    body = (
        "%p = memref.alloc() {simd.address = 2048 : i64} : memref<6xf32, #simd.space<nram>>\n"
        "%q = memref.alloc() {simd.address = 2064 : i64} : memref<8xf32, #simd.space<nram>>\n"
        f"simd.fill %zero -> %q : f32 -> {ON}\n"
        "simd.fill %zero -> %p : f32 -> memref<6xf32, #simd.space<nram>>\n"
    )
    with pytest.raises(RunError, match=r"\[2\] of '%q'"):
        run(body + STORE.format("q"))


def test_nothing_is_kept_between_runs() -> None:
    body = (
        f"%first = arith.cmpi eq, %n, %c8 : index\nscf.if %first {{\n  simd.fill %zero -> %a : f32 -> {ON}\n}}\n"
        + SUM.format("a")
    )
    simulator = Simulator(parse_module(program(body)), TINY)
    arguments: list[Any] = [np.zeros(8, np.float32), 8]
    simulator.run(1, arguments)
    with pytest.raises(RunError, match="reduces over"):
        simulator.run(1, [arguments[0], 7])
