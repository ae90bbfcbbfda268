"""Building programs by hand with as little ceremony as NumPy.

    from minilinalg import builder as mb

    b = mb.Module()
    with b.function("mm", a="128x64xf16", w="64x32xf16", bias="32xf32") as f:
        c = f.comprehension("C[m, n] += A[m, k] * B[k, n]", A=f.a, B=f.w)
        f.returns(mb.maximum(c + f.bias, 0.0))
    print(b.text())

Types are strings (`elements`), values have NumPy's operators (`values`), comprehensions become one `linalg.generic`
each (`Function.comprehension`), loops and branches are context managers (`regions`). Every operation carries the line
of the script that made it, and every mistake is an error that names that line.
"""

from minilinalg.builder.function import Function
from minilinalg.builder.functions import (
    ceil,
    cos,
    erf,
    exp,
    exp2,
    floor,
    log,
    log2,
    maximum,
    minimum,
    rsqrt,
    sin,
    sqrt,
    tanh,
    where,
)
from minilinalg.builder.kernel import Kernel
from minilinalg.builder.module import Module
from minilinalg.builder.regions import Branch, Loop
from minilinalg.builder.values import Buffer, Scalar, Tensor, Value

__all__ = [
    "Branch",
    "Buffer",
    "Function",
    "Kernel",
    "Loop",
    "Module",
    "Scalar",
    "Tensor",
    "Value",
    "ceil",
    "cos",
    "erf",
    "exp",
    "exp2",
    "floor",
    "log",
    "log2",
    "maximum",
    "minimum",
    "rsqrt",
    "sin",
    "sqrt",
    "tanh",
    "where",
]
