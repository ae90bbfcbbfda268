"""The `ttg` dialect, as far as it occurs in the IR that Triton's front end gives: `tl.debug_barrier`."""

from xdsl.ir import Dialect

from minilinalg.dialects.ttg.barrier import AddressSpaces, BarrierOp

TTG = Dialect("ttg", [BarrierOp], [])

__all__ = ["TTG", "AddressSpaces", "BarrierOp"]
