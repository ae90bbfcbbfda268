// RUN: minilinalg-opt %s --tritongpu-schedule-loops | filecheck %s
// RUN: minilinalg-opt %s --tritongpu-schedule-loops --remarks 2>&1 | filecheck %s --check-prefix=REMARK

#b = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // What the load needs of the iteration before is computed one stage later, in front of the load.
  // CHECK-LABEL: @pointers_that_move
  // CHECK: tt.load %{{.*}} {loop.cluster = 3 : i32, loop.stage = 0 : i32}
  // CHECK: arith.addf {{.*}} {loop.stage = 2 : i32, loop.cluster = 0 : i32}
  // CHECK: tt.addptr {{.*}} {loop.cluster = 2 : i32, loop.stage = 1 : i32}
  // CHECK: tt.scheduled_max_stage = 2 : i32
  tt.func @pointers_that_move(%p: tensor<512x!tt.ptr<f32>, #b>, %o: tensor<512xi32, #b>, %n: i32, %x: tensor<512xf32, #b>) {
    %0 = arith.constant 0 : i32
    %1 = arith.constant 1 : i32
    %5:2 = scf.for %i = %0 to %n step %1 iter_args(%s = %x, %q = %p) -> (tensor<512xf32, #b>, tensor<512x!tt.ptr<f32>, #b>) : i32 {
      %8 = tt.load %q {tt.latency = 2 : i32} : tensor<512x!tt.ptr<f32>, #b>
      %9 = arith.addf %s, %8 : tensor<512xf32, #b>
      %7 = tt.addptr %q, %o : tensor<512x!tt.ptr<f32>, #b>, tensor<512xi32, #b>
      scf.yield %9, %7 : tensor<512xf32, #b>, tensor<512x!tt.ptr<f32>, #b>
    }
    tt.return
  }

  // CHECK-LABEL: @addresses_that_may_trap
  // CHECK-NOT: loop.stage
  tt.func @addresses_that_may_trap(%p: tensor<512x!tt.ptr<f32>, #b>, %n: i32, %x: tensor<512xf32, #b>) {
    %0 = arith.constant 0 : i32
    %1 = arith.constant 1 : i32
    %5 = scf.for %i = %0 to %n step %1 iter_args(%s = %x) -> (tensor<512xf32, #b>) : i32 {
      %4 = arith.divsi %n, %i : i32
      %6 = tt.splat %4 : i32 -> tensor<512xi32, #b>
      %7 = tt.addptr %p, %6 : tensor<512x!tt.ptr<f32>, #b>, tensor<512xi32, #b>
      %8 = tt.load %7 {tt.latency = 2 : i32} : tensor<512x!tt.ptr<f32>, #b>
      %9 = arith.addf %s, %8 : tensor<512xf32, #b>
      scf.yield %9 : tensor<512xf32, #b>
    }
    tt.return
  }
}
// REMARK: remark: [tritongpu-schedule-loops] its loop has no stages: a load waits for this, which cannot run ahead
