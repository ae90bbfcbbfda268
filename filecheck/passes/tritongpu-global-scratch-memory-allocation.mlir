// RUN: minilinalg-opt %s --tritongpu-global-scratch-memory-allocation --split-input-file --verify-diagnostics | filecheck %s

// Each begins at a multiple of its alignment, those in loops and branches too; a program's part at one of the largest.
// CHECK: ttg.global_scratch_memory_size = 384 : i32, ttg.global_scratch_memory_alignment = 128 : i32
// CHECK-LABEL: tt.func @several
// CHECK-SAME: ttg.global_scratch_memory_alignment = 128 : i32, ttg.global_scratch_memory_size = 384 : i32
// CHECK: alignment = 4 : i32, nbytes = 20 : i32, ttg.global_scratch_memory_offset = 0 : i32
// CHECK: alignment = 128 : i32, nbytes = 128 : i32, ttg.global_scratch_memory_offset = 128 : i32
// CHECK: alignment = 1 : i32, nbytes = 1 : i32, ttg.global_scratch_memory_offset = 256 : i32
// CHECK-LABEL: tt.func @one
// CHECK-SAME: ttg.global_scratch_memory_alignment = 1 : i32, ttg.global_scratch_memory_size = 3 : i32
// CHECK-LABEL: tt.func @keep_none
// CHECK-NOT: ttg.global_scratch_memory
// CHECK: tt.return
module {
  tt.func @several(%n: i32) {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %a = ttg.global_scratch_alloc {alignment = 4 : i32, nbytes = 20 : i32} : !tt.ptr<i8>
    scf.for %i = %c0 to %n step %c1 : i32 {
      %b = ttg.global_scratch_alloc {alignment = 128 : i32, nbytes = 128 : i32} : !tt.ptr<i8>
    }
    %c = ttg.global_scratch_alloc {alignment = 1 : i32, nbytes = 1 : i32} : !tt.ptr<i8>
    tt.return
  }
  tt.func @one() {
    %a = ttg.global_scratch_alloc {alignment = 1 : i32, nbytes = 3 : i32} : !tt.ptr<i8>
    tt.return
  }
  tt.func @keep_none() {
    tt.return
  }
}

// -----

tt.func @crooked() {
  // expected-error @+1 {{'ttg.global_scratch_alloc' of 4 bytes with alignment 12}}
  %a = ttg.global_scratch_alloc {alignment = 12 : i32, nbytes = 4 : i32} : !tt.ptr<i8>
  tt.return
}

// -----

tt.func @of_a_profiler() {
  // expected-error @+1 {{'ttg.global_scratch_alloc' of memory that is not the program's own}}
  %a = ttg.global_scratch_alloc {alignment = 8 : i32, nbytes = 4 : i32, third_party_allocation} : !tt.ptr<i8>
  tt.return
}
