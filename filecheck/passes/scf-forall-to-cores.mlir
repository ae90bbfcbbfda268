// RUN: minilinalg-opt %s --scf-forall-to-cores --target tiny-simd --split-input-file | filecheck %s
// RUN: minilinalg-opt %s --scf-forall-to-cores --target tiny-simd --split-input-file --remarks 2>&1 | filecheck %s --check-prefix REMARK

// CHECK-LABEL: @x_runs_fastest
// CHECK-NEXT: [[YX:%.*]] = arith.muli %gz, %gy : index
// CHECK-NEXT: [[TOTAL:%.*]] = arith.muli [[YX]], %gx : index
// CHECK-NEXT: [[CORES:%.*]] = arith.constant 2 : index
// CHECK-NEXT: scf.forall ([[CORE:%.*]]) in (2) {
// CHECK-NEXT: scf.for [[P:%.*]] = [[CORE]] to [[TOTAL]] step [[CORES]] {
// CHECK-NEXT: [[X:%.*]] = arith.remui [[P]], %gx : index
// CHECK-NEXT: [[REST:%.*]] = arith.divui [[P]], %gx : index
// CHECK-NEXT: [[Y:%.*]] = arith.remui [[REST]], %gy : index
// CHECK-NEXT: [[Z:%.*]] = arith.divui [[REST]], %gy : index
// CHECK-NEXT: memref.store %v, %m{{\[}}[[Z]], [[Y]], [[X]]]
func.func @x_runs_fastest(%m: memref<?x?x?xf32>, %v: f32, %gx: index, %gy: index, %gz: index) {
  scf.forall (%pz, %py, %px) in (%gz, %gy, %gx) {
    memref.store %v, %m[%pz, %py, %px] : memref<?x?x?xf32>
  }
  return
}

// -----

// CHECK-LABEL: @a_range_that_may_be_empty
// CHECK: [[COUNT:%.*]] = arith.maxsi
// CHECK: scf.for {{.*}} to [[COUNT]]
func.func @a_range_that_may_be_empty(%m: memref<?xf32>, %v: f32, %lb: index, %ub: index) {
  scf.forall (%i) = (%lb) to (%ub) step (2) {
    memref.store %v, %m[%i] : memref<?xf32>
  }
  return
}

// -----

// CHECK-LABEL: @no_dealing_out_when_the_loop_gives_results
// CHECK-NOT: scf.for {{%.*}} =
// REMARK: not dealt out: the loop gives results, and each core would have a part
func.func @no_dealing_out_when_the_loop_gives_results(%t: tensor<4xf32>) -> tensor<4xf32> {
  %r = scf.forall (%i) in (4) shared_outs(%o = %t) -> (tensor<4xf32>) {
    %p = tensor.extract_slice %t[%i] [1] [1] : tensor<4xf32> to tensor<1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %p into %o[%i] [1] [1] : tensor<1xf32> into tensor<4xf32>
    }
  }
  return %r : tensor<4xf32>
}

// -----

// CHECK-LABEL: @no_dealing_out_inside_of_another_loop
// CHECK: scf.forall ({{%.*}}) in (2)
// CHECK: scf.forall ({{%.*}}) in (4)
func.func @no_dealing_out_inside_of_another_loop(%m: memref<4x4xf32>, %v: f32) {
  scf.forall (%i) in (4) {
    scf.forall (%j) in (4) {
      memref.store %v, %m[%i, %j] : memref<4x4xf32>
    }
  }
  return
}
