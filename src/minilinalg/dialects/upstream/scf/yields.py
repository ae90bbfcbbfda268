"""What ends a region, and the rule that it gives what is expected."""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects.utils import AbstractYieldOperation
from xdsl.ir import Attribute, Operation, Region
from xdsl.irdl import (
    irdl_op_definition,
    lazy_traits_def,
)
from xdsl.traits import (
    HasParent,
    IsTerminator,
    Pure,
)
from xdsl.utils.exceptions import VerifyException


def types_text(types: Iterable[Attribute]) -> str:
    """Types as a message lists them."""
    return ", ".join(map(str, types))


def _with_yield() -> tuple[type[Operation], ...]:
    """The operations whose regions end with `scf.yield`; they are defined on top of it."""
    from minilinalg.dialects.upstream.scf import ExecuteRegionOp, ForOp, IfOp, IndexSwitchOp, WhileOp

    return ForOp, IfOp, ExecuteRegionOp, WhileOp, IndexSwitchOp


@irdl_op_definition
class YieldOp(AbstractYieldOperation[Attribute]):
    """Ends a region of an scf operation with the values that it gives: `scf.yield %a, %b : f32, i32`."""

    name = "scf.yield"
    traits = lazy_traits_def(lambda: (IsTerminator(), HasParent(*_with_yield()), Pure()))


def verify_yield(op: Operation, what: str, region: Region, expected: Iterable[Attribute]) -> None:
    """The region yields values of the types that `op` expects."""
    verify_yielded(op, what, region.block.last_op, expected)


def verify_yielded(op: Operation, what: str, terminator: Operation | None, expected: Iterable[Attribute]) -> None:
    """The `terminator` has operands of the types that `op` expects."""
    found = () if terminator is None else terminator.operand_types
    if tuple(found) != tuple(expected):
        raise VerifyException(
            f"{what} of '{op.name}' yields ({types_text(found)}): what is yielded has the types of the results, "
            f"here ({types_text(expected)})"
        )
