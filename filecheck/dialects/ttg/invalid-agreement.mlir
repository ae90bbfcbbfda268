// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

#b = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#c = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [8, 4], warpsPerCTA = [4, 1], order = [1, 0]}>
tt.func @reduce(%x: tensor<32x32xf32, #b>) {
  // expected-error @+1 {{the layout that follows is #ttg.slice<{dim = 1, parent =}}
  %0 = "tt.reduce"(%x) <{axis = 1 : i32}> ({
  ^bb0(%l: f32, %r: f32):
    tt.reduce.return %l : f32
  }) : (tensor<32x32xf32, #b>) -> tensor<32xf32, #ttg.slice<{dim = 1, parent = #c}>>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#l = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
tt.func @expand_dims(%x: tensor<32xf32, #l>) {
  // expected-error @+1 {{no layout of the result follows from the operand's, which would have to be #ttg.slice<{dim = 0, parent =}}
  %0 = tt.expand_dims %x {axis = 0 : i32} : tensor<32xf32, #l> -> tensor<1x32xf32, #b>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
tt.func @half_without_layout(%x: tensor<32x1xf32, #b>) {
  // expected-error @+1 {{'tt.broadcast' has tensor<32x32xf32> as result 0, and others with a layout: all tensors have one, or none}}
  %0 = tt.broadcast %x : tensor<32x1xf32, #b> -> tensor<32x32xf32>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
#c = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [8, 4], warpsPerCTA = [4, 1], order = [1, 0]}>
tt.func @dot(%x: tensor<32x32xf16, #ttg.dot_op<{opIdx = 0, parent = #b}>>, %y: tensor<32x32xf16, #ttg.dot_op<{opIdx = 1, parent = #c}>>, %z: tensor<32x32xf32, #b>) {
  // expected-error @+1 {{as operand 1: its layout is #ttg.dot_op, opIdx = 1, with the result's layout as parent}}
  %0 = tt.dot %x, %y, %z : tensor<32x32xf16, #ttg.dot_op<{opIdx = 0, parent = #b}>> * tensor<32x32xf16, #ttg.dot_op<{opIdx = 1, parent = #c}>> -> tensor<32x32xf32, #b>
  tt.return
}

// -----

#b = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [4, 8], warpsPerCTA = [4, 1], order = [1, 0]}>
tt.func @trans(%x: tensor<32x32xf16, #b>) {
  // expected-error @+1 {{the layout that follows is #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [8, 4], warpsPerCTA = [1, 4], order = [0, 1]}>}}
  %0 = tt.trans %x {order = array<i32: 1, 0>} : tensor<32x32xf16, #b> -> tensor<32x32xf16, #b>
  tt.return
}
