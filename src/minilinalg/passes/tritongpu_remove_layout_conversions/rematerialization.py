"""Backward from a conversion: what its operand is computed from is computed in the new layout instead.

1. Take what the operand is computed from, up to what is made in any layout. Give up where something may not repeat.
2. Compare the cost of computing it again, where others still need it in the old layout, with that of the conversion.
3. Compute it next to the first time; what becomes dead is removed afterwards.

Source: LayoutRematerialization of Triton's RemoveLayoutConversions (3.9).
"""

from __future__ import annotations

from xdsl.context import Context
from xdsl.ir import Operation

from minilinalg.dialects import ttg
from minilinalg.dialects.ttg.distributed_layouts import DotOperandEncodingAttr
from minilinalg.dialects.ttg.inference import layout_of
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.tritongpu_remove_layout_conversions.cost import conversion_cost, repetition_cost
from minilinalg.passes.tritongpu_remove_layout_conversions.slices import Layouts, Repetition, backward_slice


def conversions_of(func: Operation) -> list[ttg.ConvertLayoutOp]:
    """The conversions of a function, in its order."""
    return [op for op in func.walk() if isinstance(op, ttg.ConvertLayoutOp)]


def replace_conversion(convert: ttg.ConvertLayoutOp, func: Operation, layouts: Layouts) -> None:
    """Computes the operand in the result's layout, and lets the conversion's users have it."""
    repetition = Repetition(func, layouts)
    repetition.run()
    convert.result.replace_all_uses_with(repetition.made[convert.src])
    convert.detach()
    convert.erase()


def rematerialize(ctx: Context, who: MinilinalgPass, func: Operation) -> bool:
    """Removes what conversions of `func` cost more than computing their operands again; True when that changed it."""
    changed = False
    for convert in conversions_of(func):
        layout = layout_of(convert.result.type)
        # What a dot takes is loaded, computed, and then converted: the loads keep their layout.
        if convert.parent is None or layout is None or isinstance(layout, DotOperandEncodingAttr):
            continue
        if isinstance(convert.src.owner, ttg.ConvertLayoutOp):
            continue
        layouts = backward_slice(convert.src, layout)
        if layouts is None:
            found = f"a change of layout stays, to {layout.name}: what it changes cannot be computed in that layout"
            remark(ctx, who, convert, found)
            continue
        cost, saved = repetition_cost(layouts, convert), conversion_cost(convert)
        if cost > saved:
            remark(ctx, who, convert, f"computing the operand again costs {cost}, and the conversion {saved}")
            continue
        replace_conversion(convert, func, layouts)
        changed = True
    return changed
