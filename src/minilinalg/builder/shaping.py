"""What NumPy calls transpose, reshape, sum and `@`, as named operations of linalg and tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, ArrayAttr, DenseArrayBase, IntegerAttr, TensorType, i64
from xdsl.ir import Block, Region, SSAValue

from minilinalg.builder.arithmetic import accumulator_type, neutral
from minilinalg.builder.binding import Operands, bind
from minilinalg.builder.elements import (
    ElementType,
    element_of,
    is_float,
    is_tensor,
    promote,
    tensor_type,
    type_name,
    widened,
)
from minilinalg.builder.elementwise import NOWHERE, elementwise
from minilinalg.builder.generic import make_generic
from minilinalg.builder.insertion import Insertion
from minilinalg.builder.syntax import Call, counted, parse_comprehension
from minilinalg.dialects.upstream import linalg, tensor
from minilinalg.errors import InputError


def axis_of(axis: int, rank: int) -> int:
    """`axis`, counted from the front; InputError when there is no such dimension."""
    if not -rank <= axis < rank:
        raise InputError(
            f"there is no dimension {axis}", rule=f"the tensor has {counted(rank, 'dimension')}, counted from 0"
        )
    return axis % rank


def axes_of(axis: int | Sequence[int] | None, rank: int) -> list[int]:
    """The dimensions that a reduction over `axis` is over (all of them when None), in order."""
    named = range(rank) if axis is None else [axis] if isinstance(axis, int) else axis
    axes = sorted({axis_of(a, rank) for a in named})
    if not axes:
        raise InputError("nothing to reduce over", rule="a reduction is over one dimension at least")
    return axes


def cast_elements(at: Insertion, value: SSAValue, to: ElementType) -> SSAValue:
    """The tensor with its elements as `to`, or the tensor itself when they are."""
    if element_of(value) == to:
        return value
    return elementwise(at, [value], lambda nodes: Call(str(to), tuple(nodes), NOWHERE))


def transpose(at: Insertion, value: SSAValue, permutation: Sequence[int]) -> SSAValue:
    rank = tensor_type(value).get_num_dims()
    order = [axis_of(axis, rank) for axis in permutation]
    if sorted(order) != list(range(rank)):
        raise InputError(
            f"{tuple(permutation)} is no order of {counted(rank, 'dimension')}",
            rule="a transposition names each dimension once",
        )
    if order == list(range(rank)):
        return value
    sizes = at.sizes(value)
    init = at.empty([sizes[axis] for axis in order], element_of(value))
    return at.insert(linalg.TransposeOp(value, init, DenseArrayBase.from_list(i64, order))).results[0]


def reduce(at: Insertion, value: SSAValue, symbol: str, axis: int | Sequence[int] | None, keepdims: bool) -> SSAValue:
    """`linalg.reduce` over `axis` into a tensor that is filled with the neutral value."""
    rank = tensor_type(value).get_num_dims()
    axes = axes_of(axis, rank)
    type = accumulator_type(symbol, element_of(value))
    value = cast_elements(at, value, type)
    kept = [at.dim(value, i) for i in range(rank) if i not in axes]
    init = at.filled(at.arithmetic.constant(neutral(symbol, type), type), kept, type)
    block = Block(arg_types=[type, type])
    element, accumulator = block.args
    add = at.adder(block)
    combined = at.arithmetic.into(add).binary(symbol, element, accumulator)
    add(linalg.YieldOp(cast(SSAValue, combined)))
    op = linalg.ReduceOp(value, init, DenseArrayBase.from_list(i64, axes), Region(block))
    result = at.insert(op).results[0]
    return expand_dims(at, result, axes) if keepdims else result


def expand_dims(at: Insertion, value: SSAValue, axes: Sequence[int]) -> SSAValue:
    """The tensor with dimensions of size 1 at the places `axes` of the result."""
    if not axes:
        return value
    sizes: list[int | SSAValue] = at.sizes(value)
    rank = len(sizes)
    if not rank:
        op = tensor.ExtractOp(value, [], element_of(value))
        return at.filled(at.insert(op).results[0], [1] * len(axes), element_of(value))
    for axis in sorted(axes):
        sizes.insert(axis, 1)
    # Each dimension takes the ones that follow it; those in front of all go to the first.
    groups: list[list[int]] = [[] for _ in range(rank)]
    group = -1
    for position in range(len(sizes)):
        group += position not in axes
        groups[max(group, 0)].append(position)
    return _expand(at, value, groups, sizes)


def _expand(at: Insertion, value: SSAValue, groups: Sequence[Sequence[int]], sizes: list[int | SSAValue]) -> SSAValue:
    shape = [s if isinstance(s, int) else DYNAMIC_INDEX for s in sizes]
    dynamic = [s for s in sizes if isinstance(s, SSAValue)]
    op = tensor.ExpandShapeOp(value, dynamic, _reassociation(groups), shape, TensorType(element_of(value), shape))
    return at.insert(op).results[0]


def _reassociation(groups: Sequence[Sequence[int]]) -> ArrayAttr[ArrayAttr[IntegerAttr]]:
    return ArrayAttr(ArrayAttr(IntegerAttr(i, i64) for i in group) for group in groups)


def reshape(at: Insertion, value: SSAValue, sizes: Sequence[int]) -> SSAValue:
    """The same elements in row-major order in another shape, by collapsing and expanding dimensions."""
    source = tensor_type(value).get_shape()
    if DYNAMIC_INDEX in source:
        raise InputError(
            f"a tensor {type_name(value.type)} is reshaped", rule="the sizes of a tensor that is reshaped are known"
        )
    count, rest = math.prod(source), math.prod(s for s in sizes if s != -1)
    target = [count // max(rest, 1) if s == -1 else s for s in sizes]
    if math.prod(target) != count or sum(s == -1 for s in sizes) > 1 or any(s < 0 for s in target):
        raise InputError(
            f"a tensor {type_name(value.type)} has {count} elements, the shape {tuple(sizes)} has another number",
            rule="a reshaped tensor has as many elements as before",
        )
    if list(source) == target:
        return value
    collapsed = [list(range(len(source)))] if source else []
    if len(source) > 1:
        pairs = _matching(source, target)
        if pairs is not None and all(len(to) == 1 for _, to in pairs):
            return _collapse(at, value, [of for of, _ in pairs], target)
        if pairs is not None and all(len(of) == 1 for of, _ in pairs):
            return _expand(at, value, [to for _, to in pairs], list(target))
        value = _collapse(at, value, collapsed, [count])
    if len(target) == 1 and len(source) > 1:
        return value
    groups = [list(range(len(target)))] if source and target else []
    if not target:
        return _collapse(at, value, [], [])
    return _expand(at, value, groups, list(target))


def _matching(source: Sequence[int], target: Sequence[int]) -> list[tuple[list[int], list[int]]] | None:
    """Runs of dimensions of `source` and `target` with equal products, as short as can be; None when there are none."""
    pairs: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(source) and j < len(target):
        of, to = [i], [j]
        a, b = source[i], target[j]
        i, j = i + 1, j + 1
        while a != b:
            if a < b and i < len(source):
                a, i = a * source[i], i + 1
                of.append(i - 1)
            elif b < a and j < len(target):
                b, j = b * target[j], j + 1
                to.append(j - 1)
            else:
                return None
        pairs.append((of, to))
    if not pairs or 0 in source:
        return None
    pairs[-1][0].extend(range(i, len(source)))
    pairs[-1][1].extend(range(j, len(target)))
    return pairs


def _collapse(at: Insertion, value: SSAValue, groups: Sequence[Sequence[int]], shape: Sequence[int]) -> SSAValue:
    op = tensor.CollapseShapeOp.create(
        operands=[value],
        result_types=[TensorType(element_of(value), shape)],
        properties={"reassociation": _reassociation(groups)},
    )
    return at.insert(op).results[0]


def matmul(at: Insertion, a: SSAValue, b: SSAValue | int | float) -> SSAValue:
    """NumPy's matmul, accumulated in at least 32 bits: two matrices are `linalg.matmul`, the rest a `linalg.generic`.

    A vector is a row on the left and a column on the right; more dimensions in front are batches, equal on both sides
    or on one side only.
    """
    if not isinstance(b, SSAValue) or not all(is_tensor(v) and tensor_type(v).get_num_dims() for v in (a, b)):
        right = type_name(b.type) if isinstance(b, SSAValue) else "a number"
        raise InputError(f"'@' between {type_name(a.type)} and {right}", rule="'@' is for tensors with dimensions")
    left, right = tensor_type(a).get_shape(), tensor_type(b).get_shape()
    inner = right[0] if len(right) == 1 else right[-2]
    if left[-1] != inner and DYNAMIC_INDEX not in (left[-1], inner):
        raise InputError(
            f"'@' between {type_name(a.type)} and {type_name(b.type)}: {left[-1]} columns meet {inner} rows",
            rule="the last dimension of the left operand has the size of the last but one of the right operand",
        )
    common = promote(element_of(a), element_of(b))
    if is_float(element_of(a)) != is_float(element_of(b)):
        a, b = cast_elements(at, a, common), cast_elements(at, b, common)
    type = widened(common)
    if len(left) == len(right) == 2:
        init = at.filled(at.arithmetic.constant(0, type), [at.dim(a, 0), at.dim(b, 1)], type)
        return at.insert(linalg.MatmulOp([a, b], [init])).results[0]
    for x, y in zip(left[-3::-1], right[-3::-1], strict=False):
        if x != y and DYNAMIC_INDEX not in (x, y):
            raise InputError(
                f"'@' between {type_name(a.type)} and {type_name(b.type)}: {x} matrices meet {y}",
                rule="the dimensions in front of the matrices are equal on both sides, or on one side only",
            )
    batch = "bcdefghijop"[: max(len(left), len(right), 2) - 2]
    of_left, of_right = (batch[len(batch) - max(len(shape) - 2, 0) :] for shape in (left, right))
    row, column = "m" if len(left) > 1 else "", "n" if len(right) > 1 else ""
    subscripts = (",".join(s) for s in (batch + row + column, of_left + row + "k", of_right + "k" + column))
    text = "C[{}] += A[{}] * B[{}]".format(*subscripts)
    shapes = {
        name: tuple(None if s == DYNAMIC_INDEX else s for s in shape) for name, shape in (("A", left), ("B", right))
    }
    return make_generic(at, bind(parse_comprehension(text), Operands(shapes)), {"A": a, "B": b}, type)
