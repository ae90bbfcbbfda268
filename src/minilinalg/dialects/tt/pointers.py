"""Pointers: arithmetic on them, and casts from and to integers."""

from __future__ import annotations

from typing import ClassVar

from xdsl.irdl import irdl_op_definition, operand_def, result_def
from xdsl.traits import Pure

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import Elementwise, SameEncoding, SameShape, TensorSize, TypesMatch, in_order, same
from minilinalg.dialects.tt.types import Int64, Integer, PointerLike


@irdl_op_definition
class AddPtrOp(FormattedOperation):
    """Move a pointer, or each pointer of a tensor, by `offset` elements.

    ```mlir
    %q = tt.addptr %p, %offset : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
    ```

    The offset counts elements of the pointee type, is signed, and has the shape of `ptr`. Address arithmetic does not
    overflow.
    """

    name = "tt.addptr"
    SYNTAX: ClassVar = Syntax("$ptr `,` $offset attr-dict `:` type($result) `,` type($offset)")

    ptr = operand_def(PointerLike)
    offset = operand_def(Integer)
    result = result_def(PointerLike)

    traits = in_order(
        Pure(),
        TensorSize(),
        Elementwise(),
        SameShape(),
        SameEncoding(),
        TypesMatch("ptr", "result", same, "the result has the type of the pointer"),
    )


@irdl_op_definition
class IntToPtrOp(FormattedOperation):
    """Make a pointer of an address.

    ```mlir
    %p = tt.int_to_ptr %a : i64 -> !tt.ptr<f32>
    ```

    The address is in bytes, and of global memory.
    """

    name = "tt.int_to_ptr"
    SYNTAX: ClassVar = Syntax("$src attr-dict `:` type($src) `->` type($result)")

    src = operand_def(Int64)
    result = result_def(PointerLike)

    traits = in_order(Pure(), TensorSize(), Elementwise(), SameShape(), SameEncoding())


@irdl_op_definition
class PtrToIntOp(FormattedOperation):
    """The address that a pointer holds.

    ```mlir
    %a = tt.ptr_to_int %p : tensor<8x!tt.ptr<f32>> -> tensor<8xi64>
    ```

    The address is in bytes.
    """

    name = "tt.ptr_to_int"
    SYNTAX: ClassVar = Syntax("$src attr-dict `:` type($src) `->` type($result)")

    src = operand_def(PointerLike)
    result = result_def(Int64)

    traits = in_order(Pure(), TensorSize(), Elementwise(), SameShape(), SameEncoding())
