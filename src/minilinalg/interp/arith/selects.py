"""arith.select of scalars and tensors, whose elements may be undefined."""

from __future__ import annotations

from typing import Any

import numpy as np

from minilinalg.interp.dtypes import Array, is_array
from minilinalg.interp.engine import Emitter
from minilinalg.interp.lifting import rank_of, where
from minilinalg.interp.meanings import meaning
from minilinalg.interp.values import Mask, Partial, per_program, written_out


def select_scalar(condition: Any, a: Any, b: Any) -> Any:
    """arith.select of scalars."""
    if Partial in (type(condition), type(a), type(b)):
        if type(condition) is not Partial:
            condition = np.atleast_1d(condition)
        return select(condition, a, b)
    if is_array(condition):
        return where(condition, a, b)
    return a if condition else b


def select(condition: Any, a: Any, b: Any) -> Any:
    """arith.select of tensors, by a tensor of i1 or by one scalar."""
    if isinstance(condition, Partial):
        result = select(condition.data, a, b)
        known = condition.defined_array() | _same_defined(a, b)
        if isinstance(result, Partial):
            known = known & result.defined_array()
        return Partial(written_out(result), known)
    if isinstance(condition, Mask) and condition.box().full:
        return a
    holds = written_out(condition)
    if not is_array(holds):
        return a if holds else b
    if holds.size == 1:
        return a if holds.all() else b
    if type(a) is Partial or type(b) is Partial:
        return _select_partial(condition, holds, a, b)
    return where(holds, written_out(a), written_out(b))


def _same_defined(a: Any, b: Any) -> Any:
    """Where two tensors are defined and the same, so that it does not matter which is chosen."""
    x, y = (np.asarray(written_out(v)) for v in (a, b))
    if x.dtype.kind == "f":
        x, y = (v.view(np.dtype(f"u{v.itemsize}")) for v in (x, y))
    known_a, known_b = (v.defined_array() if isinstance(v, Partial) else True for v in (a, b))
    return (x == y) & known_a & known_b


def _select_partial(mask: Any, condition: Array, a: Any, b: Any) -> Any:
    data = where(condition, written_out(a), written_out(b))
    if type(a) is Partial and type(b) is not Partial and a.defined is mask:
        return data
    known_a = a.defined_array() if type(a) is Partial else True
    known_b = b.defined_array() if type(b) is Partial else True
    defined = where(condition, known_a, known_b)
    return data if defined.all() else Partial(data, defined)


@meaning("arith.select")
def emit_select(em: Emitter, op: Any) -> None:
    rank = rank_of(op.results[0].type)
    if rank is None:
        em.call(op, select_scalar, em.refs(op.operands))
        return
    if rank_of(op.operands[0].type) is None:

        def by_scalar(condition: Any, a: Any, b: Any) -> Any:
            return select(per_program(condition, rank), a, b)

        em.call(op, by_scalar, em.refs(op.operands))
    else:
        em.call(op, select, em.refs(op.operands))
