"""What a program prints and asserts: each element by the thread that owns it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects.builtin import VectorType, f32
from xdsl.ir import SSAValue

from minilinalg.dialects import simt, tt
from minilinalg.dialects.simt.types import bits_of, count_of, is_vector
from minilinalg.dialects.tt.effects import is_true
from minilinalg.dialects.tt.types import is_float, is_tensor
from minilinalg.dialects.upstream import arith
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler, layout_of
from minilinalg.passes.tritongpu_to_simt.registers import picked
from minilinalg.passes.tritongpu_to_simt.threads import both, indices, own_registers, owners


def _places(c: Conversion, value: SSAValue) -> tuple[list[int], list[SSAValue], Sequence[int]]:
    """The registers of a thread that repeat no others, the index of each along each dimension, and the extents."""
    assert is_tensor(value.type)
    layout, shape = layout_of(value.type), value.type.get_shape()
    own = own_registers(layout)
    return own, [picked(c, indices(c, layout, dim), own) for dim in range(len(shape))], shape


def _widened(c: Conversion, value: SSAValue) -> SSAValue:
    """Floats of less than 32 bits as f32, which is printed alike."""
    type = VectorType(f32, [count_of(value.type)]) if is_vector(value.type) else f32
    return c.insert(arith.ExtFOp(value, type)).results[0]


def _print(c: Conversion, op: tt.PrintOp) -> None:
    prefix, is_hex = op.prefix.data, is_true(op.hex)
    if not op.args:
        c.insert(simt.PrintOp(prefix))
    for number, (arg, signed) in enumerate(zip(op.args, op.is_signed.get_values(), strict=True)):
        text = f"{prefix}(operand {number}) " if len(op.args) > 1 else prefix
        element = arg.type.element_type if is_tensor(arg.type) else arg.type
        # An address is printed as its bits.
        as_bits = is_hex or isinstance(element, tt.PointerType)
        narrow = is_float(element) and bits_of(element) < 32 and not as_bits
        if not is_tensor(arg.type):
            value = _widened(c, c.value(arg)) if narrow else c.value(arg)
            c.insert(simt.PrintOp(text, value, hex=as_bits, unsigned=not signed))
            continue
        own, index, shape = _places(c, arg)
        mask = both(c, None, owners(c, layout_of(arg.type)), len(own))
        value = picked(c, c.value(arg), own)
        value = _widened(c, value) if narrow else value
        c.insert(simt.PrintOp(text, value, index, shape, mask, hex=as_bits, unsigned=not signed))


def _assert(c: Conversion, op: tt.AssertOp) -> None:
    """What several threads hold holds or not in all of them."""
    if not is_tensor(op.condition.type):
        c.insert(simt.AssertOp(op.message.data, c.value(op.condition)))
        return
    own, index, shape = _places(c, op.condition)
    c.insert(simt.AssertOp(op.message.data, picked(c, c.value(op.condition), own), index, shape))


HANDLERS: Mapping[str, Handler] = {"tt.assert": _assert, "tt.print": _print}
