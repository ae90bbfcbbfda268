"""What should come out of a launch: NumPy expressions over the arguments as they were before it.

An expression sees floats as float64 and integers as int64 (scalars as Python numbers of the parameter's precision), so
that it says what exact arithmetic would give; its value is rounded to the array's dtype once, at the end.

Expressions are code: whoever runs a launch file runs what stands in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from minilinalg.errors import InputError, near_name
from minilinalg.interp.dtypes import Array, DType
from minilinalg.launch.answers import Expectation, Tolerance
from minilinalg.launch.arithmetic import Number, cdiv
from minilinalg.toml_document import Keys, TomlDocument

_BUILTINS = (abs, bool, enumerate, float, int, len, list, max, min, range, round, slice, sum, tuple, zip)
NAMES: Mapping[str, Any] = {"np": np, "math": math, "cdiv": cdiv}
"""What an expression can name besides arguments, sizes and [let]: these, and a few of Python's own functions."""


class Reference:
    """The expressions of [let] and [reference]."""

    def __init__(self, document: TomlDocument, let: Mapping[str, str], reference: Mapping[str, str]):
        self.document = document
        self.let = let
        self.reference = reference

    def expectations(
        self,
        numbers: Mapping[str, Number],
        arrays: Mapping[str, Array],
        dtypes: Mapping[str, DType],
        tolerances: Mapping[str, Tolerance],
    ) -> dict[str, Expectation]:
        """What every array that has a reference should hold.

        numbers: sizes and scalar arguments. arrays: the other arguments. dtypes: of the arrays and the results, which
        are what may have a reference. Raises InputError with the place in the file.
        """
        for name in self.reference:
            if name not in dtypes:
                known = ", ".join(dtypes) or "none"
                found = f"'{name}' is a number" if name in numbers else f"'{name}' is nothing that the launch writes"
                raise InputError(
                    found,
                    rule=f"a reference is for an array or a result: {known}",
                    hint=near_name(name, dtypes),
                    places=[self.document.key_place("reference", name)],
                )
        if not self.reference:
            return {}
        # NumPy's own C code imports parts of NumPy when it is first used, through the builtins of who called it.
        builtins = {f.__name__: f for f in (*_BUILTINS, __import__)}
        scope: dict[str, Any] = {"__builtins__": builtins, **NAMES}
        scope |= {**numbers, **{name: widened(array, dtypes[name]) for name, array in arrays.items()}}
        for name, text in self.let.items():
            scope[name] = self._evaluate(("let", name), text, scope)
        out: dict[str, Expectation] = {}
        for name, text in self.reference.items():
            keys: Keys = ("reference", name)
            value = self._evaluate(keys, text, scope)
            array = self._rounded(keys, value, dtypes[name])
            if name in arrays and array.shape != arrays[name].shape:
                raise InputError(
                    f"the reference of '{name}' has shape {list(array.shape)}",
                    rule=f"'{name}' has shape {list(arrays[name].shape)}",
                    places=[self.document.place(*keys)],
                )
            out[name] = Expectation(array, tolerances.get(name, Tolerance()), self.document.place(*keys))
        return out

    def _evaluate(self, keys: Keys, text: str, scope: dict[str, Any]) -> Any:
        rule = "a reference is a NumPy expression over the arguments, the sizes and the names of [let]"
        try:
            # Parentheses, so that an expression may run over several lines.
            code = compile(f"({text}\n)", f"[{keys[0]}] {keys[1]}", "eval")
        except (SyntaxError, ValueError) as error:
            message = error.msg if isinstance(error, SyntaxError) else str(error)
            start = 0
            if isinstance(error, SyntaxError):
                lines = f"({text}".split("\n")
                before = sum(len(line) + 1 for line in lines[: (error.lineno or 1) - 1])
                start = min(max(before + (error.offset or 1) - 2, 0), max(len(text) - 1, 0))
            raise InputError(
                f"no expression: {message}", rule=rule, places=[self.document.place_inside(keys, start)]
            ) from None
        try:
            with np.errstate(all="ignore"):
                return eval(code, dict(scope))
        except NameError as error:
            name = error.name or ""
            at = re.search(rf"\b{re.escape(name)}\b", text)
            known = [n for n in scope if n != "__builtins__"]
            raise InputError(
                f"unknown name '{name}'",
                rule=f"the names here are: {', '.join(known)}",
                hint=near_name(name, [*known, *(f.__name__ for f in _BUILTINS)]),
                places=[self.document.place_inside(keys, at.start() if at else 0, len(name))],
            ) from None
        except Exception as error:
            found = f"'{keys[-1]}' cannot be computed: {type(error).__name__}: {error}"
            raise InputError(found, rule=rule, places=[self.document.place(*keys)]) from None

    def _rounded(self, keys: Keys, value: Any, dtype: DType) -> Array:
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise InputError(
                f"the reference of '{keys[-1]}' is no array: {error}",
                rule="a reference is an array of numbers",
                places=[self.document.place(*keys)],
            ) from None
        fits = array.dtype.kind in ("biuf" if dtype.is_float else "biu")
        if not fits and array.dtype.kind not in "biuf":
            found, rule = f"the reference of '{keys[-1]}' holds {array.dtype}", "a reference is an array of numbers"
        elif not fits:
            found = f"the reference of '{keys[-1]}' holds {array.dtype}"
            rule = f"'{keys[-1]}' holds {dtype.name}: say how to round, as in np.floor(x).astype(int)"
        else:
            with np.errstate(all="ignore"):
                wide = np.asarray(dtype.round(array.astype(np.float64))) if dtype.is_float else array
                return wide.astype(dtype.storage)
        raise InputError(found, rule=rule, places=[self.document.place(*keys)])


def widened(array: Array, dtype: DType) -> Array:
    """An array argument as an expression sees it; a copy, whatever the dtype."""
    return array.astype(np.float64 if dtype.is_float else np.bool_ if dtype.bits == 1 else np.int64)
