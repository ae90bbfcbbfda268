"""Linear layouts: the algebra as properties, every kind against textbook formulas element by element, conversions
against moving elements about, bank conflicts and swizzles against counting and trying all."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations, product
from math import prod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilinalg.errors import InputError
from minilinalg.layouts.banks import bank_conflicts, fullest_bank, shared_access, vector_width
from minilinalg.layouts.conversion import Movement, conversion
from minilinalg.layouts.distributed import blocked, blocked_dot_operand, linear, slice_of
from minilinalg.layouts.gf2 import Span, apply, complement, independent, intersection, rank
from minilinalg.layouts.linear import LinearLayout
from minilinalg.layouts.mma import mma_dot_operand, nvidia_mma
from minilinalg.layouts.shared import SharedLayout, nvmma_shared, padded_shared, swizzled_shared
from minilinalg.layouts.swizzling import swizzle_for

VECTORS = st.lists(st.integers(0, 63), max_size=7)


def elements(vectors: Iterable[int]) -> set[int]:
    """All sums, by trying all."""
    sums = {0}
    for vector in vectors:
        sums |= {vector ^ each for each in sums}
    return sums


@given(VECTORS, VECTORS)
def test_spaces_are_the_sets_of_their_sums(left: list[int], right: list[int]) -> None:
    span, sums = Span(left), elements(left)
    assert {vector for vector in range(64) if vector in span} == sums
    assert 1 << rank(left) == len(sums) == 1 << len(independent(left))
    assert elements(intersection(left, right)) == sums & elements(right)
    assert len(intersection(left, right)) == rank(intersection(left, right))
    assert len(elements([*left, *complement(left, 6)])) == 64 and rank(left) + len(complement(left, 6)) == 6
    for vector in sums:
        terms = span.solve(vector)
        assert terms is not None and apply(left, terms) == vector


@given(st.integers(0, 5).flatmap(lambda n: st.tuples(st.permutations(range(n)), st.lists(st.integers(0, 31)))))
def test_a_bijection_undone_is_the_identity(drawn: tuple[list[int], list[int]]) -> None:
    order, additions = drawn
    columns = [1 << position for position in order]
    for number, addition in enumerate(additions):
        if len(columns) > 1:
            # Adding one column to another keeps the map invertible.
            columns[number % len(columns)] ^= columns[(number + 1 + addition % (len(columns) - 1)) % len(columns)]
    half = len(columns) // 2
    layout = LinearLayout(
        (("a", tuple(columns[:half])), ("b", tuple(columns[half:]))), (("x", 1), ("y", max(len(columns) - 1, 0)))
    )
    if not columns:
        layout = LinearLayout((("a", ()), ("b", ())), (("x", 0), ("y", 0)))
    assert layout.is_invertible
    there_and_back = layout.compose(layout.inverse())
    units = [1 << bit for bit in range(len(columns))]
    assert list(there_and_back.columns) == units
    assert list(layout.inverse().compose(layout).columns) == units
    assert layout.inverse().inverse() == layout


def small_layouts(outs: dict[str, int]) -> st.SearchStrategy[LinearLayout]:
    basis = st.tuples(*(st.integers(0, size - 1) for size in outs.values()))
    bases = st.dictionaries(st.sampled_from(["register", "lane"]), st.lists(basis, max_size=4), min_size=1)
    return bases.map(lambda drawn: LinearLayout.of(drawn, outs))


OUTS = {"dim0": 8, "dim1": 4}


@given(small_layouts(OUTS), small_layouts(OUTS), st.integers(0, 15), st.integers(0, 15))
def test_a_product_has_both_side_by_side(left: LinearLayout, right: LinearLayout, low: int, high: int) -> None:
    both = left * right
    assert both.shape == (64, 16)
    for name in both.in_names:
        below, above = left.in_size(name), right.in_size(name)
        low_part, high_part = low % below, high % above
        ours = both.apply(**{name: low_part + below * high_part})
        first = left.apply(**{name: low_part}) if name in left.masks else (0, 0)
        second = right.apply(**{name: high_part}) if name in right.masks else (0, 0)
        assert ours == (first[0] + 8 * second[0], first[1] + 4 * second[1])
    quotient = both.divide_left(left)
    assert quotient is not None and (left * quotient).with_ins(both.in_names) == both


@given(small_layouts(OUTS), st.integers(0, 15), st.integers(0, 15))
def test_a_layout_is_linear(layout: LinearLayout, one: int, other: int) -> None:
    for name in layout.in_names:
        size = layout.in_size(name)
        a, b = one % size, other % size
        parts = zip(layout.apply(**{name: a}), layout.apply(**{name: b}), strict=True)
        assert layout.apply(**{name: a ^ b}) == tuple(x ^ y for x, y in parts)


def held(layout: LinearLayout) -> dict[tuple[int, ...], tuple[int, ...]]:
    """Every place, as an index per input dimension, and the element that it holds."""
    names = layout.in_names
    return {
        place: layout.apply(**dict(zip(names, place, strict=True)))
        for place in product(*(range(layout.in_size(name)) for name in names))
    }


def counter(index: int, sizes: Sequence[int], order: Sequence[int]) -> list[int]:
    """The digits of `index` in a box of these sizes, `order[0]` fastest."""
    digits = [0] * len(sizes)
    for dim in order:
        digits[dim], index = index % sizes[dim], index // sizes[dim]
    return digits


BLOCKED = [
    ((16, 32), (1, 4), (4, 8), (4, 1), (1, 0)),
    ((64, 64), (2, 2), (8, 4), (2, 2), (0, 1)),
    ((8, 8), (1, 4), (4, 8), (4, 1), (1, 0)),
    ((1, 256), (1, 1), (1, 32), (1, 4), (1, 0)),
    ((4, 8, 32), (1, 2, 4), (2, 2, 8), (1, 2, 2), (2, 0, 1)),
    ((128,), (4,), (32,), (2,), (0,)),
    ((1,), (4,), (32,), (1,), (0,)),
]


@pytest.mark.parametrize("case", BLOCKED, ids=str)
def test_blocked_by_counting_boxes(case: tuple[tuple[int, ...], ...]) -> None:
    shape, thread, lanes, warps, order = case
    expected: dict[tuple[int, int], set[tuple[int, ...]]] = {}
    tile = [a * b * c for a, b, c in zip(thread, lanes, warps, strict=True)]
    for lane, warp in product(range(prod(lanes)), range(prod(warps))):
        corner = [
            (w * n + i) * t
            for w, n, i, t in zip(counter(warp, warps, order), lanes, counter(lane, lanes, order), thread, strict=True)
        ]
        boxes = [
            {
                (c + offset + tile[dim] * turn) % size
                for offset in range(thread[dim])
                for turn in range(-(-size // tile[dim]))
            }
            for dim, (c, size) in enumerate(zip(corner, shape, strict=True))
        ]
        expected[lane, warp] = set(product(*boxes))
    found: dict[tuple[int, int], list[tuple[int, ...]]] = {}
    for (_, lane, warp, _), element in held(blocked(*case)).items():
        found.setdefault((lane, warp), []).append(element)
    assert {thread: set(each) for thread, each in found.items()} == expected
    assert all(len(each) == len(set(each)) for each in found.values()), "a thread holds no element twice"


def test_blocks_of_a_cluster_share_a_tensor() -> None:
    layout = blocked((32, 64), (1, 4), (4, 8), (4, 1), (1, 0), [[1, 0], [0, 0]])
    assert layout.bases("block") == [(16, 0), (0, 0)]
    part = blocked((16, 64), (1, 4), (4, 8), (4, 1), (1, 0))
    for (register, lane, warp, block), element in held(layout).items():
        one = part.apply(register=register, lane=lane, warp=warp)
        assert element == (one[0] + 16 * (block % 2), one[1])


def test_accumulators_by_the_formula_of_the_isa() -> None:
    """PTX ISA: c0, c1 in row lane / 4, c2, c3 eight below, columns 2 * (lane % 4) and the next."""
    two = nvidia_mma((64, 32), 2, [2, 2], [16, 8])
    for (register, lane, warp, _), element in held(two).items():
        row = lane // 4 + 8 * (register // 2 % 2) + 16 * (warp // 2) + 32 * (register // 8)
        column = 2 * (lane % 4) + register % 2 + 8 * (warp % 2) + 16 * (register // 4 % 2)
        assert element == (row, column)
    three = nvidia_mma((128, 64), 3, [4, 1], [16, 64, 16])
    for (register, lane, warp, _), element in held(three).items():
        row = 16 * warp + lane // 4 + 8 * (register // 2 % 2) + 64 * (register // 32)
        assert element == (row, 8 * (register // 4 % 8) + 2 * (lane % 4) + register % 2)


def test_operands_by_the_formula_of_the_isa() -> None:
    """PTX ISA, m16n8k16 with 16-bit elements: a0..a7 and b0..b3."""
    a = mma_dot_operand((16, 16), 0, 2, 2, [1, 1], [16, 8])
    for (register, lane, _, _), element in held(a).items():
        row = lane // 4 + (8 if register in (2, 3, 6, 7) else 0)
        assert element == (row, 2 * (lane % 4) + register % 2 + (8 if register >= 4 else 0))
    b = mma_dot_operand((16, 8), 1, 2, 2, [1, 1], [16, 8])
    for (register, lane, _, _), element in held(b).items():
        assert element == (2 * (lane % 4) + register % 2 + (8 if register >= 2 else 0), lane // 4)


def test_operands_are_where_the_product_needs_them() -> None:
    """A thread's accumulator rows are among the rows that its warp holds of a, its columns among those of b."""
    shape, warps = (64, 64), [2, 4]
    c = nvidia_mma(shape, 2, warps, [16, 8])
    a, b = (mma_dot_operand(shape, operand, 2, 2, warps, [16, 8]) for operand in (0, 1))
    blocked_c = ((1, 2), (4, 8), (4, 2), (1, 0))
    c_plain = blocked(shape, *blocked_c)
    a_plain, b_plain = (blocked_dot_operand(shape, operand, *blocked_c) for operand in (0, 1))

    def by(layout: LinearLayout, dim: int, threads: bool) -> dict[tuple[int, ...], set[int]]:
        found: dict[tuple[int, ...], set[int]] = {}
        for (_, lane, warp, _), element in held(layout).items():
            found.setdefault((lane, warp) if threads else (warp,), set()).add(element[dim])
        return found

    assert by(c, 0, False) == by(a, 0, False) and by(c, 1, False) == by(b, 1, False)
    assert by(a, 1, False) == by(b, 0, False) == {(warp,): set(range(64)) for warp in range(8)}
    # Without tensor cores every thread multiplies on its own.
    assert by(c_plain, 0, True) == by(a_plain, 0, True) and by(c_plain, 1, True) == by(b_plain, 1, True)


def test_a_slice_forgets_a_dimension() -> None:
    parent = blocked((16, 1), (1, 4), (4, 8), (4, 1), (1, 0))
    layout = slice_of(parent, 1)
    assert {place[1:]: element for place, element in held(layout).items()} == {
        place[1:]: element[:1] for place, element in held(parent).items()
    }
    assert layout.bases("lane") == [(0,), (0,), (0,), (1,), (2,)]


def test_a_linear_layout_repeats_along_its_registers_first() -> None:
    given_layout = LinearLayout.of(
        {"register": [(1, 0)], "lane": [(0, 1)], "warp": [(0, 0)], "block": []}, {"dim0": 2, "dim1": 2}
    )
    assert linear((4, 4), given_layout).bases("register") == [(1, 0), (2, 0), (0, 2)]
    assert linear((1, 2), given_layout).bases("register") == []


@pytest.mark.parametrize("shape", [(8, 16), (4, 4), (16, 8)], ids=str)
@pytest.mark.parametrize("parameters", [(1, 1, 4), (2, 2, 2), (4, 1, 8), (1, 1, 1)], ids=str)
@pytest.mark.parametrize("order", [(1, 0), (0, 1)], ids=str)
def test_swizzled_by_its_formula(
    shape: tuple[int, int], parameters: tuple[int, int, int], order: tuple[int, int]
) -> None:
    vec, per_phase, max_phase = parameters
    layout = swizzled_shared(shape, vec, per_phase, max_phase, order)
    columns = shape[order[0]]
    for (offset, _), element in held(layout).items():
        row, place = divmod(offset, columns)
        column = (place ^ row // per_phase % max_phase * vec) % columns
        assert (element[order[1]], element[order[0]]) == (row, column)


def test_nvmma_by_the_formula_of_the_isa() -> None:
    """The 16-byte part p of row r of a box of 128-byte rows lies at p XOR r % 8; boxes follow one another."""
    layout = nvmma_shared((16, 128), 128, False, 16)
    for (offset, _), (row, column) in held(layout).items():
        box, inside = divmod(offset, 16 * 64)
        r, place = divmod(inside, 64)
        assert (row, column) == (r, box * 64 + (place // 8 ^ r % 8) * 8 + place % 8)
    turned = nvmma_shared((128, 16), 128, True, 16)
    assert held(turned) == {place: (column, row) for place, (row, column) in held(layout).items()}


def test_padding_shifts_what_comes_after_it() -> None:
    order = LinearLayout.of({"offset": [(0, 1), (0, 2), (1, 0)], "block": []}, {"dim0": 2, "dim1": 4})
    layout = padded_shared(order, [(2, 1), (4, 2)])
    assert [layout.address(offset) for offset in range(8)] == [0, 1, 3, 4, 8, 9, 11, 12]
    assert layout.size == 13


def registers_of(rng: random.Random) -> LinearLayout:
    """A layout of 2^8 elements on 8 lanes and 4 warps; sometimes with replicas, sometimes not along the dimensions."""
    columns = [1 << bit for bit in range(8)]
    rng.shuffle(columns)
    if rng.random() < 0.4:
        one, other = rng.sample(range(8), 2)
        columns[one] ^= columns[other]
    lane, warp, register = columns[:3], columns[3:5], columns[5:]
    for bases in (lane, warp):
        if rng.random() < 0.3:
            place = rng.randrange(len(bases))
            register.append(bases[place])
            bases[place] = 0
    return LinearLayout(
        (("register", tuple(register)), ("lane", tuple(lane)), ("warp", tuple(warp)), ("block", ())),
        (("dim0", 4), ("dim1", 4)),
    )


@pytest.mark.parametrize("seed", range(40))
def test_conversions_fetch_the_right_elements_from_as_near_as_they_can(seed: int) -> None:
    rng = random.Random(seed)
    old = registers_of(rng)
    new = registers_of(rng)
    if seed % 4 == 0:
        kept = ("lane", "warp") if seed % 8 else ("warp",)
        new = LinearLayout(tuple((name, old.masks[name] if name in kept else m) for name, m in new.ins), new.outs)
        missing = independent(
            (1 << bit for bit in range(8)), beyond=[m for n in ("lane", "warp") for m in new.masks[n]]
        )
        new = new.with_bases("register", missing)
    found = conversion(old, new)
    before, after = held(old), held(new)
    names = new.in_names
    for place, element in after.items():
        index = dict(zip(names, place, strict=True))
        source = found.sources.apply(**{name: index[name] for name in found.sources.in_names})
        where = index | dict(zip(found.sources.out_names, source, strict=True))
        assert before[tuple(where[name] for name in names)] == element
    # Nearer is not possible: the same lanes, or warps, do not hold what is asked for, whichever register it is in.
    can = [
        all(before.get(place) == element for place, element in after.items()) and len(before) == len(after),
        near(before, after, 2),
        near(before, after, 1),
    ]
    if found.movement > Movement.NOTHING:
        assert not can[0]
    if found.movement > Movement.SHUFFLES:
        # A shuffle whose pattern depends on the warp is not one.
        assert not (can[2] and all(o == n for o, n in zip(old.masks["warp"], new.masks["warp"], strict=True)))
    if found.movement == Movement.NOTHING:
        assert can[0]
    if found.movement <= Movement.WITHIN_THREAD:
        assert can[1]
    if found.movement <= Movement.SHUFFLES:
        assert can[2]


def near(
    before: dict[tuple[int, ...], tuple[int, ...]], after: dict[tuple[int, ...], tuple[int, ...]], level: int
) -> bool:
    """Whether each thread (level 2) or warp (level 1) holds before what it holds after."""

    def group(places: dict[tuple[int, ...], tuple[int, ...]]) -> dict[tuple[int, ...], set[tuple[int, ...]]]:
        groups: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
        for (_, lane, warp, _), element in places.items():
            groups.setdefault((lane, warp) if level == 2 else (warp,), set()).add(element)
        return groups

    had, wanted = group(before), group(after)
    return all(wanted[each] <= had[each] for each in wanted)


ROWS = ((1, 4), (4, 8), (4, 1), (1, 0))
CONVERSIONS = [
    ("the same", blocked((16, 32), *ROWS), blocked((16, 32), *ROWS), Movement.NOTHING),
    ("replicas only", blocked((1, 4), *ROWS), blocked((1, 4), (1, 4), (32, 1), (4, 1), (1, 0)), Movement.NOTHING),
    (
        "other order of registers",
        blocked((16, 64), (2, 4), (8, 4), (1, 4), (1, 0)),
        linear((16, 64), blocked((16, 64), (2, 4), (8, 4), (1, 4), (1, 0)).with_bases("register", (1, 16, 32))),
        Movement.WITHIN_THREAD,
    ),
    ("lanes", blocked((16, 32), *ROWS), blocked((16, 32), (4, 1), (1, 32), (4, 1), (1, 0)), Movement.SHUFFLES),
    ("warps", blocked((16, 32), *ROWS), blocked((16, 32), (1, 4), (4, 8), (1, 4), (1, 0)), Movement.SHARED_MEMORY),
    (
        "blocks",
        blocked((16, 32), *ROWS, [[1, 0]]),
        blocked((16, 32), *ROWS, [[0, 1]]),
        Movement.ACROSS_BLOCKS,
    ),
    (
        "accumulator to operand",
        nvidia_mma((64, 64), 2, [4, 1], [16, 8]),
        mma_dot_operand((64, 64), 0, 2, 2, [4, 1], [16, 8]),
        Movement.NOTHING,
    ),
    (
        "accumulator of wgmma to operand",
        nvidia_mma((128, 64), 3, [4, 1], [16, 64, 16]),
        mma_dot_operand((128, 64), 0, 2, 3, [4, 1], [16, 64, 16]),
        Movement.NOTHING,
    ),
]


@pytest.mark.parametrize("case", CONVERSIONS, ids=lambda case: case[0])
def test_conversions_by_name(case: tuple[str, LinearLayout, LinearLayout, Movement]) -> None:
    _, old, new, movement = case
    assert conversion(old, new).movement is movement


def count_access(registers: LinearLayout, memory: SharedLayout, bits: int, vector: int) -> int:
    """Wavefronts of all accesses of a block, counted by addresses: vectors of 2^vector elements."""
    where = {element: offset for (offset, _), element in held(memory.linear).items()}
    size, lanes = 1 << vector, registers.in_size("lane")
    phase = min(lanes, 32 // max(1, size * bits // 32))
    total = 0
    for warp, first in product(range(registers.in_size("warp")), range(0, lanes, phase)):
        instructions: dict[int, list[int]] = {}
        for lane, register in product(range(first, first + phase), range(registers.in_size("register"))):
            offset = where[registers.apply(register=register, lane=lane, warp=warp)]
            # Lanes take part in the instruction that lane 0 of warp 0 makes with the same register.
            start = where[registers.apply(register=register)] // size
            instructions.setdefault(start, []).append(memory.address(offset))
        assert all(len(addresses) == phase * size for addresses in instructions.values())
        total += sum(fullest_bank(addresses, bits) for addresses in instructions.values())
    return total


def shared_of(rng: random.Random, shape: tuple[int, int]) -> SharedLayout:
    order = (1, 0) if rng.random() < 0.6 else (0, 1)
    powers = [1 << rng.randrange(4) for _ in range(3)]
    plain = swizzled_shared(shape, powers[0], powers[1], powers[2], order)
    if rng.random() < 0.5:
        return SharedLayout(plain)
    return SharedLayout(plain, ((1 << rng.randint(3, 6), 1 << rng.randrange(4)),))


@pytest.mark.parametrize("seed", range(30))
def test_bank_conflicts_are_what_counting_finds(seed: int) -> None:
    rng = random.Random(seed)
    shape = (32, 32)
    bits = rng.choice([8, 16, 32, 64])
    lanes = rng.choice([(4, 8), (8, 4), (32, 1), (1, 32)])
    registers = blocked(shape, (1, 1 << rng.randrange(4)), lanes, (2, 1), (1, 0))
    memory = shared_of(rng, shape)
    access = shared_access(registers, memory, bits)
    vector = vector_width(registers.invert_and_compose(memory.linear), bits, memory.padding)
    assert access.elements == 1 << vector and access.elements * bits <= max(128, bits)
    assert access.wavefronts == count_access(registers, memory, bits, vector)
    assert access.instructions * access.elements * 32 == len(held(registers))


ROW, COLUMN, COLUMN_4 = (
    ((1, 1), (1, 32), (4, 1), (1, 0)),
    ((1, 1), (32, 1), (1, 4), (0, 1)),
    ((4, 1), (8, 4), (1, 4), (0, 1)),
)
ROW_8, COLUMN_8 = ((1, 8), (4, 8), (4, 1), (1, 0)), ((8, 1), (8, 4), (1, 4), (0, 1))
ROWS_OF_4, ROWS_OF_8 = ((1, 4), (32, 1), (1, 4), (0, 1)), ((1, 8), (32, 1), (1, 4), (0, 1))
"""Size per thread, lanes, warps and order of blocked layouts. A thread of the last two reads a part of a row."""
PLAIN, NVMMA = (1, 1, 1), 128
GLUON = [
    (32, (32, 32), PLAIN, {ROW: 0, COLUMN: 31, COLUMN_4: 7, ROWS_OF_4: 7}),
    (32, (32, 32), (1, 1, 32), {ROW: 0, COLUMN: 0, COLUMN_4: 0}),
    (32, (32, 32), (4, 1, 8), {ROW: 0, COLUMN: 3, COLUMN_4: 3, ROWS_OF_4: 0}),
    (16, (64, 64), PLAIN, {ROW_8: 0, COLUMN: 31, COLUMN_8: 7, ROWS_OF_8: 7}),
    (16, (64, 64), (8, 1, 8), {ROW_8: 0, COLUMN: 3, COLUMN_8: 7, ROWS_OF_8: 0}),
    (16, (64, 64), NVMMA, {ROW_8: 0, COLUMN: 3, COLUMN_8: 7, ROWS_OF_8: 0}),
]
"""Bits of an element, shape, swizzle (vec, perPhase, maxPhase, or bytes) and what Gluon's `bank_conflicts` says."""


def in_memory(shape: tuple[int, int], swizzle: Any, bits: int) -> LinearLayout:
    if isinstance(swizzle, int):
        return nvmma_shared(shape, swizzle, False, bits)
    return swizzled_shared(shape, *swizzle, (1, 0))


@pytest.mark.parametrize(("bits", "shape", "swizzle", "conflicts"), GLUON)
def test_bank_conflicts_as_gluon_states_them(bits: int, shape: tuple[int, int], swizzle: Any, conflicts: dict) -> None:
    memory = in_memory(shape, swizzle, bits)
    accesses = [blocked(shape, *each) for each in conflicts]
    assert [bank_conflicts(each, memory, bits) for each in accesses] == [*conflicts.values()]
    found = [shared_access(each, memory, bits) for each in accesses]
    assert [each.wavefronts / each.phases - 1 for each in found] == [*conflicts.values()]


@pytest.mark.parametrize("seed", range(30))
def test_gluons_figure_counts_elements_whole_rows_apart(seed: int) -> None:
    rng = random.Random(seed)
    shape, bits = (32, 32), rng.choice([8, 16, 32, 64])
    lanes = rng.choice([(4, 8), (8, 4), (32, 1), (1, 32), (16, 2)])
    registers = blocked(
        shape, (1 << rng.randrange(3), 1 << rng.randrange(4)), lanes, (2, 1), rng.choice([(1, 0), (0, 1)])
    )
    memory = shared_of(rng, shape).linear
    vector = vector_width(registers.invert_and_compose(memory), bits)
    where = {memory.apply(offset=offset): offset for offset in range(memory.in_size("offset"))}
    in_phase = 32 // max(1, (bits << vector) // 32)
    touched = {where[registers.apply(lane=lane)] for lane in range(in_phase)}
    assert bank_conflicts(registers, memory, bits) == sum(offset * bits % 1024 == 0 for offset in touched) - 1


def test_lanes_that_differ_in_a_row_and_inside_a_word_are_no_conflict_for_gluon() -> None:
    """Lane 1 has the second byte of the word of its bank in the next row: two words of bank 0."""
    memory = LinearLayout.of({"offset": [[1 << bit] for bit in range(10)]}, {"dim0": 1024})
    columns = [[0x81], [4], [8], [16], [32]]
    registers = LinearLayout.of(
        {"register": [[1], [2], [64], [256], [512]], "lane": columns, "warp": []}, {"dim0": 1024}
    )
    assert bank_conflicts(registers, memory, 8) == 0
    found = shared_access(registers, memory, 8)
    assert (found.elements, found.wavefronts) == (1, 2 * found.phases)


def test_a_padded_transpose_has_no_conflicts() -> None:
    """The classic: tile[32][33]."""
    plain = swizzled_shared((32, 32), 1, 1, 1, (1, 0))
    assert shared_access(blocked((32, 32), *COLUMN), plain, 32).conflicts == 31 * 32
    assert shared_access(blocked((32, 32), *COLUMN), SharedLayout(plain, ((32, 1),)), 32).conflicts == 0
    assert shared_access(blocked((32, 32), *ROW), SharedLayout(plain, ((32, 1),)), 32).conflicts == 0


def fewest(write: LinearLayout, read: LinearLayout, bits: int, vector: int, n: int) -> set[tuple[int, int]]:
    """By trying all spaces of segments, words and vectors: the best pairs of wavefronts, each a phase's."""
    words = max(1, (bits << vector) // 32)
    phase = 5 - (words.bit_length() - 1)
    spaces = [elements(layout.masks["lane"][:phase]) for layout in (write, read)]
    segments = n - (10 - (bits.bit_length() - 1))
    return {
        tuple(len(space & elements(chosen)) for space in spaces)
        for chosen in combinations(range(1, 1 << n), segments)
        if rank(chosen) == segments
    }


@pytest.mark.parametrize("seed", range(24))
def test_no_layout_has_fewer_conflicts_than_the_chosen_one(seed: int) -> None:
    rng = random.Random(seed)
    layouts: list[LinearLayout] = []
    for _ in range(2):
        columns = [1 << bit for bit in range(7)]
        rng.shuffle(columns)
        for _ in range(rng.randrange(3)):
            one, other = rng.sample(range(7), 2)
            columns[one] ^= columns[other]
        layouts.append(
            LinearLayout(
                (("register", tuple(columns[5:])), ("lane", tuple(columns[:5])), ("warp", ())),
                (("dim0", 3), ("dim1", 4)),
            )
        )
    write, read = layouts
    memory = swizzle_for(write, read, 32)
    assert memory.is_invertible
    found = [shared_access(layout, memory, 32) for layout in layouts]
    assert found[0].elements == found[1].elements
    vector = found[0].elements.bit_length() - 1
    ours = tuple(access.wavefronts // access.phases for access in found)
    best = fewest(write, read, 32, vector, 7)
    assert ours[0] == min(first for first, _ in best) and ours[1] == min(second for _, second in best)


TURNED = [
    (32, (32, 32), ROW, COLUMN),
    (32, (64, 64), ((1, 4), (2, 16), (4, 1), (1, 0)), ((4, 1), (16, 2), (1, 4), (0, 1))),
    (16, (64, 64), ((1, 8), (4, 8), (4, 1), (1, 0)), ((8, 1), (8, 4), (1, 4), (0, 1))),
    (8, (64, 64), ((1, 16), (8, 4), (4, 1), (1, 0)), ((16, 1), (4, 8), (1, 4), (0, 1))),
    (16, (128, 64), ((1, 8), (4, 8), (4, 1), (1, 0)), ((1, 2), (8, 4), (4, 1), (1, 0))),
    (64, (32, 32), ROW, COLUMN),
]


@pytest.mark.parametrize("case", TURNED, ids=lambda case: f"{case[0]}-{case[1]}")
def test_a_swizzle_beats_rows_and_every_swizzled_layout(case: tuple[int, tuple[int, int], tuple, tuple]) -> None:
    bits, shape, first, second = case
    write, read = blocked(shape, *first), blocked(shape, *second)

    def cost(memory: LinearLayout) -> int:
        return sum(shared_access(layout, memory, bits).wavefronts for layout in (write, read))

    chosen = cost(swizzle_for(write, read, bits))
    others = [
        cost(swizzled_shared(shape, vec, per_phase, max_phase, order))
        for vec, per_phase, max_phase in product((1, 2, 4, 8, 16), (1, 2, 4), (1, 2, 4, 8, 16, 32))
        for order in ((1, 0), (0, 1))
    ]
    assert chosen <= min(others)
    assert chosen < cost(swizzled_shared(shape, 1, 1, 1, (1, 0))) or shape == (128, 64)


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("seed", range(4))
def test_a_chosen_swizzle_is_not_improved_by_changing_it(bits: int, seed: int) -> None:
    rng = random.Random(seed)
    shapes = [(1 << rng.randrange(3), 1 << rng.randrange(3)) for _ in range(2)]
    lanes = rng.sample([(4, 8), (8, 4), (32, 1), (1, 32), (2, 16)], 2)
    orders = [rng.sample((0, 1), 2) for _ in range(2)]
    write, read = (
        blocked((32, 64), shape, lane, (2, 1), order) for shape, lane, order in zip(shapes, lanes, orders, strict=True)
    )

    def cost(memory: LinearLayout) -> int:
        return sum(shared_access(layout, memory, bits).wavefronts for layout in (write, read))

    memory = swizzle_for(write, read, bits)
    least = cost(memory)
    for _ in range(60):
        columns = list(memory.masks["offset"])
        for _ in range(rng.randint(1, 3)):
            one, other = rng.sample(range(len(columns)), 2)
            if rng.random() < 0.5:
                columns[one], columns[other] = columns[other], columns[one]
            else:
                columns[one] ^= columns[other]
        assert cost(memory.with_bases("offset", columns)) >= least


def test_what_passes_through_memory_stays_in_its_block() -> None:
    left, right = (blocked((16, 32), *ROWS, [basis]) for basis in ([1, 0], [0, 1]))
    with pytest.raises(InputError) as error:
        swizzle_for(left, right, 32)
    assert str(error.value) == (
        "error: a block reads what another one wrote\n  rule: what passes through shared memory stays in its block"
    )
    chosen = swizzle_for(left, left, 32)
    assert chosen.bases("block") == [(8, 0)] and chosen.is_invertible


POWERS = "  rule: a layout is linear in the bits of its indices, so sizes are powers of two"
ERRORS = [
    (
        lambda: blocked((12, 32), *ROWS),
        "error: the size of dim0 is 12\n" + POWERS,
    ),
    (
        lambda: blocked((12,), (1,), (32,), (1,), (0,)),
        "error: the size of dim0 is 12\n" + POWERS,
    ),
    (
        lambda: blocked((16, 32, 1), *ROWS),
        "error: a layout of rank 2 on a tensor of rank 3\n  rule: a layout has as many dimensions as its tensor",
    ),
    (
        lambda: nvmma_shared((4, 64), 128, False, 16),
        "error: 4 rows of 64 elements of 16 bits in a block's part of a tensor of 4x64\n"
        "  rule: a swizzle of 128 bytes takes 8 rows of 64 elements\n"
        "  hint: a narrower swizzle takes a smaller tensor: swizzlingByteWidth is one of 0, 32, 64, 128",
    ),
    (
        lambda: blocked((1, 8), *ROWS).inverse(),
        "error: a layout without inverse: {register = [[0, 1], [0, 2]], "
        "lane = [[0, 4], [0, 0], [0, 0], [0, 0], [0, 0]], "
        "warp = [[0, 0], [0, 0]], block = []}\n  rule: every element is in one place\n"
        "  hint: layouts with replicas are compared by invert_and_compose",
    ),
    (
        lambda: LinearLayout.of({"lane": [(4,)]}, {"dim0": 4}),
        "error: basis [4] of lane is 4 in dim0\n  rule: dim0 has the size 4",
    ),
    (
        lambda: LinearLayout.of({"lane": [(1, 1)]}, {"dim0": 4}),
        "error: basis [1, 1] of lane has 2 parts\n  rule: one for each of dim0",
    ),
    (
        lambda: conversion(blocked((16, 32), *ROWS), blocked((16, 16), *ROWS)),
        "error: layouts of 16x16 and 16x32 elements\n  rule: both layouts place the elements of one tensor",
    ),
    (
        lambda: mma_dot_operand((16, 16), 0, 2, 2, [1, 1], [16, 8]).inverse().reshaped({"dim0": 3}),
        "error: the size of dim0 is 3\n" + POWERS,
    ),
]


@pytest.mark.parametrize("case", ERRORS, ids=range(len(ERRORS)))
def test_errors(case: tuple) -> None:
    make, text = case
    with pytest.raises(InputError) as error:
        make()
    assert str(error.value) == text


def test_a_tensor_is_dealt_out_evenly() -> None:
    """Every element is held, and by as many places as any other."""
    for layout in (blocked((4, 8), *ROWS), nvidia_mma((8, 8), 2, [2, 2], [16, 8])):
        counts = Counter(held(layout).values())
        assert len(counts) == prod(layout.shape) and len(set(counts.values())) == 1
