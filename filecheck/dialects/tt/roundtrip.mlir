// RUN: minilinalg-opt %s | filecheck %s
// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s
// RUN: minilinalg-opt --mlir-print-op-generic %s | minilinalg-opt | filecheck %s

// CHECK-LABEL: tt.func @get_program_id(
tt.func @get_program_id() {
  // CHECK: tt.get_program_id x : i32
  %0 = tt.get_program_id x : i32
  // CHECK: tt.get_program_id z : i32
  %1 = tt.get_program_id z : i32
  tt.return
}

// CHECK-LABEL: tt.func @get_num_programs(
tt.func @get_num_programs() {
  // CHECK: tt.get_num_programs z {a.b = 4 : i32} : i32
  %0 = tt.get_num_programs z {a.b = 4 : i32} : i32
  tt.return
}

// CHECK-LABEL: tt.func @grid_dependency_wait(
tt.func @grid_dependency_wait() {
  // CHECK: tt.grid_dependency_wait
  tt.grid_dependency_wait
  tt.return
}

// CHECK-LABEL: tt.func @grid_dependency_launch_dependents(
tt.func @grid_dependency_launch_dependents() {
  // CHECK: tt.grid_dependency_launch_dependents {a.b = 1 : i32}
  tt.grid_dependency_launch_dependents {a.b = 1 : i32}
  tt.return
}

// CHECK-LABEL: tt.func @make_range(
tt.func @make_range() {
  // CHECK: tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  %0 = tt.make_range {end = 8 : i32, start = 0 : i32} : tensor<8xi32>
  // CHECK: tt.make_range {end = 4 : i32, start = -4 : i32} : tensor<8xi32>
  %1 = tt.make_range {end = 4 : i32, start = -4 : i32} : tensor<8xi32>
  tt.return
}

// CHECK-LABEL: tt.func @splat(
tt.func @splat(%x: f32, %p: !tt.ptr<f32>) {
  // CHECK: tt.splat %{{.*}} : f32 -> tensor<8x4xf32>
  %0 = tt.splat %x : f32 -> tensor<8x4xf32>
  // CHECK: tt.splat %{{.*}} : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  %1 = tt.splat %p : !tt.ptr<f32> -> tensor<8x!tt.ptr<f32>>
  tt.return
}

// CHECK-LABEL: tt.func @unsplat(
tt.func @unsplat(%x: tensor<1x1xf32>, %x1: tensor<f32>) {
  // CHECK: tt.unsplat %{{.*}} : tensor<1x1xf32>
  %0 = tt.unsplat %x : tensor<1x1xf32>
  // CHECK: tt.unsplat %{{.*}} : tensor<f32>
  %1 = tt.unsplat %x1 : tensor<f32>
  tt.return
}

// CHECK-LABEL: tt.func @expand_dims(
tt.func @expand_dims(%x: tensor<4xf32>) {
  // CHECK: tt.expand_dims %{{.*}} {axis = 0 : i32} : tensor<4xf32> -> tensor<1x4xf32>
  %0 = tt.expand_dims %x {axis = 0 : i32} : tensor<4xf32> -> tensor<1x4xf32>
  // CHECK: tt.expand_dims %{{.*}} {axis = 1 : i32} : tensor<4xf32> -> tensor<4x1xf32>
  %1 = tt.expand_dims %x {axis = 1 : i32} : tensor<4xf32> -> tensor<4x1xf32>
  tt.return
}

// CHECK-LABEL: tt.func @broadcast(
tt.func @broadcast(%x: tensor<4x1xf32>) {
  // CHECK: tt.broadcast %{{.*}} : tensor<4x1xf32> -> tensor<4x1xf32>
  %0 = tt.broadcast %x : tensor<4x1xf32> -> tensor<4x1xf32>
  tt.return
}

// CHECK-LABEL: tt.func @reshape(
tt.func @reshape(%x: tensor<4x2xf32>, %x1: tensor<4xf32>) {
  // CHECK: tt.reshape %{{.*}} allow_reorder efficient_layout {a.b} : tensor<4x2xf32> -> tensor<8xf32>
  %0 = tt.reshape %x allow_reorder efficient_layout {a.b} : tensor<4x2xf32> -> tensor<8xf32>
  // CHECK: tt.reshape %{{.*}} efficient_layout : tensor<4x2xf32> -> tensor<8xf32>
  %1 = tt.reshape %x efficient_layout : tensor<4x2xf32> -> tensor<8xf32>
  // CHECK: tt.reshape %{{.*}} allow_reorder efficient_layout : tensor<4x2xf32> -> tensor<8xf32>
  %2 = tt.reshape %x {efficient_layout, allow_reorder}: tensor<4x2xf32> -> tensor<8xf32>
  // CHECK: tt.reshape %{{.*}} allow_reorder : tensor<4xf32> -> tensor<4xf32>
  %3 = tt.reshape %x1 allow_reorder : tensor<4xf32> -> tensor<4xf32>
  tt.return
}

// CHECK-LABEL: tt.func @cat(
tt.func @cat(%x: tensor<4xf32>, %x1: tensor<4x4xf32>) {
  // CHECK: tt.cat %{{.*}}, %{{.*}} : tensor<4xf32> -> tensor<8xf32>
  %0 = tt.cat %x, %x : tensor<4xf32> -> tensor<8xf32>
  // CHECK: tt.cat %{{.*}}, %{{.*}} : tensor<4xf32> -> tensor<2x4xf32>
  %1 = tt.cat %x, %x : tensor<4xf32> -> tensor<2x4xf32>
  // CHECK: tt.cat %{{.*}}, %{{.*}} : tensor<4x4xf32> -> tensor<4x8xf32>
  %2 = tt.cat %x1, %x1 : tensor<4x4xf32> -> tensor<4x8xf32>
  // CHECK: tt.cat %{{.*}}, %{{.*}} : tensor<4x4xf32> -> tensor<32xf32>
  %3 = tt.cat %x1, %x1 : tensor<4x4xf32> -> tensor<32xf32>
  tt.return
}

// CHECK-LABEL: tt.func @join(
tt.func @join(%x: tensor<4xf32>, %x1: tensor<f32>) {
  // CHECK: tt.join %{{.*}}, %{{.*}} : tensor<4xf32> -> tensor<4x2xf32>
  %0 = tt.join %x, %x : tensor<4xf32> -> tensor<4x2xf32>
  // CHECK: tt.join %{{.*}}, %{{.*}} : tensor<f32> -> tensor<2xf32>
  %1 = tt.join %x1, %x1 : tensor<f32> -> tensor<2xf32>
  tt.return
}

// CHECK-LABEL: tt.func @split(
tt.func @split(%x: tensor<4x2xf32>, %x1: tensor<2xf32>) {
  // CHECK: tt.split %{{.*}} : tensor<4x2xf32> -> tensor<4xf32>
  %0, %1 = tt.split %x : tensor<4x2xf32> -> tensor<4xf32>
  // CHECK: tt.split %{{.*}} : tensor<2xf32> -> tensor<f32>
  %2, %3 = tt.split %x1 : tensor<2xf32> -> tensor<f32>
  tt.return
}

// CHECK-LABEL: tt.func @trans(
tt.func @trans(%x: tensor<4x2xf32>, %x1: tensor<8x4xf32>) {
  // CHECK: tt.trans %{{.*}} {order = array<i32: 1, 0>} : tensor<4x2xf32> -> tensor<2x4xf32>
  %0 = tt.trans %x {order = array<i32: 1, 0>} : tensor<4x2xf32> -> tensor<2x4xf32>
  // CHECK: tt.trans %{{.*}} {a.b, order = array<i32: 1, 0>} : tensor<8x4xf32> -> tensor<4x8xf32>
  %1 = tt.trans %x1 {order = array<i32: 1, 0>, a.b} : tensor<8x4xf32> -> tensor<4x8xf32>
  tt.return
}

// CHECK-LABEL: tt.func @addptr(
tt.func @addptr(%p: tensor<4x!tt.ptr<f32>>, %o: tensor<4xi1>, %p1: tensor<8x!tt.ptr<f32>>, %o1: tensor<8xi64>) {
  // CHECK: tt.addptr %{{.*}}, %{{.*}} : tensor<4x!tt.ptr<f32>>, tensor<4xi1>
  %0 = tt.addptr %p, %o : tensor<4x!tt.ptr<f32>>, tensor<4xi1>
  // CHECK: tt.addptr %{{.*}}, %{{.*}} {tt.divisibility = dense<16> : tensor<1xi32>} : tensor<8x!tt.ptr<f32>>, tensor<8xi64>
  %1 = tt.addptr %p1, %o1 {tt.divisibility = dense<16> : tensor<1xi32>} : tensor<8x!tt.ptr<f32>>, tensor<8xi64>
  tt.return
}

// CHECK-LABEL: tt.func @int_to_ptr(
tt.func @int_to_ptr(%p: i64) {
  // CHECK: tt.int_to_ptr %{{.*}} : i64 -> !tt.ptr<f32>
  %0 = tt.int_to_ptr %p : i64 -> !tt.ptr<f32>
  tt.return
}

// CHECK-LABEL: tt.func @ptr_to_int(
tt.func @ptr_to_int(%p: !tt.ptr<f32>) {
  // CHECK: tt.ptr_to_int %{{.*}} : !tt.ptr<f32> -> i64
  %0 = tt.ptr_to_int %p : !tt.ptr<f32> -> i64
  tt.return
}

// CHECK-LABEL: tt.func @load(
tt.func @load(%p: !tt.ptr<f32>, %p1: tensor<8x!tt.ptr<f32>>, %m: tensor<8xi1>, %o: tensor<8xf32>) {
  // CHECK: tt.load %{{.*}} {cachePolicy = #tt.cache_policy<cache_modifier = none, eviction_policy = evict_normal>} : !tt.ptr<f32>
  %0 = tt.load %p {cachePolicy = #tt.cache_policy<cache_modifier = none, eviction_policy = evict_normal>} : !tt.ptr<f32>
  // CHECK: tt.load %{{.*}} {cachePolicy = #tt.cache_policy<cache_modifier = ca, eviction_policy = evict_normal>} : !tt.ptr<f32>
  %1 = tt.load %p {cachePolicy = #tt.cache_policy<cache_modifier = ca, eviction_policy = evict_normal>} : !tt.ptr<f32>
  // CHECK: tt.load %{{.*}} {cachePolicy = #tt.cache_policy<cache_modifier = cg, eviction_policy = evict_normal>} : !tt.ptr<f32>
  %2 = tt.load %p {cachePolicy = #tt.cache_policy<cache_modifier = cg, eviction_policy = evict_normal>} : !tt.ptr<f32>
  // CHECK: tt.load %{{.*}} {cachePolicy = #tt.cache_policy<cache_modifier = cs, eviction_policy = evict_normal>} : !tt.ptr<f32>
  %3 = tt.load %p {cachePolicy = #tt.cache_policy<cache_modifier = cs, eviction_policy = evict_normal>} : !tt.ptr<f32>
  // CHECK: tt.load %{{.*}} {cachePolicy = #tt.cache_policy<cache_modifier = cv, eviction_policy = evict_normal>} : !tt.ptr<f32>
  %4 = tt.load %p {cachePolicy = #tt.cache_policy<cache_modifier = cv, eviction_policy = evict_normal>} : !tt.ptr<f32>
  // CHECK: tt.load %{{.*}} {cache = 3 : i32} : !tt.ptr<f32>
  %5 = tt.load %p {cache = 3 : i32} : !tt.ptr<f32>
  // CHECK: tt.load %{{.*}}, %{{.*}} : tensor<8x!tt.ptr<f32>>
  %6 = tt.load %p1, %m : tensor<8x!tt.ptr<f32>>
  // CHECK: tt.load %{{.*}}, %{{.*}}, %{{.*}} {isVolatile = true} : tensor<8x!tt.ptr<f32>>
  %7 = tt.load %p1, %m, %o {isVolatile = true} : tensor<8x!tt.ptr<f32>>
  tt.return
}

// CHECK-LABEL: tt.func @store(
tt.func @store(%p: !tt.ptr<f32>, %v: f32, %p1: tensor<8x!tt.ptr<f32>>, %m: tensor<8xi1>, %o: tensor<8xf32>) {
  // CHECK: tt.store %{{.*}}, %{{.*}} {cachePolicy = #tt.cache_policy<cache_modifier = cg, eviction_policy = evict_normal>} : !tt.ptr<f32>
  tt.store %p, %v {cachePolicy = #tt.cache_policy<cache_modifier = cg, eviction_policy = evict_normal>} : !tt.ptr<f32>
  // CHECK: tt.store %{{.*}}, %{{.*}} {cachePolicy = #tt.cache_policy<cache_modifier = cs, eviction_policy = evict_normal>} : !tt.ptr<f32>
  tt.store %p, %v {cachePolicy = #tt.cache_policy<cache_modifier = cs, eviction_policy = evict_normal>} : !tt.ptr<f32>
  // CHECK: tt.store %{{.*}}, %{{.*}} {cachePolicy = #tt.cache_policy<cache_modifier = wb, eviction_policy = evict_normal>} : !tt.ptr<f32>
  tt.store %p, %v {cachePolicy = #tt.cache_policy<cache_modifier = wb, eviction_policy = evict_normal>} : !tt.ptr<f32>
  // CHECK: tt.store %{{.*}}, %{{.*}} {cachePolicy = #tt.cache_policy<cache_modifier = wt, eviction_policy = evict_normal>} : !tt.ptr<f32>
  tt.store %p, %v {cachePolicy = #tt.cache_policy<cache_modifier = wt, eviction_policy = evict_normal>} : !tt.ptr<f32>
  // CHECK: tt.store %{{.*}}, %{{.*}} {ignore_cta} : !tt.ptr<f32>
  tt.store %p, %v {ignore_cta} : !tt.ptr<f32>
  // CHECK: tt.store %{{.*}}, %{{.*}}, %{{.*}} : tensor<8x!tt.ptr<f32>>
  tt.store %p1, %o, %m : tensor<8x!tt.ptr<f32>>
  tt.return
}

// CHECK-LABEL: tt.func @atomic_rmw(
tt.func @atomic_rmw(%p: !tt.ptr<f32>, %v: f32, %m: i1, %p1: !tt.ptr<i32>, %v1: i32, %p2: tensor<4x!tt.ptr<f32>>, %v2: tensor<4xf32>, %m1: tensor<4xi1>) {
  // CHECK: tt.atomic_rmw fadd, release, sys, %{{.*}}, %{{.*}}, %{{.*}} : (!tt.ptr<f32>, f32, i1) -> f32
  %0 = tt.atomic_rmw fadd, release, sys, %p, %v, %m : (!tt.ptr<f32>, f32, i1) -> f32
  // CHECK: tt.atomic_rmw fadd, release, sys, %{{.*}}, %{{.*}} : (!tt.ptr<f32>, f32) -> f32
  %1 = tt.atomic_rmw fadd, release, sys, %p, %v : (!tt.ptr<f32>, f32) -> f32
  // CHECK: tt.atomic_rmw add, release, sys, %{{.*}}, %{{.*}} : (!tt.ptr<f32>, f32) -> f32
  %2 = tt.atomic_rmw add, release, sys, %p, %v : (!tt.ptr<f32>, f32) -> f32
  // CHECK: tt.atomic_rmw fadd, release, sys, %{{.*}}, %{{.*}} : (!tt.ptr<i32>, i32) -> i32
  %3 = tt.atomic_rmw fadd, release, sys, %p1, %v1 : (!tt.ptr<i32>, i32) -> i32
  // CHECK: tt.atomic_rmw max, acquire, cta, %{{.*}}, %{{.*}}, %{{.*}} {a.b} : (tensor<4x!tt.ptr<f32>>, tensor<4xf32>, tensor<4xi1>) -> tensor<4xf32>
  %4 = tt.atomic_rmw max, acquire, cta, %p2, %v2, %m1 {a.b} : (tensor<4x!tt.ptr<f32>>, tensor<4xf32>, tensor<4xi1>) -> tensor<4xf32>
  tt.return
}

// CHECK-LABEL: tt.func @atomic_cas(
tt.func @atomic_cas(%p: !tt.ptr<i32>, %c: i32, %v: i32) {
  // CHECK: tt.atomic_cas acq_rel, gpu, %{{.*}}, %{{.*}}, %{{.*}} : (!tt.ptr<i32>, i32, i32) -> i32
  %0 = tt.atomic_cas acq_rel, gpu, %p, %c, %v : (!tt.ptr<i32>, i32, i32) -> i32
  tt.return
}

// CHECK-LABEL: tt.func @atomic_load(
tt.func @atomic_load(%p: !tt.ptr<i32>, %m: i1, %p1: !tt.ptr<f32>, %p2: !tt.ptr<i8>, %p3: !tt.ptr<i64>, %p4: !tt.ptr<f8E5M2>, %p5: tensor<4x!tt.ptr<i32>>, %m1: tensor<4xi1>) {
  // CHECK: tt.atomic_load acquire, gpu, %{{.*}}, %{{.*}} : (!tt.ptr<i32>, i1) -> i32
  %0 = tt.atomic_load acquire, gpu, %p, %m : (!tt.ptr<i32>, i1) -> i32
  // CHECK: tt.atomic_load relaxed, gpu, %{{.*}} : (!tt.ptr<i32>) -> i32
  %1 = tt.atomic_load relaxed, gpu, %p : (!tt.ptr<i32>) -> i32
  // CHECK: tt.atomic_load acquire, gpu, %{{.*}} : (!tt.ptr<f32>) -> f32
  %2 = tt.atomic_load acquire, gpu, %p1 : (!tt.ptr<f32>) -> f32
  // CHECK: tt.atomic_load acquire, gpu, %{{.*}} : (!tt.ptr<i8>) -> i8
  %3 = tt.atomic_load acquire, gpu, %p2 : (!tt.ptr<i8>) -> i8
  // CHECK: tt.atomic_load acquire, gpu, %{{.*}} : (!tt.ptr<i64>) -> i64
  %4 = tt.atomic_load acquire, gpu, %p3 : (!tt.ptr<i64>) -> i64
  // CHECK: tt.atomic_load acquire, gpu, %{{.*}} : (!tt.ptr<f8E5M2>) -> f8E5M2
  %5 = tt.atomic_load acquire, gpu, %p4 : (!tt.ptr<f8E5M2>) -> f8E5M2
  // CHECK: tt.atomic_load acquire, gpu, %{{.*}}, %{{.*}} : (tensor<4x!tt.ptr<i32>>, tensor<4xi1>) -> tensor<4xi32>
  %6 = tt.atomic_load acquire, gpu, %p5, %m1 : (tensor<4x!tt.ptr<i32>>, tensor<4xi1>) -> tensor<4xi32>
  tt.return
}

// CHECK-LABEL: tt.func @atomic_store(
tt.func @atomic_store(%p: !tt.ptr<i32>, %m: i1, %v: i32, %p1: !tt.ptr<i8>, %v1: i8) {
  // CHECK: tt.atomic_store release, gpu, %{{.*}}, %{{.*}}, %{{.*}} : !tt.ptr<i32>
  tt.atomic_store release, gpu, %p, %v, %m : !tt.ptr<i32>
  // CHECK: tt.atomic_store relaxed, gpu, %{{.*}}, %{{.*}} {a.b} : !tt.ptr<i32>
  tt.atomic_store relaxed, gpu, %p, %v {a.b} : !tt.ptr<i32>
  // CHECK: tt.atomic_store relaxed, gpu, %{{.*}}, %{{.*}} : !tt.ptr<i8>
  tt.atomic_store relaxed, gpu, %p1, %v1 : !tt.ptr<i8>
  tt.return
}

// CHECK-LABEL: tt.func @atomic_poll(
tt.func @atomic_poll(%p: !tt.ptr<i32>, %e: i32, %t: i64, %p1: !tt.ptr<i16>, %e1: i16, %p2: !tt.ptr<i64>, %e2: i64, %p3: tensor<4x!tt.ptr<i32>>, %e3: tensor<4xi32>) {
  // CHECK: tt.atomic_poll acquire, gpu, %{{.*}}, %{{.*}} timeout %{{.*}} : !tt.ptr<i32>, i32 -> i1
  %0 = tt.atomic_poll acquire, gpu, %p, %e timeout %t : !tt.ptr<i32>, i32 -> i1
  // CHECK: tt.atomic_poll relaxed, gpu, %{{.*}}, %{{.*}} {a.b} : !tt.ptr<i32>, i32 -> i1
  %1 = tt.atomic_poll relaxed, gpu, %p, %e {a.b} : !tt.ptr<i32>, i32 -> i1
  // CHECK: tt.atomic_poll relaxed, gpu, %{{.*}}, %{{.*}} : !tt.ptr<i16>, i16 -> i1
  %2 = tt.atomic_poll relaxed, gpu, %p1, %e1 : !tt.ptr<i16>, i16 -> i1
  // CHECK: tt.atomic_poll relaxed, gpu, %{{.*}}, %{{.*}} : !tt.ptr<i64>, i64 -> i1
  %3 = tt.atomic_poll relaxed, gpu, %p2, %e2 : !tt.ptr<i64>, i64 -> i1
  // CHECK: tt.atomic_poll relaxed, cta, %{{.*}}, %{{.*}} : tensor<4x!tt.ptr<i32>>, tensor<4xi32> -> tensor<4xi1>
  %4 = tt.atomic_poll relaxed, cta, %p3, %e3 : tensor<4x!tt.ptr<i32>>, tensor<4xi32> -> tensor<4xi1>
  // CHECK: tt.atomic_poll relaxed, gpu, %{{.*}}, %{{.*}} : !tt.ptr<i32>, i32 -> i1
  %5 = "tt.atomic_poll"(%p, %e) <{sem = 1 : i32, scope = 1 : i32}> : (!tt.ptr<i32>, i32) -> i1
  // CHECK: tt.atomic_poll relaxed, gpu, %{{.*}}, %{{.*}} timeout %{{.*}} : !tt.ptr<i32>, i32 -> i1
  %6 = "tt.atomic_poll"(%p, %e, %t) <{sem = 1 : i32, scope = 1 : i32}> : (!tt.ptr<i32>, i32, i64) -> i1
  tt.return
}

// CHECK-LABEL: tt.func @bitcast(
tt.func @bitcast(%x: f32, %x1: !tt.ptr<f32>, %x2: tensor<4xf32>, %x3: i1) {
  // CHECK: tt.bitcast %{{.*}} : f32 -> i32
  %0 = tt.bitcast %x : f32 -> i32
  // CHECK: tt.bitcast %{{.*}} : !tt.ptr<f32> -> !tt.ptr<i8>
  %1 = tt.bitcast %x1 : !tt.ptr<f32> -> !tt.ptr<i8>
  // CHECK: tt.bitcast %{{.*}} : tensor<4xf32> -> tensor<4xi32>
  %2 = tt.bitcast %x2 : tensor<4xf32> -> tensor<4xi32>
  // CHECK: tt.bitcast %{{.*}} : i1 -> i1
  %3 = tt.bitcast %x3 : i1 -> i1
  tt.return
}

// CHECK-LABEL: tt.func @fp_to_fp(
tt.func @fp_to_fp(%x: f32, %x1: f16, %x2: tensor<4xf8E5M2>) {
  // CHECK: tt.fp_to_fp %{{.*}}, rounding = rtz : f32 -> f16
  %0 = tt.fp_to_fp %x, rounding = rtz : f32 -> f16
  // CHECK: tt.fp_to_fp %{{.*}} {a.b = 1 : i32}, rounding = rtne : f32 -> f8E4M3FN
  %1 = tt.fp_to_fp %x {a.b = 1 : i32}, rounding = rtne : f32 -> f8E4M3FN
  // CHECK: tt.fp_to_fp %{{.*}}, rounding = rtz : f16 -> f32
  %2 = tt.fp_to_fp %x1, rounding = rtz : f16 -> f32
  // CHECK: tt.fp_to_fp %{{.*}} : f16 -> f32
  %3 = tt.fp_to_fp %x1 : f16 -> f32
  // CHECK: tt.fp_to_fp %{{.*}} : f16 -> bf16
  %4 = tt.fp_to_fp %x1 : f16 -> bf16
  // CHECK: tt.fp_to_fp %{{.*}}, rounding = rtz : f16 -> bf16
  %5 = tt.fp_to_fp %x1, rounding = rtz : f16 -> bf16
  // CHECK: tt.fp_to_fp %{{.*}} : f16 -> f16
  %6 = tt.fp_to_fp %x1 : f16 -> f16
  // CHECK: tt.fp_to_fp %{{.*}} : tensor<4xf8E5M2> -> tensor<4xf32>
  %7 = tt.fp_to_fp %x2 : tensor<4xf8E5M2> -> tensor<4xf32>
  // CHECK: tt.fp_to_fp %{{.*}} : tensor<4xf8E5M2> -> tensor<4xf8E4M3FN>
  %8 = tt.fp_to_fp %x2 : tensor<4xf8E5M2> -> tensor<4xf8E4M3FN>
  tt.return
}

// CHECK-LABEL: tt.func @clampf(
tt.func @clampf(%x: f32) {
  // CHECK: tt.clampf %{{.*}}, %{{.*}}, %{{.*}}, propagateNan = all : f32
  %0 = tt.clampf %x, %x, %x, propagateNan = all : f32
  // CHECK: tt.clampf %{{.*}}, %{{.*}}, %{{.*}}, propagateNan = all {a.b = 1 : i32} : f32
  %1 = tt.clampf %x, %x, %x, propagateNan = all {a.b = 1 : i32} : f32
  tt.return
}

// CHECK-LABEL: tt.func @precise_sqrt(
tt.func @precise_sqrt(%x: f16) {
  // CHECK: tt.precise_sqrt %{{.*}} : f16
  %0 = tt.precise_sqrt %x : f16
  tt.return
}

// CHECK-LABEL: tt.func @precise_divf(
tt.func @precise_divf(%x: tensor<4xf32>, %y: tensor<4xf32>) {
  // CHECK: tt.precise_divf %{{.*}}, %{{.*}} : tensor<4xf32>
  %0 = tt.precise_divf %x, %y : tensor<4xf32>
  tt.return
}

// CHECK-LABEL: tt.func @approx_divf(
tt.func @approx_divf(%x: tensor<4xf32>) {
  // CHECK: tt.approx_divf %{{.*}}, %{{.*}} : tensor<4xf32>
  %0 = tt.approx_divf %x, %x : tensor<4xf32>
  tt.return
}

// CHECK-LABEL: tt.func @mulhiui(
tt.func @mulhiui(%x: i8) {
  // CHECK: tt.mulhiui %{{.*}}, %{{.*}} : i8
  %0 = tt.mulhiui %x, %x : i8
  tt.return
}

// CHECK-LABEL: tt.func @dot(
tt.func @dot(%a: tensor<16x16xf16>, %b: tensor<16x16xf16>, %c: tensor<16x16xf32>, %b1: tensor<16x16xbf16>, %a1: tensor<16x16xf8E5M2>, %b2: tensor<16x16xf8E4M3FN>, %a2: tensor<16x16xi8>, %b3: tensor<16x16xi8>, %c1: tensor<16x16xi32>, %a3: tensor<16x16xi4>, %b4: tensor<16x16xi4>, %a4: tensor<16x16xi1>, %b5: tensor<16x16xi1>, %b6: tensor<16x16xi16>, %a5: tensor<2x16x16xf16>, %b7: tensor<2x16x16xf16>, %c2: tensor<2x16x16xf32>, %a6: tensor<4x4xf16>, %b8: tensor<4x4xf16>, %c3: tensor<4x4xf32>, %a7: tensor<4x4xf64>, %b9: tensor<4x4xf64>) {
  // CHECK: tt.dot %{{.*}}, %{{.*}}, %{{.*}}, inputPrecision = tf32 {maxNumImpreciseAcc = 3 : i32} : tensor<16x16xf16> * tensor<16x16xf16> -> tensor<16x16xf32>
  %0 = tt.dot %a, %b, %c, inputPrecision = tf32 {maxNumImpreciseAcc = 3 : i32} : tensor<16x16xf16> * tensor<16x16xf16> -> tensor<16x16xf32>
  // CHECK: tt.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<16x16xf16> * tensor<16x16xf16> -> tensor<16x16xf32>
  %1 = tt.dot %a, %b, %c, inputPrecision = ieee : tensor<16x16xf16> * tensor<16x16xf16> -> tensor<16x16xf32>
  // CHECK: tt.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<16x16xf16> * tensor<16x16xbf16> -> tensor<16x16xf32>
  %2 = tt.dot %a, %b1, %c : tensor<16x16xf16> * tensor<16x16xbf16> -> tensor<16x16xf32>
  // CHECK: tt.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<16x16xf8E5M2> * tensor<16x16xf8E4M3FN> -> tensor<16x16xf32>
  %3 = tt.dot %a1, %b2, %c : tensor<16x16xf8E5M2> * tensor<16x16xf8E4M3FN> -> tensor<16x16xf32>
  // CHECK: tt.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<16x16xi8> * tensor<16x16xi8> -> tensor<16x16xi32>
  %4 = tt.dot %a2, %b3, %c1 : tensor<16x16xi8> * tensor<16x16xi8> -> tensor<16x16xi32>
  // CHECK: tt.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<16x16xi8> * tensor<16x16xi8> -> tensor<16x16xf32>
  %5 = tt.dot %a2, %b3, %c : tensor<16x16xi8> * tensor<16x16xi8> -> tensor<16x16xf32>
  // CHECK: tt.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<16x16xf16> * tensor<16x16xf16> -> tensor<16x16xi32>
  %6 = tt.dot %a, %b, %c1 : tensor<16x16xf16> * tensor<16x16xf16> -> tensor<16x16xi32>
  // CHECK: tt.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<16x16xi4> * tensor<16x16xi4> -> tensor<16x16xi32>
  %7 = tt.dot %a3, %b4, %c1 : tensor<16x16xi4> * tensor<16x16xi4> -> tensor<16x16xi32>
  // CHECK: tt.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<16x16xi1> * tensor<16x16xi1> -> tensor<16x16xi32>
  %8 = tt.dot %a4, %b5, %c1 : tensor<16x16xi1> * tensor<16x16xi1> -> tensor<16x16xi32>
  // CHECK: tt.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<16x16xf16> * tensor<16x16xi16> -> tensor<16x16xf32>
  %9 = tt.dot %a, %b6, %c : tensor<16x16xf16> * tensor<16x16xi16> -> tensor<16x16xf32>
  // CHECK: tt.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<2x16x16xf16> * tensor<2x16x16xf16> -> tensor<2x16x16xf32>
  %10 = tt.dot %a5, %b7, %c2 : tensor<2x16x16xf16> * tensor<2x16x16xf16> -> tensor<2x16x16xf32>
  // CHECK: tt.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<16x16xf16> * tensor<16x16xf16> -> tensor<16x16xf32>
  %11 = "tt.dot"(%a, %b, %c) : (tensor<16x16xf16>, tensor<16x16xf16>, tensor<16x16xf32>) -> tensor<16x16xf32>
  // CHECK: tt.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<4x4xf16> * tensor<4x4xf16> -> tensor<4x4xf32>
  %12 = tt.dot %a6, %b8, %c3 : tensor<4x4xf16> * tensor<4x4xf16> -> tensor<4x4xf32>
  // CHECK: tt.dot %{{.*}}, %{{.*}}, %{{.*}} : tensor<4x4xf64> * tensor<4x4xf64> -> tensor<4x4xf32>
  %13 = tt.dot %a7, %b9, %c3 : tensor<4x4xf64> * tensor<4x4xf64> -> tensor<4x4xf32>
  tt.return
}

// CHECK-LABEL: tt.func @dot_scaled(
tt.func @dot_scaled(%a: tensor<16x64xf8E5M2>, %b: tensor<64x16xf8E5M2>, %c: tensor<16x16xf32>, %s: tensor<16x2xi8>, %s1: tensor<16x4xi8>, %a1: tensor<16x32xi8>, %s2: tensor<16x4xf8E4M3FN>, %a2: tensor<16x64xbf16>, %a3: tensor<16x64xf16>, %a4: tensor<8x64xi8>, %a5: tensor<16x64xi8>, %b1: tensor<64x8xi8>, %a6: tensor<2x16x64xf8E5M2>, %b2: tensor<2x64x16xf8E5M2>, %c1: tensor<2x16x16xf32>, %s3: tensor<2x16x2xi8>) {
  // CHECK: tt.dot_scaled %{{.*}} scale %{{.*}}, %{{.*}} scale %{{.*}}, %{{.*}} lhs = e5m2 rhs = e5m2 {fastMath = false} : tensor<16x64xf8E5M2>, tensor<16x2xi8> * tensor<64x16xf8E5M2>, tensor<16x2xi8> -> tensor<16x16xf32>
  %0 = tt.dot_scaled %a scale %s, %b scale %s, %c lhs = e5m2 rhs = e5m2 {fastMath = false} : tensor<16x64xf8E5M2>, tensor<16x2xi8> * tensor<64x16xf8E5M2>, tensor<16x2xi8> -> tensor<16x16xf32>
  // CHECK: tt.dot_scaled %{{.*}} scale %{{.*}}, %{{.*}}, %{{.*}} lhs = e5m2 rhs = e5m2 {fastMath = true, lhs_k_pack = false} : tensor<16x64xf8E5M2>, tensor<16x2xi8> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  %1 = tt.dot_scaled %a scale %s, %b, %c lhs = e5m2 rhs = e5m2 {fastMath = true, lhs_k_pack = false} : tensor<16x64xf8E5M2>, tensor<16x2xi8> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  // CHECK: tt.dot_scaled %{{.*}}, %{{.*}}, %{{.*}} lhs = e5m2 rhs = e5m2 {fastMath = true} : tensor<16x64xf8E5M2> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  %2 = tt.dot_scaled %a, %b, %c lhs = e5m2 rhs = e5m2 {fastMath = true} : tensor<16x64xf8E5M2> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  // CHECK: tt.dot_scaled %{{.*}} scale %{{.*}}, %{{.*}}, %{{.*}} lhs = e5m2 rhs = e5m2 {fastMath = true} : tensor<16x64xf8E5M2>, tensor<16x4xi8> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  %3 = tt.dot_scaled %a scale %s1, %b, %c lhs = e5m2 rhs = e5m2 {fastMath = true} : tensor<16x64xf8E5M2>, tensor<16x4xi8> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  // CHECK: tt.dot_scaled %{{.*}} scale %{{.*}}, %{{.*}}, %{{.*}} lhs = e2m1 rhs = e5m2 {fastMath = true} : tensor<16x32xi8>, tensor<16x2xi8> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  %4 = tt.dot_scaled %a1 scale %s, %b, %c lhs = e2m1 rhs = e5m2 {fastMath = true} : tensor<16x32xi8>, tensor<16x2xi8> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  // CHECK: tt.dot_scaled %{{.*}} scale %{{.*}}, %{{.*}}, %{{.*}} lhs = e2m1 rhs = e5m2 {fastMath = true} : tensor<16x32xi8>, tensor<16x4xf8E4M3FN> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  %5 = tt.dot_scaled %a1 scale %s2, %b, %c lhs = e2m1 rhs = e5m2 {fastMath = true} : tensor<16x32xi8>, tensor<16x4xf8E4M3FN> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  // CHECK: tt.dot_scaled %{{.*}}, %{{.*}} scale %{{.*}}, %{{.*}} lhs = bf16 rhs = e5m2 {fastMath = true} : tensor<16x64xbf16> * tensor<64x16xf8E5M2>, tensor<16x2xi8> -> tensor<16x16xf32>
  %6 = tt.dot_scaled %a2, %b scale %s, %c lhs = bf16 rhs = e5m2 {fastMath = true} : tensor<16x64xbf16> * tensor<64x16xf8E5M2>, tensor<16x2xi8> -> tensor<16x16xf32>
  // CHECK: tt.dot_scaled %{{.*}}, %{{.*}} scale %{{.*}}, %{{.*}} lhs = e4m3 rhs = e5m2 {fastMath = true} : tensor<16x64xf16> * tensor<64x16xf8E5M2>, tensor<16x2xi8> -> tensor<16x16xf32>
  %7 = tt.dot_scaled %a3, %b scale %s, %c lhs = e4m3 rhs = e5m2 {fastMath = true} : tensor<16x64xf16> * tensor<64x16xf8E5M2>, tensor<16x2xi8> -> tensor<16x16xf32>
  // CHECK: tt.dot_scaled %{{.*}} scale %{{.*}}, %{{.*}}, %{{.*}} lhs = e2m1 rhs = e5m2 {fastMath = true, lhs_k_pack = false} : tensor<8x64xi8>, tensor<16x2xi8> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  %8 = tt.dot_scaled %a4 scale %s, %b, %c lhs = e2m1 rhs = e5m2 {fastMath = true, lhs_k_pack = false} : tensor<8x64xi8>, tensor<16x2xi8> * tensor<64x16xf8E5M2> -> tensor<16x16xf32>
  // CHECK: tt.dot_scaled %{{.*}} scale %{{.*}}, %{{.*}} scale %{{.*}}, %{{.*}} lhs = e4m3 rhs = e2m1 {fastMath = true, rhs_k_pack = false} : tensor<16x64xi8>, tensor<16x2xi8> * tensor<64x8xi8>, tensor<16x2xi8> -> tensor<16x16xf32>
  %9 = tt.dot_scaled %a5 scale %s, %b1 scale %s, %c lhs = e4m3 rhs = e2m1 {fastMath = true, rhs_k_pack = false} : tensor<16x64xi8>, tensor<16x2xi8> * tensor<64x8xi8>, tensor<16x2xi8> -> tensor<16x16xf32>
  // CHECK: tt.dot_scaled %{{.*}} scale %{{.*}}, %{{.*}}, %{{.*}} lhs = e5m2 rhs = e5m2 {fastMath = true} : tensor<2x16x64xf8E5M2>, tensor<2x16x2xi8> * tensor<2x64x16xf8E5M2> -> tensor<2x16x16xf32>
  %10 = tt.dot_scaled %a6 scale %s3, %b2, %c1 lhs = e5m2 rhs = e5m2 {fastMath = true} : tensor<2x16x64xf8E5M2>, tensor<2x16x2xi8> * tensor<2x64x16xf8E5M2> -> tensor<2x16x16xf32>
  tt.return
}

// CHECK-LABEL: tt.func @reduce(
tt.func @reduce(%x: tensor<4x8xf32>, %x1: tensor<8xf32>, %x2: tensor<8x4xf32>, %y: tensor<8x4xi32>) {
  // CHECK: "tt.reduce"(%{{.*}}) <{axis = 1 : i32}> ({
  // CHECK: ^bb0(%{{.*}}: f32, %{{.*}}: f32):
  // CHECK: tt.reduce.return %{{.*}} : f32
  %0 = "tt.reduce"(%x) <{axis = 1 : i32}> ({
  ^bb0(%l: f32, %r: f32):
    tt.reduce.return %l : f32
  }) : (tensor<4x8xf32>) -> tensor<4xf32>
  // CHECK: "tt.reduce"(%{{.*}}) <{axis = 0 : i32}> ({
  // CHECK: ^bb0(%{{.*}}: f32, %{{.*}}: f32):
  // CHECK: tt.reduce.return %{{.*}} : f32
  %1 = "tt.reduce"(%x1) <{axis = 0 : i32}> ({
  ^bb0(%l: f32, %r: f32):
    tt.reduce.return %l : f32
  }) {a.b = 3 : i32} : (tensor<8xf32>) -> f32
  // CHECK: "tt.reduce"(%{{.*}}) <{axis = 0 : i32}> ({
  // CHECK: ^bb0(%{{.*}}: f32, %{{.*}}: f32):
  // CHECK: tt.reduce.return %{{.*}} : f32
  %2 = "tt.reduce"(%x1) ({
  ^bb0(%l: f32, %r: f32):
    tt.reduce.return %l : f32
  }) {axis = 0 : i32} : (tensor<8xf32>) -> f32
  // CHECK: "tt.reduce"(%{{.*}}, %{{.*}}) <{axis = 0 : i32}> ({
  // CHECK: ^bb0(%{{.*}}: f32, %{{.*}}: i32, %{{.*}}: f32, %{{.*}}: i32):
  // CHECK: tt.reduce.return %{{.*}}, %{{.*}} : f32, i32
  %3:2 = "tt.reduce"(%x2, %y) <{axis = 0 : i32}> ({
  ^bb0(%l: f32, %i: i32, %r: f32, %j: i32):
    tt.reduce.return %l, %j : f32, i32
  }) : (tensor<8x4xf32>, tensor<8x4xi32>) -> (tensor<4xf32>, tensor<4xi32>)
  tt.return
}

// CHECK-LABEL: tt.func @scan(
tt.func @scan(%x: tensor<4x8xf32>, %x1: tensor<8x4xf32>, %y: tensor<8x4xi32>) {
  // CHECK: "tt.scan"(%{{.*}}) <{axis = 1 : i32, reverse = false}> ({
  // CHECK: ^bb0(%{{.*}}: f32, %{{.*}}: f32):
  // CHECK: tt.scan.return %{{.*}} : f32
  %0 = "tt.scan"(%x) <{axis = 1 : i32, reverse = false}> ({
  ^bb0(%l: f32, %r: f32):
    tt.scan.return %l : f32
  }) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: "tt.scan"(%{{.*}}, %{{.*}}) <{axis = 0 : i32, reverse = true}> ({
  // CHECK: ^bb0(%{{.*}}: f32, %{{.*}}: i32, %{{.*}}: f32, %{{.*}}: i32):
  // CHECK: tt.scan.return %{{.*}}, %{{.*}} : f32, i32
  %1:2 = "tt.scan"(%x1, %y) <{axis = 0 : i32, reverse = true}> ({
  ^bb0(%l: f32, %i: i32, %r: f32, %j: i32):
    tt.scan.return %l, %j : f32, i32
  }) : (tensor<8x4xf32>, tensor<8x4xi32>) -> (tensor<8x4xf32>, tensor<8x4xi32>)
  tt.return
}

// CHECK-LABEL: tt.func @map_elementwise(
tt.func @map_elementwise(%x: tensor<4x8xf32>, %y: tensor<4x8xi32>, %p: !tt.ptr<f32>) {
  // CHECK: "tt.map_elementwise"(%{{.*}}) <{pack = 1 : i32}> ({
  // CHECK: ^bb0(%{{.*}}: f32):
  // CHECK: tt.map_elementwise.return %{{.*}} : f32
  %0 = "tt.map_elementwise"(%x) <{pack = 1 : i32}> ({
  ^bb0(%l: f32):
    tt.map_elementwise.return %l : f32
  }) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: "tt.map_elementwise"(%{{.*}}) <{pack = 2 : i32}> ({
  // CHECK: ^bb0(%{{.*}}: f32, %{{.*}}: f32):
  // CHECK: tt.map_elementwise.return %{{.*}}, %{{.*}} : f32, f32
  %1 = "tt.map_elementwise"(%x) <{pack = 2 : i32}> ({
  ^bb0(%l: f32, %m: f32):
    tt.map_elementwise.return %l, %m : f32, f32
  }) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: "tt.map_elementwise"(%{{.*}}, %{{.*}}) <{pack = 2 : i32}> ({
  // CHECK: ^bb0(%{{.*}}: f32, %{{.*}}: f32, %{{.*}}: i32, %{{.*}}: i32):
  // CHECK: tt.map_elementwise.return %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : i32, i32, f32, f32
  %2:2 = "tt.map_elementwise"(%x, %y) <{pack = 2 : i32}> ({
  ^bb0(%l: f32, %m: f32, %a: i32, %b: i32):
    tt.map_elementwise.return %a, %b, %l, %m : i32, i32, f32, f32
  }) : (tensor<4x8xf32>, tensor<4x8xi32>) -> (tensor<4x8xi32>, tensor<4x8xf32>)
  // CHECK: "tt.map_elementwise"(%{{.*}}) <{pack = 1 : i32}> ({
  // CHECK: ^bb0(%{{.*}}: f32):
  // CHECK: tt.load %{{.*}} : !tt.ptr<f32>
  // CHECK: tt.map_elementwise.return %{{.*}} : f32
  %3 = "tt.map_elementwise"(%x) <{pack = 1 : i32}> ({
  ^bb0(%l: f32):
    %z = tt.load %p : !tt.ptr<f32>
    tt.map_elementwise.return %z : f32
  }) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  tt.return
}

// CHECK-LABEL: tt.func @extern_elementwise(
tt.func @extern_elementwise(%x: tensor<4xf32>, %y: f32, %x1: f32) {
  // CHECK: tt.extern_elementwise %{{.*}} {libname = "libdevice", libpath = "", pure = true, symbol = "__nv_sinf"} : (tensor<4xf32>) -> tensor<4xf32>
  %0 = tt.extern_elementwise %x {libname = "libdevice", libpath = "", pure = true, symbol = "__nv_sinf"} : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: tt.extern_elementwise %{{.*}}, %{{.*}} {libname = "libdevice", libpath = "", pure = true, symbol = "__nv_sinf"} : (tensor<4xf32>, f32) -> tensor<4xf32>
  %1 = tt.extern_elementwise %x, %y {libname = "libdevice", libpath = "", pure = true, symbol = "__nv_sinf"} : (tensor<4xf32>, f32) -> tensor<4xf32>
  // CHECK: tt.extern_elementwise %{{.*}}, %{{.*}} {libname = "libdevice", libpath = "", pure = true, symbol = "__nv_sinf"} : (f32, f32) -> f32
  %2 = tt.extern_elementwise %x1, %x1 {libname = "libdevice", libpath = "", pure = true, symbol = "__nv_sinf"} : (f32, f32) -> f32
  // CHECK: tt.extern_elementwise  {libname = "libdevice", libpath = "", pure = true, symbol = "__nv_sinf"} : () -> f32
  %3 = tt.extern_elementwise {libname = "libdevice", libpath = "", pure = true, symbol = "__nv_sinf"} : () -> f32
  tt.return
}

// CHECK-LABEL: tt.func @elementwise_inline_asm(
tt.func @elementwise_inline_asm(%x: tensor<4xf32>, %x1: f32) {
  // CHECK: tt.elementwise_inline_asm "foo" {constraints = "=r,r", packed_element = 1 : i32, pure = true} %{{.*}} : tensor<4xf32> -> tensor<4xf32>
  %0 = tt.elementwise_inline_asm "foo" {constraints = "=r,r", packed_element = 1 : i32, pure = true} %x : tensor<4xf32> -> tensor<4xf32>
  // CHECK: tt.elementwise_inline_asm "foo\0A\22" {constraints = "=r,r", packed_element = 1 : i32, pure = true} %{{.*}}, %{{.*}} : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>, tensor<4xi32>
  %1:2 = tt.elementwise_inline_asm "foo\0A\22" {constraints = "=r,r", packed_element = 1 : i32, pure = true} %x, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>, tensor<4xi32>
  // CHECK: tt.elementwise_inline_asm "foo" {constraints = "=r,r", packed_element = 1 : i32, pure = true} -> f32
  %2 = tt.elementwise_inline_asm "foo" {constraints = "=r,r", packed_element = 1 : i32, pure = true} -> f32
  // CHECK: tt.elementwise_inline_asm "foo" {constraints = "=r,r", packed_element = 4 : i32, pure = true} %{{.*}} : f32 -> f32
  %3 = tt.elementwise_inline_asm "foo" {constraints = "=r,r", packed_element = 4 : i32, pure = true} %x1 : f32 -> f32
  tt.return
}

// CHECK-LABEL: tt.func @histogram(
tt.func @histogram(%x: tensor<8xi32>, %m: tensor<8xi1>, %x1: tensor<8x2xi32>) {
  // CHECK: tt.histogram %{{.*}}, %{{.*}} : tensor<8xi32> -> tensor<16xi32>
  %0 = tt.histogram %x, %m : tensor<8xi32> -> tensor<16xi32>
  // CHECK: tt.histogram %{{.*}} : tensor<8xi32> -> tensor<16xi32>
  %1 = tt.histogram %x : tensor<8xi32> -> tensor<16xi32>
  // CHECK: tt.histogram %{{.*}} : tensor<8x2xi32> -> tensor<16x2xi64>
  %2 = tt.histogram %x1 : tensor<8x2xi32> -> tensor<16x2xi64>
  tt.return
}

// CHECK-LABEL: tt.func @gather(
tt.func @gather(%x: tensor<8x4xf32>, %i: tensor<2x4xi32>, %i1: tensor<2x4xi64>) {
  // CHECK: tt.gather %{{.*}}[%{{.*}}] {axis = 0 : i32} : (tensor<8x4xf32>, tensor<2x4xi32>) -> tensor<2x4xf32>
  %0 = tt.gather %x[%i] {axis = 0 : i32} : (tensor<8x4xf32>, tensor<2x4xi32>) -> tensor<2x4xf32>
  // CHECK: tt.gather %{{.*}}[%{{.*}}] {axis = 0 : i32, efficient_layout} : (tensor<8x4xf32>, tensor<2x4xi32>) -> tensor<2x4xf32>
  %1 = tt.gather %x[%i] {axis = 0 : i32, efficient_layout} : (tensor<8x4xf32>, tensor<2x4xi32>) -> tensor<2x4xf32>
  // CHECK: tt.gather %{{.*}}[%{{.*}}] {axis = 0 : i32} : (tensor<8x4xf32>, tensor<2x4xi64>) -> tensor<2x4xf32>
  %2 = tt.gather %x[%i1] {axis = 0 : i32} : (tensor<8x4xf32>, tensor<2x4xi64>) -> tensor<2x4xf32>
  tt.return
}

// CHECK-LABEL: tt.func @make_tensor_descriptor(
tt.func @make_tensor_descriptor(%b: !tt.ptr<f16>, %s: i32, %t: i64, %b1: !tt.ptr<i8>) {
  // CHECK: tt.make_tensor_descriptor %{{.*}}, [%{{.*}}, %{{.*}}], [%{{.*}}, %{{.*}}] : <f16>, <4x8xf16>
  %0 = tt.make_tensor_descriptor %b, [%s, %s], [%t, %t] : <f16>, <4x8xf16>
  // CHECK: tt.make_tensor_descriptor %{{.*}}, [%{{.*}}, %{{.*}}], [%{{.*}}, %{{.*}}] {padding = 2 : i32} : <f16>, <4x8xf16>
  %1 = tt.make_tensor_descriptor %b, [%s, %s], [%t, %t] {padding = 2 : i32} : !tt.ptr<f16>, !tt.tensordesc<4x8xf16>
  // CHECK: tt.make_tensor_descriptor %{{.*}}, [%{{.*}}, %{{.*}}], [%{{.*}}, %{{.*}}] : <f16>, <4x8xf16>
  %2 = tt.make_tensor_descriptor %b, [%s, %s], [%t, %t] {padding = 1 : i32} : !tt.ptr<f16>, !tt.tensordesc<4x8xf16>
  // CHECK: tt.make_tensor_descriptor %{{.*}}, [%{{.*}}], [%{{.*}}] : <i8>, <4xui8>
  %3 = tt.make_tensor_descriptor %b1, [%s], [%t] : <i8>, <4xui8>
  tt.return
}

// CHECK-LABEL: tt.func @descriptor_load(
tt.func @descriptor_load(%d: !tt.tensordesc<4x8xf16>, %i: i32, %d1: !tt.tensordesc<1x8xf16>, %d2: !tt.tensordesc<1x1x4x8xf16>, %d3: !tt.tensordesc<4x1x8xf16>, %d4: !tt.tensordesc<4x8xui8>, %d5: !tt.tensordesc<8xi1>) {
  // CHECK: tt.descriptor_load %{{.*}}[%{{.*}}, %{{.*}}] : !tt.tensordesc<4x8xf16> -> tensor<4x8xf16>
  %0 = tt.descriptor_load %d[%i, %i] : !tt.tensordesc<4x8xf16> -> tensor<4x8xf16>
  // CHECK: tt.descriptor_load %{{.*}}[%{{.*}}, %{{.*}}] {cachePolicy = #tt.cache_policy<cache_modifier = cg, eviction_policy = evict_first>} : !tt.tensordesc<4x8xf16> -> tensor<4x8xf16>
  %1 = tt.descriptor_load %d[%i, %i] {cachePolicy = #tt.cache_policy<cache_modifier = cg, eviction_policy = evict_first>} : !tt.tensordesc<4x8xf16> -> tensor<4x8xf16>
  // CHECK: tt.descriptor_load %{{.*}}[%{{.*}}, %{{.*}}] {cachePolicy = #tt.cache_policy<cache_modifier = wb, eviction_policy = evict_first>} : !tt.tensordesc<4x8xf16> -> tensor<4x8xf16>
  %2 = tt.descriptor_load %d[%i, %i] {cachePolicy = #tt.cache_policy<cache_modifier = wb, eviction_policy = evict_first>} : !tt.tensordesc<4x8xf16> -> tensor<4x8xf16>
  // CHECK: tt.descriptor_load %{{.*}}[%{{.*}}, %{{.*}}] : !tt.tensordesc<4x8xf16> -> tensor<8x4xf16>
  %3 = tt.descriptor_load %d[%i, %i] : !tt.tensordesc<4x8xf16> -> tensor<8x4xf16>
  // CHECK: tt.descriptor_load %{{.*}}[%{{.*}}, %{{.*}}] : !tt.tensordesc<4x8xf16> -> tensor<32xf16>
  %4 = tt.descriptor_load %d[%i, %i] : !tt.tensordesc<4x8xf16> -> tensor<32xf16>
  // CHECK: tt.descriptor_load %{{.*}}[%{{.*}}, %{{.*}}] : !tt.tensordesc<1x8xf16> -> tensor<8xf16>
  %5 = tt.descriptor_load %d1[%i, %i] : !tt.tensordesc<1x8xf16> -> tensor<8xf16>
  // CHECK: tt.descriptor_load %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}] : !tt.tensordesc<1x1x4x8xf16> -> tensor<4x8xf16>
  %6 = tt.descriptor_load %d2[%i, %i, %i, %i] : !tt.tensordesc<1x1x4x8xf16> -> tensor<4x8xf16>
  // CHECK: tt.descriptor_load %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] : !tt.tensordesc<4x1x8xf16> -> tensor<4x8xf16>
  %7 = tt.descriptor_load %d3[%i, %i, %i] : !tt.tensordesc<4x1x8xf16> -> tensor<4x8xf16>
  // CHECK: tt.descriptor_load %{{.*}}[%{{.*}}, %{{.*}}] : !tt.tensordesc<4x8xf16> -> tensor<1x4x8xf16>
  %8 = tt.descriptor_load %d[%i, %i] : !tt.tensordesc<4x8xf16> -> tensor<1x4x8xf16>
  // CHECK: tt.descriptor_load %{{.*}}[%{{.*}}, %{{.*}}] : !tt.tensordesc<4x8xui8> -> tensor<4x8xi8>
  %9 = tt.descriptor_load %d4[%i, %i] : !tt.tensordesc<4x8xui8> -> tensor<4x8xi8>
  // CHECK: tt.descriptor_load %{{.*}}[%{{.*}}, %{{.*}}] : !tt.tensordesc<4x8xf16> -> tensor<2x4x4xf16>
  %10 = tt.descriptor_load %d[%i, %i] : !tt.tensordesc<4x8xf16> -> tensor<2x4x4xf16>
  // CHECK: tt.descriptor_load %{{.*}}[%{{.*}}, %{{.*}}] {cachePolicy = 3 : i32} : !tt.tensordesc<4x8xf16> -> tensor<4x8xf16>
  %11 = tt.descriptor_load %d[%i, %i] {cachePolicy = 3 : i32} : !tt.tensordesc<4x8xf16> -> tensor<4x8xf16>
  // CHECK: tt.descriptor_load %{{.*}}[%{{.*}}] : !tt.tensordesc<8xi1> -> tensor<8xi1>
  %12 = tt.descriptor_load %d5[%i] : !tt.tensordesc<8xi1> -> tensor<8xi1>
  tt.return
}

// CHECK-LABEL: tt.func @descriptor_store(
tt.func @descriptor_store(%d: !tt.tensordesc<4x8xf16>, %x: tensor<4x8xf16>, %i: i32, %x1: tensor<8x4xf16>) {
  // CHECK: tt.descriptor_store %{{.*}}[%{{.*}}, %{{.*}}], %{{.*}} : !tt.tensordesc<4x8xf16>, tensor<4x8xf16>
  tt.descriptor_store %d[%i, %i], %x : !tt.tensordesc<4x8xf16>, tensor<4x8xf16>
  // CHECK: tt.descriptor_store %{{.*}}[%{{.*}}, %{{.*}}], %{{.*}} : !tt.tensordesc<4x8xf16>, tensor<8x4xf16>
  tt.descriptor_store %d[%i, %i], %x1 : !tt.tensordesc<4x8xf16>, tensor<8x4xf16>
  tt.return
}

// CHECK-LABEL: tt.func @descriptor_reduce(
tt.func @descriptor_reduce(%d: !tt.tensordesc<4x8xf16>, %x: tensor<4x8xf16>, %i: i32, %x1: tensor<8x4xf16>, %d1: !tt.tensordesc<4x8xi32>, %x2: tensor<4x8xi32>) {
  // CHECK: tt.descriptor_reduce add, %{{.*}}[%{{.*}}, %{{.*}}], %{{.*}} : !tt.tensordesc<4x8xf16>, tensor<4x8xf16>
  tt.descriptor_reduce add, %d[%i, %i], %x : !tt.tensordesc<4x8xf16>, tensor<4x8xf16>
  // CHECK: tt.descriptor_reduce add, %{{.*}}[%{{.*}}, %{{.*}}], %{{.*}} : !tt.tensordesc<4x8xf16>, tensor<8x4xf16>
  tt.descriptor_reduce add, %d[%i, %i], %x1 : !tt.tensordesc<4x8xf16>, tensor<8x4xf16>
  // CHECK: tt.descriptor_reduce inc, %{{.*}}[%{{.*}}, %{{.*}}], %{{.*}} : !tt.tensordesc<4x8xi32>, tensor<4x8xi32>
  tt.descriptor_reduce inc, %d1[%i, %i], %x2 : !tt.tensordesc<4x8xi32>, tensor<4x8xi32>
  // CHECK: tt.descriptor_reduce xor, %{{.*}}[%{{.*}}, %{{.*}}], %{{.*}} : !tt.tensordesc<4x8xf16>, tensor<4x8xf16>
  tt.descriptor_reduce xor, %d[%i, %i], %x : !tt.tensordesc<4x8xf16>, tensor<4x8xf16>
  tt.return
}

// CHECK-LABEL: tt.func @descriptor_gather(
tt.func @descriptor_gather(%d: !tt.tensordesc<1x32xf16>, %x: tensor<8xi32>, %i: i32, %x1: tensor<8xi16>, %d1: !tt.tensordesc<1x16xf16>, %d2: !tt.tensordesc<1x8xf32>, %d3: !tt.tensordesc<1x32xi8>, %d4: !tt.tensordesc<1x32xui16>) {
  // CHECK: tt.descriptor_gather %{{.*}}[%{{.*}}, %{{.*}}] : (!tt.tensordesc<1x32xf16>, tensor<8xi32>, i32) -> tensor<8x32xf16>
  %0 = tt.descriptor_gather %d[%x, %i] : (!tt.tensordesc<1x32xf16>, tensor<8xi32>, i32) -> tensor<8x32xf16>
  // CHECK: tt.descriptor_gather %{{.*}}[%{{.*}}, %{{.*}}] : (!tt.tensordesc<1x32xf16>, tensor<8xi16>, i32) -> tensor<8x32xf16>
  %1 = tt.descriptor_gather %d[%x1, %i] : (!tt.tensordesc<1x32xf16>, tensor<8xi16>, i32) -> tensor<8x32xf16>
  // CHECK: tt.descriptor_gather %{{.*}}[%{{.*}}, %{{.*}}] : (!tt.tensordesc<1x16xf16>, tensor<8xi32>, i32) -> tensor<8x16xf16>
  %2 = tt.descriptor_gather %d1[%x, %i] : (!tt.tensordesc<1x16xf16>, tensor<8xi32>, i32) -> tensor<8x16xf16>
  // CHECK: tt.descriptor_gather %{{.*}}[%{{.*}}, %{{.*}}] : (!tt.tensordesc<1x8xf32>, tensor<8xi32>, i32) -> tensor<8x8xf32>
  %3 = tt.descriptor_gather %d2[%x, %i] : (!tt.tensordesc<1x8xf32>, tensor<8xi32>, i32) -> tensor<8x8xf32>
  // CHECK: tt.descriptor_gather %{{.*}}[%{{.*}}, %{{.*}}] : (!tt.tensordesc<1x32xi8>, tensor<8xi32>, i32) -> tensor<8x32xi8>
  %4 = tt.descriptor_gather %d3[%x, %i] : (!tt.tensordesc<1x32xi8>, tensor<8xi32>, i32) -> tensor<8x32xi8>
  // CHECK: tt.descriptor_gather %{{.*}}[%{{.*}}, %{{.*}}] : (!tt.tensordesc<1x32xui16>, tensor<8xi32>, i32) -> tensor<8x32xi16>
  %5 = tt.descriptor_gather %d4[%x, %i] : (!tt.tensordesc<1x32xui16>, tensor<8xi32>, i32) -> tensor<8x32xi16>
  tt.return
}

// CHECK-LABEL: tt.func @descriptor_scatter(
tt.func @descriptor_scatter(%d: !tt.tensordesc<1x32xf16>, %x: tensor<8xi32>, %i: i32, %s: tensor<8x32xf16>) {
  // CHECK: tt.descriptor_scatter %{{.*}}[%{{.*}}, %{{.*}}], %{{.*}} : !tt.tensordesc<1x32xf16>, tensor<8xi32>, i32, tensor<8x32xf16>
  tt.descriptor_scatter %d[%x, %i], %s : !tt.tensordesc<1x32xf16>, tensor<8xi32>, i32, tensor<8x32xf16>
  tt.return
}

// CHECK-LABEL: tt.func @print(
tt.func @print(%x: tensor<8x4xf32>, %i: i32, %p: !tt.ptr<f32>) {
  // CHECK: tt.print "hello: " {hex = false, isSigned = array<i32: 0, 1>} : %{{.*}}, %{{.*}} : tensor<8x4xf32>, i32
  tt.print "hello: " {hex = false, isSigned = array<i32: 0, 1>} : %x, %i : tensor<8x4xf32>, i32
  // CHECK: tt.print "hello: " {hex = true, isSigned = array<i32>}
  tt.print "hello: " {hex = true, isSigned = array<i32>}
  // CHECK: tt.print "x" {hex = false, isSigned = array<i32: 0>} : %{{.*}} : !tt.ptr<f32>
  tt.print "x" {hex = false, isSigned = array<i32: 0>} : %p : !tt.ptr<f32>
  tt.return
}

// CHECK-LABEL: tt.func @assert(
tt.func @assert(%i: i1, %i1: tensor<4xi1>) {
  // CHECK: tt.assert %{{.*}}, "bad" : i1
  tt.assert %i, "bad" : i1
  // CHECK: tt.assert %{{.*}}, "bad" {a.b} : tensor<4xi1>
  tt.assert %i1, "bad" {a.b} : tensor<4xi1>
  tt.return
}

tt.func @no_argument() {
  tt.return
}

tt.func private @one_argument(i32)

// CHECK-LABEL: tt.func @call(
tt.func @call(%x: i32) {
  // CHECK: tt.call @no_argument() : () -> ()
  tt.call @no_argument() : () -> ()
  // CHECK: tt.call @one_argument(%{{.*}}) {noinline} : (i32) -> ()
  tt.call @one_argument(%x) {noinline} : (i32) -> ()
  tt.return
}
