"""`scf.forall`, and how its iterations add up to results."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    IndexType,
    TensorType,
    i64,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    lazy_traits_def,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import (
    HasParent,
    IsTerminator,
    NoTerminator,
    RecursiveMemoryEffect,
    SingleBlockImplicitTerminator,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import (
    INDEX,
    counted,
    index_list,
    mixed,
    parse_arguments,
    parse_assignments,
    parse_index_list,
    parse_optional_result_types,
    print_assignments,
    print_index_list,
    print_types,
    print_values,
    static_values,
    verify_index_list,
    with_terminator,
)
from minilinalg.dialects.upstream.scf.yields import types_text

_PAREN = Parser.Delimiter.PAREN


@irdl_op_definition
class InParallelOp(IRDLOperation):
    """What every iteration of a `forall` adds to the shared results, all of it at once, in no particular order.

        scf.forall.in_parallel {
          tensor.parallel_insert_slice %part into %out[%i] [4] [1] : tensor<4xf32> into tensor<16xf32>
        }

    It ends the body of a `forall`; the text leaves it out where there is no result.
    """

    name = "scf.forall.in_parallel"
    region = region_def("single_block")
    traits = lazy_traits_def(lambda: (HasParent(ForallOp), IsTerminator(), NoTerminator(), RecursiveMemoryEffect()))

    def __init__(self, region: Region | None = None):
        super().__init__(regions=[region or Region(Block())])

    def verify_(self) -> None:
        for op in self.region.block.ops:
            # The operation is defined on top of this module.
            if op.name != "tensor.parallel_insert_slice":
                raise VerifyException(
                    f"'scf.forall.in_parallel' has '{op.name}' inside: it holds only 'tensor.parallel_insert_slice'"
                )

    @classmethod
    def parse(cls, parser: Parser) -> InParallelOp:
        region = parser.parse_region()
        if region.first_block is None:
            region.add_block(Block())
        return cls.create(regions=[region], attributes=parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_region(self.region, print_empty_block=False)
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class ForallOp(IRDLOperation):
    """All iterations of a space of any number of dimensions, in no particular order, possibly at the same time.

        scf.forall (%z, %y, %x) in (%gz, %gy, 4) { ... }
        %r = scf.forall (%i) = (0) to (%n) step (4) shared_outs(%out = %init) -> (tensor<16xf32>) {
          scf.forall.in_parallel {
            tensor.parallel_insert_slice %part into %out[%i] [4] [1] : tensor<4xf32> into tensor<16xf32>
          }
        } {mapping = [#gpu.block<x>]}

    Bounds and steps are numbers or values of type index; `in` means from 0 in steps of 1. Each iteration sees the
    `shared_outs` as they were before the loop; the results are those with all slices of `in_parallel` put in.
    `mapping` has one attribute for each dimension.
    """

    name = "scf.forall"
    dynamic_lower_bound = var_operand_def(IndexType)
    dynamic_upper_bound = var_operand_def(IndexType)
    dynamic_step = var_operand_def(IndexType)
    outputs = var_operand_def()
    static_lower_bound = prop_def(DenseArrayBase.constr(i64), prop_name="staticLowerBound")
    static_upper_bound = prop_def(DenseArrayBase.constr(i64), prop_name="staticUpperBound")
    static_step = prop_def(DenseArrayBase.constr(i64), prop_name="staticStep")
    mapping = opt_prop_def(ArrayAttr)
    res = var_result_def()
    body = region_def("single_block")
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(RecursiveMemoryEffect(), SingleBlockImplicitTerminator(InParallelOp))

    def __init__(
        self,
        lower_bounds: Sequence[SSAValue | Operation | int],
        upper_bounds: Sequence[SSAValue | Operation | int],
        steps: Sequence[SSAValue | Operation | int],
        outputs: Sequence[SSAValue | Operation],
        body: Region | Sequence[Block],
        mapping: ArrayAttr[Attribute] | None = None,
    ):
        lower, upper, step = index_list(lower_bounds), index_list(upper_bounds), index_list(steps)
        super().__init__(
            operands=[lower.dynamic, upper.dynamic, step.dynamic, outputs],
            result_types=[[SSAValue.get(output).type for output in outputs]],
            properties={
                "staticLowerBound": lower.static,
                "staticUpperBound": upper.static,
                "staticStep": step.static,
                "mapping": mapping,
            },
            regions=[body],
        )

    @property
    def rank(self) -> int:
        """The number of dimensions of the iteration space."""
        return len(static_values(self.static_upper_bound))

    @property
    def mixed_lower_bound(self) -> list[SSAValue | int]:
        return mixed(self.static_lower_bound, self.dynamic_lower_bound)

    @property
    def mixed_upper_bound(self) -> list[SSAValue | int]:
        return mixed(self.static_upper_bound, self.dynamic_upper_bound)

    @property
    def mixed_step(self) -> list[SSAValue | int]:
        return mixed(self.static_step, self.dynamic_step)

    @property
    def is_normalized(self) -> bool:
        """From 0 in steps of 1, which is written `in (...)`."""
        lower, step = static_values(self.static_lower_bound), static_values(self.static_step)
        return all(bound == 0 for bound in lower) and all(size == 1 for size in step)

    @property
    def induction_variables(self) -> Sequence[BlockArgument]:
        return self.body.block.args[: self.rank]

    @property
    def region_iter_args(self) -> Sequence[BlockArgument]:
        """The arguments of the body which stand for the shared outputs."""
        return self.body.block.args[self.rank :]

    @property
    def terminator(self) -> InParallelOp:
        last = self.body.block.last_op
        assert isinstance(last, InParallelOp)
        return last

    def verify_(self) -> None:
        lists = (
            ("lower bound", self.static_lower_bound, self.dynamic_lower_bound),
            ("upper bound", self.static_upper_bound, self.dynamic_upper_bound),
            ("step", self.static_step, self.dynamic_step),
        )
        for what, static, dynamic in lists:
            if len(static_values(static)) != self.rank:
                raise VerifyException(
                    f"'scf.forall' has {counted(len(static_values(static)), what)} and "
                    f"{counted(self.rank, 'upper bound')}: "
                    "every dimension has one of each"
                )
            verify_index_list(self, f"{what}s", static, dynamic)
        found = [argument.type for argument in self.body.block.args]
        expected = [INDEX] * self.rank + [output.type for output in self.outputs]
        if found != expected:
            raise VerifyException(
                f"the body of 'scf.forall' has arguments of types ({types_text(found)}): it takes an index for each "
                f"dimension, then each shared output, here ({types_text(expected)})"
            )
        if not all(isinstance(output.type, TensorType) for output in self.outputs):
            raise VerifyException(
                f"'scf.forall' has shared outputs of types ({types_text(expected[self.rank :])}): they are tensors"
            )
        if [result.type for result in self.res] != expected[self.rank :]:
            raise VerifyException(
                f"'scf.forall' has results of types ({types_text(self.res.types)}) and shared outputs of types "
                f"({types_text(expected[self.rank :])}): each result has the type of its output"
            )
        if self.mapping is not None and len(self.mapping) != self.rank:
            raise VerifyException(
                f"'scf.forall' has {counted(self.rank, 'dimension')} and a mapping of "
                f"{counted(len(self.mapping), 'attribute')}: a mapping has one for each dimension"
            )

    @classmethod
    def parse(cls, parser: Parser) -> ForallOp:
        variables = parse_arguments(parser, INDEX)
        if parser.parse_optional_keyword("in") is not None:
            upper = parse_index_list(parser, _PAREN)
            lower, step = index_list([0] * len(variables)), index_list([1] * len(variables))
        else:
            parser.parse_punctuation("=", " and lower bounds, or 'in' and upper bounds,")
            lower = parse_index_list(parser, _PAREN)
            parser.parse_keyword("to", " and upper bounds")
            upper = parse_index_list(parser, _PAREN)
            parser.parse_keyword("step", " and step sizes")
            step = parse_index_list(parser, _PAREN)
        arguments: list[Parser.Argument] = []
        outputs: list[SSAValue] = []
        if parser.parse_optional_keyword("shared_outs") is not None:
            assignments = parse_assignments(parser)
            arguments, outputs = assignments.resolve(parser, parse_optional_result_types(parser))
        body = with_terminator(parser.parse_region((*variables, *arguments)), InParallelOp)
        attributes = parser.parse_optional_attr_dict()
        mapping = attributes.pop("mapping", None)
        op = cls.build(
            operands=[lower.dynamic, upper.dynamic, step.dynamic, outputs],
            result_types=[[output.type for output in outputs]],
            properties={
                "staticLowerBound": lower.static,
                "staticUpperBound": upper.static,
                "staticStep": step.static,
                "mapping": mapping,
            },
            attributes=attributes,
            regions=[body],
        )
        return op

    def print(self, printer: Printer) -> None:
        print_values(printer, self.induction_variables, " (", ")")
        if self.is_normalized:
            printer.print_string(" in ")
            print_index_list(printer, self.static_upper_bound, self.dynamic_upper_bound, "()")
        else:
            printer.print_string(" = ")
            print_index_list(printer, self.static_lower_bound, self.dynamic_lower_bound, "()")
            printer.print_string(" to ")
            print_index_list(printer, self.static_upper_bound, self.dynamic_upper_bound, "()")
            printer.print_string(" step ")
            print_index_list(printer, self.static_step, self.dynamic_step, "()")
        if self.outputs:
            printer.print_string(" shared_outs")
            print_assignments(printer, self.region_iter_args, self.outputs)
            printer.print_string(" -> ")
            print_types(printer, self.result_types, always_parens=True)
        printer.print_string(" ")
        printer.print_region(
            self.body,
            print_entry_block_args=False,
            print_empty_block=False,
            print_block_terminators=bool(self.outputs),
        )
        mapping: dict[str, Attribute] = {} if self.mapping is None else {"mapping": self.mapping}
        printer.print_op_attributes({**self.attributes, **mapping})
