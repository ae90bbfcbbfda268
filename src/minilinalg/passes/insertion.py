"""Putting operations in front of or behind another one, with its location."""

from __future__ import annotations

from typing import cast

from xdsl.ir import Block, Operation, SSAValue

from minilinalg.locations import carry


def insert_before(at: Operation, *ops: Operation) -> None:
    """Puts `ops`, in their order, in front of `at`."""
    cast("Block", at.parent).insert_ops_before(ops, at)
    carry(at, ops)


def insert_after(at: Operation, *ops: Operation) -> None:
    """Puts `ops`, in their order, behind `at`."""
    cast("Block", at.parent).insert_ops_after(ops, at)
    carry(at, ops)


def value_before(at: Operation, op: Operation, name: str | None = None) -> SSAValue:
    """Puts `op` in front of `at`; returns its result, called `name` in what is printed."""
    insert_before(at, op)
    op.results[0].name_hint = name
    return op.results[0]


def erase(op: Operation) -> None:
    """Takes `op`, which nobody uses any more, out of its block."""
    op.detach()
    op.erase()
