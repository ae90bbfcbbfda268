"""Barriers in shared memory on which threads wait for copies (mbarrier), and the fence between the two views of it."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import I32, BoolAttr, IntegerAttr, i1, i32, i64
from xdsl.irdl import (
    AttrSizedOperandSegments,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    var_operand_def,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import in_order
from minilinalg.dialects.ttg.effects import OrdersShared
from minilinalg.dialects.ttg.types import MemDesc, memdesc_type


class BarrierOp(FormattedOperation):
    """An operation on a barrier: a mutable view of one i64 for each block."""

    alloc = operand_def(MemDesc)

    traits = in_order(OrdersShared())

    def verify_(self) -> None:
        type = memdesc_type(self.alloc)
        if type.element_type != i64 or not type.is_mutable or len(type.get_shape()) != 1:
            raise VerifyException(f"'{self.name}' of {type}: a barrier is a mutable row of i64")


@irdl_op_definition
class InitBarrierOp(BarrierOp):
    """Make a barrier that `count` arrivals complete.

    `ttng.init_barrier %b, 1 : !ttg.memdesc<1xi64, #shared, #smem, mutable>`
    """

    name = "ttng.init_barrier"
    SYNTAX: ClassVar = Syntax("$alloc `,` $count attr-dict `:` qualified(type($alloc))")

    alloc = operand_def(MemDesc)
    count = prop_def(IntegerAttr[I32])


@irdl_op_definition
class InvalBarrierOp(BarrierOp):
    """End a barrier, so that its memory can be used otherwise.

    `ttng.inval_barrier %b : !ttg.memdesc<1xi64, #shared, #smem, mutable>`
    """

    name = "ttng.inval_barrier"
    SYNTAX: ClassVar = Syntax("$alloc attr-dict `:` qualified(type($alloc))")

    alloc = operand_def(MemDesc)


@irdl_op_definition
class BarrierExpectOp(BarrierOp):
    """Arrive where `pred` is true, and let the barrier wait for `size` bytes of copies.

    `ttng.barrier_expect %b, 32768, %p : !ttg.memdesc<1xi64, #shared, #smem, mutable>`
    """

    name = "ttng.barrier_expect"
    SYNTAX: ClassVar = Syntax("$alloc `,` $size attr-dict `,` $pred `:` qualified(type($alloc))")

    alloc = operand_def(MemDesc)
    pred = operand_def(i1)
    size = prop_def(IntegerAttr[I32])
    from_cta = opt_prop_def(IntegerAttr[I32], prop_name="fromCTA")


@irdl_op_definition
class ArriveBarrierOp(BarrierOp):
    """Arrive `count` times, where `pred` is true.

    `ttng.arrive_barrier %b, 1 : !ttg.memdesc<1xi64, #shared, #smem, mutable>`

    `multicastCTA` and `fromCTA` choose among the barriers of a cluster's blocks.
    """

    name = "ttng.arrive_barrier"
    SYNTAX: ClassVar = Syntax("$alloc `,` $count (`,` $pred^)? attr-dict `:` qualified(type($alloc))")

    alloc = operand_def(MemDesc)
    count = prop_def(IntegerAttr[I32])
    pred = opt_operand_def(i1)
    from_cta = opt_prop_def(IntegerAttr[I32], prop_name="fromCTA")
    multicast_cta = prop_def(IntegerAttr[I32], default_value=IntegerAttr(0, i32), prop_name="multicastCTA")

    def verify_(self) -> None:
        super().verify_()
        if self.count.value.data < 1:
            raise VerifyException(f"'ttng.arrive_barrier' {self.count.value.data} times: at least once")


@irdl_op_definition
class WaitBarrierOp(BarrierOp):
    """Wait, where `pred` is true, until the phase of this parity is complete.

    `ttng.wait_barrier %b, %phase : !ttg.memdesc<1xi64, #shared, #smem, mutable>`

    `deps` are views that may be accessed until then.
    """

    name = "ttng.wait_barrier"
    SYNTAX: ClassVar = Syntax(
        "$alloc `,` $phase (`,` $pred^)? (`deps` $deps^)? attr-dict `:` qualified(type($alloc)) (`,` type($deps)^)?"
    )

    alloc = operand_def(MemDesc)
    phase = operand_def(i32)
    pred = opt_operand_def(i1)
    deps = var_operand_def(MemDesc)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)


@irdl_op_definition
class FenceAsyncSharedOp(FormattedOperation):
    """Let asynchronous operations see what threads wrote to shared memory.

    `ttng.fence_async_shared {bCluster = false}`

    `bCluster` extends it to the blocks of the cluster.
    """

    name = "ttng.fence_async_shared"
    SYNTAX: ClassVar = Syntax("attr-dict")

    b_cluster = prop_def(BoolAttr, prop_name="bCluster")

    traits = in_order(OrdersShared())
