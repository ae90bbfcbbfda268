// RUN: minilinalg-opt %s --triton-rewrite-tensor-descriptor-to-pointer --target h200 --remarks --split-input-file --verify-diagnostics | filecheck %s

// The unit asks for an aligned array and aligned lines, which a launch checks: ml.abi promises them.
// CHECK-LABEL: @copies_of_tiles_stay(%d: !tt.tensordesc<4x8xf32>,
// CHECK-SAME:    {name = "d", kind = "descriptor", type = f32, shape = array<i64: 4, 8>, tt.divisibility = 16 : i32}
// CHECK-SAME:    {name = "s0", kind = "scalar", type = i64, tt.divisibility = 4 : i32}
// CHECK-SAME:    {name = "s1", kind = "scalar", type = i64}
// CHECK-NEXT:    tt.descriptor_load
// CHECK-NEXT:    tt.descriptor_store
tt.func public @copies_of_tiles_stay(%d: !tt.tensordesc<4x8xf32>, %m: i32, %n: i32, %s0: i64, %s1: i64) {
  %v = tt.descriptor_load %d[%m, %n] : !tt.tensordesc<4x8xf32> -> tensor<4x8xf32>
  tt.descriptor_store %d[%n, %m], %v : !tt.tensordesc<4x8xf32>, tensor<4x8xf32>
  tt.return
}

// -----

// CHECK-LABEL: @others_become_pointers(%narrow: !tt.ptr<i8>, {{.*}} %rows: !tt.ptr<f32>,
// CHECK-NOT: tensordesc
tt.func public @others_become_pointers(
  // expected-remark @+1 {{pointers: a line of a tile is a multiple of 16 bytes, and this one is 8 bytes}}
  %narrow: !tt.tensordesc<4x8xi8>, %m: i32, %n: i32, %s0: i64, %s1: i64,
  %rows: !tt.tensordesc<1x16xf32>, %k: i32, %l: i32, %t0: i64, %t1: i64, %p: !tt.ptr<f32>
) {
  %v = tt.descriptor_load %narrow[%m, %n] : !tt.tensordesc<4x8xi8> -> tensor<4x8xi8>
  tt.descriptor_store %narrow[%n, %m], %v : !tt.tensordesc<4x8xi8>, tensor<4x8xi8>
  %at = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  // expected-remark @+1 {{pointers: 'tt.descriptor_gather' is no copy of a tile}}
  %w = tt.descriptor_gather %rows[%at, %k] : (!tt.tensordesc<1x16xf32>, tensor<8xi32>, i32) -> tensor<8x16xf32>
  %s = "tt.reduce"(%w) <{axis = 0 : i32}> ({
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    tt.reduce.return %c : f32
  }) : (tensor<8x16xf32>) -> tensor<16xf32>
  %one = tt.reshape %s : tensor<16xf32> -> tensor<1x16xf32>
  tt.descriptor_store %rows[%k, %l], %one : !tt.tensordesc<1x16xf32>, tensor<1x16xf32>
  tt.return
}

// -----

// CHECK-LABEL: @made_of_what_is_promised
// CHECK:         tt.make_tensor_descriptor
// CHECK-NEXT:    tt.descriptor_load
// CHECK-NOT:     tt.load
tt.func public @made_of_what_is_promised(
  %p: !tt.ptr<f16> {tt.divisibility = 16 : i32}, %n: i32 {tt.divisibility = 16 : i32}, %q: !tt.ptr<f16>
) {
  %one = arith.constant 1 : i64
  %s = arith.extsi %n : i32 to i64
  %d = tt.make_tensor_descriptor %p, [%n, %n], [%s, %one] : <f16>, <8x16xf16>
  %v = tt.descriptor_load %d[%n, %n] : !tt.tensordesc<8x16xf16> -> tensor<8x16xf16>
  %at = tt.splat %q : !tt.ptr<f16> -> tensor<8x16x!tt.ptr<f16>>
  tt.store %at, %v : tensor<8x16x!tt.ptr<f16>>
  tt.return
}

// -----

// CHECK-LABEL: @made_of_what_is_not
// CHECK-NOT:     descriptor
// CHECK-COUNT-3: tt.load
tt.func public @made_of_what_is_not(%p: !tt.ptr<f16> {tt.divisibility = 16 : i32}, %n: i32, %q: !tt.ptr<f16>) {
  %zero = arith.constant 0 : i32
  %step = arith.constant 1 : i32
  %one = arith.constant 1 : i64
  %s = arith.extsi %n : i32 to i64
  %line = arith.constant 16 : i64
  // expected-remark @+1 {{pointers: nothing promises that its tensor begins at a multiple of 16 bytes}}
  %d = tt.make_tensor_descriptor %q, [%n, %n], [%line, %one] : <f16>, <8x16xf16>
  // expected-remark @+1 {{pointers: nothing promises that its stride 0 is a multiple of 16 bytes}}
  %e = tt.make_tensor_descriptor %p, [%n, %n], [%s, %one] : <f16>, <8x16xf16>
  %v = tt.descriptor_load %d[%n, %n] : !tt.tensordesc<8x16xf16> -> tensor<8x16xf16>
  %w = tt.descriptor_load %e[%n, %n] : !tt.tensordesc<8x16xf16> -> tensor<8x16xf16>
  %at = tt.splat %q : !tt.ptr<f16> -> tensor<8x16x!tt.ptr<f16>>
  tt.store %at, %v : tensor<8x16x!tt.ptr<f16>>
  tt.store %at, %w : tensor<8x16x!tt.ptr<f16>>
  scf.for %i = %zero to %n step %step : i32 {
    // expected-remark @+1 {{pointers: a loop or a branch makes it}}
    %f = tt.make_tensor_descriptor %p, [%n, %n], [%line, %one] : <f16>, <8x16xf16>
    %u = tt.descriptor_load %f[%i, %n] : !tt.tensordesc<8x16xf16> -> tensor<8x16xf16>
    tt.store %at, %u : tensor<8x16x!tt.ptr<f16>>
  }
  tt.return
}
