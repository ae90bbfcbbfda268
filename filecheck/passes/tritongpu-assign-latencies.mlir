// RUN: minilinalg-opt %s --tritongpu-assign-latencies=num-stages=4 | filecheck %s
// RUN: minilinalg-opt %s --tritongpu-assign-latencies --remarks 2>&1 | filecheck %s --check-prefix=REMARK

#b = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // A load through which another one finds its addresses begins as long before that as that does before its use.
  // CHECK-LABEL: @looked_up
  // CHECK: tt.load {{.*}} {tt.latency = 1 : i32} : tensor<512x!tt.ptr<i32>
  // CHECK: tt.load {{.*}} {tt.latency = 1 : i32} : tensor<512x!tt.ptr<f32>
  tt.func @looked_up(%p: !tt.ptr<i32> {tt.divisibility = 16 : i32}, %q: tensor<512x!tt.ptr<f32>, #b>, %n: i32, %x: tensor<512xf32, #b>) {
    %0 = arith.constant 0 : i32
    %1 = arith.constant 512 : i32
    %2 = tt.make_range {end = 512 : i32, start = 0 : i32} : tensor<512xi32, #b>
    %3 = tt.splat %p : !tt.ptr<i32> -> tensor<512x!tt.ptr<i32>, #b>
    %4 = tt.addptr %3, %2 : tensor<512x!tt.ptr<i32>, #b>, tensor<512xi32, #b>
    %5 = scf.for %i = %0 to %n step %1 iter_args(%s = %x) -> (tensor<512xf32, #b>) : i32 {
      %6 = tt.splat %i : i32 -> tensor<512xi32, #b>
      %7 = tt.addptr %4, %6 : tensor<512x!tt.ptr<i32>, #b>, tensor<512xi32, #b>
      %8 = tt.load %7 : tensor<512x!tt.ptr<i32>, #b>
      %9 = tt.addptr %q, %8 : tensor<512x!tt.ptr<f32>, #b>, tensor<512xi32, #b>
      %10 = tt.load %9 : tensor<512x!tt.ptr<f32>, #b>
      %11 = arith.addf %s, %10 : tensor<512xf32, #b>
      scf.yield %11 : tensor<512xf32, #b>
    } {tt.num_stages = 3 : i32}
    tt.return
  }

  // CHECK-LABEL: @written_in_the_loop
  // CHECK-NOT: tt.latency
  // REMARK: remark: [tritongpu-assign-latencies] no load begins early: the loop may write what it reads
  tt.func @written_in_the_loop(%p: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %n: i32) {
    %0 = arith.constant 0 : i32
    %1 = arith.constant 512 : i32
    %2 = tt.make_range {end = 512 : i32, start = 0 : i32} : tensor<512xi32, #b>
    %3 = tt.splat %p : !tt.ptr<f32> -> tensor<512x!tt.ptr<f32>, #b>
    %4 = tt.addptr %3, %2 : tensor<512x!tt.ptr<f32>, #b>, tensor<512xi32, #b>
    scf.for %i = %0 to %n step %1 : i32 {
      %6 = tt.splat %i : i32 -> tensor<512xi32, #b>
      %7 = tt.addptr %4, %6 : tensor<512x!tt.ptr<f32>, #b>, tensor<512xi32, #b>
      %8 = tt.load %7 : tensor<512x!tt.ptr<f32>, #b>
      %9 = arith.addf %8, %8 : tensor<512xf32, #b>
      tt.store %7, %9 : tensor<512x!tt.ptr<f32>, #b>
    } {tt.num_stages = 3 : i32}
    tt.return
  }

  // CHECK-LABEL: @written_elsewhere
  // CHECK-SAME: ml.read_ahead = ["q"]
  // CHECK: tt.latency = 2 : i32
  // REMARK: remark: [tritongpu-assign-latencies] a launch checks that nothing stored through 'q' was read ahead through 'p'
  tt.func @written_elsewhere(%q: !tt.ptr<f32>, %p: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %n: i32) {
    %0 = arith.constant 0 : i32
    %1 = arith.constant 512 : i32
    %2 = tt.make_range {end = 512 : i32, start = 0 : i32} : tensor<512xi32, #b>
    %3 = tt.splat %p : !tt.ptr<f32> -> tensor<512x!tt.ptr<f32>, #b>
    %4 = tt.addptr %3, %2 : tensor<512x!tt.ptr<f32>, #b>, tensor<512xi32, #b>
    %5 = tt.splat %q : !tt.ptr<f32> -> tensor<512x!tt.ptr<f32>, #b>
    scf.for %i = %0 to %n step %1 : i32 {
      %6 = tt.splat %i : i32 -> tensor<512xi32, #b>
      %7 = tt.addptr %4, %6 : tensor<512x!tt.ptr<f32>, #b>, tensor<512xi32, #b>
      %8 = tt.load %7 : tensor<512x!tt.ptr<f32>, #b>
      %9 = tt.addptr %5, %6 : tensor<512x!tt.ptr<f32>, #b>, tensor<512xi32, #b>
      tt.store %9, %8 : tensor<512x!tt.ptr<f32>, #b>
    } {tt.num_stages = 3 : i32}
    tt.return
  }

  // CHECK-LABEL: @too_narrow
  // CHECK-NOT: tt.latency
  // REMARK: remark: [tritongpu-assign-latencies] not begun early: less than four bytes lie side by side for a thread
  tt.func @too_narrow(%p: tensor<512x!tt.ptr<f16>, #b>, %n: i32, %x: tensor<512xf16, #b>) {
    %0 = arith.constant 0 : i32
    %1 = arith.constant 1 : i32
    %5 = scf.for %i = %0 to %n step %1 iter_args(%s = %x) -> (tensor<512xf16, #b>) : i32 {
      %6 = tt.splat %i : i32 -> tensor<512xi32, #b>
      %7 = tt.addptr %p, %6 : tensor<512x!tt.ptr<f16>, #b>, tensor<512xi32, #b>
      %8 = tt.load %7 : tensor<512x!tt.ptr<f16>, #b>
      %9 = arith.addf %s, %8 : tensor<512xf16, #b>
      scf.yield %9 : tensor<512xf16, #b>
    } {tt.num_stages = 3 : i32}
    tt.return
  }
}
