// RUN: minilinalg-opt %s --emit ptx --target a100 | filecheck %s
// Loops and branches are labels; what is carried has registers of its own, moved into all at once.

// CHECK-LABEL: .visible .entry loops(
func.func @loops(%p: i64, %n: i32) attributes {simt.threads = 32 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = i32}, {name = "n", kind = "scalar", type = i32}]} {
  %a = vector.broadcast %p : i64 to vector<1xi64>
  %t = simt.thread_id : vector<1xi32>
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c7 = arith.constant dense<7> : vector<1xi32>
  // CHECK: mov.b32 [[X:%r[0-9]+]], %r2;
  // CHECK-NEXT: mov.b32 [[Y:%r[0-9]+]], 7;
  // CHECK-NEXT: mov.b32 [[I:%r[0-9]+]], 0;
  // CHECK-NEXT: setp.ge.s32 [[NONE:%p[0-9]+]], [[I]], %r1;
  // CHECK-NEXT: @[[NONE]] bra.uni $done_2;
  // CHECK-NEXT: $loop_1:
  // The two change places: one is saved first.
  // CHECK-NEXT: mov.b32 [[OLD:%r[0-9]+]], [[Y]];
  // CHECK-NEXT: mov.b32 [[OTHER:%r[0-9]+]], [[X]];
  // CHECK-NEXT: mov.b32 [[X]], [[OLD]];
  // CHECK-NEXT: mov.b32 [[Y]], [[OTHER]];
  // CHECK-NEXT: sub.s32 [[LEFT:%r[0-9]+]], %r1, [[I]];
  // CHECK-NEXT: setp.gt.u32 [[MORE:%p[0-9]+]], [[LEFT]], 1;
  // CHECK-NEXT: add.s32 [[I]], [[I]], 1;
  // CHECK-NEXT: @[[MORE]] bra.uni $loop_1;
  // CHECK-NEXT: $done_2:
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %t, %y = %c7) -> (vector<1xi32>, vector<1xi32>) : i32 {
    scf.yield %y, %x : vector<1xi32>, vector<1xi32>
  }
  simt.store_global %a, %r#0 : vector<1xi64>, vector<1xi32>
  simt.store_global %a, %r#1 : vector<1xi64>, vector<1xi32>
  // CHECK: setp.gt.s32 [[IF:%p[0-9]+]], %r1, 0;
  // CHECK-NEXT: @![[IF]] bra.uni $else_3;
  // CHECK-NEXT: mov.b32 [[Z:%r[0-9]+]], [[X]];
  // CHECK-NEXT: bra.uni $done_4;
  // CHECK-NEXT: $else_3:
  // CHECK-NEXT: mov.b32 [[Z]], [[Y]];
  // CHECK-NEXT: $done_4:
  // CHECK-NEXT: st.global.b32 [%d1], [[Z]];
  %b = arith.cmpi sgt, %n, %c0 : i32
  %z = scf.if %b -> (vector<1xi32>) {
    scf.yield %r#0 : vector<1xi32>
  } else {
    scf.yield %r#1 : vector<1xi32>
  }
  simt.store_global %a, %z : vector<1xi64>, vector<1xi32>
  // CHECK: $loop_5:
  // CHECK-NEXT: setp.lt.s32 [[ON:%p[0-9]+]], [[W:%r[0-9]+]], 100;
  // CHECK-NEXT: mov.b32 [[OUT:%r[0-9]+]], [[W]];
  // CHECK-NEXT: @![[ON]] bra.uni $done_6;
  // CHECK-NEXT: add.s32 [[NEXT:%r[0-9]+]], [[OUT]], [[OUT]];
  // CHECK-NEXT: mov.b32 [[W]], [[NEXT]];
  // CHECK-NEXT: bra.uni $loop_5;
  // CHECK-NEXT: $done_6:
  %c100 = arith.constant 100 : i32
  %w = scf.while (%u = %n) : (i32) -> i32 {
    %k = arith.cmpi slt, %u, %c100 : i32
    scf.condition(%k) %u : i32
  } do {
  ^bb0(%v: i32):
    %d = arith.addi %v, %v : i32
    scf.yield %d : i32
  }
  // CHECK-NEXT: st.global.b32 [%d1], [[OUT]];
  %ww = vector.broadcast %w : i32 to vector<1xi32>
  simt.store_global %a, %ww : vector<1xi64>, vector<1xi32>
  return
}
