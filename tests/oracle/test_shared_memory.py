"""Shared memory and barriers against the official compiler: no more bytes, no more barriers, on its own TTGIR."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from minilinalg.context import make_context
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass

pytest.importorskip("triton")
TTGIR = Path(__file__).resolve().parent.parent / "data" / "ttgir"
FILES = sorted(path.stem for path in TTGIR.glob("*.ttgir"))
MORE = {
    "dot_scaled.sm80": (65536, 2),
    "dot_scaled.sm90": (65536, 4),
    "gather_rows.sm80": (8192, 2),
    "gather_rows.sm90": (8192, 2),
    "histogram_op.sm80": (1024, 1),
    "histogram_op.sm90": (1024, 1),
    "misc_ops.sm80": (2048, 11),
    "misc_ops.sm90": (2048, 11),
}
"""Where ours takes more (bytes, barriers): a change of layout stores all elements at once, where the official one may
go in several rounds; a gather passes through shared memory, where the official one has lanes shuffle; a histogram is
read from shared memory at its end, which what comes next must wait for; tt.cat keeps the order of its elements."""

OFFICIAL = """
import sys
from triton._C.libtriton import ir, nvidia, passes
context = ir.context()
ir.load_dialects(context)
nvidia.load_dialects(context)
module = ir.parse_mlir_module(sys.argv[1], context)
module.context = context
manager, capability = ir.pass_manager(context), int(sys.argv[2])
passes.convert.add_scf_to_cf(manager)
nvidia.passes.ttgpuir.add_allocate_shared_memory_nv(manager, capability, 80)
nvidia.passes.ttgpuir.add_membar(manager, capability, 80)
manager.run(module, "oracle")
print(module.str_nodebug())
"""


def counted(text: str) -> tuple[int, int]:
    """(bytes of shared memory, barriers) of a module."""
    shared = re.search(r"ttg\.shared = (\d+)", text)
    assert shared is not None
    return int(shared[1]), len(re.findall(r"ttg\.barrier local", text))


@pytest.mark.parametrize("name", FILES)
def test_no_more_bytes_and_barriers(name: str) -> None:
    path = TTGIR / f"{name}.ttgir"
    command = [sys.executable, "-c", OFFICIAL, str(path), name[-2:]]
    official = counted(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    ctx = make_context()
    module = parse_module(path.read_text(), path.name, ctx)
    load_pass("allocate-shared-memory")().apply(ctx, module)
    load_pass("membar")().apply(ctx, module)
    bytes, barriers = counted(str(module))
    most_bytes, most_barriers = MORE.get(name, official)
    assert bytes <= most_bytes
    assert barriers <= most_barriers


SCRATCH = """
import sys
from triton._C.libtriton import ir, nvidia, passes
context = ir.context()
ir.load_dialects(context)
nvidia.load_dialects(context)
module = ir.parse_mlir_module(sys.argv[1], context)
module.context = context
manager = ir.pass_manager(context)
passes.ttgpuir.add_allocate_global_scratch_memory(manager)
manager.run(module, "oracle")
print(module.str_nodebug())
"""
SIZES = ((20, 4), (128, 128), (3, 1), (5, 64), (128, 16), (1, 256))


def test_global_memory_is_dealt_out_as_officially(tmp_path: Path) -> None:
    functions = [
        f"tt.func public @f{count}() {{\n"
        + "".join(
            f"%{i} = ttg.global_scratch_alloc {{alignment = {alignment} : i32, nbytes = {size} : i32}} : !tt.ptr<i8>\n"
            for i, (size, alignment) in enumerate(SIZES[:count])
        )
        + "tt.return\n}\n"
        for count in range(1, len(SIZES) + 1)
    ]
    for text in (*functions, (TTGIR / "matmul_devdesc.sm90.ttgir").read_text()):
        path = tmp_path / "k.ttgir"
        path.write_text(text)
        command = [sys.executable, "-c", SCRATCH, str(path)]
        official = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        ctx = make_context()
        module = parse_module(text, "k.ttgir", ctx)
        load_pass("tritongpu-global-scratch-memory-allocation")().apply(ctx, module)
        for name in ("offset", "size", "alignment"):
            numbers = [
                re.findall(rf"ttg\.global_scratch_memory_{name} = (\d+)", said) for said in (official, str(module))
            ]
            assert numbers[0] == numbers[1], (name, text)
