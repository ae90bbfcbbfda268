// RUN: minilinalg-opt %s --canonicalize --split-input-file | filecheck %s

// CHECK-LABEL: @constants_meet
// CHECK-NEXT: [[C:%.*]] = arith.constant 6 : i32
// CHECK-NEXT: arith.addi %a, [[C]] : i32
// CHECK-NEXT: return
func.func @constants_meet(%a: i32) -> i32 {
  %c0 = arith.constant 0 : i32
  %c2 = arith.constant 2 : i32
  %c3 = arith.constant 3 : i32
  %0 = arith.muli %c2, %c3 : i32
  %1 = arith.addi %0, %a : i32
  %2 = arith.addi %1, %c0 : i32
  return %2 : i32
}

// -----

// CHECK-LABEL: @integers_wrap
// CHECK-NEXT: arith.constant -128 : i8
// CHECK-NEXT: arith.constant 16 : i8
// CHECK-NEXT: arith.constant 255 : i32
// CHECK-NEXT: arith.constant -1 : i32
func.func @integers_wrap() -> (i8, i8, i32, i32) {
  %c127 = arith.constant 127 : i8
  %c1 = arith.constant 1 : i8
  %c100 = arith.constant 100 : i8
  %c4 = arith.constant 4 : i8
  %cm1 = arith.constant -1 : i8
  %0 = arith.addi %c127, %c1 : i8
  %1 = arith.muli %c100, %c4 : i8
  %b = arith.subi %1, %cm1 : i8
  %c = arith.addi %b, %cm1 : i8
  %d = arith.andi %c, %c127 : i8
  %2 = arith.extui %cm1 : i8 to i32
  %3 = arith.extsi %cm1 : i8 to i32
  return %0, %d, %2, %3 : i8, i8, i32, i32
}

// -----

// CHECK-LABEL: @keep_what_is_undefined
// CHECK: arith.divsi
// CHECK-NEXT: arith.divsi
// CHECK-NEXT: arith.remui
// CHECK-NEXT: arith.shli
// CHECK-NEXT: arith.fptosi
// CHECK-NEXT: return
func.func @keep_what_is_undefined() -> (i32, i32, i32, i32, i8) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %cm1 = arith.constant -1 : i32
  %min = arith.constant -2147483648 : i32
  %c32 = arith.constant 32 : i32
  %big = arith.constant 300.0 : f32
  %0 = arith.divsi %c1, %c0 : i32
  %1 = arith.divsi %min, %cm1 : i32
  %2 = arith.remui %c1, %c0 : i32
  %3 = arith.shli %c1, %c32 : i32
  %4 = arith.fptosi %big : f32 to i8
  return %0, %1, %2, %3, %4 : i32, i32, i32, i32, i8
}

// -----

// CHECK-LABEL: @unsigned_is_not_signed
// CHECK-NEXT: arith.constant 2147483647 : i32
// CHECK-NEXT: arith.constant false
// CHECK-NEXT: arith.constant true
// CHECK-NEXT: return
func.func @unsigned_is_not_signed() -> (i32, i1, i1) {
  %c2 = arith.constant 2 : i32
  %cm1 = arith.constant -1 : i32
  %0 = arith.divui %cm1, %c2 : i32
  %1 = arith.cmpi ult, %cm1, %c2 : i32
  %2 = arith.cmpi slt, %cm1, %c2 : i32
  return %0, %1, %2 : i32, i1, i1
}

// -----

// CHECK-LABEL: @identities
// CHECK: return %a, %a, %{{.*}}, %a, %{{.*}} :
func.func @identities(%a: i32) -> (i32, i32, i32, i32, i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %all = arith.constant -1 : i32
  %0 = arith.addi %c0, %a : i32
  %1 = arith.muli %a, %c1 : i32
  %2 = arith.muli %a, %c0 : i32
  %3 = arith.andi %a, %all : i32
  %4 = arith.subi %a, %a : i32
  return %0, %1, %2, %3, %4 : i32, i32, i32, i32, i32
}

// -----

// In f32 the sum of 0.1 and 0.2 is another number than in f64.
// CHECK-LABEL: @floats_in_their_type
// CHECK-DAG: arith.constant 1.000000e+00 : f16
// CHECK-DAG: arith.constant 0x7F800000 : f32
// CHECK-DAG: arith.constant 0.30000000000000004 : f64
func.func @floats_in_their_type() -> (f16, f32, f64) {
  %one = arith.constant 1.0 : f16
  %tiny = arith.constant 1.0e-4 : f16
  %large = arith.constant 3.0e38 : f32
  %a = arith.constant 0.1 : f64
  %b = arith.constant 0.2 : f64
  %0 = arith.addf %one, %tiny : f16
  %1 = arith.addf %large, %large : f32
  %2 = arith.addf %a, %b : f64
  return %0, %1, %2 : f16, f32, f64
}

// -----

// x + 0.0 is not x when x is -0.0; x * 0.0 is not 0.0 when x is NaN.
// CHECK-LABEL: @keep_float_identities_that_are_not
// CHECK: arith.addf %x
// CHECK: arith.mulf %x
// CHECK-NOT: arith.mulf
// CHECK: return {{%.*}}, {{%.*}}, %x, %x
func.func @keep_float_identities_that_are_not(%x: f32) -> (f32, f32, f32, f32) {
  %zero = arith.constant 0.0 : f32
  %minus_zero = arith.constant -0.0 : f32
  %one = arith.constant 1.0 : f32
  %0 = arith.addf %x, %zero : f32
  %1 = arith.mulf %x, %zero : f32
  %2 = arith.addf %x, %minus_zero : f32
  %3 = arith.mulf %x, %one : f32
  return %0, %1, %2, %3 : f32, f32, f32, f32
}

// -----

// CHECK-LABEL: @tensors_of_one_constant
// CHECK-NEXT: arith.constant dense<3> : tensor<4xi32>
// CHECK-NEXT: arith.addi %x
// CHECK-NEXT: arith.constant dense<true> : tensor<4xi1>
func.func @tensors_of_one_constant(%x: tensor<4xi32>) -> (tensor<4xi32>, tensor<4xi1>) {
  %c1 = arith.constant dense<1> : tensor<4xi32>
  %c2 = arith.constant dense<2> : tensor<4xi32>
  %0 = arith.addi %c1, %c2 : tensor<4xi32>
  %1 = arith.addi %0, %x : tensor<4xi32>
  %2 = arith.cmpi slt, %c1, %c2 : tensor<4xi32>
  return %1, %2 : tensor<4xi32>, tensor<4xi1>
}

// -----

// CHECK-LABEL: @casts
// CHECK-NEXT: [[I:%.*]] = arith.index_cast %b : i8 to index
// CHECK-NEXT: [[N:%.*]] = arith.index_cast %i : index to i32
// CHECK-NEXT: [[W:%.*]] = arith.index_cast [[N]] : i32 to index
// CHECK-NEXT: return %b, [[I]], [[W]]
func.func @casts(%b: i8, %i: index) -> (i8, index, index) {
  %0 = arith.extsi %b : i8 to i32
  %1 = arith.trunci %0 : i32 to i8
  %2 = arith.index_cast %0 : i32 to index
  // An index that does not fit 32 bits is another one afterwards.
  %3 = arith.index_cast %i : index to i32
  %4 = arith.index_cast %3 : i32 to index
  return %1, %2, %4 : i8, index, index
}

// -----

// CHECK-LABEL: @select
// CHECK-NEXT: [[T:%.*]] = arith.constant true
// CHECK-NEXT: [[N:%.*]] = arith.xori %c, [[T]] : i1
// CHECK-NEXT: return %a, %b, %c, [[N]]
func.func @select(%a: f32, %b: f32, %c: i1) -> (f32, f32, i1, i1) {
  %true = arith.constant true
  %false = arith.constant false
  %0 = arith.select %true, %a, %b : f32
  %1 = arith.select %c, %b, %b : f32
  %2 = arith.select %c, %true, %false : i1
  %3 = arith.select %c, %false, %true : i1
  return %0, %1, %2, %3 : f32, f32, i1, i1
}

// -----

// CHECK-LABEL: @constant_control_flow
// CHECK-NEXT: [[S:%.*]] = arith.addf %x, %x
// CHECK-NEXT: return [[S]], %x, [[S]]
func.func @constant_control_flow(%x: f32) -> (f32, f32, f32) {
  %true = arith.constant true
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %0 = scf.if %true -> (f32) {
    %s = arith.addf %x, %x : f32
    scf.yield %s : f32
  } else {
    scf.yield %x : f32
  }
  %1 = scf.for %i = %c4 to %c0 step %c1 iter_args(%acc = %x) -> (f32) {
    %s = arith.mulf %acc, %acc : f32
    scf.yield %s : f32
  }
  %2 = scf.for %i = %c0 to %c1 step %c4 iter_args(%acc = %0) -> (f32) {
    scf.yield %acc : f32
  }
  return %0, %1, %2 : f32, f32, f32
}

// -----

// CHECK-LABEL: @triton_shapes
// CHECK-NEXT: [[C:%.*]] = arith.constant dense<2> : tensor<4x8xi32>
// CHECK-NEXT: tt.return [[C]], %p
tt.func @triton_shapes(%p: !tt.ptr<f32>) -> (tensor<4x8xi32>, !tt.ptr<f32>) {
  %c0 = arith.constant 0 : i32
  %c2 = arith.constant 2 : i32
  %0 = tt.splat %c2 : i32 -> tensor<4xi32>
  %1 = tt.expand_dims %0 {axis = 1 : i32} : tensor<4xi32> -> tensor<4x1xi32>
  %2 = tt.broadcast %1 : tensor<4x1xi32> -> tensor<4x8xi32>
  %3 = tt.addptr %p, %c0 : !tt.ptr<f32>, i32
  tt.return %2, %3 : tensor<4x8xi32>, !tt.ptr<f32>
}

// -----

// A negative step, and one of zero, is undefined: nothing is known about the loop.
// CHECK-LABEL: @keep_a_loop_with_an_undefined_step
// CHECK: scf.for
// CHECK: return
func.func @keep_a_loop_with_an_undefined_step(%x: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %0 = scf.for %i = %c0 to %c4 step %c0 iter_args(%acc = %x) -> (f32) {
    %s = arith.mulf %acc, %acc : f32
    scf.yield %s : f32
  }
  return %0 : f32
}

// -----

// As unsigned numbers, -1 is the largest: the loop runs.
// CHECK-LABEL: @keep_an_unsigned_loop
// CHECK: scf.for unsigned
func.func @keep_an_unsigned_loop(%x: f32) -> f32 {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %cm1 = arith.constant -1 : i32
  %0 = scf.for unsigned %i = %c0 to %cm1 step %c1 iter_args(%acc = %x) -> (f32) : i32 {
    %s = arith.mulf %acc, %acc : f32
    scf.yield %s : f32
  }
  return %0 : f32
}

// -----

// %same stays as it was, %count only counts itself.
// CHECK-LABEL: @drop_values_that_are_carried_in_vain
// CHECK-NEXT: [[R:%.*]] = scf.for {{.*}} iter_args([[ACC:%.*]] = %x) -> (f32) {
// CHECK-NEXT: [[S:%.*]] = arith.mulf [[ACC]], %y : f32
// CHECK-NEXT: scf.yield [[S]] : f32
// CHECK-NEXT: } {tt.num_stages = 2 : i32}
// CHECK-NEXT: return [[R]], %y
func.func @drop_values_that_are_carried_in_vain(%x: f32, %y: f32, %k: i32, %lb: index, %ub: index, %st: index) -> (f32, f32) {
  %0:3 = scf.for %i = %lb to %ub step %st iter_args(%same = %y, %acc = %x, %count = %k) -> (f32, f32, i32) {
    %s = arith.mulf %acc, %same : f32
    %n = arith.addi %count, %k : i32
    scf.yield %same, %s, %n : f32, f32, i32
  } {tt.num_stages = 2 : i32}
  return %0#1, %0#0 : f32, f32
}

// -----

// %a is used by %b, and %b is what the loop gives.
// CHECK-LABEL: @keep_values_that_serve_others
// CHECK: scf.for {{.*}} iter_args({{.*}}, {{.*}})
func.func @keep_values_that_serve_others(%x: i32, %lb: index, %ub: index, %st: index) -> i32 {
  %0:2 = scf.for %i = %lb to %ub step %st iter_args(%a = %x, %b = %x) -> (i32, i32) {
    %n = arith.addi %a, %x : i32
    %m = arith.muli %b, %a : i32
    scf.yield %n, %m : i32, i32
  }
  return %0#1 : i32
}

// -----

// CHECK-LABEL: @value_of_both_branches
// CHECK-NEXT: return %x
func.func @value_of_both_branches(%c: i1, %x: f32) -> f32 {
  %0 = scf.if %c -> (f32) {
    scf.yield %x : f32
  } else {
    scf.yield %x : f32
  }
  return %0 : f32
}
