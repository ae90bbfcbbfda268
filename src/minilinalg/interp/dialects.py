"""Loads the meanings of every dialect: importing a file of this package fills `engine.MEANINGS`."""

from minilinalg.interp import arith, math, scf, tt

__all__ = ["arith", "math", "scf", "tt"]
