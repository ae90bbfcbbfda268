"""The simd dialect: every row of its tables reads, prints and has a meaning, a pipe, a cost; targets constrain it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    DenseArrayBase,
    IntegerAttr,
    MemRefType,
    StridedLayoutAttr,
    UnitAttr,
    f16,
    f32,
    i1,
    i8,
    i32,
    i64,
)
from xdsl.ir import Attribute
from xdsl.traits import MemoryEffectKind, get_effects
from xdsl.utils.test_value import create_ssa_value

from minilinalg.dialects import simd
from minilinalg.dialects.simd.elementwise import ARITH, MATH
from minilinalg.dialects.upstream import arith, math
from minilinalg.errors import InputError
from minilinalg.parsing import parse_module
from minilinalg.printing import module_text
from minilinalg.targets import INSTRUCTION_CLASSES, PIPES, load_target

TINY = load_target("tiny-simd")
ELEMENT = {"f": "f32", "g": "f64", "i": "i32", "j": "i64", "b": "i1", "t": "f32", "u": "i32"}


def buffer(
    *shape: int, of: Attribute = f32, space: str = "nram", layout: StridedLayoutAttr | None = None
) -> MemRefType[Attribute]:
    return MemRefType(of, shape, *([layout] if layout else []), memory_space=simd.SpaceAttr(space))


def values(*types: Attribute):
    return [create_ssa_value(type) for type in types]


def elementwise_text(op: type[simd.Elementwise]) -> str:
    """A program of one instruction, with operand types as its row demands."""
    *inputs, result = op.ROW.signature.replace("->", "").split()
    element = dict(ELEMENT)
    if op.ROW.relation == "narrows":
        element |= {"f": "f64", "g": "f16", "i": "i64", "j": "i8"}
    types = [f"memref<4x16x{element[letter]}, #simd.space<nram>>" for letter in (*inputs, result)]
    arguments = ", ".join(f"%{n}: {type}" for n, type in enumerate(types))
    operands = ", ".join(f"%{n}" for n in range(len(inputs)))
    clause = " predicate = ule" if "predicate" in [c.name for c in op.CLAUSES] else ""
    line = f"{op.name} {operands} -> %{len(inputs)}{clause} : {', '.join(types[:-1])} -> {types[-1]}"
    return f"func.func @f({arguments}) {{\n  {line}\n  return\n}}\n"


@pytest.mark.parametrize("op", simd.ELEMENTWISE_BY_MEANING.values(), ids=lambda op: op.SPEC.mnemonic)
def test_every_elementwise_row_reads_and_prints(op: type[simd.Elementwise]):
    module = parse_module(elementwise_text(op))
    text = module_text(module)
    again = parse_module(text)
    assert module_text(again) == text
    assert [type(inner) for inner in module.walk() if isinstance(inner, simd.Instruction)] == [op]
    assert parse_module(module_text(module, generic=True)).is_structurally_equivalent(module)


@pytest.mark.parametrize("op", simd.REDUCTION_BY_COMBINER.values(), ids=lambda op: op.SPEC.mnemonic)
def test_every_reduction_reads_and_prints(op: type[simd.Reduction]):
    element = "f32" if op.name.endswith("f") else "i32"
    source, result = (f"memref<{shape}x{element}, #simd.space<nram>>" for shape in ("4x16", "4"))
    line = f"{op.name} %a -> %r dimensions = [1] : {source} -> {result}\n"
    printed = module_text(parse_module(f"func.func @f(%a: {source}, %r: {result}) {{\n  {line}  return\n}}\n"))
    assert line in printed
    assert module_text(parse_module(printed)) == printed


COSTED_BY_PATH_OR_UNIT = (
    simd.DmaOp,
    simd.GatherOp,
    simd.ScatterOp,
    simd.AtomicRMWOp,
    simd.AtomicCASOp,
    simd.MatmulOp,
)


@pytest.mark.parametrize("op", simd.INSTRUCTIONS, ids=lambda op: op.SPEC.mnemonic)
def test_every_instruction_has_a_row_that_targets_know(op: type[simd.Instruction]):
    spec = op.SPEC
    assert op.name == f"simd.{spec.mnemonic}"
    assert spec.pipe in (*PIPES, None)
    assert (spec.cost_class is None) == (op in COSTED_BY_PATH_OR_UNIT)
    assert spec.cost_class is None or spec.cost_class in INSTRUCTION_CLASSES
    assert spec.summary
    assert op.__doc__
    assert getattr(simd, op.__name__) is op


def test_names_and_meanings_are_those_of_arith_and_math():
    upstream = {op.name for dialect in (arith.Arith, math.Math) for op in dialect.operations}
    meanings = {f"arith.{row.mnemonic}" for row in ARITH} | {f"math.{row.mnemonic}" for row in MATH}
    # xDSL's math lacks these of MLIR's.
    lacking = {f"math.{name}" for name in ("clampf", "erfc", "isnan", "isinf", "isfinite", "isnormal")}
    assert meanings - upstream <= lacking


def test_predicates_are_numbered_as_in_arith():
    for number, word in enumerate(simd.CMPI):
        module = parse_module(f"func.func @f(%a: i32) {{\n  %0 = arith.cmpi {word}, %a, %a : i32\n  return\n}}")
        compare = next(op for op in module.walk() if op.name == "arith.cmpi")
        assert compare.properties["predicate"] == IntegerAttr(number, i64)
    for number, word in enumerate(simd.CMPF):
        module = parse_module(f"func.func @f(%a: f32) {{\n  %0 = arith.cmpf {word}, %a, %a : f32\n  return\n}}")
        compare = next(op for op in module.walk() if op.name == "arith.cmpf")
        assert compare.properties["predicate"] == IntegerAttr(number, i64)


def test_unknown_class_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'NoSuchOp'"):
        _ = simd.NoSuchOp


def test_what_the_machine_asks_of_an_instruction():
    a, s, c = values(buffer(2, 4), f32, buffer(2, 4))
    op = simd.ELEMENTWISE_BY_MEANING["arith.addf"]([a, s], c)
    op.verify()
    assert (op.meaning, op.pipe, op.cost_class) == ("arith.addf", "vector", "add")
    assert op.inputs == (a, s)
    assert op.input_buffers == (a,)
    assert op.scalars == (s,)
    assert tuple(op.outputs) == (c,)
    assert (op.count, op.width) == (8, 4)
    assert not op.is_async


def test_width_is_that_of_the_widest_element():
    a, c = values(buffer(8, of=f16), buffer(8))
    assert simd.ELEMENTWISE_BY_MEANING["arith.extf"]([a], c).width == 4
    a, c = values(buffer(8), buffer(8, of=i1))
    assert simd.ELEMENTWISE_BY_MEANING["math.isnan"]([a], c).width == 4


def test_a_reduction_processes_its_input():
    a, c = values(buffer(4, 16), buffer(4))
    op = simd.ReduceAddfOp([a], c, dimensions=dimensions(1))
    op.verify()
    assert op.count == 64


def dimensions(*dims: int):
    return DenseArrayBase.from_list(i64, dims)


def test_effects_read_inputs_and_write_outputs():
    a, b, c = values(buffer(8), buffer(8), buffer(8))
    effects = get_effects(simd.ELEMENTWISE_BY_MEANING["arith.mulf"]([a, b], c))
    assert {(e.kind, e.value) for e in effects or ()} == {
        (MemoryEffectKind.READ, a),
        (MemoryEffectKind.READ, b),
        (MemoryEffectKind.WRITE, c),
    }


def test_accumulating_reads_the_output():
    a, b, c = values(buffer(4, 4), buffer(4, 4, space="wram"), buffer(4, 4))
    reads = {e.value for e in get_effects(simd.MatmulOp([a, b], c)) or () if e.kind is MemoryEffectKind.READ}
    assert reads == {a, b}
    effects = get_effects(simd.MatmulOp([a, b], c, accumulate=UnitAttr())) or ()
    assert {e.value for e in effects if e.kind is MemoryEffectKind.READ} == {a, b, c}


def test_an_asynchronous_instruction_gives_a_token_that_orders_another():
    g, n = values(buffer(16, space="gdram"), buffer(16))
    load = simd.DmaOp([g], n, is_async=True)
    assert load.token is not None
    add = simd.ELEMENTWISE_BY_MEANING["arith.addf"]([n, n], n, after=[load.token], is_async=True)
    load.verify()
    add.verify()
    assert tuple(add.after) == (load.token,)
    assert tuple(add.inputs) == (n, n)


@pytest.mark.parametrize(
    ("type", "size"), [(i1, 1), (i8, 1), (f16, 2), (i32, 4), (i64, 8), (buffer(4, of=f16), 2)], ids=str
)
def test_bytes_of_an_element(type: Attribute, size: int):
    assert simd.element_bytes(type) == size


def test_runs_and_gaps():
    assert simd.is_contiguous(buffer(4, 8))
    assert simd.is_contiguous(buffer(4, 8, layout=StridedLayoutAttr([8, 1], None)))
    assert simd.is_contiguous(buffer(1, 8, layout=StridedLayoutAttr([99, 1])))
    assert not simd.is_contiguous(buffer(4, 8, layout=StridedLayoutAttr([16, 1])))
    assert not simd.is_contiguous(buffer(8, layout=StridedLayoutAttr([None])))
    assert simd.strides_of(buffer(4, 8)) == (8, 1)
    assert simd.strides_of(buffer(4, DYNAMIC_INDEX, 8)) == (None, 8, 1)


# --- what a target demands ---------------------------------------------------------------------------------------


def refusal(op: simd.Instruction, target=TINY) -> str:
    op.verify()
    with pytest.raises(InputError) as caught:
        simd.check_instruction(op, target)
    return str(caught.value)


def test_target_accepts_what_it_can_execute():
    a, b, c = values(buffer(8), buffer(8), buffer(8))
    simd.check_instruction(simd.ELEMENTWISE_BY_MEANING["arith.mulf"]([a, b], c), TINY)
    g, w, m, r = values(buffer(8, 8, space="gdram"), buffer(8, 8, space="wram"), buffer(4, 8), buffer(4, 8))
    simd.check_instruction(simd.DmaOp([g], w), TINY)
    simd.check_instruction(simd.MatmulOp([m, w], r), TINY)


def test_vector_work_off_chip_is_refused():
    a, b = values(buffer(8, space="gdram"), buffer(8, space="gdram"))
    assert refusal(simd.MoveOp([a], b)) == (
        "error: simd.move has an operand in gdram, the global memory of 'tiny-simd'\n"
        "  rule: the operand is in vector memory, nram"
    )


def test_right_operand_outside_the_weights_memory_is_refused():
    a, b, c = values(buffer(4, 8), buffer(8, 8), buffer(4, 8))
    assert refusal(simd.MatmulOp([a, b], c)) == (
        "error: simd.matmul has an operand in nram, the vector memory of 'tiny-simd'\n"
        "  rule: the operand is in weights memory, wram"
    )


def test_dma_without_a_path_is_refused():
    a, b = values(buffer(8, space="wram"), buffer(8, space="gdram"))
    assert refusal(simd.DmaOp([a], b)).startswith(
        "error: target 'tiny-simd' has no DMA from wram to gdram\n  rule: its DMA copies: gdram to nram, nram to gdram,"
    )


def test_unknown_space_is_refused_with_a_near_name():
    a, b = values(buffer(8, space="nrma"), buffer(8, space="nrma"))
    assert refusal(simd.MoveOp([a], b)) == (
        "error: target 'tiny-simd' has no memory space 'nrma'\n"
        "  rule: its spaces are: gdram, sram, nram, wram\n"
        "  hint: did you mean 'nram'?"
    )


def test_misaligned_operand_is_refused():
    a, b = values(buffer(8, layout=StridedLayoutAttr([1], 2)), buffer(8))
    assert refusal(simd.MoveOp([a], b)) == (
        "error: simd.move has an operand 8 bytes into its buffer\n  rule: operands are aligned to 16 bytes"
    )


def test_ragged_row_of_a_larger_buffer_is_refused():
    a, b = values(buffer(6), buffer(6, layout=StridedLayoutAttr([1], 8)))
    assert refusal(simd.MoveOp([a], b)) == (
        "error: simd.move has an output that is part of a larger buffer, of 6 elements\n"
        "  rule: it has a multiple of 4 elements"
    )


def test_ragged_cycle_is_refused():
    a, row = values(buffer(2, 6), buffer(6))
    assert refusal(simd.ELEMENTWISE_BY_MEANING["arith.addf"]([a, row], a)) == (
        "error: simd.addf has an input that is read again and again, of 6 elements\n"
        "  rule: it has a multiple of 4 elements"
    )


def test_reserved_bytes_hold_what_an_instruction_touches():
    assert simd.reserved_bytes(buffer(5), TINY) == 32
    assert simd.reserved_bytes(buffer(5, of=i8), TINY) == 16
    by_bytes = replace(TINY, vector=replace(TINY.vector, count=32, count_unit="bytes"))
    assert simd.reserved_bytes(buffer(5, of=i8), by_bytes) == 32
