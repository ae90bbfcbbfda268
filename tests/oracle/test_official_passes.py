"""The passes on tt leave as few operations as the official ones of the same names, on the official kernels."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from functools import cache

import pytest
from official_triton import INSTALLED
from triton_texts import FILES, identity

from minilinalg.cli.pipeline_text import parse_pipeline
from minilinalg.context import make_context
from minilinalg.parsing import parse_module
from minilinalg.pipelines import run_pipeline

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not INSTALLED, reason="triton is not installed")]

PASSES = {
    "triton-canonicalize": "passes.common.add_canonicalizer(pm)",
    "triton-combine": "passes.ttir.add_combine(pm)",
    "triton-reorder-broadcast": "passes.ttir.add_reorder_broadcast(pm)",
}
# Upstream's driver merges equal constants on the way, ours leaves that to cse: both run cse afterwards.
ASK = """
import json, sys
from triton._C.libtriton import ir, nvidia, passes
answers = []
for path, step in json.load(sys.stdin):
    context = ir.context()
    ir.load_dialects(context)
    nvidia.load_dialects(context)
    module = ir.parse_mlir_module(path, context)
    module.context = context
    pm = ir.pass_manager(context)
    eval(step)
    passes.common.add_cse(pm)
    pm.run(module, "oracle")
    answers.append(module.str_nodebug())
print(json.dumps(answers))
"""


@cache
def official() -> dict[tuple[str, str], str]:
    questions = [(str(path), name) for path in FILES for name in PASSES]
    asked = json.dumps([(path, PASSES[name]) for path, name in questions])
    process = subprocess.run([sys.executable, "-c", ASK], input=asked, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return dict(zip(questions, json.loads(process.stdout), strict=True))


def counts(text: str, pipeline: str = "") -> Counter[str]:
    module, ctx = parse_module(text), make_context()
    if pipeline:
        run_pipeline(ctx, module, parse_pipeline(pipeline, ctx), verify_each=True)
    return Counter(op.name for op in module.walk())


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("path", FILES, ids=identity)
def test_leaves_no_more_than_the_official_pass(path, name: str) -> None:
    theirs = counts(official()[str(path), name])
    ours = counts(path.read_text(), f"{name},cse")
    assert ours.total() <= theirs.total(), ours - theirs
