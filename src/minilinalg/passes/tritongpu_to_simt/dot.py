"""Products of matrices: on tensor cores where the layout of the result is theirs, elsewhere by each thread.

A layout decides which element each register holds; here registers are only put into the order in which the operation
takes them. Along k any order will do that is the same for both operands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import FixedBitwidthType, Float32Type, Float64Type
from xdsl.ir import SSAValue

from minilinalg.dialects import simt, tt
from minilinalg.dialects.simt.types import element_of
from minilinalg.dialects.tt.attributes import InputPrecision
from minilinalg.dialects.tt.types import encoding_of
from minilinalg.dialects.ttg.distributed_layouts import BlockedEncodingAttr, NvidiaMmaEncodingAttr
from minilinalg.layouts.linear import LANE, REGISTER, LinearLayout
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, layout_of, tensor_type
from minilinalg.passes.tritongpu_to_simt.registers import concatenated, ordered, picked


@dataclass(frozen=True)
class Registers:
    """The bits of a register's number, by the dimension along which they lead, each list ascending in its index there.

    `dims` are the last two dimensions; `batch` the bits that lead along others.
    """

    dims: tuple[tuple[int, ...], tuple[int, ...]]
    indices: tuple[tuple[int, ...], tuple[int, ...]]
    batch: tuple[int, ...]

    @staticmethod
    def of(c: Conversion, layout: LinearLayout) -> Registers:
        """Raises UnsupportedError for a bit that leads along several dimensions, or nowhere."""
        bases = layout.bases(REGISTER)
        rank = len(layout.outs)
        along: list[list[int]] = [[] for _ in range(rank)]
        for bit, basis in enumerate(bases):
            led = [dim for dim, index in enumerate(basis) if index]
            if len(led) != 1:
                raise c.unsupported(
                    f"an operand of a dot with layout {layout}", "a register leads along one dimension of a matrix"
                )
            along[led[0]].append(bit)
        for dim, bits in enumerate(along):
            bits.sort(key=lambda bit, dim=dim: bases[bit][dim])
        rows, columns = along[-2:]
        return Registers(
            (tuple(rows), tuple(columns)),
            (tuple(bases[bit][-2] for bit in rows), tuple(bases[bit][-1] for bit in columns)),
            tuple(bit for bits in along[:-2] for bit in bits),
        )


def _dot(c: Conversion, op: tt.DotOp) -> None:
    parent = encoding_of(tensor_type(op.d))
    if isinstance(parent, NvidiaMmaEncodingAttr) and parent.version == 2:
        made = _tensor_core(c, op)
    elif isinstance(parent, BlockedEncodingAttr):
        made = _each_thread(c, op)
    else:
        raise c.unsupported(
            f"'tt.dot' whose result has layout {parent}",
            "the result of a dot has the layout of mma.sync (#ttg.nvidia_mma of version 2) or a blocked one",
        )
    c.bind(op.d, made)


def _in_batches(
    c: Conversion,
    operands: Sequence[tuple[SSAValue, LinearLayout, Sequence[int], Sequence[int]]],
    multiply: Callable[[SSAValue, SSAValue, SSAValue], SSAValue],
) -> SSAValue:
    """Puts the registers of a, b and c in order, multiplies matrix by matrix, and undoes the order of the result.

    operands: a value, its layout, the bits of its registers in order, those of the batch behind them.
    """
    ready: list[list[SSAValue]] = []
    order: list[int] = []
    for value, layout, bits, batch in operands:
        order = ordered(layout.masks[REGISTER], [*bits, *batch])
        count = len(order) >> len(batch)
        ready.append([picked(c, value, order[at : at + count]) for at in range(0, len(order), count)])
    products = [multiply(a, b, acc) for a, b, acc in zip(*ready, strict=True)]
    undone = {register: position for position, register in enumerate(order)}
    return picked(c, concatenated(c, *products), [undone[register] for register in range(len(order))])


def _tensor_core(c: Conversion, op: tt.DotOp) -> SSAValue:
    """Fragments of mma.sync: within one, k counts first in a word, rows 8 apart next, then k of the upper half.

    Those of f64 have 8 rows, and one element of an operand in a lane.
    """
    a, b, d = (layout_of(value.type) for value in (op.a, op.b, op.d))
    ra, rb, rd = (Registers.of(c, layout) for layout in (a, b, d))
    element = element_of(c.value(op.a).type)
    assert isinstance(element, FixedBitwidthType)
    if isinstance(element, Float32Type) and not _may_use_tf32(op):
        raise c.unsupported(
            f"'tt.dot' of {element} with inputPrecision {op.precision.keyword} on tensor cores",
            "operands of mma.sync have 8, 16 or 64 bits, or are f32 that may be rounded to tf32",
        )
    layout = encoding_of(tensor_type(op.d))
    assert isinstance(layout, NvidiaMmaEncodingAttr)
    rows = layout.tile[-2]
    if rows != (8 if isinstance(element, Float64Type) else 16):
        raise c.unsupported(
            f"'tt.dot' of {element} in tiles of {'x'.join(map(str, layout.tile))}",
            "mma.sync makes 16x8 elements at a time, 8x8 of f64",
        )
    # Bits of k that count in a register of 32 bits; of rows, and of k beyond, that count in a fragment.
    word, tall = max(5 - (element.bitwidth.bit_length() - 1), 0), rows // 8 - 1
    k = ra.dims[1]
    shape = rows, 8, 256 // element.bitwidth
    same = (
        ra.indices[1] == rb.indices[0]
        and ra.indices[0] == rd.indices[0]
        and rb.indices[1] == rd.indices[1][1:]
        and len(k) >= word + tall
        and [basis[-1] for basis in a.bases(LANE)] == [basis[-2] for basis in b.bases(LANE)]
    )
    if not same:
        raise c.unsupported(
            f"'tt.dot' of layouts {encoding_of(tensor_type(op.a))} and {encoding_of(tensor_type(op.b))}",
            "operands of a dot are laid out for its result, with the same kWidth",
        )
    inner, half, deep = k[:word], k[word : word + tall], k[word + tall :]
    kb = rb.dims[0]
    operands = (
        (c.value(op.a), a, [*inner, *ra.dims[0][:tall], *half, *deep, *ra.dims[0][tall:]], ra.batch),
        (c.value(op.b), b, [*kb, *rb.dims[1]], rb.batch),
        (c.value(op.c), d, [rd.dims[1][0], *rd.dims[0][:tall], *rd.dims[1][1:], *rd.dims[0][tall:]], rd.batch),
    )
    tiles = 1 << len(ra.dims[0]) - tall, 1 << len(rb.dims[1]), 1 << len(deep)
    return _in_batches(c, operands, lambda x, y, z: c.insert(simt.MmaSyncOp(x, y, z, shape, tiles)).d)


def _may_use_tf32(op: tt.DotOp) -> bool:
    return op.precision is InputPrecision.TF32


def _each_thread(c: Conversion, op: tt.DotOp) -> SSAValue:
    """Each thread has whole rows of a and columns of b, and the elements of the result where they cross."""
    a, b, d = (layout_of(value.type) for value in (op.a, op.b, op.d))
    ra, rb, rd = (Registers.of(c, layout) for layout in (a, b, d))
    depth = a.outs[-1][1]
    if len(ra.dims[1]) != depth or ra.indices[0] != rd.indices[0] or rb.indices[1] != rd.indices[1]:
        raise c.unsupported(
            f"'tt.dot' of layouts {encoding_of(tensor_type(op.a))} and {encoding_of(tensor_type(op.b))}",
            "operands of a dot with a blocked result are laid out for it, each thread with all of k",
        )
    operands = (
        (c.value(op.a), a, [*ra.dims[1], *ra.dims[0]], ra.batch),
        (c.value(op.b), b, [*rb.dims[1], *rb.dims[0]], rb.batch),
        (c.value(op.c), d, [*rd.dims[1], *rd.dims[0]], rd.batch),
    )
    sizes = 1 << len(rd.dims[0]), 1 << len(rd.dims[1]), 1 << depth
    return _in_batches(c, operands, lambda x, y, z: c.insert(simt.FmaDotOp(x, y, z, sizes)).d)


HANDLERS: Mapping[str, Handler] = {"tt.dot": _dot}
