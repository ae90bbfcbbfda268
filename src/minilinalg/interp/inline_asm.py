"""Inline assembly: PTX for each group of elements, as tt.elementwise_inline_asm and simt.inline_asm have it."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minilinalg.dialects.tt.inline_assembly import Registers, assembly_of
from minilinalg.errors import UnsupportedError
from minilinalg.interp.access import dtype_in, dtype_out
from minilinalg.interp.dtypes import Array, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.lifting import rank_of
from minilinalg.interp.meanings import meaning
from minilinalg.interp.ptx import U64, Text
from minilinalg.interp.values import Partial, spread, written_out
from minilinalg.locations import places_of


@meaning("tt.elementwise_inline_asm", "simt.inline_asm")
def emit_inline_asm(em: Emitter, op: Any) -> None:
    """Groups are elements in row-major order, as which ones they are is not specified."""
    assembly = assembly_of(op)
    try:
        text = Text(assembly.written(lambda number: f"${number}"))
        # What it does not know shows in one turn over zeros.
        text.run(
            {f"${i}": np.zeros(1, U64) for i in range(sum(r.count for r in (*assembly.results, *assembly.arguments)))}
        )
    except UnsupportedError as error:
        raise UnsupportedError(error.diagnostic.found, rule=error.diagnostic.rule, places=places_of(op)) from None
    shape = shape_of(op.result[0].type)
    scalar = rank_of(op.result[0].type) is None
    dtypes = [dtype_of(value.type) for value in op.args]
    made = [dtype_of(value.type) for value in op.result]
    count = prod(shape)

    def elements(value: Any, dtype: Any) -> Array:
        data = np.asarray(written_out(value), dtype.carrier)
        full = data.reshape(-1, *(1,) * len(shape)) if data.ndim < 1 + len(shape) else data
        bits = dtype_out(np.ascontiguousarray(spread(full, shape)), dtype)
        return bits.view(np.dtype(f"u{dtype.itemsize}")).reshape(len(full), -1, assembly.packed)

    def run(*operands: Any) -> Any:
        defined: Any = None
        for operand in operands:
            if type(operand) is Partial:
                flags = operand.defined_array()
                defined = flags if defined is None else defined & flags
        registers: dict[str, Array] = {}
        number = sum(each.count for each in assembly.results)
        groups = [elements(o, dtype) for o, dtype in zip(operands, dtypes, strict=True)]
        for group, each in zip(groups, assembly.arguments, strict=True):
            for i, register in enumerate(_packed(group, each)):
                if each.same_as is not None:
                    registers[f"${each.same_as + i}"] = register
                registers[f"${number}"] = register
                number += 1
        text.run(registers)
        programs = max((len(group) for group in groups), default=1)
        found: list[Any] = []
        number = 0
        for each, dtype in zip(assembly.results, made, strict=True):
            names = [f"${number + i}" for i in range(each.count)]
            number += each.count
            bits = _unpacked([registers.get(name, np.zeros((), U64)) for name in names], each)
            bits = np.broadcast_to(bits, (programs, count // assembly.packed, assembly.packed))
            stored = np.ascontiguousarray(bits).astype(np.dtype(f"u{dtype.itemsize}")).view(dtype.storage)
            value = dtype_in(stored.reshape(programs, *shape), dtype)
            if scalar and programs == 1 and defined is None:
                value = value.reshape(())[()]
                value = value if dtype.is_float else int(value)
            found.append(value if defined is None else Partial(np.asarray(value), defined))
        return found[0] if len(found) == 1 else tuple(found)

    em.call(op, run, em.refs(op.args))


def _packed(group: Array, each: Registers) -> list[Array]:
    """Bits of elements, (P, groups, packed), as registers, (P, groups, 1)."""
    found: list[Array] = []
    for first in range(0, group.shape[2], each.elements):
        register = np.zeros((*group.shape[:2], 1), U64)
        for i in range(each.elements):
            register |= group[:, :, first + i, None].astype(U64) << U64(i * each.width)
        found.append(register)
    return found


def _unpacked(registers: list[Array], each: Registers) -> Array:
    """The inverse."""
    mask = U64((1 << each.width) - 1)
    parts = [register >> U64(i * each.width) & mask for register in registers for i in range(each.elements)]
    return np.concatenate(np.broadcast_arrays(*(np.atleast_3d(part) for part in parts)), axis=2)
