"""The `bufferization` dialect: where tensors meet buffers.

xDSL 0.74 takes the layout of a memref for a part of its tensor's type, says of `materialize_in_destination` that it
does nothing even when it writes a memref, and lacks `dealloc_tensor`.

Source: https://mlir.llvm.org/docs/Dialects/BufferizationOps/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    IndexType,
    MemRefType,
    TensorType,
    UnitAttr,
    UnrankedMemRefType,
    UnrankedTensorType,
)
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.irdl import (
    AttrSizedOperandSegments,
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    opt_operand_def,
    opt_prop_def,
    opt_result_def,
    result_def,
    traits_def,
    var_operand_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import MemoryWriteEffect, Pure
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.exports import dialect
from minilinalg.dialects.upstream.assembly import INDEX, counted, parse_value_list, print_values
from minilinalg.dialects.upstream.constraints import AnyMemRef, AnyTensor, RankedTensor, Shaped, may_agree
from minilinalg.dialects.upstream.effects import EffectsOn


def tensor_of(memref: Attribute) -> Attribute:
    """The type of a tensor with the elements of a memref."""
    if isinstance(memref, UnrankedMemRefType):
        return UnrankedTensorType(cast("UnrankedMemRefType[Attribute]", memref).element_type)
    assert isinstance(memref, MemRefType)
    return TensorType(cast("MemRefType[Attribute]", memref).element_type, memref.get_shape())


def _verify_pair(op: Operation, tensor: Attribute, memref: Attribute) -> None:
    """Shape and elements are the same; layout, memory space and encoding say where, not what."""
    plain = TensorType(tensor.element_type, tensor.shape) if isinstance(tensor, TensorType) else tensor  # pyright: ignore
    if plain != tensor_of(memref):
        raise VerifyException(
            f"'{op.name}' goes between {memref} and {tensor}: both have one shape and one element type, here "
            f"{tensor_of(memref)}"
        )


def _flags(parser: Parser, *names: str) -> dict[str, Attribute]:
    """The keywords of `names` that stand here, in that order, as unit properties."""
    return {name: UnitAttr() for name in names if parser.parse_optional_keyword(name) is not None}


def _print_flags(printer: Printer, op: Operation, *names: str) -> None:
    for name in names:
        if name in op.properties:
            printer.print_string(f" {name}")


@irdl_op_definition
class ToTensorOp(IRDLOperation):
    """The contents of a buffer: `%t = bufferization.to_tensor %m restrict : memref<8xf32> to tensor<8xf32>`.

    The tensor is what the buffer holds here and now. `restrict` promises that nothing else in the function reaches the
    buffer, `writable` that it may be overwritten when the tensor is no longer used.
    """

    name = "bufferization.to_tensor"
    buffer = operand_def(AnyMemRef)
    writable = opt_prop_def(UnitAttr)
    restrict = opt_prop_def(UnitAttr)
    tensor = result_def(AnyTensor)
    traits = traits_def(EffectsOn(reads=("buffer",)))

    def __init__(
        self,
        memref: SSAValue | Operation,
        restrict: bool = False,
        writable: bool = False,
        result_type: Attribute | None = None,
    ):
        value = SSAValue.get(memref)
        super().__init__(
            operands=[value],
            result_types=[tensor_of(value.type) if result_type is None else result_type],
            properties={
                "restrict": UnitAttr() if restrict else None,
                "writable": UnitAttr() if writable else None,
            },
        )

    @property
    def memref(self) -> SSAValue:
        """xDSL's name of the operand."""
        return self.buffer

    def verify_(self) -> None:
        _verify_pair(self, self.tensor.type, self.buffer.type)

    @classmethod
    def parse(cls, parser: Parser) -> ToTensorOp:
        buffer = parser.parse_unresolved_operand()
        properties = _flags(parser, "restrict", "writable")
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the types of buffer and tensor")
        source = parser.parse_type()
        parser.parse_keyword("to", " and the type of the tensor")
        return cls.create(
            operands=[parser.resolve_operand(buffer, source)],
            result_types=[parser.parse_type()],
            properties=properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.buffer)
        _print_flags(printer, self, "restrict", "writable")
        _print_types(printer, self, self.buffer.type, self.tensor.type)


def _print_types(printer: Printer, op: Operation, source: Attribute, result: Attribute) -> None:
    printer.print_op_attributes(op.attributes)
    printer.print_string(" : ")
    printer.print_attribute(source)
    printer.print_string(" to ")
    printer.print_attribute(result)


@irdl_op_definition
class ToBufferOp(IRDLOperation):
    """A buffer with the contents of a tensor: `%m = bufferization.to_buffer %t : tensor<8xf32> to memref<8xf32>`.

    `read_only` promises that nobody writes the buffer.
    """

    name = "bufferization.to_buffer"
    tensor = operand_def(AnyTensor)
    read_only = opt_prop_def(UnitAttr)
    buffer = result_def(AnyMemRef)
    traits = traits_def(Pure())

    def __init__(self, tensor: SSAValue | Operation, result_type: Attribute, *, read_only: bool = False):
        super().__init__(
            operands=[tensor],
            result_types=[result_type],
            properties={"read_only": UnitAttr() if read_only else None},
        )

    @property
    def memref(self) -> SSAValue:
        """xDSL's name of the result."""
        return self.buffer

    def verify_(self) -> None:
        _verify_pair(self, self.tensor.type, self.buffer.type)

    @classmethod
    def parse(cls, parser: Parser) -> ToBufferOp:
        tensor = parser.parse_unresolved_operand()
        properties = _flags(parser, "read_only")
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the types of tensor and buffer")
        source = parser.parse_type()
        parser.parse_keyword("to", " and the type of the buffer")
        return cls.create(
            operands=[parser.resolve_operand(tensor, source)],
            result_types=[parser.parse_type()],
            properties=properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.tensor)
        _print_flags(printer, self, "read_only")
        _print_types(printer, self, self.tensor.type, self.buffer.type)


@irdl_op_definition
class MaterializeInDestinationOp(IRDLOperation):
    """Make a destination hold a tensor.

    Into a buffer, which is written: `bufferization.materialize_in_destination %t in writable %m
    : (tensor<8xf32>, memref<8xf32>) -> ()`; `restrict` promises that nothing else in the function reaches the buffer.
    Into a tensor, which only says where the result should lie:
    `%r = bufferization.materialize_in_destination %t in %d : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>`.
    """

    name = "bufferization.materialize_in_destination"
    source = operand_def(RankedTensor)
    dest = operand_def(Shaped)
    restrict = opt_prop_def(UnitAttr)
    writable = opt_prop_def(UnitAttr)
    result = opt_result_def(RankedTensor)
    traits = traits_def(EffectsOn(writes=("dest",)))

    def __init__(
        self,
        source: SSAValue | Operation,
        dest: SSAValue | Operation,
        *,
        restrict: bool = False,
        writable: bool = False,
    ):
        target = SSAValue.get(dest)
        super().__init__(
            operands=[source, target],
            result_types=[target.type if isinstance(target.type, TensorType) else None],  # pyright: ignore
            properties={
                "restrict": UnitAttr() if restrict else None,
                "writable": UnitAttr() if writable else None,
            },
        )

    def verify_(self) -> None:
        source, dest = self.source.type, self.dest.type
        assert isinstance(source, TensorType) and isinstance(dest, TensorType | MemRefType)
        if not may_agree(source.get_shape(), dest.get_shape()) or source.get_element_type() != dest.get_element_type():
            raise VerifyException(f"'{self.name}' puts {source} into {dest}: both have one shape and one element type")
        if isinstance(dest, MemRefType):
            if self.writable is None:
                raise VerifyException(f"'{self.name}' into a buffer without 'writable': a buffer is written")
            if self.result is not None:
                raise VerifyException(f"'{self.name}' into a buffer has a result: only one into a tensor has")
        else:
            if self.restrict is not None or self.writable is not None:
                raise VerifyException(f"'{self.name}' into a tensor is restrict or writable: only a buffer can be")
            if self.result is None or self.result.type != dest:
                raise VerifyException(f"'{self.name}' into {dest} must have a result of that type")

    @classmethod
    def parse(cls, parser: Parser) -> MaterializeInDestinationOp:
        source = parser.parse_unresolved_operand()
        parser.parse_keyword("in", " and the destination")
        properties = _flags(parser, "restrict", "writable")
        dest = parser.parse_unresolved_operand()
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the function type")
        position = parser.pos
        type_ = parser.parse_function_type()
        return cls.create(
            operands=parser.resolve_operands([source, dest], type_.inputs.data, position),
            result_types=type_.outputs.data,
            properties=properties,
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_ssa_value(self.source)
        printer.print_string(" in")
        _print_flags(printer, self, "restrict", "writable")
        printer.print_string(" ")
        printer.print_ssa_value(self.dest)
        printer.print_op_attributes(self.attributes)
        printer.print_string(" : ")
        printer.print_function_type(self.operand_types, self.result_types)


@irdl_op_definition
class AllocTensorOp(IRDLOperation):
    """A tensor that will have a buffer of its own.

    `%t = bufferization.alloc_tensor(%n) : tensor<?x16xf32>` with undefined elements, or with those of another tensor:
    `bufferization.alloc_tensor() copy(%x) : tensor<8x16xf32>`. One index for each dynamic dimension, none with `copy`;
    `size_hint=%n` and `{memory_space = ...}` say more about the buffer.
    """

    name = "bufferization.alloc_tensor"
    dynamic_sizes = var_operand_def(IndexType)
    copy = opt_operand_def(RankedTensor)
    size_hint = opt_operand_def(IndexType)
    memory_space = opt_prop_def(Attribute)
    tensor = result_def(RankedTensor)
    irdl_options = (AttrSizedOperandSegments(as_property=True),)
    traits = traits_def(Pure())

    def __init__(
        self,
        result_type: Attribute,
        dynamic_sizes: Sequence[Operation | SSAValue] | None = None,
        copy: SSAValue | Operation | None = None,
        size_hint: SSAValue | Operation | None = None,
        memory_space: Attribute | None = None,
    ):
        super().__init__(
            operands=[dynamic_sizes or [], copy, size_hint],
            result_types=[result_type],
            properties={"memory_space": memory_space},
        )

    def verify_(self) -> None:
        type_ = self.tensor.type
        if self.copy is not None:
            if self.dynamic_sizes or self.copy.type != type_:
                raise VerifyException(
                    f"'{self.name}' copies {self.copy.type} to {type_} with "
                    f"{counted(len(self.dynamic_sizes), 'size')}: "
                    "a copy has the type of what is copied, and no sizes"
                )
            return
        dynamic = type_.get_shape().count(DYNAMIC_INDEX)
        if dynamic != len(self.dynamic_sizes):
            raise VerifyException(
                f"'{self.name}' has {counted(len(self.dynamic_sizes), 'size')} for {type_}: "
                f"it takes one for each dynamic dimension, here {dynamic}"
            )

    @classmethod
    def parse(cls, parser: Parser) -> AllocTensorOp:
        position = parser.pos
        sizes = parse_value_list(parser)
        copied = hint = None
        if parser.parse_optional_keyword("copy") is not None:
            with parser.in_parens():
                copied = parser.parse_unresolved_operand()
        if parser.parse_optional_keyword("size_hint") is not None:
            parser.parse_punctuation("=")
            hint = parser.parse_operand(INDEX)
        attributes = parser.parse_optional_attr_dict()
        parser.parse_punctuation(":", " and the type of the tensor")
        type_ = parser.parse_type()
        return cls.build(
            operands=[
                parser.resolve_operands(sizes, [INDEX] * len(sizes), position),
                None if copied is None else parser.resolve_operand(copied, type_),
                hint,
            ],
            result_types=[type_],
            properties={"memory_space": attributes.pop("memory_space", None)},
            attributes=attributes,
        )

    def print(self, printer: Printer) -> None:
        print_values(printer, self.dynamic_sizes, "(", ")")
        if self.copy is not None:
            print_values(printer, [self.copy], " copy(", ")")
        if self.size_hint is not None:
            print_values(printer, [self.size_hint], " size_hint=")
        space: dict[str, Attribute] = {} if self.memory_space is None else {"memory_space": self.memory_space}
        printer.print_op_attributes({**self.attributes, **space})
        printer.print_string(" : ")
        printer.print_attribute(self.tensor.type)


@irdl_op_definition
class DeallocTensorOp(IRDLOperation):
    """Say that a tensor's buffer is not needed any more: `bufferization.dealloc_tensor %t : tensor<8xf32>`."""

    name = "bufferization.dealloc_tensor"
    tensor = operand_def(AnyTensor)
    traits = traits_def(MemoryWriteEffect())
    assembly_format = "$tensor attr-dict `:` type($tensor)"

    def __init__(self, tensor: SSAValue | Operation):
        super().__init__(operands=[tensor])


@irdl_op_definition
class CloneOp(IRDLOperation):
    """A buffer with the same contents: `%c = bufferization.clone %m : memref<8xf32> to memref<8xf32>`.

    It may be a copy or the buffer itself, so neither may be written afterwards.
    """

    name = "bufferization.clone"
    input = operand_def(AnyMemRef)
    output = result_def(AnyMemRef)
    traits = traits_def(EffectsOn(reads=("input",), allocates=("output",)))
    assembly_format = "$input attr-dict `:` type($input) `to` type($output)"

    def __init__(self, input: SSAValue | Operation, result_type: Attribute | None = None):
        value = SSAValue.get(input)
        super().__init__(operands=[value], result_types=[value.type if result_type is None else result_type])


Bufferization = dialect("bufferization", globals())
