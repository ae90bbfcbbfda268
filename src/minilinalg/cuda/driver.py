"""The CUDA driver through ctypes (CUDA Driver API, reference manual): one context on the first GPU of the process."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

from minilinalg.errors import CommandError, InputError, RunError

LIBRARIES = ("libcuda.so.1", "libcuda.so", "nvcuda.dll")

# Attributes of a device, of a function, and options of the just-in-time compiler: cuda.h.
CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76
MAX_SHARED_OF_BLOCK, REGISTERS_OF_PROCESSOR = 97, 82
SHARED_BYTES, LOCAL_BYTES, REGISTERS, MAX_DYNAMIC_SHARED = 1, 3, 4, 8
ERROR_LOG, ERROR_LOG_BYTES = 5, 6

_LOG_BYTES = 8192


class Driver:
    """A context on a GPU. `call` runs a function of the driver, and raises what it returns as an error."""

    def __init__(self, library: Any):
        self.library = library
        self.call("cuInit", 0)
        count = ctypes.c_int()
        self.call("cuDeviceGetCount", ctypes.byref(count))
        if count.value == 0:
            raise CommandError("the CUDA driver finds no GPU", rule=RULE, hint=HINT)
        self.device = ctypes.c_int()
        self.call("cuDeviceGet", ctypes.byref(self.device), 0)
        self.context = ctypes.c_void_p()
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(self.context), self.device)
        self.call("cuCtxSetCurrent", self.context)
        self.name = self._device_name()
        self.capability = 10 * self.attribute(CAPABILITY_MAJOR) + self.attribute(CAPABILITY_MINOR)

    def _device_name(self) -> str:
        text = ctypes.create_string_buffer(128)
        self.call("cuDeviceGetName", text, 128, self.device)
        return text.value.decode()

    def attribute(self, number: int) -> int:
        """A figure of the device."""
        value = ctypes.c_int()
        self.call("cuDeviceGetAttribute", ctypes.byref(value), number, self.device)
        return value.value

    def call(self, function: str, *arguments: Any) -> None:
        """Runs a function of the driver. Raises RunError for what it returns."""
        if not hasattr(self.library, function):
            raise RunError(f"the CUDA driver has no {function}", rule=RULE, hint="a newer driver has it")
        code = getattr(self.library, function)(*arguments)
        if code:
            raise RunError(
                f"{function} failed: {self.error_name(code)} ({code})",
                rule="the CUDA driver does what it is asked to",
                hint=_HINTS.get(code),
            )

    def error_name(self, code: int) -> str:
        """How the driver calls an error."""
        text = ctypes.c_char_p()
        self.library.cuGetErrorName(code, ctypes.byref(text))
        return (text.value or b"unknown error").decode()

    def load(self, text: str) -> ctypes.c_void_p:
        """A module of PTX text. Raises InputError with what the driver's compiler says about it."""
        log = ctypes.create_string_buffer(_LOG_BYTES)
        options = (ctypes.c_int * 2)(ERROR_LOG, ERROR_LOG_BYTES)
        values = (ctypes.c_void_p * 2)(ctypes.cast(log, ctypes.c_void_p), _LOG_BYTES)
        module = ctypes.c_void_p()
        code = self.library.cuModuleLoadDataEx(ctypes.byref(module), text.encode() + b"\0", 2, options, values)
        if code:
            said = log.value.decode(errors="replace").strip()
            raise InputError(
                f"the CUDA driver refuses the PTX: {self.error_name(code)}" + (f": {said}" if said else ""),
                rule=f"PTX is for the GPU that it runs on: {self.name} has compute capability {self.capability / 10}",
            )
        return module


_HINTS = {
    2: "the arrays do not fit into the memory of the GPU",
    700: "an address outside of every array: --check runs the kernel on the simulated machine, which names the access",
    716: "an address is no multiple of the size of its access: --check names the access",
}

RULE = "device 'cuda' is a GPU of NVIDIA's with its driver (libcuda.so.1)"
HINT = "without a device the kernel runs on the simulated machine"


@cache
def driver() -> Driver:
    """The driver with its context. Raises CommandError when there is none, or no GPU."""
    for name in LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        _declare(library)
        try:
            return Driver(library)
        except RunError as error:
            raise CommandError(f"no GPU can be used: {error.diagnostic.found}", rule=RULE, hint=HINT) from None
    raise CommandError("there is no CUDA driver here", rule=RULE, hint=HINT)


_INT, _POINTER, _SIZE = ctypes.c_uint, ctypes.c_void_p, ctypes.c_size_t
_ADDRESS = ctypes.c_uint64

_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "cuMemAlloc_v2": (_POINTER, _SIZE),
    "cuMemFree_v2": (_ADDRESS,),
    "cuMemcpyHtoD_v2": (_ADDRESS, _POINTER, _SIZE),
    "cuMemcpyDtoH_v2": (_POINTER, _ADDRESS, _SIZE),
    "cuModuleGetFunction": (_POINTER, _POINTER, ctypes.c_char_p),
    "cuModuleUnload": (_POINTER,),
    "cuFuncSetAttribute": (_POINTER, ctypes.c_int, ctypes.c_int),
    "cuFuncGetAttribute": (_POINTER, ctypes.c_int, _POINTER),
    "cuOccupancyMaxActiveBlocksPerMultiprocessor": (_POINTER, _POINTER, ctypes.c_int, _SIZE),
    "cuLaunchKernel": (_POINTER, *[_INT] * 7, _POINTER, _POINTER, _POINTER),
    "cuTensorMapEncodeTiled": (_POINTER, *[_INT] * 2, _ADDRESS, *[_POINTER] * 4, *[_INT] * 4),
    "cuEventCreate": (_POINTER, _INT),
    "cuEventRecord": (_POINTER, _POINTER),
    "cuEventSynchronize": (_POINTER,),
    "cuEventElapsedTime": (_POINTER, _POINTER, _POINTER),
    "cuEventDestroy_v2": (_POINTER,),
    "cuStreamCreate": (_POINTER, _INT),
    "cuStreamDestroy_v2": (_POINTER,),
    "cuStreamBeginCapture_v2": (_POINTER, _INT),
    "cuStreamEndCapture": (_POINTER, _POINTER),
    "cuGraphInstantiateWithFlags": (_POINTER, _POINTER, _ADDRESS),
    "cuGraphLaunch": (_POINTER, _POINTER),
    "cuGraphExecDestroy": (_POINTER,),
    "cuGraphDestroy": (_POINTER,),
}
"""The functions whose arguments ctypes cannot guess."""


def _declare(library: Any) -> None:
    for name, arguments in _ARGUMENTS.items():
        # An older driver has fewer functions.
        if hasattr(library, name):
            getattr(library, name).argtypes = arguments
