"""Undefined elements and what differs between programs, beyond tt: the engine against the slow interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import slow

from minilinalg.errors import RunError
from minilinalg.interp import run
from minilinalg.parsing import parse_module

SAME = "affine_map<(d0) -> (d0)>"


def agree(text: str, *args: Any, grid: tuple[int, int, int] = (1, 1, 1)) -> list[Any]:
    """Runs both interpreters on copies of `args`; all memory must agree. Returns the arguments afterwards."""
    module = parse_module(text)
    results: list[list[Any]] = []
    for runs in (run, slow.run):
        given = [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]
        runs(module, grid, given)
        results.append(given)
    for found, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(found, expected)
    return results[0]


def refused(text: str, *args: Any, grid: tuple[int, int, int] = (1, 1, 1)) -> None:
    """Both interpreters say that an undefined element is used."""
    module = parse_module(text)
    with pytest.raises(RunError, match="undefined"):
        run(module, grid, list(args))
    with pytest.raises(slow.SlowError, match="undefined"):
        slow.run(module, grid, list(args))


def halves(body: str) -> str:
    """A function that loads n of 4 numbers, leaves the others undefined, computes and stores all."""
    return f"""
    func.func @f(%x: memref<4xf32>, %n: index) {{
      %e = tensor.empty() : tensor<4xf32>
      %part = memref.subview %x[0] [%n] [1] : memref<4xf32> to memref<?xf32, strided<[1]>>
      %t = bufferization.to_tensor %part restrict : memref<?xf32, strided<[1]>> to tensor<?xf32>
      %v = tensor.insert_slice %t into %e[0] [%n] [1] : tensor<?xf32> into tensor<4xf32>
      %seven = arith.constant 7.0 : f32
      {body}
      bufferization.materialize_in_destination %w in writable %x : (tensor<4xf32>, memref<4xf32>) -> ()
      return
    }}"""


def chosen(condition: str) -> str:
    return halves(f"""
      %w = linalg.generic {{indexing_maps = [{SAME}, {SAME}], iterator_types = ["parallel"]}}
        ins(%v : tensor<4xf32>) outs(%e : tensor<4xf32>) {{
      ^bb0(%a: f32, %o: f32):
        %i = linalg.index 0 : index
        {condition}
        %b = arith.negf %a : f32
        %s = arith.select %c, %b, %seven : f32
        linalg.yield %s : f32
      }} -> tensor<4xf32>""")


@pytest.mark.parametrize("n", [0, 2, 4])
def test_a_select_in_a_region_leaves_the_undefined_side(n: int) -> None:
    text = chosen("%c = arith.cmpi slt, %i, %n : index")
    x, _ = agree(text, np.arange(4, dtype=np.float32), n)
    np.testing.assert_array_equal(x, [*(-np.arange(n)), *([7] * (4 - n))])


def test_a_select_in_a_region_takes_the_undefined_side() -> None:
    refused(chosen("%c = arith.cmpi sle, %i, %n : index"), np.zeros(4, np.float32), 2)


def test_a_select_by_an_undefined_condition() -> None:
    refused(chosen("%c = arith.cmpf olt, %a, %seven : f32"), np.zeros(4, np.float32), 2)


@pytest.mark.parametrize("bound", ["%n", "%more"])
def test_a_reduction_over_what_a_select_defines(bound: str) -> None:
    text = halves(f"""
      %one = arith.constant 1 : index
      %more = arith.addi %n, %one : index
      %start = tensor.empty() : tensor<f32>
      %zero = linalg.fill ins(%seven : f32) outs(%start : tensor<f32>) -> tensor<f32>
      %sum = linalg.generic {{indexing_maps = [{SAME}, affine_map<(d0) -> ()>], iterator_types = ["reduction"]}}
        ins(%v : tensor<4xf32>) outs(%zero : tensor<f32>) {{
      ^bb0(%a: f32, %o: f32):
        %i = linalg.index 0 : index
        %c = arith.cmpi slt, %i, {bound} : index
        %s = arith.select %c, %a, %seven : f32
        %t0 = arith.addf %o, %s : f32
        linalg.yield %t0 : f32
      }} -> tensor<f32>
      %w = linalg.broadcast ins(%sum : tensor<f32>) outs(%e : tensor<4xf32>) dimensions = [0]""")
    if bound == "%n":
        x, _ = agree(text, np.arange(4, dtype=np.float32), 2)
        np.testing.assert_array_equal(x, [22] * 4)
    else:
        refused(text, np.arange(4, dtype=np.float32), 2)


PER_PROGRAM = """
  tt.func public @f(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %n: i32) {{
    %p = tt.get_program_id x : i32
    %i = tt.make_range {{end = 4 : i32, start = 0 : i32}} : tensor<4xi32>
    %ns = tt.splat %n : i32 -> tensor<4xi32>
    %m = arith.cmpi slt, %i, %ns : tensor<4xi32>
    %two = arith.constant dense<2> : tensor<4xi32>
    %half = arith.divsi %i, %two : tensor<4xi32>
    %xs = tt.splat %x : !tt.ptr<f32> -> tensor<4x!tt.ptr<f32>>
    %xp = tt.addptr %xs, %half : tensor<4x!tt.ptr<f32>>, tensor<4xi32>
    {other}
    %v = tt.load %xp, %m, %o : tensor<4x!tt.ptr<f32>>
    %four = arith.constant 4 : i32
    %at = arith.muli %p, %four : i32
    %yb = tt.addptr %y, %at : !tt.ptr<f32>, i32
    %ys = tt.splat %yb : !tt.ptr<f32> -> tensor<4x!tt.ptr<f32>>
    %yp = tt.addptr %ys, %i : tensor<4x!tt.ptr<f32>>, tensor<4xi32>
    tt.store %yp, %v : tensor<4x!tt.ptr<f32>>
    tt.return
  }}"""


def test_a_gather_whose_other_differs_between_programs() -> None:
    other = """%f = arith.sitofp %p : i32 to f32
    %o = tt.splat %f : f32 -> tensor<4xf32>"""
    _, y, _ = agree(
        PER_PROGRAM.format(other=other), np.array([5, 6], np.float32), np.zeros(12, np.float32), 3, grid=(3, 1, 1)
    )
    np.testing.assert_array_equal(y, [5, 5, 6, 0, 5, 5, 6, 1, 5, 5, 6, 2])


@pytest.mark.parametrize("pointers", ["%xp", "%ip"])
def test_an_other_that_is_undefined_itself(pointers: str) -> None:
    other = f"""%ip = tt.addptr %xs, %i : tensor<4x!tt.ptr<f32>>, tensor<4xi32>
    %o = tt.load {pointers}, %m : tensor<4x!tt.ptr<f32>>"""
    text = PER_PROGRAM.format(other=other).replace("%v = tt.load %xp", f"%v = tt.load {pointers}")
    agree(text, np.arange(4, dtype=np.float32), np.zeros(4, np.float32), 4)
    refused(text, np.arange(4, dtype=np.float32), np.zeros(4, np.float32), 3)


def test_a_part_of_a_buffer_at_an_offset_of_each_program() -> None:
    agree(
        """
        func.func @f(%x: memref<3x4xf32>) {
          scf.forall (%p) in (3) {
            %a = memref.alloc() : memref<4xf32>
            %f = arith.constant 9.0 : f32
            %zero = arith.constant 0 : index
            linalg.fill ins(%f : f32) outs(%a : memref<4xf32>)
            %row = memref.subview %x[%p, 0] [1, 4] [1, 1] : memref<3x4xf32> to memref<4xf32, strided<[1], offset: ?>>
            %from = memref.subview %row[%p] [2] [1]
              : memref<4xf32, strided<[1], offset: ?>> to memref<2xf32, strided<[1], offset: ?>>
            %to = memref.subview %a[%p] [2] [1] : memref<4xf32> to memref<2xf32, strided<[1], offset: ?>>
            memref.copy %from, %to : memref<2xf32, strided<[1], offset: ?>> to memref<2xf32, strided<[1], offset: ?>>
            %one = memref.load %a[%p] : memref<4xf32>
            memref.store %one, %a[%zero] : memref<4xf32>
            memref.copy %a, %row : memref<4xf32> to memref<4xf32, strided<[1], offset: ?>>
          }
          return
        }""",
        np.arange(12, dtype=np.float32).reshape(3, 4),
    )


@pytest.mark.parametrize("n", [1, 3])
def test_a_slice_of_undefined_elements_at_an_offset_of_each_program(n: int) -> None:
    text = """
        func.func @f(%x: memref<3xf32>, %n: index) {
          %f = arith.constant 9.0 : f32
          scf.forall (%p) in (3) {
            %e = tensor.empty() : tensor<4xf32>
            %filled = tensor.empty(%n) : tensor<?xf32>
            %part = linalg.fill ins(%f : f32) outs(%filled : tensor<?xf32>) -> tensor<?xf32>
            %v = tensor.insert_slice %part into %e[0] [%n] [1] : tensor<?xf32> into tensor<4xf32>
            %s = tensor.extract_slice %v[%p] [1] [1] : tensor<4xf32> to tensor<1xf32>
            %to = memref.subview %x[%p] [1] [1] : memref<3xf32> to memref<1xf32, strided<[1], offset: ?>>
            bufferization.materialize_in_destination %s in writable %to
              : (tensor<1xf32>, memref<1xf32, strided<[1], offset: ?>>) -> ()
          }
          return
        }"""
    if n == 3:
        x, _ = agree(text, np.zeros(3, np.float32), n)
        np.testing.assert_array_equal(x, [9, 9, 9])
    else:
        refused(text, np.zeros(3, np.float32), n)
