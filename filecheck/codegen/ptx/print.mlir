// RUN: minilinalg-opt %s --emit ptx --target a100 | filecheck %s
// What is printed: a format in global memory, numbers in local memory, and the driver's vprintf, for each element.

// CHECK-DAG: .extern .func (.param .b32 count) vprintf (.param .b64 format, .param .b64 arguments);
// pid (%u, %u, %u) idx (%2u) x: %f
// CHECK-DAG: .global .align 1 .b8 [[TEXT:text_[0-9a-f]+]][34] = {112, 105, 100, 32, 40, 37, 117, 44, 32, 37, 117, 44, 32, 37, 117, 41, 32, 105, 100, 120, 32, 40, 37, 50, 117, 41, 32, 120, 58, 32, 37, 102, 10, 0};
// CHECK-LABEL: .visible .entry lines(
// CHECK: .local .align 8 .b8 print_buffer[24];
func.func @lines(%p: i64) attributes {simt.threads = 32 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f32}]} {
  // CHECK: ld.global.b32 [[V:%r[0-9]+]],
  %t = simt.thread_id : vector<1xi32>
  %ps = vector.broadcast %p : i64 to vector<1xi64>
  %v = simt.load_global %ps : vector<1xi64> -> vector<1xf32>
  %c9 = arith.constant dense<9> : vector<1xi32>
  %own = arith.cmpi ult, %t, %c9 : vector<1xi32>
  // CHECK: cvt.f64.f32 [[D:%d[0-9]+]], [[V]];
  // CHECK-NEXT: @!{{%p[0-9]+}} bra [[BEHIND:\$printed_[0-9]+]];
  // CHECK-NEXT: st.local.b32 [print_buffer+0], {{%r[0-9]+}};
  // CHECK: st.local.b32 [print_buffer+12], {{%r[0-9]+}};
  // CHECK-NEXT: st.local.b64 [print_buffer+16], [[D]];
  // CHECK: cvta.local.u64 [[AT:%d[0-9]+]],
  // CHECK: mov.b64 [[F:%d[0-9]+]], [[TEXT]];
  // CHECK: st.param.b64 [format], [[F]];
  // CHECK-NEXT: st.param.b64 [arguments], [[AT]];
  // CHECK-NEXT: call (count), vprintf, (format, arguments); }
  // CHECK-NEXT: [[BEHIND]]:
  simt.print " x: " of [16] index(%t : vector<1xi32>) value(%v : vector<1xf32>) mask(%own : vector<1xi1>)
  return
}

// A condition that does not hold stops the program.
// CHECK-LABEL: .visible .entry holds(
func.func @holds(%n: i32) attributes {simt.threads = 32 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "n", kind = "scalar", type = i32}]} {
  %t = simt.thread_id : vector<1xi32>
  %c9 = arith.constant 9 : i32
  // CHECK: setp.lt.u32 [[SMALL:%p[0-9]+]], [[N:%r[0-9]+]], 9;
  // CHECK-NEXT: @![[SMALL]] trap; // n is too large
  %small = arith.cmpi ult, %n, %c9 : i32
  simt.assert %small "n is too large" of [] : i1
  %ns = vector.broadcast %n : i32 to vector<1xi32>
  // CHECK-NEXT: setp.lt.u32 [[BELOW:%p[0-9]+]], [[N]], {{%r[0-9]+}};
  // CHECK-NEXT: @![[BELOW]] trap; // a thread is too small
  %below = arith.cmpi ult, %ns, %t : vector<1xi32>
  simt.assert %below "a thread is too small" of [32] index(%t : vector<1xi32>) : vector<1xi1>
  return
}
