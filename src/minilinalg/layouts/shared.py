"""Layouts of tensors in shared memory: swizzled_shared, nvmma_shared, shared_linear, padded_shared.

The input dimensions are offset, in elements, and block. Padding cannot be linear, so a layout in memory is a linear one
and the padding on top of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from minilinalg.errors import InputError
from minilinalg.layouts.fitting import not_smaller_than, over_blocks, product_in_order, shape_of_block
from minilinalg.layouts.linear import OFFSET, LinearLayout, dim_names, log2


@dataclass(frozen=True)
class SharedLayout:
    """Where elements lie in shared memory.

    `linear` maps offset and block to elements. `padding` holds (interval, elements) pairs: after every `interval`
    elements so many are left free; all pairs add up.
    """

    linear: LinearLayout
    padding: tuple[tuple[int, int], ...] = ()

    def address(self, offset: int) -> int:
        """Where the element at `offset` of the linear layout lies, in elements, counting the padding in front of it."""
        return offset + sum(offset // interval * more for interval, more in self.padding)

    @property
    def step(self) -> int:
        """The elements from one buffer of this layout to the next, of several side by side."""
        return self.address(self.linear.in_size(OFFSET))

    @property
    def size(self) -> int:
        """The elements of one block with the padding between them: the last address and one."""
        return self.address(self.linear.in_size(OFFSET) - 1) + 1


def swizzled_shared(
    shape: Sequence[int],
    vec: int,
    per_phase: int,
    max_phase: int,
    order: Sequence[int],
    cga: Sequence[Sequence[int]] = (),
) -> LinearLayout:
    """Rows in a row, groups of `vec` columns exchanged: group g of row r lies at g XOR r / per_phase % max_phase."""
    part = shape_of_block(cga, shape)
    if len(shape) == 1:
        return over_blocks(product_in_order(OFFSET, part, order), cga, shape)
    names = dim_names(len(shape))
    column, row = names[order[0]], names[order[1]]
    columns, rows = part[order[0]], part[order[1]]
    bases = [(1 << bit, 0) for bit in range(log2(columns, f"the size of {column}"))]
    for bit in range(log2(rows, f"the size of {row}")):
        bases.append((vec * ((1 << bit) // per_phase % max_phase) % columns, 1 << bit))
    layout = LinearLayout.of({OFFSET: bases}, {column: columns, row: rows})
    for dim in order[2:]:
        layout *= LinearLayout.identity(part[dim], OFFSET, names[dim])
    return over_blocks(layout, cga, shape)


TMA_BOX = 256
"""The largest size of a dimension of what one TMA instruction copies (CUDA driver API, cuTensorMapEncodeTiled)."""


def nvmma_shared(
    shape: Sequence[int],
    swizzling_byte_width: int,
    transposed: bool,
    element_bits: int,
    fp4_padded: bool = False,
    cga: Sequence[Sequence[int]] = (),
) -> LinearLayout:
    """What TMA writes and wgmma reads: boxes of rows of `swizzling_byte_width` bytes, their 16-byte parts exchanged.

    `transposed` means that the first dimension is the contiguous one. Outer dimensions are collapsed into rows. The
    pattern is that of PTX ISA, "Shared Memory Matrix Layout": in eight rows, part p of row r is at p XOR r / (128 /
    width) % (width / 16). With `fp4_padded`, eight bytes of every sixteen are free.
    """
    part, names = shape_of_block(cga, shape), dim_names(len(shape))
    contiguous = 0 if transposed else len(shape) - 1
    # The dimensions as TMA counts them, the contiguous one last.
    dims = [*(dim for dim in range(len(shape)) if dim != contiguous), contiguous]
    box = [min(TMA_BOX, size * (2 if fp4_padded and dim == contiguous else 1)) for dim, size in enumerate(part)]
    if swizzling_byte_width == 0:
        box[contiguous] = min(box[contiguous], part[contiguous])
        plain = product_in_order(OFFSET, box, tuple(reversed(dims))).with_outs(names)
        return over_blocks(not_smaller_than(plain, part), cga, shape)
    tile = core_matrix(swizzling_byte_width, element_bits, fp4_padded)
    rows = prod(size for dim, size in enumerate(box) if dim != contiguous)
    columns = 8 * swizzling_byte_width // element_bits
    if box[contiguous] < columns or rows < 8:
        raise InputError(
            f"{rows} rows of {box[contiguous]} elements of {element_bits} bits in a block's part of a tensor of "
            f"{'x'.join(map(str, shape))}",
            rule=f"a swizzle of {swizzling_byte_width} bytes takes 8 rows of {columns} elements",
            hint="a narrower swizzle takes a smaller tensor: swizzlingByteWidth is one of 0, 32, 64, 128",
        )
    box[contiguous] = tile.out_size("dim1")
    # Upstream splits the box into rows and columns where the tensor's last dimension begins, transposed or not.
    rows, columns = prod(box[:-1]), box[-1]
    if transposed:
        rows, columns = columns, rows
    flat = not_smaller_than(tile, [rows, columns]).with_outs(["dim1", "dim0"])
    layout = flat.reshaped({names[dim]: box[dim] for dim in reversed(dims)}).with_outs(names)
    return over_blocks(not_smaller_than(layout, part), cga, shape)


def core_matrix(swizzling_byte_width: int, element_bits: int, fp4_padded: bool = False) -> LinearLayout:
    """Eight rows (dim0) of `swizzling_byte_width` bytes (dim1), swizzled."""
    columns = 8 * swizzling_byte_width // element_bits
    vec, per_phase, max_phase = 128 // element_bits, 128 // swizzling_byte_width, swizzling_byte_width // 16

    def packed(column: int) -> int:
        return column // 16 * 8 + column % 8 if fp4_padded else column

    bases = [(0, packed(1 << bit)) for bit in range(log2(columns))]
    bases += [(row, packed(vec * (row // per_phase % max_phase))) for row in (1, 2, 4)]
    return LinearLayout.of({OFFSET: bases}, {"dim0": 8, "dim1": columns // 2 if fp4_padded else columns})


def padded_shared(linear: LinearLayout, padding: Sequence[tuple[int, int]]) -> SharedLayout:
    """A linear layout of offset and block with padding on top; pairs of (interval, padding), in elements."""
    return SharedLayout(linear, tuple(padding))
