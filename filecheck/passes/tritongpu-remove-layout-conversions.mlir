// RUN: minilinalg-opt %s --tritongpu-remove-layout-conversions --split-input-file | filecheck %s
// RUN: minilinalg-opt %s --tritongpu-remove-layout-conversions --split-input-file --remarks 2>&1 | filecheck %s --check-prefix=REMARK

#a = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
#b = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // A loop carries the pointers in the layout of the load, and nothing is converted in it.
  // CHECK-LABEL: @loop_carries_the_anchors_layout
  // CHECK: scf.for {{.*}} -> (tensor<128xf32, #blocked>, tensor<128x!tt.ptr<f32>, #blocked>)
  // CHECK-NOT: ttg.convert_layout
  // CHECK: tt.return
  tt.func @loop_carries_the_anchors_layout(%p: !tt.ptr<f32>, %n: i32) {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %z = arith.constant dense<0.0> : tensor<128xf32, #a>
    %s = arith.constant dense<128> : tensor<128xi32, #a>
    %0 = tt.make_range {end = 128 : i32, start = 0 : i32} : tensor<128xi32, #a>
    %1 = tt.splat %p : !tt.ptr<f32> -> tensor<128x!tt.ptr<f32>, #a>
    %2 = tt.addptr %1, %0 : tensor<128x!tt.ptr<f32>, #a>, tensor<128xi32, #a>
    %3:2 = scf.for %i = %c0 to %n step %c1 iter_args(%q = %2, %acc = %z) -> (tensor<128x!tt.ptr<f32>, #a>, tensor<128xf32, #a>) : i32 {
      %4 = ttg.convert_layout %q : tensor<128x!tt.ptr<f32>, #a> -> tensor<128x!tt.ptr<f32>, #b>
      %5 = tt.load %4 : tensor<128x!tt.ptr<f32>, #b>
      %6 = ttg.convert_layout %5 : tensor<128xf32, #b> -> tensor<128xf32, #a>
      %7 = arith.addf %acc, %6 : tensor<128xf32, #a>
      %8 = tt.addptr %q, %s : tensor<128x!tt.ptr<f32>, #a>, tensor<128xi32, #a>
      scf.yield %8, %7 : tensor<128x!tt.ptr<f32>, #a>, tensor<128xf32, #a>
    }
    %9 = ttg.convert_layout %2 : tensor<128x!tt.ptr<f32>, #a> -> tensor<128x!tt.ptr<f32>, #b>
    %10 = ttg.convert_layout %3#1 : tensor<128xf32, #a> -> tensor<128xf32, #b>
    tt.store %9, %10 : tensor<128x!tt.ptr<f32>, #b>
    tt.return
  }
}

// -----

#b = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
#c = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
#r = #ttg.slice<{dim = 0, parent = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [1, 1], order = [1, 0]}>}>
module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // The load insists on its layout and the store on another: what is converted is narrow.
  // CHECK-LABEL: @converts_before_it_widens
  // CHECK: tt.load
  // CHECK-NEXT: ttg.convert_layout {{.*}} : tensor<128xf16
  // CHECK-NEXT: arith.extf
  // CHECK-NEXT: tt.store
  // REMARK: remark: [tritongpu-remove-layout-conversions] a change of layout stays, to ttg.blocked: what it changes cannot be computed in that layout
  tt.func @converts_before_it_widens(%p: tensor<128x!tt.ptr<f16>, #b>, %q: tensor<128x!tt.ptr<f32>, #c>) {
    %0 = tt.load %p : tensor<128x!tt.ptr<f16>, #b>
    %1 = arith.extf %0 : tensor<128xf16, #b> to tensor<128xf32, #b>
    %2 = ttg.convert_layout %1 : tensor<128xf32, #b> -> tensor<128xf32, #c>
    tt.store %q, %2 : tensor<128x!tt.ptr<f32>, #c>
    tt.return
  }

  // Each of 32 threads would widen the four elements that its replicas are.
  // CHECK-LABEL: @keep_widening_where_one_thread_does_it
  // CHECK: tt.load
  // CHECK-NEXT: arith.extf
  // CHECK-NEXT: ttg.convert_layout {{.*}} : tensor<32xf32
  tt.func @keep_widening_where_one_thread_does_it(%p: tensor<32x!tt.ptr<f16>, #c>, %q: tensor<32x!tt.ptr<f32>, #r>) {
    %0 = tt.load %p : tensor<32x!tt.ptr<f16>, #c>
    %1 = arith.extf %0 : tensor<32xf16, #c> to tensor<32xf32, #c>
    %2 = ttg.convert_layout %1 : tensor<32xf32, #c> -> tensor<32xf32, #r>
    tt.store %q, %2 : tensor<32x!tt.ptr<f32>, #r>
    tt.return
  }

  // What takes time stays where it is, here in front of the lock.
  // CHECK-LABEL: @keep_histograms_where_they_are
  // CHECK: tt.histogram {{.*}} -> tensor<128xi32, #blocked>
  // CHECK-NEXT: tt.atomic_cas
  // CHECK-NEXT: tt.store
  tt.func @keep_histograms_where_they_are(%x: tensor<128xi32, #b>, %l: !tt.ptr<i32>, %q: tensor<128x!tt.ptr<i32>, #b>) {
    %z = arith.constant 0 : i32
    %0 = tt.histogram %x : tensor<128xi32, #b> -> tensor<128xi32, #c>
    %1 = tt.atomic_cas acq_rel, gpu, %l, %z, %z : (!tt.ptr<i32>, i32, i32) -> i32
    %2 = ttg.convert_layout %0 : tensor<128xi32, #c> -> tensor<128xi32, #b>
    tt.store %q, %2 : tensor<128x!tt.ptr<i32>, #b>
    tt.return
  }

  // CHECK-LABEL: @converts_where_it_is_needed
  // CHECK: scf.if
  // CHECK: tt.load
  // CHECK-NEXT: ttg.convert_layout
  // CHECK-NEXT: scf.yield
  // CHECK-NOT: ttg.convert_layout
  // CHECK: tt.store
  tt.func @converts_where_it_is_needed(%c: i1, %p: tensor<128x!tt.ptr<f32>, #b>, %q: tensor<128x!tt.ptr<f32>, #c>) {
    %z = arith.constant dense<0.0> : tensor<128xf32, #b>
    %0 = scf.if %c -> (tensor<128xf32, #b>) {
      %1 = tt.load %p : tensor<128x!tt.ptr<f32>, #b>
      scf.yield %1 : tensor<128xf32, #b>
    } else {
      scf.yield %z : tensor<128xf32, #b>
    }
    %2 = ttg.convert_layout %0 : tensor<128xf32, #b> -> tensor<128xf32, #c>
    tt.store %q, %2 : tensor<128x!tt.ptr<f32>, #c>
    tt.return
  }
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 16], threadsPerWarp = [8, 4], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8]}>
#lhs = #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 4}>
#rhs = #ttg.dot_op<{opIdx = 1, parent = #mma, kWidth = 4}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // What is loaded narrow moves narrow, next to the first that needs it.
  // CHECK-LABEL: @operands_move_before_they_are_computed
  // CHECK: tt.load %p
  // CHECK-NEXT: tt.load %q
  // CHECK-NEXT: %[[Q:.*]] = ttg.convert_layout %{{.*}} : tensor<64x64xi8, #blocked> -> tensor<64x64xi8, #ttg.dot_op<
  // CHECK-NEXT: %[[W:.*]] = arith.sitofp %[[Q]]
  // CHECK-NEXT: arith.mulf %[[W]]
  // CHECK-NOT: tensor<64x64xf16, #blocked> -> tensor<64x64xf16, #ttg.dot_op<{opIdx = 1
  // CHECK: tt.dot
  tt.func @operands_move_before_they_are_computed(%p: tensor<64x64x!tt.ptr<f16>, #b>, %q: tensor<64x64x!tt.ptr<i8>, #b>, %c: tensor<64x64xf32, #mma>) -> tensor<64x64xf32, #mma> {
    %h = arith.constant dense<5.000000e-01> : tensor<64x64xf16, #b>
    %0 = tt.load %p : tensor<64x64x!tt.ptr<f16>, #b>
    %1 = tt.load %q : tensor<64x64x!tt.ptr<i8>, #b>
    %2 = arith.sitofp %1 : tensor<64x64xi8, #b> to tensor<64x64xf16, #b>
    %3 = arith.mulf %2, %h : tensor<64x64xf16, #b>
    %4 = ttg.convert_layout %0 : tensor<64x64xf16, #b> -> tensor<64x64xf16, #lhs>
    %5 = ttg.convert_layout %3 : tensor<64x64xf16, #b> -> tensor<64x64xf16, #rhs>
    %6 = tt.dot %4, %5, %c : tensor<64x64xf16, #lhs> * tensor<64x64xf16, #rhs> -> tensor<64x64xf32, #mma>
    tt.return %6 : tensor<64x64xf32, #mma>
  }

  // A sum of a row is exchanged between threads: that is not computed once more.
  // CHECK-LABEL: @keep_what_is_exchanged_on_the_way
  // CHECK: arith.addf {{.*}} : tensor<64x64xf16, #blocked>
  // CHECK-NEXT: ttg.convert_layout {{.*}} : tensor<64x64xf16, #blocked> -> tensor<64x64xf16, #ttg.dot_op<
  tt.func @keep_what_is_exchanged_on_the_way(%p: tensor<64x64x!tt.ptr<f16>, #b>, %y: tensor<64x64xf16, #rhs>, %c: tensor<64x64xf32, #mma>) -> tensor<64x64xf32, #mma> {
    %0 = tt.load %p : tensor<64x64x!tt.ptr<f16>, #b>
    %1 = "tt.reduce"(%0) <{axis = 1 : i32}> ({
    ^bb0(%l: f16, %r: f16):
      %s = arith.addf %l, %r : f16
      tt.reduce.return %s : f16
    }) : (tensor<64x64xf16, #b>) -> tensor<64xf16, #ttg.slice<{dim = 1, parent = #b}>>
    %2 = tt.expand_dims %1 {axis = 1 : i32} : tensor<64xf16, #ttg.slice<{dim = 1, parent = #b}>> -> tensor<64x1xf16, #b>
    %3 = tt.broadcast %2 : tensor<64x1xf16, #b> -> tensor<64x64xf16, #b>
    %4 = arith.addf %0, %3 : tensor<64x64xf16, #b>
    %5 = ttg.convert_layout %4 : tensor<64x64xf16, #b> -> tensor<64x64xf16, #lhs>
    %6 = tt.dot %5, %y, %c : tensor<64x64xf16, #lhs> * tensor<64x64xf16, #rhs> -> tensor<64x64xf32, #mma>
    tt.return %6 : tensor<64x64xf32, #mma>
  }

  // CHECK-LABEL: @keep_conversions_out_of_loops
  // CHECK: tt.load
  // CHECK-NEXT: ttg.convert_layout
  // CHECK-NEXT: scf.for
  tt.func @keep_conversions_out_of_loops(%p: tensor<64x64x!tt.ptr<f16>, #b>, %y: tensor<64x64xf16, #rhs>, %c: tensor<64x64xf32, #mma>, %n: i32) -> tensor<64x64xf32, #mma> {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %0 = tt.load %p : tensor<64x64x!tt.ptr<f16>, #b>
    %2 = ttg.convert_layout %0 : tensor<64x64xf16, #b> -> tensor<64x64xf16, #lhs>
    %1 = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %c) -> (tensor<64x64xf32, #mma>) : i32 {
      %3 = tt.dot %2, %y, %acc : tensor<64x64xf16, #lhs> * tensor<64x64xf16, #rhs> -> tensor<64x64xf32, #mma>
      scf.yield %3 : tensor<64x64xf32, #mma>
    }
    tt.return %1 : tensor<64x64xf32, #mma>
  }
}
