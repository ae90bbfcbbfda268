// Flags and texts run in the order in which they stand; a text may hold options and anchors.

// RUN: minilinalg-opt %s --cse -p 'canonicalize, licm' --dce --dump-pass-pipeline -o %t 2>&1 | filecheck %s --check-prefix=FLAT
// FLAT: cse,canonicalize,licm,dce

// RUN: minilinalg-opt %s -p 'builtin.module(cse,func.func(dce,licm),builtin.module(func.func(cse)))' --dump-pass-pipeline -o %t 2>&1 | filecheck %s --check-prefix=NESTED
// NESTED: builtin.module(cse,func.func(dce,licm),builtin.module(func.func(cse)))

// A pass that is restricted to functions sees each of them alone: the module beside them stays as it is.
// RUN: minilinalg-opt %s -p 'builtin.module(func.func(dce))' | filecheck %s --check-prefix=ANCHOR
// ANCHOR-LABEL: module attributes {a = 1 : i32} {
// ANCHOR-NEXT: func.func @first(%a: i32) -> i32 {
// ANCHOR-NEXT: return %a : i32
// ANCHOR-NEXT: }
// ANCHOR-NEXT: module @inner {
// ANCHOR-NEXT: func.func @second(%a: i32) -> i32 {
// ANCHOR-NEXT: arith.addi
// ANCHOR-NEXT: return %a : i32

// RUN: minilinalg-opt %s -p 'builtin.module(builtin.module(func.func(dce)))' | filecheck %s --check-prefix=INNER
// INNER-LABEL: @first
// INNER-NEXT: arith.addi
// INNER-LABEL: @second
// INNER-NEXT: return

module attributes {a = 1 : i32} {
  func.func @first(%a: i32) -> i32 {
    %0 = arith.addi %a, %a : i32
    return %a : i32
  }
  module @inner {
    func.func @second(%a: i32) -> i32 {
      %0 = arith.addi %a, %a : i32
      return %a : i32
    }
  }
}
