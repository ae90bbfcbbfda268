// RUN: minilinalg-opt %s --tritongpu-fuse-nested-loops | filecheck %s
// RUN: minilinalg-opt %s --tritongpu-fuse-nested-loops --remarks 2>&1 | filecheck %s --check-prefix=REMARK

// What only the code behind the inner loop needs moves there; sums that begin anew are reset there.
// CHECK-LABEL: @one_loop
// CHECK: %[[INNER:.*]] = arith.ceildivsi
// CHECK: %[[TOTAL:.*]] = arith.muli %{{.*}}, %[[INNER]] : i32
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[TOTAL]] step
// CHECK-NEXT: arith.cmpi eq
// CHECK-NEXT: %i, %j, %x = scf.if
// CHECK-NOT: tt.addptr
// CHECK: %b = arith.addi %a, %x
// CHECK-NOT: scf.for
// CHECK: scf.if
// CHECK-NEXT: %q = tt.addptr %p, %i
// CHECK-NEXT: tt.store %q, %b
// CHECK-NEXT: scf.yield %c0
// CHECK-NOT: tt.flatten
// REMARK: remark: [tritongpu-fuse-nested-loops] flattened: 5 values are carried
tt.func @one_loop(%p: !tt.ptr<i32>, %m: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c8 = arith.constant 8 : i32
  scf.for %i = %c0 to %m step %c1 : i32 {
    %q = tt.addptr %p, %i : !tt.ptr<i32>, i32
    %x = arith.muli %i, %i : i32
    %s = scf.for %j = %c0 to %c8 step %c1 iter_args(%a = %c0) -> (i32) : i32 {
      %b = arith.addi %a, %x : i32
      scf.yield %b : i32
    }
    tt.store %q, %s : !tt.ptr<i32>
  } {tt.flatten}
  tt.return
}

// CHECK-LABEL: @no_turns_of_the_inner_loop
// CHECK: %[[EMPTY:.*]] = arith.cmpi sge, %c0, %n
// CHECK-NEXT: scf.if %[[EMPTY]] {
// CHECK-NEXT: scf.for %i = %c0 to %m
// CHECK-NEXT: tt.addptr
// CHECK-NEXT: tt.store %{{.*}}, %c0
// CHECK: } else {
// CHECK: scf.for
tt.func @no_turns_of_the_inner_loop(%p: !tt.ptr<i32>, %m: i32, %n: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  scf.for %i = %c0 to %m step %c1 : i32 {
    %q = tt.addptr %p, %i : !tt.ptr<i32>, i32
    %s = scf.for %j = %c0 to %n step %c1 iter_args(%a = %c0) -> (i32) : i32 {
      %b = arith.addi %a, %j : i32
      scf.yield %b : i32
    }
    tt.store %q, %s : !tt.ptr<i32>
  } {tt.flatten}
  tt.return
}

// CHECK-LABEL: @keep_what_does_not_say_so
// CHECK-COUNT-2: scf.for
tt.func @keep_what_does_not_say_so(%p: !tt.ptr<i32>, %m: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  scf.for %i = %c0 to %m step %c1 : i32 {
    scf.for %j = %c0 to %m step %c1 : i32 {
      tt.store %p, %j : !tt.ptr<i32>
    }
  }
  tt.return
}

// CHECK-LABEL: @keep_bounds_that_change
// CHECK-COUNT-2: scf.for
// REMARK: remark: [tritongpu-fuse-nested-loops] not flattened: how often the inner loop runs differs from turn to turn
tt.func @keep_bounds_that_change(%p: !tt.ptr<i32>, %m: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  scf.for %i = %c0 to %m step %c1 : i32 {
    scf.for %j = %c0 to %i step %c1 : i32 {
      tt.store %p, %j : !tt.ptr<i32>
    }
  } {tt.flatten}
  tt.return
}

// CHECK-LABEL: @keep_inner_loops_under_a_condition
// CHECK-COUNT-2: scf.for
// REMARK: remark: [tritongpu-fuse-nested-loops] not flattened: there is not one loop inside, without a condition or loops in it
tt.func @keep_inner_loops_under_a_condition(%p: !tt.ptr<i32>, %m: i32, %c: i1) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  scf.for %i = %c0 to %m step %c1 : i32 {
    scf.if %c {
      scf.for %j = %c0 to %m step %c1 : i32 {
        tt.store %p, %j : !tt.ptr<i32>
      }
    }
  } {tt.flatten}
  tt.return
}
