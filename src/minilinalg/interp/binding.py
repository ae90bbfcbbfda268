"""From the caller's arguments to the engine's values: checked against the function's parameters and promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minilinalg.abi import FunctionAbi, Parameter
from minilinalg.errors import LaunchError
from minilinalg.interp.dtypes import DType, dtype_of
from minilinalg.interp.memory import GlobalMemory


def bind(abi: FunctionAbi, args: Sequence[Any], memory: GlobalMemory) -> list[Any]:
    """Places the arrays of `args` in `memory`; returns one engine value per parameter: an address or a number.

    Raises LaunchError for a wrong count, type, dtype or value, and for a broken promise.
    """
    if len(args) != len(abi.parameters):
        names = ", ".join(p.name for p in abi.parameters)
        raise LaunchError(
            f"function '{abi.name}' takes {len(abi.parameters)} arguments, and {len(args)} were given",
            rule=f"its arguments are, in order: {names}" if names else "it takes no arguments",
        )
    arrays: list[tuple[str, np.ndarray[Any, Any]]] = []
    for p, a in zip(abi.parameters, args, strict=True):
        if p.kind == "pointer":
            arrays.append((p.name, _array(abi, p, a)))
    addresses = iter(memory.place(arrays))
    values: list[Any] = []
    for p, a in zip(abi.parameters, args, strict=True):
        value = next(addresses) if p.kind == "pointer" else _scalar(abi, p, a)
        _check_promises(abi, p, value)
        values.append(value)
    return values


def _array(abi: FunctionAbi, p: Parameter, given: Any) -> np.ndarray[Any, Any]:
    dtype = dtype_of(p.type) if not p.dtype.startswith("!") else dtype_of(p.type)
    if not isinstance(given, np.ndarray):
        raise LaunchError(
            f"argument '{p.name}' of '{abi.name}' is a {type(given).__name__}",
            rule=f"a pointer to {p.dtype} takes a NumPy array of dtype {dtype.storage}",
            hint="np.asarray(x)" if hasattr(given, "__array__") or isinstance(given, list) else None,
        )
    if given.dtype != dtype.storage and not _same_bits(given.dtype, dtype):
        raise LaunchError(
            f"argument '{p.name}' of '{abi.name}' has dtype {given.dtype}",
            rule=f"a pointer to {p.dtype} takes a NumPy array of dtype {dtype.storage}",
            hint=f"{p.name}.astype({_spelled(dtype)})",
        )
    return given


def _spelled(dtype: DType) -> str:
    module = "np" if dtype.storage.type.__module__ == "numpy" else "ml_dtypes"
    return f"{module}.{dtype.storage.name}"


def _same_bits(given: np.dtype[Any], dtype: DType) -> bool:
    """IR integers have no sign: an unsigned array of the same width is as good; so is uint64 for pointers."""
    return dtype.unsigned is not None and given == dtype.unsigned


def _scalar(abi: FunctionAbi, p: Parameter, given: Any) -> Any:
    dtype = dtype_of(p.type)
    if isinstance(given, np.ndarray) and given.ndim == 0:
        given = given[()]
    if dtype.is_float:
        if not isinstance(given, int | float | np.floating | np.integer):
            raise _wrong_scalar(abi, p, given, "a number")
        return dtype.round(np.asarray(float(given), np.float64).astype(dtype.carrier))[()]
    if not isinstance(given, int | np.integer | np.bool_):
        raise _wrong_scalar(abi, p, given, "a whole number")
    number = int(given)
    low, high = (0, 1) if dtype.bits == 1 else (-(1 << (dtype.bits - 1)), (1 << dtype.bits) - 1)
    if not low <= number <= high:
        raise LaunchError(
            f"argument '{p.name}' of '{abi.name}' is {number}",
            rule=f"a scalar of type {p.dtype} is from {low} to {high}",
        )
    return dtype.wrap(number) if dtype.bits > 1 else bool(number)


def _wrong_scalar(abi: FunctionAbi, p: Parameter, given: Any, what: str) -> LaunchError:
    shown = f"an array of shape {given.shape}" if isinstance(given, np.ndarray) else f"{given!r}"
    return LaunchError(
        f"argument '{p.name}' of '{abi.name}' is {shown}", rule=f"a scalar of type {p.dtype} takes {what}"
    )


def _check_promises(abi: FunctionAbi, p: Parameter, value: Any) -> None:
    divisor = p.promises.get("tt.divisibility")
    if divisor is not None and isinstance(value, int) and divisor > 0 and value % divisor:
        what = "begins at an address" if p.kind == "pointer" else f"is {value}, which is"
        raise LaunchError(
            f"argument '{p.name}' of '{abi.name}' {what} not divisible by {divisor}",
            rule=f"this specialisation promises tt.divisibility = {divisor} of '{p.name}'",
            hint="a specialisation without the promise takes any value",
        )
