"""Where tiled code is being written: a block, the tiles that are fixed there, and what the old values are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from xdsl.dialects.builtin import IndexType, IntegerAttr, TensorType
from xdsl.ir import Attribute, Block, Operation, SSAValue

from minilinalg.dialects.upstream import arith
from minilinalg.locations import carry
from minilinalg.passes.strided_view import Size

INDEX = IndexType()
_OpT = TypeVar("_OpT", bound=Operation)


@dataclass(frozen=True)
class Tile:
    """A range of a class: `size` indices from `offset` on.

    nest: the loop over tiles, with the last one behind it. within: where the range begins in what is collected of it,
    when that is only a core's part.
    """

    offset: Size
    size: int
    nest: int
    within: Size | None = None


@dataclass
class Scope:
    """One place of the new function. `at`: the old operation that is being written, for its location."""

    block: Block
    tiles: Mapping[int, Tile] = field(default_factory=dict[int, Tile])
    parent: Scope | None = None
    values: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    whole: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    """Tensors that are here as a whole, although their dimensions are cut: tiles are taken out of them."""
    destinations: dict[tuple[Operation, int], SSAValue] = field(default_factory=dict[tuple[Operation, int], SSAValue])
    """Operands of sinks that stand for what was accumulated so far."""
    written: set[Operation] = field(default_factory=set[Operation])
    at: Operation | None = None
    _numbers: dict[tuple[object, ...], SSAValue] = field(default_factory=dict[tuple[object, ...], SSAValue])

    def inside(self, block: Block, tiles: Mapping[int, Tile] | None = None) -> Scope:
        """A scope for a block nested in this one, or for further code at the end of the same block."""
        return Scope(block, {**self.tiles, **(tiles or {})}, self, at=self.at)

    def find(self, value: SSAValue) -> SSAValue | None:
        """What the old `value` is here, None when it was not written."""
        scope: Scope | None = self
        while scope is not None:
            if value in scope.values:
                return scope.values[value]
            scope = scope.parent
        return None

    def find_whole(self, value: SSAValue) -> tuple[SSAValue, Scope] | None:
        """The tensor that tiles of the old `value` are taken out of, and the scope that it was made in."""
        scope: Scope | None = self
        while scope is not None:
            if value in scope.whole:
                return scope.whole[value], scope
            scope = scope.parent
        return None

    def knows(self, value: SSAValue) -> bool:
        """Whether the old `value` was written here or around this place, as a tile or as a whole."""
        return self.find(value) is not None or self.find_whole(value) is not None

    def destination(self, op: Operation, index: int) -> SSAValue | None:
        scope: Scope | None = self
        while scope is not None:
            if (op, index) in scope.destinations:
                return scope.destinations[op, index]
            scope = scope.parent
        return None

    def is_written(self, op: Operation) -> bool:
        """Whether `op` was written here or around this place."""
        scope: Scope | None = self
        while scope is not None:
            if op in scope.written:
                return True
            scope = scope.parent
        return False

    def bind(self, old: SSAValue, new: SSAValue) -> None:
        self.values[old] = new
        if new.name_hint is None:
            new.name_hint = old.name_hint

    def insert(self, op: _OpT) -> _OpT:
        self.block.add_op(op)
        if self.at is not None:
            carry(self.at, [op])
        return op

    # --- arithmetic on indices, each sum once ---------------------------------------------------------------------

    def value(self, number: Size) -> SSAValue:
        """An index as an SSA value."""
        if isinstance(number, SSAValue):
            return number
        return self._once(("constant", number), lambda: arith.ConstantOp(IntegerAttr(number, INDEX)))

    def add(self, a: Size, b: Size) -> Size:
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if a == 0:
            return b
        return a if b == 0 else self._binary(arith.AddiOp, a, b)

    def subtract(self, a: Size, b: Size) -> Size:
        if isinstance(a, int) and isinstance(b, int):
            return a - b
        return a if b == 0 else self._binary(arith.SubiOp, a, b)

    def smaller(self, a: Size, b: Size) -> Size:
        if isinstance(a, int) and isinstance(b, int):
            return min(a, b)
        return self._binary(arith.MinSIOp, a, b)

    def larger(self, a: Size, b: Size) -> Size:
        if isinstance(a, int) and isinstance(b, int):
            return max(a, b)
        return self._binary(arith.MaxSIOp, a, b)

    def clamp(self, a: Size, high: int) -> Size:
        """`a`, at least 0 and at most `high`."""
        return self.larger(self.smaller(a, high), 0)

    def as_integer(self, number: Size, type: Attribute) -> SSAValue:
        """An index as a number of another type."""
        value = self.value(number)
        if type == INDEX:
            return value
        return self._once(("cast", value, type), lambda: arith.IndexCastOp(value, type))

    def _binary(self, kind: type[Operation], a: Size, b: Size) -> SSAValue:
        one, two = self.value(a), self.value(b)
        return self._once((kind.name, one, two), lambda: cast("Callable[..., Operation]", kind)(one, two))

    def _once(self, key: tuple[object, ...], make: Callable[[], Operation]) -> SSAValue:
        scope: Scope | None = self
        while scope is not None:
            if key in scope._numbers:
                return scope._numbers[key]
            scope = scope.parent
        self._numbers[key] = self.insert(make()).results[0]
        return self._numbers[key]


def resized(type: TensorType[Attribute], shape: list[int]) -> TensorType[Attribute]:
    """The tensor type with another shape."""
    return TensorType(type.element_type, shape)
