// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#s = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#s1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
tt.func @barrier_elements(%bar: !ttg.memdesc<1xi32, #s1, #smem, mutable>) {
  // expected-error @+1 {{'ttng.init_barrier' of !ttg.memdesc<1xi32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>, #ttg.shared_memory, mutable>: a barrier is a mutable row of i64}}
  ttng.init_barrier %bar, 1 : !ttg.memdesc<1xi32, #s1, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#s = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#s1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
tt.func @barrier_constant(%bar: !ttg.memdesc<1xi64, #s1, #smem>) {
  // Stricter than upstream.
  // expected-error @+1 {{'ttng.inval_barrier' of !ttg.memdesc<1xi64, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>, #ttg.shared_memory>: a barrier is a mutable row of i64}}
  ttng.inval_barrier %bar : !ttg.memdesc<1xi64, #s1, #smem>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#s = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#s1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
tt.func @dot_shapes(%bar: !ttg.memdesc<1xi64, #s1, #smem, mutable>, %v: !ttg.memdesc<64x64xf16, #s, #smem, mutable>, %d: !tt.tensordesc<64x64xf16, #s>, %c: tensor<64x64xf32, #mma>, %a: tensor<64x64xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>>, %p: i1, %i: i32, %l: i64, %raw: !tt.ptr<i8>, %w: tensor<64x32xf32, #mma>) {
  // expected-error @+1 {{'ttng.warp_group_dot' of !ttg.memdesc<64x64xf16, #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>, #ttg.shared_memory, mutable> and !ttg.memdesc<64x64xf16, #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>, #ttg.shared_memory, mutable> to tensor<64x32xf32, #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>>: the shapes are m x k, k x n and m x n}}
  %0 = ttng.warp_group_dot %v, %v, %w : !ttg.memdesc<64x64xf16, #s, #smem, mutable> * !ttg.memdesc<64x64xf16, #s, #smem, mutable> -> tensor<64x32xf32, #mma>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#s = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#s1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
tt.func @wait_nothing() {
  // expected-error @+1 {{'ttng.warp_group_dot_wait' of 0 values with 0 results: a result for each value, one at least}}
  "ttng.warp_group_dot_wait"() <{pendings = 0 : i32}> : () -> ()
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#s = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#s1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
tt.func @wait_negative(%c: tensor<64x64xf32, #mma>) {
  // Stricter than upstream.
  // expected-error @+1 {{'ttng.warp_group_dot_wait' for -1 dots: at least 0}}
  %0 = ttng.warp_group_dot_wait %c {pendings = -1 : i32} : tensor<64x64xf32, #mma>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#s = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#s1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
tt.func @copy_indices(%bar: !ttg.memdesc<1xi64, #s1, #smem, mutable>, %v: !ttg.memdesc<64x64xf16, #s, #smem, mutable>, %d: !tt.tensordesc<64x64xf16, #s>, %c: tensor<64x64xf32, #mma>, %a: tensor<64x64xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>>, %p: i1, %i: i32, %l: i64, %raw: !tt.ptr<i8>) {
  // expected-error @+1 {{'ttng.async_tma_copy_local_to_global' of !tt.tensordesc<64x64xf16, #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>> at 1 indices: one for each dimension}}
  ttng.async_tma_copy_local_to_global %d[%i] %v : !tt.tensordesc<64x64xf16, #s>, !ttg.memdesc<64x64xf16, #s, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#s = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#s1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
tt.func @copy_shape(%bar: !ttg.memdesc<1xi64, #s1, #smem, mutable>, %v: !ttg.memdesc<64x64xf16, #s, #smem, mutable>, %d: !tt.tensordesc<64x64xf16, #s>, %c: tensor<64x64xf32, #mma>, %a: tensor<64x64xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>>, %p: i1, %i: i32, %l: i64, %raw: !tt.ptr<i8>, %w: !ttg.memdesc<32x64xf16, #s, #smem, mutable>) {
  // expected-error @+1 {{'ttng.async_tma_copy_local_to_global' between !tt.tensordesc<64x64xf16, #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>> and !ttg.memdesc<32x64xf16, #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>, #ttg.shared_memory, mutable>: both have the same element type, and the same shape but for dimensions of size 1}}
  ttng.async_tma_copy_local_to_global %d[%i, %i] %w : !tt.tensordesc<64x64xf16, #s>, !ttg.memdesc<32x64xf16, #s, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#s = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#s1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
tt.func @copy_constant(%bar: !ttg.memdesc<1xi64, #s1, #smem, mutable>, %v: !ttg.memdesc<64x64xf16, #s, #smem, mutable>, %d: !tt.tensordesc<64x64xf16, #s>, %c: tensor<64x64xf32, #mma>, %a: tensor<64x64xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>>, %p: i1, %i: i32, %l: i64, %raw: !tt.ptr<i8>, %w: !ttg.memdesc<64x64xf16, #s, #smem>) {
  // expected-error @+1 {{'ttng.async_tma_copy_global_to_local' writes !ttg.memdesc<64x64xf16, #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>, #ttg.shared_memory>: a view that is written is mutable}}
  ttng.async_tma_copy_global_to_local %d[%i, %i] %w, %bar, %p : !tt.tensordesc<64x64xf16, #s>, !ttg.memdesc<1xi64, #s1, #smem, mutable> -> !ttg.memdesc<64x64xf16, #s, #smem>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#s = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#s1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
tt.func @copy_volatile(%bar: !ttg.memdesc<1xi64, #s1, #smem, mutable>, %v: !ttg.memdesc<64x64xf16, #s, #smem, mutable>, %d: !tt.tensordesc<64x64xf16, #s>, %c: tensor<64x64xf32, #mma>, %a: tensor<64x64xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>>, %p: i1, %i: i32, %l: i64, %raw: !tt.ptr<i8>) {
  // expected-error @+1 {{'ttng.async_tma_copy_global_to_local' is volatile: TMA has no such copies}}
  ttng.async_tma_copy_global_to_local %d[%i, %i] %v, %bar, %p {isVolatile = true} : !tt.tensordesc<64x64xf16, #s>, !ttg.memdesc<1xi64, #s1, #smem, mutable> -> !ttg.memdesc<64x64xf16, #s, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#s = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#s1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
tt.func @create_counts(%bar: !ttg.memdesc<1xi64, #s1, #smem, mutable>, %v: !ttg.memdesc<64x64xf16, #s, #smem, mutable>, %d: !tt.tensordesc<64x64xf16, #s>, %c: tensor<64x64xf32, #mma>, %a: tensor<64x64xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>>, %p: i1, %i: i32, %l: i64, %raw: !tt.ptr<i8>) {
  // expected-error @+1 {{'ttng.tensormap_create' of 2 box sizes, 1 sizes, 1 strides and 2 element strides: one to five, as many of each, but one stride less}}
  ttng.tensormap_create %raw, %raw, [%i, %i], [%i], [%l], [%i, %i] {elem_type = 6 : i32, fill_mode = 0 : i32, interleave_layout = 0 : i32, swizzle_mode = 3 : i32} : (!tt.ptr<i8>, !tt.ptr<i8>, i32, i32, i32, i64, i32, i32) -> ()
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#s = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#s1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
tt.func @create_mode(%bar: !ttg.memdesc<1xi64, #s1, #smem, mutable>, %v: !ttg.memdesc<64x64xf16, #s, #smem, mutable>, %d: !tt.tensordesc<64x64xf16, #s>, %c: tensor<64x64xf32, #mma>, %a: tensor<64x64xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>>, %p: i1, %i: i32, %l: i64, %raw: !tt.ptr<i8>) {
  // expected-error @+1 {{'ttng.tensormap_create' with fill_mode 2: it is from 0 to 1}}
  ttng.tensormap_create %raw, %raw, [%i, %i], [%i, %i], [%l], [%i, %i] {elem_type = 6 : i32, fill_mode = 2 : i32, interleave_layout = 0 : i32, swizzle_mode = 3 : i32} : (!tt.ptr<i8>, !tt.ptr<i8>, i32, i32, i32, i32, i64, i32, i32) -> ()
  tt.return
}

// -----

#flat = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
tt.func @never(%bar: !ttg.memdesc<1xi64, #flat, #smem, mutable>) {
  // expected-error @+1 {{'ttng.arrive_barrier' 0 times: at least once}}
  ttng.arrive_barrier %bar, 0 : !ttg.memdesc<1xi64, #flat, #smem, mutable>
  tt.return
}
