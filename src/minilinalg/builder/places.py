"""The line of the user's script that asked for an operation: its source location, and the place of an error."""

from __future__ import annotations

import functools
import linecache
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from types import CodeType
from typing import ParamSpec, TypeVar

from xdsl.dialects.builtin import FileLineColLoc, IntAttr, StringAttr

from minilinalg.errors import CommandError, MinilinalgError, Place, near_name

P = ParamSpec("P")
R = TypeVar("R")

_PACKAGE = __package__


@functools.cache
def _position(code: CodeType, instruction: int) -> tuple[int, int, int, int]:
    """First line, first column, last line and end column (1-based) of the expression that `instruction` is part of."""
    line, end_line, column, end_column = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    line = line or code.co_firstlineno
    return line, (column or 0) + 1, end_line or line, (end_column or column or 0) + 1


def _caller() -> tuple[str, int, int, int, int]:
    """File and position of the innermost call that is made from outside of this package."""
    frame = sys._getframe(2)  # pyright: ignore[reportPrivateUsage]
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        frame = frame.f_back
    return frame.f_code.co_filename, *_position(frame.f_code, frame.f_lasti)


@functools.lru_cache(maxsize=4096)
def _location(file: str, line: int, column: int) -> FileLineColLoc:
    return FileLineColLoc(StringAttr(file), IntAttr(line), IntAttr(column))


def caller_location() -> FileLineColLoc:
    """Where the user's script calls the builder, as the location of an operation."""
    file, line, column, _, _ = _caller()
    return _location(file, line, column)


def _line(file: str, line: int) -> str:
    """The text of a line of the script as the file is now."""
    linecache.checkcache(file)
    return linecache.getline(file, line).rstrip("\n")


def shown(place: Place) -> Place:
    """The place of an operation with the text of its line, when it can be read."""
    return place if place.text else replace(place, text=_line(place.file, place.line) or None)


def caller_place() -> Place:
    """Where the user's script calls the builder, with the text of that line when it can be read."""
    file, line, column, end_line, end_column = _caller()
    text = _line(file, line) or None
    length = end_column - column if end_line == line else len(text or "") - column + 1
    return Place(file, line, column, text, max(1, length))


class UnknownName(CommandError, AttributeError):
    """A value or a function has no attribute of that name."""


def unknown_name(what: str, name: str, known: Iterable[str], rule: str | None = None) -> Exception:
    """The error of `what.name`; one without a message for the names that Python itself asks for."""
    if name.startswith("__"):
        return AttributeError(name)
    near = near_name(name, [n for n in known if not n.startswith("_")])
    return UnknownName(f"{what} has no '{name}'", rule=rule, hint=near, places=[caller_place()])


def location_of(place: Place) -> FileLineColLoc:
    """A place of the script as the location of an operation."""
    return _location(place.file, place.line, place.column)


def in_script(places: Iterable[Place]) -> tuple[Place, ...]:
    """Places in a string that the user's call was given, as places of the script, where the string is written there.

    A string that the script does not spell out (made at run time, or with escapes) keeps its own places, followed by
    that of the call.
    """
    file, line, _, end_line, _ = _caller()
    lines = {number: _line(file, number) for number in range(line, end_line + 1)}
    found: list[Place] = []
    for place in places:
        text = place.text or "\n"
        holding = [(number, source.find(text), source) for number, source in lines.items() if source.count(text) == 1]
        if len(holding) != 1:
            return (*places, caller_place())
        number, start, source = holding[0]
        found.append(Place(file, number, start + place.column, source, place.length))
    return tuple(found)


def placed(method: Callable[P, R]) -> Callable[P, R]:
    """An error without a place that leaves `method` gets the place of the user's call."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except MinilinalgError as error:
            raise error.at((caller_place(),)) from None

    return call
