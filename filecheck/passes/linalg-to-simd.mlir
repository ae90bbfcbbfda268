// RUN: minilinalg-opt %s --linalg-to-simd --target tiny-simd --split-input-file --verify-diagnostics | filecheck %s

// CHECK-LABEL: @loop_over_cores_is_the_program_of_one
// CHECK-NEXT: [[CORE:%.*]] = simd.core_id : index
// CHECK-NEXT: memref.load %x{{\[}}[[CORE]]]
// CHECK-NEXT: return
func.func @loop_over_cores_is_the_program_of_one(%x: memref<?xf32, #simd.space<gdram>>) {
  scf.forall (%core) in (2) {
    %a = memref.load %x[%core] : memref<?xf32, #simd.space<gdram>>
  }
  return
}

// -----

// CHECK-LABEL: @fewer_cores_than_there_are
// CHECK: [[CORE:%.*]] = simd.core_id : index
// CHECK: [[ONE:%.*]] = arith.constant 1 : index
// CHECK-NEXT: [[C:%.*]] = arith.cmpi ult, [[CORE]], [[ONE]] : index
// CHECK-NEXT: scf.if [[C]] {
// CHECK-NEXT: memref.load
func.func @fewer_cores_than_there_are(%x: memref<?xf32, #simd.space<gdram>>) {
  scf.forall (%core) in (1) {
    %a = memref.load %x[%core] : memref<?xf32, #simd.space<gdram>>
  }
  return
}

// -----

// Every core has the blocks that all need; one of them stores the result, when all have read.
// CHECK-LABEL: @work_outside_of_the_loop_is_done_by_all_and_stored_by_one
// CHECK: [[CORE:%.*]] = simd.core_id : index
// CHECK: simd.dma %x -> %a
// CHECK-NEXT: simd.exp %a -> %a
// CHECK-NEXT: simd.barrier chip
// CHECK: [[C:%.*]] = arith.cmpi eq, [[CORE]],
// CHECK-NEXT: scf.if [[C]] {
// CHECK-NEXT: simd.dma %a -> %x
// CHECK-NEXT: }
// CHECK-NEXT: simd.barrier chip
// CHECK-NEXT: memref.load %x{{\[}}[[CORE]]]
func.func @work_outside_of_the_loop_is_done_by_all_and_stored_by_one(%x: memref<8xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<8xf32, #simd.space<nram>>
  memref.copy %x, %a : memref<8xf32, #simd.space<gdram>> to memref<8xf32, #simd.space<nram>>
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%a : memref<8xf32, #simd.space<nram>>) outs(%a : memref<8xf32, #simd.space<nram>>) {
  ^bb0(%in: f32, %out: f32):
    %e = math.exp %in : f32
    linalg.yield %e : f32
  }
  memref.copy %a, %x : memref<8xf32, #simd.space<nram>> to memref<8xf32, #simd.space<gdram>>
  scf.forall (%core) in (2) {
    %b = memref.load %x[%core] : memref<8xf32, #simd.space<gdram>>
  }
  return
}

// -----

// CHECK-LABEL: @copies
// CHECK: simd.dma %x -> %a
// CHECK-NEXT: simd.move %a -> %b
// CHECK-NEXT: [[S:%.*]] = memref.subview %a
// CHECK-NEXT: [[T:%.*]] = memref.subview %b
// CHECK-NEXT: simd.dma [[S]] -> [[T]]
func.func @copies(%x: memref<8xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<8xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 32 : i64} : memref<8xf32, #simd.space<nram>>
  memref.copy %x, %a : memref<8xf32, #simd.space<gdram>> to memref<8xf32, #simd.space<nram>>
  memref.copy %a, %b : memref<8xf32, #simd.space<nram>> to memref<8xf32, #simd.space<nram>>
  %s = memref.subview %a[1] [3] [1] : memref<8xf32, #simd.space<nram>> to memref<3xf32, strided<[1], offset: 1>, #simd.space<nram>>
  %t = memref.subview %b[4] [3] [1] : memref<8xf32, #simd.space<nram>> to memref<3xf32, strided<[1], offset: 4>, #simd.space<nram>>
  memref.copy %s, %t : memref<3xf32, strided<[1], offset: 1>, #simd.space<nram>> to memref<3xf32, strided<[1], offset: 4>, #simd.space<nram>>
  return
}

// -----

// CHECK-LABEL: @elementwise_forms
// CHECK: simd.fill %s -> %a
// CHECK-NEXT: simd.cmpf %a, %s -> %m predicate = olt
// CHECK-NEXT: simd.select %m, %s, %a -> %a
// CHECK-NEXT: simd.truncf %a -> %h rounding = toward_zero
// CHECK-NEXT: simd.iota -> %i dim = 0
func.func @elementwise_forms(%s: f32) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<8xf32, #simd.space<nram>>
  %m = memref.alloc() {simd.address = 32 : i64} : memref<8xi1, #simd.space<nram>>
  %h = memref.alloc() {simd.address = 48 : i64} : memref<8xf16, #simd.space<nram>>
  %i = memref.alloc() {simd.address = 64 : i64} : memref<8xi32, #simd.space<nram>>
  linalg.fill ins(%s : f32) outs(%a : memref<8xf32, #simd.space<nram>>)
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%a, %s : memref<8xf32, #simd.space<nram>>, f32) outs(%m : memref<8xi1, #simd.space<nram>>) {
  ^bb0(%in: f32, %b: f32, %out: i1):
    %r = arith.cmpf olt, %in, %b : f32
    linalg.yield %r : i1
  }
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%m, %s, %a : memref<8xi1, #simd.space<nram>>, f32, memref<8xf32, #simd.space<nram>>) outs(%a : memref<8xf32, #simd.space<nram>>) {
  ^bb0(%c: i1, %b: f32, %in: f32, %out: f32):
    %r = arith.select %c, %b, %in : f32
    linalg.yield %r : f32
  }
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%a : memref<8xf32, #simd.space<nram>>) outs(%h : memref<8xf16, #simd.space<nram>>) {
  ^bb0(%in: f32, %out: f16):
    %r = arith.truncf %in toward_zero : f32 to f16
    linalg.yield %r : f16
  }
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      outs(%i : memref<8xi32, #simd.space<nram>>) {
  ^bb0(%out: i32):
    %d = linalg.index 0 : index
    %r = arith.index_cast %d : index to i32
    linalg.yield %r : i32
  }
  return
}

// -----

// The instruction overwrites its output: the fill with the neutral element goes.
// CHECK-LABEL: @reduction_loses_its_fill
// CHECK-NOT: simd.fill
// CHECK: simd.reduce_addf %a -> %b dimensions = [1]
func.func @reduction_loses_its_fill() {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<2x4xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 32 : i64} : memref<2xf32, #simd.space<nram>>
  %zero = arith.constant -0.0 : f32
  linalg.fill ins(%zero : f32) outs(%b : memref<2xf32, #simd.space<nram>>)
  linalg.reduce { arith.addf } ins(%a : memref<2x4xf32, #simd.space<nram>>) outs(%b : memref<2xf32, #simd.space<nram>>) dimensions = [1]
  return
}

// -----

// CHECK-LABEL: @shapes_and_products
// CHECK: simd.broadcast %v -> %a dimensions = [0]
// CHECK-NEXT: simd.transpose %a -> %b permutation = [1, 0]
// CHECK-NEXT: simd.matmul %a, %w -> %b accumulate
func.func @shapes_and_products() {
  %v = memref.alloc() {simd.address = 0 : i64} : memref<4xf32, #simd.space<nram>>
  %a = memref.alloc() {simd.address = 16 : i64} : memref<4x4xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 80 : i64} : memref<4x4xf32, #simd.space<nram>>
  %w = memref.alloc() {simd.address = 0 : i64} : memref<4x4xf32, #simd.space<wram>>
  linalg.broadcast ins(%v : memref<4xf32, #simd.space<nram>>) outs(%a : memref<4x4xf32, #simd.space<nram>>) dimensions = [0]
  linalg.transpose ins(%a : memref<4x4xf32, #simd.space<nram>>) outs(%b : memref<4x4xf32, #simd.space<nram>>) permutation = [1, 0]
  linalg.matmul ins(%a, %w : memref<4x4xf32, #simd.space<nram>>, memref<4x4xf32, #simd.space<wram>>) outs(%b : memref<4x4xf32, #simd.space<nram>>)
  return
}

// -----

func.func @refused_product_of_a_transposed_operand() {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<4x4xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 64 : i64} : memref<4x4xf32, #simd.space<nram>>
  %w = memref.alloc() {simd.address = 0 : i64} : memref<4x4xf32, #simd.space<wram>>
  // expected-error @+1 {{'linalg.matmul' is no instruction of the machine}}
  linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] ins(%a, %w : memref<4x4xf32, #simd.space<nram>>, memref<4x4xf32, #simd.space<wram>>) outs(%b : memref<4x4xf32, #simd.space<nram>>)
  return
}

// -----

func.func @refused_loop_over_more_than_the_cores() {
  // expected-error @+1 {{this scf.forall is no loop over the cores of the target}}
  scf.forall (%core) in (3) {
  }
  return
}

// -----

func.func @refused_buffer_that_cores_would_share(%f: f32) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<4xf32, #simd.space<nram>>
  scf.forall (%core) in (2) {
    // expected-error @+1 {{a buffer from outside of the loop over cores is written by 'simd.fill' inside it}}
    linalg.fill ins(%f : f32) outs(%a : memref<4xf32, #simd.space<nram>>)
  }
  return
}

// -----

func.func @refused_chain_of_operations() {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<4xf32, #simd.space<nram>>
  // expected-error @+1 {{'linalg.generic' of arith.negf, math.exp is no instruction of the machine}}
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%a : memref<4xf32, #simd.space<nram>>) outs(%a : memref<4xf32, #simd.space<nram>>) {
  ^bb0(%in: f32, %out: f32):
    %n = arith.negf %in : f32
    %e = math.exp %n : f32
    linalg.yield %e : f32
  }
  return
}

// -----

func.func @refused_reduction_from_something() {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<4xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 16 : i64} : memref<f32, #simd.space<nram>>
  // expected-error @+1 {{'linalg.reduce' of arith.addf is no instruction of the machine}}
  linalg.reduce { arith.addf } ins(%a : memref<4xf32, #simd.space<nram>>) outs(%b : memref<f32, #simd.space<nram>>) dimensions = [0]
  return
}

// -----

func.func @refused_copy_without_a_path(%x: memref<4xf32, #simd.space<gdram>>, %y: memref<4xf32, #simd.space<gdram>>) {
  // expected-error @+1 {{target 'tiny-simd' has no DMA from gdram to gdram}}
  memref.copy %x, %y : memref<4xf32, #simd.space<gdram>> to memref<4xf32, #simd.space<gdram>>
  return
}

// -----

func.func @refused_operand_off_chip(%x: memref<4xf32, #simd.space<gdram>>, %f: f32) {
  // expected-error @+1 {{simd.fill has an operand in gdram, the global memory of 'tiny-simd'}}
  linalg.fill ins(%f : f32) outs(%x : memref<4xf32, #simd.space<gdram>>)
  return
}

// -----

// CHECK-LABEL: @a_program_of_one_core_stays
// CHECK-NEXT: memref.alloc
// CHECK-NEXT: simd.dma
// CHECK-NEXT: return
func.func @a_program_of_one_core_stays(%x: memref<4xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<4xf32, #simd.space<nram>>
  simd.dma %a -> %x : memref<4xf32, #simd.space<nram>> -> memref<4xf32, #simd.space<gdram>>
  return
}
