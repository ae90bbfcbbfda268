// RUN: minilinalg-opt %s --tritongpu-accelerate-matmul --target a100 --split-input-file | filecheck %s
// RUN: minilinalg-opt %s --tritongpu-accelerate-matmul --target h200 --split-input-file | filecheck %s --check-prefix=WG
// RUN: minilinalg-opt %s --tritongpu-accelerate-matmul --target a100 --split-input-file --remarks 2>&1 | filecheck %s --check-prefix=REMARK

// CHECK-DAG: #mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8]}>
// CHECK-DAG: #mma1 = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [8, 8]}>
// WG: #mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#b = #ttg.blocked<{sizePerThread = [4, 4], threadsPerWarp = [2, 16], warpsPerCTA = [4, 1], order = [1, 0]}>
#l = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [8, 4], warpsPerCTA = [4, 1], order = [1, 0]}>
#x = #ttg.dot_op<{opIdx = 0, parent = #b}>
#y = #ttg.dot_op<{opIdx = 1, parent = #b}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // CHECK-LABEL: @widened_is_loaded_four_bytes_at_once
  // CHECK: tt.dot {{.*}} : tensor<64x32xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 4}>> * tensor<32x64xf16, #ttg.dot_op<{opIdx = 1, parent = #mma, kWidth = 4}>> -> tensor<64x64xf32, #mma>
  // WG-LABEL: @widened_is_loaded_four_bytes_at_once
  // WG: ttg.local_alloc {{.*}} : (tensor<32x64xf16, #blocked>) -> !ttg.memdesc<32x64xf16, #shared, #smem>
  // WG: ttng.warp_group_dot {{.*}} : tensor<64x32xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>> * !ttg.memdesc<32x64xf16, #shared, #smem> -> tensor<64x64xf32, #mma>
  tt.func @widened_is_loaded_four_bytes_at_once(%p: tensor<64x32x!tt.ptr<i8>, #l>, %q: tensor<32x64x!tt.ptr<f16>, #l>, %c: tensor<64x64xf32, #b>) -> tensor<64x64xf32, #b> {
    %0 = tt.load %p : tensor<64x32x!tt.ptr<i8>, #l>
    %1 = arith.sitofp %0 : tensor<64x32xi8, #l> to tensor<64x32xf16, #l>
    %2 = ttg.convert_layout %1 : tensor<64x32xf16, #l> -> tensor<64x32xf16, #x>
    %3 = tt.load %q : tensor<32x64x!tt.ptr<f16>, #l>
    %4 = ttg.convert_layout %3 : tensor<32x64xf16, #l> -> tensor<32x64xf16, #y>
    %5 = tt.dot %2, %4, %c : tensor<64x32xf16, #x> * tensor<32x64xf16, #y> -> tensor<64x64xf32, #b>
    tt.return %5 : tensor<64x64xf32, #b>
  }

  // CHECK-LABEL: @small_floats_become_f16
  // CHECK: %[[A:.*]] = tt.fp_to_fp {{.*}} : tensor<64x32xf8E5M2, {{.*}} kWidth = 4}>> -> tensor<64x32xf16,
  // CHECK: tt.dot %[[A]], {{.*}} kWidth = 4
  // WG-LABEL: @small_floats_become_f16
  // WG: tt.dot
  tt.func @small_floats_become_f16(%a: tensor<64x32xf8E5M2, #x>, %c: tensor<32x64xf8E5M2, #y>, %d: tensor<64x64xf32, #b>) -> tensor<64x64xf32, #b> {
    %0 = tt.dot %a, %c, %d : tensor<64x32xf8E5M2, #x> * tensor<32x64xf8E5M2, #y> -> tensor<64x64xf32, #b>
    tt.return %0 : tensor<64x64xf32, #b>
  }

  // CHECK-LABEL: @f64_in_tiles_of_eight_rows
  // CHECK: tt.dot {{.*}} : tensor<64x32xf64, #ttg.dot_op<{opIdx = 0, parent = #mma1, kWidth = 1}>> * {{.*}} -> tensor<64x64xf64, #mma1>
  // WG-LABEL: @f64_in_tiles_of_eight_rows
  // WG: tt.dot {{.*}} kWidth = 1
  tt.func @f64_in_tiles_of_eight_rows(%a: tensor<64x32xf64, #x>, %c: tensor<32x64xf64, #y>, %d: tensor<64x64xf64, #b>) -> tensor<64x64xf64, #b> {
    %0 = tt.dot %a, %c, %d : tensor<64x32xf64, #x> * tensor<32x64xf64, #y> -> tensor<64x64xf64, #b>
    tt.return %0 : tensor<64x64xf64, #b>
  }

  // CHECK-LABEL: @what_no_instruction_has
  // CHECK-COUNT-2: tt.dot {{.*}} -> tensor<64x64x{{f32|i32}}, #blocked1>
  // WG-LABEL: @what_no_instruction_has
  // REMARK: remark: [tritongpu-accelerate-matmul] each thread multiplies for itself: operands are f32 with inputPrecision ieee: tensor cores round f32 to tf32
  // REMARK: remark: [tritongpu-accelerate-matmul] each thread multiplies for itself: operands are i32: tensor cores take i8, f16, bf16, floats of 8 bits, tf32 and f64
  tt.func @what_no_instruction_has(%a: tensor<64x32xf32, #x>, %c: tensor<32x64xf32, #y>, %d: tensor<64x64xf32, #b>, %e: tensor<64x32xi32, #x>, %f: tensor<32x64xi32, #y>, %g: tensor<64x64xi32, #b>) -> (tensor<64x64xf32, #b>, tensor<64x64xi32, #b>) {
    %0 = tt.dot %a, %c, %d : tensor<64x32xf32, #x> * tensor<32x64xf32, #y> -> tensor<64x64xf32, #b>
    %1 = tt.dot %e, %f, %g : tensor<64x32xi32, #x> * tensor<32x64xi32, #y> -> tensor<64x64xi32, #b>
    tt.return %0, %1 : tensor<64x64xf32, #b>, tensor<64x64xi32, #b>
  }
}
