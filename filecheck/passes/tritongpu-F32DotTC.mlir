// RUN: minilinalg-opt %s --tritongpu-F32DotTC | filecheck %s

// CHECK-LABEL: @three_for_one
// CHECK-COUNT-3: inputPrecision = tf32 :
// CHECK-NOT: tf32x3
// CHECK: arith.addf {{.*}}, %c
tt.func @three_for_one(%a: tensor<16x16xf32>, %b: tensor<16x16xf32>, %c: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %0 = tt.dot %a, %b, %c, inputPrecision = tf32x3 : tensor<16x16xf32> * tensor<16x16xf32> -> tensor<16x16xf32>
  tt.return %0 : tensor<16x16xf32>
}
