// RUN: minilinalg-opt %s --target h200 --convert-triton-to-tritongpu --split-input-file | filecheck %s

// CHECK: #blocked = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [2, 16], warpsPerCTA = [4, 1], order = [1, 0]}>
// CHECK: "ttg.num-warps" = 4 : i32, ttg.target = "cuda:90", "ttg.threads-per-warp" = 32 : i32
// CHECK-LABEL: @last_dimension_fastest
// CHECK: tensor<64x16xf32, #blocked>
tt.func @last_dimension_fastest(%x: f32) {
  %0 = tt.splat %x : f32 -> tensor<64x16xf32>
  tt.return
}

// -----

// CHECK-LABEL: @one_element_has_replicas
// CHECK: tt.splat %x : f32 -> tensor<1xf32, #blocked>
tt.func @one_element_has_replicas(%x: f32) {
  %0 = tt.splat %x : f32 -> tensor<1xf32>
  tt.return
}

// -----

// CHECK-LABEL: @converts_around_a_reduction
// CHECK: }) : (tensor<32x16xf32, [[L:#blocked.*]]>) -> tensor<32xf32, #ttg.slice<{dim = 1, parent = [[L]]}>>
// CHECK-NEXT: ttg.convert_layout {{.*}} : tensor<32xf32, #ttg.slice<{dim = 1, parent = [[L]]}>> -> tensor<32xf32, #blocked
// CHECK-NEXT: math.exp
tt.func @converts_around_a_reduction(%x: f32) {
  %0 = tt.splat %x : f32 -> tensor<32x16xf32>
  %1 = "tt.reduce"(%0) <{axis = 1 : i32}> ({
  ^bb0(%l: f32, %r: f32):
    %3 = arith.addf %l, %r : f32
    tt.reduce.return %3 : f32
  }) : (tensor<32x16xf32>) -> tensor<32xf32>
  %2 = math.exp %1 : tensor<32xf32>
  tt.return
}

// -----

// CHECK-LABEL: @loops_carry_layouts
// CHECK: iter_args(%a = %{{.*}}) -> (tensor<32xf32, #blocked>) : i32
tt.func @loops_carry_layouts(%x: f32, %n: i32) {
  %c0 = arith.constant 0 : i32
  %0 = tt.splat %x : f32 -> tensor<32xf32>
  %1 = scf.for %i = %c0 to %n step %n iter_args(%a = %0) -> (tensor<32xf32>) : i32 {
    %2 = arith.addf %a, %0 : tensor<32xf32>
    scf.yield %2 : tensor<32xf32>
  }
  tt.return
}

// -----

// CHECK-LABEL: @operands_of_a_dot
// CHECK-DAG: ttg.convert_layout %a : tensor<32x32xf16, {{.*}}> -> tensor<32x32xf16, #ttg.dot_op<{opIdx = 0, parent = [[P:#blocked.*]]}>>
// CHECK-DAG: ttg.convert_layout %b : tensor<32x32xf16, {{.*}}> -> tensor<32x32xf16, #ttg.dot_op<{opIdx = 1, parent = [[P]]}>>
// CHECK: tt.dot
tt.func @operands_of_a_dot(%a: tensor<32x32xf16>, %b: tensor<32x32xf16>, %c: tensor<32x32xf32>) {
  %0 = tt.dot %a, %b, %c : tensor<32x32xf16> * tensor<32x32xf16> -> tensor<32x32xf32>
  tt.return
}
