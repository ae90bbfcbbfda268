"""The context: which dialects a text may use, and what a run of passes shares.

Dialects are registered by name and loaded when their first operation, type or attribute is read, so starting up costs
nothing for dialects that a module does not use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from xdsl.context import Context
from xdsl.dialects.builtin import Builtin
from xdsl.ir import Dialect

from minilinalg.errors import Remark

if TYPE_CHECKING:
    from minilinalg.targets import Machine

DIALECTS: dict[str, tuple[str, str]] = {
    # What Triton writes, and the hardware
    "tt": ("minilinalg.dialects.tt", "TT"),
    "ttg": ("minilinalg.dialects.ttg", "TTG"),
    "ttng": ("minilinalg.dialects.ttng", "TTNG"),
    "address": ("minilinalg.dialects.address", "Address"),
    "debug": ("minilinalg.dialects.debug", "Debug"),
    "linalg_ext": ("minilinalg.dialects.linalg_ext", "LinalgExt"),
    "simd": ("minilinalg.dialects.simd", "SIMD"),
    "simt": ("minilinalg.dialects.simt", "SIMT"),
    # Upstream, completed
    "arith": ("minilinalg.dialects.upstream.arith", "Arith"),
    "bufferization": ("minilinalg.dialects.upstream.bufferization", "Bufferization"),
    "cf": ("minilinalg.dialects.upstream.cf", "Cf"),
    "func": ("minilinalg.dialects.upstream.func", "Func"),
    "linalg": ("minilinalg.dialects.upstream.linalg", "Linalg"),
    "llvm": ("minilinalg.dialects.upstream.llvm", "LLVM"),
    "math": ("minilinalg.dialects.upstream.math", "Math"),
    "memref": ("minilinalg.dialects.upstream.memref", "MemRef"),
    "scf": ("minilinalg.dialects.upstream.scf", "Scf"),
    "tensor": ("minilinalg.dialects.upstream.tensor", "Tensor"),
    "ub": ("minilinalg.dialects.upstream.ub", "UB"),
    # Upstream as xDSL has it
    "affine": ("xdsl.dialects.affine", "Affine"),
    "complex": ("xdsl.dialects.complex", "Complex"),
    "test": ("xdsl.dialects.test", "Test"),
    "vector": ("xdsl.dialects.vector", "Vector"),
}
"""Name of a dialect -> module and name of its `Dialect` object."""


@dataclass
class MLContext(Context):
    """xDSL's context, with the machine that is compiled for and the remarks that passes left."""

    target: Machine | None = None
    remarks: list[Remark] = field(default_factory=list[Remark])

    def clone(self) -> MLContext:
        return MLContext(
            self.allow_unregistered,
            self._loaded_dialects.copy(),
            self._loaded_ops.copy(),
            self._loaded_attrs.copy(),
            self._loaded_types.copy(),
            self._registered_dialects.copy(),
            self.target,
            self.remarks.copy(),
        )


def _factory(module: str, name: str) -> Callable[[], Dialect]:
    return lambda: getattr(import_module(module), name)


def make_context(*, allow_unregistered: bool = False) -> MLContext:
    """A context that knows every dialect of `DIALECTS`, none of them loaded but builtin.

    With `allow_unregistered`, operations, types and attributes of other dialects are read and printed back as they are.
    """
    ctx = MLContext(allow_unregistered)
    ctx.load_dialect(Builtin)
    for dialect, (module, name) in DIALECTS.items():
        ctx.register_dialect(dialect, _factory(module, name))
    return ctx
