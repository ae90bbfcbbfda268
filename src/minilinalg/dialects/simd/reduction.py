"""Reductions along dimensions of a buffer: one row of a table each.

`simd.reduce_addf %tile -> %sums dimensions = [1] : memref<8x64xf32, #simd.space<nram>>
                                                 -> memref<8xf32, #simd.space<nram>>`

The output is overwritten with the combination of all input elements along `dimensions`, in an unspecified order; its
shape is the input's without them. Elements beyond the valid extent must be the combiner's neutral value: the program
puts it there. A combiner that is no row here is a tree of elementwise instructions on halves of a buffer.
"""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import AnyFloat, DenseArrayBase, i64
from xdsl.irdl import irdl_op_definition, prop_def
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simd.buffers import static_count
from minilinalg.dialects.simd.instruction import Clause, Instruction, Spec
from minilinalg.dialects.simd.movement import expect_dimensions

COMBINERS: dict[str, str] = {
    "addf": "sum",
    "mulf": "product",
    "maximumf": "largest; NaN if one is NaN",
    "minimumf": "smallest; NaN if one is NaN",
    "maxnumf": "largest that is not NaN",
    "minnumf": "smallest that is not NaN",
    "addi": "sum, wrapping",
    "muli": "product, wrapping",
    "maxsi": "largest, signed",
    "maxui": "largest, unsigned",
    "minsi": "smallest, signed",
    "minui": "smallest, unsigned",
    "andi": "bitwise and",
    "ori": "bitwise or",
    "xori": "bitwise exclusive or",
}
"""arith operation that combines two elements -> what it makes of all."""


class Reduction(Instruction):
    """A reduction; `meaning` is the arith operation that combines two elements."""

    CLAUSES: ClassVar[tuple[Clause, ...]] = (Clause("dimensions", "ints"),)

    dimensions = prop_def(DenseArrayBase.constr(i64))

    def verify_instruction(self) -> None:
        self.expect_operands(1)
        if not self.input_types:
            raise VerifyException(f"the input is a scalar; {self.name} has a buffer there")
        self.expect_vector_buffers((*self.input_types, *self.output_types))
        source, result = self.input_types[0], self.output_types[0]
        dims = expect_dimensions(self.dimensions, len(source.shape))
        kept = [extent for dim, extent in enumerate(source.get_shape()) if dim not in dims]
        if source.element_type != result.element_type or kept != list(result.get_shape()):
            raise VerifyException(
                f"from {source} to {result}; {self.name} removes dimensions {list(dims)}, nothing else"
            )
        wants_float = self.SPEC.mnemonic.endswith("f")
        if isinstance(source.element_type, AnyFloat) != wants_float:
            kind = "floats" if wants_float else "integers"
            raise VerifyException(f"elements of {source.element_type}; {self.name} combines {kind}")

    @property
    def count(self) -> int:
        return static_count(self.input_types[0]) or 0


def define(combiner: str, summary: str) -> type[Reduction]:
    """The operation class of one combiner: `addf` is `ReduceAddfOp`, `simd.reduce_addf`."""
    fields: dict[str, object] = {
        "__module__": __name__,
        "__doc__": f"Reduce along dimensions: {summary}.",
        "__annotations__": {"SPEC": "ClassVar[Spec]"},
        "name": f"simd.reduce_{combiner}",
        "SPEC": Spec(f"reduce_{combiner}", f"arith.{combiner}", "vector", "reduce", summary),
    }
    return irdl_op_definition(type(f"Reduce{combiner.capitalize()}Op", (Reduction,), fields))


REDUCTIONS: tuple[type[Reduction], ...] = tuple(define(*row) for row in COMBINERS.items())
"""The class of every combiner, in the order of the table."""
