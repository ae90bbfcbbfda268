// RUN: minilinalg-opt %s --inline --remarks --split-input-file --verify-diagnostics | filecheck %s

// CHECK-LABEL: @several_results
// CHECK-NEXT:    %[[A:.*]] = arith.addi %x, %y
// CHECK-NEXT:    %[[B:.*]] = arith.muli %[[A]], %x
// CHECK-NEXT:    %[[C:.*]] = arith.addi %[[B]], %[[A]]
// CHECK-NEXT:    return %[[C]]
// CHECK-NOT:     @both
func.func @several_results(%x: i32, %y: i32) -> i32 {
  %0, %1 = func.call @both(%x, %y) : (i32, i32) -> (i32, i32)
  %2 = arith.addi %0, %1 : i32
  return %2 : i32
}
func.func private @both(%a: i32, %b: i32) -> (i32, i32) {
  %0 = arith.addi %a, %b : i32
  %1 = arith.muli %0, %a : i32
  return %1, %0 : i32, i32
}

// -----

// The inner function is inlined into the outer one, and what comes of it into the loop.
// CHECK-LABEL: @call_in_a_loop_of_a_function_that_calls
// CHECK:         scf.for
// CHECK-NEXT:      tt.addptr
// CHECK-NEXT:      tt.store
// CHECK-NEXT:    }
// CHECK-NEXT:    tt.return
// CHECK-NOT:     tt.func
tt.func public @call_in_a_loop_of_a_function_that_calls(%x: !tt.ptr<f32>, %n: i32, %v: f32) attributes {noinline = false} {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  scf.for %i = %zero to %n step %one : i32 {
    tt.call @outer(%x, %i, %v) : (!tt.ptr<f32>, i32, f32) -> ()
  }
  tt.return
}
tt.func private @outer(%x: !tt.ptr<f32>, %i: i32, %v: f32) attributes {noinline = true} {
  tt.call @inner(%x, %i, %v) : (!tt.ptr<f32>, i32, f32) -> ()
  tt.return
}
tt.func private @inner(%x: !tt.ptr<f32>, %i: i32, %v: f32) attributes {noinline = true} {
  %p = tt.addptr %x, %i : !tt.ptr<f32>, i32
  tt.store %p, %v : !tt.ptr<f32>
  tt.return
}

// -----

// CHECK-LABEL: @several_blocks
// CHECK-NEXT:    cf.cond_br %c, ^[[ONE:.*]], ^[[TWO:.*]]
// CHECK-NEXT:  ^[[ONE]]:{{.*}}
// CHECK-NEXT:    cf.br ^[[OUT:.*]](%x : i32)
// CHECK-NEXT:  ^[[TWO]]:{{.*}}
// CHECK-NEXT:    cf.br ^[[OUT]](%y : i32)
// CHECK-NEXT:  ^[[OUT]](%[[R:.*]]: i32):{{.*}}
// CHECK-NEXT:    return %[[R]]
func.func @several_blocks(%c: i1, %x: i32, %y: i32) -> i32 {
  %0 = func.call @pick(%c, %x, %y) : (i1, i32, i32) -> i32
  return %0 : i32
}
func.func private @pick(%c: i1, %x: i32, %y: i32) -> i32 {
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  return %x : i32
^bb2:
  return %y : i32
}

// -----

// CHECK-LABEL: @keep_public_functions
// CHECK-NOT:     func.call
// CHECK:       func.func @called
func.func @keep_public_functions(%x: i32) -> i32 {
  %0 = func.call @called(%x) : (i32) -> i32
  return %0 : i32
}
func.func @called(%x: i32) -> i32 {
  return %x : i32
}

// -----

// CHECK-LABEL: @keep_functions_as_values
// CHECK:         constant @value
// CHECK:       func.func private @value
func.func @keep_functions_as_values() -> ((i32) -> i32) {
  %f = func.constant @value : (i32) -> i32
  return %f : (i32) -> i32
}
func.func private @value(%x: i32) -> i32 {
  return %x : i32
}

// -----

// CHECK-LABEL: @drop_what_only_dead_functions_call
// CHECK-NOT:   private
func.func @drop_what_only_dead_functions_call() {
  return
}
func.func private @dead() {
  // expected-remark @+1 {{kept: @declared has no body}}
  func.call @declared() : () -> ()
  return
}
func.func private @declared()

// -----

// CHECK-LABEL: @keep_calls_of_declarations
// CHECK:         call @declared
// CHECK:       func.func private @declared
func.func @keep_calls_of_declarations() {
  // expected-remark @+1 {{kept: @declared has no body}}
  func.call @declared() : () -> ()
  return
}
func.func private @declared()

// -----

// CHECK-LABEL: @keep_blocks_out_of_operations
// CHECK:         scf.if
// CHECK-NEXT:      func.call @pick
func.func @keep_blocks_out_of_operations(%c: i1, %m: memref<f32>, %x: f32) {
  scf.if %c {
    // expected-remark @+1 {{kept: @pick has several blocks, and the call is in another operation}}
    func.call @pick(%c, %m, %x) : (i1, memref<f32>, f32) -> ()
  }
  return
}
func.func private @pick(%c: i1, %m: memref<f32>, %x: f32) {
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  memref.store %x, %m[] : memref<f32>
  return
^bb2:
  return
}

// -----

func.func private @recursive(%x: i32) -> i32 {
  // expected-error @+1 {{function 'recursive' calls itself: recursive -> recursive}}
  %0 = func.call @recursive(%x) : (i32) -> i32
  return %0 : i32
}
