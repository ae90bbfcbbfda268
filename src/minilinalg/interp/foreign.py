"""Code from outside of the IR: the functions of libdevice that have a mathematical meaning.

What they are is written down in dialects/tt/libdevice.py; the gamma function alone is Python's.
"""

from __future__ import annotations

import math as python_math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from xdsl.dialects.builtin import FloatAttr, IntegerAttr
from xdsl.ir import Attribute

from minilinalg.dialects.tt import libdevice
from minilinalg.errors import UnsupportedError, near_name
from minilinalg.interp.arith.by_name import array_function
from minilinalg.interp.dtypes import dtype_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.lifting import by_rank, lift, rank_of
from minilinalg.interp.meanings import meaning
from minilinalg.interp.values import per_program
from minilinalg.locations import places_of

Function = Callable[..., Any]


class _Arrays(libdevice.Terms):
    """A formula over arrays: a value is an array in its carrier, with its type in the IR."""

    def op(self, name: str, *operands: Any, type: Attribute | None = None, predicate: int | None = None) -> Any:
        arrays, types = zip(*operands, strict=True)
        result = types[0] if type is None else type
        return array_function(name, [dtype_of(t) for t in types], dtype_of(result), predicate)(*arrays), result

    def constant(self, value: IntegerAttr[Any] | FloatAttr[Any]) -> Any:
        return np.asarray(value.value.data, dtype_of(value.type).carrier), value.type

    def type_of(self, value: Any) -> Attribute:
        return value[1]


def total(fn: Callable[..., float]) -> Function:
    """A function of Python's math module over arrays: NaN outside of its domain, infinity where it overflows."""

    def one(*operands: float) -> float:
        try:
            return fn(*operands)
        except ValueError:
            return python_math.nan
        except OverflowError:
            return python_math.inf

    return np.vectorize(one, otypes=[np.float64])


GAMMA: dict[str, Function] = {"lgamma": total(python_math.lgamma), "tgamma": total(python_math.gamma)}


def foreign_function(symbol: str, sources: Sequence[Attribute], target: Attribute) -> Function | None:
    """The function over arrays and numbers, with results in the carrier of `target`; None where it is not known.

    sources, target: types of elements.
    """
    dtype, name = dtype_of(target), libdevice.base_name(symbol)
    gamma = GAMMA.get(symbol.removeprefix(libdevice.PREFIX).removesuffix("f"))

    def over(*operands: Any) -> Any:
        given = [np.asarray(o, dtype_of(t).carrier) for o, t in zip(operands, sources, strict=True)]
        if name is not None:
            terms = list(zip(given, sources, strict=True))
            return np.asarray(libdevice.apply(_Arrays(target), name, terms)[0], dtype.carrier)
        assert gamma is not None
        return np.asarray(dtype.round(gamma(*(x.astype(np.float64) for x in given))))

    return None if name is None and gamma is None else over


@meaning("tt.extern_elementwise")
def emit_extern_elementwise(em: Emitter, op: Any) -> None:
    symbol = op.symbol.data
    types = [getattr(v.type, "element_type", v.type) for v in (*op.operands, *op.results)]
    fn = foreign_function(symbol, types[:-1], types[-1])
    if fn is None:
        gamma = [f"{libdevice.PREFIX}{name}" for name in GAMMA]
        raise UnsupportedError(
            f"'{op.name}' of '{symbol}' cannot be run yet",
            rule="an external function is one of libdevice that has a mathematical meaning",
            hint=near_name(symbol, [*libdevice.SYMBOLS, *gamma]),
            places=places_of(op),
        )
    rank = rank_of(op.results[0].type)
    if rank is None:
        em.call(op, by_rank(op, fn), em.refs(op.operands))
        return
    scalars = [rank_of(o.type) is None for o in op.operands]
    plain = lift(fn)

    def tensor(*operands: Any) -> Any:
        """A scalar operand goes to every element."""
        return plain(*(per_program(o, rank) if s else o for o, s in zip(operands, scalars, strict=True)))

    em.call(op, tensor, em.refs(op.operands))
