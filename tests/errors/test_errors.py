"""What a user sees when something is wrong: exact texts and exit codes.

The cases are in the .txt files beside this one, by topic. A case reads

    === name of the case
    $ minilinalg-opt in.mlir --csee
    --- in.mlir
    module {}
    --- stderr
    error: unknown flag '--csee'
    exit 2

The command runs in an empty directory that holds the files of the case (the section `stdin` is what it reads). Its
stdout must be empty, nothing may be left in the directory, and there must be no traceback. `$ python x.py` runs a file
of the case and shows the MinilinalgError that it raises as the commands do. With MINILINALG_UPDATE_ERRORS=1 in the
environment the expected texts are rewritten with what is seen: read the difference before committing it.
"""

from __future__ import annotations

import io
import os
import re
import runpy
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from minilinalg.cli import main as minilinalg
from minilinalg.cli import opt as minilinalg_opt
from minilinalg.errors import MinilinalgError

HERE = Path(__file__).parent
COMMANDS = {"minilinalg": minilinalg.main, "minilinalg-opt": minilinalg_opt.main}


@dataclass(frozen=True)
class Case:
    """One case: the text file it is in, its name, command, files (with `stdin`), expected stderr and exit code."""

    topic: str
    name: str
    command: str
    files: dict[str, str]
    stderr: str
    exit_code: int

    def text(self) -> str:
        """The case as it stands in its file."""
        files = "".join(f"--- {name}\n{content}" for name, content in self.files.items())
        return f"=== {self.name}\n$ {self.command}\n{files}--- stderr\n{self.stderr}exit {self.exit_code}\n"


def read_cases(path: Path) -> list[Case]:
    cases: list[Case] = []
    for block in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, *sections = re.split(r"^--- ", block.rstrip("\n") + "\n", flags=re.MULTILINE)
        name, command = head.rstrip("\n").split("\n$ ")
        files = dict(section.split("\n", 1) for section in sections)
        stderr, exit_code = re.fullmatch(r"(.*?)exit (\d+)\n", files.pop("stderr"), re.DOTALL).groups()
        cases.append(Case(path.stem, name, command, files, stderr, int(exit_code)))
    return cases


CASES = [case for path in sorted(HERE.glob("*.txt")) for case in read_cases(path)]


def run_python(argv: list[str]) -> int:
    try:
        runpy.run_path(argv[0])
    except MinilinalgError as error:
        print(error.diagnostic.render(), file=sys.stderr)
        return error.exit_code
    return 0


def run_case(case: Case, directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Case:
    """The case with what was seen in place of what is expected."""
    monkeypatch.chdir(directory)
    for name, content in case.files.items():
        if name == "stdin":
            monkeypatch.setattr("sys.stdin", io.StringIO(content))
        else:
            Path(name).write_text(content, encoding="utf-8")
    before = sorted(directory.iterdir())
    program, *argv = shlex.split(case.command)
    code = run_python(argv) if program == "python" else COMMANDS[program](argv)
    seen = capsys.readouterr()
    assert seen.out == "", "a run that fails prints nothing to stdout"
    assert sorted(directory.iterdir()) == before, "a run that fails leaves no file"
    return replace(case, stderr=seen.err, exit_code=int(code))


@pytest.mark.parametrize("case", CASES, ids=[f"{case.topic}: {case.name}" for case in CASES])
def test_error(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    seen = run_case(case, tmp_path, monkeypatch, capsys)
    assert "Traceback" not in seen.stderr
    if os.environ.get("MINILINALG_UPDATE_ERRORS") and seen != case:
        path = HERE / f"{case.topic}.txt"
        path.write_text(path.read_text(encoding="utf-8").replace(case.text(), seen.text()), encoding="utf-8")
        return
    assert (seen.stderr, seen.exit_code) == (case.stderr, case.exit_code)


def test_names_are_unique() -> None:
    names = [(case.topic, case.name) for case in CASES]
    assert len(names) == len(set(names))
