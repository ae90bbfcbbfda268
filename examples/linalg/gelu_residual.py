"""A chain of elementwise operations, for fusion to make one of: residual + scale * gelu(x).

gelu(x) = x / 2 * (1 + erf(x / sqrt(2))) (Hendrycks and Gimpel, arXiv 1606.08415).

    python examples/linalg/gelu_residual.py > examples/linalg/gelu_residual.mlir
"""

import math

from minilinalg import builder as mb


def build() -> mb.Module:
    b = mb.Module()
    with b.function("gelu_residual", x="64x512xf32", residual="64x512xf32", scale="f32") as f:
        gelu = f.x * 0.5 * (mb.erf(f.x * (1 / math.sqrt(2))) + 1.0)
        f.returns(f.residual + f.scale * gelu)
    return b


if __name__ == "__main__":
    print(build().text(), end="")
