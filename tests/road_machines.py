"""Machines that the tests of the road run on beside mlu370: its file with other figures."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import minilinalg.targets
from minilinalg.targets import Target, load_target


@cache
def machine(name: str, **figures: int) -> Target:
    """mlu370 under another name, with the figures of these keys, which stand in its table `machine` or `vector`, or are
    NRAM's `capacity` and what of it is `usable`."""
    text = (Path(minilinalg.targets.__file__).parent / "mlu370.toml").read_text(encoding="utf-8")
    text = text.replace('name = "mlu370"', f'name = "{name}"')
    for key, value in figures.items():
        table = {"clusters": "machine", "cores_per_cluster": "machine", "alignment": "vector", "count": "vector"}
        start = text.index(f"[{table.get(key, 'space.nram')}]")
        changed, count = re.subn(
            rf"^{key} = .*$", f'{key} = {{ value = {value}, source = "chosen" }}', text[start:], count=1, flags=re.M
        )
        assert count == 1
        text = text[:start] + changed
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return load_target(str(path))


def three_cores() -> Target:
    """Three cores, whose vector unit counts in sixteens and wants operands at 32 bytes."""
    return machine("three-cores", clusters=3, cores_per_cluster=1, alignment=32, count=16)


def little_memory() -> Target:
    """Two cores with 3 KiB of NRAM each."""
    return machine("little-memory", clusters=1, cores_per_cluster=2, capacity=4096, usable=3072)
