"""What the lanes of a warp tell one another without memory."""

from __future__ import annotations

from typing import ClassVar

from xdsl.dialects.builtin import IntegerType, VectorType, i32
from xdsl.ir import Attribute, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, prop_def, result_def
from xdsl.utils.exceptions import VerifyException

from minilinalg.dialects.simt.effects import MeetsThreads
from minilinalg.dialects.simt.types import MaskVector, Vector, vector_like
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.attributes import EnumAttr, KeywordEnum
from minilinalg.dialects.tt.traits import TypesMatch, in_order, same


class ShuffleKind(KeywordEnum):
    """Which lane a lane takes from: lane `n`; lane XOR `n`; `n` lanes below; `n` above. Where none is: itself."""

    IDX = 0, "idx"
    BFLY = 1, "bfly"
    UP = 2, "up"
    DOWN = 3, "down"


class VoteKind(KeywordEnum):
    """Whether all lanes say yes, any does, or which ones do, as bits."""

    ALL = 0, "all"
    ANY = 1, "any"
    BALLOT = 2, "ballot"


@irdl_op_definition
class ShuffleOp(FormattedOperation):
    """Each lane takes the registers of another lane of its warp.

    `%w = simt.shuffle bfly, %v, %n : vector<4xf32>`

    `lane` is n of the kind, one number for all registers of the thread, of which the lowest five bits count.
    PTX: `shfl.sync.bfly.b32`, one for each register of 32 bits.
    """

    name = "simt.shuffle"
    SYNTAX: ClassVar = Syntax("$kind `,` $value `,` $lane attr-dict `:` type($value)")

    kind = prop_def(EnumAttr(ShuffleKind))
    value = operand_def(Vector)
    lane = operand_def(VectorType(i32, [1]))
    result = result_def(Vector)
    traits = in_order(MeetsThreads(), TypesMatch("value", "result", same, "the result has the type of the value"))

    def __init__(self, kind: ShuffleKind, value: SSAValue, lane: SSAValue):
        super().__init__(operands=[value, lane], result_types=[value.type], properties={"kind": kind.attribute})


@irdl_op_definition
class VoteOp(FormattedOperation):
    """The lanes of a warp vote on each element of `value`.

    `%b = simt.vote ballot, %m : vector<1xi1> -> vector<1xi32>`. `all` and `any` give i1, `ballot` the bits of
    the lanes. PTX: `vote.sync`.
    """

    name = "simt.vote"
    SYNTAX: ClassVar = Syntax("$kind `,` $value attr-dict `:` type($value) `->` type($result)")

    kind = prop_def(EnumAttr(VoteKind))
    value = operand_def(MaskVector)
    result = result_def(Vector)
    traits = in_order(MeetsThreads())

    def __init__(self, kind: VoteKind, value: SSAValue):
        super().__init__(
            operands=[value], result_types=[result_of(kind, value.type)], properties={"kind": kind.attribute}
        )

    def verify_(self) -> None:
        kind = VoteKind.of(self.kind)
        if self.result.type != (wanted := result_of(kind, self.value.type)):
            raise VerifyException(
                f"'simt.vote' {kind.keyword} of {self.value.type} to {self.result.type}: it gives {wanted}"
            )


def result_of(kind: VoteKind, votes: Attribute) -> Attribute:
    """The type of a vote's result: an i1, or the bits of all lanes, for each element."""
    return vector_like(votes, i32 if kind is VoteKind.BALLOT else IntegerType(1))
