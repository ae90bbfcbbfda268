// RUN: minilinalg-opt %s --cse --split-input-file | filecheck %s

// CHECK-LABEL: @equal_ops_become_one
// CHECK-NEXT: [[S:%.*]] = arith.addi %a, %b : i32
// CHECK-NEXT: [[P:%.*]] = arith.muli [[S]], [[S]] : i32
// CHECK-NEXT: return [[P]]
func.func @equal_ops_become_one(%a: i32, %b: i32) -> i32 {
  %0 = arith.addi %a, %b : i32
  %1 = arith.addi %a, %b : i32
  %2 = arith.muli %0, %1 : i32
  return %2 : i32
}

// -----

// CHECK-LABEL: @outer_value_serves_inner_region
// CHECK-NEXT: [[S:%.*]] = arith.addi %a, %b : i32
// CHECK-NEXT: [[R:%.*]] = scf.if %c -> (i32) {
// CHECK-NEXT: scf.yield [[S]]
// CHECK: arith.addi [[S]], [[R]]
func.func @outer_value_serves_inner_region(%a: i32, %b: i32, %c: i1) -> i32 {
  %0 = arith.addi %a, %b : i32
  %1 = scf.if %c -> (i32) {
    %2 = arith.addi %a, %b : i32
    scf.yield %2 : i32
  } else {
    scf.yield %a : i32
  }
  %3 = arith.addi %0, %1 : i32
  return %3 : i32
}

// -----

// No merging: the attributes differ.
// CHECK-LABEL: @keep_when_predicates_differ
// CHECK: arith.cmpi slt
// CHECK: arith.cmpi sle
func.func @keep_when_predicates_differ(%a: i32, %b: i32) -> (i1, i1) {
  %0 = arith.cmpi slt, %a, %b : i32
  %1 = arith.cmpi sle, %a, %b : i32
  return %0, %1 : i1, i1
}

// -----

// CHECK-LABEL: @keep_zero_and_minus_zero
// CHECK: arith.constant 0.000000e+00
// CHECK: arith.constant -0.000000e+00
func.func @keep_zero_and_minus_zero() -> (f32, f32) {
  %0 = arith.constant 0.0 : f32
  %1 = arith.constant -0.0 : f32
  return %0, %1 : f32, f32
}

// -----

// CHECK-LABEL: @load_once_without_a_store
// CHECK-NEXT: [[V:%.*]] = memref.load
// CHECK-NEXT: arith.addf [[V]], [[V]]
func.func @load_once_without_a_store(%m: memref<4xf32>, %i: index) -> f32 {
  %0 = memref.load %m[%i] : memref<4xf32>
  %1 = memref.load %m[%i] : memref<4xf32>
  %2 = arith.addf %0, %1 : f32
  return %2 : f32
}

// -----

// CHECK-LABEL: @load_again_after_a_store
// CHECK: [[V:%.*]] = memref.load
// CHECK: memref.store
// CHECK: [[W:%.*]] = memref.load
// CHECK: arith.addf [[V]], [[W]]
func.func @load_again_after_a_store(%m: memref<4xf32>, %i: index, %x: f32) -> f32 {
  %0 = memref.load %m[%i] : memref<4xf32>
  memref.store %x, %m[%i] : memref<4xf32>
  %1 = memref.load %m[%i] : memref<4xf32>
  %2 = arith.addf %0, %1 : f32
  return %2 : f32
}
