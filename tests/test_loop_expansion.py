"""Loops run their stages side by side and compute what they computed: random bodies, stages and numbers of trips."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from xdsl.ir import Block, Operation

from minilinalg.context import make_context
from minilinalg.dialects.upstream import scf
from minilinalg.interp import Executable
from minilinalg.parsing import parse_module
from minilinalg.passes.loop_expansion import expand, why_not
from minilinalg.passes.loop_schedule import defining, operands_of, operations
from minilinalg.passes.tritongpu_pipeline import masked


def random_loop(random: Random, size: int, carried: int) -> str:
    """A kernel with a loop over numbers that it loads from `x`, and whose results it stores to `y`."""
    known = ["%i", "%k", *(f"%c{n}" for n in range(carried))]
    lines: list[str] = []
    for n in range(size):
        if random.random() < 0.3:
            lines += [
                f"%m{n} = arith.andi {random.choice(known)}, %seven : i32",
                f"%p{n} = tt.addptr %x, %m{n} : !tt.ptr<i32>, i32",
                f"%v{n} = tt.load %p{n} : !tt.ptr<i32>",
            ]
        else:
            kind = random.choice(["addi", "subi", "muli", "xori"])
            lines.append(f"%v{n} = arith.{kind} {random.choice(known)}, {random.choice(known)} : i32")
        known.append(f"%v{n}")
    own = [name for name in known if name.startswith("%v")]
    given = [random.choice(own) for _ in range(carried)]
    inits = ", ".join(f"%c{n} = %k{n}" for n in range(carried))
    types = ", ".join(["i32"] * carried)
    constants = "\n".join(f"%k{n} = arith.constant {n + 3} : i32" for n in range(carried))
    stores = "\n".join(
        f"%o{n} = tt.addptr %y, %k{n} : !tt.ptr<i32>, i32\ntt.store %o{n}, %r#{n} : !tt.ptr<i32>"
        for n in range(carried)
    )
    body = "\n".join(lines)
    return f"""tt.func public @f(%x: !tt.ptr<i32>, %y: !tt.ptr<i32>, %from: i32, %to: i32, %step: i32) {{
%seven = arith.constant 7 : i32
%k = arith.constant 5 : i32
{constants}
%r:{carried} = scf.for %i = %from to %to step %step iter_args({inits}) -> ({types}) : i32 {{
{body}
scf.yield {", ".join(given)} : {types}
}}
{stores}
tt.return
}}"""


def random_stages(random: Random, loop: scf.ForOp, last: int) -> tuple[dict[Operation, int], list[Operation]]:
    """Stages in which nothing comes before what it needs, and an order for one iteration."""
    body = operations(loop)
    stages = {op: random.randint(0, last) for op in body}
    changed = True
    while changed:
        changed = False
        for op in body:
            for operand in operands_of(op):
                before = defining(operand, loop, through_arguments=True)
                if before is None:
                    continue
                # What the iteration before computes may be of the next stage, which runs first.
                least = stages[before] - isinstance(operand.owner, Block)
                if stages[op] < least:
                    stages[op], changed = least, True
    # Late stages first, each in the order of the text.
    return stages, sorted(body, key=lambda op: (-stages[op], body.index(op)))


@pytest.mark.parametrize("seed", range(60))
def test_the_same_numbers(seed: int) -> None:
    random = Random(seed)
    source = random_loop(random, random.randint(1, 8), random.randint(1, 3))
    module, ctx = parse_module(source), make_context()
    before = Executable(parse_module(source))
    (loop,) = [op for op in module.walk() if isinstance(op, scf.ForOp)]
    assert not why_not(loop)
    last = random.randint(1, 4)
    stages, order = random_stages(random, loop, last)
    if max(stages.values()) > 0:
        expand(loop, stages, order, masked)
    module.verify()
    after = Executable(module)
    assert ctx is not None
    for start, end, step in [(0, 0, 1), (0, 1, 1), (3, 5, 1), (0, 9, 2), (2, 40, 7), (5, -5, 1), (-3, 4, 3), (0, 5, 1)]:
        x = np.arange(100, 108, dtype=np.int32) * 17
        results = []
        for compiled in (before, after):
            y = np.full(8, -1, np.int32)
            compiled.run(1, [x, y, start, end, step])
            results.append(y)
        assert (results[0] == results[1]).all(), (start, end, step)


def test_what_cannot_be_expanded_says_why() -> None:
    text = random_loop(Random(1), 3, 1)
    module = parse_module(text.replace("scf.for %i", "scf.for unsigned %i"))
    (loop,) = [op for op in module.walk() if isinstance(op, scf.ForOp)]
    assert why_not(loop) == "its bounds are unsigned"
    module = parse_module(text)
    (loop,) = [op for op in module.walk() if isinstance(op, scf.ForOp)]
    end = loop.body.block.last_op
    assert end is not None and isinstance(loop.body.block, Block)
    end.operands[0] = loop.region_iter_args[0]
    assert why_not(loop) == "it hands on a value that its body does not compute"
