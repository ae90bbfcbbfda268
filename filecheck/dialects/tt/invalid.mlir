// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

tt.func @get_program_id() {
  // expected-error @+1 {{in 'tt.get_program_id': 'w' is none of x, y, z}}
  %0 = tt.get_program_id w : i32
  tt.return
}

// -----

tt.func @get_program_id_2() {
  // expected-error @+1 {{'tt.get_program_id' has a result 'result' of type i64}}
  %0 = tt.get_program_id x : i64
  tt.return
}

// -----

tt.func @make_range() {
  // expected-error @+1 {{'tt.make_range' gives tensor<8xi64>: its elements are i32}}
  %0 = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi64>
  tt.return
}

// -----

tt.func @make_range_2() {
  // expected-error @+1 {{'tt.make_range' from 4 to 8 gives tensor<8xi32>: the result has one dimension, of size end - start = 4}}
  %0 = tt.make_range {end = 8 : i32, start = 4 : i32} : tensor<8xi32>
  tt.return
}

// -----

tt.func @make_range_3() {
  // expected-error @+1 {{'tt.make_range' from 0 to 0: start is less than end}}
  %0 = tt.make_range {end = 0 : i32, start = 0 : i32} : tensor<0xi32>
  tt.return
}

// -----

tt.func @splat(%x: tensor<4xf32>) {
  // Stricter than upstream.
  // expected-error @+1 {{'tt.splat' of tensor<4xf32>: its operand is a scalar}}
  %0 = tt.splat %x : tensor<4xf32> -> tensor<8x4xf32>
  tt.return
}

// -----

tt.func @splat_2(%x: f32) {
  // expected-error @+1 {{'tt.splat' has f32 as operand 0 and tensor<8x4xf16> as result 0: both have the same element type}}
  %0 = tt.splat %x : f32 -> tensor<8x4xf16>
  tt.return
}

// -----

tt.func @splat_3(%x: f32) {
  // expected-error @+1 {{'tt.splat': result 'result': found f32, must be a tensor of integers, floats or pointers}}
  %0 = tt.splat %x : f32 -> f32
  tt.return
}

// -----

tt.func @unsplat(%x: tensor<2x1xf32>) {
  // expected-error @+1 {{'tt.unsplat' of tensor<2x1xf32>: its operand has exactly one element}}
  %0 = tt.unsplat %x : tensor<2x1xf32>
  tt.return
}

// -----

tt.func @unsplat_2(%x: tensor<1xf32>) {
  // expected-error @+1 {{'tt.unsplat' has result of type i32 where src is tensor<1xf32>: the result is the element itself, f32}}
  %0 = "tt.unsplat"(%x) : (tensor<1xf32>) -> i32
  tt.return
}

// -----

tt.func @expand_dims(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.expand_dims' of tensor<4xf32> at axis 2: axis is from 0 to the rank, 1}}
  %0 = tt.expand_dims %x {axis = 2 : i32} : tensor<4xf32> -> tensor<4x1xf32>
  tt.return
}

// -----

tt.func @expand_dims_2(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.expand_dims' of tensor<4xf32> at axis 1 gives tensor<1x4xf32>: the result has shape 4x1}}
  %0 = tt.expand_dims %x {axis = 1 : i32} : tensor<4xf32> -> tensor<1x4xf32>
  tt.return
}

// -----

tt.func @expand_dims_3(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.expand_dims' has axis = 1 : i64}}
  %0 = tt.expand_dims %x {axis = 1 : i64} : tensor<4xf32> -> tensor<4x1xf32>
  tt.return
}

// -----

tt.func @expand_dims_4(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.expand_dims' lacks the property 'axis'}}
  %0 = tt.expand_dims %x : tensor<4xf32> -> tensor<4x1xf32>
  tt.return
}

// -----

tt.func @broadcast(%x: tensor<4x1xf32>) {
  // expected-error @+1 {{'tt.broadcast' of tensor<4x1xf32> to tensor<4x8x1xf32>: both have the same rank}}
  %0 = tt.broadcast %x : tensor<4x1xf32> -> tensor<4x8x1xf32>
  tt.return
}

// -----

tt.func @broadcast_2(%x: tensor<4x1xf32>) {
  // expected-error @+1 {{'tt.broadcast' of tensor<4x1xf32> to tensor<8x8xf32>: dimension 0 has size 4, and only a size of 1 can be changed}}
  %0 = tt.broadcast %x : tensor<4x1xf32> -> tensor<8x8xf32>
  tt.return
}

// -----

tt.func @broadcast_3(%x: tensor<4x1xf32>) {
  // expected-error @+1 {{'tt.broadcast' has tensor<4x1xf32> as operand 0 and tensor<4x1xi32> as result 0: both have the same element type}}
  %0 = tt.broadcast %x : tensor<4x1xf32> -> tensor<4x1xi32>
  tt.return
}

// -----

tt.func @reshape(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{'tt.reshape' of tensor<4x2xf32> to tensor<16xf32>: both have the same number of elements}}
  %0 = tt.reshape %x : tensor<4x2xf32> -> tensor<16xf32>
  tt.return
}

// -----

tt.func @reshape_2(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{'tt.reshape' has tensor<4x2xf32> as operand 0 and tensor<8xi32> as result 0: both have the same element type}}
  %0 = tt.reshape %x : tensor<4x2xf32> -> tensor<8xi32>
  tt.return
}

// -----

tt.func @cat(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.cat' of two tensor<4xf32> gives tensor<16xf32>: the result has the elements of both, 8}}
  %0 = tt.cat %x, %x : tensor<4xf32> -> tensor<16xf32>
  tt.return
}

// -----

tt.func @cat_2(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.cat' has tensor<4xf32> as operand 0 and tensor<8xi32> as result 0: both have the same element type}}
  %0 = tt.cat %x, %x : tensor<4xf32> -> tensor<8xi32>
  tt.return
}

// -----

tt.func @join(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.join' has tensor<4xf32> and tensor<2x4xf32>: the second is the first with a last dimension of size 2 added}}
  %0 = tt.join %x, %x : tensor<4xf32> -> tensor<2x4xf32>
  tt.return
}

// -----

tt.func @split(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{'tt.split' has tensor<2xf32> and tensor<2x4xf32>: the second is the first with a last dimension of size 2 added}}
  %0, %1 = tt.split %x : tensor<2x4xf32> -> tensor<2xf32>
  tt.return
}

// -----

tt.func @split_2(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{'tt.split' has out_rhs of type tensor<4xi32> where out_lhs is tensor<4xf32>: both results have the same type, tensor<4xf32>}}
  %0:2 = "tt.split"(%x) : (tensor<4x2xf32>) -> (tensor<4xf32>, tensor<4xi32>)
  tt.return
}

// -----

tt.func @trans(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{'tt.trans' of tensor<4x2xf32> with order [1, 1]: order is a permutation of 0 to 1}}
  %0 = tt.trans %x {order = array<i32: 1, 1>} : tensor<4x2xf32> -> tensor<2x4xf32>
  tt.return
}

// -----

tt.func @trans_2(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{'tt.trans' of tensor<4x2xf32> with order [1]: order is a permutation of 0 to 1}}
  %0 = tt.trans %x {order = array<i32: 1>} : tensor<4x2xf32> -> tensor<2x4xf32>
  tt.return
}

// -----

tt.func @trans_3(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{'tt.trans' of tensor<4x2xf32> with order [1, 0] gives tensor<4x2xf32>: the result has shape 2x4}}
  %0 = tt.trans %x {order = array<i32: 1, 0>} : tensor<4x2xf32> -> tensor<4x2xf32>
  tt.return
}

// -----

tt.func @trans_4(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{'tt.trans' has order = array<i64: 1, 0>}}
  %0 = tt.trans %x {order = array<i64: 1, 0>} : tensor<4x2xf32> -> tensor<2x4xf32>
  tt.return
}

// -----

tt.func @trans_5(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{'tt.trans' lacks the property 'order'}}
  %0 = tt.trans %x : tensor<4x2xf32> -> tensor<2x4xf32>
  tt.return
}

// -----

tt.func @addptr(%p: !tt.ptr<f32>, %o: tensor<4xi32>) {
  // expected-error @+1 {{'tt.addptr' has a tensor operand and a scalar result: both are tensors, or neither}}
  %0 = tt.addptr %p, %o : !tt.ptr<f32>, tensor<4xi32>
  tt.return
}

// -----

tt.func @addptr_2(%p: tensor<4x!tt.ptr<f32>>, %o: tensor<4xf32>) {
  // expected-error @+1 {{'tt.addptr': operand 'offset': found tensor<4xf32>, must be an integer (i1, i4, i8, i16, i32, i64) or a tensor of them}}
  %0 = tt.addptr %p, %o : tensor<4x!tt.ptr<f32>>, tensor<4xf32>
  tt.return
}

// -----

tt.func @addptr_3(%p: !tt.ptr<f32>, %o: i32) {
  // expected-error @+1 {{'tt.addptr' has result of type !tt.ptr<i32> where ptr is !tt.ptr<f32>: the result has the type of the pointer, !tt.ptr<f32>}}
  %0 = "tt.addptr"(%p, %o) : (!tt.ptr<f32>, i32) -> !tt.ptr<i32>
  tt.return
}

// -----

tt.func @addptr_4(%p: f32, %o: i32) {
  // expected-error @+1 {{'tt.addptr': operand 'ptr': found f32, must be a pointer or a tensor of pointers}}
  %0 = tt.addptr %p, %o : f32, i32
  tt.return
}

// -----

tt.func @int_to_ptr(%p : i32) {
  // expected-error @+1 {{'tt.int_to_ptr': operand 'src': found i32, must be i64 or a tensor of it}}
  %0 = tt.int_to_ptr %p : i32 -> !tt.ptr<f32>
  tt.return
}

// -----

tt.func @ptr_to_int(%p : !tt.ptr<f32>) {
  // expected-error @+1 {{'tt.ptr_to_int': result 'result': found i32, must be i64 or a tensor of it}}
  %0 = tt.ptr_to_int %p : !tt.ptr<f32> -> i32
  tt.return
}

// -----

tt.func @load(%p: !tt.ptr<f32>, %o: f32) {
  // expected-error @+1 {{%o has type f32, but is used as i1}}
  %0 = tt.load %p, %o : !tt.ptr<f32>
  tt.return
}

// -----

tt.func @load_2(%p: !tt.ptr<f32>, %o: f32, %m: i1) {
  // expected-error @+1 {{%m has type i1, but is used as f32}}
  %0 = tt.load %p, %m, %m : !tt.ptr<f32>
  tt.return
}

// -----

tt.func @load_3(%p: tensor<4x!tt.ptr<f32>>, %m: i1) {
  // expected-error @+1 {{'tt.load' has mask of type i1 where ptr is tensor<4x!tt.ptr<f32>>: the mask has one i1 for each pointer, tensor<4xi1>}}
  %0 = "tt.load"(%p, %m) <{operandSegmentSizes = array<i32: 1, 1, 0>}> : (tensor<4x!tt.ptr<f32>>, i1) -> tensor<4xf32>
  tt.return
}

// -----

tt.func @load_4(%p: tensor<4x!tt.ptr<f32>>) {
  // expected-error @+1 {{'tt.load' has result of type tensor<4xi32> where ptr is tensor<4x!tt.ptr<f32>>: the result has the pointee type, tensor<4xf32>}}
  %0 = "tt.load"(%p) <{operandSegmentSizes = array<i32: 1, 0, 0>}> : (tensor<4x!tt.ptr<f32>>) -> tensor<4xi32>
  tt.return
}

// -----

tt.func @load_5(%p: !tt.ptr<f32>) {
  // expected-error @+1 {{'tt.load' has cache modifier wb: it is one of none, ca, cg, cs, cv}}
  %0 = tt.load %p {cachePolicy = #tt.cache_policy<cache_modifier = wb, eviction_policy = evict_normal>} : !tt.ptr<f32>
  tt.return
}

// -----

tt.func @load_6(%p: !tt.ptr<f32>) {
  // expected-error @+1 {{'tt.load' has cache policy 3 : i32: it is a #tt.cache_policy or a target's own}}
  %0 = tt.load %p {cachePolicy = 3 : i32} : !tt.ptr<f32>
  tt.return
}

// -----

tt.func @load_7(%p: !tt.ptr<f32>) {
  // expected-error @+1 {{in 'tt.load': expected ',', found '>'}}
  %0 = tt.load %p {cachePolicy = #tt.cache_policy<cache_modifier = none>} : !tt.ptr<f32>
  tt.return
}

// -----

tt.func @load_8(%p: !tt.ptr<i3>) {
  // expected-error @+1 {{'tt.load': result 'result': found i3, must be an integer, a float, a pointer or a tensor of them}}
  %0 = tt.load %p : !tt.ptr<i3>
  tt.return
}

// -----

tt.func @load_9(%p: !tt.ptr<i32>, %e: i32, %t: i64) {
  // expected-error @+1 {{'tt.load' has cache policy unit: it is a #tt.cache_policy or a target's own}}
  %0 = tt.load %p {isVolatile = false, cachePolicy = unit} : !tt.ptr<i32>
  tt.return
}

// -----

tt.func @load_10(%p: !tt.ptr<f32>, %m: i1, %o: f32) {
  // expected-error @+1 {{'tt.load' has other and no mask: other is what masked-off elements are}}
  %0 = "tt.load"(%p, %o) <{operandSegmentSizes = array<i32: 1, 0, 1>, isVolatile = false}> : (!tt.ptr<f32>, f32) -> f32
  tt.return
}

// -----

tt.func @store(%p: !tt.ptr<f32>, %v: f32) {
  // expected-error @+1 {{'tt.store' has cache modifier ca: it is one of none, wb, cg, cs, wt}}
  tt.store %p, %v {cachePolicy = #tt.cache_policy<cache_modifier = ca, eviction_policy = evict_normal>} : !tt.ptr<f32>
  tt.return
}

// -----

tt.func @store_2(%p: !tt.ptr<f32>, %v: i32) {
  // expected-error @+1 {{%v has type i32, but is used as f32}}
  tt.store %p, %v : !tt.ptr<f32>
  tt.return
}

// -----

tt.func @atomic_rmw(%p: !tt.ptr<i32>, %v: f32, %m: i1) {
  // expected-error @+1 {{'tt.atomic_rmw' has ptr of type !tt.ptr<i32> where val is f32: the pointer points to the value's type, !tt.ptr<f32>}}
  %0 = tt.atomic_rmw fadd, release, sys, %p, %v : (!tt.ptr<i32>, f32) -> f32
  tt.return
}

// -----

tt.func @atomic_rmw_2(%p: !tt.ptr<f32>, %v: f32, %m: i1) {
  // Stricter than upstream.
  // expected-error @+1 {{'tt.atomic_rmw' has result of type i32 where val is f32: the result has the type of the value, f32}}
  %0 = tt.atomic_rmw fadd, release, sys, %p, %v : (!tt.ptr<f32>, f32) -> i32
  tt.return
}

// -----

tt.func @atomic_rmw_3(%p: tensor<4x!tt.ptr<f32>>, %v: tensor<4xf32>, %m: i1) {
  // expected-error @+1 {{'tt.atomic_rmw' has mask of type i1 where val is tensor<4xf32>: the mask has one i1 for each value, tensor<4xi1>}}
  %0 = tt.atomic_rmw fadd, release, sys, %p, %v, %m : (tensor<4x!tt.ptr<f32>>, tensor<4xf32>, i1) -> tensor<4xf32>
  tt.return
}

// -----

tt.func @atomic_rmw_4(%p: !tt.ptr<i32>, %v: i32) {
  // expected-error @+1 {{in 'tt.atomic_rmw': 'foo' is none of and, or, xor, add, fadd, max, min, umax, umin, exch}}
  %0 = tt.atomic_rmw foo, relaxed, gpu, %p, %v : (!tt.ptr<i32>, i32) -> i32
  tt.return
}

// -----

tt.func @atomic_cas(%p: !tt.ptr<i32>, %c: i32, %v: i64) {
  // expected-error @+1 {{'tt.atomic_cas' has ptr of type !tt.ptr<i32> where val is i64: the pointer points to the value's type, !tt.ptr<i64>}}
  %0 = tt.atomic_cas acq_rel, gpu, %p, %c, %v : (!tt.ptr<i32>, i32, i64) -> i32
  tt.return
}

// -----

tt.func @atomic_cas_2(%p: !tt.ptr<i32>, %c: i32, %v: i32) {
  // Stricter than upstream.
  // expected-error @+1 {{'tt.atomic_cas' has result of type i64 where val is i32: the result has the type of the value, i32}}
  %0 = tt.atomic_cas acq_rel, gpu, %p, %c, %v : (!tt.ptr<i32>, i32, i32) -> i64
  tt.return
}

// -----

tt.func @atomic_load(%p: !tt.ptr<i32>, %m: i1) {
  // expected-error @+1 {{'tt.atomic_load' with release semantics: they are one of relaxed, acquire}}
  %0 = tt.atomic_load release, gpu, %p : (!tt.ptr<i32>) -> i32
  tt.return
}

// -----

tt.func @atomic_load_2(%p: !tt.ptr<i1>, %m: i1) {
  // expected-error @+1 {{'tt.atomic_load' of i1: elements have at least 8 bits}}
  %0 = tt.atomic_load acquire, gpu, %p : (!tt.ptr<i1>) -> i1
  tt.return
}

// -----

tt.func @atomic_load_3(%p: tensor<4x!tt.ptr<i32>>, %m: tensor<4xi1>) {
  // expected-error @+1 {{'tt.atomic_load' has result of type tensor<4xi64> where ptr is tensor<4x!tt.ptr<i32>>: the result has the pointee type, tensor<4xi32>}}
  %0 = tt.atomic_load acquire, gpu, %p, %m : (tensor<4x!tt.ptr<i32>>, tensor<4xi1>) -> tensor<4xi64>
  tt.return
}

// -----

tt.func @atomic_store(%p: !tt.ptr<i32>, %m: i1, %v: i32) {
  // expected-error @+1 {{'tt.atomic_store' with acquire semantics: they are one of relaxed, release}}
  tt.atomic_store acquire, gpu, %p, %v : !tt.ptr<i32>
  tt.return
}

// -----

tt.func @atomic_store_2(%p: !tt.ptr<i1>, %m: i1, %v: i1) {
  // expected-error @+1 {{'tt.atomic_store' of i1: elements have at least 8 bits}}
  tt.atomic_store relaxed, gpu, %p, %v : !tt.ptr<i1>
  tt.return
}

// -----

tt.func @atomic_poll(%p: !tt.ptr<i32>, %e: i32, %t: i64) {
  // expected-error @+1 {{'tt.atomic_poll' with release semantics: they are one of relaxed, acquire}}
  %0 = tt.atomic_poll release, gpu, %p, %e : !tt.ptr<i32>, i32 -> i1
  tt.return
}

// -----

tt.func @atomic_poll_2(%p: !tt.ptr<i8>, %e: i8, %t: i64) {
  // expected-error @+1 {{'tt.atomic_poll' of i8: elements have 16, 32 or 64 bits}}
  %0 = tt.atomic_poll relaxed, gpu, %p, %e : !tt.ptr<i8>, i8 -> i1
  tt.return
}

// -----

tt.func @atomic_poll_3(%p: tensor<4x!tt.ptr<i32>>, %e: tensor<4xi32>, %t: i64) {
  // expected-error @+1 {{'tt.atomic_poll' has result of type i1 where expected is tensor<4xi32>: the result has one i1 for each element, tensor<4xi1>}}
  %0 = tt.atomic_poll relaxed, cta, %p, %e : tensor<4x!tt.ptr<i32>>, tensor<4xi32> -> i1
  tt.return
}

// -----

tt.func @atomic_poll_4(%p: !tt.ptr<i32, "constant">, %e: i32) {
  // expected-error @+1 {{'tt.atomic_poll' has ptr of type !tt.ptr<i32, "constant"> where expected is i32: the pointer points to the type of what is expected, !tt.ptr<i32>}}
  %0 = tt.atomic_poll relaxed, cta, %p, %e : !tt.ptr<i32, "constant">, i32 -> i1
  tt.return
}

// -----

tt.func @bitcast(%x: f32) {
  // expected-error @+1 {{'tt.bitcast' of f32 to i64: both have the same number of bits}}
  %0 = tt.bitcast %x : f32 -> i64
  tt.return
}

// -----

tt.func @bitcast_2(%x: !tt.ptr<f32>) {
  // expected-error @+1 {{'tt.bitcast' of !tt.ptr<f32> to i64: both are pointers, or neither}}
  %0 = tt.bitcast %x : !tt.ptr<f32> -> i64
  tt.return
}

// -----

tt.func @bitcast_3(%x: !tt.ptr<f32>) {
  // expected-error @+1 {{'tt.bitcast' of !tt.ptr<f32> to !tt.ptr<f32, "constant">: both pointers are in the same address space}}
  %0 = tt.bitcast %x : !tt.ptr<f32> -> !tt.ptr<f32, "constant">
  tt.return
}

// -----

tt.func @bitcast_4(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.bitcast' has tensor<4xf32> as operand 0 and tensor<2xi64> as result 0: both have the same shape}}
  %0 = tt.bitcast %x : tensor<4xf32> -> tensor<2xi64>
  tt.return
}

// -----

tt.func @bitcast_5(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.bitcast' has a tensor operand and a scalar result: both are tensors, or neither}}
  %0 = tt.bitcast %x : tensor<4xf32> -> i32
  tt.return
}

// -----

tt.func @bitcast_6(%x: i2) {
  // expected-error @+1 {{'tt.bitcast': operand 'src': found i2, must be an integer, a float, a pointer or a tensor of them}}
  %0 = tt.bitcast %x : i2 -> i2
  tt.return
}

// -----

tt.func @fp_to_fp(%x: f32) {
  // expected-error @+1 {{'tt.fp_to_fp' of f32 to f16 without rounding: a cast to fewer bits says how it rounds}}
  %0 = tt.fp_to_fp %x : f32 -> f16
  tt.return
}

// -----

tt.func @fp_to_fp_2(%x: f16) {
  // expected-error @+1 {{'tt.fp_to_fp': result 'result': found i16, must be a float (f8, f16, bf16, f32, f64) or a tensor of them}}
  %0 = tt.fp_to_fp %x : f16 -> i16
  tt.return
}

// -----

tt.func @fp_to_fp_3(%x: tensor<4xf8E5M2>) {
  // expected-error @+1 {{'tt.fp_to_fp' has a tensor operand and a scalar result: both are tensors, or neither}}
  %0 = tt.fp_to_fp %x : tensor<4xf8E5M2> -> f32
  tt.return
}

// -----

tt.func @fp_to_fp_4(%x: f8E4M3) {
  // expected-error @+1 {{'tt.fp_to_fp': operand 'src': found f8E4M3, must be a float (f8, f16, bf16, f32, f64) or a tensor of them}}
  %0 = tt.fp_to_fp %x : f8E4M3 -> f32
  tt.return
}

// -----

tt.func @clampf(%x: f32) {
  // expected-error @+1 {{in 'tt.clampf': 'foo' is none of none, all}}
  %0 = tt.clampf %x, %x, %x, propagateNan = foo : f32
  tt.return
}

// -----

tt.func @clampf_2(%x: f32) {
  // expected-error @+1 {{'tt.clampf' has propagateNan = 5 : i32}}
  %0 = "tt.clampf"(%x, %x, %x) <{propagateNan = 5 : i32}> : (f32,f32,f32)->f32
  tt.return
}

// -----

tt.func @clampf_3(%x: f32, %y: f16) {
  // expected-error @+1 {{'tt.clampf' has max of type f16 where x is f32: operands and result have the same type, f32}}
  %0 = "tt.clampf"(%x, %x, %y) <{propagateNan = 0 : i32}> : (f32,f32,f16)->f32
  tt.return
}

// -----

tt.func @clampf_4(%x: f32) {
  // expected-error @+1 {{'tt.clampf' lacks the property 'propagateNan'}}
  %0 = "tt.clampf"(%x, %x, %x) : (f32,f32,f32)->f32
  tt.return
}

// -----

tt.func @precise_sqrt(%x: i32) {
  // expected-error @+1 {{'tt.precise_sqrt': operand 'x': found i32, must be a float (f8, f16, bf16, f32, f64) or a tensor of them}}
  %0 = tt.precise_sqrt %x : i32
  tt.return
}

// -----

tt.func @approx_divf(%x: f16) {
  // expected-error @+1 {{'tt.approx_divf': operand 'x': found f16, must be f32 or a tensor of it}}
  %0 = tt.approx_divf %x, %x : f16
  tt.return
}

// -----

tt.func @mulhiui(%x: index) {
  // expected-error @+1 {{'tt.mulhiui': operand 'x': found index, must be an integer (i1, i4, i8, i16, i32, i64) or a tensor of them}}
  %0 = tt.mulhiui %x, %x : index
  tt.return
}

// -----

tt.func @mulhiui_2(%x: i32, %y: tensor<4xi32>) {
  // expected-error @+1 {{'tt.mulhiui' has i32 as operand 0 and tensor<4xi32> as operand 1: both have the same shape}}
  %0 = "tt.mulhiui"(%x, %y) : (i32, tensor<4xi32>) -> tensor<4xi32>
  tt.return
}

// -----

tt.func @mulhiui_3(%x: tensor<2097152xi32>) {
  // expected-error @+1 {{'tt.mulhiui' has tensor<2097152xi32> as operand 0, 2097152 elements: a tensor has at most 1048576}}
  %0 = tt.mulhiui %x, %x : tensor<2097152xi32>
  tt.return
}

// -----

tt.func @dot(%a: tensor<16x16xf16>, %b: tensor<8x16xf16>, %c: tensor<16x16xf32>) {
  // expected-error @+1 {{'tt.dot' of a = tensor<16x16xf16>, b = tensor<8x16xf16> and c = tensor<16x16xf32>: a has as many columns as b has rows}}
  %0 = tt.dot %a, %b, %c : tensor<16x16xf16> * tensor<8x16xf16> -> tensor<16x16xf32>
  tt.return
}

// -----

tt.func @dot_2(%a: tensor<16x16xf16>, %b: tensor<16x8xf16>, %c: tensor<16x16xf32>) {
  // expected-error @+1 {{'tt.dot' of a = tensor<16x16xf16>, b = tensor<16x8xf16> and c = tensor<16x16xf32>: c has the rows of a and the columns of b}}
  %0 = tt.dot %a, %b, %c : tensor<16x16xf16> * tensor<16x8xf16> -> tensor<16x16xf32>
  tt.return
}

// -----

tt.func @dot_3(%a: tensor<16x16xf16>, %b: tensor<16x16xf32>, %c: tensor<16x16xf32>) {
  // expected-error @+1 {{'tt.dot' of a = tensor<16x16xf16>, b = tensor<16x16xf32> and c = tensor<16x16xf32>: elements of a and b have the same number of bits}}
  %0 = tt.dot %a, %b, %c : tensor<16x16xf16> * tensor<16x16xf32> -> tensor<16x16xf32>
  tt.return
}

// -----

tt.func @dot_4(%a: tensor<2x16x16xf16>, %b: tensor<4x16x16xf16>, %c: tensor<2x16x16xf32>) {
  // expected-error @+1 {{'tt.dot' of a = tensor<2x16x16xf16>, b = tensor<4x16x16xf16> and c = tensor<2x16x16xf32>: all three have the same batch dimension}}
  %0 = tt.dot %a, %b, %c : tensor<2x16x16xf16> * tensor<4x16x16xf16> -> tensor<2x16x16xf32>
  tt.return
}

// -----

tt.func @dot_5(%a: tensor<2x16x16xf16>, %b: tensor<16x16xf16>, %c: tensor<2x16x16xf32>) {
  // expected-error @+1 {{'tt.dot' of a = tensor<2x16x16xf16>, b = tensor<16x16xf16> and c = tensor<2x16x16xf32>: all three have rank 2, or rank 3 with a leading batch dimension}}
  %0 = tt.dot %a, %b, %c : tensor<2x16x16xf16> * tensor<16x16xf16> -> tensor<2x16x16xf32>
  tt.return
}

// -----

tt.func @dot_6(%a: tensor<16x16xf16>, %b: tensor<16x16xf16>, %c: tensor<16x16xf32>) {
  // expected-error @+1 {{'tt.dot' has inputPrecision = 9 : i32}}
  %0 = "tt.dot"(%a, %b, %c) <{inputPrecision = 9 : i32, maxNumImpreciseAcc = 3 : i32}> : (tensor<16x16xf16>, tensor<16x16xf16>, tensor<16x16xf32>) -> tensor<16x16xf32>
  tt.return
}

// -----

tt.func @dot_scaled(%a: tensor<16x64xf8E5M2>, %b: tensor<64x16xf8E5M2>, %c: tensor<16x16xf32>, %s: tensor<16x2xi8>) {
  // expected-error @+1 {{'tt.dot_scaled' lacks the property 'fastMath'}}
  %0 = tt.dot_scaled %a, %b, %c lhs = e5m2 rhs = e5m2 : tensor<16x64xf8E5M2> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  tt.return
}

// -----

tt.func @dot_scaled_2(%a: tensor<16x64xf8E5M2>, %b: tensor<64x16xf8E5M2>, %c: tensor<16x16xf32>, %s: tensor<16x3xi8>) {
  // expected-error @+1 {{'tt.dot_scaled' has tensor<16x3xi8> as operand 3, 48 elements: the number of elements of a tensor is a power of two}}
  %0 = tt.dot_scaled %a scale %s, %b, %c lhs = e5m2 rhs = e5m2 {fastMath = true} : tensor<16x64xf8E5M2>, tensor<16x3xi8> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  tt.return
}

// -----

tt.func @dot_scaled_3(%a: tensor<16x64xf8E5M2>, %b: tensor<64x16xf8E5M2>, %c: tensor<16x16xf32>, %s: tensor<16x1xi8>) {
  // expected-error @+1 {{'tt.dot_scaled' has a_scale of type tensor<16x1xi8> for 16x64 elements: it has the same rows (the columns of b), and one scale for 16 or 32 elements along K}}
  %0 = tt.dot_scaled %a scale %s, %b, %c lhs = e5m2 rhs = e5m2 {fastMath = true} : tensor<16x64xf8E5M2>, tensor<16x1xi8> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  tt.return
}

// -----

tt.func @dot_scaled_4(%a: tensor<16x32xi8>, %b: tensor<64x16xf8E5M2>, %c: tensor<16x16xf32>, %s: tensor<16x2xi8>) {
  // expected-error @+1 {{'tt.dot_scaled' of a = tensor<16x32xi8>, b = tensor<64x16xf8E5M2> and c = tensor<16x16xf32>: a has as many columns as b has rows}}
  %0 = tt.dot_scaled %a scale %s, %b, %c lhs = e4m3 rhs = e5m2 {fastMath = true} : tensor<16x32xi8>, tensor<16x2xi8> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  tt.return
}

// -----

tt.func @dot_scaled_5(%a: tensor<16x64xf8E5M2>, %b: tensor<64x16xf8E5M2>, %c: tensor<8x16xf32>, %s: tensor<16x2xi8>) {
  // expected-error @+1 {{'tt.dot_scaled' of a = tensor<16x64xf8E5M2>, b = tensor<64x16xf8E5M2> and c = tensor<8x16xf32>: c has the rows of a and the columns of b}}
  %0 = tt.dot_scaled %a scale %s, %b, %c lhs = e5m2 rhs = e5m2 {fastMath = true} : tensor<16x64xf8E5M2>, tensor<16x2xi8> * tensor<64x16xf8E5M2> -> tensor<8x16xf32>
  tt.return
}

// -----

tt.func @dot_scaled_6(%a: tensor<16x64xf8E5M2>, %b: tensor<64x16xf8E5M2>, %c: tensor<16x16xi32>, %s: tensor<16x2xi8>) {
  // expected-error @+1 {{'tt.dot_scaled': operand 'c': found tensor<16x16xi32>, must be a tensor of floats (f8, f16, bf16, f32, f64)}}
  %0 = tt.dot_scaled %a scale %s, %b, %c lhs = e5m2 rhs = e5m2 {fastMath = true} : tensor<16x64xf8E5M2>, tensor<16x2xi8> * tensor<64x16xf8E5M2> -> tensor<16x16xi32>
  tt.return
}

// -----

tt.func @dot_scaled_7(%a: tensor<16x64xf8E5M2>, %b: tensor<64x16xf8E5M2>, %c: tensor<16x16xf32>, %s: tensor<16x2xi16>) {
  // expected-error @+1 {{'tt.dot_scaled': operand 'a_scale': found tensor<16x2xi16>, must be a tensor of floats or i8}}
  %0 = tt.dot_scaled %a scale %s, %b, %c lhs = e5m2 rhs = e5m2 {fastMath = true} : tensor<16x64xf8E5M2>, tensor<16x2xi16> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  tt.return
}

// -----

tt.func @dot_scaled_8(%x: tensor<16x32xi8>, %y: tensor<64x16xf8E5M2>, %c: tensor<16x16xf32>, %s: tensor<16x2xi8>, %t: tensor<16x4xi8>) {
  // expected-error @+1 {{'tt.dot_scaled' of a = tensor<16x32xi8>, b = tensor<64x16xf8E5M2> and c = tensor<16x16xf32> has scales for 32 and for 16 elements: both for the same}}
  %0 = tt.dot_scaled %x scale %s, %y scale %t, %c lhs = e2m1 rhs = e5m2 {fastMath = true} : tensor<16x32xi8>, tensor<16x2xi8> * tensor<64x16xf8E5M2>, tensor<16x4xi8> -> tensor<16x16xf32>
  tt.return
}

// -----

tt.func @reduce(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.reduce' of tensor<4x8xf32> along axis 2: axis is from 0 to 1}}
  %0 = "tt.reduce"(%x) <{axis = 2 : i32}> ({^bb0(%l: f32, %r: f32): tt.reduce.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4xf32>
  tt.return
}

// -----

tt.func @reduce_2(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.reduce' gives (tensor<8xf32>): operands without axis are (tensor<4xf32>)}}
  %0 = "tt.reduce"(%x) <{axis = 1 : i32}> ({^bb0(%l: f32, %r: f32): tt.reduce.return %l : f32}) : (tensor<4x8xf32>) -> tensor<8xf32>
  tt.return
}

// -----

tt.func @reduce_3(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.reduce' has a region with arguments (f32): one element of each operand from the left and from the right is (f32, f32)}}
  %0 = "tt.reduce"(%x) <{axis = 1 : i32}> ({^bb0(%l: f32): tt.reduce.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4xf32>
  tt.return
}

// -----

tt.func @reduce_4(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.reduce' has a region with arguments (f32, i32): one element of each operand from the left and from the right is (f32, f32)}}
  %0 = "tt.reduce"(%x) <{axis = 1 : i32}> ({^bb0(%l: f32, %r: i32): tt.reduce.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4xf32>
  tt.return
}

// -----

tt.func @reduce_5(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.reduce' has a region that returns (f32, f32): it returns one element of each operand, (f32)}}
  %0 = "tt.reduce"(%x) <{axis = 1 : i32}> ({^bb0(%l: f32, %r: f32): tt.reduce.return %l, %r : f32, f32}) : (tensor<4x8xf32>) -> tensor<4xf32>
  tt.return
}

// -----

tt.func @reduce_6(%x: tensor<4x8xf32>, %z: i32) {
  // expected-error @+1 {{'tt.reduce' has a region that returns (i32): it returns one element of each operand, (f32)}}
  %0 = "tt.reduce"(%x) <{axis = 1 : i32}> ({^bb0(%l: f32, %r: f32): tt.reduce.return %z : i32}) : (tensor<4x8xf32>) -> tensor<4xf32>
  tt.return
}

// -----

tt.func @reduce_7(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.return' stands in 'tt.reduce'}}
  %0 = "tt.reduce"(%x) <{axis = 1 : i32}> ({^bb0(%l: f32, %r: f32): tt.return}) : (tensor<4x8xf32>) -> tensor<4xf32>
  tt.return
}

// -----

tt.func @reduce_8(%x: tensor<4x8xf32>, %y: tensor<8x4xi32>) {
  // expected-error @+1 {{'tt.reduce' has tensor<4x8xf32> as operand 0 and tensor<8x4xi32> as operand 1: both have the same shape}}
  %0:2 = "tt.reduce"(%x, %y) <{axis = 1 : i32}> ({^bb0(%l: f32, %a: i32, %r: f32, %b: i32): tt.reduce.return %l, %a : f32, i32}) : (tensor<4x8xf32>, tensor<8x4xi32>) -> (tensor<4xf32>, tensor<4xi32>)
  tt.return
}

// -----

tt.func @reduce_9(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.reduce' without operands: it has at least one}}
  "tt.reduce"() <{axis = 1 : i32}> ({^bb0: tt.reduce.return %x : tensor<4x8xf32>}) : () -> ()
  tt.return
}

// -----

tt.func @reduce_10(%x: tensor<8xf32>) {
  // expected-error @+1 {{'tt.reduce' lacks the property 'axis'}}
  %0 = "tt.reduce"(%x) ({^bb0(%l: f32, %r: f32): tt.reduce.return %l : f32}) : (tensor<8xf32>) -> f32
  tt.return
}

// -----

tt.func @reduce_11(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{the region 'combine_op' of 'tt.reduce' has 0 blocks}}
  %0 = "tt.reduce"(%x) <{axis = 1 : i32}> ({}) : (tensor<4x2xf32>) -> tensor<4xf32>
  tt.return
}

// -----

tt.func @scan(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.scan' of tensor<4x8xf32> along axis 2: axis is from 0 to 1}}
  %0 = "tt.scan"(%x) <{axis = 2 : i32, reverse = false}> ({^bb0(%l: f32, %r: f32): tt.scan.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  tt.return
}

// -----

tt.func @scan_2(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.scan' of (tensor<4x8xf32>) gives (tensor<4x8xi32>): results have the types of the operands}}
  %0 = "tt.scan"(%x) <{axis = 1 : i32, reverse = false}> ({^bb0(%l: f32, %r: f32): tt.scan.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4x8xi32>
  tt.return
}

// -----

tt.func @scan_3(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.scan' has tensor<4x8xf32> as operand 0 and tensor<4x4xf32> as result 0: both have the same shape}}
  %0 = "tt.scan"(%x) <{axis = 1 : i32, reverse = false}> ({^bb0(%l: f32, %r: f32): tt.scan.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4x4xf32>
  tt.return
}

// -----

tt.func @scan_4(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.scan' has a region with arguments (f32): one element of each operand from the left and from the right is (f32, f32)}}
  %0 = "tt.scan"(%x) <{axis = 1 : i32, reverse = false}> ({^bb0(%l: f32): tt.scan.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  tt.return
}

// -----

tt.func @scan_5(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.scan' lacks the property 'reverse'}}
  %0 = "tt.scan"(%x) <{axis = 1 : i32}> ({^bb0(%l: f32, %r: f32): tt.scan.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  tt.return
}

// -----

tt.func @scan_6(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.reduce.return' stands in 'tt.scan'}}
  %0 = "tt.scan"(%x) <{axis = 1 : i32, reverse = false}> ({^bb0(%l: f32, %r: f32): tt.reduce.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  tt.return
}

// -----

tt.func @map_elementwise(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.map_elementwise' has a region with arguments (f32): pack elements of each operand are (f32, f32)}}
  %0 = "tt.map_elementwise"(%x) <{pack = 2 : i32}> ({^bb0(%l: f32): tt.map_elementwise.return %l, %l : f32, f32}) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  tt.return
}

// -----

tt.func @map_elementwise_2(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.map_elementwise.return' with (f32): pack elements of each result are (f32, f32)}}
  %0 = "tt.map_elementwise"(%x) <{pack = 2 : i32}> ({^bb0(%l: f32, %m: f32): tt.map_elementwise.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  tt.return
}

// -----

tt.func @map_elementwise_3(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.map_elementwise' with pack 3: it is a power of two}}
  %0 = "tt.map_elementwise"(%x) <{pack = 3 : i32}> ({^bb0(%l: f32, %m: f32, %n: f32): tt.map_elementwise.return %l, %l, %l : f32, f32, f32}) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  tt.return
}

// -----

tt.func @map_elementwise_4(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.map_elementwise.return' with (f32): pack elements of each result are ()}}
  %0 = "tt.map_elementwise"(%x) <{pack = -1 : i32}> ({^bb0(%l: f32): tt.map_elementwise.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  tt.return
}

// -----

tt.func @map_elementwise_5(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.map_elementwise' has a region with arguments (i32): pack elements of each operand are (f32)}}
  %0 = "tt.map_elementwise"(%x) <{pack = 1 : i32}> ({^bb0(%l: i32): tt.map_elementwise.return %l : i32}) : (tensor<4x8xf32>) -> tensor<4x8xi32>
  tt.return
}

// -----

tt.func @map_elementwise_6(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.map_elementwise.return' with (f32): pack elements of each result are (i32)}}
  %0 = "tt.map_elementwise"(%x) <{pack = 1 : i32}> ({^bb0(%l: f32): tt.map_elementwise.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4x8xi32>
  tt.return
}

// -----

tt.func @map_elementwise_7(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.map_elementwise' has tensor<4x8xf32> as operand 0 and tensor<32xf32> as result 0: both have the same shape}}
  %0 = "tt.map_elementwise"(%x) <{pack = 1 : i32}> ({^bb0(%l: f32): tt.map_elementwise.return %l : f32}) : (tensor<4x8xf32>) -> tensor<32xf32>
  tt.return
}

// -----

tt.func @map_elementwise_8(%x: tensor<4x8xf32>, %y: tensor<4x8xi32>) {
  // expected-error @+1 {{'tt.map_elementwise.return' with (i32, f32, i32, f32): pack elements of each result are (i32, i32, f32, f32)}}
  %0:2 = "tt.map_elementwise"(%x, %y) <{pack = 2 : i32}> ({^bb0(%l: f32, %a: i32, %m: f32,  %b: i32): tt.map_elementwise.return %a, %l, %b, %m : i32, f32, i32, f32}) : (tensor<4x8xf32>, tensor<4x8xi32>) -> (tensor<4x8xi32>, tensor<4x8xf32>)
  tt.return
}

// -----

tt.func @map_elementwise_9(%x: tensor<4x8xf32>, %p: !tt.ptr<f32>) {
  // expected-error @+1 {{'tt.store' inside tt.map_elementwise: its region does not write memory}}
  %0 = "tt.map_elementwise"(%x) <{pack = 1 : i32}> ({^bb0(%l: f32): tt.store %p, %l : !tt.ptr<f32> tt.map_elementwise.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  tt.return
}

// -----

tt.func @map_elementwise_10(%x: tensor<4x8xf32>, %p: !tt.ptr<f32>) {
  // expected-error @+1 {{'tt.print' inside tt.map_elementwise: its region does not write memory}}
  %0 = "tt.map_elementwise"(%x) <{pack = 1 : i32}> ({^bb0(%l: f32): tt.print "x" {hex = false, isSigned = array<i32: 0>} : %l : f32 tt.map_elementwise.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  tt.return
}

// -----

tt.func @map_elementwise_11() {
  // expected-error @+1 {{'tt.map_elementwise' without operands: it has at least one}}
  "tt.map_elementwise"() <{pack = 1 : i32}> ({^bb0: tt.map_elementwise.return}) : () -> ()
  tt.return
}

// -----

tt.func @map_elementwise_12(%x: tensor<4x2xf32>) {
  // expected-error @+1 {{'tt.map_elementwise' with an empty region: it has at least one block}}
  %0 = "tt.map_elementwise"(%x) <{pack = 1 : i32}> ({}) : (tensor<4x2xf32>) -> tensor<4x2xf32>
  tt.return
}

// -----

tt.func @extern_elementwise(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.extern_elementwise' lacks the property 'pure'}}
  %0 = tt.extern_elementwise %x {libname = "libdevice", libpath = "", symbol = "__nv_sinf"} : (tensor<4xf32>) -> tensor<4xf32>
  tt.return
}

// -----

tt.func @extern_elementwise_2(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.extern_elementwise' has tensor<4xf32> as operand 0 and tensor<8xf32> as result 0: both have the same shape}}
  %0 = tt.extern_elementwise %x {libname = "libdevice", libpath = "", pure = true, symbol = "__nv_sinf"} : (tensor<4xf32>) -> tensor<8xf32>
  tt.return
}

// -----

tt.func @extern_elementwise_3(%x: f32) {
  // expected-error @+1 {{in 'tt.extern_elementwise': 2 operands and 1 types: one type for each operand}}
  %0 = tt.extern_elementwise %x, %x {libname = "libdevice", libpath = "", pure = true, symbol = "__nv_sinf"} : (f32) -> f32
  tt.return
}

// -----

tt.func @elementwise_inline_asm(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.elementwise_inline_asm' has a tensor result and scalar operands: both are tensors, or neither}}
  %0 = tt.elementwise_inline_asm "foo" {constraints = "=r,r", packed_element = 1 : i32, pure = true} -> tensor<4xf32>
  tt.return
}

// -----

tt.func @elementwise_inline_asm_2(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.elementwise_inline_asm' has tensor<4xf32> as operand 0 and tensor<8xf32> as result 0: both have the same shape}}
  %0 = tt.elementwise_inline_asm "foo" {constraints = "=r,r", packed_element = 1 : i32, pure = true} %x : tensor<4xf32> -> tensor<8xf32>
  tt.return
}

// -----

tt.func @elementwise_inline_asm_3(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.elementwise_inline_asm' of tensor<4xf32> with packed_element 3: the number of elements is a multiple of it}}
  %0 = tt.elementwise_inline_asm "foo" {constraints = "=r,r", packed_element = 3 : i32, pure = true} %x : tensor<4xf32> -> tensor<4xf32>
  tt.return
}

// -----

tt.func @elementwise_inline_asm_4(%x: tensor<4xf32>) {
  // expected-error @+1 {{'tt.elementwise_inline_asm' with packed_element 0: it is at least 1}}
  %0 = tt.elementwise_inline_asm "foo" {constraints = "=r,r", packed_element = 0 : i32, pure = true} %x : tensor<4xf32> -> tensor<4xf32>
  tt.return
}

// -----

tt.func @elementwise_inline_asm_5(%x: f32) {
  // expected-error @+1 {{'tt.elementwise_inline_asm' without results: it has at least one}}
  "tt.elementwise_inline_asm"(%x) <{asm_string="foo", constraints = "=r,r", packed_element = 4 : i32, pure = true}> : (f32) -> ()
  tt.return
}

// -----

tt.func @histogram(%x: tensor<8xi32>, %m: tensor<4xi1>) {
  // expected-error @+1 {{'tt.histogram' has mask of type tensor<4xi1> where src is tensor<8xi32>: the mask has one i1 for each element, tensor<8xi1>}}
  %0 = "tt.histogram"(%x, %m) : (tensor<8xi32>, tensor<4xi1>) -> tensor<16xi32>
  tt.return
}

// -----

tt.func @histogram_2(%x: tensor<8xf32>, %m: tensor<4xi1>) {
  // expected-error @+1 {{'tt.histogram': operand 'src': found tensor<8xf32>, must be a tensor of integers (i1, i4, i8, i16, i32, i64)}}
  %0 = tt.histogram %x : tensor<8xf32> -> tensor<16xi32>
  tt.return
}

// -----

tt.func @gather(%x: tensor<8x4xf32>, %i: tensor<2x4xi32>) {
  // expected-error @+1 {{'tt.gather' of tensor<8x4xf32> with indices tensor<2x4xi32> along axis 1: dimension 0 has the same size in both, as all but the axis}}
  %0 = tt.gather %x[%i] {axis = 1 : i32} : (tensor<8x4xf32>, tensor<2x4xi32>) -> tensor<2x4xf32>
  tt.return
}

// -----

tt.func @gather_2(%x: tensor<8x4xf32>, %i: tensor<2x4xi32>) {
  // expected-error @+1 {{'tt.gather' of tensor<8x4xf32> with indices tensor<2x4xi32> along axis 2: axis is from 0 to 1}}
  %0 = tt.gather %x[%i] {axis = 2 : i32} : (tensor<8x4xf32>, tensor<2x4xi32>) -> tensor<2x4xf32>
  tt.return
}

// -----

tt.func @gather_3(%x: tensor<8x4xf32>, %i: tensor<2x4xi32>) {
  // expected-error @+1 {{'tt.gather' of tensor<8x4xf32> with indices tensor<2x4xi32> along axis 0 gives tensor<4x2xf32>: shape of the indices and elements of the source are tensor<2x4xf32>}}
  %0 = tt.gather %x[%i] {axis = 0 : i32} : (tensor<8x4xf32>, tensor<2x4xi32>) -> tensor<4x2xf32>
  tt.return
}

// -----

tt.func @gather_4(%x: tensor<8x4xf32>, %i: tensor<2xi32>) {
  // expected-error @+1 {{'tt.gather' of tensor<8x4xf32> with indices tensor<2xi32> along axis 0: both have the same rank}}
  %0 = tt.gather %x[%i] {axis = 0 : i32} : (tensor<8x4xf32>, tensor<2xi32>) -> tensor<2xf32>
  tt.return
}

// -----

tt.func @gather_5(%x: tensor<8x4xf32>, %i: tensor<2x4xf32>) {
  // expected-error @+1 {{'tt.gather': operand 'indices': found tensor<2x4xf32>, must be a tensor of integers (i1, i4, i8, i16, i32, i64)}}
  %0 = tt.gather %x[%i] {axis = 0 : i32} : (tensor<8x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  tt.return
}

// -----

tt.func @make_tensor_descriptor(%b: !tt.ptr<f16>, %s: i32, %t: i64) {
  // expected-error @+1 {{'tt.make_tensor_descriptor' has 4 operands}}
  %0 = tt.make_tensor_descriptor %b, [%s, %s], [%t] : <f16>, <4x8xf16>
  tt.return
}

// -----

tt.func @make_tensor_descriptor_2(%b: !tt.ptr<f16>, %s: i32, %t: i64) {
  // Stricter than upstream.
  // expected-error @+1 {{'tt.make_tensor_descriptor' of !tt.tensordesc<4x8xf16> with 1 sizes and strides: one for each dimension of the block, 2}}
  %0 = tt.make_tensor_descriptor %b, [%s], [%t] : <f16>, <4x8xf16>
  tt.return
}

// -----

tt.func @make_tensor_descriptor_3(%b: !tt.ptr<f16>, %s: i32, %t: i64) {
  // Stricter than upstream.
  // expected-error @+1 {{'tt.make_tensor_descriptor' of !tt.tensordesc<4xf32> at !tt.ptr<f16>: the pointer points to elements of the descriptor}}
  %0 = tt.make_tensor_descriptor %b, [%s], [%t] : <f16>, <4xf32>
  tt.return
}

// -----

tt.func @make_tensor_descriptor_4(%b: !tt.ptr<f16>, %s: i32, %t: i64) {
  // expected-error @+1 {{%t has type i64, but is used as i32}}
  %0 = tt.make_tensor_descriptor %b, [%t], [%t] : <f16>, <4xf32>
  tt.return
}

// -----

tt.func @descriptor_load(%d: !tt.tensordesc<4x8xf16>, %i: i32) {
  // Stricter than upstream.
  // expected-error @+1 {{'tt.descriptor_load' through !tt.tensordesc<4x8xf16> at 1 indices: one for each dimension of the block}}
  %0 = tt.descriptor_load %d[%i] : !tt.tensordesc<4x8xf16> -> tensor<4x8xf16>
  tt.return
}

// -----

tt.func @descriptor_load_2(%d: !tt.tensordesc<4x8xf16>, %i: i32) {
  // expected-error @+1 {{'tt.descriptor_load' of tensor<4x8xf32> through !tt.tensordesc<4x8xf16>: both have the same element type}}
  %0 = tt.descriptor_load %d[%i, %i] : !tt.tensordesc<4x8xf16> -> tensor<4x8xf32>
  tt.return
}

// -----

tt.func @descriptor_load_3(%d: !tt.tensordesc<4x8xf16>, %i: i32) {
  // expected-error @+1 {{'tt.descriptor_load' of tensor<4x4xf16> through !tt.tensordesc<4x8xf16>: the tensor has the elements of one block}}
  %0 = tt.descriptor_load %d[%i, %i] : !tt.tensordesc<4x8xf16> -> tensor<4x4xf16>
  tt.return
}

// -----

tt.func @descriptor_load_4(%d: !tt.tensordesc<4x8xf16>, %i: i64) {
  // expected-error @+1 {{%i has type i64, but is used as i32}}
  %0 = tt.descriptor_load %d[%i, %i] : !tt.tensordesc<4x8xf16> -> tensor<4x8xf16>
  tt.return
}

// -----

tt.func @descriptor_store(%d: !tt.tensordesc<4x8xf16>, %x: tensor<4x8xf32>, %i: i32) {
  // expected-error @+1 {{'tt.descriptor_store' of tensor<4x8xf32> through !tt.tensordesc<4x8xf16>: both have the same element type}}
  tt.descriptor_store %d[%i, %i], %x : !tt.tensordesc<4x8xf16>, tensor<4x8xf32>
  tt.return
}

// -----

tt.func @descriptor_reduce(%d: !tt.tensordesc<4x8xf16>, %x: tensor<4x8xf16>, %i: i32) {
  // expected-error @+1 {{in 'tt.descriptor_reduce': 'foo' is none of add, min, max, inc, dec, and, or, xor}}
  tt.descriptor_reduce foo, %d[%i, %i], %x : !tt.tensordesc<4x8xf16>, tensor<4x8xf16>
  tt.return
}

// -----

tt.func @descriptor_gather(%d: !tt.tensordesc<1x32xf16>, %x: tensor<8xi64>, %i: i32) {
  // expected-error @+1 {{'tt.descriptor_gather': operand 'x_offsets': found tensor<8xi64>, must be a tensor of i16 or i32}}
  %0 = tt.descriptor_gather %d[%x, %i] : (!tt.tensordesc<1x32xf16>, tensor<8xi64>, i32) -> tensor<8x32xf16>
  tt.return
}

// -----

tt.func @descriptor_gather_2(%d: !tt.tensordesc<1x32xf16>, %x: tensor<4xi32>, %i: i32) {
  // expected-error @+1 {{'tt.descriptor_gather' of tensor<4x32xf16> through !tt.tensordesc<1x32xf16> at rows tensor<4xi32>: there are at least 8 rows}}
  %0 = tt.descriptor_gather %d[%x, %i] : (!tt.tensordesc<1x32xf16>, tensor<4xi32>, i32) -> tensor<4x32xf16>
  tt.return
}

// -----

tt.func @descriptor_gather_3(%d: !tt.tensordesc<1x8xf16>, %x: tensor<8xi32>, %i: i32) {
  // expected-error @+1 {{'tt.descriptor_gather' of tensor<8x8xf16> through !tt.tensordesc<1x8xf16> at rows tensor<8xi32>: there are at least 16 columns of f16}}
  %0 = tt.descriptor_gather %d[%x, %i] : (!tt.tensordesc<1x8xf16>, tensor<8xi32>, i32) -> tensor<8x8xf16>
  tt.return
}

// -----

tt.func @descriptor_gather_4(%d: !tt.tensordesc<2x32xf16>, %x: tensor<8xi32>, %i: i32) {
  // expected-error @+1 {{'tt.descriptor_gather' of tensor<8x32xf16> through !tt.tensordesc<2x32xf16> at rows tensor<8xi32>: the block has two dimensions, and one row}}
  %0 = tt.descriptor_gather %d[%x, %i] : (!tt.tensordesc<2x32xf16>, tensor<8xi32>, i32) -> tensor<8x32xf16>
  tt.return
}

// -----

tt.func @descriptor_gather_5(%d: !tt.tensordesc<1x32xf16>, %x: tensor<8xi32>, %i: i32) {
  // expected-error @+1 {{'tt.descriptor_gather' of tensor<16x32xf16> through !tt.tensordesc<1x32xf16> at rows tensor<8xi32>: the tensor has a row of the block for each index, tensor<8x32xf16>}}
  %0 = tt.descriptor_gather %d[%x, %i] : (!tt.tensordesc<1x32xf16>, tensor<8xi32>, i32) -> tensor<16x32xf16>
  tt.return
}

// -----

tt.func @descriptor_gather_6(%d: !tt.tensordesc<1x32xf16>, %x: tensor<8x1xi32>, %i: i32) {
  // expected-error @+1 {{'tt.descriptor_gather' of tensor<8x32xf16> through !tt.tensordesc<1x32xf16> at rows tensor<8x1xi32>: rows are a tensor of one dimension}}
  %0 = tt.descriptor_gather %d[%x, %i] : (!tt.tensordesc<1x32xf16>, tensor<8x1xi32>, i32) -> tensor<8x32xf16>
  tt.return
}

// -----

tt.func @descriptor_scatter(%d: !tt.tensordesc<1x32xf16>, %x: tensor<8xi32>, %i: i32, %s: tensor<8x32xf32>) {
  // expected-error @+1 {{'tt.descriptor_scatter' of tensor<8x32xf32> through !tt.tensordesc<1x32xf16> at rows tensor<8xi32>: the tensor has a row of the block for each index, tensor<8x32xf16>}}
  tt.descriptor_scatter %d[%x, %i], %s : !tt.tensordesc<1x32xf16>, tensor<8xi32>, i32, tensor<8x32xf32>
  tt.return
}

// -----

tt.func @print(%x: tensor<8x4xf32>, %i: i32) {
  // Stricter than upstream.
  // expected-error @+1 {{'tt.print' of 0 values with 1 flags in isSigned: one for each}}
  tt.print "hello: " {hex = true, isSigned = array<i32: 1>}
  tt.return
}

// -----

tt.func @print_2(%x: tensor<8x4xf32>, %i: i32) {
  // expected-error @+1 {{'tt.print' lacks the property 'isSigned'}}
  tt.print "hello: " {hex = true}
  tt.return
}

// -----

tt.func @assert(%i: i32) {
  // expected-error @+1 {{'tt.assert': operand 'condition': found i32, must be i1 or a tensor of it}}
  tt.assert %i, "bad" : i32
  tt.return
}

// -----

tt.func @call() {
  // expected-error @+1 {{'tt.call' of @nope: the callee is a tt.func of the module}}
  tt.call @nope() : () -> ()
  tt.return
}

// -----

tt.func @call_2() {
  // expected-error @+1 {{'tt.call' of @call_2 has results (i32): they are those of the function, ()}}
  %0 = tt.call @call_2() : () -> i32
  tt.return
}

// -----

tt.func @call_3(%x: i32) {
  // expected-error @+1 {{'tt.call' of @call_3 has operands (): they are those of the function, (i32)}}
  tt.call @call_3() : () -> ()
  tt.return
}

// -----

tt.func @reduce_return(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.reduce.return' is not the last operation of its block}}
  tt.reduce.return %x : tensor<4x8xf32>
  tt.return
}

// -----

tt.func @return(%x: i32) {
  // expected-error @+1 {{'tt.return' is not the last operation of its block}}
  tt.return %x : i32
  tt.return
}

// -----

tt.func @return_2(%x: i32) {
  // expected-error @+1 {{%x has type i32, but is used as i1}}
  scf.if %x { tt.return }
  tt.return
}

// -----

tt.func @return_3(%x: i1) {
  // expected-error @+1 {{'tt.return' stands in 'scf.if'}}
  scf.if %x { tt.return }
  tt.return
}

// -----

tt.func @map_elementwise_return(%x: f32) {
  // expected-error @+1 {{'tt.map_elementwise.return' is not the last operation of its block}}
  "tt.map_elementwise.return"(%x) : (f32) -> ()
  tt.return
}

// -----

tt.func @scan_return(%x: f32) {
  // expected-error @+1 {{'tt.scan.return' is not the last operation of its block}}
  "tt.scan.return"(%x) : (f32) -> ()
  tt.return
}

// -----

// expected-error @+1 {{'tt.func' @public_declaration has no body and is public: a declaration is private}}
tt.func @public_declaration(i32)

// -----

// expected-error @+1 {{'tt.func' @argument_attribute has argument attribute 'fast': its name starts with the name of a dialect and a dot}}
tt.func @argument_attribute(%x: i32 {fast}) {
  tt.return
}

// -----

// expected-error @+1 {{'tt.func' @result_attribute has result attribute 'fast': its name starts with the name of a dialect and a dot}}
tt.func private @result_attribute(i32) -> (i32 {fast})

// -----

// expected-error @+1 {{in 'tt.func': arguments with and without names: all of them have a name, or none has}}
tt.func private @names_for_some(%x: i32, i32)

// -----

// expected-error @+1 {{'tt.func' @other_body_arguments has a body with arguments (f32): they are those of its type, (i32)}}
"tt.func"() <{sym_name = "other_body_arguments", function_type = (i32) -> ()}> ({
^bb0(%x: f32):
  tt.return
}) : () -> ()

// -----

tt.func @function_in_function() {
  // expected-error @+1 {{'tt.func' stands in 'tt.func'}}
  tt.func @inner() {
    tt.return
  }
  tt.return
}

// -----

tt.func @returns_other_types(%x: i32) -> f32 {
  // expected-error @+1 {{'tt.return' with (i32) in @returns_other_types: the function returns (f32)}}
  tt.return %x : i32
}

// -----

// expected-error @+1 {{in 'tt.func': pointer to !tt.ptr<f32>: a pointer points to an integer or a float}}
tt.func @pointer_to_pointer(%p: !tt.ptr<!tt.ptr<f32>>) {
  tt.return
}

// -----

// expected-error @+1 {{in 'tt.func': address space "shared": a pointer is in one of global, descriptor, constant}}
tt.func @unknown_address_space(%p: !tt.ptr<f32, "shared">) {
  tt.return
}

// -----

// expected-error @+1 {{in 'tt.func': descriptor of tensor<4x4xf32>: a descriptor is written with the shape and the element type themselves, !tt.tensordesc<128x64xf16>}}
tt.func @descriptor_of_tensor(%d: !tt.tensordesc<tensor<4x4xf32>>) {
  tt.return
}

// -----

// expected-error @+1 {{in 'tt.func': dynamic size in a descriptor: the shape of a block is static}}
tt.func @dynamic_block(%d: !tt.tensordesc<?x4xf32>) {
  tt.return
}

// -----

tt.func @unknown_field(%p: !tt.ptr<f32>) {
  // expected-error @+1 {{in 'tt.load': 'modifier' in a cache policy: its fields are cache_modifier and eviction_policy, once each}}
  %0 = tt.load %p {cachePolicy = #tt.cache_policy<modifier = none, eviction_policy = evict_normal>} : !tt.ptr<f32>
  tt.return
}

// -----

tt.func @three_elements(%x: tensor<3xf32>) {
  // expected-error @+1 {{'tt.precise_sqrt' has tensor<3xf32> as operand 0, 3 elements: the number of elements of a tensor is a power of two}}
  %0 = tt.precise_sqrt %x : tensor<3xf32>
  tt.return
}

// -----

tt.func @returns_from_scan(%x: tensor<8xf32>) {
  %0 = "tt.reduce"(%x) <{axis = 0 : i32}> ({
  ^bb0(%l: f32, %r: f32):
    // expected-error @+1 {{'tt.scan.return' stands in 'tt.reduce'}}
    tt.scan.return %l : f32
  }) : (tensor<8xf32>) -> f32
  tt.return
}

// -----

tt.func @dynamic_size(%x: tensor<?xf32>) {
  // Stricter than upstream.
  // expected-error @+1 {{'tt.precise_sqrt' has tensor<?xf32> as operand 0, a dynamic size: the shape of a tensor is static}}
  %0 = tt.precise_sqrt %x : tensor<?xf32>
  tt.return
}

// -----

tt.func @scale_without_type(%a: tensor<16x64xf8E5M2>, %b: tensor<64x16xf8E5M2>, %c: tensor<16x16xf32>, %s: tensor<16x2xi8>) {
  // expected-error @+1 {{in 'tt.dot_scaled': 1 values and 0 types for operand 'a_scale': one type for each value}}
  %0 = tt.dot_scaled %a scale %s, %b, %c lhs = e5m2 rhs = e5m2 {fastMath = true} : tensor<16x64xf8E5M2> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  tt.return
}

// -----

tt.func @type_without_scale(%a: tensor<16x64xf8E5M2>, %b: tensor<64x16xf8E5M2>, %c: tensor<16x16xf32>) {
  // expected-error @+1 {{in 'tt.dot_scaled': a type for operand 'a_scale', which is not there}}
  %0 = tt.dot_scaled %a, %b, %c lhs = e5m2 rhs = e5m2 {fastMath = true} : tensor<16x64xf8E5M2>, tensor<16x2xi8> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  tt.return
}

// -----

tt.func @types_for_some(%x: i32) {
  // expected-error @+1 {{in 'tt.print': 2 values and 1 types for operand 'args': one type for each value}}
  tt.print "x" {hex = false, isSigned = array<i32: 0, 0>} : %x, %x : i32
  tt.return
}

// -----

tt.func @map_elementwise_of_more_than_there_is_memory_for(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.map_elementwise.return' with (f32): pack elements of each result are 1073741824 times (f32)}}
  %0 = "tt.map_elementwise"(%x) <{pack = 1073741824 : i32}> ({^bb0(%l: f32): tt.map_elementwise.return %l : f32}) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  tt.return
}

// -----

tt.func @map_elementwise_of_more_operands_than_there_is_memory_for(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'tt.map_elementwise' has a region with arguments (f32, f32): pack elements of each operand are 1073741824 times (f32)}}
  %0 = "tt.map_elementwise"(%x) <{pack = 1073741824 : i32}> ({^bb0(%l: f32, %m: f32): cf.br ^bb0(%l, %m : f32, f32)}) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  tt.return
}
