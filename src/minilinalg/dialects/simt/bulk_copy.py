"""Copies of boxes between global and shared memory by the tensor memory accelerator (TMA)."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import ClassVar

from xdsl.dialects.builtin import I32, ArrayAttr, FixedBitwidthType, IntAttr, IntegerAttr, UnitAttr, VectorType, i1, i32
from xdsl.ir import Attribute, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import irdl_attr_definition, irdl_op_definition, operand_def, opt_prop_def, prop_def, var_operand_def
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simt.effects import Orders
from minilinalg.dialects.simt.mbarrier import ONE_ADDRESS
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import in_order

SWIZZLES = (0, 32, 64, 128)
ONE_FLAG = VectorType(i1, [1])
MOST, MOST_DIMS = 256, 5
GRANULE = 16
"""Bytes that a tensor, its lines and those of a box begin at multiples of, and that a copy begins at in a line."""
"""The largest size of a box, and its dimensions."""
BOX_ALIGNMENT = 128
"""Bytes that a box in shared memory begins at a multiple of."""


@irdl_attr_definition
class TensorMapType(ParametrizedAttribute, TypeAttribute):
    """A tensor in global memory as TMA copies boxes of it: `!simt.tensor_map<128x64xf16, swizzle = 128>`.

    The box, the last dimension fastest; its lines in shared memory are `swizzle` bytes long, and of eight lines the
    16-byte parts are exchanged (0: lines as long as the box's, nothing is exchanged). Passed by value, as the launch
    makes it of a descriptor: address, sizes, strides. PTX: a parameter of 128 bytes.
    """

    name = "simt.tensor_map"

    shape: ArrayAttr[IntAttr]
    element_type: Attribute
    swizzle: IntAttr

    @staticmethod
    def of(shape: Sequence[int], element: Attribute, swizzle: int) -> TensorMapType:
        """The type with these sizes of a box."""
        return TensorMapType(ArrayAttr([IntAttr(size) for size in shape]), element, IntAttr(swizzle))

    def get_shape(self) -> tuple[int, ...]:
        """The sizes of a box."""
        return tuple(size.data for size in self.shape)

    @property
    def box_bytes(self) -> int:
        """The bytes of a box."""
        assert isinstance(self.element_type, FixedBitwidthType)
        return prod(self.get_shape()) * self.element_type.bitwidth // 8

    def verify(self) -> None:
        shape, swizzle = self.get_shape(), self.swizzle.data
        if not isinstance(self.element_type, FixedBitwidthType):
            raise VerifyException(f"a tensor map of {self.element_type}: elements have a known width")
        if not 1 <= len(shape) <= MOST_DIMS or any(not 1 <= size <= MOST for size in shape):
            raise VerifyException(f"a box of {'x'.join(map(str, shape))}: one to five sizes from 1 to {MOST}")
        line = shape[-1] * self.element_type.bitwidth // 8
        if swizzle not in SWIZZLES or line % GRANULE or (swizzle and line > swizzle):
            raise VerifyException(
                f"lines of {line} bytes with swizzle = {swizzle}: it is 0, 32, 64 or 128, a line a multiple of 16 "
                "bytes, and no longer"
            )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            sizes, element = parser.parse_ranked_shape()
            parser.parse_punctuation(",")
            parser.parse_keyword("swizzle")
            parser.parse_punctuation("=")
            swizzle = parser.parse_integer(allow_boolean=False)
        return ArrayAttr([IntAttr(size) for size in sizes]), element, IntAttr(swizzle)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            for size in self.get_shape():
                printer.print_string(f"{size}x")
            printer.print_attribute(self.element_type)
            printer.print_string(f", swizzle = {self.swizzle.data}")


class BulkTensorOp(FormattedOperation):
    """A copy of the box at `coords`, an index for each dimension, which may lie outside of the tensor."""

    map = operand_def(TensorMapType)
    coords = var_operand_def(i32)
    traits = in_order(Orders())

    def verify_(self) -> None:
        assert isinstance(self.map.type, TensorMapType)
        if len(self.coords) != len(self.map.type.get_shape()):
            raise VerifyException(
                f"'{self.name}' of {self.map.type} at {len(self.coords)} indices: one for each dimension"
            )


@irdl_op_definition
class BulkTensorLoadOp(BulkTensorOp):
    """Begin to copy a box to shared memory, by the thread whose `when` is true; its bytes arrive at a barrier.

    `simt.bulk_tensor_load %map[%i, %j], %to, %barrier when %w : !simt.tensor_map<128x64xf16, swizzle = 128>`

    Outside of the tensor elements are zero, or NaN where the map says so. `to` is a multiple of 128, with a swizzle of
    what it repeats after.
    PTX: `cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes`.
    """

    name = "simt.bulk_tensor_load"
    SYNTAX: ClassVar = Syntax("$map `[` $coords `]` `,` $to `,` $barrier `when` $when attr-dict `:` type($map)")

    map = operand_def(TensorMapType)
    coords = var_operand_def(i32)
    to = operand_def(ONE_ADDRESS)
    barrier = operand_def(ONE_ADDRESS)
    when = operand_def(ONE_FLAG)

    def __init__(self, map: SSAValue, coords: Sequence[SSAValue], to: SSAValue, barrier: SSAValue, when: SSAValue):
        super().__init__(operands=[map, coords, to, barrier, when])


@irdl_op_definition
class BulkTensorStoreOp(BulkTensorOp):
    """Begin to copy a box from shared memory, by the thread whose `when` is true; outside nothing is written.

    `simt.bulk_tensor_store %map[%i, %j], %from when %w : !simt.tensor_map<128x64xf16, swizzle = 128>`

    PTX: `cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group`.
    """

    name = "simt.bulk_tensor_store"
    SYNTAX: ClassVar = Syntax("$map `[` $coords `]` `,` $source `when` $when attr-dict `:` type($map)")

    map = operand_def(TensorMapType)
    coords = var_operand_def(i32)
    source = operand_def(ONE_ADDRESS)
    when = operand_def(ONE_FLAG)

    def __init__(self, map: SSAValue, coords: Sequence[SSAValue], source: SSAValue, when: SSAValue):
        super().__init__(operands=[map, coords, source, when])


@irdl_op_definition
class BulkCommitOp(FormattedOperation):
    """Make one group of the bulk stores that this thread began since the last: `simt.bulk_commit`.

    PTX: `cp.async.bulk.commit_group`.
    """

    name = "simt.bulk_commit"
    SYNTAX: ClassVar = Syntax("attr-dict")
    traits = in_order(Orders())

    def __init__(self):
        super().__init__()


@irdl_op_definition
class BulkWaitOp(FormattedOperation):
    """Wait until at most `groups` of this thread's groups of bulk stores are under way: `simt.bulk_wait 0 {read}`.

    With `read`, until they have read shared memory. PTX: `cp.async.bulk.wait_group`, `.read`.
    """

    name = "simt.bulk_wait"
    SYNTAX: ClassVar = Syntax("$groups attr-dict")

    groups = prop_def(IntegerAttr[I32])
    read = opt_prop_def(UnitAttr)
    traits = in_order(Orders())

    def __init__(self, groups: int, read: bool = False):
        super().__init__(properties={"groups": IntegerAttr(groups, i32), "read": UnitAttr() if read else None})

    def verify_(self) -> None:
        if self.groups.value.data < 0:
            raise VerifyException(f"'simt.bulk_wait' for {self.groups.value.data} groups: at least 0")
