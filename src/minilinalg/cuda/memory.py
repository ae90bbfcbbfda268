"""The arrays of one launch on the GPU: where they overlap on the host, they overlap there."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import numpy as np
from xdsl.ir import Attribute

from minilinalg.abi import FunctionAbi
from minilinalg.cuda.driver import Driver
from minilinalg.cuda.tensor_map import encoded
from minilinalg.dialects.simt.bulk_copy import TensorMapType
from minilinalg.interp.binding import ADDRESSED, bind
from minilinalg.interp.dtypes import dtype_of
from minilinalg.interp.memory import GlobalMemory


class DeviceArrays:
    """Copies of the arrays among `args`, with `values`, the bytes of each argument; a context that frees them.

    types: those of the function's arguments, by which a descriptor is an address or a tensor map.

    Raises LaunchError for arguments that do not suit the function, as every run does.
    """

    def __init__(self, driver: Driver, abi: FunctionAbi, types: Sequence[Attribute], args: Sequence[Any]):
        self.driver = driver
        self.memory = GlobalMemory()
        self.buffers: list[int] = []
        bound = bind(abi, args, self.memory)
        try:
            for segment in self.memory.segments:
                self.buffers.append(self._allocate(segment.nbytes))
                self._upload(len(self.buffers) - 1)
            self.values = [self._value(abi, types, bound, at) for at in range(len(bound))]
        except BaseException:
            self.free()
            raise

    def _value(self, abi: FunctionAbi, types: Sequence[Attribute], bound: Sequence[Any], at: int) -> bytes:
        """The bytes of an argument."""
        parameter, type = abi.parameters[at], types[at]
        if parameter.kind not in ADDRESSED:
            return _bytes(bound[at], dtype_of(parameter.type).storage)
        address = self._address(bound[at])
        if not isinstance(type, TensorMapType):
            return address.to_bytes(8, "little")
        rank = len(type.get_shape())
        sizes, strides = bound[at + 1 :][:rank], bound[at + 1 + rank :][:rank]
        return encoded(self.driver, parameter.name, type, address, sizes, strides)

    def _allocate(self, size: int) -> int:
        address = ctypes.c_uint64()
        self.driver.call("cuMemAlloc_v2", ctypes.byref(address), max(size, 1))
        return address.value

    def _upload(self, at: int) -> None:
        segment = self.memory.segments[at]
        if segment.nbytes:
            self.driver.call("cuMemcpyHtoD_v2", self.buffers[at], segment.data.ctypes.data, segment.nbytes)

    def _address(self, simulated: int) -> int:
        """The address on the GPU of what the simulated memory has at an address."""
        for segment, buffer in zip(self.memory.segments, self.buffers, strict=True):
            if segment.address <= simulated <= segment.end:
                return buffer + simulated - segment.address
        raise AssertionError("an argument without an array")

    def reset(self) -> None:
        """Copies the arrays of the host to the GPU again."""
        for at in range(len(self.buffers)):
            self._upload(at)

    def download(self) -> None:
        """Copies what is on the GPU into the caller's arrays, but for read-only ones."""
        for segment, buffer in zip(self.memory.segments, self.buffers, strict=True):
            if segment.nbytes and segment.writable:
                self.driver.call("cuMemcpyDtoH_v2", segment.data.ctypes.data, buffer, segment.nbytes)

    def free(self) -> None:
        """Gives the memory back."""
        for buffer in self.buffers:
            self.driver.call("cuMemFree_v2", buffer)
        self.buffers.clear()

    def __enter__(self) -> DeviceArrays:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.free()


def _bytes(value: Any, storage: np.dtype[Any]) -> bytes:
    """A number as it lies in memory."""
    if isinstance(value, int) and storage.kind in "iu":
        return (int(value) & ((1 << 8 * storage.itemsize) - 1)).to_bytes(storage.itemsize, "little")
    return np.asarray(value).astype(storage).tobytes()
