"""Every kind of layout is the linear layout that the official compiler makes of it, base for base."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from official_layouts import ask, ask_for_conflicts
from official_triton import INSTALLED
from official_triton import ask as ask_text

from minilinalg.errors import InputError
from minilinalg.layouts.banks import bank_conflicts, shared_access, vector_of_registers
from minilinalg.layouts.distributed import blocked, blocked_dot_operand, linear, slice_of
from minilinalg.layouts.linear import LinearLayout, dim_names
from minilinalg.layouts.mma import mma_dot_operand, nvidia_mma
from minilinalg.layouts.shared import nvmma_shared, swizzled_shared
from minilinalg.parsing import parse_module
from minilinalg.printing import module_text

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not INSTALLED, reason="triton is not installed")]

CASES = 120
"""Of each kind."""

Case = tuple[list[Any], list[int], Callable[[], LinearLayout]]
"""The layout as Gluon writes it, the shape, and how it is made here."""


def power(rng: random.Random, most: int) -> int:
    return 1 << rng.randint(0, most)


def split(rng: random.Random, product: int, rank: int) -> list[int]:
    """Powers of two with this product."""
    sizes = [1] * rank
    while product > 1:
        sizes[rng.randrange(rank)] *= 2
        product //= 2
    return sizes


def shapes(rng: random.Random, rank: int, most: int = 8) -> list[int]:
    return [power(rng, most if rank < 3 else 5) for _ in range(rank)]


def order_of(rng: random.Random, rank: int) -> list[int]:
    return rng.sample(range(rank), rank)


def cga_of(rng: random.Random, rank: int) -> list[list[int]]:
    """The bases of up to eight blocks, some of them replicas."""
    sizes, bases = [1] * rank, []
    for _ in range(rng.choice([0, 0, 1, 2, 3])):
        dim = rng.randrange(rank + 1)
        bases.append([sizes[dim] if each == dim else 0 for each in range(rank)])
        if dim < rank:
            sizes[dim] *= 2
    return bases


def blocked_parameters(rng: random.Random, rank: int) -> tuple[list[int], list[int], list[int], list[int], Any]:
    return (
        [power(rng, 3) for _ in range(rank)],
        split(rng, 32, rank),
        split(rng, power(rng, 3), rank),
        order_of(rng, rank),
        cga_of(rng, rank),
    )


def blocked_case(rng: random.Random) -> Case:
    rank = rng.randint(1, 4)
    p, shape = blocked_parameters(rng, rank), shapes(rng, rank)
    return ["BlockedLayout", *p], shape, lambda: blocked(shape, *p)


def blocked_slice_case(rng: random.Random) -> Case:
    rank = rng.randint(2, 4)
    p, dim, shape = blocked_parameters(rng, rank), rng.randrange(rank), shapes(rng, rank - 1)
    whole = [*shape[:dim], 1, *shape[dim:]]
    return ["SliceLayout", dim, ["BlockedLayout", *p]], shape, lambda: slice_of(blocked(whole, *p), dim)


def twice_sliced_case(rng: random.Random) -> Case:
    p, shape = blocked_parameters(rng, 3), shapes(rng, 1)
    outer, inner = rng.randrange(2), rng.randrange(3)
    middle = [*shape[:outer], 1, *shape[outer:]]
    whole = [*middle[:inner], 1, *middle[inner:]]
    layout = ["SliceLayout", outer, ["SliceLayout", inner, ["BlockedLayout", *p]]]
    return layout, shape, lambda: slice_of(slice_of(blocked(whole, *p), inner), outer)


def blocked_dot_case(rng: random.Random) -> Case:
    rank = rng.randint(2, 3)
    p, operand, shape = blocked_parameters(rng, rank), rng.randrange(2), shapes(rng, rank)
    layout = ["DotOperandLayout", operand, ["BlockedLayout", *p], 0]
    return layout, shape, lambda: blocked_dot_operand(shape, operand, *p)


def mma_parameters(rng: random.Random, version: int, rank: int) -> tuple[list[Any], list[int], list[int], Any]:
    cga = cga_of(rng, rank)
    if version == 3:
        warps = rng.choice([[4, 1], [8, 1], [4, 2]])
        return [3, 0], warps, [16, rng.choice([8, 16, 32, 64, 128, 256]), rng.choice([8, 16, 32])], cga
    return [2, 0], split(rng, power(rng, 3), rank), [1] * (rank - 2) + [rng.choice([16, 16, 8]), 8], cga


def mma_case(version: int) -> Callable[[random.Random], Case]:
    def case(rng: random.Random) -> Case:
        rank = 2 if version == 3 else rng.choice([2, 2, 3])
        full, warps, instruction, cga = mma_parameters(rng, version, rank)
        shape = shapes(rng, rank)
        layout = ["NVMMADistributedLayout", full, warps, instruction, cga]
        return layout, shape, lambda: nvidia_mma(shape, version, warps, instruction, cga)

    return case


def mma_slice_case(rng: random.Random) -> Case:
    version, dim, shape = rng.choice([2, 3]), rng.randrange(2), shapes(rng, 1)
    full, warps, instruction, cga = mma_parameters(rng, version, 2)
    whole = [*shape[:dim], 1, *shape[dim:]]
    layout = ["SliceLayout", dim, ["NVMMADistributedLayout", full, warps, instruction, cga]]
    return layout, shape, lambda: slice_of(nvidia_mma(whole, version, warps, instruction, cga), dim)


def mma_dot_case(version: int) -> Callable[[random.Random], Case]:
    def case(rng: random.Random) -> Case:
        rank = 2 if version == 3 else rng.choice([2, 2, 3])
        full, warps, instruction, cga = mma_parameters(rng, version, rank)
        operand, k_width = rng.randrange(2) if version == 2 else 0, rng.choice([1, 2, 4, 8])
        shape = shapes(rng, rank)
        layout = ["DotOperandLayout", operand, ["NVMMADistributedLayout", full, warps, instruction, cga], k_width]
        return layout, shape, lambda: mma_dot_operand(shape, operand, k_width, version, warps, instruction, cga)

    return case


def linear_case(rng: random.Random) -> Case:
    """Unit vectors of a small tensor, dealt to the dimensions in any order, with replicas among lanes and warps."""
    rank = rng.randint(1, 3)
    small = [power(rng, 4) for _ in range(rank)]
    units = [
        [1 << bit if each == dim else 0 for each in range(rank)]
        for dim, size in enumerate(small)
        for bit in range(size.bit_length() - 1)
    ]
    rng.shuffle(units)
    zero = [0] * rank
    lanes = [units.pop() if units and rng.random() < 0.7 else zero for _ in range(5)]
    warps = [units.pop() if units and rng.random() < 0.5 else zero for _ in range(2)]
    bases = {"register": units, "lane": lanes, "warp": warps, "block": []}
    shape = [max(1, size * power(rng, 3) // 2) if rng.random() < 0.5 else size for size in small]
    layout = ["DistributedLinearLayout", units, lanes, warps, [], small]
    given = LinearLayout.of(bases, dict(zip(dim_names(rank), small, strict=True)))
    return layout, shape, lambda: linear(shape, given)


def swizzled_case(rng: random.Random) -> Case:
    rank = rng.randint(1, 4)
    p = (power(rng, 4), power(rng, 3), power(rng, 4), order_of(rng, rank), cga_of(rng, rank))
    shape = shapes(rng, rank)
    return ["SwizzledSharedLayout", *p], shape, lambda: swizzled_shared(shape, *p)


def nvmma_case(rng: random.Random) -> Case:
    width, bits, transposed = rng.choice([0, 32, 64, 128]), rng.choice([8, 16, 32]), rng.random() < 0.5
    # Without a swizzle the official compiler turns the dimensions of a transposed tensor the wrong way round, which
    # shows from three dimensions on: the contiguous one is not contiguous then.
    rank = 2 if transposed and width == 0 else rng.choice([1, 2, 2, 2, 3, 4])
    fp4 = width == 128 and bits == 8 and rng.random() < 0.5
    cga, shape = cga_of(rng, rank), [4 * power(rng, 8 if rank < 3 else 4) for _ in range(rank)]
    layout = ["NVMMASharedLayout", width, bits, rank, transposed, fp4, cga]
    return layout, shape, lambda: nvmma_shared(shape, width, transposed, bits, fp4, cga)


KINDS: dict[str, Callable[[random.Random], Case]] = {
    "blocked": blocked_case,
    "slice of blocked": blocked_slice_case,
    "slice of slice": twice_sliced_case,
    "dot operand of blocked": blocked_dot_case,
    "mma 2": mma_case(2),
    "mma 3": mma_case(3),
    "slice of mma": mma_slice_case,
    "dot operand of mma 2": mma_dot_case(2),
    "dot operand of mma 3": mma_dot_case(3),
    "linear": linear_case,
    "swizzled_shared": swizzled_case,
    "nvmma_shared": nvmma_case,
}


@pytest.mark.parametrize("kind", KINDS)
def test_layouts_are_the_official_ones(kind: str) -> None:
    rng = random.Random(kind)
    cases = [KINDS[kind](rng) for _ in range(CASES)]
    answers = ask([(layout, shape) for layout, shape, _ in cases])
    equal = 0
    for (layout, shape, make), official in zip(cases, answers, strict=True):
        try:
            made = make()
        except InputError:
            made = None
        if official is None:
            continue
        assert made is not None, (layout, shape, official)
        ours = {name: [list(basis) for basis in made.bases(name)] for name in made.in_names}
        assert ours == official, (layout, shape)
        assert made.shape == tuple(shape)
        equal += 1
    assert equal > CASES // 3, f"the official compiler answered {equal} of {CASES} questions"


SHARED_KINDS = {"swizzled_shared": swizzled_case, "nvmma_shared": nvmma_case}


def conflict_cases(kind: str) -> list[tuple[list[Any], list[int], list[Any], int, LinearLayout, LinearLayout]]:
    """Tensors of up to 4 dimensions in one block, of elements of 8 to 64 bits."""
    rng = random.Random(f"conflicts of {kind}")
    cases = []
    while len(cases) < CASES:
        (layout, shape, make), (there, other, _) = KINDS[kind](rng), SHARED_KINDS[rng.choice([*SHARED_KINDS])](rng)
        there, bits = [*there[:-1], []], rng.choice([8, 16, 32, 64])
        if len(other) != len(shape):
            continue
        try:
            registers, memory = make(), _shared_of(there, shape)
        except InputError:
            continue
        if registers.in_size("block") == 1:
            cases.append((layout, shape, there, bits, registers, memory))
    return cases


def _shared_of(layout: list[Any], shape: list[int]) -> LinearLayout:
    if layout[0] == "SwizzledSharedLayout":
        return swizzled_shared(shape, *layout[1:])
    width, bits, _, transposed, fp4, cga = layout[1:]
    return nvmma_shared(shape, width, transposed, bits, fp4, cga)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "shared" not in kind])
def test_bank_conflicts_are_gluons(kind: str) -> None:
    cases = conflict_cases(kind)
    answers = ask_for_conflicts([case[:4] for case in cases])
    equal = 0
    for (layout, shape, there, bits, registers, memory), official in zip(cases, answers, strict=True):
        if official is None:
            continue
        assert bank_conflicts(registers, memory, bits) == official, (layout, shape, there, bits)
        equal += 1
        found = shared_access(registers, memory, bits)
        vector = vector_of_registers(registers.invert_and_compose(memory), bits)
        if found.elements * bits >= 32 and found.elements == 1 << vector:
            assert found.wavefronts == found.phases * (official + 1), (layout, shape, there, bits)
    assert equal > CASES // 3, f"the official compiler answered {equal} of {CASES} questions"


LIT = Path(__file__).resolve().parents[2] / "filecheck" / "dialects" / "ttg"
LENIENT = (
    # What the official compiler lets through: it has no use for it, or aborts later.
    "vec has 3",
    "maxPhase is missing",
    "a layout has a dimension at least",
    "a dot has 2 or 3",
    "instrShape",
    "kWidth has 3",
    "elementBitWidth = 4",
    "fp4Padded",
)
"""Parts of our messages."""


def test_attributes_are_written_as_the_official_compiler_writes_them() -> None:
    text = (LIT / "layouts.mlir").read_text()
    ours = module_text(parse_module(text))
    (official,) = ask_text([ours])
    assert official.accepted, official.problem
    assert definitions(official.text) == definitions(ours)


def definitions(text: str) -> set[str]:
    """The attributes in front of a module, without their names; uses in them are spelled out."""
    named = dict(re.findall(r"^(#\w+) = (.*)$", text, re.MULTILINE))
    return {re.sub(r"#\w+\b(?!\.)", lambda use: named.get(use[0], use[0]), value) for value in named.values()}


def test_what_is_rejected_is_rejected_by_the_official_compiler() -> None:
    parts = (LIT / "invalid-layouts.mlir").read_text().split("// -----")
    answers = ask_text(parts)
    for part, answer in zip(parts, answers, strict=True):
        if not any(lenient in part.split("}}")[0] for lenient in LENIENT):
            assert not answer.accepted, part
