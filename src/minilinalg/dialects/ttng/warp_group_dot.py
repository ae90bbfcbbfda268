"""Matrix products by four warps together, from shared memory: wgmma."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import I32, BoolAttr, IntegerAttr, UnitAttr, i1, i32
from xdsl.ir import Attribute
from xdsl.irdl import (
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    var_operand_def,
    var_result_def,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.attributes import EnumAttr, InputPrecision
from minilinalg.dialects.tt.memory import FALSE
from minilinalg.dialects.tt.traits import TensorSize, TypesMatch, in_order, same
from minilinalg.dialects.tt.types import FloatIntTensor, TypeClass, is_tensor
from minilinalg.dialects.ttg.effects import OrdersShared, ReadsShared
from minilinalg.dialects.ttg.layout_rules import TensorsHaveLayouts, elements_of
from minilinalg.dialects.ttg.types import MemDesc, MemDescType

TensorOrMemDesc: TypeClass[Attribute] = TypeClass(
    "a tensor or a view of shared memory", lambda type: is_tensor(type) or isinstance(type, MemDescType)
)


@irdl_op_definition
class WarpGroupDotOp(FormattedOperation):
    """d = a x b + c, where b is in shared memory, and a there or in registers.

    ```mlir
    %d = ttng.warp_group_dot %a, %b, %c {inputPrecision = 0 : i32, isAsync = true}
         : !ttg.memdesc<64x64xf16, #shared, #smem> * !ttg.memdesc<64x64xf16, #shared1, #smem> -> tensor<64x64xf32, #mma>
    ```

    Where `useC` is false, c counts as zero. With `isAsync` the result is there only behind a wait,
    `ttng.warp_group_dot_wait`.
    """

    name = "ttng.warp_group_dot"
    SYNTAX: ClassVar = Syntax(
        "$a `,` $b `,` $c (`,` $useC^)? attr-dict `:` type($a) `*` qualified(type($b)) `->` type($d)"
    )

    a = operand_def(TensorOrMemDesc)
    b = operand_def(MemDesc)
    c = operand_def(FloatIntTensor)
    use_c = opt_operand_def(i1)
    input_precision = prop_def(
        EnumAttr(InputPrecision), default_value=InputPrecision.IEEE.attribute, prop_name="inputPrecision"
    )
    max_num_imprecise_acc = prop_def(
        IntegerAttr[I32], default_value=IntegerAttr(0, i32), prop_name="maxNumImpreciseAcc"
    )
    is_async = prop_def(BoolAttr, default_value=FALSE, prop_name="isAsync")
    d = result_def(FloatIntTensor)

    traits = in_order(
        ReadsShared(),
        TensorSize(),
        TensorsHaveLayouts(),
        TypesMatch("d", "c", same, "the result has the type of c"),
    )

    def verify_(self) -> None:
        (a, _), (b, _), (d, _) = (elements_of(value.type) for value in (self.a, self.b, self.d))
        if len(a) != 2 or len(b) != 2 or len(d) != 2 or a[1] != b[0] or (a[0], b[1]) != d:
            raise VerifyException(
                f"'ttng.warp_group_dot' of {self.a.type} and {self.b.type} to {self.d.type}: "
                "the shapes are m x k, k x n and m x n"
            )


@irdl_op_definition
class WarpGroupDotWaitOp(FormattedOperation):
    """Wait until at most `pendings` asynchronous dots of this warp group are under way.

    `%d = ttng.warp_group_dot_wait %c {pendings = 1 : i32} : tensor<64x64xf32, #mma>`

    `inputs` are the results that are waited for, and the views that their dots read; the results are the same values.
    """

    name = "ttng.warp_group_dot_wait"
    SYNTAX: ClassVar = Syntax("$inputs attr-dict `:` type($inputs)")

    inputs = var_operand_def(TensorOrMemDesc)
    pendings = prop_def(IntegerAttr[I32])
    warp_group_local = opt_prop_def(UnitAttr, prop_name="warpGroupLocal")
    outputs = var_result_def(TensorOrMemDesc)

    traits = in_order(
        OrdersShared(),
        TensorSize(),
        TensorsHaveLayouts(),
        TypesMatch("inputs", "outputs", same, "a result has the type of its input"),
    )

    def verify_(self) -> None:
        if not self.inputs or len(self.inputs) != len(self.outputs):
            raise VerifyException(
                f"'ttng.warp_group_dot_wait' of {len(self.inputs)} values with {len(self.outputs)} results: "
                "a result for each value, one at least"
            )
        if self.pendings.value.data < 0:
            raise VerifyException(f"'ttng.warp_group_dot_wait' for {self.pendings.value.data} dots: at least 0")
