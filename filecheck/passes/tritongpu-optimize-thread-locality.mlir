// RUN: minilinalg-opt %s --split-input-file --tritongpu-optimize-thread-locality | filecheck %s

#a = #ttg.blocked<{sizePerThread = [1, 2], threadsPerWarp = [1, 32], warpsPerCTA = [4, 1], order = [1, 0]}>
#s = #ttg.slice<{dim = 1, parent = #a}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // Two runs of two elements in a thread: both are reduced there, and what is left of 32 threads behind the loop.
  // CHECK-LABEL: @rows
  // CHECK:      %[[NEUTRAL:.*]] = arith.constant dense<-0.000000e+00> : tensor<32x32xf32
  // CHECK:      scf.for {{.*}} iter_args(%[[OWN:.*]] = %[[NEUTRAL]])
  // CHECK-NEXT:   %[[PARTS:.*]] = tt.reshape %x efficient_layout : {{.*}} -> tensor<32x2x32x2xf32
  // CHECK-NEXT:   %[[LOW:.*]] = "tt.reduce"(%[[PARTS]]) <{axis = 3 : i32}>
  // CHECK:        %[[HIGH:.*]] = "tt.reduce"(%[[LOW]]) <{axis = 1 : i32}>
  // CHECK:        %[[NEXT:.*]] = arith.addf %[[OWN]], %[[HIGH]]
  // CHECK-NEXT:   scf.yield %[[NEXT]]
  // CHECK:      %[[WHOLE:.*]] = "tt.reduce"({{.*}}) <{axis = 1 : i32}>
  // CHECK:      %[[SAME:.*]] = ttg.convert_layout %[[WHOLE]]
  // CHECK-NEXT: arith.addf %first, %[[SAME]]
  tt.func @rows(%x: tensor<32x128xf32, #a>, %first: tensor<32xf32, #s>, %n: i32) -> tensor<32xf32, #s> {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %all = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %first) -> (tensor<32xf32, #s>) : i32 {
      %part = "tt.reduce"(%x) <{axis = 1 : i32}> ({
      ^bb0(%l: f32, %r: f32):
        %c = arith.addf %l, %r : f32
        tt.reduce.return %c : f32
      }) : (tensor<32x128xf32, #a>) -> tensor<32xf32, #s>
      %next = arith.addf %sum, %part : tensor<32xf32, #s>
      scf.yield %next : tensor<32xf32, #s>
    }
    tt.return %all : tensor<32xf32, #s>
  }
}

// -----

#a = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [1, 32], warpsPerCTA = [4, 1], order = [1, 0]}>
#s = #ttg.slice<{dim = 1, parent = #a}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // A thread holds one element of a row: nothing is left to reduce in the loop. NaN is neutral to maxnumf.
  // CHECK-LABEL: @one_element
  // CHECK:      arith.constant dense<0x7FC00000> : tensor<32x32xf32
  // CHECK:      scf.for
  // CHECK-NEXT:   arith.maxnumf %x, %{{.*}}
  // CHECK-NEXT:   scf.yield
  // CHECK:      "tt.reduce"
  tt.func @one_element(%x: tensor<32x32xf32, #a>, %first: tensor<32xf32, #s>, %n: i32) -> tensor<32xf32, #s> {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %all = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %first) -> (tensor<32xf32, #s>) : i32 {
      %part = "tt.reduce"(%x) <{axis = 1 : i32}> ({
      ^bb0(%l: f32, %r: f32):
        %c = arith.maxnumf %l, %r : f32
        tt.reduce.return %c : f32
      }) : (tensor<32x32xf32, #a>) -> tensor<32xf32, #s>
      %next = arith.maxnumf %part, %sum : tensor<32xf32, #s>
      scf.yield %next : tensor<32xf32, #s>
    }
    tt.return %all : tensor<32xf32, #s>
  }
}

// -----

#a = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [2, 16], warpsPerCTA = [1, 4], order = [1, 0]}>
#w = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [1, 32], warpsPerCTA = [4, 1], order = [1, 0]}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // Four warps share a row.
  // CHECK-LABEL: @rows_of_warps
  // CHECK-NEXT: tt.gather %x[%i] {axis = 1 : i32} :
  tt.func @rows_of_warps(%x: tensor<8x64xf32, #a>, %i: tensor<8x64xi64, #a>) -> tensor<8x64xf32, #a> {
    %r = tt.gather %x[%i] {axis = 1 : i32} : (tensor<8x64xf32, #a>, tensor<8x64xi64, #a>) -> tensor<8x64xf32, #a>
    tt.return %r : tensor<8x64xf32, #a>
  }
  // CHECK-LABEL: @rows_in_warps
  // CHECK-NEXT: tt.gather %x[%i] {axis = 1 : i32, efficient_layout}
  tt.func @rows_in_warps(%x: tensor<8x32xf32, #w>, %i: tensor<8x64xi32, #w>) -> tensor<8x64xf32, #w> {
    %r = tt.gather %x[%i] {axis = 1 : i32} : (tensor<8x32xf32, #w>, tensor<8x64xi32, #w>) -> tensor<8x64xf32, #w>
    tt.return %r : tensor<8x64xf32, #w>
  }
  // CHECK-LABEL: @two_elements_in_a_lane
  // CHECK-NEXT: tt.gather %x[%i] {axis = 1 : i32} :
  tt.func @two_elements_in_a_lane(%x: tensor<8x64xf32, #w>, %i: tensor<8x64xi32, #w>) -> tensor<8x64xf32, #w> {
    %r = tt.gather %x[%i] {axis = 1 : i32} : (tensor<8x64xf32, #w>, tensor<8x64xi32, #w>) -> tensor<8x64xf32, #w>
    tt.return %r : tensor<8x64xf32, #w>
  }
}
