"""Functions of stage `simt` with their parameters, and the module around them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xdsl.dialects.builtin import IntegerAttr, ModuleOp
from xdsl.ir import Operation

from minilinalg.abi import FunctionAbi, functions_of, is_public, symbol
from minilinalg.analysis.machine_needs import expect
from minilinalg.analysis.products_under_way import early_use
from minilinalg.codegen.ptx import (
    atomics,
    bulk_copy,
    comparisons,
    control_flow,
    conversions,
    debugging,
    dot,
    floats,
    inline_asm,
    integers,
    math_functions,
    memory,
    registers,
    remainder,
    tensor_maps,
    warp_group,
)
from minilinalg.codegen.ptx.elements import Part
from minilinalg.codegen.ptx.memory import SHARED
from minilinalg.codegen.ptx.writer import Handler, Machine, Writer
from minilinalg.dialects.simt import SCRATCH_ATTR, SHARED_ATTR, THREADS_ATTR
from minilinalg.dialects.simt.bulk_copy import TensorMapType
from minilinalg.errors import InputError, UnsupportedError
from minilinalg.locations import places_of
from minilinalg.targets import Machine as AnyMachine
from minilinalg.targets import SimtTarget

PRINTS = "vprintf"
"""The driver's function that prints."""
LEAST_CAPABILITY, NEWEST_CAPABILITY = 80, 90

HANDLERS: Mapping[str, Handler] = {
    **integers.HANDLERS,
    **comparisons.HANDLERS,
    **floats.HANDLERS,
    **conversions.HANDLERS,
    **math_functions.HANDLERS,
    **remainder.HANDLERS,
    **registers.HANDLERS,
    **memory.HANDLERS,
    **atomics.HANDLERS,
    **dot.HANDLERS,
    **bulk_copy.HANDLERS,
    **tensor_maps.HANDLERS,
    **debugging.HANDLERS,
    **inline_asm.HANDLERS,
    **warp_group.HANDLERS,
    **control_flow.HANDLERS,
}
"""Name of an operation -> what writes it."""


def machine_of(target: AnyMachine | None) -> Machine:
    """What PTX is written for: the compute capability that a target's file states, 8.0 without one.

    Raises UnsupportedError for a machine that is no GPU, or one below 8.0.
    """
    if target is None:
        return Machine(LEAST_CAPABILITY)
    if not isinstance(target, SimtTarget):
        raise UnsupportedError(
            f"PTX for target '{target.name}'",
            rule="PTX is the code of a machine of kind simt, whose file states a compute_capability",
        )
    capability = target.machine.compute_capability
    if capability < LEAST_CAPABILITY:
        raise UnsupportedError(
            f"PTX for target '{target.name}' of compute capability {capability / 10}",
            rule=f"PTX is written for compute capability {LEAST_CAPABILITY / 10} and above",
        )
    # What this version knows runs on newer machines, without features of one of them alone.
    return Machine(min(capability, NEWEST_CAPABILITY), specific=capability == NEWEST_CAPABILITY)


def ptx_name(name: str) -> str:
    """The name of a function as PTX may spell it."""
    spelled = re.sub(r"[^A-Za-z0-9_$]", "_", name)
    return spelled if spelled[:1].isalpha() else f"_{spelled}"


def ptx_text(module: ModuleOp, machine: Machine, registers: int | None = None) -> str:
    """The PTX text of all public functions of a module of stage `simt`, whose threads have so many registers at most.

    Raises InputError for functions of another stage, RunError for a product's result that nobody waited for, and
    UnsupportedError for what has no PTX, with the place.
    """
    functions = [each for each in functions_of(module).values() if is_public(each)]
    if not functions:
        raise InputError(
            "this module has no function to print as PTX",
            rule="a module of stage simt has a public func.func with a body",
            places=places_of(module)[:1],
        )
    shared, version = False, (0, 0)
    tables: dict[str, str] = {}
    texts: dict[str, str] = {}
    bodies: list[str] = []
    for function in functions:
        threads = _number(function, THREADS_ATTR)
        expect(function, machine.name, lambda need: need.met(machine.capability, machine.specific))
        if (early := early_use(function)) is not None:
            raise early.error()
        w = Writer(machine, HANDLERS, threads)
        shared = shared or _number(function, SHARED_ATTR) > 0
        bodies.append(_function(w, function, registers))
        texts |= w.texts
        version = max(version, w.version)
        for name, words in w.tables.items():
            tables[name] = f".const .align 4 .b32 {name}[{len(words)}] = {{{', '.join(map(str, words))}}};"
    if texts:
        tables[PRINTS] = f".extern .func (.param .b32 count) {PRINTS} (.param .b64 format, .param .b64 arguments);"
    for name, text in texts.items():
        bytes = [*text.encode(), 0]
        tables[name] = f".global .align 1 .b8 {name}[{len(bytes)}] = {{{', '.join(map(str, bytes))}}};"
    lines = [".version {}.{}".format(*version), f".target {machine.name}", ".address_size 64", *tables.values()]
    if shared:
        lines.append(f".extern .shared .align 1024 .b8 {SHARED}[];")
    return "\n".join([*lines, "", *bodies])


def _number(function: Operation, name: str) -> int:
    found = function.attributes.get(name)
    if isinstance(found, IntegerAttr):
        return found.value.data
    raise InputError(
        f"function '{symbol(function)}' has no {name}",
        rule="PTX is printed of stage simt, whose functions say their threads and shared memory",
        hint="--road simt --target NAME takes a kernel there",
        places=places_of(function)[:1],
    )


def _function(w: Writer, function: Operation, most: int | None) -> str:
    name = ptx_name(symbol(function))
    promises = FunctionAbi.of(function).parameters
    block = function.regions[0].blocks[0]
    w.op = function
    declared: list[str] = []
    for i, (argument, parameter) in enumerate(zip(block.args, promises, strict=True)):
        label = f"{name}_param_{i}"
        if isinstance(argument.type, TensorMapType):
            text, address = bulk_copy.map_parameter(w, label)
            declared.append(text)
            w.values[argument] = [address]
            continue
        bits = w.bits(argument)
        width = max(bits, 8)
        if parameter.kind in ("pointer", "descriptor"):
            declared.append(f".param .u64 .ptr .global .align {_alignment(parameter.promises)} {label}")
        else:
            declared.append(f".param .b{width} {label}")
        letter = "d" if bits == 64 else "r"
        register = w.new(letter)
        w.raw(f"ld.param.b{width} {register}, [{label}];", (register,), needed=False)
        if bits == 1:
            w.values[argument] = [w.pure("p", "setp.ne.s32", w.pure("r", "and.b32", register, 1), 0)]
        else:
            w.values[argument] = [Part(register) if bits < 32 else register]
    if function.attributes.get(SCRATCH_ATTR) is not None:
        label = f"{name}_param_{len(block.args)}"
        declared.append(tensor_maps.scratch_parameter(w, label, _number(function, SCRATCH_ATTR)))
    w.run(block)
    body = [*w.declarations(), "", *w.live()]
    lines = [line if line.endswith(":") or not line else f"    {line}" for line in body]
    head = ",\n    ".join(declared)
    head = f"(\n    {head}\n)" if declared else "()"
    limits = [f".maxntid {w.threads}, 1, 1", *([] if most is None else [f".maxnreg {most}"])]
    return "\n".join([f".visible .entry {name}{head}", *limits, "{", *lines, "}", ""])


def _alignment(promises: Mapping[str, int]) -> int:
    """Of a pointer, the largest power of two that divides it as far as is promised."""
    divisor = promises.get("tt.divisibility", 1)
    return max(divisor & -divisor, 1)
