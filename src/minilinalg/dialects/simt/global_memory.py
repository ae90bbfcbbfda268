"""Loads, stores and atomics of global memory."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import UnitAttr
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simt.effects import ReadsGlobal, UpdatesGlobal, WritesGlobal
from minilinalg.dialects.simt.types import (
    GlobalAddress,
    GlobalAddresses,
    Mask,
    MaskVector,
    Value,
    Vector,
    access_bytes,
    count_of,
    mask_of,
)
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.attributes import EnumAttr, MemSemantic, MemSyncScope, RMWOp
from minilinalg.dialects.tt.memory import LOAD_MODIFIERS, STORE_MODIFIERS, verify_cache_policy
from minilinalg.dialects.tt.traits import TypesMatch, in_order, same

MASK_MATCHES = TypesMatch("address", "mask", mask_of, "the mask has one i1 for each address")


@irdl_op_definition
class LoadGlobalOp(FormattedOperation):
    """Load from global memory; each thread makes one access for each of its addresses.

    ```mlir
    %v = simt.load_global %a mask %m other %o : vector<2xi64> -> vector<8xf32>
    ```

    Each address is that of as many elements as there are elements for an address, four of f32 here; they are loaded
    by one access of 1, 2, 4, 8 or 16 bytes, and the address is a multiple of its size. Where `mask` is false nothing is
    read, and the elements are those of `other`, undefined without it. A scalar address is the same in all threads, and
    so is what they load.

    PTX: `ld.global` with the vector's width (`.v4.b32`), under a predicate. `volatile`: `ld.volatile`.
    """

    name = "simt.load_global"
    SYNTAX: ClassVar = Syntax(
        "$address (`mask` $mask^)? (`other` $other^)? attr-dict `:` type($address) `->` type($result)"
    )

    address = operand_def(GlobalAddress)
    mask = opt_operand_def(Mask)
    other = opt_operand_def(Value)
    cache_policy = opt_prop_def(Attribute, prop_name="cachePolicy")
    volatile = opt_prop_def(UnitAttr)
    result = result_def(Value)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = in_order(
        ReadsGlobal(), MASK_MATCHES, TypesMatch("result", "other", same, "other has the type of the result")
    )

    def __init__(
        self,
        address: SSAValue,
        result_type: Attribute,
        mask: SSAValue | None = None,
        other: SSAValue | None = None,
        cache_policy: Attribute | None = None,
        volatile: bool = False,
    ):
        super().__init__(
            operands=[address, mask, other],
            result_types=[result_type],
            properties={"cachePolicy": cache_policy, "volatile": UnitAttr() if volatile else None},
        )

    @property
    def bytes(self) -> int:
        """The bytes of one access."""
        return access_bytes(self.name, self.address, self.result.type)

    def verify_(self) -> None:
        access_bytes(self.name, self.address, self.result.type)
        verify_cache_policy(self.name, self.cache_policy, LOAD_MODIFIERS)
        if self.other is not None and self.mask is None:
            raise VerifyException("'simt.load_global' has other and no mask: other is what masked-off elements are")


@irdl_op_definition
class StoreGlobalOp(FormattedOperation):
    """Store to global memory; each thread makes one access for each of its addresses.

    `simt.store_global %a, %v mask %m : vector<2xi64>, vector<8xf32>`

    As `simt.load_global`. Threads that hold the same element must not all store it: mask all but one.
    PTX: `st.global`.
    """

    name = "simt.store_global"
    SYNTAX: ClassVar = Syntax("$address `,` $value (`mask` $mask^)? attr-dict `:` type($address) `,` type($value)")

    address = operand_def(GlobalAddresses)
    value = operand_def(Vector)
    mask = opt_operand_def(MaskVector)
    cache_policy = opt_prop_def(Attribute, prop_name="cachePolicy")

    traits = in_order(WritesGlobal(), MASK_MATCHES)

    def __init__(
        self,
        address: SSAValue,
        value: SSAValue,
        mask: SSAValue | None = None,
        cache_policy: Attribute | None = None,
    ):
        super().__init__(operands=[address, value, mask], properties={"cachePolicy": cache_policy})

    @property
    def bytes(self) -> int:
        """The bytes of one access."""
        return access_bytes(self.name, self.address, self.value.type)

    def verify_(self) -> None:
        access_bytes(self.name, self.address, self.value.type)
        verify_cache_policy(self.name, self.cache_policy, STORE_MODIFIERS)


class AtomicOp(FormattedOperation):
    """What atomics share: an order `sem`, and the `scope` in which it holds. One element for each address."""

    sem = prop_def(EnumAttr(MemSemantic))
    scope = prop_def(EnumAttr(MemSyncScope))
    address = operand_def(GlobalAddresses)
    value = operand_def(Vector)
    mask = opt_operand_def(MaskVector)
    result = result_def(Vector)

    def verify_(self) -> None:
        if count_of(self.address.type) != count_of(self.value.type):
            raise VerifyException(
                f"'{self.name}' of {self.value.type} at {self.address.type}: an address for each element"
            )


class _InOneStep(FormattedOperation):
    """What atomic loads and stores share: as atomics, they are of one element for each address."""

    SEMANTICS: ClassVar[tuple[MemSemantic, ...]]
    sem = prop_def(EnumAttr(MemSemantic))
    scope = prop_def(EnumAttr(MemSyncScope))
    address = operand_def(GlobalAddresses)

    def verify_parts(self, moved: Attribute) -> None:
        """Raises VerifyException unless each element has an address, and the order is one of these."""
        address = self.address.type
        if count_of(address) != count_of(moved):
            raise VerifyException(f"'{self.name}' of {moved} at {address}: an address for each element")
        if MemSemantic.of(self.sem) not in self.SEMANTICS:
            known = " or ".join(sem.keyword for sem in self.SEMANTICS)
            raise VerifyException(f"'{self.name}' is {MemSemantic.of(self.sem).keyword}: it is {known}")


@irdl_op_definition
class AtomicLoadOp(_InOneStep):
    """Load each element in one step, and see what was released with it where `sem` is acquire.

    `%v = simt.atomic_load acquire, gpu, %a mask %m : vector<1xi64> -> vector<1xi32>`

    Where `mask` is false nothing is read and the result is undefined. PTX: `ld.relaxed.gpu.global`, `ld.acquire`.
    """

    name = "simt.atomic_load"
    SYNTAX: ClassVar = Syntax(
        "$sem `,` $scope `,` $address (`mask` $mask^)? attr-dict `:` type($address) `->` type($result)"
    )
    SEMANTICS: ClassVar = (MemSemantic.RELAXED, MemSemantic.ACQUIRE)

    address = operand_def(GlobalAddresses)
    mask = opt_operand_def(MaskVector)
    result = result_def(Vector)

    traits = in_order(UpdatesGlobal(), MASK_MATCHES)

    def __init__(
        self,
        sem: Attribute,
        scope: Attribute,
        address: SSAValue,
        result_type: Attribute,
        mask: SSAValue | None = None,
    ):
        super().__init__(operands=[address, mask], result_types=[result_type], properties={"sem": sem, "scope": scope})

    def verify_(self) -> None:
        self.verify_parts(self.result.type)


@irdl_op_definition
class AtomicStoreOp(_InOneStep):
    """Store each element in one step, behind all that the thread did before where `sem` is release.

    `simt.atomic_store release, gpu, %a, %v mask %m : vector<1xi64>, vector<1xi32>`

    PTX: `st.relaxed.gpu.global`, `st.release`.
    """

    name = "simt.atomic_store"
    SYNTAX: ClassVar = Syntax(
        "$sem `,` $scope `,` $address `,` $value (`mask` $mask^)? attr-dict `:` type($address) `,` type($value)"
    )
    SEMANTICS: ClassVar = (MemSemantic.RELAXED, MemSemantic.RELEASE)

    address = operand_def(GlobalAddresses)
    value = operand_def(Vector)
    mask = opt_operand_def(MaskVector)

    traits = in_order(UpdatesGlobal(), MASK_MATCHES)

    def __init__(
        self, sem: Attribute, scope: Attribute, address: SSAValue, value: SSAValue, mask: SSAValue | None = None
    ):
        super().__init__(operands=[address, value, mask], properties={"sem": sem, "scope": scope})

    def verify_(self) -> None:
        self.verify_parts(self.value.type)


@irdl_op_definition
class AtomicRMWOp(AtomicOp):
    """Read, modify and write global memory in one step; the result is what was there before.

    `%old = simt.atomic_rmw fadd, relaxed, gpu, %a, %v mask %m : vector<4xi64>, vector<4xf32>`

    The operations are those of `tt.atomic_rmw`. Where `mask` is false nothing happens and the result is undefined.
    PTX: `atom.global`, or `red.global` when nothing uses the result.
    """

    name = "simt.atomic_rmw"
    SYNTAX: ClassVar = Syntax(
        "$kind `,` $sem `,` $scope `,` $address `,` $value (`mask` $mask^)? attr-dict "
        "`:` type($address) `,` type($value)"
    )

    kind = prop_def(EnumAttr(RMWOp))

    traits = in_order(
        UpdatesGlobal(), MASK_MATCHES, TypesMatch("value", "result", same, "the result has the type of the value")
    )

    def __init__(
        self,
        kind: Attribute,
        sem: Attribute,
        scope: Attribute,
        address: SSAValue,
        value: SSAValue,
        mask: SSAValue | None = None,
    ):
        super().__init__(
            operands=[address, value, mask],
            result_types=[value.type],
            properties={"kind": kind, "sem": sem, "scope": scope},
        )


@irdl_op_definition
class AtomicCASOp(AtomicOp):
    """Store `value` where memory holds `expected`, in one step; the result is what was there before.

    `%old = simt.atomic_cas acq_rel, gpu, %a, %e, %v mask %m : vector<1xi64>, vector<1xi32>`. PTX: `atom.global.cas`.
    """

    name = "simt.atomic_cas"
    SYNTAX: ClassVar = Syntax(
        "$sem `,` $scope `,` $address `,` $expected `,` $value (`mask` $mask^)? attr-dict "
        "`:` type($address) `,` type($value)"
    )

    address = operand_def(GlobalAddresses)
    expected = operand_def(Vector)
    value = operand_def(Vector)
    mask = opt_operand_def(MaskVector)

    traits = in_order(
        UpdatesGlobal(),
        MASK_MATCHES,
        TypesMatch("value", "expected", same, "what is expected has the type of the value"),
        TypesMatch("value", "result", same, "the result has the type of the value"),
    )

    def __init__(
        self,
        sem: Attribute,
        scope: Attribute,
        address: SSAValue,
        expected: SSAValue,
        value: SSAValue,
        mask: SSAValue | None = None,
    ):
        super().__init__(
            operands=[address, expected, value, mask],
            result_types=[value.type],
            properties={"sem": sem, "scope": scope},
        )
