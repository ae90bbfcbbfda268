// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{%x has type f32, but is used as index}}
  scf.for %i = %n to %n step %x {
  }
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{the body of 'scf.for' yields (): what is yielded has the types of the results, here (f32)}}
  %r = scf.for %i = %n to %n step %n iter_args(%a = %x) -> (f32) {
  }
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{the body of 'scf.for' yields (index): what is yielded has the types of the results, here (f32)}}
  %r = scf.for %i = %n to %n step %n iter_args(%a = %x) -> (f32) {
    scf.yield %n : index
  }
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{in 'scf.for': 2 types for 1 assigned value}}
  %r = scf.for %i = %n to %n step %n iter_args(%a = %x) -> (f32, f32) {
    scf.yield %a : f32
  }
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{%n has type index, but is used as i32}}
  scf.for %i = %n to %n step %n : i32 {
  }
  return
}

// -----

func.func @f(%n: f32) {
  // expected-error @+1 {{'scf.for' has an operand 'lb' of type f32}}
  scf.for %i = %n to %n step %n : f32 {
  }
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{the body of 'scf.for' has arguments of types (index): it takes the induction variable, then each loop-carried value, here (index, f32)}}
  "scf.for"(%n, %n, %n, %x) ({
    ^bb0(%i: index):
      scf.yield
  }) : (index, index, index, f32) -> ()
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{the body of 'scf.for' has arguments of types (): it takes the induction variable, then each loop-carried value, here (index)}}
  "scf.for"(%n, %n, %n) ({
    ^bb0:
      scf.yield
  }) : (index, index, index) -> ()
  return
}

// -----

func.func @f(%c: i1, %x: f32) {
  // expected-error @+1 {{'scf.if' has 1 result but no else region: both ways must yield the results}}
  %r = scf.if %c -> (f32) {
    scf.yield %x : f32
  }
  return
}

// -----

func.func @f(%c: i1, %x: f32) {
  // expected-error @+1 {{the else region of 'scf.if' yields (): what is yielded has the types of the results, here (f32)}}
  %r = scf.if %c -> (f32) {
    scf.yield %x : f32
  } else {
  }
  return
}

// -----

func.func @f(%c: i1, %x: f32) {
  // expected-error @+1 {{the else region of 'scf.if' yields (i1): what is yielded has the types of the results, here (f32)}}
  %r = scf.if %c -> (f32) {
    scf.yield %x : f32
  } else {
    scf.yield %c : i1
  }
  return
}

// -----

func.func @f(%c: i32, %x: f32) {
  // expected-error @+1 {{%c has type i32, but is used as i1}}
  scf.if %c {
  }
  return
}

// -----

func.func @f(%c: i1, %x: f32) {
  // expected-error @+1 {{'scf.while': the values of 'scf.condition' have types (i1), its results (f32): they must be the same}}
  %r = scf.while (%a = %x) : (f32) -> f32 {
    scf.condition(%c) %c : i1
  } do {
  ^bb0(%b: f32):
    scf.yield %b : f32
  }
  return
}

// -----

func.func @f(%c: i1, %x: f32) {
  // expected-error @+1 {{the first region of 'scf.while' must end with 'scf.condition'}}
  %r = scf.while (%a = %x) : (f32) -> f32 {
    scf.yield %a : f32
  } do {
  ^bb0(%b: f32):
    scf.yield %b : f32
  }
  return
}

// -----

func.func @f(%c: i1, %x: f32) {
  // expected-error @+1 {{'scf.while': the arguments of its second region have types (i32), its results (f32): they must be the same}}
  %r = scf.while (%a = %x) : (f32) -> f32 {
    scf.condition(%c) %a : f32
  } do {
  ^bb0(%b: i32):
    scf.yield %x : f32
  }
  return
}

// -----

func.func @f(%c: i1, %x: f32) {
  // expected-error @+1 {{'scf.while': the values of 'scf.yield' have types (), its operands (f32): they must be the same}}
  %r = scf.while (%a = %x) : (f32) -> f32 {
    scf.condition(%c) %a : f32
  } do {
  ^bb0(%b: f32):
    scf.yield
  }
  return
}

// -----

func.func @f(%t: tensor<4xf32>) {
  // expected-error @+1 {{'scf.forall' has 2 lower bounds and 1 upper bound: every dimension has one of each}}
  %r = scf.forall (%i, %j) in (4) shared_outs(%o = %t) -> (tensor<4xf32>) {
    scf.forall.in_parallel {
    }
  }
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %u: tensor<1xf32>) {
  %r = scf.forall (%i) in (4) shared_outs(%o = %t) -> (tensor<4xf32>) {
    // expected-error @+1 {{'scf.forall.in_parallel' has 'arith.constant' inside: it holds only 'tensor.parallel_insert_slice'}}
    scf.forall.in_parallel {
      %x = arith.constant 1 : index
    }
  }
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %u: tensor<1xf32>) {
  %r = scf.forall (%i) in (4) shared_outs(%o = %t) -> (tensor<4xf32>) {
    scf.forall.in_parallel {
      // expected-error @+1 {{'tensor.parallel_insert_slice' goes into a value that is no shared output: it goes into an argument of the body of its 'scf.forall'}}
      tensor.parallel_insert_slice %u into %t[%i] [1] [1] : tensor<1xf32> into tensor<4xf32>
    }
  }
  return
}

// -----

func.func @f(%m: memref<4xf32>) {
  // expected-error @+1 {{'scf.forall' has shared outputs of types (memref<4xf32>): they are tensors}}
  scf.forall (%i) in (4) shared_outs(%o = %m) -> (memref<4xf32>) {
    scf.forall.in_parallel {
    }
  }
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{'scf.parallel' has initial values of types (f32), results of types (f32), and its 'scf.reduce' values of types (): they must be the same}}
  %r = scf.parallel (%i) = (%n) to (%n) step (%n) init (%x) -> f32 {
    scf.reduce
  }
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{in 'scf.parallel': 2 operands, but 1 type for them}}
  %r = scf.parallel (%i) = (%n) to (%n, %n) step (%n) init (%x) -> f32 {
    scf.reduce(%x : f32) {
    ^bb0(%a: f32, %b: f32):
      scf.reduce.return %a : f32
    }
  }
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  %r = scf.parallel (%i) = (%n) to (%n) step (%n) init (%x) -> f32 {
    // expected-error @+1 {{a region of 'scf.reduce' has arguments of types (f32, i32): it combines two values of the reduced type, here (f32, f32)}}
    scf.reduce(%x : f32) {
    ^bb0(%a: f32, %b: i32):
      scf.reduce.return %a : f32
    }
  }
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  %r = scf.parallel (%i) = (%n) to (%n) step (%n) init (%x) -> f32 {
    // expected-error @+1 {{a region of 'scf.reduce' must end with 'scf.reduce.return' of the reduced type, here f32}}
    scf.reduce(%x : f32) {
    ^bb0(%a: f32, %b: f32):
      scf.reduce.return %n : index
    }
  }
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{'scf.index_switch' has cases [1, 1]: no case may appear twice}}
  %r = scf.index_switch %n -> f32
  case 1 {
    scf.yield %x : f32
  }
  case 1 {
    scf.yield %x : f32
  }
  default {
    scf.yield %x : f32
  }
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{case 1 of 'scf.index_switch' yields (index): what is yielded has the types of the results, here (f32)}}
  %r = scf.index_switch %n -> f32
  case 1 {
    scf.yield %n : index
  }
  default {
    scf.yield %x : f32
  }
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{'scf.yield' stands in 'func.func'}}
  scf.yield
}

// -----

func.func @f(%n: index) {
  scf.for %i = %n to %n step %n {
    // expected-error @+1 {{'func.return' stands in 'scf.for'}}
    return
  }
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{a block of 'scf.execute_region' yields (index): what is yielded has the types of the results, here (f32)}}
  %r = scf.execute_region -> f32 {
    scf.yield %n : index
  }
  return
}

// -----

func.func @f(%n: index) {
  // expected-error @+1 {{'scf.index_switch' has 2 cases and 1 region for them: every case has a region}}
  %r = "scf.index_switch"(%n) <{cases = array<i64: 1, 2>}> ({
    scf.yield %n : index
  }, {
    scf.yield %n : index
  }) : (index) -> index
  return
}

// -----

func.func @f(%n: index) {
  // expected-error @+1 {{'scf.execute_region' has an empty region: it runs at least one block}}
  "scf.execute_region"() ({
  }) : () -> ()
  return
}

// -----

func.func @f(%n: index) {
  // expected-error @+1 {{the body of 'scf.forall' has arguments of types (i32): it takes an index for each dimension, then each shared output, here (index)}}
  "scf.forall"() <{operandSegmentSizes = array<i32: 0, 0, 0, 0>, staticLowerBound = array<i64: 0>, staticUpperBound = array<i64: 4>, staticStep = array<i64: 1>}> ({
  ^bb0(%i: i32):
    scf.forall.in_parallel {
    }
  }) : () -> ()
  return
}

// -----

func.func @f(%n: index) {
  // expected-error @+1 {{'scf.forall' has 1 value for its lower bounds, of which 0 are dynamic: there is a value for each dynamic one}}
  "scf.forall"(%n) <{operandSegmentSizes = array<i32: 1, 0, 0, 0>, staticLowerBound = array<i64: 0>, staticUpperBound = array<i64: 4>, staticStep = array<i64: 1>}> ({
  ^bb0(%i: index):
    scf.forall.in_parallel {
    }
  }) : (index) -> ()
  return
}

// -----

func.func @f(%t: tensor<4xf32>) {
  // expected-error @+1 {{'scf.forall' has results of types (tensor<5xf32>) and shared outputs of types (tensor<4xf32>): each result has the type of its output}}
  %r = "scf.forall"(%t) <{operandSegmentSizes = array<i32: 0, 0, 0, 1>, staticLowerBound = array<i64: 0>, staticUpperBound = array<i64: 4>, staticStep = array<i64: 1>}> ({
  ^bb0(%i: index, %o: tensor<4xf32>):
    scf.forall.in_parallel {
    }
  }) : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%t: tensor<4xf32>) {
  // expected-error @+1 {{'scf.forall' has 2 dimensions and a mapping of 1 attribute: a mapping has one for each dimension}}
  scf.forall (%i, %j) in (4, 4) {
  } {mapping = [1 : i64]}
  return
}

// -----

func.func @f(%t: tensor<4xf32>) {
  scf.forall (%i, %j) in (4, 4) {
    // expected-error @+1 {{'scf.yield' stands in 'scf.forall'}}
    scf.yield
  }
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{'scf.for' has results of types (f64): it gives each loop-carried value, here (f32)}}
  %r = "scf.for"(%n, %n, %n, %x) ({
    ^bb0(%i: index, %a: f32):
      scf.yield %a : f32
  }) : (index, index, index, f32) -> f64
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{the region 'body' of 'scf.for' has 2 blocks}}
  "scf.for"(%n, %n, %n) ({
    ^bb0(%i: index):
      scf.yield
    ^bb1:
      scf.yield
  }) : (index, index, index) -> ()
  return
}

// -----

func.func @f(%c: i1, %x: f32) {
  // expected-error @+1 {{the second region of 'scf.while' must end with 'scf.yield'}}
  %r = scf.while (%a = %x) : (f32) -> f32 {
    scf.condition(%c) %a : f32
  } do {
  ^bb0(%b: f32):
    scf.condition(%c) %b : f32
  }
  return
}

// -----

func.func @f(%c: i1, %x: f32) {
  // expected-error @+1 {{'scf.reduce' stands in 'func.func'}}
  "scf.reduce"(%x) : (f32) -> ()
}

// -----

func.func @f(%n: index, %x: f32) {
  // Stricter than upstream.
  // expected-error @+1 {{'scf.parallel' has 1 lower bound, 2 upper bounds and 1 step: every dimension has one of each}}
  "scf.parallel"(%n, %n, %n, %n) <{operandSegmentSizes = array<i32: 1, 2, 1, 0>}> ({
    ^bb0(%i: index):
      scf.reduce
  }) : (index, index, index, index) -> ()
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{the body of 'scf.parallel' has arguments of types (i32): it takes an index for each dimension, here (index)}}
  "scf.parallel"(%n, %n, %n) <{operandSegmentSizes = array<i32: 1, 1, 1, 0>}> ({
    ^bb0(%i: i32):
      scf.reduce
  }) : (index, index, index) -> ()
  return
}

// -----

func.func @f(%n: index, %x: f32) {
  // expected-error @+1 {{'scf.parallel': expected 4 values in operandSegmentSizes, but got 3}}
  "scf.parallel"(%n, %n, %n) <{operandSegmentSizes = array<i32: 1, 1, 1>}> ({
    ^bb0(%i: i32):
      scf.reduce
  }) : (index, index, index) -> ()
  return
}

// -----

func.func @f(%c: i1, %x: f32) {
  // expected-error @+1 {{'scf.if' has 1 result, but 2 are named}}
  %r, %s = scf.if %c -> (f32) {
    scf.yield %x : f32
  } else {
    scf.yield %x : f32
  }
  return
}

// -----

func.func @f(%c: i1, %x: f32) {
  scf.if %c {
    %y = arith.addf %x, %x : f32
  }
  // expected-error @+1 {{%y is not visible here}}
  %z = arith.addf %y, %x : f32
  return
}

// -----

func.func @f(%c: i1, %x: f32) {
  scf.if %c {
    // expected-error @+1 {{%x is defined twice}}
    %x = arith.addf %x, %x : f32
  }
  return
}

// -----

func.func @f(%c: i1, %x: f32) {
  // expected-error @+1 {{'scf.condition' stands in 'func.func'}}
  scf.condition(%c)
}

// -----

func.func @f(%n: i32) {
  // expected-error @+1 {{%n has type i32, but is used as index}}
  scf.for %i = %n to %n step %n {
  }
  return
}

// -----

func.func @its_own_argument_to_begin_with() {
  // expected-error @+1 {{'scf.forall' uses a value that is not defined, as operand 0}}
  scf.forall (%i) in (4) shared_outs(%o = %o) -> (tensor<4xf32>) {
    scf.forall.in_parallel {
    }
  }
  return
}
