"""Verifying operations of one kind once.

What an IRDL definition asks of an operation depends on nothing but its kind: the class, the types of its operands,
results and blocks, its properties and attributes. A module has few kinds and a pass leaves most of them, so a kind
that verified is remembered; of the next operation of it only the rules that look around it are looked at again.

`Operation.verify` is what this has to agree with, verdict and message: every failure is told by that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from inspect import getclosurevars
from typing import Any, TypeAlias

from xdsl.ir import ErasedSSAValue, Operation
from xdsl.irdl import IRDLOperation
from xdsl.traits import (
    IsolatedFromAbove,
    IsTerminator,
    NoTerminator,
    OpTrait,
    SameOperandsAndResultType,
    SymbolTable,
)
from xdsl.utils.exceptions import VerifyException


class KindTrait(OpTrait):
    """A trait that looks at nothing but the kind of an operation to verify it."""


LIMIT = 1 << 15
"""How many kinds are remembered at most: constants of different values are of different kinds."""

Kind: TypeAlias = tuple[object, ...]

_verified: set[Kind] = set()
_same: dict[tuple[int, ...], Kind] = {}
"""Kinds that verified by the identity of what they are made of, which the kind keeps alive: clones share it all, and
attributes take long to compare."""


def verify_alone(op: Operation) -> None:
    """`op.verify(verify_nested_ops=False)`. Raises VerifyException where the operation breaks a rule.

    Of an operation that is isolated from above, whoever walks over what is inside sees that it is.
    """
    rules = rules_of(type(op))
    if not rules.of_definitions or op.successors or not (rules.is_terminator or _may_stand(op)):
        op.verify(verify_nested_ops=False)
        return
    kind = kind_of(op)
    same = tuple(map(id, kind))
    if same in _same and _looks_right(op, rules):
        return
    if kind not in _verified or not _looks_right(op, rules):
        op.verify(verify_nested_ops=False)
    if len(_same) >= LIMIT:
        _same.clear()
        _verified.clear()
    _same[same] = kind
    _verified.add(kind)


def _may_stand(op: Operation) -> bool:
    """Whether an operation that is no terminator may stand where it does."""
    region = op.parent_region()
    if op.next_op is not None or region is None:
        return True
    return len(region.blocks) == 1 and (region.parent is None or rules_of(type(region.parent)).has_no_terminator)


def kind_of(op: Operation) -> Kind:
    """All that the definition of an operation sees of one."""
    found: list[object] = [type(op), *[operand.type for operand in op.operands], None]
    found += [result.type for result in op.results]
    for attributes in (op.properties, op.attributes):
        found.append(None)
        for name, attribute in attributes.items():
            found += (name, attribute)
    for region in op.regions:
        found += (None, len(region.blocks))
        if (first := region.first_block) is not None:
            found += [argument.type for argument in first.args]
    return tuple(found)


def _looks_right(op: Operation, rules: Rules) -> bool:
    """Whether an operation of a kind that verified breaks none of the rules that look at more than the kind."""
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
    is_terminator: bool
    has_no_terminator: bool
    """Whether what it holds needs none."""
    of_definitions: bool
    """Whether it has an IRDL definition."""
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
        traits += (trait for trait in inside["op_def"].traits if not _is_seen_to(trait))
        verifier = inside["custom_verify"]

    def has(trait: type[OpTrait]) -> bool:
        return op_type.has_trait(trait, value_if_unregistered=False)

    return Rules(
        isolated=has(IsolatedFromAbove),
        has_symbols=has(SymbolTable),
        is_terminator=has(IsTerminator),
        has_no_terminator=has(NoTerminator),
        of_definitions=issubclass(op_type, IRDLOperation),
        traits=tuple(traits),
        own=verifier,
    )


def _is_seen_to(trait: OpTrait) -> bool:
    """Whether there is nothing to verify of a trait, once the kind of an operation is known."""
    return type(trait).verify is OpTrait.verify or isinstance(
        trait, KindTrait | SameOperandsAndResultType | IsolatedFromAbove
    )
