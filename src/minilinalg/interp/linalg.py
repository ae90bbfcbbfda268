"""linalg: the operations, each by way of the structured ones (structured.py) or in a few words of NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from xdsl.ir.affine import AffineDimExpr, AffineMap

from minilinalg.dialects.linalg_ext import ASSOCIATIVE
from minilinalg.errors import UnsupportedError
from minilinalg.interp import access
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.contraction import combine_two, contract, grown
from minilinalg.interp.dtypes import Array, dtype_of, shape_of
from minilinalg.interp.elements import element_region
from minilinalg.interp.engine import Emitter
from minilinalg.interp.joining import Kind
from minilinalg.interp.math import float_unary
from minilinalg.interp.meanings import meaning
from minilinalg.interp.reduction import reduce_with
from minilinalg.interp.structured import (
    Axes,
    Operand,
    deliver,
    domain_sizes,
    regroup,
    structured,
    take_each,
)
from minilinalg.interp.tensor import is_dynamic
from minilinalg.interp.values import Partial, written_out
from minilinalg.interp.views import MemRef, Sized, groups
from minilinalg.locations import places_of


@meaning("linalg.generic")
def emit_generic(em: Emitter, op: Any) -> None:
    ins = list(op.inputs)
    outs = list(op.outputs)
    block = op.regions[0].blocks[0]
    axes = [Axes(m.data, op) for m in op.indexing_maps]
    rank = axes[0].rank if axes else 0
    reduced = {d for d, t in enumerate(op.iterator_types) if "reduction" in str(t)}
    structured(em, op, ins, outs, axes, rank, reduced, block)


@meaning("linalg.index")
def emit_index(em: Emitter, op: Any) -> None:
    em.line(f"{em.define(op.results[0])} = dom[{int(op.properties['dim'].value.data)}]", op)


@meaning("linalg.fill")
def emit_fill(em: Emitter, op: Any) -> None:
    value, target = op.operands
    dtype = dtype_of(target.type)
    operand = Operand.of(target)

    def fill(c: Chunk, x: Any, out: Any) -> Sequence[Sized]:
        sizes = out.sizes if isinstance(out, Sized | MemRef) else operand.shape
        ones = [1] * len(sizes)
        known = x.defined_array().reshape(-1, *ones) if isinstance(x, Partial) else None
        return (Sized(np.asarray(written_out(x), dtype.carrier).reshape(-1, *ones), sizes, known),)

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
    if ASSOCIATIVE in op.attributes and len(reduced) == 1 and not any(is_dynamic(v.type) for v in ins):
        _reduce_by_halves(em, op, reduced.pop())
        return
    kept = AffineMap(rank, 0, tuple(AffineDimExpr(d) for d in range(rank) if d not in reduced))
    axes = [Axes(AffineMap.identity(rank), op)] * len(ins) + [Axes(kept, op)] * len(outs)
    structured(em, op, ins, outs, axes, rank, reduced, op.regions[0].blocks[0])


def _reduce_by_halves(em: Emitter, op: Any, dim: int) -> None:
    """As tt.reduce does, of what the outputs hold and then the elements: the body takes the later side first."""
    ins, outs = list(op.inputs), list(op.inits)
    operands = [Operand.of(v) for v in (*ins, *outs)]
    shape, count = shape_of(ins[0].type), len(ins)
    what = f"'{op.name}'"
    name, outer, bind = element_region(em, op.regions[0])

    def compute(c: Chunk, region: Any, captured: Sequence[Any], *given: Any) -> Sequence[Sized]:
        sized = [o.sized(v, c, what) for o, v in zip(operands, given, strict=True)]
        if any(s.defined is not None and not s.defined.all() for s in sized):
            raise access.undefined(what, "reduces over")
        body = bind(region, captured, what)

        def combine(c: Chunk, *sides: Array) -> Sequence[Array]:
            return body(c, *sides[count:], *sides[:count])

        lead = max(len(s.data) for s in sized)
        rest = (*shape[:dim], *shape[dim + 1 :])
        arrays = [np.broadcast_to(s.data, (lead, *shape)) for s in sized[:count]]
        starts = [np.expand_dims(np.broadcast_to(s.data, (lead, *rest)), dim + 1) for s in sized[count:]]
        lines = [np.concatenate(pair, axis=dim + 1) for pair in zip(starts, arrays, strict=True)]
        return [Sized(x, rest) for x in reduce_with(combine, c, lines, dim + 1)]

    deliver(em, op, outs, compute, f"{name}, [{', '.join(outer)}], {em.refs((*ins, *outs))}")


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
        a, b, init = (x.to_domain(s, s.data, sizes) for x, s in zip(axes, sized, strict=True))
        if 0 not in sizes:
            product = contract(
                grown(a, sizes, _dims(axes[0])), grown(b, sizes, _dims(axes[1])), reduced, element, result
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
