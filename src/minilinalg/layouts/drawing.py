"""Pictures of layouts: the elements of a tensor as a grid of cells, each saying where its elements are.

A cell is a box of neighbours that lie together: in one thread, or, in shared memory, at addresses one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from minilinalg.errors import UnsupportedError
from minilinalg.layouts.banks import BANKS, LARGEST_VECTOR_BITS, WORD_BITS
from minilinalg.layouts.gf2 import apply
from minilinalg.layouts.linear import BLOCK, LANE, OFFSET, REGISTER, WARP, LinearLayout
from minilinalg.layouts.shared import SharedLayout

MOST_CELLS = 1 << 14


@dataclass(frozen=True)
class Cell:
    """One cell: what is written in it, and the number that its colour stands for (a warp, a bank)."""

    label: str
    colour: int


Sheet = tuple[str, tuple[tuple[Cell, ...], ...]]
"""A title and rows of cells: one matrix of the tensor."""


@dataclass(frozen=True)
class Picture:
    """A layout drawn: a line for each fact about it, and the cells of each matrix of the tensor.

    `box` is how many elements a cell stands for, along the last two dimensions; `colours` how many colours there are.
    """

    facts: tuple[str, ...]
    box: tuple[int, int]
    sheets: tuple[Sheet, ...]
    colours: int


def draw_registers(layout: LinearLayout) -> Picture:
    """Which thread and register hold each element: `T5:2` is register 2 of thread 5 (warp * lanes + lane).

    Of replicas, one is shown. Raises UnsupportedError for a tensor with too many cells.
    """
    lanes, blocks = layout.in_size(LANE), layout.in_size(BLOCK)
    places = layout.pseudo_inverse()
    copies = 1 << layout.in_width - layout.out_width
    # A step along a dimension stays in the cell as long as only the register changes.
    registers = places.out_size(REGISTER) - 1
    box = _box(places, lambda mask: mask & ~registers == 0)

    def cell(index: tuple[int, ...]) -> Cell:
        place = dict(zip(places.out_names, _image(places, index), strict=True))
        thread = place.get(WARP, 0) * lanes + place.get(LANE, 0)
        label = f"T{thread}:{place[REGISTER]}"
        if blocks > 1:
            label = f"B{place[BLOCK]} {label}"
        return Cell(label, place.get(WARP, 0))

    holders = [f"{layout.in_size(name)} {name}s" for name in (REGISTER, LANE, WARP, BLOCK) if name in layout.masks]
    facts = [
        f"{_by(layout.shape)} elements in {_listed(holders)}",
        *(f"  {name:<9}{_bases(layout, name)}" for name in layout.in_names),
    ]
    if copies > 1:
        facts.append(f"every element is held {copies} times, and shown once")
    facts.append(f"a cell is {_by(box)} elements of one thread: T thread : first register")
    return Picture(tuple(facts), box, _sheets(layout.shape, box, cell), layout.in_size(WARP))


def draw_shared(memory: SharedLayout, element_bits: int) -> Picture:
    """At which offset, in elements, and in which bank of shared memory each element lies: `64 b0`.

    Raises UnsupportedError for a tensor with too many cells.
    """
    layout = memory.linear
    places = layout.pseudo_inverse()
    offsets = places.out_size(OFFSET) - 1
    unit = min((interval for interval, _ in memory.padding), default=offsets + 1)
    free = iter([1 << bit for bit in range(places.out_bits[OFFSET] + 1)])
    step = next(free)

    def goes_on(mask: int) -> bool:
        """Whether this bit of the index, and no other, makes the next step of the offset, inside of a vector."""
        nonlocal step
        if mask != step or step >= unit or step * element_bits >= LARGEST_VECTOR_BITS:
            return False
        if sum(other & step != 0 for other in places.columns) > 1:
            return False
        step = next(free)
        return True

    box = _box(places, goes_on)

    def cell(index: tuple[int, ...]) -> Cell:
        place = dict(zip(places.out_names, _image(places, index), strict=True))
        address = memory.address(place[OFFSET])
        bank = address * element_bits // WORD_BITS % BANKS
        block = f"B{place[BLOCK]} " if layout.in_size(BLOCK) > 1 else ""
        return Cell(f"{block}{address} b{bank}", bank)

    size = memory.size * element_bits // 8
    facts = [
        f"{_by(layout.shape)} elements of {element_bits} bits in {size} bytes"
        + (f" of each of {layout.in_size(BLOCK)} blocks" if layout.in_size(BLOCK) > 1 else ""),
        *(f"  {name:<9}{_bases(layout, name)}" for name in layout.in_names),
        *(f"  after every {interval} elements {more} are left free" for interval, more in memory.padding),
        f"a cell is {_by(box)} elements one after the other: offset of the first, in elements, and its bank",
    ]
    return Picture(tuple(facts), box, _sheets(layout.shape, box, cell), BANKS)


def text_of(picture: Picture) -> str:
    """The picture as lines of text, without a trailing newline."""
    lines = list(picture.facts)
    for title, rows in picture.sheets:
        lines += ["", *([title] if title else [])]
        width = max(len(cell.label) for row in rows for cell in row)
        lines += [" ".join(cell.label.ljust(width) for cell in row).rstrip() for row in rows]
    return "\n".join(lines)


def _image(places: LinearLayout, index: tuple[int, ...]) -> tuple[int, ...]:
    mask = 0
    for (_, masks), part in zip(places.ins, index, strict=True):
        mask ^= apply(masks, part)
    return places.unpack(mask)


def _box(places: LinearLayout, stays: Callable[[int], bool]) -> tuple[int, int]:
    """How far cells reach along the last two dimensions: as long as the place of the next bit of the index `stays`."""
    sides = [1, 1]
    for side, (_, masks) in zip((1, 0), reversed(places.ins), strict=False):
        for mask in masks:
            if not stays(mask):
                break
            sides[side] *= 2
    return sides[0], sides[1]


def _sheets(shape: Sequence[int], box: tuple[int, int], cell: Callable[[tuple[int, ...]], Cell]) -> tuple[Sheet, ...]:
    whole = (1, *shape) if len(shape) == 1 else tuple(shape)
    cells = prod(whole) // prod(box)
    if cells > MOST_CELLS:
        raise UnsupportedError(
            f"a tensor of {_by(shape)} has {cells} cells to draw",
            rule=f"a drawing has up to {MOST_CELLS} cells",
            hint="the pattern of a layout shows on a smaller tensor too",
        )
    sheets: list[Sheet] = []
    for outer in product(*(range(size) for size in whole[:-2])):
        rows = tuple(
            tuple(
                cell((*outer, row, column) if len(shape) > 1 else (column,)) for column in range(0, whole[-1], box[1])
            )
            for row in range(0, whole[-2], box[0])
        )
        sheets.append((f"[{', '.join(map(str, outer))}, :, :]" if outer else "", rows))
    return tuple(sheets)


def _by(sizes: Sequence[int]) -> str:
    return "x".join(map(str, sizes))


def _bases(layout: LinearLayout, name: str) -> str:
    return " ".join(f"({', '.join(map(str, basis))})" for basis in layout.bases(name)) or "-"


def _listed(words: Sequence[str]) -> str:
    return " x ".join(word[:-1] if word.startswith("1 ") else word for word in words)
