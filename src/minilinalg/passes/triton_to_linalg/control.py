"""Programs, loops and branches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.ir import Block, Operation, Region, SSAValue

from minilinalg.analysis.structured import Structured
from minilinalg.dialects import tt
from minilinalg.dialects.upstream import arith, scf, tensor, ub
from minilinalg.passes.triton_to_linalg.addresses import value_in
from minilinalg.passes.triton_to_linalg.conversion import INDEX, Conversion, Handler, as_tensor, data_type
from minilinalg.passes.triton_to_linalg.demand import sources


def _program_id(c: Conversion, op: tt.GetProgramIdOp) -> None:
    c.bind(op.result, c.insert(arith.IndexCastOp(c.programs[op.program_dim.value], op.result.type)).result)


def _num_programs(c: Conversion, op: tt.GetNumProgramsOp) -> None:
    c.bind(op.result, c.insert(arith.IndexCastOp(c.grid[op.program_dim.value], op.result.type)).result)


def _offset(c: Conversion, value: SSAValue) -> SSAValue:
    state = c.pointers.of(value)
    assert isinstance(state, Structured)
    return c.index(state.offset)


def _for(c: Conversion, op: scf.ForOp) -> None:
    """What is needed of the carried values: data as it is, and offsets as indices behind them."""
    arguments = op.body.block.args[1:]
    data = [arg for arg in arguments if arg in c.demand.data]
    offsets = [arg for arg in arguments if arg in c.demand.carried]
    starts = [value_in(c, sources(arg)[0], arg) for arg in data] + [_offset(c, sources(arg)[0]) for arg in offsets]
    variable = op.body.block.args[0]
    block = Block(arg_types=[variable.type, *(value.type for value in starts)])
    loop = scf.ForOp(c.value(op.lb), c.value(op.ub), c.value(op.step), starts, Region(block))
    loop.properties.update(op.properties)
    loop.attributes.update(op.attributes)
    for old, new in zip((variable, *data, *offsets), block.args, strict=True):
        new.location, new.name_hint = old.location, old.name_hint
    c.bind(variable, block.args[0])
    _bind(c, data, offsets, block.args[1:])
    with c.inside(block):
        c.convert_block(op.body.block)
        ends = [value_in(c, sources(arg)[1], arg) for arg in data] + [_offset(c, sources(arg)[1]) for arg in offsets]
        c.insert(scf.YieldOp(*ends))
    c.insert(loop)
    results = [op.results[arg.index - 1] for arg in data], [op.results[arg.index - 1] for arg in offsets]
    _bind(c, *results, loop.results)


def _bind(c: Conversion, data: Sequence[SSAValue], offsets: Sequence[SSAValue], new: Sequence[SSAValue]) -> None:
    for old, value in zip(data, new[: len(data)], strict=True):
        c.bind(old, value)
    for old, value in zip(offsets, new[len(data) :], strict=True):
        c.bind_offset(old, value)


def _if(c: Conversion, op: scf.IfOp) -> None:
    data = [result for result in op.results if result in c.demand.data]
    offsets = [result for result in op.results if result in c.demand.carried]
    types = [*(data_type(result.type) for result in data), *(INDEX for _ in offsets)]
    both = bool(types) or bool(op.false_region.blocks)
    branch = scf.IfOp(c.value(op.cond), types, Region(Block()), Region(Block()) if both else Region())
    for side, (old, new) in enumerate(zip(op.regions, branch.regions, strict=True)):
        if old.blocks:
            with c.inside(new.block):
                c.convert_block(old.block)
                values = [value_in(c, sources(result)[side], result) for result in data]
                c.insert(scf.YieldOp(*values, *(_offset(c, sources(result)[side]) for result in offsets)))
    c.insert(branch)
    _bind(c, data, offsets, branch.results)


def _while(c: Conversion, op: scf.WhileOp) -> None:
    """All that a `while` carries is data."""
    c.convert_while(op, data_type, lambda value, place: value_in(c, value, place))


def _condition(c: Conversion, op: scf.ConditionOp) -> None:
    c.convert_condition(op, lambda value, place: value_in(c, value, place))


def _poison(c: Conversion, op: ub.PoisonOp) -> None:
    type = data_type(op.result.type)
    c.bind(op.result, c.insert(ub.PoisonOp(type) if as_tensor(type) is None else tensor.EmptyOp((), type)).results[0])


def _nothing(c: Conversion, op: Operation) -> None:
    """A promise that nothing here makes use of, or a barrier between the threads of a program, which is one here."""


HANDLERS: Mapping[str, Handler] = {
    "llvm.intr.assume": _nothing,
    "scf.condition": _condition,
    "scf.for": _for,
    "scf.if": _if,
    "scf.while": _while,
    "tt.get_num_programs": _num_programs,
    "tt.get_program_id": _program_id,
    "ttg.barrier": _nothing,
    "ub.poison": _poison,
}
