"""What the slow interpreter refuses, and the choices that no other interpreter decides for it."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
import slow

from minilinalg.parsing import parse_module


def run(body: str, parameters: str, *args, grid=(1, 1, 1), **options) -> list[np.ndarray]:
    """Runs the body of a tt.func."""
    module = parse_module(f"tt.func public @f({parameters}) {{\n{body}\n  tt.return\n}}")
    return slow.run(module, grid, args, **options)


LOAD = """
  %i = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %n8 = tt.splat %n : i32 -> tensor<8xi32>
  %m = arith.cmpi slt, %i, %n8 : tensor<8xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %xp = tt.addptr %xs, %i : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %os = tt.splat %o : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %op = tt.addptr %os, %i : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
"""
POINTERS = "%x: !tt.ptr<f32>, %o: !tt.ptr<f32>, %n: i32"
MASKED = LOAD + "  %v = tt.load %xp, %m : tensor<8x!tt.ptr<f32>>\n"


def arrays(size: int = 8) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(1, size + 1, dtype=np.float32), np.zeros(size, np.float32)


def test_masked_off_lanes_touch_no_memory():
    x, o = arrays(5)
    run(MASKED + "  tt.store %op, %v, %m : tensor<8x!tt.ptr<f32>>", POINTERS, x, o, 5)
    assert o.tolist() == x.tolist()


def test_access_out_of_bounds_names_the_argument():
    x, o = arrays(5)
    with pytest.raises(slow.SlowError, match="read of 4 bytes out of bounds, at byte 20 of argument 0"):
        run(MASKED, POINTERS, x, o, 6)


def test_an_argument_cannot_be_reached_from_another():
    x, o = arrays(8)
    for distance in (8, 64, 1 << 20, -1, -(1 << 20)):
        with pytest.raises(slow.SlowError, match="out of bounds"):
            run(
                "  %p = tt.addptr %x, %n : !tt.ptr<f32>, i32\n  %v = tt.load %p : !tt.ptr<f32>",
                POINTERS,
                x,
                o,
                distance,
            )


def test_an_undefined_lane_must_not_reach_memory():
    x, o = arrays()
    with pytest.raises(slow.SlowError, match="undefined element is written to byte 20 of argument 1"):
        run(MASKED + "  tt.store %op, %v : tensor<8x!tt.ptr<f32>>", POINTERS, x, o, 5)


def test_an_undefined_lane_must_not_reach_a_reduction():
    x, o = arrays()
    body = """
  %s = "tt.reduce"(%v) <{axis = 0 : i32}> ({
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    tt.reduce.return %c : f32
  }) : (tensor<8xf32>) -> f32
  tt.store %o, %s : !tt.ptr<f32>"""
    run(MASKED + body, POINTERS, x, o, 8)
    assert o[0] == x.sum()
    with pytest.raises(slow.SlowError, match=r"element \(5,\) of a reduction or scan is undefined"):
        run(MASKED + body, POINTERS, x, o, 5)


def test_an_undefined_lane_must_not_reach_an_address():
    x, _ = arrays()
    body = """
  %w = arith.fptosi %v : tensor<8xf32> to tensor<8xi32>
  %q = tt.addptr %os, %w : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  tt.store %q, %v : tensor<8x!tt.ptr<f32>>"""
    with pytest.raises(slow.SlowError, match="an address is undefined"):
        run(MASKED + body, POINTERS, x, np.zeros(99, np.float32), 5)


def test_an_undefined_value_must_not_decide_a_branch():
    x, o = arrays()
    body = """
  %z = arith.constant 0 : i32
  %q = arith.divsi %z, %z : i32
  %b = arith.cmpi eq, %q, %z : i32
  cf.cond_br %b, ^one, ^one
^one:"""
    with pytest.raises(slow.SlowError, match=r"cf.cond_br.*the condition is undefined"):
        run(body, POINTERS, x, o, 5)


def test_a_false_mask_hides_an_undefined_one():
    """Whatever an undefined element is, false and it is false."""
    x, o = arrays()
    body = """
  %z = arith.constant dense<0.0> : tensor<8xf32>
  %p = arith.cmpf ogt, %v, %z : tensor<8xf32>
  %q = arith.andi %m, %p : tensor<8xi1>
  tt.store %op, %v, %q : tensor<8x!tt.ptr<f32>>"""
    run(MASKED + body, POINTERS, x, o, 5)
    assert o.tolist() == [*x[:5], 0, 0, 0]


def test_overlapping_arrays_overlap_in_memory():
    buffer = np.arange(12, dtype=np.float32)
    body = LOAD + "  %v = tt.load %xp : tensor<8x!tt.ptr<f32>>\n  tt.store %op, %v : tensor<8x!tt.ptr<f32>>"
    run(body, POINTERS, buffer[:8], buffer[2:10], 0)
    assert buffer.tolist() == [0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 10, 11]


def test_views_with_strides_are_placed_by_address():
    buffer = np.arange(16, dtype=np.float32)
    even, odd = buffer[::2], buffer[1::2]
    body = """
  %v = tt.load %x : !tt.ptr<f32>
  %p = tt.addptr %o, %n : !tt.ptr<f32>, i32
  tt.store %p, %v : !tt.ptr<f32>"""
    run(body, POINTERS, even, odd, 3)
    assert buffer[4] == 0.0
    run(body, POINTERS, odd[::-1], even, 2)
    assert buffer[2] == buffer[15]


def test_programs_run_with_x_fastest():
    o, x = np.zeros(1, np.float32), np.zeros(1, np.float32)
    body = """
  %px = tt.get_program_id x : i32
  %py = tt.get_program_id y : i32
  %c = arith.constant 3 : i32
  %a = arith.muli %py, %c : i32
  %b = arith.addi %a, %px : i32
  %f = arith.sitofp %b : i32 to f32
  %old = tt.load %o : !tt.ptr<f32>
  %ten = arith.constant 10.0 : f32
  %s = arith.mulf %old, %ten : f32
  %t = arith.addf %s, %f : f32
  tt.store %o, %t : !tt.ptr<f32>"""
    run(body, POINTERS, x, o, 0, grid=(3, 2, 1))
    assert o[0] == 12345


def test_bits_survive_bitcasts_and_memory():
    """A signalling NaN with a payload stays what it is."""
    x = np.array([0x7F800001, 0xFFC12345], np.uint32).view(np.float32)
    o = np.zeros(2, np.float32)
    run("  %v = tt.load %x : !tt.ptr<f32>\n  tt.store %o, %v : !tt.ptr<f32>", POINTERS, x, o, 0)
    assert o.view(np.uint32)[0] == 0x7F800001


def test_constants_in_hexadecimal_are_patterns():
    o, x = np.zeros(1, np.float32), np.zeros(1, np.float32)
    body = """
  %c = arith.constant dense<0xFF800000> : tensor<4xf32>
  %u = "tt.reduce"(%c) <{axis = 0 : i32}> ({
  ^bb0(%a: f32, %b: f32):
    %m = arith.maxnumf %a, %b : f32
    tt.reduce.return %m : f32
  }) : (tensor<4xf32>) -> f32
  tt.store %o, %u : !tt.ptr<f32>"""
    run(body, POINTERS, x, o, 0)
    assert o[0] == -np.inf


@pytest.mark.parametrize(
    ("source", "target", "numbers"),
    [
        ("f32", "f8E5M2", [1e9, -1e9, np.inf, 0.3]),
        ("f32", "f8E4M3FN", [1e9, -470.0, np.inf, 0.3]),
        ("f16", "f8E4M3FN", [1000.0, -449.0, 465.0, 0.3]),
    ],
)
def test_casts_to_eight_bits_saturate(source: str, target: str, numbers: list[float]):
    kinds = {"f32": np.float32, "f16": np.float16}
    eight = getattr(ml_dtypes, f"float8_{target[2:].lower()}")
    x, o = np.array(numbers, kinds[source]), np.zeros(4, eight)
    body = f"""
  %i = tt.make_range {{end = 4 : i32, start = 0 : i32}} : tensor<4xi32>
  %xs = tt.splat %x : !tt.ptr<{source}> -> tensor<4x!tt.ptr<{source}>>
  %xp = tt.addptr %xs, %i : tensor<4x!tt.ptr<{source}>>, tensor<4xi32>
  %os = tt.splat %o : !tt.ptr<{target}> -> tensor<4x!tt.ptr<{target}>>
  %op = tt.addptr %os, %i : tensor<4x!tt.ptr<{target}>>, tensor<4xi32>
  %v = tt.load %xp : tensor<4x!tt.ptr<{source}>>
  %w = tt.fp_to_fp %v, rounding = rtne : tensor<4x{source}> -> tensor<4x{target}>
  tt.store %op, %w : tensor<4x!tt.ptr<{target}>>"""
    run(body, f"%x: !tt.ptr<{source}>, %o: !tt.ptr<{target}>", x, o)
    largest = float(ml_dtypes.finfo(eight).max)
    expected = np.clip(x.astype(np.float64), -largest, largest).astype(eight)
    assert o.tobytes() == expected.tobytes()


def test_tf32_rounds_the_operands():
    a = np.full((16, 16), 1 + 2.0**-11 + 2.0**-12, np.float32)
    b = np.eye(16, dtype=np.float32)
    for precision, expected in (("tf32", 1 + 2.0**-10), ("ieee", float(a[0, 0]))):
        c = np.zeros((16, 16), np.float32)
        suffix = "" if precision == "ieee" else f", inputPrecision = {precision}"
        pointers = "\n".join(
            f"""
  %{p}s = tt.splat %{p} : !tt.ptr<f32> -> tensor<16x16x!tt.ptr<f32>>
  %{p}p = tt.addptr %{p}s, %at : tensor<16x16x!tt.ptr<f32>>, tensor<16x16xi32>"""
            for p in "abc"
        )
        body = f"""
  %i = tt.make_range {{end = 256 : i32, start = 0 : i32}} : tensor<256xi32>
  %at = tt.reshape %i : tensor<256xi32> -> tensor<16x16xi32>
{pointers}
  %av = tt.load %ap : tensor<16x16x!tt.ptr<f32>>
  %bv = tt.load %bp : tensor<16x16x!tt.ptr<f32>>
  %z = arith.constant dense<0.0> : tensor<16x16xf32>
  %d = tt.dot %av, %bv, %z{suffix} : tensor<16x16xf32> * tensor<16x16xf32> -> tensor<16x16xf32>
  tt.store %cp, %d : tensor<16x16x!tt.ptr<f32>>"""
        run(body, "%a: !tt.ptr<f32>, %b: !tt.ptr<f32>, %c: !tt.ptr<f32>", a, b, c)
        assert (c == np.float32(expected)).all()


def test_a_scaled_dot_of_packed_numbers():
    """Two e2m1 numbers a byte along k, a power of two for each 32 of them."""
    numbers = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])
    rng = np.random.default_rng(3)
    codes_a, codes_b = rng.integers(0, 16, (16, 64)), rng.integers(0, 16, (64, 16))
    scale_a, scale_b = (rng.integers(120, 134, (16, 2)).astype(np.uint8) for _ in range(2))
    packed_a = (codes_a[:, ::2] | codes_a[:, 1::2] << 4).astype(np.uint8)
    packed_b = (codes_b[::2] | codes_b[1::2] << 4).astype(np.uint8)
    c = np.zeros((16, 16), np.float32)
    body = ""
    for name, element, rows, columns in (
        ("a", "i8", 16, 32),
        ("b", "i8", 32, 16),
        ("s", "i8", 16, 2),
        ("t", "i8", 16, 2),
        ("c", "f32", 16, 16),
    ):
        count, kind = rows * columns, f"tensor<{rows}x{columns}x"
        body += f"""
  %{name}i = tt.make_range {{end = {count} : i32, start = 0 : i32}} : tensor<{count}xi32>
  %{name}j = tt.reshape %{name}i : tensor<{count}xi32> -> {kind}i32>
  %{name}k = tt.splat %{name} : !tt.ptr<{element}> -> {kind}!tt.ptr<{element}>>
  %{name}p = tt.addptr %{name}k, %{name}j : {kind}!tt.ptr<{element}>>, {kind}i32>
  %{name}v = tt.load %{name}p : {kind}!tt.ptr<{element}>>"""
    body += """
  %d = tt.dot_scaled %av scale %sv, %bv scale %tv, %cv lhs = e2m1 rhs = e2m1 {fastMath = false}
    : tensor<16x32xi8>, tensor<16x2xi8> * tensor<32x16xi8>, tensor<16x2xi8> -> tensor<16x16xf32>
  tt.store %cp, %d : tensor<16x16x!tt.ptr<f32>>"""
    pointers = "%a: !tt.ptr<i8>, %b: !tt.ptr<i8>, %s: !tt.ptr<i8>, %t: !tt.ptr<i8>, %c: !tt.ptr<f32>"
    run(body, pointers, packed_a, packed_b, scale_a, scale_b, c)
    left = numbers[codes_a] * np.repeat(2.0 ** (scale_a.astype(int) - 127), 32, axis=1)
    right = numbers[codes_b] * np.repeat(2.0 ** (scale_b.astype(int) - 127), 32, axis=1).T
    np.testing.assert_array_equal(c, (left @ right).astype(np.float32))


STAGE = """
func.func @double(%x: memref<?xf32>, %n: index, %gx: index, %gy: index, %gz: index)
    attributes {ml.abi = [{name = "x", kind = "pointer", type = f32}, {name = "n", kind = "scalar", type = index}]} {
  scf.forall (%pz, %py, %px) in (%gz, %gy, %gx) {
    %c4 = arith.constant 4 : index
    %c0 = arith.constant 0 : index
    %off = arith.muli %px, %c4 : index
    %left = arith.subi %n, %off : index
    %low = arith.maxsi %left, %c0 : index
    %size = arith.minsi %low, %c4 : index
    %view = memref.reinterpret_cast %x to offset: [%off], sizes: [%size], strides: [1]
      : memref<?xf32> to memref<?xf32, strided<[1], offset: ?>>
    %t = bufferization.to_tensor %view restrict : memref<?xf32, strided<[1], offset: ?>> to tensor<?xf32>
    %e = tensor.empty() : tensor<4xf32>
    %v = tensor.insert_slice %t into %e[0] [%size] [1] : tensor<?xf32> into tensor<4xf32>
    %s = linalg.generic {
      indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]
    } ins(%v : tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%a: f32, %b: f32):
      %c = arith.addf %a, %a : f32
      linalg.yield %c : f32
    } -> tensor<4xf32>
    %o = tensor.extract_slice %s[0] [SIZE] [1] : tensor<4xf32> to tensor<RESULTxf32>
    bufferization.materialize_in_destination %o in writable %view
      : (tensor<RESULTxf32>, memref<?xf32, strided<[1], offset: ?>>) -> ()
  }
  return
}"""


@pytest.mark.parametrize("order", [list, reversed])
def test_a_module_of_the_linalg_stage(order):
    x = np.arange(10, dtype=np.float32)
    slow.run(
        parse_module(STAGE.replace("SIZE", "%size").replace("RESULT", "?")), (4, 1, 1), [x, 10], forall_order=order
    )
    assert x.tolist() == [2.0 * i for i in range(10)]


def test_a_ragged_block_is_undefined_past_its_end():
    x = np.arange(12, dtype=np.float32)
    whole = STAGE.replace("SIZE", "4").replace("RESULT", "4")
    with pytest.raises(slow.SlowError, match=r"shape \(4,\) for memory of the sizes \(2,\)"):
        slow.run(parse_module(whole), (3, 1, 1), [x, 10])


def test_to_tensor_is_a_snapshot():
    text = """
func.func @f(%x: memref<2xi32>) -> tensor<2xi32> {
  %c0 = arith.constant 0 : index
  %seven = arith.constant 7 : i32
  %t = bufferization.to_tensor %x restrict : memref<2xi32> to tensor<2xi32>
  memref.store %seven, %x[%c0] : memref<2xi32>
  return %t : tensor<2xi32>
}"""
    x = np.array([1, 2], np.int32)
    (before,) = slow.run(parse_module(text), args=[x])
    assert (before.tolist(), x.tolist()) == ([1, 2], [7, 2])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("%r = memref.load %m[%c3] : memref<3xi32>", r"index \(3,\) is outside of the shape \(3,\)"),
        (
            "memref.copy %m, %x : memref<3xi32> to memref<3xi32>",
            "an undefined element is written to byte 0 of argument 0",
        ),
        ("memref.dealloc %m : memref<3xi32>\n  %r = memref.load %m[%c0] : memref<3xi32>", "out of bounds"),
        ("memref.dealloc %m : memref<3xi32>\n  memref.dealloc %m : memref<3xi32>", "freed twice"),
        (
            "%v = memref.subview %m[%c3] [1] [1] : memref<3xi32> to memref<1xi32, strided<[1], offset: ?>>",
            r"leaves a memref of the sizes \(3,\)",
        ),
    ],
)
def test_memory_errors_of_memrefs(body: str, message: str):
    text = f"""
func.func @f(%x: memref<3xi32>) {{
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %m = memref.alloc() : memref<3xi32>
  {body}
  return
}}"""
    with pytest.raises(slow.SlowError, match=message):
        slow.run(parse_module(text), args=[np.zeros(3, np.int32)])


def test_two_points_that_write_one_element_differently_leave_it_undefined():
    text = """
func.func @f(%a: tensor<2xi32>) -> tensor<2xi32> {
  %r = scf.forall (%i) in (2) shared_outs(%o = %a) -> tensor<2xi32> {
    %j = arith.index_cast %i : index to i32
    %t = tensor.from_elements VALUE : tensor<1xi32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %t into %o[0] [1] [1] : tensor<1xi32> into tensor<2xi32>
    }
  }
  return %r : tensor<2xi32>
}"""
    a = np.array([5, 6], np.int32)
    with pytest.raises(slow.SlowError, match="an element of a result is undefined"):
        slow.run(parse_module(text.replace("VALUE", "%j")), args=[a])
    same = text.replace("VALUE", "%c").replace("    %j =", "    %c = arith.constant 3 : i32\n    %j =")
    (result,) = slow.run(parse_module(same), args=[a])
    assert result.tolist() == [3, 6]


def test_results_become_buffers():
    text = """
func.func @f(%a: memref<3xf32>, %r: memref<3xf32>)
    attributes {ml.abi = [{name = "a", kind = "tensor", type = f32}, {name = "r", kind = "result", type = f32}]} {
  linalg.add ins(%a, %a : memref<3xf32>, memref<3xf32>) outs(%r : memref<3xf32>)
  return
}"""
    (result,) = slow.run(parse_module(text), args=[np.array([1, 2, 3], np.float32)])
    assert result.tolist() == [2, 4, 6]
    unwritten = text.replace("outs(%r", "outs(%a")
    with pytest.raises(slow.SlowError, match="an element of a result is undefined"):
        slow.run(parse_module(unwritten), args=[np.array([1, 2, 3], np.float32)])


def test_an_operation_without_a_meaning_is_no_error_of_the_program():
    body = """
  %r = tt.elementwise_inline_asm "shl.b32 $0, $1, 3;" {constraints = "=r,r", packed_element = 1 : i32, pure = true} %n
    : i32 -> i32"""
    with pytest.raises(slow.SlowUnsupported, match=r"tt.elementwise_inline_asm.*knows no such operation"):
        run(body, "%n: i32", 1)
