// RUN: minilinalg-opt %s --tritongpu-prefetch --remarks 2>&1 | filecheck %s --check-prefix=REMARK
// RUN: minilinalg-opt %s --tritongpu-prefetch | filecheck %s

#mma = #ttg.nvidia_mma<{versionMajor = 2, versionMinor = 0, warpsPerCTA = [1, 1], instrShape = [16, 8]}>
#a = #ttg.dot_op<{opIdx = 0, parent = #mma, kWidth = 2}>
#b = #ttg.dot_op<{opIdx = 1, parent = #mma, kWidth = 2}>
#shared = #ttg.swizzled_shared<{vec = 8, perPhase = 2, maxPhase = 4, order = [1, 0]}>
#smem = #ttg.shared_memory
#blocked = #ttg.blocked<{sizePerThread = [1, 8], threadsPerWarp = [8, 4], warpsPerCTA = [1, 1], order = [1, 0]}>
module attributes {"ttg.num-warps" = 1 : i32, "ttg.threads-per-warp" = 32 : i32} {
  // The second part is loaded before the first one is multiplied, and the first one of the next turn before the second.
  // CHECK-LABEL: @two_parts
  // CHECK-COUNT-2: ttg.local_load
  // CHECK: scf.for {{.*}}, %arg0 = %1, %arg1 = %3)
  // CHECK-COUNT-2: ttg.local_load
  // CHECK: tt.dot %arg0, %arg1, %s
  // CHECK-COUNT-2: ttg.local_load
  // CHECK: tt.dot
  // CHECK-NEXT: scf.yield
  tt.func @two_parts(%x: !ttg.memdesc<16x32xf16, #shared, #smem>, %y: !ttg.memdesc<32x16xf16, #shared, #smem>, %c: tensor<16x16xf32, #mma>, %n: i32) {
    %0 = arith.constant 0 : i32
    %1 = arith.constant 1 : i32
    %2 = scf.for %i = %0 to %n step %1 iter_args(%s = %c) -> (tensor<16x16xf32, #mma>) : i32 {
      %3 = ttg.local_load %x : !ttg.memdesc<16x32xf16, #shared, #smem> -> tensor<16x32xf16, #a>
      %4 = ttg.local_load %y : !ttg.memdesc<32x16xf16, #shared, #smem> -> tensor<32x16xf16, #b>
      %5 = tt.dot %3, %4, %s : tensor<16x32xf16, #a> * tensor<32x16xf16, #b> -> tensor<16x16xf32, #mma>
      scf.yield %5 : tensor<16x16xf32, #mma>
    }
    tt.return
  }

  // CHECK-LABEL: @computed_on_the_way
  // CHECK-NOT: ttg.memdesc_subslice
  // REMARK: remark: [tritongpu-prefetch] loaded as a whole: an operand is not just loaded from shared memory for it
  tt.func @computed_on_the_way(%x: !ttg.memdesc<16x32xf16, #shared, #smem>, %y: !ttg.memdesc<32x16xf16, #shared, #smem>, %c: tensor<16x16xf32, #mma>, %n: i32) {
    %0 = arith.constant 0 : i32
    %1 = arith.constant 1 : i32
    %2 = scf.for %i = %0 to %n step %1 iter_args(%s = %c) -> (tensor<16x16xf32, #mma>) : i32 {
      %3 = ttg.local_load %x : !ttg.memdesc<16x32xf16, #shared, #smem> -> tensor<16x32xf16, #a>
      %6 = arith.addf %3, %3 : tensor<16x32xf16, #a>
      %4 = ttg.local_load %y : !ttg.memdesc<32x16xf16, #shared, #smem> -> tensor<32x16xf16, #b>
      %5 = tt.dot %6, %4, %s : tensor<16x32xf16, #a> * tensor<32x16xf16, #b> -> tensor<16x16xf32, #mma>
      scf.yield %5 : tensor<16x16xf32, #mma>
    }
    tt.return
  }

  // As the pipeliner leaves it: the loop carries the buffers and what was waited for, and the wait is at its end.
  // CHECK-LABEL: @buffers_take_turns
  // CHECK: %[[A:[a-z0-9_]+]] = ttg.memdesc_index %x
  // CHECK: %[[B:[a-z0-9_]+]] = ttg.memdesc_index %y
  // CHECK: %[[T:[a-z0-9_]+]] = ttg.async_wait %g {num = 1 : i32}
  // CHECK: ttg.local_load {{.*}} token %[[T]]
  // CHECK: ttg.local_load {{.*}} token %[[T]]
  // CHECK: scf.for {{.*}}, %[[CA:[a-z0-9_]+]] = %[[A]], %[[CB:[a-z0-9_]+]] = %[[B]], %[[CT:[a-z0-9_]+]] = %[[T]], %[[U:[a-z0-9_]+]] = %u, %[[V:[a-z0-9_]+]] = %v)
  // CHECK-NOT: ttg.async_wait
  // CHECK: ttg.memdesc_subslice %[[CA]][0, 16]
  // CHECK: ttg.local_load {{.*}} token %[[CT]]
  // CHECK: tt.dot %[[U]], %[[V]], %s
  // CHECK: ttg.async_copy_global_to_local
  // CHECK: ttg.async_wait %h {num = 1 : i32}
  // CHECK: ttg.local_load
  // CHECK: ttg.local_load
  // CHECK: tt.dot
  // CHECK-NEXT: scf.yield
  tt.func @buffers_take_turns(%x: !ttg.memdesc<2x16x32xf16, #shared, #smem, mutable>, %y: !ttg.memdesc<2x32x16xf16, #shared, #smem, mutable>, %p: tensor<16x32x!tt.ptr<f16>, #blocked>, %c: tensor<16x16xf32, #mma>, %n: i32, %g: !ttg.async.token) {
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %two = arith.constant 2 : i32
    %none = arith.constant -1 : i32
    %r:3 = scf.for %i = %zero to %n step %one iter_args(%s = %c, %at = %none, %w = %g) -> (tensor<16x16xf32, #mma>, i32, !ttg.async.token) : i32 {
      %more = arith.addi %at, %one : i32
      %over = arith.cmpi sge, %more, %two : i32
      %next = arith.select %over, %zero, %more : i32
      %t = ttg.async_wait %w {num = 1 : i32}
      %xi = ttg.memdesc_index %x[%next] : !ttg.memdesc<2x16x32xf16, #shared, #smem, mutable> -> !ttg.memdesc<16x32xf16, #shared, #smem, mutable>
      %u = ttg.local_load %xi token %t : !ttg.memdesc<16x32xf16, #shared, #smem, mutable> -> tensor<16x32xf16, #a>
      %yi = ttg.memdesc_index %y[%next] : !ttg.memdesc<2x32x16xf16, #shared, #smem, mutable> -> !ttg.memdesc<32x16xf16, #shared, #smem, mutable>
      %v = ttg.local_load %yi token %t : !ttg.memdesc<32x16xf16, #shared, #smem, mutable> -> tensor<32x16xf16, #b>
      %d = tt.dot %u, %v, %s : tensor<16x32xf16, #a> * tensor<32x16xf16, #b> -> tensor<16x16xf32, #mma>
      %f = ttg.async_copy_global_to_local %p, %xi : tensor<16x32x!tt.ptr<f16>, #blocked> -> <16x32xf16, #shared, #smem, mutable>
      %h = ttg.async_commit_group tokens %f
      scf.yield %d, %next, %h : tensor<16x16xf32, #mma>, i32, !ttg.async.token
    }
    tt.return
  }

  // One instruction is as deep as the operands: all of them are loaded a turn ahead.
  // CHECK-LABEL: @one_part
  // CHECK: scf.for {{.*}}, %[[U:[a-z0-9_]+]] = %u, %[[V:[a-z0-9_]+]] = %v)
  // CHECK-COUNT-2: ttg.local_load
  // CHECK: tt.dot %[[U]], %[[V]], %s
  // CHECK-NEXT: scf.yield
  tt.func @one_part(%x: !ttg.memdesc<16x16xf16, #shared, #smem>, %y: !ttg.memdesc<16x16xf16, #shared, #smem>, %c: tensor<16x16xf32, #mma>, %n: i32) {
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %r = scf.for %i = %zero to %n step %one iter_args(%s = %c) -> (tensor<16x16xf32, #mma>) : i32 {
      %u = ttg.local_load %x : !ttg.memdesc<16x16xf16, #shared, #smem> -> tensor<16x16xf16, #a>
      %v = ttg.local_load %y : !ttg.memdesc<16x16xf16, #shared, #smem> -> tensor<16x16xf16, #b>
      %d = tt.dot %u, %v, %s : tensor<16x16xf16, #a> * tensor<16x16xf16, #b> -> tensor<16x16xf32, #mma>
      scf.yield %d : tensor<16x16xf32, #mma>
    }
    tt.return
  }

  // CHECK-LABEL: @written_in_the_turn
  // CHECK-NOT: ttg.local_load
  // CHECK: scf.for
  // CHECK-COUNT-4: ttg.local_load
  // REMARK: the first part is loaded in the turn that multiplies it: 'ttg.local_store' comes before it in the turn
  tt.func @written_in_the_turn(%x: !ttg.memdesc<16x32xf16, #shared, #smem, mutable>, %y: !ttg.memdesc<32x16xf16, #shared, #smem, mutable>, %new: tensor<16x32xf16, #blocked>, %c: tensor<16x16xf32, #mma>, %n: i32) {
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %r = scf.for %i = %zero to %n step %one iter_args(%s = %c) -> (tensor<16x16xf32, #mma>) : i32 {
      ttg.local_store %new, %x : tensor<16x32xf16, #blocked> -> !ttg.memdesc<16x32xf16, #shared, #smem, mutable>
      %u = ttg.local_load %x : !ttg.memdesc<16x32xf16, #shared, #smem, mutable> -> tensor<16x32xf16, #a>
      %v = ttg.local_load %y : !ttg.memdesc<32x16xf16, #shared, #smem, mutable> -> tensor<32x16xf16, #b>
      %d = tt.dot %u, %v, %s : tensor<16x32xf16, #a> * tensor<32x16xf16, #b> -> tensor<16x16xf32, #mma>
      scf.yield %d : tensor<16x16xf32, #mma>
    }
    tt.return
  }

  // CHECK-LABEL: @no_buffer_behind_the_last_turn
  // CHECK-NOT: ttg.local_load
  // CHECK: scf.for
  // REMARK: the first part is loaded in the turn that multiplies it: a turn behind the last one may have no buffer
  tt.func @no_buffer_behind_the_last_turn(%x: !ttg.memdesc<2x16x32xf16, #shared, #smem, mutable>, %y: !ttg.memdesc<32x16xf16, #shared, #smem, mutable>, %c: tensor<16x16xf32, #mma>) {
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %two = arith.constant 2 : i32
    %r = scf.for %i = %zero to %two step %one iter_args(%s = %c) -> (tensor<16x16xf32, #mma>) : i32 {
      %xi = ttg.memdesc_index %x[%i] : !ttg.memdesc<2x16x32xf16, #shared, #smem, mutable> -> !ttg.memdesc<16x32xf16, #shared, #smem, mutable>
      %u = ttg.local_load %xi : !ttg.memdesc<16x32xf16, #shared, #smem, mutable> -> tensor<16x32xf16, #a>
      %v = ttg.local_load %y : !ttg.memdesc<32x16xf16, #shared, #smem, mutable> -> tensor<32x16xf16, #b>
      %d = tt.dot %u, %v, %s : tensor<16x32xf16, #a> * tensor<32x16xf16, #b> -> tensor<16x16xf32, #mma>
      scf.yield %d : tensor<16x16xf32, #mma>
    }
    tt.return
  }

  // CHECK-LABEL: @told_by_memory_where_it_lies
  // CHECK-NOT: ttg.local_load
  // CHECK: scf.for
  // REMARK: the first part is loaded in the turn that multiplies it: where it lies depends on 'tt.load'
  tt.func @told_by_memory_where_it_lies(%x: !ttg.memdesc<2x16x32xf16, #shared, #smem, mutable>, %y: !ttg.memdesc<32x16xf16, #shared, #smem, mutable>, %p: !tt.ptr<i32>, %c: tensor<16x16xf32, #mma>, %n: i32) {
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %two = arith.constant 2 : i32
    %r = scf.for %i = %zero to %n step %one iter_args(%s = %c) -> (tensor<16x16xf32, #mma>) : i32 {
      %q = tt.addptr %p, %i : !tt.ptr<i32>, i32
      %at = tt.load %q : !tt.ptr<i32>
      %within = arith.minui %at, %one : i32
      %xi = ttg.memdesc_index %x[%within] : !ttg.memdesc<2x16x32xf16, #shared, #smem, mutable> -> !ttg.memdesc<16x32xf16, #shared, #smem, mutable>
      %u = ttg.local_load %xi : !ttg.memdesc<16x32xf16, #shared, #smem, mutable> -> tensor<16x32xf16, #a>
      %v = ttg.local_load %y : !ttg.memdesc<32x16xf16, #shared, #smem, mutable> -> tensor<32x16xf16, #b>
      %d = tt.dot %u, %v, %s : tensor<16x32xf16, #a> * tensor<32x16xf16, #b> -> tensor<16x16xf32, #mma>
      scf.yield %d : tensor<16x16xf32, #mma>
    }
    tt.return
  }

  // CHECK-LABEL: @two_dots
  // CHECK-NOT: ttg.local_load
  // CHECK: scf.for
  // REMARK: the first part is loaded in the turn that multiplies it: there is another dot in the loop
  tt.func @two_dots(%x: !ttg.memdesc<16x32xf16, #shared, #smem, mutable>, %y: !ttg.memdesc<32x16xf16, #shared, #smem, mutable>, %c: tensor<16x16xf32, #mma>, %n: i32) {
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %r = scf.for %i = %zero to %n step %one iter_args(%s = %c) -> (tensor<16x16xf32, #mma>) : i32 {
      %u = ttg.local_load %x : !ttg.memdesc<16x32xf16, #shared, #smem, mutable> -> tensor<16x32xf16, #a>
      %v = ttg.local_load %y : !ttg.memdesc<32x16xf16, #shared, #smem, mutable> -> tensor<32x16xf16, #b>
      %d = tt.dot %u, %v, %s : tensor<16x32xf16, #a> * tensor<32x16xf16, #b> -> tensor<16x16xf32, #mma>
      %w = ttg.local_load %x : !ttg.memdesc<16x32xf16, #shared, #smem, mutable> -> tensor<16x32xf16, #a>
      %z = ttg.local_load %y : !ttg.memdesc<32x16xf16, #shared, #smem, mutable> -> tensor<32x16xf16, #b>
      %e = tt.dot %w, %z, %d : tensor<16x32xf16, #a> * tensor<32x16xf16, #b> -> tensor<16x16xf32, #mma>
      scf.yield %e : tensor<16x16xf32, #mma>
    }
    tt.return
  }
}
