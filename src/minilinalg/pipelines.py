"""The roads, as tables, and what runs them.

A road is the order of work, written down once: each row names the stage that the pass works towards, the pass, and why
it stands there. The last row of a stage ends it, and the stage's contract (stages.py) is checked there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation

from minilinalg.errors import CommandError, InputError, InternalError, MinilinalgError, Place, unknown_name
from minilinalg.passes import load_pass
from minilinalg.passes.base import MinilinalgPass


class Row(NamedTuple):
    """One pass of a road: the stage that it works towards, its options, and why it stands here."""

    stage: str
    pass_name: str
    why: str
    options: Mapping[str, Any] = {}

    @property
    def text(self) -> str:
        """The pass with its options, as a pipeline text names it."""
        if not self.options:
            return self.pass_name
        from minilinalg.passes.options import pass_text

        return pass_text(load_pass(self.pass_name)(**self.options))


SIMD_ROAD = (
    Row("tt", "lift-cf-to-scf", "an early return becomes a branch around what it skips, in what is called too"),
    Row("tt", "inline", "a program is one function: what it calls becomes part of it"),
    Row("tt", "triton-rewrite-tensor-descriptor-to-pointer", "descriptors become pointers and masks, as others are"),
    Row("tt", "triton-canonicalize", "constants and masks that say nothing are gone before anyone reads an address"),
    Row("tt", "triton-combine", "a sum moves into its dot, a choice into its load: less is left to compute"),
    Row("tt", "triton-reorder-broadcast", "what is the same along a dimension is computed once, then repeated"),
    Row("tt", "cse", "equal pointers and masks become one value, so that they are analysed once and compare equal"),
    Row("tt", "licm", "blocks that a loop computes the same way every time are computed once, in front of it"),
    Row("linalg", "triton-to-linalg", "pointers and masks become views and slices: what a block touches is in the IR"),
    Row("linalg", "canonicalize", "the index arithmetic of the views is folded as far as constants reach"),
    Row("linalg", "cse", "views with equal bounds become one"),
    Row("linalg", "linalg-specialize-generic-ops", "what was written as loops and is a product or a reduction says so"),
    Row("linalg", "linalg-fuse-elementwise", "a chain of elementwise ops becomes one: no tensor in between is stored"),
    Row("tiled", "linalg-tile-and-fuse", "what is larger than the on-chip memories is computed tile by tile"),
    Row("tiled", "scf-forall-to-cores", "the grid is dealt out to the cores that the target has"),
    Row("tiled", "linalg-decompose-aggregated-ops", "what no instruction computes becomes steps that are instructions"),
    Row("memref", "one-shot-bufferize", "every tensor gets a buffer, or the buffer of a value that is dead"),
    Row("promoted", "memref-promote", "blocks live in on-chip memory; off-chip memory is only copied from and to"),
    Row("promoted", "linalg-decompose-elementwise", "one instruction computes one operation: the chains come apart"),
    Row("promoted", "memref-plan", "with the buffers known, each gets its address, and the capacity is checked"),
    Row("simd", "linalg-to-simd", "every operation on buffers becomes instructions of the machine"),
    Row("simd", "simd-fuse-multiply-add", "a product that one sum adds is part of it: an instruction and a block less"),
    Row("simd", "simd-insert-sync", "the pipes of a core run side by side, ordered by as few tokens as keep it right"),
)

SIMT_ROAD = (
    Row("tt", "lift-cf-to-scf", "an early return becomes a branch around what it skips, in what is called too"),
    Row("tt", "inline", "a program is one function: what it calls becomes part of it"),
    Row("tt", "triton-rewrite-tensor-descriptor-to-pointer", "what the target copies no tiles by becomes pointers"),
    Row("tt", "triton-canonicalize", "constants and masks that say nothing are gone before layouts are chosen"),
    Row("tt", "triton-combine", "a sum moves into its dot, a choice into its load: less is left to compute"),
    Row("tt", "triton-reorder-broadcast", "what is the same along a dimension is computed once, then repeated"),
    Row("tt", "cse", "equal pointers and masks become one value, which gets one layout"),
    Row("tt", "licm", "blocks that a loop computes the same way every time are computed once, in front of it"),
    Row("ttg", "convert-triton-to-tritongpu", "every tensor gets a layout over the threads, the same for its shape"),
    Row("ttg", "lift-cf-to-scf", "a kernel that comes with its layouts may return early, too"),
    Row("ttg", "inline", "and call"),
    Row("ttg", "tritongpu-coalesce", "accesses to global memory get the layouts in which they touch the least"),
    Row("ttg", "tritongpu-F32DotTC", "a dot of f32 that wants it becomes three that tensor cores compute"),
    Row("ttg", "tritongpu-remove-layout-conversions", "what is computed takes the layouts that it comes in"),
    Row("ttg", "tritongpu-optimize-thread-locality", "sums over loops are exchanged between threads once, behind them"),
    Row("ttg", "tritongpu-accelerate-matmul", "products of matrices go to tensor cores, laid out for them"),
    Row("ttg", "tritongpu-remove-layout-conversions", "what goes into dots and comes out takes their layouts"),
    Row("ttg", "tritongpu-optimize-dot-operands", "a transposed operand is stored as it comes, and seen transposed"),
    Row("ttg", "triton-nvidia-optimize-descriptor-encoding", "tiles are copied to where their products read them"),
    Row("ttg", "loop-aware-cse", "pointers that became equal are one, in loops too"),
    Row("ttg", "tritongpu-fuse-nested-loops", "loads of the next tile begin while this one is computed"),
    Row("ttg", "licm", "what became the same in every turn, a change of layout too, is computed in front of the loop"),
    Row("ttg", "tritongpu-combine-tensor-select-and-if", "a choice joins the branch on the same condition"),
    Row("ttg", "tritongpu-assign-latencies", "which loads begin iterations before their values are used"),
    Row("ttg", "tritongpu-schedule-loops", "what each operation of a loop has to come before, by stages"),
    Row("ttg", "tritongpu-pipeline", "loads of the next iterations go on while this one computes"),
    Row("ttg", "canonicalize", "what the iterations in front of a loop know of their numbers is folded"),
    Row("ttg", "loop-aware-cse", "what several stages compute alike is computed once"),
    Row("ttg", "tritongpu-prefetch", "operands come from shared memory part by part while others are multiplied"),
    Row("ttg", "tritongpu-coalesce-async-copy", "threads side by side copy what is side by side, one copy each"),
    Row("ttg", "triton-nvidia-tma-lowering", "tiles that no loop copies early are copied where they are used"),
    Row("ttg", "tritongpu-remove-layout-conversions", "copies take what they need in the layouts that it is made in"),
    Row("ttg", "tritongpu-reduce-data-duplication", "operands of dots are written to shared memory once"),
    Row("ttg", "tritongpu-reorder-instructions", "values are made where they are needed: fewer registers"),
    Row("ttg", "triton-nvidia-gpu-fence-insertion", "warp groups multiply what was written, not what was there"),
    Row("simt", "allocate-shared-memory", "buffers and changes of layout get their places in a block's shared memory"),
    Row("simt", "membar", "threads wait for one another where they meet in shared memory"),
    Row("simt", "tritongpu-global-scratch-memory-allocation", "descriptors get their places in what a launch lends"),
    Row("simt", "tritongpu-to-simt", "every operation on tensors becomes what one thread does with its registers"),
    Row("simt", "cse", "addresses of neighbouring loads have most of their sums in common"),
)

ROADS: Mapping[str, tuple[Row, ...]] = {"simd": SIMD_ROAD, "simt": SIMT_ROAD}
NO_OPTIONS: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Step:
    """A pass of a pipeline, ready to run.

    `anchor` are the names of the operations below the module that it is restricted to, outermost first. `ends` is the
    stage whose contract must hold after it.
    """

    run: MinilinalgPass
    anchor: tuple[str, ...] = ()
    ends: str | None = None


class Instrumentation:
    """What may look on while a pipeline runs. It must not change the module."""

    def before_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        """Called before `step` runs on `module`."""

    def after_pass(self, step: MinilinalgPass, module: ModuleOp) -> None:
        """Called after `step` ran without an error, before anything is verified."""

    def after_stage(self, stage: str, module: ModuleOp) -> None:
        """Called when the contract of `stage` was checked and holds."""


class PassFailure(InternalError):
    """A pass raised an exception or left a module that does not verify: a defect of the pass, not of the input.

    `index` is the place of the step in its pipeline. The exception itself is the cause.
    """

    def __init__(self, step: Step, index: int, what: str, *, rule: str | None = None, places: Sequence[Place] = ()):
        super().__init__(f"internal error in pass '{step.run.name}': {what}", rule=rule, places=places)
        self.step = step
        self.index = index


def road_rows(road: str) -> tuple[Row, ...]:
    """The table of a road. Raises CommandError for a road that does not exist."""
    if road not in ROADS:
        raise unknown_name("road", road, ROADS)
    return ROADS[road]


def road_stages(road: str) -> tuple[str, ...]:
    """The stages of a road, in their order."""
    return tuple(dict.fromkeys(row.stage for row in road_rows(road)))


def road_steps(
    road: str, *, start: str | None = None, to: str | None = None, options: Mapping[str, Any] = NO_OPTIONS
) -> tuple[Step, ...]:
    """The passes of a road, from those of stage `start` up to and with those of stage `to`.

    `options` hold for the road as a whole: each goes to every pass that has a field of its name. Raises CommandError
    for a road or stage that does not exist, and for an option that no pass of the road has.
    """
    rows, stages = road_rows(road), road_stages(road)
    check_options(road, options)
    for stage in (start, to):
        if stage is not None and stage not in stages:
            raise unknown_name(f"stage of road {road}", stage, stages)
    first = stages.index(start) if start else 0
    last = stages.index(to) if to else len(stages) - 1
    kept = [row for row in rows if first <= stages.index(row.stage) <= last]
    return tuple(
        Step(
            load_pass(row.pass_name)(**{**row.options, **_given_to(row, options)}),
            ends=row.stage if i + 1 == len(kept) or kept[i + 1].stage != row.stage else None,
        )
        for i, row in enumerate(kept)
    )


def check_options(road: str, options: Mapping[str, Any]) -> None:
    """Raises CommandError for an option that no pass of the road has, and for one that is no number from 1 on."""
    for name, value in options.items():
        if type(value) is not int:
            raise CommandError(f"{name} is {value!r}", rule=f"{name} is an integer")
        if value < 1:
            raise CommandError(f"{name} is {value}", rule=f"{name} is at least 1")
        if not any(_given_to(row, {name: value}) for row in road_rows(road)):
            roads = [other for other, rows in ROADS.items() if any(_given_to(row, {name: value}) for row in rows)]
            raise CommandError(
                f"{name} is {value}",
                rule=f"no pass of road {road} has an option of that name",
                hint=f"road '{roads[0]}' has" if roads else None,
            )


def _given_to(row: Row, options: Mapping[str, Any]) -> dict[str, Any]:
    """What of a road's options is an option of a pass."""
    if not options:
        return {}
    names = {field.name for field in fields(load_pass(row.pass_name))}
    return {name: value for name, value in options.items() if name in names}


def steps_for(
    module: ModuleOp, road: str, *, to: str | None = None, options: Mapping[str, Any] = NO_OPTIONS
) -> tuple[Step, ...]:
    """The passes of a road for `module`, which is taken up at the first stage whose contract it keeps.

    The rows of that stage run too: linalg that somebody wrote was not fused yet. () for a module beyond `to`.
    `options`: as `road_steps`. Raises CommandError for one that only passes before that stage have.
    """
    from minilinalg.stages import stage_of

    stages = road_stages(road)
    at = stage_of(module)
    start = at if at in stages else stages[0]
    _expect_passes_ahead(road, start, options)
    if to in stages and stages.index(start) > stages.index(to):
        return ()
    return road_steps(road, start=start, to=to, options=options)


def _expect_passes_ahead(road: str, start: str, options: Mapping[str, Any]) -> None:
    """Raises CommandError for an option that no pass from stage `start` on has: it would change nothing."""
    stages = road_stages(road)
    for name, value in options.items():
        having = [row for row in road_rows(road) if _given_to(row, {name: value})]
        if having and all(stages.index(row.stage) < stages.index(start) for row in having):
            raise CommandError(
                f"{name} is {value}, and the module is at stage '{start}' already",
                rule=f"{name} is an option of '{having[0].pass_name}', which works towards stage '{having[0].stage}'",
                hint="the kernel at an earlier stage",
            )


def run_pipeline(
    ctx: Context,
    module: ModuleOp,
    pipeline: Iterable[Step],
    *,
    instrumentation: Sequence[Instrumentation] = (),
    verify_each: bool = False,
) -> None:
    """Runs the steps in place, in their order.

    The module is verified at the end, where a stage ends, and with `verify_each` after every step. Raises PassFailure
    for a defect of a pass, and passes on what a pass raises about its input.
    """
    steps = tuple(pipeline)
    for index, step in enumerate(steps):
        for look in instrumentation:
            look.before_pass(step.run, module)
        try:
            _apply(ctx, module, step.run, step.anchor)
        except InternalError as error:
            d = error.diagnostic
            raise PassFailure(step, index, d.found, rule=d.rule, places=d.places) from error
        except MinilinalgError:
            raise
        except Exception as error:
            raise PassFailure(step, index, _describe(error)) from error
        for look in instrumentation:
            look.after_pass(step.run, module)
        if verify_each or step.ends or index + 1 == len(steps):
            _verify(module, step, index)
        if step.ends:
            from minilinalg.stages import check_stage

            check_stage(module, step.ends, step.run.name)
            for look in instrumentation:
                look.after_stage(step.ends, module)


def unfit_input(run: MinilinalgPass, module: ModuleOp) -> InputError | None:
    """What is wrong with a module that no road brings to a pass, or None where a road does.

    A pass gets the stage before its own, or its own where others of that stage ran before. One that stands at several
    stages takes any module.
    """
    from minilinalg.locations import places_of
    from minilinalg.stages import STAGES

    for road, rows in ROADS.items():
        own, *more = {row.stage for row in rows if row.pass_name == run.name} or {""}
        if more or not own:
            continue
        stages = road_stages(road)
        before = stages[max(stages.index(own) - 1, 0)]
        violation = STAGES[before].violation(module)
        if violation is None or STAGES[own].violation(module) is None:
            continue
        op, found, rule = violation
        return InputError(
            f"pass '{run.name}' does not know this module: {found}",
            rule=rule,
            hint=f"road {road} has the pass at stage '{own}': it takes what is at stage '{before}'",
            places=places_of(op),
        )
    return None


def pipeline_text(steps: Iterable[Step]) -> str:
    """The pipeline as text that `-p` reads back to the same steps."""
    from minilinalg.passes.options import pass_text

    nested = _Anchor("builtin.module")
    for step in steps:
        nested.add(step.anchor, pass_text(step.run))
    return nested.body() if all(isinstance(part, str) for part in nested.parts) else str(nested)


@dataclass
class _Anchor:
    """An anchor of a pipeline's text with what stands inside its parentheses."""

    name: str
    parts: list[str | _Anchor] = field(default_factory=list["str | _Anchor"])

    def add(self, anchor: tuple[str, ...], text: str) -> None:
        if not anchor:
            self.parts.append(text)
            return
        last = self.parts[-1] if self.parts else None
        if not isinstance(last, _Anchor) or last.name != anchor[0]:
            last = _Anchor(anchor[0])
            self.parts.append(last)
        last.add(anchor[1:], text)

    def body(self) -> str:
        return ",".join(str(part) for part in self.parts)

    def __str__(self) -> str:
        return f"{self.name}({self.body()})"


def _apply(ctx: Context, module: ModuleOp, run: MinilinalgPass, anchor: tuple[str, ...]) -> None:
    if not anchor:
        run.apply(ctx, module)
        return
    for op in [op for op in module.ops if op.name == anchor[0]]:
        if isinstance(op, ModuleOp):
            _apply(ctx, op, run, anchor[1:])
        else:
            _apply_alone(ctx, module, op, run)


def _apply_alone(ctx: Context, module: ModuleOp, op: Operation, run: MinilinalgPass) -> None:
    """Runs a pass on a module in which `op` is alone; what the pass leaves there takes the place of `op`."""
    block, follower = module.body.block, op.next_op
    op.detach()
    alone = ModuleOp([op], module.attributes)
    alone.location = module.location
    run.apply(ctx, alone)
    for left in list(alone.ops):
        left.detach()
        if follower is None:
            block.add_op(left)
        else:
            block.insert_op_before(left, follower)


def _verify(module: ModuleOp, step: Step, index: int) -> None:
    from minilinalg.verification import verify

    try:
        verify(module)
    except MinilinalgError as error:
        d = error.diagnostic
        failure = PassFailure(step, index, f"what it left does not verify: {d.found}", rule=d.rule, places=d.places)
        raise failure from error


def _describe(error: Exception) -> str:
    """One line: the exception, and what the driver noted about where it happened."""
    text = (str(error).strip().splitlines() or [""])[0]
    # xDSL adds the whole module as a note; ours are short and say what was going on.
    notes = "".join(f", {note}" for note in getattr(error, "__notes__", ()) if note.startswith("while "))
    return f"{type(error).__name__}{': ' if text else ''}{text}{notes}"
