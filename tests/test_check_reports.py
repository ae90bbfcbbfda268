"""What a check says: pass, argument, index, both values, place and rule; and the file that repeats it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mutations as m
import numpy as np
import pytest
from test_check_mutations import KERNELS, LAUNCHES, TARGET, break_pass, broken, source_of

from minilinalg import compile, passes, pipelines
from minilinalg.check import Checker
from minilinalg.cli import main as minilinalg
from minilinalg.cli import opt as minilinalg_opt
from minilinalg.context import make_context
from minilinalg.errors import CheckError, LaunchError, RunError
from minilinalg.parsing import parse_module
from minilinalg.pipelines import Step, road_steps, run_pipeline
from minilinalg.printing import module_text
from minilinalg.reproducer import write_check

HINT = "  hint: minilinalg.reproducer.write_check(path, error) writes the module as it was before the pass"


def failing(kernel: str, index: int, mistake: m.Mutation) -> CheckError:
    """What the check says of the road with a mistake in its pass `index`."""
    steps = list(road_steps("simd"))
    steps[index] = broken(steps[index], mistake)
    ctx = make_context()
    ctx.target = TARGET
    module = source_of(kernel, ctx)
    grid, args = LAUNCHES[kernel]()
    with pytest.raises(CheckError) as caught:
        run_pipeline(ctx, module, steps, instrumentation=[Checker(module, grid, args, target=TARGET)])
    return caught.value


def position(pass_name: str) -> int:
    return [row.pass_name for row in pipelines.ROADS["simd"]].index(pass_name)


MESSAGES = {
    ("vector_add", "canonicalize", m.become("arith.addf", m.subtract)): """\
vector_add.ttir:26:5: error: pass 'canonicalize' changed an answer: out_ptr[0] was -0.21532318 and is 0.9064915 \
(34001 elements differ)
  from: kernels.py:16:5
  rule: the pass declares itself exact: bitwise the same answers""",
    ("vector_add", "triton-to-linalg", m.integer_constant(1024, 1025)): """\
vector_add.ttir:19:12: error: after pass 'triton-to-linalg' the module does not run as before: \
'tensor.insert_slice' writes [1025] elements at [0] of a tensor of [1024]
  from: kernels.py:14:9
  rule: a slice lies inside its tensor""",
    ("vector_add", "one-shot-bufferize", m.drop("memref.copy")): """\
vector_add.ttir:26:5: error: pass 'one-shot-bufferize' changed an answer: out_ptr[0] was -0.21532318 and is 0.0 \
(34001 elements differ)
  from: kernels.py:16:5
  rule: the pass declares itself exact: bitwise the same answers""",
    ("softmax", "linalg-to-simd", m.drop("simd.reduce_addf")): """\
softmax.ttir:48:7: error: pass 'linalg-to-simd' changed an answer: out_ptr[0, 0] was 0.0022805356 and is -0.82774293 \
(28000 elements differ)
  from: kernels.py:30:9
  rule: the pass declares itself exact: bitwise the same answers""",
    ("gemv", "simd-fuse-multiply-add", m.become("simd.fma", m.sum_alone)): """\
gemv.ttir:67:5: error: pass 'simd-fuse-multiply-add' changed an answer: on small whole numbers y_ptr[0] was \
1.168002e+06 and is 7865.0 (50 elements differ)
  from: kernels.py:141:5
  rule: the pass may only fuse a product into a sum""",
    ("softmax", "simd-insert-sync", m.drop("simd.wait")): """\
softmax.ttir:37:14: error: after pass 'simd-insert-sync' the module does not run as before: race between pipes: \
'memref.load' (scalar) reads bytes 4096 to 4099 of nram on core 0, and nothing says that 'simd.reduce_addf' (vector) \
at softmax.ttir:37:14 has written them
  from: kernels.py:29:15
  from: triton/language/standard.py:314:12
  rule: pipes run side by side: what one writes, the others and the core touch only behind its token""",
}


@pytest.mark.parametrize(("kernel", "name", "mistake"), MESSAGES)
def test_messages(kernel: str, name: str, mistake: m.Mutation) -> None:
    error = failing(kernel, position(name), mistake)
    assert error.diagnostic.render() == f"{MESSAGES[kernel, name, mistake]}\n{HINT}"
    assert error.pass_name == error.pipeline == name


def test_a_module_that_does_not_verify_is_the_pass_s() -> None:
    def without_operand(module: Any) -> bool:
        next(m.find(module, "arith.addf")).operands = []
        return True

    error = failing("vector_add", 0, without_operand)
    assert error.diagnostic.found.startswith("what pass 'lift-cf-to-scf' left does not verify: ")


STORES = """
tt.func public @copy(%x: !tt.ptr<f32>, %out: !tt.ptr<f32>, %n: i32) {
  %range = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %limit = tt.splat %n : i32 -> tensor<8xi32>
  %mask = arith.cmpi slt, %range, %limit : tensor<8xi32>
  %px = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %px, %range : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %po = tt.splat %out : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %o = tt.addptr %po, %range : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %v = tt.load %p, %mask : tensor<8x!tt.ptr<f32>>
  tt.store %o, %v : tensor<8x!tt.ptr<f32>>
  tt.return
}
"""


@pytest.mark.parametrize(("size", "n", "wrong"), [(8, 5, "stores an undefined element"), (5, 8, "is out of bounds")])
@pytest.mark.parametrize("check", [True, "deep"])
def test_what_the_program_does_wrong_itself_is_the_program_s(size: int, n: int, wrong: str, check: Any) -> None:
    kernel = compile(STORES, target="tiny-simd", to="linalg")
    x, out = np.arange(8, dtype=np.float32), np.zeros(size, np.float32)
    with pytest.raises(RunError, match=f"'tt.store' {wrong}"):
        kernel[1](x, out, n, check=check)
    assert not out.any()


SHIFTS = """
tt.func public @shift(%x: !tt.ptr<f32>) {
  %c4 = arith.constant 4 : i32
  %pid = tt.get_program_id x : i32
  %start = arith.muli %pid, %c4 : i32
  %range = tt.make_range {end = 4 : i32, start = 0 : i32} : tensor<4xi32>
  %s = tt.splat %start : i32 -> tensor<4xi32>
  %here = arith.addi %s, %range : tensor<4xi32>
  %fours = tt.splat %c4 : i32 -> tensor<4xi32>
  %there = arith.addi %here, %fours : tensor<4xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<4x!tt.ptr<f32>>
  %p = tt.addptr %xs, %there : tensor<4x!tt.ptr<f32>>, tensor<4xi32>
  %v = tt.load %p : tensor<4x!tt.ptr<f32>>
  %o = tt.addptr %xs, %here : tensor<4x!tt.ptr<f32>>, tensor<4xi32>
  tt.store %o, %v : tensor<4x!tt.ptr<f32>>
  tt.return
}
"""
"""Every program reads what the next one writes."""


def test_a_race_of_the_program_is_not_blamed_on_a_pass() -> None:
    kernel = compile(SHIFTS, target="tiny-simd")
    x = np.arange(12, dtype=np.float32)
    with pytest.raises(RunError, match=r"race between programs: 'tt\.store' writes byte 16 of argument 'x'"):
        kernel[2](x, check=True)
    assert (x == np.arange(12)).all()


def test_wrong_arguments_are_the_caller_s() -> None:
    kernel = compile(KERNELS / "vector_add.nopromise.ttir", target="mlu370")
    x = np.zeros(8, np.float32)
    with pytest.raises(LaunchError, match="takes 4 arguments, and 3 were given"):
        kernel[1](x, x, x, check=True)
    with pytest.raises(LaunchError, match="has dtype float64"):
        kernel[1](x, x, np.zeros(8), 8, check=True)


# Places


SEVERAL_STORES = """
tt.func public @three(%out: !tt.ptr<i32>) {
  %c1 = arith.constant 1 : i32
  %c2 = arith.constant 2 : i32
  %second = tt.addptr %out, %c1 : !tt.ptr<i32>, i32
  tt.store %out, %c1 : !tt.ptr<i32>
  tt.store %second, %c2 : !tt.ptr<i32>
  tt.store %out, %c2 : !tt.ptr<i32>
  tt.return
}
"""


@pytest.mark.parametrize(
    ("dropped", "message", "line"),
    [(0, None, 0), (1, "out[1] was 2 and is 0", 7), (2, "out[0] was 2 and is 1", 6)],
)
def test_the_place_is_that_of_the_store_that_wrote_the_element(dropped: int, message: str | None, line: int) -> None:
    """Where a store was lost, the one before it that still writes; if there is none, the one that was lost."""

    def drop(module: Any) -> bool:
        lost = list(m.find(module, "tt.store"))[dropped]
        lost.detach()
        lost.erase()
        return True

    module = parse_module(SEVERAL_STORES, "three.ttir")
    checker = Checker(module, 1, [np.zeros(2, np.int32)])
    step = broken(Step(passes.load_pass("canonicalize")()), drop)
    if message is None:
        # Nothing was left of it anyway.
        run_pipeline(make_context(), module, [step], instrumentation=[checker])
        return
    with pytest.raises(CheckError) as caught:
        run_pipeline(make_context(), module, [step], instrumentation=[checker])
    assert caught.value.diagnostic.found == f"pass 'canonicalize' changed an answer: {message}"
    assert str(caught.value.diagnostic.places[0]) == f"three.ttir:{line}:3"


# Reproducers


def test_the_reproducer_holds_the_module_before_the_pass_and_repeats_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    index = position("linalg-to-simd")
    error = failing("softmax", index, m.drop("simd.dma"))
    path = write_check(tmp_path / "softmax.mlir", error, ["--target=mlu370"], ["make again"])
    text = path.read_text()
    assert text.splitlines()[:12] == [
        "// To repeat: minilinalg-opt softmax.mlir --target=mlu370 -p linalg-to-simd",
        "// To repeat: make again",
        *(f"// {line}" for line in error.diagnostic.render().splitlines()[:-1]),
        "// function softmax, grid 33",
        "// out_ptr: float32 array of shape (40, 700)",
        "// in_ptr: float32 array of shape (40, 700)",
        "// in_stride: 700",
        "// out_stride: 700",
        "// n_rows: 40",
        "// n_cols: 700",
    ]
    ctx = make_context()
    assert module_text(parse_module(text, str(path), ctx)) == module_text(error.module_before)
    # The command does what the pass does to that module.
    monkeypatch.chdir(tmp_path)
    assert minilinalg_opt.main(["softmax.mlir", "--target=mlu370", "-p", "linalg-to-simd"]) == 0
    ctx.target = TARGET
    run_pipeline(ctx, error.module_before, [road_steps("simd")[index]])
    assert capsys.readouterr().out == module_text(error.module_before)


def test_the_reproducer_describes_the_arguments() -> None:
    base = np.zeros((4, 6), np.float32)
    x, out = base[:, :4], base[:, 2:]
    frozen = np.zeros(3, np.float16)
    frozen.flags.writeable = False
    text = "tt.func public @f(%x: !tt.ptr<f32>, %out: !tt.ptr<f32>, %w: !tt.ptr<f16>, %n: i32) {\n  tt.return\n}"
    checker = Checker(parse_module(text), (2, 3), [x, out, frozen, 5])
    assert checker.launch.describe(parse_module(text), checker.args) == (
        "function f, grid (2, 3)",
        "x: float32 array of shape (4, 4), strides (24, 4) bytes, shares memory with out",
        "out: float32 array of shape (4, 4), strides (24, 4) bytes, shares memory with x",
        "w: float16 array of shape (3,), read-only",
        "n: 5",
    )


def test_the_command_stops_at_the_pass_and_writes_the_reproducer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    break_pass(monkeypatch, "memref-promote", m.drop("memref.copy"))
    kernel, launch = KERNELS / "vector_add.nopromise.ttir", KERNELS / "vector_add.nopromise.toml"
    code = minilinalg.main(["run", str(kernel), "--road=simd", "--target=mlu370", f"--launch={launch}", "--check"])
    assert code == 3
    shown = capsys.readouterr()
    assert "pass 'memref-promote' changed an answer: out_ptr[0] was " in shown.out + shown.err
    text = (tmp_path / "vector_add.nopromise.reproducer.mlir").read_text()
    assert text.startswith("// To repeat: minilinalg-opt vector_add.nopromise.reproducer.mlir --target=mlu370 -p ")
    parse_module(text)
