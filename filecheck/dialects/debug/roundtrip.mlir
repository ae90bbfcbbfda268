// RUN: minilinalg-opt %s | filecheck %s
// RUN: minilinalg-opt %s | minilinalg-opt | filecheck %s

// CHECK-LABEL: @what_a_program_tells
func.func @what_a_program_tells(%x: index, %y: index, %z: index, %v: f32, %ok: i1) {
  // CHECK-NEXT: debug.print " x: " program(%x, %y, %z) element(%x) of [64] value(%v : f32) hex unsigned
  debug.print " x: " program(%x, %y, %z) element(%x) of [64] value(%v : f32) hex unsigned
  // CHECK-NEXT: debug.print " done" program(%x, %y, %z) element() of []
  debug.print " done" program(%x, %y, %z) element() of []
  // CHECK-NEXT: debug.assert %ok "too large" program(%x, %y, %z) element(%x, %y) of [4, 8]
  debug.assert %ok "too large" program(%x, %y, %z) element(%x, %y) of [4, 8]
  return
}
