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
