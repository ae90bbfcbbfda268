"""The layouts of tensors in registers, as attributes in the official syntax. The layouts themselves are made in
`minilinalg.layouts`; here stand their parameters and the rules that these keep.

Source: TritonGPUAttrDefs.td of Triton 3.9.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from typing import ClassVar

from xdsl.dialects.builtin import ArrayAttr, IntAttr
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.ttg.struct_attribute import (
    Bases,
    Field,
    Sizes,
    StructAttribute,
    bases_attr,
    numbers,
    read_attribute,
    read_bases,
    read_number,
    read_sizes,
    sizes_attr,
    vectors,
    verify_cga,
    verify_order,
    verify_powers,
)
from minilinalg.layouts.distributed import blocked, blocked_dot_operand, slice_of
from minilinalg.layouts.fitting import rank_error
from minilinalg.layouts.linear import LinearLayout
from minilinalg.layouts.mma import mma_dot_operand, nvidia_mma

NO_BASES: Bases = ArrayAttr([])
CGA = Field("CGALayout", read_bases, NO_BASES)


class LayoutAttribute(ParametrizedAttribute):
    """What the layouts of tensors have in common, in registers and in shared memory."""

    @property
    @abstractmethod
    def rank(self) -> int:
        """The number of dimensions of the tensors that can have this layout."""

    @property
    def cga(self) -> tuple[tuple[int, ...], ...]:
        """The bases of the blocks of a cluster, in parts of one block each."""
        return ()

    @abstractmethod
    def make(self, shape: tuple[int, ...]) -> LinearLayout:
        """See `linear_layout`."""

    def linear_layout(self, shape: Sequence[int]) -> LinearLayout:
        """The linear layout of a tensor of this shape. Raises InputError when it does not fit."""
        if len(shape) != self.rank:
            raise rank_error(self.rank, len(shape))
        return _layout_of(self, tuple(shape))


@cache
def _layout_of(attribute: LayoutAttribute, shape: tuple[int, ...]) -> LinearLayout:
    return attribute.make(shape)


class DistributedLayout(LayoutAttribute):
    """A layout of a tensor in registers: from register, lane, warp and block to elements."""


def verify_ranks(parameters: Mapping[str, Sequence[int]]) -> None:
    """Raises VerifyException unless all lists are as long as the first one, which has a number."""
    (first, sizes), *others = parameters.items()
    if not sizes:
        raise VerifyException(f"{first} = []: a layout has a dimension at least")
    for key, other in others:
        if len(other) != len(sizes):
            raise VerifyException(
                f"{first} = {list(sizes)} and {key} = {list(other)}: they have a number for each dimension"
            )


@irdl_attr_definition
class BlockedEncodingAttr(DistributedLayout, StructAttribute):
    """Boxes in boxes: of elements in a thread, of threads in a warp, of warps in a block.

    ```mlir
    #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
    ```

    `order` lists the dimensions, the fastest first. A larger tensor repeats the whole in further registers; along a
    smaller one threads hold replicas. `CGALayout` has a basis for each bit of the block's number in its cluster.
    """

    name = "ttg.blocked"
    ALIAS: ClassVar[str] = "blocked"
    FIELDS: ClassVar = (
        Field("sizePerThread", read_sizes),
        Field("threadsPerWarp", read_sizes),
        Field("warpsPerCTA", read_sizes),
        Field("order", read_sizes),
        CGA,
    )

    size_per_thread: Sizes
    threads_per_warp: Sizes
    warps_per_cta: Sizes
    order: Sizes
    cga_layout: Bases

    def __init__(
        self,
        size_per_thread: Sequence[int],
        threads_per_warp: Sequence[int],
        warps_per_cta: Sequence[int],
        order: Sequence[int],
        cga: Sequence[Sequence[int]] = (),
    ):
        lists = (size_per_thread, threads_per_warp, warps_per_cta, order)
        super().__init__(*map(sizes_attr, lists), bases_attr(cga))

    def verify(self) -> None:
        lists = {field.key: numbers(value) for field, value in zip(self.FIELDS, self._lists, strict=False)}
        verify_ranks(lists)
        for key in ("sizePerThread", "threadsPerWarp", "warpsPerCTA"):
            verify_powers(key, lists[key])
        verify_order(lists["order"])
        verify_cga(self.cga, self.rank)

    @property
    def _lists(self) -> tuple[Sizes, Sizes, Sizes, Sizes]:
        return self.size_per_thread, self.threads_per_warp, self.warps_per_cta, self.order

    @property
    def rank(self) -> int:
        return len(self.order)

    @property
    def cga(self) -> tuple[tuple[int, ...], ...]:
        return vectors(self.cga_layout)

    def make(self, shape: tuple[int, ...]) -> LinearLayout:
        thread, warp, cta, order = map(numbers, self._lists)
        return blocked(shape, thread, warp, cta, order, self.cga)

    def dot_operand(self, shape: tuple[int, ...], operand: int) -> LinearLayout:
        """The layout of operand 0 or 1 of a dot whose result has this layout."""
        thread, warp, cta, order = map(numbers, self._lists)
        return blocked_dot_operand(shape, operand, thread, warp, cta, order, self.cga)


@irdl_attr_definition
class NvidiaMmaEncodingAttr(DistributedLayout, StructAttribute):
    """What tensor cores accumulate in: mma.sync (version 2) or wgmma (version 3).

    ```mlir
    #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8]}>
    #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 128, 16]}>
    ```

    `instrShape` is the tile of one instruction in a warp: rows and columns of the result, for version 3 the depth too.
    """

    name = "ttg.nvidia_mma"
    ALIAS: ClassVar[str] = "mma"
    FIELDS: ClassVar = (
        Field("versionMajor", read_number),
        Field("versionMinor", read_number),
        Field("warpsPerCTA", read_sizes),
        CGA,
        Field("instrShape", read_sizes),
    )

    version_major: IntAttr
    version_minor: IntAttr
    warps_per_cta: Sizes
    cga_layout: Bases
    instr_shape: Sizes

    def __init__(
        self,
        version: tuple[int, int],
        warps_per_cta: Sequence[int],
        instr_shape: Sequence[int],
        cga: Sequence[Sequence[int]] = (),
    ):
        major, minor = map(IntAttr, version)
        super().__init__(major, minor, sizes_attr(warps_per_cta), bases_attr(cga), sizes_attr(instr_shape))

    def verify(self) -> None:
        if self.version not in (2, 3):
            raise VerifyException(f"versionMajor = {self.version}: it is 2 (mma) or 3 (wgmma)")
        if self.rank < 2:
            raise VerifyException(f"warpsPerCTA = {list(numbers(self.warps_per_cta))}: a dot has 2 or 3 dimensions")
        verify_powers("warpsPerCTA", numbers(self.warps_per_cta))
        verify_powers("instrShape", numbers(self.instr_shape))
        tile = self.tile
        if len(tile) != self.rank or tile[-2] % 8 or tile[-1] % 8 or any(size > 1 for size in tile[:-2]):
            raise VerifyException(
                f"instrShape = {list(numbers(self.instr_shape))}: an instruction makes rows and columns in eights, "
                "one matrix of a batch"
            )
        if self.version == 3 and tile[0] != 16:
            raise VerifyException(f"instrShape = {list(numbers(self.instr_shape))}: a warp makes 16 rows of a wgmma")
        verify_cga(self.cga, self.rank)

    @property
    def version(self) -> int:
        """2 or 3."""
        return self.version_major.data

    @property
    def tile(self) -> tuple[int, ...]:
        """The elements of the result that one instruction makes in a warp."""
        return numbers(self.instr_shape)[: self.rank if self.version == 2 else 2]

    @property
    def rank(self) -> int:
        return len(self.warps_per_cta)

    @property
    def cga(self) -> tuple[tuple[int, ...], ...]:
        return vectors(self.cga_layout)

    def make(self, shape: tuple[int, ...]) -> LinearLayout:
        return nvidia_mma(shape, self.version, numbers(self.warps_per_cta), numbers(self.instr_shape), self.cga)

    def dot_operand(self, shape: tuple[int, ...], operand: int, k_width: int) -> LinearLayout:
        """The layout of operand 0 or 1 of a dot whose result has this layout."""
        warps, instruction = numbers(self.warps_per_cta), numbers(self.instr_shape)
        return mma_dot_operand(shape, operand, k_width, self.version, warps, instruction, self.cga)


@irdl_attr_definition
class SliceEncodingAttr(DistributedLayout, StructAttribute):
    """The layout of a tensor that becomes one of layout `parent` when dimension `dim` is inserted.

    `#ttg.slice<{dim = 1, parent = #blocked}>`
    """

    name = "ttg.slice"
    FIELDS: ClassVar = (Field("dim", read_number), Field("parent", read_attribute))

    dim: IntAttr
    parent: Attribute

    def __init__(self, dim: int, parent: DistributedLayout):
        super().__init__(IntAttr(dim), parent)

    def verify(self) -> None:
        if not isinstance(self.parent, DistributedLayout):
            raise VerifyException(f"parent = {self.parent}: it is the layout of a tensor in registers")
        if self.parent.rank < 2:
            raise VerifyException("parent has one dimension: a slice of it would have none")
        if self.dim.data >= self.parent.rank:
            raise VerifyException(f"dim = {self.dim.data}: parent has {self.parent.rank} dimensions, counted from 0")

    @property
    def _parent(self) -> DistributedLayout:
        assert isinstance(self.parent, DistributedLayout)
        return self.parent

    @property
    def rank(self) -> int:
        return self._parent.rank - 1

    @property
    def cga(self) -> tuple[tuple[int, ...], ...]:
        dim = self.dim.data
        return tuple((*basis[:dim], *basis[dim + 1 :]) for basis in self._parent.cga)

    def make(self, shape: tuple[int, ...]) -> LinearLayout:
        dim = self.dim.data
        return slice_of(self._parent.linear_layout((*shape[:dim], 1, *shape[dim:])), dim)


@irdl_attr_definition
class DotOperandEncodingAttr(DistributedLayout, StructAttribute):
    """The layout of an operand of `tt.dot` whose result has layout `parent`.

    ```mlir
    #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>
    #ttg.dot_op<{opIdx = 1, parent = #blocked}>
    ```

    `kWidth` is how many elements lie side by side along k in a thread of an mma.
    """

    name = "ttg.dot_op"
    FIELDS: ClassVar = (
        Field("opIdx", read_number),
        Field("parent", read_attribute),
        Field("kWidth", read_number, IntAttr(0)),
    )

    op_idx: IntAttr
    parent: Attribute
    k_width: IntAttr

    def __init__(self, op_idx: int, parent: BlockedEncodingAttr | NvidiaMmaEncodingAttr, k_width: int = 0):
        super().__init__(IntAttr(op_idx), parent, IntAttr(k_width))

    def verify(self) -> None:
        operand, k_width = self.op_idx.data, self.k_width.data
        if operand not in (0, 1):
            raise VerifyException(f"opIdx = {operand}: it is 0 or 1")
        if isinstance(self.parent, BlockedEncodingAttr):
            if self.parent.rank < 2:
                raise VerifyException("parent has one dimension: a dot has 2 or 3")
            if k_width:
                raise VerifyException(f"kWidth = {k_width}: it is not given when parent is blocked")
            return
        if not isinstance(self.parent, NvidiaMmaEncodingAttr):
            raise VerifyException(f"parent = {self.parent}: it is the layout of the result, blocked or nvidia_mma")
        if not k_width:
            raise VerifyException("kWidth is missing: it is given when parent is nvidia_mma")
        verify_powers("kWidth", [k_width])
        if operand == 1 and self.parent.version == 3:
            raise VerifyException("opIdx = 1: wgmma takes only operand 0 from registers")

    @property
    def _parent(self) -> BlockedEncodingAttr | NvidiaMmaEncodingAttr:
        assert isinstance(self.parent, BlockedEncodingAttr | NvidiaMmaEncodingAttr)
        return self.parent

    @property
    def rank(self) -> int:
        return self._parent.rank

    @property
    def cga(self) -> tuple[tuple[int, ...], ...]:
        k = self.rank - 1 if self.op_idx.data == 0 else self.rank - 2
        return tuple(tuple(0 if d == k else index for d, index in enumerate(basis)) for basis in self._parent.cga)

    def make(self, shape: tuple[int, ...]) -> LinearLayout:
        operand, parent = self.op_idx.data, self._parent
        if isinstance(parent, BlockedEncodingAttr):
            return parent.dot_operand(shape, operand)
        return parent.dot_operand(shape, operand, self.k_width.data)
