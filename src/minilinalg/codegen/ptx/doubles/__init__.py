"""Functions of f64, and by way of them those of f32, f16 and bf16 that `math_functions.py` has none for.

| function of f64 | largest error, in units in the last place |
|---|---|
| exp, exp2, cbrt | 1 |
| expm1, log, log2, log10, log1p, sin, cos, atan, rsqrt, erf, powf | 2 |
| tan, sinh, cosh, tanh, asin, acos, atan2, asinh, acosh | 4 |
| atanh, erfc | 6 |

Computed for f32 and rounded once, they are off by 1. Polynomials are fits in the sense of the largest error, or series
where these are as short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from minilinalg.codegen.ptx.doubles import angles, hyperbolic, logarithms, powers, roots

_ALL: tuple[Callable[..., str], ...] = (
    *(powers.exp, powers.exp2, powers.expm1),
    *(logarithms.log1p, logarithms.powf),
    *(angles.sin, angles.cos, angles.tan, angles.asin, angles.acos, angles.atan, angles.atan2),
    *(hyperbolic.sinh, hyperbolic.cosh, hyperbolic.tanh, hyperbolic.asinh, hyperbolic.acosh, hyperbolic.atanh),
    *(roots.rsqrt, roots.cbrt, roots.erf, roots.erfc),
)
FUNCTIONS: Mapping[str, Callable[..., str]] = {f"math.{each.__name__}": each for each in _ALL} | {
    f"math.{name}": getattr(logarithms, name) for name in ("log", "log2", "log10")
}
"""Name of an operation -> what writes it for numbers of f64 in registers."""
