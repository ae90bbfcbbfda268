#map = affine_map<(d0, d1, d2) -> (d0, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d2, d1)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map3 = affine_map<(d0, d1) -> (d0, d1)>
#map4 = affine_map<(d0, d1) -> (d1)>
module {
  func.func @matmul_bias_relu(%x: tensor<128x64xf16>, %w: tensor<64x96xf16>, %bias: tensor<96xf32>) -> tensor<128x96xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<128x96xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<128x96xf32>) -> tensor<128x96xf32>
    %P = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<128x64xf16>, tensor<64x96xf16>) outs(%1 : tensor<128x96xf32>) {
    ^bb0(%in: f16, %in_0: f16, %out: f32):
      %3 = arith.extf %in : f16 to f32
      %4 = arith.extf %in_0 : f16 to f32
      %5 = arith.mulf %3, %4 : f32
      %6 = arith.addf %out, %5 : f32
      linalg.yield %6 : f32
    } -> tensor<128x96xf32>
    %2 = tensor.empty() : tensor<128x96xf32>
    %Y = linalg.generic {indexing_maps = [#map3, #map4, #map3], iterator_types = ["parallel", "parallel"]} ins(%P, %bias : tensor<128x96xf32>, tensor<96xf32>) outs(%2 : tensor<128x96xf32>) {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %3 = arith.addf %in, %in_1 : f32
      %4 = arith.maximumf %3, %cst : f32
      linalg.yield %4 : f32
    } -> tensor<128x96xf32>
    return %Y : tensor<128x96xf32>
  }
}
