"""Programs, loops and branches: blocks, and the same loops and branches over registers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from xdsl.dialects.builtin import i32
from xdsl.ir import Block, Operation, Region, SSAValue

from minilinalg.dialects import simt, tt
from minilinalg.dialects.ttg.types import MemDescType
from minilinalg.dialects.upstream import arith, scf
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, data_type, is_carried
from minilinalg.passes.tritongpu_to_simt.elementwise import bytes_of


def _program_id(c: Conversion, op: tt.GetProgramIdOp) -> None:
    c.bind(op.result, c.insert(simt.BlockIdOp(op.program_dim)).result)


def _num_programs(c: Conversion, op: tt.GetNumProgramsOp) -> None:
    c.bind(op.result, c.insert(simt.NumBlocksOp(op.program_dim)).result)


def _carried(values: Sequence[SSAValue]) -> list[int]:
    """The positions of what is carried from turn to turn: data and the places of views, no tokens."""
    return [position for position, value in enumerate(values) if is_carried(value.type)]


def _given(c: Conversion, op: Operation, value: SSAValue, like: SSAValue | None = None) -> SSAValue:
    """What stands for `value` in a loop or branch: of a view its byte address. `like`: a view with the same places."""
    if not isinstance(value.type, MemDescType):
        return c.value(value)
    view = c.view(value)
    other = view if like is None else c.view(like)
    moved = view.origin if view.padding else view.origin & view.reach
    if moved or (other.places, other.padding) != (view.places, view.padding):
        raise c.unsupported(
            f"'{op.name}' carries views of shared memory that lie differently",
            "a view that is carried begins at a place that no element of it has a bit of, and has one layout",
        )
    size = bytes_of(view.element)
    return c.binary(arith.AddiOp, view.base, view.origin * size) if view.origin else view.base


def _take(c: Conversion, old: SSAValue, new: SSAValue, like: SSAValue) -> None:
    """Says that `old` has become `new`; of a view, with the places of the view `like`."""
    if isinstance(old.type, MemDescType):
        c.bind_view(old, replace(c.view(like), base=new, origin=0))
    else:
        c.bind(old, new)


def _for(c: Conversion, op: scf.ForOp) -> None:
    variable, *every = op.body.block.args
    kept = _carried(every)
    starts = [_given(c, op, op.iter_args[i]) for i in kept]
    block = Block(arg_types=[variable.type, *(value.type for value in starts)])
    loop = scf.ForOp(c.value(op.lb), c.value(op.ub), c.value(op.step), starts, Region(block))
    loop.properties.update(op.properties)
    loop.attributes.update(op.attributes)
    for old, new in zip((variable, *(every[i] for i in kept)), block.args, strict=True):
        new.location = old.location
    c.bind(variable, block.args[0])
    for i, new in zip(kept, block.args[1:], strict=True):
        _take(c, every[i], new, op.iter_args[i])
    with c.inside(block):
        c.convert_block(op.body.block)
        last = op.body.block.last_op
        assert last is not None
        c.insert(scf.YieldOp(*(_given(c, op, last.operands[i], op.iter_args[i]) for i in kept)))
    c.insert(loop)
    for i, new in zip(kept, loop.results, strict=True):
        _take(c, op.results[i], new, op.iter_args[i])


def _if(c: Conversion, op: scf.IfOp) -> None:
    kept = _carried(op.results)
    sources = [block.last_op for region in op.regions for block in region.blocks]
    types = [i32 if isinstance(op.results[i].type, MemDescType) else data_type(op.results[i].type) for i in kept]
    both = bool(types) or bool(op.false_region.blocks)
    branch = scf.IfOp(c.value(op.cond), types, Region(Block()), Region(Block()) if both else Region())
    for old, new in zip(op.regions, branch.regions, strict=True):
        if not new.blocks:
            continue
        with c.inside(new.block):
            values: list[SSAValue] = []
            if old.blocks:
                c.convert_block(old.block)
                first, last = sources[0], old.block.last_op
                assert first is not None and last is not None
                values = [_given(c, op, last.operands[i], first.operands[i]) for i in kept]
            c.insert(scf.YieldOp(*values))
    c.insert(branch)
    for i, new in zip(kept, branch.results, strict=True):
        assert sources[0] is not None
        _take(c, op.results[i], new, sources[0].operands[i])


def _while(c: Conversion, op: scf.WhileOp) -> None:
    c.convert_while(op, data_type, lambda value, _: c.value(value))


def _condition(c: Conversion, op: scf.ConditionOp) -> None:
    c.convert_condition(op, lambda value, _: c.value(value))


def _barrier(c: Conversion, op: Operation) -> None:
    c.insert(simt.BarrierOp())


def _nothing(c: Conversion, op: Operation) -> None:
    """A promise that nothing here makes use of, or the end of a life that allocation has dealt with."""


def _grid_wait(c: Conversion, op: Operation) -> None:
    c.insert(simt.GridDependencyWaitOp())


def _launch_dependents(c: Conversion, op: Operation) -> None:
    c.insert(simt.GridDependencyLaunchDependentsOp())


HANDLERS: Mapping[str, Handler] = {
    "llvm.intr.assume": _nothing,
    "scf.condition": _condition,
    "scf.for": _for,
    "scf.if": _if,
    "scf.while": _while,
    "tt.get_num_programs": _num_programs,
    "tt.get_program_id": _program_id,
    "tt.grid_dependency_launch_dependents": _launch_dependents,
    "tt.grid_dependency_wait": _grid_wait,
    "ttg.barrier": _barrier,
    "ttg.local_dealloc": _nothing,
}
