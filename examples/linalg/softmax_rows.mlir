#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d0, 0)>
module {
  func.func @softmax_rows(%x: tensor<64x256xf32>) -> tensor<64x256xf32> {
    %cst = arith.constant 0xFF800000 : f32
    %cst_0 = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<64xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<64xf32>) -> tensor<64xf32>
    %reduced = linalg.reduce ins(%x : tensor<64x256xf32>) outs(%1 : tensor<64xf32>) dimensions = [1]
      (%in: f32, %init: f32) {
        %10 = arith.maximumf %in, %init : f32
        linalg.yield %10 : f32
      }
    %expanded = tensor.expand_shape %reduced [[0, 1]] output_shape [64, 1] : tensor<64xf32> into tensor<64x1xf32>
    %2 = tensor.empty() : tensor<64x256xf32>
    %3 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %expanded : tensor<64x256xf32>, tensor<64x1xf32>) outs(%2 : tensor<64x256xf32>) {
    ^bb0(%in: f32, %in_3: f32, %out: f32):
      %10 = arith.subf %in, %in_3 : f32
      linalg.yield %10 : f32
    } -> tensor<64x256xf32>
    %4 = tensor.empty() : tensor<64x256xf32>
    %5 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%3 : tensor<64x256xf32>) outs(%4 : tensor<64x256xf32>) {
    ^bb0(%in: f32, %out: f32):
      %10 = math.exp %in : f32
      linalg.yield %10 : f32
    } -> tensor<64x256xf32>
    %6 = tensor.empty() : tensor<64xf32>
    %7 = linalg.fill ins(%cst_0 : f32) outs(%6 : tensor<64xf32>) -> tensor<64xf32>
    %reduced_1 = linalg.reduce ins(%5 : tensor<64x256xf32>) outs(%7 : tensor<64xf32>) dimensions = [1]
      (%in: f32, %init: f32) {
        %10 = arith.addf %in, %init : f32
        linalg.yield %10 : f32
      }
    %expanded_2 = tensor.expand_shape %reduced_1 [[0, 1]] output_shape [64, 1] : tensor<64xf32> into tensor<64x1xf32>
    %8 = tensor.empty() : tensor<64x256xf32>
    %9 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%5, %expanded_2 : tensor<64x256xf32>, tensor<64x1xf32>) outs(%8 : tensor<64x256xf32>) {
    ^bb0(%in: f32, %in_4: f32, %out: f32):
      %10 = arith.divf %in, %in_4 : f32
      linalg.yield %10 : f32
    } -> tensor<64x256xf32>
    return %9 : tensor<64x256xf32>
  }
}
