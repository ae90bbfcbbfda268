"""Tensor maps: what TMA copies boxes of a tensor by, as the driver encodes them (cuTensorMapEncodeTiled)."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from minilinalg.codegen.ptx.bulk_copy import MAP_ALIGNMENT
from minilinalg.codegen.ptx.elements import kind_of
from minilinalg.cuda.driver import Driver
from minilinalg.dialects.simt.bulk_copy import GRANULE, TensorMapType
from minilinalg.dialects.simt.tensor_maps import MAP_BYTES
from minilinalg.dialects.simt.types import bits_of
from minilinalg.errors import LaunchError

# Numbers of cuda.h.
TYPES = {"f16": 6, "f32": 7, "f64": 8, "bf16": 9, "i8": 0, "i16": 1, "i32": 2, "i64": 4, "f8E4M3FN": 0, "f8E5M2": 0}
SWIZZLES = {0: 0, 32: 1, 64: 2, 128: 3}
FLAT, BY_128_BYTES, ZEROS = 0, 2, 0
"""No interleaving; what the second-level cache fetches at a time; what is read outside of the tensor."""

MOST_SIZE, MOST_STRIDE = 1 << 32, 1 << 40


def encoded(
    driver: Driver, name: str, type: TensorMapType, address: int, sizes: Sequence[int], strides: Sequence[int]
) -> bytes:
    """The 128 bytes of a map. sizes and strides: in elements, the fastest dimension last.

    Raises LaunchError for a tensor that TMA cannot copy boxes of.
    """
    kind = kind_of(type.element_type)
    if kind not in TYPES:
        raise LaunchError(f"descriptor '{name}' of {kind}", rule=f"TMA copies elements of: {', '.join(TYPES)}")
    width = bits_of(type.element_type) // 8
    if address % GRANULE:
        raise LaunchError(
            f"the array of descriptor '{name}' begins {address % GRANULE} bytes behind a multiple of {GRANULE}",
            rule=f"TMA copies boxes of tensors that begin at multiples of {GRANULE} bytes",
        )
    for dim, size in enumerate(sizes):
        if not 0 < size <= MOST_SIZE:
            raise LaunchError(
                f"size {dim} of descriptor '{name}' is {size}",
                rule=f"TMA copies boxes of tensors whose sizes are from 1 to {MOST_SIZE}",
            )
    for dim, stride in enumerate(strides[:-1]):
        if stride * width % GRANULE or not 0 <= stride * width < MOST_STRIDE:
            raise LaunchError(
                f"stride {dim} of descriptor '{name}' is {stride * width} bytes",
                rule=f"TMA copies boxes of tensors whose strides are multiples of {GRANULE} bytes below {MOST_STRIDE}",
                hint=f"rows padded to a multiple of {GRANULE // width} elements" if stride * width % GRANULE else None,
            )
    rank = len(sizes)
    narrow = ctypes.c_uint32 * rank
    memory = ctypes.create_string_buffer(MAP_BYTES + MAP_ALIGNMENT)
    start = -ctypes.addressof(memory) % MAP_ALIGNMENT
    driver.call(
        "cuTensorMapEncodeTiled",
        ctypes.addressof(memory) + start,
        TYPES[kind],
        rank,
        address,
        (ctypes.c_uint64 * rank)(*reversed(sizes)),
        (ctypes.c_uint64 * (rank - 1))(*(stride * width for stride in reversed(strides[:-1]))),
        narrow(*reversed(type.get_shape())),
        narrow(*[1] * rank),
        FLAT,
        SWIZZLES[type.swizzle.data],
        BY_128_BYTES,
        ZEROS,
    )
    return memory.raw[start : start + MAP_BYTES]
