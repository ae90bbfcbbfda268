"""Functions of device libraries, operations of arith and math that compute the same; and assembly text."""

from __future__ import annotations

from collections.abc import Mapping

from xdsl.dialects.builtin import VectorType

from minilinalg.dialects import simt, tt
from minilinalg.dialects.simt.types import element_of
from minilinalg.dialects.tt import libdevice
from minilinalg.dialects.tt.types import is_tensor
from minilinalg.errors import near_name
from minilinalg.layouts.linear import REGISTER
from minilinalg.passes.element_operations import WrittenTerms
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, data_type, layout_of
from minilinalg.passes.tritongpu_to_simt.registers import picked
from minilinalg.passes.tritongpu_to_simt.shapes import uniform


def _extern_elementwise(c: Conversion, op: tt.ExternElementwiseOp) -> None:
    symbol = op.symbol.data
    name = libdevice.base_name(symbol)
    if name is None:
        raise c.unsupported(
            f"the external function '{symbol}'",
            "tritongpu-to-simt takes functions of libdevice that are operations of arith and math, or made of them",
            hint=near_name(symbol, libdevice.SYMBOLS),
        )
    written = WrittenTerms(c, c.type_of(op.result))
    c.bind(op.result, libdevice.apply(written, name, [c.element(arg) for arg in op.srcs]))


def _inline_asm(c: Conversion, op: tt.ElementwiseInlineAsmOp) -> None:
    """Groups are registers of a thread side by side; the last group is filled up with the last register."""
    tensors = [value for value in (*op.result, *op.args) if is_tensor(value.type)]
    count = layout_of(tensors[0].type).in_size(REGISTER) if tensors else 1
    packed = op.packed_element.value.data
    order = [min(at, count - 1) for at in range(-(-count // packed) * packed)]
    with c.elementwise(count):
        given = [c.element(arg) for arg in op.args]
    types = [VectorType(element_of(data_type(result.type)), [len(order)]) for result in op.result]
    like = {name: op.properties[name] for name in ("asm_string", "constraints", "pure", "packed_element")}
    made = c.insert(simt.InlineAsmOp(like, [picked(c, value, order) for value in given], types))
    for old, new in zip(op.result, made.result, strict=True):
        first = picked(c, new, range(count))
        c.bind(old, first if is_tensor(old.type) else uniform(c, first))


HANDLERS: Mapping[str, Handler] = {
    "tt.elementwise_inline_asm": _inline_asm,
    "tt.extern_elementwise": _extern_elementwise,
}
