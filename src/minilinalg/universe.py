"""What `xdsl-opt` finds of this project when both are installed: dialects and passes that it has no own names for.

Dialects that complete xDSL's (arith, scf, linalg ...) cannot be offered under the names that it already has.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module

from xdsl.dialects import get_all_dialects
from xdsl.ir import Dialect
from xdsl.transforms import get_all_passes
from xdsl.universe import Universe

from minilinalg.context import DIALECTS
from minilinalg.passes import PASSES


def _load(module: str, name: str) -> Dialect:
    return getattr(import_module(module), name)


MINILINALG_UNIVERSE = Universe(
    all_dialects={name: partial(_load, *where) for name, where in DIALECTS.items() if name not in get_all_dialects()},
    all_passes={name: make for name, make in PASSES.items() if name not in get_all_passes()},
)
