// One kernel at every stage of the road: y = relu(a @ b), f16 in blocks of 16 x 16, with a mask on the rows.

// At tt the sum into zeros is the dot itself, and what masks nothing is gone.
// RUN: minilinalg-opt %s --road simd --to tt --target tiny-simd | filecheck %s --check-prefix=TT
// TT-LABEL: tt.func public @mm_relu
// TT: [[A:%.*]] = tt.load {{%.*}}, {{%.*}}, {{%.*}} : tensor<16x16x!tt.ptr<f16>>
// TT: [[B:%.*]] = tt.load {{%[^,]*}} : tensor<16x16x!tt.ptr<f16>>
// TT: tt.dot [[A]], [[B]]
// TT-NOT: arith.addf
// TT: tt.store

// At linalg there are no pointers: views of the arguments, clamped to the rows that are there.
// RUN: minilinalg-opt %s --road simd --to linalg --target tiny-simd | filecheck %s --check-prefix=LINALG
// LINALG: func.func @mm_relu(%a: memref<?xf16>, %b: memref<?xf16>, %y: memref<?xf32>, %m: i32, %gx: index, %gy: index, %gz: index)
// LINALG: scf.forall (%pz, %py, %px) in (%gz, %gy, %gx) {
// LINALG: memref.reinterpret_cast %a to offset: [{{.*}}], sizes: [[[ROWS:%.*]], 16], strides: [16, 1]
// LINALG: tensor.insert_slice {{%.*}} into {{%.*}}[0, 0] [[[ROWS]], 16] [1, 1]
// LINALG: memref.reinterpret_cast %b to offset: [0], sizes: [16, 16], strides: [16, 1]
// LINALG: linalg.matmul
// LINALG: linalg.generic
// LINALG: arith.maxnumf
// LINALG: bufferization.materialize_in_destination
// RUN: minilinalg-opt %s --road simd --to linalg --target tiny-simd | filecheck %s --check-prefix=LINALG-GONE
// LINALG-GONE-NOT: {{tt.(load|store|addptr|dot)}}
// LINALG-GONE: return
// LINALG-GONE-NOT: {{tt.(load|store|addptr|dot)}}

// At tiled the programs of the grid are dealt out to the two cores.
// RUN: minilinalg-opt %s --road simd --to tiled --target tiny-simd | filecheck %s --check-prefix=TILED
// TILED: scf.forall (%core) in (2) {
// TILED: scf.for %program = %core to {{%.*}} step
// TILED: linalg.matmul

// At memref every tensor has a buffer.
// RUN: minilinalg-opt %s --road simd --to memref --target tiny-simd | filecheck %s --check-prefix=MEMREF
// MEMREF: memref.alloc() : memref<16x16xf16>
// MEMREF: memref.copy
// MEMREF: linalg.matmul ins({{.*}} : memref<16x16xf16>
// RUN: minilinalg-opt %s --road simd --to memref --target tiny-simd | filecheck %s --check-prefix=MEMREF-GONE
// MEMREF-GONE-NOT: {{tensor<|to_tensor}}
// MEMREF-GONE: return
// MEMREF-GONE-NOT: {{tensor<|to_tensor}}

// At promoted every buffer has a memory, and an address in it.
// RUN: minilinalg-opt %s --road simd --to promoted --target tiny-simd | filecheck %s --check-prefix=PROMOTED
// PROMOTED: func.func @mm_relu(%a: memref<?xf16, #simd.space<[[FAR:.*]]>>, %b
// PROMOTED: memref.alloc() {simd.address = {{.*}}} : memref<16x16xf16, #simd.space<[[NEAR:.*]]>>
// PROMOTED: memref.copy {{.*}}#simd.space<[[FAR]]>> to {{.*}}#simd.space<[[NEAR]]>>
// PROMOTED: linalg.matmul

// At simd the computation is instructions; scalars compute addresses.
// RUN: minilinalg-opt %s --road simd --target tiny-simd | filecheck %s --check-prefix=SIMD
// SIMD: %core = simd.core_id : index
// SIMD: scf.for %program = %core
// SIMD: simd.dma
// SIMD: simd.matmul
// SIMD: simd.maxnumf
// SIMD: simd.dma
// RUN: minilinalg-opt %s --road simd --target tiny-simd | filecheck %s --check-prefix=SIMD-GONE
// SIMD-GONE-NOT: {{linalg[.]|memref.copy}}
// SIMD-GONE: return
// SIMD-GONE-NOT: {{linalg[.]|memref.copy}}

// The stages can be taken one at a time: what is at a stage goes on from there.
// RUN: minilinalg-opt %s --road simd --to linalg --target tiny-simd | minilinalg-opt --road simd --to promoted --target tiny-simd | minilinalg-opt --road simd --target tiny-simd -o %t.simd
// RUN: filecheck %s --check-prefix=SIMD --input-file %t.simd

// At the end of the road nothing is left to do.
// RUN: minilinalg-opt %t.simd -o %t.read
// RUN: minilinalg-opt %t.simd --road simd --target tiny-simd -o %t.again
// RUN: diff %t.read %t.again

tt.func public @mm_relu(%a: !tt.ptr<f16>, %b: !tt.ptr<f16>, %y: !tt.ptr<f32>, %m: i32) {
  %pid = tt.get_program_id x : i32
  %c16 = arith.constant 16 : i32
  %first = arith.muli %pid, %c16 : i32
  %range = tt.make_range {end = 16 : i32, start = 0 : i32} : tensor<16xi32>
  %firsts = tt.splat %first : i32 -> tensor<16xi32>
  %rows = arith.addi %firsts, %range : tensor<16xi32>
  %rows1 = tt.expand_dims %rows {axis = 1 : i32} : tensor<16xi32> -> tensor<16x1xi32>
  %width = arith.constant dense<16> : tensor<16x1xi32>
  %far = arith.muli %rows1, %width : tensor<16x1xi32>
  %fars = tt.broadcast %far : tensor<16x1xi32> -> tensor<16x16xi32>
  %columns1 = tt.expand_dims %range {axis = 0 : i32} : tensor<16xi32> -> tensor<1x16xi32>
  %columns = tt.broadcast %columns1 : tensor<1x16xi32> -> tensor<16x16xi32>
  %offsets = arith.addi %fars, %columns : tensor<16x16xi32>
  %ms = tt.splat %m : i32 -> tensor<16x1xi32>
  %in1 = arith.cmpi slt, %rows1, %ms : tensor<16x1xi32>
  %in = tt.broadcast %in1 : tensor<16x1xi1> -> tensor<16x16xi1>
  %as = tt.splat %a : !tt.ptr<f16> -> tensor<16x16x!tt.ptr<f16>>
  %ap = tt.addptr %as, %offsets : tensor<16x16x!tt.ptr<f16>>, tensor<16x16xi32>
  %none = arith.constant dense<0.0> : tensor<16x16xf16>
  %av = tt.load %ap, %in, %none : tensor<16x16x!tt.ptr<f16>>
  %inner1 = tt.expand_dims %range {axis = 1 : i32} : tensor<16xi32> -> tensor<16x1xi32>
  %inner = arith.muli %inner1, %width : tensor<16x1xi32>
  %inners = tt.broadcast %inner : tensor<16x1xi32> -> tensor<16x16xi32>
  %boffsets = arith.addi %inners, %columns : tensor<16x16xi32>
  %bs = tt.splat %b : !tt.ptr<f16> -> tensor<16x16x!tt.ptr<f16>>
  %bp = tt.addptr %bs, %boffsets : tensor<16x16x!tt.ptr<f16>>, tensor<16x16xi32>
  %all = arith.constant dense<true> : tensor<16x16xi1>
  %bv = tt.load %bp, %all : tensor<16x16x!tt.ptr<f16>>
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %dot = tt.dot %av, %bv, %zero : tensor<16x16xf16> * tensor<16x16xf16> -> tensor<16x16xf32>
  %sum = arith.addf %dot, %zero : tensor<16x16xf32>
  %relu = arith.maxnumf %sum, %zero : tensor<16x16xf32>
  %ys = tt.splat %y : !tt.ptr<f32> -> tensor<16x16x!tt.ptr<f32>>
  %yp = tt.addptr %ys, %offsets : tensor<16x16x!tt.ptr<f32>>, tensor<16x16xi32>
  tt.store %yp, %relu, %in : tensor<16x16x!tt.ptr<f32>>
  tt.return
}
