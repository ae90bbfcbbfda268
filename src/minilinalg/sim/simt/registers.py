"""How many registers a thread takes, before an assembler has chosen them: the most that are live at one time.

Counted are the elements that are needed (demand.py), 32 bits each. Constants stand in instructions; a scalar in a
vector's place, and elements moved by a shuffle, are those of their source. To that come a few for the assembler.
"""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Block, Operation, SSAValue

from minilinalg.analysis.order import LOOPS, Order
from minilinalg.dialects.simt import TensorMapType
from minilinalg.interp.dtypes import dtype_of
from minilinalg.sim.simt.demand import Demand

OWN = 4
"""Registers that every kernel takes beside its values (chosen: with these most kernels take a little more than ptxas
gives them)."""
GRANULE = 8
"""The registers of a thread are a multiple of so many."""
ALIASES = (
    "vector.broadcast",
    "vector.shuffle",
    "vector.bitcast",
    "simt.uniform",
    "simt.tensor_map_at",
    "arith.bitcast",
)


def sources_of(value: SSAValue) -> Iterator[SSAValue]:
    """The values whose registers `value` is seen in."""
    owner = value.owner
    if isinstance(owner, Operation) and owner.name in ALIASES:
        for operand in owner.operands:
            yield from sources_of(operand)
    else:
        yield value


def width_of(value: SSAValue, demand: Demand) -> int:
    """The registers of 32 bits that the needed elements of a value take; a predicate takes none."""
    if isinstance(value.type, TensorMapType):
        # It stays where it was passed.
        return 0
    dtype = dtype_of(value.type)
    if dtype.bits == 1:
        return 0
    return -(-demand.count(value) * dtype.bits // 32)


def live_registers(func: Operation, demand: Demand) -> int:
    """The most registers that are live at one time in a function."""
    order = Order(func)
    last: dict[SSAValue, int] = {}
    begin: dict[SSAValue, int] = {}
    for op in func.walk():
        for operand in op.operands:
            for value in sources_of(operand):
                user = _outermost_loop(op, value)
                last[value] = max(last.get(value, 0), order.leave[user])
    for value in last:
        owner = value.owner
        if isinstance(owner, Block):
            parent = owner.parent_op()
            begin[value] = 0 if parent is None or parent is func else order.enter[parent]
        else:
            begin[value] = order.leave[owner]
    changes: dict[int, int] = {}
    for value, end in last.items():
        owner = value.owner
        if isinstance(owner, Operation) and owner.name == "arith.constant":
            continue
        if isinstance(value.type, IntegerType) and isinstance(owner, Block):
            # Arguments of the kernel are read from where they are passed, when they are used.
            parent = owner.parent_op()
            if parent is func:
                continue
        width = width_of(value, demand)
        # A result may take the registers of an operand that ends with its operation.
        changes[begin[value]] = changes.get(begin[value], 0) + width
        changes[end] = changes.get(end, 0) - width
    most = now = 0
    for time in sorted(changes):
        now += changes[time]
        most = max(most, now)
    return most


def _outermost_loop(user: Operation, value: SSAValue) -> Operation:
    """The outermost loop around `user` that `value` is from before of; `user` itself when there is none."""
    home = value.owner if isinstance(value.owner, Block) else value.owner.parent
    found, at = user, user.parent_op()
    while at is not None and at.parent is not None:
        if user.parent is home:
            break
        if at.name in LOOPS and not _holds(at, home):
            found = at
        at = at.parent_op()
    return found


def _holds(op: Operation, block: Block | None) -> bool:
    while block is not None:
        parent = block.parent_op()
        if parent is op:
            return True
        block = parent.parent if parent is not None else None
    return False


def registers_of_thread(func: Operation, demand: Demand, most: int) -> tuple[int, int]:
    """The registers that a thread is given, at most `most`, and how many it is short of."""
    wanted = -(-(live_registers(func, demand) + OWN) // GRANULE) * GRANULE
    return min(wanted, most), max(0, wanted - most)
