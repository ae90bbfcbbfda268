// RUN: minilinalg-opt %s --cse --canonicalize --cse --print-ir-after-all -o %t 2>&1 | filecheck %s --check-prefix=ALL
// ALL: // -----// IR Dump After CsePass (cse) //----- //
// ALL-NEXT: module {
// ALL: arith.addi
// ALL: // -----// IR Dump After CanonicalizePass (canonicalize) //----- //
// ALL: // -----// IR Dump After CsePass (cse) //----- //

// RUN: minilinalg-opt %s --cse --canonicalize --cse --print-ir-after-change -o %t 2>&1 | filecheck %s --check-prefix=CHANGE
// CHANGE-NOT: CsePass
// CHANGE: // -----// IR Dump After CanonicalizePass (canonicalize) //----- //
// CHANGE-NOT: CsePass

// RUN: minilinalg-opt %s --cse --canonicalize --print-ir-tree-dir %t.dir -o %t && filecheck %s --check-prefix=TREE --input-file %t.dir/builtin_module_no-symbol-name/1_canonicalize.mlir
// TREE: func.func @f
// TREE-NEXT: return %a

// RUN: minilinalg-opt %s --cse --time-passes -o %t 2>&1 | filecheck %s --check-prefix=TIME
// TIME: ... Execution time report ...
// TIME: Total Execution Time:
// TIME: ----Wall Time----  ----Name----
// TIME: Parser
// TIME: cse
// TIME: Total

// RUN: minilinalg-opt %s --mlir-print-op-generic | filecheck %s --check-prefix=GENERIC
// GENERIC: "func.func"()

// RUN: minilinalg-opt %s --print-debuginfo | filecheck %s --check-prefix=LOC
// LOC: print-ir.mlir":36:8

// RUN: cat %s | minilinalg-opt - --canonicalize | filecheck %s --check-prefix=STDIN
// STDIN: return %a

func.func @f(%a: i32) -> i32 {
  %c0 = arith.constant 0 : i32
  %0 = arith.addi %a, %c0 : i32
  return %0 : i32
}
