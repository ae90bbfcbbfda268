"""From the caller's arguments to the engine's values: checked against the function's parameters and promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.lib.array_utils import byte_bounds

from minilinalg.abi import FunctionAbi, Parameter
from minilinalg.errors import LaunchError
from minilinalg.interp.access import dtype_in
from minilinalg.interp.dtypes import DType, dtype_of, is_array
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.views import Sized


def bind(abi: FunctionAbi, args: Sequence[Any], memory: GlobalMemory, *, watched: bool = False) -> list[Any]:
    """Places the arrays of `args` in `memory`; returns one engine value per parameter: an address or a number.

    watched: whether the run looks at what its loops read ahead (read_ahead.py), where `memory` says that it has to.

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
        if p.kind in ADDRESSED:
            arrays.append((p.name, _array(abi, p, a)))
    addresses = iter(memory.place(arrays))
    values: list[Any] = []
    for p, a in zip(abi.parameters, args, strict=True):
        if p.kind == "tensor":
            values.append(_tensor(abi, p, a))
            continue
        value = next(addresses) if p.kind in ADDRESSED else _scalar(abi, p, a)
        _check_promises(abi, p, value)
        check_described(abi, p, value)
        values.append(value)
    placed = dict(arrays)
    _check_apart(abi, placed)
    _check_read_ahead(abi, placed, memory, watched=watched)
    return values


ADDRESSED = ("pointer", "descriptor", "result")
"""The kinds of parameters that are an array in global memory."""


def allocate_result(p: Parameter) -> np.ndarray[Any, Any]:
    """A fresh array for a trailing result buffer; its extents must be static."""
    if any(n < 0 for n in p.shape):
        raise LaunchError(f"result '{p.name}' has extents {p.shape}", rule="the extents of a result are static")
    return np.zeros(p.shape, dtype_of(p.type).storage)


def with_results(abi: FunctionAbi, args: Sequence[Any]) -> tuple[Sequence[Any], list[np.ndarray[Any, Any]]]:
    """The arguments with a fresh array for each trailing result buffer of the function, and those arrays."""
    results = [allocate_result(p) for p in abi.parameters if p.kind == "result"]
    return [*args, *results], results


def _tensor(abi: FunctionAbi, p: Parameter, given: Any) -> Any:
    """A tensor argument as the engine's value: (1, *shape) in the carrier of its type."""
    dtype = dtype_of(p.type)
    array = _array(abi, p, given)
    if len(array.shape) != len(p.shape) or any(m >= 0 and m != n for n, m in zip(array.shape, p.shape, strict=True)):
        wanted = "x".join("?" if n < 0 else str(n) for n in p.shape)
        raise LaunchError(
            f"argument '{p.name}' of '{abi.name}' has shape {array.shape}", rule=f"a tensor of {wanted} is expected"
        )
    data = dtype_in(array.reshape(1, *array.shape), dtype).view()
    data.flags.writeable = False
    return Sized(data, array.shape) if any(n < 0 for n in p.shape) else data


def _array(abi: FunctionAbi, p: Parameter, given: Any) -> np.ndarray[Any, Any]:
    dtype = dtype_of(p.type)
    what = {"tensor": "a tensor of", "descriptor": "a descriptor of"}.get(p.kind, "a pointer to")
    if not is_array(given):
        raise LaunchError(
            f"argument '{p.name}' of '{abi.name}' is a {type(given).__name__}",
            rule=f"{what} {p.dtype} takes a NumPy array of dtype {dtype.storage}",
            hint="np.asarray(x)" if hasattr(given, "__array__") or isinstance(given, list) else None,
        )
    if given.dtype != dtype.storage and not _same_bits(given.dtype, dtype):
        raise LaunchError(
            f"argument '{p.name}' of '{abi.name}' has dtype {given.dtype}",
            rule=f"{what} {p.dtype} takes a NumPy array of dtype {dtype.storage}",
            hint=f"{p.name}.astype({_spelled(dtype)})",
        )
    return given


def _spelled(dtype: DType) -> str:
    module = "np" if dtype.storage.type.__module__ == "numpy" else "ml_dtypes"
    return f"{module}.{dtype.storage.name}"


def _same_bits(given: np.dtype[Any], dtype: DType) -> bool:
    """IR integers have no sign: an unsigned array of the same width is as good; so is uint64 for pointers."""
    return dtype.kind != "float" and given == dtype.unsigned


def _scalar(abi: FunctionAbi, p: Parameter, given: Any) -> Any:
    dtype = dtype_of(p.type)
    if is_array(given) and given.ndim == 0:
        given = given[()]
    if dtype.is_float:
        if not isinstance(given, int | float | np.floating | np.integer):
            raise _wrong_scalar(abi, p, given, "a number")
        return dtype.round(np.asarray(float(cast(Any, given)), np.float64).astype(dtype.carrier))[()]
    if not isinstance(given, int | np.integer | np.bool_):
        raise _wrong_scalar(abi, p, given, "a whole number")
    number = int(cast(Any, given))
    low, high = (0, 1) if dtype.bits == 1 else (-(1 << (dtype.bits - 1)), (1 << dtype.bits) - 1)
    if not low <= number <= high:
        raise LaunchError(
            f"argument '{p.name}' of '{abi.name}' is {number}",
            rule=f"a scalar of type {p.dtype} is from {low} to {high}",
        )
    return dtype.wrap(number) if dtype.bits > 1 else bool(number)


def _wrong_scalar(abi: FunctionAbi, p: Parameter, given: Any, what: str) -> LaunchError:
    shown = f"an array of shape {given.shape}" if is_array(given) else f"{given!r}"
    return LaunchError(
        f"argument '{p.name}' of '{abi.name}' is {shown}", rule=f"a scalar of type {p.dtype} takes {what}"
    )


def _check_promises(abi: FunctionAbi, p: Parameter, value: Any) -> None:
    divisor = p.promises.get("tt.divisibility")
    if divisor is not None and isinstance(value, int) and divisor > 0 and value % divisor:
        if (role := abi.described().get(p.name)) is not None and role.is_stride:
            raise LaunchError(
                f"argument '{p.name}' of '{abi.name}' is {value}, which is not divisible by {divisor}",
                rule=f"tiles of what '{role.descriptor.name}' describes are copied by lines, which begin at "
                f"multiples of {divisor} elements",
                hint="an array with longer lines, of which the tensor is a part",
            )
        what = "begins at an address" if p.kind in ADDRESSED else f"is {value}, which is"
        raise LaunchError(
            f"argument '{p.name}' of '{abi.name}' {what} not divisible by {divisor}",
            rule=f"this specialisation promises tt.divisibility = {divisor} of '{p.name}'",
            hint="a specialisation without the promise takes any value",
        )


def _check_apart(abi: FunctionAbi, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
    for p in abi.parameters:
        for other in (*p.no_overlap, *p.no_partial_overlap):
            one, two = arrays[p.name], arrays[other]
            may_be_one = other in p.no_partial_overlap
            if not _share_memory(one, two) or (may_be_one and one.ctypes.data == two.ctypes.data):
                continue
            raise LaunchError(
                f"arguments '{other}' and '{p.name}' of '{abi.name}' share memory",
                rule="the kernel is computed tile by tile, and what one tile stores must not be what a later one "
                "loads: the two share no memory" + (", or begin at the same address" if may_be_one else ""),
                hint="a copy of one of them, or a smaller block that needs no tiles",
            )


def _check_read_ahead(
    abi: FunctionAbi, arrays: Mapping[str, np.ndarray[Any, Any]], memory: GlobalMemory, *, watched: bool
) -> None:
    for p in abi.parameters:
        for other in p.read_ahead:
            if not _share_memory(arrays[p.name], arrays[other]):
                continue
            if watched:
                memory.shared_ahead += [(s.address, s.end) for s in memory.segments if p.name in s.names]
                continue
            raise LaunchError(
                f"arguments '{other}' and '{p.name}' of '{abi.name}' share memory",
                rule="a loop of the kernel loads before what earlier turns store, and nothing on a GPU sees whether a "
                "turn stores what a later one has loaded: the two share no memory",
                hint="a copy of one of them, or a loop of one stage (tl.range(..., num_stages=1)); the simulated "
                "machine looks at every access, and runs what is right",
            )


def _share_memory(one: np.ndarray[Any, Any], two: np.ndarray[Any, Any]) -> bool:
    if not (one.size and two.size):
        return False
    (low, high), (low2, high2) = byte_bounds(one), byte_bounds(two)
    return low2 < high and low < high2


def check_described(abi: FunctionAbi, p: Parameter, value: Any) -> None:
    """Raises LaunchError for a size or a stride of a descriptor that no tensor has."""
    role = abi.described().get(p.name)
    if role is None:
        return
    found = f"argument '{p.name}' of '{abi.name}' is {value}"
    what = f"of the tensor that '{role.descriptor.name}' describes"
    if not role.is_stride and value < 0:
        raise LaunchError(found, rule=f"a size {what} is a whole number >= 0")
    if role.is_stride and role.dim == len(role.descriptor.shape) - 1 and value != 1:
        raise LaunchError(found, rule=f"the elements {what} lie side by side along its last dimension: its stride is 1")
