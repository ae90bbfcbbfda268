"""Loads the meanings of every dialect: importing a file of this package fills `engine.MEANINGS`."""

from minilinalg.interp import (
    arith,
    atomics,
    debugging,
    descriptors,
    dot,
    foreign,
    indexing,
    linalg,
    mapping,
    math,
    memref,
    reduction,
    scf,
    simd,
    tensor,
    tt,
)

__all__ = [
    "arith",
    "atomics",
    "debugging",
    "descriptors",
    "dot",
    "foreign",
    "indexing",
    "linalg",
    "mapping",
    "math",
    "memref",
    "reduction",
    "scf",
    "simd",
    "tensor",
    "tt",
]
