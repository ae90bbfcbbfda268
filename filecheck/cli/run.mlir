// A kernel as it is, on no machine.
// RUN: minilinalg run %s --launch %S/inputs/run.toml | filecheck %s --check-prefix=PLAIN
// PLAIN: double, as it is in
// PLAIN-NEXT: grid 5; x_ptr f32[300], out_ptr f32[300], n = 300
// PLAIN: out_ptr f32[300] 0 0 {{.*}} ok

// Down the road, every pass checked; cycles at the end.
// RUN: minilinalg run %s --launch %S/inputs/run.toml --road simd --target tiny-simd --check | filecheck %s --check-prefix=ROAD
// ROAD: double on tiny-simd, road simd, stage simd
// ROAD: Stages
// ROAD: linalg {{[0-9]+}} triton-to-linalg
// ROAD: simd {{[0-9]+}} linalg-to-simd
// ROAD: Checked by running
// ROAD: source - taken as right
// ROAD-NEXT: lift-cf-to-scf exact same
// ROAD: linalg-to-simd exact same
// ROAD-NEXT: simd-fuse-multiply-add contracts same
// ROAD-NEXT: simd-insert-sync exact same
// ROAD: Answers
// ROAD: out_ptr f32[300] 0 0 {{.*}} ok
// ROAD: tiny-simd: {{[0-9,]+}} cycles
// ROAD: vector
// ROAD: simd.dma

// Another size, at an earlier stage, as JSON.
// RUN: minilinalg run %s --launch %S/inputs/run.toml --road simd --target tiny-simd --stage linalg --set n=1 --json | filecheck %s --check-prefix=JSON
// JSON: "ok": true
// JSON: "stage": "linalg"
// JSON: "machine": null

tt.func public @double(%x_ptr: !tt.ptr<f32>, %out_ptr: !tt.ptr<f32>, %n: i32) {
  %pid = tt.get_program_id x : i32
  %c64 = arith.constant 64 : i32
  %start = arith.muli %pid, %c64 : i32
  %range = tt.make_range {end = 64 : i32, start = 0 : i32} : tensor<64xi32>
  %starts = tt.splat %start : i32 -> tensor<64xi32>
  %offsets = arith.addi %starts, %range : tensor<64xi32>
  %ns = tt.splat %n : i32 -> tensor<64xi32>
  %mask = arith.cmpi slt, %offsets, %ns : tensor<64xi32>
  %xs = tt.splat %x_ptr : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
  %in = tt.addptr %xs, %offsets : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
  %x = tt.load %in, %mask : tensor<64x!tt.ptr<f32>>
  %sum = arith.addf %x, %x : tensor<64xf32>
  %outs = tt.splat %out_ptr : !tt.ptr<f32> -> tensor<64x!tt.ptr<f32>>
  %out = tt.addptr %outs, %offsets : tensor<64x!tt.ptr<f32>>, tensor<64xi32>
  tt.store %out, %sum, %mask : tensor<64x!tt.ptr<f32>>
  tt.return
}
