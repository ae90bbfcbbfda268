// RUN: minilinalg-opt %s --split-input-file --verify-diagnostics | filecheck %s

// A part that is as it should be is printed; the others only had to fail as they say.
// CHECK-LABEL: @right
// CHECK-NOT: @wrong

func.func @right(%a: i32) -> i32 {
  return %a : i32
}

// -----

func.func @wrong(%a: i32) -> i32 {
  // expected-error @+1 {{'arith.extsi' casts i32 to i8}}
  %0 = arith.extsi %a : i32 to i8
  return %a : i32
}

// -----

func.func @wrong(%a: i32) -> i32 {
  return %b : i32
  // expected-error @-1 {{%b}}
}

// -----

func.func @wrong(%a: i32) -> i32 {
  return %b : i32 // expected-error {{%b}}
}

// -----

func.func @wrong(%a: i32) -> i32 {
  return %b : i32
  // A comment without an expectation does not count.
  // expected-error-re @-2 {{{{%[a-c]}}}}
}

// -----

func.func @wrong(%a: i32) -> i32 {
  // expected-error @below {{%b}}
  return %b : i32
}

// -----

func.func @wrong(%a: i32) -> i32 {
  return %b : i32
  // expected-error @above {{%b}}
}
