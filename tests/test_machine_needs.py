"""What a machine has no unit for it does not run: by compute capability, and by the figures of its file."""

from __future__ import annotations

from dataclasses import replace

import pytest
from simt_programs import H200, machine, module

from minilinalg.errors import UnsupportedError
from minilinalg.sim.simt.run import SimtSimulator
from minilinalg.targets import SimtTarget

A100 = machine("a100")
assert H200.tensor_cores is not None


def product(element: str, count: int, shape: str) -> str:
    return f"""
  %a = arith.constant dense<1.0> : vector<{count}x{element}>
  %b = arith.constant dense<1.0> : vector<{count // 2}x{element}>
  %c = arith.constant dense<0.0> : vector<4xf32>
  %d = simt.mma_sync %a, %b, %c shape {shape} tiles 1, 1, 1
      : vector<{count}x{element}>, vector<{count // 2}x{element}> -> vector<4xf32>"""


F16, F8 = product("f16", 8, "16, 8, 16"), product("f8E4M3FN", 16, "16, 8, 32")
NEWER = replace(H200, machine=replace(H200.machine, compute_capability=100))
OLDER_CORES = replace(H200, tensor_cores=replace(H200.tensor_cores, version=2))


@pytest.mark.parametrize(
    ("body", "without", "rule"),
    [
        ("simt.wgmma_fence", A100, "warp groups multiply on compute capability 9.0 alone"),
        ("simt.wgmma_fence", NEWER, "warp groups multiply on compute capability 9.0 alone"),
        ("simt.wgmma_fence", OLDER_CORES, "tensor_cores.version = 3"),
        ("simt.bulk_commit", replace(H200, tile_copies=None), "with tile_copies"),
        ("simt.fence_async_shared", A100, "TMA and its barriers"),
        ("simt.grid_dependency_wait", A100, "launches that overlap"),
        (F16, replace(A100, tensor_cores=None), "has tensor_cores"),
        (F8, A100, "floats of 8 bits from compute capability 8.9 on"),
    ],
)
def test_a_machine_without_the_unit(body: str, without: SimtTarget, rule: str) -> None:
    SimtSimulator(module(body, 128, ramp=False), H200)
    with pytest.raises(UnsupportedError) as caught:
        SimtSimulator(module(body, 128, ramp=False), without)
    assert rule in (caught.value.diagnostic.rule or "") and caught.value.diagnostic.places
    assert "h200" in (caught.value.diagnostic.hint or "")
