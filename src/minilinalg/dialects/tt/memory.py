"""Loads and stores through pointers."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import BoolAttr, IntegerAttr, UnitAttr
from xdsl.ir import Attribute, BuiltinAttribute, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    prop_def,
    result_def,
)
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.attributes import CacheModifier, CachePolicyAttr
from minilinalg.dialects.tt.effects import ReadsMemory, WritesMemory, is_true
from minilinalg.dialects.tt.traits import SameEncoding, SameOperandsEncoding, TensorSize, TypesMatch, in_order
from minilinalg.dialects.tt.types import Bool, PointerLike, Value, mask_type, pointee_type

FALSE: BoolAttr = IntegerAttr.from_bool(False)

LOAD_MODIFIERS = (CacheModifier.NONE, CacheModifier.CA, CacheModifier.CG, CacheModifier.CS, CacheModifier.CV)
STORE_MODIFIERS = (CacheModifier.NONE, CacheModifier.WB, CacheModifier.CG, CacheModifier.CS, CacheModifier.WT)


def mask_type_of_pointer(pointer: Attribute) -> Attribute:
    """One i1 for each element of a tensor of pointers."""
    return mask_type(pointee_type(pointer))


MASK_MATCHES = TypesMatch("ptr", "mask", mask_type_of_pointer, "the mask has one i1 for each pointer")


def verify_cache_policy(op: str, policy: Attribute | None, allowed: tuple[CacheModifier, ...]) -> None:
    """Verify that `policy` is a cache policy, and has a modifier that is `allowed` for this access.

    Dialects of targets have richer policies, which are theirs to verify.
    """
    if isinstance(policy, CachePolicyAttr):
        if policy.cache_modifier not in allowed:
            raise VerifyException(
                f"'{op}' has cache modifier {policy.cache_modifier.keyword}: "
                f"it is one of {', '.join(modifier.keyword for modifier in allowed)}"
            )
    elif isinstance(policy, BuiltinAttribute):
        raise VerifyException(f"'{op}' has cache policy {policy}: it is a #tt.cache_policy or a target's own")


@irdl_op_definition
class LoadOp(FormattedOperation):
    """Load the element that a pointer points to, or one for each pointer of a tensor.

    ```mlir
    %x = tt.load %p : tensor<8x!tt.ptr<f32>>
    %y = tt.load %p, %mask, %other {cachePolicy = #tt.cache_policy<cache_modifier = cg,
                                    eviction_policy = evict_first>} : tensor<8x!tt.ptr<f32>>
    ```

    The result has the shape of `ptr` and its pointee type. Where `mask` is false memory is not read, and the element
    is that of `other`; without `other` it is undefined. `isVolatile` makes the load one that is never removed, moved
    or repeated. `cachePolicy` is a hint.
    """

    name = "tt.load"
    SYNTAX: ClassVar = Syntax("$ptr (`,` $mask^)? (`,` $other^)? attr-dict `:` type($ptr)")

    ptr = operand_def(PointerLike)
    mask = opt_operand_def(Bool)
    other = opt_operand_def(Value)
    cache_policy = opt_prop_def(Attribute, prop_name="cachePolicy")
    is_volatile = prop_def(BoolAttr, default_value=FALSE, prop_name="isVolatile")
    result = result_def(Value)

    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = in_order(
        ReadsMemory(),
        TensorSize(),
        SameEncoding(),
        TypesMatch("ptr", "result", pointee_type, "the result has the pointee type"),
        MASK_MATCHES,
        TypesMatch("ptr", "other", pointee_type, "other has the pointee type"),
    )

    def __init__(self, ptr: SSAValue, mask: SSAValue | None = None, other: SSAValue | None = None):
        super().__init__(operands=[ptr, mask, other], result_types=[pointee_type(ptr.type)])

    @property
    def volatile(self) -> bool:
        """Whether the load is volatile."""
        return is_true(self.is_volatile)

    def verify_(self) -> None:
        if self.other is not None and self.mask is None:
            raise VerifyException("'tt.load' has other and no mask: other is what masked-off elements are")
        verify_cache_policy(self.name, self.cache_policy, LOAD_MODIFIERS)


@irdl_op_definition
class StoreOp(FormattedOperation):
    """Store an element through a pointer, or one through each pointer of a tensor.

    ```mlir
    tt.store %p, %x, %mask : tensor<8x!tt.ptr<f32>>
    ```

    `value` has the shape of `ptr` and its pointee type. Where `mask` is false, memory stays as it is. When two
    pointers of a tensor are the same, which of the two elements stays in memory is unspecified. `ignore_cta` says that
    every program of a cluster may do the store. `cachePolicy` is a hint.
    """

    name = "tt.store"
    SYNTAX: ClassVar = Syntax("$ptr `,` $value (`,` $mask^)? attr-dict `:` type($ptr)")

    ptr = operand_def(PointerLike)
    value = operand_def(Value)
    mask = opt_operand_def(Bool)
    cache_policy = opt_prop_def(Attribute, prop_name="cachePolicy")
    ignore_cta = opt_prop_def(UnitAttr)

    traits = in_order(
        WritesMemory(),
        TensorSize(),
        SameOperandsEncoding(),
        TypesMatch("ptr", "value", pointee_type, "the value has the pointee type"),
        MASK_MATCHES,
    )

    def __init__(self, ptr: SSAValue, value: SSAValue, mask: SSAValue | None = None):
        super().__init__(operands=[ptr, value, mask])

    def verify_(self) -> None:
        verify_cache_policy(self.name, self.cache_policy, STORE_MODIFIERS)
