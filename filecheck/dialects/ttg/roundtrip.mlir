// RUN: minilinalg-opt %s | filecheck %s
// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s
// RUN: minilinalg-opt --mlir-print-op-generic %s | minilinalg-opt | filecheck %s

// CHECK: #blocked = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
// CHECK: #blocked1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
// CHECK: #blocked2 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [1, 32], warpsPerCTA = [4, 1], order = [1, 0]}>
// CHECK: #blocked3 = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
// CHECK: #blocked4 = #ttg.blocked<{sizePerThread = [1, 1, 4], threadsPerWarp = [4, 1, 8], warpsPerCTA = [4, 1, 1], order = [2, 1, 0]}>
// CHECK: #shared = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
// CHECK: #shared1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0, 1]}>
// CHECK: #smem = #ttg.shared_memory
// CHECK: module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
// CHECK: tt.func @f(%x: tensor<16x32xf32, #blocked>, %i: tensor<16x32xi32, #blocked>, %m: tensor<16x32xi1, #blocked>, %c: i32, %p: i1, %ptr: tensor<16x32x!tt.ptr<f32>, #blocked>, %q: tensor<16x32xi8, #blocked>) {
// CHECK: %0 = ttg.local_alloc : () -> !ttg.memdesc<16x32xi32, #shared, #smem, mutable>
// CHECK: %1 = ttg.local_alloc %x : (tensor<16x32xf32, #blocked>) -> !ttg.memdesc<16x32xf32, #shared, #smem, mutable>
// CHECK: %2 = ttg.local_alloc {alignment = 16 : i32} : () -> !ttg.memdesc<2x16x32xf32, #shared, #smem, mutable>
// CHECK: %3 = ttg.memdesc_index %2[%c] : !ttg.memdesc<2x16x32xf32, #shared, #smem, mutable> -> !ttg.memdesc<16x32xf32, #shared, #smem, mutable>
// CHECK: ttg.local_store %x, %3 : tensor<16x32xf32, #blocked> -> !ttg.memdesc<16x32xf32, #shared, #smem, mutable>
// CHECK: %4 = ttg.local_gather %3[%i] {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #shared, #smem, mutable>, tensor<16x32xi32, #blocked> -> tensor<16x32xf32, #blocked>
// CHECK: ttg.local_scatter %3[%i], %x {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #shared, #smem, mutable>, tensor<16x32xi32, #blocked>, tensor<16x32xf32, #blocked>
// CHECK: %5 = ttg.local_atomic_scatter_rmw fadd, %3[%i], %x, %m {axis = 1 : i32} : (!ttg.memdesc<16x32xf32, #shared, #smem, mutable>, tensor<16x32xf32, #blocked>, tensor<16x32xi32, #blocked>, tensor<16x32xi1, #blocked>) -> tensor<16x32xf32, #blocked>
// CHECK: %6 = ttg.memdesc_reinterpret %3 : !ttg.memdesc<16x32xf32, #shared, #smem, mutable> -> !ttg.memdesc<32x32xf16, #shared, #smem, mutable>
// CHECK: %7 = ttg.predicate_stage %c, %c, %c maxStage 2 stage 1 : i32 -> i1
// CHECK: %8 = "ttg.mask"(%p) ({
// CHECK: ttg.mask.return %c : i32
// CHECK: }) : (i1) -> i32
// CHECK: %9 = ttg.warp_id
// CHECK: %10 = ttg.warp_id {omitUniformHint}
// CHECK: %11 = ttg.warp_specialize(%c) attributes {foo = 1 : i32, requestedRegisters = array<i32: 24>}
// CHECK: default {
// CHECK: ttg.warp_yield %c : i32
// CHECK: }
// CHECK: partition0(%a: i32) num_warps(4) {
// CHECK: ttg.warp_return
// CHECK: } : (i32) -> i32
// CHECK: ttg.warp_specialize()
// CHECK: default {
// CHECK: ttg.warp_yield
// CHECK: }
// CHECK: partition0() num_warps(4) {
// CHECK: ttg.warp_return
// CHECK: } : () -> ()
// CHECK: %12 = ttg.async_copy_global_to_local %ptr, %3 mask %m other %x {contiguity = 4 : i32, isVolatile = true} : tensor<16x32x!tt.ptr<f32>, #blocked> -> <16x32xf32, #shared, #smem, mutable>
// CHECK: %13 = ttg.async_commit_group
// CHECK: %14 = ttg.async_wait {num = 0 : i32}
// CHECK: %15 = ttg.inline_asm "mov $0, $1;" {constraints = "=r,r", pure = true} %c : (i32) -> i32
// CHECK: %16 = ttg.inline_asm "nop;" {constraints = "", pure = false} : () -> i32
// CHECK: %17 = ttg.global_scratch_alloc {alignment = 128 : i32, nbytes = 128 : i32, third_party_allocation} : !tt.ptr<i8>
// CHECK: %18 = ttg.memdesc_subslice %3[8, 0] : !ttg.memdesc<16x32xf32, #shared, #smem, mutable> -> !ttg.memdesc<8x32xf32, #shared, #smem, mutable, 16x32>
// CHECK: %19 = ttg.memdesc_trans %3 {order = array<i32: 1, 0>} : !ttg.memdesc<16x32xf32, #shared, #smem, mutable> -> !ttg.memdesc<32x16xf32, #shared1, #smem, mutable>
// CHECK: %20 = ttg.memdesc_reshape %3 : !ttg.memdesc<16x32xf32, #shared, #smem, mutable> -> !ttg.memdesc<32x16xf32, #shared, #smem, mutable>
// CHECK: %21 = ttg.local_load %3 token %14 : !ttg.memdesc<16x32xf32, #shared, #smem, mutable> -> tensor<16x32xf32, #blocked>
// CHECK: %22 = ttg.async_commit_group tokens %12, %13
// CHECK: %23 = ttg.async_wait %22, %13 {num = 2 : i32}
// CHECK: %24 = ttg.convert_layout %x : tensor<16x32xf32, #blocked> -> tensor<16x32xf32, #blocked1>
// CHECK: %25 = ttg.convert_layout %x {force_warp_shuffle} : tensor<16x32xf32, #blocked> -> tensor<16x32xf32, #blocked2>
// CHECK: %26 = ttg.fp4_to_fp %q {axis = 1 : i32} : tensor<16x32xi8, #blocked> -> tensor<16x64xf16, #blocked3>
// CHECK: %27 = ttg.local_load %3 : !ttg.memdesc<16x32xf32, #shared, #smem, mutable> -> tensor<16x32xf32, #ttg.slice<{dim = 1, parent = #blocked4}>>
// CHECK: %28 = ttg.local_gather %3[%i] token %14 {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #shared, #smem, mutable>, tensor<16x32xi32, #blocked> -> tensor<16x32xf32, #blocked>
// CHECK: ttg.local_scatter %3[%i], %x token %14 {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #shared, #smem, mutable>, tensor<16x32xi32, #blocked>, tensor<16x32xf32, #blocked>
// CHECK: %29 = ttg.local_atomic_scatter_rmw max, %0[%i], %i {axis = 0 : i32} : (!ttg.memdesc<16x32xi32, #shared, #smem, mutable>, tensor<16x32xi32, #blocked>, tensor<16x32xi32, #blocked>) -> tensor<16x32xi32, #blocked>
// CHECK: ttg.barrier local|global_read
// CHECK: ttg.barrier all
// CHECK: ttg.local_dealloc %2 : !ttg.memdesc<2x16x32xf32, #shared, #smem, mutable>
// CHECK: tt.return
// CHECK: }
// CHECK: }

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#s1 = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0, 1]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#b2 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [1, 32], warpsPerCTA = [4, 1], order = [1, 0]}>
#b4 = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b3 = #ttg.blocked<{sizePerThread = [1, 1, 4], threadsPerWarp = [4, 1, 8], warpsPerCTA = [4, 1, 1], order = [2, 1, 0]}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
tt.func @f(%x: tensor<16x32xf32, #b>, %i: tensor<16x32xi32, #b>, %m: tensor<16x32xi1, #b>, %c: i32, %p: i1, %ptr: tensor<16x32x!tt.ptr<f32>, #b>, %q: tensor<16x32xi8, #b>) {
  %1000 = ttg.local_alloc : () -> !ttg.memdesc<16x32xi32, #s, #smem, mutable>
  %0 = ttg.local_alloc %x : (tensor<16x32xf32, #b>) -> !ttg.memdesc<16x32xf32, #s, #smem, mutable>
  %1 = ttg.local_alloc {alignment = 16 : i32} : () -> !ttg.memdesc<2x16x32xf32, #s, #smem, mutable>
  %2 = ttg.memdesc_index %1[%c] : !ttg.memdesc<2x16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<16x32xf32, #s, #smem, mutable>
  ttg.local_store %x, %2 : tensor<16x32xf32, #b> -> !ttg.memdesc<16x32xf32, #s, #smem, mutable>
  %3 = ttg.local_gather %2[%i] {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #s, #smem, mutable>, tensor<16x32xi32, #b> -> tensor<16x32xf32, #b>
  ttg.local_scatter %2[%i], %x {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #s, #smem, mutable>, tensor<16x32xi32, #b>, tensor<16x32xf32, #b>
  %4 = ttg.local_atomic_scatter_rmw fadd, %2[%i], %x, %m {axis = 1 : i32} : (!ttg.memdesc<16x32xf32, #s, #smem, mutable>, tensor<16x32xf32, #b>, tensor<16x32xi32, #b>, tensor<16x32xi1, #b>) -> tensor<16x32xf32, #b>
  %5 = ttg.memdesc_reinterpret %2 : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<32x32xf16, #s, #smem, mutable>
  %6 = ttg.predicate_stage %c, %c, %c maxStage 2 stage 1 : i32 -> i1
  %7 = "ttg.mask"(%p) ({
    ttg.mask.return %c : i32
  }) : (i1) -> i32
  %8 = ttg.warp_id
  %9 = ttg.warp_id {omitUniformHint}
  %10 = ttg.warp_specialize(%c) attributes {requestedRegisters = array<i32: 24>, foo = 1 : i32}
  default {
    ttg.warp_yield %c : i32
  }
  partition0(%a: i32) num_warps(4) {
    ttg.warp_return
  } : (i32) -> i32
  ttg.warp_specialize()
  default {
    ttg.warp_yield
  }
  partition0() num_warps(4) {
    ttg.warp_return
  } : () -> ()
  %11 = ttg.async_copy_global_to_local %ptr, %2 mask %m other %x {contiguity = 4 : i32, isVolatile = true} : tensor<16x32x!tt.ptr<f32>, #b> -> <16x32xf32, #s, #smem, mutable>
  %12 = ttg.async_commit_group
  %13 = ttg.async_wait {num = 0 : i32}
  %14 = ttg.inline_asm "mov $0, $1;" {constraints = "=r,r", pure = true} %c : (i32) -> i32
  %15 = ttg.inline_asm "nop;" {constraints = "", pure = false} : () -> i32
  %16 = ttg.global_scratch_alloc {alignment = 128 : i32, nbytes = 128 : i32, third_party_allocation} : !tt.ptr<i8>
  %17 = ttg.memdesc_subslice %2[8, 0] : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<8x32xf32, #s, #smem, mutable, 16x32>
  %18 = ttg.memdesc_trans %2 {order = array<i32: 1, 0>} : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<32x16xf32, #s1, #smem, mutable>
  %19 = ttg.memdesc_reshape %2 : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<32x16xf32, #s, #smem, mutable>
  %20 = ttg.local_load %2 token %13 : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> tensor<16x32xf32, #b>
  %21 = ttg.async_commit_group tokens %11, %12
  %22 = ttg.async_wait %21, %12 {num = 2 : i32}
  %23 = ttg.convert_layout %x : tensor<16x32xf32, #b> -> tensor<16x32xf32, #b1>
  %24 = ttg.convert_layout %x {force_warp_shuffle} : tensor<16x32xf32, #b> -> tensor<16x32xf32, #b2>
  %25 = ttg.fp4_to_fp %q {axis = 1 : i32} : tensor<16x32xi8, #b> -> tensor<16x64xf16, #b4>
  %26 = ttg.local_load %2 : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> tensor<16x32xf32, #ttg.slice<{dim = 1, parent = #b3}>>
  %27 = ttg.local_gather %2[%i] token %13 {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #s, #smem, mutable>, tensor<16x32xi32, #b> -> tensor<16x32xf32, #b>
  ttg.local_scatter %2[%i], %x token %13 {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #s, #smem, mutable>, tensor<16x32xi32, #b>, tensor<16x32xf32, #b>
  %28 = ttg.local_atomic_scatter_rmw max, %1000[%i], %i {axis = 0 : i32} : (!ttg.memdesc<16x32xi32, #s, #smem, mutable>, tensor<16x32xi32, #b>, tensor<16x32xi32, #b>) -> tensor<16x32xi32, #b>
  ttg.barrier local|global_read
  ttg.barrier all
  ttg.local_dealloc %1 : !ttg.memdesc<2x16x32xf32, #s, #smem, mutable>
  tt.return
}
}
