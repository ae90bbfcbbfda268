#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d1)>
module {
  func.func @matmul_bias_relu(%x: tensor<128x64xf16>, %w: tensor<64x96xf16>, %bias: tensor<96xf32>) -> tensor<128x96xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<128x96xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<128x96xf32>) -> tensor<128x96xf32>
    %2 = linalg.matmul ins(%x, %w : tensor<128x64xf16>, tensor<64x96xf16>) outs(%1 : tensor<128x96xf32>) -> tensor<128x96xf32>
    %3 = tensor.empty() : tensor<128x96xf32>
    %4 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%2, %bias : tensor<128x96xf32>, tensor<96xf32>) outs(%3 : tensor<128x96xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %7 = arith.addf %in, %in_0 : f32
      linalg.yield %7 : f32
    } -> tensor<128x96xf32>
    %5 = tensor.empty() : tensor<128x96xf32>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%4 : tensor<128x96xf32>) outs(%5 : tensor<128x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      %7 = arith.maximumf %in, %cst : f32
      linalg.yield %7 : f32
    } -> tensor<128x96xf32>
    return %6 : tensor<128x96xf32>
  }
}
