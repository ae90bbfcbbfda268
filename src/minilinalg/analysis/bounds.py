"""What is certain about index expressions: signs, and divisors.

A block is never partial when the interval of its mask always reaches its size. That is proven where the size and the
step of the loop divide what the loop runs over: its variable is then at most the upper bound minus the step.
"""

from __future__ import annotations

from math import gcd

from xdsl.ir import Block, Operation, SSAValue

from minilinalg.analysis.axis_info import LIMIT, AxisInfoAnalysis
from minilinalg.analysis.index_expr import Expr, Number, constant
from minilinalg.analysis.pointers import PointerAnalysis
from minilinalg.analysis.signs import never_negative
from minilinalg.analysis.structured import Structured


class Bounds:
    """Proofs about expressions over the values of one function."""

    def __init__(self, pointers: PointerAnalysis, axis_info: AxisInfoAnalysis):
        self.pointers = pointers
        self.axis_info = axis_info

    def never_negative(self, expr: Expr) -> bool:
        """Whether an expression is >= 0 wherever its symbols have a value."""
        if never_negative(expr):
            return True
        # Loop variables that only lower the expression are replaced by the greatest value that they take.
        for monomial, _ in expr.terms:
            for symbol in monomial:
                if isinstance(symbol, Number) and (loop := _loop_of(symbol.value)) is not None:
                    lowest = self._at_last_iteration(expr, symbol, loop)
                    return lowest is not None and self.never_negative(lowest)
        return False

    def divisor(self, expr: Expr) -> int:
        """A number that divides the expression whatever its symbols are."""
        divisor = 0
        for monomial, coefficient in expr.terms:
            product = abs(coefficient)
            for symbol in monomial:
                product *= self.axis_info.of(symbol.value).divisor(0) if isinstance(symbol, Number) else 1
            divisor = gcd(divisor, product)
        return min(divisor, LIMIT) or LIMIT

    def _at_last_iteration(self, expr: Expr, variable: Number, loop: Operation) -> Expr | None:
        rest: list[tuple[tuple[object, ...], int]] = []
        factor = 0
        for monomial, coefficient in expr.terms:
            if monomial == (variable,):
                factor = coefficient
            elif variable in monomial:
                return None
            else:
                rest.append((monomial, coefficient))
        lower, upper, step = (self._scalar(operand) for operand in loop.operands[:3])
        if factor >= 0 or lower is None or upper is None or step is None or step.constant is None:
            return None
        whole = self.divisor(upper - lower) % step.constant == 0
        last = upper - (step.constant if whole else 1)
        return Expr(rest) + constant(factor) * last  # pyright: ignore[reportArgumentType]

    def _scalar(self, value: SSAValue) -> Expr | None:
        state = self.pointers.of(value)
        return state.offset if isinstance(state, Structured) else None


def _loop_of(value: SSAValue) -> Operation | None:
    """The `scf.for`, counting in signed numbers, whose induction variable `value` is."""
    block = value.owner
    if not isinstance(block, Block) or block.args[0] is not value:
        return None
    loop = block.parent_op()
    return loop if loop is not None and loop.name == "scf.for" and "unsignedCmp" not in loop.properties else None
