"""Whether tiles keep the order in which memory is read and written, and what the caller has to promise for it.

A load is a snapshot: what it reads is what memory held at that point of the program. Cut into tiles, the second tile is
loaded after the first one was stored. For each pair of accesses of which one writes, X before Y in the old function:

1. X comes before Y in the new one, and no loop over tiles is around both: the order is kept.
2. Both are in a loop over tiles: some tile of X comes after an earlier tile of Y. That is right when both go through
   the same elements in the same way, each tile its own: an update in place.
3. X comes after Y, because it is read again: that is wrong wherever both are the same memory.

Where the order is not kept and analysis/aliasing.py cannot tell the two apart, they are views of two arguments, and the
launch has to see that these share no memory (2, 3), or begin at the same address (2). For two views of one argument
nobody can promise that: it is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import cast

from xdsl.dialects.builtin import MemRefType, TensorType
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.analysis.aliasing import Access, is_argument, may_alias, own_accesses, root_of
from minilinalg.analysis.order import Order
from minilinalg.dialects.upstream import bufferization, memref, tensor
from minilinalg.errors import InputError
from minilinalg.locations import places_of
from minilinalg.passes.linalg_tile_and_fuse.tiling import Made, Tiling
from minilinalg.passes.strided_view import Slice, slice_of

Apart = dict[frozenset[int], bool]
"""Numbers of two arguments that must share no memory -> whether they may if they begin at the same address."""


def promises(tiling: Tiling) -> Apart:
    """What the caller has to promise of the arguments. Raises InputError where no promise would do."""
    order = Order(tiling.function)
    found: Apart = {}
    for x, y in _pairs(tiling):
        for one in own_accesses(x.new):
            for two in own_accesses(y.new):
                if "write" not in (one.kind, two.kind) or not _may_touch(one, two):
                    continue
                kept = _keeps_order(tiling, order, x, y)
                if kept is True:
                    continue
                arguments = frozenset(_argument(access) for access in (one, two))
                if len(arguments) == 2 and -1 not in arguments:
                    found[arguments] = found.get(arguments, True) and kept is None
                elif kept is not None or -1 in arguments:
                    raise _no_promise_would_do(x, y)
    return found


def _pairs(tiling: Tiling) -> Iterator[tuple[Made, Made]]:
    """Accesses of which the first came first."""
    for x in tiling.made:
        for y in tiling.made:
            if x.old is not y.old and tiling.order.before(x.old, y.old):
                yield x, y


def _may_touch(one: Access, two: Access) -> bool:
    return one.buffer is None or two.buffer is None or may_alias(one.buffer, two.buffer)


def _argument(access: Access) -> int:
    """The number of the argument that is accessed, -1 for other memory."""
    root = None if access.buffer is None else root_of(access.buffer)
    return cast("int", root.index) if root is not None and is_argument(root) else -1  # pyright: ignore


def _keeps_order(tiling: Tiling, order: Order, x: Made, y: Made) -> bool | None:
    """True: X comes before Y. None: each tile of X before that tile of Y, of the same elements. False: neither."""
    nests = {cls for cls, tile in x.tiles.items() if cls in y.tiles and y.tiles[cls].nest == tile.nest}
    same_tile = all(x.tiles[cls] is y.tiles[cls] for cls in nests)
    if same_tile and order.before(y.new, x.new):
        return False
    if _loops_grew(tiling, x, y):
        return False
    if not nests:
        return True
    return None if _tile_by_tile(tiling, x, y, nests) else False


def _loops_grew(tiling: Tiling, x: Made, y: Made) -> bool:
    """Whether an old loop is around both now, and was not: an iteration reads what the one before wrote."""
    around = set(_around(x.new))
    for op in _around(y.new):
        old = tiling.old_loops.get(op)
        if op in around and old is not None and not (old.is_ancestor(x.old) and old.is_ancestor(y.old)):
            return True
    return False


def _around(op: Operation) -> Iterator[Operation]:
    at = op.parent_op()
    while at is not None:
        yield at
        at = at.parent_op()


def _tile_by_tile(tiling: Tiling, x: Made, y: Made, nests: set[int]) -> bool:
    """Whether both go through the same view, tile by tile, and no two tiles of it share an element."""
    if x.block is None or y.block is None or _type(x.block).get_shape() != _type(y.block).get_shape():
        return False
    classes = tiling.classes.of(x.block)
    return (
        nests <= set(classes)
        and classes == tiling.classes.of(y.block)
        and _view(x.old) == _view(y.old)
        and _part(x.old, x.block) == _part(y.old, y.block)
        and _is_injective(_memory(x.old), _type(x.block).get_shape())
    )


def _type(block: SSAValue) -> TensorType[Attribute]:
    return cast("TensorType[Attribute]", block.type)


def _memory(op: Operation) -> SSAValue:
    return op.operands[0] if isinstance(op, bufferization.ToTensorOp) else op.operands[1]


def _view(op: Operation) -> object:
    """A view of an argument, without the argument."""
    memory = _memory(op)
    if is_argument(memory):
        return memory.type
    view = memory.owner
    if not isinstance(view, memref.ReinterpretCastOp) or not is_argument(view.operands[0]):
        return object()
    return view.results[0].type, tuple(view.operands[1:]), tuple(sorted(view.properties.items()))


def _part(op: Operation, block: SSAValue) -> object:
    """Where the view's elements are in the block."""
    owner = block.owner if isinstance(op, bufferization.ToTensorOp) else op.operands[0].owner
    if isinstance(owner, tensor.InsertSliceOp) or (isinstance(owner, tensor.ExtractSliceOp) and owner.source is block):
        return _as_tuples(slice_of(cast("Operation", owner)))
    shape = list(_type(block).get_shape())
    return _as_tuples(([0] * len(shape), shape, [1] * len(shape)))


def _as_tuples(bounds: Slice) -> tuple[tuple[object, ...], ...]:
    return tuple(tuple(part) for part in bounds)


def _is_injective(view: SSAValue, shape: tuple[int, ...]) -> bool:
    """Whether different places of a block as large as `shape` surely are different elements of memory."""
    strides = cast("MemRefType[Attribute]", view.type).get_strides()
    if strides is None or None in strides:
        return False
    steps = sorted(((abs(cast("int", s)), n) for s, n in zip(strides, shape, strict=True) if n > 1), reverse=True)
    return all(stride > 0 for stride, _ in steps) and all(a[0] >= b[0] * b[1] for a, b in pairwise(steps))


def _no_promise_would_do(x: Made, y: Made) -> InputError:
    first, second = ("loads" if isinstance(m.old, bufferization.ToTensorOp) else "stores" for m in (x, y))
    return InputError(
        f"this block is too large, and cannot be cut into tiles: the kernel {first} it, and {second} what may be the "
        "same memory, in another way",
        rule="a load sees what was in memory before a later store; tile by tile, it would see what a tile stored",
        hint="a smaller block size, or a second array to store to",
        places=places_of(x.old),
    )
