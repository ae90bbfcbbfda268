"""Running a module of any stage on NumPy arrays, as its function's signature asks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any

import ml_dtypes
import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Attribute, Operation

# Importing a dialect's file binds its meanings.
from . import (  # noqa: F401
    affine,
    aggregates,
    arith,
    control,
    descriptors,
    dots,
    indexed,
    linalg,
    linalg_named,
    math,
    memref,
    pointers,
    reductions,
    simt,
    tensor,
    tt,
)
from .descriptors import block_of
from .engine import Machine
from .errors import SlowError, SlowUnsupported
from .memory import Memory
from .reading import DYNAMIC, attribute, dtype_of, integer, name_of, shape_of, string, symbol
from .scalars import INDEX, DType, Float, Int, Undefined, from_python
from .threads import run_threads
from .values import Descriptor, MemRef, Tensor, row_major, size_of

ABI = "ml.abi"
FUNCTIONS = ("tt.func", "func.func")


def run(
    module: ModuleOp,
    grid: tuple[int, int, int] = (1, 1, 1),
    args: Sequence[Any] = (),
    *,
    function: str | None = None,
    forall_order: Callable[[list[tuple[int, ...]]], Iterable[tuple[int, ...]]] = list,
) -> list[np.ndarray]:
    """Runs `function`, or the module's only public one, one program after another.

    `args` are in the order of the source function's parameters: a NumPy array for each pointer, memref, descriptor and
    tensor, a Python number for each scalar. Arrays behind pointers, memrefs and descriptors are written in place, and
    overlap in the simulated memory as they do on the host; an array of any dtype will do, as its bytes count. A
    `tt.func` runs once for every program of the grid, x fastest; a `func.func` made from one (it has `ml.abi`) gets the
    grid's sizes as its last arguments and runs once. `forall_order` permutes the points of each parallel loop.

    Returns the arrays of the tensors and scalars that the function returns. Raises SlowError for an access out of
    bounds or an undefined element where a value is needed, SlowUnsupported for an operation without a meaning here.
    """
    op = _find(module, function)
    memory = Memory()
    machine = Machine(module, memory, grid, forall_order)
    buffers = _result_buffers(machine, op)
    given = [*args, *buffers]
    threads = attribute(op, "simt.threads")
    if threads is None and attribute(op, ABI) is not None and "tensor" not in _kinds(op):
        given += grid
    parameters = [arg.type for arg in op.regions[0].blocks[0].args]
    if len(parameters) != len(given):
        raise SlowError(f"{symbol(op, 'sym_name')} takes {len(parameters)} arguments, {len(given)} are given")
    values = _arguments(memory, parameters, given)
    results: Sequence[Any] = ()
    if name_of(op) == "tt.func":
        for z in range(grid[2]):
            for y in range(grid[1]):
                for x in range(grid[0]):
                    machine.program = (x, y, z)
                    machine.call(op, values)
    elif threads is not None:
        for z, y, x in itertools.product(*(range(n) for n in reversed(grid))):
            _run_block(machine, op, (x, y, z), values)
    else:
        results = machine.call(op, values)
    memory.write_back()
    types = op.properties["function_type"].outputs.data  # pyright: ignore
    made = zip(parameters[len(args) :], buffers, strict=False)
    return [_array(machine, type, result) for type, result in (*made, *zip(types, results, strict=True))]


def _run_block(machine: Machine, op: Operation, block: tuple[int, int, int], values: Sequence[Any]) -> None:
    """Runs a function of one thread in all threads of a block, which has shared memory of its own."""
    shared = machine.memory.allocate("shared memory", integer(op, "simt.shared", 0))

    def body(thread: int, meet: Callable[[Any], Sequence[Any]]) -> None:
        own = copy(machine)
        own.program, own.thread, own.shared, own.meet = block, thread, shared, meet
        own._frame = {}  # pyright: ignore[reportPrivateUsage]
        own.call(op, values)

    run_threads(integer(op, "simt.threads"), body)


def _kinds(op: Operation) -> list[str]:
    """What `ml.abi` says of each parameter: "pointer", "scalar", "tensor" or "result"."""
    found = attribute(op, ABI)
    return [] if found is None else [entry.data["kind"].data for entry in found.data]


def _result_buffers(machine: Machine, op: Operation) -> list[MemRef]:
    """Memory for the trailing parameters that a function on whole tensors got for its results by bufferization."""
    buffers: list[MemRef] = []
    for parameter, kind in zip(op.regions[0].blocks[0].args, _kinds(op), strict=False):
        if kind == "result":
            shape = shape_of(parameter.type)
            if shape is None or DYNAMIC in shape:
                raise SlowUnsupported(f"a result of the type {parameter.type}: its size is not known before it is made")
            buffers.append(memref.new_memref(machine, f"result {len(buffers)}", parameter.type, shape))
    return buffers


def _find(module: ModuleOp, name: str | None) -> Operation:
    functions = [op for op in module.ops if name_of(op) in FUNCTIONS]
    if name is not None:
        functions = [op for op in functions if symbol(op, "sym_name") == name]
    elif len(functions) > 1:
        functions = [
            op
            for op in functions
            if attribute(op, "sym_visibility") is None or string(op, "sym_visibility") != "private"
        ]
    if len(functions) != 1:
        raise SlowError(f"{len(functions)} functions could be meant")
    return functions[0]


def _arguments(memory: Memory, types: Sequence[Attribute], given: Sequence[Any]) -> list[Any]:
    """The values of the parameters; arrays that are memory get addresses all at once, so that overlaps are kept."""
    placed = [
        k
        for k, (type, value) in enumerate(zip(types, given, strict=True))
        if isinstance(value, np.ndarray) and type.name != "tensor"
    ]
    addresses = dict(zip(placed, memory.place([(f"argument {k}", given[k]) for k in placed]), strict=True))
    return [_argument(type, value, addresses.get(k)) for k, (type, value) in enumerate(zip(types, given, strict=True))]


def _argument(type: Attribute, value: Any, address: int | None) -> Any:
    if isinstance(value, MemRef):
        return value
    if address is None:
        return _tensor(dtype_of(type), value) if type.name == "tensor" else from_python(dtype_of(type), value)
    if dtype_of(type) == Int(64):
        # An address, where functions are of one thread.
        return address
    match type.name:
        case "tt.ptr":
            return address
        case "tt.tensordesc":
            strides = tuple(stride // value.itemsize for stride in value.strides)
            return Descriptor(address, dtype_of(type.element_type), value.shape, strides, block_of(type), "zero")  # pyright: ignore
        case "memref":
            return _view(type, value, address)
    raise SlowError(f"an array for a parameter of type {type}")


def _view(type: Attribute, array: np.ndarray, address: int) -> MemRef:
    """An argument as its parameter's type sees it; a type of another rank sees the array's elements in a row."""
    element, shape = dtype_of(type), shape_of(type)
    assert shape is not None
    size = size_of(element)
    if array.ndim == len(shape) and array.itemsize == size:
        sizes, strides = array.shape, tuple(stride // size for stride in array.strides)
    else:
        sizes = (array.nbytes // size,) if shape == (DYNAMIC,) else shape
        strides = row_major(sizes)
    if any(claimed not in (DYNAMIC, actual) for claimed, actual in zip(shape, sizes, strict=True)):
        raise SlowError(f"an array of the shape {array.shape} for a parameter of type {type}")
    return MemRef(address, element, 0, sizes, strides)


def _tensor(t: DType, array: np.ndarray) -> Tensor:
    raw, size = np.asarray(array).tobytes(), size_of(t)
    elements = [int.from_bytes(raw[k : k + size], "little") for k in range(0, len(raw), size)]
    return Tensor(np.asarray(array).shape, list(elements))


def numpy_dtype(t: DType) -> np.dtype:
    """The NumPy dtype that holds elements of a dtype."""
    if isinstance(t, Float):
        names = {"f16": np.float16, "f32": np.float32, "f64": np.float64, "bf16": ml_dtypes.bfloat16}
        return np.dtype(names.get(t.name) or getattr(ml_dtypes, f"float8_{t.name[2:].lower()}"))
    return np.dtype(bool if t.width == 1 else np.int64 if t == INDEX else f"int{t.width}")


def _array(machine: Machine, type: Attribute, result: Any) -> np.ndarray:
    """A result of a function as an array, of no dimensions for a scalar."""
    t = dtype_of(type)
    if isinstance(result, MemRef):
        result = memref.read(machine, result)
    shape, elements = (result.shape, result.elements) if isinstance(result, Tensor) else ((), [result])
    if any(isinstance(element, Undefined) for element in elements):
        raise SlowError("an element of a result is undefined")
    raw = b"".join(element.to_bytes(size_of(t), "little") for element in elements)
    return np.frombuffer(raw, numpy_dtype(t)).reshape(shape).copy()
