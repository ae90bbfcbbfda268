"""Random kernels down the whole road: every pass checked by running, the machine's answer against the tt stage's."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

import mutations as m
import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from road_programs import case

import minilinalg as ml
from minilinalg import pipelines
from minilinalg.check import copy_arguments
from minilinalg.errors import CheckError, InputError, RunError
from minilinalg.interp import run
from minilinalg.targets import Target, load_target

KERNELS = 20
"""How many are run, which are enough to find a mistake."""


@cache
def machine(name: str) -> Target:
    return load_target(name)


@pytest.mark.parametrize("target", ["mlu370", "tiny-simd"])
@settings(max_examples=KERNELS, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_random_kernels_down_the_road(target: str, random: Any) -> None:
    launch = case(random)
    module = ml.parse_module(launch.text)
    expected, found = copy_arguments(launch.arguments), copy_arguments(launch.arguments)
    try:
        run(module, launch.grid, expected)
    except RunError:
        # An undefined element reached memory: the program's own error. Hypothesis complains when these are many.
        reject()
    try:
        kernel = ml.compile(module, target=machine(target))
    except InputError as error:
        # A machine may be too small for a kernel; nothing else may stop it.
        assert "bytes" in error.diagnostic.render(), launch.text
        reject()
    kernel[launch.grid](*found, check=True)
    for a, b in zip(found, expected, strict=True):
        if isinstance(a, np.ndarray):
            floats = a.dtype.kind not in "iub"
            np.testing.assert_array_equal(*((x.astype(np.float64) for x in (a, b)) if floats else (a, b)))


@pytest.mark.parametrize(
    ("pass_name", "mistake"),
    [
        ("triton-to-linalg", m.ignore_mask),
        ("triton-to-linalg", m.smaller_size),
        ("one-shot-bufferize", m.drop("memref.copy")),
        ("linalg-to-simd", m.drop("simd.dma", last=False)),
    ],
)
def test_random_kernels_find_a_mistake(monkeypatch: pytest.MonkeyPatch, pass_name: str, mistake: m.Mutation) -> None:
    """A pass that makes a mistake wherever it can is found out within a few of these kernels."""
    real = pipelines.load_pass

    def load(wanted: str) -> Any:
        cls = real(wanted)
        if wanted != pass_name:
            return cls

        def apply(self: Any, ctx: Any, op: Any) -> None:
            cls.apply(self, ctx, op)
            mistake(op)

        return type(cls.__name__, (cls,), {"apply": apply})

    monkeypatch.setattr(pipelines, "load_pass", load)
    for seed in range(KERNELS):
        launch = case(Random(seed))
        try:
            kernel = ml.compile(ml.parse_module(launch.text), target=machine("mlu370"))
            kernel[launch.grid](*copy_arguments(launch.arguments), check=True)
        except CheckError as error:
            assert error.pass_name == pass_name
            return
        except RunError:
            continue
    pytest.fail(f"{KERNELS} kernels, and nobody notices what {pass_name} does")
