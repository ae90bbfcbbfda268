"""A SIMT machine as data: multiprocessors that run blocks of warps in lockstep, over one memory.

A pass asks for figures, never for names: `target.machine.threads_per_warp`, `target.multiprocessor.shared_per_block`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from minilinalg.targets.target import FigureError, Figures, figure


@dataclass(frozen=True, kw_only=True)
class SimtMachine(Figures):
    """What there is once: how many multiprocessors, how fast, and what their code looks like."""

    multiprocessors: int = figure()
    clock_hz: int = figure()
    threads_per_warp: int = figure()
    compute_capability: int = figure(10)
    """Ten times the major version, and the minor one: 90 for 9.0."""

    def check(self) -> None:
        if self.threads_per_warp != 32:  # `LANES` of the simt dialect: its shuffles, votes and fragments know no other
            rule = "threads_per_warp is 32: what a thread of stage simt does is written for that"
            raise FigureError(("threads_per_warp",), f"threads_per_warp is {self.threads_per_warp}", rule)


@dataclass(frozen=True, kw_only=True)
class Multiprocessor(Figures):
    """What the blocks on one multiprocessor share. Sizes are bytes, registers have 32 bits."""

    warps: int = figure()
    blocks: int = figure()
    threads_per_block: int = figure()
    registers: int = figure()
    registers_per_thread: int = figure()
    register_granule: int = figure(power_of_two=True)
    """Registers that those of a warp are rounded up to."""
    shared: int = figure()
    shared_per_block: int = figure()
    shared_reserved: int = figure(0)
    """What a block takes beside what it asks for."""
    banks: int = figure(power_of_two=True)
    bank_width: int = figure(power_of_two=True)

    def check(self) -> None:
        if self.shared_per_block + self.shared_reserved > self.shared:
            found = f"shared_per_block is {self.shared_per_block}"
            rule = f"a block and what is reserved for it fit into shared, {self.shared}"
            raise FigureError(("shared_per_block",), found, rule)


@dataclass(frozen=True, kw_only=True)
class DeviceMemory(Figures):
    """Global memory and the cache in front of it; sizes are bytes."""

    capacity: int = figure()
    gigabytes_per_second: int = figure()
    cache: int = figure()
    cache_bytes_per_cycle: int = figure()
    """What the cache gives all multiprocessors together."""
    line: int = figure(power_of_two=True)
    sector: int = figure(power_of_two=True)
    """What is read from memory at once."""
    access: int = figure(power_of_two=True)
    """The most that a thread reads or writes at once."""

    def check(self) -> None:
        if self.sector > self.line:
            raise FigureError(("sector",), f"sector is {self.sector}", f"sector is at most line, {self.line}")


@dataclass(frozen=True, kw_only=True)
class Throughput(Figures):
    """What one multiprocessor does in a cycle: results of single threads, where nothing else is said."""

    schedulers: int = figure()
    """Each issues an instruction of one warp a cycle."""
    f32: int = figure()
    """Additions, multiplications and both at once; of 16 bits, pairs of them."""
    f64: int = figure()
    integer: int = figure()
    special: int = figure()
    """exp2, log2, sin, reciprocals and roots."""
    conversion: int = figure()
    shuffle: int = figure()
    load_store_bytes: int = figure()
    """Bytes that loads and stores move to and from shared memory and the cache beside it."""


@dataclass(frozen=True, kw_only=True)
class Latency(Figures):
    """Cycles from the end of an instruction's work to where what needs its result may start."""

    arithmetic: int = figure()
    special: int = figure()
    shuffle: int = figure()
    shared: int = figure()
    cache: int = figure()
    memory: int = figure()
    tensor: int = figure()
    barrier: int = figure(0)


@dataclass(frozen=True, kw_only=True)
class TensorCores(Figures):
    """What multiplies matrices. `macs_N`: multiply-adds a cycle and multiprocessor, of operands of N bits."""

    version: int = figure()
    """2: a warp multiplies (mma.sync). 3: a group of four warps does as well (wgmma)."""
    macs_8: int | None = figure(optional=True)
    macs_16: int | None = figure(optional=True)
    macs_32: int | None = figure(optional=True)
    macs_64: int | None = figure(optional=True)


@dataclass(frozen=True, kw_only=True)
class TileCopies(Figures):
    """A unit that copies tiles of tensors between global and shared memory, and tells a barrier there that they came.

    It goes by a description of the tensor that it is given. Copies of what lies outside of the tensor bring nothing.
    """

    dims: int = figure()
    """The most dimensions that a tensor has."""
    extent: int = figure()
    """The most elements of a tile along one dimension."""
    granule: int = figure(power_of_two=True)
    """Bytes that a tensor's address, its strides and the lines of a tile are multiples of."""


@dataclass(frozen=True, kw_only=True)
class SimtTarget(Figures):
    """A simulated GPU."""

    name: str
    kind: Literal["simt"]
    description: str = ""
    machine: SimtMachine
    multiprocessor: Multiprocessor
    memory: DeviceMemory
    throughput: Throughput
    latency: Latency
    tensor_cores: TensorCores | None = None
    tile_copies: TileCopies | None = None
    sources: Mapping[str, str] = field(default_factory=dict[str, str], compare=False, repr=False)
    """Where each figure is from, by its dotted key in the file."""

    @property
    def clock_hz(self) -> int:
        """The clock of the multiprocessors."""
        return self.machine.clock_hz

    @property
    def cores(self) -> int:
        """The multiprocessors."""
        return self.machine.multiprocessors

    @property
    def triple(self) -> str:
        """How a module of `ttg` says what it is compiled for: `cuda:90`."""
        return f"cuda:{self.machine.compute_capability}"
