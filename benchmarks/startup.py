"""`minilinalg-opt` against `xdsl-opt` on an empty module, no pipeline: `python benchmarks/startup.py`.

Whole processes, in pairs and in turn; the figure is the median over the pairs of ours / theirs.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent


def seconds(tool: str) -> float:
    """One run of a tool of this environment on an empty module."""
    begin = time.perf_counter()
    subprocess.run([BIN / tool], input="builtin.module {}\n", text=True, check=True, capture_output=True)
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=31)
    options = parser.parse_args()
    for tool in ("minilinalg-opt", "xdsl-opt"):
        seconds(tool)
    pairs = [(seconds("minilinalg-opt"), seconds("xdsl-opt")) for _ in range(options.pairs)]
    ratios = sorted(ours / theirs for ours, theirs in pairs)
    quarter = len(ratios) // 4
    print(f"minilinalg-opt  {statistics.median(ours for ours, _ in pairs) * 1e3:7.1f} ms")
    print(f"xdsl-opt        {statistics.median(theirs for _, theirs in pairs) * 1e3:7.1f} ms")
    low, high = ratios[quarter], ratios[-1 - quarter]
    print(f"ratio           {statistics.median(ratios):7.2f}  (quartiles {low:.2f}-{high:.2f})")


if __name__ == "__main__":
    main()
