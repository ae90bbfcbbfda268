"""Write the official compiler's TTIR of the kernels beside this file, without promises, with places of their source.

pip install triton==3.9.0
cd tests/data/road && python dump.py
"""

from pathlib import Path

import triton
from more_kernels import SPECIALISATIONS
from triton._C.libtriton import ir
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, make_backend

CAPABILITY = 90


def ttir(kernel, types: str, constants: dict[str, int], debug: bool = False) -> str:
    """The module of one specialisation after the official compiler's passes on TTIR; `debug` keeps assertions."""
    target = GPUTarget("cuda", CAPABILITY, 32)
    backend = make_backend(target)
    options = backend.parse_options({"debug": debug, "sanitize_overflow": False})
    context = ir.context()
    ir.load_dialects(context)
    backend.load_dialects(context)
    signature = dict.fromkeys(kernel.arg_names, "constexpr")
    signature |= dict(zip([name for name in kernel.arg_names if name not in constants], types.split(), strict=True))
    source = ASTSource(kernel, signature, constants, {})
    functions, modules = backend.get_codegen_implementation(options), backend.get_module_map()
    module = source.make_ir(target, options, functions, modules, context)
    backend.make_ttir(module, {}, options, CAPABILITY)
    return module.str()


def main() -> None:
    here = Path(__file__).resolve().parent
    for kernel, specialisation in SPECIALISATIONS.items():
        text = ttir(kernel, *specialisation)
        for directory in (here, Path(triton.__file__).parents[1]):
            text = text.replace(f"{directory}/", "")
        (here / f"{kernel.__name__}.ttir").write_text(text)


if __name__ == "__main__":
    main()
