"""Kernels around the operations of tt that few kernels use: other combiners, scans, atomics, descriptors, calls."""

from typing import NamedTuple

import triton
import triton.language as tl
from triton.language.extra.cuda import libdevice

# Reductions


@triton.jit
def welford(mean1, m2_1, n1, mean2, m2_2, n2):
    delta = mean2 - mean1
    n = n1 + n2
    share = tl.where(n == 0.0, 0.0, n2 / n)
    return mean1 + delta * share, m2_1 + m2_2 + delta * delta * n1 * share, n


@triton.jit
def layernorm_welford(x_ptr, y_ptr, N, eps, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    c = tl.arange(0, BLOCK)
    mean = tl.zeros((BLOCK,), tl.float32)
    m2 = tl.zeros((BLOCK,), tl.float32)
    count = tl.zeros((BLOCK,), tl.float32)
    for start in range(0, N, BLOCK):
        mask = start + c < N
        x = tl.load(x_ptr + row * N + start + c, mask=mask, other=0.0)
        one = tl.where(mask, 1.0, 0.0)
        mean, m2, count = welford(mean, m2, count, tl.where(mask, x, 0.0), tl.zeros((BLOCK,), tl.float32), one)
    m, s, n = tl.reduce((mean, m2, count), 0, welford)
    scale = 1 / tl.sqrt(s / n + eps)
    for start in range(0, N, BLOCK):
        mask = start + c < N
        x = tl.load(x_ptr + row * N + start + c, mask=mask, other=0.0)
        tl.store(y_ptr + row * N + start + c, (x - m) * scale, mask=mask)


@triton.jit
def join_softmax(max1, sum1, max2, sum2):
    top = tl.maximum(max1, max2)
    return top, sum1 * tl.exp(max1 - top) + sum2 * tl.exp(max2 - top)


@triton.jit
def softmax_pairs(x_ptr, y_ptr, M, N, BM: tl.constexpr, BN: tl.constexpr):
    r = tl.program_id(0) * BM + tl.arange(0, BM)
    c = tl.arange(0, BN)
    mask = (r[:, None] < M) & (c[None, :] < N)
    x = tl.load(x_ptr + r[:, None] * N + c[None, :], mask=mask, other=-1e30)
    top, total = tl.reduce((x, tl.full((BM, BN), 1.0, tl.float32)), 1, join_softmax)
    tl.store(y_ptr + r[:, None] * N + c[None, :], tl.exp(x - top[:, None]) / total[:, None], mask=mask)


@triton.jit
def low_and_high(low1, high1, low2, high2):
    return tl.minimum(low1, low2), tl.maximum(high1, high2)


@triton.jit
def column_range(x_ptr, low_ptr, high_ptr, M, N, BM: tl.constexpr, BN: tl.constexpr):
    r = tl.arange(0, BM)
    c = tl.program_id(0) * BN + tl.arange(0, BN)
    mask = (r[:, None] < M) & (c[None, :] < N)
    at = r[:, None] * N + c[None, :]
    low = tl.load(x_ptr + at, mask=mask, other=2147483647)
    high = tl.load(x_ptr + at, mask=mask, other=-2147483648)
    low, high = tl.reduce((low, high), 0, low_and_high)
    tl.store(low_ptr + c, low, mask=c < N)
    tl.store(high_ptr + c, high, mask=c < N)


@triton.jit
def row_argmin(x_ptr, y_ptr, M, N, BM: tl.constexpr, BN: tl.constexpr):
    r = tl.program_id(0) * BM + tl.arange(0, BM)
    c = tl.arange(0, BN)
    mask = (r[:, None] < M) & (c[None, :] < N)
    x = tl.load(x_ptr + r[:, None] * N + c[None, :], mask=mask, other=float("inf"))
    tl.store(y_ptr + r, tl.argmin(x, axis=1), mask=r < M)


@triton.jit
def multiply(a, b):
    return a * b


@triton.jit
def product_and_xor(x_ptr, i_ptr, p_ptr, q_ptr, N, BLOCK: tl.constexpr):
    c = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + c, mask=c < N, other=1.0)
    i = tl.load(i_ptr + c, mask=c < N, other=0)
    tl.store(p_ptr, tl.reduce(x, 0, multiply))
    tl.store(q_ptr, tl.xor_sum(i, axis=0))


# Scans


@triton.jit
def column_sums_from_below(x_ptr, y_ptr, M, N, BM: tl.constexpr, BN: tl.constexpr):
    r = tl.arange(0, BM)
    c = tl.program_id(0) * BN + tl.arange(0, BN)
    mask = (r[:, None] < M) & (c[None, :] < N)
    x = tl.load(x_ptr + r[:, None] * N + c[None, :], mask=mask, other=0)
    tl.store(y_ptr + r[:, None] * N + c[None, :], tl.cumsum(x, axis=0, reverse=True), mask=mask)


@triton.jit
def then(a1, b1, a2, b2):
    return a1 * a2, b1 * a2 + b2


@triton.jit
def linear_recurrence(a_ptr, b_ptr, y_ptr, M, N, BM: tl.constexpr, BN: tl.constexpr):
    r = tl.program_id(0) * BM + tl.arange(0, BM)
    c = tl.arange(0, BN)
    mask = (r[:, None] < M) & (c[None, :] < N)
    at = r[:, None] * N + c[None, :]
    a = tl.load(a_ptr + at, mask=mask, other=1.0)
    b = tl.load(b_ptr + at, mask=mask, other=0.0)
    _, y = tl.associative_scan((a, b), 1, then)
    tl.store(y_ptr + at, y, mask=mask)


@triton.jit
def running_product(x_ptr, y_ptr, N, BLOCK: tl.constexpr):
    c = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + c, mask=c < N, other=1)
    tl.store(y_ptr + c, tl.cumprod(x, axis=0), mask=c < N)


# Whole blocks


@triton.jit
def counts(x_ptr, h_ptr, N, BINS: tl.constexpr, BLOCK: tl.constexpr):
    c = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + c, mask=c < N)
    tl.store(h_ptr + tl.arange(0, BINS), tl.histogram(x, BINS, mask=c < N))


@triton.jit
def sorted_rows(x_ptr, y_ptr, N, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    c = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * N + c, mask=c < N, other=float("inf"))
    tl.store(y_ptr + row * N + c, tl.sort(x), mask=c < N)


@triton.jit
def largest(x_ptr, y_ptr, N, K: tl.constexpr, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    c = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * N + c, mask=c < N, other=float("-inf"))
    tl.store(y_ptr + row * K + tl.arange(0, K), tl.topk(x, K))


@triton.jit
def permuted_columns(x_ptr, i_ptr, y_ptr, M: tl.constexpr, N: tl.constexpr):
    r = tl.arange(0, M)
    c = tl.arange(0, N)
    at = r[:, None] * N + c[None, :]
    y = tl.gather(tl.load(x_ptr + at), tl.load(i_ptr + at), 1)
    tl.store(y_ptr + at, y)


@triton.jit
def looked_up(x_ptr, i_ptr, y_ptr, n, m, N: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    table = tl.load(x_ptr + tl.arange(0, N), mask=tl.arange(0, N) < n, other=-1.0) * 2
    i = tl.load(i_ptr + offs, mask=offs < m, other=0)
    tl.store(y_ptr + offs, tl.gather(table, i.to(tl.int32) & 127, 0), mask=offs < m)


@triton.jit
def picked_rows(x_ptr, i_ptr, y_ptr, n, A: tl.constexpr, M: tl.constexpr, K: tl.constexpr, N: tl.constexpr):
    a, m, k, c = tl.arange(0, A), tl.arange(0, M), tl.arange(0, K), tl.arange(0, N)
    columns = c[None, None, :] < n
    x = tl.load(x_ptr + a[:, None, None] * M * N + m[None, :, None] * N + c[None, None, :], mask=columns, other=0)
    at = a[:, None, None] * K * N + k[None, :, None] * N + c[None, None, :]
    i = tl.load(i_ptr + at, mask=columns, other=0)
    tl.store(y_ptr + at, tl.gather(x, i, 1), mask=columns)


@triton.jit
def reversed_and_interleaved(x_ptr, y_ptr, z_ptr, N: tl.constexpr):
    c = tl.arange(0, N)
    x = tl.load(x_ptr + c)
    y = tl.flip(x, 0)
    tl.store(y_ptr + c, y)
    both = tl.interleave(x, y)
    again, _ = tl.split(tl.reshape(both, (N, 2)))
    tl.store(z_ptr + tl.arange(0, 2 * N), tl.cat(again, y, can_reorder=True))


# Elements


@triton.jit
def library(x_ptr, y_ptr, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + offs, mask=offs < n, other=1.0)
    y = libdevice.tanh(x) + libdevice.pow(tl.abs(x), 1.5) + libdevice.rint(x) + libdevice.log1p(tl.abs(x))
    y += libdevice.copysign(2.0, x) + libdevice.fmod(x, 0.75) + libdevice.trunc(x) + libdevice.erf(x)
    y = tl.where(libdevice.isnan(x), 0.0, y)
    tl.store(y_ptr + offs, y, mask=offs < n)


@triton.jit
def bounded(x):
    if x < -1.0:
        return -1.0
    elif x > 1.0:
        return 1.0
    else:
        return x


@triton.jit
def by_element(x_ptr, y_ptr, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + offs, mask=offs < n, other=0.0)
    tl.store(y_ptr + offs, tl.map_elementwise(bounded, x), mask=offs < n)


@triton.jit
def low_then_high(a, b, c, d):
    ab, cd = tl.minimum(a, b), tl.minimum(c, d)
    return ab, a + b - ab, cd * 2, c - cd


@triton.jit
def by_pairs(x_ptr, y_ptr, low_ptr, high_ptr, BM: tl.constexpr, BN: tl.constexpr):
    at = tl.arange(0, BM)[:, None] * BN + tl.arange(0, BN)[None, :]
    x, y = tl.load(x_ptr + at), tl.load(y_ptr + at)
    low, high = tl.map_elementwise(low_then_high, x, y, pack=2)
    tl.store(low_ptr + at, low)
    tl.store(high_ptr + at, high)


@triton.jit
def whole_quotient(a, b):
    if b == 0:
        return -1
    return a // b


@triton.jit
def greatest_divisor(a, b):
    while b != 0:
        a, b = b, a % b
    return a


@triton.jit
def in_turn(x_ptr, y_ptr, q_ptr, d_ptr, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + offs, mask=offs < n, other=1)
    y = tl.load(y_ptr + offs, mask=offs < n, other=1)
    tl.store(q_ptr + offs, tl.map_elementwise(whole_quotient, x, y), mask=offs < n)
    tl.store(d_ptr + offs, tl.map_elementwise(greatest_divisor, x, y), mask=offs < n)


@triton.jit
def narrow(x_ptr, a_ptr, b_ptr, c_ptr, y_ptr, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    x = tl.load(x_ptr + offs, mask=mask, other=0.0)
    a = x.to(tl.float8e5)
    tl.store(a_ptr + offs, a, mask=mask)
    b = x.to(tl.float8e4nv)
    tl.store(b_ptr + offs, b, mask=mask)
    c = x.to(tl.float16)
    tl.store(c_ptr + offs, c, mask=mask)
    tl.store(y_ptr + offs, a.to(tl.float32) + b.to(tl.float32) + c.to(tl.float32), mask=mask)


@triton.jit
def toward_zero(x_ptr, a_ptr, b_ptr, c_ptr, d_ptr, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    x = tl.load(x_ptr + offs, mask=mask, other=0.0)
    a = x.to(tl.float8e5, fp_downcast_rounding="rtz")
    tl.store(a_ptr + offs, a, mask=mask)
    tl.store(b_ptr + offs, x.to(tl.bfloat16, fp_downcast_rounding="rtz"), mask=mask)
    tl.store(c_ptr + offs, x.to(tl.float16, fp_downcast_rounding="rtz"), mask=mask)
    tl.store(d_ptr + offs, a.to(tl.float8e4nv), mask=mask)


@triton.jit
def exact_elements(x_ptr, y_ptr, i_ptr, z_ptr, j_ptr, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    x = tl.load(x_ptr + offs, mask=mask, other=1.0)
    y = tl.load(y_ptr + offs, mask=mask, other=1.0)
    i = tl.load(i_ptr + offs, mask=mask, other=0)
    z = tl.div_rn(x, y) + tl.sqrt_rn(tl.abs(x)) + tl.clamp(x, -1.0, 1.0) + tl.fdiv(y, x)
    tl.store(z_ptr + offs, z, mask=mask)
    bits = x.to(tl.int32, bitcast=True)
    tl.store(j_ptr + offs, tl.umulhi(i, i) + (bits >> 31), mask=mask)


# Products


@triton.jit
def products(a_ptr, b_ptr, c_ptr, B: tl.constexpr, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr):
    s = tl.arange(0, B)[:, None, None]
    m, n, k = tl.arange(0, M), tl.arange(0, N), tl.arange(0, K)
    a = tl.load(a_ptr + s * M * K + m[None, :, None] * K + k[None, None, :])
    b = tl.load(b_ptr + s * K * N + k[None, :, None] * N + n[None, None, :])
    tl.store(c_ptr + s * M * N + m[None, :, None] * N + n[None, None, :], tl.dot(a, b, input_precision="ieee"))


@triton.jit
def summed_products(
    a_ptr, b_ptr, c_ptr, S, M, N, K, B: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr
):
    s = tl.program_id(0) * B + tl.arange(0, B)[:, None, None]
    m, n, k = tl.arange(0, BM)[None, :, None], tl.arange(0, BN)[None, None, :], tl.arange(0, BK)
    acc = tl.zeros((B, BM, BN), tl.float32)
    for start in range(0, K, BK):
        ka, kb = start + k[None, None, :], start + k[None, :, None]
        a = tl.load(a_ptr + s * M * K + m * K + ka, mask=(s < S) & (m < M) & (ka < K), other=0.0)
        b = tl.load(b_ptr + s * K * N + kb * N + n, mask=(s < S) & (kb < K) & (n < N), other=0.0)
        acc = tl.dot(a, b, acc)
    tl.store(c_ptr + s * M * N + m * N + n, acc, mask=(s < S) & (m < M) & (n < N))


@triton.jit
def one_product(a_ptr, b_ptr, c_ptr, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, OUT: tl.constexpr):
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    acc = tl.zeros((BM, BN), OUT)
    for start in range(0, K, BK):
        k = start + tl.arange(0, BK)
        a = tl.load(a_ptr + m[:, None] * K + k[None, :], mask=(m[:, None] < M) & (k[None, :] < K), other=0.0)
        b = tl.load(b_ptr + k[:, None] * N + n[None, :], mask=(k[:, None] < K) & (n[None, :] < N), other=0.0)
        acc = tl.dot(a, b, acc, out_dtype=OUT)
    tl.store(c_ptr + m[:, None] * N + n[None, :], acc, mask=(m[:, None] < M) & (n[None, :] < N))


@triton.jit
def scaled_product(a_ptr, sa_ptr, b_ptr, sb_ptr, c_ptr, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr):
    m, n, k = tl.arange(0, M), tl.arange(0, N), tl.arange(0, K)
    s = tl.arange(0, K // 32)
    a = tl.load(a_ptr + m[:, None] * K + k[None, :])
    b = tl.load(b_ptr + k[:, None] * N + n[None, :])
    sa = tl.load(sa_ptr + m[:, None] * (K // 32) + s[None, :])
    sb = tl.load(sb_ptr + n[:, None] * (K // 32) + s[None, :])
    tl.store(c_ptr + m[:, None] * N + n[None, :], tl.dot_scaled(a, sa, "e5m2", b, sb, "e4m3"))


@triton.jit
def scaled_pairs(a_ptr, sa_ptr, b_ptr, sb_ptr, c_ptr, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr):
    m, n, k = tl.arange(0, M), tl.arange(0, N), tl.arange(0, K // 2)
    s = tl.arange(0, K // 32)
    a = tl.load(a_ptr + m[:, None] * (K // 2) + k[None, :])
    b = tl.load(b_ptr + tl.arange(0, K)[:, None] * (N // 2) + tl.arange(0, N // 2)[None, :])
    sa = tl.load(sa_ptr + m[:, None] * (K // 32) + s[None, :])
    sb = tl.load(sb_ptr + n[:, None] * (K // 32) + s[None, :])
    c = tl.dot_scaled(a, sa, "e2m1", b, sb, "e2m1", rhs_k_pack=False)
    tl.store(c_ptr + m[:, None] * N + n[None, :], c)


@triton.jit
def scaled_half(a_ptr, b_ptr, sb_ptr, c_ptr, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr):
    m, n, k = tl.arange(0, M), tl.arange(0, N), tl.arange(0, K)
    a = tl.load(a_ptr + m[:, None] * K + k[None, :])
    b = tl.load(b_ptr + k[:, None] * N + n[None, :])
    sb = tl.load(sb_ptr + n[:, None] * (K // 32) + tl.arange(0, K // 32)[None, :])
    c = tl.load(c_ptr + m[:, None] * N + n[None, :])
    tl.store(c_ptr + m[:, None] * N + n[None, :], tl.dot_scaled(a, None, "fp16", b, sb, "e4m3", acc=c))


# Memory


@triton.jit
def split_k(a_ptr, b_ptr, c_ptr, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    k = tl.program_id(2) * BK + tl.arange(0, BK)
    a = tl.load(a_ptr + m[:, None] * K + k[None, :], mask=(m[:, None] < M) & (k[None, :] < K), other=0.0)
    b = tl.load(b_ptr + k[:, None] * N + n[None, :], mask=(k[:, None] < K) & (n[None, :] < N), other=0.0)
    mask = (m[:, None] < M) & (n[None, :] < N)
    tl.atomic_add(c_ptr + m[:, None] * N + n[None, :], tl.dot(a, b), mask=mask)


@triton.jit
def tickets(x_ptr, total_ptr, top_ptr, order_ptr, n, BLOCK: tl.constexpr):
    pid = tl.program_id(0)
    offs = pid * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + offs, mask=offs < n, other=-1000)
    tl.atomic_max(top_ptr + tl.arange(0, BLOCK), x)
    ticket = tl.atomic_add(total_ptr, 1)
    tl.store(order_ptr + ticket, pid)


@triton.jit
def locked_counts(x_ptr, hist_ptr, lock_ptr, n, BINS: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    h = tl.histogram(tl.load(x_ptr + offs, mask=offs < n, other=0), BINS)
    while tl.atomic_cas(lock_ptr, 0, 1) == 1:
        pass
    b = tl.arange(0, BINS)
    tl.store(hist_ptr + b, tl.load(hist_ptr + b) + h)
    tl.debug_barrier()
    tl.atomic_xchg(lock_ptr, 0)


@triton.jit
def described_matmul(a_ptr, b_ptr, c_ptr, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    a = tl.make_tensor_descriptor(a_ptr, [M, K], [K, 1], [BM, BK])
    b = tl.make_tensor_descriptor(b_ptr, [K, N], [N, 1], [BK, BN])
    c = tl.make_tensor_descriptor(c_ptr, [M, N], [N, 1], [BM, BN])
    m = tl.program_id(0) * BM
    n = tl.program_id(1) * BN
    acc = tl.zeros((BM, BN), tl.float32)
    for k in range(0, K, BK):
        acc = tl.dot(a.load([m, k]), b.load([k, n]), acc)
    c.store([m, n], acc)


@triton.jit
def described_sum(x_ptr, y_ptr, M, N, BM: tl.constexpr, BN: tl.constexpr):
    x = tl.make_tensor_descriptor(x_ptr, [M, N], [N, 1], [BM, BN])
    y = tl.make_tensor_descriptor(y_ptr, [BM, N], [N, 1], [BM, BN])
    m = tl.program_id(0) * BM
    n = tl.program_id(1) * BN
    y.atomic_add([0, n], x.load([m, n]))


@triton.jit
def paged_attention(
    q_ptr, k_ptr, v_ptr, table_ptr, lengths_ptr, o_ptr, scale, PAGES, D: tl.constexpr, PAGE: tl.constexpr
):  # fmt: skip
    row = tl.program_id(0)
    d, t = tl.arange(0, D), tl.arange(0, PAGE)
    length = tl.load(lengths_ptr + row)
    q = tl.load(q_ptr + row * D + d)
    top, total, acc = float("-inf"), 0.0, tl.zeros((D,), tl.float32)
    for start in range(0, length, PAGE):
        page = tl.load(table_ptr + row * PAGES + start // PAGE)
        at = page * PAGE * D + t[:, None] * D + d[None, :]
        inside = start + t < length
        k = tl.load(k_ptr + at, mask=inside[:, None], other=0.0)
        v = tl.load(v_ptr + at, mask=inside[:, None], other=0.0)
        s = tl.where(inside, tl.sum(k * q[None, :], 1) * scale, float("-inf"))
        new = tl.maximum(top, tl.max(s, 0))
        p = tl.exp(s - new)
        again = tl.exp(top - new)
        acc = acc * again + tl.sum(p[:, None] * v, 0)
        total = total * again + tl.sum(p, 0)
        top = new
    tl.store(o_ptr + row * D + d, acc / total)


@triton.jit
def both_ends(x_ptr, y_ptr, a, b, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = ((offs < a) | (offs >= b)) & (offs < n)
    x = tl.load(x_ptr + offs, mask=mask, other=5.0)
    tl.store(y_ptr + offs, x + 1, mask=mask)


# Control


@triton.jit
def until_negative(x_ptr, y_ptr, step):
    pid = tl.program_id(0)
    p = x_ptr + pid
    v = tl.load(p)
    total = 0
    while v >= 0:
        total += v
        p += step
        v = tl.load(p)
    tl.store(y_ptr + pid, total)


@triton.jit
def early_return(x_ptr, y_ptr, n, BLOCK: tl.constexpr):
    pid = tl.program_id(0)
    if pid * BLOCK >= n:
        return
    offs = pid * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + offs, mask=offs < n)
    tl.store(y_ptr + offs, x + 1, mask=offs < n)


@triton.jit(noinline=True)
def factor(low):
    if low < 0:
        return low * 3
    return low + 2


@triton.jit
def called(x_ptr, y_ptr, n, low, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + offs, mask=offs < n)
    tl.store(y_ptr + offs, x * factor(low), mask=offs < n)


@triton.jit
def printed(x_ptr, n, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + offs, mask=offs < n, other=0)
    tl.device_print("x: ", x)


@triton.jit
def asserted(x_ptr, y_ptr, n, high, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + offs, mask=offs < n)
    tl.device_assert(high > 0, "no limit")
    tl.device_assert(x < high, "too large", mask=offs < n)
    tl.device_print("row", tl.program_id(0), tl.reshape(offs, (2, BLOCK // 2)), hex=True)
    tl.store(y_ptr + offs, x, mask=offs < n)


# Pointers that point into no one argument


@triton.jit
def either_array(x_ptr, y_ptr, out_ptr, n, k, BLOCK: tl.constexpr):
    pid = tl.program_id(0)
    source = y_ptr
    if pid < k:
        source = x_ptr
    i = pid * BLOCK + tl.arange(0, BLOCK)
    tl.store(out_ptr + i, tl.load(source + i, mask=i < n, other=7.0), mask=i < n)


@triton.jit
def either_block(x_ptr, y_ptr, n, stride, BLOCK: tl.constexpr):
    pid = tl.program_id(0)
    i = pid * BLOCK + tl.arange(0, BLOCK)
    if pid % 2 == 0:
        ptrs = x_ptr + i
    else:
        ptrs = y_ptr + i * stride
    tl.store(ptrs, tl.load(ptrs, mask=i < n) + 1, mask=i < n)


@triton.jit
def either_element(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    ptrs = tl.where(i % 3 == 0, x_ptr + i, y_ptr + i)
    x = tl.load(ptrs, mask=i < n)
    tl.store(ptrs, 2 * x, mask=i < n)
    tl.store(out_ptr + i, x, mask=i < n)


@triton.jit
def added_to_either(x_ptr, y_ptr, v_ptr, old_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    v = tl.load(v_ptr + i, mask=i < n, other=0)
    tl.atomic_add(tl.where(v < 0, x_ptr + i % 4, y_ptr + i % 5), v, mask=i < n)
    one = tl.where(tl.program_id(0) % 2 == 0, x_ptr, y_ptr)
    tl.store(old_ptr + tl.program_id(0), tl.atomic_max(one + 5, tl.program_id(0)))


@triton.jit
def ping_pong(a_ptr, b_ptr, n, steps, BLOCK: tl.constexpr):
    source, target = a_ptr, b_ptr
    i = tl.arange(0, BLOCK)
    for _ in range(steps):
        left = tl.load(source + i - 1, mask=(i > 0) & (i < n), other=0)
        right = tl.load(source + i + 1, mask=i < n - 1, other=0)
        tl.store(target + i, left - right, mask=i < n)
        tl.debug_barrier()
        source, target = target, source


@triton.jit
def ping_pong_blocks(a_ptr, b_ptr, n, steps, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    source, target = a_ptr + i, b_ptr + i
    for k in range(steps):
        tl.store(target, tl.load(source, mask=i < n) + k, mask=i < n)
        tl.debug_barrier()
        source, target = target, source


@triton.jit
def exchanged_while(a_ptr, b_ptr, out_ptr, n):
    p, q = a_ptr, b_ptr
    total = 0
    while tl.load(p) < n:
        value = tl.load(p)
        total += value
        tl.store(p, value + 3)
        tl.debug_barrier()
        p, q = q, p
    tl.store(out_ptr, total)
    tl.store(out_ptr + 1, tl.load(q))


@triton.jit
def noted_rows(x_ptr, table_ptr, out_ptr, n, stride, ROWS: tl.constexpr, BLOCK: tl.constexpr):
    r = tl.arange(0, ROWS)
    tl.store(table_ptr + r, (x_ptr + (r * 7 % ROWS) * stride).to(tl.int64))
    tl.debug_barrier()
    i = tl.arange(0, BLOCK)
    starts = tl.load(table_ptr + r).to(tl.pointer_type(tl.float32))
    mask = (i[None, :] < n) & (r[:, None] >= 0)
    block = tl.load(starts[:, None] + i[None, :], mask=mask)
    tl.store(starts[:, None] + i[None, :], -block, mask=mask)
    tl.store(out_ptr + r[:, None] * n + i[None, :], block, mask=mask)


@triton.jit
def as_bits(x_ptr, out_ptr, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    bits = x_ptr.to(tl.pointer_type(tl.int16), bitcast=True)
    tl.store(out_ptr + i, tl.load(bits + 2 * i + 1, mask=i < n), mask=i < n)


class Specialisation(NamedTuple):
    """What a kernel is compiled for: the types of its arguments, and its constants."""

    types: str
    constants: dict[str, object]
    name: str = ""
    debug: bool = False


SPECIALISATIONS = (
    (layernorm_welford, Specialisation("*fp32 *fp32 i32 fp32", {"BLOCK": 64})),
    (softmax_pairs, Specialisation("*fp32 *fp32 i32 i32", {"BM": 4, "BN": 64})),
    (column_range, Specialisation("*i32 *i32 *i32 i32 i32", {"BM": 32, "BN": 16})),
    (row_argmin, Specialisation("*fp16 *i32 i32 i32", {"BM": 8, "BN": 32})),
    (product_and_xor, Specialisation("*fp32 *i32 *fp32 *i32 i32", {"BLOCK": 128})),
    (column_sums_from_below, Specialisation("*i32 *i32 i32 i32", {"BM": 32, "BN": 16})),
    (linear_recurrence, Specialisation("*fp32 *fp32 *fp32 i32 i32", {"BM": 4, "BN": 64})),
    (running_product, Specialisation("*i32 *i32 i32", {"BLOCK": 64})),
    (counts, Specialisation("*i32 *i32 i32", {"BINS": 16, "BLOCK": 128})),
    (sorted_rows, Specialisation("*fp32 *fp32 i32", {"BLOCK": 32})),
    (largest, Specialisation("*fp32 *fp32 i32", {"K": 4, "BLOCK": 32})),
    (permuted_columns, Specialisation("*fp32 *i32 *fp32", {"M": 4, "N": 32})),
    (looked_up, Specialisation("*fp32 *i64 *fp32 i32 i32", {"N": 128, "BLOCK": 64})),
    (picked_rows, Specialisation("*i16 *i16 *i16 i32", {"A": 2, "M": 4, "K": 8, "N": 16})),
    (reversed_and_interleaved, Specialisation("*i32 *i32 *i32", {"N": 64})),
    (library, Specialisation("*fp32 *fp32 i32", {"BLOCK": 128})),
    (by_element, Specialisation("*fp32 *fp32 i32", {"BLOCK": 64})),
    (by_pairs, Specialisation("*i32 *i32 *i32 *i32", {"BM": 4, "BN": 16})),
    (in_turn, Specialisation("*i32 *i32 *i32 *i32 i32", {"BLOCK": 32})),
    (narrow, Specialisation("*fp32 *fp8e5 *fp8e4nv *fp16 *fp32 i32", {"BLOCK": 128})),
    (toward_zero, Specialisation("*fp32 *fp8e5 *bf16 *fp16 *fp8e4nv i32", {"BLOCK": 128})),
    (exact_elements, Specialisation("*fp32 *fp32 *i32 *fp32 *i32 i32", {"BLOCK": 64})),
    (products, Specialisation("*fp32 *fp32 *fp32", {"B": 4, "M": 16, "N": 16, "K": 16})),
    (summed_products, Specialisation("*fp16 *fp16 *fp32 i32 i32 i32 i32", {"B": 2, "BM": 16, "BN": 32, "BK": 16})),
    (one_product, Specialisation("*i8 *i8 *i32 i32 i32 i32", {"BM": 16, "BN": 32, "BK": 32, "OUT": tl.int32}, "int8")),
    (
        one_product,
        Specialisation("*bf16 *bf16 *fp32 i32 i32 i32", {"BM": 16, "BN": 32, "BK": 16, "OUT": tl.float32}, "bf16"),
    ),
    (
        one_product,
        Specialisation("*fp32 *fp32 *fp32 i32 i32 i32", {"BM": 16, "BN": 32, "BK": 16, "OUT": tl.float32}, "tf32"),
    ),
    (
        one_product,
        Specialisation("*fp8e5 *fp8e5 *fp32 i32 i32 i32", {"BM": 16, "BN": 32, "BK": 32, "OUT": tl.float32}, "fp8"),
    ),
    (
        one_product,
        Specialisation("*fp16 *fp16 *fp16 i32 i32 i32", {"BM": 16, "BN": 32, "BK": 16, "OUT": tl.float16}, "f16"),
    ),
    (scaled_product, Specialisation("*fp8e5 *u8 *fp8e4nv *u8 *fp32", {"M": 128, "N": 64, "K": 64})),
    (scaled_pairs, Specialisation("*u8 *u8 *u8 *u8 *fp32", {"M": 32, "N": 32, "K": 64})),
    (scaled_half, Specialisation("*fp16 *fp8e4nv *u8 *fp32", {"M": 32, "N": 32, "K": 64})),
    (split_k, Specialisation("*fp16 *fp16 *fp32 i32 i32 i32", {"BM": 16, "BN": 32, "BK": 16})),
    (tickets, Specialisation("*i32 *i32 *i32 *i32 i32", {"BLOCK": 64})),
    (locked_counts, Specialisation("*i32 *i32 *i32 i32", {"BINS": 16, "BLOCK": 64})),
    (described_matmul, Specialisation("*fp16 *fp16 *fp32 i32 i32 i32", {"BM": 16, "BN": 32, "BK": 16})),
    (described_sum, Specialisation("*fp32 *fp32 i32 i32", {"BM": 4, "BN": 32})),
    (paged_attention, Specialisation("*fp32 *fp32 *fp32 *i32 *i32 *fp32 fp32 i32", {"D": 16, "PAGE": 8})),
    (both_ends, Specialisation("*fp32 *fp32 i32 i32 i32", {"BLOCK": 32})),
    (until_negative, Specialisation("*i32 *i32 i32", {})),
    (early_return, Specialisation("*fp32 *fp32 i32", {"BLOCK": 64})),
    (called, Specialisation("*fp32 *fp32 i32 i32", {"BLOCK": 64})),
    (asserted, Specialisation("*fp32 *fp32 i32 i32", {"BLOCK": 4}, debug=True)),
    (either_array, Specialisation("*fp32 *fp32 *fp32 i32 i32", {"BLOCK": 64})),
    (either_block, Specialisation("*fp32 *fp32 i32 i32", {"BLOCK": 32})),
    (either_element, Specialisation("*fp16 *fp16 *fp16 i32", {"BLOCK": 32})),
    (added_to_either, Specialisation("*i32 *i32 *i32 *i32 i32", {"BLOCK": 64})),
    (ping_pong, Specialisation("*i32 *i32 i32 i32", {"BLOCK": 64})),
    (ping_pong_blocks, Specialisation("*i32 *i32 i32 i32", {"BLOCK": 64})),
    (exchanged_while, Specialisation("*i32 *i32 *i32 i32", {})),
    (noted_rows, Specialisation("*fp32 *i64 *fp32 i32 i32", {"ROWS": 8, "BLOCK": 32})),
    (as_bits, Specialisation("*fp32 *i16 i32", {"BLOCK": 64})),
    (printed, Specialisation("*i32 i32", {"BLOCK": 4})),
)
