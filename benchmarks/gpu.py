"""The official kernels on a real GPU: right, and how fast. `python benchmarks/gpu.py [--road | --sm80] [KERNEL ...]`.

Each kernel goes down to PTX from the official TTGIR for the GPU's compute capability, 8.0 or 9.0 (tests/data/ttgir), or
with `--road` from its TTIR down the whole road, is run by the CUDA driver, held against NumPy, and timed with events.
Where torch and triton are installed, the official compiler's kernel and torch's function are timed beside it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "examples" / "kernels")]

import minilinalg as ml  # noqa: E402
from minilinalg.codegen.ptx import Machine  # noqa: E402
from minilinalg.context import make_context  # noqa: E402
from minilinalg.cuda import CudaKernel, driver  # noqa: E402
from minilinalg.errors import MinilinalgError  # noqa: E402
from minilinalg.parsing import parse_module  # noqa: E402
from minilinalg.passes import load_pass  # noqa: E402

ROAD = ("allocate-shared-memory", "membar", "tritongpu-global-scratch-memory-allocation", "tritongpu-to-simt")
ROUNDS = 5
MILLISECONDS = 60.0
"""How long a round takes, about."""


@dataclass
class Case:
    """A launch. expected: what the arrays at these places become. work: bytes or operations, and their unit."""

    grid: tuple[int, ...]
    args: list[Any]
    expected: dict[int, Any]
    work: float
    unit: str
    tolerance: float
    constants: dict[str, Any]
    torch: Callable[..., Any] | None = None


def random(*shape: int, seed: int = 0, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(seed).standard_normal(shape, np.float32).astype(dtype)


def vector_add() -> Case:
    n = 1 << 28
    x, y = random(n), random(n, seed=1)
    out = np.empty_like(x)
    work = 12.0 * n
    return Case((n // 1024,), [x, y, out, n], {2: x + y}, work, "TB/s", 0, {"BLOCK": 1024}, lambda t: t[0] + t[1])


def softmax() -> Case:
    rows, columns = 1 << 18, 1024
    x = random(rows, columns)
    e = np.exp(x - x.max(1, keepdims=True))
    expected = {0: e / e.sum(1, keepdims=True)}
    args = [np.empty_like(x), x, columns, columns, rows, columns]
    grid = (min(rows, 132 * 16),)
    return Case(grid, args, expected, 8.0 * x.size, "TB/s", 1e-5, {"BLOCK": 1024}, lambda t: t[1].softmax(1))


def layernorm() -> Case:
    rows, columns = 1 << 16, 4096
    x, w, b = random(rows, columns, dtype=np.float16), *(random(columns, seed=s, dtype=np.float16) for s in (1, 2))
    wide = x.astype(np.float32)
    mean = wide.mean(1, dtype=np.float64)
    rstd = 1 / np.sqrt(wide.var(1, dtype=np.float64) + 1e-5)
    y = (wide - mean[:, None].astype(np.float32)) * rstd[:, None].astype(np.float32)
    expected = {1: y * w.astype(np.float32) + b.astype(np.float32), 4: mean, 5: rstd}
    args = [x, np.empty_like(x), w, b, np.empty(rows, np.float32), np.empty(rows, np.float32), columns, columns, 1e-5]

    def official(t: Any) -> Any:
        import torch

        return torch.nn.functional.layer_norm(t[0], (columns,), t[2], t[3])

    return Case((rows,), args, expected, 4.0 * x.size, "TB/s", 4e-3, {"BLOCK": 1024}, official)


def gemv() -> Case:
    m, n = 1 << 16, 8192
    a, x = random(m, n, dtype=np.float16), random(n, seed=1, dtype=np.float16)
    y = a.astype(np.float32) @ x.astype(np.float32)
    args = [a, x, np.empty(m, np.float32), m, n, n]
    return Case((m // 32,), args, {2: y}, 2.0 * a.size, "TB/s", 1e-3, {"BM": 32, "BN": 128}, lambda t: t[0] @ t[1])


def matmul() -> Case:
    m = n = k = 4096
    a, b = random(m, k, dtype=np.float16), random(k, n, seed=1, dtype=np.float16)
    expected = a.astype(np.float32) @ b.astype(np.float32)
    args = [a, b, np.empty((m, n), np.float16), m, n, k, k, n, n]
    grid = ((m // 128) * (n // 128),)
    constants = {"sak": 1, "sbn": 1, "scn": 1, "BM": 128, "BN": 128, "BK": 64, "GROUP": 8}
    return Case(grid, args, {2: expected}, 2.0 * m * n * k, "TFLOP/s", 2e-3, constants, lambda t: t[0] @ t[1])


def matmul_tma() -> Case:
    """The same, with b as (k, n), through descriptors of the host."""
    m = n = k = 4096
    a, b = random(m, k, dtype=np.float16), random(k, n, seed=1, dtype=np.float16)
    expected = a.astype(np.float32) @ b.astype(np.float32)
    arrays = a, b, np.empty((m, n), np.float16)
    args = [*(part for x in arrays for part in (x, *x.shape, x.shape[1], 1)), m, n, k]
    grid = (m // 128, n // 128)
    return Case(grid, args, {10: expected}, 2.0 * m * n * k, "TFLOP/s", 2e-3, {}, lambda t: t[0] @ t[5])


def matmul_devdesc() -> Case:
    """The same, with b as (n, k), through descriptors that the program makes."""
    m = n = k = 4096
    a, b = random(m, k, dtype=np.float16), random(n, k, seed=1, dtype=np.float16)
    expected = a.astype(np.float32) @ b.astype(np.float32).T
    args = [a, b, np.empty((m, n), np.float16), m, n, k]
    return Case(
        (m // 128, n // 128), args, {2: expected}, 2.0 * m * n * k, "TFLOP/s", 2e-3, {}, lambda t: t[0] @ t[1].T
    )


def flash_attn() -> Case:
    heads, length, d = 64, 4096, 64
    q, k, v = (random(heads, length, d, seed=s, dtype=np.float16) for s in range(3))
    outs = np.empty_like(q), np.empty((heads, length), np.float32)
    scale = 0.125
    # One head is enough to know: the others are the same code.
    scores = (q[0].astype(np.float32) @ k[0].astype(np.float32).T) * scale
    scores[np.triu_indices(length, 1)] = -np.inf
    e = np.exp(scores - scores.max(1, keepdims=True))
    first = e @ v[0].astype(np.float32) / e.sum(1, keepdims=True)
    args = [q, k, v, *outs, scale, length, length * d, d]
    constants = {"BM": 64, "BN": 64, "D": 64, "CAUSAL": True}

    def official(t: Any) -> Any:
        import torch

        return torch.nn.functional.scaled_dot_product_attention(*(x[None] for x in t[:3]), is_causal=True)

    work = 2.0 * heads * length * length * d
    return Case((length // 64, heads), args, {3: first}, work, "TFLOP/s", 4e-3, constants, official)


CASES: dict[str, Callable[[], Case]] = {
    each.__name__: each
    for each in (vector_add, softmax, layernorm, gemv, matmul, matmul_tma, matmul_devdesc, flash_attn)
}
ONLY_FOR_90 = ("matmul_tma", "matmul_devdesc")
"""Kernels that are there for TMA."""
SPECIALISED = {"softmax": "softmax.columns16"}
"""What the official compiler makes of these very arguments: more promises."""


def compiled(name: str, machine: Machine, how: str) -> tuple[CudaKernel, float, float]:
    """The kernel, the seconds from text to simt, and those from there to what the driver runs."""
    started = perf_counter()
    if how == "--road":
        folders = (ROOT / "examples" / "kernels", ROOT / "tests" / "data" / "ttir")
        paths = [folder / f"{SPECIALISED.get(name, name)}.ttir" for folder in folders]
        path = next(path for path in paths if path.exists())
        module = ml.compile(path, road="simt", target="h200" if machine.specific else "a100").module("simt")
    else:
        arch = "sm90" if machine.specific and how != "--sm80" else "sm80"
        ctx = make_context()
        path = ROOT / "tests" / "data" / "ttgir" / f"{name}.{arch}.ttgir"
        module = parse_module(path.read_text(), path.name, ctx)
        for each in ROAD:
            load_pass(each)().apply(ctx, module)
    middle = perf_counter()
    kernel = CudaKernel(module, None, machine)
    return kernel, middle - started, perf_counter() - middle


def best(once: Callable[[int], float]) -> float:
    """Milliseconds of one launch: `once(n)` times n of them."""
    times = max(1, int(MILLISECONDS / max(once(2), 1e-3)))
    return min(once(times) for _ in range(ROUNDS))


def error_of(case: Case) -> float:
    """The largest error, relative to the largest number that is expected."""
    worst = 0.0
    for place, expected in case.expected.items():
        found = np.asarray(case.args[place]).reshape(-1)[: expected.size].astype(np.float64)
        exact = expected.reshape(-1).astype(np.float64)
        off = float(np.abs(found - exact).max() / max(float(np.abs(exact).max()), 1e-30))
        worst = max(worst, off if off == off else float("inf"))
    return worst


def others(name: str, case: Case) -> dict[str, Any]:
    """Milliseconds of the official compiler's kernel and of torch's function, where they are installed."""
    try:
        import kernels
        import torch
    except ImportError:
        return {}
    tensors = [torch.from_numpy(x).cuda() if isinstance(x, np.ndarray) else x for x in case.args]

    def timed(work: Callable[[], Any]) -> Callable[[int], float]:
        def once(times: int) -> float:
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            for _ in range(times):
                work()
            end.record()
            end.synchronize()
            return begin.elapsed_time(end) / times

        return once

    found: dict[str, Any] = {}
    if (kernel := getattr(kernels, name, None)) is not None:
        names = [n for n in kernel.arg_names if n not in case.constants]
        values = dict(zip(names, tensors, strict=True))
        found["triton"] = best(timed(lambda: kernel[case.grid](**values, **case.constants)))
    if case.torch is not None:
        found["torch"] = best(timed(lambda: case.torch(tensors)))
    return found


def rate(case: Case, milliseconds: float) -> str:
    return f"{case.work / milliseconds * 1e-9:8.2f} {case.unit}"


def main() -> int:
    try:
        gpu = driver()
    except MinilinalgError as error:
        print(error)
        return 1
    machine = Machine(min(gpu.capability, 90), specific=gpu.capability == 90)
    print(f"{gpu.name}, PTX for {machine.name}")
    failed = 0
    how = next((word for word in sys.argv[1:] if word.startswith("--")), "")
    there = [name for name in CASES if name not in ONLY_FOR_90 or (machine.specific and how != "--sm80")]
    for name in [word for word in sys.argv[1:] if not word.startswith("--")] or there:
        case = CASES[name]()
        try:
            kernel, to_simt, to_gpu = compiled(name, machine, how)
            with kernel.staged(case.args) as staged:
                staged.milliseconds(case.grid)
                staged.arrays.download()
                error = error_of(case)
                took = best(lambda times, staged=staged, case=case: staged.milliseconds(case.grid, times))
        except MinilinalgError as wrong:
            print(f"{name:<11} {wrong}")
            failed += 1
            continue
        ok = error <= case.tolerance
        failed += not ok
        print(
            f"{name:<11} {'right' if ok else 'WRONG'} (off by {error:.1e}) {took:8.3f} ms {rate(case, took)}   "
            f"{kernel.registers} registers, {kernel.spilled} bytes spilled, {kernel.shared} bytes shared; "
            f"to simt {to_simt:.2f} s, to the GPU {to_gpu:.2f} s",
            flush=True,
        )
        for what, milliseconds in others(name, case).items():
            print(f"{'':<11} {what:<23} {milliseconds:8.3f} ms {rate(case, milliseconds)}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
