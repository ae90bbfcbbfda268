"""`triton-to-linalg`: each small kernel computes on linalg what it computed on tt, bit by bit; refusals say why."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from official_mlir import OPT
from xdsl.dialects.builtin import ModuleOp

from minilinalg.context import MLContext, make_context
from minilinalg.errors import UnsupportedError
from minilinalg.interp import run
from minilinalg.parsing import parse_module, verify_module
from minilinalg.passes.cse import CsePass
from minilinalg.passes.linalg_fuse_elementwise import LinalgFuseElementwisePass
from minilinalg.passes.triton_to_linalg import TritonToLinalgPass
from minilinalg.printing import module_text
from minilinalg.stages import STAGES

KERNELS = Path(__file__).parent.parent / "examples" / "kernels"


def converted(text: str) -> ModuleOp:
    """The module at the linalg stage, verified."""
    ctx = make_context()
    module = parse_module(text, "kernel.mlir", ctx)
    TritonToLinalgPass().apply(ctx, module)
    verify_module(module)
    STAGES["linalg"].check(module, "triton-to-linalg")
    return module


def check(text: str, grid: Any, *args: Any) -> list[Any]:
    """Runs a kernel at both stages on copies of `args`; all memory must agree. Returns the arguments afterwards."""
    results: list[list[Any]] = []
    for module in (parse_module(text), converted(text)):
        given = [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]
        run(module, grid, given)
        results.append(given)
    for before, after in zip(*results, strict=True):
        np.testing.assert_array_equal(after, before)
    return results[1]


def names(module: ModuleOp) -> list[str]:
    return [op.name for op in module.walk()]


def floats(*shape: int, dtype: Any = np.float32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed + sum(shape)).standard_normal(shape).astype(dtype)


def integers(*shape: int, low: int = -50, high: int = 50) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(low, high, shape).astype(np.int32)


# The six kernels, on sizes that do not divide their blocks


def kernel(name: str) -> str:
    return (KERNELS / f"{name}.nopromise.ttir").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["vector_add", "softmax", "gemv", "layernorm", "matmul", "flash_attn"])
@pytest.mark.parametrize("kind", ["", ".nopromise"])
def test_the_six_kernels_reach_the_stage(name: str, kind: str) -> None:
    converted((KERNELS / f"{name}{kind}.ttir").read_text(encoding="utf-8"))


@pytest.mark.skipif(OPT is None, reason="mlir-opt is not installed")
@pytest.mark.parametrize("name", ["vector_add", "softmax", "gemv", "layernorm", "matmul", "flash_attn"])
def test_the_official_mlir_accepts_the_stage(name: str) -> None:
    ctx = make_context()
    module = converted(kernel(name))
    for text in (module_text(module), module_text(_fused(ctx, module))):
        assert OPT is not None
        command = [OPT, "--allow-unregistered-dialect", "-o", "/dev/null"]
        done = subprocess.run(command, input=text, text=True, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


def _fused(ctx: MLContext, module: ModuleOp) -> ModuleOp:
    LinalgFuseElementwisePass().apply(ctx, module)
    return module


BY_RUNS = """
tt.func public @f(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %s0: i32, %s1: i32, %s2: i32, %n0: i32, %n1: i32, %n2: i32) {
  INDICES
  %o01 = arith.addi %o0, %o1 : tensor<SHAPExi32>
  %o = arith.addi %o01, %o2 : tensor<SHAPExi32>
  %m01 = arith.andi %m0, %m1 : tensor<SHAPExi1>
  %m = arith.andi %m01, %m2 : tensor<SHAPExi1>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<SHAPEx!tt.ptr<f32>>
  %ys = tt.splat %y : !tt.ptr<f32> -> tensor<SHAPEx!tt.ptr<f32>>
  %p = tt.addptr %xs, %o : tensor<SHAPEx!tt.ptr<f32>>, tensor<SHAPExi32>
  %q = tt.addptr %ys, %o : tensor<SHAPEx!tt.ptr<f32>>, tensor<SHAPExi32>
  %seven = arith.constant dense<7.0> : tensor<SHAPExf32>
  %before = tt.load %q, %m, %seven : tensor<SHAPEx!tt.ptr<f32>>
  %v = tt.load %p, %m, OTHER : tensor<SHAPEx!tt.ptr<f32>>
  %w = arith.addf %v, %before : tensor<SHAPExf32>
  tt.store %q, %w STORED : tensor<SHAPEx!tt.ptr<f32>>
  tt.return
}"""
"""A block of three dimensions; the stride of one of them is the constant 1."""

DIMENSION = """
  %rD = tt.make_range {end = SIZE : i32, start = 0 : i32} : tensor<SIZExi32>
  %eD = tt.reshape %rD : tensor<SIZExi32> -> tensor<ONESxi32>
  %iD = tt.broadcast %eD : tensor<ONESxi32> -> tensor<SHAPExi32>
  %nnD = tt.splat %nD : i32 -> tensor<SHAPExi32>
  %mD = arith.cmpi slt, %iD, %nnD : tensor<SHAPExi32>
  %ssD = STRIDE
  %oD = arith.muli %iD, %ssD : tensor<SHAPExi32>"""


def by_runs(shape: tuple[int, ...], dense: int, other: str, stored: str) -> str:
    """The kernel with its elements side by side along dimension `dense`."""
    text = "x".join(map(str, shape))
    dimensions: list[str] = []
    for d, size in enumerate(shape):
        ones = "x".join(str(size if d == e else 1) for e in range(3))
        splat = f"tt.splat %s{d} : i32 -> tensor<SHAPExi32>"
        stride = "arith.constant dense<1> : tensor<SHAPExi32>" if d == dense else splat
        dimension = DIMENSION.replace("STRIDE", stride).replace("SIZE", str(size)).replace("ONES", ones)
        dimensions.append(re.sub(r"(%\w+)D\b", rf"\g<1>{d}", dimension))
    found = BY_RUNS.replace("INDICES", "".join(dimensions)).replace("OTHER", other).replace("STORED", stored)
    return found.replace("SHAPE", text)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_block_is_copied_along_the_dimension_whose_elements_lie_side_by_side(data: st.DataObject) -> None:
    """Whatever that dimension is, with bounds from one to all of the block, `other` a number or another block."""
    shape = tuple(data.draw(st.sampled_from([1, 2, 4, 8])) for _ in range(3))
    dense = data.draw(st.integers(0, 2))
    # The other strides leave room for what is inside of them.
    strides, room = [0, 0, 0], 1
    for d in [dense, *data.draw(st.permutations([d for d in range(3) if d != dense]))]:
        strides[d] = room
        room *= shape[d] + data.draw(st.integers(0, 2))
    masked = data.draw(st.booleans())
    bounds = [data.draw(st.integers(0, size + 1)) if masked else size for size in shape]
    other = data.draw(st.sampled_from(["%seven", "%before"]))
    text = by_runs(shape, dense, other, ", %m" if masked else "")
    check(text, 1, floats(room), floats(room, seed=9), *strides, *bounds)
    wide = [d for d in range(3) if shape[d] != 1]
    transposes = names(converted(text)).count("linalg.transpose")
    assert (transposes > 0) == (dense in wide and dense != wide[-1])


@pytest.mark.parametrize("n", [0, 1, 7, 1023, 1024, 1025, 3000])
def test_vector_add(n: int) -> None:
    _, _, out, _ = check(kernel("vector_add"), -(-n // 1024), floats(n), floats(n, seed=1), np.zeros(n, np.float32), n)
    np.testing.assert_array_equal(out, floats(n) + floats(n, seed=1))


def test_vector_add_in_place() -> None:
    """The output is one of the inputs, shifted: a load is a snapshot of memory where it stands."""
    memory = floats(2100)
    results: list[np.ndarray] = []
    for module in (parse_module(kernel("vector_add")), converted(kernel("vector_add"))):
        both = memory.copy()
        run(module, 2, [both[:2000], both[:2000], both[5:2005], 2000])
        results.append(both)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize(
    ("rows", "columns", "grid"), [(1, 1, 1), (5, 7, 2), (3, 1000, 8), (4, 1024, 4), (0, 5, 2), (3, 5, 0)]
)
def test_softmax(rows: int, columns: int, grid: int) -> None:
    x = floats(rows, columns + 2)
    x[:, :1] = np.nan if rows == 5 else 0
    check(kernel("softmax"), grid, np.ones((rows, columns + 3), np.float32), x, columns + 2, columns + 3, rows, columns)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (31, 127), (33, 130), (64, 256), (5, 0)])
def test_gemv(m: int, n: int) -> None:
    args = floats(m, n + 1, dtype=np.float16), floats(n, dtype=np.float16), np.ones(m, np.float32)
    check(kernel("gemv"), -(-m // 32), *args, m, n, n + 1)


@pytest.mark.parametrize(("rows", "n"), [(1, 1), (3, 1000), (2, 1025), (2, 2048)])
def test_layernorm(rows: int, n: int) -> None:
    half = np.float16
    x, y = floats(rows, n + 2, dtype=half), floats(rows, n + 2, dtype=half)
    w, b = floats(n, dtype=half), floats(n, dtype=half, seed=3)
    check(kernel("layernorm"), rows, x, y, w, b, np.ones(rows, np.float32), np.ones(rows, np.float32), n + 2, n, 1e-5)


@pytest.mark.parametrize(("m", "n", "k"), [(1, 1, 1), (128, 128, 64), (100, 130, 70), (300, 5, 64), (129, 257, 3)])
def test_matmul_wraps_its_rows_and_columns(m: int, n: int, k: int) -> None:
    half = np.float16
    a, b, c = floats(m, k, dtype=half), floats(k, n, dtype=half), floats(m, n, dtype=half)
    check(kernel("matmul"), -(-m // 128) * -(-n // 128), a, b, c, m, n, k, k, n, n)


@pytest.mark.parametrize(("sequence", "heads"), [(1, 1), (64, 2), (100, 2)])
def test_flash_attention(sequence: int, heads: int) -> None:
    q, k, v, o = (floats(heads, sequence, 64, dtype=np.float16, seed=i) for i in range(4))
    lse = np.ones((heads, sequence), np.float32)
    check(kernel("flash_attn"), (-(-sequence // 64), heads), q, k, v, o, lse, 0.125, sequence, sequence * 64, 64)


# Masks

LINE = """
tt.func public @f(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %a: i32, %b: i32, %c: i1) {{
  %r = tt.make_range {{end = 16 : i32, start = 0 : i32}} : tensor<16xi32>
  %as = tt.splat %a : i32 -> tensor<16xi32>
  %bs = tt.splat %b : i32 -> tensor<16xi32>
  %cs = tt.splat %c : i1 -> tensor<16xi1>
  %high = arith.cmpi slt, %r, %as : tensor<16xi32>
  %low = arith.cmpi sge, %r, %bs : tensor<16xi32>
  {mask}
  %seven = arith.constant dense<7.0> : tensor<16xf32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<16x!tt.ptr<f32>>
  %xp = tt.addptr %xs, %r : tensor<16x!tt.ptr<f32>>, tensor<16xi32>
  %ys = tt.splat %y : !tt.ptr<f32> -> tensor<16x!tt.ptr<f32>>
  %yp = tt.addptr %ys, %r : tensor<16x!tt.ptr<f32>>, tensor<16xi32>
  %v = tt.load %xp, %m, %seven : tensor<16x!tt.ptr<f32>>
  %w = tt.load %yp, %m : tensor<16x!tt.ptr<f32>>
  %s = arith.addf %v, %w : tensor<16xf32>
  tt.store %yp, %v {stored} : tensor<16x!tt.ptr<f32>>
  tt.store %xp, %s, %m : tensor<16x!tt.ptr<f32>>
  tt.return
}}
"""
MASKS = {
    "below": "%m = arith.andi %high, %high : tensor<16xi1>",
    "between": "%m = arith.andi %high, %low : tensor<16xi1>",
    "equal": "%m = arith.cmpi eq, %r, %as : tensor<16xi32>",
    "condition": "%m = arith.andi %high, %cs : tensor<16xi1>",
    "splat": "%m = arith.andi %cs, %cs : tensor<16xi1>",
    "or": "%m = arith.ori %cs, %high : tensor<16xi1>",
    "numbers": "%m = arith.cmpi slt, %as, %bs : tensor<16xi32>",
}


@pytest.mark.parametrize("mask", MASKS)
@settings(max_examples=12, deadline=None)
@given(a=st.integers(-3, 20), b=st.integers(-3, 20), c=st.booleans())
def test_masks(mask: str, a: int, b: int, c: bool) -> None:
    stored = ", %m" if mask != "between" else ""
    check(LINE.format(mask=MASKS[mask], stored=stored), 1, floats(16), floats(16, seed=1), a, b, c)


def test_a_masked_off_element_without_other_is_undefined() -> None:
    text = LINE.format(mask=MASKS["below"], stored=", %m")
    inserts = [op for op in converted(text).walk() if op.name == "tensor.insert_slice"]
    owners = [op.operands[1].owner for op in inserts]
    assert [getattr(owner, "name", None) for owner in owners] == ["linalg.fill", "tensor.empty"]


def test_a_mask_that_always_holds_needs_no_slice() -> None:
    text = LINE.format(mask="%m = arith.cmpi sge, %r, %r : tensor<16xi32>", stored="")
    assert "tensor.insert_slice" not in names(converted(text))


def test_a_scalar_load_happens_only_where_its_mask_holds() -> None:
    """Here the pointer is out of bounds where the mask does not hold."""
    text = """
    tt.func public @f(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %n: i32) {
      %pid = tt.get_program_id x : i32
      %m = arith.cmpi slt, %pid, %n : i32
      %xp = tt.addptr %x, %pid : !tt.ptr<f32>, i32
      %other = arith.constant 3.0 : f32
      %v = tt.load %xp, %m, %other : !tt.ptr<f32>
      %u = tt.load %xp, %m : !tt.ptr<f32>
      %yp = tt.addptr %y, %pid : !tt.ptr<f32>, i32
      tt.store %yp, %v : !tt.ptr<f32>
      tt.store %xp, %u, %m : !tt.ptr<f32>
      tt.return
    }"""
    _, y, _ = check(text, 5, floats(3), np.zeros(5, np.float32), 3)
    np.testing.assert_array_equal(y, [*floats(3), 3, 3])


# Addresses


@settings(max_examples=25, deadline=None)
@given(start=st.integers(-40, 40), modulus=st.integers(1, 20), high=st.integers(0, 17), masked=st.booleans())
def test_rows_that_wrap_around_anywhere(start: int, modulus: int, high: int, masked: bool) -> None:
    mask = ", %mask, %seven" if masked else ""
    text = f"""
    tt.func public @f(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %start: i32, %modulus: i32, %n: i32) {{
      %r = tt.make_range {{end = 16 : i32, start = 0 : i32}} : tensor<16xi32>
      %ss = tt.splat %start : i32 -> tensor<16xi32>
      %moved = arith.addi %r, %ss : tensor<16xi32>
      %ms = tt.splat %modulus : i32 -> tensor<16xi32>
      %wrapped = arith.remsi %moved, %ms : tensor<16xi32>
      %two = arith.constant dense<2> : tensor<16xi32>
      %forty = arith.constant 40 : i32
      %middle = tt.addptr %x, %forty : !tt.ptr<f32>, i32
      %offsets = arith.muli %wrapped, %two : tensor<16xi32>
      %ns = tt.splat %n : i32 -> tensor<16xi32>
      %mask = arith.cmpi slt, %r, %ns : tensor<16xi32>
      %seven = arith.constant dense<7.0> : tensor<16xf32>
      %xs = tt.splat %middle : !tt.ptr<f32> -> tensor<16x!tt.ptr<f32>>
      %xp = tt.addptr %xs, %offsets : tensor<16x!tt.ptr<f32>>, tensor<16xi32>
      %v = tt.load %xp{mask} : tensor<16x!tt.ptr<f32>>
      %ys = tt.splat %y : !tt.ptr<f32> -> tensor<16x!tt.ptr<f32>>
      %yp = tt.addptr %ys, %r : tensor<16x!tt.ptr<f32>>, tensor<16xi32>
      tt.store %yp, %v : tensor<16x!tt.ptr<f32>>
      tt.return
    }}"""
    check(text, 1, floats(80), np.zeros(16, np.float32), start, modulus, high)


SMALL = st.integers(0, 9)
TILE = """
tt.func public @f(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %sx: i32, %m: i32, %n: i32) {{
  %r8 = tt.make_range {{end = 8 : i32, start = 0 : i32}} : tensor<8xi32>
  %r4 = tt.make_range {{end = 4 : i32, start = 0 : i32}} : tensor<4xi32>
  %rows = tt.expand_dims %r8 {{axis = 1 : i32}} : tensor<8xi32> -> tensor<8x1xi32>
  %columns = tt.expand_dims %r4 {{axis = 0 : i32}} : tensor<4xi32> -> tensor<1x4xi32>
  %sxs = tt.splat %sx : i32 -> tensor<8x1xi32>
  %row_offsets = arith.muli %rows, %sxs : tensor<8x1xi32>
  %a = tt.broadcast %row_offsets : tensor<8x1xi32> -> tensor<8x4xi32>
  %b = tt.broadcast %columns : tensor<1x4xi32> -> tensor<8x4xi32>
  %offsets = arith.addi %a, %b : tensor<8x4xi32>
  %four = arith.constant dense<4> : tensor<8x1xi32>
  %row4 = arith.muli %rows, %four : tensor<8x1xi32>
  %a4 = tt.broadcast %row4 : tensor<8x1xi32> -> tensor<8x4xi32>
  %dense = arith.addi %a4, %b : tensor<8x4xi32>
  %ms = tt.splat %m : i32 -> tensor<8x1xi32>
  %rm = arith.cmpi slt, %rows, %ms : tensor<8x1xi32>
  %ns = tt.splat %n : i32 -> tensor<1x4xi32>
  %cm = arith.cmpi slt, %columns, %ns : tensor<1x4xi32>
  %rmb = tt.broadcast %rm : tensor<8x1xi1> -> tensor<8x4xi1>
  %cmb = tt.broadcast %cm : tensor<1x4xi1> -> tensor<8x4xi1>
  %mask = arith.andi %rmb, %cmb : tensor<8x4xi1>
  %zero = arith.constant dense<0.5> : tensor<8x4xf32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x4x!tt.ptr<f32>>
  %ys = tt.splat %y : !tt.ptr<f32> -> tensor<8x4x!tt.ptr<f32>>
  %yp = tt.addptr %ys, %dense : tensor<8x4x!tt.ptr<f32>>, tensor<8x4xi32>
  {body}
  tt.return
}}
"""


@pytest.mark.parametrize("addresses", ["%offsets", "%a", "%b", "%z"])
@pytest.mark.parametrize("mask", ["", ", %mask, %zero", ", %rmb, %zero", ", %cmb, %zero"])
@pytest.mark.parametrize(("m", "n"), [(8, 4), (3, 2), (0, 4), (9, -1)])
def test_blocks_of_two_dimensions(addresses: str, mask: str, m: int, n: int) -> None:
    """With a stride, repeated along rows or columns, or one address; masked along both, one or no dimension."""
    body = f"""
      %z = arith.constant dense<5> : tensor<8x4xi32>
      %xp = tt.addptr %xs, {addresses} : tensor<8x4x!tt.ptr<f32>>, tensor<8x4xi32>
      %v = tt.load %xp{mask} : tensor<8x4x!tt.ptr<f32>>
      tt.store %yp, %v : tensor<8x4x!tt.ptr<f32>>"""
    check(TILE.format(body=body), 1, floats(100), np.zeros((8, 4), np.float32), 6, m, n)


@settings(max_examples=20, deadline=None)
@given(
    m=st.integers(1, 10), n=st.integers(1, 6), start=st.integers(0, 9), high=st.integers(-1, 9), sx=st.integers(0, 9)
)
def test_blocks_that_wrap_around_in_both_dimensions(m: int, n: int, start: int, high: int, sx: int) -> None:
    """Read, and written back to where they came from."""
    body = f"""
      %start = arith.constant dense<{start}> : tensor<8x1xi32>
      %moved = arith.addi %rows, %start : tensor<8x1xi32>
      %ns4 = tt.splat %n : i32 -> tensor<1x4xi32>
      %wr = arith.remsi %moved, %ms : tensor<8x1xi32>
      %wc = arith.remsi %columns, %ns4 : tensor<1x4xi32>
      %wrs = arith.muli %wr, %sxs : tensor<8x1xi32>
      %wa = tt.broadcast %wrs : tensor<8x1xi32> -> tensor<8x4xi32>
      %wb = tt.broadcast %wc : tensor<1x4xi32> -> tensor<8x4xi32>
      %w = arith.addi %wa, %wb : tensor<8x4xi32>
      %limit = arith.constant dense<{high}> : tensor<8x1xi32>
      %lm = arith.cmpi sge, %rows, %limit : tensor<8x1xi32>
      %lmb = tt.broadcast %lm : tensor<8x1xi1> -> tensor<8x4xi1>
      %xp = tt.addptr %xs, %w : tensor<8x4x!tt.ptr<f32>>, tensor<8x4xi32>
      %v = tt.load %xp, %lmb, %zero : tensor<8x4x!tt.ptr<f32>>
      tt.store %yp, %v : tensor<8x4x!tt.ptr<f32>>
      %u = tt.load %xp, %lmb : tensor<8x4x!tt.ptr<f32>>
      tt.store %xp, %u, %lmb : tensor<8x4x!tt.ptr<f32>>"""
    check(TILE.format(body=body), 1, floats(100), np.zeros((8, 4), np.float32), sx, m, n)


@pytest.mark.parametrize(("m", "n"), [(8, 4), (3, 2), (0, 4), (9, -1)])
def test_stores_of_two_dimensions(m: int, n: int) -> None:
    body = """
      %xp = tt.addptr %xs, %offsets : tensor<8x4x!tt.ptr<f32>>, tensor<8x4xi32>
      %v = tt.load %yp : tensor<8x4x!tt.ptr<f32>>
      tt.store %xp, %v, %mask : tensor<8x4x!tt.ptr<f32>>"""
    check(TILE.format(body=body), 1, floats(100), floats(8, 4), 6, m, n)


def test_of_elements_that_go_to_one_address_one_stays() -> None:
    body = """
      %xp = tt.addptr %xs, %b : tensor<8x4x!tt.ptr<f32>>, tensor<8x4xi32>
      %v = arith.constant dense<2.5> : tensor<8x4xf32>
      tt.store %xp, %v, %mask : tensor<8x4x!tt.ptr<f32>>"""
    check(TILE.format(body=body), 1, floats(100), floats(8, 4), 6, 3, 2)


@pytest.mark.parametrize("n", [0, 1, 5, 16, 17])
def test_loops_carry_offsets(n: int) -> None:
    """A tensor of pointers, a scalar pointer and a tensor of offsets, all moved by the loop."""
    text = """
    tt.func public @f(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %n: i32) {
      %c0 = arith.constant 0 : i32
      %c1 = arith.constant 1 : i32
      %c8 = arith.constant 8 : i32
      %eight = arith.constant dense<8> : tensor<8xi32>
      %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
      %ns = tt.splat %n : i32 -> tensor<8xi32>
      %zero = arith.constant dense<0.0> : tensor<8xf32>
      %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
      %xp = tt.addptr %xs, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
      %ys = tt.splat %y : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
      %n7 = arith.constant 7 : i32
      %up = arith.addi %n, %n7 : i32
      %blocks = arith.divsi %up, %c8 : i32
      %all:4 = scf.for %i = %c0 to %blocks step %c1 iter_args(%p = %xp, %o = %r, %q = %x, %sum = %zero)
          -> (tensor<8x!tt.ptr<f32>>, tensor<8xi32>, !tt.ptr<f32>, tensor<8xf32>) : i32 {
        %m = arith.cmpi slt, %o, %ns : tensor<8xi32>
        %v = tt.load %p, %m, %zero : tensor<8x!tt.ptr<f32>>
        %first = tt.load %q : !tt.ptr<f32>
        %fs = tt.splat %first : f32 -> tensor<8xf32>
        %w = arith.addf %v, %fs : tensor<8xf32>
        %next = arith.addf %sum, %w : tensor<8xf32>
        %yp = tt.addptr %ys, %o : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
        tt.store %yp, %next, %m : tensor<8x!tt.ptr<f32>>
        %p2 = tt.addptr %p, %eight : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
        %o2 = arith.addi %o, %eight : tensor<8xi32>
        %q2 = tt.addptr %q, %c8 : !tt.ptr<f32>, i32
        scf.yield %p2, %o2, %q2, %next : tensor<8x!tt.ptr<f32>>, tensor<8xi32>, !tt.ptr<f32>, tensor<8xf32>
      }
      %one = arith.constant dense<1.0> : tensor<8xf32>
      %last = arith.addf %all#3, %one : tensor<8xf32>
      %yl = tt.addptr %ys, %all#1 : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
      tt.store %yl, %last : tensor<8x!tt.ptr<f32>>
      tt.return
    }"""
    check(text, 1, floats(n + 1), np.zeros(n + 20, np.float32), n)
    (loop,) = (op for op in converted(text).walk() if op.name == "scf.for")
    assert [str(value.type) for value in loop.results] == ["tensor<8xf32>", "index", "index", "index"]


def test_a_loop_that_only_moves_a_pointer_stays() -> None:
    text = """
    tt.func public @f(%x: !tt.ptr<f32>, %n: i32) {
      %c0 = arith.constant 0 : i32
      %c1 = arith.constant 1 : i32
      %one = arith.constant 1.0 : f32
      %p = scf.for %i = %c0 to %n step %c1 iter_args(%at = %x) -> (!tt.ptr<f32>) : i32 {
        %next = tt.addptr %at, %i : !tt.ptr<f32>, i32
        scf.yield %next : !tt.ptr<f32>
      }
      tt.store %p, %one : !tt.ptr<f32>
      tt.return
    }"""
    x, _ = check(text, 1, np.zeros(8, np.float32), 4)
    assert list(np.flatnonzero(x)) == [6]


@pytest.mark.parametrize("c", [True, False])
def test_branches_and_selects_carry_offsets(c: bool) -> None:
    body = """
      %two = arith.constant dense<2> : tensor<16xi32>
      %four = arith.constant dense<4> : tensor<16xi32>
      %z = arith.constant 0.0 : f32
      %c = arith.cmpf olt, %s, %z : f32
      %moved = scf.if %c -> (tensor<16x!tt.ptr<f32>>) {
        %q = tt.addptr %aa, %two : tensor<16x!tt.ptr<f32>>, tensor<16xi32>
        scf.yield %q : tensor<16x!tt.ptr<f32>>
      } else {
        scf.yield %aa : tensor<16x!tt.ptr<f32>>
      }
      %far = tt.addptr %moved, %four : tensor<16x!tt.ptr<f32>>, tensor<16xi32>
      %chosen = arith.select %c, %far, %moved : tensor<16x!tt.ptr<f32>>
      %r = tt.load %chosen : tensor<16x!tt.ptr<f32>>"""
    r = np.zeros(16, np.float32)
    _, _, r, _ = check(elementwise(body), 1, floats(24), floats(16), r, -1.0 if c else 1.0)
    np.testing.assert_array_equal(r, floats(24)[6:22] if c else floats(24)[:16])


def test_only_what_reaches_memory_is_computed() -> None:
    text = LINE.format(mask=MASKS["below"], stored=", %m")
    generics = [op for op in converted(text).walk() if op.name == "linalg.generic"]
    assert [op.regions[0].block.first_op.name for op in generics] == ["arith.addf"]  # pyright: ignore


# What is done with blocks


def elementwise(body: str, *, element: str = "f32", result: str | None = None) -> str:
    """A kernel that computes %r from %a and %b, sixteen elements each."""
    result = result or element
    loads = "\n".join(
        f"""%{v}s = tt.splat %{v}p : !tt.ptr<{t}> -> tensor<16x!tt.ptr<{t}>>
            %{v}a = tt.addptr %{v}s, %i : tensor<16x!tt.ptr<{t}>>, tensor<16xi32>"""
        for v, t in (("a", element), ("b", element), ("r", result))
    )
    return f"""
    tt.func public @f(%ap: !tt.ptr<{element}>, %bp: !tt.ptr<{element}>, %rp: !tt.ptr<{result}>, %s: {element}) {{
      %i = tt.make_range {{end = 16 : i32, start = 0 : i32}} : tensor<16xi32>
      {loads}
      %a = tt.load %aa : tensor<16x!tt.ptr<{element}>>
      %b = tt.load %ba : tensor<16x!tt.ptr<{element}>>
      {body}
      tt.store %ra, %r : tensor<16x!tt.ptr<{result}>>
      tt.return
    }}"""


BLOCK, NUMBERS = "tensor<16xf32>", "tensor<16xi32>"
BODIES: dict[str, str] = {
    "a number and a block": f"%t = tt.splat %s : f32 -> {BLOCK}\n%r = arith.mulf %a, %t : {BLOCK}",
    "a scalar condition": f"%z = arith.constant 0.0 : f32\n%c = arith.cmpf olt, %s, %z : f32\n"
    f"%r = arith.select %c, %a, %b : {BLOCK}",
    "a comparison as data": f"%c = arith.cmpf olt, %a, %b : {BLOCK}\n"
    f"%r = arith.select %c, %a, %b : tensor<16xi1>, {BLOCK}",
    "a mask as data": f"%five = arith.constant dense<5> : {NUMBERS}\n%c = arith.cmpi slt, %i, %five : {NUMBERS}\n"
    f"%r = arith.select %c, %a, %b : tensor<16xi1>, {BLOCK}",
    "a range as data": f"%f = arith.sitofp %i : {NUMBERS} to {BLOCK}\n%r = arith.addf %a, %f : {BLOCK}",
    "a constant of several values": f"%c = arith.constant dense<[{', '.join(f'{n}.0' for n in range(16))}]> : {BLOCK}\n"
    f"%r = arith.addf %a, %c : {BLOCK}",
    "functions": f"%e = math.exp %a : {BLOCK}\n%q = tt.precise_sqrt %e : {BLOCK}\n"
    f"%r = tt.precise_divf %q, %b : {BLOCK}",
    "clamp": f"%l = tt.splat %s : f32 -> {BLOCK}\n%h = arith.constant dense<1.0> : {BLOCK}\n"
    f"%r = tt.clampf %a, %l, %h, propagateNan = all : {BLOCK}",
    "reshape": f"%q = tt.reshape %a : {BLOCK} -> tensor<4x4xf32>\n"
    "%t = tt.trans %q {order = array<i32: 1, 0>} : tensor<4x4xf32> -> tensor<4x4xf32>\n"
    f"%r = tt.reshape %t : tensor<4x4xf32> -> {BLOCK}",
    "other factors": "%p = tt.reshape %a : tensor<16xf32> -> tensor<2x8xf32>\n"
    "%q = tt.reshape %p : tensor<2x8xf32> -> tensor<8x2xf32>\n"
    f"%t = tt.trans %q {{order = array<i32: 1, 0>}} : tensor<8x2xf32> -> tensor<2x8xf32>\n"
    f"%r = tt.reshape %t : tensor<2x8xf32> -> {BLOCK}",
    "join and split": f"%j = tt.join %a, %b : {BLOCK} -> tensor<16x2xf32>\n"
    "%k = tt.reshape %j : tensor<16x2xf32> -> tensor<2x8x2xf32>\n"
    "%t = tt.trans %k {order = array<i32: 1, 2, 0>} : tensor<2x8x2xf32> -> tensor<8x2x2xf32>\n"
    "%x, %y = tt.split %t : tensor<8x2x2xf32> -> tensor<8x2xf32>\n"
    "%u, %v = tt.split %y : tensor<8x2xf32> -> tensor<8xf32>\n"
    f"%r = tt.cat %u, %v : tensor<8xf32> -> {BLOCK}",
    "one element": "%q = tt.reshape %a : tensor<16xf32> -> tensor<1x16xf32>\n"
    """%m = "tt.reduce"(%q) <{axis = 1 : i32}> ({
    ^bb0(%x: f32, %y: f32):
      %z = arith.maximumf %x, %y : f32
      tt.reduce.return %z : f32
    }) : (tensor<1x16xf32>) -> tensor<1xf32>
    %n = tt.unsplat %m : tensor<1xf32>"""
    f"\n%t = tt.splat %n : f32 -> {BLOCK}\n%r = arith.subf %a, %t : {BLOCK}",
}


@pytest.mark.parametrize("body", BODIES)
def test_blocks(body: str) -> None:
    a = floats(16)
    a[3] = np.nan
    check(elementwise(BODIES[body]), 1, a, floats(16, seed=1), np.zeros(16, np.float32), -0.25)


COMBINERS = {
    "f32": ("addf", "mulf", "maximumf", "minimumf", "maxnumf", "minnumf"),
    "i32": ("addi", "muli", "maxsi", "minsi", "maxui", "minui", "andi", "ori", "xori"),
}


@pytest.mark.parametrize(("element", "combiner"), [(e, c) for e, cs in COMBINERS.items() for c in cs])
@pytest.mark.parametrize("fill", [None, "nan", "zeros"])
def test_reductions_of_one_operation(element: str, combiner: str, fill: str | None) -> None:
    """Also of nothing but NaN, and of nothing but -0.0."""
    body = f"""
      %q = tt.reshape %a : tensor<16x{element}> -> tensor<4x4x{element}>
      %m = "tt.reduce"(%q) <{{axis = 0 : i32}}> ({{
      ^bb0(%x: {element}, %y: {element}):
        %z = arith.{combiner} %x, %y : {element}
        tt.reduce.return %z : {element}
      }}) : (tensor<4x4x{element}>) -> tensor<4x{element}>
      %e = tt.expand_dims %m {{axis = 1 : i32}} : tensor<4x{element}> -> tensor<4x1x{element}>
      %w = tt.broadcast %e : tensor<4x1x{element}> -> tensor<4x4x{element}>
      %r = tt.reshape %w : tensor<4x4x{element}> -> tensor<16x{element}>"""
    if element == "f32":
        a = {"nan": np.full(16, np.nan, np.float32), "zeros": np.full(16, -0.0, np.float32), None: floats(16)}[fill]
        check(elementwise(body), 1, a, a, np.zeros(16, np.float32), 0.0)
    else:
        a = integers(16)
        check(elementwise(body, element="i32"), 1, a, a, np.zeros(16, np.int32), 0)


ARGMAX = """
  %v, %n = "tt.reduce"(%a, %i) <{axis = 0 : i32}> ({
  ^bb0(%x: f32, %k: i32, %y: f32, %l: i32):
    %gt = arith.cmpf ogt, %x, %y : f32
    %eq = arith.cmpf oeq, %x, %y : f32
    %lt = arith.cmpi slt, %k, %l : i32
    %tie = arith.andi %eq, %lt : i1
    %left = arith.ori %gt, %tie : i1
    %z = arith.select %left, %x, %y : f32
    %j = arith.select %left, %k, %l : i32
    tt.reduce.return %z, %j : f32, i32
  }) : (tensor<16xf32>, tensor<16xi32>) -> (f32, i32)
  %ns = tt.splat %n : i32 -> tensor<16xi32>
  %nf = arith.sitofp %ns : tensor<16xi32> to tensor<16xf32>
  %vs = tt.splat %v : f32 -> tensor<16xf32>
  %r = arith.addf %nf, %vs : tensor<16xf32>
"""


def test_a_reduction_of_several_operands_starts_from_the_first_slice() -> None:
    a = floats(16)
    a[4] = a[11] = 3
    *_, result, _ = check(elementwise(ARGMAX), 1, a, a, np.zeros(16, np.float32), 0.0)
    assert (result == 7).all()


DOT = """
tt.func public @f(%a: !tt.ptr<{t}>, %b: !tt.ptr<{t}>, %c: !tt.ptr<{acc}>) {{
  %r = tt.make_range {{end = 16 : i32, start = 0 : i32}} : tensor<16xi32>
  %rows = tt.expand_dims %r {{axis = 1 : i32}} : tensor<16xi32> -> tensor<16x1xi32>
  %columns = tt.expand_dims %r {{axis = 0 : i32}} : tensor<16xi32> -> tensor<1x16xi32>
  %size = arith.constant dense<16> : tensor<16x1xi32>
  %scaled = arith.muli %rows, %size : tensor<16x1xi32>
  %x = tt.broadcast %scaled : tensor<16x1xi32> -> tensor<16x16xi32>
  %y = tt.broadcast %columns : tensor<1x16xi32> -> tensor<16x16xi32>
  %o = arith.addi %x, %y : tensor<16x16xi32>
  %as = tt.splat %a : !tt.ptr<{t}> -> tensor<16x16x!tt.ptr<{t}>>
  %bs = tt.splat %b : !tt.ptr<{t}> -> tensor<16x16x!tt.ptr<{t}>>
  %cs = tt.splat %c : !tt.ptr<{acc}> -> tensor<16x16x!tt.ptr<{acc}>>
  %ap = tt.addptr %as, %o : tensor<16x16x!tt.ptr<{t}>>, tensor<16x16xi32>
  %bp = tt.addptr %bs, %o : tensor<16x16x!tt.ptr<{t}>>, tensor<16x16xi32>
  %cp = tt.addptr %cs, %o : tensor<16x16x!tt.ptr<{acc}>>, tensor<16x16xi32>
  %av = tt.load %ap : tensor<16x16x!tt.ptr<{t}>>
  %bv = tt.load %bp : tensor<16x16x!tt.ptr<{t}>>
  %cv = tt.load %cp : tensor<16x16x!tt.ptr<{acc}>>
  %d = tt.dot %av, %bv, %cv{precision} : tensor<16x16x{t}> * tensor<16x16x{t}> -> tensor<16x16x{acc}>
  tt.store %cp, %d : tensor<16x16x!tt.ptr<{acc}>>
  tt.return
}}
"""


@pytest.mark.parametrize("precision", ["", ", inputPrecision = tf32"])
def test_dot_of_f32_rounds_its_operands_to_tf32_when_it_says_so(precision: str) -> None:
    a = floats(16, 16)
    a[0, 0], a[1, 1] = np.inf, np.nan
    check(DOT.format(t="f32", acc="f32", precision=precision), 1, a, floats(16, 16, seed=1), floats(16, 16, seed=2))


def test_dot_of_batches() -> None:
    body = """
      %x = tt.reshape %a : tensor<16xf32> -> tensor<4x2x2xf32>
      %y = tt.reshape %b : tensor<16xf32> -> tensor<4x2x2xf32>
      %c = arith.constant dense<1.0> : tensor<4x2x2xf32>
      %d = tt.dot %x, %y, %c : tensor<4x2x2xf32> * tensor<4x2x2xf32> -> tensor<4x2x2xf32>
      %r = tt.reshape %d : tensor<4x2x2xf32> -> tensor<16xf32>"""
    check(elementwise(body), 1, floats(16), floats(16, seed=1), np.zeros(16, np.float32), 0.0)


def test_dot_of_f16_and_of_i8() -> None:
    half = np.float16
    operands = floats(16, 16, dtype=half), floats(16, 16, dtype=half, seed=1)
    check(DOT.format(t="f16", acc="f32", precision=""), 1, *operands, floats(16, 16))
    bytes_ = integers(16, 16).astype(np.int8)
    check(DOT.format(t="i8", acc="i32", precision=""), 1, bytes_, bytes_, integers(16, 16))


# Control flow


@pytest.mark.parametrize("s", [-1.0, 1.0])
def test_branches_give_blocks(s: float) -> None:
    body = """
      %z = arith.constant 0.0 : f32
      %c = arith.cmpf olt, %s, %z : f32
      %r = scf.if %c -> (tensor<16xf32>) {
        %t = arith.addf %a, %b : tensor<16xf32>
        tt.store %ba, %t : tensor<16x!tt.ptr<f32>>
        scf.yield %t : tensor<16xf32>
      } else {
        scf.yield %a : tensor<16xf32>
      }
      scf.if %c {
        tt.store %aa, %r : tensor<16x!tt.ptr<f32>>
      }"""
    check(elementwise(body), 1, floats(16), floats(16, seed=1), np.zeros(16, np.float32), s)


def test_while_loops_carry_blocks() -> None:
    body = """
      %hundred = arith.constant 100.0 : f32
      %r, %last = scf.while (%x = %a, %n = %s) : (tensor<16xf32>, f32) -> (tensor<16xf32>, f32) {
        %more = arith.cmpf olt, %n, %hundred : f32
        scf.condition(%more) %x, %n : tensor<16xf32>, f32
      } do {
      ^bb0(%x: tensor<16xf32>, %n: f32):
        %y = arith.addf %x, %b : tensor<16xf32>
        %m = arith.addf %n, %n : f32
        scf.yield %y, %m : tensor<16xf32>, f32
      }"""
    check(elementwise(body), 1, floats(16), floats(16, seed=1), np.zeros(16, np.float32), 3.0)


def test_programs_of_three_dimensions() -> None:
    text = """
    tt.func public @f(%x: !tt.ptr<i32>) {
      %px = tt.get_program_id x : i32
      %py = tt.get_program_id y : i32
      %pz = tt.get_program_id z : i32
      %nx = tt.get_num_programs x : i32
      %ny = tt.get_num_programs y : i32
      %nz = tt.get_num_programs z : i32
      %a = arith.muli %pz, %ny : i32
      %b = arith.addi %a, %py : i32
      %c = arith.muli %b, %nx : i32
      %d = arith.addi %c, %px : i32
      %p = tt.addptr %x, %d : !tt.ptr<i32>, i32
      %v = arith.muli %d, %nz : i32
      tt.store %p, %v : !tt.ptr<i32>
      tt.return
    }"""
    (x,) = check(text, (2, 3, 4), np.zeros(24, np.int32))
    np.testing.assert_array_equal(x, np.arange(24) * 4)


# Refusals: what was found, the rule, and the places


def refusal(text: str) -> str:
    with pytest.raises(UnsupportedError) as error:
        converted(text)
    return error.value.diagnostic.render()


def test_branches_that_give_different_arrays_give_addresses() -> None:
    body = """
      %z = arith.constant 0.0 : f32
      %c = arith.cmpf olt, %s, %z : f32
      %either = scf.if %c -> (tensor<16x!tt.ptr<f32>>) {
        scf.yield %aa : tensor<16x!tt.ptr<f32>>
      } else {
        scf.yield %ba : tensor<16x!tt.ptr<f32>>
      }
      %r = tt.load %either : tensor<16x!tt.ptr<f32>>"""
    assert "address.to_memref" in names(converted(elementwise(body)))


def test_pointers_that_are_stored_as_integers_and_followed() -> None:
    text = """
    tt.func public @f(%x: !tt.ptr<f32>, %table: !tt.ptr<i64>, %y: !tt.ptr<f32>) {
      %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
      %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
      %p = tt.addptr %xs, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
      %numbers = tt.ptr_to_int %p : tensor<8x!tt.ptr<f32>> -> tensor<8xi64>
      %ts = tt.splat %table : !tt.ptr<i64> -> tensor<8x!tt.ptr<i64>>
      %t = tt.addptr %ts, %r : tensor<8x!tt.ptr<i64>>, tensor<8xi32>
      tt.store %t, %numbers : tensor<8x!tt.ptr<i64>>
      %c3 = arith.constant 3 : i32
      %third = tt.addptr %table, %c3 : !tt.ptr<i64>, i32
      %number = tt.load %third : !tt.ptr<i64>
      %one = tt.int_to_ptr %number : i64 -> !tt.ptr<f32>
      %next = tt.addptr %one, %c3 : !tt.ptr<f32>, i32
      %v = tt.load %next : !tt.ptr<f32>
      tt.store %y, %v : !tt.ptr<f32>
      tt.return
    }"""
    for module in (parse_module(text), converted(text)):
        y = np.zeros(1, np.float32)
        run(module, 1, [floats(9), np.zeros(8, np.int64), y])
        assert y[0] == floats(9)[6]


def test_no_conversion_of_an_operation_without_a_form() -> None:
    found = refusal("""
    tt.func public @f(%x: !tt.ptr<i32>) {
      %v = tt.load %x : !tt.ptr<i32>
      %o = tt.elementwise_inline_asm "mov $0, $1;" {constraints = "=r,r", packed_element = 1 : i32, pure = true}
        %v : i32 -> i32
      tt.store %x, %o : !tt.ptr<i32>
      tt.return
    }""")
    assert "error: 'tt.elementwise_inline_asm'" in found


@pytest.mark.parametrize("type", ["i32", "tensor<4xi32>"])
def test_volatile_loads_are_not_merged(type: str) -> None:
    """Waiting for another program by loading again and again: an equal load of before must not stand in."""
    pointer = type.replace("i32", "!tt.ptr<i32>")
    splat = "" if type == "i32" else f"%p = tt.splat %x : !tt.ptr<i32> -> {pointer}\n"
    name = "%x" if type == "i32" else "%p"
    module = converted(f"""
    tt.func public @f(%x: !tt.ptr<i32>) {{
      {splat}%a = tt.load {name} {{isVolatile = true}} : {pointer}
      %b = tt.load {name} {{isVolatile = true}} : {pointer}
      %c = arith.addi %a, %b : {type}
      tt.store {name}, %c : {pointer}
      tt.return
    }}""")
    CsePass().apply(make_context(), module)
    load = "memref.generic_atomic_rmw" if type == "i32" else "linalg_ext.atomic_cas"
    assert names(module).count(load) == 2


def test_no_conversion_of_a_function_with_several_blocks() -> None:
    found = refusal("""
    tt.func public @f(%x: !tt.ptr<f32>, %c: i1) {
      cf.cond_br %c, ^bb1, ^bb2
    ^bb1:
      tt.return
    ^bb2:
      tt.return
    }""")
    assert "function 'f' has 3 blocks" in found


def test_what_is_not_needed_is_not_refused() -> None:
    check(
        elementwise("""%k = arith.fptosi %a : tensor<16xf32> to tensor<16xi32>
      %g = tt.addptr %bs, %k : tensor<16x!tt.ptr<f32>>, tensor<16xi32>
      %unused = tt.load %g : tensor<16x!tt.ptr<f32>>
      %r = arith.addf %a, %b : tensor<16xf32>"""),
        1,
        np.abs(floats(16)),
        floats(16, seed=1),
        np.zeros(16, np.float32),
        0.0,
    )


def test_every_operation_has_a_place_in_the_text() -> None:
    for op in converted(kernel("flash_attn")).walk():
        assert "unknown" not in str(op.location), op


def test_the_arguments_keep_their_names_and_promises() -> None:
    module = converted((KERNELS / "vector_add.ttir").read_text(encoding="utf-8"))
    (function,) = module.ops
    entries: Any = function.attributes["ml.abi"]
    assert [entry.data["name"].data for entry in entries] == ["x_ptr", "y_ptr", "out_ptr", "n"]
    assert all("tt.divisibility" in entry.data for entry in entries)
    hints = [arg.name_hint for arg in function.regions[0].block.args]
    assert hints == ["x_ptr", "y_ptr", "out_ptr", "n", "gx", "gy", "gz"]


# Booleans

BOOLEANS = """
tt.func public @f(%x: !tt.ptr<i1>, %y: !tt.ptr<i8>) {{
  %i = tt.make_range {{end = 16 : i32, start = 0 : i32}} : tensor<16xi32>
  %xs = tt.splat %x : !tt.ptr<i1> -> tensor<16x!tt.ptr<i1>>
  %xp = tt.addptr %xs, %i : tensor<16x!tt.ptr<i1>>, tensor<16xi32>
  {load}
  %ys = tt.splat %y : !tt.ptr<i8> -> tensor<16x!tt.ptr<i8>>
  %yp = tt.addptr %ys, %i : tensor<16x!tt.ptr<i8>>, tensor<16xi32>
  tt.store %yp, %w : tensor<16x!tt.ptr<i8>>
  tt.return
}}
"""
AS_BYTES = """%xb = tt.bitcast %xp : tensor<16x!tt.ptr<i1>> -> tensor<16x!tt.ptr<i8>>
  %w = tt.load %xb : tensor<16x!tt.ptr<i8>>"""
AS_THEY_ARE = """%v = tt.load %xp : tensor<16x!tt.ptr<i1>>
  %w = arith.extui %v : tensor<16xi1> to tensor<16xi8>"""


@pytest.mark.parametrize("load", [AS_BYTES, AS_THEY_ARE])
def test_booleans_in_memory(load: str) -> None:
    x = floats(16) > 0
    _, y = check(BOOLEANS.format(load=load), 1, x, np.zeros(16, np.int8))
    np.testing.assert_array_equal(y, x)


def test_booleans_that_are_both_bytes_and_booleans() -> None:
    bytes = AS_BYTES.replace("%w", "%u")
    both = f"{bytes}\n  {AS_THEY_ARE.replace('%w', '%s')}\n  %w = arith.addi %u, %s : tensor<16xi8>"
    with pytest.raises(UnsupportedError, match="this load takes memory of i8 for i1"):
        converted(BOOLEANS.format(load=both))


def test_addresses_in_a_while_loop_are_not_data() -> None:
    text = """
    tt.func public @f(%x: !tt.ptr<i32>, %n: i32) {
      %i = tt.make_range {end = 16 : i32, start = 0 : i32} : tensor<16xi32>
      %zero = arith.constant dense<0> : tensor<16xi32>
      %none = arith.constant 0 : i32
      %one = arith.constant 1 : i32
      %w:2 = scf.while (%k = %n, %v = %zero) : (i32, tensor<16xi32>) -> (i32, tensor<16xi32>) {
        %more = arith.cmpi sgt, %k, %none : i32
        scf.condition(%more) %k, %v : i32, tensor<16xi32>
      } do {
      ^bb0(%k: i32, %v: tensor<16xi32>):
        %xs = tt.splat %x : !tt.ptr<i32> -> tensor<16x!tt.ptr<i32>>
        %xp = tt.addptr %xs, %i : tensor<16x!tt.ptr<i32>>, tensor<16xi32>
        %y = tt.load %xp : tensor<16x!tt.ptr<i32>>
        %s = arith.addi %v, %y : tensor<16xi32>
        tt.store %xp, %s : tensor<16x!tt.ptr<i32>>
        %l = arith.subi %k, %one : i32
        scf.yield %l, %s : i32, tensor<16xi32>
      }
      tt.return
    }"""
    check(text, 1, integers(16), 3)
