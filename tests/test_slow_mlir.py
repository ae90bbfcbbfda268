"""The slow interpreter against the official MLIR: the same functions, lowered to LLVM IR and run."""

from __future__ import annotations

from collections.abc import Sequence

import ml_dtypes
import numpy as np
import official_mlir
import pytest
import slow
from official_mlir import Case, tensor_type, width
from slow.scalars import FLOATS, decode

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(official_mlir.RUNNER is None or official_mlir.OPT is None, reason="no mlir-runner here"),
]

NUMPY = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32, "f64": np.float64, "index": np.int64}
RANDOM = np.random.default_rng(7)


def numbers(element: str, shape: Sequence[int] = (8,), edges: Sequence[float] = ()) -> np.ndarray:
    """The bits of some small numbers of a type, `edges` first."""
    values = np.round(RANDOM.normal(0, 10, shape), 2)
    values.flat[: len(edges)] = edges
    with np.errstate(all="ignore"):
        return values.astype(NUMPY.get(element, f"int{width(element)}")).view(f"int{width(element)}")


def same(element: str, a: int, b: int) -> bool:
    """Equal bits, any NaN as good as any other."""
    if a == b or element not in FLOATS:
        return a == b
    mask = (1 << width(element)) - 1
    return all(decode(FLOATS[element], bits & mask).is_nan for bits in (a, b))


def check(cases: Sequence[Case], *, expand: bool = False) -> None:
    """Every case gives the bits that the official MLIR gives."""
    answers = official_mlir.run(cases, expand=expand)
    module = official_mlir.parse(cases)
    wrong: list[str] = []
    for case in cases:
        got = slow.run(module, args=[bits for _, bits in case.arguments], function=case.name)
        for k, ((element, _), result, expected) in enumerate(zip(case.results, got, answers[case.name], strict=True)):
            bits = result.view(bool if element == "i1" else f"int{width(element)}")
            for index in np.ndindex(expected.shape):
                if not same(element, int(bits[index]), int(expected[index])):
                    given = [array[index] for _, array in case.arguments if array.shape == expected.shape]
                    wrong.append(
                        f"{case.name}, result {k}{index}: {bits[index]}, official {expected[index]} for {given}"
                    )
    assert not wrong, "\n".join(wrong[:40])


def pointwise(name: str, operation: str, result: str, *arguments: tuple[str, np.ndarray]) -> Case:
    """An operation on elements of tensors: its text has {} for each operand, {first} and {result} for types."""
    shape = arguments[0][1].shape
    types = [tensor_type(element, shape) for element, _ in arguments]
    names = [f"%a{k}" for k in range(len(types))]
    filled = operation.format(*names, first=types[0], result=tensor_type(result, shape))
    parameters = ", ".join(f"{n}: {t}" for n, t in zip(names, types, strict=True))
    text = f"func.func @{name}({parameters}) -> {tensor_type(result, shape)} {{\n  %r = {filled}\n"
    return Case(name, f"{text}  return %r : {tensor_type(result, shape)}\n}}\n", arguments, ((result, shape),))


def integer_edges(bits: int) -> list[int]:
    top = 1 << (bits - 1)
    return [0, 1, -1, 2, -2, 3, -7, top - 1, -top, -top + 1, top // 2, -(top // 2), 5, 11 % top, -13 % top]


def pairs(values: Sequence[int], keep=lambda a, b: True) -> tuple[np.ndarray, np.ndarray]:
    chosen = [(a, b) for a in values for b in values if keep(a, b)]
    a, b = zip(*chosen, strict=True)
    return np.array(a), np.array(b)


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_integer_arithmetic(bits: int):
    element, dtype, values = f"i{bits}", f"int{bits}", integer_edges(bits)
    divisible = lambda a, b: b != 0 and not (b == -1 and a == -(1 << (bits - 1)))  # noqa: E731
    cases: list[Case] = []
    for name in ("addi", "subi", "muli", "andi", "ori", "xori", "minsi", "maxsi", "minui", "maxui"):
        a, b = (x.astype(dtype) for x in pairs(values))
        cases.append(
            pointwise(f"{name}_{bits}", f"arith.{name} {{}}, {{}} : {{result}}", element, (element, a), (element, b))
        )
    for name in ("divsi", "divui", "remsi", "remui", "ceildivsi", "ceildivui", "floordivsi"):
        a, b = (x.astype(dtype) for x in pairs(values, divisible))
        cases.append(
            pointwise(f"{name}_{bits}", f"arith.{name} {{}}, {{}} : {{result}}", element, (element, a), (element, b))
        )
    for name in ("shli", "shrui", "shrsi"):
        a, b = (x.astype(dtype) for x in pairs(values, lambda a, b: 0 <= b < bits))
        cases.append(
            pointwise(f"{name}_{bits}", f"arith.{name} {{}}, {{}} : {{result}}", element, (element, a), (element, b))
        )
    for name in ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"):
        a, b = (x.astype(dtype) for x in pairs(values))
        cases.append(
            pointwise(f"{name}_{bits}", f"arith.cmpi {name}, {{}}, {{}} : {{first}}", "i1", (element, a), (element, b))
        )
    for name in ("absi", "ctlz", "cttz", "ctpop"):
        a = np.array(values).astype(dtype)
        cases.append(pointwise(f"{name}_{bits}", f"math.{name} {{}} : {{result}}", element, (element, a)))
    for other in (8, 16, 32, 64):
        for name in ("extsi", "extui") if other > bits else ("trunci",) if other < bits else ():
            a = np.array(values).astype(dtype)
            cases.append(
                pointwise(
                    f"{name}_{bits}_{other}", f"arith.{name} {{}} : {{first}} to {{result}}", f"i{other}", (element, a)
                )
            )
    check(cases, expand=True)


FLOAT_EDGES = (
    0.0,
    -0.0,
    1.0,
    -1.5,
    2.5,
    -2.5,
    0.1,
    3.75,
    1e-7,
    -6e4,
    float("inf"),
    float("-inf"),
    float("nan"),
    7.5,
    0.5,
)


def float_pairs(element: str) -> tuple[tuple[str, np.ndarray], tuple[str, np.ndarray]]:
    a, b = (
        numbers(element, (len(FLOAT_EDGES) ** 2,), x)
        for x in zip(*[(x, y) for x in FLOAT_EDGES for y in FLOAT_EDGES], strict=True)
    )
    return (element, a), (element, b)


@pytest.mark.parametrize("element", ["f16", "bf16", "f32", "f64"])
def test_float_arithmetic(element: str):
    a, b = float_pairs(element)
    cases = [
        pointwise(f"{name}_{element}", f"arith.{name} {{}}, {{}} : {{result}}", element, a, b)
        for name in ("addf", "subf", "mulf", "divf", "maximumf", "minimumf")
    ]
    cases.append(pointwise(f"negf_{element}", "arith.negf {} : {result}", element, a))
    for name in ("oeq", "ogt", "oge", "olt", "ole", "one", "ord", "ueq", "ugt", "uge", "ult", "ule", "une", "uno"):
        cases.append(pointwise(f"{name}_{element}", f"arith.cmpf {name}, {{}}, {{}} : {{first}}", "i1", a, b))
    one = (element, numbers(element, (len(FLOAT_EDGES),), FLOAT_EDGES))
    for name in ("absf", "ceil", "floor", "trunc", "roundeven", "round", "sqrt"):
        if element != "bf16" or name in ("absf", "ceil", "floor", "trunc"):
            cases.append(pointwise(f"{name}_{element}", f"math.{name} {{}} : {{result}}", element, one))
    if element in ("f32", "f64"):
        cases.append(pointwise(f"remf_{element}", "arith.remf {}, {} : {result}", element, a, b))
        cases.append(pointwise(f"copysign_{element}", "math.copysign {}, {} : {result}", element, a, b))
        cases.append(
            pointwise(
                f"fma_{element}",
                "math.fma {}, {}, {} : {result}",
                element,
                a,
                b,
                (element, numbers(element, a[1].shape)),
            )
        )
    check(cases)


def test_numbers_of_maxnumf_and_minnumf():
    """Without pairs of zeros, whose order these leave open."""
    cases = []
    for element in ("f32", "f64"):
        (_, a), (_, b) = float_pairs(element)
        keep = ~((a == 0) | (a == np.iinfo(a.dtype).min)) | ~((b == 0) | (b == np.iinfo(b.dtype).min))
        for name in ("maxnumf", "minnumf"):
            cases.append(
                pointwise(
                    f"{name}_{element}",
                    f"arith.{name} {{}}, {{}} : {{result}}",
                    element,
                    (element, a[keep]),
                    (element, b[keep]),
                )
            )
    check(cases)


def test_conversions():
    cases: list[Case] = []
    ordered = ("f16", "f32", "f64")
    for k, narrow in enumerate(ordered):
        for wide in ordered[k + 1 :]:
            cases.append(
                pointwise(
                    f"extf_{narrow}_{wide}",
                    "arith.extf {} : {first} to {result}",
                    wide,
                    (narrow, numbers(narrow, (15,), FLOAT_EDGES)),
                )
            )
            cases.append(
                pointwise(
                    f"truncf_{wide}_{narrow}",
                    "arith.truncf {} : {first} to {result}",
                    narrow,
                    (wide, numbers(wide, (200,), FLOAT_EDGES)),
                )
            )
    cases.append(
        pointwise(
            "extf_bf16", "arith.extf {} : {first} to {result}", "f32", ("bf16", numbers("bf16", (15,), FLOAT_EDGES))
        )
    )
    cases.append(
        pointwise(
            "truncf_bf16", "arith.truncf {} : {first} to {result}", "bf16", ("f32", numbers("f32", (200,), FLOAT_EDGES))
        )
    )
    for integer in ("i8", "i16", "i32", "i64"):
        edges = np.array(integer_edges(width(integer))).astype(f"int{width(integer)}")
        for element in ("f32", "f64"):
            for name in ("sitofp", "uitofp"):
                cases.append(
                    pointwise(
                        f"{name}_{integer}_{element}",
                        f"arith.{name} {{}} : {{first}} to {{result}}",
                        element,
                        (integer, edges),
                    )
                )
            fits = numbers(element, (10,), (0.0, -0.0, 1.9, -1.9, 100.5, -100.5))
            cases.append(
                pointwise(
                    f"fptosi_{element}_{integer}",
                    "arith.fptosi {} : {first} to {result}",
                    integer,
                    (element, np.abs(fits) if False else fits),
                )
            )
            positive = numbers(element, (6,), (0.0, -0.0, 1.9, 100.5, -0.9, 3.5))
            cases.append(
                pointwise(
                    f"fptoui_{element}_{integer}", "arith.fptoui {} : {first} to {result}", integer, (element, positive)
                )
            )
    check(cases)


# Whole functions: name, text, arguments, results.
PROGRAMS: list[Case] = []


def program(text: str, arguments: dict[str, Sequence[int]], **results: Sequence[int]) -> None:
    """Adds a function; an argument or result is an element type (with a suffix to tell several apart) and a shape."""
    name = text.split("@", 1)[1].split("(", 1)[0]
    given = tuple((key.split("_")[0], numbers(key.split("_")[0], shape)) for key, shape in arguments.items())
    wanted = tuple((key.split("_")[0], tuple(shape)) for key, shape in results.items())
    PROGRAMS.append(Case(name, text, given, wanted))


program(
    """
func.func @slices(%a: tensor<6x8xf32>, %b: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<6x8xf32>, tensor<8xf32>) {
  %s = tensor.extract_slice %a[1, 2] [2, 3] [2, 2] : tensor<6x8xf32> to tensor<2x3xf32>
  %t = tensor.insert_slice %b into %a[3, 1] [2, 3] [1, 2] : tensor<2x3xf32> into tensor<6x8xf32>
  %r = tensor.extract_slice %t[4, 0] [1, 8] [1, 1] : tensor<6x8xf32> to tensor<8xf32>
  return %s, %t, %r : tensor<2x3xf32>, tensor<6x8xf32>, tensor<8xf32>
}""",
    {"f32": (6, 8), "f32_1": (2, 3)},
    f32=(2, 3), f32_1=(6, 8), f32_2=(8,),
)  # fmt: skip

program(
    """
func.func @shapes(%a: tensor<4x6xi32>) -> (tensor<2x2x6xi32>, tensor<24xi32>, tensor<6x9xi32>, tensor<8x6xi32>) {
  %c = arith.constant -5 : i32
  %e = tensor.expand_shape %a [[0, 1], [2]] output_shape [2, 2, 6] : tensor<4x6xi32> into tensor<2x2x6xi32>
  %f = tensor.collapse_shape %a [[0, 1]] : tensor<4x6xi32> into tensor<24xi32>
  %p = tensor.pad %a low[2, 1] high[0, 2] {
  ^bb0(%i: index, %j: index):
    tensor.yield %c : i32
  } : tensor<4x6xi32> to tensor<6x9xi32>
  %k = tensor.concat dim(0) %a, %a : (tensor<4x6xi32>, tensor<4x6xi32>) -> tensor<8x6xi32>
  return %e, %f, %p, %k : tensor<2x2x6xi32>, tensor<24xi32>, tensor<6x9xi32>, tensor<8x6xi32>
}""",
    {"i32": (4, 6)},
    i32=(2, 2, 6), i32_1=(24,), i32_2=(6, 9), i32_3=(8, 6),
)  # fmt: skip

program(
    """
func.func @makers(%a: tensor<5xi64>) -> (tensor<2x3xi64>, tensor<3xi64>, tensor<4xi64>, tensor<5xi64>) {
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %x = tensor.extract %a[%c4] : tensor<5xi64>
  %g = tensor.generate {
  ^bb0(%i: index, %j: index):
    %m = arith.muli %i, %c4 : index
    %n = arith.addi %m, %j : index
    %o = arith.index_cast %n : index to i64
    tensor.yield %o : i64
  } : tensor<2x3xi64>
  %f = tensor.from_elements %x, %x, %x : tensor<3xi64>
  %s = tensor.splat %x : tensor<4xi64>
  %t = tensor.insert %x into %a[%c1] : tensor<5xi64>
  return %g, %f, %s, %t : tensor<2x3xi64>, tensor<3xi64>, tensor<4xi64>, tensor<5xi64>
}""",
    {"i64": (5,)},
    i64=(2, 3), i64_1=(3,), i64_2=(4,), i64_3=(5,),
)  # fmt: skip

program(
    """
func.func @window(%a: tensor<9xf64>, %w: tensor<3xf64>) -> tensor<4xf64> {
  %z = arith.constant 0.0 : f64
  %e = tensor.empty() : tensor<4xf64>
  %f = linalg.fill ins(%z : f64) outs(%e : tensor<4xf64>) -> tensor<4xf64>
  %r = linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i * 2 + j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>],
    iterator_types = ["parallel", "reduction"]
  } ins(%a, %w : tensor<9xf64>, tensor<3xf64>) outs(%f : tensor<4xf64>) {
  ^bb0(%x: f64, %y: f64, %o: f64):
    %i = linalg.index 0 : index
    %j = arith.index_cast %i : index to i64
    %k = arith.sitofp %j : i64 to f64
    %m = arith.mulf %x, %y : f64
    %n = arith.addf %m, %k : f64
    %s = arith.addf %o, %n : f64
    linalg.yield %s : f64
  } -> tensor<4xf64>
  return %r : tensor<4xf64>
}""",
    {"f64": (9,), "f64_1": (3,)},
    f64=(4,),
)

program(
    """
func.func @two_results(%a: tensor<3x4xi32>) -> (tensor<4x3xi32>, tensor<3x4xi32>) {
  %e = tensor.empty() : tensor<4x3xi32>
  %f = tensor.empty() : tensor<3x4xi32>
  %r:2 = linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%a : tensor<3x4xi32>) outs(%e, %f : tensor<4x3xi32>, tensor<3x4xi32>) {
  ^bb0(%x: i32, %y: i32, %z: i32):
    %d = arith.addi %x, %x : i32
    linalg.yield %x, %d : i32, i32
  } -> (tensor<4x3xi32>, tensor<3x4xi32>)
  return %r#0, %r#1 : tensor<4x3xi32>, tensor<3x4xi32>
}""",
    {"i32": (3, 4)},
    i32=(4, 3), i32_1=(3, 4),
)  # fmt: skip

program(
    """
func.func @reductions(%a: tensor<3x4xf32>) -> (tensor<3xf32>, tensor<f32>, tensor<4xf32>) {
  %z = arith.constant 0.0 : f32
  %m = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<3xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<3xf32>) -> tensor<3xf32>
  %r = linalg.reduce {arith.addf} ins(%a : tensor<3x4xf32>) outs(%f : tensor<3xf32>) dimensions = [1]
  %e0 = tensor.empty() : tensor<f32>
  %f0 = linalg.fill ins(%m : f32) outs(%e0 : tensor<f32>) -> tensor<f32>
  %s = linalg.reduce ins(%a : tensor<3x4xf32>) outs(%f0 : tensor<f32>) dimensions = [0, 1]
    (%in: f32, %acc: f32) {
      %n = arith.maximumf %in, %acc : f32
      linalg.yield %n : f32
    }
  %e4 = tensor.empty() : tensor<4xf32>
  %f4 = linalg.fill ins(%z : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %t = linalg.reduce ins(%a : tensor<3x4xf32>) outs(%f4 : tensor<4xf32>) dimensions = [0]
    (%in: f32, %acc: f32) {
      %n = arith.subf %acc, %in : f32
      linalg.yield %n : f32
    }
  return %r, %s, %t : tensor<3xf32>, tensor<f32>, tensor<4xf32>
}""",
    {"f32": (3, 4)},
    f32=(3,), f32_1=(), f32_2=(4,),
)  # fmt: skip

program(
    """
func.func @moves(%a: tensor<2x3x4xi16>, %b: tensor<3xi16>)
    -> (tensor<4x2x3xi16>, tensor<2x3x4xi16>, tensor<2x3x4xi16>) {
  %e = tensor.empty() : tensor<4x2x3xi16>
  %t = linalg.transpose ins(%a : tensor<2x3x4xi16>) outs(%e : tensor<4x2x3xi16>) permutation = [2, 0, 1]
  %f = tensor.empty() : tensor<2x3x4xi16>
  %c = linalg.broadcast ins(%b : tensor<3xi16>) outs(%f : tensor<2x3x4xi16>) dimensions = [0, 2]
  %g = tensor.empty() : tensor<2x3x4xi16>
  %m = linalg.map { arith.addi } ins(%a, %c : tensor<2x3x4xi16>, tensor<2x3x4xi16>) outs(%g : tensor<2x3x4xi16>)
  return %t, %c, %m : tensor<4x2x3xi16>, tensor<2x3x4xi16>, tensor<2x3x4xi16>
}""",
    {"i16": (2, 3, 4), "i16_1": (3,)},
    i16=(4, 2, 3), i16_1=(2, 3, 4), i16_2=(2, 3, 4),
)  # fmt: skip

program(
    """
func.func @named(%a: tensor<2x3xf64>, %b: tensor<2x3xf64>) -> tensor<2x3xf64> {
  %e = tensor.empty() : tensor<2x3xf64>
  %0 = linalg.add ins(%a, %b : tensor<2x3xf64>, tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) -> tensor<2x3xf64>
  %1 = linalg.mul ins(%0, %b : tensor<2x3xf64>, tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) -> tensor<2x3xf64>
  %2 = linalg.sub ins(%1, %a : tensor<2x3xf64>, tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) -> tensor<2x3xf64>
  %3 = linalg.div ins(%2, %b : tensor<2x3xf64>, tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) -> tensor<2x3xf64>
  %4 = linalg.max ins(%3, %b : tensor<2x3xf64>, tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) -> tensor<2x3xf64>
  %5 = linalg.abs ins(%4 : tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) -> tensor<2x3xf64>
  %6 = linalg.sqrt ins(%5 : tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) -> tensor<2x3xf64>
  %7 = linalg.square ins(%6 : tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) -> tensor<2x3xf64>
  %8 = linalg.negf ins(%7 : tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) -> tensor<2x3xf64>
  %9 = linalg.reciprocal ins(%8 : tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) -> tensor<2x3xf64>
  %10 = linalg.copy ins(%9 : tensor<2x3xf64>) outs(%e : tensor<2x3xf64>) -> tensor<2x3xf64>
  return %10 : tensor<2x3xf64>
}""",
    {"f64": (2, 3), "f64_1": (2, 3)},
    f64=(2, 3),
)

for kind, loops in {
    "matmul": "MK,KN,MN",
    "batch_matmul": "BMK,BKN,BMN",
    "matvec": "MK,K,M",
    "vecmat": "K,KN,N",
    "dot": "K,K,",
    "batch_matvec": "BMK,BK,BM",
    "batch_reduce_matmul": "BMK,BKN,MN",
}.items():
    sizes = {"B": 2, "M": 3, "N": 4, "K": 5}
    shapes = [tuple(sizes[letter] for letter in group) for group in loops.split(",")]
    left, right, out = (tensor_type(t, s) for t, s in zip(("i8", "i8", "i32"), shapes, strict=True))
    program(
        f"""
func.func @{kind}(%a: {left}, %b: {right}, %c: {out}) -> {out} {{
  %r = linalg.{kind} ins(%a, %b : {left}, {right}) outs(%c : {out}) -> {out}
  return %r : {out}
}}""",
        {"i8": shapes[0], "i8_1": shapes[1], "i32": shapes[2]},
        i32=shapes[2],
    )

program(
    """
func.func @transposed(%a: tensor<5x3xi32>, %b: tensor<5x4xi32>, %c: tensor<3x4xi32>) -> tensor<3x4xi32> {
  %r = linalg.matmul indexing_maps = [
    affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>
  ] ins(%a, %b : tensor<5x3xi32>, tensor<5x4xi32>) outs(%c : tensor<3x4xi32>) -> tensor<3x4xi32>
  %s = linalg.contract indexing_maps = [
    affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>
  ] ins(%a, %b : tensor<5x3xi32>, tensor<5x4xi32>) outs(%r : tensor<3x4xi32>) -> tensor<3x4xi32>
  return %s : tensor<3x4xi32>
}""",
    {"i32": (5, 3), "i32_1": (5, 4), "i32_2": (3, 4)},
    i32=(3, 4),
)

program(
    """
func.func @convolution(%x: tensor<1x2x6x7xi32>, %w: tensor<3x2x2x3xi32>, %o: tensor<1x3x3x3xi32>)
    -> tensor<1x3x3x3xi32> {
  %r = linalg.conv_2d_nchw_fchw {strides = dense<[2, 1]> : tensor<2xi64>, dilations = dense<[1, 2]> : tensor<2xi64>}
    ins(%x, %w : tensor<1x2x6x7xi32>, tensor<3x2x2x3xi32>) outs(%o : tensor<1x3x3x3xi32>) -> tensor<1x3x3x3xi32>
  return %r : tensor<1x3x3x3xi32>
}""",
    {"i32": (1, 2, 6, 7), "i32_1": (3, 2, 2, 3), "i32_2": (1, 3, 3, 3)},
    i32=(1, 3, 3, 3),
)

program(
    """
func.func @pooling(%x: tensor<1x6x6x2xf32>, %o: tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32> {
  %w = tensor.empty() : tensor<2x2xf32>
  %r = linalg.pooling_nhwc_max {strides = dense<2> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
    ins(%x, %w : tensor<1x6x6x2xf32>, tensor<2x2xf32>) outs(%o : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  return %r : tensor<1x3x3x2xf32>
}""",
    {"f32": (1, 6, 6, 2), "f32_1": (1, 3, 3, 2)},
    f32=(1, 3, 3, 2),
)

program(
    """
func.func @loops(%a: tensor<10xi32>) -> (tensor<1xi32>, tensor<1xi32>, tensor<1xi32>) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %c10 = arith.constant 10 : index
  %z = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %limit = arith.constant 100 : i32
  %s, %t = scf.for %i = %c0 to %c10 step %c3 iter_args(%x = %z, %y = %one) -> (i32, i32) {
    %e = tensor.extract %a[%i] : tensor<10xi32>
    %p = arith.cmpi slt, %e, %z : i32
    %u = scf.if %p -> i32 {
      scf.yield %z : i32
    } else {
      %w = arith.addi %x, %e : i32
      scf.yield %w : i32
    }
    %v = arith.addi %y, %x : i32
    scf.yield %u, %v : i32, i32
  }
  %r = scf.while (%x = %one) : (i32) -> i32 {
    %p = arith.cmpi slt, %x, %limit : i32
    scf.condition(%p) %x : i32
  } do {
  ^bb0(%x: i32):
    %d = arith.muli %x, %x : i32
    %e = arith.addi %d, %one : i32
    scf.yield %e : i32
  }
  %0 = tensor.from_elements %s : tensor<1xi32>
  %1 = tensor.from_elements %t : tensor<1xi32>
  %2 = tensor.from_elements %r : tensor<1xi32>
  return %0, %1, %2 : tensor<1xi32>, tensor<1xi32>, tensor<1xi32>
}""",
    {"i32": (10,)},
    i32=(1,), i32_1=(1,), i32_2=(1,),
)  # fmt: skip

program(
    """
func.func @points(%a: tensor<4x6xi32>, %o: tensor<4x6xi32>) -> tensor<4x6xi32> {
  %c2 = arith.constant 2 : index
  %r = scf.forall (%i, %j) = (0, 0) to (4, 6) step (2, 3) shared_outs(%s = %o) -> tensor<4x6xi32> {
    %x = tensor.extract_slice %a[%i, %j] [%c2, 3] [1, 1] : tensor<4x6xi32> to tensor<?x3xi32>
    %y = tensor.extract_slice %s[%i, %j] [%c2, 3] [1, 1] : tensor<4x6xi32> to tensor<?x3xi32>
    %z = arith.subi %x, %y : tensor<?x3xi32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %z into %s[%i, %j] [%c2, 3] [1, 1] : tensor<?x3xi32> into tensor<4x6xi32>
    }
  }
  return %r : tensor<4x6xi32>
}""",
    {"i32": (4, 6), "i32_1": (4, 6)},
    i32=(4, 6),
)

program(
    """
func.func @branches(%a: tensor<6xi32>) -> tensor<6xi32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %m = bufferization.alloc_tensor() copy(%a) : tensor<6xi32>
  %r = scf.for %i = %c0 to %c6 step %c1 iter_args(%t = %m) -> tensor<6xi32> {
    %x = tensor.extract %a[%i] : tensor<6xi32>
    %y = func.call @classify(%x, %i) : (i32, index) -> i32
    %u = tensor.insert %y into %t[%i] : tensor<6xi32>
    scf.yield %u : tensor<6xi32>
  }
  return %r : tensor<6xi32>
}
func.func private @classify(%x: i32, %i: index) -> i32 {
  %z = arith.constant 0 : i32
  %p = arith.cmpi slt, %x, %z : i32
  cf.cond_br %p, ^negative(%x : i32), ^positive
^negative(%n: i32):
  %m = arith.subi %z, %n : i32
  cf.br ^end(%m : i32)
^positive:
  %k = scf.index_switch %i -> i32
  case 2 {
    scf.yield %x : i32
  }
  case 5 {
    %w = arith.addi %x, %x : i32
    scf.yield %w : i32
  }
  default {
    scf.yield %z : i32
  }
  cf.switch %k : i32, [
    default: ^end(%k : i32),
    0: ^end(%x : i32)
  ]
^end(%e: i32):
  return %e : i32
}""",
    {"i32": (6,)},
    i32=(6,),
)

program(
    """
func.func @views(%a: tensor<6x8xi32>) -> (tensor<3x4xi32>, tensor<4x3xi32>, tensor<48xi32>, tensor<6xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c6 = arith.constant 6 : index
  %m = memref.alloc() : memref<6x8xi32>
  %in = bufferization.to_buffer %a : tensor<6x8xi32> to memref<6x8xi32>
  memref.copy %in, %m : memref<6x8xi32> to memref<6x8xi32>
  %s = memref.subview %m[1, %c2] [3, 4] [%c1, 1] : memref<6x8xi32> to memref<3x4xi32, strided<[?, 1], offset: ?>>
  %n = memref.alloc() : memref<3x4xi32>
  memref.copy %s, %n : memref<3x4xi32, strided<[?, 1], offset: ?>> to memref<3x4xi32>
  %x = memref.load %s[%c2, %c1] : memref<3x4xi32, strided<[?, 1], offset: ?>>
  %p = memref.reinterpret_cast %m to offset: [9], sizes: [4, 3], strides: [2, 8]
    : memref<6x8xi32> to memref<4x3xi32, strided<[2, 8], offset: 9>>
  memref.store %x, %p[%c0, %c1] : memref<4x3xi32, strided<[2, 8], offset: 9>>
  %q = memref.alloc() : memref<4x3xi32>
  linalg.copy ins(%p : memref<4x3xi32, strided<[2, 8], offset: 9>>) outs(%q : memref<4x3xi32>)
  %f = memref.collapse_shape %m [[0, 1]] : memref<6x8xi32> into memref<48xi32>
  %col = memref.subview %m[0, 3] [6, 1] [1, 1] : memref<6x8xi32> to memref<6xi32, strided<[8], offset: 3>>
  %o = memref.alloc(%c6) : memref<?xi32>
  %cast = memref.cast %o : memref<?xi32> to memref<6xi32>
  linalg.copy ins(%col : memref<6xi32, strided<[8], offset: 3>>) outs(%cast : memref<6xi32>)
  %r0 = bufferization.to_tensor %n restrict : memref<3x4xi32> to tensor<3x4xi32>
  %r1 = bufferization.to_tensor %q restrict : memref<4x3xi32> to tensor<4x3xi32>
  %r2 = bufferization.to_tensor %f restrict : memref<48xi32> to tensor<48xi32>
  %r3 = bufferization.to_tensor %cast restrict : memref<6xi32> to tensor<6xi32>
  return %r0, %r1, %r2, %r3 : tensor<3x4xi32>, tensor<4x3xi32>, tensor<48xi32>, tensor<6xi32>
}""",
    {"i32": (6, 8)},
    i32=(3, 4), i32_1=(4, 3), i32_2=(48,), i32_3=(6,),
)  # fmt: skip


def test_programs():
    check(PROGRAMS)
