"""`tt.map_elementwise`: scalar code for each group of elements, for all registers of a thread at once.

Control flow is the same in all threads, so a branch of the region becomes both its sides and a choice between what they
give, and a loop one that turns until no element of the block wants another turn. What may fail or reads memory in code
that an element does not come to is masked: the divisor is one, nothing is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from xdsl.dialects.builtin import IntegerAttr, VectorType, i1, i32
from xdsl.ir import Block, Operation, Region, SSAValue

from minilinalg.analysis.scratch import grouped, turn_bytes
from minilinalg.dialects import simt, tt
from minilinalg.dialects.simt.types import AnyVector, is_vector
from minilinalg.dialects.upstream import arith, scf, ub
from minilinalg.layouts.linear import BLOCK, LANE, OFFSET, REGISTER, WARP, LinearLayout
from minilinalg.passes.tritongpu_to_simt import elementwise, foreign
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, data_type, layout_of
from minilinalg.passes.tritongpu_to_simt.exchange import Exchange
from minilinalg.passes.tritongpu_to_simt.memory import from_memory, stored_type, to_memory
from minilinalg.passes.tritongpu_to_simt.registers import concatenated, halves, picked
from minilinalg.passes.tritongpu_to_simt.shapes import uniform
from minilinalg.passes.tritongpu_to_simt.shared import load, offset_of, store

Values = list[SSAValue]
DIVISIONS = frozenset(
    f"arith.{name}" for name in ("divsi", "divui", "remsi", "remui", "ceildivsi", "ceildivui", "floordivsi")
)


def _map_elementwise(c: Conversion, op: tt.MapElementwiseOp) -> None:
    if (blocks := len(op.scalar_op.blocks)) > 1:
        raise c.unsupported(f"'{op.name}' with {blocks} blocks", "lift-cf-to-scf makes one block of a region first")
    pack, layout = op.pack.value.data, layout_of(op.srcs[0].type)
    into = grouped(layout, pack) if pack > 1 else layout
    groups = into.in_size(REGISTER) // pack
    exchange = Exchange(c)
    wholes = [exchange(c.value(src), layout, into) for src in op.srcs]
    parts = [picked(c, whole, range(i, groups * pack, pack)) for whole in wholes for i in range(pack)]
    body = op.scalar_op.block
    for old, new in zip(body.args, parts, strict=True):
        c.bind(old, new)
    last = body.last_op
    assert last is not None
    with c.elementwise(groups):
        _Elements(c, op, groups).run(body)
        found = [c.element(operand) for operand in last.operands]
    exchange.was_used = exchange.was_used or turn_bytes(op) > 0
    for i, result in enumerate(op.result):
        whole = concatenated(c, *found[i * pack : (i + 1) * pack])
        # Place i of group g is register g * pack + i.
        whole = picked(c, whole, [at % pack * groups + at // pack for at in range(groups * pack)])
        c.bind(result, exchange(whole, into, layout))


class _Elements:
    """Code for `count` elements of each thread, of which those count that `active`, if any, is true for."""

    def __init__(self, c: Conversion, whole: tt.MapElementwiseOp, count: int, active: SSAValue | None = None):
        self.c, self.whole, self.count, self.active = c, whole, count, active
        self.mask = VectorType(i1, [count])

    def where(self, condition: SSAValue) -> _Elements:
        """The same, of elements for which a condition holds, too."""
        both = condition if self.active is None else self.c.binary(arith.AndIOp, self.active, condition)
        return _Elements(self.c, self.whole, self.count, both)

    def run(self, block: Block) -> None:
        """Writes the operations of a block, save for its terminator."""
        for op in block.ops:
            if op is not block.last_op:
                around, self.c.at = self.c.at, op
                self._one(op)
                self.c.at = around

    def _one(self, op: Operation) -> None:
        c = self.c
        match op:
            case scf.IfOp():
                self._if(op)
            case scf.ForOp():
                self._for(op)
            case scf.WhileOp():
                self._while(op)
            case tt.LoadOp():
                self._load(op)
            case ub.PoisonOp():
                c.bind(op.result, c.insert(ub.PoisonOp(self.type(op.result))).result)
            case _ if op.name in DIVISIONS and self.active is not None:
                left, right = (c.element(operand) for operand in op.operands)
                divisor = c.insert(arith.SelectOp(self.active, right, c.constant(1, right.type))).result
                properties, attributes = op.properties, op.attributes
                made = type(op).create(
                    operands=[left, divisor], result_types=[left.type], properties=properties, attributes=attributes
                )
                c.bind(op.results[0], c.insert(made).results[0])
            case _ if op.name in elementwise.HANDLERS or op.name in foreign.HANDLERS:
                c.convert(op)
            case _:
                raise c.unsupported(
                    f"'{op.name}' in the region of a 'tt.map_elementwise'",
                    "the region computes with numbers, loads them, branches and loops",
                )

    def type(self, old: SSAValue) -> AnyVector:
        return VectorType(data_type(old.type), [self.count])

    def elements(self, values: Sequence[SSAValue]) -> Values:
        return [self.c.element(value) for value in values]

    def chosen(self, condition: SSAValue | None, then: Sequence[SSAValue], otherwise: Sequence[SSAValue]) -> Values:
        """`then` where a condition holds; where one side is undefined, the other one."""
        if condition is None:
            return list(then)
        found: Values = []
        for a, b in zip(then, otherwise, strict=True):
            poison = next((x for x in (a, b) if isinstance(x.owner, ub.PoisonOp)), None)
            found.append(
                self.c.insert(arith.SelectOp(condition, a, b)).result if poison is None else b if poison is a else a
            )
        return found

    def _load(self, op: tt.LoadOp) -> None:
        c = self.c
        of_those = self if op.mask is None else self.where(c.element(op.mask))
        type = self.type(op.result)
        other = None if op.other is None else to_memory(c, c.element(op.other))
        made = simt.LoadGlobalOp(
            c.element(op.ptr), stored_type(type), of_those.active, other, op.cache_policy, op.volatile
        )
        c.bind(op.result, from_memory(c, c.insert(made).result, type))

    # Branches and loops

    def _if(self, op: scf.IfOp) -> None:
        c, condition = self.c, self.c.element(op.cond)
        self.where(condition).run(op.true_region.block)
        if not op.false_region.blocks:
            return
        opposite = c.binary(arith.XOrIOp, condition, c.constant(1, condition.type))
        self.where(opposite).run(op.false_region.block)
        blocks = op.true_region.block, op.false_region.block
        then, otherwise = (self.elements(block.last_op.operands) for block in blocks if block.last_op)
        for old, new in zip(op.results, self.chosen(condition, then, otherwise), strict=True):
            c.bind(old, new)

    def _for(self, op: scf.ForOp) -> None:
        c = self.c
        bounds = [self._constant(bound) for bound in (op.lb, op.ub, op.step)]
        block = op.body.block
        if None not in bounds:
            self._counted(op, [bound for bound in bounds if bound is not None])
            return
        end, step = c.element(op.ub), c.element(op.step)

        def goes_on(args: Values) -> tuple[SSAValue, Values]:
            return c.insert(arith.CmpiOp(args[0], end, "slt")).result, args

        def turn(elements: _Elements, args: Values) -> Values:
            for old, new in zip(block.args, args, strict=True):
                c.bind(old, new)
            elements.run(block)
            assert block.last_op is not None
            return [c.binary(arith.AddiOp, args[0], step), *self.elements(block.last_op.operands)]

        starts = [c.element(op.lb), *self.elements(op.iter_args)]
        found = self._loop(starts, starts, lambda _, args: goes_on(args), turn)
        for old, new in zip(op.results, found[1:], strict=True):
            c.bind(old, new)

    def _constant(self, value: SSAValue) -> IntegerAttr[Any] | None:
        """A number that all elements agree on."""
        owner = value.owner
        return cast("IntegerAttr[Any]", owner.value) if isinstance(owner, arith.ConstantOp) else None

    def _counted(self, op: scf.ForOp, bounds: Sequence[IntegerAttr[Any]]) -> None:
        """A loop that takes the same turns for all elements."""
        c, old = self.c, op.body.block
        lb, end, step = (c.insert(arith.ConstantOp(bound)).result for bound in bounds)
        starts = self.elements(op.iter_args)
        block = Block(arg_types=[lb.type, *(start.type for start in starts)])
        loop = scf.ForOp(lb, end, step, starts, Region(block))
        for before, new in zip(old.args, block.args, strict=True):
            c.bind(before, new)
        with c.inside(block):
            self.run(old)
            assert old.last_op is not None
            c.insert(scf.YieldOp(*self.elements(old.last_op.operands)))
        c.insert(loop)
        for before, new in zip(op.results, loop.results, strict=True):
            c.bind(before, new)

    def _while(self, op: scf.WhileOp) -> None:
        c = self.c
        before, after = (region.block for region in op.regions)

        def goes_on(elements: _Elements, args: Values) -> tuple[SSAValue, Values]:
            for old, new in zip(before.args, args, strict=True):
                c.bind(old, new)
            elements.run(before)
            assert before.last_op is not None
            condition, *passed = self.elements(before.last_op.operands)
            return condition, passed

        def turn(elements: _Elements, args: Values) -> Values:
            for old, new in zip(after.args, args, strict=True):
                c.bind(old, new)
            elements.run(after)
            assert after.last_op is not None
            return self.elements(after.last_op.operands)

        found = self._loop(self.elements(op.operands), op.results, goes_on, turn)
        for old, new in zip(op.results, found, strict=True):
            c.bind(old, new)

    def _loop(
        self,
        starts: Values,
        results: Sequence[SSAValue],
        goes_on: Callable[[_Elements, Values], tuple[SSAValue, Values]],
        turn: Callable[[_Elements, Values], Values],
    ) -> Values:
        """Turns until no element goes on. What an element that does not has by then is kept for it.

        results: what has the types of what is handed on and given back.
        """
        c = self.c
        types = [v.type if is_vector(v.type) else self.type(v) for v in results]
        active = c.constant(1, self.mask) if self.active is None else self.active
        kept = [c.insert(ub.PoisonOp(type)).result for type in types]
        before = Block(arg_types=[self.mask, *types, *(start.type for start in starts)])
        after = Block(arg_types=[self.mask, *types, *types])
        with c.inside(before):
            going, *values = before.args
            condition, passed = goes_on(_Elements(c, self.whole, self.count, going), list(values[len(types) :]))
            ended = [
                c.insert(arith.SelectOp(going, new, old)).result
                for new, old in zip(passed, values[: len(types)], strict=True)
            ]
            condition = c.binary(arith.AndIOp, going, condition)
            c.insert(scf.ConditionOp(self.any(condition), condition, *ended, *passed))
        with c.inside(after):
            going, *values = after.args
            next_ = turn(_Elements(c, self.whole, self.count, going), list(values[len(types) :]))
            c.insert(scf.YieldOp(going, *values[: len(types)], *next_))
        loop = scf.WhileOp([active, *kept, *starts], after.arg_types, Region(before), Region(after))
        return list(c.insert(loop).results[1 : 1 + len(types)])

    def any(self, condition: SSAValue) -> SSAValue:
        """Whether a condition holds for any element of the block: an i1."""
        c = self.c
        for _ in range(self.count.bit_length() - 1):
            condition = c.binary(arith.OrIOp, *halves(c, condition))
        found = c.insert(simt.VoteOp(simt.VoteKind.ANY, condition)).result
        if c.warps == 1:
            return uniform(c, found)
        bits = tuple(1 << bit for bit in range(c.warps.bit_length() - 1))
        outs = ((OFFSET, len(bits)),)
        rest = ((LANE, (0,) * 5), (WARP, (0,) * len(bits)), (BLOCK, ()))
        writes = LinearLayout(((REGISTER, ()), (LANE, (0,) * 5), (WARP, bits), (BLOCK, ())), outs)
        base = offset_of(c, self.whole)
        # Others may still be reading what was said a turn ago.
        c.insert(simt.BarrierOp())
        store(c, c.insert(arith.ExtUIOp(found, VectorType(i32, [1]))).result, writes, writes, base)
        c.insert(simt.BarrierOp())
        said = load(c, VectorType(i32, [c.warps]), LinearLayout(((REGISTER, bits), *rest), outs), base)
        for _ in bits:
            said = c.binary(arith.OrIOp, *halves(c, said))
        return uniform(c, c.insert(arith.CmpiOp(said, c.constant(0, said.type), "ne")).result)


HANDLERS: Mapping[str, Handler] = {"tt.map_elementwise": _map_elementwise}
