"""Sums that products of matrices add to, and nothing else touches until a loop has ended.

Such a sum stays in the order of matrices from product to product, and goes to the order of registers when its loop has
ended. It is the same sum: which number is added to which does not change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from xdsl.dialects.builtin import VectorType
from xdsl.ir import Operation, SSAValue, Use

from minilinalg.interp.carried import handed_on
from minilinalg.interp.dtypes import Array
from minilinalg.interp.fragments import Fragments
from minilinalg.interp.values import Held, spread, take, written_out

PRODUCTS = ("simt.mma_sync", "simt.wgmma")


class HeldSum(Held):
    """A register vector (L, *shape) as matrices, which `fragments` says where registers hold."""

    __slots__ = ("data", "fragments")

    def __init__(self, fragments: Fragments, data: Array):
        self.fragments, self.data = fragments, data

    def array(self) -> Array:
        return self.fragments.out(self.data)

    def take_programs(self, index: Any) -> HeldSum:
        """The same of the programs at `index`."""
        return HeldSum(self.fragments, take(self.data, index))

    @staticmethod
    def join_programs(pieces: Sequence[tuple[Any, int]]) -> Any:
        """The values of consecutive groups of programs."""
        first = pieces[0][0]
        if all(type(v) is HeldSum and v.fragments is first.fragments for v, _ in pieces):
            parts = [np.broadcast_to(v.data, (n, *v.data.shape[1:])) for v, n in pieces]
            return HeldSum(first.fragments, np.concatenate(parts))
        shape = first.fragments.shape
        arrays = [(spread(written_out(v), shape), n) for v, n in pieces]
        return np.concatenate([np.broadcast_to(array, (n, *shape)) for array, n in arrays])


def added(start: Any, product: Array, fragments: Fragments) -> HeldSum:
    """A sum in any form of registers and a product, (L, ...), which is written over."""
    if type(start) is HeldSum and start.fragments is fragments:
        before = start.data
    else:
        registers = np.asarray(written_out(start))
        if registers.size == 1:
            before = registers.reshape((1,) * product.ndim)
        else:
            whole = np.broadcast_to(registers, (len(registers), *fragments.shape))
            before = fragments.back(whole).reshape(len(whole), *product.shape[1:])
    if len(before) > len(product):
        return HeldSum(fragments, before + product)
    return HeldSum(fragments, np.add(before, product, out=product))


def is_accumulated(op: Operation) -> bool:
    """Whether the result of a product is only added to by products of the same form, and carried by loops to them."""
    seen: set[SSAValue] = set()
    work: list[SSAValue] = [op.results[0]]
    while work:
        here = work.pop()
        if here in seen:
            continue
        seen.add(here)
        for use in here.uses:
            following = _following(op, use)
            if following is None:
                return False
            work += following
    return True


def _following(op: Operation, use: Use) -> list[SSAValue] | None:
    """What a sum that `op` made becomes by a use of it, but for what a loop gives in the end; None: registers."""
    user = use.operation
    if user.name == op.name:
        alike = user.properties == op.properties and user.results[0].type == op.results[0].type
        return [] if alike and use.index == 2 else None
    if user.name == "simt.wgmma_wait":
        return [user.results[use.index]]
    carried = handed_on(use)
    return None if carried is None else [carried[0]]


def settled(value: Any) -> Any:
    """What a loop gives, in the order of registers."""
    return value.array() if type(value) is HeldSum else value


def may_be_sum(result: SSAValue) -> bool:
    """Whether what a loop gives may be a sum as matrices: one that it adds to, or that it began with."""
    return isinstance(result.type, VectorType)
