"""`linalg-to-simd`: every operation on buffers becomes one instruction, and the function one core's program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects.builtin import DenseArrayBase, IntegerAttr, ModuleOp, UnitAttr, i64
from xdsl.ir import Attribute, Operation
from xdsl.ir.affine import AffineMap

from minilinalg.analysis.destination_style import indexing_map, is_destination_style, is_parallel
from minilinalg.analysis.reduction import combiner_of, initial_fill, starts_neutral
from minilinalg.dialects import simd
from minilinalg.dialects.linalg_ext import AtomicOp, IndexedOp
from minilinalg.dialects.simd.constraints import check_instruction
from minilinalg.dialects.upstream import arith, func, linalg, memref
from minilinalg.errors import InputError, UnsupportedError, near_name
from minilinalg.locations import places_of
from minilinalg.passes import atomic_transfer
from minilinalg.passes.base import MinilinalgPass, remark, require_target
from minilinalg.passes.core_program import become_core_program
from minilinalg.passes.indexed_transfer import instruction_for, replace_by_loop, takes_lists
from minilinalg.passes.insertion import erase, insert_before
from minilinalg.passes.instruction_operand import lies_as_operand
from minilinalg.passes.strided_view import buffer_type
from minilinalg.targets import Target


@dataclass(frozen=True)
class LinalgToSimdPass(MinilinalgPass):
    """Turns copies and computations on buffers into instructions, and a loop over cores into the program of one.

    ```mlir
    func.func @double(%x: memref<64xf32, #simd.space<gdram>>) {
      scf.forall (%core) in (2) {
        %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
        memref.copy %x, %a : memref<64xf32, #simd.space<gdram>> to memref<64xf32, #simd.space<nram>>
        linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
          iterator_types = ["parallel"]} ins(%a : memref<64xf32, #simd.space<nram>>)
          outs(%a : memref<64xf32, #simd.space<nram>>) {
        ^bb0(%in: f32, %out: f32):
          %s = arith.addf %in, %in : f32
          linalg.yield %s : f32
        }
      }
      return
    }
    ```
    becomes with `--target tiny-simd`
    ```mlir
    func.func @double(%x: memref<64xf32, #simd.space<gdram>>) {
      %core = simd.core_id : index
      %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
      simd.dma %x -> %a : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
      simd.addf %a, %a -> %a : memref<64xf32, #simd.space<nram>>
      return
    }
    ```

    A copy is a DMA, or a move when it stays in vector memory and both sides are gapless. A linalg.reduce overwrites a
    buffer that was filled with its combiner's neutral element; the fill goes. Its count is the buffer's static extent,
    so padding behind it takes no part. A gather or scatter is one DMA with a list of indices where the target's DMA
    takes lists, else a loop over the list: indexed_transfer.py. An atomic on a block is one DMA where the target's does
    them, else a loop over its elements: atomic_transfer.py. What the cores share: core_program.py.

    Requires: a target; the promoted stage, each linalg operation being one instruction (linalg-decompose-elementwise).
    Ensures: no linalg; instructions that the target can execute. Leaves alone: scalar operations, scalar loads and
    stores, views; a function with instructions in it, which is one core's program already.
    """

    name = "linalg-to-simd"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = require_target(ctx, self, "its instructions and the number of its cores")
        for function in [f for f in op.walk() if isinstance(f, func.FuncOp) and f.body.blocks]:
            if any(inner.name.startswith("simd.") for inner in function.body.walk()):
                remark(ctx, self, function, "left alone: a function with instructions is one core's program already")
                continue
            # From the end, so that a reduction still finds the fill that it starts from.
            for inner in reversed(tuple(function.body.walk())):
                if inner.parent is not None and (is_destination_style(inner) or isinstance(inner, memref.CopyOp)):
                    _replace(inner, target)
            become_core_program(function, target)


def _replace(op: Operation, target: Target) -> None:
    if isinstance(op, IndexedOp) and not takes_lists(op, target):
        replace_by_loop(op)
        return
    if isinstance(op, AtomicOp) and not atomic_transfer.is_one_instruction(op, target):
        atomic_transfer.replace_by_loop(op)
        return
    select = _SELECTIONS.get(op.name)
    new = select(op, target) if select is not None else None
    if new is None:
        raise _no_instruction(op)
    try:
        check_instruction(new, target)
    except InputError as error:
        raise error.at(places_of(op)) from None
    insert_before(op, new)
    erase(op)


def _no_instruction(op: Operation) -> UnsupportedError:
    known = [cls.SPEC.meaning for cls in simd.INSTRUCTIONS]
    # The body of an operation with a name is not written.
    regions = () if isinstance(op, linalg.NamedStructuredOp) else op.regions
    bodies = [inner.name for region in regions for inner in region.walk() if inner.name != "linalg.yield"]
    what = f"'{op.name}' of {', '.join(bodies)}" if bodies else f"'{op.name}'"
    unknown = [name for name in bodies or [op.name] if name not in known]
    if unknown:
        near = near_name(unknown[0], known)
    elif op.name == "linalg.matmul":
        near = "a product of signed operands as they lie: transpose or convert them first"
    elif is_parallel(op) or op.name == "linalg.reduce":
        near = "linalg-decompose-elementwise takes it apart into instructions"
    else:
        near = "loops that reduce are a linalg.reduce, or a linalg.matmul"
    return UnsupportedError(
        f"{what} is no instruction of the machine",
        rule="an operation on buffers is a copy, a fill, one elementwise operation, a reduction by one combiner, "
        "a broadcast, a transpose or a matrix product",
        hint=near,
        places=places_of(op),
    )


def _copy(op: memref.CopyOp, target: Target) -> simd.Instruction:
    source, destination = op.source, op.destination
    spaces = {simd.space_of(buffer_type(value)) for value in (source, destination)}
    stays = spaces == {target.vector_space.name}
    if stays and lies_as_operand(source, target, written=False) and lies_as_operand(destination, target, written=True):
        return simd.MoveOp([source], destination)
    return simd.DmaOp([source], destination)


def _fill(op: linalg.FillOp, target: Target) -> simd.Instruction:
    return simd.FillOp([op.inputs[0]], op.outputs[0])


def _generic(op: linalg.GenericOp, target: Target) -> simd.Instruction | None:
    body = op.body.block
    ops = list(body.ops)
    *computed, end = ops
    if not is_parallel(op) or len(op.outputs) != 1 or not _is_identity(op, len(op.operands) - 1):
        return None
    if not computed or end.operands[0] is not computed[-1].results[0]:
        return None
    if isinstance(computed[0], linalg.IndexOp):
        is_ramp = len(computed) == 1 or (len(computed) == 2 and computed[1].name == "arith.index_cast")
        return simd.IotaOp([], op.outputs[0], dim=IntegerAttr(computed[0].dim.value.data, i64)) if is_ramp else None
    cls = simd.ELEMENTWISE_BY_MEANING.get(computed[0].name)
    if len(computed) != 1 or cls is None:
        return None
    inputs = [op.operands[body.args.index(v)] if v in body.args else v for v in computed[0].operands]  # pyright: ignore
    new = cls(inputs, op.outputs[0])
    new.properties.update(_clauses(computed[0]))
    return new


def _is_identity(op: Operation, index: int) -> bool:
    found = indexing_map(op, index)
    return found is not None and found == AffineMap.identity(found.num_dims)


def _clauses(op: Operation) -> dict[str, Attribute]:
    """The properties of an instruction that come from those of the scalar operation."""
    if op.name in ("arith.cmpi", "arith.cmpf"):
        return {"predicate": op.properties["predicate"]}
    if (mode := op.properties.get("roundingmode")) is not None:
        number = cast("IntegerAttr", mode).value.data
        return {"rounding": IntegerAttr(simd.ROUNDING.index(arith.ROUNDING_MODES[number]), i64)}
    return {}


def _reduce(op: Operation, target: Target) -> simd.Instruction | None:
    combiner = combiner_of(op)
    cls = simd.REDUCTION_BY_COMBINER.get(combiner.name) if combiner is not None else None
    if cls is None or not starts_neutral(op):
        return None
    new = cls([op.operands[0]], op.operands[1], dimensions=_dimensions(op, "dimensions"))
    # The instruction overwrites its output.
    erase(cast("Operation", initial_fill(op)))
    return new


def _broadcast(op: Operation, target: Target) -> simd.Instruction:
    return simd.BroadcastOp([op.operands[0]], op.operands[1], dimensions=_dimensions(op, "dimensions"))


def _transpose(op: Operation, target: Target) -> simd.Instruction:
    return simd.TransposeOp([op.operands[0]], op.operands[1], permutation=_dimensions(op, "permutation"))


def _dimensions(op: Operation, name: str) -> Attribute:
    return DenseArrayBase.from_list(i64, list(cast("Any", op.properties[name]).get_values()))


def _matmul(op: linalg.MatmulOp, target: Target) -> simd.Instruction | None:
    if op.get_indexing_maps() != linalg.MatmulOp.MAPS or "cast" in op.properties:
        return None
    return simd.MatmulOp(op.operands[:2], op.operands[2], accumulate=UnitAttr())


def _indexed(op: IndexedOp, target: Target) -> simd.Instruction:
    return instruction_for(op)


def _atomic(op: AtomicOp, target: Target) -> simd.Instruction:
    return atomic_transfer.instruction_for(op)


_SELECTIONS: dict[str, Callable[[Any, Target], simd.Instruction | None]] = {
    "linalg.broadcast": _broadcast,
    "linalg.fill": _fill,
    "linalg.generic": _generic,
    "linalg.matmul": _matmul,
    "linalg.reduce": _reduce,
    "linalg.transpose": _transpose,
    "linalg_ext.atomic_cas": _atomic,
    "linalg_ext.atomic_rmw": _atomic,
    "linalg_ext.gather": _indexed,
    "linalg_ext.scatter": _indexed,
    "memref.copy": _copy,
}
"""Name -> the instruction, or None when this form of the operation has none."""
