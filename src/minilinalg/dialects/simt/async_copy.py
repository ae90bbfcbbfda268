"""Copies from global to shared memory that go on while the threads run: cp.async, in groups of each thread."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import I32, IntegerAttr, i32
from xdsl.ir import SSAValue
from xdsl.irdl import AttrSizedOperandSegments, irdl_op_definition, operand_def, opt_operand_def, prop_def
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simt.effects import CopiesToShared, Orders
from minilinalg.dialects.simt.types import GlobalAddresses, MaskVector, SharedAddresses, count_of, mask_of
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import TypesMatch, in_order

COPY_BYTES = (4, 8, 16)


@irdl_op_definition
class CpAsyncOp(FormattedOperation):
    """Begin to copy `bytes` bytes from each global address to the shared one beside it; zeros where `mask` is false.

    `simt.cp_async %to, %from, 16 when %w mask %m : vector<2xi32>, vector<2xi64>`

    Where `when` is false nothing is copied: another thread does it. Both addresses are multiples of `bytes`, 4, 8 or
    16. The bytes are there for the thread behind `simt.cp_async_wait`, for the others behind a barrier after it.
    PTX: `cp.async.cg` (16 bytes) or `.ca`, under a predicate, with a source size of 0 where the mask is false.
    """

    name = "simt.cp_async"
    SYNTAX: ClassVar = Syntax(
        "$to `,` $source `,` $bytes (`when` $when^)? (`mask` $mask^)? attr-dict `:` type($to) `,` type($source)"
    )

    bytes = prop_def(IntegerAttr[I32])
    to = operand_def(SharedAddresses)
    source = operand_def(GlobalAddresses)
    when = opt_operand_def(MaskVector)
    mask = opt_operand_def(MaskVector)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = in_order(
        CopiesToShared(),
        TypesMatch("source", "when", mask_of, "when has one i1 for each address"),
        TypesMatch("source", "mask", mask_of, "the mask has one i1 for each address"),
    )

    def __init__(
        self, to: SSAValue, source: SSAValue, bytes: int, mask: SSAValue | None = None, when: SSAValue | None = None
    ):
        super().__init__(operands=[to, source, when, mask], properties={"bytes": IntegerAttr(bytes, i32)})

    def verify_(self) -> None:
        if self.bytes.value.data not in COPY_BYTES:
            raise VerifyException(f"'simt.cp_async' of {self.bytes.value.data} bytes: 4, 8 or 16")
        if count_of(self.to.type) != count_of(self.source.type):
            raise VerifyException(
                f"'simt.cp_async' from {self.source.type} to {self.to.type}: one address beside the other"
            )


@irdl_op_definition
class CpAsyncCommitOp(FormattedOperation):
    """Make one group of the copies that this thread began since the last: `simt.cp_async_commit`.

    PTX: `cp.async.commit_group`.
    """

    name = "simt.cp_async_commit"
    SYNTAX: ClassVar = Syntax("attr-dict")
    traits = in_order(Orders())

    def __init__(self):
        super().__init__()


@irdl_op_definition
class CpAsyncWaitOp(FormattedOperation):
    """Wait until at most `groups` of this thread's groups are under way: `simt.cp_async_wait 2`.

    PTX: `cp.async.wait_group`.
    """

    name = "simt.cp_async_wait"
    SYNTAX: ClassVar = Syntax("$groups attr-dict")

    groups = prop_def(IntegerAttr[I32])
    traits = in_order(Orders())

    def __init__(self, groups: int):
        super().__init__(properties={"groups": IntegerAttr(groups, i32)})

    def verify_(self) -> None:
        if self.groups.value.data < 0:
            raise VerifyException(f"'simt.cp_async_wait' for {self.groups.value.data} groups: at least 0")
