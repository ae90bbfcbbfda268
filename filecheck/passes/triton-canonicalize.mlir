// RUN: minilinalg-opt %s --triton-canonicalize --split-input-file | filecheck %s

// CHECK-LABEL: @drop_masks_that_say_nothing
// CHECK-NEXT: [[A:%.*]] = tt.load %p : tensor<8x!tt.ptr<f32>>
// CHECK-NEXT: tt.store %p, [[A]] : tensor<8x!tt.ptr<f32>>
// CHECK-NEXT: tt.store %p, %o : tensor<8x!tt.ptr<f32>>
// CHECK-NEXT: tt.return
tt.func @drop_masks_that_say_nothing(%p: tensor<8x!tt.ptr<f32>>, %o: tensor<8xf32>) {
  %true = arith.constant dense<true> : tensor<8xi1>
  %false = arith.constant dense<false> : tensor<8xi1>
  %a = tt.load %p, %true, %o : tensor<8x!tt.ptr<f32>>
  tt.store %p, %a, %true : tensor<8x!tt.ptr<f32>>
  %b = tt.load %p, %false, %o : tensor<8x!tt.ptr<f32>>
  tt.store %p, %b : tensor<8x!tt.ptr<f32>>
  tt.store %p, %a, %false : tensor<8x!tt.ptr<f32>>
  tt.return
}

// -----

// CHECK-LABEL: @keep_a_load_that_is_undefined_or_volatile
// CHECK: tt.load %p, %false : !tt.ptr<f32>
// CHECK: tt.load %p, %false, %o {isVolatile = true} : !tt.ptr<f32>
tt.func @keep_a_load_that_is_undefined_or_volatile(%p: !tt.ptr<f32>, %o: f32) -> (f32, f32) {
  %false = arith.constant false
  %a = tt.load %p, %false : !tt.ptr<f32>
  %b = tt.load %p, %false, %o {isVolatile = true} : !tt.ptr<f32>
  tt.return %a, %b : f32, f32
}

// -----

// CHECK-LABEL: @change_shapes_in_one_step
// CHECK-NEXT: [[S:%.*]] = tt.splat %x : f32 -> tensor<4x8xf32>
// CHECK-NEXT: [[E:%.*]] = tt.expand_dims %v {axis = 0 : i32} : tensor<8x1xf32> -> tensor<1x8x1xf32>
// CHECK-NEXT: [[B:%.*]] = tt.broadcast [[E]] : tensor<1x8x1xf32> -> tensor<1x8x4xf32>
// CHECK-NEXT: [[T:%.*]] = tt.trans %t {order = array<i32: 1, 2, 0>} : tensor<2x8x4xf32> -> tensor<8x4x2xf32>
// CHECK-NEXT: [[R:%.*]] = tt.reshape %v : tensor<8x1xf32> -> tensor<2x4xf32>
// CHECK-NEXT: tt.return [[S]], [[B]], [[T]], [[R]]
tt.func @change_shapes_in_one_step(%x: f32, %v: tensor<8x1xf32>, %t: tensor<2x8x4xf32>)
    -> (tensor<4x8xf32>, tensor<1x8x4xf32>, tensor<8x4x2xf32>, tensor<2x4xf32>) {
  %0 = tt.splat %x : f32 -> tensor<8xf32>
  %1 = tt.expand_dims %0 {axis = 0 : i32} : tensor<8xf32> -> tensor<1x8xf32>
  %2 = tt.broadcast %1 : tensor<1x8xf32> -> tensor<4x8xf32>
  %3 = tt.broadcast %v : tensor<8x1xf32> -> tensor<8x4xf32>
  %4 = tt.expand_dims %3 {axis = 0 : i32} : tensor<8x4xf32> -> tensor<1x8x4xf32>
  %5 = tt.trans %t {order = array<i32: 2, 0, 1>} : tensor<2x8x4xf32> -> tensor<4x2x8xf32>
  %6 = tt.trans %5 {order = array<i32: 2, 0, 1>} : tensor<4x2x8xf32> -> tensor<8x4x2xf32>
  %7 = tt.reshape %v : tensor<8x1xf32> -> tensor<4x2xf32>
  %8 = tt.reshape %7 : tensor<4x2xf32> -> tensor<2x4xf32>
  tt.return %2, %4, %6, %8 : tensor<4x8xf32>, tensor<1x8x4xf32>, tensor<8x4x2xf32>, tensor<2x4xf32>
}

// -----

// CHECK-LABEL: @take_back
// CHECK-NEXT: tt.return %a, %b, %j, %p, %p, %x : 
tt.func @take_back(%a: tensor<8xf32>, %b: tensor<8xf32>, %j: tensor<8x2xf32>, %p: !tt.ptr<f32>, %x: f32)
    -> (tensor<8xf32>, tensor<8xf32>, tensor<8x2xf32>, !tt.ptr<f32>, !tt.ptr<f32>, f32) {
  %0 = tt.join %a, %b : tensor<8xf32> -> tensor<8x2xf32>
  %1, %2 = tt.split %0 : tensor<8x2xf32> -> tensor<8xf32>
  %3, %4 = tt.split %j : tensor<8x2xf32> -> tensor<8xf32>
  %5 = tt.join %3, %4 : tensor<8xf32> -> tensor<8x2xf32>
  %6 = tt.ptr_to_int %p : !tt.ptr<f32> -> i64
  %7 = tt.int_to_ptr %6 : i64 -> !tt.ptr<f32>
  %zero = arith.constant 0 : i32
  %8 = tt.addptr %p, %zero : !tt.ptr<f32>, i32
  %9 = tt.splat %x : f32 -> tensor<1xf32>
  %10 = tt.unsplat %9 : tensor<1xf32>
  tt.return %1, %2, %5, %7, %8, %10 : tensor<8xf32>, tensor<8xf32>, tensor<8x2xf32>, !tt.ptr<f32>, !tt.ptr<f32>, f32
}
