"""Products of matrices and vectors: `linalg.matmul` and its family.

    %r = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x16xf32>) outs(%c : tensor<4x16xf32>) -> tensor<4x16xf32>

Each computes `c += a * b`, summed over the loops that `c` does not run over, in the element type of `c`, to which the
elements of `a` and `b` are converted first: signed, unless `cast = #linalg.type_fn<cast_unsigned>`. The order of the
sum is not specified.

Source: https://mlir.llvm.org/docs/Dialects/Linalg/
"""

from __future__ import annotations

import abc
from typing import ClassVar

from xdsl.dialects.builtin import AffineMapAttr, AnyFloat, ArrayAttr, i1
from xdsl.dialects.linalg.attrs import IteratorTypeAttr
from xdsl.ir import Attribute, Block, SSAValue
from xdsl.ir.affine import AffineDimExpr, AffineMap
from xdsl.irdl import AttrSizedOperandSegments, irdl_op_definition, opt_prop_def, prop_def
from xdsl.parser import Parser
from xdsl.printer import Printer

from minilinalg.dialects.upstream import arith
from minilinalg.dialects.upstream.linalg.attributes import TypeFnAttr
from minilinalg.dialects.upstream.linalg.elementwise import converted
from minilinalg.dialects.upstream.linalg.structured import PARALLEL, REDUCTION, NamedStructuredOp


def _maps(loops: str, *operands: str) -> ArrayAttr[AffineMapAttr]:
    """`_maps("mnk", "mk", "kn", "mn")`: the maps of operands whose dimensions are named after the loops."""
    return ArrayAttr(
        AffineMapAttr(AffineMap(len(loops), 0, tuple(AffineDimExpr(loops.index(dim)) for dim in operand)))
        for operand in operands
    )


class ContractionOp(NamedStructuredOp, abc.ABC):
    """`c += a * b` over loops that the maps name."""

    ARITY: ClassVar[int] = 2
    MAPS: ClassVar[ArrayAttr[AffineMapAttr]]
    cast = opt_prop_def(TypeFnAttr)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)

    @classmethod
    def build_body(cls, block: Block) -> list[SSAValue]:
        lhs, rhs, out = block.args
        if isinstance(out.type, AnyFloat):
            multiply, add = arith.MulfOp, arith.AddfOp
        elif out.type == i1:
            multiply, add = arith.AndIOp, arith.OrIOp
        else:
            multiply, add = arith.MuliOp, arith.AddiOp
        product = multiply(converted(block, lhs, out.type), converted(block, rhs, out.type))
        total = add(out, product.result)
        block.add_ops((product, total))
        return [total.result]

    def get_indexing_maps(self) -> ArrayAttr[AffineMapAttr]:
        return self.MAPS

    def get_iterator_types(self) -> ArrayAttr[IteratorTypeAttr]:
        *_, output = (attribute.data for attribute in self.get_indexing_maps())
        kept = {expression.position for expression in output.results if isinstance(expression, AffineDimExpr)}
        return ArrayAttr(PARALLEL if loop in kept else REDUCTION for loop in range(output.num_dims))


class MappedContractionOp(ContractionOp, abc.ABC):
    """A contraction whose maps may be given, to transpose or to broadcast an operand:

    `indexing_maps = [affine_map<...>, affine_map<...>, affine_map<...>]` behind the name.
    """

    @classmethod
    def parse_front(cls, parser: Parser) -> dict[str, Attribute]:
        if parser.parse_optional_keyword("indexing_maps") is None:
            return {}
        parser.parse_punctuation("=", " and three affine maps")
        return {
            "indexing_maps": ArrayAttr(
                parser.parse_comma_separated_list(Parser.Delimiter.SQUARE, parser.parse_attribute)
            )
        }

    def print_front(self, printer: Printer) -> set[str]:
        maps = self.get_indexing_maps()
        if maps != getattr(self, "MAPS", None):
            printer.print_string(" indexing_maps = ")
            printer.print_attribute(maps)
        return {"indexing_maps"}

    def get_indexing_maps(self) -> ArrayAttr[AffineMapAttr]:
        maps = self.properties["indexing_maps"]
        assert isinstance(maps, ArrayAttr)
        return maps  # pyright: ignore[reportUnknownVariableType]


@irdl_op_definition
class MatmulOp(MappedContractionOp):
    """`c[m, n] += a[m, k] * b[k, n]`.

    `linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x16xf32>) outs(%c : tensor<4x16xf32>) -> tensor<4x16xf32>`;
    with `indexing_maps = [affine_map<(m, n, k) -> (k, m)>, ...]` behind the name an operand is transposed.
    """

    name = "linalg.matmul"
    MAPS: ClassVar[ArrayAttr[AffineMapAttr]] = _maps("mnk", "mk", "kn", "mn")
    indexing_maps = prop_def(ArrayAttr[AffineMapAttr], default_value=MAPS)


@irdl_op_definition
class BatchMatmulOp(MappedContractionOp):
    """`c[b, m, n] += a[b, m, k] * b[b, k, n]`: `linalg.batch_matmul ins(%a, %b : ...) outs(%c : ...) -> ...`."""

    name = "linalg.batch_matmul"
    MAPS: ClassVar[ArrayAttr[AffineMapAttr]] = _maps("bmnk", "bmk", "bkn", "bmn")
    indexing_maps = prop_def(ArrayAttr[AffineMapAttr], default_value=MAPS)


@irdl_op_definition
class BatchReduceMatmulOp(MappedContractionOp):
    """`c[m, n] += a[b, m, k] * b[b, k, n]`: `linalg.batch_reduce_matmul ins(%a, %b : ...) outs(%c : ...) -> ...`."""

    name = "linalg.batch_reduce_matmul"
    MAPS: ClassVar[ArrayAttr[AffineMapAttr]] = _maps("bmnk", "bmk", "bkn", "mn")
    indexing_maps = prop_def(ArrayAttr[AffineMapAttr], default_value=MAPS)


@irdl_op_definition
class ContractOp(MappedContractionOp):
    """A product with any maps, which must be given.

    `linalg.contract indexing_maps = [...] ins(%a, %b : ...) outs(%c : ...) -> ...`: a loop that is missing from the
    last map is summed over.
    """

    name = "linalg.contract"
    indexing_maps = prop_def(ArrayAttr[AffineMapAttr])


@irdl_op_definition
class MatvecOp(ContractionOp):
    """`y[m] += a[m, n] * x[n]`: `linalg.matvec ins(%a, %x : ...) outs(%y : tensor<4xf32>) -> tensor<4xf32>`."""

    name = "linalg.matvec"
    MAPS: ClassVar[ArrayAttr[AffineMapAttr]] = _maps("mn", "mn", "n", "m")


@irdl_op_definition
class VecmatOp(ContractionOp):
    """`x[n] += y[m] * a[m, n]`: `linalg.vecmat ins(%y, %a : ...) outs(%x : tensor<16xf32>) -> tensor<16xf32>`."""

    name = "linalg.vecmat"
    MAPS: ClassVar[ArrayAttr[AffineMapAttr]] = _maps("nm", "m", "mn", "n")


@irdl_op_definition
class DotOp(ContractionOp):
    """`c += a[m] * b[m]`: `linalg.dot ins(%a, %b : ...) outs(%c : tensor<f32>) -> tensor<f32>`."""

    name = "linalg.dot"
    MAPS: ClassVar[ArrayAttr[AffineMapAttr]] = _maps("m", "m", "m", "")


@irdl_op_definition
class BatchMatvecOp(ContractionOp):
    """`y[b, m] += a[b, m, k] * x[b, k]`: `linalg.batch_matvec ins(%a, %x : ...) outs(%y : ...) -> ...`."""

    name = "linalg.batch_matvec"
    MAPS: ClassVar[ArrayAttr[AffineMapAttr]] = _maps("bmk", "bmk", "bk", "bm")


@irdl_op_definition
class BatchVecmatOp(ContractionOp):
    """`y[b, n] += x[b, k] * a[b, k, n]`: `linalg.batch_vecmat ins(%x, %a : ...) outs(%y : ...) -> ...`."""

    name = "linalg.batch_vecmat"
    MAPS: ClassVar[ArrayAttr[AffineMapAttr]] = _maps("bnk", "bk", "bkn", "bn")
