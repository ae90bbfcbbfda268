"""`--verify-diagnostics`: a file says in comments which diagnostics it must give, and the run is checked against that.

    // expected-error @+1 {{part of the message}}
    %0 = arith.addi %a, %b : i32

The kinds are error, warning, remark (with `--remarks` only) and note; the line is given as `@+N`, `@-N`, `@above`,
`@below` (the nearest line that holds no such comment) or left out for the comment's own line; `@unknown` is for a
message without a place. With `-re` after the kind, what stands in double braces inside the text is a regular
expression. As in mlir-opt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from minilinalg.errors import Diagnostic, InputError, Place

_COMMENT = re.compile(r"//.*?\bexpected-(error|warning|remark|note)\b")
_EXPECTATION = re.compile(
    r"\bexpected-(?P<kind>error|warning|remark|note)(?P<re>-re)?\s*(?:@(?P<at>[+-]\d+|above|below|unknown))?\s*"
    r"\{\{(?P<text>.*?)\}\}(?=\s|$)"
)


class Expectation(NamedTuple):
    """One expected diagnostic: its kind, the line (None: no place), the pattern, and where the comment stands."""

    kind: str
    line: int | None
    pattern: re.Pattern[str]
    text: str
    place: Place

    def fits(self, diagnostic: Diagnostic) -> bool:
        """Whether `diagnostic` is the expected one; the text may be in what was found or in the rule."""
        line = diagnostic.places[0].line if diagnostic.places else None
        message = "\n".join(filter(None, (diagnostic.found, diagnostic.rule, diagnostic.hint)))
        return diagnostic.severity == self.kind and line == self.line and self.pattern.search(message) is not None


def read_expectations(text: str, file: str) -> list[Expectation]:
    """The expectations in a text. Raises InputError for a comment that looks like one and is not."""
    lines = text.split("\n")
    commented = {number for number, line in enumerate(lines, 1) if _COMMENT.search(line)}
    found: list[Expectation] = []
    for number in sorted(commented):
        line = lines[number - 1]
        matches = list(_EXPECTATION.finditer(line))
        if not matches:
            column = line.index("expected-") + 1
            raise InputError(
                "an expected diagnostic cannot be read",
                rule="it reads: expected-error @+1 {{text}}, on one line",
                places=[Place(file, number, column, line, len(line.rstrip()) - column + 1)],
            )
        for match in matches:
            place = Place(file, number, match.start() + 1, line, match.end() - match.start())
            pattern = _pattern(match["text"], is_regex=bool(match["re"]))
            found.append(
                Expectation(match["kind"], _line(match["at"], number, commented), pattern, match["text"], place)
            )
    return found


def compare(expected: Sequence[Expectation], seen: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What is wrong: expected diagnostics that were not seen, and seen ones that were not expected."""
    missing = list(expected)
    wrong: list[Diagnostic] = []
    for diagnostic in seen:
        fitting = next((e for e in missing if e.fits(diagnostic)), None)
        if fitting is not None:
            missing.remove(fitting)
        else:
            unexpected = f"unexpected {diagnostic.severity}: {diagnostic.found}"
            wrong.append(Diagnostic(unexpected, diagnostic.rule, diagnostic.hint, diagnostic.places))
    wrong += [Diagnostic(f"expected {e.kind} was not given: {e.text}", places=(e.place,)) for e in missing]
    return wrong


def _line(at: str | None, number: int, commented: set[int]) -> int | None:
    match at:
        case None:
            return number
        case "unknown":
            return None
        case "above" | "below":
            step = 1 if at == "below" else -1
            number += step
            while number in commented:
                number += step
            return number
        case _:
            return number + int(at)


def _pattern(text: str, *, is_regex: bool) -> re.Pattern[str]:
    if not is_regex:
        return re.compile(re.escape(text))
    parts = re.split(r"\{\{(.*?)\}\}", text)
    return re.compile("".join(part if i % 2 else re.escape(part) for i, part in enumerate(parts)))
