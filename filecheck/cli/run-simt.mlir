// What one thread does, with all threads of a block side by side.
// RUN: minilinalg run %s --launch %S/inputs/run.toml | filecheck %s
// CHECK: double, as it is in
// CHECK-NEXT: grid 5; x_ptr f32[300], out_ptr f32[300], n = 300
// CHECK: out_ptr f32[300] 0 0 {{.*}} ok

// RUN: minilinalg-opt %s | filecheck %s --check-prefix=TEXT
// TEXT: simt.load_global

func.func @double(%x: i64, %out: i64, %n: i32) attributes {simt.threads = 64 : i32, simt.shared = 0 : i32,
    ml.abi = [{name = "x_ptr", kind = "pointer", type = f32}, {name = "out_ptr", kind = "pointer", type = f32},
              {name = "n", kind = "scalar", type = i32}]} {
  %t = simt.thread_id : vector<1xi32>
  %b = simt.block_id x : i32
  %c64 = arith.constant 64 : i32
  %start = arith.muli %b, %c64 : i32
  %starts = vector.broadcast %start : i32 to vector<1xi32>
  %i = arith.addi %starts, %t : vector<1xi32>
  %ns = vector.broadcast %n : i32 to vector<1xi32>
  %mask = arith.cmpi slt, %i, %ns : vector<1xi32>
  %wide = arith.extsi %i : vector<1xi32> to vector<1xi64>
  %four = arith.constant dense<4> : vector<1xi64>
  %bytes = arith.muli %wide, %four : vector<1xi64>
  %xs = vector.broadcast %x : i64 to vector<1xi64>
  %in = arith.addi %xs, %bytes : vector<1xi64>
  %v = simt.load_global %in mask %mask : vector<1xi64> -> vector<1xf32>
  %sum = arith.addf %v, %v : vector<1xf32>
  %outs = vector.broadcast %out : i64 to vector<1xi64>
  %to = arith.addi %outs, %bytes : vector<1xi64>
  simt.store_global %to, %sum mask %mask : vector<1xi64>, vector<1xf32>
  return
}
