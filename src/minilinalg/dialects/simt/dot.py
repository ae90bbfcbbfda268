"""Products of small matrices in registers: by each thread alone, or by a warp on its tensor core."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import I32, DenseArrayBase, VectorType, i32
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.traits import NoMemoryEffect
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simt.effects import MeetsThreads
from minilinalg.dialects.simt.types import Accumulator, Number, bits_of, count_of, element_of
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.traits import TypesMatch, in_order, same

SIZES = DenseArrayBase.constr(i32)


def numbers(sizes: DenseArrayBase[I32]) -> tuple[int, int, int]:
    """The three sizes m, n, k of an attribute."""
    m, n, k = sizes.get_values()
    return m, n, k


class DotOp(FormattedOperation):
    """d = a b + c, on what threads hold in registers."""

    a = operand_def(Number)
    b = operand_def(Number)
    c = operand_def(Accumulator)
    d = result_def(Accumulator)

    def verify_counts(self, *, a: int, b: int, c: int) -> None:
        """Raises VerifyException unless a thread holds so many elements of each operand."""
        for name, value, wanted in (("a", self.a, a), ("b", self.b, b), ("c", self.c, c)):
            if count_of(value.type) != wanted:
                raise VerifyException(f"'{self.name}' has {value.type} as {name}: {wanted} elements for these sizes")


@irdl_op_definition
class FmaDotOp(DotOp):
    """Each thread multiplies a matrix m x k by one of k x n and adds m x n, all its own, row by row.

    `%d = simt.fma_dot %a, %b, %c sizes 2, 4, 16 : vector<32xf32>, vector<64xf32> -> vector<8xf32>`

    The sum over k is in order, each step a fused multiply-add in the type of `c`; f16 and bf16 operands are widened
    first. PTX: m n k times `fma.rn`, or `mad.lo`.
    """

    name = "simt.fma_dot"
    SYNTAX: ClassVar = Syntax("$a `,` $b `,` $c `sizes` $sizes attr-dict `:` type($a) `,` type($b) `->` type($d)")

    sizes = prop_def(SIZES)
    a = operand_def(Number)
    b = operand_def(Number)
    c = operand_def(Accumulator)
    d = result_def(Accumulator)
    traits = in_order(NoMemoryEffect(), TypesMatch("d", "c", same, "the result has the type of c"))

    def __init__(self, a: SSAValue, b: SSAValue, c: SSAValue, sizes: tuple[int, int, int]):
        super().__init__(
            operands=[a, b, c], result_types=[c.type], properties={"sizes": DenseArrayBase.from_list(i32, sizes)}
        )

    def verify_(self) -> None:
        if len(self.sizes.get_values()) != 3:
            raise VerifyException("'simt.fma_dot' has three sizes: m, n, k")
        m, n, k = numbers(self.sizes)
        self.verify_counts(a=m * k, b=k * n, c=m * n)


@irdl_op_definition
class MmaSyncOp(DotOp):
    """Each warp multiplies matrices on its tensor core, fragment by fragment.

    ```mlir
    %d = simt.mma_sync %a, %b, %c shape 16, 8, 16 tiles 2, 4, 2 : vector<32xf16>, vector<32xf16> -> vector<32xf32>
    ```

    `shape` is m, n, k of one instruction, `tiles` how many of them lie along each. A fragment is what a lane holds of
    one tile, as the PTX ISA lays it out (section "Warp-level matrix instructions", mma). `a` has the fragments of tiles
    (m, k) with k fastest, `b` those of (n, k) with k fastest, `c` and the result those of (m, n) with n fastest. The
    product of a tile is summed with k ascending; within an instruction products are exact and their order is open.

    The element types of `a` and `b` are the same, or two of fp8; f32 is rounded to tf32, halves away from zero. `c` is
    f32, for f16 and fp8 also f16, rounded after each instruction; for i8 it is i32, which wraps around, for f64 f64.
    Shapes: 16x8x16 and 16x8x8 for f16 and bf16, 16x8x8 and 16x8x4 for f32, 16x8x32 and 16x8x16 for i8 and fp8, 8x8x4
    for f64. PTX: `mma.sync.aligned`.
    """

    name = "simt.mma_sync"
    SYNTAX: ClassVar = Syntax(
        "$a `,` $b `,` $c `shape` $shape `tiles` $tiles attr-dict `:` type($a) `,` type($b) `->` type($d)"
    )

    shape = prop_def(SIZES)
    tiles = prop_def(SIZES)
    a = operand_def(Number)
    b = operand_def(Number)
    c = operand_def(Accumulator)
    d = result_def(Accumulator)
    traits = in_order(MeetsThreads(), TypesMatch("d", "c", same, "the result has the type of c"))

    def __init__(self, a: SSAValue, b: SSAValue, c: SSAValue, shape: tuple[int, int, int], tiles: tuple[int, int, int]):
        super().__init__(
            operands=[a, b, c],
            result_types=[c.type],
            properties={"shape": DenseArrayBase.from_list(i32, shape), "tiles": DenseArrayBase.from_list(i32, tiles)},
        )

    def verify_(self) -> None:
        if len(self.shape.get_values()) != 3 or len(self.tiles.get_values()) != 3:
            raise VerifyException("'simt.mma_sync' has three sizes m, n, k as shape, and three as tiles")
        shape, (tm, tn, tk) = numbers(self.shape), numbers(self.tiles)
        if shape not in MMA_SHAPES.get(bits_of(self.a.type), ()):
            allowed = ", ".join("x".join(map(str, s)) for s in MMA_SHAPES.get(bits_of(self.a.type), ()))
            raise VerifyException(
                f"'simt.mma_sync' of {'x'.join(map(str, shape))} on {self.a.type}: "
                f"the shapes for elements of {bits_of(self.a.type)} bits are {allowed or 'none'}"
            )
        left, right, total = (str(element_of(v.type)) for v in (self.a, self.b, self.c))
        if total not in ACCUMULATORS.get(left, ()) or not (left == right or (left in FP8 and right in FP8)):
            raise VerifyException(
                f"'simt.mma_sync' of {left} and {right} to {total}: "
                f"{left} goes with {left} to {' or '.join(ACCUMULATORS.get(left, ('nothing',)))}"
            )
        m, n, k = shape
        self.verify_counts(a=tm * tk * m * k // 32, b=tn * tk * n * k // 32, c=tm * tn * m * n // 32)


MMA_SHAPES: dict[int, tuple[tuple[int, int, int], ...]] = {
    64: ((8, 8, 4),),
    32: ((16, 8, 8), (16, 8, 4)),
    16: ((16, 8, 16), (16, 8, 8)),
    8: ((16, 8, 32), (16, 8, 16)),
}
"""Bits of an element of a and b -> the shapes m, n, k of an instruction."""


FP8 = ("f8E4M3FN", "f8E5M2")
ACCUMULATORS: dict[str, tuple[str, ...]] = {
    "f16": ("f32", "f16"),
    "bf16": ("f32",),
    "f32": ("f32",),
    "i8": ("i32",),
    "f64": ("f64",),
    **dict.fromkeys(FP8, ("f32", "f16")),
}
"""Element of a -> the elements of c."""


def fragment_type(element: Attribute, elements: int) -> VectorType[Attribute]:
    """The registers of a thread for `elements` elements that a warp holds together."""
    return VectorType(element, [elements // 32])
