"""Side effects: which operations nobody would miss, and which may change what another one reads.

Traits say what an operation does to memory (`dialects/upstream/effects.py`, `dialects/tt/effects.py`); an operation
without such a trait may do anything. These are the questions that passes on all dialects ask.
"""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.ir import Operation, SSAValue
from xdsl.traits import EffectInstance, IsTerminator, MemoryEffectKind, SymbolOpInterface, get_effects

from minilinalg.analysis.aliasing import is_memref, may_alias, root_of

READ, WRITE, ALLOC, FREE = (
    MemoryEffectKind.READ,
    MemoryEffectKind.WRITE,
    MemoryEffectKind.ALLOC,
    MemoryEffectKind.FREE,
)


def is_removable(op: Operation) -> bool:
    """Whether nobody would miss `op` if nobody used its results.

    It may read, and do anything to memory that it allocates itself. Terminators stay, and so does what one holds to
    say what it hands on, as `scf.forall.in_parallel` does.
    """
    if op.has_trait(IsTerminator) or op.has_trait(SymbolOpInterface):
        return False
    holder = op.parent_op()
    if not op.results and holder is not None and holder.has_trait(IsTerminator):
        return False
    effects = get_effects(op)
    return effects is not None and all(e.kind is READ or _is_private(e, op) for e in effects)


def is_dead(op: Operation) -> bool:
    """Whether `op` is removable and has no uses."""
    return all(result.first_use is None for result in op.results) and is_removable(op)


def _is_private(effect: EffectInstance, op: Operation) -> bool:
    """Whether an effect of `op` is on memory that only lives in it, or that it allocates."""
    value = effect.value
    if not isinstance(value, SSAValue):
        return False
    if effect.kind is ALLOC:
        return op.is_ancestor(value.owner)
    root = root_of(value)
    allocation = root.owner
    return (
        is_memref(root)
        and isinstance(allocation, Operation)
        and allocation is not op
        and op.is_ancestor(allocation)
        and any(e.kind is ALLOC and e.value is root for e in get_effects(allocation) or ())
    )


def is_read_only(effects: Iterable[EffectInstance]) -> bool:
    """Whether all effects are reads. Those of an operation without effects are."""
    return all(effect.kind is READ for effect in effects)


def may_change(effects: Iterable[EffectInstance] | None, read: EffectInstance) -> bool:
    """Whether something with these effects may change what `read` reads; unknown effects (None) may."""
    return effects is None or any(e.kind in (WRITE, FREE) and _may_be_same(e, read) for e in effects)


def _may_be_same(one: EffectInstance, two: EffectInstance) -> bool:
    a, b = one.value, two.value
    if isinstance(a, SSAValue) and isinstance(b, SSAValue) and is_memref(a) and is_memref(b):
        return may_alias(a, b)
    # Pointers, and memory at no known address: a memref that is an argument is global memory as well.
    return True


def may_stop(op: Operation) -> bool:
    """Whether the program may end at `op`, as at an assertion, or wait there: what follows it is not certain to run."""
    effects = get_effects(op)
    return effects is None or any(e.kind is WRITE and e.value is None for e in effects)
