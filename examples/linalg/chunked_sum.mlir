#map = affine_map<(d0) -> (d0)>
module {
  func.func @chunked_sum(%x: tensor<1024xf32>) -> f32 {
    %cst = arith.constant 0.000000e+00 : f32
    %c0 = arith.constant 0 : index
    %c1024 = arith.constant 1024 : index
    %c128 = arith.constant 128 : index
    %0 = tensor.empty() : tensor<128xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<128xf32>) -> tensor<128xf32>
    %2 = scf.for %i = %c0 to %c1024 step %c128 iter_args(%arg0 = %1) -> (tensor<128xf32>) {
      %5 = arith.addi %i, %c128 : index
      %extracted_slice = tensor.extract_slice %x[%i] [128] [1] : tensor<1024xf32> to tensor<128xf32>
      %6 = tensor.empty() : tensor<128xf32>
      %7 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel"]} ins(%arg0, %extracted_slice : tensor<128xf32>, tensor<128xf32>) outs(%6 : tensor<128xf32>) {
      ^bb0(%in: f32, %in_0: f32, %out: f32):
        %8 = arith.addf %in, %in_0 : f32
        linalg.yield %8 : f32
      } -> tensor<128xf32>
      scf.yield %7 : tensor<128xf32>
    }
    %3 = tensor.empty() : tensor<f32>
    %4 = linalg.fill ins(%cst : f32) outs(%3 : tensor<f32>) -> tensor<f32>
    %reduced = linalg.reduce ins(%2 : tensor<128xf32>) outs(%4 : tensor<f32>) dimensions = [0]
      (%in: f32, %init: f32) {
        %5 = arith.addf %in, %init : f32
        linalg.yield %5 : f32
      }
    %extracted = tensor.extract %reduced[] : tensor<f32>
    return %extracted : f32
  }
}
