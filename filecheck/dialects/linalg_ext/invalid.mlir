// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

func.func @scan_dimension(%x: tensor<4xf32>) {
  // expected-error @+1 {{'linalg_ext.scan' has dim = 1 on tensor<4xf32>: it is one of its dimensions}}
  %r = linalg_ext.scan ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>) dim = 1 {
  ^bb0(%a: f32, %b: f32):
    linalg_ext.yield %b : f32
  } -> tensor<4xf32>
  return
}

// -----

func.func @scan_shape(%x: tensor<4xf32>, %y: tensor<5xf32>) {
  // expected-error @+1 {{'linalg_ext.scan' from tensor<4xf32> into tensor<5xf32>: inputs and outputs have the shape of the first input}}
  %r = linalg_ext.scan ins(%x : tensor<4xf32>) outs(%y : tensor<5xf32>) dim = 0 {
  ^bb0(%a: f32, %b: f32):
    linalg_ext.yield %b : f32
  } -> tensor<5xf32>
  return
}

// -----

func.func @scan_body(%x: tensor<4xf32>) {
  // expected-error @+1 {{the body of 'linalg_ext.scan' goes from (f32) to (f32): it takes an element of each input from the earlier and from the later side, and yields one of each output, here (f32)}}
  %r = linalg_ext.scan ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>) dim = 0 {
  ^bb0(%a: f32):
    linalg_ext.yield %a : f32
  } -> tensor<4xf32>
  return
}

// -----

func.func @histogram_of_floats(%x: tensor<4xf32>, %bins: tensor<8xi32>) {
  // expected-error @+1 {{'linalg_ext.histogram' has elements of f32: values and bins are integers of more than one bit}}
  %r = linalg_ext.histogram ins(%x : tensor<4xf32>) outs(%bins : tensor<8xi32>) -> tensor<8xi32>
  return
}

// -----

func.func @histogram_mask(%x: tensor<4xi32>, %m: tensor<5xi1>, %bins: tensor<8xi32>) {
  // expected-error @+1 {{'linalg_ext.histogram' has a mask of type tensor<5xi1> for values of type tensor<4xi32>: it has an i1 for each}}
  %r = linalg_ext.histogram ins(%x, %m : tensor<4xi32>, tensor<5xi1>) outs(%bins : tensor<8xi32>) -> tensor<8xi32>
  return
}

// -----

func.func @histogram_bins(%x: tensor<4xi32>, %bins: tensor<2x8xi32>) {
  // expected-error @+1 {{'linalg_ext.histogram' has bins of type tensor<2x8xi32>: they have one dimension}}
  %r = linalg_ext.histogram ins(%x : tensor<4xi32>) outs(%bins : tensor<2x8xi32>) -> tensor<2x8xi32>
  return
}

// -----

func.func @no_index(%x: memref<?xf32>, %e: tensor<4xf32>) {
  // expected-error @+1 {{'linalg_ext.gather' has 1 input and 1 output: it takes two inputs, or three with a mask, and one output}}
  %r = linalg_ext.gather ins(%x : memref<?xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @result(%x: memref<?xf32>, %i: tensor<4xi32>, %e: tensor<4xf32>) {
  // expected-error @+1 {{'linalg_ext.gather' has results () for outputs of type (tensor<4xf32>): there is one for each output that is a tensor, of its type}}
  linalg_ext.gather ins(%x, %i : memref<?xf32>, tensor<4xi32>) outs(%e : tensor<4xf32>)
  return
}

// -----

func.func @elements(%x: memref<?xf32>, %i: tensor<4xi32>, %v: tensor<4xf16>) {
  // expected-error @+1 {{'linalg_ext.scatter' moves elements of f32 and f16: they are of one type}}
  linalg_ext.scatter ins(%v, %i : tensor<4xf16>, tensor<4xi32>) outs(%x : memref<?xf32>)
  return
}

// -----

func.func @indices(%x: memref<?xf32>, %i: tensor<4xf32>, %v: tensor<4xf32>) {
  // expected-error @+1 {{'linalg_ext.scatter' has an index tensor of f32: indices are integers of more than one bit}}
  linalg_ext.scatter ins(%v, %i : tensor<4xf32>, tensor<4xf32>) outs(%x : memref<?xf32>)
  return
}

// -----

func.func @mask(%x: memref<?xf32>, %i: tensor<4xi32>, %m: tensor<5xi1>, %e: tensor<4xf32>) {
  // expected-error @+1 {{'linalg_ext.gather' has a mask of type tensor<5xi1> for indices of type tensor<4xi32>: it has an i1 for each index}}
  %r = linalg_ext.gather ins(%x, %i, %m : memref<?xf32>, tensor<4xi32>, tensor<5xi1>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @dimension(%x: memref<?xf32>, %i: tensor<4xi32>, %e: tensor<4xf32>) {
  // expected-error @+1 {{'linalg_ext.gather' has dim = 1 on memref<?xf32>: it is one of its dimensions}}
  %r = linalg_ext.gather ins(%x, %i : memref<?xf32>, tensor<4xi32>) outs(%e : tensor<4xf32>) dim = 1 -> tensor<4xf32>
  return
}

// -----

func.func @shape(%x: memref<?x8xf32>, %i: tensor<4xi32>, %e: tensor<8x4xf32>) {
  // expected-error @+1 {{'linalg_ext.gather' has a block of shape 8x4, an array of shape ?x8 and indices of shape 4 along dimension 0: the block has the index's shape in place of that dimension, 4x8}}
  %r = linalg_ext.gather ins(%x, %i : memref<?x8xf32>, tensor<4xi32>) outs(%e : tensor<8x4xf32>) dim = 0 -> tensor<8x4xf32>
  return
}

// -----

func.func @atomic_on_a_tensor(%x: tensor<4xi32>) {
  // expected-error @+1 {{'linalg_ext.atomic_rmw' changes tensor<4xi32>: what programs share is memory, a memref}}
  %r = linalg_ext.atomic_rmw addi ins(%x : tensor<4xi32>) outs(%x : tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @atomic_kind(%x: tensor<4xf32>, %m: memref<4xf32>) {
  // expected-error @+1 {{'linalg_ext.atomic_rmw' ori on f32: it combines integers}}
  linalg_ext.atomic_rmw ori ins(%x : tensor<4xf32>) outs(%m : memref<4xf32>)
  return
}

// -----

func.func @atomic_operands(%x: tensor<4xi32>, %m: memref<4xi32>) {
  // expected-error @+1 {{'linalg_ext.atomic_cas' has 1 input and 1 output: it takes from 2 to 4 inputs (values, indices, a mask), and one or two outputs}}
  linalg_ext.atomic_cas ins(%x : tensor<4xi32>) outs(%m : memref<4xi32>)
  return
}

// -----

func.func @atomic_element(%x: tensor<4xi32>, %m: memref<4xi64>) {
  // expected-error @+1 {{'linalg_ext.atomic_rmw' has a block of type tensor<4xi32> beside tensor<4xi32> and memref<4xi64>: all blocks have one shape, and the elements of the array}}
  linalg_ext.atomic_rmw addi ins(%x : tensor<4xi32>) outs(%m : memref<4xi64>)
  return
}

// -----

func.func @atomic_shape(%x: tensor<4xi32>, %m: memref<5xi32>) {
  // expected-error @+1 {{'linalg_ext.atomic_rmw' has an array of type memref<5xi32> for blocks of type tensor<4xi32>: without indices both have one shape}}
  linalg_ext.atomic_rmw addi ins(%x : tensor<4xi32>) outs(%m : memref<5xi32>)
  return
}

// -----

func.func @atomic_rows(%x: tensor<4xi32>, %m: memref<5x4xi32>) {
  // expected-error @+1 {{'linalg_ext.atomic_rmw' indexes memref<5x4xi32>: an array at indices has one dimension}}
  linalg_ext.atomic_rmw addi ins(%x, %x : tensor<4xi32>, tensor<4xi32>) outs(%m : memref<5x4xi32>)
  return
}

// -----

func.func @atomic_index(%x: tensor<4xi32>, %i: tensor<4xf32>, %m: memref<?xi32>) {
  // expected-error @+1 {{'linalg_ext.atomic_rmw' has indices of type tensor<4xf32> for blocks of type tensor<4xi32>: indices are integers of more than one bit, a mask is of i1, and each has one for every element}}
  linalg_ext.atomic_rmw addi ins(%x, %i : tensor<4xi32>, tensor<4xf32>) outs(%m : memref<?xi32>)
  return
}
