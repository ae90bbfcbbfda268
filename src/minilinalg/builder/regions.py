"""Loops and branches as context managers: `scf.for` with what it carries, `scf.if` with what it yields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Block, Region, SSAValue

from minilinalg.builder.elements import I1, INDEX, AnyTensor, ElementType, type_name
from minilinalg.builder.places import caller_place, placed
from minilinalg.builder.syntax import counted
from minilinalg.builder.values import Operand, Scalar, Tensor, Value, raw, wrap
from minilinalg.dialects.upstream import scf
from minilinalg.errors import CommandError, InputError

if TYPE_CHECKING:
    from minilinalg.builder.function import Function


class Loop:
    """`with f.for_(0, n, carry=[x]) as (i, x): ...; f.yield_(y)`; afterwards `loop.results`, or `loop.result`.

    As a sequence it is the induction variable followed by the carried values.
    """

    def __init__(self, function: Function, bounds: Sequence[Operand], carry: Sequence[Value]):
        at = function.at
        self.function = function
        self.place = caller_place()
        self._bounds = [at.index(_index_term(bound)) for bound in bounds]
        self._carry = [value.ssa for value in carry]
        self._block = Block(arg_types=[INDEX, *(value.type for value in self._carry)])
        self._yielded: list[SSAValue] | None = None
        self._results: tuple[Value, ...] | None = None
        self._block.args[0].name_hint = "i"
        for argument, value in zip(self._block.args[1:], self._carry, strict=True):
            argument.name_hint = value.name_hint

    @property
    def index(self) -> Scalar:
        return Scalar(self.function, self._block.args[0])

    @property
    def carried(self) -> tuple[Any, ...]:
        """The values that this iteration got from the one before."""
        return tuple(wrap(self.function, argument) for argument in self._block.args[1:])

    def __iter__(self) -> Iterator[Any]:
        return iter((self.index, *self.carried))

    def __enter__(self) -> Loop:
        self.function.enter(self, self._block)
        return self

    @placed
    def yield_(self, *values: Operand) -> None:
        """Pass `values` on to the next iteration, and to `results` after the last; of the types that are carried."""
        if self._yielded is not None:
            raise InputError("the loop has yielded already", rule="a loop yields once, at its end")
        self._yielded = _yielded(self.function, values, [v.type for v in self._carry], "the loop carries")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.function.leave(self)
        if kind is not None:
            return
        if self._yielded is None and self._carry:
            raise InputError(
                f"the loop carries {counted(len(self._carry), 'value')} and yields none",
                rule="a loop that carries values ends with yield_",
                places=[self.place],
            )
        self._block.add_op(scf.YieldOp(*(self._yielded or ())))
        lower, upper, step = self._bounds
        op = self.function.insert_region_op(scf.ForOp(lower, upper, step, self._carry, Region(self._block)), self.place)
        self._results = tuple(wrap(self.function, result) for result in op.results)

    @property
    @placed
    def results(self) -> tuple[Any, ...]:
        """The carried values after the last iteration (the first ones when there was none)."""
        if self._results is None:
            raise CommandError("the loop is not closed yet", rule="a loop has results after its 'with' block")
        return self._results

    @property
    def result(self) -> Any:
        """The only result."""
        return _only(self.results)


class Branch:
    """`with f.if_(c) as branch: branch.yield_(a)` and `with branch.else_(): branch.yield_(b)`; then `branch.result`."""

    def __init__(self, function: Function, condition: Value):
        if condition.type != I1:
            raise InputError(
                f"the condition is of type {type_name(condition.type)}",
                rule="a condition is a scalar truth value (i1)",
                hint="compare with zero: x != 0",
            )
        self.function = function
        self.place = caller_place()
        self._condition = condition.ssa
        self._op: scf.IfOp | None = None
        self._block = Block()
        self._yielded: list[SSAValue] = []

    def __enter__(self) -> Branch:
        self._block, self._yielded = Block(), []
        self.function.enter(self, self._block)
        return self

    @placed
    def yield_(self, *values: Operand) -> None:
        """Give `values` to `results`; both branches yield the same types."""
        if self._op is None:
            self._yielded = [self.function.at.arithmetic.value(raw(v)) for v in values]
        else:
            types = [result.type for result in self._op.results]
            self._yielded = _yielded(self.function, values, types, "the first branch yields")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.function.leave(self)
        if kind is not None:
            return
        self._block.add_op(scf.YieldOp(*self._yielded))
        if self._op is None:
            op = scf.IfOp(self._condition, [v.type for v in self._yielded], Region(self._block))
            self._op = cast(scf.IfOp, self.function.insert_region_op(op, self.place))
            return
        if len(self._yielded) != len(self._op.results):
            raise InputError(
                f"one branch yields {counted(len(self._op.results), 'value')}, the other {len(self._yielded)}",
                rule="both branches yield the same types",
                places=[self.place],
            )
        self._op.false_region.add_block(self._block)

    @placed
    def else_(self) -> Branch:
        """The other branch, to be entered right after the first."""
        if self._op is None or self._op.false_region.blocks or self._op.next_op is not None:
            raise CommandError(
                "there is no branch right before that 'else_' could belong to",
                rule="'with branch.else_():' follows the 'with' block of 'if_' at once",
            )
        return self

    @property
    @placed
    def results(self) -> tuple[Any, ...]:
        """The values of the branch that was taken."""
        if self._op is None or (self._op.results and not self._op.false_region.blocks):
            raise InputError(
                "a branch yields values and has no 'else_'",
                rule="both branches yield the same types",
                places=[self.place],
            )
        return tuple(wrap(self.function, result) for result in self._op.results)

    @property
    def result(self) -> Any:
        """The only result."""
        return _only(self.results)


def _index_term(bound: Operand) -> SSAValue | int:
    """A bound of a loop, as an integer term."""
    if isinstance(bound, float | Tensor):
        raise InputError(f"{bound!r} is no bound of a loop", rule="a bound is an integer or an index value")
    return bound.ssa if isinstance(bound, Value) else bound


def _yielded(function: Function, values: Sequence[Operand], types: Sequence[Any], who: str) -> list[SSAValue]:
    """`values` as values of `types`; a Python number takes the type, anything else must have it."""
    if len(values) != len(types):
        given = f"{counted(len(values), 'value')} {'is' if len(values) == 1 else 'are'} yielded"
        raise InputError(f"{given}, and {who} {len(types) or 'none'}", rule="one value for each")
    result: list[SSAValue] = []
    for value, type in zip(values, types, strict=True):
        if not isinstance(value, Value):
            result.append(function.at.arithmetic.value(value, cast(ElementType, type)))
        elif value.type == type:
            function.at.check_in_scope(value.ssa)
            result.append(value.ssa)
        else:
            raise InputError(
                f"a value of type {type_name(value.type)} is yielded, and {who} {type_name(type)}",
                rule="what is yielded has the same type each time",
                hint="astype makes it that type" if _differ_in_element(value.type, type) else None,
            )
    return result


def _differ_in_element(a: Attribute, b: Attribute) -> bool:
    shapes = [cast(AnyTensor, t).get_shape() if isinstance(t, TensorType) else () for t in (a, b)]
    return shapes[0] == shapes[1]


def _only(results: tuple[Any, ...]) -> Any:
    if len(results) != 1:
        raise CommandError(
            f"there are {counted(len(results), 'result')}",
            rule="'result' is for one; 'results' has all",
            places=[caller_place()],
        )
    return results[0]
