"""Memory effects, each tied to the operand or result that it is on.

xDSL's traits say that an operation reads or writes something; these say what, so that a pass can tell that two
operations touch different memory. On tensors nothing has an effect: a dead operation may go, equal ones may merge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from xdsl.dialects.builtin import MemRefType, UnrankedMemRefType
from xdsl.ir import Operation, SSAValue
from xdsl.traits import (
    ConditionallySpeculatable,
    EffectInstance,
    MemoryEffect,
    MemoryEffectKind,
    get_effects,
    is_speculatable,
)

READ, WRITE, ALLOC, FREE = (
    MemoryEffectKind.READ,
    MemoryEffectKind.WRITE,
    MemoryEffectKind.ALLOC,
    MemoryEffectKind.FREE,
)


def is_memref(value: SSAValue) -> bool:
    return isinstance(value.type, MemRefType | UnrankedMemRefType)


@dataclass(frozen=True)
class EffectsOn(MemoryEffect):
    """Effects on the operands and results of these names; those that are no memrefs have none.

    `EffectsOn(reads=("source",), writes=("target",))`
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    allocates: tuple[str, ...] = ()
    frees: tuple[str, ...] = ()

    def get_effects(self, op: Operation) -> set[EffectInstance]:  # pyright: ignore[reportIncompatibleMethodOverride]
        groups = ((READ, self.reads), (WRITE, self.writes), (ALLOC, self.allocates), (FREE, self.frees))
        return {
            EffectInstance(kind, value)
            for kind, names in groups
            for name in names
            for value in _values(op, name)
            if is_memref(value)
        }


def _values(op: Operation, name: str) -> Iterable[SSAValue]:
    found = getattr(op, name)
    if found is None:
        return ()
    return (cast(SSAValue, found),) if isinstance(found, SSAValue) else found


class DestinationStyleEffects(MemoryEffect, ConditionallySpeculatable):
    """Of an operation with `inputs` and `outputs`: memrefs among the inputs are read, among the outputs written.

    An output is read as well, unless the body does not use its argument. What the body itself does counts too.
    """

    @classmethod
    def get_effects(cls, op: Operation) -> set[EffectInstance] | None:
        inputs, outputs = tuple(_values(op, "inputs")), tuple(_values(op, "outputs"))
        effects = {EffectInstance(READ, value) for value in inputs if is_memref(value)}
        block = op.regions[0].first_block if op.regions else None
        arguments = block.args[-len(outputs) :] if block is not None and outputs else ()
        for number, value in enumerate(outputs):
            if not is_memref(value):
                continue
            effects.add(EffectInstance(WRITE, value))
            if not arguments or arguments[number].first_use is not None:
                effects.add(EffectInstance(READ, value))
        for inner in block.ops if block is not None else ():
            found = get_effects(inner)
            if found is None:
                return None
            effects |= found
        return effects

    @classmethod
    def is_speculatable(cls, op: Operation) -> bool:
        effects = cls.get_effects(op)
        body = op.regions[0].first_block if op.regions else None
        # On elements that are there the body runs; without any, and without iterations around it, it does not.
        return (
            effects is not None and not effects and all(is_speculatable(inner) for inner in (body.ops if body else ()))
        )
