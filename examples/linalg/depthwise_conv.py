"""A convolution along time, one filter for each channel: the window `t + r` shortens the range of `t` by itself.

python examples/linalg/depthwise_conv.py > examples/linalg/depthwise_conv.mlir
"""

from minilinalg import builder as mb


def build() -> mb.Module:
    b = mb.Module()
    with b.function("depthwise_conv", x="2x66x32xf32", w="3x32xf32") as f:
        f.returns(f.comprehension("Y[b, t, c] += X[b, t + r, c] * W[r, c]", X=f.x, W=f.w))
    return b


if __name__ == "__main__":
    print(build().text(), end="")
