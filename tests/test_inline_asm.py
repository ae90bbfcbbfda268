"""Inline assembly: each instruction against a definition of its own in Python's numbers, operands packed or not, and
what is said of text that has no meaning here."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from test_ptx_assembles import assembled

import minilinalg as ml
from minilinalg.codegen.ptx import Machine, ptx_text
from minilinalg.errors import MinilinalgError, UnsupportedError
from minilinalg.interp import run
from minilinalg.interp.ptx import U64, Text
from minilinalg.parsing import parse_module

WORD = 0xFFFFFFFF
EDGES = [0, 1, 2, 7, 31, 32, 33, 0x7F, 0x80, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x3F800000, 0x40490FDB]


def bits(seed: int) -> np.ndarray:
    return np.concatenate([np.random.default_rng(seed).integers(0, 1 << 32, 50, np.uint64), np.array(EDGES, np.uint64)])


def signed(x: int, width: int = 32) -> int:
    return x - (1 << width) if x >> width - 1 else x


def as_float(x: int) -> float:
    return struct.unpack("<f", struct.pack("<I", x))[0]


def as_bits(x: float) -> int:
    return int(np.float32(x).view(np.uint32))


def permuted(a: int, b: int, by: int) -> int:
    both, found = b << 32 | a, 0
    for place in range(4):
        nibble = by >> 4 * place & 15
        byte = both >> 8 * (nibble & 7) & 255
        found |= (255 * (byte >> 7) if nibble & 8 else byte) << 8 * place
    return found


def field(a: int, at: int, count: int, sign: bool) -> int:
    at, count = at & 255, count & 255
    spread = signed(a) if sign else a
    if not count:
        return 0
    part = (spread >> at if at < 32 else (-1 if sign and a >> 31 else 0)) & (1 << count) - 1
    top = part >> count - 1 & 1 if count <= 32 else 0
    return (part - (1 << count) if sign and top else part) & WORD


INTEGERS: dict[str, Callable[[int, int, int], int]] = {
    "add.s32 $0, $1, $2;": lambda a, b, c: a + b,
    "sub.u32 $0, $1, $2;": lambda a, b, c: a - b,
    "mul.lo.s32 $0, $1, $2;": lambda a, b, c: a * b,
    "mul.hi.u32 $0, $1, $2;": lambda a, b, c: a * b >> 32,
    "mul.hi.s32 $0, $1, $2;": lambda a, b, c: signed(a) * signed(b) >> 32,
    "mad.lo.u32 $0, $1, $2, $3;": lambda a, b, c: a * b + c,
    "neg.s32 $0, $1;": lambda a, b, c: -a,
    "abs.s32 $0, $1;": lambda a, b, c: abs(signed(a)),
    "min.s32 $0, $1, $2;": lambda a, b, c: min(signed(a), signed(b)),
    "max.u32 $0, $1, $2;": lambda a, b, c: max(a, b),
    "and.b32 $0, $1, 0x0F0F;": lambda a, b, c: a & 0x0F0F,
    "or.b32 $0, $1, $2;": lambda a, b, c: a | b,
    "xor.b32 $0, $1, -1;": lambda a, b, c: ~a,
    "not.b32 $0, $1;": lambda a, b, c: ~a,
    "shl.b32 $0, $1, $2;": lambda a, b, c: a << b if b < 32 else 0,
    "shr.u32 $0, $1, $2;": lambda a, b, c: a >> b if b < 32 else 0,
    "shr.s32 $0, $1, $2;": lambda a, b, c: signed(a) >> min(b, 31),
    "shf.l.wrap.b32 $0, $1, $2, $3;": lambda a, b, c: ((b << 32 | a) << (c & 31)) >> 32,
    "shf.r.clamp.b32 $0, $1, $2, $3;": lambda a, b, c: (b << 32 | a) >> min(c, 32),
    "bfe.u32 $0, $1, $2, $3;": lambda a, b, c: field(a, b, c, False),
    "bfe.s32 $0, $1, 3, 5;": lambda a, b, c: field(a, 3, 5, True),
    "bfi.b32 $0, $1, $2, 4, 9;": lambda a, b, c: b & ~(511 << 4) | (a & 511) << 4,
    "prmt.b32 $0, $1, $2, $3;": permuted,
    "lop3.b32 $0, $1, $2, $3, 0xE8;": lambda a, b, c: a & b | a & c | b & c,
    "popc.b32 $0, $1;": lambda a, b, c: a.bit_count(),
    "clz.b32 $0, $1;": lambda a, b, c: 32 - a.bit_length(),
    "brev.b32 $0, $1;": lambda a, b, c: int(f"{a:032b}"[::-1], 2),
    "dp4a.s32.s32 $0, $1, $2, $3;": lambda a, b, c: (
        c + sum(signed(a >> s & 255, 8) * signed(b >> s & 255, 8) for s in range(0, 32, 8))
    ),
    "{ .reg .pred p; setp.lt.s32 p, $1, $2; selp.b32 $0, $1, $3, p; }": lambda a, b, c: (
        a if signed(a) < signed(b) else c
    ),
    "mov.b32 $0, $1; @!q add.s32 $0, $0, 1;".replace(
        "@!q", ".reg .pred q; setp.ne.u32 q, $2, 1; @!q"
    ): lambda a, b, c: a + (b == 1),
    "cvt.u32.u8 $0, $1; // the lowest byte": lambda a, b, c: a & 255,
    "cvt.s32.s8 $0, $1;": lambda a, b, c: signed(a & 255, 8),
    "cvt.sat.u8.s32 $0, $1;": lambda a, b, c: min(max(signed(a), 0), 255),
    "div.s32 $0, $1, 7;": lambda a, b, c: math.trunc(signed(a) / 7),
    "rem.u32 $0, $1, 7;": lambda a, b, c: a % 7,
    "{ .reg .b16 l, h; mov.b32 {l, h}, $1; mov.b32 $0, {h, l}; }": lambda a, b, c: a >> 16 | (a & 0xFFFF) << 16,
    "{ .reg .b64 w; mul.wide.u32 w, $1, $2; shr.u64 w, w, 8; cvt.u32.u64 $0, w; }": lambda a, b, c: a * b >> 8,
}


def computed(text: str, *operands: np.ndarray) -> np.ndarray:
    registers = {f"${i + 1}": operand for i, operand in enumerate(operands)}
    Text(text).run(registers)
    return registers["$0"]


@pytest.mark.parametrize("text", INTEGERS)
def test_integers(text: str) -> None:
    a, b, c = bits(1), bits(2)[::-1], np.roll(bits(3), 5)
    found = computed(text, a, b, c)
    expected = [INTEGERS[text](int(x), int(y), int(z)) & WORD for x, y, z in zip(a, b, c, strict=True)]
    assert (found & U64(WORD)).tolist() == expected


def rounded(fn: Callable[..., float]) -> Callable[..., float]:
    return lambda *numbers: float(np.float32(fn(*numbers)))


FLOATS: dict[str, Callable[[float, float, float], float]] = {
    "add.f32 $0, $1, $2;": rounded(lambda a, b, c: a + b),
    "sub.rn.f32 $0, $1, $2;": rounded(lambda a, b, c: a - b),
    "mul.f32 $0, $1, 0f3F000000;": rounded(lambda a, b, c: a * 0.5),
    "fma.rn.f32 $0, $1, $2, $3;": rounded(lambda a, b, c: a * b + c),
    "neg.f32 $0, $1;": lambda a, b, c: -a,
    "abs.f32 $0, $1;": lambda a, b, c: abs(a),
    "max.f32 $0, $1, $2;": lambda a, b, c: max(a, b),
    "copysign.f32 $0, $1, $2;": lambda a, b, c: math.copysign(b, a),
    "rcp.approx.ftz.f32 $0, $1;": rounded(lambda a, b, c: 1 / a),
    "div.full.f32 $0, $1, $2;": rounded(lambda a, b, c: a / b),
    "sqrt.approx.f32 $0, $2;": rounded(lambda a, b, c: math.sqrt(b)),
    "add.sat.f32 $0, $1, $2;": rounded(lambda a, b, c: min(max(a + b, 0), 1)),
    "cvt.rni.f32.f32 $0, $1;": lambda a, b, c: math.copysign(round(a), a),
    "{ .reg .b32 t; cvt.rzi.s32.f32 t, $1; cvt.rn.f32.s32 $0, t; }": lambda a, b, c: float(math.trunc(a)),
}


@pytest.mark.parametrize("text", FLOATS)
def test_floats(text: str) -> None:
    rng = np.random.default_rng(0)
    numbers = [rng.uniform(low, 3, 50).astype(np.float32) for low in (-3, 0.1, -3)]
    found = computed(text, *(x.view(np.uint32).astype(np.uint64) for x in numbers))
    expected = [as_bits(FLOATS[text](*(float(x) for x in each))) for each in zip(*numbers, strict=True)]
    assert found.tolist() == expected


@pytest.mark.parametrize(("name", "dtype"), [("bf16x2", ml_dtypes.bfloat16), ("f16x2", np.float16)])
def test_pairs(name: str, dtype: Any) -> None:
    x, y = (np.random.default_rng(s).uniform(-3, 3, 40).astype(np.float32) for s in (1, 2))
    pair = computed(f"cvt.rn.{name}.f32 $0, $1, $2;", *(v.view(np.uint32).astype(np.uint64) for v in (x, y)))
    # The first operand goes to the upper half.
    halves = pair.astype(np.uint32).view(np.uint16).reshape(-1, 2).view(dtype)
    assert (halves[:, 0] == y.astype(dtype)).all() and (halves[:, 1] == x.astype(dtype)).all()
    squares = computed(f"fma.rn.{name} $0, $1, $1, $1;", pair).astype(np.uint32).view(np.uint16).reshape(-1, 2)
    wide = halves.astype(np.float64)
    assert (squares.view(dtype) == (wide * wide + wide).astype(np.float32).astype(dtype)).all()


def test_eight_bits() -> None:
    x, y = (np.random.default_rng(s).uniform(-500, 500, 40).astype(np.float32) for s in (1, 2))
    text = "cvt.rn.satfinite.e4m3x2.f32 $0, $1, $2;"
    pair = computed(text, *(v.view(np.uint32).astype(np.uint64) for v in (x, y))).astype(np.uint16)
    halves = pair.view(np.uint8).reshape(-1, 2).view(ml_dtypes.float8_e4m3fn)
    for half, given in ((halves[:, 0], y), (halves[:, 1], x)):
        assert (half == np.clip(given, -448, 448).astype(ml_dtypes.float8_e4m3fn)).all()
    wide = computed("cvt.rn.f16x2.e4m3x2 $0, $1;", pair.astype(np.uint64)).astype(np.uint32)
    assert (wide.view(np.uint16).reshape(-1, 2).view(np.float16) == halves.astype(np.float16)).all()


UNKNOWN = [
    "ld.global.b32 $0, [$1];",
    "bra L;",
    "mov.u32 $0, %laneid;",
    "shfl.sync.bfly.b32 $0, $1, 1, 31, -1;",
    "add.q32 $0, $1, $2;",
    "add.s32 $0, $1;",
    "nonsense",
]


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_has_no_meaning(text: str) -> None:
    error = fails(kernel(text, "=r,r,r", "i32", ["i32", "i32"]))
    assert "in inline assembly" in error.diagnostic.found and error.diagnostic.places


# In kernels


def kernel(text: str, constraints: str, result: str, args: Sequence[str], packed: int = 1, count: int = 128) -> str:
    """o = the text applied to x, cut off to the type of each argument."""
    asm = f'"{text}" {{constraints = "{constraints}", packed_element = {packed} : i32, pure = true}}'
    size = f"{count}x"
    casts = "".join(
        f"%a{i} = tt.bitcast %v : tensor<{size}i32> -> tensor<{size}{t}>\n"
        if t in ("f32", "i32")
        else f"%a{i} = arith.trunci %v : tensor<{size}i32> to tensor<{size}{t}>\n"
        for i, t in enumerate(args)
    )
    names, types = ", ".join(f"%a{i}" for i in range(len(args))), ", ".join(f"tensor<{size}{t}>" for t in args)
    back = (
        f"%w = tt.bitcast %r : tensor<{size}{result}> -> tensor<{size}i32>"
        if result in ("f32", "i32")
        else f"%w = arith.extui %r : tensor<{size}{result}> to tensor<{size}i32>"
    )
    return f"""
module {{
  tt.func public @k(%x: !tt.ptr<i32>, %o: !tt.ptr<i32>) {{
    %n = tt.make_range {{end = {count} : i32, start = 0 : i32}} : tensor<{size}i32>
    %xs = tt.splat %x : !tt.ptr<i32> -> tensor<{size}!tt.ptr<i32>>
    %px = tt.addptr %xs, %n : tensor<{size}!tt.ptr<i32>>, tensor<{size}i32>
    %os = tt.splat %o : !tt.ptr<i32> -> tensor<{size}!tt.ptr<i32>>
    %po = tt.addptr %os, %n : tensor<{size}!tt.ptr<i32>>, tensor<{size}i32>
    %v = tt.load %px : tensor<{size}!tt.ptr<i32>>
    {casts}
    %r = tt.elementwise_inline_asm {asm} {names} : {types} -> tensor<{size}{result}>
    {back}
    tt.store %po, %w : tensor<{size}!tt.ptr<i32>>
    tt.return
  }}
}}
"""


def fails(text: str) -> MinilinalgError:
    with pytest.raises(UnsupportedError) as caught:
        run(parse_module(text, "k.ttir"), 1, [np.zeros(128, np.int32), np.zeros(128, np.int32)])
    return caught.value


KERNELS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "words": (kernel("add.s32 $0, $1, $2;", "=r,r,r", "i32", ["i32", "i32"]), lambda x: x + x),
    "floats": (
        kernel("mul.f32 $0, $1, 0f40000000;", "=f,f", "f32", ["f32"]),
        lambda x: (x.view(np.float32) * 2).view(np.int32),
    ),
    "halves": (kernel("not.b32 $0, $1;", "=r,r", "i16", ["i16"], 2), lambda x: ~x & 0xFFFF),
    "one half": (kernel("add.u16 $0, $1, 1;", "=h,h", "i16", ["i16"]), lambda x: (x + 1) & 0xFFFF),
    "tied": (kernel("add.s32 $0, $0, 3;", "=r,0", "i32", ["i32"]), lambda x: x + 3),
    "many words": (kernel("mov.b32 $0, $3; mov.b32 $1, $2;", "=r,=r,r,r", "i32", ["i32"], 2), lambda x: x),
}


@pytest.mark.parametrize("what", [name for name in KERNELS if name != "many words"])
@pytest.mark.parametrize("warps", [1, 4])
def test_down_the_road(what: str, warps: int) -> None:
    text, expected = KERNELS[what]
    compiled = ml.compile(text, road="simt", target="h200", num_warps=warps)
    x = np.random.default_rng(0).integers(-(2**30), 2**30, 128).astype(np.int32)
    o = np.zeros(128, np.int32)
    compiled[1](x, o, check=True)
    with np.errstate(all="ignore"):
        assert (o == expected(x)).all()


def test_elements_of_a_word_are_side_by_side() -> None:
    """Which elements form a group is not specified: they change places within it, and are all there."""
    compiled = ml.compile(KERNELS["many words"][0], road="simt", target="h200", num_warps=1)
    x, o = np.arange(128, dtype=np.int32), np.zeros(128, np.int32)
    compiled[1](x, o)
    assert sorted(o.tolist()) == x.tolist() and (o != x).all()


def test_as_ptx() -> None:
    compiled = ml.compile(KERNELS["halves"][0], road="simt", target="h200", num_warps=1)
    assert compiled.text("ptx").count("{ not.b32 %r") == 2
    module = parse_module("""
func.func @k(%o: i64) attributes {simt.threads = 32 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "o", kind = "pointer", type = i32}]} {
  %r = simt.inline_asm "// who am I\\0A mov.u32 $0, %laneid; // $$"
    {constraints = "=r", packed_element = 1 : i32, pure = false} () : () -> vector<1xi32>
  return
}
""")
    assert "{ mov.u32 %r1, %laneid; }" in ptx_text(module, Machine(80))


@pytest.mark.oracle
@pytest.mark.skipif(find_spec("triton") is None, reason="ptxas comes with triton, which is not installed")
@pytest.mark.parametrize("what", KERNELS)
def test_the_assembler_takes_it(what: str, tmp_path: Path) -> None:
    machine = Machine(90, specific=True)
    assembled(ml.compile(KERNELS[what][0], road="simt", target="h200").text("ptx"), machine, tmp_path)


@pytest.mark.parametrize(
    ("constraints", "packed", "found"),
    [
        ("=r", 1, "with constraints '=r'"),
        ("=r,r,r", 1, "with constraints '=r,r,r'"),
        ("r,r", 1, "with constraints 'r,r'"),
        ("=h,h", 1, "with constraint '=h' of tensor<128xi32>"),
        ("=r,m", 1, "with constraint 'm' of tensor<128xi32>"),
        ("=r,=r,r,r", 4, "with constraints '=r,=r,r,r'"),
    ],
)
def test_constraints_that_do_not_fit(constraints: str, packed: int, found: str) -> None:
    error = fails(kernel("mov.b32 $0, $1;", constraints, "i32", ["i32"], packed))
    assert error.diagnostic.found == f"'tt.elementwise_inline_asm' {found}" and error.diagnostic.places


def test_memory_may_be_clobbered() -> None:
    text = kernel("mov.b32 $0, $1;", "=r,r,~{memory}", "i32", ["i32"])
    x, o = np.arange(128, dtype=np.int32), np.zeros(128, np.int32)
    run(parse_module(text), 1, [x, o])
    assert (o == x).all()
