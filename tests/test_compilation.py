"""`ml.compile` and what it returns: what users get wrong, and what a kernel tells of itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minilinalg as ml
from minilinalg import builder as mb
from minilinalg.errors import CommandError, InputError, LaunchError, MinilinalgError, UnsupportedError

VECTOR_ADD = Path(__file__).resolve().parents[1] / "examples" / "kernels" / "vector_add.nopromise.ttir"


def vector_add() -> Any:
    return ml.compile(VECTOR_ADD, target="mlu370")


def arguments(n: int = 3000) -> list[Any]:
    x, y = np.random.default_rng(0).standard_normal((2, n)).astype(np.float32)
    return [x, y, np.zeros_like(x), n]


def built() -> mb.Module:
    b = mb.Module()
    with b.function("scale", x="8x16xf32") as f:
        f.returns(f.comprehension("Y[m] += X[m, n] * 2.0", X=f.x))
    return b


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"road": "smid"}, "unknown road 'smid'"),
        ({"target": "mlu380"}, "unknown target 'mlu380'"),
        ({"target": None}, "target is not given"),
        ({"to": "lingalg"}, "lingalg"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        ml.compile(VECTOR_ADD, **{"target": "mlu370", **options})
    assert message in caught.value.diagnostic.found
    assert caught.value.diagnostic.rule


@pytest.mark.parametrize(("target", "road"), [("mlu370", "simd"), ("h200", "simt")])
def test_the_road_is_the_one_to_the_target(target: str, road: str) -> None:
    assert ml.compile(VECTOR_ADD, target=target).road == road


@pytest.mark.parametrize("source", [3, "", None, ["a"]])
def test_what_is_no_source(source: Any) -> None:
    with pytest.raises(CommandError, match="the source is"):
        ml.compile(source, target="mlu370")


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="there is no file"):
        ml.compile("nofile.ttir", target="mlu370")


def test_a_kernel_is_launched_over_a_grid() -> None:
    with pytest.raises(LaunchError, match="is called without a grid"):
        vector_add()(*arguments())


def test_check_is_spelt_right() -> None:
    with pytest.raises(CommandError, match="check is 'dep'"):
        vector_add()[3](*arguments(), check="dep")


def test_a_built_module_is_a_source_and_has_no_grid() -> None:
    kernel = ml.compile(built(), target="mlu370")
    x = np.arange(128, dtype=np.float32).reshape(8, 16)
    run = kernel(x, check=True)
    np.testing.assert_allclose(run.results[0], 2 * x.sum(axis=1), rtol=1e-6)
    assert run.cycles > 0


def test_a_kernel_says_what_it_is() -> None:
    assert repr(vector_add()) == (
        "<Kernel vector_add for mlu370, road simd: tt -> linalg -> tiled -> memref -> promoted -> simd>"
    )


def test_any_stage_runs() -> None:
    kernel = vector_add()
    for stage in kernel.stages:
        x, y, out, n = arguments()
        kernel[3](x, y, out, n, stage=stage)
        assert (out == x + y).all(), stage


def test_text_of_a_stage_compiles_on() -> None:
    kernel = vector_add()
    for stage in kernel.stages:
        again = ml.compile(kernel.text(stage), target="mlu370")
        assert again.last_stage == "simd"
        x, y, out, n = arguments()
        again[3](x, y, out, n)
        assert (out == x + y).all(), stage


def test_to_stops_early() -> None:
    assert ml.compile(VECTOR_ADD, target="mlu370", to="linalg").stages == ("tt", "linalg")
    with pytest.raises(CommandError, match="beyond 'tt'"):
        ml.compile(vector_add().text("memref"), target="mlu370", to="tt")


def test_what_stops_is_kept_with_its_reason() -> None:
    text = """
    tt.func public @polls(%flag: !tt.ptr<i32>, %one: i32, %ns: i64) {
      %ok = tt.atomic_poll acquire, gpu, %flag, %one timeout %ns : !tt.ptr<i32>, i32 -> i1
      tt.return
    }"""
    kernel = ml.compile(text, target="mlu370", partial=True)
    assert kernel.stages == ("tt",)
    assert kernel.stopped is not None and "with a timeout" in kernel.stopped.diagnostic.found
    with pytest.raises(MinilinalgError, match="with a timeout"):
        ml.compile(text, target="mlu370")


@pytest.mark.parametrize("wrong", ["cycles", "pipes", "counters"])
def test_a_run_without_a_machine_has_no_cycles(wrong: str) -> None:
    run = vector_add()[3](*arguments(), stage="tt")
    with pytest.raises(MinilinalgError, match="this run had no machine"):
        getattr(run, wrong)


def test_a_number_of_warps_is_an_option_of_the_road() -> None:
    kernel = ml.compile(VECTOR_ADD, road="simt", target="h200", num_warps=8)
    x, y, out, n = arguments()
    assert "tritongpu-to-simt" in kernel[3](x, y, out, n, check=True).checked
    assert (out == x + y).all()
    assert '"ttg.num-warps" = 8' in kernel.text("ttg") and "warpsPerCTA = [8]" in kernel.text("ttg")
    assert "simt.threads = 256" in kernel.text("simt")


def test_a_module_with_layouts_keeps_its_number_of_warps() -> None:
    text = ml.compile(VECTOR_ADD, road="simt", target="h200", num_warps=2, to="ttg").text("ttg")
    for num_warps in (None, 2):
        assert "simt.threads = 64" in ml.compile(text, target="h200", num_warps=num_warps).text("simt")
    with pytest.raises(CommandError, match="num-warps is 8, and the module has layouts for 2 warps already"):
        ml.compile(text, target="h200", num_warps=8)


def test_a_number_of_stages_that_no_loop_goes_by_is_remarked() -> None:
    def remarks(source: Path, num_stages: int | None) -> list[str]:
        kernel = ml.compile(source, target="a100", to="ttg", num_stages=num_stages)
        return [remark.text for remark in kernel.remarks if "num-stages" in remark.text]

    assert remarks(VECTOR_ADD, 4) == ["num-stages=4 changes nothing: no loop goes by it"]
    assert remarks(VECTOR_ADD, None) == remarks(VECTOR_ADD, 1) == []
    assert remarks(VECTOR_ADD.parent / "matmul.ttir", 4) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"num_warps": 3},
            "error: num-warps is 3\n"
            "  rule: layouts are linear in the bits of the numbers of threads, so there is a power of two of them\n"
            "  hint: num-warps=4",
        ),
        (
            {"num_warps": 64},
            "error: num-warps is 64\n"
            "  rule: a block of target 'h200' has at most 1024 threads, and a warp 32\n"
            "  hint: num-warps=32",
        ),
        ({"num_warps": True}, "error: num_warps is True\n  rule: num_warps is an integer"),
        ({"num_warps": "8"}, "error: num_warps is '8'\n  rule: num_warps is an integer"),
        ({"num_warps": -4}, "error: num_warps is -4\n  rule: num_warps is at least 1"),
        ({"num_stages": 0}, "error: num_stages is 0\n  rule: num_stages is at least 1"),
        (
            {"num_stages": 2, "road": "simd", "target": "tiny-simd"},
            "error: num_stages is 2\n  rule: no pass of road simd has an option of that name\n  hint: road 'simt' has",
        ),
        (
            {"num_warps": 4, "road": "simd", "target": "tiny-simd"},
            "error: num_warps is 4\n  rule: no pass of road simd has an option of that name\n  hint: road 'simt' has",
        ),
    ],
)
def test_a_wrong_number_of_warps(options: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        ml.compile(VECTOR_ADD, **{"road": "simt", "target": "h200", **options})
    assert str(caught.value) == message


@pytest.mark.parametrize("arch", ["sm80", "sm90"])
def test_official_ttgir_goes_down_the_road_as_it_is(arch: str) -> None:
    """Its reductions have layouts that are not the ones by default."""
    source = VECTOR_ADD.parents[2] / "tests" / "data" / "ttgir" / f"gemv.{arch}.ttgir"
    kernel = ml.compile(source, road="simt", target="a100" if arch == "sm80" else "h200")
    a, x, out = np.ones((48, 128), np.float16), np.arange(128, dtype=np.float16) % 5, np.zeros(48, np.float32)
    kernel[2](a, x, out, 48, 128, 128, check=True)
    assert (out == x.sum(dtype=np.float32)).all()


BRANCHES_AND_CALLS = """
#b = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
module attributes {"ttg.num-ctas" = 1 : i32, "ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
  tt.func public @k(%x: !tt.ptr<f32>, %n: i32) {
    %i = tt.get_program_id x : i32
    %none = arith.cmpi sge, %i, %n : i32
    cf.cond_br %none, ^bb1, ^bb2
  ^bb1:
    tt.return
  ^bb2:
    %size = arith.constant 32 : i32
    %first = arith.muli %i, %size : i32
    %start = tt.addptr %x, %first : !tt.ptr<f32>, i32
    %add = tt.call @half_of(%i) : (i32) -> f32
    %lanes = tt.make_range {end = 32 : i32, start = 0 : i32} : tensor<32xi32, #b>
    %starts = tt.splat %start : !tt.ptr<f32> -> tensor<32x!tt.ptr<f32>, #b>
    %at = tt.addptr %starts, %lanes : tensor<32x!tt.ptr<f32>, #b>, tensor<32xi32, #b>
    %v = tt.load %at : tensor<32x!tt.ptr<f32>, #b>
    %adds = tt.splat %add : f32 -> tensor<32xf32, #b>
    %r = arith.addf %v, %adds : tensor<32xf32, #b>
    tt.store %at, %r : tensor<32x!tt.ptr<f32>, #b>
    tt.return
  }
  tt.func private @half_of(%i: i32) -> f32 attributes {noinline = true} {
    %zero = arith.constant 0 : i32
    %half = arith.constant 5.000000e-01 : f32
    %none = arith.cmpi eq, %i, %zero : i32
    cf.cond_br %none, ^bb1, ^bb2
  ^bb1:
    tt.return %half : f32
  ^bb2:
    %f = arith.sitofp %i : i32 to f32
    %r = arith.mulf %f, %half : f32
    tt.return %r : f32
  }
}
"""


@pytest.mark.parametrize(
    "said, found, rule",
    [
        (
            '"ttg.num-warps" = 3',
            "<source>:3:1: error: ttg.num-warps is 3",
            "layouts are linear in the bits of the numbers of threads, so there is a power of two of them",
        ),
        (
            '"ttg.num-warps" = 2',
            "<source>:15:14: error: 'tt.make_range' has tensor<32xi32, #ttg.blocked<{sizePerThread = [1], "
            "threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>>, whose layout is for 1 warps",
            "the module has 2 warps, and its layouts are for all of them",
        ),
        (
            '"ttg.num-warps" = 64',
            "<source>:3:1: error: ttg.num-warps is 64",
            "a block of target 'a100' has at most 1024 threads, and a warp 32",
        ),
        (
            '"ttg.threads-per-warp" = 64',
            "<source>:3:1: error: ttg.threads-per-warp is 64",
            "a warp of target 'a100' has 32 threads",
        ),
        (
            '"ttg.num-ctas" = 2',
            "<source>:3:1: error: ttg.num-ctas is 2",
            "one block runs a program: clusters of several have no way down",
        ),
    ],
)
def test_numbers_of_threads_that_nothing_has(said: str, found: str, rule: str) -> None:
    key = said.split(" = ")[0]
    text = re.sub(f"{key} = [0-9]+", said, BRANCHES_AND_CALLS)
    with pytest.raises((InputError, UnsupportedError)) as caught:
        ml.compile(text, road="simt", target="a100")
    message = str(caught.value).splitlines()
    assert message[0] == found and message[-1] == f"  rule: {rule}"


def test_a_kernel_with_layouts_may_return_early_and_call() -> None:
    kernel = ml.compile(BRANCHES_AND_CALLS, road="simt", target="a100")
    x = np.zeros(3 * 32, np.float32)
    kernel[3](x, 2, check=True)
    assert (x == np.repeat([0.5, 0.5, 0], 32)).all()


@pytest.mark.parametrize("stages", [1, 2, 4])
def test_a_number_of_stages_is_an_option_of_the_road(stages: int) -> None:
    kernel = ml.compile(VECTOR_ADD.parent / "matmul.ttir", road="simt", target="a100", num_stages=stages)
    copies = kernel.text("ttg").count("ttg.async_copy_global_to_local")
    # Two operands, once in front of the loop for each stage but one, and once in the loop.
    assert copies == (0 if stages == 1 else 2 * stages)
