"""Loads of 8x8 matrices by whole warps, ldmatrix, where a layout takes elements as tensor cores do."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.dialects.builtin import VectorType
from xdsl.ir import Attribute, SSAValue

from minilinalg.dialects import simt
from minilinalg.dialects.simt.types import count_of, element_of
from minilinalg.dialects.upstream import arith
from minilinalg.layouts.linear import LANE, WARP, LinearLayout
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion
from minilinalg.passes.tritongpu_to_simt.registers import ordered, picked
from minilinalg.passes.tritongpu_to_simt.threads import numbers, register_masks, spread

ELEMENTS = 8
"""Elements of 2 bytes in a row of a matrix."""
LOW = ELEMENTS - 1


@dataclass(frozen=True)
class Matrices:
    """How the registers of a thread are loaded as matrices.

    order: the bits of the register's number, as the results count: the element of a pair, the matrix, the address.
    matrices: log2 of how many an access loads. rows: where the bits of a row's number lead, in elements.
    """

    order: tuple[int, ...]
    matrices: int
    rows: tuple[int, int, int]
    transpose: bool


def as_matrices(places: LinearLayout, size: int, origin: int) -> Matrices | None:
    """The way to load by ldmatrix; None when the elements do not lie as it takes them.

    places: from register, lane and warp to the offset, in elements of `size` bytes. Without transposition the pair of
    a register and four lanes hold a row of eight elements side by side; with it, eight groups of lanes do.
    """
    registers, lanes = register_masks(places), places.masks.get(LANE, ())
    if size != 2 or len(lanes) != 5 or not registers or origin & LOW:
        return None
    warps = places.masks.get(WARP, ())
    if 1 in registers and lanes[:2] == (2, 4):
        pair = registers.index(1)
        rows, transpose = lanes[2:], False
        others = [mask for bit, mask in enumerate(registers) if bit != pair]
    elif lanes[2:] == (1, 2, 4):
        pair = 0
        rows, transpose = (registers[0], *lanes[:2]), True
        others = list(registers[1:])
    else:
        return None
    if any(mask & LOW for mask in (*rows, *others, *warps)):
        return None
    rest = [bit for bit in range(len(registers)) if bit != pair]
    return Matrices((pair, *rest), min(2, len(rest)), (rows[0], rows[1], rows[2]), transpose)


def load_matrices(
    c: Conversion, type: Attribute, found: Matrices, places: LinearLayout, base: SSAValue, origin: int
) -> SSAValue:
    """Loads a vector of `type`; each lane gives the address of one row."""
    registers = register_masks(places)
    chosen = [registers[bit] for bit in found.order[1 : 1 + found.matrices]]
    groups = [registers[bit] for bit in found.order[1 + found.matrices :]]
    # Lanes 0-7 give the rows of the first matrix, 8-15 those of the second, and so on.
    given = [*found.rows, *chosen, *(0 for _ in range(2 - len(chosen))), *places.masks.get(WARP, ())]
    offsets = numbers(c, [mask << 1 for mask in given], [mask << 1 for mask in groups], origin << 1)
    at = c.binary(arith.AddiOp, spread(c, base, count_of(offsets.type)), offsets)
    loaded = c.insert(
        simt.LdMatrixOp(at, 1 << found.matrices, VectorType(element_of(type), [count_of(type)]), found.transpose)
    ).result
    order = ordered(registers, found.order)
    undone = {register: position for position, register in enumerate(order)}
    return picked(c, loaded, [undone[register] for register in range(len(order))])
