// RUN: minilinalg-opt %s --emit ptx --target a100 | filecheck %s
// Copies that go on while the threads run: 16 bytes pass by the first cache, and a false mask reads none of them.

// CHECK-LABEL: .visible .entry copies(
func.func @copies(%p: i64, %n: i32) attributes {simt.threads = 32 : i32, simt.shared = 1024 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f32}, {name = "n", kind = "scalar", type = i32}]} {
  %t = simt.thread_id : vector<1xi32>
  %c4 = arith.constant dense<4> : vector<1xi32>
  %to = arith.shli %t, %c4 : vector<1xi32>
  %from = vector.broadcast %p : i64 to vector<1xi64>
  %m = vector.broadcast %n : i32 to vector<1xi32>
  // CHECK: setp.lt.s32 %p1, %r2, %r1;
  %b = arith.cmpi slt, %t, %m : vector<1xi32>
  // CHECK: selp.b32 [[READ:%r[0-9]+]], 16, 0, %p1;
  // CHECK: cp.async.cg.shared.global [{{%r[0-9]+}}], [%d1], 16, [[READ]];
  simt.cp_async %to, %from, 16 mask %b : vector<1xi32>, vector<1xi64>
  // CHECK-NEXT: @%p1 cp.async.ca.shared.global [{{%r[0-9]+}}], [%d1], 4;
  simt.cp_async %to, %from, 4 when %b : vector<1xi32>, vector<1xi64>
  // CHECK-NEXT: cp.async.commit_group;
  simt.cp_async_commit
  // CHECK-NEXT: cp.async.wait_group 1;
  simt.cp_async_wait 1
  return
}
