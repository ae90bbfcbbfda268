// RUN: minilinalg-opt %s --lift-cf-to-scf --split-input-file --verify-diagnostics | filecheck %s

// CHECK-LABEL: @meet_again
// CHECK-NEXT:    %[[C:.*]] = scf.if %c -> (i32) {
// CHECK-NEXT:      %[[A:.*]] = arith.addi %x, %x
// CHECK-NEXT:      scf.yield %[[A]]
// CHECK-NEXT:    } else {
// CHECK-NEXT:      %[[M:.*]] = arith.muli %x, %x
// CHECK-NEXT:      scf.yield %[[M]]
// CHECK-NEXT:    }
// CHECK-NEXT:    %[[R:.*]] = arith.addi %[[C]], %x
// CHECK-NEXT:    return %[[R]]
func.func @meet_again(%c: i1, %x: i32) -> i32 {
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  %0 = arith.addi %x, %x : i32
  cf.br ^bb3(%0 : i32)
^bb2:
  %1 = arith.muli %x, %x : i32
  cf.br ^bb3(%1 : i32)
^bb3(%2: i32):
  %3 = arith.addi %2, %x : i32
  return %3 : i32
}

// -----

// CHECK-LABEL: @go_around
// CHECK-NEXT:    scf.if %c {
// CHECK-NEXT:      memref.store
// CHECK-NEXT:    }
// CHECK-NEXT:    return
func.func @go_around(%c: i1, %m: memref<f32>, %x: f32) {
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  memref.store %x, %m[] : memref<f32>
  cf.br ^bb2
^bb2:
  return
}

// -----

// Nothing is done on either way: one value is chosen.
// CHECK-LABEL: @choose
// CHECK-NEXT:    %[[R:.*]] = arith.select %c, %x, %y
// CHECK-NEXT:    return %[[R]]
func.func @choose(%c: i1, %x: i32, %y: i32) -> i32 {
  cf.cond_br %c, ^bb1(%x : i32), ^bb1(%y : i32)
^bb1(%0: i32):
  return %0 : i32
}

// -----

// What follows on the inner branch runs unless it has returned: a flag says so, and stands for the result.
// CHECK-LABEL: @return_from_inside
// CHECK-NEXT:    %[[F:.*]]:2 = scf.if %c -> (i1, i32) {
// CHECK-NEXT:      %[[T:.*]] = arith.addi %x, %x
// CHECK:           scf.yield %d, %[[T]]
// CHECK-NEXT:    } else {
// CHECK-NEXT:      %[[N:.*]] = arith.constant false
// CHECK-NEXT:      %[[U:.*]] = ub.poison
// CHECK-NEXT:      scf.yield %[[N]], %[[U]]
// CHECK-NEXT:    }
// CHECK-NEXT:    %[[R:.*]] = scf.if %[[F]]#0 -> (i32) {
// CHECK-NEXT:      scf.yield %[[F]]#1
// CHECK-NEXT:    } else {
// CHECK-NEXT:      %[[M:.*]] = arith.muli %x, %x
// CHECK-NEXT:      scf.yield %[[M]]
// CHECK-NEXT:    }
// CHECK-NEXT:    return %[[R]]
func.func @return_from_inside(%c: i1, %d: i1, %x: i32) -> i32 {
  cf.cond_br %c, ^bb1, ^bb3
^bb1:
  %0 = arith.addi %x, %x : i32
  cf.cond_br %d, ^bb2, ^bb3
^bb2:
  return %0 : i32
^bb3:
  %1 = arith.muli %x, %x : i32
  return %1 : i32
}

// -----

// As Triton leaves it behind a return.
// CHECK-LABEL: @drop_what_nothing_leads_to
// CHECK-NEXT:    return
// CHECK-NOT:     ^
func.func @drop_what_nothing_leads_to() {
  return
^bb1:
  cf.br ^bb2
^bb2:
  return
}

// -----

// CHECK-LABEL: @inside_of_an_operation
// CHECK: scf.execute_region
// CHECK-NEXT: arith.select
// CHECK-NEXT: scf.yield
func.func @inside_of_an_operation(%c: i1, %x: i32, %y: i32) -> i32 {
  %r = scf.execute_region -> i32 {
    cf.cond_br %c, ^bb1, ^bb2
  ^bb1:
    scf.yield %x : i32
  ^bb2:
    scf.yield %y : i32
  }
  return %r : i32
}

// -----

func.func @keep_a_loop(%c: i1) {
  cf.br ^bb1
^bb1:
  // expected-error @+1 {{'cf.cond_br' goes back to a block that leads to it}}
  cf.cond_br %c, ^bb1, ^bb2
^bb2:
  return
}

// -----

func.func @keep_a_switch(%i: i32) {
  // expected-error @+1 {{'cf.switch'}}
  cf.switch %i : i32, [
    default: ^bb1,
    42: ^bb2
  ]
^bb1:
  return
^bb2:
  return
}
