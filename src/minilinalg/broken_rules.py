"""What xDSL's verifier finds wrong with an operation, in words for whoever wrote the operation.

xDSL says `operand 'lhs' at position 0 does not verify: Unexpected attribute f32`. A reader wants to know which
operation that is about, what it has and what it takes: 'arith.addi' has an operand 'lhs' of type f32; lhs: an integer
or index, or a vector or tensor of them. Messages of our own verifiers pass unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, cast

from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import IRDLOperation, OpDef, OptionalDef, VarConstraint, VariadicDef
from xdsl.irdl.constraints import VerificationContext
from xdsl.utils.exceptions import VerifyException

from minilinalg.constraint_words import words_of
from minilinalg.errors import near_name

Explained = tuple[str, str | None, str | None]
"""What was found, the rule, a hint."""


def explain(op: Operation, message: str) -> Explained:
    """The `message` of a VerifyException about `op`."""
    message = message.strip()
    definition = type(op).get_irdl_definition() if isinstance(op, IRDLOperation) else None
    if definition is not None:
        for pattern, explanation in _OF_DEFINITIONS:
            if (found := pattern.match(message)) is not None:
                return explanation(op, definition, found)
        if (of_property := _property(op, definition, message)) is not None:
            return of_property
    for pattern, form, rule in _OF_STRUCTURE:
        if (found := pattern.match(message)) is not None:
            words = (op.name, *(group.replace("', '", "' or '") for group in found.groups()))
            parent = "no operation" if (outer := op.parent_op()) is None else f"'{outer.name}'"
            return form.format(*words, parent=parent), rule.format(*words), None
    if op.name not in message:
        message = f"'{op.name}': {message[:1].lower()}{message[1:]}"
    return message, None, None


def explain_types(op_type: type[Operation], message: str) -> Explained | None:
    """The `message` about a type in the text of an operation that is still being read, if it is about one.

    It does not say which operand or result the type is for.
    """
    patterns = (
        r"unexpected attribute (.*)",
        r"expected attribute .* but got (.*)",
        r"(.*) should be of .*attribute .*",
    )
    found = next((match[1] for pattern in patterns if (match := re.fullmatch(pattern, message))), None)
    if found is None or not issubclass(op_type, IRDLOperation):
        return None
    definition = op_type.get_irdl_definition()
    names: dict[str, list[str]] = {}
    for name, each in [*definition.operands, *definition.results]:
        if (words := words_of(each.constr)) not in (None, "anything"):
            names.setdefault(words, []).append(name)
    rule = "; ".join(f"{', '.join(each)}: {words}" for words, each in names.items())
    return f"'{op_type.name}' does not take {found}", rule or None, None


def listed(definitions: Sequence[tuple[str, Any]]) -> str:
    """The names of operands or results of a definition: `lhs, rhs, [mask], sizes...`."""
    names = [
        f"[{name}]" if isinstance(each, OptionalDef) else f"{name}..." if isinstance(each, VariadicDef) else name
        for name, each in definitions
    ]
    return ", ".join(names) or "none"


def _count(op: Operation, definition: OpDef, found: re.Match[str]) -> Explained:
    """More or fewer operands or results than the definition has."""
    kind = found["kind"]
    have = len(op.operands if kind == "operand" else op.results if kind == "result" else op.regions)
    named = {"operand": definition.operands, "result": definition.results}.get(kind, definition.regions)
    return f"'{op.name}' has {have} {kind}{'s' * (have != 1)}", f"its {kind}s are: {listed(named)}", None


def _argument(op: Operation, definition: OpDef, found: re.Match[str]) -> Explained:
    """An operand or result whose type the definition does not admit."""
    kind, name, inner = found["kind"].lower(), found["name"], found["inner"]
    if re.match("found .*, must be ", inner):
        return f"'{op.name}': {kind} '{name}': {inner}", None, None
    definitions = dict(definition.operands if kind == "operand" else definition.results)
    value: SSAValue | Sequence[SSAValue] | None = getattr(op, name)
    types = [] if value is None else [value.type] if isinstance(value, SSAValue) else [each.type for each in value]
    have = f"'{op.name}' has {'an' if kind == 'operand' else 'a'} {kind} '{name}' of type {_listing(types)}"
    if (
        variable := re.match(r"attributes? (.*) expected from (?:range )?variable '(\w+)', but got", inner)
    ) is not None:
        expected, shared = variable.groups()
        same = [
            other for other, each in [*definition.operands, *definition.results] if _variable(each.constr) == shared
        ]
        if name in same:
            return have, f"{', '.join(same[:-1])} and {same[-1]} are of one type, here {expected}", None
        return have, f"its type says {expected} there, as the other operands and results do", None
    return have, _rule(name, definitions[name].constr, inner), None


def _variable(constraint: Any) -> str | None:
    """The name of the constraint variable that stands for a whole type."""
    while constraint is not None and not isinstance(constraint, VarConstraint):
        constraint = getattr(constraint, "constr", None) or getattr(constraint, "constraint", None)
    return None if constraint is None else cast("VarConstraint[Attribute]", constraint).name


def _property(op: Operation, definition: OpDef, message: str) -> Explained | None:
    """A property or attribute that its constraint does not admit: the message does not name it."""
    for values, definitions in ((op.properties, definition.properties), (op.attributes, definition.attributes)):
        for name, each in definitions.items():
            if (value := values.get(name)) is None:
                continue
            try:
                each.constr.verify(value, VerificationContext())
            except VerifyException as broken:
                if str(broken).strip() == message:
                    return f"'{op.name}' has {name} = {value}", _rule(name, each.constr, message), None
    return None


def _missing_property(op: Operation, definition: OpDef, found: re.Match[str]) -> Explained:
    name = found["name"]
    each = (definition.properties | definition.attributes)[name]
    near = near_name(name, {*op.properties, *op.attributes} - {*definition.properties, *definition.attributes})
    return f"'{op.name}' lacks the {found['kind']} '{name}'", _rule(name, each.constr, ""), near


def _unknown_property(op: Operation, definition: OpDef, found: re.Match[str]) -> Explained:
    names = sorted(definition.properties)
    return (
        f"'{op.name}' has no property '{found['name']}'",
        f"its properties are: {', '.join(names) or 'none'}; any other attribute stands outside of <{{...}}>",
        near_name(found["name"], names),
    )


def _rule(name: str, constraint: Any, message: str) -> str | None:
    if (stated := re.match(r"found .*, must be (.*)", message)) is not None:
        return f"{name}: {stated[1]}"
    words = words_of(constraint)
    return None if words == "anything" else f"{name}: {words}" if words else message or None


def _listing(types: Sequence[Attribute]) -> str:
    return str(types[0]) if len(types) == 1 else f"({', '.join(map(str, types))})"


_OF_DEFINITIONS: tuple[tuple[re.Pattern[str], Callable[[Operation, OpDef, re.Match[str]], Explained]], ...] = (
    (
        re.compile(
            r"(?P<kind>operand|result) '(?P<name>\w+)' (?:expected )?at positions? [\d to]+ does not verify:\s*"
            r"(?P<inner>.*)",
            re.DOTALL,
        ),
        _argument,
    ),
    (re.compile(r"Expected .*\b(?P<kind>operand|result|region)s?, but got \d+"), _count),
    (re.compile(r"Operation has \d+ (?P<kind>operand|result|region)s? for \d+ variadic"), _count),
    (re.compile(r"(?P<kind>property|attribute) '(?P<name>\w+)' expected in operation"), _missing_property),
    (re.compile(r"property '(?P<name>\w+)' is not defined by the operation"), _unknown_property),
)

_OF_STRUCTURE = tuple(
    (re.compile(pattern), form, rule)
    for pattern, form, rule in (
        (
            r"Operation .* terminates block in .* but is not a terminator",
            "'{0}' is the last operation of a block",
            "a block ends with a terminator, such as a return, a yield or a branch",
        ),
        (
            r"'.*' expects parent op (?:to be one of )?(.*)",
            "'{0}' stands in {parent}",
            "it stands directly in {1}",
        ),
        (
            r"'.*' must be the last operation in its parent block",
            "'{0}' is not the last operation of its block",
            "what runs after a terminator stands in another block",
        ),
        (
            r"'.*' contains empty block instead of at least terminating with (.*)",
            "'{0}' has an empty block",
            "the block ends with '{1}'",
        ),
        (
            r"'.*' terminates with operation (.*) instead of (.*)",
            "a block of '{0}' ends with '{1}'",
            "the block ends with '{2}'",
        ),
        (
            r"Region '([\w\[\]]+)' at position \d+ expected a single block, but got (\d+) blocks",
            "the region '{1}' of '{0}' has {2} blocks",
            "it has one",
        ),
    )
)
