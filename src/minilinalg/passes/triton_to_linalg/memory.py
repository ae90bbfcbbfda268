"""Loads and stores: strided views of the arguments, clamped to the part of the block that the mask lets through.

A block whose rows wrap around (`Wrapped`) is taken apart into the runs between two wraps, by a loop over them that
nearly always runs once. A block whose last dimension strides through memory, while its elements lie side by side along
another, is copied with that one last and transposed on chip: a copy moves runs of elements, and single ones at a high
price. What a view cannot be is gathered and scattered (indexed.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from xdsl.dialects.builtin import TensorType, UnitAttr
from xdsl.ir import Attribute, Block, Region, SSAValue

from minilinalg.analysis.accesses import Accessor, Elements, Rows, Windows, access_of
from minilinalg.analysis.constants import constant, constant_of
from minilinalg.analysis.index_expr import ONE, Condition, choose, largest, number, quotient, smallest
from minilinalg.analysis.masks import Interval
from minilinalg.analysis.signs import never_negative
from minilinalg.analysis.structured import STILL, Strided, Structured, Term, Wrapped, shape_of
from minilinalg.dialects import tt
from minilinalg.dialects.upstream import bufferization, memref, scf, ub
from minilinalg.passes.triton_to_linalg.conversion import INDEX, Conversion, Handler, as_tensor, element_of
from minilinalg.passes.triton_to_linalg.generic import empty, filled
from minilinalg.passes.triton_to_linalg.indexed import (
    IndexedRows,
    gather_elements,
    gather_rows,
    indexed_rows,
    scatter_elements,
    scatter_rows,
)
from minilinalg.passes.triton_to_linalg.shapes import (
    broadcast,
    extract_slice,
    insert_slice,
    scalar_constant,
    transposed,
)
from minilinalg.passes.triton_to_linalg.views import Box, base_of, is_full, is_whole, view


def load(c: Conversion, op: tt.LoadOp) -> None:
    """A load gives what is in memory, and `other` where the mask does not hold; without `other`, nothing defined."""
    access = checked_access(c, op)
    type = as_tensor(op.result.type)
    if type is None:
        assert isinstance(access, Windows)
        c.bind(op.result, _load_element(c, op, access.pointer))
        return
    if isinstance(access, Elements):
        c.bind(op.result, gather_elements(c, op, access, _background(c, op, type, range(type.get_num_dims()))))
    else:
        c.bind(op.result, _load_block(c, op, access))


def store(c: Conversion, op: tt.StoreOp) -> None:
    """A store puts the part of the block that the mask lets through into memory."""
    access = checked_access(c, op)
    value = c.value(op.value)
    if isinstance(access, Elements):
        scatter_elements(c, op, access, value)
        return
    pointer, rows = access.pointer, _rows(c, access)
    if not isinstance(op.value.type, TensorType):
        _under(c, op.mask, lambda: c.insert(memref.StoreOp.get(value, *element_place(c, pointer))))
        return
    is_indexed = _is_indexed(rows, pointer)
    # Where several elements go to one address, it is unspecified which of them stays: the first one.
    box = tuple(
        replace(i, high=smallest(i.high, i.low + 1)) if term == STILL and size != 1 and not indexed else i
        for i, term, size, indexed in zip(_box(c, op, access), pointer.terms, pointer.shape, is_indexed, strict=True)
    )
    pointer = pointer if rows is None else rows.pointer
    order = _runs_last(pointer, is_indexed)
    value, pointer, box = transposed(c, value, order), _reordered(pointer, order), tuple(box[d] for d in order)
    rows = rows and replace(rows, dim=order.index(rows.dim))

    def write(chunk: Structured, part: Box, _: Sequence[SSAValue]) -> Sequence[SSAValue]:
        piece = value
        if not is_whole(part, chunk.shape):
            piece = extract_slice(c, value, [c.size(i.low) for i in part], [c.size(i.size) for i in part])
        if rows is not None:
            scatter_rows(c, rows, piece, view(c, chunk, part, rows.dim), part)
            return ()
        writable = {"writable": UnitAttr()}
        destination = view(c, chunk, part)
        c.insert(bufferization.MaterializeInDestinationOp.create(operands=[piece, destination], properties=writable))
        return ()

    in_runs(c, pointer, box, (), write)


# Where


def checked_access(c: Conversion, op: Accessor) -> Windows | Rows | Elements:
    """How `op` reaches memory. Raises UnsupportedError when that holds elements of another type."""
    what = op.name.removeprefix("tt.")
    access = access_of(op, c.pointers, c.masks)
    base = access.base or access.index if isinstance(access, Elements) else base_of(access.pointer)
    element, memory = c.element_in_memory(base), element_of(_accessed(op).type)
    if element != memory:
        raise c.unsupported(
            op, f"this {what} takes memory of {element} for {memory}", "an argument has one element type"
        )
    if not isinstance(access, Windows):
        verb = {"load": "gathered", "store": "scattered"}.get(what, "done")
        kind = "element by element" if isinstance(access, Elements) else "row by row"
        c.remark(op, f"it is {verb} {kind}: {access.why}")
    return access


def _accessed(op: Accessor) -> SSAValue:
    if isinstance(op, tt.AtomicPollOp):
        return op.expected
    return op.value if isinstance(op, tt.StoreOp | tt.AtomicStoreOp) else op.result


def _rows(c: Conversion, access: Windows | Rows) -> IndexedRows | None:
    return indexed_rows(c, access) if isinstance(access, Rows) else None


def _is_indexed(rows: IndexedRows | None, pointer: Structured) -> list[bool]:
    return [rows is not None and rows.dim == dim for dim in range(len(pointer.terms))]


def _box(c: Conversion, op: tt.LoadOp | tt.StoreOp, access: Windows | Rows) -> Box:
    if op.mask is not None and access.mask.is_true:
        c.remark(op, "the mask holds in every program: the whole block is accessed, and no slice of it")
    for dim, term in enumerate(access.pointer.terms):
        if isinstance(term, Wrapped) and not (isinstance(access, Rows) and access.dim == dim):
            c.remark(op, f"dimension {dim} wraps around: each run between two wraps is accessed by itself")
    return access.mask.box()


def element_place(c: Conversion, pointer: Structured) -> tuple[SSAValue, list[SSAValue]]:
    """The argument and the index in it of the one element that a pointer points to."""
    assert pointer.base is not None
    return c.memory(base_of(pointer)), [c.index(pointer.offset)]


# Elements


def _load_element(c: Conversion, op: tt.LoadOp, pointer: Structured) -> SSAValue:
    def read() -> SSAValue:
        base, indices = element_place(c, pointer)
        return c.insert(memref.LoadOp.get(base, indices)).res

    if op.mask is None:
        return read()
    branch = scf.IfOp(c.value(op.mask), [op.result.type], Region(Block()), Region(Block()))
    with c.inside(branch.true_region.block):
        c.insert(scf.YieldOp(read()))
    with c.inside(branch.false_region.block):
        other = c.insert(ub.PoisonOp(op.result.type)).result if op.other is None else c.value(op.other)
        c.insert(scf.YieldOp(other))
    return c.insert(branch).results[0]


def _under(c: Conversion, mask: SSAValue | None, act: Callable[[], object]) -> None:
    """Does something where a mask holds."""
    if mask is None:
        act()
        return
    branch = scf.IfOp(c.value(mask), [], Region(Block()), Region())
    with c.inside(branch.true_region.block):
        act()
        c.insert(scf.YieldOp())
    c.insert(branch)


# Blocks


def _load_block(c: Conversion, op: tt.LoadOp, access: Windows | Rows) -> SSAValue:
    """The block, where the addresses do not change along a dimension read once and repeated."""
    pointer, box, rows = access.pointer, _box(c, op, access), _rows(c, access)
    is_indexed = _is_indexed(rows, pointer)
    repeated = [
        d for d, term in enumerate(pointer.terms) if term == STILL and pointer.shape[d] != 1 and not is_indexed[d]
    ]
    other = None if op.other is None else constant_of(op.other)
    if not all(is_full(box[d], pointer.shape[d]) for d in repeated) or (other is None and op.other is not None):
        # A mask along that dimension, or an `other` that changes along it: the view repeats, with stride 0.
        repeated = []
    kept = [d for d in range(len(box)) if d not in repeated]
    if not kept:
        return filled(c, c.insert(memref.LoadOp.get(*element_place(c, pointer))).res, op.result.type)
    pointer = pointer if rows is None else rows.pointer
    order = [kept[d] for d in _runs_last(_reordered(pointer, kept), [is_indexed[d] for d in kept])]
    rows = rows and replace(rows, dim=order.index(rows.dim))
    read = _read(c, op, _reordered(pointer, order), tuple(box[d] for d in order), rows, order)
    read = transposed(c, read, [order.index(d) for d in kept])
    return broadcast(c, read, op.result.type, repeated) if repeated else read


def _runs_last(pointer: Structured, is_indexed: Sequence[bool]) -> Sequence[int]:
    """The dimensions of a block in the order in which it is copied.

    As they are, but for one whose elements lie side by side when those of the last do not: it becomes the last.
    """
    dims = range(len(pointer.shape))
    wide = [d for d in dims if pointer.shape[d] != 1]
    dense = [d for d in wide if _is_dense(pointer.terms[d]) and not is_indexed[d]]
    return dims if not dense or dense[-1] == wide[-1] else [*(d for d in dims if d != dense[-1]), dense[-1]]


def _is_dense(term: Term) -> bool:
    return term == Strided(ONE) or (isinstance(term, Wrapped) and term.scale == ONE)


def _reordered(pointer: Structured, order: Sequence[int]) -> Structured:
    """The addresses of a block with the dimensions `order` of `pointer`'s."""
    terms, shape = tuple(pointer.terms[d] for d in order), tuple(pointer.shape[d] for d in order)
    return replace(pointer, terms=terms, shape=shape)


def _read(
    c: Conversion, op: tt.LoadOp, pointer: Structured, box: Box, rows: IndexedRows | None, order: Sequence[int]
) -> SSAValue:
    """The block with the dimensions `order` of what is loaded."""
    type = TensorType(element_of(op.result.type), pointer.shape)
    wraps = any(isinstance(term, Wrapped) for term in pointer.terms)
    whole = is_whole(box, pointer.shape)
    if whole and not wraps and rows is None:
        return c.insert(bufferization.ToTensorOp(view(c, pointer, box), restrict=True)).tensor

    def read(chunk: Structured, part: Box, carried: Sequence[SSAValue]) -> Sequence[SSAValue]:
        (block,) = carried
        if rows is not None:
            return [gather_rows(c, rows, view(c, chunk, part, rows.dim), part, block)]
        piece = c.insert(bufferization.ToTensorOp(view(c, chunk, part), restrict=True)).tensor
        return [insert_slice(c, piece, block, [c.size(i.low) for i in part], [c.size(i.size) for i in part])]

    is_overwritten = whole and (rows is None or rows.mask is None)
    start = empty(c, type) if is_overwritten else _background(c, op, type, order)
    return in_runs(c, pointer, box, [start], read)[0]


def _background(c: Conversion, op: tt.LoadOp, type: TensorType[Attribute], order: Sequence[int]) -> SSAValue:
    """What the elements are that the mask leaves out, in the dimensions `order` of what is loaded."""
    if op.other is None:
        return empty(c, type)
    if (known := constant_of(op.other)) is None or list(order) == list(range(len(shape_of(op.other.type)))):
        return transposed(c, c.value(op.other), order)
    scalar = constant(known, element_of(type))
    assert scalar is not None
    return filled(c, scalar_constant(c, scalar), type)


def in_runs(
    c: Conversion,
    pointer: Structured,
    box: Box,
    carried: Sequence[SSAValue],
    act: Callable[[Structured, Box, Sequence[SSAValue]], Sequence[SSAValue]],
) -> Sequence[SSAValue]:
    """Calls `act` for each part of the block that is strided in every dimension; `carried` goes from one to the next.

    start + i is taken modulo m, rounded towards zero, so it lies in a run q between two multiples of m:

        from q m      up to q m + m     for q > 0          (-m, m) for q = 0          (q m - m, q m] for q < 0

    and its element is at (start + i - q m) * scale.
    """
    dim = next((d for d, term in enumerate(pointer.terms) if isinstance(term, Wrapped)), None)
    if dim is None:
        return act(pointer, box, carried)
    term = pointer.terms[dim]
    assert isinstance(term, Wrapped)
    start, interval, positive = term.start, box[dim], never_negative(term.start)
    modulus = term.modulus if never_negative(term.modulus) else largest(term.modulus, -term.modulus)
    first = quotient(start + interval.low, modulus)
    last = quotient(start + interval.high - 1, modulus)
    block = Block(arg_types=[INDEX, *(value.type for value in carried)])
    loop = scf.ForOp(c.index(first), c.index(last + 1), c.number(1), carried, Region(block))
    with c.inside(block):
        run = number(block.args[0])
        low, high = run * modulus, run * modulus + modulus
        if not positive:
            low = choose(Condition(-run), low, low - modulus + 1)
            high = choose(Condition(run), run * modulus + 1, high)
        begin = largest(interval.low, low - start)
        part = Interval(begin, largest(smallest(interval.high, high - start), begin))
        moved = replace(
            pointer,
            offset=pointer.offset + (start - run * modulus) * term.scale,
            terms=tuple(Strided(term.scale) if d == dim else t for d, t in enumerate(pointer.terms)),
        )
        parts = tuple(part if d == dim else i for d, i in enumerate(box))
        c.insert(scf.YieldOp(*in_runs(c, moved, parts, block.args[1:], act)))
    return c.insert(loop).results


HANDLERS: Mapping[str, Handler] = {"tt.load": load, "tt.store": store}
