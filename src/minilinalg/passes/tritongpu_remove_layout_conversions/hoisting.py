"""Conversions move to where they move fewer bytes, or are not always needed.

- Over an operation that makes elements wider, or repeats them, when it is the only one on the way.
- Into the branches of a conditional, when one of them can be computed in the new layout.
- To the loads that the operand of a dot is computed from, when no element changes its thread on the way.

Source: hoistConvertOnTopOfExtOrBroadcast, hoistConvertIntoConditionals and hoistConvertDotOperand of Triton 3.9.
"""

from __future__ import annotations

from xdsl.dialects.builtin import FixedBitwidthType
from xdsl.ir import Operation, OpResult, SSAValue
from xdsl.rewriter import Rewriter
from xdsl.traits import is_side_effect_free

from minilinalg.dialects import tt, ttg, ttng
from minilinalg.dialects.tt.types import encoding_of, is_tensor, tensor_type
from minilinalg.dialects.ttg.distributed_layouts import (
    DistributedLayout,
    DotOperandEncodingAttr,
    NvidiaMmaEncodingAttr,
)
from minilinalg.dialects.ttg.inference import BACKWARD, backward, keeps_layout, layout_of, with_layout
from minilinalg.dialects.upstream import scf
from minilinalg.layouts.linear import REGISTER
from minilinalg.passes.layout_rewriting import converted
from minilinalg.passes.tritongpu_remove_layout_conversions.anchors import is_made_in_any_layout
from minilinalg.passes.tritongpu_remove_layout_conversions.rematerialization import conversions_of
from minilinalg.passes.tritongpu_remove_layout_conversions.slices import Repetition, backward_slice


def widens(op: Operation) -> bool:
    """Whether the result has more bytes than the operand, and nothing else is new in it."""
    if op.name in ("arith.extsi", "arith.extui", "arith.extf", "tt.broadcast"):
        return is_tensor(op.results[0].type)
    if not isinstance(op, tt.FpToFpOp) or not is_tensor(op.result.type):
        return False
    old, new = (tensor_type(value).element_type for value in (op.src, op.result))
    assert isinstance(old, FixedBitwidthType) and isinstance(new, FixedBitwidthType)
    return old.bitwidth < new.bitwidth


def hoist_over_widening(func: Operation) -> bool:
    """Moves conversions of `func` in front of what widens; True when that changed it."""
    changed = False
    for convert in conversions_of(func):
        layout = layout_of(convert.result.type)
        if convert.parent is None or layout is None or isinstance(layout, DotOperandEncodingAttr):
            continue
        changed |= _hoist_over_widening(convert, layout, func)
    return changed


def _hoist_over_widening(convert: ttg.ConvertLayoutOp, layout: DistributedLayout, func: Operation) -> bool:
    layouts = backward_slice(convert.src, layout, widens)
    if layouts is None:
        return False
    widening: list[OpResult] = []
    for value in list(layouts):
        if not isinstance(value, OpResult) or not widens(value.op):
            continue
        source = backward(value.op, layouts[value])
        if source is None:
            return False
        further = backward_slice(value.op.operands[0], source)
        if further is not None:
            if any(layouts.get(each, wanted) != wanted for each, wanted in further.items()):
                return False
            layouts |= further
        else:
            widening.append(value)
    # With two of them there would be two conversions.
    if len(widening) != 1:
        return False
    value = widening[0]
    if value.op.name != "tt.broadcast" and _registers(value, layouts[value]) > _registers(value):
        # Threads that hold replicas would each widen all that one widens now.
        return False
    source = backward(value.op, layouts[value])
    follower = value.op.next_op
    assert source is not None and follower is not None and value.op.parent is not None
    narrow = converted(value.op.operands[0], source, value.op)
    wide = type(value.op).create(
        operands=[narrow],
        result_types=[with_layout(tensor_type(value), layouts[value])],
        properties=dict(value.op.properties),
        attributes=dict(value.op.attributes),
    )
    wide.location = value.op.location
    value.op.parent.insert_op_before(wide, follower)
    repetition = Repetition(func, layouts, {value: wide.results[0]})
    repetition.run()
    convert.result.replace_all_uses_with(repetition.made[convert.src])
    convert.detach()
    convert.erase()
    return True


def _registers(value: SSAValue, layout: DistributedLayout | None = None) -> int:
    """How many elements of `value` a thread holds in `layout`, or in its own."""
    layout = layout or layout_of(value.type)
    assert layout is not None
    return layout.linear_layout(tensor_type(value).get_shape()).in_size(REGISTER)


def hoist_into_conditionals(func: Operation) -> bool:
    """Moves conversions of what a conditional gives into its branches; True when that changed `func`."""
    changed = False
    for convert in conversions_of(func):
        layout = layout_of(convert.result.type)
        branch = convert.src.owner
        if convert.parent is None or layout is None or not isinstance(branch, scf.IfOp):
            continue
        if isinstance(layout, DotOperandEncodingAttr):
            continue
        assert isinstance(convert.src, OpResult)
        index = convert.src.index
        ends = [region.block.last_op for region in branch.regions]
        given = [end.operands[index] for end in ends if end is not None]
        users = [use.operation for use in convert.src.uses]
        if not all(isinstance(user, ttg.ConvertLayoutOp) and user.result.type == convert.result.type for user in users):
            continue
        if sum(_is_computed_in(value, layout) for value in given) != 1:
            continue
        for end in ends:
            assert end is not None
            end.operands[index] = converted(end.operands[index], layout, end)
        new = Rewriter.replace_value_with_new_type(convert.src, convert.result.type)
        for user in users:
            user.results[0].replace_all_uses_with(new)
            user.detach()
            user.erase()
        changed = True
    return changed


def hoist_dot_operands(func: Operation) -> bool:
    """Moves conversions to operands of dots on tensor cores to the loads behind them; True when that changed `func`.

    What is loaded narrow goes through shared memory narrow then, and copies can bring it there (tritongpu-pipeline).
    """
    changed = False
    for convert in conversions_of(func):
        if convert.parent is not None and _is_for_a_dot(convert):
            changed |= _hoist_to_loads(convert, func)
    return changed


def _is_for_a_dot(convert: ttg.ConvertLayoutOp) -> bool:
    """Whether a conversion makes an operand in registers for a product that follows it in its block."""
    layout = layout_of(convert.result.type)
    if not isinstance(layout, DotOperandEncodingAttr) or not isinstance(layout.parent, NvidiaMmaEncodingAttr):
        return False
    following = convert.next_op
    while following is not None:
        if isinstance(following, tt.DotOp | ttng.WarpGroupDotOp):
            operand = layout_of(following.operands[0].type)
            if isinstance(operand, DotOperandEncodingAttr) and isinstance(operand.parent, NvidiaMmaEncodingAttr):
                return True
        following = following.next_op
    return False


def moves_no_element(op: Operation) -> bool:
    """Whether each thread computes its elements of the result from its own, in whichever layout both are."""
    if isinstance(op, tt.ReduceOp | tt.LoadOp) or not is_side_effect_free(op):
        return False
    return isinstance(op, ttg.ConvertLayoutOp) or is_made_in_any_layout(op) or op.name in BACKWARD or keeps_layout(op)


def _may_be_operand(op: Operation) -> bool:
    return moves_no_element(op) or isinstance(op, tt.LoadOp | tt.DescriptorLoadOp)


def _hoist_to_loads(convert: ttg.ConvertLayoutOp, func: Operation) -> bool:
    layout = layout_of(convert.result.type)
    assert layout is not None
    if isinstance(convert.src.owner, tt.LoadOp | tt.DescriptorLoadOp):
        return False
    layouts = backward_slice(convert.src, layout, lambda op: not moves_no_element(op))
    if layouts is None or not all(isinstance(value, OpResult) and _may_be_operand(value.op) for value in layouts):
        return False
    loaded: dict[SSAValue, SSAValue] = {}
    for value, wanted in layouts.items():
        if isinstance(value.owner, tt.LoadOp | tt.DescriptorLoadOp):
            assert value.owner.next_op is not None
            loaded[value] = converted(value, wanted, value.owner.next_op)
    repetition = Repetition(func, layouts, loaded)
    repetition.run()
    convert.result.replace_all_uses_with(repetition.made[convert.src])
    convert.detach()
    convert.erase()
    for value in loaded.values():
        # Not sooner than needed: what is loaded meanwhile is under way, and the operand holds no registers.
        _move_to_first_user(value)
    return True


def _move_to_first_user(value: SSAValue) -> None:
    """Moves the operation that makes `value` down in its block, to the first that uses it."""
    op = value.owner
    assert isinstance(op, Operation) and op.parent is not None
    users = {use.operation for use in value.uses}
    following = op.next_op
    while following is not None and not any(following.is_ancestor(user) for user in users):
        following = following.next_op
    if following is not None:
        op.detach()
        following.parent.insert_op_before(op, following)  # pyright: ignore


def _is_computed_in(value: SSAValue, layout: DistributedLayout) -> bool:
    return encoding_of(value.type) == layout or backward_slice(value, layout) is not None
