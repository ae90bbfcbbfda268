"""The layout passes against the official ones of the same names, on the official kernels."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from official_triton import INSTALLED
from triton_texts import EXAMPLES, FILES, identity
from xdsl.dialects.builtin import ModuleOp

from minilinalg.cli.pipeline_text import parse_pipeline
from minilinalg.context import make_context
from minilinalg.parsing import parse_module
from minilinalg.pipelines import run_pipeline
from minilinalg.targets import load_target

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not INSTALLED, reason="triton is not installed")]

KERNELS = [*FILES, *(path for path in EXAMPLES if path.name.count(".") == 1)]
OFFICIAL = {
    "convert-triton-to-tritongpu": 'passes.ttir.add_convert_to_ttgpuir(pm, "cuda:90", WARPS, 32, 1)',
    "tritongpu-coalesce": "passes.ttgpuir.add_coalesce(pm)",
    "tritongpu-remove-layout-conversions": "passes.ttgpuir.add_remove_layout_conversions(pm)",
    "tritongpu-accelerate-matmul": "passes.ttgpuir.add_accelerate_matmul(pm)",
    "tritongpu-reduce-data-duplication": "passes.ttgpuir.add_reduce_data_duplication(pm)",
}
ASK = """
import json, sys, tempfile
from triton._C.libtriton import ir, nvidia, passes
answers = []
for text, steps in json.load(sys.stdin):
    context = ir.context()
    ir.load_dialects(context)
    nvidia.load_dialects(context)
    with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
        file.write(text)
        file.flush()
        module = ir.parse_mlir_module(file.name, context)
    module.context = context
    pm = ir.pass_manager(context)
    for step in steps:
        eval(step)
    pm.run(module, "oracle")
    answers.append(module.str_nodebug())
print(json.dumps(answers))
"""


@cache
def official(text: str, names: tuple[str, ...], warps: int, arch: int = 90) -> str:
    """What the official passes make of a text."""
    steps = [OFFICIAL[name].replace("WARPS", str(warps)).replace("90", str(arch)) for name in names]
    asked = json.dumps([(text, steps)])
    process = subprocess.run([sys.executable, "-c", ASK], input=asked, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)[0]


def ours(text: str, pipeline: str) -> ModuleOp:
    ctx = make_context()
    ctx.target = load_target("h200")
    module = parse_module(text, ctx=ctx)
    run_pipeline(ctx, module, parse_pipeline(pipeline, ctx), verify_each=True)
    return module


def shown(module: ModuleOp, without: Sequence[str] = ()) -> list[str]:
    """Every operation with the types of its operands and results."""
    return [
        f"{op.name}({', '.join(map(str, op.operand_types))}) -> {', '.join(map(str, op.result_types))}"
        for op in module.walk()
        if op.name not in without
    ]


def conversions(module: ModuleOp) -> list[str]:
    return [text for text in shown(module) if text.startswith("ttg.convert_layout")]


@pytest.mark.parametrize("warps", [1, 4, 8])
@pytest.mark.parametrize("path", KERNELS, ids=identity)
def test_the_same_layouts_to_begin_with(path: Path, warps: int) -> None:
    name = "convert-triton-to-tritongpu"
    theirs = parse_module(official(path.read_text(), (name,), warps))
    mine = ours(path.read_text(), f"{name}{{num-warps={warps}}}")
    # Where constants and conversions stand, and how often, is the driver's affair.
    free = ("arith.constant", "ttg.convert_layout")
    assert sorted(shown(mine, free)) == sorted(shown(theirs, free))
    assert Counter(conversions(mine)) <= Counter(conversions(theirs))


@pytest.mark.parametrize("warps", [1, 4, 8])
@pytest.mark.parametrize("path", KERNELS, ids=identity)
def test_accesses_as_wide_as_the_official_ones(path: Path, warps: int) -> None:
    start = official(path.read_text(), ("convert-triton-to-tritongpu",), warps)
    theirs = parse_module(official(start, ("tritongpu-coalesce",), warps))
    mine = ours(start, "tritongpu-coalesce")
    memory = ("tt.load", "tt.store", "tt.atomic_rmw", "tt.atomic_cas")
    accesses = [[text for text in shown(module) if text.startswith(memory)] for module in (mine, theirs)]
    assert accesses[0] == accesses[1]


@pytest.mark.parametrize("warps", [1, 4, 8])
@pytest.mark.parametrize("path", KERNELS, ids=identity)
def test_no_more_conversions_than_the_official_pass_leaves(path: Path, warps: int) -> None:
    start = official(path.read_text(), ("convert-triton-to-tritongpu", "tritongpu-coalesce"), warps)
    name = "tritongpu-remove-layout-conversions"
    theirs, mine = conversions(parse_module(official(start, (name,), warps))), conversions(ours(start, name))
    assert len(mine) <= len(theirs), (mine, theirs)


@pytest.mark.parametrize("arch", [80, 90])
@pytest.mark.parametrize("path", KERNELS, ids=identity)
def test_operands_of_dots_lie_as_the_official_ones_in_shared_memory(path: Path, arch: int) -> None:
    before = (
        "convert-triton-to-tritongpu",
        "tritongpu-coalesce",
        "tritongpu-remove-layout-conversions",
        "tritongpu-accelerate-matmul",
        "tritongpu-remove-layout-conversions",
    )
    start = official(path.read_text(), before, 4, arch)
    name = "tritongpu-reduce-data-duplication"
    assert shown(ours(start, name)) == shown(parse_module(official(start, (name,), 4, arch)))
