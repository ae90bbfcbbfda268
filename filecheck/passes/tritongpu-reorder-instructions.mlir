// RUN: minilinalg-opt %s --tritongpu-reorder-instructions --split-input-file | filecheck %s

#a = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#b = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#shared = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // CHECK-LABEL: @keep_what_two_use
  // CHECK-NEXT: ttg.convert_layout
  tt.func @keep_what_two_use(%x: tensor<512xf32, #a>, %y: tensor<512xf32, #b>) -> tensor<512xf32, #b> {
    %0 = ttg.convert_layout %x : tensor<512xf32, #a> -> tensor<512xf32, #b>
    %1 = math.exp %y : tensor<512xf32, #b>
    %2 = arith.addf %0, %1 : tensor<512xf32, #b>
    %3 = arith.addf %0, %2 : tensor<512xf32, #b>
    tt.return %3 : tensor<512xf32, #b>
  }

  // CHECK-LABEL: @stored_where_it_was_computed
  // CHECK-NEXT: math.exp
  // CHECK-NEXT: ttg.local_alloc
  // CHECK-NEXT: math.exp
  tt.func @stored_where_it_was_computed(%x: tensor<512xf32, #a>, %y: tensor<512xf32, #b>) -> tensor<512xf32, #b> {
    %0 = math.exp %x : tensor<512xf32, #a>
    %1 = math.exp %y : tensor<512xf32, #b>
    %2 = ttg.local_alloc %0 : (tensor<512xf32, #a>) -> !ttg.memdesc<512xf32, #shared, #smem>
    %3 = ttg.local_load %2 : !ttg.memdesc<512xf32, #shared, #smem> -> tensor<512xf32, #b>
    %4 = arith.addf %1, %3 : tensor<512xf32, #b>
    tt.return %4 : tensor<512xf32, #b>
  }
}

// -----

#mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 8]}>
#a = #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>
#shared = #ttg.swizzled_shared<{vec = 8, perPhase = 1, maxPhase = 8, order = [1, 0]}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // CHECK-LABEL: @load_in_the_loop
  // CHECK:      scf.for
  // CHECK-NEXT:   ttg.local_load
  // CHECK-NEXT:   arith.addf
  tt.func @load_in_the_loop(%q: !ttg.memdesc<64x64xf16, #shared, #smem>, %z: tensor<64x64xf16, #a>, %n: i32) -> tensor<64x64xf16, #a> {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %0 = ttg.local_load %q : !ttg.memdesc<64x64xf16, #shared, #smem> -> tensor<64x64xf16, #a>
    %1 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %z) -> (tensor<64x64xf16, #a>) : i32 {
      %2 = arith.addf %x, %0 : tensor<64x64xf16, #a>
      scf.yield %2 : tensor<64x64xf16, #a>
    }
    tt.return %1 : tensor<64x64xf16, #a>
  }
  // What may be written again is read where it stands.
  // CHECK-LABEL: @load_of_what_changes
  // CHECK:      ttg.local_load
  // CHECK-NEXT: scf.for
  tt.func @load_of_what_changes(%q: !ttg.memdesc<64x64xf16, #shared, #smem, mutable>, %z: tensor<64x64xf16, #a>, %n: i32) -> tensor<64x64xf16, #a> {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %0 = ttg.local_load %q : !ttg.memdesc<64x64xf16, #shared, #smem, mutable> -> tensor<64x64xf16, #a>
    %1 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %z) -> (tensor<64x64xf16, #a>) : i32 {
      %2 = arith.addf %x, %0 : tensor<64x64xf16, #a>
      scf.yield %2 : tensor<64x64xf16, #a>
    }
    tt.return %1 : tensor<64x64xf16, #a>
  }
}

// -----

#mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 8]}>
#a = #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>
#b = #ttg.dot_op<{opIdx = 1, parent = #mma, kWidth = 2}>
#turned = #ttg.linear<{register = [[0, 1], [0, 8], [0, 16], [0, 32], [8, 0], [16, 0], [32, 0]], lane = [[0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warp = [[0, 0], [0, 0]], block = []}>
#shared = #ttg.swizzled_shared<{vec = 8, perPhase = 1, maxPhase = 8, order = [1, 0]}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // The second operand is loaded behind the first, with its view in front and its transposition behind.
  // CHECK-LABEL: @second_behind_first
  // CHECK-NEXT: %[[X:.*]] = ttg.memdesc_index %x
  // CHECK-NEXT: %[[FIRST:.*]] = ttg.local_load %[[X]]
  // CHECK-NEXT: %[[Y:.*]] = ttg.memdesc_index %y
  // CHECK-NEXT: %[[LOAD:.*]] = ttg.local_load %[[Y]]
  // CHECK-NEXT: %[[SECOND:.*]] = tt.trans %[[LOAD]]
  // CHECK-NEXT: tt.dot %[[FIRST]], %[[SECOND]]
  tt.func @second_behind_first(%x: !ttg.memdesc<2x64x64xf16, #shared, #smem>, %y: !ttg.memdesc<2x64x64xf16, #shared, #smem>, %n: i32, %z: tensor<64x64xf32, #mma>) -> tensor<64x64xf32, #mma> {
    %0 = ttg.memdesc_index %y[%n] : !ttg.memdesc<2x64x64xf16, #shared, #smem> -> !ttg.memdesc<64x64xf16, #shared, #smem>
    %1 = ttg.memdesc_index %x[%n] : !ttg.memdesc<2x64x64xf16, #shared, #smem> -> !ttg.memdesc<64x64xf16, #shared, #smem>
    %2 = ttg.local_load %0 : !ttg.memdesc<64x64xf16, #shared, #smem> -> tensor<64x64xf16, #turned>
    %3 = tt.trans %2 {order = array<i32: 1, 0>} : tensor<64x64xf16, #turned> -> tensor<64x64xf16, #b>
    %4 = ttg.local_load %1 : !ttg.memdesc<64x64xf16, #shared, #smem> -> tensor<64x64xf16, #a>
    %5 = tt.dot %4, %3, %z : tensor<64x64xf16, #a> * tensor<64x64xf16, #b> -> tensor<64x64xf32, #mma>
    tt.return %5 : tensor<64x64xf32, #mma>
  }
  // Not past a store, which may be to the same place.
  // CHECK-LABEL: @second_in_front_of_a_store
  // CHECK: ttg.local_load %y
  // CHECK-NEXT: ttg.local_store
  // CHECK-NEXT: ttg.local_load %x
  tt.func @second_in_front_of_a_store(%x: !ttg.memdesc<64x64xf16, #shared, #smem, mutable>, %y: !ttg.memdesc<64x64xf16, #shared, #smem, mutable>, %s: tensor<64x64xf16, #a>, %z: tensor<64x64xf32, #mma>) -> tensor<64x64xf32, #mma> {
    %0 = ttg.local_load %y : !ttg.memdesc<64x64xf16, #shared, #smem, mutable> -> tensor<64x64xf16, #b>
    ttg.local_store %s, %y : tensor<64x64xf16, #a> -> !ttg.memdesc<64x64xf16, #shared, #smem, mutable>
    %1 = ttg.local_load %x : !ttg.memdesc<64x64xf16, #shared, #smem, mutable> -> tensor<64x64xf16, #a>
    %2 = tt.dot %1, %0, %z : tensor<64x64xf16, #a> * tensor<64x64xf16, #b> -> tensor<64x64xf32, #mma>
    tt.return %2 : tensor<64x64xf32, #mma>
  }
}
