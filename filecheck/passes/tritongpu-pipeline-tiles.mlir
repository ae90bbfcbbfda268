// RUN: minilinalg-opt %s --tritongpu-pipeline --split-input-file | filecheck %s

#b = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#shared = #ttg.nvmma_shared<{swizzlingByteWidth = 0, transposed = false, elementBitWidth = 32, rank = 1}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // One barrier for both tiles, of each buffer; its phase changes when the buffers begin anew.
  // CHECK-LABEL: @two_tiles_share_a_barrier
  // CHECK-DAG: %[[BARRIERS:.*]] = ttg.local_alloc : () -> !ttg.memdesc<2x1xi64, #{{.*}}, #smem, mutable>
  // CHECK-COUNT-2: ttng.init_barrier
  // CHECK: ttng.barrier_expect %[[FIRST:.*]], 4096, %[[ANY:.*]] :
  // CHECK: ttng.async_tma_copy_global_to_local %x[{{.*}}] %{{.*}}, %[[FIRST]], %[[ANY]] :
  // CHECK: ttng.async_tma_copy_global_to_local %y[{{.*}}] %{{.*}}, %[[FIRST]], %[[ANY]] :
  // CHECK: scf.for {{.*}} iter_args({{.*}}, %[[PHASE:.*]] = %{{.*}}) -> (tensor<512xf32, #blocked>, i32, i32, i32)
  // CHECK: ttng.barrier_expect
  // CHECK: %[[OTHER:.*]] = arith.xori %[[PHASE]]
  // CHECK: %[[NOW:.*]] = arith.select %{{.*}}, %[[OTHER]], %[[PHASE]] : i32
  // CHECK: ttng.wait_barrier %{{.*}}, %[[NOW]] :
  // CHECK: ttg.local_load
  // CHECK: ttg.local_load
  // CHECK: scf.yield {{.*}}, %[[NOW]] :
  // CHECK: }
  // CHECK-COUNT-2: ttng.inval_barrier
  // CHECK: ttg.local_dealloc %[[BARRIERS]]
  // CHECK-NOT: ttg.async_wait
  tt.func private @two_tiles_share_a_barrier(%x: !tt.tensordesc<512xf32, #shared>, %y: !tt.tensordesc<512xf32, #shared>, %n: i32, %z: tensor<512xf32, #b>) -> tensor<512xf32, #b> {
    %0 = arith.constant 0 : i32
    %step = arith.constant 512 : i32
    %r = scf.for %i = %0 to %n step %step iter_args(%s = %z) -> (tensor<512xf32, #b>) : i32 {
      %a = tt.descriptor_load %x[%i] {loop.cluster = 1 : i32, loop.stage = 0 : i32} : !tt.tensordesc<512xf32, #shared> -> tensor<512xf32, #b>
      %c = tt.descriptor_load %y[%i] {loop.cluster = 1 : i32, loop.stage = 0 : i32} : !tt.tensordesc<512xf32, #shared> -> tensor<512xf32, #b>
      %d = arith.addf %a, %c {loop.cluster = 2 : i32, loop.stage = 1 : i32} : tensor<512xf32, #b>
      %e = arith.addf %s, %d {loop.cluster = 2 : i32, loop.stage = 1 : i32} : tensor<512xf32, #b>
      scf.yield %e : tensor<512xf32, #b>
    } {tt.scheduled_max_stage = 1 : i32}
    tt.return %r : tensor<512xf32, #b>
  }

  // What is used before the next copy begins has one buffer; what is used between two copies parts their barriers.
  // CHECK-LABEL: @a_use_between_them
  // CHECK-DAG: %{{.*}} = ttg.local_alloc : () -> !ttg.memdesc<1x1xi64, #{{.*}}, #smem, mutable>
  // CHECK-DAG: %{{.*}} = ttg.local_alloc : () -> !ttg.memdesc<1x1xi64, #{{.*}}, #smem, mutable>
  // CHECK: ttng.barrier_expect %{{.*}}, 2048
  // CHECK: ttng.barrier_expect %{{.*}}, 2048
  // CHECK: scf.for
  // CHECK: ttng.wait_barrier
  // CHECK: arith.addf
  // CHECK: ttng.wait_barrier
  // CHECK: arith.addf
  tt.func private @a_use_between_them(%x: !tt.tensordesc<512xf32, #shared>, %y: !tt.tensordesc<512xf32, #shared>, %n: i32, %z: tensor<512xf32, #b>) -> tensor<512xf32, #b> {
    %0 = arith.constant 0 : i32
    %step = arith.constant 512 : i32
    %r = scf.for %i = %0 to %n step %step iter_args(%s = %z) -> (tensor<512xf32, #b>) : i32 {
      %a = tt.descriptor_load %x[%i] {loop.cluster = 1 : i32, loop.stage = 0 : i32} : !tt.tensordesc<512xf32, #shared> -> tensor<512xf32, #b>
      %d = arith.addf %s, %a {loop.cluster = 0 : i32, loop.stage = 1 : i32} : tensor<512xf32, #b>
      %c = tt.descriptor_load %y[%i] {loop.cluster = 1 : i32, loop.stage = 0 : i32} : !tt.tensordesc<512xf32, #shared> -> tensor<512xf32, #b>
      %e = arith.addf %c, %d {loop.cluster = 0 : i32, loop.stage = 1 : i32} : tensor<512xf32, #b>
      scf.yield %e : tensor<512xf32, #b>
    } {tt.scheduled_max_stage = 1 : i32}
    tt.return %r : tensor<512xf32, #b>
  }
}

// -----

#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 32, 16]}>
#b = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [8, 4], warpsPerCTA = [4, 1], order = [1, 0]}>
#wide = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#shared = #ttg.nvmma_shared<{swizzlingByteWidth = 64, transposed = false, elementBitWidth = 16}>
#turned = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = true, elementBitWidth = 16}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // A view of the first tile, made before the second one is loaded, follows the wait for both.
  // CHECK-LABEL: @a_view_between_them
  // CHECK: scf.for
  // CHECK: ttng.wait_barrier
  // CHECK: ttg.memdesc_trans
  // CHECK: ttng.warp_group_dot
  tt.func private @a_view_between_them(%x: !tt.tensordesc<32x64xf16, #wide>, %y: !tt.tensordesc<32x32xf16, #shared>, %n: i32, %z: tensor<64x32xf32, #mma>) -> tensor<64x32xf32, #mma> {
    %0 = arith.constant 0 : i32
    %step = arith.constant 32 : i32
    %r = scf.for %i = %0 to %n step %step iter_args(%s = %z) -> (tensor<64x32xf32, #mma>) : i32 {
      %a = tt.descriptor_load %x[%i, %0] {loop.cluster = 1 : i32, loop.stage = 0 : i32} : !tt.tensordesc<32x64xf16, #wide> -> tensor<32x64xf16, #b>
      %c = ttg.local_alloc %a {loop.cluster = 0 : i32, loop.stage = 1 : i32} : (tensor<32x64xf16, #b>) -> !ttg.memdesc<32x64xf16, #wide, #smem>
      %t = ttg.memdesc_trans %c {loop.cluster = 0 : i32, loop.stage = 1 : i32, order = array<i32: 1, 0>} : !ttg.memdesc<32x64xf16, #wide, #smem> -> !ttg.memdesc<64x32xf16, #turned, #smem>
      %d = tt.descriptor_load %y[%i, %0] {loop.cluster = 1 : i32, loop.stage = 0 : i32} : !tt.tensordesc<32x32xf16, #shared> -> tensor<32x32xf16, #b>
      %e = ttg.local_alloc %d {loop.cluster = 0 : i32, loop.stage = 1 : i32} : (tensor<32x32xf16, #b>) -> !ttg.memdesc<32x32xf16, #shared, #smem>
      %f = ttng.warp_group_dot %t, %e, %s {loop.cluster = 0 : i32, loop.stage = 1 : i32} : !ttg.memdesc<64x32xf16, #turned, #smem> * !ttg.memdesc<32x32xf16, #shared, #smem> -> tensor<64x32xf32, #mma>
      scf.yield %f : tensor<64x32xf32, #mma>
    } {tt.scheduled_max_stage = 1 : i32}
    tt.return %r : tensor<64x32xf32, #mma>
  }
}
