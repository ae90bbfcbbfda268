"""Functions of device libraries: operations of arith and math that compute the same."""

from __future__ import annotations

from collections.abc import Mapping

from minilinalg.dialects import tt
from minilinalg.dialects.tt import libdevice
from minilinalg.errors import near_name
from minilinalg.passes.element_operations import WrittenTerms
from minilinalg.passes.tritongpu_to_simt.conversion import Conversion, Handler


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


HANDLERS: Mapping[str, Handler] = {"tt.extern_elementwise": _extern_elementwise}
