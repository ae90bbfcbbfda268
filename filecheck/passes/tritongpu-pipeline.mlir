// RUN: minilinalg-opt %s --tritongpu-pipeline --canonicalize | filecheck %s

#b = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // CHECK-LABEL: @two_buffers
  // CHECK: ttg.local_alloc : () -> !ttg.memdesc<2x512xf32, #shared, #smem, mutable>
  // CHECK-COUNT-2: ttg.async_copy_global_to_local
  // CHECK: scf.for
  // CHECK: ttg.async_wait {{.*}} {num = 1 : i32}
  // CHECK: ttg.local_load
  // CHECK: arith.addf
  // CHECK: ttg.async_copy_global_to_local {{.*}} mask
  // CHECK: scf.yield
  // CHECK: ttg.async_wait {num = 0 : i32}
  // CHECK-NEXT: ttg.local_dealloc
  tt.func @two_buffers(%p: tensor<512x!tt.ptr<f32>, #b> {tt.contiguity = 512 : i32}, %b: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %n: i32, %x: tensor<512xf32, #b>) -> tensor<512xf32, #b> {
    %0 = arith.constant 0 : i32
    %1 = arith.constant 512 : i32
    %2 = tt.make_range {end = 512 : i32, start = 0 : i32} : tensor<512xi32, #b>
    %3 = tt.splat %b : !tt.ptr<f32> -> tensor<512x!tt.ptr<f32>, #b>
    %4 = tt.addptr %3, %2 : tensor<512x!tt.ptr<f32>, #b>, tensor<512xi32, #b>
    %5 = scf.for %i = %0 to %n step %1 iter_args(%s = %x) -> (tensor<512xf32, #b>) : i32 {
      %6 = tt.splat %i {loop.stage = 0 : i32, loop.cluster = 1 : i32} : i32 -> tensor<512xi32, #b>
      %7 = tt.addptr %4, %6 {loop.stage = 0 : i32, loop.cluster = 1 : i32} : tensor<512x!tt.ptr<f32>, #b>, tensor<512xi32, #b>
      %8 = tt.load %7 {loop.stage = 0 : i32, loop.cluster = 1 : i32} : tensor<512x!tt.ptr<f32>, #b>
      %9 = arith.addf %s, %8 {loop.stage = 2 : i32, loop.cluster = 0 : i32} : tensor<512xf32, #b>
      scf.yield %9 : tensor<512xf32, #b>
    } {tt.scheduled_max_stage = 2 : i32}
    tt.return %5 : tensor<512xf32, #b>
  }
}
