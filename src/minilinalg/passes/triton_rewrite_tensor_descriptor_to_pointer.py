"""`triton-rewrite-tensor-descriptor-to-pointer`: blocks of a described tensor become tensors of pointers and masks.

Source: the pass of this name in Triton 3.9 (lib/Dialect/Triton/Transforms/RewriteTensorDescriptorToPointer.cpp there):
offsets of 64 bits, an element is inside of the tensor when 0 <= index < size in every dimension. There it runs for
machines without TMA only; here it takes what TMA cannot do from others too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from math import lcm
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects.builtin import (
    AnyFloat,
    DenseIntOrFPElementsAttr,
    FunctionType,
    IntegerAttr,
    ModuleOp,
    TensorType,
    i64,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation
from xdsl.rewriter import Rewriter

from minilinalg.abi import ABI, FunctionAbi, Parameter, is_public
from minilinalg.analysis.axis_info import AxisInfoAnalysis
from minilinalg.analysis.constants import Constant
from minilinalg.dialects import tt
from minilinalg.dialects.tt.attributes import (
    DescriptorReduceKind,
    MemSemantic,
    MemSyncScope,
    PaddingOption,
    RMWOp,
)
from minilinalg.dialects.tt.types import AnyTensor, PointerType, TensorDescType, tensor_type
from minilinalg.dialects.upstream import arith
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes.base import MinilinalgPass, remark
from minilinalg.passes.insertion import erase, insert_before, value_before
from minilinalg.passes.tile_copies import element_bits, other_use, tile_copies_of, why_no_tiles
from minilinalg.targets import TileCopies

KINDS: Mapping[DescriptorReduceKind, RMWOp] = {
    DescriptorReduceKind.ADD: RMWOp.ADD,
    DescriptorReduceKind.MIN: RMWOp.MIN,
    DescriptorReduceKind.MAX: RMWOp.MAX,
    DescriptorReduceKind.AND: RMWOp.AND,
    DescriptorReduceKind.OR: RMWOp.OR,
    DescriptorReduceKind.XOR: RMWOp.XOR,
}
"""What a reduction into memory is as an atomic; `inc` and `dec` are none."""


DIVISIBILITY = "tt.divisibility"


@dataclass(frozen=True)
class TritonRewriteTensorDescriptorToPointerPass(MinilinalgPass):
    """Turns accesses through tensor descriptors into accesses through pointers, masked at the tensor's borders.

    ```mlir
    tt.func @before(%x: !tt.ptr<f32>, %n: i32, %i: i32, %v: tensor<8xf32>) {
      %one = arith.constant 1 : i64
      %d = tt.make_tensor_descriptor %x, [%n], [%one] : <f32>, <8xf32>
      tt.descriptor_store %d[%i], %v : !tt.tensordesc<8xf32>, tensor<8xf32>
      tt.return
    }
    ```
    becomes
    ```mlir
    tt.func @after(%x: !tt.ptr<f32>, %n: i32, %i: i32, %v: tensor<8xf32>) {
      %one = arith.constant 1 : i64
      %start = arith.extsi %i : i32 to i64
      %starts = tt.splat %start : i64 -> tensor<8xi64>
      %range32 = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
      %range = arith.extsi %range32 : tensor<8xi32> to tensor<8xi64>
      %index = arith.addi %starts, %range : tensor<8xi64>
      %base = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
      %strides = tt.splat %one : i64 -> tensor<8xi64>
      %offsets = arith.muli %index, %strides : tensor<8xi64>
      %pointers = tt.addptr %base, %offsets : tensor<8x!tt.ptr<f32>>, tensor<8xi64>
      %zeros = arith.constant dense<0> : tensor<8xi64>
      %above = arith.cmpi sge, %index, %zeros : tensor<8xi64>
      %size = arith.extsi %n : i32 to i64
      %sizes = tt.splat %size : i64 -> tensor<8xi64>
      %below = arith.cmpi slt, %index, %sizes : tensor<8xi64>
      %inside = arith.andi %above, %below : tensor<8xi1>
      tt.store %pointers, %v, %inside : tensor<8x!tt.ptr<f32>>
      tt.return
    }
    ```

    A load gives the descriptor's padding outside of the tensor, zero or NaN; of a descriptor of the host, zero. A
    reduction is an atomic. A descriptor that is an argument becomes the pointer; the arguments behind it say sizes and
    strides, but for the last one: a launch checks that it is 1.

    Where the target has a unit that copies tiles (`tile_copies`), descriptors stay as they are if all that is done with
    them is to load and store blocks that this unit can copy; a remark says why others do not. It asks for aligned
    tensors: of a descriptor of the host `ml.abi` then promises it, so that a launch checks the array and its strides;
    one that is made in the function stays only where the promises of its arguments say so, outside of loops.

    Requires: descriptors that the host made, or `tt.make_tensor_descriptor` in the function: one that a loop or a
    branch hands on is an UnsupportedError, and so are reductions of the kinds `inc` and `dec`.
    Ensures: no descriptors but those whose tiles the target copies. Leaves alone: everything else.
    """

    name = "triton-rewrite-tensor-descriptor-to-pointer"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        unit, kept = tile_copies_of(ctx), set[SSAValue]()
        for function in op.ops:
            if isinstance(function, tt.FuncOp) and function.body.blocks and is_public(function):
                if unit is not None:
                    kept |= self._tiled(ctx, function, unit)
                _make_described(function, kept)
        for inner in list(op.walk()):
            if inner.operands and inner.operands[0] in kept:
                continue
            if isinstance(inner, tt.DescriptorLoadOp | tt.DescriptorGatherOp):
                _load(inner)
            elif isinstance(inner, tt.DescriptorStoreOp | tt.DescriptorScatterOp | tt.DescriptorReduceOp):
                _store(inner)
        for inner in list(op.walk()):
            if isinstance(inner, tt.MakeTensorDescOp) and inner.result.first_use is None and inner.result not in kept:
                erase(inner)
        for inner in op.walk():
            arguments = (arg for region in inner.regions for block in region.blocks for arg in block.args)
            for value in (*inner.results, *arguments):
                if isinstance(value.type, TensorDescType) and value not in kept:
                    raise _not_made_here(value)

    def _tiled(self, ctx: Context, function: tt.FuncOp, unit: TileCopies) -> set[SSAValue]:
        """The descriptors of the host that stay, with the promises that the unit needs."""
        kept = set[SSAValue]()
        parameters = list(FunctionAbi.of(function).parameters)
        for i, arg in enumerate(function.args):
            if not isinstance(arg.type, TensorDescType):
                continue
            if why := why_no_tiles(arg.type, unit):
                remark(ctx, self, arg, f"pointers: {why}")
            elif (other := other_use(arg)) is not None:
                remark(ctx, self, other, f"pointers: '{other.name}' is no copy of a tile")
            else:
                kept.add(arg)
                parameters[i] = _promising(parameters[i], unit.granule)
                rank, size = len(arg.type.get_shape()), (element_bits(arg.type) or 8) // 8
                for at in range(i + 1 + rank, i + 2 * rank):
                    parameters[at] = _promising(parameters[at], max(unit.granule // size, 1))
        if kept:
            function.attributes[ABI] = FunctionAbi(function.sym_name.data, tuple(parameters)).attribute()
        infos = AxisInfoAnalysis(function)
        for op in function.walk():
            if not isinstance(op, tt.MakeTensorDescOp):
                continue
            type = op.result.type
            assert isinstance(type, TensorDescType)
            if why := why_no_tiles(type, unit) or _why_not_made(op, infos, unit):
                remark(ctx, self, op, f"pointers: {why}")
            elif (other := other_use(op.result)) is not None:
                remark(ctx, self, other, f"pointers: '{other.name}' is no copy of a tile")
            else:
                kept.add(op.result)
        return kept


def _why_not_made(op: tt.MakeTensorDescOp, infos: AxisInfoAnalysis, unit: TileCopies) -> str:
    """Why a program cannot make this descriptor for the unit, or nothing."""
    if not isinstance(op.parent_op(), tt.FuncOp):
        return "a loop or a branch makes it"
    if infos.of(op.base).divisibility[0] % unit.granule:
        return f"nothing promises that its tensor begins at a multiple of {unit.granule} bytes"
    size = (element_bits(op.result.type) or 8) // 8
    for dim, stride in enumerate(op.strides[:-1]):
        if infos.of(stride).divisibility[0] * size % unit.granule:
            return f"nothing promises that its stride {dim} is a multiple of {unit.granule} bytes"
    return ""


def _promising(parameter: Parameter, divisor: int) -> Parameter:
    """The parameter as one that the caller promises to be divisible."""
    known = parameter.promises.get(DIVISIBILITY, 1)
    return replace(parameter, promises={**parameter.promises, DIVISIBILITY: lcm(known, divisor)})


def _make_described(function: tt.FuncOp, kept: Set[SSAValue]) -> None:
    """Descriptors of the host are made at the start of the function, of a pointer and the sizes and strides behind it.

    `ml.abi` keeps what a launch checks of them.
    """
    described = [arg for arg in function.args if isinstance(arg.type, TensorDescType) and arg not in kept]
    if not described:
        return
    abi = FunctionAbi.of(function)
    function.attributes[ABI] = abi.attribute()
    first = function.body.blocks[0].first_op
    assert first is not None
    for i, arg in enumerate(function.args):
        type = arg.type
        if isinstance(type, TensorDescType) and arg in described:
            rank = len(type.get_shape())
            base = Rewriter.replace_value_with_new_type(arg, PointerType(abi.parameters[i].type))
            function.args[i].location = arg.location
            one = value_before(first, arith.ConstantOp(IntegerAttr(1, i64)))
            sizes, strides = function.args[i + 1 :][:rank], (*function.args[i + 1 + rank :][: rank - 1], one)
            made = tt.MakeTensorDescOp.build(operands=[base, sizes, strides], result_types=[type])
            base.replace_all_uses_with(made.result)
            insert_before(first, made)
            made.operands[0] = base
    function.function_type = FunctionType.from_lists(
        [arg.type for arg in function.args], list(function.function_type.outputs)
    )


def _load(op: tt.DescriptorLoadOp | tt.DescriptorGatherOp) -> None:
    block = _Block(op)
    element = tensor_type(op.result).element_type
    padding = block.constant(_padding(block.descriptor, element), block.of(element))
    load = tt.LoadOp(block.pointers(), block.mask(), padding)
    if isinstance(op, tt.DescriptorLoadOp) and op.cache_policy is not None:
        load.cache_policy = op.cache_policy
    insert_before(op, load)
    op.result.replace_all_uses_with(block.reshaped(load.result, tensor_type(op.result)))
    erase(op)


def _store(op: tt.DescriptorStoreOp | tt.DescriptorScatterOp | tt.DescriptorReduceOp) -> None:
    block = _Block(op)
    pointers, mask = block.pointers(), block.mask()
    value = block.reshaped(op.src, block.of(tensor_type(op.src).element_type))
    if isinstance(op, tt.DescriptorReduceOp):
        insert_before(op, _atomic(op, pointers, value, mask))
    else:
        insert_before(op, tt.StoreOp(pointers, value, mask))
    erase(op)


def _atomic(op: tt.DescriptorReduceOp, pointers: SSAValue, value: SSAValue, mask: SSAValue) -> Operation:
    kind = KINDS.get(op.reduce_kind)
    if kind is None:
        raise UnsupportedError(
            f"'{op.name}' of kind {op.reduce_kind.keyword}",
            rule=f"what is an atomic as well is one of {', '.join(kind.keyword for kind in KINDS)}",
            places=places_of(op),
        )
    if kind is RMWOp.ADD and isinstance(tensor_type(value).element_type, AnyFloat):
        kind = RMWOp.FADD
    return tt.AtomicRMWOp.build(
        operands=[pointers, value, [mask]],
        result_types=[value.type],
        properties={
            "atomic_rmw_op": kind.attribute,
            "sem": MemSemantic.RELAXED.attribute,
            "scope": MemSyncScope.GPU.attribute,
        },
    )


def _padding(descriptor: tt.MakeTensorDescOp, element: Attribute) -> Constant:
    is_nan = descriptor.padding_option is PaddingOption.PAD_NAN and isinstance(element, AnyFloat)
    return float("nan") if is_nan else 0.0 if isinstance(element, AnyFloat) else 0


def _not_made_here(value: SSAValue) -> UnsupportedError:
    name = f"%{value.name_hint}" if value.name_hint else "a value"
    return UnsupportedError(
        f"{name} of type {value.type} is handed on by a loop, a branch or a call",
        rule="a descriptor is an argument of the kernel, or made in it by tt.make_tensor_descriptor, and used as it is",
        places=places_of(value),
    )


class _Block:
    """The block that an operation accesses: its pointers and its mask are written in front of it."""

    def __init__(self, op: IRDLOperation):
        self.op = op
        descriptor = cast("SSAValue", cast("Any", op).desc)
        if not isinstance(descriptor.owner, tt.MakeTensorDescOp):
            raise _not_made_here(descriptor)
        self.descriptor = descriptor.owner
        if isinstance(op, tt.DescriptorGatherOp | tt.DescriptorScatterOp):
            rows = tensor_type(op.x_offsets).get_shape()
            columns = tensor_type(op.result if isinstance(op, tt.DescriptorGatherOp) else op.src).get_shape()[1]
            self.shape = (*rows, columns)
            self.indices = [self.wide(op.x_offsets), self.along(op.y_offset, self.shape[1])]
        else:
            self.shape = cast("TensorDescType", descriptor.type).get_shape()
            starts = cast("Sequence[SSAValue]", cast("Any", op).indices)
            self.indices = [self.along(start, size) for start, size in zip(starts, self.shape, strict=True)]

    def of(self, element: Attribute) -> AnyTensor:
        """The type of the block with these elements."""
        return TensorType(element, self.shape)

    def wide(self, value: SSAValue) -> SSAValue:
        """A scalar or a tensor of i32 in 64 bits."""
        shape = tensor_type(value).get_shape() if isinstance(value.type, TensorType) else None
        return value_before(self.op, arith.ExtSIOp(value, i64 if shape is None else TensorType(i64, shape)))

    def along(self, start: SSAValue, size: int) -> SSAValue:
        """The indices from `start` on along one dimension."""
        type = TensorType(i64, [size])
        starts = value_before(self.op, tt.SplatOp(self.wide(start), type))
        positions = self.wide(value_before(self.op, tt.MakeRangeOp(0, size)))
        return value_before(self.op, arith.AddiOp(starts, positions))

    def constant(self, number: Constant, type: AnyTensor) -> SSAValue:
        """A tensor that holds one number."""
        dense = DenseIntOrFPElementsAttr.from_list(cast("Any", type), [number])
        return value_before(self.op, arith.ConstantOp(dense))

    def spread(self, value: SSAValue, dim: int) -> SSAValue:
        """What is given along one dimension over the whole block."""
        for axis in range(len(self.shape)):
            if axis != dim:
                value = value_before(self.op, tt.ExpandDimsOp(value, axis))
        type = self.of(tensor_type(value).element_type)
        return value if value.type == type else value_before(self.op, tt.BroadcastOp(value, type))

    def pointers(self) -> SSAValue:
        """A pointer to every element."""
        base = self.descriptor.base
        at = value_before(self.op, tt.SplatOp(base, self.of(base.type)))
        for dim, (index, stride) in enumerate(zip(self.indices, self.descriptor.strides, strict=True)):
            strides = value_before(self.op, tt.SplatOp(stride, tensor_type(index)))
            offsets = self.spread(value_before(self.op, arith.MuliOp(index, strides)), dim)
            add = tt.AddPtrOp.build(operands=[at, offsets], result_types=[at.type])
            at = value_before(self.op, add)
        return at

    def mask(self) -> SSAValue:
        """Which elements are inside of the tensor."""
        mask: SSAValue | None = None
        for dim, (index, size) in enumerate(zip(self.indices, self.descriptor.shape, strict=True)):
            zeros = self.constant(0, tensor_type(index))
            above = value_before(self.op, arith.CmpiOp(index, zeros, "sge"))
            sizes = value_before(self.op, tt.SplatOp(self.wide(size), tensor_type(index)))
            below = value_before(self.op, arith.CmpiOp(index, sizes, "slt"))
            inside = self.spread(value_before(self.op, arith.AndIOp(above, below)), dim)
            mask = inside if mask is None else value_before(self.op, arith.AndIOp(mask, inside))
        assert mask is not None, "a block has a dimension"
        return mask

    def reshaped(self, value: SSAValue, type: AnyTensor) -> SSAValue:
        """A block in another shape of as many elements."""
        return value if value.type == type else value_before(self.op, tt.ReshapeOp(value, type))
