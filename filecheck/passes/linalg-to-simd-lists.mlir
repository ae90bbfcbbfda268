// RUN: minilinalg-opt %s --linalg-to-simd --target mlu370 --split-input-file | filecheck %s --check-prefixes CHECK,LISTS
// RUN: minilinalg-opt %s --linalg-to-simd --target tiny-simd --split-input-file | filecheck %s --check-prefixes CHECK,LOOP

// The DMA of one machine takes lists of indices; on the other, a row is a transfer of its own.
// CHECK-LABEL: @rows_at_indices_are_one_transfer
// LISTS: simd.gather %x, %i, %m -> %r dim = 0
// LISTS: simd.scatter %r, %i -> %x dim = 0
// LOOP: scf.for [[I:%.*]] = %c0 to %c64 step %c1 {
// LOOP-NEXT: [[M:%.*]] = memref.load %m{{\[}}[[I]]]
// LOOP-NEXT: scf.if [[M]] {
// LOOP-NEXT: [[K:%.*]] = memref.load %i{{\[}}[[I]]]
// LOOP-NEXT: [[ROW:%.*]] = arith.index_cast [[K]] : i32 to index
// LOOP-NEXT: [[X:%.*]] = memref.subview %x{{\[}}[[ROW]], 0] [1, 32] [1, 1]
// LOOP-NEXT: [[R:%.*]] = memref.subview %r{{\[}}[[I]], 0] [1, 32] [1, 1]
// LOOP-NEXT: simd.dma [[X]] -> [[R]]
// LOOP: scf.for
// LOOP: simd.dma
// LOOP-NOT: simd.gather
func.func @rows_at_indices_are_one_transfer(%x: memref<?x32xf32, #simd.space<gdram>>) {
  %i = memref.alloc() {simd.address = 0 : i64} : memref<64xi32, #simd.space<nram>>
  %m = memref.alloc() {simd.address = 256 : i64} : memref<64xi1, #simd.space<nram>>
  %r = memref.alloc() {simd.address = 512 : i64} : memref<64x32xf32, #simd.space<nram>>
  linalg_ext.gather ins(%x, %i, %m : memref<?x32xf32, #simd.space<gdram>>, memref<64xi32, #simd.space<nram>>, memref<64xi1, #simd.space<nram>>) outs(%r : memref<64x32xf32, #simd.space<nram>>) dim = 0
  linalg_ext.scatter ins(%r, %i : memref<64x32xf32, #simd.space<nram>>, memref<64xi32, #simd.space<nram>>) outs(%x : memref<?x32xf32, #simd.space<gdram>>) dim = 0
  return
}

// -----

// No DMA of either machine takes lists on chip.
// CHECK-LABEL: @elements_of_a_block_on_chip_are_moved_in_turn
// CHECK: scf.for [[I:%.*]] = %c0 to %c64 step %c1 {
// CHECK: scf.if
// CHECK: [[K:%.*]] = arith.index_cast %{{.*}} : i32 to index
// CHECK-NEXT: [[E:%.*]] = memref.load %x{{\[}}[[K]]]
// CHECK-NEXT: memref.store [[E]], %r{{\[}}[[I]]]
func.func @elements_of_a_block_on_chip_are_moved_in_turn() {
  %x = memref.alloc() {simd.address = 0 : i64} : memref<128xf32, #simd.space<nram>>
  %i = memref.alloc() {simd.address = 512 : i64} : memref<64xi32, #simd.space<nram>>
  %m = memref.alloc() {simd.address = 768 : i64} : memref<64xi1, #simd.space<nram>>
  %r = memref.alloc() {simd.address = 1024 : i64} : memref<64xf32, #simd.space<nram>>
  linalg_ext.gather ins(%x, %i, %m : memref<128xf32, #simd.space<nram>>, memref<64xi32, #simd.space<nram>>, memref<64xi1, #simd.space<nram>>) outs(%r : memref<64xf32, #simd.space<nram>>)
  return
}
