#map = affine_map<(d0, d1, d2, d3) -> (d0, d1 + d3, d2)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d3, d2)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
module {
  func.func @depthwise_conv(%x: tensor<2x66x32xf32>, %w: tensor<3x32xf32>) -> tensor<2x64x32xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<2x64x32xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<2x64x32xf32>) -> tensor<2x64x32xf32>
    %Y = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%x, %w : tensor<2x66x32xf32>, tensor<3x32xf32>) outs(%1 : tensor<2x64x32xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %2 = arith.mulf %in, %in_0 : f32
      %3 = arith.addf %out, %2 : f32
      linalg.yield %3 : f32
    } -> tensor<2x64x32xf32>
    return %Y : tensor<2x64x32xf32>
  }
}
