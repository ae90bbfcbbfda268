"""Tensor maps that a kernel makes itself (PTX ISA, tensormap.replace), and the global memory that it is lent for them.

A map is made in shared memory by the first warp, and copied to global memory behind a fence from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minilinalg.codegen.ptx.elements import Element, Offset
from minilinalg.codegen.ptx.memory import shared_base
from minilinalg.codegen.ptx.writer import Handler, Writer
from minilinalg.dialects.simt import LANES
from minilinalg.dialects.simt.tensor_maps import MAP_BYTES

SCRATCH_ALIGNMENT = 256
"""What the memory that a launch lends begins at a multiple of, in bytes."""
LEAST_VERSION = 8, 3
"""The version of PTX that has these instructions."""


def scratch_parameter(w: Writer, label: str, nbytes: int) -> str:
    """The declaration of the parameter for what a launch lends; `w.scratch` is the part of this block from there on."""
    start, block, part = w.new("d"), w.new("r"), w.new("d")
    x, y, z, nx, ny = (w.new("r") for _ in range(5))
    for register, name in ((x, "ctaid.x"), (y, "ctaid.y"), (z, "ctaid.z"), (nx, "nctaid.x"), (ny, "nctaid.y")):
        w.raw(f"mov.b32 {register}, %{name};", (register,), needed=False)
    row = w.new("r")
    w.raw(f"mad.lo.s32 {row}, {z}, {ny}, {y};", (row,), needed=False)
    w.raw(f"mad.lo.s32 {block}, {row}, {nx}, {x};", (block,), needed=False)
    w.raw(f"ld.param.b64 {start}, [{label}];", (start,), needed=False)
    w.raw(f"mad.wide.u32 {part}, {block}, {nbytes}, {start};", (part,), needed=False)
    w.scratch = part
    return f".param .u64 .ptr .global .align {SCRATCH_ALIGNMENT} {label}"


def _global_scratch(w: Writer, op: Any) -> None:
    if w.scratch is None:
        raise w.unsupported(f"'{op.name}' in a function without simt.scratch", "a launch lends what simt.scratch says")
    offset = op.offset.value.data
    w.values[op.result] = [Offset(w.scratch, offset, 64) if offset else w.scratch]


def _of_first_warp(w: Writer) -> str:
    """The guard of what the first warp does."""
    if w.threads <= LANES:
        return ""
    return f"@{w.pure('p', 'setp.lt.u32', w.pure('r', 'mov.b32', '%tid.x'), LANES)} "


def _address(w: Writer, element: Element) -> str:
    return f"[{w.register(element, 'd')}]"


def _create(w: Writer, op: Any) -> None:
    w.version = max(w.version, LEAST_VERSION)
    thread, guard = w.pure("r", "mov.b32", "%tid.x"), _of_first_warp(w)
    base = shared_base(w, w.values[op.shared][0])
    own = w.pure("r", "add.s32", base, w.pure("r", "shl.b32", thread, 2))
    wide = w.pure("d", "cvt.u64.u32", base)
    first = w.pure("p", "setp.eq.s32", thread, 0)
    w.raw(f"{guard}st.shared.b32 [{own}], 0;")
    w.raw("bar.warp.sync -1;")

    def replace(field: str, bits: int, *operands: str) -> None:
        w.raw(f"@{first} tensormap.replace.tile.{field}.shared::cta.b1024.b{bits} [{wide}], {', '.join(operands)};")

    def replace_each(field: str, bits: int, values: Sequence[Any]) -> None:
        for number, value in enumerate(values):
            replace(field, bits, str(number), w.register(w.values[value][0], "d" if bits == 64 else "r"))

    replace("global_address", 64, w.register(w.values[op.base][0], "d"))
    replace("rank", 32, str(len(op.box_dim) - 1))
    replace_each("box_dim", 32, op.box_dim)
    replace_each("global_dim", 32, op.global_dim)
    replace_each("global_stride", 64, op.global_stride)
    replace_each("element_stride", 32, op.element_stride)
    replace("elemtype", 32, str(op.elem_type.value.data))
    # All other fields are zero.
    for field in ("interleave_layout", "swizzle_mode", "fill_mode"):
        if number := getattr(op, field).value.data:
            replace(field, 32, str(number))
    w.raw("bar.warp.sync -1;")
    copy = "tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release.gpu.sync.aligned"
    w.raw(f"{guard}{copy} {_address(w, w.values[op.to][0])}, [{wide}], {MAP_BYTES};")


def _acquire(w: Writer, op: Any) -> None:
    """The official compiler waits for bulk copies behind the fence, as ptxas lets what follows overtake it."""
    w.version = max(w.version, LEAST_VERSION)
    guard, at = _of_first_warp(w), _address(w, w.values[op.address][0])
    w.raw(f"{guard}fence.proxy.tensormap::generic.acquire.gpu {at}, {MAP_BYTES};")
    w.raw(f"{guard}cp.async.bulk.commit_group;")
    w.raw(f"{guard}cp.async.bulk.wait_group.read 0;")


def _map_at(w: Writer, op: Any) -> None:
    w.values[op.result] = [w.register(w.values[op.address][0], "d")]


HANDLERS: Mapping[str, Handler] = {
    "simt.global_scratch": _global_scratch,
    "simt.tensormap_create": _create,
    "simt.tensormap_fenceproxy_acquire": _acquire,
    "simt.tensor_map_at": _map_at,
}
