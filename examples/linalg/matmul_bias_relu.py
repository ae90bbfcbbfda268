"""A layer: relu(x @ w + bias), half precision in, single precision out.

Both loops are tensor comprehensions. `+=` reduces over `k`, which is only on its right side, and accumulates in f32.

    python examples/linalg/matmul_bias_relu.py > examples/linalg/matmul_bias_relu.mlir
"""

from minilinalg import builder as mb


def build() -> mb.Module:
    b = mb.Module()
    with b.function("matmul_bias_relu", x="128x64xf16", w="64x96xf16", bias="96xf32") as f:
        product = f.comprehension("P[m, n] += X[m, k] * W[k, n]", X=f.x, W=f.w)
        f.returns(f.comprehension("Y[m, n] = max(P[m, n] + Bias[n], 0.0)", P=product, Bias=f.bias))
    return b


if __name__ == "__main__":
    print(build().text(), end="")
