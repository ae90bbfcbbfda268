"""The tt dialect (TritonOps.td of Triton 3.9 and the documentation of triton.language)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.ir import Operation

from . import contraction, floats, functions, integers
from .arith import convert_float
from .engine import Machine, Results, defined, meaning, pointwise, strict
from .errors import SlowError, SlowUnsupported
from .reading import attribute, dtype, flag, integer, keyword, name_of, pointee, segments, shape_of, string
from .reading import integers as integers_of
from .scalars import (
    BF16,
    F4E2M1FN,
    F8E4M3FN,
    F8E5M2,
    F16,
    FLOATS,
    NAN,
    POINTER,
    TF32,
    UNDEFINED,
    DType,
    Float,
    Int,
    Real,
    Rounding,
    Scalar,
    Undefined,
    decode,
    encode,
    finite,
    power_of_two,
)
from .tensor import concatenate
from .values import Index, Tensor, elementwise, indices, size_of

AXES = ("x", "y", "z")


@meaning("tt.get_program_id", "tt.get_num_programs")
def _program(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    axis = AXES.index(keyword(op, "axis", AXES))
    return ((machine.program if name_of(op) == "tt.get_program_id" else machine.grid)[axis],)


# Shapes


def _shape(op: Operation) -> Index:
    shape = shape_of(op.results[0].type)
    assert shape is not None
    return shape


@meaning("tt.make_range")
def _make_range(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    start, end = integer(op, "start"), integer(op, "end")
    return (Tensor((end - start,), [Int(32).wrap(i) for i in range(start, end)]),)


@meaning("tt.splat")
def _splat(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return (Tensor.full(_shape(op), operands[0]),)


@meaning("tt.unsplat")
def _unsplat(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (element,) = operands[0].elements
    return (element,)


@meaning("tt.expand_dims", "tt.reshape")
def _reshape(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """Row-major order is kept. With `allow_reorder` any order would do."""
    return (operands[0].reshaped(_shape(op)),)


@meaning("tt.broadcast")
def _broadcast(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source,) = operands

    def element(index: Index) -> Scalar:
        return source[[0 if size == 1 else i for i, size in zip(index, source.shape, strict=True)]]

    return (Tensor.generate(_shape(op), element),)


@meaning("tt.trans")
def _trans(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source,), order = operands, integers_of(op, "order")
    shape = [source.shape[d] for d in order]
    return (Tensor.generate(shape, lambda index: source[[index[order.index(d)] for d in range(len(order))]]),)


@meaning("tt.cat")
def _cat(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """The second behind the first; the op's definition would allow any order of the elements."""
    return (concatenate(operands, 0),)


@meaning("tt.join")
def _join(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return (Tensor.generate((*operands[0].shape, 2), lambda index: operands[index[-1]][index[:-1]]),)


@meaning("tt.split")
def _split(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source,) = operands
    return [Tensor.generate(source.shape[:-1], lambda index, half=half: source[(*index, half)]) for half in (0, 1)]


@meaning("tt.gather")
def _gather(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    (source, chosen), axis = operands, integer(op, "axis")
    t = dtype(op.operands[1])
    assert isinstance(t, Int)

    def element(index: Index) -> Scalar:
        i = t.signed(defined(chosen[index], "an index"))
        return source[(*index[:axis], i, *index[axis + 1 :])]

    return (Tensor.generate(chosen.shape, element),)


@meaning("tt.histogram")
def _histogram(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    source, mask = operands[0], operands[1] if len(operands) > 1 else None
    t, counted = dtype(op.operands[0]), dtype(op.results[0])
    assert isinstance(t, Int) and isinstance(counted, Int)
    bins = [0] * _shape(op)[0]
    for index in indices(source.shape):
        if mask is None or defined(mask[index], "a mask"):
            number = t.signed(defined(source[index], "an element of a histogram"))
            if not 0 <= number < len(bins):
                raise SlowError(f"element {number} of a histogram of {len(bins)} bins")
            bins[number] += 1
    return (Tensor((len(bins),), [counted.wrap(count) for count in bins]),)


# Pointers and memory


@meaning("tt.addptr")
def _addptr(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """The offset counts elements and is signed."""
    size, t = size_of(pointee(op.operands[0].type)), dtype(op.operands[1])
    assert isinstance(t, Int)
    return pointwise(lambda pointer, offset: POINTER.wrap(pointer + t.signed(offset) * size), *operands)


@meaning("tt.bitcast", "tt.int_to_ptr", "tt.ptr_to_int")
def _bitcast(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    return operands


def _lanes(machine: Machine, function: Any, mask: Any, pointers: Any, *operands: Any) -> Any:
    """`function` on the address and the operands of every lane that the mask lets through, the first lane first.

    Other lanes touch no memory and have no result; the mask itself must be defined.
    """

    def lane(on: Scalar, address: Scalar, *rest: Scalar) -> Scalar:
        if not defined(on, "a mask"):
            return UNDEFINED
        result = function(defined(address, "an address"), *rest)
        return UNDEFINED if result is None else result

    return elementwise(lane, 1 if mask is None else mask, pointers, *operands)


def _optional(op: Operation, operands: Sequence[Any], required: int) -> tuple[Any, ...]:
    """The required operands and then the optional ones that may follow, None for those that are missing."""
    if attribute(op, "operandSegmentSizes") is not None:
        return tuple(group[0] if group else None for group in segments(op, operands))
    return (*operands, *[None] * (required + 1 - len(operands)))


@meaning("tt.load", "tt.atomic_load")
def _load(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """A masked-off lane gets `other`, and is undefined without it."""
    pointers, mask, other = (*_optional(op, operands, 1), None)[:3]
    t = pointee(op.operands[0].type)
    loaded = _lanes(machine, lambda address: machine.memory.load(address, t), mask, pointers)
    if mask is None or other is None:
        return (loaded,)
    return (elementwise(lambda on, new, old: new if on else old, mask, loaded, other),)


@meaning("tt.store", "tt.atomic_store")
def _store(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    pointers, elements, mask = _optional(op, operands, 2)
    t = pointee(op.operands[0].type)
    _lanes(machine, lambda address, element: machine.memory.store(address, t, element), mask, pointers, elements)
    return ()


ATOMICS = ("", "and", "or", "xor", "add", "fadd", "max", "min", "umax", "umin", "exch")


def update(kind: str, t: DType, before: int, element: int) -> Scalar:
    """What an atomic read-modify-write leaves in memory. For floats, max and min are those of numbers."""
    if kind == "exch":
        return element
    if isinstance(t, Float):
        name = {"fadd": "addf", "add": "addf", "max": "maxnumf", "min": "minnumf"}[kind]
        return floats.BINARY[name](t, before, element)
    names = {"and": "andi", "or": "ori", "xor": "xori", "add": "addi"}
    names |= {"max": "maxsi", "min": "minsi", "umax": "maxui", "umin": "minui"}
    return integers.BINARY[names[kind]](t, before, element)


@meaning("tt.atomic_rmw")
def _atomic_rmw(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    pointers, elements, mask = _optional(op, operands, 2)
    kind, t = keyword(op, "atomic_rmw_op", ATOMICS), pointee(op.operands[0].type)

    def lane(address: int, element: Scalar) -> Scalar:
        before = machine.memory.load(address, t)
        after = update(kind, t, defined(before, "memory"), defined(element, "the operand of an atomic"))
        machine.memory.store(address, t, after)
        return before

    return (_lanes(machine, lane, mask, pointers, elements),)


@meaning("tt.atomic_cas")
def _atomic_cas(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """Compares patterns, as hardware does."""
    pointers, expected, elements = operands
    t = pointee(op.operands[0].type)

    def lane(address: int, wanted: Scalar, element: Scalar) -> Scalar:
        before = defined(machine.memory.load(address, t), "memory")
        if before == defined(wanted, "the operand of an atomic"):
            machine.memory.store(address, t, element)
        return before

    return (_lanes(machine, lane, None, pointers, expected, elements),)


@meaning("tt.atomic_poll")
def _atomic_poll(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """Nobody else runs meanwhile: a value that is not there will not come, so the time runs out or never does."""
    pointers, expected, *timeout = operands
    t = pointee(op.operands[0].type)

    def lane(address: int, wanted: Scalar) -> Scalar:
        found = machine.memory.load(address, t) == defined(wanted, "the operand of an atomic")
        if not found and not timeout:
            raise SlowError("waits for a value that no program before this one has written")
        return int(found)

    return (_lanes(machine, lane, None, pointers, expected),)


# Elementwise arithmetic


def _float(op: Operation) -> Float:
    t = dtype(op.results[0])
    assert isinstance(t, Float)
    return t


@meaning("tt.fp_to_fp")
def _fp_to_fp(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    rounding = keyword(op, "rounding", ("rtz", "rtne"), "rtne")
    return convert_float(op, Rounding.TOWARD_ZERO if rounding == "rtz" else Rounding.NEAREST_EVEN, operands)


@meaning("tt.clampf")
def _clampf(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """`propagateNan` all: NaN if any operand is. None: as fmin(fmax(x, low), high) of C, so NaN becomes `low`."""
    all_nans = (
        integer(op, "propagateNan") != 0
        if hasattr(attribute(op, "propagateNan"), "value")
        else (keyword(op, "propagateNan", ()) == "all")
    )
    larger, smaller = ("maximumf", "minimumf") if all_nans else ("maxnumf", "minnumf")
    t = _float(op)

    def clamp(x: int, low: int, high: int) -> int:
        return floats.BINARY[smaller](t, floats.BINARY[larger](t, x, low), high)

    return pointwise(clamp, *operands)


@meaning("tt.precise_sqrt")
def _precise_sqrt(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    t = _float(op)
    return pointwise(lambda a: floats.sqrt(t, a), *operands)


@meaning("tt.precise_divf", "tt.approx_divf")
def _divf(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """Both correctly rounded; tt.approx_divf may be off by two ulp."""
    t = _float(op)
    return pointwise(lambda a, b: floats.BINARY["divf"](t, a, b), *operands)


@meaning("tt.mulhiui")
def _mulhiui(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    t = dtype(op.results[0])
    assert isinstance(t, Int)
    return pointwise(lambda a, b: integers.mul_extended(t, a, b, signed=False)[1], *operands)


# Functions of libdevice whose name there is not that of the math dialect.
LIBDEVICE = {"fabs": "absf", "pow": "powf", "rint": "roundeven", "nearbyint": "roundeven"}
LIBDEVICE_BINARY = {"fmin": "minnumf", "fmax": "maxnumf", "fmod": "remf"}


@meaning("tt.extern_elementwise")
def _extern(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """The functions of libdevice that the math dialect has too."""
    t, symbol = dtype(op.results[0]), string(op, "symbol")
    name = symbol.removeprefix("__nv_")
    if isinstance(t, Float) and t.width == 32:
        name = name.removesuffix("f")
    function = functions.FUNCTIONS.get(LIBDEVICE.get(name, name)) or floats.BINARY.get(LIBDEVICE_BINARY.get(name, ""))
    if function is None or not isinstance(t, Float):
        raise SlowUnsupported(f"no meaning for the external function {symbol}")
    return pointwise(lambda *scalars: function(t, *scalars), *operands)


@meaning("tt.map_elementwise")
def _map_elementwise(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """The region takes `pack` neighbouring elements of the first source, then of the second, and gives as many of each
    result."""
    pack, shape = integer(op, "pack"), operands[0].shape
    results: list[list[Scalar]] = [[] for _ in op.results]
    for start in range(0, len(operands[0].elements), pack):
        given = machine.combine(
            op.regions[0], [element for operand in operands for element in operand.elements[start : start + pack]]
        )
        for number, result in enumerate(results):
            result += given[number * pack : (number + 1) * pack]
    return [Tensor(shape, result) for result in results]


# Across elements


def _lines(shape: Index, axis: int) -> list[list[Index]]:
    """For each index without `axis`, in row-major order: the indices along it."""
    rest = [*shape[:axis], *shape[axis + 1 :]]
    return [[(*index[:axis], i, *index[axis:]) for i in range(shape[axis])] for index in indices(rest)]


def _gathered(operands: Sequence[Tensor], index: Index) -> list[Scalar]:
    row = [operand[index] for operand in operands]
    if any(isinstance(element, Undefined) for element in row):
        raise SlowError(f"element {index} of a reduction or scan is undefined")
    return row


@meaning("tt.reduce")
def _reduce(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """A left fold: the combiner is given what was accumulated and then the next elements."""
    axis, shape = integer(op, "axis"), operands[0].shape
    columns: list[list[Scalar]] = [[] for _ in operands]
    for line in _lines(shape, axis):
        accumulated: Sequence[Scalar] = _gathered(operands, line[0])
        for index in line[1:]:
            accumulated = machine.combine(op.regions[0], [*accumulated, *_gathered(operands, index)])
        for column, element in zip(columns, accumulated, strict=True):
            column.append(element)
    if len(shape) == 1:
        return [column[0] for column in columns]
    return [Tensor((*shape[:axis], *shape[axis + 1 :]), column) for column in columns]


@meaning("tt.scan")
def _scan(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """An inclusive scan; `reverse` begins at the far end of the axis."""
    axis, shape = integer(op, "axis"), operands[0].shape
    results: list[dict[Index, Scalar]] = [{} for _ in operands]
    for line in _lines(shape, axis):
        if flag(op, "reverse"):
            line.reverse()
        accumulated: Sequence[Scalar] = ()
        for index in line:
            row = _gathered(operands, index)
            accumulated = machine.combine(op.regions[0], [*accumulated, *row]) if accumulated else row
            for result, element in zip(results, accumulated, strict=True):
                result[index] = element
    return [Tensor.generate(shape, result.__getitem__) for result in results]


PRECISIONS = ("tf32", "tf32x3", "ieee", "bf16x3", "bf16x6")


@meaning("tt.dot")
def _dot(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """c + a b: exact products, added to c one after another in the result's type.

    `tf32` rounds f32 operands to ten mantissa bits, ties away from zero (`cvt.rna.tf32`); the tricks that make f32 of
    several narrower products, and `ieee`, keep them.
    """
    a, b, c = (dtype(operand) for operand in op.operands)
    tf32 = keyword(op, "inputPrecision", PRECISIONS, "ieee") == "tf32"

    def step(x: int, y: int, z: int) -> int:
        types, factors = [a, b], [x, y]
        for k, t in enumerate(types):
            if tf32 and t == FLOATS["f32"]:
                types[k], factors[k] = TF32, floats.convert(t, TF32, factors[k], Rounding.NEAREST_AWAY)
        return contraction.multiply_add(*types, c, *factors, z)

    left, right, start = operands
    depth, add = left.shape[-1], strict(step)
    rows = {at: [left[(*at, k)] for k in range(depth)] for at in indices(left.shape[:-1])}
    columns = {
        (*at, column): [right[(*at, k, column)] for k in range(depth)]
        for at in indices(right.shape[:-2])
        for column in range(right.shape[-1])
    }

    def element(index: Index) -> Scalar:
        *batch, row, column = index
        total = start[index]
        for x, y in zip(rows[(*batch, row)], columns[(*batch, column)], strict=True):
            total = add(x, y, total)
        return total

    return (Tensor.generate(start.shape, element),)


SCALED = {
    "e4m3": F8E4M3FN,
    "e5m2": F8E5M2,
    "e2m3": FLOATS["f6E2M3FN"],
    "e3m2": FLOATS["f6E3M2FN"],
    "e2m1": F4E2M1FN,
    "bf16": BF16,
    "fp16": F16,
}


def _scale(t: DType, bits: int) -> Real:
    """A scale: a power of two with the bias of f32 (OCP E8M0) in an i8, or a float."""
    if isinstance(t, Float):
        return decode(t, bits)
    return NAN if bits == 0xFF else finite(power_of_two(bits - 127))


def _scaled(
    source: Tensor, form: Float, packed: int | None, k: int, scales: Tensor | None, scale_type: DType | None
) -> dict[Index, Real | Undefined]:
    """The numbers of an operand of tt.dot_scaled at their indices, without packing, each times the scale of its block.

    `packed` is the dimension along which two numbers share a byte, the lower nibble first; `k` the one that is summed
    over. Scales have the other dimension before that of k.
    """
    shape = [size * 2 if d == packed else size for d, size in enumerate(source.shape)]
    numbers: dict[Index, Real | Undefined] = {}
    for index in indices(shape):
        bits = source[[i // 2 if d == packed else i for d, i in enumerate(index)]]
        factor: Scalar | None = None
        if scales is not None:
            other = next(d for d in (len(shape) - 1, len(shape) - 2) if d != k)
            factor = scales[(*index[:-2], index[other], index[k] * scales.shape[-1] // shape[k])]
        if isinstance(bits, Undefined) or isinstance(factor, Undefined):
            numbers[index] = UNDEFINED
            continue
        if packed is not None:
            bits = bits >> 4 * (index[packed] % 2) & 0xF
        numbers[index] = decode(form, bits)
        if factor is not None and scale_type is not None:
            numbers[index] = floats.multiply(decode(form, bits), _scale(scale_type, factor))
    return numbers


@meaning("tt.dot_scaled")
def _dot_scaled(machine: Machine, op: Operation, operands: Sequence[Any]) -> Results:
    """tt.dot of operands that are scaled by blocks along k, as the OCP microscaling specification says.

    e2m1 numbers are packed along k or, without k_pack, along the other dimension.
    """
    (left,), (right,), (start,), *scales = segments(op, operands)
    *_, left_scale_type, right_scale_type = (
        dtype(group[0]) if group else None for group in segments(op, list(op.operands))
    )
    rank, t = len(start.shape), _float(op)
    numbers: list[dict[Index, Real | Undefined]] = []
    for source, side, k, given, scale_type in (
        (left, "a lhs", rank - 1, scales[0], left_scale_type),
        (right, "b rhs", rank - 2, scales[1], right_scale_type),
    ):
        form = SCALED[keyword(op, f"{side[0]}_elem_type", tuple(SCALED))]
        along_k = attribute(op, f"{side[2:]}_k_pack") is None or flag(op, f"{side[2:]}_k_pack")
        packed = (k if along_k else 2 * rank - 3 - k) if form is F4E2M1FN else None
        numbers.append(_scaled(source, form, packed, k, given[0] if given else None, scale_type))
    depth = 1 + max(index[-1] for index in numbers[0])

    def step(x: Real, y: Real, z: int) -> int:
        return encode(t, floats.fused_multiply_add(x, y, decode(t, z)))

    def element(index: Index) -> Scalar:
        *batch, row, column = index
        total = start[index]
        for k in range(depth):
            total = strict(step)(numbers[0][(*batch, row, k)], numbers[1][(*batch, k, column)], total)
        return total

    return (Tensor.generate(start.shape, element),)
