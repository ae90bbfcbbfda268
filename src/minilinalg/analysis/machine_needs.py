"""What operations of stage simt need of a GPU that not every one has: asked before a run, and before PTX is written.

Source: PTX ISA, "Target ISA Notes" of each instruction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from xdsl.ir import Operation

from minilinalg.abi import FunctionAbi
from minilinalg.dialects import simt
from minilinalg.dialects.simt.bulk_copy import TensorMapType
from minilinalg.dialects.simt.dot import FP8
from minilinalg.dialects.simt.types import element_of
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of
from minilinalg.targets import SimtTarget, list_targets, load_target


class Need(NamedTuple):
    """A machine has to have compute capability `capability`, 90 for 9.0, or with `alone` no other.

    unit: whether a target's file has the figures of the unit that does it.
    """

    rule: str
    capability: int = 0
    alone: bool = False
    unit: Callable[[SimtTarget], object] = lambda target: True

    def met(self, capability: int, specific: bool) -> bool:
        """Whether code for a compute capability has it; `specific`: code that runs on that one alone."""
        return capability >= self.capability and (specific or not self.alone)

    def met_by(self, target: SimtTarget) -> bool:
        """Whether a machine has it."""
        capability = target.machine.compute_capability
        return self.met(capability, specific=capability == self.capability) and bool(self.unit(target))


def _tile_copies(target: SimtTarget) -> object:
    return target.tile_copies


def _tensor_cores(target: SimtTarget) -> object:
    return target.tensor_cores


def _warp_groups(target: SimtTarget) -> bool:
    return target.tensor_cores is not None and target.tensor_cores.version >= 3


WARP_GROUPS = Need(
    "warp groups multiply on compute capability 9.0 alone, with tensor_cores.version = 3: others do without",
    90,
    alone=True,
    unit=_warp_groups,
)
TILES = Need("TMA copies tiles on compute capability 9.0 and above, with tile_copies", 90, unit=_tile_copies)
BARRIERS = Need("TMA and its barriers are those of compute capability 9.0 and above", 90)
MAPS = Need("tensor maps are changed by instructions of compute capability 9.0 alone", 90, alone=True)
STORES = Need("stmatrix is an instruction of compute capability 9.0 and above", 90)
OVERLAP = Need("launches that overlap are those of compute capability 9.0 and above", 90)
TENSOR_CORES = Need("a machine that multiplies matrices has tensor_cores", unit=_tensor_cores)
FP8_PRODUCTS = Need("tensor cores multiply floats of 8 bits from compute capability 8.9 on", 89, unit=_tensor_cores)

_OPERATIONS: Mapping[Need, tuple[type[Operation], ...]] = {
    WARP_GROUPS: (simt.WgmmaOp, simt.WgmmaFenceOp, simt.WgmmaCommitOp, simt.WgmmaWaitOp),
    TILES: (simt.BulkTensorLoadOp, simt.BulkTensorStoreOp, simt.BulkCommitOp, simt.BulkWaitOp),
    BARRIERS: (
        simt.MbarrierInitOp,
        simt.MbarrierInvalOp,
        simt.MbarrierExpectOp,
        simt.MbarrierWaitOp,
        simt.FenceAsyncSharedOp,
    ),
    MAPS: (simt.TensormapCreateOp, simt.TensormapFenceproxyAcquireOp),
    STORES: (simt.StMatrixOp,),
    OVERLAP: (simt.GridDependencyWaitOp, simt.GridDependencyLaunchDependentsOp),
    TENSOR_CORES: (simt.MmaSyncOp,),
}
NEEDS: Mapping[type[Operation], Need] = {op: need for need, ops in _OPERATIONS.items() for op in ops}
"""Of each operation; what every machine has is not in it."""


def expect_target(function: Operation, target: SimtTarget) -> None:
    """Raises UnsupportedError at the first operation or parameter that needs what a machine has not."""
    expect(function, f"target '{target.name}'", lambda need: need.met_by(target))


def expect(function: Operation, where: str, met: Callable[[Need], bool]) -> None:
    """The same, of what is `met` there. where: the machine, as messages name it."""
    for op, what, need in _needs(function):
        if not met(need):
            fitting = [name for name in list_targets() if _has(name, need)]
            hint = f"such a target is {' or '.join(fitting)}" if fitting else None
            raise UnsupportedError(f"{what} on {where}", rule=need.rule, hint=hint, places=places_of(op))


def _needs(function: Operation) -> Iterator[tuple[Operation, str, Need]]:
    arguments, parameters = function.regions[0].block.args, FunctionAbi.of(function).parameters
    for argument, parameter in zip(arguments, parameters, strict=True):
        if isinstance(argument.type, TensorMapType):
            yield function, f"parameter '{parameter.name}', a tensor map,", TILES
    for op in function.walk():
        if (need := _need(op)) is not None:
            yield op, f"'{op.name}'", need


def _need(op: Operation) -> Need | None:
    if isinstance(op, simt.MmaSyncOp) and str(element_of(op.a.type)) in FP8:
        return FP8_PRODUCTS
    return NEEDS.get(type(op))


def _has(name: str, need: Need) -> bool:
    target = load_target(name)
    return isinstance(target, SimtTarget) and need.met_by(target)
