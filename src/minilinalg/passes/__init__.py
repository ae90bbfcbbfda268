"""All passes by name. An entry imports its file only when the pass is asked for: start-up pays for none of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping

from minilinalg.errors import CommandError, near_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from minilinalg.passes.base import MinilinalgPass


def _lazy(name: str) -> Callable[[], type[MinilinalgPass]]:
    """One name, several places: `linalg-fuse` is the class `LinalgFusePass` in `passes/linalg_fuse.py`."""

    def factory() -> type[MinilinalgPass]:
        module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
        return getattr(module, class_name(name))

    return factory


def class_name(name: str) -> str:
    """The class of the pass `name`: `linalg-fuse-elementwise` is `LinalgFuseElementwisePass`."""
    return "".join(part.capitalize() for part in name.split("-")) + "Pass"


# In alphabetical order, which groups them by the dialect that a pass consumes.
_NAMES = (
    "allocate-shared-memory",
    "canonicalize",
    "convert-triton-to-tritongpu",
    "cse",
    "dce",
    "inline",
    "licm",
    "lift-cf-to-scf",
    "linalg-decompose-aggregated-ops",
    "linalg-decompose-elementwise",
    "linalg-fuse-elementwise",
    "linalg-specialize-generic-ops",
    "linalg-tile-and-fuse",
    "linalg-to-simd",
    "loop-aware-cse",
    "membar",
    "memref-plan",
    "memref-promote",
    "one-shot-bufferize",
    "scf-forall-to-cores",
    "simd-fuse-multiply-add",
    "simd-insert-sync",
    "triton-canonicalize",
    "triton-combine",
    "triton-nvidia-gpu-fence-insertion",
    "triton-nvidia-optimize-descriptor-encoding",
    "triton-nvidia-tma-lowering",
    "triton-reorder-broadcast",
    "triton-rewrite-tensor-descriptor-to-pointer",
    "triton-to-linalg",
    "tritongpu-F32DotTC",
    "tritongpu-accelerate-matmul",
    "tritongpu-assign-latencies",
    "tritongpu-coalesce",
    "tritongpu-coalesce-async-copy",
    "tritongpu-combine-tensor-select-and-if",
    "tritongpu-fuse-nested-loops",
    "tritongpu-global-scratch-memory-allocation",
    "tritongpu-optimize-dot-operands",
    "tritongpu-optimize-thread-locality",
    "tritongpu-pipeline",
    "tritongpu-prefetch",
    "tritongpu-reduce-data-duplication",
    "tritongpu-remove-layout-conversions",
    "tritongpu-reorder-instructions",
    "tritongpu-schedule-loops",
    "tritongpu-to-simt",
)

PASSES: Mapping[str, Callable[[], type[MinilinalgPass]]] = {name: _lazy(name) for name in _NAMES}


def load_pass(name: str) -> type[MinilinalgPass]:
    """The pass class called `name`. Raises CommandError with the nearest name when there is none."""
    if name not in PASSES:
        raise CommandError(
            f"unknown pass '{name}'", rule="'minilinalg passes' lists the passes", hint=near_name(name, PASSES)
        )
    return PASSES[name]()
