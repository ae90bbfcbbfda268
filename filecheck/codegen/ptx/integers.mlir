// RUN: minilinalg-opt %s --emit ptx --target a100 | filecheck %s
// Integers of 32 and 64 bits have registers of their own; those of 8 and 16 are computed with 32. Constants fold, and
// what is computed twice is written once.

// CHECK:      .version 8.0
// CHECK-NEXT: .target sm_80
// CHECK-NEXT: .address_size 64
// CHECK:      .visible .entry integers(
// CHECK-NEXT:     .param .u64 .ptr .global .align 16 integers_param_0,
// CHECK-NEXT:     .param .b32 integers_param_1,
// CHECK-NEXT:     .param .b64 integers_param_2
// CHECK-NEXT: )
// CHECK-NEXT: .maxntid 32, 1, 1
func.func @integers(%p: i64, %n: i32, %m: i64) attributes {simt.threads = 32 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = i32, tt.divisibility = 16 : i32}, {name = "n", kind = "scalar", type = i32},
    {name = "m", kind = "scalar", type = i64}]} {
  // CHECK: ld.param.b64 %d1, [integers_param_0];
  // CHECK: mov.b32 %r2, %tid.x;
  %t = simt.thread_id : vector<1xi32>
  %a = vector.broadcast %p : i64 to vector<1xi64>
  %v = simt.load_global %a : vector<1xi64> -> vector<1xi32>
  // CHECK: div.s32 %r4, %r3, %r2;
  %q = arith.divsi %v, %t : vector<1xi32>
  // CHECK-NEXT: rem.u32 %r5, %r4, %r2;
  %r = arith.remui %q, %t : vector<1xi32>
  // CHECK-NEXT: shr.s32 %r6, %r5, %r2;
  %s = arith.shrsi %r, %t : vector<1xi32>
  // A product with a power of two is a shift.
  // CHECK-NEXT: shl.b32 %r7, %r6, 3;
  %c8 = arith.constant dense<8> : vector<1xi32>
  %k = arith.muli %s, %c8 : vector<1xi32>
  // CHECK-NEXT: max.s32 %r8, %r7, %r2;
  %l = arith.maxsi %k, %t : vector<1xi32>
  // CHECK-NEXT: min.u32 %r9, %r8, %r3;
  %u = arith.minui %l, %v : vector<1xi32>
  // CHECK-NEXT: popc.b32 %r10, %r9;
  %c = math.ctpop %u : vector<1xi32>
  simt.store_global %a, %c : vector<1xi64>, vector<1xi32>
  // A number with sign times a constant is one instruction.
  // CHECK: mul.wide.s32 %d3, %r3, 12;
  %w = arith.extsi %v : vector<1xi32> to vector<1xi64>
  %c12 = arith.constant dense<12> : vector<1xi64>
  %x = arith.muli %w, %c12 : vector<1xi64>
  // CHECK-NEXT: div.u64 %d4, %d3, %d2;
  %mm = vector.broadcast %m : i64 to vector<1xi64>
  %y = arith.divui %x, %mm : vector<1xi64>
  // CHECK-NEXT: st.global.b64 [%d1], %d4;
  simt.store_global %a, %y : vector<1xi64>, vector<1xi64>
  // CHECK-NEXT: ret;
  return
}
