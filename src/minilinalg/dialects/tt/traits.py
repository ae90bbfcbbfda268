"""What operations of `tt` promise about their operands and results, as traits that verify it.

Source: Traits.h and TritonInterfaces.td of Triton 3.9, and the traits of MLIR that these build on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from xdsl.dialects.builtin import TensorType
from xdsl.ir import Attribute, Operation, OpTraits, SSAValue
from xdsl.traits import OpTrait
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.types import element_type, encoding_of, is_tensor, shape_of
from minilinalg.kinds import KindTrait

MAX_TENSOR_ELEMENTS = 1 << 20


class OrderedTraits(OpTraits):
    """Traits that are verified in the order of their declaration.

    xDSL verifies them in the order of a hash: an operation that breaks two rules would be told now of one, now of the
    other.
    """

    _in_order: tuple[frozenset[OpTrait], tuple[OpTrait, ...]] | None = None
    """The traits, which grow by `add_trait`, and their order."""

    def __iter__(self) -> Iterator[OpTrait]:
        traits = self.traits
        if self._in_order is None or self._in_order[0] is not traits:
            self._in_order = traits, tuple(dict.fromkeys((*self.gen_traits(), *traits)))
        return iter(self._in_order[1])


def in_order(*traits: OpTrait) -> OrderedTraits:
    """Declare the traits of an operation: those that verify more come later."""
    return OrderedTraits(lambda: traits)


def named_values(op: Operation, name: str) -> tuple[SSAValue, ...]:
    """The values of the operand or result that the definition of `op` calls `name`: one, none or several."""
    values: SSAValue | Sequence[SSAValue] | None = getattr(op, name)
    if values is None:
        return ()
    return (values,) if not isinstance(values, Sequence) else tuple(values)


def all_values(op: Operation) -> Iterator[tuple[str, SSAValue]]:
    """Every operand and result of `op`, with words that say which it is."""
    for i, operand in enumerate(op.operands):
        yield f"operand {i}", operand
    for i, result in enumerate(op.results):
        yield f"result {i}", result


def verify_same(
    op: Operation,
    what: str,
    of: Callable[[Attribute], object],
    values: Iterable[tuple[str, SSAValue]],
) -> None:
    """Verify that `of` gives the same for the types of all `values`; `what` names it in the message."""
    first: tuple[str, SSAValue] | None = None
    for which, value in values:
        if first is None:
            first = (which, value)
        elif of(value.type) != of(first[1].type):
            raise VerifyException(
                f"'{op.name}' has {first[1].type} as {first[0]} and {value.type} as {which}: both have the same {what}"
            )


class TensorSize(KindTrait):
    """A tensor has a static shape, a power of two elements, and no more than 1048576: on every operation of `tt`.

    A layout, once it has one, has as many dimensions. Upstream lets dynamic sizes pass, which no program of Triton has.
    """

    def verify(self, op: Operation) -> None:
        for which, value in all_values(op):
            type = value.type
            if is_tensor(type) and (problem := _size_problem(type)):
                raise VerifyException(f"'{op.name}' has {type} as {which}, {problem}")


def _size_problem(type: TensorType[Attribute]) -> str | None:
    elements = 1
    for size in type.shape.data:
        if size.data < 0:
            return "a dynamic size: the shape of a tensor is static"
        elements *= size.data
    if elements > MAX_TENSOR_ELEMENTS:
        return f"{elements} elements: a tensor has at most {MAX_TENSOR_ELEMENTS}"
    if elements & (elements - 1):
        return f"{elements} elements: the number of elements of a tensor is a power of two"
    rank = getattr(encoding_of(type), "rank", type.get_num_dims())
    if rank != type.get_num_dims():
        return f"with a layout of rank {rank}: a layout has as many dimensions as its tensor"
    return None


class SameShape(KindTrait):
    """All operands and results have the same shape; scalars go with scalars only."""

    def verify(self, op: Operation) -> None:
        verify_same(op, "shape", shape_of, all_values(op))


class SameEncoding(KindTrait):
    """All tensors among operands and results have the same layout, once they have one."""

    def verify(self, op: Operation) -> None:
        tensors = ((which, value) for which, value in all_values(op) if is_tensor(value.type))
        verify_same(op, "layout", encoding_of, tensors)


class LayoutsFollow(KindTrait):
    """The layouts of operands and results agree, once they have one: no element changes its place.

    Either all tensors have a layout or none has. The rules are of the dialect that layouts belong to.
    """

    def verify(self, op: Operation) -> None:
        tensors = [(which, value) for which, value in all_values(op) if is_tensor(value.type)]
        if all(encoding_of(value.type) is None for _, value in tensors):
            return
        for which, value in tensors:
            if encoding_of(value.type) is None:
                raise VerifyException(
                    f"'{op.name}' has {value.type} as {which}, and others with a layout: all tensors have one, or none"
                )
        from minilinalg.dialects.ttg.inference import verify_layouts

        verify_layouts(op)


class SameOperandsShape(KindTrait):
    """All operands have the same shape."""

    def verify(self, op: Operation) -> None:
        verify_same(op, "shape", shape_of, ((f"operand {i}", operand) for i, operand in enumerate(op.operands)))


class SameOperandsEncoding(KindTrait):
    """All tensors among the operands have the same layout."""

    def verify(self, op: Operation) -> None:
        operands = ((f"operand {i}", o) for i, o in enumerate(op.operands) if is_tensor(o.type))
        verify_same(op, "layout", encoding_of, operands)


class SameElementType(KindTrait):
    """All operands and results have the same element type."""

    def verify(self, op: Operation) -> None:
        verify_same(op, "element type", element_type, all_values(op))


@dataclass(frozen=True)
class TypesMatch(KindTrait):
    """The type of value `target` is `of` the type of value `source`, where there is such a value.

    It verifies the operation, and lets the assembly format leave `target`'s type out (or either's, when `of` is
    `same`).
    """

    source: str
    target: str
    of: Callable[[Attribute], Attribute]
    rule: str

    def verify(self, op: Operation) -> None:
        sources = named_values(op, self.source)
        for i, value in enumerate(named_values(op, self.target)):
            source = sources[i if len(sources) > 1 else 0]
            expected = self.of(source.type)
            if value.type != expected:
                raise VerifyException(
                    f"'{op.name}' has {self.target} of type {value.type} where {self.source} is {source.type}: "
                    f"{self.rule}, {expected}"
                )


def same(type: Attribute) -> Attribute:
    """For `TypesMatch`: the very type of the source."""
    return type


class Elementwise(KindTrait):
    """Each element of a result depends on the elements at the same index of the operands, and on no other.

    All tensors have the same shape, and there is a tensor among operands and results, or on neither side.
    """

    def verify(self, op: Operation) -> None:
        results = [is_tensor(result.type) for result in op.results]
        operands = [is_tensor(operand.type) for operand in op.operands]
        if any(operands) and not all(results):
            raise VerifyException(f"'{op.name}' has a tensor operand and a scalar result: both are tensors, or neither")
        if any(results) and not any(operands):
            raise VerifyException(f"'{op.name}' has a tensor result and scalar operands: both are tensors, or neither")
        tensors = ((which, value) for which, value in all_values(op) if is_tensor(value.type))
        verify_same(op, "shape", shape_of, tensors)
