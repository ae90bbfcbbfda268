"""The options of a road as a whole, which both commands have as flags."""

from __future__ import annotations

from minilinalg.cli.arguments import Arguments, Flag
from minilinalg.errors import CommandError

ROAD_FLAGS = (
    Flag(("--num-warps",), "how many warps run a program, on road simt (4 unless told)", "NUMBER"),
    Flag(("--num-stages",), "how many iterations of a loop go on at once, on road simt (3 unless told)", "NUMBER"),
)


def road_options(arguments: Arguments) -> dict[str, int]:
    """Those that are given, as `pipelines.road_steps` takes them. Raises CommandError for what is no number."""
    given = {flag.key: text for flag in ROAD_FLAGS if (text := arguments.text(flag.key)) is not None}
    return {key.replace("-", "_"): _integer(key, text) for key, text in given.items()}


def _integer(key: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise CommandError(f"--{key} cannot be '{text}'", rule=f"--{key} NUMBER: an integer") from None
