// RUN: minilinalg-opt %s --emit ptx --target h200 | filecheck %s
// Products of a warp group add to their registers in place, from loop to loop; matrices are descriptors, one for each
// tile, whose fixed part is a constant: 1024 / 16 << 32 | 8192 / 16 << 16 | 1 << 62.

// CHECK: .target sm_90a
// CHECK-LABEL: .visible .entry product(
func.func @product(%p: i64, %n: i32) attributes {simt.threads = 128 : i32, simt.shared = 16384 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f32}, {name = "n", kind = "scalar", type = i32}]} {
  %a = vector.broadcast %p : i64 to vector<1xi64>
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %at = arith.constant dense<0> : vector<1xi32>
  %bt = arith.constant dense<8192> : vector<1xi32>
  %zero = arith.constant dense<0.0> : vector<4xf32>
  // CHECK: $loop_1:
  // CHECK-NEXT: fence.proxy.async.shared::cta;
  // CHECK-NEXT: wgmma.fence.sync.aligned;
  // CHECK: or.b64 [[A:%d[0-9]+]], {{%d[0-9]+}}, 4611686293338849280;
  // CHECK-NEXT: add.s64 [[A2:%d[0-9]+]], [[A]], 2;
  // CHECK: or.b64 [[B:%d[0-9]+]], {{%d[0-9]+}}, 4611686293338849280;
  // CHECK-NEXT: add.s64 [[B2:%d[0-9]+]], [[B]], 64;
  // CHECK: wgmma.fence.sync.aligned;
  // CHECK-NEXT: wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {[[C:.*]]}, [[A]], [[B]], [[YES:%p[0-9]+]], 1, 1, 0, 1;
  // CHECK-NEXT: wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {[[C]]}, [[A2]], [[B2]], [[YES]], 1, 1, 0, 1;
  // CHECK-NEXT: wgmma.commit_group.sync.aligned;
  // CHECK-NEXT: wgmma.wait_group.sync.aligned 1;
  // What is carried stays where it is.
  // CHECK-NEXT: sub.s32
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%c = %zero) -> (vector<4xf32>) : i32 {
    simt.fence_async_shared
    simt.wgmma_fence
    %d = simt.wgmma %at, %bt, %c shape 64, 8, 16 tiles 1, 1, 2 {
      a_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32]}>,
      b_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = true, offsets = [0, 1024]}>
    } : vector<1xi32>, vector<1xi32> -> vector<4xf32>
    simt.wgmma_commit
    %e = simt.wgmma_wait 1, %d : vector<4xf32>
    scf.yield %e : vector<4xf32>
  }
  // CHECK: wgmma.wait_group.sync.aligned 0;
  // CHECK-NEXT: st.global.v4.b32 [%d1], {[[C]]};
  %s = simt.wgmma_wait 0, %r : vector<4xf32>
  simt.store_global %a, %s : vector<1xi64>, vector<4xf32>
  // What another operation reads as well is copied first.
  // CHECK: mov.b32
  // CHECK: wgmma.fence.sync.aligned;
  // CHECK-NEXT: wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {[[T:.*]]}, {{%d[0-9]+}}, {{%d[0-9]+}}, {{%p[0-9]+}}, 1, 1, 0, 0;
  %t = simt.wgmma %at, %bt, %s shape 64, 8, 16 tiles 1, 1, 1 {
    a_matrix = #simt.matrix<{element = f16, swizzle = 64, leading = 16, stride = 512, transposed = false, offsets = [0]}>,
    b_matrix = #simt.matrix<{element = f16, swizzle = 64, leading = 16, stride = 512, transposed = false, offsets = [0]}>
  } : vector<1xi32>, vector<1xi32> -> vector<4xf32>
  simt.wgmma_commit
  %u = simt.wgmma_wait 0, %t : vector<4xf32>
  // CHECK: add.rn.f32
  %v = arith.addf %u, %s : vector<4xf32>
  simt.store_global %a, %v : vector<1xi64>, vector<4xf32>
  return
}

// A sum that is scaled in front of the product, which the next turn waits for: it is scaled into the registers in which
// the loop hands it on, so that nothing moves them while the product runs.
// CHECK-LABEL: .visible .entry scaled(
func.func @scaled(%p: i64, %n: i32) attributes {simt.threads = 128 : i32, simt.shared = 16384 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f32}, {name = "n", kind = "scalar", type = i32}]} {
  %a = vector.broadcast %p : i64 to vector<1xi64>
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %at = arith.constant dense<0> : vector<1xi32>
  %zero = arith.constant dense<0.0> : vector<4xf32>
  %half = arith.constant dense<0.5> : vector<4xf32>
  // CHECK: $loop_1:
  // CHECK-NEXT: wgmma.wait_group.sync.aligned 0;
  // CHECK-NEXT: mul.rn.f32 [[HALF:%r[0-9]+]], [[SUM:%r[0-9]+]], 0f3F000000;
  // CHECK: mov.b32 [[SUM]], [[HALF]];
  // CHECK: wgmma.fence.sync.aligned;
  // CHECK-NEXT: wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {[[SUM]], {{.*}}},
  // CHECK-NEXT: wgmma.commit_group.sync.aligned;
  // CHECK-NEXT: sub.s32
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%c = %zero) -> (vector<4xf32>) : i32 {
    %w = simt.wgmma_wait 0, %c : vector<4xf32>
    %s = arith.mulf %w, %half : vector<4xf32>
    simt.wgmma_fence
    %d = simt.wgmma %at, %at, %s shape 64, 8, 16 tiles 1, 1, 1 {
      a_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 16, stride = 1024, transposed = false, offsets = [0]}>,
      b_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 16, stride = 1024, transposed = false, offsets = [0]}>
    } : vector<1xi32>, vector<1xi32> -> vector<4xf32>
    simt.wgmma_commit
    scf.yield %d : vector<4xf32>
  }
  %e = simt.wgmma_wait 0, %r : vector<4xf32>
  simt.store_global %a, %e : vector<1xi64>, vector<4xf32>
  return
}
