// RUN: minilinalg-opt %s --memref-promote --target tiny-simd --split-input-file --verify-diagnostics | filecheck %s

// CHECK-LABEL: @arguments_are_global_and_allocations_on_chip
// CHECK-SAME: (%x: memref<?xf32, #simd.space<gdram>>, %n: index)
// CHECK: memref.reinterpret_cast %x
// CHECK-SAME: memref<?xf32, #simd.space<gdram>> to memref<?xf32, strided<[1]>, #simd.space<gdram>>
// CHECK: [[A:%.*]] = memref.alloc() : memref<64xf32, #simd.space<nram>>
// CHECK: memref.subview [[A]][0] [%n] [1] : memref<64xf32, #simd.space<nram>> to memref<?xf32, strided<[1]>, #simd.space<nram>>
// CHECK: memref.copy
// CHECK-SAME: #simd.space<gdram>> to memref<?xf32, strided<[1]>, #simd.space<nram>>
func.func @arguments_are_global_and_allocations_on_chip(%x: memref<?xf32>, %n: index) {
  %v = memref.reinterpret_cast %x to offset: [0], sizes: [%n], strides: [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %a = memref.alloc() : memref<64xf32>
  %s = memref.subview %a[0] [%n] [1] : memref<64xf32> to memref<?xf32, strided<[1]>>
  memref.copy %v, %s : memref<?xf32, strided<[1]>> to memref<?xf32, strided<[1]>>
  return
}

// -----

// CHECK-LABEL: @block_in_global_memory_is_read_once
// CHECK: memref.copy %x, [[A:%.*]] :
// CHECK-NEXT: linalg.exp ins([[A]] :
// CHECK-NOT: memref.copy
// CHECK: linalg.generic
// CHECK-SAME: ins([[A]] :
// CHECK-NOT: memref.copy
func.func @block_in_global_memory_is_read_once(%x: memref<64xf32>) {
  %a = memref.alloc() : memref<64xf32>
  linalg.exp ins(%x : memref<64xf32>) outs(%a : memref<64xf32>)
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : memref<64xf32>) outs(%a : memref<64xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %in, %out : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// A store through another argument may have changed the block: it is read again.
// CHECK-LABEL: @block_is_read_again_after_a_store_that_may_alias
// CHECK: memref.copy %x, [[A:%.*]] :
// CHECK: linalg.exp ins([[A]] :
// CHECK: memref.store %f, %y
// CHECK: memref.copy %x, [[B:%.*]] :
// CHECK: linalg.exp ins([[B]] :
func.func @block_is_read_again_after_a_store_that_may_alias(%x: memref<64xf32>, %y: memref<?xf32>, %f: f32, %i: index) {
  %a = memref.alloc() : memref<64xf32>
  linalg.exp ins(%x : memref<64xf32>) outs(%a : memref<64xf32>)
  memref.store %f, %y[%i] : memref<?xf32>
  linalg.exp ins(%x : memref<64xf32>) outs(%a : memref<64xf32>)
  return
}

// -----

// CHECK-LABEL: @result_in_global_memory_is_computed_on_chip_and_copied_out
// CHECK: [[A:%.*]] = memref.alloc() : memref<64xf32, #simd.space<nram>>
// CHECK-NOT: memref.copy %x
// CHECK: linalg.fill ins(%f : f32) outs([[A]] :
// CHECK-NEXT: memref.copy [[A]], %x
func.func @result_in_global_memory_is_computed_on_chip_and_copied_out(%x: memref<64xf32>, %f: f32) {
  linalg.fill ins(%f : f32) outs(%x : memref<64xf32>)
  return
}

// -----

// CHECK-LABEL: @accumulated_result_is_copied_in_and_out
// CHECK: [[A:%.*]] = memref.alloc() : memref<f32, #simd.space<nram>>
// CHECK-NEXT: memref.copy %x, [[A]]
// CHECK: linalg.reduce
// CHECK-SAME: outs([[A]] :
// CHECK-NEXT: memref.copy [[A]], %x
func.func @accumulated_result_is_copied_in_and_out(%x: memref<f32>) {
  %a = memref.alloc() : memref<64xf32>
  linalg.reduce { arith.addf } ins(%a : memref<64xf32>) outs(%x : memref<f32>) dimensions = [0]
  return
}

// -----

// The vector unit of the target processes multiples of 4 elements: it would write behind a part of 2.
// CHECK-LABEL: @part_whose_count_is_rounded_up_is_computed_apart
// CHECK: [[A:%.*]] = memref.alloc() : memref<8xf32, #simd.space<nram>>
// CHECK: [[S:%.*]] = memref.subview [[A]][4] [2] [1]
// CHECK: [[B:%.*]] = memref.alloc() : memref<2xf32, #simd.space<nram>>
// CHECK: linalg.fill ins(%f : f32) outs([[B]] :
// CHECK-NEXT: memref.copy [[B]], [[S]]
// CHECK: [[T:%.*]] = memref.subview [[A]][4] [4] [1]
// CHECK-NEXT: linalg.fill ins(%f : f32) outs([[T]] :
func.func @part_whose_count_is_rounded_up_is_computed_apart(%f: f32) {
  %a = memref.alloc() : memref<8xf32>
  %s = memref.subview %a[4] [2] [1] : memref<8xf32> to memref<2xf32, strided<[1], offset: 4>>
  linalg.fill ins(%f : f32) outs(%s : memref<2xf32, strided<[1], offset: 4>>)
  %t = memref.subview %a[4] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 4>>
  linalg.fill ins(%f : f32) outs(%t : memref<4xf32, strided<[1], offset: 4>>)
  return
}

// -----

// CHECK-LABEL: @operand_that_is_not_gapless_or_not_aligned_is_copied
// CHECK: [[C:%.*]] = memref.subview
// CHECK: [[A:%.*]] = memref.alloc() : memref<4x2xf32, #simd.space<nram>>
// CHECK-NEXT: memref.copy [[C]], [[A]]
// CHECK: linalg.exp ins([[A]] :
// CHECK: [[D:%.*]] = memref.subview
// CHECK: [[B:%.*]] = memref.alloc() : memref<4xf32, #simd.space<nram>>
// CHECK-NEXT: memref.copy [[D]], [[B]]
// CHECK: linalg.exp ins([[B]] :
func.func @operand_that_is_not_gapless_or_not_aligned_is_copied() {
  %m = memref.alloc() : memref<4x4xf32>
  %r = memref.alloc() : memref<4x2xf32>
  %columns = memref.subview %m[0, 0] [4, 2] [1, 1] : memref<4x4xf32> to memref<4x2xf32, strided<[4, 1]>>
  linalg.exp ins(%columns : memref<4x2xf32, strided<[4, 1]>>) outs(%r : memref<4x2xf32>)
  %v = memref.alloc() : memref<8xf32>
  %q = memref.alloc() : memref<4xf32>
  %odd = memref.subview %v[1] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 1>>
  linalg.exp ins(%odd : memref<4xf32, strided<[1], offset: 1>>) outs(%q : memref<4xf32>)
  return
}

// -----

// CHECK-LABEL: @right_operand_of_a_product_goes_straight_to_the_weights
// CHECK-DAG: memref.alloc() : memref<4x4xf32, #simd.space<wram>>
// CHECK-NOT: memref<4x4xf32, #simd.space<wram>> to
// CHECK: linalg.matmul ins(%{{.*}}, %{{.*}} : memref<4x4xf32, #simd.space<nram>>, memref<4x4xf32, #simd.space<wram>>)
func.func @right_operand_of_a_product_goes_straight_to_the_weights(%x: memref<4x4xf32>, %y: memref<4x4xf32>) {
  %b = memref.alloc() : memref<4x4xf32>
  memref.copy %y, %b : memref<4x4xf32> to memref<4x4xf32>
  linalg.matmul ins(%x, %b : memref<4x4xf32>, memref<4x4xf32>) outs(%x : memref<4x4xf32>)
  return
}

// -----

// Where the rows begin is known only when the program runs, but every one begins at an aligned address.
// CHECK-LABEL: @parts_at_dynamic_offsets_are_operands_where_all_are_aligned
// CHECK: memref.alloc() : memref<3x4x4xf32, #simd.space<wram>>
// CHECK-COUNT-3: memref.subview
// CHECK-NOT: memref.copy
// CHECK: linalg.matmul
func.func @parts_at_dynamic_offsets_are_operands_where_all_are_aligned(%y: memref<3x4x4xf32>, %i: index) {
  %a = memref.alloc() : memref<3x2x4xf32>
  %b = memref.alloc() : memref<3x4x4xf32>
  %c = memref.alloc() : memref<3x2x4xf32>
  memref.copy %y, %b : memref<3x4x4xf32> to memref<3x4x4xf32>
  %0 = memref.subview %a[%i, 0, 0] [1, 2, 4] [1, 1, 1] : memref<3x2x4xf32> to memref<2x4xf32, strided<[4, 1], offset: ?>>
  %1 = memref.subview %b[%i, 0, 0] [1, 4, 4] [1, 1, 1] : memref<3x4x4xf32> to memref<4x4xf32, strided<[4, 1], offset: ?>>
  %2 = memref.subview %c[%i, 0, 0] [1, 2, 4] [1, 1, 1] : memref<3x2x4xf32> to memref<2x4xf32, strided<[4, 1], offset: ?>>
  linalg.matmul ins(%0, %1 : memref<2x4xf32, strided<[4, 1], offset: ?>>, memref<4x4xf32, strided<[4, 1], offset: ?>>) outs(%2 : memref<2x4xf32, strided<[4, 1], offset: ?>>)
  return
}

// -----

// CHECK-LABEL: @parts_at_dynamic_offsets_are_copied_where_one_may_be_odd
// CHECK: memref.alloc() : memref<3x3x5xf32, #simd.space<nram>>
// CHECK: [[W:%.*]] = memref.alloc() : memref<3x5xf32, #simd.space<wram>>
// CHECK-NEXT: memref.copy %{{.*}}, [[W]]
// CHECK: [[O:%.*]] = memref.alloc() : memref<5x5xf32, #simd.space<nram>>
// CHECK: linalg.matmul ins(%a, [[W]] : {{.*}}) outs([[O]] :
func.func @parts_at_dynamic_offsets_are_copied_where_one_may_be_odd(%y: memref<3x3x5xf32>, %i: index) {
  %a = memref.alloc() : memref<5x3xf32>
  %b = memref.alloc() : memref<3x3x5xf32>
  %c = memref.alloc() : memref<3x5x5xf32>
  memref.copy %y, %b : memref<3x3x5xf32> to memref<3x3x5xf32>
  %1 = memref.subview %b[%i, 0, 0] [1, 3, 5] [1, 1, 1] : memref<3x3x5xf32> to memref<3x5xf32, strided<[5, 1], offset: ?>>
  %2 = memref.subview %c[%i, 0, 0] [1, 5, 5] [1, 1, 1] : memref<3x5x5xf32> to memref<5x5xf32, strided<[5, 1], offset: ?>>
  linalg.matmul ins(%a, %1 : memref<5x3xf32>, memref<3x5xf32, strided<[5, 1], offset: ?>>) outs(%2 : memref<5x5xf32, strided<[5, 1], offset: ?>>)
  return
}

// -----

// CHECK-LABEL: @right_operand_that_is_computed_is_copied_to_the_weights
// CHECK: linalg.fill ins(%f : f32) outs([[B:%.*]] : memref<4x4xf32, #simd.space<nram>>)
// CHECK: [[W:%.*]] = memref.alloc() : memref<4x4xf32, #simd.space<wram>>
// CHECK-NEXT: memref.copy [[B]], [[W]]
func.func @right_operand_that_is_computed_is_copied_to_the_weights(%f: f32) {
  %a = memref.alloc() : memref<4x4xf32>
  %b = memref.alloc() : memref<4x4xf32>
  linalg.fill ins(%f : f32) outs(%b : memref<4x4xf32>)
  linalg.matmul ins(%a, %b : memref<4x4xf32>, memref<4x4xf32>) outs(%a : memref<4x4xf32>)
  return
}

// -----

// The target's DMA has no path from global memory to global memory.
// CHECK-LABEL: @copy_without_a_path_goes_through_vector_memory
// CHECK: [[A:%.*]] = memref.alloc() : memref<8xf32, #simd.space<nram>>
// CHECK-NEXT: memref.copy %x, [[A]]
// CHECK-NEXT: memref.copy [[A]], %y
func.func @copy_without_a_path_goes_through_vector_memory(%x: memref<8xf32>, %y: memref<8xf32>) {
  memref.copy %x, %y : memref<8xf32> to memref<8xf32>
  return
}

// -----

// CHECK-LABEL: @scalar_accesses_stay_in_global_memory
// CHECK-NOT: alloc
// CHECK: memref.load %x[%i] : memref<?xf32, #simd.space<gdram>>
// CHECK: memref.store %{{.*}}, %x[%i] : memref<?xf32, #simd.space<gdram>>
func.func @scalar_accesses_stay_in_global_memory(%x: memref<?xf32>, %i: index) {
  %a = memref.load %x[%i] : memref<?xf32>
  memref.store %a, %x[%i] : memref<?xf32>
  return
}

// -----

func.func @refused_block_larger_than_memory(%x: memref<1025xf32>, %f: f32) {
  // expected-error @+1 {{a block too large for any tile: 'x', 1025xf32, takes 4112 bytes of nram}}
  linalg.fill ins(%f : f32) outs(%x : memref<1025xf32>)
  return
}

// -----

func.func @refused_block_of_unknown_size(%x: memref<?xf32>) {
  // expected-error @+1 {{'linalg.exp' computes on memref<?xf32, #simd.space<gdram>>, whose size is known only when the program runs}}
  linalg.exp ins(%x : memref<?xf32>) outs(%x : memref<?xf32>)
  return
}

// -----

func.func @refused_buffer_of_unknown_size(%n: index) {
  // expected-error @+1 {{a buffer of type memref<?xf32, #simd.space<nram>> has a size that is known only when the program runs}}
  %a = memref.alloc(%n) : memref<?xf32>
  return
}

// -----

func.func @refused_buffer_that_may_be_one_of_two(%x: memref<4xf32>, %y: memref<4xf32>, %c: i1) {
  // expected-error @+1 {{'arith.select' makes memref<4xf32}}
  %a = arith.select %c, %x, %y : memref<4xf32>
  return
}

// -----

// CHECK-LABEL: @what_is_gathered_from_stays_and_the_lists_are_on_chip
// CHECK: memref.copy %i, [[I:%.*]] : memref<4xi32, #simd.space<gdram>> to memref<4xi32, #simd.space<nram>>
// CHECK: memref.copy %m, [[M:%.*]] : memref<4xi1, #simd.space<gdram>> to memref<4xi1, #simd.space<nram>>
// CHECK: memref.copy %y, [[Y:%.*]] : memref<4x8xf32, #simd.space<gdram>> to memref<4x8xf32, #simd.space<nram>>
// CHECK-NEXT: linalg_ext.gather ins(%x, [[I]], [[M]] : memref<?x8xf32, #simd.space<gdram>>, {{.*}}) outs([[Y]] :
// CHECK-NEXT: memref.copy [[Y]], %y
func.func @what_is_gathered_from_stays_and_the_lists_are_on_chip(%x: memref<?x8xf32>, %i: memref<4xi32>, %m: memref<4xi1>, %y: memref<4x8xf32>) {
  linalg_ext.gather ins(%x, %i, %m : memref<?x8xf32>, memref<4xi32>, memref<4xi1>) outs(%y : memref<4x8xf32>) dim = 0
  return
}

// -----

// CHECK-LABEL: @what_is_scattered_to_stays
// CHECK: memref.copy %v, [[V:%.*]] : memref<4xf32, #simd.space<gdram>> to memref<4xf32, #simd.space<nram>>
// CHECK: memref.copy %i, [[I:%.*]] : memref<4xi32, #simd.space<gdram>> to memref<4xi32, #simd.space<nram>>
// CHECK-NEXT: linalg_ext.scatter ins([[V]], [[I]] : {{.*}}) outs(%x : memref<?xf32, #simd.space<gdram>>)
// CHECK-NEXT: return
func.func @what_is_scattered_to_stays(%x: memref<?xf32>, %i: memref<4xi32>, %v: memref<4xf32>) {
  linalg_ext.scatter ins(%v, %i : memref<4xf32>, memref<4xi32>) outs(%x : memref<?xf32>)
  return
}
