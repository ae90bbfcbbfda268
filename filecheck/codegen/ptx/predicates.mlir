// RUN: minilinalg-opt %s --emit ptx --target a100 | filecheck %s
// An i1 is a predicate: it guards accesses, and chooses.

// CHECK-LABEL: .visible .entry predicates(
func.func @predicates(%p: i64, %n: i32) attributes {simt.threads = 64 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f32}, {name = "n", kind = "scalar", type = i32}]} {
  %t = simt.thread_id : vector<1xi32>
  %m = vector.broadcast %n : i32 to vector<1xi32>
  %a = vector.broadcast %p : i64 to vector<1xi64>
  // CHECK: setp.lt.s32 %p1, %r2, %r1;
  %b = arith.cmpi slt, %t, %m : vector<1xi32>
  // CHECK-NEXT: setp.ne.s32 %p2, %r2, 7;
  %c7 = arith.constant dense<7> : vector<1xi32>
  %c = arith.cmpi ne, %t, %c7 : vector<1xi32>
  // CHECK-NEXT: and.pred %p3, %p1, %p2;
  %d = arith.andi %b, %c : vector<1xi1>
  // CHECK-NEXT: mov.b32 %r3, 1065353216;
  // CHECK-NEXT: @%p3 ld.global.b32 %r3, [%d1];
  %one = arith.constant dense<1.0> : vector<1xf32>
  %v = simt.load_global %a mask %d other %one : vector<1xi64> -> vector<1xf32>
  // CHECK-NEXT: setp.gtu.f32 %p4, %r3, 0f3F800000;
  %e = arith.cmpf ugt, %v, %one : vector<1xf32>
  // CHECK-NEXT: selp.b32 %r4, %r3, 1065353216, %p4;
  %s = arith.select %e, %v, %one : vector<1xi1>, vector<1xf32>
  // CHECK-NEXT: @%p3 st.global.b32 [%d1], %r4;
  simt.store_global %a, %s mask %d : vector<1xi64>, vector<1xf32>
  // A mask that is never true leaves nothing.
  %never = arith.constant dense<false> : vector<1xi1>
  simt.store_global %a, %v mask %never : vector<1xi64>, vector<1xf32>
  // CHECK-NEXT: ret;
  return
}
