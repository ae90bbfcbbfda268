"""What is printed as PTX is PTX: the official assembler takes it, for the oldest and the newest machine."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from ptx_programs import functions, programs, wide_functions
from simt_programs import at, module
from test_check_mutations import KERNELS as EXAMPLES
from test_prefetch import text as product

import minilinalg as ml
from minilinalg.codegen.ptx import Machine, ptx_text
from minilinalg.context import make_context
from minilinalg.parsing import parse_module
from minilinalg.passes import load_pass

TTGIR, TTIR = (Path(__file__).resolve().parent / "data" / name for name in ("ttgir", "ttir"))
MACHINES = (Machine(80), Machine(90, specific=True))
ROAD = (
    "lift-cf-to-scf",
    "inline",
    "allocate-shared-memory",
    "membar",
    "tritongpu-global-scratch-memory-allocation",
    "tritongpu-to-simt",
)

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(find_spec("triton") is None, reason="ptxas comes with triton, which is not installed"),
]


@cache
def ptxas() -> str:
    found = find_spec("triton")
    assert found is not None and found.origin is not None
    return str(Path(found.origin).parent / "backends" / "nvidia" / "bin" / "ptxas")


def assembled(text: str, machine: Machine, path: Path) -> str:
    """What ptxas says of the text."""
    source = path / "kernel.ptx"
    source.write_text(text)
    command = [ptxas(), "-v", f"-arch={machine.name}", str(source), "-o", str(path / "kernel.cubin")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@cache
def text_of(kernel: str, machine: Machine) -> str:
    ctx = make_context()
    module = parse_module((TTGIR / f"{kernel}.ttgir").read_text(), f"{kernel}.ttgir", ctx)
    for each in ROAD:
        load_pass(each)().apply(ctx, module)
    return ptx_text(module, machine)


KERNELS = {
    "vector_add": 40, "softmax": 64, "layernorm": 64, "gemv": 128, "flash_attn": 168, "matmul": 255, "dropout": 64,
    "histogram_atomic": 64, "histogram_op": 64, "cumsum_scan": 96, "gather_rows": 64, "int8_dot": 128,
    "int8_dequant_matmul": 200, "matmul_devdesc": 255, "dot_scaled": 255, "misc_ops": 64,
}  # fmt: skip
"""Kernel -> registers that a thread has at most."""
SPILLS = ("matmul_devdesc", "dot_scaled")
"""Kernels of which a thread holds more than there are registers."""


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.name)
@pytest.mark.parametrize("kernel", KERNELS)
def test_official_kernels(kernel: str, machine: Machine, tmp_path: Path) -> None:
    said = assembled(text_of(f"{kernel}.sm80", machine), machine, tmp_path)
    registers = re.search(r"Used (\d+) registers", said)
    assert registers is not None and int(registers[1]) <= KERNELS[kernel], said
    if kernel not in SPILLS:
        assert "0 bytes spill stores, 0 bytes spill loads" in said, said


@pytest.mark.parametrize(
    "kernel", ["matmul", "matmul_tma", "matmul_devdesc", "flash_attn", "int8_dot", "int8_dequant_matmul", "dot_scaled"]
)
def test_products_of_warp_groups(kernel: str, tmp_path: Path) -> None:
    """Nothing spilled, and no product that the assembler makes wait for the one before it."""
    said = assembled(text_of(f"{kernel}.sm90", MACHINES[1]), MACHINES[1], tmp_path)
    assert "0 bytes spill stores, 0 bytes spill loads" in said, said
    assert "serialized" not in said, said


@pytest.mark.parametrize("kernel", ["matmul_tma", "matmul_devdesc"])
def test_tiles_of_the_own_road(kernel: str, tmp_path: Path) -> None:
    """Copied by TMA, without a load or store of a thread, and nothing is spilled."""
    text = ml.compile(TTIR / f"{kernel}.ttir", road="simt", target="h200").text("ptx")
    assert "cp.async.bulk.tensor.2d.shared" in text and not re.search(r"\bld\.global|\bst\.global", text)
    said = assembled(text, MACHINES[1], tmp_path)
    assert "0 bytes spill stores, 0 bytes spill loads" in said, said
    assert "serialized" not in said, said


@pytest.mark.parametrize("name", ["matmul", "f16", "bf16", "f32", "i8"])
def test_parts_that_are_loaded_ahead(name: str, tmp_path: Path) -> None:
    """Their registers are there: nothing is spilled."""
    source = EXAMPLES / "matmul.ttir" if name == "matmul" else parse_module(product(name, parts=4, stages=3))
    said = assembled(ml.compile(source, road="simt", target="a100").text("ptx"), MACHINES[0], tmp_path)
    assert "0 bytes spill stores, 0 bytes spill loads" in said, said


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.name)
def test_every_operation(machine: Machine, tmp_path: Path) -> None:
    """One module for all: a body each, under its own name."""
    bodies: list[str] = []
    head: dict[str, None] = {}
    all_kinds = [program for kind in ("f32", "f16", "bf16") for program in functions(kind)]
    for i, program in enumerate([*programs(), *all_kinds, *wide_functions()]):
        text = ptx_text(program.module(), machine)
        start = text.index(".visible")
        head |= dict.fromkeys(text[:start].splitlines())
        bodies.append(re.sub(r"\bk(?=\(|_param)", f"k{i}", text[start:]))
    assembled("\n".join([*head, *bodies]), machine, tmp_path)


PLACES = """
%bytes = arith.constant dense<{bytes}> : vector<1xi64>
{address}
%below = arith.addi %px, %bytes : vector<1xi64>
%v = simt.load_global %below : vector<1xi64> -> vector<1xf32>
{target}
simt.store_global %po, %v : vector<1xi64>, vector<1xf32>
"""


@pytest.mark.parametrize("by", [-4, 4, -(1 << 23), (1 << 23) - 4, -(1 << 23) - 4, 1 << 40])
def test_constants_of_addresses(by: int, tmp_path: Path) -> None:
    """On both sides of zero, and of what an instruction holds."""
    body = PLACES.format(bytes=by, address=at("x", "%i", 4, "px"), target=at("o", "%i", 4, "po"))
    assembled(ptx_text(module(body), MACHINES[0]), MACHINES[0], tmp_path)


ATOMIC = """
func.func @k(%x: i64) attributes {{simt.threads = 64 : i32, simt.shared = 0 : i32, ml.abi = [
    {{name = "x", kind = "pointer", type = {e}}}]}} {{
  %t = simt.thread_id : vector<1xi32>
  %w = arith.extsi %t : vector<1xi32> to vector<1xi64>
  %eight = arith.constant dense<8> : vector<1xi64>
  %by = arith.muli %w, %eight : vector<1xi64>
  %xs = vector.broadcast %x : i64 to vector<1xi64>
  %a = arith.addi %xs, %by : vector<1xi64>
  %zero = arith.constant dense<0> : vector<1xi32>
  %m = arith.cmpi ne, %t, %zero : vector<1xi32>
  %v = simt.atomic_load acquire, gpu, %a mask %m : vector<1xi64> -> vector<1x{e}>
  %u = simt.atomic_load relaxed, sys, %a : vector<1xi64> -> vector<1x{e}>
  simt.atomic_store release, gpu, %a, %u mask %m : vector<1xi64>, vector<1x{e}>
  simt.atomic_store relaxed, cta, %a, %v mask %m : vector<1xi64>, vector<1x{e}>
  return
}}
"""


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.name)
@pytest.mark.parametrize("element", ["i8", "f16", "bf16", "i32", "f32", "i64", "f64"])
def test_atomic_loads_and_stores(element: str, machine: Machine, tmp_path: Path) -> None:
    text = ptx_text(parse_module(ATOMIC.format(e=element), "k.mlir"), machine)
    bits = element.lstrip("bfi")
    for opcode in ("ld.acquire.gpu", "ld.relaxed.sys", "st.release.gpu", "st.relaxed.cta"):
        assert f"{opcode}.global.b{bits} " in text
    assert "atom" not in text
    assembled(text, machine, tmp_path)
