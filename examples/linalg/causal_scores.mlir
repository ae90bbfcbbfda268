#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> ()>
module {
  func.func @causal_scores(%scores: tensor<64x64xf32>, %scale: f32) -> tensor<64x64xf32> {
    %cst = arith.constant -1.000000e+09 : f32
    %0 = tensor.empty() : tensor<64x64xf32>
    %P = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%scores, %scale : tensor<64x64xf32>, f32) outs(%0 : tensor<64x64xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %1 = linalg.index 1 : index
      %2 = linalg.index 0 : index
      %3 = arith.cmpi sle, %1, %2 : index
      %4 = arith.mulf %in, %in_0 : f32
      %5 = arith.select %3, %4, %cst : f32
      linalg.yield %5 : f32
    } -> tensor<64x64xf32>
    return %P : tensor<64x64xf32>
  }
}
