"""Kernels on a real GPU leave what they leave on the simulated one. Skipped where there is no GPU.

Other tests that run modules of one thread (simt_programs.each) do so on the GPU, too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from engine_kernels import same_bits
from ptx_programs import BLOCKS, BYTES, FLOATS, Program, functions, off_by, programs, wide_functions
from road_checks import described
from simt_programs import GPU, at, each, module
from test_device_descriptors import kernel as copying
from test_inline_asm import KERNELS as ASSEMBLY
from test_ptx_assembles import ROAD, TTGIR
from test_ptx_functions import angle
from test_tiles import PADDED, PERSISTENT, SUM, copy, part
from test_ttgir_meaning import SM90, Case
from test_ttgir_to_simt import RUNS

import minilinalg as ml
from minilinalg.codegen.ptx import Machine
from minilinalg.context import make_context
from minilinalg.cuda import CudaKernel
from minilinalg.interp import Executable
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass

OLDEST = Machine(80)
pytestmark = pytest.mark.skipif(GPU is None, reason="there is no GPU")


def both(program: Program, machine: Machine) -> tuple[Any, Any, list[Any]]:
    """What the GPU leaves, what the simulated one leaves, and the operands."""
    kernel = program.module()
    arguments = program.arguments()
    found, expected = arguments[-1].copy(), arguments[-1].copy()
    operands = arguments[:-1]
    Executable(kernel).run(BLOCKS, [*operands, expected])
    CudaKernel(kernel, None, machine).run(BLOCKS, [*operands, found])
    return found, expected, operands


def same_numbers(found: Any, expected: Any) -> Any:
    """Where the same bits are, or some NaN in both."""
    bits = f"u{found.dtype.itemsize}"
    same = found.view(bits) == expected.view(bits)
    if found.dtype.kind in "fV":
        same |= np.isnan(found.astype(np.float64)) & np.isnan(expected.astype(np.float64))
    return same


def check(program: Program, machine: Machine) -> None:
    found, expected, operands = both(program, machine)
    same = same_numbers(found, expected)
    if (
        "maxnumf" in program.text
        or "minnumf" in program.text
        or "maximumf" in program.text
        or "minimumf" in program.text
    ):
        # Which zero is the larger one is open.
        same |= (found == 0) & (expected == 0)
    wrong = np.flatnonzero(~same)
    assert not wrong.size, [(at, *(x[at] for x in operands), found[at], expected[at]) for at in wrong[:4].tolist()]


@pytest.mark.parametrize("program", programs(), ids=str)
def test_every_operation(program: Program) -> None:
    assert GPU is not None
    check(program, GPU)


@pytest.mark.parametrize("program", [p for p in programs() if {"bf16", *BYTES} & {*p.ins, p.out}], ids=str)
def test_narrow_floats_for_the_oldest_machine(program: Program) -> None:
    check(program, OLDEST)


@pytest.mark.parametrize("kind", FLOATS[:3])
@pytest.mark.parametrize("program", functions(), ids=str)
def test_functions_are_as_exact_as_they_say(program: Program, kind: str) -> None:
    assert GPU is not None
    program = next(p for p in functions(kind) if p.text == program.text)
    found, _, (x,) = both(program, GPU)
    with np.errstate(all="ignore"):
        exact = program.reference(x.astype(np.float64))
    off = off_by(found, exact)
    # Rounded again to 16 bits, what is off is at most one unit.
    allowed = program.ulps if kind == "f32" else 1
    worst = int(np.argmax(off))
    assert off[worst] <= allowed, (x[worst], found[worst], exact[worst], off[worst])


@pytest.mark.parametrize("program", wide_functions(), ids=str)
def test_functions_of_doubles(program: Program) -> None:
    assert GPU is not None and program.reference is not None
    found, _, (x,) = both(program, GPU)
    with np.errstate(all="ignore"):
        exact = program.reference(x.astype(np.longdouble))
        off = off_by(found, exact)
    worst = int(np.argmax(off))
    assert off[worst] <= program.ulps, (x[worst], found[worst], exact[worst], off[worst])


@pytest.mark.parametrize(("name", "exact"), [("atan2", np.arctan2), ("powf", np.power)])
@pytest.mark.parametrize("kind", FLOATS)
def test_functions_of_two(name: str, exact: Any, kind: str) -> None:
    assert GPU is not None
    found, _, xs = both(Program(f"math.{name} %x, %y : {{A}}", (kind, kind), kind), GPU)
    with np.errstate(all="ignore"):
        assert off_by(found, exact(*(x.astype(np.longdouble) for x in xs))).max() <= (4 if kind == "f64" else 1)


def test_functions_of_far_angles() -> None:
    """Of angles as large as floats are; exact values by whole numbers, with pi to 1,100 bits."""
    assert GPU is not None
    random = np.random.default_rng(5)
    for program in functions()[7:9]:
        (x, *_), out = program.arguments()[:1], np.zeros(program.count, np.float32)
        x[:] = (random.standard_normal(len(x)) * 2.0 ** random.integers(10, 127, len(x))).astype(np.float32)
        CudaKernel(program.module(), None, GPU).run(BLOCKS, [x, out])
        exact = np.array([angle(program.text[5:8], float(number)) for number in x])
        assert off_by(out, exact).max() <= program.ulps


def of_one_thread(name: str) -> Any:
    ctx = make_context()
    module = parse_module((TTGIR / f"{name}.ttgir").read_text(), f"{name}.ttgir", ctx)
    for step in ROAD:
        load_pass(step)().apply(ctx, module)
    return module


UNITS = {"softmax": 8, "layernorm": 8, "flash_attn": 8, "dropout": 2, "misc_ops": 1 << 21}
"""How many units in the last place an element may be off by; misc_ops rounds to f8E5M2 what functions gave, and a step
of that is a quarter."""


@pytest.mark.parametrize(("case", "arch"), RUNS, ids=[f"{case}-{arch}" for case, arch in RUNS])
def test_official_kernels(case: Case, arch: str) -> None:
    assert GPU is not None
    if arch == "sm90":
        if not GPU.specific:
            pytest.skip("code for compute capability 9.0 runs on no other")
        case = replace(case, make=SM90.get(case.kernel, case.make))
    module = of_one_thread(f"{case.kernel}.{arch}")
    grid, expected = case.make(*case.sizes)
    Executable(module).run(grid, expected)
    grid, found = case.make(*case.sizes)
    CudaKernel(module, None, GPU).run(grid, found)
    for a, b in zip(found, expected, strict=True):
        if isinstance(a, np.ndarray) and not same_bits(a, b):
            wide = np.abs(a.astype(np.float64) - b.astype(np.float64))
            eps = float(ml_dtypes.finfo(a.dtype).eps) if a.dtype.kind == "f" else 0.0
            units = UNITS.get(case.kernel, 0)
            assert (wide <= units * eps * np.abs(b.astype(np.float64)).max()).all(), (wide.max(), np.argmax(wide))


def test_a_grid_of_nothing_and_arrays_that_overlap() -> None:
    assert GPU is not None
    kernel = CudaKernel(of_one_thread("vector_add.sm80"), None, GPU)
    x = np.arange(1024, dtype=np.float32)
    out = x.copy()
    kernel.run(0, [x, x, out, 1024])
    assert (out == x).all()
    # In place: the sum is written over the first operand.
    kernel.run(1, [x, x, x, 1024])
    assert (x == 2 * out).all()


def test_through_compile() -> None:
    module = of_one_thread("vector_add.sm80")
    kernel = ml.compile(module, road="simt", target="h200", device="cuda")
    x, out = np.ones(1024, np.float32), np.zeros(1024, np.float32)
    run = kernel[(1,)](x, x, out, 1024)
    assert (out == 2).all() and run.milliseconds is not None and run.milliseconds > 0


TILES = {
    **{str(block): (copy(block, *more), [block, block], at) for block, *more, at in (
        ((64, 64), "f16", None, (-3, 8)), ((8, 256), "f32", None, (1, 0)), ((1024,), "f16", None, (104,)),
        ((2, 8, 16), "f16", None, (1, -3, 8)), ((1, 16, 32), "f16", (16, 32), (0, 1, 0)),
    )},
}  # fmt: skip


@pytest.mark.parametrize("name", TILES)
def test_tiles_of_the_own_road(name: str) -> None:
    """Boxes of every rank, ragged: what the simulated machine leaves."""
    text, blocks, where = TILES[name]
    same_on_both(
        text,
        [
            described(part(tuple(n + 3 for n in block), np.float16 if "f16" in text else np.float32, 1))
            for block in blocks
        ],
        list(where),
    )


@pytest.mark.parametrize("n", [0, 1, 65, 448])
@pytest.mark.parametrize("stages", [1, 2, 4])
def test_loops_of_tiles(n: int, stages: int) -> None:
    shapes = (7, max(n, 1)), (max(n, 1),), (8, 64)
    same_on_both(SUM.replace("STAGES", str(stages)), [described(part(s, np.float32, 1)) for s in shapes], [n])


@pytest.mark.parametrize(("rows", "n"), [(1, 0), (130, 32), (200, 170)])
def test_products_of_tiles(rows: int, n: int) -> None:
    shapes = ((rows, max(n, 1)), np.float16), ((max(n, 1), 29), np.float16), ((rows, 32), np.float32)
    same_on_both(PERSISTENT, [described(part(*shape, 1)) for shape in shapes], [rows, n])


@pytest.mark.parametrize(("i", "j"), [(0, 0), (-3, 8), (5, -28)])
def test_tiles_of_tensors_that_the_program_describes(i: int, j: int) -> None:
    x = part((7, 13), np.float32, 1)
    same_on_both(PADDED, [[x], [np.zeros((8, 32), np.float32)]], [7, 13, x.strides[0] // 4, i, j])


def same_on_both(text: str, tensors: list[list[Any]], rest: list[Any]) -> None:
    """Runs a kernel on the simulated machine, and on the GPU, and compares the last tensor."""
    if GPU is None or not GPU.specific:
        pytest.skip("tiles are copied on compute capability 9.0")
    found: list[Any] = []
    for device in (None, "cuda"):
        args = [
            [each[0].base.copy()[..., : each[0].shape[-1]] if each[0].base is not None else each[0].copy(), *each[1:]]
            for each in tensors
        ]
        kernel = ml.compile(text, road="simt", target="h200", device=device)
        assert "ttng.async_tma_copy_global_to_local" in kernel.text("ttg")
        kernel[1](*(part for each in args for part in each), *rest)
        found.append(args[-1][0])
    np.testing.assert_array_equal(*found)


LOAD = at("x", "%i", 4, "xa") + "%v = simt.load_global %xa : vector<1xi64> -> vector<1xi32>\n"
STORE = at("o", "%i", 4, "oa") + "simt.store_global %oa, %r : vector<1xi64>, vector<1xi32>\n"
WHOLE = {"x": "i32", "o": "i32"}

LANES = """
%lane_c = arith.constant dense<5> : vector<1xi32>
%lane = arith.andi %v, %lane_c : vector<1xi32>
"""
SHUFFLES = [LANES + f"%r = simt.shuffle {kind}, %v, %lane : vector<1xi32>\n" for kind in ("bfly", "up", "down", "idx")]
WIDE = """
%w = arith.extsi %v : vector<1xi32> to vector<1xi64>
%c = arith.constant dense<81985529216486895> : vector<1xi64>
%y = arith.muli %w, %c : vector<1xi64>
%one = arith.constant dense<1> : vector<1xi32>
%z = simt.shuffle bfly, %y, %one : vector<1xi64>
%k = arith.constant dense<29> : vector<1xi64>
%s = arith.shrui %z, %k : vector<1xi64>
%r = arith.trunci %s : vector<1xi64> to vector<1xi32>
"""
VOTES = """
%c = arith.constant dense<0> : vector<1xi32>
%m = arith.cmpi slt, %v, %c : vector<1xi32>
%ballot = simt.vote ballot, %m : vector<1xi1> -> vector<1xi32>
%any = simt.vote any, %m : vector<1xi1> -> vector<1xi1>
%all = simt.vote all, %m : vector<1xi1> -> vector<1xi1>
%p = arith.extui %any : vector<1xi1> to vector<1xi32>
%q = arith.extui %all : vector<1xi1> to vector<1xi32>
%s = arith.addi %ballot, %p : vector<1xi32>
%r = arith.addi %s, %q : vector<1xi32>
"""
LOOPS = """
%c0 = arith.constant 2147483640 : i32
%c1 = arith.constant 2147483647 : i32
%c2 = arith.constant 3 : i32
%start = arith.constant dense<1> : vector<1xi32>
%l:2 = scf.for %k = %c0 to %c1 step %c2 iter_args(%a = %v, %y = %start) -> (vector<1xi32>, vector<1xi32>) : i32 {
  %kk = vector.broadcast %k : i32 to vector<1xi32>
  %s = arith.addi %a, %kk : vector<1xi32>
  scf.yield %y, %s : vector<1xi32>, vector<1xi32>
}
%five = arith.constant 5 : i32
%w = scf.while (%u = %b) : (i32) -> i32 {
  %more = arith.cmpi slt, %u, %five : i32
  scf.condition(%more) %u : i32
} do {
^bb0(%u: i32):
  %d = arith.addi %u, %c2 : i32
  scf.yield %d : i32
}
%odd = arith.cmpi eq, %w, %five : i32
%g = scf.if %odd -> (vector<1xi32>) {
  scf.yield %l#0 : vector<1xi32>
} else {
  scf.yield %l#1 : vector<1xi32>
}
%ww = vector.broadcast %w : i32 to vector<1xi32>
%r = arith.xori %g, %ww : vector<1xi32>
"""


@pytest.mark.parametrize("body", [*SHUFFLES, WIDE, VOTES, LOOPS])
def test_lanes_and_loops(body: str) -> None:
    random = np.random.default_rng(3)
    x = random.integers(-(1 << 31), 1 << 31, 320).astype(np.int32)
    each(module(LOAD + body + STORE, parameters=WHOLE), 5, lambda: [x.copy(), np.zeros(320, np.int32)])


ATOMICS = [
    f"%r = simt.atomic_rmw {kind}, {order}, {scope}, %oa, %v : vector<1xi64>, vector<1xi32>"
    for kind, order, scope in (
        ("add", "relaxed", "gpu"), ("and", "acquire", "gpu"), ("or", "release", "cta"), ("xor", "acq_rel", "sys"),
        ("max", "relaxed", "gpu"), ("umax", "acq_rel", "gpu"), ("min", "relaxed", "cta"), ("umin", "release", "gpu"),
    )
]  # fmt: skip


@pytest.mark.parametrize("body", ATOMICS)
def test_atomics(body: str) -> None:
    """All threads of a warp meet in one word: in whatever order, the result is one."""
    random = np.random.default_rng(4)
    x, o = (random.integers(-(1 << 31), 1 << 31, 192).astype(np.int32) for _ in range(2))
    word = "%c = arith.constant dense<5> : vector<1xi32>\n%word = arith.shrui %i, %c : vector<1xi32>\n"
    kernel = module(LOAD + word + at("o", "%word", 4, "oa") + body, parameters=WHOLE)
    each(kernel, 3, lambda: [x.copy(), o.copy()])


# What a kernel brings along


@pytest.mark.parametrize("what", ASSEMBLY)
def test_inline_assembly(what: str) -> None:
    """The text itself, against what is known of it. Which elements form a group is not specified."""
    text, expected = ASSEMBLY[what]
    kernel = ml.compile(text, road="simt", target="h200", device="cuda")
    x = np.random.default_rng(0).integers(-(2**30), 2**30, 128).astype(np.int32)
    o = np.zeros(128, np.int32)
    kernel[1](x, o)
    assert sorted(o.tolist()) == sorted(expected(x).tolist())
    assert what == "many words" or (o == expected(x)).all()


PRINTS = """
module {
  tt.func public @k(%x: !tt.ptr<f32>, %n: i32) {
    %i = tt.make_range {end = 16 : i32, start = 0 : i32} : tensor<16xi32>
    %xs = tt.splat %x : !tt.ptr<f32> -> tensor<16x!tt.ptr<f32>>
    %p = tt.addptr %xs, %i : tensor<16x!tt.ptr<f32>>, tensor<16xi32>
    %v = tt.load %p : tensor<16x!tt.ptr<f32>>
    %h = arith.truncf %v : tensor<16xf32> to tensor<16xf16>
    %w = arith.extsi %i : tensor<16xi32> to tensor<16xi64>
    tt.print " v 100%: " {hex = false, isSigned = array<i32: 1, 0, 1>} : %v, %h, %w :
      tensor<16xf32>, tensor<16xf16>, tensor<16xi64>
    tt.print " bits: " {hex = true, isSigned = array<i32: 1>} : %v : tensor<16xf32>
    tt.print " n: " {hex = false, isSigned = array<i32: 1>} : %n : i32
    tt.print " here" {hex = false, isSigned = array<i32>}
    tt.return
  }
}
"""


def test_prints(capfd: pytest.CaptureFixture[str]) -> None:
    """The lines that the simulated GPU prints, in some order."""
    x = np.linspace(-2, 3, 16, dtype=np.float32)
    lines: list[list[str]] = []
    for device in (None, "cuda"):
        ml.compile(PRINTS, road="simt", target="h200", num_warps=2, device=device)[3](x, -7)
        lines.append(sorted(capfd.readouterr().out.splitlines()))
    assert len(lines[0]) == 3 * (4 * 16 + 2) and lines[0] == lines[1]


def test_launches_that_overlap() -> None:
    body = f"simt.grid_dependency_wait\n{LOAD}%r = arith.addi %v, %v : vector<1xi32>\n{STORE}"
    kernel = module(f"{body}simt.grid_dependency_launch_dependents", 64, 0, WHOLE)
    x, o = np.arange(128, dtype=np.int32), np.zeros(128, np.int32)
    CudaKernel(kernel, None, Machine(90, specific=True)).run(2, [x, o])
    assert (o == 2 * x).all()


@pytest.mark.parametrize(("rows", "n"), [(1, 48), (7, 23), (26, 32)])
def test_maps_that_a_block_makes(rows: int, n: int) -> None:
    """TMA stores to the end of 16 bytes: behind the tensor, what the load filled up with."""
    x, o = np.arange(rows * 48, dtype=np.float32).reshape(rows, 48), np.full((rows, 48), -1, np.float32)
    CudaKernel(copying(), None, Machine(90, specific=True)).run(-(-rows // 2), [x, o, n, rows])
    column, end = np.arange(48), min(n, 32)
    filled = (column >= end) & (column < -(-end // 4) * 4)
    assert (o == np.where((column >= 16) & (column < end), x, np.where(filled, 0, -1))).all()
