// RUN: minilinalg-opt %s --triton-combine --split-input-file | filecheck %s
// RUN: minilinalg-opt %s --triton-combine --split-input-file --remarks -o %t 2>&1 | filecheck %s --check-prefix=REMARK

// CHECK-LABEL: @keep_a_product_with_two_uses
// CHECK: arith.addf
tt.func @keep_a_product_with_two_uses(%a: tensor<16x16xf16>, %b: tensor<16x16xf16>, %c: tensor<16x16xf32>)
    -> (tensor<16x16xf32>, tensor<16x16xf32>) {
  %0 = arith.constant dense<0.0> : tensor<16x16xf32>
  %1 = tt.dot %a, %b, %0 : tensor<16x16xf16> * tensor<16x16xf16> -> tensor<16x16xf32>
  %2 = arith.addf %c, %1 : tensor<16x16xf32>
  tt.return %1, %2 : tensor<16x16xf32>, tensor<16x16xf32>
}

// -----

// CHECK-LABEL: @offsets
// CHECK: tt.addptr %p, %c3_i32
// CHECK: tt.addptr {{.*}}, %c3_i32{{.*}}
tt.func @offsets(%p: !tt.ptr<f32>, %i: i32) -> (!tt.ptr<f32>, !tt.ptr<f32>) {
  %c1_i32 = arith.constant 1 : i32
  %c2_i32 = arith.constant 2 : i32
  %c3_i32 = arith.constant 3 : i32
  %0 = tt.addptr %p, %c1_i32 : !tt.ptr<f32>, i32
  %1 = tt.addptr %0, %c2_i32 : !tt.ptr<f32>, i32
  %2 = tt.addptr %p, %i : !tt.ptr<f32>, i32
  %3 = tt.addptr %2, %c3_i32 : !tt.ptr<f32>, i32
  tt.return %1, %3 : !tt.ptr<f32>, !tt.ptr<f32>
}

// -----

// CHECK-LABEL: @choice_into_load
// CHECK: tt.load %p, %m, {{%.*}} : tensor<8x!tt.ptr<f32>>
// CHECK-NEXT: tt.store
// CHECK-NEXT: tt.return
tt.func @choice_into_load(%p: tensor<8x!tt.ptr<f32>>, %m: tensor<8xi1>) -> tensor<8xf32> {
  %0 = arith.constant dense<0.0> : tensor<8xf32>
  %1 = tt.load %p, %m : tensor<8x!tt.ptr<f32>>
  tt.store %p, %0 : tensor<8x!tt.ptr<f32>>
  %2 = arith.select %m, %1, %0 : tensor<8xi1>, tensor<8xf32>
  tt.return %2 : tensor<8xf32>
}

// -----

// What is chosen instead is not known at the load, and the load cannot go to where it is.
// CHECK-LABEL: @keep_a_load_in_front_of_a_store
// CHECK: arith.select
// REMARK: memory may be written between the load and the select
tt.func @keep_a_load_in_front_of_a_store(%p: tensor<8x!tt.ptr<f32>>, %m: tensor<8xi1>) -> tensor<8xf32> {
  %0 = arith.constant dense<0.0> : tensor<8xf32>
  %1 = tt.load %p, %m : tensor<8x!tt.ptr<f32>>
  tt.store %p, %0 : tensor<8x!tt.ptr<f32>>
  %2 = tt.load %p : tensor<8x!tt.ptr<f32>>
  %3 = arith.select %m, %1, %2 : tensor<8xi1>, tensor<8xf32>
  tt.return %3 : tensor<8xf32>
}

// -----

// CHECK-LABEL: @sum_of_products
// CHECK: tt.dot %x, %y, {{%.*}} : tensor<16x32xf32> * tensor<32x16xf32> -> tensor<16x16xf32>
// CHECK-NEXT: tt.return
tt.func @sum_of_products(%x: tensor<16x32xf32>, %y: tensor<32x16xf32>) -> tensor<16x16xf32> {
  %0 = tt.expand_dims %x {axis = 2 : i32} : tensor<16x32xf32> -> tensor<16x32x1xf32>
  %1 = tt.broadcast %0 : tensor<16x32x1xf32> -> tensor<16x32x16xf32>
  %2 = tt.expand_dims %y {axis = 0 : i32} : tensor<32x16xf32> -> tensor<1x32x16xf32>
  %3 = tt.broadcast %2 : tensor<1x32x16xf32> -> tensor<16x32x16xf32>
  %4 = arith.mulf %3, %1 : tensor<16x32x16xf32>
  %5 = "tt.reduce"(%4) <{axis = 1 : i32}> ({
  ^bb0(%l: f32, %r: f32):
    %6 = arith.addf %l, %r : f32
    tt.reduce.return %6 : f32
  }) : (tensor<16x32x16xf32>) -> tensor<16x16xf32>
  tt.return %5 : tensor<16x16xf32>
}
