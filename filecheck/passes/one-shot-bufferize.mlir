// RUN: minilinalg-opt %s --one-shot-bufferize --split-input-file --remarks --verify-diagnostics | filecheck %s

// A part of memory goes straight to its place in a buffer of static size; the result is computed where an input died.
// CHECK-LABEL: @ragged_part_never_needs_a_dynamic_buffer
// CHECK: [[V:%.*]] = memref.reinterpret_cast %x to offset: [0], sizes: [%size]
// CHECK-NEXT: [[A:%.*]] = memref.alloc() : memref<64xf32>
// CHECK-NEXT: [[P:%.*]] = memref.subview [[A]][0] [%size] [1]
// CHECK-NEXT: memref.copy [[V]], [[P]]
// CHECK-NEXT: linalg.generic
// CHECK-SAME: ins([[A]] : memref<64xf32>) outs([[A]] : memref<64xf32>)
// CHECK: [[O:%.*]] = memref.subview [[A]][0] [%size] [1]
// CHECK-NEXT: memref.copy [[O]], [[V]]
// CHECK-NOT: alloc
func.func @ragged_part_never_needs_a_dynamic_buffer(%x: memref<?xf32>, %size: index) {
  %v = memref.reinterpret_cast %x to offset: [0], sizes: [%size], strides: [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  %t = bufferization.to_tensor %v restrict : memref<?xf32, strided<[1]>> to tensor<?xf32>
  %e = tensor.empty() : tensor<64xf32>
  %a = tensor.insert_slice %t into %e[0] [%size] [1] : tensor<?xf32> into tensor<64xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%a : tensor<64xf32>) outs(%e : tensor<64xf32>) {
  ^bb0(%in: f32, %out: f32):
    %n = arith.negf %in : f32
    linalg.yield %n : f32
  } -> tensor<64xf32>
  %o = tensor.extract_slice %r[0] [%size] [1] : tensor<64xf32> to tensor<?xf32>
  bufferization.materialize_in_destination %o in writable %v : (tensor<?xf32>, memref<?xf32, strided<[1]>>) -> ()
  return
}

// -----

// CHECK-LABEL: @load_is_a_view_while_nothing_changes_memory
// CHECK-NOT: alloc
// CHECK: memref.load %x[%i]
func.func @load_is_a_view_while_nothing_changes_memory(%x: memref<8xf32>, %i: index) -> f32 {
  %t = bufferization.to_tensor %x restrict : memref<8xf32> to tensor<8xf32>
  %e = tensor.extract %t[%i] : tensor<8xf32>
  return %e : f32
}

// -----

// The arguments may overlap, so what was loaded from x changes when y is stored to.
// CHECK-LABEL: @load_is_copied_when_a_store_comes_between
// CHECK-NEXT: [[C:%.*]] = memref.alloc() : memref<8xf32>
// CHECK-NEXT: memref.copy %x, [[C]]
// CHECK-NEXT: memref.store %f, %y[%i]
// CHECK-NEXT: memref.load [[C]][%i]
func.func @load_is_copied_when_a_store_comes_between(%x: memref<8xf32>, %y: memref<8xf32>, %f: f32, %i: index) -> f32 {
  // expected-remark @+1 {{memory is copied when it is read: 'memref.store' may change it before the last use}}
  %t = bufferization.to_tensor %x restrict : memref<8xf32> to tensor<8xf32>
  memref.store %f, %y[%i] : memref<8xf32>
  %e = tensor.extract %t[%i] : tensor<8xf32>
  return %e : f32
}

// -----

// CHECK-LABEL: @load_is_no_copy_when_the_store_is_to_another_part
// CHECK-NOT: alloc
// CHECK: return
func.func @load_is_no_copy_when_the_store_is_to_another_part(%x: memref<8xf32>, %f: f32, %i: index) -> f32 {
  %low = memref.subview %x[0] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1]>>
  %high = memref.subview %x[4] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 4>>
  %t = bufferization.to_tensor %low restrict : memref<4xf32, strided<[1]>> to tensor<4xf32>
  memref.store %f, %high[%i] : memref<4xf32, strided<[1], offset: 4>>
  %e = tensor.extract %t[%i] : tensor<4xf32>
  return %e : f32
}

// -----

// The snapshot of a ragged part has the static size of the tensor that it is inserted into.
// CHECK-LABEL: @ragged_snapshot_has_a_static_bound
// CHECK: [[ROOM:%.*]] = memref.alloc() : memref<64xf32>
// CHECK-NEXT: [[PART:%.*]] = memref.subview [[ROOM]][0] [%size] [1]
// CHECK-NEXT: memref.copy %{{.*}}, [[PART]]
// CHECK-NEXT: memref.store
// CHECK-NOT: memref.alloc(%
func.func @ragged_snapshot_has_a_static_bound(%x: memref<?xf32>, %size: index, %f: f32, %i: index) -> tensor<64xf32> {
  %v = memref.reinterpret_cast %x to offset: [0], sizes: [%size], strides: [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
  // expected-remark @+1 {{memory is copied when it is read: 'memref.store' may change it before the last use}}
  %t = bufferization.to_tensor %v restrict : memref<?xf32, strided<[1]>> to tensor<?xf32>
  memref.store %f, %x[%i] : memref<?xf32>
  %e = tensor.empty() : tensor<64xf32>
  %a = tensor.insert_slice %t into %e[0] [%size] [1] : tensor<?xf32> into tensor<64xf32>
  return %a : tensor<64xf32>
}

// -----

// CHECK-LABEL: @destination_is_copied_when_the_old_value_is_read_later
// CHECK: [[A:%.*]] = memref.alloc()
// CHECK: [[B:%.*]] = memref.alloc()
// CHECK-NEXT: linalg.fill ins(%g : f32) outs([[B]]
// CHECK-NEXT: memref.load [[A]][%i]
func.func @destination_is_copied_when_the_old_value_is_read_later(%f: f32, %g: f32, %i: index, %d: tensor<4xf32>) -> (f32, f32) {
  // expected-remark @+1 {{the destination of 'tensor.insert' is copied, not written in place: it may only be read}}
  %a = tensor.insert %f into %d[%i] : tensor<4xf32>
  // expected-remark @+1 {{the destination of 'linalg.fill' is copied, not written in place: 'tensor.extract' still reads it}}
  %b = linalg.fill ins(%g : f32) outs(%a : tensor<4xf32>) -> tensor<4xf32>
  %old = tensor.extract %a[%i] : tensor<4xf32>
  %new = tensor.extract %b[%i] : tensor<4xf32>
  return %old, %new : f32, f32
}

// -----

// CHECK-LABEL: @argument_of_a_whole_tensor_function_is_never_written
// CHECK-SAME: (%t: memref<4xf32>, %f: f32, %i: index, %result: memref<4xf32> {ml.result})
// CHECK-SAME: kind = "tensor", type = f32, shape = array<i64: 4>}
// CHECK-SAME: kind = "result", type = f32, shape = array<i64: 4>}
// CHECK-NEXT: [[A:%.*]] = memref.alloc() : memref<4xf32>
// CHECK-NEXT: memref.copy %t, [[A]]
// CHECK-NEXT: memref.store %f, [[A]][%i]
// CHECK-NEXT: memref.copy [[A]], %result
// CHECK-NEXT: return
func.func @argument_of_a_whole_tensor_function_is_never_written(%t: tensor<4xf32>, %f: f32, %i: index) -> tensor<4xf32> {
  // expected-remark @+1 {{the destination of 'tensor.insert' is copied, not written in place: it may only be read}}
  %a = tensor.insert %f into %t[%i] : tensor<4xf32>
  return %a : tensor<4xf32>
}

// -----

// CHECK-LABEL: @slice_that_is_put_back_is_computed_in_place
// CHECK: [[A:%.*]] = memref.alloc() : memref<8xf32>
// CHECK-NEXT: linalg.fill ins(%f : f32) outs([[A]]
// CHECK-NEXT: [[S:%.*]] = memref.subview [[A]][4] [4] [1]
// CHECK-NEXT: linalg.fill ins(%g : f32) outs([[S]]
// CHECK-NEXT: memref.copy [[A]], %result
func.func @slice_that_is_put_back_is_computed_in_place(%f: f32, %g: f32) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %a = linalg.fill ins(%f : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %s = tensor.extract_slice %a[4] [4] [1] : tensor<8xf32> to tensor<4xf32>
  %t = linalg.fill ins(%g : f32) outs(%s : tensor<4xf32>) -> tensor<4xf32>
  %r = tensor.insert_slice %t into %a[4] [4] [1] : tensor<4xf32> into tensor<8xf32>
  return %r : tensor<8xf32>
}

// -----

// CHECK-LABEL: @loop_carries_one_buffer
// CHECK: [[A:%.*]] = memref.alloc() : memref<4xf32>
// CHECK-NEXT: linalg.fill ins(%f : f32) outs([[A]]
// CHECK-NEXT: scf.for %i = %lb to %ub step %lb {
// CHECK-NEXT: linalg.generic
// CHECK-SAME: ins([[A]] : memref<4xf32>) outs([[A]] : memref<4xf32>)
// CHECK-NOT: copy
// CHECK: }
// CHECK: memref.copy [[A]], %result
func.func @loop_carries_one_buffer(%f: f32, %lb: index, %ub: index) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.fill ins(%f : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %r = scf.for %i = %lb to %ub step %lb iter_args(%acc = %a) -> (tensor<4xf32>) {
    %n = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
        ins(%acc : tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %s = arith.addf %in, %in : f32
      linalg.yield %s : f32
    } -> tensor<4xf32>
    scf.yield %n : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

// CHECK-LABEL: @swapped_values_are_copied_through_a_third_buffer
// CHECK: [[A:%.*]] = memref.alloc() : memref<4xf32>
// CHECK: [[B:%.*]] = memref.alloc() : memref<4xf32>
// CHECK: [[R:%.*]] = scf.for %i = %lb to %ub step %lb iter_args(%k = %lb) -> (index) {
// CHECK: [[T:%.*]] = memref.alloc() : memref<4xf32>
// CHECK-NEXT: memref.copy [[B]], [[T]]
// CHECK-NEXT: memref.copy [[A]], [[B]]
// CHECK-NEXT: memref.copy [[T]], [[A]]
// CHECK-NEXT: scf.yield %i : index
func.func @swapped_values_are_copied_through_a_third_buffer(%f: f32, %g: f32, %lb: index, %ub: index) -> (tensor<4xf32>, tensor<4xf32>, index) {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.fill ins(%f : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %b = linalg.fill ins(%g : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %r:3 = scf.for %i = %lb to %ub step %lb iter_args(%x = %a, %k = %lb, %y = %b) -> (tensor<4xf32>, index, tensor<4xf32>) {
    // expected-remark @+1 {{a carried value is copied twice: the next iteration has it in another place}}
    scf.yield %y, %i, %x : tensor<4xf32>, index, tensor<4xf32>
  }
  return %r#0, %r#2, %r#1 : tensor<4xf32>, tensor<4xf32>, index
}

// -----

// CHECK-LABEL: @branches_compute_into_one_buffer
// CHECK-NEXT: [[R:%.*]] = memref.alloc() : memref<4xf32>
// CHECK-NEXT: scf.if %c {
// CHECK-NEXT: linalg.fill ins(%f : f32) outs([[R]]
// CHECK-NEXT: } else {
// CHECK-NEXT: memref.copy %t, [[R]]
// CHECK-NEXT: }
// CHECK-NEXT: memref.copy [[R]], %result
func.func @branches_compute_into_one_buffer(%t: tensor<4xf32>, %c: i1, %f: f32) -> tensor<4xf32> {
  %r = scf.if %c -> (tensor<4xf32>) {
    %e = tensor.empty() : tensor<4xf32>
    %a = linalg.fill ins(%f : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %a : tensor<4xf32>
  } else {
    scf.yield %t : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

// CHECK-LABEL: @choice_between_tensors_is_a_copy_of_one
// CHECK: scf.if %c {
// CHECK-NEXT: memref.copy %a, [[R:%.*]] :
// CHECK-NEXT: } else {
// CHECK-NEXT: memref.copy %b, [[R]] :
func.func @choice_between_tensors_is_a_copy_of_one(%a: tensor<4xf32>, %b: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  %r = arith.select %c, %a, %b : tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

// CHECK-LABEL: @reshape_is_a_view
// CHECK-NEXT: [[V:%.*]] = memref.expand_shape %t
// CHECK-SAME: into memref<2x4xf32>
// CHECK-NEXT: memref.copy [[V]], %result
func.func @reshape_is_a_view(%t: tensor<8xf32>) -> tensor<2x4xf32> {
  %r = tensor.expand_shape %t [[0, 1]] output_shape [2, 4] : tensor<8xf32> into tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}

// -----

// CHECK-LABEL: @reshape_of_scattered_elements_copies_them
// CHECK: [[C:%.*]] = memref.alloc() : memref<2x2xf32>
// CHECK-NEXT: memref.copy %{{.*}}, [[C]]
// CHECK-NEXT: memref.collapse_shape [[C]]
func.func @reshape_of_scattered_elements_copies_them(%t: tensor<2x4xf32>) -> tensor<4xf32> {
  %s = tensor.extract_slice %t[0, 0] [2, 2] [1, 1] : tensor<2x4xf32> to tensor<2x2xf32>
  // expected-remark @+1 {{the source of 'tensor.collapse_shape' is copied: its elements do not lie side by side}}
  %r = tensor.collapse_shape %s [[0, 1]] : tensor<2x2xf32> into tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

// CHECK-LABEL: @equal_elements_are_filled_again_not_copied
// CHECK: scf.for
// CHECK-NEXT: [[A:%.*]] = memref.alloc() : memref<4xf32>
// CHECK-NEXT: linalg.fill ins(%f : f32) outs([[A]]
// CHECK-NEXT: memref.store %f, [[A]][%i]
func.func @equal_elements_are_filled_again_not_copied(%m: memref<4xf32>, %f: f32, %lb: index, %ub: index) {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.fill ins(%f : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  scf.for %i = %lb to %ub step %lb {
    %b = tensor.insert %f into %a[%i] : tensor<4xf32>
    bufferization.materialize_in_destination %b in writable %m : (tensor<4xf32>, memref<4xf32>) -> ()
  }
  return
}

// -----

func.func @refused_operation_without_a_form_on_buffers(%t: tensor<4xf32>, %f: f32) -> tensor<6xf32> {
  // expected-error @+1 {{'tensor.pad' on tensor<4xf32>, tensor<6xf32> cannot be turned into operations on buffers}}
  %r = tensor.pad %t low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %f : f32
  } : tensor<4xf32> to tensor<6xf32>
  return %r : tensor<6xf32>
}

// -----

func.func @refused_constant_of_different_elements() -> tensor<2xf32> {
  // expected-error @+1 {{a constant tensor whose elements differ has no buffer}}
  %r = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  return %r : tensor<2xf32>
}

// -----

// Where the mask is false, the rows are what the output held: it is filled first.
// CHECK-LABEL: @rows_are_gathered_in_place
// CHECK: [[B:%.*]] = memref.alloc() : memref<4x8xf32>
// CHECK-NEXT: linalg.fill ins(%{{.*}} : f32) outs([[B]] : memref<4x8xf32>)
// CHECK-NEXT: linalg_ext.gather ins(%x, %i, %m : memref<?x8xf32>, memref<4xi32>, memref<4xi1>) outs([[B]] : memref<4x8xf32>) dim = 0
// CHECK-NEXT: memref.copy [[B]], %y
func.func @rows_are_gathered_in_place(%x: memref<?x8xf32>, %i: tensor<4xi32>, %m: tensor<4xi1>, %y: memref<4x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %r = linalg_ext.gather ins(%x, %i, %m : memref<?x8xf32>, tensor<4xi32>, tensor<4xi1>) outs(%init : tensor<4x8xf32>) dim = 0 -> tensor<4x8xf32>
  bufferization.materialize_in_destination %r in writable %y : (tensor<4x8xf32>, memref<4x8xf32>) -> ()
  return
}

// -----

// CHECK-LABEL: @a_scatter_into_a_tensor_that_is_read_later_copies_it
// CHECK: [[B:%.*]] = memref.alloc() : memref<16xf32>
// CHECK-NEXT: memref.copy %t, [[B]]
// CHECK-NEXT: linalg_ext.scatter ins(%v, %i : memref<4xf32>, memref<4xi32>) outs([[B]] : memref<16xf32>)
// CHECK-NEXT: memref.copy [[B]], %result0
// CHECK-NEXT: memref.copy %t, %result1
func.func @a_scatter_into_a_tensor_that_is_read_later_copies_it(%t: tensor<16xf32>, %v: tensor<4xf32>, %i: tensor<4xi32>) -> (tensor<16xf32>, tensor<16xf32>) {
  // expected-remark @+1 {{the destination of 'linalg_ext.scatter' is copied, not written in place: it may only be read}}
  %r = linalg_ext.scatter ins(%v, %i : tensor<4xf32>, tensor<4xi32>) outs(%t : tensor<16xf32>) -> tensor<16xf32>
  return %r, %t : tensor<16xf32>, tensor<16xf32>
}

// -----

// CHECK-LABEL: @memory_that_is_read_before_a_scatter_is_copied_first
// CHECK: memref.copy %x, [[B:%.*]] : memref<16xf32> to memref<16xf32>
// CHECK-NEXT: linalg_ext.scatter ins(%v, %i : memref<4xf32>, memref<4xi32>) outs(%x : memref<16xf32>)
// CHECK-NEXT: memref.copy [[B]], %y
func.func @memory_that_is_read_before_a_scatter_is_copied_first(%x: memref<16xf32>, %y: memref<16xf32>, %v: tensor<4xf32>, %i: tensor<4xi32>) {
  // expected-remark @+1 {{memory is copied when it is read: 'linalg_ext.scatter' may change it before the last use}}
  %t = bufferization.to_tensor %x restrict : memref<16xf32> to tensor<16xf32>
  linalg_ext.scatter ins(%v, %i : tensor<4xf32>, tensor<4xi32>) outs(%x : memref<16xf32>)
  bufferization.materialize_in_destination %t in writable %y : (tensor<16xf32>, memref<16xf32>) -> ()
  return
}

// -----

func.func private @called(%x: i32) -> i32 {
  return %x : i32
}
func.func @a_call_of_what_returns_something(%x: i32) {
  // expected-error @+1 {{'func.call' of @called, which takes tensors or returns something}}
  %0 = func.call @called(%x) : (i32) -> i32
  return
}

// -----

func.func @read(%x: tensor<4xi32>) {
  return
}
func.func @a_function_on_tensors_as_a_value() {
  // expected-error @+1 {{'func.constant' of @read, which takes tensors or returns something}}
  %f = func.constant @read : (tensor<4xi32>) -> ()
  return
}

// -----

// CHECK-LABEL: @a_call_of_what_stays_as_it_is
// CHECK: call @store(%x, %m)
func.func private @store(%x: i32, %m: memref<i32>) {
  memref.store %x, %m[] : memref<i32>
  return
}
func.func @a_call_of_what_stays_as_it_is(%x: i32, %m: memref<i32>) {
  func.call @store(%x, %m) : (i32, memref<i32>) -> ()
  return
}
