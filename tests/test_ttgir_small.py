"""Operations of ttg on kernels of a few lines, as thread code: what it leaves is what the kernel on tensors leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from simt_programs import H200
from test_simt_timing import report
from test_ttgir_to_simt import ROAD
from xdsl.dialects.builtin import ModuleOp

from minilinalg.context import make_context
from minilinalg.errors import UnsupportedError
from minilinalg.interp import run
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass

LAYOUTS = """
#line = #ttg.blocked<{sizePerThread = [2], threadsPerWarp = [32], warpsPerCTA = [2], order = [0]}>
#flat = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
"""


def lowered(text: str) -> tuple[ModuleOp, ModuleOp]:
    """The module on tensors, and the one of a thread."""
    ctx = make_context()
    module = parse_module(text, "k.ttgir", ctx)
    threads = module.clone()
    for name in ROAD:
        load_pass(name)().apply(ctx, threads)
    threads.verify()
    return module, threads


def same(text: str, *arguments: Any, grid: Any = 1) -> Any:
    """Runs both on the same arguments, the one of a thread on the simulated GPU; what the machine reports."""
    module, threads = lowered(text)
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    run(module, grid, list(arguments))
    found = report(threads, grid, *copies, target=H200)
    for number, (a, b) in enumerate(zip(arguments, copies, strict=True)):
        if isinstance(a, np.ndarray):
            assert (a == b).all(), f"array {number}"
    return found


def kernel(body: str, element: str = "i32", size: int = 128, layouts: str = "") -> str:
    """Pointers px, pi and po to `size` elements each; %at counts them."""
    pointer = f"tensor<{size}x!tt.ptr<{element}>, #line>"
    made = "".join(
        f"%s{a} = tt.splat %{a} : !tt.ptr<{t}> -> tensor<{size}x!tt.ptr<{t}>, #line>\n"
        f"%p{a} = tt.addptr %s{a}, %at : tensor<{size}x!tt.ptr<{t}>, #line>, tensor<{size}xi32, #line>\n"
        for a, t in (("x", element), ("i", "i32"), ("o", element))
    )
    return f"""{LAYOUTS}{layouts}
module attributes {{"ttg.num-warps" = 2 : i32, "ttg.threads-per-warp" = 32 : i32}} {{
  tt.func public @k(%x: !tt.ptr<{element}>, %i: !tt.ptr<i32>, %o: !tt.ptr<{element}>, %n: i32) {{
    %at = tt.make_range {{end = {size} : i32, start = 0 : i32}} : tensor<{size}xi32, #line>
    {made}
    %v = tt.load %px : {pointer}
    {body}
    tt.return
  }}
}}
"""


NARROW_AND_WIDE = """
%t = arith.trunci %v : tensor<128xi32, #line> to tensor<128xi8, #line>
%r:2 = "tt.reduce"(%t, %v) <{axis = 0 : i32}> ({
^bb0(%a: i8, %b: i32, %c: i8, %d: i32):
  %e = arith.maxsi %a, %c : i8
  %f = arith.addi %b, %d : i32
  tt.reduce.return %e, %f : i8, i32
}) : (tensor<128xi8, #line>, tensor<128xi32, #line>) -> (i8, i32)
%s:2 = "tt.scan"(%t, %v) <{axis = 0 : i32, reverse = false}> ({
^bb0(%a: i8, %b: i32, %c: i8, %d: i32):
  %e = arith.addi %a, %c : i8
  %f = arith.maxsi %b, %d : i32
  tt.scan.return %e, %f : i8, i32
}) : (tensor<128xi8, #line>, tensor<128xi32, #line>) -> (tensor<128xi8, #line>, tensor<128xi32, #line>)
%u = arith.extsi %r#0 : i8 to i32
%w = arith.addi %u, %r#1 : i32
%y = tt.splat %w : i32 -> tensor<128xi32, #line>
%z = arith.extsi %s#0 : tensor<128xi8, #line> to tensor<128xi32, #line>
%p = arith.addi %s#1, %y : tensor<128xi32, #line>
%q = arith.addi %p, %z : tensor<128xi32, #line>
tt.store %po, %q : tensor<128x!tt.ptr<i32>, #line>
"""


def test_warps_hand_on_narrow_and_wide_elements_together() -> None:
    """Both find theirs at an address that their widest access may have."""
    x = np.random.default_rng(0).integers(-999, 999, 128).astype(np.int32)
    same(kernel(NARROW_AND_WIDE), x, np.zeros(128, np.int32), np.zeros_like(x), 0)


SCATTER = """
%index = tt.load %pi : tensor<128x!tt.ptr<i32>, #line>
%b = ttg.local_alloc %v : (tensor<128xT, #line>) -> !ttg.memdesc<128xT, #flat, #smem, mutable>
%limit = tt.splat %n : i32 -> tensor<128xi32, #line>
%m = arith.cmpi slt, %at, %limit : tensor<128xi32, #line>
%old = ttg.local_atomic_scatter_rmw KIND, %b[%index], %v, %m {axis = 0 : i32} :
  (!ttg.memdesc<128xT, #flat, #smem, mutable>, tensor<128xT, #line>, tensor<128xi32, #line>, tensor<128xi1, #line>)
  -> tensor<128xT, #line>
"""
LOADED = """
%r = ttg.local_load %b : !ttg.memdesc<128xT, #flat, #smem, mutable> -> tensor<128xT, #line>
tt.store %po, %r : tensor<128x!tt.ptr<T>, #line>
"""


@pytest.mark.parametrize(("kind", "element"), [("add", "i32"), ("fadd", "f32"), ("max", "i32"), ("umin", "i32")])
@pytest.mark.parametrize("n", [0, 77, 128])
def test_updates_at_computed_indices(kind: str, element: str, n: int) -> None:
    body = (SCATTER + LOADED).replace("KIND", kind)
    body = body.replace("T,", f"{element},").replace("<T>", f"<{element}>")
    text = kernel(body, element)
    rng = np.random.default_rng(0)
    dtype = np.dtype(element.replace("i", "int").replace("f", "float"))
    x, i = rng.integers(-99, 99, 128).astype(dtype), rng.integers(0, 128, 128).astype(np.int32)
    found = same(text, x, i, np.zeros_like(x), n)
    assert found.cycles > 0


def test_what_updates_found() -> None:
    """Each index once, so that the order does not matter."""
    store = "tt.store %po, %old, %m : tensor<128x!tt.ptr<i32>, #line>\n"
    text = kernel(SCATTER.replace("KIND", "add").replace("T,", "i32,") + store)
    rng = np.random.default_rng(0)
    x, i = rng.integers(-99, 99, 128).astype(np.int32), rng.permutation(128).astype(np.int32)
    o = np.full(128, -1, np.int32)
    same(text, x, i, o, 100)
    assert (o[:100] == x[i[:100]]).all() and (o[100:] == -1).all()


def test_launches_that_overlap() -> None:
    x, i, o = np.arange(128, dtype=np.int32), np.zeros(128, np.int32), np.zeros(128, np.int32)
    store = "tt.store %po, %v : tensor<128x!tt.ptr<i32>, #line>"
    same(kernel(f"tt.grid_dependency_wait\ntt.grid_dependency_launch_dependents\n{store}"), x, i, o, 0)
    assert (o == x).all()


# Padded buffers


PADDINGS = ["[8:+1]", "[16:+4]", "[32:+8, 128:+16]", "[64:+2]"]
TILES = """
#tile = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [2, 1], order = [1, 0]}>
#turned = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [8, 4], warpsPerCTA = [1, 2], order = [0, 1]}>
#pads = #ttg.padded_shared<PADS {order = [1, 0], shape = [16, 32]}>
#smem = #ttg.shared_memory
"""


def tiles(padding: str, element: str, body: str) -> str:
    """A tile of 16 x 32, row by row, goes through a buffer to o, column by column in each thread."""
    made = "".join(
        f"""
    %r{a} = tt.make_range {{end = 16 : i32, start = 0 : i32}} : ROWS
    %c{a} = tt.make_range {{end = 32 : i32, start = 0 : i32}} : COLUMNS
    %rr{a} = tt.expand_dims %r{a} {{axis = 1 : i32}} : ROWS -> tensor<16x1xi32, #{lay}>
    %cc{a} = tt.expand_dims %c{a} {{axis = 0 : i32}} : COLUMNS -> tensor<1x32xi32, #{lay}>
    %w{a} = arith.constant dense<32> : tensor<16x1xi32, #{lay}>
    %m{a} = arith.muli %rr{a}, %w{a} : tensor<16x1xi32, #{lay}>
    %x0{a} = tt.broadcast %m{a} : tensor<16x1xi32, #{lay}> -> tensor<16x32xi32, #{lay}>
    %x1{a} = tt.broadcast %cc{a} : tensor<1x32xi32, #{lay}> -> tensor<16x32xi32, #{lay}>
    %at{a} = arith.addi %x0{a}, %x1{a} : tensor<16x32xi32, #{lay}>
    %s{a} = tt.splat %{a} : !tt.ptr<{element}> -> tensor<16x32x!tt.ptr<{element}>, #{lay}>
    %p{a} = tt.addptr %s{a}, %at{a} : tensor<16x32x!tt.ptr<{element}>, #{lay}>, tensor<16x32xi32, #{lay}>
    """.replace("ROWS", f"tensor<16xi32, #ttg.slice<{{dim = 1, parent = #{lay}}}>>").replace(
            "COLUMNS", f"tensor<32xi32, #ttg.slice<{{dim = 0, parent = #{lay}}}>>"
        )
        for a, lay in (("x", "tile"), ("o", "turned"))
    )
    return f"""{TILES.replace("PADS", padding)}
module attributes {{"ttg.num-warps" = 2 : i32, "ttg.threads-per-warp" = 32 : i32}} {{
  tt.func public @k(%x: !tt.ptr<{element}>, %o: !tt.ptr<{element}>, %n: i32) {{
    {made}
    %v = tt.load %px : tensor<16x32x!tt.ptr<{element}>, #tile>
    {
        body.replace("ONE", f"!ttg.memdesc<16x32x{element}, #pads, #smem, mutable>")
        .replace("TWO", f"!ttg.memdesc<2x16x32x{element}, #pads, #smem, mutable>")
        .replace("TILE", f"tensor<16x32x{element}, #tile>")
        .replace("TURNED", f"tensor<16x32x{element}, #turned>")
    }
    tt.store %po, %r : tensor<16x32x!tt.ptr<{element}>, #turned>
    tt.return
  }}
}}
"""


THROUGH = "%b = ttg.local_alloc %v : (TILE) -> ONE\n%r = ttg.local_load %b : ONE -> TURNED"
COPIED = """
%b = ttg.local_alloc : () -> ONE
%t = ttg.async_copy_global_to_local %px, %b {contiguity = 4 : i32} : tensor<16x32x!tt.ptr<f32>, #tile> -> ONE
%g = ttg.async_commit_group tokens %t
%d = ttg.async_wait %g {num = 0 : i32}
%r = ttg.local_load %b token %d : ONE -> TURNED
"""
SECOND = """
%two = ttg.local_alloc : () -> TWO
%zero = arith.constant 0 : i32
%a = ttg.memdesc_index %two[%zero] : TWO -> ONE
%b = ttg.memdesc_index %two[%n] : TWO -> ONE
ttg.local_store %v, %b : TILE -> ONE
%sum = ARITH %v, %v : TILE
ttg.local_store %sum, %a : TILE -> ONE
%r = ttg.local_load %b : ONE -> TURNED
"""


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize(("element", "dtype"), [("f16", np.float16), ("f32", np.float32), ("i8", np.int8)])
def test_padded_buffers(padding: str, element: str, dtype: Any) -> None:
    x = np.random.default_rng(0).integers(-50, 50, 512).astype(dtype)
    for body in (THROUGH, SECOND.replace("ARITH", "arith.addi" if element == "i8" else "arith.addf")):
        o = np.zeros_like(x)
        same(tiles(padding, element, body), x, o, 1)
        assert (o == x).all()


@pytest.mark.parametrize("padding", ["[16:+4]", "[32:+8, 128:+16]"])
def test_copies_into_padded_buffers(padding: str) -> None:
    x, o = np.arange(512, dtype=np.float32), np.zeros(512, np.float32)
    text = tiles(padding, "f32", COPIED).replace("%x: !tt.ptr<f32>", "%x: !tt.ptr<f32> {tt.divisibility = 16 : i32}")
    same(text, x, o, 1)
    assert (o == x).all()


def test_padding_keeps_columns_in_banks_of_their_own() -> None:
    conflicts = "l1tex__data_bank_conflicts_pipe_lsu_mem_shared_op_ld.sum"
    x = np.arange(512, dtype=np.float32)
    plain = tiles("[512:+1]", "f32", THROUGH)
    spread = tiles("[32:+1]", "f32", THROUGH)
    many, few = (same(text, x, np.zeros_like(x), 1).counters[conflicts] for text in (plain, spread))
    assert few < many / 2


def test_partitions_of_warps_are_refused_with_their_place() -> None:
    body = """
    %r = ttg.warp_specialize(%n)
    default {
      ttg.warp_yield %n : i32
    }
    partition0(%m: i32) num_warps(4) {
      ttg.warp_return
    } : (i32) -> i32
    tt.store %po, %v : tensor<128x!tt.ptr<i32>, #line>
    """
    with pytest.raises(UnsupportedError) as caught:
        lowered(kernel(body))
    told = caught.value.diagnostic
    assert told.found == "'ttg.warp_specialize'" and told.places
    assert told.rule == "tritongpu-to-simt has no code for this operation yet"
