"""Code from outside of the IR: the functions of libdevice that have a mathematical meaning, each by its name there.

Source: NVIDIA, "libdevice user's guide". Where libdevice approximates, the function itself is computed. Of what it
rounds in a direction (`_rn`, `_rz`, `_ru`, `_rd`), only arithmetic to the nearest and integers towards zero are known.
"""

from __future__ import annotations

import math as python_math
from collections.abc import Callable
from typing import Any

import numpy as np

from minilinalg.errors import UnsupportedError, near_name
from minilinalg.interp.arith import array_function, by_rank, lift, rank_of, where
from minilinalg.interp.dtypes import DType, dtype_of
from minilinalg.interp.engine import Emitter, meaning
from minilinalg.interp.values import per_program
from minilinalg.locations import places_of

Function = Callable[..., Any]

MATH = (
    *("acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "copysign", "cos", "cosh", "erf"),
    *("erfc", "exp", "exp2", "expm1", "floor", "fma", "log", "log10", "log1p", "log2", "round", "rsqrt", "sin"),
    *("sinh", "sqrt", "tan", "tanh", "trunc"),
)
FAST = ("cos", "exp", "log", "log10", "log2", "sin", "tan", "tanh")
OPERATIONS: dict[str, tuple[str, ...]] = {
    "arith.addf": ("dadd_rn", "fadd_rn"),
    "arith.subf": ("dsub_rn", "fsub_rn"),
    "arith.mulf": ("dmul_rn", "fmul_rn"),
    "arith.divf": ("ddiv_rn", "fdiv_rn", "fast_fdivide"),
    "arith.remf": ("fmod",),
    "arith.maxnumf": ("fmax",),
    "arith.minnumf": ("fmin",),
    "arith.maxsi": ("max", "llmax"),
    "arith.minsi": ("min", "llmin"),
    "arith.maxui": ("umax", "ullmax"),
    "arith.minui": ("umin", "ullmin"),
    "math.absf": ("fabs",),
    "math.absi": ("abs", "llabs"),
    "math.fma": ("fma_rn", "fmaf_rn"),
    "math.powf": ("pow", "fast_pow"),
    "math.roundeven": ("nearbyint", "rint"),
    "math.rsqrt": ("frsqrt_rn",),
    "math.sqrt": ("dsqrt_rn", "fsqrt_rn"),
    "arith.fptosi": ("float2int_rz", "float2ll_rz", "double2int_rz", "double2ll_rz"),
    "arith.fptoui": ("float2uint_rz", "float2ull_rz", "double2uint_rz", "double2ull_rz"),
    "arith.sitofp": ("int2float_rn", "ll2float_rn", "int2double_rn", "ll2double_rn"),
    "arith.uitofp": ("uint2float_rn", "ull2float_rn", "uint2double_rn", "ull2double_rn"),
    "arith.bitcast": (
        *("float_as_int", "float_as_uint", "int_as_float", "uint_as_float"),
        *("double_as_longlong", "longlong_as_double"),
    ),
}
SAME: dict[str, str] = {
    **{name: f"math.{name}" for name in MATH},
    **{f"fast_{name}": f"math.{name}" for name in FAST},
    **{name: operation for operation, names in OPERATIONS.items() for name in names},
}
"""Functions of libdevice that are an operation of arith or math."""


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


erfc = total(python_math.erfc)


def sinpi(x: Any) -> Any:
    """sin(pi x), exactly zero at whole numbers."""
    turn = np.remainder(x, 2.0)
    return where(turn % 1.0 == 0.0, 0.0 * x, np.sin(np.pi * turn))


def cospi(x: Any) -> Any:
    """cos(pi x), exactly zero halfway between whole numbers."""
    turn = np.remainder(np.abs(x), 2.0)
    return where(turn % 1.0 == 0.5, 0.0, np.cos(np.pi * turn))


def fdim(x: Any, y: Any) -> Any:
    """x - y where that is positive, else 0."""
    return where(np.isnan(x) | np.isnan(y), np.nan, where(x > y, x - y, 0.0))


def logb(x: Any) -> Any:
    """The exponent of x, as a float."""
    return where(x == 0, -np.inf, where(np.isfinite(x), np.frexp(x)[1] - 1.0, np.abs(x)))


def scaled(x: Any, exponent: Any) -> Any:
    """x * 2**exponent."""
    return np.ldexp(x, exponent.astype(np.int64))


ONE: dict[str, Callable[[Any], Any]] = {
    "cospi": cospi,
    "drcp_rn": lambda x: 1.0 / x,
    "erfcx": lambda x: np.exp(x * x) * erfc(x),
    "exp10": lambda x: np.power(10.0, x),
    "fast_exp10": lambda x: np.power(10.0, x),
    "finite": np.isfinite,
    "frcp_rn": lambda x: 1.0 / x,
    "isfinited": np.isfinite,
    "isinf": np.isinf,
    "isinfd": np.isinf,
    "isnan": np.isnan,
    "isnand": np.isnan,
    "lgamma": total(python_math.lgamma),
    "logb": logb,
    "normcdf": lambda x: 0.5 * erfc(-x / python_math.sqrt(2.0)),
    "rcbrt": lambda x: 1.0 / np.cbrt(x),
    "saturate": lambda x: where(np.isnan(x), 0.0, np.clip(x, 0.0, 1.0)),
    "signbit": np.signbit,
    "signbitd": np.signbit,
    "sinpi": sinpi,
    "tgamma": total(python_math.gamma),
}
TWO: dict[str, Callable[[Any, Any], Any]] = {
    "fdim": fdim,
    "hypot": np.hypot,
    "ldexp": scaled,
    "powi": np.power,
    "remainder": total(python_math.remainder),
    "rhypot": lambda x, y: 1.0 / np.hypot(x, y),
    "scalbn": scaled,
}
OTHERS: dict[str, Function] = {**ONE, **TWO}
"""The others, computed in float64 and rounded to the type of the result."""

PREFIX = "__nv_"


def base_name(symbol: str) -> str:
    """`__nv_sinf` -> `sin`: the name without the prefix, and without the suffix of float32 where there is one."""
    name = symbol.removeprefix(PREFIX)
    return name if name in SAME or name in OTHERS else name.removesuffix("f")


def foreign_function(symbol: str, sources: list[DType], target: DType) -> Function | None:
    """The function over arrays and numbers, with results in the carrier of `target`; None where it is not known."""
    name = base_name(symbol)
    if not symbol.startswith(PREFIX) or not (name in SAME or name in OTHERS):
        return None
    known = array_function(SAME[name], sources, target) if name in SAME else None

    def over(*operands: Any) -> Any:
        if known is not None:
            return np.asarray(known(*(np.asarray(o, d.carrier) for o, d in zip(operands, sources, strict=True))))
        found = np.asarray(OTHERS[name](*(np.asarray(o, np.float64) for o in operands)))
        return target.round(found.astype(np.float64)) if target.is_float else found.astype(target.carrier)

    return over


@meaning("tt.extern_elementwise")
def emit_extern_elementwise(em: Emitter, op: Any) -> None:
    symbol = op.symbol.data
    fn = foreign_function(symbol, [dtype_of(o.type) for o in op.operands], dtype_of(op.results[0].type))
    if fn is None:
        known = [f"{PREFIX}{name}{suffix}" for name in (*SAME, *OTHERS) for suffix in ("", "f")]
        raise UnsupportedError(
            f"'{op.name}' of '{symbol}' cannot be run yet",
            rule="an external function is one of libdevice that has a mathematical meaning",
            hint=near_name(symbol, known),
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


@meaning("tt.elementwise_inline_asm")
def emit_elementwise_inline_asm(em: Emitter, op: Any) -> None:
    """Assembly of a target has no meaning apart from that target."""
    raise UnsupportedError(
        f"'{op.name}' cannot be run: it is assembly text of a target",
        rule="a module that runs here consists of operations that mean the same on every machine",
        hint="write it with operations of triton.language, behind a constexpr where the target needs its own",
        places=places_of(op),
    )
