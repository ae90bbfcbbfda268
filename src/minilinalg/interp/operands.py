"""Operands of `simt.mma_sync` as matrices: of registers, or of shared memory, where `ldmatrix` finds what is only
multiplied.

    registers of a warp    (lanes, elements)              what a lane holds of a matrix is in fragments.py
    matrices of a block    (distinct, rows, depth)        warps that load the same matrix share it

From shared memory a matrix is read as it is multiplied, in words as wide as its rows or columns lie there, and does not
go through the order of registers.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from xdsl.ir import SSAValue

from minilinalg.dialects.simt import LANES
from minilinalg.dialects.simt.dot import numbers
from minilinalg.interp.access import dtype_in
from minilinalg.interp.block_memory import WORDS, BlockMemory, Places
from minilinalg.interp.carried import handed_on
from minilinalg.interp.dot import round_tf32
from minilinalg.interp.dtypes import Array, DType, dtype_of, shape_of
from minilinalg.interp.fragments import Fragments, of_a, of_b, of_warps, tiled
from minilinalg.interp.values import Partial, Reordered, spread

Shape = tuple[int, ...]
Matrices = tuple[Array, Array | None]
"""(L, distinct, rows, depth), and which of them each warp has; None: each its own."""


class Operand:
    """Makes matrices of an operand that warps hold.

    at: which element of the matrix of a warp, of `sizes`, a lane's element is, for registers of this shape. group: how
    many of them are side by side. is_right: whether rows are the columns of what is multiplied.
    """

    def __init__(self, at: Array, shape: Shape, element: DType, sizes: tuple[int, int], group: int, *, is_right: bool):
        self.at, self.shape, self.element, self.sizes, self.group = at, shape, element, sizes, group
        self.is_right = is_right
        self._fragments: dict[int, Fragments] = {}
        self._gathers: dict[Places, Gather | None] = {}

    def fragments(self, warps: int) -> Fragments:
        """How so many warps hold their matrices, one behind the other."""
        found = self._fragments.get(warps)
        if found is None:
            size = self.sizes[0] * self.sizes[1]
            found = self._fragments[warps] = Fragments(of_warps(self.at, size, warps), self.group)
        return found

    def _matrices(self, registers: Array) -> Array:
        """(L, warps, rows, depth) of registers (L, warps * lanes, n)."""
        warps = registers.shape[1] // LANES
        return self.fragments(warps).back(registers).reshape(len(registers), warps, *self.sizes)

    def __call__(self, value: Any) -> Matrices:
        """The matrices, in their carrier."""
        if type(value) is OperandAsMatrices and value.operand is self:
            return value.matrices, value.gather.which
        return self.carried(self._matrices(spread(value, self.shape))), None

    def carried(self, found: Array) -> Array:
        """Elements as they are multiplied."""
        if found.dtype != self.element.carrier:
            found = dtype_in(found, self.element)
        return round_tf32(found) if self.element.name == "f32" else found

    def known(self, value: Any, warps: int) -> Array:
        """Of which rows all elements are defined: (L, warps, rows)."""
        if type(value) is not Partial:
            return np.ones((1, warps, self.sizes[0]), np.bool_)
        return np.asarray(self._matrices(spread(value.defined_array(), self.shape)).all(axis=3))

    def gather(self, places: Places) -> Gather | None:
        """How the matrices lie at the places of registers; None where blocks differ, or words break elements apart."""
        if places not in self._gathers:
            if len(self._gathers) >= GATHERS:
                self._gathers.clear()
            self._gathers[places] = self._gathered(places)
        return self._gathers[places]

    def _gathered(self, places: Places) -> Gather | None:
        size = self.element.itemsize
        if len(places.index) > 1 or size > places.size:
            return None
        each = places.size // size
        elements = places.index[0, :, :, None] * each + np.arange(each)
        warps = places.index.shape[1] // LANES
        lying = np.empty((warps, self.at.size), np.int64)
        lying[:, self.at.reshape(-1)] = elements.reshape(warps, -1)
        distinct, which = np.unique(lying, axis=0, return_inverse=True)
        if len(distinct) == warps:
            distinct, which = lying, None
        rows = distinct.reshape(-1, *self.sizes)
        found = Gather(*in_words(rows, size), rows.shape, False, None if which is None else which.reshape(-1))
        if self.is_right:
            columns = np.ascontiguousarray(rows.transpose(2, 0, 1))
            word, lying_so = in_words(columns, size)
            if word >= found.word:
                return found._replace(word=word, numbers=lying_so, shape=columns.shape, is_turned=True)
        return found


GATHERS = 64
"""Of how many places an operand remembers how matrices lie there."""


class Gather(NamedTuple):
    """Matrices in shared memory: the numbers of the words of `word` bytes that give an array of `shape`.

    That is (distinct, rows, depth), or (depth, distinct, rows) when it is turned. which: of these, what each warp has.
    """

    word: int
    numbers: Array
    shape: Shape
    is_turned: bool
    which: Array | None

    def read(self, memory: BlockMemory, rows: Any, element: DType) -> Array:
        """The elements as memory holds them, (P, *shape)."""
        words = memory.words(self.word, self.numbers, rows)
        return words.view(element.storage).reshape(len(words), *self.shape)


def in_words(elements: Array, size: int) -> tuple[int, Array]:
    """The widest words, in bytes, that hold these elements of `size` bytes in their order, and the words' numbers."""
    for word in sorted(WORDS, reverse=True):
        each = word // size
        if each and elements.shape[-1] % each == 0:
            groups = elements.reshape(-1, each)
            if bool((groups[:, 0] % each == 0).all()) and bool((groups == groups[:, :1] + np.arange(each)).all()):
                return word, groups[:, 0] // each
    raise AssertionError(f"an element of {size} bytes is no word")


class OperandAsMatrices(Reordered):
    """A register vector that is only multiplied, as the matrices of an operand that were gathered, (P, *shape)."""

    __slots__ = ("_matrices", "gather", "operand")

    def __init__(self, operand: Operand, gather: Gather, data: Array):
        self.operand, self.gather, self.data = operand, gather, data
        self._matrices: Array | None = None

    @property
    def matrices(self) -> Array:
        """In their carrier, (P, distinct, rows, depth)."""
        if self._matrices is None:
            found = self.operand.carried(self.data)
            self._matrices = found.transpose(0, 2, 3, 1) if self.gather.is_turned else found
        return self._matrices

    def array(self) -> Array:
        found = self.data.transpose(0, 2, 3, 1) if self.gather.is_turned else self.data
        which = self.gather.which
        whole = found if which is None else found[:, which]
        return self.operand.fragments(whole.shape[1]).out(np.ascontiguousarray(whole))

    @property
    def shape(self) -> Shape:
        return self.operand.shape

    def is_like(self, other: Any) -> bool:
        alike = type(other) is OperandAsMatrices and other.operand is self.operand
        return alike and other.gather is self.gather

    def like(self, data: Array) -> OperandAsMatrices:
        return OperandAsMatrices(self.operand, self.gather, data)


def of_mma(op: Any, index: int) -> Operand:
    """The operand a (0) or b (1) of a `simt.mma_sync`."""
    value: SSAValue = op.operands[index]
    m, n, k = numbers(op.shape)
    tm, tn, tk = numbers(op.tiles)
    one, tiles = ((m, k), (tm, tk)) if index == 0 else ((n, k), (tn, tk))
    return _operand(one, tiles, shape_of(value.type), dtype_of(value.type), is_right=index == 1)


@cache
def _operand(one: tuple[int, int], tiles: tuple[int, int], shape: Shape, element: DType, *, is_right: bool) -> Operand:
    e = max(1, 4 // element.itemsize)
    held = (of_b if is_right else of_a)(*one, e)
    sizes = one[0] * tiles[0], one[1] * tiles[1]
    return Operand(tiled(held, one, tiles), shape, element, sizes, e, is_right=is_right)


def multiplied_as(value: SSAValue) -> Operand | None:
    """What `value` is, when it is only multiplied, carried by loops or not, and always as the same operand."""
    found: set[Operand] = set()
    seen: set[SSAValue] = set()
    work = [value]
    while work:
        here = work.pop()
        if here in seen:
            continue
        seen.add(here)
        for use in here.uses:
            if use.operation.name == "simt.mma_sync" and use.index < 2:
                found.add(of_mma(use.operation, use.index))
                continue
            following = handed_on(use)
            if following is None:
                return None
            work += following
    return found.pop() if len(found) == 1 else None
