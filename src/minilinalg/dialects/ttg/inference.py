"""Which layout follows from which: of the results of an operation from its operands', and the other way.

An operation that computes element by element keeps a layout. One that changes the shape moves it along, so that no
element changes its place; where blocked layouts have no word for the result it is a `#ttg.linear`.

Source: the DialectInferLayoutInterface of Triton 3.9, and inferSrcEncoding and inferDstEncoding of its passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Operation
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.traits import Elementwise, SameEncoding
from minilinalg.dialects.tt.types import AnyTensor, encoding_of, is_tensor
from minilinalg.dialects.ttg.distributed_layouts import (
    BlockedEncodingAttr,
    DistributedLayout,
    DotOperandEncodingAttr,
    SliceEncodingAttr,
)
from minilinalg.dialects.ttg.linear_layouts import GenericLinearEncodingAttr, LinearEncodingAttr
from minilinalg.dialects.ttg.struct_attribute import numbers
from minilinalg.errors import InputError
from minilinalg.layouts.linear import BLOCK, LANE, REGISTER, WARP, LinearLayout, dim_names, log2

Shape: TypeAlias = Sequence[int]


def with_layout(type: AnyTensor, layout: Attribute) -> AnyTensor:
    """The tensor type with this layout."""
    return TensorType(type.element_type, type.shape, layout)


def layout_of(type: Attribute) -> DistributedLayout | None:
    """The layout of a tensor in registers; None for a scalar, and for a tensor without one."""
    layout = encoding_of(type)
    return layout if isinstance(layout, DistributedLayout) else None


def replicas(type: Attribute) -> tuple[tuple[bool, ...], ...]:
    """Of each bit of the register, the lane, the warp and the block whether it leads to replicas.

    Tensors for which this is the same lie in the same places, in one order or another.
    """
    layout = layout_of(type)
    assert layout is not None and is_tensor(type)
    return tuple(tuple(mask == 0 for mask in masks) for _, masks in layout.linear_layout(type.get_shape()).ins)


def same_layout(shape: Shape, one: Attribute | None, other: Attribute | None) -> bool:
    """Whether two layouts place the elements of a tensor of this shape alike."""
    if one == other:
        return True
    if not isinstance(one, DistributedLayout) or not isinstance(other, DistributedLayout):
        return False
    try:
        return one.linear_layout(shape) == other.linear_layout(shape)
    except InputError:
        return False


def named(layout: LinearLayout) -> DistributedLayout | None:
    """An attribute for a linear layout: blocked when it is one, else linear; None when none can hold it."""
    if (found := _as_blocked(layout)) is not None:
        return found
    for attribute in (LinearEncodingAttr, GenericLinearEncodingAttr):
        try:
            return attribute(layout)
        except VerifyException:
            continue
    return None


def _as_blocked(layout: LinearLayout) -> BlockedEncodingAttr | None:
    """The blocked layout that is `layout` on its shape, when there is one."""
    rank, shape = len(layout.outs), layout.shape
    if layout.masks.get(BLOCK):
        return None
    sizes: dict[str, list[int]] = {}
    order: list[int] = []
    reached = [1] * rank
    for level in (REGISTER, LANE, WARP):
        sizes[level] = [1] * rank
        for basis in layout.bases(level):
            dims = [dim for dim, index in enumerate(basis) if index]
            if len(dims) > 1:
                return None
            if not dims:
                continue
            dim = dims[0]
            if level == REGISTER and basis[dim] != reached[dim]:
                continue
            sizes[level][dim] *= 2
            reached[dim] *= 2
            if dim not in order:
                order.append(dim)
    order += [dim for dim in reversed(range(rank)) if dim not in order]
    for level in (LANE, WARP):
        # Replicas: threads beyond the end of the slowest dimension.
        sizes[level][order[-1]] *= layout.in_size(level) // _product(sizes[level])
    # Registers that repeat the whole look like more elements of a thread where no lane or warp stands between.
    for repeated in (False, True):
        thread = list(sizes[REGISTER])
        if repeated:
            for dim in range(rank):
                if sizes[LANE][dim] == sizes[WARP][dim] == 1:
                    thread[dim] = 1
        found = BlockedEncodingAttr(thread, sizes[LANE], sizes[WARP], order)
        if found.linear_layout(shape) == layout:
            return found
    return None


def _product(sizes: Sequence[int]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product


def blocked_lists(layout: BlockedEncodingAttr) -> tuple[list[int], list[int], list[int], list[int]]:
    """sizePerThread, threadsPerWarp, warpsPerCTA and order."""
    return (
        list(numbers(layout.size_per_thread)),
        list(numbers(layout.threads_per_warp)),
        list(numbers(layout.warps_per_cta)),
        list(numbers(layout.order)),
    )


def transposed(layout: DistributedLayout, shape: Shape, order: Shape) -> DistributedLayout | None:
    """The layout of a tensor of `shape` and this layout when dimension i becomes what was dimension `order[i]`."""
    if isinstance(layout, BlockedEncodingAttr) and not layout.cga:
        *sizes, fastest = blocked_lists(layout)
        thread, warp, cta = ([each[dim] for dim in order] for each in sizes)
        return BlockedEncodingAttr(thread, warp, cta, [list(order).index(dim) for dim in fastest])
    old = layout.linear_layout(shape).with_outs([f"dim{dim}" for dim in order])
    outs = tuple((name, bits) for name, (_, bits) in zip(dim_names(len(shape)), old.outs, strict=True))
    return named(LinearLayout(old.ins, outs))


def reshaped(layout: DistributedLayout, old: Shape, new: Shape) -> DistributedLayout | None:
    """The layout of a tensor of shape `old` and this layout when its elements, row by row, are seen in shape `new`."""
    flat = layout.linear_layout(old).with_outs(list(reversed(dim_names(len(old)))))
    names = dim_names(len(new))
    outs = tuple((name, log2(size)) for name, size in reversed(list(zip(names, new, strict=True))))
    return named(LinearLayout(flat.ins, outs).with_outs(names))


def joined(layout: DistributedLayout, shape: Shape) -> DistributedLayout | None:
    """The layout of two tensors of `shape` and this layout side by side along a new last dimension, in a thread."""
    if isinstance(layout, BlockedEncodingAttr) and not layout.cga:
        thread, warp, cta, order = blocked_lists(layout)
        return BlockedEncodingAttr([*thread, 2], [*warp, 1], [*cta, 1], [len(shape), *order])
    last = f"dim{len(shape)}"
    return named(
        (LinearLayout.identity(2, REGISTER, last) * layout.linear_layout(shape)).with_outs(dim_names(len(shape) + 1))
    )


def split(layout: DistributedLayout, shape: Shape) -> DistributedLayout | None:
    """The inverse of `joined`, of a tensor of `shape`; None when no thread holds both halves."""
    if isinstance(layout, BlockedEncodingAttr) and not layout.cga:
        thread, warp, cta, order = blocked_lists(layout)
        if (thread[-1], warp[-1], cta[-1], order[0]) == (2, 1, 1, len(shape) - 1):
            return BlockedEncodingAttr(thread[:-1], warp[:-1], cta[:-1], order[1:])
    whole, names = layout.linear_layout(shape), dim_names(len(shape))
    half = LinearLayout.of({REGISTER: [(0,) * (len(shape) - 1) + (1,)]}, dict.fromkeys(names[:-1], 1) | {names[-1]: 2})
    both = half.columns[0] << whole.out_width - 1
    registers = whole.masks.get(REGISTER, ())
    if registers.count(both) != 1 or sum(mask & both != 0 for mask in whole.columns) != 1:
        return None
    rest = whole.with_bases(REGISTER, [mask for mask in registers if mask != both])
    return named(rest.restricted(rest.in_names, names[:-1]))


def expanded(layout: DistributedLayout, axis: int) -> DistributedLayout | None:
    """The layout with a dimension of size one inserted: the parent of a slice along `axis`, None for others."""
    if isinstance(layout, SliceEncodingAttr) and layout.dim.data == axis:
        parent = layout.parent
        return parent if isinstance(parent, DistributedLayout) else None
    return None


# --- of operations ---------------------------------------------------------------------------------------------------

Rule: TypeAlias = Callable[[Any, DistributedLayout], DistributedLayout | None]


def _shape(type: Attribute) -> Shape:
    assert is_tensor(type)
    return type.get_shape()


def _back_through_reduction(op: Any, layout: DistributedLayout) -> DistributedLayout | None:
    return expanded(layout, op.axis.value.data)


def _inverse(order: Sequence[int]) -> list[int]:
    return [list(order).index(dim) for dim in range(len(order))]


FORWARD: Mapping[str, Rule] = {
    "tt.reduce": lambda op, layout: SliceEncodingAttr(op.axis.value.data, layout),
    "tt.expand_dims": lambda op, layout: expanded(layout, op.axis.value.data),
    "tt.trans": lambda op, layout: transposed(layout, _shape(op.src.type), op.get_order()),
    "tt.reshape": lambda op, layout: reshaped(layout, _shape(op.src.type), _shape(op.result.type)),
    "tt.join": lambda op, layout: joined(layout, _shape(op.lhs.type)),
    "tt.split": lambda op, layout: split(layout, _shape(op.src.type)),
}
"""From the layout of the operands to that of the results."""

BACKWARD: Mapping[str, Rule] = {
    "tt.reduce": _back_through_reduction,
    "tt.expand_dims": lambda op, layout: SliceEncodingAttr(op.axis.value.data, layout),
    "tt.trans": lambda op, layout: transposed(layout, _shape(op.result.type), _inverse(op.get_order())),
    "tt.reshape": lambda op, layout: reshaped(layout, _shape(op.result.type), _shape(op.src.type)),
    "tt.join": lambda op, layout: split(layout, _shape(op.result.type)),
    "tt.split": lambda op, layout: joined(layout, _shape(op.out_lhs.type)),
}
"""From the layout of the results to the one that the operands need."""


def keeps_layout(op: Operation) -> bool:
    """Whether operands and results have one layout, whichever it is: what is computed element by element, and such."""
    return (
        op.name.startswith(("arith.", "math."))
        or op.has_trait(Elementwise)
        or op.has_trait(SameEncoding)
        or op.name in _KEEP
    )


_KEEP = frozenset({"tt.broadcast", "tt.splat", "tt.addptr", "tt.load", "tt.make_range", "ub.poison", "tt.bitcast"})


def forward(op: Operation, layout: DistributedLayout) -> DistributedLayout | None:
    """The layout of the results when the operands have `layout`; None when it does not follow."""
    return _follow(FORWARD, op, layout)


def backward(op: Operation, layout: DistributedLayout) -> DistributedLayout | None:
    """The layout that the operands need for results of `layout`; None when there is none."""
    return _follow(BACKWARD, op, layout)


def _follow(rules: Mapping[str, Rule], op: Operation, layout: DistributedLayout) -> DistributedLayout | None:
    if (rule := rules.get(op.name)) is not None:
        try:
            return rule(op, layout)
        except (InputError, VerifyException):
            return None
    return layout if keeps_layout(op) else None


# --- what must hold ---------------------------------------------------------------------------------------------------


def verify_layouts(op: Operation) -> None:
    """Raises VerifyException unless the layouts of an operation's results are those that follow from its operands'.

    All its tensors have one.
    """
    if op.name == "tt.dot":
        _verify_dot(op)
        return
    if op.name == "tt.reshape" and "allow_reorder" in op.properties:
        return
    source = op.operands[0].type
    layout = layout_of(source)
    tensors = [result.type for result in op.results if is_tensor(result.type)]
    if layout is None or not tensors:
        return
    if op.name == "tt.broadcast":
        # Layouts that differ only along what is repeated place the elements of the source alike, if in more registers.
        shape, result = _shape(source), tensors[0]
        if not _same_threads(shape, layout_of(result), layout):
            raise VerifyException(f"'{op.name}' of {source} gives {result}: the layout that follows is {layout}")
        return
    expected = forward(op, layout)
    if expected is None:
        wanted = backward(op, layout_of(tensors[0]) or layout)
        raise VerifyException(
            f"'{op.name}' of {source} gives {tensors[0]}: no layout of the result follows from the operand's"
            + (f", which would have to be {wanted}" if wanted is not None else "")
        )
    for type in tensors:
        if not same_layout(type.get_shape(), encoding_of(type), expected):
            raise VerifyException(f"'{op.name}' of {source} gives {type}: the layout that follows is {expected}")


def _same_threads(shape: Shape, one: DistributedLayout | None, other: DistributedLayout) -> bool:
    """Whether two layouts give each thread the same elements in the same order, however often it has each."""
    if one is None:
        return False
    try:
        first, second = (each.linear_layout(shape).without_replicas(REGISTER) for each in (one, other))
    except InputError:
        return False
    return first == second


def _verify_dot(op: Operation) -> None:
    result = encoding_of(op.results[0].type)
    for index, operand in enumerate(op.operands[:2]):
        layout = encoding_of(operand.type)
        if not isinstance(layout, DotOperandEncodingAttr) or layout.op_idx.data != index or layout.parent != result:
            raise VerifyException(
                f"'{op.name}' has {operand.type} as operand {index}: its layout is #ttg.dot_op, opIdx = {index}, with "
                f"the result's layout as parent, {result}"
            )
