"""Writing a function again with some of its dimension classes cut into tiles.

The operations of each block are gone through in their order, at a place where the tiles of some classes are fixed:

1. An operation whose classes are all fixed (or whole) is written there, on tiles.
2. An operation that runs along a further class, and whose results do not have it, is an anchor: a store, a reduction.
   It is put into a loop over the tiles of that class, and with it what it needs and what was not written yet, in the
   order of the text (step 3): so producers are pulled in, loops that carry tiles among them. What a reduction has
   summed up so far is carried by the loop. Neighbouring anchors that run along the same classes, and do not depend on
   one another, share a loop: their consumers are pulled in as well. What a function returns has loops of its own.
3. Inside of the loop, one more class is fixed, and the same begins anew for what was pulled in.
4. Any other operation is left for those who need it. One that is needed in several loops is computed, or loaded, in
   each of them.

A class is fixed only when nothing that is pulled in reduces along it: such a reduction has to be an anchor first. A
class that is no multiple of its tile has a last, smaller tile behind the loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from minilinalg.analysis.aliasing import accesses, own_accesses
from minilinalg.analysis.dimension_classes import (
    DimensionClasses,
    stored_block,
)
from minilinalg.analysis.order import Order
from minilinalg.analysis.side_effects import is_removable
from minilinalg.dialects.upstream import arith, bufferization, func, linalg, scf, tensor
from minilinalg.passes.linalg_tile_and_fuse import tiled_ops
from minilinalg.passes.linalg_tile_and_fuse.backward_slices import (
    BackwardSlices,
    Needed,
    carried_with,
    is_virtual,
    uses,
)
from minilinalg.passes.linalg_tile_and_fuse.dealing_out import deal_out
from minilinalg.passes.linalg_tile_and_fuse.scope import INDEX, Scope, Tile
from minilinalg.passes.linalg_tile_and_fuse.tiled_ops import tiled_type


class Made(NamedTuple):
    """An access to memory, `old`, that was written as `new`, on these tiles of the classes of `block`."""

    old: Operation
    new: Operation
    tiles: Mapping[int, Tile]
    block: SSAValue | None


def is_collected(op: Operation) -> bool:
    """Whether `op` makes a whole tensor of its tiles."""
    return isinstance(op, bufferization.MaterializeInDestinationOp) and op.result is not None


def is_returned(op: Operation) -> bool:
    """Whether that tensor is a result of the function."""
    return is_collected(op) and all(isinstance(use.operation, func.ReturnOp) for use in op.results[0].uses)


class NoOrder(Exception):
    """`anchor` needs reductions along all classes that it could be tiled by: those cannot be cut together.

    reductions: what reduces, inside of what else `anchor` needs.
    """

    def __init__(self, classes: frozenset[int], anchor: Operation, reductions: Sequence[Operation]):
        super().__init__()
        self.classes = classes
        self.anchor = anchor
        self.reductions = reductions


class Tiling:
    """Writes `function` with tiles of `sizes` (class -> size) into `self.function`.

    `self.made` lists all that reads or writes memory, `self.old_loops` what new loops and branches were made from.
    Raises NoOrder.
    """

    def __init__(self, function: func.FuncOp, classes: DimensionClasses, sizes: Mapping[int, int], cores: int = 1):
        self.classes = classes
        self.cores = cores
        self.sizes = sizes
        self.order = Order(function)
        self.slices = BackwardSlices(classes, sizes, self.order)
        self.made: list[Made] = []
        self.nests = 0
        self.old_loops: dict[Operation, Operation] = {}
        old = function.body.block
        block = Block(arg_types=[arg.type for arg in old.args])
        scope = Scope(block)
        for arg, new in zip(old.args, block.args, strict=True):
            new.name_hint, new.location = arg.name_hint, arg.location
            self.bind_whole(scope, arg, new)
        self.write(scope, list(old.ops))
        self.function = type(function).create(
            properties=dict(function.properties), attributes=dict(function.attributes), regions=[Region(block)]
        )
        self.function.location = function.location

    # --- writing ----------------------------------------------------------------------------------------------------

    def write(self, scope: Scope, ops: Sequence[Operation], needed: Needed | None = None) -> None:
        """Writes those of `ops` that can be written at this place, and the loops over tiles that begin here."""
        for position, op in enumerate(ops):
            results = None if needed is None else needed.get(op)
            if is_virtual(op) or (op in scope.written and self.has_results(scope, op, results)):
                continue
            missing = self.slices.runs_along(op, results) - scope.tiles.keys()
            if not missing:
                self.write_op(scope, op, results)
            elif self.slices.is_anchor(scope, op):
                group = self.group(scope, ops[position:], missing)
                self.write_nest(scope, group)
                scope.written.update(group)

    def has_results(self, scope: Scope, op: Operation, results: set[int] | None) -> bool:
        return results is None or all(scope.knows(op.results[index]) for index in results)

    def write_op(self, scope: Scope, op: Operation, results: set[int] | None) -> None:
        missing = self.slices.closure(scope, [op])
        if missing:
            self.write(scope, list(missing), missing)
        scope.at = op
        if not op.regions or isinstance(op, linalg.StructuredOp):
            for value in uses(op):
                self.cut_whole(scope, value)
        classes = self.classes
        match op:
            case linalg.StructuredOp():
                tiled_ops.structured(classes, scope, op)
            case tensor.InsertSliceOp():
                read = tiled_ops.insert_slice(classes, scope, op)
                if read is not None:
                    self.made.append(Made(cast("Operation", op.source.owner), read, scope.tiles, op.result))
            case tensor.ExtractSliceOp():
                tiled_ops.extract_slice(classes, scope, op)
            case bufferization.ToTensorOp():
                self.made.append(Made(op, tiled_ops.to_tensor(classes, scope, op), scope.tiles, op.tensor))
            case bufferization.MaterializeInDestinationOp() if op.result is None:
                self.made.append(Made(op, tiled_ops.store(classes, scope, op), scope.tiles, stored_block(op)))
            case bufferization.MaterializeInDestinationOp() if scope.destination(op, 1) is not None:
                tiled_ops.collect(classes, scope, op)
            case bufferization.MaterializeInDestinationOp() if isinstance(op.dest.owner, tensor.EmptyOp):
                self.bind_whole(scope, cast("SSAValue", op.result), self.known(scope, op.source))
            case arith.ConstantOp():
                tiled_ops.constant(classes, scope, op)
            case scf.ForOp():
                self.write_loop(scope, op, carried_with(op, results))
            case _:
                new = self.write_regions(scope, op) if op.regions else tiled_ops.copied(classes, scope, op)
                if any(True for _ in own_accesses(op)):
                    self.made.append(Made(op, new, scope.tiles, None))
        scope.written.add(op)

    def bind_whole(self, scope: Scope, old: SSAValue, new: SSAValue) -> None:
        """A tensor that was not made tile by tile: an argument of the function, or what was collected."""
        (scope.whole if self.slices.cut(self.classes.of(old)) else scope.values)[old] = new
        if new.name_hint is None:
            new.name_hint = old.name_hint

    def cut_whole(self, scope: Scope, value: SSAValue) -> None:
        """Makes the tile of a whole tensor known, in the outermost place where its classes are fixed."""
        found = scope.find_whole(value)
        if found is None or scope.find(value) is not None:
            return
        whole, made_in = found
        wanted = self.slices.cut(self.classes.of(value))
        assert wanted <= scope.tiles.keys()
        at = scope
        while at is not made_in and at.parent is not None and wanted <= at.parent.tiles.keys():
            at = at.parent
        tiles = tiled_ops.tiles_of(self.classes, at, value)
        shape = cast("TensorType[Attribute]", tiled_type(self.classes, at, value)).get_shape()
        offsets = [0 if tile is None else tile.offset for tile in tiles]
        at.at = scope.at
        at.bind(value, tiled_ops.cut_out(at, whole, offsets, list(shape)))

    def write_loop(self, scope: Scope, op: scf.ForOp, indices: set[int]) -> None:
        """A loop with those of its results that were asked for."""
        kept = sorted(indices)
        body = op.body.block
        block = Block(arg_types=[body.args[0].type, *(tiled_type(self.classes, scope, op.results[i]) for i in kept)])
        inner = scope.inside(block)
        for old, new in zip([body.args[0], *(body.args[i + 1] for i in kept)], block.args, strict=True):
            new.location = old.location
            inner.bind(old, new)
        end = cast("Operation", body.last_op)
        yielded = [end.operands[i] for i in kept]
        if len(kept) == len(op.results):
            self.write(inner, [inside for inside in body.ops if inside is not end])
            self.complete(inner, yielded)
        else:
            self.complete(inner, yielded)
        inner.at = end
        inner.insert(scf.YieldOp(*(self.known(inner, value) for value in yielded)))
        inits = [self.known(scope, op.iter_args[i]) for i in kept]
        bounds = [self.known(scope, value) for value in (op.lb, op.ub, op.step)]
        scope.at = op
        new = scope.insert(
            scf.ForOp.create(
                operands=[*bounds, *inits],
                result_types=[value.type for value in inits],
                properties=dict(op.properties),
                attributes=dict(op.attributes),
                regions=[Region(block)],
            )
        )
        self.old_loops[new] = op
        for index, result in zip(kept, new.results, strict=True):
            scope.bind(op.results[index], result)

    def complete(self, scope: Scope, values: Sequence[SSAValue]) -> None:
        """Writes what is missing of `values`."""
        missing = self.slices.closure(scope, (), values)
        self.write(scope, list(missing), missing)

    def write_regions(self, scope: Scope, op: Operation) -> Operation:
        regions: list[Region] = []
        for region in op.regions:
            blocks: list[Block] = []
            for old in region.blocks:
                block = Block(arg_types=[tiled_type(self.classes, scope, arg) for arg in old.args])
                inner = scope.inside(block)
                for arg, new in zip(old.args, block.args, strict=True):
                    new.location = arg.location
                    inner.bind(arg, new)
                self.write(inner, list(old.ops))
                blocks.append(block)
            regions.append(Region(blocks))
        scope.at = op
        new = type(op).create(
            operands=[self.known(scope, value) for value in op.operands],
            result_types=[tiled_type(self.classes, scope, result) for result in op.results],
            properties=dict(op.properties),
            attributes=dict(op.attributes),
            regions=regions,
        )
        self.old_loops[new] = op
        for old, result in zip(op.results, scope.insert(new).results, strict=True):
            scope.bind(old, result)
        return new

    def known(self, scope: Scope, value: SSAValue) -> SSAValue:
        self.cut_whole(scope, value)
        found = scope.find(value)
        assert found is not None, f"{value} was not written"
        return found

    # --- loops over tiles -------------------------------------------------------------------------------------------

    def group(self, scope: Scope, ops: Sequence[Operation], missing: set[int]) -> list[Operation]:
        """The anchors from the first of `ops` on that share its loops over the tiles of `missing`."""
        first = ops[0]
        group, later = [first], set(first.results)
        begin = self.order.enter[first]
        for op in ops[1:]:
            if is_virtual(op):
                continue
            if not self.slices.runs_along(op, None) - scope.tiles.keys():
                if not is_removable(op) or any(access for access in accesses(op)):
                    break
                if later.intersection(uses(op)):
                    later.update(op.results)
            elif self.slices.is_anchor(scope, op):
                if is_collected(op) != is_collected(first) or is_returned(op) != is_returned(first):
                    break
                pulled = [op, *self.slices.closure(scope, [op])]
                depends = any(later.intersection(uses(one)) for one in pulled)
                reads_later = any(
                    self.order.enter[one] > begin and one is not op and any(True for _ in accesses(one))
                    for one in pulled
                )
                if depends or reads_later or self.slices.runs_along(op, None) - scope.tiles.keys() != missing:
                    break
                group.append(op)
                later.update(op.results)
        return group

    def write_nest(self, scope: Scope, group: Sequence[Operation]) -> None:
        """Loops over the tiles of one more class, around all of `group` and what it needs."""
        pulled = self.slices.closure(scope, group)
        early = {op: pulled[op] for op in pulled if not self.slices.runs_along(op, pulled[op]) - scope.tiles.keys()}
        self.write(scope, list(early), early)
        pulled = self.slices.closure(scope, group)
        cls = self.next_class(scope, group, pulled)
        ops = sorted([*pulled, *group], key=lambda op: self.order.enter[op])
        sums = [(op, index) for op in group for index in range(len(op.operands) - len(op.results), len(op.operands))]
        values = [self.so_far(scope, op, index) for op, index in sums]
        size, extent = self.sizes[cls], self.classes.extent(cls)
        dealt = scope.parent is None and all(is_returned(op) for op in group)
        if dealt:
            size = min(size, -(-extent // self.cores))
        full = extent // size
        self.nests += 1
        scope.at = group[0]
        if dealt:
            dims = [self.classes.of(op.operands[0]).index(cls) for op in group]
            tiles = (size, full, self.nests)
            values = deal_out(
                scope,
                cls,
                tiles,
                self.cores,
                values,
                dims,
                lambda s, so_far: self.write_tile(s, ops, pulled, sums, so_far),
            )
        elif full > 1:
            block = Block(arg_types=[INDEX, *(value.type for value in values)])
            block.args[0].name_hint = "tile"
            inner = scope.inside(block, {cls: Tile(block.args[0], size, self.nests)})
            ends = self.write_tile(inner, ops, pulled, sums, block.args[1:])
            inner.at = group[0]
            inner.insert(scf.YieldOp(*ends))
            begin, end, step = scope.value(0), scope.value(full * size), scope.value(size)
            loop = scope.insert(scf.ForOp(begin, end, step, values, Region(block)))
            values = list(loop.results)
        elif full == 1:
            values = self.write_tile(
                scope.inside(scope.block, {cls: Tile(0, size, self.nests)}), ops, pulled, sums, values
            )
        if extent % size:
            last = scope.inside(scope.block, {cls: Tile(full * size, extent % size, self.nests)})
            values = self.write_tile(last, ops, pulled, sums, values)
        for (op, index), value in zip(sums, values, strict=True):
            result = op.results[index - len(op.operands) + len(op.results)]
            if is_collected(op) and scope.destination(op, index) is None:
                self.bind_whole(scope, result, value)
            else:
                scope.bind(result, value)

    def write_tile(
        self,
        scope: Scope,
        ops: Sequence[Operation],
        pulled: Needed,
        sums: Sequence[tuple[Operation, int]],
        values: Sequence[SSAValue],
    ) -> list[SSAValue]:
        """One tile of a nest; `values` are what was accumulated before it. Returns what is after it."""
        scope.destinations.update(zip(sums, values, strict=True))
        self.write(scope, ops, pulled)
        return [self.known(scope, op.results[index - len(op.operands) + len(op.results)]) for op, index in sums]

    def so_far(self, scope: Scope, op: Operation, index: int) -> SSAValue:
        """What an anchor accumulates into."""
        given = scope.destination(op, index)
        return self.known(scope, op.operands[index]) if given is None else given

    def next_class(self, scope: Scope, group: Sequence[Operation], pulled: Needed) -> int:
        """The class whose tiles are gone through next: the outermost dimension that nothing pulled in reduces along."""
        candidates: list[int] = []
        for op in group:
            block = stored_block(op) if isinstance(op, bufferization.MaterializeInDestinationOp) else None
            along = self.classes.of(block) if block is not None else self.classes.loops(cast("linalg.StructuredOp", op))
            candidates += [cls for cls in along if cls in self.sizes and cls not in scope.tiles]  # pyright: ignore
        reduced = frozenset[int]().union(*(self.classes.reduced(op) for op in pulled))
        for cls in candidates:
            if cls not in reduced:
                return cls
        along = frozenset(candidates)
        raise NoOrder(along, group[0], [op for op in pulled if self.classes.reduced(op) & along])
