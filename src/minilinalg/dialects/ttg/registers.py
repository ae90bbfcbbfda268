"""Operations on tensors in registers, and what else a thread asks for."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import I32, BoolAttr, IntegerAttr, StringAttr, UnitAttr, i32
from xdsl.ir import SSAValue
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.effects import EffectsUnlessPure, is_true
from minilinalg.dialects.tt.foreign import SpeculatableIfPure
from minilinalg.dialects.tt.traits import SameElementType, SameShape, TensorSize, in_order
from minilinalg.dialects.tt.types import AnyTensor, FloatTensor, Pointer, Tensor, Value, is_int_of_width, tensor_of
from minilinalg.dialects.tt.types import tensor_type as type_of
from minilinalg.dialects.ttg.effects import AllocatesGlobal
from minilinalg.dialects.ttg.layout_rules import TensorsHaveLayouts, linear_layout_of
from minilinalg.dialects.ttg.types import MemDescType
from minilinalg.layouts.conversion import Movement, conversion


@irdl_op_definition
class ConvertLayoutOp(FormattedOperation):
    """The same tensor in another layout.

    `%y = ttg.convert_layout %x : tensor<64x64xf16, #mma> -> tensor<64x64xf16, #blocked>`

    `force_warp_shuffle` asks for shuffles where shared memory would be cheaper.
    """

    name = "ttg.convert_layout"
    SYNTAX: ClassVar = Syntax("$src attr-dict `:` type($src) `->` type($result)")

    src = operand_def(Tensor)
    force_warp_shuffle = opt_prop_def(UnitAttr)
    result = result_def(Tensor)

    traits = in_order(Pure(), TensorSize(), SameShape(), SameElementType(), TensorsHaveLayouts())

    def __init__(self, src: SSAValue, result_type: AnyTensor):
        super().__init__(operands=[src], result_types=[result_type])

    def verify_(self) -> None:
        if self.force_warp_shuffle is None:
            return
        old, new = (linear_layout_of(type_of(value)) for value in (self.src, self.result))
        if conversion(old, new).movement > Movement.SHUFFLES:
            raise VerifyException(
                f"'ttg.convert_layout' from {self.src.type} to {self.result.type} with force_warp_shuffle: "
                "elements move between warps"
            )


@irdl_op_definition
class Fp4ToFpOp(FormattedOperation):
    """Unpack two 4-bit floats (e2m1) from each byte, the lower bits first, along dimension `axis`.

    `%y = ttg.fp4_to_fp %x {axis = 1 : i32} : tensor<64x32xi8, #blocked> -> tensor<64x64xf16, #blocked1>`
    """

    name = "ttg.fp4_to_fp"
    SYNTAX: ClassVar = Syntax("$src attr-dict `:` type($src) `->` type($result)")

    src = operand_def(tensor_of("a tensor of i8", is_int_of_width(8)))
    axis = prop_def(IntegerAttr[I32])
    result = result_def(FloatTensor)

    traits = in_order(Pure(), TensorSize())

    def verify_(self) -> None:
        shape, axis = list(type_of(self.src).get_shape()), self.axis.value.data
        if not 0 <= axis < len(shape):
            raise VerifyException(f"'ttg.fp4_to_fp' of {self.src.type} along axis {axis}: it is below {len(shape)}")
        shape[axis] *= 2
        if shape != list(type_of(self.result).get_shape()):
            raise VerifyException(
                f"'ttg.fp4_to_fp' from {self.src.type} to {self.result.type}: the result's shape is {shape}"
            )


@irdl_op_definition
class InlineAsmOp(FormattedOperation):
    """Run assembly text once in each thread, on all its registers of the operands.

    `%y = ttg.inline_asm "mov.b32 $0, $1;" {constraints = "=r,r", pure = true} %x : (i32) -> i32`

    A view of shared memory is passed as its address, and makes the text impure.
    """

    name = "ttg.inline_asm"
    SYNTAX: ClassVar = Syntax("$asm_string attr-dict ($args^)? `:` functional-type($args, $result)")

    asm_string = prop_def(StringAttr)
    constraints = prop_def(StringAttr)
    pure = prop_def(BoolAttr)
    args = var_operand_def()
    result = var_result_def(Value)

    traits = in_order(EffectsUnlessPure(), SpeculatableIfPure(), TensorSize())

    def verify_(self) -> None:
        if is_true(self.pure) and any(isinstance(arg.type, MemDescType) for arg in self.args):
            raise VerifyException("'ttg.inline_asm' is pure and has a view of shared memory: it may change the memory")


SCRATCH_OFFSET_ATTR = "ttg.global_scratch_memory_offset"
"""Of an allocation: where it begins in its program's part, in bytes."""
SCRATCH_SIZE_ATTR = "ttg.global_scratch_memory_size"
"""Of a function or module: the bytes of a program's part."""
SCRATCH_ALIGNMENT_ATTR = "ttg.global_scratch_memory_alignment"
"""Of a function or module: what the part of each program begins at a multiple of, in bytes."""


@irdl_op_definition
class GlobalScratchAllocOp(FormattedOperation):
    """Allocate `nbytes` bytes of global memory for this program alone.

    `%p = ttg.global_scratch_alloc {alignment = 128 : i32, nbytes = 128 : i32} : !tt.ptr<i8>`

    The launch allocates them, for all programs at once (tritongpu-global-scratch-memory-allocation). `alignment` is a
    power of two.
    """

    name = "ttg.global_scratch_alloc"
    SYNTAX: ClassVar = Syntax("attr-dict `:` qualified(type($result))")

    nbytes = prop_def(IntegerAttr[I32])
    alignment = prop_def(IntegerAttr[I32])
    third_party_allocation = opt_prop_def(UnitAttr)
    shared_cluster_state = opt_prop_def(UnitAttr)
    result = result_def(Pointer)

    traits = in_order(AllocatesGlobal())


@irdl_op_definition
class WarpIdOp(FormattedOperation):
    """The number of this thread's warp in its block: `%w = ttg.warp_id`."""

    name = "ttg.warp_id"
    SYNTAX: ClassVar = Syntax("attr-dict")

    omit_uniform_hint = opt_prop_def(UnitAttr, prop_name="omitUniformHint")
    result = result_def(i32)

    traits = in_order(Pure())
