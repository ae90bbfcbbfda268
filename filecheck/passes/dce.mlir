// RUN: minilinalg-opt %s --dce --split-input-file | filecheck %s

// CHECK-LABEL: @chain_without_use
// CHECK-NEXT: return %a
func.func @chain_without_use(%a: i32) -> i32 {
  %0 = arith.addi %a, %a : i32
  %1 = arith.muli %0, %a : i32
  return %a : i32
}

// -----

// The counter only feeds itself, but the loop stores.
// CHECK-LABEL: @keep_a_loop_that_stores
// CHECK: scf.for
// CHECK: memref.store
func.func @keep_a_loop_that_stores(%m: memref<4xf32>, %lb: index, %ub: index, %step: index, %x: f32) {
  scf.for %i = %lb to %ub step %step {
    memref.store %x, %m[%i] : memref<4xf32>
  }
  return
}

// -----

// CHECK-LABEL: @loop_without_use
// CHECK-NEXT: return
func.func @loop_without_use(%lb: index, %ub: index, %step: index, %x: f32) {
  %0 = scf.for %i = %lb to %ub step %step iter_args(%acc = %x) -> (f32) {
    %1 = arith.addf %acc, %x : f32
    scf.yield %1 : f32
  }
  return
}

// -----

// CHECK-LABEL: @dead_load
// CHECK-NEXT: return
func.func @dead_load(%m: memref<4xf32>, %i: index) {
  %0 = memref.load %m[%i] : memref<4xf32>
  return
}

// -----

// CHECK-LABEL: @keep_what_an_iteration_hands_on
// CHECK: tensor.parallel_insert_slice
func.func @keep_what_an_iteration_hands_on(%x: tensor<2xf32>, %o: tensor<8xf32>) -> tensor<8xf32> {
  %r = scf.forall (%i) in (4) shared_outs(%t = %o) -> (tensor<8xf32>) {
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %x into %t[%i] [2] [1] : tensor<2xf32> into tensor<8xf32>
    }
  }
  return %r : tensor<8xf32>
}
