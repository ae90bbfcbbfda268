"""The types of `simt`: what one thread holds.

A scalar (`i32`, `f32`) is the same in all threads of a block. What differs between threads is a vector of registers,
`vector<8xf16>`: n elements of w bits are ceil(n w / 32) registers of 32 bits, the first element in the lowest bits.
An address of global memory is an i64; one of shared memory an i32, in bytes from the start of the block's own memory.
"""

from __future__ import annotations

from math import prod
from typing import TypeAlias, TypeGuard

from xdsl.dialects.builtin import FixedBitwidthType, Float64Type, VectorType, i1, i32, i64
from xdsl.ir import Attribute, SSAValue
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.types import Scalars, TypeClass, is_float, is_int_of_width, is_integer

ACCESS_BYTES = (1, 2, 4, 8, 16)
"""The sizes of one thread's access to memory."""


AnyVector: TypeAlias = VectorType[Attribute]


def _is_any_vector(type: Attribute) -> TypeGuard[AnyVector]:
    return isinstance(type, VectorType)


def is_vector(type: Attribute) -> TypeGuard[AnyVector]:
    """Whether `type` is a vector of registers: of one dimension and static size."""
    return _is_any_vector(type) and len(type.get_shape()) == 1 and not any(type.get_scalable_dims())


def element_of(type: Attribute) -> Attribute:
    """The element type of a vector, a scalar's own type."""
    return type.element_type if _is_any_vector(type) else type


def count_of(type: Attribute) -> int:
    """How many elements one thread holds of a value of this type."""
    return prod(type.get_shape()) if _is_any_vector(type) else 1


def bits_of(type: Attribute) -> int:
    """The width of one element of `type`, in bits."""
    element = element_of(type)
    assert isinstance(element, FixedBitwidthType)
    return element.bitwidth


def registers_of(type: Attribute) -> int:
    """How many registers of 32 bits a value of `type` takes; an i1 is a predicate, which takes none."""
    return 0 if element_of(type) == i1 else -(-count_of(type) * bits_of(type) // 32)


def vector_like(type: Attribute, element: Attribute) -> Attribute:
    """As many elements of another type: the mask of addresses, say."""
    return VectorType(element, type.get_shape()) if _is_any_vector(type) else element


def mask_of(type: Attribute) -> Attribute:
    """One i1 for each element of `type`."""
    return vector_like(type, i1)


def _vector(rule: str, *scalars: Scalars) -> TypeClass[Attribute]:
    return TypeClass(rule, lambda type: is_vector(type) and any(admits(element_of(type)) for admits in scalars))


def _either(rule: str, *scalars: Scalars) -> TypeClass[Attribute]:
    def admits(type: Attribute) -> bool:
        return (is_vector(type) or not isinstance(type, VectorType)) and any(s(element_of(type)) for s in scalars)

    return TypeClass(rule, admits)


Value = _either("an integer, a float or a vector of them", is_float, is_integer)
Vector = _vector("a vector of integers or floats", is_float, is_integer)
Words = _vector("a vector of numbers of 32 bits", is_int_of_width(32), lambda t: is_float(t) and bits_of(t) == 32)
Mask = _either("i1 or a vector of it", is_int_of_width(1))
MaskVector = _vector("a vector of i1", is_int_of_width(1))
GlobalAddress = _either("i64 or a vector of it", is_int_of_width(64))
GlobalAddresses = _vector("a vector of i64", is_int_of_width(64))
SharedAddress = _either("i32 or a vector of it", is_int_of_width(32))
SharedAddresses = _vector("a vector of i32", is_int_of_width(32))
Number = _vector("a vector of floats or integers", is_integer, is_float)
Accumulator = _vector(
    "a vector of f16, f32, f64 or i32", is_int_of_width(32), lambda t: is_float(t) and bits_of(t) in (16, 32, 64)
)


def access_bytes(op: str, address: SSAValue, data: Attribute) -> int:
    """The bytes of one access, when `address` has one address for each group of elements of `data`.

    Raises VerifyException unless elements divide evenly among the addresses and an access has 1, 2, 4, 8 or 16 bytes.
    """
    addresses, elements = count_of(address.type), count_of(data)
    if isinstance(address.type, VectorType) is not isinstance(data, VectorType):
        raise VerifyException(f"'{op}' of {data} at {address.type}: vectors go with vectors, scalars with scalars")
    size = max(8, bits_of(data)) // 8
    if elements % addresses or elements // addresses * size not in ACCESS_BYTES:
        raise VerifyException(
            f"'{op}' of {data} at {address.type}: each address is that of 1, 2, 4, 8 or 16 bytes, "
            f"which are {' or '.join(str(b // size) for b in ACCESS_BYTES if b >= size)} elements"
        )
    return elements // addresses * size


def is_double(type: Attribute) -> bool:
    """Whether elements take a pair of registers, a 64-bit one in PTX."""
    return isinstance(element_of(type), Float64Type) or element_of(type) == i64


def words(count: int) -> AnyVector:
    """So many registers as numbers."""
    return VectorType(i32, [count])
