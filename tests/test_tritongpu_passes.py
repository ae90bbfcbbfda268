"""The layout passes of the simt road: errors, and what they leave on kernels of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from triton_texts import EXAMPLES, FILES, identity

from minilinalg.cli.pipeline_text import parse_pipeline
from minilinalg.compilation import compile
from minilinalg.context import make_context
from minilinalg.errors import CommandError, InputError
from minilinalg.parsing import parse_module
from minilinalg.pipelines import run_pipeline
from minilinalg.stages import check_stage, stage_of
from minilinalg.targets import load_target

EMPTY = "tt.func @k(%x: f32) {\n  %0 = tt.splat %x : f32 -> tensor<8xf32>\n  tt.return\n}"


def passed(text: str, pipeline: str, target: str = "h200"):
    ctx = make_context()
    ctx.target = load_target(target)
    module = parse_module(text, ctx=ctx)
    run_pipeline(ctx, module, parse_pipeline(pipeline, ctx), verify_each=True)
    return module


@pytest.mark.parametrize("warps", [1, 2, 32])
@pytest.mark.parametrize("path", [*FILES, *EXAMPLES], ids=identity)
def test_every_tensor_has_a_layout(path: Path, warps: int) -> None:
    module = passed(path.read_text(), f"convert-triton-to-tritongpu{{num-warps={warps}}}", "a100")
    assert stage_of(module) == "ttg"


@pytest.mark.parametrize(("warps", "meant"), [(3, 4), (0, 1), (-2, 1), (6, 8)])
def test_a_number_of_warps_is_a_power_of_two(warps: int, meant: int) -> None:
    with pytest.raises(CommandError) as caught:
        passed(EMPTY, f"convert-triton-to-tritongpu{{num-warps={warps}}}")
    assert str(caught.value) == (
        f"error: num-warps is {warps}\n"
        "  rule: layouts are linear in the bits of the numbers of threads, so there is a power of two of them\n"
        f"  hint: num-warps={meant}"
    )


def test_clusters_have_no_way_down() -> None:
    with pytest.raises(CommandError) as caught:
        passed(EMPTY, "convert-triton-to-tritongpu{num-ctas=2}")
    assert str(caught.value) == (
        "error: num-ctas is 2\n  rule: one block runs a program: clusters of several have no way down"
    )


def test_a_simd_machine_has_no_threads() -> None:
    with pytest.raises(CommandError) as caught:
        passed(EMPTY, "convert-triton-to-tritongpu", "tiny-simd")
    assert str(caught.value) == (
        "error: pass 'convert-triton-to-tritongpu' compiles for a simt machine, "
        "and target 'tiny-simd' is a simd machine\n"
        "  rule: a road leads to the machines of its kind\n"
        "  hint: 'minilinalg targets' lists the machines that come along"
    )


@pytest.mark.parametrize(("road", "target", "other"), [("simd", "h200", "simt"), ("simt", "tiny-simd", "simd")])
def test_a_road_leads_to_machines_of_its_kind(road: str, target: str, other: str) -> None:
    with pytest.raises(CommandError) as caught:
        compile(EMPTY, road=road, target=target)
    assert str(caught.value) == (
        f"error: target '{target}' is a {other} machine, and the road is '{road}'\n"
        f"  rule: road {road} leads to a {road} machine\n"
        f"  hint: road '{other}'"
    )


LAID_OUT = """
#b = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
#c = #ttg.blocked<{sizePerThread = [2], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
  tt.func @k(%x: f32) {
    %0 = tt.splat %x : f32 -> tensor<64xf32, #b>
    %1 = arith.truncf %0 : tensor<64xf32, #b> to tensor<64xf16, #b>
    tt.return
  }
}"""


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (
            '"ttg.num-warps" = 1 : i32, ',
            "",
            "'builtin.module' has no ttg.num-warps\n"
            "  rule: the module says how many warps a program has: ttg.num-warps",
        ),
        ("-> tensor<64xf32, #b>", "-> tensor<64xf32>", "'tt.splat' has type tensor<64xf32>\n"),
    ],
)
def test_the_contract_of_ttg(old: str, new: str, found: str) -> None:
    check_stage(parse_module(LAID_OUT), "ttg", "a")
    text = LAID_OUT.replace(old, new)
    if new == "-> tensor<64xf32>":
        text = text.replace("    %1 = arith.truncf %0 : tensor<64xf32, #b> to tensor<64xf16, #b>\n", "")
    with pytest.raises(InputError) as caught:
        check_stage(parse_module(text), "ttg", "a")
    assert found in str(caught.value)
