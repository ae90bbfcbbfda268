"""Operations of a kind that verified are verified less: the verdict and the words are xDSL's all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from xdsl.dialects import func, test
from xdsl.dialects.builtin import IntegerAttr, ModuleOp, StringAttr, TensorType, f32, i1
from xdsl.ir import Attribute, Block, Operation, Region
from xdsl.irdl import IRDLOperation, RangeOf, eq, irdl_op_definition, opt_attr_def, opt_region_def
from xdsl.rewriter import Rewriter
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.test_value import create_ssa_value

from minilinalg import compile, kinds
from minilinalg.errors import InputError
from minilinalg.kinds import KindTrait, kind_of, verify_alone
from minilinalg.verification import verify

KERNELS = Path(__file__).parents[1] / "examples/kernels"
ROADS = {"simd": "mlu370", "simt": "h200"}


@cache
def of_all_classes(road: str) -> list[Operation]:
    """An operation of each class that is seen down a road, of modules that verified."""
    found: dict[type[Operation], Operation] = {}
    for module in compile(KERNELS / "softmax.ttir", road=road, target=ROADS[road]).modules.values():
        verify(module)
        found |= {type(op): op for op in module.walk() if not isinstance(op, ModuleOp)}
    return list(found.values())


OTHERS = (i1, TensorType(f32, [2, 3]))
Mutation = Callable[[Operation], object]


def mutations(op: Operation) -> Iterator[Mutation]:
    """Ways to change what there is of `op`, which most definitions refuse."""
    for other in OTHERS:
        for i in range(len(op.operands)):
            yield lambda new, i=i, other=other: new.operands.__setitem__(i, create_ssa_value(other))
        for i in range(len(op.results)):
            yield lambda new, i=i, other=other: Rewriter.replace_value_with_new_type(new.results[i], other)
        for i in range(len(op.regions)):
            yield lambda new, i=i, other=other: new.regions[i].block.insert_arg(other, 0)
    yield lambda new: setattr(new, "operands", new.operands[1:])
    yield lambda new: setattr(new, "operands", [*new.operands, create_ssa_value(i1)])
    for name in ("more", *op.properties):
        yield lambda new, name=name: new.properties.update({name: StringAttr("?")})
        yield lambda new, name=name: new.properties.pop(name, None)
    for name in ("more", *op.attributes):
        yield lambda new, name=name: new.attributes.update({name: StringAttr("?")})
    yield lambda new: new.add_region(Region(Block()))
    yield lambda new: new.regions and new.regions[0].add_block(Block())


def alone(op: Operation) -> Operation:
    """A copy of `op` in a block of its own, and another operation behind it."""
    new = op.clone({operand: create_ssa_value(operand.type) for operand in op.operands})
    Block([new, test.TestOp()])
    return new


def verdict(verifies: Callable[[], None]) -> str:
    try:
        verifies()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.parametrize("road", ROADS)
def test_every_change_of_a_kind_is_seen(road: str) -> None:
    broken = 0
    for op in of_all_classes(road):
        for mutate in mutations(op):
            new = alone(op)
            mutate(new)
            expected = verdict(lambda new=new: new.verify(verify_nested_ops=False))
            assert verdict(lambda new=new: verify_alone(new)) == expected, new
            broken += expected != ""
    assert broken > 200


@pytest.mark.parametrize("road", ROADS)
def test_what_looks_around_an_operation_is_looked_at_each_time(road: str) -> None:
    """Traits that are left out give the same verdict on an operation that nothing is known of but its kind."""
    for op in of_all_classes(road):
        for trait in op.traits:
            if isinstance(trait, KindTrait):
                apart = op.clone_without_regions({operand: create_ssa_value(operand.type) for operand in op.operands})
                assert verdict(lambda trait=trait, apart=apart: trait.verify(apart)) == ""


@pytest.mark.parametrize("where", ["first block", "no path", "module"])
def test_a_value_from_outside(where: str) -> None:
    """What is isolated looks at each operation inside of it, though its kind is one that verified."""
    outer, user = test.TestOp(result_types=[i1]), test.TestOp()
    holder = ModuleOp([]) if where == "module" else func.FuncOp(name="f", function_type=((), ()))
    if where == "no path":
        holder.regions[0].block.add_op(test.TestTermOp())
        holder.regions[0].add_block(Block())
    block = holder.regions[0].blocks[-1]
    block.add_ops([user, test.TestTermOp()])
    module = ModuleOp([outer, holder])
    verify(module)
    kind = kind_of(holder)
    user.operands = outer.results
    assert kind_of(holder) == kind
    with pytest.raises(InputError, match=f"uses a value from outside of '{holder.name}'"):
        verify(module)


@irdl_op_definition
class Strict(IRDLOperation):
    """What no operation of the dialects asks for."""

    name = "strict.op"
    size = opt_attr_def(IntegerAttr)
    body = opt_region_def(entry_args=RangeOf(eq(i1)))

    def verify_(self) -> None:
        if self.prev_op is not None:
            raise VerifyException("it stands first")


def test_all_that_a_definition_may_ask_for() -> None:
    def strict(size: Attribute, argument: Attribute, *before: Operation, behind: bool = True) -> str:
        op = Strict(attributes={"size": size}, regions=[[Region(Block(arg_types=[argument]))]])
        block = Block([*before, op, *[test.TestOp()] * behind])
        test.TestOp(regions=[Region(block)])
        return verdict(lambda: verify_alone(op))

    one = IntegerAttr(1, i1)
    assert strict(one, i1) == ""
    assert "should be of base attribute" in strict(StringAttr("1"), i1) and "entry arguments" in strict(one, f32)
    assert "it stands first" in strict(one, i1, test.TestOp())
    assert "not a terminator" in strict(one, i1, behind=False)


def test_an_operand_that_was_erased() -> None:
    made, user = test.TestOp(result_types=[i1]), test.TestOp()
    user.operands = made.results
    Block([made, user, test.TestOp()])
    verify_alone(user)
    made.results[0].erase(safe_erase=False)
    assert "Erased" in verdict(lambda: verify_alone(user))


def test_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "LIMIT", 3)
    monkeypatch.setattr(kinds, "_verified", known := set[object]())
    monkeypatch.setattr(kinds, "_same", same := dict[object, object]())
    for number in range(20):
        one = test.TestOp(attributes={"number": StringAttr(str(number))})
        Block([one, test.TestOp()])
        verify_alone(one)
        assert kind_of(one) in known and len(known) <= 3 and len(same) <= 3
