"""How passes change layouts: an operation in another layout, between conversions."""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr, ModuleOp
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import Rewriter

from minilinalg.dialects.tt.types import encoding_of, is_tensor, tensor_type
from minilinalg.dialects.ttg import ConvertLayoutOp
from minilinalg.dialects.ttg.inference import with_layout
from minilinalg.errors import InputError
from minilinalg.locations import places_of
from minilinalg.stages import WARPS

THREADS, CTAS = "ttg.threads-per-warp", "ttg.num-ctas"
"""The attributes of a module that say how many threads a warp has, and how many blocks run a program."""


def num_warps_of(module: ModuleOp) -> int:
    """How many warps run a program. Raises InputError when the module does not say."""
    return _number(module, WARPS, "warps a block")


def threads_per_warp_of(module: ModuleOp) -> int:
    """How many threads a warp has. Raises InputError when the module does not say."""
    return _number(module, THREADS, "threads a warp")


def _number(module: ModuleOp, key: str, what: str) -> int:
    number = module.attributes.get(key)
    if not isinstance(number, IntegerAttr):
        raise InputError(
            f"a module without {key}",
            rule=f"a module of stage ttg says how many {what} has",
            hint="convert-triton-to-tritongpu puts it there",
            places=places_of(module)[:1],
        )
    return number.value.data


def converted(value: SSAValue, layout: Attribute, at: Operation) -> SSAValue:
    """`value` in another layout, converted in front of `at`; itself when it has that layout."""
    if encoding_of(value.type) == layout:
        return value
    convert = ConvertLayoutOp(value, with_layout(tensor_type(value), layout))
    convert.location = at.location
    assert at.parent is not None
    at.parent.insert_op_before(convert, at)
    return convert.result


def give_result(result: SSAValue, layout: Attribute, after: Operation) -> SSAValue:
    """Gives a value of tensor type `layout`; its users get it converted back, behind `after`. Returns the value."""
    old = tensor_type(result)
    value = Rewriter.replace_value_with_new_type(result, with_layout(old, layout))
    convert = ConvertLayoutOp(value, old)
    convert.location = after.location
    for use in list(value.uses):
        use.operation.operands[use.index] = convert.result
    convert.operands[0] = value
    assert after.parent is not None
    after.parent.insert_op_after(convert, after)
    return value


def with_operands_in(op: Operation, layout: Attribute) -> None:
    """`op` works in `layout`: its tensors are converted in front of it, and its results back behind it."""
    for index, operand in enumerate(op.operands):
        if is_tensor(operand.type):
            op.operands[index] = converted(operand, layout, op)
    after: Operation = op
    for result in op.results:
        if is_tensor(result.type) and encoding_of(result.type) != layout:
            give_result(result, layout, after)
