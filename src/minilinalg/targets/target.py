"""A machine as data: what a pass may ask of a target. Impossible machines are refused when they are made.

A pass asks for figures and roles, never for names: `target.vector_space.usable`, `target.path(a, b).startup`,
`target.instruction("nonlinear").passes`. Times are cycles of the core's clock, sizes are bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from math import inf
from typing import Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

from minilinalg.errors import InputError, UnsupportedError, near_name

Role: TypeAlias = Literal["global", "shared", "vector", "weights"]
Scope: TypeAlias = Literal["chip", "cluster", "core"]
Pipe: TypeAlias = Literal["scalar", "vector", "tensor", "io_dma", "move_dma"]

PIPES: tuple[Pipe, ...] = ("scalar", "vector", "tensor", "io_dma", "move_dma")
"""The in-order pipes of a core; they run side by side."""

INSTRUCTION_CLASSES: dict[str, str] = {
    "add": "addition, subtraction, minimum, maximum, sign and magnitude",
    "mul": "multiplication",
    "fma": "fused multiply-add",
    "div": "division and remainder",
    "root": "square root and its kin",
    "nonlinear": "exponential, logarithm, trigonometric, error function, powers",
    "compare": "comparison and classification",
    "select": "choice by a condition",
    "logic": "bitwise operations and shifts",
    "convert": "conversion and rounding to whole numbers",
    "move": "copy on chip",
    "fill": "a scalar into every element",
    "iota": "index ramp",
    "broadcast": "repetition along a new dimension",
    "transpose": "permutation of dimensions",
    "reduce": "reduction along dimensions",
}
"""The classes of vector instructions that a target gives a cost for."""


GREATEST = 2**48
"""Of any figure. Cycles and bytes are added up in 64 bits: thousands of the greatest fit."""


class FigureError(InputError):
    """A figure that no machine can have. `keys` lead to it from the object that refused it."""

    def __init__(self, keys: tuple[str | int, ...], found: str, rule: str, hint: str | None = None):
        super().__init__(found, rule=rule, hint=hint)
        self.keys = keys


def figure(least: int = 1, *, power_of_two: bool = False, optional: bool = False) -> Any:
    """A field that holds a number, at least `least`. An `optional` one may be missing (None)."""
    rules = {"least": least, "power_of_two": power_of_two}
    return field(metadata=rules, default=None) if optional else field(metadata=rules)


@cache
def _words(cls: type[Figures]) -> dict[str, tuple[str, ...]]:
    """The words that each field of a Literal type may hold."""
    return {name: get_args(hint) for name, hint in get_type_hints(cls).items() if get_origin(hint) is Literal}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Base of the parts of a target: checks every field against what it was declared with."""

    def __post_init__(self) -> None:
        for name, words in _words(type(self)).items():
            if (value := getattr(self, name)) not in words:
                rule = f"{name} is one of: {', '.join(words)}"
                raise FigureError((name,), f"{name} is '{value}'", rule, near_name(str(value), words))
        for item in fields(self):
            value = getattr(self, item.name)
            if "least" in item.metadata and value is not None:
                least: int = item.metadata["least"]
                if not (0 < value < inf if isinstance(value, float) else value >= least):
                    rule = f"{item.name} is at least {least}" if least != 1 else f"{item.name} is positive"
                    raise FigureError((item.name,), f"{item.name} is {value}", rule)
                if value > GREATEST:
                    raise FigureError((item.name,), f"{item.name} is {value}", f"{item.name} is at most 2**48")
                if item.metadata["power_of_two"] and int(value).bit_count() != 1:
                    raise FigureError((item.name,), f"{item.name} is {value}", f"{item.name} is a power of two")
        self.check()

    def check(self) -> None:
        """Raises FigureError when figures contradict one another."""


@dataclass(frozen=True, kw_only=True)
class Space(Figures):
    """A memory. role: what passes use it for. scope: who shares one of it."""

    name: str
    role: Role
    scope: Scope
    capacity: int = figure()
    """Bytes there are."""
    usable: int = figure()
    """Bytes that a program may use."""
    alignment: int = figure(power_of_two=True)
    """Bytes that the address of a buffer is a multiple of."""
    bytes_per_cycle: float | None = figure(optional=True)
    """Of a memory of the whole chip: what all cores together get."""

    def check(self) -> None:
        scopes = {"global": "chip", "shared": "cluster", "vector": "core", "weights": "core"}
        if self.scope != scopes[self.role]:
            rule = f"a {self.role} space is one of the {scopes[self.role]}'s"
            raise FigureError(("scope",), f"scope is '{self.scope}'", rule)
        if self.usable > self.capacity:
            raise FigureError(("usable",), f"usable is {self.usable}", f"usable is at most capacity, {self.capacity}")
        for name, value in (("capacity", self.capacity), ("usable", self.usable)):
            if value % self.alignment:
                rule = f"{name} is a multiple of alignment, {self.alignment}"
                raise FigureError((name,), f"{name} is {value}", rule)
        if (self.bytes_per_cycle is None) == (self.scope == "chip"):
            found = "no bytes_per_cycle" if self.bytes_per_cycle is None else f"bytes_per_cycle in scope '{self.scope}'"
            rule = "a space of the chip, and no other, has bytes_per_cycle: the bandwidth that its cores share"
            raise FigureError(("bytes_per_cycle",), found, rule)


@dataclass(frozen=True, kw_only=True)
class Path(Figures):
    """A way that a DMA can copy: from one space to another (or within one), as one core's engine does it."""

    source: str
    destination: str
    pipe: Literal["io_dma", "move_dma"]
    issue: int = figure(0)
    """Cycles of the core to start a DMA."""
    startup: int = figure(0)
    """Cycles before the first byte."""
    bytes_per_cycle: int = figure()
    granule: int = figure(power_of_two=True)
    """Bytes that every contiguous run is rounded up to; a part of a granule is written by reading it first."""
    row: int = figure(0)
    """Cycles for every contiguous run after the first."""
    dims: int = figure()
    """Nested strides of one descriptor, the contiguous run counted; more take more descriptors, each with a startup."""
    index: int | None = figure(0, optional=True)
    """Cycles for every entry of a list of indices; missing where the DMA takes no such lists."""
    atomic: int | None = figure(0, optional=True)
    """Cycles for every element that is changed atomically; missing where the DMA only copies."""


@dataclass(frozen=True, kw_only=True)
class VectorUnit(Figures):
    """The vector pipe: how much a pass over the data takes, and what it demands of operands."""

    bytes_per_cycle: int = figure()
    alignment: int = figure(power_of_two=True)
    """Bytes that an operand's address is a multiple of."""
    count_unit: Literal["elements", "bytes"]
    count: int = figure()
    """Elements, or bytes, that an instruction processes a multiple of."""

    def count_multiple(self, element_bytes: int) -> int:
        """Elements of that size that an instruction processes a multiple of."""
        return self.count if self.count_unit == "elements" else max(1, self.count // element_bytes)

    def padded(self, count: int, element_bytes: int) -> int:
        """`count` elements as the unit processes them: rounded up to the count multiple."""
        multiple = self.count_multiple(element_bytes)
        return -(-count // multiple) * multiple


@dataclass(frozen=True, kw_only=True)
class MatrixUnit(Figures):
    """The tensor pipe. `macs_N`: multiply-adds a cycle with operands of N bits."""

    issue: int = figure(0)
    latency: int = figure(0)
    macs_8: int | None = figure(optional=True)
    macs_16: int | None = figure(optional=True)
    macs_32: int | None = figure(optional=True)
    macs_64: int | None = figure(optional=True)
    tile_m: int = figure()
    tile_n: int = figure()
    tile_k: int = figure()
    """Sizes that the unit rounds up to."""

    @property
    def _rates(self) -> dict[int, int | None]:
        return {1: self.macs_8, 2: self.macs_16, 4: self.macs_32, 8: self.macs_64}

    def multiplies(self, element_bytes: int) -> bool:
        """Whether the unit takes operands of that size."""
        return self._rates.get(element_bytes) is not None

    def macs(self, element_bytes: int) -> int:
        """Multiply-adds a cycle with operands of that size. Raises UnsupportedError when the unit has none."""
        rate = self._rates.get(element_bytes)
        if rate is None:
            has = ", ".join(f"{size * 8} bits" for size, value in self._rates.items() if value)
            raise UnsupportedError(
                f"a matrix product of {element_bytes * 8}-bit operands", rule=f"the matrix unit multiplies {has}"
            )
        return rate


@dataclass(frozen=True, kw_only=True)
class ScalarUnit(Figures):
    """Cycles of one operation of the scalar unit, which the core waits for."""

    add: int = figure(0)
    """Also subtraction, comparison, selection, bitwise operations and conversion."""
    mul: int = figure(0)
    div_16: int = figure(0)
    """Division of 16-bit floats."""
    div: int = figure(0)
    nonlinear: int = figure(0)
    load_chip: int = figure(0)
    """A scalar from a memory of the chip."""
    load: int = figure(0)
    """A scalar from a memory on chip."""
    store: int = figure(0)
    branch: int = figure(0)
    """One step of a loop, or one decision."""


@dataclass(frozen=True, kw_only=True)
class InstructionCost(Figures):
    """Cost of a class of vector instructions.

    issue: cycles of the core; latency: cycles from the last pass to the result; passes: how often the data passes the
    unit.
    """

    issue: int = figure(0)
    latency: int = figure(0)
    passes: int = figure()


@dataclass(frozen=True, kw_only=True)
class Target(Figures):
    """A simulated machine: chip of clusters of cores, memories, ways between them, units."""

    name: str
    kind: Literal["simd"]
    description: str = ""
    clusters: int = figure()
    cores_per_cluster: int = figure()
    clock_hz: int = figure()
    spaces: tuple[Space, ...]
    paths: tuple[Path, ...]
    vector: VectorUnit
    scalar: ScalarUnit
    matrix: MatrixUnit | None = None
    instructions: Mapping[str, InstructionCost] = field(hash=False)
    sources: Mapping[str, str] = field(default_factory=dict[str, str], compare=False, repr=False)
    """Where each figure is from, by its dotted key in the file."""

    def check(self) -> None:
        self._check_spaces()
        self._check_paths()
        for name in INSTRUCTION_CLASSES:
            if name not in self.instructions:
                raise FigureError(
                    ("instruction",),
                    f"no cost of class '{name}'",
                    f"every class has a cost: {', '.join(INSTRUCTION_CLASSES)}",
                )
        if (self.matrix is None) != (self.role("weights") is None):
            found = "a matrix unit without a weights space" if self.matrix else "a weights space without a matrix unit"
            key = "matrix" if self.matrix else "space"
            raise FigureError((key,), found, "a matrix unit takes its right operand from a weights space")

    def _check_spaces(self) -> None:
        by_role: dict[str, Space] = {}
        for space in self.spaces:
            if (other := by_role.setdefault(space.role, space)) is not space:
                raise FigureError(
                    ("space", space.name, "role"),
                    f"'{other.name}' and '{space.name}' are both the {space.role} space",
                    "a role is one space's",
                )
        for role in ("global", "vector"):
            if role not in by_role:
                raise FigureError(
                    ("space",), f"no space has the role '{role}'", "a machine has global and vector memory"
                )

    def _check_paths(self) -> None:
        names = [space.name for space in self.spaces]
        seen: set[tuple[str, str]] = set()
        for index, path in enumerate(self.paths):
            for key, name in (("from", path.source), ("to", path.destination)):
                if name not in names:
                    rule = f"the spaces are: {', '.join(names)}"
                    raise FigureError(("path", index, key), f"no space '{name}'", rule, near_name(name, names))
            if (path.source, path.destination) in seen:
                found = f"a second path from {path.source} to {path.destination}"
                raise FigureError(("path", index), found, "two spaces have at most one path")
            seen.add((path.source, path.destination))
        outer, inner = self.global_space.name, self.vector_space.name
        for pair in ((outer, inner), (inner, outer)):
            if pair not in seen:
                found = f"no path from {pair[0]} to {pair[1]}"
                raise FigureError(("path",), found, "global and vector memory have paths both ways")

    # --- what passes and the simulator ask -------------------------------------------------------------------------

    @property
    def cores(self) -> int:
        return self.clusters * self.cores_per_cluster

    def role(self, role: Role) -> Space | None:
        """The space of a role, or None when this machine has none."""
        return next((space for space in self.spaces if space.role == role), None)

    @property
    def global_space(self) -> Space:
        return self._must_have("global")

    @property
    def vector_space(self) -> Space:
        return self._must_have("vector")

    @property
    def weights_space(self) -> Space:
        """Raises UnsupportedError when the machine has no matrix unit."""
        return self._must_have("weights")

    @property
    def shared_space(self) -> Space | None:
        return self.role("shared")

    def _must_have(self, role: Role) -> Space:
        if (space := self.role(role)) is None:
            raise UnsupportedError(f"target '{self.name}' has no {role} memory", rule="the program needs one")
        return space

    def space(self, name: str) -> Space:
        """The space of that name. Raises InputError, with a near name, when there is none."""
        for space in self.spaces:
            if space.name == name:
                return space
        names = [space.name for space in self.spaces]
        raise InputError(
            f"target '{self.name}' has no memory space '{name}'",
            rule=f"its spaces are: {', '.join(names)}",
            hint=near_name(name, names),
        )

    def has_path(self, source: str, destination: str) -> bool:
        return any((path.source, path.destination) == (source, destination) for path in self.paths)

    def path(self, source: str, destination: str) -> Path:
        """The DMA's way from one space to another, by name. Raises InputError when there is none."""
        for path in self.paths:
            if (path.source, path.destination) == (source, destination):
                return path
        for name in (source, destination):
            self.space(name)
        ways = ", ".join(f"{path.source} to {path.destination}" for path in self.paths)
        raise InputError(
            f"target '{self.name}' has no DMA from {source} to {destination}", rule=f"its DMA copies: {ways}"
        )

    def instruction(self, cost_class: str) -> InstructionCost:
        """The cost of a class of `INSTRUCTION_CLASSES`."""
        return self.instructions[cost_class]

    @property
    def matrix_unit(self) -> MatrixUnit:
        """Raises UnsupportedError when the machine has none."""
        if self.matrix is None:
            raise UnsupportedError(f"target '{self.name}' has no matrix unit", rule="a matrix product needs one")
        return self.matrix

    def seconds(self, cycles: int) -> float:
        return cycles / self.clock_hz
