"""Sums that products of matrices add to, and nothing else touches until a loop has ended.

Such a sum stays in the order of matrices from product to product, and goes to the order of registers when its loop has
ended. It is the same sum: which number is added to which does not change.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from xdsl.ir import Operation, SSAValue, Use

from minilinalg.interp.carried import handed_on
from minilinalg.interp.dtypes import Array
from minilinalg.interp.fragments import Fragments
from minilinalg.interp.values import Reordered, written_out

PRODUCTS = ("simt.mma_sync", "simt.wgmma")


class SumAsMatrices(Reordered):
    """A register vector (L, *shape) as matrices, which `fragments` says where registers hold."""

    __slots__ = ("fragments",)

    def __init__(self, fragments: Fragments, data: Array):
        self.fragments, self.data = fragments, data

    @property
    def shape(self) -> tuple[int, ...]:
        return self.fragments.shape

    def array(self) -> Array:
        return self.fragments.out(self.data)

    def is_like(self, other: Any) -> bool:
        return type(other) is SumAsMatrices and other.fragments is self.fragments

    def like(self, data: Array) -> SumAsMatrices:
        return SumAsMatrices(self.fragments, data)


def added(start: Any, product: Array, fragments: Fragments) -> SumAsMatrices:
    """A sum in any form of registers and a product, (L, ...), which is written over."""
    if type(start) is SumAsMatrices and start.fragments is fragments:
        before = start.data
    else:
        registers = np.asarray(written_out(start))
        if registers.size == 1:
            before = registers.reshape((1,) * product.ndim)
        else:
            whole = np.broadcast_to(registers, (len(registers), *fragments.shape))
            before = fragments.back(whole).reshape(len(whole), *product.shape[1:])
    if len(before) > len(product):
        return SumAsMatrices(fragments, before + product)
    return SumAsMatrices(fragments, np.add(before, product, out=product))


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


def as_registers(value: Any) -> Any:
    """What a loop gives, in the order of registers."""
    return value.array() if type(value) is SumAsMatrices else value
