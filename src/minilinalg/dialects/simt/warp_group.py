"""Products of matrices in shared memory by four warps together: wgmma.

It runs while the threads go on. A product is there behind a wait; until then it may only be added to by another one,
be waited for, or be handed on by a loop.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import (
    I32,
    ArrayAttr,
    BoolAttr,
    DenseArrayBase,
    FixedBitwidthType,
    IntAttr,
    IntegerAttr,
    i1,
    i32,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import (
    irdl_attr_definition,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    var_operand_def,
    var_result_def,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simt.dot import SIZES, numbers
from minilinalg.dialects.simt.effects import Orders, ReadsShared
from minilinalg.dialects.simt.types import Accumulator, Vector, bits_of, count_of, element_of
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import TypesMatch, in_order, same
from minilinalg.dialects.ttg import struct_attribute
from minilinalg.dialects.ttg.struct_attribute import Field, StructAttribute

SWIZZLES = (32, 64, 128)
ROWS = 64
"""The rows of the result that one warp group makes by one instruction."""


@irdl_attr_definition
class MatrixAttr(StructAttribute):
    """How a matrix lies in shared memory, from the address of its first tile on.

    `#simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32]}>`

    Lines of `swizzle` bytes lie in groups of eight, one group `stride` bytes behind the other, and 16-byte parts of a
    line are exchanged: part p of line r in its group is at p XOR r / (128 / swizzle). A line runs along k, each for one
    row of a (column of b); when `transposed`, it runs along the rows (columns), each line for one k, and what is longer
    than a line goes on `leading` bytes further. `offsets` are those of the tiles, in bytes, with k fastest.
    (PTX ISA, "Asynchronous Warpgroup Level Matrix Shared Memory Layout".)
    """

    name = "simt.matrix"
    FIELDS: ClassVar = (
        Field("element", struct_attribute.read_attribute),
        Field("swizzle", struct_attribute.read_number),
        Field("leading", struct_attribute.read_number),
        Field("stride", struct_attribute.read_number),
        Field("transposed", struct_attribute.read_flag),
        Field("offsets", struct_attribute.read_sizes),
    )

    element: Attribute
    swizzle: IntAttr
    leading: IntAttr
    stride: IntAttr
    transposed: BoolAttr
    offsets: ArrayAttr[IntAttr]

    @staticmethod
    def of(
        element: Attribute, swizzle: int, leading: int, stride: int, transposed: bool, offsets: list[int]
    ) -> MatrixAttr:
        """The attribute with these values, in bytes."""
        return MatrixAttr(
            element,
            IntAttr(swizzle),
            IntAttr(leading),
            IntAttr(stride),
            BoolAttr.from_bool(transposed),
            struct_attribute.sizes_attr(offsets),
        )

    @property
    def is_transposed(self) -> bool:
        """Whether lines run along the rows of a, or the columns of b."""
        return bool(self.transposed.value.data)

    @property
    def tile_offsets(self) -> tuple[int, ...]:
        """Where each tile begins, in bytes, k fastest."""
        return struct_attribute.numbers(self.offsets)

    @property
    def element_bytes(self) -> int:
        """The bytes of an element."""
        assert isinstance(self.element, FixedBitwidthType)
        return self.element.bitwidth // 8

    def verify(self) -> None:
        if self.swizzle.data not in SWIZZLES:
            raise VerifyException(f"swizzle = {self.swizzle.data}: it is one of {', '.join(map(str, SWIZZLES))}")
        if not isinstance(self.element, FixedBitwidthType) or self.element.bitwidth not in (8, 16, 32):
            raise VerifyException(f"element = {self.element}: an element has 8, 16 or 32 bits")
        if self.is_transposed and self.element.bitwidth != 16:
            raise VerifyException(f"a transposed matrix of {self.element}: only elements of 16 bits are transposed")
        for key, value in (("leading", self.leading.data), ("stride", self.stride.data)):
            if value % 16 or not 0 <= value < 1 << 18:
                raise VerifyException(f"{key} = {value}: it is a multiple of 16 bytes below {1 << 18}")


@irdl_op_definition
class WgmmaOp(FormattedOperation):
    """Each warp group, four warps in a row, multiplies matrices: d = a b + c.

    ```mlir
    %d = simt.wgmma %a, %b, %c shape 64, 128, 16 tiles 1, 1, 4
         {a_matrix = #simt.matrix<{...}>, b_matrix = #simt.matrix<{...}>}
         : vector<1xi32>, vector<1xi32> -> vector<64xf32>
    ```

    `shape` is m, n, k of one instruction: m is 64, n a multiple of 8 up to 256, k the elements in 32 bytes. `tiles` is
    how many lie along each. `b` is the byte address of its matrix in shared memory, the same in all threads of the
    group; so is `a` with `a_matrix`, else `a` are its fragments in registers: in each warp the 16 rows from 16 times
    its number in the group on, laid out as of `simt.mma_sync`. `c` and the result have, for each tile (m, n) with n
    fastest, the fragments of 16 rows by 8 columns, one after the other along n. Where `use` is false, c counts as zero.

    PTX: `wgmma.mma_async.sync.aligned`, one for each tile and k. The result is there behind `simt.wgmma_wait`.
    """

    name = "simt.wgmma"
    SYNTAX: ClassVar = Syntax(
        "$a `,` $b `,` $c (`use` $use^)? `shape` $shape `tiles` $tiles attr-dict "
        "`:` type($a) `,` type($b) `->` type($d)"
    )

    shape = prop_def(SIZES)
    tiles = prop_def(SIZES)
    a_matrix = opt_prop_def(MatrixAttr)
    b_matrix = prop_def(MatrixAttr)
    a = operand_def(Vector)
    b = operand_def(Vector)
    c = operand_def(Accumulator)
    use = opt_operand_def(i1)
    d = result_def(Accumulator)

    traits = in_order(ReadsShared(), Orders(), TypesMatch("d", "c", same, "the result has the type of c"))

    def __init__(
        self,
        a: SSAValue,
        b: SSAValue,
        c: SSAValue,
        use: SSAValue | None,
        shape: tuple[int, int, int],
        tiles: tuple[int, int, int],
        a_matrix: MatrixAttr | None,
        b_matrix: MatrixAttr,
    ):
        super().__init__(
            operands=[a, b, c, use],
            result_types=[c.type],
            properties={
                "shape": DenseArrayBase.from_list(i32, shape),
                "tiles": DenseArrayBase.from_list(i32, tiles),
                "a_matrix": a_matrix,
                "b_matrix": b_matrix,
            },
        )

    def verify_(self) -> None:
        m, n, k = numbers(self.shape)
        tm, tn, tk = numbers(self.tiles)
        bits = self.b_matrix.element_bytes * 8
        if m != ROWS or n % 8 or not 8 <= n <= 256 or k * bits != 256:
            raise VerifyException(
                f"'simt.wgmma' of {m}x{n}x{k} on elements of {bits} bits: 64 rows, up to 256 columns in eights, "
                "32 bytes along k"
            )
        if count_of(self.c.type) != tm * tn * m * n // 128:
            raise VerifyException(
                f"'simt.wgmma' has {self.c.type} as c: {tm * tn * m * n // 128} elements for these sizes"
            )
        if self.a_matrix is not None:
            self._verify_address("a", self.a, self.a_matrix, tm * tk)
        elif bits_of(self.a.type) != bits or count_of(self.a.type) != tm * tk * m * k // 128:
            raise VerifyException(
                f"'simt.wgmma' has {self.a.type} as a: {tm * tk * m * k // 128} elements of {bits} bits"
            )
        self._verify_address("b", self.b, self.b_matrix, tn * tk)

    def _verify_address(self, name: str, value: SSAValue, matrix: MatrixAttr, tiles: int) -> None:
        if element_of(value.type) != i32 or count_of(value.type) != 1:
            raise VerifyException(f"'simt.wgmma' has {value.type} as {name}: the address of its matrix, vector<1xi32>")
        if len(matrix.tile_offsets) != tiles:
            raise VerifyException(
                f"'simt.wgmma' with {len(matrix.tile_offsets)} offsets of {name}: one for each of {tiles} tiles"
            )


class _Alone(FormattedOperation):
    """An operation without operands."""

    SYNTAX: ClassVar = Syntax("attr-dict")
    traits = in_order(Orders())

    def __init__(self):
        super().__init__()


@irdl_op_definition
class WgmmaFenceOp(_Alone):
    """Let the products that follow see the registers as they are now: `simt.wgmma_fence`. PTX: `wgmma.fence`."""

    name = "simt.wgmma_fence"


@irdl_op_definition
class WgmmaCommitOp(_Alone):
    """Make one group of the products since the last: `simt.wgmma_commit`. PTX: `wgmma.commit_group`."""

    name = "simt.wgmma_commit"


@irdl_op_definition
class WgmmaWaitOp(FormattedOperation):
    """Wait until at most `groups` groups of products are under way; the results are the values, which are there now.

    `%e = simt.wgmma_wait 0, %d : vector<64xf32>`. PTX: `wgmma.wait_group`.
    """

    name = "simt.wgmma_wait"
    SYNTAX: ClassVar = Syntax("$groups (`,` $inputs^ `:` type($inputs))? attr-dict")

    groups = prop_def(IntegerAttr[I32])
    inputs = var_operand_def(Vector)
    outputs = var_result_def(Vector)

    traits = in_order(Orders(), TypesMatch("inputs", "outputs", same, "a result has the type of its input"))

    def __init__(self, groups: int, inputs: list[SSAValue]):
        super().__init__(
            operands=[inputs],
            result_types=[[value.type for value in inputs]],
            properties={"groups": IntegerAttr(groups, i32)},
        )

    def verify_(self) -> None:
        if self.groups.value.data < 0:
            raise VerifyException(f"'simt.wgmma_wait' for {self.groups.value.data} groups: at least 0")


@irdl_op_definition
class FenceAsyncSharedOp(_Alone):
    """Let what works beside the threads (wgmma, bulk copies) see their stores to shared memory.

    `simt.fence_async_shared`. PTX: `fence.proxy.async.shared::cta`.
    """

    name = "simt.fence_async_shared"
