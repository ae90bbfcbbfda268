"""Command lines as tables.

A command is a tuple of `Flag`s; help texts and error messages come from the same table. The standard library's argparse
is not used: it imports more than a short run should pay for, loses the order of flags that name passes, and words its
errors in its own way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from minilinalg.errors import CommandError, near_name


class Flag(NamedTuple):
    """One option of a command.

    `names` are its spellings, the official one first. `value` is what it takes ("FILE"), None for a switch, and in
    brackets ("[0|1]") when it may be left out.
    """

    names: tuple[str, ...]
    doc: str
    value: str | None = None
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Under which the value is stored: the first long spelling, without its dashes."""
        return next(name for name in self.names if name.startswith("--"))[2:]

    @property
    def usage(self) -> str:
        """The spelling as a help text shows it: the one-letter form with the long one, other aliases left out."""
        value = "" if self.value is None else f"[={self.value[1:]}" if self.value[0] == "[" else f" {self.value}"
        return ", ".join(self.names[:2] if len(self.names[0]) == 2 else self.names[:1]) + value


HELP = Flag(("-h", "--help"), "show this text and exit")
VERSION = Flag(("--version",), "show the version and exit")


class Arguments(NamedTuple):
    """What a command line said: `values` by flag key or positional name, and `order`, every flag as it came."""

    values: dict[str, str | bool]
    order: list[tuple[str, str | None]]

    def text(self, key: str) -> str | None:
        """The value of a flag or positional, None when it was not given (or given without a value)."""
        value = self.values.get(key)
        return value if isinstance(value, str) else None

    def has(self, key: str) -> bool:
        """Whether a switch was given, and not as `=0` or `=false`."""
        return self.values.get(key, False) not in (False, "0", "false")


def parse(
    program: str,
    flags: Sequence[Flag],
    argv: Sequence[str],
    *,
    positionals: tuple[str, ...],
    names: Collection[str] = (),
) -> Arguments:
    """Reads `argv` by the table `flags`.

    `--name VALUE`, `--name=VALUE` and, for one-letter flags, `-nVALUE` are understood, and `-name` for `--name` as
    LLVM's tools do. `names` are flags besides the table that stand in `order` only, with or without `=VALUE`. Raises
    CommandError.
    """
    by_name = {name: flag for flag in flags for name in flag.names}
    arguments = Arguments({}, [])
    given: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            given += rest
            break
        if not word.startswith("-") or word == "-":
            given.append(word)
            continue
        name, equals, text = word.partition("=")
        value = text if equals else None
        if name[:2] in by_name and name[1] != "-" and name not in by_name and "-" + name not in by_name:
            name, value = word[:2], word[2:]
        elif not name.startswith("--") and len(name) > 2:
            name = "-" + name
        if (flag := by_name.get(name)) is not None:
            key, value = flag.key, _value_of(flag, name, value, rest)
            arguments.values[key] = True if value is None else value
        elif name[2:] in names:
            key = name[2:]
        else:
            raise CommandError(
                f"unknown flag '{name}'",
                rule=f"'{program} --help' lists the flags",
                hint=near_name(name, [*by_name, *(f"--{known}" for known in names)]),
            )
        arguments.order.append((key, value))
    arguments.values.update(zip(positionals, given, strict=False))
    if len(given) > len(positionals):
        raise CommandError(
            f"{program} cannot take '{given[len(positionals)]}' too",
            rule=f"beside flags it takes {' '.join(positionals)}" if positionals else "it takes flags only",
        )
    return arguments


def _value_of(flag: Flag, name: str, value: str | None, rest: list[str]) -> str | None:
    if flag.value is None:
        if value is not None:
            raise CommandError(f"{name} takes no value, and '{value}' is given", rule=f"{flag.usage}: {flag.doc}")
        return None
    if value is None and flag.value[0] != "[":
        if not rest:
            raise CommandError(f"{name} stands without its value", rule=f"{flag.usage}: {flag.doc}")
        value = rest.pop(0)
    if value is not None and flag.choices and value not in flag.choices:
        raise CommandError(
            f"{name} cannot be '{value}'",
            rule=f"{name} is one of {', '.join(flag.choices)}",
            hint=near_name(value, flag.choices),
        )
    return value


def help_table(flags: Iterable[Flag]) -> str:
    """The flags with their documentation, one a line, for a help text."""
    return table((flag.usage, flag.doc) for flag in flags)


def table(rows: Iterable[tuple[str, str]], width: int = 30) -> str:
    """Two columns, indented by two; a left cell that is too wide has its right one on the next line."""
    lines: list[str] = []
    for left, right in rows:
        if right and len(left) > width - 2:
            lines.append(f"  {left}")
            left = ""
        lines.append(f"  {left:<{width}}{right}".rstrip())
    return "\n".join(lines)
