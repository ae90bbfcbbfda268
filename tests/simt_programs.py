"""Modules of one thread, from a few lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp

from minilinalg.codegen.ptx import Machine
from minilinalg.cuda import CudaKernel, driver
from minilinalg.errors import CommandError, MinilinalgError, UnsupportedError
from minilinalg.interp import run
from minilinalg.parsing import parse_module
from minilinalg.run_options import RunOptions
from minilinalg.targets import SimtTarget, load_target


def machine(name: str) -> SimtTarget:
    """A simulated GPU by its name."""
    target = load_target(name)
    assert isinstance(target, SimtTarget)
    return target


H200, TINY = machine("h200"), machine("tiny-simt")

CHUNKINGS = (RunOptions(), RunOptions(max_chunk=1), RunOptions(max_chunk=3), RunOptions(checks=False))
"""However many blocks run together, and checked or not, answers are the same."""

TEXTS: dict[ModuleOp, str] = {}

COUNT = """
%t = simt.thread_id : vector<1xi32>
%b = simt.block_id x : i32
%threads = arith.constant {threads} : i32
%first = arith.muli %b, %threads : i32
%firsts = vector.broadcast %first : i32 to vector<1xi32>
%i = arith.addi %t, %firsts : vector<1xi32>
"""
"""%t: the thread, %b: the block, %i: the thread among those of all blocks."""


def module(
    body: str, threads: int = 64, shared: int = 0, parameters: Mapping[str, str] | None = None, ramp: bool = True
) -> ModuleOp:
    """A kernel of `body`; parameters: name -> element type of an array, or i32 for a number `n...`."""
    parameters = parameters or {"x": "f32", "o": "f32"}
    numbers = {name: name.startswith("n") for name in parameters}
    arguments = ", ".join(f"%{p}: {t if numbers[p] else 'i64'}" for p, t in parameters.items())
    abi = ", ".join(
        f'{{name = "{p}", kind = "{"scalar" if numbers[p] else "pointer"}", type = {t}}}' for p, t in parameters.items()
    )
    start = COUNT.format(threads=threads) if ramp else ""
    text = (
        f"func.func @k({arguments}) attributes {{simt.threads = {threads} : i32, simt.shared = {shared} : i32, "
        f"ml.abi = [{abi}]}} {{\n{start}\n{body}\nreturn\n}}\n"
    )
    found = parse_module(text, "k.mlir")
    TEXTS[found] = text
    return found


def at(pointer: str, index: str, size: int, name: str, n: int = 1) -> str:
    """`%name`: the addresses of elements of `size` bytes of an argument, from their numbers (i32)."""
    return f"""
%{name}_i = arith.extsi {index} : vector<{n}xi32> to vector<{n}xi64>
%{name}_c = arith.constant dense<{size}> : vector<{n}xi64>
%{name}_b = arith.muli %{name}_i, %{name}_c : vector<{n}xi64>
%{name}_p = vector.broadcast %{pointer} : i64 to vector<{n}xi64>
%{name} = arith.addi %{name}_p, %{name}_b : vector<{n}xi64>
"""


def each(kernel: ModuleOp, blocks: int, make: Any, *, in_step: bool = False) -> Any:
    """What the last of the arguments that `make()` gives becomes, in every chunking, and on a GPU if there is one.

    in_step: whether it takes threads that go in step or in order, as the simulated ones do and no others.
    """
    found: list[np.ndarray] = []
    for options in CHUNKINGS:
        arguments = make()
        run(kernel, blocks, arguments, options=options)
        found.append([a for a in arguments if isinstance(a, np.ndarray)][-1])
    for other in found[1:]:
        assert found[0].tobytes() == other.tobytes()
    if GPU is not None and not in_step:
        _as_on_the_gpu(kernel, blocks, make(), found[0])
    return found[0]


def gpu() -> Machine | None:
    """What PTX for the GPU of this computer is written for; None without one."""
    try:
        capability = driver().capability
    except CommandError:
        return None
    return Machine(min(capability, 90), specific=capability == 90)


GPU = gpu()


def _as_on_the_gpu(kernel: ModuleOp, blocks: int, arguments: Any, expected: np.ndarray) -> None:
    """What has no PTX is left out."""
    assert GPU is not None
    try:
        on_gpu = CudaKernel(kernel, None, GPU)
    except UnsupportedError:
        return
    on_gpu.run(blocks, arguments)
    found = [a for a in arguments if isinstance(a, np.ndarray)][-1]
    if found.tobytes() != expected.tobytes():
        # A NaN may be another one.
        np.testing.assert_array_equal(found.astype(np.float64), expected.astype(np.float64))


def fails(kernel: ModuleOp, blocks: Any, arguments: Any, options: RunOptions | None = None) -> str:
    """What a run is told: what was found, the rule, and the operation that it is told of."""
    with pytest.raises(MinilinalgError) as caught:
        run(kernel, blocks, arguments, options=options or RunOptions())
    told = caught.value.diagnostic
    line = TEXTS[kernel].splitlines()[told.places[0].line - 1].strip()
    return f"{told.found}\nrule: {told.rule}\nat: {line}"
