// RUN: minilinalg-opt %s --tritongpu-prefetch --remarks 2>&1 | filecheck %s --check-prefix=REMARK
// RUN: minilinalg-opt %s --tritongpu-prefetch | filecheck %s

#mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [1, 1], instrShape = [16, 8]}>
#a = #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>
#b = #ttg.dot_op<{opIdx = 1, parent = #mma, kWidth = 2}>
#shared = #ttg.swizzled_shared<{vec = 8, perPhase = 2, maxPhase = 4, order = [1, 0]}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // The second part is loaded before the first one is multiplied.
  // CHECK-LABEL: @two_parts
  // CHECK-COUNT-4: ttg.local_load
  // CHECK-COUNT-2: tt.dot
  tt.func @two_parts(%x: !ttg.memdesc<16x32xf16, #shared, #smem>, %y: !ttg.memdesc<32x16xf16, #shared, #smem>, %c: tensor<16x16xf32, #mma>, %n: i32) {
    %0 = arith.constant 0 : i32
    %1 = arith.constant 1 : i32
    %2 = scf.for %i = %0 to %n step %1 iter_args(%s = %c) -> (tensor<16x16xf32, #mma>) : i32 {
      %3 = ttg.local_load %x : !ttg.memdesc<16x32xf16, #shared, #smem> -> tensor<16x32xf16, #a>
      %4 = ttg.local_load %y : !ttg.memdesc<32x16xf16, #shared, #smem> -> tensor<32x16xf16, #b>
      %5 = tt.dot %3, %4, %s : tensor<16x32xf16, #a> * tensor<32x16xf16, #b> -> tensor<16x16xf32, #mma>
      scf.yield %5 : tensor<16x16xf32, #mma>
    }
    tt.return
  }

  // CHECK-LABEL: @computed_on_the_way
  // CHECK-NOT: ttg.memdesc_subslice
  // REMARK: remark: [tritongpu-prefetch] loaded as a whole: an operand is not just loaded from shared memory for it
  tt.func @computed_on_the_way(%x: !ttg.memdesc<16x32xf16, #shared, #smem>, %y: !ttg.memdesc<32x16xf16, #shared, #smem>, %c: tensor<16x16xf32, #mma>, %n: i32) {
    %0 = arith.constant 0 : i32
    %1 = arith.constant 1 : i32
    %2 = scf.for %i = %0 to %n step %1 iter_args(%s = %c) -> (tensor<16x16xf32, #mma>) : i32 {
      %3 = ttg.local_load %x : !ttg.memdesc<16x32xf16, #shared, #smem> -> tensor<16x32xf16, #a>
      %6 = arith.addf %3, %3 : tensor<16x32xf16, #a>
      %4 = ttg.local_load %y : !ttg.memdesc<32x16xf16, #shared, #smem> -> tensor<32x16xf16, #b>
      %5 = tt.dot %6, %4, %s : tensor<16x32xf16, #a> * tensor<32x16xf16, #b> -> tensor<16x16xf32, #mma>
      scf.yield %5 : tensor<16x16xf32, #mma>
    }
    tt.return
  }
}
