// RUN: minilinalg-opt --linalg-decompose-aggregated-ops --target tiny-simd --split-input-file %s | filecheck %s

// CHECK-LABEL: @what_the_matrix_unit_does_not_multiply_is_columns_times_rows
// CHECK: [[A:%.*]] = linalg.transpose ins(%a : tensor<2x3xf64>)
// CHECK: scf.for [[K:%.*]] = {{.*}} iter_args([[C:%.*]] = %c) -> (tensor<2x4xf64>)
// CHECK-NEXT: [[COLUMN:%.*]] = tensor.extract_slice {{%.*}}{{\[}}[[K]], 0] [1, 2] [1, 1] : tensor<3x2xf64> to tensor<2xf64>
// CHECK-NEXT: [[ROW:%.*]] = tensor.extract_slice %b{{\[}}[[K]], 0] [1, 4] [1, 1] : tensor<3x4xf64> to tensor<4xf64>
// CHECK-NEXT: linalg.generic {{.*}} ins([[COLUMN]], [[ROW]] : tensor<2xf64>, tensor<4xf64>) outs([[C]] : tensor<2x4xf64>)
// CHECK: arith.mulf
// CHECK-NEXT: arith.addf
// CHECK-NOT: linalg.matmul
func.func @what_the_matrix_unit_does_not_multiply_is_columns_times_rows(%a: tensor<2x3xf64>, %b: tensor<3x4xf64>, %c: tensor<2x4xf64>) -> tensor<2x4xf64> {
  %0 = linalg.matmul ins(%a, %b : tensor<2x3xf64>, tensor<3x4xf64>) outs(%c : tensor<2x4xf64>) -> tensor<2x4xf64>
  return %0 : tensor<2x4xf64>
}

// -----

// CHECK-LABEL: @what_the_matrix_unit_multiplies_stays
// CHECK-NOT: scf.for
// CHECK: linalg.matmul
func.func @what_the_matrix_unit_multiplies_stays(%a: tensor<2x3xf16>, %b: tensor<3x4xf16>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %0 = linalg.matmul ins(%a, %b : tensor<2x3xf16>, tensor<3x4xf16>) outs(%c : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}
