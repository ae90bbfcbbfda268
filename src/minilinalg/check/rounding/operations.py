"""What the error analysis does after each kind of operation: arithmetic, memory, reductions, products."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from xdsl.ir import Operation, OpResult, SSAValue

from minilinalg.check.rounding.rules import MOVES, Effect, choose, multiply, multiply_all, times
from minilinalg.check.rounding.spread import UNKNOWN, Spread, errors_of, fit, float_of, measure
from minilinalg.dialects import simd
from minilinalg.dialects.linalg_ext import IndexedOp
from minilinalg.dialects.tt.attributes import InputPrecision
from minilinalg.dialects.upstream.linalg.structured import StructuredOp
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dot import multiplied_by_dot_scaled
from minilinalg.interp.dtypes import Array, shape_of
from minilinalg.interp.memref import element
from minilinalg.interp.reduction import single_combiner
from minilinalg.interp.structured import Axes, find_reduction, product_of
from minilinalg.interp.values import spread
from minilinalg.interp.views import MemRef, Sized

if TYPE_CHECKING:
    from minilinalg.check.rounding.watch import Watch

Values = dict[SSAValue, Any]
Handler = Callable[["Watch", Any, Chunk, Values], None]
"""Called with the analysis, the operation, the programs that run, and the values of its operands and results."""

VIEWS = frozenset(
    f"memref.{name}"
    for name in (
        *("subview", "reinterpret_cast", "cast", "memory_space_cast", "expand_shape", "collapse_shape"),
        *("alloc", "alloca", "dealloc", "dim", "extract_aligned_pointer_as_index"),
    )
) | {"address.to_memref"}
"""Operations on buffers that touch no element."""


ATOMICS = ("tt.atomic", "linalg_ext.atomic", "memref.atomic_rmw", "memref.generic_atomic", "simd.atomic")
"""How the names of operations begin that change memory atomically."""


def handler_of(op: Operation) -> Handler | None:
    """What is to be done after `op`; None when it makes no floats and stores none."""
    if op.name in VIEWS or not any(float_of(v) for v in (*op.operands, *op.results)):
        return None
    if op.name in HANDLERS:
        return HANDLERS[op.name]
    if op.name.startswith(("tt.descriptor", *ATOMICS)):
        return after_other_access
    if isinstance(op, IndexedOp | simd.Indexed):
        return after_indexed if float_of(op.array) else None
    if not any(float_of(v) for v in made_by(op)):
        return None
    if isinstance(op, simd.Reduction):
        return after_instruction_that_reduces
    if isinstance(op, StructuredOp) and op.name not in MOVES:
        return after_structured
    return after_arithmetic


def made_by(op: Any) -> Sequence[SSAValue]:
    """The results of an operation, and the buffers that it writes."""
    if op.name == "memref.copy" or op.name == "bufferization.materialize_in_destination":
        return [*op.results, op.operands[1]]
    if isinstance(op, simd.Instruction | StructuredOp):
        return [*op.results, *(v for v in op.outputs if v.type.name == "memref")]
    return op.results


def read_by(op: Any) -> Sequence[SSAValue]:
    """The float operands of an operation whose elements it reads."""
    operands = op.operands
    if op.name == "memref.copy" or op.name == "bufferization.materialize_in_destination":
        operands = operands[:1]
    elif isinstance(op, simd.Instruction | StructuredOp):
        operands = op.inputs
    return [v for v in operands if float_of(v)]


# Arithmetic, and what only moves elements


def after_arithmetic(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """An operation on the elements of its operands."""
    name = op.meaning if isinstance(op, simd.Elementwise) else op.name
    effect = watch.effect(name, [watch.of(v) for v in read_by(op)])
    watch.finish(c, values, made_by(op), name, effect)


def after_conversion(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """An integer as a float."""
    watch.finish(c, values, made_by(op), op.name, Effect(quantum=1.0))


# Memory, through pointers and element by element


def after_load(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """tt.load."""
    mask = None if op.mask is None else values[op.mask]
    other = None if op.other is None else errors_of(values[op.other], watch.of(op.other))
    errors = watch.shadow.load(c, values[op.ptr], mask, other, shape_of(op.results[0].type))
    watch.finish(c, values, op.results, op.name, _as_read(values[op.results[0]], errors))


def after_store(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """tt.store."""
    mask = None if op.mask is None else values[op.mask]
    errors = errors_of(values[op.value], watch.of(op.value))
    watch.shadow.store(c, values[op.ptr], mask, errors, shape_of(op.value.type))


def after_element_load(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """memref.load."""
    view, *indices = (values[v] for v in op.operands)
    errors = watch.shadow.read(c, element(view, indices))
    watch.finish(c, values, op.results, op.name, _as_read(values[op.results[0]], errors))


def _as_read(value: Any, errors: Any) -> Effect:
    return Effect(*fit(value, errors), units=0.0)


def after_element_store(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """memref.store."""
    value, buffer, *indices = op.operands
    errors = np.atleast_1d(errors_of(values[value], watch.of(value)))
    watch.shadow.write(c, element(values[buffer], [values[i] for i in indices]), errors)


def after_other_access(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """Atomics, whose order is open, and descriptors: any element of memory may be meant."""
    error = watch.shadow.worst(c)
    written = [watch.of(v).worst for v in op.operands if float_of(v)]
    if written and op.name.startswith(ATOMICS):
        watch.unruled.add(op.name)
        written = [math.inf]
    for wrong in written:
        watch.shadow.spoil(c, wrong)
    old = getattr(op, "old", None)
    made = [*op.results, old] if old is not None and not op.results else op.results
    watch.finish(c, values, made, op.name, Effect(max([error, *written]), units=0.0))


def after_indexed(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """Gathers and scatters: any element of the array may be meant, which may be all of memory."""
    block, array = watch.of(op.block).worst, values[op.array]
    if op.array in made_by(op):
        watch.shadow.spoil(c, block)
        return
    if not isinstance(array, MemRef):
        error = watch.of(op.array).worst
    else:
        error = watch.shadow.worst(c) if array.storage is None else watch.held(c, array).worst
    watch.finish(c, values, _block(op), op.name, Effect(max(block, error), units=0.0))


def _block(op: Any) -> Sequence[SSAValue]:
    """What a gather makes: its result, or the buffer that it writes."""
    return op.results if op.results and float_of(op.results[0]) else [op.block]


# Reductions and products


@dataclass(frozen=True)
class Terms:
    """What is added up: each term, how many there are, the sum of their magnitudes, and the roundings of one."""

    each: Spread
    count: int
    magnitudes: float
    roundings: int = 0

    @staticmethod
    def products(a: Spread, b: Spread, depth: int, magnitudes: float) -> Terms:
        """The terms of a dot product. They count as rounded: not every product is exact in the result's type."""
        effect, most = multiply(a, b), a.magnitude * b.magnitude
        return Terms(Spread(-most, most, 0.0, effect.quantum, effect.error, effect.relative), depth, magnitudes, 1)


NOTHING = Spread()
"""The initial value of a reduction without one."""

EXTREMES = frozenset({"arith.maxnumf", "arith.minnumf", "arith.maximumf", "arith.minimumf"})


def reduce(
    watch: Watch, op: Any, c: Chunk, values: Values, combiner: str | None, terms: Terms, init: Spread = NOTHING
) -> None:
    """A reduction of `terms` and an initial value, in any order."""
    each, count = terms.each, terms.count
    size = None
    if combiner in EXTREMES:
        effect = choose(each, init)
    elif combiner == "arith.addf":
        # `count` additions are wrong by at most `count` units of the sum of all magnitudes (Higham, section 4.2).
        quantum = min(each.quantum, init.quantum)
        effect = Effect(times(count, each.error) + init.worst, each.relative, quantum, float(count + terms.roundings))
        size = terms.magnitudes + init.magnitude
    elif combiner == "arith.mulf":
        effect = multiply_all(each, init, count)
    else:
        effect = Effect(math.inf)
    if math.isinf(effect.error) and combiner not in ("arith.addf", *EXTREMES):
        watch.unruled.add(f"{op.name} by {combiner or 'more than one operation'}")
    watch.finish(c, values, made_by(op), combiner or "", effect, size)


def after_reduce(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """tt.reduce, and tt.scan, no partial result of which is wrong by more than the whole."""
    along(watch, op, c, values, int(op.properties["axis"].value.data))


def after_scan(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """linalg_ext.scan."""
    along(watch, op, c, values, op.scanned)


def along(watch: Watch, op: Any, c: Chunk, values: Values, axis: int) -> None:
    """A combination along one dimension of the first operand."""
    source = op.operands[0]
    combiner = single_combiner(op.regions[0].blocks[0]) if len(op.results) == 1 else None
    total = float(_magnitudes(c, values, source).sum(axis=axis + 1).max(initial=0.0))
    reduce(watch, op, c, values, combiner, Terms(watch.of(source), shape_of(source.type)[axis], total))


def after_instruction_that_reduces(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """simd.reduce_*."""
    source, dims = op.inputs[0], [int(d) for d in op.dimensions.get_values()]
    count = math.prod(shape_of(source.type)[d] for d in dims)
    total = float(_magnitudes(c, values, source).sum(axis=tuple(d + 1 for d in dims)).max(initial=0.0))
    reduce(watch, op, c, values, op.meaning, Terms(watch.of(source), count, total))


def after_dot(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """tt.dot."""
    a, b = (_as_multiplied(watch.of(v), op, v) for v in (op.a, op.b))
    terms = Terms.products(a, b, shape_of(op.a.type)[-1], _product(c, values, op.a, op.b))
    reduce(watch, op, c, values, "arith.addf", terms, watch.of(op.c))


def after_dot_scaled(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """tt.dot_scaled: what is multiplied is computed again, and is as good as the operands are."""
    operands = [op.a, op.b, op.a_scale, op.b_scale]
    _, multiplied = multiplied_by_dot_scaled(op)
    arrays = multiplied(*(None if v is None else values[v] for v in operands))
    wrong = any(watch.of(v).is_wrong for v in operands if v is not None and float_of(v))
    sides = [UNKNOWN if wrong else measure(array) for array in arrays]
    with np.errstate(over="ignore", invalid="ignore"):
        left, right = (np.nan_to_num(np.abs(x.astype(np.float64)), nan=0.0, posinf=0.0) for x in arrays)
        total = float(np.matmul(left, right).max(initial=0.0))
    terms = Terms.products(sides[0], sides[1], left.shape[-1], total)
    reduce(watch, op, c, values, "arith.addf", terms, watch.of(op.c))


def _as_multiplied(spread: Spread, op: Any, operand: SSAValue) -> Spread:
    """An operand of a dot, which tf32 rounds to eleven binary digits."""
    dtype = float_of(operand)
    rounds = dtype is not None and dtype.name == "f32" and op.precision is InputPrecision.TF32
    if not rounds or spread.magnitude <= spread.quantum * 2.0**11:
        return spread
    return spread.wrong_by(spread.error, (spread.relative + 2.0**-11) / (1 - 2.0**-11))


def after_instruction_that_multiplies(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """simd.matmul."""
    a, b = (watch.of(v) for v in op.inputs)
    init = watch.of(op.outputs[0]) if op.accumulates else Spread()
    depth = shape_of(op.inputs[0].type)[-1]
    terms = Terms.products(a, b, depth, _product(c, values, *op.inputs))
    reduce(watch, op, c, values, "arith.addf", terms, init)


def after_structured(watch: Watch, op: Any, c: Chunk, values: Values) -> None:
    """linalg: elementwise, or a reduction with one output by one combiner."""
    block = op.body.blocks[0]
    loops = [d for d, kind in enumerate(op.iterators) if kind != "parallel"]
    if not loops:
        effects = [_of_body(watch, value) for value in op.yielded if float_of(value)]
        name, first = effects[0]
        if len(effects) > 1:
            error, relative, units = (
                max(getattr(e, part) for _, e in effects) for part in ("error", "relative", "units")
            )
            first = Effect(error, relative, 0.0, units)
        watch.finish(c, values, made_by(op), name, first)
        return
    count = math.prod(_extent(op, d, values) for d in loops)
    out = block.args[len(op.inputs)]
    found = find_reduction(block, 0, out) if len(op.outputs) == 1 else None
    if found is None:
        reduce(watch, op, c, values, None, Terms(UNKNOWN, count, math.inf))
        return
    terms = _terms(watch, op, c, values, found.expression, count)
    reduce(watch, op, c, values, found.combiner, terms, watch.of(out))


def _of_body(watch: Watch, value: SSAValue) -> tuple[str, Effect]:
    """The effect of an elementwise body: the engine runs it and it was watched, or it is one operation by name."""
    if value in watch.flow.spreads or not isinstance(value, OpResult):
        return "", replace(choose(watch.of(value)), units=0.0)
    operands = [watch.of(v) for v in value.op.operands if float_of(v)]
    return value.op.name, watch.effect(value.op.name, operands)


def _terms(watch: Watch, op: Any, c: Chunk, values: Values, expression: SSAValue, count: int) -> Terms:
    """What a reduction adds up: elements of an operand, a product of two, or a value of its body."""
    args = list(op.body.blocks[0].args[: len(op.inputs)])
    if expression in args:
        at = args.index(expression)
        return Terms(watch.of(expression), count, _total(op, c, values, [at]))
    if (pair := product_of(expression, args)) is not None:
        a, b = (watch.of(args[i]) for i in pair)
        return Terms.products(a, b, count, _total(op, c, values, pair))
    each = watch.of(expression)
    return Terms(each, count, count * each.magnitude)


def _total(op: Any, c: Chunk, values: Values, positions: Sequence[int]) -> float:
    """The greatest sum, over the loops that reduce, of the products of magnitudes of these operands."""
    sizes = [_extent(op, loop, values) for loop in range(len(op.iterators))]
    letters, data = list[str](), list[Array]()
    for i in positions:
        axes, found = Axes(op.maps[i], op), _magnitudes(c, values, op.operands[i])
        used = {d for index in axes.indices for d in index.steps}
        found = axes.to_domain(Sized(found, found.shape[1:]), found, sizes)
        data.append(found[(slice(None), *(slice(None) if d in used else 0 for d in range(len(sizes))))])
        letters.append("".join(chr(ord("a") + d) for d in sorted(used)))
    kept = "".join(x for x in sorted(set("".join(letters))) if op.iterators[ord(x) - ord("a")] == "parallel")
    spelled = ",".join(f"...{x}" for x in letters)
    return float(np.einsum(f"{spelled}->...{kept}", *data, optimize=True).max(initial=0.0))


def _product(c: Chunk, values: Values, a: SSAValue, b: SSAValue) -> float:
    """The greatest element of the matrix product of the magnitudes."""
    return float(np.matmul(_magnitudes(c, values, a), _magnitudes(c, values, b)).max(initial=0.0))


def _extent(op: StructuredOp, loop: int, values: Values) -> int:
    """The greatest number of iterations that a loop has in a program."""
    operand, dim = op.loop_source(loop)
    value = values[operand]
    size: Any = value.sizes[dim] if isinstance(value, Sized | MemRef) else shape_of(operand.type)[dim]
    return int(np.max(size))


def _magnitudes(c: Chunk, values: Values, operand: SSAValue) -> Array:
    """The magnitudes of all elements, (L, extents ...), 0 for what is not finite or beyond a program's extents."""
    value = values[operand]
    if isinstance(value, MemRef):
        value = value.read(c.size, operand.type.name)
    if isinstance(value, Sized):
        data = np.broadcast_to(value.data, (len(value.data), *(int(np.max(n)) for n in value.sizes)))
    else:
        data = spread(value, shape_of(operand.type))
    data = data.astype(np.float64)
    return np.abs(np.where(np.isfinite(data), data, 0.0))


HANDLERS: dict[str, Handler] = {
    "arith.sitofp": after_conversion,
    "arith.uitofp": after_conversion,
    "simd.sitofp": after_conversion,
    "simd.uitofp": after_conversion,
    "tt.load": after_load,
    "tt.store": after_store,
    "memref.load": after_element_load,
    "memref.store": after_element_store,
    "tt.reduce": after_reduce,
    "tt.scan": after_reduce,
    "linalg_ext.scan": after_scan,
    "tt.dot": after_dot,
    "tt.dot_scaled": after_dot_scaled,
    "simd.matmul": after_instruction_that_multiplies,
}
