// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @convert_layout_shape(%x: tensor<16x32xf32, #b>) {
  // expected-error @+1 {{'ttg.convert_layout' has tensor<16x32xf32, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>> as operand 0 and tensor<32x16xf32, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>> as result 0: both have the same shape}}
  %0 = ttg.convert_layout %x : tensor<16x32xf32, #b> -> tensor<32x16xf32, #b>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @convert_layout_elements(%x: tensor<16x32xf32, #b>) {
  // expected-error @+1 {{'ttg.convert_layout' has tensor<16x32xf32, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>> as operand 0 and tensor<16x32xf16, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>> as result 0: both have the same element type}}
  %0 = ttg.convert_layout %x : tensor<16x32xf32, #b> -> tensor<16x32xf16, #b>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @convert_layout_without(%x: tensor<16x32xf32>) {
  // Stricter than upstream.
  // expected-error @+1 {{'ttg.convert_layout' has tensor<16x32xf32> as operand 0, without layout: a tensor has one of registers here}}
  %0 = ttg.convert_layout %x : tensor<16x32xf32> -> tensor<16x32xf32, #b>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @convert_layout_rank(%x: tensor<16x32xf32, #b>) {
  // expected-error @+1 {{'ttg.convert_layout' has tensor<16x32xf32, #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>> as result 0, with a layout of rank 1: a layout has as many dimensions as its tensor}}
  %0 = ttg.convert_layout %x : tensor<16x32xf32, #b> -> tensor<16x32xf32, #r1>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @convert_layout_warps(%x: tensor<16x32xf32, #b>) {
  // expected-error @+1 {{'ttg.convert_layout' from tensor<16x32xf32, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>> to tensor<16x32xf32, #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>> with force_warp_shuffle: elements move between warps}}
  %0 = ttg.convert_layout %x {force_warp_shuffle} : tensor<16x32xf32, #b> -> tensor<16x32xf32, #b1>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @alloc_constant() {
  // expected-error @+1 {{'ttg.local_alloc' writes !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory>: a view that is written is mutable}}
  %0 = ttg.local_alloc : () -> !ttg.memdesc<16x32xf32, #s, #smem>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @alloc_shape(%x: tensor<16x32xf32, #b>) {
  // expected-error @+1 {{'ttg.local_alloc' from tensor<16x32xf32, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>> to !ttg.memdesc<32x16xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory>: both have the same shape and element type}}
  %0 = ttg.local_alloc %x : (tensor<16x32xf32, #b>) -> !ttg.memdesc<32x16xf32, #s, #smem>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @alloc_alignment() {
  // Stricter than upstream.
  // expected-error @+1 {{'ttg.local_alloc' with alignment 12: it is a power of two}}
  %0 = ttg.local_alloc {alignment = 12 : i32} : () -> !ttg.memdesc<16x32xf32, #s, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @load_shape(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>) {
  // expected-error @+1 {{'ttg.local_load' from !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> to tensor<32x16xf32, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>>: both have the same shape and element type}}
  %0 = ttg.local_load %m : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> tensor<32x16xf32, #b>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @load_elements(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>) {
  // expected-error @+1 {{'ttg.local_load' from !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> to tensor<16x32xf16, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>>: both have the same shape and element type}}
  %0 = ttg.local_load %m : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> tensor<16x32xf16, #b>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @store_constant(%x: tensor<16x32xf32, #b>, %m: !ttg.memdesc<16x32xf32, #s, #smem>) {
  // expected-error @+1 {{'ttg.local_store' writes !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory>: a view that is written is mutable}}
  ttg.local_store %x, %m : tensor<16x32xf32, #b> -> !ttg.memdesc<16x32xf32, #s, #smem>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @store_elements(%x: tensor<16x32xf32, #b>, %m: !ttg.memdesc<16x32xf16, #s, #smem, mutable>) {
  // expected-error @+1 {{'ttg.local_store' from tensor<16x32xf32, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>> to !ttg.memdesc<16x32xf16, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable>: both have the same shape and element type}}
  ttg.local_store %x, %m : tensor<16x32xf32, #b> -> !ttg.memdesc<16x32xf16, #s, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @gather_axis(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>, %i: tensor<16x32xi32, #b>) {
  // expected-error @+1 {{'ttg.local_gather' along axis 2 of !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable>: axis is from 0 to 1}}
  %0 = ttg.local_gather %m[%i] {axis = 2 : i32} : !ttg.memdesc<16x32xf32, #s, #smem, mutable>, tensor<16x32xi32, #b> -> tensor<16x32xf32, #b>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @gather_result(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>, %i: tensor<16x32xi32, #b>) {
  // expected-error @+1 {{'ttg.local_gather' of !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> with indices tensor<16x32xi32, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>> and values tensor<16x64xf32, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>>: there is a value for each index, of the view's element type}}
  %0 = ttg.local_gather %m[%i] {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #s, #smem, mutable>, tensor<16x32xi32, #b> -> tensor<16x64xf32, #b>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @gather_rank(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>, %i: tensor<16xi32, #r1>) {
  // expected-error @+1 {{'ttg.local_gather' of !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> with indices tensor<16xi32, #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>>: both have the same rank}}
  %0 = ttg.local_gather %m[%i] {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #s, #smem, mutable>, tensor<16xi32, #r1> -> tensor<16xf32, #r1>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @scatter_constant(%m: !ttg.memdesc<16x32xf32, #s, #smem>, %i: tensor<16x32xi32, #b>, %x: tensor<16x32xf32, #b>) {
  // Stricter than upstream.
  // expected-error @+1 {{'ttg.local_scatter' writes !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory>: a view that is written is mutable}}
  ttg.local_scatter %m[%i], %x {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #s, #smem>, tensor<16x32xi32, #b>, tensor<16x32xf32, #b>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @scatter_values(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>, %i: tensor<16x32xi32, #b>, %x: tensor<16x32xf16, #b>) {
  // expected-error @+1 {{'ttg.local_scatter' of !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> with indices tensor<16x32xi32, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>> and values tensor<16x32xf16, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>>: there is a value for each index, of the view's element type}}
  ttg.local_scatter %m[%i], %x {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #s, #smem, mutable>, tensor<16x32xi32, #b>, tensor<16x32xf16, #b>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @scatter_size(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>, %i: tensor<32x32xi32, #b>, %x: tensor<32x32xf32, #b>) {
  // Stricter than upstream.
  // expected-error @+1 {{'ttg.local_scatter' of !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> with indices tensor<32x32xi32, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>>: dimension 0 of the indices is not larger}}
  ttg.local_scatter %m[%i], %x {axis = 1 : i32} : !ttg.memdesc<16x32xf32, #s, #smem, mutable>, tensor<32x32xi32, #b>, tensor<32x32xf32, #b>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @index_shape(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>, %c: i32) {
  // expected-error @+1 {{'ttg.memdesc_index' from !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> to !ttg.memdesc<16x16xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable>: the result lacks the first dimension and has the same layout}}
  %0 = ttg.memdesc_index %m[%c] : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<16x16xf32, #s, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @index_elements(%m: !ttg.memdesc<2x16x32xf32, #s, #smem, mutable>, %c: i32) {
  // expected-error @+1 {{'ttg.memdesc_index' from !ttg.memdesc<2x16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> to !ttg.memdesc<16x32xf16, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable>: both have the same element type}}
  %0 = ttg.memdesc_index %m[%c] : !ttg.memdesc<2x16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<16x32xf16, #s, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @index_mutable(%m: !ttg.memdesc<2x16x32xf32, #s, #smem, mutable>, %c: i32) {
  // Stricter than upstream.
  // expected-error @+1 {{'ttg.memdesc_index' from !ttg.memdesc<2x16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> to !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory>: both are in the same memory, and mutable or not}}
  %0 = ttg.memdesc_index %m[%c] : !ttg.memdesc<2x16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<16x32xf32, #s, #smem>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @subslice_end(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>) {
  // expected-error @+1 {{'ttg.memdesc_subslice' of !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> from [16, 0] on to !ttg.memdesc<8x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable, 16x32>: dimension 0 ends at 24 of 16}}
  %0 = ttg.memdesc_subslice %m[16, 0] : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<8x32xf32, #s, #smem, mutable, 16x32>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @subslice_parts(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>) {
  // expected-error @+1 {{'ttg.memdesc_subslice' of !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> from [4, 0] on to !ttg.memdesc<8x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable, 16x32>: dimension 0 is cut into parts of one size, a power of two}}
  %0 = ttg.memdesc_subslice %m[4, 0] : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<8x32xf32, #s, #smem, mutable, 16x32>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @subslice_rank(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>) {
  // expected-error @+1 {{'ttg.memdesc_subslice' of !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> from [8] on to !ttg.memdesc<8x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable, 16x32>: all have the same rank, and both the same layout}}
  %0 = ttg.memdesc_subslice %m[8] : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<8x32xf32, #s, #smem, mutable, 16x32>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @subslice_whole(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>) {
  // expected-error @+1 {{'ttg.memdesc_subslice' of !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> from [8, 0] on to !ttg.memdesc<8x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable>: both are parts of the same buffer, whose shape stands last}}
  %0 = ttg.memdesc_subslice %m[8, 0] : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<8x32xf32, #s, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @trans_order(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>) {
  // expected-error @+1 {{'ttg.memdesc_trans' of !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> by [0, 0]: it names each dimension once}}
  %0 = ttg.memdesc_trans %m {order = array<i32: 0, 0>} : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<16x32xf32, #s, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @trans_shape(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>) {
  // expected-error @+1 {{'ttg.memdesc_trans' from !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> to !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable> by [1, 0]: the result's shape is [32, 16]}}
  %0 = ttg.memdesc_trans %m {order = array<i32: 1, 0>} : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<16x32xf32, #s, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @reshape_elements(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>) {
  // expected-error @+1 {{'ttg.memdesc_reshape' from 512 to 256 elements: it keeps their number}}
  %0 = ttg.memdesc_reshape %m : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<16x16xf32, #s, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @reinterpret_bytes(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>) {
  // expected-error @+1 {{'ttg.memdesc_reinterpret' of 2048 bytes as 8192: the result reaches no further than src}}
  %0 = ttg.memdesc_reinterpret %m : !ttg.memdesc<16x32xf32, #s, #smem, mutable> -> !ttg.memdesc<64x32xf32, #s, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
// expected-error @+1 {{a memdesc of layout #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>: it is a layout in shared memory}}
tt.func @memdesc_layout(%m: !ttg.memdesc<16x32xf32, #b, #smem>) {
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
// expected-error @+1 {{a memdesc of rank 1 with a layout of rank 2: the layout is one of the last dimensions}}
tt.func @memdesc_rank(%m: !ttg.memdesc<32xf32, #s, #smem>) {
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
// expected-error @+1 {{a memdesc of [16, 32] in a buffer of [8, 32]: the buffer is not smaller}}
tt.func @memdesc_buffer(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable, 8x32>) {
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @copy_elements(%p: tensor<16x32x!tt.ptr<f32>, #b>, %m: !ttg.memdesc<16x32xf16, #s, #smem, mutable>) {
  // Stricter than upstream.
  // expected-error @+1 {{'ttg.async_copy_global_to_local' from tensor<16x32xf32, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>> to !ttg.memdesc<16x32xf16, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory, mutable>: both have the same shape and element type}}
  %0 = ttg.async_copy_global_to_local %p, %m : tensor<16x32x!tt.ptr<f32>, #b> -> <16x32xf16, #s, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @copy_constant(%p: tensor<16x32x!tt.ptr<f32>, #b>, %m: !ttg.memdesc<16x32xf32, #s, #smem>) {
  // expected-error @+1 {{'ttg.async_copy_global_to_local' writes !ttg.memdesc<16x32xf32, #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>, #ttg.shared_memory>: a view that is written is mutable}}
  %0 = ttg.async_copy_global_to_local %p, %m : tensor<16x32x!tt.ptr<f32>, #b> -> <16x32xf32, #s, #smem>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @copy_contiguity(%p: tensor<16x32x!tt.ptr<f32>, #b>, %m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>) {
  // Stricter than upstream.
  // expected-error @+1 {{'ttg.async_copy_global_to_local' with contiguity 0: it is at least 1}}
  %0 = ttg.async_copy_global_to_local %p, %m {contiguity = 0 : i32} : tensor<16x32x!tt.ptr<f32>, #b> -> <16x32xf32, #s, #smem, mutable>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @wait_negative() {
  // Stricter than upstream.
  // expected-error @+1 {{'ttg.async_wait' for -1 groups: num is at least 0}}
  %0 = ttg.async_wait {num = -1 : i32}
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @fp4_axis(%x: tensor<16x32xi8, #b>) {
  // expected-error @+1 {{'ttg.fp4_to_fp' of tensor<16x32xi8, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>> along axis 2: it is below 2}}
  %0 = ttg.fp4_to_fp %x {axis = 2 : i32} : tensor<16x32xi8, #b> -> tensor<16x64xf16, #b>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @fp4_shape(%x: tensor<16x32xi8, #b>) {
  // expected-error @+1 {{'ttg.fp4_to_fp' from tensor<16x32xi8, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>> to tensor<16x32xf16, #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>>: the result's shape is [16, 64]}}
  %0 = ttg.fp4_to_fp %x {axis = 1 : i32} : tensor<16x32xi8, #b> -> tensor<16x32xf16, #b>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @asm_pure(%m: !ttg.memdesc<16x32xf32, #s, #smem, mutable>) {
  // expected-error @+1 {{'ttg.inline_asm' is pure and has a view of shared memory: it may change the memory}}
  ttg.inline_asm "nop;" {constraints = "r", pure = true} %m : (!ttg.memdesc<16x32xf32, #s, #smem, mutable>) -> ()
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @specialize_warps(%c: i32) {
  // expected-error @+1 {{'ttg.warp_specialize' with 3 warps: a power of two}}
  ttg.warp_specialize()
  default {
    ttg.warp_yield
  }
  partition0() num_warps(3) {
    ttg.warp_return
  } : () -> ()
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @specialize_registers(%c: i32) {
  // Stricter than upstream.
  // expected-error @+1 {{'ttg.warp_specialize' of 1 partitions and requestedRegisters = [24, 24]: one for each}}
  ttg.warp_specialize() attributes {requestedRegisters = array<i32: 24, 24>}
  default {
    ttg.warp_yield
  }
  partition0() num_warps(4) {
    ttg.warp_return
  } : () -> ()
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @specialize_yield(%c: i32) {
  // expected-error @+1 {{'ttg.warp_specialize' yields () and gives (i32): both are the same}}
  %0 = ttg.warp_specialize()
  default {
    ttg.warp_yield
  }
  partition0() num_warps(4) {
    ttg.warp_return
  } : () -> i32
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 4], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#b1 = #ttg.blocked<{sizePerThread = [4, 1], threadsPerWarp = [4, 8], warpsPerCTA = [1, 4], order = [0, 1]}>
#r1 = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @mask_end(%p: i1) {
  // Stricter than upstream.
  // expected-error @+1 {{'ttg.mask' has a body that does not end with the results' values: ttg.mask.return}}
  %0 = "ttg.mask"(%p) ({
    ttg.mask.return %p : i1
  }) : (i1) -> i32
  tt.return
}

// -----

#wide = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#smem = #ttg.shared_memory
tt.func @swizzle_wider_than_the_rows() {
  // expected-error @+1 {{a memdesc of [64, 32], 64 rows of 32 elements of 16 bits in a block's part of a tensor of 64x32: a swizzle of 128 bytes takes 8 rows of 64 elements}}
  %0 = ttg.local_alloc : () -> !ttg.memdesc<64x32xf16, #wide, #smem, mutable>
  tt.return
}

// -----

#wide = #ttg.nvmma_shared<{swizzlingByteWidth = 128, transposed = false, elementBitWidth = 16}>
#smem = #ttg.shared_memory
tt.func @swizzle_of_fewer_rows() {
  // Stricter than upstream.
  // expected-error @+1 {{a memdesc of [2, 4, 64], 4 rows of 64 elements of 16 bits in a block's part of a tensor of 4x64: a swizzle of 128 bytes takes 8 rows of 64 elements}}
  %0 = ttg.local_alloc : () -> !ttg.memdesc<2x4x64xf16, #wide, #smem, mutable>
  tt.return
}

// -----

#padded = #ttg.padded_shared<[32:+4] {order = [1, 0], shape = [4, 32]}>
#smem = #ttg.shared_memory
tt.func @bases_of_another_tensor() {
  // expected-error @+1 {{a memdesc of [8, 32], a layout of 4x32 elements on a tensor of 8x32: the bases of ttg.padded_shared name every element of the tensor}}
  %0 = ttg.local_alloc : () -> !ttg.memdesc<8x32xf32, #padded, #smem, mutable>
  tt.return
}

// -----

#s = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [1, 0]}>
#smem = #ttg.shared_memory
tt.func @size_of_no_power_of_two() {
  // expected-error @+1 {{a memdesc of [3, 48, 64], the size of dim0 is 48: }}
  %0 = ttg.local_alloc : () -> !ttg.memdesc<3x48x64xf32, #s, #smem, mutable>
  tt.return
}
