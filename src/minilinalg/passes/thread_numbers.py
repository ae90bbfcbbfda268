"""What a module says of its threads: how many there are, and that its layouts are for as many.

Source: the verifiers of Triton's TritonGPU dialect (verifyTensorLayout, lookupNumWarps).
"""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.context import Context
from xdsl.dialects.builtin import IntegerAttr, ModuleOp
from xdsl.ir import Attribute, Operation

from minilinalg.dialects.tt.types import AnyTensor, is_tensor
from minilinalg.dialects.ttg.inference import layout_of
from minilinalg.dialects.ttg.warp_specialization import WarpSpecializePartitionsOp
from minilinalg.errors import InputError, UnsupportedError
from minilinalg.layouts.distributed import LANE, WARP
from minilinalg.locations import places_of
from minilinalg.passes.layout_rewriting import CTAS, THREADS, num_warps_of, threads_per_warp_of
from minilinalg.stages import WARPS
from minilinalg.targets import SimtTarget


def check_thread_numbers(ctx: Context, module: ModuleOp) -> None:
    """Raises InputError for numbers of warps and threads that no layout or target has, and for a layout of others;
    UnsupportedError for a program that several blocks run."""
    warps, threads = num_warps_of(module), threads_per_warp_of(module)
    for key, number in ((WARPS, warps), (THREADS, threads)):
        if number < 1 or number & number - 1:
            raise InputError(
                f"{key} is {number}",
                rule="layouts are linear in the bits of the numbers of threads, so there is a power of two of them",
                places=places_of(module),
            )
    blocks = module.attributes.get(CTAS)
    if isinstance(blocks, IntegerAttr) and blocks.value.data != 1:
        raise UnsupportedError(
            f"{CTAS} is {blocks.value.data}",
            rule="one block runs a program: clusters of several have no way down",
            places=places_of(module),
        )
    target = getattr(ctx, "target", None)
    if isinstance(target, SimtTarget):
        _check_target(module, target, warps, threads)
    known = set[Attribute]()
    for op in module.walk():
        for type in _types(op):
            if type not in known and is_tensor(type) and not _in_partition(op):
                known.add(type)
                _check_layout(op, type, warps, threads)


def _types(op: Operation) -> Iterator[Attribute]:
    """The types of the values that an operation gives or binds."""
    yield from (value.type for value in op.results)
    yield from (arg.type for region in op.regions for block in region.blocks for arg in block.args)


def _check_layout(op: Operation, type: AnyTensor, warps: int, threads: int) -> None:
    """Raises InputError unless the layout, where `type` has one, is one of its shape and for all threads."""
    if (attribute := layout_of(type)) is None:
        return
    try:
        layout = attribute.linear_layout(type.get_shape())
    except InputError as error:
        broken = error.diagnostic
        raise InputError(f"'{op.name}' has {type}: {broken.found}", rule=broken.rule, places=places_of(op)) from None
    for found, said, of_what in ((WARP, warps, "warps"), (LANE, threads, "threads in a warp")):
        if layout.in_size(found) != said:
            raise InputError(
                f"'{op.name}' has {type}, whose layout is for {layout.in_size(found)} {of_what}",
                rule=f"the module has {said} {of_what}, and its layouts are for all of them",
                places=places_of(op),
            )


def _check_target(module: ModuleOp, target: SimtTarget, warps: int, threads: int) -> None:
    if threads != target.machine.threads_per_warp:
        raise InputError(
            f"{THREADS} is {threads}",
            rule=f"a warp of target '{target.name}' has {target.machine.threads_per_warp} threads",
            places=places_of(module),
        )
    if warps * threads > target.multiprocessor.threads_per_block:
        raise InputError(
            f"{WARPS} is {warps}",
            rule=f"a block of target '{target.name}' has at most {target.multiprocessor.threads_per_block} threads, "
            f"and a warp {threads}",
            places=places_of(module),
        )


def _in_partition(op: Operation) -> bool:
    """Whether warps of their own run the operation or its regions, of which `ttg.warp_specialize` says the number."""
    at: Operation | None = op
    while at is not None and not isinstance(at, WarpSpecializePartitionsOp):
        at = at.parent_op()
    return at is not None
