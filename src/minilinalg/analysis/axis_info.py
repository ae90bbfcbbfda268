"""What is known of the numbers in a tensor along each dimension: runs, divisors, strides.

For dimension d of an integer tensor (a scalar counts as one dimension of size 1):

- `contiguity[d]`: the size of aligned runs along d in which each element is one more than the one before;
- `divisibility[d]`: the largest known number that divides the first element of every such run;
- `constancy[d]`: the size of aligned runs along d in which all elements are equal;
- `stride[d]`: the difference from one element to the next along all of d, None when it is not known or not the same;
- `value`: the number that all elements are, when it is known.

`[[10, 11, 12, 13, 18, 19, 20, 21]]` has contiguity (1, 4) and divisibility (2, 2). Pointers count in bytes, as
`tt.divisibility` of an argument does, and their contiguity in elements. Loops are a fixpoint: what a loop carries is
first taken to stay as it starts, and then joined with what it becomes.

Source: the AxisInfo of Triton (lib/Analysis/AxisInfo.cpp); strides and values for a whole tensor as in triton-linalg.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import gcd
from typing import Any, TypeAlias

from xdsl.dialects.builtin import FixedBitwidthType, IntegerAttr, TensorType
from xdsl.ir import Attribute, Block, BlockArgument, Operation, OpResult, Region, SSAValue
from xdsl.utils.type import get_element_type_or_self

from minilinalg.analysis.constants import constant_of
from minilinalg.analysis.signs import is_nonnegative
from minilinalg.dialects.tt import PointerType
from minilinalg.dialects.tt.types import is_tensor

LIMIT = 1 << 30
"""The divisor of zero, which every number divides, and of what is divisible by more."""


def common(*divisors: int) -> int:
    """The greatest common divisor, where LIMIT stands for zero."""
    return gcd(*(0 if divisor == LIMIT else divisor for divisor in divisors)) or LIMIT


@dataclass(frozen=True)
class AxisInfo:
    """The facts about one value, one entry a dimension."""

    contiguity: tuple[int, ...]
    divisibility: tuple[int, ...]
    constancy: tuple[int, ...]
    stride: tuple[int | None, ...]
    value: int | None = None
    anything: bool = False
    """Nobody looks at it: whatever is said of it holds."""

    @property
    def rank(self) -> int:
        return len(self.contiguity)

    def divisor(self, dim: int, run: int = 1) -> int:
        """What divides every element whose position along `dim` is a multiple of `run`."""
        contiguity, divisibility = self.contiguity[dim], self.divisibility[dim]
        return divisibility if run % contiguity == 0 else common(divisibility, run)

    @property
    def common_divisor(self) -> int:
        """What divides every element."""
        return max(self.divisor(d) for d in range(self.rank))

    def join(self, other: AxisInfo) -> AxisInfo:
        """What holds of both."""
        if self.anything or other.anything:
            return other if self.anything else self
        contiguity = _pairwise(gcd, self.contiguity, other.contiguity)
        return AxisInfo(
            contiguity,
            tuple(common(self.divisor(d, run), other.divisor(d, run)) for d, run in enumerate(contiguity)),
            _pairwise(gcd, self.constancy, other.constancy),
            tuple(a if a == b else None for a, b in zip(self.stride, other.stride, strict=True)),
            self.value if self.value == other.value else None,
        )


def _pairwise(function: Callable[[int, int], int], a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(function(x, y) for x, y in zip(a, b, strict=True))


def _shape(type: Attribute) -> tuple[int, ...]:
    return type.get_shape() if isinstance(type, TensorType) else (1,)


def unknown(type: Attribute) -> AxisInfo:
    """Nothing is known, but that one element is one element."""
    shape = _shape(type)
    ones = (1,) * len(shape)
    return AxisInfo(ones, ones, ones, tuple(0 if size == 1 else None for size in shape))


def of_constant(value: int, type: Attribute) -> AxisInfo:
    """Every element is `value`."""
    shape = _shape(type)
    return AxisInfo((1,) * len(shape), (abs(value) % LIMIT or LIMIT,) * len(shape), shape, (0,) * len(shape), value)


def of_poison(type: Attribute) -> AxisInfo:
    """All that can be said."""
    shape = _shape(type)
    return AxisInfo(shape, (LIMIT,) * len(shape), shape, (0,) * len(shape), anything=True)


class AxisInfoAnalysis:
    """The facts about the integers and pointers of one function, each computed when it is asked for.

    trusts_signs: what is divided counts as not negative, provably or not, as it does for Triton. A program that divides
    negative numbers on the way to an address would then be read wrongly.
    """

    def __init__(self, func: Operation, *, trusts_signs: bool = False):
        self.trusts_signs = trusts_signs
        self._infos: dict[SSAValue, AxisInfo] = {}
        self._carried: dict[SSAValue, AxisInfo] = {}
        loops = [op for op in func.walk() if op.name == "scf.for"]
        changed = True
        while changed:
            changed = False
            for loop in loops:
                changed |= self._joined(loop)
            self._infos.clear()

    def of(self, value: SSAValue) -> AxisInfo:
        """The facts about an integer, a pointer or a tensor of them; of a tensor of floats, that nothing is known."""
        found = self._infos.get(value)
        if found is None:
            found = self._compute(value)
            self._infos[value] = found
        return found

    def _compute(self, value: SSAValue) -> AxisInfo:
        number = constant_of(value)
        if isinstance(number, int):
            return of_constant(number, value.type)
        owner = value.owner
        if isinstance(owner, Block):
            assert isinstance(value, BlockArgument)
            return self._argument(value, owner)
        if owner.name == "scf.for":
            assert isinstance(value, OpResult)
            return self.of(owner.regions[0].block.args[1 + value.index])
        if owner.name == "scf.if":
            assert isinstance(value, OpResult)
            then, otherwise = (self.of(_last(region).operands[value.index]) for region in owner.regions)
            return then.join(otherwise)
        if owner.name == "ub.poison":
            return of_poison(value.type)
        rule = RULES.get(owner.name)
        return unknown(value.type) if rule is None else rule(self, owner)

    def _argument(self, value: BlockArgument, block: Block) -> AxisInfo:
        parent = block.parent_op()
        if parent is not None and parent.name == "scf.for":
            start = self.of(parent.operands[0 if value.index == 0 else 2 + value.index])
            if value.index == 0:
                step = self.of(parent.operands[2])
                return _scalar(common(start.divisor(0), step.divisor(0)))
            return self._carried.get(value, start)
        if parent is not None and parent.name == "tt.func" and not is_tensor(value.type):
            return _scalar(_promise(parent, value.index))
        return unknown(value.type)

    def _joined(self, loop: Operation) -> bool:
        """Joins what `loop` carries with what it yields; True when that changed anything."""
        block = loop.regions[0].block
        last = block.last_op
        assert last is not None
        changed = False
        for arg in block.args[1:]:
            before = self.of(arg)
            after = before.join(self.of(last.operands[arg.index - 1]))
            if after != before:
                self._carried[arg] = after
                changed = True
        return changed


def _last(region: Region) -> Operation:
    assert region.block.last_op is not None
    return region.block.last_op


def _scalar(divisor: int) -> AxisInfo:
    return AxisInfo((1,), (divisor,), (1,), (0,))


def _promise(func: Operation, index: int) -> int:
    attributes = func.properties.get("arg_attrs")
    promised: Any = None if attributes is None else attributes.data[index].data.get("tt.divisibility")  # pyright: ignore
    return promised.value.data if isinstance(promised, IntegerAttr) else 1


# Rules: operation name -> facts about its result

Rule: TypeAlias = Callable[[AxisInfoAnalysis, Any], AxisInfo]


def _binary(function: Callable[[AxisInfo, AxisInfo, int], tuple[int, int, int, int | None]]) -> Rule:
    """A rule that computes (contiguity, divisibility, constancy, stride) for one dimension of two operands."""

    def rule(analysis: AxisInfoAnalysis, op: Operation) -> AxisInfo:
        lhs, rhs = (analysis.of(operand) for operand in op.operands)
        columns = zip(*(function(lhs, rhs, d) for d in range(lhs.rank)), strict=True)
        contiguity, divisibility, constancy, stride = columns
        limited = tuple(gcd(d, LIMIT) if d > LIMIT else d for d in divisibility)
        return AxisInfo(contiguity, limited, constancy, stride)

    return rule


def _added(lhs: AxisInfo, rhs: AxisInfo, d: int, sign: int = 1) -> tuple[int, int, int, int | None]:
    """lhs + sign * rhs."""
    runs = gcd(lhs.contiguity[d], rhs.constancy[d])
    if sign == 1:
        runs = max(runs, gcd(lhs.constancy[d], rhs.contiguity[d]))
    a, b = lhs.stride[d], rhs.stride[d]
    return (
        runs,
        common(lhs.divisor(d, runs), rhs.divisor(d, runs)),
        gcd(lhs.constancy[d], rhs.constancy[d]),
        None if a is None or b is None else a + sign * b,
    )


def _multiplied(lhs: AxisInfo, rhs: AxisInfo, d: int) -> tuple[int, int, int, int | None]:
    for one, other in ((lhs, rhs), (rhs, lhs)):
        if one.value == 1:
            return other.contiguity[d], other.divisibility[d], other.constancy[d], other.stride[d]
    a, b = lhs.stride[d], rhs.stride[d]
    stride = 0 if a == b == 0 else None
    if a is not None and rhs.value is not None:
        stride = a * rhs.value
    elif b is not None and lhs.value is not None:
        stride = b * lhs.value
    return 1, lhs.divisor(d) * rhs.divisor(d), gcd(lhs.constancy[d], rhs.constancy[d]), stride


def _bitwise(lhs: AxisInfo, rhs: AxisInfo, d: int) -> tuple[int, int, int, int | None]:
    constancy = gcd(lhs.constancy[d], rhs.constancy[d])
    return 1, 1, constancy, 0 if lhs.stride[d] == rhs.stride[d] == 0 else None


def _shifted(analysis: AxisInfoAnalysis, op: Operation) -> AxisInfo:
    amount = analysis.of(op.operands[1]).value
    if amount is None or not 0 <= amount < 31:
        return unknown(op.results[0].type)
    lhs, factor = analysis.of(op.operands[0]), of_constant(1 << amount, op.results[0].type)
    facts = [_multiplied(lhs, factor, d) for d in range(lhs.rank)]
    contiguity, divisibility, constancy, stride = zip(*facts, strict=True)
    return AxisInfo(contiguity, tuple(min(d, LIMIT) for d in divisibility), constancy, stride)


def _divided(analysis: AxisInfoAnalysis, op: Operation) -> AxisInfo:
    """Numbers >= 0 in a row that starts at a multiple of the divisor have equal quotients until the next multiple."""
    lhs, rhs = (analysis.of(operand) for operand in op.operands)
    result = unknown(op.results[0].type)
    if rhs.value is None or rhs.value <= 0:
        constancy = _pairwise(gcd, lhs.constancy, rhs.constancy)
        return AxisInfo(result.contiguity, result.divisibility, constancy, result.stride)
    by = rhs.value
    runs = [gcd(lhs.contiguity[d], lhs.divisibility[d], by) for d in range(lhs.rank)]
    if not (analysis.trusts_signs or is_nonnegative(op.operands[0])):
        runs = [1] * lhs.rank
    constancy = tuple(max(a, b) for a, b in zip(runs, lhs.constancy, strict=True))
    divisors = (lhs.divisor(d) for d in range(lhs.rank))
    divisibility = tuple(d // by if d % by == 0 else 1 for d in divisors)
    return AxisInfo(result.contiguity, divisibility, constancy, result.stride)


def _remaining(analysis: AxisInfoAnalysis, op: Operation) -> AxisInfo:
    """Numbers >= 0 in a row that starts at a multiple of a divisor of the modulus stay a row until the next one."""
    lhs, rhs = (analysis.of(operand) for operand in op.operands)
    result = unknown(op.results[0].type)
    runs = [1] * lhs.rank
    if analysis.trusts_signs or is_nonnegative(op.operands[0]):
        runs = [
            gcd(lhs.contiguity[d], lhs.divisibility[d], rhs.divisor(d)) if rhs.constancy[d] >= lhs.contiguity[d] else 1
            for d in range(lhs.rank)
        ]
    divisibility = tuple(common(lhs.divisor(d, run), rhs.divisor(d)) for d, run in enumerate(runs))
    return AxisInfo(tuple(runs), divisibility, _pairwise(gcd, lhs.constancy, rhs.constancy), result.stride)


def _chosen(analysis: AxisInfoAnalysis, op: Operation) -> AxisInfo:
    """One of two numbers at each position: what divides all of both, and what stays the same in both."""
    lhs, rhs = (analysis.of(operand) for operand in op.operands[-2:])
    result = unknown(op.results[0].type)
    divisibility = tuple(common(lhs.divisor(d), rhs.divisor(d)) for d in range(lhs.rank))
    constancy = _pairwise(gcd, lhs.constancy, rhs.constancy)
    if len(op.operands) == 3:
        condition = analysis.of(op.operands[0])
        same = condition.constancy if condition.rank == lhs.rank else result.constancy
        constancy = _pairwise(gcd, constancy, same) if isinstance(op.operands[0].type, TensorType) else constancy
    return AxisInfo(result.contiguity, divisibility, constancy, result.stride)


def _compared(analysis: AxisInfoAnalysis, op: Any) -> AxisInfo:
    """i < n changes at n only: it is the same in an aligned run whose size divides its start and n."""
    lhs, rhs = analysis.of(op.lhs), analysis.of(op.rhs)
    result = unknown(op.result.type)
    constancy = list(_pairwise(gcd, lhs.constancy, rhs.constancy))
    for row, edge, predicates in ((lhs, rhs, ("slt", "sge")), (rhs, lhs, ("sgt", "sle"))):
        if op.predicate_name in predicates:
            for d in range(lhs.rank):
                run = gcd(row.contiguity[d], row.divisibility[d], edge.divisor(d), edge.constancy[d])
                constancy[d] = max(constancy[d], run)
    return AxisInfo(result.contiguity, result.divisibility, tuple(constancy), result.stride)


def _make_range(analysis: AxisInfoAnalysis, op: Any) -> AxisInfo:
    start, size = op.start.value.data, _shape(op.result.type)[0]
    return AxisInfo((size,), (abs(start) or LIMIT,), (1,), (1 if size > 1 else 0,))


def _splat(analysis: AxisInfoAnalysis, op: Any) -> AxisInfo:
    scalar, shape = analysis.of(op.src), _shape(op.result.type)
    ones = (1,) * len(shape)
    return AxisInfo(ones, scalar.divisibility * len(shape), shape, (0,) * len(shape), scalar.value)


def _expand_dims(analysis: AxisInfoAnalysis, op: Any) -> AxisInfo:
    info, axis = analysis.of(op.src), op.axis.value.data

    def grown(entries: tuple[Any, ...], entry: Any) -> tuple[Any, ...]:
        return (*entries[:axis], entry, *entries[axis:])

    return AxisInfo(
        grown(info.contiguity, 1),
        grown(info.divisibility, info.common_divisor),
        grown(info.constancy, 1),
        grown(info.stride, 0),
        info.value,
    )


def _reshape(analysis: AxisInfoAnalysis, op: Any) -> AxisInfo:
    """Dimensions of size one come and go; where others are split or merged nothing is known."""
    info, old, new = analysis.of(op.src), _shape(op.src.type), _shape(op.result.type)
    if [size for size in old if size > 1] != [size for size in new if size > 1] or op.allow_reorder is not None:
        return unknown(op.result.type)
    kept = iter([dim for dim, size in enumerate(old) if size > 1])
    dims = [next(kept) if size > 1 else None for size in new]

    def moved(entries: tuple[Any, ...], entry: Any) -> tuple[Any, ...]:
        return tuple(entry if dim is None else entries[dim] for dim in dims)

    return AxisInfo(
        moved(info.contiguity, 1),
        moved(info.divisibility, info.common_divisor),
        moved(info.constancy, 1),
        moved(info.stride, 0),
        info.value,
    )


def _broadcast(analysis: AxisInfoAnalysis, op: Any) -> AxisInfo:
    info, old, new = analysis.of(op.src), _shape(op.src.type), _shape(op.result.type)
    constancy = tuple(n if o != n else c for o, n, c in zip(old, new, info.constancy, strict=True))
    return AxisInfo(info.contiguity, info.divisibility, constancy, info.stride, info.value)


def _transpose(analysis: AxisInfoAnalysis, op: Any) -> AxisInfo:
    info, order = analysis.of(op.src), op.get_order()

    def permuted(entries: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(entries[d] for d in order)

    return AxisInfo(
        permuted(info.contiguity),
        permuted(info.divisibility),
        permuted(info.constancy),
        permuted(info.stride),
        info.value,
    )


def _addptr(analysis: AxisInfoAnalysis, op: Any) -> AxisInfo:
    pointer, offset = analysis.of(op.ptr), analysis.of(op.offset)
    size = _bytes(get_element_type_or_self(op.ptr.type))
    facts = [_moved_pointer(pointer, offset, d, size) for d in range(pointer.rank)]
    contiguity, divisibility, constancy, stride = zip(*facts, strict=True)
    return AxisInfo(contiguity, divisibility, constancy, stride)


def _bytes(pointer: Attribute) -> int:
    """The size of what a pointer points to, at least one byte."""
    pointee = pointer.pointee_type if isinstance(pointer, PointerType) else pointer
    return max(pointee.bitwidth // 8, 1) if isinstance(pointee, FixedBitwidthType) else 1


def _moved_pointer(pointer: AxisInfo, offset: AxisInfo, d: int, size: int) -> tuple[int, int, int, int | None]:
    """As `_added`, in bytes; the contiguity of both sides counts elements."""
    runs = max(gcd(pointer.contiguity[d], offset.constancy[d]), gcd(pointer.constancy[d], offset.contiguity[d]))
    start = (
        pointer.divisibility[d] if runs % pointer.contiguity[d] == 0 else common(pointer.divisibility[d], runs * size)
    )
    a, b = pointer.stride[d], offset.stride[d]
    return (
        runs,
        common(start, min(size * offset.divisor(d, runs), LIMIT)),
        gcd(pointer.constancy[d], offset.constancy[d]),
        None if a is None or b is None else a + size * b,
    )


def _same(analysis: AxisInfoAnalysis, op: Operation) -> AxisInfo:
    return analysis.of(op.operands[0])


RULES: Mapping[str, Rule] = {
    "arith.addi": _binary(_added),
    "arith.andi": _binary(_bitwise),
    "arith.cmpi": _compared,
    "arith.divsi": _divided,
    "arith.extsi": _same,
    "arith.index_cast": _same,
    "arith.maxsi": _chosen,
    "arith.minsi": _chosen,
    "arith.muli": _binary(_multiplied),
    "arith.ori": _binary(_bitwise),
    "arith.remsi": _remaining,
    "arith.select": _chosen,
    "arith.shli": _shifted,
    "arith.subi": _binary(lambda lhs, rhs, d: _added(lhs, rhs, d, sign=-1)),
    "arith.xori": _binary(_bitwise),
    "tt.addptr": _addptr,
    "tt.broadcast": _broadcast,
    "tt.expand_dims": _expand_dims,
    "tt.make_range": _make_range,
    "tt.reshape": _reshape,
    "tt.splat": _splat,
    "tt.trans": _transpose,
    "ttg.convert_layout": _same,
}
