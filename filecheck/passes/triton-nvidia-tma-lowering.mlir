// RUN: minilinalg-opt %s --triton-nvidia-tma-lowering --split-input-file --verify-diagnostics | filecheck %s

#b = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#shared = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#turned = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = true, elementBitWidth = 16}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // CHECK-LABEL: @products_read_the_buffer
  // CHECK: %[[BUFFER:.*]] = ttg.local_alloc : () -> !ttg.memdesc<64x64xf16, #shared, #smem, mutable>
  // CHECK: ttng.wait_barrier
  // CHECK-NOT: ttg.local_load
  // CHECK: %t = ttg.memdesc_trans %[[BUFFER]] {order = array<i32: 1, 0>} : !ttg.memdesc<64x64xf16, #shared, #smem, mutable> -> !ttg.memdesc<64x64xf16, #{{.*}}, #smem, mutable>
  // CHECK: ttng.warp_group_dot %[[BUFFER]], %t, %c
  tt.func private @products_read_the_buffer(%a: !tt.tensordesc<64x64xf16, #shared>, %i: i32, %c: tensor<64x64xf32, #mma>) -> tensor<64x64xf32, #mma> {
    %v = tt.descriptor_load %a[%i, %i] : !tt.tensordesc<64x64xf16, #shared> -> tensor<64x64xf16, #b>
    %x = ttg.local_alloc %v : (tensor<64x64xf16, #b>) -> !ttg.memdesc<64x64xf16, #shared, #smem>
    %t = ttg.memdesc_trans %x {order = array<i32: 1, 0>} : !ttg.memdesc<64x64xf16, #shared, #smem> -> !ttg.memdesc<64x64xf16, #turned, #smem>
    %d = ttng.warp_group_dot %x, %t, %c : !ttg.memdesc<64x64xf16, #shared, #smem> * !ttg.memdesc<64x64xf16, #turned, #smem> -> tensor<64x64xf32, #mma>
    tt.return %d : tensor<64x64xf32, #mma>
  }

  // Sizes, strides in bytes and boxes begin with the fastest dimension; what is beyond the tensor is NaN.
  // CHECK-LABEL: @a_map_of_its_own
  // CHECK: %[[MAP:.*]] = ttg.global_scratch_alloc {alignment = 128 : i32, nbytes = 128 : i32} : !tt.ptr<i8>
  // CHECK: %[[STRIDE:.*]] = arith.muli %s, %{{.*}} : i64
  // CHECK: ttng.tensormap_create %[[MAP]], %p, [%{{.*}}, %{{.*}}], [%n, %m], [%[[STRIDE]]], [%{{.*}}, %{{.*}}] {elem_type = 6 : i32, fill_mode = 1 : i32, interleave_layout = 0 : i32, swizzle_mode = 3 : i32}
  // CHECK-NEXT: ttng.tensormap_fenceproxy_acquire %[[MAP]]
  // CHECK-NEXT: %[[D:.*]] = ttng.reinterpret_tensor_descriptor %[[MAP]] : !tt.ptr<i8> to !tt.tensordesc<64x64xf16, #shared>
  // CHECK: ttng.async_tma_copy_global_to_local %[[D]]
  tt.func private @a_map_of_its_own(%p: !tt.ptr<f16>, %m: i32, %n: i32, %s: i64) -> tensor<64x64xf16, #b> {
    %one = arith.constant 1 : i64
    %d = tt.make_tensor_descriptor %p, [%m, %n], [%s, %one] {padding = 2 : i32} : <f16>, <64x64xf16, #shared>
    %v = tt.descriptor_load %d[%m, %n] : !tt.tensordesc<64x64xf16, #shared> -> tensor<64x64xf16, #b>
    tt.return %v : tensor<64x64xf16, #b>
  }

  // A buffer in another layout, or one that is written, is another buffer.
  // CHECK-LABEL: @others_store_it_again
  // CHECK: %v = ttg.local_alloc
  // CHECK: %[[V:.*]] = ttg.local_load %v
  // CHECK: ttg.local_alloc %[[V]]
  // CHECK: ttg.local_alloc %[[V]]
  tt.func private @others_store_it_again(%a: !tt.tensordesc<64x64xf16, #shared>, %i: i32) {
    %v = tt.descriptor_load %a[%i, %i] : !tt.tensordesc<64x64xf16, #shared> -> tensor<64x64xf16, #b>
    %x = ttg.local_alloc %v : (tensor<64x64xf16, #b>) -> !ttg.memdesc<64x64xf16, #turned, #smem>
    %y = ttg.local_alloc %v : (tensor<64x64xf16, #b>) -> !ttg.memdesc<64x64xf16, #shared, #smem, mutable>
    tt.return
  }
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
#shared = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // The buffer that a wait hands on is the one that may be written, too.
  // CHECK-LABEL: @read_behind_a_wait
  // CHECK: ttng.warp_group_dot_wait %{{.*}}, %v {pendings = 0 : i32} : tensor<64x64xf32, #mma>, !ttg.memdesc<64x64xf16, #shared, #smem, mutable>
  // CHECK-NEXT: ttg.memdesc_trans {{.*}} : !ttg.memdesc<64x64xf16, #shared, #smem, mutable> -> !ttg.memdesc<64x64xf16, #{{.*}}, #smem, mutable>
  tt.func private @read_behind_a_wait(%a: !tt.tensordesc<64x64xf16, #shared>, %i: i32, %c: tensor<64x64xf32, #mma>) -> tensor<64x64xf32, #mma> {
    %v = tt.descriptor_load %a[%i, %i] : !tt.tensordesc<64x64xf16, #shared> -> tensor<64x64xf16, #b>
    %x = ttg.local_alloc %v : (tensor<64x64xf16, #b>) -> !ttg.memdesc<64x64xf16, #shared, #smem>
    %d = ttng.warp_group_dot %x, %x, %c {isAsync = true} : !ttg.memdesc<64x64xf16, #shared, #smem> * !ttg.memdesc<64x64xf16, #shared, #smem> -> tensor<64x64xf32, #mma>
    %w:2 = ttng.warp_group_dot_wait %d, %x {pendings = 0 : i32} : tensor<64x64xf32, #mma>, !ttg.memdesc<64x64xf16, #shared, #smem>
    %t = ttg.memdesc_trans %w#1 {order = array<i32: 1, 0>} : !ttg.memdesc<64x64xf16, #shared, #smem> -> !ttg.memdesc<64x64xf16, #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = true, elementBitWidth = 16}>, #smem>
    %e = ttng.warp_group_dot %x, %t, %w#0 : !ttg.memdesc<64x64xf16, #shared, #smem> * !ttg.memdesc<64x64xf16, #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = true, elementBitWidth = 16}>, #smem> -> tensor<64x64xf32, #mma>
    tt.return %e : tensor<64x64xf32, #mma>
  }
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#shared = #ttg.nvmma_shared<{swizzlingByteWidth = 0, transposed = false, elementBitWidth = 16}>
#rows = #ttg.slice<{dim = 1, parent = #b}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  tt.func private @rows_are_none_of_its_copies(%a: !tt.tensordesc<1x64xf16, #shared>, %rows: tensor<8xi32, #rows>, %i: i32) {
    // expected-error @+1 {{'tt.descriptor_gather' through a descriptor of the target}}
    %v = tt.descriptor_gather %a[%rows, %i] : (!tt.tensordesc<1x64xf16, #shared>, tensor<8xi32, #rows>, i32) -> tensor<8x64xf16, #b>
    tt.return
  }
}
