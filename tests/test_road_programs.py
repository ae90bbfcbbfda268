"""Random kernels down the whole road: every pass checked by running, the machine's answer against the tt stage's."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from road_programs import case

import minilinalg as ml
from minilinalg.check import copy_arguments
from minilinalg.errors import InputError, RunError, UnsupportedError
from minilinalg.interp import run
from minilinalg.targets import Target, load_target


@cache
def machine(name: str) -> Target:
    return load_target(name)


@pytest.mark.parametrize("target", ["mlu370", "tiny-simd"])
@settings(max_examples=30, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_random_kernels_down_the_road(target: str, random: Any) -> None:
    launch = case(random)
    module = ml.parse_module(launch.text)
    expected, found = copy_arguments(launch.arguments), copy_arguments(launch.arguments)
    try:
        run(module, launch.grid, expected)
    except RunError:
        # An undefined element reached memory: the program's own error, which the check below would report too.
        return
    try:
        kernel = ml.compile(module, target=machine(target))
    except UnsupportedError:
        return
    except InputError as error:
        # A machine may be too small for a kernel.
        assert "bytes" in error.diagnostic.render(), launch.text
        return
    kernel[launch.grid](*found, check=True)
    for a, b in zip(found, expected, strict=True):
        if isinstance(a, np.ndarray):
            floats = a.dtype.kind not in "iub"
            np.testing.assert_array_equal(*((x.astype(np.float64) for x in (a, b)) if floats else (a, b)))
