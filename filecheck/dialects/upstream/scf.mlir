// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s
// RUN: minilinalg-opt --mlir-print-op-generic %s | minilinalg-opt | filecheck %s

// Loops and branches.

// CHECK-LABEL: func.func @f(
func.func @f(%n: index, %t: tensor<8x16xf32>, %x: f32, %i: i32, %c: i1) {
  // CHECK: %r:2 = scf.forall (%a, %b) in (%n, 4) shared_outs(%o = %t, %p = %t) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  %r:2 = scf.forall (%a, %b) in (%n, 4) shared_outs(%o = %t, %p = %t) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
    // CHECK: %s = tensor.extract_slice %o[%a, 0] [1, 4] [1, 1] : tensor<8x16xf32> to tensor<1x4xf32>
    %s = tensor.extract_slice %o[%a, 0] [1, 4] [1, 1] : tensor<8x16xf32> to tensor<1x4xf32>
    // CHECK: scf.forall.in_parallel {
    scf.forall.in_parallel {
      // CHECK: tensor.parallel_insert_slice %s into %o[%a, 0] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<8x16xf32>
      tensor.parallel_insert_slice %s into %o[%a, 0] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<8x16xf32>
      // CHECK: tensor.parallel_insert_slice %s into %p[%a, %b] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<8x16xf32>
      tensor.parallel_insert_slice %s into %p[%a, %b] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<8x16xf32>
    }
  }
  // CHECK: scf.forall (%a) = (0) to (%n) step (2) {
  scf.forall (%a) = (0) to (%n) step (2) {
  }
  // CHECK: scf.forall (%a) in (%n) {
  scf.forall (%a) in (%n) {
    // CHECK: %q = arith.addi %a, %a : index
    %q = arith.addi %a, %a : index
  // CHECK: } {foo = 3 : i32}
  } {foo = 3 : i32}
  // CHECK: %r3 = scf.parallel (%a) = (%n) to (%n) step (%n) init (%x) -> f32 {
  %r3 = scf.parallel (%a) = (%n) to (%n) step (%n) init (%x) -> f32 {
    // CHECK: scf.reduce(%x : f32) {
    scf.reduce(%x : f32) {
    // CHECK: ^bb0(%u: f32, %v: f32):
    ^bb0(%u: f32, %v: f32):
      // CHECK: %w_0 = arith.addf %u, %v : f32
      %w_0 = arith.addf %u, %v : f32
      // CHECK: scf.reduce.return %w_0 : f32
      scf.reduce.return %w_0 : f32
    }
  }
  // CHECK: scf.parallel (%a, %b) = (%n, %n) to (%n, %n) step (%n, %n) {
  scf.parallel (%a, %b) = (%n, %n) to (%n, %n) step (%n, %n) {
    // CHECK: scf.reduce
    scf.reduce
  // CHECK: } {foo}
  } {foo}
  // CHECK: %w = scf.while (%arg = %i) : (i32) -> i32 {
  %w = scf.while (%arg = %i) : (i32) -> i32 {
    // CHECK: scf.condition(%c) %arg : i32
    scf.condition(%c) %arg : i32
  // CHECK: } do {
  } do {
  // CHECK: ^bb0(%y: i32):
  ^bb0(%y: i32):
    // CHECK: scf.yield %y : i32
    scf.yield %y : i32
  }
  // CHECK: scf.while : () -> () {
  scf.while : () -> () {
    // CHECK: scf.condition(%c)
    scf.condition(%c)
  // CHECK: } do {
  } do {
    // CHECK: scf.yield
    scf.yield
  // CHECK: } attributes {foo}
  } attributes {foo}
  // CHECK: %z = scf.if %c -> (i32) {
  %z = scf.if %c -> (i32) {
    // CHECK: scf.yield %i : i32
    scf.yield %i : i32
  // CHECK: } else {
  } else {
    // CHECK: scf.yield %i : i32
    scf.yield %i : i32
  // CHECK: } {foo}
  } {foo}
  // CHECK: scf.if %c {
  scf.if %c {
  // CHECK: } else {
  } else {
    // CHECK: %q = arith.addi %n, %n : index
    %q = arith.addi %n, %n : index
  }
  // CHECK: scf.if %c {
  scf.if %c {
    // CHECK: %q = arith.addi %n, %n : index
    %q = arith.addi %n, %n : index
  }
  // CHECK: scf.for unsigned %k = %i to %i step %i  : i32 {
  scf.for unsigned %k = %i to %i step %i  : i32 {
  }
  // CHECK: scf.for %k = %n to %n step %n {
  scf.for %k = %n to %n step %n {
  // CHECK: } {foo}
  } {foo}
  // CHECK: %sw = scf.index_switch %n -> i32
  %sw = scf.index_switch %n -> i32
  // CHECK: case 2 {
  case 2 {
    // CHECK: scf.yield %i : i32
    scf.yield %i : i32
  }
  // CHECK: default {
  default {
    // CHECK: scf.yield %i : i32
    scf.yield %i : i32
  }
  // CHECK: %e = scf.execute_region -> i32 {
  %e = scf.execute_region -> i32 {
    // CHECK: scf.yield %i : i32
    scf.yield %i : i32
  }
  // CHECK: scf.execute_region no_inline {
  scf.execute_region no_inline {
    // CHECK: scf.yield
    scf.yield
  }
  return
}
