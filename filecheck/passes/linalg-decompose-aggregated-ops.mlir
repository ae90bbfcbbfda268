// RUN: minilinalg-opt %s --linalg-decompose-aggregated-ops --split-input-file | filecheck %s
// RUN: minilinalg-opt %s --linalg-decompose-aggregated-ops --split-input-file --remarks 2>&1 | filecheck %s --check-prefix REMARK

// Halves are combined, the larger half a power of two; what has no partner goes on as it is.
// CHECK-LABEL: @a_combiner_of_two_operations
// CHECK: [[LOW:%.*]] = tensor.extract_slice %x[0] [1] [1] : tensor<3xf32> to tensor<1xf32>
// CHECK: [[HIGH:%.*]] = tensor.extract_slice %x[2] [1] [1] : tensor<3xf32> to tensor<1xf32>
// CHECK: [[BOTH:%.*]] = linalg.generic {{.*}} ins([[HIGH]], [[LOW]] :
// CHECK: [[ALONE:%.*]] = tensor.extract_slice %x[1] [1] [1]
// CHECK: [[A:%.*]] = tensor.insert_slice [[BOTH]] into {{%.*}}[0] [1] [1]
// CHECK: [[B:%.*]] = tensor.insert_slice [[ALONE]] into [[A]][1] [1] [1] : tensor<1xf32> into tensor<2xf32>
// CHECK: tensor.extract_slice [[B]][0] [1] [1]
// CHECK: tensor.extract_slice [[B]][1] [1] [1]
// CHECK: [[ONE:%.*]] = tensor.collapse_shape
// CHECK: linalg.generic {{.*}} ins([[ONE]], %init : tensor<f32>, tensor<f32>)
// CHECK-NOT: linalg.reduce
func.func @a_combiner_of_two_operations(%x: tensor<3xf32>, %init: tensor<f32>) -> tensor<f32> {
  %r = linalg.reduce ins(%x : tensor<3xf32>) outs(%init : tensor<f32>) dimensions = [0] {ml.associative}
    (%in: f32, %out: f32) {
      %c = arith.cmpf ogt, %in, %out : f32
      %m = arith.select %c, %in, %out : f32
      linalg.yield %m : f32
    }
  return %r : tensor<f32>
}

// -----

// The value so far is of another kind than the elements: one is taken after the other.
// CHECK-LABEL: @a_fold_takes_one_element_after_the_other
// CHECK: [[X:%.*]] = tensor.collapse_shape
// CHECK: scf.for [[I:%.*]] = {{%.*}} to {{%.*}} step {{%.*}} iter_args([[MAX:%.*]] = %init) -> (tensor<4xf32>)
// CHECK: tensor.extract_slice [[X]]{{\[}}[[I]], 0] [1, 4] [1, 1]
// CHECK: linalg.generic {{.*}} ins({{%.*}}, [[MAX]] :
// CHECK-NOT: linalg.reduce
func.func @a_fold_takes_one_element_after_the_other(%x: tensor<3x5x4xf32>, %init: tensor<4xf32>) -> tensor<4xf32> {
  %r = linalg.reduce ins(%x : tensor<3x5x4xf32>) outs(%init : tensor<4xf32>) dimensions = [0, 1]
    (%in: f32, %out: f32) {
      %a = math.absf %in : f32
      %m = arith.maxnumf %a, %out : f32
      linalg.yield %m : f32
    }
  return %r : tensor<4xf32>
}

// -----

// What starts from its own first element is one reduction of all elements.
// CHECK-LABEL: @from_the_first_element_on
// CHECK: tensor.extract_slice %x[0] [2] [1] : tensor<4xi32> to tensor<2xi32>
// CHECK: tensor.extract_slice %x[2] [2] [1] : tensor<4xi32> to tensor<2xi32>
// CHECK: linalg.generic
// CHECK: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @from_the_first_element_on(%x: tensor<4xi32>) -> tensor<i32> {
  %first = tensor.extract_slice %x[0] [1] [1] : tensor<4xi32> to tensor<1xi32>
  %init = tensor.collapse_shape %first [] : tensor<1xi32> into tensor<i32>
  %rest = tensor.extract_slice %x[1] [3] [1] : tensor<4xi32> to tensor<3xi32>
  %r = linalg.reduce ins(%rest : tensor<3xi32>) outs(%init : tensor<i32>) dimensions = [0] {ml.associative}
    (%in: i32, %out: i32) {
      %c = arith.cmpi sgt, %in, %out : i32
      %m = arith.select %c, %in, %out : i32
      linalg.yield %m : i32
    }
  return %r : tensor<i32>
}

// -----

// CHECK-LABEL: @a_dimension_is_brought_to_the_front
// CHECK: [[T:%.*]] = linalg.transpose ins(%x : tensor<4x2xi32>) {{.*}} permutation = [1, 0]
// CHECK: tensor.extract_slice [[T]][0, 0] [1, 4] [1, 1]
func.func @a_dimension_is_brought_to_the_front(%x: tensor<4x2xi32>, %y: tensor<4x2xi32>, %a: tensor<4xi32>, %b: tensor<4xi32>) -> (tensor<4xi32>, tensor<4xi32>) {
  %r, %s = linalg.reduce ins(%x, %y : tensor<4x2xi32>, tensor<4x2xi32>) outs(%a, %b : tensor<4xi32>, tensor<4xi32>) dimensions = [1] {ml.associative}
    (%in: i32, %in_0: i32, %out: i32, %out_0: i32) {
      %c = arith.cmpi sgt, %in, %out : i32
      %v = arith.select %c, %in, %out : i32
      %i = arith.select %c, %in_0, %out_0 : i32
      linalg.yield %v, %i : i32, i32
    }
  return %r, %s : tensor<4xi32>, tensor<4xi32>
}

// -----

// CHECK-LABEL: @no_decomposition_of_what_an_instruction_computes
// CHECK: linalg.reduce { arith.addf }
func.func @no_decomposition_of_what_an_instruction_computes(%x: tensor<8xf32>, %init: tensor<f32>) -> tensor<f32> {
  %r = linalg.reduce { arith.addf } ins(%x : tensor<8xf32>) outs(%init : tensor<f32>) dimensions = [0]
  return %r : tensor<f32>
}

// -----

// CHECK-LABEL: @no_decomposition_of_dynamic_sizes
// CHECK: linalg.reduce
// REMARK: 'linalg.reduce' stays as it is: its sizes are known only when the program runs
func.func @no_decomposition_of_dynamic_sizes(%x: tensor<?xf32>, %init: tensor<f32>) -> tensor<f32> {
  %r = linalg.reduce ins(%x : tensor<?xf32>) outs(%init : tensor<f32>) dimensions = [0]
    (%in: f32, %out: f32) {
      %a = math.absf %in : f32
      %m = arith.maxnumf %a, %out : f32
      linalg.yield %m : f32
    }
  return %r : tensor<f32>
}

// -----

// CHECK-LABEL: @products_of_a_batch_are_a_loop
// CHECK: scf.for [[I:%.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args([[C:%.*]] = %c) -> (tensor<3x4x2xf32>)
// CHECK: [[A:%.*]] = tensor.extract_slice %a{{\[}}[[I]], 0, 0] [1, 4, 8] [1, 1, 1] : tensor<3x4x8xf16> to tensor<4x8xf16>
// CHECK: [[B:%.*]] = tensor.extract_slice %b{{\[}}[[I]], 0, 0] [1, 8, 2] [1, 1, 1] : tensor<3x8x2xf16> to tensor<8x2xf16>
// CHECK: [[O:%.*]] = tensor.extract_slice [[C]]{{\[}}[[I]], 0, 0] [1, 4, 2]
// CHECK: [[P:%.*]] = linalg.matmul ins([[A]], [[B]] : tensor<4x8xf16>, tensor<8x2xf16>) outs([[O]] : tensor<4x2xf32>)
// CHECK: tensor.insert_slice [[P]] into [[C]]{{\[}}[[I]], 0, 0] [1, 4, 2] [1, 1, 1] : tensor<4x2xf32> into tensor<3x4x2xf32>
// CHECK-NOT: linalg.batch_matmul
func.func @products_of_a_batch_are_a_loop(%a: tensor<3x4x8xf16>, %b: tensor<3x8x2xf16>, %c: tensor<3x4x2xf32>) -> tensor<3x4x2xf32> {
  %r = linalg.batch_matmul ins(%a, %b : tensor<3x4x8xf16>, tensor<3x8x2xf16>) outs(%c : tensor<3x4x2xf32>) -> tensor<3x4x2xf32>
  return %r : tensor<3x4x2xf32>
}

// -----

// CHECK-LABEL: @no_decomposition_of_transposed_products
// CHECK: linalg.batch_matmul
// REMARK: 'linalg.batch_matmul' stays as it is: an operand of it is transposed or broadcast
func.func @no_decomposition_of_transposed_products(%a: tensor<3x4x4xf16>, %b: tensor<3x4x4xf16>, %c: tensor<3x4x4xf32>) -> tensor<3x4x4xf32> {
  %r = linalg.batch_matmul indexing_maps = [affine_map<(b, m, n, k) -> (b, k, m)>, affine_map<(b, m, n, k) -> (b, k, n)>, affine_map<(b, m, n, k) -> (b, m, n)>] ins(%a, %b : tensor<3x4x4xf16>, tensor<3x4x4xf16>) outs(%c : tensor<3x4x4xf32>) -> tensor<3x4x4xf32>
  return %r : tensor<3x4x4xf32>
}

// -----

// Without a target every product is one that an instruction computes (see linalg-decompose-aggregated-ops-products.mlir).
// CHECK-LABEL: @a_product_stays_where_no_machine_is_known
// CHECK: linalg.matmul
func.func @a_product_stays_where_no_machine_is_known(%a: tensor<2x3xf64>, %b: tensor<3x4xf64>, %c: tensor<2x4xf64>) -> tensor<2x4xf64> {
  %0 = linalg.matmul ins(%a, %b : tensor<2x3xf64>, tensor<3x4xf64>) outs(%c : tensor<2x4xf64>) -> tensor<2x4xf64>
  return %0 : tensor<2x4xf64>
}
