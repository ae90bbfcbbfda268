// One kernel at every stage of the simt road: y = a @ b, f16 in one block of 64 x 64, 32 columns of a at a time.

// At tt it is the kernel that it was.
// RUN: minilinalg-opt %s --road simt --to tt --target h200 | filecheck %s --check-prefix=TT
// TT-LABEL: tt.func public @mm
// TT: scf.for
// TT: tt.load {{%.*}} : tensor<64x32x!tt.ptr<f16>>
// TT: tt.dot {{.*}} : tensor<64x32xf16> * tensor<32x64xf16> -> tensor<64x64xf32>

// At ttg a machine with wgmma multiplies out of shared memory, where two copies are under way while one is read.
// RUN: minilinalg-opt %s --road simt --to ttg --target h200 | filecheck %s --check-prefix=WGMMA
// WGMMA: #mma = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
// WGMMA: ttg.local_alloc : () -> !ttg.memdesc<3x64x32xf16, #shared, #smem, mutable>
// WGMMA: ttg.local_alloc : () -> !ttg.memdesc<3x32x64xf16, #shared1, #smem, mutable>
// WGMMA: ttg.async_copy_global_to_local
// WGMMA: scf.for
// WGMMA: ttg.async_wait {{.*}} {num = 2 : i32}
// WGMMA: ttng.fence_async_shared
// WGMMA: ttng.warp_group_dot {{.*}} {isAsync = true}
// WGMMA: ttng.warp_group_dot_wait {{.*}} {pendings = 1 : i32}
// WGMMA: ttg.async_copy_global_to_local
// WGMMA: scf.yield
// WGMMA: ttg.local_dealloc
// WGMMA: ttg.convert_layout {{.*}} : tensor<64x64xf16, #mma> -> tensor<64x64xf16, #blocked1>
// WGMMA-NEXT: tt.store

// One with mma.sync does so out of registers, half a block at a time, the first half a turn ahead.
// RUN: minilinalg-opt %s --road simt --to ttg --target a100 | filecheck %s --check-prefix=MMA
// MMA: #mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [2, 2], instrShape = [16, 8]}>
// MMA: ttg.local_alloc : () -> !ttg.memdesc<2x64x32xf16, #shared, #smem, mutable>
// MMA: ttg.local_load {{.*}} -> tensor<64x16xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>>
// MMA: scf.for
// MMA: tt.dot {{.*}} -> tensor<64x64xf32, #mma>
// MMA: ttg.local_load
// MMA: tt.dot {{.*}} -> tensor<64x64xf32, #mma>
// MMA: scf.yield

// At simt it is what one thread does, and no longer than that, however many elements the thread has.
// RUN: minilinalg-opt %s --road simt --target h200 | filecheck %s --check-prefix=SIMT
// SIMT: func.func @mm(%a: i64, %b: i64, %y: i64, %k: i32) attributes {simt.threads = 128 : i32, simt.shared = 24576 : i32
// SIMT: simt.cp_async {{.*}}, 16 mask
// SIMT: scf.for
// SIMT: simt.cp_async_wait 2
// SIMT-NEXT: simt.barrier
// SIMT: simt.wgmma {{.*}} shape 64, 64, 16 tiles 1, 1, 2
// SIMT: simt.wgmma_wait 1
// SIMT: scf.yield
// SIMT: simt.store_shared {{.*}}, %h : vector<16xi32>, vector<32xf16>
// SIMT-NEXT: simt.barrier
// SIMT: simt.store_global {{.*}} : vector<4xi64>, vector<32xf16>
// RUN: minilinalg-opt %s --road simt --target h200 | filecheck %s --check-prefix=SIMT-GONE
// SIMT-GONE-NOT: {{tensor<|ttn?g\.| tt\.(load|store|dot|splat|addptr)}}

// And as PTX, where every register has its name.
// RUN: minilinalg-opt %s --road simt --target h200 --emit ptx | filecheck %s --check-prefix=PTX
// PTX: .target sm_90a
// PTX: .visible .entry mm(
// PTX: cp.async.cg.shared.global
// PTX-COUNT-2: wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16
// PTX-NOT: wgmma.mma_async
// PTX: st.global.v4.b32

tt.func public @mm(%a: !tt.ptr<f16> {tt.divisibility = 16 : i32}, %b: !tt.ptr<f16> {tt.divisibility = 16 : i32}, %y: !tt.ptr<f16> {tt.divisibility = 16 : i32}, %k: i32 {tt.divisibility = 16 : i32}) {
  %c0 = arith.constant 0 : i32
  %c32 = arith.constant 32 : i32
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %step = arith.constant dense<32> : tensor<64x32xi32>
  %down = arith.constant dense<2048> : tensor<32x64xi32>
  %wide = arith.constant dense<64> : tensor<32x1xi32>
  %rows = arith.constant dense<64> : tensor<64x1xi32>
  %r = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32>
  %d = tt.make_range {end = 32 : i32, start = 0 : i32} : tensor<32xi32>
  %r1 = tt.expand_dims %r {axis = 1 : i32} : tensor<64xi32> -> tensor<64x1xi32>
  %r0 = tt.expand_dims %r {axis = 0 : i32} : tensor<64xi32> -> tensor<1x64xi32>
  %d1 = tt.expand_dims %d {axis = 1 : i32} : tensor<32xi32> -> tensor<32x1xi32>
  %d0 = tt.expand_dims %d {axis = 0 : i32} : tensor<32xi32> -> tensor<1x32xi32>
  %ks = tt.splat %k : i32 -> tensor<64x1xi32>
  %ra = arith.muli %r1, %ks : tensor<64x1xi32>
  %as = tt.splat %a : !tt.ptr<f16> -> tensor<64x1x!tt.ptr<f16>>
  %a1 = tt.addptr %as, %ra : tensor<64x1x!tt.ptr<f16>>, tensor<64x1xi32>
  %a2 = tt.broadcast %a1 : tensor<64x1x!tt.ptr<f16>> -> tensor<64x32x!tt.ptr<f16>>
  %d2 = tt.broadcast %d0 : tensor<1x32xi32> -> tensor<64x32xi32>
  %pa = tt.addptr %a2, %d2 : tensor<64x32x!tt.ptr<f16>>, tensor<64x32xi32>
  %rb = arith.muli %d1, %wide : tensor<32x1xi32>
  %bs = tt.splat %b : !tt.ptr<f16> -> tensor<32x1x!tt.ptr<f16>>
  %b1 = tt.addptr %bs, %rb : tensor<32x1x!tt.ptr<f16>>, tensor<32x1xi32>
  %b2 = tt.broadcast %b1 : tensor<32x1x!tt.ptr<f16>> -> tensor<32x64x!tt.ptr<f16>>
  %r2 = tt.broadcast %r0 : tensor<1x64xi32> -> tensor<32x64xi32>
  %pb = tt.addptr %b2, %r2 : tensor<32x64x!tt.ptr<f16>>, tensor<32x64xi32>
  %acc:3 = scf.for %i = %c0 to %k step %c32 iter_args(%s = %zero, %ia = %pa, %ib = %pb) -> (tensor<64x64xf32>, tensor<64x32x!tt.ptr<f16>>, tensor<32x64x!tt.ptr<f16>>) : i32 {
    %x = tt.load %ia : tensor<64x32x!tt.ptr<f16>>
    %w = tt.load %ib : tensor<32x64x!tt.ptr<f16>>
    %t = tt.dot %x, %w, %s : tensor<64x32xf16> * tensor<32x64xf16> -> tensor<64x64xf32>
    %na = tt.addptr %ia, %step : tensor<64x32x!tt.ptr<f16>>, tensor<64x32xi32>
    %nb = tt.addptr %ib, %down : tensor<32x64x!tt.ptr<f16>>, tensor<32x64xi32>
    scf.yield %t, %na, %nb : tensor<64x64xf32>, tensor<64x32x!tt.ptr<f16>>, tensor<32x64x!tt.ptr<f16>>
  }
  %h = arith.truncf %acc#0 : tensor<64x64xf32> to tensor<64x64xf16>
  %ry = arith.muli %r1, %rows : tensor<64x1xi32>
  %ys = tt.splat %y : !tt.ptr<f16> -> tensor<64x1x!tt.ptr<f16>>
  %y1 = tt.addptr %ys, %ry : tensor<64x1x!tt.ptr<f16>>, tensor<64x1xi32>
  %y2 = tt.broadcast %y1 : tensor<64x1x!tt.ptr<f16>> -> tensor<64x64x!tt.ptr<f16>>
  %ry2 = tt.broadcast %r0 : tensor<1x64xi32> -> tensor<64x64xi32>
  %py = tt.addptr %y2, %ry2 : tensor<64x64x!tt.ptr<f16>>, tensor<64x64xi32>
  tt.store %py, %h : tensor<64x64x!tt.ptr<f16>>
  tt.return
}
