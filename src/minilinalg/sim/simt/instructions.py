"""What an operation costs a warp: how many instructions on which pipe.

Counts are those of the instructions that the PTX printer and ptxas make of an operation, or near them; what is divided
or rounded in several steps is chosen. Registers that nothing needs cost nothing (demand.py), and neither does what only
moves or names registers.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, Literal

from xdsl.ir import Operation

from minilinalg.dialects import simt
from minilinalg.dialects.simt import LANES
from minilinalg.dialects.simt.dot import numbers
from minilinalg.dialects.simt.types import bits_of
from minilinalg.interp.dtypes import dtype_of
from minilinalg.sim.simt.demand import Demand
from minilinalg.targets import SimtTarget

Pipe = Literal["issue", "f32", "f64", "integer", "special", "conversion", "shuffle", "tensor", "load store"]
PIPES: tuple[Pipe, ...] = ("issue", "f32", "f64", "integer", "special", "conversion", "shuffle", "tensor", "load store")

FREE = frozenset(
    {
        "arith.constant",
        "arith.bitcast",
        "arith.trunci",
        "arith.index_cast",
        "vector.broadcast",
        "vector.shuffle",
        "vector.bitcast",
        "simt.uniform",
        "simt.block_id",
        "simt.num_blocks",
        "simt.thread_id",
        "simt.global_scratch",
        "simt.tensor_map_at",
        "scf.yield",
        "scf.condition",
        "func.return",
        "func.call",
        "ub.poison",
        "debug.print",
        "debug.assert",
        "simt.print",
        "simt.assert",
    }
)
"""What is no instruction: registers under another name, constants, and what a warp has from the start."""
FLOAT = frozenset({"addf", "subf", "mulf", "negf", "maxnumf", "minnumf", "maximumf", "minimumf", "cmpf", "fma", "absf"})
DIVISIONS = frozenset({"divsi", "divui", "remsi", "remui", "ceildivsi", "floordivsi"})
SPECIAL = {"exp": 2, "exp2": 1, "log": 2, "log2": 1, "sqrt": 2, "rsqrt": 1, "sin": 3, "cos": 3, "tanh": 4, "erf": 20}
"""Of functions: the f32 instructions beside the special one (chosen)."""
OTHER_FUNCTION = 24
"""f32 instructions of any other function (chosen)."""
DIVISION = 20
"""Integer instructions of a division of 32 bits by no constant (chosen); of 64 bits, four times as many."""
DIVISION_BY_CONSTANT = 3
FLOAT_DIVISION = 8
"""f32 instructions of a division beside the reciprocal (chosen)."""
LOOP = 3
"""Integer instructions of a loop's turn: counter, comparison, branch."""


@dataclass(frozen=True)
class Work:
    """Instructions of one warp on a pipe, by number, and how long their pipe takes for one, in thirty-two results each.

    results: how many results of threads the pipe makes for the warp; 0 where only issuing takes time.
    """

    pipe: Pipe
    instructions: float
    results: float


def work_of(op: Operation, demand: Demand) -> tuple[Work, ...]:
    """The work of an operation that does not access memory, for one warp."""
    name = op.name
    if name in FREE:
        return ()
    if isinstance(op, simt.MmaSyncOp):
        tiles, shape = prod(numbers(op.tiles)), prod(numbers(op.shape))
        return (Work("tensor", tiles, tiles * shape),)
    if isinstance(op, simt.WgmmaOp):
        tiles, shape = prod(numbers(op.tiles)), prod(numbers(op.shape))
        # A quarter of a warp group's.
        return (Work("tensor", tiles, tiles * shape / 4),)
    if isinstance(op, simt.FmaDotOp):
        return (_lanes("f64" if bits_of(op.c.type) == 64 else "f32", prod(numbers(op.sizes))),)
    if name in ("scf.for", "scf.while", "scf.if"):
        return (_lanes("integer", LOOP),)
    if isinstance(op, simt.InlineAsmOp):
        # As many of one pipe as the text has, whatever they are.
        lines = op.asm_string.data.count(";") or 1
        groups = max(demand.count(result) for result in op.result) // op.packed_element.value.data
        return (_lanes("integer", lines * max(groups, 1)),)
    if name.startswith("simt."):
        registers = sum(_registers(r, demand) for r in op.results) if op.results else 0
        if name in ("simt.shuffle", "simt.vote"):
            return (_lanes("shuffle", registers),)
        return (Work("issue", 1, 0),)
    return _arithmetic(op, demand)


def _lanes(pipe: Pipe, instructions: float) -> Work:
    return Work(pipe, instructions, instructions * LANES)


def _registers(value: Any, demand: Demand) -> int:
    return -(-demand.count(value) * max(32, dtype_of(value.type).bits) // 32)


def _arithmetic(op: Operation, demand: Demand) -> tuple[Work, ...]:
    if not op.results:
        return (Work("issue", 1, 0),)
    dialect, _, name = op.name.partition(".")
    count = demand.count(op.results[0])
    if not count:
        return ()
    operand = dtype_of(op.operands[0].type) if op.operands else dtype_of(op.results[0].type)
    bits = operand.bits
    if name in ("extf", "truncf", "sitofp", "uitofp", "fptosi", "fptoui"):
        wide = max(bits, dtype_of(op.results[0].type).bits) > 32
        return (_lanes("f64" if wide else "conversion", count),)
    pairs = -(-count // 2) if bits <= 16 else count
    if name in FLOAT and operand.is_float:
        return (_lanes("f64" if bits == 64 else "f32", pairs),)
    if name == "divf":
        return (_lanes("f64" if bits == 64 else "f32", count * FLOAT_DIVISION), _lanes("special", count))
    if dialect == "math" and operand.is_float:
        steps = SPECIAL.get(name, OTHER_FUNCTION)
        if bits == 64:
            return (_lanes("f64", count * (steps + OTHER_FUNCTION)),)
        return (_lanes("f32", count * steps), _lanes("special", count))
    if name == "select":
        return (_lanes("integer", _selects(op, count)),)
    words = max(1, bits // 32)
    if name in DIVISIONS:
        by = op.operands[1].owner
        constant = isinstance(by, Operation) and by.name == "arith.constant"
        return (_lanes("integer", count * (DIVISION_BY_CONSTANT if constant else DIVISION) * words * words),)
    if name == "muli":
        words *= words
    return (_lanes("integer", count * words),)


def _selects(op: Operation, count: int) -> int:
    """A select takes a register, of as many narrow elements as it has where all go by one condition."""
    bits = dtype_of(op.results[0].type).bits
    condition = op.operands[0].owner
    if bits < 32 and not (isinstance(condition, Operation) and condition.name == "vector.broadcast"):
        return count
    return -(-count * bits // 32)


def rate_of(pipe: Pipe, target: SimtTarget, bits: int = 16) -> float:
    """Results a cycle and multiprocessor of a pipe; of the tensor cores, multiply-adds of operands of so many bits."""
    each = target.throughput
    match pipe:
        case "tensor":
            cores = target.tensor_cores
            found = None if cores is None else getattr(cores, f"macs_{bits}", None)
            # What no tensor core multiplies the f32 pipe does.
            return each.f32 if found is None else found
        case "issue" | "load store":
            return each.schedulers * LANES
        case _:
            return getattr(each, pipe)
