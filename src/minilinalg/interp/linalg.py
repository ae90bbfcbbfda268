"""linalg on tensors and on memrefs: one general meaning for structured operations, and the named ones through it.

A structured operation runs over its whole iteration domain at once: every operand is brought to the axes of the domain
(L, d0, d1, ...), with extents of 1 where it does not depend on a dimension, and the region runs once on those arrays. A
reduction whose body combines the output with one expression reduces that expression; a sum of products becomes a matrix
product; any other body runs point by point along the reduced dimensions, in row-major order.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from xdsl.ir import Operation, OpResult, SSAValue
from xdsl.ir.affine import AffineConstantExpr, AffineDimExpr, AffineMap

from minilinalg.errors import UnsupportedError
from minilinalg.interp import access
from minilinalg.interp.arith import float_binary, int_binary
from minilinalg.interp.dtypes import I1, Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Chunk, Emitter, meaning
from minilinalg.interp.math import float_unary
from minilinalg.interp.scf import Kind, join
from minilinalg.interp.tensor import as_sized, settled
from minilinalg.interp.tt import COMBINERS, dot_arrays, reduce_with
from minilinalg.interp.values import along, per_program, take
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
            return Sized(data, value.sizes)
        if self.kind == "tensor":
            return as_sized(value, self.shape)
        # A number for all programs or one for each: a tensor of rank 0.
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
            data = access.dtype_out(sized.data, o.dtype)
            target.write(Sized(data, target.sizes), c.size, what)

    em.call(op, run_memrefs, f"c, [{em.refs(outs)}], {arguments}", "linalg")


# The general operation


class Axes:
    """How an indexing map brings an operand to the domain: which domain dimension each of its dimensions is."""

    def __init__(self, affine_map: AffineMap, op: Operation):
        self.rank = affine_map.num_dims
        self.dims: list[int | None] = []
        for expr in affine_map.results:
            if isinstance(expr, AffineDimExpr):
                self.dims.append(expr.position)
            elif isinstance(expr, AffineConstantExpr) and expr.value == 0:
                self.dims.append(None)
            else:
                raise UnsupportedError(
                    f"'{op.name}' indexes an operand by {expr}",
                    rule="an indexing map that runs consists of dimensions and zeros; sums and products do not run yet",
                    places=places_of(op),
                )
        if len({d for d in self.dims if d is not None}) != len([d for d in self.dims if d is not None]):
            raise UnsupportedError(
                f"'{op.name}' indexes an operand by a diagonal, {affine_map}",
                rule="every dimension occurs once in an indexing map",
                places=places_of(op),
            )

    def to_domain(self, data: Array) -> Array:
        """(L, operand dims) -> (L, d0, ..., dn), extents of 1 where the operand does not depend on a dimension."""
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


def _product_of(expression: SSAValue, args: Sequence[SSAValue]) -> tuple[int, int] | None:
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


def contract(a: Array, b: Array, reduced: set[int], element: DType, result: DType) -> Array:
    """sum over the reduced dimensions of a * b, both (L, d0, ..., dn); reduced extents become 1."""
    lead = max(len(a), len(b))
    rank = a.ndim - 1
    both = [d for d in range(rank) if d not in reduced and a.shape[d + 1] > 1 and b.shape[d + 1] > 1]
    rows = [d for d in range(rank) if d not in reduced and d not in both and a.shape[d + 1] > 1]
    columns = [d for d in range(rank) if d not in reduced and d not in both and d not in rows]
    inner = sorted(reduced)
    extents = [max(n, m) for n, m in zip(a.shape[1:], b.shape[1:], strict=True)]

    def arranged(x: Array, first: list[int], second: list[int]) -> Array:
        full = [extents[d] if d in both or d in reduced else x.shape[d + 1] for d in range(rank)]
        x = np.broadcast_to(x, (lead, *full))
        order = [*both, *first, *second]
        rest = [d for d in range(rank) if d not in order]
        x = x.transpose(0, *(d + 1 for d in (*order, *rest)))
        count = [int(np.prod([full[d] for d in group], dtype=np.int64)) for group in (both, first, second)]
        return x.reshape(lead, *count)

    product = dot_arrays(
        arranged(a, rows, inner),
        arranged(b, inner, columns),
        element,
        result,
        int(np.prod([extents[d] for d in inner], dtype=np.int64)),
    )
    shape = [extents[d] for d in (*both, *rows, *columns)]
    product = product.reshape(lead, *shape, *([1] * len(inner)))
    order = [*both, *rows, *columns, *inner]
    return product.transpose(0, *(order.index(d) + 1 for d in range(rank)))


@meaning("linalg.generic")
def emit_generic(em: Emitter, op: Any) -> None:
    ins = list(op.inputs)
    outs = list(op.outputs)
    block = op.regions[0].blocks[0]
    axes = [Axes(m.data, op) for m in op.indexing_maps]
    rank = axes[0].rank if axes else 0
    reduced = {d for d, t in enumerate(op.iterator_types) if "reduction" in str(t)}
    structured(em, op, ins, outs, axes, rank, reduced, block)


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
    reads_out = [bool(list(a.uses)) for a in out_args]
    reductions = [find_reduction(block, i, a) for i, a in enumerate(out_args)] if reduced else []
    whole = bool(reduced) and all(r is not None for r in reductions)
    if whole:
        found = [r for r in reductions if r is not None]
        name, outer = em.region(op.regions[0], first=["dom"], yields=[r.expression for r in found])
        products = [
            _product_of(r.expression, block.args[: len(ins)]) if r.combiner.startswith("arith.add") else None
            for r in found
        ]
    else:
        found, products = [], []
        name, outer = em.region(op.regions[0], first=["dom"])
    kinds = [Kind(v.type) for v in outs]
    results = [o.dtype for o in operands[len(ins) :]]
    uses_index = any(inner.name == "linalg.index" for inner in block.walk())

    def compute(c: Chunk, region: Any, captured: Sequence[Any], *given: Any) -> Sequence[Sized]:
        sized = [
            o.sized(v, c, what) if i < len(ins) or reads_out[i - len(ins)] else _shape_only(o, v)
            for i, (o, v) in enumerate(zip(operands, given, strict=True))
        ]
        sizes = domain_sizes(axes, sized, rank)
        if any(not isinstance(n, int) for n in sizes):
            return _by_groups(c, sizes, region, captured, given)
        defined = _known(axes, sized, reads_out, len(ins), reduced, what)
        arrays = [a.to_domain(s.data) for a, s in zip(axes, sized, strict=True)]
        dom = [along(np.arange(int(n)), d, rank) for d, n in enumerate(sizes)] if uses_index else []
        captured = [per_program(v, rank) for v in captured]
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
            known = None if defined is None else axis.from_domain(defined)
            out.append(Sized(axis.from_domain(data), [1 if d is None else sizes[d] for d in axis.dims], known))
        return out

    def _by_groups(
        c: Chunk, sizes: list[Any], region: Any, captured: Sequence[Any], given: Sequence[Any]
    ) -> list[Sized]:
        pieces: list[tuple[Any, Sequence[Sized]]] = []
        for index, _ in groups(sizes, c.size):
            where = np.arange(c.size)[index] if isinstance(index, slice) else index
            pieces.append((where, compute(c.take(where), region, take_each(captured, where), *take_each(given, where))))
        return regroup(pieces, kinds)

    def _reduce_all(
        c: Chunk, region: Any, dom: Any, captured: Any, arrays: Sequence[Array], sizes: list[int]
    ) -> list[Any]:
        values: list[Any] = []
        expressions = None
        for i, r in enumerate(found):
            init = arrays[len(ins) + i]
            pair = products[i]
            if pair is not None and not results[i].is_narrow and 0 not in sizes:
                a, b = (arrays[p] for p in pair)
                total = contract(_grown(a, sizes, reduced), b, reduced, operands[pair[0]].dtype, results[i])
            else:
                if expressions is None:
                    expressions = region(c, dom, *captured, *arrays)
                total = _grown(np.asarray(expressions[i], results[i].carrier), sizes, reduced)
                total = reduce_axes(r.combiner, total, sorted(reduced), results[i], c)
            values.append(combine_two(r.combiner, results[i])(init, total) if 0 not in sizes else init)
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

    deliver(em, op, outs, compute, f"{name}, [{', '.join(outer)}], {em.refs((*ins, *outs))}")


def _shape_only(operand: Operand, value: Any) -> Sized:
    """An output that is only written: its sizes, and nothing of its content."""
    sizes = value.sizes if isinstance(value, Sized | MemRef) else operand.shape
    return Sized(np.zeros((1,) * (len(sizes) + 1), operand.dtype.carrier), sizes)


def _known(
    axes: Sequence[Axes], sized: Sequence[Sized], reads_out: Sequence[bool], n: int, reduced: set[int], what: str
) -> Array | None:
    """Which points of the domain have all their operands defined; None: all. RunError when a reduction reads others."""
    total: Array | None = None
    for i, (a, s) in enumerate(zip(axes, sized, strict=True)):
        if s.defined is None or (i >= n and not reads_out[i - n]):
            continue
        known = a.to_domain(s.defined)
        total = known if total is None else total & known
    if total is None or total.all():
        return None
    if reduced:
        raise access.undefined(what, "reduces over")
    return total


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
        out.append(Sized(take(join(data, kind), back), sizes))
    return out


def _padded(data: Array, sizes: Sequence[Any], highest: Sequence[int]) -> Array:
    full = np.broadcast_to(data, (len(data), *(int(np.max(n)) for n in sizes)))
    return np.pad(full, [(0, 0), *((0, h - n) for h, n in zip(highest, full.shape[1:], strict=True))])


def _grown(x: Array, sizes: Sequence[int], dims: set[int]) -> Array:
    """`x` with the given domain dimensions at their full extents."""
    if x.ndim == 0:
        x = x.reshape((1,) * (len(sizes) + 1))
    return np.broadcast_to(
        x, (len(x), *(n if d in dims else m for d, (n, m) in enumerate(zip(sizes, x.shape[1:], strict=True))))
    )


def combine_two(combiner: str, dtype: DType) -> Callable[[Any, Any], Any]:
    """The combiner on two arrays, rounded or wrapped to its type."""
    if dtype.is_float:
        return partial(float_binary(combiner, dtype), reuse=0)
    return int_binary(combiner, dtype)


def reduce_axes(combiner: str, x: Array, dims: Sequence[int], dtype: DType, c: Chunk) -> Array:
    """(L, d0, ...) reduced along domain dimensions `dims`, which keep an extent of 1."""
    axes = tuple(d + 1 for d in dims)
    if combiner in COMBINERS and not dtype.is_narrow and not (dtype is I1 and combiner in ("arith.addi", "arith.muli")):
        return COMBINERS[combiner].reduce(x, axis=axes, keepdims=True, dtype=dtype.carrier)
    two = combine_two(combiner, dtype)

    def combine(_c: Chunk, a: Array, b: Array) -> tuple[Array]:
        return (two(a, b),)

    for axis in axes:
        reduced = reduce_with(combine, c, [x], axis)[0]
        x = np.expand_dims(reduced, axis)
    return x


@meaning("linalg.index")
def emit_index(em: Emitter, op: Any) -> None:
    em.line(f"{em.define(op.results[0])} = dom[{int(op.properties['dim'].value.data)}]", op)


# Named operations


@meaning("linalg.fill")
def emit_fill(em: Emitter, op: Any) -> None:
    value, target = op.operands
    dtype = dtype_of(target.type)
    operand = Operand.of(target)

    def fill(c: Chunk, x: Any, out: Any) -> Sequence[Sized]:
        sizes = out.sizes if isinstance(out, Sized | MemRef) else operand.shape
        data = np.asarray(x, dtype.carrier).reshape(-1, *([1] * len(sizes)))
        return (Sized(data, sizes),)

    deliver(em, op, [target], fill, em.refs((value, target)))


@meaning("linalg.copy")
def emit_copy(em: Emitter, op: Any) -> None:
    source, target = op.operands
    operand = Operand.of(source)

    def copy(c: Chunk, x: Any, out: Any) -> Sequence[Sized]:
        return (operand.sized(x, c, "'linalg.copy'"),)

    deliver(em, op, [target], copy, em.refs((source, target)))


@meaning("linalg.broadcast")
def emit_broadcast(em: Emitter, op: Any) -> None:
    source, target = op.operands
    added = {int(d) for d in op.properties["dimensions"].get_values()}
    operand, result = Operand.of(source), Operand.of(target)
    rank = len(result.shape)

    def broadcast(c: Chunk, x: Any, out: Any) -> Sequence[Sized]:
        sized = operand.sized(x, c, "'linalg.broadcast'")
        sizes = out.sizes if isinstance(out, Sized | MemRef) else result.shape
        extents = iter(sized.data.shape[1:])
        shape = [1 if d in added else next(extents) for d in range(rank)]
        known = sized.defined
        if known is not None:
            known = np.broadcast_to(known, sized.data.shape[:1] + sized.data.shape[1:]).reshape(-1, *shape)
        return (Sized(sized.data.reshape(-1, *shape), sizes, known),)

    deliver(em, op, [target], broadcast, em.refs((source, target)))


@meaning("linalg.transpose")
def emit_transpose(em: Emitter, op: Any) -> None:
    source, target = op.operands
    order = [int(d) for d in op.properties["permutation"].get_values()]
    operand = Operand.of(source)

    def transpose(c: Chunk, x: Any, out: Any) -> Sequence[Sized]:
        sized = operand.sized(x, c, "'linalg.transpose'")
        moved = (0, *(d + 1 for d in order))
        known = None if sized.defined is None else sized.defined.transpose(moved)
        return (Sized(sized.data.transpose(moved), [sized.sizes[d] for d in order], known),)

    deliver(em, op, [target], transpose, em.refs((source, target)))


@meaning("linalg.reduce")
def emit_reduce(em: Emitter, op: Any) -> None:
    ins, outs = list(op.inputs), list(op.inits)
    rank = len(shape_of(ins[0].type))
    reduced = {int(d) for d in op.properties["dimensions"].get_values()}
    kept = AffineMap(rank, 0, tuple(AffineDimExpr(d) for d in range(rank) if d not in reduced))
    axes = [Axes(AffineMap.identity(rank), op)] * len(ins) + [Axes(kept, op)] * len(outs)
    structured(em, op, ins, outs, axes, rank, reduced, op.regions[0].blocks[0])


@meaning("linalg.map")
def emit_map(em: Emitter, op: Any) -> None:
    ins, outs = list(op.inputs), [op.init]
    block = op.regions[0].blocks[0]
    rank = len(shape_of(outs[0].type))
    if len(block.args) != len(ins) + 1:
        raise UnsupportedError(
            f"'linalg.map' with {len(block.args)} block arguments for {len(ins)} inputs",
            rule="the region of a map takes its inputs and its init",
            places=places_of(op),
        )
    structured(em, op, ins, outs, [Axes(AffineMap.identity(rank), op)] * (len(ins) + 1), rank, set(), block)


CONTRACTIONS: dict[str, tuple[str, str, str]] = {
    "linalg.matmul": ("mk", "kn", "mn"),
    "linalg.batch_matmul": ("bmk", "bkn", "bmn"),
    "linalg.matvec": ("mk", "k", "m"),
    "linalg.vecmat": ("k", "kn", "n"),
    "linalg.dot": ("k", "k", ""),
    "linalg.matmul_transpose_a": ("km", "kn", "mn"),
    "linalg.matmul_transpose_b": ("mk", "nk", "mn"),
}
"""Named contractions: the dimensions of left, right and output. k is summed over."""


@meaning(*CONTRACTIONS)
def emit_contraction(em: Emitter, op: Any) -> None:
    left, right, out = op.operands
    letters = "bmnk"
    maps = op.properties.get("indexing_maps") or op.attributes.get("indexing_maps")
    if maps is not None and len(maps.data) == 3:
        axes = [Axes(m.data, op) for m in maps.data]
        present = {d for a in axes for d in a.dims if d is not None}
        rank = axes[0].rank
        reduced = {d for d in present if d not in axes[2].dims}
    else:
        spelled = CONTRACTIONS[op.name]
        used = [x for x in letters if any(x in s for s in spelled)]
        rank = len(used)
        axes = [Axes(AffineMap(rank, 0, tuple(AffineDimExpr(used.index(x)) for x in s)), op) for s in spelled]
        reduced = {used.index("k")}
    operands = [Operand.of(v) for v in (left, right, out)]
    element, result = operands[0].dtype, operands[2].dtype
    what = f"'{op.name}'"
    kinds = [Kind(out.type)]

    def compute(c: Chunk, *given: Any) -> Sequence[Sized]:
        sized = [o.sized(v, c, what) for o, v in zip(operands, given, strict=True)]
        sizes = domain_sizes(axes, sized, rank)
        if any(not isinstance(n, int) for n in sizes):
            pieces: list[tuple[Any, Sequence[Sized]]] = []
            for index, _ in groups(sizes, c.size):
                where = np.arange(c.size)[index] if isinstance(index, slice) else index
                pieces.append((where, compute(c.take(where), *take_each(given, where))))
            return regroup(pieces, kinds)
        for s in sized:
            if s.defined is not None and not s.defined.all():
                raise access.undefined(what, "reduces over")
        a, b, init = (x.to_domain(s.data) for x, s in zip(axes, sized, strict=True))
        if 0 not in sizes:
            product = contract(
                _grown(a, sizes, _dims(axes[0])), _grown(b, sizes, _dims(axes[1])), reduced, element, result
            )
            add = combine_two("arith.addf" if result.is_float else "arith.addi", result)
            init = add(init, product)
        return (Sized(axes[2].from_domain(init), [sizes[d] for d in axes[2].dims if d is not None]),)

    deliver(em, op, [out], compute, em.refs((left, right, out)))


def _dims(axes: Axes) -> set[int]:
    return {d for d in axes.dims if d is not None}


def _twice(two: Callable[[Any, Any], Any], x: Any) -> Any:
    return two(x, x)


BINARY = {
    "linalg.add": ("arith.addf", "arith.addi"),
    "linalg.sub": ("arith.subf", "arith.subi"),
    "linalg.mul": ("arith.mulf", "arith.muli"),
    "linalg.div": ("arith.divf", "arith.divsi"),
    "linalg.div_unsigned": ("arith.divf", "arith.divui"),
    "linalg.max": ("arith.maximumf", "arith.maxsi"),
    "linalg.min": ("arith.minimumf", "arith.minsi"),
    "linalg.powf": ("math.powf", "math.powf"),
}
NAMED_UNARY = {
    "linalg.abs": "math.absf",
    "linalg.ceil": "math.ceil",
    "linalg.floor": "math.floor",
    "linalg.exp": "math.exp",
    "linalg.log": "math.log",
    "linalg.sqrt": "math.sqrt",
    "linalg.rsqrt": "math.rsqrt",
    "linalg.tanh": "math.tanh",
    "linalg.erf": "math.erf",
    "linalg.round": "math.round",
}


@meaning(*BINARY, *NAMED_UNARY, "linalg.negf", "linalg.square", "linalg.reciprocal", "linalg.select")
def emit_named(em: Emitter, op: Any) -> None:
    *ins, out = op.operands
    operands = [Operand.of(v) for v in ins]
    dtype = dtype_of(out.type)
    one = dtype.carrier.type(1)
    match op.name:
        case "linalg.negf":
            fn: Callable[..., Any] = np.negative
        case "linalg.square":
            two = combine_two("arith.mulf", dtype)
            fn = partial(_twice, two)
        case "linalg.reciprocal":
            divide = combine_two("arith.divf", dtype)
            fn = partial(divide, one)
        case "linalg.select":
            fn = np.where
        case name if name in BINARY:
            fn = combine_two(BINARY[name][not dtype.is_float], dtype)
        case name:
            fn = partial(float_unary(NAMED_UNARY[name], dtype), reuse=0)
    what = f"'{op.name}'"

    def compute(c: Chunk, *given: Any) -> Sequence[Sized]:
        sized = [o.sized(v, c, what) for o, v in zip(operands, given, strict=True)]
        known: Array | None = None
        for s in sized:
            if s.defined is not None:
                known = s.defined if known is None else known & s.defined
        return (Sized(fn(*(s.data for s in sized)), sized[0].sizes, known),)

    deliver(em, op, [out], compute, em.refs(ins))
