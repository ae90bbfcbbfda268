"""Which instructions multiply matrices, and how the warps of a program share the result.

Source: AccelerateMatmul.cpp of Triton 3.9; PTX ISA for the shapes of mma.sync and wgmma.
"""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import (
    AnyFloat,
    BFloat16Type,
    FixedBitwidthType,
    Float16Type,
    Float32Type,
    Float64Type,
)
from xdsl.ir import Attribute, Block, Operation

from minilinalg.dialects import tt, ttg, ttng
from minilinalg.dialects.tt.attributes import InputPrecision
from minilinalg.dialects.tt.types import encoding_of, is_int_of_width, tensor_type
from minilinalg.dialects.ttg.struct_attribute import numbers

ROWS, COLUMNS = 16, 8
"""The result of one mma.sync, and the rows of one warp of a wgmma."""
ROWS_OF_F64 = 8
"""The rows of one mma.sync of f64."""
WIDEST = {True: 256, False: 128}
"""The most columns of a wgmma, which are a power of two: 256 for floats, 128 for integers (224 is the limit there)."""


def bits_of(type: Attribute) -> int:
    """The width of an element."""
    assert isinstance(type, FixedBitwidthType)
    return type.bitwidth


def is_f8(type: Attribute) -> bool:
    """Whether `type` is a float of eight bits."""
    return isinstance(type, AnyFloat) and type.bitwidth == 8


def version_for(dot: tt.DotOp, newest: int, num_warps: int) -> tuple[int, str]:
    """The version of the tensor core instructions for a dot; 0 for none, and then why."""
    why = ""
    for version in range(newest, 1, -1):
        why = _unfit(dot, version, num_warps)
        if not why:
            return version, ""
    return 0, why or "the target has no tensor cores"


def _unfit(dot: tt.DotOp, version: int, num_warps: int) -> str:
    """Why instructions of `version` do not compute the dot, or nothing."""
    a, d = tensor_type(dot.a), tensor_type(dot.d)
    element, result = a.element_type, d.element_type
    *batch, rows, columns = d.get_shape()
    depth = a.get_shape()[-1]
    if isinstance(element, Float32Type) and dot.precision is not InputPrecision.TF32:
        return f"operands are f32 with inputPrecision {dot.precision.keyword}: tensor cores round f32 to tf32"
    is_float = isinstance(element, Float16Type | BFloat16Type | Float32Type | Float64Type) or is_f8(element)
    if not is_float and not is_int_of_width(8)(element):
        return f"operands are {element}: tensor cores take i8, f16, bf16, floats of 8 bits, tf32 and f64"
    if isinstance(result, BFloat16Type) or (isinstance(element, BFloat16Type) and isinstance(result, Float16Type)):
        return f"{element} is summed up in {result}: tensor cores sum up in f32, f16 in f16 too"
    if depth < 256 // bits_of(element):
        return f"k is {depth}: an instruction takes {256 // bits_of(element)}"
    if version == 2:
        least = _rows_of(element)
        if rows < least or columns < COLUMNS:
            return f"the result has {rows} x {columns} elements: an instruction makes {least} x {COLUMNS}"
        return ""
    if isinstance(element, Float64Type):
        return "wgmma has no f64"
    if batch or num_warps % 4 or rows % 64 or columns % 8:
        return "wgmma makes 64 rows and a multiple of 8 columns, in four warps, without batches"
    if is_f8(element) and isinstance(result, Float32Type) and dot.max_num_imprecise_acc.value.data < 32:
        return "wgmma adds up floats of eight bits with less than f32"
    return ""


def _rows_of(element: Attribute) -> int:
    return ROWS_OF_F64 if isinstance(element, Float64Type) else ROWS


def tile_for(version: int, dot: tt.DotOp, num_warps: int) -> list[int]:
    """instrShape: rows and columns that one instruction makes in a warp, for wgmma the depth too."""
    shape, element = tensor_type(dot.d).get_shape(), tensor_type(dot.a).element_type
    if version == 2:
        return [1] * (len(shape) - 2) + [_rows_of(element), COLUMNS]
    beside = max(num_warps // max(shape[0] // ROWS, 1), 1)
    columns = min(shape[1], max(shape[1] // beside, COLUMNS), WIDEST[isinstance(element, AnyFloat)])
    return [ROWS, columns, 256 // bits_of(element)]


def warps_for(version: int, dot: tt.DotOp, num_warps: int) -> list[int]:
    """warpsPerCTA: how the warps lie over the result.

    Warps below one another keep each row of a result in one warp, which is what follows on a dot needs: another dot,
    with a reduction in between.
    """
    shape = tensor_type(dot.d).get_shape()
    if version == 3:
        if any(is_dot(op) for op in forward_slice(dot)):
            return [num_warps, 1]
        warps = [4, 1]
        while warps[0] * warps[1] < num_warps:
            warps[0 if shape[0] > ROWS * warps[0] else 1] *= 2
        return warps
    if len(shape) == 3:
        return [num_warps, 1, 1]
    chained = [op for op in connected_in_block(dot) if isinstance(op, tt.DotOp) and op is not dot]
    chained = [op for op in chained if len(tensor_type(op.d).get_shape()) == 2]
    for other in chained:
        if isinstance(layout := encoding_of(other.d.type), ttg.NvidiaMmaEncodingAttr):
            return list(numbers(layout.warps_per_cta))
    if chained:
        return [num_warps, 1] if shape[0] >= shape[1] else [1, num_warps]
    # Each warp loads as many fragments of a as it has rows, and half as large ones of b: both are kept in balance.
    warps, tiles = [1, 1], [-(-shape[0] // ROWS), -(-shape[1] // COLUMNS)]
    while warps[0] * warps[1] < num_warps:
        dim = 0 if tiles[0] >= tiles[1] else 1
        warps[dim] *= 2
        tiles[dim] = max(tiles[dim] // 2, 1)
    return warps


def is_dot(op: Operation) -> bool:
    """Whether an operation multiplies matrices."""
    return isinstance(op, tt.DotOp | tt.DotScaledOp | ttng.WarpGroupDotOp)


def forward_slice(op: Operation) -> Iterator[Operation]:
    """What uses the results of `op`, and what uses those, not beyond a yield; each with what is inside it."""
    seen, todo = {op}, [op]
    while todo:
        at = todo.pop()
        if at is not op:
            yield at
        near = [use.operation for result in at.results for use in result.uses]
        near += [inner for region in at.regions for block in region.blocks for inner in block.ops]
        todo += [each for each in near if each not in seen]
        seen.update(near)


def connected_in_block(op: Operation) -> Iterator[Operation]:
    """What can be reached from `op` by going to operands and to users inside its block, not beyond transpositions."""
    seen, todo = {op}, [op]
    while todo:
        at = todo.pop()
        yield at
        near = [owner for operand in at.operands if not isinstance(owner := operand.owner, Block)]
        near += [use.operation for result in at.results for use in result.uses]
        for each in near:
            if each not in seen and each.parent is op.parent and not isinstance(each, tt.TransOp):
                seen.add(each)
                todo.append(each)
