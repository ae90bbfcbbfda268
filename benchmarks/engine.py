"""Our runs against the official interpreter, side by side: `python benchmarks/engine.py [--road R] [--target NAME]`.

Without a road the kernel runs at the tt stage, answers only; with `--road` its simulated run is timed, answers and
cycles, and beside it one with all checks: the column says how many times as long that takes. Needs the `triton` extra
and torch. Both run the same kernels with the same blocks and arguments, one BLAS thread each, in one process tree, in
turn: one run of the official interpreter, then several of ours, and again. The figure of a case is the median over the
rounds of official time / median of our times in that round. Compilation is apart: the official interpreter has none,
ours is shown.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from cases import Case, all_cases

from minilinalg.context import make_context
from minilinalg.interp import Executable, RunOptions
from minilinalg.parsing import parse_module
from minilinalg.pipelines import road_steps, run_pipeline
from minilinalg.sim.run import Simulator
from minilinalg.sim.simt.run import SimtSimulator
from minilinalg.targets import load_target

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent / "examples" / "kernels"
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


Program = Executable | Simulator | SimtSimulator


def compile_case(case: Case, road: str | None, target: str) -> tuple[Program, Program | None, float]:
    """What runs the case, what runs it with all checks, and the milliseconds from the text of its TTIR to the first."""
    sys.path.insert(0, str(EXAMPLES))
    import dump
    import kernels

    kernel = getattr(kernels, case.kernel)
    specialisation = kernels.SPECIALISATIONS[kernel]
    text = dump.ttir(kernel, specialisation._replace(constants=dict(case.constants)), case.promises)
    begin = time.perf_counter()
    ctx = make_context()
    ctx.target = load_target(target)
    module = parse_module(text, f"{case.kernel}.ttir", ctx)
    if road is not None:
        run_pipeline(ctx, module, road_steps(road))
    simulator: Any = SimtSimulator if road == "simt" else Simulator
    runs = Executable(module) if road is None else simulator(module, ctx.target, options=RunOptions(checks=False))
    milliseconds = (time.perf_counter() - begin) * 1e3
    return runs, None if road is None else simulator(module, ctx.target), milliseconds


def run_for(runs: Program, case: Case, arguments: list[object]) -> float:
    """The milliseconds of one run."""
    begin = time.perf_counter()
    runs.run(case.grid, arguments)
    return (time.perf_counter() - begin) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ours", type=int, default=9, help="our runs in a round")
    parser.add_argument("--only", help="a part of the name of the cases to run")
    parser.add_argument("--road", help="time the simulated run at the end of this road")
    parser.add_argument("--target", help="mlu370 when it is not given, h200 for --road simt")
    options = parser.parse_args()
    target = options.target or ("h200" if options.road == "simt" else "mlu370")
    if not ONE_THREAD.items() <= os.environ.items():
        # BLAS has read its variables when NumPy was imported: begin again with them set.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    official = subprocess.Popen(
        [sys.executable, str(HERE / "official.py")],
        env={**os.environ, "TRITON_INTERPRET": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert official.stdin is not None and official.stdout is not None
    print(
        f"{'case':<40} {'official ms':>12} {'ours ms':>9} {'ratio':>7} {'range':>15} {'compile ms':>11}"
        + (f" {'checks':>7}" if options.road else "")
    )
    for number, case in enumerate(all_cases()):
        if options.only and options.only not in case.name:
            continue
        executable, checked, compiling = compile_case(case, options.road, target)
        abi = executable.abi if isinstance(executable, Executable) else executable.executable.abi
        names = [p.name for p in abi.parameters]
        arguments = [case.arguments[name] for name in names]
        executable.run(case.grid, arguments)
        rounds: list[tuple[float, float]] = []
        slower: list[float] = []
        for _ in range(options.rounds):
            official.stdin.write(f"{number}\n")
            official.stdin.flush()
            answer = json.loads(official.stdout.readline())
            times = [run_for(executable, case, arguments) for _ in range(options.ours)]
            rounds.append((answer["milliseconds"], statistics.median(times)))
            if checked is not None:
                with_checks = [run_for(checked, case, arguments) for _ in range(options.ours)]
                slower.append(statistics.median(with_checks) / statistics.median(times))
            sums = [float(case.arguments[name].astype(np.float64).sum()) for name in case.outputs]
            for ours, theirs, name in zip(sums, answer["sums"], case.outputs, strict=True):
                scale = float(np.abs(case.arguments[name].astype(np.float64)).sum())
                assert abs(ours - theirs) <= 1e-3 * scale, f"{case.name}: {name} sums to {ours}, not {theirs}"
        ratios = sorted(theirs / ours for theirs, ours in rounds)
        print(
            f"{case.name:<40} {statistics.median(t for t, _ in rounds):12.1f} "
            f"{statistics.median(o for _, o in rounds):9.2f} {statistics.median(ratios):7.0f} "
            f"{ratios[0]:7.0f}-{ratios[-1]:<7.0f} {compiling:11.1f}"
            + (f" {statistics.median(slower):7.2f}" if slower else "")
        )
    official.stdin.close()
    official.wait()


if __name__ == "__main__":
    main()
