"""Views of views of shared memory. Nothing is moved: only what is seen changes."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import DenseArrayBase, i32
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.traits import Pure
from xdsl.utils.bitwise_casts import is_power_of_two
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import in_order
from minilinalg.dialects.tt.types import is_any_integer
from minilinalg.dialects.ttg.types import MemDesc, MemDescType, memdesc_type

TYPES = "attr-dict `:` qualified(type($src)) `->` qualified(type($result))"


class ViewOp(FormattedOperation):
    """An operation that sees part of the memory of `src`, or sees it in another way."""

    src = operand_def(MemDesc)
    result = result_def(MemDesc)

    traits = in_order(Pure())

    def verify_(self) -> None:
        source, result = memdesc_type(self.src), memdesc_type(self.result)
        if source.memory_space != result.memory_space or source.mutable != result.mutable:
            raise VerifyException(
                f"'{self.name}' from {source} to {result}: both are in the same memory, and mutable or not"
            )
        self.verify_view(source, result)

    def verify_view(self, source: MemDescType, result: MemDescType) -> None:
        """Raises VerifyException unless `result` is such a view of `source`."""
        raise AssertionError

    def verify_elements(self, source: MemDescType, result: MemDescType) -> None:
        """Raises VerifyException unless the element types are the same."""
        if source.element_type != result.element_type:
            raise VerifyException(f"'{self.name}' from {source} to {result}: both have the same element type")


@irdl_op_definition
class MemDescIndexOp(ViewOp):
    """See one of the buffers that the first dimension counts.

    ```mlir
    %b = ttg.memdesc_index %a[%i] : !ttg.memdesc<3x64x64xf16, #shared, #smem, mutable>
      -> !ttg.memdesc<64x64xf16, #shared, #smem, mutable>
    ```
    """

    name = "ttg.memdesc_index"
    SYNTAX: ClassVar = Syntax("$src `[` $index `]` " + TYPES)

    src = operand_def(MemDesc)
    index = operand_def(i32)
    result = result_def(MemDesc)

    def verify_view(self, source: MemDescType, result: MemDescType) -> None:
        self.verify_elements(source, result)
        if source.get_shape()[1:] != result.get_shape() or source.layout != result.layout:
            raise VerifyException(
                f"'ttg.memdesc_index' from {source} to {result}: the result lacks the first dimension and has the "
                "same layout"
            )


@irdl_op_definition
class MemDescSubsliceOp(ViewOp):
    """See a part of a buffer, from `offsets` on.

    ```mlir
    %b = ttg.memdesc_subslice %a[32, 0] : !ttg.memdesc<64x64xi8, #shared, #smem, mutable>
      -> !ttg.memdesc<32x64xi8, #shared, #smem, mutable, 64x64>
    ```
    """

    name = "ttg.memdesc_subslice"
    SYNTAX: ClassVar = Syntax("$src `[` $offsets `]` " + TYPES)

    offsets = prop_def(DenseArrayBase.constr(i32))

    def verify_view(self, source: MemDescType, result: MemDescType) -> None:
        self.verify_elements(source, result)
        shape, part, offsets = source.get_shape(), result.get_shape(), self.offsets.get_values()
        what = f"'ttg.memdesc_subslice' of {source} from {list(offsets)} on to {result}"
        if len(part) != len(shape) or len(offsets) != len(shape) or source.layout != result.layout:
            raise VerifyException(f"{what}: all have the same rank, and both the same layout")
        if source.alloc_shape != result.alloc_shape:
            raise VerifyException(f"{what}: both are parts of the same buffer, whose shape stands last")
        for dim, (offset, size, whole) in enumerate(zip(offsets, part, shape, strict=True)):
            if offset < 0 or offset + size > whole:
                raise VerifyException(f"{what}: dimension {dim} ends at {offset + size} of {whole}")
            if size < whole and (not is_power_of_two(size) or offset % size):
                raise VerifyException(f"{what}: dimension {dim} is cut into parts of one size, a power of two")


@irdl_op_definition
class MemDescTransOp(ViewOp):
    """See a buffer with its dimensions in another order: dimension i of the result is dimension `order[i]` of `src`.

    ```mlir
    %b = ttg.memdesc_trans %a {order = array<i32: 1, 0>} : !ttg.memdesc<128x64xf16, #shared, #smem>
      -> !ttg.memdesc<64x128xf16, #shared1, #smem>
    ```
    """

    name = "ttg.memdesc_trans"
    SYNTAX: ClassVar = Syntax("$src " + TYPES)

    order = prop_def(DenseArrayBase.constr(i32))

    def verify_view(self, source: MemDescType, result: MemDescType) -> None:
        self.verify_elements(source, result)
        order, shape = self.order.get_values(), source.get_shape()
        if sorted(order) != list(range(len(shape))):
            raise VerifyException(f"'ttg.memdesc_trans' of {source} by {list(order)}: it names each dimension once")
        if tuple(shape[dim] for dim in order) != result.get_shape():
            raise VerifyException(
                f"'ttg.memdesc_trans' from {source} to {result} by {list(order)}: "
                f"the result's shape is {[shape[dim] for dim in order]}"
            )


@irdl_op_definition
class MemDescReshapeOp(ViewOp):
    """See a buffer in another shape of as many elements.

    ```mlir
    %b = ttg.memdesc_reshape %a : !ttg.memdesc<8x64xf16, #shared, #smem> -> !ttg.memdesc<2x4x64xf16, #shared1, #smem>
    ```
    """

    name = "ttg.memdesc_reshape"
    SYNTAX: ClassVar = Syntax("$src " + TYPES)

    def verify_view(self, source: MemDescType, result: MemDescType) -> None:
        self.verify_elements(source, result)
        if source.elements != result.elements:
            raise VerifyException(
                f"'ttg.memdesc_reshape' from {source.elements} to {result.elements} elements: it keeps their number"
            )


@irdl_op_definition
class MemDescReinterpretOp(ViewOp):
    """See the bytes of a buffer as another type and shape, which reach no further.

    ```mlir
    %b = ttg.memdesc_reinterpret %a : !ttg.memdesc<64xf32, #shared, #smem> -> !ttg.memdesc<128xf16, #shared, #smem>
    ```
    """

    name = "ttg.memdesc_reinterpret"
    SYNTAX: ClassVar = Syntax("$src " + TYPES)

    def verify_view(self, source: MemDescType, result: MemDescType) -> None:
        have, want = (type.elements * _bits(type) for type in (source, result))
        if have < want:
            raise VerifyException(
                f"'ttg.memdesc_reinterpret' of {have // 8} bytes as {want // 8}: the result reaches no further than src"
            )


def _bits(type: MemDescType) -> int:
    element = type.element_type
    return element.width.data if is_any_integer(element) else int(getattr(element, "bitwidth", 64))
