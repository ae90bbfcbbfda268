"""Blocked layouts for a shape: as many threads as there are, spread over the dimensions in an order.

Source: the builder of BlockedEncodingAttr in TritonGPUAttrDefs.td of Triton 3.9.
"""

from __future__ import annotations

from collections.abc import Sequence

from minilinalg.dialects.ttg.distributed_layouts import BlockedEncodingAttr


def blocked_for(
    shape: Sequence[int],
    size_per_thread: Sequence[int],
    order: Sequence[int],
    num_warps: int,
    threads_per_warp: int,
    cga: Sequence[Sequence[int]] = (),
) -> BlockedEncodingAttr:
    """Threads and warps go along `order[0]` as far as the shape reaches, then along `order[1]` and so on.

    The last dimension takes all that are left, as replicas where it is shorter.
    """
    rank = len(shape)
    lanes, warps = [1] * rank, [1] * rank
    threads_left, lanes_left, warps_left = num_warps * threads_per_warp, threads_per_warp, num_warps
    for dim in order[:-1]:
        threads = min(max(1, shape[dim] // size_per_thread[dim]), threads_left)
        lanes[dim] = min(threads, lanes_left)
        warps[dim] = min(max(1, threads // lanes[dim]), warps_left)
        threads_left //= threads
        lanes_left //= lanes[dim]
        warps_left //= warps[dim]
    lanes[order[-1]], warps[order[-1]] = lanes_left, warps_left
    return BlockedEncodingAttr(size_per_thread, lanes, warps, order, cga)


def default_layout(shape: Sequence[int], num_warps: int, threads_per_warp: int) -> BlockedEncodingAttr:
    """The layout of a tensor that nothing is known about: one element a thread, the last dimension fastest."""
    rank = len(shape)
    return blocked_for(shape, [1] * rank, list(reversed(range(rank))), num_warps, threads_per_warp)
