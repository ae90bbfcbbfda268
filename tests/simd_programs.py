"""Random programs of one core of the tiny machine, and what is wrong with each, told by a slow and obvious reference.

A program is a list of steps on four on-chip buffers that partly overlap, and a scalar. The reference follows it byte by
byte: which bytes are defined, which instructions are known to be over when another one starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

ADDRESSES = {"a": 0, "b": 32, "h": 48, "c": 80, "r": 128}
"""Where buffers of eight f32 begin (`r` has one): `h` is part of `b` and of `c`."""
EIGHT = ("a", "b", "h", "c")
PIPES = {"fill": "vector", "exp": "vector", "add": "vector", "sum": "vector", "in": "io_dma", "out": "io_dma"}


@dataclass(frozen=True)
class Part:
    """`count` elements of a buffer from `first` on."""

    buffer: str
    first: int
    count: int

    @property
    def bytes(self) -> range:
        start = ADDRESSES[self.buffer] + 4 * self.first
        return range(start, start + 4 * self.count)

    @property
    def is_inside(self) -> bool:
        return self.first + self.count <= (1 if self.buffer == "r" else 8)


@dataclass(frozen=True)
class Step:
    """One instruction, or what a core does itself ("load": a number to global memory; "wait").

    after: which earlier asynchronous steps of the same body it waits for, counted back from the latest.
    """

    name: str
    inputs: tuple[Part, ...] = ()
    output: Part | None = None
    is_async: bool = False
    after: tuple[int, ...] = ()


@dataclass(frozen=True)
class Loop:
    """A body that runs `trips` times."""

    trips: int
    body: tuple[Step, ...]


Program = tuple["Step | Loop", ...]


# What is wrong


@dataclass
class Event:
    """A step that ran: what it touched, and what was over before it could start."""

    pipe: str
    reads: set[int]
    writes: set[int]
    known: set[int]


@dataclass
class Reference:
    """Runs a program; `wrong` are the kinds of what is wrong with the first step that is."""

    defined: set[int] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    core: set[int] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)
    at: Step | None = None

    def run(self, program: Program) -> None:
        tokens: list[int] = []
        for step in program:
            if isinstance(step, Step):
                self.step(step, tokens)
            else:
                for _ in range(step.trips):
                    inner: list[int] = []
                    for one in step.body:
                        self.step(one, inner)
                        if self.wrong:
                            return
            if self.wrong:
                return

    def step(self, step: Step, tokens: list[int]) -> None:
        waited = [tokens[-1 - back] for back in step.after if back < len(tokens)]
        if step.name == "wait":
            for token in waited:
                self.core |= self.events[token].known
            return
        parts = [*step.inputs, *([step.output] if step.output else [])]
        reads = {byte for part in step.inputs for byte in part.bytes}
        writes = set(step.output.bytes) if step.output else set()
        pipe = PIPES.get(step.name, "scalar")
        known = set(self.core)
        for earlier in waited:
            known |= self.events[earlier].known
        if pipe != "scalar":
            for event in reversed(self.events):
                if event.pipe == pipe:
                    known |= event.known
                    break
        wrong: set[str] = set()
        if not all(part.is_inside for part in parts):
            wrong.add("bounds")
        if pipe == "vector" and any(part.bytes.start % 16 for part in parts):
            wrong.add("alignment")
        own = set(parts[-1].bytes) if pipe == "vector" else set[int]()
        if any(own & set(p.bytes) and (step.name == "sum" or own != set(p.bytes)) for p in step.inputs):
            wrong.add("overlap")
        if step.name in ("sum", "out", "load") and not reads <= self.defined:
            wrong.add("undefined")
        for number, event in enumerate(self.events):
            both = (reads & event.writes) | (writes & (event.reads | event.writes))
            if event.pipe not in (pipe, "scalar") and both and number not in known:
                wrong.add("race")
        if wrong:
            self.wrong, self.at = wrong, step
            return
        number = len(self.events)
        self.events.append(Event(pipe, reads, writes, known | {number}))
        if step.is_async:
            tokens.append(number)
        else:
            self.core |= known | {number}
        if step.output is not None:
            self.define(step, step.output)

    def define(self, step: Step, output: Part) -> None:
        """Element by element: it is defined where all inputs are; an instruction reads before it writes."""
        fresh = [
            step.name in ("fill", "in", "sum")
            or all(set(p.bytes[4 * i : 4 * i + 4]) <= self.defined for p in step.inputs)
            for i in range(output.count)
        ]
        for i, is_defined in enumerate(fresh):
            part = set(output.bytes[4 * i : 4 * i + 4])
            self.defined = self.defined | part if is_defined else self.defined - part


# As text


@dataclass
class Writer:
    """The text of a program, and the line of each step (those of a loop have one line each)."""

    lines: list[str] = field(default_factory=list)
    where: dict[int, int] = field(default_factory=dict)
    """id of a step -> its line."""
    count: int = 0

    def name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def write(self, program: Program) -> str:
        buffers = [
            f"  %{name} = memref.alloc() {{simd.address = {at} : i64}} : {_type(name)}"
            for name, at in ADDRESSES.items()
        ]
        self.lines = [
            "func.func @f(%x: memref<64xf32, #simd.space<gdram>>, %gx: index, %gy: index, %gz: index)",
            '    attributes {ml.abi = [{name = "x", kind = "pointer", type = f32}]} {',
            *buffers,
            *(f"  %c{n} = arith.constant {n} : index" for n in (*range(10), 24, 31)),
            "  %zero = arith.constant 0.0 : f32",
            "  %core = simd.core_id : index",
            "  %base = arith.muli %core, %c31 : index",
        ]
        self.body(program)
        self.lines += ["  return", "}"]
        return "\n".join(self.lines) + "\n"

    def body(self, steps: Program) -> None:
        tokens: list[str] = []
        for step in steps:
            if isinstance(step, Loop):
                self.lines.append(f"scf.for {self.name()} = %c0 to %c{step.trips} step %c1 {{")
                self.body(step.body)
                self.lines.append("}")
            else:
                self.step(step, tokens)

    def step(self, step: Step, tokens: list[str]) -> None:
        waited = [tokens[-1 - back] for back in step.after if back < len(tokens)]
        if step.name == "wait":
            if waited:
                self.lines.append(f"simd.wait {', '.join(waited)}")
            return
        if step.name == "load":
            (part,) = step.inputs
            read, to = self.name(), self.name()
            where = f"%c{part.first}" if part.buffer != "r" else ""
            self.lines.append(f"{read} = memref.load %{part.buffer}[{where}] : {_type(part.buffer)}")
            self.where[id(step)] = len(self.lines)
            self.lines.append(f"{to} = arith.addi %base, %c24 : index")
            self.lines.append(f"memref.store {read}, %x[{to}] : memref<64xf32, #simd.space<gdram>>")
            return
        inputs = [self.view(part) for part in step.inputs]
        outputs = [self.view(step.output)] if step.output else []
        if step.name in ("in", "out"):
            far = self.far(0 if step.name == "in" else 8, (step.output or step.inputs[0]).count)
            inputs, outputs = ([far], outputs) if step.name == "in" else (inputs, [far])
        if step.name == "fill":
            inputs = [("%zero", "f32")]
        spelled = {"in": "dma", "out": "dma", "add": "addf", "sum": "reduce_addf"}.get(step.name, step.name)
        token = f"{self.name()} = " if step.is_async else ""
        clause = " dimensions = [0]" if step.name == "sum" else ""
        after = f" after {', '.join(waited)}" if waited else ""
        self.lines.append(
            f"{token}simd.{spelled}{' async' if step.is_async else ''} {', '.join(n for n, _ in inputs)} -> "
            f"{outputs[0][0]}{after}{clause} : {', '.join(t for _, t in inputs)} -> {outputs[0][1]}"
        )
        self.where[id(step)] = len(self.lines)
        if step.is_async:
            tokens.append(token.split()[0])

    def view(self, part: Part) -> tuple[str, str]:
        if part.buffer == "r":
            return "%r", _type("r")
        name, type = self.name(), f"memref<{part.count}xf32, strided<[1], offset: ?>, #simd.space<nram>>"
        of = _type(part.buffer)
        self.lines.append(f"{name} = memref.subview %{part.buffer}[%c{part.first}] [{part.count}] [1] : {of} to {type}")
        return name, type

    def far(self, first: int, count: int) -> tuple[str, str]:
        at, name = self.name(), self.name()
        type = f"memref<{count}xf32, strided<[1], offset: ?>, #simd.space<gdram>>"
        self.lines.append(f"{at} = arith.addi %base, %c{first} : index")
        self.lines.append(
            f"{name} = memref.subview %x[{at}] [{count}] [1] : memref<64xf32, #simd.space<gdram>> to {type}"
        )
        return name, type


def _type(buffer: str) -> str:
    return f"memref<{'' if buffer == 'r' else '8x'}f32, #simd.space<nram>>"


# Random ones


def _vector_part(count: int) -> st.SearchStrategy[Part]:
    # Mostly in place; now and then beyond the end or between two places.
    return st.builds(Part, st.sampled_from(EIGHT), st.sampled_from((0, 0, 0, 4, 4, 2, 8)), st.just(count))


def _moved_part() -> st.SearchStrategy[Part]:
    return st.builds(Part, st.sampled_from(EIGHT), st.sampled_from((0, 0, 1, 3, 5)), st.sampled_from((1, 3, 4, 5, 8)))


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """One step, its tokens chosen at random."""
    name = draw(st.sampled_from(("fill", "fill", "in", "in", "exp", "add", "sum", "out", "load", "wait")))
    after = tuple(draw(st.lists(st.integers(0, 3), max_size=2, unique=True)))
    if name == "wait":
        return Step(name, after=after)
    if name == "load":
        part = draw(
            st.one_of(st.just(Part("r", 0, 1)), st.builds(Part, st.sampled_from(EIGHT), st.integers(0, 7), st.just(1)))
        )
        return Step(name, (part,))
    is_async = draw(st.booleans())
    if name in ("in", "out"):
        part = draw(_moved_part())
        given = ((), part) if name == "in" else ((part,), None)
        return Step(name, *given, is_async=is_async, after=after)
    count = draw(st.sampled_from((4, 8)))
    arity = {"fill": 0, "exp": 1, "add": 2, "sum": 1}[name]
    inputs = tuple(draw(_vector_part(count)) for _ in range(arity))
    output = Part("r", 0, 1) if name == "sum" else draw(_vector_part(count))
    return Step(name, inputs, output, is_async, after)


def _distinct(program: Program) -> Program:
    """Every step an object of its own, so that it can be told where it stands."""
    return tuple(
        replace(s) if isinstance(s, Step) else Loop(s.trips, tuple(replace(one) for one in s.body)) for s in program
    )


def _filled() -> list[Step]:
    return [Step("fill", (), Part(name, 0, 8)) for name in EIGHT]


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Up to a dozen steps, some of them in a loop; often everything is defined in the beginning."""
    loops = st.builds(Loop, st.integers(0, 2), st.lists(steps(), min_size=1, max_size=4).map(tuple))
    body: list[Step | Loop] = draw(st.lists(st.one_of(steps(), steps(), loops), min_size=1, max_size=10))
    return _distinct((*(_filled() if draw(st.booleans()) else []), *body))


def all_steps(program: Program) -> Iterator[Step]:
    """The steps in the order of the text."""
    for step in program:
        yield from (step,) if isinstance(step, Step) else step.body
