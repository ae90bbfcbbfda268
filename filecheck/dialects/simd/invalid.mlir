// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

func.func @buffer_without_space(%a: memref<64xf32, #simd.space<nram>>, %b: memref<64xf32>) {
  // expected-error @+1 {{memref<64xf32> has no memory space; a buffer of an instruction is in a #simd.space<...>}}
  simd.addf %a, %b -> %a : memref<64xf32, #simd.space<nram>>, memref<64xf32> -> memref<64xf32, #simd.space<nram>>
  return
}

// -----

func.func @scalar_work(%s: f32, %a: memref<64xf32, #simd.space<nram>>) {
  // expected-error @+1 {{no input is a buffer; simd.addf has at least one, or it is scalar work}}
  simd.addf %s, %s -> %a : f32, f32 -> memref<64xf32, #simd.space<nram>>
  return
}

// -----

func.func @integers_for_floats(%a: memref<64xf32, #simd.space<nram>>, %b: memref<64xi32, #simd.space<nram>>) {
  // expected-error @+1 {{input 0 is of i32; simd.addf has float there}}
  simd.addf %b, %b -> %a : memref<64xi32, #simd.space<nram>>, memref<64xi32, #simd.space<nram>> -> memref<64xf32, #simd.space<nram>>
  return
}

// -----

func.func @two_float_types(%a: memref<64xf32, #simd.space<nram>>, %h: memref<64xf16, #simd.space<nram>>) {
  // expected-error @+1 {{input 1 is of f16, an operand before it of f32; simd.addf has one type for both}}
  simd.addf %a, %h -> %a : memref<64xf32, #simd.space<nram>>, memref<64xf16, #simd.space<nram>> -> memref<64xf32, #simd.space<nram>>
  return
}

// -----

func.func @scalar_of_another_type(%a: memref<64xf32, #simd.space<nram>>, %s: f16) {
  // expected-error @+1 {{input 1 is of f16, an operand before it of f32; simd.mulf has one type for both}}
  simd.mulf %a, %s -> %a : memref<64xf32, #simd.space<nram>>, f16 -> memref<64xf32, #simd.space<nram>>
  return
}

// -----

func.func @too_few_inputs(%a: memref<64xf32, #simd.space<nram>>) {
  // expected-error @+1 {{1 input; simd.addf has 2}}
  simd.addf %a -> %a : memref<64xf32, #simd.space<nram>>
  return
}

// -----

func.func @two_outputs(%a: memref<64xf32, #simd.space<nram>>, %b: memref<64xf32, #simd.space<nram>>) {
  // expected-error @+1 {{2 outputs; simd.exp has 1}}
  simd.exp %a -> %a, %b : memref<64xf32, #simd.space<nram>>
  return
}

// -----

func.func @shape_is_no_tail(%a: memref<8x64xf32, #simd.space<nram>>, %b: memref<8xf32, #simd.space<nram>>) {
  // expected-error @+1 {{an input of shape [8] for an output of shape [8, 64]; an input of simd.subf has the output's shape or is its tail, read again and again}}
  simd.subf %a, %b -> %a : memref<8x64xf32, #simd.space<nram>>, memref<8xf32, #simd.space<nram>> -> memref<8x64xf32, #simd.space<nram>>
  return
}

// -----

func.func @input_of_higher_rank(%a: memref<64xf32, #simd.space<nram>>, %b: memref<1x64xf32, #simd.space<nram>>) {
  // expected-error @+1 {{an input of shape [1, 64] for an output of shape [64]; an input of simd.subf has the output's shape or is its tail, read again and again}}
  simd.subf %a, %b -> %a : memref<64xf32, #simd.space<nram>>, memref<1x64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<nram>>
  return
}

// -----

func.func @dynamic_size(%a: memref<?xf32, #simd.space<nram>>) {
  // expected-error @+1 {{memref<?xf32, #simd.space<nram>> has a dynamic size; simd.exp processes buffers of static shape}}
  simd.exp %a -> %a : memref<?xf32, #simd.space<nram>>
  return
}

// -----

func.func @gaps(%a: memref<8x64xf32, strided<[128, 1]>, #simd.space<nram>>) {
  // expected-error @+1 {{memref<8x64xf32, strided<[128, 1]>, #simd.space<nram>> is not contiguous; simd.exp processes gapless runs of elements}}
  simd.exp %a -> %a : memref<8x64xf32, strided<[128, 1]>, #simd.space<nram>>
  return
}

// -----

func.func @two_spaces(%a: memref<64xf32, #simd.space<nram>>, %b: memref<64xf32, #simd.space<wram>>) {
  // expected-error @+1 {{buffers in nram and wram; simd.addf has all its buffers in one space}}
  simd.addf %a, %b -> %a : memref<64xf32, #simd.space<nram>>, memref<64xf32, #simd.space<wram>> -> memref<64xf32, #simd.space<nram>>
  return
}

// -----

func.func @predicate_stored_as_i8(%a: memref<64xf32, #simd.space<nram>>, %b: memref<64xi8, #simd.space<nram>>) {
  // expected-error @+1 {{the output is of i8; simd.cmpf has i1 there}}
  simd.cmpf %a, %a -> %b predicate = olt : memref<64xf32, #simd.space<nram>>, memref<64xf32, #simd.space<nram>> -> memref<64xi8, #simd.space<nram>>
  return
}

// -----

func.func @no_predicate(%a: memref<64xf32, #simd.space<nram>>, %b: memref<64xi1, #simd.space<nram>>) {
  // expected-error @+1 {{'simd.cmpf' lacks the property 'predicate'}}
  simd.cmpf %a, %a -> %b : memref<64xf32, #simd.space<nram>>, memref<64xf32, #simd.space<nram>> -> memref<64xi1, #simd.space<nram>>
  return
}

// -----

func.func @unknown_predicate(%a: memref<64xf32, #simd.space<nram>>, %b: memref<64xi1, #simd.space<nram>>) {
  // expected-error @+1 {{expected one of 'false', 'oeq'}}
  simd.cmpf %a, %a -> %b predicate = slt : memref<64xf32, #simd.space<nram>>, memref<64xf32, #simd.space<nram>> -> memref<64xi1, #simd.space<nram>>
  return
}

// -----

func.func @narrower_extension(%a: memref<64xf32, #simd.space<nram>>, %h: memref<64xf16, #simd.space<nram>>) {
  // expected-error @+1 {{from f32 to f16; simd.extf makes a wider type}}
  simd.extf %a -> %h : memref<64xf32, #simd.space<nram>> -> memref<64xf16, #simd.space<nram>>
  return
}

// -----

func.func @wider_truncation(%a: memref<64xf32, #simd.space<nram>>, %h: memref<64xf64, #simd.space<nram>>) {
  // expected-error @+1 {{from f32 to f64; simd.truncf makes a narrower type}}
  simd.truncf %a -> %h : memref<64xf32, #simd.space<nram>> -> memref<64xf64, #simd.space<nram>>
  return
}

// -----

func.func @bitcast_of_another_width(%a: memref<64xf32, #simd.space<nram>>, %h: memref<64xi16, #simd.space<nram>>) {
  // expected-error @+1 {{from f32 to i16; simd.bitcast makes a type of the same width}}
  simd.bitcast %a -> %h : memref<64xf32, #simd.space<nram>> -> memref<64xi16, #simd.space<nram>>
  return
}

// -----

func.func @dma_converts(%a: memref<64xf32, #simd.space<gdram>>, %b: memref<64xi32, #simd.space<nram>>) {
  // expected-error @+1 {{from f32 to i32; simd.dma copies between equal element types}}
  simd.dma %a -> %b : memref<64xf32, #simd.space<gdram>> -> memref<64xi32, #simd.space<nram>>
  return
}

// -----

func.func @dma_of_another_shape(%a: memref<32xf32, #simd.space<gdram>>, %b: memref<64xf32, #simd.space<nram>>) {
  // expected-error @+1 {{from memref<32xf32, #simd.space<gdram>> to memref<64xf32, #simd.space<nram>>; simd.dma copies between equal shapes}}
  simd.dma %a -> %b : memref<32xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
  return
}

// -----

func.func @dma_of_a_scalar(%s: f32, %b: memref<64xf32, #simd.space<nram>>) {
  // expected-error @+1 {{the source is a scalar; simd.dma copies from a buffer (simd.fill takes a scalar)}}
  simd.dma %s -> %b : f32 -> memref<64xf32, #simd.space<nram>>
  return
}

// -----

func.func @fill_of_another_type(%s: i32, %b: memref<64xf32, #simd.space<nram>>) {
  // expected-error @+1 {{a value of i32 into elements of f32; simd.fill has one type for both}}
  simd.fill %s -> %b : i32 -> memref<64xf32, #simd.space<nram>>
  return
}

// -----

func.func @move_of_another_count(%a: memref<64xf32, #simd.space<nram>>, %b: memref<8x64xf32, #simd.space<nram>>) {
  // expected-error @+1 {{from memref<64xf32, #simd.space<nram>> to memref<8x64xf32, #simd.space<nram>>; simd.move has equal types and counts on both sides}}
  simd.move %a -> %b : memref<64xf32, #simd.space<nram>> -> memref<8x64xf32, #simd.space<nram>>
  return
}

// -----

func.func @ramp_of_floats(%a: memref<64xf32, #simd.space<nram>>) {
  // expected-error @+1 {{elements of f32; simd.iota writes integers or indices}}
  simd.iota -> %a dim = 0 : memref<64xf32, #simd.space<nram>>
  return
}

// -----

func.func @ramp_beyond_the_rank(%a: memref<64xi32, #simd.space<nram>>) {
  // expected-error @+1 {{dim = 1 of memref<64xi32, #simd.space<nram>>; a dimension is below the rank}}
  simd.iota -> %a dim = 1 : memref<64xi32, #simd.space<nram>>
  return
}

// -----

func.func @broadcast_of_another_extent(%a: memref<64xf32, #simd.space<nram>>, %b: memref<64x8xf32, #simd.space<nram>>) {
  // expected-error @+1 {{from memref<64xf32, #simd.space<nram>> to memref<64x8xf32, #simd.space<nram>>; simd.broadcast adds dimensions [0] and changes nothing else}}
  simd.broadcast %a -> %b dimensions = [0] : memref<64xf32, #simd.space<nram>> -> memref<64x8xf32, #simd.space<nram>>
  return
}

// -----

func.func @permutation_with_a_repeat(%a: memref<8x64xf32, #simd.space<nram>>, %b: memref<8x64xf32, #simd.space<nram>>) {
  // expected-error @+1 {{permutation = [1, 1] of memref<8x64xf32, #simd.space<nram>>; it names each dimension of the input once}}
  simd.transpose %a -> %b permutation = [1, 1] : memref<8x64xf32, #simd.space<nram>>
  return
}

// -----

func.func @transpose_into_the_same_shape(%a: memref<8x64xf32, #simd.space<nram>>, %b: memref<8x64xf32, #simd.space<nram>>) {
  // expected-error @+1 {{from memref<8x64xf32, #simd.space<nram>> to memref<8x64xf32, #simd.space<nram>>; simd.transpose permutes dimensions by [1, 0]}}
  simd.transpose %a -> %b permutation = [1, 0] : memref<8x64xf32, #simd.space<nram>>
  return
}

// -----

func.func @reduction_keeps_the_dimension(%a: memref<8x64xf32, #simd.space<nram>>, %b: memref<8xf32, #simd.space<nram>>) {
  // expected-error @+1 {{from memref<8x64xf32, #simd.space<nram>> to memref<8xf32, #simd.space<nram>>; simd.reduce_addf removes dimensions [0], nothing else}}
  simd.reduce_addf %a -> %b dimensions = [0] : memref<8x64xf32, #simd.space<nram>> -> memref<8xf32, #simd.space<nram>>
  return
}

// -----

func.func @reduction_beyond_the_rank(%a: memref<8x64xf32, #simd.space<nram>>, %b: memref<8xf32, #simd.space<nram>>) {
  // expected-error @+1 {{dimensions = [2] of rank 2; they ascend and are below the rank}}
  simd.reduce_addf %a -> %b dimensions = [2] : memref<8x64xf32, #simd.space<nram>> -> memref<8xf32, #simd.space<nram>>
  return
}

// -----

func.func @integer_sum_of_floats(%a: memref<8x64xf32, #simd.space<nram>>, %b: memref<8xf32, #simd.space<nram>>) {
  // expected-error @+1 {{elements of f32; simd.reduce_addi combines integers}}
  simd.reduce_addi %a -> %b dimensions = [1] : memref<8x64xf32, #simd.space<nram>> -> memref<8xf32, #simd.space<nram>>
  return
}

// -----

func.func @matmul_of_other_sizes(%a: memref<64x32xf16, #simd.space<nram>>, %b: memref<16x64xf16, #simd.space<wram>>, %c: memref<64x64xf32, #simd.space<nram>>) {
  // expected-error @+1 {{64x32 times 16x64 into 64x64; simd.matmul is mxk times kxn into mxn}}
  simd.matmul %a, %b -> %c : memref<64x32xf16, #simd.space<nram>>, memref<16x64xf16, #simd.space<wram>> -> memref<64x64xf32, #simd.space<nram>>
  return
}

// -----

func.func @matmul_into_narrower(%a: memref<64x32xf32, #simd.space<nram>>, %b: memref<32x64xf32, #simd.space<wram>>, %c: memref<64x64xf16, #simd.space<nram>>) {
  // expected-error @+1 {{f32 times f32 into f16; simd.matmul multiplies equal types into the same float type or a wider one of the same kind}}
  simd.matmul %a, %b -> %c : memref<64x32xf32, #simd.space<nram>>, memref<32x64xf32, #simd.space<wram>> -> memref<64x64xf16, #simd.space<nram>>
  return
}

// -----

func.func @matmul_into_another_space(%a: memref<64x32xf16, #simd.space<nram>>, %b: memref<32x64xf16, #simd.space<wram>>, %c: memref<64x64xf32, #simd.space<wram>>) {
  // expected-error @+1 {{left operand in nram, result in wram; simd.matmul has both in one space}}
  simd.matmul %a, %b -> %c : memref<64x32xf16, #simd.space<nram>>, memref<32x64xf16, #simd.space<wram>> -> memref<64x64xf32, #simd.space<wram>>
  return
}

// -----

func.func @matmul_of_a_vector(%a: memref<64xf32, #simd.space<nram>>, %b: memref<32x64xf16, #simd.space<wram>>, %c: memref<64x64xf32, #simd.space<nram>>) {
  // expected-error @+1 {{memref<64xf32, #simd.space<nram>>; simd.matmul has matrices of static shape without gaps}}
  simd.matmul %a, %b -> %c : memref<64xf32, #simd.space<nram>>, memref<32x64xf16, #simd.space<wram>> -> memref<64x64xf32, #simd.space<nram>>
  return
}

// -----

func.func @types_do_not_match_operands(%a: memref<64xf32, #simd.space<nram>>) {
  // expected-error @+1 {{2 types for 3 operands; an instruction has one type for all, or a type per input, '->', and a type per output}}
  simd.addf %a, %a -> %a : memref<64xf32, #simd.space<nram>>, memref<64xf32, #simd.space<nram>>
  return
}

// -----

func.func @barrier_of_everything() {
  // expected-error @+1 {{expected one of 'chip', 'cluster', 'core': what a barrier holds up}}
  simd.barrier all
  return
}

// -----

func.func @wait_for_nothing() {
  // expected-error @+1 {{no token; simd.wait waits for at least one}}
  simd.wait
  return
}

// -----

func.func @atomic_shape(%x: memref<64xi32, #simd.space<nram>>, %m: memref<65xi32, #simd.space<gdram>>) {
  // expected-error @+1 {{an array of type memref<65xi32, #simd.space<gdram>> for memref<64xi32, #simd.space<nram>>; without a list both have one shape}}
  simd.atomic_rmw %x -> %m kind = addi : memref<64xi32, #simd.space<nram>> -> memref<65xi32, #simd.space<gdram>>
  return
}

// -----

func.func @atomic_kind(%x: memref<64xi32, #simd.space<nram>>, %m: memref<64xi32, #simd.space<gdram>>) {
  // expected-error @+1 {{'simd.atomic_rmw' addf on i32: it combines floats}}
  simd.atomic_rmw %x -> %m kind = addf : memref<64xi32, #simd.space<nram>> -> memref<64xi32, #simd.space<gdram>>
  return
}

// -----

func.func @atomic_operands(%x: memref<64xi32, #simd.space<nram>>, %m: memref<64xi32, #simd.space<gdram>>) {
  // expected-error @+1 {{1 inputs and 1 outputs; simd.atomic_cas has from 2 to 4 inputs, and one or two outputs}}
  simd.atomic_cas %x -> %m : memref<64xi32, #simd.space<nram>> -> memref<64xi32, #simd.space<gdram>>
  return
}

// -----

func.func @atomic_list(%x: memref<64xi32, #simd.space<nram>>, %i: memref<64xf32, #simd.space<nram>>, %m: memref<?xi32, #simd.space<gdram>>) {
  // expected-error @+1 {{a list of type memref<64xf32, #simd.space<nram>> for memref<64xi32, #simd.space<nram>>; simd.atomic_rmw has a gapless list of integers there, and a mask of i1 behind it, with an entry for each element}}
  simd.atomic_rmw %x, %i -> %m kind = addi : memref<64xi32, #simd.space<nram>>, memref<64xf32, #simd.space<nram>> -> memref<?xi32, #simd.space<gdram>>
  return
}
