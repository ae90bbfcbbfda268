"""What a program tells its programmer: tt.print and tt.assert, those of `debug` for one element each, and those of
`simt`, by the threads that hold elements."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minilinalg.errors import RunError
from minilinalg.interp.chunks import Chunk
from minilinalg.interp.dtypes import Array, DType, dtype_of, shape_of
from minilinalg.interp.engine import Emitter
from minilinalg.interp.meanings import meaning
from minilinalg.interp.values import Partial, written_out


def _spelled(dtype: DType, *, hex_: bool, signed: bool) -> Callable[[Any], str]:
    """How one element is printed: as C's printf does for %f, %i, %u, %p, or all its bits for `hex`."""
    digits = max(dtype.bits, 8) // 4
    mask = (1 << dtype.bits) - 1

    def bits(x: Any) -> str:
        stored = np.asarray(x, dtype.carrier).astype(dtype.storage)
        return f"0x{int.from_bytes(stored.tobytes(), 'little') & mask:0{digits}x}"

    def number(x: Any) -> str:
        return f"{x:f}" if dtype.is_float else str(int(x) if signed or dtype.bits == 1 else int(x) & mask)

    return bits if hex_ or dtype.kind == "ptr" else number


def _per_program(value: Any, count: int, shape: tuple[int, ...]) -> tuple[Array, Array | None]:
    """Elements (count, *shape) and which of them are defined (None: all)."""
    data = np.atleast_1d(np.asarray(written_out(value)))
    defined = np.atleast_1d(value.defined_array()) if isinstance(value, Partial) else None
    full = (count, *shape)
    return np.broadcast_to(data, full), None if defined is None else np.broadcast_to(defined, full)


def _at(value: Any, p: int) -> Any:
    """A scalar, which may be one for all programs, in program `p`."""
    array = np.asarray(value.data if isinstance(value, Partial) else value)
    return array.flat[p if array.size > 1 else 0]


def _pids(pids: Sequence[Any], p: int) -> str:
    return "(" + ", ".join(str(int(_at(i, p))) for i in pids) + ")"


def _index(index: Sequence[int], shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(f"{i:{len(str(n - 1))}}" for i, n in zip(index, shape, strict=True)) + ")"


@meaning("tt.print")
def emit_print(em: Emitter, op: Any) -> None:
    """A line an element on standard output, in the format of Triton on a GPU: `pid (0, 0, 0) idx ( 3) x: 1.500000`."""
    prefix = op.prefix.data
    kinds = [
        (shape_of(o.type), _spelled(dtype_of(o.type), hex_=bool(op.hex.value.data), signed=bool(signed)))
        for o, signed in zip(op.operands, op.is_signed.get_values(), strict=True)
    ]

    def line(c: Chunk, *values: Any) -> None:
        lines: list[str] = []
        arrays = [_per_program(v, c.size, shape) for v, (shape, _) in zip(values, kinds, strict=True)]
        for p in range(c.size):
            pid = f"pid {_pids(c.pids, p)}"
            if not kinds:
                lines.append(f"{pid}{prefix}")
            for number, ((data, defined), (shape, spelled)) in enumerate(zip(arrays, kinds, strict=True)):
                which = f"(operand {number}) " if len(kinds) > 1 else ""
                for index in np.ndindex(shape):
                    known = defined is None or bool(defined[(p, *index)])
                    element = spelled(data[(p, *index)]) if known else "undefined"
                    lines.append(f"{pid} idx {_index(index, shape)}{prefix}{which}{element}")
        sys.stdout.write("\n".join(lines) + "\n")

    em.call(op, line, ", ".join(["c", *(em.ref(o) for o in op.operands)]))


@meaning("tt.assert")
def emit_assert(em: Emitter, op: Any) -> None:
    message, shape = op.message.data, shape_of(op.condition.type)

    def check(c: Chunk, condition: Any) -> None:
        if isinstance(condition, bool) and condition:
            return
        holds, defined = _per_program(condition, c.size, shape)
        # What an undefined lane would say, nobody may depend on.
        failed = ~holds.astype(np.bool_) if defined is None else defined & ~holds.astype(np.bool_)
        if bool(failed.any()):
            p, *index = (int(i) for i in np.argwhere(failed)[0])
            where = f" at {index}" if shape else ""
            raise RunError(
                f"device assertion failed in program {_pids(c.pids, p)}{where}: {message}",
                rule="the program asserts this",
            )

    em.call(op, check, f"c, {em.refs(op.operands)}")


@meaning("debug.print")
def emit_debug_print(em: Emitter, op: Any) -> None:
    text, extents = op.text.data, op.extents.get_values()
    dtype = None if op.value is None else dtype_of(op.value.type)
    spelled = None if dtype is None else _spelled(dtype, hex_=op.hex is not None, signed=op.unsigned is None)

    def line(c: Chunk, pids: Sequence[Any], element: Sequence[Any], value: Any) -> None:
        lines: list[str] = []
        for p in range(c.size):
            where = f"pid {_pids(pids, p)}"
            if spelled is None:
                lines.append(f"{where}{text}")
                continue
            known = not isinstance(value, Partial) or bool(_at(value.defined_array(), p))
            index = _index([int(_at(i, p)) for i in element], extents)
            lines.append(f"{where} idx {index}{text}{spelled(_at(value, p)) if known else 'undefined'}")
        sys.stdout.write("\n".join(lines) + "\n")

    lists = ", ".join(f"[{em.refs(values)}]" for values in (op.program, op.element))
    em.call(op, line, f"c, {lists}, {'None' if op.value is None else em.ref(op.value)}")


@meaning("debug.assert")
def emit_debug_assert(em: Emitter, op: Any) -> None:
    message = op.message.data

    def check(c: Chunk, condition: Any, pids: Sequence[Any], element: Sequence[Any]) -> None:
        if isinstance(condition, bool) and condition:
            return
        holds, defined = _per_program(condition, c.size, ())
        failed = ~holds.astype(np.bool_) if defined is None else defined & ~holds.astype(np.bool_)
        if bool(failed.any()):
            p = int(np.argmax(failed))
            where = f" at {[int(_at(i, p)) for i in element]}" if element else ""
            raise RunError(
                f"device assertion failed in program {_pids(pids, p)}{where}: {message}",
                rule="the program asserts this",
            )

    em.call(op, check, f"c, {em.ref(op.condition)}, [{em.refs(op.program)}], [{em.refs(op.element)}]")


def _elements_of(
    c: Chunk, value: Any, index: Sequence[Any], mask: Any, held: tuple[int, ...]
) -> tuple[Array, Array | None, Array, Array | None]:
    """What threads hold, a row for each program: elements, whether they are defined, their indices (n, dimensions,
    programs), and which of them count (None: all)."""
    data, defined = _per_program(value, c.size, held)
    indices = np.stack([_per_program(i, c.size, held)[0].reshape(c.size, -1) for i in index])
    kept = None if mask is None else _per_program(mask, c.size, held)[0].reshape(c.size, -1)
    known = None if defined is None else defined.reshape(c.size, -1)
    return data.reshape(c.size, -1), known, indices, kept


@meaning("simt.print")
def emit_simt_print(em: Emitter, op: Any) -> None:
    """In the order of the indices, whoever holds the elements."""
    text, extents = op.text.data, tuple(op.extents.get_values())
    dtype = None if op.value is None else dtype_of(op.value.type)
    spelled = None if dtype is None else _spelled(dtype, hex_=op.hex is not None, signed=op.unsigned is None)
    held = () if op.value is None else shape_of(op.value.type)

    def line(c: Chunk, index: Sequence[Any], value: Any, mask: Any) -> None:
        lines: list[str] = []
        if spelled is None:
            sys.stdout.write("".join(f"pid {_pids(c.pids, p)}{text}\n" for p in range(c.size)))
            return
        if not index:
            data, defined = _per_program(value, c.size, ())
            for p in range(c.size):
                element = spelled(data[p]) if defined is None or defined[p] else "undefined"
                lines.append(f"pid {_pids(c.pids, p)} idx (){text}{element}")
        else:
            data, defined, indices, kept = _elements_of(c, value, index, mask, held)
            for p in range(c.size):
                everywhere: Array = np.ones(data.shape[1], np.bool_)
                order: list[int] = np.lexsort(indices[::-1, p]).tolist()
                for at in order:
                    if not (everywhere if kept is None else kept[p])[at]:
                        continue
                    element = spelled(data[p, at]) if defined is None or defined[p, at] else "undefined"
                    where = _index([int(i) for i in indices[:, p, at]], extents)
                    lines.append(f"pid {_pids(c.pids, p)} idx {where}{text}{element}")
        sys.stdout.write("\n".join(lines) + "\n")

    value, mask = ("None" if v is None else em.ref(v) for v in (op.value, op.mask))
    em.call(op, line, f"c, [{em.refs(op.index)}], {value}, {mask}")


@meaning("simt.assert")
def emit_simt_assert(em: Emitter, op: Any) -> None:
    message, held = op.message.data, shape_of(op.condition.type)

    def check(c: Chunk, condition: Any, index: Sequence[Any]) -> None:
        if isinstance(condition, bool) and condition:
            return
        holds, defined = _per_program(condition, c.size, held)
        failed = ~holds.astype(np.bool_) if defined is None else defined & ~holds.astype(np.bool_)
        if not bool(failed.any()):
            return
        failed = failed.reshape(c.size, -1)
        p = int(np.argmax(failed.any(axis=1)))
        where = ""
        if index:
            indices = _elements_of(c, condition, index, None, held)[2][:, p, failed[p]]
            where = f" at {[int(i) for i in min(indices.T.tolist())]}"
        raise RunError(
            f"device assertion failed in program {_pids(c.pids, p)}{where}: {message}",
            rule="the program asserts this",
        )

    em.call(op, check, f"c, {em.ref(op.condition)}, [{em.refs(op.index)}]")
