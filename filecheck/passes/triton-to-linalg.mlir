// RUN: minilinalg-opt %s --triton-to-linalg --split-input-file --verify-diagnostics | filecheck %s

// CHECK-LABEL: func.func @a_block_of_a_row(
// CHECK-SAME: %x: memref<?xf32>, %start: i32, %gx: index, %gy: index, %gz: index) attributes {ml.abi = [{name = "x", kind = "pointer", type = f32, tt.divisibility = 16 : i32}, {name = "start", kind = "scalar", type = i32}]}
// CHECK-NEXT: scf.forall (%pz, %py, %px) in (%gz, %gy, %gx) {
// CHECK-NEXT: [[OFF:%.*]] = arith.index_cast %start : i32 to index
// CHECK-NEXT: [[VIEW:%.*]] = memref.reinterpret_cast %x to offset: [[[OFF]]], sizes: [8], strides: [1] : memref<?xf32> to memref<8xf32, strided<[1], offset: ?>>
// CHECK-NEXT: [[V:%.*]] = bufferization.to_tensor [[VIEW]] restrict : memref<8xf32, strided<[1], offset: ?>> to tensor<8xf32>
// CHECK-NEXT: [[OUT:%.*]] = memref.reinterpret_cast %x
// CHECK-NEXT: bufferization.materialize_in_destination [[V]] in writable [[OUT]]
// CHECK-NEXT: }
// CHECK-NEXT: return
tt.func public @a_block_of_a_row(%x: !tt.ptr<f32> {tt.divisibility = 16 : i32}, %start: i32) {
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %s = tt.splat %start : i32 -> tensor<8xi32>
  %o = arith.addi %s, %r : tensor<8xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %xs, %o : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %v = tt.load %p : tensor<8x!tt.ptr<f32>>
  tt.store %p, %v : tensor<8x!tt.ptr<f32>>
  tt.return
}

// -----

// A masked-off element without other is undefined; the store writes the same part only.
// CHECK-LABEL: @a_mask_becomes_a_slice
// CHECK: [[N:%.*]] = arith.index_cast %n : i32 to index
// CHECK: [[LEAST:%.*]] = arith.minsi {{.*}}[[N]]
// CHECK: [[SIZE:%.*]] = arith.maxsi [[LEAST]], {{%.*}} : index
// CHECK: memref.reinterpret_cast %x to offset: [0], sizes: [[[SIZE]]], strides: [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
// CHECK: tensor.insert_slice {{%.*}} into {{%.*}}[0] [[[SIZE]]] [1] : tensor<?xf32> into tensor<8xf32>
// CHECK: tensor.extract_slice {{%.*}}[0] [[[SIZE]]] [1] : tensor<8xf32> to tensor<?xf32>
tt.func public @a_mask_becomes_a_slice(%x: !tt.ptr<f32>, %n: i32) {
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %ns = tt.splat %n : i32 -> tensor<8xi32>
  %m = arith.cmpi slt, %r, %ns : tensor<8xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %xs, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %v = tt.load %p, %m : tensor<8x!tt.ptr<f32>>
  tt.store %p, %v, %m : tensor<8x!tt.ptr<f32>>
  tt.return
}

// -----

// CHECK-LABEL: @a_lower_bound_moves_the_view_and_the_slice
// CHECK: memref.reinterpret_cast %x to offset: [[[LOW:%.*]]], sizes: [[[SIZE:%.*]]], strides: [1]
// CHECK: tensor.insert_slice {{%.*}} into {{%.*}}[[[LOW]]] [[[SIZE]]] [1]
tt.func public @a_lower_bound_moves_the_view_and_the_slice(%x: !tt.ptr<f32>, %n: i32) {
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %ns = tt.splat %n : i32 -> tensor<8xi32>
  %m = arith.cmpi sge, %r, %ns : tensor<8xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %xs, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %other = arith.constant dense<1.0> : tensor<8xf32>
  %v = tt.load %p, %m, %other : tensor<8x!tt.ptr<f32>>
  tt.store %p, %v, %m : tensor<8x!tt.ptr<f32>>
  tt.return
}

// -----

// The elements of a column lie side by side: the block is copied column by column, and transposed on chip.
// CHECK-LABEL: @a_block_by_columns_is_copied_in_runs
// CHECK: [[FILL:%.*]] = linalg.fill ins({{%.*}} : f16) outs({{%.*}} : tensor<8x4xf16>)
// CHECK: memref.reinterpret_cast %x to offset: [0], sizes: [[[N:%.*]], 4], strides: [{{%.*}}, 1]
// CHECK: [[READ:%.*]] = tensor.insert_slice {{%.*}} into [[FILL]][0, 0] [[[N]], 4] [1, 1] : tensor<?x4xf16> into tensor<8x4xf16>
// CHECK: [[BLOCK:%.*]] = linalg.transpose ins([[READ]] : tensor<8x4xf16>) outs({{%.*}} : tensor<4x8xf16>) permutation = [1, 0]
// CHECK: [[BACK:%.*]] = linalg.transpose ins({{%.*}} : tensor<4x8xf16>) outs({{%.*}} : tensor<8x4xf16>) permutation = [1, 0]
// CHECK: [[PART:%.*]] = tensor.extract_slice [[BACK]][0, 0] [[[N]], 4] [1, 1]
// CHECK: [[OUT:%.*]] = memref.reinterpret_cast %x to offset: [0], sizes: [[[N]], 4], strides: [{{%.*}}, 1]
// CHECK: bufferization.materialize_in_destination [[PART]] in writable [[OUT]]
tt.func public @a_block_by_columns_is_copied_in_runs(%x: !tt.ptr<f16>, %stride: i32, %n: i32) {
  %r = tt.make_range {end = 4 : i32, start = 0 : i32} : tensor<4xi32>
  %r1 = tt.expand_dims %r {axis = 1 : i32} : tensor<4xi32> -> tensor<4x1xi32>
  %rows = tt.broadcast %r1 : tensor<4x1xi32> -> tensor<4x8xi32>
  %c = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %c1 = tt.expand_dims %c {axis = 0 : i32} : tensor<8xi32> -> tensor<1x8xi32>
  %columns = tt.broadcast %c1 : tensor<1x8xi32> -> tensor<4x8xi32>
  %ns = tt.splat %n : i32 -> tensor<4x8xi32>
  %m = arith.cmpi slt, %columns, %ns : tensor<4x8xi32>
  %strides = tt.splat %stride : i32 -> tensor<4x8xi32>
  %far = arith.muli %columns, %strides : tensor<4x8xi32>
  %o = arith.addi %rows, %far : tensor<4x8xi32>
  %xs = tt.splat %x : !tt.ptr<f16> -> tensor<4x8x!tt.ptr<f16>>
  %p = tt.addptr %xs, %o : tensor<4x8x!tt.ptr<f16>>, tensor<4x8xi32>
  %other = arith.constant dense<1.0> : tensor<4x8xf16>
  %v = tt.load %p, %m, %other : tensor<4x8x!tt.ptr<f16>>
  %w = arith.addf %v, %v : tensor<4x8xf16>
  tt.store %p, %w, %m : tensor<4x8x!tt.ptr<f16>>
  tt.return
}

// -----

// Where %c holds the whole block is read, whatever the other side of the `or` says.
// CHECK-LABEL: @or_with_a_condition_selects_the_bound
// CHECK: arith.select %c, {{%.*}}, {{%.*}} : index
tt.func public @or_with_a_condition_selects_the_bound(%x: !tt.ptr<f32>, %n: i32, %c: i1) {
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %ns = tt.splat %n : i32 -> tensor<8xi32>
  %cs = tt.splat %c : i1 -> tensor<8xi1>
  %b = arith.cmpi slt, %r, %ns : tensor<8xi32>
  %m = arith.ori %cs, %b : tensor<8xi1>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %xs, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %v = tt.load %p, %m : tensor<8x!tt.ptr<f32>>
  tt.store %p, %v, %m : tensor<8x!tt.ptr<f32>>
  tt.return
}

// -----

// CHECK-LABEL: @a_whole_block_in_every_iteration
// CHECK: scf.for
// CHECK-NOT: tensor.insert_slice
// CHECK: bufferization.to_tensor {{.*}} to tensor<16xf32>
tt.func public @a_whole_block_in_every_iteration(%x: !tt.ptr<f32>, %n: i32 {tt.divisibility = 16 : i32}) {
  %c0 = arith.constant 0 : i32
  %c16 = arith.constant 16 : i32
  %r = tt.make_range {end = 16 : i32, start = 0 : i32} : tensor<16xi32>
  %ns = tt.splat %n : i32 -> tensor<16xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<16x!tt.ptr<f32>>
  scf.for %i = %c0 to %n step %c16 : i32 {
    %is = tt.splat %i : i32 -> tensor<16xi32>
    %o = arith.addi %is, %r : tensor<16xi32>
    %m = arith.cmpi slt, %o, %ns : tensor<16xi32>
    %p = tt.addptr %xs, %o : tensor<16x!tt.ptr<f32>>, tensor<16xi32>
    %v = tt.load %p, %m : tensor<16x!tt.ptr<f32>>
    tt.store %p, %v, %m : tensor<16x!tt.ptr<f32>>
  }
  tt.return
}

// -----

// CHECK-LABEL: @a_masked_scalar_is_read_only_where_the_mask_holds
// CHECK: [[V:%.*]] = scf.if %c -> (f32) {
// CHECK-NEXT: [[AT:%.*]] = arith.index_cast %i : i32 to index
// CHECK-NEXT: [[L:%.*]] = memref.load %x[[[AT]]] : memref<?xf32>
// CHECK-NEXT: scf.yield [[L]]
// CHECK-NEXT: } else {
// CHECK-NEXT: [[U:%.*]] = ub.poison : f32
// CHECK-NEXT: scf.yield [[U]]
// CHECK: scf.if %c {
// CHECK: memref.store [[V]], %x
tt.func public @a_masked_scalar_is_read_only_where_the_mask_holds(%x: !tt.ptr<f32>, %i: i32, %c: i1) {
  %p = tt.addptr %x, %i : !tt.ptr<f32>, i32
  %v = tt.load %p, %c : !tt.ptr<f32>
  tt.store %p, %v, %c : !tt.ptr<f32>
  tt.return
}

// -----

// The tensor of pointers is gone; its offset is what the loop carries.
// CHECK-LABEL: @a_loop_carries_offsets_only
// CHECK: scf.for {{%.*}} = {{.*}} iter_args([[AT:%.*]] = {{%.*}}) -> (index) : i32 {
// CHECK: memref.reinterpret_cast %x to offset: [[[AT]]], sizes: [8], strides: [1]
// CHECK: [[NEXT:%.*]] = arith.addi [[AT]], {{%.*}} : index
// CHECK: scf.yield [[NEXT]] : index
tt.func public @a_loop_carries_offsets_only(%x: !tt.ptr<f32>, %n: i32, %by: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %b = tt.splat %by : i32 -> tensor<8xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %xs, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %q = scf.for %i = %c0 to %n step %c1 iter_args(%at = %p) -> (tensor<8x!tt.ptr<f32>>) : i32 {
    tt.store %at, %one : tensor<8x!tt.ptr<f32>>
    %next = tt.addptr %at, %b : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
    scf.yield %next : tensor<8x!tt.ptr<f32>>
  }
  tt.return
}

// -----

// The rows between two wraps are one view each.
// CHECK-LABEL: @a_modulo_is_a_loop_over_its_runs
// CHECK: [[FIRST:%.*]] = arith.divsi
// CHECK: [[LAST:%.*]] = arith.divsi
// CHECK: scf.for [[Q:%.*]] = [[FIRST]] to {{%.*}} step {{%.*}} iter_args({{%.*}} = {{%.*}}) -> (tensor<8xf32>)
// CHECK: bufferization.to_tensor {{.*}} to tensor<?xf32>
// CHECK: tensor.insert_slice
tt.func public @a_modulo_is_a_loop_over_its_runs(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %n: i32) {
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %ns = tt.splat %n : i32 -> tensor<8xi32>
  %w = arith.remsi %r, %ns : tensor<8xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %xs, %w : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %v = tt.load %p : tensor<8x!tt.ptr<f32>>
  %ys = tt.splat %y : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %q = tt.addptr %ys, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  tt.store %q, %v : tensor<8x!tt.ptr<f32>>
  tt.return
}

// -----

// -0.0 is what changes nothing in a sum, NaN in a maximum that prefers numbers.
// CHECK-LABEL: @reductions_start_from_what_changes_nothing
// CHECK: [[ZERO:%.*]] = arith.constant -0.000000e+00 : f32
// CHECK: [[INIT:%.*]] = linalg.fill ins([[ZERO]] : f32)
// CHECK: linalg.reduce { arith.addf } ins({{.*}} : tensor<8x4xf32>) outs([[INIT]] : tensor<8xf32>) dimensions = [1]
// CHECK: [[NAN:%.*]] = arith.constant 0x7FC00000 : f32
// CHECK: [[SCALAR:%.*]] = linalg.fill ins([[NAN]] : f32) outs({{.*}} : tensor<f32>)
// CHECK: [[MAX:%.*]] = linalg.reduce { arith.maxnumf } ins({{.*}} : tensor<8xf32>) outs([[SCALAR]] : tensor<f32>) dimensions = [0]
// CHECK: tensor.extract [[MAX]][] : tensor<f32>
tt.func public @reductions_start_from_what_changes_nothing(%x: !tt.ptr<f32>) {
  %v = arith.constant dense<1.0> : tensor<8x4xf32>
  %s = "tt.reduce"(%v) <{axis = 1 : i32}> ({
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    tt.reduce.return %c : f32
  }) : (tensor<8x4xf32>) -> tensor<8xf32>
  %m = "tt.reduce"(%s) <{axis = 0 : i32}> ({
  ^bb0(%a: f32, %b: f32):
    %c = arith.maxnumf %a, %b : f32
    tt.reduce.return %c : f32
  }) : (tensor<8xf32>) -> f32
  tt.store %x, %m : !tt.ptr<f32>
  tt.return
}

// -----

// CHECK-LABEL: @no_code_for_what_never_reaches_memory
// CHECK-NEXT: scf.forall (%pz, %py, %px) in (%gz, %gy, %gx) {
// CHECK-NEXT: }
// CHECK-NEXT: return
tt.func public @no_code_for_what_never_reaches_memory(%x: !tt.ptr<f32>) {
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %xs, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %v = tt.load %p : tensor<8x!tt.ptr<f32>>
  %e = math.exp %v : tensor<8xf32>
  tt.return
}

// -----

// Elements are numbered in row-major order.
// CHECK-LABEL: @a_gather_from_a_block_is_one_from_its_elements_in_a_row
// CHECK: [[X:%.*]] = tensor.collapse_shape %{{.*}} {{\[\[0, 1\]\]}} : tensor<4x8xf32> into tensor<32xf32>
// CHECK: [[N:%.*]] = linalg.generic {{.*}} ins(%{{.*}} : tensor<4x2xi16>) outs(%{{.*}} : tensor<4x2xi32>) {
// CHECK: arith.extsi %{{.*}} : i16 to i32
// CHECK: linalg.index 0 : index
// CHECK: arith.muli %{{.*}}, %c8_i32 : i32
// CHECK: linalg_ext.gather ins([[X]], [[N]] : tensor<32xf32>, tensor<4x2xi32>) outs(%{{.*}} : tensor<4x2xf32>) -> tensor<4x2xf32>
tt.func public @a_gather_from_a_block_is_one_from_its_elements_in_a_row(%x: !tt.ptr<f32>, %y: !tt.ptr<i16>) {
  %m = tt.make_range {end = 4 : i32, start = 0 : i32} : tensor<4xi32>
  %rows = tt.expand_dims %m {axis = 1 : i32} : tensor<4xi32> -> tensor<4x1xi32>
  %n = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %columns = tt.expand_dims %n {axis = 0 : i32} : tensor<8xi32> -> tensor<1x8xi32>
  %eight = arith.constant dense<8> : tensor<4x1xi32>
  %r8 = arith.muli %rows, %eight : tensor<4x1xi32>
  %0 = tt.broadcast %r8 : tensor<4x1xi32> -> tensor<4x8xi32>
  %1 = tt.broadcast %columns : tensor<1x8xi32> -> tensor<4x8xi32>
  %2 = arith.addi %0, %1 : tensor<4x8xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<4x8x!tt.ptr<f32>>
  %px = tt.addptr %xs, %2 : tensor<4x8x!tt.ptr<f32>>, tensor<4x8xi32>
  %vx = tt.load %px : tensor<4x8x!tt.ptr<f32>>
  %two = tt.make_range {end = 2 : i32, start = 0 : i32} : tensor<2xi32>
  %c = tt.expand_dims %two {axis = 0 : i32} : tensor<2xi32> -> tensor<1x2xi32>
  %3 = tt.broadcast %r8 : tensor<4x1xi32> -> tensor<4x2xi32>
  %4 = tt.broadcast %c : tensor<1x2xi32> -> tensor<4x2xi32>
  %5 = arith.addi %3, %4 : tensor<4x2xi32>
  %ys = tt.splat %y : !tt.ptr<i16> -> tensor<4x2x!tt.ptr<i16>>
  %py = tt.addptr %ys, %5 : tensor<4x2x!tt.ptr<i16>>, tensor<4x2xi32>
  %i = tt.load %py : tensor<4x2x!tt.ptr<i16>>
  %g = tt.gather %vx[%i] {axis = 1 : i32} : (tensor<4x8xf32>, tensor<4x2xi16>) -> tensor<4x2xf32>
  %os = tt.splat %x : !tt.ptr<f32> -> tensor<4x2x!tt.ptr<f32>>
  %po = tt.addptr %os, %5 : tensor<4x2x!tt.ptr<f32>>, tensor<4x2xi32>
  tt.store %po, %g : tensor<4x2x!tt.ptr<f32>>
  tt.return
}

// -----

// CHECK-LABEL: @a_function_of_a_library_is_made_of_operations
// CHECK: linalg.generic
// CHECK: [[T:%.*]] = math.tanh %{{.*}} : f32
// CHECK: linalg.yield [[T]]
// CHECK: linalg.generic
// CHECK: [[N:%.*]] = math.isnan %{{.*}} : f32
// CHECK: arith.extui [[N]] : i1 to i32
tt.func public @a_function_of_a_library_is_made_of_operations(%x: !tt.ptr<f32>, %y: !tt.ptr<i32>) {
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %xs, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %v = tt.load %p : tensor<8x!tt.ptr<f32>>
  %t = tt.extern_elementwise %v {libname = "", libpath = "", pure = true, symbol = "__nv_tanhf"} : (tensor<8xf32>) -> tensor<8xf32>
  tt.store %p, %t : tensor<8x!tt.ptr<f32>>
  %n = tt.extern_elementwise %v {libname = "", libpath = "", pure = true, symbol = "__nv_isnanf"} : (tensor<8xf32>) -> tensor<8xi32>
  %ys = tt.splat %y : !tt.ptr<i32> -> tensor<8x!tt.ptr<i32>>
  %q = tt.addptr %ys, %r : tensor<8x!tt.ptr<i32>>, tensor<8xi32>
  tt.store %q, %n : tensor<8x!tt.ptr<i32>>
  tt.return
}

// -----

// Both sides of the branch are computed.
// CHECK-LABEL: @a_branch_for_each_element_is_a_choice
// CHECK: linalg.generic {{.*}} ins([[X:%.*]] : tensor<8xf32>)
// CHECK-NEXT: ^bb0([[E:%.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: [[C:%.*]] = arith.cmpf olt, [[E]], %zero : f32
// CHECK-NEXT: [[N:%.*]] = arith.negf [[E]] : f32
// CHECK-NEXT: [[S:%.*]] = arith.select [[C]], [[N]], [[E]] : f32
// CHECK-NEXT: linalg.yield [[S]] : f32
// CHECK-NOT: scf.for
tt.func public @a_branch_for_each_element_is_a_choice(%x: !tt.ptr<f32>) {
  %zero = arith.constant 0.0 : f32
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %xs, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %v = tt.load %p : tensor<8x!tt.ptr<f32>>
  %m = "tt.map_elementwise"(%v) <{pack = 1 : i32}> ({
  ^bb0(%e: f32):
    %c = arith.cmpf olt, %e, %zero : f32
    %s = scf.if %c -> (f32) {
      %n = arith.negf %e : f32
      scf.yield %n : f32
    } else {
      scf.yield %e : f32
    }
    tt.map_elementwise.return %s : f32
  }) : (tensor<8xf32>) -> tensor<8xf32>
  tt.store %p, %m : tensor<8x!tt.ptr<f32>>
  tt.return
}

// -----

// The division may fail where the branch is not taken.
// CHECK-LABEL: @a_branch_that_may_fail_is_run_in_turn
// CHECK: scf.for [[I:%.*]] = %c0 to %c8 step %c1 iter_args([[M:%.*]] = %{{.*}}) -> (tensor<8xi32>)
// CHECK: [[E:%.*]] = tensor.extract %{{.*}}{{\[}}[[I]]] : tensor<8xi32>
// CHECK: [[S:%.*]] = scf.if
// CHECK: arith.divsi %n, [[E]] : i32
// CHECK: tensor.insert [[S]] into [[M]]{{\[}}[[I]]] : tensor<8xi32>
tt.func public @a_branch_that_may_fail_is_run_in_turn(%x: !tt.ptr<i32>, %n: i32) {
  %zero = arith.constant 0 : i32
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %xs = tt.splat %x : !tt.ptr<i32> -> tensor<8x!tt.ptr<i32>>
  %p = tt.addptr %xs, %r : tensor<8x!tt.ptr<i32>>, tensor<8xi32>
  %v = tt.load %p : tensor<8x!tt.ptr<i32>>
  %m = "tt.map_elementwise"(%v) <{pack = 1 : i32}> ({
  ^bb0(%e: i32):
    %c = arith.cmpi eq, %e, %zero : i32
    %s = scf.if %c -> (i32) {
      scf.yield %zero : i32
    } else {
      %q = arith.divsi %n, %e : i32
      scf.yield %q : i32
    }
    tt.map_elementwise.return %s : i32
  }) : (tensor<8xi32>) -> tensor<8xi32>
  tt.store %p, %m : tensor<8x!tt.ptr<i32>>
  tt.return
}

// -----

tt.func public @no_conversion_of_several_blocks_for_an_element(%x: !tt.ptr<f32>, %b: i1) {
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %xs, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %v = tt.load %p : tensor<8x!tt.ptr<f32>>
  // expected-error @+1 {{'tt.map_elementwise' with 2 blocks}}
  %m = "tt.map_elementwise"(%v) <{pack = 1 : i32}> ({
  ^bb0(%e: f32):
    cf.br ^bb1
  ^bb1:
    tt.map_elementwise.return %e : f32
  }) : (tensor<8xf32>) -> tensor<8xf32>
  tt.store %p, %m : tensor<8x!tt.ptr<f32>>
  tt.return
}

// -----

// CHECK-LABEL: @what_is_printed_is_looked_at_element_by_element
// CHECK: scf.forall (%pz, %py, %px)
// CHECK: scf.for [[I:%.*]] = %c0 to %c8 step %c1 {
// CHECK-NEXT: [[E:%.*]] = tensor.extract %{{.*}}{{\[}}[[I]]] : tensor<8xi32>
// CHECK-NEXT: debug.print " r: (operand 0) " program(%px, %py, %pz) element([[I]]) of [8] value([[E]] : i32) unsigned
// CHECK: debug.print " r: (operand 1) " program(%px, %py, %pz) element() of [] value(%n : i32)
// CHECK: debug.assert %c "never" program(%px, %py, %pz) element() of []
tt.func public @what_is_printed_is_looked_at_element_by_element(%n: i32, %c: i1) {
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  tt.print " r: " {hex = false, isSigned = array<i32: 0, 1>} : %r, %n : tensor<8xi32>, i32
  tt.assert %c, "never" : i1
  tt.return
}

// -----

tt.func public @no_conversion_of_printed_pointers(%x: !tt.ptr<f32>) {
  // expected-error @+1 {{'tt.print' of !tt.ptr<f32>}}
  tt.print " x: " {hex = true, isSigned = array<i32: 0>} : %x : !tt.ptr<f32>
  tt.return
}

// -----

// Two elements of e2m1 share a byte; each is scaled in f32 and rounded to bf16.
// CHECK-LABEL: @a_scaled_product_is_one_of_scaled_operands
// CHECK: linalg.generic {{.*}} ins([[A:%.*]] : tensor<16x16xi8>) outs(%{{.*}} : tensor<16x16xf32>)
// CHECK: [[LOW:%.*]] = tensor.insert_slice %{{.*}} into %{{.*}}[0, 0, 0] [16, 16, 1] [1, 1, 1]
// CHECK: linalg.generic {{.*}} ins([[A]] : tensor<16x16xi8>)
// CHECK: arith.shrui %{{.*}}, %c4_i32
// CHECK: [[BOTH:%.*]] = tensor.insert_slice %{{.*}} into [[LOW]][0, 0, 1] [16, 16, 1] [1, 1, 1]
// CHECK: [[X:%.*]] = tensor.collapse_shape [[BOTH]] {{.*}} : tensor<16x16x2xf32> into tensor<16x32xf32>
// CHECK: [[S:%.*]] = linalg.broadcast ins(%{{.*}} : tensor<16x1xf32>) outs(%{{.*}} : tensor<16x1x32xf32>) dimensions = [2]
// CHECK: [[F:%.*]] = tensor.collapse_shape [[S]]
// CHECK: [[L:%.*]] = linalg.generic {{.*}} ins([[X]], [[F]] : tensor<16x32xf32>, tensor<16x32xf32>) outs(%{{.*}} : tensor<16x32xbf16>)
// CHECK: linalg.matmul ins([[L]], %{{.*}} : tensor<16x32xbf16>, tensor<32x16xbf16>) outs(%{{.*}} : tensor<16x16xf32>)
tt.func public @a_scaled_product_is_one_of_scaled_operands(%x: !tt.ptr<f32>) {
  %a = arith.constant dense<35> : tensor<16x16xi8>
  %s = arith.constant dense<127> : tensor<16x1xi8>
  %b = arith.constant dense<1.0> : tensor<32x16xf8E5M2>
  %c = arith.constant dense<0.0> : tensor<16x16xf32>
  %d = tt.dot_scaled %a scale %s, %b, %c lhs = e2m1 rhs = e5m2 {fastMath = false} : tensor<16x16xi8>, tensor<16x1xi8> * tensor<32x16xf8E5M2> -> tensor<16x16xf32>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<16x16x!tt.ptr<f32>>
  tt.store %xs, %d : tensor<16x16x!tt.ptr<f32>>
  tt.return
}

// -----

// CHECK-LABEL: func.func @scatter_when_addresses_go_through_a_table(
// CHECK: [[I:%.*]] = bufferization.to_tensor %{{.*}} restrict : memref<8xi32, strided<[1]>> to tensor<8xi32>
// CHECK: [[ROWS:%.*]] = memref.reinterpret_cast %x to offset: [0], sizes: [%{{.*}}], strides: [1] : memref<?xf32> to memref<?xf32, strided<[1]>>
// CHECK: linalg_ext.scatter ins(%{{.*}}, [[I]] : tensor<8xf32>, tensor<8xi32>) outs([[ROWS]] : memref<?xf32, strided<[1]>>)
tt.func public @scatter_when_addresses_go_through_a_table(%x: !tt.ptr<f32>, %t: !tt.ptr<i32>) {
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %ts = tt.splat %t : !tt.ptr<i32> -> tensor<8x!tt.ptr<i32>>
  %q = tt.addptr %ts, %r : tensor<8x!tt.ptr<i32>>, tensor<8xi32>
  %i = tt.load %q : tensor<8x!tt.ptr<i32>>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %xs, %i : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %v = arith.constant dense<1.0> : tensor<8xf32>
  tt.store %p, %v : tensor<8x!tt.ptr<f32>>
  tt.return
}

// -----

// CHECK-LABEL: func.func @scatter_when_a_mask_is_two_intervals(
// CHECK: linalg_ext.scatter ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<8xf32>, tensor<8xi32>, tensor<8xi1>) outs(%{{.*}} : memref<?xf32, strided<[1]>>)
tt.func public @scatter_when_a_mask_is_two_intervals(%x: !tt.ptr<f32>, %a: i32, %b: i32) {
  %r = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %as = tt.splat %a : i32 -> tensor<8xi32>
  %bs = tt.splat %b : i32 -> tensor<8xi32>
  %l = arith.cmpi slt, %r, %as : tensor<8xi32>
  %h = arith.cmpi sge, %r, %bs : tensor<8xi32>
  %m = arith.ori %l, %h : tensor<8xi1>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %xs, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %v = arith.constant dense<1.0> : tensor<8xf32>
  tt.store %p, %v, %m : tensor<8x!tt.ptr<f32>>
  tt.return
}

// -----

// A poll with a timeout asks for a clock.
tt.func public @keep_polls_with_a_timeout(%x: !tt.ptr<i32>, %n: i32, %ns: i64) {
  // expected-error @+1 {{'tt.atomic_poll' with a timeout}}
  %ok = tt.atomic_poll acquire, gpu, %x, %n timeout %ns : !tt.ptr<i32>, i32 -> i1
  tt.return
}

// -----

// A pointer that may point into two arguments is an address, and what is around it a view of the memory there.
// CHECK-LABEL: @a_pointer_to_one_of_two_arrays
// CHECK: [[X:%.*]] = memref.extract_aligned_pointer_as_index %x
// CHECK: [[XA:%.*]] = arith.index_cast [[X]] : index to i64
// CHECK: [[Y:%.*]] = memref.extract_aligned_pointer_as_index %y
// CHECK: [[YA:%.*]] = arith.index_cast [[Y]] : index to i64
// CHECK: [[A:%.*]] = arith.select %c, [[XA]], [[YA]] : i64
// CHECK: [[M:%.*]] = address.to_memref [[A]] : memref<?xf32>
// CHECK: memref.reinterpret_cast [[M]] to offset: [4], sizes: [8], strides: [1]
tt.func public @a_pointer_to_one_of_two_arrays(%x: !tt.ptr<f32>, %y: !tt.ptr<f32>, %c: i1) {
  %which = arith.select %c, %x, %y : !tt.ptr<f32>
  %r = tt.make_range {end = 12 : i32, start = 4 : i32} : tensor<8xi32>
  %s = tt.splat %which : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %p = tt.addptr %s, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  %v = tt.load %p : tensor<8x!tt.ptr<f32>>
  %xs = tt.splat %x : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %q = tt.addptr %xs, %r : tensor<8x!tt.ptr<f32>>, tensor<8xi32>
  tt.store %q, %v : tensor<8x!tt.ptr<f32>>
  tt.return
}

// -----

// A pointer from memory is followed: what it points to counts from it.
// CHECK-LABEL: @a_pointer_made_from_an_integer
// CHECK: [[A:%.*]] = memref.load %t[%{{.*}}] : memref<?xi64>
// CHECK: [[M:%.*]] = address.to_memref [[A]] : memref<?xf16>
// CHECK: memref.load [[M]][%{{.*}}] : memref<?xf16>
tt.func public @a_pointer_made_from_an_integer(%t: !tt.ptr<i64>, %o: !tt.ptr<f16>) {
  %a = tt.load %t : !tt.ptr<i64>
  %p = tt.int_to_ptr %a : i64 -> !tt.ptr<f16>
  %c3 = arith.constant 3 : i32
  %q = tt.addptr %p, %c3 : !tt.ptr<f16>, i32
  %v = tt.load %q : !tt.ptr<f16>
  tt.store %o, %v : !tt.ptr<f16>
  tt.return
}

// -----

// An atomic load is an update that leaves what is there: nobody merges or moves it. A poll looks until it finds it.
// CHECK-LABEL: @loads_that_stay
// CHECK: memref.generic_atomic_rmw %x
// CHECK: memref.atomic_yield
// CHECK: memref.atomic_rmw assign
// CHECK: scf.while
// CHECK: memref.generic_atomic_rmw %x
// CHECK: arith.cmpi ne
// CHECK: scf.condition
tt.func public @loads_that_stay(%x: !tt.ptr<i32>, %y: !tt.ptr<i32>, %n: i32) {
  %v = tt.load %x {isVolatile = true} : !tt.ptr<i32>
  tt.atomic_store release, gpu, %y, %v : !tt.ptr<i32>
  %ok = tt.atomic_poll acquire, gpu, %x, %n : !tt.ptr<i32>, i32 -> i1
  tt.return
}

// -----

// expected-error @+1 {{argument 'p' of function 'a_block_of_pointers_is_no_argument' has type tensor<8x!tt.ptr<f32>>}}
tt.func @a_block_of_pointers_is_no_argument(%p: tensor<8x!tt.ptr<f32>>, %v: tensor<8xf32>) {
  tt.store %p, %v : tensor<8x!tt.ptr<f32>>
  tt.return
}
