"""Small Triton kernels, run by the official interpreter as an oracle and lowered to TTIR by the official compiler.

`TRITON_INTERPRET=1 python triton_kernels.py OUT.npz` runs every case in the official interpreter and saves what its
arguments hold afterwards. Imported without that variable, `ttir(case)` gives the official TTIR.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import triton
import triton.language as tl


@triton.jit
def elementwise(x_ptr, i_ptr, f_ptr, j_ptr, n, flag, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    m = offs < n
    x = tl.load(x_ptr + offs, mask=m, other=1.0)
    i = tl.load(i_ptr + offs, mask=m)
    y = tl.fma(x, x, x) + tl.clamp(x, -1.0, 1.0) + tl.abs(x) + tl.floor(x) + tl.ceil(x)
    y = tl.maximum(y, x, propagate_nan=tl.PropagateNan.ALL) + tl.minimum(y, x) - x / 3.0
    j = (i // 3) % 7 + (i >> 2) + (i << 1) ^ (i | 5) & ~i
    j = j + tl.umulhi(i, j) - tl.abs(i)
    if flag > 0:
        y = y * 2.0
        j = j + 1
    else:
        y = y - 1.0
    k = 0
    while k < n:
        y = y + 1.0
        k += 20
    j += y.to(tl.int32) + i.to(tl.uint8).to(tl.int32) + i.to(tl.int8).to(tl.int32)
    y += i.to(tl.float32) + i.to(tl.uint16).to(tl.float32) + (x > 1.0).to(tl.float32)
    tl.store(f_ptr + offs, tl.where(i > 0, y, -y), mask=m)
    tl.store(j_ptr + offs, j, mask=m)


@triton.jit
def functions(x_ptr, o_ptr, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + offs)
    y = tl.sin(x) + tl.cos(x) + tl.log(x) + tl.exp2(x) + tl.rsqrt(x) + tl.erf(x) + tl.exp(x) + tl.log2(x)
    y = y + tl.sigmoid(x) + tl.math.sqrt_rn(x) + tl.math.div_rn(x, y) + tl.sqrt(x)
    tl.store(o_ptr + offs, y)


@triton.jit
def narrow_floats(x_ptr, o_ptr, h_ptr, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + offs)
    h = x.to(tl.float16)
    y = h.to(tl.float32) + x.to(tl.bfloat16).to(tl.float32)
    tl.store(o_ptr + offs, y + x.to(tl.float8e5).to(tl.float32) + x.to(tl.float8e4nv).to(tl.float32))
    tl.store(h_ptr + offs, h * h + h)


@triton.jit
def shapes(x_ptr, i_ptr, o_ptr, p_ptr, c_ptr, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + offs)
    z = tl.trans(tl.reshape(x, (BLOCK // 4, 4)))
    a, b = tl.split(tl.reshape(tl.permute(z, (1, 0)), (BLOCK // 4, 2, 2)))
    y = tl.reshape(tl.join(a, b + 100.0), (BLOCK,))
    tl.store(o_ptr + offs, tl.flip(tl.sort(y), 0))
    tl.store(p_ptr + offs, tl.ravel(tl.trans(z) * tl.arange(0, 4)[None, :]))
    tl.store(c_ptr + tl.arange(0, 2 * BLOCK), tl.cat(x, y))


@triton.jit
def reductions(x_ptr, o_ptr, i_ptr, s_ptr, BM: tl.constexpr, BN: tl.constexpr):
    r, c = tl.arange(0, BM), tl.arange(0, BN)
    x = tl.load(x_ptr + r[:, None] * BN + c[None, :])
    tl.store(o_ptr + r, tl.sum(x, axis=1) + tl.max(x, axis=1) * tl.min(x, axis=1))
    tl.store(i_ptr + r, tl.argmax(x, axis=1) * 100 + tl.argmin(x, axis=1))
    tl.store(i_ptr + BM + c, tl.argmax(x, axis=0))
    tl.store(s_ptr, tl.sum(tl.sum(x, 0), 0))
    tl.store(i_ptr + BM + BN, tl.xor_sum(x.to(tl.int32).reshape(BM * BN), 0))


@triton.jit
def _linear(a1, b1, a2, b2):
    return a1 * a2, b1 * a2 + b2


@triton.jit
def scans(x_ptr, a_ptr, o_ptr, p_ptr, q_ptr, BM: tl.constexpr, BN: tl.constexpr):
    o = (tl.program_id(0) * BM + tl.arange(0, BM))[:, None] * BN + tl.arange(0, BN)[None, :]
    x = tl.load(x_ptr + o)
    a = tl.load(a_ptr + o)
    tl.store(o_ptr + o, tl.cumsum(x, axis=1))
    _, y = tl.associative_scan((a, x), 1, _linear)
    tl.store(p_ptr + o, y)
    tl.store(q_ptr + o, tl.cumsum(x, axis=0, reverse=True))


@triton.jit
def matmul(a_ptr, b_ptr, c_ptr, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    om = tl.program_id(0) * BM + tl.arange(0, BM)
    on = tl.program_id(1) * BN + tl.arange(0, BN)
    ok = tl.arange(0, BK)
    acc = tl.zeros((BM, BN), dtype=tl.float32)
    for k in range(tl.cdiv(K, BK)):
        a = tl.load(a_ptr + (om % M)[:, None] * K + (k * BK + ok)[None, :], mask=ok[None, :] < K - k * BK, other=0.0)
        b = tl.load(b_ptr + (k * BK + ok)[:, None] * N + (on % N)[None, :], mask=ok[:, None] < K - k * BK, other=0.0)
        acc = tl.dot(a, b, acc)
    tl.store(c_ptr + om[:, None] * N + on[None, :], acc.to(tl.float16), mask=(om[:, None] < M) & (on[None, :] < N))


@triton.jit
def integer_dot(a_ptr, b_ptr, c_ptr, B: tl.constexpr):
    o = tl.arange(0, B)[:, None] * B + tl.arange(0, B)[None, :]
    tl.store(c_ptr + o, tl.dot(tl.load(a_ptr + o), tl.trans(tl.load(b_ptr + o))))


@triton.jit
def descriptors(a_ptr, c_ptr, M, N, BM: tl.constexpr, BN: tl.constexpr):
    a = tl.make_tensor_descriptor(a_ptr, shape=[M, N], strides=[N, 1], block_shape=[BM, BN])
    c = tl.make_tensor_descriptor(c_ptr, shape=[M, N], strides=[N, 1], block_shape=[BM, BN])
    y, x = tl.program_id(1) * BM, tl.program_id(0) * BN
    c.store([y, x], a.load([y, x]) + 1.0)


@triton.jit
def gathers(t_ptr, i_ptr, o_ptr, h_ptr, n, D: tl.constexpr, BLOCK: tl.constexpr):
    r = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    c = tl.arange(0, D)
    m = r < n
    i = tl.load(i_ptr + r, mask=m, other=0)
    x = tl.load(t_ptr + i[:, None] * D + c[None, :], mask=m[:, None], other=0.0)
    x = tl.gather(x, tl.broadcast_to((D - 1 - c)[None, :], (BLOCK, D)), 1)
    tl.store(o_ptr + r[:, None] * D + c[None, :], x, mask=m[:, None])
    tl.store(h_ptr + tl.program_id(0) * 16 + tl.arange(0, 16), tl.histogram(i, 16))


@triton.jit
def atomics(x_ptr, o_ptr, f_ptr, old_ptr, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    m = offs < n
    x = tl.load(x_ptr + offs, mask=m, other=0)
    tl.atomic_add(o_ptr + (x & 3), x, mask=m)
    tl.atomic_max(o_ptr + 4, tl.max(x, 0))
    tl.atomic_min(o_ptr + 5, tl.min(x, 0))
    tl.atomic_and(o_ptr + 6, tl.sum(x, 0))
    tl.atomic_or(o_ptr + 7, tl.sum(x, 0))
    tl.atomic_xor(o_ptr + 8, tl.sum(x, 0))
    tl.atomic_add(f_ptr + (x & 1), x.to(tl.float32), mask=m)
    old = tl.atomic_cas(o_ptr + 9, tl.program_id(0), tl.program_id(0) + 1)
    tl.store(old_ptr + tl.program_id(0), old + tl.atomic_xchg(o_ptr + 10, old))


@triton.jit
def lock(o_ptr, lock_ptr):
    while tl.atomic_cas(lock_ptr, 0, 1) == 1:
        pass
    tl.store(o_ptr, tl.load(o_ptr) * 2 + tl.program_id(0))
    tl.atomic_xchg(lock_ptr, 0)


@triton.jit
def random(o_ptr, seed, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    tl.store(o_ptr + offs, tl.rand(seed, offs))


@triton.jit(noinline=True)
def _hypotenuse(x, y):
    return tl.sqrt(x * x + y * y)


@triton.jit
def calls(x_ptr, o_ptr, n):
    pid = tl.program_id(2) * tl.num_programs(1) + tl.program_id(1)
    if pid >= n:
        return
    x = tl.load(x_ptr + pid)
    tl.store(o_ptr + pid, _hypotenuse(x, 4.0))


@triton.jit
def scaled_dot(a_ptr, as_ptr, b_ptr, bs_ptr, p_ptr, c_ptr, d_ptr, B: tl.constexpr, K: tl.constexpr):
    m, k, s = tl.arange(0, B), tl.arange(0, K), tl.arange(0, K // 32)
    a = tl.load(a_ptr + m[:, None] * K + k[None, :])
    b = tl.load(b_ptr + k[:, None] * B + m[None, :])
    packed = tl.load(p_ptr + tl.arange(0, K // 2)[:, None] * B + m[None, :])
    a_scale = tl.load(as_ptr + m[:, None] * (K // 32) + s[None, :])
    b_scale = tl.load(bs_ptr + m[:, None] * (K // 32) + s[None, :])
    o = m[:, None] * B + m[None, :]
    tl.store(c_ptr + o, tl.dot_scaled(a, a_scale, "e5m2", b, b_scale, "e4m3"))
    tl.store(d_ptr + o, tl.dot_scaled(a, a_scale, "e5m2", packed, b_scale, "e2m1"))


@triton.jit
def descriptor_rows(x_ptr, i_ptr, o_ptr, M, N, BN: tl.constexpr):
    x = tl.make_tensor_descriptor(x_ptr, shape=[M, N], strides=[N, 1], block_shape=[1, BN])
    o = tl.make_tensor_descriptor(o_ptr, shape=[M, N], strides=[N, 1], block_shape=[1, BN])
    rows = tl.load(i_ptr + tl.arange(0, 8))
    o.scatter(x.gather(rows, 8) * 2.0, (rows + 3) % M, 8)


@dataclass(frozen=True)
class Case:
    """A kernel with what specialises it, its grid, and its arguments: arrays and numbers, in the kernel's order."""

    kernel: Any
    signature: dict[str, str]
    constants: dict[str, int]
    grid: tuple[int, int, int]
    arguments: Callable[[np.random.Generator], list[Any]]
    tolerance: float = 0.0
    """Relative, for what neither side computes exactly; zero asks for the same bits."""


def _signature(types: str, *constants: str) -> Callable[[Any], dict[str, str]]:
    def of(kernel: Any) -> dict[str, str]:
        names = kernel.arg_names
        kinds = [*types.split(), *["constexpr"] * len(constants)]
        return dict(zip(names, kinds, strict=True))

    return of


def _case(
    kernel: Any, types: str, grid: tuple[int, ...], arguments: Any, tolerance: float = 0.0, **constants: int
) -> Case:
    signature = _signature(types, *constants)(kernel)
    return Case(kernel, signature, constants, (*grid, 1, 1)[:3], arguments, tolerance)  # pyright: ignore


def _integers(rng: np.random.Generator, shape: Any, low: int = -9, high: int = 9, dtype: str = "float32") -> np.ndarray:
    return rng.integers(low, high, shape).astype(dtype)


def _eighths(rng: np.random.Generator, shape: Any, low: int, high: int) -> np.ndarray:
    """Patterns of an 8-bit float between two positive ones, of either sign."""
    return (rng.integers(low, high, shape) | rng.integers(0, 2, shape) << 7).astype("uint8")


def _zeros(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.zeros(shape, dtype)


CASES = {
    "elementwise": _case(
        elementwise,
        "*fp32 *i32 *fp32 *i32 i32 i32",
        (2,),
        lambda r: [
            _integers(r, 64),
            _integers(r, 64, 1, 1 << 20, "int32"),
            _zeros(64),
            _zeros(64, dtype="int32"),
            50,
            1,
        ],
        1e-6,
        BLOCK=32,
    ),
    "functions": _case(
        functions, "*fp32 *fp32", (1,), lambda r: [r.uniform(0.1, 4, 32).astype("float32"), _zeros(32)], 2e-6, BLOCK=32
    ),
    "narrow_floats": _case(
        narrow_floats,
        "*fp32 *fp32 *fp16",
        (1,),
        # Exact in every format: the official interpreter rounds to bf16 and to 8 bits in ways of its own.
        lambda r: [_integers(r, 64, -7, 8), _zeros(64), _zeros(64, dtype="float16")],
        BLOCK=64,
    ),
    "shapes": _case(
        shapes,
        "*fp32 *i32 *fp32 *fp32 *fp32",
        (1,),
        lambda r: [_integers(r, 16), _integers(r, 16, dtype="int32"), _zeros(16), _zeros(16), _zeros(32)],
        BLOCK=16,
    ),
    "reductions": _case(
        reductions,
        "*fp32 *fp32 *i32 *fp32",
        (1,),
        lambda r: [_integers(r, (8, 16)), _zeros(8), _zeros(32, dtype="int32"), _zeros(1)],
        BM=8,
        BN=16,
    ),
    "scans": _case(
        scans,
        "*fp32 *fp32 *fp32 *fp32 *fp32",
        (2,),
        lambda r: [_integers(r, (8, 8)), _integers(r, (8, 8), -1, 2), *(_zeros(8, 8) for _ in range(3))],
        BM=4,
        BN=8,
    ),
    "matmul": _case(
        matmul,
        "*fp16 *fp16 *fp16 i32 i32 i32",
        (2, 2),
        lambda r: [
            _integers(r, (20, 40), dtype="float16"),
            _integers(r, (40, 24), dtype="float16"),
            _zeros(20, 24, dtype="float16"),
            20,
            24,
            40,
        ],
        BM=16,
        BN=16,
        BK=16,
    ),
    "integer_dot": _case(
        integer_dot,
        "*i8 *i8 *i32",
        (1,),
        lambda r: [
            _integers(r, (32, 32), -128, 128, "int8"),
            _integers(r, (32, 32), -128, 128, "int8"),
            _zeros(32, 32, dtype="int32"),
        ],
        B=32,
    ),
    "descriptors": _case(
        descriptors,
        "*fp32 *fp32 i32 i32",
        (2, 2),
        lambda r: [_integers(r, (12, 28)), _zeros(12, 28), 12, 28],
        BM=8,
        BN=16,
    ),
    "gathers": _case(
        gathers,
        "*fp32 *i32 *fp32 *i32 i32",
        (2,),
        lambda r: [
            _integers(r, (16, 8)),
            _integers(r, 16, 0, 16, "int32"),
            _zeros(16, 8),
            _zeros(32, dtype="int32"),
            13,
        ],
        D=8,
        BLOCK=8,
    ),
    "atomics": _case(
        atomics,
        "*i32 *i32 *fp32 *i32 i32",
        (3,),
        lambda r: [
            _integers(r, 48, 0, 50, "int32"),
            _zeros(11, dtype="int32"),
            _zeros(2),
            _zeros(3, dtype="int32"),
            40,
        ],
        BLOCK=16,
    ),
    "lock": _case(lock, "*i32 *i32", (4,), lambda r: [_zeros(1, dtype="int32"), _zeros(1, dtype="int32")]),
    "scaled_dot": _case(
        scaled_dot,
        "*fp8e5 *u8 *fp8e4nv *u8 *u8 *fp32 *fp32",
        (1,),
        lambda r: [
            _eighths(r, (16, 64), 0x38, 0x46),
            r.integers(126, 130, (16, 2)).astype("uint8"),
            _eighths(r, (64, 16), 0x34, 0x48),
            r.integers(126, 130, (16, 2)).astype("uint8"),
            r.integers(0, 256, (32, 16)).astype("uint8"),
            _zeros(16, 16),
            _zeros(16, 16),
        ],
        B=16,
        K=64,
    ),
    "descriptor_rows": _case(
        descriptor_rows,
        "*fp32 *i32 *fp32 i32 i32",
        (1,),
        lambda r: [_integers(r, (12, 20)), r.permutation(12)[:8].astype("int32"), _zeros(12, 20), 12, 20],
        BN=16,
    ),
    "random": _case(random, "*fp32 i32", (1,), lambda r: [_zeros(32), 1234], BLOCK=32),
    "calls": _case(calls, "*fp32 *fp32 i32", (1, 2, 3), lambda r: [_integers(r, 6), _zeros(6), 5], 1e-6),
}


def arguments(name: str) -> list[Any]:
    """The arguments of a case, the same at every call."""
    return CASES[name].arguments(np.random.default_rng(sum(name.encode())))


def ttir(case: Case) -> str:
    """The official TTIR of a case, as for sm_90."""
    from triton._C.libtriton import ir
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource, make_backend

    target = GPUTarget("cuda", 90, 32)
    backend = make_backend(target)
    options = backend.parse_options({"enable_fp_fusion": False})
    context = ir.context()
    ir.load_dialects(context)
    backend.load_dialects(context)
    source = ASTSource(case.kernel, case.signature, case.constants, {})
    codegen = backend.get_codegen_implementation(options)
    module = source.make_ir(target, options, codegen, backend.get_module_map(), context)
    backend.make_ttir(module, {}, options, 90)
    return module.str()


EIGHT_BITS = {"*fp8e5": "float8_e5m2", "*fp8e4nv": "float8_e4m3fn"}


def interpret(path: str) -> None:
    """Runs all cases in the official interpreter and saves their arrays as CASE.NUMBER."""
    import torch

    triton.set_allocator(lambda size, alignment, stream: torch.empty(size, dtype=torch.int8))
    saved: dict[str, np.ndarray] = {}
    for name, case in CASES.items():
        given = [torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in arguments(name)]
        kinds = [EIGHT_BITS.get(kind) for kind in case.signature.values()]
        given = [a if kind is None else a.view(getattr(torch, kind)) for a, kind in zip(given, kinds, strict=False)]
        case.kernel[case.grid](*given, **case.constants)
        saved |= {
            f"{name}.{k}": (a.view(torch.uint8) if kinds[k] else a).numpy()
            for k, a in enumerate(given)
            if isinstance(a, torch.Tensor)
        }
    np.savez(path, **saved)


if __name__ == "__main__":
    interpret(sys.argv[1])
