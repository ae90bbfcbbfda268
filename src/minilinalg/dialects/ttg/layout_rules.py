"""The rules on types that most operations of `ttg` share."""

from __future__ import annotations

from xdsl.ir import Attribute, Operation
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.traits import all_values
from minilinalg.dialects.tt.types import AnyTensor, encoding_of, is_tensor
from minilinalg.dialects.ttg.distributed_layouts import DistributedLayout
from minilinalg.dialects.ttg.types import MemDescType
from minilinalg.errors import InputError
from minilinalg.kinds import KindTrait
from minilinalg.layouts.linear import LinearLayout


class TensorsHaveLayouts(KindTrait):
    """Every tensor among operands and results has a layout of registers."""

    def verify(self, op: Operation) -> None:
        for which, value in all_values(op):
            type = value.type
            if not is_tensor(type):
                continue
            layout = encoding_of(type)
            if not isinstance(layout, DistributedLayout):
                found = f"of layout {layout}" if layout else "without layout"
                raise VerifyException(f"'{op.name}' has {type} as {which}, {found}: a tensor has one of registers here")


def linear_layout_of(type: AnyTensor) -> LinearLayout:
    """The linear layout of a tensor that has one of registers. Raises VerifyException when it does not fit."""
    layout = encoding_of(type)
    assert isinstance(layout, DistributedLayout)
    try:
        return layout.linear_layout(type.get_shape())
    except InputError as error:
        raise VerifyException(error.diagnostic.found) from None


def elements_of(type: Attribute) -> tuple[tuple[int, ...], Attribute]:
    """The shape and element type of a tensor or a view."""
    if isinstance(type, MemDescType):
        return type.get_shape(), type.element_type
    assert is_tensor(type)
    return type.get_shape(), type.element_type


def verify_same_elements(op: Operation, one: Attribute, other: Attribute) -> None:
    """Raises VerifyException unless two types, of tensors or views, have the same shape and element type."""
    if elements_of(one) != elements_of(other):
        raise VerifyException(f"'{op.name}' from {one} to {other}: both have the same shape and element type")


def verify_mutable(op: Operation, type: Attribute) -> None:
    """Raises VerifyException for a view through which nothing may be written."""
    if isinstance(type, MemDescType) and not type.is_mutable:
        raise VerifyException(f"'{op.name}' writes {type}: a view that is written is mutable")


def verify_along_axis(op: Operation, axis: int, view: Attribute, indices: Attribute, values: Attribute) -> None:
    """Raises VerifyException unless `indices` along `axis` fit a view and the values that go there or come from it."""
    (shape, element), (index_shape, _), (value_shape, value_element) = map(elements_of, (view, indices, values))
    if not 0 <= axis < len(shape):
        raise VerifyException(f"'{op.name}' along axis {axis} of {view}: axis is from 0 to {len(shape) - 1}")
    if index_shape != value_shape or element != value_element:
        raise VerifyException(
            f"'{op.name}' of {view} with indices {indices} and values {values}: "
            "there is a value for each index, of the view's element type"
        )
    if len(index_shape) != len(shape):
        raise VerifyException(f"'{op.name}' of {view} with indices {indices}: both have the same rank")
    for dim, (have, want) in enumerate(zip(shape, index_shape, strict=True)):
        if dim != axis and have < want:
            raise VerifyException(
                f"'{op.name}' of {view} with indices {indices}: dimension {dim} of the indices is not larger"
            )
