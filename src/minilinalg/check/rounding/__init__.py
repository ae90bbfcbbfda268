"""How far rounding may move an answer: a running error analysis beside a run."""

from minilinalg.check.rounding.watch import Watch

__all__ = ["Watch"]
