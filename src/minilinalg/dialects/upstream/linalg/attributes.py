"""Attributes of linalg beside xDSL's iterator types."""

from __future__ import annotations

from enum import auto

from xdsl.dialects.utils import EnumAttribute
from xdsl.irdl import irdl_attr_definition
from xdsl.utils.str_enum import StrEnum


class TypeFn(StrEnum):
    """How elements are converted to the type of the output."""

    cast_signed = auto()
    cast_unsigned = auto()


@irdl_attr_definition
class TypeFnAttr(EnumAttribute[TypeFn]):
    """`#linalg.type_fn<cast_unsigned>`: integers are converted as unsigned numbers."""

    name = "linalg.type_fn"
