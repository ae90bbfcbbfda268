"""wgmma: matrix products whose operands are in shared memory. What is begun is done at once; a wait hands on."""

from __future__ import annotations

from typing import Any

import numpy as np

from minilinalg.dialects.tt.attributes import InputPrecision
from minilinalg.interp.dot import multiply_add
from minilinalg.interp.dtypes import dtype_of, shape_of
from minilinalg.interp.engine import Emitter, meaning
from minilinalg.interp.scf import known
from minilinalg.interp.shared_memory import SharedView
from minilinalg.interp.values import Partial, per_program, written_out


@meaning("ttng.warp_group_dot", fresh=True)
def emit_warp_group_dot(em: Emitter, op: Any) -> None:
    element, result = dtype_of(op.a.type), dtype_of(op.d.type)
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
