"""Copies from global to shared memory that go on while the program runs: cp.async."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import I32, BoolAttr, IntegerAttr, i32
from xdsl.ir import Attribute
from xdsl.irdl import (
    AttrSizedOperandSegments,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    var_operand_def,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.memory import FALSE, LOAD_MODIFIERS, mask_type_of_pointer, verify_cache_policy
from minilinalg.dialects.tt.traits import TensorSize, TypesMatch, in_order
from minilinalg.dialects.tt.types import Bool, Value, is_pointer, pointee_type, tensor_of
from minilinalg.dialects.ttg.effects import CopiesFromGlobal, OrdersShared
from minilinalg.dialects.ttg.layout_rules import TensorsHaveLayouts, verify_mutable, verify_same_elements
from minilinalg.dialects.ttg.types import TOKEN, MemDesc

PointerTensor = tensor_of("a tensor of pointers", is_pointer)


@irdl_op_definition
class AsyncCopyGlobalToLocalOp(FormattedOperation):
    """Begin to copy what a tensor of pointers points to into all that a view of shared memory sees.

    ```mlir
    %t = ttg.async_copy_global_to_local %p, %b mask %m other %o {contiguity = 8 : i32}
         : tensor<64x64x!tt.ptr<f16>, #blocked> -> <64x64xf16, #shared, #smem, mutable>
    ```

    Operands are those of `tt.load`. `contiguity` is how many elements a thread may copy at once.
    """

    name = "ttg.async_copy_global_to_local"
    SYNTAX: ClassVar = Syntax(
        "$src `,` $result (`mask` $mask^)? (`other` $other^)? attr-dict `:` type($src) `->` type($result)"
    )

    src = operand_def(PointerTensor)
    result = operand_def(MemDesc)
    mask = opt_operand_def(Bool)
    other = opt_operand_def(Value)
    cache_policy = opt_prop_def(Attribute, prop_name="cachePolicy")
    is_volatile = prop_def(BoolAttr, default_value=FALSE, prop_name="isVolatile")
    contiguity = prop_def(IntegerAttr[I32], default_value=IntegerAttr(1, i32))
    token = result_def(TOKEN)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = in_order(
        CopiesFromGlobal(),
        TensorSize(),
        TensorsHaveLayouts(),
        TypesMatch("src", "mask", mask_type_of_pointer, "the mask has one i1 for each pointer"),
        TypesMatch("src", "other", pointee_type, "other has the pointee type"),
    )

    def verify_(self) -> None:
        verify_same_elements(self, pointee_type(self.src.type), self.result.type)
        verify_mutable(self, self.result.type)
        if self.contiguity.value.data < 1:
            raise VerifyException(f"'{self.name}' with contiguity {self.contiguity.value.data}: it is at least 1")
        verify_cache_policy(self.name, self.cache_policy, LOAD_MODIFIERS)


@irdl_op_definition
class AsyncCommitGroupOp(FormattedOperation):
    """Make one group of the copies that this thread began since the last group.

    `%g = ttg.async_commit_group tokens %t0, %t1`
    """

    name = "ttg.async_commit_group"
    SYNTAX: ClassVar = Syntax("(`tokens` $inputTokens^)? attr-dict")

    input_tokens = var_operand_def(TOKEN)
    async_token = result_def(TOKEN)

    traits = in_order(OrdersShared())


@irdl_op_definition
class AsyncWaitOp(FormattedOperation):
    """Wait until at most `num` of this thread's groups of copies are under way.

    `%t = ttg.async_wait %g0, %g1 {num = 2 : i32}`

    Threads do not wait for one another: what the others copied is there behind a barrier.
    """

    name = "ttg.async_wait"
    SYNTAX: ClassVar = Syntax("($asyncToken^)? attr-dict")

    async_token = var_operand_def(TOKEN)
    num = prop_def(IntegerAttr[I32])
    ret_token = result_def(TOKEN)

    traits = in_order(OrdersShared())

    def verify_(self) -> None:
        if self.num.value.data < 0:
            raise VerifyException(f"'ttg.async_wait' for {self.num.value.data} groups: num is at least 0")
