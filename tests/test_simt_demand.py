"""Which elements of vectors are needed: one sweep more finds nothing more, whatever the control flow."""

from __future__ import annotations

import pytest
from simt_programs import module

from minilinalg.interp.threads import with_threads
from minilinalg.sim.simt.demand import Demand

LOOP = """
%from = arith.constant 0 : i32
%to = arith.constant 4 : i32
%one = arith.constant 1 : i32
%v = arith.constant dense<[0, 1, 2, 3]> : vector<4xi32>
%r:2 = scf.for %j = %from to %to step %one iter_args(%a = %v, %c = %v) -> (vector<4xi32>, vector<4xi32>) : i32 {
  %n = vector.shuffle %c, %c [1, 2, 3, 0] : vector<4xi32>, vector<4xi32>
  scf.yield %n, %a : vector<4xi32>, vector<4xi32>
}
%one_of = vector.shuffle %r#0, %r#0 [0] : vector<4xi32>, vector<4xi32>
simt.store_shared %one_of, %one_of : vector<1xi32>, vector<1xi32>
"""
"""An element goes from one vector to the other and on to its neighbour: the more turns, the more are needed."""
STRAIGHT = LOOP[: LOOP.index("%r:2")] + "simt.store_shared %v, %v : vector<4xi32>, vector<4xi32>\n"


@pytest.mark.parametrize(("body", "sweeps"), [(STRAIGHT, 1), (LOOP, 9)], ids=["straight", "loop"])
def test_one_sweep_more_finds_nothing_more(body: str, sweeps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    visits = 0
    visit = Demand._visit

    def counted(self: Demand, op: object) -> None:
        nonlocal visits
        visits += 1
        visit(self, op)

    monkeypatch.setattr(Demand, "_visit", counted)
    (func,) = module(body, 32, shared=1024).ops
    func = with_threads(func, 32)
    demand, ops = Demand(func), list(func.walk())
    assert visits <= sweeps * len(ops)
    values = [result for op in ops for result in op.results]
    found = [demand[value] for value in values]
    for op in ops:
        demand._visit(op)
    assert [demand[value] for value in values] == found
    of_constant = next(bits for value, bits in zip(values, found, strict=True) if value.name_hint == "v")
    assert of_constant == 0b1111
