// RUN: minilinalg-opt %s --tritongpu-combine-tensor-select-and-if --split-input-file | filecheck %s

// CHECK-LABEL: @known_in_a_region
// CHECK: scf.if
// CHECK-NEXT: tt.store %p, %a
// CHECK: } else {
// CHECK-NEXT: scf.yield %b
tt.func @known_in_a_region(%c: i1, %a: tensor<8xf32>, %b: tensor<8xf32>, %p: tensor<8x!tt.ptr<f32>>) -> tensor<8xf32> {
  %0 = arith.select %c, %a, %b : tensor<8xf32>
  scf.if %c {
    tt.store %p, %0 : tensor<8x!tt.ptr<f32>>
  }
  tt.return %0 : tensor<8xf32>
}

// -----

// CHECK-LABEL: @used_in_between
// CHECK: arith.select
tt.func @used_in_between(%c: i1, %a: tensor<8xf32>, %b: tensor<8xf32>, %p: tensor<8x!tt.ptr<f32>>) {
  %0 = arith.select %c, %a, %b : tensor<8xf32>
  tt.store %p, %0 : tensor<8x!tt.ptr<f32>>
  scf.if %c {
    tt.store %p, %a : tensor<8x!tt.ptr<f32>>
  }
  tt.return
}

// -----

// CHECK-LABEL: @another_condition
// CHECK: arith.select
tt.func @another_condition(%c: i1, %d: i1, %a: tensor<8xf32>, %b: tensor<8xf32>, %p: tensor<8x!tt.ptr<f32>>) -> tensor<8xf32> {
  %0 = arith.select %c, %a, %b : tensor<8xf32>
  scf.if %d {
    tt.store %p, %a : tensor<8x!tt.ptr<f32>>
  }
  tt.return %0 : tensor<8xf32>
}
