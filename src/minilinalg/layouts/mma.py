"""Layouts of what tensor cores take and give: nvidia_mma, versions 2 and 3, and the operands of a dot.

Source: PTX ISA, "Matrix Fragments for mma.m16n8k16" (version 2) and "Register Fragments for wgmma" (version 3), whose
fragments are both made of 8 x 8 matrices in which lane l holds neighbours in row l / 4.
"""

from __future__ import annotations

from collections.abc import Sequence

from minilinalg.errors import InputError
from minilinalg.layouts.distributed import product_without, without
from minilinalg.layouts.fitting import over_blocks, product_in_order
from minilinalg.layouts.linear import LANE, REGISTER, WARP, LinearLayout, dim_names


def matrix_order(rank: int, *, row_major: bool) -> list[int]:
    """The order of dimensions with rows or columns of the last two fastest, and batches last."""
    last_two = [rank - 1, rank - 2] if row_major else [rank - 2, rank - 1]
    return [*last_two, *reversed(range(rank - 2))]


def fragment(tile: Sequence[int], k_width: int, order: Sequence[int]) -> LinearLayout:
    """One tile of an instruction in the registers of a warp.

    Along the inner dimension `order[0]`: `k_width` registers, 4 lanes; along the outer one 8 lanes; then registers that
    repeat this, outer dimension first. The output dimensions are in the order in which the layout repeats.
    """
    names = dim_names(len(tile))
    inner, outer = names[order[0]], names[order[1]]
    rows, columns = tile[order[1]], tile[order[0]]
    if rows % 8 or columns % (4 * k_width):
        raise InputError(
            f"a tile of {rows}x{columns} elements with {k_width} side by side in a thread",
            rule=f"a fragment is made of matrices of 8 x {4 * k_width} elements",
        )
    layout = product_in_order(REGISTER, [1] * len(tile), order)
    layout *= LinearLayout.identity(k_width, REGISTER, inner) * LinearLayout.identity(4, LANE, inner)
    layout *= LinearLayout.identity(8, LANE, outer) * LinearLayout.identity(rows // 8, REGISTER, outer)
    return layout * LinearLayout.identity(columns // (4 * k_width), REGISTER, inner)


def nvidia_mma(
    shape: Sequence[int],
    version: int,
    warps_per_cta: Sequence[int],
    instr_shape: Sequence[int],
    cga: Sequence[Sequence[int]] = (),
) -> LinearLayout:
    """The accumulator of mma (version 2, `instr_shape` [16, 8], or [8, 8] of f64) or wgmma (version 3, [16, n, k])."""
    rank = len(shape)
    tile = instr_shape[:rank] if version == 2 else instr_shape[:2]
    layout = fragment(tile, 2, matrix_order(rank, row_major=True))
    warps = product_in_order(WARP, warps_per_cta, matrix_order(rank, row_major=version == 2))
    return over_blocks(layout * warps, cga, shape)


def mma_dot_operand(
    shape: Sequence[int],
    operand: int,
    k_width: int,
    version: int,
    warps_per_cta: Sequence[int],
    instr_shape: Sequence[int],
    cga: Sequence[Sequence[int]] = (),
) -> LinearLayout:
    """Operand 0 or 1 of an mma, or operand 0 of a wgmma, with `k_width` elements side by side along k in a thread."""
    rank = len(shape)
    k = rank - 1 if operand == 0 else rank - 2
    tile = [1] * rank
    rows = instr_shape[rank - 2 if version == 2 else 0]
    # One of f64 has 8 rows, and in a lane only neighbours along k.
    tile[k] = rows // 2 * k_width
    tile[rank - 2 if operand == 0 else rank - 1] = rows if operand == 0 else 8
    layout = fragment(tile, k_width, matrix_order(rank, row_major=operand == 0))
    layout *= product_without(k, WARP, warps_per_cta, matrix_order(rank, row_major=version == 2))
    return over_blocks(layout, [without(k, basis) for basis in cga], shape)
