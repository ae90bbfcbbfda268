"""Six Triton kernels, and how each is specialised: what `dump.py` compiles to the `.ttir` files beside this one."""

from typing import NamedTuple

import triton
import triton.language as tl


@triton.jit
def vector_add(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    pid = tl.program_id(0)
    offs = pid * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    x = tl.load(x_ptr + offs, mask=mask)
    y = tl.load(y_ptr + offs, mask=mask, other=0.0)
    tl.store(out_ptr + offs, x + y, mask=mask)


@triton.jit
def softmax(out_ptr, in_ptr, in_stride, out_stride, n_rows, n_cols, BLOCK: tl.constexpr):
    start = tl.program_id(0)
    step = tl.num_programs(0)
    for row in tl.range(start, n_rows, step, num_stages=2):
        col = tl.arange(0, BLOCK)
        mask = col < n_cols
        x = tl.load(in_ptr + row * in_stride + col, mask=mask, other=-float("inf"))
        x = x - tl.max(x, axis=0)
        num = tl.exp(x)
        den = tl.sum(num, axis=0)
        tl.store(out_ptr + row * out_stride + col, num / den, mask=mask)


@triton.jit
def matmul(
    a_ptr, b_ptr, c_ptr, M, N, K, sam, sak, sbk, sbn, scm, scn,
    BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr, GROUP: tl.constexpr,
):  # fmt: skip
    pid = tl.program_id(0)
    num_m = tl.cdiv(M, BM)
    num_n = tl.cdiv(N, BN)
    in_group = GROUP * num_n
    gid = pid // in_group
    first_m = gid * GROUP
    gsize = min(num_m - first_m, GROUP)
    pm = first_m + (pid % in_group) % gsize
    pn = (pid % in_group) // gsize
    om = (pm * BM + tl.arange(0, BM)) % M
    on = (pn * BN + tl.arange(0, BN)) % N
    ok = tl.arange(0, BK)
    ap = a_ptr + om[:, None] * sam + ok[None, :] * sak
    bp = b_ptr + ok[:, None] * sbk + on[None, :] * sbn
    acc = tl.zeros((BM, BN), dtype=tl.float32)
    for k in range(tl.cdiv(K, BK)):
        a = tl.load(ap, mask=ok[None, :] < K - k * BK, other=0.0)
        b = tl.load(bp, mask=ok[:, None] < K - k * BK, other=0.0)
        acc = tl.dot(a, b, acc)
        ap += BK * sak
        bp += BK * sbk
    c = acc.to(tl.float16)
    ocm = pm * BM + tl.arange(0, BM)
    ocn = pn * BN + tl.arange(0, BN)
    cp = c_ptr + ocm[:, None] * scm + ocn[None, :] * scn
    tl.store(cp, c, mask=(ocm[:, None] < M) & (ocn[None, :] < N))


@triton.jit
def layernorm(x_ptr, y_ptr, w_ptr, b_ptr, mean_ptr, rstd_ptr, stride, N, eps, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    x_ptr += row * stride
    y_ptr += row * stride
    s = tl.zeros([BLOCK], dtype=tl.float32)
    for off in range(0, N, BLOCK):
        c = off + tl.arange(0, BLOCK)
        s += tl.load(x_ptr + c, mask=c < N, other=0.0).to(tl.float32)
    mean = tl.sum(s, axis=0) / N
    v = tl.zeros([BLOCK], dtype=tl.float32)
    for off in range(0, N, BLOCK):
        c = off + tl.arange(0, BLOCK)
        x = tl.load(x_ptr + c, mask=c < N, other=0.0).to(tl.float32)
        x = tl.where(c < N, x - mean, 0.0)
        v += x * x
    rstd = 1 / tl.sqrt(tl.sum(v, axis=0) / N + eps)
    tl.store(mean_ptr + row, mean)
    tl.store(rstd_ptr + row, rstd)
    for off in range(0, N, BLOCK):
        c = off + tl.arange(0, BLOCK)
        m = c < N
        w = tl.load(w_ptr + c, mask=m)
        b = tl.load(b_ptr + c, mask=m)
        x = tl.load(x_ptr + c, mask=m, other=0.0).to(tl.float32)
        tl.store(y_ptr + c, ((x - mean) * rstd * w + b).to(tl.float16), mask=m)


@triton.jit
def flash_attn(
    q_ptr, k_ptr, v_ptr, o_ptr, lse_ptr, sm_scale, SEQ, sh, sm,
    BM: tl.constexpr, BN: tl.constexpr, D: tl.constexpr, CAUSAL: tl.constexpr,
):  # fmt: skip
    pm = tl.program_id(0)
    h = tl.program_id(1)
    om = pm * BM + tl.arange(0, BM)
    on = tl.arange(0, BN)
    od = tl.arange(0, D)
    base = h * sh
    q = tl.load(q_ptr + base + om[:, None] * sm + od[None, :], mask=om[:, None] < SEQ, other=0.0)
    mi = tl.full([BM], float("-inf"), dtype=tl.float32)
    li = tl.zeros([BM], dtype=tl.float32)
    acc = tl.zeros([BM, D], dtype=tl.float32)
    qk_scale = sm_scale * 1.44269504
    hi = (pm + 1) * BM if CAUSAL else SEQ
    for n in range(0, hi, BN):
        cn = n + on
        k = tl.load(k_ptr + base + cn[None, :] * sm + od[:, None], mask=cn[None, :] < SEQ, other=0.0)
        qk = tl.dot(q, k) * qk_scale
        msk = cn[None, :] < SEQ
        if CAUSAL:
            msk = msk & (om[:, None] >= cn[None, :])
        qk = tl.where(msk, qk, -1.0e6)
        mn = tl.maximum(mi, tl.max(qk, 1))
        p = tl.math.exp2(qk - mn[:, None])
        alpha = tl.math.exp2(mi - mn)
        li = li * alpha + tl.sum(p, 1)
        acc = acc * alpha[:, None]
        v = tl.load(v_ptr + base + cn[:, None] * sm + od[None, :], mask=cn[:, None] < SEQ, other=0.0)
        acc = tl.dot(p.to(tl.float16), v, acc)
        mi = mn
    acc = acc / li[:, None]
    tl.store(lse_ptr + h * SEQ + om, mi + tl.math.log2(li), mask=om < SEQ)
    tl.store(o_ptr + base + om[:, None] * sm + od[None, :], acc.to(tl.float16), mask=om[:, None] < SEQ)


@triton.jit
def gemv(a_ptr, x_ptr, y_ptr, M, N, stride, BM: tl.constexpr, BN: tl.constexpr):
    r = tl.program_id(0) * BM + tl.arange(0, BM)
    acc = tl.zeros([BM, BN], dtype=tl.float32)
    for n in range(0, N, BN):
        c = n + tl.arange(0, BN)
        a = tl.load(a_ptr + r[:, None] * stride + c[None, :], mask=(r[:, None] < M) & (c[None, :] < N), other=0.0)
        x = tl.load(x_ptr + c, mask=c < N, other=0.0)
        acc += a.to(tl.float32) * x[None, :].to(tl.float32)
    tl.store(y_ptr + r, tl.sum(acc, axis=1), mask=r < M)


class Specialisation(NamedTuple):
    """What a kernel is compiled for: the types of its arguments, its constants, and which arguments are promised."""

    types: str
    constants: dict[str, int]
    multiples_of_16: str


SPECIALISATIONS = {
    vector_add: Specialisation(
        "x_ptr=*fp32 y_ptr=*fp32 out_ptr=*fp32 n=i32",
        {"BLOCK": 1024},
        "x_ptr y_ptr out_ptr n",
    ),
    softmax: Specialisation(
        "out_ptr=*fp32 in_ptr=*fp32 in_stride=i32 out_stride=i32 n_rows=i32 n_cols=i32",
        {"BLOCK": 1024},
        "out_ptr in_ptr in_stride out_stride",
    ),
    matmul: Specialisation(
        "a_ptr=*fp16 b_ptr=*fp16 c_ptr=*fp16 M=i32 N=i32 K=i32 sam=i32 sbk=i32 scm=i32",
        {"sak": 1, "sbn": 1, "scn": 1, "BM": 128, "BN": 128, "BK": 64, "GROUP": 8},
        "a_ptr b_ptr c_ptr M N K sam sbk scm",
    ),
    layernorm: Specialisation(
        "x_ptr=*fp16 y_ptr=*fp16 w_ptr=*fp16 b_ptr=*fp16 mean_ptr=*fp32 rstd_ptr=*fp32 stride=i32 N=i32 eps=fp32",
        {"BLOCK": 1024},
        "x_ptr y_ptr w_ptr b_ptr mean_ptr rstd_ptr stride N",
    ),
    flash_attn: Specialisation(
        "q_ptr=*fp16 k_ptr=*fp16 v_ptr=*fp16 o_ptr=*fp16 lse_ptr=*fp32 sm_scale=fp32 SEQ=i32 sh=i32 sm=i32",
        {"BM": 64, "BN": 64, "D": 64, "CAUSAL": True},
        "q_ptr k_ptr v_ptr o_ptr lse_ptr SEQ sh sm",
    ),
    gemv: Specialisation(
        "a_ptr=*fp16 x_ptr=*fp16 y_ptr=*fp32 M=i32 N=i32 stride=i32",
        {"BM": 32, "BN": 128},
        "a_ptr x_ptr y_ptr M N stride",
    ),
}

SMALL_BLOCKS = {"block256": {vector_add: {"BLOCK": 256}, softmax: {"BLOCK": 256}}}
"""By suffix of the file: constants for machines whose on-chip memory does not hold the blocks above."""

MORE_PROMISES = {"columns16": {softmax: "n_cols"}}
"""By suffix of the file: what is a multiple of 16, too."""
