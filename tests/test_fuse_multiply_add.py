"""simd-fuse-multiply-add: whatever buffers overlap, nothing that anybody reads changes; what is fused rounds once."""

from __future__ import annotations

import random
from collections.abc import Iterator

import ml_dtypes
import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from minilinalg.context import make_context
from minilinalg.dialects import simd
from minilinalg.interp.run import run
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass
from minilinalg.targets import load_target
from minilinalg.verification import verify

TINY = load_target("tiny-simd")


def fused(text: str) -> tuple[ModuleOp, ModuleOp]:
    """The module of `text` before and after the pass."""
    ctx = make_context()
    ctx.target = TINY
    module = parse_module(text, "test.mlir", ctx)
    before = module.clone()
    load_pass("simd-fuse-multiply-add")().apply(ctx, module)
    verify(module)
    return before, module


def fma_count(module: ModuleOp) -> int:
    return sum(op.name == "simd.fma" for op in module.walk())


# --- random programs -----------------------------------------------------------------------------------------------

COUNT = 8
ON = f"memref<{COUNT}xf64, #simd.space<nram>>"
OFF = f"memref<{COUNT}xf64, #simd.space<gdram>>"
ADDRESSES = (0, 0, 16, 32, 48, 64, 64, 80, 128, 192)
"""Of buffers of 64 bytes: equal ones, ones that share a part, ones that lie apart."""
SCALARS = ("%f", "%g")


class Program:
    """Products, sums, loads and stores of buffers at few addresses, in loops and branches."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.buffers = [f"%b{n}" for n in range(self.random.randint(3, len(ADDRESSES)))]
        self.addresses = self.random.sample(ADDRESSES, len(self.buffers))
        self.budget = self.random.randint(4, 12)

    def text(self) -> str:
        allocs = (
            f"  {name} = memref.alloc() {{simd.address = {at} : i64}} : {ON}"
            for name, at in zip(self.buffers, self.addresses, strict=True)
        )
        loads = (f"  simd.dma %x -> {name} : {OFF} -> {ON}" for name in self.buffers)
        lines = [*allocs, *loads, *self.block(2)]
        body = "\n".join(lines)
        return (
            f"func.func @f(%x: {OFF}, %y: {OFF}, %f: f64, %g: f64, %n: index, %c: i1) {{\n"
            f"  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n{body}\n"
            f"  simd.dma {self.buffer()} -> %y : {ON} -> {OFF}\n  return\n}}\n"
        )

    def buffer(self) -> str:
        return self.random.choice(self.buffers)

    def block(self, depth: int) -> Iterator[str]:
        for _ in range(self.random.randint(2, 6)):
            if self.budget <= 0:
                return
            self.budget -= 1
            kind = self.random.choice(("pair", "pair", "pair", "compute", "load", "store", "for", "if"))
            match kind:
                case "pair":
                    product, other = self.buffer(), self.random.choice((*self.buffers, *SCALARS))
                    yield self.instruction("mulf", self.buffer(), other, product)
                    if self.random.random() < 0.3:
                        yield self.instruction("maxnumf", self.buffer(), self.buffer(), self.buffer())
                    added = product if self.random.random() < 0.8 else self.buffer()
                    operands = [added, self.random.choice((*self.buffers, *SCALARS))]
                    self.random.shuffle(operands)
                    yield self.instruction(self.random.choice(("addf", "addf", "subf")), *operands, self.buffer())
                case "compute":
                    name = self.random.choice(("addf", "minnumf"))
                    yield self.instruction(name, self.buffer(), self.buffer(), self.buffer())
                case "load":
                    yield f"  simd.dma %x -> {self.buffer()} : {OFF} -> {ON}"
                case "store":
                    yield f"  simd.dma {self.buffer()} -> %y : {ON} -> {OFF}"
                case _ if depth == 0:
                    continue
                case "for":
                    yield from (f"  scf.for %i{self.budget} = %c0 to %n step %c1 {{", *self.block(depth - 1), "  }")
                case _:
                    yield from ("  scf.if %c {", *self.block(depth - 1), "  } else {", *self.block(depth - 1), "  }")

    def instruction(self, name: str, left: str, right: str, out: str) -> str:
        types = ["f64" if value in SCALARS else ON for value in (left, right)]
        return f"  simd.{name} {left}, {right} -> {out} : {types[0]}, {types[1]} -> {ON}"


def results(module: ModuleOp, n: int, c: bool) -> list[np.ndarray]:
    x, y = np.array([1.0, -1, 2, 0, -2, 1, -1, 3]), np.zeros(COUNT)
    run(module, (1,), [x, y, 2.0, -1.0, n, c], cores=1)
    return [x, y]


def test_random_programs_mean_the_same() -> None:
    """On whole numbers, where one rounding and two are none."""
    found = 0
    for seed in range(200):
        before, after = fused(Program(seed).text())
        if (count := fma_count(after)) == 0:
            continue
        for n, c in ((0, True), (1, False), (3, True)):
            expected = results(before, n, c)
            if all((np.abs(array) < 2**40).all() for array in expected):
                found += count
                np.testing.assert_array_equal(results(after, n, c), expected, err_msg=f"seed {seed}, n {n}, c {c}")
    assert found > 50


# --- numbers -------------------------------------------------------------------------------------------------------

TYPES = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32}
FORMS = {
    "simd.addf %p, %c -> %c": lambda a, b, c: a * b + c,
    "simd.addf %c, %p -> %c": lambda a, b, c: a * b + c,
    "simd.subf %p, %s -> %c": lambda a, b, s: a * b - s,
    "simd.subf %c, %q -> %c": lambda a, s, c: c - a * s,
}


@pytest.mark.parametrize("element", TYPES)
@pytest.mark.parametrize("form", FORMS)
def test_one_rounding(element: str, form: str) -> None:
    """The products of these types are exact in float64, and nearly all sums; where one is not, nobody sees it here."""
    dtype = TYPES[element]
    on, off = (f"memref<64x{element}, #simd.space<{space}>>" for space in ("nram", "gdram"))
    scaled = "%q" in form
    types = f"{on}, {element} -> {on}" if "%s" in form else on
    name = "%q" if scaled else "%p"
    text = (
        f"func.func @f(%x: {off}, %y: {off}, %z: {off}, %s: {element}) {{\n"
        + "".join(
            f"  %{b} = memref.alloc() {{simd.address = {at} : i64}} : {on}\n"
            for at, b in zip((0, 256, 512), "abc", strict=True)
        )
        + f"  {name} = memref.alloc() {{simd.address = 768 : i64}} : {on}\n"
        + "".join(f"  simd.dma %{s} -> %{b} : {off} -> {on}\n" for s, b in zip("xyz", "abc", strict=True))
        + f"  simd.mulf %a, {'%s' if scaled else '%b'} -> {name} : {on}, {element if scaled else on} -> {on}\n"
        + f"  {form} : {types}\n  simd.dma %c -> %z : {on} -> {off}\n  return\n}}\n"
    )
    _, after = fused(text)
    assert fma_count(after) == 1
    rng = np.random.default_rng(7)
    x, y, z = (rng.standard_normal(64).astype(dtype) for _ in range(3))
    # What cancels shows the rounding of the product; what is not finite goes where it went.
    z[:32] = (-(x[:32].astype(np.float64) * y[:32].astype(np.float64))).astype(dtype)
    for position, (a, b, c) in enumerate(
        [(np.nan, 1, 1), (np.inf, 0, 1), (np.inf, 1, -np.inf), (-0.0, 1, 0.0), (-0.0, 1, -0.0)]
    ):
        x[60 - position], y[60 - position], z[60 - position] = a, b, c
    s = float(dtype(1.1))
    wide = [v.astype(np.float64) for v in (x, y, z)]
    second, third = (s, wide[2]) if scaled else (wide[1], s if "%s" in form else wide[2])
    with np.errstate(invalid="ignore", over="ignore"):
        expected = FORMS[form](wide[0], second, third).astype(dtype)
    run(after, (1,), [x, y, z, s], cores=1)
    np.testing.assert_array_equal(z.astype(np.float64), expected.astype(np.float64))
    zeros = expected == 0
    np.testing.assert_array_equal(np.signbit(z[zeros]), np.signbit(expected[zeros]))


def test_only_where_the_machine_gains() -> None:
    from dataclasses import replace

    text = (
        f"func.func @f(%x: {OFF}) {{\n  %a = memref.alloc() {{simd.address = 0 : i64}} : {ON}\n"
        f"  %b = memref.alloc() {{simd.address = 64 : i64}} : {ON}\n  simd.mulf %a, %a -> %a : {ON}\n"
        f"  simd.addf %b, %a -> %b : {ON}\n  simd.dma %b -> %x : {ON} -> {OFF}\n  return\n}}\n"
    )
    slow = replace(TINY.instructions["fma"], passes=3)
    ctx = make_context()
    ctx.target = replace(TINY, instructions={**TINY.instructions, "fma": slow})
    module = parse_module(text, "test.mlir", ctx)
    load_pass("simd-fuse-multiply-add")().apply(ctx, module)
    assert fma_count(module) == 0
    assert [r.text for r in ctx.remarks] == [
        "stays a product and a sum: the machine's fma takes the data 3 times through its unit, both 2 times"
    ]
    ctx.target = replace(TINY, instructions={**TINY.instructions, "fma": replace(slow, passes=2)})
    load_pass("simd-fuse-multiply-add")().apply(ctx, module)
    (fma,) = (op for op in module.walk() if isinstance(op, simd.Instruction) and op.name == "simd.fma")
    assert "UnknownLoc" not in type(fma.location).__name__
