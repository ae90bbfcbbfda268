"""Which elements of each vector of registers anything needs: an assembler computes and keeps no others.

An access with one address for a group of elements needs one pointer of the group, though the vector has all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import vector
from xdsl.ir import BlockArgument, Operation, SSAValue

from minilinalg.dialects.simt import TensorMapType
from minilinalg.interp.dtypes import shape_of

ELEMENTWISE = ("arith.", "math.")


def registers_in(value: SSAValue) -> int:
    """The elements that a thread holds of a value, in a function whose vectors have the threads in front."""
    if isinstance(value.type, TensorMapType):
        return 1
    shape = shape_of(value.type)
    return shape[-1] if shape else 1


class Demand:
    """The demand of a function: bit i of `demand[value]` says whether element i is needed."""

    def __init__(self, func: Operation):
        self._needed: dict[SSAValue, int] = {}
        self._seen: set[Operation] = set()
        """The operations that this sweep, from the end of the function to its start, has come by."""
        self._again = True
        """Whether one of them needs more by now than it was asked for."""
        order = list(func.walk())[::-1]
        while self._again:
            self._again = False
            self._seen.clear()
            for op in order:
                self._seen.add(op)
                self._visit(op)

    def __getitem__(self, value: SSAValue) -> int:
        return self._needed.get(value, 0)

    def count(self, value: SSAValue) -> int:
        """How many elements of a value are needed."""
        return self[value].bit_count()

    def _need(self, value: SSAValue, which: int | None = None) -> None:
        """`which` elements of a value are needed; None: all."""
        before = self[value]
        after = before | (which if which is not None else (1 << registers_in(value)) - 1)
        if after != before:
            self._needed[value] = after
            # What gives a loop its next turn stands behind what takes it.
            if isinstance(value, BlockArgument) or value.owner in self._seen:
                self._again = True

    def _visit(self, op: Operation) -> None:
        if op.name.startswith(ELEMENTWISE):
            which = self[op.results[0]]
            if not which:
                return
            registers = registers_in(op.results[0])
            for operand in op.operands:
                self._need(operand, which if registers_in(operand) == registers else None)
        elif isinstance(op, vector.ShuffleOp):
            self._shuffle(op)
        elif op.name == "vector.broadcast":
            if self[op.results[0]]:
                self._need(op.operands[0])
        elif op.regions or op.name in ("scf.yield", "scf.condition"):
            self._control(op)
        elif not op.results or self._acts(op) or any(self[result] for result in op.results):
            for operand in op.operands:
                self._need(operand)

    @staticmethod
    def _acts(op: Operation) -> bool:
        """Whether an operation does more than give its results."""
        return op.name.startswith(("simt.atomic", "func.", "debug."))

    def _shuffle(self, op: vector.ShuffleOp) -> None:
        needed, first = self[op.results[0]], registers_in(op.operands[0])
        which = [0, 0]
        for at, place in enumerate(op.mask.get_values()):
            if needed >> at & 1:
                which[place >= first] |= 1 << (place - first if place >= first else place)
        for operand, bits in zip(op.operands, which, strict=True):
            self._need(operand, bits)

    def _control(self, op: Operation) -> None:
        if op.name in ("scf.yield", "scf.condition"):
            parent = op.parent_op()
            assert parent is not None
            handed = op.operands[1:] if op.name == "scf.condition" else op.operands
            if op.name == "scf.condition":
                self._need(op.operands[0])
            for operand, receivers in zip(handed, _receivers(op, parent, len(handed)), strict=True):
                for receiver in receivers:
                    self._need(operand, self[receiver])
            return
        if op.name == "scf.for":
            for bound in op.operands[:3]:
                self._need(bound)
            for start, argument in zip(op.operands[3:], op.regions[0].blocks[0].args[1:], strict=True):
                self._need(start, self[argument])
                self._need(argument, self[op.results[argument.index - 1]])
        elif op.name == "scf.while":
            for start, argument in zip(op.operands, op.regions[0].blocks[0].args, strict=True):
                self._need(start, self[argument])
        else:
            for operand in op.operands:
                self._need(operand)


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
