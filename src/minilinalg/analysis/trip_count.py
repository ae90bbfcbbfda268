"""How often a loop runs, as far as that is known before it does."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from minilinalg.analysis.constants import constant_of, unsigned, width_of
from minilinalg.analysis.signs import is_nonnegative
from minilinalg.dialects.upstream import arith, scf


def trip_count(loop: scf.ForOp) -> int | None:
    """How often the body of a loop with constant bounds runs. None when unknown, or undefined (a step of 0 or less).

    Equal bounds need not be constants: such a loop does not run.
    """
    if loop.lb is loop.ub:
        return 0
    bounds = [constant_of(value) for value in (loop.lb, loop.ub, loop.step)]
    low, high, step = (value if isinstance(value, int) else None for value in bounds)
    if low is None or high is None:
        return None
    if loop.unsigned is not None:
        width = width_of(loop.lb.type)
        low, high, step = unsigned(low, width), unsigned(high, width), step and unsigned(step, width)
    if low >= high:
        return 0
    return None if step is None or step <= 0 else -(-(high - low) // step)


def runs(loop: scf.ForOp) -> bool | None:
    """Whether the body of a loop runs at all; None when that is not known."""
    if (trips := trip_count(loop)) is not None:
        return trips > 0
    return True if loop.unsigned is None and _is_below(loop.lb, loop.ub) else None


def _is_below(a: SSAValue, b: SSAValue) -> bool:
    """Whether a < b for certain. Index arithmetic does not overflow."""
    if not isinstance(b.owner, arith.AddiOp):
        return False
    return any(
        (constant_of(more) or 0) > 0 and _is_at_most(a, rest)
        for rest, more in (b.owner.operands, reversed(b.owner.operands))
    )


def _is_at_most(a: SSAValue, b: SSAValue) -> bool:
    """Whether a <= b for certain: a division by the same number, if that is not negative, keeps the order."""
    if a is b:
        return True
    match a.owner, b.owner:
        case _, arith.AddiOp() as op:
            return any(
                is_nonnegative(more) and _is_at_most(a, rest) for rest, more in (op.operands, reversed(op.operands))
            )
        case arith.DivSIOp() as one, arith.DivSIOp() as two:
            divisor = one.operands[1]
            same = divisor is two.operands[1] and (is_nonnegative(divisor) or _is_magnitude(divisor.owner))
            return same and _is_at_most(one.operands[0], two.operands[0])
        case _:
            return False


def _is_magnitude(op: object) -> bool:
    """Whether `op` computes max(x, 0 - x)."""
    if not isinstance(op, arith.MaxSIOp):
        return False
    return any(
        isinstance(other := minus.owner, Operation)
        and other.name == "arith.subi"
        and constant_of(other.operands[0]) == 0
        and other.operands[1] is x
        for x, minus in (op.operands, reversed(op.operands))
    )
