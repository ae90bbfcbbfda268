"""Dimension classes: which dimensions of a function's tensors are cut together when one of them is cut into tiles.

Union-find over (value, dimension): an indexing map says that a loop of an operation runs along a dimension of each of
its operands; slices, reshapes that only add or drop extents of 1, what a loop carries and what a branch yields hand a
dimension on. All members of a class have one extent, and a tile is the same range of indices of each of them.

Some classes are never cut, for a reason: an operation looks at the dimension as a whole (a scan, a gather, a reshape
that splits it), an operation runs along it twice (a diagonal), or a loop that carries it reduces along it or writes
memory.

What is computed from no memory (a fill, a range of indices) may serve rows here and columns there, and would make one
class of both: `separate` gives each of its users a copy first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, DenseArrayBase, TensorType
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.ir.affine import AffineConstantExpr, AffineDimExpr
from xdsl.utils.disjoint_set import IntDisjointSet

from minilinalg.analysis.aliasing import accesses
from minilinalg.analysis.constants import constant_of
from minilinalg.analysis.destination_style import first_destination, is_parallel
from minilinalg.analysis.tensor_operands import is_tensor
from minilinalg.dialects.upstream import arith, bufferization, func, linalg, scf, tensor
from minilinalg.dialects.upstream.assembly import static_values
from minilinalg.dialects.upstream.reshape import groups_of
from minilinalg.locations import places_of


@dataclass(frozen=True)
class Whole:
    """Why a class is never cut: `op` does that."""

    reason: str
    op: Operation

    def __str__(self) -> str:
        places = places_of(self.op)
        return f"{self.reason}{f' ({places[-1]})' if places else ''}"


def shape_of(value: SSAValue) -> tuple[int, ...]:
    """The extents of a tensor."""
    return cast("TensorType[Attribute]", value.type).get_shape()


def is_loaded_part(op: Operation) -> bool:
    """Whether `op` reads memory that is only put into blocks: a part of them, as large as the mask lets through."""
    return isinstance(op, bufferization.ToTensorOp) and all(
        isinstance(use.operation, tensor.InsertSliceOp) and use.index == 0 and keeps_rank(use.operation)
        for use in op.tensor.uses
    )


def is_stored_part(op: Operation) -> bool:
    """Whether `op` takes a part out of a block that is only put into memory."""
    return (
        isinstance(op, tensor.ExtractSliceOp)
        and keeps_rank(op)
        and all(
            isinstance(use.operation, bufferization.MaterializeInDestinationOp) and not is_tensor(use.operation.dest)
            for use in op.result.uses
        )
    )


def keeps_rank(op: tensor.InsertSliceOp | tensor.ExtractSliceOp) -> bool:
    """Whether a slice is a run of neighbours along each dimension of the larger tensor."""
    part = op.source if isinstance(op, tensor.InsertSliceOp) else op.result
    whole = op.dest if isinstance(op, tensor.InsertSliceOp) else op.source
    strides = static_values(cast("DenseArrayBase", op.properties["static_strides"]))
    return len(shape_of(part)) == len(shape_of(whole)) and all(stride == 1 for stride in strides)


def stored_block(op: bufferization.MaterializeInDestinationOp) -> SSAValue:
    """The block that `op` puts into memory, or a part of it."""
    part = op.source.owner
    return part.source if isinstance(part, tensor.ExtractSliceOp) and is_stored_part(part) else op.source


def full_dimensions(op: tensor.InsertSliceOp | tensor.ExtractSliceOp) -> Iterator[int]:
    """The dimensions that a slice leaves as they are."""
    whole = op.dest if isinstance(op, tensor.InsertSliceOp) else op.source
    offsets = static_values(cast("DenseArrayBase", op.properties["static_offsets"]))
    sizes = static_values(cast("DenseArrayBase", op.properties["static_sizes"]))
    for dim, extent in enumerate(shape_of(whole)):
        if offsets[dim] == 0 and sizes[dim] == extent:
            yield dim


def carried(op: scf.ForOp, index: int) -> tuple[SSAValue, SSAValue, SSAValue, SSAValue]:
    """What a loop carries at `index`: the initial value, the body's, the yielded one, the result."""
    block = op.body.block
    return (
        op.iter_args[index],
        block.args[index + 1],
        cast("Operation", block.last_op).operands[index],
        op.results[index],
    )


class DimensionClasses:
    """The classes of one function. A class is a number; dimensions of extent 1 or unknown extent are in none."""

    def __init__(self, function: func.FuncOp):
        self._sets = IntDisjointSet(size=0)
        self._nodes: dict[tuple[object, int], int] = {}
        self._extents: dict[int, int] = {}
        self._whole: dict[int, Whole] = {}
        self._reduced: dict[Operation, frozenset[int]] = {}
        self.diagonals: list[Operation] = []
        """What runs along one class twice, which is not cut therefore."""
        ops = list(function.body.walk())
        for op in ops:
            self._relate(op)
        for op in ops:
            if isinstance(op, linalg.StructuredOp):
                self._find_diagonals(op)
        for op in ops:
            if isinstance(op, scf.ForOp | scf.IfOp | scf.ForallOp | scf.WhileOp):
                self._keep_what_does_not_sink(op)

    # --- questions ------------------------------------------------------------------------------------------------

    def of(self, value: SSAValue) -> tuple[int | None, ...]:
        """The class of each dimension of a tensor."""
        if not is_tensor(value):
            return ()
        return tuple(self._class((value, dim)) for dim in range(len(shape_of(value))))

    def loops(self, op: linalg.StructuredOp) -> tuple[int | None, ...]:
        """The class of each loop of a structured operation."""
        return tuple(self._class((op, dim)) for dim in range(len(op.get_iterator_types().data)))

    def reduced(self, op: Operation) -> frozenset[int]:
        """The classes along which `op`, or something inside it, reduces."""
        if op not in self._reduced:
            found: set[int] = set()
            for inner in op.walk():
                if isinstance(inner, linalg.StructuredOp):
                    kept = {c for out in inner.outputs for c in self.of(out)}
                    found |= {c for c in self.loops(inner) if c is not None and c not in kept}
            self._reduced[op] = frozenset(found)
        return self._reduced[op]

    def extent(self, cls: int) -> int:
        return self._extents[cls]

    def extents(self) -> dict[int, int]:
        """Class -> extent, of all classes that may be cut."""
        return {
            root: self._extents[root]
            for root in dict.fromkeys(self._sets[node] for node in self._nodes.values())
            if root in self._extents and root not in self._whole
        }

    def whole(self) -> list[tuple[Whole, int]]:
        """Why classes are never cut, and their extents."""
        return [
            (self._whole[root], self._extents[root])
            for root in dict.fromkeys(self._sets[node] for node in self._nodes.values())
            if root in self._whole and self._extents.get(root, 1) > 1
        ]

    def keep(self, cls: int, reason: str, op: Operation) -> None:
        """From now on `cls` is not cut."""
        self._whole.setdefault(cls, Whole(reason, op))

    # --- building -------------------------------------------------------------------------------------------------

    def _class(self, key: tuple[object, int]) -> int | None:
        node = self._nodes.get(key)
        if node is None:
            return None
        root = self._sets[node]
        return root if root in self._extents else None

    def _node(self, key: tuple[object, int]) -> int:
        if key not in self._nodes:
            self._nodes[key] = node = self._sets.add()
            owner, dim = key
            if isinstance(owner, SSAValue):
                extent = shape_of(cast("SSAValue", owner))[dim]
                if extent not in (1, DYNAMIC_INDEX):
                    self._extents[node] = extent
        return self._nodes[key]

    def _join(self, one: tuple[object, int], two: tuple[object, int]) -> None:
        a, b = self._sets[self._node(one)], self._sets[self._node(two)]
        if a == b:
            return
        self._sets.union(a, b)
        root = self._sets[a]
        for known in (a, b):
            if known in self._extents:
                self._extents[root] = self._extents[known]
            if known in self._whole:
                self._whole.setdefault(root, self._whole[known])

    def _same(self, one: SSAValue, two: SSAValue) -> None:
        if is_tensor(one):
            for dim in range(len(shape_of(one))):
                self._join((one, dim), (two, dim))

    def _keep(self, op: Operation, key: tuple[object, int], reason: str) -> None:
        self._whole.setdefault(self._sets[self._node(key)], Whole(reason, op))

    def _keep_all(self, op: Operation, values: Iterable[SSAValue], reason: str) -> None:
        for value in values:
            if is_tensor(value):
                for dim in range(len(shape_of(value))):
                    self._keep(op, (value, dim), reason)

    def _relate(self, op: Operation) -> None:
        values = [value for value in (*op.operands, *op.results) if is_tensor(value)]
        for value in values:
            for dim in range(len(shape_of(value))):
                self._node((value, dim))
        match op:
            case linalg.StructuredOp():
                self._structured(op)
            case tensor.InsertSliceOp() | tensor.ExtractSliceOp():
                self._slice(op)
            case tensor.ExpandShapeOp() | tensor.CollapseShapeOp():
                self._reshape(op)
            case scf.ForOp():
                for index in range(len(op.results)):
                    for value in carried(op, index)[:3]:
                        self._same(value, op.results[index])
            case scf.IfOp():
                for region in op.regions:
                    if region.blocks:
                        for value, result in zip(
                            cast("Operation", region.block.last_op).operands, op.results, strict=True
                        ):
                            self._same(value, result)
            case bufferization.MaterializeInDestinationOp():
                # Tile for tile goes in; what comes out is whole.
                pass
            case func.ReturnOp():
                values = [v for v in values if not isinstance(v.owner, bufferization.MaterializeInDestinationOp)]
                self._keep_all(op, values, "it is returned as a whole")
            case scf.YieldOp() if isinstance(op.parent_op(), scf.ForOp | scf.IfOp):
                pass
            case tensor.EmptyOp() | bufferization.ToTensorOp() | arith.ConstantOp() | tensor.SplatOp():
                if isinstance(op, arith.ConstantOp) and values and constant_of(op.result) is None:
                    self._keep_all(op, values, "a constant whose elements differ is not cut")
            case tensor.ExtractOp() if not op.indices:
                pass
            case _:
                blocks = [block for region in op.regions for block in region.blocks]
                held = [arg for block in blocks for arg in block.args]
                self._keep_all(op, [*values, *held], f"'{op.name}' takes it as a whole")

    def _structured(self, op: linalg.StructuredOp) -> None:
        maps = [attr.data for attr in op.get_indexing_maps().data]
        for value, map in zip(op.operands, maps, strict=True):
            if not is_tensor(value):
                continue
            for dim, expr in enumerate(map.results):
                if isinstance(expr, AffineDimExpr):
                    self._join((value, dim), (op, expr.position))
                elif not isinstance(expr, AffineConstantExpr) or shape_of(value)[dim] != 1:
                    reason = f"'{op.name}' reads it at {expr}"
                    self._keep(op, (value, dim), reason)
                    for used in expr.used_dims():
                        self._keep(op, (op, used), reason)
        for out, result in zip(op.operands[first_destination(op) :], op.results, strict=False):
            self._same(out, result)
        if not isinstance(op, linalg.GenericOp):
            for inner in op.regions[0].walk() if op.regions else ():
                if isinstance(inner, linalg.IndexOp):
                    self._keep(op, (op, inner.dim.value.data), f"'{op.name}' asks for the index")

    def _slice(self, op: tensor.InsertSliceOp | tensor.ExtractSliceOp) -> None:
        if isinstance(op, tensor.InsertSliceOp):
            self._same(op.dest, op.result)
            part, whole = op.source, op.dest
            if isinstance(part.owner, Operation) and is_loaded_part(part.owner):
                return
        else:
            if is_stored_part(op):
                return
            part, whole = op.result, op.source
        full = set(full_dimensions(op)) if keeps_rank(op) else set[int]()
        for dim in range(len(shape_of(whole))):
            if dim in full:
                self._join((part, dim), (whole, dim))
            else:
                self._keep(op, (whole, dim), f"'{op.name}' takes a part of it")
        for dim in range(len(shape_of(part))):
            if dim not in full:
                self._keep(op, (part, dim), f"'{op.name}' takes a part of it")

    def _reshape(self, op: tensor.ExpandShapeOp | tensor.CollapseShapeOp) -> None:
        expands = isinstance(op, tensor.ExpandShapeOp)
        larger, smaller = (op.result, op.src) if expands else (op.src, op.result)
        for small, group in enumerate(groups_of(cast("Any", op.properties["reassociation"]))):
            wide = [dim for dim in group if shape_of(larger)[dim] != 1]
            if len(wide) == 1:
                self._join((larger, wide[0]), (smaller, small))
                continue
            for key in [(smaller, small), *((larger, dim) for dim in group)]:
                self._keep(op, key, f"'{op.name}' splits it")

    def _find_diagonals(self, op: linalg.StructuredOp) -> None:
        loops = [c for c in self.loops(op) if c is not None]
        for cls in {c for c in loops if loops.count(c) > 1}:
            self.diagonals.append(op)
            self.keep(cls, f"'{op.name}' runs along it twice", op)

    def _keep_what_does_not_sink(self, op: Operation) -> None:
        """A loop or branch whose results are cut runs once for each tile: its effects and reductions forbid that."""
        of_results = {c for result in op.results for c in self.of(result) if c is not None}
        if not of_results:
            return
        writes = any(access.kind == "write" for access in accesses(op))
        reduced = self.reduced(op)
        for cls in of_results:
            if writes:
                self.keep(cls, f"'{op.name}' hands it on, and writes memory", op)
            elif cls in reduced:
                self.keep(cls, f"'{op.name}' hands it on, and reduces along it", op)


# Copies for each user


def separate(function: func.FuncOp) -> None:
    """Gives each user of what is computed from no memory a copy of its own."""
    known: dict[Operation, bool] = {}
    for op in reversed(list(function.body.walk())):
        if len(op.results) != 1 or not _is_from_nothing(op, known):
            continue
        for use in tuple(op.results[0].uses)[1:]:
            copy = op.clone()
            cast("Block", op.parent).insert_op_after(copy, op)
            use.operation.operands[use.index] = copy.results[0]


def _is_from_nothing(op: Operation, known: dict[Operation, bool]) -> bool:
    if op not in known:
        known[op] = _computes_from_nothing(op) and all(
            isinstance(value.owner, Operation) and _is_from_nothing(value.owner, known)
            for value in op.operands
            if is_tensor(value)
        )
    return known[op]


def _computes_from_nothing(op: Operation) -> bool:
    if not op.results or not is_tensor(op.results[0]):
        return False
    if isinstance(op, linalg.StructuredOp):
        return is_parallel(op)
    return isinstance(
        op, tensor.EmptyOp | tensor.SplatOp | arith.ConstantOp | tensor.ExpandShapeOp | tensor.CollapseShapeOp
    )
