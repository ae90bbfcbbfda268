"""Launch files: what each line of one makes, and the launches of all examples against their references.

The messages for mistakes are in tests/errors/launch.txt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilinalg.abi import find_function
from minilinalg.errors import InputError, LaunchError, MinilinalgError
from minilinalg.interp.dtypes import BF16, F16, F32, F64, I32, I64, DType
from minilinalg.interp.run import Executable
from minilinalg.launch import Answer, Launch, LaunchFile, Tolerance
from minilinalg.launch.answers import Expectation, compare, epsilon
from minilinalg.launch.arithmetic import FUNCTIONS, Arithmetic, ExpressionError, cdiv, next_power_of_2
from minilinalg.launch.file import ALIAS_KEYS, ARRAY_KEYS, TOP_KEYS
from minilinalg.launch.initialisers import DTYPES, INITIALISERS
from minilinalg.parsing import parse_module
from minilinalg.toml_document import TomlDocument

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
LAUNCHES = sorted(EXAMPLES.glob("*/*.toml"))


def kernel_of(launch: Path) -> Path:
    """The file that a launch file is for: of the same name, but for the one whose first line says otherwise."""
    first = launch.read_text().splitlines()[0]
    if first.startswith("# For "):
        return launch.with_name(first.split()[2].rstrip(":"))
    return next(p for suffix in (".ttir", ".mlir") if (p := launch.with_name(f"{launch.stem}{suffix}")).exists())


def launched(path: Path, numbers: Mapping[str, float] | None = None) -> tuple[Launch, list[Answer]]:
    """Runs an example as it is, with other numbers where they are given."""
    source = kernel_of(path)
    module = parse_module(source.read_text(), str(source))
    launch = LaunchFile.read(path, numbers).bind(find_function(module))
    results = Executable(module).run(launch.grid, launch.arguments)
    return launch, launch.answers(results)


def parsed(text: str) -> LaunchFile:
    return LaunchFile.parse(TomlDocument.parse(text, "launch.toml"))


def bound(text: str, signature: str) -> Launch:
    """A launch of a kernel with that signature, whose body does nothing."""
    module = parse_module(f"tt.func public @kernel({signature}) {{\n  tt.return\n}}\n")
    return parsed(text).bind(find_function(module))


def array(line: str, type_: str = "f32", numbers: str = "") -> Any:
    """The array that one line of [arguments] describes."""
    text = f"grid = 1\n[sizes]\n{numbers}\n[arguments]\na = {{ {line} }}\n"
    return bound(text, f"%a: !tt.ptr<{type_}>").arguments[0]


# --- examples ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", LAUNCHES, ids=lambda path: path.stem)
def test_example_gives_its_reference(path: Path) -> None:
    _, answers = launched(path)
    assert any(answer.has_reference for answer in answers)
    assert [answer.error().diagnostic.render() for answer in answers if not answer.ok] == []


def test_sizes_and_strides_of_a_descriptor_are_those_of_its_array() -> None:
    signature = "%a: !tt.tensordesc<4x8xf16>, %a.s0: i32, %a.s1: i32, %a.t0: i64, %a.t1: i64"
    array = 'a = { dtype = "f16", shape = [3, 5] }'
    assert bound(f"grid = 1\n[arguments]\n{array}", signature).arguments[1:] == [3, 5, 5, 1]
    assert bound(f'grid = 1\n[arguments]\n{array}\n"a.s1" = 4', signature).arguments[1:] == [3, 4, 5, 1]
    empty = 'a = { dtype = "f16", shape = [3, 0] }'
    assert bound(f"grid = 1\n[arguments]\n{empty}", signature).arguments[1:] == [3, 0, 0, 1]
    with pytest.raises(InputError) as caught:
        bound('grid = 1\n[arguments]\na = { dtype = "f16", shape = [15] }', signature)
    assert caught.value.diagnostic.found == "no argument 'a.s0'"
    assert caught.value.diagnostic.hint == "sizes and strides are those of the array 'a' if it has as many dimensions"
    with pytest.raises(LaunchError) as wrong:
        bound(f'grid = 1\n[arguments]\n{array}\n"a.t1" = 2', signature)
    assert [str(place) for place in wrong.value.diagnostic.places] == ["launch.toml:4:10"]


def test_every_example_has_a_launch_file() -> None:
    programs = {*EXAMPLES.glob("kernels/*.ttir"), *EXAMPLES.glob("linalg/*.mlir")}
    assert programs == {kernel_of(path) for path in LAUNCHES}


NO_PROMISE = {
    "vector_add": [{"n": 1}, {"n": 1023}, {"n": 1024}, {"n": 1025}, {"n": 0}],
    "softmax": [
        {"n_rows": 1, "n_cols": 997},
        {"n_rows": 13, "n_cols": 1},
        {"n_rows": 1, "n_cols": 1},
        {"n_rows": 0, "n_cols": 5},
        {"n_rows": 3, "n_cols": 1024, "in_stride": 1031},
    ],
    "matmul": [{"M": 1, "N": 1, "K": 1}, {"M": 129, "N": 1, "K": 65}, {"M": 1, "N": 257, "K": 63}],
    "layernorm": [{"rows": 1, "N": 1}, {"rows": 5, "N": 1023}, {"rows": 2, "N": 2049}, {"rows": 0, "N": 3}],
    "flash_attn": [{"SEQ": 1, "heads": 1}, {"SEQ": 65, "heads": 2}, {"SEQ": 128, "heads": 1}, {"heads": 0}],
    "gemv": [{"M": 1, "N": 1}, {"M": 31, "N": 129}, {"M": 33, "N": 127}, {"M": 1, "N": 300}],
}
SIZES = [(name, numbers) for name, many in NO_PROMISE.items() for numbers in many]


@pytest.mark.parametrize(("name", "numbers"), SIZES, ids=[f"{n}-{'-'.join(map(str, s.values()))}" for n, s in SIZES])
def test_other_sizes(name: str, numbers: dict[str, float]) -> None:
    """Sizes that do not divide the blocks, one row, one column, and grids of no program at all."""
    _, answers = launched(EXAMPLES / "kernels" / f"{name}.nopromise.toml", numbers)
    assert [answer.error().diagnostic.render() for answer in answers if not answer.ok] == []


def test_an_empty_grid_changes_nothing() -> None:
    launch, answers = launched(EXAMPLES / "kernels" / "vector_add.nopromise.toml", {"n": 0})
    assert launch.grid == (0, 1, 1)
    assert [answer.changed for answer in answers] == [False]


def test_aliasing_arguments_share_memory() -> None:
    launch, answers = launched(EXAMPLES / "kernels" / "vector_add.in_place.toml")
    x, y, out, n = launch.arguments
    assert n == 1000
    assert x[:1000].tobytes() == out.tobytes()
    assert x[1:].tobytes() == y.tobytes()
    assert {answer.name: (answer.changed, answer.has_reference) for answer in answers} == {
        "x_ptr": (True, False),
        "y_ptr": (True, False),
        "out_ptr": (True, True),
    }


def test_a_broken_promise_is_told_at_its_place() -> None:
    with pytest.raises(InputError) as caught:
        launched(EXAMPLES / "kernels" / "softmax.toml", {"n_cols": 991})
    assert "softmax.toml:8:13: error: argument 'in_stride' of 'softmax' is 991, which is not divisible by 16" in str(
        caught.value
    )


def test_the_documentation_is_true() -> None:
    """The files shown in docs/launch-files.md run on vector_add, and its tables name what there is."""
    page = (EXAMPLES.parent / "docs" / "launch-files.md").read_text()
    first, aliased, described, tolerance = re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    module = parse_module((EXAMPLES / "kernels" / "vector_add.nopromise.ttir").read_text())
    for text in (f"{first}\n{tolerance}", aliased):
        launch = parsed(text).bind(find_function(module))
        Executable(module).run(launch.grid, launch.arguments)
        assert all(answer.ok for answer in launch.answers())
    signature = "%a_desc: !tt.tensordesc<4x8xf16>, %a_desc.shape.0: i32, %a_desc.shape.1: i32, %s0: i64, %s1: i64"
    assert bound(described, signature).arguments[1:] == [100, 70, 72, 1]
    names = set(re.findall(r"`\[?(\w+)", page))
    assert names >= {*DTYPES, *INITIALISERS, *FUNCTIONS, *TOP_KEYS, *ARRAY_KEYS, *ALIAS_KEYS}


# --- numbers and grids --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("cdiv(n, 4)", 3),
        ("(n + 1) * 2 - -m", 27),
        ("n // 4 + n % 4", 4),
        ("n / 4", 2.5),
        ("max(n, m, 3) + min(n, m)", 15),
        ("abs(m - n)", 5),
        ("next_power_of_2(n)", 16),
        (" n\n + m", 15),
    ],
)
def test_arithmetic(text: str, value: float) -> None:
    numbers = {"n": 10, "m": 5}
    assert Arithmetic(numbers.__getitem__, numbers).value(text) == value


@pytest.mark.parametrize(
    "text", ["", "n.real", "[n][0]", "n if n else m", "n ** 2", "__import__('os')", "min(*[n])", "True", "'n'", "é + "]
)
def test_arithmetic_is_no_python(text: str) -> None:
    numbers = {"n": 10, "m": 5}
    with pytest.raises(ExpressionError) as caught:
        Arithmetic(numbers.__getitem__, numbers).value(text)
    assert 0 <= caught.value.start <= len(text)


@given(st.integers(-(10**6), 10**6), st.integers(1, 10**4))
def test_cdiv_rounds_up(a: int, b: int) -> None:
    assert (cdiv(a, b) - 1) * b < a <= cdiv(a, b) * b


@given(st.integers(1, 1 << 40))
def test_next_power_of_2(n: int) -> None:
    p = next_power_of_2(n)
    assert p >= n
    assert p & (p - 1) == 0
    assert p == 1 or p // 2 < n


def test_numbers_are_made_of_others_in_any_order() -> None:
    file = parsed('grid = ["a", "b"]\n[arguments]\na = "b + c"\nb = "2 * c"\n[sizes]\nc = 3\n')
    assert (file.grid, dict(file.scalars), dict(file.sizes)) == ((9, 6), {"a": 9, "b": 6}, {"c": 3})


@pytest.mark.parametrize(
    ("grid", "sizes"), [("3", (3, 1, 1)), ("[3, 2]", (3, 2, 1)), ('["n", 1, "n"]', (5, 1, 5)), ("0", (0, 1, 1))]
)
def test_grids(grid: str, sizes: tuple[int, int, int]) -> None:
    assert bound(f"grid = {grid}\n[arguments]\nn = 5\n", "%n: i32").grid == sizes


def test_arguments_come_in_the_order_of_the_function() -> None:
    launch = bound("grid = 1\n[arguments]\nc = 3\na = 1.5\nb = 2\n", "%a: f32, %b: i32, %c: i64")
    assert launch.arguments == [1.5, 2, 3]


# --- arrays -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "type_", "expected"),
    [
        ('dtype = "f32", shape = [2, 3]', "f32", np.zeros((2, 3), np.float32)),
        ('dtype = "i64", shape = [4], init = "ones"', "i64", np.ones(4, np.int64)),
        ('dtype = "f16", shape = [2], init = "constant(0.1)"', "f16", np.full(2, 0.1, np.float16)),
        ('dtype = "i32", shape = [2, 3], init = "arange"', "i32", np.arange(6, dtype=np.int32).reshape(2, 3)),
        ('dtype = "f32", shape = ["n"], init = "arange(1, -0.5)"', "f32", np.array([1, 0.5, 0], np.float32)),
        ('dtype = "f32", shape = [], init = "constant(n)"', "f32", np.array(3, np.float32)),
        ('dtype = "i1", shape = [4], values = [true, false, true, true]', "i1", np.array([1, 0, 1, 1], np.bool_)),
        ('dtype = "i8", values = [[1, 2], [-3, 4]]', "i8", np.array([[1, 2], [-3, 4]], np.int8)),
        ('dtype = "f32", shape = [2, 2], values = [5, inf]', "f32", np.array([[5, np.inf]] * 2, np.float32)),
        ('dtype = "bf16", shape = [1], init = "constant(1.01)"', "bf16", np.array([1.01], ml_dtypes.bfloat16)),
        (
            'dtype = "f8E4M3FN", shape = [1], init = "constant(1e9)"',
            "f8E4M3FN",
            np.array([448], ml_dtypes.float8_e4m3fn),
        ),
    ],
)
def test_content(line: str, type_: str, expected: Any) -> None:
    found = array(line, type_, "n = 3")
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("init", "wide"),
    [
        ("normal", lambda random: random.normal(0, 1, 1000)),
        ("normal(2, 0.5)", lambda random: random.normal(2, 0.5, 1000)),
        ("uniform", lambda random: random.uniform(0, 1, 1000)),
        ("uniform(-1, 3)", lambda random: random.uniform(-1, 3, 1000)),
        ("integers(-4, 5)", lambda random: random.integers(-4, 5, 1000)),
    ],
)
def test_seeded_content_is_what_the_documentation_says(init: str, wide: Any) -> None:
    found = array(f'dtype = "f32", shape = [1000], init = "{init}", seed = 7')
    assert np.array_equal(found, wide(np.random.default_rng(7)).astype(np.float32))


def test_arrays_without_a_seed_differ_by_name_and_stay_the_same() -> None:
    text = "grid = 1\n[arguments]\n" + "".join(
        f'{n} = {{ dtype = "f32", shape = [8], init = "normal" }}\n' for n in "ab"
    )
    first, second = (bound(text, "%a: !tt.ptr<f32>, %b: !tt.ptr<f32>").arguments for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert not np.array_equal(first[0], first[1])


def test_nan_is_sprinkled() -> None:
    found = array('dtype = "f16", shape = [100, 100], init = "normal", nan = 0.25', "f16")
    assert 2300 < np.count_nonzero(np.isnan(found)) < 2700
    assert not np.isnan(array('dtype = "f32", shape = [100], nan = 0')).any()
    assert np.isnan(array('dtype = "f32", shape = [100], nan = 1')).all()


def test_an_alias_of_another_dtype() -> None:
    launch = bound(
        'grid = 1\n[arguments]\na = { dtype = "f32", shape = [4], init = "ones" }\n'
        'b = { same_as = "a", dtype = "i32", offset = 1, shape = [1, 2] }\n',
        "%a: !tt.ptr<f32>, %b: !tt.ptr<i32>",
    )
    a, b = launch.arguments
    assert b.tolist() == [[0x3F800000] * 2]
    b[0, 1] = 0
    assert a.tolist() == [1, 1, 0, 1]


def test_memory_that_only_lends() -> None:
    """An array that is no argument may hold two that are."""
    launch = bound(
        'grid = 1\n[arguments]\nheap = { dtype = "f32", shape = [8], init = "arange" }\n'
        'a = { same_as = "heap", shape = [5] }\nb = { same_as = "heap", offset = 3 }\n',
        "%a: !tt.ptr<f32>, %b: !tt.ptr<f32>",
    )
    assert [list(x) for x in launch.arguments] == [[0, 1, 2, 3, 4], [3, 4, 5, 6, 7]]


# --- references ---------------------------------------------------------------------------------------------------


def test_a_reference_sees_arguments_as_they_were_and_in_double_precision() -> None:
    launch = bound(
        'grid = 1\n[arguments]\na = { dtype = "f16", shape = [2], values = [0.1, 2] }\ns = 0.1\nn = 3\n'
        'b = { dtype = "i8", shape = [2], values = [100, -100] }\n'
        '[let]\ntwice = "2 * b"\n[reference]\na = "a + s * n"\nb = "twice - 100 + (a.dtype == np.float64)"\n',
        "%a: !tt.ptr<f16>, %b: !tt.ptr<i8>, %s: f32, %n: i32",
    )
    wide = np.array([0.1, 2], np.float16).astype(np.float64) + float(np.float32(0.1)) * 3
    assert np.array_equal(launch.expected["a"].array, wide.astype(np.float16))
    assert launch.expected["b"].array.tolist() == [101, (-299 + 128) % 256 - 128]


def test_a_reference_over_several_lines() -> None:
    launch = bound(
        'grid = 1\n[arguments]\na = { dtype = "f32", shape = [3] }\n[reference]\na = """\nnp.ones(3)\n  + 1"""\n',
        "%a: !tt.ptr<f32>",
    )
    assert launch.expected["a"].array.tolist() == [2, 2, 2]


def answer(found: Any, wanted: Any, dtype: DType, tolerance: Tolerance | None = None) -> Answer:
    place = TomlDocument.parse("", "launch.toml").place()
    expected = Expectation(np.asarray(wanted, dtype.storage), tolerance or Tolerance(), place)
    return compare("a", dtype, np.asarray(found, dtype.storage), expected, changed=True)


def test_the_default_tolerance_follows_the_dtype() -> None:
    for dtype in (F16, BF16, F32, F64):
        eps = epsilon(dtype)
        near, far = 8 * (1 + 7 * eps), 8 * (1 + 9 * eps)
        assert answer([near, 0], [8, 0], dtype).ok, dtype
        assert not answer([far, 0], [8, 0], dtype).ok, dtype
    assert (epsilon(F16), epsilon(BF16), epsilon(F32)) == (2**-10, 2**-7, 2**-23)
    assert not answer([3], [4], I32).ok
    assert not answer([2**62 + 1], [2**62], I64).ok, "doubles cannot tell these apart"


def test_nan_and_infinities() -> None:
    assert answer([np.nan, np.inf], [np.nan, np.inf], F32).ok
    assert not answer([np.nan], [1], F32).ok
    assert not answer([1], [np.nan], F32).ok
    assert not answer([np.inf], [-np.inf], F32).ok
    assert not answer([3e38], [np.inf], F32, Tolerance(relative=1.0)).ok


def test_a_tolerance_of_its_own() -> None:
    assert answer([1.05], [1], F32, Tolerance(relative=0.1)).ok
    assert answer([1.05], [1], F32, Tolerance(relative=0.0, absolute=0.1)).ok
    assert not answer([1.2], [1], F32, Tolerance(relative=0.1, absolute=0.05)).ok
    assert answer([3], [4], I32, Tolerance(absolute=1)).ok


def test_a_wrong_answer_says_where() -> None:
    wrong = answer([[1, 2], [3, 5], [5, 7]], [[1, 2], [3, 4], [5, 6]], F32)
    assert (wrong.max_absolute_error, wrong.max_relative_error) == (1, 0.25)
    assert wrong.error().diagnostic.render() == (
        "launch.toml:1:1: error: a[1, 1] is 5.0, and the reference says 4.0 (2 of 6 elements are wrong)\n"
        "  \n  ^\n"
        "  rule: an answer is within 4.77e-07 * |reference| + 2.86e-06 of the reference; [tolerance] sets other bounds"
    )


def test_a_result_of_another_shape() -> None:
    wrong = answer([1, 2], [[1, 2]], F32)
    assert "'a' has shape [2], and its reference [1, 2]" in str(wrong.error())


def test_several_results_are_numbered() -> None:
    module = parse_module(
        "func.func @f(%x: tensor<2xf32>) -> (tensor<2xf32>, f32) {\n  %c = arith.constant 3.0 : f32\n"
        "  return %x, %c : tensor<2xf32>, f32\n}\n"
    )
    text = '[arguments]\nx = { dtype = "f32", shape = [2], init = "ones" }\n[reference]\nresult0 = "x"\nresult1 = "4"\n'
    launch = parsed(text).bind(find_function(module))
    answers = launch.answers(Executable(module).run(launch.grid, launch.arguments))
    assert [(a.name, a.ok) for a in answers] == [("result0", True), ("result1", False)]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MinilinalgError, match="there is no file"):
        LaunchFile.read(tmp_path / "none.toml")
