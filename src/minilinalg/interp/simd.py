"""simd: what each instruction of the machine computes, on all cores at once.

An instruction is bound by its `meaning`, the name of the arith, math or linalg operation that it computes. Registers
there are none: every operand is a view of an on-chip arena, and every result is written straight into one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minilinalg.dialects import simd
from minilinalg.interp.arith.by_name import array_function
from minilinalg.interp.contraction import combine_two, reduce_axes
from minilinalg.interp.copying import copy
from minilinalg.interp.dot import dot_arrays
from minilinalg.interp.dtypes import Array, dtype_of, is_array, shape_of
from minilinalg.interp.engine import Chunk, Emitter, meaning
from minilinalg.interp.indexed import gather, scatter
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


def instruction(em: Emitter, op: Any, compute: Callable[..., Any], *, ufunc: np.ufunc | None = None) -> None:
    """The line of an instruction with one output. compute(c, *inputs) returns the output in its carrier.

    With a `ufunc` of the same meaning, NumPy writes into the output itself.
    """
    output = op.outputs[0]
    out_dtype, rank = dtype_of(output.type), len(shape_of(output.type))
    narrow = out_dtype.is_narrow
    what = f"'{op.name}'"

    def run(c: Chunk, out: MemRef, *inputs: Any) -> None:
        values = [operand(v, rank, what) for v in inputs]
        to = out.carried(what, write=True)
        if ufunc is not None and to.rows is None:
            ufunc(*values, out=to.view)
            if narrow:
                to.view[...] = out_dtype.round(to.view)
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
    ufunc = UFUNCS.get(name) if target.bits > 1 else None

    def compute(_c: Chunk, *values: Any) -> Any:
        return fn(*values)

    def choose(_c: Chunk, holds: Any, a: Any, b: Any) -> Any:
        # The usual mask of a loop's turns but the last holds everywhere.
        if is_array(a) and a.shape == np.broadcast_shapes(np.shape(holds), a.shape, np.shape(b)) and np.all(holds):
            return a
        return fn(holds, a, b)

    instruction(em, op, choose if name == "arith.select" else compute, ufunc=ufunc)


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
    order = (0, *(int(d) + 1 for d in op.permutation.get_values()))

    def transpose(_c: Chunk, x: Array) -> Array:
        return x.transpose(order)

    instruction(em, op, transpose)


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


@meaning("simd.matmul")
def emit_matmul(em: Emitter, op: Any) -> None:
    operands: Sequence[Any] = [*op.inputs, op.outputs[0]]
    element, result = dtype_of(operands[0].type), dtype_of(operands[2].type)
    accumulate, depth = op.accumulates, shape_of(operands[0].type)[-1]
    add = combine_two("arith.addf" if result.is_float else "arith.addi", result)
    what = f"'{op.name}'"

    def matmul(_c: Chunk, a: MemRef, b: MemRef, out: MemRef) -> None:
        left, right = _factors(a, b, what)
        product = dot_arrays(left, right, element, result, depth)
        product = product.reshape(-1, *product.shape[-2:])
        before = out.elements(what) if accumulate else None
        to = out.carried(what, write=True)
        if before is not None and to.rows is None and not result.is_narrow:
            np.add(before, product, out=to.view)
            return
        if before is not None:
            product = add(before, product)
        elif result.is_narrow:
            product = result.round(product)
        to.write(product)

    execute(em, op, matmul, f"c, {em.refs(operands)}")
