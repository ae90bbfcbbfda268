"""A kernel over a grid, by hand: each program doubles 64 elements of a buffer, the last one fewer.

What is computed has a static size; what is read and written is a view of the elements that are there.

    python examples/linalg/ragged_double.py > examples/linalg/ragged_double.mlir
"""

from minilinalg import builder as mb


def build() -> mb.Module:
    b = mb.Module()
    with b.kernel("ragged_double", x="memref:?xf32", out="memref:?xf32", n="i32") as k:
        start = k.program_id(0) * 64
        size = mb.minimum(k.n - start, 64)
        block = k.zeros("64xf32").at[:size].set(k.x.view(start, [size]).load())
        k.out.view(start, [size]).store((block * 2.0)[:size])
    return b


if __name__ == "__main__":
    print(build().text(), end="")
