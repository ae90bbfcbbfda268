// RUN: minilinalg-opt %s --emit ptx --target a100 | filecheck %s
// What lanes tell one another: a shuffle for each register of 32 bits, halves of those of 64, and votes.

// CHECK-LABEL: .visible .entry exchange(
func.func @exchange(%p: i64) attributes {simt.threads = 32 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f32}]} {
  %a = vector.broadcast %p : i64 to vector<1xi64>
  %t = simt.thread_id : vector<1xi32>
  %v = simt.load_global %a : vector<1xi64> -> vector<4xf16>
  // CHECK: shfl.sync.bfly.b32 %r4, %r2, 16, 31, -1;
  // CHECK-NEXT: shfl.sync.bfly.b32 %r5, %r3, 16, 31, -1;
  %c16 = arith.constant dense<16> : vector<1xi32>
  %w = simt.shuffle bfly, %v, %c16 : vector<4xf16>
  // CHECK-NEXT: shfl.sync.up.b32 %r6, %r4, %r1, 0, -1;
  // CHECK-NEXT: shfl.sync.up.b32 %r7, %r5, %r1, 0, -1;
  %x = simt.shuffle up, %w, %t : vector<4xf16>
  // CHECK-NEXT: st.global.v2.b32 [%d1], {%r6, %r7};
  simt.store_global %a, %x : vector<1xi64>, vector<4xf16>
  // CHECK-NEXT: ld.global.b64 %d2, [%d1];
  // CHECK-NEXT: mov.b64 {%r8, %r9}, %d2;
  // CHECK-NEXT: shfl.sync.down.b32 %r10, %r8, %r1, 31, -1;
  // CHECK-NEXT: shfl.sync.down.b32 %r11, %r9, %r1, 31, -1;
  // CHECK-NEXT: mov.b64 %d3, {%r10, %r11};
  %y = simt.load_global %a : vector<1xi64> -> vector<1xi64>
  %z = simt.shuffle down, %y, %t : vector<1xi64>
  simt.store_global %a, %z : vector<1xi64>, vector<1xi64>
  // CHECK: setp.gt.s32 %p1, %r1, 3;
  // CHECK-NEXT: vote.sync.ballot.b32 %r12, %p1, -1;
  // CHECK-NEXT: vote.sync.all.pred %p2, %p1, -1;
  %c3 = arith.constant dense<3> : vector<1xi32>
  %b = arith.cmpi sgt, %t, %c3 : vector<1xi32>
  %m = simt.vote ballot, %b : vector<1xi1> -> vector<1xi32>
  %all = simt.vote all, %b : vector<1xi1> -> vector<1xi1>
  simt.store_global %a, %m mask %all : vector<1xi64>, vector<1xi32>
  return
}
