// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s
// RUN: minilinalg-opt --mlir-print-op-generic %s | minilinalg-opt | filecheck %s

// Buffers, views and accesses.

// CHECK: #map = affine_map<(d0)[s0] -> (d0 + s0)>
#map = affine_map<(d0)[s0] -> (d0 + s0)>

// CHECK{LITERAL}: memref.global "private" constant @gc : memref<2x2xf32> = dense<[[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00]]> {alignment = 64 : i64}
memref.global "private" constant @gc : memref<2x2xf32> = dense<[[1.000000e+00, 2.000000e+00], [3.000000e+00, 4.000000e+00]]> {alignment = 64 : i64}
// CHECK: memref.global @gu : memref<4xf32> = uninitialized
memref.global @gu : memref<4xf32> = uninitialized
// CHECK: memref.global "public" @ge : memref<4xi32>
memref.global "public" @ge : memref<4xi32>
// CHECK-LABEL: func.func @f(
func.func @f(%n: index, %m: memref<8x16xf32>, %d: memref<?x?xf32>, %x: f32, %u: memref<*xf32>, %b: memref<2048xi8>, %i: i32, %fl: memref<?xf32>, %tag: memref<1xi32>, %sh: memref<2xindex>) {
  // CHECK: %alloc = memref.alloc() : memref<8x16xf32>
  %alloc = memref.alloc() : memref<8x16xf32>
  // CHECK: %alloc_0 = memref.alloc(%n) : memref<?x16xf32>
  %alloc_0 = memref.alloc(%n) : memref<?x16xf32>
  // CHECK: %alloc_1 = memref.alloc(%n)[%n] {alignment = 64 : i64} : memref<?xf32, #map>
  %alloc_1 = memref.alloc(%n)[%n] {alignment = 64 : i64} : memref<?xf32, #map>
  // CHECK: %alloca = memref.alloca() {alignment = 16 : i64} : memref<4xf32>
  %alloca = memref.alloca() {alignment = 16 : i64} : memref<4xf32>
  // CHECK: memref.dealloc %alloc : memref<8x16xf32>
  memref.dealloc %alloc : memref<8x16xf32>
  // CHECK: %0 = memref.load %m[%n, %n] : memref<8x16xf32>
  %0 = memref.load %m[%n, %n] : memref<8x16xf32>
  // CHECK: %l2 = memref.load %m[%n, %n] {nontemporal = true} : memref<8x16xf32>
  %l2 = memref.load %m[%n, %n] {nontemporal = true} : memref<8x16xf32>
  // CHECK: memref.store %x, %m[%n, %n] : memref<8x16xf32>
  memref.store %x, %m[%n, %n] : memref<8x16xf32>
  // CHECK: memref.copy %m, %alloc : memref<8x16xf32> to memref<8x16xf32>
  memref.copy %m, %alloc : memref<8x16xf32> to memref<8x16xf32>
  // CHECK: %cast = memref.cast %m : memref<8x16xf32> to memref<?x?xf32>
  %cast = memref.cast %m : memref<8x16xf32> to memref<?x?xf32>
  // CHECK: %cast_2 = memref.cast %m : memref<8x16xf32> to memref<*xf32>
  %cast_2 = memref.cast %m : memref<8x16xf32> to memref<*xf32>
  // CHECK: %1 = memref.get_global @gc : memref<2x2xf32>
  %1 = memref.get_global @gc : memref<2x2xf32>
  // CHECK: %subview = memref.subview %m[%n, 0] [4, %n] [1, 1] : memref<8x16xf32> to memref<4x?xf32, strided<[16, 1], offset: ?>>
  %subview = memref.subview %m[%n, 0] [4, %n] [1, 1] : memref<8x16xf32> to memref<4x?xf32, strided<[16, 1], offset: ?>>
  // CHECK: %subview_3 = memref.subview %m[0, 0] [1, 16] [1, 1] : memref<8x16xf32> to memref<16xf32>
  %subview_3 = memref.subview %m[0, 0] [1, 16] [1, 1] : memref<8x16xf32> to memref<16xf32>
  // CHECK: %reinterpret_cast = memref.reinterpret_cast %fl to offset: [%n], sizes: [%n, 4], strides: [4, 1] : memref<?xf32> to memref<?x4xf32, strided<[4, 1], offset: ?>>
  %reinterpret_cast = memref.reinterpret_cast %fl to offset: [%n], sizes: [%n, 4], strides: [4, 1] : memref<?xf32> to memref<?x4xf32, strided<[4, 1], offset: ?>>
  // CHECK: %reinterpret_cast_4 = memref.reinterpret_cast %u to offset: [0], sizes: [4], strides: [1] : memref<*xf32> to memref<4xf32>
  %reinterpret_cast_4 = memref.reinterpret_cast %u to offset: [0], sizes: [4], strides: [1] : memref<*xf32> to memref<4xf32>
  // CHECK: %dim = memref.dim %d, %n : memref<?x?xf32>
  %dim = memref.dim %d, %n : memref<?x?xf32>
  // CHECK: %2 = memref.rank %u : memref<*xf32>
  %2 = memref.rank %u : memref<*xf32>
  // CHECK{LITERAL}: %expand_shape = memref.expand_shape %m [[0, 1], [2]] output_shape [2, 4, 16] : memref<8x16xf32> into memref<2x4x16xf32>
  %expand_shape = memref.expand_shape %m [[0, 1], [2]] output_shape [2, 4, 16] : memref<8x16xf32> into memref<2x4x16xf32>
  // CHECK{LITERAL}: %collapse_shape = memref.collapse_shape %m [[0, 1]] : memref<8x16xf32> into memref<128xf32>
  %collapse_shape = memref.collapse_shape %m [[0, 1]] : memref<8x16xf32> into memref<128xf32>
  // CHECK: %view = memref.view %b[%n][%n] : memref<2048xi8> to memref<?x4xf32>
  %view = memref.view %b[%n][%n] : memref<2048xi8> to memref<?x4xf32>
  // CHECK: %memspacecast = memref.memory_space_cast %m : memref<8x16xf32> to memref<8x16xf32, 1>
  %memspacecast = memref.memory_space_cast %m : memref<8x16xf32> to memref<8x16xf32, 1>
  // CHECK: %assume_align = memref.assume_alignment %m, 64 : memref<8x16xf32>
  %assume_align = memref.assume_alignment %m, 64 : memref<8x16xf32>
  // CHECK: %bb, %off, %s:2, %st:2 = memref.extract_strided_metadata %m : memref<8x16xf32> -> memref<f32>, index, index, index, index, index
  %bb, %off, %s:2, %st:2 = memref.extract_strided_metadata %m : memref<8x16xf32> -> memref<f32>, index, index, index, index, index
  // CHECK: %intptr = memref.extract_aligned_pointer_as_index %m : memref<8x16xf32> -> index
  %intptr = memref.extract_aligned_pointer_as_index %m : memref<8x16xf32> -> index
  // CHECK: %3 = memref.atomic_rmw addf %x, %m[%n, %n] : (f32, memref<8x16xf32>) -> f32
  %3 = memref.atomic_rmw addf %x, %m[%n, %n] : (f32, memref<8x16xf32>) -> f32
  // CHECK: %{{.*}} = memref.generic_atomic_rmw %m[%n, %n] : memref<8x16xf32> {
  // CHECK-NEXT: ^bb0(%now: f32):
  // CHECK-NEXT: %new = arith.mulf %now, %x : f32
  // CHECK-NEXT: memref.atomic_yield %new : f32
  // CHECK-NEXT: }
  %generic = memref.generic_atomic_rmw %m[%n, %n] : memref<8x16xf32> {
  ^bb0(%now: f32):
    %new = arith.mulf %now, %x : f32
    memref.atomic_yield %new : f32
  }
  // CHECK: memref.dma_start %m[%n, %n], %memspacecast[%n, %n], %n, %tag[%n] : memref<8x16xf32>, memref<8x16xf32, 1>, memref<1xi32>
  memref.dma_start %m[%n, %n], %memspacecast[%n, %n], %n, %tag[%n] : memref<8x16xf32>, memref<8x16xf32, 1>, memref<1xi32>
  // CHECK: memref.dma_start %m[%n, %n], %memspacecast[%n, %n], %n, %tag[%n], %n, %n : memref<8x16xf32>, memref<8x16xf32, 1>, memref<1xi32>
  memref.dma_start %m[%n, %n], %memspacecast[%n, %n], %n, %tag[%n], %n, %n : memref<8x16xf32>, memref<8x16xf32, 1>, memref<1xi32>
  // CHECK: memref.dma_wait %tag[%n], %n : memref<1xi32>
  memref.dma_wait %tag[%n], %n : memref<1xi32>
  // CHECK: %transpose = memref.transpose %m (d0, d1) -> (d1, d0) : memref<8x16xf32> to memref<16x8xf32, strided<[1, 16]>>
  %transpose = memref.transpose %m (d0, d1) -> (d1, d0) : memref<8x16xf32> to memref<16x8xf32, strided<[1, 16]>>
  // CHECK: %reshape = memref.reshape %m(%sh) : (memref<8x16xf32>, memref<2xindex>) -> memref<?x?xf32>
  %reshape = memref.reshape %m(%sh) : (memref<8x16xf32>, memref<2xindex>) -> memref<?x?xf32>
  // CHECK: memref.alloca_scope {
  memref.alloca_scope {
    // CHECK: %a = memref.alloca() : memref<4xf32>
    %a = memref.alloca() : memref<4xf32>
  }
  return
}
