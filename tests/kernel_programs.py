"""Random tt kernels, for the engine against the slow interpreter: every form of value, through memory and control flow.

A program reads the inputs anywhere and writes only a part of the outputs that is its own, so programs do not race. What
it computes with integers is exact, and floats are only moved, added, multiplied and rounded: every bit is known. Some
programs let an undefined lane decide something; then both interpreters have to say so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from hypothesis import strategies as st

INPUTS = 64
"""Elements of each input."""
PART = 64
"""Elements of each output that belong to one program."""
HEADER = (
    "%x: !tt.ptr<f32>, %h: !tt.ptr<f16>, %i: !tt.ptr<i32>, %ox: !tt.ptr<f32>, %oh: !tt.ptr<f16>, %oi: !tt.ptr<i32>, "
    "%n: i32, %flag: i1"
)
ELEMENTS = {"x": "f32", "h": "f16", "i": "i32", "ox": "f32", "oh": "f16", "oi": "i32"}
SHAPES = ((8,), (4, 8))
PREDICATES = ("slt", "sle", "sgt", "sge", "eq", "ne", "ult", "uge")


def tensor(shape: tuple[int, ...], element: str) -> str:
    return f"tensor<{''.join(f'{n}x' for n in shape)}{element}>" if shape else element


def pointer(element: str) -> str:
    return f"!tt.ptr<{element}>"


@dataclass
class Kernel:
    """A kernel in the making: its lines, and the values that may be used, by (shape, element)."""

    random: Random
    lines: list[str] = field(default_factory=list)
    values: dict[tuple[tuple[int, ...], str], list[str]] = field(default_factory=dict)
    count: int = 0
    depth: int = 0

    def op(self, text: str, shape: tuple[int, ...], element: str) -> str:
        name = f"%v{self.count}"
        self.count += 1
        self.lines.append(f"{name} = {text}")
        self.values.setdefault((shape, element), []).append(name)
        return name

    def pick(self, shape: tuple[int, ...], element: str) -> str:
        """A value of the type, often one of the last."""
        known = self.values.get((shape, element), [])
        if not known or self.random.random() < 0.05:
            return self.make(shape, element)
        return self.random.choice(known[-6:] if self.random.random() < 0.6 else known)

    def choose(self, *options: Any) -> Any:
        return self.random.choice(options)

    def constant(self, shape: tuple[int, ...], element: str, number: int) -> str:
        text = (
            ("true" if number else "false") if element == "i1" else f"{number}.0" if element[0] == "f" else str(number)
        )
        if shape:
            return self.op(f"arith.constant dense<{text}> : {tensor(shape, element)}", shape, element)
        typed = "" if element == "i1" else f" : {element}"
        return self.op(f"arith.constant {text}{typed}", shape, element)

    def make(self, shape: tuple[int, ...], element: str) -> str:
        """A new value of the type, from few others."""
        how = self.choose("constant", "splat", "index") if shape else "constant"
        if element == "i1" and shape:
            return self.compare(shape)
        if how == "constant" or (how == "index" and element != "i32"):
            if element == "i32" and self.random.random() < 0.06:
                return self.constant(shape, element, self.choose(-(1 << 31), (1 << 31) - 1, 1 << 30, 1 << 16))
            return self.constant(shape, element, self.random.randint(0 if element == "i1" else -9, 40))
        if how == "splat":
            return self.splat(self.pick((), element), shape, element)
        return self.index(shape)

    def splat(self, scalar: str, shape: tuple[int, ...], element: str) -> str:
        return self.op(f"tt.splat {scalar} : {element} -> {tensor(shape, element)}", shape, element)

    def binary(self, name: str, a: str, b: str, shape: tuple[int, ...], element: str) -> str:
        return self.op(f"{name} {a}, {b} : {tensor(shape, element)}", shape, element)

    def compare(self, shape: tuple[int, ...]) -> str:
        a, b = self.pick(shape, "i32"), self.pick(shape, "i32")
        return self.op(f"arith.cmpi {self.choose(*PREDICATES)}, {a}, {b} : {tensor(shape, 'i32')}", shape, "i1")

    def ramp(self, size: int) -> str:
        return self.op(f"tt.make_range {{end = {size} : i32, start = 0 : i32}} : tensor<{size}xi32>", (size,), "i32")

    def scaled(self, value: str, shape: tuple[int, ...], by: int) -> str:
        return self.binary("arith.muli", value, self.constant(shape, "i32", by), shape, "i32")

    def lattice(self, shape: tuple[int, ...], strides: tuple[int, ...]) -> str:
        """The sum of a ramp times a stride along each dimension."""
        if len(shape) == 1:
            return self.scaled(self.ramp(shape[0]), shape, strides[0])
        sides: list[str] = []
        for dim, size in enumerate(shape):
            line = self.scaled(self.ramp(size), (size,), strides[dim])
            thin = tuple(n if d == dim else 1 for d, n in enumerate(shape))
            wide = self.op(
                f"tt.expand_dims {line} {{axis = {1 - dim} : i32}} : tensor<{size}xi32> -> {tensor(thin, 'i32')}",
                thin,
                "i32",
            )
            sides.append(
                self.op(f"tt.broadcast {wide} : {tensor(thin, 'i32')} -> {tensor(shape, 'i32')}", shape, "i32")
            )
        return self.binary("arith.addi", *sides, shape, "i32")

    def index(self, shape: tuple[int, ...]) -> str:
        """A lattice with any strides, moved by a scalar."""
        strides = tuple(self.random.randint(-4, 9) for _ in shape)
        moved = self.splat(self.pick((), "i32"), shape, "i32")
        return self.binary("arith.addi", self.lattice(shape, strides), moved, shape, "i32")

    # Statements

    def arithmetic(self) -> None:
        shape = self.choose((), *SHAPES)
        name = self.choose(
            "addi", "addi", "subi", "muli", "andi", "ori", "xori", "maxsi", "minsi", "divsi", "remsi", "remui"
        )
        a = self.pick(shape, "i32")
        b = (
            self.constant(shape, "i32", self.random.randint(1, 12))
            if name in ("divsi", "remsi", "remui")
            else self.pick(shape, "i32")
        )
        self.binary(f"arith.{name}", a, b, shape, "i32")

    def floats(self) -> None:
        shape, element = self.choose((), *SHAPES), self.choose("f32", "f16")
        name = self.choose("addf", "subf", "mulf", "maximumf")
        self.binary(f"arith.{name}", self.pick(shape, element), self.pick(shape, element), shape, element)

    def convert(self) -> None:
        shape = self.choose((), *SHAPES)
        how = self.choose(
            ("sitofp", "i32", "f32"), ("truncf", "f32", "f16"), ("extf", "f16", "f32"), ("extui", "i1", "i32")
        )
        name, source, target = how
        text = f"arith.{name} {self.pick(shape, source)} : {tensor(shape, source)} to {tensor(shape, target)}"
        self.op(text, shape, target)

    def comparison(self) -> None:
        self.compare(self.choose((), *SHAPES))

    def logic(self) -> None:
        shape = self.choose((), *SHAPES)
        name = self.choose("andi", "andi", "ori", "xori")
        self.binary(f"arith.{name}", self.pick(shape, "i1"), self.pick(shape, "i1"), shape, "i1")

    def select(self) -> None:
        shape, element = self.choose((), *SHAPES), self.choose("i32", "f32", "f16", "i1")
        a, b, type_ = self.pick(shape, element), self.pick(shape, element), tensor(shape, element)
        if shape and self.random.random() < 0.5:
            self.op(f"arith.select {self.pick(shape, 'i1')}, {a}, {b} : {tensor(shape, 'i1')}, {type_}", shape, element)
        else:
            self.op(f"arith.select {self.pick((), 'i1')}, {a}, {b} : {type_}", shape, element)

    def pointers(self, base: str, index: str, shape: tuple[int, ...], element: str) -> tuple[str, str]:
        """Pointers from the argument, or for an output from the part of it that is the program's own."""
        scalar = f"%part_{base}" if base.startswith("o") else f"%{base}"
        type_, counts = tensor(shape, pointer(element)), tensor(shape, "i32")
        if self.random.random() < 0.2:
            counts = tensor(shape, "i64")
            index = self.op(f"arith.extsi {index} : {tensor(shape, 'i32')} to {counts}", shape, "i64")
        if shape:
            scalar = self.op(f"tt.splat {scalar} : {pointer(element)} -> {type_}", shape, f"*{element}")
        return self.op(f"tt.addptr {scalar}, {index} : {type_}, {counts}", shape, f"*{element}"), type_

    def inside(self, index: str, shape: tuple[int, ...], size: int) -> str:
        """The mask 0 <= index < size."""
        type_ = tensor(shape, "i32")
        low = self.op(f"arith.cmpi sge, {index}, {self.constant(shape, 'i32', 0)} : {type_}", shape, "i1")
        high = self.op(f"arith.cmpi slt, {index}, {self.constant(shape, 'i32', size)} : {type_}", shape, "i1")
        return self.binary("arith.andi", low, high, shape, "i1")

    def load(self) -> None:
        """From an input or from what the program wrote; out of range only where the mask says so."""
        shape, base = self.choose((), *SHAPES, *SHAPES), self.choose(*ELEMENTS)
        element, index = ELEMENTS[base], self.pick(shape, "i32")
        size = PART if base.startswith("o") else INPUTS
        how = self.choose("wrapped", "masked", "masked", "other")
        mask = ""
        if how == "wrapped":
            index = self.binary("arith.andi", index, self.constant(shape, "i32", size - 1), shape, "i32")
            if self.random.random() < 0.5:
                mask = f", {self.pick(shape, 'i1')}"
        else:
            valid = self.inside(index, shape, size)
            if self.random.random() < 0.5:
                valid = self.binary("arith.andi", valid, self.pick(shape, "i1"), shape, "i1")
            mask = f", {valid}"
        if mask and (how == "other" or self.random.randint(0, 3)):
            mask += f", {self.pick(shape, element)}"
        where, type_ = self.pointers(base, index, shape, element)
        self.op(f"tt.load {where}{mask} : {type_}", shape, element)

    def store(self) -> None:
        """To the program's own part, each lane to an address of its own."""
        shape, base = self.choose((), *SHAPES), self.choose("ox", "oh", "oi")
        element = ELEMENTS[base]
        strides = {(): ((),), (8,): ((1,), (-1,), (3,), (7,)), (4, 8): ((8, 1), (-8, 1), (1, 4), (16, -2), (9, 1))}
        chosen = self.choose(*strides[shape])
        moved = self.pick((), "i32")
        if shape:
            index = self.binary(
                "arith.addi", self.lattice(shape, chosen), self.splat(moved, shape, "i32"), shape, "i32"
            )
        else:
            index = moved
        value = self.pick(shape, element)
        mask = self.inside(index, shape, PART)
        if self.random.random() < 0.5:
            mask = self.binary("arith.andi", mask, self.pick(shape, "i1"), shape, "i1")
        where, type_ = self.pointers(base, index, shape, element)
        self.lines.append(f"tt.store {where}, {value}, {mask} : {type_}")

    def atomic(self) -> None:
        """At places of the program's own, several lanes at one."""
        shape = self.choose(*SHAPES)
        index = self.binary("arith.andi", self.pick(shape, "i32"), self.constant(shape, "i32", 15), shape, "i32")
        where, type_ = self.pointers("oi", index, shape, "i32")
        numbers, bits = tensor(shape, "i32"), tensor(shape, "i1")
        value, mask = self.pick(shape, "i32"), self.pick(shape, "i1")
        kind = self.choose("add", "max", "exch", "xor")
        self.op(
            f"tt.atomic_rmw {kind}, acq_rel, gpu, {where}, {value}, {mask} : ({type_}, {numbers}, {bits}) -> {numbers}",
            shape,
            "i32",
        )

    def reduce(self) -> None:
        shape = self.choose(*SHAPES)
        axis = self.choose(*range(len(shape)))
        left = tuple(n for d, n in enumerate(shape) if d != axis)
        name = self.choose("addi", "maxsi", "xori", "andi")
        source = tensor(shape, "i32")
        text = (
            f'"tt.reduce"({self.pick(shape, "i32")}) <{{axis = {axis} : i32}}> ({{\n^bb0(%l: i32, %r: i32):\n'
            f"%c = arith.{name} %l, %r : i32\ntt.reduce.return %c : i32\n}}) : ({source}) -> {tensor(left, 'i32')}"
        )
        self.op(text, left, "i32")
        if left == (4,):
            back = f"tt.expand_dims %v{self.count - 1} {{axis = 1 : i32}} : tensor<4xi32> -> tensor<4x1xi32>"
            self.op(f"tt.broadcast {self.op(back, (4, 1), 'i32')} : tensor<4x1xi32> -> {source}", shape, "i32")

    def scan(self) -> None:
        shape = self.choose(*SHAPES)
        axis, reverse = self.choose(*range(len(shape))), self.choose("true", "false")
        type_ = tensor(shape, "i32")
        text = (
            f'"tt.scan"({self.pick(shape, "i32")}) <{{axis = {axis} : i32, reverse = {reverse}}}> ({{\n'
            f"^bb0(%l: i32, %r: i32):\n%c = arith.addi %l, %r : i32\n"
            f"tt.scan.return %c : i32\n}}) : ({type_}) -> {type_}"
        )
        self.op(text, shape, "i32")

    def turn(self) -> None:
        element = self.choose("i32", "f32", "i1")
        source, turned = tensor((4, 8), element), tensor((8, 4), element)
        text = f"tt.trans {self.pick((4, 8), element)} {{order = array<i32: 1, 0>}} : {source} -> {turned}"
        self.op(f"tt.reshape {self.op(text, (8, 4), element)} : {turned} -> {source}", (4, 8), element)

    def gather(self) -> None:
        index = self.binary("arith.andi", self.pick((8,), "i32"), self.constant((8,), "i32", 7), (8,), "i32")
        element = self.choose("i32", "f32")
        source = tensor((8,), element)
        text = (
            f"tt.gather {self.pick((8,), element)}[{index}] {{axis = 0 : i32}} : ({source}, tensor<8xi32>) -> {source}"
        )
        self.op(text, (8,), element)

    # Control flow

    def carried(self) -> list[tuple[tuple[int, ...], str]]:
        """The types that a loop carries or a branch gives."""
        kinds = [(s, e) for s in ((), *SHAPES) for e in ("i32", "f32", "i1", "f16")]
        pointers_ = [((8,), "*f32"), ((4, 8), "*i32"), ((), "*i32")]
        return self.random.choices([*kinds, ((), "i32"), *pointers_], k=self.random.randint(0, 4))

    def picked(self, shape: tuple[int, ...], element: str) -> str:
        """A value to carry; a pointer is one into an input."""
        if element[0] != "*":
            return self.pick(shape, element)
        known = self.values.get((shape, f"!{element}"), [])
        if known and self.random.random() < 0.5:
            return known[-1]
        base = "x" if element == "*f32" else "i"
        scalar = f"%{base}"
        type_ = tensor(shape, pointer(element[1:]))
        if shape:
            scalar = self.op(f"tt.splat {scalar} : {pointer(element[1:])} -> {type_}", shape, element)
        index = self.pick(shape, "i32")
        index = self.binary("arith.andi", index, self.constant(shape, "i32", 31), shape, "i32")
        return self.op(f"tt.addptr {scalar}, {index} : {type_}, {tensor(shape, 'i32')}", shape, f"!{element}")

    def follow(self) -> None:
        """Loads through a pointer that is carried or was made for that: it is in the first half of an input."""
        shape, element = self.choose(((8,), "*f32"), ((4, 8), "*i32"), ((), "*i32"))
        where = self.picked(shape, element)
        self.op(f"tt.load {where} : {tensor(shape, pointer(element[1:]))}", shape, element[1:])

    def region(self, types: list[Any], arguments: list[tuple[str, Any]], end: str) -> list[str]:
        """The lines of a region with block arguments; `end` takes what it hands on, of `types`."""
        outer, saved = self.lines, {k: list(v) for k, v in self.values.items()}
        self.lines, self.depth = [], self.depth + 1
        for name, (shape, element) in arguments:
            key = (shape, f"!{element}" if element[0] == "*" else element)
            self.values.setdefault(key, []).append(name)
        for _ in range(self.random.randint(0, 4)):
            self.statement()
        handed = [self.picked(*t) for t in types]
        self.lines.append(
            end.format(", ".join(handed), ", ".join(spelled(t) for t in types)) if types else end.split(" {")[0]
        )
        lines, self.lines, self.values, self.depth = self.lines, outer, saved, self.depth - 1
        return lines

    def results(self, types: list[Any]) -> str:
        """`%v3:2 = ` for as many results; each gets a name of its own to be picked by."""
        if not types:
            return ""
        name = f"%v{self.count}"
        self.count += 1
        for k, (shape, element) in enumerate(types):
            key = (shape, f"!{element}" if element[0] == "*" else element)
            self.values.setdefault(key, []).append(f"{name}#{k}" if len(types) > 1 else name)
        return f"{name}{f':{len(types)}' if len(types) > 1 else ''} = "

    def branch(self) -> None:
        types, condition = self.carried(), self.pick((), "i1")
        sides = [self.region(types, [], "scf.yield {} : {}") for _ in range(2)]
        arrow = f" -> ({', '.join(spelled(t) for t in types)})" if types else ""
        left = self.results(types)
        self.lines += [f"{left}scf.if {condition}{arrow} {{", *sides[0], "} else {", *sides[1], "}"]

    def loop(self) -> None:
        types = self.carried()
        inits = [self.picked(*t) for t in types]
        bounds: list[str] = []
        for limit in (4, 8):
            number = self.pick((), "i32")
            bounds.append(self.binary("arith.andi", number, self.constant((), "i32", limit - 1), (), "i32"))
        step = self.constant((), "i32", self.random.randint(1, 3))
        counter = f"%v{self.count}"
        names = [f"%v{self.count + 1 + k}" for k in range(len(types))]
        self.count += 1 + len(types)
        arguments = [(counter, ((), "i32")), *zip(names, types, strict=True)]
        body = self.region(types, arguments, "scf.yield {} : {}")
        carried = ""
        if types:
            pairs = ", ".join(f"{n} = {i}" for n, i in zip(names, inits, strict=True))
            carried = f" iter_args({pairs}) -> ({', '.join(spelled(t) for t in types)})"
        left = self.results(types)
        head = f"{left}scf.for {counter} = {bounds[0]} to {bounds[1]} step {step}{carried} : i32 {{"
        self.lines += [head, *body, "}"]

    def while_loop(self) -> None:
        """Counts down from a small number, and may end before."""
        types = [((), "i32"), *self.carried()]
        start = self.binary("arith.andi", self.pick((), "i32"), self.constant((), "i32", 3), (), "i32")
        inits = [start, *(self.picked(*t) for t in types[1:])]
        before, after = ([f"%v{self.count + k + side * len(types)}" for k in range(len(types))] for side in (0, 1))
        self.count += 2 * len(types)
        spelled_types = ", ".join(spelled(t) for t in types)
        first = self.region([], list(zip(before, types, strict=True)), "")
        zero, more, go = (f"%v{self.count + k}" for k in range(3))
        self.count += 3
        extra = self.pick((), "i1")
        first[-1:] = [
            f"{zero} = arith.constant 0 : i32",
            f"{more} = arith.cmpi sgt, {before[0]}, {zero} : i32",
            f"{go} = arith.andi {more}, {extra} : i1",
            f"scf.condition({go}) {', '.join(before)} : {spelled_types}",
        ]
        one, less = (f"%v{self.count + k}" for k in range(2))
        self.count += 2
        second = self.region(types[1:], list(zip(after, types, strict=True))[1:], "scf.yield {} : {}")
        handed = second.pop()
        rest = handed.removeprefix("scf.yield").split(" : ")[0].strip()
        second += [
            f"{one} = arith.constant 1 : i32",
            f"{less} = arith.subi {after[0]}, {one} : i32",
            f"scf.yield {', '.join(filter(None, [less, rest]))} : {spelled_types}",
        ]
        pairs = ", ".join(f"{n} = {i}" for n, i in zip(before, inits, strict=True))
        left = self.results(types)
        head = f"{left}scf.while ({pairs}) : ({spelled_types}) -> ({spelled_types}) {{"
        block = ", ".join(f"{n}: {spelled(t)}" for n, t in zip(after, types, strict=True))
        self.lines += [head, *first, "} do {", f"^bb0({block}):", *second, "}"]

    def statement(self) -> None:
        simple = [
            *[self.arithmetic] * 3,
            *[self.comparison] * 2,
            *[self.load] * 5,
            *[self.store] * 3,
            *[self.floats] * 5,
            self.convert,
            self.logic,
            self.select,
            self.atomic,
            self.reduce,
            self.scan,
            self.turn,
            self.gather,
            self.follow,
        ]
        nested = [self.branch, self.loop, self.loop, self.while_loop] if self.depth < 2 else []
        self.random.choice([*simple, *nested])()


def spelled(kind: tuple[tuple[int, ...], str]) -> str:
    shape, element = kind
    return tensor(shape, pointer(element[1:]) if element[0] == "*" else element)


def kernel_text(random: Random) -> str:
    """The text of a kernel. It ends with storing some of what it has computed."""
    k = Kernel(random)
    for axis in "xy":
        k.op(f"tt.get_program_id {axis} : i32", (), "i32")
    width = k.op("tt.get_num_programs x : i32", (), "i32")
    row = k.op(f"arith.muli %v1, {width} : i32", (), "i32")
    linear = k.op(f"arith.addi {row}, %v0 : i32", (), "i32")
    part = k.op(f"arith.muli {linear}, {k.constant((), 'i32', PART)} : i32", (), "i32")
    for name in ("ox", "oh", "oi"):
        k.lines.append(f"%part_{name} = tt.addptr %{name}, {part} : {pointer(ELEMENTS[name])}, i32")
    k.values[((), "i32")] = ["%v0", "%v1", linear, "%n", "%n"]
    k.values[((), "i1")] = ["%flag"]
    for number in (1, 2):
        few = k.constant((), "i32", number)
        k.op(f"arith.cmpi {random.choice(PREDICATES)}, {linear}, {few} : i32", (), "i1")
    for _ in range(random.randint(1, 16)):
        k.statement()
    for _ in range(random.randint(1, 3)):
        k.store()
    return f"tt.func public @k({HEADER}) {{\n" + "\n".join([*k.lines, "tt.return"]) + "\n}"


def kernels() -> st.SearchStrategy[str]:
    """Random kernels; smaller ones where one fails."""
    return st.randoms(use_true_random=False).map(kernel_text)


def arguments(random: Random, programs: int) -> list[Any]:
    """Arguments for a grid of so many programs."""
    numbers = np.random.default_rng(random.randint(0, 5))
    floats = numbers.integers(-8, 9, INPUTS).astype(np.float32)
    floats[::7] = np.array([np.nan, np.inf, -np.inf, -0.0, 0.5, 70000.0, 1e-8, -3.5, 2.0, 1.0], np.float32)
    whole = numbers.integers(-40, 80, INPUTS).astype(np.int32)
    size = PART * programs
    outputs = [numbers.integers(-9, 9, size).astype(t) for t in (np.float32, np.float16, np.int32)]
    with np.errstate(over="ignore"):
        narrow = floats.astype(np.float16)
    return [floats, narrow, whole, *outputs, random.randint(-3, 20), random.random() < 0.5]
