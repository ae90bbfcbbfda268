"""What the passes of stage ttg leave, and what the official ones left, of the kernels whose official TTGIR is kept.

python benchmarks/simt_passes.py             the tables of docs/simt-passes.md
python benchmarks/simt_passes.py --write     writes them there
python benchmarks/simt_passes.py matmul      of some kernels

Both modules go down the same passes from ttg to simt, and run on the same simulated GPU with the same arguments.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

from xdsl.dialects.builtin import IntegerAttr, ModuleOp

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from test_ttgir_meaning import CASES, FILES, SM90, TTGIR, Case, twin  # noqa: E402

from minilinalg.analysis.scratch import is_exchanged  # noqa: E402
from minilinalg.context import make_context  # noqa: E402
from minilinalg.dialects import simt, ttg  # noqa: E402
from minilinalg.errors import MinilinalgError  # noqa: E402
from minilinalg.parsing import parse_module  # noqa: E402
from minilinalg.passes import load_pass  # noqa: E402
from minilinalg.pipelines import road_steps, run_pipeline  # noqa: E402
from minilinalg.sim.simt.metrics import global_metrics, shared_metrics  # noqa: E402
from minilinalg.sim.simt.run import SimtSimulator  # noqa: E402
from minilinalg.targets import load_target  # noqa: E402

PAGE = ROOT / "docs" / "simt-passes.md"
TARGETS = {"sm80": "a100", "sm90": "h200"}
DOTS = ("tt.dot", "tt.dot_scaled", "ttng.warp_group_dot")


@dataclass(frozen=True)
class Figures:
    """What is counted of one kernel. None: it does not run on the simulated GPU."""

    conversions: int
    exchanged: int
    """Conversions that go from thread to thread."""
    shared: int
    barriers: int
    tensor_dots: int
    dots: int
    loads: tuple[int, int] | None = None
    """Sectors and requests, asynchronous copies too."""
    stores: tuple[int, int] | None = None
    conflicts: int | None = None
    cycles: int | None = None


HEADS = (
    "conversions",
    "shared bytes",
    "barriers",
    "sectors a load",
    "sectors a store",
    "bank conflicts",
    "dots on tensor cores",
    "cycles",
)


def cells(figures: Figures) -> tuple[str, ...]:
    return (
        f"{figures.conversions} ({figures.exchanged})",
        str(figures.shared),
        str(figures.barriers),
        ratio(figures.loads),
        ratio(figures.stores),
        shown(figures.conflicts),
        f"{figures.tensor_dots} of {figures.dots}" if figures.dots else "",
        shown(figures.cycles),
    )


def ratio(sectors: tuple[int, int] | None) -> str:
    return "-" if sectors is None else f"{sectors[0] / sectors[1]:.3g}" if sectors[1] else ""


def shown(number: int | None) -> str:
    return "-" if number is None else str(number)


def figures(module: ModuleOp, lowered: ModuleOp, counters: Mapping[str, int] | None, cycles: int | None) -> Figures:
    conversions = [op for op in module.walk() if isinstance(op, ttg.ConvertLayoutOp)]
    dots = [op for op in module.walk() if op.name in DOTS]
    on_tensor_cores = [op for op in dots if "nvidia_mma" in str(op.results[0].type)]
    (shared,) = {op.attributes.get("simt.shared") for op in lowered.walk() if "simt.threads" in op.attributes}
    fixed = Figures(
        len(conversions),
        sum(map(is_exchanged, conversions)),
        shared.value.data if isinstance(shared, IntegerAttr) else 0,
        sum(isinstance(op, simt.BarrierOp) for op in lowered.walk()),
        len(on_tensor_cores),
        len(dots),
    )
    if counters is None:
        return fixed
    loads, stores = ((counters[sectors], counters[requests]) for sectors, requests in map(global_metrics, ("ld", "st")))
    conflicts = sum(counters.get(shared_metrics(kind)[1], 0) for kind in ("ld", "st", "ldgsts"))
    return replace(fixed, loads=loads, stores=stores, conflicts=conflicts, cycles=cycles)


def measured(source: Path, arch: str, case: Case | None) -> Figures | str:
    """The figures of a kernel, or why it does not go down."""
    target = load_target(TARGETS[arch])
    try:
        ctx = make_context()
        ctx.target = target
        lowered = parse_module(source.read_text(), source.name, ctx)
        if source.suffix == ".ttir":
            run_pipeline(ctx, lowered, road_steps("simt", to="ttg"))
        else:
            for name in ("lift-cf-to-scf", "inline"):
                load_pass(name)().apply(ctx, lowered)
        module = lowered.clone()
        run_pipeline(ctx, lowered, road_steps("simt", start="simt"))
        if case is None:
            return figures(module, lowered, None, None)
        grid, args = case.make(*case.sizes)
        # What a kernel prints is not asked for.
        with redirect_stdout(StringIO()):
            report = SimtSimulator(lowered, target).run(grid, args)
    except MinilinalgError as error:
        return error.diagnostic.found
    assert report is not None
    return figures(module, lowered, report.counters, report.cycles)


def case_of(kernel: str, arch: str) -> Case | None:
    """The largest of the kernel's cases, with the arguments of its architecture."""
    cases = [case for case in CASES if case.kernel == kernel]
    if not cases:
        return None
    case = max(cases, key=lambda case: sum(case.sizes))
    return replace(case, make=SM90.get(kernel, case.make)) if arch == "sm90" else case


def rows(kernels: list[str]) -> Iterator[tuple[str, Figures | str, Figures | str]]:
    for name in FILES:
        kernel, arch = name.split(".")
        if kernels and kernel not in kernels:
            continue
        case = case_of(kernel, arch)
        yield name, measured(twin(name), arch, case), measured(TTGIR / f"{name}.ttgir", arch, case)


def table(kernels: list[str]) -> str:
    lines = [f"| kernel | | {' | '.join(HEADS)} |", f"|---|---|{'---:|' * len(HEADS)}"]
    for name, ours, theirs in rows(kernels):
        for who, found in (("ours", ours), ("official", theirs)):
            if isinstance(found, str):
                found = ("-",) * (len(HEADS) - 1) + (f"({found.splitlines()[0]})",)
            else:
                found = cells(found)
            lines.append(f"| {name.replace('.', ' ') if who == 'ours' else ''} | {who} | {' | '.join(found)} |")
        print(lines[-2], lines[-1], sep="\n", file=sys.stderr, flush=True)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kernels", nargs="*")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.write and options.kernels:
        parser.error("--write writes the whole table")
    text = table(options.kernels)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        mark = "<!-- Made by benchmarks/simt_passes.py. -->\n"
        PAGE.write_text(re.sub(rf"{mark}.*?\n\n", lambda _: f"{mark}{text}\n\n", page, flags=re.S), encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
