"""What a constraint of an operation's definition admits, in words: "an integer or index, or a tensor of them"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xdsl.dialects.builtin import (
    AnyFloat,
    ArrayAttr,
    ArrayOfConstraint,
    BFloat16Type,
    BoolAttr,
    DenseArrayBase,
    DenseIntOrFPElementsAttr,
    DictionaryAttr,
    Float16Type,
    Float32Type,
    Float64Type,
    FloatAttr,
    FunctionType,
    IndexType,
    IntegerAttr,
    IntegerType,
    MemRefType,
    Signedness,
    SignednessAttr,
    StringAttr,
    SymbolNameConstraint,
    SymbolRefAttr,
    TensorType,
    UnitAttr,
    UnrankedMemRefType,
    UnrankedTensorType,
    VectorType,
)
from xdsl.ir import Attribute, TypeAttribute
from xdsl.irdl import (
    AllOf,
    AnyAttr,
    AnyOf,
    AttrSetConstraint,
    BaseAttr,
    EqAttrConstraint,
    MessageConstraint,
    ParamAttrConstraint,
    RangeConstraint,
    VarConstraint,
)

_FLOATS = (Float16Type, BFloat16Type, Float32Type, Float64Type)
_CONTAINERS = {
    TensorType: "tensor",
    VectorType: "vector",
    MemRefType: "memref",
    UnrankedTensorType: "tensor<*>",
    UnrankedMemRefType: "memref<*>",
}
_SIGNS: dict[Any, str] = {SignednessAttr(signedness): signedness.name.lower() for signedness in Signedness}
_WIDTHS = frozenset(("i8", "i16", "i32", "i64"))
_KINDS: dict[type[Attribute], str] = {
    IndexType: "index",
    IntegerType: "an integer",
    FunctionType: "a function type",
    StringAttr: "a string",
    SymbolRefAttr: "a symbol such as @name",
    ArrayAttr: "a list in brackets",
    DictionaryAttr: "a dictionary",
    DenseArrayBase: "an array<...>",
    DenseIntOrFPElementsAttr: "a dense<...>",
    UnitAttr: "no value, the name alone",
    BoolAttr: "true or false",
    IntegerAttr: "an integer",
    FloatAttr: "a float",
    **{container: f"a {name}" for container, name in _CONTAINERS.items()},
}


def one_of(words: Sequence[str]) -> str:
    """`a, b or c`."""
    return " or ".join((", ".join(words[:-1]), words[-1]) if len(words) > 1 else words)


def words_of(constraint: Any) -> str | None:
    """What `constraint` admits, or None where there are no words for it."""
    for kind, words in _WORDS:
        if _is(constraint, kind):
            return words(constraint)
    return getattr(constraint, "rule", None)


def _is(constraint: Any, *kinds: type[Any]) -> bool:
    """`isinstance`, which would make the parameters of a generic class unknown to the type checker."""
    return isinstance(constraint, kinds)


def _kind(attribute: type[Attribute]) -> str:
    if (known := _KINDS.get(attribute)) is not None:
        return known
    if attribute in _FLOATS:
        return "bf16" if attribute is BFloat16Type else f"f{attribute().bitwidth}"
    if issubclass(attribute, AnyFloat):
        return attribute.name.removeprefix("builtin.")
    if not hasattr(attribute, "name"):
        return f"a {attribute.__name__}"
    name = attribute.name.removeprefix("builtin.")
    return f"!{name}" if issubclass(attribute, TypeAttribute) else f"#{name}"


def _all(constraint: Any) -> str | None:
    parts = {words_of(each): None for each in constraint.attr_constrs if not _is(each, AnyAttr)}
    # i32 says all that "an integer" does.
    exact = [words_of(each) for each in constraint.attr_constrs if _is(each, EqAttrConstraint)]
    return " and ".join(part for part in exact or parts if part) or None


def _inner(constraint: Any) -> str | None:
    inner = getattr(constraint, "constraint", None) or getattr(constraint, "constr", None)
    return None if inner is None else words_of(inner)


def _parametrized(constraint: Any) -> str | None:
    kind: type[Attribute] = constraint.base_attr
    if kind in _CONTAINERS:
        element = _parameter(constraint, "element_type")
        return f"a {_CONTAINERS[kind]}" + (f" of {element}" if element not in (None, "anything") else "")
    if kind is IntegerType:
        signs = [_SIGNS.get(getattr(each, "attr", None)) for each in constraint.param_constrs]
        return next((f"a {sign} integer" for sign in signs if sign), _kind(kind))
    if kind is IntegerAttr:
        type_ = _parameter(constraint, "type")
        return "true or false" if type_ == "i1" else f"an integer of type {type_}" if type_ in _WIDTHS else _kind(kind)
    if kind is DenseArrayBase:
        return f"array<{_parameter(constraint, 'elt_type')}: ...>"
    return _kind(kind)


def _parameter(constraint: Any, name: str) -> str | None:
    """The words for a parameter, such as the element type of a tensor."""
    names = [each for each, _ in constraint.base_attr.get_irdl_definition().parameters]
    return words_of(constraint.param_constrs[names.index(name)])


def _alternatives(constraint: Any) -> str | None:
    scalars: list[str] = []
    containers: dict[str, list[str]] = {}
    floats: list[str] = []
    for each in _flat(constraint):
        if _is(each, ParamAttrConstraint) and each.base_attr in _CONTAINERS:
            element = _parameter(each, "element_type") or "anything"
            containers.setdefault(element, []).append(_CONTAINERS[each.base_attr])
        elif _is(each, BaseAttr) and each.attr in _CONTAINERS:
            containers.setdefault("anything", []).append(_CONTAINERS[each.attr])
            containers["anything"].sort(key=lambda name: name.endswith(">"))
        elif _is(each, BaseAttr) and issubclass(each.attr, AnyFloat):
            floats.append(_kind(each.attr))
        elif (words := words_of(each)) is not None and words not in scalars:
            scalars.append(words)
    scalars += ["a float"] if len(floats) >= len(_FLOATS) else floats
    if not scalars and not containers:
        return None
    words = [one_of(scalars)] if scalars else []
    for element, names in containers.items():
        shaped = f"a {one_of(names)}"
        if scalars and element == one_of(scalars):
            words.append(f"{shaped} of {'them' if len(scalars) > 1 else 'such'}")
        else:
            words.append(shaped if element == "anything" else f"{shaped} of {element}")
    return ", or ".join(words)


def _flat(constraint: Any) -> list[Any]:
    parts: list[Any] = []
    for each in constraint.attr_constrs:
        parts += _flat(each) if _is(each, AnyOf) else [each]
    return parts


_WORDS: tuple[tuple[type[Any], Callable[[Any], str | None]], ...] = (
    (SymbolNameConstraint, lambda _: "a name"),
    (AnyAttr, lambda _: "anything"),
    (EqAttrConstraint, lambda constraint: str(constraint.attr)),
    (BaseAttr, lambda constraint: _kind(constraint.attr)),
    (MessageConstraint, lambda constraint: constraint.message.removeprefix("Expected ").rstrip(".")),
    (AttrSetConstraint, lambda constraint: one_of(sorted(map(str, constraint.values)))),
    (ParamAttrConstraint, _parametrized),
    (AnyOf, _alternatives),
    (AllOf, _all),
    (ArrayOfConstraint, lambda constraint: f"a list, each element {words_of(constraint.elem_range_constraint)}"),
    (VarConstraint, _inner),
    (RangeConstraint, _inner),
)
