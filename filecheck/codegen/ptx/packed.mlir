// RUN: minilinalg-opt %s --emit ptx --target a100 | filecheck %s
// RUN: minilinalg-opt %s --emit ptx --target h200 | filecheck %s --check-prefix=HOPPER
// Elements of 8 and 16 bits lie side by side in registers of 32: two f16 are added at once, and a shuffle that keeps
// pairs together costs nothing.

// CHECK-LABEL: .visible .entry packed(
func.func @packed(%p: i64, %o: i64) attributes {simt.threads = 32 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f16}, {name = "o", kind = "pointer", type = f16}]} {
  %a = vector.broadcast %p : i64 to vector<1xi64>
  %b = vector.broadcast %o : i64 to vector<1xi64>
  // CHECK: ld.global.v2.b32 {%r1, %r2}, [%d1];
  %v = simt.load_global %a : vector<1xi64> -> vector<4xf16>
  // Pairs change places: no instruction.
  // CHECK-NEXT: add.rn.f16x2 %r3, %r1, %r2;
  // CHECK-NEXT: add.rn.f16x2 %r4, %r2, %r1;
  %s = vector.shuffle %v, %v [2, 3, 0, 1] : vector<4xf16>, vector<4xf16>
  %t = arith.addf %v, %s : vector<4xf16>
  // Elements of different registers are put side by side by one.
  // CHECK-NEXT: prmt.b32 %r5, %r4, %r3, 30224;
  // CHECK-NEXT: prmt.b32 %r6, %r3, %r4, 30224;
  %x = vector.shuffle %t, %t [2, 1, 0, 3] : vector<4xf16>, vector<4xf16>
  // CHECK-NEXT: st.global.v2.b32 [%d2], {%r5, %r6};
  simt.store_global %b, %x : vector<1xi64>, vector<4xf16>
  // Bytes: each is extended, computed with 32 bits, and four are put together again.
  // CHECK: ld.global.b32 %r7, [%d1];
  %q = simt.load_global %a : vector<1xi64> -> vector<4xi8>
  // CHECK: prmt.b32 %r8, %r7, 0, 34944;
  // CHECK: prmt.b32 %r10, %r7, 0, 39313;
  %c = arith.constant dense<3> : vector<4xi8>
  %d = arith.divsi %q, %c : vector<4xi8>
  // CHECK: prmt.b32 [[LOW:%r[0-9]+]], %r9, %r11, 64;
  // CHECK: prmt.b32 [[HIGH:%r[0-9]+]], %r13, %r15, 64;
  // CHECK: prmt.b32 [[ALL:%r[0-9]+]], [[LOW]], [[HIGH]], 21520;
  // CHECK: st.global.b32 [%d2], [[ALL]];
  simt.store_global %b, %d : vector<1xi64>, vector<4xi8>
  // Before capability 9.0, sums of bf16 are fused multiply-adds with 1.
  // CHECK: mov.b32 [[ONE:%r[0-9]+]], 1065369472;
  // CHECK: fma.rn.bf16x2 {{%r[0-9]+}}, {{%r[0-9]+}}, [[ONE]], {{%r[0-9]+}};
  // HOPPER: .target sm_90a
  // HOPPER: add.rn.bf16x2
  %e = simt.load_global %a : vector<1xi64> -> vector<2xbf16>
  %f = arith.addf %e, %e : vector<2xbf16>
  simt.store_global %b, %f : vector<1xi64>, vector<2xbf16>
  return
}
