"""Loads and stores, as wide as their types say, and copies from global to shared memory.

An address is a register and a constant; shared memory begins at the symbol `shared_memory`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minilinalg.codegen.ptx.elements import Element, Operand, signed
from minilinalg.codegen.ptx.integers import offset, split
from minilinalg.codegen.ptx.writer import Handler, Writer
from minilinalg.dialects.simt.types import count_of
from minilinalg.dialects.tt.attributes import CacheModifier, CachePolicyAttr, EvictionPolicy, MemSemantic, MemSyncScope

SHARED = "shared_memory"
LARGEST_OFFSET = 1 << 23
"""Constants of an address are below this: 24 bits with a sign."""

# Addresses


def global_address(w: Writer, element: Element) -> str:
    base, by = split(element)
    by = signed(by, 64)
    if base is None or not -LARGEST_OFFSET <= by < LARGEST_OFFSET:
        return f"[{w.register(element, 'd')}]"
    return _address(w.register(offset(base, 0, 64), "d"), by)


def shared_address(w: Writer, element: Element) -> str:
    base, by = split(element)
    if base is None:
        return _address(SHARED, by)
    if not by < LARGEST_OFFSET:
        base, by = w.register(element), 0
    return _address(shared_base(w, offset(base, 0, 32)), by)


def shared_base(w: Writer, element: Element) -> str:
    """An address of shared memory in a register."""
    start = w.pure("r", "mov.b32", SHARED)
    return start if element == 0 else w.pure("r", "add.s32", start, w.number(element))


def _address(base: str, by: int) -> str:
    # PTX has no address of a difference: a negative constant is added (ISA, 6.4.1).
    return f"[{base}+{by}]" if by else f"[{base}]"


# The registers of one access


def _shape(size: int, bits: int) -> tuple[str, str, int]:
    """Of an access of so many bytes: what stands behind the opcode, the letter of its registers, how many there are."""
    if bits == 64:
        return (".v2.b64" if size == 16 else ".b64"), "d", size // 8
    if size <= 4:
        return f".b{8 * size}", "r", 1
    return f".v{size // 4}.b32", "r", size // 4


def _listed(registers: Sequence[str]) -> str:
    return registers[0] if len(registers) == 1 else f"{{{', '.join(registers)}}}"


ALWAYS = ("ld.volatile", "ld.relaxed", "ld.acquire")
"""Loads that are made though nothing uses what they find."""


def _load(w: Writer, opcode: str, size: int, bits: int, address: str, mask: Element, other: Sequence[Element] | None):
    """The elements of one access; those of `other` where the mask is false."""
    suffix, letter, count = _shape(size, bits)
    elements = size // (bits // 8)
    words: Sequence[Operand] = [0] * count
    if other is not None:
        words = [w.number(x) for x in other] if bits == 64 else w.words(other, bits)
    if mask == 0:
        return list(words) if bits == 64 else w.parts(words, bits, elements)
    into = [w.new(letter) for _ in range(count)]
    guard = ""
    if mask != 1:
        guard = f"@{w.predicate(mask)} "
        for register, word in zip(into, words, strict=True):
            w.raw(f"mov.b{64 if bits == 64 else 32} {register}, {_shown(word, bits)};", (register,), needed=False)
    w.raw(f"{guard}{opcode}{suffix} {_listed(into)}, {address};", tuple(into), needed=opcode.startswith(ALWAYS))
    return list(into) if bits == 64 else w.parts(into, bits, elements)


def _shown(word: Operand, bits: int) -> str:
    return word if isinstance(word, str) else str(signed(word, max(bits, 32)))


def _store(w: Writer, opcode: str, size: int, bits: int, address: str, mask: Element, elements: Sequence[Element]):
    if mask == 0:
        return
    suffix, letter, _ = _shape(size, bits)
    words = elements if bits == 64 else w.words(elements, bits)
    registers = [w.register(word, letter) for word in words]
    guard = "" if mask == 1 else f"@{w.predicate(mask)} "
    w.raw(f"{guard}{opcode}{suffix} {address}, {_listed(registers)};")


def _groups(elements: Sequence[Element], count: int) -> list[Sequence[Element]]:
    size = len(elements) // count
    return [elements[at : at + size] for at in range(0, len(elements), size)]


def _masks(w: Writer, op: Any, count: int) -> Sequence[Element]:
    return [1] * count if op.mask is None else w.values[op.mask]


def _bits(w: Writer, op: Any, value: Any) -> int:
    bits = w.bits(value)
    if bits == 1:
        raise w.unsupported(f"'{op.name}' of i1", "in memory an i1 is a byte: it is extended to i8")
    return bits


# Global memory

SCOPES = {MemSyncScope.GPU: "gpu", MemSyncScope.CTA: "cta", MemSyncScope.SYSTEM: "sys"}
CACHED = {CacheModifier.NONE: "", CacheModifier.CV: ".cv", CacheModifier.WB: ".wb", CacheModifier.WT: ".wt"} | {
    modifier: f".{modifier.keyword}" for modifier in (CacheModifier.CA, CacheModifier.CG, CacheModifier.CS)
}
EVICTED = {
    EvictionPolicy.NORMAL: "",
    EvictionPolicy.EVICT_FIRST: ".L1::evict_first",
    EvictionPolicy.EVICT_LAST: ".L1::evict_last",
}


def _policy(op: Any) -> str:
    """A cache modifier, or a policy of eviction: PTX takes one of them. Both are hints."""
    policy = op.cache_policy
    if not isinstance(policy, CachePolicyAttr):
        return ""
    return CACHED[policy.cache_modifier] or EVICTED[policy.eviction_policy]


def _load_global(w: Writer, op: Any) -> None:
    addresses, bits = w.values[op.address], _bits(w, op, op.result)
    opcode = "ld.volatile.global" if op.volatile is not None else f"ld.global{_policy(op)}"
    others = None if op.other is None else _groups(w.values[op.other], len(addresses))
    found: list[Element] = []
    for i, (address, mask) in enumerate(zip(addresses, _masks(w, op, len(addresses)), strict=True)):
        place = global_address(w, address)
        found += _load(w, opcode, op.bytes, bits, place, mask, None if others is None else others[i])
    w.values[op.result] = found


def _store_global(w: Writer, op: Any) -> None:
    addresses, bits = w.values[op.address], _bits(w, op, op.value)
    groups = _groups(w.values[op.value], len(addresses))
    for address, mask, group in zip(addresses, _masks(w, op, len(addresses)), groups, strict=True):
        _store(w, f"st.global{_policy(op)}", op.bytes, bits, global_address(w, address), mask, group)


def _order(op: Any) -> str:
    return f"{MemSemantic.of(op.sem).keyword}.{SCOPES[MemSyncScope.of(op.scope)]}"


def _atomic_load(w: Writer, op: Any) -> None:
    addresses, bits = w.values[op.address], _bits(w, op, op.result)
    found: list[Element] = []
    for address, mask in zip(addresses, _masks(w, op, len(addresses)), strict=True):
        found += _load(w, f"ld.{_order(op)}.global", bits // 8, bits, global_address(w, address), mask, [0])
    w.values[op.result] = found


def _atomic_store(w: Writer, op: Any) -> None:
    addresses, bits = w.values[op.address], _bits(w, op, op.value)
    for address, mask, value in zip(addresses, _masks(w, op, len(addresses)), w.values[op.value], strict=True):
        _store(w, f"st.{_order(op)}.global", bits // 8, bits, global_address(w, address), mask, [value])


# Shared memory


def _load_shared(w: Writer, op: Any) -> None:
    bits = _bits(w, op, op.result)
    found: list[Element] = []
    for address in w.values[op.address]:
        found += _load(w, "ld.shared", op.bytes, bits, shared_address(w, address), 1, None)
    w.values[op.result] = found


def _store_shared(w: Writer, op: Any) -> None:
    addresses, bits = w.values[op.address], _bits(w, op, op.value)
    groups = _groups(w.values[op.value], len(addresses))
    for address, mask, group in zip(addresses, _masks(w, op, len(addresses)), groups, strict=True):
        _store(w, "st.shared", op.bytes, bits, shared_address(w, address), mask, group)


def _ldmatrix(w: Writer, op: Any) -> None:
    count, bits = op.matrices.value.data, w.bits(op.result)
    name = f"ldmatrix.sync.aligned.m8n8.x{count}{'.trans' if op.transpose is not None else ''}.shared.b16"
    words: list[Operand] = []
    for address in w.values[op.address]:
        into = [w.new("r") for _ in range(count)]
        place = shared_address(w, address)
        w.raw(f"{name} {{{', '.join(into)}}}, {place};", tuple(into), needed=False)
        words += into
    w.values[op.result] = w.parts(words, bits, count_of(op.result.type))


def _stmatrix(w: Writer, op: Any) -> None:
    count, bits = op.matrices.value.data, w.bits(op.value)
    name = f"stmatrix.sync.aligned.m8n8.x{count}{'.trans' if op.transpose is not None else ''}.shared.b16"
    words = [w.register(word) for word in w.words(w.values[op.value], bits)]
    for i, address in enumerate(w.values[op.address]):
        registers = ", ".join(words[count * i : count * (i + 1)])
        w.raw(f"{name} {shared_address(w, address)}, {{{registers}}};")


# Copies that go on while the threads run


def _cp_async(w: Writer, op: Any) -> None:
    size = op.bytes.value.data
    count = count_of(op.to.type)
    whens = [1] * count if op.when is None else w.values[op.when]
    rows = zip(w.values[op.to], w.values[op.source], whens, _masks(w, op, count), strict=True)
    for to, source, when, mask in rows:
        if when == 0:
            continue
        guard = "" if when == 1 else f"@{w.predicate(when)} "
        if isinstance(mask, int):
            read = "" if mask else ", 0"
        else:
            read = f", {w.pure('r', 'selp.b32', size, 0, w.predicate(mask))}"
        places = f"{shared_address(w, to)}, {global_address(w, source)}"
        w.raw(f"{guard}cp.async.{'cg' if size == 16 else 'ca'}.shared.global {places}, {size}{read};")


def _commit(w: Writer, op: Any) -> None:
    w.raw("cp.async.commit_group;")


def _wait(w: Writer, op: Any) -> None:
    w.raw(f"cp.async.wait_group {op.groups.value.data};")


HANDLERS: Mapping[str, Handler] = {
    "simt.load_global": _load_global,
    "simt.store_global": _store_global,
    "simt.atomic_load": _atomic_load,
    "simt.atomic_store": _atomic_store,
    "simt.load_shared": _load_shared,
    "simt.store_shared": _store_shared,
    "simt.ldmatrix": _ldmatrix,
    "simt.stmatrix": _stmatrix,
    "simt.cp_async": _cp_async,
    "simt.cp_async_commit": _commit,
    "simt.cp_async_wait": _wait,
}
