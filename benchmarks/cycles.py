"""Cycles of the six kernels, with all of the simd road and without single passes: `python benchmarks/cycles.py`.

The launches are those beside the kernels in examples/kernels. The machine is simulated, so the figures are the same
wherever this runs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from minilinalg.context import make_context
from minilinalg.launch.file import LaunchFile
from minilinalg.parsing import parse_module
from minilinalg.pipelines import road_steps, run_pipeline
from minilinalg.sim.run import Simulator
from minilinalg.targets import load_target

KERNELS = Path(__file__).resolve().parents[1] / "examples" / "kernels"
LEFT_OUT = ("licm", "simd-fuse-multiply-add", "simd-insert-sync")


def cycles(path: Path, target: str, without: str | None) -> int:
    """From the start of the run to the last core's end."""
    ctx = make_context()
    ctx.target = load_target(target)
    module = parse_module(path.read_text(encoding="utf-8"), str(path), ctx)
    launch = LaunchFile.read(path.with_suffix(".toml"), {}).bind(next(iter(module.ops)))
    run_pipeline(ctx, module, [step for step in road_steps("simd") if step.run.name != without])
    arguments = [a.copy() if isinstance(a, np.ndarray) else a for a in launch.arguments]
    return Simulator(module, ctx.target).run(launch.grid, arguments).report.cycles


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("passes", nargs="*", default=LEFT_OUT, help="passes that the road can do without")
    parser.add_argument("--target", default="mlu370")
    options = parser.parse_args()
    paths = sorted(p for p in KERNELS.glob("*.ttir") if p.stem.isidentifier())
    print(f"{'cycles':<32}" + "".join(f"{path.stem:>12}" for path in paths))
    for without in (None, *options.passes):
        row = "".join(f"{cycles(path, options.target, without):12,}" for path in paths)
        print(f"{f'without {without}' if without else 'the whole road':<32}{row}", flush=True)


if __name__ == "__main__":
    main()
