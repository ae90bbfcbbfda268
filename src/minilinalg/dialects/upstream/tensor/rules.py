"""Rules that several operations on tensors share."""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    TensorType,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.type import get_element_type_or_self

from minilinalg.dialects.upstream.assembly import counted
from minilinalg.dialects.upstream.constraints import may_agree


def verify_dynamic_sizes(op: Operation, type_: TensorType, sizes: Sequence[SSAValue]) -> None:
    """There is a size for each dynamic dimension."""
    dynamic = type_.get_shape().count(DYNAMIC_INDEX)
    if dynamic != len(sizes):
        raise VerifyException(
            f"'{op.name}' has {counted(len(sizes), 'size')} for {type_}: "
            f"it takes one for each dynamic dimension, here {dynamic}"
        )


def verify_same_elements(op: Operation, *types: Attribute) -> None:
    """All elements are of one type."""
    if len({get_element_type_or_self(type_) for type_ in types}) > 1:
        raise VerifyException(
            f"'{op.name}' has tensors of {' and '.join(map(str, types))}: their elements are of one type"
        )


def agree(a: Attribute, b: Attribute) -> bool:
    """Whether nothing that one tensor type says of rank, sizes and encoding contradicts the other."""
    if not isinstance(a, TensorType) or not isinstance(b, TensorType):
        return True
    return may_agree(a.get_shape(), b.get_shape()) and a.encoding == b.encoding
