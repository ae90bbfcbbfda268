"""In-place analysis: which tensors may share a buffer, so that a write needs no copy.

Source: upstream's OneShotAnalysis (mlir/lib/Dialect/Bufferization/Transforms/OneShotAnalysis.cpp). A tensor is a value
and never changes; a buffer does. Writing `r = op(.., outs(t))` into the buffer of `t` is right unless somebody still
reads `t` afterwards. For each function:

1. Every tensor value is in an alias set of its own. Slices, reshapes and casts join their source's set for good: they
   become views. A result of scf.if joins the sets of what its branches yield; what the first region of a scf.while
   hands on, that of the argument of the second and of the result that it becomes.
2. Every tensor that begins at a read-only place (a function's argument, a view of the arguments' memory, a constant)
   makes its set read-only: nothing is ever written in place there.
3. A `to_tensor` is memory's content at that moment. Where a write to memory that may alias its view lies between it and
   a read of it, it is a snapshot: a copy of its own, which is no longer read-only.
4. Operands that are written (`outs`, insert_slice's destination, what a loop carries) are visited from the last
   operation to the first. An operand goes in place when joining its set with the set of the result it is tied to leaves
   no read-after-write conflict; else the operation writes to a copy.
5. A conflict is a read R of one alias, a write W into another, and a definition D that R should see, such that W may
   come after D and before R. None of these is one: R comes before W and no loop around both, but not around D, turns
   the order round; R and W are in different branches of one scf.if; R and W are one operation that reads each element
   before it writes it; W is the write that makes D; W comes before D.
6. What is undefined (tensor.empty, or part of one) has no definition, so reading it conflicts with nothing. A
   destination that is a tensor.empty becomes a new buffer, unless the operation is elementwise and an input dies there:
   then the input's buffer is written in place.

What a loop carries lives in one buffer all along: the `iter_args` value, the result and, in place, the initial value.
Of a scf.while it is the argument of the first region.
A yielded value that ends up in another buffer is copied there when an iteration ends; that is a read of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from xdsl.ir import BlockArgument, Operation, OpResult, Region, SSAValue
from xdsl.utils.disjoint_set import DisjointSet

from minilinalg.analysis.aliasing import Access, own_accesses
from minilinalg.analysis.destination_style import destinations, first_destination, is_destination_style, may_share
from minilinalg.analysis.order import LOOPS, Order, in_exclusive_branches
from minilinalg.analysis.tensor_operands import (
    INSERTS,
    SLICES_AND_SHAPES,
    STATIC_BOUNDS,
    Operand,
    definition_of,
    is_tensor,
    is_undefined,
    passed_on,
    read_operands,
    tied_results,
    written_operands,
)
from minilinalg.dialects.upstream import bufferization, func, scf, tensor


@dataclass
class InPlace:
    """The decisions about one function."""

    snapshots: dict[OpResult, Operation] = field(default_factory=dict[OpResult, Operation])
    """to_tensor results that need a copy -> the write that may change what they view."""
    copies: dict[Operand, Operation | None] = field(default_factory=dict["Operand", "Operation | None"])
    """Written operands that need a copy -> the operation that still reads the old value; None: it is read-only."""
    reused: dict[Operand, int] = field(default_factory=dict["Operand", int])
    """Undefined destinations -> the index of the input whose buffer is written instead."""

    def slices_put_back(self) -> Iterator[tuple[tensor.ExtractSliceOp, Operand]]:
        """Slices that are computed on and put back where they were, into a copy of what they were taken from."""
        for operand in self.copies:
            if operand.op.name == "tensor.insert_slice" and (chain := _origin(operand.op.operands[0], operand.op)):
                yield cast("tensor.ExtractSliceOp", chain[-1].owner), operand


def analyse(function: func.FuncOp) -> InPlace:
    """Decides for every written operand in `function` whether it is written in place."""
    return _Analysis(function).run()


class _Analysis:
    def __init__(self, function: func.FuncOp):
        self.function = function
        self.order = Order(function)
        self.sets: DisjointSet[SSAValue] = DisjointSet()
        self.reads: dict[SSAValue, list[Operand]] = {}
        """Value -> the uses that read it. Of a set: all of its members'."""
        self.members: dict[SSAValue, list[SSAValue]] = {}
        self.written: dict[SSAValue, list[Operand]] = {}
        """Representative of a set -> the operands that are written in place there."""
        self.read_only: set[SSAValue] = set()
        self.result = InPlace()

    def run(self) -> InPlace:
        ops = list(self.function.body.walk())
        self._collect(ops)
        self._find_snapshots(ops)
        for op in reversed(ops):
            for operand in written_operands(op):
                self._decide(operand)
        return self.result

    # Steps 1 and 2

    def _collect(self, ops: list[Operation]) -> None:
        for block in (block for op in [self.function, *ops] for region in op.regions for block in region.blocks):
            for arg in block.args:
                self._add(arg, read_only=block.parent_op() is self.function)
        for op in ops:
            for result in op.results:
                self._add(result, read_only=op.name in ("bufferization.to_tensor", "arith.constant"))
        for op in ops:
            if op.name in SLICES_AND_SHAPES:
                self._join(op.operands[0], op.results[0])
            elif isinstance(op, scf.IfOp):
                for region in op.regions:
                    self._join_yields(op, region)
            elif isinstance(op, scf.WhileOp):
                for value, arg, result in zip(passed_on(op), op.after_region.block.args, op.res, strict=True):
                    if is_tensor(result):
                        self._join(value, arg)
                        self._join(value, result)
            for operand in read_operands(op):
                self.reads[operand.value].append(operand)

    def _add(self, value: SSAValue, *, read_only: bool) -> None:
        if not is_tensor(value):
            return
        self.sets.add(value)
        self.reads[value] = []
        self.members[value] = [value]
        self.written[value] = []
        if read_only:
            self.read_only.add(value)

    def _join_yields(self, op: scf.IfOp, region: Region) -> None:
        if not region.blocks or not isinstance(last := region.block.last_op, scf.YieldOp):
            return
        for yielded, result in zip(last.operands, op.results, strict=True):
            if is_tensor(result):
                self._join(yielded, result)

    def _join(self, a: SSAValue, b: SSAValue) -> None:
        one, two = self.sets.find(a), self.sets.find(b)
        if one is two:
            return
        self.sets.union(one, two)
        root = self.sets.find(one)
        other = two if root is one else one
        self.members[root] += self.members.pop(other)
        self.written[root] += self.written.pop(other)

    # Step 3

    def _find_snapshots(self, ops: list[Operation]) -> None:
        changes = [access for op in ops for access in own_accesses(op) if access.kind == "write"]
        if not changes:
            return
        for op in ops:
            if not isinstance(op, bufferization.ToTensorOp):
                continue
            for read in self._reads_of_set(op.tensor):
                if definition_of(read.value) not in (op.tensor, None) and not self._is_handed_on(read.value):
                    continue
                change = self._change_before(read, op.tensor, changes)
                if change is not None:
                    self.result.snapshots[cast("OpResult", op.tensor)] = change
                    self.read_only.discard(op.tensor)
                    break

    def _is_handed_on(self, value: SSAValue) -> bool:
        """Whether it is what scf.if yields, or what the first region of a scf.while hands on, in the same buffer."""
        if (definition := definition_of(value)) is None:
            return False
        if isinstance(definition, BlockArgument):
            parent = definition.block.parent_op()
            return isinstance(parent, scf.WhileOp) and definition.block is parent.after_region.block
        return isinstance(definition.owner, scf.IfOp | scf.WhileOp)

    def _change_before(self, read: Operand, snapshot: SSAValue, changes: list[Access]) -> Operation | None:
        """A write between a `to_tensor` and a read of it that may change what it views."""
        view = cast("bufferization.ToTensorOp", snapshot.owner).memref
        for change in changes:
            if change.touches(view) and self._comes_between(read, change.op, snapshot, None):
                return change.op
        return None

    # Steps 4 and 5

    def _decide(self, operand: Operand) -> None:
        results = tied_results(operand)
        if isinstance(operand.value.owner, tensor.EmptyOp):
            # Any new buffer is as good as that of the empty tensor, and lives no longer than it must.
            if not self._reuse_input(operand, results):
                self._keep_together(results)
            return
        obstacle = self._obstacle(operand, operand.value, results)
        if isinstance(obstacle, _Free):
            self._write_in_place(operand, operand.value, results)
        else:
            self.result.copies[operand] = obstacle
            self._keep_together(results)

    def _keep_together(self, results: tuple[SSAValue, ...]) -> None:
        """The results live together in a buffer that is new."""
        for result in results[1:]:
            self._join(results[0], result)

    def _reuse_input(self, operand: Operand, results: tuple[SSAValue, ...]) -> bool:
        """Step 6."""
        op = operand.op
        if not is_destination_style(op):
            return False
        taken = {op.operands[index] for index in destinations(op)} | {
            op.operands[index] for other, index in self.result.reused.items() if other.op is op
        }
        for index in range(first_destination(op)):
            value = op.operands[index]
            if value.type != operand.value.type or value in taken or not may_share(op, index, operand.index):
                continue
            if is_undefined(value):
                continue
            if isinstance(self._obstacle(operand, value, results), _Free):
                self._write_in_place(operand, value, results)
                self.result.reused[operand] = index
                return True
        return False

    def _write_in_place(self, operand: Operand, value: SSAValue, results: tuple[SSAValue, ...]) -> None:
        for result in results:
            self._join(value, result)
        self.written[self.sets.find(value)].append(operand)

    def _obstacle(self, operand: Operand, value: SSAValue, results: tuple[SSAValue, ...]) -> _Free | Operation | None:
        """What stands against writing `operand` into the buffer of `value`: a reader, None when it is read-only."""
        representatives = dict.fromkeys(self.sets.find(v) for v in (value, *results))
        members = [member for root in representatives for member in self.members[root]]
        if any(member in self.read_only for member in members):
            return None
        write = [operand, *(w for root in representatives for w in self.written[root])]
        tied = [tied_results(other) for other in write]
        for member in members:
            for read in self.reads[member]:
                definition = definition_of(member)
                if definition is None:
                    continue
                for other, results_of_other in zip(write, tied, strict=True):
                    if definition not in results_of_other and self._conflict(read, other, definition):
                        return read.op
        return _FREE

    def _conflict(self, read: Operand, write: Operand, definition: SSAValue) -> bool:
        if read == write and write.op.name in LOOPS:
            # What a loop carries is read by the loop itself, before it is first written.
            return False
        if _is_matching_slice(read, write):
            return False
        return self._comes_between(read, write.op, definition, write)

    def _comes_between(self, read: Operand, write: Operation, definition: SSAValue, operand: Operand | None) -> bool:
        """Whether `write` may come after `definition` was made and before `read`. `operand`: when it is of a tensor."""
        if self.order.holds(read.op, write, definition):
            if self.order.before(read.op, write):
                return False
            if read.op is write and operand is not None and _reads_before_writing(read, operand):
                return False
            if read.op.name in LOOPS and self.order.inside(write, read.op):
                # What a loop takes it reads before it begins.
                return False
            if in_exclusive_branches(read.op, write):
                return False
        place = definition.owner
        made_by = place if isinstance(place, Operation) else cast("Operation", place.parent_op())
        if write.name in LOOPS and (self.order.inside(made_by, write) or made_by is write):
            # What a loop starts from is there before anything is made in its body.
            return isinstance(place, Operation) and made_by is write
        if isinstance(place, Operation):
            return not (self.order.before(write, place) or self.order.inside(write, place))
        return place.find_ancestor_op_in_block(write) is not None

    def _reads_of_set(self, value: SSAValue) -> Iterator[Operand]:
        for member in self.members[self.sets.find(value)]:
            yield from self.reads[member]


class _Free:
    """Nothing stands against it."""


_FREE = _Free()


def _reads_before_writing(read: Operand, write: Operand) -> bool:
    """Whether one operation has read each element of `read` when it writes that of `write`."""
    return read == write or may_share(read.op, read.index, write.index)


def _is_matching_slice(read: Operand, write: Operand) -> bool:
    """Whether an insert_slice puts back the very slice that was taken out and written in place.

    `%s = extract_slice %t[..]; %u = op outs(%s); %r = insert_slice %u into %t[..]` with the same bounds: reading `%u`
    to insert it does not conflict with writing the slice of `%t`, and reading the rest of `%t` not with writing `%s`.
    """
    insert = read.op
    if insert.name not in INSERTS:
        return False
    if read.index == 0:
        return write.op is insert and _origin(read.value, insert) is not None
    chain = _origin(insert.operands[0], insert)
    return chain is not None and any(result in chain for result in tied_results(write))


def _origin(value: SSAValue, insert: Operation) -> list[SSAValue] | None:
    """The values from what `insert` inserts back to the slice of its destination that they were written into.

    None when they do not begin with the slice at which `insert` inserts.
    """
    chain: list[SSAValue] = []
    while isinstance(owner := value.owner, Operation):
        chain.append(value)
        if isinstance(owner, tensor.ExtractSliceOp):
            return chain if _same_slice(owner, insert) else None
        written = [operand for operand in written_operands(owner) if value in tied_results(operand)]
        if len(written) != 1:
            return None
        chain += _inside_loop(owner, written[0].index)
        value = written[0].value
    return None


def _inside_loop(loop: Operation, index: int) -> list[SSAValue]:
    """What the body of a loop makes of what it carries at operand `index` by writing it, from its end back."""
    if not isinstance(loop, scf.ForOp):
        return []
    block, chain = loop.body.block, list[SSAValue]()
    carried, value = block.args[index - 2], cast("Operation", block.last_op).operands[index - 3]
    while value is not carried:
        owner = value.owner
        if not isinstance(owner, Operation):
            return []
        chain.append(value)
        written = [operand for operand in written_operands(owner) if value in tied_results(operand)]
        if len(written) != 1:
            return []
        chain += _inside_loop(owner, written[0].index)
        value = written[0].value
    return chain


def _same_slice(extract: tensor.ExtractSliceOp, insert: Operation) -> bool:
    source, destination, *bounds = insert.operands
    return (
        extract.source is destination
        and extract.result.type == source.type
        and list(extract.operands[1:]) == bounds
        and all(extract.properties[key] == insert.properties[key] for key in STATIC_BOUNDS)
    )
