"""Random tt kernels that have a way down the whole road: blocks with strides, masks that are intervals, arithmetic over
every type, loops and branches that differ between programs.

A kernel gets, for each type that it draws, an input and an output, and may write only the part of an output that is its
program's own. It reads an input anywhere; when input and output may share memory, only its own part of both. Undefined
elements are computed with, and mostly replaced before they are stored: what is stored all the same is the program's
error, which every stage has to find.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import ml_dtypes
import numpy as np

PART = 256
"""Elements of each array that belong to one program."""
DTYPES: dict[str, Any] = {
    "f16": np.float16,
    "bf16": ml_dtypes.bfloat16,
    "f32": np.float32,
    "f64": np.float64,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
}
"""What memory holds. Values may be of i1 too."""
SHAPES = ((16,), (4,), (4, 8), (8, 4), (2, 4), (1, 8))
INTEGER_OPS = (
    "addi",
    "subi",
    "muli",
    "andi",
    "ori",
    "xori",
    "maxsi",
    "minsi",
    "maxui",
    "minui",
    "divsi",
    "remsi",
    "divui",
    "remui",
    "shift",
)
FLOAT_OPS = ("addf", "subf", "mulf", "divf", "addf", "mulf", "maximumf", "minimumf", "maxnumf", "minnumf")
CMPI = ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge")
CMPF = ("oeq", "ogt", "oge", "olt", "ole", "one", "ord", "ueq", "ugt", "uge", "ult", "ule", "une", "uno")
FUNCTIONS = (
    "arith.negf",
    "math.absf",
    "math.floor",
    "math.ceil",
    "math.exp",
    "math.exp2",
    "math.sqrt",
    "math.fma",
    "math.log",
    "math.sin",
    "math.rsqrt",
)
Shape = tuple[int, ...]
Kind = tuple[Shape, str]


def spelled(shape: Shape, element: str) -> str:
    return f"tensor<{''.join(f'{n}x' for n in shape)}{element}>" if shape else element


@dataclass
class Program:
    """A kernel in the making: its lines, and the values in scope by type."""

    random: Random
    types: tuple[str, ...]
    own_only: bool
    lines: list[str] = field(default_factory=list[str])
    values: dict[Kind, list[str]] = field(default_factory=dict[Kind, list[str]])
    count: int = 0
    depth: int = 0

    # Values

    def name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def op(self, text: str, shape: Shape, element: str) -> str:
        name = self.name()
        self.lines.append(f"{name} = {text}")
        self.know(name, shape, element)
        return name

    def know(self, name: str, shape: Shape, element: str) -> None:
        self.values.setdefault((shape, element), []).append(name)

    def likely(self, chance: float) -> bool:
        return self.random.random() < chance

    def of(self, *options: Any) -> Any:
        return self.random.choice(options)

    def kind(self) -> Kind:
        return self.of((), *SHAPES[:2], *SHAPES), self.of(*self.types, *self.types, "i32", "i1")

    def constant(self, shape: Shape, element: str, number: float) -> str:
        if element == "i1":
            text = "true" if number else "false"
        elif element[0] == "i":
            bits = int(element[1:])
            text = str((int(number) + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1))
        else:
            text = f"{float(number):e}"
        value = f"dense<{text}>" if shape else text
        suffix = "" if element == "i1" and not shape else f" : {spelled(shape, element)}"
        return self.op(f"arith.constant {value}{suffix}", shape, element)

    def pick(self, shape: Shape, element: str) -> str:
        """A value of the type, often a new one of few others."""
        known = self.values.get((shape, element), [])
        if known and self.likely(0.85):
            return self.random.choice(known[-5:] if self.likely(0.6) else known)
        if shape and self.likely(0.6):
            return self.splat(self.pick((), element), shape, element)
        if shape and element in DTYPES and self.likely(0.8):
            return self.load(shape, element)
        special = (0, -1, 1 << 15, (1 << 31) - 1, -(1 << 31), 1 << 40) if element[0] == "i" else (0.0, -0.5, 3e4, 1e-7)
        return self.constant(shape, element, self.of(*special) if self.likely(0.2) else self.random.randint(-9, 20))

    def same(self, name: str, shape: Shape, element: str, *operands: str) -> str:
        """An operation whose operands and result have one type."""
        return self.op(f"{name} {', '.join(operands)} : {spelled(shape, element)}", shape, element)

    # Addresses and masks

    def lines_of(self, shape: Shape) -> tuple[list[str], list[str]]:
        """A coordinate along each dimension, a ramp that a scalar moves, and the masks that keep them in bounds.

        Coordinates are from 0 to 15, or up to 10 in two dimensions, or kept there by their masks.
        """
        lines, masks = list[str](), list[str]()
        for size in shape:
            most = 16 if len(shape) == 1 else 11
            line = self.op(
                f"tt.make_range {{end = {size} : i32, start = 0 : i32}} : tensor<{size}xi32>", (size,), "i32"
            )
            guarded = self.likely(0.4)
            if guarded or self.likely(0.4):
                moved = self.small() if guarded else self.constant((), "i32", self.random.randint(0, most - size))
                wide = self.splat(moved, (size,), "i32")
                line = self.same("arith.addi", (size,), "i32", *self.random.sample([line, wide], 2))
            if guarded:
                masks.append(self.within(line, (size,), self.constant((), "i32", 0), self.constant((), "i32", most)))
            if self.likely(0.25):
                masks.append(self.within(line, (size,), self.small(), self.small()))
            lines.append(line)
            masks[len(lines) - 1 :] = [self.all_of(masks[len(lines) - 1 :], (size,))]
        return lines, masks

    def all_of(self, masks: list[str], shape: Shape) -> str:
        """The conjunction of masks; "" for none."""
        total = ""
        for mask in masks:
            total = self.same("arith.andi", shape, "i1", *self.random.sample([total, mask], 2)) if total else mask
        return total

    def splat(self, scalar: str, shape: Shape, element: str) -> str:
        return self.op(f"tt.splat {scalar} : {element} -> {spelled(shape, element)}", shape, element)

    def spread(self, line: str, shape: Shape, dim: int, element: str) -> str:
        """A value along one dimension, repeated along the other."""
        if len(shape) == 1:
            return line
        thin = (shape[0], 1) if dim == 0 else (1, shape[1])
        text = f"tt.expand_dims {line} {{axis = {1 - dim} : i32}} : {spelled((shape[dim],), element)} -> "
        line = self.op(text + spelled(thin, element), thin, element)
        if thin == shape:
            return line
        return self.op(f"tt.broadcast {line} : {spelled(thin, element)} -> {spelled(shape, element)}", shape, element)

    def small(self) -> str:
        """A scalar: a number, or one that differs between programs."""
        if self.likely(0.4):
            return self.constant((), "i32", self.random.randint(-5, 20))
        if self.likely(0.1):
            return self.pick((), "i32")
        value, size = self.pick((), "i32"), self.constant((), "i32", self.of(15, 7, 3))
        return self.same("arith.andi", (), "i32", value, size)

    def within(self, index: str, shape: Shape, low: str, high: str) -> str:
        """The mask low <= index < high, scalars, in one of its spellings."""
        type_, turned = spelled(shape, "i32"), self.likely(0.2)
        sides = list[str]()
        for bound, predicate, back in ((low, "sge", "sle"), (high, "slt", "sgt")):
            wide = self.splat(bound, shape, "i32") if shape else bound
            operands = f"{back}, {wide}, {index}" if turned else f"{predicate}, {index}, {wide}"
            sides.append(self.op(f"arith.cmpi {operands} : {type_}", shape, "i1"))
        if shape and self.likely(0.1):
            sides.append(self.splat(self.pick((), "i1"), shape, "i1"))
        return self.all_of(self.random.sample(sides, len(sides)), shape)

    def place(self, shape: Shape, strides: Shape) -> tuple[str, str]:
        """Where a block lies in its part, and the mask of what may be accessed, or ""."""
        if not shape:
            index = self.same("arith.andi", (), "i32", self.pick((), "i32"), self.constant((), "i32", PART - 1))
            return index, self.pick((), "i1") if self.likely(0.4) else ""
        lines, masks = self.lines_of(shape)
        total, lowest = "", 0
        for dim, (line, stride) in enumerate(zip(lines, strides, strict=True)):
            size = (shape[dim],)
            if stride != 1:
                line = self.same("arith.muli", size, "i32", line, self.constant(size, "i32", stride))
                lowest += min(0, stride) * 16
            side = self.spread(line, shape, dim, "i32")
            total = self.same("arith.addi", shape, "i32", total, side) if total else side
        if lowest:
            total = self.same("arith.addi", shape, "i32", total, self.constant(shape, "i32", -lowest))
        sides = [self.spread(mask, shape, dim, "i1") for dim, mask in enumerate(masks) if mask]
        mask = self.all_of(self.random.sample(sides, len(sides)), shape)
        if self.likely(0.25):
            switch = self.splat(self.pick((), "i1"), shape, "i1")
            # Or with what holds for no element that may not be accessed: a switch alone.
            mask = self.all_of([switch, mask] if mask else [switch], shape)
        elif mask and self.likely(0.1):
            mask = self.same("arith.andi", shape, "i1", mask, self.constant(shape, "i1", 1))
        return total, mask

    def pointers(self, base: str, index: str, shape: Shape, element: str) -> tuple[str, str]:
        type_, counts = spelled(shape, f"!tt.ptr<{element}>"), spelled(shape, "i32")
        if shape:
            base = self.op(f"tt.splat {base} : !tt.ptr<{element}> -> {type_}", shape, "pointer")
        return self.op(f"tt.addptr {base}, {index} : {type_}, {counts}", shape, "pointer"), type_

    # Statements

    def load(self, shape: Shape | None = None, element: str | None = None) -> str:
        kind = self.kind()
        shape, element = kind[0] if shape is None else shape, element or kind[1]
        if element not in DTYPES:
            element = self.of(*self.types)
        if element not in self.types:
            return self.constant(shape, element, self.random.randint(-9, 20))
        strides = {
            0: ((),),
            1: ((1,), (1,), (2,), (-1,), (3,), (0,)),
            2: ((8, 1), (8, 1), (1, 9), (10, -1), (0, 1), (7, 0)),
        }
        index, mask = self.place(shape, self.of(*strides[len(shape)]))
        base = f"%{self.of('own', 'part')}_{element}" if self.own_only else f"%{self.of('own', 'in')}_{element}"
        where, type_ = self.pointers(base, index, shape, element)
        other = self.pick(shape, element) if self.likely(0.3) else self.constant(shape, element, self.of(0, 1, -2))
        if not mask:
            return self.op(f"tt.load {where} : {type_}", shape, element)
        if self.likely(0.6):
            return self.op(f"tt.load {where}, {mask}, {other} : {type_}", shape, element)
        read = self.op(f"tt.load {where}, {mask} : {type_}", shape, element)
        if self.likely(0.2):
            return read
        self.values[shape, element].pop()
        return self.select(mask, read, other, shape, element)

    def select(self, condition: str, a: str, b: str, shape: Shape, element: str) -> str:
        type_ = spelled(shape, element)
        lanes = f"{spelled(shape, 'i1')}, " if shape else ""
        return self.op(f"arith.select {condition}, {a}, {b} : {lanes}{type_}", shape, element)

    def store(self) -> None:
        shape, element = self.kind()
        if element not in self.types:
            element = self.of(*self.types)
        strides = {0: ((),), 1: ((1,), (1,), (2,), (-1,)), 2: ((16, 1), (16, 1), (1, 16), (12, -1))}
        value = self.pick(shape, element)
        index, mask = self.place(shape, self.of(*strides[len(shape)]))
        where, type_ = self.pointers(f"%part_{element}", index, shape, element)
        self.lines.append(f"tt.store {where}, {value}{f', {mask}' if mask else ''} : {type_}")

    def arithmetic(self) -> None:
        shape, element = self.kind()
        a, b = self.pick(shape, element), self.pick(shape, element)
        if element == "i1":
            self.same(f"arith.{self.of('andi', 'ori', 'xori')}", shape, element, a, b)
        elif element[0] == "i":
            name = self.of(*INTEGER_OPS)
            if name.startswith(("div", "rem")):
                b = self.constant(shape, element, self.random.randint(1, 12))
                if self.likely(0.2):
                    b = self.same(
                        "arith.ori", shape, element, self.pick(shape, element), self.constant(shape, element, 1)
                    )
                    b = self.same("arith.andi", shape, element, b, self.constant(shape, element, 63))
            if name == "shift":
                name = self.of("shli", "shrsi", "shrui")
                b = self.same("arith.andi", shape, element, b, self.constant(shape, element, 7))
            self.same(f"arith.{name}", shape, element, a, b)
        else:
            name = self.of(*FLOAT_OPS)
            self.same(f"arith.{name}", shape, element, a, b)

    def function(self) -> None:
        shape, element = self.kind()
        if element == "i1":
            return
        a = self.pick(shape, element)
        if element[0] == "i":
            self.same("math.absi", shape, element, a)
            return
        name = self.of(*(FUNCTIONS if element in ("f32", "f64") else FUNCTIONS[:4]))
        more = (self.pick(shape, element), self.pick(shape, element)) if name == "math.fma" else ()
        self.same(name, shape, element, a, *more)

    def convert(self) -> None:
        (shape, source), target = self.kind(), self.of(*self.types, "i32", "i1")
        if source == target:
            return
        a = self.pick(shape, source)
        wide = [int(t.lstrip("bfi")) for t in (source, target)]
        if source[0] == target[0] == "i":
            name = "arith.trunci" if wide[0] > wide[1] else f"arith.{self.of('extsi', 'extui')}"
        elif source[0] == "i":
            name = f"arith.{self.of('sitofp', 'uitofp')}"
        elif target[0] == "i":
            if wide[1] == 1:
                return
            # Beyond the integer's range a conversion has no answer: a number in it takes its place.
            low, high = self.constant(shape, source, -100), self.constant(shape, source, 100)
            name = f"arith.{self.of('fptosi', 'fptoui')}"
            if name == "arith.fptoui":
                low = self.constant(shape, source, 0)
            a = self.same("arith.maxnumf", shape, source, a, low)
            a = self.same("arith.minnumf", shape, source, a, high)
        elif wide[0] == wide[1]:
            return
        else:
            name = "arith.truncf" if wide[0] > wide[1] else "arith.extf"
        self.op(f"{name} {a} : {spelled(shape, source)} to {spelled(shape, target)}", shape, target)

    def compare(self) -> None:
        shape, element = self.kind()
        a, b = self.pick(shape, element), self.pick(shape, element)
        if element[0] == "i":
            name = f"arith.cmpi {self.of(*CMPI)}"
        else:
            name = f"arith.cmpf {self.of(*CMPF)}"
        self.op(f"{name}, {a}, {b} : {spelled(shape, element)}", shape, "i1")

    def choose(self) -> None:
        shape, element = self.kind()
        condition = self.pick(shape, "i1")
        self.select(condition, self.pick(shape, element), self.pick(shape, element), shape, element)

    def shape(self) -> None:
        element, how = self.kind()[1], self.of("turn", "reshape", "row", "column", "grow")
        if how == "turn":
            a = self.pick((4, 8), element)
            self.op(
                f"tt.trans {a} {{order = array<i32: 1, 0>}} : {spelled((4, 8), element)} -> {spelled((8, 4), element)}",
                (8, 4),
                element,
            )
        elif how == "reshape":
            a = self.pick((8, 4), element)
            self.op(f"tt.reshape {a} : {spelled((8, 4), element)} -> {spelled((4, 8), element)}", (4, 8), element)
        elif how == "grow":
            a = self.pick((1, 8), element)
            wide = self.op(
                f"tt.broadcast {a} : {spelled((1, 8), element)} -> {spelled((4, 8), element)}", (4, 8), element
            )
            self.reduction((4, 8), element, wide, 0)
        else:
            size, axis, whole = (4, 0, (2, 4)) if how == "row" else (2, 1, (2, 4))
            thin = (1, 4) if how == "row" else (2, 1)
            a = self.pick((size,), element)
            a = self.op(
                f"tt.expand_dims {a} {{axis = {axis} : i32}} : {spelled((size,), element)} -> {spelled(thin, element)}",
                thin,
                element,
            )
            self.op(f"tt.broadcast {a} : {spelled(thin, element)} -> {spelled(whole, element)}", whole, element)

    def reduce(self) -> None:
        shape, element = self.of(*SHAPES), self.kind()[1]
        self.reduction(shape, element, self.pick(shape, element), self.random.randrange(len(shape)))

    def reduction(self, shape: Shape, element: str, a: str, axis: int) -> None:
        if element == "i1":
            name = self.of("andi", "ori", "xori")
        elif element[0] == "i":
            name = self.of("addi", "muli", "maxsi", "minsi", "maxui", "minui", "andi", "ori", "xori")
        else:
            name = self.of("addf", "addf", "mulf", "maximumf", "minimumf", "maxnumf", "minnumf")
        left = tuple(n for d, n in enumerate(shape) if d != axis)
        self.op(
            f'"tt.reduce"({a}) <{{axis = {axis} : i32}}> ({{^bb0(%l: {element}, %r: {element}): '
            f"%c = arith.{name} %l, %r : {element} tt.reduce.return %c : {element} }}) : "
            f"({spelled(shape, element)}) -> {spelled(left, element)}",
            left,
            element,
        )

    def dot(self) -> None:
        left, right = self.of(((4, 8), (8, 4)), ((8, 4), (4, 8)), ((2, 4), (4, 8)), ((8, 4), (4, 1)))
        pairs = [("f16", "f32"), ("bf16", "f32"), ("f32", "f32"), ("i8", "i32"), ("f64", "f64")]
        fitting = [p for p in pairs if p[0] in self.types]
        if not fitting:
            return
        element, sums = self.random.choice(fitting)
        result = (left[0], right[1])
        a, b, c = self.pick(left, element), self.pick(right, element), self.pick(result, sums)
        self.op(
            f"tt.dot {a}, {b}, {c} : {spelled(left, element)} * {spelled(right, element)} -> {spelled(result, sums)}",
            result,
            sums,
        )

    # Control flow

    def region(self, arguments: list[tuple[str, Kind]], types: list[Kind]) -> list[str]:
        """The lines of a region that yields `types`."""
        outer, saved = self.lines, {k: list(v) for k, v in self.values.items()}
        self.lines, self.depth = [], self.depth + 1
        for name, kind in arguments:
            self.know(name, *kind)
        for _ in range(self.random.randint(0, 4)):
            self.statement()
        handed = [self.pick(*t) for t in types]
        self.lines.append(
            f"scf.yield {', '.join(handed)} : {', '.join(spelled(*t) for t in types)}" if types else "scf.yield"
        )
        lines, self.lines, self.values, self.depth = self.lines, outer, saved, self.depth - 1
        return lines

    def results(self, types: list[Kind]) -> str:
        if not types:
            return ""
        name, several = self.name(), len(types) > 1
        for k, kind in enumerate(types):
            self.know(f"{name}#{k}" if several else name, *kind)
        return f"{name}{f':{len(types)}' if several else ''} = "

    def branch(self) -> None:
        types, condition = [self.kind() for _ in range(self.random.randint(0, 3))], self.pick((), "i1")
        sides = [self.region([], types) for _ in range(2)]
        arrow = f" -> ({', '.join(spelled(*t) for t in types)})" if types else ""
        left = self.results(types)
        self.lines += [f"{left}scf.if {condition}{arrow} {{", *sides[0], "} else {", *sides[1], "}"]

    def loop(self) -> None:
        types = [self.kind() for _ in range(self.random.randint(0, 3))]
        inits = [self.pick(*t) for t in types]
        low = self.constant((), "i32", 0) if self.likely(0.5) else self.bound(3)
        high, step = self.bound(7), self.constant((), "i32", self.random.randint(1, 3))
        counter, names = self.name(), [self.name() for _ in types]
        body = self.region([(counter, ((), "i32")), *zip(names, types, strict=True)], types)
        carried = ""
        if types:
            pairs = ", ".join(f"{n} = {i}" for n, i in zip(names, inits, strict=True))
            carried = f" iter_args({pairs}) -> ({', '.join(spelled(*t) for t in types)})"
        left = self.results(types)
        self.lines += [f"{left}scf.for {counter} = {low} to {high} step {step}{carried} : i32 {{", *body, "}"]

    def bound(self, most: int) -> str:
        if self.likely(0.3):
            return self.constant((), "i32", self.random.randint(0, 3))
        return self.same("arith.andi", (), "i32", self.pick((), "i32"), self.constant((), "i32", self.of(1, most)))

    def statement(self) -> None:
        plain = [self.arithmetic] * 5 + [self.load] * 4 + [self.store] * 3 + [self.reduce] * 2
        plain += [self.function, self.convert, self.convert, self.compare, self.compare, self.choose, self.choose]
        plain += [self.shape, self.shape, self.dot]
        nested = [self.branch, self.branch, self.loop, self.loop] if self.depth < 2 else []
        self.random.choice([*plain, *nested])()


@dataclass
class Case:
    """A kernel's text with what it is launched on."""

    text: str
    grid: tuple[int, int]
    arguments: list[Any]


def case(random: Random) -> Case:
    """A random kernel and a launch of it."""
    types = tuple(random.sample(sorted(DTYPES), random.randint(1, 3)))
    grid = random.choice(((1, 1), (1, 1), (3, 1), (2, 2), (7, 1), (1, 5), (37, 1), (0, 1), (2, 0)))
    shared = random.choice((False, False, True))
    p = Program(random, types, own_only=shared and grid != (1, 1))
    x, y = (p.op(f"tt.get_program_id {axis} : i32", (), "i32") for axis in "xy")
    row = p.same("arith.muli", (), "i32", y, p.op("tt.get_num_programs x : i32", (), "i32"))
    linear = p.same("arith.addi", (), "i32", row, x)
    part = p.same("arith.muli", (), "i32", linear, p.constant((), "i32", PART))
    for t in types:
        for name, base in (("own", "in"), ("part", "out")):
            p.lines.append(f"%{name}_{t} = tt.addptr %{base}_{t}, {part} : !tt.ptr<{t}>, i32")
    p.values[(), "i32"] = [x, y, linear, "%n", "%m"]
    p.values[(), "i1"] = ["%flag"]
    p.op(f"arith.cmpi sgt, {linear}, {p.constant((), 'i32', random.randint(0, 3))} : i32", (), "i1")
    for _ in range(random.randint(1, 12)):
        p.statement()
    for _ in range(random.randint(1, 3)):
        p.store()
    promise = random.choice(("", " {tt.divisibility = 16 : i32}"))
    pointers = [f"%{name}_{t}: !tt.ptr<{t}>{promise}" for t in types for name in ("in", "out")]
    header = ", ".join([*pointers, f"%n: i32{promise}", "%m: i32", "%flag: i1"])
    text = f"tt.func public @k({header}) {{\n" + "\n".join([*p.lines, "tt.return"]) + "\n}\n"
    arrays = [a for t in types for a in memory(random, t, max(1, grid[0] * grid[1]) * PART, shared)]
    n = 16 * random.randint(-1, 6) if promise else random.randint(-3, 99)
    return Case(
        text, grid, [*arrays, n, random.choice((0, 1, 5, 1 << 20, -(1 << 31), (1 << 31) - 1)), random.random() < 0.5]
    )


def memory(random: Random, element: str, size: int, shared: bool) -> list[Any]:
    """An input and an output of so many elements, with the numbers in them at which types differ."""
    rng: Any = np.random.default_rng(random.randint(0, 99))
    dtype = np.dtype(DTYPES[element])
    if element[0] == "i":
        numbers = rng.integers(-9, 40, size).astype(dtype)
        numbers[::7] = np.resize([np.iinfo(dtype).min, np.iinfo(dtype).max, 0, -1], len(numbers[::7])).astype(dtype)
    else:
        numbers = rng.integers(-8, 9, size).astype(dtype)
        with np.errstate(over="ignore"):
            odd = np.array([np.nan, np.inf, -np.inf, -0.0, 0.5, 70000.0, 1e-8, -3.3]).astype(dtype)
        numbers[::5] = np.resize(odd, len(numbers[::5]))
    if shared:
        return [numbers, numbers]
    return [numbers, rng.integers(-9, 9, size).astype(dtype)]
