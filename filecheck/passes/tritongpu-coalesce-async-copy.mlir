// RUN: minilinalg-opt %s --tritongpu-coalesce-async-copy | filecheck %s
// RUN: minilinalg-opt %s --tritongpu-coalesce-async-copy --remarks 2>&1 | filecheck %s --check-prefix=REMARK

#wide = #ttg.blocked<{sizePerThread = [1, 16], threadsPerWarp = [8, 4], warpsPerCTA = [4, 1], order = [1, 0]}>
#line = #ttg.blocked<{sizePerThread = [8], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#linear = #ttg.linear<{register = [[0, 1], [0, 2], [0, 4], [0, 8], [32, 0]], lane = [[0, 16], [0, 32], [1, 0], [2, 0], [4, 0]], warp = [[8, 0], [16, 0]], block = []}>
#narrow = #ttg.swizzled_shared<{vec = 8, perPhase = 2, maxPhase = 8, order = [1, 0]}>
#plain = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#flat = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // What masks a copy, and what it leaves, comes along.
  // CHECK-LABEL: @eight_neighbours_in_shared_memory
  // CHECK-NEXT: %0 = ttg.convert_layout %p : tensor<64x64x!tt.ptr<i8>, #blocked> -> tensor<64x64x!tt.ptr<i8>, #blocked1>
  // CHECK-NEXT: %1 = ttg.convert_layout %m : tensor<64x64xi1, #blocked> -> tensor<64x64xi1, #blocked1>
  // CHECK-NEXT: %2 = ttg.convert_layout %x : tensor<64x64xi8, #blocked> -> tensor<64x64xi8, #blocked1>
  // CHECK-NEXT: ttg.async_copy_global_to_local %0, %b mask %1 other %2 {contiguity = 8 : i32}
  // REMARK: remark: [tritongpu-coalesce-async-copy] 8 elements in a thread, not 16: one instruction moves them
  tt.func @eight_neighbours_in_shared_memory(%p: tensor<64x64x!tt.ptr<i8>, #wide>, %m: tensor<64x64xi1, #wide>, %x: tensor<64x64xi8, #wide>, %b: !ttg.memdesc<64x64xi8, #narrow, #smem, mutable>) {
    %0 = ttg.async_copy_global_to_local %p, %b mask %m other %x {contiguity = 16 : i32} : tensor<64x64x!tt.ptr<i8>, #wide> -> <64x64xi8, #narrow, #smem, mutable>
    tt.return
  }

  // 16 bytes are 8 elements.
  // CHECK-LABEL: @sixteen_bytes_at_most
  // CHECK: ttg.async_copy_global_to_local {{.*}} : tensor<64x64x!tt.ptr<f16>, #blocked1>
  tt.func @sixteen_bytes_at_most(%p: tensor<64x64x!tt.ptr<f16>, #wide>, %b: !ttg.memdesc<64x64xf16, #plain, #smem, mutable>) {
    %0 = ttg.async_copy_global_to_local %p, %b : tensor<64x64x!tt.ptr<f16>, #wide> -> <64x64xf16, #plain, #smem, mutable>
    tt.return
  }

  // CHECK-LABEL: @as_few_as_are_known_to_be_neighbours
  // CHECK: ttg.async_copy_global_to_local {{.*}} {contiguity = 2 : i32} : tensor<1024x!tt.ptr<f16>, #blocked3>
  tt.func @as_few_as_are_known_to_be_neighbours(%p: tensor<1024x!tt.ptr<f16>, #line>, %b: !ttg.memdesc<1024xf16, #flat, #smem, mutable>) {
    %0 = ttg.async_copy_global_to_local %p, %b {contiguity = 2 : i32} : tensor<1024x!tt.ptr<f16>, #line> -> <1024xf16, #flat, #smem, mutable>
    tt.return
  }

  // CHECK-LABEL: @keep_what_one_instruction_moves
  // CHECK-NOT: ttg.convert_layout
  tt.func @keep_what_one_instruction_moves(%p: tensor<64x64x!tt.ptr<i8>, #wide>, %b: !ttg.memdesc<64x64xi8, #plain, #smem, mutable>) {
    %0 = ttg.async_copy_global_to_local %p, %b {contiguity = 16 : i32} : tensor<64x64x!tt.ptr<i8>, #wide> -> <64x64xi8, #plain, #smem, mutable>
    tt.return
  }

  // CHECK-LABEL: @keep_layouts_that_are_not_blocked
  // CHECK-NOT: ttg.convert_layout
  tt.func @keep_layouts_that_are_not_blocked(%p: tensor<64x64x!tt.ptr<i8>, #linear>, %b: !ttg.memdesc<64x64xi8, #narrow, #smem, mutable>) {
    %0 = ttg.async_copy_global_to_local %p, %b : tensor<64x64x!tt.ptr<i8>, #linear> -> <64x64xi8, #narrow, #smem, mutable>
    tt.return
  }
}
