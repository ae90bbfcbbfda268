"""Changes of layout, in registers where no warp needs what another one holds, else through shared memory."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.builtin import VectorType
from xdsl.ir import SSAValue

from minilinalg.analysis.scratch import exchange_places, passes_through_memory, side_by_side
from minilinalg.dialects import simt, tt
from minilinalg.dialects.simt.types import element_of
from minilinalg.layouts.linear import REGISTER, LinearLayout
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, layout_of
from minilinalg.passes.tritongpu_to_simt.elementwise import bytes_of
from minilinalg.passes.tritongpu_to_simt.memory import stored_type
from minilinalg.passes.tritongpu_to_simt.registers import concatenated, moved
from minilinalg.passes.tritongpu_to_simt.shared import load, offset_of, store


class Exchange:
    """The changes of layout that one operation needs, one after the other, in its scratch memory.

    A barrier stands before each but the first: threads may still be reading what was there. `was_used` says that the
    operation has used its memory otherwise.
    """

    def __init__(self, c: Conversion):
        self.c = c
        self.was_used = False

    def __call__(self, value: SSAValue, old: LinearLayout, new: LinearLayout) -> SSAValue:
        """A tensor in registers of layout `old`, in those of `new`: of register, lane and warp, with the same output
        dimensions."""
        c = self.c
        assert c.at is not None
        if not passes_through_memory(old, new):
            found = moved(c, value, old, new)
            assert found is not None, "what passes through shared memory was given some"
            return found
        base, places = offset_of(c, c.at), exchange_places(old, new, bytes_of(stored_type(value.type)))
        if self.was_used:
            c.insert(simt.BarrierOp())
        self.was_used = True
        store(c, value, old, old.compose(places), base)
        c.insert(simt.BarrierOp())
        type = VectorType(element_of(value.type), [new.in_size(REGISTER)])
        return load(c, type, new.compose(places), base)


def _cat(c: Conversion, op: tt.CatOp) -> None:
    """Elements may get any order. They keep theirs, as before, so that answers stay what they were."""
    value = concatenated(c, c.value(op.lhs), c.value(op.rhs))
    c.bind(op.result, Exchange(c)(value, side_by_side(layout_of(op.lhs.type)), layout_of(op.result.type)))


HANDLERS: Mapping[str, Handler] = {"tt.cat": _cat}
