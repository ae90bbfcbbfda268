"""Checking the rules of a module, with the place of the operation that breaks one.

Beside the rules that operations state themselves, a value must be defined before it is used: xDSL's verifier does not
look at that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Block, ErasedSSAValue, Operation, Region, SSAValue
from xdsl.irdl.dominance import DominanceInfo
from xdsl.parser.core import ForwardDeclaredValue
from xdsl.traits import IsolatedFromAbove, NoTerminator, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException

from minilinalg.broken_rules import explain
from minilinalg.errors import InputError
from minilinalg.kinds import rules_of, verify_alone
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
        rules = rules_of(type(op))
        if rules.isolated:
            outside, self.visible = self.visible, set()
        for region in op.regions:
            self._region(op, region)
        if rules.has_symbols:
            self._symbols(op)
        if rules.isolated:
            self.visible = outside  # pyright: ignore[reportPossiblyUnboundVariable]
        try:
            verify_alone(op)
        except VerifyException as broken:
            self._fail(op, *explain(op, str(broken)))

    def _fail(self, op: Operation, found: str, rule: str | None = None, hint: str | None = None) -> NoReturn:
        # xDSL prints memory spaces with their type, which nobody writes.
        found = re.sub(r"(memref<[^<>]*(?:<[^<>]*>[^<>]*)*, \d+) : i64>", r"\1>", found)
        raise InputError(found, rule=rule, hint=hint, places=places_of(op, self.sources)) from None

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
                else:
                    self._walls(op)
                self.verify(op)
                self.visible.update(op.results)
                seen += op.results
            self.visible.difference_update(seen)
            if block.first_op is None and not parent.has_trait(NoTerminator):
                self._fail(parent, f"'{parent.name}' has an empty block", "a block ends with a terminator")

    def _symbols(self, table: Operation) -> None:
        """A name that two operations of a symbol table have is reported at the second."""
        names: set[str] = set()
        for op in table.regions[0].ops:
            symbol = op.get_trait(SymbolOpInterface)
            name = None if symbol is None else symbol.get_sym_attr_name(op)
            if name is None:
                continue
            if name.data in names:
                self._fail(op, f"@{name.data} is defined twice", "a name stands for one symbol of a module")
            names.add(name.data)

    def _operands(self, op: Operation) -> None:
        for index, operand in enumerate(op.operands):
            if operand in self.visible:
                continue
            name = f" (%{operand.name_hint})" if operand.name_hint else ""
            if isinstance(operand, ErasedSSAValue):
                self._fail(op, f"'{op.name}' uses a value that was erased{name}, as operand {index}")
            if isinstance(operand, ForwardDeclaredValue):
                self._fail(
                    op,
                    f"'{op.name}' uses a value that is not defined, as operand {index}{name}",
                    "an operation uses no value that it defines itself",
                )
            self._walls(op)
            self._fail(
                op,
                f"'{op.name}' uses a value before it is defined, as operand {index}{name}",
                "the definition of a value comes before its uses, on every path to them",
            )

    def _walls(self, op: Operation) -> None:
        for index, operand in enumerate(op.operands):
            if (wall := _wall(op, operand)) is not None:
                name = f" (%{operand.name_hint})" if operand.name_hint else ""
                self._fail(
                    op,
                    f"'{op.name}' uses a value from outside of '{wall.name}', as operand {index}{name}",
                    f"what is inside of '{wall.name}' uses no values from outside",
                )


def _defined_in(block: Block) -> list[SSAValue]:
    return [*block.args, *(result for op in block.ops for result in op.results)]


def _wall(op: Operation, operand: SSAValue) -> Operation | None:
    """The operation around `op` that lets no values in and has `operand` outside."""
    home = operand.owner if isinstance(operand.owner, Block) else operand.owner.parent
    parent = op.parent_op()
    while parent is not None and home is not None:
        if parent.has_trait(IsolatedFromAbove, value_if_unregistered=False) and not parent.is_ancestor(home):
            return parent
        parent = parent.parent_op()
    return None
