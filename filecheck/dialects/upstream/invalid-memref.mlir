// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

func.func @f(%m: memref<4x8xf32>, %i: index) {
  // expected-error @+1 {{'memref.load' has 1 index into memref<4x8xf32>: it takes one for each dimension, here 2}}
  %r = memref.load %m[%i] : memref<4x8xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>, %x: i32, %i: index) {
  // expected-error @+1 {{'memref.store' writes i32 into memref<4x8xf32>: what is stored is an element}}
  "memref.store"(%x, %m, %i, %i) : (i32, memref<4x8xf32>, index, index) -> ()
  return
}

// -----

func.func @f(%i: index) {
  // expected-error @+1 {{'memref.alloc' has 0 sizes for memref<?xf32>: it takes one for each dynamic dimension, here 1}}
  %m = memref.alloc() : memref<?xf32>
  return
}

// -----

func.func @f(%i: index) {
  // expected-error @+1 {{'memref.alloc' has 1 value in brackets for memref<?xf32>: it takes one for each symbol of the layout, here 0}}
  %m = memref.alloc(%i)[%i] : memref<?xf32>
  return
}

// -----

func.func @f(%i: index) {
  // expected-error @+1 {{'memref.alloc' has alignment -8: an alignment is a power of two, in bytes}}
  %m = memref.alloc(%i) {alignment = -8 : i64} : memref<?xf32>
  return
}

// -----

func.func @f(%m: memref<4xf32>, %n: memref<5xf32>) {
  // expected-error @+1 {{'memref.copy' from memref<4xf32> to memref<5xf32>: both have one shape and one element type}}
  memref.copy %m, %n : memref<4xf32> to memref<5xf32>
  return
}

// -----

func.func @f(%m: memref<4xf32>) {
  // expected-error @+1 {{'memref.cast' from memref<4xf32> to memref<5xf32>: what both types say of shape, layout, elements and memory space must be the same}}
  %r = memref.cast %m : memref<4xf32> to memref<5xf32>
  return
}

// -----

func.func @f(%m: memref<4xf32>) {
  // expected-error @+1 {{'memref.cast' from memref<4xf32> to memref<4xf32, 1>: what both types say of shape, layout, elements and memory space must be the same}}
  %r = memref.cast %m : memref<4xf32> to memref<4xf32, 1>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{'memref.get_global' names @nope: there is no 'memref.global' of this name}}
  %r = memref.get_global @nope : memref<4xf32>
  return
}

// -----

memref.global @g : memref<4xf32> = dense<1.0>
func.func @f() {
  // expected-error @+1 {{'memref.get_global' gives memref<5xf32>, but @g is of type memref<4xf32>}}
  %r = memref.get_global @g : memref<5xf32>
  return
}

// -----

// expected-error @+1 {{'memref.global' @g has type memref<?xf32>: a global has a static shape}}
memref.global @g : memref<?xf32>

// -----

// expected-error @+1 {{in 'memref.global': dense<> has elements of shape [2], its type has [4]}}
memref.global "private" constant @g : memref<4xf32> = dense<[1.0, 2.0]>

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.subview' of memref<4x8xf32> is memref<4x4xf32>: with these lists it is memref<4x4xf32, strided<[8, 1]>>}}
  %r = memref.subview %m[0, 0] [4, 4] [1, 1] : memref<4x8xf32> to memref<4x4xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.subview' of memref<4x8xf32> is memref<4x4xf32, strided<[4, 1]>>: with these lists it is memref<4x4xf32, strided<[8, 1]>>}}
  %r = memref.subview %m[0, 0] [4, 4] [1, 1] : memref<4x8xf32> to memref<4x4xf32, strided<[4, 1]>>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.subview' takes 4 elements from 6 in steps of 1 along dimension 1, which has 8: a slice lies within what is sliced}}
  %r = memref.subview %m[0, 6] [4, 4] [1, 1] : memref<4x8xf32> to memref<4x4xf32, strided<[8, 1], offset: 6>>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.reinterpret_cast' has offset and strides strided<[8, 1], offset: 0> and a result of type memref<4x4xf32>: the layout of the result says the same, or '?'}}
  %r = memref.reinterpret_cast %m to offset: [0], sizes: [4, 4], strides: [8, 1] : memref<4x8xf32> to memref<4x4xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.collapse_shape' makes dimension 0 of size 16 out of sizes [4, 8]: their product is 32}}
  %r = memref.collapse_shape %m [[0, 1]] : memref<4x8xf32> into memref<16xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32, strided<[16, 1]>>) {
  // expected-error @+1 {{'memref.collapse_shape' merges [[0, 1]] of memref<4x8xf32, strided<[16, 1]>>: dimensions that are merged lie next to one another without gaps}}
  %r = memref.collapse_shape %m [[0, 1]] : memref<4x8xf32, strided<[16, 1]>> into memref<32xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.expand_shape' makes dimension 0 of size 4 out of sizes [2, 3]: their product is 6}}
  %r = memref.expand_shape %m [[0, 1], [2]] output_shape [2, 3, 8] : memref<4x8xf32> into memref<2x3x8xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.transpose' has the permutation (d0, d1) -> (d1, d1) of memref<4x8xf32>: it lists every dimension of the source once}}
  %r = memref.transpose %m (i, j) -> (j, j) : memref<4x8xf32> to memref<8x4xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>, %x: i32, %i: index) {
  // expected-error @+1 {{'memref.atomic_rmw' combines i32 with memref<4x8xf32> and gives i32: value and result are elements}}
  %r = memref.atomic_rmw addf %x, %m[%i, %i] : (i32, memref<4x8xf32>) -> i32
  return
}

// -----

func.func @f(%m: memref<4x8xf32>, %x: f32, %i: index) {
  // expected-error @+1 {{unknown kind of atomic operation 'addd'}}
  %r = memref.atomic_rmw addd %x, %m[%i, %i] : (f32, memref<4x8xf32>) -> f32
  return
}

// -----

func.func @f(%m: memref<4x8xi32>, %x: i32, %i: index) {
  // expected-error @+1 {{'memref.atomic_rmw' addf on i32: it combines floats}}
  %r = memref.atomic_rmw addf %x, %m[%i, %i] : (i32, memref<4x8xi32>) -> i32
  return
}

// -----

func.func @f(%m: tensor<4xf32>) {
  // expected-error @+1 {{'memref.dealloc' does not take tensor<4xf32>}}
  memref.dealloc %m : tensor<4xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.extract_strided_metadata' has 3 results}}
  %0, %1, %2 = memref.extract_strided_metadata %m : memref<4x8xf32> -> memref<f32>, index, index
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.memory_space_cast' from memref<4x8xf32> to memref<4x9xf32, 1>: only the memory space may change}}
  %1 = memref.memory_space_cast %m : memref<4x8xf32> to memref<4x9xf32, 1>
  return
}

// -----

// expected-error @+1 {{a memref of 1 dimension has a layout of 2}}
func.func @f(%m: memref<4xf32, strided<[1, 1]>>) {
  return
}

// -----

// expected-error @+1 {{a memref of 1 dimension has a layout of 2}}
func.func @f(%m: memref<4xf32, affine_map<(i, j) -> (i, j)>>) {
  return
}

// -----

func.func @f(%m: memref<4x8xf32>, %p: memref<?xindex>) {
  // expected-error @+1 {{'memref.reshape' to memref<32xf32> has a shape of type memref<?xindex>: it has one element for each dimension}}
  %1 = memref.reshape %m(%p) : (memref<4x8xf32>, memref<?xindex>) -> memref<32xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>, %i: index) {
  // expected-error @+1 {{'memref.view' makes memref<32xf32> of memref<4x8xf32>: the source has one dimension of i8, and the memory space stays}}
  %1 = memref.view %m[%i][] : memref<4x8xf32> to memref<32xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>, %i: index) {
  // expected-error @+1 {{'memref.load' from memref<4x8xf32> gives i32: it gives an element}}
  %r = "memref.load"(%m, %i, %i) : (memref<4x8xf32>, index, index) -> i32
  return
}

// -----

func.func @f(%m: memref<*xf32>, %i: index) {
  // expected-error @+1 {{in 'memref.load': expected a ranked memref type, found memref<*xf32>}}
  %r = memref.load %m[%i] : memref<*xf32>
  return
}

// -----

func.func @f(%m: memref<4xf32>, %i: index, %x: f32) {
  // expected-error @+1 {{'memref.atomic_rmw' has kind 99: it is a number from 0 to 15}}
  %r = "memref.atomic_rmw"(%x, %m, %i) <{kind = 99 : i64}> : (f32, memref<4xf32>, index) -> f32
  return
}

// -----

func.func @f(%m: memref<4xf32>, %n: memref<4xf16, 1>, %i: index, %t: memref<1xi32>) {
  // Stricter than upstream.
  // expected-error @+1 {{'memref.dma_start' from memref<4xf32> to memref<4xf16, 1>: both have one element type}}
  memref.dma_start %m[%i], %n[%i], %i, %t[%i] : memref<4xf32>, memref<4xf16, 1>, memref<1xi32>
  return
}

// -----

func.func @f(%m: memref<4xf32>, %n: memref<4xf32, 1>, %i: index, %t: memref<1xi32>) {
  // expected-error @+1 {{'memref.dma_start' has 2 types: it has those of its three memrefs}}
  memref.dma_start %m[%i], %n[%i], %i, %t[%i] : memref<4xf32>, memref<4xf32, 1>
  return
}

// -----

func.func @f(%m: memref<4xf32>, %n: memref<4xf32, 1>, %i: index, %t: memref<1xi32>) {
  // expected-error @+1 {{'memref.dma_start' has operands of types memref<4xf32>, index, index, memref<4xf32, 1>, index, index, memref<1xi32>, index: a source, a destination and a tag memref, each with an index for each dimension, the number of elements in front of the tag, and behind it either nothing or a stride and the number of elements of a run}}
  memref.dma_start %m[%i, %i], %n[%i], %i, %t[%i] : memref<4xf32>, memref<4xf32, 1>, memref<1xi32>
  return
}

// -----

// expected-error @+1 {{expected an operation, found ':'}}
memref.global @g : memref<4xf32> = dense<1> : tensor<4xi32>

// -----

// expected-error @+1 {{in 'memref.global': a global is a memref, not tensor<4xf32>}}
memref.global @g : tensor<4xf32>

// -----

// expected-error @+1 {{'memref.global' @g of type memref<4xf32> has the initial value dense<1> : tensor<4xi32>: it is uninitialized or dense elements of type tensor<4xf32>}}
"memref.global"() <{sym_name = "g", type = memref<4xf32>, initial_value = dense<1> : tensor<4xi32>}> : () -> ()

// -----

func.func @f(%m: memref<4xf32>) {
  // expected-error @+1 {{'memref.assume_alignment' says 3: an alignment is a power of two, in bytes}}
  %r = memref.assume_alignment %m, 3 : memref<4xf32>
  return
}

// -----

func.func @f(%m: memref<4xf32>) {
  // expected-error @+1 {{'memref.assume_alignment' of memref<4xf32> gives memref<5xf32>: the type stays}}
  %r = "memref.assume_alignment"(%m) <{alignment = 4 : i32}> : (memref<4xf32>) -> memref<5xf32>
  return
}

// -----

func.func @f(%m: memref<32xf32>) {
  // expected-error @+1 {{'memref.expand_shape' of memref<32xf32> is memref<4x8xf32, strided<[9, 1]>>: with these groups it is memref<4x8xf32>}}
  %r = memref.expand_shape %m [[0, 1]] output_shape [4, 8] : memref<32xf32> into memref<4x8xf32, strided<[9, 1]>>
  return
}

// -----

func.func @f(%m: memref<32xf32>) {
  // expected-error @+1 {{'memref.expand_shape' has output_shape [4, 8] and a result of type memref<8x4xf32>: output_shape is the shape of the result}}
  %r = memref.expand_shape %m [[0, 1]] output_shape [4, 8] : memref<32xf32> into memref<8x4xf32>
  return
}

// -----

func.func @f(%m: memref<32xf32>) {
  // expected-error @+1 {{'memref.expand_shape' of memref<32xf32> is memref<4x8xf32, 1>: with these groups it is memref<4x8xf32>}}
  %r = memref.expand_shape %m [[0, 1]] output_shape [4, 8] : memref<32xf32> into memref<4x8xf32, 1>
  return
}

// -----

func.func @f(%m: memref<64xi8>, %i: index) {
  // expected-error @+1 {{'memref.view' has 0 sizes for memref<?xf32>: it takes one for each dynamic dimension, here 1}}
  %r = memref.view %m[%i][] : memref<64xi8> to memref<?xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.transpose' of memref<4x8xf32> by [1, 0] is memref<4x8xf32, strided<[1, 8]>>: its shape is that of the source in the new order}}
  %r = memref.transpose %m (i, j) -> (j, i) : memref<4x8xf32> to memref<4x8xf32, strided<[1, 8]>>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.transpose' of memref<4x8xf32> by [1, 0] is memref<8x4xf32>: its layout is strided<[1, 8], offset: 0>}}
  %r = memref.transpose %m (i, j) -> (j, i) : memref<4x8xf32> to memref<8x4xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>, %p: memref<1xindex>) {
  // Stricter than upstream.
  // expected-error @+1 {{'memref.reshape' makes memref<33xf32> of memref<4x8xf32>: both have the same number of elements}}
  %1 = memref.reshape %m(%p) : (memref<4x8xf32>, memref<1xindex>) -> memref<33xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>, %p: memref<2xindex>) {
  // expected-error @+1 {{'memref.reshape' to memref<32xf32> has a shape of type memref<2xindex>: it has one element for each dimension}}
  %1 = memref.reshape %m(%p) : (memref<4x8xf32>, memref<2xindex>) -> memref<32xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.subview' of memref<4x8xf32> is memref<4x4xf16, strided<[8, 1]>>: it has the elements and the memory space of its source}}
  %r = memref.subview %m[0, 0] [4, 4] [1, 1] : memref<4x8xf32> to memref<4x4xf16, strided<[8, 1]>>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.reinterpret_cast' has 2 offsets, 2 sizes and 2 strides: it has one offset, and a size and a stride for each dimension of the result}}
  %r = memref.reinterpret_cast %m to offset: [0, 1], sizes: [4, 4], strides: [8, 1] : memref<4x8xf32> to memref<4x4xf32, strided<[8, 1]>>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.reinterpret_cast' has sizes [4, 4] and a result of type memref<4x5xf32, strided<[8, 1]>>: the sizes are the shape of the result}}
  %r = memref.reinterpret_cast %m to offset: [0], sizes: [4, 4], strides: [8, 1] : memref<4x8xf32> to memref<4x5xf32, strided<[8, 1]>>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.reinterpret_cast' makes memref<4x4xf16, strided<[8, 1]>> of memref<4x8xf32>: elements and memory space stay}}
  %r = memref.reinterpret_cast %m to offset: [0], sizes: [4, 4], strides: [8, 1] : memref<4x8xf32> to memref<4x4xf16, strided<[8, 1]>>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{'memref.subview' has sizes [4, 4] and a slice of shape [4]: the slice has the shape of the sizes, from which dimensions of size 1 may be dropped}}
  %r = memref.subview %m[0, 0] [4, 4] [1, 1] : memref<4x8xf32> to memref<4xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>, %i: index) {
  // expected-error @+1 {{%i has type index, but is used as memref<4x8xf32>}}
  %r = memref.dim %i, %m : memref<4x8xf32>
  return
}

// -----

func.func @f(%m: memref<4x8xf32>) {
  // expected-error @+1 {{%m has type memref<4x8xf32>, but is used as memref<4x9xf32>}}
  memref.dealloc %m : memref<4x9xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{'memref.alloc' has alignment 3: an alignment is a power of two, in bytes}}
  %m = memref.alloc() {alignment = 3 : i64} : memref<4xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{'memref.alloc' has a result 'memref' of type tensor<4xf32>}}
  %m = memref.alloc() : tensor<4xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{the body of 'memref.alloca_scope' returns (): it returns the types of the results, here (f32)}}
  %m = memref.alloca_scope -> (f32) {
    memref.alloca_scope.return
  }
  return
}

// -----

func.func @f(%m: memref<4xf32>, %t: memref<1xi32>, %i: index) {
  // expected-error @+1 {{'memref.dma_wait' has 2 indices into memref<1xi32>: it takes one for each dimension, here 1}}
  memref.dma_wait %t[%i, %i], %i : memref<1xi32>
  return
}

// -----

func.func @generic_atomic_of_another_type(%m: memref<4xf32>, %i: index, %x: i32) {
  // expected-error @+1 {{'memref.generic_atomic_rmw' on memref<4xf32> gives f32 and its body goes from (f32) to (i32): each is an element, f32}}
  %r = memref.generic_atomic_rmw %m[%i] : memref<4xf32> {
  ^bb0(%now: f32):
    memref.atomic_yield %x : i32
  }
  return
}
