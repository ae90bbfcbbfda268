"""What each operation means: one file per dialect, and the engine that runs a function of them."""

from minilinalg.interp.run import Executable, run
from minilinalg.run_options import RunOptions

__all__ = ["Executable", "RunOptions", "run"]
