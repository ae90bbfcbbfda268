// RUN: minilinalg-opt %s | filecheck %s
// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s

// CHECK-LABEL: @memory_at_an_address
func.func @memory_at_an_address(%x: memref<?xf32>, %a: i64) {
  // CHECK-NEXT: memref.extract_aligned_pointer_as_index %x : memref<?xf32> -> index
  %p = memref.extract_aligned_pointer_as_index %x : memref<?xf32> -> index
  // CHECK-NEXT: address.to_memref %a : memref<?xf16>
  %m = address.to_memref %a : memref<?xf16>
  // CHECK-NEXT: address.to_memref %a : memref<?xi8, #simd.space<gdram>>
  %n = address.to_memref %a : memref<?xi8, #simd.space<gdram>>
  return
}
