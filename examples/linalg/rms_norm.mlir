#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> ()>
#map2 = affine_map<(d0, d1) -> (d0, 0)>
#map3 = affine_map<(d0, d1) -> (d1)>
module {
  func.func @rms_norm(%x: tensor<32x384xf16>, %weight: tensor<384xf32>, %epsilon: f32) -> tensor<32x384xf16> {
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 3.840000e+02 : f32
    %0 = tensor.empty() : tensor<32x384xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<32x384xf16>) outs(%0 : tensor<32x384xf32>) {
    ^bb0(%in: f16, %out: f32):
      %18 = arith.extf %in : f16 to f32
      linalg.yield %18 : f32
    } -> tensor<32x384xf32>
    %2 = tensor.empty() : tensor<32x384xf32>
    %3 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%1 : tensor<32x384xf32>) outs(%2 : tensor<32x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      %18 = arith.mulf %in, %in : f32
      linalg.yield %18 : f32
    } -> tensor<32x384xf32>
    %4 = tensor.empty() : tensor<32xf32>
    %5 = linalg.fill ins(%cst : f32) outs(%4 : tensor<32xf32>) -> tensor<32xf32>
    %reduced = linalg.reduce ins(%3 : tensor<32x384xf32>) outs(%5 : tensor<32xf32>) dimensions = [1]
      (%in: f32, %init: f32) {
        %18 = arith.addf %in, %init : f32
        linalg.yield %18 : f32
      }
    %expanded = tensor.expand_shape %reduced [[0, 1]] output_shape [32, 1] : tensor<32xf32> into tensor<32x1xf32>
    %6 = tensor.empty() : tensor<32x1xf32>
    %7 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%expanded : tensor<32x1xf32>) outs(%6 : tensor<32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %18 = arith.divf %in, %cst_0 : f32
      linalg.yield %18 : f32
    } -> tensor<32x1xf32>
    %8 = tensor.empty() : tensor<32x1xf32>
    %9 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%7, %epsilon : tensor<32x1xf32>, f32) outs(%8 : tensor<32x1xf32>) {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %18 = arith.addf %in, %in_1 : f32
      linalg.yield %18 : f32
    } -> tensor<32x1xf32>
    %10 = tensor.empty() : tensor<32x1xf32>
    %11 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%9 : tensor<32x1xf32>) outs(%10 : tensor<32x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %18 = math.rsqrt %in : f32
      linalg.yield %18 : f32
    } -> tensor<32x1xf32>
    %12 = tensor.empty() : tensor<32x384xf32>
    %13 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel"]} ins(%1, %11 : tensor<32x384xf32>, tensor<32x1xf32>) outs(%12 : tensor<32x384xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %18 = arith.mulf %in, %in_2 : f32
      linalg.yield %18 : f32
    } -> tensor<32x384xf32>
    %14 = tensor.empty() : tensor<32x384xf32>
    %15 = linalg.generic {indexing_maps = [#map, #map3, #map], iterator_types = ["parallel", "parallel"]} ins(%13, %weight : tensor<32x384xf32>, tensor<384xf32>) outs(%14 : tensor<32x384xf32>) {
    ^bb0(%in: f32, %in_3: f32, %out: f32):
      %18 = arith.mulf %in, %in_3 : f32
      linalg.yield %18 : f32
    } -> tensor<32x384xf32>
    %16 = tensor.empty() : tensor<32x384xf16>
    %17 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%15 : tensor<32x384xf32>) outs(%16 : tensor<32x384xf16>) {
    ^bb0(%in: f32, %out: f16):
      %18 = arith.truncf %in : f32 to f16
      linalg.yield %18 : f16
    } -> tensor<32x384xf16>
    return %17 : tensor<32x384xf16>
  }
}
