"""Where accesses of threads are made: a mask, and which programs it holds in wholly."""

from __future__ import annotations

from typing import Any

import numpy as np

from minilinalg.interp.access import undefined
from minilinalg.interp.dtypes import Array
from minilinalg.interp.values import Mask, Partial, take, written_out


class Lanes:
    """Where accesses (threads, n) of programs are made.

    programs: the numbers of those that make only some; None: all make the same. made: which, bool, for each of
    `programs`, or once for all, (L, T, A) with extents of 1 where it does not change.
    """

    __slots__ = ("made", "programs")

    def __init__(self, programs: Array | None, made: Array):
        self.programs = programs
        self.made = made

    @staticmethod
    def of(mask: Any, what: str | None = None) -> Lanes | None:
        """Of a mask in any form; None when it holds everywhere.

        Raises RunError, if `what` is given, where the mask is undefined.
        """
        if mask is None or type(mask) is Lanes:
            return mask
        if type(mask) is Partial:
            if what is not None and not bool(mask.defined_array().all()):
                raise undefined(what, "uses as a mask")
            mask = mask.data
        if type(mask) is not Mask:
            return _lanes(mask)
        if mask.lanes is False:
            mask.lanes = _lanes(mask)
        return mask.lanes

    def array(self, programs: int) -> Array:
        """`made` of so many programs, or once for all."""
        if self.programs is None:
            return self.made
        found = np.ones((programs, *self.made.shape[1:]), np.bool_)
        found[self.programs] = self.made
        return found

    def of_programs(self, index: Array) -> Lanes | None:
        """The same of the programs at `index`, ascending, alone; None when they make all accesses."""
        if self.programs is None:
            return self
        here = np.isin(self.programs, index)
        return Lanes(np.searchsorted(index, self.programs[here]), self.made[here]) if here.any() else None

    def others(self, programs: int) -> Any:
        """The programs, of so many, that make all accesses: as an index, a slice where they follow one another."""
        assert self.programs is not None
        whole = np.ones(programs, np.bool_)
        whole[self.programs] = False
        found = np.flatnonzero(whole)
        if len(found) and found[-1] - found[0] == len(found) - 1:
            return slice(int(found[0]), int(found[-1]) + 1)
        return found


def _lanes(mask: Any) -> Lanes | None:
    whole = _whole(mask)
    if whole.all():
        return None
    if len(whole) == 1:
        return Lanes(None, _made(mask))
    programs = np.flatnonzero(~whole)
    made = _made(take(mask, programs))
    if len(made) == 1 and len(programs) == len(whole):
        return Lanes(None, made)
    return Lanes(programs, np.broadcast_to(made, (len(programs), *made.shape[1:])))


def _whole(mask: Any) -> Array:
    """In which programs a mask holds wholly, (P,), or (1,) when it is the same in all."""
    if type(mask) is not Mask:
        array = _made(mask)
        return np.asarray(array.reshape(len(array), -1).all(axis=1))
    # Not written out: mostly few programs are at an edge.
    whole = np.ones(1, np.bool_)
    for term in mask.terms:
        if term.ends()[0] >= 0:
            continue
        whole = whole & (np.atleast_1d(np.asarray(term.bounds()[0])) >= 0)
    for rest in mask.rest:
        whole = whole & rest.reshape(len(rest), -1).all(axis=1)
    return whole


def _made(mask: Any) -> Array:
    array = mask.array() if type(mask) is Mask else np.asarray(written_out(mask), np.bool_)
    return array if array.ndim == 3 else array.reshape(-1, 1, 1)
