"""A machine's figures as tables, each with its source."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from minilinalg.cli.tables import show_table
from minilinalg.targets import Machine, SimtTarget, Target


def show_target(target: Machine) -> None:
    """Prints the figures of a machine."""
    if isinstance(target, SimtTarget):
        _show_simt(target)
    else:
        _show_simd(target)


def _show_simt(target: SimtTarget) -> None:
    print(f"{target.name}: {target.description}\n")
    parts = (
        ("machine", target.machine),
        ("multiprocessor", target.multiprocessor),
        ("memory", target.memory),
        ("throughput", target.throughput),
        ("latency", target.latency),
        ("tensor_cores", target.tensor_cores),
        ("tile_copies", target.tile_copies),
    )
    rows = [
        (name, field.name, f"{getattr(part, field.name):,}", target.sources.get(f"{name}.{field.name}", ""))
        for name, part in parts
        if part is not None
        for field in dataclasses.fields(part)
        if getattr(part, field.name) is not None
    ]
    show_table("Figures", ("of", "figure", "value", "source"), rows)


def _show_simd(target: Target) -> None:
    """Prints the memories, the ways between them, the units, and the cost of the vector instructions."""
    sources = target.sources
    print(f"{target.name}: {target.description}")
    print(f"clusters: {target.clusters}, cores in each: {target.cores_per_cluster}, clock: {target.clock_hz:,} Hz\n")
    show_table(
        "Memory spaces (bytes)",
        ("name", "role", "of each", "usable", "capacity", "alignment", "source"),
        [
            (s.name, s.role, s.scope, *_figures(s.usable, s.capacity, s.alignment), _of(sources, "space", s.name))
            for s in target.spaces
        ],
    )
    print()
    show_table(
        "Copies (cycles, bytes a cycle)",
        ("from", "to", "pipe", "startup", "bytes/cycle", "granule", "row", "source"),
        [
            (
                *(p.source, p.destination, p.pipe),
                *_figures(p.startup, p.bytes_per_cycle, p.granule, p.row),
                _of(sources, "path", i),
            )
            for i, p in enumerate(target.paths)
        ],
    )
    print()
    show_table(
        "Vector instructions (cycles)",
        ("class", "issue", "latency", "passes", "source"),
        [
            (name, *_figures(c.issue, c.latency, c.passes), _of(sources, "instruction", name))
            for name, c in target.instructions.items()
        ],
    )
    units = (("vector", target.vector), ("scalar", target.scalar), ("matrix", target.matrix))
    rows = [
        (name, field.name, str(getattr(unit, field.name)), sources.get(f"{name}.{field.name}", ""))
        for name, unit in units
        if unit is not None
        for field in dataclasses.fields(unit)
        if getattr(unit, field.name) is not None
    ]
    print()
    show_table("Units", ("unit", "figure", "value", "source"), rows)


def _figures(*values: int) -> tuple[str, ...]:
    return tuple(f"{value:,}" for value in values)


def _of(sources: Mapping[str, str], *keys: object) -> str:
    """The sources of one row of a table: usually one, which holds for all its figures."""
    prefix = ".".join(map(str, keys)) + "."
    return "; ".join(dict.fromkeys(text for key, text in sources.items() if key.startswith(prefix)))
