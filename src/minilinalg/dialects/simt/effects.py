"""What operations of `simt` do, as generic passes ask for it.

Addresses are numbers, so memory is one whole here: an access to shared memory may meet any other to it.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import ClassVar

from xdsl.ir import Operation
from xdsl.traits import EffectInstance, MemoryEffect, MemoryEffectKind, Resource

from minilinalg.dialects.tt.effects import GLOBAL_MEMORY, READ, WRITE
from minilinalg.dialects.ttg.effects import SHARED_MEMORY

NO_EFFECTS: frozenset[EffectInstance] = frozenset()


@dataclass(frozen=True)
class Threads(Resource):
    """The other threads, and what is under way: what meets them keeps its order and is not removed."""

    def name(self) -> str:
        return "<Threads>"


THREADS = Threads()


def _effects(resource: Resource, *kinds: MemoryEffectKind) -> frozenset[EffectInstance]:
    return frozenset(EffectInstance(kind, resource=resource) for kind in kinds)


class Effects(MemoryEffect):
    """A fixed set of effects."""

    EFFECTS: ClassVar[frozenset[EffectInstance]] = NO_EFFECTS

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        return cls.EFFECTS


class ReadsGlobal(Effects):
    """Reads global memory; a volatile load counts as a write too, so that it is never removed."""

    @classmethod
    def get_effects(cls, op: Operation) -> AbstractSet[EffectInstance]:
        kinds = (READ, WRITE) if "volatile" in op.properties else (READ,)
        return _effects(GLOBAL_MEMORY, *kinds)


class WritesGlobal(Effects):
    """Writes global memory."""

    EFFECTS = _effects(GLOBAL_MEMORY, WRITE)


class UpdatesGlobal(Effects):
    """Reads and writes global memory in one step."""

    EFFECTS = _effects(GLOBAL_MEMORY, READ, WRITE)


class ReadsShared(Effects):
    """Reads shared memory."""

    EFFECTS = _effects(SHARED_MEMORY, READ)


class WritesShared(Effects):
    """Writes shared memory."""

    EFFECTS = _effects(SHARED_MEMORY, WRITE)


class UpdatesShared(Effects):
    """Reads and writes shared memory in one step."""

    EFFECTS = _effects(SHARED_MEMORY, READ, WRITE)


class CopiesToShared(Effects):
    """Reads global memory and writes shared memory."""

    EFFECTS = _effects(GLOBAL_MEMORY, READ) | _effects(SHARED_MEMORY, WRITE)


class CopiesToGlobal(Effects):
    """Reads shared memory and writes global memory."""

    EFFECTS = _effects(SHARED_MEMORY, READ) | _effects(GLOBAL_MEMORY, WRITE)


class MeetsThreads(Effects):
    """Takes part in something that all threads of a warp do together; touches no memory."""

    EFFECTS = _effects(THREADS, READ)


class Tells(Effects):
    """Tells the outside something: it keeps its order among what does, and is not removed."""

    EFFECTS = _effects(THREADS, READ, WRITE)


class Orders(Effects):
    """Orders accesses to memory: nothing moves across, nothing of it is removed."""

    EFFECTS = (
        _effects(THREADS, READ, WRITE) | _effects(GLOBAL_MEMORY, READ, WRITE) | _effects(SHARED_MEMORY, READ, WRITE)
    )
