"""A function of one thread as one of a block: the threads become a dimension of every vector.

    %v = simt.load_global %a : vector<2xi64> -> vector<8xf32>            one thread
    %v = simt.load_global %a : vector<128x2xi64> -> vector<128x8xf32>    the 128 threads of a block

A program of the engine is a block, and all its threads run in step, operation by operation. So arith, math and scf need
no other meaning than that on tensors. What is the same in all threads, a scalar, stays one.
"""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import IntegerAttr, VectorType
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.abi import symbol
from minilinalg.dialects.simt import SHARED_ATTR, THREADS_ATTR
from minilinalg.dialects.simt.types import is_vector
from minilinalg.errors import InputError
from minilinalg.locations import places_of


def _number(func: Operation, name: str) -> int | None:
    found = func.attributes.get(name)
    return found.value.data if isinstance(found, IntegerAttr) else None


def threads_of(func: Operation) -> int | None:
    """The threads of a block of `func`; None when it is not written for one thread.

    Raises InputError for a number of threads that no block has.
    """
    threads = _number(func, THREADS_ATTR)
    if threads is None or threads > 0:
        return threads
    raise InputError(
        f"function '{symbol(func)}' has {THREADS_ATTR} = {threads}",
        rule="a block has at least one thread",
        places=places_of(func),
    )


def shared_of(func: Operation) -> int:
    """The bytes of shared memory that a block of `func` uses."""
    return _number(func, SHARED_ATTR) or 0


def with_threads(func: Operation, threads: int) -> Operation:
    """A copy of `func` in which every vector of n elements has `threads` times n, the threads in front."""
    spread = func.clone()
    found: dict[Attribute, Attribute] = {}
    for value in _values(spread):
        if (type_ := found.get(value.type)) is None:
            type_ = found[value.type] = _spread(value.type, threads)
        value._type = type_  # pyright: ignore[reportPrivateUsage]
    return spread


def _values(func: Operation) -> Iterator[SSAValue]:
    for op in func.walk():
        yield from op.results
        for region in op.regions:
            for block in region.blocks:
                yield from block.args


def _spread(type_: Attribute, threads: int) -> Attribute:
    return VectorType(type_.element_type, [threads, *type_.get_shape()]) if is_vector(type_) else type_
