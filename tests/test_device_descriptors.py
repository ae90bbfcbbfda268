"""Tensor maps that a block makes itself, in the memory that the launch lends it, at stage simt."""

from __future__ import annotations

import re

import numpy as np
import pytest
from simt_programs import CHUNKINGS, H200, TEXTS, module
from test_simt_timing import report
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i32

from minilinalg.check.running import Launch
from minilinalg.codegen.ptx import Machine, ptx_text
from minilinalg.context import make_context
from minilinalg.dialects.simt import SCRATCH_ATTR
from minilinalg.errors import MinilinalgError, RunError, TileError, UnsupportedError
from minilinalg.interp import Executable
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass
from minilinalg.run_options import RunOptions
from minilinalg.sim.simt.run import SimtSimulator

MAP = "!simt.tensor_map<2x16xf32, swizzle = 64>"
COPY = """
%c0 = arith.constant 0 : i32
%c1 = arith.constant 1 : i32
%c2 = arith.constant 2 : i32
%c16 = arith.constant 16 : i32
%s = arith.constant 192 : i64
%zero = arith.constant dense<0> : vector<1xi32>
%w = arith.cmpi eq, %t, %zero : vector<1xi32>
%shared = arith.constant dense<1024> : vector<1xi32>
%bar = arith.constant dense<1152> : vector<1xi32>
%rows = arith.muli %b, %c2 : i32
%mx = simt.global_scratch 0 : i64
%my = simt.global_scratch 128 : i64
simt.tensormap_create %shared, %mx, %x, [%c16, %c2], [%n, %nrows], [%s], [%c1, %c1]
  {elem_type = 7 : i32, interleave_layout = 0 : i32, swizzle_mode = 2 : i32, fill_mode = 0 : i32}
simt.tensormap_fenceproxy_acquire %mx
simt.tensormap_create %shared, %my, %o, [%c16, %c2], [%n, %nrows], [%s], [%c1, %c1]
  {elem_type = 7 : i32, interleave_layout = 0 : i32, swizzle_mode = 2 : i32, fill_mode = 0 : i32}
simt.tensormap_fenceproxy_acquire %my
%dx = simt.tensor_map_at %mx : MAP
%dy = simt.tensor_map_at %my : MAP
simt.mbarrier_init %bar, 1 when %w : vector<1xi32>
simt.fence_async_shared
simt.barrier
simt.mbarrier_arrive_expect_tx %bar, 128 when %w : vector<1xi32>
simt.bulk_tensor_load %dx[%rows, %c16], %zero, %bar when %w : MAP
simt.mbarrier_wait %bar, %c0 : vector<1xi32>
simt.fence_async_shared
simt.bulk_tensor_store %dy[%rows, %c16], %zero when %w : MAP
simt.bulk_commit
simt.bulk_wait 0
""".replace("MAP", MAP)


def kernel(body: str = COPY, scratch: int = 256) -> ModuleOp:
    """Block b copies rows 2 b and 2 b + 1 of x, (rows, 48), from column 16 on to o, as far as n columns go."""
    made = module(body, 32, 1280, {"x": "f32", "o": "f32", "n": "i32", "nrows": "i32"})
    for function in made.ops:
        function.attributes[SCRATCH_ATTR] = IntegerAttr(scratch, i32)
    return made


def copied(made: ModuleOp, rows: int, n: int) -> None:
    for options in CHUNKINGS:
        x, o = np.arange(rows * 48, dtype=np.float32).reshape(rows, 48), np.full((rows, 48), -1, np.float32)
        Executable(made, None, options).run(-(-rows // 2), [x, o, n, rows])
        inside = (np.arange(48) >= 16) & (np.arange(48) < min(n, 32))
        assert (o == np.where(inside, x, -1)).all()


@pytest.mark.parametrize(("rows", "n"), [(1, 48), (2, 17), (7, 23), (8, 16), (26, 32)])
def test_blocks_copy_by_maps_of_their_own(rows: int, n: int) -> None:
    copied(kernel(), rows, n)


def stored_beside(n: int, o: np.ndarray, **options: bool) -> np.ndarray:
    """What stands in five rows of memory, -1 before, of which `o` is a part."""
    x = np.arange(5 * 48, dtype=np.float32).reshape(5, 48)
    SimtSimulator(kernel(), H200, options=RunOptions(**options)).run(3, [x, o, n, 5])
    return x


@pytest.mark.parametrize("n", [17, 18, 19, 20, 23, 31, 32, 48])
def test_stores_write_to_the_end_of_16_bytes(n: int) -> None:
    """As an H200 does (test_gpu.py): behind the tensor stands what the load filled up with."""
    column, end = np.arange(48), min(n, 32)
    filled = (column >= end) & (column < -(-end // 4) * 4)
    wide = np.full((5, 48), -1, np.float32)
    x = stored_beside(n, wide, checks=False)
    assert (wide == np.where((column >= 16) & (column < end), x, np.where(filled, 0, -1))).all()
    part = np.full((5, 48), -1, np.float32)
    stored_beside(n, part[:, :n])
    # The last row of a slice ends with it: there is no memory of a launch behind.
    assert (part[:-1] == wide[:-1]).all() and (part[-1, :n] == wide[-1, :n]).all()


def test_elements_that_a_store_takes_along_stop_the_run() -> None:
    wide = np.full((5, 48), -1, np.float32)
    with pytest.raises(TileError) as caught:
        stored_beside(23, wide)
    told = caught.value.diagnostic
    assert told.found == "'simt.bulk_tensor_store' writes byte 92 of argument 'o', which is beside the tensor"
    assert told.rule is not None and "up to 12 bytes behind the end of the tensor are lost" in told.rule
    assert told.places
    wide[:, 23] = 0
    # What stands there already is not lost.
    stored_beside(23, wide)


def test_a_check_compares_what_lies_beside_a_tensor_with_nobody() -> None:
    part = np.full((5, 48), -1, np.float32)
    x = np.arange(5 * 48, dtype=np.float32).reshape(5, 48)
    found = Launch(3, target=H200).answer(kernel(), [x, part[:, :23], 23, 5])
    assert all((bytes_.view(np.float32) != 0).sum() == 4 * 25 for _, bytes_ in found.between)
    with pytest.raises(TileError):
        Launch(3, target=H200).answer(kernel(), [x, part, 23, 5])


def test_the_simulated_gpu_moves_boxes_and_maps() -> None:
    x, o = np.arange(7 * 48, dtype=np.float32), np.zeros(7 * 48, np.float32)
    found = report(kernel(), 4, x, o, 48, 7, target=H200)
    assert (o.reshape(7, 48)[:, 16:32] == x.reshape(7, 48)[:, 16:32]).all()
    # Of each block a box of 128 bytes both ways, and two maps.
    assert found.traffic["loads"].moved == 4 * 128 and found.traffic["stores"].moved == 4 * (128 + 2 * 128)
    assert found.cycles > 2 * H200.latency.cache


ACQUIRE = "simt.tensormap_fenceproxy_acquire %mx\n"
WRONG = {
    "no map there": ("simt.global_scratch 128", "simt.global_scratch 0", None),
    "nothing made it": ("%mx, %x,", "%my, %x,", "'simt.tensor_map_at' finds no descriptor of a tensor of rank 2 there"),
    "no fence": (ACQUIRE, "", "'simt.tensor_map_at' is of a descriptor that TMA does not see yet"),
    "other boxes": (
        "%x, [%c16, %c2]",
        "%x, [%c2, %c16]",
        "'simt.tensor_map_at' finds a descriptor of other boxes there",
    ),
    "other swizzle": ("swizzle_mode = 2", "swizzle_mode = 3", "'simt.tensor_map_at' finds a descriptor of other boxes"),
    "other elements": (
        "elem_type = 7",
        "elem_type = 9",
        "'simt.tensor_map_at' finds a descriptor of other elements there",
    ),
    "shared memory": ("dense<1024>", "dense<1216>", "'simt.tensormap_create' is out of bounds: thread 0 of block"),
    "crooked": ("constant 192", "constant 200", "lines that begin, at no multiple of 16 bytes"),
}


@pytest.mark.parametrize("what", WRONG)
def test_maps_that_are_none(what: str) -> None:
    old, new, found = WRONG[what]
    made = kernel(COPY.replace(old, new))
    x, o = np.arange(96, dtype=np.float32), np.zeros(96, np.float32)
    if found is None:
        # One place for two maps: the later one counts.
        report(made, 1, x, o, 48, 2, target=H200)
        assert not o[16:32].any()
        return
    with pytest.raises(RunError) as caught:
        report(made, 1, x, o, 48, 2, target=H200)
    assert found in caught.value.diagnostic.found and caught.value.diagnostic.places


def test_memory_that_is_not_lent_is_nobodys() -> None:
    with pytest.raises(RunError, match="out of bounds"):
        copied(kernel(scratch=128), 2, 48)


def test_a_map_is_made_where_nobody_else_is() -> None:
    """A thread reads what the first one has just made a map in."""
    made = kernel(COPY.replace(ACQUIRE, ACQUIRE + "%r = simt.load_shared %shared : vector<1xi32> -> vector<1xf32>\n"))
    with pytest.raises(RunError, match=r"race in shared memory: 'simt\.load_shared' reads byte 1024 on thread"):
        report(made, 1, np.zeros(96, np.float32), np.zeros(96, np.float32), 48, 2, target=H200)


def test_text() -> None:
    text = ptx_text(kernel(), Machine(90, specific=True))
    assert text.startswith(".version 8.3\n") and ".param .u64 .ptr .global .align 256 k_param_4" in text
    fields = re.findall(r"tensormap\.replace\.tile\.(\w+)\.", text)
    once = ["global_address", "rank", *["box_dim"] * 2, *["global_dim"] * 2, "global_stride", *["element_stride"] * 2]
    assert fields == 2 * [*once, "elemtype", "swizzle_mode"]
    assert ptx_text(module("", 32), Machine(90, specific=True)).startswith(".version 8.0\n")
    for machine in (Machine(80), Machine(90)):
        with pytest.raises(UnsupportedError, match=r"of compute capability 9\.0 alone"):
            ptx_text(kernel(), machine)
    with pytest.raises(MinilinalgError, match=r"in a function without simt\.scratch"):
        ptx_text(module("%m = simt.global_scratch 0 : i64", 32), Machine(90, specific=True))
    assert TEXTS


HANDED_ON = """
#shared = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 32}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  tt.func public @k(%x: !tt.ptr<i8>, %y: !tt.ptr<i8>, %c: i1, %i: i32) {
    %d = scf.if %c -> (!tt.tensordesc<8x32xf32, #shared>) {
      %a = ttng.reinterpret_tensor_descriptor %x : !tt.ptr<i8> to !tt.tensordesc<8x32xf32, #shared>
      scf.yield %a : !tt.tensordesc<8x32xf32, #shared>
    } else {
      %b = ttng.reinterpret_tensor_descriptor %y : !tt.ptr<i8> to !tt.tensordesc<8x32xf32, #shared>
      scf.yield %b : !tt.tensordesc<8x32xf32, #shared>
    }
    %v = ttg.local_alloc {allocation.offset = 0 : i32} : () -> !ttg.memdesc<8x32xf32, #shared, #smem, mutable>
    ttng.async_tma_copy_local_to_global %d[%i, %i] %v
        : !tt.tensordesc<8x32xf32, #shared>, !ttg.memdesc<8x32xf32, #shared, #smem, mutable>
    tt.return
  }
}
"""


def test_one_that_a_branch_hands_on_is_refused() -> None:
    ctx = make_context()
    with pytest.raises(UnsupportedError, match="handed on by a loop or a branch"):
        load_pass("tritongpu-to-simt")().apply(ctx, parse_module(HANDED_ON, ctx=ctx))
