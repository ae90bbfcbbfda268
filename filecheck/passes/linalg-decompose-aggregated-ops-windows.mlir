// RUN: minilinalg-opt --linalg-decompose-aggregated-ops --target mlu370 --split-input-file --remarks --verify-diagnostics %s | filecheck %s

// CHECK-LABEL: @a_window_is_a_loop_of_operations_on_slices
// CHECK: scf.for [[R:%.*]] = {{.*}} iter_args([[Y:%.*]] = %init) -> (tensor<4x8xf32>)
// CHECK: [[TWICE:%.*]] = arith.muli [[R]], %{{.*}} : index
// CHECK: [[X:%.*]] = tensor.extract_slice %x{{\[}}[[TWICE]], 0] [4, 8] [3, 1] : tensor<14x8xf32> to tensor<4x8xf32>
// CHECK-NEXT: [[W:%.*]] = tensor.extract_slice %w{{\[}}[[R]], 0] [1, 8] [1, 1] : tensor<3x8xf32> to tensor<8xf32>
// CHECK-NEXT: [[ONE:%.*]] = linalg.generic {{.*}} ins([[X]], [[W]] : tensor<4x8xf32>, tensor<8xf32>) outs([[Y]] : tensor<4x8xf32>)
// CHECK: scf.yield [[ONE]]
#x = affine_map<(t, c, r) -> (t * 3 + r * 2, c)>
#w = affine_map<(t, c, r) -> (r, c)>
#y = affine_map<(t, c, r) -> (t, c)>
func.func @a_window_is_a_loop_of_operations_on_slices(%x: tensor<14x8xf32>, %w: tensor<3x8xf32>, %init: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%x, %w : tensor<14x8xf32>, tensor<3x8xf32>) outs(%init : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %c, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// A window over channels leaves a matrix product where the machine multiplies f16.
// CHECK-LABEL: @products_summed_up_over_channels_are_a_matmul
// CHECK: scf.for [[R:%.*]] = {{.*}} iter_args([[Y:%.*]] = %init) -> (tensor<5x4xf32>)
// CHECK-NEXT: [[X:%.*]] = tensor.extract_slice %x{{\[}}[[R]], 0] [5, 8] [1, 1] : tensor<7x8xf16> to tensor<5x8xf16>
// CHECK-NEXT: [[W:%.*]] = tensor.extract_slice %w{{\[}}[[R]], 0, 0] [1, 8, 4] [1, 1, 1] : tensor<3x8x4xf16> to tensor<8x4xf16>
// CHECK-NEXT: linalg.matmul ins([[X]], [[W]] : tensor<5x8xf16>, tensor<8x4xf16>) outs([[Y]] : tensor<5x4xf32>)
#x = affine_map<(t, o, r, i) -> (t + r, i)>
#w = affine_map<(t, o, r, i) -> (r, i, o)>
#y = affine_map<(t, o, r, i) -> (t, o)>
func.func @products_summed_up_over_channels_are_a_matmul(%x: tensor<7x8xf16>, %w: tensor<3x8x4xf16>, %init: tensor<5x4xf32>) -> tensor<5x4xf32> {
  %0 = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
    ins(%x, %w : tensor<7x8xf16>, tensor<3x8x4xf16>) outs(%init : tensor<5x4xf32>) {
  ^bb0(%a: f16, %b: f16, %c: f32):
    %l = arith.extf %a : f16 to f32
    %m = arith.extf %b : f16 to f32
    %1 = arith.mulf %l, %m : f32
    %2 = arith.addf %c, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<5x4xf32>
  return %0 : tensor<5x4xf32>
}

// -----

// A parallel loop puts one part of the result after the other into it.
// CHECK-LABEL: @what_is_parallel_puts_parts_back
// CHECK: scf.for [[I:%.*]] = {{.*}} iter_args([[Y:%.*]] = %init) -> (tensor<3x5xf32>)
// CHECK-NEXT: [[PART:%.*]] = tensor.extract_slice [[Y]]{{\[}}[[I]], 0] [1, 5] [1, 1] : tensor<3x5xf32> to tensor<5xf32>
// CHECK-NEXT: [[X:%.*]] = tensor.extract_slice %x{{\[}}[[I]]] [5] [1] : tensor<7xf32> to tensor<5xf32>
// CHECK-NEXT: [[SUM:%.*]] = linalg.generic {{.*}} ins([[X]] : tensor<5xf32>) outs([[PART]] : tensor<5xf32>)
// CHECK: tensor.insert_slice [[SUM]] into [[Y]]{{\[}}[[I]], 0] [1, 5] [1, 1]
func.func @what_is_parallel_puts_parts_back(%x: tensor<7xf32>, %init: tensor<3x5xf32>) -> tensor<3x5xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i + j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%x : tensor<7xf32>) outs(%init : tensor<3x5xf32>) {
  ^bb0(%a: f32, %c: f32):
    %1 = arith.addf %a, %c : f32
    linalg.yield %1 : f32
  } -> tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}

// -----

// CHECK-LABEL: @sizes_that_are_known_late_stay
// CHECK-NOT: scf.for
func.func @sizes_that_are_known_late_stay(%x: tensor<?xf32>, %w: tensor<3xf32>, %init: tensor<5xf32>) -> tensor<5xf32> {
  // expected-remark @+1 {{'linalg.generic' stays as it is: its sizes are known only when the program runs}}
  %0 = linalg.generic {indexing_maps = [affine_map<(i, r) -> (i + r)>, affine_map<(i, r) -> (r)>, affine_map<(i, r) -> (i)>], iterator_types = ["parallel", "reduction"]}
    ins(%x, %w : tensor<?xf32>, tensor<3xf32>) outs(%init : tensor<5xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %1 = arith.addf %a, %c : f32
    linalg.yield %1 : f32
  } -> tensor<5xf32>
  return %0 : tensor<5xf32>
}

// -----

// CHECK-LABEL: @an_index_that_is_divided_stays
// CHECK-NOT: scf.for
func.func @an_index_that_is_divided_stays(%x: tensor<4xf32>, %init: tensor<8xf32>) -> tensor<8xf32> {
  // expected-remark @+1 {{'linalg.generic' stays as it is: an index of an operand is no sum of loops}}
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i floordiv 2)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
    ins(%x : tensor<4xf32>) outs(%init : tensor<8xf32>) {
  ^bb0(%a: f32, %c: f32):
    linalg.yield %a : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// CHECK-LABEL: @an_output_along_a_diagonal_stays
// CHECK-NOT: scf.for
func.func @an_output_along_a_diagonal_stays(%x: tensor<8xf32>, %init: tensor<8x8xf32>) -> tensor<8x8xf32> {
  // expected-remark @+1 {{'linalg.generic' stays as it is: an output is not indexed by every parallel loop}}
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i, i)>], iterator_types = ["parallel"]}
    ins(%x : tensor<8xf32>) outs(%init : tensor<8x8xf32>) {
  ^bb0(%a: f32, %c: f32):
    linalg.yield %a : f32
  } -> tensor<8x8xf32>
  return %0 : tensor<8x8xf32>
}
