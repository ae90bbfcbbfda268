"""Reductions: within each thread, then between the lanes of a warp, then between warps through shared memory.

Where a step leads along the row and another dimension at once, the elements are dealt out anew first.
Each step combines halves, so a row of n elements takes log2(n) steps over all of a thread's registers at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects.builtin import VectorType
from xdsl.ir import Block, SSAValue

from minilinalg.analysis.scratch import across_warps, apart, areas, held_rows, partial_results
from minilinalg.dialects import simt, tt
from minilinalg.dialects.simt.types import count_of, element_of
from minilinalg.dialects.tt.types import is_tensor
from minilinalg.dialects.upstream import arith
from minilinalg.layouts.linear import LANE, OFFSET, REGISTER, WARP, LinearLayout
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, layout_of
from minilinalg.passes.tritongpu_to_simt.exchange import Exchange
from minilinalg.passes.tritongpu_to_simt.registers import halves, ordered, picked
from minilinalg.passes.tritongpu_to_simt.shapes import uniform
from minilinalg.passes.tritongpu_to_simt.shared import load, offset_of, store

Values = list[SSAValue]


def combined(c: Conversion, combiner: Block, left: Sequence[SSAValue], right: Sequence[SSAValue]) -> Values:
    """What a combiner, written for scalars, makes of vectors: `left` are what came first."""
    for old, new in zip(combiner.args, (*left, *right), strict=True):
        c.bind(old, new)
    last = combiner.last_op
    assert last is not None
    with c.elementwise(count_of(left[0].type)):
        c.convert_block(combiner)
        return [c.element(operand) for operand in last.operands]


def _reduce(c: Conversion, op: tt.ReduceOp) -> None:
    given, axis = layout_of(op.srcs[0].type), op.axis.value.data
    layout = apart(given, axis)
    exchange = Exchange(c)
    values = [exchange(c.value(src), given, layout) for src in op.srcs]
    combiner = op.combine_op.block
    values = _within_threads(c, combiner, values, layout, axis)
    for bit, basis in enumerate(layout.bases(LANE)):
        if basis[axis]:
            distance = c.constants([1 << bit])
            others = [c.insert(simt.ShuffleOp(simt.ShuffleKind.BFLY, v, distance)).result for v in values]
            values = combined(c, combiner, values, others)
    held = held_rows(layout, axis)
    result = op.results[0].type
    wanted = layout_of(result) if is_tensor(result) else None
    if across_warps(layout, axis):
        if exchange.was_used:
            c.insert(simt.BarrierOp())
        values = _across_warps(c, op, values, layout, held, wanted or _scalar(held))
    elif wanted is not None:
        values = [exchange(value, held, wanted) for value in values]
    for old, value in zip(op.results, values, strict=True):
        c.bind(old, value if wanted is not None else uniform(c, picked(c, value, [0])))


def _within_threads(c: Conversion, combiner: Block, values: Values, layout: LinearLayout, axis: int) -> Values:
    """Combines what each thread holds of a row."""
    bases = layout.bases(REGISTER)
    along = sorted((bit for bit, basis in enumerate(bases) if basis[axis]), key=lambda bit: bases[bit][axis])
    kept = [bit for bit in range(len(bases)) if bit not in along]
    order = ordered(layout.masks[REGISTER], [*kept, *along])
    values = [picked(c, value, order) for value in values]
    for _ in along:
        pairs = [halves(c, value) for value in values]
        values = combined(c, combiner, [low for low, _ in pairs], [high for _, high in pairs])
    return values


def _scalar(held: LinearLayout) -> LinearLayout:
    """The layout of one element that all threads hold."""
    ins = tuple((name, () if name == REGISTER else (0,) * len(masks)) for name, masks in held.ins)
    return LinearLayout(ins, held.outs)


def _across_warps(
    c: Conversion, op: tt.ReduceOp, values: Values, layout: LinearLayout, held: LinearLayout, wanted: LinearLayout
) -> Values:
    """Each warp stores its part; behind a barrier each thread loads all parts of its rows, and combines them."""
    axis = op.axis.value.data
    bits = across_warps(layout, axis)
    # Parts of a row lie side by side: a row's place is its index, the last dimension fastest, times their number.
    rows = _row_places(held, len(bits))
    parts = list(held.compose(rows).masks[WARP])
    for position, bit in enumerate(bits):
        parts[bit] |= 1 << position
    writes = held.compose(rows).with_bases(WARP, parts)
    own = wanted.compose(rows)
    every = (*(1 << position for position in range(len(bits))), *own.masks[REGISTER])
    reads = own.with_bases(REGISTER, every)
    base = offset_of(c, op)
    offsets = areas(op.srcs, partial_results(layout, axis))
    for value, offset in zip(values, offsets, strict=True):
        store(c, value, writes, writes, c.binary(arith.AddiOp, base, offset) if offset else base)
    c.insert(simt.BarrierOp())
    found: Values = []
    for value, offset in zip(values, offsets, strict=True):
        at = c.binary(arith.AddiOp, base, offset) if offset else base
        found.append(load(c, VectorType(element_of(value.type), [1 << len(every)]), reads, at))
    combiner = op.combine_op.block
    order = ordered(reads.masks[REGISTER], [*range(len(bits), len(every)), *range(len(bits))])
    found = [picked(c, value, order) for value in found]
    for _ in bits:
        pairs = [halves(c, value) for value in found]
        found = combined(c, combiner, [low for low, _ in pairs], [high for _, high in pairs])
    return found


def _row_places(held: LinearLayout, parts: int) -> LinearLayout:
    """From the indices of a row to its place."""
    ins: list[tuple[str, tuple[int, ...]]] = []
    at = parts
    for name, bits in reversed(held.outs):
        ins.append((name, tuple(1 << at + bit for bit in range(bits))))
        at += bits
    return LinearLayout(tuple(reversed(ins)), ((OFFSET, at),))


HANDLERS: Mapping[str, Handler] = {"tt.reduce": _reduce}
