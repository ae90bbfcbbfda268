"""What becomes of each operation when its dimensions are tiles: loads and stores see a part of their view, reshapes and
slices get other extents, an index begins where the tile does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from xdsl.dialects.builtin import AffineMapAttr, ArrayAttr, DenseArrayBase, TensorType, i64
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.ir.affine import AffineMap

from minilinalg.analysis.destination_style import first_destination
from minilinalg.analysis.dimension_classes import DimensionClasses, full_dimensions, is_loaded_part, is_stored_part
from minilinalg.analysis.tensor_operands import is_tensor
from minilinalg.dialects.upstream import arith, bufferization, linalg, tensor
from minilinalg.dialects.upstream.assembly import index_list
from minilinalg.passes.linalg_tile_and_fuse.scope import Scope, Tile
from minilinalg.passes.strided_view import Size, Slice, slice_of, subview


def tiled_type(classes: DimensionClasses, scope: Scope, value: SSAValue) -> Attribute:
    """The type of `value` where the tiles of `scope` are fixed."""
    if not is_tensor(value):
        return value.type
    type = cast("TensorType[Attribute]", value.type)
    tiles = tiles_of(classes, scope, value)
    shape = [extent if tile is None else tile.size for extent, tile in zip(type.get_shape(), tiles, strict=True)]
    return TensorType(type.element_type, shape)


def tiles_of(classes: DimensionClasses, scope: Scope, value: SSAValue) -> list[Tile | None]:
    """The tile of each dimension of a tensor, None for one that is whole."""
    return [None if cls is None else scope.tiles.get(cls) for cls in classes.of(value)]


# Parts of memory


def _moved(scope: Scope, bounds: Slice, tiles: Sequence[Tile | None], extents: Sequence[int]) -> tuple[Slice, Slice]:
    """`bounds` (offsets, sizes) are a part of a block, of which a tile is cut out.

    Returns the part of the tile that lies in both, and the part of the part. Along a dimension, with the tile from `o`
    on and T long, and the part from `low` on and `size` long:

        in the tile   from clamp(low - o, 0, T) to clamp(low + size - o, 0, T)
        in the part   from clamp(o - low, 0, size), as many
    """
    inner: list[list[Size]] = [[], []]
    outer: list[list[Size]] = [[], []]
    for low, size, tile, extent in zip(bounds[0], bounds[1], tiles, extents, strict=True):
        if tile is None:
            begin, count, start = low, size, cast("Size", 0)
        elif low == 0 and size == extent:
            begin, count, start = cast("Size", 0), cast("Size", tile.size), tile.offset
        else:
            from_here = scope.subtract(low, tile.offset)
            begin = cast("Size", 0) if low == 0 else scope.clamp(from_here, tile.size)
            end = scope.clamp(scope.add(from_here, size) if low != 0 else scope.subtract(size, tile.offset), tile.size)
            count = scope.subtract(end, begin)
            before = tile.offset if low == 0 else scope.larger(scope.subtract(tile.offset, low), 0)
            start = scope.smaller(before, size)
        for lists, one, two in ((inner, begin, count), (outer, start, count)):
            lists[0].append(one)
            lists[1].append(two)
    ones = [1] * len(tiles)
    return (inner[0], inner[1], ones), (outer[0], outer[1], ones)


def _part_of_view(scope: Scope, view: SSAValue, part: Slice, tiles: Sequence[Tile | None]) -> SSAValue:
    return view if all(tile is None for tile in tiles) else scope.insert(subview(view, part)).result


def insert_slice(classes: DimensionClasses, scope: Scope, op: tensor.InsertSliceOp) -> Operation | None:
    """Puts the part of a loaded part that lies in the tile into it. Returns what reads memory."""
    source = op.source.owner
    tiles = tiles_of(classes, scope, op.result)
    extents = op.result.type.get_shape()
    given = _mapped(scope, slice_of(op))
    read: bufferization.ToTensorOp | None = None
    if isinstance(source, bufferization.ToTensorOp) and is_loaded_part(source):
        inner, outer = _moved(scope, given, tiles, extents)
        view = _part_of_view(scope, _known(scope, source.memref), outer, tiles)
        read = scope.insert(bufferization.ToTensorOp(view, restrict=source.restrict is not None))
        part: SSAValue = read.tensor
    else:
        full = set(full_dimensions(op))
        sizes = [
            t.size if t is not None and d in full else n for d, (n, t) in enumerate(zip(given[1], tiles, strict=True))
        ]
        inner, part = (given[0], sizes, given[2]), _known(scope, op.source)
    destination = _known(scope, op.dest)
    offsets, lengths = index_list(list(inner[0])), index_list(list(inner[1]))
    ones = DenseArrayBase.from_list(i64, [1] * len(tiles))
    new = tensor.InsertSliceOp.build(
        operands=[part, destination, offsets.dynamic, lengths.dynamic, []],
        properties={"static_offsets": offsets.static, "static_sizes": lengths.static, "static_strides": ones},
        result_types=[destination.type],
    )
    scope.bind(op.result, scope.insert(new).result)
    return read


def extract_slice(classes: DimensionClasses, scope: Scope, op: tensor.ExtractSliceOp) -> None:
    """Some dimensions are whole, and may be tiles; of the others the same part is taken."""
    full = set(full_dimensions(op))
    tiles = tiles_of(classes, scope, op.source)
    offsets, sizes, _ = _mapped(scope, slice_of(op))
    sizes = [t.size if t is not None and d in full else n for d, (n, t) in enumerate(zip(sizes, tiles, strict=True))]
    scope.bind(op.result, cut_out(scope, _known(scope, op.source), offsets, sizes))


def cut_out(scope: Scope, value: SSAValue, offsets: Sequence[Size], sizes: Sequence[Size]) -> SSAValue:
    """Part of a tensor."""
    type = tensor.ExtractSliceOp.infer_result_type(cast("Any", value.type), list(sizes))
    return scope.insert(tensor.ExtractSliceOp(value, offsets, sizes, [1] * len(sizes), type)).result


def to_tensor(classes: DimensionClasses, scope: Scope, op: bufferization.ToTensorOp) -> Operation:
    """A block that is all of a view."""
    tiles = tiles_of(classes, scope, op.tensor)
    extents = cast("TensorType[Attribute]", op.tensor.type).get_shape()
    offsets: list[Size] = [0 if tile is None else tile.offset for tile in tiles]
    sizes: list[Size] = [n if tile is None else tile.size for n, tile in zip(extents, tiles, strict=True)]
    view = _part_of_view(scope, _known(scope, op.memref), (offsets, sizes, [1] * len(tiles)), tiles)
    new = scope.insert(bufferization.ToTensorOp(view, restrict=op.restrict is not None))
    scope.bind(op.tensor, new.tensor)
    return new


def store(classes: DimensionClasses, scope: Scope, op: bufferization.MaterializeInDestinationOp) -> Operation:
    """Puts a tile, or the part of it that is to be stored, into its place in memory."""
    part = op.source.owner
    if isinstance(part, tensor.ExtractSliceOp) and is_stored_part(part):
        block, bounds = part.source, _mapped(scope, slice_of(part))
    else:
        block = op.source
        extents = cast("TensorType[Attribute]", block.type).get_shape()
        bounds = ([0] * len(extents), list(extents), [1] * len(extents))
    tiles = tiles_of(classes, scope, block)
    extents = cast("TensorType[Attribute]", block.type).get_shape()
    inner, outer = _moved(scope, bounds, tiles, extents)
    source = _known(scope, block)
    if tuple(inner[1]) != cast("TensorType[Attribute]", source.type).get_shape():
        source = cut_out(scope, source, inner[0], inner[1])
    view = _part_of_view(scope, _known(scope, op.dest), outer, tiles)
    return scope.insert(type(op)(source, view, restrict=op.restrict is not None, writable=op.writable is not None))


def collect(classes: DimensionClasses, scope: Scope, op: bufferization.MaterializeInDestinationOp) -> None:
    """Puts a tile of a result into its place in the whole of it."""
    source = _known(scope, op.source)
    into = scope.destination(op, 1)
    assert into is not None and op.result is not None
    tiles = tiles_of(classes, scope, op.source)
    shape = cast("TensorType[Attribute]", source.type).get_shape()
    begin = [0 if tile is None else tile.offset if tile.within is None else tile.within for tile in tiles]
    offsets, sizes = index_list(begin), index_list(list(shape))
    ones = DenseArrayBase.from_list(i64, [1] * len(tiles))
    new = tensor.InsertSliceOp.build(
        operands=[source, into, offsets.dynamic, [], []],
        properties={"static_offsets": offsets.static, "static_sizes": sizes.static, "static_strides": ones},
        result_types=[into.type],
    )
    scope.bind(op.result, scope.insert(new).result)


def _mapped(scope: Scope, bounds: Slice) -> Slice:
    def known(size: Size) -> Size:
        return size if isinstance(size, int) else _known(scope, size)

    return [known(s) for s in bounds[0]], [known(s) for s in bounds[1]], [known(s) for s in bounds[2]]


def _known(scope: Scope, value: SSAValue) -> SSAValue:
    found = scope.find(value)
    assert found is not None, f"{value} was not written"
    return found


# Computations


def structured(classes: DimensionClasses, scope: Scope, op: linalg.StructuredOp) -> None:
    """The same operation on tiles, whose iterations are numbered from where the tile begins."""
    first = first_destination(op)
    operands: list[SSAValue] = []
    for index, value in enumerate(op.operands):
        given = scope.destination(op, index) if index >= first else None
        operands.append(_known(scope, value) if given is None else given)
    region = copied_region(scope, op.regions[0])
    maps = list(op.get_indexing_maps().data) if isinstance(op, linalg.GenericOp) else []
    for cls, dim in _shifted(classes, scope, op):
        _shift_index(scope, region.block, dim, scope.tiles[cls].offset, operands, first, maps)
        first = len(operands) - (len(op.operands) - first_destination(op))
    properties = dict(op.properties)
    if isinstance(op, linalg.GenericOp):
        properties["indexing_maps"] = ArrayAttr(maps)
        counts = DenseArrayBase.from_list(
            cast("Any", properties["operandSegmentSizes"]).elt_type, [first, len(operands) - first]
        )
        properties["operandSegmentSizes"] = counts
    new = type(op).create(
        operands=operands,
        result_types=[value.type for value in operands[first:] if is_tensor(value)],
        properties=properties,
        attributes=dict(op.attributes),
        regions=[region],
    )
    for old, result in zip(op.results, scope.insert(new).results, strict=True):
        scope.bind(old, result)


def _shifted(classes: DimensionClasses, scope: Scope, op: linalg.StructuredOp) -> list[tuple[int, int]]:
    """(class, loop) of the loops of `op` whose number its body asks for, and which do not begin at 0."""
    if not isinstance(op, linalg.GenericOp):
        return []
    asked = {inner.dim.value.data for inner in op.body.walk() if isinstance(inner, linalg.IndexOp)}
    return [
        (cls, dim)
        for dim, cls in enumerate(classes.loops(op))
        if dim in asked and cls is not None and cls in scope.tiles and scope.tiles[cls].offset != 0
    ]


def _shift_index(
    scope: Scope, body: Block, dim: int, offset: Size, operands: list[SSAValue], at: int, maps: list[AffineMapAttr]
) -> None:
    """Adds `offset` to `linalg.index dim`: after its cast to another integer, where there is one, as that wraps."""
    added: dict[Attribute, SSAValue] = {}

    def shift(value: SSAValue) -> None:
        if value.type not in added:
            position = at + len(added)
            operands.insert(position, scope.as_integer(offset, value.type))
            maps.insert(position, AffineMapAttr(AffineMap(maps[0].data.num_dims, 0, ())))
            added[value.type] = body.insert_arg(value.type, position)
        owner = cast("Operation", value.owner)
        new = arith.AddiOp(value, added[value.type])
        new.location = owner.location
        cast("Block", owner.parent).insert_op_after(new, owner)
        value.replace_uses_with_if(new.result, lambda use: use.operation is not new)

    for index in [op for op in body.walk() if isinstance(op, linalg.IndexOp) and op.dim.value.data == dim]:
        users = [use.operation for use in index.result.uses]
        if all(isinstance(user, arith.IndexCastOp) for user in users):
            for user in users:
                shift(user.results[0])
        else:
            shift(index.result)


def copied_region(scope: Scope, region: Region) -> Region:
    """A copy of the body of a structured operation, with what it uses from outside as it is called here."""
    inside = {value for op in region.walk() for value in op.results}
    for inner in region.walk():
        for nested in inner.regions:
            inside |= {arg for block in nested.blocks for arg in block.args}
    inside |= {arg for block in region.blocks for arg in block.args}
    outside = {value for op in region.walk() for value in op.operands if value not in inside}
    new = Region()
    mapper: dict[SSAValue, SSAValue] = {value: _known(scope, value) for value in outside}
    region.clone_into(new, None, mapper, {})
    return new


def constant(classes: DimensionClasses, scope: Scope, op: arith.ConstantOp) -> None:
    """A constant block: the fill of a smaller one."""
    type = tiled_type(classes, scope, op.result)
    if type == op.result.type:
        copied(classes, scope, op)
        return
    shaped = cast("TensorType[Attribute]", type)
    element = next(iter(cast("Any", op.properties["value"]).iter_attrs()))
    scalar = scope.insert(arith.ConstantOp(element))
    empty = scope.insert(tensor.EmptyOp([], shaped))
    scope.bind(op.result, scope.insert(linalg.FillOp([scalar.result], [empty.tensor], [shaped])).results[0])


def copied(classes: DimensionClasses, scope: Scope, op: Operation) -> Operation:
    """The operation itself, with results of the tiles' extents."""
    properties = dict(op.properties)
    if isinstance(op, tensor.ExpandShapeOp):
        shape = cast("TensorType[Attribute]", tiled_type(classes, scope, op.result)).get_shape()
        properties["static_output_shape"] = DenseArrayBase.from_list(i64, shape)
    new = type(op).create(
        operands=[_known(scope, value) for value in op.operands],
        result_types=[tiled_type(classes, scope, result) for result in op.results],
        properties=properties,
        attributes=dict(op.attributes),
    )
    for old, result in zip(op.results, scope.insert(new).results, strict=True):
        scope.bind(old, result)
    return new
