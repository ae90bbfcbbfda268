// RUN: minilinalg-opt %s --tritongpu-reduce-data-duplication --split-input-file | filecheck %s
// RUN: minilinalg-opt %s --tritongpu-reduce-data-duplication --split-input-file --remarks 2>&1 | filecheck %s --check-prefix=REMARK

#b = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#plain = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8]}>
#op = #ttg.dot_op<{opIdx = 1, parent = #mma, kWidth = 2}>
#loose = #ttg.dot_op<{opIdx = 1, parent = #plain}>
module {
  // CHECK: #shared = #ttg.swizzled_shared<{vec = 8, perPhase = 1, maxPhase = 8, order = [1, 0]}>
  // CHECK: #shared1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
  // CHECK-LABEL: @second_operand
  // CHECK-NEXT: ttg.local_alloc
  // CHECK-NEXT: ttg.local_load
  tt.func @second_operand(%x: tensor<64x64xf16, #b>) {
    %0 = ttg.convert_layout %x : tensor<64x64xf16, #b> -> tensor<64x64xf16, #op>
    tt.return
  }
  // CHECK-LABEL: @without_tensor_cores
  // CHECK-NEXT: ttg.local_alloc {{.*}}#shared1
  tt.func @without_tensor_cores(%x: tensor<64x64xf16, #b>) {
    %0 = ttg.convert_layout %x : tensor<64x64xf16, #b> -> tensor<64x64xf16, #loose>
    tt.return
  }
}

// -----

#a = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 8]}>
#op = #ttg.dot_op<{opIdx = 0, parent = #a, kWidth = 2}>
module {
  // The accumulator of one dot is the operand of another: no element leaves its thread.
  // CHECK-LABEL: @within_a_warp
  // CHECK-NEXT: ttg.convert_layout
  // REMARK: remark: [tritongpu-reduce-data-duplication] elements stay in their warp: no shared memory is needed
  tt.func @within_a_warp(%x: tensor<64x64xf16, #a>) {
    %0 = ttg.convert_layout %x : tensor<64x64xf16, #a> -> tensor<64x64xf16, #op>
    tt.return
  }
}
