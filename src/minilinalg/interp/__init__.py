"""What each operation means: one file per dialect, and the engine that runs a function of them."""

from minilinalg.interp.run import Executable, RunOptions, run

__all__ = ["Executable", "RunOptions", "run"]
