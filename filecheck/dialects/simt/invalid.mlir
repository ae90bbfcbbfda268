// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

func.func @load_of_no_size(%a: vector<2xi64>) {
  // expected-error @+1 {{'simt.load_global' of vector<6xf32> at vector<2xi64>: each address is that of 1, 2, 4, 8 or 16 bytes, which are 1 or 2 or 4 elements}}
  %v = simt.load_global %a : vector<2xi64> -> vector<6xf32>
  return
}

// -----

func.func @load_that_does_not_divide(%a: vector<2xi64>) {
  // expected-error @+1 {{'simt.load_global' of vector<3xf32> at vector<2xi64>: each address is that of 1, 2, 4, 8 or 16 bytes, which are 1 or 2 or 4 elements}}
  %v = simt.load_global %a : vector<2xi64> -> vector<3xf32>
  return
}

// -----

func.func @load_of_a_scalar_at_addresses(%a: vector<1xi64>) {
  // expected-error @+1 {{'simt.load_global' of f32 at vector<1xi64>: vectors go with vectors, scalars with scalars}}
  %v = simt.load_global %a : vector<1xi64> -> f32
  return
}

// -----

func.func @load_at_numbers_of_32_bits(%a: vector<1xi32>) {
  // expected-error @+1 {{'simt.load_global': operand 'address': found vector<1xi32>, must be i64 or a vector of it}}
  %v = simt.load_global %a : vector<1xi32> -> vector<1xf32>
  return
}

// -----

func.func @load_of_two_dimensions(%a: vector<1xi64>) {
  // expected-error @+1 {{'simt.load_global': result 'result': found vector<1x1xf32>, must be an integer, a float or a vector of them}}
  %v = simt.load_global %a : vector<1xi64> -> vector<1x1xf32>
  return
}

// -----

func.func @mask_for_each_element(%a: vector<2xi64>, %m: vector<8xi1>) {
  // expected-error @+1 {{'simt.load_global' has mask of type vector<8xi1> where address is vector<2xi64>: the mask has one i1 for each address, vector<2xi1>}}
  %v = "simt.load_global"(%a, %m) <{operandSegmentSizes = array<i32: 1, 1, 0>}> : (vector<2xi64>, vector<8xi1>) -> vector<8xf32>
  return
}

// -----

func.func @other_without_mask(%a: vector<1xi64>, %o: vector<4xf32>) {
  // expected-error @+1 {{'simt.load_global' has other and no mask: other is what masked-off elements are}}
  %v = simt.load_global %a other %o : vector<1xi64> -> vector<4xf32>
  return
}

// -----

func.func @other_of_another_type(%a: vector<1xi64>, %m: vector<1xi1>, %o: vector<4xi32>) {
  // expected-error @+1 {{'simt.load_global' has other of type vector<4xi32> where result is vector<4xf32>: other has the type of the result, vector<4xf32>}}
  %v = "simt.load_global"(%a, %m, %o) <{operandSegmentSizes = array<i32: 1, 1, 1>}> : (vector<1xi64>, vector<1xi1>, vector<4xi32>) -> vector<4xf32>
  return
}

// -----

func.func @store_of_17_bytes(%a: vector<1xi64>, %v: vector<17xi8>) {
  // expected-error @+1 {{'simt.store_global' of vector<17xi8> at vector<1xi64>: each address is that of 1, 2, 4, 8 or 16 bytes, which are 1 or 2 or 4 or 8 or 16 elements}}
  simt.store_global %a, %v : vector<1xi64>, vector<17xi8>
  return
}

// -----

func.func @atomic_load_that_releases(%a: vector<1xi64>) {
  // expected-error @+1 {{'simt.atomic_load' is release: it is relaxed or acquire}}
  %r = simt.atomic_load release, gpu, %a : vector<1xi64> -> vector<1xf32>
  return
}

// -----

func.func @atomic_store_of_a_group(%a: vector<1xi64>, %v: vector<2xf32>) {
  // expected-error @+1 {{'simt.atomic_store' of vector<2xf32> at vector<1xi64>: an address for each element}}
  simt.atomic_store relaxed, gpu, %a, %v : vector<1xi64>, vector<2xf32>
  return
}

// -----

func.func @atomic_of_a_group(%a: vector<1xi64>, %v: vector<2xf32>) {
  // expected-error @+1 {{'simt.atomic_rmw' of vector<2xf32> at vector<1xi64>: an address for each element}}
  %r = simt.atomic_rmw fadd, relaxed, gpu, %a, %v : vector<1xi64>, vector<2xf32>
  return
}

// -----

func.func @compare_of_another_type(%a: vector<1xi64>, %e: vector<1xi32>, %v: vector<1xf32>) {
  // expected-error @+1 {{'simt.atomic_cas' has expected of type vector<1xi32> where value is vector<1xf32>: what is expected has the type of the value, vector<1xf32>}}
  %r = "simt.atomic_cas"(%a, %e, %v) <{sem = 4 : i32, scope = 1 : i32}> : (vector<1xi64>, vector<1xi32>, vector<1xf32>) -> vector<1xf32>
  return
}

// -----

func.func @shared_of_no_size(%a: vector<1xi32>, %v: vector<16xf32>) {
  // expected-error @+1 {{'simt.store_shared' of vector<16xf32> at vector<1xi32>: each address is that of 1, 2, 4, 8 or 16 bytes, which are 1 or 2 or 4 elements}}
  simt.store_shared %a, %v : vector<1xi32>, vector<16xf32>
  return
}

// -----

func.func @three_matrices(%a: vector<1xi32>) {
  // expected-error @+1 {{'simt.ldmatrix' of 3 matrices: 1, 2 or 4}}
  %v = simt.ldmatrix %a, 3 : vector<1xi32> -> vector<6xf16>
  return
}

// -----

func.func @registers_of_matrices(%a: vector<2xi32>, %v: vector<8xf16>) {
  // expected-error @+1 {{'simt.stmatrix' of vector<8xf16> at vector<2xi32>: 4 registers of 32 bits for each address, one a matrix}}
  simt.stmatrix %a, %v, 4 : vector<2xi32>, vector<8xf16>
  return
}

// -----

func.func @copy_of_two_bytes(%to: vector<1xi32>, %from: vector<1xi64>) {
  // expected-error @+1 {{'simt.cp_async' of 2 bytes: 4, 8 or 16}}
  simt.cp_async %to, %from, 2 : vector<1xi32>, vector<1xi64>
  return
}

// -----

func.func @copy_of_one_to_two(%to: vector<2xi32>, %from: vector<1xi64>) {
  // expected-error @+1 {{'simt.cp_async' from vector<1xi64> to vector<2xi32>: one address beside the other}}
  simt.cp_async %to, %from, 4 : vector<2xi32>, vector<1xi64>
  return
}

// -----

func.func @wait_for_less_than_none() {
  // expected-error @+1 {{'simt.cp_async_wait' for -1 groups: at least 0}}
  simt.cp_async_wait -1
  return
}

// -----

func.func @uniform_of_two(%v: vector<2xi32>) {
  // expected-error @+1 {{'simt.uniform' of vector<2xi32> to i32: of one element, to its type}}
  %s = simt.uniform %v : vector<2xi32> -> i32
  return
}

// -----

func.func @uniform_to_another_type(%v: vector<1xi32>) {
  // expected-error @+1 {{'simt.uniform' of vector<1xi32> to f32: of one element, to its type}}
  %s = simt.uniform %v : vector<1xi32> -> f32
  return
}

// -----

func.func @ballot_of_bits(%m: vector<2xi1>) {
  // expected-error @+1 {{'simt.vote' ballot of vector<2xi1> to vector<2xi1>: it gives vector<2xi32>}}
  %b = simt.vote ballot, %m : vector<2xi1> -> vector<2xi1>
  return
}

// -----

func.func @lanes_for_each_register(%v: vector<4xf32>, %n: vector<4xi32>) {
  // expected-error @+1 {{'simt.shuffle' has an operand 'lane' of type vector<4xi32>}}
  %w = "simt.shuffle"(%v, %n) <{kind = 0 : i32}> : (vector<4xf32>, vector<4xi32>) -> vector<4xf32>
  return
}

// -----

func.func @fma_of_two_sizes(%a: vector<4xf32>) {
  // expected-error @+1 {{'simt.fma_dot' has three sizes: m, n, k}}
  %d = simt.fma_dot %a, %a, %a sizes 2, 2 : vector<4xf32>, vector<4xf32> -> vector<4xf32>
  return
}

// -----

func.func @fma_of_other_sizes(%a: vector<4xf32>) {
  // expected-error @+1 {{'simt.fma_dot' has vector<4xf32> as a: 8 elements for these sizes}}
  %d = simt.fma_dot %a, %a, %a sizes 2, 2, 4 : vector<4xf32>, vector<4xf32> -> vector<4xf32>
  return
}

// -----

func.func @mma_of_two_sizes(%a: vector<8xf16>, %b: vector<4xf16>, %c: vector<4xf32>) {
  // expected-error @+1 {{'simt.mma_sync' has three sizes m, n, k as shape, and three as tiles}}
  %d = simt.mma_sync %a, %b, %c shape 16, 8 tiles 1, 1, 1 : vector<8xf16>, vector<4xf16> -> vector<4xf32>
  return
}

// -----

func.func @mma_of_no_shape(%a: vector<8xf16>, %b: vector<4xf16>, %c: vector<4xf32>) {
  // expected-error @+1 {{'simt.mma_sync' of 16x16x16 on vector<8xf16>: the shapes for elements of 16 bits are 16x8x16, 16x8x8}}
  %d = simt.mma_sync %a, %b, %c shape 16, 16, 16 tiles 1, 1, 1 : vector<8xf16>, vector<4xf16> -> vector<4xf32>
  return
}

// -----

func.func @mma_of_other_tiles(%a: vector<8xf16>, %b: vector<4xf16>, %c: vector<4xf32>) {
  // expected-error @+1 {{'simt.mma_sync' has vector<8xf16> as a: 16 elements for these sizes}}
  %d = simt.mma_sync %a, %b, %c shape 16, 8, 16 tiles 2, 1, 1 : vector<8xf16>, vector<4xf16> -> vector<4xf32>
  return
}

// -----

func.func @mma_of_two_types(%a: vector<8xf16>, %b: vector<4xbf16>, %c: vector<4xf32>) {
  // expected-error @+1 {{'simt.mma_sync' of f16 and bf16 to f32: f16 goes with f16 to f32 or f16}}
  %d = simt.mma_sync %a, %b, %c shape 16, 8, 16 tiles 1, 1, 1 : vector<8xf16>, vector<4xbf16> -> vector<4xf32>
  return
}

// -----

func.func @mma_to_f16(%a: vector<8xbf16>, %b: vector<4xbf16>, %c: vector<4xf16>) {
  // expected-error @+1 {{'simt.mma_sync' of bf16 and bf16 to f16: bf16 goes with bf16 to f32}}
  %d = simt.mma_sync %a, %b, %c shape 16, 8, 16 tiles 1, 1, 1 : vector<8xbf16>, vector<4xbf16> -> vector<4xf16>
  return
}

// -----

func.func @scratch_before_the_first_byte() {
  // expected-error @+1 {{'simt.global_scratch' at -4: an offset is at least 0}}
  %m = simt.global_scratch -4 : i64
  return
}

// -----

func.func @map_without_a_stride(%shared: vector<1xi32>, %p: i64, %n: i32) {
  // expected-error @+1 {{'simt.tensormap_create' of 2 box sizes, 2 sizes, 0 strides and 2 element strides: one to five, as many of each, but one stride less}}
  simt.tensormap_create %shared, %p, %p, [%n, %n], [%n, %n], [], [%n, %n] {elem_type = 6 : i32, fill_mode = 0 : i32, interleave_layout = 0 : i32, swizzle_mode = 3 : i32}
  return
}

// -----

func.func @half_a_group(%x: vector<3xi16>) {
  // expected-error @+1 {{'simt.inline_asm' of [3] elements with packed_element 2}}
  %y = simt.inline_asm "not.b32 $0, $1;" {constraints = "=r,r", packed_element = 2 : i32, pure = true}(%x) : (vector<3xi16>) -> vector<3xi16>
  return
}

// -----

func.func @wgmma_of_no_shape(%a: vector<1xi32>, %b: vector<1xi32>, %c: vector<64xf32>) {
  // expected-error @+1 {{'simt.wgmma' of 64x100x16 on elements of 16 bits: 64 rows, up to 256 columns in eights, 32 bytes along k}}
  %d = simt.wgmma %a, %b, %c shape 64, 100, 16 tiles 1, 1, 4 {a_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>, b_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>} : vector<1xi32>, vector<1xi32> -> vector<64xf32>
  return
}

// -----

func.func @wgmma_of_other_sums(%a: vector<1xi32>, %b: vector<1xi32>, %c: vector<32xf32>) {
  // expected-error @+1 {{'simt.wgmma' has vector<32xf32> as c: 64 elements for these sizes}}
  %d = simt.wgmma %a, %b, %c shape 64, 128, 16 tiles 1, 1, 4 {a_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>, b_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>} : vector<1xi32>, vector<1xi32> -> vector<32xf32>
  return
}

// -----

func.func @wgmma_of_other_fragments(%a: vector<8xf16>, %b: vector<1xi32>, %c: vector<64xf32>) {
  // expected-error @+1 {{'simt.wgmma' has vector<8xf16> as a: 32 elements of 16 bits}}
  %d = simt.wgmma %a, %b, %c shape 64, 128, 16 tiles 1, 1, 4 {b_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>} : vector<8xf16>, vector<1xi32> -> vector<64xf32>
  return
}

// -----

func.func @wgmma_of_two_addresses(%a: vector<1xi32>, %b: vector<2xi32>, %c: vector<64xf32>) {
  // expected-error @+1 {{'simt.wgmma' has vector<2xi32> as b: the address of its matrix, vector<1xi32>}}
  %d = simt.wgmma %a, %b, %c shape 64, 128, 16 tiles 1, 1, 4 {a_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>, b_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>} : vector<1xi32>, vector<2xi32> -> vector<64xf32>
  return
}

// -----

func.func @wgmma_of_fewer_offsets(%a: vector<1xi32>, %b: vector<1xi32>, %c: vector<64xf32>) {
  // expected-error @+1 {{'simt.wgmma' with 3 offsets of b: one for each of 4 tiles}}
  %d = simt.wgmma %a, %b, %c shape 64, 128, 16 tiles 1, 1, 4 {a_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>, b_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64]}>} : vector<1xi32>, vector<1xi32> -> vector<64xf32>
  return
}

// -----

func.func @matrix_of_wide_elements(%a: vector<1xi32>, %b: vector<1xi32>, %c: vector<64xf32>) {
  // expected-error @+1 {{element = f64: an element has 8, 16 or 32 bits}}
  %d = simt.wgmma %a, %b, %c shape 64, 128, 16 tiles 1, 1, 4 {a_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>, b_matrix = #simt.matrix<{element = f64, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>} : vector<1xi32>, vector<1xi32> -> vector<64xf32>
  return
}

// -----

func.func @matrix_transposed(%a: vector<1xi32>, %b: vector<1xi32>, %c: vector<64xf32>) {
  // expected-error @+1 {{a transposed matrix of i8: only elements of 16 bits are transposed}}
  %d = simt.wgmma %a, %b, %c shape 64, 128, 16 tiles 1, 1, 4 {a_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>, b_matrix = #simt.matrix<{element = i8, swizzle = 128, leading = 8192, stride = 1024, transposed = true, offsets = [0, 32, 64, 96]}>} : vector<1xi32>, vector<1xi32> -> vector<64xf32>
  return
}

// -----

func.func @matrix_of_odd_lines(%a: vector<1xi32>, %b: vector<1xi32>, %c: vector<64xf32>) {
  // expected-error @+1 {{leading = 8200: it is a multiple of 16 bytes below 262144}}
  %d = simt.wgmma %a, %b, %c shape 64, 128, 16 tiles 1, 1, 4 {a_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8192, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>, b_matrix = #simt.matrix<{element = f16, swizzle = 128, leading = 8200, stride = 1024, transposed = false, offsets = [0, 32, 64, 96]}>} : vector<1xi32>, vector<1xi32> -> vector<64xf32>
  return
}

// -----

func.func @wgmma_wait_for_what_is_to_come(%c: vector<64xf32>) {
  // expected-error @+1 {{'simt.wgmma_wait' for -1 groups: at least 0}}
  %d = simt.wgmma_wait -1, %c : vector<64xf32>
  return
}

// -----

func.func @bulk_wait_for_what_is_to_come() {
  // expected-error @+1 {{'simt.bulk_wait' for -1 groups: at least 0}}
  simt.bulk_wait -1
  return
}

// -----

func.func @barrier_that_nobody_arrives_at(%at: vector<1xi32>, %w: vector<1xi1>) {
  // expected-error @+1 {{'simt.mbarrier_init' for 0 arrivals: 1 to 1048575}}
  simt.mbarrier_init %at, 0 when %w : vector<1xi32>
  return
}

// -----

func.func @box_at_one_index(%m: !simt.tensor_map<8x64xf16, swizzle = 128>, %at: vector<1xi32>, %w: vector<1xi1>, %i: i32) {
  // expected-error @+1 {{'simt.bulk_tensor_store' of !simt.tensor_map<8x64xf16, swizzle = 128> at 1 indices: one for each dimension}}
  simt.bulk_tensor_store %m[%i], %at when %w : !simt.tensor_map<8x64xf16, swizzle = 128>
  return
}

// -----

func.func @print_without_an_index(%v: vector<2xf32>) {
  // expected-error @+1 {{'simt.print': what differs by thread has indices, a scalar has none}}
  simt.print " v: " of [] value(%v : vector<2xf32>)
  return
}

// -----

func.func @print_with_an_index_too_few(%i: vector<2xi32>, %v: vector<2xf32>) {
  // expected-error @+1 {{'simt.print' with 1 indices of a tensor of 2 dimensions: one for each}}
  simt.print " v: " of [8, 8] index(%i : vector<2xi32>) value(%v : vector<2xf32>)
  return
}

// -----

func.func @print_with_other_indices(%i: vector<1xi32>, %v: vector<2xf32>) {
  // expected-error @+1 {{'simt.print' of vector<2xf32> with indices of vector<1xi32>: an i32 for each element}}
  simt.print " v: " of [64] index(%i : vector<1xi32>) value(%v : vector<2xf32>)
  return
}

// -----

func.func @print_under_another_mask(%i: vector<2xi32>, %v: vector<2xf32>, %m: vector<1xi1>) {
  // expected-error @+1 {{'simt.print' with a mask of vector<1xi1>: one i1 for each element}}
  simt.print " v: " of [64] index(%i : vector<2xi32>) value(%v : vector<2xf32>) mask(%m : vector<1xi1>)
  return
}

// -----

// expected-error @+1 {{a box of 512x64: one to five sizes from 1 to 256}}
func.func @box_of_too_many_rows(%m: !simt.tensor_map<512x64xf16, swizzle = 128>) {
  return
}

// -----

// expected-error @+1 {{lines of 8 bytes with swizzle = 0: it is 0, 32, 64 or 128, a line a multiple of 16 bytes, and no longer}}
func.func @box_of_odd_lines(%m: !simt.tensor_map<8x4xf16, swizzle = 0>) {
  return
}

// -----

// expected-error @+1 {{a tensor map of index: elements have a known width}}
func.func @box_of_indices(%m: !simt.tensor_map<8x64xindex, swizzle = 128>) {
  return
}
