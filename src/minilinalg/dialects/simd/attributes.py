"""`#simd.space<nram>`, the memory that a buffer lies in, and `!simd.token`, an instruction that is on its way."""

from __future__ import annotations

from xdsl.ir import Data, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer


@irdl_attr_definition
class SpaceAttr(Data[str]):
    """
    The memory space of a memref, by the name that the target's file gives it.

    Syntax: `#simd.space<NAME>`, as in `memref<64xf32, #simd.space<nram>>`. The dialect knows no names: what a space is
    for (its role), how large it is and who shares it are figures of the target.
    """

    name = "simd.space"

    @classmethod
    def parse_parameter(cls, parser: AttrParser) -> str:
        with parser.in_angle_brackets():
            return parser.parse_identifier(" naming a memory space of the target")

    def print_parameter(self, printer: Printer) -> None:
        with printer.in_angle_brackets():
            printer.print_string(self.data)


@irdl_attr_definition
class TokenType(ParametrizedAttribute, TypeAttribute):
    """
    The completion of one asynchronous instruction, and of all before it on its pipe.

    Syntax: `!simd.token`. An instruction written with `async` returns a token and the core goes on at once; `after`
    makes another instruction start only when tokens are done, and `simd.wait` makes the core itself wait.

    A pipe works in the order of the program: an instruction sees what the earlier ones of its pipe did, without a
    token. Everyone else, the core's scalar unit and its other pipes, must be ordered behind an instruction by a token
    before it reads what that writes, or writes what that reads or writes. Order is transitive: an instruction is behind
    all that its tokens were behind, and all that the core had waited for when it was issued. What nobody waits for is
    done when the program ends. Loops and branches carry tokens as any value; they come to being in the order of the
    program, so waiting for one cannot hang.
    """

    name = "simd.token"
