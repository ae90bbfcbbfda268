// RUN: minilinalg-opt %s --split-input-file --verify-diagnostics

func.func @an_extent_that_nobody_knows(%a: i64) {
  // expected-error @+1 {{'address.to_memref' gives memref<8xf32>: it gives memref<?xELEMENT>, of which views are taken}}
  %m = address.to_memref %a : memref<8xf32>
  return
}
