// RUN: minilinalg-opt %s | filecheck %s
// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s
// RUN: minilinalg-opt --mlir-print-op-generic %s | minilinalg-opt | filecheck %s

// CHECK: #mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
// CHECK: #shared = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
// CHECK: #shared1 = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
// CHECK: #smem = #ttg.shared_memory
// CHECK: module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
// CHECK: tt.func @f(%bar: !ttg.memdesc<1xi64, #shared, #smem, mutable>, %v: !ttg.memdesc<64x64xf16, #shared1, #smem, mutable>, %d: !tt.tensordesc<64x64xf16, #shared1>, %c: tensor<64x64xf32, #mma>, %a: tensor<64x64xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>>, %p: i1, %i: i32, %l: i64, %raw: !tt.ptr<i8>) {
// CHECK: ttng.init_barrier %bar, 1 : !ttg.memdesc<1xi64, #shared, #smem, mutable>
// CHECK: ttng.barrier_expect %bar, 8192, %p : !ttg.memdesc<1xi64, #shared, #smem, mutable>
// CHECK: ttng.barrier_expect %bar, 8192 {fromCTA = 0 : i32}, %p : !ttg.memdesc<1xi64, #shared, #smem, mutable>
// CHECK: ttng.arrive_barrier %bar, 2 : !ttg.memdesc<1xi64, #shared, #smem, mutable>
// CHECK: ttng.arrive_barrier %bar, 1, %p : !ttg.memdesc<1xi64, #shared, #smem, mutable>
// CHECK: ttng.async_tma_copy_global_to_local %d[%i, %i] %v, %bar, %p : !tt.tensordesc<64x64xf16, #shared1>, !ttg.memdesc<1xi64, #shared, #smem, mutable> -> !ttg.memdesc<64x64xf16, #shared1, #smem, mutable>
// CHECK: ttng.wait_barrier %bar, %i : !ttg.memdesc<1xi64, #shared, #smem, mutable>
// CHECK: ttng.wait_barrier %bar, %i, %p deps %v : !ttg.memdesc<1xi64, #shared, #smem, mutable>, !ttg.memdesc<64x64xf16, #shared1, #smem, mutable>
// CHECK: ttng.inval_barrier %bar : !ttg.memdesc<1xi64, #shared, #smem, mutable>
// CHECK: ttng.fence_async_shared {bCluster = false}
// CHECK: %0 = ttng.warp_group_dot %v, %v, %c {inputPrecision = 0 : i32, isAsync = true} : !ttg.memdesc<64x64xf16, #shared1, #smem, mutable> * !ttg.memdesc<64x64xf16, #shared1, #smem, mutable> -> tensor<64x64xf32, #mma>
// CHECK: %1 = ttng.warp_group_dot %a, %v, %c, %p : tensor<64x64xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>> * !ttg.memdesc<64x64xf16, #shared1, #smem, mutable> -> tensor<64x64xf32, #mma>
// CHECK: %2:2 = ttng.warp_group_dot_wait %0, %v {pendings = 1 : i32} : tensor<64x64xf32, #mma>, !ttg.memdesc<64x64xf16, #shared1, #smem, mutable>
// CHECK: ttng.async_tma_copy_local_to_global %d[%i, %i] %v : !tt.tensordesc<64x64xf16, #shared1>, !ttg.memdesc<64x64xf16, #shared1, #smem, mutable>
// CHECK: ttng.async_tma_store_wait {pendings = 0 : i32, read_only}
// CHECK: ttng.tensormap_create %raw, %raw, [%i, %i], [%i, %i], [%l], [%i, %i] {elem_type = 6 : i32, fill_mode = 0 : i32, interleave_layout = 0 : i32, swizzle_mode = 3 : i32} : (!tt.ptr<i8>, !tt.ptr<i8>, i32, i32, i32, i32, i64, i32, i32) -> ()
// CHECK: ttng.tensormap_fenceproxy_acquire %raw : !tt.ptr<i8>
// CHECK: %3 = ttng.reinterpret_tensor_descriptor %raw : !tt.ptr<i8> to !tt.tensordesc<64x64xf16, #shared1>
// CHECK: tt.return
// CHECK: }
// CHECK: }

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#s = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#s1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
tt.func @f(%bar: !ttg.memdesc<1xi64, #s1, #smem, mutable>, %v: !ttg.memdesc<64x64xf16, #s, #smem, mutable>, %d: !tt.tensordesc<64x64xf16, #s>, %c: tensor<64x64xf32, #mma>, %a: tensor<64x64xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>>, %p: i1, %i: i32, %l: i64, %raw: !tt.ptr<i8>) {
  ttng.init_barrier %bar, 1 : !ttg.memdesc<1xi64, #s1, #smem, mutable>
  ttng.barrier_expect %bar, 8192, %p : !ttg.memdesc<1xi64, #s1, #smem, mutable>
  ttng.barrier_expect %bar, 8192 {fromCTA = 0 : i32}, %p : !ttg.memdesc<1xi64, #s1, #smem, mutable>
  ttng.arrive_barrier %bar, 2 : !ttg.memdesc<1xi64, #s1, #smem, mutable>
  ttng.arrive_barrier %bar, 1, %p : !ttg.memdesc<1xi64, #s1, #smem, mutable>
  ttng.async_tma_copy_global_to_local %d[%i, %i] %v, %bar, %p : !tt.tensordesc<64x64xf16, #s>, !ttg.memdesc<1xi64, #s1, #smem, mutable> -> !ttg.memdesc<64x64xf16, #s, #smem, mutable>
  ttng.wait_barrier %bar, %i : !ttg.memdesc<1xi64, #s1, #smem, mutable>
  ttng.wait_barrier %bar, %i, %p deps %v : !ttg.memdesc<1xi64, #s1, #smem, mutable>, !ttg.memdesc<64x64xf16, #s, #smem, mutable>
  ttng.inval_barrier %bar : !ttg.memdesc<1xi64, #s1, #smem, mutable>
  ttng.fence_async_shared {bCluster = false}
  %0 = ttng.warp_group_dot %v, %v, %c {inputPrecision = 0 : i32, isAsync = true} : !ttg.memdesc<64x64xf16, #s, #smem, mutable> * !ttg.memdesc<64x64xf16, #s, #smem, mutable> -> tensor<64x64xf32, #mma>
  %1 = ttng.warp_group_dot %a, %v, %c, %p : tensor<64x64xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>> * !ttg.memdesc<64x64xf16, #s, #smem, mutable> -> tensor<64x64xf32, #mma>
  %2:2 = ttng.warp_group_dot_wait %0, %v {pendings = 1 : i32} : tensor<64x64xf32, #mma>, !ttg.memdesc<64x64xf16, #s, #smem, mutable>
  ttng.async_tma_copy_local_to_global %d[%i, %i] %v : !tt.tensordesc<64x64xf16, #s>, !ttg.memdesc<64x64xf16, #s, #smem, mutable>
  ttng.async_tma_store_wait {pendings = 0 : i32, read_only}
  ttng.tensormap_create %raw, %raw, [%i, %i], [%i, %i], [%l], [%i, %i] {elem_type = 6 : i32, fill_mode = 0 : i32, interleave_layout = 0 : i32, swizzle_mode = 3 : i32} : (!tt.ptr<i8>, !tt.ptr<i8>, i32, i32, i32, i32, i64, i32, i32) -> ()
  ttng.tensormap_fenceproxy_acquire %raw : !tt.ptr<i8>
  %3 = ttng.reinterpret_tensor_descriptor %raw : !tt.ptr<i8> to !tt.tensordesc<64x64xf16, #s>
  tt.return
}
}
