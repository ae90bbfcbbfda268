"""Copies of boxes by TMA, and the barriers in shared memory (mbarrier) that threads wait at for them.

A tensor map is a parameter of 128 bytes, which the launch fills; what stands for it is the address of the parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minilinalg.codegen.ptx.memory import shared_address, shared_base
from minilinalg.codegen.ptx.writer import Handler, Writer
from minilinalg.dialects.simt.tensor_maps import MAP_BYTES

MAP_ALIGNMENT = 64


def map_parameter(w: Writer, label: str) -> tuple[str, str]:
    """The declaration of a parameter that is a tensor map, and its address in a register."""
    start, address = w.new("d"), w.new("d")
    w.raw(f"mov.b64 {start}, {label};", (start,), needed=False)
    w.raw(f"cvta.param.u64 {address}, {start};", (address,), needed=False)
    return f".param .align {MAP_ALIGNMENT} .b8 {label}[{MAP_BYTES}]", address


# Barriers


def _by_one(w: Writer, op: Any, text: str) -> None:
    """An instruction of the thread whose `when` is true."""
    (when,) = w.values[op.when]
    if when != 0:
        w.raw(f"{'' if when == 1 else f'@{w.predicate(when)} '}{text};")


def _place(w: Writer, value: Any) -> str:
    (address,) = w.values[value]
    return shared_address(w, address)


def _init(w: Writer, op: Any) -> None:
    _by_one(w, op, f"mbarrier.init.shared::cta.b64 {_place(w, op.address)}, {op.count.value.data}")


def _inval(w: Writer, op: Any) -> None:
    _by_one(w, op, f"mbarrier.inval.shared::cta.b64 {_place(w, op.address)}")


def _expect(w: Writer, op: Any) -> None:
    bytes = op.bytes.value.data
    _by_one(w, op, f"mbarrier.arrive.expect_tx.shared::cta.b64 _, {_place(w, op.address)}, {bytes}")


def _wait(w: Writer, op: Any) -> None:
    """A loop, as one try ends after a time of the machine's choice. Lanes may leave it in different turns."""
    pred = 1 if op.pred is None else w.values[op.pred][0]
    if pred == 0:
        return
    place, parity = _place(w, op.address), w.number(w.values[op.parity][0])
    again, behind, done = w.label("wait"), w.label("done"), w.new("p")
    if pred != 1:
        w.raw(f"@!{w.predicate(pred)} bra.uni {behind};")
    w.raw(f"{again}:")
    w.raw(f"mbarrier.try_wait.parity.shared::cta.b64 {done}, {place}, {parity};", (done,))
    w.raw(f"@!{done} bra {again};")
    w.raw(f"{behind}:")


# Boxes


def _box(w: Writer, op: Any) -> str:
    """The map and the indices of the box: PTX has the fastest dimension first."""
    (address,) = w.values[op.map]
    indices = ", ".join(w.register(w.values[index][0]) for index in reversed(op.coords))
    return f"[{address}, {{{indices}}}]"


def _shared(w: Writer, value: Any) -> str:
    (address,) = w.values[value]
    return f"[{shared_base(w, address)}]"


def _load(w: Writer, op: Any) -> None:
    name = f"cp.async.bulk.tensor.{len(op.coords)}d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
    _by_one(w, op, f"{name} {_shared(w, op.to)}, {_box(w, op)}, {_shared(w, op.barrier)}")


def _store(w: Writer, op: Any) -> None:
    name = f"cp.async.bulk.tensor.{len(op.coords)}d.global.shared::cta.tile.bulk_group"
    _by_one(w, op, f"{name} {_box(w, op)}, {_shared(w, op.source)}")


def _commit(w: Writer, op: Any) -> None:
    w.raw("cp.async.bulk.commit_group;")


def _wait_group(w: Writer, op: Any) -> None:
    w.raw(f"cp.async.bulk.wait_group{'' if op.read is None else '.read'} {op.groups.value.data};")


HANDLERS: Mapping[str, Handler] = {
    "simt.mbarrier_init": _init,
    "simt.mbarrier_inval": _inval,
    "simt.mbarrier_arrive_expect_tx": _expect,
    "simt.mbarrier_wait": _wait,
    "simt.bulk_tensor_load": _load,
    "simt.bulk_tensor_store": _store,
    "simt.bulk_commit": _commit,
    "simt.bulk_wait": _wait_group,
}
