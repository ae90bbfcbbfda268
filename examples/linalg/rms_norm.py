"""A reduction whose result is spread over what was reduced: the root-mean-square norm of each row, times weights.

y[m, n] = x[m, n] / sqrt(mean over n of x[m, n]^2 + epsilon) * weight[n] (Zhang and Sennrich, arXiv 1910.07467).

    python examples/linalg/rms_norm.py > examples/linalg/rms_norm.mlir
"""

from minilinalg import builder as mb


def build() -> mb.Module:
    b = mb.Module()
    with b.function("rms_norm", x="32x384xf16", weight="384xf32", epsilon="f32") as f:
        x = f.x.astype("f32")
        scale = mb.rsqrt((x * x).mean(axis=1, keepdims=True) + f.epsilon)
        f.returns((x * scale * f.weight).astype("f16"))
    return b


if __name__ == "__main__":
    print(build().text(), end="")
