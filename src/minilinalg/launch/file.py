"""A launch file as text says it, before any kernel is known: every name, shape and number checked."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
from xdsl.ir import Operation

from minilinalg.errors import CommandError, InputError, near_name
from minilinalg.interp.dtypes import DType
from minilinalg.launch.answers import Tolerance
from minilinalg.launch.arithmetic import Arithmetic, ExpressionError, Number
from minilinalg.launch.initialisers import DTYPES, INITIALISERS, Content, Shape, default_seed, initialiser, rounded
from minilinalg.toml_document import Keys, TomlDocument, shown

if TYPE_CHECKING:
    from minilinalg.launch.binding import Launch

TOP_KEYS = ("function", "grid", "sizes", "arguments", "let", "reference", "tolerance")
ARRAY_KEYS = ("dtype", "shape", "init", "values", "seed", "nan")
ALIAS_KEYS = ("same_as", "offset", "shape", "dtype")
_T = TypeVar("_T")


@dataclass(frozen=True)
class ArraySpec:
    """An array with memory of its own."""

    dtype: DType
    shape: Shape
    content: Content


@dataclass(frozen=True)
class AliasSpec:
    """An array in the memory of another: from its element number `offset` on. shape: None for all that is left."""

    base: str
    dtype: DType
    offset: int
    shape: Shape | None


@dataclass(frozen=True)
class LaunchFile:
    """What a launch file says. grid: None when it says nothing about it. reference, let: NumPy expressions by name.

    scalars: the numbers among the arguments. sizes: numbers that only the file itself uses.
    """

    document: TomlDocument
    function: str | None
    grid: tuple[int, ...] | None
    scalars: Mapping[str, Number]
    sizes: Mapping[str, Number]
    arrays: Mapping[str, ArraySpec]
    aliases: Mapping[str, AliasSpec]
    let: Mapping[str, str]
    reference: Mapping[str, str]
    tolerances: Mapping[str, Tolerance]

    @classmethod
    def read(cls, path: str | Path, scalars: Mapping[str, Number] | None = None) -> LaunchFile:
        """Reads a file. scalars: values that take the place of the file's own (arguments or sizes), so that one file
        serves for many shapes.

        Raises CommandError when the file cannot be read or has no such number, InputError with its place for a mistake.
        """
        return cls.parse(TomlDocument.read(path), scalars)

    @classmethod
    def parse(cls, document: TomlDocument, scalars: Mapping[str, Number] | None = None) -> LaunchFile:
        """The same from a document."""
        return _Reader(document, scalars or {}).launch_file()

    def bind(self, function: Operation) -> Launch:
        """The launch of a function: its arguments made, in its order. Raises InputError with a place in the file."""
        from minilinalg.launch.binding import bind

        return bind(self, function)


class _Reader:
    def __init__(self, document: TomlDocument, overrides: Mapping[str, Number]):
        self.document = document
        document.expect_keys((), document.data, TOP_KEYS, ("arguments",), "a launch file")
        self.arguments, sizes = self._table("arguments"), self._table("sizes")
        self.tables = {name: cast(dict[str, Any], v) for name, v in self.arguments.items() if isinstance(v, dict)}
        numbers = {name: value for name, value in self.arguments.items() if name not in self.tables}
        self.table_of = dict.fromkeys(sizes, "sizes") | dict.fromkeys(numbers, "arguments")
        for name in sizes:
            self._expect_new("sizes", name, self.arguments)
        self.given = {**sizes, **numbers}
        for name, value in overrides.items():
            if name not in self.given:
                raise CommandError(
                    f"'{name}' is no number of {document.file}",
                    rule=f"its numbers are: {', '.join(self.given) or 'none'}",
                    hint=near_name(name, self.given),
                )
            self.given[name] = value
        self.numbers: dict[str, Number] = {}
        self.busy: list[str] = []
        self.arithmetic = Arithmetic(self._number, self.given, self.tables)

    def launch_file(self) -> LaunchFile:
        for name in self.given:
            self._number(name)
        aliases = {name: table for name, table in self.tables.items() if "same_as" in table}
        arrays = {name: self._array(name, table) for name, table in self.tables.items() if name not in aliases}
        reference, let = self._texts("reference"), self._texts("let")
        for name in let:
            self._expect_new("let", name, {**self.table_of, **self.arguments})
        return LaunchFile(
            self.document,
            self._text(("function",), self.document.data["function"]) if "function" in self.document.data else None,
            self._grid(),
            {name: number for name, number in self.numbers.items() if self.table_of[name] == "arguments"},
            {name: number for name, number in self.numbers.items() if self.table_of[name] == "sizes"},
            arrays,
            {name: self._alias(name, table, arrays) for name, table in aliases.items()},
            let,
            reference,
            self._tolerances(reference),
        )

    # Numbers and grid

    def _number(self, name: str) -> Number:
        if name in self.numbers:
            return self.numbers[name]
        value = self.given[name]
        keys: Keys = (self.table_of[name], name)
        if name in self.busy:
            cycle = " -> ".join([*self.busy[self.busy.index(name) :], name])
            raise self._error(keys, f"'{name}' depends on itself: {cycle}", "a number is made of other numbers")
        if isinstance(value, str):
            self.busy.append(name)
            value = self._evaluate(keys, self.arithmetic.value, value)
            self.busy.pop()
        if not isinstance(value, int | float):
            rule = "a number, or an expression over numbers ('2 * n'), stands here"
            if keys[0] == "arguments":
                rule += ", or a table that describes an array"
            raise self._error(keys, f"'{name}' is {shown(value)}", rule)
        self.numbers[name] = value
        return value

    def _grid(self) -> tuple[int, ...] | None:
        grid = self.document.data.get("grid")
        if grid is None:
            return None
        if not isinstance(grid, list):
            return (self._whole(("grid",), grid),)
        sizes = cast(list[Any], grid)
        if not 1 <= len(sizes) <= 3:
            raise self._error(
                ("grid",), f"a grid of {len(sizes)} dimensions", "a grid has one to three dimensions: [x, y, z]"
            )
        return tuple(self._whole(("grid", i), size) for i, size in enumerate(sizes))

    # Arrays

    def _array(self, name: str, table: Mapping[str, Any]) -> ArraySpec:
        keys: Keys = ("arguments", name)
        required = ("dtype",) if "values" in table else ("dtype", "shape")
        self.document.expect_keys(keys, table, (*ARRAY_KEYS, "same_as"), required, f"array '{name}'")
        dtype = self._dtype((*keys, "dtype"), table["dtype"])
        shape = self._shape((*keys, "shape"), table["shape"]) if "shape" in table else None
        seed = self._whole((*keys, "seed"), table["seed"]) if "seed" in table else default_seed(name)
        nan = self._share((*keys, "nan"), table["nan"], dtype) if "nan" in table else 0.0
        if "values" in table:
            if "init" in table:
                raise self._error(
                    (*keys, "init"), f"array '{name}' has values and init", "an array has one or the other"
                )
            values = self._values((*keys, "values"), table["values"], dtype, shape)
            content = Content(INITIALISERS["zeros"], (), seed, nan, values)
            return ArraySpec(dtype, values.shape if shape is None else shape, content)
        text = self._text((*keys, "init"), table.get("init", "zeros"))
        with self._located((*keys, "init")):
            made, numbers = initialiser(*self.arithmetic.call(text), dtype)
        assert shape is not None
        return ArraySpec(dtype, shape, Content(made, numbers, seed, nan))

    def _alias(self, name: str, table: Mapping[str, Any], arrays: Mapping[str, ArraySpec]) -> AliasSpec:
        keys: Keys = ("arguments", name)
        self.document.expect_keys(keys, table, ALIAS_KEYS, (), f"array '{name}', which is in the memory of another")
        base = self._text((*keys, "same_as"), table["same_as"])
        if base not in arrays:
            raise InputError(
                f"'{base}' has no memory that '{name}' could be in",
                rule=f"same_as names an array that is described in full: {', '.join(arrays) or 'there is none'}",
                hint=near_name(base, arrays),
                places=[self.document.place(*keys, "same_as")],
            )
        dtype = self._dtype((*keys, "dtype"), table["dtype"]) if "dtype" in table else arrays[base].dtype
        offset = self._whole((*keys, "offset"), table["offset"]) if "offset" in table else 0
        shape = self._shape((*keys, "shape"), table["shape"]) if "shape" in table else None
        room = _elements(arrays[base].shape) * arrays[base].dtype.itemsize // dtype.itemsize
        needed = offset + (0 if shape is None else _elements(shape))
        if needed > room:
            where = next((key for key in ("shape", "offset") if key in table), "same_as")
            raise self._error(
                (*keys, where),
                f"array '{name}' ends at element {needed} of '{base}'",
                f"'{base}' has room for {room} elements of {dtype.name}",
            )
        return AliasSpec(base, dtype, offset, shape)

    def _dtype(self, keys: Keys, value: Any) -> DType:
        name = self._text(keys, value)
        if name not in DTYPES:
            raise InputError(
                f"unknown dtype '{name}'",
                rule=f"a dtype is one of: {', '.join(DTYPES)}",
                hint=near_name(name, DTYPES),
                places=[self.document.place(*keys)],
            )
        return DTYPES[name]

    def _shape(self, keys: Keys, value: Any) -> Shape:
        if not isinstance(value, list):
            raise self._error(keys, f"shape is {shown(value)}", 'a shape is a list of extents: [rows, "cdiv(n, 2)"]')
        return tuple(self._whole((*keys, i), extent) for i, extent in enumerate(cast(list[Any], value)))

    def _share(self, keys: Keys, value: Any, dtype: DType) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self._error(keys, f"nan is {shown(value)}", "nan is the share of elements that are NaN, from 0 to 1")
        if not dtype.is_float:
            raise self._error(keys, f"an array of {dtype.name} cannot hold NaN", "only arrays of floats have 'nan'")
        return float(value)

    def _values(self, keys: Keys, value: Any, dtype: DType, shape: Shape | None) -> Any:
        try:
            values = np.asarray(value)
        except ValueError:
            raise self._error(keys, "values are a ragged array", "rows of values are equally long") from None
        if values.dtype.kind not in "biuf" and values.size:
            raise self._error(keys, "values that are no numbers", "values are a number or an array of numbers")
        if shape is not None:
            try:
                values = np.broadcast_to(values, shape)
            except ValueError:
                raise self._error(
                    keys,
                    f"values of shape {list(values.shape)}, and shape is {list(shape)}",
                    "values fill the shape, by NumPy's broadcasting",
                ) from None
        with self._located(keys):
            return rounded(values, dtype)

    # Reference

    def _texts(self, key: str) -> dict[str, str]:
        return {name: self._text((key, name), value) for name, value in self._table(key).items()}

    def _tolerances(self, reference: Mapping[str, str]) -> dict[str, Tolerance]:
        out: dict[str, Tolerance] = {}
        fields = ("relative", "absolute")
        for name, table in self._table("tolerance").items():
            if name not in reference:
                raise InputError(
                    f"'{name}' has a tolerance and no reference",
                    rule=f"the references are: {', '.join(reference) or 'none'}",
                    hint=near_name(name, reference),
                    places=[self.document.key_place("tolerance", name)],
                )
            if not isinstance(table, dict):
                rule = "a tolerance is { relative = NUMBER, absolute = NUMBER }, or one of the two"
                raise self._error(("tolerance", name), f"the tolerance of '{name}' is {shown(table)}", rule)
            table = cast(dict[str, Any], table)
            self.document.expect_keys(("tolerance", name), table, fields, (), f"the tolerance of '{name}'")
            for key, value in table.items():
                if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                    raise self._error(
                        ("tolerance", name, key), f"{key} is {shown(value)}", f"{key} is a number that is not negative"
                    )
            out[name] = Tolerance(*(table.get(field) for field in fields))
        return out

    # Values of one kind

    def _expect_new(self, table: str, name: str, taken: Mapping[str, Any]) -> None:
        if name in taken:
            raise InputError(
                f"'{name}' is there already",
                rule="a name stands for one thing in [arguments], [sizes] and [let]",
                places=[self.document.key_place(table, name)],
            )

    def _table(self, key: str) -> Mapping[str, Any]:
        table = self.document.data.get(key, {})
        self._expect_table((key,), table)
        return table

    def _expect_table(self, keys: Keys, value: Any) -> None:
        if not isinstance(value, dict):
            raise self._error(keys, f"'{keys[-1]}' is {shown(value)}", f"'{keys[-1]}' is a table")

    def _text(self, keys: Keys, value: Any) -> str:
        if not isinstance(value, str):
            raise self._error(keys, f"{keys[-1]} is {shown(value)}", f"{keys[-1]} is a text")
        return value

    def _whole(self, keys: Keys, value: Any) -> int:
        """A whole number >= 0, given as one or as an expression."""
        what = next(str(key) for key in reversed(keys) if isinstance(key, str))
        number = self._evaluate(keys, self.arithmetic.value, value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            found = shown(value) if number is value else f"{shown(value)} = {number}"
            rule = "a whole number >= 0, or an expression over the scalars that is one"
            raise self._error(keys, f"{found} in {what}", f"{what} takes {rule}")
        return number

    def _evaluate(self, keys: Keys, evaluate: Callable[[str], _T], text: str) -> _T:
        with self._located(keys):
            return evaluate(text)

    @contextmanager
    def _located(self, keys: Keys) -> Generator[None]:
        """What is wrong in an expression becomes an error at its characters in the file."""
        try:
            yield
        except ExpressionError as error:
            raise located(self.document, keys, error) from None

    def _error(self, keys: Keys, found: str, rule: str) -> InputError:
        return InputError(found, rule=rule, places=[self.document.place(*keys)])


def located(document: TomlDocument, keys: Keys, error: ExpressionError) -> InputError:
    """The error of an expression at its characters in the file."""
    place = document.place_inside(keys, error.start, error.length)
    return InputError(error.found, rule=error.rule, hint=error.hint, places=[place])


def _elements(shape: Shape) -> int:
    return int(np.prod(shape, dtype=object))
