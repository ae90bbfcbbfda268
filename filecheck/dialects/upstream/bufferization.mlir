// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s
// RUN: minilinalg-opt --mlir-print-op-generic %s | minilinalg-opt | filecheck %s

// Where tensors meet buffers.

// CHECK-LABEL: func.func @f(
func.func @f(%n: index, %m: memref<8x16xf32>, %t: tensor<8x16xf32>, %u: memref<*xf32>) -> tensor<8x16xf32> {
  // CHECK: %0 = bufferization.to_tensor %m : memref<8x16xf32> to tensor<8x16xf32>
  %0 = bufferization.to_tensor %m : memref<8x16xf32> to tensor<8x16xf32>
  // CHECK: %1 = bufferization.to_tensor %m restrict : memref<8x16xf32> to tensor<8x16xf32>
  %1 = bufferization.to_tensor %m restrict : memref<8x16xf32> to tensor<8x16xf32>
  // CHECK: %2 = bufferization.to_tensor %m restrict writable : memref<8x16xf32> to tensor<8x16xf32>
  %2 = bufferization.to_tensor %m restrict writable : memref<8x16xf32> to tensor<8x16xf32>
  // CHECK: %3 = bufferization.to_buffer %t : tensor<8x16xf32> to memref<8x16xf32>
  %3 = bufferization.to_buffer %t : tensor<8x16xf32> to memref<8x16xf32>
  // CHECK: %4 = bufferization.to_buffer %t read_only : tensor<8x16xf32> to memref<8x16xf32, strided<[?, ?], offset: ?>>
  %4 = bufferization.to_buffer %t read_only : tensor<8x16xf32> to memref<8x16xf32, strided<[?, ?], offset: ?>>
  // CHECK: bufferization.materialize_in_destination %t in writable %m : (tensor<8x16xf32>, memref<8x16xf32>) -> ()
  bufferization.materialize_in_destination %t in writable %m : (tensor<8x16xf32>, memref<8x16xf32>) -> ()
  // CHECK: bufferization.materialize_in_destination %t in restrict writable %m : (tensor<8x16xf32>, memref<8x16xf32>) -> ()
  bufferization.materialize_in_destination %t in restrict writable %m : (tensor<8x16xf32>, memref<8x16xf32>) -> ()
  // CHECK: %5 = bufferization.materialize_in_destination %t in %t : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
  %5 = bufferization.materialize_in_destination %t in %t : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
  // CHECK: %6 = bufferization.alloc_tensor() : tensor<8x16xf32>
  %6 = bufferization.alloc_tensor() : tensor<8x16xf32>
  // CHECK: %7 = bufferization.alloc_tensor(%n) : tensor<?x16xf32>
  %7 = bufferization.alloc_tensor(%n) : tensor<?x16xf32>
  // CHECK: %8 = bufferization.alloc_tensor() copy(%t) : tensor<8x16xf32>
  %8 = bufferization.alloc_tensor() copy(%t) : tensor<8x16xf32>
  // CHECK: %9 = bufferization.alloc_tensor() copy(%t) {memory_space = 1 : i64} : tensor<8x16xf32>
  %9 = bufferization.alloc_tensor() copy(%t) {memory_space = 1 : i64} : tensor<8x16xf32>
  // CHECK: %10 = bufferization.alloc_tensor(%n) size_hint=%n : tensor<?x16xf32>
  %10 = bufferization.alloc_tensor(%n) size_hint=%n : tensor<?x16xf32>
  // CHECK: bufferization.dealloc_tensor %6 : tensor<8x16xf32>
  bufferization.dealloc_tensor %6 : tensor<8x16xf32>
  // CHECK: %11 = bufferization.clone %m : memref<8x16xf32> to memref<8x16xf32>
  %11 = bufferization.clone %m : memref<8x16xf32> to memref<8x16xf32>
  // CHECK: return %t : tensor<8x16xf32>
  return %t : tensor<8x16xf32>
}
