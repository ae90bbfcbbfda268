// RUN: minilinalg-opt %s | filecheck %s
// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s
// RUN: minilinalg-opt --mlir-print-op-generic %s | minilinalg-opt | filecheck %s

// CHECK-LABEL: func.func @scan
func.func @scan(%x: tensor<4x8xf32>, %y: tensor<4x8xi32>, %m: memref<8xi32>) -> (tensor<4x8xf32>, tensor<4x8xi32>) {
  // CHECK: %{{.*}}:2 = linalg_ext.scan ins(%{{.*}}, %{{.*}} : tensor<4x8xf32>, tensor<4x8xi32>) outs(%{{.*}}, %{{.*}} : tensor<4x8xf32>, tensor<4x8xi32>) dim = 1 reverse {
  // CHECK-NEXT: ^bb0(%{{.*}}: f32, %{{.*}}: i32, %{{.*}}: f32, %{{.*}}: i32):
  // CHECK: linalg_ext.yield %{{.*}}, %{{.*}} : f32, i32
  // CHECK-NEXT: } -> (tensor<4x8xf32>, tensor<4x8xi32>)
  %r:2 = linalg_ext.scan ins(%x, %y : tensor<4x8xf32>, tensor<4x8xi32>) outs(%x, %y : tensor<4x8xf32>, tensor<4x8xi32>) dim = 1 reverse {
  ^bb0(%a: f32, %i: i32, %b: f32, %j: i32):
    %c = arith.addf %a, %b : f32
    %k = arith.muli %i, %j : i32
    linalg_ext.yield %c, %k : f32, i32
  } -> (tensor<4x8xf32>, tensor<4x8xi32>)
  // CHECK: linalg_ext.scan ins(%{{.*}} : memref<8xi32>) outs(%{{.*}} : memref<8xi32>) dim = 0 attributes {why = "sums"} {
  linalg_ext.scan ins(%m : memref<8xi32>) outs(%m : memref<8xi32>) dim = 0 attributes {why = "sums"} {
  ^bb0(%i: i32, %j: i32):
    %k = arith.addi %i, %j : i32
    linalg_ext.yield %k : i32
  }
  return %r#0, %r#1 : tensor<4x8xf32>, tensor<4x8xi32>
}

// CHECK-LABEL: func.func @histogram
func.func @histogram(%x: tensor<4x8xi8>, %mask: tensor<4x8xi1>, %bins: tensor<16xi32>, %y: memref<?xi32>, %m: memref<16xi64>) -> tensor<16xi32> {
  // CHECK: %{{.*}} = linalg_ext.histogram ins(%{{.*}}, %{{.*}} : tensor<4x8xi8>, tensor<4x8xi1>) outs(%{{.*}} : tensor<16xi32>) -> tensor<16xi32>
  %r = linalg_ext.histogram ins(%x, %mask : tensor<4x8xi8>, tensor<4x8xi1>) outs(%bins : tensor<16xi32>) -> tensor<16xi32>
  // CHECK: linalg_ext.histogram ins(%{{.*}} : memref<?xi32>) outs(%{{.*}} : memref<16xi64>){{$}}
  linalg_ext.histogram ins(%y : memref<?xi32>) outs(%m : memref<16xi64>)
  return %r : tensor<16xi32>
}

// Elements of memory into a tensor; the rows of a tensor; a mask of the shape of the indices; columns, by dim = 1.
// CHECK-LABEL: func.func @gather
func.func @gather(%x: memref<?xf32>, %table: tensor<100x8xf16>, %i: tensor<4x16xi32>, %j: tensor<?xindex>, %m: tensor<?xi1>,
                  %e: tensor<4x16xf32>, %rows: tensor<?x8xf16>, %columns: tensor<100x?xf16>) -> tensor<100x?xf16> {
  // CHECK: %{{.*}} = linalg_ext.gather ins(%{{.*}}, %{{.*}} : memref<?xf32>, tensor<4x16xi32>) outs(%{{.*}} : tensor<4x16xf32>) -> tensor<4x16xf32>
  %a = linalg_ext.gather ins(%x, %i : memref<?xf32>, tensor<4x16xi32>) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  // CHECK: %{{.*}} = linalg_ext.gather ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<100x8xf16>, tensor<?xindex>, tensor<?xi1>) outs(%{{.*}} : tensor<?x8xf16>) dim = 0 -> tensor<?x8xf16>
  %b = linalg_ext.gather ins(%table, %j, %m : tensor<100x8xf16>, tensor<?xindex>, tensor<?xi1>) outs(%rows : tensor<?x8xf16>) -> tensor<?x8xf16>
  // CHECK: %{{.*}} = linalg_ext.gather ins(%{{.*}}, %{{.*}} : tensor<100x8xf16>, tensor<?xindex>) outs(%{{.*}} : tensor<100x?xf16>) dim = 1 {why = "columns"} -> tensor<100x?xf16>
  %c = linalg_ext.gather ins(%table, %j : tensor<100x8xf16>, tensor<?xindex>) outs(%columns : tensor<100x?xf16>) dim = 1 {why = "columns"} -> tensor<100x?xf16>
  return %c : tensor<100x?xf16>
}

// CHECK-LABEL: func.func @scatter
func.func @scatter(%x: memref<?x8xf32, strided<[?, 1], offset: ?>>, %t: tensor<100xf32>, %v: tensor<16x8xf32>, %w: tensor<16xf32>,
                   %i: tensor<16xi64>, %m: tensor<16xi1>) -> tensor<100xf32> {
  // CHECK: linalg_ext.scatter ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<16x8xf32>, tensor<16xi64>, tensor<16xi1>) outs(%{{.*}} : memref<?x8xf32, strided<[?, 1], offset: ?>>) dim = 0{{$}}
  linalg_ext.scatter ins(%v, %i, %m : tensor<16x8xf32>, tensor<16xi64>, tensor<16xi1>) outs(%x : memref<?x8xf32, strided<[?, 1], offset: ?>>) dim = 0
  // CHECK: %{{.*}} = linalg_ext.scatter ins(%{{.*}}, %{{.*}} : tensor<16xf32>, tensor<16xi64>) outs(%{{.*}} : tensor<100xf32>) -> tensor<100xf32>
  %r = linalg_ext.scatter ins(%w, %i : tensor<16xf32>, tensor<16xi64>) outs(%t : tensor<100xf32>) -> tensor<100xf32>
  return %r : tensor<100xf32>
}

// CHECK-LABEL: func.func @atomics
func.func @atomics(%x: tensor<16xi32>, %index: tensor<16xi64>, %mask: tensor<16xi1>, %array: memref<?xi32>, %m: memref<16xi32>, %y: memref<16xi32>) -> tensor<16xi32> {
  // CHECK: linalg_ext.atomic_rmw maxu ins(%{{.*}} : tensor<16xi32>) outs(%{{.*}} : memref<16xi32>){{$}}
  linalg_ext.atomic_rmw maxu ins(%x : tensor<16xi32>) outs(%m : memref<16xi32>)
  // CHECK: %{{.*}} = linalg_ext.atomic_rmw addi ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<16xi32>, tensor<16xi64>, tensor<16xi1>) outs(%{{.*}}, %{{.*}} : memref<?xi32>, tensor<16xi32>) -> tensor<16xi32>
  %old = linalg_ext.atomic_rmw addi ins(%x, %index, %mask : tensor<16xi32>, tensor<16xi64>, tensor<16xi1>) outs(%array, %x : memref<?xi32>, tensor<16xi32>) -> tensor<16xi32>
  // CHECK: %{{.*}} = linalg_ext.atomic_cas ins(%{{.*}}, %{{.*}} : tensor<16xi32>, tensor<16xi32>) outs(%{{.*}}, %{{.*}} : memref<16xi32>, tensor<16xi32>) -> tensor<16xi32>
  %found = linalg_ext.atomic_cas ins(%old, %x : tensor<16xi32>, tensor<16xi32>) outs(%m, %x : memref<16xi32>, tensor<16xi32>) -> tensor<16xi32>
  // CHECK: linalg_ext.atomic_rmw assign ins(%{{.*}} : memref<16xi32>) outs(%{{.*}}, %{{.*}} : memref<16xi32>, memref<16xi32>){{$}}
  linalg_ext.atomic_rmw assign ins(%y : memref<16xi32>) outs(%m, %y : memref<16xi32>, memref<16xi32>)
  return %found : tensor<16xi32>
}
