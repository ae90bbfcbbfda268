"""Random kernels down the simt road: every pass checked by running, and what threads leave against stage tt."""

from __future__ import annotations

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
from minilinalg.errors import CheckError, GlobalRaceError, RunError
from minilinalg.interp import run


@pytest.mark.parametrize(("target", "warps"), [("h200", 4), ("a100", 1), ("a100", 8)])
@settings(max_examples=12, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_random_kernels_down_the_simt_road(target: str, warps: int, random: Any) -> None:
    launch = case(random)
    module = ml.parse_module(launch.text)
    expected, found = copy_arguments(launch.arguments), copy_arguments(launch.arguments)
    try:
        run(module, launch.grid, expected)
    except RunError:
        # An undefined element reached memory: the program's own error.
        reject()
    try:
        ml.compile(module, road="simt", target=target, num_warps=warps)[launch.grid](*found, check=True)
    except (GlobalRaceError, CheckError) as error:
        if "race in global memory" in error.diagnostic.found:
            # Two stores to one place, which Triton does not order: the program's own error, too.
            reject()
        raise
    for a, b in zip(found, expected, strict=True):
        if isinstance(a, np.ndarray):
            floats = a.dtype.kind not in "iub"
            np.testing.assert_array_equal(*((x.astype(np.float64) for x in (a, b)) if floats else (a, b)))


def test_random_kernels_find_a_store_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real, mistake = pipelines.load_pass, m.drop("simt.store_global")

    def load(wanted: str) -> Any:
        cls = real(wanted)
        if wanted != "tritongpu-to-simt":
            return cls

        def apply(self: Any, ctx: Any, op: Any) -> None:
            cls.apply(self, ctx, op)
            mistake(op)

        return type(cls.__name__, (cls,), {"apply": apply})

    monkeypatch.setattr(pipelines, "load_pass", load)
    for seed in range(20):
        launch = case(Random(seed))
        try:
            kernel = ml.compile(ml.parse_module(launch.text), road="simt", target="h200")
            kernel[launch.grid](*copy_arguments(launch.arguments), check=True)
        except CheckError as error:
            assert error.pass_name == "tritongpu-to-simt"
            return
        except RunError:
            continue
    pytest.fail("20 kernels, and nobody notices")
