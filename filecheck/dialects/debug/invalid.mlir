// RUN: minilinalg-opt %s --split-input-file --verify-diagnostics

func.func @no_program(%x: index) {
  // expected-error @+1 {{'debug.print' of a program at 1 index: it has x, y and z}}
  debug.print " x" program(%x) element() of []
  return
}

// -----

func.func @no_index(%x: index, %ok: i1) {
  // expected-error @+1 {{'debug.assert' of an element at 1 index of a block of 2 dimensions: an index for each dimension}}
  debug.assert %ok "small" program(%x, %x, %x) element(%x) of [4, 8]
  return
}
