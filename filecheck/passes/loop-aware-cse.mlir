// RUN: minilinalg-opt %s --loop-aware-cse --split-input-file | filecheck %s

// CHECK-LABEL: @keep_what_starts_different
// CHECK: iter_args(%x = %a, %y = %b)
func.func @keep_what_starts_different(%lb: index, %ub: index, %s: index, %a: i32, %b: i32) -> (i32, i32) {
  %0, %1 = scf.for %i = %lb to %ub step %s iter_args(%x = %a, %y = %b) -> (i32, i32) {
    %2 = arith.addi %x, %a : i32
    %3 = arith.addi %y, %a : i32
    scf.yield %2, %3 : i32, i32
  }
  return %0, %1 : i32, i32
}

// -----

// CHECK-LABEL: @keep_what_becomes_different
// CHECK: iter_args(%x = %a, %y = %a)
func.func @keep_what_becomes_different(%lb: index, %ub: index, %s: index, %a: i32, %b: i32) -> (i32, i32) {
  %0, %1 = scf.for %i = %lb to %ub step %s iter_args(%x = %a, %y = %a) -> (i32, i32) {
    %2 = arith.addi %x, %a : i32
    %3 = arith.addi %y, %b : i32
    scf.yield %2, %3 : i32, i32
  }
  return %0, %1 : i32, i32
}

// -----

// Two pairs that start alike: each pair becomes one.
// CHECK-LABEL: @two_of_four
// CHECK: iter_args([[X:%.*]] = %a, [[Y:%.*]] = %a) -> (i32, i32)
// CHECK-NEXT: arith.addi [[X]], %a
// CHECK-NEXT: arith.muli [[Y]], %a
// CHECK-NEXT: scf.yield
func.func @two_of_four(%lb: index, %ub: index, %s: index, %a: i32) -> (i32, i32, i32, i32) {
  %0:4 = scf.for %i = %lb to %ub step %s iter_args(%x = %a, %y = %a, %z = %a, %w = %a) -> (i32, i32, i32, i32) {
    %2 = arith.addi %x, %a : i32
    %3 = arith.muli %y, %a : i32
    %4 = arith.addi %z, %a : i32
    %5 = arith.muli %w, %a : i32
    scf.yield %2, %3, %4, %5 : i32, i32, i32, i32
  }
  return %0#0, %0#1, %0#2, %0#3 : i32, i32, i32, i32
}

// -----

// Swapped each turn: they start equal and stay equal.
// CHECK-LABEL: @swapped
// CHECK: iter_args(%x = %a) -> (i32)
// CHECK-NEXT: scf.yield %x
func.func @swapped(%lb: index, %ub: index, %s: index, %a: i32) -> (i32, i32) {
  %0:2 = scf.for %i = %lb to %ub step %s iter_args(%x = %a, %y = %a) -> (i32, i32) {
    scf.yield %y, %x : i32, i32
  }
  return %0#0, %0#1 : i32, i32
}
