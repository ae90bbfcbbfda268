#map = affine_map<(d0) -> (d0)>
module {
  func.func @ragged_double(%x: memref<?xf32>, %out: memref<?xf32>, %n: i32, %gx: index, %gy: index, %gz: index) attributes {ml.abi = [{name = "x", kind = "pointer", type = f32}, {name = "out", kind = "pointer", type = f32}, {name = "n", kind = "scalar", type = i32}]} {
    %c64_i32 = arith.constant 64 : i32
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 2.000000e+00 : f32
    scf.forall (%pz, %py, %px) in (%gz, %gy, %gx) {
      %0 = arith.index_cast %px : index to i32
      %1 = arith.muli %0, %c64_i32 : i32
      %2 = arith.subi %n, %1 : i32
      %3 = arith.minsi %2, %c64_i32 : i32
      %4 = tensor.empty() : tensor<64xf32>
      %5 = linalg.fill ins(%cst : f32) outs(%4 : tensor<64xf32>) -> tensor<64xf32>
      %6 = arith.index_cast %3 : i32 to index
      %7 = arith.index_cast %1 : i32 to index
      %reinterpret_cast = memref.reinterpret_cast %x to offset: [%7], sizes: [%6], strides: [1] : memref<?xf32> to memref<?xf32, strided<[1], offset: ?>>
      %8 = bufferization.to_tensor %reinterpret_cast restrict : memref<?xf32, strided<[1], offset: ?>> to tensor<?xf32>
      %9 = arith.index_cast %3 : i32 to index
      %inserted_slice = tensor.insert_slice %8 into %5[0] [%9] [1] : tensor<?xf32> into tensor<64xf32>
      %10 = arith.index_cast %3 : i32 to index
      %11 = arith.index_cast %1 : i32 to index
      %reinterpret_cast_1 = memref.reinterpret_cast %out to offset: [%11], sizes: [%10], strides: [1] : memref<?xf32> to memref<?xf32, strided<[1], offset: ?>>
      %12 = tensor.empty() : tensor<64xf32>
      %13 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%inserted_slice : tensor<64xf32>) outs(%12 : tensor<64xf32>) {
      ^bb0(%in: f32, %out_2: f32):
        %15 = arith.mulf %in, %cst_0 : f32
        linalg.yield %15 : f32
      } -> tensor<64xf32>
      %14 = arith.index_cast %3 : i32 to index
      %extracted_slice = tensor.extract_slice %13[0] [%14] [1] : tensor<64xf32> to tensor<?xf32>
      bufferization.materialize_in_destination %extracted_slice in writable %reinterpret_cast_1 : (tensor<?xf32>, memref<?xf32, strided<[1], offset: ?>>) -> ()
    }
    return
  }
}
