"""One core's program out of a function: every core runs all of it, and `simd.core_id` tells them apart.

A loop over cores becomes its body. What stands outside of one is done by every core for itself: scalars, and blocks in
on-chip memory, which every core has its own of. What writes global memory outside of a loop over cores is done by
core 0 alone, and where such a write, or a loop over cores, is followed by something that depends on it, all cores wait
for one another.
"""

from __future__ import annotations

from typing import cast

from xdsl.dialects.builtin import IntegerAttr
from xdsl.ir import Block, Operation, Region, SSAValue

from minilinalg.analysis.aliasing import accesses, is_memref, root_of
from minilinalg.dialects import simd
from minilinalg.dialects.upstream import arith, func, memref, scf
from minilinalg.dialects.upstream.assembly import static_values
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes.insertion import erase, insert_before
from minilinalg.passes.strided_view import buffer_type
from minilinalg.targets import Target


def become_core_program(function: func.FuncOp, target: Target) -> None:
    """Rewrites `function` so that it is what each core of `target` runs. Raises UnsupportedError."""
    _Program(function, target).run()


class _Program:
    def __init__(self, function: func.FuncOp, target: Target):
        self.function = function
        self.target = target
        self.core: SSAValue | None = None
        self.pending: set[str] = set()
        """How global memory was accessed since all cores waited for one another: "read", "write"."""

    def run(self) -> None:
        self.block(self.function.body.block)

    def core_id(self) -> SSAValue:
        if self.core is None:
            op = simd.CoreIdOp()
            op.result.name_hint = "core"
            body = self.function.body.block
            op.location = self.function.location
            body.insert_op_before(op, cast("Operation", body.first_op))
            self.core = op.result
        return self.core

    def block(self, block: Block) -> None:
        for op in tuple(block.ops):
            kinds = self.global_accesses(op)
            if isinstance(op, scf.ForallOp):
                self.synchronise(op, kinds)
                self.inline(op)
            elif any(isinstance(inner, scf.ForallOp) for inner in op.walk()):
                # Every core turns the loop round together; an iteration may depend on the one before.
                self.pending |= kinds
                for region in op.regions:
                    for inner in region.blocks:
                        self.block(inner)
            elif kinds:
                self.synchronise(op, kinds)
                if "write" in kinds:
                    self.on_core_0(op)

    def global_accesses(self, op: Operation) -> set[str]:
        """How `op` accesses memory that the cores share."""
        return {access.kind for access in accesses(op) if access.buffer is None or self.is_global(access.buffer)}

    def is_global(self, value: SSAValue) -> bool:
        type = buffer_type(value)
        space = type.memory_space
        name = space.data if isinstance(space, simd.SpaceAttr) else None
        return name is None or self.target.space(name).scope != "core"

    def synchronise(self, op: Operation, kinds: set[str]) -> None:
        if ("write" in self.pending and kinds) or (self.pending and "write" in kinds):
            insert_before(op, simd.BarrierOp("chip"))
            self.pending = set()
        self.pending |= kinds

    def on_core_0(self, op: Operation) -> None:
        if any(result.first_use is not None for result in op.results):
            raise UnsupportedError(
                f"'{op.name}' outside of the loop over cores writes memory and has a result",
                rule="what only one core does has no result: the other cores would not know it",
                hint="scf-forall-to-cores deals the work out to the cores",
                places=places_of(op),
            )
        zero = arith.ConstantOp(IntegerAttr.from_index_int_value(0))
        is_first = arith.CmpiOp(self.core_id(), zero, "eq")
        guard = scf.IfOp(is_first, [], Region(Block()))
        insert_before(op, zero, is_first, guard)
        op.detach()
        guard.true_region.block.add_ops([op, scf.YieldOp()])
        cast("Operation", op.next_op).location = op.location

    def inline(self, op: scf.ForallOp) -> None:
        count = self.cores_of(op)
        block = op.body.block
        cast("Operation", block.last_op).detach()
        self.check_buffers(op)
        block.args[0].replace_all_uses_with(self.core_id())
        body = list(block.ops)
        for inner in body:
            inner.detach()
        if count == self.target.cores:
            cast("Block", op.parent).insert_ops_before(body, op)
        else:
            bound = arith.ConstantOp(IntegerAttr.from_index_int_value(count))
            takes_part = arith.CmpiOp(self.core_id(), bound, "ult")
            guard = scf.IfOp(takes_part, [], Region(Block()))
            insert_before(op, bound, takes_part, guard)
            guard.true_region.block.add_ops([*body, scf.YieldOp()])
            cast("Operation", guard.true_region.block.last_op).location = op.location
        erase(op)

    def cores_of(self, op: scf.ForallOp) -> int:
        bounds = static_values(op.static_upper_bound)
        nested = any(inner is not op and isinstance(inner, scf.ForallOp | scf.ParallelOp) for inner in op.walk())
        plain = len(bounds) == 1 and op.is_normalized and not op.results and not nested
        if plain and 0 <= bounds[0] <= self.target.cores:
            return bounds[0]
        raise UnsupportedError(
            "this scf.forall is no loop over the cores of the target",
            rule=f"it runs from 0 to a number of cores, at most {self.target.cores} for '{self.target.name}', "
            "with no scf.forall inside and no results",
            hint="scf-forall-to-cores deals the iterations of any scf.forall out to the cores",
            places=places_of(op),
        )

    def check_buffers(self, op: scf.ForallOp) -> None:
        """On-chip buffers from outside may be read: every core has computed its own. Written, they would differ."""
        for access in accesses(op):
            if access.kind != "write" or access.buffer is None or not is_memref(access.buffer):
                continue
            alloc = root_of(access.buffer).owner
            if isinstance(alloc, memref.AllocOp) and not op.is_ancestor(alloc):
                raise UnsupportedError(
                    f"a buffer from outside of the loop over cores is written by '{access.op.name}' inside it",
                    rule="on-chip memory belongs to one core: what the cores write together is an argument",
                    places=places_of(access.op),
                )
