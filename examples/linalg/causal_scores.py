"""Scores of attention with the future masked, as one tensor comprehension: its indices are values like any other.

python examples/linalg/causal_scores.py > examples/linalg/causal_scores.mlir
"""

from minilinalg import builder as mb


def build() -> mb.Module:
    b = mb.Module()
    with b.function("causal_scores", scores="64x64xf32", scale="f32") as f:
        masked = f.comprehension("P[i, j] = where(j <= i, S[i, j] * scale, -1.0e9)", S=f.scores, scale=f.scale)
        f.returns(masked)
    return b


if __name__ == "__main__":
    print(build().text(), end="")
