"""The lines of the input in diagnostics: a place that was kept in the IR knows its line's number, not its text."""

from __future__ import annotations

from dataclasses import replace

from minilinalg.errors import Diagnostic, Place


def with_excerpts(diagnostic: Diagnostic, file: str, text: str) -> Diagnostic:
    """The diagnostic with the lines of the input `file` that its places are in."""

    def fill(place: Place) -> Place:
        if place.text is not None or place.file != file or place.line > text.count("\n") + 1:
            return place
        return replace(place, text=text.split("\n")[place.line - 1])

    return replace(diagnostic, places=tuple(fill(place) for place in diagnostic.places))
