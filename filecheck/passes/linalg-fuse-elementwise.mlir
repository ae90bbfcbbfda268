// RUN: minilinalg-opt %s --linalg-fuse-elementwise --split-input-file | filecheck %s
// RUN: minilinalg-opt %s --linalg-fuse-elementwise --split-input-file --remarks 2>&1 | filecheck %s --check-prefix REMARK

// CHECK-LABEL: @fuse_a_chain
// CHECK-NEXT: [[E:%.*]] = tensor.empty()
// CHECK-NEXT: [[R:%.*]] = linalg.generic {{.*}} ins(%x, %y : {{.*}}) outs([[E]] : {{.*}})
// CHECK: [[S:%.*]] = arith.subf
// CHECK-NEXT: [[P:%.*]] = math.exp [[S]]
// CHECK-NEXT: linalg.yield [[P]]
// CHECK-NOT: linalg.generic
// CHECK: return [[R]]
#same = affine_map<(d0) -> (d0)>
func.func @fuse_a_chain(%x: tensor<8xf32>, %y: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %s = linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel"]} ins(%x, %y : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %c = arith.subf %a, %b : f32
    linalg.yield %c : f32
  } -> tensor<8xf32>
  %r = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel"]} ins(%s : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %c = math.exp %a : f32
    linalg.yield %c : f32
  } -> tensor<8xf32>
  return %r : tensor<8xf32>
}

// -----

// CHECK: [[SCALAR:#.*]] = affine_map<(d0) -> ()>
// CHECK-LABEL: @fuse_a_fill_as_a_scalar
// CHECK-NOT: linalg.fill
// CHECK: linalg.generic {indexing_maps = [{{.*}}, [[SCALAR]], {{.*}}], {{.*}} ins(%x, %s : tensor<8xf32>, f32)
func.func @fuse_a_fill_as_a_scalar(%x: tensor<8xf32>, %s: f32) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %f = linalg.fill ins(%s : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %r = linalg.sub ins(%x, %f : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  return %r : tensor<8xf32>
}

// -----

// CHECK: [[ROW:#.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: @fuse_a_broadcast_with_its_map
// CHECK-NOT: linalg.broadcast
// CHECK: linalg.generic {indexing_maps = [{{.*}}, [[ROW]], {{.*}}], {{.*}} ins(%x, %v : tensor<8x4xf32>, tensor<8xf32>)
func.func @fuse_a_broadcast_with_its_map(%x: tensor<8x4xf32>, %v: tensor<8xf32>) -> tensor<8x4xf32> {
  %e = tensor.empty() : tensor<8x4xf32>
  %b = linalg.broadcast ins(%v : tensor<8xf32>) outs(%e : tensor<8x4xf32>) dimensions = [1]
  %s = linalg.sub ins(%x, %b : tensor<8x4xf32>, tensor<8x4xf32>) outs(%e : tensor<8x4xf32>) -> tensor<8x4xf32>
  %r = linalg.div ins(%s, %b : tensor<8x4xf32>, tensor<8x4xf32>) outs(%e : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %r : tensor<8x4xf32>
}

// -----

// CHECK-LABEL: @fuse_into_the_destination_of_the_producer
// CHECK: linalg.generic {{.*}} ins(%x : tensor<8xf32>) outs(%out : tensor<8xf32>)
func.func @fuse_into_the_destination_of_the_producer(%x: tensor<8xf32>, %out: tensor<8xf32>) -> tensor<8xf32> {
  %n = linalg.negf ins(%x : tensor<8xf32>) outs(%out : tensor<8xf32>) -> tensor<8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %r = linalg.exp ins(%n : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  return %r : tensor<8xf32>
}

// -----

// CHECK-LABEL: @no_fuse_when_producer_has_two_users
// CHECK: linalg.exp
// CHECK: linalg.reduce
// CHECK: linalg.add
// REMARK: not fused: the producer has another user, and would be computed twice
func.func @no_fuse_when_producer_has_two_users(%x: tensor<8xf32>, %z: tensor<f32>) -> (tensor<8xf32>, tensor<f32>) {
  %e = tensor.empty() : tensor<8xf32>
  %p = linalg.exp ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %s = linalg.reduce { arith.addf } ins(%p : tensor<8xf32>) outs(%z : tensor<f32>) dimensions = [0]
  %r = linalg.add ins(%p, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  return %r, %s : tensor<8xf32>, tensor<f32>
}

// -----

// CHECK-LABEL: @no_fuse_when_elements_would_be_computed_again
// CHECK: linalg.exp
// CHECK: linalg.generic
// REMARK: not fused: an element of the producer is needed for many, and would be computed again for each
#row = affine_map<(d0, d1) -> (d0)>
#same = affine_map<(d0, d1) -> (d0, d1)>
func.func @no_fuse_when_elements_would_be_computed_again(%x: tensor<8xf32>, %e: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %p = linalg.exp ins(%x : tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
  %r = linalg.generic {indexing_maps = [#row, #same], iterator_types = ["parallel", "parallel"]} ins(%p : tensor<8xf32>) outs(%e : tensor<8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %b = arith.negf %a : f32
    linalg.yield %b : f32
  } -> tensor<8x4xf32>
  return %r : tensor<8x4xf32>
}

// -----

// CHECK-LABEL: @no_fuse_into_a_loop
// CHECK: linalg.exp
// CHECK: scf.for
// CHECK: linalg.add
// REMARK: not fused: the producer stands outside of the loop or branch of its user, and would be computed more often
func.func @no_fuse_into_a_loop(%x: tensor<8xf32>, %lb: index, %ub: index, %step: index) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %p = linalg.exp ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %r = scf.for %i = %lb to %ub step %step iter_args(%t = %x) -> (tensor<8xf32>) {
    %s = linalg.add ins(%p, %t : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
    scf.yield %s : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// -----

// CHECK-LABEL: @no_fuse_of_an_accumulating_producer
// CHECK: linalg.generic
// CHECK: linalg.exp
// REMARK: not fused: the producer adds to what its output held
#same = affine_map<(d0) -> (d0)>
func.func @no_fuse_of_an_accumulating_producer(%x: tensor<8xf32>, %sum: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %p = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%sum : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %b = arith.addf %a, %o : f32
    linalg.yield %b : f32
  } -> tensor<8xf32>
  %r = linalg.exp ins(%p : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  return %r : tensor<8xf32>
}

// -----

// CHECK-LABEL: @no_fuse_into_a_reduction
// CHECK: linalg.exp
// CHECK: linalg.reduce
func.func @no_fuse_into_a_reduction(%x: tensor<8xf32>, %z: tensor<f32>) -> tensor<f32> {
  %e = tensor.empty() : tensor<8xf32>
  %p = linalg.exp ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %s = linalg.reduce { arith.addf } ins(%p : tensor<8xf32>) outs(%z : tensor<f32>) dimensions = [0]
  return %s : tensor<f32>
}
