"""The simt road keeps what kernels leave in memory, one pass after another: bit for bit as long as it is ttg.

As code for one thread sums of floats have an order of their own, so there units in the last place are allowed for.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from test_ttgir_meaning import CASES, Case, arrays_after, same_bits, twin
from test_ttgir_to_simt import ROUNDINGS, nearly

from minilinalg.cli.pipeline_text import parse_pipeline
from minilinalg.context import make_context
from minilinalg.interp import Executable, RunOptions
from minilinalg.parsing import parse_module
from minilinalg.pipelines import ROADS, run_pipeline
from minilinalg.stages import STAGES
from minilinalg.targets import load_target

RUNS = CASES


@cache
def on_the_road(kernel: str, target: str, warps: int) -> dict[str, Executable]:
    """The kernel after each pass of the road that changed it on ttg, and at its end, by the pass's place and name."""
    found: dict[str, Executable] = {}
    ctx = make_context()
    ctx.target = load_target(target)
    module = parse_module(twin(f"{kernel}.sm80").read_text(), ctx=ctx)
    before = module.clone()
    for number, row in enumerate(ROADS["simt"]):
        given = f"{{num-warps={warps}}}" if row.pass_name == "convert-triton-to-tritongpu" else ""
        run_pipeline(ctx, module, parse_pipeline(row.text + given, ctx), verify_each=True)
        # What comes with its layouts may need passes of stage tt as well: they stand in front of the conversion.
        if "ttg.num-warps" in module.attributes and row.stage == "ttg":
            assert STAGES["ttg"].violation(module) is None
            if not module.is_structurally_equivalent(before):
                before = module.clone()
                found[f"{number}: {row.pass_name}"] = Executable(before)
    found["simt"] = Executable(module)
    return found


@pytest.mark.parametrize(("target", "warps"), [("a100", 4), ("h200", 1), ("h200", 4)])
@pytest.mark.parametrize("case", RUNS, ids=str)
def test_every_pass_keeps_every_bit(case: Case, target: str, warps: int) -> None:
    expected = arrays_after(twin(f"{case.kernel}.sm80"), case, RunOptions())
    for name, compiled in on_the_road(case.kernel, target, warps).items():
        grid, args = case.make(*case.sizes)
        compiled.run(grid, args)
        found = [a for a in args if isinstance(a, np.ndarray)]
        for number, (a, b) in enumerate(zip(found, expected, strict=True)):
            units = ROUNDINGS.get(case.kernel, 0) if name == "simt" else 0
            assert same_bits(a, b) or nearly(a, b, units), f"array {number} after {name}"
