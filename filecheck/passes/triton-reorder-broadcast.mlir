// RUN: minilinalg-opt %s --triton-reorder-broadcast --split-input-file | filecheck %s

// CHECK-LABEL: @splats_and_constants
// CHECK: [[M:%.*]] = arith.mulf %a, {{%.*}} : f32
// CHECK-NEXT: tt.splat [[M]] : f32 -> tensor<8xf32>
// CHECK-NEXT: [[P:%.*]] = tt.addptr %p, %i : !tt.ptr<f32>, i32
// CHECK-NEXT: tt.splat [[P]] : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
tt.func @splats_and_constants(%a: f32, %p: !tt.ptr<f32>, %i: i32) -> (tensor<8xf32>, tensor<8x!tt.ptr<f32>>) {
  %0 = tt.splat %a : f32 -> tensor<8xf32>
  %1 = arith.constant dense<2.0> : tensor<8xf32>
  %2 = arith.mulf %0, %1 : tensor<8xf32>
  %3 = tt.splat %p : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %4 = tt.splat %i : i32 -> tensor<8xi32>
  %5 = tt.addptr %3, %4 : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  tt.return %2, %5 : tensor<8xf32>, tensor<8x!tt.ptr<f32>>
}

// -----

// CHECK-LABEL: @broadcasts_of_one_shape
// CHECK-NEXT: [[S:%.*]] = arith.addf %a, %b : tensor<8x1xf32>
// CHECK-NEXT: tt.broadcast [[S]] : tensor<8x1xf32> -> tensor<8x4xf32>
tt.func @broadcasts_of_one_shape(%a: tensor<8x1xf32>, %b: tensor<8x1xf32>) -> tensor<8x4xf32> {
  %0 = tt.broadcast %a : tensor<8x1xf32> -> tensor<8x4xf32>
  %1 = tt.broadcast %b : tensor<8x1xf32> -> tensor<8x4xf32>
  %2 = arith.addf %0, %1 : tensor<8x4xf32>
  tt.return %2 : tensor<8x4xf32>
}

// -----

// CHECK-LABEL: @keep_broadcasts_of_two_shapes
// CHECK: arith.addf {{.*}} : tensor<8x4xf32>
tt.func @keep_broadcasts_of_two_shapes(%a: tensor<8x1xf32>, %b: tensor<1x4xf32>) -> tensor<8x4xf32> {
  %0 = tt.broadcast %a : tensor<8x1xf32> -> tensor<8x4xf32>
  %1 = tt.broadcast %b : tensor<1x4xf32> -> tensor<8x4xf32>
  %2 = arith.addf %0, %1 : tensor<8x4xf32>
  tt.return %2 : tensor<8x4xf32>
}

// -----

// CHECK-LABEL: @keep_a_load
// CHECK-NEXT: [[P:%.*]] = tt.splat %p
// CHECK-NEXT: tt.load [[P]] : tensor<8x!tt.ptr<f32>>
tt.func @keep_a_load(%p: !tt.ptr<f32>) -> tensor<8xf32> {
  %0 = tt.splat %p : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %1 = tt.load %0 : tensor<8x!tt.ptr<f32>>
  tt.return %1 : tensor<8xf32>
}
