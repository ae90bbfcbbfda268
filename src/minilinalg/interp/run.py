"""Running a module, at any stage, on the arguments of its source function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from minilinalg.abi import FunctionAbi, check_grid, find_function, functions_of, symbol
from minilinalg.errors import MinilinalgError, RunError
from minilinalg.interp.binding import bind
from minilinalg.interp.dtypes import dtype_of, shape_of
from minilinalg.interp.engine import Chunk, Compiled, compile_function
from minilinalg.interp.memory import GlobalMemory


@dataclass(frozen=True)
class RunOptions:
    """How to run. chunk_bytes: the size that the largest tensor of a chunk of programs should have, so that it stays
    in cache. max_chunk: the most programs that run together. max_turns: after how many turns of all programs a kernel
    whose programs wait for one another is taken to hang."""

    chunk_bytes: int = 1 << 19
    max_chunk: int = 4096
    max_turns: int = 100_000


class Executable:
    """A module's function, compiled for the engine; call `run` as often as wanted. Nothing of a run is kept."""

    def __init__(self, module: ModuleOp, function: str | None = None, options: RunOptions = RunOptions()):
        self.func = find_function(module, function)
        self.abi = FunctionAbi.of(self.func)
        self.options = options
        self.stepwise = waits(self.func)
        self.compiled: Compiled = compile_function(functions_of(module), symbol(self.func), stepwise=self.stepwise)
        self._tile_bytes = _largest_tensor(self.func)

    def run(self, grid: Any, args: Sequence[Any]) -> None:
        """Runs all programs of the grid; arrays are written in place."""
        sizes = check_grid(grid)
        memory = GlobalMemory()
        values = bind(self.abi, args, memory)
        self.run_bound(sizes, memory, values)

    def run_bound(self, grid: tuple[int, int, int], memory: GlobalMemory, values: Sequence[Any]) -> None:
        """`run` with arguments that are in `memory` already."""
        if self.stepwise:
            self._run_stepwise(grid, memory, values)
            return
        for chunk in _chunks(grid, memory, self._chunk_size()):
            self.compiled.run(chunk, values)

    def _chunk_size(self) -> int:
        fits = self.options.chunk_bytes // max(self._tile_bytes, 1)
        return max(1, min(fits, self.options.max_chunk))

    def _run_stepwise(self, grid: tuple[int, int, int], memory: GlobalMemory, values: Sequence[Any]) -> None:
        with np.errstate(all="ignore"):
            waiting = [self.compiled.entry(chunk, *values) for chunk in _chunks(grid, memory, 1)]
            for _ in range(self.options.max_turns):
                still: list[Any] = []
                for program in waiting:
                    try:
                        next(program)
                        still.append(program)
                    except StopIteration:
                        pass
                    except MinilinalgError as error:
                        raise self.compiled.placed(error) from None
                if not still:
                    return
                waiting = still
        raise RunError(
            f"{len(waiting)} programs still wait after {self.options.max_turns} turns",
            rule="a program that waits for memory must be released by another program of the grid",
        )


def waits(func: Operation) -> bool:
    """Whether a loop of `func` may wait for another program: a `while` that reads memory."""
    return any(
        op.name == "scf.while" and any(i.name == "tt.load" or i.name.startswith("tt.atomic") for i in op.walk())
        for op in func.walk()
    )


def _largest_tensor(func: Operation) -> int:
    largest = 1
    for op in func.walk():
        for result in op.results:
            shape = shape_of(result.type)
            if shape and getattr(getattr(result.type, "element_type", None), "name", "") != "tt.ptr":
                largest = max(largest, int(np.prod(shape)) * max(dtype_of(result.type).carrier.itemsize, 1))
    return largest


def _chunks(grid: tuple[int, int, int], memory: GlobalMemory, size: int) -> Iterator[Chunk]:
    """The programs in order, x fastest, in chunks of at most `size`."""
    gx, gy, gz = grid
    total = gx * gy * gz
    for first in range(0, total, size):
        n = min(size, total - first)
        if n == 1:
            ids: tuple[Any, Any, Any] = (first % gx, first // gx % gy, first // (gx * gy))
        else:
            linear = np.arange(first, first + n, dtype=np.int64)
            ids = (_id(linear % gx), _id(linear // gx % gy), _id(linear // (gx * gy)))
        yield Chunk(n, ids, grid, memory)


def _id(values: Any) -> Any:
    if values[0] == values[-1] and bool((values == values[0]).all()):
        return int(values[0])
    return values.astype(np.int32)


def run(
    module: ModuleOp, grid: Any, args: Sequence[Any], *, function: str | None = None, options: RunOptions = RunOptions()
) -> None:
    """Compiles and runs a function of `module` on `args` over `grid`. NumPy arrays are the device's memory."""
    Executable(module, function, options).run(grid, args)
