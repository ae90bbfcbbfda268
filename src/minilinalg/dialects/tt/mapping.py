"""A region of scalar operations for each element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from xdsl.dialects.builtin import I32, IntegerAttr, i32
from xdsl.ir import Attribute, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    prop_def,
    region_def,
    var_operand_def,
    var_result_def,
)
from xdsl.traits import HasParent, IsTerminator, MemoryEffectKind, Pure, RecursiveMemoryEffect, has_effects
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import OrderedTraits, SameEncoding, SameShape, TensorSize, in_order
from minilinalg.dialects.tt.types import Tensor, element_type, types_text


@irdl_op_definition
class MapElementwiseOp(IRDLOperation):
    """Run a region of scalar code for each group of `pack` elements.

    ```mlir
    %z = "tt.map_elementwise"(%x, %y) <{pack = 2 : i32}> ({
    ^bb0(%x0: f32, %x1: f32, %y0: i32, %y1: i32):
      tt.map_elementwise.return %x1, %x0 : f32, f32
    }) : (tensor<8xf32>, tensor<8xi32>) -> tensor<8xf32>
    ```

    The region takes `pack` elements of the first operand, then `pack` of the second, and so on, and returns `pack`
    of each result. It may have several blocks, may read memory and may not write it. `pack` is a power of two; which
    elements form a group is not specified.
    """

    name = "tt.map_elementwise"

    srcs = var_operand_def(Tensor)
    pack = prop_def(IntegerAttr[I32])
    result = var_result_def(Tensor)
    scalar_op = region_def()

    traits = in_order(RecursiveMemoryEffect(), TensorSize(), SameShape(), SameEncoding())

    def __init__(self, srcs: Sequence[SSAValue], result_types: Sequence[Attribute], pack: int, scalar_op: Region):
        super().__init__(
            operands=[srcs],
            properties={"pack": IntegerAttr(pack, i32)},
            result_types=[result_types],
            regions=[scalar_op],
        )

    def verify_(self) -> None:
        pack = self.pack.value.data
        if not self.srcs:
            raise VerifyException("'tt.map_elementwise' without operands: it has at least one")
        if pack <= 0 or pack & (pack - 1):
            raise VerifyException(f"'tt.map_elementwise' with pack {pack}: it is a power of two")
        if not self.scalar_op.blocks:
            raise VerifyException("'tt.map_elementwise' with an empty region: it has at least one block")
        found = list(self.scalar_op.blocks[0].arg_types)
        if wanted := packed(found, self.srcs.types, pack):
            raise VerifyException(
                f"'tt.map_elementwise' has a region with arguments ({types_text(found)}): "
                f"pack elements of each operand are {wanted}"
            )
        for op in self.scalar_op.walk():
            if has_effects(op, MemoryEffectKind.WRITE):
                raise VerifyException(f"'{op.name}' inside tt.map_elementwise: its region does not write memory")


def packed(found: Sequence[Attribute], tensors: Sequence[Attribute], pack: int) -> str | None:
    """What the types of `pack` elements of each of the `tensors` are, or None where they are those that were found.

    As many as `pack` says are made only where as many were found: it may be any number.
    """
    types = [element_type(type) for type in tensors]
    if len(found) == pack * len(types):
        wanted = [type for type in types for _ in range(pack)]
        return None if wanted == list(found) else f"({types_text(wanted)})"
    if pack > 16:
        return f"{pack} times ({types_text(types)})"
    return f"({types_text([type for type in types for _ in range(pack)])})"


@irdl_op_definition
class MapElementwiseReturnOp(FormattedOperation):
    """The elements that one run of a `tt.map_elementwise` gives.

    ```mlir
    tt.map_elementwise.return %z0, %z1 : f32, f32
    ```
    """

    name = "tt.map_elementwise.return"
    SYNTAX: ClassVar = Syntax("attr-dict ($result^ `:` type($result))?")

    result = var_operand_def()

    traits = OrderedTraits(lambda: (Pure(), TensorSize(), IsTerminator(), HasParent(MapElementwiseOp)))

    def __init__(self, *result: SSAValue):
        super().__init__(operands=[result])

    def verify_(self) -> None:
        parent = self.parent_op()
        if not isinstance(parent, MapElementwiseOp):
            return
        if wanted := packed(self.result.types, parent.result.types, parent.pack.value.data):
            raise VerifyException(
                f"'tt.map_elementwise.return' with ({types_text(self.result.types)}): "
                f"pack elements of each result are {wanted}"
            )
