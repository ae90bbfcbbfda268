// RUN: minilinalg-opt %s --linalg-decompose-elementwise --target tiny-simd --split-input-file --remarks --verify-diagnostics | filecheck %s

// The intermediate value is kept in the destination: nothing that is still needed is there.
// CHECK-LABEL: @chain_is_computed_in_the_destination
// CHECK: linalg.generic
// CHECK-SAME: ins(%x, %s : memref<8xf32, #simd.space<nram>>, f32) outs(%y :
// CHECK: arith.mulf
// CHECK: linalg.generic
// CHECK-SAME: ins(%y : {{.*}}) outs(%y :
// CHECK: math.exp
// CHECK-NOT: alloc
func.func @chain_is_computed_in_the_destination(%s: f32) {
  %x = memref.alloc() : memref<8xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<8xf32, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>],
      iterator_types = ["parallel"]} ins(%x, %s : memref<8xf32, #simd.space<nram>>, f32) outs(%y : memref<8xf32, #simd.space<nram>>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %q = math.exp %p : f32
    linalg.yield %q : f32
  }
  return
}

// -----

// The destination is read last: what comes before needs a buffer of its own, once.
// CHECK-LABEL: @destination_that_is_read_last_is_written_last
// CHECK: linalg.generic
// CHECK-SAME: ins(%x : {{.*}}) outs([[T:%.*]] : memref<8xf32, #simd.space<nram>>)
// CHECK: linalg.generic
// CHECK-SAME: ins([[T]] : {{.*}}) outs([[T]] :
// CHECK: linalg.generic
// CHECK-SAME: ins([[T]], %y : {{.*}}) outs(%y :
// CHECK-NOT: alloc
func.func @destination_that_is_read_last_is_written_last() {
  %x = memref.alloc() : memref<8xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<8xf32, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
      iterator_types = ["parallel"]} ins(%x : memref<8xf32, #simd.space<nram>>) outs(%y : memref<8xf32, #simd.space<nram>>) {
  ^bb0(%a: f32, %o: f32):
    %p = math.exp %a : f32
    %q = arith.negf %p : f32
    %r = arith.addf %q, %o : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// CHECK-LABEL: @scalars_are_computed_once_in_front
// CHECK-DAG: [[C:%.*]] = arith.constant 2.000000e+00 : f32
// CHECK-DAG: [[P:%.*]] = arith.mulf %s, [[C]] : f32
// CHECK: linalg.generic
// CHECK-SAME: ins(%x, [[P]] : memref<8xf32, #simd.space<nram>>, f32)
// CHECK-NOT: linalg.generic
func.func @scalars_are_computed_once_in_front(%s: f32) {
  %x = memref.alloc() : memref<8xf32, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>],
      iterator_types = ["parallel"]} ins(%x, %s : memref<8xf32, #simd.space<nram>>, f32) outs(%x : memref<8xf32, #simd.space<nram>>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %two = arith.constant 2.0 : f32
    %p = arith.mulf %b, %two : f32
    %q = arith.addf %a, %p : f32
    linalg.yield %q : f32
  }
  return
}

// -----

// CHECK-LABEL: @buffer_of_one_element_is_loaded
// CHECK: [[V:%.*]] = memref.load %y[] : memref<f32, #simd.space<nram>>
// CHECK-NEXT: linalg.generic
// CHECK-SAME: ins(%x, [[V]] : memref<8xf32, #simd.space<nram>>, f32)
func.func @buffer_of_one_element_is_loaded() {
  %x = memref.alloc() : memref<8xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<f32, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>],
      iterator_types = ["parallel"]} ins(%x, %y : memref<8xf32, #simd.space<nram>>, memref<f32, #simd.space<nram>>) outs(%x : memref<8xf32, #simd.space<nram>>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %q = arith.addf %a, %b : f32
    linalg.yield %q : f32
  }
  return
}

// -----

// CHECK-LABEL: @same_scalar_everywhere_is_a_fill
// CHECK: linalg.fill ins(%s : f32) outs(%x :
// CHECK-NOT: linalg.generic
func.func @same_scalar_everywhere_is_a_fill(%s: f32) {
  %x = memref.alloc() : memref<8xf32, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>],
      iterator_types = ["parallel"]} ins(%s : f32) outs(%x : memref<8xf32, #simd.space<nram>>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  return
}

// -----

// CHECK-LABEL: @copy_of_elements_is_a_copy
// CHECK: memref.copy %x, %y
// CHECK-NOT: linalg
func.func @copy_of_elements_is_a_copy() {
  %x = memref.alloc() : memref<8xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<8xf32, #simd.space<nram>>
  linalg.copy ins(%x : memref<8xf32, #simd.space<nram>>) outs(%y : memref<8xf32, #simd.space<nram>>)
  return
}

// -----

// i1 values are buffers too; a select reads three.
// CHECK-LABEL: @comparison_and_selection
// CHECK: [[M:%.*]] = memref.alloc() : memref<8xi1, #simd.space<nram>>
// CHECK: linalg.generic
// CHECK-SAME: outs([[M]] : memref<8xi1
// CHECK: arith.cmpf ogt
// CHECK: linalg.generic
// CHECK-SAME: ins([[M]], %x, %s : memref<8xi1, #simd.space<nram>>, memref<8xf32, #simd.space<nram>>, f32) outs(%y :
// CHECK: arith.select
func.func @comparison_and_selection(%s: f32) {
  %x = memref.alloc() : memref<8xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<8xf32, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>],
      iterator_types = ["parallel"]} ins(%x, %s : memref<8xf32, #simd.space<nram>>, f32) outs(%y : memref<8xf32, #simd.space<nram>>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.cmpf ogt, %a, %b : f32
    %q = arith.select %p, %a, %b : f32
    linalg.yield %q : f32
  }
  return
}

// -----

// A row is read again for each row of the output; a column is first written out along the rows.
// CHECK-LABEL: @row_is_repeated_and_column_is_broadcast
// CHECK: linalg.broadcast ins(%col : memref<2xf32, #simd.space<nram>>) outs([[C:%.*]] : memref<2x8xf32, #simd.space<nram>>) dimensions = [1]
// CHECK: linalg.generic
// CHECK-SAME: ins(%row, [[C]] :
func.func @row_is_repeated_and_column_is_broadcast() {
  %row = memref.alloc() : memref<8xf32, #simd.space<nram>>
  %col = memref.alloc() : memref<2xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<2x8xf32, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]} ins(%row, %col : memref<8xf32, #simd.space<nram>>, memref<2xf32, #simd.space<nram>>) outs(%y : memref<2x8xf32, #simd.space<nram>>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %q = arith.addf %a, %b : f32
    linalg.yield %q : f32
  }
  return
}

// -----

// The vector unit of the target reads multiples of 4 elements again and again, not 6.
// CHECK-LABEL: @row_of_an_odd_count_is_broadcast
// CHECK: linalg.broadcast ins(%row : memref<6xf32, #simd.space<nram>>) outs([[C:%.*]] : memref<2x6xf32, #simd.space<nram>>) dimensions = [0]
// CHECK: linalg.generic
// CHECK-SAME: ins([[C]] :
func.func @row_of_an_odd_count_is_broadcast() {
  %row = memref.alloc() : memref<6xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<2x6xf32, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]} ins(%row : memref<6xf32, #simd.space<nram>>) outs(%y : memref<2x6xf32, #simd.space<nram>>) {
  ^bb0(%a: f32, %o: f32):
    %q = arith.negf %a : f32
    linalg.yield %q : f32
  }
  return
}

// -----

// CHECK-LABEL: @other_order_is_transposed
// CHECK: linalg.transpose ins(%x : memref<8x2xf32, #simd.space<nram>>) outs([[T:%.*]] : memref<2x8xf32, #simd.space<nram>>) permutation = [1, 0]
// CHECK: linalg.generic
// CHECK-SAME: ins([[T]] :
func.func @other_order_is_transposed() {
  %x = memref.alloc() : memref<8x2xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<2x8xf32, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]} ins(%x : memref<8x2xf32, #simd.space<nram>>) outs(%y : memref<2x8xf32, #simd.space<nram>>) {
  ^bb0(%a: f32, %o: f32):
    %q = arith.negf %a : f32
    linalg.yield %q : f32
  }
  return
}

// -----

// The loops may be in any order: what counts is the output's.
// CHECK-LABEL: @permuted_output_gives_the_order
// CHECK: linalg.transpose ins(%x : {{.*}}) outs([[T:%.*]] : memref<8x2xf32, #simd.space<nram>>) permutation = [1, 0]
// CHECK: linalg.generic
// CHECK-SAME: ins([[T]] : {{.*}}) outs(%y :
func.func @permuted_output_gives_the_order() {
  %x = memref.alloc() : memref<2x8xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<8x2xf32, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1, d0)>],
      iterator_types = ["parallel", "parallel"]} ins(%x : memref<2x8xf32, #simd.space<nram>>) outs(%y : memref<8x2xf32, #simd.space<nram>>) {
  ^bb0(%a: f32, %o: f32):
    %q = arith.negf %a : f32
    linalg.yield %q : f32
  }
  return
}

// -----

// An index that is cast at once counts in the integer type.
// CHECK-LABEL: @index_is_a_ramp
// CHECK: linalg.generic
// CHECK-SAME: outs([[R:%.*]] : memref<8xi32
// CHECK: linalg.index 0
// CHECK-NEXT: arith.index_cast
// CHECK: linalg.generic
// CHECK-SAME: ins([[R]], %n :
func.func @index_is_a_ramp(%n: i32) {
  %y = memref.alloc() : memref<8xi1, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>],
      iterator_types = ["parallel"]} ins(%n : i32) outs(%y : memref<8xi1, #simd.space<nram>>) {
  ^bb0(%b: i32, %o: i1):
    %i = linalg.index 0 : index
    %j = arith.index_cast %i : index to i32
    %q = arith.cmpi slt, %j, %b : i32
    linalg.yield %q : i1
  }
  return
}

// -----

// The first destination is an input of the second value: it is written when nothing needs it any more.
// CHECK-LABEL: @value_waits_for_the_readers_of_its_destination
// CHECK: linalg.generic
// CHECK-SAME: ins(%x : {{.*}}) outs([[T:%.*]] :
// CHECK: math.exp
// CHECK: linalg.generic
// CHECK-SAME: ins(%x : {{.*}}) outs(%y :
// CHECK: arith.negf
// CHECK: memref.copy [[T]], %x
func.func @value_waits_for_the_readers_of_its_destination() {
  %x = memref.alloc() : memref<8xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<8xf32, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
      iterator_types = ["parallel"]} ins(%x : memref<8xf32, #simd.space<nram>>) outs(%x, %y : memref<8xf32, #simd.space<nram>>, memref<8xf32, #simd.space<nram>>) {
  ^bb0(%a: f32, %o: f32, %p: f32):
    %q = math.exp %a : f32
    %r = arith.negf %a : f32
    linalg.yield %q, %r : f32, f32
  }
  return
}

// -----

// CHECK-LABEL: @named_operation_is_elementwise
// CHECK: linalg.generic
// CHECK: arith.addf
func.func @named_operation_is_elementwise() {
  %x = memref.alloc() : memref<8xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<8xf32, #simd.space<nram>>
  linalg.add ins(%x, %y : memref<8xf32, #simd.space<nram>>, memref<8xf32, #simd.space<nram>>) outs(%y : memref<8xf32, #simd.space<nram>>)
  return
}

// -----

// 0.0 is not neutral for the sum of floats: 0.0 + -0.0 loses the sign.
// CHECK-LABEL: @reduction_from_something_is_a_reduction_and_a_combination
// CHECK: linalg.fill ins(%zero : f32) outs(%y :
// CHECK: [[N:%.*]] = arith.constant -0.000000e+00 : f32
// CHECK-NEXT: [[T:%.*]] = memref.alloc()
// CHECK-NEXT: linalg.fill ins([[N]] : f32) outs([[T]] :
// CHECK-NEXT: linalg.reduce { arith.addf } ins(%x : {{.*}}) outs([[T]] :
// CHECK-NEXT: linalg.generic
// CHECK-SAME: ins(%y, [[T]] : {{.*}}) outs(%y :
// CHECK: arith.addf
func.func @reduction_from_something_is_a_reduction_and_a_combination() {
  %x = memref.alloc() : memref<8xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<f32, #simd.space<nram>>
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<f32, #simd.space<nram>>)
  linalg.reduce { arith.addf } ins(%x : memref<8xf32, #simd.space<nram>>) outs(%y : memref<f32, #simd.space<nram>>) dimensions = [0]
  return
}

// -----

// CHECK-LABEL: @reduction_from_the_neutral_element_stays
// CHECK: linalg.fill
// CHECK-NEXT: linalg.reduce
// CHECK-NEXT: return
func.func @reduction_from_the_neutral_element_stays() {
  %x = memref.alloc() : memref<8xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<f32, #simd.space<nram>>
  %zero = arith.constant -0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<f32, #simd.space<nram>>)
  linalg.reduce { arith.addf } ins(%x : memref<8xf32, #simd.space<nram>>) outs(%y : memref<f32, #simd.space<nram>>) dimensions = [0]
  return
}

// -----

// CHECK-LABEL: @declined_operand_indexed_by_a_sum
// CHECK: linalg.generic
// CHECK: arith.negf
// CHECK-NEXT: math.exp
func.func @declined_operand_indexed_by_a_sum() {
  %x = memref.alloc() : memref<9xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<2x8xf32, #simd.space<nram>>
  // expected-remark @+1 {{'linalg.generic' stays as it is: it indexes an operand by more than its loops}}
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0 + d1)>, affine_map<(d0, d1) -> (d0, d1)>],
      iterator_types = ["parallel", "parallel"]} ins(%x : memref<9xf32, #simd.space<nram>>) outs(%y : memref<2x8xf32, #simd.space<nram>>) {
  ^bb0(%a: f32, %o: f32):
    %p = arith.negf %a : f32
    %q = math.exp %p : f32
    linalg.yield %q : f32
  }
  return
}

// -----

// CHECK-LABEL: @declined_reduction_loops
// CHECK: linalg.generic
// CHECK: arith.mulf
// CHECK-NEXT: arith.addf
func.func @declined_reduction_loops() {
  %x = memref.alloc() : memref<8xf32, #simd.space<nram>>
  %y = memref.alloc() : memref<f32, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>],
      iterator_types = ["reduction"]} ins(%x : memref<8xf32, #simd.space<nram>>) outs(%y : memref<f32, #simd.space<nram>>) {
  ^bb0(%a: f32, %o: f32):
    %p = arith.mulf %a, %a : f32
    %q = arith.addf %p, %o : f32
    linalg.yield %q : f32
  }
  return
}
