// RUN: minilinalg-opt %s --memref-plan --target tiny-simd --split-input-file --verify-diagnostics | filecheck %s

// CHECK-LABEL: @buffers_that_follow_one_another_share_memory
// CHECK-NEXT: %a = memref.alloc() {simd.address = 0 : i64}
// CHECK-NEXT: %b = memref.alloc() {simd.address = 0 : i64}
func.func @buffers_that_follow_one_another_share_memory(%f: f32) {
  %a = memref.alloc() : memref<8xf32, #simd.space<nram>>
  linalg.fill ins(%f : f32) outs(%a : memref<8xf32, #simd.space<nram>>)
  %b = memref.alloc() : memref<8xf32, #simd.space<nram>>
  linalg.fill ins(%f : f32) outs(%b : memref<8xf32, #simd.space<nram>>)
  return
}

// -----

// CHECK-LABEL: @buffers_of_one_operation_are_apart
// CHECK-DAG: memref.alloc() {simd.address = 0 : i64}
// CHECK-DAG: memref.alloc() {simd.address = 32 : i64}
func.func @buffers_of_one_operation_are_apart() {
  %a = memref.alloc() : memref<8xf32, #simd.space<nram>>
  %b = memref.alloc() : memref<8xf32, #simd.space<nram>>
  linalg.exp ins(%a : memref<8xf32, #simd.space<nram>>) outs(%b : memref<8xf32, #simd.space<nram>>)
  return
}

// -----

// Instructions of the target process multiples of 4 elements, and addresses are multiples of 16 bytes.
// CHECK-LABEL: @buffer_takes_what_an_instruction_on_it_touches
// CHECK-DAG: memref.alloc() {simd.address = 0 : i64} : memref<5xf32
// CHECK-DAG: memref.alloc() {simd.address = 32 : i64} : memref<1xf16
func.func @buffer_takes_what_an_instruction_on_it_touches(%f: f32, %g: f16) {
  %a = memref.alloc() : memref<5xf32, #simd.space<nram>>
  %b = memref.alloc() : memref<1xf16, #simd.space<nram>>
  linalg.fill ins(%g : f16) outs(%b : memref<1xf16, #simd.space<nram>>)
  linalg.fill ins(%f : f32) outs(%a : memref<5xf32, #simd.space<nram>>)
  linalg.fill ins(%g : f16) outs(%b : memref<1xf16, #simd.space<nram>>)
  return
}

// -----

// CHECK-LABEL: @loop_keeps_what_it_did_not_allocate
// CHECK-NEXT: %a = memref.alloc() {simd.address = 0 : i64}
// CHECK-NEXT: %b = memref.alloc() {simd.address = 32 : i64}
// CHECK-NEXT: %c = memref.alloc() {simd.address = 32 : i64}
// CHECK-NEXT: scf.for
func.func @loop_keeps_what_it_did_not_allocate(%f: f32, %lb: index, %ub: index) {
  %a = memref.alloc() : memref<8xf32, #simd.space<nram>>
  scf.for %i = %lb to %ub step %lb {
    linalg.fill ins(%f : f32) outs(%a : memref<8xf32, #simd.space<nram>>)
    %b = memref.alloc() : memref<8xf32, #simd.space<nram>>
    linalg.fill ins(%f : f32) outs(%b : memref<8xf32, #simd.space<nram>>)
    %c = memref.alloc() : memref<8xf32, #simd.space<nram>>
    linalg.fill ins(%f : f32) outs(%c : memref<8xf32, #simd.space<nram>>)
  }
  return
}

// -----

// CHECK-LABEL: @branches_share_memory
// CHECK: %a = memref.alloc() {simd.address = 0 : i64}
// CHECK: %b = memref.alloc() {simd.address = 0 : i64}
// CHECK: scf.if
func.func @branches_share_memory(%c: i1, %f: f32) {
  scf.if %c {
    %a = memref.alloc() : memref<8xf32, #simd.space<nram>>
    linalg.fill ins(%f : f32) outs(%a : memref<8xf32, #simd.space<nram>>)
  } else {
    %b = memref.alloc() : memref<8xf32, #simd.space<nram>>
    linalg.fill ins(%f : f32) outs(%b : memref<8xf32, #simd.space<nram>>)
  }
  return
}

// -----

// What each core has of its own stands at the top of what a core runs.
// CHECK-LABEL: @allocations_stand_at_the_top_of_a_core_s_program
// CHECK: scf.forall (%core) in (2) {
// CHECK-NEXT: memref.alloc() {simd.address = 0 : i64}
// CHECK-NEXT: scf.for
func.func @allocations_stand_at_the_top_of_a_core_s_program(%f: f32, %ub: index) {
  %c2 = arith.constant 2 : index
  scf.forall (%core) in (2) {
    scf.for %i = %core to %ub step %c2 {
      %a = memref.alloc() : memref<8xf32, #simd.space<nram>>
      linalg.fill ins(%f : f32) outs(%a : memref<8xf32, #simd.space<nram>>)
    }
  }
  return
}

// -----

// CHECK-LABEL: @each_memory_has_addresses_of_its_own
// CHECK-NEXT: memref.alloc() {simd.address = 0 : i64} : memref<4x4xf32, #simd.space<nram>>
// CHECK-NEXT: memref.alloc() {simd.address = 0 : i64} : memref<4x4xf32, #simd.space<wram>>
func.func @each_memory_has_addresses_of_its_own() {
  %a = memref.alloc() : memref<4x4xf32, #simd.space<nram>>
  %b = memref.alloc() : memref<4x4xf32, #simd.space<wram>>
  linalg.matmul ins(%a, %b : memref<4x4xf32, #simd.space<nram>>, memref<4x4xf32, #simd.space<wram>>)
      outs(%a : memref<4x4xf32, #simd.space<nram>>)
  return
}

// -----

// CHECK-LABEL: @planned_function_stays_as_it_is
// CHECK-NEXT: memref.alloc() {simd.address = 64 : i64}
func.func @planned_function_stays_as_it_is() {
  %a = memref.alloc() {simd.address = 64 : i64} : memref<4xf32, #simd.space<nram>>
  return
}

// -----

func.func @refused_more_than_there_is(%f: f32) {
  // expected-error @+1 {{nram of target 'tiny-simd' is over capacity by 1040 bytes: 5136 bytes of buffers are needed at the same time}}
  %a = memref.alloc() : memref<768xf32, #simd.space<nram>>
  %b = memref.alloc() : memref<513xf32, #simd.space<nram>>
  linalg.fill ins(%f : f32) outs(%a : memref<768xf32, #simd.space<nram>>)
  linalg.fill ins(%f : f32) outs(%b : memref<513xf32, #simd.space<nram>>)
  linalg.fill ins(%f : f32) outs(%a : memref<768xf32, #simd.space<nram>>)
  return
}

// -----

func.func @refused_buffer_without_a_memory(%f: f32) {
  // expected-error @+1 {{a buffer of type memref<4xf32> cannot have an address}}
  %a = memref.alloc() : memref<4xf32>
  return
}
