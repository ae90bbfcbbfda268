"""The layout passes keep what kernels leave in memory, bit for bit, one pass after another down the simt road."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from test_ttgir_meaning import CASES, Case, arrays_after, same_bits, twin

from minilinalg.cli.pipeline_text import parse_pipeline
from minilinalg.context import make_context
from minilinalg.interp import Executable, RunOptions
from minilinalg.parsing import parse_module
from minilinalg.pipelines import ROADS, run_pipeline
from minilinalg.stages import STAGES
from minilinalg.targets import load_target

RUNS = [case for case in CASES if case.kernel not in ("dot_scaled",)]


@cache
def laid_out(kernel: str, warps: int) -> dict[str, Executable]:
    """The kernel after each layout pass of the road, by the pass's name."""
    found: dict[str, Executable] = {}
    ctx = make_context()
    ctx.target = load_target("h200")
    module = parse_module(twin(f"{kernel}.sm80").read_text(), ctx=ctx)
    for row in (row for row in ROADS["simt"] if row.stage in ("tt", "ttg")):
        given = f"{{num-warps={warps}}}" if row.pass_name == "convert-triton-to-tritongpu" else ""
        run_pipeline(ctx, module, parse_pipeline(row.pass_name + given, ctx), verify_each=True)
        if row.stage == "ttg":
            found[row.pass_name] = Executable(module.clone())
    assert STAGES["ttg"].violation(module) is None
    return found


@pytest.mark.parametrize("warps", [1, 4])
@pytest.mark.parametrize("case", RUNS, ids=str)
def test_every_pass_keeps_every_bit(case: Case, warps: int) -> None:
    expected = arrays_after(twin(f"{case.kernel}.sm80"), case, RunOptions())
    for name, compiled in laid_out(case.kernel, warps).items():
        grid, args = case.make(*case.sizes)
        compiled.run(grid, args)
        found = [a for a in args if isinstance(a, np.ndarray)]
        for number, (a, b) in enumerate(zip(found, expected, strict=True)):
            assert same_bits(a, b), f"array {number} after {name}"
