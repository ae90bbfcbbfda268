"""`canonicalize`: folds, identities, constant control flow, and the canonicalization patterns of the dialects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, i1
from xdsl.ir import Operation
from xdsl.traits import HasCanonicalizationPatternsTrait

from minilinalg.analysis.constants import constant, constant_of
from minilinalg.dialects.upstream import arith
from minilinalg.passes.base import MinilinalgPass
from minilinalg.passes.control_flow import CONTROL_FLOW
from minilinalg.passes.dce import remove_dead_code
from minilinalg.passes.folding import COMMUTATIVE
from minilinalg.passes.rewriting import PatternRewriter, RewritePattern, apply_patterns, op_type_rewrite_pattern


class ApplyDialectPatterns(RewritePattern):
    """Runs the canonicalization patterns that an operation's class brings along. arith has its own here, in one place:
    xDSL's know scalars only."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        if op.name.startswith("arith."):
            return
        for pattern in _patterns_of(type(op)):
            pattern.match_and_rewrite(op, rewriter)
            if rewriter.has_done_action:
                return


@cache
def _patterns_of(op_type: type[Operation]) -> tuple[RewritePattern, ...]:
    traits = op_type.get_traits_of_type(HasCanonicalizationPatternsTrait)
    return tuple(pattern for trait in traits for pattern in trait.get_patterns(op_type))


class MoveConstantRight(RewritePattern):
    """`5 + x` becomes `x + 5`, so that other patterns look for constants in one place. Of integers only."""

    def match_and_rewrite(self, op: Operation, rewriter: PatternRewriter, /) -> None:
        if op.name not in COMMUTATIVE:
            return
        lhs, rhs = op.operands
        if constant_of(lhs) is not None and constant_of(rhs) is None:
            op.operands = (rhs, lhs)
            rewriter.notify_op_modified(op)


class CombineConstants(RewritePattern):
    """`(x + 2) + 3` becomes `x + 5`, also with a subtraction at either place; `(x * 2) * 3` becomes `x * 6`.

    Integers wrap, so this is exact; a promise that the parts do not overflow says nothing about the sum and is dropped.
    """

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.AddiOp | arith.SubiOp | arith.MuliOp, rewriter: PatternRewriter, /) -> None:
        outer = constant_of(op.operands[1])
        inner_op = op.operands[0].owner
        if outer is None or not isinstance(inner_op, arith.AddiOp | arith.SubiOp | arith.MuliOp):
            return
        inner = constant_of(inner_op.operands[1])
        if inner is None or isinstance(op, arith.MuliOp) != isinstance(inner_op, arith.MuliOp):
            return
        if isinstance(op, arith.MuliOp):
            both = constant(inner * outer, op.result.type)
        else:
            signed = [-c if isinstance(o, arith.SubiOp) else c for c, o in ((inner, inner_op), (outer, op))]
            both = constant(sum(signed), op.result.type)
        if both is None:
            return
        new_constant = arith.ConstantOp.create(result_types=[op.result.type], properties={"value": both})
        combine = arith.MuliOp if isinstance(op, arith.MuliOp) else arith.AddiOp
        rewriter.replace(op, [new_constant, combine(inner_op.operands[0], new_constant.result)])


class CastIndexOnce(RewritePattern):
    """`index_cast (extsi %x)` becomes `index_cast %x`, and the same for the unsigned pair: both extend to 64 bits."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.IndexCastOp | arith.IndexCastUIOp, rewriter: PatternRewriter, /) -> None:
        extension = arith.ExtSIOp if isinstance(op, arith.IndexCastOp) else arith.ExtUIOp
        inner = op.input.owner
        if isinstance(inner, extension):
            rewriter.replace(op, type(op)(inner.operands[0], op.result.type))


class SelectNot(RewritePattern):
    """`select %c, false, true` becomes `xori %c, true`."""

    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: arith.SelectOp, rewriter: PatternRewriter, /) -> None:
        condition, lhs, rhs = op.operands
        if condition.type == op.result.type == i1 and constant_of(lhs) == 0 and constant_of(rhs) == -1:
            rewriter.replace(op, arith.XOrIOp(condition, rhs))


PATTERNS: tuple[RewritePattern, ...] = (
    MoveConstantRight(),
    CombineConstants(),
    CastIndexOnce(),
    SelectNot(),
    *CONTROL_FLOW,
    ApplyDialectPatterns(),
)


@dataclass(frozen=True)
class CanonicalizePass(MinilinalgPass):
    """Brings operations into their simplest form: folds constants and identities, resolves constant control flow.

    ```mlir
    func.func @before(%a: i32) -> i32 {
      %c0 = arith.constant 0 : i32
      %c2 = arith.constant 2 : i32
      %c3 = arith.constant 3 : i32
      %0 = arith.muli %c2, %c3 : i32
      %1 = arith.addi %0, %a : i32
      %2 = arith.addi %1, %c0 : i32
      return %2 : i32
    }
    ```
    becomes
    ```mlir
    func.func @after(%a: i32) -> i32 {
      %0 = arith.constant 6 : i32
      %1 = arith.addi %a, %0 : i32
      return %1 : i32
    }
    ```

    Requires: nothing. Ensures: nothing in `folding.FOLDS` folds any more; constants stand on the right of commutative
    integer operations; scf.if has no constant condition and scf.for no constant trip count of 0 or 1; loops carry no
    value that stays as it was; the patterns of the dialects do not fit; there is no dead code. Leaves alone: float
    arithmetic whose result is not certain, and what is undefined (a division by zero).
    """

    name = "canonicalize"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        simplify(ctx, op, PATTERNS)


def simplify(ctx: Context, module: ModuleOp, patterns: Sequence[RewritePattern]) -> None:
    """Folds, applies `patterns` and removes dead code, until there is nothing left to do."""
    apply_patterns(ctx, module, patterns, fold=True, erase_dead=True)
    # Dead cycles, such as a loop-carried value that only feeds itself, have uses and are found by liveness only.
    while remove_dead_code(module.body):
        apply_patterns(ctx, module, patterns, fold=True, erase_dead=True)
