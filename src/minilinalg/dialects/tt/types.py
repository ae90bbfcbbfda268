"""The types of `tt`, and the classes of types that its operations take.

Source: TritonTypes.td and TritonTypeEnums.td of Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from typing_extensions import TypeIs, TypeVar
from xdsl.dialects.builtin import (
    AnyFloat,
    ArrayAttr,
    BFloat16Type,
    Float8E4M3FNType,
    Float8E4M3FNUZType,
    Float8E5M2FNUZType,
    Float8E5M2Type,
    Float16Type,
    Float32Type,
    Float64Type,
    IntAttr,
    IntegerType,
    NoneAttr,
    Signedness,
    StringAttr,
    TensorType,
    i1,
)
from xdsl.ir import Attribute, AttributeCovT, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import AttrConstraint, IntConstraint, VerificationContext, irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

AnyTensor: TypeAlias = TensorType[Attribute]

AnyInteger: TypeAlias = IntegerType[int, Signedness]


def is_tensor(type: Attribute) -> TypeIs[AnyTensor]:
    """Whether `type` is a ranked tensor."""
    return isinstance(type, TensorType)


def is_any_integer(type: Attribute) -> TypeIs[AnyInteger]:
    """Whether `type` is an integer type, whatever its width and signedness."""
    return isinstance(type, IntegerType)


def tensor_type(value: SSAValue) -> AnyTensor:
    """The type of a value that the definition of its operation says is a tensor."""
    assert is_tensor(value.type)
    return value.type


ADDRESS_SPACES = ("global", "descriptor", "constant")
GLOBAL = StringAttr("global")


@irdl_attr_definition
class PointerType(ParametrizedAttribute, TypeAttribute):
    """`!tt.ptr<T>` or `!tt.ptr<T, "constant">`: the address of one element of type `T`.

    `T` is an integer or floating-point type; a pointer to a pointer or to a tensor does not exist. The address space
    is one of "global" (the default, not printed), "descriptor" (a tensor descriptor in memory) and "constant".
    """

    name = "tt.ptr"

    pointee_type: Attribute
    address_space: StringAttr

    def __init__(self, pointee_type: Attribute, address_space: StringAttr | str = GLOBAL):
        super().__init__(pointee_type, StringAttr(address_space) if isinstance(address_space, str) else address_space)

    def verify(self) -> None:
        if not isinstance(self.pointee_type, IntegerType | AnyFloat):
            raise VerifyException(f"pointer to {self.pointee_type}: a pointer points to an integer or a float")
        if self.address_space.data not in ADDRESS_SPACES:
            raise VerifyException(
                f"address space {self.address_space}: a pointer is in one of {', '.join(ADDRESS_SPACES)}"
            )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            pointee = parser.parse_type()
            if parser.parse_optional_punctuation(",") is None:
                return (pointee, GLOBAL)
            return (pointee, StringAttr(parser.parse_str_literal("address space")))

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_attribute(self.pointee_type)
            if self.address_space != GLOBAL:
                printer.print_string(", ")
                printer.print_attribute(self.address_space)


@irdl_attr_definition
class TensorDescType(ParametrizedAttribute, TypeAttribute):
    """`!tt.tensordesc<128x64xf16>`: a descriptor through which blocks of 128 x 64 elements are read and written.

    The shape is that of one block, not of the tensor in memory, and is static. A second parameter is the layout that
    the block has in shared memory: any attribute, absent before that layout is chosen.
    """

    name = "tt.tensordesc"

    shape: ArrayAttr[IntAttr]
    element_type: Attribute
    shared_layout: Attribute

    def __init__(self, shape: Sequence[int], element_type: Attribute, shared_layout: Attribute | None = None):
        super().__init__(ArrayAttr([IntAttr(size) for size in shape]), element_type, shared_layout or NoneAttr())

    def get_shape(self) -> tuple[int, ...]:
        """The sizes of one block, in elements."""
        return tuple(size.data for size in self.shape)

    def get_element_type(self) -> Attribute:
        """The element type as it is declared, which may be a signed or unsigned integer."""
        return self.element_type

    @property
    def block_type(self) -> AnyTensor:
        """The type of a tensor that holds one block; integers are signless there, as in every tensor of a kernel."""
        element = self.element_type
        if is_any_integer(element):
            element = IntegerType(element.width.data)
        return TensorType(element, self.get_shape())

    def verify(self) -> None:
        if is_tensor(self.element_type):
            raise VerifyException(
                f"descriptor of {self.element_type}: a descriptor is written with the shape and the element type "
                "themselves, !tt.tensordesc<128x64xf16>"
            )

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            position = parser.pos
            sizes, element = parser.parse_ranked_shape()
            if any(size < 0 for size in sizes):
                parser.raise_error("dynamic size in a descriptor: the shape of a block is static", position)
            layout = parser.parse_attribute() if parser.parse_optional_punctuation(",") else NoneAttr()
        return (ArrayAttr([IntAttr(size) for size in sizes]), element, layout)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            for size in self.shape:
                printer.print_string(f"{size.data}x")
            printer.print_attribute(self.element_type)
            if self.shared_layout != NoneAttr():
                printer.print_string(", ")
                printer.print_attribute(self.shared_layout)


@dataclass(frozen=True)
class TypeClass(AttrConstraint[AttributeCovT]):
    """A set of types with a name, such as "pointer or tensor of pointers".

    `stripped` is the type class that the official format prints without its name, `<f16>` for `!tt.ptr<f16>`,
    where an operand can be of no other class.
    """

    rule: str
    admits: Callable[[Attribute], bool]
    stripped: type[ParametrizedAttribute] | None = None

    def verify(self, attr: Attribute, constraint_context: VerificationContext) -> None:
        if not self.admits(attr):
            raise VerifyException(f"found {attr}, must be {self.rule}")

    def mapping_type_vars(
        self, type_var_mapping: Mapping[TypeVar, AttrConstraint | IntConstraint]
    ) -> TypeClass[AttributeCovT]:
        return self


FLOAT_TYPES = (
    Float8E4M3FNType,
    Float8E4M3FNUZType,
    Float8E5M2Type,
    Float8E5M2FNUZType,
    Float16Type,
    BFloat16Type,
    Float32Type,
    Float64Type,
)
INTEGER_WIDTHS = frozenset((1, 4, 8, 16, 32, 64))

Scalars: TypeAlias = Callable[[Attribute], bool]


def is_float(type: Attribute) -> bool:
    """Whether `type` is one of the float types that a kernel computes with."""
    return isinstance(type, FLOAT_TYPES)


def is_integer(type: Attribute) -> bool:
    """Whether `type` is one of the signless integer types that a kernel computes with."""
    return is_any_integer(type) and type.width.data in INTEGER_WIDTHS and type.signedness.data is Signedness.SIGNLESS


def is_pointer(type: Attribute) -> bool:
    """Whether `type` is a pointer."""
    return isinstance(type, PointerType)


def is_int_of_width(*widths: int) -> Scalars:
    """The predicate of the signless integers of these widths."""
    return lambda type: is_any_integer(type) and is_integer(type) and type.width.data in widths


def tensor_of(rule: str, *scalars: Scalars) -> TypeClass[AnyTensor]:
    """The class of ranked tensors whose elements satisfy one of `scalars`."""
    return TypeClass(rule, lambda type: is_tensor(type) and any(s(type.element_type) for s in scalars))


def like(rule: str, *scalars: Scalars) -> TypeClass[Attribute]:
    """The class of scalars that satisfy one of `scalars`, and of ranked tensors of them."""

    def admits(type: Attribute) -> bool:
        element = type.element_type if is_tensor(type) else type
        return any(s(element) for s in scalars)

    return TypeClass(rule, admits)


Bool = like("i1 or a tensor of it", is_int_of_width(1))
Integer = like("an integer (i1, i4, i8, i16, i32, i64) or a tensor of them", is_integer)
Int64 = like("i64 or a tensor of it", is_int_of_width(64))
Float = like("a float (f8, f16, bf16, f32, f64) or a tensor of them", is_float)
Float32 = like("f32 or a tensor of it", lambda type: isinstance(type, Float32Type))
PointerLike = like("a pointer or a tensor of pointers", is_pointer)
Value = like("an integer, a float, a pointer or a tensor of them", is_float, is_integer, is_pointer)

IntTensor = tensor_of("a tensor of integers (i1, i4, i8, i16, i32, i64)", is_integer)
FloatTensor = tensor_of("a tensor of floats (f8, f16, bf16, f32, f64)", is_float)
FloatIntTensor = tensor_of("a tensor of floats or integers", is_float, is_integer)
Tensor = tensor_of("a tensor of integers, floats or pointers", is_float, is_integer, is_pointer)
RowTensor = tensor_of("a tensor of i16 or i32", is_int_of_width(16, 32))
PackedTensor = tensor_of("a tensor of floats or i8", is_float, is_int_of_width(8))

Pointer: TypeClass[PointerType] = TypeClass("a pointer", is_pointer, PointerType)
Descriptor: TypeClass[TensorDescType] = TypeClass(
    "a tensor descriptor", lambda type: isinstance(type, TensorDescType), TensorDescType
)


def element_type(type: Attribute) -> Attribute:
    """The element type of a tensor; a scalar is its own."""
    return type.element_type if is_tensor(type) else type


def with_element(type: Attribute, element: Attribute) -> Attribute:
    """`type` with another element type: shape and layout stay."""
    return TensorType(element, type.shape, type.encoding) if is_tensor(type) else element


def pointee_type(type: Attribute) -> Attribute:
    """What a load through `type` gives: tensor<8x!tt.ptr<f32>> -> tensor<8xf32>, !tt.ptr<f32> -> f32."""
    pointer = element_type(type)
    if not isinstance(pointer, PointerType):
        raise VerifyException(f"found {type}, must be {PointerLike.rule}")
    return with_element(type, pointer.pointee_type)


def pointer_type(type: Attribute) -> Attribute:
    """The pointers in global memory to values of `type`: the inverse of `pointee_type`."""
    return with_element(type, PointerType(element_type(type)))


def mask_type(type: Attribute) -> Attribute:
    """One i1 for each element of `type`."""
    return with_element(type, i1)


def shape_of(type: Attribute) -> tuple[int, ...] | None:
    """The shape of a tensor, None for a scalar."""
    return type.get_shape() if is_tensor(type) else None


def encoding_of(type: Attribute) -> Attribute | None:
    """The layout of a tensor, None for a scalar or a tensor without one."""
    if not is_tensor(type) or isinstance(type.encoding, NoneAttr):
        return None
    return type.encoding


def without_layout(type: Attribute) -> Attribute:
    """A tensor type without its layout; any other type as it is."""
    return TensorType(type.element_type, type.shape) if is_tensor(type) else type


def types_text(types: Sequence[Attribute]) -> str:
    """Types as they stand in a signature."""
    return ", ".join(map(str, types))
