// RUN: minilinalg-opt %s --emit ptx --target h200 | filecheck %s
// Boxes by TMA: maps are parameters, indices stand the fastest dimension first, one thread begins, all wait.

// CHECK-LABEL: .visible .entry boxes(
// CHECK-NEXT: .param .align 64 .b8 boxes_param_0[128],
func.func @boxes(%map: !simt.tensor_map<8x64xf16, swizzle = 128>, %rows: i32, %columns: i32, %pitch: i64, %one: i64, %n: i32)
    attributes {simt.threads = 32 : i32, simt.shared = 2048 : i32, ml.abi = [
    {name = "map", kind = "descriptor", type = f16, shape = array<i64: 8, 64>}, {name = "rows", kind = "scalar", type = i32},
    {name = "columns", kind = "scalar", type = i32}, {name = "pitch", kind = "scalar", type = i64},
    {name = "one", kind = "scalar", type = i64}, {name = "n", kind = "scalar", type = i32}]} {
  // CHECK: mov.b64 [[P:%d[0-9]+]], boxes_param_0;
  // CHECK-NEXT: cvta.param.u64 [[MAP:%d[0-9]+]], [[P]];
  // CHECK-NEXT: ld.param.b32 [[R:%r[0-9]+]], [boxes_param_1];
  // CHECK-NEXT: ld.param.b32 [[N:%r[0-9]+]], [boxes_param_5];
  %t = simt.thread_id : vector<1xi32>
  %c0 = arith.constant dense<0> : vector<1xi32>
  %zero = arith.constant 0 : i32
  %bar = arith.constant dense<1024> : vector<1xi32>
  // CHECK: setp.eq.s32 [[W:%p[0-9]+]], {{%r[0-9]+}}, 0;
  %w = arith.cmpi eq, %t, %c0 : vector<1xi32>
  // CHECK-NEXT: @[[W]] mbarrier.init.shared::cta.b64 [shared_memory+1024], 1;
  simt.mbarrier_init %bar, 1 when %w : vector<1xi32>
  // CHECK-NEXT: fence.proxy.async.shared::cta;
  simt.fence_async_shared
  // CHECK-NEXT: bar.sync 0;
  simt.barrier
  // CHECK-NEXT: @[[W]] mbarrier.arrive.expect_tx.shared::cta.b64 _, [shared_memory+1024], 1024;
  simt.mbarrier_arrive_expect_tx %bar, 1024 when %w : vector<1xi32>
  // CHECK: mov.b32 [[TO:%r[0-9]+]], shared_memory;
  // CHECK: mov.b32 [[ZERO:%r[0-9]+]], 0;
  // CHECK: add.s32 [[BAR:%r[0-9]+]], [[TO]], 1024;
  // CHECK-NEXT: @[[W]] cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes {{\[}}[[TO]]{{\]}}, {{\[}}[[MAP]], {[[ZERO]], [[N]]}], {{\[}}[[BAR]]{{\]}};
  simt.bulk_tensor_load %map[%n, %zero], %c0, %bar when %w : !simt.tensor_map<8x64xf16, swizzle = 128>
  // CHECK-NEXT: $wait_1:
  // CHECK-NEXT: mbarrier.try_wait.parity.shared::cta.b64 [[DONE:%p[0-9]+]], [shared_memory+1024], 0;
  // CHECK-NEXT: @![[DONE]] bra $wait_1;
  // CHECK-NEXT: $done_2:
  simt.mbarrier_wait %bar, %zero : vector<1xi32>
  // CHECK-NEXT: setp.lt.s32 [[M:%p[0-9]+]], [[N]], [[R]];
  %m = arith.cmpi slt, %n, %rows : i32
  // CHECK-NEXT: @![[M]] bra.uni $done_4;
  // CHECK-NEXT: $wait_3:
  // CHECK-NEXT: mbarrier.try_wait.parity.shared::cta.b64 [[DONE:%p[0-9]+]], [shared_memory+1024], [[N]];
  // CHECK-NEXT: @![[DONE]] bra $wait_3;
  // CHECK-NEXT: $done_4:
  simt.mbarrier_wait %bar, %n when %m : vector<1xi32>
  // CHECK-NEXT: @[[W]] mbarrier.inval.shared::cta.b64 [shared_memory+1024];
  simt.mbarrier_inval %bar when %w : vector<1xi32>
  // CHECK-NEXT: @[[W]] cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group {{\[}}[[MAP]], {[[ZERO]], [[N]]}], {{\[}}[[TO]]{{\]}};
  simt.bulk_tensor_store %map[%n, %zero], %c0 when %w : !simt.tensor_map<8x64xf16, swizzle = 128>
  // CHECK-NEXT: cp.async.bulk.commit_group;
  simt.bulk_commit
  // CHECK-NEXT: cp.async.bulk.wait_group.read 1;
  simt.bulk_wait 1 {read}
  // CHECK-NEXT: cp.async.bulk.wait_group 0;
  simt.bulk_wait 0
  return
}
