// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s
// RUN: minilinalg-opt --mlir-print-op-generic %s | minilinalg-opt | filecheck %s

// Functions, calls, branches and undefined behaviour.

// CHECK: module attributes {ml.foo = 1 : i32} {
module attributes {ml.foo = 1 : i32} {
  // CHECK: func.func private @ext(i32, f32) -> f32
  func.func private @ext(i32, f32) -> f32
  // CHECK: func.func private @ext2(i32 {x.y = 1 : i32}) -> (f32 {x.z}, i32)
  func.func private @ext2(i32 {x.y = 1 : i32}) -> (f32 {x.z}, i32)
  // CHECK-LABEL: func.func public @g(
  func.func public @g(%a: i32 {tt.divisibility = 16 : i32}, %b: f32) -> (f32, i32) attributes {ml.abi = [{name = "x", kind = "pointer"}], noinline = false} {
    // CHECK: %0 = call @ext(%a, %b) : (i32, f32) -> f32
    %0 = call @ext(%a, %b) : (i32, f32) -> f32
    // CHECK: %f = constant @ext : (i32, f32) -> f32
    %f = constant @ext : (i32, f32) -> f32
    // CHECK: %1 = call_indirect %f(%a, %b) : (i32, f32) -> f32
    %1 = call_indirect %f(%a, %b) : (i32, f32) -> f32
    // CHECK: return %0, %a : f32, i32
    return %0, %a : f32, i32
  }
  // CHECK-LABEL: func.func @cf(
  func.func @cf(%c: i1, %x: i32, %i: i32) -> i32 {
    // CHECK: cf.assert %c, "must be true"
    cf.assert %c, "must be true"
    // CHECK: cf.cond_br %c, ^bb1(%x : i32), ^bb2
    cf.cond_br %c, ^bb1(%x : i32), ^bb2
  // CHECK: ^bb1(%y: i32):  // 2 preds: ^bb0, ^bb2
  ^bb1(%y: i32):  // 2 preds: ^bb0, ^bb2
    // CHECK: cf.br ^bb3(%y : i32)
    cf.br ^bb3(%y : i32)
  // CHECK: ^bb2:  // pred: ^bb0
  ^bb2:  // pred: ^bb0
    // CHECK: cf.switch %x : i32, [
    cf.switch %x : i32, [
      // CHECK: default: ^bb3(%x : i32),
      default: ^bb3(%x : i32),
      // CHECK: 42: ^bb1(%x : i32),
      42: ^bb1(%x : i32),
      // CHECK: 7: ^bb4
      7: ^bb4
    // CHECK: ]
    ]
  // CHECK: ^bb3(%z: i32):  // 4 preds: ^bb1, ^bb2, ^bb4, ^bb4
  ^bb3(%z: i32):  // 4 preds: ^bb1, ^bb2, ^bb4, ^bb4
    // CHECK: return %z : i32
    return %z : i32
  // CHECK: ^bb4:  // pred: ^bb2
  ^bb4:  // pred: ^bb2
    // CHECK: %p = ub.poison : i32
    %p = ub.poison : i32
    // CHECK: cf.cond_br %c weights([1, 2]), ^bb3(%p : i32), ^bb3(%x : i32)
    cf.cond_br %c weights([1, 2]), ^bb3(%p : i32), ^bb3(%x : i32)
  }
  // CHECK-LABEL: func.func @ub(
  func.func @ub() -> (i32, vector<4xf32>) {
    // CHECK: %p = ub.poison : i32
    %p = ub.poison : i32
    // CHECK: %q = ub.poison : vector<4xf32>
    %q = ub.poison : vector<4xf32>
    // CHECK: return %p, %q : i32, vector<4xf32>
    return %p, %q : i32, vector<4xf32>
  }
  // CHECK-LABEL: func.func @ub2(
  func.func @ub2() {
    // CHECK: ub.unreachable
    ub.unreachable
  }
  // CHECK-LABEL: func.func @assume(
  func.func @assume(%c: i1, %p: i64) {
    // CHECK: llvm.intr.assume %c : i1
    llvm.intr.assume %c : i1
    // CHECK: llvm.intr.assume %c ["align"(%p, %p : i64, i64)] : i1
    llvm.intr.assume %c ["align"(%p, %p : i64, i64)] : i1
    return
  }
}
