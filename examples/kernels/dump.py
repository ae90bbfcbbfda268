"""Write the official compiler's TTIR of the kernels beside this file, with the places of their source. No GPU needed.

    pip install triton==3.9.0
    cd examples/kernels && python dump.py

NAME.ttir is what a launch gets whose pointers and sizes are multiples of 16; NAME.nopromise.ttir is what any other
gets. The code is the same, the promises are not: a pass may use them, and a launch must keep them. NAME.block256.ttir
has smaller blocks, for machines with little memory, and no promises. NAME.columns16.ttir promises the length of rows
beside what NAME.ttir promises: what is loaded under a mask of it can be loaded 16 bytes at a time.
"""

from pathlib import Path

import triton
from kernels import MORE_PROMISES, SMALL_BLOCKS, SPECIALISATIONS
from triton._C.libtriton import ir
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, make_backend

CAPABILITY = 90


def ttir(kernel, specialisation, promises: bool) -> str:
    """The module of one specialisation after the official compiler's passes on TTIR."""
    target = GPUTarget("cuda", CAPABILITY, 32)
    backend = make_backend(target)
    options = backend.parse_options({})
    context = ir.context()
    ir.load_dialects(context)
    backend.load_dialects(context)
    types = dict(argument.split("=") for argument in specialisation.types.split())
    signature = {name: types.get(name, "constexpr") for name in kernel.arg_names}
    promised = specialisation.multiples_of_16.split() if promises else []
    attributes = {(kernel.arg_names.index(name),): [["tt.divisibility", 16]] for name in promised}
    source = ASTSource(kernel, signature, specialisation.constants, attributes)
    functions, modules = backend.get_codegen_implementation(options), backend.get_module_map()
    module = source.make_ir(target, options, functions, modules, context)
    backend.make_ttir(module, {}, options, CAPABILITY)
    return module.str()


def write(kernel, suffix: str, specialisation, promises: bool) -> None:
    """Writes the file of one specialisation; the places in it do not say where triton is installed."""
    text = ttir(kernel, specialisation, promises)
    for directory in (Path(__file__).resolve().parent, Path(triton.__file__).parents[1]):
        text = text.replace(f"{directory}/", "")
    Path(__file__).with_name(f"{kernel.__name__}{suffix}.ttir").write_text(text)


def main() -> None:
    for kernel, specialisation in SPECIALISATIONS.items():
        write(kernel, "", specialisation, promises=True)
        write(kernel, ".nopromise", specialisation, promises=False)
    for suffix, kernels in SMALL_BLOCKS.items():
        for kernel, constants in kernels.items():
            smaller = SPECIALISATIONS[kernel]._replace(constants=SPECIALISATIONS[kernel].constants | constants)
            write(kernel, f".{suffix}", smaller, promises=False)
    for suffix, kernels in MORE_PROMISES.items():
        for kernel, names in kernels.items():
            plain = SPECIALISATIONS[kernel]
            more = plain._replace(multiples_of_16=f"{plain.multiples_of_16} {names}")
            write(kernel, f".{suffix}", more, promises=True)


if __name__ == "__main__":
    main()
