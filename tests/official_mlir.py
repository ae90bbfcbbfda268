"""Functions run by the official MLIR, as an oracle: lowered by `mlir-opt`, executed by `mlir-runner`."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from minilinalg.context import make_context
from minilinalg.parsing import parse_module


def _tool(name: str) -> str | None:
    return shutil.which(f"{name}-22") or shutil.which(name)


OPT, RUNNER = _tool("mlir-opt"), _tool("mlir-runner")

BUFFERS = (
    "--convert-elementwise-to-linalg",
    "--one-shot-bufferize=bufferize-function-boundaries",
    *("--scf-forall-to-for", "--convert-linalg-to-loops", "--fold-memref-alias-ops", "--expand-strided-metadata"),
    *("--lower-affine", "--memref-expand"),
)
# Only what LLVM has no operation for: other expansions are careless with signed zeros.
EXPANSION = ("--arith-expand",)
LLVM = (
    *("--convert-scf-to-cf", "--convert-math-to-llvm", "--convert-math-to-libm", "--convert-to-llvm"),
    "--reconcile-unrealized-casts",
)
LIBRARIES = ("mlir_runner_utils", "mlir_c_runner_utils", "mlir_float16_utils")
INTEGERS = {1: "bool", 8: "int8", 16: "int16", 32: "int32", 64: "int64"}


@dataclass(frozen=True)
class Case:
    """A function of static tensors, and its arguments as integer arrays of their bits.

    `text` defines `func.func @NAME`, written for `mlir-opt`; `results` are element types and shapes.
    """

    name: str
    text: str
    arguments: tuple[tuple[str, np.ndarray], ...]
    results: tuple[tuple[str, tuple[int, ...]], ...]


def width(element: str) -> int:
    return 64 if element == "index" else int(re.sub(r"\D", "", element.replace("bf", "").split("E")[0]))


def tensor_type(element: str, shape: Sequence[int]) -> str:
    return f"tensor<{''.join(f'{size}x' for size in shape)}{element}>"


def _literal(element: str, bits: np.ndarray) -> str:
    kind = tensor_type(f"i{width(element)}", bits.shape)
    if element == "i1":
        return f"dense<[{', '.join(str(bool(bit)).lower() for bit in bits)}]> : {kind}"
    return f'dense<"0x{bits.tobytes().hex().upper()}"> : {kind}'


def _cast(value: str, name: str, source: str, target: str, shape: Sequence[int]) -> str:
    """The bits of a tensor as another element type of the same width."""
    operation = "arith.index_cast" if "index" in (source, target) else "arith.bitcast"
    if source == target:
        operation = "tensor.cast"
    return f"    {name} = {operation} {value} : {tensor_type(source, shape)} to {tensor_type(target, shape)}\n"


def _main(cases: Sequence[Case]) -> str:
    """A function that calls every case and prints the bits of each result."""
    body = ""
    for number, case in enumerate(cases):
        names, kinds = [], []
        for k, (element, bits) in enumerate(case.arguments):
            raw, value = f"%raw{number}_{k}", f"%arg{number}_{k}"
            body += f"    {raw} = arith.constant {_literal(element, bits)}\n"
            body += _cast(raw, value, f"i{width(element)}", element, bits.shape)
            names.append(value)
            kinds.append(tensor_type(element, bits.shape))
        types = [tensor_type(element, shape) for element, shape in case.results]
        body += f"    %r{number}:{len(types)} = call @{case.name}({', '.join(names)}) : "
        body += f"({', '.join(kinds)}) -> ({', '.join(types)})\n"
        for k, (element, shape) in enumerate(case.results):
            here, bits, printed = f"%r{number}#{k}", width(element), 64 if width(element) == 64 else 32
            value = f"%bits{number}_{k}"
            body += _cast(here, value, element, f"i{bits}", shape)
            if bits < printed:
                wide = f"%wide{number}_{k}"
                body += f"    {wide} = arith.extsi {value} : {tensor_type(f'i{bits}', shape)} to "
                body += f"{tensor_type(f'i{printed}', shape)}\n"
                value = wide
            memref = tensor_type(f"i{printed}", shape).replace("tensor", "memref")
            body += f"    %m{number}_{k} = bufferization.to_buffer {value} : "
            body += f"{tensor_type(f'i{printed}', shape)} to {memref}\n"
            body += f"    %u{number}_{k} = memref.cast %m{number}_{k} : {memref} to memref<*xi{printed}>\n"
            body += f"    call @printMemrefI{printed}(%u{number}_{k}) : (memref<*xi{printed}>) -> ()\n"
    return (
        "func.func private @printMemrefI32(memref<*xi32>) attributes {llvm.emit_c_interface}\n"
        "func.func private @printMemrefI64(memref<*xi64>) attributes {llvm.emit_c_interface}\n"
        f"func.func @main() {{\n{body}    return\n}}\n"
    )


def _run(command: Sequence[str], text: str) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr[:4000]}")
    return done.stdout


def run(cases: Sequence[Case], *, expand: bool = False) -> dict[str, list[np.ndarray]]:
    """The bits of each case's results, as signed integer arrays. `expand` rewrites rounding divisions first."""
    assert OPT is not None and RUNNER is not None
    text = "\n".join(case.text for case in cases) + "\n" + _main(cases)
    lowered = _run([OPT, *BUFFERS, *(EXPANSION if expand else ()), *LLVM], text)
    folder = Path(RUNNER).resolve().parent.parent / "lib"
    shared = [str(found) for name in LIBRARIES for found in sorted(folder.glob(f"lib{name}.so*"))[:1]]
    printed = _run([RUNNER, "-e", "main", "--entry-point-result=void", f"--shared-libs={','.join(shared)}"], lowered)
    blocks = iter(printed.split("Unranked Memref")[1:])
    answers: dict[str, list[np.ndarray]] = {}
    for case in cases:
        answers[case.name] = []
        for element, shape in case.results:
            numbers = re.findall(r"-?\d+", next(blocks).split("data =", 1)[1])
            array = np.array([int(number) for number in numbers], dtype=np.int64)
            answers[case.name].append(array.astype(INTEGERS[width(element)]).reshape(shape))
    return answers


def parse(cases: Sequence[Case]) -> ModuleOp:
    """The cases as one module, read in generic form so that nobody's custom syntax is in question."""
    assert OPT is not None
    generic = _run([OPT, "--mlir-print-op-generic"], "\n".join(case.text for case in cases))
    return parse_module(generic, ctx=make_context(allow_unregistered=True), verify=False)
