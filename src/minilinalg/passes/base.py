"""What every pass of minilinalg is made from: its declared numerics, its target, its remarks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from minilinalg.errors import CommandError, Remark

if TYPE_CHECKING:
    from minilinalg.targets import Machine, SimtTarget, Target

Numerics = Literal["exact", "reassociates", "contracts", "approximates"]


class Careful(NamedTuple):
    """What keeps the promises of a pass with no art at all, so that it is right where the pass is not.

    apply: as the pass's own; it decides nothing that the pass decides. what: words for what it does.
    """

    apply: Callable[[Context, ModuleOp], None]
    what: str


@dataclass(frozen=True)
class MinilinalgPass(ModulePass):
    """A pass over a module. Its fields are its options: `tile_sizes: tuple[int, ...]` is `tile-sizes=1,2` in a text.

    `numerics` says what the pass may do to an answer. Checking by running holds it to that: `exact` answers agree
    bitwise (any NaN equals any NaN), `reassociates` may change the order of a sum, `contracts` may fuse a product
    into a sum, `approximates` may replace a function by one of a documented error.

    `careful` is for a pass whose mistakes show only behind a later one, as places and an order for threads do where
    tensors are still whole. Where an answer goes wrong there, the check puts it in the place of the pass: if that mends
    the answer, the pass is at fault and not the later one.
    """

    numerics: ClassVar[Numerics] = "exact"
    careful: ClassVar[Careful | None] = None

    @abstractmethod
    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Rewrites the module in place. `ctx` is a `minilinalg.context.MLContext`, unless `xdsl-opt` is running."""


def summary(cls: type[ModulePass]) -> str:
    """The first sentence of the pass's docstring: what `--list-passes` shows."""
    return next((line.strip() for line in (cls.__doc__ or "").splitlines() if line.strip()), "")


def require_target(ctx: Context, who: ModulePass, what: str = "the sizes of its memories") -> Target:
    """The SIMD machine that is compiled for. Raises CommandError when none was given, or one of another kind.

    `what` is the figure asked for.
    """
    from minilinalg.targets import Target

    target = _target(ctx, who, what)
    if not isinstance(target, Target):
        raise _other_kind(who, target, "simd")
    return target


def require_simt_target(ctx: Context, who: ModulePass, what: str) -> SimtTarget:
    """As `require_target`, for a SIMT machine."""
    from minilinalg.targets import SimtTarget

    target = _target(ctx, who, what)
    if not isinstance(target, SimtTarget):
        raise _other_kind(who, target, "simt")
    return target


def _other_kind(who: ModulePass, target: Machine, kind: str) -> CommandError:
    return CommandError(
        f"pass '{who.name}' compiles for a {kind} machine, and target '{target.name}' is a {target.kind} machine",
        rule="a road leads to the machines of its kind",
        hint="'minilinalg targets' lists the machines that come along",
    )


def _target(ctx: Context, who: ModulePass, what: str) -> Machine:
    target: Machine | None = getattr(ctx, "target", None)
    if target is None:
        raise CommandError(
            f"pass '{who.name}' asks the target for {what}, and no target is given",
            rule="a pass that depends on a machine needs --target NAME, or a path of a target file",
            hint="'minilinalg targets' lists the machines that come along",
        )
    return target


def remark(ctx: Context, who: ModulePass, at: Operation | SSAValue, text: str) -> None:
    """Records why `who` did or did not do something `at` an operation, once; `--remarks` shows it."""
    remarks: list[Remark] | None = getattr(ctx, "remarks", None)
    if remarks is None:
        return
    from minilinalg.locations import places_of

    new = Remark(who.name, text, tuple(places_of(at)))
    # A greedy driver visits an operation again whenever a neighbour changes: the same refusal is one remark.
    if new not in remarks:
        remarks.append(new)
