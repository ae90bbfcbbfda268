"""Products of warp groups go on while the next iteration begins, where it does not need them at once.

Source: WGMMAPipeline.cpp of Triton 3.9.
"""

from __future__ import annotations

from xdsl.dialects.builtin import AnyFloat, BoolAttr, IntegerAttr, i32
from xdsl.ir import Block, Operation, SSAValue
from xdsl.traits import get_effects

from minilinalg.analysis.side_effects import is_read_only
from minilinalg.dialects import ttg, ttng
from minilinalg.dialects.tt.types import tensor_type
from minilinalg.dialects.ttg.types import MemDescType
from minilinalg.dialects.ttg.views import ViewOp
from minilinalg.dialects.upstream import scf
from minilinalg.passes.insertion import insert_after


def launch_early(loop: scf.ForOp) -> list[ttng.WarpGroupDotOp]:
    """Makes those products of a loop asynchronous whose results nobody needs yet, and returns them.

    Those of which the next iteration only needs the sum go on until the last of them in the next iteration, where the
    loop waits until what is under way of the iteration before is done, whose buffers are written next. Others go on
    until the first product of the next iteration that the loop waits for. Behind the loop it waits for all.
    """
    all_dots = [op for op in loop.body.block.ops if isinstance(op, ttng.WarpGroupDotOp)]
    dots = [dot for dot in all_dots if _is_only_summed_up(dot, loop)]
    if not dots:
        dots = [dot for dot in all_dots if _is_needed_behind(all_dots[0], dot, loop)]
        if dots:
            _launch_behind(all_dots[0], dots, loop)
        return dots
    for dot in dots:
        dot.properties["isAsync"] = BoolAttr.from_bool(True)
    last = dots[-1]
    results: list[SSAValue] = [loop.results[_position(dot, loop)] for dot in dots]
    products: list[SSAValue] = [dot.d for dot in dots]
    values = list(products)
    values += [view for dot in dots for view in (dot.a, dot.b) if isinstance(view.type, MemDescType)]
    _wait(last, list(dict.fromkeys(values)), len(dots), products)
    _wait(loop, results, 0, results)
    return dots


def _launch_behind(first: ttng.WarpGroupDotOp, dots: list[ttng.WarpGroupDotOp], loop: scf.ForOp) -> None:
    """Makes products go on until `first` is waited for in the next iteration."""
    for dot in (first, *dots):
        dot.properties["isAsync"] = BoolAttr.from_bool(True)
    positions = [_position(dot, loop) for dot in dots]
    sums: list[SSAValue] = [loop.region_iter_args[position] for position in positions]
    views: list[SSAValue] = [view for view in (first.a, first.b) if isinstance(view.type, MemDescType)]
    _wait(first, list(dict.fromkeys([first.d, *views, *sums])), 0, [first.d, *sums])
    results: list[SSAValue] = [loop.results[position] for position in positions]
    _wait(loop, results, 0, results)


def _wait(at: Operation, values: list[SSAValue], pendings: int, waited: list[SSAValue]) -> None:
    """A wait behind `at`, through which users get `waited`."""
    wait = ttng.WarpGroupDotWaitOp(
        operands=[values],
        properties={"pendings": IntegerAttr(pendings, i32)},
        result_types=[[value.type for value in values]],
    )
    insert_after(at, wait)
    for value in waited:
        new = wait.outputs[values.index(value)]
        for use in [use for use in value.uses if use.operation is not wait]:
            use.operation.operands[use.index] = new


def _position(dot: ttng.WarpGroupDotOp, loop: scf.ForOp) -> int:
    return list(loop.yielded).index(dot.d)


def _is_needed_behind(first: ttng.WarpGroupDotOp, dot: ttng.WarpGroupDotOp, loop: scf.ForOp) -> bool:
    """Whether a product is needed in the next iteration only, when its first product is done, and what it reads stays.

    Registers that it reads are those of products done by then, as officially: they are new in each iteration.
    """
    uses = list(dot.d.uses)
    if dot is first or not isinstance(tensor_type(dot.d).element_type, AnyFloat):
        return False
    if len(uses) != 1 or uses[0].operation is not loop.body.block.last_op:
        return False
    if not _turns(dot.b, loop) or not (_turns(dot.a, loop) or _is_computed_from_product(dot.a)):
        return False
    # What is written next to shared memory is written when the loop has waited.
    early: set[Operation] = {first}
    at = first.prev_op
    while at is not None:
        early.add(at)
        at = at.prev_op
    if any(_may_write(op) for op in early - {first}):
        return False
    argument = loop.region_iter_args[uses[0].index]
    return not any(op.is_ancestor(use.operation) for use in argument.uses for op in early)


def _may_write(op: Operation) -> bool:
    effects = get_effects(op)
    return not isinstance(op, ttg.AsyncWaitOp | ttng.WaitBarrierOp) and (effects is None or not is_read_only(effects))


def _is_computed_from_product(value: SSAValue) -> bool:
    """Whether an operand in registers is what threads made of a product, each of its own elements."""
    owner = value.owner
    if not isinstance(owner, ttg.ConvertLayoutOp):
        return False
    return isinstance(tensor_type(owner.src).encoding, ttg.NvidiaMmaEncodingAttr)


def _is_only_summed_up(dot: ttng.WarpGroupDotOp, loop: scf.ForOp) -> bool:
    """Whether a product is added to that of the iteration before, and read by nobody else, from buffers that turn."""
    end = loop.body.block.last_op
    uses = list(dot.d.uses)
    # As officially, sums of integers are waited for at once.
    if not isinstance(tensor_type(dot.d).element_type, AnyFloat):
        return False
    if len(uses) != 1 or uses[0].operation is not end:
        return False
    argument = loop.region_iter_args[uses[0].index]
    used = list(argument.uses)
    if len(used) != 1 or used[0].operation is not dot or used[0].index != 2:
        return False
    return all(_turns(view, loop) for view in (dot.a, dot.b))


def _turns(view: SSAValue, loop: scf.ForOp) -> bool:
    """Whether a view is of a buffer that is allocated in front of the loop: what is copied next goes to another one."""
    if not isinstance(view.type, MemDescType):
        return False
    owner = view.owner
    while isinstance(owner, Operation) and isinstance(owner, ViewOp):
        owner = owner.src.owner
    return not isinstance(owner, Block) and isinstance(owner, ttg.LocalAllocOp) and not loop.is_ancestor(owner)
