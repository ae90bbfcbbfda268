"""Random elementwise computations on on-chip buffers: one linalg.generic of several operations, its inputs and outputs.

Operands are whole blocks, rows, columns, transposed blocks, single elements and scalars; outputs may be among the
inputs, and may be read; elements are f32, i32 and i1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

ROWS, COLUMNS = 4, 8
NRAM, GDRAM = "#simd.space<nram>", "#simd.space<gdram>"
SHAPES = {
    "whole": ((ROWS, COLUMNS), "(d0, d1)"),
    "row": ((COLUMNS,), "(d1)"),
    "column": ((ROWS,), "(d0)"),
    "turned": ((COLUMNS, ROWS), "(d1, d0)"),
    "one row": ((1, COLUMNS), "(0, d1)"),
    "one column": ((ROWS, 1), "(d0, 0)"),
    "element": ((), "()"),
    "one": ((1, 1), "(0, 0)"),
}
"""What an operand is -> its shape, and which of its elements an iteration reads."""
BINARY = {
    "f32": ("arith.addf", "arith.subf", "arith.mulf", "arith.maximumf", "arith.minnumf"),
    "i32": ("arith.addi", "arith.subi", "arith.muli", "arith.xori", "arith.maxsi"),
    "i1": ("arith.andi", "arith.ori", "arith.xori"),
}
UNARY = {"f32": ("math.absf", "arith.negf", "math.floor")}
ELEMENTS = ("f32", "i32", "i1")


def memref(shape: Sequence[int], element: str, space: str) -> str:
    return f"memref<{''.join(f'{n}x' for n in shape)}{element}, {space}>"


@dataclass
class Operand:
    """An operand of the generic. `of`: the name of the buffer, or of the scalar."""

    name: str
    kind: str
    element: str

    @property
    def type(self) -> str:
        return self.element if self.kind == "scalar" else memref(SHAPES[self.kind][0], self.element, NRAM)

    @property
    def map(self) -> str:
        return f"affine_map<(d0, d1) -> {'()' if self.kind == 'scalar' else SHAPES[self.kind][1]}>"


@dataclass
class Body:
    """The body in the making: its lines, and its values by element type."""

    draw: st.DrawFn
    values: dict[str, list[str]]
    lines: list[str] = field(default_factory=list[str])

    def pick(self, element: str) -> str:
        return self.draw(st.sampled_from(self.values[element]))

    def add(self, element: str, text: str) -> str:
        name = f"%t{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        self.values[element].append(name)
        return name

    def operation(self) -> None:
        element = self.draw(st.sampled_from([e for e in ELEMENTS if self.values[e]]))
        kind = self.draw(
            st.sampled_from(["binary", "binary", "unary", "compare", "select", "convert", "index", "constant"])
        )
        one, two = self.pick(element), self.pick(element)
        match kind:
            case "unary" if element in UNARY:
                self.add(element, f"{self.draw(st.sampled_from(UNARY[element]))} {one} : {element}")
            case "compare" if element == "f32":
                self.add("i1", f"arith.cmpf {self.draw(st.sampled_from(['olt', 'ueq', 'one']))}, {one}, {two} : f32")
            case "compare" if element == "i32":
                self.add("i1", f"arith.cmpi {self.draw(st.sampled_from(['slt', 'eq', 'ugt']))}, {one}, {two} : i32")
            case "select" if self.values["i1"]:
                self.add(element, f"arith.select {self.pick('i1')}, {one}, {two} : {element}")
            case "convert" if element == "i32":
                self.add("f32", f"arith.sitofp {one} : i32 to f32")
            case "convert" if element == "i1":
                self.add("i32", f"arith.extui {one} : i1 to i32")
            case "index":
                dim = self.draw(st.integers(0, 1))
                index = self.add("index", f"linalg.index {dim} : index")
                self.add("i32", f"arith.index_cast {index} : index to i32")
            case "constant":
                self.add("f32", "arith.constant 2.5 : f32")
            case _:
                self.add(element, f"{self.draw(st.sampled_from(BINARY[element]))} {one}, {two} : {element}")


@st.composite
def elementwise_programs(draw: st.DrawFn) -> tuple[str, list[tuple[tuple[int, ...], str]]]:
    """A module with a function `f` of one pointer for each operand that is a buffer; shape and element type of each.

    Every buffer is copied on chip, the generic runs, and every buffer is copied back.
    """
    kinds = [*SHAPES, "whole", "whole", "scalar"]
    inputs = [
        Operand(f"%in{k}", draw(st.sampled_from(kinds)), draw(st.sampled_from(ELEMENTS)))
        for k in range(draw(st.integers(1, 4)))
    ]
    turned = draw(st.integers(0, 4)) == 0
    outputs: list[Operand] = []
    for k in range(draw(st.integers(1, 2))):
        whole = [i for i in inputs if i.kind == "whole" and all(i.name != o.name for o in outputs)]
        if whole and not turned and draw(st.booleans()):
            outputs.append(Operand(draw(st.sampled_from(whole)).name, "whole", ""))
            outputs[-1].element = next(i.element for i in inputs if i.name == outputs[-1].name)
        else:
            outputs.append(Operand(f"%out{k}", "turned" if turned else "whole", draw(st.sampled_from(ELEMENTS))))
    operands = [*inputs, *outputs]
    body = Body(draw, {"f32": [], "i32": [], "i1": [], "index": []})
    reads = draw(st.booleans())
    for k, operand in enumerate(operands):
        if k < len(inputs) or reads:
            body.values[operand.element].append(f"%x{k}")
    for _ in range(draw(st.integers(1, 6))):
        body.operation()
    yields: list[str] = []
    for k, output in enumerate(outputs):
        values = body.values[output.element]
        yields.append(draw(st.sampled_from(values[-3:])) if values else f"%x{len(inputs) + k}")
    buffers = {o.name: o for o in operands if o.kind != "scalar"}
    scalars = {"f32": "%cf", "i32": "%ci", "i1": "%cb"}
    named = [scalars[o.element] if o.kind == "scalar" else o.name for o in operands]
    arguments = [f"%p{k}: {memref(SHAPES[o.kind][0], o.element, GDRAM)}" for k, o in enumerate(buffers.values())]
    lines = ["%cf = arith.constant 1.5 : f32", "%ci = arith.constant -3 : i32", "%cb = arith.constant true"]
    lines += [f"{o.name} = memref.alloc() : {o.type}" for o in buffers.values()]
    globals_ = [memref(SHAPES[o.kind][0], o.element, GDRAM) for o in buffers.values()]
    lines += [
        f"memref.copy %p{k}, {o.name} : {g} to {o.type}"
        for k, (o, g) in enumerate(zip(buffers.values(), globals_, strict=True))
    ]
    ins = f"ins({', '.join(named[: len(inputs)])} : {', '.join(o.type for o in inputs)})"
    outs = f"outs({', '.join(o.name for o in outputs)} : {', '.join(o.type for o in outputs)})"
    lines.append(
        f"linalg.generic {{indexing_maps = [{', '.join(o.map for o in operands)}], "
        f'iterator_types = ["parallel", "parallel"]}} {ins} {outs} {{'
    )
    lines.append(f"^bb0({', '.join(f'%x{k}: {o.element}' for k, o in enumerate(operands))}):")
    lines += [*body.lines, f"linalg.yield {', '.join(yields)} : {', '.join(o.element for o in outputs)}", "}"]
    lines += [
        f"memref.copy {o.name}, %p{k} : {o.type} to {g}"
        for k, (o, g) in enumerate(zip(buffers.values(), globals_, strict=True))
    ]
    text = f"func.func @f({', '.join(arguments)}) {{\n" + "\n".join(lines) + "\nreturn\n}"
    return text, [(SHAPES[o.kind][0], o.element) for o in buffers.values()]
