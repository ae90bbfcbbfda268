"""From a function of NumPy arrays to the meaning of an operation: tensors in any form, scalars, undefined elements."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from xdsl.ir import Operation

from minilinalg.interp.dtypes import Array, DType, is_array, shape_of
from minilinalg.interp.values import Partial, written_out

Function = Callable[..., Any]
where: Any = np.where
OPERATOR: Any = operator
"""The operator module, whose functions are typed for what they are not given here."""


def rank_of(type_: Any) -> int | None:
    """The rank of a tensor, None for a scalar."""
    shape = shape_of(type_)
    return len(shape) if shape or "tensor" in type_.name else None


def lift(fn: Function) -> Function:
    """`fn` over arrays, for tensors in any form: symbolic ones are written out, undefined lanes carried along."""

    def lifted(*operands: Any) -> Any:
        defined: Array | None = None
        for i, o in enumerate(operands):
            if type(o) is Partial:
                if len([x for x in operands if type(x) is Partial]) == 1:
                    # Often the very mask that a later store uses: kept symbolic, so that the two are seen to agree.
                    data = fn(*(written_out(x) for x in operands))
                    return Partial(data, o.defined)
                d = operands[i].defined_array()
                defined = d if defined is None else defined & d
        result = fn(*(written_out(o) for o in operands))
        return result if defined is None else Partial(result, defined)

    return lifted


def absorbing(fn: Function, element: int) -> Function:
    """`lift` of an `fn` whose result, when an operand is `element`, is that: whatever an undefined other one is."""

    def lifted(a: Any, b: Any) -> Any:
        x, y = written_out(a), written_out(b)
        if type(a) is not Partial and type(b) is not Partial:
            return fn(x, y)
        known_a = a.defined_array() if type(a) is Partial else True
        known_b = b.defined_array() if type(b) is Partial else True
        return Partial(fn(x, y), (known_a & known_b) | (known_a & (x == element)) | (known_b & (y == element)))

    return lifted


ABSORBING = {"arith.andi": 0, "arith.muli": 0, "arith.ori": -1}


def lift_int(name: str, fn: Function, dtype: DType) -> Function:
    """`fn`, the integer operation `name`, over tensors in any form."""
    if name not in ABSORBING:
        return lift(fn)
    return absorbing(fn, dtype.wrap(ABSORBING[name]))


def guarded(fn: Function, slow: Function | None = None) -> Function:
    """`fn` over scalars, undefined ones carried along: by `slow`, if that is given."""
    slow = slow or lift(fn)

    def scalar(*operands: Any) -> Any:
        for o in operands:
            if type(o) is Partial:
                return slow(*operands)
        return fn(*operands)

    return scalar


def guarded_two(fn: Function, slow: Function) -> Function:
    """`guarded` of an `fn` of two scalars."""

    def scalar(a: Any, b: Any) -> Any:
        return slow(a, b) if type(a) is Partial or type(b) is Partial else fn(a, b)

    return scalar


def number(fn: Function) -> Function:
    """`fn` over arrays, for scalars: a result that is one number becomes a Python int or a NumPy float again."""

    def scalar(*operands: Any) -> Any:
        result = fn(*operands)
        if np.ndim(result) == 0:
            result = np.asarray(result)[()]
            return result.item() if result.dtype.kind in "iub" else result
        return result

    return scalar


def by_rank(op: Operation, fn: Function) -> Function:
    """`fn` over arrays as the meaning of `op`, whose result is a tensor in any form, or a scalar."""
    return guarded(number(fn)) if rank_of(op.results[0].type) is None else lift(fn)


def fits_in(a: Array, b: Any) -> bool:
    """Whether a result of `a` and `b` has the shape of `a`, so that it may be written over it."""
    if not (a.flags.owndata and a.flags.writeable):
        return False
    if not is_array(b) or a.shape == b.shape:
        return True
    return a.ndim == b.ndim and all(n == m or m == 1 for n, m in zip(a.shape, b.shape, strict=True))


def same(x: Any) -> Any:
    """The value itself: a cast between types that the engine carries alike."""
    return x
