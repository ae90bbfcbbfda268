// RUN: minilinalg-opt %s --triton-nvidia-gpu-fence-insertion | filecheck %s

#b = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#shared = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // CHECK-LABEL: @written_outside_of_the_loop
  // CHECK: ttng.fence_async_shared
  // CHECK-NEXT: scf.for
  // CHECK-NOT: ttng.fence_async_shared
  tt.func @written_outside_of_the_loop(%x: tensor<64x64xf16, #b>, %c: tensor<64x64xf32, #mma>, %n: i32) {
    %0 = arith.constant 0 : i32
    %1 = arith.constant 1 : i32
    %a = ttg.local_alloc %x : (tensor<64x64xf16, #b>) -> !ttg.memdesc<64x64xf16, #shared, #smem>
    %r = scf.for %i = %0 to %n step %1 iter_args(%s = %c) -> (tensor<64x64xf32, #mma>) : i32 {
      %d = ttng.warp_group_dot %a, %a, %s : !ttg.memdesc<64x64xf16, #shared, #smem> * !ttg.memdesc<64x64xf16, #shared, #smem> -> tensor<64x64xf32, #mma>
      scf.yield %d : tensor<64x64xf32, #mma>
    }
    tt.return
  }

  // CHECK-LABEL: @written_in_the_loop_and_seen_through_a_view
  // CHECK: scf.for
  // CHECK: ttg.local_store
  // CHECK: ttng.fence_async_shared
  // CHECK-NEXT: %d = ttng.warp_group_dot
  // CHECK-NEXT: %e = ttng.warp_group_dot
  tt.func @written_in_the_loop_and_seen_through_a_view(%x: tensor<64x64xf16, #b>, %c: tensor<64x64xf32, #mma>, %n: i32) {
    %0 = arith.constant 0 : i32
    %1 = arith.constant 1 : i32
    %m = ttg.local_alloc : () -> !ttg.memdesc<2x64x64xf16, #shared, #smem, mutable>
    %r = scf.for %i = %0 to %n step %1 iter_args(%s = %c) -> (tensor<64x64xf32, #mma>) : i32 {
      %v = ttg.memdesc_index %m[%0] : !ttg.memdesc<2x64x64xf16, #shared, #smem, mutable> -> !ttg.memdesc<64x64xf16, #shared, #smem, mutable>
      ttg.local_store %x, %v : tensor<64x64xf16, #b> -> !ttg.memdesc<64x64xf16, #shared, #smem, mutable>
      %d = ttng.warp_group_dot %v, %v, %s : !ttg.memdesc<64x64xf16, #shared, #smem, mutable> * !ttg.memdesc<64x64xf16, #shared, #smem, mutable> -> tensor<64x64xf32, #mma>
      %e = ttng.warp_group_dot %v, %v, %d : !ttg.memdesc<64x64xf16, #shared, #smem, mutable> * !ttg.memdesc<64x64xf16, #shared, #smem, mutable> -> tensor<64x64xf32, #mma>
      scf.yield %e : tensor<64x64xf32, #mma>
    }
    tt.return
  }

  // CHECK-LABEL: @copied
  // CHECK: ttg.async_wait
  // CHECK-NEXT: ttng.fence_async_shared
  tt.func @copied(%p: tensor<64x64x!tt.ptr<f16>, #b>, %c: tensor<64x64xf32, #mma>) {
    %m = ttg.local_alloc : () -> !ttg.memdesc<64x64xf16, #shared, #smem, mutable>
    %t = ttg.async_copy_global_to_local %p, %m : tensor<64x64x!tt.ptr<f16>, #b> -> <64x64xf16, #shared, #smem, mutable>
    %g = ttg.async_commit_group tokens %t
    %w = ttg.async_wait %g {num = 0 : i32}
    %d = ttng.warp_group_dot %m, %m, %c : !ttg.memdesc<64x64xf16, #shared, #smem, mutable> * !ttg.memdesc<64x64xf16, #shared, #smem, mutable> -> tensor<64x64xf32, #mma>
    tt.return
  }
}
