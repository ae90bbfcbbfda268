// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s
// RUN: minilinalg-opt --mlir-print-op-generic %s | minilinalg-opt | filecheck %s

// Loop nests around a scalar body.

// CHECK: #map = affine_map<(d0, d1) -> (d0, d1)>
#map = affine_map<(d0, d1) -> (d0, d1)>
// CHECK: #map1 = affine_map<(d0, d1) -> (d0)>
#map1 = affine_map<(d0, d1) -> (d0)>
// CHECK: #map2 = affine_map<(d0, d1, d2) -> (d0, d2)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK: #map3 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map3 = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK: #map4 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map4 = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK: #map5 = affine_map<(d0, d1, d2) -> (d2, d1)>
#map5 = affine_map<(d0, d1, d2) -> (d2, d1)>

// CHECK-LABEL: func.func @f(
func.func @f(%a: tensor<4x8xf32>, %b: tensor<8x16xf32>, %c: tensor<4x16xf32>, %x: f32, %v: tensor<4xf32>, %w: tensor<8xf32>, %h: tensor<4x8xf16>, %i: tensor<4x8xi32>, %m: tensor<4x8xi1>, %ba: tensor<2x4x8xf32>, %bb: tensor<2x8x16xf32>, %bc: tensor<2x4x16xf32>, %s: tensor<f32>, %bt: tensor<16x8xf32>, %t: tensor<8x4xf32>, %t3: tensor<4x2x8xf32>, %o16: tensor<16xf32>, %b2: tensor<2x8xf32>, %b24: tensor<2x4xf32>) -> tensor<4x8xf32> {
  // CHECK: %0:2 = linalg.generic {indexing_maps = [#map, #map, #map1], iterator_types = ["parallel", "reduction"]} ins(%a : tensor<4x8xf32>) outs(%a, %v : tensor<4x8xf32>, tensor<4xf32>) {
  %0:2 = linalg.generic {indexing_maps = [#map, #map, #map1], iterator_types = ["parallel", "reduction"]} ins(%a : tensor<4x8xf32>) outs(%a, %v : tensor<4x8xf32>, tensor<4xf32>) {
  // CHECK: ^bb0(%p: f32, %q: f32, %r: f32):
  ^bb0(%p: f32, %q: f32, %r: f32):
    // CHECK: %k = linalg.index 0 : index
    %k = linalg.index 0 : index
    // CHECK: %z = arith.addf %p, %r : f32
    %z = arith.addf %p, %r : f32
    // CHECK: linalg.yield %p, %z : f32, f32
    linalg.yield %p, %z : f32, f32
  // CHECK: } -> (tensor<4x8xf32>, tensor<4xf32>)
  } -> (tensor<4x8xf32>, tensor<4xf32>)
  // CHECK: %1 = linalg.generic {doc = "d", indexing_maps = [#map], iterator_types = ["parallel", "parallel"], library_call = "lib"} outs(%a : tensor<4x8xf32>) attrs =  {foo = 1 : i32} {
  %1 = linalg.generic {doc = "d", indexing_maps = [#map], iterator_types = ["parallel", "parallel"], library_call = "lib"} outs(%a : tensor<4x8xf32>) attrs =  {foo = 1 : i32} {
  // CHECK: ^bb0(%p: f32):
  ^bb0(%p: f32):
    // CHECK: linalg.yield %p : f32
    linalg.yield %p : f32
  // CHECK: } -> tensor<4x8xf32>
  } -> tensor<4x8xf32>
  // CHECK: %reduced = linalg.reduce ins(%a : tensor<4x8xf32>) outs(%v : tensor<4xf32>) dimensions = [1]
  %reduced = linalg.reduce ins(%a : tensor<4x8xf32>) outs(%v : tensor<4xf32>) dimensions = [1]
    // CHECK: (%p: f32, %q: f32) {
    (%p: f32, %q: f32) {
      // CHECK: %z = arith.maximumf %p, %q : f32
      %z = arith.maximumf %p, %q : f32
      // CHECK: %y = arith.addf %z, %q : f32
      %y = arith.addf %z, %q : f32
      // CHECK: linalg.yield %y : f32
      linalg.yield %y : f32
    }
  // CHECK: %reduced_0 = linalg.reduce { arith.addf } ins(%a : tensor<4x8xf32>) outs(%v : tensor<4xf32>) dimensions = [1]
  %reduced_0 = linalg.reduce { arith.addf } ins(%a : tensor<4x8xf32>) outs(%v : tensor<4xf32>) dimensions = [1]
  // CHECK: %b3 = linalg.reduce { arith.addf {fastmath = #arith.fastmath<fast>} } ins(%a : tensor<4x8xf32>) outs(%v : tensor<4xf32>) dimensions = [1]
  %b3 = linalg.reduce { arith.addf {fastmath = #arith.fastmath<fast>} } ins(%a : tensor<4x8xf32>) outs(%v : tensor<4xf32>) dimensions = [1]
  // CHECK: %reduced_1:2 = linalg.reduce ins(%a, %i : tensor<4x8xf32>, tensor<4x8xi32>) outs(%w, %w : tensor<8xf32>, tensor<8xf32>) dimensions = [0] {bar}
  %reduced_1:2 = linalg.reduce ins(%a, %i : tensor<4x8xf32>, tensor<4x8xi32>) outs(%w, %w : tensor<8xf32>, tensor<8xf32>) dimensions = [0] {bar}
    // CHECK: (%p: f32, %q: i32, %p2: f32, %q2: f32) {
    (%p: f32, %q: i32, %p2: f32, %q2: f32) {
      // CHECK: linalg.yield %p, %p2 : f32, f32
      linalg.yield %p, %p2 : f32, f32
    }
  // CHECK: %broadcasted = linalg.broadcast ins(%v : tensor<4xf32>) outs(%a : tensor<4x8xf32>) dimensions = [1]
  %broadcasted = linalg.broadcast ins(%v : tensor<4xf32>) outs(%a : tensor<4x8xf32>) dimensions = [1]
  // CHECK: %transposed = linalg.transpose ins(%a : tensor<4x8xf32>) outs(%t : tensor<8x4xf32>) permutation = [1, 0] {foo}
  %transposed = linalg.transpose ins(%a : tensor<4x8xf32>) outs(%t : tensor<8x4xf32>) permutation = [1, 0] {foo}
  // CHECK: %mapped = linalg.map { math.exp } ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>)
  %mapped = linalg.map { math.exp } ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>)
  // CHECK: %mapped_2 = linalg.map ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>)
  %mapped_2 = linalg.map ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>)
    // CHECK: (%p: f32, %q: f32, %o: f32) {
    (%p: f32, %q: f32, %o: f32) {
      // CHECK: %z = arith.maximumf %p, %q : f32
      %z = arith.maximumf %p, %q : f32
      // CHECK: %y = arith.addf %z, %q : f32
      %y = arith.addf %z, %q : f32
      // CHECK: linalg.yield %y : f32
      linalg.yield %y : f32
    }
  // CHECK: %2 = linalg.fill ins(%x : f32) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = linalg.fill ins(%x : f32) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %3 = linalg.copy ins(%h : tensor<4x8xf16>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %3 = linalg.copy ins(%h : tensor<4x8xf16>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %4 = linalg.exp ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %4 = linalg.exp ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %5 = linalg.add {foo} ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %5 = linalg.add {foo} ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %6 = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x16xf32>) outs(%c : tensor<4x16xf32>) -> tensor<4x16xf32>
  %6 = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x16xf32>) outs(%c : tensor<4x16xf32>) -> tensor<4x16xf32>
  // CHECK: %7 = linalg.matmul indexing_maps = [#map2, #map3, #map4] ins(%a, %bt : tensor<4x8xf32>, tensor<16x8xf32>) outs(%c : tensor<4x16xf32>) -> tensor<4x16xf32>
  %7 = linalg.matmul indexing_maps = [#map2, #map3, #map4] ins(%a, %bt : tensor<4x8xf32>, tensor<16x8xf32>) outs(%c : tensor<4x16xf32>) -> tensor<4x16xf32>
  // CHECK: %b14 = linalg.matmul {cast = #linalg.type_fn<cast_unsigned>} ins(%a, %b : tensor<4x8xf32>, tensor<8x16xf32>) outs(%c : tensor<4x16xf32>) -> tensor<4x16xf32>
  %b14 = linalg.matmul {cast = #linalg.type_fn<cast_unsigned>} ins(%a, %b : tensor<4x8xf32>, tensor<8x16xf32>) outs(%c : tensor<4x16xf32>) -> tensor<4x16xf32>
  // CHECK: %8 = linalg.batch_matmul ins(%ba, %bb : tensor<2x4x8xf32>, tensor<2x8x16xf32>) outs(%bc : tensor<2x4x16xf32>) -> tensor<2x4x16xf32>
  %8 = linalg.batch_matmul ins(%ba, %bb : tensor<2x4x8xf32>, tensor<2x8x16xf32>) outs(%bc : tensor<2x4x16xf32>) -> tensor<2x4x16xf32>
  // CHECK: %9 = linalg.matvec ins(%a, %w : tensor<4x8xf32>, tensor<8xf32>) outs(%v : tensor<4xf32>) -> tensor<4xf32>
  %9 = linalg.matvec ins(%a, %w : tensor<4x8xf32>, tensor<8xf32>) outs(%v : tensor<4xf32>) -> tensor<4xf32>
  // CHECK: %10 = linalg.vecmat ins(%w, %b : tensor<8xf32>, tensor<8x16xf32>) outs(%o16 : tensor<16xf32>) -> tensor<16xf32>
  %10 = linalg.vecmat ins(%w, %b : tensor<8xf32>, tensor<8x16xf32>) outs(%o16 : tensor<16xf32>) -> tensor<16xf32>
  // CHECK: %11 = linalg.dot ins(%w, %w : tensor<8xf32>, tensor<8xf32>) outs(%s : tensor<f32>) -> tensor<f32>
  %11 = linalg.dot ins(%w, %w : tensor<8xf32>, tensor<8xf32>) outs(%s : tensor<f32>) -> tensor<f32>
  // CHECK: %12 = linalg.select ins(%m, %a, %a : tensor<4x8xi1>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %12 = linalg.select ins(%m, %a, %a : tensor<4x8xi1>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %13 = linalg.div ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %13 = linalg.div ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %14 = linalg.softmax dimension(1) ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %14 = linalg.softmax dimension(1) ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %15 = linalg.batch_matvec ins(%ba, %b2 : tensor<2x4x8xf32>, tensor<2x8xf32>) outs(%b24 : tensor<2x4xf32>) -> tensor<2x4xf32>
  %15 = linalg.batch_matvec ins(%ba, %b2 : tensor<2x4x8xf32>, tensor<2x8xf32>) outs(%b24 : tensor<2x4xf32>) -> tensor<2x4xf32>
  // CHECK: %16 = linalg.contract indexing_maps = [#map2, #map5, #map4] ins(%a, %b : tensor<4x8xf32>, tensor<8x16xf32>) outs(%c : tensor<4x16xf32>) -> tensor<4x16xf32>
  %16 = linalg.contract indexing_maps = [#map2, #map5, #map4] ins(%a, %b : tensor<4x8xf32>, tensor<8x16xf32>) outs(%c : tensor<4x16xf32>) -> tensor<4x16xf32>
  // CHECK: return %2 : tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}
// CHECK-LABEL: func.func @g(
func.func @g(%a: memref<4x8xf32>, %b: memref<8x16xf32>, %c: memref<4x16xf32>, %x: f32, %v: memref<4xf32>) {
  // CHECK: linalg.fill ins(%x : f32) outs(%a : memref<4x8xf32>)
  linalg.fill ins(%x : f32) outs(%a : memref<4x8xf32>)
  // CHECK: linalg.matmul ins(%a, %b : memref<4x8xf32>, memref<8x16xf32>) outs(%c : memref<4x16xf32>)
  linalg.matmul ins(%a, %b : memref<4x8xf32>, memref<8x16xf32>) outs(%c : memref<4x16xf32>)
  // CHECK: linalg.reduce { arith.addf } ins(%a : memref<4x8xf32>) outs(%v : memref<4xf32>) dimensions = [1]
  linalg.reduce { arith.addf } ins(%a : memref<4x8xf32>) outs(%v : memref<4xf32>) dimensions = [1]
  // CHECK: linalg.broadcast ins(%v : memref<4xf32>) outs(%a : memref<4x8xf32>) dimensions = [1]
  linalg.broadcast ins(%v : memref<4xf32>) outs(%a : memref<4x8xf32>) dimensions = [1]
  // CHECK: linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%a : memref<4x8xf32>) {
  linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%a : memref<4x8xf32>) {
  // CHECK: ^bb0(%p: f32):
  ^bb0(%p: f32):
    // CHECK: linalg.yield %p : f32
    linalg.yield %p : f32
  }
  // CHECK: linalg.map { math.exp } ins(%a : memref<4x8xf32>) outs(%a : memref<4x8xf32>)
  linalg.map { math.exp } ins(%a : memref<4x8xf32>) outs(%a : memref<4x8xf32>)
  return
}
// CHECK-LABEL: func.func @elementwise(
func.func @elementwise(%a: tensor<4x8xf32>, %i: tensor<4x8xi32>, %m: tensor<4x8xi1>, %h: tensor<4x8xf16>, %bv: tensor<2x8xf32>, %bm: tensor<2x8x16xf32>, %bo: tensor<2x16xf32>, %ba: tensor<2x4x8xf32>, %c: tensor<4x16xf32>, %i2: tensor<8x16xi32>, %ci: tensor<4x16xi32>, %x: i32) {
  // CHECK: %0 = linalg.exp ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %0 = linalg.exp ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %1 = linalg.log ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = linalg.log ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %2 = linalg.abs ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %2 = linalg.abs ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %3 = linalg.ceil ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %3 = linalg.ceil ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %4 = linalg.floor ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %4 = linalg.floor ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %5 = linalg.negf ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %5 = linalg.negf ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %6 = linalg.sqrt ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %6 = linalg.sqrt ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %7 = linalg.rsqrt ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %7 = linalg.rsqrt ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %8 = linalg.tanh ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %8 = linalg.tanh ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %9 = linalg.erf ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %9 = linalg.erf ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %10 = linalg.round ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %10 = linalg.round ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %11 = linalg.square ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %11 = linalg.square ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %12 = linalg.reciprocal ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %12 = linalg.reciprocal ins(%a : tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %13 = linalg.add ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %13 = linalg.add ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %14 = linalg.sub ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %14 = linalg.sub ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %15 = linalg.mul ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %15 = linalg.mul ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %16 = linalg.div ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %16 = linalg.div ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %17 = linalg.max ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %17 = linalg.max ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %18 = linalg.min ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %18 = linalg.min ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %19 = linalg.powf ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %19 = linalg.powf ins(%a, %a : tensor<4x8xf32>, tensor<4x8xf32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %20 = linalg.add ins(%i, %i : tensor<4x8xi32>, tensor<4x8xi32>) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  %20 = linalg.add ins(%i, %i : tensor<4x8xi32>, tensor<4x8xi32>) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  // CHECK: %21 = linalg.sub ins(%i, %i : tensor<4x8xi32>, tensor<4x8xi32>) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  %21 = linalg.sub ins(%i, %i : tensor<4x8xi32>, tensor<4x8xi32>) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  // CHECK: %22 = linalg.mul ins(%i, %i : tensor<4x8xi32>, tensor<4x8xi32>) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  %22 = linalg.mul ins(%i, %i : tensor<4x8xi32>, tensor<4x8xi32>) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  // CHECK: %23 = linalg.div ins(%i, %i : tensor<4x8xi32>, tensor<4x8xi32>) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  %23 = linalg.div ins(%i, %i : tensor<4x8xi32>, tensor<4x8xi32>) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  // CHECK: %24 = linalg.div_unsigned ins(%i, %i : tensor<4x8xi32>, tensor<4x8xi32>) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  %24 = linalg.div_unsigned ins(%i, %i : tensor<4x8xi32>, tensor<4x8xi32>) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  // CHECK: %25 = linalg.max ins(%i, %i : tensor<4x8xi32>, tensor<4x8xi32>) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  %25 = linalg.max ins(%i, %i : tensor<4x8xi32>, tensor<4x8xi32>) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  // CHECK: %26 = linalg.min ins(%i, %i : tensor<4x8xi32>, tensor<4x8xi32>) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  %26 = linalg.min ins(%i, %i : tensor<4x8xi32>, tensor<4x8xi32>) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  // CHECK: %27 = linalg.add ins(%m, %m : tensor<4x8xi1>, tensor<4x8xi1>) outs(%m : tensor<4x8xi1>) -> tensor<4x8xi1>
  %27 = linalg.add ins(%m, %m : tensor<4x8xi1>, tensor<4x8xi1>) outs(%m : tensor<4x8xi1>) -> tensor<4x8xi1>
  // CHECK: %28 = linalg.copy ins(%h : tensor<4x8xf16>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %28 = linalg.copy ins(%h : tensor<4x8xf16>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %29 = linalg.copy ins(%i : tensor<4x8xi32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  %29 = linalg.copy ins(%i : tensor<4x8xi32>) outs(%a : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: %30 = linalg.fill ins(%x : i32) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  %30 = linalg.fill ins(%x : i32) outs(%i : tensor<4x8xi32>) -> tensor<4x8xi32>
  // CHECK: %31 = linalg.batch_vecmat ins(%bv, %bm : tensor<2x8xf32>, tensor<2x8x16xf32>) outs(%bo : tensor<2x16xf32>) -> tensor<2x16xf32>
  %31 = linalg.batch_vecmat ins(%bv, %bm : tensor<2x8xf32>, tensor<2x8x16xf32>) outs(%bo : tensor<2x16xf32>) -> tensor<2x16xf32>
  // CHECK: %32 = linalg.batch_reduce_matmul ins(%ba, %bm : tensor<2x4x8xf32>, tensor<2x8x16xf32>) outs(%c : tensor<4x16xf32>) -> tensor<4x16xf32>
  %32 = linalg.batch_reduce_matmul ins(%ba, %bm : tensor<2x4x8xf32>, tensor<2x8x16xf32>) outs(%c : tensor<4x16xf32>) -> tensor<4x16xf32>
  // CHECK: %33 = linalg.matmul ins(%i, %i2 : tensor<4x8xi32>, tensor<8x16xi32>) outs(%ci : tensor<4x16xi32>) -> tensor<4x16xi32>
  %33 = linalg.matmul ins(%i, %i2 : tensor<4x8xi32>, tensor<8x16xi32>) outs(%ci : tensor<4x16xi32>) -> tensor<4x16xi32>
  return
}
