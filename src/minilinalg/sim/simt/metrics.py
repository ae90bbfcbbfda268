"""The counters of a run, under the names that the profiler (Nsight Compute) gives them.

Those of loads and stores were compared with the profiler's on an H200. cp.async counts as `ldgsts` on both sides, and
what it reads of global memory among the loads too, as with the profiler; `simt.ldmatrix` and `simt.stmatrix` count
among the loads and stores of shared memory.
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
    """Sectors and requests of a kind of access to global memory: ld, st, atom, red or ldgsts."""
    kind = "ldgsts_cache_access" if kind == "ldgsts" else kind
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
    for name, part in zip(global_metrics("ld"), global_metrics("ldgsts"), strict=True):
        total[name] += total[part]
    return dict(sorted(total.items()))
