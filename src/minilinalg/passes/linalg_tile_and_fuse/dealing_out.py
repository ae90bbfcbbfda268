"""The outermost loop over the tiles of what a function on whole tensors returns: dealt out to the cores.

    %r = scf.forall (%core) in (cores) shared_outs(%all = %empty) {
      %begin = %core * tiles of a core * size of a tile
      %part = tensor.extract_slice %all[%begin] ...
      %done = scf.for %tile = 0 to (tiles of a core * size of a tile) step size of a tile iter_args(%so_far = %part) {
        what begins at %begin + %tile is computed, and put into %so_far at %tile
      }
      in_parallel { tensor.parallel_insert_slice %done into %all[%begin] ... }
    }

Every core has as many tiles, so that its part has a static size: of the cores as many take part as that allows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from minilinalg.dialects.upstream import arith, scf, tensor
from minilinalg.passes.linalg_tile_and_fuse.scope import INDEX, Scope, Tile
from minilinalg.passes.linalg_tile_and_fuse.tiled_ops import cut_out
from minilinalg.passes.strided_view import Size

WriteTile = Callable[[Scope, Sequence[SSAValue]], list[SSAValue]]
"""Writes the tile of a scope and puts it into these tensors; returns them."""


def deal_out(
    scope: Scope,
    cls: int,
    tile: tuple[int, int, int],
    cores: int,
    results: Sequence[SSAValue],
    dims: Sequence[int],
    write: WriteTile,
) -> list[SSAValue]:
    """Writes the loop into `scope`. tile: size, number, nest; dims: the dimension of each result that is cut."""
    size, count, nest = tile
    taking_part = max(n for n in range(1, min(cores, count) + 1) if count % n == 0)
    extent = count // taking_part * size
    body = Block(arg_types=[INDEX, *(value.type for value in results)])
    body.args[0].name_hint = "core"
    on_core = scope.inside(body)
    step = on_core.value(extent)
    begin = on_core.insert(arith.MuliOp(body.args[0], step)).result
    parts = [
        cut_out(on_core, arg, *_bounds(arg, dim, begin, extent)) for arg, dim in zip(body.args[1:], dims, strict=True)
    ]
    inner = Block(arg_types=[INDEX, *(part.type for part in parts)])
    inner.args[0].name_hint = "tile"
    at_tile = on_core.inside(inner)
    offset = at_tile.add(begin, inner.args[0])
    at_tile = at_tile.inside(inner, {cls: Tile(offset, size, nest, inner.args[0])})
    at_tile.insert(scf.YieldOp(*write(at_tile, inner.args[1:])))
    loop = scf.ForOp(on_core.value(0), step, on_core.value(size), parts, Region(inner))
    done = list(on_core.insert(loop).results)
    ends: list[Operation] = []
    for part, arg, dim in zip(done, body.args[1:], dims, strict=True):
        offsets, sizes = _bounds(arg, dim, begin, extent)
        ends.append(tensor.ParallelInsertSliceOp(part, arg, offsets, sizes, [1] * len(sizes)))
    on_core.insert(scf.InParallelOp(Region(Block(ends))))
    return list(scope.insert(scf.ForallOp([0], [taking_part], [1], results, Region(body))).results)


def _bounds(value: SSAValue, dim: int, begin: Size, extent: int) -> tuple[list[Size], list[Size]]:
    """Offsets and sizes of a part along one dimension."""
    shape = cast("TensorType[Attribute]", value.type).get_shape()
    return (
        [begin if d == dim else 0 for d in range(len(shape))],
        [extent if d == dim else n for d, n in enumerate(shape)],
    )
