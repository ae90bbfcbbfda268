// RUN: minilinalg-opt %s --tritongpu-optimize-dot-operands | filecheck %s
// RUN: minilinalg-opt %s --tritongpu-optimize-dot-operands --remarks 2>&1 | filecheck %s --check-prefix=REMARK

#b = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#t = #ttg.blocked<{sizePerThread = [8, 1], threadsPerWarp = [8, 4], warpsPerCTA = [1, 4], order = [0, 1]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 128, 16]}>
#shared = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#shared1 = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = true, elementBitWidth = 16}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // CHECK-LABEL: @converted_on_the_way
  // CHECK: ttg.local_alloc %x : (tensor<128x64xf16, #blocked>) -> !ttg.memdesc<128x64xf16, #shared, #smem>
  // CHECK-NEXT: %{{.*}} = ttg.memdesc_trans {{.*}} -> !ttg.memdesc<64x128xf16, #shared1, #smem>
  // CHECK-NOT: tt.trans
  tt.func @converted_on_the_way(%a: !ttg.memdesc<64x64xf16, #shared, #smem>, %x: tensor<128x64xf16, #b>, %c: tensor<64x128xf32, #mma>) -> tensor<64x128xf32, #mma> {
    %0 = tt.trans %x {order = array<i32: 1, 0>} : tensor<128x64xf16, #b> -> tensor<64x128xf16, #t>
    %1 = ttg.convert_layout %0 : tensor<64x128xf16, #t> -> tensor<64x128xf16, #b>
    %2 = ttg.local_alloc %1 : (tensor<64x128xf16, #b>) -> !ttg.memdesc<64x128xf16, #shared1, #smem>
    %3 = ttng.warp_group_dot %a, %2, %c : !ttg.memdesc<64x64xf16, #shared, #smem> * !ttg.memdesc<64x128xf16, #shared1, #smem> -> tensor<64x128xf32, #mma>
    tt.return %3 : tensor<64x128xf32, #mma>
  }

  // CHECK-LABEL: @read_by_threads_too
  // CHECK-NOT: ttg.memdesc_trans
  // REMARK: remark: [tritongpu-optimize-dot-operands] stored transposed: not only products of warp groups read it
  tt.func @read_by_threads_too(%x: tensor<128x64xf16, #b>) -> tensor<64x128xf16, #t> {
    %0 = tt.trans %x {order = array<i32: 1, 0>} : tensor<128x64xf16, #b> -> tensor<64x128xf16, #t>
    %1 = ttg.local_alloc %0 : (tensor<64x128xf16, #t>) -> !ttg.memdesc<64x128xf16, #shared1, #smem>
    %2 = ttg.local_load %1 : !ttg.memdesc<64x128xf16, #shared1, #smem> -> tensor<64x128xf16, #t>
    tt.return %2 : tensor<64x128xf16, #t>
  }
}
