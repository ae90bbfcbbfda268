"""TOML with places: what `tomllib` reads, and where in the text each key and each value stands.

`tomllib` forgets positions, so a second, shallow scan of the text (which `tomllib` has accepted) finds them again.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from minilinalg.errors import InputError, Place, near_name
from minilinalg.reading import read_text

Keys: TypeAlias = tuple[str | int, ...]
Span: TypeAlias = tuple[int, int]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|'
    r"'''.*?'{3,5}|"
    r'"(?:[^"\\]|\\.)*"|'
    r"'[^']*'",
    re.DOTALL,
)
_BARE_VALUE = re.compile(r"[^,\]}#\n]*[^,\]}#\s]")
_DECODE_ERROR_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$| \(at end of document\)$")


@dataclass(frozen=True)
class TomlDocument:
    """A TOML text: its `data` as tomllib gives it, and the places of its keys and values."""

    file: str
    text: str
    data: Mapping[str, Any]
    _keys: Mapping[Keys, Span]
    _values: Mapping[Keys, Span]

    @classmethod
    def parse(cls, text: str, file: str = "<string>") -> TomlDocument:
        """Raises InputError, with its place, when the text is not TOML."""
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _not_toml(str(error), text, file) from None
        scan = _Scan(text)
        scan.document()
        return cls(file, text, data, scan.keys, scan.values)

    @classmethod
    def read(cls, path: str | Path, what: str = "a TOML file is UTF-8 text") -> TomlDocument:
        """Raises CommandError, with the rule `what`, when the file cannot be read, InputError when it is not TOML."""
        return cls.parse(read_text(path, what), str(path))

    def place(self, *keys: str | int) -> Place:
        """Where the value of `keys` stands; of a table, its header or the first one below it; of what is missing, the
        table that misses it."""
        while keys and keys not in self._values:
            keys = keys[:-1]
        return _place(self.text, self.file, self._values.get(keys, (0, 1)))

    def key_place(self, *keys: str | int) -> Place:
        """Where the last one of `keys` itself stands."""
        return _place(self.text, self.file, self._keys[keys]) if keys in self._keys else self.place(*keys)

    def place_inside(self, keys: Keys, start: int, length: int = 1) -> Place:
        """Where the characters from `start` of the text that is the value of `keys` stand; the place of the whole value
        when escapes move them."""
        begin, end = self._values[keys]
        raw = self.text[begin:end]
        quotes = raw[:3] if raw.startswith(('"""', "'''")) else raw[:1]
        if quotes not in ('"', "'", '"""', "'''") or (quotes[0] == '"' and "\\" in raw):
            return self.place(*keys)
        # TOML drops a line break that follows the opening quotes.
        begin += len(quotes) + (len(quotes) == 3 and raw[3:4] == "\n") + start
        return _place(self.text, self.file, (begin, min(begin + length, end)))

    def expect_keys(
        self, keys: Keys, table: Mapping[str, Any], known: Collection[str], required: Collection[str], where: str
    ) -> None:
        """Raises InputError, with its place, when the table at `keys` has a key that is not known, or lacks a required
        one. `where` names the table: "[machine]"."""
        rule = f"its keys are: {', '.join(known)}"
        for key in table:
            if key not in known:
                raise InputError(
                    f"unknown key '{key}' in {where}",
                    rule=rule,
                    hint=near_name(key, known),
                    places=[self.key_place(*keys, key)],
                )
        for key in required:
            if key not in table:
                raise InputError(f"no '{key}' in {where}", rule=rule, places=[self.place(*keys)])


def shown(value: Any) -> str:
    """A TOML value as a message names it."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case dict():
            return "a table"
        case list():
            return "an array"
        case _:
            return str(value)


def _place(text: str, file: str, span: Span) -> Place:
    start, end = span
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    return Place(file, text.count("\n", 0, start) + 1, start - line_start + 1, line, max(end - start, 1))


def _not_toml(message: str, text: str, file: str) -> InputError:
    match = _DECODE_ERROR_PLACE.search(message)
    lines = text.splitlines() or [""]
    line, column = (int(match[1]), int(match[2])) if match and match[1] else (len(lines), len(lines[-1]) + 1)
    shown = lines[line - 1] if line <= len(lines) else None
    found = _DECODE_ERROR_PLACE.sub("", message)
    return InputError(f"not TOML: {found[:1].lower()}{found[1:]}", places=[Place(file, line, column, shown)])


class _Scan:
    """One pass over a text that is known to be TOML."""

    def __init__(self, text: str):
        self.text = text
        self.at = 0
        self.keys: dict[Keys, Span] = {}
        self.values: dict[Keys, Span] = {}
        self.tables: dict[Keys, int] = {}
        """Elements so far of each array of tables."""

    def document(self) -> None:
        table: Keys = ()
        while self._skip_blank() < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _skip_blank(self) -> int:
        match = _BLANK.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return self.at

    def _header(self) -> Keys:
        start = self.at
        is_array = self.text.startswith("[[", start)
        self.at += 2 if is_array else 1
        keys: Keys = ()
        parts = [part for part, _ in self._key()]
        self.at += 2 if is_array else 1
        span = (start, self.at)
        for position, part in enumerate(parts):
            keys = (*keys, part)
            self.keys.setdefault(keys, span)
            self.values.setdefault(keys, span)
            if is_array and position == len(parts) - 1:
                self.tables[keys] = self.tables.get(keys, -1) + 1
            keys = self._element(keys)
        self.keys[keys] = self.values[keys] = span
        return keys

    def _element(self, keys: Keys) -> Keys:
        """`keys` of an array of tables mean its last element."""
        return (*keys, self.tables[keys]) if keys in self.tables else keys

    def _key(self) -> list[tuple[str, Span]]:
        parts: list[tuple[str, Span]] = []
        while True:
            self._skip_blank()
            match = _KEY_PART.match(self.text, self.at)
            assert match is not None
            name = match[0]
            if name[0] == '"':
                name = str(tomllib.loads(f"k = {name}")["k"])
            parts.append((name.strip("'") if match[0][0] == "'" else name, match.span()))
            self.at = match.end()
            self._skip_blank()
            if self.text[self.at] != ".":
                return parts
            self.at += 1

    def _pair(self, table: Keys) -> None:
        keys = table
        for part, span in self._key():
            keys = (*keys, part)
            self.keys.setdefault(keys, span)
            self.values.setdefault(keys, span)
        self.at += 1
        self._value(keys)

    def _value(self, keys: Keys) -> None:
        start = self._skip_blank()
        opening = self.text[start]
        if opening in "{[":
            self.at += 1
            index = 0
            while self.text[self._skip_blank()] not in "}]":
                if opening == "{":
                    self._pair(keys)
                else:
                    self._value((*keys, index))
                index += 1
                if self.text[self._skip_blank()] == ",":
                    self.at += 1
            self.at += 1
        else:
            match = _STRING.match(self.text, start) or _BARE_VALUE.match(self.text, start)
            assert match is not None
            self.at = match.end()
        self.values[keys] = (start, self.at)
