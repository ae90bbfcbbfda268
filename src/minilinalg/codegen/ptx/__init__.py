"""PTX: a module of stage `simt` as text that the CUDA driver takes.

| file | what it has |
|---|---|
| `elements.py` | what stands for one element of a thread's registers |
| `writer.py` | instructions as they are written, registers, what is alive |
| `integers.py`, `comparisons.py`, `floats.py`, `conversions.py`, `remainder.py` | arithmetic |
| `math_functions.py`, `doubles/` | functions of f32; of f64, and those that f32 has through them |
| `arithmetic.py` | what these are written with |
| `registers.py` | registers that change places or lanes, barriers, thread and block |
| `memory.py`, `atomics.py` | global and shared memory |
| `bulk_copy.py` | copies by TMA, the barriers of their bytes |
| `tensor_maps.py` | tensor maps that a kernel makes, and the memory that it is lent for them |
| `inline_asm.py` | text that is PTX already |
| `dot.py` | products on tensor cores and without |
| `warp_group.py` | products of four warps (wgmma) |
| `control_flow.py` | loops and branches |
| `module.py` | functions with their parameters, the module |

Each file ends with a table, `HANDLERS`: name of an operation -> what writes it.
"""

from minilinalg.codegen.ptx.module import machine_of, ptx_name, ptx_text
from minilinalg.codegen.ptx.writer import Machine

__all__ = ["Machine", "machine_of", "ptx_name", "ptx_text"]
