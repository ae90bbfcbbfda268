// RUN: minilinalg-opt %s --emit ptx --target h200 | filecheck %s
// Accesses are as wide as their types say; a constant of an address stands in the instruction.

// CHECK: .extern .shared .align 1024 .b8 shared_memory[];
// CHECK-LABEL: .visible .entry memory(
func.func @memory(%p: i64) attributes {simt.threads = 128 : i32, simt.shared = 8192 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f32}]} {
  // CHECK: mov.b32 %r1, %tid.x;
  // CHECK-NEXT: mul.wide.s32 %d2, %r1, 16;
  // CHECK-NEXT: add.s64 %d3, %d1, %d2;
  %t = simt.thread_id : vector<1xi32>
  %c4 = arith.constant dense<4> : vector<1xi32>
  %t1 = arith.extsi %t : vector<1xi32> to vector<1xi64>
  %c16 = arith.constant dense<16> : vector<1xi64>
  %t16 = arith.muli %t1, %c16 : vector<1xi64>
  %o = vector.broadcast %p : i64 to vector<1xi64>
  %a0 = arith.addi %o, %t16 : vector<1xi64>
  %a1 = vector.shuffle %a0, %a0 [0, 0] : vector<1xi64>, vector<1xi64>
  %c = arith.constant dense<[0, 2048]> : vector<2xi64>
  %a = arith.addi %a1, %c : vector<2xi64>
  // CHECK-NEXT: ld.global.cg.v4.b32 {%r2, %r3, %r4, %r5}, [%d3];
  // CHECK-NEXT: ld.global.cg.v4.b32 {%r6, %r7, %r8, %r9}, [%d3+2048];
  %v = simt.load_global %a {cachePolicy = #tt.cache_policy<cache_modifier = cg, eviction_policy = evict_normal>} : vector<2xi64> -> vector<8xf32>
  // A swizzle: bits that the thread has none of are added, by the instruction.
  // CHECK-NEXT: shl.b32 %r10, %r1, 4;
  // CHECK-NEXT: xor.b32 %r11, %r10, 32;
  // CHECK-NEXT: mov.b32 %r12, shared_memory;
  // CHECK-NEXT: add.s32 %r13, %r12, %r11;
  // CHECK-NEXT: st.shared.v4.b32 [%r13], {%r2, %r3, %r4, %r5};
  // CHECK-NEXT: st.shared.v4.b32 [%r13+4096], {%r6, %r7, %r8, %r9};
  %s0 = arith.shli %t, %c4 : vector<1xi32>
  %s1 = vector.shuffle %s0, %s0 [0, 0] : vector<1xi32>, vector<1xi32>
  %d = arith.constant dense<[32, 4128]> : vector<2xi32>
  %s = arith.xori %s1, %d : vector<2xi32>
  simt.store_shared %s, %v : vector<2xi32>, vector<8xf32>
  // CHECK-NEXT: bar.sync 0;
  simt.barrier
  // CHECK-NEXT: ld.shared.v2.b64 {%d4, %d5}, [shared_memory+64];
  %e = arith.constant dense<64> : vector<1xi32>
  %w = simt.load_shared %e : vector<1xi32> -> vector<2xi64>
  // CHECK-NEXT: st.global.cs.v2.b64 [%d3], {%d4, %d5};
  simt.store_global %a0, %w {cachePolicy = #tt.cache_policy<cache_modifier = cs, eviction_policy = evict_normal>} : vector<1xi64>, vector<2xi64>
  // CHECK-NEXT: ld.volatile.global.v2.b32 {%r14, %r15}, [%d3];
  %x = simt.load_global %a0 {volatile} : vector<1xi64> -> vector<2xf32>
  // A negative constant is added: PTX takes no difference.
  // CHECK-NEXT: ld.global.b32 %r16, [%d3+-4];
  // CHECK-NEXT: st.global.b32 [%d3], %r16;
  %cm4 = arith.constant dense<-4> : vector<1xi64>
  %before = arith.addi %a0, %cm4 : vector<1xi64>
  %y = simt.load_global %before : vector<1xi64> -> vector<1xf32>
  simt.store_global %a0, %y : vector<1xi64>, vector<1xf32>
  // CHECK-NEXT: add.s32 [[ROW:%r[0-9]+]], %r12, %r10;
  // CHECK-NEXT: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [[MATRICES:.*]], [[[ROW]]];
  %f = simt.ldmatrix %s0, 4 {transpose} : vector<1xi32> -> vector<8xf16>
  // CHECK-NEXT: stmatrix.sync.aligned.m8n8.x4.shared.b16 [[[ROW]]], [[MATRICES]];
  simt.stmatrix %s0, %f, 4 : vector<1xi32>, vector<8xf16>
  // CHECK: ret;
  return
}
