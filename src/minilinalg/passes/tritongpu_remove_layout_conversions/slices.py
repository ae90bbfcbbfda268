"""What a conversion's operand is computed from, and computing it once more in the conversion's layout.

Source: getConvertBackwardSlice and rewriteSlice of Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, TensorType
from xdsl.ir import Attribute, BlockArgument, Operation, OpResult, SSAValue

from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.types import is_tensor, tensor_type
from minilinalg.dialects.ttg.distributed_layouts import DistributedLayout
from minilinalg.dialects.ttg.inference import backward, layout_of, with_layout
from minilinalg.dialects.upstream import scf
from minilinalg.passes.layout_rewriting import converted
from minilinalg.passes.tritongpu_remove_layout_conversions.anchors import is_made_in_any_layout, may_be_repeated

Layouts: TypeAlias = dict[SSAValue, DistributedLayout]


def backward_slice(
    value: SSAValue, layout: DistributedLayout, stops: Callable[[Operation], bool] = lambda op: False
) -> Layouts | None:
    """The values to compute again for `value` in `layout`, each with its layout; None when one of them cannot be.

    It ends where a value is made in any layout, at other conversions, and at results of operations that it `stops` at.
    """
    found: Layouts = {}
    todo: list[tuple[SSAValue, DistributedLayout]] = [(value, layout)]
    while todo:
        at, want = todo.pop()
        if not is_tensor(at.type):
            continue
        if at in found:
            if found[at] != want:
                return None
            continue
        found[at] = want
        sources = _sources(at, want, stops)
        if sources is None:
            return None
        todo += sources
    return found


def _sources(
    value: SSAValue, layout: DistributedLayout, stops: Callable[[Operation], bool]
) -> list[tuple[SSAValue, DistributedLayout]] | None:
    """What `value` in `layout` is computed from; None when it cannot be computed."""
    if isinstance(value, BlockArgument):
        loop = value.block.parent_op()
        return _of_loop(loop, value.index - 1, layout) if isinstance(loop, scf.ForOp) and value.index else None
    assert isinstance(value, OpResult)
    op = value.op
    if isinstance(op, scf.ForOp):
        return _of_loop(op, value.index, layout)
    if isinstance(op, scf.IfOp):
        return [(_last(region).operands[value.index], layout) for region in op.regions]
    if isinstance(op, ttg.ConvertLayoutOp) or is_made_in_any_layout(op) or stops(op):
        return []
    if not may_be_repeated(op):
        return None
    if isinstance(op, tt.GatherOp):
        return [(op.indices, layout)]
    source = backward(op, layout)
    return None if source is None else [(operand, source) for operand in op.operands]


def _of_loop(loop: scf.ForOp, index: int, layout: DistributedLayout) -> list[tuple[SSAValue, DistributedLayout]]:
    block = loop.regions[0].block
    return [
        (loop.operands[3 + index], layout),
        (_last(loop.regions[0]).operands[index], layout),
        # The result is that argument in the end: both have one layout.
        (block.args[1 + index], layout),
    ]


def _last(region: Any) -> Operation:
    last = region.block.last_op
    assert last is not None
    return last


def operations_of(layouts: Layouts) -> dict[Operation, None]:
    """The operations that define the values of a slice, without loops and branches."""
    ops = [value.owner for value in layouts if isinstance(value, OpResult)]
    return {op: None for op in ops if not isinstance(op, scf.ForOp | scf.IfOp)}


class Repetition:
    """Computes the values of a slice once more, each next to the first time, and keeps what it made."""

    def __init__(self, func: Operation, layouts: Layouts, made: dict[SSAValue, SSAValue] | None = None):
        self.func = func
        self.layouts = dict(layouts)
        self.made: dict[SSAValue, SSAValue] = dict(made or {})

    def run(self) -> None:
        ops = list(self.func.walk())
        for op in ops:
            if isinstance(op, scf.ForOp):
                self.loop(op)
            elif isinstance(op, scf.IfOp):
                self.branch(op)
            elif isinstance(op, scf.YieldOp):
                self.end(op)
            elif any(result in self.layouts and result not in self.made for result in op.results):
                self.repeat(op)

    def typed(self, value: SSAValue) -> Attribute:
        return with_layout(tensor_type(value), self.layouts[value])

    def loop(self, op: scf.ForOp) -> None:
        block = op.regions[0].block
        indices = [i for i, arg in enumerate(block.args[1:]) if arg in self.layouts]
        if not indices:
            return
        inits = [self.made[op.operands[3 + i]] for i in indices]
        args = [block.insert_arg(self.typed(block.args[1 + i]), len(block.args)) for i in indices]
        self.made.update({block.args[1 + i]: arg for i, arg in zip(indices, args, strict=True)})
        self.grow(op, inits, indices, [block.args[1 + i] for i in indices])

    def branch(self, op: scf.IfOp) -> None:
        indices = [i for i, result in enumerate(op.results) if result in self.layouts]
        if indices:
            self.grow(op, [], indices, [op.results[i] for i in indices])

    def grow(self, op: Operation, operands: list[SSAValue], indices: list[int], like: list[SSAValue]) -> None:
        """`op` with further operands, and further results of the types of `like`, for those at `indices`."""
        types = [self.typed(value) for value in like]
        old = len(op.results)
        new = type(op).create(
            operands=[*op.operands, *operands],
            result_types=[*op.result_types, *types],
            properties=dict(op.properties),
            attributes=dict(op.attributes),
            regions=[op.detach_region(region) for region in list(op.regions)],
        )
        new.location = op.location
        assert op.parent is not None
        op.parent.insert_op_before(new, op)
        for i, result in enumerate(op.results):
            new.results[i].name_hint = result.name_hint
            if result in self.layouts:
                self.layouts[new.results[i]] = self.layouts[result]
            result.replace_all_uses_with(new.results[i])
        for position, i in enumerate(indices):
            self.layouts.setdefault(new.results[i], self.layouts[like[position]])
            self.made[new.results[i]] = new.results[old + position]
        op.detach()
        op.erase()

    def end(self, op: scf.YieldOp) -> None:
        parent = op.parent_op()
        if not isinstance(parent, scf.ForOp | scf.IfOp):
            return
        further = len(parent.results) - len(op.operands)
        if further:
            values = [self.made[op.operands[i]] for i, result in enumerate(parent.results) if result in self.made]
            op.operands = [*op.operands, *values]

    def repeat(self, op: Operation) -> None:
        result = next(result for result in op.results if result in self.layouts)
        layout = self.layouts[result]
        assert op.parent is not None
        follower = op.next_op
        assert follower is not None
        if isinstance(op, ttg.ConvertLayoutOp):
            self.made[result] = converted(op.src, layout, follower)
            return
        operands = [self.made.get(operand, operand) for operand in op.operands]
        types = [
            with_layout(tensor_type(each), layout) if layout_of(each.type) is not None else each.type
            for each in op.results
        ]
        new = type(op).create(
            operands=operands,
            result_types=types,
            properties=dict(op.properties),
            attributes=dict(op.attributes),
            regions=[region.clone() for region in op.regions],
        )
        dense = op.properties.get("value")
        if isinstance(dense, DenseIntOrFPElementsAttr):
            new.properties["value"] = DenseIntOrFPElementsAttr(cast("TensorType[Any]", types[0]), dense.data)
        new.location = op.location
        op.parent.insert_op_before(new, follower)
        for old, again in zip(op.results, new.results, strict=True):
            again.name_hint = old.name_hint
            self.made[old] = again
