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
