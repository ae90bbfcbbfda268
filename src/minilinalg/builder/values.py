"""The values of a program that is being built: tensors, scalars and buffers, with NumPy's operators on them.

`a + b`, `a * 2.0`, `a < b`, `a & b`, `-a`, `abs(a)`, `a @ b`, `a[1:5, :, i]`, `a.T`, `a.sum(1)`, `a.astype("f16")`.
On tensors an operator is one elementwise `linalg.generic` with broadcasting (see `elementwise`); on scalars it is one
operation of arith. Types meet as `elements` says.
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, MemRefType, TensorType, UnitAttr
from xdsl.ir import Attribute, SSAValue

from minilinalg.builder import indexing, shaping
from minilinalg.builder.elements import (
    ElementType,
    element_of,
    element_type,
    is_bool,
    is_float,
    is_tensor,
    tensor_type,
    type_name,
)
from minilinalg.builder.elementwise import NOWHERE, elementwise
from minilinalg.builder.places import caller_place, placed, unknown_name
from minilinalg.builder.syntax import Binary, Call, Expression, Unary, counted
from minilinalg.dialects.upstream import bufferization, tensor
from minilinalg.dialects.upstream.constraints import may_agree
from minilinalg.errors import CommandError, InputError

if TYPE_CHECKING:
    from minilinalg.builder.function import Function

Operand: TypeAlias = "Value | int | float"
Kind: TypeAlias = Literal["binary", "compare", "unary", "call"]


class Value:
    """A value of one function: `ssa` is the value of the IR, `function` what it belongs to."""

    __slots__ = ("function", "ssa")
    # NumPy leaves `numpy_scalar * value` to the value.
    __array_ufunc__ = None

    def __init__(self, function: Function, ssa: SSAValue):
        self.function = function
        self.ssa = ssa

    @property
    def type(self) -> Attribute:
        return self.ssa.type

    @property
    def element(self) -> ElementType:
        """The element type; a scalar's own type."""
        type = cast("MemRefType[Attribute]", self.type)
        return cast(ElementType, type.element_type) if isinstance(self, Buffer) else element_of(self.ssa)

    @property
    def dtype(self) -> str:
        """The name of the element type, "f32"."""
        return str(self.element)

    def __getattr__(self, name: str) -> Any:
        raise unknown_name(f"a {type(self).__name__.lower()}", name, dir(type(self)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} {self.ssa.name_hint or ''}: {type_name(self.type)}>".replace(" :", ":")

    def __bool__(self) -> bool:
        raise _no_truth()

    __hash__ = object.__hash__

    def __add__(self, other: Operand) -> Self:
        return apply("binary", "+", self, other)

    def __radd__(self, other: Operand) -> Self:
        return apply("binary", "+", other, self)

    def __sub__(self, other: Operand) -> Self:
        return apply("binary", "-", self, other)

    def __rsub__(self, other: Operand) -> Self:
        return apply("binary", "-", other, self)

    def __mul__(self, other: Operand) -> Self:
        return apply("binary", "*", self, other)

    def __rmul__(self, other: Operand) -> Self:
        return apply("binary", "*", other, self)

    def __truediv__(self, other: Operand) -> Self:
        return apply("binary", "/", self, other)

    def __rtruediv__(self, other: Operand) -> Self:
        return apply("binary", "/", other, self)

    def __floordiv__(self, other: Operand) -> Self:
        return apply("binary", "//", self, other)

    def __rfloordiv__(self, other: Operand) -> Self:
        return apply("binary", "//", other, self)

    def __mod__(self, other: Operand) -> Self:
        return apply("binary", "%", self, other)

    def __rmod__(self, other: Operand) -> Self:
        return apply("binary", "%", other, self)

    def __pow__(self, other: Operand) -> Self:
        return apply("binary", "**", self, other)

    def __rpow__(self, other: Operand) -> Self:
        return apply("binary", "**", other, self)

    def __and__(self, other: Operand) -> Self:
        return apply("binary", "&", self, other)

    def __rand__(self, other: Operand) -> Self:
        return apply("binary", "&", other, self)

    def __or__(self, other: Operand) -> Self:
        return apply("binary", "|", self, other)

    def __ror__(self, other: Operand) -> Self:
        return apply("binary", "|", other, self)

    def __xor__(self, other: Operand) -> Self:
        return apply("binary", "^", self, other)

    def __rxor__(self, other: Operand) -> Self:
        return apply("binary", "^", other, self)

    def __lt__(self, other: Operand) -> Self:
        return apply("compare", "<", self, other)

    def __le__(self, other: Operand) -> Self:
        return apply("compare", "<=", self, other)

    def __gt__(self, other: Operand) -> Self:
        return apply("compare", ">", self, other)

    def __ge__(self, other: Operand) -> Self:
        return apply("compare", ">=", self, other)

    def __eq__(self, other: object) -> Self:  # pyright: ignore[reportIncompatibleMethodOverride]
        return apply("compare", "==", self, cast(Operand, other))

    def __ne__(self, other: object) -> Self:  # pyright: ignore[reportIncompatibleMethodOverride]
        return apply("compare", "!=", self, cast(Operand, other))

    def __neg__(self) -> Self:
        return apply("unary", "-", self)

    def __abs__(self) -> Self:
        return apply("call", "abs", self)

    def __invert__(self) -> Self:
        """Not, on truth values; the other bits, on integers."""
        whole = not is_float(self.element) and not is_bool(self.element)
        return apply("binary", "^", self, -1) if whole else apply("unary", "not", self)

    @placed
    def astype(self, dtype: str) -> Self:
        """The value as another element type: floats round to nearest, floats become integers towards zero."""
        element_type(dtype)
        return self if dtype == self.dtype else apply("call", dtype, self)


class Scalar(Value):
    """A number of the running program."""

    __slots__ = ()


class Buffer(Value):
    """Memory that was passed to the function (a memref)."""

    __slots__ = ()

    @placed
    def load(self) -> Tensor:
        """All of the buffer as a tensor, with its content at this point of the program."""
        op = bufferization.ToTensorOp(self.ssa, restrict=True)
        return Tensor(self.function, self.function.at.insert(op).results[0])

    @placed
    def store(self, value: Tensor) -> None:
        """Write a tensor of the buffer's shape and element type to the buffer."""
        shape = cast("MemRefType[Attribute]", self.type).get_shape()
        if not isinstance(value, Tensor):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise CommandError(f"{value!r} is stored", rule="a tensor is stored in a buffer")
        fits = may_agree(shape, tensor_type(value.ssa).get_shape())
        if not fits or value.dtype != self.dtype:
            raise InputError(
                f"a tensor {type_name(value.type)} is stored in a buffer {type_name(TensorType(self.element, shape))}",
                rule="what is stored has the buffer's shape and element type",
                hint=None if not fits else f"astype('{self.dtype}') makes it that type",
            )
        op = bufferization.MaterializeInDestinationOp.build(
            operands=[value.ssa, self.ssa], result_types=[None], properties={"writable": UnitAttr()}
        )
        self.function.at.insert(op)

    @placed
    def view(self, offset: int | Scalar, sizes: Sequence[int | Scalar], strides: Sequence[int | Scalar] = ()) -> Buffer:
        """A strided part of the buffer: element (i, j) is at `offset + i * strides[0] + j * strides[1]`.

        Offset and strides count elements; without strides the part is in row-major order without gaps. What leaves the
        buffer is an error when the program runs.
        """
        at = self.function.at
        raw_sizes = [at.position(raw(size)) for size in sizes]
        raw_strides = [at.position(raw(stride)) for stride in strides] or at.row_major(raw_sizes)
        if len(raw_strides) != len(raw_sizes):
            raise InputError(
                f"a view has {counted(len(raw_sizes), 'size')} and {counted(len(raw_strides), 'stride')}",
                rule="one stride for each size",
            )
        return Buffer(self.function, at.view(self.ssa, at.position(raw(offset)), raw_sizes, raw_strides))


class Tensor(Value):
    """A tensor: an immutable value with a shape."""

    __slots__ = ()

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The sizes; None for one that is known only when the program runs (see `dim`)."""
        return tuple(None if s == DYNAMIC_INDEX else s for s in tensor_type(self.ssa).get_shape())

    @property
    def rank(self) -> int:
        return len(self.shape)

    @placed
    def __len__(self) -> int:
        """The size of the first dimension, when it is known."""
        if not self.rank or (size := self.shape[0]) is None:
            raise CommandError("the size is known only when the program runs", rule="'dim' gives such a size")
        return size

    def __iter__(self) -> Any:
        raise CommandError(
            "a tensor cannot be looped over in Python", rule="a loop of the program is 'for_'", places=[caller_place()]
        )

    @placed
    def dim(self, axis: int) -> int | Scalar:
        """The size of a dimension: a number, or an index value when it is known only as the program runs."""
        size = self.function.at.dim(self.ssa, shaping.axis_of(axis, self.rank))
        return size if isinstance(size, int) else Scalar(self.function, size)

    @placed
    def __getitem__(self, key: Any) -> Tensor:
        """NumPy's basic indexing: integers, slices with a positive step, None, `...`; integers may be index values."""
        return Tensor(self.function, indexing.extract(self.function.at, self.ssa, _raw_key(key)))

    @property
    def at(self) -> Positions:
        """`x.at[1:5].set(y)` is `x` with some elements replaced (JAX's notation; tensors do not change)."""
        return Positions(self)

    @placed
    def item(self, *indices: int | Scalar) -> Scalar:
        """One element as a scalar; no indices for a tensor without dimensions."""
        if len(indices) != self.rank:
            raise InputError(
                f"a tensor with {counted(self.rank, 'dimension')} is given {counted(len(indices), 'position')}",
                rule="one position for each dimension",
            )
        at = self.function.at
        positions = [at.index(i.ssa if isinstance(i, Scalar) else i) for i in indices]
        op = tensor.ExtractOp(self.ssa, positions, element_of(self.ssa))
        return Scalar(self.function, at.insert(op).results[0])

    def __matmul__(self, other: Operand) -> Tensor:
        return self._wrap(shaping.matmul, other if isinstance(other, Value) else raw(other))

    @placed
    def _wrap(self, make: Any, *arguments: Any) -> Tensor:
        bare = [a.ssa if isinstance(a, Value) else a for a in arguments]
        return Tensor(self.function, make(self.function.at, self.ssa, *bare))

    @property
    def T(self) -> Tensor:
        """The tensor with its dimensions in reverse order."""
        return self._wrap(shaping.transpose, tuple(reversed(range(self.rank))))

    def transpose(self, *permutation: int) -> Tensor:
        """Dimension `i` of the result is dimension `permutation[i]` of the tensor."""
        return self._wrap(shaping.transpose, permutation)

    def reshape(self, *sizes: int) -> Tensor:
        """The same elements in row-major order in another shape of known sizes; one size may be -1."""
        return self._wrap(shaping.reshape, sizes)

    def sum(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Tensor:
        """Sum over `axis` (all of them when None), in at least 32 bits."""
        return self._wrap(shaping.reduce, "+", axis, keepdims)

    def prod(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Tensor:
        """Product over `axis`, in at least 32 bits."""
        return self._wrap(shaping.reduce, "*", axis, keepdims)

    @placed
    def mean(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Tensor:
        """Sum over `axis` divided by the number of elements in it; of integers it is f32."""
        count: Any = 1
        for i in shaping.axes_of(axis, self.rank):
            count = count * self.dim(i)
        return self.sum(axis, keepdims=keepdims) / count

    def max(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Tensor:
        """Maximum over `axis`; NaN when there is one, as in NumPy."""
        return self._wrap(shaping.reduce, "max", axis, keepdims)

    def min(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Tensor:
        """Minimum over `axis`; NaN when there is one, as in NumPy."""
        return self._wrap(shaping.reduce, "min", axis, keepdims)


class Positions:
    """`tensor.at`, waiting for the brackets."""

    def __init__(self, base: Tensor, key: Any = None):
        self.base = base
        self.key = key

    def __getitem__(self, key: Any) -> Positions:
        return Positions(self.base, _raw_key(key))

    @placed
    def set(self, value: Operand) -> Tensor:
        """The tensor with `value`, broadcast and cast to the element type, at the positions of the brackets."""
        function = self.base.function
        return Tensor(function, indexing.insert(function.at, self.base.ssa, self.key, raw(value)))


def wrap(function: Function, ssa: SSAValue) -> Value:
    """A value of the IR as the class for its type."""
    match ssa.type:
        case TensorType():
            return Tensor(function, ssa)
        case MemRefType():
            return Buffer(function, ssa)
        case _:
            return Scalar(function, ssa)


@placed
def apply(kind: Kind, name: str, *operands: Operand) -> Any:
    """An operator or function on values and numbers, one of which at least is a value."""
    terms = [raw(operand) for operand in operands]
    function = next((o.function for o in operands if isinstance(o, Value)), None)
    if function is None:
        raise CommandError(f"'{name}' is given Python numbers only", rule="an operand at least is a value of a program")
    if any(isinstance(o, SSAValue) and is_tensor(o) for o in terms):
        return Tensor(function, elementwise(function.at, terms, lambda nodes: _node(kind, name, nodes)))
    arithmetic = function.at.arithmetic
    match kind:
        case "unary":
            term = arithmetic.unary(name, terms[0])
        case "call":
            term = arithmetic.call(name, terms)
        case "binary":
            term = arithmetic.binary(name, *terms)
        case "compare":
            term = arithmetic.compare(name, *terms)
    return Scalar(function, arithmetic.value(term))


def _node(kind: Kind, name: str, operands: list[Expression]) -> Expression:
    if kind == "call":
        return Call(name, tuple(operands), NOWHERE)
    if kind == "unary":
        return Unary(name, operands[0], NOWHERE)
    return Binary(name, operands[0], operands[1], NOWHERE)


def raw(operand: object) -> SSAValue | int | float:
    """The value of the IR, or the Python number, that an operand is."""
    match operand:
        case Buffer():
            raise InputError("a buffer takes part in no arithmetic", rule="'load' gives the tensor that a buffer holds")
        case Value():
            return operand.ssa
        case bool():
            return operand
        case numbers.Integral():
            return int(operand)
        case numbers.Real():
            return float(operand)
        case _:
            raise CommandError(
                f"an operand is of Python's type '{type(operand).__name__}'",
                rule="operands are values of the program and Python numbers",
                hint="'constant' makes a tensor of a list or an array",
            )


def _raw_key(key: Any) -> tuple[Any, ...]:
    """The parts of a subscript, with the values of the IR in place of the scalars."""

    def bare(part: Any) -> Any:
        if isinstance(part, slice):
            whole = cast(Any, part)
            return slice(bare(whole.start), bare(whole.stop), bare(whole.step))
        return part if part is None or part is ... else raw(part)

    return tuple(bare(part) for part in (key if isinstance(key, tuple) else (key,)))  # pyright: ignore


def _no_truth() -> CommandError:
    return CommandError(
        "a value of the program has no truth value in Python",
        rule="the program runs later; Python's 'if', 'and', 'or', 'not' and 'while' see numbers only",
        hint="use 'where', '&', '|', '~', or 'if_' and 'for_' of the function",
        places=[caller_place()],
    )
