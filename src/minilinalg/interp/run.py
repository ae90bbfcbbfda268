"""Running a module, at any stage, on the arguments of its source function."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from minilinalg.abi import FunctionAbi, check_grid, find_function, functions_of, symbol
from minilinalg.dialects.simt import TensorMapType
from minilinalg.dialects.tt.types import TensorDescType
from minilinalg.errors import CommandError, Place, WaitError
from minilinalg.interp import read_ahead
from minilinalg.interp.access import dtype_out
from minilinalg.interp.binding import bind, with_results
from minilinalg.interp.block_memory import SHARED
from minilinalg.interp.chunks import Arenas, Chunk
from minilinalg.interp.descriptors import Descriptor
from minilinalg.interp.dtypes import Array, dtype_of, shape_of
from minilinalg.interp.engine import Compiled, compile_function
from minilinalg.interp.heap import keep_pages
from minilinalg.interp.lifetimes import largest_value
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.memref import argument
from minilinalg.interp.observers import Observer, Observers
from minilinalg.interp.read_ahead import ReadAheadWatch, reads_ahead
from minilinalg.interp.tensor import as_sized
from minilinalg.interp.threads import shared_of, threads_of, with_threads
from minilinalg.interp.turns import Held, held_by_order, take_turns
from minilinalg.interp.waiting import waiting_operations
from minilinalg.run_options import DEFAULTS, RunOptions

FOR_THREADS = 4
"""How many times larger chunks are whose programs are blocks of threads: they run many short operations, most of them
on less than the largest, and half of what that counts are addresses, which are mostly not written out."""


class Executable:
    """A module's function, compiled for the engine; call `run` as often as wanted. Nothing of a run is kept."""

    def __init__(
        self,
        module: ModuleOp,
        function: str | None = None,
        options: RunOptions = DEFAULTS,
        observer: Observer | None = None,
        skipped: frozenset[Operation] = frozenset(),
    ):
        self.func = find_function(module, function)
        if reads_ahead(self.func):
            observer = Observers(*(each for each in (observer, ReadAheadWatch()) if each is not None))
        self.abi = _as_passed(FunctionAbi.of(self.func), self.func)
        self.options = options
        functions = functions_of(module)
        self.threads = threads_of(self.func)
        """Of a function of one thread: the threads of a block. A program is a block then."""
        if self.threads is not None:
            functions = {name: with_threads(f, self.threads) for name, f in functions.items()}
            self.func = functions[symbol(self.func)]
        waiting = waiting_operations(self.func, functions)
        self.compiled: Compiled = compile_function(
            functions,
            symbol(self.func),
            waiting=waiting,
            observer=observer,
            skipped=skipped,
            folds=self.threads is not None,
        )
        self.per_core = any(op.name.startswith("simd.") for op in self.func.walk())
        """Whether the function is the program of one core of a machine."""
        self._shared = {SHARED: shared_of(self.func)}
        self._tile_bytes = max(largest_value(self.func), self._shared[SHARED])
        self._arenas: Arenas | None = None

    def run(self, grid: Any, args: Sequence[Any], *, cores: int | None = None) -> list[Array]:
        """Runs all programs of the grid; arrays are written in place. Returns what a function on tensors returns.

        grid: ignored by a function on tensors. cores: how many a machine has, for a function of the simd stage.
        """
        sizes = check_grid(grid)
        memory = GlobalMemory()
        args, results = with_results(self.abi, args)
        values = bind(self.abi, args, memory, watched=True)
        found = self.run_bound(sizes, memory, values, cores=cores)
        return results or found

    def run_bound(
        self,
        grid: tuple[int, int, int],
        memory: GlobalMemory,
        values: Sequence[Any],
        *,
        cores: int | None = None,
        machine: Any = None,
    ) -> list[Array]:
        """`run` with arguments that are in `memory` already. machine: what counts cycles, or None for answers only."""
        keep_pages()
        if self.func.name == "tt.func" or self.threads is not None:
            values = self._with_descriptors(values)
            size = 1 if self.compiled.stepwise else self._chunk_size()
            read_ahead.start(memory, grid)
            chunks = _chunks(grid, memory, size, self._shared, tracks=self.options.checked, machine=machine)
            if self.compiled.stepwise:
                self._take_turns(chunks, memory, values)
            else:
                for chunk in chunks:
                    self.compiled.run(chunk, values)
            return []
        if self.per_core and cores is None:
            raise CommandError(
                f"function '{self.abi.name}' is at the simd stage, and no target is given",
                rule="a program of one core runs on a machine: give the target that it was compiled for",
            )
        count = cores if self.per_core and cores is not None else 1
        arenas = self._taken_arenas(count)
        arguments = [*self._lowered(values, memory), *self._grid_arguments(grid)]
        if self.compiled.stepwise:
            each = (
                Chunk(1, (core, 0, 0), grid, memory, arenas, slice(core, core + 1, 1) if count > 1 else None, machine)
                for core in range(count)
            )
            found = self._take_turns(each, memory, arguments)
        else:
            ids = np.arange(count, dtype=np.int64) if count > 1 else 0
            chunk = Chunk(count, (ids, 0, 0), grid, memory, arenas, None, machine)
            found = self.compiled.run(chunk, arguments)
        types = [v.type for v in self.func.regions[0].blocks[0].last_op.operands]  # pyright: ignore
        results = [_as_result(v, t) for v, t in zip(found, types, strict=True)]
        self._arenas = arenas.cleared()
        return results

    def _taken_arenas(self, count: int) -> Arenas:
        """On-chip memories for a run: those of the last one that ended well, for fresh ones cost more to touch."""
        arenas, self._arenas = self._arenas, None
        if arenas is not None and arenas.rows == count:
            return arenas
        return Arenas(count, self.compiled.arenas, tracks=self.options.checked)

    def _lowered(self, values: Sequence[Any], memory: GlobalMemory) -> list[Any]:
        """The source's arguments in the form that the function takes them."""
        out: list[Any] = []
        for value, arg in zip(values, self.func.regions[0].blocks[0].args, strict=False):
            type_: Any = arg.type
            if type_.name == "memref":
                out.append(argument(dtype_of(type_), value, shape_of(type_), memory))
            else:
                out.append(value)
        return out

    def _with_descriptors(self, values: Sequence[Any]) -> list[Any]:
        """The arguments of a kernel of tt: what is a descriptor there is made of an address, sizes and strides."""
        out = list(values)
        for i, arg in enumerate(self.func.regions[0].blocks[0].args):
            if isinstance(arg.type, TensorDescType | TensorMapType):
                rank, size = len(arg.type.get_shape()), dtype_of(self.abi.parameters[i].type).itemsize
                sizes, strides = values[i + 1 :][:rank], values[i + 1 + rank :][:rank]
                out[i] = Descriptor(values[i], sizes, [stride * size for stride in strides], nan=False)
        return out

    def _grid_arguments(self, grid: tuple[int, int, int]) -> list[int]:
        extra = len(self.func.regions[0].blocks[0].args) - len(self.abi.parameters)
        return list(grid) if extra == 3 else []

    def _chunk_size(self) -> int:
        size = self.options.chunk_bytes * (1 if self.threads is None else FOR_THREADS)
        fits = size // max(self._tile_bytes, 1)
        return max(1, min(fits, self.options.max_chunk))

    def _take_turns(self, chunks: Iterable[Chunk], memory: GlobalMemory, arguments: Sequence[Any]) -> Any:
        """Runs programs (or cores) that wait for one another, each alone in its chunk; the results of the first."""
        results: list[Any] = []

        def program(chunk: Chunk) -> Generator[bool, None, None]:
            results.append((yield from self.compiled.entry(chunk, *arguments)))

        programs = ((chunk.pids, program(chunk)) for chunk in chunks)
        with np.errstate(all="ignore"):
            take_turns(programs, memory, self.options.max_turns, self.compiled.placed, are_cores=self.per_core)
        return results[0] if results else ()

    def check_order(self, grid: Any, args: Sequence[Any], fresh: Sequence[Any], cores: int) -> None:
        """Raises WaitError when programs of a `tt.func` wait in vain on a machine whose cores run theirs one after
        another, core c the programs c, c + cores, c + 2 cores ..., though they would not if all ran at once.

        Runs them on `args` and on `fresh`, which must hold the same.
        """
        if not self.compiled.stepwise or self.func.name != "tt.func":
            return

        def programs(given: Sequence[Any]) -> tuple[GlobalMemory, Iterable[tuple[Any, Any]]]:
            memory = GlobalMemory()
            values = self._with_descriptors(bind(self.abi, given, memory, watched=True))
            chunks = _chunks(check_grid(grid), memory, 1, {}, tracks=False)
            return memory, ((chunk.pids, self.compiled.entry(chunk, *values)) for chunk in chunks)

        with np.errstate(all="ignore"):
            memory, each = programs(args)
            held = held_by_order(each, memory, self.options.max_turns, cores)
            if held is None:
                return
            memory, each = programs(fresh)
            try:
                take_turns(each, memory, self.options.max_turns, self.compiled.placed, cores=cores)
            except WaitError as error:
                raise _held_error(held, cores, error.diagnostic.places) from None


def _held_error(held: Held, cores: int, places: Sequence[Place]) -> WaitError:
    first, ahead, needed = held.first, held.ahead, held.needed
    core = f"which the same core runs later{'' if ahead is first else f', behind program {ahead.pids}'}"
    if needed.number % cores != first.number % cores:
        core = f"which core {needed.number % cores} runs behind program {ahead.pids}, and that one waits too"
    return WaitError(
        f"program {first.pids} waits, on core {first.number % cores} of {cores}, for program {needed.pids}, {core}",
        rule="a core runs its programs to their ends, one after another in ascending order: a program may wait for one "
        "before it, and not for one that begins only when it has ended itself",
        hint=f"no pass is at fault: launch no more programs than there are cores, {cores}, or let later programs wait "
        "for earlier ones",
        places=places,
    )


def _as_passed(abi: FunctionAbi, func: Operation) -> FunctionAbi:
    """The parameters as this stage takes them: once a function is on buffers, a tensor is an array in memory too."""
    args = func.regions[0].blocks[0].args
    passed = [
        replace(p, kind="pointer") if p.kind == "tensor" and arg.type.name == "memref" else p
        for p, arg in zip(abi.parameters, args, strict=False)
    ]
    return FunctionAbi(abi.name, tuple(passed))


def _as_result(value: Any, type_: Any) -> Array:
    """A value that a function on tensors returns, as a NumPy array (or 0-d array for a scalar)."""
    dtype, shape = dtype_of(type_), shape_of(type_)
    if "tensor" not in type_.name:
        return np.asarray(value, dtype.carrier).astype(dtype.storage)
    sized = as_sized(value, shape)
    full = np.broadcast_to(sized.data[0], tuple(int(n) for n in sized.sizes))
    return np.array(dtype_out(full, dtype))


def _chunks(
    grid: tuple[int, int, int],
    memory: GlobalMemory,
    size: int,
    capacities: dict[str, int],
    *,
    tracks: bool,
    machine: Any = None,
) -> Iterator[Chunk]:
    """The programs in order, x fastest, in chunks of at most `size`, each with memories of its own."""
    gx, gy, gz = grid
    total = gx * gy * gz
    for first in range(0, total, size):
        n = min(size, total - first)
        if n == 1:
            ids: tuple[Any, Any, Any] = (first % gx, first // gx % gy, first // (gx * gy))
        else:
            linear = np.arange(first, first + n, dtype=np.int64)
            ids = (_id(linear % gx), _id(linear // gx % gy), _id(linear // (gx * gy)))
        yield Chunk(n, ids, grid, memory, Arenas(n, capacities, tracks=tracks), None, machine)


def _id(values: Any) -> Any:
    if values[0] == values[-1] and bool((values == values[0]).all()):
        return int(values[0])
    return values.astype(np.int32)


def run(
    module: ModuleOp,
    grid: Any,
    args: Sequence[Any],
    *,
    function: str | None = None,
    options: RunOptions = DEFAULTS,
    cores: int | None = None,
) -> list[Array]:
    """Compiles and runs a function of `module` on `args` over `grid`. NumPy arrays are the device's memory.

    Returns what a function on tensors returns; a kernel writes its results into its arguments.
    """
    return Executable(module, function, options).run(grid, args, cores=cores)
