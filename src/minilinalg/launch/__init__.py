"""Launch files: a kernel's grid and arguments, and what should come out, as TOML that a person writes by hand.

launch = LaunchFile.read("vector_add.toml").bind(function)
run = kernel.launch(launch.grid, launch.arguments)
answers = launch.answers(run.results)

docs/launch-files.md is the reference.
"""

from minilinalg.launch.answers import Answer, Mismatch, Tolerance
from minilinalg.launch.binding import Launch
from minilinalg.launch.file import LaunchFile

__all__ = ["Answer", "Launch", "LaunchFile", "Mismatch", "Tolerance"]
