"""What is said where there is no GPU, and what a device may be asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from simt_programs import GPU, module

import minilinalg as ml
from minilinalg.codegen.ptx import Machine, machine_of, ptx_name, ptx_text
from minilinalg.cuda.driver import LIBRARIES
from minilinalg.errors import CommandError, UnsupportedError
from minilinalg.targets import load_target

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "kernels"
NO_DRIVER = """\
error: there is no CUDA driver here
  rule: device 'cuda' is a GPU of NVIDIA's with its driver (libcuda.so.1)
  hint: without a device the kernel runs on the simulated machine"""


def _has_driver() -> bool:
    import ctypes

    for name in LIBRARIES:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


@pytest.mark.skipif(_has_driver(), reason="there is a CUDA driver")
def test_without_a_driver() -> None:
    command = [sys.executable, "-m", "minilinalg.cli.main", "run", str(EXAMPLES / "vector_add.ttir")]
    flags = ["--road", "simt", "--target", "h200", "--device", "cuda", "--launch", str(EXAMPLES / "vector_add.toml")]
    found = subprocess.run([*command, *flags], capture_output=True, text=True)
    assert found.returncode == 2
    assert found.stderr.strip() == NO_DRIVER
    kernel = ml.compile(EXAMPLES / "vector_add.ttir", road="simt", target="h200", device="cuda")
    with pytest.raises(CommandError, match="there is no CUDA driver here"):
        kernel[1](*kernel_arguments())
    # Stages before the last run as they always do.
    run = kernel[1](*kernel_arguments(), stage="tt")
    assert run.milliseconds is None


def kernel_arguments() -> list[object]:
    import numpy as np

    return [np.zeros(16, np.float32), np.zeros(16, np.float32), np.zeros(16, np.float32), 16]


def test_devices_that_are_none() -> None:
    with pytest.raises(CommandError) as caught:
        ml.compile(EXAMPLES / "vector_add.ttir", road="simt", target="h200", device="cude")
    assert (
        str(caught.value)
        == "error: unknown device 'cude'\n  rule: a device is one of: cuda\n  hint: did you mean 'cuda'?"
    )
    with pytest.raises(CommandError) as caught:
        ml.compile(EXAMPLES / "vector_add.ttir", road="simd", target="tiny-simd", device="cuda")
    assert str(caught.value) == (
        "error: device 'cuda' on road simd\n  rule: a GPU runs stage simt, the end of road simt"
    )


def test_what_a_target_says_of_its_code() -> None:
    assert machine_of(None) == Machine(80)
    assert machine_of(load_target("a100")).name == "sm_80"
    assert machine_of(load_target("h200")).name == "sm_90a"
    with pytest.raises(UnsupportedError, match="PTX for target 'tiny-simd'"):
        machine_of(load_target("tiny-simd"))


def test_text_of_a_kernel() -> None:
    kernel = ml.compile(EXAMPLES / "vector_add.ttir", road="simt", target="h200")
    text = kernel.text("ptx")
    assert text.startswith(".version 8.0\n.target sm_90a\n.address_size 64\n")
    assert ".visible .entry vector_add(" in text


def test_names_that_ptx_cannot_spell() -> None:
    assert [ptx_name(name) for name in ("add", "a.b-c", "_x", "1x", "")] == ["add", "a_b_c", "__x", "_1x", "_"]


def test_what_nothing_uses_is_not_printed() -> None:
    text = ptx_text(module("%n = arith.addi %i, %t : vector<1xi32>"), Machine(80))
    assert text[text.index("{") :].split("\n")[-4:] == ["", "    ret;", "}", ""]


def test_gpu_is_what_the_driver_finds() -> None:
    assert GPU is None or GPU.capability >= 80
