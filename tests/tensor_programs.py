"""Random programs on tensors and memory, as they stand at the linalg stage: text and arguments.

Everything that decides about copies occurs: views of arguments that may overlap, loads as snapshots, slices put back or
moved, destinations that are read, values used after they were written over, loops that carry, swap and drop tensors,
branches. Numbers are small whole ones, so that every order of a sum is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

SIZE = 8
"""Elements of a whole tensor; of a part: half of it."""
MEMORY = 24
"""Elements of an argument."""
WHOLE, PART = f"tensor<{SIZE}xf32>", f"tensor<{SIZE // 2}xf32>"
ARGUMENTS = ("a", "b")
MAP = "affine_map<(d0) -> (d0)>"
BODIES = ("addf", "subf", "mulf", "maximumf")


@dataclass
class Scope:
    """The names that may be used, by type."""

    names: dict[str, list[str]]

    def inner(self) -> Scope:
        return Scope({type: list(names) for type, names in self.names.items()})


@dataclass
class Program:
    """A program that grows."""

    draw: st.DrawFn
    depth: int = 2
    lines: list[str] = field(default_factory=list[str])
    count: int = 0

    def new(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def number(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def one_of(self, choices: Sequence[str]) -> str:
        return self.draw(st.sampled_from(choices))

    def value(self, scope: Scope, type: str) -> str:
        return self.one_of(scope.names[type])

    def define(self, scope: Scope, type: str, text: str) -> str:
        name = self.new()
        self.lines.append(f"{name} = {text}")
        scope.names[type].append(name)
        return name

    def block(self, scope: Scope, depth: int, least: int, most: int) -> None:
        for _ in range(self.number(least, most)):
            kinds = KINDS if depth else [kind for kind in KINDS if kind not in ("loop", "while_loop", "branch")]
            getattr(self, self.one_of(kinds))(scope, depth)

    # --- memory --------------------------------------------------------------------------------------------------

    def view(self, size: int) -> tuple[str, str]:
        """A view of an argument: its name and type."""
        offset = self.number(0, MEMORY - size)
        type = f"memref<{size}xf32, strided<[1], offset: {offset}>>"
        name = self.new()
        self.lines.append(
            f"{name} = memref.reinterpret_cast %{self.one_of(ARGUMENTS)} to offset: [{offset}], sizes: [{size}], "
            f"strides: [1] : memref<?xf32> to {type}"
        )
        return name, type

    def ragged_view(self) -> tuple[str, str, str]:
        """A view whose size is known only at run time: its name, its type and its size."""
        offset, size = self.number(0, MEMORY - SIZE), self.one_of(["%n", "%m"])
        type = f"memref<?xf32, strided<[1], offset: {offset}>>"
        name = self.new()
        self.lines.append(
            f"{name} = memref.reinterpret_cast %{self.one_of(ARGUMENTS)} to offset: [{offset}], sizes: [{size}], "
            f"strides: [1] : memref<?xf32> to {type}"
        )
        return name, type, size

    def load(self, scope: Scope, depth: int) -> None:
        type = self.one_of([WHOLE, PART])
        view, memory = self.view(SIZE if type == WHOLE else SIZE // 2)
        self.define(scope, type, f"bufferization.to_tensor {view} restrict : {memory} to {type}")

    def ragged_load(self, scope: Scope, depth: int) -> None:
        view, memory, size = self.ragged_view()
        name = self.new()
        self.lines.append(f"{name} = bufferization.to_tensor {view} restrict : {memory} to tensor<?xf32>")
        if depth and self.number(0, 1):
            self.block(scope, 0, 1, 2)
        into = self.value(scope, WHOLE)
        text = f"tensor.insert_slice {name} into {into}[0] [{size}] [1] : tensor<?xf32> into {WHOLE}"
        self.define(scope, WHOLE, text)

    def store(self, scope: Scope, depth: int) -> None:
        type = self.one_of([WHOLE, PART])
        view, memory = self.view(SIZE if type == WHOLE else SIZE // 2)
        value = self.value(scope, type)
        self.lines.append(
            f"bufferization.materialize_in_destination {value} in writable {view} : ({type}, {memory}) -> ()"
        )

    def ragged_store(self, scope: Scope, depth: int) -> None:
        view, memory, size = self.ragged_view()
        part = self.new()
        source = self.value(scope, WHOLE)
        self.lines.append(f"{part} = tensor.extract_slice {source}[0] [{size}] [1] : {WHOLE} to tensor<?xf32>")
        self.lines.append(
            f"bufferization.materialize_in_destination {part} in writable {view} : (tensor<?xf32>, {memory}) -> ()"
        )

    # --- tensors -------------------------------------------------------------------------------------------------

    def fill(self, scope: Scope, depth: int) -> None:
        type = self.one_of([WHOLE, PART])
        scalar = self.value(scope, "f32")
        into = self.value(scope, type) if self.number(0, 1) else self.empty(type)
        self.define(scope, type, f"linalg.fill ins({scalar} : f32) outs({into} : {type}) -> {type}")

    def empty(self, type: str) -> str:
        name = self.new()
        self.lines.append(f"{name} = tensor.empty() : {type}")
        return name

    def compute(self, scope: Scope, depth: int) -> None:
        type = self.one_of([WHOLE, PART])
        inputs = [self.value(scope, type), self.value(scope, type), self.value(scope, "f32")]
        reads = bool(self.number(0, 1))
        into = self.value(scope, type) if reads or self.number(0, 1) else self.empty(type)
        ops = [self.one_of(BODIES) for _ in range(self.number(1, 3))]
        known = ["%x", "%y", "%s", *(["%o"] if reads else [])]
        body: list[str] = []
        for index, op in enumerate(ops):
            body.append(f"%t{index} = arith.{op} {self.one_of(known)}, {self.one_of(known)} : f32")
            known.append(f"%t{index}")
        maps = f"{MAP}, {MAP}, affine_map<(d0) -> ()>, {MAP}"
        text = [
            f'linalg.generic {{indexing_maps = [{maps}], iterator_types = ["parallel"]}}',
            f"ins({', '.join(inputs)} : {type}, {type}, f32) outs({into} : {type}) {{",
            "^bb0(%x: f32, %y: f32, %s: f32, %o: f32):",
            *body,
            f"linalg.yield {known[-1]} : f32\n}} -> {type}",
        ]
        self.define(scope, type, "\n".join(text))

    def extract_slice(self, scope: Scope, depth: int) -> None:
        source, offset = self.value(scope, WHOLE), self.number(0, SIZE // 2)
        bounds = f"[{offset}] [{SIZE // 2}] [1]"
        self.define(scope, PART, f"tensor.extract_slice {source}{bounds} : {WHOLE} to {PART}")

    def insert_slice(self, scope: Scope, depth: int) -> None:
        part, whole, offset = self.value(scope, PART), self.value(scope, WHOLE), self.number(0, SIZE // 2)
        bounds = f"[{offset}] [{SIZE // 2}] [1]"
        self.define(scope, WHOLE, f"tensor.insert_slice {part} into {whole}{bounds} : {PART} into {WHOLE}")

    def work_on_slice(self, scope: Scope, depth: int) -> None:
        """A slice is taken out, computed on in place, and put back."""
        whole, offset = self.value(scope, WHOLE), self.number(0, SIZE // 2)
        bounds = f"[{offset}] [{SIZE // 2}] [1]"
        part = self.define(scope, PART, f"tensor.extract_slice {whole}{bounds} : {WHOLE} to {PART}")
        scalar = self.value(scope, "f32")
        new = self.define(scope, PART, f"linalg.fill ins({scalar} : f32) outs({part} : {PART}) -> {PART}")
        self.define(scope, WHOLE, f"tensor.insert_slice {new} into {whole}{bounds} : {PART} into {WHOLE}")

    def element(self, scope: Scope, depth: int) -> None:
        if self.number(0, 1):
            self.define(scope, "f32", f"tensor.extract {self.value(scope, WHOLE)}[%c3] : {WHOLE}")
        else:
            scalar, into = self.value(scope, "f32"), self.value(scope, WHOLE)
            self.define(scope, WHOLE, f"tensor.insert {scalar} into {into}[%c3] : {WHOLE}")

    def reduce(self, scope: Scope, depth: int) -> None:
        empty = self.new()
        self.lines.append(f"{empty} = tensor.empty() : tensor<f32>")
        start, sum = self.new(), self.new()
        scalar = self.value(scope, "f32")
        self.lines.append(f"{start} = linalg.fill ins({scalar} : f32) outs({empty} : tensor<f32>) -> tensor<f32>")
        self.lines.append(
            f"{sum} = linalg.reduce {{ arith.maximumf }} ins({self.value(scope, WHOLE)} : {WHOLE}) "
            f"outs({start} : tensor<f32>) dimensions = [0]"
        )
        self.define(scope, "f32", f"tensor.extract {sum}[] : tensor<f32>")

    # --- control flow --------------------------------------------------------------------------------------------

    def loop(self, scope: Scope, depth: int) -> None:
        types = [self.one_of([WHOLE, PART]) for _ in range(self.number(1, 3))]
        inits = [self.value(scope, type) for type in types]
        names, results = [self.new() for _ in types], [self.new() for _ in types]
        inner = scope.inner()
        for name, type in zip(names, types, strict=True):
            inner.names[type].append(name)
        carried = ", ".join(f"{name} = {init}" for name, init in zip(names, inits, strict=True))
        self.lines.append(
            f"{', '.join(results)} = scf.for %i{self.count} = %c0 to {self.one_of(['%n', '%m', '%c3'])} step %c3 "
            f"iter_args({carried}) -> ({', '.join(types)}) {{"
        )
        self.block(inner, depth - 1, 1, 4)
        # The last values are the likeliest to be yielded, and those that are carried (swapped or kept) the next.
        carried_by_type = {type: [n for n, t in zip(names, types, strict=True) if t == type] for type in types}
        yields = [self.one_of(inner.names[type][-3:] + carried_by_type[type]) for type in types]
        self.lines.append(f"scf.yield {', '.join(yields)} : {', '.join(types)}\n}}")
        for result, type in zip(results, types, strict=True):
            scope.names[type].append(result)

    def while_loop(self, scope: Scope, depth: int) -> None:
        """A counter and tensors; the first region may compute, and hands on other tensors than it takes."""
        types = [self.one_of([WHOLE, PART]) for _ in range(self.number(1, 3))]
        handed = [self.one_of([WHOLE, PART]) for _ in range(self.number(1, 3))]
        inits = [self.value(scope, type) for type in types]
        i, k, c = self.new(), self.new(), self.new()
        names, others, results = ([self.new() for _ in group] for group in (types, handed, handed))
        carried = ", ".join(f"{name} = {init}" for name, init in zip([i, *names], ["%c0", *inits], strict=True))
        self.lines.append(
            f"{', '.join([self.new(), *results])} = scf.while ({carried}) : "
            f"({', '.join(['index', *types])}) -> ({', '.join(['index', *handed])}) {{"
        )
        before, after = scope.inner(), scope.inner()
        for name, type in zip(names, types, strict=True):
            before.names[type].append(name)
        self.block(before, depth - 1, 0, 2)
        self.lines.append(f"{c} = arith.cmpi slt, {i}, {self.one_of(['%n', '%m', '%c3'])} : index")
        passed = [self.one_of(before.names[type][-3:]) for type in handed]
        self.lines.append(f"scf.condition({c}) {', '.join([i, *passed])} : {', '.join(['index', *handed])}\n}} do {{")
        arguments = [f"{name}: {type}" for name, type in zip([k, *others], ["index", *handed], strict=True)]
        self.lines.append(f"^bb0({', '.join(arguments)}):")
        for name, type in zip(others, handed, strict=True):
            after.names[type].append(name)
        self.block(after, depth - 1, 0, 3)
        next = self.new()
        self.lines.append(f"{next} = arith.addi {k}, %c3 : index")
        yields = [self.one_of(after.names[type][-4:]) for type in types]
        self.lines.append(f"scf.yield {', '.join([next, *yields])} : {', '.join(['index', *types])}\n}}")
        for result, type in zip(results, handed, strict=True):
            scope.names[type].append(result)

    def branch(self, scope: Scope, depth: int) -> None:
        types = [self.one_of([WHOLE, PART]) for _ in range(self.number(1, 2))]
        results = [self.new() for _ in types]
        self.lines.append(f"{', '.join(results)} = scf.if %c -> ({', '.join(types)}) {{")
        for end in ("} else {", "}"):
            inner = scope.inner()
            self.block(inner, depth - 1, 0, 3)
            yields = [self.one_of(inner.names[type][-4:]) for type in types]
            self.lines.append(f"scf.yield {', '.join(yields)} : {', '.join(types)}\n{end}")
        for result, type in zip(results, types, strict=True):
            scope.names[type].append(result)


KINDS = [
    *("load", "ragged_load", "store", "ragged_store", "fill", "compute", "compute", "extract_slice", "insert_slice"),
    *("work_on_slice", "element", "reduce", "loop", "while_loop", "branch"),
]


@st.composite
def programs(draw: st.DrawFn, most: int = 12) -> str:
    """A module with a function `f(a, b: memref<?xf32>, n, m: index, c: i1)`; its last act stores what it computed."""
    program = Program(draw)
    scope = Scope({WHOLE: [], PART: [], "f32": ["%one", "%two"]})
    program.load(scope, 0)
    for type in (WHOLE, PART):
        view, memory = program.view(SIZE if type == WHOLE else SIZE // 2)
        program.define(scope, type, f"bufferization.to_tensor {view} restrict : {memory} to {type}")
    program.block(scope, program.depth, 2, most)
    for _ in range(2):
        program.store(scope, 0)
    abi = ", ".join(
        f'{{name = "{name}", kind = "{kind}", type = {type}}}'
        for name, kind, type in (
            *((name, "pointer", "f32") for name in ARGUMENTS),
            *(("n", "scalar", "index"), ("m", "scalar", "index"), ("c", "scalar", "i1")),
        )
    )
    body = "\n".join(program.lines)
    return (
        "func.func @f(%a: memref<?xf32>, %b: memref<?xf32>, %n: index, %m: index, %c: i1, "
        "%gx: index, %gy: index, %gz: index) "
        f"attributes {{ml.abi = [{abi}]}} {{\n"
        "%c0 = arith.constant 0 : index\n%c3 = arith.constant 3 : index\n"
        "%one = arith.constant 1.0 : f32\n%two = arith.constant 2.0 : f32\n"
        f"{body}\nreturn\n}}"
    )


def memory(overlap: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The arrays a and b; with `overlap`, b begins so many elements into a."""
    whole = np.arange(2 * MEMORY, dtype=np.float32) % 7 - 3
    start = MEMORY if overlap is None else overlap
    return whole[:MEMORY], whole[start : start + MEMORY]
