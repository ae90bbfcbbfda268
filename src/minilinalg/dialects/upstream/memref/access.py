"""Reading, writing and moving the elements of memrefs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, cast

from xdsl.dialects.builtin import AnyFloat, BoolAttr, IndexType, IntegerAttr, IntegerType, MemRefType, i64
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_prop_def,
    prop_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser, UnresolvedOperand
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.upstream.assembly import (
    INDEX,
    counted,
    parse_choice,
    parse_indices,
    parse_value_list,
    print_values,
    split_properties,
)
from minilinalg.dialects.upstream.constraints import AnyMemRef, RankedMemRef, memref_type
from minilinalg.dialects.upstream.effects import EffectsOn

NO = BoolAttr.from_bool(False)
ATOMIC_KINDS = (
    "addf",
    "addi",
    "assign",
    "maximumf",
    "maxs",
    "maxu",
    "minimumf",
    "mins",
    "minu",
    "mulf",
    "muli",
    "ori",
    "andi",
    "maxnumf",
    "minnumf",
    "xori",
)
"""The values 0 .. 15 of `kind`, which MLIR stores as an i64."""


def verify_indices(op: Operation, memref: SSAValue, indices: Sequence[SSAValue]) -> None:
    """Verify that there is an index for each dimension of a memref."""
    rank = memref_type(memref).get_num_dims()
    if rank != len(indices):
        raise VerifyException(
            f"'{op.name}' has {counted(len(indices), 'index')} into {memref.type}: "
            f"it takes one for each dimension, here {rank}"
        )


def _element(memref: SSAValue) -> Attribute:
    return memref_type(memref).element_type


def _print_attributes(printer: Printer, op: IRDLOperation) -> None:
    written = {name: value for name, value in op.properties.items() if value != NO}
    printer.print_op_attributes({**op.attributes, **written})


@irdl_op_definition
class LoadOp(IRDLOperation):
    """One element: `%x = memref.load %m[%i, %j] : memref<8x16xf32>`, with one index for each dimension."""

    name = "memref.load"
    memref = operand_def(RankedMemRef)
    indices = var_operand_def(IndexType)
    nontemporal = opt_prop_def(BoolAttr, default_value=NO)
    res = result_def()
    traits = traits_def(EffectsOn(reads=("memref",)))

    def __init__(self, memref: SSAValue | Operation, indices: Sequence[SSAValue | Operation]):
        source = SSAValue.get(memref)
        super().__init__(operands=[source, indices], result_types=[_element(source)])

    @classmethod
    def get(cls, ref: SSAValue | Operation, indices: Sequence[SSAValue | Operation]) -> Self:
        return cls(ref, indices)

    def verify_(self) -> None:
        verify_indices(self, self.memref, self.indices)
        if self.res.type != _element(self.memref):
            raise VerifyException(f"'memref.load' from {self.memref.type} gives {self.res.type}: it gives an element")

    @classmethod
    def parse(cls, parser: Parser) -> LoadOp:
        memref = parser.parse_unresolved_operand()
        indices = parse_indices(parser)
        properties, attributes = split_properties(cls, parser.parse_optional_attr_dict())
        type_ = _parse_memref_type(parser)
        return cls.create(
            operands=[parser.resolve_operand(memref, type_), *indices],
            result_types=[type_.element_type],
            properties=properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.memref)
        print_values(printer, self.indices, "[", "]")
        _print_attributes(printer, self)
        printer.print_string(" : ")
        printer.print_attribute(self.memref.type)


@irdl_op_definition
class StoreOp(IRDLOperation):
    """Write one element: `memref.store %x, %m[%i, %j] : memref<8x16xf32>`, with one index for each dimension."""

    name = "memref.store"
    value = operand_def()
    memref = operand_def(RankedMemRef)
    indices = var_operand_def(IndexType)
    nontemporal = opt_prop_def(BoolAttr, default_value=NO)
    traits = traits_def(EffectsOn(writes=("memref",)))

    def __init__(
        self, value: SSAValue | Operation, memref: SSAValue | Operation, indices: Sequence[SSAValue | Operation]
    ):
        super().__init__(operands=[value, memref, indices])

    @classmethod
    def get(
        cls, value: SSAValue | Operation, ref: SSAValue | Operation, indices: Sequence[SSAValue | Operation]
    ) -> Self:
        return cls(value, ref, indices)

    def verify_(self) -> None:
        verify_indices(self, self.memref, self.indices)
        if self.value.type != _element(self.memref):
            raise VerifyException(
                f"'memref.store' writes {self.value.type} into {self.memref.type}: what is stored is an element"
            )

    @classmethod
    def parse(cls, parser: Parser) -> StoreOp:
        value = parser.parse_unresolved_operand()
        parser.parse_punctuation(",", " and the memref")
        memref = parser.parse_unresolved_operand()
        indices = parse_indices(parser)
        properties, attributes = split_properties(cls, parser.parse_optional_attr_dict())
        type_ = _parse_memref_type(parser)
        return cls.create(
            operands=[
                parser.resolve_operand(value, type_.element_type),
                parser.resolve_operand(memref, type_),
                *indices,
            ],
            properties=properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.value)
        printer.print_string(", ")
        printer.print_ssa_value(self.memref)
        print_values(printer, self.indices, "[", "]")
        _print_attributes(printer, self)
        printer.print_string(" : ")
        printer.print_attribute(self.memref.type)


def _parse_memref_type(parser: Parser) -> MemRefType[Attribute]:
    parser.parse_punctuation(":", " and the type of the memref")
    position = parser.pos
    type_ = parser.parse_type()
    if not isinstance(type_, MemRefType):
        parser.raise_error(f"expected a ranked memref type, found {type_}", position, parser.pos)
    return cast("MemRefType[Attribute]", type_)


@irdl_op_definition
class CopyOp(IRDLOperation):
    """Copy all elements: `memref.copy %a, %b : memref<8x16xf32> to memref<8x16xf32, 1>`.

    One shape and element type; layouts and memory spaces may differ. The two are the same or do not overlap.
    """

    name = "memref.copy"
    source = operand_def(AnyMemRef)
    destination = operand_def(AnyMemRef)
    traits = traits_def(EffectsOn(reads=("source",), writes=("destination",)))
    assembly_format = "$source `,` $destination attr-dict `:` type($source) `to` type($destination)"

    def __init__(self, source: SSAValue | Operation, destination: SSAValue | Operation):
        super().__init__(operands=[source, destination])

    def verify_(self) -> None:
        source, destination = self.source.type, self.destination.type
        if not isinstance(source, MemRefType) or not isinstance(destination, MemRefType):
            return
        pairs = zip(source.get_shape(), destination.get_shape(), strict=False)
        fits = source.get_num_dims() == destination.get_num_dims() and all(a == b or min(a, b) < 0 for a, b in pairs)
        if not fits or source.get_element_type() != destination.get_element_type():
            raise VerifyException(
                f"'memref.copy' from {source} to {destination}: both have one shape and one element type"
            )


_ATOMIC_TYPES: tuple[tuple[frozenset[str], str, Any], ...] = (
    (frozenset(kind for kind in ATOMIC_KINDS if kind.endswith("f")), "floats", AnyFloat),
    (frozenset(("addi", "maxs", "maxu", "mins", "minu", "muli", "ori", "andi", "xori")), "integers", IntegerType),
)


def verify_atomic_kind(op: Operation, kind: IntegerAttr, element: Attribute) -> None:
    """Verify that the kind of an atomic operation is one, and one that combines such elements."""
    if not 0 <= kind.value.data < len(ATOMIC_KINDS):
        raise VerifyException(
            f"'{op.name}' has kind {kind.value.data}: it is a number from 0 to {len(ATOMIC_KINDS) - 1}"
        )
    name = ATOMIC_KINDS[kind.value.data]
    for kinds, words, admitted in _ATOMIC_TYPES:
        if name in kinds and not isinstance(element, admitted):
            raise VerifyException(f"'{op.name}' {name} on {element}: it combines {words}")


@irdl_op_definition
class AtomicRMWOp(IRDLOperation):
    """Combine an element with a value, atomically, and give what it was.

    `%old = memref.atomic_rmw addf %x, %m[%i] : (f32, memref<8xf32>) -> f32`. Kinds: addf addi assign maximumf maxs maxu
    minimumf mins minu mulf muli ori andi maxnumf minnumf xori.
    """

    name = "memref.atomic_rmw"
    value = operand_def()
    memref = operand_def(RankedMemRef)
    indices = var_operand_def(IndexType)
    kind = prop_def(IntegerAttr.constr(type=i64))
    result = result_def()
    traits = traits_def(EffectsOn(reads=("memref",), writes=("memref",)))

    def __init__(
        self,
        kind: str,
        value: SSAValue | Operation,
        memref: SSAValue | Operation,
        indices: Sequence[SSAValue | Operation],
    ):
        super().__init__(
            operands=[value, memref, indices],
            result_types=[SSAValue.get(value).type],
            properties={"kind": IntegerAttr(ATOMIC_KINDS.index(kind), i64)},
        )

    @property
    def kind_name(self) -> str:
        return ATOMIC_KINDS[self.kind.value.data]

    def verify_(self) -> None:
        verify_indices(self, self.memref, self.indices)
        if {self.value.type, self.result.type} != {_element(self.memref)}:
            raise VerifyException(
                f"'memref.atomic_rmw' combines {self.value.type} with {self.memref.type} and gives {self.result.type}: "
                "value and result are elements"
            )
        verify_atomic_kind(self, self.kind, self.value.type)

    @classmethod
    def parse(cls, parser: Parser) -> AtomicRMWOp:
        kind = parse_choice(parser, "kind of atomic operation", ATOMIC_KINDS)
        value = parser.parse_unresolved_operand()
        parser.parse_punctuation(",", " and the memref")
        memref = parser.parse_unresolved_operand()
        indices = parse_indices(parser)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the function type")
        position = parser.pos
        type_ = parser.parse_function_type()
        return cls.create(
            operands=[*parser.resolve_operands([value, memref], type_.inputs.data, position), *indices],
            result_types=type_.outputs.data,
            properties={"kind": IntegerAttr(ATOMIC_KINDS.index(kind), i64)},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(f" {self.kind_name} ")
        printer.print_ssa_value(self.value)
        printer.print_string(", ")
        printer.print_ssa_value(self.memref)
        print_values(printer, self.indices, "[", "]")
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_function_type([self.value.type, self.memref.type], self.result_types)


# Transfers that go on while the program does


def _parse_place(parser: Parser) -> tuple[UnresolvedOperand, list[UnresolvedOperand]]:
    """`%m[%i, %j]`."""
    return parser.parse_unresolved_operand(), parse_value_list(parser, Parser.Delimiter.SQUARE)


@irdl_op_definition
class DmaStartOp(IRDLOperation):
    """Start a transfer of elements between memory spaces, to be waited for with the tag.

    `memref.dma_start %src[%i, %j], %dst[%k], %count, %tag[%t] : memref<8x16xf32>, memref<128xf32, 1>, memref<1xi32>`
    moves `%count` consecutive elements; with `, %stride, %run` behind the tag, runs of `%run` elements that lie
    `%stride` elements apart on the slower side.
    """

    name = "memref.dma_start"
    operands_ = var_operand_def()
    traits = traits_def(EffectsOn(reads=("src",), writes=("dest", "tag")))

    def __init__(
        self,
        src: SSAValue | Operation,
        src_indices: Sequence[SSAValue | Operation],
        dest: SSAValue | Operation,
        dest_indices: Sequence[SSAValue | Operation],
        num_elements: SSAValue | Operation,
        tag: SSAValue | Operation,
        tag_indices: Sequence[SSAValue | Operation],
        stride: SSAValue | Operation | None = None,
        num_elements_per_stride: SSAValue | Operation | None = None,
    ):
        strided = [value for value in (stride, num_elements_per_stride) if value is not None]
        super().__init__(operands=[[src, *src_indices, dest, *dest_indices, num_elements, tag, *tag_indices, *strided]])

    @property
    def _positions(self) -> tuple[int, int, int, int, int]:
        """Where the destination, the number of elements, the tag, its indices and the strides are among the operands.

        Which operand is what follows from the ranks of the three memrefs: the operation has no segment sizes.
        """
        dest = 1 + memref_type(self.operands[0]).get_num_dims()
        count = dest + 1 + memref_type(self.operands[dest]).get_num_dims()
        tag = count + 1
        return dest, count, tag, tag + 1, tag + 1 + memref_type(self.operands[tag]).get_num_dims()

    @property
    def src(self) -> SSAValue:
        return self.operands[0]

    @property
    def src_indices(self) -> Sequence[SSAValue]:
        return self.operands[1 : self._positions[0]]

    @property
    def dest(self) -> SSAValue:
        return self.operands[self._positions[0]]

    @property
    def dest_indices(self) -> Sequence[SSAValue]:
        dest, count, *_ = self._positions
        return self.operands[dest + 1 : count]

    @property
    def num_elements(self) -> SSAValue:
        return self.operands[self._positions[1]]

    @property
    def tag(self) -> SSAValue:
        return self.operands[self._positions[2]]

    @property
    def tag_indices(self) -> Sequence[SSAValue]:
        *_, first, end = self._positions
        return self.operands[first:end]

    @property
    def strided(self) -> Sequence[SSAValue]:
        """The stride and the number of elements of a run, or nothing."""
        return self.operands[self._positions[-1] :]

    def verify_(self) -> None:
        try:
            strided = len(self.strided)
        except (AssertionError, IndexError):
            strided = -1
        if strided not in (0, 2):
            raise VerifyException(
                f"'memref.dma_start' has operands of types {', '.join(map(str, self.operand_types))}: a source, a "
                "destination and a tag memref, each with an index for each dimension, the number of elements in "
                "front of the tag, and behind it either nothing or a stride and the number of elements of a run"
            )
        source, dest = memref_type(self.src), memref_type(self.dest)
        if source.element_type != dest.element_type:
            raise VerifyException(f"'memref.dma_start' from {source} to {dest}: both have one element type")

    @classmethod
    def parse(cls, parser: Parser) -> DmaStartOp:
        source, source_indices = _parse_place(parser)
        parser.parse_punctuation(",", " and the destination")
        dest, dest_indices = _parse_place(parser)
        parser.parse_punctuation(",", " and the number of elements")
        count = parser.parse_unresolved_operand()
        parser.parse_punctuation(",", " and the tag")
        tag, tag_indices = _parse_place(parser)
        strided: list[UnresolvedOperand] = []
        while parser.parse_optional_punctuation(",") is not None:
            strided.append(parser.parse_unresolved_operand())
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the types of source, destination and tag")
        position = parser.pos
        types = parser.parse_comma_separated_list(Parser.Delimiter.NONE, parser.parse_type)
        if len(types) != 3:
            found = f"'memref.dma_start' has {counted(len(types), 'type')}: it has those of its three memrefs"
            parser.raise_error(found, position, parser.pos)
        operands = [
            parser.resolve_operand(source, types[0]),
            *(parser.resolve_operand(index, INDEX) for index in source_indices),
            parser.resolve_operand(dest, types[1]),
            *(parser.resolve_operand(index, INDEX) for index in dest_indices),
            parser.resolve_operand(count, INDEX),
            parser.resolve_operand(tag, types[2]),
            *(parser.resolve_operand(index, INDEX) for index in (*tag_indices, *strided)),
        ]
        return cls.create(operands=operands, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.src)
        print_values(printer, self.src_indices, "[", "], ")
        printer.print_ssa_value(self.dest)
        print_values(printer, self.dest_indices, "[", "], ")
        printer.print_ssa_value(self.num_elements)
        printer.print_string(", ")
        printer.print_ssa_value(self.tag)
        print_values(printer, self.tag_indices, "[", "]")
        for value in self.strided:
            printer.print_string(", ")
            printer.print_ssa_value(value)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_list([self.src.type, self.dest.type, self.tag.type], printer.print_attribute)


@irdl_op_definition
class DmaWaitOp(IRDLOperation):
    """Wait until the transfer of a tag is done: `memref.dma_wait %tag[%t], %count : memref<1xi32>`."""

    name = "memref.dma_wait"
    tag = operand_def(RankedMemRef)
    tag_indices = var_operand_def(IndexType)
    num_elements = operand_def(IndexType)
    traits = traits_def(EffectsOn(reads=("tag",), writes=("tag",)))

    def __init__(
        self,
        tag: SSAValue | Operation,
        tag_indices: Sequence[SSAValue | Operation],
        num_elements: SSAValue | Operation,
    ):
        super().__init__(operands=[tag, tag_indices, num_elements])

    def verify_(self) -> None:
        verify_indices(self, self.tag, self.tag_indices)

    @classmethod
    def parse(cls, parser: Parser) -> DmaWaitOp:
        tag, indices = _parse_place(parser)
        parser.parse_punctuation(",", " and the number of elements")
        count = parser.parse_unresolved_operand()
        attributes = parser.parse_optional_attr_dict()
        type_ = _parse_memref_type(parser)
        operands = [
            parser.resolve_operand(tag, type_),
            *(parser.resolve_operand(index, INDEX) for index in (*indices, count)),
        ]
        return cls.create(operands=operands, attributes=attributes)

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.tag)
        print_values(printer, self.tag_indices, "[", "], ")
        printer.print_ssa_value(self.num_elements)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_attribute(self.tag.type)
