"""tritongpu-optimize-thread-locality against the official pass: threads exchange no more in a turn of a loop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from official_road import ROAD, run, snapshots
from official_triton import INSTALLED
from test_thread_locality import GATHER, kernel
from triton_texts import EXAMPLES, FILES, identity
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from minilinalg.context import make_context
from minilinalg.dialects import tt, ttg
from minilinalg.dialects.tt.types import tensor_type
from minilinalg.dialects.ttg.layout_rules import linear_layout_of
from minilinalg.dialects.upstream import scf
from minilinalg.layouts.conversion import Movement, conversion
from minilinalg.layouts.linear import LANE, WARP
from minilinalg.parsing import parse_module
from minilinalg.passes.tritongpu_optimize_thread_locality import TritongpuOptimizeThreadLocalityPass
from minilinalg.verification import verify

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not INSTALLED, reason="triton is not installed")]

NAME = "tritongpu-optimize-thread-locality"
NAMES = [name for name, _ in ROAD]
KERNELS = [*FILES, *(path for path in EXAMPLES if path.name.count(".") == 1)]


def exchanges(op: Operation) -> bool:
    """Whether threads get something from one another."""
    if isinstance(op, ttg.ConvertLayoutOp):
        old, new = (linear_layout_of(tensor_type(value)) for value in (op.src, op.result))
        return conversion(old, new).movement > Movement.WITHIN_THREAD
    if isinstance(op, tt.ReduceOp):
        layout, axis = linear_layout_of(tensor_type(op.srcs[0])), op.axis.value.data
        return any(basis[axis] for name in (LANE, WARP) for basis in layout.bases(name))
    return isinstance(op, tt.GatherOp)


def by_turn(module: ModuleOp) -> tuple[int, int]:
    """The exchanges in loops, and those outside."""
    found = [op for op in module.walk() if exchanges(op) and op.results[0].uses.get_length()]
    inside = sum(any(isinstance(up, scf.ForOp) for up in above(op)) for op in found)
    return inside, len(found) - inside


def above(op: Operation) -> Iterator[Operation]:
    while (parent := op.parent_op()) is not None:
        yield parent
        op = parent


def ours(text: str) -> ModuleOp:
    ctx = make_context()
    module = parse_module(text, ctx=ctx)
    TritongpuOptimizeThreadLocalityPass().apply(ctx, module)
    verify(module)
    return module


def before(text: str, warps: int) -> str:
    """A kernel as it comes to the pass on the official road."""
    steps = [add.replace("TARGET", '"cuda:90"').replace("WARPS", str(warps)) for _, add in ROAD[: NAMES.index(NAME)]]
    return run(text, steps)[-1]


def both(text: str, warps: int) -> tuple[ModuleOp, ModuleOp]:
    """What our pass and the official one leave. What nobody uses is gone from the official module first."""
    start = before(text, warps)
    steps = [dict(ROAD)[NAME], "passes.common.add_canonicalizer(pm)"]
    return ours(start), parse_module(run(start, steps)[-1])


@pytest.mark.parametrize("warps", [1, 4, 8])
@pytest.mark.parametrize("path", KERNELS, ids=identity)
def test_no_more_exchanges_than_after_the_official_pass(path: Path, warps: int) -> None:
    road = snapshots(path, 90, warps)[NAME]
    mine, theirs = by_turn(ours(road.before)), by_turn(parse_module(road.after))
    assert mine[0] <= theirs[0] and sum(mine) <= sum(theirs)


@pytest.mark.parametrize("warps", [1, 4])
@pytest.mark.parametrize("shape", [(32, 128, 1), (8, 512, 1), (4, 1024, 1), (128, 128, 1)], ids=str)
@pytest.mark.parametrize(
    ("combiner", "start"), [("arith.addf", "0.0"), ("arith.maxnumf", "0xFF800000"), ("arith.mulf", "1.0")]
)
def test_sums_over_loops_leave_the_loop_as_officially(
    shape: tuple[int, int, int], combiner: str, start: str, warps: int
) -> None:
    text = kernel(*shape, combiner, "f32", start, False)
    first = by_turn(parse_module(before(text, warps)))
    mine, theirs = (by_turn(module) for module in both(text, warps))
    assert first[0] == 1 and mine[0] == theirs[0] == 0
    assert mine[1] <= theirs[1]


@pytest.mark.parametrize(
    "sum_of_loop", [(1, 1024, None, "arith.addf", "f32", "0.0"), (64, 32, 0, "arith.addi", "i32", "0")], ids=str
)
def test_sums_that_the_official_pass_leaves_in_the_loop(
    sum_of_loop: tuple[int, int, int | None, str, str, str],
) -> None:
    mine, theirs = (by_turn(module) for module in both(kernel(*sum_of_loop, False), 4))
    assert (mine[0], theirs[0]) == (0, 1)


def test_gathers_are_not_converted() -> None:
    """Officially both operands and the result are, through shared memory, so that the gather need not go through it."""
    text = GATHER.format(shape="32x64", taken="32x64", size=2048, count=2048, index="i32", axis=1)
    mine, theirs = (sum(map(exchanges, module.walk())) for module in both(text, 4))
    assert (mine, theirs) == (1, 4)
