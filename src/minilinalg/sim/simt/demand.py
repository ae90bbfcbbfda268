"""Which elements of each vector of registers anything needs: an assembler computes and keeps no others.

An access with one address for a group of elements needs one pointer of the group, though the vector has all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from xdsl.dialects import vector
from xdsl.ir import BlockArgument, Operation, SSAValue

from minilinalg.dialects.simt import TensorMapType
from minilinalg.interp.dtypes import Array, shape_of

ELEMENTWISE = ("arith.", "math.")


def registers_in(value: SSAValue) -> int:
    """The elements that a thread holds of a value, in a function whose vectors have the threads in front."""
    if isinstance(value.type, TensorMapType):
        return 1
    shape = shape_of(value.type)
    return shape[-1] if shape else 1


class Demand:
    """The demand of a function: `demand[value]` is bool (n,)."""

    def __init__(self, func: Operation):
        self._needed: dict[SSAValue, Array] = {}
        self._changed = True
        order = list(func.walk())
        while self._changed:
            self._changed = False
            for op in reversed(order):
                self._visit(op)

    def __getitem__(self, value: SSAValue) -> Array:
        found = self._needed.get(value)
        return np.zeros(registers_in(value), np.bool_) if found is None else found

    def count(self, value: SSAValue) -> int:
        """How many elements of a value are needed."""
        found = self._needed.get(value)
        return 0 if found is None else int(np.count_nonzero(found))

    def _need(self, value: SSAValue, which: Array | bool) -> None:
        before = self._needed.get(value)
        if before is None:
            before = self._needed[value] = np.zeros(registers_in(value), np.bool_)
        after = before | which
        if not np.array_equal(after, before):
            self._needed[value] = after
            self._changed = True

    def _visit(self, op: Operation) -> None:
        if op.name.startswith(ELEMENTWISE):
            which = self[op.results[0]]
            if not which.any():
                return
            for operand in op.operands:
                self._need(operand, which if registers_in(operand) == len(which) else True)
        elif isinstance(op, vector.ShuffleOp):
            self._shuffle(op)
        elif op.name == "vector.broadcast":
            if self[op.results[0]].any():
                self._need(op.operands[0], True)
        elif op.regions or op.name in ("scf.yield", "scf.condition"):
            self._control(op)
        elif not op.results or self._acts(op) or any(self[result].any() for result in op.results):
            for operand in op.operands:
                self._need(operand, True)

    @staticmethod
    def _acts(op: Operation) -> bool:
        """Whether an operation does more than give its results."""
        return op.name.startswith(("simt.atomic", "func.", "debug."))

    def _shuffle(self, op: vector.ShuffleOp) -> None:
        mask = np.array(op.mask.get_values())
        chosen = mask[self[op.results[0]]]
        first = registers_in(op.operands[0])
        for operand, places in ((op.operands[0], chosen[chosen < first]), (op.operands[1], chosen[chosen >= first])):
            offset = 0 if operand is op.operands[0] else first
            which = np.zeros(registers_in(operand), np.bool_)
            which[places - offset if operand is not op.operands[0] else places] = True
            self._need(operand, which)

    def _control(self, op: Operation) -> None:
        if op.name in ("scf.yield", "scf.condition"):
            parent = op.parent_op()
            assert parent is not None
            handed = op.operands[1:] if op.name == "scf.condition" else op.operands
            if op.name == "scf.condition":
                self._need(op.operands[0], True)
            for operand, receivers in zip(handed, _receivers(op, parent, len(handed)), strict=True):
                for receiver in receivers:
                    self._need(operand, self[receiver])
            return
        if op.name == "scf.for":
            for bound in op.operands[:3]:
                self._need(bound, True)
            for start, argument in zip(op.operands[3:], op.regions[0].blocks[0].args[1:], strict=True):
                self._need(start, self[argument])
                self._need(argument, self[op.results[argument.index - 1]])
        elif op.name == "scf.while":
            for start, argument in zip(op.operands, op.regions[0].blocks[0].args, strict=True):
                self._need(start, self[argument])
        else:
            for operand in op.operands:
                self._need(operand, True)


def _receivers(op: Operation, parent: Operation, count: int) -> Sequence[list[SSAValue]]:
    """The values that become what a region hands on: of each, arguments of the next turn and results."""
    results: Sequence[SSAValue] = parent.results
    if parent.name == "scf.for":
        arguments: Sequence[BlockArgument] = parent.regions[0].blocks[0].args[1:]
        return [[a, r] for a, r in zip(arguments, results, strict=True)]
    if parent.name == "scf.while":
        if op.name == "scf.condition":
            return [[a, r] for a, r in zip(parent.regions[1].blocks[0].args, results, strict=True)]
        return [[a] for a in parent.regions[0].blocks[0].args]
    if len(results) == count:
        return [[r] for r in results]
    return [[] for _ in range(count)]
