"""What the driver is asked for to make a tensor map, and tensors that TMA cannot copy boxes of."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import bf16, f16, f32, i1, i8

from minilinalg.cuda.driver import Driver
from minilinalg.cuda.tensor_map import MAP_ALIGNMENT, MAP_BYTES, encoded
from minilinalg.dialects.simt.bulk_copy import TensorMapType
from minilinalg.errors import LaunchError, RunError


class Library:
    """Writes down what it is asked for, and fills the map."""

    def __init__(self, code: int = 0):
        self.code, self.asked = code, list[Any]()

    def cuTensorMapEncodeTiled(self, to: int, *arguments: Any) -> int:
        assert to % MAP_ALIGNMENT == 0
        ctypes.memset(to, 0xA5, MAP_BYTES)
        self.asked = [list(each) if isinstance(each, ctypes.Array) else each for each in arguments]
        return self.code

    def cuGetErrorName(self, code: int, name: Any) -> None:
        """The name stays unknown."""


def driver_of(library: Any) -> Driver:
    driver = Driver.__new__(Driver)
    driver.library = library
    return driver


BOX = TensorMapType.of([128, 64], f16, 128)


def test_what_the_driver_is_asked_for() -> None:
    library = Library()
    made = encoded(driver_of(library), "x", BOX, 0x1000, [1000, 80], [96, 1])
    assert made == b"\xa5" * MAP_BYTES
    # f16, two dimensions, the fastest first: sizes, bytes from line to line, a box; 128 bytes of swizzle.
    assert library.asked == [6, 2, 0x1000, [80, 1000], [192], [64, 128], [1, 1], 0, 3, 2, 0]
    encoded(driver_of(library), "x", TensorMapType.of([4, 8, 16], f32, 64), 0, [2, 3, 4], [1 << 20, 4, 1])
    assert library.asked == [7, 3, 0, [4, 3, 2], [16, 4 << 20], [16, 8, 4], [1, 1, 1], 0, 2, 2, 0]
    encoded(driver_of(library), "x", TensorMapType.of([256], i8, 0), 16, [7], [1])
    assert library.asked == [0, 1, 16, [7], [], [256], [1], 0, 0, 2, 0]
    encoded(driver_of(library), "x", TensorMapType.of([8, 16], bf16, 32), 16, [1, 1], [0, 1])
    assert library.asked[0] == 9 and library.asked[8] == 1


BAD: list[tuple[TensorMapType, int, list[int], list[int], str]] = [
    (
        BOX, 0x1008, [8, 8], [8, 1],
        "error: the array of descriptor 'x' begins 8 bytes behind a multiple of 16\n"
        "  rule: TMA copies boxes of tensors that begin at multiples of 16 bytes",
    ),
    (
        BOX, 0, [8, 13], [13, 1],
        "error: stride 0 of descriptor 'x' is 26 bytes\n"
        "  rule: TMA copies boxes of tensors whose strides are multiples of 16 bytes below 1099511627776\n"
        "  hint: rows padded to a multiple of 8 elements",
    ),
    (
        BOX, 0, [8, 8], [1 << 39, 1],
        "error: stride 0 of descriptor 'x' is 1099511627776 bytes\n"
        "  rule: TMA copies boxes of tensors whose strides are multiples of 16 bytes below 1099511627776",
    ),
    (
        BOX, 0, [8, 0], [8, 1],
        "error: size 1 of descriptor 'x' is 0\n"
        "  rule: TMA copies boxes of tensors whose sizes are from 1 to 4294967296",
    ),
    (
        TensorMapType.of([256], i1, 0), 0, [8], [1],
        "error: descriptor 'x' of i1\n"
        "  rule: TMA copies elements of: f16, f32, f64, bf16, i8, i16, i32, i64, f8E4M3FN, f8E5M2",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("type", "address", "sizes", "strides", "said"), BAD)
def test_what_tma_cannot_copy(
    type: TensorMapType, address: int, sizes: list[int], strides: list[int], said: str
) -> None:
    library = Library()
    with pytest.raises(LaunchError) as caught:
        encoded(driver_of(library), "x", type, address, sizes, strides)
    assert str(caught.value) == said
    assert not library.asked


def test_what_the_driver_refuses() -> None:
    with pytest.raises(RunError, match=r"cuTensorMapEncodeTiled failed: unknown error \(1\)"):
        encoded(driver_of(Library(1)), "x", BOX, 0, [8, 8], [8, 1])
    with pytest.raises(RunError, match="the CUDA driver has no cuTensorMapEncodeTiled"):
        encoded(driver_of(np), "x", BOX, 0, [8, 8], [8, 1])
