"""Example kernels down the whole road: what an H200's profiler counted of memory, copies and warp groups.

The golden values are those of `ncu ... python benchmarks/gpu_model.py --profile` there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import minilinalg as ml
from minilinalg.sim.simt.metrics import global_metrics, shared_metrics, tensor_metric

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))

from gpu_model import KERNELS, Configuration, configurations

PROFILED = {
    "vector_add 262144, 4 warps": (65_536, 4_096, 32_768, 2_048),
    "vector_add.block256 1048576, 1 warps": (262_144, 65_536, 131_072, 32_768),
    "softmax 1024 x 1008, 4 warps": (516_096, 32_768, 516_096, 32_768),
    "layernorm 1024 x 2048, 8 warps": (655_360, 81_920, 133_120, 18_432),
    "layernorm.nopromise 1024 x 2048, 4 warps": (655_360, 327_680, 133_120, 67_584),
    "gemv 4096 x 1024, 4 warps": (270_336, 20_480, 512, 128),
    "gemv 4096 x 1024, 8 warps": (327_680, 24_576, 512, 128),
    "gemv.nopromise 4096 x 1024, 4 warps": (270_336, 135_168, 512, 128),
    "matmul 512 x 512 x 512, 4 warps": (131_072, 8_192, 16_384, 1_024),
    "flash_attn 4 x 512, 4 warps": (81_920, 5_120, 8_448, 576),
}
"""Sectors and requests of loads, then of stores."""
OF_COPIES = {
    "softmax 1024 x 1008, 4 warps": (516_096, 65_536, 262_144, 65_536),
    "matmul 512 x 512 x 512, 4 warps": (0, 0, 40_960, 10_240),
    "flash_attn 4 x 512, 4 warps": (0, 0, 26_624, 6_656),
}
"""Of cp.async: sectors and requests by way of the cache of a multiprocessor, wavefronts and instructions."""
GROUPS = {"matmul 512 x 512 x 512, 4 warps": 4_096, "flash_attn 4 x 512, 4 warps": 4_608}
"""Instructions of warps that multiply as warp groups."""
CONFIGURATIONS = {str(one): one for one in configurations()}


@pytest.mark.parametrize("one", [pytest.param(CONFIGURATIONS[name], id=name) for name in PROFILED])
def test_counters_are_the_profilers(one: Configuration) -> None:
    kernel = ml.compile(KERNELS / f"{one.file}.ttir", road="simt", target="h200", num_warps=one.warps)
    grid, args = one.launch()
    counters = kernel[grid](*args, options=ml.RunOptions(checks=False)).counters

    def named(*names: str) -> tuple[int, ...]:
        return tuple(counters.get(name, 0) for name in names)

    assert named(*global_metrics("ld"), *global_metrics("st")) == PROFILED[str(one)]
    wavefronts, _, instructions = shared_metrics("ldgsts")
    copies = named(*global_metrics("ldgsts_cache_access"), wavefronts, instructions)
    assert copies == OF_COPIES.get(str(one), (0, 0, 0, 0))
    assert named(tensor_metric("gmma")) == (GROUPS.get(str(one), 0),)
