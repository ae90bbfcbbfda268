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
