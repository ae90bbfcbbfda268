"""Building a function for the arrays at hand, and running it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import slow

from minilinalg import builder as mb
from minilinalg import interp
from minilinalg.errors import UnsupportedError

NAMES = {
    "float16": "f16",
    "bfloat16": "bf16",
    "float32": "f32",
    "float64": "f64",
    "int8": "i8",
    "int16": "i16",
    "int32": "i32",
    "int64": "i64",
    "bool": "i1",
    "float8_e5m2": "f8E5M2",
}
"""NumPy dtype -> element type."""

BF16 = np.dtype(ml_dtypes.bfloat16)


def type_of(argument: Any, *, dynamic: bool = False) -> str:
    """The builder's type for an array, a NumPy scalar or a Python int (an index)."""
    if isinstance(argument, int):
        return "index"
    element = NAMES[str(argument.dtype)]
    if not argument.shape:
        return element if isinstance(argument, np.generic) else f"tensor<{element}>"
    return "x".join(["?" if dynamic else str(size) for size in argument.shape] + [element])


def build(make: Callable[[mb.Function], Any], *, dynamic: bool = False, **arguments: Any) -> mb.Module:
    """A module with a function `f` whose arguments have the types of `arguments`; it returns what `make` gives."""
    module = mb.Module()
    types = {name: type_of(argument, dynamic=dynamic) for name, argument in arguments.items()}
    with module.function("f", **types) as f:
        result = make(f)
        f.returns(*(result if isinstance(result, tuple) else (result,)))
    return module


def run(make: Callable[[mb.Function], Any], *, dynamic: bool = False, engine: bool = True, **arguments: Any) -> Any:
    """What the function that `build` makes gives on `arguments`: by the slow interpreter, and the engine must agree.

    A NaN agrees with any NaN, and functions that are approximated may differ in the last digit. Without `engine` the
    slow interpreter is alone.
    """
    module = build(make, dynamic=dynamic, **arguments).module
    given = [a.item() if isinstance(a, np.generic) else a for a in arguments.values()]
    results = slow.run(module, args=given)
    try:
        others = interp.run(module, 1, given) if engine else results
    except UnsupportedError:
        others = results
    for one, other in zip(results, others, strict=True):
        assert one.dtype == other.dtype and one.shape == other.shape
        np.testing.assert_allclose(other.astype(np.float64), one.astype(np.float64), rtol=3e-7)
    return results[0] if len(results) == 1 else tuple(results)


def comprehend(
    text: str, *, dynamic: bool = False, dtype: str | None = None, engine: bool = True, **arguments: Any
) -> Any:
    """The result of one comprehension on `arguments`."""
    return run(
        lambda f: f.comprehension(text, dtype=dtype, **{name: f[name] for name in arguments}),
        dynamic=dynamic,
        engine=engine,
        **arguments,
    )
