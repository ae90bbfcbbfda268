// RUN: minilinalg-opt %s --emit ptx --target a100 | filecheck %s
// Products: one mma.sync for each tile and step of k, each sum passed on from step to step.

// CHECK-LABEL: .visible .entry dots(
func.func @dots(%p: i64) attributes {simt.threads = 32 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f32}]} {
  %a = vector.broadcast %p : i64 to vector<1xi64>
  %a4 = vector.broadcast %p : i64 to vector<4xi64>
  %x = simt.load_global %a : vector<1xi64> -> vector<8xf16>
  %xx = vector.shuffle %x, %x [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7] : vector<8xf16>, vector<8xf16>
  %c = arith.constant dense<0.0> : vector<4xf32>
  // CHECK: mov.b32 [[ZERO:%r[0-9]+]], 0;
  // CHECK-NEXT: mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {[[D:%r[0-9]+, %r[0-9]+, %r[0-9]+, %r[0-9]+]]}, {%r1, %r2, %r3, %r4}, {%r1, %r2}, {[[ZERO]], [[ZERO]], [[ZERO]], [[ZERO]]};
  // CHECK-NEXT: mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {[[E:%r[0-9]+, %r[0-9]+, %r[0-9]+, %r[0-9]+]]}, {%r1, %r2, %r3, %r4}, {%r3, %r4}, {[[D]]};
  %d = simt.mma_sync %xx, %x, %c shape 16, 8, 16 tiles 1, 1, 2 : vector<16xf16>, vector<8xf16> -> vector<4xf32>
  // CHECK-NEXT: st.global.v4.b32 [%d1], {[[E]]};
  simt.store_global %a, %d : vector<1xi64>, vector<4xf32>
  // f32 is rounded to tf32 first.
  // CHECK: cvt.rna.tf32.f32 [[T:%r[0-9]+]], {{%r[0-9]+}};
  // CHECK: mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32
  %f = simt.load_global %a : vector<1xi64> -> vector<4xf32>
  %g = vector.shuffle %f, %f [0, 1] : vector<4xf32>, vector<4xf32>
  %h = simt.mma_sync %f, %g, %d shape 16, 8, 8 tiles 1, 1, 1 : vector<4xf32>, vector<2xf32> -> vector<4xf32>
  simt.store_global %a, %h : vector<1xi64>, vector<4xf32>
  // CHECK: mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32
  %i = simt.load_global %a : vector<1xi64> -> vector<16xi8>
  %j = vector.shuffle %i, %i [0, 1, 2, 3, 4, 5, 6, 7] : vector<16xi8>, vector<16xi8>
  %k = arith.constant dense<0> : vector<4xi32>
  %l = simt.mma_sync %i, %j, %k shape 16, 8, 32 tiles 1, 1, 1 : vector<16xi8>, vector<8xi8> -> vector<4xi32>
  simt.store_global %a, %l : vector<1xi64>, vector<4xi32>
  // CHECK: mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%d3, %d4}, {%d2}, {%d2}, {%d2, %d2};
  // Without tensor cores: fused multiply-adds, k in order.
  // CHECK: fma.rn.f32 [[S:%r[0-9]+]], %r14, %r14, %r14;
  // CHECK-NEXT: fma.rn.f32 {{%r[0-9]+}}, %r15, %r15, [[S]];
  %m = arith.constant dense<2.0> : vector<1xf64>
  %n = vector.shuffle %m, %m [0, 0] : vector<1xf64>, vector<1xf64>
  %o = simt.mma_sync %m, %m, %n shape 8, 8, 4 tiles 1, 1, 1 : vector<1xf64>, vector<1xf64> -> vector<2xf64>
  simt.store_global %a, %o : vector<1xi64>, vector<2xf64>
  %q = vector.shuffle %f, %f [0] : vector<4xf32>, vector<4xf32>
  %r = simt.fma_dot %g, %g, %q sizes 1, 1, 2 : vector<2xf32>, vector<2xf32> -> vector<1xf32>
  simt.store_global %a, %r : vector<1xi64>, vector<1xf32>
  return
}
