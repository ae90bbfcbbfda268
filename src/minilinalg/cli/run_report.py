"""What a run shows: tables for people, or one JSON object."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from minilinalg.cli.tables import show_table

if TYPE_CHECKING:
    from minilinalg.cli.launching import CheckedPass, Outcome
    from minilinalg.errors import Diagnostic
    from minilinalg.launch import Answer, Launch


def print_report(outcome: Outcome) -> None:
    """Prints what ran and, as far as they are there: stages, checks, answers and what the machine did."""
    print(headline(outcome))
    print(f"  grid {grid_text(outcome.launch)}; {arguments_text(outcome.launch)}")
    if outcome.stages:
        print()
        rows = [(s.name, f"{s.operations}", ", ".join(s.passes) or "(as it came)") for s in outcome.stages]
        show_table("Stages", ("stage", "operations", "passes that led to it"), rows)
    if outcome.checks:
        print()
        show_table("Checked by running", ("after", "numerics", "answers", "seconds"), check_rows(outcome.checks))
        for note in outcome.notes:
            print(f"not compared: {note}")
    if outcome.answers:
        print()
        show_table("Answers", ANSWER_COLUMNS, [answer_row(answer) for answer in outcome.answers])
    elif outcome.failure is None and outcome.request.options.answers:
        print("\nThe kernel changed nothing, and there is no reference.")
    if outcome.report is not None:
        print(f"\n{outcome.report.render()}")
    if outcome.milliseconds is not None:
        print(f"\n{outcome.milliseconds:.3f} ms on the GPU")


def headline(outcome: Outcome) -> str:
    """One line: what ran where."""
    request = outcome.request
    if outcome.kernel is None:
        return f"{outcome.launch.function}, as it is in {request.file}"
    where = "the GPU, for " if request.device is not None else ""
    return (
        f"{outcome.launch.function} on {where}{outcome.kernel.target.name}, road {request.road}, stage {outcome.stage}"
    )


def grid_text(launch: Launch) -> str:
    """The grid as it is written: trailing ones left out."""
    sizes = list(launch.grid)
    while len(sizes) > 1 and sizes[-1] == 1:
        sizes.pop()
    return "x".join(map(str, sizes))


def arguments_text(launch: Launch) -> str:
    """The arguments by name, in the function's order: `x_ptr f32[100], n = 100`."""
    parts = [
        f"{p.name} {shape_text(p.dtype, value.shape)}" if hasattr(value, "shape") else f"{p.name} = {value}"
        for p, value in zip(launch.parameters, launch.arguments, strict=True)
    ]
    return ", ".join(parts) or "no arguments"


def shape_text(dtype: str, shape: tuple[int, ...]) -> str:
    """`f32[100, 3]`; a scalar is `f32`."""
    return f"{dtype}[{', '.join(map(str, shape))}]" if shape else dtype


ANSWER_COLUMNS = ("array", "holds", "largest error", "relative", "allowed", "")


def answer_row(answer: Answer) -> tuple[str, ...]:
    """One answer as a row under ANSWER_COLUMNS."""
    holds = shape_text(answer.dtype, answer.shape)
    if not answer.has_reference:
        return answer.name, holds, "-", "-", "-", "written, no reference"
    allowed = "exact"
    if answer.relative_tolerance or answer.absolute_tolerance:
        allowed = f"{answer.relative_tolerance:.2g} * |reference| + {answer.absolute_tolerance:.2g}"
    errors = (_error_text(answer.max_absolute_error), _error_text(answer.max_relative_error))
    return answer.name, holds, *errors, allowed, "ok" if answer.ok else "WRONG"


def _error_text(error: float | None) -> str:
    return "-" if error is None else f"{error:.3g}"


def check_rows(checks: list[CheckedPass] | Any) -> list[tuple[str, ...]]:
    """The checks as rows: pass, numerics, verdict, seconds."""
    return [(c.name, c.numerics or "-", _verdict(c), f"{c.seconds:.2f}") for c in checks]


def _verdict(check: CheckedPass) -> str:
    if not check.ok:
        return "CHANGED"
    return "same" if check.numerics else "taken as right"


# JSON


def print_json(outcome: Outcome) -> None:
    """Prints everything as one JSON object; NaN and infinities are texts, as JSON has no numbers for them."""
    print(json.dumps(_plain(to_json(outcome)), indent=2))


def to_json(outcome: Outcome) -> dict[str, Any]:
    """Everything as plain data."""
    request, launch = outcome.request, outcome.launch
    return {
        "ok": outcome.failure is None,
        "function": launch.function,
        "file": request.file,
        "launch": str(request.launch),
        "road": request.road,
        "target": None if outcome.kernel is None else outcome.kernel.target.name,
        "stage": outcome.stage,
        "grid": list(launch.grid),
        "arguments": [
            {"name": p.name, "kind": p.kind, "dtype": p.dtype}
            | ({"shape": list(value.shape)} if hasattr(value, "shape") else {"value": value})
            for p, value in zip(launch.parameters, launch.arguments, strict=True)
        ],
        "stages": [{"name": s.name, "passes": list(s.passes), "operations": s.operations} for s in outcome.stages],
        "notes": list(outcome.notes),
        "checks": [
            {"after": c.name, "numerics": c.numerics or None, "ok": c.ok, "seconds": c.seconds} for c in outcome.checks
        ],
        "answers": [_answer_json(answer) for answer in outcome.answers],
        "machine": None if outcome.report is None else outcome.report.to_json(),
        "milliseconds": outcome.milliseconds,
        "remarks": [
            {"pass": r.pass_name, "text": r.text, "places": [str(p) for p in r.places]} for r in outcome.remarks
        ],
        "failure": None if outcome.failure is None else _diagnostic_json(outcome.failure.diagnostic),
    }


def _answer_json(answer: Answer) -> dict[str, Any]:
    m = answer.mismatch
    return {
        "name": answer.name,
        "dtype": answer.dtype,
        "shape": list(answer.shape),
        "changed": answer.changed,
        "has_reference": answer.has_reference,
        "ok": answer.ok,
        "max_absolute_error": answer.max_absolute_error,
        "max_relative_error": answer.max_relative_error,
        "relative_tolerance": answer.relative_tolerance,
        "absolute_tolerance": answer.absolute_tolerance,
        "mismatch": None
        if m is None
        else {"index": m.index and list(m.index), "found": m.found, "wanted": m.wanted, "count": m.count},
    }


def _diagnostic_json(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "found": diagnostic.found,
        "rule": diagnostic.rule,
        "hint": diagnostic.hint,
        "places": [str(place) for place in diagnostic.places],
    }


def _plain(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {key: _plain(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
        case list():
            return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value
