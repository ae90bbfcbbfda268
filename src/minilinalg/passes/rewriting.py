"""The greedy rewrite driver that all passes use.

It runs xDSL's rewrite patterns with xDSL's `PatternRewriter`, and differs from xDSL's walker in four ways: an operation
that a pattern creates gets the location of the operation that the pattern matched; patterns are looked up by the
operation's class instead of being tried one by one; an error of the user's passes through with the operation's place
added; and a set of patterns that undo one another ends in an error that names them instead of never.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin

from xdsl.context import Context
from xdsl.dialects.builtin import UnknownLoc
from xdsl.ir import Block, Operation, Region, SSAValue
from xdsl.pattern_rewriter import PatternRewriter, PatternRewriterListener, RewritePattern
from xdsl.rewriter import InsertPoint
from xdsl.utils.worklist import Worklist

from minilinalg.errors import InternalError, MinilinalgError

if TYPE_CHECKING:
    from xdsl.dialects.builtin import LocationAttr

__all__ = ["PatternRewriter", "RewritePattern", "apply_patterns", "locate", "op_type_rewrite_pattern"]

_PatternT = TypeVar("_PatternT", bound=RewritePattern)
_OperationT = TypeVar("_OperationT", bound=Operation)


def op_type_rewrite_pattern(
    func: Callable[[_PatternT, _OperationT, PatternRewriter], None],
) -> Callable[[_PatternT, Operation, PatternRewriter], None]:
    """Restricts `match_and_rewrite` to the operation class (or union of classes) in its annotation.

    Used as xDSL's decorator of the same name; in addition the driver can see the classes, and so does not call the
    pattern on others at all.
    """
    annotation: Any = list(inspect.signature(func, eval_str=True).parameters.values())[1].annotation
    types: tuple[type[Operation], ...] = (
        get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    )

    def match_and_rewrite(self: _PatternT, op: Operation, rewriter: PatternRewriter) -> None:
        if isinstance(op, types):
            func(self, op, rewriter)  # pyright: ignore[reportArgumentType]

    match_and_rewrite.op_types = types  # pyright: ignore[reportFunctionMemberAccess]
    return match_and_rewrite


def locate(ops: Operation | Iterable[Operation], location: LocationAttr) -> None:
    """Gives `location` to `ops` and to all inside them that have none yet."""
    for root in (ops,) if isinstance(ops, Operation) else ops:
        for op in root.walk():
            if isinstance(op.location, UnknownLoc):
                op.location = location
            for region in op.regions:
                for block in region.blocks:
                    for arg in block.args:
                        if isinstance(arg.location, UnknownLoc):
                            arg.location = location


def apply_patterns(
    ctx: Context,
    root: Operation | Region,
    patterns: Sequence[RewritePattern],
    *,
    recursive: bool = True,
    reverse: bool = False,
    fold: bool = False,
    erase_dead: bool = False,
) -> bool:
    """Applies `patterns`, the first that fits winning, to every operation inside `root`; True when the IR changed.

    `recursive` goes on until nothing fits any more: new and changed operations, users of replaced values and producers
    of dropped ones are looked at again. Without it each operation that is there at the start is looked at once.
    `reverse` starts at the end, so that uses are seen before definitions. `fold` tries the folds of `canonicalize`
    before the patterns. `erase_dead` removes an operation that has no effect and no use before anything else.
    """
    if fold:
        from minilinalg.passes.folding import Fold

        patterns = (Fold(ctx), *patterns)
    return _Driver(patterns, recursive=recursive, reverse=reverse, erase_dead=erase_dead).run(root)


class _Driver:
    def __init__(self, patterns: Sequence[RewritePattern], *, recursive: bool, reverse: bool, erase_dead: bool):
        self.patterns = patterns
        self.recursive = recursive
        self.reverse = reverse
        self.erase_dead = erase_dead
        self.worklist = Worklist()
        self.by_type: dict[type[Operation], tuple[RewritePattern, ...]] = {}
        self.applied: Counter[str] = Counter()
        self.location: LocationAttr = UnknownLoc()

    def run(self, root: Operation | Region) -> bool:
        rewriter = PatternRewriter(InsertPoint.at_start(Block()))
        rewriter.extend_from_listener(self.listener())
        changed = False
        while True:
            size = self.fill(root)
            # Patterns that make progress rewrite an operation a handful of times on average.
            changed_now = self.drain(rewriter, budget=50 * size + 5000)
            changed |= changed_now
            if not (changed_now and self.recursive):
                return changed

    def fill(self, root: Operation | Region) -> int:
        """Pushes every operation inside `root`, in an order such that popping starts at the right end."""
        ops = [op for op in root.walk(reverse=not self.reverse, region_first=True) if op is not root]
        for op in ops:
            self.worklist.push(op)
        return len(ops)

    def drain(self, rewriter: PatternRewriter, budget: int) -> bool:
        if self.erase_dead:
            from minilinalg.analysis.side_effects import is_dead
        else:
            is_dead = None
        changed = False
        while self.worklist:
            op = self.worklist.pop()
            if op.parent is None:
                continue
            rewriter.insertion_point = InsertPoint.before(op)
            rewriter.has_done_action = False
            rewriter.name_hint = None
            self.location = op.location
            if is_dead is not None and is_dead(op):
                rewriter.erase(op)
                changed = True
                continue
            for pattern in self.patterns_for(type(op)):
                self.apply_one(pattern, op, rewriter)
                if rewriter.has_done_action:
                    changed = True
                    self.applied[type(pattern).__name__] += 1
                    budget -= 1
                    break
            if budget < 0:
                busiest = ", ".join(name for name, _ in self.applied.most_common(3))
                raise InternalError(f"rewrite patterns undo one another and never end: {busiest}")
        return changed

    def apply_one(self, pattern: RewritePattern, op: Operation, rewriter: PatternRewriter) -> None:
        try:
            pattern.match_and_rewrite(op, rewriter)
        except MinilinalgError as error:
            if error.diagnostic.places:
                raise
            from minilinalg.locations import places_of

            raise error.at(places_of(op)) from None
        except Exception as error:
            error.add_note(f"while {type(pattern).__name__} looked at {op.name}")
            raise

    def patterns_for(self, op_type: type[Operation]) -> tuple[RewritePattern, ...]:
        found = self.by_type.get(op_type)
        if found is None:
            found = tuple(p for p in self.patterns if issubclass(op_type, _op_types(p)))
            self.by_type[op_type] = found
        return found

    def listener(self) -> PatternRewriterListener:
        return PatternRewriterListener(
            operation_insertion_handler=[self.inserted],
            operation_removal_handler=[self.removed],
            operation_modification_handler=[self.modified],
            operation_replacement_handler=[self.replaced],
        )

    def inserted(self, op: Operation) -> None:
        locate(op, self.location)
        if self.recursive:
            for inner in op.walk(reverse=True):
                self.worklist.push(inner)

    def removed(self, op: Operation) -> None:
        if self.recursive:
            for operand in op.operands:
                owner = operand.owner
                if isinstance(owner, Operation):
                    self.worklist.push(owner)
        for inner in op.walk():
            self.worklist.remove(inner)

    def modified(self, op: Operation) -> None:
        if self.recursive:
            self.worklist.push(op)

    def replaced(self, op: Operation, new_results: Sequence[SSAValue | None]) -> None:
        if self.recursive:
            for result in op.results:
                for use in result.uses:
                    self.worklist.push(use.operation)


def _op_types(pattern: RewritePattern) -> tuple[type[Operation], ...]:
    return getattr(type(pattern).match_and_rewrite, "op_types", (Operation,))
