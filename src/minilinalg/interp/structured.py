"""Structured operations over their whole iteration domain at once, on tensors and on memrefs.

Every operand is brought to the axes of the domain (L, d0, d1, ...), with extents of 1 where it does not depend on a
dimension, and the region runs once on those arrays. A reduction whose body combines the output with one expression
reduces that expression; a sum of products becomes a matrix product (contraction.py); any other body runs point by point
along the reduced dimensions, in row-major order.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from xdsl.ir import Operation, OpResult, SSAValue
from xdsl.ir.affine import AffineMap

from minilinalg.dialects.upstream.linear_index import LinearIndex
from minilinalg.errors import RunError, UnsupportedError
from minilinalg.interp import access
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.contraction import combine_two, contract, grown, reduce_axes
from minilinalg.interp.defined_bytes import known_of, record
from minilinalg.interp.definedness import Known, both, defined, selects
from minilinalg.interp.dtypes import Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.joining import Kind, join
from minilinalg.interp.reduction import COMBINERS
from minilinalg.interp.tensor import as_sized, settled
from minilinalg.interp.values import Partial, along, per_program, take, written_out
from minilinalg.interp.views import MemRef, Sized, groups
from minilinalg.locations import places_of


@dataclass(frozen=True)
class Operand:
    """An operand of a structured operation. kind: "scalar", "tensor" or "memref"."""

    kind: str
    dtype: DType
    shape: tuple[int, ...]
    type: Any

    @staticmethod
    def of(value: SSAValue) -> Operand:
        type_: Any = value.type
        kind = {"tensor": "tensor", "memref": "memref"}.get(str(type_.name), "scalar")
        return Operand(kind, dtype_of(type_), shape_of(type_), type_)

    def sized(self, value: Any, c: Chunk, what: str) -> Sized:
        """The operand's elements in their carrier, with sizes."""
        if self.kind == "memref":
            read = value.read(c.size, what)
            data = access.dtype_in(read.data if isinstance(read, Sized) else read, self.dtype)
            return Sized(data, value.sizes, known_of(value, c.size, what))
        if self.kind == "tensor":
            return as_sized(value, self.shape)
        # A number for all programs or one for each: a tensor of rank 0.
        if isinstance(value, Partial):
            return Sized(np.asarray(value.data, self.dtype.carrier), (), value.defined_array())
        return Sized(np.atleast_1d(np.asarray(value, self.dtype.carrier)), ())


def deliver(
    em: Emitter, op: Operation, outs: Sequence[SSAValue], compute: Callable[..., Sequence[Sized]], arguments: str
) -> None:
    """Writes the line that computes and hands the results to the operation's tensors or into its memrefs.

    compute(c, ...) returns one `Sized` per output, in carriers.
    """
    operands = [Operand.of(v) for v in outs]
    what = f"'{op.name}'"
    if all(o.kind == "tensor" for o in operands):

        def run_tensors(c: Chunk, *given: Any) -> Any:
            found = [settled(s, o.type) for s, o in zip(compute(c, *given), operands, strict=True)]
            return found[0] if len(found) == 1 else found

        em.call(op, run_tensors, f"c, {arguments}", "linalg")
        return

    def run_memrefs(c: Chunk, targets: Sequence[MemRef], *given: Any) -> None:
        for target, sized, o in zip(targets, compute(c, *given), operands, strict=True):
            put(c, sized, target, o.dtype, what)

    em.call(op, run_memrefs, f"c, [{em.refs(outs)}], {arguments}", "linalg")


def put(c: Chunk, sized: Sized, target: MemRef, dtype: DType, what: str) -> None:
    """Writes a result, in its carrier, into a buffer; RunError where global memory would get an undefined element."""
    if target.storage is not None:
        record(target, sized.defined, c.size, what)
    elif sized.defined is not None and not sized.defined.all():
        raise access.undefined(what, "stores")
    target.write(Sized(access.dtype_out(sized.data, dtype), target.sizes), c.size, what)


class Axes:
    """How an indexing map brings an operand to the domain: which domain dimension each of its dimensions is.

    `dims` has them, None for a dimension that is read at 0, or at a sum of domain dimensions. Where there are sums,
    or one dimension occurs twice, the operand is seen through a window: a view in whose strides they add up.
    """

    def __init__(self, affine_map: AffineMap, op: Operation):
        self.rank = affine_map.num_dims
        self.map = affine_map
        self.what = f"'{op.name}'"
        found = [LinearIndex.of(expr) for expr in affine_map.results]
        if None in found:
            raise UnsupportedError(
                f"{self.what} indexes an operand by {affine_map.results[found.index(None)]}",
                rule="an index that runs is a sum of dimensions, each times a number",
                places=places_of(op),
            )
        self.indices = [index for index in found if index is not None]
        self.dims: list[int | None] = [index.loop for index in self.indices]
        alone = [d for d in self.dims if d is not None]
        self.is_window = len(set(alone)) < len(alone) or any(
            d is None and (index.steps or index.start) for d, index in zip(self.dims, self.indices, strict=True)
        )

    def to_domain(self, sized: Sized, data: Array, sizes: Sequence[int]) -> Array:
        """(L, operand dims) -> (L, d0, ..., dn), extents of 1 where the operand does not depend on a dimension.

        data: the elements of `sized`, or where these are defined. sizes: of the domain.
        """
        return self._window(sized, data, sizes) if self.is_window else self._permuted(data)

    def _window(self, sized: Sized, data: Array, sizes: Sequence[int]) -> Array:
        used = {d for index in self.indices for d in index.steps}
        extents = [sizes[d] if d in used else 1 for d in range(self.rank)]
        if 0 in extents:
            return np.empty((len(data), *extents), data.dtype)
        strides = [0] * self.rank
        starts: list[slice] = []
        for dim, (index, have) in enumerate(zip(self.indices, sized.sizes, strict=True)):
            low, high = index.range(sizes)
            if low < 0 or high >= int(np.min(have)):
                raise RunError(
                    f"{self.what} reads dimension {dim} of an operand, which has {int(np.min(have))} elements, at "
                    f"{self.map.results[dim]}, from {low} to {high}",
                    rule="an index is from 0 to below the number of elements",
                )
            # An extent of 1 stands for all elements of the dimension.
            step = data.strides[dim + 1] if data.shape[dim + 1] > 1 else 0
            starts.append(slice(index.start if step else 0, None))
            for d, times in index.steps.items():
                strides[d] += times * step
        begin = data[(slice(None), *starts)]
        return as_strided(begin, (len(data), *extents), (data.strides[0], *strides), writeable=False)

    def _permuted(self, data: Array) -> Array:
        lead = data.shape[0]
        kept = [i for i, d in enumerate(self.dims) if d is not None]
        cut = data[(slice(None), *(0 if d is None else slice(None) for d in self.dims))]
        order = [kept.index(i) for _, i in sorted((d, i) for i, d in enumerate(self.dims) if d is not None)]
        cut = cut.transpose(0, *(i + 1 for i in order))
        extents = [1] * self.rank
        for i, n in zip(order, cut.shape[1:], strict=True):
            extents[self.dims[kept[i]] or 0] = n
        return cut.reshape(lead, *extents)

    def from_domain(self, data: Array) -> Array:
        """(L, d0, ..., dn) -> (L, operand dims); what the operand lacks is of extent 1 by now."""
        kept = [d for d in self.dims if d is not None]
        lost = [d for d in range(self.rank) if d not in kept]
        data = data[(slice(None), *(0 if d in lost else slice(None) for d in range(self.rank)))]
        at = {d: i + 1 for i, d in enumerate(d for d in range(self.rank) if d not in lost)}
        data = data.transpose(0, *(at[d] for d in kept))
        for i, d in enumerate(self.dims):
            if d is None:
                data = np.expand_dims(data, i + 1)
        return data


def domain_sizes(axes: Sequence[Axes], sized: Sequence[Sized], rank: int) -> list[Any]:
    """The extent of each domain dimension, an int or one a program."""
    sizes: list[Any] = [None] * rank
    for a, s in zip(axes, sized, strict=True):
        for d, n in zip(a.dims, s.sizes, strict=True):
            if d is not None and sizes[d] is None:
                sizes[d] = n
    return [1 if n is None else n for n in sizes]


@dataclass
class Reduction:
    """How an output is reduced: its combiner, and the expression combined, a value of the region."""

    combiner: str
    expression: SSAValue


def find_reduction(block: Any, index: int, out_arg: SSAValue) -> Reduction | None:
    """`yield combine(out, e)`, with `out` used nowhere else."""
    last = block.last_op
    value = last.operands[index]
    if not isinstance(value, OpResult) or value.op.name not in COMBINERS or len(list(out_arg.uses)) != 1:
        return None
    a, b = value.op.operands
    if a is out_arg and b is not out_arg:
        return Reduction(value.op.name, b)
    return Reduction(value.op.name, a) if b is out_arg and a is not out_arg else None


def product_of(expression: SSAValue, args: Sequence[SSAValue]) -> tuple[int, int] | None:
    """The two block arguments whose product an expression is, seen through extensions that change no value."""
    if not isinstance(expression, OpResult) or expression.op.name not in ("arith.mulf", "arith.muli"):
        return None
    found: list[int] = []
    for operand in expression.op.operands:
        while isinstance(operand, OpResult) and operand.op.name in ("arith.extf", "arith.extsi"):
            operand = operand.op.operands[0]
        if operand not in args:
            return None
        found.append(list(args).index(operand))
    return found[0], found[1]


def structured(
    em: Emitter,
    op: Any,
    ins: Sequence[SSAValue],
    outs: Sequence[SSAValue],
    axes: Sequence[Axes],
    rank: int,
    reduced: set[int],
    block: Any,
) -> None:
    """Writes the line of an operation with indexing maps, iterator types and a region."""
    what = f"'{op.name}'"
    operands = [Operand.of(v) for v in (*ins, *outs)]
    out_args = block.args[len(ins) :]
    reads = [bool(list(a.uses)) for a in block.args]
    reductions = [find_reduction(block, i, a) for i, a in enumerate(out_args)] if reduced else []
    whole = bool(reduced) and all(r is not None for r in reductions)
    with em.computing():
        if whole:
            found = [r for r in reductions if r is not None]
            name, outer = em.region(op.regions[0], first=["dom"], yields=[r.expression for r in found])
            products = [
                product_of(r.expression, block.args[: len(ins)]) if r.combiner.startswith("arith.add") else None
                for r in found
            ]
        else:
            found, products = [], []
            name, outer = em.region(op.regions[0], first=["dom"])
        asked = selects(block) if not reduced or whole else []
        which = [s.operands[0] for s in asked]
        conditions = em.region(op.regions[0], first=["dom"], yields=which)[0] if asked else "None"
    kinds = [Kind(v.type) for v in outs]
    for axis in axes[len(ins) :]:
        if axis.is_window:
            raise UnsupportedError(
                f"{what} writes an output by {axis.map}",
                rule="an output that is written has each of its dimensions along a loop of its own",
                places=places_of(op),
            )
    results = [o.dtype for o in operands[len(ins) :]]
    uses_index = any(inner.name == "linalg.index" for inner in block.walk())

    def compute(c: Chunk, region: Any, conditions: Any, captured: Sequence[Any], *given: Any) -> Sequence[Sized]:
        sized = [
            o.sized(v, c, what) if is_read else _shape_only(o, v)
            for o, v, is_read in zip(operands, given, reads, strict=True)
        ]
        sizes = domain_sizes(axes, sized, rank)
        if any(not isinstance(n, int) for n in sizes):
            return _by_groups(c, sizes, region, conditions, captured, given)
        arrays = [a.to_domain(s, s.data, sizes) for a, s in zip(axes, sized, strict=True)]
        dom = [along(np.arange(int(n)), d, rank) for d, n in enumerate(sizes)] if uses_index else []
        captured = [per_program(v, rank) for v in captured]
        lost = [d for v in captured if isinstance(v, Partial) and not (d := v.defined_array()).all()]
        captured = [written_out(v) for v in captured]
        known = _known(axes, sized, reads, sizes)
        if any(k is not None for k in known):
            holds = conditions(c, dom, *captured, *arrays) if asked else ()
            known = known_results(known, holds)
        else:
            known = [None] * len(outs)
        if lost and reduced:
            raise access.undefined(what, "reduces over")
        known = [reduce(both, lost, k) for k in known]
        out: list[Sized] = []
        if not reduced:
            values = region(c, dom, *captured, *arrays)
        elif whole:
            values = _reduce_all(c, region, dom, captured, arrays, sizes)
        else:
            values = _point_by_point(c, region, dom, captured, arrays, sizes)
        for i, value in enumerate(values):
            axis = axes[len(ins) + i]
            data = np.asarray(value, results[i].carrier)
            data = data.reshape((1,) * (rank + 1)) if data.ndim == 0 else data
            here = known[i]
            here = None if here is None else axis.from_domain(here)
            out.append(Sized(axis.from_domain(data), [1 if d is None else sizes[d] for d in axis.dims], here))
        return out

    def known_results(known: list[Known], holds: Sequence[Any]) -> list[Known]:
        if not reduced:
            return defined(block, list(block.last_op.operands), known, holds)
        if whole:
            known = [*defined(block, [r.expression for r in found], known, holds), *known[len(ins) :]]
        if any(k is not None for k in known):
            raise access.undefined(what, "reduces over")
        return [None] * len(outs)

    def _by_groups(
        c: Chunk, sizes: list[Any], region: Any, conditions: Any, captured: Sequence[Any], given: Sequence[Any]
    ) -> list[Sized]:
        pieces: list[tuple[Any, Sequence[Sized]]] = []
        for index, _ in groups(sizes, c.size):
            where = np.arange(c.size)[index] if isinstance(index, slice) else index
            here = take_each(captured, where), *take_each(given, where)
            pieces.append((where, compute(c.take(where), region, conditions, *here)))
        return regroup(pieces, kinds)

    def _reduce_all(
        c: Chunk, region: Any, dom: Any, captured: Any, arrays: Sequence[Array], sizes: list[int]
    ) -> list[Any]:
        values: list[Any] = []
        expressions = None
        for i, r in enumerate(found):
            init = arrays[len(ins) + i]
            if 0 in sizes:
                values.append(init)
                continue
            pair = products[i]
            if pair is not None and not results[i].is_narrow:
                a, b = (arrays[p] for p in pair)
                total = contract(grown(a, sizes, reduced), b, reduced, operands[pair[0]].dtype, results[i])
            else:
                if expressions is None:
                    expressions = region(c, dom, *captured, *arrays)
                total = grown(np.asarray(expressions[i], results[i].carrier), sizes, reduced)
                total = reduce_axes(r.combiner, total, sorted(reduced), results[i], c)
            values.append(combine_two(r.combiner, results[i])(init, total))
        return values

    def _point_by_point(
        c: Chunk, region: Any, dom: Any, captured: Any, arrays: Sequence[Array], sizes: list[int]
    ) -> list[Any]:
        carried = list(arrays[len(ins) :])
        ranges = [range(sizes[d]) for d in sorted(reduced)]
        for point in itertools.product(*ranges):
            at = dict(zip(sorted(reduced), point, strict=True))

            def cut(x: Array, at: dict[int, int] = at) -> Array:
                return x[
                    (
                        slice(None),
                        *(
                            slice(at[d], at[d] + 1) if d in at and x.shape[d + 1] > 1 else slice(None)
                            for d in range(rank)
                        ),
                    )
                ]

            carried = list(region(c, [cut(x) for x in dom], *captured, *(cut(a) for a in arrays[: len(ins)]), *carried))
        return carried

    deliver(em, op, outs, compute, f"{name}, {conditions}, [{', '.join(outer)}], {em.refs((*ins, *outs))}")


def _shape_only(operand: Operand, value: Any) -> Sized:
    """An output that is only written, or an input that the body does not read: its sizes, and none of its content."""
    sizes = value.sizes if isinstance(value, Sized | MemRef) else operand.shape
    return Sized(np.zeros((1,) * (len(sizes) + 1), operand.dtype.carrier), sizes)


def _known(axes: Sequence[Axes], sized: Sequence[Sized], reads: Sequence[bool], sizes: Sequence[int]) -> list[Known]:
    """Where in the domain each operand is defined, as far as it is read."""
    found: list[Known] = []
    for a, s, is_read in zip(axes, sized, reads, strict=True):
        known = None if s.defined is None or not is_read else a.to_domain(s, s.defined, sizes)
        found.append(None if known is None or known.all() else known)
    return found


def take_each(values: Sequence[Any], index: Any) -> list[Any]:
    """Every value for the programs at `index`."""
    return [take(v, index) for v in values]


def regroup(pieces: Sequence[tuple[Any, Sequence[Sized]]], kinds: Sequence[Kind]) -> list[Sized]:
    """The results of groups of programs, each with the programs' numbers, put together in the programs' order."""
    back = np.argsort(np.concatenate([w for w, _ in pieces]), kind="stable")
    out: list[Sized] = []
    for i, kind in enumerate(kinds):
        rank = len(kind.shape)
        highest = [max(int(np.max(s[i].sizes[d])) for _, s in pieces) for d in range(rank)]
        data = [(_padded(s[i].data, s[i].sizes, highest), len(w)) for w, s in pieces]
        sizes = [
            np.concatenate([np.broadcast_to(np.asarray(s[i].sizes[d]), (len(w),)) for w, s in pieces])[back]
            for d in range(rank)
        ]
        known = _regrouped([(s[i], len(w)) for w, s in pieces], highest)
        out.append(Sized(take(join(data, kind), back), sizes, None if known is None else known[back]))
    return out


def _regrouped(pieces: Sequence[tuple[Sized, int]], highest: Sequence[int]) -> Known:
    """Where the elements of groups of programs are defined, one group after the other."""
    if all(sized.defined is None for sized, _ in pieces):
        return None
    rows: list[Array] = []
    for sized, count in pieces:
        known = np.ones((1,) * (len(highest) + 1), np.bool_) if sized.defined is None else sized.defined
        rows.append(np.broadcast_to(_padded(known, sized.sizes, highest), (count, *highest)))
    return np.concatenate(rows)


def _padded(data: Array, sizes: Sequence[Any], highest: Sequence[int]) -> Array:
    full = np.broadcast_to(data, (len(data), *(int(np.max(n)) for n in sizes)))
    return np.pad(full, [(0, 0), *((0, h - n) for h, n in zip(highest, full.shape[1:], strict=True))])
