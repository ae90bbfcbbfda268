"""Loads that begin early become asynchronous copies into shared memory, with a buffer for each that is under way.

Source: LowerLoops.cpp of Triton 3.9.
"""

from __future__ import annotations

from xdsl.dialects.builtin import IntegerAttr, i32
from xdsl.ir import Attribute, Block, Operation, SSAValue

from minilinalg.analysis.constants import constant_of
from minilinalg.dialects import tt, ttg, ttng
from minilinalg.dialects.tt.types import AnyTensor, tensor_type
from minilinalg.dialects.ttg.types import memdesc_type
from minilinalg.dialects.ttg.views import ViewOp
from minilinalg.dialects.upstream import arith, scf
from minilinalg.passes import tile_buffers
from minilinalg.passes.carried_values import carry_more
from minilinalg.passes.insertion import erase, insert_after, insert_before
from minilinalg.passes.loop_expansion import number
from minilinalg.passes.loop_schedule import Cluster, Schedule, When
from minilinalg.passes.tile_buffers import see_instead
from minilinalg.passes.tritongpu_pipeline.copied import Copied, sharing_barriers, uses_of


class Lowering:
    """Puts copies in the place of loads, in a loop with a schedule.

    The loop is replaced by one that also carries which buffers are next. `allocs` and `barriers` are the
    buffers and what says that tiles came, in front of it.
    """

    def __init__(self, schedule: Schedule, loads: list[Copied]):
        self.schedule = schedule
        self.loads = loads
        self.allocs: list[ttg.LocalAllocOp] = []
        self.barriers: list[ttg.LocalAllocOp] = []

    def run(self) -> scf.ForOp:
        groups: dict[int, list[Copied]] = {}
        for each in self.loads:
            groups.setdefault(each.buffers, []).append(each)
        for buffers, loads in groups.items():
            self.lower(buffers, loads)
        return self.schedule.loop

    def lower(self, buffers: int, loads: list[Copied]) -> None:
        """Loads with the same number of buffers, which take turns together."""
        schedule = self.schedule
        copies = [schedule.when[each.load] for each in loads]
        reads = [self.first_use(each.load) for each in loads]
        tiles = [each for each in loads if each.contiguity is None]
        phase: SSAValue | None = None
        if buffers == 1 and not tiles:
            zero = number(0, i32)
            insert_before(schedule.loop, zero)
            into = out = zero.result
        else:
            into, _ = self.counter(buffers, self.earliest(copies))
            out, turns = self.counter(buffers, self.earliest(reads))
            phase = self.phase(turns, self.earliest(reads)) if tiles else None
        for each, read in zip(loads, reads, strict=True):
            if each.contiguity is not None:
                self.replace(each, into, out, read)
        for group in sharing_barriers(schedule, tiles):
            assert phase is not None
            self.replace_tiles(group, into, out, phase)

    def earliest(self, whens: list[When]) -> When:
        stage = min(when.stage for when in whens)
        return When(stage, min((when.cluster for when in whens), key=self.schedule.place))

    def first_use(self, load: tt.LoadOp | tt.DescriptorLoadOp) -> When:
        uses = [self.schedule.when[user] for user in uses_of(self.schedule, load)]
        stage = min(when.stage for when in uses)
        clusters: list[Cluster] = [when.cluster for when in uses if when.stage == stage]
        return When(stage, min(clusters, key=self.schedule.place))

    def counter(self, buffers: int, when: When) -> tuple[SSAValue, SSAValue]:
        """The number of the next buffer, in turn, and whether it is the first again after the last."""
        one, zero, all_of_them = (number(n, i32) for n in (1, 0, buffers))
        insert_before(self.schedule.loop, one, zero, all_of_them)
        argument = self.carry(-1)
        following = arith.AddiOp(argument, one.result)
        over = arith.CmpiOp(following, all_of_them.result, "sge")
        turned = arith.SelectOp(over, zero.result, following)
        self.hand_on(turned.result, [following, over, turned], when)
        return turned.result, over.result

    def phase(self, turns: SSAValue, when: When) -> SSAValue:
        """The parity of the phase of the barriers that is waited for: another one whenever the buffers begin anew."""
        one = number(1, i32)
        insert_before(self.schedule.loop, one)
        argument = self.carry(0)
        other = arith.XOrIOp(argument, one.result)
        phase = arith.SelectOp(turns, other.result, argument)
        self.hand_on(phase.result, [other, phase], when, after=turns.owner)
        return phase.result

    def carry(self, start: int) -> SSAValue:
        """One more value that the loop carries, of which nothing is handed on yet."""
        first = number(start, i32)
        insert_before(self.schedule.loop, first)
        self.schedule.loop = carry_more(self.schedule.loop, [first.result])
        return self.schedule.loop.region_iter_args[-1]

    def hand_on(
        self, value: SSAValue, ops: list[Operation], when: When, after: Operation | Block | None = None
    ) -> None:
        """Hands `value` on to the next iteration, computed by `ops`: the first of the loop, or those behind `after`."""
        block = self.schedule.loop.body.block
        first, last = block.first_op, block.last_op
        assert first is not None and last is not None
        if isinstance(after, Operation):
            insert_after(after, *ops)
        else:
            block.insert_ops_before(ops, first)
        for op in ops:
            op.location = self.schedule.loop.location
            self.schedule.when[op] = when
        last.operands = [*last.operands, value]

    def replace(self, copied: Copied, into: SSAValue, out: SSAValue, read: When) -> None:
        """A copy, a wait, and a load from the buffer, in the place of a load."""
        schedule, load = self.schedule, copied.load
        assert isinstance(load, tt.LoadOp) and copied.contiguity is not None
        target, source = self.views(copied, into, out)
        copy = ttg.AsyncCopyGlobalToLocalOp(
            operands=[load.ptr, target.result, load.mask, load.other],
            properties={
                "contiguity": IntegerAttr(copied.contiguity, i32),
                **{key: load.properties[key] for key in ("cachePolicy", "isVolatile") if key in load.properties},
            },
            result_types=[ttg.AsyncTokenType()],
        )
        commit = ttg.AsyncCommitGroupOp(operands=[[copy.token]], result_types=[ttg.AsyncTokenType()])
        wait = ttg.AsyncWaitOp(
            operands=[[commit.async_token]],
            properties={"num": IntegerAttr(0, i32)},
            result_types=[ttg.AsyncTokenType()],
        )
        begin = schedule.when.pop(load)
        insert_before(load, target, copy, commit, wait, source)
        schedule.when.update(dict.fromkeys((target, copy, commit), begin))
        schedule.when.update(dict.fromkeys((wait, source), read))
        self.replace_uses(load, source.result, wait.ret_token, read, load)
        erase(load)

    def replace_tiles(self, group: list[Copied], into: SSAValue, out: SSAValue, phase: SSAValue) -> None:
        """Copies of tiles that one barrier is told of, a wait at it, and loads from the buffers, in place of loads."""
        schedule, last = self.schedule, group[-1].load
        types = [tensor_type(each.load.result) for each in group]
        begins, reads = [schedule.when[each.load] for each in group], [self.first_use(each.load) for each in group]
        for each in group:
            _views_behind(each.load.result, last)
        barriers = ttg.LocalAllocOp(tile_buffers.barrier_type(group[0].buffers))
        insert_before(schedule.loop, barriers)
        self.barriers.append(barriers)
        yes = tile_buffers.always()
        insert_before(schedule.loop, yes)
        when = yes.results[0]
        told, asked = (_view(barriers, number, tile_buffers.barrier_type()) for number in (into, out))
        expect = tile_buffers.expect(told.result, types, when)
        insert_before(group[0].load, told, expect)
        schedule.when.update(dict.fromkeys((told, expect), begins[0]))
        sources: list[SSAValue] = []
        for each, begin, read in zip(group, begins, reads, strict=True):
            assert isinstance(each.load, tt.DescriptorLoadOp)
            target, source = self.views(each, into, out)
            copy = tile_buffers.copy(each.load, target.result, told.result, when)
            insert_before(each.load, target, copy)
            schedule.when.update(dict.fromkeys((target, copy), begin))
            insert_before(last, source)
            schedule.when[source] = read
            sources.append(source.result)
        wait = tile_buffers.wait(asked.result, phase)
        insert_before(last, asked, wait)
        schedule.when.update(dict.fromkeys((asked, wait), self.earliest(reads)))
        for each, source, read in zip(group, sources, reads, strict=True):
            schedule.when.pop(each.load)
            self.replace_uses(each.load, source, None, read, last)
        for each in group:
            erase(each.load)

    def views(self, copied: Copied, into: SSAValue, out: SSAValue) -> tuple[ttg.MemDescIndexOp, ttg.MemDescIndexOp]:
        """New buffers for a load, in front of the loop; the one that it is copied to, and the one that is read."""
        type = tensor_type(copied.load.result)
        alloc = ttg.LocalAllocOp(tile_buffers.buffer_type(type, copied.layout, copied.buffers))
        insert_before(self.schedule.loop, alloc)
        alloc.result.name_hint = copied.load.result.name_hint
        self.allocs.append(alloc)
        view = tile_buffers.buffer_type(type, copied.layout)
        return _view(alloc, into, view), _view(alloc, out, view)

    def replace_uses(
        self,
        load: tt.LoadOp | tt.DescriptorLoadOp,
        view: SSAValue,
        token: SSAValue | None,
        read: When,
        at: Operation,
    ) -> None:
        """Users take what was loaded from the buffer: as it lies there, or in the layout to which they convert it.

        at: where it is loaded from the buffer for all others. A user within a branch or an inner loop has no place in
        the schedule of its own.
        """
        needs_other = isinstance(load, tt.LoadOp) and load.other is not None and not _is_zero(load.other)
        for user in [use.operation for use in load.result.uses]:
            if isinstance(user, ttg.LocalAllocOp) and not needs_other and _layout(user) == _layout(view):
                self.schedule.when.pop(user, None)
                see_instead(user.result, view)
                erase(user)
            elif isinstance(user, ttg.ConvertLayoutOp) and not needs_other:
                self.load(user, view, token, tensor_type(user.result), self.schedule.when.pop(user, None), user.result)
                erase(user)
        if load.result.first_use is not None:
            loaded = self.load(at, view, token, tensor_type(load.result), read, None)
            if needs_other:
                assert isinstance(load, tt.LoadOp) and load.mask is not None and load.other is not None
                chosen = arith.SelectOp(load.mask, loaded, load.other)
                insert_before(load, chosen)
                self.schedule.when[chosen] = read
                loaded = chosen.result
            load.result.replace_all_uses_with(loaded)

    def load(
        self,
        at: Operation,
        view: SSAValue,
        token: SSAValue | None,
        type: AnyTensor,
        when: When | None,
        old: SSAValue | None,
    ) -> SSAValue:
        loaded = ttg.LocalLoadOp(view, type, token)
        insert_before(at, loaded)
        if when is not None:
            self.schedule.when[loaded] = when
        if old is not None:
            old.replace_all_uses_with(loaded.result)
        return loaded.result

    def free(self) -> None:
        """Behind the loop: nothing is under way any more, and the buffers are free."""
        ends: list[Operation] = []
        if any(each.contiguity is not None for each in self.loads) or not self.loads:
            none = ttg.AsyncWaitOp(
                operands=[[]], properties={"num": IntegerAttr(0, i32)}, result_types=[ttg.AsyncTokenType()]
            )
            ends.append(none)
        for barriers in self.barriers:
            each = tile_buffers.barrier_type()
            numbers = [number(at, i32) for at in range(memdesc_type(barriers.result).get_shape()[0])]
            views = [_view(barriers, at.result, each) for at in numbers]
            inits = [tile_buffers.init(view.result) for view in views]
            insert_after(barriers, *(op for ops in zip(numbers, views, inits, strict=True) for op in ops))
            ends += [ttng.InvalBarrierOp(operands=[view.result]) for view in views]
        ends += [ttg.LocalDeallocOp(alloc.result) for alloc in reversed([*self.allocs, *self.barriers])]
        insert_after(self.schedule.loop, *ends)


def _view(buffers: ttg.LocalAllocOp, at: SSAValue, type: ttg.MemDescType) -> ttg.MemDescIndexOp:
    """One of several buffers."""
    return ttg.MemDescIndexOp(operands=[buffers.result, at], result_types=[type])


def _views_behind(loaded: SSAValue, at: Operation) -> Operation:
    """Moves what only sees `loaded`, in front of `at`, behind it; the last one that was moved, or `at`."""
    for user in [use.operation for use in loaded.uses]:
        sees = isinstance(user, ttg.LocalAllocOp | ViewOp) and user.parent is at.parent
        if sees and user.is_before_in_block(at):
            user.detach()
            insert_after(at, user)
            at = _views_behind(user.results[0], user)
    return at


def _is_zero(value: SSAValue) -> bool:
    """Whether all bits of a constant are zero: what a copy leaves where its mask is false."""
    found = constant_of(value)
    return found is not None and found == 0 and str(found) != "-0.0"


def _layout(of: Operation | SSAValue) -> Attribute:
    return memdesc_type(of.results[0] if isinstance(of, Operation) else of).layout
