// RUN: minilinalg-opt %s --licm --split-input-file | filecheck %s

// CHECK-LABEL: @out_of_two_loops
// CHECK-NEXT: [[P:%.*]] = arith.muli %a, %a
// CHECK-NEXT: scf.for
// CHECK-NEXT: scf.for
// CHECK-NEXT: arith.addi {{.*}}, [[P]]
func.func @out_of_two_loops(%a: i32, %lb: index, %ub: index, %step: index) -> i32 {
  %0 = scf.for %i = %lb to %ub step %step iter_args(%s = %a) -> (i32) {
    %1 = scf.for %j = %lb to %ub step %step iter_args(%t = %s) -> (i32) {
      %2 = arith.muli %a, %a : i32
      %3 = arith.addi %t, %2 : i32
      scf.yield %3 : i32
    }
    scf.yield %1 : i32
  }
  return %0 : i32
}

// -----

// CHECK-LABEL: @keep_what_depends_on_the_counter
// CHECK-NEXT: scf.for
// CHECK-NEXT: arith.index_cast
func.func @keep_what_depends_on_the_counter(%a: i32, %lb: index, %ub: index, %step: index) -> i32 {
  %0 = scf.for %i = %lb to %ub step %step iter_args(%s = %a) -> (i32) {
    %1 = arith.index_cast %i : index to i32
    %2 = arith.addi %s, %1 : i32
    scf.yield %2 : i32
  }
  return %0 : i32
}

// -----

// The loop may not run at all, and %a may be zero.
// CHECK-LABEL: @keep_a_division_that_may_trap
// CHECK-NEXT: scf.for
// CHECK-NEXT: arith.divsi
func.func @keep_a_division_that_may_trap(%a: i32, %lb: index, %ub: index, %step: index) -> i32 {
  %0 = scf.for %i = %lb to %ub step %step iter_args(%s = %a) -> (i32) {
    %1 = arith.divsi %a, %a : i32
    %2 = arith.addi %s, %1 : i32
    scf.yield %2 : i32
  }
  return %0 : i32
}

// -----

// CHECK-LABEL: @keep_a_load_behind_a_store
// CHECK-NEXT: scf.for
// CHECK-NEXT: memref.load
func.func @keep_a_load_behind_a_store(%m: memref<4xf32>, %lb: index, %ub: index, %step: index) {
  scf.for %i = %lb to %ub step %step {
    %0 = memref.load %m[%lb] : memref<4xf32>
    memref.store %0, %m[%i] : memref<4xf32>
  }
  return
}

// -----

// The loop runs, and writes other memory.
// CHECK-LABEL: @hoist_a_load_that_certainly_happens
// CHECK: memref.load
// CHECK: scf.for
func.func @hoist_a_load_that_certainly_happens(%m: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %b = memref.alloc() : memref<4xf32>
  scf.for %i = %c0 to %c4 step %c1 {
    %0 = memref.load %m[%c1] : memref<4xf32>
    memref.store %0, %b[%i] : memref<4xf32>
  }
  memref.copy %b, %m : memref<4xf32> to memref<4xf32>
  return
}

// -----

// The index may be outside of the tensor, and the loop may not run.
// CHECK-LABEL: @keep_an_element_that_may_not_be_there
// CHECK: scf.for
// CHECK-NEXT: tensor.extract
func.func @keep_an_element_that_may_not_be_there(%t: tensor<4xf32>, %k: index, %n: index, %z: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %z) -> (f32) {
    %0 = tensor.extract %t[%k] : tensor<4xf32>
    %1 = arith.addf %s, %0 : f32
    scf.yield %1 : f32
  }
  return %r : f32
}
