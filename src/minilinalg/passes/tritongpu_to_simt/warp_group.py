"""Products by warp groups: how operands lie in shared memory, and in which order registers hold the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import FixedBitwidthType
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.dialects import simt, ttng
from minilinalg.dialects.simt.warp_group import SWIZZLES, MatrixAttr
from minilinalg.dialects.tt.effects import is_true
from minilinalg.dialects.tt.types import encoding_of, is_tensor
from minilinalg.dialects.ttg.distributed_layouts import NvidiaMmaEncodingAttr
from minilinalg.dialects.ttg.struct_attribute import numbers as numbers_of
from minilinalg.dialects.ttg.types import MemDescType, memdesc_type
from minilinalg.dialects.upstream import arith
from minilinalg.layouts.linear import LANE, OFFSET, REGISTER, WARP, LinearLayout, dim_names, log2
from minilinalg.layouts.shared import core_matrix
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, layout_of, tensor_type
from minilinalg.passes.tritongpu_to_simt.dot import Registers
from minilinalg.passes.tritongpu_to_simt.registers import ordered, picked
from minilinalg.passes.tritongpu_to_simt.threads import numbers, spread
from minilinalg.passes.tritongpu_to_simt.view import View

ROWS = 64
WARPS_OF_A_GROUP = 2
"""Bits of the warp's number within its group."""


@dataclass(frozen=True)
class Lines:
    """How a matrix lies in lines: their length in bytes, how far the next piece of a row is, which dimension they run
    along."""

    swizzle: int
    leading: int
    along: int


def lines_of(places: LinearLayout, element_bits: int) -> Lines | None:
    """The lines of a matrix with these places, from two indices to elements; None when wgmma cannot read it."""
    size = element_bits // 8
    for along, name in enumerate(dim_names(2)):
        masks, rows = places.masks[name], places.masks[dim_names(2)[1 - along]]
        if not masks or masks[0] != 1:
            continue
        for swizzle in reversed(SWIZZLES):
            bits = log2(swizzle // size)
            if len(masks) < bits or len(rows) < 3:
                continue
            core = core_matrix(swizzle, element_bits)
            wanted = core.pseudo_inverse().restricted(core.out_names, [OFFSET])
            rest = masks[bits:]
            leading = rest[0] if rest else (8 << len(rows) - 3) * swizzle // size
            if (
                masks[:bits] == wanted.masks["dim1"]
                and rows[:3] == wanted.masks["dim0"]
                and list(rows[3:]) == [8 * swizzle // size << bit for bit in range(len(rows) - 3)]
                and list(rest) == [leading << bit for bit in range(len(rest))]
            ):
                return Lines(swizzle, leading * size, along)
    return None


def _matrix(c: Conversion, view: View, k: int, tiles: Sequence[tuple[int, int]]) -> MatrixAttr:
    """The matrix that a view sees. k: its dimension that is summed over; tiles: the indices at which tiles begin."""
    assert isinstance(view.element, FixedBitwidthType)
    lines = lines_of(view.places, view.element.bitwidth)
    if lines is None or view.origin or view.padding:
        raise c.unsupported(
            "an operand of a product that does not lie as warp groups read it",
            "an operand in shared memory has a layout #ttg.nvmma_shared with a swizzle of 32, 64 or 128 bytes",
        )
    size = view.element.bitwidth // 8
    offsets = [view.places.apply(dim0=row, dim1=column)[0] * size for row, column in tiles]
    transposed = lines.along != k
    return MatrixAttr.of(view.element, lines.swizzle, lines.leading, 8 * lines.swizzle, transposed, offsets)


def _address(c: Conversion, view: View, dim: int, groups: Sequence[int]) -> SSAValue:
    """The address at which each warp group's part begins. groups: the index along `dim`, for each bit of its number."""
    assert isinstance(view.element, FixedBitwidthType)
    size = view.element.bitwidth // 8
    name = dim_names(2)[dim]
    masks = [view.places.apply(**{name: index})[0] * size for index in groups]
    base = spread(c, view.base, 1)
    if not any(masks):
        return base
    own = numbers(c, [0] * (5 + WARPS_OF_A_GROUP) + masks, [])
    return c.binary(arith.AddiOp, base, own)


def _warp_group_dot(c: Conversion, op: ttng.WarpGroupDotOp) -> None:
    d = layout_of(op.d.type)
    encoding = encoding_of(tensor_type(op.d))
    assert isinstance(encoding, NvidiaMmaEncodingAttr)
    n = numbers_of(encoding.instr_shape)[1]
    rd = Registers.of(c, d)
    columns, rows = rd.dims[1], rd.dims[0]
    warps = d.bases(WARP)
    element = _element(op.b.type)
    k = 256 // element.bitwidth
    depth = memdesc_type(op.b).get_shape()[0]
    # A register leads along a column, to the row 8 below, along the columns of the instruction, then to other tiles.
    inner = [bit for bit, index in zip(columns, rd.indices[1], strict=True) if index < n]
    far_columns = [bit for bit, index in zip(columns, rd.indices[1], strict=True) if index >= n]
    near, far_rows = rows[:1], rows[1:]
    starts = [_sums([i for i in rd.indices[dim] if i >= least]) for dim, least in ((0, ROWS), (1, n))]
    groups = warps[WARPS_OF_A_GROUP:]
    steps = range(0, depth, k)
    b_view = c.view(op.b)
    b_matrix = _matrix(c, b_view, 0, [(at, column) for column in starts[1] for at in steps])
    b = _address(c, b_view, 1, [basis[1] for basis in groups])
    if isinstance(op.a.type, MemDescType):
        a_view = c.view(op.a)
        a_matrix = _matrix(c, a_view, 1, [(row, at) for row in starts[0] for at in steps])
        a = _address(c, a_view, 0, [basis[0] for basis in groups])
    else:
        a_matrix, a = None, _fragments(c, op.a, 32 // element.bitwidth)
    order = ordered(d.masks[REGISTER], [inner[0], *near, *inner[1:], *far_columns, *far_rows])
    acc = picked(c, c.value(op.c), order)
    use = None if op.use_c is None else c.value(op.use_c)
    tiles = len(starts[0]), len(starts[1]), len(steps)
    c.insert(simt.WgmmaFenceOp())
    found = c.insert(simt.WgmmaOp(a, b, acc, use, (ROWS, n, k), tiles, a_matrix, b_matrix)).d
    c.insert(simt.WgmmaCommitOp())
    if not is_true(op.is_async):
        found = c.insert(simt.WgmmaWaitOp(0, [found])).outputs[0]
    undone = {register: position for position, register in enumerate(order)}
    c.bind(op.d, picked(c, found, [undone[register] for register in range(len(order))]))


def _element(type: Attribute) -> FixedBitwidthType:
    assert isinstance(type, MemDescType) and isinstance(type.element_type, FixedBitwidthType)
    return type.element_type


def _sums(indices: Sequence[int]) -> list[int]:
    """All sums of some of `indices`, in the order in which bits count."""
    found = [0]
    for index in indices:
        found += [other + index for other in found]
    return found


def _fragments(c: Conversion, value: SSAValue, per_word: int) -> SSAValue:
    """Operand a in registers: k within a word, the row 8 below, the upper half of k, then tiles along k, then rows."""
    layout = layout_of(value.type)
    found = Registers.of(c, layout)
    word = per_word.bit_length() - 1
    k, rows = found.dims[1], found.dims[0]
    lanes = [basis[1] for basis in layout.bases(LANE)][:2]
    if list(found.indices[1][:word]) != [1 << bit for bit in range(word)] or lanes != [per_word, 2 * per_word]:
        raise c.unsupported(
            f"an operand of layout {encoding_of(tensor_type(value))} in registers",
            "operand a of a product by warp groups has the kWidth of a 32-bit register",
        )
    bits = [*k[:word], *rows[:1], *k[word : word + 1], *k[word + 1 :], *rows[1:]]
    return picked(c, c.value(value), ordered(layout.masks[REGISTER], bits))


def _wait(c: Conversion, op: ttng.WarpGroupDotWaitOp) -> None:
    data = [value for value in op.inputs if is_tensor(value.type)]
    made = c.insert(simt.WgmmaWaitOp(op.pendings.value.data, [c.value(value) for value in data]))
    new = dict(zip(data, made.outputs, strict=True))
    for old, result in zip(op.inputs, op.outputs, strict=True):
        if old in new:
            c.bind(result, new[old])
        else:
            c.bind_view(result, c.view(old))


def _fence(c: Conversion, op: Operation) -> None:
    c.insert(simt.FenceAsyncSharedOp())


HANDLERS: Mapping[str, Handler] = {
    "ttng.fence_async_shared": _fence,
    "ttng.warp_group_dot": _warp_group_dot,
    "ttng.warp_group_dot_wait": _wait,
}
