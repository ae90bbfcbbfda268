"""How far integers count: constants, sums, remainders, counters that begin anew, and numbers that nobody bounds."""

from __future__ import annotations

import pytest

from minilinalg.analysis.counters import highest, is_within, lowest
from minilinalg.parsing import parse_module

LOOP = """func.func @f(%n: i32, %x: i32) {
  %m1 = arith.constant -1 : i32
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %three = arith.constant 3 : i32
  %r = scf.for %i = %one to %n step %three iter_args(%a = START) -> (i32) : i32 {
BODY
    "test.op"(%v) : (i32) -> ()
    scf.yield %v : i32
  }
  return
}"""
TURNS = """    %more = arith.addi %a, %one : i32
    %over = arith.cmpi sge, %more, %three : i32
    %v = arith.select %over, %zero, %more : i32"""


@pytest.mark.parametrize(
    ("start", "body", "low", "high"),
    [
        ("%m1", TURNS, 0, 2),
        ("%x", TURNS, None, 2),
        ("%m1", TURNS.replace("sge", "sgt"), 0, None),
        ("%m1", TURNS.replace("%zero, %more", "%m1, %more"), -1, 2),
        ("%m1", TURNS.replace("%a, %one", "%a, %m1"), None, 2),
        ("%zero", "%s = arith.addi %a, %one : i32\n%v = arith.remsi %s, %three : i32", 0, 2),
        ("%m1", "%s = arith.addi %a, %m1 : i32\n%v = arith.remsi %s, %three : i32", None, 2),
        ("%zero", "%v = arith.addi %a, %one : i32", 1, None),
        ("%zero", "%v = arith.addi %i, %three : i32", 4, None),
        ("%zero", "%v = arith.muli %a, %one : i32", None, None),
        ("%one", "%v = arith.addi %three, %m1 : i32", 2, 2),
    ],
)
def test_bounds(start: str, body: str, low: int | None, high: int | None) -> None:
    module = parse_module(LOOP.replace("START", start).replace("BODY", body))
    (op,) = [op for op in module.walk() if op.name == "test.op"]
    assert (lowest(op.operands[0]), highest(op.operands[0])) == (low, high)
    assert is_within(op.operands[0], 3) == (low is not None and high is not None and low >= 0)


def test_what_is_carried_is_as_large_as_at_its_start() -> None:
    module = parse_module(LOOP.replace("START", "%three").replace("BODY", TURNS))
    (loop,) = [op for op in module.walk() if op.name == "scf.for"]
    argument = loop.regions[0].block.args[1]
    assert (lowest(argument), highest(argument)) == (None, 3)
