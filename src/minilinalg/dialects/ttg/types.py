"""The types of `ttg`: views of shared memory, and tokens of asynchronous copies.

Source: TritonGPUTypes.td of Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from xdsl.dialects.builtin import BoolAttr
from xdsl.ir import Attribute, ParametrizedAttribute, SSAValue, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.tt.types import TypeClass
from minilinalg.dialects.ttg.shared_layouts import SharedLayoutAttribute, SharedMemorySpaceAttr
from minilinalg.dialects.ttg.struct_attribute import Sizes, numbers, sizes_attr
from minilinalg.errors import InputError


@irdl_attr_definition
class AsyncTokenType(ParametrizedAttribute, TypeAttribute):
    """`!ttg.async.token`: ties an asynchronous copy to the operations that group it and wait for it."""

    name = "ttg.async.token"


@irdl_attr_definition
class MemDescType(ParametrizedAttribute, TypeAttribute):
    """`!ttg.memdesc<2x64x32xf16, #shared, #smem, mutable>`: a view of a buffer in shared memory.

    Shape and element type of what is seen, its layout, the memory, and `mutable` unless it is written only once, where
    it is allocated. The layout is one of the last dimensions; those in front count buffers of that layout, one after
    the other. A part of a larger buffer names that buffer's shape last: `<32x64xi8, #shared, #smem, mutable, 64x64>`.
    """

    name = "ttg.memdesc"

    shape: Sizes
    element_type: Attribute
    layout: Attribute
    memory_space: Attribute
    mutable: BoolAttr
    alloc_shape: Sizes

    def __init__(
        self,
        shape: Sequence[int],
        element_type: Attribute,
        layout: Attribute,
        *,
        mutable: bool = False,
        alloc_shape: Sequence[int] | None = None,
    ):
        super().__init__(
            sizes_attr(shape),
            element_type,
            layout,
            SharedMemorySpaceAttr(),
            BoolAttr.from_bool(mutable),
            sizes_attr(shape if alloc_shape is None else alloc_shape),
        )

    def get_shape(self) -> tuple[int, ...]:
        """The sizes of what is seen."""
        return numbers(self.shape)

    @property
    def is_mutable(self) -> bool:
        """Whether it may be written after it was allocated."""
        return self.mutable == BoolAttr.from_bool(True)

    @property
    def elements(self) -> int:
        """How many elements are seen."""
        return prod(self.get_shape())

    def verify(self) -> None:
        shape, whole = self.get_shape(), numbers(self.alloc_shape)
        if not shape or any(size < 1 for size in shape):
            raise VerifyException(f"a memdesc of shape {list(shape)}: it has a dimension at least, of static size")
        if len(whole) < len(shape) or any(b < s for s, b in zip(shape[::-1], whole[::-1], strict=False)):
            raise VerifyException(f"a memdesc of {list(shape)} in a buffer of {list(whole)}: the buffer is not smaller")
        if isinstance(self.memory_space, SharedMemorySpaceAttr):
            if not isinstance(self.layout, SharedLayoutAttribute):
                raise VerifyException(f"a memdesc of layout {self.layout}: it is a layout in shared memory")
            if self.layout.rank > len(shape):
                raise VerifyException(
                    f"a memdesc of rank {len(shape)} with a layout of rank {self.layout.rank}: "
                    "the layout is one of the last dimensions"
                )
            try:
                self.layout.linear_layout(whole[-self.layout.rank :])
            except InputError as error:
                broken = error.diagnostic
                raise VerifyException(f"a memdesc of {list(whole)}, {broken.found}: {broken.rule}") from None

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        with parser.in_angle_brackets():
            start = parser.pos
            shape, element = parser.parse_ranked_shape()
            parser.parse_punctuation(",", " behind the element type")
            layout = parser.parse_attribute()
            parser.parse_punctuation(",", " behind the layout")
            space = parser.parse_attribute()
            mutable, whole = False, shape
            while parser.parse_optional_punctuation(",") is not None:
                if parser.parse_optional_keyword("mutable") is not None:
                    mutable = True
                else:
                    whole = parser.parse_dimension_list()
            parameters = [sizes_attr(shape), element, layout, space, BoolAttr.from_bool(mutable), sizes_attr(whole)]
            try:
                cls.new(parameters)
            except VerifyException as broken:
                parser.raise_error(str(broken), start, parser.pos)
            return parameters

    def print_parameters(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string("".join(f"{size}x" for size in self.get_shape()))
            for attribute in (self.element_type, self.layout, self.memory_space):
                printer.print_attribute(attribute)
                printer.print_string("" if attribute is self.memory_space else ", ")
            if self.is_mutable:
                printer.print_string(", mutable")
            if self.alloc_shape != self.shape:
                printer.print_string(", " + "x".join(map(str, numbers(self.alloc_shape))))


MemDesc: TypeClass[MemDescType] = TypeClass(
    "a view of shared memory", lambda type: isinstance(type, MemDescType), MemDescType
)
TOKEN = AsyncTokenType()


def memdesc_type(value: SSAValue) -> MemDescType:
    """The type of a value that the definition of its operation says is a view of shared memory."""
    assert isinstance(value.type, MemDescType)
    return value.type
