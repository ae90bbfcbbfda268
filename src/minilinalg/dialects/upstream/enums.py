"""Enum attributes as text.

xDSL prints `#dialect.name` and the value of an `EnumAttribute` without anything between them, which nothing reads back.
MLIR writes `#dialect.name<value>`, and so do parser and printer here, unless a class has its own syntax.
"""

from __future__ import annotations

from functools import cache

from xdsl.dialects.utils.enum_attribute import EnumAttribute
from xdsl.ir import Attribute, OpaqueSyntaxAttribute


@cache
def prints_bare_enum(attribute: type[Attribute]) -> bool:
    """Whether the class leaves its syntax to `EnumAttribute`."""
    return (
        issubclass(attribute, EnumAttribute)
        and not issubclass(attribute, OpaqueSyntaxAttribute)
        and attribute.print_parameter is EnumAttribute.print_parameter  # pyright: ignore
    )
