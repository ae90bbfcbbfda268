"""Forward from the anchors: a value gets the layout that its operands come with, so that nothing is converted between.

1. Layouts flow from every anchor to its users, through loops and branches, until nothing new arrives anywhere.
2. A value that several layouts reach keeps one: that of a tensor core rather than a blocked one.
3. Every value gets its layout in place; what insists on another one gets its operands converted.

Source: LayoutPropagation of Triton's RemoveLayoutConversions (3.9).
"""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.ir import Operation, SSAValue
from xdsl.rewriter import Rewriter

from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.types import is_tensor, tensor_type
from minilinalg.dialects.ttg.distributed_layouts import DistributedLayout, NvidiaMmaEncodingAttr
from minilinalg.dialects.ttg.inference import backward, forward, layout_of, with_layout
from minilinalg.dialects.upstream import scf
from minilinalg.passes.layout_rewriting import converted
from minilinalg.passes.tritongpu_remove_layout_conversions.anchors import is_anchor, passes_layouts_on


def carried(use_of: Operation, index: int) -> Iterator[SSAValue]:
    """The values that operand `index` of a loop, a yield or a condition becomes."""
    if isinstance(use_of, scf.ForOp):
        if index >= 3:
            yield use_of.regions[0].block.args[index - 2]
            yield use_of.results[index - 3]
    elif isinstance(use_of, scf.WhileOp):
        yield use_of.before_region.block.args[index]
    elif isinstance(use_of, scf.ConditionOp):
        if index >= 1:
            loop = use_of.parent_op()
            assert isinstance(loop, scf.WhileOp)
            yield loop.after_region.block.args[index - 1]
            yield loop.results[index - 1]
    elif isinstance(use_of, scf.YieldOp):
        parent = use_of.parent_op()
        if isinstance(parent, scf.ForOp):
            yield parent.regions[0].block.args[index + 1]
            yield parent.results[index]
        elif isinstance(parent, scf.WhileOp):
            yield parent.before_region.block.args[index]
        elif parent is not None:
            yield parent.results[index]


def outside_of_loops(user: Operation, value: SSAValue) -> Operation:
    """The outermost loop around `user` in which `value` stays the same; `user` itself when there is none."""
    found, at = user, user.parent_op()
    while at is not None and not at.is_ancestor(value.owner):
        if isinstance(at, scf.ForOp | scf.WhileOp):
            found = at
        at = at.parent_op()
    return found


class Propagation:
    """Layouts on their way through one function."""

    def __init__(self, func: Operation):
        self.func = func
        self.reached: dict[SSAValue, dict[DistributedLayout, None]] = {}

    def run(self) -> None:
        self.spread()
        self.rewrite(self.chosen())

    def spread(self) -> None:
        todo: list[SSAValue] = []
        arguments = [arg for region in self.func.regions for block in region.blocks for arg in block.args]
        anchored = [result for op in self.func.walk() if is_anchor(op) for result in op.results]
        for value in (*arguments, *anchored):
            if (layout := layout_of(value.type)) is not None:
                self.reached[value] = {layout: None}
                todo.append(value)
        while todo:
            value = todo.pop()
            for use in list(value.uses):
                for target, layouts in self.targets(use.operation, use.index, list(self.reached[value])):
                    known = self.reached.setdefault(target, {})
                    new = [layout for layout in layouts if layout not in known]
                    if new:
                        known.update(dict.fromkeys(new))
                        todo.append(target)

    def targets(
        self, user: Operation, index: int, layouts: list[DistributedLayout]
    ) -> Iterator[tuple[SSAValue, list[DistributedLayout]]]:
        """Where layouts of an operand go, and what becomes of them."""
        if isinstance(user, scf.ForOp | scf.WhileOp | scf.ConditionOp | scf.YieldOp):
            for target in carried(user, index):
                if layout_of(target.type) is not None:
                    yield target, layouts
        elif isinstance(user, tt.GatherOp):
            # The indices and the result have one layout; what they look up has any.
            if index == 1 and user.efficient_layout is None:
                yield user.result, layouts
        elif passes_layouts_on(user):
            follow = [forward(user, each) for each in layouts]
            if isinstance(user, ttg.ConvertLayoutOp):
                follow = layouts
            elif isinstance(user, tt.ReduceOp | tt.ExpandDimsOp | tt.SplitOp | tt.ReshapeOp | tt.TransOp):
                # What the operation cannot undo it cannot be rewritten to either.
                follow = [
                    each
                    for each, source in zip(follow, layouts, strict=True)
                    if each is not None and backward(user, each) == source
                ]
            for result in user.results:
                if layout_of(result.type) is not None:
                    yield result, [each for each in follow if each is not None]

    def chosen(self) -> dict[SSAValue, DistributedLayout]:
        """One layout for every value that any layout reached."""
        chosen = {value: _preferred(list(layouts)) for value, layouts in self.reached.items() if layouts}
        for loop in self.func.walk():
            if isinstance(loop, scf.ForOp):
                for arg, result in zip(loop.regions[0].block.args[1:], loop.results, strict=True):
                    if result in chosen:
                        chosen[arg] = chosen[result]
            elif isinstance(loop, scf.WhileOp):
                for arg, result in zip(loop.after_region.block.args, loop.results, strict=True):
                    if result in chosen:
                        chosen[arg] = chosen[result]
        return chosen

    def rewrite(self, chosen: dict[SSAValue, DistributedLayout]) -> None:
        before: dict[SSAValue, DistributedLayout] = {}
        for value, layout in chosen.items():
            old = layout_of(value.type)
            if old is not None and old != layout:
                new = Rewriter.replace_value_with_new_type(value, with_layout(tensor_type(value), layout))
                before[new] = old
        for op in list(self.func.walk()):
            for index, operand in enumerate(op.operands):
                if is_tensor(operand.type) and (want := self.wanted(op, index, before)) is not None:
                    op.operands[index] = converted(operand, want, outside_of_loops(op, operand))
        for op in list(self.func.walk()):
            if isinstance(op, ttg.ConvertLayoutOp) and op.src.type == op.result.type:
                op.result.replace_all_uses_with(op.src)
                op.detach()
                op.erase()

    def wanted(self, op: Operation, index: int, before: dict[SSAValue, DistributedLayout]) -> DistributedLayout | None:
        """The layout that operand `index` must have; None when any will do."""
        if isinstance(op, ttg.ConvertLayoutOp | tt.AssertOp | tt.PrintOp):
            return None
        if isinstance(op, scf.ForOp | scf.WhileOp | scf.ConditionOp | scf.YieldOp):
            target = next(carried(op, index), None)
            return None if target is None else layout_of(target.type)
        if isinstance(op, tt.GatherOp) and op.efficient_layout is None:
            return layout_of(op.result.type) if index == 1 else None
        changed = next((result for result in op.results if result in before), None)
        if changed is not None:
            layout = layout_of(changed.type)
            assert layout is not None
            return backward(op, layout)
        if isinstance(op, tt.ReduceOp) and not is_tensor(op.results[0].type):
            # A scalar is the same from any layout: that of the first operand whose layout changed.
            source = next((operand for operand in op.operands if operand in before), op.operands[0])
            return layout_of(source.type)
        operand = op.operands[index]
        return before.get(operand, layout_of(operand.type))


def _preferred(layouts: list[DistributedLayout]) -> DistributedLayout:
    return next((layout for layout in layouts if isinstance(layout, NvidiaMmaEncodingAttr)), layouts[0])
