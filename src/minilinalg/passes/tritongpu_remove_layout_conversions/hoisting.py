"""Conversions move to where they move fewer bytes, or are not always needed.

- Over an operation that makes elements wider, or repeats them, when it is the only one on the way.
- Into the branches of a conditional, when one of them can be computed in the new layout.

Source: hoistConvertOnTopOfExtOrBroadcast and hoistConvertIntoConditionals of Triton 3.9.
"""

from __future__ import annotations

from xdsl.dialects.builtin import FixedBitwidthType
from xdsl.ir import Operation, OpResult, SSAValue
from xdsl.rewriter import Rewriter

from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.types import encoding_of, is_tensor, tensor_type
from minilinalg.dialects.ttg.distributed_layouts import DistributedLayout, DotOperandEncodingAttr
from minilinalg.dialects.ttg.inference import backward, layout_of, with_layout
from minilinalg.dialects.upstream import scf
from minilinalg.passes.layout_rewriting import converted
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


def _is_computed_in(value: SSAValue, layout: DistributedLayout) -> bool:
    return encoding_of(value.type) == layout or backward_slice(value, layout) is not None
