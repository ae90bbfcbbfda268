// RUN: minilinalg-opt --cse --dce %s | filecheck %s

// A load that nothing uses goes; one that is volatile stays.
// CHECK-LABEL: tt.func @unused_loads(
tt.func @unused_loads(%p: !tt.ptr<i32>) {
  // CHECK-NEXT: tt.load %{{.*}} {isVolatile = true} : !tt.ptr<i32>
  // CHECK-NEXT: tt.return
  %0 = tt.load %p : !tt.ptr<i32>
  %1 = tt.load %p {isVolatile = true} : !tt.ptr<i32>
  tt.return
}

// An atomic is seen by others, so it stays although nothing uses what it gives.
// CHECK-LABEL: tt.func @unused_atomics(
tt.func @unused_atomics(%p: !tt.ptr<i32>, %v: i32) {
  // CHECK-NEXT: tt.atomic_rmw add
  // CHECK-NEXT: tt.atomic_cas
  // CHECK-NEXT: tt.atomic_load
  // CHECK-NEXT: tt.atomic_poll
  // CHECK-NEXT: tt.return
  %0 = tt.atomic_rmw add, acq_rel, gpu, %p, %v : (!tt.ptr<i32>, i32) -> i32
  %1 = tt.atomic_cas acq_rel, gpu, %p, %v, %v : (!tt.ptr<i32>, i32, i32) -> i32
  %2 = tt.atomic_load acquire, gpu, %p : (!tt.ptr<i32>) -> i32
  %3 = tt.atomic_poll acquire, gpu, %p, %v : !tt.ptr<i32>, i32 -> i1
  tt.return
}

// CHECK-LABEL: tt.func @for_the_programmer(
tt.func @for_the_programmer(%v: i32, %c: i1) {
  // CHECK-NEXT: tt.print
  // CHECK-NEXT: tt.print
  // CHECK-NEXT: tt.assert
  // CHECK-NEXT: tt.return
  tt.print "v: " {hex = false, isSigned = array<i32: 1>} : %v : i32
  tt.print "v: " {hex = false, isSigned = array<i32: 1>} : %v : i32
  tt.assert %c, "c" : i1
  tt.return
}

// Without a store between them two loads are one; with one they are two.
// CHECK-LABEL: tt.func @loads_around_a_store(
tt.func @loads_around_a_store(%p: !tt.ptr<i32>, %q: !tt.ptr<i32>) {
  // CHECK-NEXT: %[[A:.*]] = tt.load %[[P:[a-z]*]] : !tt.ptr<i32>
  // CHECK-NEXT: tt.store %[[Q:[a-z]*]], %[[A]] : !tt.ptr<i32>
  // CHECK-NEXT: tt.store %[[Q]], %[[A]] : !tt.ptr<i32>
  // CHECK-NEXT: %[[C:.*]] = tt.load %[[P]] : !tt.ptr<i32>
  // CHECK-NEXT: tt.store %[[Q]], %[[C]] : !tt.ptr<i32>
  %a = tt.load %p : !tt.ptr<i32>
  %b = tt.load %p : !tt.ptr<i32>
  tt.store %q, %a : !tt.ptr<i32>
  tt.store %q, %b : !tt.ptr<i32>
  %c = tt.load %p : !tt.ptr<i32>
  tt.store %q, %c : !tt.ptr<i32>
  tt.return
}

// CHECK-LABEL: tt.func @pure(
tt.func @pure(%x: tensor<4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>) {
  // CHECK-NEXT: %[[A:.*]] = tt.expand_dims
  // CHECK-NEXT: tt.return %[[A]], %[[A]]
  %a = tt.expand_dims %x {axis = 0 : i32} : tensor<4xf32> -> tensor<1x4xf32>
  %b = tt.expand_dims %x {axis = 0 : i32} : tensor<4xf32> -> tensor<1x4xf32>
  tt.return %a, %b : tensor<1x4xf32>, tensor<1x4xf32>
}
