// RUN: not minilinalg-opt %s --split-input-file --verify-diagnostics 2>&1 | filecheck %s

// CHECK: verify-diagnostics-fails.mlir:8:10: error: unexpected error: {{.*}}%b
// CHECK-NEXT: return %b : i32
// CHECK-NEXT: ^

func.func @not_announced(%a: i32) -> i32 {
  return %b : i32
}

// -----

// CHECK: verify-diagnostics-fails.mlir:18:6: error: expected error was not given: this does not happen
// CHECK-NEXT: this does not happen
// CHECK-NEXT: ^^^^

func.func @does_not_fail(%a: i32) -> i32 {
  // expected-error @+1 {{this does not happen}}
  return %a : i32
}
