"""The passes of stage ttg that choose no layouts, against the official ones of the same names."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from official_road import ROAD, run, snapshots
from official_triton import INSTALLED
from registers import most_registers
from triton_texts import EXAMPLES, FILES, identity
from xdsl.dialects.builtin import ModuleOp

from minilinalg.context import make_context
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass
from minilinalg.targets import load_target
from minilinalg.verification import verify

pytestmark = [pytest.mark.oracle, pytest.mark.skipif(not INSTALLED, reason="triton is not installed")]

KERNELS = [*FILES, *(path for path in EXAMPLES if path.name.count(".") == 1)]
ADD = dict(ROAD)
PASSES = [
    "tritongpu-F32DotTC",
    "loop-aware-cse",
    "tritongpu-combine-tensor-select-and-if",
    "tritongpu-reorder-instructions",
]
RUNS = [name for name in ADD if name.partition(".")[0] in PASSES]
"""Each time that the official road runs one of them."""
TIDY = ["passes.common.add_canonicalizer(pm)", "passes.common.add_cse(pm)"]
CASES = Path(__file__).resolve().parents[2] / "filecheck" / "passes"


def ours(text: str, name: str) -> ModuleOp:
    ctx = make_context()
    ctx.target = load_target("h200")
    module = parse_module(text, ctx=ctx)
    load_pass(name)().apply(ctx, module)
    verify(module)
    return module


def shown(module: ModuleOp) -> list[str]:
    """Every operation with the types of its operands and results, but constants, which stand where they please."""
    return [
        f"{op.name}({', '.join(map(str, op.operand_types))}) -> {', '.join(map(str, op.result_types))}"
        for op in module.walk()
        if op.name != "arith.constant"
    ]


@cache
def cases(name: str) -> dict[str, str]:
    """The modules of a pass's lit test by the names of their functions, without what is expected of them."""
    texts = (CASES / f"{name}.mlir").read_text().split("// -----")
    bare = ["\n".join(line for line in text.splitlines() if not line.startswith("//")) for text in texts]
    # Functions of the official Triton are its own.
    bare = [
        re.sub(r"\bfunc\.func\b", "tt.func", re.sub(r"^( *)return\b", r"\1tt.return", text, flags=re.M))
        for text in bare
    ]
    return {re.findall(r"func @(\w+)", text)[0]: text for text in bare}


@pytest.mark.parametrize("capability", [80, 90])
@pytest.mark.parametrize("path", KERNELS, ids=identity)
def test_the_same_operations_on_the_same_types(path: Path, capability: int) -> None:
    for name in RUNS:
        official = snapshots(path, capability)[name]
        mine, theirs = ours(official.before, name.partition(".")[0]), parse_module(official.after)
        assert Counter(shown(mine)) == Counter(shown(theirs)), name
        if "reorder" not in name:
            assert shown(mine) == shown(theirs), name


@pytest.mark.parametrize("warps", [1, 4])
@pytest.mark.parametrize("capability", [80, 90])
@pytest.mark.parametrize("path", KERNELS, ids=identity)
def test_reordered_instructions_take_no_more_registers(path: Path, capability: int, warps: int) -> None:
    official = snapshots(path, capability, warps)["tritongpu-reorder-instructions"]
    mine, theirs = ours(official.before, "tritongpu-reorder-instructions"), parse_module(official.after)
    assert most_registers(mine) <= most_registers(theirs)


@pytest.mark.parametrize(("name", "case"), [(name, case) for name in PASSES[1:] for case in cases(name)])
def test_cases_of_ours_come_out_as_officially(name: str, case: str) -> None:
    text = cases(name)[case]
    mine, theirs = (
        run(start, [add, *TIDY])[-1] for start, add in ((str(ours(text, name)), TIDY[0]), (text, ADD[name]))
    )
    assert Counter(shown(parse_module(mine))) == Counter(shown(parse_module(theirs)))


DOT = """
tt.func @k(%a: tensor<MxKxf32>, %b: tensor<KxNxf32>, %c: tensor<MxNxf32>) -> tensor<MxNxf32> {
  %0 = tt.dot %a, %b, %c PRECISION : tensor<MxKxf32> * tensor<KxNxf32> -> tensor<MxNxf32>
  tt.return %0 : tensor<MxNxf32>
}"""


@pytest.mark.parametrize("precision", ["", ", inputPrecision = tf32", ", inputPrecision = tf32x3"])
@pytest.mark.parametrize("shape", [(16, 16, 16), (128, 64, 32)], ids=str)
def test_dots_come_apart_as_officially(shape: tuple[int, int, int], precision: str) -> None:
    """Officially tf32 is what an instruction rounds to; ours says with operations on bits what it does."""
    text = DOT.replace(" PRECISION", precision)
    for name, size in zip("MNK", shape, strict=True):
        text = re.sub(rf"{name}(?=x)", str(size), text)
    name = "tritongpu-F32DotTC"
    modules = ours(text, name), parse_module(run(text, [ADD[name]])[-1])
    mine, theirs = ([op.clone() for op in module.walk() if op.name == "tt.dot"] for module in modules)
    assert [op.properties for op in mine] == [op.properties for op in theirs]
    assert [op.result_types for op in mine] == [op.result_types for op in theirs]
    assert len(mine) == (3 if "x3" in precision else 1)
