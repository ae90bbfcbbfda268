"""Arguments and results of a function: tensors become memory that the caller owns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, MemRefType, TensorType, UnitAttr
from xdsl.ir import Attribute, Operation, SSAValue

from minilinalg.abi import ABI, FunctionAbi, Parameter
from minilinalg.analysis.tensor_operands import is_tensor
from minilinalg.dialects.upstream import func, memref, scf
from minilinalg.errors import UnsupportedError
from minilinalg.locations import places_of
from minilinalg.passes.insertion import insert_before
from minilinalg.passes.one_shot_bufferize.buffers import Buffers

RESULT = "ml.result"
"""The argument attribute of a buffer that takes a result: the caller allocates it and gets it back."""


def refuse_calls(module: Operation, functions: Sequence[func.FuncOp]) -> None:
    """Raises UnsupportedError for a call, or the use as a value, of a function whose parameters change here."""
    changed = {
        function.sym_name.data
        for function in functions
        if function.function_type.outputs.data or any(is_tensor(arg) for arg in function.body.blocks[0].args)
    }
    for op in module.walk():
        if not isinstance(op, func.CallOp | func.ConstantOp):
            continue
        name = (op.callee if isinstance(op, func.CallOp) else op.value).string_value()
        if name in changed:
            raise UnsupportedError(
                f"'{op.name}' of @{name}, which takes tensors or returns something",
                rule="results become arguments here, of functions that the user alone calls",
                hint="'--inline' puts bodies of functions in place of their calls",
                places=places_of(op),
            )


def take_arguments(b: Buffers) -> None:
    body = b.function.body.block
    tensors = [arg for arg in body.args if is_tensor(arg)]
    if tensors or b.function.function_type.outputs.data:
        b.function.attributes[ABI] = FunctionAbi.of(b.function).attribute()
    for arg in tensors:
        type = cast("TensorType[Attribute]", arg.type)
        new = body.insert_arg(MemRefType(type.element_type, type.shape), arg.index)
        new.name_hint, new.location = arg.name_hint, arg.location
        b.buffers[arg] = new
        b.dead_arguments.append(arg)


def return_results(b: Buffers, op: func.ReturnOp) -> None:
    """Results go to trailing arguments: the caller allocates them and hands them back to the user."""
    if not op.operands:
        return
    entries: list[Attribute] = []
    for index, value in enumerate(op.operands):
        type = value.type
        name = f"result{index}" if len(op.operands) > 1 else "result"
        shaped = cast("TensorType[Attribute]", type) if is_tensor(value) else None
        element, shape = (shaped.element_type, shaped.get_shape()) if shaped is not None else (type, ())
        new = add_argument(b, MemRefType(element, shape), name)
        if is_tensor(value):
            _deliver(b, op, b.buffer(value), new)
        else:
            insert_before(op, memref.StoreOp.get(value, new, []))
        entries.append(Parameter(name, "result", element, {}, shape).attribute())
    known = cast("ArrayAttr[Attribute]", b.function.attributes[ABI])
    b.function.attributes[ABI] = ArrayAttr([*known.data, *entries])
    insert_before(op, func.ReturnOp())
    b.dead.append(op)


def _deliver(b: Buffers, at: Operation, source: SSAValue, result: SSAValue) -> None:
    """Copies a result to the caller's buffer. What the iterations of a scf.forall make together is made there.

    A buffer that they shared would be in the memory of one core.
    """
    alloc = source.owner
    is_shared = isinstance(alloc, memref.AllocOp) and any(
        isinstance(use.operation, scf.ForallOp) or _is_inside_forall(use.operation) for use in source.uses
    )
    if is_shared and alloc.parent is at.parent and source.type == result.type:
        b.replace(source, result)
    else:
        b.copy(at, source, result)


def _is_inside_forall(op: Operation) -> bool:
    at = op.parent_op()
    while at is not None and not isinstance(at, scf.ForallOp):
        at = at.parent_op()
    return at is not None


def add_argument(b: Buffers, type: MemRefType[Attribute], name: str) -> SSAValue:
    body = b.function.body.block
    live = [arg for arg in body.args if arg not in b.dead_arguments]
    given = b.function.arg_attrs.data if b.function.arg_attrs is not None else ()
    attributes = [*given, *(DictionaryAttr({}) for _ in range(len(live) - len(given)))]
    new = body.insert_arg(type, len(body.args))
    new.name_hint = name
    b.function.arg_attrs = ArrayAttr([*attributes, DictionaryAttr({RESULT: UnitAttr()})])
    return new
