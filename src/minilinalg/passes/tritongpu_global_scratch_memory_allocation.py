"""`tritongpu-global-scratch-memory-allocation`: a place for every buffer in the global memory that a launch lends.

Source: lib/Conversion/TritonGPUToLLVM/GlobalScratchMemoryAllocation.cpp of Triton.
"""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, i32

from minilinalg.dialects import tt, ttg
from minilinalg.dialects.ttg.registers import SCRATCH_ALIGNMENT_ATTR, SCRATCH_OFFSET_ATTR, SCRATCH_SIZE_ATTR
from minilinalg.errors import InputError, UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes.base import Careful, MinilinalgPass, remark


def _keep_apart(ctx: Context, module: ModuleOp) -> None:
    """Gives each buffer of the module its own place, at a multiple of the greatest alignment there is."""
    found = [op for op in module.walk() if isinstance(op, ttg.GlobalScratchAllocOp)]
    most = max((op.alignment.value.data for op in found), default=1)
    end = 0
    for op in found:
        op.attributes[SCRATCH_OFFSET_ATTR] = IntegerAttr(end, i32)
        end += _up(op.nbytes.value.data, most)
    if found:
        for each in (module, *(op for op in module.ops if isinstance(op, tt.FuncOp))):
            _set(each, end, most)


@dataclass(frozen=True)
class TritongpuGlobalScratchMemoryAllocationPass(MinilinalgPass):
    """Gives what programs allocate of global memory its place in the part that each of them has of one buffer.

    ```mlir
    module {
      tt.func @descriptors() {
        %a = ttg.global_scratch_alloc {alignment = 4 : i32, nbytes = 20 : i32} : !tt.ptr<i8>
        %b = ttg.global_scratch_alloc {alignment = 128 : i32, nbytes = 128 : i32} : !tt.ptr<i8>
        tt.return
      }
    }
    ```
    becomes
    ```mlir
    module attributes {
      ttg.global_scratch_memory_size = 256 : i32, ttg.global_scratch_memory_alignment = 128 : i32
    } {
      tt.func @descriptors() attributes {
        ttg.global_scratch_memory_size = 256 : i32, ttg.global_scratch_memory_alignment = 128 : i32
      } {
        %a = ttg.global_scratch_alloc {
          alignment = 4 : i32, nbytes = 20 : i32, ttg.global_scratch_memory_offset = 0 : i32
        } : !tt.ptr<i8>
        %b = ttg.global_scratch_alloc {
          alignment = 128 : i32, nbytes = 128 : i32, ttg.global_scratch_memory_offset = 128 : i32
        } : !tt.ptr<i8>
        tt.return
      }
    }
    ```

    The buffer is the launch's: program p has the bytes from `p * size` on. A buffer in a loop is the same one in every
    turn.

    Requires: calls inlined. Ensures: `ttg.global_scratch_memory_offset`, in bytes, on each allocation, a multiple of
    its alignment; size and alignment of a program's part on functions, and the largest ones on the module.
    Leaves alone: everything else, and modules that allocate nothing.
    """

    name = "tritongpu-global-scratch-memory-allocation"
    careful = Careful(_keep_apart, "a place of its own for every buffer in global memory")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        sizes, alignments = [0], [1]
        for function in [each for each in op.ops if isinstance(each, tt.FuncOp)]:
            size, alignment = self._allocate(ctx, function)
            sizes.append(size)
            alignments.append(alignment)
        if max(sizes):
            _set(op, max(sizes), max(alignments))

    def _allocate(self, ctx: Context, function: tt.FuncOp) -> tuple[int, int]:
        end, most, count = 0, 1, 0
        for op in function.walk():
            if not isinstance(op, ttg.GlobalScratchAllocOp):
                continue
            if op.shared_cluster_state is not None or op.third_party_allocation is not None:
                raise UnsupportedError(
                    f"'{op.name}' of memory that is not the program's own",
                    rule="what is allocated is of one program, and no sanitizer's or profiler's",
                    places=places_of(op),
                )
            alignment = op.alignment.value.data
            if op.nbytes.value.data < 0 or alignment <= 0 or alignment & (alignment - 1):
                raise InputError(
                    f"'{op.name}' of {op.nbytes.value.data} bytes with alignment {alignment}",
                    rule="at least 0 bytes, and the alignment is a power of two",
                    places=places_of(op),
                )
            begin = _up(end, alignment)
            op.attributes[SCRATCH_OFFSET_ATTR] = IntegerAttr(begin, i32)
            end, most, count = begin + op.nbytes.value.data, max(most, alignment), count + 1
        if count:
            _set(function, _up(end, most), most)
            remark(ctx, self, function, f"{count} buffers: {_up(end, most)} bytes of global memory for each program")
        return _up(end, most), most


def _set(op: tt.FuncOp | ModuleOp, size: int, alignment: int) -> None:
    op.attributes[SCRATCH_SIZE_ATTR] = IntegerAttr(size, i32)
    op.attributes[SCRATCH_ALIGNMENT_ATTR] = IntegerAttr(alignment, i32)


def _up(number: int, alignment: int) -> int:
    return -(-number // alignment) * alignment
