"""`simd-fuse-multiply-add`: a product that one sum adds becomes part of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from minilinalg.analysis.aliasing import is_memref
from minilinalg.analysis.footprint import Footprint, Touched
from minilinalg.analysis.readers import reader_after
from minilinalg.dialects import simd
from minilinalg.dialects.simd.constraints import check_instruction, reserved_bytes
from minilinalg.dialects.upstream import arith, func
from minilinalg.errors import InputError
from minilinalg.passes.base import MinilinalgPass, remark, require_target
from minilinalg.passes.insertion import erase, insert_before, value_before
from minilinalg.targets import Target

PRODUCT, SUM, DIFFERENCE, FUSED = (
    simd.ELEMENTWISE_BY_MEANING[name] for name in ("arith.mulf", "arith.addf", "arith.subf", "math.fma")
)


@dataclass(frozen=True)
class SimdFuseMultiplyAddPass(MinilinalgPass):
    """Fuses a product of blocks into the sum that alone reads it: one instruction, which rounds once.

    ```mlir
    func.func @dot_step(%x: memref<64xf32, #simd.space<gdram>>) {
      %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
      %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
      %sum = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
      simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
      simd.addf %sum, %a -> %sum : memref<64xf32, #simd.space<nram>>
      simd.dma %sum -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
      return
    }
    ```
    becomes with `--target tiny-simd`
    ```mlir
    func.func @dot_step(%x: memref<64xf32, #simd.space<gdram>>) {
      %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
      %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
      %sum = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
      simd.fma %a, %b, %sum -> %sum : memref<64xf32, #simd.space<nram>>
      simd.dma %sum -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
      return
    }
    ```

    The fused instruction stands where the sum was, so the factors are read later and the product is never written. That
    is right when, by the bytes that are touched (analysis/footprint.py),

    1. nothing else reads the product: neither in between, nor afterwards, on any way through loops and branches, before
       its bytes are written again (analysis/readers.py);
    2. nothing in between writes the product or a factor;
    3. the sum is written over no factor, unless element over element.

    `a * b - c` and `c - a * b` take the negative of a scalar, which is exact: `c`, or a factor. Integers have no such
    instruction.

    Requires: a target; buffers with addresses, instructions that the core waits for. Ensures: nothing that later passes
    rely on. Leaves alone: with a remark, products of which one of these conditions is not known, differences of blocks,
    functions with asynchronous instructions; and all of them where the machine's `fma` takes more passes than both.
    """

    name = "simd-fuse-multiply-add"
    numerics = "contracts"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        target = require_target(ctx, self, "what a fused multiply-add costs")
        for function in [f for f in op.walk() if isinstance(f, func.FuncOp) and f.body.blocks]:
            instructions = [inner for inner in function.walk() if isinstance(inner, simd.Instruction)]
            if any(inner.is_async for inner in instructions):
                remark(ctx, self, function, "nothing is fused: asynchronous instructions have no order of their own")
                continue
            fusion = _Fusion(target)
            for total in instructions:
                if isinstance(total, (SUM, DIFFERENCE)):
                    for why in fusion.fuse(total):
                        remark(ctx, self, total, f"stays a product and a sum: {why}")


class _Declined(Exception):
    """Why a product and a sum are not fused."""


@dataclass
class _Fusion:
    """Fuses sums of one function. touched: what operations touch, each asked once."""

    target: Target
    touched: dict[Operation, Touched | None] = field(default_factory=dict[Operation, Touched | None])

    def touched_by(self, op: Operation) -> Touched | None:
        if op not in self.touched:
            self.touched[op] = Touched.by(op)
        return self.touched[op]

    def fuse(self, total: simd.Instruction) -> list[str]:
        """Fuses a product into `total`, the first that can be. Else says why each one that it reads cannot be."""
        declined: list[str] = []
        for position, value in enumerate(total.inputs):
            product = self.product_of(total, value) if is_memref(value) else None
            if product is None:
                continue
            try:
                fused = self.fused(product, total, position)
            except _Declined as why:
                declined.append(str(why))
                continue
            insert_before(total, fused)
            erase(total)
            erase(product)
            # What holds them touches less now.
            self.touched.clear()
            return []
        return declined

    def product_of(self, total: Operation, value: SSAValue) -> simd.Instruction | None:
        """The product that, in the block of `total`, was last written to what `total` reads as `value`."""
        read = Footprint.of(value)
        for op in _back_from(total):
            touched = self.touched_by(op)
            if touched is None:
                return None
            if any(written.may_overlap(read) for written in touched.writes):
                return op if isinstance(op, PRODUCT) and touched.writes[0].same_elements(read) else None
        return None

    def fused(self, product: simd.Instruction, total: simd.Instruction, position: int) -> simd.Instruction:
        """The instruction that computes both, not yet in the block. Raises _Declined."""
        self.expect_gain(product, total)
        (written,) = cast("Touched", self.touched_by(product)).writes
        if written.place is None:
            raise _Declined("the product has no address")
        addend = total.inputs[1 - position]
        if is_memref(addend) and Footprint.of(addend).may_overlap(written):
            raise _Declined("the sum reads the product twice")
        self.expect_undisturbed(product, total, written)
        if (reader := reader_after(total, written, self.touched_by)) is not None:
            raise _Declined(f"'{reader.name}' reads the product later")
        factors = list(product.inputs)
        negated: SSAValue | None = None
        if isinstance(total, DIFFERENCE):
            scalars = [v for v in ((addend,) if position == 0 else factors) if not is_memref(v)]
            if not scalars:
                raise _Declined("a difference adds a negative, and there is no scalar to negate")
            negated = scalars[0]
        fused = FUSED([*factors, addend], total.outputs[0])
        fused.attributes.update(total.attributes)
        self.expect_executable(fused)
        if negated is not None:
            negative = value_before(total, arith.NegfOp(negated))
            which = 2 if position == 0 else factors.index(negated)
            fused.operands[which] = negative
        return fused

    def expect_gain(self, product: simd.Instruction, total: simd.Instruction) -> None:
        fused, multiply, add = (self.target.instruction(cls.SPEC.cost_class or "") for cls in (FUSED, PRODUCT, SUM))
        # A product that the sum reads again and again was computed once.
        passes = add.passes + (multiply.passes if product.count == total.count else 0)
        if fused.passes > passes or fused.issue > multiply.issue + add.issue:
            raise _Declined(
                f"the machine's fma takes the data {fused.passes} times through its unit, both {passes} times"
            )

    def expect_undisturbed(self, product: simd.Instruction, total: simd.Instruction, written: Footprint) -> None:
        """Raises _Declined unless the factors are the same at the sum, and nobody reads the product before."""
        factors = [Footprint.of(value) for value in product.input_buffers]
        for op in _back_from(total):
            if op is product:
                break
            touched = self.touched_by(op)
            assert touched is not None
            if any(read.may_overlap(written) for read in touched.reads):
                raise _Declined(f"'{op.name}' reads the product too")
            if any(self.reach(w).may_overlap(factor) for w in touched.writes for factor in factors):
                raise _Declined(f"'{op.name}' writes a factor before the sum")
        output = Footprint.of(total.outputs[0])
        for factor in factors:
            if self.reach(output).may_overlap(factor) and not output.same_elements(factor):
                raise _Declined("the sum is written over other elements of a factor")

    def reach(self, written: Footprint) -> Footprint:
        """The bytes of an output and behind it, as far as the machine's count takes an instruction."""
        if written.place is None or not written.is_exact:
            return written
        space, low, high = written.place
        return written._replace(
            place=(space, low, max(high, low + reserved_bytes(cast("Any", written.value.type), self.target)))
        )

    def expect_executable(self, fused: simd.Instruction) -> None:
        try:
            fused.verify_()
            check_instruction(fused, self.target)
        except (VerifyException, InputError) as error:
            raise _Declined(f"no such fma: {error}") from None


def _back_from(op: Operation) -> Iterator[Operation]:
    """The operations in front of `op` in its block, the nearest first."""
    at = op.prev_op
    while at is not None:
        yield at
        at = at.prev_op
