"""What the official compiler makes of a kernel, pass by pass: the road from TTIR to TTGIR in its order.

It runs in a process of its own. `snapshots` gives the text before and after each of its passes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROAD = (
    ("convert-triton-to-tritongpu", "passes.ttir.add_convert_to_ttgpuir(pm, TARGET, WARPS, 32, 1)"),
    ("tritongpu-coalesce", "passes.ttgpuir.add_coalesce(pm)"),
    ("tritongpu-F32DotTC", "passes.ttgpuir.add_f32_dot_tc(pm, True)"),
    ("tritongpu-assign-cga-layouts", "nvidia.passes.ttnvgpuir.add_assign_cga_layouts(pm)"),
    ("tritongpu-remove-layout-conversions", "passes.ttgpuir.add_remove_layout_conversions(pm)"),
    ("tritongpu-optimize-thread-locality", "passes.ttgpuir.add_optimize_thread_locality(pm)"),
    ("tritongpu-accelerate-matmul", "passes.ttgpuir.add_accelerate_matmul(pm)"),
    ("tritongpu-remove-layout-conversions.2", "passes.ttgpuir.add_remove_layout_conversions(pm)"),
    ("tritongpu-optimize-dot-operands", "passes.ttgpuir.add_optimize_dot_operands(pm, True)"),
    ("tritongpu-optimize-descriptor-encoding", "nvidia.passes.ttnvgpuir.add_optimize_descriptor_encoding(pm)"),
    ("loop-aware-cse", "passes.ttir.add_loop_aware_cse(pm)"),
    ("tritongpu-fuse-nested-loops", "passes.ttgpuir.add_fuse_nested_loops(pm)"),
    ("canonicalize", "passes.common.add_canonicalizer(pm)"),
    ("licm", "passes.ttir.add_triton_licm(pm)"),
    ("canonicalize.2", "passes.common.add_canonicalizer(pm)"),
    ("tritongpu-combine-tensor-select-and-if", "passes.ttgpuir.add_combine_tensor_select_and_if(pm)"),
    ("tritongpu-assign-latencies", "passes.ttgpuir.add_assign_latencies(pm, STAGES)"),
    ("tritongpu-schedule-loops", "passes.ttgpuir.add_schedule_loops(pm)"),
    ("tritongpu-pipeline", "passes.ttgpuir.add_pipeline(pm, STAGES, False)"),
    ("canonicalize.3", "passes.common.add_canonicalizer(pm)"),
    ("loop-aware-cse.2", "passes.ttir.add_loop_aware_cse(pm)"),
    ("tritongpu-prefetch", "passes.ttgpuir.add_prefetch(pm)"),
    ("tritongpu-optimize-dot-operands.2", "passes.ttgpuir.add_optimize_dot_operands(pm, True)"),
    ("tritongpu-coalesce-async-copy", "passes.ttgpuir.add_coalesce_async_copy(pm)"),
    ("triton-nvidia-tma-lowering", "nvidia.passes.ttnvgpuir.add_tma_lowering(pm)"),
    ("tritongpu-remove-layout-conversions.3", "passes.ttgpuir.add_remove_layout_conversions(pm)"),
    ("tritongpu-reduce-data-duplication", "passes.ttgpuir.add_reduce_data_duplication(pm)"),
    ("tritongpu-reorder-instructions", "passes.ttgpuir.add_reorder_instructions(pm)"),
    ("loop-aware-cse.3", "passes.ttir.add_loop_aware_cse(pm)"),
    ("triton-nvidia-gpu-fence-insertion", "nvidia.passes.ttnvgpuir.add_fence_insertion(pm, CAPABILITY)"),
    ("sccp", "passes.common.add_sccp(pm)"),
    ("cse", "passes.common.add_cse(pm)"),
    ("canonicalize.4", "passes.common.add_canonicalizer(pm)"),
)
"""Passes by name, and how Python adds them; a number behind a name counts its runs."""
ONLY = {"tritongpu-prefetch": (80,), "triton-nvidia-tma-lowering": (90,)}
"""Passes that run for some capabilities only."""
RUN = """
import json, sys
from triton._C.libtriton import ir, nvidia, passes
path, steps = json.load(sys.stdin)
context = ir.context()
ir.load_dialects(context)
nvidia.load_dialects(context)
module = ir.parse_mlir_module(path, context)
module.context = context
texts = [module.str_nodebug()]
for step in steps:
    pm = ir.pass_manager(context)
    eval(step)
    pm.run(module, "oracle")
    texts.append(module.str_nodebug())
print(json.dumps(texts))
"""


class Snapshot(NamedTuple):
    """The module in front of a pass, and behind it."""

    before: str
    after: str


@cache
def snapshots(path: Path, capability: int, warps: int = 4, stages: int = 3) -> dict[str, Snapshot]:
    """The road of a kernel."""
    rows = [(name, add) for name, add in ROAD if capability in ONLY.get(name, (capability,))]
    given = {
        "TARGET": f'"cuda:{capability}"',
        "WARPS": str(warps),
        "STAGES": str(stages),
        "CAPABILITY": str(capability),
    }
    texts = run(path.read_text(), [_filled(add, given) for _, add in rows])
    return {name: Snapshot(*texts[i : i + 2]) for i, (name, _) in enumerate(rows)}


def run(text: str, steps: Sequence[str]) -> list[str]:
    """The text at first and after each step, an expression of Python over `pm`."""
    with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
        file.write(text)
        file.flush()
        asked = json.dumps([file.name, list(steps)])
        process = subprocess.run([sys.executable, "-c", RUN], input=asked, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def _filled(step: str, given: dict[str, str]) -> str:
    for name, value in given.items():
        step = step.replace(name, value)
    return step
