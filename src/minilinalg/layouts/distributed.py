"""Layouts of tensors in registers: blocked, slice and linear, each made as a linear layout.

The input dimensions are register, lane, warp and block; the output dimensions those of the tensor. Parameters are those
of the attributes of the same names in the `ttg` dialect, where their meaning is documented.
"""

from __future__ import annotations

from collections.abc import Sequence

from minilinalg.layouts.fitting import not_larger_than, not_smaller_than, over_blocks, product_in_order
from minilinalg.layouts.linear import LANE, REGISTER, WARP, LinearLayout, dim_names


def blocked(
    shape: Sequence[int],
    size_per_thread: Sequence[int],
    threads_per_warp: Sequence[int],
    warps_per_cta: Sequence[int],
    order: Sequence[int],
    cga: Sequence[Sequence[int]] = (),
) -> LinearLayout:
    """Each thread a box of elements, each warp a box of threads, each block a box of warps; `order[0]` fastest.

    Registers that would hold replicas are left out.
    """
    layout = (
        product_in_order(REGISTER, size_per_thread, order)
        * product_in_order(LANE, threads_per_warp, order)
        * product_in_order(WARP, warps_per_cta, order)
    )
    return over_blocks(layout, cga, shape).without_replicas(REGISTER)


def blocked_dot_operand(
    shape: Sequence[int],
    operand: int,
    size_per_thread: Sequence[int],
    threads_per_warp: Sequence[int],
    warps_per_cta: Sequence[int],
    order: Sequence[int],
    cga: Sequence[Sequence[int]] = (),
) -> LinearLayout:
    """Operand 0 or 1 of a dot whose result is blocked: each thread holds all of the dimension that is summed over."""
    k = len(shape) - 1 if operand == 0 else len(shape) - 2
    sizes = [shape[k] if dim == k else size for dim, size in enumerate(size_per_thread)]
    layout = product_in_order(REGISTER, sizes, order)
    layout *= product_without(k, LANE, threads_per_warp, order)
    layout *= product_without(k, WARP, warps_per_cta, order)
    return over_blocks(layout, [without(k, basis) for basis in cga], shape)


def without(dim: int, basis: Sequence[int]) -> list[int]:
    """`basis` with zero in one dimension."""
    return [0 if each == dim else index for each, index in enumerate(basis)]


def product_without(dim: int, into: str, sizes: Sequence[int], order: Sequence[int]) -> LinearLayout:
    """As `product_in_order`, with replicas along one dimension."""
    names = dim_names(len(sizes))
    layout = LinearLayout.empty()
    for each in order:
        make = LinearLayout.zeros if each == dim else LinearLayout.identity
        layout *= make(sizes[each], into, names[each])
    return layout


def slice_of(parent: LinearLayout, dim: int) -> LinearLayout:
    """The layout of a tensor that lacks dimension `dim` of `parent`, which is fitted to size one there.

    Threads that differ along `dim` only hold replicas; registers that do are left out.
    """
    kept = [name for position, name in enumerate(parent.out_names) if position != dim]
    rest = parent.restricted(parent.in_names, kept)
    renamed = LinearLayout(rest.ins, tuple(zip(dim_names(len(kept)), (bits for _, bits in rest.outs), strict=True)))
    return renamed.without_replicas(REGISTER)


def linear(shape: Sequence[int], layout: LinearLayout) -> LinearLayout:
    """A layout that is given by its bases, fitted to `shape`: it repeats first along what registers go along first."""
    names = dim_names(len(shape))
    order = [next(d for d, index in enumerate(basis) if index) for basis in layout.bases(REGISTER) if any(basis)]
    order = list(dict.fromkeys([*order, *reversed(range(len(shape)))]))
    fitted = not_smaller_than(layout.with_outs([names[dim] for dim in order]), shape)
    return not_larger_than(fitted, shape, drop_registers=True).with_outs(names)
