"""The slow interpreter on official TTIR against the official interpreter on the same kernels."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import slow

from minilinalg.parsing import parse_module

pytest.importorskip("triton")
pytest.importorskip("torch")
triton_kernels = pytest.importorskip("triton_kernels")

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """What the official interpreter leaves in each argument. It has a process of its own: Triton chooses at import."""
    path = tmp_path_factory.mktemp("official") / "arrays.npz"
    script = str(Path(__file__).parent / "triton_kernels.py")
    subprocess.run([sys.executable, script, str(path)], env={**os.environ, "TRITON_INTERPRET": "1"}, check=True)
    with np.load(path) as saved:
        return dict(saved)


@pytest.mark.parametrize("name", list(triton_kernels.CASES))
def test_kernel(name: str, official: dict[str, np.ndarray]):
    case = triton_kernels.CASES[name]
    given = triton_kernels.arguments(name)
    slow.run(parse_module(triton_kernels.ttir(case)), case.grid, given)
    for k, array in enumerate(given):
        if isinstance(array, np.ndarray):
            np.testing.assert_allclose(array, official[f"{name}.{k}"], rtol=case.tolerance, err_msg=f"argument {k}")
