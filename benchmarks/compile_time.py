"""Compile time, in process and warm: `python benchmarks/compile_time.py [--target NAME]`, down the road to the target.

For each kernel of examples/kernels: parsing its text, each pass of the road, all of it; medians over compilations, of
the time that the processor was at it, so that busy neighbours count little.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from minilinalg.context import make_context
from minilinalg.parsing import parse_module
from minilinalg.passes.base import MinilinalgPass
from minilinalg.pipelines import Instrumentation, road_steps, run_pipeline
from minilinalg.targets import load_target

KERNELS = Path(__file__).resolve().parents[1] / "examples" / "kernels"


class Stopwatch(Instrumentation):
    """Milliseconds of each pass, by its place in the road."""

    def __init__(self) -> None:
        self.times: list[tuple[str, float]] = []
        self._begin = 0.0

    def before_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        self._begin = time.process_time()

    def after_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        self.times.append((step.name, (time.process_time() - self._begin) * 1e3))


def compile_once(path: Path, target: str) -> list[tuple[str, float]]:
    """(what, milliseconds) of one compilation, the whole last."""
    ctx = make_context()
    ctx.target = load_target(target)
    watch = Stopwatch()
    begin = time.process_time()
    module = parse_module(path.read_text(encoding="utf-8"), str(path), ctx)
    parsed = (time.process_time() - begin) * 1e3
    road = ctx.target.kind
    run_pipeline(ctx, module, road_steps(road), instrumentation=[watch])
    whole = (time.process_time() - begin) * 1e3
    return [("parse and verify", parsed), *watch.times, (f"text to {road}", whole)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--target", default="mlu370")
    options = parser.parse_args()
    paths = sorted(p for p in KERNELS.glob("*.ttir") if p.stem.isidentifier())
    table: dict[str, dict[int, tuple[str, float]]] = defaultdict(dict)
    for path in paths:
        compile_once(path, options.target)
        runs = [compile_once(path, options.target) for _ in range(options.runs)]
        for row, (what, _) in enumerate(runs[0]):
            table[path.stem][row] = (what, statistics.median(run[row][1] for run in runs))
    print(f"{'ms':<43}" + "".join(f"{path.stem:>12}" for path in paths))
    for row in table[paths[0].stem]:
        what = table[paths[0].stem][row][0]
        print(f"{what:<43}" + "".join(f"{table[path.stem][row][1]:12.1f}" for path in paths))


if __name__ == "__main__":
    main()
