"""Kernels: programs on buffers that run once for each point of a grid, in the form of the linalg stage.

    with b.kernel("double", x="memref:?xf32", n="i32") as k:
        start = k.program_id(0) * 64
        part = k.x.view(start, [mb.minimum(k.n - start, 64)])
        part.store(part.load() * 2.0)

The function takes the sizes of the grid behind its own arguments; its body is an `scf.forall` over the grid, x fastest,
which is what `triton-to-linalg` makes of a Triton kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xdsl.ir import Attribute, Block, Region

from minilinalg.abi import ABI, FunctionAbi, Parameter
from minilinalg.builder.elements import I32, INDEX
from minilinalg.builder.function import Function
from minilinalg.builder.places import location_of, placed
from minilinalg.builder.values import Buffer, Scalar, Tensor, Value
from minilinalg.dialects.upstream import func, scf
from minilinalg.errors import CommandError, InputError

if TYPE_CHECKING:
    from minilinalg.builder.module import Module

AXES = "xyz"


class Kernel(Function):
    """A function over a grid. Its arguments are buffers and scalars; it returns nothing."""

    def __init__(self, module: Module, name: str, arguments: Mapping[str, str | Attribute]):
        super().__init__(module, name, arguments)
        for argument, value in self._arguments.items():
            if isinstance(value, Tensor):
                raise CommandError(
                    f"the argument '{argument}' of a kernel is a tensor",
                    rule="a kernel takes buffers ('memref:?xf32') and scalars",
                )
        self._parameters = FunctionAbi(name, tuple(_parameter(n, v) for n, v in self._arguments.items()))
        entry = self.at.entry
        self._grid = [entry.insert_arg(INDEX, len(entry.args)) for _ in AXES]
        # The last dimension of the loop runs fastest, and that is x.
        self._programs = Block(arg_types=[INDEX] * len(AXES))
        for axis, size, program in zip(AXES, self._grid, reversed(self._programs.args), strict=True):
            size.name_hint, program.name_hint = f"g{axis}", f"p{axis}"

    def _blocks(self) -> list[Block]:
        return [self.at.entry, self._programs]

    @placed
    def program_id(self, axis: int) -> Scalar:
        """Which program of the grid this is, along `axis` (0 is x), as i32."""
        return self._of_grid(list(reversed(self._programs.args)), axis)

    @placed
    def num_programs(self, axis: int) -> Scalar:
        """The size of the grid along `axis`, as i32."""
        return self._of_grid(self._grid, axis)

    def _of_grid(self, values: list[Any], axis: int) -> Scalar:
        if axis not in range(len(AXES)):
            raise InputError(f"a grid has no axis {axis}", rule="the axes of a grid are 0, 1 and 2")
        return Scalar(self, self.at.arithmetic.cast(values[axis], I32))

    @placed
    def returns(self, *values: Value) -> None:
        raise CommandError("a kernel returns", rule="a kernel stores its results in buffers: 'store'")

    def _finish(self) -> func.FuncOp:
        self._programs.add_op(scf.InParallelOp())
        grid = list(reversed(self._grid))
        loop = scf.ForallOp([0] * len(AXES), grid, [1] * len(AXES), [], Region(self._programs))
        loop.location = location_of(self.place)
        self.at.entry.add_op(loop)
        op = super()._finish()
        op.attributes[ABI] = self._parameters.attribute()
        return op


def _parameter(name: str, value: Value) -> Parameter:
    return Parameter(name, "pointer" if isinstance(value, Buffer) else "scalar", value.element, {})
