#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d0)>
#map2 = affine_map<(d0) -> (d0)>
#map3 = affine_map<(d0) -> ()>
#map4 = affine_map<(d0, d1) -> (d1)>
module {
  func.func @rms_norm(%x: tensor<32x384xf16>, %weight: tensor<384xf32>, %epsilon: f32) -> tensor<32x384xf16> {
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 3.840000e+02 : f32
    %0 = tensor.empty() : tensor<32xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<32xf32>) -> tensor<32xf32>
    %S = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<32x384xf16>) outs(%1 : tensor<32xf32>) {
    ^bb0(%in: f16, %out: f32):
      %11 = arith.extf %in : f16 to f32
      %12 = arith.mulf %11, %11 : f32
      %13 = arith.addf %out, %12 : f32
      linalg.yield %13 : f32
    } -> tensor<32xf32>
    %2 = tensor.empty() : tensor<32xf32>
    %3 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%S : tensor<32xf32>) outs(%2 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %11 = arith.divf %in, %cst_0 : f32
      linalg.yield %11 : f32
    } -> tensor<32xf32>
    %4 = tensor.empty() : tensor<32xf32>
    %5 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel"]} ins(%3, %epsilon : tensor<32xf32>, f32) outs(%4 : tensor<32xf32>) {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %11 = arith.addf %in, %in_1 : f32
      linalg.yield %11 : f32
    } -> tensor<32xf32>
    %6 = tensor.empty() : tensor<32xf32>
    %7 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel"]} ins(%5 : tensor<32xf32>) outs(%6 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %11 = math.rsqrt %in : f32
      linalg.yield %11 : f32
    } -> tensor<32xf32>
    %8 = tensor.empty() : tensor<32x384xf32>
    %Y = linalg.generic {indexing_maps = [#map, #map1, #map4, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %7, %weight : tensor<32x384xf16>, tensor<32xf32>, tensor<384xf32>) outs(%8 : tensor<32x384xf32>) {
    ^bb0(%in: f16, %in_2: f32, %in_3: f32, %out: f32):
      %11 = arith.extf %in : f16 to f32
      %12 = arith.mulf %11, %in_2 : f32
      %13 = arith.mulf %12, %in_3 : f32
      linalg.yield %13 : f32
    } -> tensor<32x384xf32>
    %9 = tensor.empty() : tensor<32x384xf16>
    %10 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%Y : tensor<32x384xf32>) outs(%9 : tensor<32x384xf16>) {
    ^bb0(%in: f32, %out: f16):
      %11 = arith.truncf %in : f32 to f16
      linalg.yield %11 : f16
    } -> tensor<32x384xf16>
    return %10 : tensor<32x384xf16>
  }
}
