"""Where the operands of a dot come from, and the layouts in which they go to tensor cores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from xdsl.dialects.builtin import FixedBitwidthType
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.rewriter import InsertPoint, Rewriter

from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.traits import Elementwise
from minilinalg.dialects.tt.types import element_type, encoding_of, is_tensor, tensor_type
from minilinalg.dialects.ttg.struct_attribute import numbers
from minilinalg.layouts.linear import REGISTER
from minilinalg.locations import carry
from minilinalg.passes.tritongpu_accelerate_matmul.choice import bits_of

VIEWS = (tt.ExpandDimsOp, tt.ReshapeOp, tt.TransOp, tt.JoinOp, tt.SplitOp)
LOADS = (tt.LoadOp, tt.DescriptorLoadOp, tt.DescriptorGatherOp)


def is_loaded(value: SSAValue) -> bool:
    """Whether a value comes from memory, or from outside of its block, as it is."""
    owner = value.owner
    while isinstance(owner, Operation) and isinstance(owner, (ttg.ConvertLayoutOp, *VIEWS)):
        owner = owner.operands[0].owner
    return isinstance(owner, (Block, *LOADS))


def k_width_for(operands: Sequence[SSAValue], depth: int) -> int:
    """How many elements lie side by side along k in a thread: those of 32 bits in the narrowest type on their way.

    So what is loaded narrow and widened is loaded four bytes at once. Two operands have one kWidth; `depth` limits it.
    """
    return max(min(32 // min(_narrowest(value) for value in operands), depth // 8), 1)


def _narrowest(value: SSAValue) -> int:
    width, halves = bits_of(element_type(value.type)), 1
    for op in _computed_by(value):
        if isinstance(op, ttg.Fp4ToFpOp):
            return 4
        if isinstance(op, tt.JoinOp):
            # The layout of what is joined has half as many elements side by side.
            halves = 2
        widths = [_width(value.type) for value in (*op.results, *(() if isinstance(op, LOADS) else op.operands))]
        width = min([width, *(each for each in widths if each >= 8)])
    return width // halves


def _width(type: Attribute) -> int:
    element = element_type(type) if is_tensor(type) else None
    return element.bitwidth if isinstance(element, FixedBitwidthType) else 64


def _computed_by(value: SSAValue) -> Iterator[Operation]:
    """The operations that compute `value` element by element, or move it, back to its loads."""
    seen: set[Operation] = set()
    todo = [value]
    while todo:
        op = todo.pop().owner
        if isinstance(op, Block) or op in seen:
            continue
        moves = isinstance(op, (*VIEWS, *LOADS, tt.BroadcastOp, ttg.ConvertLayoutOp, ttg.Fp4ToFpOp))
        if not moves and not op.has_trait(Elementwise) and not op.name.startswith(("arith.", "math.")):
            continue
        seen.add(op)
        yield op
        if not isinstance(op, LOADS):
            todo += op.operands


def memory_order(type: Attribute) -> list[int]:
    """The dimensions of a tensor, the one along which its threads hold neighbours first."""
    layout = encoding_of(type)
    rank = len(tensor_type_of(type).get_shape())
    if isinstance(layout, ttg.BlockedEncodingAttr):
        return list(numbers(layout.order))
    assert isinstance(layout, ttg.DistributedLayout)
    bases = layout.linear_layout(tensor_type_of(type).get_shape()).bases(REGISTER)
    first = [next(dim for dim, index in enumerate(basis) if index) for basis in bases if any(basis)]
    return list(dict.fromkeys([*first, *reversed(range(rank))]))


def tensor_type_of(type: Attribute):
    """A type that is known to be that of a tensor."""
    assert is_tensor(type)
    return type


def nvmma_shared(shape: Sequence[int], order: Sequence[int], bits: int) -> ttg.NVMMASharedEncodingAttr:
    """The layout for wgmma and TMA with the widest swizzle that a row is a multiple of."""
    row = shape[order[0]] * bits // 8
    width = next((width for width in (128, 64, 32) if row % width == 0), 0)
    if len(shape) < 2 or prod(shape) // shape[order[0]] < 8:
        width = 0
    return ttg.NVMMASharedEncodingAttr(width, order[0] == 0, bits, rank=len(shape))


def in_shared_memory(value: SSAValue, operand: int, *, transposable: bool) -> SSAValue:
    """A buffer with an operand of wgmma, allocated where the operand is computed.

    Elements of 16 bits are read in the order in which they lie, others with k as the fastest dimension.
    """
    if isinstance(convert := value.owner, ttg.ConvertLayoutOp):
        value = convert.src
    type = tensor_type(value)
    order = memory_order(type) if transposable else [1, 0] if operand == 0 else [0, 1]
    layout = nvmma_shared(type.get_shape(), order, bits_of(type.element_type))
    alloc = ttg.LocalAllocOp(ttg.MemDescType(type.get_shape(), type.element_type, layout), value)
    owner = value.owner
    if isinstance(owner, Block):
        Rewriter.insert_op(alloc, InsertPoint.at_start(owner))
    else:
        Rewriter.insert_op(alloc, InsertPoint.after(owner))
        carry(owner, [alloc])
    return alloc.result
