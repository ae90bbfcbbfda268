"""Products by four warps together: wgmma, whose operands lie in shared memory and which runs while the threads go on.

A product adds to the registers of its sum in place: while it runs, nothing may move them. So the registers of `c`
become those of the result where nothing else reads them; elsewhere they are copied, in front of a fence, into those in
which the loop hands the result on, or into fresh ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xdsl.ir import Block, Operation, SSAValue

from minilinalg.codegen.ptx.control_flow import move
from minilinalg.codegen.ptx.elements import Element, Offset, Operand, Part, Wide, kind_of
from minilinalg.codegen.ptx.memory import shared_base
from minilinalg.codegen.ptx.writer import Handler, Writer
from minilinalg.dialects.simt.dot import numbers
from minilinalg.dialects.simt.warp_group import MatrixAttr

FENCE = "wgmma.fence.sync.aligned;"

TYPES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("f16", "f32"): ("f16", "f32"),
    ("f16", "f16"): ("f16", "f16"),
    ("bf16", "f32"): ("bf16", "f32"),
    ("f32", "f32"): ("tf32", "f32"),
    ("f8E4M3FN", "f32"): ("e4m3", "f32"),
    ("f8E5M2", "f32"): ("e5m2", "f32"),
    ("i8", "i32"): ("s8", "s32"),
}
"""Elements of a and b, of c -> how wgmma calls them."""

SWIZZLES = {128: 1, 64: 2, 32: 3}
"""Bytes of a line -> the number of its swizzle in a matrix descriptor."""
STEP = 16
"""Descriptors count shared memory in steps of so many bytes."""


def _product(w: Writer, op: Any) -> None:
    element = kind_of(op.b_matrix.element)
    kinds = element, kind_of(op.c.type)
    if kinds not in TYPES:
        raise w.unsupported(
            f"'{op.name}' of {kinds[0]} into {kinds[1]}",
            f"products of warp groups: {', '.join(f'{a} into {c}' for a, c in TYPES)}",
        )
    operand, total = TYPES[kinds]
    (m, n, k), (tm, tn, tk) = numbers(op.shape), numbers(op.tiles)
    name = f"wgmma.mma_async.sync.aligned.m{m}n{n}k{k}.{total}.{operand}.{operand}"
    a = _left(w, op, tm * tk)
    b = _descriptors(w, op.b, op.b_matrix)
    sums = _in_place(w, op)
    always = w.predicate(1)
    first = always if op.use is None else w.predicate(w.values[op.use][0])
    if w.instructions[-1].text != FENCE:
        w.raw(FENCE)
    size = len(sums) // (tm * tn)
    for tile in range(tm * tn):
        row, column = divmod(tile, tn)
        registers = sums[tile * size : (tile + 1) * size]
        for deep in range(tk):
            places = f"{a[row * tk + deep]}, {b[column * tk + deep]}"
            flags = ", ".join([first if deep == 0 else always, *_flags(op, operand)])
            w.raw(f"{name} {{{', '.join(registers)}}}, {places}, {flags};", tuple(registers))
    w.values[op.d] = w.parts(sums, w.bits(op.c), len(w.values[op.c]))


def _flags(op: Any, operand: str) -> list[str]:
    """What follows the predicate that says whether c counts: factors of a and b, whether they are transposed."""
    if operand == "s8":
        return []
    if operand not in ("f16", "bf16"):
        return ["1", "1"]
    turned = [matrix for matrix in (op.a_matrix, op.b_matrix) if matrix is not None]
    return ["1", "1", *(str(int(matrix.is_transposed)) for matrix in turned)]


def _left(w: Writer, op: Any, tiles: int) -> list[str]:
    """The first operand of each tile: a descriptor, or registers."""
    if op.a_matrix is not None:
        return _descriptors(w, op.a, op.a_matrix)
    words = [w.register(word) for word in w.words(w.values[op.a], w.bits(op.a))]
    if kind_of(op.a.type) == "f32":
        words = [w.pure("r", "cvt.rna.tf32.f32", word) for word in words]
    size = len(words) // tiles
    return [f"{{{', '.join(words[at : at + size])}}}" for at in range(0, len(words), size)]


def _descriptors(w: Writer, address: SSAValue, matrix: MatrixAttr) -> list[str]:
    """Matrix descriptors (PTX ISA, "Matrix Descriptor Format"), one for each tile."""
    (at,) = w.values[address]
    start = w.pure("r", "shr.u32", shared_base(w, at), STEP.bit_length() - 1)
    low = w.pure("d", "cvt.u64.u32", w.pure("r", "and.b32", start, 0x3FFF))
    fixed = matrix.leading.data // STEP << 16 | matrix.stride.data // STEP << 32 | SWIZZLES[matrix.swizzle.data] << 62
    first = w.pure("d", "or.b64", low, fixed)
    steps = [by // STEP for by in matrix.tile_offsets]
    return [w.pure("d", "add.s64", first, step) if step else first for step in steps]


def _in_place(w: Writer, op: Any) -> list[str]:
    """The registers of the sum: those of c itself, or others that begin with what it is."""
    words: Sequence[Operand] = w.words(w.values[op.c], w.bits(op.c))
    registers = [word for word in words if isinstance(word, str)]
    if len(set(registers)) == len(words) and _is_own(op):
        return registers
    begun = _of_next_turn(w, op) or [w.new("r") for _ in words]
    for register, word in zip(begun, words, strict=True):
        move(w, register, word)
    return begun


def _of_next_turn(w: Writer, op: Any) -> list[str] | None:
    """The registers in which the loop hands the product on, when nothing reads from here on what they hold so far."""
    block: Block = op.parent
    loop, last = op.parent_op(), block.last_op
    if loop.name != "scf.for" or last is None or op.d not in last.operands:
        return None
    carried = block.args[1 + list(last.operands).index(op.d)]
    registers = [word for word in w.words(w.values[carried], w.bits(op.c)) if isinstance(word, str)]
    place = {each: number for number, each in enumerate(block.ops)}
    held = set(registers)
    for value, elements in w.values.items():
        if held.isdisjoint(map(_register_of, elements)):
            continue
        for use in value.uses:
            user: Operation | None = block.find_ancestor_op_in_block(use.operation)
            if user is None or place[user] >= place[op]:
                return None
    return registers


def _register_of(element: Element) -> Any:
    """The register that an element reads."""
    match element:
        case Part(word, _):
            return word
        case Offset(base, _, _):
            return base.register if isinstance(base, Wide) else base
        case _:
            return element


def _is_own(op: Any) -> bool:
    """Whether nothing but this product reads c, which is carried by the loop around it, or comes from another one."""
    c: SSAValue = op.c
    owner = c.owner
    if not c.has_one_use():
        return False
    if isinstance(owner, Block):
        return owner is op.parent and op.parent_op().name == "scf.for"
    return owner.parent is op.parent and owner.name in ("simt.wgmma", "simt.wgmma_wait")


def _wait(w: Writer, op: Any) -> None:
    w.raw(f"wgmma.wait_group.sync.aligned {op.groups.value.data};")
    for value, result in zip(op.inputs, op.outputs, strict=True):
        w.values[result] = w.values[value]


def _line(text: str) -> Handler:
    def handle(w: Writer, op: Any) -> None:
        w.raw(text)

    return handle


HANDLERS: Mapping[str, Handler] = {
    "simt.wgmma": _product,
    "simt.wgmma_fence": _line(FENCE),
    "simt.wgmma_commit": _line("wgmma.commit_group.sync.aligned;"),
    "simt.wgmma_wait": _wait,
    "simt.fence_async_shared": _line("fence.proxy.async.shared::cta;"),
}
