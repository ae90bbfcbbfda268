"""Descriptors down the whole road to stage ttg, against what the official compiler leaves of the same text."""

from __future__ import annotations

from pathlib import Path

import pytest
from official_road import run, snapshots
from official_triton import INSTALLED
from test_tiles import copy
from xdsl.dialects.builtin import ModuleOp

from minilinalg.analysis.scratch import buffer_bytes
from minilinalg.context import make_context
from minilinalg.dialects import ttg
from minilinalg.dialects.ttg.types import memdesc_type
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass
from minilinalg.pipelines import road_steps, run_pipeline
from minilinalg.targets import load_target

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not INSTALLED, reason="triton is not installed")]

TTIR = Path(__file__).resolve().parent.parent / "data" / "ttir"
SAME = (
    "ttg.convert_layout",
    "ttg.global_scratch_alloc",
    "ttg.local_load",
    "ttng.async_tma_copy_global_to_local",
    "ttng.async_tma_copy_local_to_global",
    "ttng.async_tma_store_wait",
    "ttng.barrier_expect",
    "ttng.fence_async_shared",
    "ttng.init_barrier",
    "ttng.inval_barrier",
    "ttng.tensormap_create",
    "ttng.wait_barrier",
    "ttng.warp_group_dot",
    "ttng.warp_group_dot_wait",
)


def ours(text: str, warps: int, stages: int) -> ModuleOp:
    ctx = make_context()
    ctx.target = load_target("h200")
    module = parse_module(text, ctx=ctx)
    run_pipeline(ctx, module, road_steps("simt", to="ttg", options={"num_warps": warps, "num_stages": stages}))
    return module


def counted(module: ModuleOp) -> dict[str, int]:
    """How many operations there are of each name, and the bytes of the buffers."""
    found = {name: sum(op.name == name for op in module.walk()) for name in SAME}
    allocs = [memdesc_type(op.result) for op in module.walk() if isinstance(op, ttg.LocalAllocOp)]
    return {**found, "buffers": len(allocs), "bytes": sum(map(buffer_bytes, allocs))}


@pytest.mark.parametrize(("warps", "stages"), [(4, 1), (4, 2), (4, 3), (8, 3), (4, 5)])
@pytest.mark.parametrize("kernel", ["matmul_tma", "matmul_devdesc"])
def test_the_same_copies_buffers_and_barriers(kernel: str, warps: int, stages: int) -> None:
    path = TTIR / f"{kernel}.ttir"
    theirs = parse_module(snapshots(path, 90, warps, stages)["canonicalize.4"].after)
    mine, official = counted(ours(path.read_text(), warps, stages)), counted(theirs)
    assert {name: count for name, count in mine.items() if count > official[name]} == {}
    assert mine["ttng.async_tma_copy_global_to_local"] == official["ttng.async_tma_copy_global_to_local"]


BLOCKS = [
    ((128, 64), "f16", None),
    ((4, 8), "f32", None),
    ((1024,), "f32", None),
    ((64,), "i8", None),
    ((2, 4, 32), "bf16", None),
    ((2, 2, 2, 4, 16), "f32", None),
    ((8, 512), "f8E5M2", None),
    ((512, 8), "i64", None),
    ((4, 512, 8), "f32", None),
    ((1, 64, 32), "f16", (64, 32)),
    ((1, 1, 64), "f16", (64,)),
]
STEPS = {
    "convert-triton-to-tritongpu": 'passes.ttir.add_convert_to_ttgpuir(pm, "cuda:90", 4, 32, 1)',
    "tritongpu-coalesce": "passes.ttgpuir.add_coalesce(pm)",
    "triton-nvidia-optimize-descriptor-encoding": "nvidia.passes.ttnvgpuir.add_optimize_descriptor_encoding(pm)",
}


@pytest.mark.parametrize(("block", "element", "result"), BLOCKS)
def test_the_same_layouts(block: tuple[int, ...], element: str, result: tuple[int, ...] | None) -> None:
    """Of blocks in registers and of tiles in shared memory."""
    text = copy(block, element, result)
    theirs = parse_module(run(text, list(STEPS.values()))[-1])
    ctx = make_context()
    ctx.target = load_target("h200")
    mine = parse_module(text, ctx=ctx)
    for name in STEPS:
        load_pass(name)().apply(ctx, mine)
    assert accesses(mine) == accesses(theirs)


def accesses(module: ModuleOp) -> list[str]:
    """The loads and stores of descriptors with their types."""
    return [
        f"{op.name}({', '.join(map(str, op.operand_types))}) -> {', '.join(map(str, op.result_types))}"
        for op in module.walk()
        if op.name.startswith("tt.descriptor_")
    ]
