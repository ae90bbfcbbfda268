"""Operations of linalg_ext that mix the elements of a block, from their reference pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.ir import Operation

from .engine import Machine, Results, defined, meaning
from .errors import SlowError
from .linalg import Operand, results_of
from .reading import attribute, dtype, integer
from .reductions import _gathered, _lines
from .scalars import Int, Scalar
from .values import indices


@meaning("linalg_ext.scan")
def _scan(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    """Element by element from one end; what the outputs held is not looked at."""
    operands = [Operand(machine, value, dtype(operand)) for value, operand in zip(values, op.operands, strict=True)]
    count = len(operands) // 2
    inputs, outputs = operands[:count], operands[count:]
    found: list[tuple[Any, Sequence[Scalar]]] = []
    for line in _lines(inputs[0].shape, integer(op, "dim")):
        if attribute(op, "reverse") is not None:
            line.reverse()
        so_far: Sequence[Scalar] = ()
        for index in line:
            row = _gathered(inputs, index)  # pyright: ignore[reportArgumentType]
            so_far = machine.combine(op.regions[0], [*so_far, *row]) if so_far else row
            found.append((index, so_far))
    for index, row in found:
        for output, element in zip(outputs, row, strict=True):
            output[index] = element
    return results_of(outputs)


@meaning("linalg_ext.histogram")
def _histogram(machine: Machine, op: Operation, values: Sequence[Any]) -> Results:
    *inputs, bins = (
        Operand(machine, value, dtype(operand)) for value, operand in zip(values, op.operands, strict=True)
    )
    source, counted = inputs[0], bins.dtype
    assert isinstance(source.dtype, Int) and isinstance(counted, Int)
    for index in indices(source.shape):
        if len(inputs) > 1 and not defined(inputs[1][index], "a mask"):
            continue
        number = source.dtype.signed(defined(source[index], "an element of a histogram"))
        if not 0 <= number < bins.shape[0]:
            raise SlowError(f"element {number} of a histogram of {bins.shape[0]} bins")
        bins[(number,)] = counted.wrap(defined(bins[(number,)], "a bin") + 1)
    return results_of([bins])
