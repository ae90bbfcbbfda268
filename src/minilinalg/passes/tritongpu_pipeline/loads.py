"""Loads that begin early become asynchronous copies into shared memory, with a buffer for each that is under way.

Source: LowerLoops.cpp of Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdsl.dialects.builtin import IntegerAttr, i32
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.rewriter import Rewriter

from minilinalg.analysis.axis_info import AxisInfoAnalysis
from minilinalg.analysis.constants import constant_of
from minilinalg.dialects import tt, ttg, ttng
from minilinalg.dialects.tt.types import AnyTensor, tensor_type
from minilinalg.dialects.ttg.struct_attribute import numbers
from minilinalg.dialects.ttg.types import memdesc_type
from minilinalg.dialects.ttg.views import ViewOp
from minilinalg.dialects.upstream import arith, scf
from minilinalg.passes.async_load import bytes_at_once, element_bits
from minilinalg.passes.insertion import erase, insert_after, insert_before
from minilinalg.passes.loop_expansion import number
from minilinalg.passes.loop_schedule import Cluster, Schedule, When, users_in
from minilinalg.passes.shared_operand import DifferentLayouts, alloc_layouts, for_users, plain


@dataclass
class Copied:
    """A load that becomes a copy: the layout in shared memory, the number of buffers, how many elements at once."""

    load: tt.LoadOp
    layout: ttg.SharedLayoutAttribute
    buffers: int
    contiguity: int


def copied_loads(
    schedule: Schedule, axes: AxisInfoAnalysis, declined: Callable[[Operation, str], None]
) -> list[Copied]:
    """The loads of a loop that begin in an earlier stage than they are used in, and that copies can replace."""
    found: list[Copied] = []
    for load in schedule.order():
        if not isinstance(load, tt.LoadOp):
            continue
        stages = [schedule.when[user].stage for user in _uses(schedule, load)]
        early = max(stages, default=0) - schedule.when[load].stage
        if early < 1:
            continue
        layout = layout_for(load)
        bytes = bytes_at_once(load, axes, layout)
        if layout is None or bytes < 4:
            if early > 1:
                declined(load, "waits in registers: less than four bytes can be copied at once")
            continue
        # What is used after the copy began, or goes on being read by a product that nobody waited for yet.
        place = {op: position for position, op in enumerate(schedule.order())}
        late = any(place[user] > place[load] for user in _uses(schedule, load) if user in place)
        found.append(
            Copied(
                load, layout, early + (1 if late or _feeds_warp_groups(load) else 0), bytes * 8 // element_bits(load)
            )
        )
    return sorted(found, key=lambda each: list(schedule.loop.body.block.ops).index(each.load))


def layout_for(load: tt.LoadOp) -> ttg.SharedLayoutAttribute | None:
    """The layout in shared memory for what is loaded; None when its users want different ones."""
    if allocs := alloc_layouts(load.result):
        return allocs[0]
    try:
        return for_users(load.result) or plain(tensor_type(load.result))
    except DifferentLayouts:
        return None


def _uses(schedule: Schedule, op: Operation) -> list[Operation]:
    """What uses an operation, where a buffer that only holds what was loaded counts as what uses the buffer."""
    found: list[Operation] = []
    for user in users_in(schedule.loop, op):
        if isinstance(user, ttg.LocalAllocOp | ViewOp):
            found += _uses(schedule, user)
        else:
            found.append(user)
    return found


def _feeds_warp_groups(load: tt.LoadOp) -> bool:
    todo: list[Operation] = [use.operation for use in load.result.uses]
    while todo:
        op = todo.pop()
        if isinstance(op, ttng.WarpGroupDotOp):
            return True
        if isinstance(op, ttg.LocalAllocOp | ViewOp):
            todo += [use.operation for use in op.results[0].uses]
    return False


class Lowering:
    """Puts copies in the place of loads, in a loop with a schedule.

    The loop is replaced by one that also carries which buffers are next. `allocs` are the buffers, in front of it.
    """

    def __init__(self, schedule: Schedule, loads: list[Copied]):
        self.schedule = schedule
        self.loads = loads
        self.allocs: list[ttg.LocalAllocOp] = []

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
        if buffers == 1:
            zero = number(0, i32)
            insert_before(schedule.loop, zero)
            into = out = zero.result
        else:
            into = self.counter(buffers, self.earliest(copies))
            out = self.counter(buffers, self.earliest(reads))
        for each, read in zip(loads, reads, strict=True):
            self.replace(each, into, out, read)

    def earliest(self, whens: list[When]) -> When:
        stage = min(when.stage for when in whens)
        return When(stage, min((when.cluster for when in whens), key=self.schedule.place))

    def first_use(self, load: tt.LoadOp) -> When:
        uses = [self.schedule.when[user] for user in _uses(self.schedule, load)]
        stage = min(when.stage for when in uses)
        clusters: list[Cluster] = [when.cluster for when in uses if when.stage == stage]
        return When(stage, min(clusters, key=self.schedule.place))

    def counter(self, buffers: int, when: When) -> SSAValue:
        """The number of the next buffer, in turn, as one more value that the loop carries."""
        schedule, loop = self.schedule, self.schedule.loop
        start = number(-1, i32)
        insert_before(loop, start)
        block = loop.body.block
        argument = block.insert_arg(i32, len(block.args))
        one, zero, all_of_them = (number(n, i32) for n in (1, 0, buffers))
        insert_before(loop, one, zero, all_of_them)
        following = arith.AddiOp(argument, one.result)
        over = arith.CmpiOp(following, all_of_them.result, "sge")
        turned = arith.SelectOp(over, zero.result, following)
        first = block.first_op
        assert first is not None
        block.insert_ops_before([following, over, turned], first)
        for op in (following, over, turned):
            op.location = loop.location
            schedule.when[op] = when
        last = block.last_op
        assert last is not None
        last.operands = [*last.operands, turned.result]
        self.carry(start.result)
        return turned.result

    def carry(self, start: SSAValue) -> None:
        """The loop with one more value that it carries."""
        old = self.schedule.loop
        region = old.detach_region(old.body)
        new = scf.ForOp(old.lb, old.ub, old.step, [*old.iter_args, start], region)
        new.attributes.update(old.attributes)
        insert_before(old, new)
        for result, replacement in zip(old.results, new.results, strict=False):
            replacement.name_hint = result.name_hint
            result.replace_all_uses_with(replacement)
        old.detach()
        old.erase()
        self.schedule.loop = new

    def replace(self, copied: Copied, into: SSAValue, out: SSAValue, read: When) -> None:
        """A copy, a wait, and a load from the buffer, in the place of a load."""
        schedule, load = self.schedule, copied.load
        type = tensor_type(load.result)
        alloc = ttg.LocalAllocOp(
            ttg.MemDescType((copied.buffers, *type.get_shape()), type.element_type, copied.layout, mutable=True)
        )
        insert_before(schedule.loop, alloc)
        alloc.result.name_hint = load.result.name_hint
        self.allocs.append(alloc)
        view_type = ttg.MemDescType(type.get_shape(), type.element_type, copied.layout, mutable=True)
        target = ttg.MemDescIndexOp(operands=[alloc.result, into], result_types=[view_type])
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
        source = ttg.MemDescIndexOp(operands=[alloc.result, out], result_types=[view_type])
        begin = schedule.when.pop(load)
        insert_before(load, target, copy, commit, wait, source)
        schedule.when.update(dict.fromkeys((target, copy, commit), begin))
        schedule.when.update(dict.fromkeys((wait, source), read))
        self.replace_uses(load, source.result, wait.ret_token, read)
        erase(load)

    def replace_uses(self, load: tt.LoadOp, view: SSAValue, token: SSAValue, read: When) -> None:
        """Users take what was loaded from the buffer: as it lies there, or in the layout to which they convert it."""
        needs_other = load.other is not None and not _is_zero(load.other)
        for user in [use.operation for use in load.result.uses]:
            if isinstance(user, ttg.LocalAllocOp) and not needs_other and _layout(user) == _layout(view):
                self.schedule.when.pop(user)
                _see(user.result, view)
                erase(user)
            elif isinstance(user, ttg.ConvertLayoutOp) and not needs_other:
                self.load(user, view, token, tensor_type(user.result), self.schedule.when.pop(user), user.result)
                erase(user)
        if load.result.first_use is not None:
            loaded = self.load(load, view, token, tensor_type(load.result), read, None)
            if needs_other:
                assert load.mask is not None and load.other is not None
                chosen = arith.SelectOp(load.mask, loaded, load.other)
                insert_before(load, chosen)
                self.schedule.when[chosen] = read
                loaded = chosen.result
            load.result.replace_all_uses_with(loaded)

    def load(
        self, at: Operation, view: SSAValue, token: SSAValue, type: AnyTensor, when: When, old: SSAValue | None
    ) -> SSAValue:
        loaded = ttg.LocalLoadOp(view, type, token)
        insert_before(at, loaded)
        self.schedule.when[loaded] = when
        if old is not None:
            old.replace_all_uses_with(loaded.result)
        return loaded.result

    def free(self) -> None:
        """Behind the loop: nothing is under way any more, and the buffers are free."""
        ends: list[Operation] = [ttg.LocalDeallocOp(alloc.result) for alloc in reversed(self.allocs)]
        none = ttg.AsyncWaitOp(
            operands=[[]], properties={"num": IntegerAttr(0, i32)}, result_types=[ttg.AsyncTokenType()]
        )
        insert_after(self.schedule.loop, none, *ends)


def _is_zero(value: SSAValue) -> bool:
    """Whether all bits of a constant are zero: what a copy leaves where its mask is false."""
    found = constant_of(value)
    return found is not None and found == 0 and str(found) != "-0.0"


def _layout(of: Operation | SSAValue) -> Attribute:
    return memdesc_type(of.results[0] if isinstance(of, Operation) else of).layout


def _see(old: SSAValue, new: SSAValue) -> None:
    """`new`, which may be written, takes the place of `old`, and views of it may be written too."""
    if old is not new:
        old.replace_all_uses_with(new)
    for use in list(new.uses):
        view = use.operation
        if isinstance(view, ViewOp) and not memdesc_type(view.result).is_mutable:
            type = memdesc_type(view.result)
            whole = numbers(type.alloc_shape)
            changed = ttg.MemDescType(type.get_shape(), type.element_type, type.layout, mutable=True, alloc_shape=whole)
            result = Rewriter.replace_value_with_new_type(view.result, changed)
            _see(result, result)
