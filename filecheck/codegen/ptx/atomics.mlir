// RUN: minilinalg-opt %s --emit ptx --target a100 | filecheck %s
// Atomics say their order and scope; what nothing uses is no result (`red`).

// CHECK-LABEL: .visible .entry atomics(
func.func @atomics(%p: i64) attributes {simt.threads = 32 : i32, simt.shared = 64 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f32}]} {
  %a = vector.broadcast %p : i64 to vector<1xi64>
  %t = simt.thread_id : vector<1xi32>
  // CHECK: red.relaxed.gpu.global.add.u32 [%d1], %r1;
  %0 = simt.atomic_rmw add, relaxed, gpu, %a, %t : vector<1xi64>, vector<1xi32>
  // CHECK-NEXT: atom.acq_rel.sys.global.max.s32 %r2, [%d1], %r1;
  %1 = simt.atomic_rmw max, acq_rel, sys, %a, %t : vector<1xi64>, vector<1xi32>
  // CHECK-NEXT: atom.relaxed.cta.global.exch.b32 %r3, [%d1], %r2;
  %2 = simt.atomic_rmw exch, relaxed, cta, %a, %1 : vector<1xi64>, vector<1xi32>
  // CHECK-NEXT: atom.acquire.gpu.global.cas.b32 %r4, [%d1], %r3, %r1;
  %3 = simt.atomic_cas acquire, gpu, %a, %2, %t : vector<1xi64>, vector<1xi32>
  // CHECK-NEXT: cvt.rn.f32.s32 %r5, %r4;
  // CHECK-NEXT: setp.lt.s32 %p1, %r1, %r4;
  // CHECK-NEXT: @%p1 red.release.gpu.global.add.f32 [%d1], %r5;
  %f = arith.sitofp %3 : vector<1xi32> to vector<1xf32>
  %b = arith.cmpi slt, %t, %3 : vector<1xi32>
  %4 = simt.atomic_rmw fadd, release, gpu, %a, %f mask %b : vector<1xi64>, vector<1xf32>
  // Of 16 bits, in a register of 16.
  // CHECK: mov.b32 {%h1, %h2}, [[WORD:%r[0-9]+]];
  // CHECK-NEXT: atom.relaxed.gpu.global.add.noftz.f16 %h3, [%d1], %h1;
  // CHECK-NEXT: mov.b32 [[OLD:%r[0-9]+]], {%h3, %h3};
  // CHECK-NEXT: st.global.b16 [%d1], [[OLD]];
  %g = arith.truncf %f : vector<1xf32> to vector<1xf16>
  %5 = simt.atomic_rmw fadd, relaxed, gpu, %a, %g : vector<1xi64>, vector<1xf16>
  simt.store_global %a, %5 : vector<1xi64>, vector<1xf16>
  // CHECK: red.shared.or.b32 [{{%r[0-9]+}}], %r1;
  %c = arith.constant dense<4> : vector<1xi32>
  %at = arith.muli %t, %c : vector<1xi32>
  %6 = simt.atomic_rmw_shared or, %at, %t : vector<1xi32>, vector<1xi32>
  return
}
