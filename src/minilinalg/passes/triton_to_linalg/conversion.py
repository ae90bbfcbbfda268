"""What a conversion of one function knows, and where it writes: the shared state of all handlers.

A handler converts one operation: it asks for the new values of its operands (`value`), writes operations at the end of
the current block (`insert`), and says what the results have become (`bind`). Expressions over the old scalar values are
written as operations on `index` (`index`); an expression that was written before, in this block or around it, is not
written again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects.builtin import IndexType, IntegerAttr, TensorType, i8, i64
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.passes import ModulePass

from minilinalg.analysis.bases import is_argument
from minilinalg.analysis.index_expr import Apply, Carried, Condition, Expr, Number, Symbol
from minilinalg.analysis.masks import MaskAnalysis
from minilinalg.analysis.pointers import PointerAnalysis
from minilinalg.analysis.structured import Structured, is_pointer
from minilinalg.dialects import simd
from minilinalg.dialects.address import ToMemRefOp
from minilinalg.dialects.tt.types import AnyTensor, PointerType
from minilinalg.dialects.upstream import arith, linalg, memref, tensor
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes.base import remark
from minilinalg.passes.function_conversion import FunctionConversion
from minilinalg.passes.triton_to_linalg.demand import Demand

INDEX = IndexType()
Handler = Callable[["Conversion", Any], None]

_FUNCTIONS: Mapping[str, type[Operation]] = {
    "min": arith.MinSIOp,
    "max": arith.MaxSIOp,
    "divsi": arith.DivSIOp,
    "remsi": arith.RemSIOp,
}


class Conversion(FunctionConversion):
    """One function on its way. `grid` are its sizes (x, y, z), `programs` the ids, as values of type index."""

    def __init__(
        self,
        ctx: Context,
        run: ModulePass,
        handlers: Mapping[str, Handler],
        pointers: PointerAnalysis,
        masks: MaskAnalysis,
        demand: Demand,
    ):
        super().__init__(ctx, run, handlers)
        self.pointers = pointers
        self.masks = masks
        self.demand = demand
        self.grid: Sequence[SSAValue] = ()
        self.programs: Sequence[SSAValue] = ()
        self.bytes: set[SSAValue] = set()
        """The pointers to booleans that are taken for pointers to bytes."""
        self._offsets: dict[SSAValue, SSAValue] = {}

    # Operations

    def convert_block(self, block: Block) -> None:
        """Converts what is needed of a block, up to its terminator, which its parent deals with."""
        for op in block.ops:
            if (op in self.demand.ops and op is not block.last_op) or op.name == "scf.condition":
                self.convert(op)

    def not_converted(self, op: Operation) -> UnsupportedError:
        """The error for an operation that nothing converts."""
        return self.unsupported(
            op, f"'{op.name}'", "triton-to-linalg has no form for this operation on linalg tensors yet"
        )

    def unsupported(
        self, op: Operation, found: str, rule: str, *places: SSAValue | Operation, hint: str | None = None
    ) -> UnsupportedError:
        """The error for what has no way down; `places` are further operations to name."""
        where = (p for at in (op, *places) for p in places_of(at))
        return UnsupportedError(found, rule=rule, hint=hint, places=tuple(dict.fromkeys(where)))

    def remark(self, op: Operation, text: str) -> None:
        """Says why something was, or was not, done at `op`."""
        remark(self.ctx, self.run, op, text)

    # Values

    def value(self, old: SSAValue) -> SSAValue:
        """What has become of a value that is needed as data.

        An argument that is a pointer has become memory. Pointers into one argument are i64 numbers of elements, counted
        from there; those that point into no one argument are addresses, i64 numbers of bytes.
        """
        if old not in self._values and is_pointer(old.type):
            return self._uniform_pointer(old)
        return self._values[old]

    def data(self, old: SSAValue) -> SSAValue:
        """`value` of what is carried from block to block: of an argument that is a pointer, the number 0."""
        is_memory = is_pointer(old.type) and self.pointers.bases.of(old) is old
        return self._uniform_pointer(old) if is_memory else self.value(old)

    def address_of(self, memory: SSAValue) -> SSAValue:
        """The address at which an argument begins."""

        def make() -> SSAValue:
            pointer = self.insert(memref.ExtractAlignedPointerAsIndexOp(memory)).results[0]
            return self.insert(arith.IndexCastOp(pointer, i64)).result

        return self.once(("address", memory), make)

    def moved(self, address: SSAValue, elements: SSAValue, size: int) -> SSAValue:
        """An address moved by a number of elements of that many bytes."""
        if size != 1:
            width = self.insert(arith.ConstantOp(IntegerAttr(size, i64))).result
            elements = self.insert(arith.MuliOp(elements, width)).result
        return self.insert(arith.AddiOp(address, elements)).result

    def memory(self, base: SSAValue) -> SSAValue:
        """What a pointer points to, as a memref that begins there: an argument, or memory at an address.

        Of a tensor of pointers, it is all memory, which begins at address 0.
        """
        if is_argument(base):
            return self.value(base)
        element = self.element_in_memory(base)
        if as_tensor(base.type) is None:
            address = self.value(base)
            return self.once(("memory", base), lambda: ToMemRefOp(address, element).memory)
        zero = self.once((i64, 0), lambda: arith.ConstantOp(IntegerAttr(0, i64)).result)
        return self.once(("memory", element), lambda: ToMemRefOp(zero, element).memory)

    def element_in_memory(self, pointer: SSAValue) -> Attribute:
        """The type in memory of what a pointer points to."""
        type = element_of(pointer.type)
        assert isinstance(type, PointerType)
        return i8 if pointer in self.bytes else type.pointee_type

    def _uniform_pointer(self, old: SSAValue) -> SSAValue:
        state = self.pointers.of(old)
        assert isinstance(state, Structured) and state.is_uniform, f"{old} was not converted"
        offset = self.index(state.offset)
        number = self.once((i64, offset), lambda: arith.IndexCastOp(offset, i64).result)
        if state.base is not None and not is_argument(state.base):
            start, size, elements = self.value(state.base), pointee_bytes(old.type), number
            number = self.once(("address", start, number), lambda: self.moved(start, elements, size))
        type = data_type(old.type)
        if as_tensor(type) is None:
            return number
        empty = self.insert(tensor.EmptyOp((), type)).tensor
        return self.insert(linalg.FillOp([number], [empty], [empty.type])).results[0]

    def bind_offset(self, carried: SSAValue, new: SSAValue) -> None:
        """Says which index is the offset of a carried tensor or pointer."""
        self._offsets[carried] = new

    # Index arithmetic

    def number(self, value: int) -> SSAValue:
        """A constant of type index."""
        return self.once(value, lambda: arith.ConstantOp(IntegerAttr(value, INDEX)).result)

    def size(self, expr: Expr) -> SSAValue | int:
        """An expression as an entry of a list of offsets, sizes or strides: a number when it is one."""
        constant = expr.constant
        return self.index(expr) if constant is None else constant

    def index(self, expr: Expr) -> SSAValue:
        """An expression as a value of type index."""
        constant = expr.constant
        return self.number(constant) if constant is not None else self.once(expr, lambda: self._sum(expr))

    def condition(self, condition: Condition) -> SSAValue:
        """A condition as an i1."""
        if isinstance(condition.of, Expr):
            below = arith.CmpiOp(self.index(condition.of), self.number(0), "slt")
            return self.once(condition, lambda: below.result)
        value = self.value(condition.of)
        if not condition.negated:
            return value
        return self.once(condition, lambda: self._not(value))

    def _not(self, value: SSAValue) -> SSAValue:
        true = self.insert(arith.ConstantOp(IntegerAttr(-1, 1)))
        return arith.XOrIOp(value, true.result).result

    def _sum(self, expr: Expr) -> SSAValue:
        total: SSAValue | None = None
        # A term to start from that need not be subtracted from zero.
        for monomial, coefficient in sorted(expr.terms, key=lambda term: term[1] < 0 or not term[0]):
            product = self._product(monomial, abs(coefficient))
            if total is None:
                total = product if coefficient > 0 else self._binary(arith.SubiOp, self.number(0), product)
            else:
                total = self._binary(arith.AddiOp if coefficient > 0 else arith.SubiOp, total, product)
        assert total is not None
        return total

    def _product(self, monomial: Sequence[Symbol], coefficient: int) -> SSAValue:
        factors = [self._symbol(symbol) for symbol in monomial]
        if coefficient != 1 or not factors:
            factors.append(self.number(coefficient))
        product = factors[0]
        for factor in factors[1:]:
            product = self._binary(arith.MuliOp, product, factor)
        return product

    def _symbol(self, symbol: Symbol) -> SSAValue:
        match symbol:
            case Number(value):
                return self.as_index(value)
            case Carried(value):
                return self._offsets[value]
            case Apply("select", (then, otherwise), condition):
                assert condition is not None
                operands = self.condition(condition), self.index(then), self.index(otherwise)
                return self.once(symbol, lambda: arith.SelectOp(*operands).result)
            case Apply(function, operands):
                value = self.index(operands[0])
                for operand in operands[1:]:
                    value = self._binary(_FUNCTIONS[function], value, self.index(operand))
                return value

    def _binary(self, make: Any, lhs: SSAValue, rhs: SSAValue) -> SSAValue:
        return self.once((make, lhs, rhs), lambda: make(lhs, rhs).result)

    def as_index(self, old: SSAValue) -> SSAValue:
        """A scalar integer as an index: a program id or a new value of that type as it is, others sign-extended."""
        new = self._values.get(old, old)
        if isinstance(new.type, IndexType):
            return new
        source = new.owner
        # Ids and sizes of the grid were indices before, and fit the type that they were cast to.
        if isinstance(source, arith.IndexCastOp) and source.input in (*self.programs, *self.grid):
            return source.input
        return self.once(("index", new), lambda: arith.IndexCastOp(new, INDEX).result)


def data_type(type: Attribute) -> Attribute:
    """The type of a value that is needed as data: pointers are i64 numbers of elements."""
    shaped = as_tensor(type)
    if shaped is None:
        return i64 if isinstance(type, PointerType) else type
    return TensorType(i64, shaped.get_shape()) if isinstance(shaped.element_type, PointerType) else type


def pointee_bytes(type: Attribute) -> int:
    """The bytes between two elements that a pointer, or a tensor of them, points to."""
    pointer = element_of(type)
    assert isinstance(pointer, PointerType)
    return simd.element_bytes(pointer.pointee_type)


def element_of(type: Attribute) -> Attribute:
    """The element type of a tensor, or the type itself."""
    return getattr(type, "element_type", type)


def as_tensor(type: Attribute) -> AnyTensor | None:
    """The type as that of a tensor, None when it is a scalar."""
    return cast("AnyTensor", type) if isinstance(type, TensorType) else None
