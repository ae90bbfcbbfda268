"""arith.constant and ub.poison: what an attribute stands for, in the engine's form."""

from __future__ import annotations

from typing import Any

import numpy as np
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr

from minilinalg.analysis.constants import uniform_element
from minilinalg.errors import UnsupportedError
from minilinalg.interp.dtypes import I1, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.folding import kept
from minilinalg.interp.lifting import rank_of
from minilinalg.interp.meanings import meaning
from minilinalg.interp.values import Affine, Partial


def constant_value(attr: Any, type_: Any) -> Any:
    """What a constant's attribute stands for, in the engine's form."""
    dtype, shape = dtype_of(type_), shape_of(type_)
    if isinstance(attr, IntegerAttr):
        return dtype.wrap(attr.value.data) if dtype is not I1 else bool(attr.value.data)
    if isinstance(attr, FloatAttr):
        return dtype.round(np.asarray(attr.value.data, np.float64).astype(dtype.carrier))[()]
    if isinstance(attr, DenseIntOrFPElementsAttr):
        # Blocks of one number everywhere are never unpacked.
        element = uniform_element(attr)  # pyright: ignore[reportUnknownArgumentType]
        one = element is not None
        values = [element] if one else list(attr.get_values())
        if dtype is I1:
            values = [bool(v) for v in values]
        if one and dtype.kind == "int" and dtype is not I1 and shape:
            return Affine(dtype.wrap(int(values[0])), (0,) * len(shape), shape, dtype)
        array = np.array(values, dtype.carrier)
        array.flags.writeable = False
        if one:
            return array.reshape((1,) * (len(shape) + 1))
        # A constant of one thread is the same in all of them (threads.py): the axis of threads stays 1.
        return array.reshape((1,) * (1 + len(shape) - len(attr.get_shape())) + tuple(attr.get_shape()))
    raise UnsupportedError(f"a constant of the form {attr}", rule="a constant is a number or dense<...>")


@meaning("arith.constant")
def emit_constant(em: Emitter, op: Any) -> None:
    type_ = op.results[0].type
    value = constant_value(op.properties["value"], type_)
    em.define_constant(op.results[0], kept(value, type_) if em.folds else value)


@meaning("ub.poison")
def emit_poison(em: Emitter, op: Any) -> None:
    from minilinalg.interp.access import poison

    dtype, rank = dtype_of(op.results[0].type), rank_of(op.results[0].type)
    if rank is None:
        value: Any = poison(dtype)
    else:
        ones = (1,) * (rank + 1)
        value = Partial(np.full(ones, poison(dtype), dtype.carrier), np.zeros(ones, np.bool_))
    em.line(f"{em.define(op.results[0])} = {em.const(value, 'c')}", op)
