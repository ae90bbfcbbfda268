#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d0, 0)>
module {
  func.func @softmax_rows(%x: tensor<?x256xf32>) -> tensor<?x256xf32> {
    %c0 = arith.constant 0 : index
    %cst = arith.constant 0xFF800000 : f32
    %cst_0 = arith.constant 0.000000e+00 : f32
    %dim = tensor.dim %x, %c0 : tensor<?x256xf32>
    %0 = tensor.empty(%dim) : tensor<?xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<?xf32>) -> tensor<?xf32>
    %reduced = linalg.reduce ins(%x : tensor<?x256xf32>) outs(%1 : tensor<?xf32>) dimensions = [1]
      (%in: f32, %init: f32) {
        %10 = arith.maximumf %in, %init : f32
        linalg.yield %10 : f32
      }
    %dim_1 = tensor.dim %reduced, %c0 : tensor<?xf32>
    %expanded = tensor.expand_shape %reduced [[0, 1]] output_shape [%dim_1, 1] : tensor<?xf32> into tensor<?x1xf32>
    %dim_2 = tensor.dim %x, %c0 : tensor<?x256xf32>
    %2 = tensor.empty(%dim_2) : tensor<?x256xf32>
    %3 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %expanded : tensor<?x256xf32>, tensor<?x1xf32>) outs(%2 : tensor<?x256xf32>) {
    ^bb0(%in: f32, %in_9: f32, %out: f32):
      %10 = arith.subf %in, %in_9 : f32
      linalg.yield %10 : f32
    } -> tensor<?x256xf32>
    %dim_3 = tensor.dim %3, %c0 : tensor<?x256xf32>
    %4 = tensor.empty(%dim_3) : tensor<?x256xf32>
    %5 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%3 : tensor<?x256xf32>) outs(%4 : tensor<?x256xf32>) {
    ^bb0(%in: f32, %out: f32):
      %10 = math.exp %in : f32
      linalg.yield %10 : f32
    } -> tensor<?x256xf32>
    %dim_4 = tensor.dim %5, %c0 : tensor<?x256xf32>
    %6 = tensor.empty(%dim_4) : tensor<?xf32>
    %7 = linalg.fill ins(%cst_0 : f32) outs(%6 : tensor<?xf32>) -> tensor<?xf32>
    %reduced_5 = linalg.reduce ins(%5 : tensor<?x256xf32>) outs(%7 : tensor<?xf32>) dimensions = [1]
      (%in: f32, %init: f32) {
        %10 = arith.addf %in, %init : f32
        linalg.yield %10 : f32
      }
    %dim_6 = tensor.dim %reduced_5, %c0 : tensor<?xf32>
    %expanded_7 = tensor.expand_shape %reduced_5 [[0, 1]] output_shape [%dim_6, 1] : tensor<?xf32> into tensor<?x1xf32>
    %dim_8 = tensor.dim %5, %c0 : tensor<?x256xf32>
    %8 = tensor.empty(%dim_8) : tensor<?x256xf32>
    %9 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%5, %expanded_7 : tensor<?x256xf32>, tensor<?x1xf32>) outs(%8 : tensor<?x256xf32>) {
    ^bb0(%in: f32, %in_10: f32, %out: f32):
      %10 = arith.divf %in, %in_10 : f32
      linalg.yield %10 : f32
    } -> tensor<?x256xf32>
    return %9 : tensor<?x256xf32>
  }
}
