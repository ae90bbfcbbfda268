"""Reading text: literals, aliases, names, tokens, and mistakes of every kind."""

from __future__ import annotations

import math
import struct
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from upstream_files import ROUNDTRIPS, text_of
from xdsl.dialects.builtin import (
    DenseIntOrFPElementsAttr,
    FloatAttr,
    IntegerAttr,
    ModuleOp,
    bf16,
    f8E4M3FN,
    f8E5M2,
    f16,
    f32,
    f64,
)
from xdsl.ir import Operation
from xdsl.utils.exceptions import ParseError
from xdsl.utils.lexer import Input
from xdsl.utils.mlir_lexer import MLIRLexer, MLIRTokenKind

from minilinalg.dialects.upstream import arith
from minilinalg.dialects.upstream.lexer import FastLexer
from minilinalg.errors import InputError
from minilinalg.parsing import parse_module
from minilinalg.printing import module_text

FLOATS = {str(type_): type_ for type_ in (f16, bf16, f32, f64, f8E4M3FN, f8E5M2)}


def constants(*literals: str) -> list[Any]:
    """The attributes of constants with these literals, after another round through text."""
    lines = "\n".join(f"%v{i} = arith.constant {literal}" for i, literal in enumerate(literals))
    module = parse_module(lines)
    again = parse_module(module_text(module))
    assert module.is_structurally_equivalent(again)
    return [cast(arith.ConstantOp, op).value for op in module.ops]


def bits(attribute: FloatAttr) -> int:
    return int.from_bytes(attribute.type.pack((attribute.value.data,)), "little")


# Literals


@settings(deadline=None)
@given(st.sampled_from(sorted(FLOATS)), st.data())
def test_hexadecimal_float_is_a_bit_pattern(name: str, data: st.DataObject) -> None:
    type_ = FLOATS[name]
    pattern = data.draw(st.integers(0, (1 << type_.bitwidth) - 1))
    (dense,) = constants(f"dense<0x{pattern:X}> : tensor<2x{name}>")
    size = type_.compile_time_size
    assert dense.data.data == pattern.to_bytes(size, "little") * 2
    (scalar,) = constants(f"0x{pattern:X} : {name}")
    value = type_.unpack(pattern.to_bytes(size, "little"), 1)[0]
    assert scalar.value.data == value or (math.isnan(scalar.value.data) and math.isnan(value))
    if not math.isnan(value):
        assert bits(scalar) == pattern


@settings(deadline=None)
@given(st.lists(st.floats(width=32), min_size=1, max_size=6))
@example([0.0, -0.0])
@example([math.inf, -math.inf, math.nan])
def test_floats_survive_text(values: list[float]) -> None:
    raw = struct.pack(f"<{len(values)}f", *values)
    literals = ", ".join(f"0x{int.from_bytes(raw[i : i + 4], 'little'):08X}" for i in range(0, len(raw), 4))
    (dense,) = constants(f"dense<[{literals}]> : tensor<{len(values)}xf32>")
    assert dense.data.data == raw


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False, width=64), st.sampled_from(sorted(FLOATS)))
def test_decimal_floats_round_to_nearest(value: float, name: str) -> None:
    text = f"{value:.17e}"
    (scalar,) = constants(f"{text} : {name}")
    type_ = FLOATS[name]
    try:
        expected = type_.unpack(type_.pack((value,)), 1)[0]
    except OverflowError:
        expected = math.copysign(math.inf, value)
    assert scalar.value.data == expected or math.isnan(expected)


@settings(deadline=None)
@given(st.integers(1, 64), st.data())
def test_integers_survive_text(width: int, data: st.DataObject) -> None:
    value = data.draw(st.integers(-(1 << (width - 1)), (1 << width) - 1))
    literal = "true" if (width, value) == (1, 1) else str(value)
    (scalar,) = constants(f"{literal} : i{width}" if literal != "true" else "true")
    assert cast(IntegerAttr, scalar).value.data % (1 << width) == value % (1 << width)
    (dense,) = constants(f"dense<{literal}> : tensor<3xi{width}>")
    assert all(v % (1 << width) == value % (1 << width) for v in dense.get_values())


@pytest.mark.parametrize(
    ("literal", "elements"),
    [
        ('dense<"0x0000803F00000040"> : tensor<2xf32>', [1.0, 2.0]),
        ('dense<"0x0000803F"> : tensor<3xf32>', [1.0, 1.0, 1.0]),
        ('dense<"0x0100000002000000"> : tensor<2xi32>', [1, 2]),
        ("dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>", [1, 2, 3, 4]),
        ("dense<-1> : tensor<2xindex>", [-1, -1]),
        ("dense<> : tensor<0x4xf32>", []),
        ("dense<[true, false, true]> : tensor<3xi1>", [-1, 0, -1]),
        ('dense<"0x05"> : tensor<3xi1>', [-1, 0, -1]),
        ("dense<1> : tensor<2xf32>", [1.0, 1.0]),
        ("dense<(1.0, -2.0)> : tensor<1xcomplex<f32>>", [(1.0, -2.0)]),
    ],
)
def test_dense_literals(literal: str, elements: list[Any]) -> None:
    (dense,) = constants(literal)
    assert list(cast(DenseIntOrFPElementsAttr, dense).get_values()) == elements


def test_zeros_of_both_signs_are_no_splat() -> None:
    (dense,) = constants("dense<[0.0, -0.0]> : tensor<2xf32>")
    text = module_text(parse_module("%a = arith.constant dense<[0.0, -0.0]> : tensor<2xf32>"))
    assert "dense<[0.000000e+00, -0.000000e+00]>" in text
    assert dense.data.data == struct.pack("<2f", 0.0, -0.0)


# Tokens


@settings(deadline=None)
@given(st.text(alphabet='%#!@^:,(){}[]<>=?*+-/|.01x2abcXe"\\ \n_$', max_size=40))
@example("0x8xf32")
@example("%0#1 -> 1.5e-3")
@example("{-# #-}")
def test_tokens_are_those_of_xdsl(text: str) -> None:
    def tokens(lexer: MLIRLexer) -> list[Any]:
        found: list[Any] = []
        while True:
            try:
                token = lexer.lex()
            except ParseError as error:
                return [*found, error.msg]
            found.append((token.kind, token.text, token.span.start, token.span.end))
            if token.kind is MLIRTokenKind.EOF:
                return found

    assert tokens(FastLexer(Input(text, "x"))) == tokens(MLIRLexer(Input(text, "x")))


# Aliases and names


def operations(text: str) -> list[Operation]:
    return list(parse_module(text, "a.mlir").ops)


def test_aliases_may_come_later_and_use_one_another() -> None:
    (op,) = operations(
        """
        "test.op"() {a = #x, t = !pair} : () -> ()
        #x = [#y, 3 : i8]
        #y = "y"
        !pair = tuple<!el, !el>
        !el = tensor<4x!scalar>
        !scalar = f16
        """
    )
    assert str(op.attributes["a"]) == '["y", 3 : i8]'
    assert str(op.attributes["t"]) == "tuple<tensor<4xf16>, tensor<4xf16>>"


def test_a_later_definition_replaces_an_alias() -> None:
    first, second = operations(
        """
        #x = 1 : i8
        !t = tensor<1xf32>
        "test.op"() {a = #x, b = tensor<2x!t>} : () -> ()
        #x = 2 : i8
        !t = tensor<3xf32>
        "test.op"() {a = #x, b = tensor<2x!t>} : () -> ()
        """.replace("tensor<2x!t>", "tuple<!t>")
    )
    assert [str(op.attributes["a"]) for op in (first, second)] == ["1 : i8", "2 : i8"]
    assert [str(op.attributes["b"]) for op in (first, second)] == ["tuple<tensor<1xf32>>", "tuple<tensor<3xf32>>"]


def test_names_of_values_are_kept_to_the_letter() -> None:
    text = """module {
  func.func @f(%x_5: i32, %arg: index, %_: i1, %a.b: f32, %x-1: f32) {
    %acc:3 = "test.op"() : () -> (i32, i32, f32)
    %0:2 = "test.op"() : () -> (i32, i32)
    %x_1, %x:2 = "test.op"(%acc#1) : (i32) -> (i32, i32, i32)
    %1 = arith.addi %acc#0, %0#1 : i32
    %x_7 = arith.addi %1, %x#1 : i32
    %c0_i32 = arith.constant 0 : i32
    return
  }
}
"""
    assert module_text(parse_module(text)) == text


def test_names_in_regions_do_not_reach_out() -> None:
    """A name may be used again once its region has ended, as official files do."""
    text = """module {
  func.func @f(%c: i1) {
    scf.if %c {
      %x_3 = arith.constant 1 : i32
    } else {
      %x_3 = arith.constant 2 : i32
    }
    return
  }
}
"""
    assert module_text(parse_module(text)) == text


def test_unnamed_values_are_named_as_in_mlir() -> None:
    text = module_text(
        parse_module(
            """
            "func.func"() <{sym_name = "f", function_type = (i32, f32) -> ()}> ({
            ^0(%0: i32, %1: f32):
              %2 = "arith.constant"() <{value = 3 : i32}> : () -> i32
              %3 = "arith.constant"() <{value = 3 : i32}> : () -> i32
              %4 = "arith.addi"(%2, %3) : (i32, i32) -> i32
              %5 = "memref.alloc"() <{operandSegmentSizes = array<i32: 0, 0>}> : () -> memref<4xf32>
              "func.return"() : () -> ()
            }) : () -> ()
            """
        )
    )
    assert (
        text
        == """module {
  func.func @f(%arg0: i32, %arg1: f32) {
    %c3_i32 = arith.constant 3 : i32
    %c3_i32_0 = arith.constant 3 : i32
    %0 = arith.addi %c3_i32, %c3_i32_0 : i32
    %alloc = memref.alloc() : memref<4xf32>
    return
  }
}
"""
    )


def test_the_type_cache_does_not_mix_up_types() -> None:
    text = """
    "test.op"() {
      a = memref<4xf32>, b = memref<4xf32, 1>, c = memref<4xf32, affine_map<(d0) -> (d0 + 1)>>,
      d = vector<4xf32>, e = tensor<4xf32>, f = tensor<4xf32, "x">, g = tensor<4x2xf32>, h = memref<4xf32, 1>
    } : () -> ()
    """
    (op,) = operations(text)
    types = {name: str(value) for name, value in op.attributes.items()}
    assert types["b"] == types["h"] != types["a"]
    assert types["f"] == 'tensor<4xf32, "x">'
    assert len(set(types.values())) == 7


def test_an_empty_text_is_an_empty_module() -> None:
    assert len(parse_module("").ops) == 0
    assert len(parse_module("// nothing\n\n").ops) == 0


# Mistakes


def message(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_module(text, "a.mlir")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("func.func @f(%: i32) { return }", "14: error: in 'func.func': expected a name or a number behind '%'"),
        ("%", "1: error: expected a name or a number"),
        ("func.func @ () { return }", "11: error: expected a name such as @main or @\"a name\", found '@'"),
        ("\x01", "1: error: unexpected character '\\x01'"),
        ("module {\x1f}", "9: error: in 'builtin.module': unexpected character '\\x1f'"),
        ('"a.\x1b[31m"() : () -> ()', "1: error: unknown dialect 'a' in operation 'a.\\x1b[31m'"),
    ],
)
def test_characters_that_begin_nothing(text: str, first: str) -> None:
    found = message(text)
    assert found.splitlines()[0] == f"a.mlir:1:{first}"
    assert found.replace("\n", "").isprintable()


def test_the_caret_stands_below_what_is_shown_escaped() -> None:
    assert message("\t\x01 \x02").splitlines()[1:3] == ["  \t\\x01 \\x02", "  \t^^^^"]


SOURCES = {path.stem: text_of(path) for path in ROUNDTRIPS}


@settings(deadline=None)
@given(st.sampled_from(sorted(SOURCES)), st.data())
def test_damaged_files_give_one_clear_message(name: str, data: st.DataObject) -> None:
    """Whatever is cut out of, doubled in or put into a file: it is read, or an InputError names a place in it."""
    lines = SOURCES[name].splitlines(keepends=True)
    start = data.draw(st.integers(0, max(len(lines) - 12, 0)))
    piece = "".join(lines[start : start + 12])
    position = data.draw(st.integers(0, len(piece)))
    length = data.draw(st.integers(0, 6))
    filling = data.draw(
        st.sampled_from(["", "%", "<", ">", "{", "}", "(", ")", ",", ":", "0x", "-1", '"', "tensor<", "#a", "!b"])
    )
    damaged = piece[:position] + filling + piece[position + length :]
    try:
        parse_module(damaged, "a.mlir")
    except InputError as error:
        assert error.diagnostic.places
        place = error.diagnostic.places[0]
        assert place.file == "a.mlir"
        assert 1 <= place.line <= damaged.count("\n") + 2
        assert "Traceback" not in str(error)
        assert "object at 0x" not in str(error)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_a_module_or_a_message(text: str) -> None:
    try:
        assert isinstance(parse_module(text, "a.mlir"), ModuleOp)
    except InputError as error:
        assert error.diagnostic.places
