"""Constraints on types that many operations use, made once.

`BaseAttr` looks at the class only; xDSL's `base(TensorType[Attribute])` also checks the parameters, which any tensor
type passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    IndexType,
    IntegerType,
    MemRefType,
    TensorType,
    UnrankedMemRefType,
    UnrankedTensorType,
)
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import AttrConstraint, BaseAttr

RankedTensor = cast("AttrConstraint[TensorType[Attribute]]", BaseAttr(TensorType))
AnyTensor = RankedTensor | cast("AttrConstraint[UnrankedTensorType[Attribute]]", BaseAttr(UnrankedTensorType))
RankedMemRef = cast("AttrConstraint[MemRefType[Attribute]]", BaseAttr(MemRefType))
AnyMemRef = RankedMemRef | cast("AttrConstraint[UnrankedMemRefType[Attribute]]", BaseAttr(UnrankedMemRefType))
Shaped = RankedTensor | RankedMemRef
AnyInteger = BaseAttr(IntegerType) | BaseAttr(IndexType)


def tensor_type(value: SSAValue) -> TensorType[Attribute]:
    """The type of an operand that a constraint above has let through."""
    type_ = value.type
    assert isinstance(type_, TensorType), f"{type_} is no ranked tensor"
    return cast("TensorType[Attribute]", type_)


def memref_type(value: SSAValue) -> MemRefType[Attribute]:
    """The type of an operand that a constraint above has let through."""
    type_ = value.type
    assert isinstance(type_, MemRefType), f"{type_} is no ranked memref"
    return cast("MemRefType[Attribute]", type_)


def shaped_type(value: SSAValue) -> TensorType[Attribute] | MemRefType[Attribute]:
    """The type of an operand that a constraint above has let through."""
    type_ = value.type
    assert isinstance(type_, TensorType | MemRefType), f"{type_} is no ranked tensor or memref"
    return cast("TensorType[Attribute] | MemRefType[Attribute]", type_)


def may_agree(a: Sequence[int], b: Sequence[int]) -> bool:
    """Whether two shapes are, or may turn out to be, the same: of one rank, with equal extents where both are known."""
    return len(a) == len(b) and all(x == y or DYNAMIC_INDEX in (x, y) for x, y in zip(a, b, strict=True))
