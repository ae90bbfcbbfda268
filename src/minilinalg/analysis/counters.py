"""How far an integer can count: the least and the greatest number that it is, also where a loop carries it.

What a loop carries stays at or above its start where a turn that begins there ends there. Such bounds hold of what the
last turn hands on as well, and so of a turn more than there are. Additions do not overflow, which the input promises.
"""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.ir import Block, BlockArgument, SSAValue

from minilinalg.analysis.constants import constant_of
from minilinalg.dialects.upstream import arith, scf

Assumed = Mapping[SSAValue, int | None]
NOTHING: Assumed = {}


def is_within(value: SSAValue, count: int) -> bool:
    """Whether an integer is at least 0 and below `count` in all turns of the loops around, and would be in one more."""
    low, high = lowest(value), highest(value)
    return low is not None and high is not None and low >= 0 and high < count


def lowest(value: SSAValue, assumed: Assumed = NOTHING) -> int | None:
    """A number that an integer is never below; None when none is known. assumed: the same of others."""
    if (known := _known(value, assumed)) is not None or value in assumed:
        return known
    match value.owner:
        case Block():
            loop = value.owner.parent_op()
            if not isinstance(loop, scf.ForOp) or loop.unsigned is not None:
                return None
            if value is loop.induction_variable:
                return lowest(loop.lb, assumed)
            first, following = _carried(loop, value)
            start = lowest(first, assumed)
            end = None if start is None else lowest(following, {**assumed, value: start})
            return start if start is not None and end is not None and end >= start else None
        case arith.AddiOp(lhs=lhs, rhs=rhs):
            return _sum(lowest(lhs, assumed), lowest(rhs, assumed))
        case arith.RemSIOp(lhs=lhs):
            low = lowest(lhs, assumed)
            return 0 if low is not None and low >= 0 else None
        case arith.SelectOp(lhs=lhs, rhs=rhs):
            one, other = lowest(lhs, assumed), lowest(rhs, assumed)
            return None if one is None or other is None else min(one, other)
        case _:
            return None


def highest(value: SSAValue, assumed: Assumed = NOTHING) -> int | None:
    """A number that an integer is never above; None when none is known. assumed: the same of others."""
    if (known := _known(value, assumed)) is not None or value in assumed:
        return known
    match value.owner:
        case Block():
            loop = value.owner.parent_op()
            if not isinstance(loop, scf.ForOp) or value is loop.induction_variable:
                return None
            first, following = _carried(loop, value)
            # Only a counter that is set back has a bound that does not depend on where it stood.
            start, end = highest(first, assumed), highest(following, {**assumed, value: None})
            return None if start is None or end is None else max(start, end)
        case arith.AddiOp(lhs=lhs, rhs=rhs):
            return _sum(highest(lhs, assumed), highest(rhs, assumed))
        case arith.RemSIOp(rhs=rhs):
            divisor = constant_of(rhs)
            return abs(int(divisor)) - 1 if divisor else None
        case arith.SelectOp(lhs=lhs, rhs=rhs) as op:
            limit = _set_back_at(op)
            one, other = highest(lhs, assumed), highest(rhs, assumed) if limit is None else limit - 1
            return None if one is None or other is None else max(one, other)
        case _:
            return None


def _known(value: SSAValue, assumed: Assumed) -> int | None:
    number = assumed.get(value, constant_of(value))
    return None if number is None else int(number)


def _set_back_at(op: arith.SelectOp) -> int | None:
    """The number at which a counter begins anew: `n` of `count >= n ? start : count`."""
    test = op.cond.owner
    if isinstance(test, arith.CmpiOp) and test.predicate_name == "sge" and test.lhs is op.rhs:
        limit = constant_of(test.rhs)
        return None if limit is None else int(limit)
    return None


def _carried(loop: scf.ForOp, argument: SSAValue) -> tuple[SSAValue, SSAValue]:
    """What a loop carries begins with, and what a turn hands on."""
    assert isinstance(argument, BlockArgument)
    return loop.iter_args[argument.index - 1], loop.yielded[argument.index - 1]


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
