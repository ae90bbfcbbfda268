"""NumPy's functions on tensors and scalars of the program: `mb.exp(x)`, `mb.where(c, a, b)`, `mb.maximum(a, b)`."""

from __future__ import annotations

from typing import Any

from minilinalg.builder.values import Operand, apply


def exp(x: Operand) -> Any:
    """e to the power of `x`."""
    return apply("call", "exp", x)


def exp2(x: Operand) -> Any:
    """2 to the power of `x`."""
    return apply("call", "exp2", x)


def log(x: Operand) -> Any:
    """The natural logarithm."""
    return apply("call", "log", x)


def log2(x: Operand) -> Any:
    """The logarithm to base 2."""
    return apply("call", "log2", x)


def sqrt(x: Operand) -> Any:
    """The square root."""
    return apply("call", "sqrt", x)


def rsqrt(x: Operand) -> Any:
    """One over the square root."""
    return apply("call", "rsqrt", x)


def sin(x: Operand) -> Any:
    """The sine of `x` radians."""
    return apply("call", "sin", x)


def cos(x: Operand) -> Any:
    """The cosine of `x` radians."""
    return apply("call", "cos", x)


def tanh(x: Operand) -> Any:
    """The hyperbolic tangent."""
    return apply("call", "tanh", x)


def erf(x: Operand) -> Any:
    """The error function."""
    return apply("call", "erf", x)


def floor(x: Operand) -> Any:
    """The largest integer that is not above `x`, in `x`'s type."""
    return apply("call", "floor", x)


def ceil(x: Operand) -> Any:
    """The smallest integer that is not below `x`, in `x`'s type."""
    return apply("call", "ceil", x)


def maximum(a: Operand, b: Operand) -> Any:
    """The larger element; NaN when either is."""
    return apply("call", "max", a, b)


def minimum(a: Operand, b: Operand) -> Any:
    """The smaller element; NaN when either is."""
    return apply("call", "min", a, b)


def where(condition: Operand, on_true: Operand, on_false: Operand) -> Any:
    """`on_true` where the condition (i1) holds, else `on_false`."""
    return apply("call", "where", condition, on_true, on_false)
