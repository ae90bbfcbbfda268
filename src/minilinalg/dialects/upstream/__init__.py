"""The upstream dialects as this project needs them: xDSL's where they are complete, our completions where not.

Every module here exports all operations of its dialect, so `from minilinalg.dialects.upstream import arith` is the
one way to name an upstream operation. Syntax and semantics are those of MLIR 22; `mlir-opt` is the oracle in
`tests/oracle/test_mlir_opt.py`.
"""
