"""Instructions of a DMA that changes memory where it is: atomics on global memory."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from xdsl.dialects.builtin import IndexType, IntegerAttr, IntegerType, i1
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.linalg_ext.atomic_operands import AtomicOperands
from minilinalg.dialects.simd.buffers import is_run
from minilinalg.dialects.simd.instruction import Clause, Instruction, Spec
from minilinalg.dialects.upstream.constraints import may_agree
from minilinalg.dialects.upstream.memref.access import ATOMIC_KINDS, verify_atomic_kind


class Atomic(AtomicOperands, Instruction, ABC):
    """What both share: blocks of values, perhaps a list of indices and a mask; the array, and what it held.

    Without a list the array has the shape of the block; with one it has one dimension. The lists are gapless.
    """

    @property
    def accumulates(self) -> bool:
        return True

    def verify_instruction(self) -> None:
        most = self.VALUES + 2
        if not self.VALUES <= len(self.inputs) <= most or len(self.outputs) not in (1, 2):
            raise VerifyException(
                f"{len(self.inputs)} inputs and {len(self.outputs)} outputs; {self.name} has from {self.VALUES} to "
                f"{most} inputs, and one or two outputs"
            )
        if len(self.input_types) != len(self.inputs):
            raise VerifyException(f"an input is a scalar; {self.name} has buffers there")
        blocks = (*self.input_types[: self.VALUES], *self.output_types[1:])
        array, block = self.output_types[0], blocks[0]
        for type in blocks:
            if type.element_type != array.element_type or not may_agree(type.get_shape(), block.get_shape()):
                raise VerifyException(
                    f"a block of type {type} beside {block} and {array}; {self.name} has blocks of one shape, with the "
                    "elements of the array"
                )
        if self.index is None and not may_agree(array.get_shape(), block.get_shape()):
            raise VerifyException(f"an array of type {array} for {block}; without a list both have one shape")
        if self.index is not None and array.get_num_dims() != 1:
            raise VerifyException(f"an array of type {array}; with a list it has one dimension")
        for number, type in enumerate(self.input_types[self.VALUES :]):
            kind = type.element_type
            fits = kind == i1 if number else isinstance(kind, IntegerType | IndexType) and kind != i1
            if not fits or not is_run(type) or not may_agree(type.get_shape(), block.get_shape()):
                raise VerifyException(
                    f"a list of type {type} for {block}; {self.name} has a gapless list of integers there, and a mask "
                    "of i1 behind it, with an entry for each element"
                )


@irdl_op_definition
class AtomicRMWOp(Atomic):
    """
    Combine each element of an array with that of a block, atomically: value and, perhaps, a list of indices and a mask.

    `simd.atomic_rmw %x -> %array kind = addf : memref<64xf32, #simd.space<nram>> ->
    memref<64xf32, strided<[1], offset: ?>, #simd.space<gdram>>`

    The kinds are those of `memref.atomic_rmw`. A second output, in vector memory, takes what was there before; where
    the mask is false it keeps what it holds. The target's path from the one space to the other gives pipe, start-up
    time and what an element costs (`atomic`); a path without that figure has no such instruction. Every element is read
    and written, and what was there before comes back on the same way.
    """

    name = "simd.atomic_rmw"
    SPEC: ClassVar[Spec] = Spec("atomic_rmw", "linalg_ext.atomic_rmw", None, None, "combine with memory, atomically")
    CLAUSES: ClassVar[tuple[Clause, ...]] = (Clause("kind", "enum", ATOMIC_KINDS),)
    VALUES: ClassVar[int] = 1

    kind = prop_def(IntegerAttr)

    @property
    def kind_name(self) -> str:
        return ATOMIC_KINDS[self.kind.value.data]

    def verify_instruction(self) -> None:
        super().verify_instruction()
        verify_atomic_kind(self, self.kind, self.output_types[0].element_type)


@irdl_op_definition
class AtomicCASOp(Atomic):
    """
    Put the elements of a block where an array has the bits of another block, atomically: expected, value and lists.

    `simd.atomic_cas %expected, %x -> %array, %old : memref<64xi32, #simd.space<nram>>,
    memref<64xi32, #simd.space<nram>> -> memref<64xi32, strided<[1], offset: ?>, #simd.space<gdram>>,
    memref<64xi32, #simd.space<nram>>`

    The rest as for `simd.atomic_rmw`.
    """

    name = "simd.atomic_cas"
    SPEC: ClassVar[Spec] = Spec("atomic_cas", "linalg_ext.atomic_cas", None, None, "compare and swap, atomically")
    VALUES: ClassVar[int] = 2


ATOMICS: tuple[type[Atomic], ...] = (AtomicRMWOp, AtomicCASOp)
