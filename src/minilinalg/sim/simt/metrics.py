"""The counters of a run, under the names that the profiler (Nsight Compute) gives them.

Those of loads and stores were compared with the profiler's on an H200, and those of cp.async, which counts as `ldgsts`
where shared memory is written and among the loads where global memory is read. `simt.ldmatrix` and `simt.stmatrix`
count among the loads and stores of shared memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

INSTRUCTIONS = "smsp__inst_executed.sum"
"""Instructions of warps, as the costs of operations have them (instructions.py)."""


def tensor_metric(kind: str) -> str:
    """Instructions of warps on tensor cores: hmma (floats), imma, dmma (f64) or gmma (of warp groups)."""
    return f"sm__inst_executed_pipe_tensor_op_{kind}.sum"


def global_metrics(kind: str) -> tuple[str, str]:
    """Sectors and requests of a kind of access to global memory: ld (cp.async too), st, atom or red; and of what
    cp.async copies by way of the cache of a multiprocessor, ldgsts_cache_access."""
    return (
        f"l1tex__t_sectors_pipe_lsu_mem_global_op_{kind}.sum",
        f"l1tex__t_requests_pipe_lsu_mem_global_op_{kind}.sum",
    )


def shared_metrics(kind: str) -> tuple[str, str, str]:
    """Wavefronts, bank conflicts and instructions of a kind of access to shared memory: ld, st, atom or ldgsts."""
    if kind == "ldgsts":
        return (
            "sm__sass_l1tex_data_pipe_lsu_wavefronts_mem_shared_op_ldgsts.sum",
            "l1tex__data_bank_conflicts_pipe_lsu_mem_shared_op_ldgsts.sum",
            "smsp__inst_executed_op_ldgsts.sum",
        )
    return (
        f"l1tex__data_pipe_lsu_wavefronts_mem_shared_op_{kind}.sum",
        f"l1tex__data_bank_conflicts_pipe_lsu_mem_shared_op_{kind}.sum",
        f"smsp__inst_executed_op_shared_{kind}.sum",
    )


ALWAYS = (
    *global_metrics("ld"),
    *global_metrics("st"),
    *shared_metrics("ld"),
    *shared_metrics("st"),
)
"""Counters that are there even when nothing was counted."""


def counters(found: Mapping[str, int]) -> dict[str, int]:
    """All counters of a run, in the order of their names."""
    total = Counter(dict.fromkeys(ALWAYS, 0))
    total.update(found)
    return dict(sorted(total.items()))
