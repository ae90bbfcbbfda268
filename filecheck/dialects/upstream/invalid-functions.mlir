// RUN: minilinalg-opt --split-input-file --verify-diagnostics %s

func.func @f(%x: f32) -> f32 {
  // expected-error @+1 {{'func.return' gives (): it gives the results of @f, here (f32)}}
  return
}

// -----

// expected-error @+1 {{'func.func' has an empty block}}
func.func @f(%x: f32) -> f32 {
}

// -----

func.func @f(%x: f32) {
  // expected-error @+1 {{'func.call' calls @g: there is no function of this name}}
  call @g(%x) : (f32) -> ()
  return
}

// -----

func.func private @g(i32)
func.func @f(%x: f32) {
  // expected-error @+1 {{'func.call' calls @g as (f32) -> (): it is a function of type (i32) -> ()}}
  call @g(%x) : (f32) -> ()
  return
}

// -----

func.func private @g(f32) -> f32
func.func @f(%x: f32) {
  // expected-error @+1 {{'func.call' calls @g as (f32) -> (): it is a function of type (f32) -> f32}}
  call @g(%x) : (f32) -> ()
  return
}

// -----

memref.global @g : memref<4xf32>
func.func @f(%x: f32) {
  // expected-error @+1 {{'func.call' calls @g: there is no function of this name}}
  call @g(%x) : (f32) -> ()
  return
}

// -----

// expected-error @+1 {{'func.func' @g is public and has no body: a declaration is private}}
func.func @g()

// -----

// expected-error @+1 {{in 'func.func': either all arguments of a function have names or none has}}
func.func @g(%x: f32, i32) {
  return
}

// -----

func.func @g() { return }
// expected-error @+1 {{@g is defined twice}}
func.func @g() { return }

// -----

// expected-error @+1 {{'func.func' @f of type (f32) -> () has an entry block with arguments of types (i32): they are the inputs of the function}}
"func.func"() <{function_type = (f32) -> (), sym_name = "f"}> ({
  ^bb0(%a: i32):
    "func.return"() : () -> ()
}) : () -> ()

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{%x has type i32, but is used as i1}}
  cf.cond_br %x, ^a, ^b
^a:
  return
^b:
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{'cf.br' passes () to a block with arguments of types (i32): a branch passes a value for each argument}}
  cf.br ^a
^a(%y: i32):
  return
}

// -----

func.func @f(%x: i32, %z: f32) {
  // expected-error @+1 {{'cf.br' passes (f32) to a block with arguments of types (i32): a branch passes a value for each argument}}
  cf.br ^a(%z : f32)
^a(%y: i32):
  return
}

// -----

func.func @f(%x: i32, %z: f32) {
  cf.switch %x : i32, [
    // expected-error @+1 {{in 'cf.switch': expected 'default' and its block first, found '3'}}
    3: ^a
  ]
^a:
  return
}

// -----

func.func @f(%x: i32, %z: f32) {
  // expected-error @+1 {{%x has type i32, but is used as i1}}
  cf.assert %x, "no"
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{'math.exp' has an operand 'operand' of type i32}}
  %0 = math.exp %x : i32
  return
}

// -----

func.func @f(%x: f32) {
  // expected-error @+1 {{'math.absi' has an operand 'operand' of type f32}}
  %0 = math.absi %x : f32
  return
}

// -----

func.func @f(%x: f32, %i: f64) {
  // expected-error @+1 {{'math.fpowi' does not take f64}}
  %0 = math.fpowi %x, %i : f32, f64
  return
}

// -----

func.func @f(%x: f32) {
  // expected-error @+1 {{in 'math.fma': expected ',' and another operand, found ':'}}
  %0 = math.fma %x, %x : f32
  return
}

// -----

func.func @f(%x: f32) {
  // expected-error @+1 {{in 'math.clampf': expected 'to' and the bounds in brackets, found ':'}}
  %0 = math.clampf %x : f32
  return
}

// -----

func.func @f(%x: f32) {
  // expected-error @+1 {{'math.isnan' has a result 'result' of type f32}}
  %0 = "math.isnan"(%x) : (f32) -> f32
  return
}

// -----

func.func @f(%x: f32) {
  // expected-error @+1 {{'arith.addf' uses a value before it is defined, as operand 0 (%y)}}
  %0 = arith.addf %y, %x : f32
  %y = arith.addf %x, %x : f32
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{'llvm.intr.assume' has an operand 'cond' of type i32}}
  llvm.intr.assume %x : i32
  return
}

// -----

func.func @f(%x: i32)  {
  // expected-error @+1 {{'arith.addi' is the last operation of a block}}
  %y = arith.addi %x, %x : i32
}

// -----

func.func @f(%x: i32)  {
  return
  // expected-error @+1 {{in 'func.return': expected ':' and the types of the results, found '='}}
  %y = arith.addi %x, %x : i32
}

// -----

func.func @f(%c: i1) {
  // expected-error @+1 {{'cf.cond_br' has weights [1, 2, 3]: it has two, one for each block}}
  cf.cond_br %c weights([1, 2, 3]), ^a, ^b
^a:
  return
^b:
  return
}

// -----

// expected-error @+1 {{'func.func' @f has visibility 'hidden': it is one of public, private, nested}}
"func.func"() <{sym_name = "f", function_type = () -> (), sym_visibility = "hidden"}> ({
  "func.return"() : () -> ()
}) : () -> ()

// -----

// expected-error @+1 {{'func.func' @f has 0 arg_attrs for 1 type: there is a dictionary for each type}}
"func.func"() <{sym_name = "f", function_type = (i32) -> (), arg_attrs = []}> ({
^bb0(%a: i32):
  "func.return"() : () -> ()
}) : () -> ()

// -----

func.func private @g(i32)
func.func @f() {
  // expected-error @+1 {{'func.constant' gives @g as (f32) -> (): there is no function of this name and type}}
  %0 = constant @g : (f32) -> ()
  return
}

// -----

func.func @f(%g: (i32) -> f32, %x: f32) {
  // expected-error @+1 {{'func.call_indirect' calls a function of type (i32) -> f32 as (f32) -> f32: the types are the same}}
  %0 = "func.call_indirect"(%g, %x) : ((i32) -> f32, f32) -> f32
  return
}

// -----

func.func @f(%g: (i32) -> f32, %x: f32) {
  // expected-error @+1 {{%x has type f32, but is used as (f32) -> f32}}
  %0 = call_indirect %x(%x) : (f32) -> f32
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{'math.isnan' on tensor<4xf32> has a result of type tensor<5xi1>: it gives an i1 for each element, here tensor<4xi1>}}
  %0 = "math.isnan"(%x) : (tensor<4xf32>) -> tensor<5xi1>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{block ^a is not defined}}
  cf.br ^a
}

// -----

func.func @f() {
  cf.br ^a
^a:
  return
// expected-error @+1 {{block ^a is defined twice}}
^a:
  return
}

// -----

func.func @f(%c: i1, %x: i32) {
  cf.cond_br %c, ^a, ^b
^a:
  %y = arith.addi %x, %x : i32
  cf.br ^b
^b:
  // expected-error @+1 {{'arith.addi' uses a value before it is defined, as operand 0 (%y)}}
  %z = arith.addi %y, %x : i32
  return
}

// -----

func.func @f(%x: i32) {
  func.func @g() {
    // expected-error @+1 {{'arith.addi' uses a value from outside of 'func.func', as operand 0 (%x)}}
    %y = arith.addi %x, %x : i32
    return
  }
  return
}

// -----

// expected-error @+1 {{'func.func' @f is public and has no body: a declaration is private}}
func.func @f(%x: i32) attributes {
  return
}

// -----

// expected-error @+1 {{in 'func.func': expected ':' after block argument name, found 'i32'}}
func.func @f(%x i32) {
  return
}

// -----

// expected-error @+1 {{in 'func.func': type expected, found '{'}}
func.func @f(%x: i32) -> {
  return
}

// -----

// expected-error @+1 {{in 'func.func': expected a symbol name such as @main, found 'f'}}
func.func f(%x: i32) {
  return
}

// -----

// expected-error @+1 {{in 'func.func': type expected, found 'int32'}}
func.func @f(%x: int32) {
  return
}

// -----

// expected-error @+1 {{in 'func.func': expected a size and 'x', or the type of the elements, found 'float'}}
func.func @f(%x: tensor<4xfloat>) {
  return
}

// -----

// expected-error @+1 {{in 'func.func': expected a size and 'x', or the type of the elements, found '>'}}
func.func @f(%x: tensor<4x>) {
  return
}

// -----

// expected-error @+1 {{in 'func.func': expected '>' after builtin parameter list, found ')'}}
func.func @f(%x: tensor<4xf32) {
  return
}

// -----

// expected-error @+1 {{unknown type 'tt.pointer'}}
func.func @f(%x: !tt.pointer<f32>) {
  return
}

// -----

// expected-error @+1 {{unknown type 'ttg.ptr'}}
func.func @f(%x: !ttg.ptr<f32>) {
  return
}

// -----

// expected-error @+1 {{the alias !unknown is not defined}}
func.func @f(%x: !unknown) {
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{unknown operation 'arith.addii'}}
  %0 = arith.addii %x, %x : i32
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{unknown dialect 'airth' in operation 'airth.addi'}}
  %0 = airth.addi %x, %x : i32
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{%y is not defined}}
  %0 = arith.addi %x, %y : i32
  return
}

// -----

func.func @f(%value: i32) {
  // expected-error @+1 {{%vlaue is not defined}}
  %0 = arith.addi %vlaue, %value : i32
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{%x#1 does not exist: %x stands for 1 value}}
  %0 = arith.addi %x#1, %x : i32
  return
}

// -----

func.func @f(%x: i32) {
  %0 = arith.addi %1, %x : i32
  // expected-error @+1 {{%x has type i32, but is used as i64}}
  %1 = arith.addi %x, %x : i64
  return
}

// -----

func.func @f(%x: i32) {
  %0 = arith.addi %x, %x : i32
  // expected-error @+1 {{%0 is defined twice}}
  %0 = arith.addi %x, %x : i32
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{in 'arith.addi': type expected, found '#alias'}}
  %0 = arith.addi %x, %x : #alias
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{the alias #loc7 is not defined}}
  return loc(#loc7)
}

// -----

#loc7 = affine_map<(i) -> (i)>
func.func @f(%x: i32) {
  // expected-error @+1 {{in 'func.return': expected a location, found an alias of affine_map<(d0) -> (d0)>}}
  return loc(#loc7)
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{in 'func.return': expected a location: "file":line:column, "name"(...), unknown, callsite(... at ...) or fused[...], found 'nowhere'}}
  return loc(nowhere)
}

// -----

// expected-error @+1 {{the alias #a is not defined}}
#a = #a
func.func @f(%x: i32) attributes {a = #a} {
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{in 'func.func': expected an operation, a block label or '}', found the end of the text}}
  return

// -----

func.func @f(%x: i32) {
  return
}
// expected-error @+1 {{expected an operation, found '}'}}
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{in 'func.func': expected '=' and an operation, or ':' and the number of results, found 'i32'}}
  %0 : i32
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{in 'func.func': expected the name of an operation, found '3'}}
  %0 = 3 : i32
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{in 'arith.addi': function type expected, found 'i32'}}
  "arith.addi"(%x, %x) : i32
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{unknown attribute 'arith.overflw'}}
  %0 = arith.addi %x, %x {overflow = #arith.overflw<nsw>} : i32
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{in 'arith.addi': expected ',' and another operand, found '%x'}}
  %0 = arith.addi %x %x : i32
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{in 'arith.addi': expected ':' and the type of operands and result, found ','}}
  %0 = arith.addi %x, %x, i32
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{in 'arith.addi': expected a name such as @main or @"a name", found '@'}}
  %0 = arith.addi %x, %x : i32 @
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{in 'func.func': expected the name of another result, found '='}}
  %0, = arith.addi %x, %x : i32
  return
}

// -----

func.func @f(%x: i32) {
  // expected-error @+1 {{in 'arith.addi': expected bare-id or string-literal here as part of attribute entry, found '{'}}
  %0 = "arith.addi"(%x, %x) {{a = 1}} : (i32, i32) -> i32
  return
}

// -----

// expected-error @+1 {{'func.func' has an empty block}}
func.func @one_of_several_blocks_is_empty(%c: i1) {
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
^bb2:
  return
}
