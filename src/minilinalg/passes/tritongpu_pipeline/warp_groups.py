"""Products of warp groups that a loop adds up go on while the next iteration begins.

Source: WGMMAPipeline.cpp of Triton 3.9.
"""

from __future__ import annotations

from xdsl.dialects.builtin import AnyFloat, BoolAttr, IntegerAttr, i32
from xdsl.ir import Block, Operation, SSAValue

from minilinalg.dialects import ttg, ttng
from minilinalg.dialects.tt.types import tensor_type
from minilinalg.dialects.ttg.types import MemDescType
from minilinalg.dialects.ttg.views import ViewOp
from minilinalg.dialects.upstream import scf
from minilinalg.passes.insertion import insert_after


def launch_early(loop: scf.ForOp) -> list[ttng.WarpGroupDotOp]:
    """Makes those products of a loop asynchronous that only later ones need, and returns them.

    At the last of them the loop waits until those of the iteration before are done, whose buffers are written next;
    behind the loop it waits for all.
    """
    dots = [op for op in loop.body.block.ops if isinstance(op, ttng.WarpGroupDotOp) and _is_only_summed_up(op, loop)]
    if not dots:
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
