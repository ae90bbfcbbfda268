"""Further Triton kernels of the kinds that people write, and what each is specialised for.

`dump.py` compiles them to the `.ttir` files beside this one, which `test_road_more_kernels.py` takes down the road.
"""

from typing import NamedTuple

import triton
import triton.language as tl


@triton.jit
def rms_norm(x_ptr, w_ptr, y_ptr, stride, N, eps, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    c = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * stride + c, mask=c < N, other=0.0).to(tl.float32)
    w = tl.load(w_ptr + c, mask=c < N)
    scale = tl.rsqrt(tl.sum(x * x, axis=0) / N + eps)
    tl.store(y_ptr + row * stride + c, (x * scale * w.to(tl.float32)).to(tl.float16), mask=c < N)


@triton.jit
def silu_and_mul(x_ptr, y_ptr, D, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    for start in range(0, D, BLOCK):
        c = start + tl.arange(0, BLOCK)
        gate = tl.load(x_ptr + row * 2 * D + c, mask=c < D).to(tl.float32)
        up = tl.load(x_ptr + row * 2 * D + D + c, mask=c < D)
        y = (gate / (1.0 + tl.exp(-gate))).to(tl.bfloat16) * up
        tl.store(y_ptr + row * D + c, y, mask=c < D)


@triton.jit
def gelu(x_ptr, y_ptr, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + offs, mask=offs < n)
    tl.store(y_ptr + offs, 0.5 * x * (1.0 + tl.erf(x * 0.7071067811865476)), mask=offs < n)


@triton.jit
def row_sum(x_ptr, y_ptr, M, N, stride, BM: tl.constexpr, BN: tl.constexpr):
    r = tl.program_id(0) * BM + tl.arange(0, BM)
    total = tl.zeros([BM], dtype=tl.float32)
    for n in range(0, N, BN):
        c = n + tl.arange(0, BN)
        mask = (r[:, None] < M) & (c[None, :] < N)
        total += tl.sum(tl.load(x_ptr + r[:, None] * stride + c[None, :], mask=mask, other=0.0), axis=1)
    tl.store(y_ptr + r, total, mask=r < M)


@triton.jit
def column_max(x_ptr, y_ptr, M, N, BM: tl.constexpr, BN: tl.constexpr):
    c = tl.program_id(0) * BN + tl.arange(0, BN)
    best = tl.full([BN], float("-inf"), dtype=tl.float32)
    for m in range(0, M, BM):
        r = m + tl.arange(0, BM)
        mask = (r[:, None] < M) & (c[None, :] < N)
        x = tl.load(x_ptr + r[:, None] * N + c[None, :], mask=mask, other=float("-inf"))
        best = tl.maximum(best, tl.max(x, axis=0))
    tl.store(y_ptr + c, best, mask=c < N)


@triton.jit
def transpose(x_ptr, y_ptr, M, N, BM: tl.constexpr, BN: tl.constexpr):
    r = tl.program_id(0) * BM + tl.arange(0, BM)
    c = tl.program_id(1) * BN + tl.arange(0, BN)
    x = tl.load(x_ptr + r[:, None] * N + c[None, :], mask=(r[:, None] < M) & (c[None, :] < N))
    tl.store(y_ptr + c[:, None] * M + r[None, :], tl.trans(x), mask=(c[:, None] < N) & (r[None, :] < M))


@triton.jit
def column_to_row(x_ptr, y_ptr, M, N, BM: tl.constexpr, BN: tl.constexpr):
    r = tl.program_id(0) * BM + tl.arange(0, BM)
    c = tl.program_id(1) * BN + tl.arange(0, BN)
    mask = (r[:, None] < M) & (c[None, :] < N)
    tl.store(y_ptr + r[:, None] + c[None, :] * M, tl.load(x_ptr + r[:, None] * N + c[None, :], mask=mask), mask=mask)


@triton.jit
def rope_halves(x_ptr, cos_ptr, sin_ptr, y_ptr, S, D: tl.constexpr, BS: tl.constexpr):
    s = tl.program_id(0) * BS + tl.arange(0, BS)
    h = tl.program_id(1)
    d = tl.arange(0, D // 2)
    mask = s[:, None] < S
    base = h * S * D + s[:, None] * D + d[None, :]
    a = tl.load(x_ptr + base, mask=mask)
    b = tl.load(x_ptr + base + D // 2, mask=mask)
    cos = tl.load(cos_ptr + s[:, None] * (D // 2) + d[None, :], mask=mask)
    sin = tl.load(sin_ptr + s[:, None] * (D // 2) + d[None, :], mask=mask)
    tl.store(y_ptr + base, a * cos - b * sin, mask=mask)
    tl.store(y_ptr + base + D // 2, b * cos + a * sin, mask=mask)


@triton.jit
def rope_pairs(x_ptr, cos_ptr, sin_ptr, y_ptr, D: tl.constexpr):
    s = tl.program_id(0)
    d = tl.arange(0, D // 2)
    a, b = tl.split(tl.reshape(tl.load(x_ptr + s * D + tl.arange(0, D)), (D // 2, 2)))
    cos = tl.load(cos_ptr + s * (D // 2) + d)
    sin = tl.load(sin_ptr + s * (D // 2) + d)
    y = tl.join(a * cos - b * sin, b * cos + a * sin)
    tl.store(y_ptr + s * D + tl.arange(0, D), tl.reshape(y, (D,)))


@triton.jit
def rope_strided(x_ptr, cos_ptr, sin_ptr, y_ptr, D: tl.constexpr):
    s = tl.program_id(0)
    d = tl.arange(0, D // 2)
    a = tl.load(x_ptr + s * D + 2 * d)
    b = tl.load(x_ptr + s * D + 2 * d + 1)
    cos = tl.load(cos_ptr + s * (D // 2) + d)
    sin = tl.load(sin_ptr + s * (D // 2) + d)
    tl.store(y_ptr + s * D + 2 * d, a * cos - b * sin)
    tl.store(y_ptr + s * D + 2 * d + 1, b * cos + a * sin)


@triton.jit
def cross_entropy(x_ptr, label_ptr, loss_ptr, V, ignored, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    label = tl.load(label_ptr + row)
    if label == ignored:
        tl.store(loss_ptr + row, 0.0)
    else:
        high = float("-inf")
        total = 0.0
        for start in range(0, V, BLOCK):
            c = start + tl.arange(0, BLOCK)
            x = tl.load(x_ptr + row * V + c, mask=c < V, other=float("-inf"))
            higher = tl.maximum(high, tl.max(x, axis=0))
            total = total * tl.exp(high - higher) + tl.sum(tl.exp(x - higher), axis=0)
            high = higher
        tl.store(loss_ptr + row, high + tl.log(total) - tl.load(x_ptr + row * V + label))


@triton.jit
def add_between(x_ptr, y_ptr, out_ptr, low, high, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = (offs >= low) & (offs < high)
    x = tl.load(x_ptr + offs, mask=inside, other=1.0)
    y = tl.load(y_ptr + offs, mask=offs < high, other=2.0)
    tl.store(out_ptr + offs, x + y)


@triton.jit
def moving_average(x_ptr, y_ptr, n, K, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    total = tl.zeros([BLOCK], dtype=tl.float32)
    for k in range(-K, K + 1):
        at = offs + k
        total += tl.load(x_ptr + at, mask=(at >= 0) & (at < n), other=0.0)
    tl.store(y_ptr + offs, total / (2 * K + 1), mask=offs < n)


@triton.jit
def leaky_relu(x):
    return tl.where(x >= 0, x, 0.01 * x)


@triton.jit
def matmul_leaky(
    a_ptr, b_ptr, c_ptr, M, N, K, sam, sbk, scm, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr
):  # fmt: skip
    om = tl.program_id(0) * BM + tl.arange(0, BM)
    on = tl.program_id(1) * BN + tl.arange(0, BN)
    ok = tl.arange(0, BK)
    ap = a_ptr + om[:, None] * sam + ok[None, :]
    bp = b_ptr + ok[:, None] * sbk + on[None, :]
    acc = tl.zeros((BM, BN), dtype=tl.float32)
    for k in range(0, K, BK):
        a = tl.load(ap, mask=(om[:, None] < M) & (ok[None, :] < K - k), other=0.0)
        b = tl.load(bp, mask=(ok[:, None] < K - k) & (on[None, :] < N), other=0.0)
        acc += tl.dot(a, b)
        ap += BK
        bp += BK * sbk
    c = leaky_relu(acc).to(tl.float16)
    tl.store(c_ptr + om[:, None] * scm + on[None, :], c, mask=(om[:, None] < M) & (on[None, :] < N))


@triton.jit
def batched_matmul(
    a_ptr, b_ptr, c_ptr, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr
):  # fmt: skip
    batch = tl.program_id(2)
    om = tl.program_id(1) * BM + tl.arange(0, BM)
    on = tl.program_id(0) * BN + tl.arange(0, BN)
    acc = tl.zeros((BM, BN), dtype=tl.float32)
    for k in range(0, K, BK):
        ok = k + tl.arange(0, BK)
        a_mask = (om[:, None] < M) & (ok[None, :] < K)
        b_mask = (ok[:, None] < K) & (on[None, :] < N)
        a = tl.load(a_ptr + batch * M * K + om[:, None] * K + ok[None, :], mask=a_mask, other=0.0)
        b = tl.load(b_ptr + batch * K * N + ok[:, None] * N + on[None, :], mask=b_mask, other=0.0)
        acc = tl.dot(a, b, acc)
    c_mask = (om[:, None] < M) & (on[None, :] < N)
    tl.store(c_ptr + batch * M * N + om[:, None] * N + on[None, :], acc, mask=c_mask)


@triton.jit
def scores(q_ptr, k_ptr, s_ptr, S, scale, D: tl.constexpr, BS: tl.constexpr):
    i = tl.program_id(0) * BS + tl.arange(0, BS)
    j = tl.program_id(1) * BS + tl.arange(0, BS)
    d = tl.arange(0, D)
    q = tl.load(q_ptr + i[:, None] * D + d[None, :], mask=i[:, None] < S, other=0.0)
    k = tl.load(k_ptr + j[:, None] * D + d[None, :], mask=j[:, None] < S, other=0.0)
    s = tl.dot(q, tl.trans(k)) * scale
    s = tl.where(i[:, None] >= j[None, :], s, -1.0e4)
    tl.store(s_ptr + i[:, None] * S + j[None, :], s, mask=(i[:, None] < S) & (j[None, :] < S))


@triton.jit
def quantise(x_ptr, q_ptr, scale_ptr, N, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    c = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * N + c, mask=c < N, other=0.0)
    scale = tl.maximum(tl.max(tl.abs(x), axis=0), 1e-6) / 127.0
    q = tl.floor(x / scale + 0.5).to(tl.int8)
    tl.store(q_ptr + row * N + c, q, mask=c < N)
    tl.store(scale_ptr + row, scale)


@triton.jit
def dequantise(q_ptr, scale_ptr, x_ptr, M, N, BM: tl.constexpr, BN: tl.constexpr):
    r = tl.program_id(0) * BM + tl.arange(0, BM)
    c = tl.program_id(1) * BN + tl.arange(0, BN)
    mask = (r[:, None] < M) & (c[None, :] < N)
    q = tl.load(q_ptr + r[:, None] * N + c[None, :], mask=mask, other=0)
    scale = tl.load(scale_ptr + r, mask=r < M, other=0.0)
    tl.store(x_ptr + r[:, None] * N + c[None, :], (q.to(tl.float32) * scale[:, None]).to(tl.bfloat16), mask=mask)


@triton.jit
def row_argmax(x_ptr, i_ptr, v_ptr, N, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    c = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * N + c, mask=c < N, other=float("-inf"))
    value, at = tl.max(x, axis=0, return_indices=True)
    tl.store(i_ptr + row, at)
    tl.store(v_ptr + row, value)


@triton.jit
def embedding(table_ptr, id_ptr, y_ptr, n, D: tl.constexpr, BLOCK: tl.constexpr):
    r = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    d = tl.arange(0, D)
    ids = tl.load(id_ptr + r, mask=r < n, other=0)
    x = tl.load(table_ptr + ids[:, None] * D + d[None, :], mask=r[:, None] < n)
    tl.store(y_ptr + r[:, None] * D + d[None, :], x, mask=r[:, None] < n)


@triton.jit
def one_row_each(table_ptr, id_ptr, y_ptr, D, BLOCK: tl.constexpr):
    row = tl.load(id_ptr + tl.program_id(0))
    for start in range(0, D, BLOCK):
        d = start + tl.arange(0, BLOCK)
        x = tl.load(table_ptr + row * D + d, mask=d < D)
        tl.store(y_ptr + tl.program_id(0) * D + d, x, mask=d < D)


@triton.jit
def running_sum(x_ptr, y_ptr, N, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    c = tl.arange(0, BLOCK)
    x = tl.load(x_ptr + row * N + c, mask=c < N, other=0.0)
    tl.store(y_ptr + row * N + c, tl.cumsum(x, axis=0), mask=c < N)


@triton.jit
def histogram(x_ptr, h_ptr, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + offs, mask=offs < n, other=0)
    tl.atomic_add(h_ptr + x, 1, mask=offs < n)


@triton.jit
def where_not_zero(x_ptr, y_ptr, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + offs, mask=offs < n, other=0.0)
    tl.store(y_ptr + offs, x, mask=(offs < n) & (x != 0))


@triton.jit
def masked_fill(x_ptr, filled_ptr, y_ptr, kept_ptr, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    filled = tl.load(filled_ptr + offs, mask=offs < n)
    tl.store(y_ptr + offs, tl.where(filled, -1.0, tl.load(x_ptr + offs, mask=offs < n)), mask=offs < n)
    tl.store(kept_ptr + offs, not filled, mask=offs < n)


@triton.jit
def adam(p_ptr, g_ptr, m_ptr, v_ptr, n, rate, beta1, beta2, eps, step, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    g = tl.load(g_ptr + offs, mask=mask).to(tl.float32)
    m = beta1 * tl.load(m_ptr + offs, mask=mask) + (1 - beta1) * g
    v = beta2 * tl.load(v_ptr + offs, mask=mask) + (1 - beta2) * g * g
    correct1 = 1 - tl.exp2(step * tl.log2(beta1))
    correct2 = 1 - tl.exp2(step * tl.log2(beta2))
    p = tl.load(p_ptr + offs, mask=mask)
    p -= rate * (m / correct1) / (tl.sqrt(v / correct2) + eps)
    tl.store(m_ptr + offs, m, mask=mask)
    tl.store(v_ptr + offs, v, mask=mask)
    tl.store(p_ptr + offs, p, mask=mask)


@triton.jit
def persistent_matmul(a_ptr, b_ptr, c_ptr, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    num_n = tl.cdiv(N, BN)
    for tile in range(tl.program_id(0), tl.cdiv(M, BM) * num_n, tl.num_programs(0)):
        m = tile // num_n * BM + tl.arange(0, BM)
        n = tile % num_n * BN + tl.arange(0, BN)
        # Rows and columns that are not there read the first one.
        m_in, n_in = tl.where(m < M, m, 0), tl.where(n < N, n, 0)
        acc = tl.zeros((BM, BN), tl.float32)
        for step in range(tl.cdiv(K, BK)):
            k = step * BK + tl.arange(0, BK)
            a = tl.load(a_ptr + m_in[:, None] * K + k[None, :], mask=k[None, :] < K, other=0.0)
            b = tl.load(b_ptr + k[:, None] * N + n_in[None, :], mask=k[:, None] < K, other=0.0)
            acc = tl.dot(a, b, acc)
        tl.store(c_ptr + m[:, None] * N + n[None, :], acc, mask=(m[:, None] < M) & (n[None, :] < N))


@triton.jit
def int4_matmul(a_ptr, b_ptr, scale_ptr, c_ptr, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    """Eight weights to a word of 32 bits, along K."""
    m = tl.program_id(0) * BM + tl.arange(0, BM)
    n = tl.program_id(1) * BN + tl.arange(0, BN)
    scale = tl.load(scale_ptr + n, mask=n < N, other=0.0)
    acc = tl.zeros((BM, BN), tl.float32)
    for start in range(0, K, BK):
        k = start + tl.arange(0, BK)
        a = tl.load(a_ptr + m[:, None] * K + k[None, :], mask=(m[:, None] < M) & (k[None, :] < K), other=0.0)
        words = tl.load(b_ptr + (k[:, None] // 8) * N + n[None, :], mask=(k[:, None] < K) & (n[None, :] < N), other=0)
        b = ((words >> (k[:, None] % 8 * 4)) & 0xF) - 8
        acc = tl.dot(a, b.to(tl.float16) * scale[None, :], acc)
    tl.store(c_ptr + m[:, None] * N + n[None, :], acc, mask=(m[:, None] < M) & (n[None, :] < N))


@triton.jit
def conv2d(x_ptr, w_ptr, y_ptr, C, H, W, F, KH, KW, BO: tl.constexpr, BP: tl.constexpr, BC: tl.constexpr):
    """A product for each tap of the window, over the channels; the pixels of the image are in one row."""
    p = tl.program_id(0) * BP + tl.arange(0, BP)
    o = tl.program_id(1) * BO + tl.arange(0, BO)
    width = W - KW + 1
    pixels = (H - KH + 1) * width
    acc = tl.zeros((BO, BP), tl.float32)
    for i in range(KH):
        for j in range(KW):
            for start in range(0, C, BC):
                c = start + tl.arange(0, BC)
                w_at = ((o[:, None] * C + c[None, :]) * KH + i) * KW + j
                w = tl.load(w_ptr + w_at, mask=(o[:, None] < F) & (c[None, :] < C), other=0.0)
                x_at = (c[:, None] * H + p[None, :] // width + i) * W + p[None, :] % width + j
                x = tl.load(x_ptr + x_at, mask=(c[:, None] < C) & (p[None, :] < pixels), other=0.0)
                acc = tl.dot(w, x, acc)
    tl.store(y_ptr + o[:, None] * pixels + p[None, :], acc, mask=(o[:, None] < F) & (p[None, :] < pixels))


@triton.jit
def window_attention(q_ptr, k_ptr, v_ptr, o_ptr, S, scale, WINDOW, D: tl.constexpr, BS: tl.constexpr):
    """Each row sees itself and the WINDOW rows before it; the loop over blocks of keys is a while."""
    m = tl.program_id(0) * BS + tl.arange(0, BS)
    d = tl.arange(0, D)
    q = tl.load(q_ptr + m[:, None] * D + d[None, :], mask=m[:, None] < S, other=0.0)
    top = tl.full([BS], -1e30, tl.float32)
    total = tl.zeros([BS], tl.float32)
    acc = tl.zeros([BS, D], tl.float32)
    start = tl.maximum(tl.program_id(0) * BS - WINDOW, 0) // BS * BS
    while start < tl.minimum((tl.program_id(0) + 1) * BS, S):
        n = start + tl.arange(0, BS)
        k = tl.load(k_ptr + n[:, None] * D + d[None, :], mask=n[:, None] < S, other=0.0)
        away = m[:, None] - n[None, :]
        s = tl.where((away >= 0) & (away <= WINDOW) & (n[None, :] < S), tl.dot(q, tl.trans(k)) * scale, -1e30)
        new_top = tl.maximum(top, tl.max(s, 1))
        p = tl.exp(s - new_top[:, None])
        shrink = tl.exp(top - new_top)
        v = tl.load(v_ptr + n[:, None] * D + d[None, :], mask=n[:, None] < S, other=0.0)
        total = total * shrink + tl.sum(p, 1)
        acc = tl.dot(p.to(tl.float16), v, acc * shrink[:, None])
        top = new_top
        start += BS
    tl.store(o_ptr + m[:, None] * D + d[None, :], acc / total[:, None], mask=m[:, None] < S)


@triton.jit
def expert_matmul(
    x_ptr, w_ptr, token_ptr, expert_ptr, y_ptr, n, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr
):
    """Blocks of tokens, each with its expert's weights: rows that only the data names are read and written."""
    r = tl.program_id(0) * BM + tl.arange(0, BM)
    c = tl.program_id(1) * BN + tl.arange(0, BN)
    token = tl.load(token_ptr + r, mask=r < n, other=0)
    weights = w_ptr + tl.load(expert_ptr + tl.program_id(0)) * K * N
    acc = tl.zeros((BM, BN), tl.float32)
    for start in range(0, K, BK):
        k = start + tl.arange(0, BK)
        x = tl.load(x_ptr + token[:, None] * K + k[None, :], mask=(r[:, None] < n) & (k[None, :] < K), other=0.0)
        w = tl.load(weights + k[:, None] * N + c[None, :], mask=(k[:, None] < K) & (c[None, :] < N), other=0.0)
        acc = tl.dot(x, w, acc)
    tl.store(y_ptr + token[:, None] * N + c[None, :], acc, mask=(r[:, None] < n) & (c[None, :] < N))


@triton.jit
def sparse_product(v_ptr, column_ptr, start_ptr, x_ptr, y_ptr, BLOCK: tl.constexpr):
    """A row of a matrix that holds its nonzero elements one after the other, times a vector."""
    row = tl.program_id(0)
    end = tl.load(start_ptr + row + 1)
    acc = tl.zeros([BLOCK], tl.float32)
    for begin in range(tl.load(start_ptr + row), end, BLOCK):
        at = begin + tl.arange(0, BLOCK)
        column = tl.load(column_ptr + at, mask=at < end, other=0)
        x = tl.load(x_ptr + column, mask=at < end, other=0.0)
        acc += tl.load(v_ptr + at, mask=at < end, other=0.0) * x
    tl.store(y_ptr + row, tl.sum(acc, 0))


class Specialisation(NamedTuple):
    """What a kernel is compiled for: the types of its arguments, and its constants."""

    types: str
    constants: dict[str, int]


SPECIALISATIONS = {
    rms_norm: Specialisation("*fp16 *fp16 *fp16 i32 i32 fp32", {"BLOCK": 256}),
    silu_and_mul: Specialisation("*bf16 *bf16 i32", {"BLOCK": 64}),
    gelu: Specialisation("*fp32 *fp32 i32", {"BLOCK": 128}),
    row_sum: Specialisation("*fp32 *fp32 i32 i32 i32", {"BM": 8, "BN": 32}),
    column_max: Specialisation("*fp32 *fp32 i32 i32", {"BM": 8, "BN": 32}),
    transpose: Specialisation("*fp32 *fp32 i32 i32", {"BM": 16, "BN": 32}),
    column_to_row: Specialisation("*i32 *i32 i32 i32", {"BM": 16, "BN": 32}),
    rope_halves: Specialisation("*fp32 *fp32 *fp32 *fp32 i32", {"D": 32, "BS": 8}),
    rope_pairs: Specialisation("*fp32 *fp32 *fp32 *fp32", {"D": 64}),
    rope_strided: Specialisation("*fp32 *fp32 *fp32 *fp32", {"D": 64}),
    cross_entropy: Specialisation("*fp32 *i32 *fp32 i32 i32", {"BLOCK": 64}),
    add_between: Specialisation("*fp32 *fp32 *fp32 i32 i32", {"BLOCK": 64}),
    moving_average: Specialisation("*fp32 *fp32 i32 i32", {"BLOCK": 64}),
    matmul_leaky: Specialisation("*fp16 *fp16 *fp16 i32 i32 i32 i32 i32 i32", {"BM": 32, "BN": 32, "BK": 16}),
    batched_matmul: Specialisation("*fp16 *fp16 *fp32 i32 i32 i32", {"BM": 16, "BN": 32, "BK": 16}),
    scores: Specialisation("*fp16 *fp16 *fp32 i32 fp32", {"D": 32, "BS": 16}),
    quantise: Specialisation("*fp32 *i8 *fp32 i32", {"BLOCK": 128}),
    dequantise: Specialisation("*i8 *fp32 *bf16 i32 i32", {"BM": 8, "BN": 32}),
    row_argmax: Specialisation("*fp32 *i32 *fp32 i32", {"BLOCK": 64}),
    embedding: Specialisation("*fp32 *i32 *fp32 i32", {"D": 32, "BLOCK": 16}),
    one_row_each: Specialisation("*fp32 *i32 *fp32 i32", {"BLOCK": 32}),
    running_sum: Specialisation("*fp32 *fp32 i32", {"BLOCK": 64}),
    histogram: Specialisation("*i32 *i32 i32", {"BLOCK": 64}),
    where_not_zero: Specialisation("*fp32 *fp32 i32", {"BLOCK": 64}),
    masked_fill: Specialisation("*fp32 *i1 *fp32 *i1 i32", {"BLOCK": 64}),
    adam: Specialisation("*fp32 *fp16 *fp32 *fp32 i32 fp32 fp32 fp32 fp32 i32", {"BLOCK": 128}),
    persistent_matmul: Specialisation("*fp16 *fp16 *fp32 i32 i32 i32", {"BM": 32, "BN": 32, "BK": 16}),
    int4_matmul: Specialisation("*fp16 *i32 *fp16 *fp32 i32 i32 i32", {"BM": 16, "BN": 32, "BK": 32}),
    conv2d: Specialisation("*fp32 *fp32 *fp32 i32 i32 i32 i32 i32 i32", {"BO": 16, "BP": 32, "BC": 16}),
    window_attention: Specialisation("*fp16 *fp16 *fp16 *fp32 i32 fp32 i32", {"D": 32, "BS": 16}),
    expert_matmul: Specialisation("*fp16 *fp16 *i32 *i32 *fp32 i32 i32 i32", {"BM": 16, "BN": 16, "BK": 16}),
    sparse_product: Specialisation("*fp32 *i32 *i32 *fp32 *fp32", {"BLOCK": 16}),
}
