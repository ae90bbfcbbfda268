"""The attributes of `tt`: enumerations, which the IR stores as i32, and the cache policy.

Source: TritonAttrDefs.td and TritonAttrEnums.td of Triton 3.9. The generic form shows an enumeration as its number
(`sem = 4 : i32`), the custom form as its keyword (`acq_rel`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Self, TypeAlias

from typing_extensions import TypeVar
from xdsl.dialects.builtin import I32, IntegerAttr, StringAttr, i32
from xdsl.ir import Attribute, ParametrizedAttribute
from xdsl.irdl import AttrConstraint, IntConstraint, VerificationContext, irdl_attr_definition
from xdsl.parser import AttrParser
from xdsl.printer import Printer
from xdsl.utils.exceptions import VerifyException

I32Attr: TypeAlias = IntegerAttr[I32]


@cache
def _i32(number: int) -> I32Attr:
    return IntegerAttr(number, i32)


class KeywordEnum(IntEnum):
    """An enumeration whose members have the number that the IR stores and the keyword that it prints."""

    keyword: str

    def __new__(cls, number: int, keyword: str) -> Self:
        member = int.__new__(cls, number)
        member._value_ = number
        member.keyword = keyword
        return member

    @classmethod
    def from_keyword(cls, keyword: str) -> Self | None:
        """The member that is written `keyword`, or None."""
        return next((member for member in cls if member.keyword == keyword), None)

    @classmethod
    def of(cls, attribute: Attribute) -> Self:
        """The member that an i32 attribute stands for."""
        assert isinstance(attribute, IntegerAttr)
        return cls(attribute.value.data)

    @property
    def attribute(self) -> I32Attr:
        """The i32 attribute that stands for this member."""
        return _i32(int(self))

    @classmethod
    def keywords(cls) -> str:
        """All keywords, for messages."""
        return ", ".join(member.keyword for member in cls)


class ProgramDim(KeywordEnum):
    """A dimension of the grid of programs."""

    X = 0, "x"
    Y = 1, "y"
    Z = 2, "z"


class CacheModifier(KeywordEnum):
    """At which levels a load or store is cached, as the PTX modifier of the same name says."""

    NONE = 1, "none"
    CA = 2, "ca"
    CG = 3, "cg"
    WB = 4, "wb"
    CS = 5, "cs"
    WT = 6, "wt"
    CV = 7, "cv"


class EvictionPolicy(KeywordEnum):
    """How soon a cached line may go."""

    NORMAL = 1, "evict_normal"
    EVICT_FIRST = 2, "evict_first"
    EVICT_LAST = 3, "evict_last"


class PaddingOption(KeywordEnum):
    """What a descriptor load gives outside of the tensor."""

    PAD_ZERO = 1, "zero"
    PAD_NAN = 2, "nan"


class MemSemantic(KeywordEnum):
    """How an atomic orders the accesses around it."""

    RELAXED = 1, "relaxed"
    ACQUIRE = 2, "acquire"
    RELEASE = 3, "release"
    ACQUIRE_RELEASE = 4, "acq_rel"


class MemSyncScope(KeywordEnum):
    """Which threads an atomic synchronises with: those of the device, of the program, of the whole system."""

    GPU = 1, "gpu"
    CTA = 2, "cta"
    SYSTEM = 3, "sys"


class RMWOp(KeywordEnum):
    """What `tt.atomic_rmw` does to the value in memory."""

    AND = 1, "and"
    OR = 2, "or"
    XOR = 3, "xor"
    ADD = 4, "add"
    FADD = 5, "fadd"
    MAX = 6, "max"
    MIN = 7, "min"
    UMAX = 8, "umax"
    UMIN = 9, "umin"
    XCHG = 10, "exch"


class DescriptorReduceKind(KeywordEnum):
    """What `tt.descriptor_reduce` does to the values in memory."""

    ADD = 1, "add"
    MIN = 2, "min"
    MAX = 3, "max"
    INC = 4, "inc"
    DEC = 5, "dec"
    AND = 6, "and"
    OR = 7, "or"
    XOR = 8, "xor"


class RoundingMode(KeywordEnum):
    """Towards zero, or to the nearest even."""

    RTZ = 0, "rtz"
    RTNE = 1, "rtne"


class PropagateNan(KeywordEnum):
    """Whether a NaN operand makes the result NaN."""

    NONE = 0, "none"
    ALL = 0xFFFF, "all"


class InputPrecision(KeywordEnum):
    """How a dot of f32 operands may round them."""

    TF32 = 0, "tf32"
    TF32x3 = 1, "tf32x3"
    IEEE = 2, "ieee"
    BF16x3 = 3, "bf16x3"
    BF16x6 = 4, "bf16x6"


class ScaleDotElemType(KeywordEnum):
    """The element format of an operand of `tt.dot_scaled`; e2m1 is packed two to an i8."""

    E4M3 = 0, "e4m3"
    E5M2 = 1, "e5m2"
    E2M3 = 2, "e2m3"
    E3M2 = 3, "e3m2"
    E2M1 = 4, "e2m1"
    BF16 = 5, "bf16"
    FP16 = 6, "fp16"


EnumT = TypeVar("EnumT", bound=KeywordEnum)


@dataclass(frozen=True)
class EnumAttr(AttrConstraint[I32Attr]):
    """The i32 attributes that stand for a member of `enum`."""

    enum: type[KeywordEnum]

    def verify(self, attr: Attribute, constraint_context: VerificationContext) -> None:
        if attr not in {member.attribute for member in self.enum}:
            raise VerifyException(
                f"found {attr}, must be an i32 that stands for one of "
                + ", ".join(f"{member.keyword} ({int(member)})" for member in self.enum)
            )

    def mapping_type_vars(self, type_var_mapping: Mapping[TypeVar, AttrConstraint | IntConstraint]) -> EnumAttr:
        return self


@irdl_attr_definition
class CachePolicyAttr(ParametrizedAttribute):
    """`#tt.cache_policy<cache_modifier = cg, eviction_policy = evict_last>`: cache hints of a load or store.

    Hints only: they order nothing and change no value.
    """

    name = "tt.cache_policy"

    modifier: StringAttr
    eviction: StringAttr

    def __init__(
        self,
        cache_modifier: CacheModifier = CacheModifier.NONE,
        eviction_policy: EvictionPolicy = EvictionPolicy.NORMAL,
    ):
        super().__init__(StringAttr(cache_modifier.keyword), StringAttr(eviction_policy.keyword))

    @property
    def cache_modifier(self) -> CacheModifier:
        """Where the access is cached."""
        member = CacheModifier.from_keyword(self.modifier.data)
        assert member is not None
        return member

    @property
    def eviction_policy(self) -> EvictionPolicy:
        """How soon the line may go."""
        member = EvictionPolicy.from_keyword(self.eviction.data)
        assert member is not None
        return member

    @classmethod
    def parse_parameters(cls, parser: AttrParser) -> Sequence[Attribute]:
        found: dict[str, StringAttr] = {}

        def parse_field() -> None:
            position = parser.pos
            field = parser.parse_identifier()
            if field not in _POLICY_FIELDS or field in found:
                parser.raise_error(
                    f"'{field}' in a cache policy: its fields are {' and '.join(_POLICY_FIELDS)}, once each", position
                )
            parser.parse_punctuation("=")
            found[field] = StringAttr(parse_keyword(parser, _POLICY_FIELDS[field]).keyword)

        with parser.in_angle_brackets():
            parse_field()
            parser.parse_punctuation(",")
            parse_field()
        return [found[field] for field in _POLICY_FIELDS]

    def print_parameters(self, printer: Printer) -> None:
        printer.print_string(f"<cache_modifier = {self.modifier.data}, eviction_policy = {self.eviction.data}>")


_POLICY_FIELDS: dict[str, type[KeywordEnum]] = {"cache_modifier": CacheModifier, "eviction_policy": EvictionPolicy}


def parse_keyword(parser: AttrParser, enum: type[EnumT]) -> EnumT:
    """Parse a keyword of `enum` and give the member; the error names all keywords."""
    position = parser.pos
    keyword = parser.parse_optional_identifier()
    if keyword is None:
        parser.raise_error(f"expected one of {enum.keywords()}", position)
    member = enum.from_keyword(keyword)
    if member is None:
        parser.raise_error(f"'{keyword}' is none of {enum.keywords()}", position)
    return member
