// RUN: minilinalg-opt %s --triton-rewrite-tensor-descriptor-to-pointer --split-input-file --verify-diagnostics | filecheck %s

// CHECK-LABEL: @load_with_zeros_outside
// CHECK:         tt.addptr %{{.*}}, %{{.*}} : tensor<4x8x!tt.ptr<f32>>, tensor<4x8xi64>
// CHECK:         tt.load %{{.*}}, %{{.*}}, %{{.*}}
// CHECK-NOT:     descriptor
tt.func @load_with_zeros_outside(%x: !tt.ptr<f32>, %m: i32, %n: i32, %s: i64, %i: i32, %p: tensor<4x8x!tt.ptr<f32>>) {
  %one = arith.constant 1 : i64
  %d = tt.make_tensor_descriptor %x, [%m, %n], [%s, %one] : <f32>, <4x8xf32>
  %v = tt.descriptor_load %d[%i, %n] {cachePolicy = #tt.cache_policy<cache_modifier = none, eviction_policy = evict_last>} : !tt.tensordesc<4x8xf32> -> tensor<4x8xf32>
  tt.store %p, %v : tensor<4x8x!tt.ptr<f32>>
  tt.return
}

// -----

// CHECK-LABEL: @load_with_nans_outside_in_another_shape
// CHECK:         %[[NAN:.*]] = arith.constant dense<0x7FC00000> : tensor<1x8xf32>
// CHECK:         %[[X:.*]] = tt.load %{{.*}}, %{{.*}}, %[[NAN]] : tensor<1x8x!tt.ptr<f32>>
// CHECK-NEXT:    tt.reshape %[[X]] : tensor<1x8xf32> -> tensor<8xf32>
tt.func @load_with_nans_outside_in_another_shape(%x: !tt.ptr<f32>, %n: i32, %s: i64, %i: i32, %p: tensor<8x!tt.ptr<f32>>) {
  %one = arith.constant 1 : i64
  %d = tt.make_tensor_descriptor %x, [%n, %n], [%s, %one] {padding = 2 : i32} : <f32>, <1x8xf32>
  %v = tt.descriptor_load %d[%i, %i] : !tt.tensordesc<1x8xf32> -> tensor<8xf32>
  tt.store %p, %v : tensor<8x!tt.ptr<f32>>
  tt.return
}

// -----

// CHECK-LABEL: @reduce
// CHECK:         tt.atomic_rmw fadd, relaxed, gpu, %{{.*}}, %v, %{{.*}} : (tensor<8x!tt.ptr<f32>>, tensor<8xf32>, tensor<8xi1>) -> tensor<8xf32>
tt.func @reduce(%x: !tt.ptr<f32>, %n: i32, %i: i32, %v: tensor<8xf32>) {
  %one = arith.constant 1 : i64
  %d = tt.make_tensor_descriptor %x, [%n], [%one] : <f32>, <8xf32>
  tt.descriptor_reduce add, %d[%i], %v : !tt.tensordesc<8xf32>, tensor<8xf32>
  tt.return
}

// -----

// CHECK-LABEL: @rows
// CHECK:         %[[R:.*]] = arith.extsi %rows : tensor<8xi32> to tensor<8xi64>
// CHECK:         tt.load %{{.*}}, %{{.*}}, %{{.*}} : tensor<8x16x!tt.ptr<f32>>
// CHECK:         tt.store %{{.*}}, %{{.*}}, %{{.*}} : tensor<8x16x!tt.ptr<f32>>
tt.func @rows(%x: !tt.ptr<f32>, %n: i32, %s: i64, %rows: tensor<8xi32>) {
  %one = arith.constant 1 : i64
  %d = tt.make_tensor_descriptor %x, [%n, %n], [%s, %one] : <f32>, <1x16xf32>
  %v = tt.descriptor_gather %d[%rows, %n] : (!tt.tensordesc<1x16xf32>, tensor<8xi32>, i32) -> tensor<8x16xf32>
  tt.descriptor_scatter %d[%rows, %n], %v : !tt.tensordesc<1x16xf32>, tensor<8xi32>, i32, tensor<8x16xf32>
  tt.return
}

// -----

// The stride of the last dimension is 1, which a launch checks: ml.abi says that %d is a descriptor.
// CHECK-LABEL: @descriptor_of_the_host(%d: !tt.ptr<f32>,
// CHECK-SAME:    ml.abi = [{name = "d", kind = "descriptor", type = f32, shape = array<i64: 4, 8>}
// CHECK:         %[[ONE:.*]] = arith.constant 1 : i64
// CHECK:         tt.splat %s0 : i64 -> tensor<4xi64>
// CHECK:         tt.splat %[[ONE]] : i64 -> tensor<8xi64>
// CHECK-NOT:     tensordesc
tt.func public @descriptor_of_the_host(
  %d: !tt.tensordesc<4x8xf32>, %m: i32, %n: i32, %s0: i64, %s1: i64, %q: !tt.ptr<f32>
) {
  %p = tt.splat %q : !tt.ptr<f32> -> tensor<4x8x!tt.ptr<f32>>
  %v = tt.descriptor_load %d[%m, %n] : !tt.tensordesc<4x8xf32> -> tensor<4x8xf32>
  tt.store %p, %v : tensor<4x8x!tt.ptr<f32>>
  tt.return
}

// -----

// expected-error @+1 {{descriptor 'd' of function 'keep_descriptors_without_sizes' is followed by nothing}}
tt.func @keep_descriptors_without_sizes(%d: !tt.tensordesc<8xf32>) {
  tt.return
}

// -----

// expected-error @+1 {{%d of type !tt.tensordesc<8xf32> is handed on by a loop, a branch or a call}}
tt.func private @keep_descriptors_of_a_caller(%d: !tt.tensordesc<8xf32>) {
  tt.return
}

// -----

tt.func @keep_kinds_that_are_no_atomics(%x: !tt.ptr<i32>, %n: i32, %v: tensor<8xi32>) {
  %one = arith.constant 1 : i64
  %d = tt.make_tensor_descriptor %x, [%n], [%one] : <i32>, <8xi32>
  // expected-error @+1 {{'tt.descriptor_reduce' of kind inc}}
  tt.descriptor_reduce inc, %d[%n], %v : !tt.tensordesc<8xi32>, tensor<8xi32>
  tt.return
}
