"""Addresses of blocks that follow patterns, some another one than most: read and written as if one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minilinalg.interp.arith.affine import AFFINE_BINARY
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import I32, INDEX
from minilinalg.interp.global_words import read_words, write_words
from minilinalg.interp.lanes import Lanes
from minilinalg.interp.memory import GlobalMemory
from minilinalg.interp.values import Affine, by_pattern, spread


@pytest.mark.parametrize("divisor", [1, 5, 12, 13, 64, 500])
@pytest.mark.parametrize("strides", [(1, 0), (0, 4), (1, 4), (4, 1), (3, 7)])
def test_remainders(strides: tuple[int, int], divisor: int) -> None:
    """A sum of terms where they can be one; wherever programs wrap."""
    offsets = np.array([0, 8, 48, 448, 508] if strides == (1, 4) else [0, 5, 48, 448, 511])
    a = Affine(offsets, strides, (4, 16), I32)
    found = AFFINE_BINARY["arith.remsi"](a, Affine(divisor, (0, 0), a.shape, I32))
    expected = spread(a, a.shape) % divisor
    if found is not None:
        assert np.array_equal(np.broadcast_to(spread(found, a.shape), expected.shape), expected)
    if strides == (1, 4) and divisor in (12, 64, 500):
        assert found is not None, "rows of four wrap as a whole"


def _places(rng: np.random.Generator, kind: str, programs: int, shape: tuple[int, int], size: int) -> Affine:
    starts = {
        "even": np.arange(programs) * 128,
        "some alike": np.arange(programs) // 3 * 256,
        "any": rng.integers(0, 60, programs) * 16,
        "patterns": rng.integers(0, 60, programs) * 16,
    }[kind] + (1 << 32)
    terms: list[Any] = [size, shape[0] * size]
    if kind == "patterns":
        # Most programs have one, some another, and one its own.
        rows = np.tile(rng.permutation(shape[0]) * size, (programs, 1))
        rows[::4], rows[1] = rows[::4, ::-1], 0
        terms = [rows, np.arange(shape[1])[None] * shape[0] * size]
    return Affine(starts, tuple(terms), shape, INDEX)


@pytest.mark.parametrize("kind", ["even", "some alike", "any", "patterns"])
@pytest.mark.parametrize("masked", ["", "alike", "some"])
@pytest.mark.parametrize(("size", "shape"), [(2, (4, 3)), (16, (2, 2)), (4, (64, 17))])
def test_reading_in_any_order(kind: str, masked: str, size: int, shape: tuple[int, int]) -> None:
    rng, programs = np.random.default_rng(0), 9
    memory = GlobalMemory()
    data = rng.integers(0, 255, 1 << 14).astype(np.uint8)
    memory.place([("x", data)])
    c = Chunk(programs, (np.arange(programs), 0, 0), (programs, 1, 1), memory)
    pointer = _places(rng, kind, programs, shape, size)
    whole = np.broadcast_to(spread(pointer, shape), (programs, *shape))
    made = np.ones((programs, *shape), np.bool_)
    if masked == "alike":
        made[:, -1] = False
    elif masked:
        made[2:4] = rng.random((2, *shape)) < 0.5
    lanes = Lanes.of(made if masked != "alike" else made[:1])
    bytes_ = np.stack([data[whole - (1 << 32) + i] for i in range(size)], axis=-1)
    expected = np.where(made[..., None], bytes_, 0)
    found = np.broadcast_to(read_words(c, pointer, lanes, size, shape, "a load"), made.shape)
    assert np.array_equal(np.ascontiguousarray(found).view(np.uint8).reshape(expected.shape), expected)
    for order in (np.arange(found[0].size), rng.permutation(found[0].size)):
        ordered = read_words(c, pointer, lanes, size, shape, "a load", order)
        ordered = np.broadcast_to(ordered, (programs, len(order)))
        assert np.array_equal(ordered, found.reshape(programs, -1)[:, order])


@pytest.mark.parametrize("kind", ["even", "patterns"])
def test_writing_by_patterns(kind: str) -> None:
    rng, programs, shape = np.random.default_rng(0), 9, (4, 3)
    pointer = _places(rng, kind, programs, shape, 4)
    pointer = Affine((1 << 32) + np.arange(programs) * 256, pointer.terms, shape, INDEX)
    memory, data = GlobalMemory(), np.zeros(1 << 12, np.uint8)
    memory.place([("x", data)])
    c = Chunk(programs, (np.arange(programs), 0, 0), (programs, 1, 1), memory)
    words = rng.integers(0, 1 << 30, (programs, *shape)).astype(np.uint32)
    words[1] = words[1, :1]
    write_words(c, pointer, words, None, shape, "a store")
    at = (np.broadcast_to(spread(pointer, shape), words.shape) - (1 << 32)) // 4
    assert np.array_equal(data.view(np.uint32)[at], words)


def test_which_programs_follow_the_pattern_of_the_first() -> None:
    a = Affine(np.arange(3), (np.array([[0, 1], [0, 1], [0, 2]]), 5), (2, 4), INDEX)
    first, odd = by_pattern(a)
    assert odd is not None and odd.tolist() == [False, False, True]
    assert np.array_equal(spread(first, a.shape)[:2], spread(a, a.shape)[:2])
