"""The engine on random programs of one thread, against the slow interpreter, which runs one thread at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import slow
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simt_programs import CHUNKINGS, at, module

from minilinalg.interp import run

THREADS, BLOCKS, TABLE = 64, 2, 256
SIZES = (1, 2, 4)
BINARY = ("addi", "subi", "muli", "andi", "ori", "xori", "maxsi", "minui")
BY_CONSTANT = ("shli", "shrui", "shrsi", "divui", "remui", "divsi", "remsi", "andi", "xori", "ori", "muli")
PREDICATES = ("eq", "ne", "slt", "sge", "ult", "ugt")


@dataclass
class Program:
    """Lines of a kernel in the making; `vectors` and `masks` are its values by their number of elements."""

    lines: list[str] = field(default_factory=list[str])
    vectors: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    masks: dict[int, list[str]] = field(default_factory=dict[int, list[str]])

    def add(self, text: str, n: int, *, mask: bool = False) -> str:
        name = f"%v{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        (self.masks if mask else self.vectors).setdefault(n, []).append(name)
        return name

    def constant(self, number: int, n: int) -> str:
        name = f"%k{len(self.lines)}"
        self.lines.append(f"{name} = arith.constant dense<{number}> : vector<{n}xi32>")
        return name


def _start(p: Program) -> None:
    for n in SIZES:
        p.add(f"vector.broadcast %i : vector<1xi32> to vector<{n}xi32>", n)
        p.add(f"vector.broadcast %t : vector<1xi32> to vector<{n}xi32>", n)
        p.add(f"vector.broadcast %n : i32 to vector<{n}xi32>", n)
        values = ", ".join(str(16 * j + j) for j in range(n)) if n > 1 else "3"
        p.add(f"arith.constant dense<{f'[{values}]' if n > 1 else values}> : vector<{n}xi32>", n)
        p.add(f"arith.cmpi slt, {p.vectors[n][0]}, {p.vectors[n][2]} : vector<{n}xi32>", n, mask=True)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    p = Program()
    _start(p)
    for _ in range(draw(st.integers(3, 14))):
        n = draw(st.sampled_from(SIZES))
        v = f"vector<{n}xi32>"

        def vector(n: int = n) -> str:
            return draw(st.sampled_from(p.vectors[n]))

        match draw(st.sampled_from(("op", "op", "constant", "constant", "cmp", "select", "and", "lanes", "registers",
                                    "bits", "load", "vote", "shared"))):  # fmt: skip
            case "op":
                p.add(f"arith.{draw(st.sampled_from(BINARY))} {vector()}, {vector()} : {v}", n)
            case "constant":
                op = draw(st.sampled_from(BY_CONSTANT))
                k = p.constant(
                    draw(st.sampled_from((1, 2, 3, 4, 8, 31) if op[:2] == "sh" else (1, 2, 3, 7, 8, 32, 100))), n
                )
                p.add(f"arith.{op} {vector()}, {k} : {v}", n)
            case "cmp":
                p.add(f"arith.cmpi {draw(st.sampled_from(PREDICATES))}, {vector()}, {vector()} : {v}", n, mask=True)
            case "and":
                one, two = (draw(st.sampled_from(p.masks[n])) for _ in range(2))
                p.add(
                    f"arith.{draw(st.sampled_from(('andi', 'ori', 'xori')))} {one}, {two} : vector<{n}xi1>",
                    n,
                    mask=True,
                )
            case "select":
                m = draw(st.sampled_from(p.masks[n]))
                p.add(f"arith.select {m}, {vector()}, {vector()} : vector<{n}xi1>, {v}", n)
            case "lanes":
                kind = draw(st.sampled_from(("idx", "bfly", "up", "down")))
                lane = draw(st.sampled_from(p.vectors[1]))
                p.add(f"simt.shuffle {kind}, {vector()}, {lane} : {v}", n)
            case "registers":
                source = draw(st.sampled_from(SIZES))
                mask = draw(st.lists(st.integers(0, 2 * source - 1), min_size=n, max_size=n))
                a, b = vector(source), vector(source)
                p.add(f"vector.shuffle {a}, {b} {mask} : vector<{source}xi32>, vector<{source}xi32>", n)
            case "bits":
                half = f"%h{len(p.lines)}"
                p.lines.append(f"{half} = vector.bitcast {vector()} : {v} to vector<{2 * n}xi16>")
                p.lines.append(f"{half}s = arith.addi {half}, {half} : vector<{2 * n}xi16>")
                p.add(f"vector.bitcast {half}s : vector<{2 * n}xi16> to {v}", n)
            case "vote":
                m = draw(st.sampled_from(p.masks[n]))
                if draw(st.booleans()):
                    p.add(f"simt.vote ballot, {m} : vector<{n}xi1> -> {v}", n)
                else:
                    kind = draw(st.sampled_from(("all", "any")))
                    p.add(f"simt.vote {kind}, {m} : vector<{n}xi1> -> vector<{n}xi1>", n, mask=True)
            case "load":
                # Inside the table wherever the mask may be true; groups of as many elements as there are.
                groups = draw(st.sampled_from([g for g in SIZES if g <= n]))
                name, m, other = f"g{len(p.lines)}", draw(st.sampled_from(p.masks[groups])), vector()
                limit, width = p.constant(TABLE // 4 - 1, groups), p.constant(n // groups, groups)
                p.lines.append(f"%{name}l = arith.andi {vector(groups)}, {limit} : vector<{groups}xi32>")
                p.lines.append(f"%{name}w = arith.muli %{name}l, {width} : vector<{groups}xi32>")
                p.lines.append(at("x", f"%{name}w", 4, name, groups))
                p.add(f"simt.load_global %{name} mask {m} other {other} : vector<{groups}xi64> -> {v}", n)
            case "shared":
                # Every thread writes its own group, and reads that of a thread of its choice.
                name = f"s{len(p.lines)}"
                size, last = p.constant(4 * n, 1), p.constant(THREADS - 1, 1)
                p.lines.append(f"%{name}o = arith.muli %t, {size} : vector<1xi32>")
                p.lines.append("simt.barrier")
                p.lines.append(f"simt.store_shared %{name}o, {vector()} : vector<1xi32>, {v}")
                p.lines.append("simt.barrier")
                p.lines.append(f"%{name}c = arith.andi {vector(1)}, {last} : vector<1xi32>")
                p.lines.append(f"%{name}a = arith.muli %{name}c, {size} : vector<1xi32>")
                p.add(f"simt.load_shared %{name}a : vector<1xi32> -> {v}", n)
    return p


def kernel(p: Program) -> tuple[Any, int]:
    """The program, which stores the last that it computed: so many numbers for each thread."""
    stored = [(name, n) for n, names in p.vectors.items() for name in names[-3:]]
    total = sum(n for _, n in stored)
    lines, first = list(p.lines), 0
    lines.append(f"%all = arith.constant dense<{total}> : vector<1xi32>\n%mine = arith.muli %i, %all : vector<1xi32>")
    for number, (name, n) in enumerate(stored):
        places = list(range(first, first + n)) if n > 1 else first
        lines.append(f"%f{number} = arith.constant dense<{places}> : vector<{n}xi32>")
        lines.append(f"%m{number} = vector.broadcast %mine : vector<1xi32> to vector<{n}xi32>")
        lines.append(f"%e{number} = arith.addi %m{number}, %f{number} : vector<{n}xi32>")
        lines.append(at("o", f"%e{number}", 4, f"p{number}", n))
        lines.append(f"simt.store_global %p{number}, {name} : vector<{n}xi64>, vector<{n}xi32>")
        first += n
    parameters = {"n": "i32", "x": "i32", "o": "i32"}
    return module("\n".join(lines), THREADS, 16 * THREADS, parameters), total


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(program=programs(), n=st.sampled_from((0, 1, 50, 64, 100, 191, 1000)))
def test_as_one_thread_after_another(program: Program, n: int) -> None:
    whole, each = kernel(program)
    table = np.random.default_rng(0).integers(-(1 << 31), 1 << 31, TABLE).astype(np.int32)
    wanted = np.zeros(THREADS * BLOCKS * each, np.int32)
    slow.run(whole, (BLOCKS, 1, 1), [n, table.copy(), wanted])
    for options in CHUNKINGS:
        found = np.zeros_like(wanted)
        run(whole, BLOCKS, [n, table.copy(), found], options=options)
        assert (found == wanted).all(), options


def test_threads_that_do_not_all_meet() -> None:
    """Control flow is a block's, so the slow interpreter is asked for what no module of ours can say."""
    from slow.threads import run_threads

    met: list[Any] = []
    run_threads(3, lambda thread, meet: met.append(list(meet(thread * thread))))
    assert met == [[0, 1, 4]] * 3
    with pytest.raises(slow.SlowError, match="1 of 2 threads have ended where the others wait"):
        run_threads(2, lambda thread, meet: None if thread else meet(0) and None)


def test_the_slow_one_sees_what_is_wrong() -> None:
    body = at("o", "%i", 4, "p") + "%v = simt.load_global %p : vector<1xi64> -> vector<2xi32>"
    whole = module(body, 2, parameters={"o": "i32"})
    with pytest.raises(slow.SlowError, match="an access of 8 bytes"):
        slow.run(whole, (1, 1, 1), [np.zeros(4, np.int32)])
    uniform = module("%u = simt.uniform %t : vector<1xi32> -> i32", 2, parameters={"o": "i32"})
    with pytest.raises(slow.SlowError, match="threads disagree"):
        slow.run(uniform, (1, 1, 1), [np.zeros(4, np.int32)])
