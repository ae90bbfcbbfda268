"""Mistakes that a pass could make, each as a change of the module that the pass has made.

A mutation returns whether it found something to spoil.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xdsl.dialects.builtin import DenseArrayBase, FloatAttr, IntegerAttr, ModuleOp, i64
from xdsl.ir import Operation

from minilinalg.dialects import simd
from minilinalg.dialects.upstream import arith

Mutation = Callable[[ModuleOp], bool]


def find(module: ModuleOp, *names: str) -> Iterator[Operation]:
    return (op for op in module.walk() if op.name in names)


def swap_operands(*names: str) -> Mutation:
    """a - b becomes b - a."""

    def mutate(module: ModuleOp) -> bool:
        for op in find(module, *names):
            first, second = op.operands[:2]
            op.operands[0], op.operands[1] = second, first
            return True
        return False

    return mutate


def drop(*names: str, last: bool = True) -> Mutation:
    """An operation is forgotten."""

    def mutate(module: ModuleOp) -> bool:
        found = list(find(module, *names))
        if not found:
            return False
        lost = found[-1 if last else 0]
        lost.detach()
        lost.erase()
        return True

    return mutate


def integer_constant(value: int, to: int) -> Mutation:
    """A constant is wrong."""

    def mutate(module: ModuleOp) -> bool:
        done = False
        for op in find(module, "arith.constant"):
            attribute = op.properties["value"]
            if isinstance(attribute, IntegerAttr) and attribute.value.data == value:
                op.properties["value"] = IntegerAttr(to, attribute.type)
                done = True
        return done

    return mutate


def float_constant(is_wanted: Callable[[float], bool], to: float) -> Mutation:
    """A neutral element is wrong."""

    def mutate(module: ModuleOp) -> bool:
        for op in find(module, "arith.constant"):
            attribute = op.properties["value"]
            if isinstance(attribute, FloatAttr) and is_wanted(attribute.value.data):
                op.properties["value"] = FloatAttr(to, attribute.type)
                return True
        return False

    return mutate


def predicate(was: int, to: int) -> Mutation:
    """A comparison is off by one."""

    def mutate(module: ModuleOp) -> bool:
        for op in find(module, "arith.cmpi"):
            attribute = op.properties["predicate"]
            if isinstance(attribute, IntegerAttr) and attribute.value.data == was:
                op.properties["predicate"] = IntegerAttr(to, attribute.type)
                return True
        return False

    return mutate


def become(name: str, make: Callable[[Operation], Operation]) -> Mutation:
    """An operation is another one."""

    def mutate(module: ModuleOp) -> bool:
        for op in find(module, name):
            assert op.parent is not None
            new = make(op)
            op.parent.insert_op_before(new, op)
            for old, result in zip(op.results, new.results, strict=True):
                old.replace_all_uses_with(result)
            op.detach()
            return True
        return False

    return mutate


def move_offset(name: str) -> Mutation:
    """A view begins one element late."""

    def mutate(module: ModuleOp) -> bool:
        for op in find(module, name):
            assert op.parent is not None
            one = arith.ConstantOp.from_int_and_width(1, op.operands[1].type)  # pyright: ignore
            late = arith.AddiOp(op.operands[1], one.result)
            op.parent.insert_ops_before([one, late], op)
            op.operands[1] = late.results[0]
            return True
        return False

    return mutate


def same_address(module: ModuleOp) -> bool:
    """Buffers that are live together overlap."""
    found = [op for op in find(module, "memref.alloc") if "simd.address" in op.attributes]
    for op in found:
        op.attributes["simd.address"] = IntegerAttr(0, i64)
    return len(found) > 1


def fewer_cores(module: ModuleOp) -> bool:
    """The share of the last core is nobody's."""
    for op in find(module, "scf.forall"):
        bounds = op.properties["staticUpperBound"]
        assert isinstance(bounds, DenseArrayBase)
        (cores,) = bounds.get_values()
        op.properties["staticUpperBound"] = DenseArrayBase.from_list(i64, [int(cores) - 1])
        return True
    return False


def swap_yield_order(module: ModuleOp) -> bool:
    """A body yields its operand and not what it computed."""
    for op in find(module, "linalg.generic"):
        block = op.regions[0].blocks[0]
        assert block.last_op is not None
        if block.last_op.operands[0] is not block.args[0]:
            block.last_op.operands[0] = block.args[0]
            return True
    return False


def subtract(op: Operation) -> Operation:
    return arith.SubfOp(op.operands[0], op.operands[1])


def subtract_buffers(op: Operation) -> Operation:
    assert isinstance(op, simd.Instruction)
    return simd.ELEMENTWISE_BY_MEANING["arith.subf"](list(op.inputs), list(op.outputs))
