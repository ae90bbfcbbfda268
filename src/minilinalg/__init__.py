"""minilinalg: real Triton kernels through readable, runnable, checked compiler passes onto simulated machines.

import minilinalg as ml
kernel = ml.compile("vector_add.ttir", target="tiny-simd")
run = kernel[(98,)](x, y, out, 100_000, check=True)
print(run.cycles, kernel.text("linalg"))
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "compile": ("minilinalg.compilation", "compile"),
    "Kernel": ("minilinalg.compilation", "Kernel"),
    "RunOptions": ("minilinalg.run_options", "RunOptions"),
    "Run": ("minilinalg.compilation", "Run"),
    "load_target": ("minilinalg.targets", "load_target"),
    "list_targets": ("minilinalg.targets", "list_targets"),
    "Target": ("minilinalg.targets", "Target"),
    "parse_module": ("minilinalg.parsing", "parse_module"),
    "module_text": ("minilinalg.printing", "module_text"),
    "MinilinalgError": ("minilinalg.errors", "MinilinalgError"),
    "builder": ("minilinalg.builder", None),
    "errors": ("minilinalg.errors", None),
    "targets": ("minilinalg.targets", None),
}
"""Public name -> (module, attribute). Loaded when first asked for: starting a tool must not pay for all of them."""


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'minilinalg' has no attribute '{name}'")
    from importlib import import_module

    module, attribute = _PUBLIC[name]
    found = import_module(module)
    value = found if attribute is None else getattr(found, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
