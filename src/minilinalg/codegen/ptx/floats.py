"""Arithmetic on floats.

f32 and f64 one element at a time, f16 and bf16 two to a register. Nothing is contracted: `.rn` says so. What has no
instruction on 16 bits is computed as f32 and rounded, which gives the same: f32 has more than twice the bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from minilinalg.codegen.ptx.conversions import as_f32, from_f32, refuse_stored
from minilinalg.codegen.ptx.elements import NARROW_FLOATS, Element, Operand, kind_of
from minilinalg.codegen.ptx.integers import on_predicates
from minilinalg.codegen.ptx.writer import Handler, Writer

ONE = {"f16": 0x3C003C00, "bf16": 0x3F803F80}
MINUS_ONE = {"f16": 0xBC00BC00, "bf16": 0xBF80BF80}
MINUS_ZERO = 0x80008000

Float: TypeAlias = Callable[[list[Operand]], Operand]
"""From operands to a result, each in a register."""


def letter_of(kind: str) -> str:
    """The register that a float of 32 or 64 bits takes."""
    return "d" if kind == "f64" else "r"


def _operands(w: Writer, op: Any) -> list[Sequence[Element]]:
    for value in op.operands:
        w.bits(value)
        refuse_stored(w, op, value)
    return [w.values[value] for value in op.operands]


def _packed(w: Writer, op: Any, kind: str, compute: Float) -> None:
    """Two elements of 16 bits at once: `compute` takes registers with two in each."""
    columns = [w.words(elements, 16) for elements in _operands(w, op)]
    words = [compute([*operands]) for operands in zip(*columns, strict=True)]
    w.values[op.results[0]] = w.parts(words, 16, len(w.values[op.operands[0]]))


def as_floats(w: Writer, op: Any, kind: str, compute: Float) -> None:
    """One element at a time, those of 16 bits as f32."""
    columns = _operands(w, op)
    if kind in NARROW_FLOATS:
        found = [compute([as_f32(w, x, kind) for x in row]) for row in zip(*columns, strict=True)]
        w.values[op.results[0]] = from_f32(w, found, kind)
    else:
        w.values[op.results[0]] = [compute([*map(w.number, row)]) for row in zip(*columns, strict=True)]


def _same(opcode: str) -> Handler:
    """An operation that is one instruction for every type: `add.rn`."""

    def handle(w: Writer, op: Any) -> None:
        kind = kind_of(op.results[0].type)
        if kind in NARROW_FLOATS:
            _packed(w, op, kind, lambda xs: _pair(w, opcode, kind, xs))
        else:
            as_floats(w, op, kind, lambda xs: w.pure(letter_of(kind), f"{opcode}.{kind}", *xs))

    return handle


def _pair(w: Writer, opcode: str, kind: str, operands: list[Operand]) -> Operand:
    """Without instructions of bf16 for them (before capability 90), sums and products are fused multiply-adds."""
    xs = [w.register(x) for x in operands]
    if kind == "bf16" and w.machine.capability < 90 and opcode in ("add.rn", "sub.rn", "mul.rn"):
        a, b = xs
        fused = {
            "add.rn": (a, ONE[kind], b),
            "sub.rn": (b, MINUS_ONE[kind], a),
            "mul.rn": (a, b, MINUS_ZERO),
        }[opcode]
        return w.pure("r", "fma.rn.bf16x2", *(w.register(x) for x in fused))
    return w.pure("r", f"{opcode}.{kind}x2", *xs)


def _extreme(name: str, *, nan: bool) -> Handler:
    """max and min: a NaN wins with `nan`, or loses."""

    def handle(w: Writer, op: Any) -> None:
        kind = kind_of(op.results[0].type)
        opcode = f"{name}.NaN" if nan else name
        if kind in NARROW_FLOATS:
            _packed(w, op, kind, lambda xs: w.pure("r", f"{opcode}.{kind}x2", *map(w.register, xs)))
        elif kind == "f64" and nan:
            as_floats(w, op, kind, lambda xs: _double_with_nan(w, *xs))
        else:
            as_floats(w, op, kind, lambda xs: w.pure(letter_of(kind), f"{opcode}.{kind}", *xs))

    def _double_with_nan(w: Writer, a: Operand, b: Operand) -> Operand:
        best = w.pure("d", f"{name}.f64", a, b)
        unordered = w.pure("p", "setp.nan.f64", a, b)
        # A sum with a NaN is one.
        return w.pure("d", "selp.b64", w.pure("d", "add.rn.f64", a, b), best, unordered)

    return handle


def _through_f32(opcode: str) -> Handler:
    """An instruction that f32 and f64 have: `div.rn`."""

    def handle(w: Writer, op: Any) -> None:
        kind = kind_of(op.results[0].type)
        wide = "f64" if kind == "f64" else "f32"
        as_floats(w, op, kind, lambda xs: w.pure(letter_of(kind), f"{opcode}.{wide}", *xs))

    return handle


def _whole(mode: str) -> Handler:
    """To a whole number, still a float."""

    def handle(w: Writer, op: Any) -> None:
        kind = kind_of(op.results[0].type)
        wide = "f64" if kind == "f64" else "f32"
        as_floats(w, op, kind, lambda xs: w.pure(letter_of(kind), f"cvt.{mode}.{wide}.{wide}", *xs))

    return handle


def _round(w: Writer, op: Any) -> None:
    """Halves away from zero: what is cut off is exact, so it can be looked at."""
    kind = kind_of(op.results[0].type)
    wide = "f64" if kind == "f64" else "f32"
    letter, half, one = ("d", 0x3FE << 52, 0x3FF << 52) if kind == "f64" else ("r", 0x3F000000, 0x3F800000)

    def compute(xs: list[Operand]) -> Operand:
        x = w.register(xs[0], letter)
        cut = w.pure(letter, f"cvt.rzi.{wide}.{wide}", x)
        rest = w.pure(letter, f"abs.{wide}", w.pure(letter, f"sub.rn.{wide}", x, cut))
        beyond = w.pure("p", f"setp.ge.{wide}", rest, half)
        step = w.pure(letter, f"copysign.{wide}", x, one)
        return w.pure(letter, f"selp.b{wide[1:]}", w.pure(letter, f"add.rn.{wide}", cut, step), cut, beyond)

    as_floats(w, op, kind, compute)


def _clamp(w: Writer, op: Any) -> None:
    """A NaN becomes the lower bound."""
    kind = kind_of(op.results[0].type)
    wide = "f64" if kind == "f64" else "f32"
    letter = letter_of(kind)

    def compute(xs: list[Operand]) -> Operand:
        x, low, high = xs
        return w.pure(letter, f"min.{wide}", w.pure(letter, f"max.{wide}", x, low), high)

    as_floats(w, op, kind, compute)


def _copy_sign(w: Writer, op: Any) -> None:
    kind = kind_of(op.results[0].type)
    if kind in NARROW_FLOATS:
        # Bits of the first operand where the mask has ones, of the second elsewhere.
        _packed(w, op, kind, lambda xs: w.pure("r", "lop3.b32", *xs, 0x7FFF7FFF, 0xE4))
    else:
        as_floats(w, op, kind, lambda xs: w.pure(letter_of(kind), f"copysign.{kind}", *reversed(xs)))


RELATIONS = (
    None, "eq", "gt", "ge", "lt", "le", "ne", "num", "equ", "gtu", "geu", "ltu", "leu", "neu", "nan", None,
)  # fmt: skip
"""arith.cmpf's predicates by number -> those of setp; the first is never true, the last always."""


def _compare(w: Writer, op: Any) -> None:
    number: int = op.predicate.value.data
    kind = kind_of(op.operands[0].type)
    relation, wide = RELATIONS[number], "f64" if kind == "f64" else "f32"
    left, right = _operands(w, op)
    if relation is None:
        w.values[op.results[0]] = [int(number == 15)] * len(left)
        return
    w.values[op.results[0]] = [
        w.pure("p", f"setp.{relation}.{wide}", *(w.number(x) if kind == "f64" else as_f32(w, x, kind) for x in pair))
        for pair in zip(left, right, strict=True)
    ]


def _test(opcode: str) -> Handler:
    def handle(w: Writer, op: Any) -> None:
        kind = kind_of(op.operands[0].type)
        wide = "f64" if kind == "f64" else "f32"
        (elements,) = _operands(w, op)
        w.values[op.results[0]] = [
            w.pure("p", f"testp.{opcode}.{wide}", w.number(x) if kind == "f64" else as_f32(w, x, kind))
            for x in elements
        ]

    return handle


SMALLEST = {"f16": 0x38800000, "bf16": 0x00800000, "f32": 0x00800000, "f64": 1 << 52}
"""The smallest normal number, of 16 bits as f32."""


def _is_normal(w: Writer, op: Any) -> None:
    """Finite, and neither zero nor subnormal."""
    kind = kind_of(op.operands[0].type)
    wide, letter = ("f64", "d") if kind == "f64" else ("f32", "r")
    infinity = 0x7FF << 52 if kind == "f64" else 0x7F800000
    (elements,) = _operands(w, op)
    found: list[Element] = []
    for element in elements:
        x = w.pure(letter, f"abs.{wide}", w.number(element) if kind == "f64" else as_f32(w, element, kind))
        above = w.pure("p", f"setp.ge.{wide}", x, SMALLEST[kind])
        found.append(w.pure("p", "and.pred", above, w.pure("p", f"setp.lt.{wide}", x, infinity)))
    w.values[op.results[0]] = found


def _select(w: Writer, op: Any) -> None:
    condition, left, right = (w.values[value] for value in op.operands)
    if len(condition) != len(left):
        condition = [condition[0]] * len(left)
    bits = w.bits(op.results[0])
    if bits < 32:
        w.values[op.results[0]] = _select_narrow(w, condition, left, right, bits)
        return
    w.values[op.results[0]] = [choose(w, *row, bits) for row in zip(condition, left, right, strict=True)]


def choose(w: Writer, condition: Element, a: Element, b: Element, bits: int) -> Element:
    """a where the condition is true, else b."""
    if isinstance(condition, int):
        return a if condition else b
    if a == b:
        return a
    p = w.predicate(condition)
    if bits == 1:
        kept = on_predicates(w, "and.pred", p, a)
        other = on_predicates(w, "and.pred", w.pure("p", "not.pred", p), b)
        return on_predicates(w, "or.pred", kept, other)
    return w.pure("d" if bits == 64 else "r", f"selp.b{bits}", w.number(a), w.number(b), p)


def _select_narrow(
    w: Writer, condition: Sequence[Element], left: Sequence[Element], right: Sequence[Element], bits: int
) -> list[Element]:
    if bits == 1:
        return [choose(w, *row, 1) for row in zip(condition, left, right, strict=True)]
    count = 32 // bits
    found: list[Element] = []
    for at in range(0, len(left), count):
        group = slice(at, at + count)
        pairs = zip(w.words(left[group], bits), w.words(right[group], bits), strict=True)
        (a, b), conditions = next(iter(pairs)), condition[group]
        if all(c == conditions[0] for c in conditions):
            chosen = w.number(choose(w, conditions[0], a, b, 32))
        else:
            # The bits of the first operand that are kept, as a mask.
            mask: Operand = 0
            for i, c in enumerate(conditions):
                ones = ((1 << bits) - 1) << i * bits
                if isinstance(c, int):
                    part: Operand = ones if c else 0
                else:
                    part = w.pure("r", "selp.b32", ones, 0, w.predicate(c))
                mask = part if mask == 0 else mask if part == 0 else w.pure("r", "or.b32", mask, part)
            chosen = w.pure("r", "lop3.b32", w.register(mask), a, b, 0xCA)
        found += w.parts([chosen], bits, len(conditions))
    return found


HANDLERS: Mapping[str, Handler] = {
    "arith.addf": _same("add.rn"),
    "arith.subf": _same("sub.rn"),
    "arith.mulf": _same("mul.rn"),
    "arith.divf": _through_f32("div.rn"),
    "arith.negf": _same("neg"),
    "math.absf": _same("abs"),
    "math.copysign": _copy_sign,
    "math.fma": _same("fma.rn"),
    "arith.maxnumf": _extreme("max", nan=False),
    "arith.minnumf": _extreme("min", nan=False),
    "arith.maximumf": _extreme("max", nan=True),
    "arith.minimumf": _extreme("min", nan=True),
    "arith.cmpf": _compare,
    "arith.select": _select,
    "math.isfinite": _test("finite"),
    "math.isinf": _test("infinite"),
    "math.isnan": _test("notanumber"),
    "math.isnormal": _is_normal,
    "math.sqrt": _through_f32("sqrt.rn"),
    "math.ceil": _whole("rpi"),
    "math.floor": _whole("rmi"),
    "math.trunc": _whole("rzi"),
    "math.roundeven": _whole("rni"),
    "math.round": _round,
    "math.clampf": _clamp,
}
