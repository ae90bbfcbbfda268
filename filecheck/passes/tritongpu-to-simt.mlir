// RUN: minilinalg-opt %s --allocate-shared-memory --membar --tritongpu-to-simt --split-input-file | filecheck %s
// RUN: minilinalg-opt %s --allocate-shared-memory --membar --tritongpu-to-simt --split-input-file --remarks 2>&1 \
// RUN:   | filecheck %s --check-prefix=REMARK

#blocked = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [2], order = [0]}>
module attributes {"ttg.num-warps" = 2 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // Wide where pointers are contiguous and divisible, and one mask holds for all of an access.
  // CHECK-LABEL: func.func @wide
  // CHECK-SAME: simt.threads = 64 : i32
  tt.func @wide(%x: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %n: i32 {tt.divisibility = 16 : i32}) {
    %r = tt.make_range {end = 256 : i32, start = 0 : i32} : tensor<256xi32, #blocked>
    %s = tt.splat %n : i32 -> tensor<256xi32, #blocked>
    %m = arith.cmpi slt, %r, %s : tensor<256xi32, #blocked>
    %b = tt.splat %x : !tt.ptr<f32> -> tensor<256x!tt.ptr<f32>, #blocked>
    %p = tt.addptr %b, %r : tensor<256x!tt.ptr<f32>, #blocked>, tensor<256xi32, #blocked>
    // CHECK: simt.load_global %{{.*}} mask %{{.*}} : vector<1xi64> -> vector<4xf32>
    %v = tt.load %p, %m : tensor<256x!tt.ptr<f32>, #blocked>
    // CHECK: simt.store_global %{{.*}}, %{{.*}} mask %{{.*}} : vector<1xi64>, vector<4xf32>
    // REMARK: 1 load of 16 bytes in each thread{{$}}
    // REMARK: 1 store of 16 bytes in each thread{{$}}
    tt.store %p, %v, %m : tensor<256x!tt.ptr<f32>, #blocked>
    tt.return
  }
  // Nothing is known of the pointer: one element at a time.
  // CHECK-LABEL: func.func @narrow
  tt.func @narrow(%x: !tt.ptr<f32>) {
    %r = tt.make_range {end = 256 : i32, start = 0 : i32} : tensor<256xi32, #blocked>
    %b = tt.splat %x : !tt.ptr<f32> -> tensor<256x!tt.ptr<f32>, #blocked>
    %p = tt.addptr %b, %r : tensor<256x!tt.ptr<f32>, #blocked>, tensor<256xi32, #blocked>
    // CHECK: simt.load_global %{{.*}} : vector<4xi64> -> vector<4xf32>
    // REMARK: 4 loads of 4 bytes in each thread; wider ones would need addresses known to be multiples of 8 bytes{{$}}
    %v = tt.load %p : tensor<256x!tt.ptr<f32>, #blocked>
    tt.return
  }
  // What is known of the mask is that it is the same for two elements at a time.
  // CHECK-LABEL: func.func @masked
  tt.func @masked(%x: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %n: i32 {tt.divisibility = 2 : i32}) {
    %r = tt.make_range {end = 256 : i32, start = 0 : i32} : tensor<256xi32, #blocked>
    %s = tt.splat %n : i32 -> tensor<256xi32, #blocked>
    %m = arith.cmpi slt, %r, %s : tensor<256xi32, #blocked>
    %b = tt.splat %x : !tt.ptr<f32> -> tensor<256x!tt.ptr<f32>, #blocked>
    %p = tt.addptr %b, %r : tensor<256x!tt.ptr<f32>, #blocked>, tensor<256xi32, #blocked>
    // CHECK: simt.load_global %{{.*}} mask %{{.*}} : vector<2xi64> -> vector<4xf32>
    // REMARK: 2 loads of 8 bytes in each thread; wider ones would need a mask known to be the same for 4 elements{{$}}
    %v = tt.load %p, %m : tensor<256x!tt.ptr<f32>, #blocked>
    tt.return
  }
  // A thread's own four elements in two steps, five between lanes, one between warps; what is left is the same in all.
  // CHECK-LABEL: func.func @reduced
  // CHECK-SAME: simt.shared = 8 : i32
  tt.func @reduced(%x: tensor<256xf32, #blocked>, %o: !tt.ptr<f32>) {
    // CHECK: arith.addf {{.*}} : vector<2xf32>
    // CHECK: arith.addf {{.*}} : vector<1xf32>
    // CHECK-COUNT-5: simt.shuffle bfly
    // CHECK: simt.store_shared %{{.*}}, %{{.*}} mask %{{.*}} : vector<1xi32>, vector<1xf32>
    // CHECK-NEXT: simt.barrier
    // CHECK: simt.load_shared %{{.*}} : vector<1xi32> -> vector<2xf32>
    // CHECK: arith.addf {{.*}} : vector<1xf32>
    // CHECK: simt.uniform %{{.*}} : vector<1xf32> -> f32
    %s = "tt.reduce"(%x) <{axis = 0 : i32}> ({
    ^bb0(%a: f32, %b: f32):
      %c = arith.addf %a, %b : f32
      tt.reduce.return %c : f32
    }) : (tensor<256xf32, #blocked>) -> f32
    // One thread stores what all of them hold.
    // CHECK: arith.cmpi eq, %{{.*}}, %{{.*}} : vector<1xi32>
    // CHECK: simt.store_global %{{.*}}, %{{.*}} mask %{{.*}} : vector<1xi64>, vector<1xf32>
    tt.store %o, %s : !tt.ptr<f32>
    tt.return
  }
}

// -----

#rows = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [1, 1], order = [1, 0]}>
#columns = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [8, 4], warpsPerCTA = [1, 1], order = [0, 1]}>
module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // Through shared memory, at places that both sides reach with few bank conflicts.
  // CHECK-LABEL: func.func @exchanged
  // CHECK-SAME: simt.shared = 4096 : i32
  tt.func @exchanged(%x: tensor<32x32xf32, #rows>) {
    // CHECK: simt.store_shared
    // CHECK-NEXT: simt.barrier
    // CHECK: simt.load_shared
    %y = ttg.convert_layout %x : tensor<32x32xf32, #rows> -> tensor<32x32xf32, #columns>
    tt.return
  }
}

// -----

#mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [1, 1], instrShape = [16, 8]}>
module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // One operation for all tiles of a warp.
  // CHECK-LABEL: func.func @product
  tt.func @product(%a: tensor<32x32xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>>,
                   %b: tensor<32x16xf16, #ttg.dot_op<{opIdx = 1, parent = #mma, kWidth = 2}>>,
                   %c: tensor<32x16xf32, #mma>) {
    // CHECK: simt.mma_sync %{{.*}}, %{{.*}}, %{{.*}} shape 16, 8, 16 tiles 2, 2, 2 : vector<32xf16>, vector<16xf16> -> vector<16xf32>
    %d = tt.dot %a, %b, %c : tensor<32x32xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>> * tensor<32x16xf16, #ttg.dot_op<{opIdx = 1, parent = #mma, kWidth = 2}>> -> tensor<32x16xf32, #mma>
    tt.return
  }
}

// -----

#mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [1, 1], instrShape = [16, 8]}>
#shared = #ttg.swizzled_shared<{vec = 8, perPhase = 1, maxPhase = 8, order = [1, 0]}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // Operands of tensor cores come as matrices; what lies along the other dimension is transposed on the way.
  // CHECK-LABEL: func.func @operands
  tt.func @operands() {
    %a = ttg.local_alloc : () -> !ttg.memdesc<64x64xf16, #shared, #smem, mutable>
    // CHECK: simt.ldmatrix %{{.*}}, 4 : vector<16xi32> -> vector<128xf16>
    %x = ttg.local_load %a : !ttg.memdesc<64x64xf16, #shared, #smem, mutable> -> tensor<64x64xf16, #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>>
    // CHECK: simt.ldmatrix %{{.*}}, 4 {transpose} : vector<16xi32> -> vector<128xf16>
    %y = ttg.local_load %a : !ttg.memdesc<64x64xf16, #shared, #smem, mutable> -> tensor<64x64xf16, #ttg.dot_op<{opIdx = 1, parent = #mma, kWidth = 2}>>
    tt.return
  }
}

// -----

#blocked = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [4, 8], warpsPerCTA = [1, 1], order = [1, 0]}>
#shared = #ttg.swizzled_shared<{vec = 8, perPhase = 1, maxPhase = 8, order = [1, 0]}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // Threads that load 16 bytes at once need no matrices.
  // CHECK-LABEL: func.func @rows
  tt.func @rows() {
    %a = ttg.local_alloc : () -> !ttg.memdesc<64x64xf16, #shared, #smem, mutable>
    // CHECK: simt.load_shared %{{.*}} : vector<16xi32> -> vector<128xf16>
    %x = ttg.local_load %a : !ttg.memdesc<64x64xf16, #shared, #smem, mutable> -> tensor<64x64xf16, #blocked>
    tt.return
  }
}

// -----

// Text for each register, the last group filled up; a scalar is the same in all threads before and after.
#four = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // CHECK-LABEL: func.func @assembly
  tt.func public @assembly(%x: tensor<128xi8, #four>, %n: i32) {
    // CHECK: simt.inline_asm "xor.b32 $0, $1, $2;" {constraints = "=r,r,r", packed_element = 4 : i32, pure = true}
    // CHECK-SAME: (vector<4xi8>, vector<4xi8>) -> vector<4xi8>
    %a = tt.elementwise_inline_asm "xor.b32 $0, $1, $2;" {constraints = "=r,r,r", packed_element = 4 : i32, pure = true} %x, %x : tensor<128xi8, #four>, tensor<128xi8, #four> -> tensor<128xi8, #four>
    // CHECK: simt.inline_asm "not.b32 $0, $1;"
    // CHECK-SAME: (vector<1xi32>) -> vector<1xi32>
    // CHECK: simt.uniform
    %b = tt.elementwise_inline_asm "not.b32 $0, $1;" {constraints = "=r,r", packed_element = 1 : i32, pure = true} %n : i32 -> i32
    tt.return
  }
}

// -----

// Launches that overlap, and updates of shared memory at computed indices.
#line = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [2], order = [0]}>
#flat = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 2 : i32, "ttg.threads-per-warp" = 32 : i32, ttg.shared = 64 : i32} {
  // CHECK-LABEL: func.func @scattered
  tt.func public @scattered(%x: tensor<32xi32, #line>, %i: tensor<32xi32, #line>) {
    // CHECK: simt.grid_dependency_wait
    tt.grid_dependency_wait
    %b = ttg.local_alloc {allocation.offset = 0 : i32} : () -> !ttg.memdesc<16xi32, #flat, #smem, mutable>
    // The second warp has the same elements, and leaves them to the first.
    // CHECK: %[[OWN:.*]] = arith.cmpi eq
    // CHECK: simt.atomic_rmw_shared add, %{{.*}}, %x mask %[[OWN]] : vector<1xi32>, vector<1xi32>
    %o = ttg.local_atomic_scatter_rmw add, %b[%i], %x {axis = 0 : i32} : (!ttg.memdesc<16xi32, #flat, #smem, mutable>, tensor<32xi32, #line>, tensor<32xi32, #line>) -> tensor<32xi32, #line>
    // CHECK: simt.grid_dependency_launch_dependents
    tt.grid_dependency_launch_dependents
    tt.return
  }
}

// -----

// Free room behind every 8 elements of a buffer: 32 bytes apart become 48.
#pairs = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
#pads = #ttg.padded_shared<[8:+4] {order = [0], shape = [128]}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32, ttg.shared = 1024 : i32} {
  // CHECK-LABEL: func.func @padded
  tt.func public @padded(%x: tensor<128xf32, #pairs>) {
    // CHECK: %[[FIVE:.*]] = arith.constant dense<5> : vector<1xi32>
    // CHECK: %[[TIMES:.*]] = arith.shrui %[[AT:.*]], %[[FIVE]] : vector<1xi32>
    // CHECK: arith.shli %[[TIMES]]
    // CHECK: simt.store_shared %{{.*}}, %x : vector<1xi32>, vector<4xf32>
    %b = ttg.local_alloc %x {allocation.offset = 0 : i32} : (tensor<128xf32, #pairs>) -> !ttg.memdesc<128xf32, #pads, #smem, mutable>
    tt.return
  }
}

// -----

#row = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 16, 16]}>
#wide = #ttg.nvidia_mma<{versionMajor = 3, versionMinor = 0, warpsPerCTA = [4, 1], instrShape = [16, 64, 16]}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // The layouts of two products place a column alike, though one repeats it in more registers.
  // CHECK-LABEL: func.func @broadcast_to_a_wider_product
  // CHECK: %v = simt.load_global %p : vector<8xi64> -> vector<8xf32>
  // CHECK-NEXT: %w = vector.shuffle %v, %v {{.*}} : vector<8xf32>, vector<8xf32>
  // CHECK-NEXT: simt.store_global %q, %w : vector<32xi64>, vector<32xf32>
  tt.func public @broadcast_to_a_wider_product(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>) {
    %p = tt.splat %x : !tt.ptr<f32> -> tensor<64x1x!tt.ptr<f32>, #row>
    %q = tt.splat %y : !tt.ptr<f32> -> tensor<64x64x!tt.ptr<f32>, #wide>
    %v = tt.load %p : tensor<64x1x!tt.ptr<f32>, #row>
    %w = tt.broadcast %v : tensor<64x1xf32, #row> -> tensor<64x64xf32, #wide>
    tt.store %q, %w : tensor<64x64x!tt.ptr<f32>, #wide>
    tt.return
  }
}

// -----

#upcast = #ttg.blocked<{sizePerThread = [1, 16], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#tile = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#smem = #ttg.shared_memory
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // Eight lanes store a row of 256 bytes, which is in two tiles: half of the lanes begin with their upper 16 bytes.
  // CHECK-LABEL: func.func @halves_in_another_order
  // CHECK: %[[FOUR:.*]] = arith.constant dense<4> : vector<1xi32>
  // CHECK: arith.constant dense<[0, 16]> : vector<2xi32>
  // CHECK: %[[BIT:.*]] = arith.andi %{{.*}}, %[[FOUR]] : vector<1xi32>
  // CHECK: arith.cmpi ne, %[[BIT]], %{{.*}} : vector<1xi32>
  // CHECK-NEXT: %[[OTHER:.*]] = vector.shuffle %x, %x [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7]
  // CHECK: %[[MINE:.*]] = arith.select %{{.*}}, %[[OTHER]], %x : vector<16xi1>, vector<16xbf16>
  // CHECK: simt.store_shared %{{.*}}, %[[MINE]] : vector<2xi32>, vector<16xbf16>
  tt.func public @halves_in_another_order(%x: tensor<16x128xbf16, #upcast>) {
    %b = ttg.local_alloc %x : (tensor<16x128xbf16, #upcast>) -> !ttg.memdesc<16x128xbf16, #tile, #smem>
    tt.return
  }
}

// -----

#rows = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [2, 16], warpsPerCTA = [4, 1], order = [1, 0]}>
#row = #ttg.slice<{dim = 0, parent = #rows}>
#lanes = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [1, 32], warpsPerCTA = [4, 1], order = [1, 0]}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // Four indices for sixteen elements: an address for each of the four, the rest are constants. Every 32nd element is
  // exchanged, so that lanes with every fourth one meet in no bank.
  // CHECK-LABEL: func.func @looked_up
  // CHECK: simt.store_shared %{{.*}}, %x : vector<16xi32>, vector<16xf32>
  // CHECK: simt.barrier
  // CHECK: %[[LOW:.*]] = arith.andi %i, %{{.*}} : vector<4xi32>
  // CHECK: %[[HIGH:.*]] = arith.shrui %[[LOW]], %{{.*}} : vector<4xi32>
  // CHECK: arith.xori %[[LOW]], %[[HIGH]] : vector<4xi32>
  // CHECK: simt.load_shared %{{.*}} : vector<16xi32> -> vector<16xf32>
  tt.func public @looked_up(%x: tensor<32x64xf32, #rows>, %i: tensor<64xi32, #row>, %o: !tt.ptr<f32>) {
    %p = tt.splat %o : !tt.ptr<f32> -> tensor<32x64x!tt.ptr<f32>, #rows>
    %e = tt.expand_dims %i {axis = 0 : i32} : tensor<64xi32, #row> -> tensor<1x64xi32, #rows>
    %b = tt.broadcast %e : tensor<1x64xi32, #rows> -> tensor<32x64xi32, #rows>
    %r = tt.gather %x[%b] {axis = 1 : i32} : (tensor<32x64xf32, #rows>, tensor<32x64xi32, #rows>) -> tensor<32x64xf32, #rows>
    tt.store %p, %r : tensor<32x64x!tt.ptr<f32>, #rows>
    tt.return
  }
  // Side by side they meet in no bank: rows are stored as they are.
  // CHECK-LABEL: func.func @looked_up_side_by_side
  // CHECK: simt.store_shared %{{.*}}, %x : vector<4xi32>, vector<16xf32>
  tt.func public @looked_up_side_by_side(%x: tensor<32x64xf32, #rows>, %i: tensor<32x64xi32, #lanes>, %o: !tt.ptr<f32>) {
    %p = tt.splat %o : !tt.ptr<f32> -> tensor<32x64x!tt.ptr<f32>, #lanes>
    %r = tt.gather %x[%i] {axis = 1 : i32} : (tensor<32x64xf32, #rows>, tensor<32x64xi32, #lanes>) -> tensor<32x64xf32, #lanes>
    tt.store %p, %r : tensor<32x64x!tt.ptr<f32>, #lanes>
    tt.return
  }
}
