"""Runs find the pages of their arrays where they left them."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from types import SimpleNamespace

import pytest

from minilinalg.interp import heap

FAULTS = """
import resource
import numpy as np
from minilinalg.interp.heap import keep_pages

def rounds(count):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(count):
        arrays = [np.ones(1 << 20) for _ in range(4)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

{}
rounds(4)
print(rounds(8))
"""


def faults(line: str) -> int:
    """Pages that the system gave, again and again, to arrays of 8 MB."""
    return int(subprocess.check_output([sys.executable, "-c", FAULTS.format(line)], text=True))


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="the C library has no mallopt")
def test_pages_stay() -> None:
    assert faults("keep_pages()") < 100


def test_a_c_library_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda _: SimpleNamespace())
    heap.keep_pages.__wrapped__()
