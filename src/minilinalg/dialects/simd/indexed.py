"""Instructions of a DMA that takes a list of indices: rows of an array in one memory, side by side in another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, cast

from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, i1
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simd.buffers import Buffer, element_bytes, is_run
from minilinalg.dialects.simd.instruction import Clause, Instruction, Spec
from minilinalg.dialects.upstream.constraints import may_agree


class Indexed(Instruction, ABC):
    """What gather and scatter share: the rows of `array` along `dim`, one for each index, and the same rows in `block`.

    The block has the shape of the index list in the place of the array's dimension `dim`. The lists are gapless.
    """

    CLAUSES: ClassVar[tuple[Clause, ...]] = (Clause("dim", "int"),)

    dim = prop_def(IntegerAttr)

    @property
    @abstractmethod
    def array(self) -> SSAValue:
        """The side that is indexed."""

    @property
    @abstractmethod
    def block(self) -> SSAValue:
        """The side where the rows lie side by side."""

    @property
    def index(self) -> SSAValue:
        return self.inputs[1]

    @property
    def mask(self) -> SSAValue | None:
        return self.inputs[2] if len(self.inputs) > 2 else None

    @property
    def indexed(self) -> int:
        """The dimension of the array that is indexed."""
        return self.dim.value.data

    @property
    def width(self) -> int:
        return element_bytes(self.array.type)

    def verify_instruction(self) -> None:
        self.expect_operands(3 if len(self.inputs) == 3 else 2)
        if len(self.input_types) != len(self.inputs):
            raise VerifyException(f"an input is a scalar; {self.name} has buffers there")
        (first, index, *mask), second = self.input_types, self.output_types[0]
        if first.element_type != second.element_type:
            raise VerifyException(
                f"from {first.element_type} to {second.element_type}; {self.name} moves elements of one type"
            )
        kind = index.element_type
        if not isinstance(kind, IntegerType | IndexType) or kind == i1:
            raise VerifyException(f"indices of {kind}; {self.name} has integers of more than one bit there")
        for type in mask:
            if type.element_type != i1 or not may_agree(type.get_shape(), index.get_shape()):
                raise VerifyException(f"a mask of type {type}; {self.name} has an i1 for each index")
        for type in (index, *mask):
            if not is_run(type):
                raise VerifyException(f"{type} is not gapless; the lists of {self.name} are runs of elements")
        self._verify_shapes(index)

    def _verify_shapes(self, index: Buffer) -> None:
        array, block = (cast("Buffer", value.type).get_shape() for value in (self.array, self.block))
        at = self.indexed
        if not 0 <= at < len(array):
            raise VerifyException(f"dim = {at} of {self.array.type}; a dimension is below the rank")
        if not may_agree(block, (*array[:at], *index.get_shape(), *array[at + 1 :])):
            raise VerifyException(
                f"a block of type {self.block.type}, an array of type {self.array.type} and indices of type {index}; "
                f"{self.name} has the shape of the indices in the place of dimension {at}"
            )


@irdl_op_definition
class GatherOp(Indexed):
    """
    Copy the rows of a buffer that a list of indices names, by one DMA: source, indices and, perhaps, a mask.

    `simd.gather %x, %index -> %rows dim = 0 : memref<?x128xf32, strided<[?, 1], offset: ?>, #simd.space<gdram>>,
    memref<64xi32, #simd.space<nram>> -> memref<64x128xf32, #simd.space<nram>>`

    `rows[i, j] = x[index[i], j]`. Where the mask is false nothing is copied, and the output keeps what it holds. The
    lists are in vector memory. The target's path from the one space to the other gives pipe, start-up time and what an
    entry of the list costs; a path whose DMA takes no lists has no such instruction. What is out of bounds:
    `linalg_ext.gather`.
    """

    name = "simd.gather"
    SPEC: ClassVar[Spec] = Spec("gather", "linalg_ext.gather", None, None, "copy the rows that a list names")

    @property
    def accumulates(self) -> bool:
        return self.mask is not None

    @property
    def array(self) -> SSAValue:
        return self.inputs[0]

    @property
    def block(self) -> SSAValue:
        return self.outputs[0]


@irdl_op_definition
class ScatterOp(Indexed):
    """
    Copy rows to the places that a list of indices names, by one DMA: value, indices and, perhaps, a mask.

    `simd.scatter %rows, %index -> %x dim = 0 : memref<64x128xf32, #simd.space<nram>>,
    memref<64xi32, #simd.space<nram>> -> memref<?x128xf32, strided<[?, 1], offset: ?>, #simd.space<gdram>>`

    `x[index[i], j] = rows[i, j]`, in row-major order of the indices: where several rows go to one place, the last one
    stays. The rest as for `simd.gather`.
    """

    name = "simd.scatter"
    SPEC: ClassVar[Spec] = Spec("scatter", "linalg_ext.scatter", None, None, "copy rows to where a list says")

    @property
    def array(self) -> SSAValue:
        return self.outputs[0]

    @property
    def block(self) -> SSAValue:
        return self.inputs[0]


INDEXED: tuple[type[Indexed], ...] = (GatherOp, ScatterOp)
