// RUN: minilinalg-opt %s --allocate-shared-memory --membar --split-input-file | filecheck %s

#blocked = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#shared = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // Written and read, then written again where it was read.
  // CHECK-LABEL: tt.func @read_after_write_and_write_after_read
  tt.func @read_after_write_and_write_after_read(%x: tensor<128xf32, #blocked>) {
    // CHECK-NEXT: ttg.local_alloc
    // CHECK-NEXT: ttg.local_store
    // CHECK-NEXT: ttg.barrier local
    // CHECK-NEXT: ttg.local_load
    // CHECK-NEXT: ttg.local_load
    // CHECK-NEXT: ttg.barrier local
    // CHECK-NEXT: ttg.local_store
    %a = ttg.local_alloc : () -> !ttg.memdesc<128xf32, #shared, #smem, mutable>
    ttg.local_store %x, %a : tensor<128xf32, #blocked> -> !ttg.memdesc<128xf32, #shared, #smem, mutable>
    %y = ttg.local_load %a : !ttg.memdesc<128xf32, #shared, #smem, mutable> -> tensor<128xf32, #blocked>
    %z = ttg.local_load %a : !ttg.memdesc<128xf32, #shared, #smem, mutable> -> tensor<128xf32, #blocked>
    ttg.local_store %y, %a : tensor<128xf32, #blocked> -> !ttg.memdesc<128xf32, #shared, #smem, mutable>
    tt.return
  }
  // Buffers at other places do not meet, and neither do two of one allocation at constant numbers.
  // CHECK-LABEL: tt.func @elsewhere
  tt.func @elsewhere(%x: tensor<128xf32, #blocked>) {
    // CHECK-NOT: ttg.barrier
    // CHECK: tt.return
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %a = ttg.local_alloc : () -> !ttg.memdesc<2x128xf32, #shared, #smem, mutable>
    %a0 = ttg.memdesc_index %a[%c0] : !ttg.memdesc<2x128xf32, #shared, #smem, mutable> -> !ttg.memdesc<128xf32, #shared, #smem, mutable>
    %a1 = ttg.memdesc_index %a[%c1] : !ttg.memdesc<2x128xf32, #shared, #smem, mutable> -> !ttg.memdesc<128xf32, #shared, #smem, mutable>
    ttg.local_store %x, %a0 : tensor<128xf32, #blocked> -> !ttg.memdesc<128xf32, #shared, #smem, mutable>
    ttg.local_store %x, %a1 : tensor<128xf32, #blocked> -> !ttg.memdesc<128xf32, #shared, #smem, mutable>
    ttg.local_dealloc %a : !ttg.memdesc<2x128xf32, #shared, #smem, mutable>
    tt.return
  }
  // What a turn reads at its end the next one overwrites at its begin: a barrier in front of both.
  // CHECK-LABEL: tt.func @from_turn_to_turn
  tt.func @from_turn_to_turn(%x: tensor<128xf32, #blocked>, %n: i32) {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %a = ttg.local_alloc : () -> !ttg.memdesc<128xf32, #shared, #smem, mutable>
    // CHECK: scf.for
    // CHECK-NEXT: ttg.barrier local
    // CHECK-NEXT: ttg.local_store
    // CHECK-NEXT: ttg.barrier local
    // CHECK-NEXT: ttg.local_load
    scf.for %i = %c0 to %n step %c1 : i32 {
      ttg.local_store %x, %a : tensor<128xf32, #blocked> -> !ttg.memdesc<128xf32, #shared, #smem, mutable>
      %y = ttg.local_load %a : !ttg.memdesc<128xf32, #shared, #smem, mutable> -> tensor<128xf32, #blocked>
    }
    tt.return
  }
  // A branch may have been taken.
  // CHECK-LABEL: tt.func @behind_a_branch
  tt.func @behind_a_branch(%x: tensor<128xf32, #blocked>, %c: i1) {
    %a = ttg.local_alloc %x : (tensor<128xf32, #blocked>) -> !ttg.memdesc<128xf32, #shared, #smem, mutable>
    // CHECK: scf.if
    // CHECK-NEXT: ttg.barrier local
    // CHECK-NEXT: ttg.local_load
    scf.if %c {
      %y = ttg.local_load %a : !ttg.memdesc<128xf32, #shared, #smem, mutable> -> tensor<128xf32, #blocked>
    }
    // CHECK: ttg.barrier local
    // CHECK-NEXT: ttg.local_store
    ttg.local_store %x, %a : tensor<128xf32, #blocked> -> !ttg.memdesc<128xf32, #shared, #smem, mutable>
    tt.return
  }
}

// -----

#shared = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#blocked = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // One warp makes a descriptor, in memory of its own: the others do not wait for it, so what was pending stays.
  // CHECK-LABEL: tt.func @around_a_descriptor
  tt.func @around_a_descriptor(%x: tensor<128xf32, #blocked>, %to: !tt.ptr<i8>, %p: !tt.ptr<f32>, %n: i32) {
    // CHECK: ttg.local_store
    // CHECK-NEXT: ttng.tensormap_create
    // CHECK-SAME: allocation.offset = 512 : i32
    // CHECK-NEXT: ttg.barrier local
    // CHECK-NEXT: ttg.local_load
    %one = arith.constant 1 : i32
    %a = ttg.local_alloc : () -> !ttg.memdesc<128xf32, #shared, #smem, mutable>
    ttg.local_store %x, %a : tensor<128xf32, #blocked> -> !ttg.memdesc<128xf32, #shared, #smem, mutable>
    ttng.tensormap_create %to, %p, [%one], [%n], [], [%one] {elem_type = 7 : i32, fill_mode = 0 : i32, interleave_layout = 0 : i32, swizzle_mode = 0 : i32} : (!tt.ptr<i8>, !tt.ptr<f32>, i32, i32, i32) -> ()
    %y = ttg.local_load %a : !ttg.memdesc<128xf32, #shared, #smem, mutable> -> tensor<128xf32, #blocked>
    tt.return
  }
}

// -----

#shared = #ttg.nvmma_shared<{swizzlingByteWidth = 32, transposed = false, elementBitWidth = 32}>
#blocked = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // One thread waits until TMA has read a tile. What others did at a barrier before that does not let them write there.
  // CHECK-LABEL: tt.func @behind_a_store_of_tma
  tt.func @behind_a_store_of_tma(%z: !tt.tensordesc<16x8xf32, #shared>, %x: tensor<16x8xf32, #blocked>, %i: i32) {
    %a = ttg.local_alloc : () -> !ttg.memdesc<16x8xf32, #shared, #smem, mutable>
    // CHECK: ttng.async_tma_copy_local_to_global
    // CHECK-NEXT: ttg.barrier local
    // CHECK-NEXT: ttng.async_tma_store_wait
    // CHECK-NEXT: ttg.barrier local
    // CHECK-NEXT: ttg.local_store
    ttng.async_tma_copy_local_to_global %z[%i, %i] %a : !tt.tensordesc<16x8xf32, #shared>, !ttg.memdesc<16x8xf32, #shared, #smem, mutable>
    ttg.barrier local
    ttng.async_tma_store_wait {pendings = 0 : i32}
    ttg.local_store %x, %a : tensor<16x8xf32, #blocked> -> !ttg.memdesc<16x8xf32, #shared, #smem, mutable>
    // CHECK-NEXT: ttng.async_tma_store_wait
    // CHECK-NEXT: tt.return
    ttng.async_tma_store_wait {pendings = 0 : i32}
    tt.return
  }
}
