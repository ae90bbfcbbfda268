"""Orders of accesses and layouts for look-ups that spare the banks: against counting lane by lane, and by running."""

from __future__ import annotations

import random

import numpy as np
import pytest
from test_simt_counters import LD_CONFLICTS, ROUND_TRIP, ST_CONFLICTS, counters

import minilinalg as ml
from minilinalg.context import make_context
from minilinalg.layouts.banks import fullest_bank, shared_access
from minilinalg.layouts.distributed import blocked
from minilinalg.layouts.gf2 import apply
from minilinalg.layouts.lane_order import lane_order
from minilinalg.layouts.linear import LinearLayout
from minilinalg.layouts.lookup import lookup_places
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass
from minilinalg.passes.tritongpu_to_simt.places import row_major


def wavefronts(lanes: list[int], registers: list[int], vector: tuple[int, ...], bits: int) -> int:
    """Of all accesses of a warp, counted lane by lane."""
    starts = [mask for bit, mask in enumerate(registers) if bit not in vector]
    elements = 1 << len(vector)
    phase = min(32, 1024 // (bits * elements))
    return sum(
        fullest_bank(
            [
                (apply(starts, start) ^ apply(lanes, lane)) + element
                for lane in range(first, first + phase)
                for element in range(elements)
            ],
            bits,
        )
        for start in range(1 << len(starts))
        for first in range(0, 32, phase)
    )


@pytest.mark.parametrize("seed", range(40))
def test_an_order_of_lanes_collides_least_and_keeps_what_a_lane_touches(seed: int) -> None:
    rng = random.Random(seed)
    bits, width = rng.choice([(8, 4), (16, 1), (16, 3), (32, 0), (32, 2), (64, 1)])
    count = rng.randrange(width + 1, width + 4)
    others = [1 << bit for bit in range(width, 5 + count)]
    rng.shuffle(others)
    for _ in range(rng.randrange(4)):
        one, other = rng.sample(range(len(others)), 2)
        others[one] ^= others[other]
    registers, lanes = [*(1 << bit for bit in range(width)), *others[: count - width]], others[count - width :]
    vector = tuple(range(width))
    found = lane_order(lanes, registers, vector, bits)
    moved = list(lanes)
    for lane, register in found:
        assert register not in vector
        moved[lane] ^= registers[register]
    before, after = (wavefronts(each, registers, vector, bits) for each in (lanes, moved))
    assert after == before >> len(found)
    # What is left no bit of a register can settle.
    for lane in range(5):
        for register in range(width, count):
            again = [mask ^ (registers[register] if bit == lane else 0) for bit, mask in enumerate(moved)]
            if bits << width >= 32 and bits << count > 64:
                assert wavefronts(again, registers, vector, bits) >= after


@pytest.mark.parametrize(
    ("bits", "registers", "lanes", "expected"),
    [
        (16, [1, 2, 4, 64], [8, 16, 32, 1 << 12, 1 << 13], []),
        (16, [1, 2, 4, 8], [16, 32, 1 << 12, 64, 128], [(2, 3)]),  # 32 bytes of a thread, swizzled rows of 128
        (32, [64], [1, 2, 4, 1 << 10, 8], []),  # two words are not worth it
        (32, [8, 64], [1, 2, 4, 1 << 10, 16], [(3, 0)]),
        (8, [1, 2 << 10], [1 << 11, 2, 4, 8, 16], []),  # less than a register is not moved
        (32, [0, 0, 64], [1, 2, 4, 1 << 10, 8], []),  # repeated registers, and nothing to exchange with
        (64, [2], [4, 8, 16, 32, 64], [(2, 0)]),
        (32, [8, 16], [0, 0, 0, 0, 0], []),  # all lanes at one place
    ],
)
def test_which_lanes_go_another_way(
    bits: int, registers: list[int], lanes: list[int], expected: list[tuple[int, int]]
) -> None:
    vector = tuple(bit for bit in range(len(registers)) if registers[bit] == 1 << bit and bits << bit < 128)
    assert lane_order(lanes, registers, vector if bits == 16 else (), bits) == expected


ROWS_OF_64 = blocked((32, 64), (1, 4), (2, 16), (4, 1), (1, 0))
"""A row in half a warp, four elements side by side in a lane: as loads of 16 bytes have it."""


@pytest.mark.parametrize("indices", [1, 4, 16])
def test_rows_that_are_looked_up_are_exchanged_between_banks(indices: int) -> None:
    rows = row_major(ROWS_OF_64)
    assert shared_access(ROWS_OF_64, rows.inverse(), 32, widest=32).conflicts == 3 * 64
    places = lookup_places(rows, ROWS_OF_64, ROWS_OF_64, 32, indices)
    for widest in (32, 128):
        assert shared_access(ROWS_OF_64, places.inverse(), 32, widest=widest).conflicts == 0


@pytest.mark.parametrize(
    ("write", "read", "bits", "indices"),
    [
        (ROWS_OF_64, ROWS_OF_64, 32, 64),  # exchanging costs more than it saves
        (ROWS_OF_64, blocked((32, 64), (1, 1), (1, 32), (4, 1), (1, 0)), 32, 1),  # nothing collides
        (ROWS_OF_64, blocked((32, 16), (1, 1), (2, 16), (4, 1), (1, 0)), 8, 1),
        (blocked((1, 4), (1, 1), (1, 32), (1, 1), (1, 0)), blocked((1, 512), (1, 1), (1, 32), (1, 1), (1, 0)), 32, 1),
        (blocked((1, 1), (1, 1), (1, 32), (1, 1), (1, 0)), blocked((1, 1), (1, 1), (1, 32), (1, 1), (1, 0)), 64, 1),
    ],
)
def test_rows_stay_where_nothing_is_gained(write: LinearLayout, read: LinearLayout, bits: int, indices: int) -> None:
    rows = row_major(write)
    assert lookup_places(rows, write, read, bits, indices) is rows


@pytest.mark.parametrize("seed", range(20))
def test_every_element_that_is_looked_up_has_one_place(seed: int) -> None:
    rng = random.Random(seed)
    shape = [1 << rng.randrange(7), 1 << rng.randrange(7)]
    taken = [shape[0], 1 << rng.randrange(8)]
    write, read = (
        blocked(each, (1, 1 << rng.randrange(4)), rng.choice([(4, 8), (32, 1), (1, 32)]), (2, 1), (1, 0))
        for each in (shape, taken)
    )
    assert lookup_places(row_major(write), write, read, rng.choice([8, 16, 32, 64]), rng.randrange(1, 9)).is_invertible


REVERSED = """tt.func public @k(%x: !tt.ptr<{e}>, %o: !tt.ptr<{e}>) {{
  %f = tt.make_range {{end = {size} : i32, start = 0 : i32}} : tensor<{size}xi32>
  %at = tt.reshape %f : tensor<{size}xi32> -> tensor<{rows}x{columns}xi32>
  %xs = tt.splat %x : !tt.ptr<{e}> -> tensor<{rows}x{columns}x!tt.ptr<{e}>>
  %xp = tt.addptr %xs, %at : tensor<{rows}x{columns}x!tt.ptr<{e}>>, tensor<{rows}x{columns}xi32>
  %v = tt.load %xp : tensor<{rows}x{columns}x!tt.ptr<{e}>>
  %c = tt.make_range {{end = {columns} : i32, start = 0 : i32}} : tensor<{columns}xi32>
  %last = arith.constant dense<{last}> : tensor<{columns}xi32>
  %back = arith.subi %last, %c : tensor<{columns}xi32>
  %row = tt.expand_dims %back {{axis = 0 : i32}} : tensor<{columns}xi32> -> tensor<1x{columns}xi32>
  %i = tt.broadcast %row : tensor<1x{columns}xi32> -> tensor<{rows}x{columns}xi32>
  %r = tt.gather %v[%i] {{axis = 1 : i32}} :
    (tensor<{rows}x{columns}x{e}>, tensor<{rows}x{columns}xi32>) -> tensor<{rows}x{columns}x{e}>
  %os = tt.splat %o : !tt.ptr<{e}> -> tensor<{rows}x{columns}x!tt.ptr<{e}>>
  %op = tt.addptr %os, %at : tensor<{rows}x{columns}x!tt.ptr<{e}>>, tensor<{rows}x{columns}xi32>
  tt.store %op, %r : tensor<{rows}x{columns}x!tt.ptr<{e}>>
  tt.return
}}"""


@pytest.mark.parametrize(
    ("element", "rows", "columns", "conflicts"),
    [("f32", 32, 64, 0), ("f64", 16, 128, 0), ("f16", 16, 256, None), ("i8", 8, 512, None), ("f32", 2, 2, 0)],
)
def test_rows_that_are_looked_up_from_their_ends(element: str, rows: int, columns: int, conflicts: int | None) -> None:
    text = REVERSED.format(e=element, rows=rows, columns=columns, size=rows * columns, last=columns - 1)
    x = np.arange(rows * columns).astype(f"{element[0]}{int(element[1:]) // 8}").reshape(rows, columns)
    out = np.zeros_like(x)
    run = ml.compile(text, road="simt", target="h200")[1](x, out, check=True)
    np.testing.assert_array_equal(out, x[:, ::-1])
    if conflicts is not None:
        assert run.counters[LD_CONFLICTS] + run.counters[ST_CONFLICTS] == conflicts


def test_32_bytes_of_a_thread_go_to_swizzled_rows_without_conflicts() -> None:
    """Eight lanes have a row of 256 bytes: two tiles, whose rows of 128 begin at one bank."""
    memory = "#ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>"
    ctx = make_context()
    text = ROUND_TRIP.format([1, 16], [4, 8], [4, 1], [1, 0], memory=memory, n=128, e="f16")
    kernel = parse_module(text, "tile.mlir", ctx)
    for each in ("allocate-shared-memory", "membar", "tritongpu-to-simt"):
        load_pass(each)().apply(ctx, kernel)
    x = np.arange(128 * 128).astype(np.int16).view(np.float16).reshape(128, 128)
    o = np.zeros_like(x)
    found = counters(kernel, 1, x, o)
    assert (o.view(np.int16) == x.view(np.int16)).all()
    assert (found[LD_CONFLICTS], found[ST_CONFLICTS]) == (0, 0)
    # A select for each word of a store, and for each of a load.
    assert str(kernel).count("arith.select") == 2
