"""How busy the simulated machine is, kernel by kernel: `python benchmarks/utilisation.py [--target NAME]`.

Each kernel of examples/kernels runs at a size that gives every core work, and its answers are compared with NumPy's.
A column is the share of the run in which a resource was busy, a pipe on average over the cores; the last two are what
was busy the longest, and the share of the run in which the chip's memory would be busy if each array crossed the bus
once: what is left of a run that nothing but memory bounds.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import minilinalg as ml
from minilinalg.abi import find_function
from minilinalg.launch import LaunchFile
from minilinalg.targets import PIPES, Target, load_target

KERNELS = Path(__file__).resolve().parents[1] / "examples" / "kernels"

LAUNCHES: Mapping[str, Mapping[str, int]] = {
    "vector_add": {"n": 1 << 20},
    "softmax": {"n_rows": 1024, "n_cols": 1024},
    "matmul": {"M": 1024, "N": 1024, "K": 1024},
    "layernorm": {"rows": 1024, "N": 2048},
    "flash_attn": {"heads": 8, "SEQ": 1024},
    "gemv": {"M": 4096, "N": 4096},
}
"""Kernel -> the numbers of its launch file that are set."""


def measure(name: str, numbers: Mapping[str, int], target: Target) -> str:
    """A row of the table. Raises CheckError when an answer is wrong."""
    kernel = ml.compile(KERNELS / f"{name}.ttir", target=target)
    launch = LaunchFile.read(KERNELS / f"{name}.toml", numbers).bind(find_function(kernel.source, None))
    run = kernel.launch(launch.grid, launch.arguments)
    assert run.report is not None
    for answer in launch.answers():
        if not answer.ok:
            raise answer.error()
    shares = run.report.utilisation
    memory = target.global_space
    assert memory.bytes_per_cycle is not None
    once = sum(a.nbytes for a in launch.arguments if isinstance(a, np.ndarray)) / memory.bytes_per_cycle
    sizes = ", ".join(f"{name} {value}" for name, value in numbers.items())
    return (
        f"{name:<12} {sizes:<26} {run.cycles:>9,}"
        + "".join(f"{shares[pipe]:>9.1%}" for pipe in PIPES)
        + f"{shares[f'{memory.name} bandwidth']:>9.1%}  {run.report.bound_by:<16}{once / run.cycles:>6.1%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="mlu370")
    target = load_target(parser.parse_args().target)
    pipes = "".join(f"{pipe:>9}" for pipe in PIPES)
    print(
        f"{'kernel':<12} {'launch':<26} {'cycles':>9}{pipes}{target.global_space.name:>9}  {'bound by':<16}{'once':>6}"
    )
    for name, numbers in LAUNCHES.items():
        print(measure(name, numbers, target))


if __name__ == "__main__":
    main()
