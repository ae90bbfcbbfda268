"""What an instruction costs on a target: every formula of the simd machine, in one place.

Durations are in cycles of the core's clock. An instruction occupies its pipe for `occupancy` cycles; its result is
there `latency` cycles later; `issue` cycles pass on the core before it starts.

    vector      occupancy = passes * ceil(padded count * bytes of the widest element / bytes per cycle)
    matmul      occupancy = ceil(m' * n' * k' / multiply-adds per cycle), sizes rounded up to the unit's tile
    DMA         occupancy = descriptors * startup + ceil(bus bytes / bytes per cycle) + (runs - descriptors) * row
                bus bytes = runs * (run bytes rounded up to the granule, and a granule more for a partial write)
    list DMA    occupancy = startup + entries * index + rows * (what one row takes without its startup)

A DMA from or to a memory of the chip also queues for that memory's bandwidth (timing.py). Sizes of a DMA may be NumPy
arrays with one element per core; all formulas here hold for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from minilinalg.dialects import simd
from minilinalg.targets import Path, Target

Int: TypeAlias = int | npt.NDArray[np.int64]
Condition: TypeAlias = bool | npt.NDArray[np.bool_]
_I = TypeVar("_I", int, npt.NDArray[np.int64], Int)


class Cost(NamedTuple):
    """Cycles of one instruction."""

    issue: int
    occupancy: int
    latency: int

    @property
    def total(self) -> int:
        """From issue to result on an idle pipe: how long a core waits for a synchronous instruction."""
        return self.issue + self.occupancy + self.latency


class Transfer(NamedTuple):
    """One DMA as its engine sees it, each field for one core or for each core.

    startup, engine: cycles before the first byte and from then on. moved: bytes on the bus, a write's reads included;
    payload: bytes that were asked for.
    """

    startup: Int
    engine: Int
    moved: Int
    payload: Int


def cost(cost_class: str, count: int, element_bytes: int, target: Target) -> Cost:
    """A vector instruction of a class over `count` elements whose widest type has `element_bytes`."""
    figures, unit = target.instruction(cost_class), target.vector
    data = unit.padded(count, element_bytes) * element_bytes
    return Cost(figures.issue, figures.passes * ceil_div(data, unit.bytes_per_cycle), figures.latency)


def matmul_cost(m: int, n: int, k: int, element_bytes: int, target: Target) -> Cost:
    """[m, k] times [k, n] with operands of `element_bytes`. Raises UnsupportedError when the unit cannot."""
    unit = target.matrix_unit
    tiles = ((m, unit.tile_m), (n, unit.tile_n), (k, unit.tile_k))
    macs = prod(ceil_div(size, tile) * tile for size, tile in tiles)
    return Cost(unit.issue, ceil_div(macs, unit.macs(element_bytes)), unit.latency)


def instruction_cost(op: simd.Instruction, target: Target) -> Cost:
    """The cost of any instruction but a DMA, from its operands' types."""
    if isinstance(op, simd.MatmulOp):
        return matmul_cost(*op.sizes, op.width, target)
    assert op.cost_class is not None
    return cost(op.cost_class, op.count, op.width, target)


def transfer(
    extents: Sequence[Int],
    source_strides: Sequence[Int],
    destination_strides: Sequence[Int],
    element_bytes: int,
    path: Path,
    *,
    writes_chip: bool,
) -> Transfer:
    """A strided copy of `extents` elements along `path`; `writes_chip` tells that it writes to a memory of the chip.

    Strides are in elements. From the innermost dimension outwards, a dimension that lies back to back with the ones
    inside it, on both sides, joins them; another one opens a level. The first level is the contiguous run, and a
    descriptor holds `path.dims` levels.
    """
    run: Int = element_bytes
    runs: Int = 1
    descriptors: Int = 1
    depth: Int = 0
    level_extent: Int = 1
    level_source: Int = 1
    level_destination: Int = 1
    for extent, source, destination in zip(
        map(_plain, reversed(extents)), reversed(source_strides), reversed(destination_strides), strict=True
    ):
        joins = (source == level_source * level_extent) & (destination == level_destination * level_extent)
        if joins is not True:
            joins = joins | (extent == 1)
        depth = depth + _where(joins, 0, 1)
        level_extent = _where(joins, level_extent * extent, extent)
        level_source = _where(joins, level_source, source)
        level_destination = _where(joins, level_destination, destination)
        run = run * _where(depth == 0, extent, 1)
        runs = runs * _where(depth == 0, 1, extent)
        descriptors = descriptors * _where(depth >= path.dims, extent, 1)
    whole = -path.granule
    moved = (run + (path.granule - 1)) & whole
    if writes_chip and path.granule > 1:
        moved = moved + (moved - (run & whole))
    if isinstance(runs, int) and runs == 1:
        some = run != 0
        engine = ceil_div(moved, path.bytes_per_cycle)
        return Transfer(path.startup * some, engine, moved, run)
    moved, payload = runs * moved, runs * run
    some = payload != 0
    rows = (runs - descriptors) * path.row * some
    engine = ceil_div(moved, path.bytes_per_cycle) + rows
    return Transfer(descriptors * path.startup * some, engine, moved, payload)


def list_transfer(entries: Int, rows: Int, row: Transfer, path: Path) -> Transfer:
    """A DMA of `rows` rows, each of which alone would be `row`, that a list of `entries` indices names.

    Rows that a mask leaves out are no rows; the engine looks at their entries all the same.
    """
    assert path.index is not None
    one = row.engine + (row.startup - path.startup * (row.payload != 0))
    return Transfer(
        path.startup * (entries != 0), entries * path.index + rows * one, rows * row.moved, rows * row.payload
    )


def atomic_transfer(elements: Int, write: Transfer, path: Path, *, gives_old: bool) -> Transfer:
    """A DMA that changes `elements` elements in place, and would be `write` if it only wrote them."""
    assert path.atomic is not None
    trips = 2 if gives_old else 1
    return Transfer(
        write.startup, write.engine + elements * path.atomic, write.moved + trips * write.payload, write.payload
    )


def scalar_cost(op_name: str, element_bytes: int, target: Target) -> int:
    """Cycles of an operation of the scalar unit, by its MLIR name; `element_bytes` of its operands."""
    unit = target.scalar
    if op_name in _FREE:
        return 0
    if op_name.startswith("scf."):
        return unit.branch
    instruction = simd.ELEMENTWISE_BY_MEANING.get(op_name)
    match instruction.SPEC.cost_class if instruction else None:
        case "mul" | "fma":
            return unit.mul
        case "div" | "root":
            return unit.div_16 if element_bytes <= 2 else unit.div
        case "nonlinear":
            return unit.nonlinear
        case _:
            return unit.add


def access_cost(space: str, is_store: bool, target: Target) -> int:
    """Cycles of a scalar load or store in a memory space, by its name."""
    unit = target.scalar
    if is_store:
        return unit.store
    return unit.load_chip if target.space(space).scope == "chip" else unit.load


def ceil_div(amount: _I, step: int) -> _I:
    return (amount + (step - 1)) // step


def _plain(extent: Int) -> Int:
    """One number when all cores have the same: most of a grid's tiles are whole, and numbers are faster."""
    if not isinstance(extent, np.ndarray):
        return int(extent)
    if extent.size and (extent == extent.flat[0]).all():
        return int(extent.flat[0])
    return extent


def _where(condition: Condition, then: Int, otherwise: Int) -> Int:
    if isinstance(condition, np.ndarray):
        return np.where(condition, then, otherwise)
    return then if condition else otherwise


_FREE = frozenset(
    (
        *("arith.constant", "arith.bitcast", "arith.index_cast", "arith.index_castui", "ub.poison"),
        *("memref.reinterpret_cast", "memref.subview", "memref.cast", "memref.alloc", "memref.dim"),
        *("memref.extract_strided_metadata", "scf.yield", "func.return"),
    )
)
"""Operations that leave no instruction: names for constants, bits and addresses."""
