// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

func.func @f(%t: tensor<4x8xf32>, %i: index) {
  // expected-error @+1 {{'tensor.extract' has 1 index into tensor<4x8xf32>: it takes one for each dimension, here 2}}
  %r = tensor.extract %t[%i] : tensor<4x8xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %i: i32) {
  // expected-error @+1 {{%i has type i32, but is used as index}}
  %r = tensor.extract %t[%i, %i] : tensor<4x8xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %i: index) {
  // expected-error @+1 {{'tensor.extract' has a result 'result' of type i32}}
  %r = "tensor.extract"(%t, %i, %i) : (tensor<4x8xf32>, index, index) -> i32
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %x: i32, %i: index) {
  // expected-error @+1 {{%x has type i32, but is used as f32}}
  %r = tensor.insert %x into %t[%i, %i] : tensor<4x8xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.extract_slice' has 1 offset, 1 size and 1 stride for 2 dimensions: every dimension has one of each}}
  %r = tensor.extract_slice %t[0] [4] [1] : tensor<4x8xf32> to tensor<4xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.extract_slice' has sizes [4, 4] and a slice of shape [4, 5]: the slice has the shape of the sizes, from which dimensions of size 1 may be dropped}}
  %r = tensor.extract_slice %t[0, 0] [4, 4] [1, 1] : tensor<4x8xf32> to tensor<4x5xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.extract_slice' takes 4 elements from 6 in steps of 1 along dimension 1, which has 8: a slice lies within what is sliced}}
  %r = tensor.extract_slice %t[0, 6] [4, 4] [1, 1] : tensor<4x8xf32> to tensor<4x4xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.extract_slice' takes 4 elements from -1 in steps of 1 along dimension 1, which has 8: a slice lies within what is sliced}}
  %r = tensor.extract_slice %t[0, -1] [4, 4] [1, 1] : tensor<4x8xf32> to tensor<4x4xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.extract_slice' has tensors of tensor<4x8xf32> and tensor<4x4xf16>: their elements are of one type}}
  %r = tensor.extract_slice %t[0, 0] [4, 4] [1, 1] : tensor<4x8xf32> to tensor<4x4xf16>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %s: tensor<3x4xf32>) {
  // expected-error @+1 {{'tensor.insert_slice' has sizes [4, 4] and a slice of shape [3, 4]: the slice has the shape of the sizes, from which dimensions of size 1 may be dropped}}
  %r = tensor.insert_slice %s into %t[0, 0] [4, 4] [1, 1] : tensor<3x4xf32> into tensor<4x8xf32>
  return
}

// -----

func.func @f(%n: index) {
  // expected-error @+1 {{'tensor.empty' has 1 size for tensor<4x8xf32>: it takes one for each dynamic dimension, here 0}}
  %r = tensor.empty(%n) : tensor<4x8xf32>
  return
}

// -----

func.func @f(%n: index) {
  // expected-error @+1 {{'tensor.empty' has 0 sizes for tensor<?x8xf32>: it takes one for each dynamic dimension, here 1}}
  %r = tensor.empty() : tensor<?x8xf32>
  return
}

// -----

func.func @f(%x: f32) {
  // expected-error @+1 {{'tensor.from_elements' makes tensor<3xf32> of 2 elements: the tensor has a static shape, and an operand for each element}}
  %r = tensor.from_elements %x, %x : tensor<3xf32>
  return
}

// -----

func.func @f(%x: f32) {
  // expected-error @+1 {{'tensor.splat' has 0 sizes for tensor<?xf32>: it takes one for each dynamic dimension, here 1}}
  %r = tensor.splat %x : tensor<?xf32>
  return
}

// -----

func.func @f(%t: tensor<4xf32>) {
  // expected-error @+1 {{'tensor.cast' from tensor<4xf32> to tensor<5xf32>: what both types say of the shape must be the same}}
  %r = tensor.cast %t : tensor<4xf32> to tensor<5xf32>
  return
}

// -----

func.func @f(%t: tensor<4xf32>) {
  // expected-error @+1 {{'tensor.cast' has tensors of tensor<4xf32> and tensor<?xf16>: their elements are of one type}}
  %r = tensor.cast %t : tensor<4xf32> to tensor<?xf16>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.collapse_shape' makes dimension 0 of size 33 out of sizes [4, 8]: their product is 32}}
  %r = tensor.collapse_shape %t [[0, 1]] : tensor<4x8xf32> into tensor<33xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.collapse_shape' has groups [[1, 0]] for tensor<4x8xf32>: they list its 2 dimensions in order, each once}}
  %r = tensor.collapse_shape %t [[1, 0]] : tensor<4x8xf32> into tensor<32xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.collapse_shape' has groups [[0]] for tensor<4x8xf32>: they list its 2 dimensions in order, each once}}
  %r = tensor.collapse_shape %t [[0]] : tensor<4x8xf32> into tensor<4xf32>
  return
}

// -----

func.func @f(%t: tensor<32xf32>) {
  // expected-error @+1 {{'tensor.expand_shape' makes dimension 0 of size 32 out of sizes [4, 9]: their product is 36}}
  %r = tensor.expand_shape %t [[0, 1]] output_shape [4, 9] : tensor<32xf32> into tensor<4x9xf32>
  return
}

// -----

func.func @f(%t: tensor<32xf32>) {
  // Stricter than upstream.
  // expected-error @+1 {{'tensor.expand_shape' has output_shape [4, 8] and a result of type tensor<8x4xf32>: output_shape is the shape of the result}}
  %r = tensor.expand_shape %t [[0, 1]] output_shape [4, 8] : tensor<32xf32> into tensor<8x4xf32>
  return
}

// -----

func.func @f(%t: tensor<32xf32>, %x: f32) {
  // expected-error @+1 {{'tensor.pad' gives dimension 0 the size 33: 32 elements with 1 in front and 1 behind are 34}}
  %r = tensor.pad %t low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %x : f32
  } : tensor<32xf32> to tensor<33xf32>
  return
}

// -----

func.func @f(%t: tensor<32xf32>, %x: i32) {
  // expected-error @+1 {{the body of 'tensor.pad' yields (i32): it yields an element of the result, here f32}}
  %r = tensor.pad %t low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %x : i32
  } : tensor<32xf32> to tensor<34xf32>
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{the body of 'tensor.generate' yields (i32): it yields an element of the result, here f32}}
  %r = tensor.generate {
  ^bb0(%i: index):
    tensor.yield %x : i32
  } : tensor<4xf32>
  return
}

// -----

func.func @f(%x: f32) {
  // expected-error @+1 {{the body of 'tensor.generate' has arguments of types (index, index): it takes an index for each dimension of the result, here 1}}
  %r = tensor.generate {
  ^bb0(%i: index, %j: index):
    tensor.yield %x : f32
  } : tensor<4xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %i: tensor<3x1xindex>) {
  // expected-error @+1 {{'tensor.gather' has gather_dims [2]: they are dimensions of the tensor, 0 to 1, each once, in ascending order}}
  %r = tensor.gather %t[%i] gather_dims([2]) : (tensor<4x8xf32>, tensor<3x1xindex>) -> tensor<3x8xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %i: tensor<3x1xindex>) {
  // expected-error @+1 {{'tensor.gather' has slices of shape [3, 7]: it is [3, 1, 8], or [3, 8] without the indexed dimensions}}
  %r = tensor.gather %t[%i] gather_dims([0]) : (tensor<4x8xf32>, tensor<3x1xindex>) -> tensor<3x7xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %i: tensor<3x1xindex>, %s: tensor<3x8xf32>) {
  // expected-error @+1 {{'tensor.scatter' without 'unique': the order of writes is not specified, so each index must come once, which 'unique' promises}}
  %r = tensor.scatter %s into %t[%i] scatter_dims([0]) : (tensor<3x8xf32>, tensor<4x8xf32>, tensor<3x1xindex>) -> tensor<4x8xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %i: index) {
  // expected-error @+1 {{%i has type index, but is used as tensor<4x8xf32>}}
  %r = tensor.dim %i, %t : tensor<4x8xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %u: tensor<4x9xf32>) {
  // expected-error @+1 {{'tensor.concat' along dimension 0 has sizes [8, 9] in dimension 1: all tensors have the same size there}}
  %r = tensor.concat dim(0) %t, %u : (tensor<4x8xf32>, tensor<4x9xf32>) -> tensor<8x8xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.extract_slice' has a size of -4: a size is not negative}}
  %r = tensor.extract_slice %t[0, 0] [4, -4] [1, 1] : tensor<4x8xf32> to tensor<4x4xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %n: index) {
  // expected-error @+1 {{'tensor.extract_slice' has 1 value for its offsets, of which 0 are dynamic: there is a value for each dynamic one}}
  %r = "tensor.extract_slice"(%t, %n) <{operandSegmentSizes = array<i32: 1, 1, 0, 0>, static_offsets = array<i64: 0, 0>, static_sizes = array<i64: 4, 4>, static_strides = array<i64: 1, 1>}> : (tensor<4x8xf32>, index) -> tensor<4x4xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %x: f32) {
  // expected-error @+1 {{'tensor.pad' of tensor<4x8xf32> to tensor<6x10xf32> has 1 low and 1 high amounts: source and result have one rank, and every dimension one of each amount}}
  %r = tensor.pad %t low[1] high[1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %x : f32
  } : tensor<4x8xf32> to tensor<6x10xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %i: tensor<3x2xindex>) {
  // expected-error @+1 {{'tensor.gather' has indices tensor<3x2xindex> and 1 gather_dims: the last dimension of the indices holds one index for each of them}}
  %r = tensor.gather %t[%i] gather_dims([0]) : (tensor<4x8xf32>, tensor<3x2xindex>) -> tensor<3x8xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %s: tensor<2xf32>) {
  // expected-error @+1 {{'tensor.reshape' has a shape of type tensor<2xf32>: it has one dimension of integers or indices}}
  %r = tensor.reshape %t(%s) : (tensor<4x8xf32>, tensor<2xf32>) -> tensor<8x4xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %s: tensor<3xindex>) {
  // expected-error @+1 {{'tensor.reshape' to tensor<8x4xf32> has a shape of type tensor<3xindex>: it has one element for each dimension}}
  %r = tensor.reshape %t(%s) : (tensor<4x8xf32>, tensor<3xindex>) -> tensor<8x4xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %s: tensor<2xindex>) {
  // expected-error @+1 {{'tensor.reshape' makes tensor<8x5xf32> of tensor<4x8xf32>: both have the same number of elements}}
  %r = tensor.reshape %t(%s) : (tensor<4x8xf32>, tensor<2xindex>) -> tensor<8x5xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %s: tensor<4x4xf32>) {
  // expected-error @+1 {{'tensor.insert_slice' into tensor<4x8xf32> has a result of type tensor<4x9xf32>: the result has the type of the destination}}
  %r = "tensor.insert_slice"(%s, %t) <{operandSegmentSizes = array<i32: 1, 1, 0, 0, 0>, static_offsets = array<i64: 0, 0>, static_sizes = array<i64: 4, 4>, static_strides = array<i64: 1, 1>}> : (tensor<4x4xf32>, tensor<4x8xf32>) -> tensor<4x9xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{'tensor.concat' has no inputs: it has at least one}}
  %r = "tensor.concat"() <{dim = 0 : i64}> : () -> tensor<4xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.concat' of tensor<4x8xf32>, tensor<4x8xf32> along dimension 2 is tensor<8x8xf32>: all have the same number of dimensions, and the dimension is one of them}}
  %r = tensor.concat dim(2) %t, %t : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.concat' gives dimension 0 the size 9: the inputs have [4, 4], 8 in all}}
  %r = tensor.concat dim(0) %t, %t : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<9x8xf32>
  return
}

// -----

func.func @f(%t: tensor<f32>, %i: index) {
  // expected-error @+1 {{'tensor.dim' of tensor<f32>: there is no dimension to ask for}}
  %r = tensor.dim %t, %i : tensor<f32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.collapse_shape' has groups [[0, 1], []] for tensor<4x8xf32>: an empty group would be a dimension made of nothing}}
  %r = tensor.collapse_shape %t [[0, 1], []] : tensor<4x8xf32> into tensor<32x1xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // Stricter than upstream.
  // expected-error @+1 {{'tensor.collapse_shape' makes tensor<f32> and tensor<4x8xf32> the same: all sizes must be 1}}
  %r = tensor.collapse_shape %t [] : tensor<4x8xf32> into tensor<f32>
  return
}

// -----

func.func @f(%t: tensor<4x?xf32>) {
  // expected-error @+1 {{'tensor.collapse_shape' has tensor<32xf32> and tensor<4x?xf32>: a dimension is dynamic exactly when one of its group is, here dimension 0}}
  %r = tensor.collapse_shape %t [[0, 1]] : tensor<4x?xf32> into tensor<32xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.collapse_shape' has tensor<32xf16> and tensor<4x8xf32>: their elements are of one type}}
  %r = tensor.collapse_shape %t [[0, 1]] : tensor<4x8xf32> into tensor<32xf16>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.collapse_shape' has 2 groups for tensor<32xf32>: it has one for each dimension, 1}}
  %r = tensor.collapse_shape %t [[0], [1]] : tensor<4x8xf32> into tensor<32xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.bitcast' from tensor<4x8xf32> to tensor<4x8xi64>: they have one shape, and elements of as many bits}}
  %r = tensor.bitcast %t : tensor<4x8xf32> to tensor<4x8xi64>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>) {
  // expected-error @+1 {{'tensor.bitcast' from tensor<4x8xf32> to tensor<4x9xi32>: they have one shape, and elements of as many bits}}
  %r = tensor.bitcast %t : tensor<4x8xf32> to tensor<4x9xi32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %i: tensor<3x1xf32>) {
  // expected-error @+1 {{'tensor.gather' has indices tensor<3x1xf32>: they are indices or integers}}
  %r = tensor.gather %t[%i] gather_dims([0]) : (tensor<4x8xf32>, tensor<3x1xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @f(%n: index) {
  // expected-error @+1 {{'tensor.generate' has 0 sizes for tensor<?xindex>: it takes one for each dynamic dimension, here 1}}
  %r = tensor.generate {
  ^bb0(%i: index):
    tensor.yield %n : index
  } : tensor<?xindex>
  return
}

// -----

func.func @f(%t: tensor<*xf32>) {
  // expected-error @+1 {{'tensor.extract_slice' has an operand 'source' of type tensor<*xf32>}}
  %r = tensor.extract_slice %t[0] [4] [1] : tensor<*xf32> to tensor<4xf32>
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %n: index) {
  // expected-error @+1 {{'tensor.extract_slice' has sizes [?] and a slice of shape [4]: the slice has the shape of the sizes, from which dimensions of size 1 may be dropped}}
  %r = tensor.extract_slice %t[%n] [%n] [1] : tensor<4xf32> to tensor<4xf32>
  return
}
