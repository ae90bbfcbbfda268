"""`linalg-tile-and-fuse`: a program that is too large for the target's memories is computed tile by tile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Attribute, Block, Operation, SSAValue

from minilinalg.abi import ABI, FunctionAbi
from minilinalg.analysis.dimension_classes import DimensionClasses, separate
from minilinalg.analysis.tensor_operands import is_tensor
from minilinalg.dialects.upstream import bufferization, func, linalg, tensor
from minilinalg.errors import OverCapacityError
from minilinalg.passes.base import MinilinalgPass, remark, require_target
from minilinalg.passes.cse import CsePass
from minilinalg.passes.insertion import erase, insert_after, value_before
from minilinalg.passes.linalg_tile_and_fuse.capacity import shortage
from minilinalg.passes.linalg_tile_and_fuse.choice import candidates
from minilinalg.passes.linalg_tile_and_fuse.memory_order import Apart, promises
from minilinalg.passes.linalg_tile_and_fuse.tiling import NoOrder, Tiling, is_collected
from minilinalg.targets import Target


@dataclass(frozen=True)
class LinalgTileAndFusePass(MinilinalgPass):
    """Computes what is too large for the target's on-chip memories tile by tile.

    ```mlir
    func.func @shares(%x: memref<2048xf32>, %y: memref<2048xf32>, %zero: f32) {
      %t = bufferization.to_tensor %x restrict : memref<2048xf32> to tensor<2048xf32>
      %none = tensor.empty() : tensor<f32>
      %init = linalg.fill ins(%zero : f32) outs(%none : tensor<f32>) -> tensor<f32>
      %sum = linalg.reduce { arith.addf } ins(%t : tensor<2048xf32>) outs(%init : tensor<f32>) dimensions = [0]
      %total = tensor.extract %sum[] : tensor<f32>
      %e = tensor.empty() : tensor<2048xf32>
      %q = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>],
        iterator_types = ["parallel"]} ins(%t, %total : tensor<2048xf32>, f32) outs(%e : tensor<2048xf32>) {
      ^bb0(%in: f32, %by: f32, %out: f32):
        %s = arith.divf %in, %by : f32
        linalg.yield %s : f32
      } -> tensor<2048xf32>
      bufferization.materialize_in_destination %q in writable %y : (tensor<2048xf32>, memref<2048xf32>) -> ()
      return
    }
    ```
    becomes with `--target tiny-simd`
    ```mlir
    func.func @shares(%x: memref<2048xf32>, %y: memref<2048xf32>, %zero: f32)
      attributes {ml.abi = [{name = "x", kind = "pointer", type = f32}, {name = "y", kind = "pointer", type = f32,
        ml.no_partial_overlap = ["x"]}, {name = "zero", kind = "scalar", type = f32}]} {
      %none = tensor.empty() : tensor<f32>
      %init = linalg.fill ins(%zero : f32) outs(%none : tensor<f32>) -> tensor<f32>
      %c0 = arith.constant 0 : index
      %c2048 = arith.constant 2048 : index
      %c512 = arith.constant 512 : index
      %sum = scf.for %tile = %c0 to %c2048 step %c512 iter_args(%arg0 = %init) -> (tensor<f32>) {
        %subview = memref.subview %x[%tile] [512] [1] : memref<2048xf32> to memref<512xf32, strided<[1], offset: ?>>
        %t = bufferization.to_tensor %subview restrict : memref<512xf32, strided<[1], offset: ?>> to tensor<512xf32>
        %sum_0 = linalg.reduce { arith.addf } ins(%t : tensor<512xf32>) outs(%arg0 : tensor<f32>) dimensions = [0]
        scf.yield %sum_0 : tensor<f32>
      }
      %total = tensor.extract %sum[] : tensor<f32>
      scf.for %tile = %c0 to %c2048 step %c512 {
        %subview = memref.subview %x[%tile] [512] [1] : memref<2048xf32> to memref<512xf32, strided<[1], offset: ?>>
        %t = bufferization.to_tensor %subview restrict : memref<512xf32, strided<[1], offset: ?>> to tensor<512xf32>
        %e = tensor.empty() : tensor<512xf32>
        %q = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) ->
          (d0)>], iterator_types = ["parallel"]} ins(%t, %total : tensor<512xf32>, f32) outs(%e : tensor<512xf32>) {
        ^bb0(%in: f32, %by: f32, %out: f32):
          %s = arith.divf %in, %by : f32
          linalg.yield %s : f32
        } -> tensor<512xf32>
        %subview_2 = memref.subview %y[%tile] [512] [1]
          : memref<2048xf32> to memref<512xf32, strided<[1], offset: ?>>
        bufferization.materialize_in_destination %q in writable %subview_2 : (tensor<512xf32>, memref<512xf32,
          strided<[1], offset: ?>>) -> ()
      }
      return
    }
    ```

    1. Whether a function fits is not guessed: it is taken down the rest of the road, to the plan of its buffers
       (capacity.py). One that fits stays as it is.
    2. Dimensions that have to be cut together are found by union-find (analysis/dimension_classes.py). Tile sizes are
       tried from large to small until the plan says that they fit (choice.py); a dimension along which nothing is
       reduced is cut before one that is.
    3. An anchor, that is a store or a reduction, is put into loops over tiles, and what it needs is pulled in: loads,
       computations, and loops whose bounds do not depend on the tile (tiling.py). What several anchors need is loaded
       or computed again for each. A last tile may be smaller.
       Where a store needs reductions along all of its dimensions (sums of rows and of columns that meet), these are
       computed first, and collected: the store's tiles are cut out of the whole of them.
    4. A load is a snapshot. Where one tile is stored before the next is loaded, the arguments must not overlap
       (memory_order.py): `ml.abi` says so, and every launch checks it.

    A reduction is cut into parts, which changes the order of a sum, and a part of a matrix product may be summed up in
    another order than all of it.

    Requires: a target; linalg on tensors in structured control flow. Ensures: the blocks of a function fit into
    the target's memories together; if no tiles do, it is an error that says which dimensions cannot be cut, and why.
    Leaves alone: a function that fits.
    """

    name = "linalg-tile-and-fuse"
    numerics = "reassociates"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = require_target(ctx, self)
        for function in [f for f in op.walk() if isinstance(f, func.FuncOp) and f.body.blocks]:
            error = shortage(function, target)
            if error is None:
                remark(ctx, self, function, f"it fits into the memories of '{target.name}' as it is")
            else:
                _Tiler(ctx, self, target, function).run(error)


class _Tiler:
    def __init__(self, ctx: Context, who: LinalgTileAndFusePass, target: Target, function: func.FuncOp):
        self.ctx = ctx
        self.who = who
        self.target = target
        self.function = function

    def run(self, error: OverCapacityError) -> None:
        """Puts the tiled function in the place of the old one. `error`: what does not fit."""
        work = self.function.clone()
        _collect_results(work)
        separate(work)
        classes = DimensionClasses(work)
        tiling, function = self.first_that_fits(work, classes, error)
        needed = promises(tiling)
        if needed:
            self.promise(function, needed)
        remark(self.ctx, self.who, self.function, f"computed in tiles: {_sizes(tiling.sizes, classes)}")
        block = cast("Block", self.function.parent)
        block.insert_op_before(function, self.function)
        erase(self.function)

    def first_that_fits(
        self, work: func.FuncOp, classes: DimensionClasses, error: OverCapacityError
    ) -> tuple[Tiling, func.FuncOp]:
        """The largest tiles that fit, and their function without what it computes twice.

        Raises OverCapacityError: `error`, and why no tiles help.
        """
        while True:
            smallest = "a smaller tile of any other dimension takes as many bytes"
            try:
                for sizes in candidates(work, classes, self.target):
                    tiling = Tiling(work, classes, sizes, self.target.cores)
                    function = tiling.function.clone()
                    alone = ModuleOp([function])
                    CsePass().apply(self.ctx, alone)
                    function.detach()
                    still = shortage(function, self.target)
                    if still is None:
                        return tiling, function
                    what = still.diagnostic.found.splitlines()[0]
                    smallest = f"in tiles of {_sizes(sizes, classes)}, {what}"
                # Sums along two dimensions that meet in one result make one class of both, unless they are collected.
                if _collect(op for op in classes.diagonals if isinstance(op, linalg.ReduceOp)):
                    classes = DimensionClasses(work)
                    continue
                raise _no_tiles(error, classes, smallest)
            except NoOrder as problem:
                if _collect(problem.reductions):
                    classes = DimensionClasses(work)
                    continue
                for cls in problem.classes:
                    classes.keep(cls, "what is stored needs a reduction along each dimension first", problem.anchor)

    def promise(self, function: func.FuncOp, needed: Apart) -> None:
        """Writes what a launch has to check into `ml.abi`."""
        abi = FunctionAbi.of(function)
        parameters = list(abi.parameters)
        for pair, may_begin_together in needed.items():
            first, second = sorted(pair)
            name, p = parameters[first].name, parameters[second]
            which = "no_partial_overlap" if may_begin_together else "no_overlap"
            parameters[second] = replace(p, **{which: (*getattr(p, which), name)})
            text = f"a launch checks that '{name}' and '{p.name}' share no memory"
            text += ", or begin at the same address" if may_begin_together else ""
            remark(self.ctx, self.who, self.function, f"{text}: one tile is stored before the next is loaded")
        function.attributes[ABI] = FunctionAbi(abi.name, tuple(parameters)).attribute()


def _collect_results(function: func.FuncOp) -> None:
    """Makes an anchor of each tensor that the function computes and returns: its tiles are put into the whole of it."""
    end = function.body.block.last_op
    if not isinstance(end, func.ReturnOp):
        return
    for index, value in enumerate(end.operands):
        if not is_tensor(value) or not isinstance(value.owner, Operation):
            continue
        type = cast("TensorType[Attribute]", value.type)
        if type.has_static_shape():
            empty = value_before(end, tensor.EmptyOp([], type))
            whole = bufferization.MaterializeInDestinationOp(value, empty)
            end.operands[index] = value_before(end, whole, value.name_hint)


def _collect(reductions: Iterable[Operation]) -> bool:
    """Makes an anchor of each tensor that is reduced first, so that tiles are cut out of the whole of it; False where
    there is none that is not one already."""
    found = False
    for op in dict.fromkeys(reductions):
        for result in op.results:
            uses = [use for use in result.uses if not is_collected(use.operation)]
            if not is_tensor(result) or not uses or not cast("TensorType[Attribute]", result.type).has_static_shape():
                continue
            found = True
            empty = tensor.EmptyOp([], result.type)
            whole = bufferization.MaterializeInDestinationOp(result, empty)
            insert_after(op, empty, whole)
            for use in uses:
                use.operation.operands[use.index] = cast("SSAValue", whole.result)
    return found


def _sizes(sizes: Mapping[int, int], classes: DimensionClasses) -> str:
    return ", ".join(f"{size} of {classes.extent(cls)}" for cls, size in sizes.items())


def _no_tiles(error: OverCapacityError, classes: DimensionClasses, smallest: str) -> OverCapacityError:
    """`error`, with the dimensions that are not cut; `smallest` is said of the others, if there are any."""
    d = error.diagnostic
    reasons = [f"a dimension of {extent} is not cut: {why}" for why, extent in classes.whole()]
    reasons += [smallest] if classes.extents() else []
    reasons = reasons or ["only computations on tensors are cut into tiles"]
    return OverCapacityError("\n  ".join([d.found, *dict.fromkeys(reasons)]), rule=d.rule, hint=d.hint, places=d.places)
