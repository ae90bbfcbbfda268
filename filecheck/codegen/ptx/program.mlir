// RUN: minilinalg-opt %s --emit ptx --target a100 | filecheck %s
// Which block this is, what all of its threads agree on, and text that is PTX already.

// CHECK-LABEL: .visible .entry program(
func.func @program(%p: i64) attributes {simt.threads = 64 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = i32}]} {
  // CHECK: mov.b32 [[T:%r[0-9]+]], %tid.x;
  // CHECK-NEXT: mov.b32 [[Y:%r[0-9]+]], %ctaid.y;
  // CHECK-NEXT: mov.b32 [[N:%r[0-9]+]], %nctaid.z;
  %t = simt.thread_id : vector<1xi32>
  %y = simt.block_id y : i32
  %n = simt.num_blocks z : i32
  // All threads of a block hold it: a scalar is its register.
  %ys = vector.broadcast %y : i32 to vector<1xi32>
  %u = simt.uniform %ys : vector<1xi32> -> i32
  // CHECK-NEXT: add.s32 [[SUM:%r[0-9]+]], [[Y]], [[N]];
  %sum = arith.addi %u, %n : i32
  %sums = vector.broadcast %sum : i32 to vector<1xi32>
  // CHECK-NEXT: { lop3.b32 [[V:%r[0-9]+]], [[T]], [[SUM]], 0, 0xC0; }
  %v = simt.inline_asm "lop3.b32 $0, $1, $2, 0, 0xC0;" {constraints = "=r,r,r", packed_element = 1 : i32, pure = true}(%t, %sums) : (vector<1xi32>, vector<1xi32>) -> vector<1xi32>
  %ps = vector.broadcast %p : i64 to vector<1xi64>
  // CHECK-NEXT: ld.acquire.gpu.global.b32 [[L:%r[0-9]+]], [%d1];
  %l = simt.atomic_load acquire, gpu, %ps : vector<1xi64> -> vector<1xi32>
  %w = arith.addi %v, %l : vector<1xi32>
  // CHECK: st.release.sys.global.b32 [%d1], {{%r[0-9]+}};
  simt.atomic_store release, sys, %ps, %w : vector<1xi64>, vector<1xi32>
  return
}
