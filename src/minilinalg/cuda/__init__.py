"""Kernels on a real GPU: PTX text loaded by the CUDA driver, which is called through ctypes. Nothing else is needed.

    kernel = CudaKernel(module, "vector_add", machine)
    kernel.run((98, 1, 1), [x, y, out, 100_000])

| file | what it has |
|---|---|
| `driver.py` | the functions of the driver that are called, its errors |
| `tensor_map.py` | what TMA copies boxes by |
| `memory.py` | the arrays of a launch on the GPU |
| `kernel.py` | a function as the driver has it: launches, times, registers |
"""

from minilinalg.cuda.driver import Driver, driver
from minilinalg.cuda.kernel import CudaKernel, Staged

__all__ = ["CudaKernel", "Driver", "Staged", "driver"]
