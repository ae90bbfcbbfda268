// RUN: minilinalg-opt %s --tritongpu-pipeline --canonicalize --split-input-file | filecheck %s

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

// -----

#b = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#row = #ttg.slice<{dim = 0, parent = #b}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#lhs = #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>
#shared = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // The second product goes on until the first one of the next iteration, which the loop waits for, is done.
  // CHECK-LABEL: @needed_behind_the_first
  // CHECK: scf.for {{.*}} iter_args(%[[ACC:.*]] = %z,
  // CHECK: %s = ttng.warp_group_dot {{.*}}isAsync = true
  // CHECK-NEXT: %[[WAIT:.*]]:3 = ttng.warp_group_dot_wait %s, %q, %[[ACC]] {pendings = 0 : i32}
  // CHECK-NEXT: arith.truncf %[[WAIT]]#0
  // CHECK: %t = arith.addf %[[WAIT]]#2, %[[WAIT]]#2
  // CHECK: %{{r.*}} = ttng.warp_group_dot {{.*}}isAsync = true
  // CHECK-NOT: ttng.warp_group_dot_wait
  // CHECK: scf.yield %{{r.*}}, 
  // CHECK: ttng.warp_group_dot_wait %{{.*}}#0 {pendings = 0 : i32}
  tt.func @needed_behind_the_first(%b: !tt.ptr<f16> {tt.divisibility = 16 : i32}, %q: !ttg.memdesc<64x64xf16, #shared, #smem>, %n: i32) -> tensor<64x64xf32, #mma> {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %z = arith.constant dense<0.0> : tensor<64x64xf32, #mma>
    %1 = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32, #row>
    %2 = tt.expand_dims %1 {axis = 0 : i32} : tensor<64xi32, #row> -> tensor<1x64xi32, #b>
    %3 = tt.broadcast %2 : tensor<1x64xi32, #b> -> tensor<64x64xi32, #b>
    %4 = tt.splat %b : !tt.ptr<f16> -> tensor<64x64x!tt.ptr<f16>, #b>
    %p = tt.addptr %4, %3 : tensor<64x64x!tt.ptr<f16>, #b>, tensor<64x64xi32, #b>
    %0 = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %z) -> (tensor<64x64xf32, #mma>) : i32 {
      %v = tt.load %p {loop.cluster = 2 : i32, loop.stage = 0 : i32} : tensor<64x64x!tt.ptr<f16>, #b>
      %vb = ttg.local_alloc %v {loop.cluster = 0 : i32, loop.stage = 2 : i32} : (tensor<64x64xf16, #b>) -> !ttg.memdesc<64x64xf16, #shared, #smem>
      %s = ttng.warp_group_dot %q, %q, %z {loop.cluster = 0 : i32, loop.stage = 2 : i32} : !ttg.memdesc<64x64xf16, #shared, #smem> * !ttg.memdesc<64x64xf16, #shared, #smem> -> tensor<64x64xf32, #mma>
      %h = arith.truncf %s {loop.cluster = 0 : i32, loop.stage = 2 : i32} : tensor<64x64xf32, #mma> to tensor<64x64xf16, #mma>
      %a = ttg.convert_layout %h {loop.cluster = 0 : i32, loop.stage = 2 : i32} : tensor<64x64xf16, #mma> -> tensor<64x64xf16, #lhs>
      %t = arith.addf %acc, %acc {loop.cluster = 0 : i32, loop.stage = 2 : i32} : tensor<64x64xf32, #mma>
      %r = ttng.warp_group_dot %a, %vb, %t {loop.cluster = 0 : i32, loop.stage = 2 : i32} : tensor<64x64xf16, #lhs> * !ttg.memdesc<64x64xf16, #shared, #smem> -> tensor<64x64xf32, #mma>
      scf.yield %r : tensor<64x64xf32, #mma>
    } {tt.scheduled_max_stage = 2 : i32}
    tt.return %0 : tensor<64x64xf32, #mma>
  }

  // The sum is needed before the first product is waited for.
  // CHECK-LABEL: @keep_waiting_for_what_is_needed_at_once
  // CHECK-NOT: isAsync
  // CHECK: tt.return
  tt.func @keep_waiting_for_what_is_needed_at_once(%b: !tt.ptr<f16> {tt.divisibility = 16 : i32}, %q: !ttg.memdesc<64x64xf16, #shared, #smem>, %n: i32) -> tensor<64x64xf32, #mma> {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %z = arith.constant dense<0.0> : tensor<64x64xf32, #mma>
    %1 = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32, #row>
    %2 = tt.expand_dims %1 {axis = 0 : i32} : tensor<64xi32, #row> -> tensor<1x64xi32, #b>
    %3 = tt.broadcast %2 : tensor<1x64xi32, #b> -> tensor<64x64xi32, #b>
    %4 = tt.splat %b : !tt.ptr<f16> -> tensor<64x64x!tt.ptr<f16>, #b>
    %p = tt.addptr %4, %3 : tensor<64x64x!tt.ptr<f16>, #b>, tensor<64x64xi32, #b>
    %0 = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %z) -> (tensor<64x64xf32, #mma>) : i32 {
      %v = tt.load %p {loop.cluster = 2 : i32, loop.stage = 0 : i32} : tensor<64x64x!tt.ptr<f16>, #b>
      %vb = ttg.local_alloc %v {loop.cluster = 0 : i32, loop.stage = 2 : i32} : (tensor<64x64xf16, #b>) -> !ttg.memdesc<64x64xf16, #shared, #smem>
      %t = arith.addf %acc, %acc {loop.cluster = 0 : i32, loop.stage = 2 : i32} : tensor<64x64xf32, #mma>
      %s = ttng.warp_group_dot %q, %q, %t {loop.cluster = 0 : i32, loop.stage = 2 : i32} : !ttg.memdesc<64x64xf16, #shared, #smem> * !ttg.memdesc<64x64xf16, #shared, #smem> -> tensor<64x64xf32, #mma>
      %h = arith.truncf %s {loop.cluster = 0 : i32, loop.stage = 2 : i32} : tensor<64x64xf32, #mma> to tensor<64x64xf16, #mma>
      %a = ttg.convert_layout %h {loop.cluster = 0 : i32, loop.stage = 2 : i32} : tensor<64x64xf16, #mma> -> tensor<64x64xf16, #lhs>
      %r = ttng.warp_group_dot %a, %vb, %z {loop.cluster = 0 : i32, loop.stage = 2 : i32} : tensor<64x64xf16, #lhs> * !ttg.memdesc<64x64xf16, #shared, #smem> -> tensor<64x64xf32, #mma>
      scf.yield %r : tensor<64x64xf32, #mma>
    } {tt.scheduled_max_stage = 2 : i32}
    tt.return %0 : tensor<64x64xf32, #mma>
  }

  // What only a branch uses is read from the buffer there; the branch is what is scheduled.
  // CHECK-LABEL: @used_in_a_branch
  // CHECK: scf.for
  // CHECK: ttg.async_wait
  // CHECK: %[[B:.*]] = ttg.memdesc_index
  // CHECK: scf.if
  // CHECK-NOT: ttg.local_alloc
  // CHECK: ttng.warp_group_dot %q, %[[B]], 
  // CHECK: ttg.local_load %[[B]] token
  // CHECK-NOT: ttg.convert_layout
  // CHECK: tt.return
  tt.func @used_in_a_branch(%b: !tt.ptr<f16> {tt.divisibility = 16 : i32}, %q: !ttg.memdesc<64x64xf16, #shared, #smem>, %n: i32, %yes: i1, %x: tensor<64x64xf16, #mma>) -> (tensor<64x64xf32, #mma>, tensor<64x64xf16, #mma>) {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %z = arith.constant dense<0.0> : tensor<64x64xf32, #mma>
    %1 = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32, #row>
    %2 = tt.expand_dims %1 {axis = 0 : i32} : tensor<64xi32, #row> -> tensor<1x64xi32, #b>
    %3 = tt.broadcast %2 : tensor<1x64xi32, #b> -> tensor<64x64xi32, #b>
    %4 = tt.splat %b : !tt.ptr<f16> -> tensor<64x64x!tt.ptr<f16>, #b>
    %p = tt.addptr %4, %3 : tensor<64x64x!tt.ptr<f16>, #b>, tensor<64x64xi32, #b>
    %0:2 = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %z, %y = %x) -> (tensor<64x64xf32, #mma>, tensor<64x64xf16, #mma>) : i32 {
      %v = tt.load %p {loop.cluster = 2 : i32, loop.stage = 0 : i32} : tensor<64x64x!tt.ptr<f16>, #b>
      %r:2 = scf.if %yes -> (tensor<64x64xf32, #mma>, tensor<64x64xf16, #mma>) {
        %vb = ttg.local_alloc %v : (tensor<64x64xf16, #b>) -> !ttg.memdesc<64x64xf16, #shared, #smem>
        %s = ttng.warp_group_dot %q, %vb, %acc : !ttg.memdesc<64x64xf16, #shared, #smem> * !ttg.memdesc<64x64xf16, #shared, #smem> -> tensor<64x64xf32, #mma>
        %w = ttg.convert_layout %v : tensor<64x64xf16, #b> -> tensor<64x64xf16, #mma>
        scf.yield %s, %w : tensor<64x64xf32, #mma>, tensor<64x64xf16, #mma>
      } else {
        scf.yield %acc, %y : tensor<64x64xf32, #mma>, tensor<64x64xf16, #mma>
      } {loop.cluster = 0 : i32, loop.stage = 2 : i32}
      scf.yield %r#0, %r#1 : tensor<64x64xf32, #mma>, tensor<64x64xf16, #mma>
    } {tt.scheduled_max_stage = 2 : i32}
    tt.return %0#0, %0#1 : tensor<64x64xf32, #mma>, tensor<64x64xf16, #mma>
  }
}
