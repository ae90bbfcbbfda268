"""What a program tells its programmer: blocks are looked at one element after the other, in row-major order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xdsl.ir import Block, Region, SSAValue

from minilinalg.analysis.structured import is_pointer
from minilinalg.dialects import debug, tt
from minilinalg.dialects.tt.effects import is_true
from minilinalg.dialects.upstream import scf, tensor
from minilinalg.passes.triton_to_linalg.conversion import INDEX, Conversion, Handler, as_tensor, element_of


def print_(c: Conversion, op: tt.PrintOp) -> None:
    text, hex = op.prefix.data, is_true(op.hex)
    if not op.args:
        c.insert(debug.PrintOp(text, c.programs))
    for number, (value, signed) in enumerate(zip(op.args, op.is_signed.get_values(), strict=True)):
        if is_pointer(value.type):
            rule = "below the stage 'tt' a pointer is a number of elements in its argument, and no address"
            raise c.unsupported(op, f"'{op.name}' of {value.type}", rule, hint="print what it points to")
        which = f"{text}(operand {number}) " if len(op.args) > 1 else text

        def act(
            element: SSAValue, at: Sequence[SSAValue], shape: Sequence[int], which: str = which, signed: int = signed
        ) -> None:
            c.insert(debug.PrintOp(which, c.programs, element, at, shape, hex=hex, unsigned=not signed))

        _for_each(c, c.value(value), act)


def assert_(c: Conversion, op: tt.AssertOp) -> None:
    def act(element: SSAValue, at: Sequence[SSAValue], shape: Sequence[int]) -> None:
        c.insert(debug.AssertOp(op.message.data, c.programs, element, at, shape))

    _for_each(c, c.value(op.condition), act)


def _for_each(
    c: Conversion, value: SSAValue, act: Callable[[SSAValue, Sequence[SSAValue], Sequence[int]], None]
) -> None:
    """Calls `act` once, with an element, its indices and the shape, where that is written for every element."""
    type = as_tensor(value.type)
    if type is None:
        act(value, (), ())
        return
    shape = type.get_shape()

    def write(at: Sequence[SSAValue]) -> None:
        if len(at) == len(shape):
            act(c.insert(tensor.ExtractOp(value, at, element_of(type))).result, at, shape)
            return
        block = Block(arg_types=[INDEX])
        loop = scf.ForOp(c.number(0), c.number(shape[len(at)]), c.number(1), (), Region(block))
        with c.inside(block):
            write([*at, block.args[0]])
            c.insert(scf.YieldOp())
        c.insert(loop)

    write([])


HANDLERS: Mapping[str, Handler] = {"tt.assert": assert_, "tt.print": print_}
