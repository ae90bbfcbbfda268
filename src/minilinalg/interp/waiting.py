"""Which loops wait for another program: those that may go round until somebody else writes memory.

All programs of a chunk go through a loop in step, so one that spins until another releases it would spin for ever. A
loop waits when what ends it comes out of a read, inside the loop, of memory that another program may write:

- an atomic or a volatile load; not an atomic add of a number other than zero, which changes what it reads itself;
- a plain load through an argument that the kernel also writes through;
- a plain load, when nothing else that the loop's end depends on changes from turn to turn.

Partitions of warps (ttg.warp_specialize) wait for one another at barriers in shared memory.

Once pointers have become memrefs, a loop waits when it reads memory of a kind that the function writes, whatever ends
it; and so does an atomic in it.

The answer errs towards waiting: such a function runs as well, only one program at a time (turns.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, IntegerAttr
from xdsl.ir import Block, BlockArgument, Operation, OpResult, Region, SSAValue

from minilinalg.analysis.aliasing import Access, accesses, is_allocation, is_argument, root_of, writes
from minilinalg.dialects.simt import THREADS_ATTR

CALLS = ("tt.call", "func.call")
PLAIN_READS = ("tt.load", "tt.descriptor_load", "tt.descriptor_gather", "simt.load_global")
ORDERS = "simd.wait"
"""Orders what a core itself does, and takes part in reads and writes for that alone."""
WRITES = (
    "tt.store",
    "tt.descriptor_store",
    "tt.descriptor_reduce",
    "tt.descriptor_scatter",
    "ttng.async_tma_copy_local_to_global",
    "simt.store_global",
)
PARTITIONED, AT_BARRIERS = "ttg.warp_specialize", "ttng.wait_barrier"
ATOMICS = ("tt.atomic", "simt.atomic")


def waiting_operations(func: Operation, functions: Mapping[str, Operation]) -> frozenset[Operation]:
    """The operations, in `func` and in what it calls, at which a program may have to wait for another one.

    `scf.while`, a conditional branch in a loop of blocks, and `tt.atomic_poll`; and where partitions of warps run side
    by side, every wait at a barrier.
    """
    if func.name == "func.func" and THREADS_ATTR not in func.attributes:
        return frozenset(_loops_that_read_what_changes(func))
    flow = _Flow(func, functions)
    found: set[Operation] = set()
    if any(op.name == PARTITIONED for function in flow.functions for op in function.walk()):
        found.update(
            op for function in flow.functions for op in function.walk() if op.name in (PARTITIONED, AT_BARRIERS)
        )
    for function in flow.functions:
        for op in function.walk():
            spins = op.name == "scf.while" and flow.waits(set(flow.inside(op)), op.regions[0].blocks[0].last_op)
            if spins or op.name == "tt.atomic_poll":
                found.add(op)
        for branch, cycle in _cycles(function):
            if flow.waits(set(flow.within(cycle)), branch):
                found.add(branch)
    return frozenset(found)


def _loops_that_read_what_changes(func: Operation) -> Iterator[Operation]:
    """The while loops in a function on memrefs that read memory which the function, in some program, writes."""
    loops = [op for op in func.walk() if op.name == "scf.while"]
    written = _shared(writes(func)) if loops else set[SSAValue | None]()
    for loop in loops:
        read = _shared(a for a in accesses(loop) if a.kind == "read" and _may_see_a_change(a.op))
        if read & written or (read and None in written) or (written and None in read):
            yield loop


def _may_see_a_change(op: Operation) -> bool:
    return op.name != ORDERS and not _adds_something(op)


def _shared(accesses: Iterable[Access]) -> set[SSAValue | None]:
    """The arguments that are accessed; None stands for memory of unknown origin. Fresh buffers are a program's own."""
    roots = {None if access.buffer is None else root_of(access.buffer) for access in accesses}
    return {
        root if root is None or is_argument(root) else None for root in roots if root is None or not is_allocation(root)
    }


class _Flow:
    """Where values come from, across regions, blocks and calls; not which of several calls of a function."""

    def __init__(self, func: Operation, functions: Mapping[str, Operation]):
        self._all = functions
        self.functions: list[Operation] = []
        self._calls: dict[Operation, list[Operation]] = {}
        work = [func]
        while work:
            function = work.pop()
            if function in self.functions:
                continue
            self.functions.append(function)
            for op in function.walk():
                callee = self.callee(op)
                if callee is not None:
                    self._calls.setdefault(callee, []).append(op)
                    work.append(callee)
        self.written: set[SSAValue | None] = set()
        """The arguments that the kernel writes through; None stands for a pointer of unknown origin."""
        for function in self.functions:
            for op in function.walk():
                if op.name in WRITES or op.name.startswith(ATOMICS):
                    self.written |= self.roots(op.operands[0])

    def callee(self, op: Operation) -> Operation | None:
        """The function that a call runs."""
        if op.name not in CALLS:
            return None
        callee: Any = op.properties["callee"]
        return self._all.get(callee.root_reference.data)

    def inside(self, op: Operation) -> Iterator[Operation]:
        """The operations of `op`'s regions and of the functions called there."""
        yield from self.within([b for region in op.regions for b in region.blocks])

    def within(self, blocks: list[Block]) -> Iterator[Operation]:
        """The operations of the blocks, of their operations' regions, and of the functions called there."""
        called: set[Operation] = set()
        work = [op for block in blocks for op in block.ops]
        while work:
            op = work.pop()
            yield op
            work.extend(o for region in op.regions for b in region.blocks for o in b.ops)
            callee = self.callee(op)
            if callee is not None and callee not in called:
                called.add(callee)
                work.extend(o for b in callee.regions[0].blocks for o in b.ops)

    def origins(self, value: SSAValue) -> list[SSAValue]:
        """What `value` is computed from, one step back."""
        if isinstance(value, OpResult):
            return self._origins_of_result(value.op, value.index)
        assert isinstance(value, BlockArgument)
        block, at = value.block, value.index
        parent = block.parent_op()
        if parent is None:
            return []
        if parent in self.functions and block is parent.regions[0].blocks[0]:
            return [call.operands[at] for call in self._calls.get(parent, [])]
        match parent.name:
            case "scf.while" if block is parent.regions[0].blocks[0]:
                return [parent.operands[at], *_handed_on(parent.regions[1], at)]
            case "scf.while":
                return _handed_on(parent.regions[0], at + 1)
            case "scf.for" if at > 0:
                return [parent.operands[at + 2], *_handed_on(parent.regions[0], at - 1)]
            case "scf.for":
                return list(parent.operands[:3])
            case _:
                return [*parent.operands, *(o for region in parent.regions for o in _handed_on(region, None))]

    def _origins_of_result(self, op: Operation, at: int) -> list[SSAValue]:
        callee = self.callee(op)
        if callee is not None:
            return _handed_on(callee.regions[0], at)
        match op.name:
            case "scf.while":
                return [op.operands[at], *_handed_on(op.regions[0], 0), *_handed_on(op.regions[0], at + 1)]
            case "scf.for":
                return [*op.operands[:3], op.operands[at + 3], *_handed_on(op.regions[0], at)]
            case "scf.if":
                return [op.operands[0], *(o for region in op.regions for o in _handed_on(region, at))]
            case _:
                return [*op.operands, *(o for region in op.regions for o in _handed_on(region, None))]

    def closure(self, value: SSAValue, inside: set[Operation]) -> set[SSAValue]:
        """Everything defined by `inside` that `value` depends on, with itself; arguments of its blocks included."""
        found: set[SSAValue] = set()
        work = [value]
        while work:
            value = work.pop()
            if value not in found and _defined_in(value, inside):
                found.add(value)
                work.extend(self.origins(value))
        return found

    def roots(self, pointer: SSAValue) -> set[SSAValue | None]:
        """The arguments of the kernel that a pointer may come from; None: from somewhere unknown."""
        found: set[SSAValue | None] = set()
        seen: set[SSAValue] = set()
        work = [pointer]
        while work:
            value = work.pop()
            if value in seen:
                continue
            seen.add(value)
            before = [o for o in self.origins(value) if _is_pointer(o)]
            if isinstance(value, OpResult) and value.op.name in ("tt.load", "tt.int_to_ptr", "tt.atomic_rmw"):
                before = []
            if before:
                work.extend(before)
            else:
                found.add(None if isinstance(value, OpResult) else value)
        return found

    def waits(self, inside: set[Operation], end: Operation | None) -> bool:
        """Whether the branch or condition `end` of a loop of the operations `inside` depends on such a read."""
        if end is None or not end.operands:
            return False
        ends_on = self.closure(end.operands[0], inside)
        reads = {v.op for v in ends_on if isinstance(v, OpResult) and _reads(v.op)}
        if any(isinstance(v, OpResult) and v.op.name == "simt.load_shared" for v in ends_on):
            # What one thread has read the others were told through shared memory.
            reads |= {op for op in inside if _reads(op)}
        changes = any(self._changes(v) for v in ends_on)
        return any(self._waits_for(read, changes) for read in reads)

    def _changes(self, value: SSAValue) -> bool:
        """Whether `value` may differ from turn to turn of a loop around it: no parameter of a function does."""
        if isinstance(value, OpResult):
            return False
        assert isinstance(value, BlockArgument)
        return not any(value.block is f.regions[0].blocks[0] for f in self.functions)

    def _waits_for(self, read: Operation, changes: bool) -> bool:
        if read.name not in PLAIN_READS:
            return not _adds_something(read)
        if "volatile" in read.properties:
            return True
        volatile = read.properties.get("isVolatile")
        if isinstance(volatile, IntegerAttr) and volatile.value.data:
            return True
        roots = self.roots(read.operands[0])
        return not changes or None in roots or None in self.written or bool(roots & self.written)


def _reads(op: Operation) -> bool:
    return op.name in PLAIN_READS or op.name.startswith(ATOMICS)


def _adds_something(op: Operation) -> bool:
    """Whether `op` is an atomic add of a constant other than zero."""
    from minilinalg.dialects.tt.attributes import RMWOp
    from minilinalg.dialects.upstream import memref

    match op.name:
        case "tt.atomic_rmw" if RMWOp.of(op.properties["atomic_rmw_op"]) is RMWOp.ADD:
            value = op.operands[1]
        case "simt.atomic_rmw" if RMWOp.of(op.properties["kind"]) is RMWOp.ADD:
            value = op.operands[1]
        case "memref.atomic_rmw" if isinstance(op, memref.AtomicRMWOp) and op.kind_name == "addi":
            value = op.value
        case _:
            return False
    while isinstance(value, OpResult) and value.op.name in ("tt.splat", "vector.broadcast"):
        value = value.op.operands[0]
    constant = value.op.properties.get("value") if isinstance(value, OpResult) else None
    if isinstance(constant, IntegerAttr):
        return constant.value.data != 0
    return isinstance(constant, DenseIntOrFPElementsAttr) and all(constant.get_values())


def _is_pointer(value: SSAValue) -> bool:
    type_: Any = value.type
    return getattr(type_, "element_type", type_).name in ("tt.ptr", "tt.tensordesc")


def _handed_on(region: Region, at: int | None) -> list[SSAValue]:
    """What the ends of the region hand on: at position `at` where it is left, or all that any block hands on."""
    lasts = [block.last_op for block in region.blocks if block.last_op is not None]
    if at is None:
        return [o for last in lasts for o in last.operands]
    return [last.operands[at] for last in lasts if not last.successors]


def _defined_in(value: SSAValue, inside: set[Operation]) -> bool:
    if isinstance(value, OpResult):
        return value.op in inside
    assert isinstance(value, BlockArgument)
    return value.block.first_op in inside


def _cycles(function: Operation) -> Iterator[tuple[Operation, list[Block]]]:
    """The conditional branches that are in a loop of blocks, each with the blocks of that loop."""
    blocks = list(function.regions[0].blocks)
    if len(blocks) < 2:
        return
    after: dict[Block, list[Block]] = {b: list(b.last_op.successors) if b.last_op else [] for b in blocks}
    reach = {b: _reachable(b, after) for b in blocks}
    for block in blocks:
        if block in reach[block]:
            cycle = [b for b in blocks if b in reach[block] and block in reach[b]]
            if block.last_op is not None and len(after[block]) > 1:
                yield block.last_op, cycle


def _reachable(block: Block, after: Mapping[Block, list[Block]]) -> set[Block]:
    found: set[Block] = set()
    work = list(after[block])
    while work:
        block = work.pop()
        if block not in found:
            found.add(block)
            work.extend(after[block])
    return found
