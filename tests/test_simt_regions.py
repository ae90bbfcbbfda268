"""tt.map_elementwise, prints and assertions on the simt road: what elements do apart, and who speaks for which."""

from __future__ import annotations

import numpy as np
import pytest

import minilinalg as ml
from minilinalg.codegen.ptx import machine_of, ptx_text

MAPPED = """
tt.func public @k(%x: !tt.ptr<i32>, %y: !tt.ptr<i32>, %table: !tt.ptr<i32>) {{
  %r = tt.make_range {{end = {size} : i32, start = 0 : i32}} : tensor<{size}xi32>
  %xs = tt.splat %x : !tt.ptr<i32> -> tensor<{size}x!tt.ptr<i32>>
  %xp = tt.addptr %xs, %r : tensor<{size}x!tt.ptr<i32>>, tensor<{size}xi32>
  %v = tt.load %xp : tensor<{size}x!tt.ptr<i32>>
  %ts = tt.splat %table : !tt.ptr<i32> -> tensor<{size}x!tt.ptr<i32>>
  %w = "tt.map_elementwise"(%v, %ts) <{{pack = {pack} : i32}}> ({{
  ^bb0({args}):
{body}
  }}) : (tensor<{size}xi32>, tensor<{size}x!tt.ptr<i32>>) -> tensor<{size}xi32>
  %ys = tt.splat %y : !tt.ptr<i32> -> tensor<{size}x!tt.ptr<i32>>
  %yp = tt.addptr %ys, %r : tensor<{size}x!tt.ptr<i32>>, tensor<{size}xi32>
  tt.store %yp, %w : tensor<{size}x!tt.ptr<i32>>
  tt.return
}}
"""
WALK = """
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c3 = arith.constant 3 : i32
    %c100 = arith.constant 100 : i32
    %positive = arith.cmpi sgt, %a, %c0 : i32
    %end, %steps = scf.while (%at = %a, %n = %c0) : (i32, i32) -> (i32, i32) {
      %inside = arith.cmpi sgt, %at, %c0 : i32
      scf.condition(%inside) %at, %n : i32, i32
    } do {
    ^bb0(%at: i32, %n: i32):
      %p = tt.addptr %t, %at : !tt.ptr<i32>, i32
      %next = tt.load %p : !tt.ptr<i32>
      %more = scf.for %k = %c0 to %at step %c3 iter_args(%sum = %n) -> (i32) : i32 {
        %s = arith.addi %sum, %k : i32
        scf.yield %s : i32
      }
      %even = scf.for %k = %c0 to %c3 step %c1 iter_args(%sum = %more) -> (i32) : i32 {
        %s = arith.xori %sum, %k : i32
        scf.yield %s : i32
      }
      scf.yield %next, %even : i32, i32
    }
    %found = scf.if %positive -> (i32) {
      %q = arith.divsi %c100, %a : i32
      %s = arith.addi %q, %steps : i32
      scf.yield %s : i32
    } else {
      scf.yield %end : i32
    }
"""


def walked(x: int, table: np.ndarray) -> int:
    at, n = x, 0
    while at > 0:
        n += sum(range(0, at, 3))
        for k in range(3):
            n ^= k
        at = int(table[at])
    return 100 // x + n if x > 0 else at


@pytest.mark.parametrize("warps", [1, 2, 8])
@pytest.mark.parametrize("size", [1, 32, 128, 1024])
def test_elements_that_loop_load_and_divide_apart(size: int, warps: int) -> None:
    """A load outside of memory, and a division by zero, where an element never comes to."""
    body = WALK + "    tt.map_elementwise.return %found : i32"
    text = MAPPED.format(size=size, pack=1, args="%a: i32, %t: !tt.ptr<i32>", body=body)
    rng = np.random.default_rng(size)
    table = (rng.integers(0, 20, 20) % np.maximum(np.arange(20), 1) - (rng.random(20) < 0.2)).astype(np.int32)
    x, y = rng.integers(-2, 20, size).astype(np.int32), np.zeros(size, np.int32)
    ml.compile(text, road="simt", target="h200", num_warps=warps)[1](x, y, table, check=True)
    assert y.tolist() == [walked(int(v), table) for v in x]


@pytest.mark.parametrize("warps", [1, 4])
@pytest.mark.parametrize(("size", "pack"), [(2, 2), (16, 4), (512, 2), (512, 8), (1024, 16)])
def test_groups_are_of_neighbours(size: int, pack: int, warps: int) -> None:
    """However the layout deals them out: each group is turned round, and its first element raised."""
    names = [f"%a{i}" for i in range(pack)]
    args = ", ".join([*(f"{name}: i32" for name in names), *(f"%t{i}: !tt.ptr<i32>" for i in range(pack))])
    returned = ", ".join(["%first", *names[-2::-1]])
    body = f"    %first = arith.muli %a{pack - 1}, %a0 : i32\n"
    body += f"    tt.map_elementwise.return {returned} : {', '.join(['i32'] * pack)}"
    x, y = np.random.default_rng(size).integers(-99, 99, size).astype(np.int32), np.zeros(size, np.int32)
    text = MAPPED.format(size=size, pack=pack, args=args, body=body)
    ml.compile(text, road="simt", target="a100", num_warps=warps)[1](x, y, x, check=True)
    groups = x.reshape(-1, pack)
    wanted = groups[:, ::-1].copy()
    wanted[:, 0] *= groups[:, 0]
    assert y.tolist() == wanted.reshape(-1).tolist()


TOLD = """
tt.func public @k(%x: !tt.ptr<i32>, %n: i32) {
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %xs = tt.splat %x : !tt.ptr<i32> -> tensor<8x!tt.ptr<i32>>
  %xp = tt.addptr %xs, %r : tensor<8x!tt.ptr<i32>>, tensor<8xi32>
  %v = tt.load %xp : tensor<8x!tt.ptr<i32>>
  %ns = tt.splat %n : i32 -> tensor<8xi32>
  %ok = arith.cmpi ne, %v, %ns : tensor<8xi32>
  tt.assert %ok, "no such\\0Anumber" : tensor<8xi1>
PRINT
  tt.store %xp, %v : tensor<8x!tt.ptr<i32>>
  tt.return
}
"""
PRINT = 'tt.print " v: " {hex = false, isSigned = array<i32: 1, 0, 1>} : %v, %v, %n : tensor<8xi32>, tensor<8xi32>, i32'


def test_each_element_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    kernel = ml.compile(TOLD.replace("PRINT", PRINT), road="simt", target="h200")
    kernel[1](np.arange(8, dtype=np.int32) - 4, 9, check=True)
    signed, unsigned = ([int(v) % modulus for v in range(-4, 4)] for modulus in (2**40, 2**32))
    signed = [v if v < 2**39 else v - 2**40 for v in signed]
    assert capsys.readouterr().out.splitlines() == [
        *(f"pid (0, 0, 0) idx ({i}) v: (operand 0) {v}" for i, v in enumerate(signed)),
        *(f"pid (0, 0, 0) idx ({i}) v: (operand 1) {v}" for i, v in enumerate(unsigned)),
        "pid (0, 0, 0) idx () v: (operand 2) 9",
    ]


def test_what_an_assertion_and_a_print_are_in_ptx() -> None:
    told = ml.compile(TOLD.replace("PRINT", ""), road="simt", target="h200")
    (line,) = [line for line in told.text("ptx").splitlines() if "trap" in line]
    assert line.strip().endswith("trap; // no such number")
    printing = ml.compile(TOLD.replace("PRINT", PRINT), road="simt", target="h200")
    text = ptx_text(printing.module("simt"), machine_of(printing.target))
    assert text.count("call (count), vprintf, (format, arguments); }") == text.count("st.param.b64 [format]") > 0
