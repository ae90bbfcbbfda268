"""What is at indices that only the data name: gather and scatter of linalg_ext.

Of memory, that are loads and stores that no strided view can be. Rows are indexed along one dimension: by the numbers
of a table, or by the positions themselves where only the mask is no interval. Elements are indexed each by itself, by
the very integers that the kernel computes. Of a block, it is tt.gather, whose elements are numbered in row-major order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import cast

from xdsl.dialects.builtin import IntegerAttr, IntegerType, TensorType, i32, i64
from xdsl.ir import SSAValue

from minilinalg.analysis.accesses import Accessor, Elements, Rows, mask_of
from minilinalg.analysis.index_expr import Expr
from minilinalg.analysis.masks import Interval
from minilinalg.analysis.structured import Strided, Structured, Table, Wrapped, is_pointer
from minilinalg.dialects import tt
from minilinalg.dialects.linalg_ext import GatherOp, ScatterOp
from minilinalg.dialects.tt.types import AnyTensor
from minilinalg.dialects.upstream import arith, linalg
from minilinalg.passes.triton_to_linalg.conversion import Conversion, Handler, pointee_bytes
from minilinalg.passes.triton_to_linalg.elementwise import index_tensor
from minilinalg.passes.triton_to_linalg.generic import empty, generic
from minilinalg.passes.triton_to_linalg.shapes import extract_slice, insert_slice, reshaped, shape_of
from minilinalg.passes.triton_to_linalg.views import Box, base_of, elements, is_full, is_whole


@dataclass(frozen=True)
class IndexedRows:
    """What is read or written along dimension `dim`: the rows at `index`, where `mask` is true.

    Index and mask are tensors over that dimension. `pointer` are the addresses with the steps between two rows there.
    """

    pointer: Structured
    dim: int
    index: SSAValue
    mask: SSAValue | None


def indexed_rows(c: Conversion, access: Rows) -> IndexedRows:
    """The index and the mask of an access by rows."""
    pointer, dim = access.pointer, access.dim
    size = pointer.shape[dim]
    match pointer.terms[dim]:
        case Table(vector, scale):
            index, step = _numbers_of(c, vector), scale
        case Strided(stride):
            index, step = index_tensor(c, TensorType(i32, [size]), 0), stride
        case Wrapped(start, modulus, scale):
            index, step = _wrapped(c, size, start, modulus), scale
    terms = tuple(Strided(step) if d == dim else term for d, term in enumerate(pointer.terms))
    parts = [c.value(rest.value) for rest in access.mask.rest]
    return IndexedRows(
        replace(pointer, terms=terms, base=base_of(pointer)), dim, index, _all(c, parts) if parts else None
    )


def _wrapped(c: Conversion, size: int, start: Expr, modulus: Expr) -> SSAValue:
    """The numbers (start + i) remsi modulus."""

    def body(args: Sequence[SSAValue]) -> SSAValue:
        position = c.insert(arith.IndexCastOp(c.insert(linalg.IndexOp(0)).result, i64)).result
        return c.insert(arith.RemSIOp(c.insert(arith.AddiOp(position, args[0])).result, args[1])).result

    numbers = [c.insert(arith.IndexCastOp(c.index(expr), i64)).result for expr in (start, modulus)]
    return generic(c, numbers, TensorType(i64, [size]), body)


def _all(c: Conversion, parts: Sequence[SSAValue]) -> SSAValue:
    """Where all of some masks are true."""
    first, *others = parts
    for other in others:
        first = generic(c, [first, other], first.type, lambda args: c.insert(arith.AndIOp(*args)).result)  # pyright: ignore
    return first


def gather_rows(c: Conversion, rows: IndexedRows, source: SSAValue, box: Box, block: SSAValue) -> SSAValue:
    """`block` with the rows of `source` in its part `box`."""
    where = [c.size(i.low) for i in box], [c.size(i.size) for i in box]
    whole = is_whole(box, block.type.get_shape())  # pyright: ignore
    piece = block if whole else extract_slice(c, block, *where)
    read = c.insert(GatherOp([source, *_lists(c, rows, box[rows.dim])], piece, rows.dim)).res[0]
    return read if whole else insert_slice(c, read, block, *where)


def scatter_rows(c: Conversion, rows: IndexedRows, value: SSAValue, destination: SSAValue, box: Box) -> None:
    """Writes `value`, the part `box` of a block, to the rows of `destination`."""
    c.insert(ScatterOp([value, *_lists(c, rows, box[rows.dim])], destination, rows.dim))


def _lists(c: Conversion, rows: IndexedRows, interval: Interval) -> list[SSAValue]:
    """Index and mask of the rows in an interval."""
    lists = [rows.index] if rows.mask is None else [rows.index, rows.mask]
    if is_full(interval, rows.index.type.get_shape()[0]):  # pyright: ignore
        return lists
    return [extract_slice(c, value, [c.size(interval.low)], [c.size(interval.size)]) for value in lists]


def gather_elements(c: Conversion, op: tt.LoadOp, access: Elements, background: SSAValue) -> SSAValue:
    """The block that is `background` where the mask does not hold."""
    lists = element_lists(c, op, access)
    source = array_of(c, access)
    return c.insert(GatherOp([source, *lists], background)).res[0]


def scatter_elements(c: Conversion, op: tt.StoreOp, access: Elements, value: SSAValue) -> None:
    """Writes the elements of `value` where the mask holds."""
    lists = element_lists(c, op, access)
    c.insert(ScatterOp([value, *lists], array_of(c, access)))


def array_of(c: Conversion, access: Elements) -> SSAValue:
    """What the elements are in: an argument, or memory from some address on."""
    return elements(c, c.memory(access.base or access.index), access.offset)


def _numbers_of(c: Conversion, pointers: SSAValue) -> SSAValue:
    """The numbers of elements, of pointers that are addresses too: counted from address 0, for an address is a multiple
    of its element's size."""
    addresses = c.value(pointers)
    is_address = is_pointer(pointers.type) and c.pointers.bases.of(pointers) is None
    if not is_address or (size := pointee_bytes(pointers.type)) == 1:
        return addresses

    def body(args: Sequence[SSAValue]) -> SSAValue:
        shift = c.insert(arith.ConstantOp(IntegerAttr(size.bit_length() - 1, i64))).result
        return c.insert(arith.ShRUIOp(args[0], shift)).result

    return generic(c, [addresses], cast("AnyTensor", addresses.type), body)


def element_lists(c: Conversion, op: Accessor, access: Elements) -> list[SSAValue]:
    """The index of each element and, where it is not everywhere, the mask."""
    mask = mask_of(op)
    index = _numbers_of(c, access.index)
    if mask is None or c.masks.of(mask).is_true:
        return [index]
    return [index, c.value(mask)]


def gather_from_block(c: Conversion, op: tt.GatherOp) -> None:
    """Elements of a block of one dimension, or, of more, of all its elements in a row."""
    source, index, dim = c.value(op.src), c.value(op.indices), op.axis.value.data
    shape = shape_of(source)
    if len(shape) > 1:
        strides = [prod(shape[d + 1 :]) for d in range(len(shape))]
        source, index = reshaped(c, source, [prod(shape)]), _numbers(c, index, strides, dim)
    c.bind(op.result, c.insert(GatherOp([source, index], empty(c, op.result.type))).res[0])


def _numbers(c: Conversion, index: SSAValue, strides: Sequence[int], dim: int) -> SSAValue:
    """The numbers of the elements at `index` along `dim` that are where the index is along the other dimensions."""

    given = cast("TensorType[IntegerType]", index.type).element_type
    type = given if given.bitwidth > 32 else i32

    def body(args: Sequence[SSAValue]) -> SSAValue:
        (total,) = args
        if given != type:
            total = c.insert(arith.ExtSIOp(total, type)).result
        total = scaled(total, strides[dim])
        for d, stride in enumerate(strides):
            if d != dim:
                position = c.insert(arith.IndexCastOp(c.insert(linalg.IndexOp(d)).result, type)).result
                total = c.insert(arith.AddiOp(total, scaled(position, stride))).result
        return total

    def scaled(value: SSAValue, by: int) -> SSAValue:
        if by == 1:
            return value
        return c.insert(arith.MuliOp(value, c.insert(arith.ConstantOp(IntegerAttr(by, type))).result)).result

    return generic(c, [index], TensorType(type, shape_of(index)), body)


HANDLERS: Mapping[str, Handler] = {"tt.gather": gather_from_block}
