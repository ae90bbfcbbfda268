"""Source places survive every pass: what is left of a kernel still names its line, in the TTIR and in the source."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp

import minilinalg as ml
from minilinalg.context import make_context
from minilinalg.errors import MinilinalgError
from minilinalg.locations import places_of
from minilinalg.parsing import parse_module
from minilinalg.passes.base import MinilinalgPass
from minilinalg.pipelines import Instrumentation, road_steps, run_pipeline

KERNELS = Path(__file__).resolve().parents[1] / "examples" / "kernels"
SCAN = Path(__file__).resolve().parent / "data" / "operations" / "linear_recurrence.ttir"
NAMES = ("vector_add", "softmax", "matmul", "layernorm", "flash_attn", "gemv")


class Places(Instrumentation):
    """Collects the operations without a place, after each pass."""

    def __init__(self) -> None:
        self.lost: dict[str, list[str]] = {}

    def after_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        for op in module.walk():
            if op is module:
                continue
            files = [place.file for place in places_of(op)]
            if not files or not files[0].endswith(".ttir"):
                self.lost.setdefault(step.name, []).append(op.name)


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_of_every_stage_has_its_place(name: str) -> None:
    path = KERNELS / f"{name}.ttir"
    ctx = make_context()
    ctx.target = ml.load_target("mlu370")
    module = parse_module(path.read_text(), str(path), ctx)
    places = Places()
    run_pipeline(ctx, module, road_steps("simd"), instrumentation=[places])
    assert not places.lost


@pytest.mark.parametrize("name", NAMES)
def test_instructions_name_the_kernels_source(name: str) -> None:
    kernel = ml.compile(KERNELS / f"{name}.ttir", target="mlu370")
    work = [op for op in kernel.module("simd").walk() if op.name.startswith("simd.") and op.name != "simd.core_id"]
    assert work
    nameless = [op for op in work if not any(p.file.endswith("kernels.py") for p in places_of(op))]
    # The official compiler gives its constants no source place; they have the line of the TTIR only.
    assert {op.name for op in nameless} <= {"simd.fill"}


def test_an_error_of_a_late_pass_names_both_lines() -> None:
    """A scan takes a block whole, and this one is larger than the machine."""
    with pytest.raises(MinilinalgError) as caught:
        ml.compile(SCAN, target="tiny-simd")
    places = caught.value.diagnostic.places
    assert [Path(place.file).name for place in places[:2]] == [SCAN.name, "kernels.py"]
    assert "tt.scan" in SCAN.read_text().splitlines()[places[0].line - 1]
    assert "tl.associative_scan" in (SCAN.parent / "kernels.py").read_text().splitlines()[places[1].line - 1]
