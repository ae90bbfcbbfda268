// RUN: minilinalg-opt %s | filecheck %s
// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s
// RUN: minilinalg-opt --mlir-print-op-generic %s | minilinalg-opt | filecheck %s

// What differs between threads is a vector of registers; what does not is a scalar.
// CHECK-LABEL: func.func @program
func.func @program() -> i32 attributes {simt.threads = 128 : i32} {
  // CHECK: %t = simt.thread_id : vector<1xi32>
  // CHECK: %x = simt.block_id x : i32
  // CHECK: %n = simt.num_blocks z : i32
  // CHECK: %u = simt.uniform %t : vector<1xi32> -> i32
  %t = simt.thread_id : vector<1xi32>
  %x = simt.block_id x : i32
  %n = simt.num_blocks z : i32
  %u = simt.uniform %t : vector<1xi32> -> i32
  return %u : i32
}

// An address for each group of elements: two accesses of four f32.
// CHECK-LABEL: func.func @global_memory
func.func @global_memory(%p: i64, %a: vector<2xi64>, %m: vector<2xi1>, %o: vector<8xf32>, %w: vector<2xf32>) {
  // CHECK: simt.load_global %a : vector<2xi64> -> vector<8xf32>
  // CHECK: simt.load_global %a mask %m other %o {volatile} : vector<2xi64> -> vector<8xf32>
  // CHECK: simt.load_global %p : i64 -> f32
  // CHECK: simt.store_global %a, %v mask %m : vector<2xi64>, vector<8xf32>
  // CHECK: simt.atomic_rmw fadd, relaxed, gpu, %a, %w mask %m : vector<2xi64>, vector<2xf32>
  // CHECK: simt.atomic_cas acq_rel, sys, %a, %w, %w : vector<2xi64>, vector<2xf32>
  // CHECK: simt.atomic_load acquire, gpu, %a mask %m : vector<2xi64> -> vector<2xf32>
  // CHECK: simt.atomic_store release, sys, %a, %w mask %m : vector<2xi64>, vector<2xf32>
  %v = simt.load_global %a : vector<2xi64> -> vector<8xf32>
  %l = simt.load_global %a mask %m other %o {volatile} : vector<2xi64> -> vector<8xf32>
  %s = simt.load_global %p : i64 -> f32
  simt.store_global %a, %v mask %m : vector<2xi64>, vector<8xf32>
  %r = simt.atomic_rmw fadd, relaxed, gpu, %a, %w mask %m : vector<2xi64>, vector<2xf32>
  %c = simt.atomic_cas acq_rel, sys, %a, %w, %w : vector<2xi64>, vector<2xf32>
  %d = simt.atomic_load acquire, gpu, %a mask %m : vector<2xi64> -> vector<2xf32>
  simt.atomic_store release, sys, %a, %w mask %m : vector<2xi64>, vector<2xf32>
  return
}

// CHECK-LABEL: func.func @shared_memory
func.func @shared_memory(%a: vector<2xi32>, %m: vector<2xi1>) {
  // CHECK: simt.atomic_rmw_shared add, %a, %a mask %m : vector<2xi32>, vector<2xi32>
  %o = simt.atomic_rmw_shared add, %a, %a mask %m : vector<2xi32>, vector<2xi32>
  // CHECK: %v = simt.load_shared %a : vector<2xi32> -> vector<16xf16>
  // CHECK: simt.store_shared %a, %v mask %m : vector<2xi32>, vector<16xf16>
  // CHECK: simt.ldmatrix %a, 4 {transpose} : vector<2xi32> -> vector<16xf16>
  // CHECK: simt.stmatrix %a, %v, 4 : vector<2xi32>, vector<16xf16>
  // CHECK: simt.barrier
  %v = simt.load_shared %a : vector<2xi32> -> vector<16xf16>
  simt.store_shared %a, %v mask %m : vector<2xi32>, vector<16xf16>
  %w = simt.ldmatrix %a, 4 {transpose} : vector<2xi32> -> vector<16xf16>
  simt.stmatrix %a, %v, 4 : vector<2xi32>, vector<16xf16>
  simt.barrier
  return
}

// CHECK-LABEL: func.func @copies
func.func @copies(%to: vector<2xi32>, %from: vector<2xi64>, %m: vector<2xi1>) {
  // CHECK: simt.cp_async %to, %from, 16 when %m mask %m : vector<2xi32>, vector<2xi64>
  // CHECK: simt.cp_async_commit
  // CHECK: simt.cp_async_wait 2
  simt.cp_async %to, %from, 16 when %m mask %m : vector<2xi32>, vector<2xi64>
  simt.cp_async_commit
  simt.cp_async_wait 2
  return
}

// CHECK-LABEL: func.func @lanes
func.func @lanes(%v: vector<4xf32>, %n: vector<1xi32>, %m: vector<4xi1>) {
  // CHECK: simt.shuffle bfly, %v, %n : vector<4xf32>
  // CHECK: simt.vote ballot, %m : vector<4xi1> -> vector<4xi32>
  %w = simt.shuffle bfly, %v, %n : vector<4xf32>
  %b = simt.vote ballot, %m : vector<4xi1> -> vector<4xi32>
  return
}

// CHECK-LABEL: func.func @dots
func.func @dots(%a: vector<32xf16>, %b: vector<32xf16>, %c: vector<32xf32>, %x: vector<32xf32>, %y: vector<64xf32>,
                %z: vector<8xf32>) {
  // CHECK: simt.mma_sync %a, %b, %c shape 16, 8, 16 tiles 2, 4, 2 : vector<32xf16>, vector<32xf16> -> vector<32xf32>
  // CHECK: simt.fma_dot %x, %y, %z sizes 2, 4, 16 : vector<32xf32>, vector<64xf32> -> vector<8xf32>
  %d = simt.mma_sync %a, %b, %c shape 16, 8, 16 tiles 2, 4, 2 : vector<32xf16>, vector<32xf16> -> vector<32xf32>
  %e = simt.fma_dot %x, %y, %z sizes 2, 4, 16 : vector<32xf32>, vector<64xf32> -> vector<8xf32>
  return
}

// CHECK-LABEL: func.func @warp_groups
func.func @warp_groups(%a: vector<1xi32>, %b: vector<1xi32>, %c: vector<64xf32>, %r: vector<32xf16>, %u: i1) {
  // CHECK: simt.fence_async_shared
  // CHECK-NEXT: simt.wgmma_fence
  simt.fence_async_shared
  simt.wgmma_fence
  // CHECK-NEXT: %d = simt.wgmma %a, %b, %c use %u shape 64, 128, 16 tiles 1, 1, 4 {a_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>, b_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = true, offsets = [0, 2048, 4096, 6144]}>} : vector<1xi32>, vector<1xi32> -> vector<64xf32>
  %d = simt.wgmma %a, %b, %c use %u shape 64, 128, 16 tiles 1, 1, 4 {a_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>, b_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = true, offsets = [0, 2048, 4096, 6144]}>} : vector<1xi32>, vector<1xi32> -> vector<64xf32>
  // CHECK-NEXT: simt.wgmma_commit
  simt.wgmma_commit
  // CHECK-NEXT: simt.wgmma_wait 0, %d : vector<64xf32>
  %e = simt.wgmma_wait 0, %d : vector<64xf32>
  // CHECK-NEXT: simt.wgmma_wait 2
  simt.wgmma_wait 2
  // CHECK-NEXT: simt.wgmma %r, %b, %c shape
  %f = simt.wgmma %r, %b, %c shape 64, 128, 16 tiles 1, 1, 4 {b_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = true, offsets = [0, 2048, 4096, 6144]}>} : vector<32xf16>, vector<1xi32> -> vector<64xf32>
  return
}

// CHECK-LABEL: func.func @bulk_copies
func.func @bulk_copies(%m: !simt.tensor_map<128x64xf16, swizzle = 128>, %at: vector<1xi32>, %w: vector<1xi1>, %i: i32, %p: i1) {
  // CHECK: simt.mbarrier_init %at, 1 when %w : vector<1xi32>
  // CHECK: simt.mbarrier_arrive_expect_tx %at, 16384 when %w : vector<1xi32>
  // CHECK: simt.bulk_tensor_load %m[%i, %i], %at, %at when %w : !simt.tensor_map<128x64xf16, swizzle = 128>
  // CHECK: simt.mbarrier_wait %at, %i when %p : vector<1xi32>
  // CHECK: simt.mbarrier_inval %at when %w : vector<1xi32>
  // CHECK: simt.bulk_tensor_store %m[%i, %i], %at when %w : !simt.tensor_map<128x64xf16, swizzle = 128>
  // CHECK: simt.bulk_commit
  // CHECK: simt.bulk_wait 0 {read}
  simt.mbarrier_init %at, 1 when %w : vector<1xi32>
  simt.mbarrier_arrive_expect_tx %at, 16384 when %w : vector<1xi32>
  simt.bulk_tensor_load %m[%i, %i], %at, %at when %w : !simt.tensor_map<128x64xf16, swizzle = 128>
  simt.mbarrier_wait %at, %i when %p : vector<1xi32>
  simt.mbarrier_inval %at when %w : vector<1xi32>
  simt.bulk_tensor_store %m[%i, %i], %at when %w : !simt.tensor_map<128x64xf16, swizzle = 128>
  simt.bulk_commit
  simt.bulk_wait 0 {read}
  return
}

// CHECK-LABEL: func.func @tensor_maps
func.func @tensor_maps(%shared: vector<1xi32>, %p: i64, %b: i32, %n: i32, %s: i64, %one: i32) attributes {simt.scratch = 128 : i32} {
  // CHECK: %m = simt.global_scratch 0 : i64
  // CHECK: simt.tensormap_create %shared, %m, %p, [%b, %b], [%n, %n], [%s], [%one, %one]
  // CHECK-SAME: {elem_type = 6 : i32, fill_mode = 0 : i32, interleave_layout = 0 : i32, swizzle_mode = 3 : i32}
  // CHECK: simt.tensormap_fenceproxy_acquire %m
  // CHECK: simt.tensor_map_at %m : !simt.tensor_map<64x64xf16, swizzle = 128>
  %m = simt.global_scratch 0 : i64
  simt.tensormap_create %shared, %m, %p, [%b, %b], [%n, %n], [%s], [%one, %one] {elem_type = 6 : i32, fill_mode = 0 : i32, interleave_layout = 0 : i32, swizzle_mode = 3 : i32}
  simt.tensormap_fenceproxy_acquire %m
  %d = simt.tensor_map_at %m : !simt.tensor_map<64x64xf16, swizzle = 128>
  return
}

// CHECK-LABEL: func.func @inline_asm
func.func @inline_asm(%x: vector<8xi16>) {
  // CHECK: simt.inline_asm "not.b32 $0, $1;" {constraints = "=r,r", packed_element = 2 : i32, pure = true}(%x) : (vector<8xi16>) -> vector<8xi16>
  %y = simt.inline_asm "not.b32 $0, $1;" {constraints = "=r,r", packed_element = 2 : i32, pure = true}(%x) : (vector<8xi16>) -> vector<8xi16>
  return
}

// CHECK-LABEL: func.func @grid_dependencies
func.func @grid_dependencies() {
  // CHECK: simt.grid_dependency_wait
  simt.grid_dependency_wait
  // CHECK: simt.grid_dependency_launch_dependents
  simt.grid_dependency_launch_dependents
  return
}

// CHECK-LABEL: func.func @debugging
func.func @debugging(%i: vector<2xi32>, %v: vector<2xf32>, %m: vector<2xi1>, %n: i32, %b: i1) {
  // CHECK: simt.print "only text" of []
  // CHECK: simt.print " n: " of [] value(%n : i32) hex
  // CHECK: simt.print " v: " of [64] index(%i : vector<2xi32>) value(%v : vector<2xf32>) mask(%m : vector<2xi1>)
  // CHECK: simt.print " i: " of [8, 8] index(%i, %i : vector<2xi32>, vector<2xi32>) value(%i : vector<2xi32>) unsigned
  // CHECK: simt.assert %b "a scalar" of [] : i1
  // CHECK: simt.assert %m "an element" of [64] index(%i : vector<2xi32>) : vector<2xi1>
  simt.print "only text" of []
  simt.print " n: " of [] value(%n : i32) hex
  simt.print " v: " of [64] index(%i : vector<2xi32>) value(%v : vector<2xf32>) mask(%m : vector<2xi1>)
  simt.print " i: " of [8, 8] index(%i, %i : vector<2xi32>, vector<2xi32>) value(%i : vector<2xi32>) unsigned
  simt.assert %b "a scalar" of [] : i1
  simt.assert %m "an element" of [64] index(%i : vector<2xi32>) : vector<2xi1>
  return
}
