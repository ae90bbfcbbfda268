"""Atomic accesses to memory that programs share."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import i64
from xdsl.ir import Attribute
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.arithmetic import bitwidth
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.attributes import EnumAttr, MemSemantic, MemSyncScope, RMWOp
from minilinalg.dialects.tt.effects import ReadsAndWritesMemory, WritesMemory
from minilinalg.dialects.tt.memory import MASK_MATCHES
from minilinalg.dialects.tt.traits import SameEncoding, SameOperandsEncoding, TensorSize, TypesMatch, in_order, same
from minilinalg.dialects.tt.types import Bool, Integer, PointerLike, Value, mask_type, pointee_type, pointer_type


class AtomicOperation(FormattedOperation):
    """What all atomics share: an order `sem`, and a `scope` in which it holds."""

    sem = prop_def(EnumAttr(MemSemantic))
    scope = prop_def(EnumAttr(MemSyncScope))

    @property
    def mem_semantic(self) -> MemSemantic:
        """How the access orders those around it."""
        return MemSemantic.of(self.sem)

    @property
    def mem_sync_scope(self) -> MemSyncScope:
        """Which threads see that order."""
        return MemSyncScope.of(self.scope)

    def verify_semantic(self, *allowed: MemSemantic) -> None:
        """Verify that `sem` is one of those that this access can have."""
        if self.mem_semantic not in allowed:
            raise VerifyException(
                f"'{self.name}' with {self.mem_semantic.keyword} semantics: "
                f"they are one of {', '.join(semantic.keyword for semantic in allowed)}"
            )

    def verify_whole_bytes(self, accessed: Attribute) -> None:
        """Verify that one access is to whole bytes."""
        if bitwidth(accessed) < 8:
            raise VerifyException(f"'{self.name}' of {accessed}: elements have at least 8 bits")


@irdl_op_definition
class AtomicRMWOp(AtomicOperation):
    """Read, modify and write memory in one step; the result is what was there before.

    ```mlir
    %old = tt.atomic_rmw fadd, acq_rel, gpu, %p, %v, %mask
           : (tensor<8x!tt.ptr<f32>>, tensor<8xf32>, tensor<8xi1>) -> tensor<8xf32>
    ```

    The operation is one of and, or, xor, add, fadd, max, min, umax, umin, exch. Pointers may be equal: then one access
    follows the other, in no specified order. Where `mask` is false memory stays, and the result is undefined.
    """

    name = "tt.atomic_rmw"
    SYNTAX: ClassVar = Syntax(
        "$atomic_rmw_op `,` $sem `,` $scope `,` $ptr `,` $val (`,` $mask^)? attr-dict "
        "`:` functional-type(operands, $result)"
    )

    atomic_rmw_op = prop_def(EnumAttr(RMWOp))
    ptr = operand_def(PointerLike)
    val = operand_def(Value)
    mask = opt_operand_def(Bool)
    result = result_def(Value)

    traits = in_order(
        ReadsAndWritesMemory(),
        TensorSize(),
        SameEncoding(),
        TypesMatch("val", "ptr", pointer_type, "the pointer points to the value's type"),
        TypesMatch("val", "mask", mask_type, "the mask has one i1 for each value"),
        TypesMatch("val", "result", same, "the result has the type of the value"),
    )

    @property
    def rmw_op(self) -> RMWOp:
        """What is done to the value in memory."""
        return RMWOp.of(self.atomic_rmw_op)


@irdl_op_definition
class AtomicCASOp(AtomicOperation):
    """Compare and swap: where memory equals `cmp`, store `val`; the result is what was there before.

    ```mlir
    %old = tt.atomic_cas acq_rel, gpu, %p, %cmp, %val : (!tt.ptr<i32>, i32, i32) -> i32
    ```
    """

    name = "tt.atomic_cas"
    SYNTAX: ClassVar = Syntax(
        "$sem `,` $scope `,` $ptr `,` $cmp `,` $val attr-dict `:` functional-type(operands, $result)"
    )

    ptr = operand_def(PointerLike)
    cmp = operand_def(Value)
    val = operand_def(Value)
    result = result_def(Value)

    traits = in_order(
        ReadsAndWritesMemory(),
        TensorSize(),
        SameEncoding(),
        TypesMatch("cmp", "ptr", pointer_type, "the pointer points to the type of what is compared"),
        TypesMatch("val", "ptr", pointer_type, "the pointer points to the value's type"),
        TypesMatch("val", "result", same, "the result has the type of the value"),
    )


@irdl_op_definition
class AtomicLoadOp(AtomicOperation):
    """Load in one step, seeing what others released.

    ```mlir
    %x = tt.atomic_load acquire, gpu, %p, %mask : (tensor<8x!tt.ptr<i32>>, tensor<8xi1>) -> tensor<8xi32>
    ```

    `sem` is relaxed or acquire. It is never removed or merged, even when the result is not used.
    """

    name = "tt.atomic_load"
    SYNTAX: ClassVar = Syntax("$sem `,` $scope `,` $ptr (`,` $mask^)? attr-dict `:` functional-type(operands, $result)")

    ptr = operand_def(PointerLike)
    mask = opt_operand_def(Bool)
    result = result_def(Value)

    traits = in_order(
        ReadsAndWritesMemory(),
        TensorSize(),
        SameEncoding(),
        TypesMatch("ptr", "result", pointee_type, "the result has the pointee type"),
        MASK_MATCHES,
    )

    def verify_(self) -> None:
        self.verify_semantic(MemSemantic.RELAXED, MemSemantic.ACQUIRE)
        self.verify_whole_bytes(self.result.type)


@irdl_op_definition
class AtomicStoreOp(AtomicOperation):
    """Store in one step, releasing what was written before.

    ```mlir
    tt.atomic_store release, gpu, %p, %x, %mask : tensor<8x!tt.ptr<i32>>
    ```

    `sem` is relaxed or release.
    """

    name = "tt.atomic_store"
    SYNTAX: ClassVar = Syntax("$sem `,` $scope `,` $ptr `,` $value (`,` $mask^)? attr-dict `:` type($ptr)")

    ptr = operand_def(PointerLike)
    value = operand_def(Value)
    mask = opt_operand_def(Bool)

    traits = in_order(
        WritesMemory(),
        TensorSize(),
        SameOperandsEncoding(),
        TypesMatch("ptr", "value", pointee_type, "the value has the pointee type"),
        MASK_MATCHES,
    )

    def verify_(self) -> None:
        self.verify_semantic(MemSemantic.RELAXED, MemSemantic.RELEASE)
        self.verify_whole_bytes(self.value.type)


@irdl_op_definition
class AtomicPollOp(AtomicOperation):
    """Load again and again until memory equals `expected` or the time is over; the result says whether it does.

    ```mlir
    %ok = tt.atomic_poll acquire, gpu, %p, %expected timeout %ns : !tt.ptr<i32>, i32 -> i1
    ```

    For tensors, each element is polled, all within one `timeout`; each is loaded at least once. Elements are integers
    of 16, 32 or 64 bits; `sem` is relaxed or acquire.
    """

    name = "tt.atomic_poll"
    SYNTAX: ClassVar = Syntax(
        "$sem `,` $scope `,` $ptr `,` $expected (`timeout` $timeout^)? attr-dict "
        "`:` qualified(type($ptr)) `,` type($expected) `->` type($result)"
    )

    ptr = operand_def(PointerLike)
    expected = operand_def(Integer)
    timeout = opt_operand_def(i64)
    result = result_def(Bool)

    traits = in_order(
        ReadsAndWritesMemory(),
        TensorSize(),
        SameEncoding(),
        TypesMatch("expected", "ptr", pointer_type, "the pointer points to the type of what is expected"),
        TypesMatch("expected", "result", mask_type, "the result has one i1 for each element"),
    )

    def verify_(self) -> None:
        self.verify_semantic(MemSemantic.RELAXED, MemSemantic.ACQUIRE)
        if bitwidth(self.expected.type) not in (16, 32, 64):
            raise VerifyException(f"'tt.atomic_poll' of {self.expected.type}: elements have 16, 32 or 64 bits")
