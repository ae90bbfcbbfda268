"""Diagnostics: what a user sees when something is wrong, and the exit code that goes with it.

Every mistake of a user ends as one `Diagnostic`: where, what was found, what the rule is, and what was probably
meant. Nothing in here imports xDSL or NumPy, so every layer may raise these.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """What `minilinalg-opt` and `minilinalg` return to the shell."""

    DONE = 0
    WRONG_INPUT = 1
    WRONG_COMMAND = 2
    CHECK_FAILED = 3
    INTERNAL = 4


def readable(text: str) -> str:
    """`text` with what cannot be printed written as an escape: on a terminal it would be lost, or be a command."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\t\n" else repr(c)[1:-1] for c in text)


LONGEST = 200
"""Characters of a line that an error shows: of a longer one, those around its place."""


@dataclass(frozen=True)
class Place:
    """A position in a text: 1-based line and column, with the text of that line when it is known.

    `length` is the number of characters to underline (at least one).
    """

    file: str
    line: int
    column: int
    text: str | None = None
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def excerpt(self) -> str | None:
        """The source line with a caret below it, or None when the line is not known."""
        if self.text is None:
            return None
        start = max(self.column - 1, 0)
        shown = self.text.rstrip("\n")
        if len(shown) > LONGEST:
            fits = start + self.length <= LONGEST
            cut = 0 if fits else max(0, min(start - LONGEST // 2, len(shown) - LONGEST))
            before, behind = "..." if cut else "", "..." if cut + LONGEST < len(shown) else ""
            shown = before + shown[cut : cut + LONGEST] + behind
            start += len(before) - cut
        front, below, behind = (
            readable(part) for part in (shown[:start], shown[start : start + self.length], shown[start + self.length :])
        )
        # Tabs are kept in front of the caret, so that it stands below its character whatever the tab width.
        lead = "".join(c if c == "\t" else " " for c in front).ljust(start)
        return f"{front}{below}{behind}\n{lead}{'^' * max(1, len(below))}"


@dataclass(frozen=True)
class Diagnostic:
    """One message. `found` says what is there, `rule` what must hold, `hint` what was probably meant.

    `places` runs from the text that was read (a TTIR file) to the source that it came from (a line of the kernel).
    `severity` is "error", "warning" or "remark".
    """

    found: str
    rule: str | None = None
    hint: str | None = None
    places: tuple[Place, ...] = ()
    severity: str = "error"

    def render(self) -> str:
        """The message as it is printed, without a trailing newline."""
        where = f"{self.places[0]}: " if self.places else ""
        lines = [f"{where}{self.severity}: {readable(self.found)}"]
        if self.places and (excerpt := self.places[0].excerpt()) is not None:
            lines += ["  " + line for line in excerpt.splitlines()]
        lines += [f"  from: {place}" for place in self.places[1:]]
        if self.rule is not None:
            lines.append(f"  rule: {readable(self.rule)}")
        if self.hint is not None:
            lines.append(f"  hint: {readable(self.hint)}")
        return "\n".join(lines)


class MinilinalgError(Exception):
    """Base of every error that is the user's to mend. Its text is its rendered diagnostic."""

    exit_code: ExitCode = ExitCode.WRONG_INPUT
    diagnostic: Diagnostic

    def __init__(
        self,
        found: str | Diagnostic,
        *,
        rule: str | None = None,
        hint: str | None = None,
        places: Iterable[Place] = (),
    ):
        if not isinstance(found, Diagnostic):
            found = Diagnostic(found, rule, hint, tuple(places))
        self.diagnostic = found
        super().__init__(found.render())

    def at(self, places: Iterable[Place]) -> MinilinalgError:
        """The same error with `places`, when it has none yet: an outer layer often knows where, an inner one what."""
        if self.diagnostic.places:
            return self
        d = self.diagnostic
        self.diagnostic = Diagnostic(d.found, d.rule, d.hint, tuple(places), d.severity)
        self.args = (self.diagnostic.render(),)
        return self


class InputError(MinilinalgError):
    """The IR text, a kernel, a launch file or a target file is wrong."""


class UnsupportedError(InputError):
    """The input is right, but something in it has no way down yet."""


class CommandError(MinilinalgError):
    """The command line or an argument of the Python API is wrong: unknown pass, option, target, road."""

    exit_code = ExitCode.WRONG_COMMAND


class OverCapacityError(InputError):
    """A block, or what is needed at the same time, is larger than what the target has for it: no pass is at fault."""


class LaunchError(InputError):
    """A kernel was called wrongly: argument count, dtype, grid, a broken promise."""


class RunError(InputError):
    """The program did something that no machine allows: a stray pointer, an undefined lane that reaches memory."""


class GlobalRaceError(RunError):
    """Two cores, blocks or threads touch the same global memory in no order, one of them writing: as a rule the program
    itself races."""


class TileError(RunError):
    """A tile begins where the unit that copies it does not begin: a rule of descriptors that the program breaks."""


class WaitError(RunError):
    """Programs wait for memory that nobody will change any more."""


class CheckError(MinilinalgError):
    """Running a module after a pass gave another answer than before it."""

    exit_code = ExitCode.CHECK_FAILED
    pass_name: str = ""
    """The pass at fault."""
    pipeline: str = ""
    """The same with its options, as a pipeline text."""
    module_before: Any = None
    """The module as it was before that pass: a `ModuleOp`."""
    launch: tuple[str, ...] = ()
    """What was launched, a line for the grid and one for each argument."""


class InternalError(MinilinalgError):
    """A defect of minilinalg itself."""

    exit_code = ExitCode.INTERNAL


@dataclass
class Remark:
    """Why a pass did or did not do something, for `--remarks`."""

    pass_name: str
    text: str
    places: tuple[Place, ...] = field(default=())

    def render(self) -> str:
        return Diagnostic(f"[{self.pass_name}] {self.text}", places=self.places, severity="remark").render()


def near_name(name: str, known: Iterable[str]) -> str | None:
    """A hint 'did you mean ...' for a misspelt `name`, in any case, or None when nothing known is near."""
    folded: dict[str, str] = {}
    for each in known:
        folded.setdefault(each.casefold(), each)
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f"did you mean '{folded[near[0]]}'?" if near else None


def unknown_name(kind: str, name: str, known: Iterable[str], **more: Any) -> CommandError:
    """The error for a `name` that is none of the `known` ones, in their order, of its `kind` (a pass, ...)."""
    names = list(known)
    return CommandError(
        f"unknown {kind} '{name}'",
        rule=f"a {kind} is one of: {', '.join(names)}" if names else None,
        hint=near_name(name, names),
        **more,
    )
