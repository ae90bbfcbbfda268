"""How a load, a store or an atomic of a block reaches memory.

| form | when | what memory is seen as |
|---|---|---|
| `Windows` | every dimension has a stride or wraps, the mask is a box | strided views of the argument |
| `Rows` | that holds but for one dimension: a table leads there, or its mask is no interval | rows at indices |
| `Elements` | anything else | every element at an index of its own |

Atomics and volatile loads have no form by rows. What lies outside of a mask is never touched, so a mask that is no box
cannot be a window and a choice afterwards: the memory there may belong to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Operation, SSAValue

from minilinalg.analysis.index_expr import ZERO, Expr
from minilinalg.analysis.masks import Mask, MaskAnalysis, everywhere
from minilinalg.analysis.pointers import PointerAnalysis
from minilinalg.analysis.structured import Structured, Table, Unstructured
from minilinalg.dialects import tt


@dataclass(frozen=True)
class Windows:
    """A block, or one element, that is strided in each dimension and masked by a box."""

    pointer: Structured
    mask: Mask


@dataclass(frozen=True)
class Rows:
    """A block whose dimension `dim` is indexed; the rests of its mask lie along that dimension."""

    pointer: Structured
    mask: Mask
    dim: int
    why: str


@dataclass(frozen=True)
class Elements:
    """Elements at `offset` + `index`, counted from the pointer `base`; `index` may be a tensor of pointers.

    Without a base, the pointers of `index` are known by their addresses alone.
    """

    base: SSAValue | None
    offset: Expr
    index: SSAValue
    why: str


Access: TypeAlias = Windows | Rows | Elements
Atomic: TypeAlias = tt.AtomicRMWOp | tt.AtomicCASOp | tt.AtomicLoadOp | tt.AtomicStoreOp | tt.AtomicPollOp
Accessor: TypeAlias = tt.LoadOp | tt.StoreOp | Atomic


def mask_of(op: Accessor) -> SSAValue | None:
    """Where an access takes place; None for everywhere."""
    return None if isinstance(op, tt.AtomicCASOp | tt.AtomicPollOp) else op.mask


def access_of(op: Accessor, pointers: PointerAnalysis, masks: MaskAnalysis) -> Access:
    """The form of an access."""
    state = pointers.of(op.ptr)
    if isinstance(state, Unstructured):
        return _elements(op.ptr, pointers, state.reason)
    if not isinstance(op.ptr.type, TensorType):
        return Windows(state, everywhere(()))
    given = mask_of(op)
    mask = everywhere(state.shape) if given is None else masks.of(given)
    tables = {d: f"dimension {d} goes through a table" for d, t in enumerate(state.terms) if isinstance(t, Table)}
    rests = {d: f"the mask along dimension {d} is no interval: {r.reason}" for r in mask.rest for d in r.dims}
    indexed = {**rests, **tables}
    if not indexed:
        return Windows(state, mask)
    is_plain = isinstance(op, tt.StoreOp) or (isinstance(op, tt.LoadOp) and not op.volatile)
    if len(indexed) == 1 and is_plain:
        ((dim, why),) = indexed.items()
        # Rows are written one after the other, which is the order of the elements when nothing is around the rows.
        if isinstance(op, tt.LoadOp) or all(size == 1 for size in state.shape[:dim]):
            return Rows(state, mask, dim, why)
    why = "; ".join(indexed[d] for d in sorted(indexed))
    return _elements(op.ptr, pointers, why)


def _elements(pointer: SSAValue, pointers: PointerAnalysis, why: str) -> Elements:
    owner = pointer.owner
    if isinstance(owner, Operation) and owner.name == "tt.addptr":
        # One pointer for all elements, moved by a number for each.
        moved = pointers.of(owner.operands[0])
        if isinstance(moved, Structured) and moved.is_uniform:
            return Elements(moved.base, moved.offset, owner.operands[1], why)
    return Elements(pointers.bases.of(pointer), ZERO, pointer, why)
