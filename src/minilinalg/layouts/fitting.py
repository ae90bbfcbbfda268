"""Fitting a layout to the shape of a tensor, and laying it over the blocks of a cluster.

The rules are upstream's (`ensureLayoutNotLargerThan`, `ensureLayoutNotSmallerThan`, `combineCtaCgaWithShape`): a layout
that is larger than the tensor wraps, so that some of its places hold replicas; one that is smaller repeats, in further
registers (of a thread) or at further offsets (in memory).
"""

from __future__ import annotations

from collections.abc import Sequence

from minilinalg.errors import InputError
from minilinalg.layouts.linear import BLOCK, REGISTER, LinearLayout, dim_names, log2


def rank_error(layout: int, tensor: int) -> InputError:
    """The error for a layout of so many dimensions on a tensor of so many."""
    return InputError(
        f"a layout of rank {layout} on a tensor of rank {tensor}", rule="a layout has as many dimensions as its tensor"
    )


def product_in_order(into: str, sizes: Sequence[int], order: Sequence[int]) -> LinearLayout:
    """The dimension `into` counts through a box of these sizes, the dimension `order[0]` fastest."""
    names = dim_names(len(sizes))
    layout = LinearLayout.empty()
    for dim in order:
        layout *= LinearLayout.identity(sizes[dim], into, names[dim])
    return layout


def not_larger_than(layout: LinearLayout, shape: Sequence[int], *, drop_registers: bool = False) -> LinearLayout:
    """`layout` wrapped into `shape`, the sizes of dim0, dim1 ... : bases that point outside become zero there.

    With `drop_registers` a register that would hold a replica is left out instead.
    """
    sizes = dict(zip(dim_names(len(shape)), shape, strict=True))
    narrow = LinearLayout((), tuple((n, min(bits, log2(sizes[n], f"the size of {n}"))) for n, bits in layout.outs))
    ins: list[tuple[str, tuple[int, ...]]] = []
    for name in layout.in_names:
        masks: list[int] = []
        for basis in layout.bases(name):
            inside = [index if index < size else 0 for index, size in zip(basis, narrow.shape, strict=True)]
            if drop_registers and name == REGISTER and tuple(inside) != basis:
                continue
            masks.append(narrow.pack(inside))
        ins.append((name, tuple(masks)))
    return LinearLayout(tuple(ins), narrow.outs)


def not_smaller_than(layout: LinearLayout, shape: Sequence[int]) -> LinearLayout:
    """`layout` repeated until it covers `shape`, in its output dimensions' order, along its first input dimension."""
    sizes = dict(zip(dim_names(len(shape)), shape, strict=True))
    first = layout.in_names[0]
    for name in layout.out_names:
        if (size := sizes[name]) > layout.out_size(name):
            layout *= LinearLayout.identity(size // layout.out_size(name), first, name)
    return layout


def block_layout(cga: Sequence[Sequence[int]], rank: int) -> LinearLayout:
    """The layout of the blocks of a cluster (CGA): `cga` holds the bases, counted in parts of one block each."""
    sizes = [1 << max((basis[dim] for basis in cga), default=0).bit_length() for dim in range(rank)]
    return LinearLayout.of({BLOCK: cga}, dict(zip(dim_names(rank), sizes, strict=True)))


def shape_of_block(cga: Sequence[Sequence[int]], shape: Sequence[int]) -> tuple[int, ...]:
    """The part of a tensor that one block of the cluster holds."""
    blocks = block_layout(cga, len(shape)).shape
    return tuple(max(1, size // parts) for size, parts in zip(shape, blocks, strict=True))


def over_blocks(layout: LinearLayout, cga: Sequence[Sequence[int]], shape: Sequence[int]) -> LinearLayout:
    """The layout of a whole tensor of `shape`: `layout` fitted to the part of each block, the blocks side by side.

    The result's output dimensions are dim0, dim1 ... in this order. Raises InputError when a size is no power of two.
    """
    names = dim_names(len(shape))
    for name, size in zip(names, shape, strict=True):
        log2(size, f"the size of {name}")
    if set(layout.out_names) != set(names):
        raise rank_error(len(layout.out_names), len(shape))
    blocks = not_larger_than(block_layout(cga, len(shape)), shape).with_outs(layout.out_names)
    part = tuple(size // blocks.out_size(name) for name, size in zip(names, shape, strict=True))
    fitted = not_larger_than(not_smaller_than(layout, part), part)
    return (fitted * blocks).with_outs(names)
