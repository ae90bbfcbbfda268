// RUN: minilinalg-opt %s --emit ptx --target a100 --split-input-file --verify-diagnostics
// What has no PTX is named, with its place.

func.func @power(%p: i64) attributes {simt.threads = 32 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f32}]} {
  %a = vector.broadcast %p : i64 to vector<1xi64>
  %x = simt.load_global %a : vector<1xi64> -> vector<1xf32>
  %n = arith.constant dense<3> : vector<1xi32>
  // expected-error @+1 {{'math.fpowi' cannot be printed as PTX}}
  %y = math.fpowi %x, %n : vector<1xf32>, vector<1xi32>
  return
}

// -----

func.func @rounding(%p: i64) attributes {simt.threads = 32 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f32}]} {
  %a = vector.broadcast %p : i64 to vector<1xi64>
  %x = simt.load_global %a : vector<1xi64> -> vector<1xf32>
  // expected-error @+1 {{'arith.truncf' to f8E5M2 that rounds toward_zero}}
  %y = arith.truncf %x toward_zero : vector<1xf32> to vector<1xf8E5M2>
  return
}

// -----

func.func @odd(%p: i64) attributes {simt.threads = 32 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = i8}]} {
  // expected-error @+1 {{elements of type i4}}
  %x = arith.constant dense<1> : vector<2xi4>
  return
}

// -----

func.func @matrix(%p: i64) attributes {simt.threads = 32 : i32, simt.shared = 512 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = i8}]} {
  %t = simt.thread_id : vector<1xi32>
  %x = arith.constant dense<1.0> : vector<2xf16>
  // expected-error @+1 {{'simt.stmatrix' on sm_80}}
  simt.stmatrix %t, %x, 1 : vector<1xi32>, vector<2xf16>
  return
}

// -----

func.func @atomic(%p: i64) attributes {simt.threads = 32 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = f32}]} {
  %a = vector.broadcast %p : i64 to vector<1xi64>
  %x = arith.constant dense<1.0> : vector<1xf32>
  // expected-error @+1 {{'simt.atomic_rmw' max of f32 on sm_80}}
  %0 = simt.atomic_rmw max, relaxed, gpu, %a, %x : vector<1xi64>, vector<1xf32>
  return
}

// -----

// expected-error @+1 {{function 'whole' has no simt.threads}}
func.func @whole(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

func.func @group(%p: i64) attributes {simt.threads = 128 : i32, simt.shared = 512 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = i8}]} {
  // expected-error @+1 {{'simt.wgmma_fence' on sm_80}}
  simt.wgmma_fence
  return
}

// -----

// expected-error @+1 {{parameter 'map', a tensor map, on sm_80}}
func.func @boxes(%map: !simt.tensor_map<64xf16, swizzle = 128>, %n: i32, %one: i64) attributes {simt.threads = 32 : i32,
    simt.shared = 512 : i32, ml.abi = [
    {name = "map", kind = "descriptor", type = f16, shape = array<i64: 64>}, {name = "n", kind = "scalar", type = i32},
    {name = "one", kind = "scalar", type = i64}]} {
  return
}

// -----

func.func @barrier(%p: i64) attributes {simt.threads = 128 : i32, simt.shared = 512 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = i8}]} {
  %at = arith.constant dense<0> : vector<1xi32>
  %zero = arith.constant 0 : i32
  // expected-error @+1 {{'simt.mbarrier_wait' on sm_80}}
  simt.mbarrier_wait %at, %zero : vector<1xi32>
  return
}

// -----

func.func @dependent(%p: i64) attributes {simt.threads = 128 : i32, simt.shared = 0 : i32, ml.abi = [
    {name = "p", kind = "pointer", type = i8}]} {
  // expected-error @+1 {{'simt.grid_dependency_wait' on sm_80}}
  simt.grid_dependency_wait
  return
}
