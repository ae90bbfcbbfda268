// RUN: minilinalg-opt %s --linalg-specialize-generic-ops --split-input-file | filecheck %s
// RUN: minilinalg-opt %s --linalg-specialize-generic-ops --split-input-file --remarks 2>&1 | filecheck %s --check-prefix REMARK

// CHECK-LABEL: @product
// CHECK: linalg.matmul ins(%a, %b : tensor<8x4xf16>, tensor<4x2xf16>) outs(%c : tensor<8x2xf32>)
func.func @product(%a: tensor<8x4xf16>, %b: tensor<4x2xf16>, %c: tensor<8x2xf32>) -> tensor<8x2xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%a, %b : tensor<8x4xf16>, tensor<4x2xf16>) outs(%c : tensor<8x2xf32>) {
  ^bb0(%x: f16, %y: f16, %acc: f32):
    %1 = arith.extf %x : f16 to f32
    %2 = arith.extf %y : f16 to f32
    %3 = arith.mulf %2, %1 : f32
    %4 = arith.addf %3, %acc : f32
    linalg.yield %4 : f32
  } -> tensor<8x2xf32>
  return %0 : tensor<8x2xf32>
}

// -----

// Both operands lie the other way round, and come in the other order.
// CHECK-LABEL: @product_of_transposed
// CHECK: %[[A:.*]] = linalg.transpose ins(%a : tensor<4x8xf32>)
// CHECK: %[[B:.*]] = linalg.transpose ins(%b : tensor<2x4xf32>)
// CHECK: linalg.matmul ins(%[[A]], %[[B]] : tensor<8x4xf32>, tensor<4x2xf32>)
func.func @product_of_transposed(%a: tensor<4x8xf32>, %b: tensor<2x4xf32>, %c: tensor<8x2xf32>) -> tensor<8x2xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%b, %a : tensor<2x4xf32>, tensor<4x8xf32>) outs(%c : tensor<8x2xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %1 = arith.mulf %x, %y : f32
    %2 = arith.addf %acc, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<8x2xf32>
  return %0 : tensor<8x2xf32>
}

// -----

// The expression has all loops, those of the output first.
// CHECK-LABEL: @sum_of_an_expression
// CHECK: %[[E:.*]] = linalg.generic {{.*}}iterator_types = ["parallel", "parallel"]{{.*}} ins(%x, %w : tensor<4x8xf32>, tensor<4xf32>)
// CHECK: arith.mulf
// CHECK-NEXT: linalg.yield
// CHECK: linalg.reduce { arith.addf } ins(%[[E]] : tensor<8x4xf32>) outs(%c : tensor<8xf32>) dimensions = [1]
func.func @sum_of_an_expression(%x: tensor<4x8xf32>, %w: tensor<4xf32>, %c: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(k, m) -> (k, m)>, affine_map<(k, m) -> (k)>, affine_map<(k, m) -> (m)>], iterator_types = ["reduction", "parallel"]} ins(%x, %w : tensor<4x8xf32>, tensor<4xf32>) outs(%c : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %acc, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// CHECK-LABEL: @maximum_of_an_operand
// CHECK-NOT: linalg.generic
// CHECK: linalg.reduce { arith.maximumf } ins(%x : tensor<8x4xf32>) outs(%c : tensor<8xf32>) dimensions = [1]
func.func @maximum_of_an_operand(%x: tensor<8x4xf32>, %c: tensor<8xf32>) -> tensor<8xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (m)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x4xf32>) outs(%c : tensor<8xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %1 = arith.maximumf %acc, %a : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// REMARK: remark: [linalg-specialize-generic-ops] not specialised: its body does not combine the output with one expression
// CHECK-LABEL: @keep_a_body_that_uses_the_output_twice
// CHECK: linalg.generic
func.func @keep_a_body_that_uses_the_output_twice(%x: tensor<8xf32>, %c: tensor<f32>) -> tensor<f32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]} ins(%x : tensor<8xf32>) outs(%c : tensor<f32>) {
  ^bb0(%a: f32, %acc: f32):
    %1 = arith.mulf %acc, %acc : f32
    %2 = arith.addf %1, %a : f32
    linalg.yield %2 : f32
  } -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

// REMARK: remark: [linalg-specialize-generic-ops] not specialised: an operand is indexed by more than a loop
// CHECK-LABEL: @keep_a_window
// CHECK: linalg.generic
func.func @keep_a_window(%x: tensor<10xf32>, %c: tensor<8xf32>) -> tensor<8xf32> {
  %w = tensor.empty() : tensor<3xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(m, k) -> (m + k)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>], iterator_types = ["parallel", "reduction"]} ins(%x, %w : tensor<10xf32>, tensor<3xf32>) outs(%c : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %1 = arith.addf %acc, %a : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}
