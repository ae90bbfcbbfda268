// RUN: minilinalg-opt %s --emit ptx --target a100 | filecheck %s
// Functions without an exact instruction: an approximating one, made precise. What nothing uses is not printed.

// CHECK: .const .align 4 .b32 two_over_pi[7] =
// CHECK-LABEL: .visible .entry functions(
func.func @functions(%p: i64) attributes {simt.threads = 32 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f32}]} {
  %a = vector.broadcast %p : i64 to vector<1xi64>
  // CHECK: ld.global.b32 %r1, [%d1];
  %x = simt.load_global %a : vector<1xi64> -> vector<1xf32>
  // CHECK: fma.rn.sat.f32
  // CHECK: ex2.approx.f32
  // CHECK-NEXT: mul.rn.f32
  %e = math.exp %x : vector<1xf32>
  simt.store_global %a, %e : vector<1xi64>, vector<1xf32>
  // CHECK: sqrt.rn.f32 {{%r[0-9]+}}, %r1;
  %s = math.sqrt %x : vector<1xf32>
  simt.store_global %a, %s : vector<1xi64>, vector<1xf32>
  // CHECK: div.rn.f32
  %d = arith.divf %s, %e : vector<1xf32>
  simt.store_global %a, %d : vector<1xi64>, vector<1xf32>
  // CHECK: cvt.rmi.f32.f32
  %f = math.floor %x : vector<1xf32>
  simt.store_global %a, %f : vector<1xi64>, vector<1xf32>
  // CHECK: max.NaN.f32
  %m = arith.maximumf %x, %f : vector<1xf32>
  simt.store_global %a, %m : vector<1xi64>, vector<1xf32>
  // CHECK-NOT: tanh
  %unused = math.erf %x : vector<1xf32>
  // Threads with small angles go around the long way.
  // CHECK: @!{{%p[0-9]+}} bra $near_1;
  // CHECK: ld.const.b32
  // CHECK: $near_1:
  %sin = math.sin %x : vector<1xf32>
  simt.store_global %a, %sin : vector<1xi64>, vector<1xf32>
  return
}
