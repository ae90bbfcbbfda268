// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

func.func @f(%a: i32, %b: f32, %c: i64) {
  // expected-error @+1 {{'arith.addi' has an operand 'rhs' of type i64}}
  %0 = "arith.addi"(%a, %c) : (i32, i64) -> i32
  return
}

// -----

func.func @f(%a: i32, %b: f32, %c: i64) {
  // expected-error @+1 {{'arith.cmpi' has an operand 'lhs' of type f32}}
  %0 = "arith.cmpi"(%b, %b) <{predicate = 0 : i64}> : (f32, f32) -> i1
  return
}

// -----

func.func @f(%a: tensor<4xi32>) {
  // expected-error @+1 {{'arith.cmpi' on tensor<4xi32> has a result of type tensor<8xi1>: a comparison gives an i1 for each element, here tensor<4xi1>}}
  %0 = "arith.cmpi"(%a, %a) <{predicate = 0 : i64}> : (tensor<4xi32>, tensor<4xi32>) -> tensor<8xi1>
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{'arith.cmpi' has predicate 10: it is a number from 0 to 9}}
  %0 = "arith.cmpi"(%a, %a) <{predicate = 10 : i64}> : (i32, i32) -> i1
  return
}

// -----

func.func @f(%a: f32) {
  // expected-error @+1 {{'arith.addi' has an operand 'lhs' of type f32}}
  %0 = arith.addi %a, %a : f32
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{'arith.addf' has an operand 'lhs' of type i32}}
  %0 = arith.addf %a, %a : i32
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{'arith.extsi' casts i32 to i32: an extension goes to a type with more bits}}
  %0 = arith.extsi %a : i32 to i32
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{'arith.extsi' casts i32 to i16: an extension goes to a type with more bits}}
  %0 = arith.extsi %a : i32 to i16
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{'arith.trunci' casts i32 to i64: a truncation goes to a type with fewer bits}}
  %0 = arith.trunci %a : i32 to i64
  return
}

// -----

func.func @f(%a: tensor<4xi32>) {
  // expected-error @+1 {{'arith.trunci' casts tensor<4xi32> to tensor<8xi16>: the result has the shape of the operand, here tensor<4xi16>}}
  %0 = arith.trunci %a : tensor<4xi32> to tensor<8xi16>
  return
}

// -----

func.func @f(%a: f32) {
  // expected-error @+1 {{'arith.extf' casts f32 to f16: an extension goes to a type with more bits}}
  %0 = arith.extf %a : f32 to f16
  return
}

// -----

func.func @f(%a: f32) {
  // expected-error @+1 {{'arith.truncf' casts f32 to f64: a truncation goes to a type with fewer bits}}
  %0 = arith.truncf %a : f32 to f64
  return
}

// -----

func.func @f(%a: f32) {
  // expected-error @+1 {{'arith.bitcast' casts f32 to i64: a bitcast keeps the number of bits}}
  %0 = arith.bitcast %a : f32 to i64
  return
}

// -----

func.func @f(%a: f32) {
  // expected-error @+1 {{'arith.sitofp' has an operand 'input' of type f32}}
  %0 = arith.sitofp %a : f32 to f32
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{'arith.index_cast' casts i32 to i64: exactly one side is index, the other an integer type}}
  %0 = arith.index_cast %a : i32 to i64
  return
}

// -----

func.func @f(%c: tensor<4xi1>, %a: tensor<8xi32>) {
  // expected-error @+1 {{'arith.select' chooses between values of type tensor<8xi32> by a condition of type tensor<4xi1>: a condition is one i1, or an i1 for each element of a tensor or vector of the same shape}}
  %0 = arith.select %c, %a, %a : tensor<4xi1>, tensor<8xi32>
  return
}

// -----

func.func @f(%c: i32, %a: tensor<8xi32>) {
  // expected-error @+1 {{'arith.select' has an operand 'cond' of type i32}}
  %0 = "arith.select"(%c, %a, %a) : (i32, tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
  return
}

// -----

// expected-error @+1 {{'arith.constant' has the value 3 : i32 and a result of type i64: the value has the type of the result}}
%0 = "arith.constant"() <{value = 3 : i32}> : () -> i64

// -----

// expected-error @+1 {{'arith.constant' has the value "abc" and a result of type i64: the value has the type of the result}}
%0 = "arith.constant"() <{value = "abc"}> : () -> i64

// -----

// expected-error @+1 {{in 'arith.constant': dense<> has elements of shape [3], its type has [4]}}
%0 = arith.constant dense<[1, 2, 3]> : tensor<4xi32>

// -----

// expected-error @+1 {{in 'arith.constant': tensor literal has inconsistent ranks between elements}}
%0 = arith.constant dense<[[1, 2], [3]]> : tensor<2x2xi32>

// -----

// expected-error @+1 {{in 'arith.constant': 1.5 is no integer, but the elements are of type i32}}
%0 = arith.constant dense<1.5> : tensor<4xi32>

// -----

// expected-error @+1 {{in 'arith.constant': 300 does not fit into i8, which holds -128 to 255}}
%0 = arith.constant 300 : i8

// -----

// expected-error @+1 {{in 'arith.constant': 1.5 is a float literal, but its type is i8}}
%0 = arith.constant 1.5 : i8

// -----

// expected-error @+1 {{in 'arith.constant': 0x1FFFF has more bits than f16}}
%0 = arith.constant 0x1FFFF : f16

// -----

// expected-error @+1 {{expected an operation, found ':'}}
%0 = arith.constant true : i32

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{'arith.addui_extended' has a result 'overflow' of type i32}}
  %0, %1 = arith.addui_extended %a, %a : i32, i32
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{unknown comparison predicate 'slq'}}
  %0 = arith.cmpi slq, %a, %a : i32
  return
}

// -----

func.func @f(%a: f32) {
  // expected-error @+1 {{unknown fastmath flag 'fats'}}
  %0 = arith.addf %a, %a fastmath<fats> : f32
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{unknown overflow flag 'nws'}}
  %0 = arith.addi %a, %a overflow<nws> : i32
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{in 'func.func': expected an operation, a block label or '}', found ','}}
  %0 = arith.addi %a, %a : i32, i32
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{in 'arith.addi': expected ',' and another operand, found ':'}}
  %0 = arith.addi %a : i32
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{'arith.addi' has 1 result, but 2 are named}}
  %0, %1 = arith.addi %a, %a : i32
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{in 'arith.addi': 2 operands, but 1 type for them}}
  %0 = "arith.addi"(%a, %a) : (i32) -> i32
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{'arith.addi' has 1 operand}}
  %0 = "arith.addi"(%a) : (i32) -> i32
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{'arith.addi' has 0 results}}
  "arith.addi"(%a, %a) : (i32, i32) -> ()
  return
}

// -----

func.func @f(%a: f32) {
  // expected-error @+1 {{'arith.truncf' has roundingmode 9: it is a number from 0 (to_nearest_even) to 4 (to_nearest_away)}}
  %0 = "arith.truncf"(%a) <{roundingmode = 9 : i32}> : (f32) -> f16
  return
}

// -----

func.func @f(%a: i32, %b: i64) {
  // expected-error @+1 {{'arith.cmpi' compares i32 with i64: both operands have one type}}
  %0 = "arith.cmpi"(%a, %b) <{predicate = 0 : i64}> : (i32, i64) -> i1
  return
}

// -----

// expected-error @+1 {{in 'arith.constant': a constant is a number or dense<...>, not "abc"}}
%0 = arith.constant "abc"

// -----

func.func @f(%a: tensor<4xi32>) {
  // expected-error @+1 {{'arith.addui_extended' on tensor<4xi32> has an overflow of type tensor<5xi1>: it is an i1 for each element, here tensor<4xi1>}}
  %0:2 = "arith.addui_extended"(%a, %a) : (tensor<4xi32>, tensor<4xi32>) -> (tensor<4xi32>, tensor<5xi1>)
  return
}

// -----

// expected-error @+1 {{in 'arith.constant': expected a number after '-', found ':'}}
%0 = arith.constant - : i32

// -----

// expected-error @+1 {{in 'arith.constant': a number has an integer, index or float type, not tensor<4xi32>}}
%0 = arith.constant 3 : tensor<4xi32>

// -----

// expected-error @+1 {{in 'arith.constant': a hexadecimal float literal is a bit pattern and has no sign}}
%0 = arith.constant -0xFF : f32

// -----

// expected-error @+1 {{in 'arith.constant': dense<> has a tensor or vector type with numbers as elements, not i32}}
%0 = arith.constant dense<3> : i32

// -----

// expected-error @+1 {{in 'arith.constant': dense<> has a type with static shape, not tensor<?xi32>}}
%0 = arith.constant dense<3> : tensor<?xi32>

// -----

// expected-error @+1 {{in 'arith.constant': dense<> has no element, its type tensor<4xi32> has 4}}
%0 = arith.constant dense<> : tensor<4xi32>

// -----

// expected-error @+1 {{in 'arith.constant': true is an i1, but the elements are of type i32}}
%0 = arith.constant dense<true> : tensor<4xi32>

// -----

// expected-error @+1 {{in 'arith.constant': the string in dense<> is no sequence of hexadecimal digits in pairs}}
%0 = arith.constant dense<"abc"> : tensor<4xi32>

// -----

// expected-error @+1 {{in 'arith.constant': the string in dense<> has 2 bytes, its type has 4 elements of 4 bytes}}
%0 = arith.constant dense<"0x0000"> : tensor<4xi32>

// -----

// Stricter than upstream.
// expected-error @+1 {{in 'arith.constant': (1, 2) is no integer, but the elements are of type i32}}
%0 = arith.constant dense<(1, 2)> : tensor<4xi32>

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{'arith.constant' lacks the property 'value'}}
  %0 = "arith.constant"() : () -> i32
  return
}

// -----

func.func @f(%a: i32) {
  // Stricter than upstream.
  // expected-error @+1 {{'arith.addi' has no property 'fastmath'}}
  %0 = "arith.addi"(%a, %a) <{fastmath = 3 : i32}> : (i32, i32) -> i32
  return
}

// -----

func.func @f(%a: i32) {
  // expected-error @+1 {{'arith.addi' has overflowFlags = 3 : i32}}
  %0 = "arith.addi"(%a, %a) <{overflowFlags = 3 : i32}> : (i32, i32) -> i32
  return
}

// -----

func.func @f(%a: index) {
  // expected-error @+1 {{'arith.extsi' has an operand 'input' of type index}}
  %0 = arith.extsi %a : index to i64
  return
}

// -----

func.func @f(%a: tensor<4xf16>) {
  // expected-error @+1 {{'arith.extf' casts tensor<4xf16> to f32: the result has the shape of the operand, here tensor<4xf32>}}
  %0 = arith.extf %a : tensor<4xf16> to f32
  return
}

// -----

func.func @f(%a: vector<4xf16>) {
  // expected-error @+1 {{'arith.extf' casts vector<4xf16> to tensor<4xf32>: the result has the shape of the operand, here vector<4xf32>}}
  %0 = arith.extf %a : vector<4xf16> to tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<4xi1>, %x: f32) {
  // expected-error @+1 {{'arith.select' chooses between values of type f32 by a condition of type tensor<4xi1>: a condition is one i1, or an i1 for each element of a tensor or vector of the same shape}}
  %0 = arith.select %a, %x, %x : tensor<4xi1>, f32
  return
}

// -----

func.func @f(%x: f64) {
  // expected-error @+1 {{'arith.fptosi' has a result 'result' of type f32}}
  %0 = arith.fptosi %x : f64 to f32
  return
}

// -----

func.func @f(%x: f64) {
  // expected-error @+1 {{in 'arith.negf': expected ':' and the type of operands and result, found ','}}
  %0 = arith.negf %x, %x : f64
  return
}
