"""Products of matrices in registers: mma.sync for a warp, fma for a thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minilinalg.codegen.ptx.conversions import as_f32
from minilinalg.codegen.ptx.elements import BITS, NARROW_FLOATS, Element, Operand, kind_of
from minilinalg.codegen.ptx.floats import letter_of
from minilinalg.codegen.ptx.writer import Handler, Writer
from minilinalg.dialects.simt.dot import numbers

TYPES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("f16", "f32"): ("f16", "f32"),
    ("f16", "f16"): ("f16", "f16"),
    ("bf16", "f32"): ("bf16", "f32"),
    ("f32", "f32"): ("tf32", "f32"),
    ("i8", "i32"): ("s8", "s32"),
    ("f64", "f64"): ("f64", "f64"),
}
"""Elements of a and b, of c -> how mma.sync calls them."""


def _mma(w: Writer, op: Any) -> None:
    kinds = kind_of(op.a.type), kind_of(op.c.type)
    if kinds not in TYPES or kind_of(op.b.type) != kinds[0]:
        raise w.unsupported(
            f"'{op.name}' of {kind_of(op.a.type)} and {kind_of(op.b.type)} into {kinds[1]}",
            f"products on tensor cores: {', '.join(f'{a} into {c}' for a, c in TYPES)}",
        )
    operand, total = TYPES[kinds]
    (m, n, k), (tm, tn, tk) = numbers(op.shape), numbers(op.tiles)
    name = f"mma.sync.aligned.m{m}n{n}k{k}.row.col.{total}.{operand}.{operand}.{total}"
    a = _fragments(w, op.a, tm * tk, operand)
    b = _fragments(w, op.b, tn * tk, operand)
    c = _fragments(w, op.c, tm * tn, total)
    letter = letter_of(kinds[1])
    words: list[Operand] = []
    for row in range(tm):
        for column in range(tn):
            tile = c[row * tn + column]
            for deep in range(tk):
                into = [w.new(letter) for _ in tile]
                groups = (into, a[row * tk + deep], b[column * tk + deep], tile)
                w.raw(f"{name} {', '.join(map(_group, groups))};", tuple(into), needed=False)
                tile = into
            words += tile
    bits, count = w.bits(op.c), len(w.values[op.c])
    w.values[op.d] = list(words) if bits == 64 else w.parts(words, bits, count)


def _group(registers: Sequence[str]) -> str:
    return f"{{{', '.join(registers)}}}"


def _fragments(w: Writer, value: Any, tiles: int, type: str) -> list[list[str]]:
    """The registers of each tile."""
    bits, elements = w.bits(value), w.values[value]
    words = elements if bits == 64 else w.words(elements, bits)
    registers = [w.register(word, "d" if bits == 64 else "r") for word in words]
    if type == "tf32":
        registers = [w.pure("r", "cvt.rna.tf32.f32", register) for register in registers]
    size = len(registers) // tiles
    return [registers[at : at + size] for at in range(0, len(registers), size)]


def _fma_dot(w: Writer, op: Any) -> None:
    kind, source = kind_of(op.c.type), kind_of(op.a.type)
    m, n, k = numbers(op.sizes)
    if kind == "f16":
        _fma_dot_pairs(w, op, m, n, k)
        return
    a, b = ([_multiplicand(w, x, source, kind) for x in w.values[value]] for value in (op.a, op.b))
    opcode = {"f32": "fma.rn.f32", "f64": "fma.rn.f64", "i32": "mad.lo.s32"}[kind]
    found: list[Element] = [w.number(x) for x in w.values[op.c]]
    for row in range(m):
        for column in range(n):
            total = w.number(found[row * n + column])
            for deep in range(k):
                total = w.pure(letter_of(kind), opcode, a[row * k + deep], b[deep * n + column], total)
            found[row * n + column] = total
    w.values[op.d] = found


def _multiplicand(w: Writer, element: Element, source: str, kind: str) -> Operand:
    """An element of a or b in the type of the sum."""
    if kind == "f32":
        return as_f32(w, element, source)
    if kind == "i32":
        return w.widened(element, BITS[source], sign=True) if BITS[source] < 32 else w.number(element)
    return w.number(element) if source == "f64" else w.pure("d", "cvt.f64.f32", as_f32(w, element, source))


def _fma_dot_pairs(w: Writer, op: Any, m: int, n: int, k: int) -> None:
    """Sums of f16, two columns at a time."""
    if kind_of(op.a.type) not in NARROW_FLOATS[:1]:
        raise w.unsupported(f"'{op.name}' of {kind_of(op.a.type)} into f16", "a sum of f16 is one of products of f16")
    a, b, c = (w.values[value] for value in (op.a, op.b, op.c))
    found: list[Element] = []
    for row in range(m):
        for column in range(0, n, 2):
            columns = range(column, min(column + 2, n))
            (total,) = w.words([c[row * n + j] for j in columns], 16)
            for deep in range(k):
                (left,) = w.words([a[row * k + deep]] * 2, 16)
                (right,) = w.words([b[deep * n + j] for j in columns], 16)
                total = w.pure("r", "fma.rn.f16x2", *(w.register(x) for x in (left, right, total)))
            found += w.parts([total], 16, len(columns))
    w.values[op.d] = found


HANDLERS: Mapping[str, Handler] = {"simt.mma_sync": _mma, "simt.fma_dot": _fma_dot}
