// RUN: minilinalg-opt %s --simd-insert-sync --target tiny-simd --split-input-file | filecheck %s
// RUN: minilinalg-opt %s --simd-insert-sync --target tiny-simd --split-input-file --remarks -o %t 2>&1 | filecheck %s --check-prefix REMARK

// Loads, computes, stores: each behind the one before; nothing waits for the last one.
// CHECK-LABEL: @a_chain_of_pipes
// CHECK: [[LOAD:%.*]] = simd.dma async %x -> %a :
// CHECK-NEXT: [[EXP:%.*]] = simd.exp async %a -> %a after [[LOAD]] :
// CHECK-NEXT: [[ADD:%.*]] = simd.addf async %a, %a -> %a :
// CHECK-NEXT: simd.dma async %a -> %x after [[ADD]] :
// CHECK-NEXT: return
func.func @a_chain_of_pipes(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  simd.dma %x -> %a : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
  simd.exp %a -> %a : memref<64xf32, #simd.space<nram>>
  simd.addf %a, %a -> %a : memref<64xf32, #simd.space<nram>>
  simd.dma %a -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @a_scalar_load_waits
// CHECK: [[SUM:%.*]] = simd.reduce_addf async
// CHECK-NEXT: simd.wait [[SUM]]
// CHECK-NEXT: memref.load
func.func @a_scalar_load_waits(%x: memref<64xf32, #simd.space<gdram>>) -> f32 {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 256 : i64} : memref<f32, #simd.space<nram>>
  simd.dma %x -> %a : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
  simd.reduce_addf %a -> %s dimensions = [0] : memref<64xf32, #simd.space<nram>> -> memref<f32, #simd.space<nram>>
  %r = memref.load %s[] : memref<f32, #simd.space<nram>>
  return %r : f32
}

// -----

// Different buffers at one address are the same bytes; at different addresses they are not.
// CHECK-LABEL: @buffers_that_share_an_address
// CHECK: [[EXP:%.*]] = simd.exp async %a -> %a
// CHECK-NEXT: simd.dma async %x -> %b after [[EXP]]
// CHECK-NEXT: simd.dma async %x -> %c :
func.func @buffers_that_share_an_address(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %c = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  simd.exp %a -> %a : memref<64xf32, #simd.space<nram>>
  simd.dma %x -> %b : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
  simd.dma %x -> %c : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
  return
}

// -----

// The next load overwrites what the exp reads: the loop carries its token. The store behind the loop needs the last one.
// CHECK-LABEL: @a_loop_carries_a_token
// CHECK: [[NONE:%.*]] = simd.ready : !simd.token
// CHECK: [[LAST:%.*]] = scf.for {{.*}} iter_args([[BEFORE:%.*]] = [[NONE]]) -> (!simd.token) {
// CHECK-NEXT: [[LOAD:%.*]] = simd.dma async %x -> %a after [[BEFORE]]
// CHECK-NEXT: [[EXP:%.*]] = simd.exp async %a -> %b after [[LOAD]]
// CHECK-NEXT: scf.yield [[EXP]] : !simd.token
// CHECK: simd.dma async %b -> %x after [[LAST]]
func.func @a_loop_carries_a_token(%x: memref<64xf32, #simd.space<gdram>>, %n: index) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    simd.dma %x -> %a : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
    simd.exp %a -> %b : memref<64xf32, #simd.space<nram>>
  }
  simd.dma %b -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @a_branch_gives_a_token
// CHECK: [[T:%.*]] = scf.if %c -> (!simd.token) {
// CHECK-NEXT: [[EXP:%.*]] = simd.exp async
// CHECK-NEXT: scf.yield [[EXP]] : !simd.token
// CHECK-NEXT: } else {
// CHECK-NEXT: [[NONE:%.*]] = simd.ready : !simd.token
// CHECK-NEXT: scf.yield [[NONE]] : !simd.token
// CHECK-NEXT: }
// CHECK-NEXT: simd.dma async %a -> %x after [[T]]
func.func @a_branch_gives_a_token(%x: memref<64xf32, #simd.space<gdram>>, %c: i1) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  scf.if %c {
    simd.exp %a -> %a : memref<64xf32, #simd.space<nram>>
  }
  simd.dma %a -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// A branch that does nothing gets no else, and carries nothing where nobody waits: two instructions of one pipe.
// CHECK-LABEL: @a_branch_that_nobody_waits_for
// CHECK: scf.if %c {
// CHECK-NEXT: simd.exp async %a -> %a :
// CHECK-NEXT: }
// CHECK-NEXT: simd.exp async %a -> %b :
func.func @a_branch_that_nobody_waits_for(%x: memref<64xf32, #simd.space<gdram>>, %c: i1) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %b = memref.alloc() {simd.address = 256 : i64} : memref<64xf32, #simd.space<nram>>
  scf.if %c {
    simd.exp %a -> %a : memref<64xf32, #simd.space<nram>>
  }
  simd.exp %a -> %b : memref<64xf32, #simd.space<nram>>
  return
}

// -----

// Both regions of a while carry the tokens, behind what it carries already: the condition's load waits for the sum of
// the time before, and what follows for the last one.
// CHECK-LABEL: @a_while_carries_tokens
// CHECK: [[FILL:%.*]] = simd.fill async
// CHECK-NEXT: [[NONE:%.*]] = simd.ready : !simd.token
// CHECK-NEXT: scf.while (%i = %n, [[BEFORE:%.*]] = [[NONE]]) : (i32, !simd.token) -> i32 {
// CHECK-NEXT: simd.wait [[FILL]], [[BEFORE]]
// CHECK-NEXT: memref.load
// CHECK: scf.condition({{%.*}}) %i : i32
// CHECK: [[LOAD:%.*]] = simd.dma async %x -> %a :
// CHECK-NEXT: [[SUM:%.*]] = simd.reduce_addf async %a -> %s after [[LOAD]]
// CHECK: scf.yield %j, [[SUM]] : i32, !simd.token
// CHECK: simd.dma async %a -> %x :
func.func @a_while_carries_tokens(%x: memref<64xf32, #simd.space<gdram>>, %n: i32) -> i32 {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %s = memref.alloc() {simd.address = 256 : i64} : memref<f32, #simd.space<nram>>
  %c1 = arith.constant 1 : i32
  %zero = arith.constant 0.0 : f32
  simd.fill %zero -> %s : f32 -> memref<f32, #simd.space<nram>>
  %r = scf.while (%i = %n) : (i32) -> i32 {
    %v = memref.load %s[] : memref<f32, #simd.space<nram>>
    %go = arith.cmpf olt, %v, %zero : f32
    scf.condition(%go) %i : i32
  } do {
  ^bb0(%i: i32):
    simd.dma %x -> %a : memref<64xf32, #simd.space<gdram>> -> memref<64xf32, #simd.space<nram>>
    simd.reduce_addf %a -> %s dimensions = [0] : memref<64xf32, #simd.space<nram>> -> memref<f32, #simd.space<nram>>
    %j = arith.addi %i, %c1 : i32
    scf.yield %j : i32
  }
  simd.dma %a -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return %r : i32
}

// -----

// What follows waits for the last time that the condition ran; the loop itself, on one pipe, for nothing.
// REMARK: 2 instructions with 2 conflicts are ordered by 1 token{{$}}
// CHECK-LABEL: @a_while_gives_a_token
// CHECK: [[R:%.*]]:2 = scf.while (%i = %n) : (i32) -> (i32, !simd.token) {
// CHECK-NEXT: [[EXP:%.*]] = simd.exp async %a -> %a :
// CHECK: scf.condition({{%.*}}) %i, [[EXP]] : i32, !simd.token
// CHECK: scf.yield %j : i32
// CHECK: simd.dma async %a -> %x after [[R]]#1
func.func @a_while_gives_a_token(%x: memref<64xf32, #simd.space<gdram>>, %n: i32) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %r = scf.while (%i = %n) : (i32) -> i32 {
    simd.exp %a -> %a : memref<64xf32, #simd.space<nram>>
    %go = arith.cmpi sgt, %i, %c0 : i32
    scf.condition(%go) %i : i32
  } do {
  ^bb0(%i: i32):
    %j = arith.subi %i, %c1 : i32
    scf.yield %j : i32
  }
  simd.dma %a -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @a_barrier_is_enough
// CHECK: simd.exp async %a -> %a :
// CHECK-NEXT: simd.barrier chip
// CHECK-NEXT: simd.dma async %a -> %x :
func.func @a_barrier_is_enough(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  simd.exp %a -> %a : memref<64xf32, #simd.space<nram>>
  simd.barrier chip
  simd.dma %a -> %x : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @keep_what_has_tokens
// CHECK: simd.exp async
// CHECK-NEXT: simd.dma %a -> %x after
func.func @keep_what_has_tokens(%x: memref<64xf32, #simd.space<gdram>>) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %t = simd.exp async %a -> %a : memref<64xf32, #simd.space<nram>>
  simd.dma %a -> %x after %t : memref<64xf32, #simd.space<nram>> -> memref<64xf32, #simd.space<gdram>>
  return
}

// -----

// CHECK-LABEL: @keep_around_a_call
// CHECK: simd.exp %a
func.func private @other()

// REMARK: the function stays synchronous: 'func.call', which may start instructions of its own
func.func @keep_around_a_call() {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  simd.exp %a -> %a : memref<64xf32, #simd.space<nram>>
  func.call @other() : () -> ()
  return
}

// -----

// CHECK-LABEL: @keep_blocks_that_branch
// CHECK: simd.exp %a
// REMARK: the function stays synchronous: blocks that branch to one another
func.func @keep_blocks_that_branch() {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  simd.exp %a -> %a : memref<64xf32, #simd.space<nram>>
  cf.br ^end
^end:
  return
}

// -----

// CHECK-LABEL: @keep_other_loops
// CHECK: simd.exp %a
// REMARK: the function stays synchronous: 'scf.parallel' around instructions
func.func @keep_other_loops(%n: index) {
  %a = memref.alloc() {simd.address = 0 : i64} : memref<64xf32, #simd.space<nram>>
  %c1 = arith.constant 1 : index
  scf.parallel (%i) = (%c1) to (%n) step (%c1) {
    simd.exp %a -> %a : memref<64xf32, #simd.space<nram>>
    scf.reduce
  }
  return
}
