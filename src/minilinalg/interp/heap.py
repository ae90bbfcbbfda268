"""The heap keeps the pages that it has.

Arrays of a few megabytes come and go with every operation. By default glibc gives such pages back to the system when
they are freed, which clears them when they are asked for again: a simulated run can take three times as long for that,
depending on what lies at the end of the heap.
"""

from __future__ import annotations

import ctypes
from functools import cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt(3)."""
KEPT = 256 << 20
"""Bytes that may be free at the end of the heap before any are given back."""
LARGEST = 32 << 20
"""Bytes of the largest array that comes from the heap; glibc allows no more."""


@cache
def keep_pages() -> None:
    """Asks the C library for it, once in a process. One without `mallopt` goes on as it is."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(M_TRIM_THRESHOLD, KEPT)
    mallopt(M_MMAP_THRESHOLD, LARGEST)
