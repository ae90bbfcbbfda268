"""The `simd` dialect: instructions of a Cambricon-like machine on buffers in named memories.

A module at the simd stage is one program that every core runs (`simd.core_id` tells them apart): scalar arith, scf and
memref operations, and instructions. Each instruction runs on one in-order pipe of its core and, unless it is `async`,
holds the core up until it is done. Pipes run side by side; tokens order them (`!simd.token` has the rules). `SPEC` of a
class is its row of the manual: meaning, pipe, cost.

Elementwise instructions and reductions are rows of tables (elementwise.py, reduction.py); their classes are attributes
of this package all the same: `simd.AddfOp`, `simd.ReduceMaxnumfOp`.
"""

from __future__ import annotations

from xdsl.ir import Dialect

from minilinalg.dialects.simd.atomic import ATOMICS, Atomic, AtomicCASOp, AtomicRMWOp
from minilinalg.dialects.simd.attributes import SpaceAttr, TokenType
from minilinalg.dialects.simd.buffers import (
    Buffer,
    element_bytes,
    element_type,
    is_contiguous,
    is_run,
    offset_of,
    space_of,
    static_count,
    strides_of,
)
from minilinalg.dialects.simd.constraints import check_instruction, reserved_bytes
from minilinalg.dialects.simd.control import CONTROL, BarrierOp, ClusterIdOp, CoreIdOp, ReadyOp, WaitOp
from minilinalg.dialects.simd.elementwise import CMPF, CMPI, ELEMENTWISE, ROUNDING, Elementwise
from minilinalg.dialects.simd.indexed import INDEXED, GatherOp, Indexed, ScatterOp
from minilinalg.dialects.simd.instruction import Clause, Instruction, Pipe, Spec
from minilinalg.dialects.simd.matmul import MatmulOp
from minilinalg.dialects.simd.movement import MOVEMENT, BroadcastOp, DmaOp, FillOp, IotaOp, MoveOp, TransposeOp
from minilinalg.dialects.simd.reduction import REDUCTIONS, Reduction

INSTRUCTIONS: tuple[type[Instruction], ...] = (*MOVEMENT, *INDEXED, *ATOMICS, *ELEMENTWISE, *REDUCTIONS, MatmulOp)

ELEMENTWISE_BY_MEANING: dict[str, type[Elementwise]] = {cls.SPEC.meaning: cls for cls in ELEMENTWISE}
"""`arith.addf` -> `AddfOp`: what linalg-to-simd asks."""

REDUCTION_BY_COMBINER: dict[str, type[Reduction]] = {cls.SPEC.meaning: cls for cls in REDUCTIONS}
"""`arith.addf` -> `ReduceAddfOp`."""

_BY_CLASS_NAME: dict[str, type[Instruction]] = {cls.__name__: cls for cls in INSTRUCTIONS}


def __getattr__(name: str) -> type[Instruction]:
    """Classes that are made from a table row, by name."""
    try:
        return _BY_CLASS_NAME[name]
    except KeyError:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'") from None


SIMD = Dialect("simd", [*INSTRUCTIONS, *CONTROL], [SpaceAttr, TokenType])

__all__ = [
    "CMPF",
    "CMPI",
    "ELEMENTWISE_BY_MEANING",
    "INSTRUCTIONS",
    "REDUCTION_BY_COMBINER",
    "ROUNDING",
    "SIMD",
    "Atomic",
    "AtomicCASOp",
    "AtomicRMWOp",
    "BarrierOp",
    "BroadcastOp",
    "Buffer",
    "Clause",
    "ClusterIdOp",
    "CoreIdOp",
    "DmaOp",
    "Elementwise",
    "FillOp",
    "GatherOp",
    "Indexed",
    "Instruction",
    "IotaOp",
    "MatmulOp",
    "MoveOp",
    "Pipe",
    "ReadyOp",
    "Reduction",
    "ScatterOp",
    "SpaceAttr",
    "Spec",
    "TokenType",
    "TransposeOp",
    "WaitOp",
    "check_instruction",
    "element_bytes",
    "element_type",
    "is_contiguous",
    "is_run",
    "offset_of",
    "reserved_bytes",
    "space_of",
    "static_count",
    "strides_of",
]
