"""The outermost layer of a command: exit codes, quiet ends, and files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from minilinalg.errors import CommandError, ExitCode, InternalError, MinilinalgError

# What a shell reports for a process that SIGINT or SIGPIPE ended.
INTERRUPTED, BROKEN_PIPE = 130, 141

EXIT_CODES = (
    "exit codes: 0 done, 1 the input is wrong, 2 the command line is wrong, 3 a check failed, 4 an internal error,\n"
    f"{INTERRUPTED} interrupted, {BROKEN_PIPE} the reader of the output has gone"
)
"""What `--help` says of them."""


def run_command(body: Callable[[Sequence[str]], int], argv: Sequence[str] | None) -> int:
    """Runs `body` on the arguments and returns the exit code.

    An error of the user's is printed to stderr as its diagnostic. Any other exception is a defect: it is printed as one
    line too, unless `--debug-traceback` is among the arguments. With `argv` None the arguments are this process's, and
    the process ends here.
    """
    if argv is not None:
        return _guarded(body, argv)
    import gc

    # A run is short and drops little: collecting garbage would cost up to a third of its time and gain nothing.
    gc.disable()
    code = _guarded(body, sys.argv[1:])
    sys.stderr.flush()
    # The system takes back the memory at once; Python would take every object apart first, a tenth of a short run.
    os._exit(code)


def _guarded(body: Callable[[Sequence[str]], int], argv: Sequence[str]) -> int:
    try:
        code = body(argv)
        sys.stdout.flush()
        return code
    except MinilinalgError as error:
        if "--debug-traceback" in argv and isinstance(error, InternalError):
            print_traceback(error)
        print(error.diagnostic.render(), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more when it ends, and would complain.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            print(f"error: cannot write the output: {error.strerror}", file=sys.stderr)
            return ExitCode.WRONG_COMMAND
        if "--debug-traceback" in argv:
            print_traceback(error)
        print(f"error: internal error: {type(error).__name__}: {error}", file=sys.stderr)
        print("  hint: --debug-traceback shows where", file=sys.stderr)
        return ExitCode.INTERNAL


def print_traceback(error: Exception) -> None:
    """Prints where an exception came from, for those who mend minilinalg."""
    import traceback

    traceback.print_exception(error)


def read_input(path: str) -> tuple[str, str]:
    """The text of a file and the name to use for it in messages; "-" is stdin.

    Raises CommandError for a file that cannot be opened, InputError for one that is not UTF-8.
    """
    from minilinalg.reading import not_text, read_text

    what = "the input is a file of MLIR text, which is UTF-8, or - for stdin"
    if path != "-":
        return read_text(path, what), path
    try:
        return sys.stdin.read(), "<stdin>"
    except UnicodeDecodeError as error:
        raise not_text("<stdin>", error, what) from None


def write_text(path: str, text: str) -> None:
    """Writes a file so that it has the whole text or stays as it was; "-" is stdout. Raises CommandError."""
    if path == "-":
        sys.stdout.write(text)
        return
    target = Path(path)
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
            return
        beside = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            beside.write_text(text, encoding="utf-8")
            if target.exists():
                beside.chmod(target.stat().st_mode & 0o7777)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(f"cannot write '{path}': {error.strerror}") from None
