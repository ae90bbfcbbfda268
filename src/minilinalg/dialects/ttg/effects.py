"""What operations of `ttg` do to the memory that the threads of a block share, as generic passes ask for it."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from xdsl.ir import Operation, SSAValue
from xdsl.traits import EffectInstance, MemoryEffect, MemoryEffectKind, Resource

from minilinalg.dialects.tt.effects import GLOBAL_MEMORY, READ, WRITE
from minilinalg.dialects.ttg.types import MemDescType


@dataclass(frozen=True)
class SharedMemory(Resource):
    """The memory that the threads of a block share."""

    def name(self) -> str:
        return "<SharedMemory>"


SHARED_MEMORY = SharedMemory()


def _views(op: Operation) -> Iterable[SSAValue]:
    return (operand for operand in op.operands if isinstance(operand.type, MemDescType))


def _on_views(op: Operation, *kinds: MemoryEffectKind) -> AbstractSet[EffectInstance]:
    return frozenset(EffectInstance(kind, view, SHARED_MEMORY) for view in _views(op) for kind in kinds)


class ReadsShared(MemoryEffect):
    """Reads what its views see."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return _on_views(op, READ)


class WritesShared(MemoryEffect):
    """Writes what its views see."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return _on_views(op, WRITE)


class UpdatesShared(MemoryEffect):
    """Reads and writes what its views see."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return _on_views(op, READ, WRITE)


class FreesShared(MemoryEffect):
    """Frees what its views see."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return _on_views(op, MemoryEffectKind.FREE)


class AllocatesShared(MemoryEffect):
    """Allocates a buffer in shared memory; writes it when it has a first value."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        kinds = [MemoryEffectKind.ALLOC] + ([WRITE] if op.operands else [])
        return frozenset(EffectInstance(kind, op.results[0], SHARED_MEMORY) for kind in kinds)


class CopiesFromGlobal(MemoryEffect):
    """Reads global memory through its first operand and writes what its views see."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return _on_views(op, WRITE) | {EffectInstance(READ, op.operands[0], GLOBAL_MEMORY)}


class OrdersShared(MemoryEffect):
    """Reads and writes memory at no known address, so that no access to shared memory moves across."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return frozenset(EffectInstance(kind) for kind in (READ, WRITE))


class AllocatesGlobal(MemoryEffect):
    """Allocates a buffer in global memory."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return frozenset({EffectInstance(MemoryEffectKind.ALLOC, op.results[0], GLOBAL_MEMORY)})
