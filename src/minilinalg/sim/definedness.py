"""Definedness on the machine: which elements of on-chip memory an instruction may rely on.

Memory is undefined until something is written to it. A copy hands on what its source is; an element that is computed is
defined where its operands are, with the exceptions that hold for tensors too (a select, and 0 and -1 in `andi`, `muli`
and `ori`: interp/arith/integers.py), and an element of a matrix product where its row and its column are. The vector
unit rounds its count up, so what lies behind a result, up to the rounded count, is undefined after it.

An undefined element that reaches a reduction or global memory stops the run here; one that is loaded and then reaches
an address, a size, a branch or a list of indices does where that is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, cast

import numpy as np
from xdsl.ir import Operation, SSAValue

from minilinalg.analysis.aliasing import root_of
from minilinalg.dialects import simd
from minilinalg.errors import RunError
from minilinalg.interp.arith.selects import select
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.defined_bytes import forget, known_of, record, shadow_of
from minilinalg.interp.definedness import Known, both
from minilinalg.interp.dtypes import Array, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.lifting import ABSORBING, absorbing
from minilinalg.interp.observers import Observer
from minilinalg.interp.simd import operand
from minilinalg.interp.values import Partial
from minilinalg.interp.views import MemRef
from minilinalg.locations import places_of
from minilinalg.sim.constraints import core_number
from minilinalg.targets import Target

Rule = Callable[[Chunk, Sequence[Any], Sequence[Known]], Known]
"""rule(c, inputs, known) -> where the output is defined. known: of each input, at least one of them not everywhere."""


class DefinednessWatch(Observer):
    """Adds to every instruction a line that keeps the shadows of the memories that it touches."""

    def __init__(self, target: Target):
        self.target = target

    def before(self, em: Emitter, op: Operation) -> None:
        """While the operands still are what the instruction will see."""
        if isinstance(op, simd.Instruction) and not isinstance(op, simd.Indexed | simd.Atomic):
            look = em.const(_look(op, _rule_of(op), self._behind(op)), "look")
            em.line(f"{look}(c, [{em.refs(op.inputs)}], {em.ref(op.outputs[0])})", op)

    def _behind(self, op: simd.Instruction) -> int:
        """The bytes behind the output that the vector unit writes too."""
        if op.pipe != "vector":
            return 0
        type = op.output_types[0]
        count, width = simd.static_count(type) or 0, simd.element_bytes(type)
        return (self.target.vector.padded(count, width) - count) * width


def _look(op: simd.Instruction, rule: Rule, behind: int) -> Callable[..., None]:
    what, values = f"'{op.name}'", list(op.inputs)
    if op.accumulates:
        values.append(op.outputs[0])
    to_global = isinstance(op, simd.DmaOp)

    def look(c: Chunk, inputs: list[Any], output: MemRef) -> None:
        if op.accumulates:
            inputs.append(output)
        known: list[Known] = [None] * len(inputs)
        undefined = False
        for i, value in enumerate(inputs):
            if isinstance(value, MemRef):
                found = known_of(value, c.size, what)
            else:
                found = value.defined_array() if isinstance(value, Partial) else None
            if found is not None:
                known[i], undefined = found, True
        made = rule(c, inputs, known) if undefined else None
        if to_global and made is not None and output.storage is None:
            raise _reached(op, "copies to global memory", values[0], made, c)
        record(output, made, c.size, what)
        if behind and (shadow := shadow_of(output)) is not None and isinstance(output.offset, int):
            end = output.offset + prod(int(n) for n in output.sizes) * output.dtype.itemsize
            forget(shadow, end, end + behind, output.rows)

    return look


def _rule_of(op: simd.Instruction) -> Rule:
    if isinstance(op, simd.Reduction):
        return _reduction(op)
    if isinstance(op, simd.MatmulOp):
        return _matmul
    if isinstance(op, simd.BroadcastOp):
        new = {int(d) for d in op.dimensions.get_values()}
        return _reshaped([1 if d in new else n for d, n in enumerate(shape_of(op.outputs[0].type))])
    if isinstance(op, simd.TransposeOp):
        return _transposed([0, *(int(d) + 1 for d in op.permutation.get_values())])
    if isinstance(op, simd.MoveOp):
        return _reshaped(list(shape_of(op.outputs[0].type)))
    rank = len(shape_of(op.outputs[0].type))
    if op.meaning == "arith.select":
        return _select(op, rank)
    if op.meaning in ABSORBING:
        return _absorbing(op, rank)
    return _where_all_are(rank)


def _where_all_are(rank: int) -> Rule:
    def rule(_c: Chunk, _inputs: Sequence[Any], known: Sequence[Known]) -> Known:
        found: Known = None
        for each in known:
            found = both(found, _aligned(each, rank))
        return found

    return rule


def _aligned(known: Known, rank: int) -> Known:
    """(L, *shape) with extents of 1 in front, up to a rank: a shorter input is read again and again."""
    return None if known is None else known.reshape(len(known), *([1] * (rank + 1 - known.ndim)), *known.shape[1:])


def _values(op: simd.Instruction, inputs: Sequence[Any], known: Sequence[Known], rank: int) -> list[Any]:
    """The inputs as tensors of that rank, `Partial` where they are not defined everywhere."""
    out: list[Any] = []
    for value, each in zip(inputs, known, strict=True):
        data = operand(value, rank, f"'{op.name}'")
        aligned = _aligned(each, rank)
        out.append(data if aligned is None else Partial(np.asarray(data), aligned))
    return out


def _known(result: Any) -> Known:
    return result.defined_array() if isinstance(result, Partial) else None


def _select(op: simd.Instruction, rank: int) -> Rule:
    def rule(_c: Chunk, inputs: Sequence[Any], known: Sequence[Known]) -> Known:
        condition, a, b = _values(op, inputs, known, rank)
        return _known(select(condition, a, b))

    return rule


def _absorbing(op: simd.Instruction, rank: int) -> Rule:
    element = dtype_of(op.outputs[0].type).wrap(ABSORBING[op.meaning])
    combined = absorbing(_nothing, element)

    def rule(_c: Chunk, inputs: Sequence[Any], known: Sequence[Known]) -> Known:
        a, b = (np.asarray(v) if not isinstance(v, Partial) else v for v in _values(op, inputs, known, rank))
        return _known(combined(a, b))

    return rule


def _nothing(a: Array, _b: Array) -> Array:
    """Of the result only where it is defined is asked."""
    return a


def _reshaped(shape: Sequence[int]) -> Rule:
    def rule(_c: Chunk, _inputs: Sequence[Any], known: Sequence[Known]) -> Known:
        (found,) = known
        return None if found is None else found.reshape(len(found), *shape)

    return rule


def _transposed(order: Sequence[int]) -> Rule:
    def rule(_c: Chunk, _inputs: Sequence[Any], known: Sequence[Known]) -> Known:
        (found,) = known
        return None if found is None else found.transpose(order)

    return rule


def _matmul(_c: Chunk, _inputs: Sequence[Any], known: Sequence[Known]) -> Known:
    rows, columns, *before = known
    found = before[0] if before else None
    if rows is not None:
        found = both(found, np.asarray(rows.all(axis=-1, keepdims=True)))
    return both(found, None if columns is None else np.asarray(columns.all(axis=-2, keepdims=True)))


def _reduction(op: simd.Reduction) -> Rule:
    def rule(c: Chunk, _inputs: Sequence[Any], known: Sequence[Known]) -> Known:
        (found,) = known
        assert found is not None
        raise _reached(op, "reduces over", op.inputs[0], found, c)

    return rule


def _reached(op: Operation, does: str, value: SSAValue, known: Array, c: Chunk) -> RunError:
    """The error for the first undefined element of a buffer."""
    row, *index = (int(i) for i in np.argwhere(~known)[0])
    root = root_of(value)
    where = f"[{', '.join(map(str, index))}] of " if index else ""
    of = f"'%{root.name_hint}'" if root.name_hint else "a buffer"
    space = simd.space_of(cast("simd.Buffer", value.type))
    return RunError(
        f"'{op.name}' {does} an undefined element: {where}{of} in {space} on core {core_number(c, row)}",
        rule="on-chip memory is undefined until it is written, and so is what is computed from it: it may be computed "
        "with, but must not reach an address, a branch, a reduction or global memory",
        hint="fill the buffer before a part of it is copied in, or use no more of it than was written",
        places=places_of(op),
    )
