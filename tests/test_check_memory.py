"""What a check compares, and the copies that it runs on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mutations import integer_constant
from test_check_numerics import check
from xdsl.dialects.builtin import ModuleOp

from minilinalg.check import Answer, copy_arguments, first_difference, whole_numbers
from minilinalg.errors import CheckError
from minilinalg.interp.memory import GlobalMemory


def test_bits_count_but_not_those_of_nan() -> None:
    def answer(*values: float) -> Answer:
        return Answer((("x", np.array(values, np.float32)),))

    nan = np.array([0x7FC00001], np.uint32).view(np.float32)[0]
    assert first_difference(answer(float("nan")), answer(nan)) is None
    found = first_difference(answer(1.0, 0.0), answer(1.0, -0.0))
    assert found is not None and found.index == (1,) and str(found) == "x[1] was 0.0 and is -0.0"
    assert first_difference(answer(float("inf")), answer(float("inf")), [1e-3]) is None
    assert first_difference(answer(float("inf")), answer(1.0), [1e-3]) is not None
    assert first_difference(answer(1.0), answer(float("nan")), [1e3]) is not None


def test_copies_overlap_as_the_arguments_do() -> None:
    base = np.arange(10, dtype=np.float32)
    other = np.zeros(3, np.float32)
    copies = copy_arguments([base[2:8], 5, base[4:], other, base[::-1]])
    copies[0][2] = 100
    assert copies[2][0] == 100 and base[4] == 4
    assert copies[4].strides == (-4,) and copies[4][5] == 100
    assert copies[1] == 5
    copies[3][:] = 1
    assert not other.any()


def test_read_only_arguments_stay_read_only() -> None:
    array = np.zeros(4, np.float32)
    array.flags.writeable = False
    (copy,) = copy_arguments([array])
    assert not copy.flags.writeable


MARK = """
tt.func public @mark(%x: !tt.ptr<i32>) {
  %row = tt.get_program_id x : i32
  %c10 = arith.constant 10 : i32
  %first = arith.muli %row, %c10 : i32
  %column = arith.constant 6 : i32
  %at = arith.addi %first, %column : i32
  %p = tt.addptr %x, %at : !tt.ptr<i32>, i32
  %one = arith.constant 1 : i32
  tt.store %p, %one : !tt.ptr<i32>
  tt.return
}
"""


def test_bytes_between_the_elements_are_compared() -> None:
    """Memory that no argument shows lies between the rows of a slice, and a kernel can reach it."""
    x = np.zeros((4, 10), np.int32)
    x[:, 6] = 1
    with pytest.raises(CheckError) as caught:
        check(integer_constant(6, 8), "exact", [x[:, :8]], MARK, grid=3)
    assert caught.value.diagnostic.found == (
        "pass 'made-up' changed an answer: byte 32 between the elements of x was 0 and is 1"
    )


def test_a_guard_gap_is_no_memory() -> None:
    with pytest.raises(CheckError, match=r"'tt\.store' is out of bounds: it touches bytes 160 to 164 of argument 'x'"):
        check(integer_constant(6, 10), "exact", [np.ones((4, 10), np.int32)], MARK, grid=4)


def test_what_lies_between_is_copied_too() -> None:
    base = np.arange(20, dtype=np.int32).reshape(2, 10)
    (copy,) = copy_arguments([base[:, 2:5]])
    whole = np.ndarray((13,), np.int32, copy.base, copy.ctypes.data - copy.base.ctypes.data)
    assert (whole == np.arange(2, 15)).all()


def addresses(args: list[Any]) -> list[int]:
    return GlobalMemory().place([(str(i), a) for i, a in enumerate(args)])


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2), (2, 3, 1, 0)])
def test_copies_have_the_addresses_of_the_originals(order: tuple[int, ...]) -> None:
    """A program that looks at addresses sees the same ones in every run: what it makes of them must not differ."""
    base = np.zeros(1000, np.uint8)
    odd = base[3:203].view(np.float32)
    arrays = [base[500:900], odd, np.zeros((5, 5)), base[700:].view(np.int16)[::-1]]
    arrays = [arrays[i] for i in order]
    copies = copy_arguments(arrays)
    assert addresses(copies) == addresses(arrays)
    assert [c.ctypes.data % 64 for c in copies] == [a.ctypes.data % 64 for a in arrays]


def test_empty_arrays_and_arrays_of_rank_0_are_copied_and_compared() -> None:
    whole = np.arange(6, dtype=np.float32)
    empty, inside, scalar = np.empty((0, 3), np.float16), whole[3:3], np.array(7.0, np.float32)
    copies = copy_arguments([empty, inside, scalar, whole, 2.5, 3])
    assert [c.shape for c in copies[:4]] == [(0, 3), (0,), (), (6,)] and copies[4:] == [2.5, 3]
    copies[2][...] = 8
    assert scalar == 7
    one = (np.array(1, np.int32),)
    with pytest.raises(CheckError, match="out was 2 and is 3"):
        check(integer_constant(2, 3), "exact", list(one), STORE_ONE, grid=1)


STORE_ONE = """
tt.func public @f(%out: !tt.ptr<i32>) {
  %two = arith.constant 2 : i32
  tt.store %out, %two : !tt.ptr<i32>
  tt.return
}
"""


def test_a_pass_that_makes_a_kernel_write_a_read_only_argument_is_named() -> None:
    frozen = np.zeros(3, np.int32)
    frozen.flags.writeable = False

    def store_to_it(module: ModuleOp) -> bool:
        store = next(op for op in module.walk() if op.name == "tt.store")
        assert store.parent is not None
        store.operands[0] = store.parent.args[1]
        return True

    text = STORE_ONE.replace("(%out: !tt.ptr<i32>)", "(%out: !tt.ptr<i32>, %x: !tt.ptr<i32>)")
    with pytest.raises(CheckError, match=r"'tt\.store' writes argument 'x', whose array is read-only"):
        check(store_to_it, "exact", [np.zeros(1, np.int32), frozen], text, grid=1)


def test_whole_numbers_take_the_place_of_floats_only() -> None:
    frozen = np.linspace(0, 1, 50).astype(np.float16)
    frozen.flags.writeable = False
    floats, numbers = np.full((3, 4), 0.1, np.float32), np.arange(5, dtype=np.int32)
    new = whole_numbers([floats, numbers, frozen, 0.125, 7, floats.T], 4)
    for made, given in zip((new[0], new[2]), (floats, frozen), strict=True):
        assert made.dtype == given.dtype and made.shape == given.shape
        assert (made == np.round(made)).all() and np.abs(made).max() <= 4 and made.any()
    assert not new[2].flags.writeable
    assert (new[1] == numbers).all() and new[4] == 7
    assert new[3] in (1.0, 2.0)
    # The two that are one array still are.
    new[0][1, 2] = 100
    assert new[5][2, 1] == 100


def test_nothing_of_the_caller_s_changes() -> None:
    x = np.ones((4, 10), np.int32)
    check(lambda module: True, "exact", [x], MARK, grid=4)
    assert (x == 1).all()
