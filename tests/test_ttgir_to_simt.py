"""Official TTGIR as code for one thread: on the same arguments it leaves the memory that the TTIR leaves.

Where floats are summed up in another order, whole numbers are summed, or what a sum may be off by is allowed for.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from engine_kernels import same_bits
from test_ttgir_meaning import CASES, SM90, TTGIR, Case, arrays_after, twin

from minilinalg.context import make_context
from minilinalg.interp import Executable, RunOptions
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass

ROAD = (
    "lift-cf-to-scf",
    "inline",
    "allocate-shared-memory",
    "membar",
    "tritongpu-global-scratch-memory-allocation",
    "tritongpu-to-simt",
)
ROUNDINGS = {"softmax": 2, "layernorm": 2, "flash_attn": 8}
"""Kernels whose sums are of floats: how many units in the last place of its type an element may be off by."""


@cache
def of_one_thread(name: str) -> Executable:
    ctx = make_context()
    module = parse_module((TTGIR / f"{name}.ttgir").read_text(), f"{name}.ttgir", ctx)
    for each in ROAD:
        load_pass(each)().apply(ctx, module)
    module.verify()
    return Executable(module)


RUNS = [(case, arch) for case in CASES for arch in ("sm80", "sm90")]


@pytest.mark.parametrize(("case", "arch"), RUNS, ids=[f"{case}-{arch}" for case, arch in RUNS])
def test_as_the_ttir(case: Case, arch: str) -> None:
    name = f"{case.kernel}.{arch}"
    if arch == "sm90":
        case = replace(case, make=SM90.get(case.kernel, case.make))
    expected = arrays_after(twin(name), case, RunOptions())
    grid, args = case.make(*case.sizes)
    of_one_thread(name).run(grid, args)
    found = [a for a in args if isinstance(a, np.ndarray)]
    for number, (a, b) in enumerate(zip(found, expected, strict=True)):
        assert same_bits(a, b) or nearly(a, b, ROUNDINGS.get(case.kernel, 0)), f"array {number}"


def nearly(a: Any, b: Any, units: int) -> bool:
    """Whether each element is within so many units in the last place, at the magnitude of the largest element."""
    if not units or a.dtype.kind != "f":
        return False
    wide = np.abs(a.astype(np.float64) - b.astype(np.float64))
    return bool((wide <= units * np.finfo(a.dtype).eps * np.abs(b.astype(np.float64)).max()).all())
