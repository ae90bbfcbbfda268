// RUN: minilinalg-opt %s --tritongpu-coalesce --split-input-file | filecheck %s
// RUN: minilinalg-opt %s --tritongpu-coalesce --split-input-file --remarks 2>&1 | filecheck %s --check-prefix=REMARK

// CHECK: #blocked1 = #ttg.blocked<{sizePerThread = [8, 1], threadsPerWarp = [8, 4], warpsPerCTA = [1, 4], order = [0, 1]}>
#b = #ttg.blocked<{sizePerThread = [1, 1], threadsPerWarp = [1, 32], warpsPerCTA = [4, 1], order = [1, 0]}>
#r = #ttg.slice<{dim = 1, parent = #b}>
#c = #ttg.slice<{dim = 0, parent = #b}>
module attributes {"ttg.num-warps" = 4 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // CHECK-LABEL: @columns_side_by_side
  // CHECK: tt.load {{.*}} : tensor<64x64x!tt.ptr<f16>, #blocked1>
  tt.func @columns_side_by_side(%p: !tt.ptr<f16> {tt.divisibility = 16 : i32}, %s: i32 {tt.divisibility = 16 : i32}) {
    %0 = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32, #r>
    %1 = tt.expand_dims %0 {axis = 1 : i32} : tensor<64xi32, #r> -> tensor<64x1xi32, #b>
    %2 = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32, #c>
    %3 = tt.expand_dims %2 {axis = 0 : i32} : tensor<64xi32, #c> -> tensor<1x64xi32, #b>
    %4 = tt.splat %s : i32 -> tensor<1x64xi32, #b>
    %5 = arith.muli %3, %4 : tensor<1x64xi32, #b>
    %6 = tt.broadcast %1 : tensor<64x1xi32, #b> -> tensor<64x64xi32, #b>
    %7 = tt.broadcast %5 : tensor<1x64xi32, #b> -> tensor<64x64xi32, #b>
    %8 = arith.addi %6, %7 : tensor<64x64xi32, #b>
    %9 = tt.splat %p : !tt.ptr<f16> -> tensor<64x64x!tt.ptr<f16>, #b>
    %10 = tt.addptr %9, %8 : tensor<64x64x!tt.ptr<f16>, #b>, tensor<64x64xi32, #b>
    %11 = tt.load %10 : tensor<64x64x!tt.ptr<f16>, #b>
    tt.return
  }
}

// -----

#b = #ttg.blocked<{sizePerThread = [1], threadsPerWarp = [32], warpsPerCTA = [1], order = [0]}>
module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // Nothing is promised of %p: a thread moves one element.
  // CHECK-LABEL: @no_promise
  // CHECK-NOT: ttg.convert_layout
  // REMARK: remark: [tritongpu-coalesce] 1 element in a row for each thread, along dimension 0: addresses run over 128 there, and are multiples of 2 bytes{{$}}
  tt.func @no_promise(%p: !tt.ptr<f16>) {
    %0 = tt.make_range {end = 128 : i32, start = 0 : i32} : tensor<128xi32, #b>
    %1 = tt.splat %p : !tt.ptr<f16> -> tensor<128x!tt.ptr<f16>, #b>
    %2 = tt.addptr %1, %0 : tensor<128x!tt.ptr<f16>, #b>, tensor<128xi32, #b>
    %3 = tt.load %2 : tensor<128x!tt.ptr<f16>, #b>
    tt.return
  }

  // CHECK-LABEL: @no_thread_goes_without
  // CHECK: tt.load {{.*}} : tensor<32x!tt.ptr<f32>, #blocked>
  tt.func @no_thread_goes_without(%p: !tt.ptr<f32> {tt.divisibility = 16 : i32}) {
    %0 = tt.make_range {end = 32 : i32, start = 0 : i32} : tensor<32xi32, #b>
    %1 = tt.splat %p : !tt.ptr<f32> -> tensor<32x!tt.ptr<f32>, #b>
    %2 = tt.addptr %1, %0 : tensor<32x!tt.ptr<f32>, #b>, tensor<32xi32, #b>
    %3 = tt.load %2 : tensor<32x!tt.ptr<f32>, #b>
    tt.return
  }
}
