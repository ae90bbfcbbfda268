"""Loads the meanings of every dialect: importing a file of this package fills `engine.MEANINGS`."""

from minilinalg.interp import arith, atomics, linalg, math, memref, scf, simd, tensor, tt

__all__ = ["arith", "atomics", "linalg", "math", "memref", "scf", "simd", "tensor", "tt"]
