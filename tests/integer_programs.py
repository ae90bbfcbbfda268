"""Random programs on tensors of integers, and what they compute, for the tests of analyses: claims against numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from xdsl.ir import Operation, SSAValue

from minilinalg.analysis.index_expr import Apply, Carried, Condition, Expr, Number
from minilinalg.parsing import parse_module

HEADER = "%a: i32 {tt.divisibility = 16 : i32}, %b: i32, %c: i1, %p: !tt.ptr<f32> {tt.divisibility = 16 : i32}"
SHAPES: tuple[tuple[int, ...], ...] = ((8,), (4,), (8, 1), (1, 4), (8, 4))


def shape_text(shape: tuple[int, ...], element: str = "i32") -> str:
    """tensor<8x4xi32>"""
    return f"tensor<{''.join(f'{n}x' for n in shape)}{element}>"


@dataclass
class Program:
    """The text of a function in the making; `integers` and `masks` are its tensors by shape."""

    lines: list[str] = field(default_factory=list[str])
    integers: dict[tuple[int, ...], list[str]] = field(default_factory=dict[tuple[int, ...], list[str]])
    masks: dict[tuple[int, ...], list[str]] = field(default_factory=dict[tuple[int, ...], list[str]])

    def add(self, text: str, shape: tuple[int, ...], *, mask: bool = False) -> str:
        """Writes one operation and remembers its result."""
        name = f"%v{len(self.lines)}"
        self.lines.append(f"    {name} = {text}")
        (self.masks if mask else self.integers).setdefault(shape, []).append(name)
        return name

    @property
    def text(self) -> str:
        return "\n".join([f"  tt.func public @f({HEADER}) {{", *self.lines, "    tt.return", "  }"])

    def function(self) -> Operation:
        """The function, parsed and verified."""
        (function,) = parse_module(f"module {{\n{self.text}\n}}").ops
        return function


def _start(program: Program) -> None:
    for shape in SHAPES:
        for scalar in ("%a", "%b"):
            program.add(f"tt.splat {scalar} : i32 -> {shape_text(shape)}", shape)
        program.add(f"tt.splat %c : i1 -> {shape_text(shape, 'i1')}", shape, mask=True)
    for size in (8, 4):
        program.add(f"tt.make_range {{end = {size + 16} : i32, start = 16 : i32}} : {shape_text((size,))}", (size,))
        program.add(f"tt.make_range {{end = {size} : i32, start = 0 : i32}} : {shape_text((size,))}", (size,))


@st.composite
def programs(draw: st.DrawFn, *, masks: bool = False) -> Program:
    """A program of a dozen operations on tensors of a few shapes."""
    program = Program()
    _start(program)
    for _ in range(draw(st.integers(2, 14))):
        kind = draw(st.sampled_from(("elementwise", "constant", "shape", *(("compare", "logic") if masks else ()))))
        shape = draw(st.sampled_from(SHAPES))
        pick = st.sampled_from(program.integers[shape])
        match kind:
            case "constant":
                number = draw(st.integers(-20, 40))
                program.add(f"arith.constant dense<{number}> : {shape_text(shape)}", shape)
            case "elementwise":
                _elementwise(draw, program, shape)
            case "shape":
                _reshape(draw, program)
            case "compare":
                predicate = draw(st.sampled_from(("slt", "sle", "sgt", "sge", "eq", "ne", "ult", "ule", "uge")))
                text = f"arith.cmpi {predicate}, {draw(pick)}, {draw(pick)} : {shape_text(shape)}"
                program.add(text, shape, mask=True)
            case _:
                name = draw(st.sampled_from(("andi", "andi", "ori", "xori")))
                either = st.sampled_from(program.masks[shape])
                text = f"arith.{name} {draw(either)}, {draw(either)} : {shape_text(shape, 'i1')}"
                program.add(text, shape, mask=True)
    return program


def _elementwise(draw: st.DrawFn, program: Program, shape: tuple[int, ...]) -> None:
    name = draw(st.sampled_from(("addi", "addi", "subi", "muli", "divsi", "remsi", "minsi", "maxsi", "shli", "select")))
    x, y = (draw(st.sampled_from(program.integers[shape])) for _ in range(2))
    type = shape_text(shape)
    if name in ("divsi", "remsi", "shli"):
        limit = 3 if name == "shli" else 20
        y = program.add(f"arith.constant dense<{draw(st.integers(1, limit))}> : {type}", shape)
    if name == "select":
        condition = draw(st.sampled_from(program.masks[shape]))
        program.add(f"arith.select {condition}, {x}, {y} : {shape_text(shape, 'i1')}, {type}", shape)
    else:
        program.add(f"arith.{name} {x}, {y} : {type}", shape)


def _reshape(draw: st.DrawFn, program: Program) -> None:
    mask = draw(st.booleans())
    table, element = (program.masks, "i1") if mask else (program.integers, "i32")
    old, new, how = draw(
        st.sampled_from(
            (
                ((8,), (8, 1), "tt.expand_dims {} {{axis = 1 : i32}}"),
                ((4,), (1, 4), "tt.expand_dims {} {{axis = 0 : i32}}"),
                ((8, 1), (8, 4), "tt.broadcast {}"),
                ((1, 4), (8, 4), "tt.broadcast {}"),
                ((8, 1), (8,), "tt.reshape {}"),
            )
        )
    )
    if table.get(old):
        source = draw(st.sampled_from(table[old]))
        text = f"{how.format(source)} : {shape_text(old, element)} -> {shape_text(new, element)}"
        program.add(text, new, mask=mask)


# What it computes

_BINARY: dict[str, Any] = {
    "arith.addi": np.add,
    "arith.subi": np.subtract,
    "arith.muli": np.multiply,
    "arith.minsi": np.minimum,
    "arith.maxsi": np.maximum,
    "arith.shli": np.left_shift,
    "arith.andi": np.logical_and,
    "arith.ori": np.logical_or,
    "arith.xori": np.logical_xor,
    "arith.divsi": lambda a, b: np.trunc(a / b).astype(np.int64),
    "arith.remsi": np.fmod,
}
_COMPARE: dict[str, Any] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
_NARROW = 1 << 32


class Numbers:
    """The values of a function whose scalar arguments are given: exact integers, without wrap-around."""

    def __init__(self, func: Operation, a: int, b: int, c: bool):
        args = func.regions[0].block.args
        self.of: dict[SSAValue, Any] = {args[0]: np.int64(a), args[1]: np.int64(b), args[2]: np.bool_(c)}
        for op in func.regions[0].block.ops:
            if op.results:
                self.of[op.results[0]] = self._compute(op)

    def _compute(self, op: Any) -> Any:
        operands = [self.of[operand] for operand in op.operands]
        shape = op.results[0].type.get_shape()
        match op.name:
            case "arith.constant":
                return np.full(shape, next(iter(op.value.iter_values())), np.int64)
            case "tt.make_range":
                return np.arange(op.start.value.data, op.end.value.data)
            case "tt.splat":
                return np.broadcast_to(operands[0], shape)
            case "tt.broadcast":
                return np.broadcast_to(operands[0], shape)
            case "tt.expand_dims" | "tt.reshape":
                return operands[0].reshape(shape)
            case "arith.select":
                return np.where(*operands)
            case "arith.cmpi":
                name = op.predicate_name
                if name[0] == "u":
                    operands = [x % _NARROW for x in operands]
                return _COMPARE[name if name in _COMPARE else name[1:]](*operands)
            case name:
                return _BINARY[name](*operands)

    def value(self, expr: Expr) -> int:
        """What an index expression is."""
        total = 0
        for monomial, coefficient in expr.terms:
            for symbol in monomial:
                coefficient *= self._symbol(symbol)
            total += coefficient
        return int(total)

    def _symbol(self, symbol: Number | Carried | Apply) -> int:
        match symbol:
            case Number(value):
                return int(self.of[value])
            case Carried():
                raise AssertionError("nothing is carried in a straight program")
            case Apply("select", (then, otherwise), condition):
                assert condition is not None
                return self.value(then if self.holds(condition) else otherwise)
            case Apply(function, operands):
                numbers = [self.value(operand) for operand in operands]
                functions: dict[str, Any] = {"min": min, "max": max}
                if function in functions:
                    return functions[function](numbers)
                quotient = abs(numbers[0]) // abs(numbers[1]) * (1 if numbers[0] * numbers[1] >= 0 else -1)
                return quotient if function == "divsi" else numbers[0] - quotient * numbers[1]

    def holds(self, condition: Condition) -> bool:
        """Whether a condition is true."""
        if isinstance(condition.of, Expr):
            return self.value(condition.of) < 0
        return bool(self.of[condition.of]) != condition.negated


ARGUMENTS = st.tuples(st.integers(-3, 3).map(lambda n: 16 * n), st.integers(-30, 30), st.booleans())
