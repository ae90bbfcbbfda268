// RUN: minilinalg-opt %s --tritongpu-reorder-instructions --split-input-file | filecheck %s

#a = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#b = #ttg.blocked<{sizePerThread = [4], threadsPerWarp = [32], warpsPerCTA = [4], order = [0]}>
#shared = #ttg.swizzled_shared<{vec = 1, perPhase = 1, maxPhase = 1, order = [0]}>
#smem = #ttg.shared_memory
module {
  // CHECK-LABEL: @keep_what_two_use
  // CHECK-NEXT: ttg.convert_layout
  tt.func @keep_what_two_use(%x: tensor<512xf32, #a>, %y: tensor<512xf32, #b>) -> tensor<512xf32, #b> {
    %0 = ttg.convert_layout %x : tensor<512xf32, #a> -> tensor<512xf32, #b>
    %1 = math.exp %y : tensor<512xf32, #b>
    %2 = arith.addf %0, %1 : tensor<512xf32, #b>
    %3 = arith.addf %0, %2 : tensor<512xf32, #b>
    tt.return %3 : tensor<512xf32, #b>
  }

  // CHECK-LABEL: @stored_where_it_was_computed
  // CHECK-NEXT: math.exp
  // CHECK-NEXT: ttg.local_alloc
  // CHECK-NEXT: math.exp
  tt.func @stored_where_it_was_computed(%x: tensor<512xf32, #a>, %y: tensor<512xf32, #b>) -> tensor<512xf32, #b> {
    %0 = math.exp %x : tensor<512xf32, #a>
    %1 = math.exp %y : tensor<512xf32, #b>
    %2 = ttg.local_alloc %0 : (tensor<512xf32, #a>) -> !ttg.memdesc<512xf32, #shared, #smem>
    %3 = ttg.local_load %2 : !ttg.memdesc<512xf32, #shared, #smem> -> tensor<512xf32, #b>
    %4 = arith.addf %1, %3 : tensor<512xf32, #b>
    tt.return %4 : tensor<512xf32, #b>
  }
}
