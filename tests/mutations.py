"""Mistakes that a pass could make, each as a change of the module that the pass has made.

A mutation returns whether it found something to spoil.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xdsl.dialects.builtin import DenseArrayBase, FloatAttr, IntegerAttr, ModuleOp, i64
from xdsl.ir import Operation

from minilinalg.dialects import simd
from minilinalg.dialects.upstream import arith, scf

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


def token_uses(module: ModuleOp, *names: str) -> Iterator[tuple[Operation, int]]:
    """Every operand that is a token of something; of operations `names` only, where they are given."""
    for op in module.walk():
        for index, value in enumerate(op.operands):
            is_token = isinstance(value.type, simd.TokenType) and not isinstance(value.owner, simd.ReadyOp)
            if is_token and (not names or op.name in names):
                yield op, index


def lose_token(op: Operation, index: int) -> None:
    """A done token stands in the place of a token operand."""
    ready = simd.ReadyOp()
    assert op.parent is not None
    op.parent.insert_op_before(ready, op)
    op.operands[index] = ready.token


def token_lost(*names: str) -> Mutation:
    """The first of these operations that has a token does not get it."""

    def mutate(module: ModuleOp) -> bool:
        for op, index in token_uses(module, *names):
            lose_token(op, index)
            return True
        return False

    return mutate


def wrong_token(*names: str) -> Mutation:
    """One of these operations waits for an instruction of its block that it need not wait for."""

    def mutate(module: ModuleOp) -> bool:
        for op, index in token_uses(module, *names):
            assert op.parent is not None
            for other in op.parent.ops:
                if other is op:
                    break
                if isinstance(other, simd.Instruction) and other.token not in (None, op.operands[index]):
                    op.operands[index] = other.token  # pyright: ignore
                    return True
        return False

    return mutate


def addend_for_factor(module: ModuleOp) -> bool:
    """a * b + c becomes a * c + b."""
    for op in find(module, "simd.fma"):
        op.operands[1], op.operands[2] = op.operands[2], op.operands[1]
        return True
    return False


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


def swap_regions(name: str) -> Mutation:
    """A branch is taken when the other one should be."""

    def mutate(module: ModuleOp) -> bool:
        for op in find(module, name):
            then, otherwise = (op.detach_region(0), op.detach_region(0))
            op.add_region(otherwise)
            op.add_region(then)
            return True
        return False

    return mutate


def use_instead(name: str, operand: str, other: str) -> Mutation:
    """The first operand called `operand` of an operation `name` is another value."""

    def mutate(module: ModuleOp) -> bool:
        values = [value for op in module.walk() for region in op.regions for b in region.blocks for value in b.args]
        for op in find(module, name):
            for i, value in enumerate(op.operands):
                if value.name_hint == operand:
                    op.operands[i] = next(value for value in values if value.name_hint == other)
                    return True
        return False

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


def late(name: str, before: str) -> Mutation:
    """The first operation `name` happens just in front of the last operation `before`."""

    def mutate(module: ModuleOp) -> bool:
        moved, last = next(find(module, name), None), list(find(module, before))[-1:]
        if moved is None or not last or moved is last[0] or moved.parent is None or moved.parent is not last[0].parent:
            return False
        block = moved.parent
        moved.detach()
        block.insert_op_before(moved, last[0])
        return True

    return mutate


def hoist(name: str, last: bool = False) -> Mutation:
    """An operation leaves the loop around it."""

    def mutate(module: ModuleOp) -> bool:
        inside = [op for op in find(module, name) if isinstance(op.parent_op(), scf.ForOp)]
        if not inside:
            return False
        op = inside[-1 if last else 0]
        loop = op.parent_op()
        assert loop is not None and loop.parent is not None
        op.detach()
        loop.parent.insert_op_before(op, loop)
        return True

    return mutate


def ignore_mask(module: ModuleOp) -> bool:
    """The whole block is taken for valid: min(what is left, block) is the block."""
    done = False
    for op in list(find(module, "arith.minsi")):
        for operand in op.operands:
            if isinstance(operand.owner, arith.ConstantOp):
                op.results[0].replace_all_uses_with(operand)
                done = True
                break
    return done


def smaller_size(module: ModuleOp) -> bool:
    """The last valid element is forgotten: the block is one shorter."""
    done = False
    for op in list(find(module, "arith.minsi")):
        assert op.parent is not None
        one = arith.ConstantOp.from_int_and_width(1, op.results[0].type)  # pyright: ignore
        less = arith.SubiOp(op.results[0], one.result)
        op.results[0].replace_uses_with_if(less.results[0], lambda use, less=less: use.operation is not less)
        op.parent.insert_ops_after([one, less], op)
        done = True
    return done


def reduce_other_dimension(module: ModuleOp) -> bool:
    """Columns are summed for rows."""
    for op in find(module, "linalg.reduce"):
        op.properties["dimensions"] = DenseArrayBase.from_list(i64, [0])
        return True
    return False


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


def begin_anew(module: ModuleOp) -> bool:
    """What a loop carries is forgotten: each iteration begins with what the first one began with."""
    for op in find(module, "scf.for"):
        block = op.regions[0].block
        for arg, first in zip(block.args[1:], op.operands[3:], strict=True):
            arg.replace_all_uses_with(first)
            return True
    return False


def subtract(op: Operation) -> Operation:
    return arith.SubfOp(op.operands[0], op.operands[1])


def plus(op: Operation) -> Operation:
    return arith.AddiOp(op.operands[0], op.operands[1])


def minus(op: Operation) -> Operation:
    return arith.SubiOp(op.operands[0], op.operands[1])


def remainder(op: Operation) -> Operation:
    return arith.RemUIOp(op.operands[0], op.operands[1])


def quotient(op: Operation) -> Operation:
    return arith.DivUIOp(op.operands[0], op.operands[1])


def sum_alone(op: Operation) -> Operation:
    """The product of a fused multiply-add is forgotten."""
    assert isinstance(op, simd.Instruction)
    return simd.ELEMENTWISE_BY_MEANING["arith.addf"]([op.inputs[0], op.inputs[2]], list(op.outputs))


def subtract_buffers(op: Operation) -> Operation:
    assert isinstance(op, simd.Instruction)
    return simd.ELEMENTWISE_BY_MEANING["arith.subf"](list(op.inputs), list(op.outputs))
