"""simd: what each instruction of the machine computes, on all cores at once.

An instruction is bound by its `meaning`, the name of the arith, math or linalg operation that it computes. Registers
there are none: every operand is a view of an on-chip arena, and every result is written straight into one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from minilinalg.dialects import simd
from minilinalg.interp.arith.by_name import array_function
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.contraction import combine_two, reduce_axes
from minilinalg.interp.copying import copy
from minilinalg.interp.dot import dot_arrays
from minilinalg.interp.dtypes import Array, DType, dtype_of, is_array, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.half import IN_CACHE
from minilinalg.interp.indexed import gather, scatter
from minilinalg.interp.loans import once_each
from minilinalg.interp.meanings import meaning
from minilinalg.interp.tokens import Token
from minilinalg.interp.values import per_program, written_out
from minilinalg.interp.views import MemRef


@meaning("simd.core_id")
def emit_core_id(em: Emitter, op: Any) -> None:
    em.line(f"{em.define(op.results[0])} = c.pids[0]", op)


@meaning("simd.cluster_id")
def emit_cluster_id(em: Emitter, op: Any) -> None:
    em.line(f"{em.define(op.results[0])} = c.pids[1]", op)


@meaning("simd.barrier", "simd.wait")
def emit_wait(em: Emitter, op: Any) -> None:
    """Time passes (sim/); every instruction has had its effect already, in the order of the program.

    Where tokens order what must be ordered, there is no other answer; where they do not, sim/races.py says so.
    """


@meaning("simd.ready")
def emit_ready(em: Emitter, op: Any) -> None:
    em.call(op, Token, "")


def execute(em: Emitter, op: Any, fn: object, arguments: str) -> None:
    """The line of an instruction, and its token, which those who look on fill in."""
    em.line(f"{em.const(fn, 'simd')}({arguments})", op)
    if op.token is not None:
        em.line(f"{em.define(op.token)} = {em.const(Token, 'Token')}()", op)


def operand(value: Any, rank: int, what: str) -> Any:
    """An input in its carrier: a buffer as (L, ...) with leading extents of 1 up to `rank`, a scalar to broadcast."""
    if not isinstance(value, MemRef):
        return written_out(per_program(value, rank))
    data = value.elements(what)
    missing = rank + 1 - data.ndim
    return data.reshape(len(data), *([1] * missing), *data.shape[1:]) if missing else data


def instruction(
    em: Emitter, op: Any, compute: Callable[..., Any], *, into: Callable[..., object] | None = None
) -> None:
    """The line of an instruction with one output. compute(c, *inputs) returns the output in its carrier.

    into(*inputs, out=): writes the same into the output itself, which may be one of the inputs.
    """
    output = op.outputs[0]
    rank = len(shape_of(output.type))
    what = f"'{op.name}'"

    def run(c: Chunk, out: MemRef, *inputs: Any) -> None:
        values = [operand(v, rank, what) for v in inputs]
        to = out.carried(what, write=True)
        if into is not None and to.rows is None:
            into(*values, out=to.view)
            return
        result = np.asarray(compute(c, *values))
        if result is not to.view:
            to.write(result if result.ndim else result.reshape(1))

    execute(em, op, run, ", ".join(["c", em.ref(output), *(em.ref(v) for v in op.inputs)]))


UFUNCS: dict[str, np.ufunc] = {
    "arith.addf": np.add,
    "arith.subf": np.subtract,
    "arith.mulf": np.multiply,
    "arith.divf": np.divide,
    "arith.maxnumf": np.fmax,
    "arith.minnumf": np.fmin,
    "arith.negf": np.negative,
    "arith.addi": np.add,
    "arith.subi": np.subtract,
    "arith.muli": np.multiply,
    "arith.andi": np.bitwise_and,
    "arith.ori": np.bitwise_or,
    "arith.xori": np.bitwise_xor,
    "arith.maxsi": np.maximum,
    "arith.minsi": np.minimum,
    "math.exp": np.exp,
    "math.exp2": np.exp2,
    "math.log": np.log,
    "math.log2": np.log2,
    "math.sqrt": np.sqrt,
    "math.absf": np.abs,
    "math.sin": np.sin,
    "math.cos": np.cos,
    "math.tanh": np.tanh,
    "math.floor": np.floor,
    "math.ceil": np.ceil,
}
"""Meanings that are one NumPy function of the operands' own dtype, which can write into its output."""


def emit_elementwise(em: Emitter, op: Any) -> None:
    name = op.meaning
    sources = [dtype_of(v.type) for v in op.inputs]
    target = dtype_of(op.outputs[0].type)
    predicate = op.properties.get("predicate")
    mode = op.properties.get("rounding")
    rounding: str | None = None if mode is None else simd.ROUNDING[int(mode.value.data)]
    fn = array_function(name, sources, target, None if predicate is None else predicate.value.data, op, rounding)
    into = _into(name, target) if rounding in (None, "to_nearest_even") else None

    def compute(_c: Chunk, *values: Any) -> Any:
        return fn(*values)

    def choose(_c: Chunk, holds: Any, a: Any, b: Any) -> Any:
        # The usual mask of a loop's turns but the last holds everywhere.
        if is_array(a) and _spreads_over(holds, a.shape) and _spreads_over(b, a.shape) and np.all(holds):
            return a
        return fn(holds, a, b)

    instruction(em, op, choose if name == "arith.select" else compute, into=into)


def _spreads_over(x: Any, shape: tuple[int, ...]) -> bool:
    """Whether an operand broadcasts to this very shape."""
    return not is_array(x) or all(n in (1, m) for n, m in zip(reversed(x.shape), reversed(shape), strict=False))


def _into(name: str, target: DType) -> Callable[..., object] | None:
    """What writes the elements of a meaning, in the carrier of `target` and rounded to it, into an array."""
    if name == "arith.truncf":
        return target.round_into
    ufunc = UFUNCS.get(name) if target.bits > 1 else None
    if ufunc is None or not target.is_narrow:
        return ufunc

    def rounded(*inputs: Array, out: Array) -> None:
        ufunc(*inputs, out=out)
        target.round_into(out, out)

    return rounded


for _cls in simd.ELEMENTWISE_BY_MEANING.values():
    meaning(_cls.name)(emit_elementwise)


@meaning("simd.dma", "simd.move")
def emit_copy(em: Emitter, op: Any) -> None:
    source, target = op.inputs[0], op.outputs[0]
    what = f"'{op.name}'"
    if shape_of(source.type) == shape_of(target.type) or op.name == "simd.dma":

        def dma(c: Chunk, a: MemRef, b: MemRef) -> None:
            copy(c, a, b, what)

        execute(em, op, dma, f"c, {em.refs((source, target))}")
        return
    shape = shape_of(target.type)

    def move(_c: Chunk, a: MemRef, b: MemRef) -> None:
        data = a.elements(what)
        b.carried(what, write=True).write(data.reshape(len(data), *shape))

    execute(em, op, move, f"c, {em.refs((source, target))}")


@meaning("simd.gather")
def emit_gather(em: Emitter, op: Any) -> None:
    gather(em, op, list(op.inputs), op.outputs[0], op.indexed, execute)


@meaning("simd.scatter")
def emit_scatter(em: Emitter, op: Any) -> None:
    scatter(em, op, list(op.inputs), op.outputs[0], op.indexed, execute)


@meaning("simd.fill")
def emit_fill(em: Emitter, op: Any) -> None:
    dtype, rank = dtype_of(op.outputs[0].type), len(shape_of(op.outputs[0].type))

    what, no_steps = f"'{op.name}'", (0,) * (rank + 1)

    def fill(_c: Chunk, out: MemRef, x: Any) -> None:
        values = np.asarray(written_out(x), dtype.carrier)
        if values.ndim == 0 and out.is_whole:
            everywhere = np.ndarray((1, *out.sizes), values.dtype, values, 0, no_steps)
            if out.lend(everywhere):
                return
        out.carried(what, write=True).write(values.reshape(-1, *([1] * rank)))

    execute(em, op, fill, f"c, {em.ref(op.outputs[0])}, {em.ref(op.inputs[0])}")


@meaning("simd.iota")
def emit_iota(em: Emitter, op: Any) -> None:
    dtype, shape = dtype_of(op.outputs[0].type), shape_of(op.outputs[0].type)
    dim = int(op.dim.value.data)
    ramp = np.arange(shape[dim]).astype(dtype.carrier).reshape(1, *(n if d == dim else 1 for d, n in enumerate(shape)))

    def iota(_c: Chunk) -> Array:
        return ramp

    instruction(em, op, iota)


@meaning("simd.broadcast")
def emit_broadcast(em: Emitter, op: Any) -> None:
    shape = shape_of(op.outputs[0].type)
    new = {int(d) for d in op.dimensions.get_values()}
    given = [1 if d in new else n for d, n in enumerate(shape)]

    def broadcast(_c: Chunk, x: Array) -> Array:
        return x.reshape(len(x), *given)

    instruction(em, op, broadcast)


@meaning("simd.transpose")
def emit_transpose(em: Emitter, op: Any) -> None:
    order = [int(d) for d in op.permutation.get_values()]
    what = f"'{op.name}'"

    def transpose(_c: Chunk, a: MemRef, b: MemRef) -> None:
        lends = b.is_whole and b.dtype.is_narrow
        values = a.lent(what) if lends else a.elements(what)
        leading = values.ndim - len(order)
        turned = values.transpose(*range(leading), *(leading + d for d in order))
        if lends:
            b.lend(once_each(turned, leading, b.dtype))
        else:
            b.carried(what, write=True).write(turned)

    execute(em, op, transpose, f"c, {em.refs((op.inputs[0], op.outputs[0]))}")


def emit_reduce(em: Emitter, op: Any) -> None:
    dims = sorted(int(d) for d in op.dimensions.get_values())
    dtype = dtype_of(op.outputs[0].type)
    combiner = op.meaning
    source, target = op.inputs[0], op.outputs[0]
    what = f"'{op.name}'"

    def reduce(c: Chunk, a: MemRef, b: MemRef) -> None:
        total = reduce_axes(combiner, a.elements(what), dims, dtype, c)
        total = total.reshape(len(total), *(n for d, n in enumerate(total.shape[1:]) if d not in dims))
        b.carried(what, write=True).write(total)

    execute(em, op, reduce, f"c, {em.refs((source, target))}")


for _reduction in simd.REDUCTION_BY_COMBINER.values():
    meaning(_reduction.name)(emit_reduce)


def _factors(a: MemRef, b: MemRef, what: str) -> tuple[Array, Array]:
    """The matrices of all programs, their leading dimensions broadcast: (L,) or (groups, programs of each)."""
    left, right = _factor(a, what), _factor(b, what)
    lead = max(left.shape[:-2], right.shape[:-2], key=len)
    if len(lead) > 1:
        if left.shape[:-2] != lead and len(left) > 1:
            left = left.reshape(*lead, *left.shape[-2:])
        elif right.shape[:-2] != lead and len(right) > 1:
            right = (b.carried(what).read() if right.ndim > 3 else right).reshape(*lead, *right.shape[-2:])
    return left, right


def _factor(m: MemRef, what: str) -> Array:
    """The matrices where they are, if BLAS can read them there."""
    loan = m.loan
    if loan is not None:
        rows, columns = loan.values.strides[-2:]
        if columns == loan.values.itemsize and rows >= columns * m.sizes[-1]:
            return loan.values
    return m.carried(what).read()


def _multiply(left: Array, right: Array, before: Array | None, out: Array, lead: tuple[int, ...]) -> None:
    """The products of all programs (*lead), plus what was there before, written to `out`: (L, rows, columns)."""
    to = out.reshape(*lead, *out.shape[1:])
    if before is None:
        np.matmul(left, right, out=to)
        return
    # In pieces, whose products are still near the core when they are added. No program sees what another one writes.
    left, right = (np.broadcast_to(x, (*lead, *x.shape[-2:])) for x in (left, right))
    before = np.broadcast_to(before, out.shape).reshape(to.shape)
    step = max(1, IN_CACHE // max(to[0].size, 1))
    products = np.empty(to[:step].shape, to.dtype)
    for first in range(0, len(to), step):
        part = slice(first, first + step)
        product = np.matmul(left[part], right[part], out=products[: len(to[part])])
        np.add(before[part], product, out=to[part])


@meaning("simd.matmul")
def emit_matmul(em: Emitter, op: Any) -> None:
    operands: Sequence[Any] = [*op.inputs, op.outputs[0]]
    element, result = dtype_of(operands[0].type), dtype_of(operands[2].type)
    accumulate, depth = op.accumulates, shape_of(operands[0].type)[-1]
    add = combine_two("arith.addf" if result.is_float else "arith.addi", result)
    direct = element.is_float and element.carrier == result.carrier and not result.is_narrow
    what = f"'{op.name}'"

    def matmul(_c: Chunk, a: MemRef, b: MemRef, out: MemRef) -> None:
        left, right = _factors(a, b, what)
        before = out.elements(what) if accumulate else None
        to = out.carried(what, write=True)
        if direct and to.rows is None:
            lead = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
            if prod(lead) == len(to.view):
                _multiply(left, right, before, to.view, lead)
                return
        product = dot_arrays(left, right, element, result, depth)
        product = product.reshape(-1, *product.shape[-2:])
        if before is not None:
            product = add(before, product)
        elif result.is_narrow:
            product = result.round(product)
        to.write(product)

    execute(em, op, matmul, f"c, {em.refs(operands)}")
