"""Checking the rules of a module, with the place of the operation that breaks one.

Beside the rules that operations state themselves, a value must be defined before it is used: xDSL's verifier does not
look at that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, ErasedSSAValue, Operation, Region, SSAValue
from xdsl.irdl.dominance import DominanceInfo
from xdsl.traits import IsolatedFromAbove, NoTerminator
from xdsl.utils.exceptions import VerifyException

from minilinalg.errors import InputError
from minilinalg.locations import places_of


def verify(op: Operation, sources: Mapping[str, str] | None = None) -> None:
    """Check `op` and everything inside of it.

    Raises InputError at the first operation that breaks a rule, inner ones first. Its places are the operation's; files
    in `sources` (file name -> text) are shown with the line.
    """
    _Verifier(sources or {}).verify(op)


class _Verifier:
    """One walk; `visible` holds the values that may be used where the walk stands."""

    def __init__(self, sources: Mapping[str, str]):
        self.sources = sources
        self.visible: set[SSAValue] = set()

    def verify(self, op: Operation) -> None:
        isolated = op.has_trait(IsolatedFromAbove, value_if_unregistered=False)
        if isolated:
            outside, self.visible = self.visible, set()
        for region in op.regions:
            self._region(op, region)
        if isolated:
            self.visible = outside  # pyright: ignore[reportPossiblyUnboundVariable]
        try:
            op.verify(verify_nested_ops=False)
        except VerifyException as broken:
            self._fail(op, str(broken))

    def _fail(self, op: Operation, found: str, rule: str | None = None) -> None:
        found = re.sub(r"(?m) at positions? [\d to]+ does not verify:\s*", ": ", found.strip())
        if op.name not in found:
            found = f"'{op.name}': {found}"
        raise InputError(found, rule=rule, places=places_of(op, self.sources)) from None

    def _region(self, parent: Operation, region: Region) -> None:
        blocks = list(region.blocks)
        dominance = DominanceInfo(region) if len(blocks) > 1 else None
        ordered = not isinstance(parent, ModuleOp)
        for block in blocks:
            seen: list[SSAValue] = list(block.args)
            if dominance is not None:
                for other in blocks:
                    if dominance.strictly_dominates(other, block):
                        seen += _defined_in(other)
            self.visible.update(seen)
            # A block that no path reaches may use anything: it is never run.
            reachable = dominance is None or block is blocks[0] or dominance.dominates(blocks[0], block)
            for op in block.ops:
                if ordered and reachable:
                    self._operands(op)
                self.verify(op)
                self.visible.update(op.results)
                seen += op.results
            self.visible.difference_update(seen)
            if block.first_op is None and len(blocks) == 1 and not parent.has_trait(NoTerminator):
                self._fail(parent, "has an empty block", "a block ends with a terminator")

    def _operands(self, op: Operation) -> None:
        for index, operand in enumerate(op.operands):
            if operand in self.visible:
                continue
            name = f" (%{operand.name_hint})" if operand.name_hint else ""
            if isinstance(operand, ErasedSSAValue):
                self._fail(op, f"'{op.name}' uses a value that was erased{name}, as operand {index}")
            self._fail(
                op,
                f"'{op.name}' uses a value before it is defined, as operand {index}{name}",
                "the definition of a value comes before its uses, on every path to them",
            )


def _defined_in(block: Block) -> list[SSAValue]:
    return [*block.args, *(result for op in block.ops for result in op.results)]
