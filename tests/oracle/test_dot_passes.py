"""The passes that bring dots to tensor cores, and loops into stages, against the official ones of the same names."""

from __future__ import annotations

import pytest
from official_road import snapshots
from official_triton import INSTALLED
from test_ttgir_meaning import twin
from xdsl.dialects.builtin import ModuleOp

from minilinalg.cli.pipeline_text import parse_pipeline
from minilinalg.context import make_context
from minilinalg.parsing import parse_module
from minilinalg.pipelines import run_pipeline
from minilinalg.targets import load_target

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not INSTALLED, reason="triton is not installed")]

DOTS = ["matmul", "flash_attn", "int8_dot", "int8_dequant_matmul", "matmul_devdesc", "matmul_tma", "dot_scaled"]
TARGETS = {80: "a100", 90: "h200"}


def ours(text: str, pipeline: str, capability: int) -> ModuleOp:
    ctx = make_context()
    ctx.target = load_target(TARGETS[capability])
    module = parse_module(text, ctx=ctx)
    run_pipeline(ctx, module, parse_pipeline(pipeline, ctx), verify_each=True)
    return module


def shown(module: ModuleOp, *names: str) -> list[str]:
    """The operations of these names with the types of their operands and results."""
    return [
        f"{op.name}({', '.join(map(str, op.operand_types))}) -> {', '.join(map(str, op.result_types))}"
        for op in module.walk()
        if op.name in names
    ]


@pytest.mark.parametrize("warps", [1, 2, 4, 8])
@pytest.mark.parametrize("capability", TARGETS)
@pytest.mark.parametrize("kernel", DOTS)
def test_dots_go_to_the_same_instructions(kernel: str, capability: int, warps: int) -> None:
    name = "tritongpu-accelerate-matmul"
    before, after = snapshots(twin(f"{kernel}.sm{capability}"), capability, warps)[name]
    mine, theirs = ours(before, name, capability), parse_module(after)
    dots = ("tt.dot", "ttng.warp_group_dot", "ttg.local_alloc")
    assert shown(mine, *dots) == shown(theirs, *dots)
    moved = "ttg.convert_layout"
    assert len(shown(mine, moved)) <= len(shown(theirs, moved))


@pytest.mark.parametrize("kernel", DOTS)
def test_no_more_fences_than_the_official_ones(kernel: str) -> None:
    """One is enough for two products when nothing is written between them."""
    name = "triton-nvidia-gpu-fence-insertion"
    before, after = snapshots(twin(f"{kernel}.sm90"), 90)[name]
    mine, theirs = (len(shown(m, "ttng.fence_async_shared")) for m in (ours(before, name, 90), parse_module(after)))
    assert min(1, theirs) <= mine <= theirs
