"""The simulated GPU's counters beside the profiler's: `python benchmarks/profiled.py NCU.csv PROFILE.txt`.

Both come of one run on a machine with a GPU and Nsight Compute, with all metrics that are to be compared:

    ncu --csv --log-file NCU.csv --metrics ... python benchmarks/gpu_model.py --profile > PROFILE.txt

A row is a metric, a column a kernel: in how many of its launches, of those in which it is not 0, both are the same, and
predicted / profiled where they are not.
"""

from __future__ import annotations

import csv
import sys
from ast import literal_eval
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

Counters = Mapping[str, float]


def profiled(path: Path) -> Iterator[Counters]:
    """The counters of each launch, from what ncu wrote."""
    rows = csv.reader(line for line in path.read_text().splitlines() if line.startswith('"'))
    head = next(rows)
    launch, name, value = (head.index(title) for title in ("ID", "Metric Name", "Metric Value"))
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        if row[value] != "n/a":
            found[row[launch]][row[name]] = float(row[value].replace(",", ""))
    yield from found.values()


def predicted(path: Path) -> Iterator[tuple[str, Counters]]:
    """The kernel and the simulated counters of each launch."""
    for line in path.read_text().splitlines():
        name, brace, counters = line.partition(" {")
        if brace:
            yield name.split()[0].partition(".")[0], literal_eval(f"{{{counters}")


def agreement(pairs: list[tuple[float, float]]) -> str:
    """In how many launches (ours, the profiler's) are the same; else the ratios, or sums where one is 0."""
    pairs = [pair for pair in pairs if any(pair)]
    others = [(ours, theirs) for ours, theirs in pairs if ours != theirs]
    same = f"{len(pairs) - len(others)} of {len(pairs)}"
    if not others:
        return same if pairs else ""
    if not all(map(all, others)):
        ours, theirs = map(sum, zip(*others, strict=True))
        return f"{same}, {ours:,.0f} for {theirs:,.0f}"
    ratios = [ours / theirs for ours, theirs in others]
    return f"{same}, {min(ratios):.2f} to {max(ratios):.2f}"


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    theirs, ours = list(profiled(Path(sys.argv[1]))), list(predicted(Path(sys.argv[2])))
    if len(theirs) != len(ours):
        print(f"the profiler saw {len(theirs)} launches, and {len(ours)} were simulated")
        return 1
    kernels = list(dict.fromkeys(kernel for kernel, _ in ours))
    print(f"| metric | {' | '.join(kernels)} |\n|---|{'---|' * len(kernels)}")
    for metric in theirs[0]:
        pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for (kernel, counters), found in zip(ours, theirs, strict=True):
            pairs[kernel].append((counters.get(metric, 0), found[metric]))
        print(f"| `{metric}` | {' | '.join(agreement(pairs[kernel]) for kernel in kernels)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
