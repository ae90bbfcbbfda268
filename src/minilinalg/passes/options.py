"""Options of a pass, from a text and back to it: `linalg-tile{tile-sizes=4,8 loops="forall"}`.

The fields of a pass's dataclass are its options. A field is an int, float, bool, str, a Literal of strings, a tuple of
one of these, or any of them or None.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from xdsl.passes import ModulePass

from minilinalg.errors import CommandError, Place, near_name
from minilinalg.passes.base import MinilinalgPass


class Option(NamedTuple):
    """One option of a pass as its users see it: name with dashes, type, and default (None when it must be given)."""

    name: str
    type: Any
    default: str | None

    @property
    def takes(self) -> str:
        """What may be written after the `=`, in words."""
        return _words(self.type)


class Given(NamedTuple):
    """What a text gives for an option: the words between the commas, and where the option stands."""

    words: tuple[str, ...]
    place: Place | None = None


def options_of(cls: type[ModulePass]) -> tuple[Option, ...]:
    """The options of a pass, in the order of its fields."""
    hints = get_type_hints(cls)
    return tuple(
        Option(field.name.replace("_", "-"), hints[field.name], _default_text(field))
        for field in dataclasses.fields(cls)
        if field.init
    )


def build_pass(cls: type[MinilinalgPass], given: Mapping[str, Given]) -> MinilinalgPass:
    """The pass with the options that a text gives. Raises CommandError at the option that does not fit."""
    options = {option.name: option for option in options_of(cls)}
    values: dict[str, Any] = {}
    for name, (words, place) in given.items():
        places = () if place is None else (place,)
        option = options.get(name.replace("_", "-"))
        if option is None:
            known = ", ".join(options)
            raise CommandError(
                f"pass '{cls.name}' has no option '{name}'",
                rule=f"its options are {known}" if known else f"'{cls.name}' takes no options",
                hint=near_name(name, options),
                places=places,
            )
        try:
            values[option.name.replace("-", "_")] = _read(option.type, words)
        except ValueError as error:
            raise CommandError(
                f"option '{option.name}' of pass '{cls.name}': {error}",
                rule=f"{option.name} takes {option.takes}",
                places=places,
            ) from None
    for option in options.values():
        if option.default is None and option.name.replace("-", "_") not in values:
            raise CommandError(
                f"pass '{cls.name}' needs its option '{option.name}'", rule=f"{option.name} takes {option.takes}"
            )
    return cls(**values)


def pass_text(step: ModulePass) -> str:
    """The pass as a pipeline text names it, with the options that differ from their defaults."""
    shown: list[str] = []
    for field in dataclasses.fields(step):
        value: Any = getattr(step, field.name)
        if field.init and value != _default(field):
            text = _value_text(value)
            shown.append(field.name.replace("_", "-") + (f"={text}" if text else ""))
    return step.name + (f"{{{' '.join(shown)}}}" if shown else "")


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _default_text(field: dataclasses.Field[Any]) -> str | None:
    default = _default(field)
    return None if default is dataclasses.MISSING else _value_text(default) or "none"


def _value_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(_value_text(item) for item in value)  # pyright: ignore[reportUnknownVariableType]
        case str() if not re.fullmatch(r"[A-Za-z][\w-]*|[+.\d-][\w.+-]*", value, re.ASCII):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case _:
            return str(value)


def _read(kind: Any, words: tuple[str, ...]) -> Any:
    """The value of type `kind` that `words` stand for. Raises ValueError that says what was found."""
    if get_origin(kind) in (Union, UnionType):
        inner = [k for k in get_args(kind) if k is not NoneType]
        if not words and NoneType in get_args(kind):
            return None
        for candidate in inner[:-1]:
            try:
                return _read(candidate, words)
            except ValueError:
                continue
        return _read(inner[-1], words)
    if get_origin(kind) is tuple:
        return tuple(_read_word(get_args(kind)[0], word) for word in words)
    if kind is bool and not words:
        return True
    if len(words) != 1:
        raise ValueError(f"{len(words)} values are given" if words else "no value is given")
    return _read_word(kind, words[0])


def _read_word(kind: Any, word: str) -> Any:
    if get_origin(kind) is Literal:
        if word not in get_args(kind):
            raise ValueError(f"'{word}' is given")
        return word
    if kind is bool:
        if word not in _BOOLS:
            raise ValueError(f"'{word}' is given")
        return _BOOLS[word]
    try:
        return kind(word)
    except ValueError:
        raise ValueError(f"'{word}' is given") from None


_BOOLS = {"true": True, "1": True, "false": False, "0": False}
_ONE = {int: "an integer", float: "a number", bool: "true or false", str: "a text"}
_MANY = {int: "integers", float: "numbers", bool: "true or false", str: "texts"}


def _words(kind: Any) -> str:
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_words(k) if k is not NoneType else "nothing" for k in get_args(kind))
    if get_origin(kind) is tuple:
        return f"{_MANY.get(get_args(kind)[0], _words(get_args(kind)[0]))} separated by commas"
    if get_origin(kind) is Literal:
        return f"one of {', '.join(get_args(kind))}"
    return _ONE[kind]
