// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

func.func @f(%m: memref<4xf32>) {
  // expected-error @+1 {{'bufferization.to_tensor' goes between memref<4xf32> and tensor<5xf32>: both have one shape and one element type, here tensor<4xf32>}}
  %r = bufferization.to_tensor %m : memref<4xf32> to tensor<5xf32>
  return
}

// -----

func.func @f(%m: tensor<4xf32>) {
  // expected-error @+1 {{'bufferization.to_buffer' goes between memref<5xf32> and tensor<4xf32>: both have one shape and one element type, here tensor<5xf32>}}
  %r = bufferization.to_buffer %m : tensor<4xf32> to memref<5xf32>
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %m: memref<5xf32>) {
  // expected-error @+1 {{'bufferization.materialize_in_destination' puts tensor<4xf32> into memref<5xf32>: both have one shape and one element type}}
  bufferization.materialize_in_destination %t in restrict writable %m : (tensor<4xf32>, memref<5xf32>) -> ()
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %m: memref<4xf32>) {
  // expected-error @+1 {{'bufferization.materialize_in_destination' into a buffer without 'writable': a buffer is written}}
  bufferization.materialize_in_destination %t in %m : (tensor<4xf32>, memref<4xf32>) -> ()
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %m: tensor<4xf32>) {
  // expected-error @+1 {{'bufferization.materialize_in_destination' into a tensor is restrict or writable: only a buffer can be}}
  %r = bufferization.materialize_in_destination %t in writable %m : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%i: index) {
  // expected-error @+1 {{'bufferization.alloc_tensor' has 1 size for tensor<4xf32>: it takes one for each dynamic dimension, here 0}}
  %r = bufferization.alloc_tensor(%i) : tensor<4xf32>
  return
}

// -----

func.func @f(%i: index, %t: tensor<4xf32>) {
  // expected-error @+1 {{%t has type tensor<4xf32>, but is used as tensor<5xf32>}}
  %r = bufferization.alloc_tensor() copy(%t) {memory_space = 1 : i64} : tensor<5xf32>
  return
}

// -----

func.func @f(%t: memref<4xf32>) {
  // expected-error @+1 {{'bufferization.dealloc_tensor' does not take memref<4xf32>}}
  bufferization.dealloc_tensor %t : memref<4xf32>
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %m: memref<4xf32>) {
  // expected-error @+1 {{'bufferization.materialize_in_destination' into a buffer has a result: only one into a tensor has}}
  %r = bufferization.materialize_in_destination %t in writable %m : (tensor<4xf32>, memref<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %m: tensor<4xf32>) {
  // expected-error @+1 {{'bufferization.materialize_in_destination' into tensor<4xf32> must have a result of that type}}
  %r = bufferization.materialize_in_destination %t in %m : (tensor<4xf32>, tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%t: tensor<?xf32>, %n: index) {
  // expected-error @+1 {{'bufferization.alloc_tensor' copies tensor<?xf32> to tensor<?xf32> with 1 size: a copy has the type of what is copied, and no sizes}}
  %r = bufferization.alloc_tensor(%n) copy(%t) : tensor<?xf32>
  return
}
