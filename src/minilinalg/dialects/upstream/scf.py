"""The `scf` dialect: structured loops and branches, with `forall` and the official syntax of all of them.

xDSL 0.74 has no `forall`, no syntax for `parallel`, does not read `scf.for unsigned`, and prints some operations in a
way that mlir-opt does not accept. Its names of classes, constructors' parameters and accessors are kept.

Source: https://mlir.llvm.org/docs/Dialects/SCFDialect/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    IndexType,
    SignlessIntegerConstraint,
    UnitAttr,
    i1,
    i64,
)
from xdsl.dialects.utils import AbstractYieldOperation
from xdsl.ir import Attribute, Block, BlockArgument, Dialect, Operation, Region, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    VarConstraint,
    base,
    irdl_op_definition,
    lazy_traits_def,
    operand_def,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
    var_operand_def,
    var_region_def,
    var_result_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import (
    HasParent,
    IsTerminator,
    NoTerminator,
    Pure,
    RecursivelySpeculatable,
    RecursiveMemoryEffect,
    SingleBlockImplicitTerminator,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import (
    INDEX,
    index_list,
    mixed,
    parse_arguments,
    parse_assignments,
    parse_index_list,
    parse_optional_result_types,
    parse_value_list,
    print_assignments,
    print_index_list,
    print_types,
    print_values,
    static_values,
    verify_index_list,
    with_terminator,
)

_PAREN = Parser.Delimiter.PAREN


@irdl_op_definition
class YieldOp(AbstractYieldOperation[Attribute]):
    """Ends a region of an scf operation with the values that it gives: `scf.yield %a, %b : f32, i32`."""

    name = "scf.yield"
    traits = lazy_traits_def(
        lambda: (IsTerminator(), HasParent(ForOp, IfOp, ExecuteRegionOp, WhileOp, IndexSwitchOp), Pure())
    )


@irdl_op_definition
class ForOp(IRDLOperation):
    """A counted loop: `lb`, `lb + step`, ... while less than `ub`.

        %sum = scf.for %i = %lb to %ub step %s iter_args(%acc = %zero) -> (f32) : i32 {
          scf.yield %next : f32
        } {tt.num_stages = 2 : i32}

    Bounds and step have one type, index (which is not written) or a signless integer; with `unsigned` they are
    compared as unsigned numbers. `iter_args` start from their values, `scf.yield` gives those of the next iteration,
    and the results are those of the last. A short form without results: `scf.for %i = %lb to %ub step %s {...}`.
    """

    name = "scf.for"
    T: ClassVar = VarConstraint("T", base(IndexType) | SignlessIntegerConstraint)
    lb = operand_def(T)
    ub = operand_def(T)
    step = operand_def(T)
    iter_args = var_operand_def()
    unsigned = opt_prop_def(UnitAttr, prop_name="unsignedCmp")
    res = var_result_def()
    body = region_def("single_block")
    traits = traits_def(SingleBlockImplicitTerminator(YieldOp), RecursiveMemoryEffect())

    def __init__(
        self,
        lb: SSAValue | Operation,
        ub: SSAValue | Operation,
        step: SSAValue | Operation,
        iter_args: Sequence[SSAValue | Operation],
        body: Region | Sequence[Operation] | Sequence[Block] | Block,
    ):
        super().__init__(
            operands=[lb, ub, step, iter_args],
            result_types=[[SSAValue.get(value).type for value in iter_args]],
            regions=[[body] if isinstance(body, Block) else body],
        )

    @property
    def induction_variable(self) -> BlockArgument:
        return self.body.block.args[0]

    @property
    def region_iter_args(self) -> Sequence[BlockArgument]:
        """The arguments of the body which stand for the loop-carried values."""
        return self.body.block.args[1:]

    @property
    def yielded(self) -> Sequence[SSAValue]:
        """What the body gives to the next iteration."""
        terminator = self.body.block.last_op
        assert terminator is not None
        return terminator.operands

    def verify_(self) -> None:
        carried = tuple(value.type for value in self.iter_args)
        expected = (self.lb.type, *carried)
        if self.body.block.arg_types != expected:
            raise VerifyException(
                f"the body of 'scf.for' has arguments of types ({_types(self.body.block.arg_types)}): it takes the "
                f"induction variable, then each loop-carried value, here ({_types(expected)})"
            )
        if tuple(self.result_types) != carried:
            raise VerifyException(
                f"'scf.for' has results of types ({_types(self.result_types)}): it gives each loop-carried value, "
                f"here ({_types(carried)})"
            )
        _verify_yield(self, "the body", self.body, carried)

    @classmethod
    def parse(cls, parser: Parser) -> ForOp:
        unsigned = parser.parse_optional_keyword("unsigned") is not None
        variable = parser.parse_argument(expect_type=False)
        parser.parse_punctuation("=", " and the lower bound")
        lower = parser.parse_unresolved_operand()
        parser.parse_keyword("to", " and the upper bound")
        upper = parser.parse_unresolved_operand()
        parser.parse_keyword("step", " of the loop")
        step = parser.parse_unresolved_operand()
        arguments: list[Parser.Argument] = []
        initial: list[SSAValue] = []
        if parser.parse_optional_keyword("iter_args") is not None:
            assignments = parse_assignments(parser)
            arguments, initial = assignments.resolve(parser, parse_optional_result_types(parser))
        type_ = parser.parse_type() if parser.parse_optional_punctuation(":") is not None else INDEX
        body = with_terminator(parser.parse_region((variable.resolve(type_), *arguments)), YieldOp)
        return cls.create(
            operands=[*(parser.resolve_operand(bound, type_) for bound in (lower, upper, step)), *initial],
            result_types=[value.type for value in initial],
            regions=[body],
            properties={"unsignedCmp": UnitAttr()} if unsigned else {},
            attributes=parser.parse_optional_attr_dict(),
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" unsigned " if self.unsigned is not None else " ")
        printer.print_ssa_value(self.induction_variable)
        for word, bound in ((" = ", self.lb), (" to ", self.ub), (" step ", self.step)):
            printer.print_string(word)
            printer.print_ssa_value(bound)
        if self.iter_args:
            printer.print_string(" iter_args")
            print_assignments(printer, self.region_iter_args, self.iter_args)
            printer.print_string(" -> ")
            print_types(printer, self.result_types, always_parens=True)
        if not isinstance(self.lb.type, IndexType):
            # mlir-opt writes two blanks here, and so does Triton.
            printer.print_string("  : ")
            printer.print_attribute(self.lb.type)
        printer.print_string(" ")
        printer.print_region(
            self.body,
            print_entry_block_args=False,
            print_empty_block=False,
            print_block_terminators=bool(self.iter_args),
        )
        printer.print_op_attributes(self.attributes)


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
            ("lower bounds", self.static_lower_bound, self.dynamic_lower_bound),
            ("upper bounds", self.static_upper_bound, self.dynamic_upper_bound),
            ("steps", self.static_step, self.dynamic_step),
        )
        for what, static, dynamic in lists:
            if len(static_values(static)) != self.rank:
                raise VerifyException(
                    f"'scf.forall' has {len(static_values(static))} {what} and {self.rank} upper bounds: "
                    "every dimension has one of each"
                )
            verify_index_list(self, what, static, dynamic)
        found = [argument.type for argument in self.body.block.args]
        expected = [INDEX] * self.rank + [output.type for output in self.outputs]
        if found != expected:
            raise VerifyException(
                f"the body of 'scf.forall' has arguments of types ({_types(found)}): it takes an index for each "
                f"dimension, then each shared output, here ({_types(expected)})"
            )
        if [result.type for result in self.res] != expected[self.rank :]:
            raise VerifyException(
                f"'scf.forall' has results of types ({_types(self.res.types)}) and shared outputs of types "
                f"({_types(expected[self.rank :])}): each result has the type of its output"
            )
        if self.mapping is not None and len(self.mapping) != self.rank:
            raise VerifyException(
                f"'scf.forall' has {self.rank} dimensions and a mapping of {len(self.mapping)} attributes: "
                "a mapping has one for each dimension"
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


@irdl_op_definition
class ReduceReturnOp(IRDLOperation):
    """Ends a region of `scf.reduce` with the combined value: `scf.reduce.return %sum : f32`."""

    name = "scf.reduce.return"
    result = operand_def()
    traits = lazy_traits_def(lambda: (HasParent(ReduceOp), IsTerminator(), Pure()))
    assembly_format = "$result attr-dict `:` type($result)"

    def __init__(self, result: SSAValue | Operation):
        super().__init__(operands=[result])


@irdl_op_definition
class ReduceOp(IRDLOperation):
    """Ends the body of a `scf.parallel`: how the values of all iterations are combined into each result.

        scf.reduce(%x : f32) {
        ^bb0(%lhs: f32, %rhs: f32):
          scf.reduce.return %sum : f32
        }

    One region a result. The order is not specified, so the combination should be associative and commutative.
    """

    name = "scf.reduce"
    args = var_operand_def()
    reductions = var_region_def("single_block")
    traits = lazy_traits_def(lambda: (RecursiveMemoryEffect(), HasParent(ParallelOp), IsTerminator()))

    def __init__(self, args: Sequence[SSAValue | Operation] = (), regions: Sequence[Region] = ()):
        super().__init__(operands=(args,), regions=(regions,))

    def verify_(self) -> None:
        if len(self.args) != len(self.reductions):
            raise VerifyException(
                f"'scf.reduce' has {len(self.args)} values and {len(self.reductions)} regions: every value has a region"
            )
        for value, region in zip(self.args, self.reductions, strict=True):
            if region.block.arg_types != (value.type, value.type):
                raise VerifyException(
                    f"a region of 'scf.reduce' has arguments of types ({_types(region.block.arg_types)}): "
                    f"it combines two values of the reduced type, here ({value.type}, {value.type})"
                )
            last = region.block.last_op
            if not isinstance(last, ReduceReturnOp) or last.result.type != value.type:
                raise VerifyException(
                    f"a region of 'scf.reduce' must end with 'scf.reduce.return' of the reduced type, here {value.type}"
                )

    @classmethod
    def parse(cls, parser: Parser) -> ReduceOp:
        operands: list[SSAValue] = []
        regions: list[Region] = []
        if parser.parse_optional_punctuation("(") is not None:
            values = parse_value_list(parser, Parser.Delimiter.NONE)
            parser.parse_punctuation(":", " and the types of the reduced values")
            types = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_type)
            parser.parse_punctuation(")")
            operands = list(parser.resolve_operands(values, types, parser.pos))
            regions = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_region)
        return cls.create(operands=operands, regions=regions, attributes=parser.parse_optional_attr_dict())

    def print(self, printer: Printer) -> None:
        if self.args:
            print_values(printer, self.args, "(")
            printer.print_string(" : ")
            printer.print_list(self.args.types, printer.print_attribute)
            printer.print_string(") ")
        printer.print_list(self.reductions, printer.print_region)
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class ParallelOp(IRDLOperation):
    """Iterations that may run at the same time, with values that are reduced over all of them.

        %sum = scf.parallel (%i, %j) = (%lb, %lb) to (%n, %m) step (%s, %s) init (%zero) -> f32 {
          scf.reduce(%x : f32) { ... }
        }

    One lower bound, upper bound and step (index) for each dimension; one `init` and one region of `scf.reduce` for each
    result.
    """

    name = "scf.parallel"
    lowerBound = var_operand_def(IndexType)
    upperBound = var_operand_def(IndexType)
    step = var_operand_def(IndexType)
    initVals = var_operand_def()
    res = var_result_def()
    body = region_def("single_block")
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(SingleBlockImplicitTerminator(ReduceOp), RecursiveMemoryEffect())

    def __init__(
        self,
        lower_bounds: Sequence[SSAValue | Operation],
        upper_bounds: Sequence[SSAValue | Operation],
        steps: Sequence[SSAValue | Operation],
        body: Region | Sequence[Block] | Sequence[Operation],
        init_vals: Sequence[SSAValue | Operation] = (),
    ):
        super().__init__(
            operands=[lower_bounds, upper_bounds, steps, init_vals],
            result_types=[[SSAValue.get(value).type for value in init_vals]],
            regions=[body],
        )

    def verify_(self) -> None:
        counts = len(self.lowerBound), len(self.upperBound), len(self.step)
        if len(set(counts)) != 1:
            raise VerifyException(
                f"'scf.parallel' has {counts[0]} lower bounds, {counts[1]} upper bounds and {counts[2]} steps: "
                "every dimension has one of each"
            )
        expected = (INDEX,) * counts[0]
        if self.body.block.arg_types != expected:
            raise VerifyException(
                f"the body of 'scf.parallel' has arguments of types ({_types(self.body.block.arg_types)}): "
                f"it takes an index for each dimension, here ({_types(expected)})"
            )
        reduction = self.body.block.last_op
        reduced = reduction.args.types if isinstance(reduction, ReduceOp) else ()
        if not tuple(self.initVals.types) == tuple(self.res.types) == tuple(reduced):
            raise VerifyException(
                f"'scf.parallel' has initial values of types ({_types(self.initVals.types)}), results of types "
                f"({_types(self.res.types)}), and its 'scf.reduce' values of types ({_types(reduced)}): "
                "they must be the same"
            )

    @classmethod
    def parse(cls, parser: Parser) -> ParallelOp:
        variables = parse_arguments(parser, INDEX)
        bounds: list[list[SSAValue]] = []
        for word in ("=", "to", "step"):
            parser.parse_characters(word, " and one value for each dimension")
            position = parser.pos
            values = parse_value_list(parser)
            bounds.append(list(parser.resolve_operands(values, [INDEX] * len(variables), position)))
        initial = parse_value_list(parser) if parser.parse_optional_keyword("init") is not None else []
        position = parser.pos
        types = parse_optional_result_types(parser)
        body = with_terminator(parser.parse_region(variables), ReduceOp)
        return cls.build(
            operands=[*bounds, parser.resolve_operands(initial, types, position)],
            result_types=[types],
            regions=[body],
            attributes=parser.parse_optional_attr_dict(),
        )

    def print(self, printer: Printer) -> None:
        print_values(printer, self.body.block.args, " (", ")")
        for word, values in ((" = ", self.lowerBound), (" to ", self.upperBound), (" step ", self.step)):
            print_values(printer, values, f"{word}(", ")")
        if self.initVals:
            print_values(printer, self.initVals, " init (", ")")
            printer.print_string(" -> ")
            print_types(printer, self.result_types)
        printer.print_string(" ")
        printer.print_region(self.body, print_entry_block_args=False)
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class IfOp(IRDLOperation):
    """Run one of two regions: `%r = scf.if %c -> (f32) { scf.yield %a : f32 } else { scf.yield %b : f32 }`.

    The condition is an i1. With results, both regions yield one value for each; without, `else` may be left out.
    """

    name = "scf.if"
    output = var_result_def()
    cond = operand_def(i1)
    true_region = region_def("single_block")
    false_region = region_def()
    traits = traits_def(SingleBlockImplicitTerminator(YieldOp), RecursiveMemoryEffect(), RecursivelySpeculatable())

    def __init__(
        self,
        cond: SSAValue | Operation,
        return_types: Sequence[Attribute],
        true_region: Region | Sequence[Block] | Sequence[Operation],
        false_region: Region | Sequence[Block] | Sequence[Operation] | None = None,
        attr_dict: dict[str, Attribute] | None = None,
    ):
        super().__init__(
            operands=[cond],
            result_types=[return_types],
            regions=[true_region, Region() if false_region is None else false_region],
            attributes=attr_dict,
        )

    def verify_(self) -> None:
        if self.output and not self.false_region.blocks:
            raise VerifyException(
                f"'scf.if' has {len(self.output)} results but no else region: both ways must yield the results"
            )
        for name, region in (("then", self.true_region), ("else", self.false_region)):
            if region.blocks:
                _verify_yield(self, f"the {name} region", region, self.result_types)

    @classmethod
    def parse(cls, parser: Parser) -> IfOp:
        condition = parser.parse_operand(i1)
        types = parse_optional_result_types(parser)
        regions = [with_terminator(parser.parse_region(), YieldOp), Region()]
        if parser.parse_optional_keyword("else") is not None:
            regions[1] = with_terminator(parser.parse_region(), YieldOp)
        return cls.create(
            operands=[condition],
            result_types=types,
            regions=regions,
            attributes=parser.parse_optional_attr_dict(),
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_operand(self.cond)
        if self.output:
            printer.print_string(" -> ")
            print_types(printer, self.result_types, always_parens=True)
        for word, region in ((" ", self.true_region), (" else ", self.false_region)):
            if region.blocks:
                printer.print_string(word)
                printer.print_region(
                    region,
                    print_entry_block_args=False,
                    print_empty_block=False,
                    print_block_terminators=bool(self.output),
                )
        printer.print_op_attributes(self.attributes)


@irdl_op_definition
class ConditionOp(IRDLOperation):
    """Ends the first region of a `while`: whether to go on, and the values for the second region or the results.

    `scf.condition(%c) %x, %y : i32, f32`
    """

    name = "scf.condition"
    condition = operand_def(i1)
    args = var_operand_def()
    traits = lazy_traits_def(lambda: (HasParent(WhileOp), IsTerminator(), Pure()))
    assembly_format = "`(` $condition `)` attr-dict ($args^ `:` type($args))?"

    def __init__(self, condition: SSAValue | Operation, *args: SSAValue | Operation):
        super().__init__(operands=(condition, args))


@irdl_op_definition
class WhileOp(IRDLOperation):
    """A loop with its test in the middle.

        %r = scf.while (%x = %init) : (i32) -> f32 {
          scf.condition(%c) %y : f32
        } do {
        ^bb0(%y: f32):
          scf.yield %next : i32
        }

    The first region computes the condition; while it is true, the second runs on the values that `scf.condition`
    passes, and yields the next arguments of the first. When it is false, those values are the results.
    """

    name = "scf.while"
    arguments = var_operand_def()
    res = var_result_def()
    before_region = region_def("single_block")
    after_region = region_def("single_block")
    traits = traits_def(RecursiveMemoryEffect())

    def __init__(
        self,
        arguments: Sequence[SSAValue | Operation],
        result_types: Sequence[Attribute],
        before_region: Region | Sequence[Operation] | Sequence[Block],
        after_region: Region | Sequence[Operation] | Sequence[Block],
    ):
        super().__init__(operands=[arguments], result_types=[result_types], regions=[before_region, after_region])

    def verify_(self) -> None:
        before, after = self.before_region.block, self.after_region.block
        condition, yielded = before.last_op, after.last_op
        if not isinstance(condition, ConditionOp):
            raise VerifyException("the first region of 'scf.while' must end with 'scf.condition'")
        if not isinstance(yielded, YieldOp):
            raise VerifyException("the second region of 'scf.while' must end with 'scf.yield'")
        pairs = (
            ("arguments of its first region", before.arg_types, "operands", self.arguments.types),
            ("values of 'scf.condition'", condition.args.types, "results", self.res.types),
            ("arguments of its second region", after.arg_types, "results", self.res.types),
            ("values of 'scf.yield'", yielded.arguments.types, "operands", self.arguments.types),
        )
        for what, found, like, expected in pairs:
            if tuple(found) != tuple(expected):
                raise VerifyException(
                    f"'scf.while': the {what} have types ({_types(found)}), its {like} ({_types(expected)}): "
                    "they must be the same"
                )

    @classmethod
    def parse(cls, parser: Parser) -> WhileOp:
        if parser.parse_optional_punctuation(":") is None:
            assignments = parse_assignments(parser)
            parser.parse_punctuation(":", " and the function type of the loop")
            type_ = parser.parse_function_type()
            arguments, operands = assignments.resolve(parser, type_.inputs.data)
        else:
            type_ = parser.parse_function_type()
            arguments, operands = [], []
        before = parser.parse_region(arguments)
        parser.parse_keyword("do", " and the second region")
        after = parser.parse_region()
        attributes = parser.parse_optional_attr_dict_with_keyword()
        return cls.create(
            operands=operands,
            result_types=type_.outputs.data,
            regions=[before, with_terminator(after, YieldOp)],
            attributes={} if attributes is None else attributes.data,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        if self.arguments:
            print_assignments(printer, self.before_region.block.args, self.arguments)
            printer.print_string(" ")
        printer.print_string(": ")
        printer.print_function_type(self.operand_types, self.result_types)
        printer.print_string(" ")
        printer.print_region(self.before_region, print_entry_block_args=False)
        printer.print_string(" do ")
        printer.print_region(self.after_region)
        printer.print_op_attributes(self.attributes, print_keyword=True)


@irdl_op_definition
class IndexSwitchOp(IRDLOperation):
    """Run the region whose case is the operand (an index), or the default.

    %r = scf.index_switch %i -> i32
    case 2 {
      scf.yield %a : i32
    }
    default {
      scf.yield %b : i32
    }
    """

    name = "scf.index_switch"
    arg = operand_def(IndexType)
    cases = prop_def(DenseArrayBase.constr(i64))
    output = var_result_def()
    default_region = region_def("single_block")
    case_regions = var_region_def("single_block")
    traits = traits_def(RecursiveMemoryEffect(), SingleBlockImplicitTerminator(YieldOp))

    def __init__(
        self,
        arg: Operation | SSAValue,
        cases: DenseArrayBase,
        default_region: Region,
        case_regions: Sequence[Region],
        result_types: Sequence[Attribute],
        attr_dict: dict[str, Attribute] | None = None,
    ):
        super().__init__(
            operands=(arg,),
            attributes=attr_dict,
            properties={"cases": cases},
            regions=(default_region, case_regions),
            result_types=(result_types,),
        )

    def verify_(self) -> None:
        cases = static_values(self.cases)
        if len(cases) != len(self.case_regions):
            raise VerifyException(
                f"'scf.index_switch' has {len(cases)} cases and {len(self.case_regions)} regions for them: "
                "every case has a region"
            )
        if len(set(cases)) != len(cases):
            raise VerifyException(f"'scf.index_switch' has cases {list(cases)}: no case may appear twice")
        _verify_yield(self, "the default region", self.default_region, self.result_types)
        for case, region in zip(cases, self.case_regions, strict=True):
            _verify_yield(self, f"case {case}", region, self.result_types)

    @classmethod
    def parse(cls, parser: Parser) -> IndexSwitchOp:
        argument = parser.parse_operand(INDEX)
        attributes = parser.parse_optional_attr_dict()
        types: list[Attribute] = []
        if parser.parse_optional_punctuation("->") is not None:
            types = [*parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_type)]
        cases: list[int] = []
        regions: list[Region] = []
        while parser.parse_optional_keyword("case") is not None:
            cases.append(parser.parse_integer(allow_boolean=False))
            regions.append(with_terminator(parser.parse_region(), YieldOp))
        parser.parse_keyword("default", " or 'case'")
        default = with_terminator(parser.parse_region(), YieldOp)
        return cls(argument, DenseArrayBase.from_list(i64, cases), default, regions, types, attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_operand(self.arg)
        printer.print_op_attributes(self.attributes)
        if self.result_types:
            printer.print_string(" -> ")
            printer.print_list(self.result_types, printer.print_attribute)
        for case, region in zip(static_values(self.cases), self.case_regions, strict=True):
            printer.print_string(f"\ncase {case} ")
            printer.print_region(region)
        printer.print_string("\ndefault ")
        printer.print_region(self.default_region)


@irdl_op_definition
class ExecuteRegionOp(IRDLOperation):
    """Run a region of any number of blocks once: `%r = scf.execute_region -> i32 { ... scf.yield %x : i32 }`.

    With `no_inline` no pass may replace it by its contents.
    """

    name = "scf.execute_region"
    outs = var_result_def()
    no_inline = opt_prop_def(UnitAttr)
    region = region_def()
    traits = traits_def(RecursiveMemoryEffect())

    def __init__(self, result_types: Sequence[Attribute], region: Region):
        super().__init__(result_types=(result_types,), regions=(region,))

    def verify_(self) -> None:
        if self.region.first_block is None:
            raise VerifyException("'scf.execute_region' has an empty region: it runs at least one block")

    @classmethod
    def parse(cls, parser: Parser) -> ExecuteRegionOp:
        types = parse_optional_result_types(parser)
        no_inline = parser.parse_optional_keyword("no_inline") is not None
        return cls.create(
            result_types=types,
            regions=[parser.parse_region()],
            properties={"no_inline": UnitAttr()} if no_inline else {},
            attributes=parser.parse_optional_attr_dict(),
        )

    def print(self, printer: Printer) -> None:
        if self.outs:
            printer.print_string(" -> ")
            print_types(printer, self.result_types)
        printer.print_string(" no_inline " if self.no_inline is not None else " ")
        printer.print_region(self.region, print_entry_block_args=False)
        printer.print_op_attributes(self.attributes)


def _types(types: Iterable[Attribute]) -> str:
    return ", ".join(map(str, types))


def _verify_yield(op: Operation, what: str, region: Region, expected: Iterable[Attribute]) -> None:
    """The region yields values of the types that `op` expects."""
    terminator = region.block.last_op
    found = () if terminator is None else terminator.operand_types
    if tuple(found) != tuple(expected):
        raise VerifyException(
            f"{what} of '{op.name}' yields ({_types(found)}): what is yielded has the types of the results, "
            f"here ({_types(expected)})"
        )


Scf = Dialect(
    "scf",
    [
        ConditionOp,
        ExecuteRegionOp,
        ForOp,
        ForallOp,
        IfOp,
        InParallelOp,
        IndexSwitchOp,
        ParallelOp,
        ReduceOp,
        ReduceReturnOp,
        WhileOp,
        YieldOp,
    ],
    [],
)
