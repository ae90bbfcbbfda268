// RUN: minilinalg-opt %s --emit ptx --target h200 | filecheck %s
// A tensor map is made by the first warp, in shared memory that was cleared, and copied behind a fence to global memory.

// CHECK: .version 8.3
// CHECK-LABEL: .visible .entry maps(
// CHECK: .param .u64 .ptr .global .align 256 maps_param_3
func.func @maps(%x: i64, %n: i32, %pitch: i64) attributes {
    simt.threads = 128 : i32, simt.shared = 1024 : i32, simt.scratch = 256 : i32, ml.abi = [
    {name = "x", kind = "pointer", type = f16}, {name = "n", kind = "scalar", type = i32},
    {name = "pitch", kind = "scalar", type = i64}]} {
  // CHECK: ld.param.b64 [[X:%d[0-9]+]], [maps_param_0];
  // CHECK: mad.lo.s32 [[ROW:%r[0-9]+]], {{%r[0-9]+}}, {{%r[0-9]+}}, {{%r[0-9]+}};
  // CHECK: mad.lo.s32 [[BLOCK:%r[0-9]+]], [[ROW]], {{%r[0-9]+}}, {{%r[0-9]+}};
  // CHECK: ld.param.b64 [[LENT:%d[0-9]+]], [maps_param_3];
  // CHECK: mad.wide.u32 [[OWN:%d[0-9]+]], [[BLOCK]], 256, [[LENT]];
  %one = arith.constant 1 : i32
  %box = arith.constant 64 : i32
  %shared = arith.constant dense<128> : vector<1xi32>
  // CHECK-DAG: setp.lt.u32 [[WARP:%p[0-9]+]], {{%r[0-9]+}}, 32;
  // CHECK-DAG: setp.eq.s32 [[FIRST:%p[0-9]+]], {{%r[0-9]+}}, 0;
  // CHECK: @[[WARP]] st.shared.b32 [{{%r[0-9]+}}], 0;
  // CHECK-NEXT: bar.warp.sync -1;
  // CHECK-NEXT: @[[FIRST]] tensormap.replace.tile.global_address.shared::cta.b1024.b64 [[[AT:%d[0-9]+]]], [[X]];
  // CHECK-NEXT: @[[FIRST]] tensormap.replace.tile.rank.shared::cta.b1024.b32 [[[AT]]], 1;
  // CHECK: @[[FIRST]] tensormap.replace.tile.global_stride.shared::cta.b1024.b64 [[[AT]]], 0, {{%d[0-9]+}};
  // CHECK: @[[FIRST]] tensormap.replace.tile.elemtype.shared::cta.b1024.b32 [[[AT]]], 6;
  // CHECK-NEXT: @[[FIRST]] tensormap.replace.tile.swizzle_mode.shared::cta.b1024.b32 [[[AT]]], 3;
  // CHECK-NEXT: bar.warp.sync -1;
  // CHECK-NEXT: add.s64 [[MAP:%d[0-9]+]], [[OWN]], 128;
  // CHECK-NEXT: @[[WARP]] tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release.gpu.sync.aligned [[[MAP]]], [[[AT]]], 128;
  %m = simt.global_scratch 128 : i64
  simt.tensormap_create %shared, %m, %x, [%box, %box], [%n, %n], [%pitch], [%one, %one] {elem_type = 6 : i32, fill_mode = 0 : i32, interleave_layout = 0 : i32, swizzle_mode = 3 : i32}
  // CHECK-NEXT: @[[WARP]] fence.proxy.tensormap::generic.acquire.gpu [[[MAP]]], 128;
  simt.tensormap_fenceproxy_acquire %m
  // CHECK: cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [[[MAP]], {
  %c0 = arith.constant dense<0> : vector<1xi32>
  %t = simt.thread_id : vector<1xi32>
  %w = arith.cmpi eq, %t, %c0 : vector<1xi32>
  %d = simt.tensor_map_at %m : !simt.tensor_map<64x64xf16, swizzle = 128>
  simt.bulk_tensor_store %d[%n, %n], %c0 when %w : !simt.tensor_map<64x64xf16, swizzle = 128>
  return
}
