"""Pointers as numbers: elements from one argument on, or addresses, which are all that is known of any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xdsl.ir import SSAValue

from minilinalg.analysis.structured import is_pointer
from minilinalg.passes.triton_to_linalg.conversion import Conversion, Handler, as_tensor, data_type, pointee_bytes
from minilinalg.passes.triton_to_linalg.generic import generic


def address(c: Conversion, old: SSAValue) -> SSAValue:
    """The address of a pointer, or of each pointer of a tensor, in bytes: an i64, or a tensor of them."""
    base = c.pointers.bases.of(old)
    if base is None:
        return c.value(old)
    if base is old:
        return c.address_of(c.value(base))
    number, start = c.data(old), c.address_of(c.value(base))
    size, type = pointee_bytes(old.type), as_tensor(data_type(old.type))
    if type is None:
        return c.moved(start, number, size)
    return generic(c, [start, number], type, lambda args: c.moved(args[0], args[1], size))


def value_in(c: Conversion, old: SSAValue, place: SSAValue) -> SSAValue:
    """A value in the form of `place`, which may become it: of a pointer, its address if that is one."""
    if is_pointer(old.type) and is_pointer(place.type) and c.pointers.bases.of(place) is None:
        return address(c, old)
    return c.data(old)


def _int_to_ptr(c: Conversion, op: Any) -> None:
    c.bind(op.result, c.value(op.src))


def _ptr_to_int(c: Conversion, op: Any) -> None:
    c.bind(op.result, address(c, op.src))


HANDLERS: Mapping[str, Handler] = {"tt.int_to_ptr": _int_to_ptr, "tt.ptr_to_int": _ptr_to_int}
