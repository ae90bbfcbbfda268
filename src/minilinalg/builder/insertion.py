"""Where the next operation goes, and what every part of the builder makes: constants, sizes, empty tensors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, MemRefType, NoneAttr, StridedLayoutAttr, TensorType
from xdsl.ir import Attribute, Block, Operation, SSAValue

from minilinalg.builder.arithmetic import Arithmetic
from minilinalg.builder.elements import INDEX, ElementType, element_of, is_float, is_tensor, tensor_type, type_name
from minilinalg.builder.places import caller_location
from minilinalg.builder.sizes import Dim, FloorDivided, Minimum, ScalarSize, Scaled, Size, Sum
from minilinalg.dialects.upstream import linalg, memref, tensor
from minilinalg.errors import InputError


class Insertion:
    """The end of the innermost open block of one function.

    Every operation gets the line of the user's script as its location. Constants go to the top of the function, one
    for each value and type, as canonicalization would leave them.
    """

    def __init__(self, entry: Block):
        self.entry = entry
        self.open: list[Block] = []
        """The blocks that are being filled, outermost first, none outside of the function's `with` block. They hang
        together only when they are closed."""
        self.arithmetic = Arithmetic(self.insert, self._insert_constant)
        self._last_constant: Operation | None = None

    @property
    def block(self) -> Block:
        if not self.open:
            raise InputError(
                "the function is not open",
                rule="operations are made inside of the 'with' block of their function",
            )
        return self.open[-1]

    def insert(self, op: Operation) -> Operation:
        op.location = caller_location()
        block = self.block
        for operand in op.operands:
            self.check_in_scope(operand)
        block.add_op(op)
        return op

    def _insert_constant(self, op: Operation) -> None:
        op.location = caller_location()
        if self._last_constant is not None:
            self.entry.insert_op_after(op, self._last_constant)
        elif self.entry.first_op is not None:
            self.entry.insert_op_before(op, self.entry.first_op)
        else:
            self.entry.add_op(op)
        self._last_constant = op

    def adder(self, block: Block) -> Callable[[Operation], None]:
        """Adds operations to `block`, the body of an operation that the user's call makes."""
        location = caller_location()

        def add(op: Operation) -> None:
            op.location = location
            block.add_op(op)

        return add

    def check_in_scope(self, value: SSAValue) -> None:
        """InputError when `value` was made in a block that is closed, or in another function."""
        owner = value.owner if isinstance(value.owner, Block) else value.owner.parent_block()
        if not any(block is owner for block in self.open):
            raise InputError(
                "a value is used outside of the function, loop or branch that it was made in",
                rule="a value can be used in the block that it was made in, and in blocks inside that one",
                hint="yield it from the loop or branch, and use its result",
            )

    def index(self, value: int | SSAValue) -> SSAValue:
        return self.arithmetic.value(value, INDEX)

    def size(self, size: Size, values: Mapping[str, SSAValue]) -> int | SSAValue:
        """`size` as a number, or as the value that computes it; `values` are the operands that it may name."""
        match size:
            case int():
                return size
            case Dim(name, axis):
                return self.dim(values[name], axis)
            case ScalarSize(name):
                if is_float(values[name].type):
                    raise InputError(f"the range ends at the float '{name}'", rule="a range ends at an integer")
                return self.index(values[name])
            case Sum(parts):
                return self._chain("+", parts, values)
            case Minimum(parts):
                return self._chain("min", parts, values)
            case Scaled(inner, factor):
                return self._index_binary("*", self.size(inner, values), factor)
            case FloorDivided(inner, divisor):
                return self._index_binary("//", self.size(inner, values), divisor)

    def _chain(self, symbol: str, parts: Sequence[Size], values: Mapping[str, SSAValue]) -> int | SSAValue:
        result = self.size(parts[0], values)
        for part in parts[1:]:
            result = self._index_binary(symbol, result, self.size(part, values))
        return result

    def _index_binary(self, symbol: str, a: int | SSAValue, b: int | SSAValue) -> int | SSAValue:
        return cast("int | SSAValue", self.arithmetic.binary(symbol, a, b))

    def dim(self, value: SSAValue, axis: int) -> int | SSAValue:
        """The size of a tensor's dimension: a number when its type says it, else `tensor.dim`."""
        size = tensor_type(value).get_shape()[axis]
        return size if size != DYNAMIC_INDEX else self.insert(tensor.DimOp(value, self.index(axis))).results[0]

    def sizes(self, value: SSAValue) -> list[int | SSAValue]:
        return [self.dim(value, axis) for axis in range(tensor_type(value).get_num_dims())]

    def slice(
        self,
        value: SSAValue,
        offsets: Sequence[int | SSAValue],
        sizes: Sequence[int | SSAValue],
        strides: Sequence[int],
        dropped: Collection[int] = (),
    ) -> SSAValue:
        """`tensor.extract_slice`; the axes in `dropped` have size one and are left out of the result."""
        shape = [s if isinstance(s, int) else DYNAMIC_INDEX for i, s in enumerate(sizes) if i not in dropped]
        type = TensorType(element_of(value), shape)
        return self.insert(tensor.ExtractSliceOp(value, offsets, sizes, strides, type)).results[0]

    def position(self, value: SSAValue | int | float) -> int | SSAValue:
        """An integer, or a value as an index; InputError for what is neither."""
        if isinstance(value, float) or (isinstance(value, SSAValue) and (is_float(value.type) or is_tensor(value))):
            found = "a float" if isinstance(value, float) else f"a value of type {type_name(value.type)}"
            raise InputError(f"{found} is no position", rule="a position is an integer or an index")
        return value if isinstance(value, int) else self.index(value)

    def row_major(self, sizes: Sequence[int | SSAValue]) -> list[int | SSAValue]:
        """The strides of elements in row-major order without gaps."""
        strides: list[int | SSAValue] = [1]
        for size in reversed(sizes[1:]):
            strides.append(self._index_binary("*", strides[-1], size))
        return strides[::-1] if sizes else []

    def view(
        self,
        base: SSAValue,
        offset: int | SSAValue,
        sizes: Sequence[int | SSAValue],
        strides: Sequence[int | SSAValue],
    ) -> SSAValue:
        """`memref.reinterpret_cast`: a strided view of memory that starts at an element."""
        layout = StridedLayoutAttr(
            [s if isinstance(s, int) else NoneAttr() for s in strides],
            offset if isinstance(offset, int) else NoneAttr(),
        )
        element = cast("MemRefType[Attribute]", base.type).element_type
        type = MemRefType(element, [s if isinstance(s, int) else DYNAMIC_INDEX for s in sizes], layout)
        return self.insert(memref.ReinterpretCastOp.from_dynamic(base, [offset], sizes, strides, type)).results[0]

    def empty(self, sizes: Sequence[int | SSAValue], type: ElementType) -> SSAValue:
        """`tensor.empty`, a tensor whose elements are undefined."""
        shape = [s if isinstance(s, int) else DYNAMIC_INDEX for s in sizes]
        dynamic = [s for s in sizes if isinstance(s, SSAValue)]
        return self.insert(tensor.EmptyOp(dynamic, TensorType(type, shape))).results[0]

    def filled(self, value: SSAValue, sizes: Sequence[int | SSAValue], type: ElementType) -> SSAValue:
        """A tensor all of whose elements are `value`."""
        if type == INDEX:
            raise InputError(
                "a tensor of indices is filled",
                rule="'linalg.fill' fills with floats and integers",
                hint="i64 holds the same numbers",
            )
        return self.insert(linalg.FillOp([value], [self.empty(sizes, type)])).results[0]
