"""What the machine did: a value that a user reads, and a program too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class PathTraffic:
    """Bytes over one DMA path: those asked for, and those on the bus (granules, and reads before partial writes)."""

    payload: int
    moved: int


@dataclass(frozen=True)
class MachineReport:
    """The timing of one run. All times are cycles of the core's clock."""

    target: str
    cores: int
    clock_hz: int
    cycles: int
    """From start to the last core's end, everything in flight included."""
    pipes: Mapping[str, int]
    """Busy cycles of each pipe, summed over the cores."""
    bandwidth: Mapping[str, int]
    """Busy cycles of each memory that the cores share."""
    queueing: int
    """Cycles that DMAs waited for a shared memory, summed over the cores."""
    traffic: Mapping[str, PathTraffic]
    """By path, "gdram to nram"."""
    counters: Mapping[str, int]
    """Instructions executed, by name, summed over the cores."""

    COUNTED: ClassVar = ("instruction", "times")
    """What the table of counters is called."""

    @property
    def seconds(self) -> float:
        return self.cycles / self.clock_hz

    @property
    def utilisation(self) -> dict[str, float]:
        """Share of the run in which each resource was busy: a pipe on average over the cores, a memory as a whole."""
        time = max(self.cycles, 1)
        return {name: busy / (time * self.cores) for name, busy in self.pipes.items()} | {
            f"{name} bandwidth": busy / time for name, busy in self.bandwidth.items()
        }

    @property
    def bound_by(self) -> str:
        """The resource that was busy the longest; "nothing" when nothing ran."""
        name, share = max(self.utilisation.items(), key=lambda item: item[1], default=("nothing", 0.0))
        return name if share else "nothing"

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON, with the derived figures."""
        return {
            "target": self.target,
            "cores": self.cores,
            "clock_hz": self.clock_hz,
            "cycles": self.cycles,
            "seconds": self.seconds,
            "bound_by": self.bound_by,
            "utilisation": self.utilisation,
            "pipes": dict(self.pipes),
            "bandwidth": dict(self.bandwidth),
            "queueing": self.queueing,
            "traffic": {name: {"payload": t.payload, "moved": t.moved} for name, t in self.traffic.items()},
            "counters": dict(self.counters),
        }

    def render(self) -> str:
        """A table for the terminal, without a trailing newline."""
        lines = [
            f"{self.target}: {self.cycles:,} cycles, {_duration(self.seconds)}, bound by {self.bound_by}",
            *_table(
                ("busy", "cycles", "share"),
                [
                    (name, f"{cycles:,}", f"{self.utilisation[name]:.1%}")
                    for name, cycles in (
                        *self.pipes.items(),
                        *((f"{name} bandwidth", cycles) for name, cycles in self.bandwidth.items()),
                    )
                ],
            ),
            *_table(
                ("bytes", "asked for", "on the bus"),
                [(name, f"{t.payload:,}", f"{t.moved:,}") for name, t in self.traffic.items()],
            ),
            *_table(self.COUNTED, [(name, f"{n:,}") for name, n in sorted(self.counters.items())]),
        ]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.render()


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Rows under a head, the first column to the left, the others to the right; nothing when there are no rows."""
    if not rows:
        return []
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return [
        "  " + "  ".join((row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))))
        for row in (head, *rows)
    ]


def _duration(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
