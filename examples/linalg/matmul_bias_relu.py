"""A layer: relu(x @ w + bias), half precision in, single precision out.

`@` accumulates in f32 and gives f32; the bias is spread over the rows as NumPy would.

    python examples/linalg/matmul_bias_relu.py > examples/linalg/matmul_bias_relu.mlir
"""

from minilinalg import builder as mb


def build() -> mb.Module:
    b = mb.Module()
    with b.function("matmul_bias_relu", x="128x64xf16", w="64x96xf16", bias="96xf32") as f:
        f.returns(mb.maximum(f.x @ f.w + f.bias, 0.0))
    return b


if __name__ == "__main__":
    print(build().text(), end="")
