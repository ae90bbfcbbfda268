"""The official Triton compiler as an oracle: what it says of a text, each text in a process of its own.

It aborts on some texts, so a process that has it loaded forks for every question. `python official_triton.py` reads a
JSON list of texts from stdin and writes a JSON list of answers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

INSTALLED = find_spec("triton") is not None


@dataclass(frozen=True)
class Answer:
    """What the official compiler makes of a text.

    `text` is the module as it prints it, `places` the same with locations; both are empty when it rejects the text,
    and `problem` says why (it is not empty either when the compiler died).
    """

    accepted: bool
    text: str
    places: str
    problem: str


def ask(texts: Sequence[str]) -> list[Answer]:
    """What the official compiler says of each of `texts`."""
    process = subprocess.run([sys.executable, __file__], input=json.dumps(texts), capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return [Answer(**answer) for answer in json.loads(process.stdout)]


def _read(text: str) -> Answer:
    """Ask in this process, which may not survive it. Diagnostics go to stderr."""
    from triton._C.libtriton import ir, nvidia  # type: ignore[import-not-found]

    context = ir.context()
    ir.load_dialects(context)
    nvidia.load_dialects(context)
    with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
        file.write(text)
        file.flush()
        try:
            module = ir.parse_mlir_module(file.name, context)
        except RuntimeError as error:
            return Answer(False, "", "", str(error))
        module.context = context
        return Answer(True, module.str_nodebug(), module.str(), "")


def _answer(text: str) -> Answer:
    """Ask in a fork of this process."""
    with tempfile.TemporaryDirectory() as directory:
        answer, problem = Path(directory, "answer"), Path(directory, "problem")
        child = os.fork()
        if child == 0:
            with problem.open("w") as stderr:
                os.dup2(stderr.fileno(), 2)
            answer.write_text(json.dumps(asdict(_read(text))))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status != 0:
            return Answer(False, "", "", f"died with status {status}: {problem.read_text()}")
        found = Answer(**json.loads(answer.read_text()))
        return found if found.accepted else Answer(False, "", "", problem.read_text() or found.problem)


if __name__ == "__main__":
    import triton._C.libtriton  # noqa: F401  # Loaded once, before the forks.

    print(json.dumps([asdict(_answer(text)) for text in json.load(sys.stdin)]))
