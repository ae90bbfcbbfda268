// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s
// RUN: minilinalg-opt --mlir-print-op-generic %s | minilinalg-opt | filecheck %s

// Numbers, element by element: scalars, tensors, vectors.

// CHECK-LABEL: func.func @integers(
func.func @integers(%i: i32, %t: tensor<4xi32>, %v: vector<4xi8>, %x: index) {
  // CHECK: %0 = arith.addi %i, %i overflow<nsw> : i32
  %0 = arith.addi %i, %i overflow<nsw> : i32
  // CHECK: %1 = arith.subi %t, %t overflow<nsw, nuw> : tensor<4xi32>
  %1 = arith.subi %t, %t overflow<nsw, nuw> : tensor<4xi32>
  // CHECK: %2 = arith.muli %x, %x : index
  %2 = arith.muli %x, %x : index
  // CHECK: %3 = arith.shli %v, %v overflow<nuw> : vector<4xi8>
  %3 = arith.shli %v, %v overflow<nuw> : vector<4xi8>
  // CHECK: %4 = arith.divsi %i, %i exact : i32
  %4 = arith.divsi %i, %i exact : i32
  // CHECK: %5 = arith.divui %t, %t exact : tensor<4xi32>
  %5 = arith.divui %t, %t exact : tensor<4xi32>
  // CHECK: %6 = arith.floordivsi %i, %i : i32
  %6 = arith.floordivsi %i, %i : i32
  // CHECK: %7 = arith.ceildivsi %i, %i : i32
  %7 = arith.ceildivsi %i, %i : i32
  // CHECK: %8 = arith.ceildivui %i, %i : i32
  %8 = arith.ceildivui %i, %i : i32
  // CHECK: %9 = arith.remsi %i, %i : i32
  %9 = arith.remsi %i, %i : i32
  // CHECK: %10 = arith.remui %i, %i : i32
  %10 = arith.remui %i, %i : i32
  // CHECK: %11 = arith.shrsi %i, %i exact : i32
  %11 = arith.shrsi %i, %i exact : i32
  // CHECK: %12 = arith.shrui %i, %i : i32
  %12 = arith.shrui %i, %i : i32
  // CHECK: %13 = arith.andi %i, %i : i32
  %13 = arith.andi %i, %i : i32
  // CHECK: %14 = arith.ori %i, %i : i32
  %14 = arith.ori %i, %i : i32
  // CHECK: %15 = arith.xori %i, %i {my.note = "kept"} : i32
  %15 = arith.xori %i, %i {my.note = "kept"} : i32
  // CHECK: %16 = arith.maxsi %i, %i : i32
  %16 = arith.maxsi %i, %i : i32
  // CHECK: %17 = arith.maxui %i, %i : i32
  %17 = arith.maxui %i, %i : i32
  // CHECK: %18 = arith.minsi %i, %i : i32
  %18 = arith.minsi %i, %i : i32
  // CHECK: %19 = arith.minui %i, %i : i32
  %19 = arith.minui %i, %i : i32
  // CHECK: %low, %high = arith.mulsi_extended %i, %i : i32
  %low, %high = arith.mulsi_extended %i, %i : i32
  // CHECK: %low_0, %high_1 = arith.mului_extended %t, %t : tensor<4xi32>
  %low_0, %high_1 = arith.mului_extended %t, %t : tensor<4xi32>
  // CHECK: %sum, %overflow = arith.addui_extended %t, %t : tensor<4xi32>, tensor<4xi1>
  %sum, %overflow = arith.addui_extended %t, %t : tensor<4xi32>, tensor<4xi1>
  return
}
// CHECK-LABEL: func.func @floats(
func.func @floats(%a: f32, %t: tensor<4xf16>, %v: vector<[4]xf64>) {
  // CHECK: %0 = arith.addf %a, %a fastmath<reassoc> : f32
  %0 = arith.addf %a, %a fastmath<reassoc> : f32
  // CHECK: %1 = arith.subf %t, %t : tensor<4xf16>
  %1 = arith.subf %t, %t : tensor<4xf16>
  // CHECK: %2 = arith.mulf %v, %v fastmath<fast> : vector<[4]xf64>
  %2 = arith.mulf %v, %v fastmath<fast> : vector<[4]xf64>
  // CHECK: %3 = arith.divf %a, %a : f32
  %3 = arith.divf %a, %a : f32
  // CHECK: %4 = arith.remf %a, %a : f32
  %4 = arith.remf %a, %a : f32
  // CHECK: %5 = arith.maximumf %a, %a : f32
  %5 = arith.maximumf %a, %a : f32
  // CHECK: %6 = arith.minimumf %a, %a : f32
  %6 = arith.minimumf %a, %a : f32
  // CHECK: %7 = arith.maxnumf %a, %a : f32
  %7 = arith.maxnumf %a, %a : f32
  // CHECK: %8 = arith.minnumf %a, %a : f32
  %8 = arith.minnumf %a, %a : f32
  // CHECK: %9 = arith.negf %a fastmath<nnan,ninf> : f32
  %9 = arith.negf %a fastmath<nnan,ninf> : f32
  return
}
// CHECK-LABEL: func.func @comparisons(
func.func @comparisons(%i: i32, %t: tensor<4xi32>, %a: f32, %u: tensor<4xf32>, %c: i1, %m: tensor<4xi1>) {
  // CHECK: %0 = arith.cmpi slt, %i, %i : i32
  %0 = arith.cmpi slt, %i, %i : i32
  // CHECK: %1 = arith.cmpi uge, %t, %t : tensor<4xi32>
  %1 = arith.cmpi uge, %t, %t : tensor<4xi32>
  // CHECK: %2 = arith.cmpf oeq, %a, %a : f32
  %2 = arith.cmpf oeq, %a, %a : f32
  // CHECK: %3 = arith.cmpf uno, %u, %u fastmath<nsz> : tensor<4xf32>
  %3 = arith.cmpf uno, %u, %u fastmath<nsz> : tensor<4xf32>
  // CHECK: %4 = arith.select %c, %i, %i : i32
  %4 = arith.select %c, %i, %i : i32
  // CHECK: %5 = arith.select %c, %u, %u : tensor<4xf32>
  %5 = arith.select %c, %u, %u : tensor<4xf32>
  // CHECK: %6 = arith.select %m, %u, %u : tensor<4xi1>, tensor<4xf32>
  %6 = arith.select %m, %u, %u : tensor<4xi1>, tensor<4xf32>
  return
}
// CHECK-LABEL: func.func @casts(
func.func @casts(%i: i32, %t: tensor<4xi32>, %b: i8, %a: f32, %u: tensor<?xf32>, %x: index, %v: vector<4xbf16>) {
  // CHECK: %0 = arith.extf %v fastmath<contract> : vector<4xbf16> to vector<4xf32>
  %0 = arith.extf %v fastmath<contract> : vector<4xbf16> to vector<4xf32>
  // CHECK: %1 = arith.truncf %a : f32 to f16
  %1 = arith.truncf %a : f32 to f16
  // CHECK: %2 = arith.truncf %u to_nearest_even fastmath<contract> : tensor<?xf32> to tensor<?xbf16>
  %2 = arith.truncf %u to_nearest_even fastmath<contract> : tensor<?xf32> to tensor<?xbf16>
  // CHECK: %3 = arith.truncf %a toward_zero : f32 to f8E4M3FN
  %3 = arith.truncf %a toward_zero : f32 to f8E4M3FN
  // CHECK: %4 = arith.extsi %b : i8 to i32
  %4 = arith.extsi %b : i8 to i32
  // CHECK: %5 = arith.extui %b : i8 to i64
  %5 = arith.extui %b : i8 to i64
  // CHECK: %6 = arith.trunci %t overflow<nsw, nuw> : tensor<4xi32> to tensor<4xi8>
  %6 = arith.trunci %t overflow<nsw, nuw> : tensor<4xi32> to tensor<4xi8>
  // CHECK: %7 = arith.fptosi %u : tensor<?xf32> to tensor<?xi32>
  %7 = arith.fptosi %u : tensor<?xf32> to tensor<?xi32>
  // CHECK: %8 = arith.fptoui %a : f32 to i8
  %8 = arith.fptoui %a : f32 to i8
  // CHECK: %9 = arith.sitofp %t : tensor<4xi32> to tensor<4xf32>
  %9 = arith.sitofp %t : tensor<4xi32> to tensor<4xf32>
  // CHECK: %10 = arith.uitofp %b : i8 to f32
  %10 = arith.uitofp %b : i8 to f32
  // CHECK: %11 = arith.index_cast %i : i32 to index
  %11 = arith.index_cast %i : i32 to index
  // CHECK: %12 = arith.index_castui %x : index to i64
  %12 = arith.index_castui %x : index to i64
  // CHECK: %13 = arith.bitcast %t : tensor<4xi32> to tensor<4xf32>
  %13 = arith.bitcast %t : tensor<4xi32> to tensor<4xf32>
  return
}
// CHECK-LABEL: func.func @constants(
func.func @constants() {
  // CHECK: %c42_i32 = arith.constant 42 : i32
  %c42_i32 = arith.constant 42 : i32
  // CHECK: %c-1_i8 = arith.constant -1 : i8
  %c-1_i8 = arith.constant -1 : i8
  // CHECK: %c0 = arith.constant 0 : index
  %c0 = arith.constant 0 : index
  // CHECK: %true = arith.constant true
  %true = arith.constant true
  // CHECK: %cst = arith.constant 1.000000e+00 : f32
  %cst = arith.constant 1.000000e+00 : f32
  // CHECK: %cst_0 = arith.constant 0x7F800000 : f32
  %cst_0 = arith.constant 0x7F800000 : f32
  // CHECK: %cst_1 = arith.constant -0.000000e+00 : f16
  %cst_1 = arith.constant -0.000000e+00 : f16
  // CHECK: %cst_2 = arith.constant dense<0xFF800000> : tensor<4xf32>
  %cst_2 = arith.constant dense<0xFF800000> : tensor<4xf32>
  // CHECK: %cst_3 = arith.constant dense<[0x7FC00001, 1.500000e+00, 0xFF800000, -0.000000e+00]> : tensor<4xf32>
  %cst_3 = arith.constant dense<[0x7FC00001, 1.500000e+00, 0xFF800000, -0.000000e+00]> : tensor<4xf32>
  // CHECK{LITERAL}: %cst_4 = arith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi32>
  %cst_4 = arith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi32>
  // CHECK: %cst_5 = arith.constant dense<[true, false]> : vector<2xi1>
  %cst_5 = arith.constant dense<[true, false]> : vector<2xi1>
  // CHECK: %cst_6 = arith.constant dense<> : tensor<0xf32>
  %cst_6 = arith.constant dense<> : tensor<0xf32>
  return
}
