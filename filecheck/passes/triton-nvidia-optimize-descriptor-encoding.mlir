// RUN: minilinalg-opt %s --triton-nvidia-optimize-descriptor-encoding --split-input-file | filecheck %s

#b = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // The widest swizzle that lines fill, and none where there are fewer than eight of them.
  // CHECK: #shared = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
  // CHECK: #shared1 = #ttg.nvmma_shared<{swizzlingByteWidth = 32, transposed = false, elementBitWidth = 16}>
  // CHECK: #shared2 = #ttg.nvmma_shared<{swizzlingByteWidth = 0, transposed = false, elementBitWidth = 16}>
  // CHECK-LABEL: @the_widest_swizzle
  // CHECK-SAME: !tt.tensordesc<64x64xf16, #shared>
  // CHECK-SAME: !tt.tensordesc<64x16xf16, #shared1>
  // CHECK-SAME: !tt.tensordesc<4x64xf16, #shared2>
  // CHECK: tt.descriptor_load %a[%i, %i] : !tt.tensordesc<64x64xf16, #shared> -> tensor<64x64xf16, #blocked>
  tt.func private @the_widest_swizzle(%a: !tt.tensordesc<64x64xf16>, %b: !tt.tensordesc<64x16xf16>, %c: !tt.tensordesc<4x64xf16>, %i: i32) {
    %v = tt.descriptor_load %a[%i, %i] : !tt.tensordesc<64x64xf16> -> tensor<64x64xf16, #b>
    %w = tt.descriptor_load %b[%i, %i] : !tt.tensordesc<64x16xf16> -> tensor<64x16xf16, #b>
    %u = tt.descriptor_load %c[%i, %i] : !tt.tensordesc<4x64xf16> -> tensor<4x64xf16, #b>
    tt.return
  }
}

// -----

#b1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#b2 = #ttg.blocked<{sizePerThread = [1, 2], threadsPerWarp = [2, 16], warpsPerCTA = [4, 1], order = [1, 0]}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // CHECK: #shared = #ttg.nvmma_shared<{swizzlingByteWidth = 0, transposed = false, elementBitWidth = 32, rank = 1}>
  // CHECK: #shared1 = #ttg.nvmma_shared<{swizzlingByteWidth = 64, transposed = false, elementBitWidth = 16, rank = 3}>
  // CHECK-LABEL: @other_ranks
  tt.func private @other_ranks(%a: !tt.tensordesc<512xf32>, %b: !tt.tensordesc<1x8x32xf16>, %i: i32) {
    %v = tt.descriptor_load %a[%i] : !tt.tensordesc<512xf32> -> tensor<512xf32, #b1>
    %w = tt.descriptor_load %b[%i, %i, %i] : !tt.tensordesc<1x8x32xf16> -> tensor<8x32xf16, #b2>
    tt.return
  }
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#narrow = #ttg.nvmma_shared<{swizzlingByteWidth = 64, transposed = false, elementBitWidth = 16}>
#turned = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = true, elementBitWidth = 16}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // What a product reads is copied in its layout; tiles are not transposed on the way.
  // CHECK: #shared = #ttg.nvmma_shared<{swizzlingByteWidth = 64, transposed = false, elementBitWidth = 16}>
  // CHECK: #shared1 = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
  // CHECK-LABEL: @what_users_want
  // CHECK-SAME: %a: !tt.tensordesc<64x64xf16, #shared>, %b: !tt.tensordesc<64x64xf16, #shared1>
  tt.func private @what_users_want(%a: !tt.tensordesc<64x64xf16>, %b: !tt.tensordesc<64x64xf16>, %i: i32) {
    %v = tt.descriptor_load %a[%i, %i] : !tt.tensordesc<64x64xf16> -> tensor<64x64xf16, #b>
    %x = ttg.local_alloc %v : (tensor<64x64xf16, #b>) -> !ttg.memdesc<64x64xf16, #narrow, #smem>
    %w = tt.descriptor_load %b[%i, %i] : !tt.tensordesc<64x64xf16> -> tensor<64x64xf16, #b>
    %y = ttg.local_alloc %w : (tensor<64x64xf16, #b>) -> !ttg.memdesc<64x64xf16, #turned, #smem>
    tt.return
  }
}
