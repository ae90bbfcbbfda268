"""A function of stage simt on the GPU."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

from xdsl.dialects.builtin import IntegerAttr, ModuleOp

from minilinalg.abi import FunctionAbi, check_grid, find_function, symbol
from minilinalg.codegen.ptx import Machine, ptx_name, ptx_text
from minilinalg.cuda.driver import (
    LOCAL_BYTES,
    MAX_DYNAMIC_SHARED,
    MAX_SHARED_OF_BLOCK,
    REGISTERS,
    REGISTERS_OF_PROCESSOR,
    Driver,
    driver,
)
from minilinalg.cuda.memory import DeviceArrays
from minilinalg.cuda.recording import Recording
from minilinalg.dialects.simt import SCRATCH_ATTR, SHARED_ATTR, THREADS_ATTR
from minilinalg.errors import InputError, RunError

STATIC_SHARED = 48 << 10
"""Bytes of shared memory that a block may have without asking."""
REGISTER_STEP, LEAST_REGISTERS = 8, 16


class CudaKernel:
    """A function of a module of stage simt, compiled by the driver.

    Raises CommandError without a GPU, UnsupportedError for what has no PTX, InputError for PTX that the driver refuses.
    """

    def __init__(self, module: ModuleOp, function: str | None, machine: Machine):
        self.driver: Driver = driver()
        self.function = find_function(module, function)
        self.abi = FunctionAbi.of(self.function)
        self.threads, self.shared = self._number(THREADS_ATTR), self._number(SHARED_ATTR)
        most = self.driver.attribute(MAX_SHARED_OF_BLOCK)
        if self.shared > most:
            raise RunError(
                f"'{self.abi.name}' has {self.shared} bytes of shared memory",
                rule=f"a block has at most {most} of them on {self.driver.name}",
            )
        self._lent, self._lent_bytes = 0, 0
        self.text = ptx_text(module, machine)
        loaded = self._loaded(self.text)
        self._module: ctypes.c_void_p = loaded[0]
        self._handle: ctypes.c_void_p = loaded[1]
        while self._gave_up_a_few_registers(module, machine):
            pass

    def _loaded(self, text: str) -> tuple[ctypes.c_void_p, ctypes.c_void_p]:
        """The module and the function, as the driver has them."""
        module, handle = self.driver.load(text), ctypes.c_void_p()
        name = ptx_name(symbol(self.function)).encode()
        self.driver.call("cuModuleGetFunction", ctypes.byref(handle), module, name)
        if self.shared > STATIC_SHARED:
            self.driver.call("cuFuncSetAttribute", handle, MAX_DYNAMIC_SHARED, self.shared)
        return module, handle

    def _gave_up_a_few_registers(self, module: ModuleOp, machine: Machine) -> bool:
        """Registers are handed out in eights: those beyond the last whole one are given up where more blocks run then.

        Kept only if nothing is spilled for it.
        """
        registers, spilled, blocks = self.registers, self.spilled, self.blocks_at_once
        fewer = registers // REGISTER_STEP * REGISTER_STEP
        if fewer == registers or fewer < LEAST_REGISTERS or not self._fits_more(registers, fewer):
            return False
        text = ptx_text(module, machine, fewer)
        try:
            loaded = self._loaded(text)
        except InputError:
            # Some instructions name more registers than that.
            return False
        before = self.text, self._module, self._handle
        self.text, self._module, self._handle = text, *loaded
        if self.spilled > spilled or self.blocks_at_once <= blocks:
            self.text, self._module, self._handle = before
            self.driver.call("cuModuleUnload", loaded[0])
            return False
        self.driver.call("cuModuleUnload", before[1])
        return True

    def _fits_more(self, registers: int, fewer: int) -> bool:
        """Whether the registers are what limits the blocks at once, and fewer of them would allow for more."""
        whole = self.driver.attribute(REGISTERS_OF_PROCESSOR)
        threads = -(-self.threads // 32) * 32
        now, then = (whole // (-(-n // REGISTER_STEP) * REGISTER_STEP * threads) for n in (registers, fewer))
        return self.blocks_at_once == now < then

    @property
    def blocks_at_once(self) -> int:
        """Blocks that a multiprocessor runs at a time."""
        count = ctypes.c_int()
        self.driver.call(
            "cuOccupancyMaxActiveBlocksPerMultiprocessor",
            ctypes.byref(count),
            self._handle,
            self.threads,
            self.shared,
        )
        return count.value

    def _number(self, name: str) -> int:
        found = self.function.attributes[name]
        assert isinstance(found, IntegerAttr)
        return found.value.data

    def lent(self, sizes: tuple[int, int, int]) -> list[bytes]:
        """The last argument of a function that has memory of the launch's: its address. It is kept for the next launch,
        which therefore begins when this one has ended."""
        if SCRATCH_ATTR not in self.function.attributes:
            return []
        nbytes = prod(sizes) * self._number(SCRATCH_ATTR)
        if nbytes > self._lent_bytes:
            if self._lent_bytes:
                self.driver.call("cuMemFree_v2", self._lent)
            address = ctypes.c_uint64()
            self.driver.call("cuMemAlloc_v2", ctypes.byref(address), nbytes)
            self._lent, self._lent_bytes = address.value, nbytes
        return [self._lent.to_bytes(8, "little")]

    def _attribute(self, number: int) -> int:
        value = ctypes.c_int()
        self.driver.call("cuFuncGetAttribute", ctypes.byref(value), number, self._handle)
        return value.value

    @property
    def registers(self) -> int:
        """Registers of 32 bits that a thread has."""
        return self._attribute(REGISTERS)

    @property
    def spilled(self) -> int:
        """Bytes of local memory that a thread has: what did not fit into its registers."""
        return self._attribute(LOCAL_BYTES)

    def run(self, grid: Any, args: Sequence[Any]) -> float:
        """Runs the kernel, arrays written in place. Returns the milliseconds that it took on the GPU."""
        with self.staged(args) as staged:
            took = staged.milliseconds(grid)
            staged.arrays.download()
        return took

    @contextmanager
    def staged(self, args: Sequence[Any]) -> Generator[Staged]:
        """The arguments on the GPU, for several launches."""
        types = [argument.type for argument in self.function.regions[0].blocks[0].args]
        with DeviceArrays(self.driver, self.abi, types, args) as arrays:
            yield Staged(self, arrays)

    def launch(self, sizes: tuple[int, int, int], values: Sequence[bytes], stream: Any = None) -> None:
        """Starts the kernel on a stream and does not wait. values: the bytes of each argument."""
        if 0 in sizes:
            return
        held = [ctypes.create_string_buffer(value, len(value)) for value in values]
        pointers = (ctypes.c_void_p * max(len(held), 1))(*(ctypes.addressof(each) for each in held))
        self.driver.call(
            "cuLaunchKernel", self._handle, *sizes, self.threads, 1, 1, self.shared, stream, pointers, None
        )


class Staged:
    """A kernel with its arguments on the GPU."""

    def __init__(self, kernel: CudaKernel, arrays: DeviceArrays):
        self.kernel, self.arrays = kernel, arrays
        self.driver = kernel.driver

    def milliseconds(self, grid: Any, times: int = 1) -> float:
        """Launches the kernel so many times in a row; what one of them took on average.

        Several launches are recorded first, so that the GPU does not wait for Python between them.
        """
        sizes = check_grid(grid)
        values = [*self.arrays.values, *self.kernel.lent(sizes)]
        if times == 1 or 0 in sizes:
            return _timed(self.driver, lambda: self.kernel.launch(sizes, values))

        def launches(stream: Any) -> None:
            for _ in range(times):
                self.kernel.launch(sizes, values, stream)

        with Recording(self.driver, launches) as recording:
            recording.run()
            return _timed(self.driver, recording.run, recording.stream) / times


def _timed(driver: Driver, work: Callable[[], None], stream: Any = None) -> float:
    """Milliseconds between two events around what `work` starts on a stream."""
    begin, end = ctypes.c_void_p(), ctypes.c_void_p()
    for event in (begin, end):
        driver.call("cuEventCreate", ctypes.byref(event), 0)
    driver.call("cuEventRecord", begin, stream)
    work()
    driver.call("cuEventRecord", end, stream)
    driver.call("cuEventSynchronize", end)
    took = ctypes.c_float()
    driver.call("cuEventElapsedTime", ctypes.byref(took), begin, end)
    for event in (begin, end):
        driver.call("cuEventDestroy_v2", event)
    return took.value
