"""wgmma: matrix products whose operands are in shared memory. What is begun is done at once; a wait hands on."""

from __future__ import annotations

from typing import Any

import numpy as np
from xdsl.ir import Operation, SSAValue

from minilinalg.dialects.tt.attributes import InputPrecision
from minilinalg.dialects.tt.effects import is_true
from minilinalg.errors import InputError
from minilinalg.interp.dot import multiply_add
from minilinalg.interp.dtypes import dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.joining import known
from minilinalg.interp.meanings import meaning
from minilinalg.interp.shared_memory import SharedView
from minilinalg.interp.values import Partial, per_program, written_out
from minilinalg.locations import places_of

BOUNDS = 3
"""The operands of a loop in front of those that it carries."""


def _use_before_wait(result: SSAValue) -> Operation | None:
    """The operation that uses a result before it is there, if one does. Loops and branches hand it on."""
    seen: set[SSAValue] = set()
    work = [result]
    while work:
        value = work.pop()
        if value in seen:
            continue
        seen.add(value)
        for use in value.uses:
            op, parent = use.operation, use.operation.parent_op()
            if op.name == "scf.yield" and parent is not None and parent.name in ("scf.for", "scf.if"):
                work.append(parent.results[use.index])
                if parent.name == "scf.for":
                    work.append(parent.regions[0].block.args[use.index + 1])
            elif op.name == "scf.for" and use.index >= BOUNDS:
                work.append(op.regions[0].block.args[use.index - BOUNDS + 1])
                work.append(op.results[use.index - BOUNDS])
            elif op.name != "ttng.warp_group_dot_wait" and not (op.name == "ttng.warp_group_dot" and use.index == 2):
                return op
    return None


@meaning("ttng.warp_group_dot", fresh=True)
def emit_warp_group_dot(em: Emitter, op: Any) -> None:
    element, result = dtype_of(op.a.type), dtype_of(op.d.type)
    early = _use_before_wait(op.d) if is_true(op.is_async) else None
    if early is not None:
        raise InputError(
            f"'{early.name}' uses the result of an asynchronous dot that is not waited for",
            rule="it may go to ttng.warp_group_dot_wait, to a yield or to the next dot as its accumulator",
            places=places_of(early),
        )
    tf32 = element.name == "f32" and InputPrecision.of(op.input_precision) is InputPrecision.TF32
    plain = multiply_add(shape_of(op.a.type), shape_of(op.b.type), element, result, tf32=tf32, reuse=False)
    zero = np.zeros((1, 1, 1), result.carrier)
    what = f"'{op.name}'"

    def dot(a: Any, b: SharedView, c: Any, uses: Any) -> Any:
        left = a.read() if isinstance(a, SharedView) else a
        return plain(left, b.read(), c if uses is True else _where(known(uses, what), c))

    def _where(uses: Any, c: Any) -> Any:
        if isinstance(c, Partial):
            kept = per_program(np.atleast_1d(uses), 2)
            return Partial(np.where(kept, c.data, zero), ~kept | c.defined_array())
        return np.where(per_program(np.atleast_1d(uses), 2), written_out(c), zero)

    em.call(op, dot, f"{em.refs((op.a, op.b, op.c))}, {'True' if op.use_c is None else em.ref(op.use_c)}", "dot")


@meaning("ttng.warp_group_dot_wait")
def emit_warp_group_dot_wait(em: Emitter, op: Any) -> None:
    for given, handed_on in zip(op.inputs, op.outputs, strict=True):
        em.line(f"{em.define(handed_on)} = {em.ref(given)}", op)
