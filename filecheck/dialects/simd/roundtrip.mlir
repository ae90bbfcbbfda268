// RUN: minilinalg-opt %s | filecheck %s
// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s
// RUN: minilinalg-opt --mlir-print-op-generic %s | minilinalg-opt | filecheck %s

// One program for every core: who am I.
// CHECK-LABEL: func.func @ids
func.func @ids() -> (index, index) {
  // CHECK: simd.core_id : index
  // CHECK: simd.cluster_id : index
  %core = simd.core_id : index
  %cluster = simd.cluster_id : index
  return %core, %cluster : index, index
}

// Dynamic extents and strides on both sides; a token when it is asynchronous.
// CHECK-LABEL: func.func @dma
func.func @dma(%g: memref<?xf32, strided<[1], offset: ?>, #simd.space<gdram>>, %n: memref<?xf32, strided<[1]>, #simd.space<nram>>,
               %tile: memref<8x16xf32, strided<[64, 1], offset: ?>, #simd.space<gdram>>, %t: memref<8x16xf32, #simd.space<nram>>) {
  // CHECK: simd.dma %{{.*}} -> %{{.*}} : memref<?xf32, strided<[1], offset: ?>, #simd.space<gdram>> -> memref<?xf32, strided<[1]>, #simd.space<nram>>
  simd.dma %g -> %n : memref<?xf32, strided<[1], offset: ?>, #simd.space<gdram>> -> memref<?xf32, strided<[1]>, #simd.space<nram>>
  // CHECK: %[[LOAD:.*]] = simd.dma async %{{.*}} -> %{{.*}} : memref<8x16xf32, strided<[64, 1], offset: ?>, #simd.space<gdram>> -> memref<8x16xf32, #simd.space<nram>>
  %load = simd.dma async %tile -> %t : memref<8x16xf32, strided<[64, 1], offset: ?>, #simd.space<gdram>> -> memref<8x16xf32, #simd.space<nram>>
  // CHECK: %[[EXP:.*]] = simd.exp async %{{.*}} -> %{{.*}} after %[[LOAD]] : memref<8x16xf32, #simd.space<nram>>
  %exp = simd.exp async %t -> %t after %load : memref<8x16xf32, #simd.space<nram>>
  // CHECK: %[[STORE:.*]] = simd.dma async %{{.*}} -> %{{.*}} after %[[LOAD]], %[[EXP]] {why = "both"} :
  %store = simd.dma async %t -> %tile after %load, %exp {why = "both"} : memref<8x16xf32, #simd.space<nram>> -> memref<8x16xf32, strided<[64, 1], offset: ?>, #simd.space<gdram>>
  // CHECK: simd.wait %[[STORE]], %[[EXP]]
  simd.wait %store, %exp
  // CHECK: simd.barrier core
  simd.barrier core
  // CHECK: simd.barrier cluster
  simd.barrier cluster
  // CHECK: simd.barrier chip
  simd.barrier chip
  return
}

// Two buffers, a scalar on either side, a row that is read again and again: one instruction.
// CHECK-LABEL: func.func @elementwise_forms
func.func @elementwise_forms(%a: memref<8x64xf32, #simd.space<nram>>, %b: memref<8x64xf32, #simd.space<nram>>, %row: memref<64xf32, #simd.space<nram>>, %s: f32) {
  // CHECK: simd.subf %{{.*}}, %{{.*}} -> %{{.*}} : memref<8x64xf32, #simd.space<nram>>{{$}}
  simd.subf %a, %b -> %a : memref<8x64xf32, #simd.space<nram>>
  // CHECK: simd.subf %{{.*}}, %{{.*}} -> %{{.*}} : memref<8x64xf32, #simd.space<nram>>, f32 -> memref<8x64xf32, #simd.space<nram>>
  simd.subf %a, %s -> %a : memref<8x64xf32, #simd.space<nram>>, f32 -> memref<8x64xf32, #simd.space<nram>>
  // CHECK: simd.subf %{{.*}}, %{{.*}} -> %{{.*}} : f32, memref<8x64xf32, #simd.space<nram>> -> memref<8x64xf32, #simd.space<nram>>
  simd.subf %s, %a -> %a : f32, memref<8x64xf32, #simd.space<nram>> -> memref<8x64xf32, #simd.space<nram>>
  // CHECK: simd.subf %{{.*}}, %{{.*}} -> %{{.*}} : memref<8x64xf32, #simd.space<nram>>, memref<64xf32, #simd.space<nram>> -> memref<8x64xf32, #simd.space<nram>>
  simd.subf %a, %row -> %a : memref<8x64xf32, #simd.space<nram>>, memref<64xf32, #simd.space<nram>> -> memref<8x64xf32, #simd.space<nram>>
  // CHECK: simd.fma
  simd.fma %a, %s, %row -> %b : memref<8x64xf32, #simd.space<nram>>, f32, memref<64xf32, #simd.space<nram>> -> memref<8x64xf32, #simd.space<nram>>
  return
}

// CHECK-LABEL: func.func @compare_select_convert
func.func @compare_select_convert(%a: memref<64xf32, #simd.space<nram>>, %m: memref<64xi1, #simd.space<nram>>, %h: memref<64xf16, #simd.space<nram>>, %i: memref<64xi32, #simd.space<nram>>) {
  // CHECK: simd.cmpf %{{.*}}, %{{.*}} -> %{{.*}} predicate = olt :
  simd.cmpf %a, %a -> %m predicate = olt : memref<64xf32, #simd.space<nram>>, memref<64xf32, #simd.space<nram>> -> memref<64xi1, #simd.space<nram>>
  // CHECK: simd.cmpi %{{.*}}, %{{.*}} -> %{{.*}} predicate = uge :
  simd.cmpi %i, %i -> %m predicate = uge : memref<64xi32, #simd.space<nram>>, memref<64xi32, #simd.space<nram>> -> memref<64xi1, #simd.space<nram>>
  // CHECK: simd.select
  simd.select %m, %a, %a -> %a : memref<64xi1, #simd.space<nram>>, memref<64xf32, #simd.space<nram>>, memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<nram>>
  // CHECK: simd.truncf %{{.*}} -> %{{.*}} rounding = toward_zero : memref<64xf32, #simd.space<nram>> -> memref<64xf16, #simd.space<nram>>
  simd.truncf %a -> %h rounding = toward_zero : memref<64xf32, #simd.space<nram>> -> memref<64xf16, #simd.space<nram>>
  // CHECK: simd.truncf %{{.*}} -> %{{.*}} : memref<64xf32, #simd.space<nram>> -> memref<64xf16, #simd.space<nram>>
  simd.truncf %a -> %h : memref<64xf32, #simd.space<nram>> -> memref<64xf16, #simd.space<nram>>
  // CHECK: simd.fptosi
  simd.fptosi %a -> %i : memref<64xf32, #simd.space<nram>> -> memref<64xi32, #simd.space<nram>>
  return
}

// CHECK-LABEL: func.func @movement
func.func @movement(%a: memref<8x64xf32, #simd.space<nram>>, %t: memref<64x8xf32, #simd.space<nram>>, %row: memref<64xf32, #simd.space<nram>>, %i: memref<8x64xi32, #simd.space<nram>>, %s: f32) {
  // CHECK: simd.fill %{{.*}} -> %{{.*}} : f32 -> memref<8x64xf32, #simd.space<nram>>
  simd.fill %s -> %a : f32 -> memref<8x64xf32, #simd.space<nram>>
  // CHECK: simd.move %{{.*}} -> %{{.*}} : memref<8x64xf32, #simd.space<nram>> -> memref<64x8xf32, #simd.space<nram>>
  simd.move %a -> %t : memref<8x64xf32, #simd.space<nram>> -> memref<64x8xf32, #simd.space<nram>>
  // CHECK: simd.iota -> %{{.*}} dim = 1 : memref<8x64xi32, #simd.space<nram>>
  simd.iota -> %i dim = 1 : memref<8x64xi32, #simd.space<nram>>
  // CHECK: simd.broadcast %{{.*}} -> %{{.*}} dimensions = [0] : memref<64xf32, #simd.space<nram>> -> memref<8x64xf32, #simd.space<nram>>
  simd.broadcast %row -> %a dimensions = [0] : memref<64xf32, #simd.space<nram>> -> memref<8x64xf32, #simd.space<nram>>
  // CHECK: simd.transpose %{{.*}} -> %{{.*}} permutation = [1, 0] : memref<8x64xf32, #simd.space<nram>> -> memref<64x8xf32, #simd.space<nram>>
  simd.transpose %a -> %t permutation = [1, 0] : memref<8x64xf32, #simd.space<nram>> -> memref<64x8xf32, #simd.space<nram>>
  return
}

// CHECK-LABEL: func.func @reduce
func.func @reduce(%a: memref<8x64xf32, #simd.space<nram>>, %r: memref<8xf32, #simd.space<nram>>, %all: memref<f32, #simd.space<nram>>) {
  // CHECK: simd.reduce_maxnumf %{{.*}} -> %{{.*}} dimensions = [1] : memref<8x64xf32, #simd.space<nram>> -> memref<8xf32, #simd.space<nram>>
  simd.reduce_maxnumf %a -> %r dimensions = [1] : memref<8x64xf32, #simd.space<nram>> -> memref<8xf32, #simd.space<nram>>
  // CHECK: simd.reduce_addf %{{.*}} -> %{{.*}} dimensions = [0, 1] : memref<8x64xf32, #simd.space<nram>> -> memref<f32, #simd.space<nram>>
  simd.reduce_addf %a -> %all dimensions = [0, 1] : memref<8x64xf32, #simd.space<nram>> -> memref<f32, #simd.space<nram>>
  return
}

// CHECK-LABEL: func.func @matmul
func.func @matmul(%a: memref<64x32xf16, #simd.space<nram>>, %b: memref<32x64xf16, #simd.space<wram>>, %c: memref<64x64xf32, #simd.space<nram>>) {
  // CHECK: simd.matmul %{{.*}}, %{{.*}} -> %{{.*}} : memref<64x32xf16, #simd.space<nram>>, memref<32x64xf16, #simd.space<wram>> -> memref<64x64xf32, #simd.space<nram>>
  simd.matmul %a, %b -> %c : memref<64x32xf16, #simd.space<nram>>, memref<32x64xf16, #simd.space<wram>> -> memref<64x64xf32, #simd.space<nram>>
  // CHECK: simd.matmul %{{.*}}, %{{.*}} -> %{{.*}} accumulate :
  simd.matmul %a, %b -> %c accumulate : memref<64x32xf16, #simd.space<nram>>, memref<32x64xf16, #simd.space<wram>> -> memref<64x64xf32, #simd.space<nram>>
  return
}

// CHECK-LABEL: func.func @atomics
func.func @atomics(%x: memref<64xi32, #simd.space<nram>>, %mask: memref<64xi1, #simd.space<nram>>, %m: memref<64xi32, #simd.space<gdram>>) {
  // CHECK: simd.atomic_rmw %{{.*}} -> %{{.*}} kind = addi : memref<64xi32, #simd.space<nram>> -> memref<64xi32, #simd.space<gdram>>
  simd.atomic_rmw %x -> %m kind = addi : memref<64xi32, #simd.space<nram>> -> memref<64xi32, #simd.space<gdram>>
  // CHECK: %[[T:.*]] = simd.atomic_rmw async %{{.*}}, %{{.*}}, %{{.*}} -> %{{.*}}, %{{.*}} kind = assign : memref<64xi32, #simd.space<nram>>, memref<64xi32, #simd.space<nram>>, memref<64xi1, #simd.space<nram>> -> memref<64xi32, #simd.space<gdram>>, memref<64xi32, #simd.space<nram>>
  %t = simd.atomic_rmw async %x, %x, %mask -> %m, %x kind = assign : memref<64xi32, #simd.space<nram>>, memref<64xi32, #simd.space<nram>>, memref<64xi1, #simd.space<nram>> -> memref<64xi32, #simd.space<gdram>>, memref<64xi32, #simd.space<nram>>
  // CHECK: simd.atomic_cas %{{.*}}, %{{.*}} -> %{{.*}} after %[[T]] : memref<64xi32, #simd.space<nram>>, memref<64xi32, #simd.space<nram>> -> memref<64xi32, #simd.space<gdram>>
  simd.atomic_cas %x, %x -> %m after %t : memref<64xi32, #simd.space<nram>>, memref<64xi32, #simd.space<nram>> -> memref<64xi32, #simd.space<gdram>>
  return
}
