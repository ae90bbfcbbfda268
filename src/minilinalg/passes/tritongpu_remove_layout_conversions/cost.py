"""What a conversion costs, and what computing its operand once more does; in thousandths of cycles of a multiprocessor.

Source: the cost model of backward rematerialisation in Triton's RemoveLayoutConversions (3.9).
"""

from __future__ import annotations

from xdsl.dialects.builtin import FixedBitwidthType
from xdsl.ir import Operation, SSAValue

from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.types import is_tensor, tensor_type
from minilinalg.passes.tritongpu_remove_layout_conversions.slices import Layouts, operations_of

_SLOW = frozenset({"arith.divf", "arith.divsi", "arith.divui", "arith.remsi", "arith.remui", "arith.remf"})
_SLOW_FUNCTIONS = "math."
_SYNCHRONISES = 32 * 32


def bytes_of(value: SSAValue, least_bits: int = 0) -> int:
    """The bytes of a tensor, each element as wide as `least_bits` at least."""
    if not is_tensor(value.type):
        return 0
    type = tensor_type(value)
    element = type.element_type
    bits = element.bitwidth if isinstance(element, FixedBitwidthType) else 64
    return type.element_count() * max(bits, least_bits) // 8


def conversion_cost(convert: ttg.ConvertLayoutOp) -> int:
    """Through shared memory: a store and a load of everything, and waiting for one another."""
    return 32 * bytes_of(convert.src, 32) + _SYNCHRONISES


def repetition_cost(layouts: Layouts, convert: ttg.ConvertLayoutOp) -> int:
    """Of computing a slice once more. What nobody else needs is not computed the first time then: it costs nothing."""
    ops = operations_of(layouts)
    alone: dict[Operation, bool] = {}
    return sum(_cost(op) for op in ops if not _is_alone(op, ops, convert, alone))


def _is_alone(op: Operation, ops: dict[Operation, None], convert: Operation, known: dict[Operation, bool]) -> bool:
    """Whether all that is computed from `op` is of the slice, or the conversion itself."""
    if op not in known:
        users = [use.operation for result in op.results for use in result.uses]
        known[op] = all(user is convert or (user in ops and _is_alone(user, ops, convert, known)) for user in users)
    return known[op]


def _cost(op: Operation) -> int:
    size = sum(bytes_of(result) for result in op.results)
    if op.name == "arith.constant":
        return 0
    if isinstance(op, tt.LoadOp):
        return 8 * size
    if op.name in _SLOW or op.name.startswith(_SLOW_FUNCTIONS):
        return 8 * size
    if op.name.startswith("arith."):
        return size
    if isinstance(op, tt.ReduceOp):
        return 32 * sum(bytes_of(operand) for operand in op.operands)
    return 0
