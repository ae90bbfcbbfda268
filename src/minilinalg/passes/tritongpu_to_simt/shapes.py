"""Tensors made from nothing or from a scalar, and those whose elements only get other indices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.ir import Operation, SSAValue

from minilinalg.dialects import simt, tt
from minilinalg.dialects.upstream import arith, ub
from minilinalg.layouts.linear import REGISTER, LinearLayout, dim_names
from minilinalg.passes.tritongpu_to_simt.conversion import (
    Conversion,
    Handler,
    data_type,
    is_carried,
    layout_of,
    tensor_type,
)
from minilinalg.passes.tritongpu_to_simt.registers import concatenated, halves, moved, picked
from minilinalg.passes.tritongpu_to_simt.threads import indices, spread


def _range(c: Conversion, op: tt.MakeRangeOp) -> None:
    value = indices(c, layout_of(op.result.type), 0)
    start = op.start.value.data
    c.bind(op.result, c.binary(arith.AddiOp, value, start) if start else value)


def _splat(c: Conversion, op: tt.SplatOp) -> None:
    c.bind(op.result, spread(c, c.value(op.src), layout_of(op.result.type).in_size(REGISTER)))


def _unsplat(c: Conversion, op: tt.UnsplatOp) -> None:
    c.bind(op.result, uniform(c, picked(c, c.value(op.src), [0])))


def uniform(c: Conversion, value: SSAValue) -> SSAValue:
    """The one register of a vector that all threads have equal, as a scalar."""
    made = simt.UniformOp.create(operands=[value], result_types=[value.type.element_type])  # pyright: ignore
    return c.insert(made).result


def placed(c: Conversion, value: SSAValue, found: LinearLayout, op: Operation) -> SSAValue:
    """`value`, which lies as `found` says, in the layout of the result of `op`."""
    wanted = layout_of(op.results[0].type)
    new = moved(c, value, LinearLayout(found.ins, found.outs), wanted)
    if new is None:
        raise c.unsupported(
            f"'{op.name}' to {op.results[0].type}, whose layout needs elements of other threads",
            "a change of shape keeps each element in its thread",
            hint="convert the operand first: ttg.convert_layout",
        )
    return new


def _expand_dims(c: Conversion, op: tt.ExpandDimsOp) -> None:
    old, axis = layout_of(op.src.type), op.axis.value.data
    outs = list(old.outs)
    outs.insert(axis, ("", 0))
    names = dim_names(len(outs))
    layout = LinearLayout(old.ins, tuple((name, bits) for name, (_, bits) in zip(names, outs, strict=True)))
    c.bind(op.result, placed(c, c.value(op.src), layout, op))


def _broadcast(c: Conversion, op: tt.BroadcastOp) -> None:
    """Each element of the result comes from the one with index 0 where the source has size 1."""
    old, new = layout_of(op.src.type), layout_of(op.result.type)
    kept = [size > 1 for size in tensor_type(op.src).get_shape()]
    wanted = LinearLayout(
        tuple(
            (name, tuple(old.pack([i * k for i, k in zip(basis, kept, strict=True)]) for basis in new.bases(name)))
            for name in new.in_names
        ),
        old.outs,
    )
    found = moved(c, c.value(op.src), old, wanted)
    if found is None:
        raise c.unsupported(
            f"'tt.broadcast' to {op.result.type}, whose layout needs elements of other threads",
            "source and result of a broadcast have the same layout",
        )
    c.bind(op.result, found)


def _trans(c: Conversion, op: tt.TransOp) -> None:
    c.bind(op.result, placed(c, c.value(op.src), transposed(layout_of(op.src.type), numbers_of(op.order)), op))


def numbers_of(attribute: object) -> list[int]:
    """The integers of a dense array."""
    return list(attribute.get_values())  # pyright: ignore


def transposed(layout: LinearLayout, order: Sequence[int]) -> LinearLayout:
    """Dimension i of the result is dimension `order[i]`."""
    mixed = layout.with_outs([layout.out_names[dim] for dim in order])
    return renamed(mixed)


def renamed(layout: LinearLayout) -> LinearLayout:
    """The same layout, its dimensions called dim0, dim1 ... in their order."""
    names = dim_names(len(layout.outs))
    return LinearLayout(layout.ins, tuple((name, bits) for name, (_, bits) in zip(names, layout.outs, strict=True)))


def reshaped(layout: LinearLayout, shape: Sequence[int]) -> LinearLayout:
    """As many elements in another shape, the last dimension fastest in both."""
    fastest_first = layout.with_outs(layout.out_names[::-1])
    names = dim_names(len(shape))
    outs = dict(reversed(list(zip(names, shape, strict=True))))
    return fastest_first.reshaped(outs).with_outs(names)


def _reshape(c: Conversion, op: tt.ReshapeOp) -> None:
    old = reshaped(layout_of(op.src.type), tensor_type(op.result).get_shape())
    value = c.value(op.src)
    if op.allow_reorder is not None:
        # Elements may get any order: the registers stay as they are.
        c.bind(op.result, value)
        return
    c.bind(op.result, placed(c, value, old, op))


def _join(c: Conversion, op: tt.JoinOp) -> None:
    """Two tensors side by side along a new last dimension: one more bit of the register's number."""
    old = layout_of(op.lhs.type)
    c.bind(op.result, placed(c, concatenated(c, c.value(op.lhs), c.value(op.rhs)), with_pair(old), op))


def with_pair(layout: LinearLayout) -> LinearLayout:
    names = dim_names(len(layout.outs) + 1)
    return layout * LinearLayout.identity(2, REGISTER, names[-1])


def _split(c: Conversion, op: tt.SplitOp) -> None:
    """The inverse of join."""
    wanted = with_pair(layout_of(op.out_lhs.type))
    value = moved(c, c.value(op.src), layout_of(op.src.type), wanted)
    if value is None:
        raise c.unsupported(
            f"'tt.split' of {op.src.type}, which has the two halves in different threads",
            "a thread holds both elements of a pair",
        )
    for result, half in zip(op.results, halves(c, value), strict=True):
        c.bind(result, half)


def _poison(c: Conversion, op: ub.PoisonOp) -> None:
    if is_carried(op.result.type):
        c.bind(op.result, c.insert(ub.PoisonOp(data_type(op.result.type))).result)


HANDLERS: Mapping[str, Handler] = {
    "tt.broadcast": _broadcast,
    "tt.expand_dims": _expand_dims,
    "tt.join": _join,
    "tt.make_range": _range,
    "tt.reshape": _reshape,
    "tt.split": _split,
    "tt.splat": _splat,
    "tt.trans": _trans,
    "tt.unsplat": _unsplat,
    "ub.poison": _poison,
}
