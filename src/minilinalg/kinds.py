"""Verifying operations of one kind once.

What an IRDL definition asks of an operation depends on nothing but its kind: the class, the types of its operands,
results and blocks, its properties and attributes. A module has few kinds and a pass leaves most of them, so a kind
that verified is remembered; of the next operation of it only the rules that look around it are looked at again.

`Operation.verify` is what this has to agree with, verdict and message: every failure is told by that.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from inspect import getclosurevars
from typing import Any

from xdsl.ir import ErasedSSAValue, Operation
from xdsl.irdl import IRDLOperation
from xdsl.traits import IsolatedFromAbove, OpTrait, SameOperandsAndResultType, SymbolTable
from xdsl.utils.exceptions import VerifyException


class KindTrait(OpTrait):
    """A trait that looks at nothing but the kind of an operation to verify it."""


LIMIT = 1 << 15
"""How many kinds are remembered at most: constants of different values are of different kinds."""

_verified: set[Hashable] = set()


def verify_alone(op: Operation) -> None:
    """`op.verify(verify_nested_ops=False)`. Raises VerifyException where the operation breaks a rule."""
    if not isinstance(op, IRDLOperation) or op.next_op is None or op.successors:
        # At the end of a block there are rules of terminators.
        op.verify(verify_nested_ops=False)
        return
    kind = kind_of(op)
    if kind in _verified and _looks_right(op):
        return
    op.verify(verify_nested_ops=False)
    if len(_verified) >= LIMIT:
        _verified.clear()
    _verified.add(kind)


def kind_of(op: Operation) -> Hashable:
    """All that the definition of an operation sees of one."""
    return (
        type(op),
        tuple([operand.type for operand in op.operands]),
        tuple([result.type for result in op.results]),
        *op.properties.items(),
        None,
        *op.attributes.items(),
        *[(len(region.blocks), region.blocks[0].arg_types if region.blocks else None) for region in op.regions],
    )


def _looks_right(op: Operation) -> bool:
    """Whether an operation of a kind that verified breaks none of the rules that look at more than the kind."""
    rules = rules_of(type(op))
    try:
        for trait in rules.traits:
            trait.verify(op)
        rules.own(op)
    except VerifyException:
        return False
    return not any(isinstance(operand, ErasedSSAValue) for operand in op.operands)


@dataclass(frozen=True)
class Rules:
    """What holds for all operations of a class, whatever their kind."""

    isolated: bool
    """Whether no value from outside may be used inside."""
    has_symbols: bool
    """Whether names of symbols are unique inside."""
    traits: Sequence[OpTrait]
    """The traits that look at more than the kind."""
    own: Callable[[Any], None]
    """The verifier that is written in the class."""


@lru_cache(1 << 12)
def rules_of(op_type: type[Operation]) -> Rules:
    """The rules of a class. xDSL wraps its verifier in one that checks the definition first, once for each definition
    that it inherits."""
    traits: list[OpTrait] = []
    verifier: Callable[[Any], None] = op_type.verify_
    while "op_def" in (inside := getclosurevars(verifier).nonlocals):
        traits += (trait for trait in inside["op_def"].traits if not _is_of_kind(trait))
        verifier = inside["custom_verify"]
    isolated, has_symbols = (
        op_type.has_trait(trait, value_if_unregistered=False) for trait in (IsolatedFromAbove, SymbolTable)
    )
    return Rules(isolated, has_symbols, traits, verifier)


def _is_of_kind(trait: OpTrait) -> bool:
    return type(trait).verify is OpTrait.verify or isinstance(trait, KindTrait | SameOperandsAndResultType)
