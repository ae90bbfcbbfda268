"""The passes that bring dots to tensor cores, and loops into stages, against the official ones of the same names."""

from __future__ import annotations

import pytest
from official_road import snapshots
from official_triton import INSTALLED
from test_ttgir_meaning import TTIR, twin
from xdsl.dialects.builtin import ModuleOp

from minilinalg.cli.pipeline_text import parse_pipeline
from minilinalg.context import make_context
from minilinalg.dialects import ttng
from minilinalg.dialects.ttg.struct_attribute import numbers
from minilinalg.dialects.ttg.types import TOKEN
from minilinalg.parsing import parse_module
from minilinalg.pipelines import run_pipeline
from minilinalg.targets import load_target

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not INSTALLED, reason="triton is not installed")]

DOTS = ["matmul", "flash_attn", "int8_dot", "int8_dequant_matmul", "matmul_devdesc", "matmul_tma", "dot_scaled"]
TARGETS = {80: "a100", 90: "h200"}


def ours(text: str, pipeline: str, capability: int) -> ModuleOp:
    ctx = make_context()
    ctx.target = load_target(TARGETS[capability])
    module = parse_module(text, ctx=ctx)
    run_pipeline(ctx, module, parse_pipeline(pipeline, ctx), verify_each=True)
    return module


def shown(module: ModuleOp, *names: str) -> list[str]:
    """The operations of these names with the types of their operands and results."""
    return [
        f"{op.name}({', '.join(map(str, op.operand_types))}) -> {', '.join(map(str, op.result_types))}"
        for op in module.walk()
        if op.name in names
    ]


@pytest.mark.parametrize("warps", [1, 2, 4, 8])
@pytest.mark.parametrize("capability", TARGETS)
@pytest.mark.parametrize("kernel", DOTS)
def test_dots_go_to_the_same_instructions(kernel: str, capability: int, warps: int) -> None:
    name = "tritongpu-accelerate-matmul"
    before, after = snapshots(twin(f"{kernel}.sm{capability}"), capability, warps)[name]
    mine, theirs = ours(before, name, capability), parse_module(after)
    dots = ("tt.dot", "ttng.warp_group_dot", "ttg.local_alloc")
    assert shown(mine, *dots) == shown(theirs, *dots)
    moved = "ttg.convert_layout"
    assert len(shown(mine, moved)) <= len(shown(theirs, moved))


@pytest.mark.parametrize("kernel", DOTS)
def test_no_more_fences_than_the_official_ones(kernel: str) -> None:
    """One is enough for two products when nothing is written between them."""
    name = "triton-nvidia-gpu-fence-insertion"
    before, after = snapshots(twin(f"{kernel}.sm90"), 90)[name]
    mine, theirs = (len(shown(m, "ttng.fence_async_shared")) for m in (ours(before, name, 90), parse_module(after)))
    assert min(1, theirs) <= mine <= theirs


LOOPS = [*DOTS, "softmax"]


@pytest.mark.parametrize("stages", [2, 3, 5])
@pytest.mark.parametrize("capability", TARGETS)
@pytest.mark.parametrize("kernel", LOOPS)
def test_the_same_loads_begin_early(kernel: str, capability: int, stages: int) -> None:
    name = "tritongpu-assign-latencies"
    before, after = snapshots(twin(f"{kernel}.sm{capability}"), capability, stages=stages)[name]
    mine, theirs = ours(before, f"{name}{{num-stages={stages}}}", capability), parse_module(after)
    assert noted(mine, "tt.latency") == noted(theirs, "tt.latency")


@pytest.mark.parametrize("stages", [2, 3, 5])
@pytest.mark.parametrize("capability", TARGETS)
@pytest.mark.parametrize("kernel", LOOPS)
def test_the_same_stages_and_places(kernel: str, capability: int, stages: int) -> None:
    name = "tritongpu-schedule-loops"
    before, after = snapshots(twin(f"{kernel}.sm{capability}"), capability, stages=stages)[name]
    mine, theirs = ours(before, name, capability), parse_module(after)
    for key in ("loop.stage", "loop.cluster", "tt.scheduled_max_stage"):
        assert noted(mine, key) == noted(theirs, key)


@pytest.mark.parametrize("stages", [2, 3, 5])
@pytest.mark.parametrize("capability", TARGETS)
@pytest.mark.parametrize("kernel", LOOPS)
def test_the_same_buffers(kernel: str, capability: int, stages: int) -> None:
    name = "tritongpu-pipeline"
    before, after = snapshots(twin(f"{kernel}.sm{capability}"), capability, stages=stages)[name]
    mine, theirs = ours(before, name, capability), parse_module(after)
    made = ("ttg.local_alloc", "ttg.async_copy_global_to_local", "tt.load", "tt.dot", "ttng.warp_group_dot", *TILES)
    assert sorted(shown(mine, *made)) == sorted(shown(theirs, *made))
    assert waits(mine, "ttg.async_wait", "num") == waits(theirs, "ttg.async_wait", "num")
    ahead = "ttng.warp_group_dot_wait", "pendings"
    assert waits(mine, *ahead) == waits(theirs, *ahead)
    assert going_on(mine) == going_on(theirs)
    (carried, theirs_carried) = (
        sum(len(op.results) for op in m.walk() if op.name == "scf.for") for m in (mine, theirs)
    )
    assert carried <= theirs_carried


def going_on(module: ModuleOp) -> list[str]:
    """The products of loops that are not waited for at once."""
    found: list[str] = []
    for op in module.walk():
        if isinstance(op, ttng.WarpGroupDotOp) and op.is_async.value.data:
            waits = [use.operation for use in op.results[0].uses if use.operation.name == "ttng.warp_group_dot_wait"]
            if all(wait.properties["pendings"].value.data for wait in waits):  # pyright: ignore
                found.append(str(op.results[0].type))
    return found


TILES = (
    "ttng.async_tma_copy_global_to_local",
    "ttng.barrier_expect",
    "ttng.init_barrier",
    "ttng.inval_barrier",
    "ttng.wait_barrier",
)


def noted(module: ModuleOp, key: str) -> list[str]:
    """The operations with an attribute, and what it is."""
    return [f"{op.name} {op.attributes[key]}" for op in module.walk() if key in op.attributes]


def waits(module: ModuleOp, name: str, key: str) -> list[int]:
    """How many may still be under way behind each wait, where that is not none."""
    found = [op.properties[key].value.data for op in module.walk() if op.name == name]  # pyright: ignore
    return [number for number in found if number]


@pytest.mark.parametrize("capability", TARGETS)
@pytest.mark.parametrize("kernel", DOTS)
def test_operands_are_stored_as_the_official_ones(kernel: str, capability: int) -> None:
    name = "tritongpu-optimize-dot-operands"
    before, after = snapshots(twin(f"{kernel}.sm{capability}"), capability)[name]
    mine, theirs = ours(before, name, capability), parse_module(after)
    made = ("ttg.local_alloc", "ttg.memdesc_trans", "tt.trans", "ttg.convert_layout", "ttng.warp_group_dot", "tt.dot")
    assert shown(mine, *made) == shown(theirs, *made)


@pytest.mark.parametrize("capability", TARGETS)
@pytest.mark.parametrize("kernel", DOTS)
def test_operands_move_as_narrow_as_the_official_ones(kernel: str, capability: int) -> None:
    """Between the loads and the dots: what is converted for an operand, and what is computed as one."""
    name = "tritongpu-remove-layout-conversions"
    before, after = snapshots(twin(f"{kernel}.sm{capability}"), capability)[f"{name}.2"]
    mine, theirs = (
        [text for text in shown(m, *MOVED) if "dot_op" in text]
        for m in (ours(before, name, capability), parse_module(after))
    )
    assert sorted(mine) == sorted(theirs)


MOVED = ("ttg.convert_layout", "tt.fp_to_fp", "arith.sitofp", "arith.mulf", "ttg.local_alloc")


@pytest.mark.parametrize("stages", [2, 3])
@pytest.mark.parametrize("capability", TARGETS)
@pytest.mark.parametrize("kernel", LOOPS)
def test_copies_as_narrow_as_the_official_ones(kernel: str, capability: int, stages: int) -> None:
    """Or narrower: as official ones where they are clipped, and 16 bytes where those only count shared memory."""
    name = "tritongpu-coalesce-async-copy"
    before, after = snapshots(twin(f"{kernel}.sm{capability}"), capability, stages=stages)[name]
    module = ours(before, name, capability)
    copy = "ttg.async_copy_global_to_local"
    (mine, theirs, given) = (
        [op for op in m.walk() if op.name == copy] for m in (module, parse_module(after), parse_module(before))
    )
    for a, b, old in zip(mine, theirs, given, strict=True):
        if b.operands[0].type != old.operands[0].type:
            assert a.operands[0].type == b.operands[0].type
        elif a.operands[0].type != b.operands[0].type:
            size = a.operands[1].type.element_type.bitwidth // 8  # pyright: ignore
            assert max(numbers(a.operands[0].type.encoding.size_per_thread)) * size == 16  # pyright: ignore


@pytest.mark.parametrize("capability", TARGETS)
def test_nests_become_the_same_loop(capability: int) -> None:
    """As many loops, as many conditionals but for the one that always holds, and no more that is carried."""
    name = "tritongpu-fuse-nested-loops"
    before, after = snapshots(TTIR / "matmul_persistent.ttir", capability)[name]
    mine, theirs = ours(before, name, capability), parse_module(after)
    ((first, fused), official) = ([op for op in m.walk() if op.name == "scf.for"] for m in (mine, theirs))
    assert not any(op.name == "scf.for" for loop in (first, fused) for op in loop.regions[0].walk())
    assert len(fused.results) <= max(len(op.results) for op in official)
    inside = [sum(op.name == "scf.if" for op in loop.walk()) for loop in (fused, official[-1])]
    assert inside[0] == inside[1] - 1
    moved = ("tt.load", "tt.store", "tt.dot", "ttng.warp_group_dot", "arith.divsi", "arith.remsi")
    assert sorted(shown(mine, *moved)) == sorted(shown(theirs, *moved))


def test_a_persistent_kernel_has_the_same_copies() -> None:
    name = "tritongpu-pipeline"
    before, after = snapshots(TTIR / "matmul_persistent.ttir", 80)[name]
    made = ("ttg.local_alloc", "ttg.async_copy_global_to_local", "tt.load")
    assert sorted(shown(ours(before, name, 80), *made)) == sorted(shown(parse_module(after), *made))


PREFETCHED = ["matmul", "int8_dot"]


@pytest.mark.parametrize("warps", [1, 4])
@pytest.mark.parametrize("stages", [2, 3, 5])
@pytest.mark.parametrize("kernel", PREFETCHED)
def test_the_same_parts_are_loaded_a_turn_ahead(kernel: str, stages: int, warps: int) -> None:
    """What the loop carries and each load and dot of a part; both operands wait with one token instead of two."""
    name = "tritongpu-prefetch"
    before, after = snapshots(twin(f"{kernel}.sm80"), 80, warps, stages)[name]
    mine, theirs = ours(before, name, 80), without_dead(parse_module(after))
    made = ("ttg.local_load", "ttg.memdesc_subslice", "tt.dot")
    assert shown(mine, *made) == shown(theirs, *made)
    assert kinds(mine) == kinds(theirs)
    ahead, theirs_ahead = (len(shown(m, "ttg.async_wait")) for m in (mine, theirs))
    assert ahead <= theirs_ahead


def kinds(module: ModuleOp) -> list[str]:
    """The types of what loops carry, but for tokens."""
    return [str(type) for op in module.walk() if op.name == "scf.for" for type in op.result_types if type != TOKEN]


def without_dead(module: ModuleOp) -> ModuleOp:
    """Nobody uses the whole operands and the dot of them that the official pass leaves behind."""
    for op in reversed(list(module.walk())):
        if op.name in ("tt.dot", "ttg.local_load", "ttg.memdesc_index") and op.results[0].first_use is None:
            op.detach()
            op.erase()
    return module
