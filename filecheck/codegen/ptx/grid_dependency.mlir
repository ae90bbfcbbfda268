// RUN: minilinalg-opt %s --emit ptx --target h200 | filecheck %s

// CHECK-LABEL: .visible .entry k(
func.func @k(%p: i64) attributes {simt.threads = 32 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f32}]} {
  // CHECK: griddepcontrol.wait;
  simt.grid_dependency_wait
  // CHECK-NEXT: griddepcontrol.launch_dependents;
  simt.grid_dependency_launch_dependents
  return
}
