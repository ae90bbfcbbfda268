// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

#id = affine_map<(i) -> (i)>
func.func @f(%t: tensor<4xf32>) {
  // expected-error @+1 {{'linalg.generic' has 1 indexing map for 2 operands: every operand has one}}
  %r = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} ins(%t : tensor<4xf32>) outs(%t : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<4xf32>
  return
}

// -----

#id = affine_map<(i) -> (i)>
func.func @f(%t: tensor<4xf32>) {
  // expected-error @+1 {{'linalg.generic' has 2 iterator types and the indexing map (d0) -> (d0) for operand 0: a map goes from the loops, one for each iterator type, without symbols}}
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "reduction"]} ins(%t : tensor<4xf32>) outs(%t : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<4xf32>
  return
}

// -----

#id = affine_map<(i) -> (i)>
func.func @f(%t: tensor<4xf32>) {
  // expected-error @+1 {{unknown iterator type 'paralel'}}
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["paralel"]} ins(%t : tensor<4xf32>) outs(%t : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<4xf32>
  return
}

// -----

#id = affine_map<(i) -> (i)>
func.func @f(%t: tensor<4xf32>, %u: tensor<5xf32>) {
  // expected-error @+1 {{'linalg.generic' runs loop 0 over 4 elements of operand 0 and 5 of operand 1: all operands agree on the size of a loop}}
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%t : tensor<4xf32>) outs(%u : tensor<5xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<5xf32>
  return
}

// -----

#id = affine_map<(i) -> (i)>
func.func @f(%t: tensor<4xf32>) {
  // expected-error @+1 {{the body of 'linalg.generic' has arguments of types (f32, i32): it takes an element of each operand, here (f32, f32)}}
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%t : tensor<4xf32>) outs(%t : tensor<4xf32>) {
  ^bb0(%a: f32, %b: i32):
    linalg.yield %a : f32
  } -> tensor<4xf32>
  return
}

// -----

#id = affine_map<(i) -> (i)>
func.func @f(%t: tensor<4xf32>, %x: i32) {
  // expected-error @+1 {{the body of 'linalg.generic' yields (i32): it yields an element of each output, here (f32)}}
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%t : tensor<4xf32>) outs(%t : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %x : i32
  } -> tensor<4xf32>
  return
}

// -----

#id = affine_map<(i) -> (i)>
func.func @f(%t: tensor<4xf32>, %x: i32) {
  // expected-error @+1 {{'linalg.generic' has results () and outputs (tensor<4xf32>): on tensors there is a result of the same type for each output, on memrefs there is none}}
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%t : tensor<4xf32>) outs(%t : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  return
}

// -----

#id = affine_map<(i) -> (0)>
func.func @f(%t: tensor<4xf32>) {
  // expected-error @+1 {{'linalg.generic' has no operand along loop 0: the size of a loop comes from a dimension that the loop alone runs over, as in (d0, d1) -> (d0)}}
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%t : tensor<4xf32>) outs(%t : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<4xf32>
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %u: tensor<4xf32>) {
  // expected-error @+1 {{'linalg.reduce' runs loop 1 over 8 elements of operand 0 and 4 of operand 1: all operands agree on the size of a loop}}
  %r = linalg.reduce {arith.addf} ins(%t : tensor<4x8xf32>) outs(%u : tensor<4xf32>) dimensions = [0]
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %u: tensor<4xf32>) {
  // expected-error @+1 {{unknown operation 'arith.addff'}}
  %r = linalg.reduce {arith.addff} ins(%t : tensor<4x8xf32>) outs(%u : tensor<4xf32>) dimensions = [1]
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %u: tensor<4xf32>) {
  // expected-error @+1 {{'arith.addi' has an operand 'lhs' of type f32}}
  %r = linalg.reduce {arith.addi} ins(%t : tensor<4x8xf32>) outs(%u : tensor<4xf32>) dimensions = [1]
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %u: tensor<4xf32>) {
  // expected-error @+1 {{'linalg.reduce' has dimensions [2] on inputs of rank 2: they are among 0 to 1, each once, in ascending order}}
  %r = linalg.reduce {arith.addf} ins(%t : tensor<4x8xf32>) outs(%u : tensor<4xf32>) dimensions = [2]
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %u: tensor<4x8xf32>) {
  // expected-error @+1 {{'linalg.broadcast' runs loop 1 over 4 elements of operand 0 and 8 of operand 1: all operands agree on the size of a loop}}
  %r = linalg.broadcast ins(%t : tensor<4xf32>) outs(%u : tensor<4x8xf32>) dimensions = [0]
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %u: tensor<4x8xf32>) {
  // expected-error @+1 {{'linalg.broadcast' adds dimensions [2] to tensor<4xf32> for tensor<4x8xf32>: they are the dimensions of the output that the input lacks, each once}}
  %r = linalg.broadcast ins(%t : tensor<4xf32>) outs(%u : tensor<4x8xf32>) dimensions = [2]
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %u: tensor<4x8xf32>) {
  // expected-error @+1 {{'linalg.transpose' runs loop 0 over 8 elements of operand 0 and 4 of operand 1: all operands agree on the size of a loop}}
  %r = linalg.transpose ins(%t : tensor<4x8xf32>) outs(%u : tensor<4x8xf32>) permutation = [1, 0]
  return
}

// -----

func.func @f(%t: tensor<4x8xf32>, %u: tensor<4x8xf32>) {
  // expected-error @+1 {{'linalg.transpose' has the permutation [1, 1] from tensor<4x8xf32> to tensor<4x8xf32>: it lists every dimension of the input once, in the order of the output}}
  %r = linalg.transpose ins(%t : tensor<4x8xf32>) outs(%u : tensor<4x8xf32>) permutation = [1, 1]
  return
}

// -----

func.func @f(%x: i32, %u: tensor<4x8xf32>) {
  // expected-error @+1 {{'linalg.fill' has an input with elements of type i32 and an output of f32: they are of one type}}
  %r = linalg.fill ins(%x : i32) outs(%u : tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @f(%x: f32, %u: tensor<4x8xf32>) {
  // expected-error @+1 {{'linalg.fill' has results (tensor<4x9xf32>) and outputs (tensor<4x8xf32>): on tensors there is a result of the same type for each output, on memrefs there is none}}
  %r = linalg.fill ins(%x : f32) outs(%u : tensor<4x8xf32>) -> tensor<4x9xf32>
  return
}

// -----

func.func @f(%a: tensor<4x8xf32>, %b: tensor<7x5xf32>, %c: tensor<4x5xf32>) {
  // expected-error @+1 {{'linalg.matmul' runs loop 2 over 8 elements of operand 0 and 7 of operand 1: all operands agree on the size of a loop}}
  %r = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<7x5xf32>) outs(%c : tensor<4x5xf32>) -> tensor<4x5xf32>
  return
}

// -----

func.func @f(%a: tensor<4x8xf32>, %b: tensor<8x5xf32>, %c: tensor<4x5x6xf32>) {
  // expected-error @+1 {{'linalg.matmul' has the indexing map (d0, d1, d2) -> (d0, d1) for operand 2 of type tensor<4x5x6xf32>: a map has a result for each dimension, here 3}}
  %r = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x5xf32>) outs(%c : tensor<4x5x6xf32>) -> tensor<4x5x6xf32>
  return
}

// -----

func.func @f(%a: tensor<4x8xf32>, %b: tensor<8x5xf32>, %c: tensor<4x5xf32>) {
  // expected-error @+1 {{'linalg.matmul' has 1 input and 1 output: it takes 2 and one}}
  %r = linalg.matmul ins(%a : tensor<4x8xf32>) outs(%c : tensor<4x5xf32>) -> tensor<4x5xf32>
  return
}

// -----

func.func @f(%t: tensor<4xf32>) {
  // expected-error @+1 {{unknown operation 'math.exxp'}}
  %r = linalg.map { math.exxp } ins(%t : tensor<4xf32>) outs(%t : tensor<4xf32>)
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %u: tensor<5xf32>) {
  // expected-error @+1 {{'linalg.map' runs loop 0 over 4 elements of operand 0 and 5 of operand 1: all operands agree on the size of a loop}}
  %r = linalg.map { math.exp } ins(%t : tensor<4xf32>) outs(%u : tensor<5xf32>)
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{'linalg.index' stands in 'func.func': it stands in the body of a structured linalg operation}}
  %r = linalg.index 0 : index
  return
}

// -----

#id = affine_map<(i) -> (i)>
func.func @f(%t: tensor<4xf32>, %x: i32) {
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%t : tensor<4xf32>) outs(%t : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    // expected-error @+1 {{'linalg.index' asks for loop 1 of 'linalg.generic', which has 1 loop, counted from 0}}
    %i = linalg.index 1 : index
    linalg.yield %a : f32
  } -> tensor<4xf32>
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %u: tensor<5xf32>) {
  // expected-error @+1 {{'linalg.exp' runs loop 0 over 4 elements of operand 0 and 5 of operand 1: all operands agree on the size of a loop}}
  %r = linalg.exp ins(%t : tensor<4xf32>) outs(%u : tensor<5xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %u: memref<4xf32>) {
  // expected-error @+1 {{'linalg.copy' has operands of types tensor<4xf32>, memref<4xf32>: they are all tensors or all memrefs, beside scalars}}
  linalg.copy ins(%t : tensor<4xf32>) outs(%u : memref<4xf32>)
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %u: tensor<4xf32>) {
  // expected-error @+1 {{'linalg.softmax' along dimension 1 of tensor<4xf32>: it is one of 0 to 0}}
  %r = linalg.softmax dimension(1) ins(%t : tensor<4xf32>) outs(%u : tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %u: tensor<4xf32>) {
  // expected-error @+1 {{'linalg.dot' has the indexing map (d0) -> () for operand 2 of type tensor<4xf32>: a map has a result for each dimension, here 1}}
  %r = linalg.dot ins(%t, %t : tensor<4xf32>, tensor<4xf32>) outs(%u : tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>, %c: tensor<4xi1>) {
  // expected-error @+1 {{'linalg.exp' is not defined on elements of type i1}}
  %r = linalg.exp ins(%a : tensor<4xf32>) outs(%c : tensor<4xi1>) -> tensor<4xi1>
  return
}

// -----

func.func @f(%a: tensor<4xi32>) {
  // expected-error @+1 {{'linalg.exp' is not defined on elements of type i32}}
  %r = linalg.exp ins(%a : tensor<4xi32>) outs(%a : tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @f(%a: tensor<4xindex>, %b: tensor<4xf32>) {
  // expected-error @+1 {{in 'linalg.copy': there is no conversion from index to f32}}
  %r = linalg.copy ins(%a : tensor<4xindex>) outs(%b : tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error @+1 {{'linalg.div_unsigned' is not defined on elements of type f32}}
  %r = linalg.div_unsigned ins(%a, %a : tensor<4xf32>, tensor<4xf32>) outs(%a : tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error @+1 {{'linalg.generic' starts with {indexing_maps = [...], iterator_types = [...]}, here indexing_maps is missing}}
  %r = linalg.generic {iterator_types = ["parallel"]} ins(%a : tensor<4xf32>) outs(%a : tensor<4xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  } -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error @+1 {{in 'linalg.generic': indexing_maps is a list of affine maps}}
  %r = linalg.generic {indexing_maps = [3], iterator_types = ["parallel"]} ins(%a : tensor<4xf32>) outs(%a : tensor<4xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  } -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error @+1 {{the region 'body' of 'linalg.reduce' has 0 blocks}}
  "linalg.reduce"() <{dimensions = array<i64: 0>}> ({
  }) : () -> ()
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error @+1 {{'linalg.softmax' has 3 operands: it takes an input and an output}}
  %r = linalg.softmax dimension(0) ins(%a, %a : tensor<4xf32>, tensor<4xf32>) outs(%a : tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>, %b: tensor<5xf32>) {
  // expected-error @+1 {{'linalg.softmax' of tensor<4xf32> into tensor<5xf32>: both have one shape}}
  %r = linalg.softmax dimension(0) ins(%a : tensor<4xf32>) outs(%b : tensor<5xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error @+1 {{'linalg.transpose' has 2 inputs and 1 output: it takes one of each}}
  %r = linalg.transpose ins(%a, %a : tensor<4xf32>, tensor<4xf32>) outs(%a : tensor<4xf32>) permutation = [0]
  return
}

// -----

func.func @f(%a: tensor<4xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{in 'linalg.add': 'ins' has 2 operands, but 1 type}}
  %r = linalg.add ins(%a, %b : tensor<4xf32>) outs(%b : tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf16>, %b: tensor<4xf32>) {
  // expected-error @+1 {{'linalg.add' has an input with elements of type f16 and an output of f32: they are of one type}}
  %r = linalg.add ins(%a, %b : tensor<4xf16>, tensor<4xf32>) outs(%b : tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: memref<4xf32>) {
  // expected-error @+1 {{'linalg.exp' has a result 'res' of type memref<4xf32>}}
  %r = linalg.exp ins(%a : memref<4xf32>) outs(%a : memref<4xf32>) -> memref<4xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error @+1 {{'linalg.yield' stands in 'func.func': it ends the body of a structured linalg operation}}
  linalg.yield %a : tensor<4xf32>
}

// -----

func.func @f(%a: tensor<4x8xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{the body of 'linalg.reduce' yields (): it yields an element of each output, here (f32)}}
  %r = linalg.reduce ins(%a : tensor<4x8xf32>) outs(%b : tensor<4xf32>) dimensions = [1]
    (%x: f32, %y: f32) {
      linalg.yield
    }
  return
}

// -----

func.func @f(%a: tensor<4x8xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{the body of 'linalg.reduce' has arguments of types (f32): it takes an element of each operand, here (f32, f32)}}
  %r = linalg.reduce ins(%a : tensor<4x8xf32>) outs(%b : tensor<4xf32>) dimensions = [1]
    (%x: f32) {
      linalg.yield %x : f32
    }
  return
}
