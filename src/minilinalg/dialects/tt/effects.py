"""What operations of `tt` do to memory, as generic passes ask for it.

All of it happens to global memory: the one resource that programs share and that outlives them.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.traits import EffectInstance, MemoryEffect, MemoryEffectKind, Resource


@dataclass(frozen=True)
class GlobalMemory(Resource):
    """The memory of the device."""

    def name(self) -> str:
        return "<GlobalMemory>"


GLOBAL_MEMORY = GlobalMemory()
READ, WRITE = MemoryEffectKind.READ, MemoryEffectKind.WRITE


def is_true(attribute: Attribute | None) -> bool:
    """Whether a boolean attribute is there and true."""
    return isinstance(attribute, IntegerAttr) and attribute.value.data != 0


def _effects(address: SSAValue | None, *kinds: MemoryEffectKind) -> AbstractSet[EffectInstance]:
    return frozenset(EffectInstance(kind, address, GLOBAL_MEMORY) for kind in kinds)


def _address(op: Operation) -> SSAValue | None:
    """The pointer or descriptor through which `op` reaches memory: by convention its first operand."""
    return op.operands[0] if op.operands else None


class ReadsMemory(MemoryEffect):
    """Reads what its first operand points to; a volatile load counts as a write too, so that it is never removed."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        volatile = is_true(op.properties.get("isVolatile"))
        return _effects(_address(op), READ, WRITE) if volatile else _effects(_address(op), READ)


class WritesMemory(MemoryEffect):
    """Writes what its first operand points to."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return _effects(_address(op), WRITE)


class ReadsAndWritesMemory(MemoryEffect):
    """Reads and writes what its first operand points to: atomics, whose order others see even when unused."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return _effects(_address(op), READ, WRITE)


class ObservedFromOutside(MemoryEffect):
    """Writes memory at no known address: prints, assertions, and waits for other grids stay where they are."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return _effects(None, WRITE)


class OrdersAllMemory(MemoryEffect):
    """Reads and writes memory at no known address."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return _effects(None, READ, WRITE)


class EffectsUnlessPure(MemoryEffect):
    """Foreign code: none when its `pure` attribute says so, else reads and writes at no known address."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return frozenset() if is_true(op.properties.get("pure")) else _effects(None, READ, WRITE)
