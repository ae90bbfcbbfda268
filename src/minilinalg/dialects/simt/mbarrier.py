"""Barriers in shared memory that count arrivals and bytes (mbarrier), on which threads wait for bulk copies."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import I32, IntegerAttr, VectorType, i1, i32
from xdsl.ir import SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simt.effects import Orders
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import in_order

ONE_ADDRESS = VectorType(i32, [1])
ONE_FLAG = VectorType(i1, [1])


class MbarrierOp(FormattedOperation):
    """An operation on a barrier: 8 bytes of shared memory at `address`, a multiple of 8."""

    address = operand_def(ONE_ADDRESS)
    traits = in_order(Orders())


@irdl_op_definition
class MbarrierInitOp(MbarrierOp):
    """Make a barrier that `count` arrivals complete, by the thread whose `when` is true.

    `simt.mbarrier_init %at, 1 when %w : vector<1xi32>`. PTX: `mbarrier.init.shared::cta.b64`.
    """

    name = "simt.mbarrier_init"
    SYNTAX: ClassVar = Syntax("$address `,` $count `when` $when attr-dict `:` type($address)")

    count = prop_def(IntegerAttr[I32])
    address = operand_def(ONE_ADDRESS)
    when = operand_def(ONE_FLAG)

    def __init__(self, address: SSAValue, count: int, when: SSAValue):
        super().__init__(operands=[address, when], properties={"count": IntegerAttr(count, i32)})

    def verify_(self) -> None:
        if not 0 < self.count.value.data < 1 << 20:
            raise VerifyException(f"'simt.mbarrier_init' for {self.count.value.data} arrivals: 1 to {(1 << 20) - 1}")


@irdl_op_definition
class MbarrierInvalOp(MbarrierOp):
    """End a barrier, so that its memory can be used otherwise: `simt.mbarrier_inval %at when %w : vector<1xi32>`.

    PTX: `mbarrier.inval`.
    """

    name = "simt.mbarrier_inval"
    SYNTAX: ClassVar = Syntax("$address `when` $when attr-dict `:` type($address)")

    address = operand_def(ONE_ADDRESS)
    when = operand_def(ONE_FLAG)

    def __init__(self, address: SSAValue, when: SSAValue):
        super().__init__(operands=[address, when])


@irdl_op_definition
class MbarrierExpectOp(MbarrierOp):
    """Arrive, and let the phase wait for `bytes` bytes of bulk copies more.

    `simt.mbarrier_arrive_expect_tx %at, 32768 when %w : vector<1xi32>`. PTX: `mbarrier.arrive.expect_tx`.
    """

    name = "simt.mbarrier_arrive_expect_tx"
    SYNTAX: ClassVar = Syntax("$address `,` $bytes `when` $when attr-dict `:` type($address)")

    bytes = prop_def(IntegerAttr[I32])
    address = operand_def(ONE_ADDRESS)
    when = operand_def(ONE_FLAG)

    def __init__(self, address: SSAValue, bytes: int, when: SSAValue):
        super().__init__(operands=[address, when], properties={"bytes": IntegerAttr(bytes, i32)})


@irdl_op_definition
class MbarrierWaitOp(MbarrierOp):
    """Wait until the phase of this parity is complete, all threads, where `pred` is true.

    `simt.mbarrier_wait %at, %parity when %p : vector<1xi32>`. PTX: `mbarrier.try_wait.parity` in a loop.
    """

    name = "simt.mbarrier_wait"
    SYNTAX: ClassVar = Syntax("$address `,` $parity (`when` $pred^)? attr-dict `:` type($address)")

    address = operand_def(ONE_ADDRESS)
    parity = operand_def(i32)
    pred = opt_operand_def(i1)

    def __init__(self, address: SSAValue, parity: SSAValue, pred: SSAValue | None = None):
        super().__init__(operands=[address, parity, pred])
