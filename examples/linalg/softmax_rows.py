"""The softmax of each row of a matrix, in NumPy's words.

python examples/linalg/softmax_rows.py > examples/linalg/softmax_rows.mlir
"""

from minilinalg import builder as mb


def build() -> mb.Module:
    b = mb.Module()
    with b.function("softmax_rows", x="64x256xf32") as f:
        # The largest element of a row is taken away first, so that no exponential overflows.
        exponentials = mb.exp(f.x - f.x.max(axis=1, keepdims=True))
        f.returns(exponentials / exponentials.sum(axis=1, keepdims=True))
    return b


if __name__ == "__main__":
    print(build().text(), end="")
