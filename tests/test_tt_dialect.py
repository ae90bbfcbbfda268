"""The tt dialect: its rules and what they say, its documentation, its effects, its constructors."""

from __future__ import annotations

import inspect
import re
from math import prod
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from triton_texts import REJECTED, Rejected
from xdsl.dialects.builtin import (
    FunctionType,
    IntegerType,
    ModuleOp,
    Signedness,
    TensorType,
    bf16,
    f16,
    f32,
    i1,
    i8,
    i32,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.irdl import irdl_op_definition, operand_def, result_def
from xdsl.traits import HasParent, MemoryEffectKind, get_effects, is_speculatable
from xdsl.utils.test_value import create_ssa_value

from minilinalg.context import make_context
from minilinalg.dialects import tt
from minilinalg.dialects.tt.assembly import FormattedOperation, Syntax
from minilinalg.dialects.tt.types import FloatTensor
from minilinalg.dialects.upstream.parser import MLIRParser
from minilinalg.errors import InputError
from minilinalg.parsing import parse_module
from minilinalg.printing import module_text

OPERATIONS = sorted(tt.TT.operations, key=lambda op: op.name)
READ, WRITE = MemoryEffectKind.READ, MemoryEffectKind.WRITE


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: case.name)
def test_says_what_is_wrong_and_where(case: Rejected):
    with pytest.raises(InputError) as caught:
        parse_module(case.text)
    assert caught.value.diagnostic.found == case.found
    assert caught.value.diagnostic.places[0].line == case.line


def example(op: type[Operation]) -> str:
    """The example of an operation's page."""
    block = re.search(r"```mlir\n(.*?)```", inspect.cleandoc(op.__doc__ or ""), re.DOTALL)
    assert block is not None, f"{op.name} has no example"
    return block[1]


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_example_of_the_page_is_right(op: type[Operation]):
    parser = MLIRParser(make_context(), example(op))
    examples: list[Operation] = []
    while (parsed := parser.parse_optional_operation()) is not None:
        examples.append(parsed)
    assert {type(parsed) for parsed in examples} == {op}
    for parsed in examples:
        if not parsed.get_traits_of_type(HasParent) and not isinstance(parsed, tt.CallOp):
            parsed.verify()
    written = "".join(module_text(parsed) for parsed in examples)
    assert skeleton(written) == skeleton(example(op))


def skeleton(text: str) -> str:
    """A text without line breaks and names of values."""
    text = " ".join(re.sub(r"%\w+(:\d+|#\d+)?", "%", text).split())
    return re.sub(r"(%, )*% = ", "", text)


def test_there_are_54_operations():
    assert len(OPERATIONS) == 54


# Effects


def operation(arguments: str, text: str) -> Operation:
    """The operation that `text` is, in a function with these arguments."""
    module = parse_module(f"tt.func @f({arguments}) {{\n{text}\ntt.return\n}}")
    return next(op for op in module.walk() if op.name.startswith("tt.") and not isinstance(op, tt.FuncOp))


POINTER = "%p: !tt.ptr<i32>, %v: i32, %c: i1"
DESCRIPTOR = "%d: !tt.tensordesc<1x32xf16>, %x: tensor<1x32xf16>, %i: i32, %r: tensor<8xi32>, %y: tensor<8x32xf16>"
ASM = '{constraints = "=r,r", packed_element = 1 : i32, pure = PURE} %v : i32 -> i32'
EFFECTS = [
    (POINTER, "%0 = tt.load %p : !tt.ptr<i32>", {READ}),
    (POINTER, "%0 = tt.load %p {isVolatile = true} : !tt.ptr<i32>", {READ, WRITE}),
    (POINTER, "tt.store %p, %v : !tt.ptr<i32>", {WRITE}),
    (POINTER, "%0 = tt.atomic_rmw add, acq_rel, gpu, %p, %v : (!tt.ptr<i32>, i32) -> i32", {READ, WRITE}),
    (POINTER, "%0 = tt.atomic_cas acq_rel, gpu, %p, %v, %v : (!tt.ptr<i32>, i32, i32) -> i32", {READ, WRITE}),
    (POINTER, "%0 = tt.atomic_load relaxed, gpu, %p : (!tt.ptr<i32>) -> i32", {READ, WRITE}),
    (POINTER, "tt.atomic_store relaxed, gpu, %p, %v : !tt.ptr<i32>", {WRITE}),
    (POINTER, "%0 = tt.atomic_poll relaxed, gpu, %p, %v : !tt.ptr<i32>, i32 -> i1", {READ, WRITE}),
    (POINTER, 'tt.print "v" {hex = false, isSigned = array<i32: 1>} : %v : i32', {WRITE}),
    (POINTER, 'tt.assert %c, "c" : i1', {WRITE}),
    (POINTER, "tt.grid_dependency_wait", {READ, WRITE}),
    (POINTER, "tt.grid_dependency_launch_dependents", {WRITE}),
    (POINTER, '%0 = tt.elementwise_inline_asm "mov" ' + ASM.replace("PURE", "true"), set()),
    (POINTER, '%0 = tt.elementwise_inline_asm "mov" ' + ASM.replace("PURE", "false"), {READ, WRITE}),
    (DESCRIPTOR, "%0 = tt.descriptor_load %d[%i, %i] : !tt.tensordesc<1x32xf16> -> tensor<1x32xf16>", {READ}),
    (DESCRIPTOR, "tt.descriptor_store %d[%i, %i], %x : !tt.tensordesc<1x32xf16>, tensor<1x32xf16>", {READ, WRITE}),
    (
        DESCRIPTOR,
        "%0 = tt.descriptor_gather %d[%r, %i] : (!tt.tensordesc<1x32xf16>, tensor<8xi32>, i32) -> tensor<8x32xf16>",
        {READ},
    ),
    ("%x: tensor<4xf32>", "%0 = tt.cat %x, %x : tensor<4xf32> -> tensor<8xf32>", set()),
    ("%x: f32", "%0 = tt.splat %x : f32 -> tensor<4xf32>", set()),
]


@pytest.mark.parametrize(("arguments", "text", "kinds"), EFFECTS)
def test_effects(arguments: str, text: str, kinds: set[MemoryEffectKind]):
    effects = get_effects(operation(arguments, text))
    assert effects is not None
    assert {effect.kind for effect in effects} == kinds
    assert {effect.resource.name() for effect in effects} <= {"<GlobalMemory>"}


def test_effects_name_the_pointer():
    load = operation(POINTER, "%0 = tt.load %p : !tt.ptr<i32>")
    assert isinstance(load, tt.LoadOp)
    (effect,) = get_effects(load) or ()
    assert effect.value is load.ptr


def test_a_call_may_do_anything():
    assert get_effects(operation("", "tt.call @f() : () -> ()")) is None


@pytest.mark.parametrize(
    ("arguments", "text", "speculatable"),
    [
        ("%x: f32", "%0 = tt.splat %x : f32 -> tensor<4xf32>", True),
        (POINTER, "%0 = tt.load %p : !tt.ptr<i32>", False),
        ("%x: tensor<4xf32>", "%0 = tt.cat %x, %x : tensor<4xf32> -> tensor<8xf32>", False),
        (POINTER, '%0 = tt.elementwise_inline_asm "mov" ' + ASM.replace("PURE", "true"), True),
        (POINTER, '%0 = tt.elementwise_inline_asm "mov" ' + ASM.replace("PURE", "false"), False),
    ],
)
def test_may_run_where_the_program_would_not(arguments: str, text: str, speculatable: bool):
    assert is_speculatable(operation(arguments, text)) == speculatable


def test_map_has_the_effects_of_its_region():
    arguments = "%x: tensor<4xi32>, %p: !tt.ptr<i32>"
    region = "({{\n^bb0(%a: i32):\n{}\ntt.map_elementwise.return %b : i32\n}}) : (tensor<4xi32>) -> tensor<4xi32>"
    start = '%0 = "tt.map_elementwise"(%x) <{pack = 1 : i32}> '
    loads = operation(arguments, start + region.format("%b = tt.load %p : !tt.ptr<i32>"))
    computes = operation(arguments, start + region.format("%b = arith.addi %a, %a : i32"))
    assert {effect.kind for effect in get_effects(loads) or ()} == {READ}
    assert get_effects(computes) == set()


# Constructors


def tensor(*shape: int, of: Attribute = f32) -> SSAValue:
    return create_ssa_value(TensorType(of, shape))


def combiner(*types: Attribute) -> Region:
    block = Block(arg_types=[*types, *types])
    block.add_op(tt.ReduceReturnOp(*block.args[: len(types)]))
    return Region(block)


BUILT = {
    "program id": (lambda: tt.GetProgramIdOp(1), i32),
    "grid": (lambda: tt.GetNumProgramsOp(tt.ProgramDim.Z), i32),
    "range": (lambda: tt.MakeRangeOp(-4, 4), TensorType(i32, [8])),
    "splat": (lambda: tt.SplatOp(create_ssa_value(f32), TensorType(f32, [4])), TensorType(f32, [4])),
    "unsplat": (lambda: tt.UnsplatOp(tensor(1, 1)), f32),
    "expand": (lambda: tt.ExpandDimsOp(tensor(4, 8), 1), TensorType(f32, [4, 1, 8])),
    "broadcast": (lambda: tt.BroadcastOp(tensor(4, 1), TensorType(f32, [4, 8])), TensorType(f32, [4, 8])),
    "reshape": (lambda: tt.ReshapeOp(tensor(4, 8), TensorType(f32, [32]), True), TensorType(f32, [32])),
    "join": (lambda: tt.JoinOp(x := tensor(4), x), TensorType(f32, [4, 2])),
    "split": (lambda: tt.SplitOp(tensor(4, 2)), TensorType(f32, [4])),
    "trans": (lambda: tt.TransOp(tensor(4, 2, 8), (2, 0, 1)), TensorType(f32, [8, 4, 2])),
    "load": (lambda: tt.LoadOp(tensor(4, of=tt.PointerType(f16)), tensor(4, of=i1)), TensorType(f16, [4])),
    "dot": (
        lambda: tt.DotOp(tensor(4, 8), tensor(8, 2), tensor(4, 2), tt.InputPrecision.TF32),
        TensorType(f32, [4, 2]),
    ),
    "reduce": (lambda: tt.ReduceOp([tensor(4, 8)], 0, combiner(f32)), TensorType(f32, [8])),
    "reduce to scalars": (lambda: tt.ReduceOp([tensor(4), tensor(4, of=i32)], 0, combiner(f32, i32)), f32),
    "histogram": (lambda: tt.HistogramOp(tensor(4, of=i32), TensorType(i32, [16])), TensorType(i32, [16])),
    "gather": (lambda: tt.GatherOp(tensor(8, 4), tensor(2, 4, of=i32), 0), TensorType(f32, [2, 4])),
}


@pytest.mark.parametrize("name", BUILT)
def test_constructors_give_the_result_type(name: str):
    build, expected = BUILT[name]
    op = build()
    op.verify()
    assert op.results[0].type == expected


def test_functions_are_built_and_called():
    helper = tt.FuncOp(
        "helper", FunctionType.from_lists([f32], [f32]), arg_attrs=[{"tt.divisibility": i1}], visibility="private"
    )
    helper.body.block.add_op(tt.ReturnOp(helper.args[0]))
    kernel = tt.FuncOp("kernel", FunctionType.from_lists([f32], []), visibility="public")
    kernel.body.block.add_ops([tt.CallOp("helper", kernel.args, [f32]), tt.ReturnOp()])
    module = ModuleOp([helper, kernel])
    module.verify()
    assert helper.get_arg_attr(0, "tt.divisibility") == i1
    assert helper.get_arg_attr(0, "tt.contiguity") is None
    assert kernel.get_arg_attr(0, "tt.divisibility") is None
    assert module_text(parse_module(module_text(module))) == module_text(module)


def test_enumerations_by_name():
    dot = operation(
        "%a: tensor<4x4xf32>", "%0 = tt.dot %a, %a, %a : tensor<4x4xf32> * tensor<4x4xf32> -> tensor<4x4xf32>"
    )
    assert isinstance(dot, tt.DotOp)
    assert dot.precision is tt.InputPrecision.IEEE
    load = operation(POINTER, "%0 = tt.load %p {cachePolicy = POLICY} : !tt.ptr<i32>".replace("POLICY", POLICY))
    assert isinstance(load, tt.LoadOp)
    assert load.cache_policy == tt.CachePolicyAttr(tt.CacheModifier.CG, tt.EvictionPolicy.EVICT_FIRST)
    assert isinstance(load.cache_policy, tt.CachePolicyAttr)
    assert load.cache_policy.eviction_policy is tt.EvictionPolicy.EVICT_FIRST
    rmw = operation(POINTER, "%0 = tt.atomic_rmw umax, release, cta, %p, %v : (!tt.ptr<i32>, i32) -> i32")
    assert isinstance(rmw, tt.AtomicRMWOp)
    assert (rmw.rmw_op, rmw.mem_semantic, rmw.mem_sync_scope) == (
        tt.RMWOp.UMAX,
        tt.MemSemantic.RELEASE,
        tt.MemSyncScope.CTA,
    )


POLICY = "#tt.cache_policy<eviction_policy = evict_first, cache_modifier = cg>"


def test_block_of_a_descriptor_is_signless():
    unsigned = tt.TensorDescType([4, 8], IntegerType(8, Signedness.UNSIGNED))
    assert str(unsigned) == "!tt.tensordesc<4x8xui8>"
    assert unsigned.block_type == TensorType(i8, [4, 8])


# Any type, shape and order


elements = st.sampled_from([f16, bf16, f32, i1, i8, i32, IntegerType(8, Signedness.UNSIGNED)])
pointers = st.builds(tt.PointerType, elements, st.sampled_from(["global", "descriptor", "constant"]))
shapes = st.lists(st.sampled_from([1, 2, 4, 8]), min_size=1, max_size=4)
descriptors = st.builds(tt.TensorDescType, shapes, st.one_of(elements, pointers), st.sampled_from([None, i32]))


@given(st.one_of(pointers, descriptors))
def test_types_are_read_as_they_are_written(type: Attribute):
    module = parse_module(f"tt.func private @f({type})")
    (function,) = module.ops
    assert isinstance(function, tt.FuncOp)
    assert function.function_type.inputs.data == (type,)


@given(shapes.flatmap(lambda shape: st.tuples(st.just(shape), st.permutations(range(len(shape))))))
def test_transposing_back_gives_the_type(case: tuple[list[int], list[int]]):
    shape, order = case
    there = tt.TransOp(tensor(*shape), order)
    back = tt.TransOp(there.result, [order.index(i) for i in range(len(order))])
    there.verify()
    back.verify()
    assert back.result.type == there.src.type


@given(shapes, shapes)
def test_reshape_keeps_the_number_of_elements(old: list[int], new: list[int]):
    op = tt.ReshapeOp(tensor(*old), TensorType(f32, new))
    if prod(old) == prod(new):
        op.verify()
    else:
        with pytest.raises(Exception, match="both have the same number of elements"):
            op.verify()


def test_a_format_that_gives_a_result_no_type_is_named() -> None:
    @irdl_op_definition
    class TwiceOp(FormattedOperation):
        name = "tt.twice"
        SYNTAX: ClassVar = Syntax("$src attr-dict `:` type($src)")
        src = operand_def(FloatTensor)
        result = result_def(FloatTensor)

    with pytest.raises(AssertionError, match=r"the format of tt.twice and its TypesMatch traits give no type of"):
        TwiceOp.SYNTAX.format(TwiceOp)
