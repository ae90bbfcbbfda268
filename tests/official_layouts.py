"""The official compiler as an oracle of layouts: which linear layout it makes of each of its attributes, and Gluon's
`bank_conflicts`.

`python official_layouts.py` reads a JSON list of questions from stdin and writes a JSON list of answers. To [layout,
shape] they are the bases by input dimension, to [layout, shape, layout in shared memory, bits of an element] the bank
conflicts; null where the official compiler gives up. It aborts on some layouts and runs forever on others, so the
questions are asked in children, a new one after each death. A layout is a list: the name of a class of Gluon, then its
arguments, in which a list that starts with a name is a layout again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

Question = Sequence[Any]
Bases = dict[str, list[list[int]]]


def ask(questions: Sequence[tuple[list[Any], list[int]]]) -> list[Bases | None]:
    """What the official compiler makes of each layout and shape; None where it makes nothing."""
    return _answers(questions)


def ask_for_conflicts(questions: Sequence[tuple[list[Any], list[int], list[Any], int]]) -> list[int | None]:
    """Gluon's `bank_conflicts` of each layout, shape, layout in shared memory and bits of an element."""
    return _answers(questions)


def _answers(questions: Sequence[Question]) -> list[Any]:
    process = subprocess.run([sys.executable, __file__], input=json.dumps(questions), capture_output=True, text=True)
    assert process.returncode == 0, process.stderr[-2000:]
    answers = json.loads(process.stdout)
    assert len(answers) == len(questions)
    return answers


def _reader(keep: list[Any]) -> Callable[..., Any]:
    """`keep` gets what has to live as long as the reader."""
    from triton._C.libtriton import gluon_ir, ir, nvidia  # type: ignore[import-not-found]
    from triton.experimental.gluon.language import _layouts as gluon  # type: ignore[import-not-found]

    context = ir.context()
    ir.load_dialects(context)
    nvidia.load_dialects(context)
    builder = gluon_ir.GluonOpBuilder(context)
    # The figures are those of the target that the module around the builder names.
    module = builder.create_module()
    module.set_attr("ttg.target", builder.get_string_attr("cuda:90"))
    function = builder.get_or_insert_function(module, "f", builder.get_function_ty([], []), "public", False)
    module.push_back(function)
    builder.set_insertion_point_to_start(function.add_entry_block())
    keep += [context, builder, module, function]

    def make(layout: list[Any]) -> Any:
        arguments = [make(a) if isinstance(a, list) and a and isinstance(a[0], str) else a for a in layout[1:]]
        return getattr(gluon, layout[0])(*arguments)

    def read(layout: list[Any], shape: list[int], memory: list[Any] | None = None, bits: int = 0) -> Bases | int:
        if memory is not None:
            sides = [make(each)._to_ir(builder) for each in (layout, memory)]
            return builder.get_shared_bank_conflicts(*sides, shape, bits)
        answer = builder.to_linear_layout(make(layout)._to_ir(builder), shape)
        if isinstance(answer, gluon.SharedLinearLayout):
            return {"offset": answer.offset_bases, "block": answer.block_bases}
        return {
            "register": answer.reg_bases,
            "lane": answer.lane_bases,
            "warp": answer.warp_bases,
            "block": answer.block_bases,
        }

    return read


def _main() -> None:
    kept: list[Any] = []
    read = _reader(kept)
    questions = json.load(sys.stdin)
    answers: list[Any] = []
    while len(answers) < len(questions):
        receive, send = os.pipe()
        if os.fork() == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            with os.fdopen(send, "w") as pipe:
                for question in questions[len(answers) :]:
                    signal.alarm(2)
                    try:
                        answer = read(*question)
                    except (RuntimeError, AssertionError, ValueError, TypeError):
                        answer = None
                    pipe.write(json.dumps(answer) + "\n")
                    pipe.flush()
            os._exit(0)
        os.close(send)
        with os.fdopen(receive) as pipe:
            answers += [json.loads(line) for line in pipe]
        os.wait()
        if len(answers) < len(questions):
            answers.append(None)
    print(json.dumps(answers))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    _main()
