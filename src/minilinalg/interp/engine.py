"""The engine: a function of any stage, compiled once to Python source over NumPy.

Every region becomes one Python function whose parameters are the running programs (`Chunk`), the values it uses from
outside, and its block arguments; every operation becomes a line that calls its meaning. The meanings are in one file
per dialect beside this one, each a `Meaning` in the table `MEANINGS` under the operation's name.

Control flow that differs between programs never branches per program: see scf/. A function whose loops wait for
memory is compiled a second way, one generator per program, so that programs can wait for one another.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Any

import numpy as np
from xdsl.ir import Block, Operation, OpResult, Region, SSAValue

from minilinalg.errors import MinilinalgError, UnsupportedError
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.invariants import invariants
from minilinalg.interp.lifetimes import (
    is_alone,
    is_alone_in_loop,
    makes_anew,
    needed_for,
    unused_in,
    used_from_outside,
)
from minilinalg.interp.meanings import MEANINGS
from minilinalg.interp.observers import Observer
from minilinalg.interp.tokens import Token
from minilinalg.interp.values import take
from minilinalg.interp.views import plain
from minilinalg.locations import places_of


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
            if not is_alone(value, self._block):
                return False
        elif value.owner is not self._block or not is_alone_in_loop(value):
            return False
        if sum(use.operation is op for use in value.uses) > 1:
            return False
        return all(
            use.operation is op or (makes_anew(use.operation, self._block) and use.operation.is_before_in_block(op))
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
        outer = [v for v in used_from_outside(region, elsewhere) if v not in self._constants]
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
            self._unused.update(unused_in(self.functions[symbol]))
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
        needed = None if yields is None else needed_for(block, yields)
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
