// RUN: minilinalg-opt %s --simd-fuse-multiply-add --target tiny-simd --split-input-file --remarks --verify-diagnostics | filecheck %s

// CHECK-LABEL: @fuse_the_second_operand
// CHECK-NOT: simd.mulf
// CHECK: simd.fma %a, %b, %s -> %s :
// CHECK-NOT: simd.{{add|sub}}
func.func @fuse_the_second_operand(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
  simd.addf %s, %a -> %s : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// In place over a factor, element over element.
// CHECK-LABEL: @fuse_the_first_operand
// CHECK-NOT: simd.mulf
// CHECK: simd.fma %a, %b, %s -> %b :
// CHECK-NOT: simd.{{add|sub}}
func.func @fuse_the_first_operand(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  %p = memref.alloc() {simd.address = 768 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %p : memref<64xf32, #simd.space<nram>>
  simd.addf %p, %s -> %b : memref<64xf32, #simd.space<nram>>
  simd.dma %b -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @fuse_over_another_buffer_at_the_factor_s_address
// CHECK-NOT: simd.mulf
// CHECK: simd.fma %a, %b, %s -> %o :
// CHECK-NOT: simd.{{add|sub}}
func.func @fuse_over_another_buffer_at_the_factor_s_address(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  %p = memref.alloc() {simd.address = 768 : i64} : memref<64xf32, #simd.space<nram>>
  %o = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %p : memref<64xf32, #simd.space<nram>>
  simd.addf %p, %s -> %o : memref<64xf32, #simd.space<nram>>
  simd.dma %o -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @fuse_a_square
// CHECK-NOT: simd.mulf
// CHECK: simd.fma %a, %a, %s -> %s :
// CHECK-NOT: simd.{{add|sub}}
func.func @fuse_a_square(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %a -> %a : memref<64xf32, #simd.space<nram>>
  simd.addf %s, %a -> %s : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @fuse_scalars
// CHECK-NOT: simd.mulf
// CHECK: simd.fma %a, %f, %f -> %s :
// CHECK-NOT: simd.{{add|sub}}
func.func @fuse_scalars(%x: memref<64xf32, #simd.space<gdram>>, %f: f32) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %f -> %a : memref<64xf32, #simd.space<nram>>, f32 -> memref<64xf32, #simd.space<nram>>
  simd.addf %f, %a -> %s : f32, memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @fuse_what_is_read_again_and_again
// CHECK-NOT: simd.mulf
// CHECK: simd.fma %a, %t, %u -> %a :
// CHECK-NOT: simd.{{add|sub}}
func.func @fuse_what_is_read_again_and_again(%x: memref<64xf32, #simd.space<gdram>>, %y: memref<8x8xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<8x8xf32, #simd.space<nram>>
  %t = memref.alloc() {simd.address = 256 : i64} : memref<8xf32, #simd.space<nram>>
  %u = memref.alloc() {simd.address = 288 : i64} : memref<8xf32, #simd.space<nram>>
  simd.mulf %a, %t -> %a : memref<8x8xf32, #simd.space<nram>>, memref<8xf32, #simd.space<nram>> -> memref<8x8xf32, #simd.space<nram>>
  simd.addf %a, %u -> %a : memref<8x8xf32, #simd.space<nram>>, memref<8xf32, #simd.space<nram>> -> memref<8x8xf32, #simd.space<nram>>
  simd.dma %a -> %y : memref<8x8xf32, #simd.space<nram>> -> memref<8x8xf32, #simd.space<gdram>>
  return
}

// -----

// Gapless elements at the same bytes are the same elements.
// CHECK-LABEL: @fuse_through_another_shape
// CHECK-NOT: simd.mulf
// CHECK: simd.fma %a, %b, %row -> %row :
// CHECK-NOT: simd.{{add|sub}}
func.func @fuse_through_another_shape(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %row = memref.alloc() {simd.address = 512 : i64} : memref<1x64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
  %p = memref.expand_shape %a [[0, 1]] output_shape [1, 64] : memref<64xf32, #simd.space<nram>> into memref<1x64xf32, #simd.space<nram>>
  simd.addf %row, %p -> %row : memref<1x64xf32, #simd.space<nram>>
  %r = memref.collapse_shape %row [[0, 1]] : memref<1x64xf32, #simd.space<nram>> into memref<64xf32, #simd.space<nram>>
  simd.dma %r -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @fuse_a_difference_from_a_scalar
// CHECK-NOT: simd.mulf
// CHECK: [[N:%.*]] = arith.negf %f : f32
// CHECK: simd.fma %a, %b, [[N]] -> %a :
// CHECK-NOT: simd.{{add|sub}}
func.func @fuse_a_difference_from_a_scalar(%x: memref<64xf32, #simd.space<gdram>>, %f: f32) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
  simd.subf %a, %f -> %a : memref<64xf32, #simd.space<nram>>, f32 -> memref<64xf32, #simd.space<nram>>
  simd.dma %a -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @fuse_a_difference_of_a_scaled_block
// CHECK-NOT: simd.mulf
// CHECK: [[N:%.*]] = arith.negf %f : f32
// CHECK: simd.fma %a, [[N]], %s -> %s :
// CHECK-NOT: simd.{{add|sub}}
func.func @fuse_a_difference_of_a_scaled_block(%x: memref<64xf32, #simd.space<gdram>>, %f: f32) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %f -> %a : memref<64xf32, #simd.space<nram>>, f32 -> memref<64xf32, #simd.space<nram>>
  simd.subf %s, %a -> %s : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// Either product could be part of the sum; one is.
// CHECK-LABEL: @fuse_the_product_that_can_be
// CHECK: simd.mulf %s, %b -> %q
// CHECK: simd.fma %a, %b, %q -> %a :
// CHECK-NOT: simd.{{add|sub}}
func.func @fuse_the_product_that_can_be(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  %q = memref.alloc() {simd.address = 768 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %s, %b -> %q : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
  simd.addf %a, %q -> %a : memref<64xf32, #simd.space<nram>>
  simd.dma %a -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// The next time round the load writes over the product before anyone reads it.
// CHECK-LABEL: @fuse_in_a_loop
// CHECK-NOT: simd.mulf
// CHECK: scf.for
// CHECK: simd.fma %a, %b, %s -> %s :
// CHECK-NOT: simd.{{add|sub}}
func.func @fuse_in_a_loop(%x: memref<64xf32, #simd.space<gdram>>, %n: index) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    simd.dma %x -> %a : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
    simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
    simd.addf %s, %a -> %s : memref<64xf32, #simd.space<nram>>
  }
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// What the load leaves of %v as it was is undefined: nobody knows of the product by then.
// CHECK-LABEL: @fuse_before_a_load_of_unknown_size
// CHECK-NOT: simd.mulf
// CHECK: simd.fma %a, %b, %s -> %s :
// CHECK: simd.addf %s, %v
func.func @fuse_before_a_load_of_unknown_size(%x: memref<64xf32, #simd.space<gdram>>, %n: index) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  %v = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
  simd.addf %s, %a -> %s : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  %part = memref.subview %v[0] [%n] [1] : memref<64xf32, #simd.space<nram>> to memref<?xf32, strided<[1]>, #simd.space<nram>>
  %from = memref.subview %x[0] [%n] [1] : memref<64xf32, #simd.space<gdram>> to memref<?xf32, strided<[1]>, #simd.space<gdram>>
  simd.dma %from -> %part : memref<?xf32, strided<[1]>, #simd.space<gdram>> -> memref<?xf32, strided<[1]>, #simd.space<nram>>
  simd.addf %s, %v -> %s : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @keep_a_product_that_is_read_twice
// CHECK: simd.mulf
// CHECK: simd.add
// CHECK-NOT: simd.fma
func.func @keep_a_product_that_is_read_twice(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
  // expected-remark @+1 {{stays a product and a sum: the sum reads the product twice}}
  simd.addf %a, %a -> %s : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// %c shares half its bytes with the product.
// CHECK-LABEL: @keep_a_product_that_overlaps_the_addend
// CHECK: simd.mulf
// CHECK: simd.add
// CHECK-NOT: simd.fma
func.func @keep_a_product_that_overlaps_the_addend(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  %c = memref.alloc() {simd.address = 128 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
  // expected-remark @+1 {{stays a product and a sum: the sum reads the product twice}}
  simd.addf %c, %a -> %s : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @keep_a_product_that_is_read_in_between
// CHECK: simd.mulf
// CHECK: simd.exp
// CHECK: simd.addf
// CHECK-NOT: simd.fma
func.func @keep_a_product_that_is_read_in_between(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
  simd.exp %a -> %b : memref<64xf32, #simd.space<nram>>
  // expected-remark @+1 {{stays a product and a sum: 'simd.exp' reads the product too}}
  simd.addf %s, %a -> %s : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  simd.dma %b -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @keep_a_product_that_is_read_later
// CHECK: simd.mulf
// CHECK: simd.add
// CHECK-NOT: simd.fma
func.func @keep_a_product_that_is_read_later(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
  // expected-remark @+1 {{stays a product and a sum: 'simd.dma' reads the product later}}
  simd.addf %s, %a -> %s : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  simd.dma %a -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @keep_a_product_that_is_read_under_another_name
// CHECK: simd.mulf
// CHECK: simd.add
// CHECK-NOT: simd.fma
func.func @keep_a_product_that_is_read_under_another_name(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  %c = memref.alloc() {simd.address = 128 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
  // expected-remark @+1 {{stays a product and a sum: 'simd.dma' reads the product later}}
  simd.addf %s, %a -> %s : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  simd.dma %c -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @keep_a_product_that_a_branch_reads
// CHECK: simd.mulf
// CHECK: simd.add
// CHECK-NOT: simd.fma
func.func @keep_a_product_that_a_branch_reads(%x: memref<64xf32, #simd.space<gdram>>, %c: i1) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
  // expected-remark @+1 {{stays a product and a sum: 'simd.dma' reads the product later}}
  simd.addf %s, %a -> %s : memref<64xf32, #simd.space<nram>>
  scf.if %c {
    simd.dma %a -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  }
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// A power: the next product is made of this one.
// CHECK-LABEL: @keep_a_product_of_the_last_time_round
// CHECK: simd.mulf
// CHECK: simd.add
// CHECK-NOT: simd.fma
func.func @keep_a_product_of_the_last_time_round(%x: memref<64xf32, #simd.space<gdram>>, %n: index) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
    // expected-remark @+1 {{stays a product and a sum: 'simd.mulf' reads the product later}}
    simd.addf %s, %a -> %s : memref<64xf32, #simd.space<nram>>
  }
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// The second half of %a is still the product's.
// CHECK-LABEL: @keep_a_product_that_half_a_buffer_is_left_of
// CHECK: simd.mulf
// CHECK: simd.addf
// CHECK: simd.fill
// CHECK: simd.addf
// CHECK-NOT: simd.fma
func.func @keep_a_product_that_half_a_buffer_is_left_of(%x: memref<64xf32, #simd.space<gdram>>, %f: f32) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  %c = memref.alloc() {simd.address = 0 : i64} : memref<32xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
  // expected-remark @+1 {{stays a product and a sum: 'simd.addf' reads the product later}}
  simd.addf %s, %a -> %s : memref<64xf32, #simd.space<nram>>
  simd.fill %f -> %c : f32 -> memref<32xf32, #simd.space<nram>>
  simd.addf %s, %a -> %s : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @keep_a_factor_that_is_written
// CHECK: simd.mulf
// CHECK: simd.dma
// CHECK: simd.addf
// CHECK-NOT: simd.fma
func.func @keep_a_factor_that_is_written(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  %p = memref.alloc() {simd.address = 768 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %p : memref<64xf32, #simd.space<nram>>
  simd.dma %x -> %a : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
  // expected-remark @+1 {{stays a product and a sum: 'simd.dma' writes a factor before the sum}}
  simd.addf %s, %p -> %s : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @keep_a_factor_that_another_buffer_writes
// CHECK: simd.mulf
// CHECK: simd.fill
// CHECK: simd.addf
// CHECK-NOT: simd.fma
func.func @keep_a_factor_that_another_buffer_writes(%x: memref<64xf32, #simd.space<gdram>>, %f: f32) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  %p = memref.alloc() {simd.address = 768 : i64} : memref<64xf32, #simd.space<nram>>
  %c = memref.alloc() {simd.address = 240 : i64} : memref<8xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %p : memref<64xf32, #simd.space<nram>>
  simd.fill %f -> %c : f32 -> memref<8xf32, #simd.space<nram>>
  // expected-remark @+1 {{stays a product and a sum: 'simd.fill' writes a factor before the sum}}
  simd.addf %s, %p -> %s : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @keep_a_sum_over_other_elements_of_a_factor
// CHECK: simd.mulf
// CHECK: simd.add
// CHECK-NOT: simd.fma
func.func @keep_a_sum_over_other_elements_of_a_factor(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  %p = memref.alloc() {simd.address = 768 : i64} : memref<64xf32, #simd.space<nram>>
  %o = memref.alloc() {simd.address = 16 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %p : memref<64xf32, #simd.space<nram>>
  // expected-remark @+1 {{stays a product and a sum: the sum is written over other elements of a factor}}
  simd.addf %s, %p -> %o : memref<64xf32, #simd.space<nram>>
  simd.dma %o -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @keep_a_difference_of_blocks
// CHECK: simd.mulf
// CHECK: simd.subf
// CHECK-NOT: simd.fma
func.func @keep_a_difference_of_blocks(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %a : memref<64xf32, #simd.space<nram>>
  // expected-remark @+1 {{stays a product and a sum: a difference adds a negative, and there is no scalar to negate}}
  simd.subf %s, %a -> %s : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @keep_without_an_address
// CHECK: simd.mulf
// CHECK: simd.add
// CHECK-NOT: simd.fma
func.func @keep_without_an_address(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %p = memref.alloc() : memref<64xf32, #simd.space<nram>>
  simd.mulf %a, %b -> %p : memref<64xf32, #simd.space<nram>>
  // expected-remark @+1 {{stays a product and a sum: the product has no address}}
  simd.addf %b, %p -> %b : memref<64xf32, #simd.space<nram>>
  simd.dma %b -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @keep_asynchronous
// CHECK: simd.mulf
// CHECK: simd.add
// CHECK-NOT: simd.fma
// expected-remark @+1 {{nothing is fused: asynchronous instructions have no order of their own}}
func.func @keep_asynchronous(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 512 : i64} : memref<64xf32, #simd.space<nram>>
  %t = simd.mulf async %a, %b -> %a : memref<64xf32, #simd.space<nram>>
  simd.addf %s, %a -> %s after %t : memref<64xf32, #simd.space<nram>>
  simd.dma %s -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// Two elements, but the unit counts in fours: it writes behind %o.
// CHECK-LABEL: @keep_a_sum_whose_count_reaches_a_factor
// CHECK: simd.mulf
// CHECK: simd.add
// CHECK-NOT: simd.fma
func.func @keep_a_sum_whose_count_reaches_a_factor(%x: memref<64xf32, #simd.space<gdram>>, %y: memref<2xf64, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 16 : i64} : memref<2xf64, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<2xf64, #simd.space<nram>>
  %o = memref.alloc() {simd.address = 0 : i64} : memref<2xf64, #simd.space<nram>>
  %p = memref.alloc() {simd.address = 512 : i64} : memref<2xf64, #simd.space<nram>>
  simd.mulf %a, %b -> %p : memref<2xf64, #simd.space<nram>>
  // expected-remark @+1 {{stays a product and a sum: the sum is written over other elements of a factor}}
  simd.addf %b, %p -> %o : memref<2xf64, #simd.space<nram>>
  simd.dma %o -> %y : memref<2xf64, #simd.space<nram>> -> memref<2xf64, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @keep_integers
// CHECK: simd.muli
// CHECK: simd.addi
func.func @keep_integers(%x: memref<64xf32, #simd.space<gdram>>, %y: memref<64xi32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xi32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xi32, #simd.space<nram>>
  simd.muli %a, %b -> %a : memref<64xi32, #simd.space<nram>>
  simd.addi %a, %b -> %a : memref<64xi32, #simd.space<nram>>
  simd.dma %a -> %y : memref<64xi32, #simd.space<nram>> -> memref<64xi32, #simd.space<gdram>>
  return
}
