"""The few operations of the affine dialect that tiling writes: apply, min and max of an affine map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.ir import Operation

from .engine import Machine, Results, meaning
from .reading import attribute, name_of
from .scalars import INDEX
from .tensor import index_of


@meaning("affine.apply", "affine.min", "affine.max")
def _affine(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    affine_map, values = attribute(op, "map").data, index_of(operands)
    results = affine_map.eval(values[: affine_map.num_dims], values[affine_map.num_dims :])
    pick = {"affine.apply": lambda found: found[0], "affine.min": min, "affine.max": max}[name_of(op)]
    return (INDEX.wrap(pick(results)),)
