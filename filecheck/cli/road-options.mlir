// The options of a road go to the passes that have them.
// RUN: minilinalg-opt %s --road simt --to ttg --target h200 --num-warps 8 --num-stages=5 --dump-pass-pipeline 2>&1 | filecheck %s
// CHECK: convert-triton-to-tritongpu{num-warps=8},
// CHECK-SAME: tritongpu-assign-latencies{num-stages=5},
// CHECK: "ttg.num-warps" = 8 : i32

tt.func public @k() {
  tt.return
}
