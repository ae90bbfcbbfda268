// RUN: minilinalg-opt %s --simd-insert-sync --target tiny-simd --split-input-file | filecheck %s

// Loads, computes, stores: each behind the one before; nothing waits for the last one.
// CHECK-LABEL: @a_chain_of_pipes
// CHECK: [[LOAD:%.*]] = simd.dma async %x -> %a :
// CHECK-NEXT: [[EXP:%.*]] = simd.exp async %a -> %a after [[LOAD]] :
// CHECK-NEXT: [[ADD:%.*]] = simd.addf async %a, %a -> %a :
// CHECK-NEXT: simd.dma async %a -> %x after [[ADD]] :
// CHECK-NEXT: return
func.func @a_chain_of_pipes(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  simd.dma %x -> %a : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
  simd.exp %a -> %a : memref<64xf32, #simd.space<nram>>
  simd.addf %a, %a -> %a : memref<64xf32, #simd.space<nram>>
  simd.dma %a -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @a_scalar_load_waits
// CHECK: [[SUM:%.*]] = simd.reduce_addf async
// CHECK-NEXT: simd.wait [[SUM]]
// CHECK-NEXT: memref.load
func.func @a_scalar_load_waits(%x: memref<64xf32, #simd.space<gdram>>) -> f32 {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 256 : i64} : memref<f32, #simd.space<nram>>
  simd.dma %x -> %a : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
  simd.reduce_addf %a -> %s dimensions = [0] : memref<64xf32, #simd.space<nram>> -> memref<f32, #simd.space<nram>>
  %r = memref.load %s[] : memref<f32, #simd.space<nram>>
  return %r : f32
}

// -----

// Different buffers at one address are the same bytes; at different addresses they are not.
// CHECK-LABEL: @buffers_that_share_an_address
// CHECK: [[EXP:%.*]] = simd.exp async %a -> %a
// CHECK-NEXT: simd.dma async %x -> %b after [[EXP]]
// CHECK-NEXT: simd.dma async %x -> %c :
func.func @buffers_that_share_an_address(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %c = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  simd.exp %a -> %a : memref<64xf32, #simd.space<nram>>
  simd.dma %x -> %b : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
  simd.dma %x -> %c : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
  return
}

// -----

// The next load overwrites what the exp reads: the loop carries its token. The store behind the loop needs the last one.
// CHECK-LABEL: @a_loop_carries_a_token
// CHECK: [[NONE:%.*]] = simd.ready : !simd.token
// CHECK: [[LAST:%.*]] = scf.for {{.*}} iter_args([[BEFORE:%.*]] = [[NONE]]) -> (!simd.token) {
// CHECK-NEXT: [[LOAD:%.*]] = simd.dma async %x -> %a after [[BEFORE]]
// CHECK-NEXT: [[EXP:%.*]] = simd.exp async %a -> %b after [[LOAD]]
// CHECK-NEXT: scf.yield [[EXP]] : !simd.token
// CHECK: simd.dma async %b -> %x after [[LAST]]
func.func @a_loop_carries_a_token(%x: memref<64xf32, #simd.space<gdram>>, %n: index) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    simd.dma %x -> %a : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
    simd.exp %a -> %b : memref<64xf32, #simd.space<nram>>
  }
  simd.dma %b -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @a_branch_gives_a_token
// CHECK: [[T:%.*]] = scf.if %c -> (!simd.token) {
// CHECK-NEXT: [[EXP:%.*]] = simd.exp async
// CHECK-NEXT: scf.yield [[EXP]] : !simd.token
// CHECK-NEXT: } else {
// CHECK-NEXT: [[NONE:%.*]] = simd.ready : !simd.token
// CHECK-NEXT: scf.yield [[NONE]] : !simd.token
// CHECK-NEXT: }
// CHECK-NEXT: simd.dma async %a -> %x after [[T]]
func.func @a_branch_gives_a_token(%x: memref<64xf32, #simd.space<gdram>>, %c: i1) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  scf.if %c {
    simd.exp %a -> %a : memref<64xf32, #simd.space<nram>>
  }
  simd.dma %a -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}
