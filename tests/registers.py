"""How many registers of a thread hold tensors at once, by the order of the text."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import FixedBitwidthType, ModuleOp
from xdsl.ir import Operation, SSAValue

from minilinalg.analysis.order import LOOPS, Order
from minilinalg.dialects import tt
from minilinalg.dialects.tt.types import PointerType, is_tensor, tensor_type
from minilinalg.dialects.ttg.inference import layout_of
from minilinalg.dialects.ttg.layout_rules import linear_layout_of
from minilinalg.layouts.linear import REGISTER


def registers_of(value: SSAValue) -> int:
    """The registers of 32 bits that a tensor takes in each thread."""
    type = tensor_type(value)
    element = type.element_type
    bits = (
        64 if isinstance(element, PointerType) else element.bitwidth if isinstance(element, FixedBitwidthType) else 64
    )
    return -(-linear_layout_of(type).in_size(REGISTER) * bits // 32)


def most_registers(module: ModuleOp) -> int:
    """The most that live at once. A value that a loop uses and does not make lives as long as the loop."""
    return max((_most(func) for func in module.walk() if isinstance(func, tt.FuncOp)), default=0)


def _most(func: Operation) -> int:
    order = Order(func)
    changes: dict[int, int] = {}
    for value in _values(func):
        owner = value.owner if isinstance(value.owner, Operation) else value.owner.parent_op()
        assert owner is not None
        ends = [_until(use.operation, value, order) for use in value.uses]
        size = registers_of(value)
        start = order.enter[owner]
        # The last user may write its result where the value was.
        changes[start] = changes.get(start, 0) + size
        end = max(ends, default=start)
        changes[end] = changes.get(end, 0) - size
    live = most = 0
    for time in sorted(changes):
        live += changes[time]
        most = max(most, live)
    return most


def _until(user: Operation, value: SSAValue, order: Order) -> int:
    """When a use is over: with the outermost loop around it that does not make the value."""
    block = value.owner.parent if isinstance(value.owner, Operation) else value.owner
    end, at = order.enter[user], user
    while at.parent is not block:
        parent = at.parent_op()
        assert parent is not None
        at = parent
        if at.name in LOOPS:
            end = order.leave[at]
    return end


def _values(func: Operation) -> Iterator[SSAValue]:
    for op in func.walk():
        for value in (*op.results, *(arg for region in op.regions for block in region.blocks for arg in block.args)):
            if is_tensor(value.type) and layout_of(value.type) is not None:
                yield value
