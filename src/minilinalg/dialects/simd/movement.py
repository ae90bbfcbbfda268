"""Instructions that move elements and compute nothing: DMA, fill, move, index ramp, broadcast, transpose."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import DenseArrayBase, IndexType, IntegerAttr, IntegerType, i64
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simd.buffers import element_bytes, strides_of
from minilinalg.dialects.simd.instruction import Clause, Instruction, Spec
from minilinalg.dialects.upstream.constraints import may_agree


@irdl_op_definition
class DmaOp(Instruction):
    """
    Copy between two memories, or within one: source -> destination.

    `simd.dma %src -> %dst : memref<?xf32, strided<[1], offset: ?>, #simd.space<gdram>>
                          -> memref<?xf32, strided<[1]>, #simd.space<nram>>`

    Shapes are equal (a dynamic extent must be equal when it runs), element types too; both sides may be strided. The
    target's path from the one space to the other gives pipe, start-up time, bandwidth and granule; a pair of spaces
    without a path has no DMA. Source and destination may not overlap.
    """

    name = "simd.dma"
    SPEC: ClassVar[Spec] = Spec("dma", "memref.copy", None, None, "copy from one memory to another")

    def verify_instruction(self) -> None:
        self.expect_operands(1)
        if not self.input_types:
            raise VerifyException("the source is a scalar; simd.dma copies from a buffer (simd.fill takes a scalar)")
        source, destination = self.input_types[0], self.output_types[0]
        if source.element_type != destination.element_type:
            raise VerifyException(
                f"from {source.element_type} to {destination.element_type}; simd.dma copies between equal element types"
            )
        if not may_agree(source.get_shape(), destination.get_shape()):
            raise VerifyException(f"from {source} to {destination}; simd.dma copies between equal shapes")
        for type in (source, destination):
            if strides_of(type) is None:
                raise VerifyException(f"{type} has a layout that is not strided; simd.dma knows strides only")

    @property
    def width(self) -> int:
        return element_bytes(self.output_types[0])


@irdl_op_definition
class FillOp(Instruction):
    """
    Write one scalar into every element of a buffer.

    `simd.fill %zero -> %buffer : f32 -> memref<64xf32, #simd.space<nram>>`
    """

    name = "simd.fill"
    SPEC: ClassVar[Spec] = Spec("fill", "linalg.fill", "vector", "fill", "a scalar into every element")

    def verify_instruction(self) -> None:
        self.expect_operands(1)
        self.expect_vector_buffers(self.output_types)
        if (found := self.inputs[0].type) != (wanted := self.output_types[0].element_type):
            raise VerifyException(f"a value of {found} into elements of {wanted}; simd.fill has one type for both")


@irdl_op_definition
class MoveOp(Instruction):
    """
    Copy a gapless buffer to another one of the same space, through the vector unit.

    `simd.move %a -> %b : memref<64xf32, #simd.space<nram>>`

    Shapes may differ as long as the number of elements is the same. A strided copy on chip is a `simd.dma`.
    """

    name = "simd.move"
    SPEC: ClassVar[Spec] = Spec("move", "memref.copy", "vector", "move", "copy within one memory")

    def verify_instruction(self) -> None:
        self.expect_operands(1)
        _expect_buffer_input(self)
        self.expect_vector_buffers((*self.input_types, *self.output_types))
        source, destination = self.input_types[0], self.output_types[0]
        if source.element_type != destination.element_type or source.element_count() != destination.element_count():
            raise VerifyException(f"from {source} to {destination}; simd.move has equal types and counts on both sides")


@irdl_op_definition
class IotaOp(Instruction):
    """
    Write into every element its index along one dimension, as an integer.

    `simd.iota -> %ramp dim = 0 : memref<64xi32, #simd.space<nram>>`
    """

    name = "simd.iota"
    SPEC: ClassVar[Spec] = Spec("iota", "linalg.index", "vector", "iota", "each element's index along a dimension")
    CLAUSES: ClassVar[tuple[Clause, ...]] = (Clause("dim", "int"),)

    dim = prop_def(IntegerAttr)

    def verify_instruction(self) -> None:
        self.expect_operands(0)
        self.expect_vector_buffers(self.output_types)
        type = self.output_types[0]
        if not isinstance(type.element_type, IntegerType | IndexType):
            raise VerifyException(f"elements of {type.element_type}; simd.iota writes integers or indices")
        if not 0 <= self.dim.value.data < len(type.shape):
            raise VerifyException(f"dim = {self.dim.value.data} of {type}; a dimension is below the rank")


@irdl_op_definition
class BroadcastOp(Instruction):
    """
    Repeat a buffer along new dimensions, as linalg.broadcast does.

    `simd.broadcast %row -> %tile dimensions = [0] : memref<64xf32, #simd.space<nram>>
                                                  -> memref<8x64xf32, #simd.space<nram>>`

    `dimensions` are those of the output that the input does not have, ascending.
    """

    name = "simd.broadcast"
    SPEC: ClassVar[Spec] = Spec("broadcast", "linalg.broadcast", "vector", "broadcast", "repeat along new dimensions")
    CLAUSES: ClassVar[tuple[Clause, ...]] = (Clause("dimensions", "ints"),)

    dimensions = prop_def(DenseArrayBase.constr(i64))

    def verify_instruction(self) -> None:
        self.expect_operands(1)
        _expect_buffer_input(self)
        self.expect_vector_buffers((*self.input_types, *self.output_types))
        source, result = self.input_types[0], self.output_types[0]
        new = expect_dimensions(self.dimensions, len(result.shape))
        kept = [extent for dim, extent in enumerate(result.get_shape()) if dim not in new]
        if source.element_type != result.element_type or list(source.get_shape()) != kept:
            raise VerifyException(
                f"from {source} to {result}; simd.broadcast adds dimensions {list(new)} and changes nothing else"
            )


@irdl_op_definition
class TransposeOp(Instruction):
    """
    Permute dimensions, as linalg.transpose does: dimension i of the output is dimension `permutation[i]` of the input.

    `simd.transpose %a -> %b permutation = [1, 0] : memref<8x64xf32, #simd.space<nram>>
                                                 -> memref<64x8xf32, #simd.space<nram>>`

    Input and output may not overlap.
    """

    name = "simd.transpose"
    SPEC: ClassVar[Spec] = Spec("transpose", "linalg.transpose", "vector", "transpose", "permute dimensions")
    CLAUSES: ClassVar[tuple[Clause, ...]] = (Clause("permutation", "ints"),)

    permutation = prop_def(DenseArrayBase.constr(i64))

    def verify_instruction(self) -> None:
        self.expect_operands(1)
        _expect_buffer_input(self)
        self.expect_vector_buffers((*self.input_types, *self.output_types))
        source, result = self.input_types[0], self.output_types[0]
        order = [int(dim) for dim in self.permutation.get_values()]
        if sorted(order) != list(range(len(source.shape))):
            raise VerifyException(f"permutation = {order} of {source}; it names each dimension of the input once")
        permuted = [source.get_shape()[dim] for dim in order]
        if source.element_type != result.element_type or permuted != list(result.get_shape()):
            raise VerifyException(f"from {source} to {result}; simd.transpose permutes dimensions by {order}")


def expect_dimensions(attribute: DenseArrayBase[IntegerType], rank: int) -> tuple[int, ...]:
    """The dimensions that a clause names. Raises VerifyException unless they ascend and are below `rank`."""
    dims = tuple(int(dim) for dim in attribute.get_values())
    if list(dims) != sorted(set(dims)) or any(not 0 <= dim < rank for dim in dims):
        raise VerifyException(f"dimensions = {list(dims)} of rank {rank}; they ascend and are below the rank")
    return dims


def _expect_buffer_input(op: Instruction) -> None:
    if not op.input_types:
        raise VerifyException(f"the input is a scalar; {op.name} has a buffer there")


MOVEMENT: tuple[type[Instruction], ...] = (DmaOp, FillOp, MoveOp, IotaOp, BroadcastOp, TransposeOp)
