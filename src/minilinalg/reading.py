"""Reading a text file that a user named, and what is said where that fails."""

from __future__ import annotations

from pathlib import Path

from minilinalg.errors import CommandError, InputError, near_name


def read_text(path: str | Path, what: str) -> str:
    """The text of the file at `path`. `what` it should be is the rule of the errors: "a target file is UTF-8 text".

    Raises CommandError, with a near name, when there is no such file or it cannot be read, InputError when it is not
    UTF-8.
    """
    path = Path(path)
    try:
        # Some editors begin a text with a byte order mark.
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        parent = path.parent
        siblings = [str(parent / p.name) for p in parent.iterdir()] if parent.is_dir() else []
        found = f"there is no file '{path}'"
        raise CommandError(found, rule=what, hint=near_name(str(path), siblings)) from None
    except IsADirectoryError:
        raise CommandError(f"'{path}' is a directory", rule=what) from None
    except UnicodeDecodeError as error:
        raise not_text(str(path), error, what) from None
    except OSError as error:
        raise CommandError(f"cannot read '{path}': {error.strerror}", rule=what) from None


def not_text(name: str, error: UnicodeDecodeError, what: str) -> InputError:
    """The error for bytes, called `name` in it, that are not UTF-8."""
    byte = error.object[error.start]
    return InputError(f"'{name}' is not text: byte {error.start} is 0x{byte:02x}", rule=what)
