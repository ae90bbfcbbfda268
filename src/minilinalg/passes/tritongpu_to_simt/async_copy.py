"""Copies into shared memory that go on while the threads run: cp.async, in groups that each thread counts."""

from __future__ import annotations

from collections.abc import Mapping

from minilinalg.dialects import simt, ttg
from minilinalg.dialects.simt.async_copy import COPY_BYTES
from minilinalg.dialects.tt.memory import pointee_type
from minilinalg.layouts.linear import REGISTER
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, layout_of
from minilinalg.passes.tritongpu_to_simt.elementwise import bytes_of
from minilinalg.passes.tritongpu_to_simt.memory import accesses
from minilinalg.passes.tritongpu_to_simt.registers import ordered, picked
from minilinalg.passes.tritongpu_to_simt.shared import addresses, widest_vector
from minilinalg.passes.tritongpu_to_simt.threads import both, own_registers, owners


def _copy(c: Conversion, op: ttg.AsyncCopyGlobalToLocalOp) -> None:
    """As many elements at once as lie side by side in both memories; masked-off ones become zero.

    What the operation says of its contiguity holds, known or not.
    """
    view, layout = c.view(op.result), layout_of(op.src.type)
    size = bytes_of(pointee_type(op.src.type))
    places = view.of_registers(layout)
    known = accesses(c, op.src, op.mask, size)
    run = widest_vector(places, size, view.origin, view.padding)
    order = ordered(layout.masks[REGISTER], run)
    width = min(1 << len(run), max(op.contiguity.value.data, known.width))
    side_by_side = known.width < width or known.order[:width] == tuple(order[:width])
    if not side_by_side or width * size not in COPY_BYTES:
        raise c.unsupported(
            f"an asynchronous copy of {width * size} bytes at once",
            "cp.async copies 4, 8 or 16 bytes that lie side by side in both memories",
            hint="load into registers and store instead: elements are too far apart, or masked one by one",
        )
    own = set(own_registers(layout))
    firsts = [register for register in order[::width] if register in own]
    made = f"{len(firsts)} {'copy' if len(firsts) == 1 else 'copies'} of {width * size} bytes in each thread"
    wider = "" if known.needs is None or known.width != width else f"; wider ones would need {known.needs}"
    c.remark(f"{made}{wider}")
    mask = None if op.mask is None else picked(c, c.value(op.mask), firsts)
    to = addresses(c, view.base, places, size, firsts, view.origin, view.padding)
    when = both(c, None, owners(c, layout), len(firsts))
    c.insert(simt.CpAsyncOp(to, picked(c, c.value(op.src), firsts), width * size, mask, when))


def _commit(c: Conversion, op: ttg.AsyncCommitGroupOp) -> None:
    c.insert(simt.CpAsyncCommitOp())


def _wait(c: Conversion, op: ttg.AsyncWaitOp) -> None:
    c.insert(simt.CpAsyncWaitOp(op.num.value.data))


HANDLERS: Mapping[str, Handler] = {
    "ttg.async_commit_group": _commit,
    "ttg.async_copy_global_to_local": _copy,
    "ttg.async_wait": _wait,
}
