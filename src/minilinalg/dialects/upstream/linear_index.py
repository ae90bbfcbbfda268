"""Results of indexing maps that are sums: `d1 * 2 + d3 + 1` is where a window begins, and how far it has got.

start + sum of step * loop   over the loops that occur, each with a step that is a number, not 0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.ir.affine import AffineBinaryOpExpr, AffineBinaryOpKind, AffineConstantExpr, AffineDimExpr, AffineExpr


@dataclass(frozen=True)
class LinearIndex:
    """`start` plus each loop of `steps` times its step."""

    start: int
    steps: Mapping[int, int]

    @staticmethod
    def of(expr: AffineExpr) -> LinearIndex | None:
        """The sum that `expr` is, None where it divides."""
        match expr:
            case AffineDimExpr():
                return LinearIndex(0, {expr.position: 1})
            case AffineConstantExpr():
                return LinearIndex(expr.value, {})
            case AffineBinaryOpExpr(AffineBinaryOpKind.Add, lhs, rhs):
                a, b = LinearIndex.of(lhs), LinearIndex.of(rhs)
                return None if a is None or b is None else a._plus(b)
            case AffineBinaryOpExpr(AffineBinaryOpKind.Mul, lhs, rhs):
                a, b = LinearIndex.of(lhs), LinearIndex.of(rhs)
                if a is None or b is None or (a.steps and b.steps):
                    return None
                return a._times(b.start) if not b.steps else b._times(a.start)
            case _:
                return None

    def _plus(self, other: LinearIndex) -> LinearIndex:
        steps = dict(self.steps)
        for loop, step in other.steps.items():
            steps[loop] = steps.get(loop, 0) + step
        return LinearIndex(self.start + other.start, {loop: step for loop, step in steps.items() if step})

    def _times(self, factor: int) -> LinearIndex:
        return LinearIndex(self.start * factor, {loop: step * factor for loop, step in self.steps.items() if factor})

    @property
    def loop(self) -> int | None:
        """The loop that is the whole of it, None where there is more or nothing."""
        if self.start or len(self.steps) != 1:
            return None
        ((loop, step),) = self.steps.items()
        return loop if step == 1 else None

    def range(self, sizes: Sequence[int]) -> tuple[int, int]:
        """The lowest and the highest index, for loops of at least one iteration."""
        ends = [step * (sizes[loop] - 1) for loop, step in self.steps.items()]
        return self.start + sum(e for e in ends if e < 0), self.start + sum(e for e in ends if e > 0)
