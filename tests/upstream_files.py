"""The lit tests of the upstream dialects, which hold every operation, as inputs for other tests."""

from __future__ import annotations

import re
from pathlib import Path

FILES = sorted((Path(__file__).parent.parent / "filecheck" / "dialects" / "upstream").glob("*.mlir"))
ROUNDTRIPS = [path for path in FILES if not path.stem.startswith("invalid")]


def text_of(path: Path) -> str:
    """The module without comments: what remains are operations in the form in which they are printed."""
    lines = path.read_text().splitlines()
    return "\n".join(line for line in lines if not re.match(r"\s*//", line)).strip() + "\n"
