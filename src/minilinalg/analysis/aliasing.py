"""Aliasing: which memrefs may share bytes, and which memory an operation reads and writes.

A memref is a chain of views down to its root: a buffer that was allocated, an argument of the function, memory at an
address, or something that is not looked through. Two allocations never share bytes, and an allocation shares none with
an argument. Arguments may always share bytes with one another, whatever their types: a caller may pass overlapping
arrays. Views of one root share none when their extents are known and provably apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, DenseArrayBase, MemRefType, NoneAttr, UnrankedMemRefType
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.traits import MemoryEffectKind, get_effects

from minilinalg.analysis.destination_style import (
    destinations,
    first_destination,
    is_destination_style,
    reads_destination,
    reads_input,
)
from minilinalg.dialects.upstream import func, memref

Buffer: TypeAlias = MemRefType[Attribute]

VIEWS = frozenset(
    f"memref.{name}"
    for name in (
        *("assume_alignment", "cast", "collapse_shape", "expand_shape", "memory_space_cast", "reinterpret_cast"),
        *("reshape", "subview", "transpose", "view"),
    )
)
"""Operations whose result is the memory of their first operand, seen in another way."""
_ALLOCATIONS = frozenset({"memref.alloc", "memref.alloca"})


def is_memref(value: SSAValue) -> bool:
    return isinstance(value.type, MemRefType | UnrankedMemRefType)


def root_of(value: SSAValue) -> SSAValue:
    """The memref that `value` is a view of, through any number of views."""
    while isinstance(owner := value.owner, Operation) and owner.name in VIEWS:
        value = owner.operands[0]
    return value


def is_allocation(root: SSAValue) -> bool:
    """Whether `root` is a fresh buffer: nothing but its views shares its bytes."""
    return isinstance(root.owner, Operation) and root.owner.name in _ALLOCATIONS


def is_argument(root: SSAValue) -> bool:
    """Whether `root` is an argument of a function."""
    return isinstance(root.owner, Block) and isinstance(root.owner.parent_op(), func.FuncOp)


def is_at_address(root: SSAValue) -> bool:
    """Whether `root` is memory at an address: that of arguments, nobody knows which."""
    return isinstance(root.owner, Operation) and root.owner.name == "address.to_memref"


def may_alias(a: SSAValue, b: SSAValue) -> bool:
    """Whether some byte may be part of both memrefs."""
    if a is b:
        return True
    if _in_different_spaces(a.type, b.type):
        return False
    root_a, root_b = root_of(a), root_of(b)
    if root_a is root_b:
        return not (_apart_in_line(a, b) or _apart_in_a_dimension(a, b))
    if is_allocation(root_a) and is_allocation(root_b):
        return False
    # What is neither may be anything that was passed around: only a fresh buffer excludes an argument, or memory at an
    # address.
    fresh, other = (root_a, root_b) if is_allocation(root_a) else (root_b, root_a)
    return not (is_allocation(fresh) and (is_argument(other) or is_at_address(other)))


def same_view(a: SSAValue, b: SSAValue) -> bool:
    """Whether both are the same elements in the same order: the same value, or equal views of equal values."""
    if a is b:
        return True
    one, two = a.owner, b.owner
    if not isinstance(one, Operation) or not isinstance(two, Operation):
        return False
    return (
        one.name == two.name
        and one.name in VIEWS
        and a.type == b.type
        and one.properties == two.properties
        and len(one.operands) == len(two.operands)
        and same_view(one.operands[0], two.operands[0])
        and all(x is y for x, y in zip(one.operands[1:], two.operands[1:], strict=True))
    )


def _in_different_spaces(a: Attribute, b: Attribute) -> bool:
    if not isinstance(a, MemRefType | UnrankedMemRefType) or not isinstance(b, MemRefType | UnrankedMemRefType):
        return False
    spaces = (cast("Buffer", a).memory_space, cast("Buffer", b).memory_space)
    return spaces[0] != spaces[1] and not any(isinstance(space, NoneAttr) for space in spaces)


def extent_of(type: Attribute) -> tuple[int, int] | None:
    """First and last element of a strided memref, counted from its root; None when that is not static."""
    if not isinstance(type, MemRefType):
        return None
    type = cast("Buffer", type)
    strides, offset, shape = type.get_strides(), type.get_offset(), type.get_shape()
    if strides is None or offset is None or DYNAMIC_INDEX in shape or None in strides:
        return None
    reach = [(size - 1) * cast("int", stride) for size, stride in zip(shape, strides, strict=True)]
    if 0 in shape:
        return offset, offset - 1
    return offset + sum(r for r in reach if r < 0), offset + sum(r for r in reach if r > 0)


def _apart_in_line(a: SSAValue, b: SSAValue) -> bool:
    if cast("Buffer", a.type).element_type != cast("Buffer", b.type).element_type:
        return False
    one, two = extent_of(a.type), extent_of(b.type)
    return one is not None and two is not None and (one[1] < two[0] or two[1] < one[0])


def _apart_in_a_dimension(a: SSAValue, b: SSAValue) -> bool:
    """Two subviews of one memref that are apart along a dimension, as columns 0-3 and 4-7 of a matrix are."""
    one, two = a.owner, b.owner
    if not (isinstance(one, memref.SubviewOp) and isinstance(two, memref.SubviewOp)):
        return False
    if not same_view(one.source, two.source):
        return False
    for (low_a, high_a), (low_b, high_b) in zip(_ranges(one), _ranges(two), strict=True):
        if None not in (low_a, high_a, low_b, high_b) and (high_a < low_b or high_b < low_a):  # pyright: ignore
            return True
    return False


def _ranges(op: memref.SubviewOp) -> Iterator[tuple[int | None, int | None]]:
    """First and last index of a subview along each dimension of its source."""
    lists = (op.static_offsets, op.static_sizes, op.static_strides)
    for offset, size, stride in zip(*(_values(values) for values in lists), strict=True):
        if DYNAMIC_INDEX in (offset, size, stride):
            yield None, None
        else:
            yield offset, offset + (size - 1) * stride


def _values(attr: Attribute) -> tuple[int, ...]:
    return tuple(int(value) for value in cast("DenseArrayBase", attr).get_values())  # pyright: ignore


# Effects


@dataclass(frozen=True)
class Access:
    """One access of `op`. `buffer` is None when it may be any memory at all."""

    op: Operation
    kind: Literal["read", "write"]
    buffer: SSAValue | None

    def touches(self, value: SSAValue) -> bool:
        """Whether this may be an access to bytes of the memref `value`."""
        return self.buffer is None or may_alias(self.buffer, value)


_OPERANDS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "memref.copy": ((0,), (1,)),
    "memref.load": ((0,), ()),
    "memref.store": ((), (1,)),
    "memref.atomic_rmw": ((1,), (1,)),
    "memref.generic_atomic_rmw": ((0,), (0,)),
    "bufferization.to_tensor": ((0,), ()),
    "bufferization.materialize_in_destination": ((), (1,)),
}
"""Name -> indices of the memref operands that are read, and of those that are written."""


def accesses(op: Operation) -> Iterator[Access]:
    """What `op`, and everything inside it, reads and writes of memrefs."""
    yield from own_accesses(op)
    if not is_destination_style(op):
        for region in op.regions:
            for block in region.blocks:
                for inner in block.ops:
                    yield from accesses(inner)


def writes(op: Operation) -> Iterator[Access]:
    """What `op`, and everything inside it, writes."""
    return (access for access in accesses(op) if access.kind == "write")


def own_accesses(op: Operation) -> Iterator[Access]:
    """What `op` reads and writes of memrefs by itself, and not through what is inside it."""
    if (known := _OPERANDS.get(op.name)) is not None:
        for kind, indices in (("read", known[0]), ("write", known[1])):
            for index in indices:
                if is_memref(op.operands[index]):
                    yield Access(op, kind, op.operands[index])  # pyright: ignore[reportArgumentType]
    elif is_destination_style(op):
        first = first_destination(op)
        yield from (
            Access(op, "read", value)
            for index, value in enumerate(op.operands[:first])
            if is_memref(value) and reads_input(op, index)
        )
        for index in destinations(op):
            if is_memref(op.operands[index]):
                if reads_destination(op, index):
                    yield Access(op, "read", op.operands[index])
                yield Access(op, "write", op.operands[index])
    else:
        yield from _declared(op)


def _declared(op: Operation) -> Iterator[Access]:
    """What the traits of an operation say; an operation that says nothing may do anything."""
    if op.name in VIEWS or op.name in _ALLOCATIONS or _only_holds_others(op):
        return
    effects = get_effects(op)
    if effects is None:
        yield Access(op, "read", None)
        yield Access(op, "write", None)
        return
    kinds: dict[MemoryEffectKind, Literal["read", "write"]] = {
        MemoryEffectKind.READ: "read",
        MemoryEffectKind.WRITE: "write",
    }
    # They are a set: an order of their own is what errors about them need, to be the same in each run.
    order = {value: index for index, value in enumerate(op.operands)}
    for effect in sorted(effects, key=lambda e: (e.kind.value, order.get(e.value, -1))):  # pyright: ignore
        if effect.kind in kinds:
            yield Access(op, kinds[effect.kind], effect.value if isinstance(effect.value, SSAValue) else None)


def _only_holds_others(op: Operation) -> bool:
    """Whether an operation does nothing but run what is inside it, or end a block."""
    if op.regions:
        return op.name.startswith(("scf.", "func.func", "builtin.module"))
    return op.name.endswith((".yield", ".return", ".condition", ".in_parallel"))
