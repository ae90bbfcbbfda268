"""The layouts of tensors in shared memory, as attributes in the official syntax, and that memory's name.

Source: TritonGPUAttrDefs.td of Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast

from xdsl.dialects.builtin import ArrayAttr, BoolAttr, IntAttr
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.ttg.distributed_layouts import CGA, LayoutAttribute
from minilinalg.dialects.ttg.linear_layouts import bases_layout
from minilinalg.dialects.ttg.struct_attribute import (
    Bases,
    Field,
    Sizes,
    StructAttribute,
    bases_attr,
    checked,
    numbers,
    print_struct,
    print_value,
    read_bases,
    read_flag,
    read_number,
    read_sizes,
    read_struct,
    sizes_attr,
    vectors,
    verify_cga,
    verify_order,
    verify_powers,
)
from minilinalg.errors import InputError
from minilinalg.layouts.fitting import product_in_order
from minilinalg.layouts.linear import BLOCK, OFFSET, LinearLayout
from minilinalg.layouts.shared import SharedLayout, nvmma_shared, padded_shared, swizzled_shared


@irdl_attr_definition
class SharedMemorySpaceAttr(ParametrizedAttribute):
    """The memory that the threads of a block share: `#ttg.shared_memory`."""

    name = "ttg.shared_memory"
    ALIAS: ClassVar[str] = "smem"


class SharedLayoutAttribute(LayoutAttribute):
    """A layout of a tensor in shared memory: from offset and block to elements."""

    ALIAS: ClassVar[str] = "shared"

    def memory(self, shape: Sequence[int]) -> SharedLayout:
        """The layout of a tensor of this shape with its padding. Raises InputError when it does not fit."""
        return SharedLayout(self.linear_layout(shape))


@irdl_attr_definition
class SwizzledSharedEncodingAttr(SharedLayoutAttribute, StructAttribute):
    """Rows one after the other, with groups of elements exchanged by XOR against bank conflicts.

    `#ttg.swizzled_shared<{vec = 8, perPhase = 1, maxPhase = 8, order = [1, 0]}>`

    Group g, of `vec` elements, of row r lies at g XOR (r / `perPhase` % `maxPhase`). `order[0]` is the dimension along
    which elements are neighbours, `order[1]` the one that counts rows.
    """

    name = "ttg.swizzled_shared"
    FIELDS: ClassVar = (
        Field("vec", read_number),
        Field("perPhase", read_number),
        Field("maxPhase", read_number),
        Field("order", read_sizes),
        CGA,
    )

    vec: IntAttr
    per_phase: IntAttr
    max_phase: IntAttr
    order: Sizes
    cga_layout: Bases

    def __init__(
        self, vec: int, per_phase: int, max_phase: int, order: Sequence[int], cga: Sequence[Sequence[int]] = ()
    ):
        super().__init__(IntAttr(vec), IntAttr(per_phase), IntAttr(max_phase), sizes_attr(order), bases_attr(cga))

    def verify(self) -> None:
        for field, value in zip(self.FIELDS, (self.vec, self.per_phase, self.max_phase), strict=False):
            verify_powers(field.key, [value.data])
        if not self.order.data:
            raise VerifyException("order = []: a layout has a dimension at least")
        verify_order(numbers(self.order))
        verify_cga(self.cga, self.rank)

    @property
    def rank(self) -> int:
        return len(self.order)

    @property
    def cga(self) -> tuple[tuple[int, ...], ...]:
        return vectors(self.cga_layout)

    def make(self, shape: tuple[int, ...]) -> LinearLayout:
        parameters = self.vec.data, self.per_phase.data, self.max_phase.data, numbers(self.order)
        return swizzled_shared(shape, *parameters, self.cga)


@irdl_attr_definition
class NVMMASharedEncodingAttr(SharedLayoutAttribute, StructAttribute):
    """What TMA writes and wgmma reads.

    `#ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>`

    `transposed` means that the first dimension is the contiguous one. `fp4Padded` leaves every second 8 bytes free.
    """

    name = "ttg.nvmma_shared"
    FIELDS: ClassVar = (
        Field("swizzlingByteWidth", read_number),
        Field("transposed", read_flag),
        Field("elementBitWidth", read_number),
        Field("fp4Padded", read_flag, BoolAttr.from_bool(False)),
        CGA,
        Field("rank", read_number, IntAttr(2)),
    )

    swizzling_byte_width: IntAttr
    transposed: BoolAttr
    element_bit_width: IntAttr
    fp4_padded: BoolAttr
    cga_layout: Bases
    declared_rank: IntAttr

    def __init__(
        self,
        swizzling_byte_width: int,
        transposed: bool,
        element_bit_width: int,
        *,
        fp4_padded: bool = False,
        rank: int = 2,
        cga: Sequence[Sequence[int]] = (),
    ):
        super().__init__(
            IntAttr(swizzling_byte_width),
            BoolAttr.from_bool(transposed),
            IntAttr(element_bit_width),
            BoolAttr.from_bool(fp4_padded),
            bases_attr(cga),
            IntAttr(rank),
        )

    def verify(self) -> None:
        if self.swizzling_byte_width.data not in (0, 32, 64, 128):
            raise VerifyException(f"swizzlingByteWidth = {self.swizzling_byte_width.data}: it is 0, 32, 64 or 128")
        if self.element_bit_width.data not in (8, 16, 32, 64):
            raise VerifyException(f"elementBitWidth = {self.element_bit_width.data}: it is 8, 16, 32 or 64")
        if self.fp4_padded.value.data and (self.swizzling_byte_width.data, self.element_bit_width.data) != (128, 8):
            raise VerifyException("fp4Padded = true: it goes with swizzlingByteWidth = 128 and elementBitWidth = 8")
        verify_cga(self.cga, self.rank)

    @property
    def rank(self) -> int:
        return len(self.cga[0]) if self.cga else self.declared_rank.data

    @property
    def cga(self) -> tuple[tuple[int, ...], ...]:
        return vectors(self.cga_layout)

    def make(self, shape: tuple[int, ...]) -> LinearLayout:
        width, bits = self.swizzling_byte_width.data, self.element_bit_width.data
        flags = bool(self.transposed.value.data), bool(self.fp4_padded.value.data)
        return nvmma_shared(shape, width, flags[0], bits, flags[1], self.cga)


class GivenSharedLayout(SharedLayoutAttribute):
    """A layout in shared memory that is given by its bases, so it is one of a certain tensor."""

    offset: Bases
    block: Bases

    def given(self) -> LinearLayout:
        """The bases as they stand. Raises VerifyException when they are none of a layout."""
        return bases_layout({OFFSET: vectors(self.offset), BLOCK: vectors(self.block)})

    @property
    def rank(self) -> int:
        return len(self.given().outs)

    def make(self, shape: tuple[int, ...]) -> LinearLayout:
        layout = self.given()
        if layout.shape != shape:
            raise InputError(
                f"a layout of {'x'.join(map(str, layout.shape))} elements on a tensor of {'x'.join(map(str, shape))}",
                rule=f"the bases of {self.name} name every element of the tensor",
            )
        return layout


OFFSETS = (Field(OFFSET, read_bases), Field(BLOCK, read_bases, ArrayAttr([])))
ORDERED = (Field("order", read_sizes), Field("shape", read_sizes))


@irdl_attr_definition
class SharedLinearEncodingAttr(GivenSharedLayout):
    """A layout in shared memory given by its bases: where the bits of the offset and of the block number lead.

    `#ttg.shared_linear<{offset = [[0, 1], [0, 2], [1, 0]]}, alignment = 16>`

    The first element's address is a multiple of `alignment` bytes.
    """

    name = "ttg.shared_linear"

    alignment: IntAttr

    def __init__(self, layout: LinearLayout, alignment: int = 16):
        super().__init__(bases_attr(layout.bases(OFFSET)), bases_attr(layout.bases(BLOCK)), IntAttr(alignment))

    def verify(self) -> None:
        self.given()
        verify_powers("alignment", [self.alignment.data])

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            start = parser.pos
            bases = read_struct(parser, OFFSETS)
            parser.parse_punctuation(",", " behind the bases")
            parser.parse_characters("alignment", " behind the bases")
            parser.parse_punctuation("=", " behind alignment")
            return checked(cls, [*bases, read_number(parser)], parser, start)

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            print_struct(printer, OFFSETS, (self.offset, self.block))
            printer.print_string(f", alignment = {self.alignment.data}")


@irdl_attr_definition
class PaddedSharedEncodingAttr(GivenSharedLayout):
    """A layout in shared memory with free room between the elements.

    ```mlir
    #ttg.padded_shared<[32:+4] {order = [1, 0], shape = [16, 32]}>
    #ttg.padded_shared<[2:+2, 8:+1] {offset = [[2], [1]], block = []}>
    ```

    `[interval:+padding]` leaves `padding` elements free after every `interval`; several add up. `order` and `shape`
    stand for the bases that count through the shape, `order[0]` fastest.
    """

    name = "ttg.padded_shared"

    intervals: Sizes
    paddings: Sizes

    def __init__(self, padding: Sequence[tuple[int, int]], layout: LinearLayout):
        super().__init__(
            bases_attr(layout.bases(OFFSET)),
            bases_attr(layout.bases(BLOCK)),
            sizes_attr([interval for interval, _ in padding]),
            sizes_attr([more for _, more in padding]),
        )

    def verify(self) -> None:
        intervals, paddings = numbers(self.intervals), numbers(self.paddings)
        if not intervals or len(intervals) != len(paddings):
            raise VerifyException("there is no padding: it is a list of [interval:+padding]")
        verify_powers("an interval", intervals)
        verify_powers("a padding", paddings)
        if len(set(intervals)) != len(intervals):
            raise VerifyException(f"intervals {list(intervals)}: each stands once")
        self.given()

    def memory(self, shape: Sequence[int]) -> SharedLayout:
        pairs = zip(numbers(self.intervals), numbers(self.paddings), strict=True)
        return padded_shared(self.linear_layout(shape), list(pairs))

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        def read_pair() -> tuple[IntAttr, IntAttr]:
            interval = read_number(parser)
            parser.parse_punctuation(":", " behind an interval")
            parser.parse_punctuation("+", " in front of a padding")
            return interval, read_number(parser)

        with parser.in_angle_brackets():
            start = parser.pos
            pairs = parser.parse_comma_separated_list(parser.Delimiter.SQUARE, read_pair)
            values = read_struct(parser, (*(field._replace(default=NONE) for field in (*ORDERED, *OFFSETS)),))
            order, shape, offset, block = values
            if (order == NONE) != (shape == NONE) or (order == NONE) == (offset == NONE):
                parser.raise_error("a padded layout has either order and shape, or offset and block", start, parser.pos)
            if order != NONE:
                offset = _counted(cast(Sizes, order), cast(Sizes, shape), parser, start)
            blocks = ArrayAttr[Attribute]([]) if block == NONE else block
            lists = ArrayAttr([interval for interval, _ in pairs]), ArrayAttr([more for _, more in pairs])
            return checked(cls, [offset, blocks, *lists], parser, start)

    def print_parameters(self, printer: Printer) -> None:
        pairs = zip(numbers(self.intervals), numbers(self.paddings), strict=True)
        with printer.in_angle_brackets():
            printer.print_string(f"[{', '.join(f'{interval}:+{more}' for interval, more in pairs)}] ")
            if (order := self._order()) is None:
                with printer.in_braces():
                    printer.print_string("offset = ")
                    print_value(printer, self.offset)
                    printer.print_string(", block = ")
                    print_value(printer, self.block)
            else:
                print_struct(printer, ORDERED, (sizes_attr(order), sizes_attr(self.given().shape)))

    def _order(self) -> list[int] | None:
        """The order in which the offset counts through the shape, if it does."""
        layout = self.given()
        if self.block.data:
            return None
        dims = [next((d for d, index in enumerate(basis) if index), 0) for basis in layout.bases(OFFSET)]
        order = list(dict.fromkeys([*dims, *reversed(range(self.rank))]))
        plain = product_in_order(OFFSET, layout.shape, order).with_outs(layout.out_names)
        return order if plain.masks[OFFSET] == layout.masks[OFFSET] else None


NONE = IntAttr(-1)
"""A key that was not given."""


def _counted(order: Sizes, shape: Sizes, parser: AttrParser, start: int) -> Bases:
    """The bases that count through `shape`."""
    dims, sizes = numbers(order), numbers(shape)
    try:
        verify_powers("shape", sizes)
        verify_order(dims)
        if len(dims) != len(sizes) or not dims:
            raise VerifyException(f"order = {list(dims)} and shape = {list(sizes)}: both have a number per dimension")
    except VerifyException as broken:
        parser.raise_error(str(broken), start, parser.pos)
    layout = product_in_order(OFFSET, sizes, dims)
    return bases_attr(layout.with_outs(sorted(layout.out_names)).bases(OFFSET))
