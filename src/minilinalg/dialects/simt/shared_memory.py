"""Loads and stores of shared memory, one thread at a time or eight rows of a matrix at once."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import I32, IntegerAttr, UnitAttr, VectorType, i32
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, opt_operand_def, opt_prop_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simt.effects import ReadsShared, UpdatesShared, WritesShared
from minilinalg.dialects.simt.types import (
    MaskVector,
    SharedAddress,
    SharedAddresses,
    Value,
    Vector,
    access_bytes,
    bits_of,
    count_of,
    mask_of,
)
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.attributes import EnumAttr, RMWOp
from minilinalg.dialects.tt.traits import TypesMatch, in_order, same


@irdl_op_definition
class LoadSharedOp(FormattedOperation):
    """Load from shared memory; each thread makes one access for each of its addresses.

    `%v = simt.load_shared %a : vector<2xi32> -> vector<8xf16>`

    Addresses are in bytes, each of an access of 1, 2, 4, 8 or 16 bytes and a multiple of it. A scalar address is the
    same in all threads, and so is what they load. PTX: `ld.shared`.
    """

    name = "simt.load_shared"
    SYNTAX: ClassVar = Syntax("$address attr-dict `:` type($address) `->` type($result)")

    address = operand_def(SharedAddress)
    result = result_def(Value)
    traits = in_order(ReadsShared())

    def __init__(self, address: SSAValue, result_type: Attribute):
        super().__init__(operands=[address], result_types=[result_type])

    @property
    def bytes(self) -> int:
        """The bytes of one access."""
        return access_bytes(self.name, self.address, self.result.type)

    def verify_(self) -> None:
        access_bytes(self.name, self.address, self.result.type)


@irdl_op_definition
class StoreSharedOp(FormattedOperation):
    """Store to shared memory; each thread makes one access for each of its addresses, where `mask` is true.

    `simt.store_shared %a, %v mask %m : vector<2xi32>, vector<8xf16>`. PTX: `st.shared`.
    """

    name = "simt.store_shared"
    SYNTAX: ClassVar = Syntax("$address `,` $value (`mask` $mask^)? attr-dict `:` type($address) `,` type($value)")

    address = operand_def(SharedAddresses)
    value = operand_def(Vector)
    mask = opt_operand_def(MaskVector)
    traits = in_order(WritesShared(), TypesMatch("address", "mask", mask_of, "the mask has one i1 for each address"))

    def __init__(self, address: SSAValue, value: SSAValue, mask: SSAValue | None = None):
        super().__init__(operands=[address, value, mask])

    @property
    def bytes(self) -> int:
        """The bytes of one access."""
        return access_bytes(self.name, self.address, self.value.type)

    def verify_(self) -> None:
        access_bytes(self.name, self.address, self.value.type)


@irdl_op_definition
class AtomicRMWSharedOp(FormattedOperation):
    """Read, modify and write shared memory in one step; the result is what was there before.

    `%old = simt.atomic_rmw_shared add, %a, %v mask %m : vector<2xi32>, vector<2xi32>`

    As `simt.atomic_rmw`, among the threads of the block. PTX: `atom.shared`, or `red.shared` when nothing uses the
    result.
    """

    name = "simt.atomic_rmw_shared"
    SYNTAX: ClassVar = Syntax(
        "$kind `,` $address `,` $value (`mask` $mask^)? attr-dict `:` type($address) `,` type($value)"
    )

    kind = prop_def(EnumAttr(RMWOp))
    address = operand_def(SharedAddresses)
    value = operand_def(Vector)
    mask = opt_operand_def(MaskVector)
    result = result_def(Vector)
    traits = in_order(
        UpdatesShared(),
        TypesMatch("address", "mask", mask_of, "the mask has one i1 for each address"),
        TypesMatch("value", "result", same, "the result has the type of the value"),
    )

    def __init__(self, kind: Attribute, address: SSAValue, value: SSAValue, mask: SSAValue | None = None):
        super().__init__(operands=[address, value, mask], result_types=[value.type], properties={"kind": kind})

    def verify_(self) -> None:
        if count_of(self.address.type) != count_of(self.value.type):
            raise VerifyException(
                f"'{self.name}' of {self.value.type} at {self.address.type}: an address for each element"
            )


def verify_matrices(op: str, address: SSAValue, matrices: int, data: Attribute) -> None:
    """Raises VerifyException unless `data` are the registers of so many 8x8 matrices of 16 bits for each address."""
    if matrices not in (1, 2, 4):
        raise VerifyException(f"'{op}' of {matrices} matrices: 1, 2 or 4")
    if count_of(data) * bits_of(data) != 32 * matrices * count_of(address.type):
        raise VerifyException(
            f"'{op}' of {data} at {address.type}: {matrices} registers of 32 bits for each address, one a matrix"
        )


@irdl_op_definition
class LdMatrixOp(FormattedOperation):
    """Load 8x8 matrices of 16-bit elements by a whole warp: each lane gives the address of one row of 16 bytes.

    ```mlir
    %v = simt.ldmatrix %a, 4 : vector<2xi32> -> vector<16xf16>
    ```

    Lanes 0-7 give the rows of the first matrix, 8-15 those of the second, and so on; with fewer than four matrices the
    addresses of the other lanes are not read. For each address, lane l gets of each matrix the elements 2 (l % 4) and
    the next of row l / 4, one register; with `transpose`, of column l / 4. PTX: `ldmatrix.sync.aligned.m8n8.x4.b16`.
    """

    name = "simt.ldmatrix"
    SYNTAX: ClassVar = Syntax("$address `,` $matrices attr-dict `:` type($address) `->` type($result)")

    matrices = prop_def(IntegerAttr[I32])
    transpose = opt_prop_def(UnitAttr)
    address = operand_def(SharedAddresses)
    result = result_def(Vector)
    traits = in_order(ReadsShared())

    def __init__(self, address: SSAValue, matrices: int, result_type: VectorType[Attribute], transpose: bool = False):
        super().__init__(
            operands=[address],
            result_types=[result_type],
            properties={
                "matrices": IntegerAttr(matrices, i32),
                "transpose": UnitAttr() if transpose else None,
            },
        )

    def verify_(self) -> None:
        verify_matrices(self.name, self.address, self.matrices.value.data, self.result.type)


@irdl_op_definition
class StMatrixOp(FormattedOperation):
    """Store 8x8 matrices of 16-bit elements by a whole warp: the inverse of `simt.ldmatrix`.

    `simt.stmatrix %a, %v, 4 : vector<2xi32>, vector<16xf16>`. PTX: `stmatrix.sync.aligned.m8n8.x4.shared.b16` (sm_90).
    """

    name = "simt.stmatrix"
    SYNTAX: ClassVar = Syntax("$address `,` $value `,` $matrices attr-dict `:` type($address) `,` type($value)")

    matrices = prop_def(IntegerAttr[I32])
    transpose = opt_prop_def(UnitAttr)
    address = operand_def(SharedAddresses)
    value = operand_def(Vector)
    traits = in_order(WritesShared())

    def verify_(self) -> None:
        verify_matrices(self.name, self.address, self.matrices.value.data, self.value.type)
