// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

func.func @no_index(%x: memref<?xf32>, %e: tensor<4xf32>) {
  // expected-error @+1 {{'linalg_ext.gather' has 1 input and 1 output: it takes two inputs, or three with a mask, and one output}}
  %r = linalg_ext.gather ins(%x : memref<?xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @result(%x: memref<?xf32>, %i: tensor<4xi32>, %e: tensor<4xf32>) {
  // expected-error @+1 {{'linalg_ext.gather' has results () for an output of type tensor<4xf32>: on a tensor there is one result of its type, on a memref none}}
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
