"""Masks of threads, by programs; registers, however they lie in memory; what is made of shared memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minilinalg.errors import RunError
from minilinalg.interp.block_memory import WORDS, BlockMemory, Places, PlacesOf
from minilinalg.interp.dtypes import F16, I32
from minilinalg.interp.fragments import Fragments, of_a, of_b, of_c, of_warps, tiled
from minilinalg.interp.lanes import Lanes
from minilinalg.interp.operands import Operand, OperandAsMatrices, in_words
from minilinalg.interp.threads_last import as_threads_last, is_threads_last, registers
from minilinalg.interp.values import Affine, Mask, Partial

numbers = st.integers(-12, 12)


def _mask(offsets: list[int] | int, strides: tuple[int, int], extra: np.ndarray | None) -> Mask:
    offset = offsets if isinstance(offsets, int) else np.array(offsets)
    term = Affine(offset, strides, (4, 3), I32)
    return Mask((term,), () if extra is None else (extra,), (4, 3))


@settings(max_examples=200)
@given(
    offsets=st.one_of(numbers, st.lists(numbers, min_size=5, max_size=5)),
    strides=st.tuples(numbers, numbers),
    extra=st.sampled_from(["none", "one", "all"]),
    seed=st.integers(0, 99),
    written=st.booleans(),
)
def test_lanes_are_the_mask(offsets: Any, strides: Any, extra: str, seed: int, written: bool) -> None:
    rng, programs = np.random.default_rng(seed), 5
    rest = {"none": None, "one": rng.random((1, 4, 3)) < 0.9, "all": rng.random((programs, 1, 1)) < 0.7}[extra]
    mask = _mask(offsets, strides, rest)
    full = np.broadcast_to(mask.array(), (programs, 4, 3))
    lanes = Lanes.of(mask.array() if written else mask)
    if lanes is None:
        assert full.all()
        return
    assert np.array_equal(np.broadcast_to(lanes.array(programs), full.shape), full)
    some = np.array([0, 2, 3])
    part = lanes.of_programs(some)
    assert full[some].all() if part is None else np.array_equal(np.broadcast_to(part.array(3), (3, 4, 3)), full[some])
    if lanes.programs is not None:
        whole = np.zeros(programs, np.bool_)
        whole[lanes.others(programs)] = True
        assert full[whole].all()
        assert not whole[lanes.programs].any()


def test_a_mask_that_holds_in_no_lane_of_the_programs_at_the_edge() -> None:
    """Such a mask is written out as one element for all of these."""
    lanes = Lanes.of(_mask([5, 5, -5, -9, 5], (0, 0), None))
    assert lanes is not None and lanes.programs is not None
    assert lanes.programs.tolist() == [2, 3]
    assert lanes.made.shape[0] == 2


def test_a_mask_that_is_the_same_in_all_programs_is_made_once() -> None:
    lanes = Lanes.of(_mask(2, (-1, 0), np.ones((5, 1, 1), np.bool_)))
    assert lanes is not None and lanes.programs is None
    assert lanes.made[0, :, 0].tolist() == [True, True, True, False]


def test_an_undefined_mask_is_an_error() -> None:
    mask = Partial(np.ones((1, 4, 3), np.bool_), np.zeros((1, 4, 3), np.bool_))
    with pytest.raises(RunError, match="uses as a mask"):
        Lanes.of(mask, "'simt.load_global'")


@given(
    chosen=st.one_of(
        st.lists(st.integers(0, 7), min_size=1, max_size=9),
        st.builds(lambda a, n, s: list(range(a, 8, s))[:n], st.integers(0, 7), st.integers(1, 8), st.integers(1, 3)),
    ),
    order=st.sampled_from(["registers last", "threads last", "a view"]),
    computed=st.booleans(),
)
def test_registers_however_they_lie(chosen: list[int], order: str, computed: bool) -> None:
    x = np.arange(2 * 32 * 8).reshape(2, 32, 8)
    if order == "threads last":
        x = as_threads_last(np.ascontiguousarray(x.swapaxes(1, 2)))
        assert is_threads_last(x)
    elif order == "a view":
        x = np.broadcast_to(x[:, :1], x.shape)
    assert np.array_equal(registers(np.array(chosen), computed=computed)(x), x[..., chosen])


@pytest.mark.parametrize("group", [1, 2])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.bool_])
def test_fragments_there_and_back(group: int, dtype: Any) -> None:
    held = Fragments(of_warps(tiled(of_c(16, 8), (16, 8), (2, 3)), 32 * 24, 4), group)
    matrices = np.random.default_rng(0).integers(0, 2, (3, 4, 32, 24)).astype(dtype)
    out = held.out(matrices)
    assert out.shape == (3, 128, 24)
    assert is_threads_last(out)
    for laid in (out, np.ascontiguousarray(out)):
        assert np.array_equal(held.back(laid).reshape(matrices.shape), matrices)


def _places(low: int, high: int) -> Places:
    of = PlacesOf("'simt.wgmma'", (1, 1), 4, change=lambda a: a[:, :, :1] + np.arange(0, high - low, 4))
    return of(np.array([[[low]]]), 256)


def test_what_is_made_of_shared_memory_is_kept_until_it_changes() -> None:
    memory = BlockMemory(2, 256, tracks=True)
    read, beside, inside = _places(0, 64), _places(64, 96), _places(60, 64)
    for change in ("write", "forget", "update"):
        for _ in range(2):
            # The first time nobody knows that it is wanted again.
            assert memory.made_of(read, None) is None
            memory.keep(read, None, "a matrix")
        assert memory.made_of(read, None) == "a matrix"
        assert memory.made_of(read, slice(0, 1)) is None
        memory.write(beside, np.zeros((1, 1, 8), np.uint32), None, None)
        assert memory.made_of(read, None) == "a matrix"
        if change == "write":
            memory.write(inside, np.zeros((1, 1, 1), np.uint32), None, None)
        elif change == "forget":
            memory.forget(inside, None, None)
        else:
            memory.update(inside, lambda *_: None, np.zeros((1, 1, 1), np.int32), None, None)
        assert memory.made_of(read, None) is None


def test_all_bytes_of_a_matrix_are_undefined_while_a_copy_goes_there() -> None:
    memory = BlockMemory(1, 256, tracks=True)
    read, last = _places(0, 64), _places(60, 64)
    memory.define(read, None, None)
    assert memory.read(read, None)[1] is None
    memory.forget(last, None, None)
    known = memory.read(read, None)[1]
    assert known is not None
    assert not known[..., 60:].any()


@pytest.mark.parametrize(
    ("elements", "word"), [(range(16), 16), (range(4, 20), 8), (range(1, 17), 2), ((0, 1, 6, 7), 4)]
)
def test_matrices_are_read_in_the_widest_words(elements: Any, word: int) -> None:
    numbers = np.array(elements)
    found, index = in_words(numbers.reshape(1, -1), 2)
    assert found == word
    memory = np.arange(64, dtype=np.uint16)
    assert memory.view(WORDS[word])[index].view(np.uint16).tolist() == numbers.tolist()


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("is_right", [False, True])
def test_a_matrix_of_shared_memory_is_that_of_its_registers(is_right: bool, transpose: bool) -> None:
    """However words of 16 bytes lie: what is gathered is what registers hold, as matrices and as registers."""
    threads, rng = 64, np.random.default_rng(0)
    at = tiled(of_b(8, 16, 2), (8, 16), (2, 1)) if is_right else tiled(of_a(16, 16, 2), (16, 16), (1, 1))
    operand = Operand(at, (threads, 8), F16, (16, 16), 2, is_right=is_right)
    bits = 2 if transpose else 4
    words = rng.permutation(1024 // bits)[: threads * 8 * 2 // bits].reshape(1, threads, -1)
    places = Places(words, bits, 0, 1024, None)
    memory = BlockMemory(3, 1024, tracks=False)
    memory.data[...] = rng.integers(0, 120, memory.data.shape)
    gather = operand.gather(places)
    assert gather is not None
    registers_of_threads = memory.read(places, None)[0].reshape(3, -1).view(np.float16).reshape(3, threads, 8)
    held = OperandAsMatrices(operand, gather, gather.read(memory, None, F16))
    assert np.array_equal(held.array(), registers_of_threads)
    assert np.array_equal(operand(held)[0], operand(registers_of_threads)[0])
    some = slice(1, 3)
    assert np.array_equal(gather.read(memory, some, F16), gather.read(memory, np.array([1, 2]), F16))
    joined = OperandAsMatrices.join_programs([(held.take_programs(some), 2), (held.take_programs(slice(0, 1)), 1)])
    assert np.array_equal(joined.array(), registers_of_threads[[1, 2, 0]])
    mixed = OperandAsMatrices.join_programs([(held.take_programs(some), 2), (registers_of_threads[:1], 1)])
    assert np.array_equal(mixed, registers_of_threads[[1, 2, 0]])


def test_words_in_the_order_of_memory() -> None:
    """Written in order, through a permutation, and where blocks are picked: the same words."""
    rng = np.random.default_rng(1)
    places = Places(16 + rng.permutation(32).reshape(1, 8, 4), 4, 64, 192, None)
    assert places.order is not None
    words = rng.integers(0, 1 << 30, (3, 8, 4)).astype(np.uint32)
    for rows in (None, slice(0, 3), np.array([2, 0, 1])):
        given, ordered = (BlockMemory(3, 256, tracks=False) for _ in range(2))
        given.write(places, words, None, rows)
        ordered.write(places, words.reshape(3, -1).take(places.order, axis=1), None, rows)
        assert np.array_equal(given.data, ordered.data)
        assert np.array_equal(given.read(places, rows)[0], words)
    assert Places(np.array([[[0], [0], [2]]]), 4, 0, 12, None).order is None, "one word twice"
    assert Places(np.array([[[0], [2]]]), 4, 0, 12, None).order is None, "a gap"
