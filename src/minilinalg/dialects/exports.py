"""A dialect is what its module exports: `Scf = dialect("scf", globals())`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialect_interfaces import DialectInterface
from xdsl.ir import Attribute, Dialect, Operation


def dialect(name: str, exports: Mapping[str, object], interfaces: Sequence[DialectInterface] = ()) -> Dialect:
    """The dialect of the operations and attributes among `exports` that are named `NAME.…`, in the order of classes.

    Abstract bases have no name of their own, so they stay out.
    """
    classes = [thing for _, thing in sorted(exports.items()) if isinstance(thing, type)]
    members = [cls for cls in classes if str(getattr(cls, "name", "")).startswith(f"{name}.")]
    operations = [cls for cls in members if issubclass(cls, Operation)]
    attributes = [cls for cls in members if issubclass(cls, Attribute)]
    return Dialect(name, operations, attributes, list(interfaces))
