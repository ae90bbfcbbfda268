"""The engine: a function of any stage, compiled once to Python source over NumPy.

Every region becomes one Python function whose parameters are the running programs (`Chunk`), the values it uses from
outside, and its block arguments; every operation becomes a line that calls its meaning. The meanings are in one file
per dialect beside this one, each a `Meaning` in the table `MEANINGS` under the operation's name.

Control flow that differs between programs never branches per program: see scf.py. A function whose loops wait for
memory is compiled a second way, one generator per program, so that programs can wait for one another.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Any

import numpy as np
from xdsl.ir import Block, BlockArgument, Operation, OpResult, Region, SSAValue

from minilinalg.errors import MinilinalgError, UnsupportedError
from minilinalg.interp.defined_bytes import DefinedBytes
from minilinalg.interp.dtypes import Array, dtype_of, shape_of
from minilinalg.interp.invariants import invariants
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.storage import Storage
from minilinalg.interp.tokens import Token
from minilinalg.interp.values import take
from minilinalg.interp.views import plain, rows_of
from minilinalg.locations import places_of

ALL = slice(None)


@dataclass(frozen=True)
class Chunk:
    """The programs that run together.

    size: how many. pids: (x, y, z), each a Python int where all agree, else int32 array (P,). grid: (gx, gy, gz).
    arenas: the on-chip memories, one row per program or core. rows: which rows of them these programs have.
    machine: what counts cycles, when something does.
    """

    size: int
    pids: tuple[Any, Any, Any]
    grid: tuple[int, int, int]
    memory: GlobalMemory
    arenas: Arenas | None = None
    rows: Any = None
    machine: Any = None

    @property
    def active(self) -> Any:
        """`rows` as an index; `ALL` itself for all of them."""
        return ALL if self.rows is None else self.rows

    def take(self, index: Any) -> Chunk:
        """The programs at `index` (a slice or an index array)."""
        x, y, z = (p if isinstance(p, int) else p[index] for p in self.pids)
        if isinstance(index, slice):
            size = len(range(*index.indices(self.size)))
        else:
            size = len(index)
        rows = None if self.arenas is None else rows_of(self.rows, self.arenas.rows, index)
        return Chunk(size, (x, y, z), self.grid, self.memory, self.arenas, rows, self.machine)


class Arenas:
    """The on-chip memories of the programs (or cores) that run together: a byte arena per space, a row a program."""

    def __init__(self, rows: int, capacities: dict[str, int], *, tracks: bool = False):
        self.rows = rows
        self.tracks = tracks
        """Whether it is known of every byte of them, and of other buffers, if it is defined."""
        self.copies: Any = None
        """The copies into shared memory that are under way (shared_memory.py), once there was one."""
        self.block: Any = None
        """The shared memory of blocks of threads (block_memory.py), once something was there."""
        self.notes: Any = None
        """What the blocks did, when something looks on (sim/simt/trace.py)."""
        self._capacities = capacities
        self._storage: dict[str, Storage] = {}

    def cleared(self) -> Arenas:
        """Itself, and nothing in it is defined any more."""
        self.copies = None
        for storage in self._storage.values():
            storage.clear()
        return self

    def of(self, space: str) -> Storage:
        """The arena of a memory space."""
        found = self._storage.get(space)
        if found is None:
            found = self._storage[space] = self.storage(self.rows, self._capacities[space], _name(space))
        return found

    def capacity(self, space: str) -> int:
        """The bytes of a memory space that each program has."""
        return self._capacities.get(space, 0)

    def storage(self, rows: int, nbytes: int, name: str) -> Storage:
        """A fresh memory, in which nothing is defined."""
        made = Storage(rows, nbytes, name)
        if self.tracks:
            made.defined = DefinedBytes(rows, nbytes, name)
        return made


def _name(space: str) -> str:
    """A memory space without the attribute's spelling: #simd.space<nram> is nram."""
    return space[space.find("<") + 1 : space.rfind(">")] if "<" in space else space


@dataclass(frozen=True)
class Meaning:
    """How an operation is run.

    emit writes the operation's line(s). fresh: its results are arrays that nothing else holds, so a later operation
    may overwrite one in place when it is the last to use it.
    """

    emit: Callable[[Emitter, Operation], None]
    fresh: bool = False


MEANINGS: dict[str, Meaning] = {}
"""Operation name -> meaning. Filled by the dialect files of this package."""


def meaning(*names: str, fresh: bool = False) -> Callable[[Callable[[Emitter, Any], None]], Callable[..., None]]:
    """Registers the decorated emitter as the meaning of the operations of these names."""

    def register(emit: Callable[[Emitter, Any], None]) -> Callable[..., None]:
        for name in names:
            MEANINGS[name] = Meaning(emit, fresh)
        return emit

    return register


@dataclass
class Program:
    """The Python source made from one module, and what each of its lines came from."""

    filename: str
    lines: list[str] = field(default_factory=list[str])
    origin: dict[int, Operation] = field(default_factory=dict[int, Operation])
    scope: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def source(self) -> str:
        return "\n".join(self.lines) + "\n"


_modules = count()

LEAVES = -1
"""What a block of several returns for the number of the next one when it leaves the region."""


class Observer:
    """What looks on while a function is written, and may add lines of its own: a clock, a watch on values."""

    def before(self, em: Emitter, op: Operation) -> None:
        """Called before the lines of `op` are written."""

    def after(self, em: Emitter, op: Operation) -> None:
        """Called when they are; the results of `op` have names now."""

    def unused(self, em: Emitter, op: Operation) -> None:
        """Called instead of both for an operation that is not written here: nothing needs its results, or the same
        ones serve all turns of a loop around it."""


class Observers(Observer):
    """Several that look on, in this order."""

    def __init__(self, *observers: Observer):
        self.observers = observers

    def before(self, em: Emitter, op: Operation) -> None:
        for observer in self.observers:
            observer.before(em, op)

    def after(self, em: Emitter, op: Operation) -> None:
        for observer in self.observers:
            observer.after(em, op)

    def unused(self, em: Emitter, op: Operation) -> None:
        for observer in self.observers:
            observer.unused(em, op)


class Emitter:
    """Writes the Python functions of one module. Meanings use `ref`, `define`, `const`, `line` and `region`."""

    def __init__(
        self,
        functions: dict[str, Operation],
        *,
        waiting: frozenset[Operation],
        observer: Observer,
        skipped: frozenset[Operation],
        folds: bool,
    ):
        self.functions = functions
        self.folds = folds
        """Whether what depends on constants alone is computed here, once (folding.py)."""
        self.skipped = skipped
        """What is not computed: operations on buffers whose results, if any, are tokens."""
        self.waiting = waiting
        """The operations at which a program waits for another one (waiting.py)."""
        self.stepwise = bool(waiting)
        """Whether programs run one by one as generators, giving way where they wait."""
        self.observer = observer
        self.program = Program(f"<minilinalg {next(_modules)}>")
        self.arenas: dict[str, int] = {}
        """Memory space -> the bytes that the buffers with an address need of it."""
        self._names: dict[SSAValue, str] = {}
        self._plain: dict[SSAValue, str] = {}
        """Of numbers, the variables of the function being written that hold them as `plain` gives them."""
        self._count = count()
        self._body: list[tuple[str, Operation | None]] = []
        self._compiled: dict[tuple[str, bool], str] = {}
        self._unused: set[Operation] = set()
        self._moved: set[Operation] = set()
        """What stands in front of a loop that it is in (invariants.py)."""
        self._constants: set[SSAValue] = set()
        self._block: Block | None = None
        self.targets: dict[Block, tuple[int, list[SSAValue]]] = {}
        """The blocks that a branch may go to: the number of each, and the values from before that it needs."""

    # What meanings call

    def ref(self, value: SSAValue) -> str:
        """The Python variable that holds `value`."""
        return self._names[value]

    def refs(self, values: Sequence[SSAValue]) -> str:
        """The variables of several values, comma-separated."""
        return ", ".join(self._names[v] for v in values)

    def plain(self, value: SSAValue, op: Operation) -> str:
        """The variable that holds the number `value` as a Python int where all programs agree, for `op` and others."""
        found = self._plain.get(value)
        if found is None:
            found = self._plain[value] = f"n{next(self._count)}"
            self.line(f"{found} = {self.const(plain, 'plain')}({self.ref(value)})", op)
        return found

    def define(self, value: SSAValue) -> str:
        """A new Python variable for `value`."""
        name = self._names[value] = f"v{next(self._count)}"
        return name

    def const(self, thing: object, hint: str = "k") -> str:
        """A global of the program that holds `thing` (a function, a table, a constant array)."""
        name = f"{hint}{next(self._count)}"
        self.program.scope[name] = thing
        return name

    def define_constant(self, value: SSAValue, thing: object) -> None:
        """`value` is `thing`, the same in all programs, wherever it is used."""
        self._names[value] = self.const(thing, "c")
        self._constants.add(value)

    def line(self, text: str, op: Operation | None = None) -> None:
        """Adds a line to the body of the function being written."""
        self._body.append((text, op))

    def call(self, op: Operation, fn: object, arguments: str, hint: str = "f") -> None:
        """`results = fn(arguments)` for the results of `op`."""
        if (
            self.folds
            and op.operands
            and self._constants.issuperset(op.operands)
            and arguments == self.refs(op.operands)
        ):
            from minilinalg.interp.folding import folded

            values = [self.program.scope[self.ref(v)] for v in op.operands]
            if (found := folded(op, fn, values)) is not None:
                for result, value in zip(op.results, found, strict=True):
                    self.define_constant(result, value)
                return
        results = ", ".join(self.define(r) for r in op.results)
        left = f"{results} = " if len(op.results) == 1 else f"{results}, = " if op.results else ""
        self.line(f"{left}{self.const(fn, hint)}({arguments})", op)

    def may_reuse(self, op: Operation, index: int) -> bool:
        """Whether `op` is the last to see its operand `index`, so that it may write its result over it."""
        value = op.operands[index]
        if isinstance(value, OpResult):
            if not _is_alone(value, self._block):
                return False
        elif value.owner is not self._block or not _is_alone_in_loop(value):
            return False
        if sum(use.operation is op for use in value.uses) > 1:
            return False
        return all(
            use.operation is op or (_makes_anew(use.operation, self._block) and use.operation.is_before_in_block(op))
            for use in value.uses
        )

    def region(
        self, region: Region, *, first: Sequence[str] = (), yields: Sequence[SSAValue] | None = None
    ) -> tuple[str, list[str]]:
        """Writes the region as a function; returns its name and the outer variables it takes first.

        The function is called as `name(c, *first, *outer, *block arguments)` and returns the tuple of its terminator's
        operands. `first` names parameters that meanings inside refer to. With `yields`, of a region of one block only
        what these values need is written, and they are what is returned.
        """
        elsewhere = self._moved | self._unused if yields is None else self._moved
        outer = [v for v in _used_from_outside(region, elsewhere) if v not in self._constants]
        name = f"r{next(self._count)}"
        saved = dict(self._names)
        outer_refs = [self._names[v] for v in outer]
        self._write(name, [*first, *(self.define(v) for v in outer)], region, yields)
        self._names = saved
        return name, outer_refs

    def turns(self, loop: Operation) -> tuple[str, list[str]]:
        """`region` for the body of an scf.for; in front of it stands what is the same in all turns."""
        moved = [op for op in invariants(loop, self._moved) if op not in self._unused]
        for op in moved:
            MEANINGS[op.name].emit(self, op)
        self._moved.update(moved)
        found = self.region(loop.regions[0])
        self._moved.difference_update(moved)
        return found

    def function(self, symbol: str) -> str:
        """The Python function of the IR function `symbol`, written when it is first asked for."""
        key = symbol, self.stepwise
        if key not in self._compiled:
            spelled = "".join(c if c.isalnum() else "_" for c in symbol)
            self._compiled[key] = f"f{next(self._count)}_{spelled}"
            self._unused.update(_unused(self.functions[symbol]))
            self._write(self._compiled[key], [], self.functions[symbol].regions[0])
        return self._compiled[key]

    def _write(self, name: str, given: list[str], region: Region, yields: Sequence[SSAValue] | None = None) -> None:
        """Writes `region` as the function `name(c, *given, *block arguments)`."""
        block = region.blocks[0]
        parameters = ["c", *given, *(self.define(a) for a in block.args)]
        if len(region.blocks) > 1:
            from minilinalg.interp.blocks import write_blocks

            with self.body(name, parameters, None):
                write_blocks(self, name, given, region)
            return
        needed = None if yields is None else _needed(block, yields)
        with self.body(name, parameters, block):
            for op in block.ops:
                if needed is None or op in needed:
                    self.emit(op, wanted=needed is not None)
            if yields is not None:
                self.line(f"return ({''.join(self.ref(v) + ', ' for v in yields)})")

    @contextmanager
    def body(self, name: str, parameters: Sequence[str], block: Block | None) -> Generator[None]:
        """Inside, lines and operations (of `block`) are written to a Python function of its own."""
        saved = self._body, self._block, self._plain
        self._body, self._block, self._plain = [], block, {}
        yield
        self._close(name, parameters)
        self._body, self._block, self._plain = saved

    def emit(self, op: Operation, *, wanted: bool = False) -> None:
        """Writes one operation, if anything needs it or it is wanted all the same."""
        found = MEANINGS.get(op.name)
        if found is None:
            raise UnsupportedError(
                f"'{op.name}' cannot be run yet",
                rule="every operation of a module that runs needs a meaning in interp/",
                places=places_of(op),
            )
        if (op in self._unused and not wanted) or op in self._moved:
            self.observer.unused(self, op)
            return
        self.observer.before(self, op)
        if op in self.skipped:
            for result in op.results:
                self.line(f"{self.define(result)} = {self.const(Token, 'Token')}()", op)
        else:
            found.emit(self, op)
        self.observer.after(self, op)

    def _close(self, name: str, parameters: Sequence[str]) -> None:
        program = self.program
        program.lines.append(f"def {name}({', '.join(parameters)}):")
        if self.stepwise:
            program.lines.append("    if False: yield")
        for text, op in self._body or [("pass", None)]:
            program.lines.append("    " + text)
            if op is not None:
                program.origin[len(program.lines)] = op

    @contextmanager
    def computing(self) -> Generator[None]:
        """Inside, what is written only computes and never gives way: the combiner of a reduction, say."""
        saved, self.stepwise = self.stepwise, False
        try:
            yield
        finally:
            self.stepwise = saved

    @property
    def give(self) -> str:
        """What stands before a call of a region function: generators are delegated to."""
        return "yield from " if self.stepwise else ""


def _unused(function: Operation) -> set[Operation]:
    """Operations that only compute, and what they compute only others that are not used either."""
    found: set[Operation] = set()
    # Who uses a value stands behind it.
    for op in reversed(list(function.walk())):
        if op.name.startswith("arith.") and all(use.operation in found for r in op.results for use in r.uses):
            found.add(op)
    return found


def _makes_anew(op: Operation, block: Block | None) -> bool:
    """Whether `op`, of `block`, makes arrays of its own and keeps none that it was given."""
    found = MEANINGS.get(op.name)
    return op.parent is block and found is not None and found.fresh


def _is_alone(value: OpResult, block: Block | None) -> bool:
    """Whether the array of `value` is its own when it is made in `block`."""
    return _makes_anew(value.op, block)


def _is_alone_in_loop(value: SSAValue) -> bool:
    """Whether a loop hands on, for its block argument `value`, an array that then is nowhere else.

    What the loop begins with is guarded by the loop itself.
    """
    if not isinstance(value, BlockArgument) or value.index == 0:
        return False
    parent, last = value.block.parent_op(), value.block.last_op
    if parent is None or parent.name != "scf.for" or last is None:
        return False
    handed = last.operands[value.index - 1]
    if not isinstance(handed, OpResult) or not _is_alone(handed, value.block):
        return False
    users = [use.operation for use in handed.uses]
    return users.count(last) == 1 and all(user is last or _makes_anew(user, value.block) for user in users)


def _used_from_outside(region: Region, elsewhere: set[Operation]) -> list[SSAValue]:
    """The values that `region` needs without the operations that are not written in it."""
    inside: set[SSAValue] = set()
    found: dict[SSAValue, None] = {}
    here = [op for op in region.walk() if op not in elsewhere]
    for block in _blocks(region):
        inside.update(block.args)
    for op in here:
        inside.update(op.results)
    for op in here:
        for operand in op.operands:
            if operand not in inside:
                found[operand] = None
    return list(found)


def _needed(block: Block, values: Sequence[SSAValue]) -> set[Operation]:
    """The operations of `block` that `values` are computed from."""
    found: set[Operation] = set()
    work = list(values)
    while work:
        value = work.pop()
        if isinstance(value, OpResult) and value.op.parent is block and value.op not in found:
            found.add(value.op)
            work.extend(value.op.operands)
            work.extend(o for inner in value.op.walk() for o in inner.operands)
    return found


def _blocks(region: Region) -> Iterator[Block]:
    for block in region.blocks:
        yield block
        for op in block.ops:
            for inner in op.regions:
                yield from _blocks(inner)


def compile_function(
    functions: dict[str, Operation],
    symbol: str,
    *,
    waiting: frozenset[Operation] = frozenset(),
    observer: Observer | None = None,
    skipped: frozenset[Operation] = frozenset(),
    folds: bool = False,
) -> Compiled:
    """Compiles function `symbol` and what it calls; to generators when there are `waiting` operations. What is
    `skipped` is looked at by the observer, and not computed.

    Raises UnsupportedError, with the place, for an operation that has no meaning yet.
    """
    from minilinalg.interp import dialects

    assert dialects.__all__, "importing the dialects fills MEANINGS"

    emitter = Emitter(functions, waiting=waiting, observer=observer or Observer(), skipped=skipped, folds=folds)
    name = emitter.function(symbol)
    program = emitter.program
    program.scope["take"] = take
    exec(compile(program.source, program.filename, "exec"), program.scope)
    # Tracebacks and profilers show the generated lines.
    linecache.cache[program.filename] = (len(program.source), None, program.source.splitlines(True), program.filename)
    return Compiled(program, program.scope[name], emitter.stepwise, emitter.arenas)


@dataclass(frozen=True)
class Compiled:
    """A function ready to run: `entry(chunk, *arguments)` returns the tuple of its results."""

    program: Program
    entry: Callable[..., Any]
    stepwise: bool
    arenas: dict[str, int]
    """Memory space -> the bytes of it that are used."""

    def run(self, chunk: Chunk, arguments: Sequence[Any]) -> Any:
        """Runs all programs of `chunk`. A MinilinalgError that is raised gets the place of the operation at fault."""
        with np.errstate(all="ignore"):
            try:
                return self.entry(chunk, *arguments)
            except MinilinalgError as error:
                raise self.placed(error) from None

    def placed(self, error: MinilinalgError) -> MinilinalgError:
        """`error` with the place of the operation whose line was running."""
        found: Operation | None = None
        trace: TracebackType | None = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.program.filename:
                found = self.program.origin.get(trace.tb_lineno) or found
            trace = trace.tb_next
        return error.at(places_of(found)) if found is not None else error


def largest_value(op: Operation) -> int:
    """Bytes of the largest tensor (or on-chip buffer) that one program computes with in `op`."""
    largest = 1
    for inner in op.walk():
        for result in inner.results:
            shape = shape_of(result.type)
            if shape and min(shape) > 0 and getattr(getattr(result.type, "element_type", None), "name", "") != "tt.ptr":
                largest = max(largest, int(np.prod(shape)) * dtype_of(result.type).carrier.itemsize)
    return largest


def writes_memory(op: Operation) -> bool:
    """Whether `op`, or anything in its regions, may change memory that a load could see."""
    return any(inner.name in WRITERS or inner.name.startswith(("tt.atomic", "simt.atomic")) for inner in op.walk())


WRITERS: set[str] = {
    "tt.store",
    "tt.call",
    "tt.descriptor_store",
    "tt.descriptor_reduce",
    "tt.descriptor_scatter",
    "ttng.async_tma_copy_local_to_global",
    "func.call",
    "linalg_ext.atomic_cas",
    "linalg_ext.atomic_rmw",
    "linalg_ext.scatter",
    "memref.atomic_rmw",
    "memref.generic_atomic_rmw",
    "memref.store",
    "memref.copy",
    "simt.atomic_store",
    "simt.store_global",
    "bufferization.materialize_in_destination",
}
"""Operations after which a view of memory may no longer show what it showed."""


def needs_snapshot(result: SSAValue) -> bool:
    """Whether a load must copy: something later in its block, or after it in a loop, may write before a last use.

    Uses are followed through every operation but those whose results are fresh arrays, and not into other blocks of
    the same region.
    """
    if not isinstance(result, OpResult):
        return True
    block = result.op.parent
    if block is None:
        return True
    following: set[SSAValue] = {result}
    last: Operation | None = None
    op = result.op.next_op
    while op is not None:
        uses = any(o in following for o in op.operands)
        if not uses and op.regions:
            uses = any(o in following for inner in op.walk() for o in inner.operands)
        if uses:
            last = op
            found = MEANINGS.get(op.name)
            if op.regions or op.next_op is None:
                # Inside a region the order is not followed; what a terminator hands on lives longer than the block.
                if op.regions and not writes_memory(op) and op.name == "tt.reduce":
                    op = op.next_op
                    continue
                return True
            if found is None or not found.fresh:
                following.update(op.results)
        op = op.next_op
    if any(block.find_ancestor_op_in_block(use.operation) is None for value in following for use in value.uses):
        return True
    op = result.op.next_op
    while op is not None and op is not last:
        if writes_memory(op):
            return True
        op = op.next_op
    return False


def python_array(values: Sequence[Any], dtype: Any) -> Array:
    """A constant array that nothing may overwrite."""
    array = np.array(values, dtype)
    array.flags.writeable = False
    return array
