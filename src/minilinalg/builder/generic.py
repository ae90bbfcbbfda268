"""From a bound comprehension to one `linalg.generic`: indexing maps, iterator types and the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from xdsl.dialects.builtin import DYNAMIC_INDEX, AffineMapAttr
from xdsl.ir import Block, Region, SSAValue
from xdsl.ir.affine import AffineExpr, AffineMap

from minilinalg.builder.arithmetic import (
    COMPARISONS,
    REDUCTIONS,
    WIDENING_REDUCTIONS,
    Term,
    accumulator_type,
    neutral,
    type_of,
)
from minilinalg.builder.binding import Bound, Read
from minilinalg.builder.elements import (
    I64,
    INDEX,
    ElementType,
    element_of,
    is_bool,
    is_float,
    tensor_type,
    widened,
    width,
)
from minilinalg.builder.insertion import Insertion
from minilinalg.builder.ranges import Affine
from minilinalg.builder.syntax import Access, Binary, Call, Expression, Name, Number, Unary
from minilinalg.dialects.upstream import linalg, tensor
from minilinalg.errors import InputError


def make_generic(
    at: Insertion, bound: Bound, values: Mapping[str, SSAValue], dtype: ElementType | None = None
) -> SSAValue:
    """Insert the `linalg.generic` of `bound` and return its result.

    `values` are the operands by name. `dtype` is the type of the result, and of the accumulator of a reduction; without
    it the result has the type of the expression (i64 for an index), sums and products that of `elements.widened`.
    """
    return _Generic(at, bound, values, dtype).make()


class _Generic:
    def __init__(self, at: Insertion, bound: Bound, values: Mapping[str, SSAValue], dtype: ElementType | None):
        self.at = at
        self.bound = bound
        self.values = values
        self.syntax = bound.syntax
        self.reduction = REDUCTIONS.get(bound.syntax.assignment)
        self.extents: dict[str, int | SSAValue] = {}
        self.dtype = element_of(values[self.syntax.target.name]) if bound.accumulates else dtype
        self.block = Block()
        self._add = at.adder(self.block)
        self.arithmetic = at.arithmetic.into(self._add)
        self.inputs: list[SSAValue] = []
        self.maps: list[AffineMap] = []
        self.of_body: dict[str, SSAValue] = {}
        """Index variables and scalar operands, as values of the body."""
        self.widened: dict[SSAValue, SSAValue] = {}

    def make(self) -> SSAValue:
        for read in self.bound.reads:
            self._add_input(self._fitted(read), read.at)
        elements = list(self.block.args)
        value = self._body_value(elements)
        type = cast(ElementType, value.type)
        if unshaped := self.bound.unshaped():
            self._add_input(self.at.empty([self._extent(n) for n in unshaped], type), [*map(Affine.index, unshaped)])
        init = self._init(type)
        accumulator = self.block.insert_arg(type, len(self.block.args))
        if self.reduction is not None:
            value = cast(SSAValue, self.arithmetic.binary(self.reduction, accumulator, value))
        self._add(linalg.YieldOp(value))
        self.maps.append(self._map([Affine.index(name) for name in self.bound.loops[: self.bound.parallel]]))
        parallel = self.bound.parallel
        kinds = [linalg.IteratorTypeAttr.parallel()] * parallel
        kinds += [linalg.IteratorTypeAttr.reduction()] * (len(self.bound.loops) - parallel)
        op = self.at.insert(
            linalg.GenericOp(
                self.inputs, [init], Region(self.block), [AffineMapAttr(m) for m in self.maps], kinds, [init.type]
            )
        )
        return op.results[0]

    def _init(self, type: ElementType) -> SSAValue:
        """What the result is written over: nothing, the operand that it starts from, or neutral values."""
        if self.bound.accumulates:
            init = self.values[self.syntax.target.name]
            self._check_covers(init)
            return init
        sizes = [self._extent(name) for name in self.bound.loops[: self.bound.parallel]]
        if self.reduction is None:
            return self.at.empty(sizes, type)
        return self.at.filled(self.at.arithmetic.constant(neutral(self.reduction, type), type), sizes, type)

    def _extent(self, name: str) -> int | SSAValue:
        """How far a loop runs; what has to be computed for it is computed when it is first asked for."""
        if name not in self.extents:
            self.extents[name] = self.at.size(self.bound.extents[name], self.values)
        return self.extents[name]

    def _map(self, subscripts: Sequence[Affine]) -> AffineMap:
        position = {name: AffineExpr.dimension(i) for i, name in enumerate(self.bound.loops)}
        results: list[AffineExpr] = []
        for subscript in subscripts:
            terms = [position[name] * coefficient for name, coefficient in subscript.terms]
            if subscript.constant or not terms:
                terms.append(AffineExpr.constant(subscript.constant))
            results.append(sum(terms[1:], start=terms[0]))
        return AffineMap(len(position), 0, tuple(results))

    def _add_input(self, value: SSAValue, subscripts: Sequence[Affine]) -> SSAValue:
        self.inputs.append(value)
        self.maps.append(self._map(subscripts))
        return self.block.insert_arg(element_of(value), len(self.block.args))

    def _fitted(self, read: Read) -> SSAValue:
        """The tensor that is read, cut to the ranges: an index by itself runs over the whole of its dimension."""
        value = self.values[read.tensor]
        shape = tensor_type(value).get_shape()
        wanted = {axis: self._extent(s.plain) for axis, s in enumerate(read.at) if s.plain in self.bound.cut}
        if all(size == shape[axis] for axis, size in wanted.items()):
            return value
        sizes = [wanted[axis] if axis in wanted else self.at.dim(value, axis) for axis in range(len(shape))]
        return self.at.slice(value, [0] * len(sizes), sizes, [1] * len(sizes))

    def _check_covers(self, init: SSAValue) -> None:
        shape = tensor_type(init).get_shape()
        for index, size in zip(self.syntax.indices, shape, strict=True):
            extent = self._extent(index.name)
            if isinstance(extent, int) and size != DYNAMIC_INDEX and extent != size:
                raise InputError(
                    f"'{index.name}' takes {extent} values, but the operand '{self.syntax.target.name}' "
                    f"that is added to has {size}",
                    rule="a result that starts from an operand has the shape of that operand",
                    places=[self.syntax.place(index.span)],
                )

    def _body_value(self, elements: Sequence[SSAValue]) -> SSAValue:
        """The expression as a value of the result's type."""
        self.elements = elements
        term = self._term(self.syntax.value)
        type = self.dtype
        if type is None:
            value = self.arithmetic.value(term)
            type = I64 if value.type == INDEX else cast(ElementType, value.type)
            if self.reduction is not None:
                type = accumulator_type(self.reduction, type)
            return self.arithmetic.cast(value, type)
        return self.arithmetic.value(term, type)

    def _term(self, node: Expression) -> Term:
        try:
            return self._unplaced_term(node)
        except InputError as error:
            # An operator of Python has no text to point at: the line of the script says it all.
            raise error.at((self.syntax.place(node.span),) if self.syntax.text else ()) from None

    def _unplaced_term(self, node: Expression) -> Term:
        arithmetic = self.arithmetic
        match node:
            case Number(value):
                return value
            case Name(name) if name in self.bound.operands.constants:
                return self.bound.operands.constants[name]
            case Name(name) if name in self.bound.operands.scalars:
                if name not in self.of_body:
                    self.of_body[name] = self._add_input(self.values[name], ())
                return self.of_body[name]
            case Name(name) if name in self.bound.extents:
                return self._index(name)
            case Name() | Access():
                return self._widen(self._element_at(node))
            case Unary(operator, operand):
                return arithmetic.unary(operator, self._term(operand))
            case Binary(operator, left, right):
                combine = arithmetic.compare if operator in COMPARISONS else arithmetic.binary
                return combine(operator, self._term(left), self._term(right))
            case Call(function, arguments):
                return arithmetic.call(function, [self._term(a) for a in arguments])

    def _element_at(self, node: Access | Name) -> SSAValue:
        if node in self.bound.read_of:
            return self.elements[self.bound.read_of[node]]
        assert isinstance(node, Access)
        source = self.values[node.tensor]
        self.at.check_in_scope(source)
        subscripts = [self._subscript(s) for s in node.subscripts]
        op = tensor.ExtractOp(source, subscripts, element_of(source))
        self._add(op)
        return op.result

    def _subscript(self, node: Expression) -> SSAValue:
        term = self._term(node)
        type = type_of(term)
        if isinstance(term, float) or (type is not None and (is_float(type) or is_bool(type))):
            found = "a float" if type is None else f"a value of type {type}"
            raise InputError(
                f"a subscript is {found}",
                rule="a subscript is an integer or an index",
                places=[self.syntax.place(node.span)],
            )
        return self.arithmetic.value(term, INDEX)

    def _index(self, name: str) -> SSAValue:
        if name not in self.of_body:
            op = linalg.IndexOp(self.bound.loops.index(name))
            self._add(op)
            low = self.bound.lows.get(name, 0)
            self.of_body[name] = cast(SSAValue, self.arithmetic.binary("+", op.result, low)) if low else op.result
        return self.of_body[name]

    def _widen(self, element: SSAValue) -> SSAValue:
        """Sums and products are computed in the accumulator's type from the elements on, so that f16 does not round."""
        type = cast(ElementType, element.type)
        if self.reduction not in WIDENING_REDUCTIONS or is_bool(type):
            return element
        wide = widened(type) if self.dtype is None else self.dtype
        if is_float(wide) != is_float(type) or is_bool(wide) or width(wide) <= width(type):
            return element
        if element not in self.widened:
            self.widened[element] = self.arithmetic.cast(element, wide)
        return self.widened[element]
