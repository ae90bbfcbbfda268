"""A launch file for one function: arguments made in its order, and the answers that should come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from xdsl.ir import Attribute, Operation

from minilinalg.abi import FunctionAbi, Parameter, check_grid
from minilinalg.dialects.upstream.func import FuncOp
from minilinalg.errors import InputError, LaunchError, UnsupportedError, near_name
from minilinalg.interp.binding import bind as bind_to_engine
from minilinalg.interp.binding import check_described
from minilinalg.interp.dtypes import Array, DType, dtype_of
from minilinalg.interp.memory import GlobalMemory
from minilinalg.launch.answers import Answer, Expectation, compare
from minilinalg.launch.arithmetic import ExpressionError, Number
from minilinalg.launch.file import AliasSpec, LaunchFile, located
from minilinalg.launch.reference import Reference


@dataclass(frozen=True)
class Launch:
    """One launch, ready to run: `kernel.launch(launch.grid, launch.arguments)`.

    arguments: in the function's order; arrays are written in place. expected: by argument or result what the reference
    says. before: copies of the array arguments as they were.
    """

    function: str
    grid: tuple[int, int, int]
    parameters: tuple[Parameter, ...]
    arguments: list[Any]
    results: tuple[tuple[str, DType], ...]
    expected: Mapping[str, Expectation]
    before: Mapping[str, Array]

    def answers(self, results: Sequence[Array] = ()) -> list[Answer]:
        """After a run: what became of every array that the launch wrote, results of the function included, held against
        the reference where there is one."""
        out: list[Answer] = []
        for p, array in zip(self.parameters, self.arguments, strict=True):
            if p.name not in self.before:
                continue
            changed = array.tobytes() != self.before[p.name].tobytes()
            if changed or p.name in self.expected:
                out.append(compare(p.name, dtype_of(p.type), array, self.expected.get(p.name), changed))
        for (name, dtype), array in zip(self.results, results, strict=bool(results)):
            out.append(compare(name, dtype, array, self.expected.get(name), changed=True))
        return out


def bind(file: LaunchFile, function: Operation) -> Launch:
    """The launch of `function`. Raises InputError with the place in the file of what does not suit the function."""
    abi = FunctionAbi.of(function)
    arguments = _Arguments(file, abi)
    arguments.refuse_unknown()
    values = [arguments.value(p) for p in abi.parameters]
    arguments.check(values)
    named = {p.name: value for p, value in zip(abi.parameters, values, strict=True)}
    results = _results(function)
    reference = Reference(file.document, file.let, file.reference)
    kinds = {p.name: dtype_of(p.type) for p in abi.parameters if p.kind != "scalar"} | dict(results)
    arrays = {name: value for name, value in named.items() if isinstance(value, np.ndarray)}
    numbers = {p.name: _as_passed(named[p.name], dtype_of(p.type)) for p in abi.parameters if p.kind == "scalar"}
    expected = reference.expectations({**file.sizes, **numbers}, arrays, kinds, file.tolerances)
    before = {name: array.copy() for name, array in arrays.items()}
    return Launch(abi.name, _grid(file, abi), abi.parameters, values, results, expected, before)


def _results(function: Operation) -> tuple[tuple[str, DType], ...]:
    """Names and dtypes of what a function returns: `result`, or `result0`, `result1` ... of several."""
    types: list[Attribute] = list(function.function_type.outputs) if isinstance(function, FuncOp) else []
    names = ["result"] if len(types) == 1 else [f"result{i}" for i in range(len(types))]
    return tuple((name, dtype_of(type_)) for name, type_ in zip(names, types, strict=True))


def _grid(file: LaunchFile, abi: FunctionAbi) -> tuple[int, int, int]:
    if not abi.takes_grid:
        if file.grid is not None:
            raise InputError(
                f"'{abi.name}' is launched over a grid",
                rule="a function on tensors runs once: its launch file has no grid",
                places=[file.document.key_place("grid")],
            )
        return 1, 1, 1
    if file.grid is None:
        raise InputError(
            "no 'grid' in a launch file",
            rule=f"kernel '{abi.name}' runs over a grid: a number, or up to three [x, y, z]",
            places=[file.document.place("arguments")],
        )
    try:
        return check_grid(file.grid)
    except LaunchError as error:
        raise error.at([file.document.place("grid")]) from None


class _Arguments:
    """The arguments of a file for the parameters of a function."""

    def __init__(self, file: LaunchFile, abi: FunctionAbi):
        self.file = file
        self.abi = abi
        self.takes = f"'{abi.name}' takes: {', '.join(_described(p) for p in abi.parameters) or 'nothing'}"
        self.bases: dict[str, Array] = {}
        self.described = abi.described()

    def value(self, p: Parameter) -> Number | Array:
        """The argument for one parameter."""
        file = self.file
        if p.name in file.scalars:
            self._expect_kind(p, p.kind == "scalar", "is a number")
            return file.scalars[p.name]
        if p.name in file.arrays:
            self._expect_array(p, file.arrays[p.name].dtype)
            return self._base(p.name)
        if p.name in file.aliases:
            alias = file.aliases[p.name]
            self._expect_array(p, alias.dtype)
            return _alias(self._base(alias.base), alias)
        if (number := self._described_by_array(p)) is not None:
            return number
        hint = None
        if (role := self.described.get(p.name)) is not None:
            hint = f"sizes and strides are those of the array '{role.descriptor.name}' if it has as many dimensions"
        at = file.document.key_place("arguments")
        raise InputError(f"no argument '{p.name}'", rule=self.takes, hint=hint, places=[at])

    def _described_by_array(self, p: Parameter) -> int | None:
        """A size or a stride of a descriptor that the file leaves out: that of the array."""
        role = self.described.get(p.name)
        array = None if role is None else self.value(role.descriptor)
        if role is None or not isinstance(array, np.ndarray) or array.ndim != len(role.descriptor.shape):
            return None
        return prod(array.shape[role.dim + 1 :]) if role.is_stride else array.shape[role.dim]

    def refuse_unknown(self) -> None:
        """Raises InputError for an argument that no parameter takes. An array that lends its memory need not be one."""
        known = [p.name for p in self.abi.parameters]
        lenders = {alias.base for alias in self.file.aliases.values()}
        for name in (*self.file.scalars, *self.file.arrays, *self.file.aliases):
            if name not in known and name not in lenders:
                hint = "a number that only the file itself uses stands in [sizes]"
                raise InputError(
                    f"'{self.abi.name}' has no argument '{name}'",
                    rule=self.takes,
                    hint=near_name(name, known) or (hint if name in self.file.scalars else None),
                    places=[self.file.document.key_place("arguments", name)],
                )

    def check(self, values: Sequence[Any]) -> None:
        """Holds each value to its parameter as a launch does. Raises LaunchError at its place."""
        named = dict(zip((p.name for p in self.abi.parameters), self.abi.parameters, strict=True))
        given = dict(zip(named, values, strict=True))
        for name, p in named.items():
            alias = self.file.aliases.get(name)
            # Where an alias begins is known only beside the array that it is in.
            together = [p] if alias is None or alias.base not in named else [named[alias.base], p]
            try:
                # What two arguments promise one another, the launch itself holds them to.
                abi = FunctionAbi(self.abi.name, tuple(q.alone() for q in together))
                bind_to_engine(abi, [given[q.name] for q in together], GlobalMemory())
                check_described(self.abi, p, given[name])
            except LaunchError as error:
                part = next((k for k in ("offset", "shape") if k in self._table(name)), None)
                keys = ("arguments", name) if part is None else ("arguments", name, part)
                raise error.at([self.file.document.place(*keys)]) from None

    def _table(self, name: str) -> Mapping[str, Any]:
        given = self.file.document.data["arguments"].get(name)
        return given if isinstance(given, dict) else {}  # pyright: ignore[reportUnknownVariableType]

    def _base(self, name: str) -> Array:
        if name not in self.bases:
            spec = self.file.arrays[name]
            try:
                self.bases[name] = spec.content.array(spec.shape, spec.dtype)
            except ExpressionError as error:
                key = next(k for k in ("init", "shape", "dtype") if k in self._table(name))
                raise located(self.file.document, ("arguments", name, key), error) from None
        return self.bases[name]

    def _expect_array(self, p: Parameter, dtype: DType) -> None:
        self._expect_kind(p, p.kind != "scalar", "is an array")
        try:
            wanted = dtype_of(p.type)
        except UnsupportedError as error:
            raise error.at([self.file.document.key_place("arguments", p.name)]) from None
        if dtype is not wanted:
            raise InputError(
                f"argument '{p.name}' holds {dtype.name}",
                rule=f"'{p.name}' of '{self.abi.name}' is {_described(p, named=False)}",
                places=[self.file.document.place("arguments", p.name, "dtype")],
            )

    def _expect_kind(self, p: Parameter, fits: bool, found: str) -> None:
        if not fits:
            raise InputError(
                f"argument '{p.name}' {found}",
                rule=f"'{p.name}' of '{self.abi.name}' is {_described(p, named=False)}",
                places=[self.file.document.place("arguments", p.name)],
            )


def _as_passed(number: Any, dtype: DType) -> Number:
    """A scalar as the function gets it: rounded to its type."""
    return float(dtype.round(np.float64(number))) if dtype.is_float else int(number)


def _alias(base: Array, alias: AliasSpec) -> Array:
    room = base.nbytes // alias.dtype.itemsize - alias.offset
    shape = (room,) if alias.shape is None else alias.shape
    bytes_ = base.reshape(-1).view(np.uint8)
    return np.ndarray(shape, alias.dtype.storage, bytes_, alias.offset * alias.dtype.itemsize)


def _described(p: Parameter, named: bool = True) -> str:
    extents = "x".join("?" if n < 0 else str(n) for n in p.shape)
    type_ = {
        "pointer": f"a pointer to {p.dtype}",
        "scalar": f"a scalar of {p.dtype}",
        "descriptor": f"a descriptor of {p.dtype}, {len(p.shape)} dimensions",
        "tensor": f"a tensor of {extents}x{p.dtype}" if extents else f"a tensor of {p.dtype}",
    }[p.kind]
    return f"{p.name} ({type_})" if named else type_
