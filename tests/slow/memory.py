"""Memory of the slow interpreter: one address space, a byte at each valid address and nothing anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .errors import SlowError
from .scalars import I1, UNDEFINED, DType, Scalar, Undefined
from .values import size_of

# An offset has to be wrong by a terabyte to reach from one allocation into the next.
SPACING_BITS = 40


@dataclass(frozen=True)
class Allocation:
    """Some bytes from `base`, which is a multiple of 2**SPACING_BITS.

    `shared` memory belongs to the caller or to all programs: no undefined element may be written there.
    """

    name: str
    base: int
    shared: bool


class Memory:
    """Allocations far apart. A cell holds a byte, or UNDEFINED before it is written; no cell, no access."""

    def __init__(self) -> None:
        self._cells: dict[int, int | Undefined] = {}
        self._allocations: dict[int, Allocation] = {}
        self._placed: list[tuple[np.ndarray, int]] = []

    def allocate(self, name: str, size: int, *, shared: bool = False) -> int:
        """The address of `size` new bytes, all undefined."""
        base = self._reserve(name, shared)
        self._cells.update(dict.fromkeys(range(base, base + size), UNDEFINED))
        return base

    def _reserve(self, name: str, shared: bool) -> int:
        key = len(self._allocations) + 1
        self._allocations[key] = Allocation(name, key << SPACING_BITS, shared)
        return key << SPACING_BITS

    def free(self, address: int) -> None:
        """Takes the cells of an allocation away, so that a later access is an error."""
        key = address >> SPACING_BITS
        gone = [cell for cell in self._cells if cell >> SPACING_BITS == key]
        if not gone:
            raise SlowError(f"freed twice: {self.describe(address)}")
        for cell in gone:
            del self._cells[cell]

    def place(self, arrays: Sequence[tuple[str, np.ndarray]]) -> list[int]:
        """Addresses for NumPy arrays: arrays that overlap on the host overlap here in the same way."""
        spans = sorted((*_byte_bounds(array), number) for number, (_, array) in enumerate(arrays))
        addresses = [0] * len(arrays)
        base = start = end = 0
        for low, high, number in spans:
            name, array = arrays[number]
            if low >= end:
                base, start = self._reserve(name, shared=True), low
            end = max(end, high)
            origin = array.__array_interface__["data"][0]
            addresses[number] = base + origin - start
            self._placed.append((array, addresses[number]))
            for offset, raw in _elements(array):
                for k, byte in enumerate(raw):
                    self._cells[addresses[number] + offset + k] = byte
        return addresses

    def write_back(self) -> None:
        """Copies the bytes of every placed array into it, where they differ."""
        for array, address in self._placed:
            for (offset, raw), index in zip(_elements(array), np.ndindex(array.shape), strict=True):
                now = bytes(self._byte(address + offset + k) for k in range(len(raw)))
                if now != raw:
                    array[(*index, ...)] = np.frombuffer(now, array.dtype)[0]

    def _byte(self, address: int) -> int:
        byte = self._cells[address]
        assert not isinstance(byte, Undefined)
        return byte

    def load(self, address: int, dtype: DType) -> Scalar:
        """The element at an address, UNDEFINED when any byte of it is."""
        cells = [self._cells[cell] for cell in self._range(address, dtype, "read")]
        if any(isinstance(cell, Undefined) for cell in cells):
            return UNDEFINED
        bits = int.from_bytes(bytes(cells), "little")  # pyright: ignore
        if dtype == I1 and bits > 1:
            return UNDEFINED
        return bits & ((1 << dtype.width) - 1)

    def store(self, address: int, dtype: DType, element: Scalar) -> None:
        """Writes an element. An undefined one makes private memory undefined, and must not reach shared memory."""
        cells = self._range(address, dtype, "write")
        if isinstance(element, Undefined):
            if self._allocations[address >> SPACING_BITS].shared:
                raise SlowError(f"an undefined element is written to {self.describe(address)}")
            self._cells.update(dict.fromkeys(cells, UNDEFINED))
            return
        for cell, byte in zip(cells, element.to_bytes(len(cells), "little"), strict=True):
            self._cells[cell] = byte

    def _range(self, address: int, dtype: DType, what: str) -> range:
        cells = range(address, address + size_of(dtype))
        if any(cell not in self._cells for cell in cells):
            raise SlowError(f"{what} of {len(cells)} bytes out of bounds, at {self.describe(address)}")
        return cells

    def describe(self, address: int) -> str:
        """An address as the allocation it belongs to and the distance from its start."""
        best = address + (1 << (SPACING_BITS - 1)) >> SPACING_BITS
        allocation = self._allocations.get(best)
        if allocation is None:
            return f"address {address:#x}, in no allocation"
        return f"byte {address - allocation.base} of {allocation.name}"


def _byte_bounds(array: np.ndarray) -> tuple[int, int]:
    """The lowest address of an array's elements on the host, and the one past the highest."""
    low = high = array.__array_interface__["data"][0]
    if array.size == 0:
        return low, low
    for size, stride in zip(array.shape, array.strides, strict=True):
        low += min(0, (size - 1) * stride)
        high += max(0, (size - 1) * stride)
    return low, high + array.itemsize


def _elements(array: np.ndarray) -> list[tuple[int, bytes]]:
    """For each element, in row-major order, its distance from the array's origin in bytes, and its bytes."""
    raw = array.tobytes()
    return [
        (sum(i * stride for i, stride in zip(index, array.strides, strict=True)), raw[k : k + array.itemsize])
        for k, index in zip(range(0, len(raw), array.itemsize or 1), np.ndindex(array.shape), strict=True)
    ]
