"""Where an operation comes from.

`op.location` always is a location attribute. The parser sets it to the place in the text that it read
(`FileLineColLoc`), or, when that text itself had a `loc(...)`, to `FusedLoc([source, text place], "text")`: an error
after the ninth pass then names both the line of the TTIR file and the line of the kernel. Passes copy `op.location` as
it is to what they create (`carry`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from xdsl.dialects.builtin import (
    ArrayAttr,
    CallSiteLoc,
    FileLineColLoc,
    FusedLoc,
    IntAttr,
    LocationAttr,
    NameLoc,
    StringAttr,
    UnknownLoc,
)
from xdsl.ir import Attribute, Block, BlockArgument, Operation, SSAValue

from minilinalg.errors import Place

TEXT = StringAttr("text")
"""The metadata that marks a fused location as [source, place in the text that was read]."""
UNKNOWN = UnknownLoc()
_set = object.__setattr__
_WORD = re.compile(r'"[^"]*"|%?[\w.$]+')
"""What an error underlines: the name of an operation or a value."""


def file_place(file: StringAttr, line: IntAttr, column: IntAttr) -> FileLineColLoc:
    """The same as `FileLineColLoc(file, line, column)` at a fifth of the cost: the parser makes one an operation.

    What is skipped is xDSL's check of the parameters' types, which the signature gives.
    """
    place = object.__new__(FileLineColLoc)
    _set(place, "filename", file)
    _set(place, "line", line)
    _set(place, "column", column)
    return place


def with_text_place(source: LocationAttr, place: FileLineColLoc) -> LocationAttr:
    """The location of an operation that stands at `place` in a text which says that it comes from `source`."""
    if source == UNKNOWN:
        return place
    pair, both = object.__new__(FusedLoc), object.__new__(ArrayAttr)
    _set(both, "data", (source, place))
    _set(pair, "locations", both)
    _set(pair, "metadata", TEXT)
    return pair


def _text_pair(location: Attribute) -> tuple[LocationAttr, LocationAttr] | None:
    """[source, place in the text], when the location is such a pair."""
    if isinstance(location, FusedLoc) and location.metadata == TEXT:
        return tuple(location.locations)  # pyright: ignore
    return None


def source_location(op: Operation | SSAValue) -> LocationAttr:
    """What `loc(...)` said about `op` in the text, or the place in the text when it said nothing."""
    return strip_text_place(op.location if isinstance(op, Operation | BlockArgument) else _owner(op).location)


def strip_text_place(location: LocationAttr) -> LocationAttr:
    """`location` without the mark of the text that was read."""
    pair = _text_pair(location)
    return location if pair is None else pair[0]


def called_from(location: LocationAttr, call: Operation) -> LocationAttr:
    """The location of what `call` was replaced by, out of the function that it calls: its own and that of the call."""
    if location == UNKNOWN:
        return call.location
    pair = _text_pair(location)
    both = CallSiteLoc(strip_text_place(location), source_location(call))
    place = location if pair is None else pair[1]
    return with_text_place(both, place) if isinstance(place, FileLineColLoc) else both


def carry(from_op: Operation, to_ops: Iterable[Operation]) -> None:
    """Give `to_ops`, and what is inside them, the location of the operation that they replace, where they have none."""
    for op in to_ops:
        for inner in op.walk():
            if inner.location == UNKNOWN:
                inner.location = from_op.location


def places_of(op: Operation | SSAValue, sources: Mapping[str, str] | None = None) -> tuple[Place, ...]:
    """Where `op` stands: first in the text that was read, then in the source which that text was made from.

    An operation without a location has that of what encloses it. `sources` maps file names to their texts, for the
    excerpt with the caret. In an inlined call, the kernel's line comes before the library's.
    """
    location = _location(op)
    source, text_place = _text_pair(location) or (UNKNOWN, location)
    places = [*_places(text_place, sources or {}), *_places(source, sources or {})]
    return tuple(dict.fromkeys(places))


def _owner(value: SSAValue) -> Operation:
    owner = value.owner
    if isinstance(owner, Block):
        parent = owner.parent_op()
        assert parent is not None, "a block argument outside of any operation has no place"
        return parent
    return owner


def _location(op: Operation | SSAValue) -> Attribute:
    if isinstance(op, BlockArgument) and op.location != UNKNOWN:
        return op.location
    at: Operation | None = op if isinstance(op, Operation) else _owner(op)
    while at is not None and at.location == UNKNOWN:
        at = at.parent_op()
    return UNKNOWN if at is None else at.location


def _places(location: Attribute, sources: Mapping[str, str]) -> Iterator[Place]:
    match location:
        case FileLineColLoc():
            # Line 0 is the whole file: MLIR's place of a module that the text does not write out.
            file, line = location.filename.data, max(location.line.data, 1)
            lines = sources[file].split("\n") if file in sources else []
            text = lines[line - 1] if 0 < line <= len(lines) else None
            word = _WORD.match(text, max(location.column.data - 1, 0)) if text is not None else None
            yield Place(file, line, max(location.column.data, 1), text, len(word[0]) if word is not None else 1)
        case NameLoc():
            yield from _places(location.location, sources)
        case CallSiteLoc():
            yield from _places(location.caller, sources)
            yield from _places(location.callee, sources)
        case FusedLoc():
            for part in location.locations.data:  # pyright: ignore
                yield from _places(part, sources)  # pyright: ignore
        case _:
            pass
