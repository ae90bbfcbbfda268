// RUN: minilinalg-opt %s --linalg-tile-and-fuse --target tiny-simd --split-input-file --verify-diagnostics | filecheck %s

// What fits stays as it is.
// CHECK-LABEL: @keep_what_fits
// CHECK-NOT: scf.for
// CHECK: tensor<256xf32>
func.func @keep_what_fits(%x: memref<256xf32>, %y: memref<256xf32>) {
  %t = bufferization.to_tensor %x restrict : memref<256xf32> to tensor<256xf32>
  %e = tensor.empty() : tensor<256xf32>
  %d = linalg.exp ins(%t : tensor<256xf32>) outs(%e : tensor<256xf32>) -> tensor<256xf32>
  bufferization.materialize_in_destination %d in writable %y : (tensor<256xf32>, memref<256xf32>) -> ()
  return
}

// -----

// A store is the anchor; the computation and the load are pulled into its loop. A last tile is smaller.
// CHECK-LABEL: @pull_producers_into_the_loop_of_a_store
// CHECK-SAME: ml.no_partial_overlap = ["x"]
// CHECK: %[[END:.*]] = arith.constant 2000 : index
// CHECK: scf.for %[[TILE:.*]] = %{{.*}} to %[[END]] step
// CHECK-NEXT: memref.subview %x[%[[TILE]]] [500] [1]
// CHECK-NEXT: bufferization.to_tensor
// CHECK: linalg.exp
// CHECK: memref.subview %y[%[[TILE]]] [500] [1]
// CHECK-NEXT: bufferization.materialize_in_destination
func.func @pull_producers_into_the_loop_of_a_store(%x: memref<2000xf32>, %y: memref<2000xf32>) {
  %t = bufferization.to_tensor %x restrict : memref<2000xf32> to tensor<2000xf32>
  %e = tensor.empty() : tensor<2000xf32>
  %d = linalg.exp ins(%t : tensor<2000xf32>) outs(%e : tensor<2000xf32>) -> tensor<2000xf32>
  bufferization.materialize_in_destination %d in writable %y : (tensor<2000xf32>, memref<2000xf32>) -> ()
  return
}

// -----

// No size between a quarter and a half divides a prime: what is left is a tile of its own, behind the loop.
// CHECK-LABEL: @end_with_a_smaller_tile
// CHECK: scf.for
// CHECK: tensor<501xf32>
// CHECK: memref.subview %x[1503] [500] [1]
// CHECK: memref.subview %y[1503] [500] [1]
func.func @end_with_a_smaller_tile(%x: memref<2003xf32>, %y: memref<2003xf32>) {
  %t = bufferization.to_tensor %x restrict : memref<2003xf32> to tensor<2003xf32>
  %e = tensor.empty() : tensor<2003xf32>
  %d = linalg.exp ins(%t : tensor<2003xf32>) outs(%e : tensor<2003xf32>) -> tensor<2003xf32>
  bufferization.materialize_in_destination %d in writable %y : (tensor<2003xf32>, memref<2003xf32>) -> ()
  return
}
