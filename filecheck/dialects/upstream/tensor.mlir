// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s
// RUN: minilinalg-opt --mlir-print-op-generic %s | minilinalg-opt | filecheck %s

// Shapes, slices and elements of tensors.

// CHECK-LABEL: func.func @f(
func.func @f(%n: index, %t: tensor<8x16xf32>, %d: tensor<?x?xf32>, %x: f32, %i: tensor<4x1xindex>, %u: tensor<*xf32>, %v: tensor<2xindex>, %g: tensor<4x1x16xf32>) {
  // CHECK: %0 = tensor.empty() : tensor<8x16xf32>
  %0 = tensor.empty() : tensor<8x16xf32>
  // CHECK: %1 = tensor.empty(%n) : tensor<?x16xf32>
  %1 = tensor.empty(%n) : tensor<?x16xf32>
  // CHECK: %cast = tensor.cast %t : tensor<8x16xf32> to tensor<?x?xf32>
  %cast = tensor.cast %t : tensor<8x16xf32> to tensor<?x?xf32>
  // CHECK: %dim = tensor.dim %d, %n : tensor<?x?xf32>
  %dim = tensor.dim %d, %n : tensor<?x?xf32>
  // CHECK: %extracted = tensor.extract %t[%n, %n] : tensor<8x16xf32>
  %extracted = tensor.extract %t[%n, %n] : tensor<8x16xf32>
  // CHECK: %inserted = tensor.insert %x into %t[%n, %n] : tensor<8x16xf32>
  %inserted = tensor.insert %x into %t[%n, %n] : tensor<8x16xf32>
  // CHECK: %extracted_slice = tensor.extract_slice %d[%n, 0] [4, %n] [1, 1] : tensor<?x?xf32> to tensor<4x?xf32>
  %extracted_slice = tensor.extract_slice %d[%n, 0] [4, %n] [1, 1] : tensor<?x?xf32> to tensor<4x?xf32>
  // CHECK: %b6 = tensor.extract_slice %d[%n, 0] [1, %n] [1, 2] : tensor<?x?xf32> to tensor<?xf32>
  %b6 = tensor.extract_slice %d[%n, 0] [1, %n] [1, 2] : tensor<?x?xf32> to tensor<?xf32>
  // CHECK: %inserted_slice = tensor.insert_slice %extracted_slice into %d[%n, 0] [4, %n] [1, 1] : tensor<4x?xf32> into tensor<?x?xf32>
  %inserted_slice = tensor.insert_slice %extracted_slice into %d[%n, 0] [4, %n] [1, 1] : tensor<4x?xf32> into tensor<?x?xf32>
  // CHECK{LITERAL}: %expanded = tensor.expand_shape %t [[0, 1], [2]] output_shape [2, 4, 16] : tensor<8x16xf32> into tensor<2x4x16xf32>
  %expanded = tensor.expand_shape %t [[0, 1], [2]] output_shape [2, 4, 16] : tensor<8x16xf32> into tensor<2x4x16xf32>
  // CHECK{LITERAL}: %b8 = tensor.expand_shape %d [[0, 1], [2]] output_shape [%n, 4, %n] : tensor<?x?xf32> into tensor<?x4x?xf32>
  %b8 = tensor.expand_shape %d [[0, 1], [2]] output_shape [%n, 4, %n] : tensor<?x?xf32> into tensor<?x4x?xf32>
  // CHECK{LITERAL}: %collapsed = tensor.collapse_shape %t [[0, 1]] : tensor<8x16xf32> into tensor<128xf32>
  %collapsed = tensor.collapse_shape %t [[0, 1]] : tensor<8x16xf32> into tensor<128xf32>
  // CHECK: %splat = tensor.splat %x : tensor<4xf32>
  %splat = tensor.splat %x : tensor<4xf32>
  // CHECK: %b10 = tensor.splat %x[%n] : tensor<?xf32>
  %b10 = tensor.splat %x[%n] : tensor<?xf32>
  // CHECK: %from_elements = tensor.from_elements %x, %x : tensor<2xf32>
  %from_elements = tensor.from_elements %x, %x : tensor<2xf32>
  // CHECK: %b11 = tensor.from_elements %x : tensor<f32>
  %b11 = tensor.from_elements %x : tensor<f32>
  // CHECK: %generated = tensor.generate %n {
  %generated = tensor.generate %n {
  // CHECK: ^bb0(%a: index, %b: index):
  ^bb0(%a: index, %b: index):
    // CHECK: tensor.yield %x : f32
    tensor.yield %x : f32
  // CHECK: } : tensor<?x16xf32>
  } : tensor<?x16xf32>
  // CHECK: %gather = tensor.gather %t[%i] gather_dims([0]) : (tensor<8x16xf32>, tensor<4x1xindex>) -> tensor<4x1x16xf32>
  %gather = tensor.gather %t[%i] gather_dims([0]) : (tensor<8x16xf32>, tensor<4x1xindex>) -> tensor<4x1x16xf32>
  // CHECK: %b13 = tensor.gather %t[%i] gather_dims([0]) unique : (tensor<8x16xf32>, tensor<4x1xindex>) -> tensor<4x16xf32>
  %b13 = tensor.gather %t[%i] gather_dims([0]) unique : (tensor<8x16xf32>, tensor<4x1xindex>) -> tensor<4x16xf32>
  // CHECK: %scatter = tensor.scatter %g into %t[%i] scatter_dims([0]) unique : (tensor<4x1x16xf32>, tensor<8x16xf32>, tensor<4x1xindex>) -> tensor<8x16xf32>
  %scatter = tensor.scatter %g into %t[%i] scatter_dims([0]) unique : (tensor<4x1x16xf32>, tensor<8x16xf32>, tensor<4x1xindex>) -> tensor<8x16xf32>
  // CHECK: %padded = tensor.pad %d low[0, %n] high[%n, 3] {
  %padded = tensor.pad %d low[0, %n] high[%n, 3] {
  // CHECK: ^bb0(%a: index, %b: index):
  ^bb0(%a: index, %b: index):
    // CHECK: tensor.yield %x : f32
    tensor.yield %x : f32
  // CHECK: } : tensor<?x?xf32> to tensor<?x?xf32>
  } : tensor<?x?xf32> to tensor<?x?xf32>
  // CHECK: %padded_0 = tensor.pad %t nofold low[0, 1] high[0, 3] {
  %padded_0 = tensor.pad %t nofold low[0, 1] high[0, 3] {
  // CHECK: ^bb0(%a: index, %b: index):
  ^bb0(%a: index, %b: index):
    // CHECK: tensor.yield %x : f32
    tensor.yield %x : f32
  // CHECK: } : tensor<8x16xf32> to tensor<8x20xf32>
  } : tensor<8x16xf32> to tensor<8x20xf32>
  // CHECK: %concat = tensor.concat dim(0) %t, %t : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<16x16xf32>
  %concat = tensor.concat dim(0) %t, %t : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<16x16xf32>
  // CHECK: %rank = tensor.rank %u : tensor<*xf32>
  %rank = tensor.rank %u : tensor<*xf32>
  // CHECK: %reshape = tensor.reshape %t(%v) : (tensor<8x16xf32>, tensor<2xindex>) -> tensor<?x?xf32>
  %reshape = tensor.reshape %t(%v) : (tensor<8x16xf32>, tensor<2xindex>) -> tensor<?x?xf32>
  // CHECK: %2 = tensor.bitcast %t : tensor<8x16xf32> to tensor<8x16xi32>
  %2 = tensor.bitcast %t : tensor<8x16xf32> to tensor<8x16xi32>
  // CHECK: %3 = scf.forall (%a) in (8) shared_outs(%o = %t) -> (tensor<8x16xf32>) {
  %3 = scf.forall (%a) in (8) shared_outs(%o = %t) -> (tensor<8x16xf32>) {
    // CHECK: %s = tensor.extract_slice %o[%a, 0] [1, 16] [1, 1] : tensor<8x16xf32> to tensor<1x16xf32>
    %s = tensor.extract_slice %o[%a, 0] [1, 16] [1, 1] : tensor<8x16xf32> to tensor<1x16xf32>
    // CHECK: scf.forall.in_parallel {
    scf.forall.in_parallel {
      // CHECK: tensor.parallel_insert_slice %s into %o[%a, 0] [1, 16] [1, 1] : tensor<1x16xf32> into tensor<8x16xf32>
      tensor.parallel_insert_slice %s into %o[%a, 0] [1, 16] [1, 1] : tensor<1x16xf32> into tensor<8x16xf32>
    }
  }
  return
}
