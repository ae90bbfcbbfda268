#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> ()>
module {
  func.func @gelu_residual(%x: tensor<64x512xf32>, %residual: tensor<64x512xf32>, %scale: f32) -> tensor<64x512xf32> {
    %cst = arith.constant 5.000000e-01 : f32
    %cst_0 = arith.constant 0.707106769 : f32
    %cst_1 = arith.constant 1.000000e+00 : f32
    %0 = tensor.empty() : tensor<64x512xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<64x512xf32>) outs(%0 : tensor<64x512xf32>) {
    ^bb0(%in: f32, %out: f32):
      %14 = arith.mulf %in, %cst : f32
      linalg.yield %14 : f32
    } -> tensor<64x512xf32>
    %2 = tensor.empty() : tensor<64x512xf32>
    %3 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<64x512xf32>) outs(%2 : tensor<64x512xf32>) {
    ^bb0(%in: f32, %out: f32):
      %14 = arith.mulf %in, %cst_0 : f32
      linalg.yield %14 : f32
    } -> tensor<64x512xf32>
    %4 = tensor.empty() : tensor<64x512xf32>
    %5 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%3 : tensor<64x512xf32>) outs(%4 : tensor<64x512xf32>) {
    ^bb0(%in: f32, %out: f32):
      %14 = math.erf %in : f32
      linalg.yield %14 : f32
    } -> tensor<64x512xf32>
    %6 = tensor.empty() : tensor<64x512xf32>
    %7 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%5 : tensor<64x512xf32>) outs(%6 : tensor<64x512xf32>) {
    ^bb0(%in: f32, %out: f32):
      %14 = arith.addf %in, %cst_1 : f32
      linalg.yield %14 : f32
    } -> tensor<64x512xf32>
    %8 = tensor.empty() : tensor<64x512xf32>
    %9 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%1, %7 : tensor<64x512xf32>, tensor<64x512xf32>) outs(%8 : tensor<64x512xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %14 = arith.mulf %in, %in_2 : f32
      linalg.yield %14 : f32
    } -> tensor<64x512xf32>
    %10 = tensor.empty() : tensor<64x512xf32>
    %11 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%9, %scale : tensor<64x512xf32>, f32) outs(%10 : tensor<64x512xf32>) {
    ^bb0(%in: f32, %in_3: f32, %out: f32):
      %14 = arith.mulf %in_3, %in : f32
      linalg.yield %14 : f32
    } -> tensor<64x512xf32>
    %12 = tensor.empty() : tensor<64x512xf32>
    %13 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%residual, %11 : tensor<64x512xf32>, tensor<64x512xf32>) outs(%12 : tensor<64x512xf32>) {
    ^bb0(%in: f32, %in_4: f32, %out: f32):
      %14 = arith.addf %in, %in_4 : f32
      linalg.yield %14 : f32
    } -> tensor<64x512xf32>
    return %13 : tensor<64x512xf32>
  }
}
