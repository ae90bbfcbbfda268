"""A loop that carries a tensor: the sum of a long vector, a window of 128 elements at a time.

python examples/linalg/chunked_sum.py > examples/linalg/chunked_sum.mlir
"""

from minilinalg import builder as mb


def build() -> mb.Module:
    b = mb.Module()
    with b.function("chunked_sum", x="1024xf32") as f:
        with f.for_(0, len(f.x), 128, carry=[f.zeros("128xf32")]) as loop:
            i, partial = loop
            loop.yield_(partial + f.x[i : i + 128])
        f.returns(loop.result.sum().item())
    return b


if __name__ == "__main__":
    print(build().text(), end="")
